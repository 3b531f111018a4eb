"""Notices on their way to people: when a message may go, what it says, how often it is tried.

Sources: 0-12, 0-13, 2-23 (督办), issue 6 "Reminders and escalations become notices": working hours
only, one message a person a morning, a flood becomes one digest, a dead channel loses nothing. No
message holds a name or what somebody typed: units, steps, dates and papers only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.calendar import WorkCalendar
from domain.deadline import local_day, office_instant, workdays_after
from domain.ladder import at_office_hours
from domain.plan import CalendarPolicy

SLIP_LEVEL: Final = "督办"
"""The level of a notice that a signed 督办单 leaves."""

AUDIT_LEVEL: Final = "督查"
"""The level of a notice about an arranged audit: drawn, missed, not visited, stopped."""

AT_ONCE: Final = frozenset({"到期", "升级", "催办", SLIP_LEVEL, AUDIT_LEVEL, "违规尝试"})
"""Levels that do not wait for the next morning."""

PASSING: Final = frozenset({"提醒", "到期", "升级", "催办"})
"""Levels that say how an open step stands: once it is done they are not worth a message."""

_QUOTED: Final = frozenset({"改期", "修订", SLIP_LEVEL, AUDIT_LEVEL})
"""Levels whose text the software wrote itself and that says more than the facts do."""

_ORDER: Final = (SLIP_LEVEL, "升级", "到期", AUDIT_LEVEL, "违规尝试", "催办", "提醒")

COLLECT: Final = timedelta(minutes=15)
"""What comes within this after the office opens goes out together, as the morning's message."""

GAP: Final = timedelta(minutes=30)
"""Between two messages by one channel."""

DEAD_AFTER: Final = 5
"""Failures in a row after which a channel counts as dead; from then on one try a working day."""

_WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))

MOST_LINES: Final = 8
MOST_BODY: Final = 600
"""Characters: a group robot takes 2,048 bytes."""

_MOST_QUOTED: Final = 70
_MOST_NAME: Final = 40


class Going(StrEnum):
    """What of a channel's notices may go now."""

    NOTHING = "不发"
    URGENT = "即时"
    ALL = "汇总"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One notice with how its step stands now.

    ``unit`` is who is told, ``waiting`` who must act; ``due_date`` None: the step is not open any
    more, or the notice is about none.
    """

    key: str
    level: str
    workflow_id: str
    step: str
    unit: str
    text: str = ""
    waiting: tuple[str, ...] = ()
    due_date: date | None = None
    is_overdue: bool = False
    provisional: bool = False
    verbs: tuple[str, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Whether what it says has been seen to by now."""
        return self.level in PASSING and bool(self.step) and self.due_date is None


def what_goes(
    now: datetime,
    policy: CalendarPolicy,
    calendar: WorkCalendar,
    *,
    digested: bool,
    last_made: datetime | None,
    urgent: bool,
) -> Going:
    """This will say what may go by a channel now: the day's digest first, then only what is urgent.

    ``digested``: today's has been made; ``last_made`` is the channel's newest message.
    """
    opening = office_instant(local_day(now), policy.office_from)
    if at_office_hours(now, policy, calendar) != now or now < opening + COLLECT:
        return Going.NOTHING
    if not digested:
        return Going.ALL
    if urgent and (last_made is None or now - last_made >= GAP):
        return Going.URGENT
    return Going.NOTHING


def next_try(
    now: datetime, failures: int, policy: CalendarPolicy, calendar: WorkCalendar
) -> datetime:
    """This will say when to try again after so many failures in a row: 1, 5, 15, 60 minutes.

    From ``DEAD_AFTER`` on the next working morning. Never outside office hours.
    """
    if failures >= DEAD_AFTER:
        tomorrow = workdays_after(local_day(now), 1, calendar)
        return office_instant(tomorrow, policy.office_from) + COLLECT
    wait = _WAITS[min(max(failures, 1), len(_WAITS)) - 1]
    return at_office_hours(now + wait, policy, calendar)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message as people read it."""

    subject: str
    body: str


def compose(
    told: Sequence[Told], *, rollout: str, today: date, message_id: str, link: str = ""
) -> Letter:
    """This will write the message of some notices; several about one step become one line."""
    lines = _gathered(told)
    units = tuple(dict.fromkeys(one.unit for one in told))
    whom = _brief(units[0], _MOST_NAME) + (f"等{len(units)}个单位" if len(units) > 1 else "")
    late = sum(one.is_overdue for one in lines)
    counted = f"{len(lines)}项" + (f"，其中超期{late}项" if late else "")
    tail = [f"办理：jiegai inbox --unit {units[0]}"]
    if link and len(link) <= MOST_BODY // 2:
        tail.append(f"网页：{link}")
    tail.append(f"编号：{message_id[:12]}（同一编号重复收到的只算一次）")
    head = f"{whom}：{_brief(rollout, _MOST_NAME)}请办理{counted}。"
    room = (
        MOST_BODY
        - len(head)
        - sum(len(line) + 1 for line in tail)
        - len("另有9999项，见待办。")
        - 2
    )
    shown: list[str] = []
    for number, one in enumerate(lines[:MOST_LINES], start=1):
        text = f"{number}. {_line(one, today)}"
        if shown and sum(len(line) + 1 for line in shown) + len(text) > room:
            break
        shown.append(text[:room])
    left = len(lines) - len(shown)
    more = [f"另有{left}项，见待办。"] if left else []
    return Letter(
        subject=f"【街改】{whom}：{counted}"[:80], body="\n".join([head, *shown, *more, *tail])
    )


def trial_letter(whom: str, message_id: str) -> Letter:
    """This will write what a test of a channel sends."""
    return Letter(
        subject="【街改】通道测试",
        body=f"{_brief(whom, _MOST_NAME)}：这是一次通道测试，收到即说明提醒可以送达，不用回复。\n"
        f"编号：{message_id[:12]}",
    )


def _gathered(told: Sequence[Told]) -> list[Told]:
    """One per step and per quoted text, the most urgent first; of several about a step the gravest."""
    kept: dict[tuple[str, ...], Told] = {}
    for one in told:
        own = one.text if one.level in _QUOTED else ""
        key = (one.workflow_id, one.step, own)
        if key not in kept or _rank(one) < _rank(kept[key]):
            kept[key] = one
    return sorted(kept.values(), key=_rank)


def _rank(one: Told) -> int:
    return _ORDER.index(one.level) if one.level in _ORDER else len(_ORDER)


def _line(one: Told, today: date) -> str:
    if one.level in _QUOTED and one.text:
        return (
            f"【{one.level}】{about(one.workflow_id, one.step)}：{_brief(one.text, _MOST_QUOTED)}"
        )
    parts = [f"【{one.level}】{about(one.workflow_id, one.step)}"]
    if one.due_date is not None:
        days = (one.due_date - today).days
        when = f"已超期{-days}天" if days < 0 else f"还剩{days}天" if days else "今日到期"
        if one.is_overdue and days >= 0:
            when = "已过时限"
        parts.append(f"时限{one.due_date}（{when}{'，暂定' if one.provisional else ''}）")
    return "，".join(parts) + f"：{_to_do(one)}。"


def _to_do(one: Told) -> str:
    if one.waiting and one.unit not in one.waiting:
        return f"请督促{_brief('、'.join(one.waiting), _MOST_NAME)}办理"
    if one.due_date is None:
        return "请看待办里的通知"
    return f"请{'或'.join(one.verbs[:2])}" if one.verbs else "请办理"


def about(workflow_id: str, step: str) -> str:
    """A step by the last two parts of its procedure: 滨河街道/三定 初审."""
    tail = _brief("/".join(workflow_id.split("/")[-2:]), 2 * _MOST_NAME)
    return f"{tail} {step}" if step else tail


def _brief(text: str, most: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def stale(told: Iterable[Told]) -> tuple[str, ...]:
    """The keys of notices that are not worth a message any more."""
    return tuple(one.key for one in told if one.is_stale)

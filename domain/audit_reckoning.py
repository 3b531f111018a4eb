"""What is due of an arrangement at a moment: to open, to draw, to make up, or to report as missed.

The law: every window of the past is exactly one of done (开展, 抽取), missed and reported (漏检), or still
to be made up. What has run is the only memory; the Schedule that asks may ask twice, late, or never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.audit import AuditKind
from domain.audit_cadence import (
    AHEAD,
    Expected,
    RunStep,
    Version,
    Window,
    drawable,
    expected,
)
from domain.calendar import WorkCalendar
from domain.deadline import local_day, workdays_after

VISIT_WITHIN: Final = 10
"""Working days within which a drawn unit is visited unless the arrangement says 到访=…; a setting (4-37)."""

VISIT_STEP: Final = "到访"
"""The key under which an arrangement's ``workdays`` holds it."""

UNVISITED_FOR: Final = timedelta(days=92)
"""So long after its draw a last window, after which none opens, can still be visited."""

RESTART_WITHIN: Final = 10
"""Working days within which an audit that was ended from outside can go on."""

SETTLE: Final = timedelta(minutes=30)
"""So long the rollout's own Schedule leaves a window to the arrangement's."""

_NEAR: Final = timedelta(days=62)
"""What opens today was planned no later: a 提前 stays in its month."""


class Ending(StrEnum):
    """How a window is settled, for ever."""

    OPENED = "开展"
    DRAWN = "抽取"
    MISSED = "漏检"


class HaltKind(StrEnum):
    """Why an arrangement stands still: a person paused it, it failed, or its rollout was stopped."""

    PAUSED = "暂停"
    FAILED = "故障"
    ENDED = "终止"


@dataclass(frozen=True, kw_only=True)
class Halt:
    """A time in which an arrangement stood still; ``until`` None: it still does."""

    kind: HaltKind
    since: datetime
    until: datetime | None = None
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of a window."""

    ending: Ending
    at: datetime
    late: bool = False
    sentence: str = ""
    workflow_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is on file of an arrangement, as its reckoning needs it; windows by label.

    ``faults`` are windows whose opening failed, by the last failure's code. ``prepared`` have a
    commitment, of ``ripe`` the hour has passed (nobody is told which hour), ``waiting`` need a public
    number, ``drawn`` have a draw, ``visited`` an audit, ``told`` were reported as not visited, of
    ``published`` everybody may see the draw. ``open`` have an audit under way. The audits of ``broken`` were ended from outside of the
    procedure and still stand open in the register; ``interrupted`` were reported so, when.
    """

    versions: tuple[Version, ...]
    settled: Mapping[str, Settled] = field(default_factory=dict)
    halts: tuple[Halt, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    prepared: frozenset[str] = frozenset()
    ripe: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    drawn: frozenset[str] = frozenset()
    visited: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    published: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    interrupted: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def newest(self) -> Version:
        """The version by which coming windows are done."""
        return self.versions[-1]

    @property
    def halt(self) -> Halt | None:
        """What keeps it now, if anything does."""
        return next((one for one in self.halts if one.until is None), None)

    @property
    def ended_at(self) -> datetime | None:
        """When its rollout was stopped: nothing is opened, drawn, or missed any more."""
        return next((one.since for one in self.halts if one.kind is HaltKind.ENDED), None)

    @property
    def is_sampling(self) -> bool:
        """Whether it draws; the kind of an arrangement never changes."""
        return self.newest.plan.kind is AuditKind.SAMPLING


@dataclass(frozen=True, kw_only=True)
class Due:
    """One thing to do now."""

    step: RunStep
    expected: Expected
    late: bool = False
    sentence: str = ""

    @property
    def window(self) -> Window:
        """Of which window."""
        return self.expected.window


def reckon(
    record: Record, calendar: WorkCalendar, now: datetime, settle: timedelta = timedelta(0)
) -> tuple[Due, ...]:
    """What is due now, in order of the windows; nothing on a rest day of the arrangement's district.

    A window is missed once the next one has opened; until then it is made up. While the arrangement
    stands still nothing is done but telling what that cost.
    """
    local = calendar.for_district(record.newest.plan.district)
    today = local_day(now)
    if not local.is_workday(today):
        return ()
    ahead = AHEAD if record.is_sampling else _NEAR
    known = expected(record.versions, calendar, today + ahead)
    asked = _Asked(
        record=record,
        now=now,
        settle=settle,
        calendar=local,
        to_prepare=_to_prepare(record, calendar, now),
    )
    return tuple(due for each in known if (due := _due(asked, each)))


def coming(record: Record, calendar: WorkCalendar, now: datetime) -> tuple[Window, ...]:
    """The windows that are still to come, or to be made up, within eighteen months."""
    if record.ended_at is not None:
        return ()
    known = expected(record.versions, calendar, local_day(now) + AHEAD)
    return tuple(
        each.window
        for each in known
        if each.window.label not in record.settled and not each.window.is_over(now)
    )


def next_draw(record: Record, calendar: WorkCalendar, now: datetime) -> Window | None:
    """The window of a sample whose draw comes next, on the days left to it; None if none is left."""
    local = calendar.for_district(record.newest.plan.district)
    for one in coming(record, calendar, now):
        if one.label in record.prepared:
            return one
        if days := drawable(one, local, now):
            return replace(one, days=days)
    return None


def past(record: Record, calendar: WorkCalendar, now: datetime) -> tuple[Window, ...]:
    """The windows that have opened by now, or before the rollout was stopped."""
    known = expected(record.versions, calendar, local_day(now) + timedelta(days=31))
    last = min(now, record.ended_at or now)
    return tuple(each.window for each in known if each.window.opens_at <= last)


def why_missed(record: Record, window: Window) -> str:
    """Why a window could not be done in time, without a word that somebody typed."""
    if window.label in record.faults:
        return f"这一期开展失败（{record.faults[window.label]}），到下一期开始时仍未办成"
    if window.label in record.waiting:
        return "这一期抽取等待公开数，到下一期开始时仍未给出"
    end = window.until
    for halt in record.halts:
        stopped = halt.until is None or halt.until > window.opens_at
        if stopped and (end is None or halt.since < end):
            what = "暂停" if halt.kind is HaltKind.PAUSED else "因故障停摆"
            return f"这一期开始后安排{what}，到下一期开始时仍未办成"
    if record.is_sampling and window.label in record.prepared and _is_changed(record, window):
        return "这一期开始后改了安排，下一期提前开始，所定的抽取时刻还没有到"
    return "这一期到下一期开始时仍未运行（服务或执行程序停机）"


def _is_changed(record: Record, window: Window) -> bool:
    return any(
        window.opens_at <= version.at and (window.until is None or version.at < window.until)
        for version in record.versions[1:]
    )


def halts_of(events: Sequence[tuple[str, datetime, str, str]]) -> tuple[Halt, ...]:
    """Times of standing still, from events (what, when, who, why) in order.

    A second stop while it stands still changes nothing, as does going on while it runs. With its
    rollout it stands still for ever, whatever kept it before.
    """
    found: list[Halt] = []
    running = True
    for what, at, by, reason in events:
        if found and found[-1].kind is HaltKind.ENDED:
            break
        if what == HaltKind.ENDED:
            if not running:
                found.append(replace(found.pop(), until=at))
            found.append(Halt(kind=HaltKind.ENDED, since=at, by=by, reason=reason))
            running = False
        elif what == "恢复" and not running:
            last = found.pop()
            found.append(Halt(**{**vars(last), "until": at}))
            running = True
        elif what != "恢复" and running:
            found.append(Halt(kind=HaltKind(what), since=at, by=by, reason=reason))
            running = False
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    record: Record
    now: datetime
    settle: timedelta
    calendar: WorkCalendar
    to_prepare: str


def _due(asked: _Asked, each: Expected) -> Due | None:
    window, record = each.window, asked.record
    if (found := _interrupted(asked, each)) is not None:
        return found
    settled = record.settled.get(window.label)
    if settled is not None:
        return _unvisited(asked, each, settled)
    if window.label in record.drawn:
        # With its public number, at a command: only to be settled.
        return Due(step=RunStep.DRAW, expected=each)
    if window.label in record.visited:
        # Opened, and interrupted before it was settled: it was not missed, however late it is now.
        return Due(step=RunStep.OPEN, expected=each)
    return None if record.ended_at is not None else _of_open(asked, each)


def _of_open(asked: _Asked, each: Expected) -> Due | None:
    window, record, now = each.window, asked.record, asked.now
    if window.is_over(now):
        return Due(step=RunStep.MISSED, expected=each, sentence=why_missed(record, window))
    if record.halt is not None:
        return None
    if record.is_sampling:
        return _of_sample(asked, each)
    if window.opens_at + asked.settle > now:
        return None
    return _late(Due(step=RunStep.OPEN, expected=each), late=window.opens_on < local_day(now))


def _of_sample(asked: _Asked, each: Expected) -> Due | None:
    label = each.window.label
    if label == asked.to_prepare:
        return Due(step=RunStep.PREPARE, expected=each)
    if label in asked.record.ripe and label not in asked.record.waiting:
        due = Due(step=RunStep.DRAW, expected=each)
        return _late(due, late=each.window.days[-1] < local_day(asked.now))
    return None


def _late(due: Due, *, late: bool) -> Due:
    if not late:
        return due
    version = due.expected.version
    is_new = version.number == 1 and due.window.opens_at < version.at
    why = "当时还没有安排" if is_new else "当时没有运行"
    sentence = f"补办：原定{due.window.opens_on}，{why}"
    return Due(step=due.step, expected=due.expected, late=True, sentence=sentence)


def _unvisited(asked: _Asked, each: Expected, settled: Settled) -> Due | None:
    label = each.window.label
    record = asked.record
    if settled.ending is not Ending.DRAWN or label in record.visited | record.published:
        return None
    within = each.version.plan.workdays.get(VISIT_STEP, VISIT_WITHIN)
    last = workdays_after(local_day(settled.at), within, asked.calendar)
    if last >= local_day(asked.now):
        return None
    if label not in record.told:
        sentence = f"抽取后{within}个工作日内没有到访记录"
        return Due(step=RunStep.UNVISITED, expected=each, sentence=sentence)
    until = each.window.until
    if asked.now < (until or settled.at + UNVISITED_FOR):
        return None
    when = "到下一期开始时" if until else "三个月"
    return Due(step=RunStep.LAPSED, expected=each, sentence=f"抽取后{when}仍没有到访记录")


def _interrupted(asked: _Asked, each: Expected) -> Due | None:
    """An audit that was ended from outside: told, waited for, and closed; draws then come to light."""
    label, record = each.window.label, asked.record
    since = record.interrupted.get(label)
    if label not in record.broken:
        if since is None:
            return None
        return Due(step=RunStep.RESUMED, expected=each, sentence="已经恢复办理")
    if since is None:
        sentence = f"督查在程序之外被中止，{RESTART_WITHIN}个工作日内没有恢复的，按终止登记"
        return Due(step=RunStep.BROKEN, expected=each, sentence=sentence)
    if workdays_after(local_day(since), RESTART_WITHIN, asked.calendar) >= local_day(asked.now):
        return None
    sentence = f"督查在程序之外被中止，{RESTART_WITHIN}个工作日内没有恢复，按终止登记"
    return Due(step=RunStep.CLOSED, expected=each, sentence=sentence)


def _to_prepare(record: Record, calendar: WorkCalendar, now: datetime) -> str:
    following = next_draw(record, calendar, now) if record.is_sampling else None
    return "" if following is None or following.label in record.prepared else following.label

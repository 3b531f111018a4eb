"""The clocks of one case, all of them, with who held each up (4-11, 4-12, 4-14).

T1 stops when the report is delivered, or at a telephone call that was logged. T2 stops at the
receiver's signature alone; what was delivered in time and signed late is the receiver's delay, not
the street's. Every other step with a limit has a clock of its own. Nothing stops by being late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.case import UPWARD, CaseFile
from domain.case_limits import DESIGNATE, HANDOVER, NEGOTIATE, REPORT, SIGN
from domain.deadline import Deadline
from domain.desk import TERMINATED, Item
from domain.procedure import Verb

REPORTED = "当天报告"
HANDED_OVER = "正式交接"


@dataclass(frozen=True, kw_only=True)
class CaseClock:
    """One clock. ``stopped_at`` None runs on; ``by`` is what stopped it.

    ``delivered_at`` is 送达 where that is not what stops it. ``late_by`` names whose delay it is once it
    is, or was, overdue; empty in time. ``due`` without a limit is never late.
    """

    name: str
    basis: str
    started_at: datetime
    due: Deadline
    stopped_at: datetime | None = None
    by: str = ""
    delivered_at: datetime | None = None
    late_by: str = ""

    @property
    def is_running(self) -> bool:
        """Whether nothing has stopped it yet."""
        return self.stopped_at is None


def clocks_of(file: CaseFile, items: Mapping[str, Item], now: datetime) -> tuple[CaseClock, ...]:
    """This will return every clock of a case in the order in which it began."""
    found: list[CaseClock] = []
    if file.kind in UPWARD:
        found += _upward(file, items, now)
    shown = {REPORT, HANDOVER, SIGN} if file.kind in UPWARD else set()
    found += [
        _own(file, item, now)
        for item in items.values()
        if (item.step.name not in shown or item.visit > 1) and not item.due.is_unlimited
    ]
    return tuple(found)


def _upward(file: CaseFile, items: Mapping[str, Item], now: datetime) -> Iterable[CaseClock]:
    report = items.get(f"{REPORT}#1")
    if report is not None:
        stopped, by = report.closed_at, report.outcome
        if report.outcome == Verb.SUBMIT:
            stopped, by = file.called_at or report.closed_at, "电话" if file.called_at else "送达"
        yield CaseClock(
            name=REPORTED,
            basis=file.settings.limit(REPORT).basis,
            started_at=file.trigger_at,
            due=report.due,
            stopped_at=stopped,
            by=by,
            late_by=file.street if (stopped or now) >= report.due.due else "",
        )
    handover = items.get(f"{HANDOVER}#1")
    if handover is not None:
        yield _handed_over(file, handover, items, now)


def _handed_over(
    file: CaseFile, handover: Item, items: Mapping[str, Item], now: datetime
) -> CaseClock:
    delivered = handover.closed_at if handover.outcome == Verb.SUBMIT else None
    stopped, by = _stopped(file, items)
    due = handover.due
    sign = items.get(f"{SIGN}#1")
    if sign is not None and delivered is not None and delivered < handover.due.due:
        # A new calendar moves the open step; the clock follows it.
        due = sign.due
    late = (stopped or now) >= due.due and not due.is_unlimited
    urgent = file.urgency == "紧急"
    return CaseClock(
        name=HANDED_OVER,
        basis=file.settings.limit(HANDOVER, urgent=urgent).basis,
        started_at=file.trigger_at,
        due=due,
        stopped_at=stopped,
        by=by,
        delivered_at=delivered,
        late_by=_held_by(file, items, due.due) if late else "",
    )


def _held_by(file: CaseFile, items: Mapping[str, Item], due: datetime) -> str:
    """Who had the case before them as the handover ran out; until it is delivered, the street."""
    on_the_way = {HANDOVER, SIGN, NEGOTIATE, DESIGNATE}
    holders = (
        item.units
        for item in items.values()
        if item.step.name in on_the_way
        and item.opened_at < due
        and (item.closed_at is None or item.closed_at >= due)
    )
    return "、".join(next(holders, (file.street,)))


def _stopped(file: CaseFile, items: Mapping[str, Item]) -> tuple[datetime | None, str]:
    """When and by what the handover ended.

    Somebody took the case: signed for it, or agreed to in the negotiation. Or nobody has to any
    more: it stayed with the street, or was ended.
    """
    for item in items.values():
        step, outcome = item.step.name, item.outcome
        if step in (SIGN, NEGOTIATE) and outcome == Verb.ACCEPT:
            return item.closed_at, "签收"
        if step == NEGOTIATE and outcome == Verb.KEEP:
            return item.closed_at, outcome
        if step == DESIGNATE and outcome and item.answers and item.answers[-1].to == file.street:
            return item.closed_at, outcome
        if outcome == TERMINATED:
            return item.closed_at, outcome
    return None, ""


def _own(file: CaseFile, item: Item, now: datetime) -> CaseClock:
    late = item.is_late if item.closed_at else now >= item.due.due
    counted = HANDOVER if item.step.name == SIGN and file.kind in UPWARD else item.step.name
    return CaseClock(
        name=item.step.name if item.visit == 1 else f"第{item.visit}次{item.step.name}",
        basis=file.settings.limit(counted).basis,
        started_at=item.opened_at,
        due=item.due,
        stopped_at=item.closed_at,
        by=item.outcome,
        late_by="、".join(_late_units(item)) if late else "",
    )


def _late_units(item: Item) -> tuple[str, ...]:
    """Of several who all had to answer, those who did not in time."""
    in_time = {answer.unit for answer in item.answers if answer.at < item.due.due}
    return tuple(unit for unit in item.units if unit not in in_time) or item.units

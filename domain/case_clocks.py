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
from domain.case_limits import HANDOVER, NEGOTIATE, REPORT, SIGN
from domain.deadline import Deadline
from domain.desk import Item
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
        if item.step.name not in shown and not item.due.is_unlimited
    ]
    return tuple(found)


def _upward(file: CaseFile, items: Mapping[str, Item], now: datetime) -> Iterable[CaseClock]:
    report = items.get(f"{REPORT}#1")
    if report is not None:
        stopped = report.closed_at and (file.called_at or report.closed_at)
        yield CaseClock(
            name=REPORTED,
            basis=file.settings.limit(REPORT).basis,
            started_at=file.trigger_at,
            due=report.due,
            stopped_at=stopped,
            by=("电话" if file.called_at else "送达") if stopped else "",
            late_by=file.street if (stopped or now) >= report.due.due else "",
        )
    handover = items.get(f"{HANDOVER}#1")
    if handover is not None:
        yield _handed_over(file, handover, items, now)


def _handed_over(
    file: CaseFile, handover: Item, items: Mapping[str, Item], now: datetime
) -> CaseClock:
    delivered = handover.closed_at
    signed = _taken_at(items)
    due = handover.due
    sign = items.get(f"{SIGN}#1")
    if sign is not None and delivered is not None and delivered < handover.due.due:
        # A new calendar moves the open step; the clock follows it.
        due = sign.due
    late_by = ""
    if (signed or now) >= due.due and not due.is_unlimited:
        late_by = file.street if delivered is None or delivered >= due.due else file.receiver
    urgent = file.urgency == "紧急"
    return CaseClock(
        name=HANDED_OVER,
        basis=file.settings.limit(HANDOVER, urgent=urgent).basis,
        started_at=file.trigger_at,
        due=due,
        stopped_at=signed,
        by="签收" if signed else "",
        delivered_at=delivered,
        late_by=late_by,
    )


def _taken_at(items: Mapping[str, Item]) -> datetime | None:
    """When somebody took the case: signed for it, or agreed to take it in the negotiation."""
    return next(
        (
            item.closed_at
            for item in items.values()
            if item.step.name in (SIGN, NEGOTIATE) and item.outcome == Verb.ACCEPT
        ),
        None,
    )


def _own(file: CaseFile, item: Item, now: datetime) -> CaseClock:
    late = (item.closed_at or now) >= item.due.due
    return CaseClock(
        name=item.step.name if item.visit == 1 else f"第{item.visit}次{item.step.name}",
        basis=file.settings.limit(item.step.name).basis,
        started_at=item.opened_at,
        due=item.due,
        stopped_at=item.closed_at,
        by=item.outcome,
        late_by="、".join(item.waiting_units or item.units) if late else "",
    )

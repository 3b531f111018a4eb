"""What a case asks of the registers about a step's due time: its clock, from its trigger."""

from __future__ import annotations

from datetime import datetime

from contracts.registers import DueQuestion
from domain.case import UPWARD, CaseFile, Urgency
from domain.case_limits import HANDOVER, REPORT, SIGN, CaseLimit
from domain.schedule import PlannedStep


def clock_question(file: CaseFile, planned: PlannedStep, dispatched_at: datetime) -> DueQuestion:
    """This will ask when a step of a case falls due that is dispatched now.

    签收 of what a street hands over is due with T2 (4-12); delivered after that, the receiver has
    ``sign_workdays`` of its own.
    """
    limit = clock_of(file, planned.name)
    signs = planned.name == SIGN and file.kind in UPWARD
    return DueQuestion(
        step=planned.name,
        dispatched_at=dispatched_at,
        workdays=file.settings.sign_workdays if signs else 0,
        remind=planned.remind,
        escalate=tuple((r.workdays, f"{r.unit}:{r.label}") for r in planned.escalate),
        clock=limit,
        trigger=file.trigger_at if limit.from_trigger else None,
        day_end=file.settings.day_end if planned.name == REPORT else "",
        remind_hours=file.settings.remind_hours,
    )


def clock_of(file: CaseFile, step: str) -> CaseLimit:
    """The limit of a step: 签收 of an upward case shares that of the handover."""
    urgent = file.urgency is Urgency.URGENT
    if step == SIGN and file.kind in UPWARD:
        return file.settings.limit(HANDOVER, urgent=urgent)
    return file.settings.limit(step, urgent=urgent)

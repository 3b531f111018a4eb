"""The clock of a step of a case: when it runs out, and whom it tells before and after.

T1 (4-11) and limits in hours run on rest days and at night, and so do their reminders; the others
remind in working hours, as every step does (``domain.ladder``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.calendar import WorkCalendar
from domain.case_limits import CaseLimit, LimitUnit
from domain.day_words import spell_instant
from domain.deadline import (
    MIDNIGHT,
    Deadline,
    Rung,
    RungKind,
    after_days,
    after_hours,
    after_workdays,
    same_day,
    unlimited,
)
from domain.ladder import HANDLER, ladder
from domain.plan import CalendarPolicy


def clock_deadline(
    limit: CaseLimit, trigger: datetime, calendar: WorkCalendar, *, day_end: str = MIDNIGHT
) -> Deadline:
    """This will return when a limit that began at ``trigger`` (aware) runs out.

    Raises DeadlineError for a naive or impossible trigger.
    """
    if limit.unit is LimitUnit.SAME_DAY:
        return same_day(trigger=trigger, calendar=calendar, day_end=day_end)
    if limit.unit is LimitUnit.WORKDAYS:
        return after_workdays(
            trigger=trigger, count=limit.count, calendar=calendar, day_end=day_end
        )
    if limit.unit is LimitUnit.DAYS:
        return after_days(trigger=trigger, count=limit.count, calendar=calendar, day_end=day_end)
    if limit.unit is LimitUnit.HOURS:
        return after_hours(trigger=trigger, count=limit.count, calendar=calendar)
    return unlimited(calendar=calendar)


def clock_rungs(
    deadline: Deadline,
    dispatched_at: datetime,
    *,
    limit: CaseLimit,
    remind: tuple[int, ...],
    remind_hours: tuple[int, ...],
    escalate: tuple[tuple[int, str], ...],
    policy: CalendarPolicy,
    calendar: WorkCalendar,
) -> tuple[Rung, ...]:
    """This will return the rungs of a clock in order of time; none for what has no limit.

    A limit that runs on outside working hours reminds ``remind_hours`` before it runs out, and
    tells the first of the ladder at once.
    """
    if deadline.is_unlimited:
        return ()
    rungs = ladder(
        deadline,
        dispatched_at,
        remind=() if limit.always else remind,
        escalate=escalate,
        policy=policy,
        calendar=calendar,
    )
    if not limit.always:
        return rungs
    reminders = [
        Rung(
            kind=RungKind.REMIND,
            at=at,
            to=HANDLER,
            label=f"{spell_instant(deadline.due)}到期，还有{hours}小时",
        )
        for hours in sorted(set(remind_hours), reverse=True)
        if dispatched_at <= (at := deadline.due - timedelta(hours=hours)) < deadline.due
    ]
    first = {count for count, _ in escalate if count == 0}
    at_once = [
        Rung(kind=r.kind, at=deadline.due, to=r.to, label=r.label)
        if r.kind is RungKind.ESCALATE and first and r.label.startswith("已超期，")
        else r
        for r in rungs
    ]
    order = list(RungKind)
    return tuple(sorted((*reminders, *at_once), key=lambda r: (r.at, order.index(r.kind))))

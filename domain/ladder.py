"""The ladder of one open step: reminders before the due time, the due time, escalations after.

Sources: 0-12, 0-13, 2-23 (督办) and design's rule that nothing is approved because time ran out:
a rung only tells somebody. Notices go out in working hours; only the due instant itself is exact.
The numbers come from the plan's 环节 (``StepRule.remind``, ``StepRule.escalate``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from domain.calendar import WorkCalendar
from domain.day_words import SHANGHAI, spell_day
from domain.deadline import (
    Deadline,
    Rung,
    RungKind,
    local_day,
    office_instant,
    workdays_after,
    workdays_before,
    workdays_between,
)
from domain.plan import CalendarPolicy

HANDLER = "经办人"
"""Who is told before the due time and at it."""


def ladder(
    deadline: Deadline,
    dispatched_at: datetime,
    *,
    remind: tuple[int, ...],
    escalate: tuple[tuple[int, str], ...],
    policy: CalendarPolicy,
    calendar: WorkCalendar,
) -> tuple[Rung, ...]:
    """This will return the rungs of a step in order of time; exactly one is 到期.

    ``remind`` counts working days before the due date (0: that day, or the last working day
    before it if it is a rest day), ``escalate`` working days after it (0: as soon as the office
    is open after the due instant). Reminders that would fall before the dispatch, or not before
    the due instant, are left out; of several at one instant the nearest to the due date stays.
    """
    local_day(dispatched_at)
    reminders = {
        rung.at: rung
        for rung in _reminders(deadline, remind, policy, calendar)
        if dispatched_at <= rung.at < deadline.due
    }
    due = Rung(kind=RungKind.DUE, at=deadline.due, to=HANDLER, label="已到期")
    late = _escalations(deadline, escalate, policy, calendar)
    return tuple(sorted((*reminders.values(), due, *late), key=_order))


def at_office_hours(instant: datetime, policy: CalendarPolicy, calendar: WorkCalendar) -> datetime:
    """This will return the instant itself if the office is open then, else the next opening.

    >>> from datetime import datetime
    >>> from domain.calendar import load_builtin_calendar
    >>> eve = datetime(2026, 2, 14, 18, 0, tzinfo=SHANGHAI)
    >>> at_office_hours(eve, CalendarPolicy(), load_builtin_calendar()).isoformat()
    '2026-02-24T01:00:00+00:00'
    """
    today = local_day(instant)
    clock = f"{instant.astimezone(SHANGHAI):%H:%M}"
    if calendar.is_workday(today):
        if policy.office_from <= clock < policy.office_to:
            return instant
        if clock < policy.office_from:
            return office_instant(today, policy.office_from)
    return office_instant(workdays_after(today, 1, calendar), policy.office_from)


def _reminders(
    deadline: Deadline, remind: Iterable[int], policy: CalendarPolicy, calendar: WorkCalendar
) -> Iterable[Rung]:
    for count in sorted(set(remind), reverse=True):
        day = workdays_before(deadline.due_date, count, calendar)
        left = workdays_between(day, deadline.due_date, calendar)
        when = f"还有{left}个工作日" if left else "今日"
        if day != deadline.due_date and not left:
            when = "其间不再有工作日"
        yield Rung(
            kind=RungKind.REMIND,
            at=office_instant(day, policy.office_from),
            to=HANDLER,
            label=f"{spell_day(deadline.due_date)}到期，{when}",
        )


def _escalations(
    deadline: Deadline,
    escalate: Iterable[tuple[int, str]],
    policy: CalendarPolicy,
    calendar: WorkCalendar,
) -> Iterable[Rung]:
    for count, to in escalate:
        if count == 0:
            at = at_office_hours(deadline.due, policy, calendar)
        else:
            day = workdays_after(deadline.due_date, count, calendar)
            at = office_instant(day, policy.office_from)
        words = f"已超期{count}个工作日" if count else "已超期"
        yield Rung(kind=RungKind.ESCALATE, at=at, to=to, label=f"{words}，报{to}")


def _order(rung: Rung) -> tuple[datetime, int]:
    return rung.at, list(RungKind).index(rung.kind)

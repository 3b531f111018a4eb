"""The ladder: who is told when, in working hours."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import load_builtin_calendar
from domain.deadline import SHANGHAI, RungKind, after_hours, after_workdays, by_date
from domain.ladder import at_office_hours, ladder
from domain.plan import CalendarPolicy

CN = load_builtin_calendar()
POLICY = CalendarPolicy()
LATE = ((1, "第一责任人"), (3, "分管领导"))


def local(*parts: int) -> datetime:
    """A time of 2026 in Asia/Shanghai."""
    return datetime(2026, *parts, tzinfo=SHANGHAI)


def rungs(deadline, dispatched, remind=(1, 0), escalate=LATE):
    """The ladder as (kind, local time)."""
    made = ladder(
        deadline, dispatched, remind=remind, escalate=escalate, policy=POLICY, calendar=CN
    )
    return [(rung.kind.value, f"{rung.at.astimezone(SHANGHAI):%m-%d %H:%M}") for rung in made]


def test_a_ladder_across_the_spring_festival():
    """Reminders before 02-25, the exact due instant, escalations after it, all in order."""
    deadline = after_workdays(trigger=date(2026, 2, 13), count=3, calendar=CN)

    assert rungs(deadline, local(2, 13, 10)) == [
        ("提醒", "02-24 09:00"),
        ("提醒", "02-25 09:00"),
        ("到期", "02-26 00:00"),
        ("升级", "02-26 09:00"),
        ("升级", "02-28 09:00"),
    ]


def test_reminders_before_the_dispatch_are_left_out():
    """A step dispatched at noon of its last day gets no reminder of that morning."""
    deadline = by_date(day=date(2026, 3, 3), calendar=CN)

    assert rungs(deadline, local(3, 3, 12), escalate=()) == [("到期", "03-04 00:00")]


def test_no_reminder_comes_after_the_due_instant():
    """Due at 08:00 by hours: that day's reminder at 09:00 would be too late and is left out."""
    deadline = after_hours(trigger=local(3, 2, 8), count=24, calendar=CN)

    assert rungs(deadline, local(3, 2, 8), escalate=()) == [
        ("提醒", "03-02 09:00"),
        ("到期", "03-03 08:00"),
    ]


def test_a_due_rest_day_is_reminded_of_on_the_last_working_day():
    """Due on a Sunday: both reminders fall on Friday 09:00 and become one."""
    deadline = by_date(day=date(2026, 3, 8), calendar=CN)

    assert rungs(deadline, local(3, 2, 9), escalate=((1, "x"),)) == [
        ("提醒", "03-06 09:00"),
        ("到期", "03-09 00:00"),
        ("升级", "03-09 09:00"),
    ]


def test_escalation_at_once_waits_for_the_office():
    """Escalation after 0 working days goes out when the office next opens."""
    deadline = by_date(day=date(2026, 3, 6), calendar=CN)

    assert rungs(deadline, local(3, 6, 10), remind=(), escalate=((0, "x"),)) == [
        ("到期", "03-07 00:00"),
        ("升级", "03-09 09:00"),
    ]


def test_labels_name_the_date_and_who_is_told():
    """A reminder says how long is left, an escalation to whom it goes."""
    deadline = by_date(day=date(2026, 3, 3), calendar=CN)

    made = ladder(
        deadline,
        local(3, 1, 9),
        remind=(1, 0),
        escalate=((1, "分管领导"),),
        policy=POLICY,
        calendar=CN,
    )

    assert [(rung.to, rung.label) for rung in made] == [
        ("经办人", "2026年3月3日（星期二）到期，还有1个工作日"),
        ("经办人", "2026年3月3日（星期二）到期，今日"),
        ("经办人", "已到期"),
        ("分管领导", "已超期1个工作日，报分管领导"),
    ]


@pytest.mark.parametrize(
    "instant, opens",
    [
        (local(3, 2, 8, 59), local(3, 2, 9)),
        (local(3, 2, 9), local(3, 2, 9)),
        (local(3, 2, 17, 29), local(3, 2, 17, 29)),
        (local(3, 2, 17, 30), local(3, 3, 9)),
        (local(2, 14, 10), local(2, 14, 10)),
        (local(2, 14, 18), local(2, 24, 9)),
        (local(2, 20, 10), local(2, 24, 9)),
    ],
)
def test_an_instant_moves_into_working_hours(instant, opens):
    """Kept while the office is open (a make-up Saturday too), else the next opening."""
    assert at_office_hours(instant, POLICY, CN) == opens


@given(
    st.datetimes(datetime(2005, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 40),
    st.sets(st.integers(0, 10)),
    st.sets(st.integers(0, 10)),
)
def test_every_ladder_is_ordered_and_keeps_office_hours(dispatched, count, remind, escalate):
    """Exactly one 到期, at the due instant; reminders before, escalations after, all at work."""
    deadline = after_workdays(trigger=dispatched, count=count, calendar=CN)

    made = ladder(
        deadline,
        dispatched,
        remind=tuple(remind),
        escalate=tuple((n, "x") for n in escalate),
        policy=POLICY,
        calendar=CN,
    )

    assert list(made) == sorted(made, key=lambda rung: rung.at)
    assert [rung.at for rung in made if rung.kind is RungKind.DUE] == [deadline.due]
    told = [rung.at for rung in made if rung.kind is not RungKind.DUE]
    assert all(at == at_office_hours(at, POLICY, CN) for at in told)
    assert all(
        dispatched <= rung.at < deadline.due for rung in made if rung.kind is RungKind.REMIND
    )
    assert len([r for r in made if r.kind is RungKind.ESCALATE]) == len(escalate)

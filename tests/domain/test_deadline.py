"""Deadlines: the worked cases of the rules, and what holds for every trigger and count."""

from __future__ import annotations

import doctest
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain.calendar
import domain.deadline
import domain.deadline_text
import domain.ladder
from domain.calendar import Notice, NoticeDay, builtin_superseded, load_builtin_calendar
from domain.day_words import spell_days, spell_instant
from domain.deadline import (
    SHANGHAI,
    DeadlineError,
    Roll,
    after_days,
    after_hours,
    after_months,
    after_workdays,
    by_date,
    next_workday,
    office_instant,
    same_day,
    workdays_before,
    workdays_between,
)

CN = load_builtin_calendar()
DAYS = st.dates(date(2004, 1, 2), date(2028, 12, 31))
COUNTS = st.integers(1, 250)


def end_of(day: date) -> datetime:
    """24:00 of a day in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(days=1)


@pytest.mark.parametrize(
    "module", [domain.calendar, domain.deadline, domain.deadline_text, domain.ladder]
)
def test_the_worked_numbers_in_the_docstrings_are_true(module):
    """Every doctest of the module passes, and there are some."""
    result = doctest.testmod(module)

    assert (result.failed, result.attempted > 0) == (0, True)


@pytest.mark.parametrize(
    "trigger, due",
    [
        ("2023-12-15", "2023-12-20"),
        ("2025-12-31", "2026-01-06"),
        ("2026-01-03", "2026-01-06"),
        ("2026-02-13", "2026-02-25"),
        ("2026-04-30", "2026-05-08"),
        ("2026-05-08", "2026-05-12"),
        ("2026-09-18", "2026-09-22"),
        ("2026-09-24", "2026-09-30"),
        ("2026-09-30", "2026-10-10"),
    ],
)
def test_three_working_days_after(trigger, due):
    """T2 (4-12) on the days where Mon–Fri arithmetic is right and where it is wrong."""
    deadline = after_workdays(trigger=date.fromisoformat(trigger), count=3, calendar=CN)

    assert deadline.due_date == date.fromisoformat(due)
    assert deadline.due == end_of(deadline.due_date)
    assert not deadline.provisional


def test_a_count_into_a_year_without_notice_is_provisional():
    """2026-12-30 + 3 needs the notice for 2027: an answer, marked and explained."""
    deadline = after_workdays(trigger=date(2026, 12, 30), count=3, calendar=CN)

    assert (deadline.due_date, deadline.provisional) == (date(2027, 1, 5), True)
    assert "2027年放假通知尚未载入，本期限为暂定" in deadline.rule


def test_loading_the_notice_settles_a_provisional_deadline():
    """With 2027's notice the same count is exact and may fall on another day."""
    days = {date(2027, 1, d): d != 9 for d in (1, 2, 3, 4, 9)}
    notice = Notice(
        year=2027,
        papers=("通知",),
        days=tuple(NoticeDay(day=day, is_off=off) for day, off in days.items()),
    )

    deadline = after_workdays(trigger=date(2026, 12, 30), count=3, calendar=CN.with_notice(notice))

    assert (deadline.due_date, deadline.provisional) == (date(2027, 1, 6), False)
    assert deadline.calendar == "CN@2"


@pytest.mark.parametrize("day, provisional", [(23, False), (24, True)])
def test_counting_late_december_needs_the_next_notice(day, provisional):
    """One working day from 12-23 is settled; from 12-24 it lies in the unsettled last week."""
    deadline = after_workdays(trigger=date(2026, 12, day), count=1, calendar=CN)

    assert deadline.provisional is provisional


def test_a_calendar_count_into_the_unsettled_week_is_provisional():
    """Ten days from 12-18 end on Monday 12-28, which 2027's notice may still change."""
    made = [
        after_days(trigger=date(2026, 12, day), count=10, calendar=CN).provisional
        for day in (14, 18)
    ]

    assert made == [False, True]


def test_a_count_across_a_year_without_notice_is_provisional():
    """Both ends settled, the year between them not: the count could still move."""
    notices = tuple(notice for notice in CN.notices if notice.year != 2025)
    gap = replace(CN, notices=notices)

    deadline = after_workdays(trigger=date(2024, 12, 20), count=270, calendar=gap)

    assert gap.covers(deadline.due_date)
    assert deadline.provisional


def test_a_stated_date_in_late_december_is_not_provisional():
    """31 December as written cannot move whatever 2027's notice says; a date in 2027 is marked."""
    assert not by_date(day=date(2026, 12, 31), calendar=CN).provisional
    assert by_date(day=date(2027, 1, 15), calendar=CN).provisional


def test_the_2020_extension_moves_open_deadlines():
    """Three working days from 2020-01-23 were due 02-03, and 02-05 after the extension."""
    before = CN.with_notice(builtin_superseded(2020), version=0)
    trigger = date(2020, 1, 23)

    assert [
        after_workdays(trigger=trigger, count=3, calendar=calendar).due_date
        for calendar in (before, CN)
    ] == [date(2020, 2, 3), date(2020, 2, 5)]


def test_found_at_2350_on_a_holiday_is_due_the_same_midnight():
    """T1 (4-11): 2026-02-15 23:50 → 24:00 of that day, rest day or not."""
    deadline = same_day(trigger=datetime(2026, 2, 15, 23, 50, tzinfo=SHANGHAI), calendar=CN)

    assert (deadline.due_date, deadline.due) == (
        date(2026, 2, 15),
        datetime(2026, 2, 15, 16, 0, tzinfo=UTC),
    )


def test_half_past_four_in_the_afternoon_utc_is_tomorrow_here():
    """2026-02-15 16:30 UTC is already the 16th in Asia/Shanghai."""
    trigger = datetime(2026, 2, 15, 16, 30, tzinfo=UTC)

    assert same_day(trigger=trigger, calendar=CN).due_date == date(2026, 2, 16)


def test_a_closing_time_ends_the_day_early():
    """With day_end 17:30 a deadline ends at 17:30, and the rule says so."""
    deadline = after_workdays(trigger=date(2026, 2, 13), count=3, calendar=CN, day_end="17:30")

    assert deadline.due == datetime(2026, 2, 25, 9, 30, tzinfo=UTC)
    assert deadline.rule.endswith("截至当日17:30，含当日。")


@pytest.mark.parametrize("minute, hour_utc", [((17, 29), (9, 30)), ((17, 30), (16, 0))])
def test_what_happens_after_closing_time_still_has_until_midnight(minute, hour_utc):
    """Same day with a closing time: never due at or before its own trigger."""
    trigger = datetime(2026, 3, 2, *minute, tzinfo=SHANGHAI)

    deadline = same_day(trigger=trigger, calendar=CN, day_end="17:30")

    assert deadline.due == datetime(2026, 3, 2, *hour_utc, tzinfo=UTC)


@pytest.mark.parametrize(
    "roll, due",
    [(Roll.REST_DAYS, "2026-02-24"), (Roll.HOLIDAYS, "2026-02-24"), (Roll.NEVER, "2026-02-15")],
)
def test_a_calendar_count_ending_in_a_holiday_rolls_past_it(roll, due):
    """Art. 203: ten days from 02-05 end on 02-15 in 春节 and roll to the 24th, unless told not to."""
    deadline = after_days(trigger=date(2026, 2, 5), count=10, calendar=CN, roll=roll)

    assert deadline.due_date == date.fromisoformat(due)


@pytest.mark.parametrize(
    "roll, due", [(Roll.REST_DAYS, date(2026, 3, 9)), (Roll.HOLIDAYS, date(2026, 3, 7))]
)
def test_whether_a_plain_weekend_rolls_is_a_setting(roll, due):
    """Art. 203 is disputed for ordinary weekends; the default rolls."""
    deadline = after_days(trigger=date(2026, 3, 2), count=5, calendar=CN, roll=roll)

    assert deadline.due_date == due


def test_a_calendar_count_may_end_on_a_makeup_saturday():
    """Saturday 2026-02-14 is a workday, so nothing rolls."""
    deadline = after_days(trigger=date(2026, 2, 4), count=10, calendar=CN)

    assert (deadline.due_date, deadline.skipped) == (date(2026, 2, 14), ())


@pytest.mark.parametrize(
    "start, count, due",
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2025-11-30", 3, "2026-02-28"),
        ("2026-03-10", 6, "2026-09-10"),
        ("2025-10-15", 2, "2025-12-15"),
    ],
)
def test_months_end_on_the_corresponding_day_or_the_last(start, count, due):
    """Art. 202; all these days are workdays, 2026-02-28 and 2024-02-29 among them."""
    deadline = after_months(trigger=date.fromisoformat(start), count=count, calendar=CN)

    assert deadline.due_date == date.fromisoformat(due)


def test_hours_run_from_the_minute_through_rest_days():
    """Art. 201: 24 hours from Saturday 18:30:59 end on Sunday at 18:30."""
    trigger = datetime(2026, 3, 7, 18, 30, 59, tzinfo=SHANGHAI)

    deadline = after_hours(trigger=trigger, count=24, calendar=CN)

    assert deadline.due == datetime(2026, 3, 8, 10, 30, tzinfo=UTC)


def test_hours_that_end_at_midnight_belong_to_the_day_that_ends():
    """Due at 00:00 of the 9th is 24:00 of the 8th."""
    deadline = after_hours(
        trigger=datetime(2026, 3, 8, 0, 0, tzinfo=SHANGHAI), count=24, calendar=CN
    )

    assert deadline.due_date == date(2026, 3, 8)
    assert "2026年3月8日（星期日）24:00" in deadline.rule


def test_a_stated_date_on_a_rest_day_stays():
    """By date is inclusive and never rolls; the rule says that it is a rest day."""
    deadline = by_date(day=date(2026, 12, 20), calendar=CN)

    assert deadline.due == end_of(date(2026, 12, 20))
    assert "休息日" in deadline.rule


def test_the_rule_tells_the_whole_story():
    """Trigger, count, days skipped, make-up days, version with 文号, and the end of the day."""
    deadline = after_workdays(trigger=date(2026, 2, 13), count=3, calendar=CN)

    assert deadline.rule == (
        "触发日2026年2月13日（星期五）不计，次日起算第3个工作日为2026年2月25日（星期三）；"
        "跳过休息日9天：2026年2月15日至2月23日；调休上班日计入：2026年2月14日；"
        "工作日历CN@1（《国务院办公厅关于2026年部分节假日安排的通知》国办发明电〔2025〕7号）；"
        "截至当日24:00，含当日。"
    )


NAIVE = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    "call, code",
    [
        (lambda: same_day(trigger=NAIVE, calendar=CN), "NAIVE_TIME"),
        (lambda: after_hours(trigger=NAIVE, count=1, calendar=CN), "NAIVE_TIME"),
        (lambda: after_hours(trigger=date(2026, 3, 2), count=1, calendar=CN), "BAD_TRIGGER"),
        (lambda: after_workdays(trigger=date(2026, 3, 2), count=0, calendar=CN), "BAD_COUNT"),
        (lambda: after_workdays(trigger=date(2026, 3, 2), count=True, calendar=CN), "BAD_COUNT"),
        (lambda: after_days(trigger=date(2026, 3, 2), count=-1, calendar=CN), "BAD_COUNT"),
        (lambda: after_days(trigger=date(2026, 3, 2), count=3661, calendar=CN), "BAD_COUNT"),
        (lambda: after_months(trigger=date(2026, 3, 2), count=1.5, calendar=CN), "BAD_COUNT"),
        (lambda: workdays_before(date(2026, 3, 2), -1, CN), "BAD_COUNT"),
        (lambda: by_date(day=date(2026, 3, 2), calendar=CN, day_end="24:30"), "BAD_DAY_END"),
        (lambda: by_date(day=date(2026, 3, 2), calendar=CN, day_end="00:00"), "BAD_DAY_END"),
        (lambda: office_instant(date(2026, 3, 2), "9:00"), "BAD_DAY_END"),
        (lambda: by_date(day=date(9999, 12, 31), calendar=CN), "BAD_TRIGGER"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(call, code):
    """A naive time, a bad count, a bad clock or an impossible year raises DeadlineError."""
    with pytest.raises(DeadlineError) as caught:
        call()

    assert caught.value.code == code
    assert caught.value.sentence.endswith("。")


@given(DAYS, COUNTS)
def test_a_working_day_count_ends_on_a_working_day(day, count):
    """And exactly ``count`` working days lie after the trigger's day."""
    deadline = after_workdays(trigger=day, count=count, calendar=CN)

    assert CN.is_workday(deadline.due_date)
    assert workdays_between(day, deadline.due_date, CN) == count
    assert len(deadline.skipped) + count == (deadline.due_date - day).days


@given(DAYS, COUNTS)
def test_one_more_working_day_is_later(day, count):
    """The due date grows with the count."""
    sooner, later = (
        after_workdays(trigger=day, count=n, calendar=CN).due_date for n in (count, count + 1)
    )

    assert sooner < later


@given(DAYS, COUNTS)
def test_counting_back_undoes_counting_forward(day, count):
    """From a working day, n forward and n back is the same day; from a rest day, the one before."""
    due = after_workdays(trigger=day, count=count, calendar=CN).due_date

    assert workdays_before(due, count, CN) == workdays_before(day, 0, CN)


@given(DAYS, COUNTS)
def test_calendar_counts_roll_forward_only(day, count):
    """Never earlier than the plain sum, on a workday, over rest days only."""
    deadline = after_days(trigger=day, count=count, calendar=CN)

    assert deadline.due_date == day + timedelta(days=count + len(deadline.skipped))
    assert CN.is_workday(deadline.due_date)
    assert not any(CN.is_workday(skipped) for skipped in deadline.skipped)


@given(
    st.datetimes(
        datetime(2004, 1, 2),  # noqa: DTZ001 - hypothesis wants naive bounds
        datetime(2028, 12, 31),  # noqa: DTZ001
        timezones=st.timezones(),
        allow_imaginary=False,
    ),
    COUNTS,
)
def test_deadlines_are_aware_utc_and_after_their_trigger(trigger, count):
    """Whatever the zone of the trigger, what comes out is UTC, later, and the same for all zones."""
    made = [
        same_day(trigger=trigger, calendar=CN, day_end="17:30"),
        after_workdays(trigger=trigger, count=count, calendar=CN),
        after_days(trigger=trigger, count=count, calendar=CN),
        after_months(trigger=trigger, count=min(count, 120), calendar=CN),
        after_hours(trigger=trigger, count=count, calendar=CN),
    ]

    assert all(deadline.due.tzinfo is UTC and deadline.due > trigger for deadline in made)
    assert made[1] == after_workdays(trigger=trigger.astimezone(UTC), count=count, calendar=CN)


@given(DAYS)
def test_the_next_workday_is_the_nearest(day):
    """No working day lies between a day and its next workday."""
    found = next_workday(day, CN)

    assert CN.is_workday(found)
    assert workdays_between(day - timedelta(days=1), found, CN) == 1


@given(DAYS, st.integers(1, 30))
def test_what_is_not_provisional_is_settled(day, count):
    """A deadline without the mark depends on settled days only."""
    deadline = after_workdays(trigger=day, count=count, calendar=CN)
    passed = [day + timedelta(days=n + 1) for n in range((deadline.due_date - day).days)]

    assert deadline.provisional is not all(CN.covers(one) for one in passed)


def test_days_are_written_as_runs():
    """Runs are joined, and the year is written when it changes."""
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 3)]

    assert spell_days(days) == "2025年12月31日至2026年1月1日、1月3日"
    assert spell_instant(datetime(2026, 1, 1, tzinfo=SHANGHAI)) == "2025年12月31日（星期三）24:00"

"""The wall chart's figures: shares, bars from plan and facts, slack and the critical chain."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import pytest

from domain.calendar import load_builtin_calendar
from domain.plan import CalendarPolicy, Plan, Row, RowKind
from domain.schedule import latest_start, workdays_to_go
from domain.wall_chart import Mark, Standing, Tally, Timetable, bars, percent
from starter.plan_file import read_plan

CALENDAR = load_builtin_calendar()
TODAY = date(2019, 12, 16)
"""A Monday."""


def row(row_id: str, due: date, *after: str) -> Row:
    """A 任务 of one street."""
    return Row(
        id=row_id,
        item=f"事项{row_id}",
        task="办",
        kind=RowKind.TASK,
        targets=("甲街道",),
        targets_text="甲街道",
        due=due,
        due_text=str(due),
        after=after,
    )


def plan_of(*rows: Row) -> Plan:
    """A plan of those rows that began on 2019-11-12."""
    return Plan(
        rollout="试改",
        title="试改",
        kickoff=date(2019, 11, 12),
        coordinator="市委编办",
        units=(),
        rows=rows,
        policy=CalendarPolicy(),
    )


def tally(*marks: Mark, today: date = TODAY) -> Tally:
    """Those procedures, counted."""
    counted = Tally()
    for mark in marks:
        counted.add(mark, today)
    return counted


WAITING = Mark(standing=Standing.WAITING, due=date(2019, 12, 31))
DONE = Mark(
    standing=Standing.DONE,
    due=date(2019, 12, 31),
    started=date(2019, 12, 2),
    ended=date(2019, 12, 10),
)


def test_only_all_is_a_hundred_per_cent():
    """A share is rounded down, and what was stopped counts for nothing."""
    stopped = replace(DONE, standing=Standing.ENDED)
    counted = tally(*[DONE] * 199, WAITING, stopped)

    assert (199, 200) == (counted.done, counted.total)
    assert 99 == percent(counted.done, counted.total)
    assert 100 == percent(3, 3)


def test_the_gravest_light_comes_first():
    """Red before yellow before green before what has not begun; done is last."""
    order = [Standing(word) for word in ("红", "黄", "绿", "未开始", "未办", "终止", "办结")]

    assert order == list(Standing)
    for graver, milder in itertools.pairwise(order):
        found = tally(Mark(standing=milder), Mark(standing=graver)).gravest
        assert graver == found


def test_a_bar_tells_plan_from_fact():
    """Planned from 最迟启动日 to the due date; actual from the first start to the day shown."""
    plan = plan_of(row("A", date(2019, 12, 31)))
    runs = Mark(
        standing=Standing.GREEN,
        steps=("办理",),
        due=date(2019, 12, 31),
        started=date(2019, 12, 5),
    )
    bar = bars(Timetable.of(plan, CALENDAR), {"A": tally(runs, DONE)}, TODAY)["A"]

    assert latest_start(plan, plan.rows[0], CALENDAR) == bar.planned_from
    assert date(2019, 12, 31) == bar.planned_to
    assert (date(2019, 12, 2), TODAY) == (bar.actual_from, bar.actual_to)
    assert bar.late_from is None


def test_a_missed_date_is_late_until_it_is_made_good():
    """Lateness runs from the missed date of whoever still owes; what is done late owes nothing."""
    plan = plan_of(row("A", date(2019, 12, 10)))
    owes = Mark(standing=Standing.RED, due=date(2019, 12, 10), started=date(2019, 12, 2))
    times = Timetable.of(plan, CALENDAR)
    late = bars(times, {"A": tally(owes)}, TODAY)["A"]
    done = replace(DONE, due=date(2019, 12, 4))
    good = bars(times, {"A": tally(done)}, TODAY)["A"]

    assert date(2019, 12, 10) == late.late_from
    assert late.slack is not None
    assert late.slack < 0
    assert (None, None, date(2019, 12, 10)) == (good.late_from, good.slack, good.actual_to)
    assert not good.is_critical


def test_due_today_is_not_late():
    """The due date is the last day on which it may be done (A2)."""
    plan = plan_of(row("A", TODAY))
    last = Mark(standing=Standing.YELLOW, due=TODAY, started=TODAY)

    assert bars(Timetable.of(plan, CALENDAR), {"A": tally(last)}, TODAY)["A"].late_from is None


def test_the_critical_chain_is_the_tightest_row_with_what_it_waits_for_and_what_waits_for_it():
    """A → B → C with little time is critical; D beside it, due in summer, is not."""
    plan = plan_of(
        row("A", date(2019, 12, 20)),
        row("B", date(2019, 12, 24), "A"),
        row("C", date(2020, 1, 31), "B"),
        row("D", date(2020, 6, 30), "A"),
    )
    drawn = bars(Timetable.of(plan, CALENDAR), {x: tally(WAITING) for x in "ABCD"}, TODAY)

    assert {"A": True, "B": True, "C": True, "D": False} == {
        key: bar.is_critical for key, bar in drawn.items()
    }
    ends = [drawn[key].expected for key in "ABC"]
    assert ends == sorted(set(ends))


def test_what_is_done_holds_nobody_up():
    """Once A is done, B may begin today, and A is no part of the chain."""
    plan = plan_of(row("A", date(2019, 12, 20)), row("B", date(2019, 12, 24), "A"))
    times = Timetable.of(plan, CALENDAR)
    before = bars(times, {"A": tally(WAITING), "B": tally(WAITING)}, TODAY)
    after = bars(times, {"A": tally(DONE), "B": tally(WAITING)}, TODAY)

    assert before["B"].slack is not None
    assert after["B"].slack is not None
    assert before["B"].slack < after["B"].slack
    assert (False, True) == (after["A"].is_critical, after["B"].is_critical)


def test_a_latest_start_gone_by_is_said():
    """Somebody has not begun although 最迟启动日 is past (2-12); who runs is not meant."""
    plan = plan_of(row("A", date(2019, 12, 17)))
    times = Timetable.of(plan, CALENDAR)
    runs = Mark(standing=Standing.GREEN, due=date(2019, 12, 17), started=TODAY)
    day = date(2019, 12, 17)

    assert bars(times, {"A": tally(WAITING, today=day)}, day)["A"].should_have_begun
    assert not bars(times, {"A": tally(runs, today=day)}, day)["A"].should_have_begun


@pytest.fixture(scope="module")
def wuhai() -> Plan:
    """乌海's plan as it ships."""
    plan = read_plan("plans/乌海2019.yaml").plan
    assert plan is not None
    return plan


def test_the_least_time_of_a_row_is_what_its_latest_start_leaves(wuhai):
    """Forward and backward count the same way: for a row without pins the two agree."""
    times = Timetable.of(wuhai, CALENDAR)
    for each in wuhai.rows:
        if "环节时限" in each.options:
            continue
        to_go = workdays_to_go(wuhai, each, CALENDAR)
        start = latest_start(wuhai, each, CALENDAR)
        drawn = bars(times, {each.id: tally(WAITING, today=start)}, start)[each.id]
        assert drawn.slack == 0, each.id
        assert max(to_go.values()) > 0


def test_every_row_of_a_plan_has_its_place_on_the_axis(wuhai):
    """The axis holds the kick-off, every latest start, every due date and the day shown."""
    times = Timetable.of(wuhai, CALENDAR)
    first, last = times.span(date(2020, 12, 31))

    assert first < min(wuhai.kickoff, *times.latest_starts.values())
    assert last > date(2020, 12, 31)

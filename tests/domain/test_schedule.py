"""Backward scheduling: from the row's date to the date of each step."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import load_builtin_calendar
from domain.deadline import workdays_after, workdays_between
from domain.plan import RowKind, StepRule
from domain.schedule import (
    PINS,
    latest_start,
    route_of,
    shortage,
    step_dates,
    steps_for,
    workday_back,
)
from tests.drafts import checked, set_to

CALENDAR = load_builtin_calendar()
PLAN = checked().plan
DAYS = st.dates(date(2005, 6, 1), date(2026, 6, 1))


def dates_of(plan, row):
    """Due dates by step, as month-day."""
    return {step.shape.name: f"{step.due:%m-%d}" for step in step_dates(plan, row, CALENDAR)}


@pytest.mark.parametrize(
    "due,workdays,start",
    [
        ("2019-12-20", 1, "2019-12-19"),
        ("2019-12-16", 1, "2019-12-13"),  # Monday, back over the weekend
        ("2019-12-15", 1, "2019-12-12"),  # a Sunday has no work: Friday is the day
        ("2026-02-25", 3, "2026-02-13"),  # 02-14 is worked, 02-15…23 are off
        ("2020-01-02", 1, "2019-12-31"),
    ],
)
def test_working_days_are_counted_backwards(due, workdays, start):
    """The due day counts, the day that is returned does not."""
    found = workday_back(date.fromisoformat(due), workdays, CALENDAR)

    assert start == found.isoformat()


@given(DAYS, st.integers(1, 40))
def test_a_step_opened_on_its_start_has_all_its_working_days(due, workdays):
    """Between start and due lie exactly the step's working days, and the start is worked."""
    start = workday_back(due, workdays, CALENDAR)

    assert workdays == workdays_between(start, due, CALENDAR)
    assert CALENDAR.is_workday(start)


def test_each_step_of_a_sanding_has_a_date_of_its_own():
    """The default route, back from 31 December 2019; 修改 shares the date of 印发."""
    assert dates_of(PLAN, PLAN.row("S1")) == {
        "起草": "12-17",
        "初审": "12-19",
        "复审": "12-23",
        "三方沟通": "12-20",
        "意见反馈": "12-23",
        "报送": "12-24",
        "审议": "12-27",
        "修改": "12-31",
        "印发": "12-31",
    }


def test_a_pinned_step_moves_what_is_before_it_and_nothing_after():
    """制定 by 12-20 while 印发 stays at the end of December (2-03, 2-29)."""
    row = replace(PLAN.row("S1"), options={PINS: "审议=2019-12-20"})

    found = dates_of(PLAN, row)

    assert (found["审议"], found["报送"], found["复审"], found["起草"]) == (
        "12-20",
        "12-17",
        "12-16",
        "12-10",
    )
    assert found["印发"] == "12-31"
    assert [s.shape.name for s in step_dates(PLAN, row, CALENDAR) if s.pinned] == ["审议"]


def test_a_long_step_beside_the_main_line_pulls_the_draft_forward():
    """三方沟通 of ten days must end before 报送, so 起草 ends earlier than the reviews need (A7)."""
    slow = StepRule(kind=RowKind.SANDING, step="三方沟通", unit="区领导", workdays=10)
    plan = replace(PLAN, steps=(slow,))

    found = dates_of(plan, plan.row("S1"))

    assert found["三方沟通"] == "12-20"
    assert found["起草"] == "12-06"
    assert found["初审"] == "12-19"


@given(DAYS, st.lists(st.integers(1, 9), min_size=9, max_size=9))
def test_no_step_is_due_before_what_it_waits_for(due, workdays):
    """Along every arrow of the route the later step keeps its working days."""
    row = replace(PLAN.row("S1"), due=due, options={})
    rules = tuple(
        StepRule(kind=row.kind, step=shape.name, workdays=days)
        for shape, days in zip(route_of(row), workdays, strict=True)
    )
    plan = replace(PLAN, steps=rules)
    steps = {step.shape.name: step for step in step_dates(plan, row, CALENDAR)}
    main = [s for s in steps.values() if not s.shape.beside and not s.shape.conditional]

    arrows = list(itertools.pairwise(main))
    for step in (step for step in steps.values() if step.shape.beside):
        arrows.append((steps[step.shape.opens_after], step))
        arrows.append((step, steps[step.shape.before]))
    for earlier, later in arrows:
        assert workdays_between(earlier.due, later.due, CALENDAR) >= later.workdays
    assert main[-1].due == due


@given(DAYS)
def test_a_row_fits_exactly_from_its_latest_start(due):
    """Opened on 最迟启动日 it fits, opened one working day later it does not (2-12)."""
    row = replace(PLAN.row("S1"), due=due)
    start = latest_start(PLAN, row, CALENDAR)

    assert shortage(PLAN, row, CALENDAR, start) is None
    late = shortage(PLAN, row, CALENDAR, workdays_after(start, 1, CALENDAR))
    assert late is not None
    assert late.needed == late.available + 1


def test_a_shortage_has_numbers():
    """14 working days of steps do not fit into the 6 that are left."""
    row = replace(PLAN.row("S1"), due=date(2019, 12, 10))

    lack = shortage(PLAN, row, CALENDAR, date(2019, 12, 2))

    assert (lack.step, lack.needed, lack.available) == ("印发", 14, 6)


def test_steps_name_units_persons_and_who_approves_an_extension():
    """本单位, duties and 配合 become the units of the target's district."""
    steps = {s.name: s for s in steps_for(PLAN, PLAN.row("S1"), "一街道", CALENDAR)}

    assert steps["起草"].units == ("一街道",)
    assert steps["初审"].units == ("甲区编办",)
    assert steps["三方沟通"].units == ("甲区领导", "甲区委办")
    assert steps["印发"].units == ("甲区委办", "甲区府办")
    assert steps["起草"].extension_by == "甲区"
    told = [(e.workdays, e.label, e.unit, e.persons) for e in steps["起草"].escalate]
    assert told == [
        (1, "第一责任人", "一街道", ("一街道负责人",)),
        (3, "分管领导", "一街道", ("一街道第一书记",)),
    ]


def test_city_organs_stand_in_where_a_district_has_none():
    """A duty is looked for in the district, then by name, then at city level."""
    plan = checked(set_to("任务", 4, 牵头单位="市委编办"), set_to("单位", 4, 成员单位="否")).plan

    assert steps_for(plan, plan.row("T1"), "甲区", CALENDAR)[-1].units == ("市委编办",)
    assert steps_for(PLAN, PLAN.row("T1"), "甲区", CALENDAR)[-1].units == ("甲区编办",)


def test_a_rung_without_a_holder_goes_to_the_coordinator():
    """A committee has no 分管领导; its rung is not silent."""
    steps = {s.name: s for s in steps_for(PLAN, PLAN.row("P1"), "甲区", CALENDAR)}

    (rung,) = [e for e in steps["常委会审议"].escalate if e.workdays == 3]
    assert (rung.label, rung.unit, rung.persons) == ("协调员", "市委编办", ("协调员甲",))


def test_the_shipped_schedule_of_wuhai_fits_the_days_it_has():
    """A day less between M2 and the pinned 审议 and 三定 could not be made."""
    from starter.plan_file import read_plan

    plan = read_plan("plans/乌海2019.yaml").plan
    row = plan.row("M3-1")

    assert latest_start(plan, row, CALENDAR) == date(2019, 12, 10)
    assert shortage(plan, row, CALENDAR, date(2019, 12, 10)) is None
    assert shortage(plan, row, CALENDAR, date(2019, 12, 10) + timedelta(days=1)) is not None

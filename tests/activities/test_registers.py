"""Authority, due times and slices, from a registered plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.bulk import BulkActivities
from activities.desk import DeskActivities, PublicationActivities
from activities.fanout import FanoutActivities
from activities.journal import JournalActivities
from activities.registers import RegistersActivities
from contracts.calendar import Publications
from contracts.desk import Bulk, Desk
from contracts.journal import Journal
from contracts.reform import Fanout
from contracts.registers import Consultation, DueQuestion, PlanKey, Registers, SliceQuestion
from domain.action import Grant
from domain.deadline import RungKind
from domain.unit import Role
from storage.engine import open_database

STREET, OFFICE = "滨河街道", "海勃湾区委编办"
DISPATCHED = datetime(2019, 11, 20, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "declared, done",
    [
        (Registers, RegistersActivities),
        (Journal, JournalActivities),
        (Desk, DeskActivities),
        (Bulk, BulkActivities),
        (Fanout, FanoutActivities),
        (Publications, PublicationActivities),
    ],
)
def test_every_declared_activity_is_done_under_its_name(declared, done) -> None:
    """An implementation registers under the name that workflows and the CLI call."""
    for name in declared.__abstractmethods__:
        expected = activity._Definition.must_from_callable(getattr(declared, name)).name
        assert expected == activity._Definition.must_from_callable(getattr(done, name)).name


async def test_consulting_tells_who_somebody_is(rollout, run) -> None:
    """A person's posts come with unit, role and district; strangers have none."""
    question = Consultation(
        rollout=rollout.key.rollout,
        person=f"{OFFICE}经办甲",
        other_person="无此人",
        units=(STREET, "无此单位"),
    )
    answer = await run(rollout.registers.consult, question)
    expected = Grant(unit=OFFICE, role=Role.HANDLER, district="海勃湾区")
    assert ((expected,), ()) == (answer.grants, answer.other_grants)
    assert answer.known_units == (STREET,)
    assert (answer.directory_version, answer.calendar_version) == (1, 1)


def ask(**changes: object) -> DueQuestion:
    """A step dispatched on Wednesday 2019-11-20 that may take two working days."""
    question = DueQuestion(
        step="初审",
        dispatched_at=DISPATCHED,
        workdays=2,
        remind=(1, 0),
        escalate=((1, f"{OFFICE}:第一责任人"),),
    )
    return replace(question, **changes)


@pytest.mark.parametrize(
    "changes, expected, said",
    [
        ({}, date(2019, 11, 22), "第2个工作日"),
        ({"anchor": date(2019, 12, 6)}, date(2019, 12, 6), "计划倒排"),
        ({"anchor": date(2019, 12, 6), "workdays_after": 2}, date(2019, 12, 4), "计划倒排"),
        ({"anchor": date(2019, 11, 21)}, date(2019, 11, 22), "不足2个工作日"),
        ({"limit": date(2019, 11, 21)}, date(2019, 11, 21), "不晚于"),
        ({"by": date(2019, 12, 9), "limit": date(2019, 11, 21)}, date(2019, 12, 9), "写明"),
    ],
)
async def test_a_step_is_due_as_its_question_says(rollout, run, changes, expected, said) -> None:
    """The later of plan and own days, never after the limit, unless an extension says so."""
    question = Consultation(rollout=rollout.key.rollout, dues=(ask(**changes),))
    due = (await run(rollout.registers.consult, question)).dues["初审"]
    assert expected == due.deadline.due_date
    assert said in due.deadline.rule
    assert sum(rung.kind is RungKind.DUE for rung in due.rungs) == 1
    assert f"{OFFICE}:第一责任人" in {rung.to for rung in due.rungs}


async def test_a_row_anchors_its_steps_in_the_plan(rollout, run) -> None:
    """With a row's id the date is that of the plan's backward schedule."""
    load = SliceQuestion(plan=rollout.key, name=STREET)
    unit = await run(rollout.registers.load_unit, load)
    mine = next(each for each in unit.rows if each.row.item == "三定")
    step = next(step for step in mine.steps if step.name == "初审")
    asked = ask(row_id=mine.row.id, anchor=date(2030, 1, 1), workdays=1)
    question = Consultation(rollout=rollout.key.rollout, dues=(asked,))
    due = (await run(rollout.registers.consult, question)).dues["初审"]
    assert step.planned_due == due.deadline.due_date


async def test_slices_hang_together(rollout, run) -> None:
    """Whatever a row waits for is produced below, reported up, and shared down to its unit."""
    registers, key = rollout.registers, rollout.key
    top = await run(registers.load_rollout, SliceQuestion(plan=key))
    areas = [await run(registers.load_area, SliceQuestion(plan=key, name=n)) for n in top.areas]
    units = {}
    for name in (*top.city_units, *(unit for area in areas for unit in area.units)):
        units[name] = await run(registers.load_unit, SliceQuestion(plan=key, name=name))
    at_top = {f for area in areas for f in area.reports}
    at_top |= {f for name in top.city_units for f in units[name].reports}
    assert set(top.relays) <= at_top
    waiting = 0
    for area in (*areas, None):
        names = area.units if area else top.city_units
        inside = {f for n in names for f in units[n].reports} if area else set()
        inside |= {a.fact for a in area.aggregates} if area else set()
        for name in names:
            own = {f"{row.row.id}@{name}" for row in units[name].rows}
            for needed in {f for row in units[name].rows for f in row.waits_for} - own:
                waiting += 1
                assert needed in inside | set(top.relays)
                assert area is None or needed in area.shares
        for aggregate in area.aggregates if area else ():
            assert set(aggregate.parts) <= inside
    assert waiting > 0


async def test_a_unit_slice_names_its_leaders_and_only_itself(rollout, run) -> None:
    """The rollout's and the district's coordinators lead; other targets are cut off the row."""
    unit = await run(rollout.registers.load_unit, SliceQuestion(plan=rollout.key, name=STREET))
    assert unit.coordinators == ("乌海市委编办", OFFICE)
    assert unit.district == "海勃湾区"
    assert all(each.row.targets == (STREET,) for each in unit.rows)


async def test_an_unknown_rollout_is_not_tried_again(rollout, run) -> None:
    """A question about a plan that is not there is a non-retryable error."""
    question = SliceQuestion(plan=PlanKey(rollout="没有", plan_id=1, version=1))
    with pytest.raises(ApplicationError) as caught:
        await run(rollout.registers.load_rollout, question)
    assert (caught.value.type, caught.value.non_retryable) == ("BAD_DATA", True)


async def test_a_database_that_is_away_is_worth_another_try(run, tmp_path) -> None:
    """A server that cannot be reached is a retryable DATABASE_AWAY."""
    away = RegistersActivities(open_database(f"postgresql://nobody@/none?host={tmp_path}"))
    with pytest.raises(ApplicationError) as caught:
        await run(away.consult, Consultation(rollout="任何"))
    assert (caught.value.type, caught.value.non_retryable) == ("DATABASE_AWAY", False)


async def test_a_broken_connection_is_followed_by_a_new_one(rollout, run, database_url) -> None:
    """After the server has cut a connection one try fails as DATABASE_AWAY, the next succeeds."""
    opened = open_database(database_url, pool_size=1)
    registers = RegistersActivities(opened)
    question = Consultation(rollout=rollout.key.rollout)
    async with opened.single() as connection:
        pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    other = open_database(database_url)
    async with other.single() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    await other.close()
    with pytest.raises(ApplicationError) as caught:
        await run(registers.consult, question)
    assert (caught.value.type, caught.value.non_retryable) == ("DATABASE_AWAY", False)
    assert (await run(registers.consult, question)).directory_version == 1
    await opened.close()

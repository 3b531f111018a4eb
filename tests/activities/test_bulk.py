"""Imports: plans and calendars, all or nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from temporalio.exceptions import ApplicationError

from activities.bulk import BulkActivities
from activities.desk import DeskActivities
from activities.plan_shelf import plan_from_document, plan_to_json
from contracts.desk import CalendarImport, CalendarYearQuestion, PlanRegistration, PublishQuestion
from contracts.registers import DueQuestion
from domain.plan import Plan
from tests.postgres import database_of_its_own

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def order_of(plan: Plan, name: str, content_hash: str = "") -> PlanRegistration:
    """A registration of the plan under a name."""
    return PlanRegistration(
        plan=replace(plan, rollout=name), content_hash=content_hash or name, now=NOW
    )


async def test_a_plan_is_stored_as_it_is(wuhai) -> None:
    """What is read back from its document equals the plan."""
    document = TypeAdapter(dict).validate_json(plan_to_json(wuhai))
    assert wuhai == plan_from_document(document)


async def test_the_same_plan_is_registered_once(database, run, wuhai) -> None:
    """Again, even at the same moment, it says so and changes nothing."""
    bulk = BulkActivities(database)
    order = order_of(wuhai, "同一份")
    answers = await asyncio.gather(*(run(bulk.register_plan, order) for _ in range(3)))
    assert sorted(answer.created for answer in answers) == [False, False, True]
    assert len({answer.plan_id for answer in answers}) == 1
    assert not any(answer.code for answer in answers)


async def test_a_name_is_claimed_for_ever(database, run, wuhai) -> None:
    """Other content under the name, or the content under another name, is refused."""
    bulk = BulkActivities(database)
    await run(bulk.register_plan, order_of(wuhai, "已占"))
    other = await run(bulk.register_plan, order_of(wuhai, "已占", "另一份"))
    assert (other.code, other.created, other.same_content) == ("ROLLOUT_EXISTS", False, False)
    assert "已占" in other.sentence
    copied = await run(bulk.register_plan, order_of(wuhai, "换名", "已占"))
    assert copied.code == "PLAN_EXISTS"


async def test_a_plan_that_breaks_a_rule_leaves_nothing(database, run, wuhai) -> None:
    """Two units of one name: not even the name stays claimed, and trying again is pointless."""
    broken = replace(wuhai, units=(*wuhai.units, wuhai.units[0]))
    with pytest.raises(ApplicationError) as caught:
        await run(BulkActivities(database).register_plan, order_of(broken, "坏的"))
    assert (caught.value.type, caught.value.non_retryable) == ("BAD_DATA", True)
    async with database.single() as connection:
        found = await connection.execute(text("SELECT id FROM plan WHERE rollout = '坏的'"))
        assert found.all() == []


@pytest.fixture
async def own_database():
    """A database whose calendar nobody else publishes."""
    async with database_of_its_own("calendars") as opened:
        yield opened


NOTICE = CalendarImport(
    year=2027,
    paper="国办发明电〔2026〕演示号",
    off_days=(date(2027, 1, 1), date(2027, 1, 4), *(date(2027, 10, n) for n in range(1, 8))),
    work_days=(date(2027, 1, 10),),
    now=NOW,
    person="协调员",
)


async def test_a_notice_is_staged_and_then_published(own_database, run, wuhai) -> None:
    """Importing changes nothing in force; publishing lists what moves, then puts it in force."""
    bulk, desk = BulkActivities(own_database), DeskActivities(own_database)
    nothing = await run(bulk.publish_calendar, PublishQuestion(now=NOW))
    assert nothing.code == "NOTHING_STAGED"
    await open_step(own_database, run, wuhai)
    staged = await run(bulk.import_calendar, NOTICE)
    assert (staged.version, staged.code) == (2, "")
    assert "2027-01-10班" in staged.changed
    assert (await run(bulk.import_calendar, NOTICE)).code == "CALENDAR_SAME"
    asked = CalendarYearQuestion(year=2027)
    assert not (await run(desk.calendar_year, asked)).loaded
    preview = await run(bulk.publish_calendar, PublishQuestion(now=NOW))
    assert (
        preview.version,
        preview.in_force,
        preview.published,
        preview.open_steps,
    ) == (2, 1, False, 1)
    (moved,) = preview.moved
    assert (date(2027, 1, 4), date(2027, 1, 5)) == (moved.before, moved.after)
    assert (moved.provisional_before, moved.provisional_after) == (True, False)
    done = await run(bulk.publish_calendar, PublishQuestion(now=NOW, confirm=True))
    assert done.published
    assert (await run(desk.calendar_year, asked)).loaded
    again = await run(bulk.publish_calendar, PublishQuestion(now=NOW, confirm=True))
    assert again.code == "NOTHING_STAGED"


async def open_step(database, run, plan) -> None:
    """One open step: a working day from Thursday 2026-12-31."""
    from activities.journal import JournalActivities
    from contracts.journal import BoardRow, DeskItem, Page

    await run(BulkActivities(database).register_plan, order_of(plan, "改历"))
    basis = DueQuestion(
        step="初审", dispatched_at=datetime(2026, 12, 31, 2, tzinfo=UTC), workdays=1
    )
    item = DeskItem(
        unit="海勃湾区委编办",
        step="初审",
        purpose="办理",
        opened_at=NOW,
        due_at=NOW,
        due_date=date(2027, 1, 4),
        original_due_date=date(2027, 1, 4),
        provisional=True,
        rule="",
        yellow_at=None,
        verbs=(),
        due_basis=basis,
    )
    page = Page(
        workflow_id="改历/海勃湾区/滨河街道/三定",
        run_id="r1",
        seq=1,
        rollout="改历",
        district="海勃湾区",
        unit="滨河街道",
        row_id="M3-1",
        item="三定",
        task="",
        procedure="SandingDrafting",
        board=BoardRow(status="办理中"),
        items=(item,),
    )
    await run(JournalActivities(database).write, page)


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"year": 1800}, "1800"),
        ({"off_days": ()}, "没有一天放假"),
        ({"off_days": (date(2033, 1, 1),)}, "2033-01-01"),
        ({"work_days": (date(2027, 1, 1),)}, "既放假又上班"),
    ],
)
async def test_an_absurd_notice_is_refused(database, run, changes, said) -> None:
    """A notice that cannot be one is refused in a sentence, and nothing is staged."""
    answer = await run(BulkActivities(database).import_calendar, replace(NOTICE, **changes))
    assert answer.code == "NOTICE_YEAR"
    assert said in answer.sentence

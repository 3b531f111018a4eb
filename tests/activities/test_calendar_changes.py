"""Overlays, returns to an earlier calendar, and what they do to due times already given."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from activities.bulk import BulkActivities
from activities.calendar_changes import CalendarChangeActivities, CalendarReadActivities
from activities.desk import DeskActivities
from activities.due_times import DueTimes
from activities.journal import JournalActivities
from activities.plan_shelf import PlanOnShelf
from activities.registers import RegistersActivities
from contracts.calendar_changes import (
    LocalDayOrder,
    LocalOrder,
    RollbackOrder,
    VersionsQuestion,
)
from contracts.desk import CalendarImport, CalendarYearQuestion, PlanRegistration, PublishQuestion
from contracts.journal import BoardRow, DeskItem, Page
from contracts.registers import Consultation, DueQuestion, PlanKey, SliceQuestion
from domain.calendar import builtin_superseded, load_builtin_calendar
from domain.plan import RowKind
from domain.unit import UnitKind
from tests.postgres import database_of_its_own
from tests.small_plan import DISTRICT, STREETS, row, small_plan, units

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 7, 17, 2, tzinfo=UTC)
FRIDAY, MONDAY, TUESDAY = date(2026, 7, 17), date(2026, 7, 20), date(2026, 7, 21)
TYPHOON = LocalOrder(
    district=DISTRICT,
    paper="甲防指〔2026〕3号",
    days=(LocalDayOrder(day=MONDAY, is_off=True, name="台风停工"),),
    now=NOW,
    person="区协调员",
)


def two_districts(rollout: str, *rows):
    """The small plan with a 乙区 that has a 区委编办 of its own and one street."""
    more = [
        replace(
            unit,
            name=unit.name.replace("甲区", "乙区").replace("一街道", "乙一街道"),
            district="乙区",
            head="",
            handlers=(),
            substitutes=(),
            coordinators=("乙区协调员",) if unit.duty == "区委编办" else (),
        )
        for unit in units()
        if unit.duty == "区委编办" or unit.kind is UnitKind.DISTRICT or unit.name == STREETS[0]
    ]
    return small_plan(rollout, date(2026, 7, 1), *rows, units=(*units(), *more))


class Registry:
    """One database with a rollout in two districts, each with a step due on Tuesday 07-21."""

    def __init__(self, database, run) -> None:
        self.database, self.run = database, run
        self.bulk = BulkActivities(database)
        self.changes = CalendarChangeActivities(database)
        self.registers = RegistersActivities(database)

    async def publish(self, person="市协调员", *, confirm=True, now=NOW):
        """What ``jiegai calendar publish`` asks."""
        question = PublishQuestion(now=now, confirm=confirm, person=person)
        return await self.run(self.bulk.publish_calendar, question)

    async def versions(self):
        """What ``jiegai calendar versions`` shows, oldest first."""
        reads = CalendarReadActivities(self.database)
        return (await self.run(reads.versions, VersionsQuestion())).lines[::-1]

    async def imported(self, order=TYPHOON):
        """An overlay that must be taken."""
        staged = await self.run(self.changes.import_local, order)
        assert staged.code == "", staged.sentence
        return staged

    async def rollback(self, **more):
        """A return as the coordinator of the city orders it."""
        order = RollbackOrder(**{"now": NOW, "person": "市协调员", **more})
        return await self.run(self.changes.rollback, order)

    async def follow(self, moved):
        """The procedures do as they were told: the desks show the new dates."""
        for one in moved:
            async with self.database.transaction() as connection:
                await connection.execute(
                    text(
                        "UPDATE desk_item SET due_date = :day, provisional = :provisional"
                        " WHERE workflow_id || '#' || step = :item"
                    ),
                    {"day": one.after, "provisional": one.provisional_after, "item": one.item},
                )


@pytest.fixture
async def registry(run):
    """A database of its own: publishing a calendar must not move other tests' dates."""
    plan = two_districts("台风", row("9", "总结", RowKind.TASK, date(2026, 8, 31)))
    order = PlanRegistration(plan=plan, content_hash="台风", now=NOW - timedelta(days=9))
    async with database_of_its_own("calendar_changes") as opened:
        await run(BulkActivities(opened).register_plan, order)
        for district, street in ((DISTRICT, STREETS[0]), ("乙区", "乙一街道")):
            await run(JournalActivities(opened).write, open_step(district, street))
        yield Registry(opened, run)


def open_step(district: str, street: str) -> Page:
    """办理 open at a street since Friday with two working days: due on Tuesday."""
    basis = DueQuestion(step="办理", dispatched_at=NOW, workdays=2)
    item = DeskItem(
        unit=street,
        step="办理",
        purpose="办理",
        opened_at=NOW,
        due_at=NOW,
        due_date=TUESDAY,
        original_due_date=TUESDAY,
        provisional=False,
        rule="",
        yellow_at=None,
        verbs=(),
        due_basis=basis,
    )
    return Page(
        workflow_id=f"台风/{district}/{street}/总结",
        run_id="r1",
        seq=1,
        rollout="台风",
        district=district,
        unit=street,
        row_id="9",
        item="总结",
        task="",
        procedure="TaskMilestone",
        board=BoardRow(status="办理中"),
        items=(item,),
    )


def days(preview):
    """The before/after list."""
    return [(one.item, one.before, one.after) for one in preview.moved]


async def test_a_typhoon_day_moves_only_its_districts_steps(registry) -> None:
    """Staged it moves nothing; published, 甲区's step goes on by the day and 乙区's stays."""
    staged = await registry.imported()
    assert staged.changed == ("甲区2026-07-20休",)
    before = await consult(registry, DISTRICT)

    preview = await registry.publish("区协调员")

    after, there = await consult(registry, DISTRICT), await consult(registry, "乙区")
    assert days(preview) == [("台风/甲区/一街道/总结#办理", TUESDAY, date(2026, 7, 22))]
    assert preview.staged == ("第2版（地方，区协调员导入）：甲区：甲防指〔2026〕3号",)
    assert [a.due_date for a in (before, after, there)] == [TUESDAY, date(2026, 7, 22), TUESDAY]
    assert (before.calendar, after.calendar, there.calendar) == ("CN@1", "CN@2+甲区", "CN@2")
    assert "甲区台风停工（甲防指〔2026〕3号）：2026年7月20日休息" in after.rule


async def consult(registry, district, **more):
    """When 办理 is due if it is dispatched on Friday with two working days."""
    question = DueQuestion(step="办理", dispatched_at=NOW, workdays=2, **more)
    asked = Consultation(rollout="台风", district=district, dues=(question,))
    answer = await registry.run(registry.registers.consult, asked)
    return answer.dues["办理"].deadline


async def test_the_schedule_of_a_district_counts_back_over_its_closure(registry) -> None:
    """A row due on Wednesday is scheduled a day earlier where Monday is closed, and says why."""
    plan = two_districts("倒排", row("9", "总结", RowKind.TASK, date(2026, 7, 22)))
    streets = (STREETS[0], "乙一街道")
    plan = replace(plan, rows=(replace(plan.rows[0], targets=streets),))
    order = PlanRegistration(plan=plan, content_hash="倒排", now=NOW)
    stored = await registry.run(registry.bulk.register_plan, order)
    await registry.imported()
    await registry.publish()
    key = SliceQuestion(plan=key_of(stored))

    due = {
        street: (await registry.run(registry.registers.load_unit, replace(key, name=street)))
        .rows[0]
        .steps[0]
        .planned_due
        for street in streets
    }
    question = DueQuestion(
        step="办理", dispatched_at=NOW - timedelta(days=9), workdays=1, row_id="9"
    )
    here, there = [
        (
            await registry.run(
                registry.registers.consult,
                Consultation(rollout="倒排", district=district, dues=(question,)),
            )
        )
        .dues["办理"]
        .deadline
        for district in (DISTRICT, "乙区")
    ]

    assert due[STREETS[0]] < due["乙一街道"]
    assert [here.due_date, there.due_date] == list(due.values())
    assert "倒排时甲区台风停工（甲防指〔2026〕3号）" in here.rule
    assert "甲" not in there.rule


def key_of(stored):
    """The key of what was just registered as 倒排."""
    return PlanKey(rollout="倒排", plan_id=stored.plan_id, version=stored.version)


async def test_a_return_shows_the_first_list_reversed_and_all_dates_return(registry) -> None:
    """A wrong import: published, rolled back, published; versions count up and name each other."""
    await registry.imported()
    first = await registry.publish("区协调员")
    await registry.follow(first.moved)

    staged = await registry.rollback(person="区协调员", now=NOW + timedelta(hours=1))
    shown = await registry.publish(confirm=False)
    second = await registry.publish("区协调员", now=NOW + timedelta(hours=1))

    assert (staged.version, staged.basis, staged.changed) == (3, 1, ("甲区2026-07-20班",))
    assert days(shown) == days(second) == [(i, after, before) for i, before, after in days(first)]
    assert (await consult(registry, DISTRICT)).due_date == TUESDAY
    lines = await registry.versions()
    assert [(v.version, v.kind, v.district, v.basis, v.in_force) for v in lines] == [
        (1, "通知", "", 0, False),
        (2, "地方", DISTRICT, 1, False),
        (3, "回退", "", 1, True),
    ]
    assert lines[2].paper == "撤回第2版（甲区：甲防指〔2026〕3号）"
    assert [(v.staged_by, v.published_by) for v in lines[1:]] == [("区协调员", "区协调员")] * 2


async def test_what_is_staged_is_taken_back_before_it_comes_into_force(registry) -> None:
    """A wrong notice that is only staged: the return brings the one in force, and moves nothing."""
    wrong = CalendarImport(
        year=2026, paper="错的", off_days=(MONDAY,), work_days=(), now=NOW, person="甲"
    )
    await registry.run(registry.bulk.import_calendar, wrong)

    staged = await registry.rollback()
    preview = await registry.publish()

    assert (staged.version, staged.basis, staged.changed) == (3, 1, ())
    assert (preview.version, preview.moved, preview.changed) == (3, (), ())
    assert [line.in_force for line in await registry.versions()] == [False, False, True]


async def test_a_return_to_a_named_version_and_back_again(registry) -> None:
    """--to brings any version back that was once in force; its content may recur."""
    await registry.imported()
    await registry.publish()
    await registry.rollback(to=1, paper="甲政办〔2026〕7号")
    await registry.publish(now=NOW + timedelta(hours=1))

    again = await registry.rollback(to=2, now=NOW + timedelta(hours=2))
    await registry.publish(now=NOW + timedelta(hours=2))

    assert (again.version, again.basis) == (4, 2)
    assert (await registry.versions())[2].paper == "甲政办〔2026〕7号"
    assert (await consult(registry, DISTRICT)).due_date == date(2026, 7, 22)


async def test_returns_that_make_no_sense_are_refused(registry) -> None:
    """Nothing earlier, a number that is none, the newest itself, one that never was in force."""
    assert (await registry.rollback()).code == "UNKNOWN_VERSION"
    assert (await registry.rollback(to=1)).code == "CALENDAR_SAME"
    await registry.imported()
    await registry.run(registry.bulk.import_calendar, NOTICE)
    assert (await registry.rollback(to=2)).code == "NEVER_IN_FORCE"
    assert (await registry.rollback(to=9)).code == "UNKNOWN_VERSION"
    assert (await registry.rollback(person="")).code == "PERSON_MISSING"
    assert len(await registry.versions()) == 3


NOTICE = CalendarImport(
    year=2027,
    paper="国办发明电〔2026〕9号",
    off_days=(date(2027, 1, 1), *(date(2027, 10, n) for n in range(1, 8))),
    work_days=(),
    now=NOW,
    person="市协调员",
)


@pytest.mark.parametrize("person", ["乙区协调员", "甲区委编办经办甲", "路人", ""])
async def test_a_districts_calendar_is_its_coordinators_business(registry, person) -> None:
    """Neither another district's 协调员 nor a handler imports, publishes or takes back."""
    refused = await registry.run(registry.changes.import_local, replace(TYPHOON, person=person))
    assert refused.code == "CALENDAR_NOT_YOURS"
    assert "示例市委编办、甲区委编办" in refused.sentence
    await registry.imported()
    assert (await registry.publish(person)).code == "CALENDAR_NOT_YOURS"
    assert (await registry.publish("区协调员")).published
    code = (await registry.rollback(person=person)).code
    assert code == ("CALENDAR_NOT_YOURS" if person else "PERSON_MISSING")
    assert len(await registry.versions()) == 2


async def test_a_district_that_no_rollout_knows_is_refused(registry) -> None:
    """The sentence names the districts that there are."""
    refused = await registry.run(registry.changes.import_local, replace(TYPHOON, district="丙区"))

    assert refused.code == "UNKNOWN_DISTRICT"
    assert "甲区" in refused.sentence


async def test_an_overlay_is_checked_against_what_is_in_the_calendar(registry) -> None:
    """The same again is said to be there; a day that rests already, or no reason, is refused."""
    await registry.imported()
    later = NOW + timedelta(minutes=1)
    same = await registry.run(registry.changes.import_local, replace(TYPHOON, now=later))
    idle = (LocalDayOrder(day=date(2026, 7, 19), is_off=True, name="台风"),)
    rests = await registry.run(
        registry.changes.import_local, replace(TYPHOON, days=idle, now=later)
    )
    unnamed = (LocalDayOrder(day=TUESDAY, is_off=True, name=" "),)
    why = await registry.run(
        registry.changes.import_local, replace(TYPHOON, days=unnamed, now=later)
    )

    assert [same.code, rests.code, why.code] == ["CALENDAR_SAME", "LOCAL_DAYS", "LOCAL_DAYS"]
    assert len(await registry.versions()) == 2


async def test_an_order_whose_answer_was_lost_stages_once(registry) -> None:
    """Asked twice by the same person at the same instant, even at once: one version."""
    first = await asyncio.gather(*(registry.imported() for _ in range(3)))
    await registry.publish(now=NOW + timedelta(hours=1))
    at = NOW + timedelta(hours=2)
    second = await asyncio.gather(*(registry.rollback(now=at) for _ in range(3)))

    assert {each.version for each in first} == {2}
    assert {(each.version, each.basis) for each in second} == {(3, 1)}


async def test_a_notice_imported_over_an_overlay_keeps_it(registry) -> None:
    """Both are staged one after the other and come into force together, in order."""
    await registry.imported()
    await registry.run(registry.bulk.import_calendar, NOTICE)

    preview = await registry.publish("区协调员")

    assert [line.split("：")[0] for line in preview.staged] == [
        "第2版（地方，区协调员导入）",
        "第3版（通知，市协调员导入）",
    ]
    assert (await consult(registry, DISTRICT)).due_date == date(2026, 7, 22)
    asked = replace(question_again(), standing=TUESDAY, asked_at=NOW)
    for district, said in ((DISTRICT, ["甲区：甲防指〔2026〕3号", "国办"]), ("乙区", ["国办"])):
        consultation = Consultation(rollout="台风", district=district, dues=(asked,))
        answer = await registry.run(registry.registers.consult, consultation)
        papers = answer.calendar_paper.split("；")
        assert len(papers) == len(said)
        assert all(map(str.startswith, papers, said))
        assert all(paper.endswith("区协调员发布") for paper in papers)


def question_again() -> DueQuestion:
    """办理 as it was dispatched on Friday."""
    return DueQuestion(step="办理", dispatched_at=NOW, workdays=2)


async def test_a_districts_year_shows_its_own_days(registry) -> None:
    """With 文号 and reason; another district has none, and an unknown one is told from it."""
    await registry.imported()
    await registry.publish()
    desk = DeskActivities(registry.database)

    here, there, nowhere = [
        await registry.run(desk.calendar_year, CalendarYearQuestion(year=2026, district=name))
        for name in (DISTRICT, "乙区", "丙区")
    ]

    assert [(d.day, d.is_off, d.name, d.paper) for d in here.local] == [
        (MONDAY, True, "台风停工", "甲防指〔2026〕3号")
    ]
    assert (there.local, there.district_known, nowhere.district_known) == ((), True, False)


@pytest.mark.parametrize(
    "values",
    [
        "'地方', '', '文号', '甲', 1",
        "'通知', '甲区', '文号', '甲', 1",
        "'地方', '甲区', '', '甲', 1",
        "'地方', '甲区', '文号', '', 1",
        "'回退', '', '文号', '', 1",
        "'别的', '', '文号', '甲', 1",
        "'回退', '', '文号', '甲', 2",
    ],
)
async def test_the_database_refuses_a_version_that_cannot_be(registry, values) -> None:
    """No overlay without district, 文号 and person; no return without a person or to itself."""
    statement = text(
        "INSERT INTO calendar_version (version, calendar_id, content_hash, year, document,"
        " staged_at, published_by, kind, district, paper, staged_by, basis)"
        f" VALUES (2, 'CN', 'x', 2026, '{{}}', :now, '', {values})"
    )
    with pytest.raises(IntegrityError):
        async with registry.database.transaction() as connection:
            await connection.execute(statement, {"now": NOW})


# --- 2020 as it happened ------------------------------------------------------------------------

AFTER = load_builtin_calendar()
BEFORE = AFTER.with_notice(builtin_superseded(2020))
ANNOUNCED = datetime(2020, 1, 27, 9, tzinfo=SHANGHAI)


def on(day: int, month: int = 1) -> datetime:
    """Ten o'clock of a day in January 2020."""
    return datetime(2020, month, day, 10, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "dispatched, workdays, before, after",
    [
        (on(20), 3, date(2020, 1, 23), date(2020, 1, 23)),
        (on(20), 4, date(2020, 1, 31), date(2020, 2, 3)),
        (on(20), 5, date(2020, 2, 1), date(2020, 2, 4)),
        (on(22), 2, date(2020, 1, 31), date(2020, 2, 3)),
        (on(31), 1, date(2020, 2, 1), date(2020, 2, 3)),
        (on(3, 2), 3, date(2020, 2, 6), date(2020, 2, 6)),
    ],
)
def test_the_holiday_of_2020_extended_in_mid_course(dispatched, workdays, before, after) -> None:
    """What counts over 01-31 and Saturday 02-01 moves on; what ended before or began after stays."""
    question = DueQuestion(step="办理", dispatched_at=dispatched, workdays=workdays)
    shelved = PlanOnShelf(small_plan("2020", date(2020, 1, 1)))
    again = replace(question, standing=before, asked_at=ANNOUNCED)

    assert [
        DueTimes(shelved, BEFORE).deadline(question).due_date,
        DueTimes(shelved, AFTER).deadline(again).due_date,
    ] == [before, after]


def scheduled(due: date, standing: date | None = None):
    """办理 of a task due on a day, dispatched early: its place in the backward schedule counts."""
    plan = small_plan("2020", date(2020, 1, 1), row("9", "总结", RowKind.TASK, due))
    question = DueQuestion(
        step="办理", dispatched_at=on(6), workdays=1, row_id="9", limit=due, standing=standing
    )
    return PlanOnShelf(plan), question


def test_the_extension_of_2020_made_nothing_overdue() -> None:
    """Counted back over the new days off a step falls before 01-27: it is not overdue by that.

    Its day was 02-01, worked until then and now off: it goes on to 02-03, within the row's own limit, and says so.
    """
    due = date(2020, 2, 4)
    shelved, question = scheduled(due)
    before = DueTimes(shelved, BEFORE).deadline(question)
    plainly = DueTimes(shelved, AFTER).deadline(question)
    again = replace(question, standing=before.due_date, asked_at=ANNOUNCED)
    after = DueTimes(shelved, AFTER).deadline(again)

    assert before.due_date > ANNOUNCED.date() > plainly.due_date
    assert not AFTER.is_workday(before.due_date)
    assert (before.due_date, after.due_date) == (date(2020, 2, 1), date(2020, 2, 3))
    assert "已经过去，不因此算作超期，原时限2020年2月1日（星期六）顺延" in after.rule


def test_what_was_overdue_before_the_extension_stays_overdue() -> None:
    """A step of 01-23 that was not done by 01-27 keeps its date: holding is for the running only."""
    question = DueQuestion(step="办理", dispatched_at=on(20), workdays=3)
    shelved = PlanOnShelf(small_plan("2020", date(2020, 1, 1)))
    again = replace(question, standing=date(2020, 1, 23), asked_at=ANNOUNCED)

    assert DueTimes(shelved, AFTER).deadline(again).due_date == date(2020, 1, 23)


def test_a_held_date_never_slides_beyond_the_rows_limit() -> None:
    """The row is due on 02-01 itself: what is held stays on that day, rest day or not."""
    question = DueQuestion(
        step="办理",
        dispatched_at=on(6),
        workdays=1,
        anchor=date(2020, 2, 1),
        workdays_after=1,
        limit=date(2020, 2, 1),
        standing=date(2020, 1, 31),
        asked_at=ANNOUNCED,
    )
    shelved = PlanOnShelf(small_plan("2020", date(2020, 1, 1)))

    assert DueTimes(shelved, AFTER).deadline(question).due_date == date(2020, 2, 1)

"""Calendars that change while procedures run, as it happened: 2020, a November, a typhoon, a slip.

The server's clock cannot be set back, so each course is played in a coming year, day of the week by
day of the week; the due times of 2020 itself are in tests/activities/test_calendar_changes.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from activities.bulk import BulkActivities
from activities.calendar_changes import CalendarChangeActivities
from contracts import names
from contracts.calendar import PublicationRequest, publication_id
from contracts.calendar_changes import LocalDayOrder, LocalOrder, RollbackOrder
from contracts.desk import CalendarImport, PublishPreview, PublishQuestion
from domain.plan import RowKind
from domain.procedure import Verb
from domain.unit import Unit, UnitKind
from tests.office import Office, proof
from tests.postgres import database_of_its_own
from tests.small_plan import DISTRICT, STREETS, row, small_plan, units
from workflows.calendar_publication import CalendarPublication

SHANGHAI = ZoneInfo("Asia/Shanghai")
OTHER, OTHER_STREET = "乙区", "乙一街道"
CITY_LEADER = "市协调员"


@dataclass
class Almanac:
    """An office with a calendar of its own, and those who change it."""

    office: Office

    async def notice(self, year: int, paper: str, off: set[date], work: set[date]) -> None:
        """Import a year's notice."""
        done = await BulkActivities(self.office.database).import_calendar(
            CalendarImport(
                year=year,
                paper=paper,
                off_days=tuple(sorted(off)),
                work_days=tuple(sorted(work)),
                now=await self.office.now(),
                person=CITY_LEADER,
            )
        )
        assert not done.code, done.sentence

    async def close(self, day: date, paper: str) -> None:
        """Import a typhoon day of 甲区."""
        order = LocalOrder(
            district=DISTRICT,
            paper=paper,
            days=(LocalDayOrder(day=day, is_off=True, name="台风停工"),),
            now=await self.office.now(),
            person="区协调员",
        )
        done = await CalendarChangeActivities(self.office.database).import_local(order)
        assert not done.code, done.sentence

    async def take_back(self) -> None:
        """Stage a return to what was in force before."""
        order = RollbackOrder(now=await self.office.now(), person=CITY_LEADER)
        done = await CalendarChangeActivities(self.office.database).rollback(order)
        assert not done.code, done.sentence

    async def publish(self) -> PublishPreview:
        """Preview, confirm, tell all procedures; the lists of both are the same."""
        bulk, now = BulkActivities(self.office.database), await self.office.now()
        question = PublishQuestion(now=now, person=CITY_LEADER)
        shown = await bulk.publish_calendar(question)
        done = await bulk.publish_calendar(replace(question, confirm=True))
        assert (done.published, done.moved) == (True, shown.moved), done.sentence
        await self._tell(done.version)
        return done

    async def _tell(self, version: int) -> None:
        """The workflow that tells all procedures; awaiting its result would let years go by."""
        telling = await self.office.client.start_workflow(
            CalendarPublication.run,
            PublicationRequest(version=version),
            id=publication_id(version),
            task_queue=names.PROCEDURES_QUEUE,
        )
        for _ in range(600):
            if (await telling.describe()).status is WorkflowExecutionStatus.COMPLETED:
                break
            await self.office.env.sleep(timedelta(seconds=1))
        with self.office.env.auto_time_skipping_disabled():
            assert (await telling.result()).left == 0

    async def until(self, day: date, hour: int = 10) -> None:
        """Let time go by until an hour of a day in Shanghai."""
        wanted = datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)
        left = wanted - await self.office.now()
        assert left > timedelta(0)
        await self.office.env.sleep(left)

    async def moves(self, workflow_id: str) -> list[str]:
        """The log's sentences about dates that moved."""
        return [e["sentence"] for e in await self.office.log(workflow_id) if e["kind"] == "改期"]

    async def told(self, unit: str) -> list[str]:
        """The notices to a unit about dates that moved."""
        question = "SELECT text FROM notice WHERE level = '改期' AND unit = :unit ORDER BY at"
        return [n["text"] for n in await self.office.rows(question, unit=unit)]

    async def dues(self, *workflow_ids: str) -> list[date]:
        """When the one open step of each procedure is due."""
        found = [(await self.office.progress(wid)).steps for wid in workflow_ids]
        return [next(s.due_date for s in steps if s.closed_at is None) for steps in found]


@pytest.fixture
async def almanac(env: WorkflowEnvironment) -> AsyncIterator[Almanac]:
    """A database of its own for each course."""
    async with database_of_its_own("almanac") as database, Office(env, database) as office:
        yield Almanac(office)


def two_districts(rollout: str, kickoff: date, *rows: Any) -> Any:
    """The small plan with a 乙区 that has a 区委编办 and one street."""
    model: dict[str, Unit] = {unit.name: unit for unit in units()}
    more = (
        replace(model[DISTRICT], name=OTHER, district=OTHER),
        replace(
            model["甲区委编办"],
            name="乙区委编办",
            district=OTHER,
            handlers=("乙区委编办经办甲", "乙区委编办经办乙"),
            head="乙区委编办主要负责人",
            substitutes=(),
            coordinators=(),
        ),
        replace(
            model[STREETS[0]],
            name=OTHER_STREET,
            district=OTHER,
            handlers=(f"{OTHER_STREET}经办甲",),
            head=f"{OTHER_STREET}主要负责人",
            substitutes=(),
            first_secretary="",
        ),
    )
    assert {unit.kind for unit in more} >= {UnitKind.DISTRICT, UnitKind.STREET}
    return small_plan(rollout, kickoff, *rows, units=(*units(), *more))


def on_weekday(first: date, weekday: int) -> date:
    """The first such day of the week (Monday 0) from a day on."""
    return first + timedelta(days=(weekday - first.weekday()) % 7)


def run_of(first: date, count: int) -> set[date]:
    """So many days from the first on."""
    return {first + timedelta(days=n) for n in range(count)}


async def test_a_spring_festival_is_lengthened_while_a_sanding_runs(almanac: Almanac) -> None:
    """2020: on the fourth day of the holiday it grows by 01-31 and a make-up Saturday.

    What counted over them moves, each unit is told once with the paper, the first date stays
    visible; a step that was overdue before the holiday stays overdue, and nothing else becomes so.
    """
    office = almanac.office
    year = (await office.today()).year + 1
    friday = on_weekday(date(year, 1, 20), 4)  # 2020-01-24
    rest = {date(year, 1, 1), *run_of(date(year, 10, 1), 7)}
    sunday, saturday = friday - timedelta(days=5), friday + timedelta(days=8)
    await almanac.notice(
        year, "国办发明电〔2019〕16号", rest | run_of(friday, 7), {sunday, saturday}
    )
    await almanac.publish()

    due = friday + timedelta(days=14)  # so near that 起草 counts its own four days
    rows = (row("2", "三定", RowKind.SANDING, due, after=()),)
    await almanac.until(friday - timedelta(days=7))
    plan = small_plan("早", await office.today(), *rows)
    early = (await office.start_procedure(plan, "2", STREETS[1])).id
    await office.until_open(early, "起草")
    await almanac.until(friday - timedelta(days=4))
    plan = small_plan("晚", await office.today(), *rows)
    late = (await office.start_procedure(plan, "2", STREETS[0])).id
    await office.until_open(late, "起草")
    before = friday + timedelta(days=7)
    assert await almanac.dues(early, late) == [friday - timedelta(days=2), before]

    await almanac.until(friday + timedelta(days=3), hour=8)
    await almanac.notice(
        year,
        "国办发明电〔2019〕16号；国办发明电〔2020〕1号",
        rest | run_of(friday, 10),
        {sunday},
    )
    preview = await almanac.publish()

    after = friday + timedelta(days=10)
    assert [(m.unit, m.before, m.after) for m in preview.moved] == [(STREETS[0], before, after)]
    assert await almanac.dues(early, late) == [friday - timedelta(days=2), after]
    (said,) = await almanac.moves(late)
    assert "国办发明电〔2020〕1号，市协调员发布" in said
    assert f"时限由{before}改为{after}" in said
    assert await almanac.told(STREETS[0]) == [said]
    assert (await almanac.moves(early), await almanac.told(STREETS[1])) == ([], [])
    items = await office.rows(
        "SELECT d.unit, d.due_date, d.original_due_date, b.light, b.overdue_count"
        " FROM desk_item d JOIN board_row b USING (workflow_id) ORDER BY b.rollout"
    )
    assert [tuple(item.values()) for item in items] == [
        (STREETS[1], friday - timedelta(days=2), friday - timedelta(days=2), "红", 1),
        (STREETS[0], after, before, "绿", 0),
    ]

    await almanac.until(after, hour=23)
    assert "超期" not in [e["kind"] for e in await office.log(late)]
    await office.done(late, Verb.SUBMIT, f"{STREETS[0]}经办甲", "起草", evidence=proof("草案"))
    assert (await office.progress(late)).steps[0].original_due_date == before


async def test_the_notice_for_the_next_year_arrives_in_november(almanac: Almanac) -> None:
    """A step of January is provisional and says so; in November its date is settled, and told."""
    office = almanac.office
    today = await office.today()
    november = date(today.year + (today >= date(today.year, 11, 1)), 11, 1)
    year = november.year + 1
    for earlier in range(2027, year):
        await almanac.notice(earlier, f"{earlier}年通知", plain(earlier), set())
        await almanac.publish()
    await almanac.until(on_weekday(november, 1))
    wednesday = on_weekday(date(year, 1, 12), 2)
    plan = small_plan(
        "过年", await office.today(), row("9", "总结", RowKind.TASK, wednesday, lead="区委编办")
    )
    wid = (await office.start_procedure(plan, "9", STREETS[0])).id
    await office.until_open(wid, "办理")
    (before,) = (await office.progress(wid)).steps
    (shown,) = await office.rows("SELECT provisional, rule FROM desk_item")
    assert (before.provisional, shown["provisional"]) == (True, True)
    assert f"{year}年放假通知尚未载入" in shown["rule"]

    await almanac.until(on_weekday(november, 1) + timedelta(days=7))
    closed = {wednesday - timedelta(days=n) for n in (1, 2)}
    await almanac.notice(year, f"国办发明电〔{year - 1}〕7号", plain(year) | closed, set())
    preview = await almanac.publish()

    (after,) = (await office.progress(wid)).steps
    (moved,) = preview.moved
    assert (moved.provisional_before, moved.provisional_after) == (True, False)
    assert (moved.before, moved.after) == (before.due_date, after.due_date)
    assert after.due_date < before.due_date == after.original_due_date
    assert not after.provisional
    (shown,) = await office.rows("SELECT provisional, rule FROM desk_item")
    assert (shown["provisional"], "尚未载入" in shown["rule"]) == (False, False)
    assert [f"国办发明电〔{year - 1}〕7号" in said for said in await almanac.told(STREETS[0])] == [
        True
    ]


def plain(year: int) -> set[date]:
    """The days off of a notice that names little."""
    return {date(year, 1, 1), *run_of(date(year, 10, 1), 7)}


async def typhoon_week(almanac: Almanac, closed: str = "") -> tuple[date, str, str]:
    """A Monday of March on which 办理 opens, due two weeks later, in 甲区 and in 乙区.

    With a paper ``closed``, 甲区 has known for a week that the last Wednesday is closed.
    """
    office = almanac.office
    year = (await office.today()).year + 1
    await almanac.notice(year, "通知", plain(year), set())
    await almanac.publish()
    monday = on_weekday(date(year, 3, 2), 0)
    await almanac.until(monday - timedelta(days=7))
    if closed:
        await almanac.office.register(two_districts("先", monday))
        await almanac.close(monday + timedelta(days=16), closed)
        await almanac.publish()
    await almanac.until(monday)
    end = monday + timedelta(days=18)
    rows = row("9", "总结", RowKind.TASK, end, targets=(STREETS[0], OTHER_STREET))
    here, there = [
        (
            await office.start_procedure(
                two_districts(f"台风{street}", monday, replace(rows, options={})), "9", street
            )
        ).id
        for street in (STREETS[0], OTHER_STREET)
    ]
    for wid in (here, there):
        await office.until_open(wid, "办理")
    return monday, here, there


async def test_a_typhoon_day_moves_its_district_and_a_slip_is_taken_back(
    almanac: Almanac,
) -> None:
    """Only 甲区's step moves; rolled back, the list is the first reversed and every date returns."""
    monday, here, there = await typhoon_week(almanac)
    due = await almanac.dues(here, there)
    assert due[0] == due[1]

    await almanac.close(due[0], "甲防指〔2027〕3号")
    first = await almanac.publish()
    moved = await almanac.dues(here, there)
    await almanac.take_back()
    second = await almanac.publish()

    assert [(m.unit, m.before, m.after) for m in first.moved] == [(STREETS[0], due[0], moved[0])]
    assert (moved[0] == due[0], moved[1]) == (False, due[1])
    assert await almanac.dues(here, there) == due
    assert [(m.item, m.before, m.after) for m in second.moved] == [
        (m.item, m.after, m.before) for m in first.moved
    ]
    told = await almanac.told(STREETS[0])
    assert told == await almanac.moves(here)
    assert ["甲区：甲防指〔2027〕3号" in said for said in told] == [True, True]
    assert "日历回退到第2版，撤回第3版" in told[1]
    assert (await almanac.told(OTHER_STREET), await almanac.moves(there)) == ([], [])
    (step,) = (await almanac.office.progress(here)).steps
    assert (step.due_date, step.original_due_date) == (due[0], due[0])
    assert monday < due[0]


async def test_a_step_opened_after_the_typhoon_counts_by_its_district(almanac: Almanac) -> None:
    """What is dispatched later in 甲区 is due a day earlier for the closure, and names its paper."""
    _, here, there = await typhoon_week(almanac, closed="甲防指〔2027〕4号")

    due = await almanac.dues(here, there)
    found = await almanac.office.rows(
        "SELECT b.district, d.rule FROM desk_item d JOIN board_row b USING (workflow_id)"
    )
    rules = {item["district"]: item["rule"] for item in found}

    assert due[0] < due[1]
    assert "倒排时甲区台风停工（甲防指〔2027〕4号）" in rules[DISTRICT]
    assert "CN@3+甲区" in rules[DISTRICT]
    assert "甲" not in rules[OTHER]

"""A year of schedules: holidays, 调休, outages, a failing audit, a pause, a typhoon, a lost Schedule.

The Schedules are driven by a clock (tests/audit_schedules.py); reckoning, register, draws and notices
are the real ones. Who opens an audit is told here whether it can.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.exceptions import ApplicationError

from activities.audit_draw import DrawBook
from activities.audit_plan import AuditPlanActivities
from activities.audit_runs import AuditRunActivities
from activities.audit_watch import ScheduleWatch
from activities.bulk import BulkActivities
from activities.calendar_changes import CalendarChangeActivities
from activities.plan_shelf import Shelf
from contracts.audit_flow import AuditOpening
from contracts.audit_plan import Arranged, ArrangeOrder, AuditListQuestion, PauseOrder, RunLine
from contracts.audit_run import (
    ReckonQuestion,
    RunOrder,
    ScheduledRequest,
    audit_id,
    audit_schedule_id,
)
from contracts.calendar_changes import LocalDayOrder, LocalOrder
from contracts.desk import PlanRegistration, PublishQuestion
from domain.audit import AuditKind, AuditPlan, Cadence, Every, Move, SampleRule
from domain.day_words import SHANGHAI
from domain.deadline import local_day
from runtime.seal import Seal
from storage.engine import Database
from tests.audit_schedules import ClockedSchedules
from tests.postgres import database_of_its_own
from tests.small_plan import DISTRICT, small_plan

NAME = "全年"
PERSON = "甲区委编办经办甲"

# What the year must come to: window, what became of it, on which day, made up.
EXPECTED = """
联席  2026-01        开展  01-26
联席  2026-02        开展  02-25
联席  2026-03        开展  03-30  补
联席  2026-04        开展  04-27
联席  2026-05        开展  05-25
联席  2026-06        开展  06-25
联席  2026-07        开展  07-27
联席  2026-08        开展  08-25
联席  2026-09        开展  09-28
联席  2026-10        开展  10-28
联席  2026-11        开展  11-26  补
联席  2026-12        开展  12-25
调研  2026-01        开展  01-04
调研  2026-02        开展  02-02
调研  2026-03        开展  03-02
调研  2026-04        开展  04-01
调研  2026-05        开展  05-06
调研  2026-06        开展  06-01
调研  2026-07        漏检  08-03
调研  2026-08        开展  08-20  补
调研  2026-09        开展  09-01
调研  2026-10        开展  10-08
调研  2026-11        开展  11-02
调研  2026-12        开展  12-01
纪律  2026年第1季度  开展  02-14
纪律  2026年第2季度  开展  06-01  补
纪律  2026年第3季度  漏检  11-13
纪律  2026年第4季度  开展  11-20  补
评估  2026年上半年   开展  06-22
评估  2026年下半年   开展  12-21
督查  2026年         开展  09-30
推进  2026年         开展  05-06
"""


def at(words: str) -> datetime:
    """A moment of the year in Shanghai."""
    return datetime.fromisoformat(f"2026-{words}").replace(tzinfo=SHANGHAI).astimezone(UTC)


def arrangements() -> list[AuditPlan]:
    """A monthly meeting, a sample, and every other cadence."""

    def one(name: str, kind: AuditKind, every: Every, day: int, month: int = 1, **more: Any) -> Any:
        cadence = {"move": more.pop("move", Move.LATER), "span": more.pop("span", 1)}
        return AuditPlan(
            rollout=NAME,
            name=name,
            kind=kind,
            district=DISTRICT,
            unit="区委编办",
            approval="甲督〔2026〕1号",
            cadence=Cadence(every=every, first=date(2026, 1, 1), day=day, month=month, **cadence),
            **more,
        )

    earlier = {"move": Move.EARLIER}
    return [
        one("联席", AuditKind.JOINT_MEETING, Every.MONTH, 25),
        one("调研", AuditKind.SPECIAL, Every.MONTH, 1),
        one("纪律", AuditKind.DISCIPLINE, Every.QUARTER, 15, 2, **earlier),
        one("评估", AuditKind.ASSESSMENT, Every.HALF_YEAR, 20, 6),
        one("督查", AuditKind.ANNUAL, Every.YEAR, 1, 10, **earlier),
        one("推进", AuditKind.PUSH_MEETING, Every.YEAR, 1, 5),
        one(
            "抽查",
            AuditKind.SAMPLING,
            Every.QUARTER,
            1,
            span=20,
            sample=SampleRule(count=1),
            reader=Seal(b"r" * 32).address(),
        ),
    ]


@dataclass
class Openings:
    """Opens audits, unless an arrangement is told to fail."""

    opened: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)

    async def open(self, opening: AuditOpening) -> str:
        """Open one, or fail for good."""
        if opening.key.plan in self.failing:
            raise ApplicationError("没有经办人", type="NOBODY", non_retryable=True)
        self.opened.append(audit_id(opening.key))
        return audit_id(opening.key)

    async def composed(self, connection: Any, opening: AuditOpening) -> None:
        """Anything could be opened on the day of arranging."""


class Year:
    """One rollout, its arrangements, and the clock."""

    def __init__(self, database: Database, run: Callable[..., Awaitable[Any]]) -> None:
        self.database, self.run = database, run
        self.schedules = ClockedSchedules(now=at("01-04T10:00"), hours=(9, 14))
        self.schedules.action = self.fire
        self.openings = Openings()
        shelf, watch = Shelf(), ScheduleWatch(self.schedules)
        seal = Seal(b"k" * 32)
        book = DrawBook(seal, lambda size: hashlib.sha256(b"the year").digest()[:size])
        self.desk = AuditPlanActivities(database, shelf, self.openings, book, watch, has_key=True)
        self.runs = AuditRunActivities(database, shelf, self.openings, book, watch)

    async def fire(self, request: ScheduledRequest, planned: datetime, now: datetime) -> bool:
        """What the workflow does with a firing."""
        failed: set[Any] = set()
        while True:
            asked = ReckonQuestion(
                rollout=request.rollout, plan=request.plan, at=now, planned_at=planned
            )
            found = await self.run(self.runs.reckon, asked)
            new = [due for due in found.due if (due.key, due.step) not in failed]
            for due in new:
                try:
                    await self.run(self.runs.carry_out, RunOrder(due=due, at=now))
                except ApplicationError:
                    failed.add((due.key, due.step))
            if not new or not found.more:
                return not failed

    async def arrange(self, plan: AuditPlan) -> Arranged:
        """Arrange, or change."""
        order = ArrangeOrder(now=self.schedules.now, plan=plan, person=PERSON, action_id=plan.name)
        return await self.run(self.desk.arrange, order)

    async def stop(self, plan: str, *, pause: bool) -> None:
        """Pause, or resume."""
        now = self.schedules.now
        order = PauseOrder(
            now=now,
            rollout=NAME,
            plan=plan,
            person=PERSON,
            action_id=f"{plan}{now}",
            reason="防汛",
            pause=pause,
        )
        done = await self.desk.pause(order)
        assert done.code == "", done.sentence

    async def typhoon(self, *days: int) -> None:
        """The district closes."""
        now = self.schedules.now
        closed = tuple(
            LocalDayOrder(day=date(2026, 10, day), is_off=True, name="台风停工") for day in days
        )
        order = LocalOrder(
            district=DISTRICT, paper="甲防指〔2026〕3号", days=closed, now=now, person="区协调员"
        )
        staged = await CalendarChangeActivities(self.database).import_local(order)
        assert staged.code == "", staged.sentence
        question = PublishQuestion(now=now, confirm=True, person="区协调员")
        published = await BulkActivities(self.database).publish_calendar(question)
        assert published.published, published.sentence

    async def listed(self, plan: str) -> tuple[RunLine, ...]:
        """What ``jiegai audit list`` shows of one, oldest first."""
        question = AuditListQuestion(now=self.schedules.now, rollout=NAME, plan=plan)
        (line,) = (await self.desk.arrangements(question)).lines
        return line.runs[::-1]

    async def published(self) -> dict[str, str]:
        """Which draws came to light, on which day."""
        async with self.database.single() as connection:
            found = await connection.execute(
                text("SELECT label, published_at FROM audit_draw WHERE published_at IS NOT NULL")
            )
            return {row.label: f"{local_day(row.published_at):%m-%d}" for row in found}

    async def notices(self, plan: str) -> list[str]:
        """What the organiser was told, in order."""
        async with self.database.single() as connection:
            found = await connection.execute(
                text("SELECT text FROM notice WHERE key LIKE :of ORDER BY at, key"),
                {"of": f"督查:{NAME}:{plan}:%"},
            )
            return list(found.scalars())


@pytest.fixture
async def year(run: Callable[..., Awaitable[Any]]) -> AsyncIterator[Year]:
    """A database of its own: a calendar is published in October."""
    async with database_of_its_own("audit_year") as opened:
        order = PlanRegistration(
            plan=small_plan(NAME, date(2026, 1, 4)), content_hash=NAME, now=at("01-04T09:00")
        )
        await run(BulkActivities(opened).register_plan, order)
        yield Year(opened, run)


async def test_a_year_of_schedules_comes_to_the_expected_list(year):
    """Every window of the year is done, made up or reported, as the table says, and nothing twice."""
    clock = year.schedules
    for plan in arrangements():
        assert (await year.arrange(plan)).created
        assert not (await year.arrange(plan)).created
    await clock.until(at("03-20T18:00"))
    clock.server = False
    await clock.until(at("03-29T18:00"))
    await clock.server_back()
    await clock.until(at("04-10T10:00"))
    del clock.kept[audit_schedule_id(NAME, "督查")]
    await clock.until(at("05-15T08:00"))
    year.openings.failing.add("纪律")
    await clock.until(at("06-01T10:00"))
    year.openings.failing.clear()
    await year.stop("纪律", pause=False)
    await clock.until(at("06-20T10:00"))
    await year.stop("调研", pause=True)
    await clock.until(at("08-14T08:00"))
    year.openings.failing.add("纪律")
    await clock.until(at("08-20T10:00"))
    await year.stop("调研", pause=False)
    await clock.until(at("10-20T10:00"))
    await year.typhoon(26, 27)
    await clock.until(at("10-21T10:00"))
    assert at("10-28T09:00") in clock.kept[audit_schedule_id(NAME, "联席")].entries
    await clock.until(at("11-20T10:00"))
    year.openings.failing.clear()
    await year.stop("纪律", pause=False)
    await clock.until(at("11-24T12:00"))
    clock.worker = False
    await clock.until(at("11-26T12:00"))
    await clock.worker_back()
    await clock.until(at("12-31T18:00"))

    lines = [line.split() for line in EXPECTED.strip().splitlines()]
    for plan in dict.fromkeys(name for name, *_ in lines):
        expected = [line[1:] for line in lines if line[0] == plan]
        assert [said(run) for run in await year.listed(plan)] == expected, plan
    opened = [
        f"{NAME}/督查/{name}/{window}" for name, window, state, *_ in lines if state == "开展"
    ]
    assert sorted(year.openings.opened) == sorted(opened)
    await told_and_drawn(year)


async def told_and_drawn(year: Year) -> None:
    """What was missed, failed, drawn or lost was told, each once."""
    samples = await year.listed("抽查")
    assert [run.window for run in samples] == [f"2026年第{n}季度" for n in (1, 2, 3, 4)]
    assert [run.state for run in samples] == ["未到访", "未到访", "未到访", "已抽取"]
    for run in samples:
        assert (
            run.planned_at < run.at < run.planned_at.replace(month=run.planned_at.month + 1, day=28)
        )
    told = await year.notices("抽查")
    assert sum("请运行 jiegai audit draw" in sentence for sentence in told) == 4
    assert sum("请尽快到访并登记" in sentence for sentence in told) == 4
    lapsed = [sentence for sentence in told if "抽样记录已经公布" in sentence]
    assert lapsed == [
        f"2026年第{n}季度：抽取后到下一期开始时仍没有到访记录，抽样记录已经公布。"
        for n in (1, 2, 3)
    ]
    assert await year.published() == {
        "2026年第1季度": "04-01",
        "2026年第2季度": "07-01",
        "2026年第3季度": "10-08",
    }
    assert [s for s in await year.notices("调研") if "漏检" in s] == [
        "2026-07（原定2026-07-01）漏检：这一期开始后安排暂停，到下一期开始时仍未办成。"
    ]
    failed = await year.notices("纪律")
    assert sum("已停摆" in sentence for sentence in failed) == 2
    assert sum("漏检" in sentence and "NOBODY" in sentence for sentence in failed) == 1
    assert await year.notices("督查") == ["安排的日程在 Temporal 上不见了，已重新设置。"]
    for plan in ("联席", "评估", "推进"):
        assert await year.notices(plan) == []
    assert audit_schedule_id(NAME, "抽查") not in year.schedules.kept


def said(run: RunLine) -> list[str]:
    """A window as the table has it."""
    day = f"{local_day(run.at):%m-%d}" if run.at else ""
    return [run.window, run.state, day, *(["补"] if run.late else [])]

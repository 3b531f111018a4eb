"""Arranging, pausing and listing audits against a real database; Schedules driven by a clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from activities.audit_draw import DrawBook
from activities.audit_keeper import TickKeeper
from activities.audit_plan import AuditPlanActivities
from activities.audit_runs import AuditRunActivities
from activities.audit_watch import ScheduleWatch
from activities.plan_shelf import Shelf
from contracts.audit_flow import AuditOpening
from contracts.audit_plan import (
    Arranged,
    ArrangeOrder,
    AuditListQuestion,
    PauseOrder,
    PlanLine,
)
from contracts.audit_run import ReckonQuestion, RunOrder, audit_id, audit_schedule_id
from contracts.audit_schedule import SchedulesAway
from domain.audit import AuditKind, AuditPlan, Cadence, Every, SampleRule
from domain.audit_cadence import RunStep
from domain.day_words import SHANGHAI
from runtime.seal import Seal
from storage.engine import Database
from tests.activities.conftest import Rollout
from tests.audit_schedules import ClockedSchedules

DISTRICT = "海勃湾区"
PERSON = "海勃湾区委编办经办甲"
READER = Seal(b"r" * 32).address()


def at(words: str) -> datetime:
    """A moment of 2026 in Shanghai."""
    return datetime.fromisoformat(f"2026-{words}").replace(tzinfo=SHANGHAI).astimezone(UTC)


NOW = at("03-02T10:00")


class Opened:
    """Opens nothing and says that it did."""

    def __init__(self, patience: float = 0.0) -> None:
        self.count = 0
        self.patience = patience
        self.another = asyncio.Event()

    async def open(self, opening: AuditOpening) -> str:
        """The id that it would have; it gives another time to come, if it is patient."""
        self.count += 1
        if self.count > 1:
            self.another.set()
        if self.patience:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.another.wait(), self.patience)
        return audit_id(opening.key)

    async def composed(self, connection: Any, opening: AuditOpening) -> None:
        """Anything could be opened."""


class Bench:
    """Arrangements of one rollout, a clock, and hands."""

    def __init__(
        self, rollout: Rollout, database: Database, run: Callable[..., Awaitable[Any]]
    ) -> None:
        self.name, self.database, self.run = rollout.plan.rollout, database, run
        self.schedules = ClockedSchedules(now=NOW)
        self.watch, self.seal, self.shelf = ScheduleWatch(self.schedules), Seal(b"k" * 32), Shelf()
        self.desk = self.desk_with(self.seal)
        book = DrawBook(self.seal, lambda size: b"s" * size)
        self.opened = Opened()
        self.runs = AuditRunActivities(database, self.shelf, self.opened, book, self.watch)

    def desk_with(self, seal: Seal | None) -> AuditPlanActivities:
        """The desk with a key, or without."""
        book = DrawBook(seal, lambda size: b"s" * size)
        return AuditPlanActivities(
            self.database, self.shelf, Opened(), book, self.watch, has_key=seal is not None
        )

    def plan(self, name: str = "季度检查", **more: Any) -> AuditPlan:
        """A quarterly 检查评估 of a district."""
        cadence = Cadence(every=Every.QUARTER, first=date(2026, 1, 1), month=3, day=10)
        settled: dict[str, Any] = {
            "rollout": self.name,
            "name": name,
            "kind": AuditKind.ASSESSMENT,
            "cadence": cadence,
            "district": DISTRICT,
            "approval": "海督〔2026〕1号",
        }
        return AuditPlan(**settled | more)

    def sample(self, **more: Any) -> AuditPlan:
        """A quarterly 随机抽查."""
        cadence = Cadence(every=Every.QUARTER, first=date(2026, 1, 1), month=3, span=10)
        settled = {
            "kind": AuditKind.SAMPLING,
            "cadence": cadence,
            "sample": SampleRule(count=1),
            "reader": READER,
        }
        return replace(self.plan("抽查"), **settled | more)

    async def arrange(self, plan: AuditPlan, person: str = PERSON, **more: Any) -> Arranged:
        """Arrange."""
        order = ArrangeOrder(
            **{"now": NOW, "plan": plan, "person": person, "action_id": "a"} | more
        )
        return await self.run(self.desk.arrange, order)

    async def stop(self, action_id: str, *, pause: bool, **more: Any) -> Arranged:
        """Pause, or resume."""
        said = {
            "now": NOW,
            "rollout": self.name,
            "plan": "季度检查",
            "person": PERSON,
            "action_id": action_id,
            "reason": "防汛",
            "pause": pause,
        }
        return await self.run(self.desk.pause, PauseOrder(**said | more))

    async def line(self, plan: str = "季度检查", now: datetime = NOW) -> PlanLine:
        """What is listed of one."""
        question = AuditListQuestion(now=now, rollout=self.name, plan=plan)
        (line,) = (await self.run(self.desk.arrangements, question)).lines
        return line

    async def due(self, now: datetime, plan: str = "") -> list[Any]:
        """What is due."""
        question = ReckonQuestion(rollout=self.name, plan=plan, at=now)
        return list((await self.run(self.runs.reckon, question)).due)

    async def fire(self, now: datetime, plan: str = "") -> list[str]:
        """Everything that is due is done."""
        done = [
            await self.run(self.runs.carry_out, RunOrder(due=due, at=now))
            for due in await self.due(now, plan)
        ]
        return [one.sentence for one in done]


@pytest.fixture
async def bench(rollout: Rollout, database: Database, run: Any) -> Bench:
    """乌海's rollout under the test's own name."""
    return Bench(rollout, database, run)


def codes(arranged: Arranged) -> list[tuple[str, str]]:
    """Every fault with its option."""
    return [(one.code, one.column) for one in arranged.findings if one.is_error]


async def test_an_arrangement_stands_in_register_and_schedules_and_twice_is_once(bench):
    """The rollout's own Schedule comes with the first; the same words again change nothing."""
    first = await bench.arrange(bench.plan())
    assert (first.created, first.code) == (True, "")
    assert first.next_at[0] == at("03-10T09:00")
    again = await bench.arrange(bench.plan(), action_id="b", now=NOW + timedelta(days=1))
    assert (again.created, again.next_at) == (False, first.next_at)
    assert set(bench.schedules.kept) == {
        audit_schedule_id(bench.name),
        audit_schedule_id(bench.name, "季度检查"),
    }
    found = await bench.schedules.describe(audit_schedule_id(bench.name, "季度检查"))
    assert found.next_at[0] == at("03-10T09:00")


async def test_all_faults_of_an_arrangement_are_told_at_once(bench):
    """Name, units, cadence, 一事一报, sample, passphrase and key, each at its option (3-30, 4-37)."""
    wrong = bench.sample(
        name="a/b",
        unit="无此局",
        covers=("无此街道",),
        approval="",
        reader="",
        cadence=Cadence(every=Every.QUARTER, first=date(2026, 1, 1), month=4, day=40, span=99),
        sample=SampleRule(count=5),
    )
    bench.desk = bench.desk_with(None)
    refused = await bench.arrange(wrong)
    assert refused.code == "AUDIT_PLAN_INVALID"
    assert codes(refused) == [
        ("SECRET_KEY", "密钥"),
        ("AUDIT_NAME", "名称"),
        ("AUDIT_ORGANISER", "--unit"),
        ("UNKNOWN_UNIT", "--cover"),
        ("AUDIT_NOBODY", "--cover"),
        ("AUDIT_CADENCE", "--month"),
        ("AUDIT_CADENCE", "--day"),
        ("AUDIT_CADENCE", "--span"),
        ("SAMPLE_TOO_LARGE", "--count"),
        ("DRAW_NO_READER", "口令"),
    ]
    assert not bench.schedules.kept


@pytest.mark.parametrize(
    "more, code",
    [
        ({"name": "日程"}, "AUDIT_NAME"),
        ({"name": "检查#1"}, "AUDIT_NAME"),
        ({"district": "无此区", "unit": "乌海市委编办"}, "AUDIT_DISTRICT"),
        ({"sample": SampleRule(count=1)}, "SAMPLE_RULE"),
        (
            {"cadence": Cadence(every=Every.MONTH, first=date(2026, 1, 1), until=date(2026, 3, 1))},
            "AUDIT_PERIOD",
        ),
        (
            {"cadence": Cadence(every=Every.YEAR, first=date(2026, 4, 1), until=date(2026, 9, 1))},
            "AUDIT_PERIOD",
        ),
    ],
)
async def test_what_cannot_be_arranged_says_why(bench, more, code):
    """A reserved name, an unknown district, a period that is over or has no window."""
    assert code in [one for one, _ in codes(await bench.arrange(bench.plan(**more)))]


async def test_streets_are_inspected_with_an_approval_or_a_step_that_asks_for_it(bench):
    """Without 一事一报 the audit asks first, and that is said; a sample has to bring it (3-30)."""
    said = await bench.arrange(bench.plan(approval=""))
    assert [(one.code, one.is_error) for one in said.findings] == [("AUDIT_APPROVAL_LATER", False)]
    assert said.created
    meeting = await bench.arrange(bench.plan("联席", kind=AuditKind.JOINT_MEETING, approval=""))
    assert (meeting.created, meeting.findings) == (True, ())
    assert codes(await bench.arrange(bench.sample(approval=""))) == [
        ("AUDIT_APPROVAL", "--approval")
    ]


async def test_only_the_organisers_people_arrange_and_pause(bench):
    """Another unit's handler may not; an identity number is not kept; a stranger is unknown."""
    other = "海勃湾区司法局经办甲"
    assert (await bench.arrange(bench.plan(), other)).code == "NOT_YOUR_UNIT"
    assert (await bench.arrange(bench.plan(), "无此人")).code == "UNKNOWN_PERSON"
    number = bench.plan(leader="11010119900307123X")
    assert (await bench.arrange(number)).code == "PERSONAL_DATA"
    await bench.arrange(bench.plan())
    assert (await bench.stop("p", pause=True, person=other)).code == "NOT_YOUR_UNIT"


async def test_a_sample_has_its_deposit_on_the_day_of_arranging_and_no_schedule(bench):
    """Nothing about a draw stands in any Schedule (4-37)."""
    arranged = await bench.arrange(bench.sample())
    assert arranged.deposit is not None
    assert arranged.deposit.key.window == "2026年第1季度"
    assert (await bench.arrange(bench.sample(), action_id="b")).deposit == arranged.deposit
    assert set(bench.schedules.kept) == {audit_schedule_id(bench.name)}


async def test_a_change_is_a_version_from_the_next_window_on_and_keeps_its_kind(bench):
    """What has begun is done as it was arranged; both versions stay on file."""
    await bench.arrange(bench.plan())
    later = at("03-10T12:00")
    changed = bench.plan(leader="区委主要领导")
    assert (await bench.arrange(changed, action_id="b", now=later)).created
    other = bench.plan(kind=AuditKind.ANNUAL)
    refused = await bench.arrange(other, action_id="c", now=later)
    assert ("AUDIT_KIND", "--kind") in codes(refused)
    (due,) = await bench.due(later)
    assert (due.step, due.key.window) == (RunStep.OPEN, "2026年第1季度")
    await bench.fire(later)
    async with bench.database.single() as connection:
        found = await connection.execute(
            text("SELECT version FROM audit_run WHERE rollout = :rollout"), {"rollout": bench.name}
        )
        assert list(found.scalars()) == [1]
    assert (await bench.line(now=later)).plan.leader == "区委主要领导"


async def test_a_pause_stops_the_arrangement_and_its_schedule_until_it_goes_on(bench):
    """Who, when and why is listed; pausing twice, or resuming what runs, is refused."""
    await bench.arrange(bench.plan())
    assert (await bench.stop("p1", pause=True)).code == ""
    assert (await bench.stop("p1", pause=True)).code == ""
    assert (await bench.stop("p2", pause=True)).code == "AUDIT_PAUSED"
    seen = await bench.schedules.describe(audit_schedule_id(bench.name, "季度检查"))
    assert seen.is_ours and "防汛" in seen.note
    assert (await bench.line()).paused == f"暂停（{PERSON}，2026-03-02）：防汛"
    assert await bench.due(at("03-11T10:00")) == []
    assert (await bench.stop("r1", pause=False)).code == ""
    assert (await bench.stop("r2", pause=False)).code == "AUDIT_RUNNING"
    assert not (await bench.schedules.describe(audit_schedule_id(bench.name, "季度检查"))).paused
    assert (await bench.stop("x", pause=True, plan="无此")).code == "AUDIT_PLAN_UNKNOWN"
    assert (await bench.stop("x", pause=True, reason=" ")).code == "REASON_MISSING"
    (due,) = await bench.due(at("03-11T10:00"))
    assert (due.step, due.late) == (RunStep.OPEN, True)


async def test_a_firing_told_twice_opens_once_and_a_fresh_window_is_its_own_schedules(bench):
    """日程 leaves a window to the arrangement's Schedule for half an hour."""
    await bench.arrange(bench.plan())
    moment = at("03-10T09:00")
    assert await bench.due(moment) == []
    (due,) = await bench.due(moment, "季度检查")
    order = RunOrder(due=due, at=moment)
    first = await bench.run(bench.runs.carry_out, order)
    assert first.workflow_id == f"{bench.name}/督查/季度检查/2026年第1季度"
    assert (await bench.run(bench.runs.carry_out, order)).workflow_id == ""
    assert await bench.due(moment + timedelta(hours=2)) == []


async def test_two_firings_at_once_open_a_window_once(bench):
    """日程 and the arrangement's own Schedule may come together: one waits, and finds it done."""
    await bench.arrange(bench.plan())
    moment = at("03-10T10:00")
    (due,) = await bench.due(moment)
    order = RunOrder(due=due, at=moment)
    bench.opened.patience = 0.5
    done = await asyncio.gather(*(bench.run(bench.runs.carry_out, order) for _ in range(4)))
    assert bench.opened.count == 1
    assert sorted(bool(one.workflow_id) for one in done) == [False, False, False, True]


async def test_schedules_are_put_back_paused_and_told_as_the_register_says(bench):
    """Deleted, paused in the Web UI, failed, or running though the arrangement is paused."""
    await bench.arrange(bench.plan())
    schedule_id = audit_schedule_id(bench.name, "季度检查")
    kept = bench.schedules.kept
    del kept[schedule_id], kept[audit_schedule_id(bench.name)]
    assert await bench.fire(NOW) == ["日程已重新设置", "安排的日程在 Temporal 上不见了，已重新设置"]
    assert len(kept) == 2
    assert await bench.due(NOW) == []
    kept[schedule_id].paused, kept[schedule_id].note = True, "by hand"
    assert await bench.fire(NOW + timedelta(minutes=5)) == ["安排的日程在网页上被人暂停"]
    assert "网页上" in (await bench.line()).paused
    assert (await bench.stop("r1", pause=False)).code == ""
    assert not kept[schedule_id].paused
    kept[schedule_id].paused, kept[schedule_id].note = True, "paused due to workflow failure: x"
    assert await bench.fire(NOW + timedelta(minutes=9)) == ["安排的日程因运行失败被 Temporal 暂停"]
    assert (await bench.line()).paused.startswith("故障（系统")
    kept[schedule_id].paused = False
    assert await bench.fire(NOW + timedelta(minutes=12)) == ["应暂停"]
    assert kept[schedule_id].paused
    assert len((await bench.line()).notes) == 3


async def test_the_rollouts_own_schedule_is_missed_by_the_worker_and_by_the_list(bench):
    """Nothing else would put it back where there are only samples; a pause of it is told."""
    await bench.arrange(bench.sample())
    tick = audit_schedule_id(bench.name)
    assert (await bench.line("抽查")).notes == ()
    await bench.schedules.pause(tick, "by hand")
    assert "被人暂停" in (await bench.line("抽查")).notes[0]
    del bench.schedules.kept[tick]
    assert "不见了" in (await bench.line("抽查")).notes[0]
    keeper = TickKeeper(bench.schedules, bench.database)
    assert await keeper.once() >= 1
    assert tick in bench.schedules.kept
    assert await keeper.once() == 0


async def test_where_no_schedules_can_be_kept_everything_else_goes_on(bench, monkeypatch):
    """The register decides; a server without Schedules is only a server without a calendar view."""

    async def away(*args: Any) -> None:
        raise SchedulesAway

    for name in ("describe", "put", "tick", "pause", "resume"):
        monkeypatch.setattr(bench.schedules, name, away)
    assert (await bench.arrange(bench.plan())).created
    assert (await bench.stop("p", pause=True)).code == ""
    assert (await bench.stop("r", pause=False)).code == ""
    assert await bench.fire(at("03-11T10:00")) == ["补办：原定2026-03-10，当时没有运行"]


async def test_what_is_on_file_of_arrangements_never_changes(bench):
    """Not by UPDATE, DELETE, a version that does not follow, or another kind under the same name."""
    await bench.arrange(bench.plan())
    await bench.stop("p", pause=True)
    for words in (
        "UPDATE audit_plan SET arranged_by = 'x'",
        "DELETE FROM audit_plan_event",
        "DELETE FROM audit_run",
        "TRUNCATE audit_run_note",
        (
            "INSERT INTO audit_plan SELECT rollout, name, version + 2, kind, document, content_hash,"
            " since, arranged_at, arranged_by, action_id FROM audit_plan WHERE version = 1"
        ),
        (
            "INSERT INTO audit_plan SELECT rollout, name, version + 1, '年度督查', document,"
            " content_hash, since, arranged_at, arranged_by, action_id FROM audit_plan"
            f" WHERE rollout = '{bench.name}'"
        ),
    ):
        with pytest.raises(DBAPIError):
            async with bench.database.transaction() as connection:
                await connection.execute(text(words))


async def test_arrangements_are_listed_by_name_page_by_page(bench, monkeypatch):
    """Three arrangements on pages of two."""
    monkeypatch.setattr("activities.audit_plan._MOST_PLANS", 2)
    for name in ("甲", "乙", "丙"):
        await bench.arrange(bench.plan(name), action_id=name)
    found, place = [], ""
    while True:
        question = AuditListQuestion(now=NOW, rollout=bench.name, page=place)
        page = await bench.run(bench.desk.arrangements, question)
        found.append([line.plan.name for line in page.lines])
        place = page.next_page
        if not place:
            break
    assert found == [sorted(("甲", "乙", "丙"))[:2], sorted(("甲", "乙", "丙"))[2:]]
    unknown = AuditListQuestion(now=NOW, rollout="无此改革")
    assert (await bench.run(bench.desk.arrangements, unknown)).code == "UNKNOWN_ROLLOUT"


async def test_a_sample_that_waits_for_its_number_tells_so_once(bench):
    """The organiser is asked for it once; given, the next tick settles the window (4-37)."""
    rule = SampleRule(count=1, public_source="当日福彩3D开奖号码")
    await bench.arrange(bench.sample(sample=rule))
    after = at("03-20T10:00")
    assert await bench.fire(after) == ["等待公开数"]
    assert await bench.fire(after + timedelta(hours=1)) == []
    assert (await bench.line("抽查", after)).runs[0].state == "待公开数"
    book = DrawBook(bench.seal, lambda size: b"s" * size)
    (due,) = [run for run in (await bench.line("抽查", after)).runs if run.window]
    key = replace(
        (await bench.arrange(bench.sample(sample=rule), action_id="again")).deposit.key,
        window=due.window,
    )
    async with bench.database.transaction() as connection:
        await book.draw(connection, key, after, "123")
    assert (await bench.line("抽查", after)).runs[0].state == "已抽取"
    assert await bench.fire(after + timedelta(hours=2)) == ["已抽取"]
    assert (await bench.line("抽查", after)).runs[0].state == "已抽取"

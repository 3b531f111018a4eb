"""Whose clock decides of arranged audits, and which hours a draw may have (4-37).

The server's clock is ``at``; an order says ``now``, as a computer at a desk has it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from contracts.audit_draw import DrawAnswer
from contracts.audit_plan import Arranged, ArrangeOrder
from contracts.audit_run import ReckonQuestion, RunOrder, audit_id
from domain.audit import AuditKind, AuditPlan, Cadence, Every, RunKey, SampleRule
from domain.deadline import local_day
from domain.plan import Plan
from domain.sampling import Deposit
from storage.audit_flow_store import NewAudit, open_audit
from storage.engine import Database
from tests.activities import test_audit_draw as draws
from tests.activities.test_audit_plan import DISTRICT, NOW, PERSON, Bench, at, bench, codes
from tests.transfers import department

__all__ = ["bench"]

SUPERVISORS = f"{DISTRICT}委督查室"
QUARTER = Cadence(every=Every.QUARTER, first=date(2026, 1, 1), month=1, day=5, span=5)


@pytest.fixture
def wuhai(wuhai: Plan) -> Plan:
    """乌海's plan with a 督查室 in the district."""
    unit = replace(department(SUPERVISORS, "区委督查室"), district=DISTRICT)
    return replace(wuhai, units=(*wuhai.units, unit))


async def served(at: datetime, activity: Any, order: Any) -> Any:
    """Run an activity at a moment of the server's clock."""
    room = ActivityEnvironment()
    room.info = replace(room.info, current_attempt_scheduled_time=at, workflow_id=None)
    return await room.run(activity, order)


async def arranged(bench: Bench, plan: AuditPlan, *, server: datetime, now: datetime) -> Arranged:
    """Arrange from a computer with a clock of its own."""
    order = ArrangeOrder(now=now, plan=plan, person=PERSON, action_id=f"{now}")
    return await served(server, bench.desk.arrange, order)


async def hour(bench: Bench, deposit: Deposit) -> datetime:
    """The secret hour of a draw."""
    async with bench.database.single() as connection:
        return await bench.desk._book.fire_at(connection, deposit.key)


async def test_whoever_asks_with_a_fast_clock_learns_and_moves_nothing(bench):
    """What is due, and what is done, is so by the server's clock."""
    made = await bench.arrange(bench.sample())
    far = await hour(bench, made.deposit) + timedelta(minutes=1)
    question = ReckonQuestion(rollout=bench.name, plan="抽查", at=far)
    assert (await served(NOW, bench.runs.reckon, question)).due == ()
    (due,) = (await served(far, bench.runs.reckon, question)).due
    early = await served(NOW, bench.runs.carry_out, RunOrder(due=due, at=far))
    assert early.sentence == ""
    done = await served(far, bench.runs.carry_out, RunOrder(due=due, at=far))
    assert done.sentence == "已抽取"


async def test_a_computer_with_a_fast_clock_arranges_by_the_servers(bench):
    """Its commitment is of now: a draw at its hour is not refused as made before it."""
    server = at("03-19T10:00")
    plan = bench.sample(cadence=QUARTER)
    made = await arranged(bench, plan, server=server, now=server + timedelta(days=30))
    assert made.deposit.made_at == server
    ripe = await hour(bench, made.deposit)
    assert local_day(ripe) > local_day(server)
    assert (await bench.fire(ripe + timedelta(minutes=1), "抽查"))[0] == "已抽取"


async def test_a_computer_with_a_slow_clock_commits_to_no_hour_that_has_passed(bench):
    """Otherwise the draw would come at the next tick, which its owner could foretell."""
    server = at("03-19T10:00")
    made = await arranged(
        bench, bench.sample(cadence=QUARTER), server=server, now=at("01-04T10:00")
    )
    assert made.deposit.made_at == server
    assert local_day(await hour(bench, made.deposit)) > local_day(server)


async def test_a_window_arranged_after_its_days_is_drawn_on_later_ones(bench):
    """Never in an hour that has passed, never once the next window opens; the order is not due now."""
    now = at("03-20T10:00")
    made = await arranged(bench, bench.sample(cadence=QUARTER), server=now, now=now)
    assert made.deposit.key.window == "2026年第1季度"
    ripe = await hour(bench, made.deposit)
    assert local_day(now) < local_day(ripe) < date(2026, 4, 7)
    assert await bench.due(now, "抽查") == []


async def test_a_window_without_a_day_left_is_not_promised(bench):
    """On the last working day before April's window opens, March's cannot be drawn any more."""
    now = at("04-03T10:00")
    cadence = replace(QUARTER, every=Every.MONTH, day=7)
    made = await arranged(bench, bench.sample(cadence=cadence), server=now, now=now)
    assert (made.code, made.deposit.key.window) == ("", "2026-04")


async def test_an_arrangement_goes_back_to_what_it_said_before(bench):
    """A, B, and A again are three versions; the same words twice are one."""
    for leader, version in (("甲职", 1), ("乙职", 2), ("甲职", 3), ("甲职", 3)):
        made = await bench.arrange(bench.plan(leader=leader), action_id=f"{leader}{version}")
        assert made.version == version
    assert (await bench.line()).plan.leader == "甲职"


async def test_an_order_that_was_carried_out_is_not_so_again(bench):
    """Its next try comes after somebody else's change, and undoes nothing."""
    first = {"plan": bench.plan(leader="甲职"), "action_id": "甲"}
    await bench.arrange(**first)
    await bench.arrange(bench.plan(leader="乙职"), action_id="乙")
    assert (await bench.arrange(**first)).created is False
    assert (await bench.line()).plan.leader == "乙职"


async def test_a_sample_that_reaches_into_every_next_window_is_refused(bench):
    """No month has sixty working days."""
    cadence = replace(QUARTER, every=Every.MONTH, span=60)
    refused = await bench.arrange(bench.sample(cadence=cadence, sample=SampleRule(count=1)))
    assert codes(refused) == [("AUDIT_CADENCE", "--span")]


@pytest.mark.parametrize(
    "former, later, days",
    [
        ((Every.ONCE, date(2026, 3, 9)), (Every.ONCE, date(2026, 3, 17)), ["03-17"]),
        ((Every.ONCE, date(2026, 3, 17)), (Every.ONCE, date(2026, 3, 9)), ["03-09"]),
        ((Every.MONTH, date(2026, 4, 1)), (Every.MONTH, date(2026, 6, 1)), ["06-10", "07-10"]),
        ((Every.MONTH, date(2026, 6, 1)), (Every.MONTH, date(2026, 4, 1)), ["04-10", "05-11"]),
    ],
)
async def test_an_arrangement_that_is_moved_runs_on_its_new_days_alone(bench, former, later, days):
    """Put off or put forward before it ever ran: nothing is left of the former days."""
    for number, (every, first) in enumerate((former, later)):
        cadence = Cadence(every=every, first=first, day=10)
        made = await bench.arrange(bench.plan(cadence=cadence), action_id=f"{number}")
    assert [f"{one + timedelta(hours=8):%m-%d}" for one in made.next_at[: len(days)]] == days
    opened = [await bench.fire(at(f"{day}T10:00")) for day in ("03-09", "03-17", "04-10")]
    assert bench.opened.count == sum(day <= "04-10" for day in days) == sum(map(len, opened))


async def test_an_audit_that_was_opened_and_not_settled_was_not_missed(bench, database: Database):
    """The worker died in between, and the next window has opened: it is settled as opened."""
    await bench.arrange(bench.plan())
    key = RunKey(rollout=bench.name, plan="季度检查", window="2026年第1季度")
    await entered(database, key)
    assert "漏检" not in [str(due.step) for due in await bench.due(at("06-10T10:00"), "季度检查")]
    await bench.fire(at("06-10T10:00"), "季度检查")
    line = await bench.line(now=at("06-10T11:00"))
    assert {run.window: run.state for run in line.runs} == {
        "2026年第1季度": "开展",
        "2026年第2季度": "开展",
    }


async def entered(database: Database, key: RunKey) -> None:
    """An audit stands in the register."""
    audit = NewAudit(
        key=key,
        kind=str(AuditKind.ASSESSMENT),
        workflow_id=audit_id(key),
        arrangement="{}",
        organiser="海勃湾区委编办",
        covers=(),
        at=at("03-10T09:00"),
        late=False,
    )
    async with database.transaction() as connection:
        await open_audit(connection, audit)


async def test_every_commitment_is_told_to_those_who_keep_it(bench):
    """Organiser and 督查室, once a window, at arranging and whenever 日程 prepares the next."""
    first = (await bench.arrange(bench.sample())).deposit
    await bench.arrange(bench.sample(leader="区委主要领导"), action_id="b")
    await bench.fire(await hour(bench, first) + timedelta(minutes=1), "抽查")
    await bench.fire(at("04-01T10:00"), "抽查")
    async with bench.database.single() as connection:
        question = text(
            "SELECT unit, text FROM notice WHERE rollout = :r AND text LIKE '%存证%' ORDER BY at, unit"
        )
        told = [tuple(row) for row in await connection.execute(question, {"r": bench.name})]
    assert sorted(unit for unit, _ in told[:2]) == sorted([SUPERVISORS, f"{DISTRICT}委编办"])
    assert [unit for unit, _ in told[2:]] == [unit for unit, _ in told[:2]]
    assert all(first.commitment in sentence for _, sentence in told[:2])
    assert "2026年第2季度已备抽" in told[2][1] and "--deposit" in told[2][1]


async def test_the_supervisors_see_the_commitment_and_nothing_else(rollout, database) -> None:
    """They keep it; whether it was drawn they are not told, until it is published."""
    sampling = await draws.arranged(rollout, database, SampleRule(count=2))
    deposit = await sampling.prepare()
    before = await sampling.read(person=f"{SUPERVISORS}经办甲")
    await sampling.draw()
    after = await sampling.read(person=f"{SUPERVISORS}经办甲")
    assert before == after == DrawAnswer(deposit=deposit, deposit_only=True)
    await sampling.publish()
    assert (await sampling.read(person=f"{SUPERVISORS}经办甲")).record

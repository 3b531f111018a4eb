"""A stopped rollout ends its arrangements, and audits under way hear of it (issue 6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from activities.audit_ending import AuditEnding
from contracts.audit_run import audit_id
from contracts.procedure import StopOrder
from domain.audit import RunKey
from storage.engine import Database
from tests.activities.test_audit_hours import entered
from tests.activities.test_audit_plan import NOW, Bench, at, bench

__all__ = ["bench"]

STOP = StopOrder(person="市协调员", reason="机构改革方案调整", action_id="停")


@dataclass
class Rollouts:
    """Rollouts that go on until they are stopped, and what was told of it."""

    stop: StopOrder | None = None
    told: list[str] = field(default_factory=list)

    async def stop_of(self, rollout: str) -> StopOrder | None:
        """The stop of every rollout."""
        del rollout
        return self.stop

    async def tell(self, workflow_ids: Iterable[str], order: StopOrder) -> None:
        """Keep whom."""
        self.told += (f"{one} {order.person} {order.reason}" for one in workflow_ids)


@pytest.fixture
def rollouts(bench: Bench) -> Rollouts:
    """Rollouts that the bench asks."""
    found = Rollouts()
    ending = AuditEnding(bench.database, bench.watch, found)
    bench.runs._ending = bench.desk._ending = ending
    return found


async def test_a_stopped_rollout_opens_draws_and_misses_nothing_more(bench, rollouts):
    """Its arrangements stop, paused ones as well, and say so; the organiser is told once."""
    await bench.arrange(bench.plan())
    await bench.arrange(bench.sample(), action_id="b")
    await bench.stop("停", pause=True)
    rollouts.stop = STOP
    assert len(await bench.fire(at("03-10T10:00"))) == 2
    for later in ("03-10T11:00", "03-31T17:00", "06-10T10:00", "12-10T10:00"):
        assert await bench.fire(at(later)) == []
    assert bench.opened.count == 0
    for plan in ("季度检查", "抽查"):
        line = await bench.line(plan, at("12-10T10:00"))
        assert line.paused == "终止（市协调员，2026-03-10）：机构改革方案调整"
        assert line.next_at == ()
        assert {run.state for run in line.runs} <= {"终止"}
    told = await notices(bench)
    assert [one for one in told if "终止" in one] == [
        "改革已停止推进，这项安排终止：不再开展、不再抽取，在办的督查一并终止。"
    ] * 2


async def test_what_is_stopped_is_neither_resumed_nor_arranged_again(bench, rollouts):
    """Not what was ended, and nothing new."""
    await bench.arrange(bench.plan())
    rollouts.stop = STOP
    await bench.fire(NOW)
    assert (await bench.stop("去", pause=False)).code == "ROLLOUT_STOPPED"
    assert (await bench.stop("停", pause=True)).code == "ROLLOUT_STOPPED"
    assert (await bench.arrange(bench.plan("另一项"), action_id="b")).code == "ROLLOUT_STOPPED"


async def test_audits_under_way_hear_of_the_stop_until_they_have_ended(
    bench, rollouts, database: Database
):
    """Who had not heard at the first time is told at the next; one that has ended is not."""
    await bench.arrange(bench.plan())
    await bench.fire(at("03-10T10:00"))
    key = RunKey(rollout=bench.name, plan="季度检查", window="2026年第1季度")
    await entered(database, key)
    rollouts.stop = STOP
    said = f"{audit_id(key)} 市协调员 机构改革方案调整"
    await bench.fire(at("03-11T10:00"))
    await bench.fire(at("03-11T11:00"))
    assert rollouts.told == [said, said]


async def notices(bench: Bench) -> list[Any]:
    """What the organiser was told."""
    async with bench.database.single() as connection:
        question = text("SELECT text FROM notice WHERE rollout = :r ORDER BY key")
        found = await connection.execute(question, {"r": bench.name})
        return list(found.scalars())

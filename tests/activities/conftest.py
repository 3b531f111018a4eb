"""The room's fixtures: a real PostgreSQL, and 乌海's plan registered in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from activities.bulk import BulkActivities
from activities.desk import DeskActivities
from activities.journal import JournalActivities
from activities.registers import RegistersActivities
from contracts.desk import PlanRegistration
from contracts.registers import PlanKey
from domain.plan import Plan
from starter.plan_file import read_plan
from storage.engine import Database
from tests.postgres import database, database_url
from tests.served import at_its_time

__all__ = ["database", "database_url"]

REGISTERED_AT = datetime(2019, 11, 12, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rollout:
    """A registered plan and everything that serves it."""

    plan: Plan
    key: PlanKey
    registers: RegistersActivities
    journal: JournalActivities
    desk: DeskActivities
    bulk: BulkActivities


@pytest.fixture(scope="session")
def wuhai() -> Plan:
    """乌海's plan of 2019 as it ships."""
    plan = read_plan("plans/乌海2019.yaml").plan
    assert plan is not None
    return plan


@pytest.fixture
def run() -> Callable[..., Awaitable[Any]]:
    """Runs an activity as a worker would, whose server has the time that the order says."""
    return at_its_time


@pytest.fixture
async def rollout(request, database: Database, wuhai: Plan, run) -> Rollout:
    """乌海's plan, registered under the test's own name."""
    plan = replace(wuhai, rollout=request.node.name)
    bulk = BulkActivities(database)
    order = PlanRegistration(plan=plan, content_hash=plan.rollout, now=REGISTERED_AT)
    registered = await run(bulk.register_plan, order)
    assert registered.created
    key = PlanKey(rollout=plan.rollout, plan_id=registered.plan_id, version=registered.version)
    return Rollout(
        plan=plan,
        key=key,
        registers=RegistersActivities(database),
        journal=JournalActivities(database),
        desk=DeskActivities(database),
        bulk=bulk,
    )

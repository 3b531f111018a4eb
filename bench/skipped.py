"""What finished workflows cost, on the time-skipping server with the real activities.

Everybody acts at once, and every due date is months away: so no reminder falls
due, and what is counted is the course itself. A reminder's wake-up is measured on its own.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from bench.course import Course, opened
from bench.history import Cost, cost_of
from bench.plan import EVERY_KIND, ONE_TASK, Task
from contracts import names
from contracts.reform import RolloutRequest
from domain.action import Light
from domain.slices import areas
from runtime.converter import data_converter
from storage.engine import Database, open_database
from storage.migrate import upgrade
from tests.office import Office
from tests.postgres import server_url

AT_ONCE = 10


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The costs of one finished rollout, by level."""

    rollout: Cost
    areas: dict[str, Cost]
    unit: Cost


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    """A migrated database on a server of its own, stopped when this process ends."""
    await upgrade(server_url())
    opened = open_database(server_url())
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def office(data: Database) -> AsyncIterator[Office]:
    """A worker on a server whose clock skips."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=_program(), data_converter=data_converter
        ) as env,
        Office(env, data) as opened,
    ):
        yield opened


async def reminder(data: Database, folder: Path) -> Cost:
    """This will return what one wake-up for a reminder adds to a history."""
    async with office(data) as at:
        course = await Course.of(at, folder, "提醒", EVERY_KIND, streets=1, districts=1)
        handle = await course.start("K")
        await opened(at, handle.id)
        await at.pass_days(1)
        before = await cost_of(handle)
        while (await at.progress(handle.id)).steps[0].light == Light.GREEN:
            await at.pass_days(0.5)
        after = await cost_of(handle)
    return Cost(
        after.events - before.events,
        after.actions - before.actions,
        after.payload_bytes - before.payload_bytes,
        after.history_bytes - before.history_bytes,
    )


async def tree(
    data: Database,
    folder: Path,
    rollout: str,
    rows: tuple[Task, ...] = ONE_TASK,
    *,
    streets: int,
    districts: int = 1,
    spread: bool = False,
) -> Tree:
    """This will carry a whole rollout to its end and count every level.

    ``spread`` lets the units finish one after another; else ten at once.
    """
    async with office(data) as at:
        course = await Course.of(at, folder, rollout, rows, streets=streets, districts=districts)
        top = await at.client.start_workflow(
            "ReformRollout",
            RolloutRequest(plan=course.key),
            id=rollout,
            task_queue=names.PROCEDURES_QUEUE,
        )
        for row in course.plan.rows:
            if spread:
                for unit in row.targets:
                    await course.finish(row.id, unit)
                continue
            room = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(course.finish(row.id, unit, room) for unit in row.targets))
        await top.result()
        split = areas(course.plan)
        return Tree(
            rollout=await cost_of(top),
            areas={a.name: await _cost(at, f"{rollout}/{a.name}") for a in split},
            unit=await _cost(at, f"{rollout}/{split[0].name}/{split[0].units[-1]}"),
        )


def _program() -> str:
    beside = Path(sys.executable).with_name("temporal-test-server")
    found = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    if found is None:
        raise SystemExit("temporal-test-server is missing: make install")
    return found


async def _cost(at: Office, workflow_id: str) -> Cost:
    return await cost_of(at.client.get_workflow_handle(workflow_id))

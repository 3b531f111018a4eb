"""People at work on real servers of which parts are killed: whatever stays unanswered is repeated."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from activities.registers import RegistersActivities
from contracts import names
from contracts.procedure import ActionReply, ProcedureRequest, Progress
from contracts.registers import SliceQuestion
from contracts.transfer import PERSON_UPDATE, PersonAction
from domain.action import Action
from domain.procedure import Verb
from runtime.connect import connect
from runtime.stack import EmbeddedStack
from starter.actions import UNAVAILABLE, update
from starter.desk_client import Door
from starter.errors import EXIT_UNREACHABLE, UserError
from storage.engine import open_database
from storage.ledger_audit import audit
from tests.acceptance.deadly_batches import Order
from tests.acceptance.site import ROOT
from tests.office import Office
from tests.transfers import Person, draw_up, lock, transfer_plan
from workflows.unit_reform import workflow_of

PATIENCE = timedelta(seconds=150)
_ids = itertools.count(1)
_AWAY = (DBAPIError, PoolTimeout, OSError)
Result = TypeVar("Result")


async def insist(ask: Callable[[], Awaitable[Result]], *passing: type[Exception]) -> Result:
    """Ask until there is an answer, for a bounded time."""
    async with asyncio.timeout(PATIENCE.total_seconds()):
        while True:
            try:
                return await ask()
            except passing:
                await asyncio.sleep(0.1)


class Premises(Office):
    """An office whose servers are real and whose workers are processes of their own."""

    def __init__(self, stack: EmbeddedStack, client: Client) -> None:
        self.stack = stack
        self.client = client
        self.database = open_database(stack.database_url)
        self.registers = RegistersActivities(self.database)

    async def now(self) -> datetime:
        """The clock on the wall."""
        return datetime.now(UTC)

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Look into the database, once it answers."""
        return await insist(lambda: super(Premises, self).rows(sql, **values), *_AWAY)

    async def progress(self, workflow_id: str) -> Progress:
        """The procedure's own view, once it answers."""
        handle = self.client.get_workflow_handle(workflow_id)

        async def ask() -> Progress:
            return await handle.query(
                names.PROGRESS_QUERY, result_type=Progress, rpc_timeout=timedelta(seconds=5)
            )

        return await insist(ask, RPCError, WorkflowQueryFailedError)

    async def until_open(self, workflow_id: str, step: str) -> None:
        """Wait until a step is open."""
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while step not in await self.open_steps(workflow_id):
                await asyncio.sleep(0.3)

    async def act(
        self, workflow_id: str, verb: Verb, person: str, step: str = "", **more: Any
    ) -> ActionReply:
        """Do one thing, repeated under its own id until it is answered."""
        action_id = f"操作{next(_ids)}"
        action = Action(action_id=action_id, verb=verb, person=person, step=step, **more)
        return await self._send(workflow_id, names.ACT_UPDATE, action)

    async def person(self, workflow_id: str, **said: Any) -> ActionReply:
        """Record something of persons, likewise."""
        action = PersonAction(action_id=f"人员{next(_ids)}", **said)
        return await self._send(workflow_id, PERSON_UPDATE, action)

    async def _send(self, workflow_id: str, name: str, order: Any) -> ActionReply:
        door = Door(desk=self.client, workflows=self.client)

        async def ask() -> ActionReply:
            reply = await update(door, workflow_id, name, order, order.action_id)
            if reply.code == UNAVAILABLE:
                raise _NotYetError
            return reply

        async def try_it() -> ActionReply:
            try:
                return await ask()
            except UserError as error:
                if error.exit_code != EXIT_UNREACHABLE:
                    raise
                raise _NotYetError from error

        return await insist(try_it, _NotYetError)

    async def begin(
        self, name: str, people: Sequence[Person], number: str, queue: str, **more: Any
    ) -> str:
        """A started batch on a queue of its own, its census locked and its roster drawn up."""
        plan = transfer_plan(name, await self.today(), **more)
        unit = plan.row("T").targets[0]
        key = await self.register(plan)
        mine = await self.registers.load_unit(SliceQuestion(plan=key, name=unit))
        row = next(r for r in mine.rows if r.row.id == "T")
        await lock(self, name, people)
        await draw_up(self, name, number, people)
        workflow_id = f"{name}/{mine.district}/{unit}/{row.row.item}"
        await self.client.start_workflow(
            workflow_of(row.row).run,
            ProcedureRequest(
                plan=key,
                district=mine.district,
                unit=unit,
                coordinators=mine.coordinators,
                row=row.row,
                steps=row.steps,
            ),
            id=workflow_id,
            task_queue=queue,
            task_timeout=timedelta(seconds=2),
        )
        return workflow_id

    async def ended(self, workflow_id: str) -> None:
        """Wait until a procedure has ended."""
        handle = self.client.get_workflow_handle(workflow_id)
        await insist(lambda: handle.result(rpc_timeout=timedelta(seconds=20)), RPCError)

    async def breaches(self, rollout: str) -> tuple[tuple[str, str], ...]:
        """What a ledger breaks of its laws, once the database answers."""

        async def ask() -> tuple[tuple[str, str], ...]:
            async with self.database.snapshot() as connection:
                return (await audit(connection, rollout)).breaches

        return await insist(ask, *_AWAY)

    @asynccontextmanager
    async def workers(self, orders: Sequence[Order]) -> AsyncIterator[None]:
        """A worker for each order, started again whenever it dies."""
        data_dir = self.stack.settings.data_dir
        with (data_dir / "logs" / "batches.log").open("ab") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    str(Path(__file__).with_name("deadly_batches.py")),
                    json.dumps([asdict(order) for order in orders]),
                ],
                env=self.stack._environ(),
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
            try:
                yield
            finally:
                process.kill()
                process.wait()


class _NotYetError(Exception):
    """Not answered so far."""


@asynccontextmanager
async def premises(stack: EmbeddedStack) -> AsyncIterator[Premises]:
    """An office on the servers of a stack."""
    opened = Premises(stack, await connect(stack.settings))
    try:
        yield opened
    finally:
        with contextlib.suppress(*_AWAY):
            await opened.database.close()

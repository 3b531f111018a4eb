"""One registered plan whose people act: on the time-skipping server and on the real one."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from activities.registers import RegistersActivities
from bench.people import next_actions
from bench.plan import Task, load, write_plan
from contracts import names
from contracts.procedure import ActionReply, ProcedureRequest, Progress
from contracts.registers import PlanKey, RowSlice, SliceQuestion, UnitSlice
from domain.action import Action
from domain.plan import Plan
from domain.slices import areas
from storage.engine import Database
from tests.office import Office
from workflows.unit_reform import PROCEDURES


class RealOffice(Office):
    """The same office on the real server, where a worker runs already and time does not skip."""

    def __init__(self, client: Client, database: Database) -> None:
        self.client = client
        self.database = database
        self.registers = RegistersActivities(database)

    async def now(self) -> datetime:
        """The machine's clock."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Course:
    """One registered plan, its procedures and its people."""

    at: Office
    plan: Plan
    key: PlanKey

    @classmethod
    async def of(
        cls,
        at: Office,
        folder: Path,
        rollout: str,
        rows: tuple[Task, ...],
        *,
        streets: int,
        districts: int,
    ) -> Self:
        """This will generate and register a plan that begins today."""
        kickoff = await at.today()
        plan = load(write_plan(folder, rollout, rows, kickoff, streets=streets, areas=districts))
        return cls(at, plan, await at.register(plan))

    async def start(self, row_id: str, name: str = "") -> WorkflowHandle[Any, Any]:
        """This will start the row's first procedure alone, as its unit would; ``name`` is its id."""
        unit = self.plan.row(row_id).targets[0]
        mine, row = await self.slice_of(row_id, unit)
        return await self.at.client.start_workflow(
            PROCEDURES[row.row.kind].run,
            ProcedureRequest(
                plan=self.key,
                district=mine.district,
                unit=unit,
                coordinators=mine.coordinators,
                row=row.row,
                steps=row.steps,
            ),
            id=name or self.id_of(row, unit),
            task_queue=names.PROCEDURES_QUEUE,
        )

    async def finish(self, row_id: str, unit: str, room: asyncio.Semaphore | None = None) -> None:
        """This will act for everybody until the procedure has ended."""
        async with room or contextlib.nullcontext():
            _, row = await self.slice_of(row_id, unit)
            workflow_id = self.id_of(row, unit)
            while True:
                progress = await opened(self.at, workflow_id)
                for action in next_actions(progress, row):
                    if (await self.act(workflow_id, action)).ended:
                        return

    async def act(self, workflow_id: str, action: Action) -> ActionReply:
        """This will do one thing that must be accepted."""
        handle = self.at.client.get_workflow_handle(workflow_id)
        reply = await handle.execute_update(
            names.ACT_UPDATE, action, id=action.action_id, result_type=ActionReply
        )
        if not reply.accepted:
            raise AssertionError(f"{workflow_id} {action.step}: {reply.code} {reply.sentence}")
        return reply

    async def slice_of(self, row_id: str, unit: str) -> tuple[UnitSlice, RowSlice]:
        """A unit's share of the plan, and one row of it."""
        mine = await self.at.registers.load_unit(SliceQuestion(plan=self.key, name=unit))
        return mine, next(row for row in mine.rows if row.row.id == row_id)

    def id_of(self, row: RowSlice, unit: str) -> str:
        """The workflow id of a unit's procedure."""
        area = next(a.name for a in areas(self.plan) if unit in a.units)
        return names.procedure_id(names.unit_id(self.plan.rollout, area, unit), row.row.item)


async def opened(at: Office, workflow_id: str) -> Progress:
    """The procedure's own view, waiting for it to be started and to open its first step."""
    while True:
        with contextlib.suppress(RPCError):
            progress = await at.progress(workflow_id)
            if progress.steps:
                return progress
        await asyncio.sleep(0.05)

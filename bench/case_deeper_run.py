"""The activity, the worker and the drivers of ``bench.case_deeper``.

``python -m bench.case_deeper_run ADDRESS NAMESPACE DATABASE_URL`` prints READY once it polls.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import psutil
from temporalio import activity
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from bench.case_contenders import DEPARTMENT, ITEM, STREETS, part
from bench.case_deeper import (
    ACT,
    QUEUE,
    Asked,
    CaseState,
    Decided,
    DeskState,
    OneWriteCase,
    StreetDesk,
    side,
)
from bench.case_rush import CaseRush, carry, insist
from bench.case_textbook import DISPATCH, ELEMENTS, STEPS, STREET, Done, Opening
from bench.case_textbook_worker import POOL
from bench.history import Cost, cost_of
from domain.calendar import load_builtin_calendar
from domain.deadline import after_workdays
from runtime.converter import data_converter
from runtime.workers import worker_for

_CALENDAR = load_builtin_calendar()
_NAMES = count(1)
_ITEMS = "SELECT number, version, department FROM item WHERE status = '有效' AND number = ANY($1)"
_POSTS = (
    "SELECT DISTINCT p.person, p.unit FROM post p JOIN unnest($1::text[], $2::text[]) AS a (person,"
    " unit) ON (p.person, p.unit) = (a.person, a.unit)"
    " WHERE p.valid_from <= now() AND (p.valid_to IS NULL OR p.valid_to > now())"
)
_WRITE = """
WITH given AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS g (id text, seq integer,
    at timestamptz, person text, unit text, step text, facts jsonb, kind text, title text,
    street text, department text, item text, version integer, trigger_at timestamptz,
    opened_by text, status text, clocks jsonb, next text, next_unit text, next_due timestamptz)),
logged AS (
    INSERT INTO log_entry SELECT id, seq, at, person, unit, step, facts FROM given
    ON CONFLICT DO NOTHING),
kept AS (
    INSERT INTO case_row SELECT id, seq, id, kind, title, street, department, item, version,
        trigger_at, opened_by, status, clocks FROM given
    ON CONFLICT (workflow_id) DO UPDATE SET seq = excluded.seq, status = excluded.status,
        clocks = excluded.clocks WHERE case_row.seq < excluded.seq
    RETURNING workflow_id),
cleared AS (DELETE FROM desk_item d USING given g WHERE d.workflow_id = g.id)
INSERT INTO desk_item SELECT id, next, next_unit, next_due FROM given g
WHERE next <> '' AND EXISTS (SELECT FROM kept k WHERE k.workflow_id = g.id)
"""


class DeeperActivities:
    """Asks, decides and writes any number of actions in one transaction."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @activity.defn(name=ACT)
    async def act(self, asked: list[Asked]) -> list[Decided]:
        """This will decide each action; those that are refused write nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            new = [one for one in asked if one.case.place == 0]
            numbers = [one.case.opening.item for one in new]
            items = {r["number"]: r for r in await connection.fetch(_ITEMS, numbers)} if new else {}
            admitted = [self._admitted(one, items) for one in asked]
            people = [one.done.person for one in asked]
            units = [side(case) if case else "" for case in admitted]
            posts = {tuple(row) for row in await connection.fetch(_POSTS, people, units)}
            decided = [
                _decide(one, case, (one.done.person, unit) in posts)
                for one, case, unit in zip(asked, admitted, units, strict=True)
            ]
            rows = [
                _row(one, each.case)
                for one, each in zip(asked, decided, strict=True)
                if not each.refused
            ]
            await connection.execute(_WRITE, json.dumps(rows, ensure_ascii=False))
        return decided

    def _admitted(self, one: Asked, items: dict[str, asyncpg.Record]) -> CaseState | None:
        if one.case.place:
            return one.case
        found = items.get(one.case.opening.item)
        if found is None:
            return None
        trigger = datetime.fromisoformat(one.case.opening.trigger_at)
        dues = {
            step: after_workdays(trigger=trigger, count=days, calendar=_CALENDAR).due.isoformat()
            for step, days in (("签收", 1), ("回告", 7))
        }
        return replace(
            one.case, department=found["department"], item_version=found["version"], dues=dues
        )


def _decide(one: Asked, case: CaseState | None, holds: bool) -> Decided:
    if case is None:
        return Decided(case=one.case, refused="清单之外无协同。")
    if not holds:
        return Decided(case=one.case, refused=f"{one.done.person}没有职务。")
    stopped = {**case.stopped, one.done.step: one.at}
    return Decided(case=replace(case, place=case.place + 1, stopped=stopped))


def _row(one: Asked, case: CaseState) -> dict[str, object]:
    opening, following = case.opening, ""
    if not case.ended:
        following = STEPS[opening.kind][case.place][0]
    return {
        "id": case.number,
        "seq": case.place,
        "at": one.at,
        "person": one.done.person,
        "unit": side(replace(case, place=case.place - 1)),
        "step": one.done.step,
        "facts": one.done.facts,
        "kind": opening.kind,
        "title": opening.title,
        "street": opening.street,
        "department": case.department,
        "item": opening.item,
        "version": case.item_version,
        "trigger_at": opening.trigger_at,
        "opened_by": opening.person,
        "status": "办结" if case.ended else "办理中",
        "clocks": case.stopped,
        "next": following,
        "next_unit": side(case) if following else "",
        "next_due": case.dues.get(following),
    }


class OneWrite:
    """A workflow per case, an action is one local activity."""

    name = "prototype: one write per action, 派单"
    actions = len(STEPS[DISPATCH])

    def __init__(self, client: Client, watched: dict[str, list[psutil.Process]]) -> None:
        self._client = client
        self._watched = watched

    async def rush(self, cases: int, at_once: int) -> CaseRush:
        """This will carry so many new cases to their end."""
        return await carry(self._one, cases, at_once, self._watched)

    async def cost(self) -> Cost:
        """This will carry one more case and count its history."""
        return await cost_of(self._client.get_workflow_handle(await self._one([])))

    async def _open(self, opening: Opening, done: Done) -> None:
        start = WithStartWorkflowOperation(
            OneWriteCase.run,
            opening,
            id=opening.number,
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        await self._client.execute_update_with_start_workflow(
            OneWriteCase.act, done, id=opening.number, start_workflow_operation=start
        )

    async def _one(self, took: list[float]) -> str:
        opening, todo = new_case()
        handle = self._client.get_workflow_handle_for(OneWriteCase.run, opening.number)
        for place, done in enumerate(todo):
            begun = time.perf_counter()
            if place == 0:
                await insist(lambda first=done: self._open(opening, first))  # type: ignore[misc]
            else:
                await _until_taken(handle, OneWriteCase.act, done)
            took.append(time.perf_counter() - begun)
        await handle.result()
        return opening.number


class Desks:
    """So many desks, each with the cases of its streets."""

    actions = len(STEPS[DISPATCH])

    def __init__(
        self, client: Client, watched: dict[str, list[psutil.Process]], desks: int
    ) -> None:
        self.name = f"prototype: {desks} desks, 派单"
        self._client = client
        self._watched = watched
        self._desks = desks

    async def rush(self, cases: int, at_once: int) -> CaseRush:
        """This will carry so many new cases to their end."""
        for desk in range(self._desks):
            await self._start(desk)
        return await carry(self._one, cases, at_once, self._watched)

    async def cost(self) -> None:
        """A desk's history belongs to all its cases; see ``events``."""

    async def events(self) -> Cost:
        """What the newest runs of all desks hold together."""
        total = Cost()
        for desk in range(self._desks):
            total += await cost_of(self._client.get_workflow_handle(self._id(desk)))
        return total

    def _id(self, desk: int) -> str:
        return f"窗口/{self._desks}/{desk}"

    async def _start(self, desk: int) -> None:
        await self._client.start_workflow(
            StreetDesk.run,
            DeskState(),
            id=self._id(desk),
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    async def _one(self, took: list[float]) -> None:
        opening, todo = new_case()
        desk = int(opening.street.removesuffix("街道")) % self._desks
        handle = self._client.get_workflow_handle_for(StreetDesk.run, self._id(desk))
        for place, done in enumerate(todo):
            begun = time.perf_counter()
            if place == 0:
                await _until_taken(handle, StreetDesk.open, opening, done)
            else:
                await _until_taken(handle, StreetDesk.act, opening.number, done)
            took.append(time.perf_counter() - begun)


async def _until_taken(handle: WorkflowHandle[Any, Any], update: Any, *args: object) -> None:
    update_id = str(uuid4())
    await insist(lambda: handle.execute_update(update, args=args, id=update_id))


def new_case() -> tuple[Opening, tuple[Done, ...]]:
    """A case with all its actions."""
    number = next(_NAMES)
    street = f"{number % STREETS + 1}街道"
    todo = tuple(
        Done(
            step=step,
            person=f"{street if which == STREET else DEPARTMENT}经办甲",
            facts=dict.fromkeys(ELEMENTS, "已办理") if step == "回告" else {},
        )
        for step, which in STEPS[DISPATCH]
    )
    opening = Opening(
        number=f"案件/深-{number}",
        kind=DISPATCH,
        title="占道经营",
        street=street,
        item=ITEM,
        person=f"{DEPARTMENT}经办甲",
        trigger_at=datetime.now(UTC).isoformat(),
    )
    return opening, todo


@asynccontextmanager
async def deeper(
    folder: Path,
    client: Client,
    url: str,
    *,
    server: psutil.Process,
    postgres: psutil.Process,
    desks: Sequence[int] = (50, 5),
) -> AsyncIterator[list[OneWrite | Desks]]:
    """The prototypes' worker on a running server, stopped at the end."""
    (folder / "logs").mkdir(parents=True)
    address = client.service_client.config.target_host
    argv = [sys.executable, "-P", "-m", "bench.case_deeper_run", address, client.namespace, url]
    worker = part("worker", argv, folder, ready_line="READY")
    await worker.start()
    try:
        watched = {
            "server": [server],
            "worker": [psutil.Process(worker.pid)],
            "PostgreSQL": [postgres],
        }
        yield [OneWrite(client, watched), *(Desks(client, watched, n) for n in desks)]
    finally:
        await worker.stop()


async def main(address: str, namespace: str, database_url: str) -> None:
    """This will serve until SIGTERM, set up as the application's own workers are."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(address, namespace=namespace, data_converter=data_converter)
    async with asyncpg.create_pool(database_url, **POOL) as pool:
        able = DeeperActivities(pool)
        async with worker_for(client, QUEUE, [able.act], [OneWriteCase, StreetDesk]):
            print("READY", flush=True)
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))

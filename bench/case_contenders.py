"""The two that our ``CaseHandover`` is compared with, each on the same PostgreSQL server.

The textbook has a dev server of its own with default settings: a file, since what is lost at a power
cut is no contender, and SQLite's own rollback journal. DBOS has its system tables in a database of
its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import asyncpg
import psutil
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from bench.case_rush import CaseRush, carry, insist, spent
from bench.case_textbook import (
    DISPATCH,
    ELEMENTS,
    QUEUE,
    STEPS,
    STREET,
    Done,
    Opening,
    TextbookCase,
)
from bench.case_textbook_worker import SCHEMA
from bench.history import Cost, cost_of
from bench.live import ROOT, environ
from runtime.part import Part, Program
from runtime.stack import free_port
from runtime.temporal_server import HOST, executable

STREETS = 50
DEPARTMENT, ITEM = "甲局", "1"
_NAMES = count(1)


async def database_of(url: str, name: str) -> str:
    """This will create a database with the textbook's tables and people; returns its URL."""
    first = await asyncpg.connect(url)
    try:
        await first.execute(f'CREATE DATABASE "{name}"')
    finally:
        await first.close()
    own = f"{url.rpartition('/')[0]}/{name}"
    connection = await asyncpg.connect(own)
    try:
        await connection.execute(SCHEMA)
        units = [(f"{n}街道", "街道") for n in range(1, STREETS + 1)]
        units += [("一街道", "街道"), (DEPARTMENT, "部门")]
        begun = datetime(2020, 1, 1, tzinfo=UTC)
        await connection.executemany("INSERT INTO unit VALUES ($1, $2)", units)
        await connection.executemany(
            "INSERT INTO post VALUES ($1, $2, '经办人', $3)",
            [(f"{unit}经办{which}", unit, begun) for unit, _ in units for which in "甲乙丙"],
        )
        await connection.executemany(
            "INSERT INTO item VALUES ($1, $2, $3, $4, '有效')",
            [(str(n), 1, f"事项{n}", DEPARTMENT) for n in range(1, 341)],
        )
    finally:
        await connection.close()
    return own


class Textbook:
    """``bench.case_textbook`` for one kind of case."""

    def __init__(self, client: Client, kind: str, watched: dict[str, list[psutil.Process]]) -> None:
        self.name = f"textbook, {kind}"
        self.actions = len(STEPS[kind])
        self._client = client
        self._kind = kind
        self._watched = watched

    async def rush(self, cases: int, at_once: int) -> CaseRush:
        """This will carry so many new cases to their end."""
        return await carry(self._one, cases, at_once, self._watched)

    async def cost(self) -> Cost:
        """This will carry one more case and count its history."""
        return await cost_of(self._client.get_workflow_handle(await self._one([])))

    async def _open(self, name: str, opening: Opening, done: Done) -> None:
        start = WithStartWorkflowOperation(
            TextbookCase.run,
            opening,
            id=name,
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        await self._client.execute_update_with_start_workflow(
            TextbookCase.act, done, id=name, start_workflow_operation=start
        )

    async def _one(self, took: list[float]) -> str:
        number = next(_NAMES)
        street, name = f"{number % STREETS + 1}街道", f"案件/{self._kind}-{number}"
        opening = Opening(
            number=str(number),
            kind=self._kind,
            title="占道经营",
            street=street,
            item=ITEM,
            person=f"{street}经办甲",
            trigger_at=datetime.now(UTC).isoformat(),
        )
        handle = self._client.get_workflow_handle_for(TextbookCase.run, name)
        for place, (step, side) in enumerate(STEPS[self._kind]):
            person = f"{street if side == STREET else DEPARTMENT}经办甲"
            facts = dict.fromkeys(ELEMENTS, "已办理") if step == "回告" else {}
            done = Done(step=step, person=person, facts=facts)
            begun = time.perf_counter()
            if place == 0:
                await insist(lambda first=done: self._open(name, opening, first))  # type: ignore[misc]
            else:
                await insist(
                    lambda then=done, key=f"{name}-{place}": handle.execute_update(  # type: ignore[misc]
                        TextbookCase.act, then, id=key
                    )
                )
            took.append(time.perf_counter() - begun)
        await handle.result()
        return name


@asynccontextmanager
async def textbook(
    folder: Path, url: str, kinds: Sequence[str], postgres: psutil.Process
) -> AsyncIterator[list[Textbook]]:
    """The textbook's server and worker, stopped at the end."""
    (folder / "logs").mkdir(parents=True)
    port = free_port()
    address = f"{HOST}:{port}"
    argv = [str(executable()), "server", "start-dev", f"--ip={HOST}", f"--port={port}"]
    argv += [f"--ui-port={free_port()}", f"--db-filename={folder / 'temporal.db'}"]
    server = part("temporal", argv, folder, is_ready=lambda _pid: _answers(address))
    worker = part(
        "worker",
        [sys.executable, "-P", "-m", "bench.case_textbook_worker", address, url],
        folder,
        ready_line="READY",
    )
    await server.start()
    try:
        await worker.start()
        try:
            watched = {
                "server": [psutil.Process(server.pid)],
                "worker": [psutil.Process(worker.pid)],
                "PostgreSQL": [postgres],
            }
            client = await Client.connect(address)
            yield [Textbook(client, kind, watched) for kind in kinds]
        finally:
            await worker.stop()
    finally:
        await server.stop()


class OnDbos:
    """``bench.case_dbos`` in one of its shapes."""

    def __init__(
        self, process: asyncio.subprocess.Process, shape: str, postgres: psutil.Process
    ) -> None:
        self.name = f"DBOS, {shape}"
        self.actions = 1 if shape == "bare" else len(STEPS[DISPATCH])
        self._process = process
        self._shape = shape
        self._watched = {"worker": [psutil.Process(process.pid)], "PostgreSQL": [postgres]}

    async def rush(self, cases: int, at_once: int) -> CaseRush:
        """This will let the other process carry so many cases."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        before = {name: spent(of) for name, of in self._watched.items()}
        self._process.stdin.write(f"{self._shape} {cases} {at_once}\n".encode())
        await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if not line.startswith(b"{"):
            raise SystemExit(f"{self.name} ended or said: {line.decode()}")
        found = json.loads(line)
        return CaseRush(
            cases=cases,
            seconds=found["seconds"],
            latencies=tuple(found["latencies"]),
            cpu={name: spent(of) - before[name] for name, of in self._watched.items()},
        )

    async def cost(self) -> None:
        """There is no history of events."""


def has_dbos() -> bool:
    """Whether the extra ``bench`` is installed."""
    return find_spec("dbos") is not None


@asynccontextmanager
async def dbos(
    folder: Path, url: str, shapes: Sequence[str], postgres: psutil.Process
) -> AsyncIterator[list[OnDbos]]:
    """The program that runs DBOS, ended with its input."""
    (folder / "logs").mkdir(parents=True)
    with (folder / "logs" / "dbos.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "bench.case_dbos", url),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=environ(folder),
            cwd=ROOT,
            limit=2**24,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if (await process.stdout.readline()).strip() != b"READY":
            raise SystemExit(f"DBOS did not start: {folder / 'logs' / 'dbos.log'}")
        yield [OnDbos(process, shape, postgres) for shape in shapes]
    finally:
        process.stdin.close()
        await process.wait()


def part(name: str, argv: list[str], folder: Path, **more: object) -> Part:
    """One program of a contender, its output in a log file."""
    program = Program(
        name=name,
        title=name,
        argv=argv,
        environ=environ(folder),
        log=folder / "logs" / f"{name}.log",
        **more,  # type: ignore[arg-type]
    )
    return Part(program, lambda sentence: print(sentence, file=sys.stderr))


async def _answers(address: str) -> bool:
    try:
        await asyncio.wait_for(Client.connect(address), 2)
    except (RuntimeError, TimeoutError, OSError):
        return False
    return True

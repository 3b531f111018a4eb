"""What the embedded stack does on this machine: coming up, memory, a large start, many actions."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
from temporalio.client import Client

from bench.course import Course, RealOffice
from bench.history import Cost, cost_of
from bench.people import forward
from bench.plan import EVERY_KIND, ROLLOUT, load, write_plan
from contracts.registers import PlanKey
from domain.action import Action
from runtime.connect import connect
from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.provision import what_to_provision
from storage.engine import Database, open_database

ROOT = Path(__file__).resolve().parent.parent
LARGE = "二百街"
SETTLING = 3.0
"""Seconds for the worker to come to rest before it is weighed."""

_T = TypeVar("_T")


class Up:
    """``jiegai up`` as a person starts it: in a process of its own, on free ports."""

    def __init__(self, data_dir: Path) -> None:
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            [*jiegai(), "up", "--port", "0", "--ui-port", "0", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ(data_dir),
            cwd=ROOT,
            text=True,
            start_new_session=True,
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        self.seconds = time.perf_counter() - begun
        self.address: str = json.loads(line)["address"]

    def stop(self) -> None:
        """This will stop it in order, as Ctrl-C does."""
        os.kill(self._process.pid, signal.SIGTERM)
        self._process.wait(60)


def jiegai() -> list[str]:
    """The installed command, or the same without installation."""
    script = Path(sys.executable).with_name("jiegai")
    return [str(script)] if script.exists() else [sys.executable, "-m", "starter.main"]


def environ(data_dir: Path) -> dict[str, str]:
    """The environment of a user of this data directory, without one of another deployment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TEMPORAL_", "JIEGAI_"))}
    return kept | {"JIEGAI_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A running stack: its client, its registers, and the processes of its parts by name."""

    data_dir: Path
    client: Client
    database: Database
    pids: Mapping[str, int]

    @property
    def worker(self) -> psutil.Process:
        """The worker's process."""
        return psutil.Process(self.pids["worker"])

    @property
    def office(self) -> RealOffice:
        """Its people."""
        return RealOffice(self.client, self.database)

    async def until_open(self, rollout: str, procedures: int) -> None:
        """This will wait until so many procedures of a rollout stand on its board with open steps."""
        sql = (
            "SELECT count(*) AS n FROM board_row WHERE rollout = :r AND cardinality(open_steps) > 0"
        )
        while (await self.office.rows(sql, r=rollout))[0]["n"] < procedures:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@asynccontextmanager
async def stack(data_dir: Path) -> AsyncIterator[Stack]:
    """An embedded stack on a directory, stopped at the end."""
    settings = Settings(data_dir=data_dir, port=0, ui_port=0)
    async with EmbeddedStack(settings, what_to_provision(settings)) as running:
        opened = open_database(running.database_url)
        try:
            yield Stack(
                data_dir=data_dir,
                client=await connect(settings, environ={}),
                database=opened,
                pids=running.pids,
            )
        finally:
            await opened.close()


async def procedures(at: Stack, folder: Path) -> dict[str, Cost]:
    """This will carry one procedure of each kind to its end, without returns or reminders."""
    found = {}
    course = await Course.of(at.office, folder, "每种", EVERY_KIND, streets=1, districts=1)
    for row in course.plan.rows:
        handle = await course.start(row.id)
        await course.finish(row.id, row.targets[0])
        await handle.result()
        found[row.item] = await cost_of(handle)
    return found


async def memory(at: Stack, folder: Path, counts: Sequence[int]) -> dict[int, int]:
    """This will open 三定 procedures alone and weigh the worker at each count: resident bytes."""
    course = await Course.of(at.office, folder, "内存", ROLLOUT, streets=1, districts=1)
    weighed = {}
    begun = 0
    for count in counts:
        starts = [
            lambda n=n: course.start("R2", f"内存/甲区/第{n}街道/三定")  # type: ignore[misc]
            for n in range(begun, count)
        ]
        await at_most(20, starts)
        await at.until_open("内存", count)
        await asyncio.sleep(SETTLING)
        weighed[count] = int(at.worker.memory_info().rss)
        begun = count
    return weighed


@dataclass(frozen=True, kw_only=True)
class Start:
    """A rollout of many streets: seconds until the command returned, and until all were open."""

    streets: int
    procedures: int
    command_seconds: float
    open_seconds: float


async def large_start(at: Stack, folder: Path, streets: int) -> Start:
    """This will start a district of so many streets and wait until every due procedure is open."""
    kickoff = await at.office.today()
    file = write_plan(folder, LARGE, ROLLOUT, kickoff, streets=streets, areas=1)
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *jiegai(),
        *("rollout", "start", str(file), "--as", "市协调员"),
        env=environ(at.data_dir),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
    )
    if await process.wait() != 0:
        raise SystemExit("jiegai rollout start failed")
    command_seconds = time.perf_counter() - begun
    procedures = 2 * streets + 1
    await at.until_open(LARGE, procedures)
    return Start(
        streets=streets,
        procedures=procedures,
        command_seconds=command_seconds,
        open_seconds=time.perf_counter() - begun,
    )


@dataclass(frozen=True, kw_only=True)
class Rush:
    """So many people acting at once, each on a procedure of their own."""

    at_once: int
    seconds: float
    latencies: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Actions answered a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: int) -> float:
        """Seconds within which so many percent were answered."""
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[percent - 1]


async def rushes(at: Stack, folder: Path, sizes: dict[int, int]) -> list[Rush]:
    """This will let streets of the large start hand in: for each number at once, so many."""
    plan = load(folder / f"{LARGE}.yaml")
    found = await at.office.rows(
        "SELECT p.id, max(v.version) AS version FROM plan p"
        " JOIN plan_version v ON v.plan_id = p.id WHERE p.rollout = :r GROUP BY p.id",
        r=LARGE,
    )
    key = PlanKey(rollout=LARGE, plan_id=found[0]["id"], version=found[0]["version"])
    course = Course(at.office, plan, key)
    ready = []
    for row_id in ("R3", "R2"):
        for unit in plan.row(row_id).targets:
            _, row = await course.slice_of(row_id, unit)
            ready.append((course.id_of(row, unit), forward(row.steps[0], row, unit, unit)))
    done = []
    for at_once, share in sizes.items():
        mine, ready = ready[:share], ready[share:]
        done.append(await _rush(course, mine, at_once))
    return done


async def _rush(course: Course, ready: list[tuple[str, Action]], at_once: int) -> Rush:
    took: list[float] = []

    async def one(workflow_id: str, action: Action) -> None:
        begun = time.perf_counter()
        await course.act(workflow_id, action)
        took.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    calls = [lambda w=w, a=a: one(w, a) for w, a in ready]  # type: ignore[misc]
    await at_most(at_once, calls)
    return Rush(at_once=at_once, seconds=time.perf_counter() - begun, latencies=tuple(took))


async def at_most(number: int, calls: Sequence[Callable[[], Awaitable[_T]]]) -> list[_T]:
    """This will run the calls, so many at the same time."""
    room = asyncio.Semaphore(number)

    async def one(call: Callable[[], Awaitable[_T]]) -> _T:
        async with room:
            return await call()

    return await asyncio.gather(*(one(call) for call in calls))

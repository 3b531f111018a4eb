"""Workers of transfer batches, one queue and one process each, which kill at boundaries of activities.

A boundary is the moment before an activity begins or after it has done its work (its commit) and
before anybody hears of it; what posts has one more after its first commit. Batches that go the same way
share its boundaries: who comes first to one where nobody has died yet, dies there, or kills a server
there. A server is killed for many batches at once: who has come to a boundary of its own waits there
for the others, which go on to the next ones.

The orders come as a JSON list in the first argument; each worker notes every boundary that it meets
for the first time, and whom it killed there. One process imports everything and forks a worker
whenever one has died: that takes a tenth of what a new start takes. It dies with the test, and its
workers with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.common import RetryPolicy
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    UnsandboxedWorkflowRunner,
    Worker,
)

import worker as _everything_that_a_worker_imports  # noqa: F401
from activities.roster import staff
from contracts.journal import Journal
from contracts.procedure import ProcedureRequest
from contracts.registers import Registers
from contracts.transfer import PersonAction, Transfers
from domain.action import Action
from runtime.connect import connect
from runtime.converter import data_converter
from runtime.question_guard import GuardedRunner
from runtime.settings import Settings
from runtime.stackfile import running_stack
from runtime.workers import activities_of
from storage.engine import Database, open_database
from workflows import policies
from workflows.personnel_transfer import PersonnelTransfer

ITSELF = "worker"
BEFORE, WITHIN, AFTER = "前", "中", "后"
_MOMENTS = (BEFORE, WITHIN, AFTER)
_LAST = f"{AFTER} close_dossier"
SEVERAL_COMMITS = (
    "freeze_roster",
    "thaw_roster",
    "send_posts",
    "register_people",
    "take_posts_back",
    "decide_person",
    "end_transfer",
)
"""Activities that post; between two commits of one there is a boundary too (the first is met)."""
WAIT_SECONDS = 2.0
"""So long a batch waits at its boundary for the others: less than the patience of any activity."""
SOON = timedelta(seconds=3)
"""After this long somebody killed is missed; in earnest it is up to a minute (policies.py)."""
AGAIN = RetryPolicy(initial_interval=timedelta(seconds=0.3), maximum_interval=timedelta(seconds=1))
"""What failed is tried again soon; in earnest the pauses grow to a minute."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Whom a worker kills: at each boundary of its way from ``first`` on where nobody has died yet.

    The boundaries of the n-th activity of a procedure are 3n to 3n+2. ``victim`` is a part of the
    stack, or the worker itself; ``struck`` is the folder where the batches of a way mark their kills.
    """

    queue: str
    notes: str
    struck: str
    victim: str
    first: int = 0


@dataclass(frozen=True)
class Met:
    """A boundary that a batch came to for the first time, and who was killed there, if anybody.

    ``kind`` is which activity, and when; it was the ``nth`` of its kind.
    """

    number: int
    kind: str
    nth: int
    victim: str

    @property
    def place(self) -> tuple[str, int]:
        """What is the same boundary for all batches of a way; numbers shift with each new try."""
        return self.kind, self.nth


def read_notes(path: Path) -> list[Met]:
    """What a worker has met so far, in order."""
    lines = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return [Met(int(number), kind, int(nth), victim) for number, kind, nth, victim in lines]


class Company:
    """All batches: who of them waits at a boundary for the death of the server, which is one for all."""

    def __init__(self, orders: Sequence[Order], data_dir: Path) -> None:
        fork = multiprocessing.get_context("fork")
        self._places = {order.queue: place for place, order in enumerate(orders)}
        self._data_dir = data_dir
        self._waits = fork.RawArray("b", len(orders))
        self._gone = fork.RawArray("b", len(orders))
        self._deaths = fork.RawValue("i", 0)
        self._lock = fork.Lock()

    async def strike(self, order: Order) -> None:
        """Return once the victim is dead."""
        if order.victim == ITSELF:
            os.kill(os.getpid(), signal.SIGKILL)
        place, deaths = self._places[order.queue], self._deaths.value
        until = time.monotonic() + WAIT_SECONDS
        self._waits[place] = 1
        try:
            while self._deaths.value == deaths:
                if self._all_are_here() or time.monotonic() > until:
                    self._kill(order.victim, deaths)
                await asyncio.sleep(0.01)
        finally:
            # Whose activity is given up meanwhile kills on its own.
            self._kill(order.victim, deaths)
            self._waits[place] = 0

    def leave(self, order: Order) -> None:
        """A batch at its end is waited for no longer."""
        self._gone[self._places[order.queue]] = 1

    def _all_are_here(self) -> bool:
        return all(waits or gone for waits, gone in zip(self._waits, self._gone, strict=True))

    def _kill(self, victim: str, deaths: int) -> None:
        with self._lock:
            if self._deaths.value == deaths:
                kill(self._data_dir, victim)
                self._waits[:] = bytes(len(self._waits))
                self._deaths.value += 1


class Boundaries(Interceptor):
    """Meets every boundary of every activity of one worker, local ones too."""

    def __init__(self, order: Order, company: Company) -> None:
        self._order = order
        self._company = company
        self._notes = Path(order.notes)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Stand before and behind each activity."""
        return _Boundary(next, self)

    async def meet(self, moment: str) -> None:
        """Note a boundary that is new, and kill whom the order says."""
        info = activity.info()
        kind = f"{moment} {info.activity_type}"
        if self._is_due(3 * int(info.activity_id) + _MOMENTS.index(moment), kind):
            await self._company.strike(self._order)
        if kind == _LAST:
            self._company.leave(self._order)

    def _is_due(self, number: int, kind: str) -> bool:
        met = read_notes(self._notes)
        if number in {one.number for one in met}:
            return False
        nth = sum(one.kind == kind for one in met)
        is_due = number >= self._order.first and self._is_first(f"{kind} {nth}")
        with self._notes.open("a", encoding="utf-8") as notes:
            notes.write(f"{number}\t{kind}\t{nth}\t{self._order.victim if is_due else ''}\n")
        return is_due

    def _is_first(self, place: str) -> bool:
        try:
            Path(self._order.struck, place).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


class _Boundary(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, boundaries: Boundaries) -> None:
        super().__init__(inner)
        self._boundaries = boundaries

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        await self._boundaries.meet(BEFORE)
        answer = await super().execute_activity(input)
        await self._boundaries.meet(AFTER)
        return answer


@dataclass(frozen=True)
class WatchedDatabase(Database):
    """Meets the moment after a commit too; those of questions and pages are their end."""

    boundaries: Boundaries

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection in one transaction; the boundary is behind its commit."""
        async with super().transaction() as connection:
            yield connection
        if activity.info().activity_type in SEVERAL_COMMITS:
            await self.boundaries.meet(WITHIN)


def kill(data_dir: Path, victim: str) -> None:
    """Kill -9 of a server with every process of its own."""
    part = alive(data_dir, victim)
    doomed = [part, *part.children(recursive=True)]
    for process in doomed:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def alive(data_dir: Path, victim: str) -> psutil.Process:
    """A server; who has just been killed by another batch is waited for, and killed once more."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        stack = running_stack(data_dir)
        assert stack is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            part = psutil.Process(stack.pids[victim])
            if part.status() != psutil.STATUS_ZOMBIE:
                return part
        time.sleep(0.02)
    raise AssertionError(f"{victim} does not come back")


async def serve(order: Order, company: Company) -> None:
    """Work for one batch until killed."""
    settings = Settings.from_environ()
    assert settings.database_url is not None
    soon = SOON if order.victim == ITSELF else 2 * SOON
    policies.PATIENT["start_to_close_timeout"] = soon
    for options in (policies.PATIENT, policies.PAGES):
        options["retry_policy"] = AGAIN
    policies.PULSE = soon  # type: ignore[misc]
    client = await connect(settings)
    boundaries = Boundaries(order, company)
    engine = open_database(settings.database_url, pool_size=2).engine
    database = WatchedDatabase(engine, boundaries)
    able = staff(client, database, settings.evidence_limit_mb)
    async with Worker(
        client,
        task_queue=order.queue,
        # Else it is made of the bytes of every loaded module: half a second.
        build_id="deadly",
        workflows=[PersonnelTransfer],
        activities=activities_of(*able.procedures),
        # A sandbox is built anew for every run that is replayed: most of what a restart takes.
        workflow_runner=GuardedRunner(UnsandboxedWorkflowRunner()),
        interceptors=[boundaries],
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    ):
        await asyncio.Event().wait()


def fork(order: Order, company: Company) -> int:
    """Start a worker; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        _die_with_parent()
        asyncio.run(serve(order, company))
    except BaseException as error:  # noqa: BLE001 - the parent starts it again
        print(f"{order.queue}: {error!r}", file=sys.stderr, flush=True)
    os._exit(1)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


def learn_types() -> None:
    """Build the schemas of all that a batch says, once for all forks: half a second of each one's."""
    hints: list[Any] = [ProcedureRequest, Action, PersonAction]
    for declared in (Transfers, Journal, Registers):
        for one in vars(declared).values():
            definition = getattr(one, "__temporal_activity_definition", None)
            if definition is not None:
                hints += [*definition.arg_types, definition.ret_type]
    for hint in hints:
        with contextlib.suppress(ValidationError):
            data_converter.payload_converter.from_payload(_NOTHING, hint)


_NOTHING = Payload(metadata={"encoding": b"json/plain"}, data=b"[]")


def main() -> None:
    """Keep a worker alive for each order."""
    _die_with_parent()
    learn_types()
    orders = [Order(**one) for one in json.loads(sys.argv[1])]
    company = Company(orders, Settings.from_environ().data_dir)
    workers = {fork(order, company): order for order in orders}
    while True:
        pid, status = os.wait()
        if not os.WIFSIGNALED(status):
            time.sleep(0.3)
        order = workers.pop(pid)
        workers[fork(order, company)] = order


if __name__ == "__main__":
    main()

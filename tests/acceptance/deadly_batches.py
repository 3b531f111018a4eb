"""Workers of transfer batches, one queue and one process each, killed at boundaries of activities.

A boundary is the moment before an activity begins or after it has done its work (its commit) and
before anybody hears of it; a posting has one more between two pages. The orders come as a JSON list in the first argument; each worker notes
every boundary that it meets for the first time, and whom it killed there, in the file of its order.
One process imports everything and forks a worker whenever one has died: that takes a tenth of what a
new start takes. It dies with the test, and its workers with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from pydantic import ValidationError
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
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
from runtime.settings import Settings
from runtime.stackfile import running_stack
from runtime.workers import activities_of
from storage.engine import open_database
from workflows import policies
from workflows.personnel_transfer import PersonnelTransfer

ITSELF = "worker"
BEFORE, WITHIN, AFTER = "前", "中", "后"
_MOMENTS = (BEFORE, WITHIN, AFTER)
SOON = timedelta(seconds=3)
"""After this long somebody killed is missed; in earnest it is up to a minute (policies.py)."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Whom a worker kills: at every ``every``-th boundary from ``first`` on, or at each kind once.

    The boundaries of the n-th activity of a procedure are 3n to 3n+2. ``victim`` is a part of the
    stack, the worker itself, or empty; ``every`` 0 means at the first boundary of each kind (which
    activity, before or after) from ``first`` on.
    """

    queue: str
    notes: str
    victim: str = ""
    every: int = 0
    first: int = 0


@dataclass(frozen=True)
class Met:
    """A boundary that a batch came to for the first time, and who was killed there, if anybody."""

    number: int
    kind: str
    victim: str


def read_notes(path: Path) -> list[Met]:
    """What a worker has met so far, in order."""
    lines = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return [Met(int(number), kind, victim) for number, kind, victim in lines]


class Boundaries(Interceptor):
    """Meets every boundary of every activity of one worker, local ones too."""

    def __init__(self, order: Order, data_dir: Path) -> None:
        self._order = order
        self._data_dir = data_dir
        self._notes = Path(order.notes)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Stand before and behind each activity."""
        return _Boundary(next, self)

    def meet(self, moment: str) -> None:
        """Note a boundary that is new, and kill whom the order says."""
        info = activity.info()
        kind = f"{moment} {info.activity_type}"
        number = 3 * int(info.activity_id) + _MOMENTS.index(moment)
        met = read_notes(self._notes)
        if number in {one.number for one in met}:
            return
        is_due = self._is_due(number, kind, met)
        victim = self._order.victim if is_due else ""
        with self._notes.open("a", encoding="utf-8") as notes:
            notes.write(f"{number}\t{kind}\t{victim}\n")
        if victim:
            kill(self._data_dir, victim)

    def _is_due(self, number: int, kind: str, met: list[Met]) -> bool:
        order = self._order
        if number < order.first:
            return False
        if order.every:
            return (number - order.first) % order.every == 0
        return not any(one.kind == kind and one.number >= order.first for one in met)


class _Boundary(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, boundaries: Boundaries) -> None:
        super().__init__(inner)
        self._boundaries = boundaries

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        super().init(_Pulse(outbound, self._boundaries))

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        self._boundaries.meet(BEFORE)
        answer = await super().execute_activity(input)
        self._boundaries.meet(AFTER)
        return answer


class _Pulse(ActivityOutboundInterceptor):
    """A posting says between two pages that it lives."""

    def __init__(self, inner: ActivityOutboundInterceptor, boundaries: Boundaries) -> None:
        super().__init__(inner)
        self._boundaries = boundaries

    def heartbeat(self, *details: Any) -> None:
        self._boundaries.meet(WITHIN)
        super().heartbeat(*details)


def kill(data_dir: Path, victim: str) -> None:
    """Kill -9 of this worker, or of a server with every process of its own."""
    if victim == ITSELF:
        os.kill(os.getpid(), signal.SIGKILL)
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


async def serve(order: Order) -> None:
    """Work for one batch until killed."""
    settings = Settings.from_environ()
    assert settings.database_url is not None
    policies.PATIENT["start_to_close_timeout"] = SOON
    policies.PULSE = SOON  # type: ignore[misc]
    client = await connect(settings)
    database = open_database(settings.database_url, pool_size=2)
    able = staff(client, database, settings.evidence_limit_mb)
    async with Worker(
        client,
        task_queue=order.queue,
        # Else it is made of the bytes of every loaded module: half a second.
        build_id="deadly",
        workflows=[PersonnelTransfer],
        activities=activities_of(*able.procedures),
        # A sandbox is built anew for every run that is replayed: most of what a restart takes.
        workflow_runner=UnsandboxedWorkflowRunner(),
        interceptors=[Boundaries(order, settings.data_dir)],
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    ):
        await asyncio.Event().wait()


def fork(order: Order) -> int:
    """Start a worker; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        _die_with_parent()
        asyncio.run(serve(order))
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
    workers = {fork(order): order for order in (Order(**one) for one in json.loads(sys.argv[1]))}
    while True:
        pid, status = os.wait()
        if not os.WIFSIGNALED(status):
            time.sleep(0.3)
        order = workers.pop(pid)
        workers[fork(order)] = order


if __name__ == "__main__":
    main()

"""What every contender of the bench of cases is measured by: one rush of cases, many at once.

A case is begun, acted on until it has ended, and only then gives its place to the next; the latency is
that of each action's call, CPU is what each process used meanwhile.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import psutil
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from bench.history import Cost

AT_ONCE = 50
WARMING = 20
BUSY_PAUSE = 0.05
"""Before a server is asked again that could not answer."""

Given = TypeVar("Given")
_NEVER = {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.ALREADY_EXISTS}


@dataclass(frozen=True, kw_only=True)
class CaseRush:
    """So many cases carried to their end: wall seconds, seconds of each action, CPU by process."""

    cases: int
    seconds: float
    latencies: tuple[float, ...]
    cpu: Mapping[str, float]

    @property
    def per_second(self) -> float:
        """Cases ended a second."""
        return self.cases / self.seconds

    def percentile(self, percent: int) -> float:
        """Seconds within which so many percent of the actions were answered."""
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[percent - 1]


class Contender(Protocol):
    """One way to run a case."""

    name: str
    actions: int
    """How many actions a case has."""

    async def rush(self, cases: int, at_once: int) -> CaseRush:
        """This will carry so many new cases to their end."""
        ...

    async def cost(self) -> Cost | None:
        """This will carry one more case and count its history; None where there is none."""
        ...


@dataclass
class Measured:
    """The rushes of one contender, and what one case of it costs."""

    name: str
    actions: int
    rushes: list[CaseRush] = field(default_factory=list)
    cost: Cost | None = None

    @property
    def per_second(self) -> float:
        """Cases a second, the median of the rounds."""
        return statistics.median(rush.per_second for rush in self.rushes)

    def percentile(self, percent: int) -> float:
        """Seconds, the median of the rounds' own percentiles."""
        return statistics.median(rush.percentile(percent) for rush in self.rushes)

    def cpu(self, process: str) -> float:
        """CPU seconds of a case in one process, the median of the rounds; 0 where it has none."""
        return statistics.median(rush.cpu.get(process, 0.0) / rush.cases for rush in self.rushes)

    def ratio(self, other: Measured) -> float:
        """How many times as many cases a second as the other, in the same rounds."""
        pairs = zip(self.rushes, other.rushes, strict=True)
        return statistics.median(a.per_second / b.per_second for a, b in pairs)


async def in_turns(
    contenders: Sequence[Contender], *, rounds: int, cases: int, at_once: int = AT_ONCE
) -> list[Measured]:
    """This will let the contenders run in turns, so that a busy moment meets all of them."""
    found = [Measured(each.name, each.actions) for each in contenders]
    for each in contenders:
        # The first cases compile, connect and fill caches; they are nobody's usual day.
        await each.rush(WARMING, WARMING)
    for _ in range(rounds):
        for each, measured in zip(contenders, found, strict=True):
            rush = await each.rush(cases, at_once)
            measured.rushes.append(rush)
            print(f"  {each.name}: {rush.per_second:.1f} cases/s", file=sys.stderr, flush=True)
    for each, measured in zip(contenders, found, strict=True):
        measured.cost = await each.cost()
    return found


async def carry(
    case: Callable[[list[float]], Awaitable[None]],
    cases: int,
    at_once: int,
    watched: Mapping[str, Sequence[psutil.Process]],
) -> CaseRush:
    """This will carry cases through ``case``, which notes how long each of its actions took."""
    took: list[float] = []
    room = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with room:
            await case(took)

    driver = psutil.Process()
    before, own = {name: spent(of) for name, of in watched.items()}, _own(driver)
    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(cases)))
    seconds = time.perf_counter() - begun
    used = {name: spent(of) - before[name] for name, of in watched.items()}
    used["driver"] = _own(driver) - own
    return CaseRush(cases=cases, seconds=seconds, latencies=tuple(took), cpu=used)


async def insist(call: Callable[[], Awaitable[Given]]) -> Given:
    """This will ask until there is an answer; ``call`` carries an id of its own, as commands do."""
    while True:
        try:
            return await call()
        except RPCError as error:
            # Ten Updates in flight, a run that continues as new, a lost task, no answer in time.
            if error.status in _NEVER:
                raise
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            pass
        await asyncio.sleep(BUSY_PAUSE)


def _own(process: psutil.Process) -> float:
    """CPU seconds of one process without its children."""
    times = process.cpu_times()
    return float(times.user + times.system)


def spent(processes: Sequence[psutil.Process]) -> float:
    """CPU seconds of processes and all their children so far, those that have ended included."""
    total = 0.0
    for process in processes:
        own = process.cpu_times()
        total += own.user + own.system + own.children_user + own.children_system
        for child in process.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
    return total

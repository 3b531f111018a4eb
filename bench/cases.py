"""The bench of cases: ours, a textbook's, DBOS and two deeper designs, in turns on one machine.

All stand on one PostgreSQL server, each with a database of its own; ours and the deeper designs share
the Temporal server of ``jiegai up``, the textbook has one with default settings. Everything is up the
whole time, one contender at a time has cases, and a ratio is the median of the rounds' own ratios.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.case_contenders import database_of, dbos, has_dbos, textbook
from bench.case_deeper_run import deeper
from bench.case_ours import district
from bench.case_rush import Contender, Measured, in_turns
from bench.case_textbook import DISPATCH, UPWARD
from bench.live import SETTLING, Stack, at_most

KINDS = (UPWARD, DISPATCH)
OPENERS = 20


@dataclass(frozen=True, kw_only=True)
class Cases:
    """What was measured: so many rounds of so many cases each."""

    measured: Sequence[Measured]
    rounds: int
    cases: int

    def named(self, name: str) -> Measured | None:
        """The contender of that name."""
        return next((each for each in self.measured if each.name == name), None)


async def race(folder: Path, *, rounds: int, cases: int) -> Cases:
    """This will let all contenders run in turns."""
    async with AsyncExitStack() as running:
        at, ours = await running.enter_async_context(district(folder, folder / "ours"))
        server, postgres = (psutil.Process(at.pids[name]) for name in ("temporal", "postgres"))
        contenders: list[Contender] = [*ours]
        url = await database_of(_url(at), "textbook")
        contenders += await running.enter_async_context(
            textbook(folder / "textbook", url, KINDS, postgres)
        )
        if has_dbos():
            url = await database_of(_url(at), "dbos")
            contenders += await running.enter_async_context(
                dbos(folder / "dbos", url, ("bare", "full"), postgres)
            )
        url = await database_of(_url(at), "deeper")
        prototypes = await running.enter_async_context(
            deeper(folder / "deeper", at.client, url, server=server, postgres=postgres)
        )
        contenders += prototypes
        measured = await in_turns(contenders, rounds=rounds, cases=cases)
    return Cases(measured=measured, rounds=rounds, cases=cases)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The worker's resident bytes at each number of open cases, and how fast they were opened."""

    weighed: dict[int, int]
    seconds: float


async def memory(folder: Path, counts: Sequence[int]) -> Opened:
    """This will open cases and leave them, and weigh the worker at each count."""
    async with district(folder, folder / "open") as (at, ours):
        weighed: dict[int, int] = {}
        took: list[float] = []
        begun = 0
        for count in counts:
            await at_most(OPENERS, [lambda: ours[0].open(took)] * (count - begun))
            await asyncio.sleep(SETTLING)
            weighed[count] = int(at.worker.memory_info().rss)
            begun = count
        return Opened(weighed=weighed, seconds=statistics.median(took))


def _url(at: Stack) -> str:
    # The password is in the stack's own file alone; the engine knows it.
    return at.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

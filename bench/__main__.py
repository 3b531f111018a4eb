"""``python -m bench``: measure everything and print the tables of docs/performance.md.

Each part can be asked for alone: up, levels, load, memory, ledger, board, audit, cases, open.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import audit, board, cases, commands, ledger, live, skipped
from bench.case_report import report_cases, report_open
from bench.plan import CHAIN
from bench.report import UNITS, Report

STREETS = 200
FEW = 10
"""Streets of a small district."""
RACES, CASES = 3, 50
"""Rounds of the race of cases, and how many cases each contender has in one."""


async def _up(report: Report, folder: Path, rounds: int) -> None:
    data_dir = folder / "up"
    first = live.Up(data_dir)
    first.stop()
    second = live.Up(data_dir)
    try:
        report.ups(first.seconds, second.seconds)
        report.waits(commands.waits(second, data_dir, rounds))
    finally:
        second.stop()


async def _levels(report: Report, folder: Path, _rounds: int) -> None:
    async with live.stack(folder / "courses") as at:
        costs = await live.procedures(at, folder)
    async with skipped.database() as data:
        report.procedures(costs, await skipped.reminder(data, folder))
        report.levels(
            await skipped.tree(data, folder, "少", streets=FEW, districts=2),
            await skipped.tree(data, folder, "多", streets=UNITS, districts=2),
            await skipped.tree(data, folder, "散", streets=UNITS, spread=True),
            await skipped.tree(data, folder, "链", CHAIN, streets=UNITS, spread=True),
        )


async def _load(report: Report, folder: Path, _rounds: int) -> None:
    async with live.stack(folder / "load") as at:
        start = await live.large_start(at, folder, STREETS)
        report.load(start, await live.rushes(at, folder, {1: 40, 8: 120, 50: 240}))


async def _memory(report: Report, folder: Path, _rounds: int) -> None:
    async with live.stack(folder / "memory") as at:
        report.memory(await live.memory(at, folder, (10, 500, 1000)))


async def _ledger(report: Report, folder: Path, _rounds: int) -> None:
    async with live.stack(folder / "ledger") as at:
        report.ledger(await ledger.speed(at.database))


async def _board(report: Report, folder: Path, _rounds: int) -> None:
    async with live.stack(folder / "board") as at:
        district = board.plan_of("五十街", streets=50, rows=40)
        await board.fill(at.database, district)
        work = await board.server_work(at.database, district)
        country = board.plan_of("九千街", streets=9000, rows=10)
        await board.fill(at.database, country)
        report.board(work, await board.chart(at, folder, country))


async def _audit(report: Report, folder: Path, _rounds: int) -> None:
    async with live.stack(folder / "audit") as at:
        district = audit.district()
        await audit.plant(at.database, district)
        report.audit(await audit.audited(at, folder, district))


async def _cases(report: Report, folder: Path, _rounds: int) -> None:
    (folder / "cases").mkdir()
    report_cases(report, await cases.race(folder / "cases", rounds=RACES, cases=CASES))


async def _open(report: Report, folder: Path, _rounds: int) -> None:
    (folder / "open").mkdir()
    report_open(report, await cases.memory(folder / "open", (10, 500, 1000, 2000)))


PARTS: dict[str, Callable[[Report, Path, int], Awaitable[None]]] = {
    "up": _up,
    "levels": _levels,
    "load": _load,
    "memory": _memory,
    "ledger": _ledger,
    "board": _board,
    "audit": _audit,
    "cases": _cases,
    "open": _open,
}


def main() -> None:
    """This will run the parts asked for, each on a stack of its own, and print the report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="part",
        help="up, levels, load, memory, ledger, board, audit, cases, open",
    )
    parser.add_argument("--rounds", type=int, default=15, help="rounds of timed commands")
    given = parser.parse_args()
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    for name in [name for name in os.environ if name.startswith(("JIEGAI_", "TEMPORAL_"))]:
        del os.environ[name]
    report = Report()
    with tempfile.TemporaryDirectory(prefix="jiegai-bench-") as folder:
        for part in given.parts or PARTS:
            begun = time.perf_counter()
            print(f"{part} …", file=sys.stderr, flush=True)
            asyncio.run(PARTS[part](report, Path(folder), given.rounds))
            print(f"{part}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    print(report.text())


if __name__ == "__main__":
    main()

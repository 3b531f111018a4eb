"""Postings per second beside single-row inserts, on the same PostgreSQL in the same run.

Both go one after the other on one connection, each entry or row in a transaction of its own, as
activities do. Entries are the two that a person's transfer makes: the post is sent (2 postings),
then post and person arrive (4), with every guard on. The plain row has a posting's columns, a
primary key and no guard.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import text

from domain.ledger import OPENING, Entry, Line, arrived, opening, sent
from storage.engine import Database
from storage.ledger_store import Posted, post
from storage.registers_store import NewPlan, store_plan
from tests.small_plan import small_plan

ROLLOUT = "台账"
FROM, TO = "甲区司法局", "一街道"
DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
TYPE = "行政"
ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What one connection wrote in a second; medians of the rounds, the ratio of each round's own."""

    entries: float
    postings: float
    rows: float
    ratio: float
    people: int


async def speed(database: Database, people: int = 500) -> Speed:
    """This will transfer so many people in rounds, in turns with as many plain rows."""
    await _begin(database, people)
    each = people // ROUNDS
    entries, postings, rows, ratios = [], [], [], []
    for turn in range(ROUNDS):
        mine = range(turn * each, (turn + 1) * each)
        written = [
            entry
            for n in mine
            for entry in (
                _entry(f"sent:{n}", sent(FROM, TO, TYPE, 1, [f"p-{n}"])),
                _entry(f"here:{n}", arrived(FROM, TO, TYPE, f"p-{n}")),
            )
        ]
        lines = sum(len(entry.lines) for entry in written)
        begun = time.perf_counter()
        for entry in written:
            await _put(database, entry)
        ledger = time.perf_counter() - begun
        begun = time.perf_counter()
        for n in range(lines):
            await _row(database, turn * lines + n)
        plain = time.perf_counter() - begun
        entries.append(len(written) / ledger)
        postings.append(lines / ledger)
        rows.append(lines / plain)
        ratios.append(plain / ledger)
    middle = ROUNDS // 2
    return Speed(
        entries=sorted(entries)[middle],
        postings=sorted(postings)[middle],
        rows=sorted(rows)[middle],
        ratio=sorted(ratios)[middle],
        people=people,
    )


async def _begin(database: Database, people: int) -> None:
    plan = small_plan(ROLLOUT, DAY)
    new = NewPlan(
        plan=plan, content_hash=ROLLOUT, document="{}", procedures=1, at=AT, person="协调员"
    )
    async with database.transaction() as connection:
        await store_plan(connection, new)
        await connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS bench_row (transaction bigint, line integer, unit text,"
                " type text, state text, amount integer, toward text, staff text,"
                " PRIMARY KEY (transaction, line))"
            )
        )
    staff = [f"p-{n}" for n in range(people)]
    await _put(database, _entry("opening", opening(FROM, TYPE, people, staff), OPENING))


def _entry(key: str, lines: tuple[Line, ...], kind: str = "划转") -> Entry:
    return Entry(
        rollout=ROLLOUT,
        key=key,
        kind=kind,
        day=DAY,
        person="协调员",
        rule="0-43",
        paper="甲编委〔2026〕3号",
        lines=lines,
    )


async def _put(database: Database, entry: Entry) -> None:
    async with database.transaction() as connection:
        answer = await post(connection, entry, AT)
    if not isinstance(answer, Posted):
        raise SystemExit(answer.sentence)


_ROW = text("INSERT INTO bench_row VALUES (:id, 1, '甲区司法局', '行政', '核定', -1, '一街道', '')")


async def _row(database: Database, number: int) -> None:
    async with database.transaction() as connection:
        await connection.execute(_ROW, {"id": number})

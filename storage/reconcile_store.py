"""Reads and repairs of the reconcile: read models beside their logs, runs and their findings.

What is repaired here are read models only, and lines of the log of runs that a reset has disowned
are marked as such; no line is ever changed or removed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.reconcile import BROKEN_OFF, Line
from storage.engine import Database

CASES: Final = "CaseHandover"
"""The procedure whose pages also write a row of the register of cases."""

_BOARD = text("SELECT * FROM board_row WHERE workflow_id = :workflow_id")
_DESK = text(
    "SELECT * FROM desk_item WHERE workflow_id = :workflow_id ORDER BY step, unit, purpose"
)
_CASE = text("SELECT * FROM case_row WHERE workflow_id = :workflow_id")
_HEAD = text(
    """
    SELECT coalesce(max(seq), 0) AS seq, count(*) AS lines, max(at) AS at,
        coalesce(max(seq) FILTER (WHERE confirmed), 0) AS confirmed
    FROM log_entry WHERE workflow_id = :workflow_id AND superseded_by IS NULL
    """
)
_RUNS = text(
    """
    SELECT run_id, max(seq) AS seq FROM log_entry
    WHERE workflow_id = :workflow_id AND superseded_by IS NULL GROUP BY run_id
    """
)
_LINES = text(
    """
    SELECT seq, run_id, kind, step, person, verb, code, action_id, sentence, confirmed
    FROM log_entry WHERE workflow_id = :workflow_id AND superseded_by IS NULL
    ORDER BY seq, run_id LIMIT :limit
    """
)
_ROWS = text(
    """
    SELECT b.workflow_id FROM board_row b
    WHERE (:rollout = '' OR b.rollout = :rollout) AND b.workflow_id > :after
    AND (:everything OR b.ended_at IS NULL)
    ORDER BY b.workflow_id LIMIT :limit
    """
)
_KNOWN = text(
    """
    SELECT b.workflow_id FROM board_row b WHERE b.workflow_id = ANY(CAST(:ids AS text[]))
    AND (b.procedure <> :cases OR EXISTS (
        SELECT FROM case_row c WHERE c.workflow_id = b.workflow_id))
    """
)
# Every procedure's log has a first line: its key leads to each of them once.
_GAPS = text(
    """
    SELECT DISTINCT l.workflow_id FROM log_entry l
    WHERE l.seq = 1 AND (:rollout = '' OR l.rollout = :rollout) AND l.workflow_id > :after
    AND NOT EXISTS (SELECT FROM board_row b WHERE b.workflow_id = l.workflow_id
        AND (b.procedure <> :cases OR EXISTS (
            SELECT FROM case_row c WHERE c.workflow_id = b.workflow_id)))
    ORDER BY l.workflow_id LIMIT :limit
    """
)
_STRAYS = text(
    """
    SELECT c.workflow_id FROM case_row c
    WHERE (:rollout = '' OR c.rollout = :rollout) AND c.workflow_id > :after
    AND NOT EXISTS (SELECT FROM board_row b WHERE b.workflow_id = c.workflow_id)
    ORDER BY c.workflow_id LIMIT :limit
    """
)
_FORGET = tuple(
    text(f"DELETE FROM {table} WHERE workflow_id = :workflow_id")  # noqa: S608 - constants
    for table in ("desk_item", "board_row", "case_row")
)
_CLEAR_DESK = _FORGET[0]
_BREAK = (
    _CLEAR_DESK,
    text(
        "UPDATE board_row SET status = :status, light = '红', seq = 0"
        " WHERE workflow_id = :workflow_id"
    ),
    text("UPDATE case_row SET status = :status WHERE workflow_id = :workflow_id"),
)
_REWIND = text("UPDATE board_row SET seq = 0 WHERE workflow_id = :workflow_id AND seq > :seq")
_DISOWN = text(
    """
    UPDATE log_entry SET superseded_by = :by
    WHERE workflow_id = :workflow_id AND run_id = ANY(CAST(:runs AS text[])) AND seq > :seq
    AND superseded_by IS NULL
    """
)
_BEGIN = text(
    """
    INSERT INTO reconcile_run (key, night, rollout, only_check, person, stage, cursor, counts,
        started_at, ended_at)
    VALUES (:key, :night, :rollout, :only_check, :person, '', '', '{}', :at, NULL)
    ON CONFLICT DO NOTHING
    """
)
_RUN = text("SELECT * FROM reconcile_run WHERE key = :key")
_STEP = text(
    """
    UPDATE reconcile_run SET stage = :stage, cursor = :cursor, counts = CAST(:counts AS jsonb),
        ended_at = CASE WHEN :over THEN greatest(CAST(:at AS timestamptz), started_at) END
    WHERE key = :key
    """
)
_FIND = text(
    """
    INSERT INTO reconcile_finding (run, kind, workflow_id, seq, found, done, person, paper, at)
    VALUES (:run, :kind, :workflow_id, :seq, :found, :done, :person, :paper, :at)
    ON CONFLICT ON CONSTRAINT reconcile_finding_once DO UPDATE SET done = excluded.done
    """
)
_LATEST = text(
    """
    SELECT r.*, coalesce((SELECT jsonb_object_agg(f.kind, f.number) FROM (
        SELECT kind, count(*) AS number FROM reconcile_finding WHERE run = r.key GROUP BY kind) f),
        '{}') AS found
    FROM reconcile_run r WHERE (:key = '' OR r.key = :key)
    ORDER BY r.started_at DESC, r.key LIMIT 1
    """
)
_FINDINGS = text(
    "SELECT * FROM reconcile_finding WHERE run = :run AND id > :after ORDER BY id LIMIT :limit"
)
_ROLLOUTS = text(
    """
    SELECT rollout FROM plan WHERE (:rollout = '' OR rollout = :rollout) AND rollout >= :after
    ORDER BY rollout LIMIT :limit
    """
)
_NIGHTS = text(
    """
    SELECT (SELECT key FROM reconcile_run WHERE night IS NOT NULL AND ended_at IS NULL
            ORDER BY night LIMIT 1) AS unfinished,
        (SELECT max(night) FROM reconcile_run) AS latest,
        (SELECT max(started_at) FROM reconcile_run
         WHERE night IS NOT NULL AND ended_at IS NOT NULL) AS since
    """
)
_UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended('jiegai.reconcile', 0))")
_TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended('jiegai.reconcile', 0))")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the registers hold of one procedure; ``board`` is None where it has no row.

    ``runs`` are the runs whose lines are in force, with the newest line of each.
    """

    board: dict[str, Any] | None
    desk: tuple[dict[str, Any], ...] = ()
    case: dict[str, Any] | None = None
    seq: int = 0
    confirmed: int = 0
    lines: int = 0
    logged_at: datetime | None = None
    runs: dict[str, int] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether the board shows its end."""
        return self.board is not None and self.board["ended_at"] is not None


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """A run to begin; ``night`` is None for one that a person ordered."""

    key: str
    night: date | None
    rollout: str
    only_check: bool
    person: str
    at: datetime


@dataclass(frozen=True)
class Place:
    """How far a run has come: the stage that is next, and where in it; empty at the end."""

    stage: str
    cursor: str = ""


@dataclass(frozen=True, kw_only=True)
class NewFinding:
    """A finding to keep."""

    kind: str
    workflow_id: str
    found: str
    done: str
    at: datetime
    seq: int = 0
    person: str = ""
    paper: str = ""


# --- procedures -------------------------------------------------------------------------------


async def stored_of(database: Database, workflow_id: str) -> Stored:
    """This will read everything that is written of one procedure, at one moment."""
    asked = {"workflow_id": workflow_id}
    async with database.snapshot() as connection:
        board = (await connection.execute(_BOARD, asked)).mappings().one_or_none()
        desk = (await connection.execute(_DESK, asked)).mappings().all()
        case = (await connection.execute(_CASE, asked)).mappings().one_or_none()
        head = (await connection.execute(_HEAD, asked)).one()
        runs = (await connection.execute(_RUNS, asked)).all()
    return Stored(
        board=dict(board) if board is not None else None,
        desk=tuple(dict(row) for row in desk),
        case=dict(case) if case is not None else None,
        seq=head.seq,
        confirmed=head.confirmed,
        lines=head.lines,
        logged_at=head.at,
        runs={row.run_id: row.seq for row in runs},
    )


async def lines_of(database: Database, workflow_id: str, limit: int) -> tuple[Line, ...]:
    """This will read the lines of a log that are in force."""
    async with database.single() as connection:
        found = await connection.execute(_LINES, {"workflow_id": workflow_id, "limit": limit})
        return tuple(Line(**row) for row in found.mappings())


async def known_of(database: Database, ids: Sequence[str]) -> frozenset[str]:
    """Which of these have their rows."""
    async with database.single() as connection:
        found = await connection.execute(_KNOWN, {"ids": list(ids), "cases": CASES})
        return frozenset(found.scalars())


async def rows_after(
    database: Database, rollout: str, after: str, limit: int, *, everything: bool
) -> tuple[str, ...]:
    """This will list procedures of the board by id: those under way, or all."""
    asked = {"rollout": rollout, "after": after, "limit": limit, "everything": everything}
    async with database.single() as connection:
        return tuple((await connection.execute(_ROWS, asked)).scalars())


async def gaps_after(database: Database, rollout: str, after: str, limit: int) -> tuple[str, ...]:
    """This will list procedures that have a log and lack a row of their read models."""
    asked = {"rollout": rollout, "after": after, "limit": limit, "cases": CASES}
    async with database.single() as connection:
        return tuple((await connection.execute(_GAPS, asked)).scalars())


async def strays_after(database: Database, rollout: str, after: str, limit: int) -> tuple[str, ...]:
    """This will list rows of the register of cases that stand on no board."""
    asked = {"rollout": rollout, "after": after, "limit": limit}
    async with database.single() as connection:
        return tuple((await connection.execute(_STRAYS, asked)).scalars())


async def forget(database: Database, workflow_id: str) -> None:
    """This will remove the rows of a procedure that there is not, and that has no log."""
    async with database.transaction() as connection:
        for statement in _FORGET:
            await connection.execute(statement, {"workflow_id": workflow_id})


async def break_off(database: Database, workflow_id: str) -> None:
    """This will show a procedure as 异常中止 and take it off all desks; restarted, it writes anew."""
    async with database.transaction() as connection:
        for statement in _BREAK:
            asked = {"workflow_id": workflow_id, "status": BROKEN_OFF}
            given = asked if ":status" in statement.text else {"workflow_id": workflow_id}
            await connection.execute(statement, given)


async def make_room(
    database: Database, workflow_id: str, run_id: str, seq: int, runs: Sequence[str]
) -> None:
    """This will let a page of ``seq`` overwrite what is shown, which came from nowhere or is disowned.

    ``runs`` are earlier runs that a reset has taken over from: their later lines are marked.
    """
    async with database.transaction() as connection:
        await connection.execute(_REWIND, {"workflow_id": workflow_id, "seq": seq})
        asked = {"workflow_id": workflow_id, "runs": list(runs), "seq": seq, "by": run_id}
        await connection.execute(_DISOWN, asked)


# --- runs and findings ------------------------------------------------------------------------


async def begin_run(connection: AsyncConnection, new: NewRun) -> Row[Any]:
    """This will begin a run, or find the one of this key."""
    await connection.execute(_BEGIN, vars(new))
    return (await connection.execute(_RUN, {"key": new.key})).one()


async def step_run(
    connection: AsyncConnection, key: str, place: Place, counts: dict[str, int], at: datetime
) -> None:
    """This will note how far a run has come; an empty stage says that it is over."""
    given = {
        "key": key,
        "stage": place.stage,
        "cursor": place.cursor,
        "counts": json.dumps(counts, ensure_ascii=False),
        "over": not place.stage,
        "at": at,
    }
    await connection.execute(_STEP, given)


async def keep_findings(
    connection: AsyncConnection, key: str, findings: Sequence[NewFinding]
) -> None:
    """This will keep what a run has found; found twice, it is kept once."""
    if findings:
        await connection.execute(_FIND, [{"run": key, **vars(each)} for each in findings])


async def latest_run(connection: AsyncConnection, key: str = "") -> Row[Any] | None:
    """This will read a run with its findings counted by kind; the newest without a key."""
    return (await connection.execute(_LATEST, {"key": key})).one_or_none()


async def findings_of(
    connection: AsyncConnection, key: str, after: int, limit: int
) -> Sequence[Row[Any]]:
    """This will read findings of a run in the order they were made."""
    asked = {"run": key, "after": after, "limit": limit}
    return (await connection.execute(_FINDINGS, asked)).all()


async def rollouts_from(
    connection: AsyncConnection, rollout: str, after: str, limit: int
) -> tuple[str, ...]:
    """This will list registered rollouts by name, from ``after`` on; one, where it is named."""
    asked = {"rollout": rollout, "after": after, "limit": limit}
    return tuple((await connection.execute(_ROLLOUTS, asked)).scalars())


@dataclass(frozen=True, kw_only=True)
class Nights:
    """The nightly runs so far: one that is not finished, the latest night, the last finished start."""

    unfinished: str | None
    latest: date | None
    since: datetime | None


async def nights(connection: AsyncConnection) -> Nights:
    """This will say where the nightly runs stand."""
    return Nights(**(await connection.execute(_NIGHTS)).mappings().one())


@asynccontextmanager
async def alone(database: Database) -> AsyncIterator[bool]:
    """Whether this is the one worker that reconciles tonight; it is let go at the end."""
    async with database.single() as connection:
        is_mine = bool((await connection.execute(_TRY_LOCK)).scalar_one())
        try:
            yield is_mine
        finally:
            if is_mine:
                await connection.execute(_UNLOCK)

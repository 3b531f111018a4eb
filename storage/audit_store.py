"""Automatic checks against the registers: window after window, so that memory and time are bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit_check import Check
from domain.deadline import local_day
from domain.reconcile import BROKEN_OFF
from domain.unit import ACTING_ROLES
from storage.audit_queries import QUESTIONS, Question

_SHOWN = text(
    """
    SELECT b.procedure, count(*) AS shown FROM board_row b
    WHERE b.rollout = :rollout AND b.ended_at IS NULL AND b.status <> :broken_off
    GROUP BY b.procedure
    """
)
_NEWEST_RUN = text(
    """
    SELECT r.key FROM reconcile_run r
    WHERE r.rollout IN ('', :rollout) AND r.ended_at IS NOT NULL
    ORDER BY r.started_at DESC, r.key LIMIT 1
    """
)
_UNREPAIRED = text(
    """
    SELECT f.workflow_id, f.kind, f.found, f.at, coalesce(b.unit, '') AS unit,
        coalesce(b.district, '') AS district
    FROM reconcile_finding f LEFT JOIN board_row b ON b.workflow_id = f.workflow_id
    WHERE f.run = :run AND f.done = '' AND (f.workflow_id = :rollout
        OR starts_with(f.workflow_id, :rollout || '/'))
    ORDER BY f.id LIMIT :limit
    """
)
_DONE_ROWS = text(
    """
    SELECT b.workflow_id, b.row_id, b.unit, b.district, b.ended_at FROM board_row b
    WHERE b.rollout = :rollout AND b.row_id = ANY(CAST(:rows AS text[]))
    AND b.status <> '终止' ORDER BY b.workflow_id
    """
)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What is checked, at which moment; empty texts mean all."""

    rollout: str
    now: datetime
    district: str = ""
    unit: str = ""

    def parameters(self) -> dict[str, Any]:
        """The bound values that any question may ask for."""
        return {
            "rollout": self.rollout,
            "district": self.district,
            "unit": self.unit,
            "now": self.now,
            "today": local_day(self.now),
            "acting": sorted(str(role) for role in ACTING_ROLES),
        }


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault: ``place`` is the key of the window that it belongs to."""

    place: str
    workflow_id: str
    unit: str
    district: str
    units: Sequence[str]
    since: datetime | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Window:
    """The keys looked at, and the faults within them in their order; ``is_last``: no more keys."""

    keys: tuple[str, ...]
    faults: tuple[Fault, ...]
    is_last: bool


def _window(question: Question) -> TextClause:
    # The text is a constant of audit_queries.
    return text(
        f"SELECT w.key FROM ({question.window}) w WHERE w.key > :after ORDER BY w.key LIMIT :limit"  # noqa: S608
    )


def _faults(question: Question) -> TextClause:
    return text(
        f"""
        SELECT f.* FROM ({question.faults}) f
        WHERE (:district = '' OR f.district IN (:district, ''))
        AND (:unit = '' OR :unit = ANY(f.units))
        ORDER BY f.place, f.since, f.unit, f.facts::text
        """  # noqa: S608 - a constant of audit_queries
    )


_WINDOWS: Final = {check: _window(question) for check, question in QUESTIONS.items()}
_FAULTS: Final = {check: _faults(question) for check, question in QUESTIONS.items()}


async def ask(connection: AsyncConnection, check: Check, scope: Scope, after: str) -> Window:
    """This will look at the next window of a check."""
    given = scope.parameters()
    size = QUESTIONS[check].size
    keys = tuple(
        await connection.scalars(
            _WINDOWS[check], _wanted(_WINDOWS[check], given | {"after": after, "limit": size})
        )
    )
    if not keys:
        return Window(keys=(), faults=(), is_last=True)
    found = await connection.execute(
        _FAULTS[check], _wanted(_FAULTS[check], given | {"ids": list(keys)})
    )
    return Window(
        keys=keys,
        faults=tuple(Fault(**row) for row in found.mappings()),
        is_last=len(keys) < size,
    )


async def shown_running(connection: AsyncConnection, rollout: str) -> dict[str, int]:
    """This will count the procedures under way on the board, by type."""
    rows = await connection.execute(_SHOWN, {"rollout": rollout, "broken_off": BROKEN_OFF})
    return {row.procedure: row.shown for row in rows}


async def unrepaired(
    connection: AsyncConnection, rollout: str, limit: int
) -> tuple[Fault, ...] | None:
    """What the last reconcile of a rollout found and did not repair; None if there was none."""
    run = (await connection.execute(_NEWEST_RUN, {"rollout": rollout})).scalar_one_or_none()
    if run is None:
        return None
    asked = {"run": run, "rollout": rollout, "limit": limit}
    return tuple(
        Fault(
            place=row.workflow_id,
            workflow_id=row.workflow_id,
            unit=row.unit,
            district=row.district,
            units=(row.unit,),
            since=row.at,
            facts={"kind": row.kind, "found": row.found},
        )
        for row in await connection.execute(_UNREPAIRED, asked)
    )


@dataclass(frozen=True, kw_only=True)
class RowProcedure:
    """One procedure of a row of the plan."""

    workflow_id: str
    row_id: str
    unit: str
    district: str
    ended_at: datetime | None


async def procedures_of_rows(
    connection: AsyncConnection, rollout: str, rows: Sequence[str]
) -> tuple[RowProcedure, ...]:
    """This will read the procedures of some rows of the plan, but not those that were ended."""
    found = await connection.execute(_DONE_ROWS, {"rollout": rollout, "rows": list(rows)})
    return tuple(RowProcedure(**row) for row in found.mappings())


def _wanted(statement: TextClause, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that a statement asks for."""
    return {name: given[name] for name in statement.compile().params}

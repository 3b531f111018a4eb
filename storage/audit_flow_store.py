"""Audits on file: opened once, visited, with their problems and conclusions (C8).

Only where a problem stands moves, and every move is kept. Sources: 0-12…0-15, 2-23…2-25, 4-37, 4-39.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import RunKey
from domain.audit_flow import Problem, ProblemState, Visit

_KEY = "(rollout, plan, label) = (:rollout, :plan, :label)"

# what is inserted below is the constant above
_OPEN = text(
    """
    INSERT INTO audit (rollout, plan, label, kind, workflow_id, arrangement, organiser, covers,
        opened_at, late, approval, approved_at, ending)
    VALUES (:rollout, :plan, :label, :kind, :workflow_id, CAST(:arrangement AS jsonb), :organiser,
        :covers, :opened_at, :late, :approval, :approved_at, '')
    ON CONFLICT (rollout, plan, label) DO NOTHING
    """
)
_READ = text(f"SELECT * FROM audit WHERE {_KEY}")  # noqa: S608
_HOLD = text(f"SELECT * FROM audit WHERE {_KEY} FOR NO KEY UPDATE")  # noqa: S608
_APPROVE = text(
    f"""
    UPDATE audit SET approval = :approval, approved_at = :at WHERE {_KEY} AND ended_at IS NULL
    """  # noqa: S608
)
_END = text(
    f"""
    UPDATE audit SET ended_at = :at, ending = :ending WHERE {_KEY} AND ended_at IS NULL
    """  # noqa: S608
)
_HAS_ENDED = text("SELECT 1 FROM audit WHERE workflow_id = :workflow_id AND ended_at IS NOT NULL")
_VISIT = text(
    f"""
    INSERT INTO audit_visit (rollout, plan, label, number, unit, visited_on, methods, team, result,
        opinions, recorded_by, recorded_at, action_id)
    SELECT :rollout, :plan, :label, coalesce(max(number), 0) + 1, :unit, :visited_on, :methods,
        :team, :result, :opinions, :person, :at, :action_id
    FROM audit_visit WHERE {_KEY}
    RETURNING number
    """  # noqa: S608
)
_VISITED = text(
    f"""
    SELECT DISTINCT ON (unit) unit, result FROM audit_visit WHERE {_KEY} ORDER BY unit, number DESC
    """  # noqa: S608
)
_VISITS = text(
    f"""
    SELECT * FROM audit_visit WHERE {_KEY} AND number > :after ORDER BY number LIMIT :limit
    """  # noqa: S608
)
_VISIT_BY_ACTION = text(
    "SELECT number, plan, label FROM audit_visit WHERE rollout = :rollout AND action_id = :action_id"
)
_FIND = text(
    f"""
    INSERT INTO audit_problem (rollout, plan, label, number, unit, sentence, rule, discipline, advice,
        found_by, workflow_id, source, recorded_by, recorded_at, state)
    SELECT :rollout, :plan, :label,
        (SELECT coalesce(max(number), 0) FROM audit_problem WHERE {_KEY})
            + row_number() OVER (ORDER BY p.place),
        p.unit, p.sentence, p.rule, p.discipline, p.advice, p.found_by, p.workflow_id, p.source,
        :person, :at, p.state
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS p (place integer, unit text, sentence text,
        rule text, discipline text, advice text, found_by text, workflow_id text, source text,
        state text)
    """  # noqa: S608
)
_FOUND = text(
    f"""
    SELECT number, source FROM audit_problem WHERE {_KEY} AND source = ANY(:sources) ORDER BY number
    """  # noqa: S608
)
_FIRST_MOVES = text(
    """
    INSERT INTO audit_problem_move (rollout, plan, label, number, place, state, person, note,
        moved_at)
    SELECT p.rollout, p.plan, p.label, p.number, 1, p.state, :person,
        coalesce(CAST(:notes AS jsonb) ->> p.source, ''), :at
    FROM audit_problem p
    WHERE (p.rollout, p.plan, p.label) = (:rollout, :plan, :label) AND p.source = ANY(:sources)
    """
)
_MOVE = text(
    """
    WITH moved AS (
        UPDATE audit_problem p SET state = :state
        WHERE (p.rollout, p.plan, p.label) = (:rollout, :plan, :label)
        AND p.state = :before AND (:all OR p.unit = ANY(:units))
        AND (p.state <> '待整改' OR p.due IS NOT NULL)
        RETURNING p.number
    )
    INSERT INTO audit_problem_move (rollout, plan, label, number, place, state, person, note,
        moved_at)
    SELECT :rollout, :plan, :label, m.number,
        (SELECT max(place) FROM audit_problem_move o
         WHERE (o.rollout, o.plan, o.label, o.number) = (:rollout, :plan, :label, m.number)) + 1,
        :state, :person, :note, :at
    FROM moved m
    """
)
_MOVED = text(
    f"""
    SELECT count(*) FROM audit_problem_move WHERE {_KEY} AND state = :state AND moved_at = :at
    AND place > 1
    """  # noqa: S608
)
_SEND = text(
    f"""
    UPDATE audit_problem SET due = :due WHERE {_KEY} AND state = '待整改'
    AND unit = ANY(:units) AND (NOT :again OR due IS NOT NULL)
    """  # noqa: S608
)
_ARE_SENT = text(f"SELECT count(*) FROM audit_problem WHERE {_KEY} AND due IS NOT NULL")  # noqa: S608
_COUNT = text(
    f"""
    SELECT state, unit, count(*) AS problems FROM audit_problem WHERE {_KEY}
    GROUP BY state, unit ORDER BY min(number)
    """  # noqa: S608
)
_PROBLEMS = text(
    """
    SELECT p.*, coalesce(d.note, '') AS done, coalesce(d.person, '') AS done_by,
        coalesce(j.person, '') AS judged_by
    FROM audit_problem p
    LEFT JOIN LATERAL (SELECT m.note, m.person FROM audit_problem_move m
        WHERE (m.rollout, m.plan, m.label, m.number) = (p.rollout, p.plan, p.label, p.number)
        AND m.state IN ('已整改', '现场解决') ORDER BY m.place DESC LIMIT 1) d ON true
    LEFT JOIN LATERAL (SELECT m.person FROM audit_problem_move m
        WHERE (m.rollout, m.plan, m.label, m.number) = (p.rollout, p.plan, p.label, p.number)
        AND m.place > 1 AND m.state IN ('已销号', '待整改') ORDER BY m.place DESC LIMIT 1) j ON true
    WHERE (p.rollout, p.plan, p.label) = (:rollout, :plan, :label) AND p.number > :after
    ORDER BY p.number LIMIT :limit
    """
)


@dataclass(frozen=True, kw_only=True)
class NewAudit:
    """An audit to open; ``arrangement`` is its plan as JSON text. ``is_approved``: it has no 立项."""

    key: RunKey
    kind: str
    workflow_id: str
    arrangement: str
    organiser: str
    covers: tuple[str, ...]
    at: datetime
    late: bool
    approval: str = ""
    is_approved: bool = False


@dataclass(frozen=True, kw_only=True)
class AuditOnFile:
    """An audit as it was opened, and how it ended."""

    key: RunKey
    kind: str
    workflow_id: str
    arrangement: Any
    organiser: str
    covers: tuple[str, ...]
    opened_at: datetime
    late: bool
    approved_at: datetime | None
    ended_at: datetime | None
    ending: str


@dataclass(frozen=True, kw_only=True)
class NewProblem:
    """A problem to enter; ``source`` makes it the same one again."""

    problem: Problem
    source: str


async def open_audit(connection: AsyncConnection, new: NewAudit) -> bool:
    """This will enter an audit; False if its window has one."""
    given = {
        "kind": new.kind,
        "workflow_id": new.workflow_id,
        "arrangement": new.arrangement,
        "organiser": new.organiser,
        "covers": list(new.covers),
        "opened_at": new.at,
        "late": new.late,
        "approval": new.approval,
        "approved_at": new.at if new.is_approved else None,
    }
    done = await connection.execute(_OPEN, named(new.key) | given)
    return bool(done.rowcount)


async def read_audit(
    connection: AsyncConnection, key: RunKey, *, to_change: bool = False
) -> AuditOnFile | None:
    """This will read the audit of a window; ``to_change`` holds it until the transaction ends."""
    found = await connection.execute(_HOLD if to_change else _READ, named(key))
    row = found.one_or_none()
    if row is None:
        return None
    return AuditOnFile(
        key=key,
        kind=row.kind,
        workflow_id=row.workflow_id,
        arrangement=row.arrangement,
        organiser=row.organiser,
        covers=tuple(row.covers),
        opened_at=row.opened_at,
        late=row.late,
        approved_at=row.approved_at,
        ended_at=row.ended_at,
        ending=row.ending,
    )


async def approve_audit(
    connection: AsyncConnection, key: RunKey, approval: str, at: datetime | None
) -> None:
    """This will write by which document an audit is approved; without ``at`` that it no longer is."""
    await connection.execute(_APPROVE, named(key) | {"approval": approval, "at": at})


async def end_audit(connection: AsyncConnection, key: RunKey, at: datetime, ending: str) -> None:
    """This will write that an audit is over, once."""
    await connection.execute(_END, named(key) | {"at": at, "ending": ending})


async def has_ended(connection: AsyncConnection, workflow_id: str) -> bool:
    """Whether this is an audit, and its row is closed."""
    found = await connection.execute(_HAS_ENDED, {"workflow_id": workflow_id})
    return found.first() is not None


# --- visits -----------------------------------------------------------------------------------


async def add_visit(
    connection: AsyncConnection, key: RunKey, visit: Visit, action_id: str, at: datetime
) -> int:
    """This will add a visit and return its number."""
    given = {
        "unit": visit.unit,
        "visited_on": visit.on,
        "methods": list(visit.methods),
        "team": visit.team,
        "result": visit.result,
        "opinions": visit.opinions,
        "person": visit.recorded_by,
        "at": at,
        "action_id": action_id,
    }
    number: int = (await connection.execute(_VISIT, named(key) | given)).scalar_one()
    return number


async def visit_by_action(connection: AsyncConnection, rollout: str, action_id: str) -> int:
    """This will return the number of the visit that an order has recorded; 0 if none."""
    found = await connection.execute(_VISIT_BY_ACTION, {"rollout": rollout, "action_id": action_id})
    row = found.one_or_none()
    return row.number if row else 0


async def visited(connection: AsyncConnection, key: RunKey) -> dict[str, str]:
    """This will read the units visited, each with the result of its newest visit."""
    rows = await connection.execute(_VISITED, named(key))
    return {row.unit: row.result for row in rows}


async def visits(
    connection: AsyncConnection, key: RunKey, after: int, limit: int
) -> tuple[tuple[int, Visit], ...]:
    """This will read visits in the order in which they were recorded."""
    rows = await connection.execute(_VISITS, named(key) | {"after": after, "limit": limit})
    return tuple((row.number, _visit(row)) for row in rows)


# --- problems ---------------------------------------------------------------------------------


async def add_problems(
    connection: AsyncConnection,
    key: RunKey,
    new: Sequence[NewProblem],
    *,
    person: str,
    at: datetime,
) -> tuple[int, ...]:
    """This will enter problems under the next numbers; who calls holds the audit."""
    if not new:
        return ()
    lines = [
        {
            "place": place,
            "unit": one.problem.unit,
            "sentence": one.problem.sentence,
            "rule": one.problem.rule,
            "discipline": one.problem.discipline,
            "advice": one.problem.advice,
            "found_by": one.problem.found_by,
            "workflow_id": one.problem.workflow_id,
            "source": one.source,
            "state": one.problem.state.value,
        }
        for place, one in enumerate(new)
    ]
    settled = {one.source: one.problem.done for one in new if one.problem.done}
    sources = [one.source for one in new]
    given = named(key) | {"person": person, "at": at}
    await connection.execute(_FIND, given | {"lines": json.dumps(lines, ensure_ascii=False)})
    notes = json.dumps(settled, ensure_ascii=False)
    await connection.execute(_FIRST_MOVES, given | {"notes": notes, "sources": sources})
    found = await problems_by_source(connection, key, sources)
    return tuple(found[source] for source in sources)


async def problems_by_source(
    connection: AsyncConnection, key: RunKey, sources: Collection[str]
) -> dict[str, int]:
    """This will return the numbers of the problems that are there already, by source."""
    rows = await connection.execute(_FOUND, named(key) | {"sources": list(sources)})
    return {row.source: row.number for row in rows}


async def move_problems(
    connection: AsyncConnection,
    key: RunKey,
    states: tuple[ProblemState, ProblemState],
    *,
    units: Collection[str] = (),
    person: str,
    note: str,
    at: datetime,
) -> int:
    """This will move the problems of units (all where none is named) from one state to another.

    It returns how many came into that state at that instant, the same when it is done twice. What was
    never sent to its unit cannot have been rectified: it stays.
    """
    before, state = states
    given = {
        "before": before.value,
        "state": state.value,
        "units": list(units),
        "all": not units,
        "person": person,
        "note": note,
        "at": at,
    }
    await connection.execute(_MOVE, named(key) | given)
    moved = named(key) | {"state": state.value, "at": at}
    count: int = (await connection.execute(_MOVED, moved)).scalar_one()
    return count


async def send_problems(
    connection: AsyncConnection, key: RunKey, due: date, units: Collection[str], *, again: bool
) -> int:
    """This will give these units' open problems their due day; ``again`` only those that had one."""
    given = named(key) | {"due": due, "units": list(units), "again": again}
    return (await connection.execute(_SEND, given)).rowcount


async def are_sent(connection: AsyncConnection, key: RunKey) -> bool:
    """Whether problems of an audit were sent to their units."""
    return bool((await connection.execute(_ARE_SENT, named(key))).scalar_one())


async def problems_by_unit(
    connection: AsyncConnection, key: RunKey
) -> Mapping[ProblemState, dict[str, int]]:
    """This will count problems by state and unit, in the order in which they were entered."""
    counted: dict[ProblemState, dict[str, int]] = {state: {} for state in ProblemState}
    for row in await connection.execute(_COUNT, named(key)):
        counted[ProblemState(row.state)][row.unit] = row.problems
    return counted


async def problems(
    connection: AsyncConnection, key: RunKey, after: int, limit: int
) -> tuple[Problem, ...]:
    """This will read problems by number, with what was done about them."""
    rows = await connection.execute(_PROBLEMS, named(key) | {"after": after, "limit": limit})
    return tuple(_problem(row) for row in rows)


def named(key: RunKey) -> dict[str, Any]:
    """The key of an audit as its statements name it."""
    return {"rollout": key.rollout, "plan": key.plan, "label": key.window}


def _visit(row: Row[Any]) -> Visit:
    return Visit(
        unit=row.unit,
        on=row.visited_on,
        methods=tuple(row.methods),
        team=row.team,
        result=row.result,
        opinions=row.opinions,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
    )


def _problem(row: Row[Any]) -> Problem:
    return Problem(
        unit=row.unit,
        sentence=row.sentence,
        rule=row.rule,
        discipline=row.discipline,
        advice=row.advice,
        number=row.number,
        state=ProblemState(row.state),
        found_by=row.found_by,
        workflow_id=row.workflow_id,
        due=row.due,
        done=row.done,
        done_by=row.done_by,
        judged_by=row.judged_by,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
    )

"""Reading and writing plans and directories; each question is one round trip.

A rollout's name is claimed once and for ever; a plan version, once stored, never changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, column, table, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.action import Grant
from domain.deadline import local_day
from domain.directory import Directory
from domain.plan import Plan
from domain.unit import ACTING_ROLES, Role, Unit
from storage.desk_store import OF_A_PLAN
from storage.people_store import STAND_IN

_VERSIONS = """
        p.id AS plan_id,
        (SELECT max(version) FROM plan_version v WHERE v.plan_id = p.id) AS plan_version,
        (SELECT max(version) FROM directory_version d WHERE d.rollout = p.rollout)
            AS directory_version,
        (SELECT max(version) FROM calendar_version WHERE published_at IS NOT NULL)
            AS calendar_version,
        (SELECT coalesce(array_agg(u.name ORDER BY u.position), CAST('{}' AS text[]))
         FROM directory_unit u
         WHERE u.rollout = p.rollout AND u.name = ANY(CAST(:units AS text[]))) AS known_units
"""
_STANDING = text(
    f"""
    SELECT {_VERSIONS},
        (SELECT coalesce(json_agg(json_build_array(a.person, a.unit, a.role, u.district, '', '')
                                  ORDER BY u.position, a.role), '[]')
         FROM appointment a
         JOIN directory_unit u ON u.rollout = a.rollout AND u.name = a.unit
         WHERE a.rollout = p.rollout AND a.person = ANY(CAST(:persons AS text[]))
         AND a.valid_to IS NULL) AS appointments,
        '[]'::json AS able
    FROM plan p WHERE p.rollout = :rollout
    """  # noqa: S608 - the inserted part is the constant above
)
_STANDING_AT = text(
    f"""
    WITH RECURSIVE {STAND_IN},
    held AS (
        SELECT a.person, a.unit, a.role, '' AS through FROM appointment a
        WHERE a.rollout = :rollout
        AND (a.person = ANY(CAST(:persons AS text[])) OR a.person IN (
            SELECT s.absent FROM stand_in s
            WHERE s.rollout = :rollout AND s.substitute = ANY(CAST(:persons AS text[]))))
        AND a.valid_from <= :now AND (a.valid_to IS NULL OR a.valid_to > :now)),
    powers AS (
        SELECT * FROM held
        UNION
        SELECT h.person, o.name, CAST(:recorder AS text), h.unit
        FROM held h JOIN directory_unit o
        ON o.rollout = :rollout AND o.recorder = h.unit AND o.recorder <> ''
        WHERE h.role = ANY(CAST(:acting AS text[]))),
    granted AS (
        SELECT p.person, p.unit, p.role, p.through, '' AS instead_of FROM powers p
        WHERE p.person = ANY(CAST(:persons AS text[]))
        UNION ALL
        SELECT s.substitute, p.unit, p.role, p.through, p.person
        FROM powers p JOIN stand_in s ON s.rollout = :rollout AND s.absent = p.person
        WHERE s.substitute = ANY(CAST(:persons AS text[]))),
    doers AS (
        SELECT DISTINCT u.name AS unit, u.position, a.role, a.person
        FROM directory_unit u JOIN appointment a
        ON a.rollout = u.rollout AND (a.unit = u.name OR a.unit = u.recorder)
        WHERE u.rollout = :rollout AND u.name = ANY(CAST(:able_in AS text[]))
        AND a.role = ANY(CAST(:acting AS text[]))
        AND a.valid_from <= :now AND (a.valid_to IS NULL OR a.valid_to > :now)),
    present AS (
        SELECT d.unit, d.position, d.role, d.person, '' AS absent FROM doers d
        WHERE NOT EXISTS (
            SELECT FROM away w WHERE w.rollout = :rollout AND w.person = d.person)
        UNION ALL
        SELECT d.unit, d.position, d.role, s.substitute, d.person FROM doers d
        JOIN stand_in s ON s.rollout = :rollout AND s.absent = d.person)
    SELECT {_VERSIONS},
        (SELECT coalesce(json_agg(json_build_array(
                    g.person, g.unit, g.role, u.district, g.instead_of, g.through)
                    ORDER BY g.instead_of <> '', g.through <> '', u.position, g.role,
                             g.instead_of), '[]')
         FROM granted g JOIN directory_unit u ON u.rollout = :rollout AND u.name = g.unit)
            AS appointments,
        (SELECT coalesce(json_agg(json_build_array(n.unit, n.person, n.absent)
                    ORDER BY n.position, array_position(CAST(:acting AS text[]), n.role),
                             n.person), '[]')
         FROM present n) AS able
    FROM plan p WHERE p.rollout = :rollout
    """  # noqa: S608 - the inserted parts are constants
)
_DOCUMENT = text(
    "SELECT document FROM plan_version WHERE plan_id = :plan_id AND version = :version"
)
_BY_NAME = text(
    """
    SELECT p.id, v.version, v.content_hash FROM plan p JOIN plan_version v ON v.plan_id = p.id
    WHERE p.rollout = :rollout ORDER BY v.version DESC LIMIT 1
    """
)
_BY_HASH = text(
    """
    SELECT p.rollout FROM plan p JOIN plan_version v ON v.plan_id = p.id
    WHERE v.content_hash = :content_hash
    """
)
_CLAIM = text(
    """
    INSERT INTO plan (rollout, claimed_at, claimed_by) VALUES (:rollout, :at, :person)
    ON CONFLICT (rollout) DO NOTHING RETURNING id
    """
)
_STORE = text(
    """
    INSERT INTO plan_version (plan_id, version, content_hash, title, coordinator, kickoff, units,
                              procedures, document, registered_at, registered_by)
    VALUES (:plan_id, 1, :content_hash, :title, :coordinator, :kickoff, :units, :procedures,
            CAST(:document AS jsonb), :at, :person)
    """
)
_FIRST_DIRECTORY = text(
    """
    INSERT INTO directory_version (rollout, version, at, person, reason, paper, content_key)
    VALUES (:rollout, 1, :at, :person, '登记计划', '', '')
    """
)
_UNITS = table(
    "directory_unit",
    *(
        column(name)
        for name in (
            "rollout",
            "name",
            "kind",
            "district",
            "duty",
            "parent",
            "code",
            "is_member",
            "position",
            "recorder",
        )
    ),
)
_POSTS = table(
    "appointment",
    *(column(name) for name in ("rollout", "unit", "person", "role", "valid_from")),
)
_ROLLOUTS = text(
    f"""
    SELECT p.rollout, p.id AS plan_id, v.version, v.content_hash, v.title, v.coordinator,
           v.kickoff, v.units, v.procedures, v.registered_at,
           b.started, b.ended, b.overdue
    FROM plan p
    JOIN LATERAL (SELECT * FROM plan_version v WHERE v.plan_id = p.id
                  ORDER BY v.version DESC LIMIT 1) v ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS started,
               count(*) FILTER (WHERE b.ended_at IS NOT NULL) AS ended,
               count(*) FILTER (WHERE b.ended_at IS NULL AND EXISTS (
                   SELECT FROM desk_item d
                   WHERE d.workflow_id = b.workflow_id AND d.due_at <= :now)) AS overdue
        FROM board_row b WHERE b.rollout = p.rollout AND {OF_A_PLAN}) b
    WHERE :rollout = '' OR p.rollout = :rollout
    ORDER BY v.registered_at DESC, p.rollout
    """  # noqa: S608 - the inserted part is a constant
)


ACTING_ORDER = tuple(
    role.value for role in (Role.HANDLER, Role.HEAD, Role.SUBSTITUTE) if role in ACTING_ROLES
)
"""Stored roles that act, in the order in which they are asked first."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the registers hold for one rollout at this moment: versions and who may do what.

    ``able`` names by asked unit who can act for it now: those who are there, and the substitutes of
    those who are away, handlers first; ``away`` names the absent, each with who acts instead.
    """

    plan_id: int
    plan_version: int
    directory_version: int
    calendar_version: int
    grants: Mapping[str, tuple[Grant, ...]]
    known_units: tuple[str, ...]
    able: Mapping[str, tuple[str, ...]]
    away: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class PlanOnFile:
    """A plan version that is already there."""

    plan_id: int
    version: int
    content_hash: str


@dataclass(frozen=True, kw_only=True)
class NewPlan:
    """A plan to store; ``document`` is the whole plan in JSON."""

    plan: Plan
    content_hash: str
    document: str
    procedures: int
    at: datetime
    person: str


@dataclass(frozen=True, kw_only=True)
class RolloutCounts:
    """One rollout with what its board counts."""

    rollout: str
    title: str
    plan_id: int
    version: int
    content_hash: str
    coordinator: str
    kickoff: date
    registered_at: datetime
    units: int
    procedures: int
    started: int
    ended: int
    overdue: int


async def read_standing(
    connection: AsyncConnection,
    rollout: str,
    persons: Sequence[str] = (),
    units: Sequence[str] = (),
    *,
    now: datetime | None = None,
    able_in: Sequence[str] = (),
) -> Standing | None:
    """This will read versions, the persons' posts, which units exist and who can act for some.

    At ``now`` absences hold, and recording units act for organs without a desk; without it only
    posts that have no end count, as older questions asked. None if no rollout has that name.
    """
    asked: dict[str, Any] = {"rollout": rollout, "persons": list(persons), "units": list(units)}
    if now is not None:
        asked |= {
            "now": now,
            "today": local_day(now),
            "able_in": list(able_in),
            "acting": list(ACTING_ORDER),
            "recorder": Role.RECORDER.value,
        }
    question = _STANDING if now is None else _STANDING_AT
    row = (await connection.execute(question, asked)).one_or_none()
    if row is None:
        return None
    grants: dict[str, list[Grant]] = {person: [] for person in persons}
    for person, unit, role, district, instead_of, through in row.appointments:
        grant = Grant(
            unit=unit,
            role=Role(role),
            district=district,
            instead_of=instead_of,
            through=through,
        )
        grants[person].append(grant)
    able: dict[str, dict[str, None]] = {unit: {} for unit in able_in}
    away: dict[str, dict[str, str]] = {}
    for unit, person, absent in row.able:
        able[unit][person] = None
        if absent:
            away.setdefault(unit, {})[absent] = person
    return Standing(
        plan_id=row.plan_id,
        plan_version=row.plan_version or 0,
        directory_version=row.directory_version or 0,
        calendar_version=row.calendar_version or 0,
        grants={person: tuple(held) for person, held in grants.items()},
        known_units=tuple(row.known_units),
        able={unit: tuple(found) for unit, found in able.items()},
        away=away,
    )


async def read_document(connection: AsyncConnection, plan_id: int, version: int) -> Any | None:
    """This will read a plan version's JSON document; None if there is none."""
    found = await connection.execute(_DOCUMENT, {"plan_id": plan_id, "version": version})
    return found.scalar_one_or_none()


async def find_plan(connection: AsyncConnection, rollout: str) -> PlanOnFile | None:
    """This will return the newest plan version under a rollout's name."""
    row = (await connection.execute(_BY_NAME, {"rollout": rollout})).one_or_none()
    if row is None:
        return None
    return PlanOnFile(plan_id=row.id, version=row.version, content_hash=row.content_hash)


async def rollout_with(connection: AsyncConnection, content_hash: str) -> str | None:
    """This will return the name of the rollout that has this content, if any."""
    found = await connection.execute(_BY_HASH, {"content_hash": content_hash})
    rollout: str | None = found.scalar_one_or_none()
    return rollout


async def store_plan(connection: AsyncConnection, new: NewPlan) -> int | None:
    """This will claim the name and store plan, units and posts; None if the name is taken.

    Call it in a transaction: all of it is stored or nothing.
    """
    plan, said = new.plan, {"at": new.at, "person": new.person}
    claimed = await connection.execute(_CLAIM, {"rollout": plan.rollout, **said})
    plan_id: int | None = claimed.scalar_one_or_none()
    if plan_id is None:
        return None
    stored = {
        "plan_id": plan_id,
        "content_hash": new.content_hash,
        "title": plan.title,
        "coordinator": plan.coordinator,
        "kickoff": plan.kickoff,
        "units": len(plan.units),
        "procedures": new.procedures,
        "document": new.document,
    }
    await connection.execute(_STORE, {**stored, **said})
    await connection.execute(_FIRST_DIRECTORY, {"rollout": plan.rollout, **said})
    await connection.execute(insert(_UNITS), unit_rows(plan))
    if posts := post_rows(plan, new.at):
        await connection.execute(insert(_POSTS).on_conflict_do_nothing(), posts)
    return plan_id


async def list_rollouts(
    connection: AsyncConnection, now: datetime, rollout: str = ""
) -> tuple[RolloutCounts, ...]:
    """This will list rollouts with their counts, the newest first; ``rollout`` picks one."""
    rows = await connection.execute(_ROLLOUTS, {"now": now, "rollout": rollout})
    return tuple(_counts(row) for row in rows)


def _counts(row: Row[Any]) -> RolloutCounts:
    return RolloutCounts(
        rollout=row.rollout,
        title=row.title,
        plan_id=row.plan_id,
        version=row.version,
        content_hash=row.content_hash,
        coordinator=row.coordinator,
        kickoff=row.kickoff,
        registered_at=row.registered_at,
        units=row.units,
        procedures=row.procedures,
        started=row.started,
        ended=row.ended,
        overdue=row.overdue,
    )


def unit_rows(plan: Plan) -> list[dict[str, Any]]:
    """The rows of a plan's units; 代录单位 is looked up inside the organ's district."""
    directory = Directory.of(plan.units)
    return [_unit_row(plan.rollout, unit, n, directory) for n, unit in enumerate(plan.units)]


def _unit_row(rollout: str, unit: Unit, position: int, directory: Directory) -> dict[str, Any]:
    recorder = directory.find(unit.recorder, unit.district) if unit.recorder else None
    return {
        "rollout": rollout,
        "name": unit.name,
        "kind": unit.kind.value,
        "district": unit.district,
        "duty": unit.duty,
        "parent": unit.parent,
        "code": unit.code,
        "is_member": unit.is_member,
        "position": position,
        "recorder": recorder.name if recorder and recorder.name != unit.name else "",
    }


def post_rows(plan: Plan, at: datetime) -> list[dict[str, Any]]:
    """The rows of a plan's posts, held from ``at`` on."""
    return [
        {
            "rollout": plan.rollout,
            "unit": unit.name,
            "person": person,
            "role": role.value,
            "valid_from": at,
        }
        for unit in plan.units
        for person, role in unit.appointments
    ]

"""Amendments in the registers: the next version of a plan, its units, its paper, its notices.

All writes belong into one transaction that began with :func:`lock_plan`, so that two amendments of
one plan follow each other. A version, once stored, never changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import column, table, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.amendment import Begun, Choice
from domain.plan import Plan
from storage.desk_store import OF_A_PLAN
from storage.registers_store import post_rows, unit_rows

_LOCK = text("SELECT id FROM plan WHERE rollout = :rollout FOR UPDATE")
_VERSIONS = text(
    "SELECT version, content_hash FROM plan_version WHERE plan_id = :plan_id ORDER BY version"
)
_BEGUN = text(
    f"""
    SELECT b.workflow_id, b.unit, b.row_id, b.item, b.status, b.open_steps, b.row_due_date,
           b.ended_at IS NOT NULL AS is_over,
           (SELECT coalesce(array_agg(DISTINCT d.unit), CAST(ARRAY[] AS text[]))
            FROM desk_item d WHERE d.workflow_id = b.workflow_id) AS desks
    FROM board_row b WHERE b.rollout = :rollout AND {OF_A_PLAN}
    """  # noqa: S608 - the inserted part is a constant
)
_ENDED = text(
    """
    SELECT b.unit, b.row_id, b.status FROM board_row b
    WHERE b.rollout = :rollout AND (:unit = '' OR b.unit = :unit) AND b.ended_at IS NOT NULL
    AND EXISTS (SELECT FROM log_entry l WHERE l.workflow_id = b.workflow_id
                AND l.kind = :ended AND l.confirmed AND l.superseded_by IS NULL)
    """
)
_CHOICES = text(
    """
    SELECT redo, stop FROM plan_amendment
    WHERE plan_id = :plan_id AND version > :since AND version <= :version ORDER BY version
    """
)
_AMENDMENT = text(
    """
    SELECT version, paper, issuer, person, at, counts FROM plan_amendment
    WHERE plan_id = :plan_id AND version = :version
    """
)
_STORE = text(
    """
    INSERT INTO plan_version (plan_id, version, content_hash, title, coordinator, kickoff, units,
                              procedures, document, registered_at, registered_by)
    VALUES (:plan_id, :version, :content_hash, :title, :coordinator, :kickoff, :units,
            :procedures, CAST(:document AS jsonb), :at, :person)
    """
)
_RECORD = text(
    """
    INSERT INTO plan_amendment (plan_id, version, rollout, paper, issuer, person, at, redo, stop,
                                counts, fates)
    VALUES (:plan_id, :version, :rollout, :paper, :issuer, :person, :at, :redo, :stop,
            CAST(:counts AS jsonb), CAST(:fates AS jsonb))
    """
)
_DIRECTORY = text(
    """
    INSERT INTO directory_version (rollout, version, at, person, reason, paper, content_key)
    SELECT :rollout, max(version) + 1, :at, :person, :reason, :paper, :key
    FROM directory_version WHERE rollout = :rollout
    """
)
_UNIT_COLUMNS = (
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
_UNITS = table("directory_unit", *(column(name) for name in _UNIT_COLUMNS))
_POSTS = table(
    "appointment",
    *(column(name) for name in ("rollout", "unit", "person", "role", "valid_from")),
)
_NOTICES = table(
    "notice",
    *(
        column(name)
        for name in (
            "key",
            "workflow_id",
            "seq",
            "rollout",
            "at",
            "unit",
            "recipient",
            "level",
            "step",
            "text",
        )
    ),
)


@dataclass(frozen=True, kw_only=True)
class VersionOnFile:
    """A version of a plan by its content."""

    version: int
    content_hash: str


@dataclass(frozen=True, kw_only=True)
class AmendmentOnFile:
    """An amendment that has been stored."""

    version: int
    paper: str
    issuer: str
    person: str
    at: datetime
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class NewVersion:
    """An amended plan to store; ``fates`` is the list that was shown, in JSON."""

    plan_id: int
    version: int
    plan: Plan
    before: Plan
    content_hash: str
    document: str
    procedures: int
    paper: str
    issuer: str
    person: str
    at: datetime
    choice: Choice
    counts: dict[str, int]
    fates: str


async def lock_plan(connection: AsyncConnection, rollout: str) -> int | None:
    """This will hold a rollout's plan until the transaction ends; its id, None if there is none."""
    found: int | None = (await connection.execute(_LOCK, {"rollout": rollout})).scalar_one_or_none()
    return found


async def read_versions(connection: AsyncConnection, plan_id: int) -> tuple[VersionOnFile, ...]:
    """This will list a plan's versions, the one in force last."""
    rows = await connection.execute(_VERSIONS, {"plan_id": plan_id})
    return tuple(VersionOnFile(version=r.version, content_hash=r.content_hash) for r in rows)


async def read_begun(connection: AsyncConnection, rollout: str) -> tuple[Begun, ...]:
    """This will read every procedure of a rollout that has been started."""
    return tuple(
        Begun(
            workflow_id=row.workflow_id,
            unit=row.unit,
            row_id=row.row_id,
            item=row.item,
            status=row.status,
            open_steps=tuple(row.open_steps),
            desks=tuple(row.desks),
            due=row.row_due_date,
            is_over=row.is_over,
        )
        for row in await connection.execute(_BEGUN, {"rollout": rollout})
    )


async def read_ended(
    connection: AsyncConnection, rollout: str, ended: str, unit: str = ""
) -> Mapping[tuple[str, str], str]:
    """This will read what has ended by its dossier: how, by unit and row.

    ``ended`` is the kind of a log's last line; only confirmed lines count.
    """
    asked = {"rollout": rollout, "unit": unit, "ended": ended}
    rows = await connection.execute(_ENDED, asked)
    return {(row.unit, row.row_id): row.status for row in rows}


async def read_choice(
    connection: AsyncConnection, plan_id: int, since: int, version: int
) -> Choice:
    """This will sum up which rows the versions after ``since`` sent back or ended."""
    asked = {"plan_id": plan_id, "since": since, "version": version}
    choice = Choice()
    for row in await connection.execute(_CHOICES, asked):
        choice = choice.then(Choice(redo=frozenset(row.redo), stop=frozenset(row.stop)))
    return choice


async def find_amendment(
    connection: AsyncConnection, plan_id: int, version: int
) -> AmendmentOnFile | None:
    """This will return how a version came about; None for the first."""
    asked = {"plan_id": plan_id, "version": version}
    row = (await connection.execute(_AMENDMENT, asked)).one_or_none()
    if row is None:
        return None
    return AmendmentOnFile(
        version=row.version,
        paper=row.paper,
        issuer=row.issuer,
        person=row.person,
        at=row.at,
        counts=dict(row.counts),
    )


async def store_version(connection: AsyncConnection, new: NewVersion) -> None:
    """This will store the version, its paper, and the units that it adds or changes."""
    plan, said = new.plan, {"at": new.at, "person": new.person}
    key = {"plan_id": new.plan_id, "version": new.version}
    stored = {
        "content_hash": new.content_hash,
        "title": plan.title,
        "coordinator": plan.coordinator,
        "kickoff": plan.kickoff,
        "units": len(plan.units),
        "procedures": new.procedures,
        "document": new.document,
    }
    await connection.execute(_STORE, {**key, **stored, **said})
    decided = {
        "rollout": plan.rollout,
        "paper": new.paper,
        "issuer": new.issuer,
        "redo": sorted(new.choice.redo),
        "stop": sorted(new.choice.stop),
        "counts": json.dumps(new.counts, ensure_ascii=False),
        "fates": new.fates,
    }
    await connection.execute(_RECORD, {**key, **decided, **said})
    await _store_units(connection, new)


async def _store_units(connection: AsyncConnection, new: NewVersion) -> None:
    """Units of the new plan as they are in it; those added come with their persons."""
    if new.plan.units == new.before.units:
        return
    statement = insert(_UNITS)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["rollout", "name"],
            set_={name: statement.excluded[name] for name in _UNIT_COLUMNS[2:]},
        ),
        unit_rows(new.plan),
    )
    known = {unit.name for unit in new.before.units}
    posts = [row for row in post_rows(new.plan, new.at) if row["unit"] not in known]
    if posts:
        await connection.execute(insert(_POSTS).on_conflict_do_nothing(), posts)
    await connection.execute(
        _DIRECTORY,
        {
            "rollout": new.plan.rollout,
            "at": new.at,
            "person": new.person,
            "reason": f"方案修订第{new.version}版",
            "paper": new.paper,
            "key": f"plan-{new.content_hash}",
        },
    )


async def store_notices(connection: AsyncConnection, notices: Sequence[Mapping[str, Any]]) -> int:
    """This will leave each notice once; returns how many are new."""
    if not notices:
        return 0
    statement = insert(_NOTICES).values([dict(each) for each in notices])
    done = await connection.execute(
        statement.on_conflict_do_nothing(index_elements=["key"]).returning(_NOTICES.c.key)
    )
    return len(done.all())

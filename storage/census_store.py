"""The census: settings, imports, baselines of units, signatures, the lock."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.census import TYPES, Quota

_TYPES = text("SELECT types FROM census_setting WHERE rollout = :rollout")
_SET_TYPES = text(
    """
    INSERT INTO census_setting (rollout, types, at, person) VALUES (:rollout, :types, :at, :person)
    ON CONFLICT (rollout) DO UPDATE SET types = excluded.types, at = excluded.at,
        person = excluded.person
    """
)
_USED_TYPES = text("SELECT DISTINCT type FROM census_post WHERE rollout = :rollout")
_LOCK = text(
    "SELECT version, paper, person, unit, at, totals FROM census_lock WHERE rollout = :rollout"
)
_NEWEST = text("SELECT coalesce(max(version), 0) FROM census_import WHERE rollout = :rollout")
_HASHES = text("SELECT unit, content_hash FROM census WHERE rollout = :rollout")
_IMPORT = text(
    """
    INSERT INTO census_import (rollout, version, basis, content_hash, at, person, units, people)
    VALUES (:rollout, :version, :version - 1, :content_hash, :at, :person, :units, :people)
    """
)
_UNITS = text(
    """
    INSERT INTO census (rollout, unit, sections, content_hash, version)
    SELECT :rollout, l.unit, l.sections, l.content_hash, :version
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (unit text, sections jsonb,
        content_hash text)
    ON CONFLICT (rollout, unit) DO UPDATE SET sections = excluded.sections,
        content_hash = excluded.content_hash, version = excluded.version
    """
)
_NO_POSTS = text(
    "DELETE FROM census_post WHERE rollout = :rollout AND unit = ANY(CAST(:units AS text[]))"
)
_POSTS = text(
    """
    INSERT INTO census_post (rollout, unit, type, approved, basis)
    SELECT :rollout, l.unit, l.type, l.approved, l.basis
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (unit text, type text, approved integer,
        basis text)
    """
)
_SIGN = text(
    """
    INSERT INTO census_sign (rollout, unit, content_hash, paper, person, instead_of, at)
    VALUES (:rollout, :unit, :content_hash, :paper, :person, :instead_of, :at)
    ON CONFLICT DO NOTHING RETURNING at
    """
)
_CENSUS = text(
    """
    SELECT c.unit, c.sections, c.content_hash,
        s.person AS signed_by, s.instead_of, s.at AS signed_at, s.paper,
        (SELECT coalesce(json_agg(json_build_array(p.type, p.approved, p.basis,
             CASE WHEN p.type LIKE '领导·%'
                 THEN (SELECT count(*) FROM staff m WHERE m.rollout = c.rollout
                       AND m.unit = c.unit AND m.leader_type = p.type)
                 ELSE (SELECT count(*) FROM staff m WHERE m.rollout = c.rollout
                       AND m.unit = c.unit AND m.type = p.type) END)
             ORDER BY p.type), '[]')
         FROM census_post p WHERE p.rollout = c.rollout AND p.unit = c.unit) AS quotas
    FROM census c
    LEFT JOIN census_sign s ON (s.rollout, s.unit, s.content_hash)
        = (c.rollout, c.unit, c.content_hash)
    WHERE c.rollout = :rollout
    """
)
_KEYS = text(
    """
    SELECT unit, kind, array_agg(key ORDER BY key) AS keys FROM (
        SELECT unit, type AS kind, key FROM staff WHERE rollout = :rollout
        UNION ALL
        SELECT unit, leader_type, key FROM staff WHERE rollout = :rollout AND leader_type <> '') m
    GROUP BY unit, kind
    """
)
_ADD_LOCK = text(
    """
    INSERT INTO census_lock (rollout, version, paper, person, unit, at, totals)
    VALUES (:rollout, :version, :paper, :person, :unit, :at, CAST(:totals AS jsonb))
    """
)
_FREEZE = text("UPDATE staff SET baseline = true WHERE rollout = :rollout")


@dataclass(frozen=True, kw_only=True)
class LockOnFile:
    """A census is locked: when, by whom, on which paper, with which totals."""

    version: int
    paper: str
    person: str
    unit: str
    at: datetime
    totals: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class NewUnit:
    """A unit's baseline to write, without its people."""

    unit: str
    sections: Mapping[str, str]
    content_hash: str
    quotas: tuple[Quota, ...]


@dataclass(frozen=True, kw_only=True)
class QuotaOnFile:
    """One type of a unit, with how many people have it."""

    type: str
    approved: int
    basis: str
    people: int


@dataclass(frozen=True, kw_only=True)
class UnitOnFile:
    """A unit's baseline and its signature, if this content was signed."""

    unit: str
    sections: Mapping[str, str]
    content_hash: str
    quotas: tuple[QuotaOnFile, ...]
    signed_by: str
    instead_of: str
    signed_at: datetime | None
    paper: str


async def read_types(connection: AsyncConnection, rollout: str) -> tuple[str, ...]:
    """The types of posts of a rollout."""
    found = (await connection.execute(_TYPES, {"rollout": rollout})).scalar_one_or_none()
    return tuple(found) if found else TYPES


async def set_types(
    connection: AsyncConnection, rollout: str, types: Sequence[str], at: datetime, person: str
) -> None:
    """This will set the types of posts of a rollout."""
    row = {"rollout": rollout, "types": list(types), "at": at, "person": person}
    await connection.execute(_SET_TYPES, row)


async def used_types(connection: AsyncConnection, rollout: str) -> frozenset[str]:
    """The types that some unit's baseline has."""
    return frozenset((await connection.execute(_USED_TYPES, {"rollout": rollout})).scalars())


async def read_lock(connection: AsyncConnection, rollout: str) -> LockOnFile | None:
    """The lock of a rollout's census; None while it is open."""
    row = (await connection.execute(_LOCK, {"rollout": rollout})).mappings().one_or_none()
    return LockOnFile(**row) if row is not None else None


async def newest_import(connection: AsyncConnection, rollout: str) -> int:
    """The version of the last import; 0 before the first."""
    version: int = (await connection.execute(_NEWEST, {"rollout": rollout})).scalar_one()
    return version


async def unit_hashes(connection: AsyncConnection, rollout: str) -> dict[str, str]:
    """The content of each unit's baseline, as a fingerprint."""
    rows = await connection.execute(_HASHES, {"rollout": rollout})
    return {row.unit: row.content_hash for row in rows}


async def store_units(
    connection: AsyncConnection, row: dict[str, Any], units: Sequence[NewUnit]
) -> None:
    """This will write an import (``row``) and put these units' baselines in force."""
    rollout, version = row["rollout"], row["version"]
    await connection.execute(_IMPORT, row)
    lines = [
        {"unit": one.unit, "sections": dict(one.sections), "content_hash": one.content_hash}
        for one in units
    ]
    await connection.execute(
        _UNITS, {"rollout": rollout, "version": version, "lines": _json(lines)}
    )
    names = [one.unit for one in units]
    await connection.execute(_NO_POSTS, {"rollout": rollout, "units": names})
    posts = [{"unit": one.unit, **asdict(quota)} for one in units for quota in one.quotas]
    await connection.execute(_POSTS, {"rollout": rollout, "lines": _json(posts)})


async def add_sign(connection: AsyncConnection, row: dict[str, Any]) -> bool:
    """This will write a signature; False if this content is signed."""
    return (await connection.execute(_SIGN, row)).scalar_one_or_none() is not None


async def read_census(connection: AsyncConnection, rollout: str) -> dict[str, UnitOnFile]:
    """Every unit's baseline, by unit."""
    rows = await connection.execute(_CENSUS, {"rollout": rollout})
    return {row.unit: _unit(row) for row in rows}


async def keys_by_unit(
    connection: AsyncConnection, rollout: str
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The persons of each unit and type, leaders' types included."""
    rows = await connection.execute(_KEYS, {"rollout": rollout})
    return {(row.unit, row.kind): tuple(row.keys) for row in rows}


async def add_lock(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """This will lock a census and make its persons the baseline."""
    given = row | {"totals": _json(row["totals"])}
    await connection.execute(_ADD_LOCK, given)
    await connection.execute(_FREEZE, {"rollout": row["rollout"]})


def _unit(row: Any) -> UnitOnFile:
    return UnitOnFile(
        unit=row.unit,
        sections=row.sections,
        content_hash=row.content_hash,
        quotas=tuple(
            QuotaOnFile(type=type_, approved=approved, basis=basis, people=people)
            for type_, approved, basis, people in row.quotas
        ),
        signed_by=row.signed_by or "",
        instead_of=row.instead_of or "",
        signed_at=row.signed_at,
        paper=row.paper or "",
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

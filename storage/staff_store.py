"""The staff register: persons by key and blind index, uploads on their way, unmasked reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.ledger_store import REFUSE_WITHIN_BOUNDS

_FORGET = text("DELETE FROM sealed_piece WHERE at < :before")
_DROP = text("DELETE FROM sealed_piece WHERE upload = :upload")
_TAKE = text(
    """
    INSERT INTO sealed_piece (upload, place, rollout, content, at)
    VALUES (:upload, :place, :rollout, :content, :at)
    ON CONFLICT (upload, place) DO NOTHING
    """
)
_PIECES = text(
    "SELECT content FROM sealed_piece WHERE upload = :upload AND rollout = :rollout ORDER BY place"
)
_BY_INDEX = text(
    """
    SELECT s.blind_index, s.key, s.unit FROM staff s
    WHERE s.rollout = :rollout AND s.blind_index = ANY(CAST(:found AS text[]))
    """
)
_BASELINE = text(
    """
    SELECT s.key, s.name, s.type, coalesce(l.unit, s.unit) AS unit FROM staff s
    LEFT JOIN ledger_place l ON (l.rollout, l.staff, l.type) = (s.rollout, s.key, s.type)
    WHERE s.rollout = :rollout AND s.baseline AND s.key = ANY(CAST(:keys AS text[]))
    """
)
_LEAVE = text(
    """
    DELETE FROM staff s WHERE s.rollout = :rollout AND s.unit = ANY(CAST(:units AS text[]))
    AND s.blind_index <> ALL(CAST(:staying AS text[]))
    """
)
_JOIN = text(
    """
    INSERT INTO staff (rollout, key, name, identity, blind_index, unit, type, leader_type, title,
                       baseline)
    SELECT :rollout, l.key, l.name, l.identity, l.blind_index, l.unit, l.type, l.leader_type,
           l.title, false
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (key text, name text, identity text,
        blind_index text, unit text, type text, leader_type text, title text)
    ON CONFLICT (rollout, blind_index) DO UPDATE SET name = excluded.name, unit = excluded.unit,
        identity = excluded.identity, type = excluded.type, leader_type = excluded.leader_type,
        title = excluded.title
    """
)
_PERSONS = text(
    """
    SELECT s.key, s.name, s.identity, s.blind_index, s.unit, s.type, s.leader_type, s.title,
           coalesce(l.unit, s.unit) AS now_in, coalesce(k.sink_mode, '') AS sink_mode
    FROM staff s
    LEFT JOIN LATERAL (
        SELECT p.sink_mode FROM roster_person p
        JOIN roster r ON (r.rollout, r.number, r.version) = (p.rollout, p.number, p.version)
        WHERE (p.rollout, p.staff) = (s.rollout, s.key) AND p.sink_mode <> ''
        AND r.status NOT IN ('已替换', '撤销') AND (p.live OR r.status = '办结')
        AND p.state <> '移出'
        ORDER BY r.at DESC LIMIT 1) k ON true
    LEFT JOIN ledger_place l ON (l.rollout, l.staff, l.type) = (s.rollout, s.key, s.type)
    WHERE s.rollout = :rollout AND coalesce(l.unit, s.unit) = ANY(CAST(:units AS text[]))
    AND (:key = '' OR s.key = :key) AND s.key > :after
    ORDER BY s.key LIMIT :limit
    """
)
_NOTE_READS = text(
    """
    INSERT INTO staff_read (rollout, staff, person, unit, reason, at)
    SELECT :rollout, staff, :person, :unit, :reason, :at
    FROM unnest(CAST(:keys AS text[])) AS staff
    """
)
_READS = text(
    """
    SELECT id, at, staff AS key, person, unit, reason FROM staff_read
    WHERE rollout = :rollout AND (:key = '' OR staff = :key) AND id < :before
    ORDER BY id DESC LIMIT :limit
    """
)
_HAS_STAFF = text("SELECT EXISTS (SELECT FROM staff WHERE rollout = :rollout)")
_NAMES = text(
    """
    SELECT
        (SELECT coalesce(array_agg(DISTINCT s.name), '{}') FROM staff s WHERE s.rollout = :rollout
            AND NOT EXISTS (SELECT FROM appointment a
                WHERE (a.person, a.rollout) = (s.name, s.rollout))) AS names,
        (SELECT coalesce(array_agg(DISTINCT a.person), '{}') FROM appointment a
            WHERE a.rollout = :rollout) AS officials,
        (SELECT coalesce(array_agg(u.name), '{}') FROM directory_unit u
            WHERE u.rollout = :rollout) AS units
    """
)
_IN_PLAN = text(
    """
    SELECT DISTINCT w.word FROM unnest(CAST(:words AS text[])) AS w (word)
    JOIN plan p ON p.rollout = :rollout JOIN plan_version v ON v.plan_id = p.id
    WHERE strpos(v.document::text, w.word) > 0
    """
)


@dataclass(frozen=True, kw_only=True)
class NewPerson:
    """A person to write; ``identity`` is sealed. A known ``blind_index`` keeps its key."""

    key: str
    name: str
    identity: str
    blind_index: str
    unit: str
    type: str
    leader_type: str
    title: str


@dataclass(frozen=True, kw_only=True)
class PersonOnFile:
    """A person as kept; ``now_in`` is where the ledger has the person."""

    key: str
    name: str
    identity: str
    blind_index: str
    unit: str
    type: str
    leader_type: str
    title: str
    now_in: str
    sink_mode: str


@dataclass(frozen=True, kw_only=True)
class LockedPerson:
    """A person of the lock, with the unit of the post now."""

    key: str
    name: str
    type: str
    unit: str


@dataclass(frozen=True, kw_only=True)
class StaffReading:
    """One unmasked read."""

    id: int
    at: datetime
    key: str
    person: str
    unit: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of a register but those of officials, who are public; and the names of units."""

    persons: tuple[str, ...]
    officials: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NotDone:
    """A refusal to write down; ``asked`` holds no personal data."""

    rollout: str
    at: datetime
    person: str
    key: str
    kind: str
    code: str
    sentence: str
    asked: dict[str, Any]


async def take_piece(
    connection: AsyncConnection, piece: dict[str, Any], forget_before: datetime
) -> None:
    """This will keep one sealed piece, once, and throw away what nobody came for."""
    await connection.execute(_FORGET, {"before": forget_before})
    await connection.execute(_TAKE, piece)


async def pieces_of(connection: AsyncConnection, rollout: str, upload: str) -> tuple[str, ...]:
    """This will read the pieces of an upload in order."""
    asked = {"rollout": rollout, "upload": upload}
    return tuple((await connection.execute(_PIECES, asked)).scalars())


async def drop_pieces(connection: AsyncConnection, upload: str) -> None:
    """This will throw away an upload that has been imported."""
    await connection.execute(_DROP, {"upload": upload})


async def find_staff(
    connection: AsyncConnection, rollout: str, indexes: Iterable[str]
) -> dict[str, tuple[str, str]]:
    """This will find persons by blind index: key and unit."""
    asked = {"rollout": rollout, "found": list(indexes)}
    rows = await connection.execute(_BY_INDEX, asked)
    return {row.blind_index: (row.key, row.unit) for row in rows}


async def locked_persons(
    connection: AsyncConnection, rollout: str, keys: Iterable[str]
) -> dict[str, LockedPerson]:
    """This will read persons of the lock by key."""
    rows = await connection.execute(_BASELINE, {"rollout": rollout, "keys": list(keys)})
    return {row["key"]: LockedPerson(**row) for row in rows.mappings()}


async def replace_staff(
    connection: AsyncConnection, rollout: str, units: Sequence[str], people: Sequence[NewPerson]
) -> None:
    """This will make these the persons of these units; who is in no sheet any more goes."""
    staying = [person.blind_index for person in people]
    gone = {"rollout": rollout, "units": list(units), "staying": staying}
    await connection.execute(_LEAVE, gone)
    lines = json.dumps([asdict(person) for person in people], ensure_ascii=False)
    await connection.execute(_JOIN, {"rollout": rollout, "lines": lines})


async def read_staff(
    connection: AsyncConnection,
    rollout: str,
    units: Sequence[str],
    *,
    key: str = "",
    after: str = "",
    limit: int,
) -> tuple[PersonOnFile, ...]:
    """This will read persons who are in these units now, in the order of their keys."""
    asked = {"rollout": rollout, "units": list(units), "key": key, "after": after, "limit": limit}
    rows = await connection.execute(_PERSONS, asked)
    return tuple(PersonOnFile(**row) for row in rows.mappings())


async def note_reads(
    connection: AsyncConnection, said: dict[str, Any], keys: Sequence[str]
) -> None:
    """This will write down that these persons are read unmasked, for each the same."""
    await connection.execute(_NOTE_READS, said | {"keys": list(keys)})


async def read_reads(
    connection: AsyncConnection, rollout: str, key: str, before: int, limit: int
) -> tuple[StaffReading, ...]:
    """This will list unmasked reads, latest first."""
    asked = {"rollout": rollout, "key": key, "before": before, "limit": limit}
    rows = await connection.execute(_READS, asked)
    return tuple(StaffReading(**row) for row in rows.mappings())


async def has_staff(connection: AsyncConnection, rollout: str) -> bool:
    """Whether anybody is on the register of a rollout."""
    return bool((await connection.execute(_HAS_STAFF, {"rollout": rollout})).scalar_one())


async def names_of(connection: AsyncConnection, rollout: str) -> Names:
    """This will read who is on the register and in the directory, by name alone."""
    row = (await connection.execute(_NAMES, {"rollout": rollout})).one()
    return Names(persons=tuple(row.names), officials=tuple(row.officials), units=tuple(row.units))


async def words_of_plan(
    connection: AsyncConnection, rollout: str, words: Iterable[str]
) -> frozenset[str]:
    """Which of these words stand in a version of the plan: they are no secret."""
    asked = {"rollout": rollout, "words": list(words)}
    return frozenset((await connection.execute(_IN_PLAN, asked)).scalars())


async def note_refusal(connection: AsyncConnection, refusal: NotDone) -> None:
    """This will write down what was refused; give it a transaction of its own."""
    row = asdict(refusal) | {"asked": json.dumps(refusal.asked, ensure_ascii=False)}
    await connection.execute(REFUSE_WITHIN_BOUNDS, row)

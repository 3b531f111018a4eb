"""Calendar versions: staged, then published; the one in force is the highest published.

A version is a whole calendar and never changes; what is staged builds on the newest version, so
that publishing one publishes everything before it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calendar import (
    WorkCalendar,
    calendar_from_dict,
    calendar_to_dict,
    load_builtin_calendar,
)

BUILTIN_AT = datetime(2025, 11, 4, tzinfo=UTC)
"""The instant written for the built-in calendar: the day of its newest notice (for 2026)."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('jiegai.calendar', 0))")
_SEED = text(
    """
    INSERT INTO calendar_version (version, calendar_id, content_hash, year, paper, document,
                                  staged_at, staged_by, published_at, published_by)
    SELECT :version, :calendar_id, :content_hash, :year, :paper, CAST(:document AS jsonb),
           CAST(:at AS timestamptz), :by, CAST(:published AS timestamptz), :publisher
    WHERE NOT EXISTS (SELECT FROM calendar_version WHERE version = :version)
    """
)
_LOAD = text("SELECT document FROM calendar_version WHERE version = :version")
_STANDING = text(
    """
    SELECT max(version) FILTER (WHERE published_at IS NOT NULL) AS in_force,
           max(version) AS newest
    FROM calendar_version
    """
)
_BY_HASH = text("SELECT version FROM calendar_version WHERE content_hash = :content_hash")
_PUBLISH = text(
    """
    UPDATE calendar_version SET published_at = :at, published_by = :by
    WHERE version <= :version AND published_at IS NULL
    """
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Which version is in force, and which is the newest; they differ while one is staged."""

    in_force: int
    newest: int


async def seed_builtin(connection: AsyncConnection) -> None:
    """This will store the built-in calendar as its version, published, unless it is there."""
    builtin = load_builtin_calendar()
    newest = builtin.notices[-1]
    await _insert(
        connection,
        builtin,
        year=newest.year,
        paper="、".join(newest.papers),
        at=BUILTIN_AT,
        person="内置",
        is_published=True,
    )


async def lock_versions(connection: AsyncConnection) -> None:
    """This will make staging and publishing take turns until the transaction ends."""
    await connection.execute(_LOCK)


async def standing(connection: AsyncConnection) -> Standing:
    """This will read which versions are in force and newest."""
    row = (await connection.execute(_STANDING)).one()
    return Standing(in_force=row.in_force or 0, newest=row.newest or 0)


async def load_calendar(connection: AsyncConnection, version: int) -> WorkCalendar | None:
    """This will read one version; None if there is none."""
    document = (await connection.execute(_LOAD, {"version": version})).scalar_one_or_none()
    return None if document is None else calendar_from_dict(document)


async def version_with(connection: AsyncConnection, calendar: WorkCalendar) -> int | None:
    """This will return the version that has this content already, if any."""
    found = await connection.execute(_BY_HASH, {"content_hash": content_hash(calendar)})
    version: int | None = found.scalar_one_or_none()
    return version


async def stage(
    connection: AsyncConnection,
    calendar: WorkCalendar,
    *,
    year: int,
    paper: str,
    at: datetime,
    person: str,
) -> None:
    """This will store a version that is not yet in force."""
    await _insert(connection, calendar, year=year, paper=paper, at=at, person=person)


async def publish(connection: AsyncConnection, version: int, at: datetime, person: str) -> None:
    """This will put a version, and those before it, in force."""
    await connection.execute(_PUBLISH, {"version": version, "at": at, "by": person})


def content_hash(calendar: WorkCalendar) -> str:
    """The hash of a calendar's days and papers, without its version number."""
    entry = {**calendar_to_dict(calendar), "version": 0}
    packed = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(packed.encode()).hexdigest()


async def _insert(
    connection: AsyncConnection,
    calendar: WorkCalendar,
    *,
    year: int,
    paper: str,
    at: datetime,
    person: str,
    is_published: bool = False,
) -> None:
    await connection.execute(
        _SEED,
        {
            "version": calendar.version,
            "calendar_id": calendar.calendar_id,
            "content_hash": content_hash(calendar),
            "year": year,
            "paper": paper,
            "document": json.dumps(calendar_to_dict(calendar), ensure_ascii=False),
            "at": at,
            "by": person,
            "published": at if is_published else None,
            "publisher": person if is_published else "",
        },
    )

"""Calendar versions: staged, then published; the one in force is the highest published.

A version is a whole calendar and never changes; what is staged builds on the newest version, so
that publishing one publishes everything before it. A return to an earlier calendar is a new version
with the earlier content: versions only count up.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.calendar import (
    CalendarKind,
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
                                  staged_at, staged_by, published_at, published_by,
                                  kind, district, basis)
    SELECT :version, :calendar_id, :content_hash, :year, :paper, CAST(:document AS jsonb),
           CAST(:at AS timestamptz), :by, CAST(:published AS timestamptz), :publisher,
           :kind, :district, CAST(:basis AS integer)
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
_HASH = text("SELECT content_hash FROM calendar_version WHERE version = :version")
_ROWS = text(
    """
    SELECT version, kind, district, year, paper, basis, staged_at, staged_by, published_at,
           published_by
    FROM calendar_version
    WHERE version > :after AND version <= :last ORDER BY version
    """
)
_IN_FORCE_BEFORE = text(
    """
    SELECT max(version) FROM calendar_version WHERE published_at < (
        SELECT published_at FROM calendar_version WHERE version = :version)
    """
)
_PUBLISHED_WITH = text(
    """
    SELECT version, kind, district, year, paper, basis, staged_at, staged_by, published_at,
           published_by
    FROM calendar_version
    WHERE published_at = (SELECT published_at FROM calendar_version WHERE version = :version)
    AND version <= :version ORDER BY version
    """
)
_LEADERS = text(
    """
    SELECT p.rollout, p.coordinator, u.name AS office
    FROM (SELECT DISTINCT ON (p.id) p.rollout, v.coordinator
          FROM plan p JOIN plan_version v ON v.plan_id = p.id
          ORDER BY p.id, v.version DESC) p
    LEFT JOIN directory_unit u
        ON u.rollout = p.rollout AND u.district = :district AND u.duty = :duty
    WHERE EXISTS (SELECT FROM directory_unit d
                  WHERE d.rollout = p.rollout AND d.district = :district)
    ORDER BY p.rollout, u.position
    """
)
_PUBLISH = text(
    """
    UPDATE calendar_version SET published_at = :at, published_by = :by
    WHERE version <= :version AND published_at IS NULL
    """
)
_DISTRICTS = text("SELECT DISTINCT district FROM directory_unit WHERE district <> '' ORDER BY 1")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Which version is in force, and which is the newest; they differ while one is staged."""

    in_force: int
    newest: int


@dataclass(frozen=True, kw_only=True)
class Staging:
    """What is stored beside a version: which kind, by which paper, by whom and when.

    ``district`` is set for an overlay; ``basis`` is the version that it builds on or brings back.
    """

    year: int
    paper: str
    at: datetime
    person: str
    basis: int
    kind: CalendarKind = CalendarKind.NOTICE
    district: str = ""


@dataclass(frozen=True, kw_only=True)
class VersionOnFile:
    """One version as it stands in the register, without its days."""

    version: int
    kind: CalendarKind
    district: str
    year: int
    paper: str
    basis: int
    staged_at: datetime
    staged_by: str
    published_at: datetime | None
    published_by: str


@dataclass(frozen=True, kw_only=True)
class Leaders:
    """The units whose 协调员 may change a district's calendar, by one rollout's directory."""

    rollout: str
    units: tuple[str, ...]


async def seed_builtin(connection: AsyncConnection) -> None:
    """This will store the built-in calendar as its version, published, unless it is there."""
    builtin = load_builtin_calendar()
    newest = builtin.notices[-1]
    await _insert(
        connection,
        builtin,
        Staging(
            year=newest.year,
            paper="、".join(newest.papers),
            at=BUILTIN_AT,
            person="内置",
            basis=0,
        ),
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


async def has_content(connection: AsyncConnection, version: int, calendar: WorkCalendar) -> bool:
    """This will say whether that version has exactly this calendar's days and papers."""
    found = await connection.execute(_HASH, {"version": version})
    return bool(found.scalar_one_or_none() == content_hash(calendar))


async def stage(connection: AsyncConnection, calendar: WorkCalendar, staging: Staging) -> None:
    """This will store a version that is not yet in force."""
    await _insert(connection, calendar, staging)


async def list_versions(
    connection: AsyncConnection, after: int = 0, last: int = 2**31 - 1
) -> tuple[VersionOnFile, ...]:
    """This will list the versions after one, up to and with another, oldest first."""
    found = await connection.execute(_ROWS, {"after": after, "last": last})
    return tuple(map(_on_file, found))


async def in_force_before(connection: AsyncConnection, version: int) -> int:
    """This will return the version that was in force before that one was published; 0 if none."""
    found = await connection.execute(_IN_FORCE_BEFORE, {"version": version})
    return found.scalar_one_or_none() or 0


async def published_with(connection: AsyncConnection, version: int) -> tuple[VersionOnFile, ...]:
    """This will list the versions that came into force at one moment, up to and with this one."""
    return tuple(map(_on_file, await connection.execute(_PUBLISHED_WITH, {"version": version})))


async def leaders_of(connection: AsyncConnection, district: str, duty: str) -> tuple[Leaders, ...]:
    """This will name, by rollout that knows the district, the units that lead there.

    They are the rollout's coordinator and the district's unit with that duty; empty if no rollout
    knows the district.
    """
    units: dict[str, list[str]] = {}
    for row in await connection.execute(_LEADERS, {"district": district, "duty": duty}):
        led = units.setdefault(row.rollout, [])
        led += [name for name in (row.coordinator, row.office) if name and name not in led]
    return tuple(Leaders(rollout=rollout, units=tuple(led)) for rollout, led in units.items())


async def known_districts(connection: AsyncConnection) -> tuple[str, ...]:
    """This will name every district of every registered rollout."""
    return tuple((await connection.execute(_DISTRICTS)).scalars())


async def publish(connection: AsyncConnection, version: int, at: datetime, person: str) -> None:
    """This will put a version, and those before it, in force."""
    await connection.execute(_PUBLISH, {"version": version, "at": at, "by": person})


def content_hash(calendar: WorkCalendar) -> str:
    """The hash of a calendar's days and papers, without its version number."""
    entry = {**calendar_to_dict(calendar), "version": 0}
    packed = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(packed.encode()).hexdigest()


def _on_file(row: Row[Any]) -> VersionOnFile:
    return VersionOnFile(
        version=row.version,
        kind=CalendarKind(row.kind),
        district=row.district,
        year=row.year,
        paper=row.paper,
        basis=row.basis,
        staged_at=row.staged_at,
        staged_by=row.staged_by,
        published_at=row.published_at,
        published_by=row.published_by,
    )


async def _insert(
    connection: AsyncConnection,
    calendar: WorkCalendar,
    staging: Staging,
    *,
    is_published: bool = False,
) -> None:
    await connection.execute(
        _SEED,
        {
            "version": calendar.version,
            "calendar_id": calendar.calendar_id,
            "content_hash": content_hash(calendar),
            "year": staging.year,
            "paper": staging.paper,
            "document": json.dumps(calendar_to_dict(calendar), ensure_ascii=False),
            "at": staging.at,
            "by": staging.person,
            "published": staging.at if is_published else None,
            "publisher": staging.person if is_published else "",
            "kind": staging.kind.value,
            "district": staging.district,
            "basis": staging.basis,
        },
    )

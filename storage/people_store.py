"""People in the registers: who stands in for whom, changes of posts, absences.

Every change of a directory is one new version with its paper, in the transaction of the change;
:func:`lock_directory` makes two changes of one rollout follow each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people import Absence, Post
from domain.unit import Role, Unit, UnitKind

STAND_IN: Final = """
    away AS (
        SELECT b.rollout, b.person, b.by_person FROM absence b
        WHERE (:rollout = '' OR b.rollout = :rollout)
        AND b.from_day <= :today AND b.to_day >= :today
        AND (b.ended_at IS NULL OR b.ended_at > :now)),
    chain (rollout, absent, held_by) AS (
        SELECT w.rollout, w.person, w.by_person FROM away w
        UNION
        SELECT c.rollout, c.absent, w.by_person
        FROM chain c JOIN away w ON w.rollout = c.rollout AND w.person = c.held_by),
    stand_in AS (
        SELECT c.rollout, c.absent, c.held_by AS substitute FROM chain c
        WHERE NOT EXISTS (SELECT FROM away w WHERE w.rollout = c.rollout AND w.person = c.held_by))
"""
"""Who is away on ``:today`` (at ``:now``), and the substitute who is there at the end of the chain.

For ``WITH RECURSIVE``. UNION drops what is there already, so that a circle, which is refused when
it is written, ends here with nobody. An empty ``:rollout`` is all of them.
"""

_LOCK = text("SELECT id FROM plan WHERE rollout = :rollout FOR NO KEY UPDATE")
_PLAN = text("SELECT id FROM plan WHERE rollout = :rollout")
_UNITS = text("SELECT * FROM directory_unit WHERE rollout = :rollout ORDER BY position")
_POSTS = text(
    """
    SELECT a.unit, a.person, a.role, a.valid_from, a.valid_to
    FROM appointment a JOIN directory_unit u ON u.rollout = a.rollout AND u.name = a.unit
    WHERE a.rollout = :rollout ORDER BY u.position, a.role, a.person, a.valid_from
    """
)
_ABSENCES = text("SELECT * FROM absence WHERE rollout = :rollout ORDER BY from_day, id")
_VERSION = text(
    """
    INSERT INTO directory_version (rollout, version, at, person, reason, paper, content_key)
    SELECT :rollout, coalesce(max(version), 0) + 1, :at, :person, :reason, :paper, :content_key
    FROM directory_version WHERE rollout = :rollout
    RETURNING version
    """
)
_DONE_BEFORE = text(
    """
    SELECT max(version) FROM directory_version
    WHERE rollout = :rollout AND content_key = :content_key AND content_key <> ''
    """
)
_NEWEST = text("SELECT coalesce(max(version), 0) FROM directory_version WHERE rollout = :rollout")
_CHANGES = text(
    """
    SELECT version, at, person, reason, paper FROM directory_version
    WHERE rollout = :rollout ORDER BY version DESC LIMIT :limit
    """
)
_BEGIN = text(
    """
    INSERT INTO appointment (rollout, unit, person, role, valid_from, valid_to)
    VALUES (:rollout, :unit, :person, :role, :valid_from, :valid_to)
    """
)
_END = text(
    """
    UPDATE appointment SET valid_to = :valid_to
    WHERE rollout = :rollout AND unit = :unit AND person = :person AND role = :role
    AND valid_from = :valid_from
    """
)
_UNBEGIN = text(
    """
    DELETE FROM appointment
    WHERE rollout = :rollout AND unit = :unit AND person = :person AND role = :role
    AND valid_from = :valid_from
    """
)
_ADD_ABSENCE = text(
    """
    INSERT INTO absence (rollout, person, by_person, from_day, to_day, reason, paper,
                         recorded_at, recorded_by)
    VALUES (:rollout, :person, :by_person, :from_day, :to_day, :reason, :paper, :at, :recorded_by)
    RETURNING id
    """
)
_END_ABSENCE = text(
    """
    UPDATE absence SET ended_at = greatest(CAST(:at AS timestamptz), recorded_at),
                       ended_by = :ended_by
    WHERE id = :id AND ended_at IS NULL
    """
)


@dataclass(frozen=True, kw_only=True)
class AbsenceOnFile:
    """An absence with who wrote it, and who ended it early."""

    id: int
    absence: Absence
    paper: str
    recorded_at: datetime
    recorded_by: str
    ended_at: datetime | None
    ended_by: str


@dataclass(frozen=True, kw_only=True)
class DirectoryChange:
    """One version of a directory: when, who, why, on which paper."""

    version: int
    at: datetime
    person: str
    reason: str
    paper: str


async def lock_directory(connection: AsyncConnection, rollout: str) -> bool:
    """This will hold a rollout's directory until the transaction ends; False if there is none."""
    found = await connection.execute(_LOCK, {"rollout": rollout})
    return found.scalar_one_or_none() is not None


async def has_directory(connection: AsyncConnection, rollout: str) -> bool:
    """Whether a rollout of that name is registered."""
    return (await connection.execute(_PLAN, {"rollout": rollout})).scalar_one_or_none() is not None


async def read_units(connection: AsyncConnection, rollout: str) -> tuple[Unit, ...]:
    """This will read the units of a directory in the plan's order, without their people."""
    rows = await connection.execute(_UNITS, {"rollout": rollout})
    return tuple(_unit(row) for row in rows)


async def read_posts(connection: AsyncConnection, rollout: str) -> tuple[Post, ...]:
    """This will read every post that was ever held, in the order of the units."""
    rows = await connection.execute(_POSTS, {"rollout": rollout})
    return tuple(
        Post(
            unit=row.unit,
            person=row.person,
            role=Role(row.role),
            since=row.valid_from,
            until=row.valid_to,
        )
        for row in rows
    )


async def read_absences(connection: AsyncConnection, rollout: str) -> tuple[AbsenceOnFile, ...]:
    """This will read every absence, over and ended ones included, by their first day."""
    rows = await connection.execute(_ABSENCES, {"rollout": rollout})
    return tuple(_absence(row) for row in rows)


async def read_changes(
    connection: AsyncConnection, rollout: str, limit: int
) -> tuple[DirectoryChange, ...]:
    """This will read the latest versions of a directory, newest first."""
    rows = await connection.execute(_CHANGES, {"rollout": rollout, "limit": limit})
    return tuple(
        DirectoryChange(
            version=row.version, at=row.at, person=row.person, reason=row.reason, paper=row.paper
        )
        for row in rows
    )


async def newest_version(connection: AsyncConnection, rollout: str) -> int:
    """The version of a directory in force."""
    version: int = (await connection.execute(_NEWEST, {"rollout": rollout})).scalar_one()
    return version


async def done_before(connection: AsyncConnection, rollout: str, content_key: str) -> int:
    """The version that the same order made; 0 if there is none."""
    asked = {"rollout": rollout, "content_key": content_key}
    return (await connection.execute(_DONE_BEFORE, asked)).scalar_one() or 0


async def new_version(
    connection: AsyncConnection, rollout: str, change: DirectoryChange, content_key: str
) -> int:
    """This will count the directory up by one; ``change.version`` is not looked at."""
    row = {
        "rollout": rollout,
        "at": change.at,
        "person": change.person,
        "reason": change.reason,
        "paper": change.paper,
        "content_key": content_key,
    }
    version: int = (await connection.execute(_VERSION, row)).scalar_one()
    return version


async def begin_posts(connection: AsyncConnection, rollout: str, posts: Sequence[Post]) -> None:
    """This will write new posts."""
    if posts:
        await connection.execute(_BEGIN, [_keyed(rollout, post) for post in posts])


async def end_posts(connection: AsyncConnection, rollout: str, posts: Sequence[Post]) -> None:
    """This will write the ends of posts; one that ends before it began was never held."""
    ends = [post for post in posts if post.until is None or post.until > post.since]
    unborn = [post for post in posts if post.until is not None and post.until <= post.since]
    if ends:
        await connection.execute(_END, [_keyed(rollout, post) for post in ends])
    if unborn:
        rows = [_keyed(rollout, post) for post in unborn]
        for row in rows:
            del row["valid_to"]
        await connection.execute(_UNBEGIN, rows)


async def add_absence(
    connection: AsyncConnection, rollout: str, absence: Absence, said: DirectoryChange
) -> int:
    """This will write an absence; a constraint refuses a second one on the same day."""
    row = {
        "rollout": rollout,
        "person": absence.person,
        "by_person": absence.by,
        "from_day": absence.from_day,
        "to_day": absence.to_day,
        "reason": absence.reason,
        "paper": said.paper,
        "at": said.at,
        "recorded_by": said.person,
    }
    identity: int = (await connection.execute(_ADD_ABSENCE, row)).scalar_one()
    return identity


async def end_absence(connection: AsyncConnection, identity: int, at: datetime, by: str) -> None:
    """This will end an absence before its last day."""
    await connection.execute(_END_ABSENCE, {"id": identity, "at": at, "ended_by": by})


def _keyed(rollout: str, post: Post) -> dict[str, Any]:
    return {
        "rollout": rollout,
        "unit": post.unit,
        "person": post.person,
        "role": post.role.value,
        "valid_from": post.since,
        "valid_to": post.until,
    }


def _unit(row: Row[Any]) -> Unit:
    return Unit(
        name=row.name,
        kind=UnitKind(row.kind),
        district=row.district,
        duty=row.duty,
        parent=row.parent,
        code=row.code,
        is_member=row.is_member,
        recorder=row.recorder,
    )


def _absence(row: Row[Any]) -> AbsenceOnFile:
    return AbsenceOnFile(
        id=row.id,
        absence=Absence(
            person=row.person,
            by=row.by_person,
            from_day=row.from_day,
            to_day=row.to_day,
            reason=row.reason,
        ),
        paper=row.paper,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by or "",
    )

"""Secondments: added once, given back once; the guards are the database's (migration 0012)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.secondment import Registered, Seconded

_PERSONS = text(
    """
    SELECT key, name, unit FROM staff
    WHERE rollout = :rollout AND key = ANY(CAST(:keys AS text[]))
    """
)
_OF = text(
    """
    SELECT staff, street, organ, since, reason, due_back, paper, returned_on, return_paper
    FROM secondment
    WHERE rollout = :rollout AND staff = ANY(CAST(:keys AS text[])) ORDER BY staff, since
    """
)
_ALL = text(
    """
    SELECT staff, street, organ, since, reason, due_back, paper, returned_on, return_paper
    FROM secondment
    WHERE rollout = :rollout AND (street = ANY(CAST(:units AS text[]))
        OR organ = ANY(CAST(:units AS text[])))
    AND (street, staff, since) > (:street, :staff, CAST(:since AS date))
    ORDER BY street, staff, since LIMIT :limit
    """
)
_ADD = text(
    """
    INSERT INTO secondment (rollout, staff, since, street, organ, reason, due_back, paper, at,
        person, returned_on, return_paper, returned_at, returned_by)
    SELECT :rollout, l.staff, l.since, l.street, l.organ, l.reason, l.due_back, l.paper, :at,
        :person, NULL, '', NULL, ''
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (staff text, since date, street text,
        organ text, reason text, due_back date, paper text)
    """
)
_BACK = text(
    """
    UPDATE secondment SET returned_on = :on, return_paper = :paper, returned_at = :at,
        returned_by = :person
    WHERE rollout = :rollout AND staff = ANY(CAST(:keys AS text[])) AND returned_on IS NULL
    """
)


@dataclass(frozen=True, kw_only=True)
class Back:
    """These persons are back."""

    keys: tuple[str, ...]
    on: date
    paper: str
    at: datetime
    person: str


async def registered(
    connection: AsyncConnection, rollout: str, keys: Iterable[str]
) -> dict[str, Registered]:
    """This will read persons of the register by key."""
    rows = await connection.execute(_PERSONS, {"rollout": rollout, "keys": list(keys)})
    return {row.key: Registered(name=row.name, unit=row.unit) for row in rows}


async def secondments_of(
    connection: AsyncConnection, rollout: str, keys: Iterable[str]
) -> dict[str, tuple[Seconded, ...]]:
    """This will read the secondments of persons, oldest first."""
    found: dict[str, list[Seconded]] = {}
    rows = await connection.execute(_OF, {"rollout": rollout, "keys": list(keys)})
    for row in rows.mappings():
        found.setdefault(row["staff"], []).append(Seconded(**row))
    return {key: tuple(lines) for key, lines in found.items()}


async def secondments(
    connection: AsyncConnection,
    rollout: str,
    units: Sequence[str],
    *,
    after: tuple[str, str, date],
    limit: int,
) -> tuple[Seconded, ...]:
    """This will read those from or at these units, in the order of streets and keys."""
    street, staff, since = after
    asked: dict[str, Any] = {
        "rollout": rollout,
        "units": list(units),
        "street": street,
        "staff": staff,
        "since": since,
        "limit": limit,
    }
    return tuple(Seconded(**row) for row in (await connection.execute(_ALL, asked)).mappings())


async def add_secondments(
    connection: AsyncConnection, rollout: str, new: Sequence[Seconded], at: datetime, person: str
) -> None:
    """This will write new ones."""
    lines = [
        {
            "staff": one.staff,
            "since": one.since.isoformat(),
            "street": one.street,
            "organ": one.organ,
            "reason": one.reason,
            "due_back": one.due_back.isoformat() if one.due_back else None,
            "paper": one.paper,
        }
        for one in new
    ]
    given = {"rollout": rollout, "at": at, "person": person}
    await connection.execute(_ADD, given | {"lines": json.dumps(lines, ensure_ascii=False)})


async def give_back(connection: AsyncConnection, rollout: str, back: Back) -> int:
    """This will close the open secondments of persons; returns how many."""
    given = {
        "rollout": rollout,
        "keys": list(back.keys),
        "on": back.on,
        "paper": back.paper,
        "at": back.at,
        "person": back.person,
    }
    return (await connection.execute(_BACK, given)).rowcount

"""Rosters: versions, status, and the persons of each, by key.

A roster is changed by one at a time: who changes it takes its row first. That a person is on one
live roster only is a partial UNIQUE index, that a frozen roster keeps its persons a trigger.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.roster import LISTED, OPEN_STATUSES, Place, RosterStatus

_CURRENT = """
    SELECT rollout, number, version, units, content_hash, status, people, at, person FROM roster
    WHERE rollout = :rollout AND number = :number AND status <> '已替换'
"""
_ROSTER = text(_CURRENT)
_ROSTER_TO_CHANGE = text(f"{_CURRENT} FOR UPDATE")
_ROSTERS = text(
    """
    SELECT rollout, number, version, units, content_hash, status, people, at, person FROM roster
    WHERE rollout = :rollout AND status <> '已替换' ORDER BY at, number
    """
)
_SET_STATUS = text(
    """
    UPDATE roster SET status = :new
    WHERE rollout = :rollout AND number = :number AND status = ANY(CAST(:expected AS text[]))
    RETURNING version
    """
)
_RELEASE = text(
    """
    UPDATE roster_person SET live = false
    WHERE rollout = :rollout AND number = :number AND version = :version AND live
    """
)
_PERSONS = text(
    """
    SELECT p.staff, p.from_unit, p.to_unit, p.team, p.type, s.leader_type, p.state, p.live,
        p.sink_mode
    FROM roster r
    JOIN roster_person p ON (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    JOIN staff s ON s.rollout = p.rollout AND s.key = p.staff
    WHERE r.rollout = :rollout AND r.number = :number AND r.status <> '已替换'
    AND p.staff > :after ORDER BY p.staff LIMIT :limit
    """
)
_SET_STATE = text(
    """
    UPDATE roster_person p SET state = :new,
        live = coalesce(CAST(:live AS boolean), p.live)
    FROM roster r
    WHERE r.rollout = :rollout AND r.number = :number AND r.status <> '已替换'
    AND (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    AND p.staff = ANY(CAST(:staff AS text[])) AND p.state = ANY(CAST(:expected AS text[]))
    RETURNING p.staff
    """
)
_REDIRECT = text(
    """
    UPDATE roster_person p SET to_unit = :to_unit,
        team = coalesce(CAST(:team AS text), p.team)
    FROM roster r
    WHERE r.rollout = :rollout AND r.number = :number AND r.status <> '已替换'
    AND (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    AND p.staff = ANY(CAST(:staff AS text[])) AND p.live
    RETURNING p.staff
    """
)
_SUMS = text(
    """
    SELECT p.from_unit, p.to_unit, p.team, p.type, p.state, p.live, count(*) AS people
    FROM roster r
    JOIN roster_person p ON (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    WHERE r.rollout = :rollout AND r.number = :number AND r.status <> '已替换'
    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5
    """
)
_WANTED = text(
    """
    SELECT staff, number FROM roster_person
    WHERE rollout = :rollout AND live AND number <> :number
    AND staff = ANY(CAST(:staff AS text[]))
    """
)
_ASTRAY = text(
    """
    SELECT p.staff, p.from_unit, l.unit FROM roster r
    JOIN roster_person p ON (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    LEFT JOIN ledger_place l ON (l.rollout, l.staff, l.type) = (p.rollout, p.staff, p.type)
    WHERE r.rollout = :rollout AND r.number = :number AND r.status IN ('编制中', '已请示')
    AND p.live AND l.unit IS DISTINCT FROM p.from_unit
    ORDER BY p.staff LIMIT :limit
    """
)
_LIFT = text(
    """
    UPDATE roster SET status = '已替换'
    WHERE rollout = :rollout AND number = :number AND version = :version
    """
)
_ADD = text(
    """
    INSERT INTO roster (rollout, number, version, units, content_hash, status, people, at, person)
    VALUES (:rollout, :number, :version, :units, :content_hash, '编制中', :people, :at, :person)
    """
)
_ADD_PERSONS = text(
    """
    INSERT INTO roster_person (rollout, number, version, staff, from_unit, to_unit, team, type,
                               state, live, sink_mode)
    SELECT :rollout, :number, :version, l.staff, l.from_unit, l.to_unit, l.team, l.type, :state,
           true, l.sink_mode
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (staff text, from_unit text, to_unit text,
        team text, type text, sink_mode text)
    ORDER BY l.staff
    """
)


@dataclass(frozen=True, kw_only=True)
class RosterOnFile:
    """The current version of a roster; ``units`` are the receiving ones."""

    rollout: str
    number: str
    version: int
    units: tuple[str, ...]
    content_hash: str
    status: RosterStatus
    people: int
    at: datetime
    person: str


@dataclass(frozen=True, kw_only=True)
class PersonOnRoster:
    """One person, by key: from where to where, with which post; ``live`` False was taken out."""

    staff: str
    from_unit: str
    to_unit: str
    team: str
    type: str
    leader_type: str
    state: str
    live: bool
    sink_mode: str


@dataclass(frozen=True, kw_only=True)
class RosterSum:
    """So many persons of one department, unit, team, type and state."""

    from_unit: str
    to_unit: str
    team: str
    type: str
    state: str
    live: bool
    people: int


async def roster_for(
    connection: AsyncConnection, rollout: str, number: str, *, to_change: bool = False
) -> RosterOnFile | None:
    """This will read the current version; ``to_change`` holds it until the transaction ends.

    Who waited for somebody that replaced the version finds it gone, and the new one only by asking
    again.
    """
    asked = {"rollout": rollout, "number": number}
    question = _ROSTER_TO_CHANGE if to_change else _ROSTER
    while True:
        row = (await connection.execute(question, asked)).mappings().one_or_none()
        if row is not None:
            return _roster(row)
        if not to_change or (await connection.execute(_ROSTER, asked)).first() is None:
            return None


async def rosters_of(connection: AsyncConnection, rollout: str) -> tuple[RosterOnFile, ...]:
    """This will list the current rosters of a rollout, oldest first."""
    rows = await connection.execute(_ROSTERS, {"rollout": rollout})
    return tuple(_roster(row) for row in rows.mappings())


async def set_status(
    connection: AsyncConnection,
    rollout: str,
    number: str,
    expected: RosterStatus | Sequence[RosterStatus],
    new: RosterStatus,
) -> bool:
    """This will move a roster on (freeze: 编制中 → 已请示; thaw: back); False if it is not there.

    With 办结 and 撤销 the roster's claim on its persons ends.
    """
    froms = (expected,) if isinstance(expected, RosterStatus) else tuple(expected)
    asked = {
        "rollout": rollout,
        "number": number,
        "expected": [one.value for one in froms],
        "new": new.value,
    }
    version = (await connection.execute(_SET_STATUS, asked)).scalar_one_or_none()
    if version is None:
        return False
    if new not in OPEN_STATUSES:
        key = {"rollout": rollout, "number": number, "version": version}
        await connection.execute(_RELEASE, key)
    return True


async def persons_page(
    connection: AsyncConnection, rollout: str, number: str, after: str = "", limit: int = 200
) -> tuple[PersonOnRoster, ...]:
    """This will read the persons of the current version in the order of their keys."""
    asked = {"rollout": rollout, "number": number, "after": after, "limit": limit}
    rows = await connection.execute(_PERSONS, asked)
    return tuple(PersonOnRoster(**row) for row in rows.mappings())


async def set_person_state(
    connection: AsyncConnection,
    rollout: str,
    number: str,
    staff: Sequence[str],
    *,
    expected: Sequence[str],
    new: str,
    live: bool | None = None,
) -> tuple[str, ...]:
    """This will change persons from one of the expected states; returns the keys that changed.

    ``live`` False ends the roster's claim on them (移出).
    """
    asked = {
        "rollout": rollout,
        "number": number,
        "staff": list(staff),
        "expected": list(expected),
        "new": new,
        "live": live,
    }
    return tuple((await connection.execute(_SET_STATE, asked)).scalars())


async def redirect_persons(
    connection: AsyncConnection,
    rollout: str,
    number: str,
    staff: Sequence[str],
    *,
    to_unit: str,
    team: str | None = None,
) -> tuple[str, ...]:
    """This will send persons to another unit (调整); None leaves the team. Returns who changed."""
    asked = {
        "rollout": rollout,
        "number": number,
        "staff": list(staff),
        "to_unit": to_unit,
        "team": team,
    }
    return tuple((await connection.execute(_REDIRECT, asked)).scalars())


async def roster_sums(
    connection: AsyncConnection, rollout: str, number: str
) -> tuple[RosterSum, ...]:
    """This will count a roster's persons (3-12: Σ per department and per team)."""
    rows = await connection.execute(_SUMS, {"rollout": rollout, "number": number})
    return tuple(RosterSum(**row) for row in rows.mappings())


async def wanted_elsewhere(
    connection: AsyncConnection, rollout: str, number: str, staff: Sequence[str]
) -> dict[str, str]:
    """Which of these persons another live roster has, with its number."""
    asked = {"rollout": rollout, "number": number, "staff": list(staff)}
    return {row.staff: row.number for row in await connection.execute(_WANTED, asked)}


async def astray(
    connection: AsyncConnection, rollout: str, number: str, limit: int
) -> dict[str, tuple[str, str]]:
    """Who of a roster that is not approved yet is not where it says: 转出单位, and where now."""
    asked = {"rollout": rollout, "number": number, "limit": limit}
    rows = await connection.execute(_ASTRAY, asked)
    return {row.staff: (row.from_unit, row.unit or "") for row in rows}


async def store_roster(
    connection: AsyncConnection,
    new: RosterOnFile,
    places: Sequence[Place],
    before: RosterOnFile | None,
) -> None:
    """This will write a version and lift the one before."""
    if before is not None:
        key = {"rollout": before.rollout, "number": before.number, "version": before.version}
        await connection.execute(_LIFT, key)
        await connection.execute(_RELEASE, key)
    row: dict[str, Any] = asdict(new) | {"units": list(new.units)}
    row.pop("status")
    await connection.execute(_ADD, row)
    lines = json.dumps([asdict(place) for place in places], ensure_ascii=False)
    given = {
        "rollout": new.rollout,
        "number": new.number,
        "version": new.version,
        "lines": lines,
        "state": LISTED,
    }
    await connection.execute(_ADD_PERSONS, given)


def _roster(row: Any) -> RosterOnFile:
    found = dict(row)
    found["units"] = tuple(found["units"])
    found["status"] = RosterStatus(found["status"])
    return RosterOnFile(**found)

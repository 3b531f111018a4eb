"""How much of a unit's locked people and posts is at other units, now or as of a day, from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ledger import LEADER, OPENING

_LOCKED = text(
    """
    SELECT coalesce(sum(p.amount) FILTER (WHERE p.state = '实有'), 0) AS people,
        coalesce(sum(p.amount) FILTER (WHERE p.state = '核定'), 0) AS posts
    FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction
    WHERE t.rollout = :rollout AND t.kind = :opening AND p.unit = :unit
    AND NOT starts_with(p.type, :leader)
    AND (CAST(:day AS date) IS NULL OR t.day <= :day)
    """
)
_PLACES_NOW = """
    SELECT staff, unit FROM ledger_place
    WHERE rollout = :rollout AND NOT starts_with(type, :leader)
    """
_PLACES_THEN = """
    SELECT p.staff, p.unit FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction
    WHERE t.rollout = :rollout AND p.state = '实有' AND p.staff <> '' AND t.day <= :day
    AND NOT starts_with(p.type, :leader)
    GROUP BY p.staff, p.unit, p.type HAVING sum(p.amount) > 0
    """
# Of the persons whom the lock had here: those at the units, and those of the teams where their
# roster sent them.
_PEOPLE = """
    WITH place AS ({}), mine AS (
        SELECT DISTINCT p.staff FROM ledger_posting p
        JOIN ledger_transaction t ON t.id = p.transaction
        WHERE t.rollout = :rollout AND t.kind = :opening AND p.unit = :unit AND p.state = '实有'
        AND p.staff <> '' AND NOT starts_with(p.type, :leader))
    SELECT count(DISTINCT m.staff) AS gone,
        count(DISTINCT m.staff) FILTER (WHERE l.unit <> ALL(CAST(:units AS text[]))) AS by_team
    FROM mine m
    JOIN place l ON l.staff = m.staff
    WHERE l.unit <> :unit AND (l.unit = ANY(CAST(:units AS text[])) OR EXISTS (
        SELECT FROM roster_person p
        JOIN roster r ON (r.rollout, r.number, r.version) = (p.rollout, p.number, p.version)
        WHERE (p.rollout, p.staff) = (:rollout, m.staff) AND p.to_unit = l.unit
        AND p.team = ANY(CAST(:teams AS text[])) AND r.status <> '已替换'
        AND (p.live OR r.status = '办结')))
    """
_PEOPLE_NOW = text(_PEOPLE.format(_PLACES_NOW))
_PEOPLE_THEN = text(_PEOPLE.format(_PLACES_THEN))
# A line's ``toward`` says where a post goes; an entry that takes a post back leaves the unit with
# as many as before, so of the two sums the smaller one is what really went.
_POSTS = text(
    """
    SELECT coalesce(sum(greatest(0, least(e.toward, e.lost))
            - greatest(0, least(e.backward, e.regained))), 0)::integer AS gone,
        coalesce(sum(e.transit), 0)::integer AS in_transit
    FROM (
        SELECT
            coalesce(-sum(p.amount) FILTER (
                WHERE p.unit = :unit AND p.toward = ANY(CAST(:units AS text[]))), 0) AS toward,
            coalesce(-sum(p.amount) FILTER (WHERE p.unit = :unit), 0) AS lost,
            coalesce(-sum(p.amount) FILTER (
                WHERE p.unit = ANY(CAST(:units AS text[])) AND p.toward = :unit), 0) AS backward,
            coalesce(-sum(p.amount) FILTER (
                WHERE p.unit = ANY(CAST(:units AS text[]))), 0) AS regained,
            sum(p.amount) FILTER (WHERE p.unit = :unit AND p.state = '在途'
                AND p.toward = ANY(CAST(:units AS text[]))) AS transit
        FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction
        WHERE t.rollout = :rollout AND p.state IN ('核定', '在途')
        AND NOT starts_with(p.type, :leader)
        AND (CAST(:day AS date) IS NULL OR t.day <= :day)
        GROUP BY t.id, p.type) e
    """
)
_TEAMS = text(
    """
    SELECT DISTINCT p.team FROM roster_person p
    WHERE p.rollout = :rollout AND p.team = ANY(CAST(:teams AS text[]))
    """
)


@dataclass(frozen=True, kw_only=True)
class Gone:
    """What the lock found at a unit, and what of it is elsewhere."""

    locked_people: int
    locked_posts: int
    people: int
    posts: int
    in_transit: int


async def known_teams(
    connection: AsyncConnection, rollout: str, teams: Sequence[str]
) -> frozenset[str]:
    """This will say which of these teams any roster has."""
    found = await connection.scalars(_TEAMS, {"rollout": rollout, "teams": list(teams)})
    return frozenset(found)


async def gone_from(
    connection: AsyncConnection,
    rollout: str,
    unit: str,
    units: Sequence[str],
    teams: Sequence[str] = (),
    *,
    day: date | None = None,
) -> Gone:
    """This will count what went from a unit to these units, or with these teams.

    Who goes with a team goes with a post. With a ``day``, by the entries up to its end.
    """
    asked = {
        "rollout": rollout,
        "unit": unit,
        "units": list(units),
        "teams": list(teams),
        "day": day,
        "opening": OPENING,
        "leader": LEADER,
    }
    locked = (await connection.execute(_LOCKED, asked)).one()
    people = (await connection.execute(_PEOPLE_THEN if day else _PEOPLE_NOW, asked)).one()
    posts = (await connection.execute(_POSTS, asked)).one()
    return Gone(
        locked_people=locked.people,
        locked_posts=locked.posts,
        people=people.gone,
        posts=posts.gone + people.by_team,
        in_transit=posts.in_transit,
    )

"""Reading the ledger: positions at a day, a unit's history, all postings, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_BOOK = text(
    """
    SELECT coalesce(b.entries, 0) AS entries,
        (SELECT min(p.opened) FROM ledger_position p WHERE p.rollout = n.rollout) AS opened
    FROM plan n LEFT JOIN ledger_book b ON b.rollout = n.rollout WHERE n.rollout = :rollout
    """
)
_UNKNOWN_UNITS = text(
    """
    SELECT u.name FROM unnest(CAST(:units AS text[])) AS u (name) WHERE NOT EXISTS (
        SELECT FROM directory_unit d WHERE (d.rollout, d.name) = (:rollout, u.name))
    """
)
_UNKNOWN_STAFF = text(
    """
    SELECT count(*) FROM unnest(CAST(:keys AS text[])) AS k (key) WHERE NOT EXISTS (
        SELECT FROM staff s WHERE (s.rollout, s.key) = (:rollout, k.key))
    """
)
_HAS_TYPE = text(
    "SELECT EXISTS (SELECT FROM ledger_position WHERE rollout = :rollout AND type = :type)"
)
_ENTRY = text(
    """
    SELECT number, kind, person FROM ledger_transaction WHERE (rollout, key) = (:rollout, :key)
    """
)
_KEPT = text(
    """
    SELECT p.unit, p.type, p.approved, p.in_transit, p.occupied, p.actual, d.district, p.excess,
        p.basis
    FROM ledger_position p JOIN directory_unit d ON (d.rollout, d.name) = (p.rollout, p.unit)
    WHERE p.rollout = :rollout AND (:unit = '' OR p.unit = :unit)
    ORDER BY d.position, p.unit, p.type
    """
)
_AT = text(
    """
    SELECT g.unit, g.type, g.approved, g.in_transit, g.occupied, g.actual, d.district,
        greatest(0, g.actual - g.approved - g.occupied) AS excess, k.basis
    FROM (
        SELECT t.rollout, p.unit, p.type,
            coalesce(sum(p.amount) FILTER (WHERE p.state = '核定'), 0) AS approved,
            coalesce(sum(p.amount) FILTER (WHERE p.state = '在途'), 0) AS in_transit,
            coalesce(sum(p.amount) FILTER (WHERE p.state = '在途' AND p.staff <> ''), 0)
                AS occupied,
            coalesce(sum(p.amount) FILTER (WHERE p.state = '实有'), 0) AS actual
        FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction
        WHERE t.rollout = :rollout AND t.day <= :day AND p.unit <> ''
        AND (:unit = '' OR p.unit = :unit)
        GROUP BY t.rollout, p.unit, p.type) g
    JOIN directory_unit d ON (d.rollout, d.name) = (g.rollout, g.unit)
    JOIN ledger_position k ON (k.rollout, k.unit, k.type) = (g.rollout, g.unit, g.type)
    ORDER BY d.position, g.unit, g.type
    """
)
_HISTORY = text(
    """
    SELECT * FROM (
        SELECT m.*, CAST(sum(m.approved) OVER w AS bigint) AS approved_after,
            CAST(sum(m.in_transit) OVER w AS bigint) AS in_transit_after,
            CAST(sum(m.actual) OVER w AS bigint) AS actual_after
        FROM (
            SELECT t.id, t.number, t.day, t.at, t.kind, p.type,
                coalesce(sum(p.amount) FILTER (WHERE p.state = '核定'), 0) AS approved,
                coalesce(sum(p.amount) FILTER (WHERE p.state = '在途'), 0) AS in_transit,
                coalesce(sum(p.amount) FILTER (WHERE p.state = '实有'), 0) AS actual,
                array_remove(array_agg(DISTINCT p.staff), '') AS staff,
                t.person, t.procedure, t.rule, t.paper, t.special_paper, t.note
            FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction
            WHERE t.rollout = :rollout AND p.unit = :unit AND (:type = '' OR p.type = :type)
            GROUP BY t.id, p.type) m
        WINDOW w AS (PARTITION BY m.type ORDER BY m.day, m.id)) h
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(DISTINCT o.name), '{}') AS others FROM (
            SELECT CASE WHEN q.unit = :unit THEN q.toward ELSE q.unit END AS name
            FROM ledger_posting q WHERE q.transaction = h.id AND q.type = h.type) o
        WHERE o.name NOT IN ('', :unit)) x
    WHERE (h.day, h.id, h.type) > (CAST(:day AS date), CAST(:id AS bigint), :last_type)
    ORDER BY h.day, h.id, h.type LIMIT :limit
    """
)
_POSTINGS = text(
    """
    SELECT t.number, p.line, t.day, t.at, t.kind, p.unit, p.type, p.state, p.amount, p.toward,
        p.staff, t.person, t.procedure, t.rule, t.paper, t.special_paper, t.note, t.key
    FROM ledger_transaction t JOIN ledger_posting p ON p.transaction = t.id
    WHERE t.rollout = :rollout AND t.number BETWEEN :number AND :upto
    AND (t.number, p.line) > (:number, :line) ORDER BY t.number, p.line LIMIT :limit
    """
)
_REFUSALS = text(
    """
    SELECT at, person, kind, code, sentence, count(*) OVER () AS total FROM ledger_refusal
    WHERE rollout = :rollout ORDER BY id DESC LIMIT :limit
    """
)


@dataclass(frozen=True, kw_only=True)
class Book:
    """A ledger as a whole; ``opened`` None: no baseline yet."""

    entries: int
    opened: date | None


async def read_book(connection: AsyncConnection, rollout: str) -> Book | None:
    """This will say how far a rollout's ledger is; None if the rollout is not registered."""
    row = (await connection.execute(_BOOK, {"rollout": rollout})).one_or_none()
    return None if row is None else Book(entries=row.entries, opened=row.opened)


async def unknown_units(
    connection: AsyncConnection, rollout: str, units: Sequence[str]
) -> tuple[str, ...]:
    """This will name which of these units the directory does not have."""
    found = await connection.scalars(_UNKNOWN_UNITS, {"rollout": rollout, "units": list(units)})
    return tuple(found)


async def count_unknown_staff(
    connection: AsyncConnection, rollout: str, keys: Sequence[str]
) -> int:
    """This will count the keys of nobody in the staff register."""
    found = await connection.scalar(_UNKNOWN_STAFF, {"rollout": rollout, "keys": list(keys)})
    return int(found or 0)


async def has_type(connection: AsyncConnection, rollout: str, type_: str) -> bool:
    """This will say whether any unit has an account of this type."""
    return bool(await connection.scalar(_HAS_TYPE, {"rollout": rollout, "type": type_}))


async def entry_by_key(connection: AsyncConnection, rollout: str, key: str) -> Any:
    """This will find an entry (number, kind, person) by its key; None if there is none."""
    return (await connection.execute(_ENTRY, {"rollout": rollout, "key": key})).one_or_none()


async def list_positions(
    connection: AsyncConnection, rollout: str, unit: str = "", on: date | None = None
) -> Sequence[Any]:
    """This will list positions in the directory's order: as kept, or added up for a day."""
    asked: dict[str, Any] = {"rollout": rollout, "unit": unit}
    question = _KEPT if on is None else _AT
    if on is not None:
        asked["day"] = on
    return (await connection.execute(question, asked)).mappings().all()


async def list_history(
    connection: AsyncConnection,
    rollout: str,
    unit: str,
    type_: str,
    *,
    after: tuple[date, int, str],
    limit: int,
) -> Sequence[Any]:
    """This will list a unit's entries in the order of days, with the balances after each."""
    day, identity, last_type = after
    asked = {
        "rollout": rollout,
        "unit": unit,
        "type": type_,
        "day": day,
        "id": identity,
        "last_type": last_type,
        "limit": limit,
    }
    return (await connection.execute(_HISTORY, asked)).mappings().all()


async def list_postings(
    connection: AsyncConnection, rollout: str, upto: int, after: tuple[int, int], limit: int
) -> Sequence[Any]:
    """This will list postings in the order of entries."""
    number, line = after
    asked = {"rollout": rollout, "upto": upto, "number": number, "line": line, "limit": limit}
    return (await connection.execute(_POSTINGS, asked)).mappings().all()


async def list_refusals(connection: AsyncConnection, rollout: str, limit: int) -> Sequence[Any]:
    """This will list the latest refusals."""
    asked = {"rollout": rollout, "limit": limit}
    return (await connection.execute(_REFUSALS, asked)).mappings().all()

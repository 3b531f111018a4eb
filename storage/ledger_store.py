"""Posting to the ledger and reading it; the database keeps every invariant by itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.ledger import Entry, State, broken_by, fault_of
from domain.refusal import Refused

_POST = text("SELECT * FROM ledger_post(CAST(:entry AS jsonb), :at)")
_REFUSE = text(
    """
    INSERT INTO ledger_refusal (rollout, at, person, key, kind, code, sentence, asked)
    VALUES (:rollout, :at, :person, :key, :kind, :code, :sentence, CAST(:asked AS jsonb))
    """
)
MOST_REFUSALS_OF_ALL: Final = 1_000
MOST_REFUSALS_OF_ONE: Final = 100
"""Refused orders kept of a rollout within a day, and of a person: a flood writes no more."""

REFUSE_WITHIN_BOUNDS = text(
    f"""
    INSERT INTO ledger_refusal (rollout, at, person, key, kind, code, sentence, asked)
    SELECT :rollout, :at, :person, :key, :kind, :code, :sentence, CAST(:asked AS jsonb)
    FROM (SELECT count(*) AS of_all, count(*) FILTER (WHERE n.person = :person) AS of_one
        FROM (SELECT r.person, r.at FROM ledger_refusal r
            WHERE r.rollout = :rollout AND coalesce(r.asked->>'procedure', '') = ''
            ORDER BY r.id DESC LIMIT {MOST_REFUSALS_OF_ALL}) n
        WHERE n.at > CAST(:at AS timestamptz) - interval '1 day') kept
    WHERE kept.of_all < {MOST_REFUSALS_OF_ALL} AND kept.of_one < {MOST_REFUSALS_OF_ONE}
    """  # noqa: S608 - the inserted parts are the numbers above
)
"""For what people order; what a procedure is refused is bounded by its workflow."""

_POSITIONS = text(
    """
    SELECT p.unit, p.type,
        coalesce(sum(p.amount) FILTER (WHERE p.state = '核定'), 0) AS approved,
        coalesce(sum(p.amount) FILTER (WHERE p.state = '在途'), 0) AS in_transit,
        coalesce(sum(p.amount) FILTER (WHERE p.state = '实有'), 0) AS actual
    FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction
    WHERE t.rollout = :rollout AND p.unit <> '' AND (:unit = '' OR p.unit = :unit)
    AND (CAST(:day AS date) IS NULL OR t.day <= :day)
    GROUP BY p.unit, p.type ORDER BY p.unit, p.type
    """
)
_KEPT = text(
    """
    SELECT unit, type, approved, in_transit, occupied, actual, excess, basis
    FROM ledger_position WHERE rollout = :rollout ORDER BY unit, type
    """
)


@dataclass(frozen=True, kw_only=True)
class Posted:
    """``created`` False: the same entry was there before, and nothing was written."""

    id: int
    created: bool


@dataclass(frozen=True, kw_only=True)
class Position:
    """The balances of one unit and type."""

    unit: str
    type: str
    approved: int
    in_transit: int
    actual: int


async def post(connection: AsyncConnection, entry: Entry, at: datetime) -> Posted | Refused:
    """This will post an entry, once per key, or say why the ledger refuses it.

    A refusal leaves the connection's transaction as it was.
    """
    fault = fault_of(entry)
    if fault is not None:
        return fault
    content_hash = hash_of(entry)
    given = {**asdict(entry), "content_hash": content_hash}
    said = json.dumps(given, ensure_ascii=False, default=str)
    done = (await connection.execute(_POST, {"entry": said, "at": at})).one()
    if done.broken is not None:
        return broken_by(done.broken, entry)
    if done.entry_hash != content_hash:
        return Refused(
            code="LEDGER_KEY_DIFFERS", sentence=f"“{entry.key}”已记过另一笔账，没有再记。"
        )
    return Posted(id=done.entry_id, created=done.created)


async def keep_refusal(
    connection: AsyncConnection, entry: Entry, refused: Refused, at: datetime
) -> None:
    """This will write down that an entry was refused; in a transaction that is not the entry's.

    Of what people order themselves, a day's flood is not kept beyond its bounds.
    """
    given = {
        "rollout": entry.rollout,
        "at": at,
        "person": entry.person,
        "key": entry.key,
        "kind": entry.kind,
        "code": refused.code,
        "sentence": refused.sentence,
        "asked": json.dumps(asdict(entry), ensure_ascii=False, default=str),
    }
    await connection.execute(_REFUSE if entry.procedure else REFUSE_WITHIN_BOUNDS, given)


async def positions_at(
    connection: AsyncConnection, rollout: str, day: date | None = None, unit: str = ""
) -> tuple[Position, ...]:
    """This will add up the postings that hold on a day; None is all of them."""
    rows = await connection.execute(_POSITIONS, {"rollout": rollout, "day": day, "unit": unit})
    return tuple(Position(**row) for row in rows.mappings())


async def kept_positions(connection: AsyncConnection, rollout: str) -> Sequence[Any]:
    """This will read the positions as they are kept beside the postings."""
    return (await connection.execute(_KEPT, {"rollout": rollout})).all()


def hash_of(entry: Entry) -> str:
    """The sha256 (hex) of what an entry says."""
    said = json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


__all__ = ["Position", "Posted", "State", "hash_of", "kept_positions", "positions_at", "post"]

"""Problems handed to the 区纪委监委 (0-14): entries are added, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import RunKey
from domain.audit_referral import Referral, ReferralKind
from storage.audit_flow_store import named

_KEY = "(rollout, plan, label) = (:rollout, :plan, :label)"

# what is inserted below is the constant above
_ADD = text(
    f"""
    INSERT INTO audit_referral (rollout, plan, label, number, place, kind, happened_on, paper,
        outcome, recorded_by, recorded_at, action_id)
    SELECT :rollout, :plan, :label, :number, coalesce(max(place), 0) + 1, :kind, :day, :paper,
        :outcome, :person, :at, :action_id
    FROM audit_referral WHERE {_KEY} AND number = :number
    RETURNING *
    """  # noqa: S608
)
_READ = text(
    f"""
    SELECT * FROM audit_referral WHERE {_KEY} AND number > :after AND number <= :until
    ORDER BY number, place
    """  # noqa: S608
)
_BY_ACTION = text(
    "SELECT * FROM audit_referral WHERE rollout = :rollout AND action_id = :action_id"
)
_DISCIPLINE = text(
    f"SELECT discipline FROM audit_problem WHERE {_KEY} AND number = :number"  # noqa: S608
)


async def discipline_of(connection: AsyncConnection, key: RunKey, number: int) -> str | None:
    """This will read which discipline a problem breaks; None if there is no such problem."""
    found = await connection.execute(_DISCIPLINE, named(key) | {"number": number})
    discipline: str | None = found.scalar_one_or_none()
    return discipline


async def add_referral(
    connection: AsyncConnection,
    key: RunKey,
    entry: Referral,
    *,
    person: str,
    action_id: str,
    at: datetime,
) -> Referral:
    """This will add an entry; who calls holds the audit."""
    given = {
        "number": entry.number,
        "kind": entry.kind.value,
        "day": entry.on,
        "paper": entry.paper.strip(),
        "outcome": entry.outcome.strip(),
        "person": person,
        "at": at,
        "action_id": action_id,
    }
    return _referral((await connection.execute(_ADD, named(key) | given)).one())


async def referral_by_action(
    connection: AsyncConnection, rollout: str, action_id: str
) -> Referral | None:
    """This will read the entry that an order has made."""
    found = await connection.execute(_BY_ACTION, {"rollout": rollout, "action_id": action_id})
    row = found.one_or_none()
    return _referral(row) if row else None


async def referrals(
    connection: AsyncConnection, key: RunKey, after: int, until: int
) -> tuple[Referral, ...]:
    """This will read the entries about the problems behind ``after`` up to ``until``, in order."""
    rows = await connection.execute(_READ, named(key) | {"after": after, "until": until})
    return tuple(_referral(row) for row in rows)


def _referral(row: Row[Any]) -> Referral:
    return Referral(
        number=row.number,
        kind=ReferralKind(row.kind),
        on=row.happened_on,
        paper=row.paper,
        outcome=row.outcome,
        place=row.place,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
    )

"""Complaints of 擅自转嫁 and their answers, as they are written and read (4-35)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_SEEN = text("SELECT * FROM case_complaint WHERE action_id = :action_id")
_ADD = text(
    """
    INSERT INTO case_complaint (rollout, number, action_id, street, department, happened_on,
        content, list_name, list_version, item, item_name, paper, person, at)
    SELECT :rollout, coalesce(max(c.number), 0) + 1, :action_id, :street, :department,
        :happened_on, :content, :list_name, :list_version, :item, :item_name, :paper, :person, :at
    FROM case_complaint c WHERE c.rollout = :rollout
    RETURNING number
    """
)
_ONE = text("SELECT * FROM case_complaint WHERE rollout = :rollout AND number = :number")
_REPLIED = text("SELECT * FROM case_complaint_reply WHERE action_id = :action_id")
_REPLY = text(
    """
    INSERT INTO case_complaint_reply (rollout, number, place, action_id, finding, note, paper,
        person, at)
    SELECT :rollout, :number, coalesce(max(r.place), 0) + 1, :action_id, :finding, :note, :paper,
        :person, :at
    FROM case_complaint_reply r WHERE r.rollout = :rollout AND r.number = :number
    """
)
_LIST = text(
    """
    SELECT c.*, r.finding, r.note, r.paper AS reply_paper, r.person AS replied_by,
        r.at AS replied_at
    FROM case_complaint c
    LEFT JOIN LATERAL (
        SELECT * FROM case_complaint_reply r
        WHERE r.rollout = c.rollout AND r.number = c.number ORDER BY r.place DESC LIMIT 1) r ON true
    WHERE (:rollout = '' OR c.rollout = :rollout)
    AND (:unit = '' OR :unit IN (c.street, c.department))
    AND (CAST(:since AS date) IS NULL OR c.happened_on >= :since)
    AND (CAST(:until AS date) IS NULL OR c.happened_on <= :until)
    AND (CAST(:after_day AS date) IS NULL
        OR (c.happened_on, c.rollout, c.number) < (:after_day, :after_rollout, :after_number))
    ORDER BY c.happened_on DESC, c.rollout DESC, c.number DESC LIMIT :limit
    """
)


@dataclass(frozen=True, kw_only=True)
class NewComplaint:
    """A complaint to write; ``list_version`` is 0 where no item was named."""

    rollout: str
    action_id: str
    street: str
    department: str
    happened_on: date
    content: str
    list_name: str
    list_version: int
    item: str
    item_name: str
    paper: str
    person: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class NewReply:
    """An answer to write."""

    rollout: str
    number: int
    action_id: str
    finding: str
    note: str
    paper: str
    person: str
    at: datetime


async def seen_complaint(connection: AsyncConnection, action_id: str) -> Row[Any] | None:
    """This will read the complaint that an action made; None if it made none."""
    return (await connection.execute(_SEEN, {"action_id": action_id})).one_or_none()


async def add_complaint(connection: AsyncConnection, new: NewComplaint) -> int:
    """This will write a complaint under the rollout's next number; the rollout must be held."""
    number: int = (await connection.execute(_ADD, vars(new))).scalar_one()
    return number


async def complaint_of(connection: AsyncConnection, rollout: str, number: int) -> Row[Any] | None:
    """This will read a complaint by its number."""
    asked = {"rollout": rollout, "number": number}
    return (await connection.execute(_ONE, asked)).one_or_none()


async def seen_reply(connection: AsyncConnection, action_id: str) -> Row[Any] | None:
    """This will read the answer that an action made; None if it made none."""
    return (await connection.execute(_REPLIED, {"action_id": action_id})).one_or_none()


async def add_reply(connection: AsyncConnection, new: NewReply) -> None:
    """This will write an answer beside the earlier ones; the rollout must be held."""
    await connection.execute(_REPLY, vars(new))


async def read_complaints(
    connection: AsyncConnection,
    asked: dict[str, Any],
    after: tuple[date, str, int] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """This will read complaints with their newest answers, the newest first."""
    day, rollout, number = after or (None, "", 0)
    place = {"after_day": day, "after_rollout": rollout, "after_number": number, "limit": limit}
    return (await connection.execute(_LIST, asked | place)).all()

"""What the read models and the log know of rows that are about to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_PROCEDURES = text(
    """
    SELECT workflow_id, rollout, ended_at, status FROM board_row
    WHERE workflow_id = ANY(CAST(:workflows AS text[]))
    """
)
_DESKS = text(
    """
    SELECT workflow_id, step, unit, purpose, opened_at FROM desk_item
    WHERE workflow_id = ANY(CAST(:workflows AS text[]))
    ORDER BY workflow_id, opened_at, step, unit
    """
)
_ANSWERED = text(
    """
    SELECT workflow_id, split_part(action_id, '~', 1) AS action_id,
        bool_or(kind = '办理') AS done,
        bool_or(kind = '办理' AND confirmed) AS confirmed,
        count(*) FILTER (WHERE kind = '拒绝') AS refused
    FROM log_entry
    WHERE workflow_id = ANY(CAST(:workflows AS text[])) AND superseded_by IS NULL
    AND split_part(action_id, '~', 1) = ANY(CAST(:actions AS text[]))
    GROUP BY 1, 2
    """
)


async def read_procedures(
    connection: AsyncConnection, workflows: Sequence[str]
) -> Sequence[Row[Any]]:
    """This will read which of these procedures exist, and which have ended."""
    return (await connection.execute(_PROCEDURES, {"workflows": list(workflows)})).all()


async def read_desks(connection: AsyncConnection, workflows: Sequence[str]) -> Sequence[Row[Any]]:
    """This will read what waits at which desks in these procedures."""
    return (await connection.execute(_DESKS, {"workflows": list(workflows)})).all()


async def read_answered(
    connection: AsyncConnection, workflows: Sequence[str], actions: Sequence[str]
) -> Sequence[Row[Any]]:
    """This will read which actions the log knows, accepted or refused.

    What follows ``~`` in an action id counts the tries of one decision.
    """
    asked = {"workflows": list(workflows), "actions": list(actions)}
    return (await connection.execute(_ANSWERED, asked)).all()

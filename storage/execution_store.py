"""Cases as the yearly assessment counts them: with their clocks, and whether a refusal was upheld."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

# The oldest first, so that a page stays right while new cases are opened.
_CASES = text(
    """
    SELECT c.workflow_id, c.number, c.kind, c.street, c.sender, c.receiver, c.status, c.list_name,
        c.item, c.item_name, c.clocks, c.returns, c.refusals, c.opened_at, c.ended_at,
        c.refusals > 0 AND EXISTS (
            SELECT FROM log_entry l WHERE l.workflow_id = c.workflow_id AND l.step = :ruling
            AND l.verb = :upheld AND l.code = '' AND l.superseded_by IS NULL) AS upheld
    FROM case_row c
    WHERE c.rollout = :rollout AND c.status <> :not_admitted
    AND (CAST(:since AS timestamptz) IS NULL OR c.opened_at >= :since)
    AND (CAST(:before AS timestamptz) IS NULL OR c.opened_at < :before)
    AND (CAST(:after_at AS timestamptz) IS NULL
        OR (c.opened_at, c.workflow_id) > (:after_at, :after_id))
    ORDER BY c.opened_at, c.workflow_id LIMIT :limit
    """
)


async def cases_between(
    connection: AsyncConnection,
    asked: dict[str, Any],
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """This will read the cases of a time, the oldest first."""
    at, workflow_id = after or (None, "")
    place = {"after_at": at, "after_id": workflow_id, "limit": limit}
    return (await connection.execute(_CASES, asked | place)).all()

"""What an admission asks of the database beside posts and items, in one look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_BEFORE = text(
    """
    SELECT c.action_id, c.status,
        (SELECT coalesce(max(l.seq), 0) FROM log_entry l
         WHERE l.workflow_id = :workflow_id AND l.run_id <> :run_id
         AND l.superseded_by IS NULL) AS base_seq,
        s.version, s.settings
    FROM (SELECT 1) one
    LEFT JOIN case_row c ON c.workflow_id = :workflow_id
    LEFT JOIN LATERAL (SELECT s.version, s.settings FROM case_setting s
        WHERE s.rollout = :rollout ORDER BY s.version DESC LIMIT 1) s ON true
    """
)


@dataclass(frozen=True, kw_only=True)
class Before:
    """What there was under a case's number, and the settings in force (None: the usual ones)."""

    action_id: str
    status: str
    base_seq: int
    settings_version: int
    settings: dict[str, Any] | None


async def read_before(
    connection: AsyncConnection, rollout: str, workflow_id: str, run_id: str
) -> Before:
    """This will read what an admission has to know; ``run_id`` is the run that asks."""
    asked = {"rollout": rollout, "workflow_id": workflow_id, "run_id": run_id}
    row = (await connection.execute(_BEFORE, asked)).one()
    return Before(
        action_id=row.action_id or "",
        status=row.status or "",
        base_seq=row.base_seq,
        settings_version=row.version or 0,
        settings=row.settings,
    )

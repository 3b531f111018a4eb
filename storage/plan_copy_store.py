"""Reading back plan versions: what is on file, and the document itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_VERSION = text(
    """
    SELECT v.plan_id, v.version, v.content_hash, v.registered_at, v.registered_by,
           max(v.version) OVER () AS newest
    FROM plan p JOIN plan_version v ON v.plan_id = p.id
    WHERE p.rollout = :rollout
    ORDER BY v.version = :version DESC, v.version DESC LIMIT 1
    """
)


@dataclass(frozen=True, kw_only=True)
class VersionOnFile:
    """One plan version without its document."""

    plan_id: int
    version: int
    newest: int
    content_hash: str
    registered_at: datetime
    registered_by: str


async def plan_version(
    connection: AsyncConnection, rollout: str, version: int
) -> VersionOnFile | None:
    """This will return that version, or the newest where there is none such; None: no plan."""
    found = await connection.execute(_VERSION, {"rollout": rollout, "version": version})
    row = found.one_or_none()
    if row is None:
        return None
    return VersionOnFile(
        plan_id=row.plan_id,
        version=row.version,
        newest=row.newest,
        content_hash=row.content_hash,
        registered_at=row.registered_at,
        registered_by=row.registered_by,
    )

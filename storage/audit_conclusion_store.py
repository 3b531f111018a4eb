"""What audits conclude about the items of their checklists (0-13), and the 四个严禁 (0-15).

A conclusion is about an item as its text was: of another text it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import CheckItem, RunKey
from domain.audit_flow import Conclusion
from storage.audit_flow_store import named

_KEY = "(rollout, plan, label) = (:rollout, :plan, :label)"

_CONCLUDE = text(
    f"""
    INSERT INTO audit_conclusion (rollout, plan, label, item, place, text, is_good, note,
        recorded_by, recorded_at, action_id)
    SELECT :rollout, :plan, :label, :item,
        (SELECT coalesce(max(place), 0) + 1 FROM audit_conclusion WHERE {_KEY} AND item = :item),
        :text, :is_good, :note, :person, :at, :action_id
    """  # noqa: S608
)
_CONCLUDED_BY = text(
    """
    SELECT count(*) FROM audit_conclusion WHERE rollout = :rollout AND action_id = :action_id
    """
)
_CONCLUSIONS = text(
    f"""
    SELECT DISTINCT ON (item, text) item, text, is_good, note, recorded_by, recorded_at
    FROM audit_conclusion WHERE {_KEY} ORDER BY item, text, place DESC
    """  # noqa: S608
)
_DISCIPLINE = text(
    """
    SELECT version, paper, items, action_id FROM discipline_text WHERE rollout = :rollout
    AND (:action_id = '' OR action_id = :action_id) ORDER BY version DESC LIMIT 1
    """
)
_LOAD = text(
    """
    INSERT INTO discipline_text (rollout, version, paper, items, loaded_by, loaded_at, action_id)
    SELECT :rollout, coalesce(max(version), 0) + 1, :paper, :items, :person, :at, :action_id
    FROM discipline_text WHERE rollout = :rollout
    RETURNING version
    """
)


@dataclass(frozen=True, kw_only=True)
class Discipline:
    """A version of the 四个严禁."""

    version: int
    paper: str
    items: tuple[str, ...]


async def add_conclusion(
    connection: AsyncConnection,
    key: RunKey,
    conclusion: Conclusion,
    item: CheckItem,
    *,
    action_id: str,
    at: datetime,
) -> None:
    """This will add a conclusion about an item as its text is now."""
    given = {
        "item": item.number,
        "text": item.text,
        "is_good": conclusion.is_good,
        "note": conclusion.note,
        "person": conclusion.recorded_by,
        "at": at,
        "action_id": action_id,
    }
    await connection.execute(_CONCLUDE, named(key) | given)


async def concluded_by(connection: AsyncConnection, rollout: str, action_id: str) -> bool:
    """Whether an order has recorded its conclusions."""
    given = {"rollout": rollout, "action_id": action_id}
    return bool((await connection.execute(_CONCLUDED_BY, given)).scalar_one())


async def conclusions(
    connection: AsyncConnection, key: RunKey
) -> dict[tuple[str, str], Conclusion]:
    """This will read the newest conclusion about each item, by number and text."""
    rows = await connection.execute(_CONCLUSIONS, named(key))
    return {
        (row.item, row.text): Conclusion(
            number=row.item,
            is_good=row.is_good,
            note=row.note,
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )
        for row in rows
    }


# --- the four prohibitions --------------------------------------------------------------------


async def newest_discipline(
    connection: AsyncConnection, rollout: str, action_id: str = ""
) -> Discipline | None:
    """This will read the text in force, or that which an order has loaded."""
    given = {"rollout": rollout, "action_id": action_id}
    row = (await connection.execute(_DISCIPLINE, given)).one_or_none()
    if row is None:
        return None
    return Discipline(version=row.version, paper=row.paper, items=tuple(row.items))


async def load_discipline(
    connection: AsyncConnection, rollout: str, items: Sequence[str], given: Mapping[str, Any]
) -> int:
    """This will add a version; ``given`` are paper, person, at and action_id."""
    named = {"rollout": rollout, "items": list(items), **given}
    version: int = (await connection.execute(_LOAD, named)).scalar_one()
    return version

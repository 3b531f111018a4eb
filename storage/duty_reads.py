"""Reads of lists of duties: which versions there are, what stands in one, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.duty import DutyItem, DutyList, ListKind, ListStatus, Side

_HEADS = text(
    """
    SELECT l.name, l.version, l.kind, l.district, l.street, l.field_name, l.declared,
        l.declared_by, l.content_hash, l.status, l.effective_from, l.effective_to, l.paper,
        l.filing_no, l.workflow_id, l.drafted_at, l.drafted_by
    FROM duty_list l
    WHERE l.rollout = :rollout AND (:name = '' OR l.name = :name)
    ORDER BY l.name, l.version
    """
)
_ITEMS = text(
    """
    SELECT i.number, i.position, i.category, i.name, i.district_duty, i.street_duty, i.basis,
        i.primary_text, i.support_text, i.primary_side, i.departments, i.extra
    FROM duty_item i
    WHERE i.rollout = :rollout AND i.list = :name AND i.version = :version
    AND i.position > :after AND (:number = '' OR i.number = :number)
    ORDER BY i.position LIMIT :limit
    """
)
_LAST = text(
    """
    SELECT name, max(version) AS newest,
        max(content_hash) FILTER (WHERE status = '草案') AS draft_hash,
        max(version) FILTER (WHERE status = '草案') AS draft,
        max(workflow_id) FILTER (WHERE status = '草案') AS drafting,
        max(content_hash) FILTER (WHERE status = '有效') AS hash_in_force,
        max(paper) FILTER (WHERE status = '有效') AS paper
    FROM duty_list WHERE rollout = :rollout AND name = ANY(CAST(:names AS text[]))
    GROUP BY name
    """
)


@dataclass(frozen=True, kw_only=True)
class ListOnFile:
    """A version without its items, with who drafted it when."""

    head: DutyList
    content_hash: str
    workflow_id: str
    drafted_at: datetime
    drafted_by: str


@dataclass(frozen=True, kw_only=True)
class LastVersions:
    """How far a list is: its newest version, its draft if any, and what is issued."""

    newest: int
    draft: int = 0
    draft_hash: str = ""
    drafting: str = ""
    hash_in_force: str = ""
    paper: str = ""


async def read_heads(
    connection: AsyncConnection, rollout: str, name: str = ""
) -> tuple[ListOnFile, ...]:
    """This will read every version of every list, or of one, without items."""
    asked = {"rollout": rollout, "name": name}
    return tuple(_head(row) for row in await connection.execute(_HEADS, asked))


async def read_items(
    connection: AsyncConnection,
    rollout: str,
    name: str,
    version: int,
    *,
    after: int = 0,
    number: str = "",
    limit: int = 20_000,
) -> tuple[tuple[int, DutyItem], ...]:
    """This will read items of a version with their positions, in order."""
    asked = {
        "rollout": rollout,
        "name": name,
        "version": version,
        "after": after,
        "number": number,
        "limit": limit,
    }
    rows = await connection.execute(_ITEMS, asked)
    return tuple((row.position, _item(row)) for row in rows)


async def read_version(
    connection: AsyncConnection, rollout: str, name: str, version: int
) -> DutyList | None:
    """This will read one version whole; None if there is none."""
    heads = await read_heads(connection, rollout, name)
    found = next((one.head for one in heads if one.head.version == version), None)
    if found is None:
        return None
    items = await read_items(connection, rollout, name, version)
    return replace(found, items=tuple(item for _, item in items))


async def last_versions(
    connection: AsyncConnection, rollout: str, names: Sequence[str]
) -> dict[str, LastVersions]:
    """This will read how far lists are, by name; one that is new is left out."""
    rows = await connection.execute(_LAST, {"rollout": rollout, "names": list(names)})
    return {
        row.name: LastVersions(
            newest=row.newest,
            draft=row.draft or 0,
            draft_hash=row.draft_hash or "",
            drafting=row.drafting or "",
            hash_in_force=row.hash_in_force or "",
            paper=row.paper or "",
        )
        for row in rows
    }


def _head(row: Any) -> ListOnFile:
    return ListOnFile(
        head=DutyList(
            name=row.name,
            version=row.version,
            kind=ListKind(row.kind),
            district=row.district,
            street=row.street,
            field_name=row.field_name,
            declared=row.declared,
            declared_by=row.declared_by,
            items=(),
            status=ListStatus(row.status),
            effective_from=row.effective_from,
            effective_to=row.effective_to,
            paper=row.paper,
            filing_no=row.filing_no,
        ),
        content_hash=row.content_hash,
        workflow_id=row.workflow_id,
        drafted_at=row.drafted_at,
        drafted_by=row.drafted_by,
    )


def _item(row: Any) -> DutyItem:
    return DutyItem(
        number=row.number,
        category=row.category,
        name=row.name,
        district_duty=row.district_duty,
        street_duty=row.street_duty,
        basis=row.basis,
        primary=row.primary_text,
        support=row.support_text,
        primary_side=Side(row.primary_side),
        departments=tuple(row.departments),
        extra=row.extra,
    )

"""Lists of duties: drafts written, put in force, replaced; the item in force at an instant.

Periods are half-open and decide alone: a version that begins tomorrow leaves the one before in force
until then, whatever its status says already. Sources: 4-23, 4-25, 4-30, 4-32, 4-48.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.duty import DutyItem, DutyList, Side
from domain.refusal import Refused

_ROWS_AT_ONCE: Final = 2_000
"""Items of one statement: about a megabyte, far below the database's patience."""

# The few lists of a place come first, then one look by key into each: 0.1 ms among 17,000 items.
_IN_FORCE = text(
    """
    SELECT l.name AS list_name, l.version, l.kind AS list_kind, l.paper, i.number, i.name,
        i.category, i.departments, i.primary_side, i.primary_text, i.support_text,
        i.district_duty, i.street_duty, i.basis,
        coalesce(c.liaisons, '{}') AS liaisons, coalesce(c.team, '') AS team
    FROM duty_list l
    JOIN duty_item i ON (i.rollout, i.list, i.version) = (l.rollout, l.name, l.version)
        AND i.number = :number
    LEFT JOIN duty_claim c ON (c.rollout, c.list, c.number) = (l.rollout, l.name, i.number)
        AND c.street = :street AND c.ended_at IS NULL
    WHERE l.rollout = :rollout AND l.district = :district AND l.street IN ('', :street)
    AND l.status <> '草案' AND l.effective_from <= :at
    AND (l.effective_to IS NULL OR l.effective_to > :at)
    AND (:list_name = '' OR l.name = :list_name)
    ORDER BY l.name
    """
)
_NO_DRAFT_ITEMS = text(
    """
    DELETE FROM duty_item i USING duty_list l
    WHERE (i.rollout, i.list, i.version) = (l.rollout, l.name, l.version)
    AND l.rollout = :rollout AND l.status = '草案' AND l.name = ANY(CAST(:names AS text[]))
    """
)
_NO_DRAFTS = text(
    """
    DELETE FROM duty_list WHERE rollout = :rollout AND status = '草案'
    AND name = ANY(CAST(:names AS text[]))
    """
)
_HEADS = text(
    """
    INSERT INTO duty_list (rollout, name, version, kind, district, street, field_name, declared,
        declared_by, content_hash, status, effective_from, effective_to, paper, filing_no,
        workflow_id, drafted_at, drafted_by)
    SELECT :rollout, l.name, l.version, l.kind, l.district, l.street, l.field_name, l.declared,
        l.declared_by, l.content_hash, '草案', NULL, NULL, '', '', :workflow_id, :at, :person
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (name text, version integer, kind text,
        district text, street text, field_name text, declared integer, declared_by jsonb,
        content_hash text)
    """
)
_ITEMS = text(
    """
    INSERT INTO duty_item (rollout, list, version, number, position, category, name,
        district_duty, street_duty, basis, primary_text, support_text, primary_side, departments,
        extra)
    SELECT :rollout, l.list, l.version, l.number, l.position, l.category, l.name, l.district_duty,
        l.street_duty, l.basis, l.primary_text, l.support_text, l.primary_side,
        ARRAY(SELECT jsonb_array_elements_text(l.departments)), l.extra
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (list text, version integer, number text,
        position integer, category text, name text, district_duty text, street_duty text,
        basis text, primary_text text, support_text text, primary_side text, departments jsonb,
        extra jsonb)
    """
)
_VERSION = text(
    """
    SELECT l.status, l.paper, l.effective_from, b.version AS before,
        b.effective_from AS before_from,
        (SELECT max(e.effective_to) FROM duty_list e
         WHERE (e.rollout, e.name) = (l.rollout, l.name)) AS last_end
    FROM duty_list l
    LEFT JOIN duty_list b ON (b.rollout, b.name) = (l.rollout, l.name) AND b.status = '有效'
    WHERE l.rollout = :rollout AND l.name = :name AND l.version = :version
    FOR UPDATE OF l
    """
)
_END = text(
    """
    UPDATE duty_list SET status = :status, effective_to = :at
    WHERE rollout = :rollout AND name = :name AND status = '有效' AND effective_from < :at
    RETURNING version
    """
)
_BEGIN = text(
    """
    UPDATE duty_list SET status = '有效', effective_from = :at, paper = :paper,
        filing_no = :filing_no
    WHERE rollout = :rollout AND name = :name AND version = :version AND status = '草案'
    """
)
_FILED = text(
    """
    UPDATE duty_list SET filing_no = :filing_no
    WHERE rollout = :rollout AND name = :name AND version = :version AND status <> '草案'
    """
)


@dataclass(frozen=True, kw_only=True)
class ItemInForce:
    """An item of a version in force, with who at the street looks after it.

    ``liaisons`` and ``team`` are the street's current claim, empty where it has claimed nothing.
    ``departments`` are full names of the district's units.
    """

    list_name: str
    version: int
    list_kind: str
    paper: str
    number: str
    name: str
    category: str
    departments: tuple[str, ...]
    primary_side: Side
    primary_text: str
    support_text: str
    district_duty: str
    street_duty: str
    basis: str
    liaisons: tuple[str, ...]
    team: str


@dataclass(frozen=True, kw_only=True)
class NewDraft:
    """A version to write as a draft (``content``: its status and period are not read)."""

    content: DutyList
    content_hash: str


async def item_in_force(
    connection: AsyncConnection,
    rollout: str,
    number: str,
    *,
    list_name: str = "",
    district: str,
    street: str,
    at: datetime,
) -> tuple[ItemInForce, ...]:
    """This will find the item with a number in every list in force for a street at ``at``.

    More than one means that the caller must name the list. ``number`` is as
    ``domain.duty.plain_number`` writes it.
    """
    asked = {
        "rollout": rollout,
        "number": number,
        "list_name": list_name,
        "district": district,
        "street": street,
        "at": at,
    }
    return tuple(_item(row) for row in (await connection.execute(_IN_FORCE, asked)).mappings())


async def store_draft(
    connection: AsyncConnection,
    rollout: str,
    draft: NewDraft,
    *,
    at: datetime,
    person: str,
    workflow_id: str = "",
) -> None:
    """This will write a version as the one draft of its list, in the place of the draft before."""
    await store_drafts(connection, rollout, (draft,), at=at, person=person, workflow_id=workflow_id)


async def store_drafts(
    connection: AsyncConnection,
    rollout: str,
    drafts: Sequence[NewDraft],
    *,
    at: datetime,
    person: str,
    workflow_id: str = "",
) -> None:
    """This will write many drafts at once, as ``store_draft`` does one."""
    named = {"rollout": rollout, "names": [one.content.name for one in drafts]}
    await connection.execute(_NO_DRAFT_ITEMS, named)
    await connection.execute(_NO_DRAFTS, named)
    given = {"rollout": rollout, "workflow_id": workflow_id, "at": at, "person": person}
    heads = [_head_line(one) for one in drafts]
    await connection.execute(_HEADS, given | {"lines": _json(heads)})
    lines = [
        _item_line(one.content, item, place)
        for one in drafts
        for place, item in enumerate(one.content.items, start=1)
    ]
    for start in range(0, len(lines), _ROWS_AT_ONCE):
        part = _json(lines[start : start + _ROWS_AT_ONCE])
        await connection.execute(_ITEMS, {"rollout": rollout, "lines": part})


async def drop_draft(connection: AsyncConnection, rollout: str, name: str) -> None:
    """This will remove the draft of a list, if there is one."""
    named = {"rollout": rollout, "names": [name]}
    await connection.execute(_NO_DRAFT_ITEMS, named)
    await connection.execute(_NO_DRAFTS, named)


async def put_in_force(
    connection: AsyncConnection,
    rollout: str,
    name: str,
    version: int,
    *,
    paper: str,
    at: datetime,
    filing_no: str = "",
) -> Refused | None:
    """This will let a draft hold from ``at`` (aware UTC) and end the version before it there.

    Doing it twice is doing it once. Refused: there is no such draft, another paper put it in force,
    or ``at`` is not after the beginning of the version before (4-32).
    """
    given: dict[str, Any] = {"rollout": rollout, "name": name, "version": version}
    row = (await connection.execute(_VERSION, given)).mappings().one_or_none()
    if row is None:
        return Refused(code="DUTY_VERSION", sentence=f"“{name}”没有第{version}版。")
    if row["status"] != "草案":
        if (row["paper"], row["effective_from"]) == (paper, at):
            return None
        sentence = f"“{name}”第{version}版已由{row['paper']}印发，不能再改（4-48）。"
        return Refused(code="DUTY_ISSUED", sentence=sentence)
    is_late = row["before"] is None or row["before_from"] < at
    if not is_late or (row["last_end"] is not None and row["last_end"] > at):
        sentence = f"“{name}”先前的版本那时还有效或尚未施行，第{version}版须在其后施行。"
        return Refused(code="DUTY_PERIOD", sentence=sentence)
    await connection.execute(_END, given | {"status": "已替代", "at": at})
    await connection.execute(_BEGIN, given | {"paper": paper, "at": at, "filing_no": filing_no})
    return None


async def withdraw(
    connection: AsyncConnection, rollout: str, name: str, at: datetime
) -> int | None:
    """This will end a list without another after it; returns the version that ended, else None."""
    given = {"rollout": rollout, "name": name, "status": "已废止", "at": at}
    found: int | None = (await connection.execute(_END, given)).scalar_one_or_none()
    return found


async def note_filing(
    connection: AsyncConnection, rollout: str, name: str, version: int, filing_no: str
) -> bool:
    """This will write the 备案号 of an issued version (4-30); False if there is none."""
    given = {"rollout": rollout, "name": name, "version": version, "filing_no": filing_no}
    return (await connection.execute(_FILED, given)).rowcount > 0


def _item(row: Any) -> ItemInForce:
    return ItemInForce(
        **{
            **row,
            "departments": tuple(row["departments"]),
            "liaisons": tuple(row["liaisons"]),
            "primary_side": Side(row["primary_side"]),
        }
    )


def _head_line(draft: NewDraft) -> dict[str, Any]:
    head = draft.content
    return {
        "name": head.name,
        "version": head.version,
        "kind": head.kind.value,
        "district": head.district,
        "street": head.street,
        "field_name": head.field_name,
        "declared": head.declared,
        "declared_by": head.declared_by,
        "content_hash": draft.content_hash,
    }


def _item_line(head: DutyList, item: DutyItem, place: int) -> dict[str, Any]:
    return {
        "list": head.name,
        "version": head.version,
        "number": item.number,
        "position": place,
        "category": item.category,
        "name": item.name,
        "district_duty": item.district_duty,
        "street_duty": item.street_duty,
        "basis": item.basis,
        "primary_text": item.primary,
        "support_text": item.support,
        "primary_side": item.primary_side.value,
        "departments": list(item.departments),
        "extra": item.extra,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

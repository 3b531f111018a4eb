"""Drafting and adjusting lists: versions as they are read, verdicts, seals and applications.

Sources: 4-28 (verdicts), 4-29 (what is reviewed is what is issued), 4-32 (applications), 4-40, 4-43.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.duty import DutyItem, DutyList, ListStatus, Side
from domain.duty_change import Application, ApplicationState, Change, ChangeKind
from storage.duty_reads import read_heads, read_items

_LOCK = text(
    """
    SELECT version FROM duty_list WHERE rollout = :rollout AND name = :name ORDER BY version
    FOR UPDATE
    """
)
_VERDICTS = text(
    """
    SELECT DISTINCT ON (number, item_hash) number, item_hash, is_lawful FROM duty_verdict
    WHERE rollout = :rollout AND list = :name ORDER BY number, item_hash, judged_at DESC
    """
)
_JUDGE = text(
    """
    INSERT INTO duty_verdict (rollout, list, number, item_hash, is_lawful, reason, unit, person,
        judged_at)
    SELECT :rollout, :name, l.number, l.item_hash, l.is_lawful, l.reason, :unit, :person, :at
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (number text, item_hash text,
        is_lawful boolean, reason text)
    ON CONFLICT DO NOTHING
    """
)
_NO_CLAIMS = text(
    """
    UPDATE duty_claim SET ended_at = greatest(:at, claimed_at)
    WHERE rollout = :rollout AND list = :name AND number = :number AND ended_at IS NULL
    """
)
_SEALED = text(
    """
    SELECT content_hash, workflow_id FROM duty_seal WHERE rollout = :rollout AND list = :name
    """
)
_SEAL = text(
    """
    INSERT INTO duty_seal (rollout, list, content_hash, workflow_id, sealed_at)
    VALUES (:rollout, :name, :content_hash, :workflow_id, :at)
    """
)
_HELD_BY = text(
    """
    UPDATE duty_list SET workflow_id = :workflow_id
    WHERE rollout = :rollout AND name = :name AND status = '草案'
    """
)
_UNSEAL = text(
    """
    DELETE FROM duty_seal WHERE rollout = :rollout AND list = :name AND workflow_id = :workflow_id
    """
)
_NEXT = text(
    """
    SELECT coalesce(max(number), 0) + 1 FROM duty_application
    WHERE rollout = :rollout AND list = :name
    """
)
_OPEN = text(
    """
    INSERT INTO duty_application (rollout, list, number, workflow_id, applicant, state, version,
        opened_at, opened_by, action_id)
    VALUES (:rollout, :name, :number, :workflow_id, :applicant, '申请', 0, :at, :person, :action_id)
    """
)
_WRITE = text(
    """
    INSERT INTO duty_application_text (rollout, list, number, revision, kind, item, subject,
        content, basis, reason, base_version, base_hash, fields, paper, written_at, written_by,
        action_id)
    VALUES (:rollout, :name, :number, :revision, :kind, :item, :subject, :content, :basis, :reason,
        :base_version, :base_hash, CAST(:fields AS jsonb), :paper, :at, :person, :action_id)
    """
)
_READ = """
    SELECT a.list, a.number, a.workflow_id, a.applicant, a.state, a.version, a.opened_at, t.revision, t.kind,
        t.item, t.subject, t.content, t.basis, t.reason, t.base_version, t.base_hash, t.fields,
        t.written_at, t.written_by
    FROM duty_application a
    JOIN LATERAL (SELECT * FROM duty_application_text t
                  WHERE (t.rollout, t.list, t.number) = (a.rollout, a.list, a.number)
                  ORDER BY t.revision DESC LIMIT 1) t ON true
"""
_BY_WORKFLOW = text(f"{_READ} WHERE a.workflow_id = :workflow_id")
_BY_NUMBER = text(f"{_READ} WHERE a.rollout = :rollout AND a.list = :name AND a.number = :number")
_BY_ACTION = text(
    f"""{_READ} WHERE (a.rollout, a.list, a.number) IN (
        SELECT w.rollout, w.list, w.number FROM duty_application_text w
        WHERE w.action_id = :action_id)
    """  # noqa: S608 - the inserted part is the constant above
)
_ALL = text(
    f"""{_READ} WHERE a.rollout = :rollout AND (:name = '' OR a.list = :name)
    AND (:number = 0 OR a.number = :number)
    AND (:after_list = '' OR (a.opened_at, a.list, a.number)
         < (:after_at, :after_list, :after_number))
    ORDER BY a.opened_at DESC, a.list DESC, a.number DESC LIMIT :limit
    """
)
_MOVE = text(
    """
    UPDATE duty_application SET state = :state, version = :version
    WHERE workflow_id = :workflow_id
    """
)


@dataclass(frozen=True, kw_only=True)
class ListOnFile:
    """A version of a list with the hash of its content."""

    content: DutyList
    content_hash: str


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Which content is sealed, and by which procedure."""

    content_hash: str
    workflow_id: str


@dataclass(frozen=True, kw_only=True)
class NewApplication:
    """An application to open: its number in the list, and the procedure that carries it."""

    number: int
    workflow_id: str
    applicant: str
    at: datetime
    person: str
    action_id: str


@dataclass(frozen=True, kw_only=True)
class NewText:
    """A text of an application."""

    number: int
    revision: int
    change: Change
    paper: str
    at: datetime
    person: str
    action_id: str


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict on the text of an item."""

    number: str
    item_hash: str
    is_lawful: bool
    reason: str


async def read_list(
    connection: AsyncConnection, rollout: str, name: str, status: ListStatus
) -> ListOnFile | None:
    """This will read the version of a list that has a status, with its items."""
    heads = await read_heads(connection, rollout, name)
    found = next((one for one in heads if one.head.status is status), None)
    if found is None:
        return None
    items = await read_items(connection, rollout, name, found.head.version)
    content = replace(found.head, items=tuple(item for _, item in items))
    return ListOnFile(content=content, content_hash=found.content_hash)


async def lock_list(connection: AsyncConnection, rollout: str, name: str) -> None:
    """This will hold every version of a list until the transaction ends."""
    await connection.execute(_LOCK, {"rollout": rollout, "name": name})


async def verdicts(
    connection: AsyncConnection, rollout: str, name: str
) -> dict[tuple[str, str], bool]:
    """This will read the newest verdict on each text: by number and hash of the item."""
    rows = await connection.execute(_VERDICTS, {"rollout": rollout, "name": name})
    return {(row.number, row.item_hash): row.is_lawful for row in rows}


async def judge(
    connection: AsyncConnection,
    rollout: str,
    name: str,
    judgements: Iterable[Judgement],
    *,
    unit: str,
    person: str,
    at: datetime,
) -> None:
    """This will add verdicts; the same ones at the same instant are there once."""
    given = {"rollout": rollout, "name": name, "unit": unit, "person": person, "at": at}
    lines = json.dumps([asdict(one) for one in judgements], ensure_ascii=False)
    await connection.execute(_JUDGE, given | {"lines": lines})


async def end_claims(
    connection: AsyncConnection, rollout: str, name: str, number: str, at: datetime
) -> None:
    """This will end the claims of an item that a list has no more."""
    given = {"rollout": rollout, "name": name, "number": number, "at": at}
    await connection.execute(_NO_CLAIMS, given)


async def seal_of(connection: AsyncConnection, rollout: str, name: str) -> Seal | None:
    """This will read the seal of a list's draft."""
    row = (await connection.execute(_SEALED, {"rollout": rollout, "name": name})).one_or_none()
    return Seal(content_hash=row.content_hash, workflow_id=row.workflow_id) if row else None


async def put_seal(
    connection: AsyncConnection, rollout: str, name: str, seal: Seal, at: datetime
) -> None:
    """This will seal a draft; an import sees by which procedure it is held."""
    named = {"rollout": rollout, "name": name}
    await connection.execute(_SEAL, {**named, "at": at, **asdict(seal)})
    await connection.execute(_HELD_BY, named | {"workflow_id": seal.workflow_id})


async def drop_seal(connection: AsyncConnection, rollout: str, name: str, workflow_id: str) -> None:
    """This will take away the seal that a procedure has put on."""
    named = {"rollout": rollout, "name": name}
    gone = await connection.execute(_UNSEAL, named | {"workflow_id": workflow_id})
    if gone.rowcount:
        await connection.execute(_HELD_BY, named | {"workflow_id": ""})


async def next_number(connection: AsyncConnection, rollout: str, name: str) -> int:
    """This will count on from the newest application of a list."""
    found = await connection.execute(_NEXT, {"rollout": rollout, "name": name})
    number: int = found.scalar_one()
    return number


async def open_application(
    connection: AsyncConnection, rollout: str, name: str, new: NewApplication
) -> None:
    """This will enter an application; its text comes with ``write_text``."""
    await connection.execute(_OPEN, {"rollout": rollout, "name": name, **asdict(new)})


async def write_text(connection: AsyncConnection, rollout: str, name: str, new: NewText) -> None:
    """This will add a text to an application."""
    change = new.change
    fields = json.dumps(asdict(change.item), ensure_ascii=False) if change.item else None
    given = {
        "rollout": rollout,
        "name": name,
        "number": new.number,
        "revision": new.revision,
        "kind": change.kind.value,
        "item": change.number,
        "subject": change.subject,
        "content": change.content,
        "basis": change.basis,
        "reason": change.reason,
        "base_version": change.base_version,
        "base_hash": change.base_hash,
        "fields": fields,
        "paper": new.paper,
        "at": new.at,
        "person": new.person,
        "action_id": new.action_id,
    }
    await connection.execute(_WRITE, given)


async def application_of(connection: AsyncConnection, workflow_id: str) -> Application | None:
    """This will read the application that a procedure carries."""
    row = (await connection.execute(_BY_WORKFLOW, {"workflow_id": workflow_id})).one_or_none()
    return _application(row) if row else None


async def application_by_number(
    connection: AsyncConnection, rollout: str, name: str, number: int
) -> Application | None:
    """This will read one application of a list."""
    given = {"rollout": rollout, "name": name, "number": number}
    row = (await connection.execute(_BY_NUMBER, given)).one_or_none()
    return _application(row) if row else None


async def application_by_action(connection: AsyncConnection, action_id: str) -> Application | None:
    """This will read the application that was written by an order."""
    row = (await connection.execute(_BY_ACTION, {"action_id": action_id})).one_or_none()
    return _application(row) if row else None


async def applications(
    connection: AsyncConnection,
    rollout: str,
    name: str = "",
    number: int = 0,
    *,
    after: tuple[datetime, str, int] | None = None,
    limit: int,
) -> tuple[Application, ...]:
    """This will read applications, newest first."""
    at, after_list, after_number = after or (None, "", 0)
    given = {
        "rollout": rollout,
        "name": name,
        "number": number,
        "after_at": at,
        "after_list": after_list,
        "after_number": after_number,
        "limit": limit,
    }
    return tuple(_application(row) for row in await connection.execute(_ALL, given))


async def move_application(
    connection: AsyncConnection, workflow_id: str, state: ApplicationState, version: int = 0
) -> None:
    """This will write where an application stands."""
    given = {"workflow_id": workflow_id, "state": state.value, "version": version}
    await connection.execute(_MOVE, given)


def _item(row: Mapping[str, Any]) -> DutyItem:
    return DutyItem(
        **{
            **row,
            "primary_side": Side(row["primary_side"]),
            "departments": tuple(row["departments"]),
        }
    )


def _application(row: Any) -> Application:
    fields = row.fields
    return Application(
        list_name=row.list,
        number=row.number,
        workflow_id=row.workflow_id,
        applicant=row.applicant,
        state=ApplicationState(row.state),
        revision=row.revision,
        change=Change(
            kind=ChangeKind(row.kind),
            number=row.item,
            subject=row.subject,
            content=row.content,
            basis=row.basis,
            reason=row.reason,
            base_version=row.base_version,
            base_hash=row.base_hash,
            item=_item(fields) if fields else None,
        ),
        person=row.written_by,
        at=row.written_at,
        opened_at=row.opened_at,
        version=row.version,
    )

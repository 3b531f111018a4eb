"""Inbox lines from rows: lights and overdue days at the moment of asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.pages import how_many_fit, key_of, place_of
from contracts.desk import InboxLine, InboxPage, InboxQuestion, NoticeLine
from contracts.names import item_id
from domain.action import Light
from domain.deadline import local_day
from storage.desk_store import (
    Desk,
    ItemKey,
    count_items,
    near_units,
    read_items,
    read_notices,
    unknown_names,
)

MOST_LINES: Final = 200
"""Lines of one page; about 1 KB each with the rule in words."""

NOTICES: Final = 20
"""The latest notices shown beside an inbox."""

_NEAR: Final = 8
"""Units named to who asked for a short name that several have."""

_LINE: TypeAdapter[InboxLine] = TypeAdapter(InboxLine)


async def read_inbox(connection: AsyncConnection, question: InboxQuestion) -> InboxPage:
    """This will read one page of open items; notices come with the first."""
    desk = Desk(
        now=question.now,
        unit=question.unit,
        person=question.person,
        rollout=question.rollout,
        overdue_only=question.overdue_only,
    )
    limit = max(1, min(question.limit, MOST_LINES))
    rows = await read_items(connection, desk, _after(question.page), limit + 1)
    lines = [_line(row, question.now) for row in rows[:limit]]
    shown = how_many_fit(lines, _LINE)
    total, overdue = await count_items(connection, desk)
    unknown = () if total else await unknown_names(connection, desk)
    near = await near_units(connection, desk, _NEAR) if desk.unit in unknown else ()
    if len(near) == 1:
        page = await read_inbox(connection, replace(question, unit=near[0]))
        return replace(page, unit=near[0])
    notices = () if question.page else await read_notices(connection, desk, NOTICES)
    return InboxPage(
        lines=tuple(lines[:shown]),
        notices=tuple(_notice(row) for row in notices),
        total=total,
        overdue=overdue,
        next_page=_place(rows[shown - 1]) if shown < len(rows) else "",
        unknown=unknown,
        near=near,
    )


def light_at(now: datetime, due_at: datetime, yellow_at: datetime | None) -> Light:
    """The light of an open step at a moment; what happens at the due instant is late."""
    if due_at <= now:
        return Light.RED
    if yellow_at is not None and yellow_at <= now:
        return Light.YELLOW
    return Light.GREEN


def _line(row: Row[Any], now: datetime) -> InboxLine:
    late = (local_day(now) - row.due_date).days if row.due_at <= now else 0
    return InboxLine(
        item=item_id(row.workflow_id, row.step),
        rollout=row.rollout,
        unit=row.unit,
        subject_unit=row.subject_unit,
        task=row.task,
        step=row.step,
        purpose=row.purpose,
        light=light_at(now, row.due_at, row.yellow_at),
        due_at=row.due_at,
        due_date=row.due_date,
        original_due_date=row.original_due_date,
        provisional=row.provisional,
        overdue_days=late,
        verbs=tuple(row.verbs),
        documents=tuple(row.documents),
        waiting_for=row.waiting_for,
        urged=row.urged,
        reminders=row.reminders,
        rule=row.rule,
        note=row.note,
        capacity=row.capacity,
    )


def _notice(row: Row[Any]) -> NoticeLine:
    return NoticeLine(
        at=row.at,
        unit=row.unit,
        to=row.recipient,
        level=row.level,
        item=item_id(row.workflow_id, row.step) if row.step else row.workflow_id,
        text=row.text,
    )


def _after(page: str) -> ItemKey | None:
    if not page:
        return None
    due_at, workflow_id, step, unit, purpose = key_of(page, 5)
    return ItemKey(
        due_at=datetime.fromisoformat(due_at),
        workflow_id=workflow_id,
        step=step,
        unit=unit,
        purpose=purpose,
    )


def _place(row: Row[Any]) -> str:
    return place_of(row.due_at.isoformat(), row.workflow_id, row.step, row.unit, row.purpose)

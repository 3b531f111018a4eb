"""Complaints of 擅自转嫁: a street says it, the 区委编办 answers, everybody may read (4-35, 4-39).

Nothing waits for an answer here, so there is no workflow: both are written once and never changed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from activities.sealed import Known, known_person
from contracts.complaint import (
    ComplaintLine,
    ComplaintOrder,
    Complaints,
    ComplaintsPage,
    ComplaintsQuestion,
    ComplaintTaken,
    ReplyOrder,
)
from domain.case_complaint import (
    Complaint,
    Finding,
    Reply,
    complaint_fault,
    reply_fault,
    sides_fault,
)
from domain.day_words import SHANGHAI
from domain.deadline import local_day
from domain.duty import plain_number
from domain.refusal import Refused
from storage import complaint_store as store
from storage.duty_store import ItemInForce, item_in_force
from storage.engine import Database

_MOST_LINES: Final = 300
_LINE: TypeAdapter[ComplaintLine] = TypeAdapter(ComplaintLine)


class ComplaintActivities(Complaints):
    """Keeps complaints in one database."""

    def __init__(self, database: Database, shelf: Shelf) -> None:
        self._database = database
        self._shelf = shelf

    @activity.defn(name="record_complaint")
    async def complain(self, order: ComplaintOrder) -> ComplaintTaken:
        """This will record a street's complaint about a department."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order)
            if isinstance(known, Refused):
                return _refused(known)
            seen = await store.seen_complaint(connection, order.action_id)
            if seen is not None:
                return ComplaintTaken(number=seen.number, about=seen.department)
            stated = _resolved(known, order)
            if isinstance(stated, Refused):
                return _refused(stated)
            item = await _item(connection, known, order, stated)
            if isinstance(item, Refused):
                return _refused(item)
            number = await store.add_complaint(connection, _new(order, stated, item))
        return ComplaintTaken(number=number, about=stated.about, created=True)

    @activity.defn(name="answer_complaint")
    async def answer(self, order: ReplyOrder) -> ComplaintTaken:
        """This will record what the 区委编办 answers."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order)
            if isinstance(known, Refused):
                return _refused(known)
            fault = reply_fault(order.reply)
            if fault is not None:
                return _refused(fault)
            found = await store.complaint_of(connection, order.rollout, order.number)
            if found is None:
                sentence = f"“{order.rollout}”没有反映第{order.number}号，见 jiegai case breaches。"
                return _refused(Refused(code="COMPLAINT_UNKNOWN", sentence=sentence))
            barred = _barred(known, found, order)
            if barred is not None:
                return _refused(barred)
            if await store.seen_reply(connection, order.action_id) is not None:
                return ComplaintTaken(number=order.number, about=found.department)
            await store.add_reply(
                connection,
                store.NewReply(
                    rollout=order.rollout,
                    number=order.number,
                    action_id=order.action_id,
                    finding=order.reply.finding,
                    note=order.reply.note,
                    paper=order.reply.paper,
                    person=order.person,
                    at=order.now,
                ),
            )
        return ComplaintTaken(number=order.number, about=found.department, created=True)

    @activity.defn(name="list_complaints")
    async def complaints(self, question: ComplaintsQuestion) -> ComplaintsPage:
        """This will list complaints; everybody may read them (4-39)."""
        after = None
        if question.page:
            day, rollout, number = key_of(question.page, 3)
            after = (date.fromisoformat(day), rollout, int(number))
        asked = {
            "rollout": question.rollout,
            "unit": question.unit,
            "since": question.since,
            "until": question.until,
        }
        async with translated_errors(), self._database.single() as connection:
            rows = await store.read_complaints(connection, asked, after, _MOST_LINES + 1)
        lines = [_line(row) for row in rows[:_MOST_LINES]]
        shown = how_many_fit(lines, _LINE)
        last = rows[shown - 1] if shown < len(rows) else None
        return ComplaintsPage(
            lines=tuple(lines[:shown]),
            next_page=place_of(last.happened_on.isoformat(), last.rollout, last.number)
            if last
            else "",
        )

    async def _known(
        self, connection: AsyncConnection, order: ComplaintOrder | ReplyOrder
    ) -> Known | Refused:
        return await known_person(
            connection, self._shelf, order.rollout, order.person, order.now, to_change=True
        )


def _refused(no: Refused) -> ComplaintTaken:
    return ComplaintTaken(code=no.code, sentence=no.sentence)


def _resolved(known: Known, order: ComplaintOrder) -> Complaint | Refused:
    """The complaint with the full names of both sides, or why this person may not make it."""
    stated = order.complaint
    fault = complaint_fault(stated, local_day(order.now))
    if fault is not None:
        return fault
    street = known.directory.by_name.get(stated.street)
    about = known.directory.find(stated.about, street.district if street else "")
    fault = sides_fault(street, about, stated)
    if fault is not None:
        return fault
    if street is None or about is None:
        raise AssertionError("sides without a fault are units")
    if not known.writes(street):
        sentence = f"{street.name}的反映由本街道的人或区委编办协调员登记，{order.person}都不是。"
        return Refused(code="NOT_YOUR_UNIT", sentence=sentence)
    return replace(stated, about=about.name, item=plain_number(stated.item))


async def _item(
    connection: AsyncConnection, known: Known, order: ComplaintOrder, stated: Complaint
) -> ItemInForce | Refused | None:
    """The item as it stood when the duty was handed down; None where none was named."""
    if not stated.item:
        return None
    end = datetime.combine(stated.happened_on, time(23, 59), tzinfo=SHANGHAI)
    found = await item_in_force(
        connection,
        order.rollout,
        stated.item,
        list_name=stated.list_name,
        district=known.directory.by_name[stated.street].district,
        street=stated.street,
        at=min(end, order.now),
    )
    if len(found) == 1:
        return found[0]
    if found:
        sentence = f"不止一张清单有第{stated.item}项，请用 --list 写明哪一张。"
        return Refused(code="ITEM_AMBIGUOUS", sentence=sentence)
    sentence = f"{stated.happened_on}有效的清单没有第{stated.item}项；清单之外的不写 --item，用 --text 写。"
    return Refused(code="ITEM_UNKNOWN", sentence=sentence)


def _new(order: ComplaintOrder, stated: Complaint, item: ItemInForce | None) -> store.NewComplaint:
    return store.NewComplaint(
        rollout=order.rollout,
        action_id=order.action_id,
        street=stated.street,
        department=stated.about,
        happened_on=stated.happened_on,
        content=stated.content,
        list_name=item.list_name if item else "",
        list_version=item.version if item else 0,
        item=item.number if item else "",
        item_name=item.name if item else "",
        paper=stated.paper,
        person=order.person,
        at=order.now,
    )


def _barred(known: Known, found: Row[Any], order: ReplyOrder) -> Refused | None:
    """Why this person may not answer: it is the 区委编办 of the street's district that does (4-35)."""
    street = known.directory.by_name.get(found.street)
    if known.authority.everywhere or (street is not None and known.authority.over(street)):
        return None
    sentence = f"反映由区委编办的协调员答复，{order.person}不是。"
    return Refused(code="NOT_COORDINATOR", sentence=sentence)


def _line(row: Row[Any]) -> ComplaintLine:
    reply = None
    if row.replied_at is not None:
        reply = Reply(note=row.note, paper=row.reply_paper, finding=Finding(row.finding))
    return ComplaintLine(
        number=row.number,
        rollout=row.rollout,
        complaint=Complaint(
            street=row.street,
            about=row.department,
            happened_on=row.happened_on,
            content=row.content,
            item=row.item,
            list_name=row.list_name,
            paper=row.paper,
        ),
        person=row.person,
        at=row.at,
        list_version=row.list_version,
        item_name=row.item_name,
        reply=reply,
        replied_by=row.replied_by or "",
        replied_at=row.replied_at,
    )

"""Reads about reminders: what went out, what waits, channels, the call list, slips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Row
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.sealed import key_missing, unknown_rollout
from contracts.names import item_id
from contracts.remind import (
    CallLine,
    CallPage,
    ChannelLine,
    ChannelPage,
    KeyAnswer,
    MessageLine,
    RemindDesk,
    RemindPage,
    RemindQuestion,
    SlipLine,
    SlipPage,
    SlipQuestion,
    WaitingLine,
)
from contracts.sealed import Sealing
from domain.deadline import local_day
from storage import remind_store as reads
from storage import slip_store
from storage.engine import Database
from storage.outbox_store import dead_channels
from storage.people_store import has_directory

_MESSAGE: TypeAdapter[MessageLine] = TypeAdapter(MessageLine)
_CHANNEL: TypeAdapter[ChannelLine] = TypeAdapter(ChannelLine)
_CALL: TypeAdapter[CallLine] = TypeAdapter(CallLine)
_SLIP: TypeAdapter[SlipLine] = TypeAdapter(SlipLine)
_ROOM: Final = 300_000
"""Bytes of messages on a page that has other lists too."""

_MOST_BESIDE: Final = 200
"""Channels named beside messages; ``channel list`` has all."""

_Line = TypeVar("_Line")


class RemindActivities(RemindDesk):
    """Answers from one database; without a seal no address can be taken."""

    def __init__(self, database: Database, seal: Sealing | None) -> None:
        self._database = database
        self._seal = seal

    @activity.defn(name="reminder_key")
    async def key(self, question: RemindQuestion) -> KeyAnswer:
        """This will say to whom the address of a channel is sealed."""
        del question
        if self._seal is None:
            no = key_missing()
            return KeyAnswer(code=no.code, sentence=no.sentence)
        return KeyAnswer(address=self._seal.address())

    @activity.defn(name="read_reminders")
    async def today(self, question: RemindQuestion) -> RemindPage:
        """This will show today's messages, or those asked for, and what waits."""
        rollout, unit = question.rollout, question.for_unit
        async with translated_errors(), self._database.single() as connection:
            if not await has_directory(connection, rollout):
                no = unknown_rollout(rollout)
                return RemindPage(code=no.code, sentence=no.sentence)
            rows = await reads.read_messages(
                connection, rollout, question.now, unit=unit, ids=question.message_ids
            )
            lines, following = _page(question.page, rows, _message, _MESSAGE, _ROOM)
            page = RemindPage(messages=lines, next_page=following)
            if question.page or question.message_ids:
                return page
            waiting = await reads.read_waiting(connection, rollout, unit)
            channels = await reads.read_channels(connection, rollout, unit)
            return replace(
                page,
                waiting=tuple(WaitingLine(**row._mapping) for row in waiting[:_MOST_BESIDE]),  # noqa: SLF001
                dead=tuple(channel_line(row) for row in channels if row.dead_since)[:_MOST_BESIDE],
                unrouted=await reads.count_unrouted(connection, rollout, question.now),
            )

    @activity.defn(name="read_channels")
    async def channels(self, question: RemindQuestion) -> ChannelPage:
        """This will list channels in force."""
        async with translated_errors(), self._database.single() as connection:
            if not await has_directory(connection, question.rollout):
                no = unknown_rollout(question.rollout)
                return ChannelPage(code=no.code, sentence=no.sentence)
            rows = await reads.read_channels(connection, question.rollout, question.for_unit)
        lines, following = _page(question.page, rows, channel_line, _CHANNEL)
        return ChannelPage(lines=lines, next_page=following)

    @activity.defn(name="read_call_list")
    async def calls(self, question: RemindQuestion) -> CallPage:
        """This will list who has to be told by telephone, and about what."""
        async with translated_errors(), self._database.single() as connection:
            if not await has_directory(connection, question.rollout):
                no = unknown_rollout(question.rollout)
                return CallPage(code=no.code, sentence=no.sentence)
            rows = await reads.read_calls(
                connection, question.rollout, question.now, question.for_unit
            )
        lines, following = _page(question.page, rows, lambda row: _call(row, question), _CALL)
        return CallPage(lines=lines, next_page=following)

    @activity.defn(name="read_slips")
    async def slips(self, question: SlipQuestion) -> SlipPage:
        """This will list supervision slips."""
        async with translated_errors(), self._database.single() as connection:
            if not await has_directory(connection, question.rollout):
                no = unknown_rollout(question.rollout)
                return SlipPage(code=no.code, sentence=no.sentence)
            rows = await slip_store.read_slips(
                connection, question.rollout, number=question.number, unit=question.for_unit
            )
        lines, following = _page(question.page, rows, slip_line, _SLIP)
        return SlipPage(lines=lines, next_page=following)

    @activity.defn(name="count_dead_channels")
    async def dead(self, question: RemindQuestion) -> int:
        """This will count dead channels of a rollout, or of all."""
        async with translated_errors(), self._database.single() as connection:
            return await dead_channels(connection, question.rollout)


def channel_line(row: Row[Any]) -> ChannelLine:
    """This will say a channel without its address."""
    return ChannelLine(
        channel=row.id,
        unit=row.unit,
        person=row.person,
        kind=row.kind,
        shown=row.shown,
        set_by=row.set_by,
        valid_from=row.valid_from,
        failures=row.failures,
        dead_since=row.dead_since,
        last_ok_at=row.last_ok_at,
        last_error=row.last_error,
    )


def slip_line(row: Row[Any]) -> SlipLine:
    """This will say a slip as it is on file."""
    return SlipLine(
        number=row.number,
        colour=row.colour,
        item=item_id(row.workflow_id, row.step),
        unit=row.unit,
        task=row.task,
        due_date=row.due_date,
        days=row.days,
        targets=tuple(row.targets),
        body=row.body,
        drafted_at=row.drafted_at,
        drafted_by=row.drafted_by,
        signed_at=row.signed_at,
        signed_by=row.signed_by,
        signed_unit=row.signed_unit,
        paper=row.paper,
    )


def _message(row: Row[Any]) -> MessageLine:
    return MessageLine(
        message_id=row.message_id,
        unit=row.unit,
        person=row.person,
        by=row.by,
        kind=row.kind,
        state=row.state,
        notices=row.notices,
        tries=row.tries,
        made_at=row.made_at,
        sent_at=row.sent_at,
        next_try_at=row.next_try_at,
        subject=row.subject,
        last_error=row.last_error,
    )


def _call(row: Row[Any], question: RemindQuestion) -> CallLine:
    is_late = row.due_at <= question.now
    people = [(name, post) for name, post in row.people]
    if row.waiting_for:
        people = [(row.waiting_for, "转办"), *(one for one in people if one[0] != row.waiting_for)]
    reach = {None: "无通道", False: "通道失效", True: ""}[row.alive]
    return CallLine(
        unit=row.unit,
        people=tuple(people),
        why="、".join(part for part in ("超期" if is_late else "", reach) if part),
        item=item_id(row.workflow_id, row.step),
        task=row.task,
        due_date=row.due_date,
        overdue_days=max(0, (local_day(question.now) - row.due_date).days) if is_late else 0,
        urged=row.urged,
    )


def _page(
    page: str,
    rows: Sequence[Row[Any]],
    line: Callable[[Row[Any]], _Line],
    adapter: TypeAdapter[_Line],
    room: int = 450_000,
) -> tuple[tuple[_Line, ...], str]:
    """The lines of a page and the place of the next; these lists are short and read at once."""
    first = int(key_of(page, 1)[0]) if page else 0
    lines = [line(row) for row in rows[first:]]
    shown = how_many_fit(lines, adapter, room)
    return tuple(lines[:shown]), place_of(first + shown) if shown < len(lines) else ""

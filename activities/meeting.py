"""The ledger of meetings: record once, list, show what became of each decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import PlanOnShelf, Shelf
from contracts.meeting import (
    Landed,
    MeetingLine,
    MeetingOrder,
    MeetingQuestion,
    MeetingRecorded,
    Meetings,
    MeetingShown,
    MeetingsPage,
    MeetingsQuestion,
    RemarkLine,
)
from domain.action import Grant
from domain.deadline import local_day
from domain.meeting import (
    Meeting,
    Presence,
    count_attendance,
    count_by_kind,
    faults,
    remarks,
)
from domain.people import LEADING_DUTY
from domain.unit import ACTING_ROLES, Role
from storage.engine import Database
from storage.meeting_store import (
    Recorded,
    hash_of,
    read_courses,
    read_invitees,
    read_landed,
    read_meetings,
    store_meeting,
)
from storage.registers_store import read_standing

MOST_LINES: Final = 500
"""Meetings of one page of the list."""

LANDED, REFUSED, UNSENT = "已落实", "被拒绝", "未送达"

_LINE: TypeAdapter[MeetingLine] = TypeAdapter(MeetingLine)


class MeetingActivities(Meetings):
    """Keeps the meetings of one database."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="record_meeting")
    async def record(self, order: MeetingOrder) -> MeetingRecorded:
        """This will store a meeting once, or say why not."""
        meeting = order.meeting
        wrong = faults(meeting, local_day(order.now))
        if wrong:
            return MeetingRecorded(created=False, code=wrong[0].code, sentence=wrong[0].sentence)
        async with translated_errors(), self._database.transaction() as connection:
            district = await self._district_of(connection, order)
            if isinstance(district, MeetingRecorded):
                return district
            placed = replace(meeting, district=district)
            if await store_meeting(connection, placed, order.person, order.now):
                return MeetingRecorded(created=True)
            known = await hash_of(connection, meeting.rollout, meeting.doc_no)
        if known == meeting.content_hash:
            return MeetingRecorded(created=False)
        return MeetingRecorded(
            created=False,
            code="MEETING_EXISTS",
            sentence=f"纪要“{meeting.doc_no}”已经登记过，内容与这一份不同，没有改动；"
            "登记过的会议不能改，请核对文号，或以更正纪要的文号另行登记。",
        )

    async def _district_of(
        self, connection: AsyncConnection, order: MeetingOrder
    ) -> str | MeetingRecorded:
        """The district of the organ, empty for the whole rollout; or why this is not recorded."""
        meeting = order.meeting
        units = (meeting.organ,) if meeting.organ else ()
        held = await read_standing(
            connection, meeting.rollout, (order.person,), units, now=order.now
        )
        if held is None:
            return _refused("UNKNOWN_ROLLOUT", f"没有改革“{meeting.rollout}”。")
        if meeting.resolutions and meeting.organ not in held.known_units:
            return _refused("UNKNOWN_UNIT", f"通讯录里没有决定机构“{meeting.organ}”。")
        shelved = await self._shelf.plan(connection, held.plan_id, held.plan_version)
        grants = held.grants.get(order.person, ())
        if not grants:
            return _refused("UNKNOWN_PERSON", f"通讯录里没有{order.person}，不能登记会议。")
        if not may_record(shelved, meeting, grants):
            return _refused(
                "NOT_RECORDER",
                f"{order.person}不能登记这次会议：登记人须是{meeting.organ or '会议'}的经办人、"
                "代录人，或本级编办的协调员。",
            )
        unit = shelved.directory.by_name.get(meeting.organ)
        return unit.district if unit else ""

    @activity.defn(name="read_meetings")
    async def ledger(self, question: MeetingsQuestion) -> MeetingsPage:
        """This will list meetings with counts and remarks."""
        async with translated_errors(), self._database.single() as connection:
            everything = await read_meetings(connection, question.rollout)
            rollouts = dict.fromkeys(one.meeting.rollout for one in everything)
            if question.rollout:
                rollouts.setdefault(question.rollout)
            said: list[RemarkLine] = []
            for rollout in rollouts if not question.page else ():
                said += await _remarks(connection, rollout, everything, question.now)
        lines = [_line(one) for one in everything]
        lines = lines[_after(question.page, lines) :][:MOST_LINES]
        shown = how_many_fit(lines, _LINE)
        is_more = bool(lines) and lines[shown - 1] != _line(everything[-1])
        meetings = [one.meeting for one in everything]
        return MeetingsPage(
            lines=tuple(lines[:shown]),
            by_kind=count_by_kind(meetings),
            attendance=count_attendance(meetings),
            remarks=tuple(said),
            next_page=_place(lines[shown - 1]) if is_more else "",
        )

    @activity.defn(name="read_meeting")
    async def show(self, question: MeetingQuestion) -> MeetingShown:
        """This will show one meeting and what became of its decisions."""
        async with translated_errors(), self._database.single() as connection:
            found = await read_meetings(connection, question.rollout, question.doc_no)
            rollouts = tuple(one.meeting.rollout for one in found)
            if len(found) != 1:
                return MeetingShown(rollouts=rollouts)
            meeting = found[0].meeting
            rows = await read_landed(connection, meeting.rollout, meeting.doc_no)
            everything = await read_meetings(connection, meeting.rollout)
            said = await _remarks(connection, meeting.rollout, everything, question.now)
        states = {"办理": LANDED, "拒绝": REFUSED}
        return MeetingShown(
            meeting=meeting,
            recorded_at=found[0].recorded_at,
            recorded_by=found[0].recorded_by,
            landed=tuple(
                Landed(
                    item=row.item,
                    decision=row.decision,
                    note=row.note,
                    state=states.get(row.kind, UNSENT),
                    sentence=row.sentence or "",
                    code=row.code or "",
                )
                for row in rows
            ),
            attendance=count_attendance([meeting]),
            remarks=tuple(one for one in said if one.district in {meeting.district, ""}),
            rollouts=rollouts,
        )


def may_record(shelved: PlanOnShelf, meeting: Meeting, grants: Sequence[Grant]) -> bool:
    """Whoever acts for the organ, or leads: the rollout's 协调员, or the district's."""
    if any(g.unit == meeting.organ and g.role in ACTING_ROLES for g in grants):
        return True
    unit = shelved.directory.by_name.get(meeting.organ)
    local = shelved.directory.by_duty.get((unit.district, LEADING_DUTY)) if unit else None
    leading = {shelved.plan.coordinator, local.name if local else ""}
    if not meeting.resolutions and unit is None:
        # A meeting that nobody's organ called: any 协调员 may say that it was held.
        return any(g.role is Role.COORDINATOR for g in grants)
    return any(g.role is Role.COORDINATOR and g.unit in leading for g in grants)


async def _remarks(
    connection: AsyncConnection, rollout: str, everything: Sequence[Recorded], now: datetime
) -> list[RemarkLine]:
    own = [one.meeting for one in everything if one.meeting.rollout == rollout]
    courses = await read_courses(connection, rollout)
    invitees = await read_invitees(connection, rollout, now)
    return [
        RemarkLine(rollout=rollout, district=one.district, row=one.row, sentence=one.sentence)
        for one in remarks(own, courses, invitees, local_day(now))
    ]


def _line(one: Recorded) -> MeetingLine:
    meeting = one.meeting
    return MeetingLine(
        rollout=meeting.rollout,
        doc_no=meeting.doc_no,
        kind=meeting.kind.value,
        held_on=meeting.held_on,
        organ=meeting.organ,
        items=len(meeting.resolutions),
        present=sum(a.presence is Presence.PRESENT for a in meeting.attendees),
        invited=len(meeting.attendees),
        recorded_at=one.recorded_at,
        recorded_by=one.recorded_by,
    )


def _key(line: MeetingLine) -> tuple[str, str, str]:
    return line.held_on.isoformat(), line.rollout, line.doc_no


def _place(line: MeetingLine) -> str:
    return place_of(*_key(line))


def _after(page: str, lines: Sequence[MeetingLine]) -> int:
    if not page:
        return 0
    key = tuple(key_of(page, 3))
    return next((n for n, line in enumerate(lines, 1) if _key(line) == key), len(lines))


def _refused(code: str, sentence: str) -> MeetingRecorded:
    return MeetingRecorded(created=False, code=code, sentence=sentence)

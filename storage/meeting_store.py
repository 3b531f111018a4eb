"""The ledger of meetings: written once under (rollout, 文号), read with what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, column, table, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.meeting import (
    Attendee,
    Category,
    Invitee,
    Meeting,
    MeetingKind,
    PlanCourse,
    Presence,
    Resolution,
    action_id,
)
from domain.procedure import Verb
from domain.unit import Role, UnitKind

_HEAD = (
    "rollout",
    "doc_no",
    "kind",
    "held_on",
    "organ",
    "district",
    "chair",
    "agenda",
    "filename",
    "sha256",
    "size",
    "content_hash",
    "recorded_at",
    "recorded_by",
)
_MEETING = table("meeting", *(column(name) for name in _HEAD))
_ITEM = table(
    "meeting_item",
    *(column(name) for name in ("rollout", "doc_no", "item", "decision", "note", "action_id")),
)
_ATTENDANCE = table(
    "meeting_attendance",
    *(
        column(name)
        for name in ("rollout", "doc_no", "person", "unit", "category", "presence", "reason")
    ),
)
_HASH = text("SELECT content_hash FROM meeting WHERE rollout = :rollout AND doc_no = :doc_no")
_MEETINGS = text(
    """
    SELECT m.*,
        (SELECT coalesce(json_agg(json_build_array(i.item, i.decision, i.note)
                                  ORDER BY i.item), '[]')
         FROM meeting_item i WHERE (i.rollout, i.doc_no) = (m.rollout, m.doc_no)) AS items,
        (SELECT coalesce(json_agg(json_build_array(a.person, a.unit, a.category, a.presence,
                                                   a.reason) ORDER BY a.person, a.unit), '[]')
         FROM meeting_attendance a WHERE (a.rollout, a.doc_no) = (m.rollout, m.doc_no)) AS people
    FROM meeting m
    WHERE (:rollout = '' OR m.rollout = :rollout) AND (:doc_no = '' OR m.doc_no = :doc_no)
    ORDER BY m.held_on, m.rollout, m.doc_no
    """
)
_COURSES = text(
    """
    SELECT b.district,
        min(coalesce(CAST(l.detail->>'happened_on' AS date),
                     CAST(l.at AT TIME ZONE 'Asia/Shanghai' AS date)))
            FILTER (WHERE l.step LIKE '%常委会审议' AND l.verb IN ('通过', '原则通过'))
            AS approved_on,
        max(coalesce(CAST(l.detail->>'happened_on' AS date),
                     CAST(l.at AT TIME ZONE 'Asia/Shanghai' AS date)))
            FILTER (WHERE l.step = '印发' AND l.verb = '会签' AND b.status = '办结')
            AS issued_on
    FROM board_row b
    LEFT JOIN log_entry l ON l.workflow_id = b.workflow_id AND l.kind = '办理'
        AND l.superseded_by IS NULL
    WHERE b.rollout = :rollout AND b.procedure = 'PlanApproval' AND b.district <> ''
    GROUP BY b.district ORDER BY b.district
    """
)
_INVITEES = text(
    """
    SELECT DISTINCT a.person, a.unit, a.role, u.district, u.position
    FROM appointment a JOIN directory_unit u ON u.rollout = a.rollout AND u.name = a.unit
    WHERE a.rollout = :rollout AND a.valid_from <= :now
    AND (a.valid_to IS NULL OR a.valid_to > :now)
    AND (a.role = :leader AND u.district <> '' OR a.role = :head AND u.kind = ANY(:kinds))
    ORDER BY u.position, a.role
    """
)
_LANDED = text(
    """
    SELECT i.item, i.decision, i.note, l.kind, l.code, l.sentence
    FROM meeting_item i
    LEFT JOIN LATERAL (
        SELECT l.kind, l.code, l.sentence FROM log_entry l
        WHERE l.workflow_id = split_part(i.item, '#', 1) AND l.superseded_by IS NULL
        AND split_part(l.action_id, '~', 1) = i.action_id
        ORDER BY l.kind = '办理' DESC, l.seq DESC LIMIT 1) l ON true
    WHERE i.rollout = :rollout AND i.doc_no = :doc_no ORDER BY i.item
    """
)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A meeting of the ledger, with who recorded it when."""

    meeting: Meeting
    recorded_at: datetime
    recorded_by: str


async def hash_of(connection: AsyncConnection, rollout: str, doc_no: str) -> str:
    """This will return the content hash of a meeting; empty if there is none of this 文号."""
    found = await connection.execute(_HASH, {"rollout": rollout, "doc_no": doc_no})
    return found.scalar_one_or_none() or ""


async def store_meeting(
    connection: AsyncConnection, meeting: Meeting, person: str, at: datetime
) -> bool:
    """This will store a whole meeting; False if its 文号 is taken. Call it in a transaction."""
    head = {
        **{name: getattr(meeting, name) for name in _HEAD[:12] if name != "kind"},
        "kind": meeting.kind.value,
        "recorded_at": at,
        "recorded_by": person,
    }
    claim = insert(_MEETING).on_conflict_do_nothing().returning(_MEETING.c.doc_no)
    if (await connection.execute(claim, head)).scalar_one_or_none() is None:
        return False
    key = {"rollout": meeting.rollout, "doc_no": meeting.doc_no}
    if items := [_item_row(key, one) for one in meeting.resolutions]:
        await connection.execute(insert(_ITEM), items)
    if people := [_person_row(key, one) for one in meeting.attendees]:
        await connection.execute(insert(_ATTENDANCE), people)
    return True


async def read_meetings(
    connection: AsyncConnection, rollout: str = "", doc_no: str = ""
) -> tuple[Recorded, ...]:
    """This will read meetings whole, the oldest first."""
    rows = await connection.execute(_MEETINGS, {"rollout": rollout, "doc_no": doc_no})
    return tuple(_recorded(row) for row in rows)


async def read_courses(connection: AsyncConnection, rollout: str) -> tuple[PlanCourse, ...]:
    """This will read how far each district's 方案 has come."""
    rows = await connection.execute(_COURSES, {"rollout": rollout})
    return tuple(
        PlanCourse(district=row.district, approved_on=row.approved_on, issued_on=row.issued_on)
        for row in rows
    )


async def read_invitees(
    connection: AsyncConnection, rollout: str, now: datetime
) -> tuple[Invitee, ...]:
    """This will read whom a 动员大会 must reach (0-03).

    The 区级领导 are those whom the directory names as 分管区领导 of a unit inside a district.
    """
    asked = {
        "rollout": rollout,
        "now": now,
        "leader": Role.LEADER_IN_CHARGE.value,
        "head": Role.HEAD.value,
        "kinds": [UnitKind.STREET.value, UnitKind.TOWN.value, UnitKind.DEPARTMENT.value],
    }
    rows = (await connection.execute(_INVITEES, asked)).all()
    once: dict[tuple[str, str], Invitee] = {}
    for row in rows:
        # A leader in charge of five units is one invitee.
        key = (row.person, "" if row.role == Role.LEADER_IN_CHARGE else row.unit)
        once.setdefault(
            key,
            Invitee(person=row.person, unit=row.unit, role=Role(row.role), district=row.district),
        )
    return tuple(once.values())


async def read_landed(connection: AsyncConnection, rollout: str, doc_no: str) -> Sequence[Row[Any]]:
    """This will read each decision with the log's line that it became, if any."""
    return (await connection.execute(_LANDED, {"rollout": rollout, "doc_no": doc_no})).all()


def _item_row(key: Mapping[str, str], one: Resolution) -> dict[str, Any]:
    return {
        **key,
        "item": one.item,
        "decision": one.verb.value,
        "note": one.note,
        "action_id": action_id(key["rollout"], key["doc_no"], one.item),
    }


def _person_row(key: Mapping[str, str], one: Attendee) -> dict[str, Any]:
    return {
        **key,
        "person": one.person,
        "unit": one.unit,
        "category": one.category.value,
        "presence": one.presence.value,
        "reason": one.reason,
    }


def _recorded(row: Row[Any]) -> Recorded:
    held_on: date = row.held_on
    meeting = Meeting(
        rollout=row.rollout,
        doc_no=row.doc_no,
        kind=MeetingKind(row.kind),
        held_on=held_on,
        organ=row.organ,
        district=row.district,
        chair=row.chair,
        agenda=row.agenda,
        filename=row.filename,
        sha256=row.sha256,
        size=row.size,
        resolutions=tuple(
            Resolution(item=item, verb=Verb(verb), note=note) for item, verb, note in row.items
        ),
        attendees=tuple(
            Attendee(
                person=person,
                unit=unit,
                category=Category(category),
                presence=Presence(presence),
                reason=reason,
            )
            for person, unit, category, presence, reason in row.people
        ),
    )
    return Recorded(meeting=meeting, recorded_at=row.recorded_at, recorded_by=row.recorded_by)

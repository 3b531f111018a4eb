"""Meetings: what a 纪要 decided, who was there, and what the order of meetings should have been.

One meeting has one 纪要 文号 and decides many items at once; each decision lands on its procedure as
an action of its own. Faults of a record are errors; the order and the coverage of meetings are
remarks and stop nothing.

Sources: 0-01 (编委会, 常委会, 动员大会), 0-02 (who took part), 0-03 (the 动员大会 reaches everybody),
0-29 (training after it), 0-38 (原则通过·修改后印发), 4-04 (coordination once the 方案 is approved).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.action import MAX_NAME, MAX_NOTE
from domain.desk import named
from domain.procedure import Verb
from domain.refusal import Finding
from domain.unit import Role

HEAD_SHEET = "会议"
ITEMS_SHEET = "议定事项"
PEOPLE_SHEET = "参会"

MINUTES = "纪要"
"""The name under which the minutes are evidence of each decision."""

MOST_ITEMS = 500
"""Most items of one meeting; a 编委会 of a district hears some dozens."""

MOST_PEOPLE = 2_000
"""Most persons of one meeting; a 动员大会 of a district has some hundreds."""


class MeetingKind(StrEnum):
    """The kinds of meetings that a reform counts."""

    ESTABLISHMENT = "区委编委会"
    STANDING = "区委常委会"
    JOINT = "联席会议"
    MOBILISATION = "改革动员大会"
    TRAINING = "培训会"
    COORDINATION = "协调会议"


class Category(StrEnum):
    """As what somebody took part (0-02)."""

    LEADER = "区级领导"
    DEPARTMENT_HEAD = "部门主要负责同志"
    STREET_HEAD = "街道主要负责同志"
    OTHER = "其他"


class Presence(StrEnum):
    """Whether somebody who was invited came."""

    PRESENT = "出席"
    EXCUSED = "请假"
    ABSENT = "缺席"


DECISIONS: dict[str, Verb] = {
    "通过": Verb.APPROVE,
    "原则通过·修改后印发": Verb.APPROVE_IN_PRINCIPLE,
    "缓议": Verb.DEFER,
    "不通过": Verb.REJECT,
}
"""What a meeting may decide on an item, and the verb that it is at the procedure."""

_WITH_REASON = frozenset({Verb.DEFER, Verb.REJECT})
_HEADS = frozenset({Category.DEPARTMENT_HEAD, Category.STREET_HEAD})


def decision_of(text: str) -> Verb | None:
    """This will read a decision as people write it; None if it is none.

    >>> decision_of("原则通过")
    <Verb.APPROVE_IN_PRINCIPLE: '原则通过'>
    """
    plain = "".join(text.split())
    if plain.startswith("原则通过"):
        return Verb.APPROVE_IN_PRINCIPLE
    return DECISIONS.get(plain)


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """One item that a meeting decided; ``row`` is its place in the record, if it has one."""

    item: str
    verb: Verb
    note: str = ""
    row: int = 0


@dataclass(frozen=True, kw_only=True)
class Attendee:
    """One person who was invited; ``reason`` belongs to 请假."""

    person: str
    unit: str = ""
    category: Category = Category.OTHER
    presence: Presence = Presence.PRESENT
    reason: str = ""
    row: int = 0


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """One meeting with its minutes; ``sha256`` is of the minutes' file, empty if none was given.

    ``organ`` (决定机构) is the organ whose items it decided, or that called it. ``district`` is the
    organ's; empty counts for the whole rollout.
    """

    rollout: str
    doc_no: str
    kind: MeetingKind
    held_on: date
    organ: str = ""
    district: str = ""
    chair: str = ""
    agenda: str = ""
    filename: str = ""
    sha256: str = ""
    size: int = 0
    resolutions: tuple[Resolution, ...] = ()
    attendees: tuple[Attendee, ...] = ()

    @property
    def content_hash(self) -> str:
        """The hash of what was recorded, however the workbook was saved and sorted."""
        content = [
            [self.rollout, self.doc_no, self.kind, self.held_on.isoformat(), self.organ],
            [self.chair, self.agenda, self.filename, self.sha256],
            sorted([r.item, r.verb, r.note] for r in self.resolutions),
            sorted([a.person, a.unit, a.category, a.presence, a.reason] for a in self.attendees),
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def action_id(rollout: str, doc_no: str, item: str) -> str:
    """The id of the action by which a meeting's decision lands on an item, always the same."""
    key = f"{rollout}\n{doc_no}\n{item}"
    return f"meeting-{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def faults(meeting: Meeting, today: date) -> tuple[Finding, ...]:
    """This will find everything that is wrong with a record by itself, with its place."""
    return (*_head_faults(meeting, today), *_item_faults(meeting), *_people_faults(meeting))


def _head_faults(meeting: Meeting, today: date) -> list[Finding]:
    found = []
    if meeting.held_on > today:
        sentence = f"会议日期{meeting.held_on}还没有到（今日{today}）。"
        found.append(Finding(code="DAY_IN_FUTURE", sentence=sentence, column="会议日期"))
    if meeting.resolutions and not meeting.organ:
        found.append(
            Finding(
                code="ORGAN_MISSING", sentence="有议定事项就须写明决定机构。", column="决定机构"
            )
        )
    if meeting.resolutions and not meeting.sha256:
        sentence = "有议定事项就须附纪要文件，以便核对原件。"
        found.append(Finding(code="MINUTES_MISSING", sentence=sentence, column="纪要文件"))
    texts = {"纪要文号": meeting.doc_no, "决定机构": meeting.organ, "主持人": meeting.chair}
    found += [
        Finding(code="TOO_LONG", sentence=f"{name}不能超过{MAX_NAME}字。", column=name)
        for name, text in texts.items()
        if len(text) > MAX_NAME
    ]
    if len(meeting.agenda) > MAX_NOTE:
        sentence = f"议题不能超过{MAX_NOTE}字。"
        found.append(Finding(code="NOTE_TOO_LONG", sentence=sentence, column="议题"))
    return [_placed(one, HEAD_SHEET) for one in found]


def _placed(finding: Finding, sheet: str) -> Finding:
    return Finding(code=finding.code, sentence=finding.sentence, sheet=sheet, column=finding.column)


def _item_faults(meeting: Meeting) -> Iterable[Finding]:
    if len(meeting.resolutions) > MOST_ITEMS:
        sentence = f"一次会议最多登记{MOST_ITEMS}项议定事项。"
        yield Finding(code="TOO_MANY_ROWS", sentence=sentence, sheet=ITEMS_SHEET)
    first: dict[str, int] = {}
    for one in meeting.resolutions:
        earlier = first.setdefault(one.item, one.row)
        if earlier != one.row:
            sentence = f"“{one.item}”在第{earlier}行已经写过。"
            yield Finding(
                code="ITEM_TWICE", sentence=sentence, sheet=ITEMS_SHEET, row=one.row, column="事项"
            )
        if one.verb in _WITH_REASON and not one.note:
            sentence = f"“{one.verb}”须在意见里写明理由。"
            yield Finding(
                code="REASON_MISSING",
                sentence=sentence,
                sheet=ITEMS_SHEET,
                row=one.row,
                column="意见",
            )
        if len(one.note) > MAX_NOTE:
            sentence = f"意见不能超过{MAX_NOTE}字。"
            yield Finding(
                code="NOTE_TOO_LONG",
                sentence=sentence,
                sheet=ITEMS_SHEET,
                row=one.row,
                column="意见",
            )


def _people_faults(meeting: Meeting) -> Iterable[Finding]:
    if len(meeting.attendees) > MOST_PEOPLE:
        sentence = f"一次会议最多登记{MOST_PEOPLE}人。"
        yield Finding(code="TOO_MANY_ROWS", sentence=sentence, sheet=PEOPLE_SHEET)
    first: dict[tuple[str, str], int] = {}
    for one in meeting.attendees:
        earlier = first.setdefault((one.person, one.unit), one.row)
        if earlier != one.row:
            sentence = f"{one.unit}{one.person}在第{earlier}行已经写过。"
            yield Finding(
                code="PERSON_TWICE",
                sentence=sentence,
                sheet=PEOPLE_SHEET,
                row=one.row,
                column="姓名",
            )
        if one.presence is Presence.EXCUSED and not one.reason:
            sentence = f"{one.person}请假，须写明事由。"
            yield Finding(
                code="LEAVE_REASON_MISSING",
                sentence=sentence,
                sheet=PEOPLE_SHEET,
                row=one.row,
                column="请假事由",
            )
        if any(len(text) > MAX_NAME for text in (one.person, one.unit, one.reason)):
            sentence = f"姓名、单位、请假事由不能超过{MAX_NAME}字。"
            yield Finding(
                code="TOO_LONG", sentence=sentence, sheet=PEOPLE_SHEET, row=one.row, column="姓名"
            )


@dataclass(frozen=True, kw_only=True)
class Invitee:
    """Somebody whom a 动员大会 must reach (0-03), as the directory names them."""

    person: str
    unit: str
    role: Role
    district: str = ""


@dataclass(frozen=True, kw_only=True)
class PlanCourse:
    """How far a district's 方案 has come: the days on which it was approved and issued."""

    district: str
    approved_on: date | None = None
    issued_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What the order of meetings leaves to wish for, with the row that says so; never an error."""

    row: str
    sentence: str
    district: str = ""


def count_by_kind(meetings: Iterable[Meeting]) -> dict[str, int]:
    """This will count meetings per type, in the order of the types (0-01); none is 0."""
    counted = Counter(meeting.kind for meeting in meetings)
    return {kind.value: counted[kind] for kind in MeetingKind}


def count_attendance(meetings: Iterable[Meeting]) -> dict[str, int]:
    """This will count who came, per category, each person once (0-02).

    A person counts in the highest category in which they came.
    """
    best: dict[str, int] = {}
    order = list(Category)
    for meeting in meetings:
        for one in meeting.attendees:
            if one.presence is Presence.PRESENT:
                rank = order.index(one.category)
                best[one.person] = min(rank, best.get(one.person, rank))
    counted = Counter(best.values())
    return {category.value: counted[place] for place, category in enumerate(order)}


_NAMED = 8
"""Names printed of those whom a 动员大会 has not reached; the rest is counted."""


def remarks(
    meetings: Sequence[Meeting],
    courses: Sequence[PlanCourse],
    invitees: Sequence[Invitee],
    today: date,
) -> tuple[Remark, ...]:
    """This will say what rows 0-01…0-03, 0-29 and 4-04 still ask for, district by district."""
    districts = {m.district for m in meetings} | {c.district for c in courses}
    found: list[Remark] = []
    for district in sorted(districts - {""}) or [""]:
        held = sorted(
            (m for m in meetings if m.district in {district, ""}),
            key=lambda m: (m.held_on, m.doc_no),
        )
        course = next((c for c in courses if c.district == district), None)
        asked = [i for i in invitees if not district or i.district == district]
        found += [
            *_before_issue(district, held, course, today),
            *_attendance(district, held),
            *_coverage(district, held, asked),
            *_training(district, held),
            *_coordination(district, held, course),
        ]
    # What a meeting of the whole rollout lacks is said once.
    return tuple(dict.fromkeys(found))


def _before_issue(
    district: str, held: Sequence[Meeting], course: PlanCourse | None, today: date
) -> list[Remark]:
    if course is None:
        return []
    limit = course.issued_on or today
    kinds = {m.kind for m in held if m.held_on <= limit}
    missing = [k for k in (MeetingKind.ESTABLISHMENT, MeetingKind.STANDING) if k not in kinds]
    if not missing:
        return []
    when = f"已于{course.issued_on}印发" if course.issued_on else "印发前"
    sentence = f"方案{when}，尚无{'、'.join(missing)}的纪要（各至少一次）。"
    return [Remark(row="0-01", sentence=sentence, district=district)]


def _attendance(district: str, held: Sequence[Meeting]) -> list[Remark]:
    kinds = (MeetingKind.ESTABLISHMENT, MeetingKind.STANDING, MeetingKind.MOBILISATION)
    return [
        Remark(
            row="0-02",
            sentence=f"{m.kind}（{m.doc_no}）没有登记参会人员，人数无从统计。",
            district=district if m.district else "",
        )
        for m in held
        if m.kind in kinds and not m.attendees
    ]


def _coverage(district: str, held: Sequence[Meeting], invitees: Sequence[Invitee]) -> list[Remark]:
    mobilised = [m for m in held if m.kind is MeetingKind.MOBILISATION]
    if not mobilised:
        return []
    reached = [
        one
        for meeting in mobilised
        for one in meeting.attendees
        if one.presence is Presence.PRESENT or (one.presence is Presence.EXCUSED and one.reason)
    ]
    persons = {one.person for one in reached}
    heads = {one.unit for one in reached if one.category in _HEADS}
    missing = [
        f"{named(i.unit, i.person)}（{i.role}）"
        for i in invitees
        if i.person not in persons and not (i.role is Role.HEAD and i.unit in heads)
    ]
    if not missing:
        return []
    more = f"等{len(missing)}人" if len(missing) > _NAMED else ""
    sentence = f"改革动员大会没有到会或请假记录：{'、'.join(missing[:_NAMED])}{more}。"
    return [Remark(row="0-03", sentence=sentence, district=district)]


def _training(district: str, held: Sequence[Meeting]) -> list[Remark]:
    first = next((m.held_on for m in held if m.kind is MeetingKind.MOBILISATION), None)
    early = [m for m in held if m.kind is MeetingKind.TRAINING and (not first or m.held_on < first)]
    why = f"早于改革动员大会（{first}）" if first else "没有登记在它之前的改革动员大会"
    return [
        Remark(
            row="0-29",
            sentence=f"{m.held_on}的培训会（{m.doc_no}）{why}。",
            district=district,
        )
        for m in early
    ]


def _coordination(
    district: str, held: Sequence[Meeting], course: PlanCourse | None
) -> list[Remark]:
    approved = course.approved_on if course else None
    called = [m for m in held if m.kind is MeetingKind.COORDINATION]
    why = f"早于方案审定（{approved}）" if approved else "召开时方案尚未审定"
    found = [
        Remark(
            row="4-04",
            sentence=f"{m.held_on}的协调会议（{m.doc_no}）{why}。",
            district=district,
        )
        for m in called
        if course is not None and (approved is None or m.held_on < approved)
    ]
    if approved and not any(m.held_on >= approved for m in called):
        sentence = f"方案已于{approved}审定，尚未登记此后的协调会议。"
        found.append(Remark(row="4-04", sentence=sentence, district=district))
    return found

"""Meetings: what makes a record wrong, what is counted, and what only deserves a remark."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

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
    count_attendance,
    count_by_kind,
    decision_of,
    faults,
    remarks,
)
from domain.procedure import Verb
from domain.unit import Role

TODAY = date(2019, 12, 20)
ITEM = "乌海2019/海勃湾区/滨河街道/三定#审议"
HELD = Meeting(
    rollout="乌海2019",
    doc_no="乌编纪〔2019〕1号",
    kind=MeetingKind.ESTABLISHMENT,
    held_on=date(2019, 12, 10),
    organ="海勃湾区委编委",
    district="海勃湾区",
    filename="纪要.docx",
    sha256="a" * 64,
    size=3,
    resolutions=(Resolution(item=ITEM, verb=Verb.APPROVE, row=2),),
    attendees=(Attendee(person="甲", category=Category.LEADER, row=2),),
)


def _meeting(kind: MeetingKind, held_on: date, **changes) -> Meeting:
    plain = replace(HELD, resolutions=(), doc_no=f"{kind}{held_on}")
    return replace(plain, kind=kind, held_on=held_on, **changes)


def _rows(meetings, courses=(), invitees=()) -> list[str]:
    return [one.row for one in remarks(meetings, courses, invitees, TODAY)]


@pytest.mark.parametrize(
    "text, verb",
    [
        ("通过", Verb.APPROVE),
        ("原则通过·修改后印发", Verb.APPROVE_IN_PRINCIPLE),
        (" 原则通过 ", Verb.APPROVE_IN_PRINCIPLE),
        ("缓议", Verb.DEFER),
        ("不通过", Verb.REJECT),
        ("同意", None),
        ("", None),
    ],
)
def test_a_decision_is_one_of_four_words(text, verb):
    """原则通过 may be written short; a word that is none decides nothing."""
    assert decision_of(text) == verb


def test_the_same_record_has_the_same_hash_however_it_is_sorted():
    """Rows and places do not count; what was decided and who was there do."""
    other = Resolution(item="乌海2019/海勃湾区/凤凰岭街道/三定#审议", verb=Verb.DEFER, note="再议")
    one = replace(HELD, resolutions=(*HELD.resolutions, other))
    moved = replace(one, resolutions=(replace(other, row=9), *HELD.resolutions), district="")
    assert one.content_hash == moved.content_hash
    for changed in (
        replace(one, chair="乙"),
        replace(one, held_on=TODAY),
        replace(one, sha256="b" * 64),
        replace(one, resolutions=(replace(other, note=""),)),
        replace(one, attendees=(replace(one.attendees[0], presence=Presence.ABSENT),)),
    ):
        assert changed.content_hash != one.content_hash


def test_a_decision_lands_under_an_id_of_its_own_for_ever():
    """The id depends on rollout, 文号 and item, and on nothing else."""
    ids = {action_id(*key) for key in (("a", "1", "x"), ("b", "1", "x"), ("a", "2", "x"))}
    assert len(ids) == 3
    assert action_id("a", "1", "x") in ids
    assert len(action_id("a", "1", "x")) == len("meeting-") + 32


def test_every_fault_of_a_record_is_found_with_its_place():
    """A day to come, items without organ or minutes, an item or a person twice, reasons missing."""
    reject = Resolution(item=ITEM, verb=Verb.REJECT, row=3)
    excused = Attendee(person="甲", presence=Presence.EXCUSED, row=3)
    wrong = replace(
        HELD,
        held_on=date(2019, 12, 21),
        organ="",
        sha256="",
        resolutions=(*HELD.resolutions, reject),
        attendees=(*HELD.attendees, excused),
    )

    found = [(one.sheet, one.row, one.column, one.code) for one in faults(wrong, TODAY)]

    assert found == [
        ("会议", 0, "会议日期", "DAY_IN_FUTURE"),
        ("会议", 0, "决定机构", "ORGAN_MISSING"),
        ("会议", 0, "纪要文件", "MINUTES_MISSING"),
        ("议定事项", 3, "事项", "ITEM_TWICE"),
        ("议定事项", 3, "意见", "REASON_MISSING"),
        ("参会", 3, "姓名", "PERSON_TWICE"),
        ("参会", 3, "请假事由", "LEAVE_REASON_MISSING"),
    ]
    assert faults(HELD, TODAY) == ()


def test_meetings_are_counted_by_type_and_people_once():
    """0-01 and 0-02: who came twice counts once, who stayed away not at all."""
    absent = Attendee(person="乙", category=Category.LEADER, presence=Presence.ABSENT)
    head = Attendee(person="丙", category=Category.DEPARTMENT_HEAD)
    again = _meeting(MeetingKind.STANDING, TODAY, attendees=(*HELD.attendees, absent, head))
    assert count_by_kind([HELD, again, HELD])["区委编委会"] == 2
    assert count_by_kind([])["培训会"] == 0
    assert count_attendance([HELD, again]) == {
        "区级领导": 1,
        "部门主要负责同志": 1,
        "街道主要负责同志": 0,
        "其他": 0,
    }


def test_a_plan_is_heard_by_both_meetings_before_it_is_issued():
    """0-01: each kind at least once, not later than the day of issue."""
    course = PlanCourse(district="海勃湾区", issued_on=date(2019, 12, 12))
    late = _meeting(MeetingKind.STANDING, date(2019, 12, 13))
    in_time = _meeting(MeetingKind.STANDING, date(2019, 12, 12))
    assert "0-01" in _rows([], [course])
    assert "0-01" in _rows([HELD, late], [course])
    assert "0-01" not in _rows([HELD, in_time], [course])
    said = remarks([HELD], [course], (), TODAY)[0]
    assert (said.district, said.sentence) == (
        "海勃湾区",
        "方案已于2019-12-12印发，尚无区委常委会的纪要（各至少一次）。",
    )


def test_a_mobilisation_reaches_everybody_or_says_whom_not():
    """0-03: presence, leave with a reason, or the unit's head of another name count."""
    asked = [
        Invitee(person="张", unit="滨河街道", role=Role.HEAD, district="海勃湾区"),
        Invitee(person="王", unit="司法局", role=Role.HEAD, district="海勃湾区"),
        Invitee(person="李", unit="司法局", role=Role.LEADER_IN_CHARGE, district="海勃湾区"),
        Invitee(person="赵", unit="海南区编办", role=Role.HEAD, district="海南区"),
    ]
    came = (
        Attendee(person="张", unit="滨河街道", category=Category.STREET_HEAD),
        Attendee(person="新来的", unit="司法局", category=Category.DEPARTMENT_HEAD),
        Attendee(person="李", presence=Presence.EXCUSED, reason="出差"),
    )
    day = date(2019, 12, 1)
    assert _rows([_meeting(MeetingKind.MOBILISATION, day, attendees=came)], (), asked) == []
    short = _meeting(MeetingKind.MOBILISATION, day, attendees=came[:1])
    (said,) = remarks([short], (), asked, TODAY)
    assert said.row == "0-03"
    assert said.sentence.endswith("：司法局王（第一责任人）、司法局李（分管区领导）。")
    # Two meetings reach together what one alone does not.
    rest = _meeting(MeetingKind.MOBILISATION, TODAY, attendees=came[1:])
    assert _rows([short, rest], (), asked) == []


def test_training_comes_after_the_mobilisation():
    """0-29: on the same day is in order, the day before is not."""
    mobilised = _meeting(MeetingKind.MOBILISATION, date(2019, 12, 5))
    for day, rows in ((date(2019, 12, 5), []), (date(2019, 12, 4), ["0-29"])):
        assert rows == _rows([mobilised, _meeting(MeetingKind.TRAINING, day)])
    assert _rows([_meeting(MeetingKind.TRAINING, TODAY)]) == ["0-29"]


def test_coordination_comes_after_the_plan_is_approved():
    """4-04: too early, and not yet held, are both said."""
    course = PlanCourse(district="海勃湾区", approved_on=date(2019, 12, 5))
    heard = [HELD, _meeting(MeetingKind.STANDING, date(2019, 12, 5))]
    early = _meeting(MeetingKind.COORDINATION, date(2019, 12, 4))
    right = _meeting(MeetingKind.COORDINATION, date(2019, 12, 5))
    assert _rows(heard, [course]) == ["4-04"]
    assert _rows([*heard, early], [course]) == ["4-04", "4-04"]
    assert _rows([*heard, right], [course]) == []


def test_a_meeting_of_the_whole_rollout_counts_in_every_district():
    """A mobilisation without a district serves both; its missing sign-in is said once."""
    courses = [PlanCourse(district="海勃湾区"), PlanCourse(district="海南区")]
    whole = _meeting(
        MeetingKind.MOBILISATION, date(2019, 12, 1), district="", organ="", attendees=()
    )
    training = _meeting(MeetingKind.TRAINING, date(2019, 12, 2), district="海南区")
    rows = _rows([whole, training], courses)
    assert sorted(rows) == ["0-01", "0-01", "0-02"]

"""One person within a batch: what may follow what, who may say it, and what it does to the post."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.refusal import Refused
from domain.transfer import Place, Traveller, legs
from domain.transfer_person import (
    CLOSED,
    Authority,
    Effect,
    Moment,
    Next,
    PersonCase,
    PersonKind,
    Said,
    decide,
    keys_fault,
)

CASE = PersonCase(staff="p-1", from_unit="局", to_unit="街道", type="行政", place=Place.IN_TRANSIT)
LEAD = Authority(leads=True, own="街道")
APPROVED = Moment(approved=True, moved=False)
SAID = Said(note="记录", papers=("更正",), to_unit="二街道")


@pytest.mark.parametrize(
    "kind, before, code",
    [
        ("异议", "", ""),
        ("异议", "答复", ""),
        ("异议", "谈话", "OBJECTION_ORDER"),
        ("谈话", "异议", ""),
        ("谈话", "", "OBJECTION_ORDER"),
        ("维持", "异议", "OBJECTION_ORDER"),
        ("维持", "谈话", ""),
        ("调整", "谈话", ""),
        ("暂缓", "谈话", ""),
        ("答复", "谈话", "OBJECTION_ORDER"),
        ("答复", "维持", ""),
        ("答复", "答复", "OBJECTION_ORDER"),
        ("移出", "异议", ""),
        ("移出", "", ""),
    ],
)
def test_talk_comes_before_the_decision_and_the_answer_last(kind, before, code):
    """2-27: 异议 → 谈话 → 维持, 调整 or 暂缓 → 答复; 移出 at any time."""
    answer = decide(PersonKind(kind), replace(CASE, objection=before), LEAD, APPROVED, SAID)

    assert (answer.code if isinstance(answer, Refused) else "") == code


@pytest.mark.parametrize(
    "place, approved, moved, said, code",
    [
        (Place.ARRIVED, True, False, SAID, "PERSON_ARRIVED"),
        (Place.OUT, True, False, SAID, "PERSON_OUT"),
        (Place.DEFERRED, True, False, SAID, "PERSON_OUT"),
        (Place.IN_TRANSIT, True, False, Said(note="退休"), "CORRECTION_MISSING"),
        (Place.LISTED, False, False, Said(note="退休"), ""),
        (Place.LISTED, False, False, Said(), "REASON_MISSING"),
        (Place.IN_TRANSIT, True, True, SAID, ""),
    ],
)
def test_who_is_taken_out_needs_a_reason_and_after_the_approval_a_paper(
    place, approved, moved, said, code
):
    """移出 is possible until the person has arrived."""
    moment = Moment(approved=approved, moved=moved)
    answer = decide(PersonKind.TAKE_OUT, replace(CASE, place=place), LEAD, moment, said)

    assert (answer.code if isinstance(answer, Refused) else "") == code


@pytest.mark.parametrize(
    "kind, units, code",
    [
        ("异议", ("局",), ""),
        ("异议", ("街道",), ""),
        ("异议", ("别的局",), "NOT_YOUR_PERSON"),
        ("移出", ("局", "街道"), "NOT_YOUR_PERSON"),
    ],
)
def test_the_two_units_record_and_the_leading_one_decides(kind, units, code):
    """Who is near the person records; what changes the batch is the lead's."""
    who = Authority(leads=False, units=units, own="街道")
    answer = decide(PersonKind(kind), CASE, who, APPROVED, SAID)

    assert (answer.code if isinstance(answer, Refused) else "") == code


def test_a_decision_moves_the_post_only_where_it_is_on_its_way():
    """Before the 批复 nothing is taken back, after it the post follows the decision."""
    talked = replace(CASE, objection="谈话")
    listed = replace(talked, place=Place.LISTED)
    found = {
        (kind, case.place): answer.effect
        for kind in (PersonKind.DEFER, PersonKind.ADJUST, PersonKind.UPHOLD)
        for case in (talked, listed)
        if isinstance(answer := decide(kind, case, LEAD, APPROVED, SAID), Next)
    }

    assert found == {
        (PersonKind.DEFER, Place.IN_TRANSIT): Effect.BACK,
        (PersonKind.DEFER, Place.LISTED): Effect.NONE,
        (PersonKind.ADJUST, Place.IN_TRANSIT): Effect.ELSEWHERE,
        (PersonKind.ADJUST, Place.LISTED): Effect.NONE,
        (PersonKind.UPHOLD, Place.IN_TRANSIT): Effect.NONE,
        (PersonKind.UPHOLD, Place.LISTED): Effect.NONE,
    }


@given(st.lists(st.sampled_from(list(PersonKind)), max_size=12))
def test_no_order_of_requests_leaves_a_person_in_between(kinds):
    """Whatever is asked, somebody out stays out, and an objection is closed only by its answer."""
    case = CASE
    for kind in kinds:
        answer = decide(kind, case, LEAD, APPROVED, SAID)
        if isinstance(answer, Refused):
            continue
        assert case.place is not Place.OUT
        if answer.objection == CLOSED:
            assert kind in (PersonKind.ANSWER, PersonKind.TAKE_OUT)
        stage = case.objection if answer.objection is None else answer.objection
        to_unit = answer.to_unit or case.to_unit
        case = replace(case, place=answer.place, objection=stage, to_unit=to_unit)


def test_people_who_go_the_same_way_are_posted_together():
    """One entry to a way and type, its lines in a fixed order and in balance."""
    people = [
        Traveller(staff=f"p-{n}", from_unit="局", to_unit=f"街道{n % 2}", type="行政")
        for n in (3, 1, 2)
    ]

    found = legs(people)

    assert [leg.staff for leg in found] == [("p-2",), ("p-1", "p-3")]
    assert all(sum(line.amount for line in (*leg.sent(), *leg.taken_back())) == 0 for leg in found)


def test_a_key_is_no_name():
    """What is kept where notes are read names nobody."""
    name = keys_fault(("张三",))

    assert name is not None and "张三" not in name.sentence
    assert keys_fault(("p-0123456789abcdef",)) is None

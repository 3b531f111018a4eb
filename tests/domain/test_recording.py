"""补录, 代录, 代办: the day it happened, for whom it was recorded, and what is kept of files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain import decision
from domain.action import Action, Evidence, Grant, Keeping, Light
from domain.deadline import Deadline
from domain.desk import Docket, ExtensionAsked, Item, SecondAsked, Step
from domain.procedure import Verb
from domain.refusal import Refused
from domain.ruling import Ruling
from domain.submission import malformed
from domain.unit import Role

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
TODAY = date(2026, 11, 25)
ORGAN, OFFICE, STREET = "甲区委编委", "甲区委编办", "一街道"
FILE = "a" * 64

GRANTS = {
    "编办甲": (
        Grant(unit=OFFICE, role=Role.HANDLER),
        Grant(unit=ORGAN, role=Role.RECORDER, through=OFFICE),
    ),
    "编办乙": (Grant(unit=OFFICE, role=Role.HANDLER),),
    "代办丙": (Grant(unit=OFFICE, role=Role.HANDLER, instead_of="编办乙"),),
    "协调": (Grant(unit=OFFICE, role=Role.COORDINATOR),),
    "另一协调": (Grant(unit=OFFICE, role=Role.COORDINATOR),),
    "主任": (Grant(unit=OFFICE, role=Role.HEAD),),
    "街道甲": (Grant(unit=STREET, role=Role.HANDLER),),
    "市编办": (Grant(unit="示例市委编办", role=Role.HANDLER),),
}
MINUTES = (Evidence(name="纪要", doc_no="甲编委〔2026〕3号", sha256=FILE, kept=Keeping.OFFLINE),)
CALL = (Evidence(name="通话记录", doc_no="2026-7"),)
APPROVAL = (Evidence(name="批准文号", doc_no="甲编办〔2026〕9号"),)

STEPS = {
    "审议": Step(
        name="审议", verbs=(Verb.APPROVE, Verb.DEFER), documents=("纪要",), line=("审议",)
    ),
    "办理": Step(name="办理", verbs=(Verb.SUBMIT,), approver=OFFICE, line=("办理",)),
    "复审": Step(name="复审", verbs=(Verb.APPROVE, Verb.RETURN), back_to=("起草",), line=("复审",)),
    "三方沟通": Step(name="三方沟通", verbs=(Verb.OPINION,)),
}


def due(day: date) -> Deadline:
    """The end of a day in Shanghai."""
    return Deadline(
        due=datetime(day.year, day.month, day.day, 16, tzinfo=UTC),
        due_date=day,
        provisional=False,
        rule="按计划",
        skipped=(),
        calendar="CN@1",
    )


def item(name: str, *units: str, **of: object) -> Item:
    """An occurrence opened on the 20th and due on the 24th, which is yesterday."""
    return Item(
        **{
            "step": STEPS[name],
            "visit": 1,
            "units": units,
            "opened_at": datetime(2026, 11, 20, 2, tzinfo=UTC),
            "due": due(date(2026, 11, 24)),
            "original_due_date": date(2026, 11, 24),
            **of,
        }
    )


def decide(
    verb: Verb, person: str, *items: Item, docket: dict[str, object] | None = None, **of: object
) -> Ruling | Refused:
    """What becomes of it now, under the rules of edition 2."""
    action = Action(**{"action_id": "1", "verb": verb, "person": person, **of})
    subject = Docket(
        **{
            "subject": STREET,
            "items": items,
            "coordinators": (OFFICE,),
            "edition": 2,
            **(docket or {}),
        }
    )
    return decision.decide(subject, action, GRANTS[person], NOW)


def refused(answer: Ruling | Refused) -> str:
    """The code of a refusal."""
    assert isinstance(answer, Refused), answer
    return answer.code


def ruled(answer: Ruling | Refused) -> Ruling:
    """A ruling."""
    assert isinstance(answer, Ruling), answer
    return answer


def closed(answer: Ruling | Refused) -> Item:
    """The item that a ruling closed."""
    changed = ruled(answer).item
    assert changed is not None and not changed.is_open
    return changed


def test_being_on_time_is_judged_by_the_day_it_happened() -> None:
    """Done on the due day and recorded the day after is on time; without --on it is overdue."""
    late = item("办理", STREET, light=Light.RED)

    on_time = decide(Verb.SUBMIT, "街道甲", late, happened_on=date(2026, 11, 24))
    overdue = decide(Verb.SUBMIT, "街道甲", late)

    assert not closed(on_time).is_late
    assert "（2026-11-24发生，补录）" in ruled(on_time).sentence
    assert closed(overdue).is_late
    assert "补录" not in ruled(overdue).sentence


def test_an_action_of_today_is_no_late_record() -> None:
    """--on with today's date is kept and marks nothing."""
    ruling = ruled(decide(Verb.SUBMIT, "街道甲", item("办理", STREET), happened_on=TODAY))

    assert "补录" not in ruling.sentence


@pytest.mark.parametrize(
    "day, code",
    [
        (TODAY + timedelta(days=1), "DAY_IN_FUTURE"),
        (date(2026, 11, 19), "DAY_BEFORE_OPENING"),
    ],
)
def test_a_day_that_cannot_be_is_refused(day: date, code: str) -> None:
    """Neither a day to come nor one before the step was opened, whatever the verb."""
    for verb in (Verb.SUBMIT, Verb.RECEIVE):
        assert refused(decide(verb, "街道甲", item("办理", STREET), happened_on=day)) == code


def test_an_organ_without_a_desk_is_recorded_for() -> None:
    """代录 closes the organ's step, says so, and keeps document and day."""
    ruling = decide(
        Verb.APPROVE,
        "编办甲",
        item("审议", ORGAN),
        evidence=MINUTES,
        happened_on=date(2026, 11, 23),
    )

    answer = closed(ruling).answers[0]
    assert (answer.unit, answer.capacity, answer.on) == (ORGAN, "代录", date(2026, 11, 23))
    assert ruled(ruling).sentence.startswith("甲区委编委（编办甲代录）：审议通过")


@pytest.mark.parametrize(
    "of, code",
    [
        ({"evidence": MINUTES}, "RECORD_DAY"),
        (
            {"evidence": (replace(MINUTES[0], sha256=""),), "happened_on": TODAY},
            "RECORD_DOCUMENT",
        ),
        (
            {"evidence": (replace(MINUTES[0], doc_no=""),), "happened_on": TODAY},
            "RECORD_DOCUMENT",
        ),
    ],
)
def test_a_record_needs_day_and_document(of: dict[str, object], code: str) -> None:
    """Without the day, or with only a 文号 or only a file, nothing is recorded for an organ."""
    assert refused(decide(Verb.APPROVE, "编办甲", item("审议", ORGAN), **of)) == code


def test_only_the_recording_unit_records() -> None:
    """Another person of the district has no say in an organ's name."""
    answer = decide(
        Verb.APPROVE, "街道甲", item("审议", ORGAN), evidence=MINUTES, happened_on=TODAY
    )

    assert refused(answer) == "NOT_YOUR_UNIT"


def test_a_substitute_acts_and_is_named_as_one() -> None:
    """代办 shows in the sentence and in the answer, also on what was passed on to the absent."""
    passed_on = item("复审", OFFICE, assignees={OFFICE: "编办乙"})

    ruling = decide(Verb.APPROVE, "代办丙", passed_on)

    assert closed(ruling).answers[0].capacity == "代办编办乙"
    assert "（代办编办乙）" in ruled(ruling).sentence


def test_the_other_reviewer_is_named_or_to_be_appointed() -> None:
    """The refusal of the first reviewer says who is there, or for which absent one to appoint."""
    second = item("复审", OFFICE, not_by={"编办甲": "复审须由初审以外的人办理。"})

    there = decide(Verb.APPROVE, "编办甲", second, docket={"able": {OFFICE: ("编办甲", "编办乙")}})
    alone = decide(
        Verb.APPROVE,
        "编办甲",
        second,
        docket={"able": {OFFICE: ("编办甲",)}, "away": {OFFICE: {"编办乙": "编办甲"}}},
    )

    assert isinstance(there, Refused) and "现在可由编办乙办理" in there.sentence
    assert isinstance(alone, Refused) and "请为请假的编办乙另行指定代办人" in alone.sentence
    assert there.code == alone.code == "SAME_REVIEWER"


def test_a_silent_department_is_recorded_counted_and_told() -> None:
    """代记无意见 after the due time, with the record of the call, closes the last open opinion."""
    asked = item("三方沟通", "甲区司法局")
    ruling = decide(Verb.RECORD_SILENCE, "协调", asked, note="两次去电无人答复", evidence=CALL)

    answer = closed(ruling).answers[0]
    assert answer.silent and answer.capacity == "协调员代记"
    assert ruled(ruling).told[0].unit == "甲区司法局"
    assert "逾期未答复" in ruled(ruling).sentence


@pytest.mark.parametrize(
    "of, code",
    [
        ({"evidence": CALL}, "REASON_MISSING"),
        ({"note": "去电"}, "CALL_RECORD_MISSING"),
        ({"note": "去电", "evidence": CALL, "to": "甲区财政局"}, "NOT_WAITING"),
    ],
)
def test_silence_is_not_recorded_lightly(of: dict[str, object], code: str) -> None:
    """Without reason, without the record of the call, or for a unit that was not asked: no."""
    assert (
        refused(decide(Verb.RECORD_SILENCE, "协调", item("三方沟通", "甲区司法局"), **of)) == code
    )


def test_silence_before_the_due_time_is_no_answer() -> None:
    """A department still has its time; and only opinions can be missing in this way."""
    waiting = item("三方沟通", "甲区司法局", due=due(TODAY))
    given = {"note": "去电", "evidence": CALL}

    assert refused(decide(Verb.RECORD_SILENCE, "协调", waiting, **given)) == "SILENCE_EARLY"
    other = decide(Verb.RECORD_SILENCE, "协调", item("办理", STREET), **given)
    assert refused(other) == "WRONG_VERB"
    assert refused(decide(Verb.RECORD_SILENCE, "街道甲", waiting, **given)) == "NOT_COORDINATOR"


def test_an_end_that_concerns_the_own_unit_needs_a_second_person() -> None:
    """终止 is asked for; the same person cannot agree to it, another can, or object."""
    own = item("复审", OFFICE)
    asked = ruled(decide(Verb.TERMINATE, "协调", own, note="合并办理"))
    assert asked.second is not None and not asked.terminated
    waiting = {"second": asked.second}

    same = decide(Verb.COUNTERSIGN, "协调", own, docket=waiting)
    outsider = decide(Verb.COUNTERSIGN, "街道甲", own, docket=waiting)
    agreed = ruled(decide(Verb.COUNTERSIGN, "主任", own, docket=waiting))
    objected = ruled(decide(Verb.OBJECT, "另一协调", own, docket=waiting, note="理由不足"))
    again = decide(Verb.TERMINATE, "另一协调", own, docket=waiting, note="合并办理")

    assert refused(same) == "OWN_REQUEST"
    assert refused(outsider) == "NOT_SECOND"
    assert agreed.terminated == "合并办理" and agreed.seconded
    assert not objected.terminated and objected.seconded
    assert refused(again) == "SECOND_PENDING"
    assert refused(decide(Verb.COUNTERSIGN, "主任", own)) == "NOTHING_TO_SECOND"


def test_a_reassignment_away_from_the_own_unit_needs_a_second_person() -> None:
    """改派 is carried out when it is agreed to, by the words of the first."""
    own = item("复审", OFFICE)
    named = {"known_units": ("甲区司法局",)}
    asked = ruled(decide(Verb.REASSIGN, "协调", own, docket=named, to="甲区司法局", note="回避"))
    assert asked.second is not None and asked.item is None

    agreed = ruled(decide(Verb.COUNTERSIGN, "主任", own, docket={**named, "second": asked.second}))

    assert agreed.item is not None and agreed.item.units == ("甲区司法局",)
    assert "协调提出、主任复核同意" in agreed.sentence


def test_items_of_other_units_need_no_second_person() -> None:
    """A coordinator ends a street's procedure alone, as before."""
    assert ruled(decide(Verb.TERMINATE, "协调", item("办理", STREET), note="撤并")).terminated


def test_rules_of_the_first_edition_stay_for_what_runs() -> None:
    """A procedure started before goes on without second person, 文号 or stored file."""
    old: dict[str, object] = {"edition": 1, "new_due": (due(date(2026, 12, 1)), ())}
    plain = Evidence(name="附件", sha256=FILE)
    asked = ExtensionAsked(
        unit=STREET, person="街道甲", new_due=date(2026, 12, 1), reason="核对", at=NOW
    )

    ended = decide(Verb.TERMINATE, "协调", item("复审", OFFICE), docket=old, note="合并")
    moved = decide(
        Verb.GRANT_EXTENSION, "编办乙", item("办理", STREET, extension=asked), docket=old
    )
    filed = decide(Verb.SUBMIT, "街道甲", item("办理", STREET), docket=old, evidence=(plain,))

    assert ruled(ended).terminated
    assert ruled(moved).item is not None and closed(filed)


def test_a_file_is_stored_or_kept_offline() -> None:
    """A hash alone proves nothing that anybody could open; a stored file has to be there."""
    task = item("办理", STREET)
    stored = Evidence(name="附件", sha256=FILE, kept=Keeping.STORED)

    unsaid = decide(Verb.SUBMIT, "街道甲", task, evidence=(Evidence(name="附件", sha256=FILE),))
    missing = decide(Verb.SUBMIT, "街道甲", task, evidence=(stored,))
    there = decide(Verb.SUBMIT, "街道甲", task, evidence=(stored,), docket={"stored": (FILE,)})

    assert refused(unsaid) == "EVIDENCE_UNKEPT"
    assert refused(missing) == "EVIDENCE_NOT_STORED"
    assert closed(there)


def test_a_due_date_moves_on_a_document_and_leaves_a_track() -> None:
    """批准延期 without a 文号 is refused; with it the move names paper, unit and person."""
    asked = ExtensionAsked(
        unit=STREET, person="街道甲", new_due=date(2026, 12, 1), reason="核对", at=NOW
    )
    task = item("办理", STREET, extension=asked, light=Light.RED)
    new = {"new_due": (due(date(2026, 12, 1)), ())}

    bare = decide(Verb.GRANT_EXTENSION, "编办乙", task, docket=new)
    ruling = ruled(decide(Verb.GRANT_EXTENSION, "编办乙", task, docket=new, evidence=APPROVAL))

    assert refused(bare) == "APPROVAL_NUMBER"
    assert ruling.item is not None
    move = ruling.item.moves[0]
    assert (move.before, move.after) == (date(2026, 11, 24), date(2026, 12, 1))
    assert (move.paper, move.unit, move.person) == ("甲编办〔2026〕9号", OFFICE, "编办乙")
    assert ruling.item.original_due_date == date(2026, 11, 24)
    assert ruling.item.light is Light.RED


def test_a_date_of_a_superior_organ_moves_by_that_organ() -> None:
    """Within the row's limit the unit above decides; beyond it only who set the date."""
    open_task = item("办理", STREET, due=due(date(2026, 11, 30)))
    above: dict[str, object] = {"limit": date(2026, 12, 20), "set_by": "示例市委编办"}

    within = ruled(
        decide(
            Verb.ASK_EXTENSION,
            "街道甲",
            open_task,
            docket=above,
            note="核对",
            new_due=date(2026, 12, 18),
        )
    )
    beyond = ruled(
        decide(
            Verb.ASK_EXTENSION,
            "街道甲",
            open_task,
            docket=above,
            note="核对",
            new_due=date(2026, 12, 25),
        )
    )

    assert within.item is not None and within.item.approver == OFFICE
    assert beyond.item is not None and beyond.item.approver == "示例市委编办"
    assert "待示例市委编办审批" in beyond.sentence
    new = {**above, "new_due": (due(date(2026, 12, 25)), ())}
    by_district = decide(Verb.GRANT_EXTENSION, "编办乙", beyond.item, docket=new, evidence=APPROVAL)
    by_city = decide(Verb.GRANT_EXTENSION, "市编办", beyond.item, docket=new, evidence=APPROVAL)
    assert refused(by_district) == "NOT_APPROVER"
    assert ruled(by_city).item is not None


def test_an_extension_asked_on_paper_in_time_is_recorded_in_time() -> None:
    """What was asked by the due day counts, though it is entered the day after."""
    asked = decide(
        Verb.ASK_EXTENSION,
        "街道甲",
        item("办理", STREET),
        note="核对",
        new_due=date(2026, 12, 1),
        happened_on=date(2026, 11, 24),
    )
    late = decide(
        Verb.ASK_EXTENSION, "街道甲", item("办理", STREET), note="核对", new_due=date(2026, 12, 1)
    )

    assert "补录" in ruled(asked).sentence
    assert refused(late) == "EXTENSION_LATE"


def test_what_was_asked_for_survives_only_while_its_step_is_open() -> None:
    """A 改派 whose step has closed meanwhile cannot be agreed to any more."""
    asked = SecondAsked(
        verb=Verb.REASSIGN,
        person="协调",
        unit=OFFICE,
        step="复审",
        to="甲区司法局",
        note="",
        at=NOW,
    )

    answer = decide(Verb.COUNTERSIGN, "主任", item("办理", STREET), docket={"second": asked})

    assert refused(answer) == "STEP_CLOSED"


@pytest.mark.parametrize(
    "piece, code",
    [
        (Evidence(name="草案", doc_no="机密★1年"), "SECRET_DOCUMENT"),
        (Evidence(name="草案", sha256="ab"), "EVIDENCE_HASH"),
        (Evidence(name="草案", sha256=FILE, kept=Keeping.OFFLINE), "EVIDENCE_OFFLINE"),
    ],
)
def test_evidence_that_cannot_be_considered(piece: Evidence, code: str) -> None:
    """A 密级标志, a hash that is none and an offline file without 文号 never reach a rule."""
    action = Action(action_id="1", verb=Verb.SUBMIT, person="街道甲", evidence=(piece,))

    fault = malformed(action)

    assert fault is not None and fault.code == code

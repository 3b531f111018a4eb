"""Every verb and every refusal of a step at a desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import decision, desk
from domain.action import Action, Evidence, Grant, Light
from domain.deadline import Deadline, Rung, RungKind
from domain.desk import Docket, Item, Step
from domain.procedure import REVIEW_VERDICTS, Verb
from domain.refusal import Refused
from domain.ruling import Ruling
from domain.unit import Role

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
STREET, OFFICE = "滨河街道", "海勃湾区委编办"
SOUND = dict.fromkeys(REVIEW_VERDICTS, "无误")

GRANTS = {
    "起草甲": (Grant(unit=STREET, role=Role.HANDLER),),
    "书记": (Grant(unit=STREET, role=Role.HEAD),),
    "审核甲": (Grant(unit=OFFICE, role=Role.HANDLER),),
    "审核乙": (Grant(unit=OFFICE, role=Role.HANDLER),),
    "协调": (Grant(unit=OFFICE, role=Role.COORDINATOR),),
    "两边": (Grant(unit="区委办", role=Role.HANDLER), Grant(unit="区政府办", role=Role.HANDLER)),
    "区委办甲": (Grant(unit="区委办", role=Role.HANDLER),),
    "区政府办甲": (Grant(unit="区政府办", role=Role.HANDLER),),
}


def deadline(days: int = 2) -> Deadline:
    """A due time so many days after 2026-11-23."""
    day = date(2026, 11, 23) + timedelta(days=days)
    return Deadline(
        due=datetime(day.year, day.month, day.day, 16, tzinfo=UTC),
        due_date=day,
        provisional=False,
        rule="按计划",
        skipped=(),
        calendar="1",
    )


def rungs(*pairs: tuple[RungKind, int]) -> tuple[Rung, ...]:
    """A ladder of (kind, days from now)."""
    return tuple(
        Rung(kind=kind, at=NOW + timedelta(days=d), to="滨河街道:第一责任人", label="")
        for kind, d in pairs
    )


def item(name: str = "起草", units: tuple[str, ...] = (STREET,), **of: object) -> Item:
    """One occurrence of a step that was opened yesterday."""
    shape = {
        "起草": Step(
            name="起草",
            verbs=(Verb.SUBMIT,),
            documents=("草案",),
            approver=OFFICE,
            line=("起草",),
        ),
        "初审": Step(
            name="初审",
            verbs=(Verb.APPROVE, Verb.RETURN),
            verdicts=REVIEW_VERDICTS,
            back_to=("起草",),
            approver="乌海市委编办",
        ),
        "报送": Step(name="报送", verbs=(Verb.SUBMIT,), role=Role.HEAD),
        "印发": Step(name="印发", verbs=(Verb.COSIGN,), documents=("发文字号",)),
        "三方沟通": Step(name="三方沟通", verbs=(Verb.OPINION,)),
    }[name]
    return Item(
        **{
            "step": shape,
            "visit": 1,
            "units": units,
            "opened_at": NOW - timedelta(days=1),
            "due": deadline(),
            "original_due_date": deadline().due_date,
            **of,
        }
    )


def act(verb: Verb, person: str, **of: object) -> Action:
    """An action under the id 1."""
    return Action(**{"action_id": "1", "verb": verb, "person": person, **of})


def decide(action: Action, *items: Item, **docket: object) -> Ruling | Refused:
    """The ruling on it by one of ``GRANTS``, now."""
    subject = Docket(subject=STREET, items=items, coordinators=(OFFICE,), **docket)
    return decision.decide(subject, action, GRANTS.get(action.person, ()), NOW)


DRAFT = (Evidence(name="草案", doc_no="滨街报〔2026〕1号"),)


def test_a_submission_closes_its_step() -> None:
    """提交 with its document closes 起草 and names who did it."""
    ruling = decide(act(Verb.SUBMIT, "起草甲", evidence=DRAFT), item())

    assert isinstance(ruling, Ruling) and ruling.item is not None
    assert ("提交", ("起草甲",), False) == (
        ruling.item.outcome,
        ruling.item.actors,
        ruling.item.is_open,
    )


REFUSALS = [
    ("UNKNOWN_PERSON", act(Verb.SUBMIT, "路人"), (item(),)),
    ("NOT_YOUR_UNIT", act(Verb.SUBMIT, "审核甲", evidence=DRAFT), (item(),)),
    ("WRONG_VERB", act(Verb.APPROVE, "起草甲"), (item(),)),
    ("DOCUMENT_MISSING", act(Verb.SUBMIT, "起草甲"), (item(),)),
    (
        "DOCUMENT_MISSING",
        act(Verb.SUBMIT, "起草甲", evidence=(Evidence(name="草案"),)),
        (item(),),
    ),
    ("STEP_NOT_OPEN", act(Verb.SUBMIT, "起草甲", step="复审"), (item(),)),
    (
        "STEP_CLOSED",
        act(Verb.SUBMIT, "起草甲", step="起草"),
        (item(closed_at=NOW, outcome="提交"),),
    ),
    ("WRONG_ROLE", act(Verb.SUBMIT, "起草甲"), (item("报送"),)),
    ("VERDICT_MISSING", act(Verb.APPROVE, "审核甲"), (item("初审", (OFFICE,)),)),
    (
        "VERDICT_UNSOUND",
        act(Verb.APPROVE, "审核甲", verdicts={**SOUND, "合法性": "有误"}),
        (item("初审", (OFFICE,)),),
    ),
    ("REASON_MISSING", act(Verb.RETURN, "审核甲"), (item("初审", (OFFICE,)),)),
    (
        "RETURN_TARGET",
        act(Verb.RETURN, "审核甲", note="改", to="印发"),
        (item("初审", (OFFICE,)),),
    ),
    (
        "SAME_REVIEWER",
        act(Verb.APPROVE, "审核甲", verdicts=SOUND),
        (item("初审", (OFFICE,), not_by={"审核甲": "复审须另一人办理。"}),),
    ),
    (
        "ASSIGNED_TO_OTHER",
        act(Verb.APPROVE, "审核甲", verdicts=SOUND),
        (item("初审", (OFFICE,), assignees={OFFICE: "审核乙"}),),
    ),
    (
        "UNIT_AMBIGUOUS",
        act(Verb.COSIGN, "两边", evidence=(Evidence(name="发文字号", doc_no="1"),)),
        (item("印发", ("区委办", "区政府办")),),
    ),
    ("REASON_MISSING", act(Verb.ASK_EXTENSION, "起草甲"), (item(),)),
    ("DATE_MISSING", act(Verb.ASK_EXTENSION, "起草甲", note="忙"), (item(),)),
    (
        "DATE_NOT_LATER",
        act(Verb.ASK_EXTENSION, "起草甲", note="忙", new_due=date(2026, 11, 25)),
        (item(),),
    ),
    (
        "EXTENSION_LATE",
        act(Verb.ASK_EXTENSION, "起草甲", note="忙", new_due=date(2026, 12, 25)),
        (item(due=deadline(-2)),),
    ),
    (
        "EXTENSION_LIMIT",
        act(Verb.ASK_EXTENSION, "起草甲", note="忙", new_due=date(2026, 12, 25)),
        (item(extensions=1),),
    ),
    ("NO_EXTENSION", act(Verb.GRANT_EXTENSION, "审核甲"), (item(),)),
    ("NOT_APPROVER", act(Verb.GRANT_EXTENSION, "起草甲"), (item(),)),
    ("NOT_COORDINATOR", act(Verb.URGE, "起草甲"), (item(),)),
    ("NOT_COORDINATOR", act(Verb.TERMINATE, "审核甲", note="停"), (item(),)),
    ("REASON_MISSING", act(Verb.TERMINATE, "协调"), (item(),)),
    ("UNKNOWN_UNIT", act(Verb.REASSIGN, "协调", note="换", to="不存在"), (item(),)),
    ("NOTHING_TO_WITHDRAW", act(Verb.WITHDRAW, "起草甲"), (item(),)),
    ("REASON_MISSING", act(Verb.OPINION, "起草甲"), (item("三方沟通"),)),
    ("TARGET_MISSING", act(Verb.ASSIGN, "起草甲"), (item(),)),
    ("NOT_OF_UNIT", act(Verb.ASSIGN, "起草甲", to="审核甲"), (item(),)),
    (
        "REPLY_MISSING",
        act(Verb.SUBMIT, "起草甲", evidence=DRAFT),
        (item(must_reply=("区司法局",)),),
    ),
]


@pytest.mark.parametrize("code,action,items", REFUSALS)
def test_a_rule_refuses_with_its_code(code: str, action: Action, items: tuple[Item, ...]) -> None:
    """Each rule says no under its own stable code, in one Chinese sentence."""
    answer = decide(action, *items)

    assert isinstance(answer, Refused)
    assert code == answer.code
    assert answer.sentence.endswith("。")
    assert 1 == answer.sentence.count("。")


def test_a_substitute_may_act_for_the_one_it_was_passed_to() -> None:
    """A 转办 does not lock the desk: a 代办人 of the unit may still act."""
    subject = Docket(subject=STREET, items=(item(assignees={STREET: "书记"}),))
    grants = (Grant(unit=STREET, role=Role.SUBSTITUTE),)

    ruling = decision.decide(subject, act(Verb.SUBMIT, "代办甲", evidence=DRAFT), grants, NOW)

    assert isinstance(ruling, Ruling)


def test_a_draft_is_made_from_the_template_in_force() -> None:
    """起草 names the plan's template (0-33); another one, or none, is refused and says which."""
    step = replace(item().step, documents=("草案", "模板"), template="全区模板第2版")
    opened = item(step=step)
    old = (*DRAFT, Evidence(name="模板", doc_no="全区模板第1版"))
    new = (*DRAFT, Evidence(name="模板", doc_no="全区模板第2版"))

    refused = decide(act(Verb.SUBMIT, "起草甲", evidence=old), opened)

    assert isinstance(refused, Refused)
    assert "TEMPLATE_DIFFERS" == refused.code
    assert "全区模板第2版" in refused.sentence
    assert isinstance(decide(act(Verb.SUBMIT, "起草甲", evidence=new), opened), Ruling)


def test_joint_issue_needs_both_offices_under_one_number() -> None:
    """印发 closes with the second signature, and only under the first one's 发文字号 (0-38)."""
    number = (Evidence(name="发文字号", doc_no="海党办〔2026〕8号"),)
    other = (Evidence(name="发文字号", doc_no="海党办〔2026〕9号"),)
    first = decide(
        act(Verb.COSIGN, "区委办甲", evidence=number), item("印发", ("区委办", "区政府办"))
    )
    assert isinstance(first, Ruling) and first.item is not None and first.item.is_open

    refused = decide(act(Verb.COSIGN, "区政府办甲", evidence=other), first.item)
    again = decide(act(Verb.COSIGN, "区委办甲", evidence=number), first.item)
    second = decide(act(Verb.COSIGN, "区政府办甲"), first.item)

    assert isinstance(refused, Refused) and refused.code == "DOC_NO_DIFFERS"
    assert isinstance(again, Refused) and again.code == "ALREADY_ANSWERED"
    assert isinstance(second, Ruling) and second.item is not None and not second.item.is_open
    assert "海党办〔2026〕8号" == second.item.doc_no


def test_an_extension_moves_the_date_and_keeps_the_original() -> None:
    """批准延期 by the unit above moves the due date; the first one stays visible."""
    asked = decide(
        act(Verb.ASK_EXTENSION, "起草甲", note="汛期", new_due=date(2026, 12, 4)), item()
    )
    assert isinstance(asked, Ruling) and asked.item is not None
    later = deadline(11)

    granted = decide(
        act(Verb.GRANT_EXTENSION, "审核甲"), asked.item, new_due=(later, rungs((RungKind.DUE, 12)))
    )

    assert isinstance(granted, Ruling) and granted.item is not None
    assert (later, date(2026, 11, 25), 1, None) == (
        granted.item.due,
        granted.item.original_due_date,
        granted.item.extensions,
        granted.item.extension,
    )


def test_withdrawing_is_possible_until_the_next_desk_has_answered() -> None:
    """撤回 closes the untouched next step and leads back; an answered one refuses."""
    sent = item(closed_at=NOW, outcome="提交", answers=(_answer("起草甲", Verb.SUBMIT),))
    waiting = item("初审", (OFFICE,), opened_at=NOW)
    ruling = decide(act(Verb.WITHDRAW, "起草甲"), sent, waiting)
    assert isinstance(ruling, Ruling) and ruling.item is not None
    assert ("撤回", "起草") == (ruling.item.outcome, ruling.item.outcome_to)

    touched = replace(waiting, answers=(_answer("审核甲", Verb.APPROVE),))
    late = decide(act(Verb.WITHDRAW, "起草甲"), sent, touched)
    assert isinstance(late, Refused) and late.code == "TOO_LATE_TO_WITHDRAW"


def test_what_was_withdrawn_is_not_withdrawn_again() -> None:
    """A second 撤回 before a new 提交 is refused; it would close the very step that came back."""
    sent = item(closed_at=NOW, outcome="提交", answers=(_answer("起草甲", Verb.SUBMIT),))
    withdrawn = item("初审", (OFFICE,), opened_at=NOW, closed_at=NOW, outcome="撤回")
    again = decide(act(Verb.WITHDRAW, "起草甲"), sent, withdrawn, item(opened_at=NOW, visit=2))
    assert isinstance(again, Refused) and again.code == "NOTHING_TO_WITHDRAW"


def _answer(person: str, verb: Verb) -> desk.Answered:
    return desk.Answered(unit=GRANTS[person][0].unit, person=person, verb=verb, at=NOW)


def test_missed_rungs_collapse_into_the_highest() -> None:
    """After an outage one escalation is spoken of, not every reminder before it."""
    waiting = item(
        rungs=rungs(
            (RungKind.REMIND, -3),
            (RungKind.DUE, -2),
            (RungKind.ESCALATE, -1),
            (RungKind.ESCALATE, 4),
        )
    )

    rung, spoken = desk.ring(waiting, NOW)

    assert [RungKind.ESCALATE] == [r.kind for r in spoken]
    assert (Light.RED, 1) == (rung.light, len(rung.rungs))


def test_a_reminder_turns_the_light_yellow() -> None:
    """The first reminder is the yellow light; nothing else changes."""
    rung, spoken = desk.ring(item(rungs=rungs((RungKind.REMIND, -1), (RungKind.DUE, 2))), NOW)

    assert (Light.YELLOW, 1) == (rung.light, len(spoken))


def test_the_coordinator_urges_reassigns_and_terminates() -> None:
    """催办 counts, 改派 moves the unit and keeps the due time, 终止 carries its reason."""
    urged = decide(act(Verb.URGE, "协调"), item())
    moved = decide(
        act(Verb.REASSIGN, "协调", note="职能调整", to="凤凰岭街道"),
        item(),
        known_units=("凤凰岭街道",),
    )
    ended = decide(act(Verb.TERMINATE, "协调", note="不再办理"), item())

    assert isinstance(urged, Ruling) and urged.item is not None and urged.item.urged == 1
    assert isinstance(moved, Ruling) and moved.item is not None
    assert (("凤凰岭街道",), deadline()) == (moved.item.units, moved.item.due)
    assert isinstance(ended, Ruling) and ended.terminated == "不再办理"


@given(
    verb=st.sampled_from(Verb),
    person=st.sampled_from([*GRANTS, "路人"]),
    name=st.sampled_from(["起草", "初审", "报送", "印发", "三方沟通"]),
    late=st.booleans(),
)
def test_nobody_outside_the_responsible_unit_ever_closes_a_step(
    verb: Verb, person: str, name: str, late: bool
) -> None:
    """Whatever is tried, a step is closed only by its own unit (or ended by the coordinator)."""
    units = (OFFICE,) if name == "初审" else (STREET,)
    opened = item(name, units, due=deadline(-5) if late else deadline())
    action = act(verb, person, note="说明", verdicts=SOUND, evidence=DRAFT, to="起草")

    answer = decide(action, opened)

    if isinstance(answer, Ruling) and answer.item is not None and not answer.item.is_open:
        assert any(g.unit in units for g in GRANTS[person])


@given(st.lists(st.sampled_from(list(RungKind)), max_size=8), st.integers(-3, 3))
def test_time_alone_never_answers_a_step(kinds: list[RungKind], days: int) -> None:
    """However many rungs pass, the step stays open and unanswered."""
    ladder = tuple(sorted(rungs(*((k, n) for n, k in enumerate(kinds))), key=lambda r: r.at))
    rung, _ = desk.ring(item(rungs=ladder), NOW + timedelta(days=days))

    assert rung.is_open
    assert () == rung.answers

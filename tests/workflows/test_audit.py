"""Audits of every kind from their opening to their end, with everything that blocks them on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.audit import AuditKind, CheckItem
from domain.audit_check import Check
from domain.audit_flow import ProblemState
from domain.procedure import Verb
from tests.activities.audit_faults import Planted
from tests.audits import BANNED, BY, LEAD, STEERING, SUPERVISION, THREE, problem, round_of
from tests.office import Office, proof
from tests.small_plan import DISTRICT

ONE, TWO, THIRD = THREE


async def one_person_reviewed_twice(office: Office, rollout: str, *units: str) -> None:
    """A 三定 that one person reviewed twice, at these units and at one that is not inspected."""
    planted = Planted(office.database, rollout, None)
    for unit in (*units, "甲区司法局"):
        wid = await planted.procedure("三定", "SandingDrafting", unit)
        reviewed = {"verb": "通过", "person": "乙", "unit": LEAD}
        await planted.log(
            wid,
            {"step": "起草", "verb": "提交", "person": "甲", "unit": unit},
            {"step": "初审", **reviewed},
            {"step": "复审", **reviewed},
        )


async def test_an_assessment_goes_from_approval_to_report(office: Office) -> None:
    """0-12: 立项 with its number, every street visited, three rectify, one is sent back once."""
    audit = await round_of(office, "督查全程")
    assert await audit.open() == audit.wid
    shown = await office.client.get_workflow_handle(audit.wid).describe()
    key = audit.key
    where = f"- 问题：jiegai audit show {key.rollout} {key.plan} {key.window}"
    assert where in (await shown.static_details() or "")
    await audit.inspected(*THREE)
    await audit.rectify(*THREE)
    await audit.done("复核", verb=Verb.RETURN, note="二街道的不彻底", reopen=(TWO,))
    await office.until_open(audit.wid, "整改")
    assert await audit.states() == {
        1: (ONE, "已整改"),
        2: (TWO, "待整改"),
        3: (THIRD, "已整改"),
    }
    await audit.rectify(TWO, note="已重做")
    await audit.done("复核", verb=Verb.APPROVE)
    await audit.done("报告", evidence=proof("报告"))
    result = await audit.result()

    assert result["ending"] == "办结"
    record = await audit.record()
    assert (record.status, len(record.visits)) == ("办结", 3)
    assert [one.done for one in record.problems] == ["已改正", "已重做", "已改正"]
    assert {str(one.state) for one in record.problems} == {"已销号"}
    asked = [s for s in (await office.progress(audit.wid)).steps if s.step == "整改"]
    assert [step.units for step in asked] == [THREE, (TWO,)]


async def test_discipline_is_checked_by_machine_and_by_item(office: Office) -> None:
    """0-15: no text, a unit without a visit, an item without a conclusion block; checks find problems."""
    audit = await round_of(
        office,
        "督查纪律",
        AuditKind.DISCIPLINE,
        approval="甲委〔2026〕9号",
        items=(CheckItem(number="5", text="编制台账与实有人员一致"),),
    )
    await one_person_reviewed_twice(office, audit.plan.rollout, ONE)
    await audit.open(late=True)
    await audit.found(TWO)
    assert await audit.act(Verb.SUBMIT, "检查") == "DISCIPLINE_TEXT_MISSING"
    assert (await audit.load(person=f"{TWO}经办甲")).code == "NOT_YOUR_UNIT"
    assert (await audit.load()).numbers == (1,)
    assert (await audit.load()).again
    assert await audit.act(Verb.SUBMIT, "检查") == "AUDIT_UNVISITED"
    await audit.visit(*THREE, result="")
    assert await audit.act(Verb.SUBMIT, "检查") == "AUDIT_UNCONCLUDED"
    assert (await audit.conclude("1", "2", "3", "4")).sentence == "还有1项没有结论。"
    assert (await audit.conclude("5", is_good=False)).code == "REASON_MISSING"
    assert (await audit.conclude("6")).code == "AUDIT_ITEM_UNKNOWN"
    await audit.conclude("5", is_good=False, note="一人在编不在岗")
    await audit.load(*BANNED[:3], "严禁以任何形式干预下级机构编制事项")
    no = await office.act(audit.wid, Verb.SUBMIT, BY, "检查")
    assert (no.code, "严禁4" in no.sentence) == ("AUDIT_UNCONCLUDED", True)
    await audit.conclude("严禁4")
    await audit.done("检查")
    await audit.done("问题汇总")
    await audit.rectify(ONE, TWO)
    await audit.done("复核", verb=Verb.APPROVE)
    await audit.done("报告", evidence=proof("报告"))
    await audit.result()

    record = await audit.record()
    assert [one.number for one in record.conclusions] == ["严禁1", "严禁2", "严禁3", "严禁4", "5"]
    by = {one.found_by: one for one in record.problems}
    machine = by["同人两审"]
    assert (machine.unit, machine.rule, machine.discipline) == (ONE, "0-35", "机构编制纪律")
    assert machine.workflow_id.endswith("三定")
    assert by["人工"].discipline == "机构编制纪律"
    said = await audit.said()
    assert said[:2] == [
        "本期没有按时开展，现予补办。",
        "已经批准（甲委〔2026〕9号，一事一报），不再立项。",
    ]
    checks = next(one for one in said if one.startswith("自动检查"))
    assert checks.startswith("自动检查7项，查出2处，登记1个问题。1处不在本次检查的单位，没有登记。")


async def test_supervision_of_the_year_reports_at_the_supervisors(office: Office) -> None:
    """0-13: every row of the plan is concluded; all checks run; 报告 lies at the 督查室."""
    audit = await round_of(office, "督查年度", AuditKind.ANNUAL, unit="区委编办", covers=(ONE,))
    await audit.open()
    await audit.done("立项", evidence=proof("批准文号"))
    await office.until_open(audit.wid, "检查")
    await audit.visit(ONE)
    assert (await audit.visit(TWO)).code == "AUDIT_NOT_COVERED"
    assert await audit.act(Verb.SUBMIT, "检查") == "AUDIT_UNCONCLUDED"
    assert (await audit.conclude("1")).sentence == "1项都有结论。"
    await audit.done("检查")
    await audit.done("问题汇总")
    assert await audit.act(Verb.SUBMIT, "报告") == "NOT_YOUR_UNIT"
    await audit.done("报告", f"{SUPERVISION}经办甲", evidence=proof("报告"))
    await audit.result()

    said = await audit.said()
    assert said[0].startswith(f"自动检查{len(Check)}项，")
    assert said[1:] == ["没有待整改的问题，整改、复核从略。"]


async def test_a_special_supervision_is_presented(office: Office) -> None:
    """2-25: analysed and advised before 整改; not over before the 协调小组 has heard it, on a day."""
    audit = await round_of(office, "督查专项", AuditKind.SPECIAL, approval="乌办〔2026〕1号")
    await audit.open()
    await audit.visit(*THREE)
    settled = problem(ONE, state=ProblemState.ON_THE_SPOT, done="当场讲清政策")
    await audit.find(settled, problem(TWO, advice="明确时限"))
    for step in ("检查", "问题汇总", "分析", "优化意见"):
        await audit.done(step)
    await audit.rectify(TWO)
    await audit.done("复核", verb=Verb.APPROVE)
    await audit.done("报告", evidence=proof("报告"))
    who, papers = f"{STEERING}经办甲", proof("纪要")
    yesterday = await office.today() - timedelta(days=1)
    early = {"evidence": papers, "happened_on": yesterday}
    assert await audit.act(Verb.SUBMIT, "专题汇报", who, **early) == "DAY_BEFORE_OPENING"
    assert await audit.act(Verb.SUBMIT, "专题汇报", who) == "DOCUMENT_MISSING"
    await audit.done("专题汇报", who, evidence=papers)
    await audit.result()

    assert {n: state for n, (_, state) in (await audit.states()).items()} == {
        1: "现场解决",
        2: "已销号",
    }


@pytest.mark.parametrize(
    "kind, step, paper",
    [
        (AuditKind.JOINT_MEETING, "召开", "纪要"),
        (AuditKind.PUSH_MEETING, "召开", "纪要"),
        (AuditKind.YEARLY_ITEM, "办理", "报告"),
    ],
)
async def test_what_only_comes_round_has_one_step(
    office: Office, kind: AuditKind, step: str, paper: str
) -> None:
    """3-21, 4-06, 0-13: held or done, with its paper; nobody is inspected."""
    audit = await round_of(office, f"督查{kind}", kind, unit="区委编办")
    await audit.open()
    assert (await audit.visit(ONE)).code == "AUDIT_NOT_COVERED"
    assert await audit.act(Verb.SUBMIT, step) == "DOCUMENT_MISSING"
    await audit.done(step, evidence=proof(paper))
    assert (await audit.result())["ending"] == "办结"


async def test_what_is_recorded_is_checked(office: Office) -> None:
    """Strangers, days to come, unknown words, a problem without its rule: nothing of it is entered."""
    audit = await round_of(office, "督查登记", approval="甲委〔2026〕9号")
    assert (await audit.visit(ONE)).code == "AUDIT_NOT_OPEN"
    await audit.open()
    tomorrow = await office.today() + timedelta(days=1)
    visits = {
        "AUDIT_DAY_AHEAD": {"on": tomorrow},
        "AUDIT_METHOD": {"methods": ("电话",)},
        "PERSONAL_DATA": {"opinions": "见11010119900307123X"},
        "AUDIT_TEXT_LONG": {"opinions": "长" * 2001},
        "NOT_YOUR_UNIT": {"person": f"{ONE}经办甲"},
        "UNKNOWN_PERSON": {"person": "某某"},
    }
    for code, wrong in visits.items():
        assert (await audit.visit(ONE, **wrong)).code == code
    problems = {
        "AUDIT_PROBLEM_EMPTY": {"sentence": " "},
        "AUDIT_RULE_MISSING": {"rule": ""},
        "AUDIT_DISCIPLINE": {"discipline": "工作纪律"},
        "AUDIT_PROBLEM_STATE": {"state": ProblemState.CLOSED},
        "AUDIT_ON_THE_SPOT": {"state": ProblemState.ON_THE_SPOT},
        "AUDIT_NOT_COVERED": {"unit": "甲区司法局"},
    }
    for code, wrong in problems.items():
        said = await audit.find(problem(ONE), problem(**{"unit": TWO} | wrong))
        assert said.code == code
    assert await audit.states() == {}
    await audit.visit(ONE, TWO, result="")
    no = await office.act(audit.wid, Verb.SUBMIT, BY, "检查")
    assert (no.code, no.sentence) == (
        "AUDIT_UNVISITED",
        "共3个单位，没有到访记录的：三街道（jiegai audit visit）。",
    )
    await audit.visit(THIRD)
    assert await audit.act(Verb.SUBMIT, "检查") == "AUDIT_UNRATED"
    await audit.visit(ONE, TWO)
    await audit.done("检查")
    await audit.done("问题汇总")
    await audit.done("报告", evidence=proof("报告"))
    await audit.result()
    for late in (await audit.visit(ONE), await audit.find(problem(ONE)), await audit.conclude("1")):
        assert late.code == "AUDIT_ENDED"


async def test_no_street_is_inspected_before_the_approval(office: Office) -> None:
    """3-30: no visit, problem or conclusion before 立项 is done, nor while it is taken back."""
    audit = await round_of(office, "督查未批")
    await audit.open()

    async def codes() -> list[str]:
        answers = await audit.visit(ONE), await audit.find(problem(ONE)), await audit.conclude("1")
        return [one.code for one in answers]

    await office.until_open(audit.wid, "立项")
    assert await codes() == ["AUDIT_NOT_APPROVED"] * 3
    await audit.done("立项", evidence=proof("批准文号"))
    await office.until_open(audit.wid, "检查")
    (row,) = await office.rows("SELECT * FROM audit WHERE workflow_id = :w", w=audit.wid)
    assert (row["approval"], row["approved_at"] is not None) == ("示例〔2026〕1号", True)
    await office.done(audit.wid, Verb.WITHDRAW, BY, note="文号写错")
    await office.until_open(audit.wid, "立项")
    assert await codes() == ["AUDIT_NOT_APPROVED"] * 3
    await audit.done("立项", evidence=proof("批准文号"))
    await office.until_open(audit.wid, "检查")
    assert await codes() == ["", "", "AUDIT_ITEM_UNKNOWN"]


async def test_what_was_not_sent_is_not_rectified(office: Office) -> None:
    """A problem entered during 整改 stays open when its unit answers; the next round has it."""
    audit = await round_of(office, "督查后登", approval="甲委〔2026〕9号")
    await audit.open()
    await audit.inspected(ONE)
    await office.until_open(audit.wid, "整改")
    late = await audit.find(problem(ONE, sentence="整改中又查出的"), problem(TWO))
    assert "随下一轮整改发出" in late.sentence
    await audit.rectify(ONE)
    await office.until_open(audit.wid, "复核")
    assert {n: state for n, (_, state) in (await audit.states()).items()} == {
        1: "已整改",
        2: "待整改",
        3: "待整改",
    }
    assert [one.due is None for one in (await audit.record()).problems] == [False, True, True]
    assert await audit.act(Verb.APPROVE, "复核") == "AUDIT_NOT_RECTIFIED"
    await audit.done("复核", verb=Verb.RETURN, note="另有问题", reopen=(ONE, TWO))
    await audit.rectify(ONE, TWO)
    await office.until_open(audit.wid, "复核")
    assert {state for _, state in (await audit.states()).values()} == {"已整改"}


async def test_who_rectified_does_not_verify(office: Office) -> None:
    """Not the unit itself, not what is still open; a closed audit keeps nothing that came later."""
    audit = await round_of(office, "督查复核", approval="甲委〔2026〕9号", covers=(*THREE, LEAD))
    await audit.open()
    await audit.visit(*THREE, LEAD)
    await audit.found(ONE, LEAD)
    await audit.done("检查")
    await audit.done("问题汇总")
    await audit.rectify(ONE)
    assert await audit.act(Verb.WITHDRAW, "整改", f"{ONE}经办甲") != ""
    await audit.rectify(LEAD)
    await office.until_open(audit.wid, "复核")
    late = await office.act(audit.wid, Verb.WITHDRAW, f"{LEAD}经办甲")
    assert late.code == "TOO_LATE_TO_WITHDRAW"
    assert await audit.act(Verb.APPROVE, "复核", BY) == "SAME_REVIEWER"
    assert await audit.act(Verb.APPROVE, "复核", f"{LEAD}经办乙") == "AUDIT_OWN_PROBLEMS"
    moved = {"to": SUPERVISION, "note": "回避"}
    await office.done(audit.wid, Verb.REASSIGN, "市协调员", "复核", **moved)
    judge = f"{SUPERVISION}经办甲"
    back = {"note": "重做", "reopen": (TWO,)}
    assert await audit.act(Verb.RETURN, "复核", judge, **back) == "AUDIT_REOPEN_UNIT"
    await audit.found(TWO)
    assert await audit.act(Verb.APPROVE, "复核", judge) == "AUDIT_NOT_RECTIFIED"
    await audit.done("复核", judge, verb=Verb.RETURN, note="二街道另有问题", reopen=(TWO,))
    await audit.rectify(TWO)
    await office.until_open(audit.wid, "复核")
    await office.done(audit.wid, Verb.REASSIGN, "市协调员", "复核", **moved)
    await audit.done("复核", judge, verb=Verb.APPROVE)
    await audit.found(THIRD)
    report = {"evidence": proof("报告")}
    assert await audit.act(Verb.SUBMIT, "报告", **report) == "AUDIT_PROBLEMS_OPEN"
    await audit.done("报告", verb=Verb.RETURN, note="三街道补查出问题")
    await audit.rectify(THIRD)
    await audit.done("复核", f"{LEAD}经办乙", verb=Verb.APPROVE)
    await audit.done("报告", **report)
    await audit.result()
    assert {state for _, state in (await audit.states()).values()} == {"已销号"}


async def test_another_unit_may_rectify_for_one(office: Office) -> None:
    """改派: what the other unit does counts for the problems of the first; 延期 moves their day too."""
    audit = await round_of(office, "督查改派", approval="甲委〔2026〕9号")
    await audit.open()
    await audit.inspected(ONE, TWO)
    other = "甲区司法局"
    await office.until_open(audit.wid, "整改")
    later = (await office.progress(audit.wid)).steps[-1].due_date + timedelta(days=7)
    asked = {"note": "图纸待审", "new_due": later}
    await office.done(audit.wid, Verb.ASK_EXTENSION, f"{TWO}经办甲", "整改", **asked)
    granted = {"evidence": proof("批准依据")}
    await office.done(audit.wid, Verb.GRANT_EXTENSION, f"{DISTRICT}经办甲", "整改", **granted)
    moved = {"to": f"{TWO}={other}", "note": "职责已划转"}
    await office.done(audit.wid, Verb.REASSIGN, "市协调员", "整改", **moved)
    await audit.rectify(other, note="司法局代办")
    await audit.rectify(ONE)
    await audit.done("复核", verb=Verb.APPROVE)
    await office.until_open(audit.wid, "报告")
    done = {one.unit: (one.done, one.done_by) for one in (await audit.record()).problems}
    assert done[TWO] == ("司法局代办", f"{other}经办甲")
    assert {one.due for one in (await audit.record()).problems} == {later}


async def test_an_overdue_rectification_stays_open(office: Office) -> None:
    """Nothing closes because time ran out: red, escalated to whose it is, still open; later it goes on."""
    audit = await round_of(office, "督查超期", approval="甲委〔2026〕9号", workdays={"整改": 3})
    await audit.open()
    await audit.inspected(ONE, TWO)
    await audit.rectify(ONE)
    due = (await audit.record()).problems[1].due
    step = next(s for s in (await office.progress(audit.wid)).steps if s.step == "整改")
    assert due == step.due_date
    await office.pass_days(20)
    told = await audit.lines("升级", 2)

    (row,) = await office.rows("SELECT * FROM board_row WHERE workflow_id = :w", w=audit.wid)
    assert (row["light"], row["open_steps"], row["status"]) == ("红", ["整改"], "办理中")
    assert [one.partition("升级告知")[2] for one in told] == [
        f"{TWO}第一责任人。",
        f"{TWO}分管领导。",
    ]
    assert (await audit.states())[2] == (TWO, "待整改")
    await audit.rectify(TWO)
    await audit.done("复核", verb=Verb.APPROVE)


async def test_rectification_goes_on_in_a_later_run(office: Office) -> None:
    """Continue-as-new between two answers: each unit's is taken once, nobody is asked again.

    Every run replays, whatever heartbeats came between.
    """
    audit = await round_of(office, "督查续办", approval="甲委〔2026〕9号", history_limit=60)
    await audit.open()
    await audit.inspected(*THREE)
    for unit in THREE:
        await audit.rectify(unit)
        await office.pass_days(1)
    await audit.done("复核", verb=Verb.RETURN, note="重做")
    await audit.rectify(*THREE)
    await audit.done("复核", verb=Verb.APPROVE)
    await audit.done("报告", evidence=proof("报告"))
    await audit.result()

    assert await office.replay_all_runs(audit.wid) > 1
    opened = [e["step"] for e in await office.log(audit.wid) if e["kind"] == "开启"]
    assert opened.count("整改") == 2
    moves = await office.rows(
        "SELECT state FROM audit_problem_move WHERE rollout = :r AND number = 1 ORDER BY place",
        r=audit.plan.rollout,
    )
    assert [one["state"] for one in moves] == ["待整改", "已整改", "待整改", "已整改", "已销号"]


async def test_a_terminated_audit_leaves_problems_open(office: Office) -> None:
    """终止 in the middle of 整改: what was said is kept, what was not stays 待整改, and it is recorded."""
    audit = await round_of(office, "督查终止", approval="甲委〔2026〕9号")
    await audit.open()
    await audit.inspected(ONE, TWO)
    await audit.rectify(ONE)
    await office.done(audit.wid, Verb.TERMINATE, "市协调员", note="改革暂停")
    assert (await audit.result())["ending"] == "终止"

    assert await audit.states() == {1: (ONE, "已整改"), 2: (TWO, "待整改")}
    assert (await audit.record()).status == "终止"
    assert (await audit.said())[-1] == "结束时还有2个问题没有销号。"
    assert await audit.open() == audit.wid

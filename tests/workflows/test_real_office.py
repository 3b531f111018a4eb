"""A real office on skipped time: organs without a desk, late records, silence, a second person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from activities.plan_shelf import plan_to_json
from contracts import names
from contracts.procedure import (
    EDITION,
    END,
    GO_ON,
    REDO,
    ProcedureResult,
    RowAmended,
)
from contracts.registers import PlanKey, SliceQuestion
from domain.action import Evidence, Keeping
from domain.deadline import local_day
from domain.plan import Plan, RowKind
from domain.procedure import Verb
from tests.office import SOUND, Office, draft_sanding, proof
from tests.small_plan import DISTRICT, STREETS, only, row, small_plan

STREET = STREETS[0]
OFFICE = "甲区委编办"
MINUTES = (
    Evidence(name="纪要", doc_no="甲编委〔2026〕3号", sha256="a" * 64, kept=Keeping.OFFLINE),
)
CALL = proof("通话记录", number="通话2026-7")
APPROVED = proof("批准文号", number="甲编办〔2026〕9号")
TO_CITY = {"targets": (DISTRICT,), "lead": "区委编办"}


def without_desk(plan: Plan) -> Plan:
    """The plan with a 区委编委 that decides on paper and is recorded for by the 区委编办."""
    paper = {"head": "", "handlers": (), "substitutes": (), "recorder": "区委编办"}
    units = tuple(replace(u, **paper) if u.duty == "区委编委" else u for u in plan.units)
    return replace(plan, units=units)


async def sanding(office: Office, rollout: str, **more: Any) -> str:
    """One 三定 under the rules of today, waiting at 起草."""
    plan = without_desk(only(small_plan(rollout, await office.today()), "2"))
    handle = await office.start_procedure(plan, "2", STREET, edition=EDITION, **more)
    return handle.id


async def task(office: Office, rollout: str, target: str = STREET, **more: Any) -> str:
    """One task under the rules of today, waiting at 办理."""
    today = await office.today()
    line = row("9", "总结", RowKind.TASK, today + timedelta(days=40), targets=(target,), **more)
    plan = small_plan(rollout, today, line)
    return (await office.start_procedure(plan, "9", target, edition=EDITION)).id


async def step_of(office: Office, wid: str, name: str, visit: int = 1) -> Any:
    """An occurrence of a step as the procedure tells it."""
    steps = (await office.progress(wid)).steps
    return next(s for s in steps if (s.step, s.visit) == (name, visit))


async def board(office: Office, wid: str) -> dict[str, Any]:
    """The row of the board."""
    return (await office.rows("SELECT * FROM board_row WHERE workflow_id = :w", w=wid))[0]


async def until_written(office: Office, wid: str, kind: str) -> dict[str, Any]:
    """The newest line of a kind; what leads to it has been sent."""
    for _ in range(200):
        lines = [r for r in await office.log(wid) if r["kind"] == kind]
        if lines:
            return lines[-1]
        await office.pass_days(0.001)
    raise AssertionError(f"{wid}: no {kind}")


async def to_deliberation(office: Office, wid: str) -> None:
    """From 起草 to an open 审议."""
    await draft_sanding(office, wid, STREET)
    await office.done(wid, Verb.APPROVE, f"{OFFICE}经办甲", "初审", verdicts=SOUND)
    await office.done(wid, Verb.APPROVE, f"{OFFICE}经办乙", "复审", verdicts=SOUND)
    for party in ("甲区领导", "甲区司法局"):
        await office.done(wid, Verb.OPINION, f"{party}经办甲", "三方沟通", note="无意见")
    replies = {"甲区领导": "已知悉", "甲区司法局": "已知悉"}
    await office.done(wid, Verb.SUBMIT, f"{OFFICE}经办甲", "意见反馈", replies=replies)
    await office.done(wid, Verb.SUBMIT, f"{STREET}主要负责人", "报送")


async def test_nobody_reviews_an_own_draft(office: Office) -> None:
    """Who drafted it may not pass 初审 either, though a reviewer's absence made them a substitute."""
    wid = await sanding(office, "自审")
    await away(office, "自审", f"{OFFICE}经办甲", f"{STREET}经办甲")
    await draft_sanding(office, wid, STREET)

    own = await office.act(wid, Verb.APPROVE, f"{STREET}经办甲", "初审", verdicts=SOUND)
    await office.done(wid, Verb.APPROVE, f"{OFFICE}经办乙", "初审", verdicts=SOUND)
    again = await office.act(wid, Verb.APPROVE, f"{STREET}经办甲", "复审", verdicts=SOUND)

    assert (own.code, again.code) == ("SAME_REVIEWER", "SAME_REVIEWER")
    assert "起草人不能审核自己起草的稿子" in own.sentence
    assert "复审" in await office.open_steps(wid)


async def test_an_organ_decides_on_paper_and_is_recorded_for(office: Office) -> None:
    """审议 of a 区委编委 without a desk closes by 代录 with document and day, and by nothing less."""
    wid = await sanding(office, "代录")
    await to_deliberation(office, wid)
    await office.pass_days(2)
    decided = await office.today() - timedelta(days=1)
    recorder = f"{OFFICE}经办甲"

    bare = await office.act(wid, Verb.APPROVE, recorder, "审议", evidence=MINUTES)
    other = await office.act(wid, Verb.APPROVE, "甲区委办经办甲", "审议", evidence=MINUTES)
    await office.done(wid, Verb.APPROVE, recorder, "审议", evidence=MINUTES, happened_on=decided)

    assert (bare.code, other.code) == ("RECORD_DAY", "NOT_YOUR_UNIT")
    line = [r for r in await office.log(wid) if r["step"] == "审议" and r["kind"] == "办理"][-1]
    assert line["detail"]["capacity"] == "代录"
    assert line["detail"]["happened_on"] == decided.isoformat()
    assert "补录" in line["sentence"]


async def test_what_was_done_in_time_and_recorded_late_is_not_overdue(office: Office) -> None:
    """补录 takes the overdue mark back; a day before the step opened is refused."""
    wid = await task(office, "补录")
    due = (await step_of(office, wid, "办理")).due_date
    await office.pass_days((due - await office.today()).days + 1)
    red = await step_of(office, wid, "办理")
    assert red.light == "红" and (await board(office, wid))["overdue_count"] == 1

    early = await office.act(
        wid, Verb.SUBMIT, f"{STREET}经办甲", "办理", happened_on=date(2020, 1, 1)
    )
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理", happened_on=red.due_date)

    assert early.code == "DAY_BEFORE_OPENING"
    done = await step_of(office, wid, "办理")
    assert (done.late, done.done_on) == (False, red.due_date)
    assert (await board(office, wid))["overdue_count"] == 0


async def test_a_silent_department_is_recorded_by_the_coordinator(office: Office) -> None:
    """代记无意见 after the due time counts on the board and lets the feedback open."""
    wid = await sanding(office, "无答复")
    await draft_sanding(office, wid, STREET)
    await office.done(wid, Verb.OPINION, "甲区领导经办甲", "三方沟通", note="无意见")
    given = {"note": "两次去电无人答复", "evidence": CALL, "to": "甲区司法局"}

    early = await office.act(wid, Verb.RECORD_SILENCE, "区协调员", "三方沟通", **given)
    await office.pass_days(120)
    await office.done(wid, Verb.RECORD_SILENCE, "区协调员", "三方沟通", **given)

    assert early.code == "SILENCE_EARLY"
    await office.until_open(wid, "意见反馈")
    assert (await board(office, wid))["silent_count"] == 1
    told = await office.rows("SELECT text FROM notice WHERE unit = '甲区司法局'")
    assert any("代记无意见" in n["text"] for n in told)


async def test_two_absent_reviewers_never_lock_the_second_review(office: Office) -> None:
    """One substitute for both does the first; the refusal names for whom to appoint another."""
    plan = only(small_plan("都请假", await office.today()), "2")
    units = tuple(
        replace(u, head="", substitutes=(), coordinators=("区协调员",)) if u.name == OFFICE else u
        for u in plan.units
    )
    handle = await office.start_procedure(replace(plan, units=units), "2", STREET, edition=EDITION)
    wid, stand_in = handle.id, "甲区司法局经办甲"
    await draft_sanding(office, wid, STREET)
    for absent in ("经办甲", "经办乙"):
        await away(office, "都请假", f"{OFFICE}{absent}", stand_in)
    await office.done(wid, Verb.APPROVE, stand_in, "初审", verdicts=SOUND)

    refused = await office.act(wid, Verb.APPROVE, stand_in, "复审", verdicts=SOUND)

    assert refused.code == "SAME_REVIEWER"
    assert f"请为请假的{OFFICE}经办甲另行指定代办人" in refused.sentence
    await office.change("UPDATE absence SET by_person = '甲区司法局经办乙' WHERE person LIKE '%甲'")
    done = await office.done(wid, Verb.APPROVE, "甲区司法局经办乙", "复审", verdicts=SOUND)
    assert f"（代办{OFFICE}经办甲）" in done.sentence


async def away(office: Office, rollout: str, person: str, by: str) -> None:
    """Absent from today for a year."""
    today = await office.today()
    await office.change(
        "INSERT INTO absence (rollout, person, by_person, from_day, to_day, reason, paper,"
        " recorded_at, recorded_by) VALUES (:r, :p, :b, :f, :t, '学习', '', :at, '区协调员')",
        r=rollout,
        p=person,
        b=by,
        f=today,
        t=today + timedelta(days=365),
        at=await office.now(),
    )


async def test_an_end_of_the_own_units_item_waits_for_a_second_person(office: Office) -> None:
    """终止 of a procedure of the coordinator's own unit shows as 复核 on its desk until agreed."""
    wid = await task(office, "复核", target=OFFICE)
    asked = await office.done(wid, Verb.TERMINATE, "区协调员", note="并入另一事项")
    assert "须由另一人复核同意后生效" in asked.sentence
    desk = await office.rows("SELECT * FROM desk_item WHERE workflow_id = :w", w=wid)
    assert {(d["unit"], d["purpose"]) for d in desk} >= {(OFFICE, "复核")}

    same = await office.act(wid, Verb.COUNTERSIGN, "区协调员")
    await office.done(wid, Verb.COUNTERSIGN, f"{OFFICE}主要负责人")

    assert same.code == "OWN_REQUEST"
    handle = office.client.get_workflow_handle(wid, result_type=ProcedureResult)
    assert (await handle.result()).ending == "终止"


async def test_a_superiors_date_moves_by_the_superior_and_leaves_its_track(office: Office) -> None:
    """Beyond the row's date the request lies on the city's desk; the move keeps 文号 and original."""
    wid = await task(office, "上级时限", set_by="示例市委编办")
    first = await step_of(office, wid, "办理")
    later = first.due_date + timedelta(days=90)
    await office.done(
        wid, Verb.ASK_EXTENSION, f"{STREET}经办甲", "办理", note="核对", new_due=later
    )

    district = await office.act(
        wid, Verb.GRANT_EXTENSION, f"{OFFICE}经办甲", "办理", evidence=APPROVED
    )
    bare = await office.act(wid, Verb.GRANT_EXTENSION, "示例市委编办经办甲", "办理")
    await office.done(wid, Verb.GRANT_EXTENSION, "示例市委编办经办甲", "办理", evidence=APPROVED)

    assert (district.code, bare.code) == ("NOT_APPROVER", "APPROVAL_NUMBER")
    moved = await step_of(office, wid, "办理")
    assert (moved.due_date, moved.original_due_date) == (later, first.due_date)
    assert moved.moves[0].paper == "甲编办〔2026〕9号"
    assert (await board(office, wid))["row_due_date"] == later


async def amended(
    office: Office, wid: str, plan: Plan, unit: str = STREET, how: str = GO_ON
) -> None:
    """Tell a procedure of the second version of its plan, which holds only its row."""
    rollout = plan.rollout
    rows = await office.rows("SELECT id FROM plan WHERE rollout = :r", r=rollout)
    await store_version(office, rows[0]["id"], plan)
    key = PlanKey(rollout=rollout, plan_id=rows[0]["id"], version=2)
    mine = (await office.registers.load_unit(SliceQuestion(plan=key, name=unit))).rows[0]
    note = RowAmended(
        version=2,
        paper="甲改办〔2026〕5号",
        person="区协调员",
        how=how,
        row=None if how == END else mine.row,
        steps=() if how == END else mine.steps,
        reason="按市里通知",
    )
    handle = office.client.get_workflow_handle(wid)
    await handle.signal(names.AMENDED_SIGNAL, note)
    await handle.signal(names.AMENDED_SIGNAL, note)


async def store_version(office: Office, plan_id: int, plan: Plan) -> None:
    """Store a second version of a plan."""
    await office.change(
        "INSERT INTO plan_version SELECT plan_id, 2, content_hash || '2', title,"
        " coordinator, kickoff, units, procedures, CAST(:d AS jsonb), registered_at,"
        " registered_by FROM plan_version WHERE plan_id = :p AND version = 1",
        p=plan_id,
        d=plan_to_json(plan),
    )


async def plan_of(office: Office, rollout: str, row_id: str) -> Plan:
    """The plan that ``sanding`` and ``task`` start from, dated anew."""
    return without_desk(only(small_plan(rollout, await office.today()), row_id))


async def test_an_amended_date_moves_what_is_open_and_keeps_the_track(office: Office) -> None:
    """继续: the open step follows the new date, once, and says from what, to what, on which 文号."""
    plan = await plan_of(office, "修订继续", "2")
    wid = (await office.start_procedure(plan, "2", STREET, edition=EDITION)).id
    before = await step_of(office, wid, "起草")
    later = replace(plan.rows[0], due=plan.rows[0].due + timedelta(days=60))

    await amended(office, wid, replace(plan, rows=(later,)))

    line = await until_written(office, wid, "改期")
    after = await step_of(office, wid, "起草")
    assert after.due_date > before.due_date == after.original_due_date
    assert line["detail"]["move"]["paper"] == "甲改办〔2026〕5号"
    said = [r for r in await office.log(wid) if r["kind"] == "修订"]
    assert len(said) == 1 and f"改为{later.due}" in said[0]["sentence"]
    assert (await board(office, wid))["row_due_date"] == later.due


async def test_an_amended_row_is_done_again_from_its_start(office: Office) -> None:
    """退回重办 closes the open review, opens 起草 again, and asks the parties again."""
    plan = await plan_of(office, "修订重办", "2")
    wid = (await office.start_procedure(plan, "2", STREET, edition=EDITION)).id
    await draft_sanding(office, wid, STREET)

    await amended(office, wid, plan, how=REDO)

    await office.until_open(wid, "起草")
    review = await step_of(office, wid, "初审")
    assert review.outcome == "修订退回"
    await draft_sanding(office, wid, STREET)
    assert (await step_of(office, wid, "初审", 2)).closed_at is None


async def test_what_an_amendment_sent_back_is_not_withdrawn(office: Office) -> None:
    """撤回 of the review before it would skip the redraft; it comes too late."""
    plan = await plan_of(office, "修订撤回", "2")
    wid = (await office.start_procedure(plan, "2", STREET, edition=EDITION)).id
    await draft_sanding(office, wid, STREET)
    await office.done(wid, Verb.APPROVE, f"{OFFICE}经办甲", "初审", verdicts=SOUND)
    await amended(office, wid, plan, how=REDO)
    await office.until_open(wid, "起草")

    late = await office.act(wid, Verb.WITHDRAW, f"{OFFICE}经办甲")

    assert late.code == "TOO_LATE_TO_WITHDRAW"
    assert "起草" in await office.open_steps(wid)


async def test_going_back_waits_until_there_is_something_to_go_back_from(office: Office) -> None:
    """While only opinions are out, 退回重办 waits; it comes when 报送 opens."""
    plan = await plan_of(office, "修订等待", "2")
    wid = (await office.start_procedure(plan, "2", STREET, edition=EDITION)).id
    await draft_sanding(office, wid, STREET)
    await office.done(wid, Verb.APPROVE, f"{OFFICE}经办甲", "初审", verdicts=SOUND)
    await office.done(wid, Verb.APPROVE, f"{OFFICE}经办乙", "复审", verdicts=SOUND)
    await amended(office, wid, plan, how=REDO)
    await until_written(office, wid, "修订")
    assert await office.open_steps(wid) == ["三方沟通"]

    for party in ("甲区领导", "甲区司法局"):
        await office.done(wid, Verb.OPINION, f"{party}经办甲", "三方沟通", note="无意见")
    replies = {"甲区领导": "已知悉", "甲区司法局": "已知悉"}
    await office.done(wid, Verb.SUBMIT, f"{OFFICE}经办甲", "意见反馈", replies=replies)

    await office.until_open(wid, "起草")
    assert (await step_of(office, wid, "报送")).outcome == "修订退回"


async def test_an_amended_procedure_continues_as_new_under_its_new_terms(office: Office) -> None:
    """The second run has the row and the dates of the amended plan."""
    plan = await plan_of(office, "修订续跑", "2")
    handle = await office.start_procedure(plan, "2", STREET, edition=EDITION, history_limit=40)
    later = replace(plan.rows[0], due=plan.rows[0].due + timedelta(days=60))
    await amended(office, handle.id, replace(plan, rows=(later,)))
    await until_written(office, handle.id, "修订")
    await draft_sanding(office, handle.id, STREET)
    for _ in range(12):
        await office.done(handle.id, Verb.RECEIVE, f"{OFFICE}经办甲", "初审")

    await office.done(handle.id, Verb.APPROVE, f"{OFFICE}经办甲", "初审", verdicts=SOUND)

    described = await office.client.get_workflow_handle(handle.id).describe()
    assert described.run_id != handle.first_execution_run_id
    due = (await step_of(office, handle.id, "复审")).due_date
    assert due > plan.rows[0].due - timedelta(days=20)
    assert (await board(office, handle.id))["row_due_date"] == later.due


async def test_a_row_that_was_struck_out_ends(office: Office) -> None:
    """终止 by the amendment carries its reason and 文号."""
    wid = await task(office, "修订终止")
    today = await office.today()
    line = row("9", "总结", RowKind.TASK, today + timedelta(days=40), targets=(STREET,))
    await amended(office, wid, small_plan("修订终止", today, line), how=END)

    handle = office.client.get_workflow_handle(wid, result_type=ProcedureResult)
    result = await handle.result()

    assert result.ending == "终止" and "甲改办〔2026〕5号" in result.sentence
    assert local_day(result.ended_at) == today

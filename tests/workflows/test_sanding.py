"""三定 drafting on the time-skipping server, with real activities on a real database."""

from __future__ import annotations

from datetime import timedelta

from contracts.procedure import ProcedureResult
from domain.procedure import Verb
from tests.office import SOUND, Office, draft_sanding, pass_sanding, proof
from tests.small_plan import only, small_plan

STREET = "一街道"


async def start(office: Office, rollout: str, **more: object) -> str:
    """One 三定 of one street, waiting at 起草."""
    plan = only(small_plan(rollout, await office.today()), "2")
    handle = await office.start_procedure(plan, "2", STREET, **more)
    return handle.id


async def test_a_draft_without_returns_is_issued(office: Office) -> None:
    """起草 to 印发 in order ends as 办结 under the joint 发文字号, in 107 events."""
    wid = await start(office, "三定一")
    await draft_sanding(office, wid, STREET)
    assert {"初审", "三方沟通"} == set(await office.open_steps(wid))
    await pass_sanding(office, wid, STREET)

    result = await office.client.get_workflow_handle(wid, result_type=ProcedureResult).result()

    assert (result.ending, result.doc_no) == ("办结", "甲党办〔2026〕8号")
    assert 107 == len(await office.events(wid))
    log = await office.log(wid)
    assert [*range(1, len(log) + 1)] == [r["seq"] for r in log]
    assert all(r["confirmed"] for r in log)


async def test_a_return_repeats_the_steps_and_keeps_the_opinions(office: Office) -> None:
    """A draft returned at 初审 is drafted anew with a due time of its own; opinions given stay."""
    wid = await start(office, "三定二")
    await draft_sanding(office, wid, STREET)
    await office.done(wid, Verb.OPINION, "甲区司法局经办甲", "三方沟通", note="无意见")
    reply = await office.done(wid, Verb.RETURN, "甲区委编办经办甲", "初审", note="第三条与模板不符")

    assert reply.opened == ("起草",)
    progress = await office.progress(wid)
    redraft = next(s for s in progress.steps if s.step == "起草" and s.visit == 2)
    first = next(s for s in progress.steps if s.step == "起草" and s.visit == 1)
    assert redraft.due_date < first.due_date
    notices = await office.rows("SELECT text FROM notice WHERE key LIKE :k", k=f"{wid}:%")
    assert any("重新办理起草、初审；保留甲区司法局的意见" in n["text"] for n in notices)

    await draft_sanding(office, wid, STREET)
    steps = [(s.step, s.visit) for s in (await office.progress(wid)).steps]
    assert [s for s in steps if s[0] == "三方沟通"] == [("三方沟通", 1)]
    assert ("初审", 2) in steps


async def test_the_second_reviewer_is_another_person(office: Office) -> None:
    """复审 by who did 初审 is refused, logged, and changes nothing; another one passes (0-35)."""
    wid = await start(office, "三定三")
    await draft_sanding(office, wid, STREET)
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "初审", verdicts=SOUND)

    same = await office.act(wid, Verb.APPROVE, "甲区委编办经办甲", "复审", verdicts=SOUND)

    assert (same.accepted, same.code) == (False, "SAME_REVIEWER")
    assert "复审" in await office.open_steps(wid)
    assert "拒绝" in [r["kind"] for r in await office.log(wid)]
    await office.done(wid, Verb.APPROVE, "甲区委编办经办乙", "复审", verdicts=SOUND)


async def test_reporting_waits_for_every_opinion_and_its_feedback(office: Office) -> None:
    """报送 does not open before all opinions have their feedback, though both reviews passed."""
    wid = await start(office, "三定四")
    await draft_sanding(office, wid, STREET)
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "初审", verdicts=SOUND)
    await office.done(wid, Verb.APPROVE, "甲区委编办经办乙", "复审", verdicts=SOUND)
    assert await office.open_steps(wid) == ["三方沟通"]
    early = await office.act(wid, Verb.SUBMIT, f"{STREET}主要负责人", "报送")
    assert early.code == "STEP_NOT_OPEN"
    for party in ("甲区领导", "甲区司法局"):
        await office.done(wid, Verb.OPINION, f"{party}经办甲", "三方沟通", note="同意")
    half = await office.act(
        wid, Verb.SUBMIT, "甲区委编办经办甲", "意见反馈", replies={"甲区领导": "采纳"}
    )
    assert half.code == "REPLY_MISSING"

    replies = {"甲区领导": "采纳", "甲区司法局": "采纳"}
    await office.done(wid, Verb.SUBMIT, "甲区委编办经办甲", "意见反馈", replies=replies)

    assert await office.open_steps(wid) == ["报送"]


async def test_deliberation_may_defer_amend_or_reject(office: Office) -> None:
    """缓议 asks again, 原则通过 adds 修改, 不通过 leads back to 起草."""
    wid = await start(office, "三定五")
    await draft_sanding(office, wid, STREET)
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "初审", verdicts=SOUND)
    await office.done(wid, Verb.APPROVE, "甲区委编办经办乙", "复审", verdicts=SOUND)
    for party in ("甲区领导", "甲区司法局"):
        await office.done(wid, Verb.OPINION, f"{party}经办甲", "三方沟通", note="同意")
    replies = {"甲区领导": "采纳", "甲区司法局": "采纳"}
    await office.done(wid, Verb.SUBMIT, "甲区委编办经办甲", "意见反馈", replies=replies)
    await office.done(wid, Verb.SUBMIT, f"{STREET}主要负责人", "报送")

    await office.done(wid, Verb.DEFER, "甲区委编委经办甲", "审议", note="下次会议")
    await office.done(wid, Verb.REJECT, "甲区委编委经办甲", "审议", note="职数超限")
    assert await office.open_steps(wid) == ["起草"]
    await draft_sanding(office, wid, STREET)
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "初审", verdicts=SOUND)
    await office.done(wid, Verb.APPROVE, "甲区委编办经办乙", "复审", verdicts=SOUND)
    await office.done(wid, Verb.SUBMIT, f"{STREET}主要负责人", "报送")
    await office.done(
        wid, Verb.APPROVE_IN_PRINCIPLE, "甲区委编委经办甲", "审议", evidence=proof("纪要")
    )
    assert await office.open_steps(wid) == ["修改"]
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "修改", evidence=proof("修改稿"))

    assert await office.open_steps(wid) == ["印发"]


async def test_nothing_is_approved_because_time_ran_out(office: Office) -> None:
    """A year of silence reminds, turns red, escalates and counts; the step stays open."""
    wid = await start(office, "三定六")

    await office.pass_days(365)

    assert await office.open_steps(wid) == ["起草"]
    kinds = [r["kind"] for r in await office.log(wid)]
    assert kinds == ["开启", "提醒", "提醒", "到期", "升级", "升级"]
    board = await office.rows(
        "SELECT light, overdue_count FROM board_row WHERE workflow_id = :w", w=wid
    )
    assert board == [{"light": "红", "overdue_count": 1}]
    told = await office.rows(
        "SELECT unit, recipient FROM notice WHERE key LIKE :k AND level = '升级'", k=f"{wid}:%"
    )
    assert {STREET} == {n["unit"] for n in told}


async def test_an_extension_is_asked_in_time_and_approved_above(office: Office) -> None:
    """申请延期 and 批准延期 move the due date; the original stays visible; late asking is refused."""
    wid = await start(office, "三定七")
    before = (await office.progress(wid)).steps[0]
    new = before.due_date + timedelta(days=7)
    await office.done(
        wid, Verb.ASK_EXTENSION, f"{STREET}经办甲", "起草", note="征求意见未齐", new_due=new
    )
    await office.done(wid, Verb.GRANT_EXTENSION, "甲区委编办经办甲", "起草")

    after = (await office.progress(wid)).steps[0]
    assert (new, before.due_date) == (after.due_date, after.original_due_date)
    await office.pass_days(365)
    late = await office.act(
        wid,
        Verb.ASK_EXTENSION,
        f"{STREET}经办甲",
        "起草",
        note="忙",
        new_due=new.replace(year=2099),
    )
    assert late.code in ("EXTENSION_LATE", "EXTENSION_LIMIT")


async def test_an_extension_is_approved_where_the_only_open_step_is_not_named(
    office: Office,
) -> None:
    """批准延期 pasted without ``#环节`` moves the due date of the one step that is open."""
    wid = await start(office, "三定七未写环节")
    new = (await office.progress(wid)).steps[0].due_date + timedelta(days=7)
    await office.done(wid, Verb.ASK_EXTENSION, f"{STREET}经办甲", note="未齐", new_due=new)

    await office.done(wid, Verb.GRANT_EXTENSION, "甲区委编办经办甲")

    assert (await office.progress(wid)).steps[0].due_date == new


async def test_the_same_action_twice_is_once(office: Office) -> None:
    """A repeated action id gets the stored answer, also when both arrive at the same time."""
    import asyncio

    wid = await start(office, "三定八")
    action = {"action_id": "同一编号", "evidence": proof("草案")}

    replies = await asyncio.gather(
        *(office.act(wid, Verb.SUBMIT, f"{STREET}经办甲", "起草", **action) for _ in range(3))
    )

    assert {True} == {r.accepted for r in replies}
    assert len({r.seq for r in replies}) == 1
    assert sum(r["kind"] == "办理" for r in await office.log(wid)) == 1


async def test_the_second_run_knows_what_the_first_did(office: Office) -> None:
    """After continue-as-new the course goes on where it was: items, replies, timers, log numbers."""
    wid = await start(office, "三定九", history_limit=30)
    await draft_sanding(office, wid, STREET)
    once = await office.done(
        wid, Verb.APPROVE, "甲区委编办经办甲", "初审", verdicts=SOUND, action_id="初审一次"
    )
    await office.done(wid, Verb.APPROVE, "甲区委编办经办乙", "复审", verdicts=SOUND)
    handle = office.client.get_workflow_handle(wid)
    again = await office.act(
        wid, Verb.APPROVE, "甲区委编办经办甲", "初审", verdicts=SOUND, action_id="初审一次"
    )
    assert once.seq == again.seq
    for party in ("甲区领导", "甲区司法局"):
        await office.done(wid, Verb.OPINION, f"{party}经办甲", "三方沟通", note="同意")
    replies = {"甲区领导": "采纳", "甲区司法局": "采纳"}
    await office.done(wid, Verb.SUBMIT, "甲区委编办经办甲", "意见反馈", replies=replies)
    await office.pass_days(200)
    await office.done(wid, Verb.SUBMIT, f"{STREET}主要负责人", "报送")
    await office.done(wid, Verb.APPROVE, "甲区委编委经办甲", "审议", evidence=proof("纪要"))
    number = proof("发文字号", number="甲党办〔2026〕8号")
    await office.done(wid, Verb.COSIGN, "甲区委办经办甲", "印发", evidence=number)
    await office.done(wid, Verb.COSIGN, "甲区政府办经办甲", "印发", evidence=number)

    await handle.result()

    log = await office.log(wid)
    assert [*range(1, len(log) + 1)] == [r["seq"] for r in log]
    assert len({r["run_id"] for r in log}) > 1
    assert all(r["confirmed"] for r in log)

"""A list of duties from its draft to its acceptance, with everything that blocks it on the way."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from domain.procedure import Verb
from tests.duty_flows import (
    CITY,
    CONCERNED,
    CULTURE,
    FOUR,
    LEAD,
    LEGAL,
    PAPER,
    culture_sheet,
    lists_of,
)
from tests.duty_lists import NAME
from tests.office import Office, proof
from tests.small_plan import STREETS

ONE, TWO = STREETS


async def test_a_list_goes_from_draft_to_acceptance(office: Office) -> None:
    """Ten steps in the order of 4-26…4-43; it is cited from the issue on, and filed after it."""
    lists = await lists_of(office, "清单全程")
    await lists.bring(culture_sheet())
    started = await lists.draft()
    wid = started.workflow_id
    assert (started.created, wid) == (True, f"清单全程/甲区/清单/{NAME}")
    assert (await lists.draft()).created is False

    await lists.submit_draft(wid)
    await lists.hear(wid, **{CULTURE: "第1项应写明时限", ONE: "第2项不宜由街道主办"})
    await office.until_open(wid, "意见处置")
    await lists.bring(culture_sheet(街道职责="巡查，发现问题2小时内上报，配合处置。"))
    await lists.dispose(wid, **{CULTURE: "采纳", ONE: "不采纳：法律规定属地巡查"})
    await lists.find_lawful(wid)
    await lists.review(wid)
    assert await lists.cited() == ()
    await lists.issue(wid)
    await office.until_open(wid, "备案")
    (found,) = await lists.cited()
    assert (found.version, found.paper) == (1, PAPER)
    await office.pass_days(400)
    await lists.file(wid)
    await office.until_open(wid, "试运行")
    await lists.evaluate(*STREETS)
    await office.done(wid, Verb.SUBMIT, f"{LEAD}经办甲", "试运行")
    await lists.claim(*STREETS)
    for street in STREETS:
        await office.done(wid, Verb.SUBMIT, f"{street}经办甲", "认领")
    await office.done(wid, Verb.APPROVE, f"{LEAD}经办甲", "评估验收")
    result = await office.client.get_workflow_handle(wid).result()

    assert result["ending"] == "办结"
    (version,) = await office.rows("SELECT * FROM duty_list WHERE rollout = '清单全程'")
    assert (version["status"], version["filing_no"]) == ("有效", "市编备〔2026〕5号")
    filing = next(s for s in (await office.progress(wid)).steps if s.step == "备案")
    assert (filing.late, filing.light) == (False, "绿")


async def test_one_no_returns_the_list_to_its_draft(office: Office) -> None:
    """4-29: three 通过 do not outweigh one 不通过; then only what changed is judged and asked anew."""
    lists = await lists_of(office, "清单不通过")
    await lists.bring(culture_sheet(3))
    wid = (await lists.draft()).workflow_id
    await lists.submit_draft(wid)
    await lists.hear(wid)
    await lists.dispose(wid)
    await lists.find_lawful(wid)
    await office.until_open(wid, "四部门审核")
    for unit in FOUR[:3]:
        await office.done(wid, Verb.APPROVE, f"{unit}经办甲", "四部门审核")
    assert await office.open_steps(wid) == ["四部门审核"]
    with pytest.raises(DBAPIError, match="正在审核"):
        await lists.bring(culture_sheet(2))
    silent = await office.act(wid, Verb.REJECT, f"{FOUR[3]}经办甲", "四部门审核")
    assert silent.code == "REASON_MISSING"
    await office.done(wid, Verb.REJECT, f"{FOUR[3]}经办甲", "四部门审核", note="第3项无依据")
    await office.until_open(wid, "初稿")

    await lists.bring(culture_sheet(3, 街道职责="只负责上报。"))
    await lists.submit_draft(wid)
    await office.until_open(wid, "合法性审查")
    no = await office.act(wid, Verb.APPROVE, f"{LEGAL}经办甲", "合法性审查")
    assert (no.code, "还缺第1项" in no.sentence) == ("DUTY_VERDICT_MISSING", True)
    await lists.find_lawful(wid)
    await lists.review(wid)
    await lists.issue(wid)
    await office.until_open(wid, "备案")
    assert (await lists.cited())[0].street_duty == "只负责上报。"


async def test_an_opinion_not_disposed_of_blocks(office: Office) -> None:
    """4-27: a missing disposition, one without reason, one adopted but not written in: none goes on."""
    lists = await lists_of(office, "清单意见")
    await lists.bring(culture_sheet(3))
    wid = (await lists.draft()).workflow_id
    await lists.submit_draft(wid)
    await lists.hear(wid, **{ONE: "第1项人手不足"})
    await office.until_open(wid, "意见处置")

    async def dispose(**replies: str) -> str:
        person = f"{LEAD}经办甲"
        return (await office.act(wid, Verb.SUBMIT, person, "意见处置", replies=replies)).code

    assert await dispose() == "REPLY_MISSING"
    assert await dispose(**{ONE: "已阅"}) == "DUTY_DISPOSAL"
    assert await dispose(**{ONE: "不采纳。"}) == "DUTY_DISPOSAL_REASON"
    assert await dispose(**{ONE: "部分采纳"}) == "DUTY_NOT_REVISED"
    await lists.bring(culture_sheet(3, 街道职责="每月巡查。"))
    assert await dispose(**{ONE: "部分采纳"}) == ""


async def test_24_of_25_verdicts_block(office: Office) -> None:
    """4-28: all items or none; one judged unlawful cannot pass either, and goes back."""
    lists = await lists_of(office, "清单合法性")
    await lists.bring(culture_sheet())
    wid = (await lists.draft()).workflow_id
    await lists.submit_draft(wid)
    await lists.hear(wid)
    await lists.dispose(wid)
    await office.until_open(wid, "合法性审查")
    stranger = await lists.judge(person=f"{LEAD}经办甲")
    assert stranger.code == "NOT_YOUR_UNIT"
    judged = await lists.judge(only=tuple(range(1, 25)))
    assert (judged.judged, judged.counted) == (24, 25)
    no = await office.act(wid, Verb.APPROVE, f"{LEGAL}经办甲", "合法性审查")
    assert (no.code, "第25项" in no.sentence) == ("DUTY_VERDICT_MISSING", True)
    await lists.judge(7)
    no = await office.act(wid, Verb.APPROVE, f"{LEGAL}经办甲", "合法性审查")
    assert no.code == "DUTY_UNLAWFUL"
    await office.done(wid, Verb.RETURN, f"{LEGAL}经办甲", "合法性审查", note="第7项无据")
    await office.until_open(wid, "初稿")


async def test_a_header_of_25_over_24_rows_is_not_issued(office: Office) -> None:
    """Section 7: neither submitted nor issued, also where an item vanished after the review."""
    lists = await lists_of(office, "清单总数")
    await lists.bring(culture_sheet())
    wid = (await lists.draft()).workflow_id
    await lists.submit_draft(wid)
    await lists.hear(wid)
    await lists.dispose(wid)
    await lists.find_lawful(wid)
    await lists.review(wid)
    await office.until_open(wid, "联合印发")
    await office.change("DELETE FROM duty_item WHERE rollout = '清单总数' AND number = '25'")
    evidence = proof("发文字号", number=PAPER)
    no = await office.act(wid, Verb.COSIGN, f"{LEAD}经办甲", "联合印发", evidence=evidence)
    assert (no.code, "声明25项，实有24项" in no.sentence) == ("DUTY_TOTAL", True)
    await office.done(wid, Verb.RETURN, f"{LEAD}经办甲", "联合印发", note="少一项")
    await office.until_open(wid, "初稿")
    no = await office.act(wid, Verb.SUBMIT, f"{LEAD}经办甲", "初稿")
    assert no.code == "DUTY_TOTAL"
    assert await lists.cited() == ()


async def test_trial_and_claims_block_until_they_are_whole(office: Office) -> None:
    """4-40, 4-43: every street evaluated, every item claimed by every street; 13 days apart or not."""
    lists = await lists_of(office, "清单认领")
    wid = await lists.issued(culture_sheet(3))
    gone = await office.act(wid, Verb.WITHDRAW, f"{LEAD}经办甲")
    assert not gone.accepted
    await lists.file(wid)
    await office.until_open(wid, "试运行")
    await lists.evaluate(ONE)
    no = await office.act(wid, Verb.SUBMIT, f"{LEAD}经办甲", "试运行")
    assert (no.code, TWO in no.sentence) == ("DUTY_TRIAL_MISSING", True)
    back = await office.act(wid, Verb.WITHDRAW, f"{CITY}经办甲")
    assert back.code == "TOO_LATE_TO_WITHDRAW"
    await lists.evaluate(TWO)
    await office.done(wid, Verb.SUBMIT, f"{LEAD}经办甲", "试运行")
    await office.until_open(wid, "认领")
    await lists.claim(ONE, items=3)
    await office.done(wid, Verb.SUBMIT, f"{ONE}经办甲", "认领")
    await lists.claim(TWO, items=2)
    no = await office.act(wid, Verb.SUBMIT, f"{TWO}经办甲", "认领")
    assert (no.code, "缺第3项" in no.sentence) == ("DUTY_CLAIM_MISSING", True)
    await lists.claim(TWO, items=3)
    await office.done(wid, Verb.SUBMIT, f"{TWO}经办甲", "认领")
    await office.until_open(wid, "评估验收")
    await office.change(
        "UPDATE appointment SET valid_to = :now"
        " WHERE rollout = '清单认领' AND person = '二街道经办甲'",
        now=await office.now(),
    )
    no = await office.act(wid, Verb.APPROVE, f"{LEAD}经办甲", "评估验收")
    assert no.code == "DUTY_CLAIM_MISSING"
    await office.done(wid, Verb.RETURN, f"{LEAD}经办甲", "评估验收", to="认领", note="专人已调离")
    await office.until_open(wid, "认领")


async def test_an_ended_drafting_is_begun_anew(office: Office) -> None:
    """终止 opens the draft again; the next drafting has a number."""
    lists = await lists_of(office, "清单重办")
    await lists.bring(culture_sheet(2))
    wid = (await lists.draft()).workflow_id
    await lists.submit_draft(wid)
    await lists.hear(wid)
    await lists.dispose(wid)
    await lists.find_lawful(wid)
    await office.until_open(wid, "四部门审核")
    await office.done(wid, Verb.TERMINATE, "市协调员", note="另行起草")
    await office.client.get_workflow_handle(wid).result()
    await lists.bring(culture_sheet(3))

    again = await lists.draft()

    assert (again.created, again.workflow_id) == (True, f"{wid}-2")


async def test_the_course_goes_on_in_a_later_run(office: Office) -> None:
    """Continue-as-new asks nobody twice and issues once."""
    lists = await lists_of(office, "清单续办", history_limit=50)
    wid = await lists.issued(culture_sheet(2))
    assert await office.replay_all_runs(wid) > 1
    posted = [e["sentence"] for e in await office.log(wid) if e["kind"] == "记账"]
    assert posted == [f"第1版自印发起施行（{PAPER}）。"]
    asked = [e for e in await office.log(wid) if e["kind"] == "开启" and e["step"] == "征求意见"]
    assert len(asked) == 1


async def test_who_may_start_and_whom_it_needs(office: Office) -> None:
    """No draft, a stranger, an unknown reviewer, too short a time: refused before anything runs."""
    lists = await lists_of(office, "清单发起")
    assert (await lists.draft()).code == "DUTY_DRAFT_MISSING"
    await lists.bring(culture_sheet(2))
    assert (await lists.draft(f"{ONE}经办甲")).code == "NOT_YOUR_UNIT"
    assert (await lists.draft(reviewers=("区审计局",))).code == "UNKNOWN_UNIT"
    assert (await lists.draft(due=await office.today())).code == "DUTY_DUE_SHORT"
    assert (await lists.draft(workdays={"初审": 3})).code == "DUTY_STEP_UNKNOWN"
    started = await lists.draft(reviewers=("区司法局",), workdays={"备案": 7})
    assert (started.created, started.waiting) == (True, {"初稿": (LEAD,)})
    assert set(CONCERNED) >= set(STREETS)

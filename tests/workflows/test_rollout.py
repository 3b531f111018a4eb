"""A whole rollout on skipped time: order across levels, the end, a stop, a missing level."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from contracts import names
from contracts.procedure import ActionReply, StopOrder
from domain.plan import RowKind
from domain.procedure import Verb
from tests.office import SOUND, Office, draft_sanding, pass_sanding, proof
from tests.small_plan import CITY, DISTRICT, STREETS, only, row, small_plan

PLAN_DOCUMENTS = {
    "起草": ("模板对照", "政策依据", "区情材料", "意见采纳表", "条例合规说明"),
    "一上": ("报送文件",),
    "一下": ("书面反馈",),
    "二上": ("报送文件",),
    "二下": ("书面反馈",),
    "区委常委会审议": ("纪要",),
    "省市审核": ("审核意见",),
    "备案": ("备案号",),
}


async def approve_plan(office: Office, wid: str) -> None:
    """武昌's route: 二上二下, 常委会, 省市审核, 备案, 印发."""
    for step, documents in PLAN_DOCUMENTS.items():
        await office.until_open(wid, step)
        office_of = {
            "一下": "示例市委编办",
            "二下": "示例市委编办",
            "省市审核": "示例市委编办",
            "备案": "示例市委编办",
            "区委常委会审议": "甲区委常委会",
        }.get(step, "甲区委编办")
        verb = (
            Verb.APPROVE if step in ("一下", "二下", "区委常委会审议", "省市审核") else Verb.SUBMIT
        )
        await office.done(wid, verb, f"{office_of}经办甲", step, evidence=proof(*documents))
    for organ in ("甲区委办", "甲区政府办"):
        await office.done(wid, Verb.COSIGN, f"{organ}经办甲", "印发", evidence=proof("发文字号"))


async def hang(office: Office, wid: str, street: str) -> None:
    """挂牌 by the street, 核验 by the 编办."""
    await office.until_open(wid, "挂牌")
    evidence = proof("依据文号", f"挂牌·{street}")
    await office.done(wid, Verb.SUBMIT, f"{street}经办甲", "挂牌", evidence=evidence)
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "核验")


async def test_a_rollout_of_months_runs_to_its_end_in_order(office: Office) -> None:
    """方案 of the 区, then 三定, then 挂牌 of every 街道, then the city's 总结: each waits for its own."""
    plan = small_plan("全程", await office.today())
    handle = await office.start_rollout(plan)
    area = f"全程/{DISTRICT}"
    await approve_plan(office, f"{area}/{DISTRICT}/方案")
    await office.pass_days(20)
    for street in STREETS:
        sanding = f"{area}/{street}/三定"
        await office.until_open(sanding, "起草")
        await draft_sanding(office, sanding, street)
        await pass_sanding(office, sanding, street)
    started = await office.rows("SELECT item FROM board_row WHERE rollout = '全程'")
    assert "总结" not in {r["item"] for r in started}
    await office.pass_days(30)
    for street in STREETS:
        await hang(office, f"{area}/{street}/挂牌", street)
    last = f"全程/市级/{CITY}/总结"
    await office.until_open(last, "办理")
    await office.done(last, Verb.SUBMIT, f"{CITY}经办甲", "办理")
    await office.done(last, Verb.APPROVE, "示例市委编办经办甲", "确认")

    result = await handle.result()

    assert result.ended == 2
    board = await office.rows(
        "SELECT status, count(*) AS n FROM board_row WHERE rollout = '全程' GROUP BY status"
    )
    assert board == [{"status": "办结", "n": 6}]
    assert await office.rows("SELECT 1 FROM desk_item WHERE workflow_id LIKE '全程/%'") == []


async def test_only_the_leading_coordinator_stops_a_rollout(office: Office) -> None:
    """停止 by anybody else is refused; by the 牵头单位's 协调员 every open procedure ends as 终止."""
    plan = only(small_plan("停止", await office.today()), "2", "4")
    handle = await office.start_rollout(plan)
    wid = f"停止/{DISTRICT}/{STREETS[0]}/三定"
    await office.until_open(wid, "起草")
    refused, accepted = [
        await handle.execute_update(
            names.STOP_UPDATE,
            StopOrder(person=person, reason="试点调整", action_id=person),
            result_type=ActionReply,
        )
        for person in ("区协调员", "市协调员")
    ]
    await handle.result()

    assert (refused.accepted, refused.code) == (False, "NOT_COORDINATOR")
    assert accepted.accepted
    board = await office.rows("SELECT DISTINCT status FROM board_row WHERE rollout = '停止'")
    assert board == [{"status": "终止"}]
    assert "试点调整" in (await office.log(wid))[-1]["sentence"]


async def test_a_district_waits_for_its_own_streets(office: Office) -> None:
    """A row of the 区 opens once all of its 街道 are done, though nobody above waits for them."""
    today = await office.today()
    due = today + timedelta(days=40)
    plan = small_plan(
        "本区",
        today,
        row("1", "总结", RowKind.TASK, due),
        row("2", "核查", RowKind.TASK, due, targets=(DISTRICT,), after=("1",)),
    )
    await office.start_rollout(plan)
    for street in STREETS:
        wid = f"本区/{DISTRICT}/{street}/总结"
        await office.until_open(wid, "办理")
        await office.done(wid, Verb.SUBMIT, f"{street}经办甲", "办理")
        await office.until_open(wid, "确认")
        await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "确认")

    await office.until_open(f"本区/{DISTRICT}/{DISTRICT}/核查", "办理")


async def test_a_terminated_row_releases_those_that_wait_for_it(office: Office) -> None:
    """终止 by the coordinator is a decision: what waited for the row opens (ADR 0006)."""
    plan = small_plan("释放", await office.today())
    await office.start_rollout(plan)
    wid = f"释放/{DISTRICT}/{DISTRICT}/方案"
    await office.until_open(wid, "起草")
    await office.done(wid, Verb.TERMINATE, "市协调员", note="沿用上年方案")

    for street in STREETS:
        await office.until_open(f"释放/{DISTRICT}/{street}/三定", "起草")


async def test_two_actions_at_once_do_not_wedge_a_procedure(office: Office) -> None:
    """Eight people act on one step at the same time: one is done, the others are told why not."""
    plan = only(small_plan("同时", await office.today()), "2")
    wid = (await office.start_procedure(plan, "2", STREETS[0])).id
    await draft_sanding(office, wid, STREETS[0])

    replies = await asyncio.gather(
        *(
            office.act(wid, Verb.APPROVE, f"甲区委编办经办{who}", "初审", verdicts=SOUND)
            for who in "甲乙甲乙甲乙甲乙"
        )
    )

    assert sum(r.accepted for r in replies) == 1
    assert {"STEP_CLOSED"} == {r.code for r in replies if not r.accepted}

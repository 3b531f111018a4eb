"""A department's dispatch to a street: its guards, the street's refusal, 回告, and 移交."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.action import Evidence
from domain.case import Share
from domain.procedure import Verb
from runtime.converter import data_converter
from storage.engine import Database
from tests.case_hall import (
    CLERK,
    DECISION,
    JUSTICE,
    OFFICER,
    OTHER_CLERK,
    REFORM,
    URBAN,
    Hall,
    told_to,
)
from tests.cases import CULTURE, ELEMENTS, STREET, dispatch
from tests.office import Office
from tests.workflows.conftest import server_program

FILE = (Evidence(name="案卷", doc_no="一街卷〔2026〕1号"),)
GROUND = {"facts": {"拒收理由": "不属本街道"}, "note": "辖区以外"}
ARBITER = f"{REFORM}经办甲"


@pytest.fixture(scope="module")
async def hall(database: Database) -> AsyncIterator[Hall]:
    """One server for all: nothing here depends on the clock."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=server_program(), data_converter=data_converter
        ) as env,
        Office(env, database) as office,
    ):
        yield await Hall.of(office, "派单")


async def given(hall: Hall, **more: Any) -> str:
    """A dispatch that the street has before it."""
    return await hall.open(dispatch(await hall.office.now(), **more))


async def attempts(hall: Hall, number: str) -> list[dict[str, Any]]:
    """What was tried under a number."""
    question = "SELECT * FROM case_attempt WHERE rollout = :r AND number = :n ORDER BY at"
    return await hall.office.rows(question, r=hall.rollout, n=number)


@pytest.mark.parametrize("item", ["", "清单外", "99"])
async def test_what_is_on_no_list_is_refused_and_told(hall: Hall, item: str) -> None:
    """清单之外无协同 (4-20): refused, kept as a breach, and the 区委编办 hears of it (4-33)."""
    opening = dispatch(await hall.office.now(), item=item)
    reply = await hall.refused(opening)
    assert "OFF_LIST" == reply.code and reply.sentence.startswith("清单之外无协同")

    wid = f"{hall.rollout}/案件/{opening.number}"
    [tried] = await attempts(hall, opening.number)
    assert (True, "OFF_LIST", CULTURE, STREET) == (
        tried["breach"],
        tried["code"],
        tried["sender"],
        tried["street"],
    )
    told = await hall.notices(wid, "违规尝试")
    assert {("示例市委编办", "协调员"), (REFORM, "协调员")} == set(told_to(told))
    assert all(reply.sentence in n["text"] for n in told)
    row = await hall.row(wid)
    assert ("未受理", True, "OFF_LIST") == (row["status"], row["breach"], row["code"])
    kinds = [line["kind"] for line in await hall.office.log(wid)]
    assert ["拒绝", "结束"] == kinds
    assert not await hall.is_running(wid)


async def test_the_wrong_side_may_not_dispatch(hall: Hall) -> None:
    """4-20: another department cites 文旅局's item; the 主体责任 is not handed down as 主办."""
    now = await hall.office.now()
    foreign = dispatch(now, sender=URBAN, person=f"{URBAN}经办甲")
    reply = await hall.refused(foreign)
    assert "WRONG_SIDE" == reply.code and CULTURE in reply.sentence

    shifted = dispatch(now, item="1", share=Share.LEAD)
    reply = await hall.refused(shifted)
    assert "WRONG_SIDE" == reply.code and "转嫁" in reply.sentence
    assert [True, True] == [
        (await attempts(hall, one.number))[0]["breach"] for one in (foreign, shifted)
    ]
    helped = await hall.open(dispatch(now, item="1", share=Share.SUPPORT))
    assert await hall.is_running(helped)


async def test_a_sender_is_an_organ_and_speaks_for_itself(hall: Hall) -> None:
    """8.2: no inner office, no street, nobody of another unit; none of these is a breach."""
    now = await hall.office.now()
    openings = {
        "UNKNOWN_UNIT": dispatch(now, sender="甲区文旅局市场科"),
        "SENDER_KIND": dispatch(now, sender="二街道", person="二街道经办甲"),
        "NOT_YOUR_UNIT": dispatch(now, person=CLERK),
        "UNKNOWN_PERSON": dispatch(now, person="路人"),
        "NOT_A_STREET": dispatch(now, street=URBAN),
        "CASE_CHANNEL": dispatch(now, channel=None),
    }
    for code, opening in openings.items():
        assert code == (await hall.refused(opening)).code
        assert not (await attempts(hall, opening.number))[0]["breach"]
    streetless = dispatch(now, street="九街道")
    assert "UNKNOWN_UNIT" == (await hall.refused(streetless)).code


async def test_without_a_named_person_nobody_could_take_it(hall: Hall) -> None:
    """4-13: the street has not claimed the item, or not any more."""
    own = await Hall.of(hall.office, "派单无专人")
    await hall.office.change(
        "UPDATE duty_claim SET ended_at = :at WHERE rollout = :r AND street = :s",
        at=await hall.office.now(),
        r=own.rollout,
        s=STREET,
    )
    opening = dispatch(await hall.office.now())
    assert "NO_LIAISON" == (await own.refused(opening)).code
    assert not (await attempts(own, opening.number))[0]["breach"]
    elsewhere = dispatch(await hall.office.now(), street="二街道")
    assert await own.is_running(await own.open(elsewhere))


async def test_a_number_may_be_used_again_after_a_refusal(hall: Hall) -> None:
    """Both attempts stay in the log, numbered on, and the case that follows comes after them."""
    number = "甲文旅-再用"
    now = await hall.office.now()
    for n in (1, 2):
        reply = await hall.refused(dispatch(now, number=number, item=str(90 + n)))
        assert "OFF_LIST" == reply.code
    wid = await hall.open(dispatch(now, number=number))

    assert 2 == len(await attempts(hall, number))
    log = await hall.office.log(wid)
    assert [line["seq"] for line in log] == list(range(1, len(log) + 1))
    assert ["拒绝", "结束", "拒绝", "结束", "开启", "办理", "开启"] == [e["kind"] for e in log]
    assert "办理中" == (await hall.row(wid))["status"]
    reply = await hall.refused(dispatch(now, number=number))
    assert "CASE_ID_USED" == reply.code
    assert "办理中" == (await hall.row(wid))["status"]


async def test_the_named_person_signs_and_whoever_stands_in(hall: Hall) -> None:
    """4-13: another clerk of the street may not; the 代办 of an absent 专人 may, nobody else."""
    first, second, third = [await given(hall) for _ in range(3)]
    assert "ASSIGNED_TO_OTHER" == await hall.no(first, "签收", Verb.ACCEPT, OTHER_CLERK)
    assert "NOT_YOUR_UNIT" == await hall.no(first, "签收", Verb.ACCEPT, "二街道经办甲")
    assert ("办理",) == await hall.done(first, "签收", Verb.ACCEPT, f"{STREET}代办")

    await hall.stand_in(CLERK, OTHER_CLERK)
    await hall.done(second, "签收", Verb.ACCEPT, OTHER_CLERK)
    await hall.is_back(CLERK)
    assert "ASSIGNED_TO_OTHER" == await hall.no(third, "签收", Verb.ACCEPT, OTHER_CLERK)
    await hall.done(third, "签收", Verb.ACCEPT, CLERK)


async def test_a_named_person_may_pass_it_on(hall: Hall) -> None:
    """转办 at the desk: the clerk named by it acts from then on."""
    wid = await given(hall)
    await hall.done(wid, "签收", Verb.ACCEPT, CLERK)
    await hall.done(wid, "办理", Verb.ASSIGN, CLERK, to=OTHER_CLERK)
    assert "ASSIGNED_TO_OTHER" == await hall.no(wid, "办理", Verb.SUBMIT, CLERK)
    assert ("回告",) == await hall.done(wid, "办理", Verb.SUBMIT, OTHER_CLERK, note="已整改")


async def refused(hall: Hall) -> str:
    """A dispatch that the street has refused; the refusal stands until it is decided."""
    wid = await given(hall)
    ungrounded = {"note": "辖区以外"}
    assert "GROUND_MISSING" == await hall.no(wid, "签收", Verb.REFUSE, CLERK, **ungrounded)
    assert "REASON_MISSING" == await hall.no(wid, "签收", Verb.REFUSE, CLERK, facts=GROUND["facts"])
    assert ("裁定",) == await hall.done(wid, "签收", Verb.REFUSE, CLERK, **GROUND)
    assert "STEP_CLOSED" == await hall.no(wid, "签收", Verb.ACCEPT, CLERK)
    return wid


async def test_a_street_refuses_and_the_arbiter_upholds(hall: Hall) -> None:
    """裁定 by the 区委编办, not by who dispatched: the dispatch ends."""
    wid = await refused(hall)
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "裁定", Verb.APPROVE, OFFICER)
    await hall.done(wid, "裁定", Verb.APPROVE, ARBITER)
    assert "办结" == await hall.ended(wid)
    assert 1 == (await hall.row(wid))["refusals"]


async def test_a_refusal_that_is_rejected_must_be_taken(hall: Hall) -> None:
    """裁定不通过, with its reason: the street signs, it cannot refuse again."""
    wid = await refused(hall)
    assert "REASON_MISSING" == await hall.no(wid, "裁定", Verb.REJECT, ARBITER)
    await hall.done(wid, "裁定", Verb.REJECT, ARBITER, note="属街道主体责任")
    assert "WRONG_VERB" == await hall.no(wid, "签收", Verb.REFUSE, CLERK, **GROUND)
    assert ("办理",) == await hall.done(wid, "签收", Verb.ACCEPT, CLERK)
    await hall.done(wid, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
    await hall.done(wid, "确认", Verb.APPROVE, OFFICER)
    assert "办结" == await hall.ended(wid)


async def test_no_dispatch_closes_without_its_reply(hall: Hall) -> None:
    """4-14: after 办理 the 回告 with its four elements, then the department confirms."""
    wid = await given(hall)
    await hall.done(wid, "签收", Verb.ACCEPT, CLERK)
    assert "WRONG_VERB" == await hall.no(wid, "办理", Verb.APPROVE, CLERK)
    assert ("回告",) == await hall.done(wid, "办理", Verb.SUBMIT, CLERK)
    for name in ELEMENTS:
        partly = {k: v for k, v in ELEMENTS.items() if k != name}
        reply = await hall.office.act(wid, Verb.REPLY, CLERK, "回告", facts=partly)
        assert "ELEMENT_MISSING" == reply.code and name in reply.sentence
    assert await hall.is_running(wid)
    assert ("确认",) == await hall.done(wid, "回告", Verb.REPLY, CLERK, facts=ELEMENTS)
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "确认", Verb.APPROVE, CLERK)
    await hall.done(wid, "确认", Verb.APPROVE, OFFICER)
    assert "办结" == await hall.ended(wid)


async def test_returns_beyond_the_limit_go_up(hall: Hall) -> None:
    """Two returns are the department's; the third reply is confirmed or returned by the 编办."""
    wid = await given(hall)
    await hall.done(wid, "签收", Verb.ACCEPT, CLERK)
    for turn in range(4):
        above = turn >= 2
        step, who = ("提级确认", ARBITER) if above else ("确认", OFFICER)
        opened = await hall.done(wid, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
        assert (step,) == opened
        if above:
            assert "NOT_YOUR_UNIT" == await hall.no(wid, step, Verb.APPROVE, OFFICER)
        if turn < 3:
            assert "REASON_MISSING" == await hall.no(wid, step, Verb.RETURN, who)
            await hall.done(wid, step, Verb.RETURN, who, note="没有照片")
            assert turn + 1 == (await hall.row(wid))["returns"]
    await hall.done(wid, "提级确认", Verb.APPROVE, ARBITER)
    assert "办结" == await hall.ended(wid)


async def handed_over(hall: Hall, to: str = "") -> str:
    """A case that the street could not carry and has sent on (4-15)."""
    wid = await given(hall)
    await hall.done(wid, "签收", Verb.ACCEPT, CLERK)
    why = {"note": "涉及多部门，街道无法承担"}
    assert "DOCUMENT_MISSING" == await hall.no(wid, "办理", Verb.HAND_OVER, CLERK, **why)
    assert "REASON_MISSING" == await hall.no(wid, "办理", Verb.HAND_OVER, CLERK, evidence=FILE)
    own = {**why, "evidence": FILE, "to": STREET}
    assert "TARGET_SELF" == await hall.no(wid, "办理", Verb.HAND_OVER, CLERK, **own)
    nobody = {**why, "evidence": FILE, "to": "甲区文化局"}
    assert "UNKNOWN_UNIT" == await hall.no(wid, "办理", Verb.HAND_OVER, CLERK, **nobody)
    there = {**why, "evidence": FILE, "to": to}
    assert ("接收移交",) == await hall.done(wid, "办理", Verb.HAND_OVER, CLERK, **there)
    return wid


@pytest.mark.parametrize("to", ["", URBAN])
async def test_a_complex_case_moves_when_it_is_accepted(hall: Hall, to: str) -> None:
    """4-15: to the department that dispatched, or to another; who took it goes on and replies."""
    wid = await handed_over(hall, to)
    receiver = to or CULTURE
    assert ("继续办理",) == await hall.done(wid, "接收移交", Verb.ACCEPT, f"{receiver}经办甲")
    assert (receiver,) == (await hall.open_step(wid)).units
    assert "ELEMENT_MISSING" == await hall.no(wid, "继续办理", Verb.REPLY, f"{receiver}经办甲")
    await hall.done(wid, "继续办理", Verb.REPLY, f"{receiver}经办甲", facts=ELEMENTS)
    assert "办结" == await hall.ended(wid)
    assert receiver == (await hall.row(wid))["receiver"]


async def test_a_complex_case_that_nobody_takes_is_decided(hall: Hall) -> None:
    """Refused, talked about in vain, designated to a third, who cannot refuse."""
    wid = await handed_over(hall, URBAN)
    await hall.done(wid, "接收移交", Verb.REFUSE, f"{URBAN}经办甲", note="不属本部门")
    await hall.done(wid, "协商", Verb.SUBMIT, CLERK, note="协商不成")
    named = {"to": CULTURE, "evidence": DECISION}
    await hall.done(wid, "指定", Verb.DESIGNATE, f"{JUSTICE}经办甲", **named)
    assert "WRONG_VERB" == await hall.no(wid, "接收移交", Verb.REFUSE, OFFICER, note="不收")
    await hall.done(wid, "接收移交", Verb.ACCEPT, OFFICER)
    await hall.done(wid, "继续办理", Verb.REPLY, OFFICER, facts=ELEMENTS)
    assert "办结" == await hall.ended(wid)


async def test_a_complex_case_may_be_taken_in_the_talk(hall: Hall) -> None:
    """Refused at first and then agreed to: the receiver goes on with it."""
    wid = await handed_over(hall, URBAN)
    await hall.done(wid, "接收移交", Verb.REFUSE, f"{URBAN}经办甲", note="不属本部门")
    await hall.done(wid, "协商", Verb.ACCEPT, f"{URBAN}经办甲")
    await hall.done(wid, "继续办理", Verb.REPLY, f"{URBAN}经办甲", facts=ELEMENTS)
    assert "办结" == await hall.ended(wid)


@pytest.mark.parametrize("kept", [True, False])
async def test_a_complex_case_that_stays_is_replied_to_and_confirmed(
    hall: Hall, kept: bool
) -> None:
    """自办, or designated to the street: the 回告 is owed, and one that is returned done again."""
    wid = await handed_over(hall)
    await hall.done(wid, "接收移交", Verb.REFUSE, OFFICER, note="街道能办")
    if kept:
        await hall.done(wid, "协商", Verb.KEEP, CLERK, note="街道自办")
    else:
        await hall.done(wid, "协商", Verb.SUBMIT, CLERK, note="协商不成")
        named = {"to": STREET, "evidence": DECISION}
        await hall.done(wid, "指定", Verb.DESIGNATE, f"{JUSTICE}经办甲", **named)
    await hall.done(wid, "回告", Verb.REPLY, CLERK, facts=ELEMENTS)
    await hall.done(wid, "确认", Verb.RETURN, OFFICER, note="没有照片")
    await hall.done(wid, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
    await hall.done(wid, "确认", Verb.APPROVE, OFFICER)
    assert "办结" == await hall.ended(wid)


async def test_the_list_in_force_now_counts_not_one_that_was(hall: Hall) -> None:
    """4-20: an item struck off yesterday cannot be dispatched on by an older finding."""
    own = await Hall.of(hall.office, "派单除名")
    now = await hall.office.now()
    await hall.office.change(
        "UPDATE duty_list SET effective_to = :at, status = '已废止' WHERE rollout = :r",
        at=now - timedelta(days=1),
        r=own.rollout,
    )
    reply = await own.refused(dispatch(now - timedelta(days=2)))
    assert "OFF_LIST" == reply.code

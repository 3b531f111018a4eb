"""A case from a street to the district: every branch of 报告, 交接, 签收, and of a refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.action import Evidence
from domain.case import CaseKind, PhoneCall, Urgency
from domain.case_limits import CaseLimit, LimitUnit
from domain.procedure import Verb
from runtime.converter import data_converter
from storage.engine import Database
from tests.case_hall import (
    CLERK,
    DECISION,
    HANDED_OVER,
    JUSTICE,
    OFFICER,
    OTHER_CLERK,
    REPORTED,
    SLIPS,
    URBAN,
    Hall,
    next_day,
    shanghai,
    told_to,
)
from tests.cases import CULTURE, HOUR, SLIP, STREET, report
from tests.office import Office
from tests.workflows.conftest import server_program


@pytest.fixture(scope="module")
async def hall(database: Database) -> AsyncIterator[Hall]:
    """One server for all that does not need a clock of its own."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=server_program(), data_converter=data_converter
        ) as env,
        Office(env, database) as office,
    ):
        yield await Hall.of(office, "上报")


async def test_what_was_only_registered_turns_red_and_is_still_to_be_reported(
    office: Office,
) -> None:
    """T1 runs out, the 第一责任人 and next working day the 分管领导 hear; then it is reported."""
    hall = await Hall.of(office, "登记")
    monday = next_day(await office.today(), 0)
    await hall.until(shanghai(monday, "15:00"))
    wid = await hall.open(report(await office.now(), reported=False))
    assert ["报告"] == [s.step for s in await hall.steps(wid)]

    await hall.until(shanghai(monday + timedelta(days=1), "09:30"))

    levels = [(n["level"], n["unit"], n["recipient"]) for n in await hall.notices(wid)]
    assert [
        ("提醒", STREET, "经办人"),
        ("提醒", STREET, "经办人"),
        ("升级", STREET, "第一责任人"),
        ("升级", STREET, "第一书记"),
    ] == [(a, b, "第一书记" if c in ("分管领导", "第一书记") else c) for a, b, c in levels]
    assert "红" == (await hall.open_step(wid)).light
    assert ("交接",) == await hall.done(wid, "报告", Verb.SUBMIT, CLERK)
    clock = await hall.clock(wid, REPORTED)
    assert ("送达", STREET) == (clock.by, clock.late_by)
    assert await hall.is_running(wid)


async def test_a_telephone_call_stops_the_report_at_its_own_time(hall: Hall) -> None:
    """Found yesterday 22:00 and telephoned at 23:00: in time, though written down today."""
    found = shanghai(await hall.office.today() - timedelta(days=1), "22:00")
    call = PhoneCall(at=found + HOUR, taken_by="甲区文旅局值班员")

    called = await hall.open(report(found, phone=call))
    written = await hall.open(report(found))

    clock = await hall.clock(called, REPORTED)
    assert (call.at, "电话", "") == (clock.stopped_at, clock.by, clock.late_by)
    clock = await hall.clock(written, REPORTED)
    assert ("送达", STREET) == (clock.by, clock.late_by)


async def test_a_call_may_be_told_when_the_report_is_made_later(hall: Hall) -> None:
    """4-11: registered yesterday, telephoned in time, the written report follows: in time."""
    found = shanghai(await hall.office.today() - timedelta(days=1), "22:00")
    wid = await hall.open(report(found, reported=False))

    for said in (
        "昨天下午",
        "21:00",
        f"{await hall.office.today() + timedelta(days=1)} 23:00 王某",
    ):
        bad = {"facts": {"电话报告": said}}
        assert await hall.no(wid, "报告", Verb.SUBMIT, CLERK, **bad) in ("CASE_CALL", "CALL_TIME")
    await hall.done(wid, "报告", Verb.SUBMIT, CLERK, facts={"电话报告": "22:40 王某"})

    clock = await hall.clock(wid, REPORTED)
    assert (found + timedelta(minutes=40), "电话", "") == (
        clock.stopped_at,
        clock.by,
        clock.late_by,
    )


async def test_a_receivers_delay_is_not_the_streets(office: Office) -> None:
    """Delivered in time and signed late is the receiver's; delivered late is the street's (4-12)."""
    hall = await Hall.of(office, "延误")
    monday = next_day(await office.today(), 0)
    await hall.until(shanghai(monday, "09:00"))
    quick = await hall.open(report(await office.now(), **SLIPS))
    slow = await hall.open(report(await office.now()))
    await hall.until(shanghai(monday + timedelta(days=3), "23:59"))
    assert "" == (await hall.clock(quick, HANDED_OVER)).late_by

    await hall.until(shanghai(monday + timedelta(days=4), "10:00"))
    await hall.done(slow, "交接", Verb.SUBMIT, CLERK, evidence=(SLIP,))
    await hall.done(quick, "签收", Verb.ACCEPT, OFFICER)
    await hall.done(slow, "签收", Verb.ACCEPT, OFFICER)

    delivered = shanghai(monday, "09:00")
    theirs = await hall.clock(quick, HANDED_OVER)
    assert ("签收", CULTURE) == (theirs.by, theirs.late_by)
    assert theirs.delivered_at is not None
    assert timedelta(0) <= theirs.delivered_at - delivered < timedelta(minutes=1)
    ours = await hall.clock(slow, HANDED_OVER)
    assert ("签收", STREET) == (ours.by, ours.late_by)
    assert ours.delivered_at is not None and ours.delivered_at > ours.due_at  # type: ignore[operator]


async def test_sending_does_not_stop_the_handover(office: Office) -> None:
    """送达 alone leaves T2 running: at its end the receiver is red and told higher."""
    hall = await Hall.of(office, "送达")
    monday = next_day(await office.today(), 0)
    await hall.until(shanghai(monday, "09:00"))
    wid = await hall.open(report(await office.now(), **SLIPS))
    clock = await hall.clock(wid, HANDED_OVER)
    assert clock.delivered_at is not None and clock.stopped_at is None

    await hall.until(shanghai(monday + timedelta(days=4), "09:30"))

    assert "红" == (await hall.open_step(wid)).light
    assert STREET not in {n["unit"] for n in await hall.notices(wid)}
    assert (CULTURE, "第一责任人") in told_to(await hall.notices(wid, "升级"))


async def test_an_urgent_case_has_24_hours_where_the_district_set_them(hall: Hall) -> None:
    """8.2: from the minute of the finding; without the setting an urgent case has 3 days."""
    day = CaseLimit(
        unit=LimitUnit.HOURS, count=24, basis="甲政办〔2026〕5号", from_trigger=True, always=True
    )
    own = await Hall.of(hall.office, "紧急", urgent=day)
    found = (await hall.office.now()).replace(second=0, microsecond=0) - HOUR

    urgent = await own.open(report(found, urgency=Urgency.URGENT, **SLIPS))
    normal = await own.open(report(found, **SLIPS))
    unset = await hall.open(report(found, urgency=Urgency.URGENT, **SLIPS))

    assert found + 24 * HOUR == (await own.open_step(urgent)).due_at
    clock = await own.clock(urgent, HANDED_OVER)
    assert (found + 24 * HOUR, "甲政办〔2026〕5号") == (clock.due_at, clock.basis)
    for kept in (normal, unset):
        assert (await own.open_step(kept)).due_at > found + 48 * HOUR


async def refused_case(hall: Hall) -> str:
    """A case whose receiver has refused it."""
    wid = await hall.open(report(await hall.office.now(), **SLIPS))
    assert "REASON_MISSING" == await hall.no(wid, "签收", Verb.REFUSE, OFFICER)
    assert ("协商",) == await hall.done(wid, "签收", Verb.REFUSE, OFFICER, note="不属本部门")
    return wid


async def test_a_refused_case_may_be_taken_after_all(hall: Hall) -> None:
    """协商: only the receiver agrees to take it, and T2 stops at that."""
    wid = await refused_case(hall)
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "协商", Verb.ACCEPT, CLERK, unit=STREET)
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "协商", Verb.ACCEPT, CLERK)
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "协商", Verb.KEEP, OFFICER, note="请街道办")

    assert ("办理",) == await hall.done(wid, "协商", Verb.ACCEPT, OFFICER)
    await hall.done(wid, "办理", Verb.SUBMIT, OFFICER, note="立案")

    assert "办结" == await hall.ended(wid)
    clock = await hall.clock(wid, HANDED_OVER)
    assert clock.stopped_at is not None and clock.by == "签收"
    assert (1, 0) == ((await hall.row(wid))["refusals"], (await hall.row(wid))["returns"])


async def test_the_street_may_keep_a_refused_case(hall: Hall) -> None:
    """自办: with its reason; the case ends with the street and its clocks stand still."""
    wid = await refused_case(hall)
    assert "REASON_MISSING" == await hall.no(wid, "协商", Verb.KEEP, CLERK)
    await hall.done(wid, "协商", Verb.KEEP, CLERK, note="街道有权处理")

    assert "办结" == await hall.ended(wid)
    clock = await hall.clock(wid, HANDED_OVER)
    assert clock.stopped_at is not None and clock.by == "自办"


@pytest.mark.parametrize("receiver", [CULTURE, URBAN])
async def test_the_common_superior_designates_who_takes_it(hall: Hall, receiver: str) -> None:
    """行政处罚法 art. 25: by its own paper, to the receiver or another, who cannot refuse again."""
    wid = await refused_case(hall)
    assert ("指定",) == await hall.done(wid, "协商", Verb.SUBMIT, OTHER_CLERK, note="协商不成")
    judge = f"{JUSTICE}经办甲"
    assert "DOCUMENT_MISSING" == await hall.no(wid, "指定", Verb.DESIGNATE, judge, to=receiver)
    assert "TARGET_MISSING" == await hall.no(wid, "指定", Verb.DESIGNATE, judge, evidence=DECISION)
    unknown = {"to": "甲区文化局", "evidence": DECISION}
    assert "UNKNOWN_UNIT" == await hall.no(wid, "指定", Verb.DESIGNATE, judge, **unknown)
    named = {"to": receiver, "evidence": DECISION}
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "指定", Verb.DESIGNATE, OFFICER, **named)
    await hall.done(wid, "指定", Verb.DESIGNATE, judge, **named)

    assert receiver == (await hall.row(wid))["receiver"]
    assert (receiver,) == (await hall.open_step(wid)).units
    officer = f"{receiver}经办甲"
    assert "WRONG_VERB" == await hall.no(wid, "签收", Verb.REFUSE, officer, note="仍不属本部门")
    await hall.done(wid, "签收", Verb.ACCEPT, officer)
    await hall.done(wid, "办理", Verb.SUBMIT, officer)

    assert "办结" == await hall.ended(wid)
    steps = [(s.step, s.visit) for s in await hall.steps(wid)]
    assert ("签收", 2) in steps
    clock = await hall.clock(wid, HANDED_OVER)
    assert clock.stopped_at is not None and clock.by == "签收"


async def test_the_superior_may_give_it_back_to_the_street(hall: Hall) -> None:
    """指定本街道: the case ends there, by the decision."""
    wid = await refused_case(hall)
    await hall.done(wid, "协商", Verb.SUBMIT, OFFICER, note="协商不成")
    named = {"to": STREET, "evidence": DECISION}
    await hall.done(wid, "指定", Verb.DESIGNATE, f"{JUSTICE}经办甲", **named)

    assert "办结" == await hall.ended(wid)
    clock = await hall.clock(wid, HANDED_OVER)
    assert clock.stopped_at is not None and clock.by == "指定"


async def test_the_delay_of_a_decision_is_who_had_to_decide(office: Office) -> None:
    """T2 runs on while a refusal is decided; who held it as it ran out is named, not the taker."""
    hall = await Hall.of(office, "裁决延误")
    monday = next_day(await office.today(), 0)
    await hall.until(shanghai(monday, "09:00"))
    wid = await refused_case(hall)
    await hall.done(wid, "协商", Verb.SUBMIT, OFFICER, note="协商不成")

    await hall.until(shanghai(monday + timedelta(days=7), "10:00"))
    named = {"to": URBAN, "evidence": DECISION}
    await hall.done(wid, "指定", Verb.DESIGNATE, f"{JUSTICE}经办甲", **named)
    await hall.done(wid, "签收", Verb.ACCEPT, f"{URBAN}经办甲")

    clock = await hall.clock(wid, HANDED_OVER)
    assert ("签收", JUSTICE) == (clock.by, clock.late_by)


async def test_the_item_is_named_at_the_latest_at_the_handover(hall: Hall) -> None:
    """3-14, 4-10: reported without; then an unknown number is refused and the right one cited."""
    wid = await hall.open(report(await hall.office.now(), item="", receivers=(CULTURE,)))
    slip = {"evidence": (SLIP,)}
    assert "ITEM_MISSING" == await hall.no(wid, "交接", Verb.SUBMIT, CLERK, **slip)
    unknown = {**slip, "facts": {"事项": "99"}}
    assert "ITEM_UNKNOWN" == await hall.no(wid, "交接", Verb.SUBMIT, CLERK, **unknown)
    assert "" == (await hall.row(wid))["item"]

    await hall.done(wid, "交接", Verb.SUBMIT, CLERK, **slip, facts={"事项": "1"})

    row = await hall.row(wid)
    assert ("上报", "1", 1) == (row["kind"], row["item"], row["list_version"])


async def test_what_is_on_no_list_is_handed_over_as_a_referral(hall: Hall) -> None:
    """3-14: 清单外 at the handover turns the 上报 into a 移送, under the same clocks."""
    wid = await hall.open(report(await hall.office.now(), item="", receivers=(CULTURE,)))
    due = (await hall.open_step(wid)).due_at

    more = {"evidence": (SLIP,), "facts": {"事项": "清单外"}}
    await hall.done(wid, "交接", Verb.SUBMIT, CLERK, **more)

    row = await hall.row(wid)
    assert ("移送", "") == (row["kind"], row["item"])
    assert (due, "4-12") == (
        (await hall.clock(wid, HANDED_OVER)).due_at,
        (await hall.clock(wid, HANDED_OVER)).basis,
    )


@pytest.mark.parametrize("item", ["77", "清单外"])
async def test_a_report_off_the_list_is_never_refused(hall: Hall, item: str) -> None:
    """3-14: it becomes a 移送 to the competent department, which must be named."""
    alone = await hall.refused(report(await hall.office.now(), item=item))
    assert "RECEIVER_MISSING" == alone.code

    opening = report(await hall.office.now(), item=item, receivers=(URBAN,), **SLIPS)
    wid, reply = await hall.answer(opening)

    assert reply.accepted and "移送" in reply.sentence
    row = await hall.row(wid)
    assert ("移送", URBAN, "") == (row["kind"], row["receiver"], row["item"])
    await hall.done(wid, "签收", Verb.ACCEPT, f"{URBAN}经办甲")
    await hall.done(wid, "办理", Verb.SUBMIT, f"{URBAN}经办甲")
    assert "办结" == await hall.ended(wid)


async def test_a_referral_needs_no_item(hall: Hall) -> None:
    """移送 as such: to whom is said, no item is asked for."""
    given = {"kind": CaseKind.REFERRAL, "item": "", "receivers": (URBAN,)}
    wid = await hall.open(report(await hall.office.now(), **given))
    assert ("签收",) == await hall.done(wid, "交接", Verb.SUBMIT, CLERK, evidence=(SLIP,))


async def test_officers_and_documents_are_asked_for_where_settled(hall: Hall) -> None:
    """8.2: two officers and a checklist, at the opening with handover and at a later handover."""
    own = await Hall.of(hall.office, "清单附件", officers=2, documents=("询问笔录", "照片"))
    now = await hall.office.now()
    lacking = await own.refused(report(now, **SLIPS))
    assert "DOCUMENT_MISSING" == lacking.code and "询问笔录、照片" in lacking.sentence
    papers = tuple(Evidence(name=n, doc_no="1号") for n in ("交接单", "询问笔录", "照片"))
    alone = report(now, handed_over=True, evidence=papers, officers=("张三", "张三"))
    assert "OFFICERS_FEW" == (await own.refused(alone)).code

    later = await own.open(report(now))
    facts = {"执法人员": "张三、李四"}
    assert "DOCUMENT_MISSING" == await own.no(
        later, "交接", Verb.SUBMIT, CLERK, evidence=(SLIP,), facts=facts
    )
    assert "OFFICERS_FEW" == await own.no(later, "交接", Verb.SUBMIT, CLERK, evidence=papers)
    await own.done(later, "交接", Verb.SUBMIT, CLERK, evidence=papers, facts=facts)
    at_once = report(now, handed_over=True, evidence=papers, officers=("张三", "李四"))
    assert "签收" == (await own.open_step(await own.open(at_once))).step

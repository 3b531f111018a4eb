"""民呼我应, 吹哨报到 and suspected crime: the cases beside 双向派单 through the real workflow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.action import Evidence
from domain.case import CaseKind, Source
from domain.case_limits import CaseLimit, CaseSettings, LimitUnit
from domain.procedure import Verb
from runtime.converter import data_converter
from storage.engine import Database
from tests.case_hall import CLERK, OFFICER, POLICE, URBAN, Hall, next_day, shanghai, told_to
from tests.cases import CULTURE, ELEMENTS, HOUR, STREET, report
from tests.office import Office
from tests.workflows.conftest import server_program

HEAD = f"{STREET}主要负责人"
CRIME_FILE = tuple(Evidence(name=n, doc_no="一街移〔2026〕1号") for n in ("移送书", "案卷"))
MOVED = (Evidence(name="移送清单", doc_no="清单1号"),)
ANSWERED = {"facts": {"回复日期": "2026-12-01", "回复方式": "电话"}}
THERE = {"facts": {"到场人员": "张三", "到场时间": "10时05分"}}
OFFICERS = {"officers": ("张三", "李四"), "evidence": CRIME_FILE}


@pytest.fixture(scope="module")
async def hall(database: Database) -> AsyncIterator[Hall]:
    """One server for all that does not need a clock of its own."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=server_program(), data_converter=data_converter
        ) as env,
        Office(env, database) as office,
    ):
        yield await Hall.of(office, "其他案件")


async def opened(hall: Hall, kind: CaseKind, **more: Any) -> str:
    """A case of a kind, which cites no item."""
    return await hall.open(report(await hall.office.now(), kind=kind, item="", **more))


async def test_a_citizen_is_answered_before_anything_closes(hall: Hall) -> None:
    """1-46: 受理 → 分流 → 办理 → 回复; what is not good enough goes back to who handled it."""
    wid = await opened(hall, CaseKind.CITIZEN, source=Source.COMPLAINT, incoming="12345-0001")
    assert ("办理",) == await hall.done(wid, "分流", Verb.DESIGNATE, CLERK, to=URBAN)
    worker = f"{URBAN}经办甲"
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "办理", Verb.REPLY, OFFICER, facts=ELEMENTS)
    assert "ELEMENT_MISSING" == await hall.no(wid, "办理", Verb.REPLY, worker)
    assert ("回复",) == await hall.done(wid, "办理", Verb.REPLY, worker, facts=ELEMENTS)
    assert await hall.is_running(wid)
    assert ("办理",) == await hall.done(wid, "回复", Verb.RETURN, CLERK, note="没有答到点上")
    await hall.done(wid, "办理", Verb.REPLY, worker, facts=ELEMENTS)
    assert "ELEMENT_MISSING" == await hall.no(wid, "回复", Verb.REPLY, CLERK)
    await hall.done(wid, "回复", Verb.REPLY, CLERK, **ANSWERED)

    assert "办结" == await hall.ended(wid)
    row = await hall.row(wid)
    assert (URBAN, 1) == (row["receiver"], row["returns"])
    told = [line["detail"].get("facts", {}) for line in await hall.lines(wid, "办理")]
    assert "12345-0001" == told[0]["来件编号"] and ANSWERED["facts"] == told[-1]


async def test_a_citizens_case_may_stay_with_the_street(hall: Hall) -> None:
    """分流 to the street itself: it handles and answers."""
    wid = await opened(hall, CaseKind.CITIZEN, incoming="12345-0002")
    await hall.done(wid, "分流", Verb.DESIGNATE, CLERK, to=STREET)
    await hall.done(wid, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
    await hall.done(wid, "回复", Verb.REPLY, CLERK, **ANSWERED)
    assert "办结" == await hall.ended(wid)


async def test_three_departments_arrive_each_for_itself(hall: Hall) -> None:
    """0-47: 处置 begins when the last of them is there; who came late is named, not the others."""
    limit = CaseLimit(unit=LimitUnit.HOURS, count=1, basis="甲政办〔2026〕5号", always=True)
    limits = {**CaseSettings().limits, "报到": limit}
    own = await Hall.of(hall.office, "吹哨时限", limits=limits)
    called = (CULTURE, URBAN, POLICE)
    wid = await opened(own, CaseKind.WHISTLE, receivers=called)
    assert called == (await own.open_step(wid)).units

    assert "NOT_YOUR_UNIT" == await own.no(wid, "报到", Verb.ARRIVE, CLERK, **THERE)
    assert "ELEMENT_MISSING" == await own.no(wid, "报到", Verb.ARRIVE, OFFICER)
    assert () == await own.done(wid, "报到", Verb.ARRIVE, OFFICER, **THERE)
    assert "ALREADY_ANSWERED" == await own.no(wid, "报到", Verb.ARRIVE, OFFICER, **THERE)
    assert () == await own.done(wid, "报到", Verb.ARRIVE, f"{POLICE}经办甲", **THERE)
    await own.office.env.sleep(2 * HOUR)
    late = f"{URBAN}经办甲"
    assert ("处置",) == await own.done(wid, "报到", Verb.ARRIVE, late, **THERE)
    assert URBAN == (await own.clock(wid, "报到")).late_by
    assert "NOT_YOUR_UNIT" == await own.no(wid, "处置", Verb.SUBMIT, late)
    await own.done(wid, "处置", Verb.SUBMIT, CLERK, note="现场处置完毕")
    assert "办结" == await own.ended(wid)


async def test_a_whistle_calls_somebody(hall: Hall) -> None:
    """吹哨 without a department, or to one that nobody knows, is refused."""
    now = await hall.office.now()
    whistle = {"kind": CaseKind.WHISTLE, "item": ""}
    assert "RECEIVER_MISSING" == (await hall.refused(report(now, **whistle))).code
    unknown = report(now, **whistle, receivers=(CULTURE, "甲区文化局"))
    assert "UNKNOWN_UNIT" == (await hall.refused(unknown)).code


async def test_a_suspected_crime_has_its_own_clocks(office: Office) -> None:
    """国务院令310号: 3 days to decide, 24 hours from the minute to move, 3 days for the police."""
    hall = await Hall.of(office, "涉罪")
    friday = next_day(await office.today(), 4)
    await hall.until(shanghai(friday, "16:20"))
    wid = await opened(hall, CaseKind.CRIME, **OFFICERS)
    step = await hall.open_step(wid)
    # The third day is a Monday: 12-07, or another that is no rest day.
    assert ("决定", friday + timedelta(days=3)) == (step.step, step.due_date)
    assert "WRONG_ROLE" == await hall.no(wid, "决定", Verb.APPROVE, CLERK)

    await hall.until(shanghai(friday + timedelta(days=1), "16:40"))
    await hall.done(wid, "决定", Verb.APPROVE, HEAD)
    step = await hall.open_step(wid)
    assert ("移送", shanghai(friday + timedelta(days=2), "16:40")) == (step.step, step.due_at)
    assert "DOCUMENT_MISSING" == await hall.no(wid, "移送", Verb.SUBMIT, CLERK)
    # Saturday night and Sunday: the reminders of 24 hours do not wait for Monday.
    await hall.until(shanghai(friday + timedelta(days=2), "16:00"))
    told = await hall.notices(wid, "提醒")
    assert [(STREET, "经办人")] * 2 == told_to(told)[-2:]
    await hall.done(wid, "移送", Verb.SUBMIT, CLERK, evidence=MOVED)
    step = await hall.open_step(wid)
    assert ("公安审查", friday + timedelta(days=5), (POLICE,)) == (
        step.step,
        step.due_date,
        step.units,
    )
    await hall.done(wid, "公安审查", Verb.ACCEPT, f"{POLICE}经办甲")

    assert "办结" == await hall.ended(wid)
    clocks = await hall.clocks(wid)
    assert {"决定", "移送", "公安审查"} == set(clocks)
    assert all(c.basis == "国务院令310号" and not c.late_by for c in clocks.values())


async def test_what_is_not_moved_to_the_police_says_why(hall: Hall) -> None:
    """A refusal of the head, and one of the police, are recorded with their reasons and end it."""
    wid = await opened(hall, CaseKind.CRIME, **OFFICERS)
    assert "REASON_MISSING" == await hall.no(wid, "决定", Verb.REJECT, HEAD)
    await hall.done(wid, "决定", Verb.REJECT, HEAD, note="数额未达标准")
    assert "办结" == await hall.ended(wid)

    wid = await opened(hall, CaseKind.CRIME, **OFFICERS)
    await hall.done(wid, "决定", Verb.APPROVE, HEAD)
    await hall.done(wid, "移送", Verb.SUBMIT, CLERK, evidence=MOVED)
    judge = f"{POLICE}经办甲"
    assert "REASON_MISSING" == await hall.no(wid, "公安审查", Verb.REFUSE, judge)
    await hall.done(wid, "公安审查", Verb.REFUSE, judge, note="没有犯罪事实")
    assert "办结" == await hall.ended(wid)
    assert "没有犯罪事实" in (await hall.lines(wid, "办理"))[-1]["sentence"]


async def test_a_crime_is_proposed_by_two_with_its_file(hall: Hall) -> None:
    """Two officers, the 移送书 and the 案卷; a department may move one as well."""
    now = await hall.office.now()
    crime = {"kind": CaseKind.CRIME, "item": ""}
    alone = report(now, **crime, officers=("张三",), evidence=CRIME_FILE)
    assert "OFFICERS_FEW" == (await hall.refused(alone)).code
    bare = report(now, **crime, officers=("张三", "李四"), evidence=CRIME_FILE[:1])
    lacking = await hall.refused(bare)
    assert "DOCUMENT_MISSING" == lacking.code and "案卷" in lacking.sentence
    department = {"sender": CULTURE, "person": OFFICER}
    wid = await hall.open(report(now, **crime, **OFFICERS, **department))
    assert (CULTURE,) == (await hall.open_step(wid)).units

"""Courses of cases whose histories are recorded, see ``tests.record_histories``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from domain.action import Evidence
from domain.case import CaseKind
from domain.procedure import Verb
from tests.case_hall import CLERK, DECISION, JUSTICE, OFFICER, POLICE, REFORM, SLIPS, URBAN, Hall
from tests.cases import CULTURE, ELEMENTS, SLIP, dispatch, report
from tests.office import Office

Handles = dict[str, WorkflowHandle[Any, Any]]
CRIME_FILE = tuple(Evidence(name=n, doc_no="一街移〔2026〕1号") for n in ("移送书", "案卷"))
THERE = {"facts": {"到场人员": "张三", "到场时间": "10时"}}
ANSWERED = {"facts": {"回复日期": "2026-12-01", "回复方式": "电话"}}


async def upward_cases(office: Office) -> Handles:
    """Reported at once; overdue from its registration; refused and designated; kept; ended."""
    hall = await Hall.of(office, "记录上报")
    found = office.client.get_workflow_handle
    plain = await hall.open(report(await office.now(), **SLIPS))
    kept, ended = [await hall.open(report(await office.now(), **SLIPS)) for _ in range(2)]
    decided = await hall.open(report(await office.now(), item="", receivers=(CULTURE,)))
    late = await hall.open(report(await office.now(), reported=False))
    await hall.done(plain, "签收", Verb.ACCEPT, OFFICER)
    await hall.done(plain, "办理", Verb.SUBMIT, OFFICER)
    await hall.done(kept, "签收", Verb.REFUSE, OFFICER, note="不属本部门")
    await hall.done(kept, "协商", Verb.KEEP, CLERK, note="街道自办")
    await hall.done(ended, "", Verb.TERMINATE, "区协调员", note="并案")
    handed = {"evidence": (SLIP,), "facts": {"事项": "1"}}
    await hall.done(decided, "交接", Verb.SUBMIT, CLERK, **handed)
    await hall.done(decided, "签收", Verb.REFUSE, OFFICER, note="不属本部门")
    await hall.done(decided, "协商", Verb.SUBMIT, CLERK, note="协商不成")
    named = {"to": URBAN, "evidence": DECISION}
    await hall.done(decided, "指定", Verb.DESIGNATE, f"{JUSTICE}经办甲", **named)
    await hall.done(decided, "签收", Verb.ACCEPT, f"{URBAN}经办甲")
    await hall.done(decided, "办理", Verb.SUBMIT, f"{URBAN}经办甲")
    await office.env.sleep(timedelta(days=9))
    await hall.done(late, "报告", Verb.SUBMIT, CLERK)
    await hall.done(late, "交接", Verb.SUBMIT, CLERK, evidence=(SLIP,))
    await office.env.sleep(timedelta(days=9))
    await hall.done(late, "签收", Verb.ACCEPT, OFFICER)
    await hall.done(late, "办理", Verb.SUBMIT, OFFICER)
    return await _ended(
        hall,
        {
            "CaseHandover": found(plain),
            "CaseHandover-overdue": found(late),
            "CaseHandover-designated": found(decided),
            "CaseHandover-kept": found(kept),
            "CaseHandover-ended": found(ended),
        },
    )


async def dispatched_cases(office: Office) -> Handles:
    """Not admitted; refused and upheld; returned until it goes up, in several runs; sent on."""
    hall = await Hall.of(office, "记录派单")
    found = office.client.get_workflow_handle
    number = "记录-越界"
    await hall.refused(dispatch(await office.now(), number=number, item="99"))
    upheld = await hall.open(dispatch(await office.now()))
    ground = {"facts": {"拒收理由": "其他"}, "note": "辖区以外"}
    await hall.done(upheld, "签收", Verb.REFUSE, CLERK, **ground)
    await hall.done(upheld, "裁定", Verb.APPROVE, f"{REFORM}经办甲")
    raised = await hall.open(dispatch(await office.now()), history_limit=40)
    first = (await found(raised).describe()).run_id
    await hall.done(raised, "签收", Verb.ACCEPT, CLERK)
    for turn in range(3):
        await office.until_open(raised, "办理")
        await hall.done(raised, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
        step, who = ("确认", OFFICER) if turn < 2 else ("提级确认", f"{REFORM}经办甲")
        await office.until_open(raised, step)
        verb = Verb.RETURN if turn < 2 else Verb.APPROVE
        await hall.done(raised, step, verb, who, note="没有照片")
    sent = await hall.open(dispatch(await office.now()))
    await hall.done(sent, "签收", Verb.ACCEPT, CLERK)
    given = {"note": "街道无法承担", "evidence": (CRIME_FILE[1],)}
    await hall.done(sent, "办理", Verb.HAND_OVER, CLERK, **given)
    await hall.done(sent, "接收移交", Verb.REFUSE, OFFICER, note="街道能办")
    await hall.done(sent, "协商", Verb.ACCEPT, OFFICER)
    await hall.done(sent, "继续办理", Verb.REPLY, OFFICER, facts=ELEMENTS)
    handles = {
        "CaseHandover-upheld": found(upheld),
        "CaseHandover-raised-last-run": found(raised),
        "CaseHandover-transfer": found(sent),
    }
    await _ended(hall, handles)
    return handles | {
        "CaseHandover-refused": found(f"{hall.rollout}/案件/{number}"),
        "CaseHandover-raised": found(raised, run_id=first),
    }


async def other_cases(office: Office) -> Handles:
    """民呼我应 with a return, 吹哨 by two, a suspected crime."""
    hall = await Hall.of(office, "记录其他")
    now = await office.now()
    kind = {"item": ""}
    citizen = await hall.open(report(now, kind=CaseKind.CITIZEN, incoming="12345-1", **kind))
    await hall.done(citizen, "分流", Verb.DESIGNATE, CLERK, to=URBAN)
    for again in (True, False):
        await hall.done(citizen, "办理", Verb.REPLY, f"{URBAN}经办甲", facts=ELEMENTS)
        if again:
            await hall.done(citizen, "回复", Verb.RETURN, CLERK, note="没有答到点上")
    await hall.done(citizen, "回复", Verb.REPLY, CLERK, **ANSWERED)
    called = {"receivers": (CULTURE, URBAN)}
    whistle = await hall.open(report(now, kind=CaseKind.WHISTLE, **kind, **called))
    await hall.done(whistle, "报到", Verb.ARRIVE, OFFICER, **THERE)
    await hall.done(whistle, "报到", Verb.ARRIVE, f"{URBAN}经办甲", **THERE)
    await hall.done(whistle, "处置", Verb.SUBMIT, CLERK)
    two = {"officers": ("张三", "李四"), "evidence": CRIME_FILE}
    crime = await hall.open(report(now, kind=CaseKind.CRIME, **kind, **two))
    await hall.done(crime, "决定", Verb.APPROVE, "一街道主要负责人")
    await office.env.sleep(timedelta(hours=22))
    listed = (Evidence(name="移送清单", doc_no="清单1号"),)
    await hall.done(crime, "移送", Verb.SUBMIT, CLERK, evidence=listed)
    await hall.done(crime, "公安审查", Verb.REFUSE, f"{POLICE}经办甲", note="没有犯罪事实")
    found = office.client.get_workflow_handle
    return await _ended(
        hall,
        {
            "CaseHandover-citizen": found(citizen),
            "CaseHandover-whistle": found(whistle),
            "CaseHandover-crime": found(crime),
        },
    )


async def _ended(hall: Hall, handles: Handles) -> Handles:
    for handle in handles.values():
        await hall.result(handle.id)
    return handles


CASE_STORIES = (upward_cases, dispatched_cases, other_cases)

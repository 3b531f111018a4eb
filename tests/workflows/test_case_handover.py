"""Cases in both directions on the time-skipping server, with real activities and PostgreSQL."""

from __future__ import annotations

from contracts.procedure import ProcedureResult
from domain.procedure import Verb
from tests.cases import (
    CULTURE,
    ELEMENTS,
    SLIP,
    STREET,
    case_plan,
    dispatch,
    issue_list,
    open_case,
    report,
)
from tests.office import Office


async def district(office: Office, rollout: str) -> str:
    """A registered plan with a list in force since yesterday."""
    now = await office.now()
    await office.register(case_plan(rollout, await office.today()))
    await issue_list(office.database, rollout, now)
    return rollout


async def test_a_report_with_its_slip_is_signed_for_and_handled(office: Office) -> None:
    """报告 and 交接 at once, 签收, 办理: 办结 within forty events."""
    rollout = await district(office, "案件一")
    opening = report(await office.now(), handed_over=True, evidence=(SLIP,))
    wid, reply = await open_case(office.client, rollout, opening)
    assert reply.accepted, reply
    assert ("签收",) == reply.opened

    await office.done(wid, Verb.ACCEPT, f"{CULTURE}经办甲", "签收")
    await office.done(wid, Verb.SUBMIT, f"{CULTURE}经办甲", "办理", note="立案查处")

    result = await office.client.get_workflow_handle(wid, result_type=ProcedureResult).result()
    assert "办结" == result.ending
    events = await office.events(wid)
    print(len(events), events)
    assert len(events) <= 40


async def test_a_dispatch_ends_with_its_reply_confirmed(office: Office) -> None:
    """派单 → 专人签收 → 回告 → 确认: nothing closes before the reply."""
    rollout = await district(office, "案件二")
    wid, reply = await open_case(office.client, rollout, dispatch(await office.now()))
    assert reply.accepted, reply

    await office.done(wid, Verb.ACCEPT, f"{STREET}经办甲", "签收")
    refused = await office.act(wid, Verb.REPLY, f"{STREET}经办甲", "办理", facts={"办理经过": "查"})
    assert "ELEMENT_MISSING" == refused.code
    await office.done(wid, Verb.REPLY, f"{STREET}经办甲", "办理", facts=ELEMENTS)
    await office.done(wid, Verb.APPROVE, f"{CULTURE}经办甲", "确认")

    result = await office.client.get_workflow_handle(wid, result_type=ProcedureResult).result()
    assert "办结" == result.ending
    print(len(await office.events(wid)))

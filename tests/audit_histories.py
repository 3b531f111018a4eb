"""Courses of audits whose histories are recorded, see ``tests.record_histories``."""

from __future__ import annotations

from typing import Any

from temporalio.client import WorkflowHandle

from domain.audit import AuditKind
from domain.procedure import Verb
from tests.audits import BY, LEAD, STEERING, SUPERVISION, THREE, round_of
from tests.office import Office, proof
from tests.workflows.test_scheduled_audit import arranged, fire

Handles = dict[str, WorkflowHandle[Any, Any]]
APPROVAL = "甲委〔2026〕9号"


async def assessments(office: Office) -> Handles:
    """立项 to 报告 with a unit sent back; overdue in 整改; ended there."""
    found = office.client.get_workflow_handle
    whole = await round_of(office, "记录检查评估")
    await whole.open()
    await whole.inspected(*THREE)
    await whole.rectify(*THREE)
    await whole.done("复核", verb=Verb.RETURN, note="不彻底", reopen=(THREE[1],))
    await whole.rectify(THREE[1], note="已重做")
    await whole.done("复核", verb=Verb.APPROVE)
    await whole.done("报告", evidence=proof("报告"))
    await whole.result()
    late = await round_of(office, "记录整改超期", approval=APPROVAL)
    await late.open(late=True)
    await late.inspected(THREE[0], THREE[1])
    await late.rectify(THREE[0])
    await office.until_open(late.wid, "整改")
    await office.pass_days(60)
    await late.rectify(THREE[1])
    await late.done("复核", verb=Verb.APPROVE)
    await late.done("报告", evidence=proof("报告"))
    await late.result()
    ended = await round_of(office, "记录督查终止", approval=APPROVAL)
    await ended.open()
    await ended.inspected(THREE[0])
    await office.until_open(ended.wid, "整改")
    await office.done(ended.wid, Verb.TERMINATE, "市协调员", note="改革暂停")
    await ended.result()
    return {
        "Audit": found(whole.wid),
        "Audit-overdue": found(late.wid),
        "Audit-ended": found(ended.wid),
    }


async def other_audits(office: Office) -> Handles:
    """编制纪律检查 with the prohibitions, 年度督查 without problems, 专项 presented, a meeting."""
    found = office.client.get_workflow_handle
    discipline = await round_of(
        office, "记录编制纪律", AuditKind.DISCIPLINE, approval=APPROVAL, covers=(THREE[0],)
    )
    await discipline.load()
    await discipline.open()
    await discipline.visit(THREE[0])
    await discipline.conclude("1", "2", "3", "4")
    await discipline.done("检查")
    await discipline.done("问题汇总")
    await discipline.done("报告", evidence=proof("报告"))
    await discipline.result()
    annual = await round_of(
        office, "记录年度督查", AuditKind.ANNUAL, unit="区委编办", covers=(THREE[0],)
    )
    await annual.open()
    await annual.done("立项", evidence=proof("批准文号"))
    await annual.visit(THREE[0])
    await annual.conclude("1")
    await annual.done("检查")
    await annual.done("问题汇总")
    await annual.done("报告", f"{SUPERVISION}经办甲", evidence=proof("报告"))
    await annual.result()
    special = await round_of(office, "记录专项督查", AuditKind.SPECIAL, approval=APPROVAL)
    await special.open()
    await special.inspected(THREE[1])
    for step in ("分析", "优化意见"):
        await special.done(step)
    await special.rectify(THREE[1])
    await special.done("复核", verb=Verb.APPROVE)
    await special.done("报告", evidence=proof("报告"))
    await special.done("专题汇报", f"{STEERING}经办甲", evidence=proof("纪要"))
    await special.result()
    meeting = await round_of(office, "记录联席会议", AuditKind.JOINT_MEETING, unit="区委编办")
    await meeting.open()
    await meeting.done("召开", BY, evidence=proof("纪要"))
    await meeting.result()
    return {
        "Audit-discipline": found(discipline.wid),
        "Audit-annual": found(annual.wid),
        "Audit-special": found(special.wid),
        "Audit-meeting": found(meeting.wid),
    }


async def samples(office: Office) -> Handles:
    """随机抽查 from its first visit to its report."""
    audit = await round_of(office, "记录随机抽查", AuditKind.SAMPLING, approval=APPROVAL)
    drawn = await audit.drawn()
    await audit.visit(*drawn)
    await audit.found(drawn[0])
    await audit.done("检查")
    await audit.done("问题汇总")
    await audit.rectify(drawn[0])
    await audit.done("复核", f"{LEAD}经办乙", verb=Verb.APPROVE)
    await audit.done("报告", evidence=proof("报告"))
    await audit.result()
    return {"Audit-sample": office.client.get_workflow_handle(audit.wid)}


async def long_audit(office: Office) -> Handles:
    """The last run of an audit that continued as new within 整改."""
    audit = await round_of(office, "记录督查续办", approval=APPROVAL, history_limit=60)
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
    return {"Audit-last-run": office.client.get_workflow_handle(audit.wid)}


async def firings(office: Office) -> Handles:
    """One that opens a late meeting, and a quiet one after it."""
    plan = await arranged(office, "记录到期", behind=14)
    _, opening = await fire(office, plan.rollout)
    _, quiet = await fire(office, plan.rollout, plan.name)
    found = office.client.get_workflow_handle
    return {"ScheduledAudit": found(opening), "ScheduledAudit-quiet": found(quiet)}


AUDIT_STORIES = (assessments, other_audits, long_audit, firings)
SEALED_STORIES = (samples,)
"""They need a worker that has the key of draws."""

"""A firing: quiet ones leave six events, what fails keeps nothing else from being done (issue 6)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from contracts.audit_run import (
    AuditRuns,
    Reckoned,
    ReckonQuestion,
    RunDone,
    RunDue,
    RunOrder,
    ScheduledRequest,
    ScheduledResult,
    audit_schedule_id,
)
from domain.audit import AuditKind, AuditPlan, Cadence, Every, RunKey
from domain.audit_cadence import RunStep, Version
from domain.calendar import load_builtin_calendar
from runtime.workers import activities_of, worker_for
from storage.audit_plan_store import add_version
from tests.office import Office
from tests.small_plan import DISTRICT, small_plan
from workflows.scheduled_audit import ScheduledAudit


async def working_day(office: Office) -> datetime:
    """Let time go by until somebody works."""
    while not load_builtin_calendar().is_workday(await office.today()):
        await office.pass_days(1)
    return await office.now()


async def arranged(office: Office, rollout: str, *, behind: int) -> AuditPlan:
    """A meeting of some days ago in a registered rollout, arranged then."""
    now = await working_day(office)
    await office.register(small_plan(rollout, await office.today()))
    first = await office.today() - timedelta(days=behind)
    plan = AuditPlan(
        rollout=rollout,
        name="推进会",
        kind=AuditKind.PUSH_MEETING,
        district=DISTRICT,
        cadence=Cadence(every=Every.ONCE, first=first),
    )
    async with office.database.transaction() as connection:
        version = Version(number=1, plan=plan, since=first, at=now, by="测试")
        await add_version(connection, version, "安排")
    return plan


async def fire(office: Office, rollout: str, plan: str = "") -> tuple[ScheduledResult, str]:
    """What a Schedule does; the result and the workflow's id."""
    workflow_id = f"{audit_schedule_id(rollout, plan or '日程')}/到期-{await office.now()}"
    handle = await office.client.start_workflow(
        ScheduledAudit.run,
        ScheduledRequest(rollout=rollout, plan=plan),
        id=workflow_id,
        task_queue="procedures",
    )
    return await handle.result(), workflow_id


async def test_a_late_meeting_is_opened_once_and_then_a_firing_is_quiet(office: Office) -> None:
    """Opened by the first firing, left alone by the second, which leaves six events."""
    plan = await arranged(office, "到期", behind=14)
    done, _ = await fire(office, plan.rollout)
    window = str(plan.cadence.first)
    assert done.done == (f"开展 推进会 {window}：{done.done[0].partition('：')[2]}",)
    assert "补办" in done.done[0]
    assert await office.open_steps(f"{plan.rollout}/督查/推进会/{window}") == ["召开"]
    quiet, workflow_id = await fire(office, plan.rollout, plan.name)
    assert quiet.done == ()
    assert len(await office.events(workflow_id)) == 6


class Due(AuditRuns):
    """A register with so many things to do, of which some cannot be done."""

    def __init__(self, count: int, failing: frozenset[str], page: int = 2) -> None:
        self.left = [
            RunDue(key=RunKey(rollout="改革", plan=f"第{n}项", window="2026"), step=RunStep.OPEN)
            for n in range(count)
        ]
        self.failing, self.page = failing, page
        self.done: list[str] = []

    @activity.defn(name="reckon_audits")
    async def reckon(self, question: ReckonQuestion) -> Reckoned:
        """Failing ones first, always again."""
        del question
        return Reckoned(due=tuple(self.left[: self.page]), more=len(self.left) >= self.page)

    @activity.defn(name="run_audit")
    async def carry_out(self, order: RunOrder) -> RunDone:
        """Do one."""
        plan = order.due.key.plan
        self.done.append(plan)
        if plan in self.failing:
            raise ApplicationError("不成", type="NOBODY", non_retryable=True)
        self.left = [due for due in self.left if due.key.plan != plan]
        return RunDone(sentence="已开展")


async def fire_at(env: WorkflowEnvironment, register: Due, queue: str) -> ScheduledResult:
    """One firing against this register."""
    able = activities_of(register)
    async with worker_for(env.client, queue, able, [ScheduledAudit]):
        return await env.client.execute_workflow(
            ScheduledAudit.run, ScheduledRequest(rollout="改革"), id=queue, task_queue=queue
        )


async def test_what_is_due_is_done_page_by_page(env: WorkflowEnvironment) -> None:
    """Five things on pages of two."""
    register = Due(5, frozenset())
    result = await fire_at(env, register, "几页")
    assert register.done == [f"第{n}项" for n in range(5)]
    assert len(result.done) == 5


async def test_one_that_fails_keeps_none_from_being_done_and_fails_the_firing(
    env: WorkflowEnvironment,
) -> None:
    """It is tried once in a firing; the failure names it, so that its Schedule pauses."""
    register = Due(3, frozenset({"第0项"}), page=3)
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(fire_at(env, register, "一项不成"), 60)
    cause: Any = failure.value.cause
    assert (cause.type, cause.message) == ("AUDIT_RUN_FAILED", "未能办成1项：第0项 NOBODY")
    assert register.done == ["第0项", "第1项", "第2项"]

"""A rollout is stopped by its coordinator, and its audits with it."""

from __future__ import annotations

from activities.audit_ending import AuditEnding, TemporalRollouts
from activities.audit_runs import AuditRunActivities
from activities.audit_watch import ScheduleWatch
from activities.plan_shelf import Shelf
from contracts import names
from contracts.audit_run import ReckonQuestion, RunOrder
from contracts.procedure import ActionReply, StopOrder
from contracts.reform import RolloutRequest
from contracts.registers import PlanKey
from tests.audit_schedules import ClockedSchedules
from tests.audits import Round, round_of
from tests.office import Office
from tests.served import at_its_time
from tests.small_plan import DISTRICT, STREETS
from workflows.reform_rollout import ReformRollout


async def test_a_stopped_rollout_ends_its_audits(office: Office) -> None:
    """At the next tick, also though the rollout's own workflow has ended: 终止, with the reason."""
    audit = await round_of(office, "督查停止")
    await audit.open()
    await office.until_open(audit.wid, "立项")
    assert await ticked(audit) == []
    await stopped(audit)

    assert await ticked(audit) == ["改革已停止推进，这项安排终止"]
    await audit.result()
    assert "试点调整" in (await office.log(audit.wid))[-1]["sentence"]
    assert (await audit.record()).status == "终止"
    assert await ticked(audit) == []


async def stopped(audit: Round) -> None:
    """The rollout runs, and is stopped."""
    office, rollout = audit.office, audit.plan.rollout
    (found,) = await office.rows("SELECT id FROM plan WHERE rollout = :r", r=rollout)
    key = PlanKey(rollout=rollout, plan_id=found["id"], version=1)
    handle = await office.client.start_workflow(
        ReformRollout.run,
        RolloutRequest(plan=key),
        id=names.rollout_id(rollout),
        task_queue=names.PROCEDURES_QUEUE,
    )
    for street in STREETS:
        await office.until_open(f"{rollout}/{DISTRICT}/{street}/总结", "办理")
    order = StopOrder(person="市协调员", reason="试点调整", action_id="停")
    reply = await handle.execute_update(names.STOP_UPDATE, order, result_type=ActionReply)
    assert reply.accepted, reply.sentence
    await handle.result()


async def ticked(audit: Round) -> list[str]:
    """What a tick does about stopped rollouts."""
    office, now = audit.office, await audit.office.now()
    watch = ScheduleWatch(ClockedSchedules(now=now))
    ending = AuditEnding(office.database, watch, TemporalRollouts(office.client))
    book, opener = audit.draws, audit.opener
    runs = AuditRunActivities(office.database, Shelf(), opener, book, watch, ending=ending)
    question = ReckonQuestion(rollout=audit.plan.rollout, plan="", at=now)
    due = [one for one in (await at_its_time(runs.reckon, question)).due if one.step == "停办"]
    done = [await at_its_time(runs.carry_out, RunOrder(due=one, at=now)) for one in due]
    return [one.sentence for one in done]

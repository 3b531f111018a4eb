"""One suite for the Schedules of a real server and for those that a clock drives in other tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import (
    Client,
    ScheduleBackfill,
    ScheduleOverlapPolicy,
    WorkflowExecutionStatus,
)
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.temporal_schedules import TemporalSchedules
from contracts import names
from contracts.audit_run import TICK, ScheduledRequest, audit_schedule_id
from contracts.audit_schedule import PAUSED_HERE, Schedules
from domain.audit import AuditKind, AuditPlan, Cadence, Every
from domain.audit_cadence import windows
from domain.calendar import load_builtin_calendar
from domain.day_words import SHANGHAI
from runtime.connect import connect
from runtime.provision import Provision, provision
from runtime.workers import worker_for
from tests.audit_schedules import ClockedSchedules

NAMESPACE = "schedules"
PLANNED = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


@workflow.defn(name="ScheduledAudit")
class Firing:
    """Stands in for what a firing does: says when it was planned, or fails."""

    @workflow.run
    async def run(self, request: ScheduledRequest) -> str:
        """Fail where the arrangement's name says so."""
        if "失败" in request.plan:
            raise ApplicationError("办不成", non_retryable=True)
        planned = workflow.info().typed_search_attributes.get(PLANNED)
        return planned.isoformat() if planned else ""


@dataclass
class Bench:
    """Schedules under test, with what their server can be told."""

    schedules: Schedules
    trigger: Callable[[str], Awaitable[None]]
    until: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
    ran: Callable[[str], Awaitable[int]]
    client: Client | None = None
    fired: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
async def server(stack: Any) -> AsyncIterator[Client]:
    """A namespace of its own on the real server, with a worker that only fires."""
    wanted = Provision(
        namespaces={NAMESPACE: 1},
        search_attributes=names.SEARCH_ATTRIBUTES,
        indexed=(NAMESPACE,),
    )
    beside = await connect(stack.settings)
    async with asyncio.timeout(60):
        # A server that was just told of a namespace does not know it everywhere at once.
        while not await _provisioned(beside, wanted):
            await asyncio.sleep(0.2)
    client = await connect(stack.settings, NAMESPACE)
    async with worker_for(client, names.PROCEDURES_QUEUE, [], [Firing]):
        yield client


async def _provisioned(client: Client, wanted: Provision) -> bool:
    try:
        await provision(client, wanted)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


@pytest.fixture(params=["server", "clock"])
def bench(request: Any) -> Bench:
    """Either of them."""
    if request.param == "server":
        return real(request.getfixturevalue("server"))
    return clocked()


def real(client: Client) -> Bench:
    """The real ones."""
    schedules = TemporalSchedules(client)

    async def trigger(schedule_id: str) -> None:
        await client.get_schedule_handle(schedule_id).trigger()

    async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(30):
            while not await is_so():
                await asyncio.sleep(0.1)

    async def ran(schedule_id: str) -> int:
        seen = await client.get_schedule_handle(schedule_id).describe()
        return seen.info.num_actions if not seen.info.running_actions else 0

    return Bench(schedules=schedules, trigger=trigger, until=until, ran=ran, client=client)


def clocked() -> Bench:
    """Those of the clock."""
    fired: list[str] = []

    async def action(request: ScheduledRequest, planned: datetime, now: datetime) -> bool:
        del planned, now
        fired.append(audit_schedule_id(request.rollout, request.plan or TICK))
        return "失败" not in request.plan

    schedules = ClockedSchedules(now=datetime.now(UTC), action=action)

    async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
        assert await is_so()

    async def ran(schedule_id: str) -> int:
        return fired.count(schedule_id)

    return Bench(schedules=schedules, trigger=schedules.trigger, until=until, ran=ran)


def arrangement(name: str, day: int = 5) -> AuditPlan:
    """A monthly round."""
    cadence = Cadence(every=Every.MONTH, first=date(2026, 1, 1), day=day)
    return AuditPlan(rollout="改革", name=name, kind=AuditKind.JOINT_MEETING, cadence=cadence)


def ahead(plan: AuditPlan) -> list[Any]:
    """Its windows from last month on, for a year."""
    today = datetime.now(UTC).date()
    frm, until = today - timedelta(days=40), today + timedelta(days=365)
    return list(windows(plan.cadence, load_builtin_calendar(), frm, until))


def to_come(plan: AuditPlan) -> list[datetime]:
    """The moments that a server would tell."""
    now = datetime.now(UTC)
    return [one.opens_at for one in ahead(plan) if one.opens_at > now][:10]


async def test_an_arrangements_own_days_stand_in_its_schedule(bench):
    """And the next of them are told; putting the same twice is putting it once."""
    plan = arrangement("日子")
    schedule_id = audit_schedule_id("改革", "日子")
    assert await bench.schedules.describe(schedule_id) is None
    for _ in range(2):
        await bench.schedules.put(plan, ahead(plan))
    seen = await bench.schedules.describe(schedule_id)
    assert seen.entries == {one.opens_at for one in ahead(plan)}
    assert list(seen.next_at) == to_come(plan)
    assert not seen.paused


async def test_new_days_replace_the_old_and_end_no_pause_of_others(bench):
    """A calendar was published while somebody paused it in the Web UI, and while we did."""
    plan, moved = arrangement("改日子"), arrangement("改日子", day=20)
    schedule_id = audit_schedule_id("改革", "改日子")
    await bench.schedules.put(plan, ahead(plan))
    await bench.schedules.pause(schedule_id, "by hand")
    await bench.schedules.put(moved, ahead(moved))
    seen = await bench.schedules.describe(schedule_id)
    assert seen.entries == {one.opens_at for one in ahead(moved)}
    assert (seen.paused, seen.is_ours, seen.is_failed) == (True, False, False)
    await bench.schedules.put(moved, ahead(moved), PAUSED_HERE + "防汛")
    seen = await bench.schedules.describe(schedule_id)
    assert (seen.paused, seen.is_ours) == (True, True)
    await bench.schedules.put(moved, ahead(moved))
    assert not (await bench.schedules.describe(schedule_id)).paused
    await bench.schedules.pause(schedule_id, PAUSED_HERE + "防汛")
    await bench.schedules.resume(schedule_id, "接着办")
    seen = await bench.schedules.describe(schedule_id)
    assert (seen.paused, seen.note) == (False, "接着办")


async def test_a_schedule_that_is_not_there_can_be_paused_and_resumed_for_nothing(bench):
    """The next round puts it back as the register says."""
    nowhere = audit_schedule_id("改革", "没有")
    await bench.schedules.pause(nowhere, "停")
    await bench.schedules.resume(nowhere, "走")
    assert await bench.schedules.describe(nowhere) is None


async def test_the_rollouts_own_schedule_ticks_every_hour_of_the_working_day(bench):
    """09 to 17 o'clock in Shanghai, on every day: the reckoning knows which are worked."""
    await bench.schedules.tick("钟点改革")
    seen = await bench.schedules.describe(audit_schedule_id("钟点改革"))
    hours = {at.astimezone(SHANGHAI).hour for at in seen.next_at}
    assert hours == set(range(9, 18))
    assert all(at.minute == at.second == 0 for at in seen.next_at)
    assert len(seen.next_at) == 10


async def test_a_trigger_fires_at_once_and_a_failure_pauses_the_arrangement_alone(bench):
    """The one that fails stands still and says so; the rollout's own Schedule goes on."""
    for name in ("正常", "失败"):
        await bench.schedules.put(arrangement(name), ahead(arrangement(name)))
    await bench.schedules.tick("改革")
    ids = [audit_schedule_id("改革", name) for name in ("正常", "失败", "日程")]
    for each in ids:
        await bench.trigger(each)

    async def all_ran() -> bool:
        return [await bench.ran(each) for each in ids] == [1, 1, 1]

    async def is_paused() -> bool:
        return (await bench.schedules.describe(ids[1])).is_failed

    await bench.until(all_ran)
    await bench.until(is_paused)
    for each in (ids[0], ids[2]):
        assert not (await bench.schedules.describe(each)).paused
    assert not (await bench.schedules.describe(ids[1])).is_ours


async def test_a_missed_moment_is_caught_up_with_and_says_when_it_was_planned(server):
    """What a server does after an outage, asked for here by a backfill over a past day."""
    bench = real(server)
    plan = arrangement("补跑")
    schedule_id = audit_schedule_id("改革", "补跑")
    await bench.schedules.put(plan, ahead(plan))
    missed = next(one.opens_at for one in ahead(plan) if one.opens_at < datetime.now(UTC))
    await server.get_schedule_handle(schedule_id).backfill(
        ScheduleBackfill(
            start_at=missed - timedelta(minutes=1),
            end_at=missed + timedelta(minutes=1),
            overlap=ScheduleOverlapPolicy.BUFFER_ONE,
        )
    )

    async def ran() -> bool:
        return await bench.ran(schedule_id) == 1

    await bench.until(ran)
    seen = await server.get_schedule_handle(schedule_id).describe()
    (action,) = (one.action for one in seen.info.recent_actions)
    handle = server.get_workflow_handle(action.workflow_id)
    assert await handle.result() == missed.isoformat()
    described = await handle.describe()
    assert described.status is WorkflowExecutionStatus.COMPLETED
    assert described.id.startswith(f"{schedule_id}/到期-")
    assert "补跑" in (await described.static_summary() or "")


async def test_a_clock_catches_up_after_an_outage_with_one_that_waits():
    """Of many missed ticks the first and one more are done; a third would only reckon the same."""
    bench = clocked()
    schedules = bench.schedules
    assert isinstance(schedules, ClockedSchedules)
    await schedules.tick("改革")
    one = schedules.kept[audit_schedule_id("改革")]
    schedules.server = False
    await schedules.until(schedules.now + timedelta(days=9))
    assert await bench.ran(audit_schedule_id("改革")) == 0
    await schedules.server_back()
    assert (await bench.ran(audit_schedule_id("改革")), one.skipped) == (2, 9 * 9 - 2)
    schedules.worker = False
    await schedules.until(schedules.now + timedelta(days=1))
    assert await bench.ran(audit_schedule_id("改革")) == 2
    await schedules.worker_back()
    assert await bench.ran(audit_schedule_id("改革")) == 4

"""The moment between the journal's commit and the acceptance of the action that caused it.

Real servers are killed there with kill -9. Afterwards the journal is ahead of the procedure: it
holds a *ghost*. What the workflow says is the truth, and the journal must come back to it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from activities.sweep import Sweep, Swept
from contracts import names
from domain.action import Action
from domain.procedure import Verb
from storage.engine import open_database
from tests.acceptance.site import (
    OFFICE,
    SOUND,
    Hosted,
    hosted,
    sanding,
    summary,
    until,
)

REVIEWER, OTHER = f"{OFFICE}经办甲", f"{OFFICE}经办乙"
ITSELF = 0
ADMITTED, COMPLETED = 1, 3
"""How far an Update has come."""


@pytest.fixture(scope="module")
async def site(tmp_path_factory) -> AsyncIterator[Hosted]:
    """Servers and a worker of our own, since they will be killed."""
    async with hosted(tmp_path_factory.mktemp("ghosts")) as opened:
        yield opened


async def sweep(site: Hosted) -> Swept:
    """What a worker does every twenty seconds."""
    database = open_database(site.stack.database_url)
    try:
        return await Sweep(await site.connect(), database).once()
    finally:
        await database.close()


ROLLOUT = "鬼案"
DRAFTED = (sanding(ROLLOUT, "一街道"), sanding(ROLLOUT, "二街道"))
REPORTS = (summary(ROLLOUT, "一街道"), summary(ROLLOUT, "二街道"))


@pytest.fixture(scope="module")
async def haunted(site) -> None:
    """Two 三定, drafted and waiting for 初审, and two 总结 waiting for 办理."""
    await site.start_plan(ROLLOUT)
    for street, wid in zip(("一街道", "二街道"), DRAFTED, strict=True):
        draft = ("提交", f"{street}经办甲", "--evidence=草案=1号", "--action-id=草")
        said = await site.act(f"{wid}#起草", *draft)
        assert said.code == 0, said.err


async def make_ghost(site: Hosted, wid: str, step: str, *how: str) -> None:
    """An action ``鬼`` at a step, of somebody whose machine dies with the server: not repeated."""
    server = site.stack.pids["temporal"]
    act = await site.begin("act", f"{wid}#{step}", *how, "--action-id=鬼")
    site.strike("鬼", act.pid, server)
    await act.communicate()
    assert act.returncode == -signal.SIGKILL
    await site.until_struck(server)
    assert step in await site.open_steps(wid)
    newest = [line for line in await site.lines(wid) if not line["confirmed"]]
    assert "鬼" in {line["action_id"] for line in newest}
    assert step not in await site.desk(wid)


async def test_a_ghost_gives_way_to_another_persons_action(site, haunted):
    """The step is still open: who acts next wins, and the ghost's lines are replaced by theirs."""
    wid = DRAFTED[0]
    await make_ghost(site, wid, "初审", "通过", f"--as={REVIEWER}", *SOUND)

    back = ("--to=起草", "--note=超限额", "--verdict=合规性=有误", *SOUND[:2])
    said = await site.act(f"{wid}#初审", "退回", OTHER, *back, "--action-id=真")

    assert said.code == 0, said.err
    await site.assert_agreed(wid, "草", "真")
    assert await site.open_steps(wid) == {"起草", "三方沟通"}


async def test_the_same_action_repeated_after_its_ghost_counts_once(site, haunted):
    """The person who got no answer repeats the command with its action id, even twice."""
    wid = DRAFTED[1]
    await make_ghost(site, wid, "初审", "通过", f"--as={REVIEWER}", *SOUND)

    again = ("通过", REVIEWER, *SOUND, "--action-id=鬼")
    first, second = await site.act(f"{wid}#初审", *again), await site.act(f"{wid}#初审", *again)

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert first.out == second.out
    await site.assert_agreed(wid, "草", "鬼")


async def test_a_sweep_brings_the_journal_back_though_nobody_acts(site, haunted):
    """The inbox would hide an open step for as long as nobody acts; the sweep asks the workflow."""
    wid = REPORTS[0]
    await make_ghost(site, wid, "办理", "提交", "--as=一街道经办甲")

    assert (await sweep(site)).healed == 1

    async def is_healed() -> bool:
        return "办理" in await site.desk(wid)

    await until(is_healed)
    await site.assert_agreed(wid)
    again = await sweep(site)
    assert (again.healed, again.pending) == (0, 0)
    assert all(line["confirmed"] for line in await site.lines(wid))
    said = await site.act(f"{wid}#办理", "提交", "一街道经办乙", "--action-id=后")
    assert said.code == 0, said.err
    await site.assert_agreed(wid, "后")


async def test_a_worker_killed_there_writes_its_page_again(site, haunted):
    """The server lives, so the action does: the next worker decides it, and it is logged once."""
    wid = REPORTS[1]
    how = ("提交", "二街道经办甲", "--action-id=重")
    act = asyncio.create_task(site.act(f"{wid}#办理", *how))
    site.strike("重", ITSELF)
    assert site.worker is not None
    assert await asyncio.to_thread(site.worker.wait) == -signal.SIGKILL
    assert "重" in {line["action_id"] for line in await site.lines(wid)}
    site.end_worker()
    site.start_worker()

    said = await act
    if said.code != 0:
        assert (said.code, said.error) == (4, "SERVICE_UNREACHABLE")
        assert "--action-id 重" in said.err
        said = await site.act(f"{wid}#办理", *how)

    assert said.code == 0, said.err
    await site.assert_agreed(wid, "重")


async def test_two_pages_of_one_lost_task_confirm_nothing(site, haunted):
    """Two actions in one workflow task: the second page must not confirm the first one's line."""
    wid = DRAFTED[0]
    before = await site.lines(wid)
    site.end_worker()
    senders = [await leave_update(site, wid, action_id) for action_id in ("双一", "双二")]
    server = site.stack.pids["temporal"]
    site.strike("双二", server, ITSELF)
    site.start_worker()
    await site.until_struck(server)
    site.end_worker()
    await asyncio.gather(*senders, return_exceptions=True)

    ghosts = (await site.lines(wid))[len(before) :]
    assert [(g["action_id"], g["confirmed"]) for g in ghosts] == [("双一", False), ("双二", False)]
    site.start_worker()

    async def is_healed() -> bool:
        await sweep(site)
        return len(await site.lines(wid)) == len(before)

    await until(is_healed)
    await site.assert_agreed(wid, "草", "真")


async def leave_update(site: Hosted, wid: str, action_id: str) -> asyncio.Task[object]:
    """Send a 补充说明 that no worker takes, once and no more; return once the server has it.

    Not by the command line, which gives up after fifteen seconds: on a busy machine before the
    worker has started that is to take it.
    """
    from temporalio.api.common.v1 import Payloads, WorkflowExecution
    from temporalio.api.update.v1 import Input, Meta, Request, UpdateRef, WaitPolicy
    from temporalio.api.workflowservice.v1 import (
        PollWorkflowExecutionUpdateRequest,
        UpdateWorkflowExecutionRequest,
    )
    from temporalio.service import RPCError

    client = await site.connect()
    there = WorkflowExecution(workflow_id=wid)
    note = Action(
        action_id=action_id, verb=Verb.ADD_NOTE, person="一街道经办甲", step="起草", note="补"
    )
    said = Payloads(payloads=await client.data_converter.encode([note]))
    order = UpdateWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=there,
        wait_policy=WaitPolicy(lifecycle_stage=COMPLETED),
        request=Request(
            meta=Meta(update_id=action_id), input=Input(name=names.ACT_UPDATE, args=said)
        ),
    )
    service = client.workflow_service
    sender = asyncio.create_task(service.update_workflow_execution(order, retry=False))
    asked = PollWorkflowExecutionUpdateRequest(
        namespace=client.namespace,
        update_ref=UpdateRef(workflow_execution=there, update_id=action_id),
        wait_policy=WaitPolicy(lifecycle_stage=ADMITTED),
    )

    async def is_admitted() -> bool:
        try:
            await service.poll_workflow_execution_update(asked)
        except RPCError:
            return False
        return True

    await until(is_admitted)
    return sender

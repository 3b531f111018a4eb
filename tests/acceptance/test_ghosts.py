"""The moment between the journal's commit and the acceptance of the action that caused it.

Real servers are killed there with kill -9. Afterwards the journal is ahead of the procedure: it
holds a *ghost*. What the workflow says is the truth, and the journal must come back to it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.provision import what_to_provision
from tests.acceptance.site import (
    OFFICE,
    ROOT,
    SOUND,
    Site,
    assert_whole,
    rows,
    sanding,
    summary,
    until,
)

REVIEWER, OTHER = f"{OFFICE}经办甲", f"{OFFICE}经办乙"
ITSELF = 0


class Ghosts(Site):
    """A site whose worker the test starts and kills."""

    def __init__(self, stack: EmbeddedStack) -> None:
        super().__init__(stack.settings.data_dir)
        self.stack = stack
        self.order = self.data_dir / "order.json"
        self.worker: subprocess.Popen[str] | None = None

    def start_worker(self) -> None:
        """Start the deadly worker and wait until it polls."""
        self.worker = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("deadly_worker.py"))],
            env=self.environ
            | {
                "JIEGAI_DATABASE_URL": self.stack.database_url,
                "JIEGAI_LOG_FILE": str(self.data_dir / "logs" / "worker.log"),
                "JIEGAI_TEST_ORDER": str(self.order),
                "TEMPORAL_ADDRESS": self.stack.address,
            },
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.worker.stdout is not None
        assert self.worker.stdout.readline() == "READY\n"

    def end_worker(self) -> None:
        """Kill the worker, if it lives."""
        if self.worker is not None:
            assert self.worker.stdout is not None
            self.worker.kill()
            self.worker.wait()
            self.worker.stdout.close()
            self.worker = None

    def strike_after(self, action_id: str, *victims: int) -> None:
        """Order the killing after the page with this action."""
        part = self.order.with_suffix(".part")
        part.write_text(json.dumps({"action_id": action_id, "victims": victims}), "utf-8")
        part.replace(self.order)

    async def until_struck(self, server: int) -> None:
        """Wait until the order is carried out and the server, started again, serves."""

        async def is_struck() -> bool:
            return not self.order.exists() and self.stack.pids.get("temporal") != server

        await until(is_struck)

    async def lines(self, workflow_id: str) -> list[dict[str, object]]:
        """The log's rows in force, with what the command does not show."""
        question = (
            "SELECT seq, kind, step, person, action_id, confirmed FROM log_entry"
            " WHERE workflow_id = $1 AND superseded_by IS NULL ORDER BY seq"
        )
        return await rows(self.stack.database_url, question, workflow_id)

    async def desk(self, workflow_id: str) -> set[str]:
        """The steps at any desk."""
        question = "SELECT DISTINCT step FROM desk_item WHERE workflow_id = $1"
        return {r["step"] for r in await rows(self.stack.database_url, question, workflow_id)}

    async def open_steps(self, workflow_id: str) -> set[str]:
        """The steps that the workflow itself has open."""
        return {s.step for s in (await self.progress(workflow_id)).steps if s.closed_at is None}

    async def sweep(self):
        """What a worker does every twenty seconds."""
        from activities.sweep import Sweep
        from storage.engine import open_database

        database = open_database(self.stack.database_url)
        try:
            return await Sweep(await self.connect(), database).once()
        finally:
            await database.close()

    async def assert_agreed(self, workflow_id: str, *action_ids: str) -> None:
        """Log, inbox and workflow say the same, with exactly these accepted actions."""
        found = await self.lines(workflow_id)
        kept = [str(line["action_id"]) for line in found if line["kind"] == "办理"]
        assert_whole(found, list(action_ids), kept)
        progress = await self.progress(workflow_id)
        assert progress.seq == len(found)
        assert await self.desk(workflow_id) == await self.open_steps(workflow_id)
        shown = {i for i in await self.inbox(ROLLOUT) if i.startswith(workflow_id)}
        assert shown == {f"{workflow_id}#{step}" for step in await self.open_steps(workflow_id)}


@pytest.fixture(scope="module")
async def site(tmp_path_factory) -> AsyncIterator[Ghosts]:
    """The servers of an embedded stack; the supervisor starts a killed one again."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("ghosts"), port=0, ui_port=0)
    wanted = what_to_provision(settings)
    async with EmbeddedStack(settings, wanted, with_worker=False) as stack:
        opened = Ghosts(stack)
        opened.start_worker()
        try:
            yield opened
        finally:
            opened.end_worker()


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


async def make_ghost(site: Ghosts, wid: str, step: str, *how: str) -> None:
    """An action ``鬼`` at a step, of somebody whose machine dies with the server: not repeated."""
    server = site.stack.pids["temporal"]
    act = await site.begin("act", f"{wid}#{step}", *how, "--action-id=鬼")
    site.strike_after("鬼", act.pid, server)
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

    assert (await site.sweep()).healed == 1

    async def is_healed() -> bool:
        return "办理" in await site.desk(wid)

    await until(is_healed)
    await site.assert_agreed(wid)
    again = await site.sweep()
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
    site.strike_after("重", ITSELF)
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
    site.strike_after("双二", *(sender.pid for sender in senders), server, ITSELF)
    site.start_worker()
    await site.until_struck(server)
    site.end_worker()
    for sender in senders:
        await sender.communicate()

    ghosts = (await site.lines(wid))[len(before) :]
    assert [(g["action_id"], g["confirmed"]) for g in ghosts] == [("双一", False), ("双二", False)]
    site.start_worker()

    async def is_healed() -> bool:
        await site.sweep()
        return len(await site.lines(wid)) == len(before)

    await until(is_healed)
    await site.assert_agreed(wid, "草", "真")


async def leave_update(site: Ghosts, wid: str, action_id: str) -> asyncio.subprocess.Process:
    """Send a 补充说明 that no worker takes, and return its sender once the server has it."""
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.update.v1 import UpdateRef, WaitPolicy
    from temporalio.api.workflowservice.v1 import PollWorkflowExecutionUpdateRequest
    from temporalio.service import RPCError

    sender = await site.begin(
        "act",
        f"{wid}#起草",
        "补充说明",
        "--as=一街道经办甲",
        "--note=补",
        f"--action-id={action_id}",
    )
    client = await site.connect()
    asked = PollWorkflowExecutionUpdateRequest(
        namespace=client.namespace,
        update_ref=UpdateRef(
            workflow_execution=WorkflowExecution(workflow_id=wid), update_id=action_id
        ),
        wait_policy=WaitPolicy(lifecycle_stage=1),
    )

    async def is_admitted() -> bool:
        try:
            await client.workflow_service.poll_workflow_execution_update(asked)
        except RPCError:
            return False
        return True

    await until(is_admitted)
    return sender

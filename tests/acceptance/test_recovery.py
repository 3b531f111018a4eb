"""Kill -9 of a part, and of everything: every rollout goes on, nothing lost, nothing done twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import psutil
import pytest

from runtime.stackfile import running_stack
from tests.acceptance.site import (
    ROOT,
    STREETS,
    Site,
    assert_whole,
    course,
    rows,
    sanding,
    summary,
    until,
)

ROLLOUT = "恢复"
STRUCK = sanding(ROLLOUT, "一街道")
ASIDE = sanding(ROLLOUT, "二街道")
KILLS = {
    "初审": ("worker",),
    "复审": ("temporal",),
    "意见反馈": ("postgres",),
    "审议": ("supervisor", "worker", "temporal", "postgres"),
}
"""What is killed while this step of the struck procedure is acted upon."""


class Supervised(Site):
    """A site under ``jiegai up``, started again when its supervisor was killed."""

    up: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """``jiegai up``, until it is ready."""
        with (self.data_dir / "up.err").open("ab") as errors:
            self.up = subprocess.Popen(
                [sys.executable, "-m", "starter.main", "up", "--port=0", "--ui-port=0", "--json"],
                env=self.environ,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        assert self.up.stdout is not None
        said = await asyncio.to_thread(self.up.stdout.readline)
        assert json.loads(said)["ready"]

    def kill(self, names: tuple[str, ...]) -> None:
        """Kill -9 of these at once."""
        stack = running_stack(self.data_dir)
        assert stack is not None
        pids = stack.pids | {"supervisor": stack.supervisor}
        for name in names:
            os.kill(pids[name], signal.SIGKILL)

    def stop(self) -> None:
        """Stop in order."""
        if self.up is not None:
            self.up.terminate()
            self.close()

    def close(self) -> None:
        """Wait for the supervisor's end."""
        assert self.up is not None
        assert self.up.stdout is not None
        self.up.wait(60)
        self.up.stdout.close()
        self.up = None

    def database_url(self) -> str:
        """The registers of the running stack."""
        stack = running_stack(self.data_dir)
        assert stack is not None
        arguments = psutil.Process(stack.pids["postgres"]).cmdline()
        password = (self.data_dir / "postgres-password").read_text("ascii")
        port = arguments[arguments.index("-p") + 1]
        return f"postgresql://jiegai:{password}@127.0.0.1:{port}/jiegai"

    async def act_under_fire(self, item: str, killed: tuple[str, ...], *how: str) -> None:
        """Start a command, kill once it speaks with the server, and bring everything back."""
        command = await self.begin("act", item, *how)
        process = psutil.Process(command.pid)

        async def is_speaking() -> bool:
            try:
                return any(c.status == "ESTABLISHED" for c in process.net_connections())
            except psutil.NoSuchProcess:
                return True

        await until(is_speaking)
        self.kill(killed)
        _, err = await command.communicate()
        assert command.returncode in {0, 4}, err.decode()
        if "supervisor" in killed:
            self.close()
            await self.start()

    async def insist(self, item: str, action_id: str, *how: str) -> None:
        """Repeat one command with one action id until it is answered, as its sentence says."""

        async def is_answered() -> bool:
            said = await self.jiegai("act", item, *how, f"--action-id={action_id}")
            assert said.code in {0, 4}, said.err
            return said.code == 0

        await until(is_answered)


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[Supervised]:
    """``jiegai up`` on a fresh data directory."""
    opened = Supervised(tmp_path)
    await opened.start()
    try:
        yield opened
    finally:
        opened.stop()


def command(action: tuple[str, ...]) -> tuple[str, ...]:
    """An action of a course as the arguments after the item."""
    _, verb, person, *more = action
    return (verb, f"--as={person}", *more)


async def test_a_rollout_goes_on_through_every_kill(site):
    """A 三定 is worked to its end while parts die under its actions; its neighbour waits and goes on.

    Every action is repeated under its own id until it is answered, as the error sentence says.
    """
    await site.start_plan(ROLLOUT)
    draft, review, *_ = course("二街道")
    await site.insist(f"{ASIDE}#起草", "旁一", *command(draft))
    done = []
    for number, action in enumerate(course("一街道"), start=1):
        step, action_id = action[0], f"动作{number}"
        item = f"{STRUCK}#{step}"
        if step in KILLS:
            how = (*command(action), f"--action-id={action_id}")
            await site.act_under_fire(item, KILLS[step], *how)
        await site.insist(item, action_id, *command(action))
        done.append(action_id)
    await site.insist(f"{ASIDE}#初审", "旁二", *command(review))

    # Who never heard that the last action ended it all is told so, and nothing is logged again.
    await site.insist(f"{STRUCK}#{step}", action_id, *command(action))
    await assert_intact(site, STRUCK, done)
    await assert_intact(site, ASIDE, ["旁一", "旁二"])
    assert (await site.progress(STRUCK)).status == "办结"
    waiting = {step.step for step in (await site.progress(ASIDE)).steps if step.closed_at is None}
    inbox = {f"{ASIDE}#{step}" for step in waiting}
    inbox |= {f"{summary(ROLLOUT, street)}#办理" for street in STREETS}
    assert await site.inbox(ROLLOUT) == inbox
    twice = "SELECT workflow_id, unit, recipient, at, text FROM notice GROUP BY 1, 2, 3, 4, 5"
    assert await rows(site.database_url(), twice + " HAVING count(*) > 1") == []


async def assert_intact(site: Supervised, workflow_id: str, accepted: list[str]) -> None:
    """Log and workflow count the same lines, and each accepted action is there once."""
    question = (
        "SELECT seq, kind, action_id FROM log_entry"
        " WHERE workflow_id = $1 AND superseded_by IS NULL ORDER BY seq"
    )
    lines = await rows(site.database_url(), question, workflow_id)
    kept = [line["action_id"] for line in lines if line["kind"] == "办理"]
    assert_whole(lines, accepted, kept)
    assert (await site.progress(workflow_id)).seq == len(lines)

"""A site under test: the command line as processes, the registers, and what must hold of a log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from contracts.names import split_id
from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.provision import what_to_provision

ROOT = Path(__file__).resolve().parents[2]
PLAN = Path(__file__).with_name("两街道.yaml")
SOUND = tuple(f"--verdict={name}=无误" for name in ("政策性", "合法性", "合规性"))
OFFICE = "甲区委编办"
STREETS = ("一街道", "二街道")
PATIENCE_SECONDS = 60.0


@dataclass
class Said:
    """What one command printed, its exit code, and how long it took."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The code of its one error line; a traceback fails the test."""
        assert "Traceback" not in self.err, self.err
        lines = [line for line in self.err.splitlines() if line.startswith("错误[")]
        assert len(lines) == (self.code != 0), self.err
        return lines[0].partition("]")[0].removeprefix("错误[") if lines else ""


class Site:
    """One data directory with a running stack, seen by its users."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JIEGAI_", "TEMPORAL_"))}
        self.environ = kept | {"JIEGAI_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)}

    async def begin(self, *argv: str) -> asyncio.subprocess.Process:
        """Start a command and do not wait for it."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "starter.main",
            *argv,
            env=self.environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def jiegai(self, *argv: str) -> Said:
        """Run a command to its end."""
        began = asyncio.get_running_loop().time()
        process = await self.begin(*argv)
        out, err = await process.communicate()
        took = asyncio.get_running_loop().time() - began
        return Said(process.returncode or 0, out.decode(), err.decode(), took)

    async def act(self, item: str, verb: str, person: str, *more: str) -> Said:
        """``jiegai act``."""
        return await self.jiegai("act", item, verb, "--as", person, *more)

    async def start_plan(self, rollout: str) -> None:
        """Start the small plan under a name of its own, and wait until both streets have work."""
        said = await self.jiegai("rollout", "start", str(self.plan_named(rollout)), *KICKOFF)
        assert said.code == 0, said.err
        first = {f"{sanding(rollout, street)}#起草" for street in STREETS}
        first |= {f"{summary(rollout, street)}#办理" for street in STREETS}

        async def has_work() -> bool:
            return await self.inbox(rollout) == first

        await until(has_work)

    def plan_named(self, rollout: str) -> Path:
        """A copy of the plan with another name."""
        path = self.data_dir / f"{rollout}.yaml"
        path.write_text(PLAN.read_text("utf-8").replace("名称: 两街道", f"名称: {rollout}", 1))
        return path

    async def inbox(self, rollout: str) -> set[str]:
        """Every item at any desk."""
        said = await self.jiegai("inbox", "--rollout", rollout, "--json")
        assert said.code == 0, said.err
        return {line["item"] for line in said.json["lines"]}

    async def log(self, workflow_id: str) -> list[dict[str, Any]]:
        """The log as the command shows it."""
        said = await self.jiegai("log", workflow_id, "--json")
        assert said.code == 0, said.err
        return list(said.json["lines"])

    async def connect(self, namespace: str | None = None):
        """A client; of the workflows' namespace unless another is named."""
        from runtime.connect import connect

        return await connect(Settings.from_environ(self.environ), namespace, environ={})

    async def progress(self, workflow_id: str):
        """What the workflow itself says; asked again while it cannot answer."""
        from temporalio.client import WorkflowQueryFailedError
        from temporalio.service import RPCError

        from contracts.names import PROGRESS_QUERY
        from contracts.procedure import Progress
        from runtime.failure import ServiceUnavailable

        answers: list[Progress] = []

        async def ask() -> bool:
            try:
                client = await self.connect()
                handle = client.get_workflow_handle(workflow_id)
                answers.append(await handle.query(PROGRESS_QUERY, result_type=Progress))
            except (RPCError, ServiceUnavailable, WorkflowQueryFailedError):
                return False
            return True

        await until(ask)
        return answers[-1]


class Hosted(Site):
    """The servers of an embedded stack, with a worker that the test starts, orders and kills."""

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

    def strike(
        self,
        action_id: str,
        *victims: int,
        number: signal.Signals = signal.SIGKILL,
        before: bool = False,
    ) -> None:
        """Order a signal to these processes after (or before) the write of this action's page."""
        order = {"action_id": action_id, "victims": victims, "signal": number, "before": before}
        part = self.order.with_suffix(".part")
        part.write_text(json.dumps(order), "utf-8")
        part.replace(self.order)

    async def until_struck(self, server: int = 0) -> None:
        """Wait until the order is carried out, and a killed server is started again."""

        async def is_struck() -> bool:
            return not self.order.exists() and self.stack.pids.get("temporal") != server

        await until(is_struck)

    async def lines(self, workflow_id: str) -> list[dict[str, Any]]:
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

    async def assert_agreed(self, workflow_id: str, *action_ids: str) -> None:
        """Log, inbox and workflow say the same, with exactly these accepted actions."""
        found = await self.lines(workflow_id)
        kept = [str(line["action_id"]) for line in found if line["kind"] == "办理"]
        assert_whole(found, list(action_ids), kept)
        assert (await self.progress(workflow_id)).seq == len(found)
        still_open = await self.open_steps(workflow_id)
        assert await self.desk(workflow_id) == still_open
        shown = await self.inbox(split_id(workflow_id)[0])
        items = {f"{workflow_id}#{step}" for step in still_open}
        assert items == {item for item in shown if item.startswith(f"{workflow_id}#")}


@asynccontextmanager
async def hosted(data_dir: Path) -> AsyncIterator[Hosted]:
    """Servers under a supervisor that starts a killed one again, and a worker without one."""
    settings = Settings(data_dir=data_dir, port=0, ui_port=0)
    wanted = what_to_provision(settings)
    async with EmbeddedStack(settings, wanted, with_worker=False) as stack:
        site = Hosted(stack)
        site.start_worker()
        try:
            yield site
        finally:
            site.end_worker()


KICKOFF = ("--kickoff", datetime.now(UTC).date().isoformat(), "--as", "市协调员")


def sanding(rollout: str, street: str) -> str:
    """The id of a street's 三定."""
    return f"{rollout}/甲区/{street}/三定"


def summary(rollout: str, street: str) -> str:
    """The id of a street's 总结."""
    return f"{rollout}/甲区/{street}/总结"


def course(street: str) -> list[tuple[str, ...]]:
    """Step, verb, person and options of a 三定 from 起草 to 印发, without a return."""
    number = "--evidence=发文字号=甲党办〔2026〕8号"
    replies = ("--reply=甲区领导=已采纳", "--reply=甲区司法局=已采纳")
    return [
        ("起草", "提交", f"{street}经办甲", "--evidence=草案=1号"),
        ("初审", "通过", f"{OFFICE}经办甲", *SOUND),
        ("复审", "通过", f"{OFFICE}经办乙", *SOUND),
        ("三方沟通", "反馈意见", "甲区领导经办甲", "--note=无意见"),
        ("三方沟通", "反馈意见", "甲区司法局经办甲", "--note=无意见"),
        ("意见反馈", "提交", f"{OFFICE}经办甲", *replies),
        ("报送", "提交", f"{street}负责人"),
        ("审议", "通过", "甲区委编委经办甲", "--evidence=纪要=3号"),
        ("印发", "会签", "甲区委办经办甲", number),
        ("印发", "会签", "甲区政府办经办甲", number),
    ]


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE_SECONDS):
    """Ask until it holds, for a bounded time."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def rows(url: str, question: str, *given: object) -> list[dict[str, Any]]:
    """Look into the registers."""
    connection = await asyncpg.connect(url)
    try:
        return [dict(row) for row in await connection.fetch(question, *given)]
    finally:
        await connection.close()


def assert_whole(lines: list[dict[str, Any]], action_ids: list[str], kept: list[str]) -> None:
    """Numbers without a gap, and each accepted action exactly once, in order.

    ``kept`` are the action ids of the log's accepted lines, ``action_ids`` what was accepted.
    """
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert kept == action_ids
    assert max(Counter(kept).values(), default=1) == 1

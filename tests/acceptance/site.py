"""A site under test: the command line as processes, the registers, and what must hold of a log."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

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

    async def connect(self):
        """A client of the workflows' namespace."""
        from runtime.connect import connect
        from runtime.settings import Settings

        return await connect(Settings.from_environ(self.environ), environ={})

    async def progress(self, workflow_id: str):
        """What the workflow itself says; asked again while it cannot answer."""
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
            except (RPCError, ServiceUnavailable):
                return False
            return True

        await until(ask)
        return answers[-1]


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

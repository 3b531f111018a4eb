"""``jiegai rollout amend`` through the real command line: listed, confirmed, repeated, refused."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.amendment import Amended, AmendLine
from domain.refusal import Refused
from starter.amend import _show
from starter.table import display_width

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "tests" / "acceptance" / "两街道.yaml"
PAPER = ("--paper", "甲改办〔2026〕9号", "--issuer", "甲区委")
MORE = (
    "  - {编号: 3, 事项: 公示, 任务: 公示清单, 类型: 任务, 责任单位: 各街道, 牵头单位: 区委编办,"
    " 责任人: 第一责任人, 完成时限: T+80个工作日}\n"
)


@dataclass
class Said:
    """What one command printed, and its exit code."""

    code: int
    out: str
    err: str


def jiegai(*words: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own, with no service anywhere near."""
    return subprocess.run(
        [sys.executable, "-m", "starter.main", "rollout", "amend", *words],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


@pytest.fixture
def at_work(stack: Any) -> Any:
    """Runs ``jiegai rollout`` against the running stack."""
    environ = {**os.environ, "JIEGAI_DATA_DIR": str(stack.settings.data_dir)}

    async def run(*words: object) -> Said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "starter.main",
            "rollout",
            *map(str, words),
            cwd=ROOT,
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Said(process.returncode or 0, out.decode(), err.decode())

    return run


def plan_file(folder: Path, name: str, *changes: tuple[str, str], more: str = "") -> Path:
    """The plan of two streets under a name of its own, with changes."""
    text = PLAN.read_text("utf-8").replace("名称: 两街道\n", f"名称: {name}\n", 1)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "方案.yaml"
    path.write_text(text + more, "utf-8")
    return path


async def test_an_amendment_is_listed_confirmed_and_repeated(at_work, tmp_path) -> None:
    """The list changes nothing; confirmed it holds once; the next version shows what is left out."""
    old = plan_file(tmp_path, "修订命令")
    assert (await at_work("start", old)).code == 0
    new = plan_file(tmp_path, "修订命令", more=MORE)

    listed = await at_work("amend", new)
    done = await at_work("amend", new, *PAPER, "--as", "市协调员", "--confirm")
    again = await at_work("amend", new, *PAPER, "--as", "市协调员", "--confirm")
    shown = await at_work("show", "修订命令", "--json")

    assert (listed.code, done.code, again.code) == (0, 0, 0), done.err
    assert "新增 2，不变 4" in listed.out
    assert f"jiegai rollout amend {new} --paper 文号 --as 姓名 --confirm" in listed.out
    assert "修订为第 2 版，已通知 2 个单位" in done.out
    assert "没有再修订一次" in again.out
    assert json.loads(shown.out)["version"] == 2


async def test_what_broke_off_is_finished_by_the_next_try(at_work, tmp_path, stack) -> None:
    """Stored but not told, as if the command had been cut off between the two: the next one tells."""
    from datetime import UTC, datetime

    from temporalio.client import Client

    from activities.amendment import AmendingActivities
    from contracts.amendment import AmendOrder, amendment_id
    from runtime.connect import connect
    from starter.plan_file import read_plan
    from starter.rollout import content_hash
    from storage.engine import open_database

    assert (await at_work("start", plan_file(tmp_path, "断在中间"))).code == 0
    new = plan_file(tmp_path, "断在中间", more=MORE)
    plan = read_plan(new).plan
    assert plan is not None
    database = open_database(stack.database_url)
    order = AmendOrder(
        plan=plan,
        content_hash=content_hash(plan),
        now=datetime.now(UTC),
        paper=PAPER[1],
        person="市协调员",
        confirm=True,
    )
    assert (await AmendingActivities(database).amend(order)).applied
    await database.close()

    again = await at_work("amend", new, *PAPER, "--as", "市协调员", "--confirm")

    assert again.code == 0, again.err
    client: Client = await connect(stack.settings)
    told = await client.get_workflow_handle(amendment_id("断在中间", 2)).result()
    assert told == {"version": 2, "reached": True}


async def test_refusals_are_a_sentence_each(at_work, tmp_path) -> None:
    """A stranger, the same plan, another first day, a kind, an unknown rollout: nothing changes."""
    name = "修订被拒"
    old = plan_file(tmp_path, name)
    assert (await at_work("start", old)).code == 0

    same = await at_work("amend", old)
    new = plan_file(tmp_path, name, more=MORE)
    stranger = await at_work("amend", new, *PAPER, "--as", "区协调员", "--confirm")
    spoilt = (("2026-03-02", "2026-03-03"), ("类型: 三定", "类型: 五定"))
    both = await at_work("amend", plan_file(tmp_path, name, *spoilt))
    nobody = await at_work("amend", plan_file(tmp_path, "从没有过"))

    assert (same.code, "NOTHING_CHANGED" in same.err) == (3, True)
    assert (stranger.code, "NOT_COORDINATOR" in stranger.err) == (3, True)
    assert (both.code, "共2处不能修订" in both.err) == (3, True)
    assert "KICKOFF_CHANGED" in both.out
    assert "KIND_CHANGED" in both.out
    assert (nobody.code, "NOT_STARTED" in nobody.err) == (2, True)


async def test_a_stopped_rollout_is_not_amended(at_work, tmp_path) -> None:
    """After its end there is nothing to amend."""
    old = plan_file(tmp_path, "停后修订")
    assert (await at_work("start", old)).code == 0
    assert (await at_work("stop", "停后修订", "--reason", "撤销", "--as", "市协调员")).code == 0
    new = plan_file(tmp_path, "停后修订", more=MORE)
    for _ in range(20):
        late = await at_work("amend", new)
        if late.code:
            break
    assert (late.code, "ALREADY_ENDED" in late.err) == (3, True)


@pytest.mark.parametrize(
    "words, code",
    [
        ((str(PLAN), "--confirm"), "USAGE"),
        ((str(PLAN), "--confirm", "--paper", "甲〔2026〕1号"), "USAGE"),
        ((str(PLAN), "--paper", "号" * 101), "TOO_LONG"),
        (("没有.yaml",), "FILE_NOT_FOUND"),
        (("方案.xlsm",), "FILE_MACRO"),
        ((str(PLAN), "--kickoff", "2026-02-30"), "USAGE"),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(words, code) -> None:
    """One line, exit code 2, no service needed."""
    done = jiegai(*words)
    assert done.returncode == 2
    assert f"错误[{code}]" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_fits_the_terminal(monkeypatch, capsys, width) -> None:
    """Long names are cut, never wrapped; every refusal is on a line of its own."""
    monkeypatch.setenv("COLUMNS", str(width))
    line = AmendLine(
        workflow_id="很长",
        unit="一个名称非常之长的街道办事处筹备组",
        row_id="M3-1",
        item="机构职能编制规定",
        status="三方沟通、初审",
        fate="退回重办",
        what=("时限", "牵头单位", "配合单位", "办结材料"),
    )
    no = Refused(code="KIND_CHANGED", sentence="不能改。")
    _show(Amended(version=2, in_force=1, lines=(line,) * 3, counts={"退回重办": 3}, refusals=(no,)))
    out = capsys.readouterr().out
    assert all(display_width(each) <= width for each in out.splitlines())
    assert "[KIND_CHANGED] 不能改。" in out.splitlines()

"""``jiegai audit check`` on the running stack: findings by rule, counts, links, a workbook."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from activities.plan_shelf import plan_to_json
from contracts.audit import AuditFinding
from domain.audit_check import Check
from runtime.stack import EmbeddedStack
from starter.audit_check import Checked, in_words
from starter.table import display_width
from storage.engine import open_database
from storage.registers_store import NewPlan, store_plan
from tests.activities.audit_faults import Planted
from tests.small_plan import small_plan

ROOT = Path(__file__).parents[2]
OVERDUE = date(2026, 1, 5)


async def _planted(stack: EmbeddedStack, name: str, ghosts: int) -> None:
    """A registered rollout; steps overdue on the board, of workflows that there are not."""
    database = open_database(stack.database_url, pool_size=1)
    plan = small_plan(name, date(2026, 1, 2))
    new = NewPlan(
        plan=plan,
        content_hash=name,
        document=plan_to_json(plan),
        procedures=1,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        person="测",
    )
    async with database.transaction() as connection:
        await store_plan(connection, new)
    planted = Planted(database, name, None)
    for number in range(ghosts):
        task = await planted.procedure(f"事{number}", "TaskMilestone")
        await planted.item(task, "办理", "一街道", OVERDUE)
    await database.close()


async def test_every_check_is_made_and_its_findings_named(stack, jiegai, tmp_path) -> None:
    """By rule with what was looked at; the counts of the server are compared; the link is there."""
    name, clean = "督查检查", "督查清白"
    await _planted(stack, name, ghosts=2)
    await _planted(stack, clean, ghosts=0)
    file = tmp_path / "检查.xlsx"

    said = jiegai("audit", "check", name, "--xlsx", str(file)).stdout
    found = json.loads(jiegai("audit", "check", name, "--json").stdout)
    nothing = jiegai("audit", "check", clean).stdout

    assert "超期未办（0-13）：2 处" in said
    assert f"[{name}/甲区/一街道/事0]" in said
    assert "“任务”在办：Temporal 0件，挂图2件。" in said
    assert "四个严禁" in said
    assert "“台账不平”没有查全：还没有开账" in said
    assert [one["check"] for one in found["checks"]] == list(Check)
    assert {f["check"]: f["rule"] for f in found["findings"]} == {
        "超期未办": "0-13",
        "数据不符": "0-08",
    }
    link = found["findings"][0]["link"]
    assert link.startswith("http://127.0.0.1:") and "/namespaces/jiegai/workflows/" in link
    assert "没有发现问题" in nothing and " 处" not in nothing
    book = load_workbook(file)
    assert book.sheetnames == ["汇总", "问题", "说明"]
    cell = book["问题"]["G2"]
    assert (cell.value, cell.hyperlink.target) == (f"{name}/甲区/一街道/事0", link)


@pytest.mark.parametrize(
    "words, code, exit_code",
    [
        (("没有这次",), "UNKNOWN_ROLLOUT", 2),
        (("没有这次", "--only", "没有"), "UNKNOWN_CHECK", 2),
        (("没有这次", "--xlsx", "检查.txt"), "FILE_FORMAT", 2),
    ],
)
def test_bad_input_is_one_line(jiegai, words, code, exit_code) -> None:
    """Exit code 2 with what may be written."""
    said = jiegai("audit", "check", *words, code=exit_code)
    assert said.stderr.startswith(f"错误[{code}] ")
    assert said.stdout == ""


def _finding(number: int, **more: object) -> AuditFinding:
    known = {
        "check": str(Check.OVERDUE),
        "rule": "0-13",
        "unit": f"海勃湾区第{number % 20}街道",
        "district": "海勃湾区",
        "sentence": "“办理”时限2026-11-16，已超期7天未办，已升级2次，末次告知海勃湾区委编办分管领导。",
        "since": datetime(2026, 11, 16, 16, tzinfo=UTC) + timedelta(days=number),
        "workflow_id": f"乌海2019/海勃湾区/第{number % 20}街道/事{number}",
    }
    return AuditFinding(**(known | more))


@pytest.mark.parametrize("columns", [80, 120])
def test_the_findings_fit_the_screen(columns: int) -> None:
    """Ten of each check, more by --only; units by name and not by number; ids whole."""
    found = Checked(
        rollout="乌海2019",
        as_of=datetime(2026, 11, 23, tzinfo=UTC),
        checks=tuple(Check),
        findings=tuple(_finding(n) for n in range(30)),
        looked={"超期未办": 12_345},
        left_out={"台账不平": "还没有开账（先 jiegai census lock），没有台账可查。"},
    )

    lines = list(in_words(found, columns))
    whole = list(in_words(replace(found, checks=("超期未办",)), columns, everything=True))

    flat = [line for text in lines for line in text.splitlines()]
    assert all(display_width(line) <= columns for line in flat if "[" not in line)
    assert sum("已超期7天" in line for line in flat) == 10
    assert "  另有 20 处：jiegai audit check 乌海2019 --only 超期未办" in flat
    assert sum("[乌海2019/" in line for line in whole) == 30
    assert any(line.startswith("  海勃湾区第0街道 2，海勃湾区第10街道 1，") for line in flat)
    assert any(line.startswith("0-25") and "没有查" in line for line in flat)


def test_help_imports_nothing_heavy() -> None:
    """No Temporal client, no pydantic, no spreadsheet writer."""
    script = (
        "import sys; from starter.main import run; run(['audit', 'check', '--help']); "
        "print([m for m in ('temporalio','pydantic','openpyxl','yaml') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[]"

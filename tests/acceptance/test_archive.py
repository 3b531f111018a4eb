"""A rollout from its start to its archive by the command line alone, on the real stack."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROLLOUT = "归档验收"
PLAN = f"{ROLLOUT}/市级/乌海市/改革工作方案"
TRIES = 60


@pytest.fixture
def jiegai(stack, tmp_path):
    """Runs the command line in a folder of its own; code, what it printed, what it said."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("JIEGAI_", "TEMPORAL_"))}
    environ |= {"JIEGAI_DATA_DIR": str(stack.settings.data_dir), "PYTHONPATH": str(ROOT)}

    async def run(*argv: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "starter.main",
            *argv,
            env=environ,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    return run


async def until(jiegai, *argv: str, code: int = 0) -> str:
    """Asks again until the command ends with the code, as a person would."""
    for _ in range(TRIES):
        got, out, err = await jiegai(*argv)
        if got == code:
            return out + err
    raise AssertionError(f"{argv}: {got} {out} {err}")


async def test_a_rollout_is_archived_and_checked(jiegai, tmp_path) -> None:
    """One 案卷 with its file, refused to a stranger, whole for sha256sum and for verify."""
    text = (ROOT / "plans" / "乌海2019.yaml").read_text("utf-8")
    plan = tmp_path / "方案.yaml"
    plan.write_text(text.replace(": 乌海2019\n", f": {ROLLOUT}\n", 1), "utf-8")
    (tmp_path / "报告.docx").write_bytes(b"one report " * 50_000)
    await until(jiegai, "rollout", "start", str(plan), "--kickoff", "2026-11-16")
    given = ("--as", "乌海市委编办经办甲", "--evidence", "调研报告=报告.docx")
    await until(jiegai, "act", f"{PLAN}#调研论证", "提交", *given)
    stop = ("--reason", "演练", "--as", "乌海市协调员甲")
    await until(jiegai, "rollout", "stop", ROLLOUT, *stop)
    for _ in range(TRIES):
        if "已结束" in (await jiegai("rollout", "show", ROLLOUT))[1]:
            break

    refused = await jiegai("archive", ROLLOUT)
    assert 3 == refused[0] and "归档请由协调员执行" in refused[2]
    assert not [path for path in tmp_path.iterdir() if "档案" in path.name]
    code, out, err = await jiegai("archive", ROLLOUT, "--as", "乌海市协调员甲", "--json")
    assert 0 == code, err
    assert (1, []) == (json.loads(out)["cases"], json.loads(out)["missing"])

    folder = tmp_path / f"{ROLLOUT}-档案"
    case = folder / "案卷" / "市级" / "乌海市" / "改革工作方案"
    listed = next(csv.DictReader(io.StringIO((case / "文件.csv").read_text("utf-8-sig"))))
    assert (tmp_path / "报告.docx").read_bytes() == (case / listed["案卷内文件"]).read_bytes()
    assert (folder / "推进" / ROLLOUT / "历史" / "第1段.json").exists()
    summed = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
    assert 0 == summed.returncode
    assert 0 == (await jiegai("archive", "verify", str(folder)))[0]
    (case / listed["案卷内文件"]).write_bytes(b"another report")
    code, out, err = await jiegai("archive", "verify", str(folder))
    assert (3, True, True) == (code, "[ALTERED]" in out, "[EVIDENCE_MISSING]" in out)

"""What nobody should type, open or close: one clear sentence, never a traceback, never a wait."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.settings import Settings
from starter.demo import _by_itself
from starter.errors import UserError
from starter.main import run

ROOT = Path(__file__).parents[2]


def _line(capsys, *arguments: str) -> str:
    assert run(list(arguments)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def _command(*arguments: str | bytes, **how) -> subprocess.CompletedProcess[bytes]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "starter.main", *arguments],
        env=environ,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
        **how,
    )


@pytest.mark.parametrize(
    "typed, hint", [("提教", "是否想用“提交”"), ("批准廷期", "是否想用“批准延期”"), ("x", "可用：")]
)
def test_a_misspelt_verb_is_answered_with_the_nearest(capsys, typed, hint):
    """The verb that may have been meant stands before the list of all."""
    assert hint in _line(capsys, "act", "滨河街道/三定", typed, "--as", "某")


@pytest.mark.parametrize(
    "arguments",
    [
        ("board", "乌海2019", "--as-of", "9999-12-31"),
        ("rollout", "start", "计划.yaml", "--kickoff", "0001-01-01"),
        ("act", "滨河街道/三定", "申请延期", "--as", "某", "--new-due", "2201-01-01"),
    ],
)
def test_a_year_beyond_the_calendar_is_no_date(capsys, arguments):
    """Such dates overflowed deep inside, and looked like a service that is away."""
    assert "不在1949至2200年之间" in _line(capsys, *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("rollout", "stop", "乌海2019", "--as", "某"),
        ("absence", "add", "某", "--from=2027-01-04", "--to=2027-01-05", "--by=另", "--as=某"),
        ("staff", "show", "--unmask", "--as", "某"),
    ],
)
def test_a_reason_with_an_identity_number_goes_nowhere(capsys, arguments):
    """Reasons are kept where many read them; nothing is sent, since nothing is connected to."""
    line = _line(capsys, *arguments, "--reason", "见11010119900307123X")

    assert line.startswith("错误[PERSONAL_DATA]")
    assert "11010119900307123X" not in line


@pytest.mark.parametrize(
    "text, says",
    [
        ("改革:\n\t名称: x\n", "制表符"),
        ("[" * 5000, "层次太多"),
        ("? [a]\n: c\n", "列名只能是文字"),
        ("改革: {}\n---\n改革: {}\n", "一份方案"),
        ("改革: !!python/object/apply:os.getcwd []\n", "不能使用 ! 标签"),
        ("改革: {}\0", "控制字符"),
        ("a: 'x", "没有收尾"),
    ],
)
def test_a_yaml_mistake_is_said_in_chinese(capsys, tmp_path, text, says):
    """PyYAML's own English is for programmers."""
    plan = tmp_path / "计划.yaml"
    plan.write_text(text, encoding="utf-8")

    line = _line(capsys, "plan", "check", str(plan))

    assert line.startswith("错误[YAML_SYNTAX] 计划.yaml ")
    assert says in line


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "check", "{pipe}.yaml"),
        ("plan", "check", "{pipe}.xlsx"),
        ("calendar", "import", "{pipe}.yaml"),
        ("act", "--file", "{pipe}.xlsx"),
        ("act", "滨河街道/三定", "提交", "--as", "某", "--evidence", "草案={pipe}.yaml"),
    ],
)
def test_a_named_pipe_is_not_waited_for(capsys, tmp_path, arguments):
    """Nobody will ever write into it."""
    for ending in (".yaml", ".xlsx"):
        os.mkfifo(tmp_path / f"p{ending}")
    assert _line(capsys, *(one.format(pipe=tmp_path / "p") for one in arguments))


def test_a_device_without_end_is_not_read(capsys):
    """/dev/zero says that it holds nothing, and filled the memory."""
    assert "错误[NOTICE_FILE]" in _line(capsys, "calendar", "import", "/dev/zero")


def test_a_notice_nested_without_end_is_no_json(capsys, tmp_path):
    """Python's recursion limit is not the user's business."""
    notice = tmp_path / "通知.json"
    notice.write_text("[" * 100_000, encoding="utf-8")
    assert "不是有效的 JSON" in _line(capsys, "calendar", "import", str(notice))


def test_an_error_line_shows_what_a_terminal_would_obey():
    """Escape sequences and turned text are made visible; a long quotation is cut."""
    line = UserError("X", f"没有“{'长' * 10_000}”\x1b[2J\u202e反").line
    assert "\x1b" not in line and "\u202e" not in line
    assert len(line) < 100 and "（共10000字）" in line


def test_bytes_that_are_no_utf8_are_refused_before_anything_is_sent():
    """A terminal in GBK sends such bytes."""
    done = _command("log", "滨河".encode("gbk"), stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith("错误[NOT_UTF8] ")


def test_a_closed_or_full_output_leaves_no_traceback():
    """`>&-` and a full disk happen in cron jobs."""
    closed = _command("--help", close_fds=True, preexec_fn=lambda: os.close(1))
    assert (closed.returncode, closed.stderr) == (0, b"")

    with Path("/dev/full").open("wb") as full:
        done = _command("calendar", "show", "2026", stdout=full)
    assert b"Traceback" not in done.stderr
    assert done.stderr.decode().startswith("错误[DISK_FULL] ")


def test_the_demonstration_never_touches_a_configured_server(monkeypatch, tmp_path):
    """Whatever server and database the user works on, the demonstration has its own."""
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    monkeypatch.setenv("JIEGAI_DATABASE_URL", "postgresql://a:b@db.example/jiegai")

    own = _by_itself(Settings.from_environ())

    assert (tmp_path / "demo", None) == (own.data_dir, own.database_url)
    assert "TEMPORAL_ADDRESS" not in os.environ

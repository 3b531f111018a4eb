"""The command line itself: help, Chinese usage errors, exit codes, completion, crash reports."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from runtime.failure import ServiceUnavailable
from starter import main
from starter.errors import UserError
from starter.main import COMMANDS, run
from starter.table import display_width

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = re.compile(r"[A-Za-z]{4,} [a-z]{2,}")


@pytest.fixture
def command(monkeypatch):
    """Puts a command called 试 into the table, doing what the test wants."""

    def install(callback, *parameters: click.Parameter):
        made = click.Command("试", params=list(parameters), callback=callback)
        monkeypatch.setattr(main, "TRIED", made, raising=False)
        monkeypatch.setitem(COMMANDS, "试", main.Entry("starter.main:TRIED", "试验"))

    return install


def test_help_imports_none_of_the_commands():
    """Help appears at once because only Click is loaded."""
    code = (
        "import sys; from starter.main import run; run(['--help']);"
        "print([m for m in ('temporalio', 'pydantic', 'openpyxl', 'yaml', 'starter.up')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )

    lines = done.stdout.decode("utf-8").splitlines()
    assert lines[-1] == "[]"
    assert lines[0] == "用法: jiegai [选项] 命令 [参数]..."
    assert all(any(line.strip().startswith(name) for line in lines) for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_of_the_table_exists_and_explains_itself_in_chinese(name, capsys):
    """The table of names and the modules cannot drift apart."""
    module = COMMANDS[name].target.partition(":")[0]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not written yet")

    assert run([name, "--help"]) == 0
    shown = re.sub(r"jiegai \w+( \w+)?", "", capsys.readouterr().out)
    assert not ENGLISH.search(shown)


def test_help_fits_a_narrow_terminal_of_chinese_text(monkeypatch, capsys):
    """A line of Chinese characters is as wide as twice its length."""
    monkeypatch.setenv("COLUMNS", "60")

    run(["up", "--help"])

    lines = capsys.readouterr().out.splitlines()
    assert max(display_width(line) for line in lines) <= 60
    starts = {display_width(line.partition("  ")[0]) for line in lines if line.startswith("  --")}
    assert len(starts) == 1


def test_an_unknown_command_suggests_the_near_one(capsys):
    """A typing error costs one look."""
    assert run(["calandar"]) == 2
    assert capsys.readouterr().err == "错误[USAGE] 没有命令 calandar。是否想用 calendar？\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["--number"],
        ["--number", "x"],
        ["--number", "9"],
        ["--choice", "x"],
        ["--flag=1"],
        ["--file", "/nowhere"],
        ["a", "b"],
        [],
    ],
    ids=" ".join,
)
def test_a_usage_error_is_one_chinese_line(command, arguments, capsys):
    """Whatever Click complains about, no English sentence and no usage text comes with it."""
    command(
        lambda **_: None,
        click.Option(["--number"], type=click.IntRange(0, 3)),
        click.Option(["--choice"], type=click.Choice(["甲", "乙"])),
        click.Option(["--flag"], is_flag=True),
        click.Option(["--file"], type=click.Path(exists=True)),
        click.Argument(["name"]),
    )

    code = run(["试", *arguments])

    error = capsys.readouterr().err
    assert code == 2
    assert error.startswith("错误[USAGE] ")
    assert error.count("\n") == 1
    assert not ENGLISH.search(error)


@pytest.mark.parametrize(
    "failure,expected",
    [
        (
            UserError("PLAN_INVALID", "方案有\n3 处错误。"),
            (2, "错误[PLAN_INVALID] 方案有 3 处错误。\n"),
        ),
        (UserError("NOT_OPEN", "已办结。", 3), (3, "错误[NOT_OPEN] 已办结。\n")),
        (ServiceUnavailable("连不上。"), (4, "错误[SERVICE_UNREACHABLE] 连不上。\n")),
        (KeyboardInterrupt(), (130, "\n已中止。\n")),
    ],
    ids=["bad input", "refused", "unreachable", "ctrl-c"],
)
def test_a_failure_is_one_line_and_its_exit_code(command, failure, expected, capsys):
    """Scripts read the code, people the sentence; a line break in it is taken out."""

    def fail(**_):
        raise failure

    command(fail)

    assert (run(["试"]), capsys.readouterr().err) == expected


@pytest.mark.parametrize("status", ["UNAVAILABLE", "DEADLINE_EXCEEDED"])
def test_a_server_lost_on_the_way_is_unreachable_not_a_fault(command, status, capsys):
    """A stack stopped while a command runs is no fault of the program."""
    from temporalio.service import RPCError, RPCStatusCode

    def fail(**_):
        raise RPCError("gone", RPCStatusCode[status], b"")

    command(fail)

    assert run(["试"]) == 4
    assert capsys.readouterr().err.startswith("错误[SERVICE_UNREACHABLE] ")


def test_a_fault_of_ours_is_one_line_with_the_details_in_a_file(
    command, capsys, monkeypatch, tmp_path
):
    """A traceback never reaches the person, and is not lost either."""
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(tmp_path))
    command(lambda **_: {}["missing"])

    code = run(["试"])

    error = capsys.readouterr().err
    report = tmp_path / "logs" / "cli-error.log"
    assert code == 1
    assert error == f"错误[INTERNAL] 程序内部错误（KeyError），详情见 {report}。\n"
    assert "KeyError: 'missing'" in report.read_text("utf-8")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell, capsys):
    """The script names the variable that makes the command complete."""
    assert run(["completion", shell]) == 0
    assert "_JIEGAI_COMPLETE" in capsys.readouterr().out


def test_bash_completion_completes_a_command():
    """What the script asks is answered: command names with nothing imported."""
    done = subprocess.run(
        [sys.executable, "-m", "starter.main"],
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "_JIEGAI_COMPLETE": "bash_complete",
            "COMP_WORDS": "jiegai cal",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["plain,calendar"]

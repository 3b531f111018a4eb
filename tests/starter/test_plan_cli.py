"""``jiegai plan`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from starter.main import run
from starter.table import display_width

WUHAI = "plans/乌海2019.yaml"


def test_a_good_plan_is_told_back(capsys):
    """How 各街道 and each deadline were read, the schedule, and exit code 0."""
    assert run(["plan", "check", WUHAI]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert "各区 → 3个：海勃湾区、海南区、乌达区" in out
    assert "12月10日前 → 2019-12-10（含当日，截至24:00）" in out
    assert "起草 12-12、初审 12-16、复审 12-17" in out
    assert "没有错误：13 项任务，落到单位共 145 件。" in out


@pytest.mark.parametrize("columns", [80, 120])
def test_the_report_fits_the_terminal(columns, capsys, monkeypatch):
    """No line is wider than the terminal, none ends in a blank."""
    monkeypatch.setenv("COLUMNS", str(columns))
    run(["plan", "check", WUHAI])

    lines = capsys.readouterr().out.splitlines()
    assert max(display_width(line) for line in lines) <= columns
    assert all(line == line.rstrip() for line in lines)


def spoiled(tmp_path):
    """乌海's plan with two errors."""
    file = tmp_path / "坏.yaml"
    text = Path(WUHAI).read_text(encoding="utf-8")
    text = text.replace("第一书记: 滨河街道第一书记, ", "")
    file.write_text(text.replace("完成时限: 12月10日前", "完成时限: 11月25日前"), encoding="utf-8")
    return str(file)


def test_a_bad_plan_lists_every_error_and_exits_two(tmp_path, capsys):
    """Errors with their places on stdout, one line on stderr."""
    assert run(["plan", "check", spoiled(tmp_path)]) == 2

    out, err = capsys.readouterr()
    assert "错误 2 处" in out
    assert "·第一书记  [NO_FIRST_SECRETARY]" in out
    assert "任务!第2行·完成时限  [NO_TIME]" in out
    assert "各环节共需6个工作日" in out
    assert err.startswith("错误[PLAN_INVALID] ")
    assert err.count("\n") == 1


def test_json_has_findings_readings_and_schedule(tmp_path, capsys):
    """One document, also when the plan is refused."""
    assert run(["plan", "check", WUHAI, "--json"]) == 0
    good = json.loads(capsys.readouterr().out)
    assert run(["plan", "check", spoiled(tmp_path), "--json"]) == 2
    bad = json.loads(capsys.readouterr().out)

    assert (good["ok"], good["errors"], good["rollout"]) == (True, [], "乌海2019")
    steps = {step["name"]: step["due"] for step in good["schedule"][2]["steps"]}
    assert steps["审议"] == "2019-12-20"
    assert (bad["ok"], "schedule" in bad) == (False, False)
    assert {error["code"] for error in bad["errors"]} == {"NO_FIRST_SECRETARY", "NO_TIME"}


def test_another_first_day_is_tried_out(capsys):
    """--kickoff shows where every date moves."""
    assert run(["plan", "check", WUHAI, "--kickoff", "2026-03-02"]) == 0

    out = capsys.readouterr().out
    assert "2026-03-02 启动" in out
    assert "按启动日2026-03-02重排为2026-03-10" in out


def test_the_template_is_written_once(tmp_path, capsys):
    """A file that is there stays, unless --force is given."""
    file = tmp_path / "模板.xlsx"

    assert run(["plan", "template", str(file)]) == 0
    assert run(["plan", "template", str(file)]) == 2
    assert "错误[FILE_EXISTS]" in capsys.readouterr().err
    assert run(["plan", "template", str(file), "--force"]) == 0
    assert run(["plan", "template", str(tmp_path / "模板.docx")]) == 2
    assert "错误[FILE_TYPE]" in capsys.readouterr().err
    assert run(["plan", "template", str(tmp_path / "无" / "模板.xlsx")]) == 2
    assert "错误[FILE_UNWRITABLE]" in capsys.readouterr().err


def test_a_missing_file_is_one_line(capsys):
    """No traceback."""
    assert run(["plan", "check", "没有.xlsx"]) == 2

    assert capsys.readouterr().err.startswith("错误[FILE_NOT_FOUND] ")

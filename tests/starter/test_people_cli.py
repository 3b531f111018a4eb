"""``jiegai people`` and ``jiegai absence``: what is read before anything is sent, and once for real."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from contracts.people import AbsenceLine, PostLine, UnitLine
from starter.errors import UserError
from starter.main import run
from starter.people import absence_in_words, unit_rows
from starter.people_file import read_people, write_template

ROOT = Path(__file__).parents[2]
HEADS = ("单位", "姓名", "职务", "起始日", "终止日")


def sheet(path: Path, *rows: tuple[object, ...], heads: tuple[str, ...] = HEADS) -> Path:
    """A workbook with the sheet 人员."""
    book = Workbook()
    worksheet = book.active
    assert worksheet is not None
    worksheet.title = "人员"
    for row in (heads, *rows):
        worksheet.append(row)
    book.save(path)
    return path


def test_a_filled_template_is_read_as_written(tmp_path):
    """Rows keep their numbers, real dates become ISO, what is not a date stays for the rules."""
    path = tmp_path / "人员.xlsx"
    write_template(path)
    book = load_workbook(path)
    worksheet = book["人员"]
    for column, value in enumerate(("滨河街道", "王五", "经办人", date(2026, 12, 1)), start=1):
        worksheet.cell(row=3, column=column, value=value)
    worksheet.cell(row=3, column=5, value="2026-02-30")
    book.save(path)

    read = read_people(path)

    (row,) = read.rows
    assert (row.row, row.unit, row.person, row.role) == (3, "滨河街道", "王五", "经办人")
    assert (row.since, row.until) == ("2026-12-01", "2026-02-30")
    assert read.findings == ()


def test_the_key_of_a_sheet_is_its_content(tmp_path):
    """Saved again it is the same; one cell more and it is another."""
    one = read_people(sheet(tmp_path / "a.xlsx", ("甲街道", "甲", "经办人")))
    two = read_people(sheet(tmp_path / "b.xlsx", ("甲街道", "甲", "经办人", None, None)))
    other = read_people(sheet(tmp_path / "c.xlsx", ("甲街道", "甲", "代办人")))
    assert one.content_key == two.content_key != other.content_key


@pytest.mark.parametrize(
    "heads, rows, code",
    [
        (("单位", "姓名"), (("甲", "乙"),), "HEADER"),
        (("单位", "姓名", "职务", "电话"), (("甲", "乙", "经办人", "1"),), "HEADER"),
        (HEADS, (), "EMPTY_SHEET"),
        (HEADS, (("甲", "乙", "经办人"),) * 3_001, "TOO_MANY_ROWS"),
        (HEADS, (("甲" * 20_000, "乙", "经办人"),) * 20, "FILE_TOO_BIG"),
    ],
)
def test_a_sheet_that_is_none_is_refused_whole(tmp_path, heads, rows, code):
    """A column is gone or unknown, nobody is in it, more rows than one message carries."""
    with pytest.raises(UserError) as raised:
        read_people(sheet(tmp_path / "人员.xlsx", *rows, heads=heads))
    assert code == raised.value.code


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("people", "import", "{file}", "--paper", "X"), "USAGE"),
        (("people", "import", "{file}", "--as", "甲"), "PAPER_MISSING"),
        (("people", "import", "{file}.不在", "--check", "--as", "甲"), "FILE_MISSING"),
        (("people", "replace", "甲", "乙", "--as", "丙"), "PAPER_MISSING"),
        (("people", "replace", "甲", "乙", "--paper", "X"), "USAGE"),
        (("people", "show", "--on", "2026-02-30"), "USAGE"),
        (("people", "template", "{file}"), "FILE_EXISTS"),
        (("people", "template", "人员.docx"), "FILE_FORMAT"),
        (
            ("absence", "add", "甲", "--from", "2026-02-30", "--to", "2026-03-01", "--by", "乙"),
            "USAGE",
        ),
        (("absence", "add", "甲", "--from", "2026-03-01", "--to", "2026-03-02"), "USAGE"),
        (
            ("absence", "add", "甲", "--from", "2026-03-01", "--to", "2026-03-02", "--by", "乙"),
            "USAGE",
        ),
        (("absence", "end", "甲"), "USAGE"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(capsys, tmp_path, arguments, code):
    """Exit code 2, and no service is asked."""
    file = sheet(tmp_path / "人员.xlsx", ("甲街道", "甲", "经办人"))

    assert run([one.format(file=file) for one in arguments]) == 2

    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] ")
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_help_imports_nothing_heavy():
    """No Temporal client, no pydantic, no spreadsheet reader."""
    script = (
        "import sys; from starter.main import run; "
        "run(['people', '--help']); run(['absence', 'add', '--help']); "
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


def test_a_unit_is_shown_with_who_acts_and_what_is_vacant():
    """A term's last day is the day before the midnight that ends it."""
    midnight = datetime(2026, 12, 31, 16, tzinfo=UTC)
    post = PostLine(
        unit="甲街道",
        person="甲",
        role="经办人",
        since=midnight - timedelta(days=30),
        until=midnight,
        substitute="乙",
    )
    unit = UnitLine(
        unit="甲街道", kind="街道", district="甲区", posts=(post,), vacant=("第一责任人",)
    )
    assert unit_rows(unit) == [
        ("甲街道", "经办人", "甲", "2026-12-02", "请假，由乙代办；到2026-12-31止"),
        ("甲街道", "第一责任人", "（空缺）", "", ""),
    ]


def test_an_absence_names_the_end_of_its_chain():
    """Where the substitute is away too, who really acts."""
    line = AbsenceLine(
        id=1,
        person="甲",
        by="乙",
        substitute="乙",
        from_day=date(2026, 12, 1),
        to_day=date(2026, 12, 2),
        state="请假中",
        reason="病假",
    )
    assert absence_in_words(line) == "甲 2026-12-01至2026-12-02 由乙代办（请假中；病假）"
    assert "由乙代办，乙不在，实由丙代办" in absence_in_words(replace(line, substitute="丙"))


ROLLOUT = "人员变动试"
OFFICE = "海勃湾区委编办"


async def test_people_change_from_the_command_line(jiegai, tmp_path):
    """Sheet, replacement, absence and return on the running stack, each with its exit code."""
    plan = tmp_path / "方案.yaml"
    text = (ROOT / "plans" / "乌海2019.yaml").read_text("utf-8")
    plan.write_text(text.replace("名称: 乌海2019", f"名称: {ROLLOUT}", 1), "utf-8")
    jiegai("rollout", "start", str(plan), "--as", "乌海市协调员甲")
    there = ("--rollout", ROLLOUT)
    local = ("--paper", "海编〔2026〕3号", "--as", "海勃湾区协调员")

    bad = sheet(tmp_path / "错.xlsx", ("滨和街道", "新甲", "经办人"), ("滨河街道", "", "科员"))
    refused = jiegai("people", "import", str(bad), *there, *local, code=2)
    assert [line.split(" ")[0] for line in refused.stdout.splitlines()] == [
        "人员!第2行·单位",
        "人员!第3行·姓名",
        "人员!第3行·职务",
    ]
    good = sheet(tmp_path / "人员.xlsx", ("滨河街道", "新甲", "经办人"))
    assert "已导入 1 项变动" in jiegai("people", "import", str(good), *there, *local).stdout
    assert "没有改动" in jiegai("people", "import", str(good), *there, *local).stdout

    words = ("people", "replace", f"{OFFICE}经办甲", "新乙", *there)
    assert "NOT_COORDINATOR" in jiegai(*words, *local[:3], "海南区协调员", code=3).stderr
    assert "新乙现有待办 0 项" in jiegai(*words, *local).stdout
    shown = json.loads(jiegai("people", "show", "--person", "新乙", *there, "--json").stdout)
    assert [(one["unit"], one["posts"][0]["role"]) for one in shown["units"]] == [
        (OFFICE, "经办人")
    ]

    today = datetime.now(UTC) + timedelta(hours=8)
    days = ("--from", f"{today:%Y-%m-%d}", "--to", f"{today + timedelta(days=3):%Y-%m-%d}")
    away = ("absence", "add", "新乙", *days, "--by", f"{OFFICE}经办乙", *there, "--as")
    assert "已登记：新乙" in jiegai(*away, "新乙").stdout
    back = ("absence", "add", f"{OFFICE}经办乙", *days, "--by", "新乙", *there, "--as")
    circle = jiegai(*back, "新乙", code=3).stderr
    assert "NOT_YOUR_ABSENCE" in circle
    assert "ABSENCE_CIRCLE" in jiegai(*back, f"{OFFICE}负责人", code=3).stderr
    listed = json.loads(jiegai("absence", "list", *there, "--json").stdout)
    assert [(one["person"], one["state"]) for one in listed["lines"]] == [("新乙", "请假中")]
    assert "已销假" in jiegai("absence", "end", "新乙", *there, "--as", "新乙").stdout
    assert "没有登记请假" in jiegai("absence", "list", *there).stdout

"""``jiegai secondment`` and ``ledger devolution``: sheets, refusals before anything is sent."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook

from domain.secondment import SECONDMENT_COLUMNS, Seconded, totals
from starter.census_file import read_secondments, write_secondment_template
from starter.main import run
from starter.secondment import in_sum, table_of
from starter.table import display_width
from tests.people_of import name_of, number_of

ROOT = Path(__file__).parents[2]
KEY = "p-00000000000000aa"


def test_a_sheet_is_read_as_it_was_filled_in(tmp_path):
    """A template filled in gives its rows; days come as days or as written words."""
    path = tmp_path / "借调.xlsx"
    write_secondment_template(path)
    book = load_workbook(path)
    sheet = book["借调"]
    cells = (
        "",
        name_of(1),
        number_of(1),
        "",
        "区司法局",
        date(2025, 3, 1),
        "专项",
        "2026年3月1日",
        "",
    )
    for column, cell in enumerate(cells, start=1):
        sheet.cell(row=2, column=column, value=cell)
    assert tuple(c.value for c in sheet[1])[: len(cells)] == SECONDMENT_COLUMNS
    book.save(path)

    (row,) = read_secondments(path).rows
    assert (row.row, row.since, row.due_back) == (2, "2025-03-01", "2026-03-01")
    assert (row.name, row.number) == (name_of(1), number_of(1))


@pytest.mark.parametrize(
    "words, code",
    [
        (("secondment", "return", "张三", "--on", "2026-11-20", "--paper", "x"), "STAFF_KEY"),
        (("secondment", "return", KEY, "--on", "2026-11-20"), "PAPER_MISSING"),
        (("secondment", "return", KEY, "--paper", "x"), "USAGE"),
        (("secondment", "list", "--months", "0"), "USAGE"),
        (("ledger", "devolution"), "USAGE"),
        (("ledger", "devolution", "--of", "甲局", "--percent", "101"), "USAGE"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(capsys, words, code):
    """Exit code 2, no service is asked, a name is not repeated."""
    person = ("--as", "甲") if words[0] == "secondment" else ()

    assert run([*words, *person]) == 2

    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] ")
    assert "张三" not in said.err and said.out == ""


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_fits_the_screen_and_keeps_its_keys(monkeypatch, columns):
    """21 long ones of which one is back, as 3-08 counts them."""
    monkeypatch.setenv("COLUMNS", str(columns))
    today = date(2026, 11, 23)
    lines = [
        Seconded(
            staff=f"p-{n:016x}",
            street="凤凰岭街道",
            organ="海勃湾区综合执法局",
            since=date(2024, 5, 6),
            reason="创建全国文明城市专项工作",
            due_back=date(2026, 1, 1),
            returned_on=date(2026, 11, 1) if n == 0 else None,
        )
        for n in range(21)
    ]
    table = table_of(lines, today, 12)

    assert all(display_width(line) <= columns for line in table.splitlines())
    assert all(one.staff in table for one in lines)
    assert in_sum(totals(lines, today, 12), 12) == (
        "共 21 人次：在外 20，其中逾期 20，已归还 1；长期（满12个月）21，其中已清退 1。"
    )


@pytest.mark.parametrize("words", [("secondment", "list"), ("ledger", "devolution")])
def test_help_imports_nothing_heavy(words):
    """No Temporal client, no pydantic, no spreadsheet writer."""
    script = (
        f"import sys; from starter.main import run; run([*{words!r}, '--help']); "
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

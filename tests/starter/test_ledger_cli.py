"""``jiegai ledger``: what is refused before anything is sent, and once for real."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from contracts.ledger import HistoryLine, PositionLine, PostingLine
from domain.ledger import OPENING, Entry, arrived, opening, sent
from starter.ledger import history_rows, in_sum, position_rows
from starter.ledger_file import balances, write_ledger
from starter.main import run
from storage.engine import open_database
from storage.ledger_store import Posted, post

ROOT = Path(__file__).parents[2]
KEY = "p-00000000000000aa"
AT = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("adjust", "--to", "甲街道", "--posts", "1", "--as", "甲"), "USAGE"),
        (("adjust", "--to", "甲街道", "--type", "行政", "--posts", "0", "--as", "甲"), "USAGE"),
        (("adjust", "--to", "甲街道", "--type", "行政", "--posts", "1"), "USAGE"),
        (("show", "--on", "2026-02-30"), "USAGE"),
        (("history",), "USAGE"),
        (("export", "台账.docx"), "FILE_FORMAT"),
        (("export", "{there}"), "FILE_EXISTS"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_sent(capsys, tmp_path, arguments, code):
    """Exit code 2, and no service is asked."""
    there = tmp_path / "有.csv"
    there.write_text("")

    assert run(["ledger", *(one.format(there=there) for one in arguments)]) == 2

    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] ")
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_a_name_for_a_key_is_neither_sent_nor_repeated(capsys):
    """People are keys: who writes a name is told so without it."""
    words = ("adjust", "--to", "甲街道", "--type", "行政", "--join", "张三", "--as", "甲")

    assert run(["ledger", *words]) == 2

    error = capsys.readouterr().err
    assert error.startswith("错误[ADJUST_KEY] ")
    assert "张三" not in error


def test_help_imports_nothing_heavy():
    """No Temporal client, no pydantic, no spreadsheet writer."""
    script = (
        "import sys; from starter.main import run; run(['ledger', 'adjust', '--help']); "
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


def position(unit: str, type_: str, approved: int, in_transit: int, actual: int) -> PositionLine:
    """A position in which nobody's post is on its way."""
    return PositionLine(
        unit=unit,
        type=type_,
        approved=approved,
        in_transit=in_transit,
        occupied=0,
        actual=actual,
    )


def test_positions_name_a_unit_once_and_add_up():
    """Vacant are the posts that nobody has; nothing is written as —."""
    lines = [
        position("甲街道", "行政", 9, 0, 7),
        position("甲街道", "事业", 3, 1, 3),
        position("乙街道", "行政", 2, 0, 2),
    ]
    assert position_rows(lines) == [
        ("甲街道", "行政", 9, None, 7, 2, None),
        (" ", "事业", 3, 1, 3, None, None),
        ("乙街道", "行政", 2, None, 2, None, None),
    ]
    assert in_sum(lines) == "合计：行政 核定11 在途0 实有9；事业 核定3 在途1 实有3"


def test_a_history_shows_the_balance_and_what_changed_it():
    """Unchanged balances stand alone."""
    line = HistoryLine(
        number=3,
        day=AT.date(),
        at=AT,
        kind="划转",
        type="行政",
        approved=-1,
        in_transit=1,
        actual=0,
        approved_after=4,
        in_transit_after=1,
        actual_after=3,
        others=("甲街道",),
        staff=(KEY,),
        paper="甲编〔2026〕3号",
        special_paper="特1号",
    )
    assert history_rows([line])[0][4:] == (
        "4(-1)",
        "1(+1)",
        "3",
        "甲街道",
        1,
        "甲编〔2026〕3号；特1号",
    )


def posting(number: int, unit: str, state: str, amount: int, note: str = "") -> PostingLine:
    """A posting of 行政."""
    return PostingLine(
        number=number,
        line=1,
        day=date(2026, 11, 23),
        at=AT,
        kind="划转",
        unit=unit,
        type="行政",
        state=state,
        amount=amount,
        toward="",
        staff="",
        person="甲",
        procedure="",
        rule="0-43",
        paper="甲编〔2026〕3号",
        special_paper="",
        note=note,
        key=f"k{number}",
    )


@pytest.mark.parametrize("name", ["台账.csv", "台账.xlsx"])
def test_an_export_is_text_that_nobody_computes(tmp_path, name):
    """A formula in a note stays a text; the balances are the sums of the postings."""
    lines = [posting(1, "甲街道", "核定", 5, "=1+1"), posting(2, "甲街道", "核定", -2)]
    path = tmp_path / name

    write_ledger(path, lines, "台账")

    assert balances(lines) == [("甲街道", "行政", 3, 0, 0)]
    if name.endswith(".csv"):
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
        assert [(row["单位"], row["增减"], row["说明"]) for row in rows] == [
            ("甲街道", "5", "'=1+1"),
            ("甲街道", "-2", ""),
        ]
    else:
        book = load_workbook(path)
        assert [cell.value for cell in book["余额"][2]] == ["甲街道", "行政", 3, 0, 0]
        assert [cell.data_type for cell in book["分录"]["Q"]] == ["s", "s", "n"]


ROLLOUT = "台账试"
OFFICE, STREET = "海勃湾区委编办", "滨河街道"


async def test_the_ledger_from_the_command_line(stack, jiegai, tmp_path):
    """Locked, sent, arrived, adjusted, refused, checked and exported on the running stack."""
    plan = tmp_path / "方案.yaml"
    words = (ROOT / "plans" / "乌海2019.yaml").read_text("utf-8")
    plan.write_text(words.replace("名称: 乌海2019", f"名称: {ROLLOUT}", 1), "utf-8")
    jiegai("rollout", "start", str(plan), "--as", "乌海市协调员甲")
    there = ("--rollout", ROLLOUT)
    assert "还没有台账：先" in jiegai("ledger", "show", ROLLOUT).stdout

    now = datetime.now(UTC)
    today = (now + timedelta(hours=8)).date()
    entries = (
        (OPENING, opening(OFFICE, "行政", 5, [KEY])),
        (OPENING, opening(STREET, "行政", 2)),
        ("转隶批复", sent(OFFICE, STREET, "行政", 1, [KEY])),
        ("转隶登记", arrived(OFFICE, STREET, "行政", KEY)),
    )
    database = open_database(stack.database_url)
    async with database.transaction() as connection:
        for number, (kind, lines) in enumerate(entries):
            entry = Entry(
                rollout=ROLLOUT,
                key=f"试:{number}",
                kind=kind,
                day=today,
                person="甲",
                rule="0-43",
                paper="乌编〔2026〕1号",
                lines=lines,
            )
            assert isinstance(await post(connection, entry, now), Posted)
    await database.close()

    move = ("ledger", "adjust", "--from", OFFICE, "--to", STREET, "--type", "行政", *there)
    paper = ("--paper", "海编〔2026〕3号", "--as", "海勃湾区协调员")
    assert "已记第 5 笔（划转）" in jiegai(*move, "--posts", "1", *paper).stdout
    assert "没有再记" in jiegai(*move, "--posts", "1", *paper).stdout
    assert "[PAPER_MISSING]" in jiegai(*move, "--posts", "1", *paper[2:], code=3).stderr
    assert "[LEDGER_SHORT]" in jiegai(*move, "--posts", "9", *paper, code=3).stderr
    shown = json.loads(jiegai("ledger", "show", ROLLOUT, "--json").stdout)
    assert {(p["unit"], p["approved"], p["actual"]) for p in shown["lines"]} == {
        (STREET, 4, 1),
        (OFFICE, 3, 0),
    }
    told = jiegai("ledger", "history", OFFICE, *there).stdout
    assert "3(-1)" in told
    assert "海编〔2026〕3号" in told
    assert jiegai("ledger", "check", ROLLOUT).stdout.count("  相符  ") == 10
    refused = json.loads(jiegai("ledger", "refusals", ROLLOUT, "--json").stdout)
    assert [one["code"] for one in refused["lines"]] == ["LEDGER_SHORT", "PAPER_MISSING"]
    out = tmp_path / "台账.csv"
    assert "已导出 5 笔、14 行分录" in jiegai("ledger", "export", str(out), *there).stdout
    assert out.read_text("utf-8-sig").count("\n") == 15
    assert "[UNKNOWN_NAME]" in jiegai("ledger", "show", "没有的改革", code=2).stderr

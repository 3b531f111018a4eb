"""案件表 and 办案表: read as a whole, every mistake at its cell, ids from the file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from domain.case import CaseKind
from starter.case_rows import read_acts, read_openings, write_template
from starter.errors import UserError
from starter.main import run
from tests.cases import CULTURE, STREET

FOUND = datetime(2026, 2, 15, 15, 50, tzinfo=UTC)
"""23:50 on 2026-02-15 in Shanghai (section 7)."""


def fill(path: Path, title: str, *rows: dict[str, Any]) -> Path:
    """Fill rows of a template in."""
    book = load_workbook(path)
    heads = [cell.value for cell in book[title][1]]
    for number, row in enumerate(rows, start=2):
        for name, value in row.items():
            book[title].cell(row=number, column=heads.index(name) + 1).value = value
    book.save(path)
    return path


def test_a_sheet_of_cases_is_read_row_by_row(tmp_path):
    """Moments as cells or words; ids and numbers come from the file, so that they repeat."""
    path = tmp_path / "案件.xlsx"
    write_template(path, acts=False)
    (tmp_path / "a.jpg").write_bytes(b"x")
    moment = datetime(2026, 2, 15, 23, 49, 59, 999_000)  # noqa: DTZ001 - as a spreadsheet has it
    fill(
        path,
        "案件",
        {"街道": STREET, "案由": "一", "发现或收到时间": moment, "证据": "照片=a.jpg"},
        {
            "街道": STREET,
            "案由": "二",
            "发现或收到时间": "2026-02-15 23:50",
            "类别": "派单",
            "部门": CULTURE,
            "送达方式": "线上",
            "清单事项": 7,
            "办理人": "乙",
        },
    )

    rows, findings = read_openings(path, "甲", CaseKind.REPORT, FOUND)
    again, _ = read_openings(path, "甲", CaseKind.REPORT, FOUND)

    assert findings == () and again == rows
    first, second = (row.opening for row in rows)
    assert first.trigger_at == second.trigger_at == FOUND
    assert (first.kind, first.person, first.evidence[0].filename) == (
        CaseKind.REPORT,
        "甲",
        "a.jpg",
    )
    assert (second.kind, second.sender, second.item, second.person) == (
        CaseKind.DISPATCH,
        CULTURE,
        "7",
        "乙",
    )
    assert first.number != second.number and first.number.startswith("一街道-20260215-")
    assert first.action_id != second.action_id


def test_every_mistake_of_a_sheet_of_cases_has_its_cell(tmp_path, capsys):
    """Nothing is sent while one is left; an empty moment is no 'now'."""
    path = tmp_path / "案件.xlsx"
    write_template(path, acts=False)
    good = {"街道": STREET, "案由": "一", "发现或收到时间": "2026-02-15 23:50"}
    fill(
        path,
        "案件",
        {**good, "发现或收到时间": None},
        {**good, "发现或收到时间": date(2026, 2, 15)},
        {**good, "类别": "派发", "来源": "听说"},
        {**good, "证据": "照片=没有.jpg"},
        {**good, "要求回告日期": "2月30"},
        {**good, "发现或收到时间": "2026-02-16 23:50"},
        {**good, "案件编号": "甲-1"},
        {**good, "案件编号": "甲-1"},
    )

    _, findings = read_openings(path, "甲", CaseKind.REPORT, FOUND)

    assert [(f.row, f.column, f.code) for f in sorted(findings, key=lambda f: f.row)] == [
        (2, "发现或收到时间", "CASE_TIME"),
        (3, "发现或收到时间", "CASE_TIME"),
        (4, "类别", "CASE_WORD"),
        (4, "来源", "CASE_WORD"),
        (5, "证据", "EVIDENCE_MISSING"),
        (6, "要求回告日期", "DATE_FORM"),
        (7, "", "TRIGGER_FUTURE"),
        (9, "案件编号", "CASE_ID_TWICE"),
    ]
    assert run(["case", "report", "--file", str(path), "--as", "甲"]) == 2
    said = capsys.readouterr()
    assert "错误[SHEET_INVALID]" in said.err and "案件!第2行·发现或收到时间" in said.out


@pytest.mark.parametrize(
    "heads, word",
    [
        (("街道", "案由"), "缺少列"),
        (("街道", "案由", "发现或收到时间", "电话"), "不认识"),
        (("街道", "案由", "案由", "发现或收到时间"), "两次"),
    ],
)
def test_a_header_that_cannot_be_meant_is_said(tmp_path, heads, word):
    """Before any row is read."""
    book = Workbook()
    book.active.append(list(heads))
    book.active.append(["x"] * len(heads))
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(UserError, match=word):
        read_openings(tmp_path / "x.xlsx", "甲", CaseKind.REPORT, FOUND)
    write_template(tmp_path / "空.xlsx", acts=True)
    with pytest.raises(UserError, match="没有要办理的行"):
        read_acts(tmp_path / "空.xlsx", "甲")


def test_a_sheet_of_answers_is_read_row_by_row(tmp_path):
    """Elements of a 回告 stand in columns of their own; a word that is none is said."""
    path = tmp_path / "办案.xlsx"
    write_template(path, acts=True)
    fill(
        path,
        "办案",
        {"案件": "7F3A", "动作": "签收"},
        {"案件": "7F3A", "动作": "回告", "办理经过": "查", "办理结果": "改", "其他内容": "罚款=无"},
        {"案件": "7F3B", "动作": "拒收", "拒收理由": "清单之外", "意见": "清单没有"},
    )
    rows, findings = read_acts(path, "甲")
    assert findings == ()
    assert [(row.what, str(row.action.verb)) for row in rows] == [
        ("签收", "接收"),
        ("回告", "回告"),
        ("拒收", "拒收"),
    ]
    assert rows[1].action.facts == {"办理经过": "查", "办理结果": "改", "罚款": "无"}
    assert rows[2].action.facts == {"拒收理由": "清单之外无协同"}
    fill(path, "办案", {"案件": None, "动作": "盖章", "拒收理由": "没空", "其他内容": "罚款"})
    _, findings = read_acts(path, "")
    assert {(f.row, f.code) for f in findings} == {
        (2, "UNKNOWN_VERB"),
        (2, "ITEM_MISSING"),
        (2, "CASE_WORD"),
        (2, "FACT_FORM"),
        (3, "PERSON_MISSING"),
        (4, "PERSON_MISSING"),
    }

"""The 办理表: every mistake of a sheet at once, and action ids that make it repeatable."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from openpyxl import Workbook, load_workbook

from domain.procedure import Verb
from starter.decisions import COLUMNS, SHEET, read_decisions, write_template
from starter.errors import UserError

HEADER = ("事项", "动作", "办理人", "意见", "证据", "研判", "退至/转至", "新时限", "动作编号")


def _sheet(path, *rows, header=HEADER):
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_a_row_is_read_as_one_action(tmp_path):
    """Cells become an action; dates may be dates or words, 无误 stands for all three verdicts."""
    path = _sheet(
        tmp_path / "表.xlsx",
        ("滨河街道/三定#初审", "通过", "甲", "同意", "纪要=1号；附件=2号", "无误"),
        (),
        ("滨河街道/三定#起草", "申请延期", "", "人手不足", "", "", "", datetime(2019, 12, 20)),  # noqa: DTZ001 - cells carry no zone
        ("滨河街道/三定#复审", "退回", "乙", "超额", "", "政策性=有误", "起草", "2019年12月21日"),
    )

    read = read_decisions(path, person="丙")

    assert read.findings == ()
    assert [one.row for one in read.rows] == [2, 4, 5]
    first, second, third = (one.action for one in read.rows)
    assert (first.verb, first.person, first.note) == (Verb.APPROVE, "甲", "同意")
    assert [piece.doc_no for piece in first.evidence] == ["1号", "2号"]
    assert dict.fromkeys(("政策性", "合法性", "合规性"), "无误") == first.verdicts
    assert ("丙", date(2019, 12, 20)) == (second.person, second.new_due)
    assert ("起草", date(2019, 12, 21)) == (third.to, third.new_due)


def test_every_wrong_cell_is_found_with_its_place(tmp_path):
    """All rows are judged, each finding with row and column."""
    path = _sheet(
        tmp_path / "表.xlsx",
        ("", "通过", "甲"),
        ("三定/", "提教", "", "", "草案=没有.docx", "政策=无误", "", "明天"),
        ("三定", "提交", "甲", "长" * 2001),
        ("三定", "提交", "甲", "", "", "", "", "", "一号"),
        ("三定", "提交", "甲", "", "", "", "", "", "一号"),
    )

    found = [(one.row, one.column, one.code) for one in read_decisions(path).findings]

    assert found == [
        (2, "事项", "ITEM_MISSING"),
        (3, "事项", "ITEM_FORM"),
        (3, "动作", "UNKNOWN_VERB"),
        (3, "办理人", "PERSON_MISSING"),
        (3, "证据", "EVIDENCE_MISSING"),
        (3, "研判", "VERDICT_FORM"),
        (3, "新时限", "DATE_FORM"),
        (4, "", "NOTE_TOO_LONG"),
        (6, "动作编号", "ACTION_ID_TWICE"),
    ]


def test_the_same_file_gives_the_same_action_ids_and_another_gives_others(tmp_path):
    """Executing a sheet twice is once; an edited sheet is a new one."""
    one = _sheet(tmp_path / "一.xlsx", ("三定", "提交", "甲"), ("三定", "提交", "甲"))
    two = _sheet(tmp_path / "二.xlsx", ("三定", "提交", "甲"), ("三定", "提交", "乙"))

    first, again, other = (
        [row.action.action_id for row in read_decisions(path).rows] for path in (one, one, two)
    )

    assert first == again
    assert len({*first, *other}) == 4


@pytest.mark.parametrize(
    "header,code",
    [(("事项",), "HEADER"), ((*HEADER, "备注"), "HEADER"), (HEADER, "EMPTY_SHEET")],
)
def test_a_sheet_of_another_form_is_refused(tmp_path, header, code):
    """A missing or unknown column, or no row at all, is one sentence."""
    with pytest.raises(UserError) as raised:
        read_decisions(_sheet(tmp_path / "表.xlsx", header=header))
    assert code == raised.value.code


def test_what_is_no_workbook_is_refused(tmp_path):
    """Text with the name of a workbook is refused, not a traceback."""
    path = tmp_path / "表.xlsx"
    path.write_text("事项,动作")
    with pytest.raises(UserError) as raised:
        read_decisions(path)
    assert raised.value.code == "FILE_FORMAT"


def test_the_template_can_be_filled_and_is_never_overwritten(tmp_path):
    """The template has every column and a list of every verb."""
    path = tmp_path / "办理表.xlsx"
    write_template(path)

    sheet = load_workbook(path)[SHEET]

    assert tuple(cell.value for cell in sheet[1]) == COLUMNS
    formula = sheet.data_validations.dataValidation[0].formula1
    assert {verb.value for verb in Verb} == set(formula.strip('"').split(","))
    assert len(formula) <= 257, "longer lists are cut off by spreadsheet programs"
    with pytest.raises(UserError) as raised:
        write_template(path)
    assert raised.value.code == "FILE_EXISTS"

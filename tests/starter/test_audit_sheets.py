"""The sheets that inspectors fill in: laid out with their choices, read with every fault at its cell."""

from __future__ import annotations

import io
from datetime import date, datetime

import pytest
from openpyxl import load_workbook

from domain.audit_sheet import (
    PROBLEM_COLUMNS,
    VISIT_COLUMNS,
    RawProblem,
    RawVisit,
    problem_faults,
    visit_faults,
)
from starter.audit_file import read_problems, read_visits, write_template
from starter.errors import UserError
from starter.main import run

STREETS = frozenset({"一街道", "二街道"})
TODAY = date(2026, 11, 22)


def filled(tmp_path, kind, *rows):
    """A template with rows written into it."""
    path = tmp_path / f"{kind}.xlsx"
    write_template(path, kind)
    book = load_workbook(io.BytesIO(path.read_bytes()))
    for at, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            book[kind].cell(at, column).value = value
    book.save(path)
    return path


def test_a_template_offers_what_may_be_chosen(tmp_path) -> None:
    """Six disciplines and no other; units of the audit, one a row where a visit is missing."""
    problems, visits = tmp_path / "问题.xlsx", tmp_path / "到访.xlsx"
    write_template(problems, "问题")
    write_template(visits, "到访", ("一街道", "二街道"))
    sheet = load_workbook(problems)["问题"]
    to_visit = load_workbook(visits)["到访"]

    assert tuple(cell.value for cell in sheet[1]) == PROBLEM_COLUMNS
    assert tuple(cell.value for cell in to_visit[1]) == VISIT_COLUMNS
    offered = {str(one.sqref): one for one in sheet.data_validations.dataValidation}
    assert offered["D2:D201"].formula1.startswith('"政治纪律,组织纪律,')
    assert offered["D2:D201"].errorStyle == "stop"
    kinds = {str(one.sqref): one.type for one in to_visit.data_validations.dataValidation}
    assert kinds == {"A2:A201": "list", "B2:B201": "date", "C2:C201": "list"}
    assert [to_visit.cell(row, 1).value for row in (2, 3, 4)] == ["一街道", "二街道", None]


def test_a_filled_sheet_is_read_as_it_was_written(tmp_path) -> None:
    """Days as days or as text, several ways in one cell; a row with the unit alone is no visit."""
    path = filled(
        tmp_path,
        "到访",
        ("一街道", date(2026, 11, 20), "查阅资料、集中座谈", "编办检查组", "良好", "窗口人手紧"),
        ("二街道",),
        ("二街道", "2026年11月21日"),
    )
    (first, second), findings = read_visits(path)

    assert findings == ()
    assert (first.row, first.visit.on, first.visit.methods) == (
        2,
        date(2026, 11, 20),
        ("查阅资料", "集中座谈"),
    )
    assert (second.row, second.day) == (4, date(2026, 11, 21))
    assert [*visit_faults(first, TODAY, STREETS), *visit_faults(second, TODAY, STREETS)] == []


def test_a_problem_solved_on_the_spot_is_born_so(tmp_path) -> None:
    """With the record of how it was solved (2-24)."""
    path = filled(
        tmp_path,
        "问题",
        ("一街道", "4-11", "两件当天没有报告", None, "当天报告", None),
        ("二街道", "清单第7项", "没有公示", "机构编制纪律", None, "当场贴出"),
    )
    (first, second), _ = read_problems(path)

    assert (first.problem.state, first.problem.done) == ("待整改", "")
    assert (second.problem.state, second.problem.done) == ("现场解决", "当场贴出")
    assert [*problem_faults(first, STREETS), *problem_faults(second, STREETS)] == []


def test_every_wrong_cell_is_found_at_once(tmp_path) -> None:
    """Units, days, ways, disciplines, what is missing, too long or personal: each at its cell."""
    rows, _ = read_problems(
        filled(
            tmp_path,
            "问题",
            ("三街道", None, "没有报告\x7f", "工作纪律"),
            (None, "4-11", None, None, "长" * 501, "见11010119900307123X"),
        )
    )
    visits, _ = read_visits(
        filled(
            tmp_path,
            "到访",
            ("一街道", "2026-02-30", "喝茶"),
            ("二街道", "2026-11-23"),
            (None, None, None, "编办"),
        )
    )

    problems = [one.place for row in rows for one in problem_faults(row, STREETS)]
    days = [one.place for row in visits for one in visit_faults(row, TODAY, STREETS)]
    assert problems == [
        "问题!第2行·单位",
        "问题!第2行·依据",
        "问题!第2行·违反的纪律",
        "问题!第2行·问题",
        "问题!第3行·单位",
        "问题!第3行·问题",
        "问题!第3行·建议",
        "问题!第3行·现场解决记录",
    ]
    assert days == [
        "到访!第2行·到访日期",
        "到访!第2行·方式",
        "到访!第3行·到访日期",
        "到访!第4行·单位",
        "到访!第4行·到访日期",
    ]


def test_a_row_of_the_texts_that_became_a_day_is_found(tmp_path) -> None:
    """4-11 typed into a cell that was not text is April 11th; what was meant is offered."""
    ((row,), _) = read_problems(
        filled(tmp_path, "问题", ("一街道", datetime(2026, 4, 11), "没有报告"))  # noqa: DTZ001
    )

    (fault,) = problem_faults(row, STREETS)
    assert (fault.column, "若指4-11" in fault.sentence) == ("依据", True)


def test_units_are_not_judged_where_the_plan_is_not_known() -> None:
    """No unit is unknown to who knows none."""
    assert not list(
        problem_faults(RawProblem(row=0, unit="甲", text="乙", rule="4-11"), frozenset())
    )
    assert not list(visit_faults(RawVisit(row=0, unit="甲", day=TODAY), TODAY, frozenset()))


@pytest.mark.parametrize(
    "spoil, said",
    [
        (lambda book: book.remove(book["问题"]), "没有名为“问题”的工作表"),
        (lambda book: book["问题"].delete_cols(2), "缺少表头：依据"),
        (lambda book: book["问题"].cell(1, 7, "名次"), "不认识的列：名次"),
        (lambda book: book["问题"].cell(1, 4, "依据"), "列重复：依据"),
        (lambda book: book["问题"].delete_rows(2), "没有一行填了内容"),
    ],
)
def test_a_workbook_that_is_none_is_refused_whole(tmp_path, spoil, said) -> None:
    """Missing sheets and heads, unknown and doubled ones, nothing filled in."""
    path = filled(tmp_path, "问题", ("一街道", "4-11", "没有报告"))
    book = load_workbook(io.BytesIO(path.read_bytes()))
    spoil(book)
    book.save(path)

    with pytest.raises(UserError, match=said):
        read_problems(path)


def test_a_template_is_written_without_a_service(tmp_path, capsys) -> None:
    """And overwrites nothing; the next command is said."""
    path = tmp_path / "到访.xlsx"

    assert run(["audit", "template", str(path), "--kind", "到访"]) == 0
    assert "jiegai audit visit 改革 名称 --file" in capsys.readouterr().out
    assert run(["audit", "template", str(path), "--kind", "到访"]) == 2
    assert capsys.readouterr().err.startswith("错误[FILE_EXISTS] ")


@pytest.mark.parametrize(
    "words, code",
    [
        (("visit", "改革", "抽查", "--as", "甲"), "USAGE"),
        (("visit", "改革", "抽查", "--unit", "一街道"), "USAGE"),
        (("visit", "改革", "抽查", "--file", "x.xlsx", "--unit", "一街道", "--as", "甲"), "USAGE"),
        (("visit", "改革", "抽查", "--file", "没有.xlsx", "--as", "甲"), "FILE_MISSING"),
        (("finding", "改革", "抽查", "--as", "甲"), "USAGE"),
        (("finding", "改革", "抽查", "--unit", "甲", "--from-check", "--as", "甲"), "USAGE"),
        (("finding", "改革", "抽查", "--unit", "甲", "--only", "4-11", "--as", "甲"), "USAGE"),
        (("conclude", "改革", "检查", "--item", "1", "--as", "甲"), "USAGE"),
        (("conclude", "改革", "检查", "--item", "1", "--bad", "--as", "甲"), "USAGE"),
        (("discipline", "改革", "没有.txt", "--as", "甲"), "USAGE"),
        (("discipline", "改革", "没有.txt", "--paper", "1号", "--as", "甲"), "FILE_MISSING"),
        (("report", "改革", "检查", "--docx", "报告.doc"), "FILE_FORMAT"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(words, code, capsys) -> None:
    """Refused before anything is asked."""
    assert run(["audit", *words]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] ") and said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    "content, said",
    [
        ("一\n二\n三\n".encode(), "应有4条"),
        (b"PK\x03\x04\x00\x00", "不是文本文件"),
        (("严" * 301 + "\n二\n三\n四").encode(), "一条最多300字"),
    ],
)
def test_the_text_of_the_four_is_four_lines(tmp_path, capsys, content, said) -> None:
    """One prohibition a line, in UTF-8 or GB18030; nothing is made up for what is missing."""
    path = tmp_path / "四个严禁.txt"
    path.write_bytes(content)

    assert run(["audit", "discipline", "改革", str(path), "--paper", "1号", "--as", "甲"]) == 2
    assert said in capsys.readouterr().err

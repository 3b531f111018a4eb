"""The workbooks of inspectors: an empty 到访 or 问题 sheet for the field, and filled ones read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from domain.audit_flow import Discipline, Method
from domain.audit_sheet import (
    ADVICE,
    DISCIPLINE,
    METHODS,
    MOST_PROBLEMS,
    ON,
    OPINIONS,
    PROBLEM_COLUMNS,
    PROBLEM_NEEDED,
    PROBLEM_SHEET,
    RESULT,
    RULE,
    SPOT,
    TEAM,
    TEXT,
    UNIT,
    VISIT_COLUMNS,
    VISIT_NEEDED,
    VISIT_SHEET,
    RawProblem,
    RawVisit,
)
from starter.errors import UserError

if TYPE_CHECKING:
    from domain.refusal import Finding
    from starter.filled_sheet import Line

_Row = TypeVar("_Row")

_ROWS: Final = 200
"""Rows laid out for filling in."""

_WIDTHS: Final = {
    UNIT: 22,
    ON: 13,
    METHODS: 20,
    TEAM: 22,
    RESULT: 14,
    OPINIONS: 56,
    RULE: 14,
    TEXT: 52,
    DISCIPLINE: 15,
    ADVICE: 36,
    SPOT: 30,
}
_HINTS: Final = {
    UNIT: "单位的全称，与方案一致。",
    ON: "如 2026-11-20。",
    METHODS: f"几种用、分开：{'、'.join(Method)}。",
    TEAM: "检查组，如 编办检查组、督查室；不写名册里的人名。",
    RESULT: "检查评估的结果，如 良好；检查评估的每个单位都要有（0-12）。",
    OPINIONS: "听取的意见（4-37）；不写人名、身份证号码。",
    RULE: "来源条号（4-11）、清单事项（清单第7项）或检查单的条目（4-39）。",
    TEXT: "一行一个问题，一个单位。",
    DISCIPLINE: "违反纪律的，写是哪一种（2-21）；没有的不填。",
    ADVICE: "整改的建议；可不填。",
    SPOT: "现场已经解决的，写怎样解决的（2-24）；填了就不再要求整改。",
}
_VISIT_NOTES: Final = (
    (VISIT_SHEET, "到访一个单位填一行；到访之后才填、才登记。"),
    *((name, _HINTS[name]) for name in VISIT_COLUMNS[1:]),
    ("登记", "jiegai audit visit 改革 名称 --file 到访.xlsx --as 姓名；同一份表交几次只登记一次。"),
)
_PROBLEM_NOTES: Final = (
    (PROBLEM_SHEET, "一个单位的一个问题填一行。"),
    *((name, _HINTS[name]) for name in PROBLEM_COLUMNS[1:]),
    (
        "登记",
        "jiegai audit finding 改革 名称 --file 问题.xlsx --as 姓名；同一份表交几次只登记一次。",
    ),
)


def write_template(path: Path, kind: str, units: Sequence[str] = ()) -> None:
    """This will write an empty sheet, with ``units`` to choose from, or one a row for visits.

    Raises UserError: FILE_FORMAT, FILE_EXISTS, FILE_UNWRITABLE.
    """
    from starter.sheet_style import (
        Head,
        empty_book,
        lay_out,
        new_path,
        put,
        save,
        write_heads,
        write_notes,
    )

    is_visit = kind == VISIT_SHEET
    new_path(path, f"{kind}表")
    book = empty_book()
    sheet = book.create_sheet(kind)
    columns = VISIT_COLUMNS if is_visit else PROBLEM_COLUMNS
    heads = [
        Head(name=name, width=_WIDTHS[name], is_date=name == ON, hint=_HINTS[name])
        for name in columns
    ]
    write_heads(sheet, heads)
    listed = tuple(units) if is_visit else ()
    last = max(_ROWS, len(listed)) + 1
    for row in range(2, last + 1):
        for column, head in enumerate(heads, start=1):
            named = listed[row - 2] if column == 1 and row - 2 < len(listed) else ""
            put(sheet, row, column, named, head)
    _offer(sheet, columns, last)
    if units:
        _offer_units(book, sheet, units, last)
    lay_out(sheet, freeze="B2", title=f"督查检查{kind}表")
    write_notes(book, _VISIT_NOTES if is_visit else _PROBLEM_NOTES)
    save(book, path)


def _offer(sheet: Any, columns: Sequence[str], last: int) -> None:
    """Disciplines are six and no others; ways of working may be several, so any words pass."""
    from openpyxl.worksheet.datavalidation import DataValidation

    from starter.sheet_style import offer

    def area(name: str) -> str:
        letter = chr(ord("A") + columns.index(name))
        return f"{letter}2:{letter}{last}"

    if DISCIPLINE in columns:
        offer(sheet, area(DISCIPLINE), list(Discipline), DISCIPLINE)
    if METHODS in columns:
        offer(sheet, area(METHODS), list(Method), METHODS, strict=False)
    if ON in columns:
        day = DataValidation(
            type="date",
            operator="greaterThan",
            formula1="DATE(2000,1,1)",
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=ON,
            error="请写成 2026-11-20",
        )
        day.add(area(ON))
        sheet.add_data_validation(day)


def _offer_units(book: Any, sheet: Any, units: Sequence[str], last: int) -> None:
    """From a sheet of their own: a list in a cell's rule holds 255 characters and no more."""
    from openpyxl.worksheet.datavalidation import DataValidation

    names = book.create_sheet("单位")
    for row, unit in enumerate(units, start=1):
        names.cell(row=row, column=1, value=unit).data_type = "s"
    names.sheet_state = "hidden"
    choice = DataValidation(
        type="list",
        formula1=f"'单位'!$A$1:$A${len(units)}",
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="warning",
        errorTitle=UNIT,
        error="不在本次检查的单位之内，确定要写吗？",
    )
    choice.add(f"A2:A{last}")
    sheet.add_data_validation(choice)


def read_visits(path: Path) -> tuple[tuple[RawVisit, ...], tuple[Finding, ...]]:
    """The rows in which more than the unit stands.

    Raises UserError as starter.filled_sheet, HEADER, EMPTY_SHEET.
    """
    from starter.filled_sheet import day_of, text_of

    def one(line: Line, at: Mapping[str, int]) -> RawVisit | None:
        texts = _texts(line, at)
        if not any(texts[name] for name in VISIT_COLUMNS[1:]):
            return None
        day, fault = day_of(line.at(at[ON]))
        if day is None and not fault and text_of(line.at(at[ON])):
            fault = f"“{text_of(line.at(at[ON]))}”不是日期，请写成 2026-11-20。"
        return RawVisit(
            row=line.number,
            unit=texts[UNIT],
            day=day,
            day_fault=fault,
            methods=texts[METHODS],
            team=texts[TEAM],
            result=texts[RESULT],
            opinions=texts[OPINIONS],
        )

    return _read(path, VISIT_SHEET, (VISIT_COLUMNS, VISIT_NEEDED), one)


def read_problems(path: Path) -> tuple[tuple[RawProblem, ...], tuple[Finding, ...]]:
    """The rows in which something stands.

    Raises UserError as starter.filled_sheet, HEADER, EMPTY_SHEET.
    """

    def one(line: Line, at: Mapping[str, int]) -> RawProblem | None:
        texts = _texts(line, at)
        if not any(texts.values()):
            return None
        return RawProblem(
            row=line.number,
            unit=texts[UNIT],
            text=texts[TEXT],
            rule=texts[RULE],
            rule_fault=_dated(line.at(at[RULE])),
            discipline=texts[DISCIPLINE],
            advice=texts[ADVICE],
            spot=texts[SPOT],
        )

    return _read(path, PROBLEM_SHEET, (PROBLEM_COLUMNS, PROBLEM_NEEDED), one)


def _dated(cell: object) -> str:
    """A spreadsheet makes a day of 4-11 where the cell was not text."""
    if not isinstance(cell, date):
        return ""
    return f"被表格程序改成了日期；若指{cell.month}-{cell.day}，请把单元格设为文本再写。"


def _texts(line: Line, at: Mapping[str, int]) -> dict[str, str]:
    from starter.filled_sheet import text_of

    columns = dict.fromkeys((*VISIT_COLUMNS, *PROBLEM_COLUMNS), "")
    return columns | {name: text_of(line.at(place)) for name, place in at.items()}


def _read(
    path: Path,
    title: str,
    columns: tuple[Sequence[str], Sequence[str]],
    one: Callable[[Line, Mapping[str, int]], _Row | None],
) -> tuple[tuple[_Row, ...], tuple[Finding, ...]]:
    from starter.filled_sheet import FilledBook, text_of

    book = FilledBook(path)
    name = next((each for each in book.titles if each.strip() == title), None)
    if name is None:
        text = f"{path} 里没有名为“{title}”的工作表，请从 jiegai audit template 写出的表填起。"
        raise UserError("HEADER", text)
    sheet = book.sheet(name, MOST_PROBLEMS)
    heads = [text_of(cell) for cell in sheet.lines[0].cells] if sheet.lines else []
    _check_heads(f"{path} 的“{title}”", heads, columns)
    at = {head: place for place, head in enumerate(heads) if head}
    rows = tuple(row for line in sheet.lines[1:] if (row := one(line, at)) is not None)
    if not rows:
        raise UserError("EMPTY_SHEET", f"{path} 的“{title}”里没有一行填了内容。")
    return rows, sheet.findings


def _check_heads(
    where: str, heads: Sequence[str], columns: tuple[Sequence[str], Sequence[str]]
) -> None:
    known, needed = columns
    if missing := [column for column in needed if column not in heads]:
        raise UserError("HEADER", f"{where}第一行缺少表头：{'、'.join(missing)}。")
    if strange := [head for head in heads if head and head not in known]:
        shown = "、".join(head[:20] for head in strange[:5])
        raise UserError("HEADER", f"{where}有不认识的列：{shown}；可用：{'、'.join(known)}。")
    if twice := [head for head in dict.fromkeys(heads) if head and heads.count(head) > 1]:
        raise UserError("HEADER", f"{where}的列重复：{'、'.join(twice)}。")

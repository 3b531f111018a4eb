"""The workbooks of duty lists: empty ones, filled ones read with their places, exports.

An export has the form of an import, so that a list can go to another rollout or be checked anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from domain.duty import ListKind
from domain.duty_sheet import (
    BASIS,
    CATEGORY,
    CLAIM_COLUMNS,
    CLAIM_NEEDED,
    CLAIM_SHEET,
    DECLARED,
    DECLARED_BY,
    DISTRICT,
    DISTRICT_DUTY,
    EVALUATED_ON,
    FIELD,
    ITEM_COLUMNS,
    ITEM_NEEDED,
    ITEM_SHEET,
    KIND,
    LIAISONS,
    LIST,
    LIST_COLUMNS,
    LIST_NEEDED,
    LIST_SHEET,
    MANDATE,
    METHODS,
    MOST_ITEMS,
    NAME,
    NUMBER,
    PAPER,
    PRIMARY,
    RESULT,
    SEVEN,
    STREET,
    STREET_DUTY,
    SUPPORT,
    TEAM,
    TRIAL_COLUMNS,
    TRIAL_NEEDED,
    TRIAL_SHEET,
    DutySheet,
    RawClaim,
    RawItem,
    RawList,
    RawTrial,
)
from starter.errors import UserError

if TYPE_CHECKING:
    from openpyxl import Workbook

    from domain.refusal import Finding
    from starter.filled_sheet import FilledBook, Line

_FILLED_ROWS: Final = 100
_PRETTY: Final = 2_000
"""Rows up to which every cell has its border; 17,000 rows of them take half a minute."""

_WIDTHS: Final = {
    LIST: 30,
    KIND: 12,
    FIELD: 16,
    DISTRICT: 12,
    STREET: 20,
    DECLARED: 10,
    DECLARED_BY: 28,
    NUMBER: 8,
    CATEGORY: 14,
    NAME: 26,
    DISTRICT_DUTY: 36,
    STREET_DUTY: 36,
    BASIS: 36,
    PRIMARY: 18,
    SUPPORT: 18,
    MANDATE: 18,
    LIAISONS: 24,
    TEAM: 20,
    EVALUATED_ON: 14,
    METHODS: 24,
    RESULT: 40,
    PAPER: 22,
}
_LIST_NOTES: Final = (
    (LIST_SHEET, "每个清单一行。只有一个清单时，“事项”表的清单名称可不填。"),
    (KIND, f"可写：{'、'.join(kind.value for kind in ListKind)}。"),
    (STREET, "只适用于一个街道的清单写街道全称；空着就是全部街道。"),
    (DECLARED, "清单自称的总项数，须与事项的行数相等，否则不能导入（4-23）。"),
    (DECLARED_BY, "分类别的项数，如 市场监管 12；文化旅游 13；可不填，填了就逐类核对（3-13）。"),
    (ITEM_SHEET, "每项一行，七项内容都要填（4-24）；序号在清单内不重复，以后各版本保持不变。"),
    (PRIMARY, "只能是一方：区级部门的全称或简称，或街道。配合责任几个单位用、分开，没有的写无。"),
    (BASIS, "引到条（第…条）或写文号，如 鄂政办发〔2023〕5号。"),
    (MANDATE, "委托事项须写明委托书（行政处罚法第二十条）；其他可不填。"),
    (
        "导入",
        (
            "先 jiegai duty check 清单.xlsx 检查，再 jiegai duty import 清单.xlsx --as 姓名 存为草案；"
            "已经印发的加 --paper 文号 --effective 施行日期。"
        ),
    ),
)
_CLAIM_NOTES: Final = (
    (CLAIM_SHEET, "街道每认领一项填一行；已列出的是还没有认领的；不填专人的行不登记。"),
    (LIAISONS, "街道在任的办理人，几人用、分开（4-43）。"),
    (TEAM, "专班名称；可不填。"),
    ("登记", "jiegai duty claim 认领.xlsx --as 姓名。改换专人也用它，原来的认领随即终止。"),
)
_TRIAL_NOTES: Final = (
    (TRIAL_SHEET, "每个街道一行；已列出的是还没有评估的（4-40）；不填的行不登记。"),
    (METHODS, "实地察看、收集资料等，几种用、分开（4-41）。"),
    (EVALUATED_ON, "如 2026-12-20。"),
    ("登记", "jiegai duty trial 试运行.xlsx --as 姓名。"),
)


@dataclass(frozen=True, kw_only=True)
class FilledLists:
    """A workbook of lists as written, and what is wrong with it as a workbook."""

    sheet: DutySheet
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> int:
        """Rows of both sheets."""
        return len(self.sheet.lists) + len(self.sheet.items)

    @property
    def content(self) -> bytes:
        """The rows as they are sent."""
        return json.dumps(asdict(self.sheet), ensure_ascii=False).encode()


@dataclass(frozen=True)
class _Cells:
    """One row's texts by column."""

    row: int
    texts: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.texts.get(column, "")


def read_lists(path: Path) -> FilledLists:
    """This will read the sheets 清单 and 事项. Raises UserError as starter.filled_sheet, HEADER."""
    from starter.filled_sheet import FilledBook

    book = FilledBook(path)
    findings: list[Finding] = []
    heads = _rows(book, (LIST_SHEET, LIST_COLUMNS, LIST_NEEDED), findings)
    items = _rows(book, (ITEM_SHEET, ITEM_COLUMNS, ITEM_NEEDED), findings)
    if not heads or not items:
        empty = ITEM_SHEET if heads else LIST_SHEET
        raise UserError("EMPTY_SHEET", f"{path} 的“{empty}”里没有内容。")
    sheet = DutySheet(
        lists=tuple(_list(cells) for cells in heads), items=tuple(_item(cells) for cells in items)
    )
    return FilledLists(sheet=sheet, findings=tuple(findings))


def read_items(path: Path) -> tuple[tuple[RawItem, ...], tuple[Finding, ...]]:
    """This will read the sheet 事项 alone. Raises UserError as starter.filled_sheet, and HEADER."""
    from starter.filled_sheet import FilledBook

    findings: list[Finding] = []
    rows = _rows(FilledBook(path), (ITEM_SHEET, ITEM_COLUMNS, ITEM_NEEDED), findings)
    return tuple(_item(cells) for cells in rows), tuple(findings)


def read_claims(path: Path) -> tuple[tuple[RawClaim, ...], tuple[Finding, ...]]:
    """This will read the rows of the sheet 认领 that name somebody.

    Raises UserError as starter.filled_sheet, and HEADER.
    """
    from starter.filled_sheet import FilledBook

    findings: list[Finding] = []
    found = _rows(FilledBook(path), (CLAIM_SHEET, CLAIM_COLUMNS, CLAIM_NEEDED), findings)
    rows = [cells for cells in found if cells[LIAISONS] or cells[TEAM]]
    if not rows:
        raise UserError("EMPTY_SHEET", f"{path} 的“{CLAIM_SHEET}”里没有一行填了专人。")
    claims = (
        RawClaim(
            row=cells.row,
            list_name=cells[LIST],
            street=cells[STREET],
            number=cells[NUMBER],
            liaisons=cells[LIAISONS],
            team=cells[TEAM],
        )
        for cells in rows
    )
    return tuple(claims), tuple(findings)


def read_trials(path: Path) -> tuple[tuple[RawTrial, ...], tuple[Finding, ...]]:
    """This will read the rows of the sheet 试运行 that say something.

    Raises UserError as starter.filled_sheet, and HEADER.
    """
    from starter.filled_sheet import FilledBook
    from starter.parameters import read_day

    findings: list[Finding] = []
    found = _rows(FilledBook(path), (TRIAL_SHEET, TRIAL_COLUMNS, TRIAL_NEEDED), findings)
    rows = [cells for cells in found if any(cells[c] for c in (EVALUATED_ON, METHODS, RESULT))]
    if not rows:
        raise UserError("EMPTY_SHEET", f"{path} 的“{TRIAL_SHEET}”里没有一行填了评估。")
    trials = []
    for cells in rows:
        day = read_day(cells[EVALUATED_ON])
        trials.append(
            RawTrial(
                row=cells.row,
                list_name=cells[LIST],
                street=cells[STREET],
                evaluated_on=day.isoformat() if day else cells[EVALUATED_ON],
                methods=cells[METHODS],
                result=cells[RESULT],
                paper=cells[PAPER],
            )
        )
    return tuple(trials), tuple(findings)


def write_lists(
    path: Path,
    lists: Sequence[Sequence[str]] = (),
    items: Sequence[Sequence[str]] = (),
    *,
    what: str = "清单表",
) -> None:
    """This will write a workbook of lists, empty or filled. Raises UserError: FILE_EXISTS, …."""

    def choices(sheet: Any) -> None:
        from starter.sheet_style import offer

        column = chr(ord("A") + LIST_COLUMNS.index(KIND))
        area = f"{column}2:{column}{_FILLED_ROWS + 1}"
        offer(sheet, area, [kind.value for kind in ListKind], KIND)

    _write(
        path,
        (
            _Sheet(LIST_SHEET, LIST_COLUMNS, lists, choices),
            _Sheet(ITEM_SHEET, ITEM_COLUMNS, items),
        ),
        _LIST_NOTES,
        what,
    )


def write_claims(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """This will write a sheet of claims with these rows. Raises UserError: FILE_EXISTS, …."""
    _write(path, (_Sheet(CLAIM_SHEET, CLAIM_COLUMNS, rows),), _CLAIM_NOTES, "认领表")


def write_trials(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """This will write a sheet of evaluations with these rows. Raises UserError: FILE_EXISTS, …."""
    _write(path, (_Sheet(TRIAL_SHEET, TRIAL_COLUMNS, rows),), _TRIAL_NOTES, "试运行评估表")


@dataclass(frozen=True)
class _Sheet:
    """A sheet to write: its title, columns, rows, and what is done to it at the end."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]] = ()
    finish: Callable[[Any], None] | None = None


def _write(
    path: Path, sheets: Iterable[_Sheet], notes: Sequence[tuple[str, str]], what: str
) -> None:
    from starter.sheet_style import empty_book, new_path, save, write_notes

    new_path(path, what)
    book = empty_book()
    for one in sheets:
        _fill(book, one)
    write_notes(book, notes)
    save(book, path)


def _fill(book: Workbook, one: _Sheet) -> None:
    from starter.sheet_style import Head, lay_out, put, write_heads

    sheet = book.create_sheet(one.title)
    heads = [
        Head(name=name, width=_WIDTHS[name], is_date=name == EVALUATED_ON) for name in one.columns
    ]
    write_heads(sheet, heads)
    for row, texts in enumerate(one.rows, start=2):
        for column, text in enumerate(texts, start=1):
            if len(one.rows) <= _PRETTY:
                put(sheet, row, column, text, heads[column - 1])
            elif text:
                sheet.cell(row=row, column=column, value=text).data_type = "s"
    for row in range(len(one.rows) + 2, _FILLED_ROWS + 2):
        for column, head in enumerate(heads, start=1):
            put(sheet, row, column, "", head)
    if one.finish is not None:
        one.finish(sheet)
    lay_out(sheet, freeze="B2", title=one.title)


def _rows(
    book: FilledBook,
    form: tuple[str, Sequence[str], Sequence[str]],
    findings: list[Finding],
) -> list[_Cells]:
    """The rows of one sheet: its title, the columns it may have, and those it must have."""
    from starter.filled_sheet import text_of

    title, known, needed = form
    name = next((t for t in book.titles if t.strip() == title), None)
    if name is None:
        raise UserError("HEADER", f"{book.path} 里没有名为“{title}”的工作表，请从空白表填起。")
    sheet = book.sheet(name, MOST_ITEMS)
    findings.extend(sheet.findings)
    heads = [text_of(cell) for cell in sheet.lines[0].cells] if sheet.lines else []
    _check_heads(book, title, heads, (known, needed))
    columns = {head: place for place, head in enumerate(heads) if head}
    return [
        cells for line in sheet.lines[1:] if any((cells := _cells(line, columns)).texts.values())
    ]


def _check_heads(
    book: FilledBook,
    title: str,
    heads: Sequence[str],
    columns: tuple[Sequence[str], Sequence[str]],
) -> None:
    known, needed = columns
    where = f"{book.path} 的“{title}”"
    if missing := [column for column in needed if column not in heads]:
        raise UserError("HEADER", f"{where}第一行缺少表头：{'、'.join(missing)}。")
    if strange := [head for head in heads if head and head not in known]:
        shown = "、".join(head[:20] for head in strange[:5])
        raise UserError("HEADER", f"{where}有不认识的列：{shown}；可用：{'、'.join(known)}。")
    if twice := [head for head in dict.fromkeys(heads) if head and heads.count(head) > 1]:
        raise UserError("HEADER", f"{where}的列重复：{'、'.join(twice)}。")


def _cells(line: Line, columns: dict[str, int]) -> _Cells:
    from starter.filled_sheet import text_of

    texts = {column: text_of(line.at(place)) for column, place in columns.items()}
    return _Cells(line.number, texts)


def _list(cells: _Cells) -> RawList:
    return RawList(
        row=cells.row,
        name=cells[LIST],
        kind=cells[KIND],
        field_name=cells[FIELD],
        district=cells[DISTRICT],
        street=cells[STREET],
        declared=cells[DECLARED],
        declared_by=cells[DECLARED_BY],
    )


def _item(cells: _Cells) -> RawItem:
    return RawItem(
        row=cells.row,
        list_name=cells[LIST],
        number=cells[NUMBER],
        seven=tuple(cells[column] for column in SEVEN),
        mandate=cells[MANDATE],
    )

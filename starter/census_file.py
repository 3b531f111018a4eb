"""The workbooks of census and roster: empty ones written, filled ones read with their places.

What a cell of a person holds is never repeated in a sentence. A number that a spreadsheet program
took for a quantity has lost its last digits: that is said, and not guessed at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from domain.census import (
    APPROVED,
    BASIS,
    LEADING,
    NUMBER,
    OVERVIEW_COLUMNS,
    OVERVIEW_SHEET,
    PEOPLE_COLUMNS,
    PEOPLE_SHEET,
    PERSON,
    POSTS_COLUMNS,
    POSTS_SHEET,
    SECTIONS,
    TITLE,
    TYPE,
    UNIT,
    CensusSheet,
    RawPerson,
    RawPosts,
    RawUnit,
)
from domain.refusal import Finding
from domain.roster import FROM, KEY, ROSTER_COLUMNS, ROSTER_SHEET, SINK, TEAM, TO, RawPlace
from domain.secondment import (
    DUE_BACK,
    ORGAN,
    PAPER,
    REASON,
    SECONDMENT_COLUMNS,
    SECONDMENT_SHEET,
    SINCE,
    STREET,
    RawSecondment,
)
from domain.staff import plain_name, plain_number
from starter.errors import UserError

if TYPE_CHECKING:
    from openpyxl import Workbook

    from starter.filled_sheet import FilledBook

MOST_ROWS: Final = 20_000
_FILLED_ROWS: Final = 300

_CENSUS_NOTES: Final = (
    ("清查表", "一张表可以写一个或几个单位；写到的单位整体替换，没有写到的单位保持不变。"),
    (OVERVIEW_SHEET, "每个单位一行，六项情况逐项填写；缺项可以先导入，六项齐全才能签字（2-16）。"),
    (
        POSTS_SHEET,
        (
            "每个单位每种类型一行。类型写 行政、事业（或本次改革另定的类型），"
            "领导职数写 领导·类别，如 领导·科级。实有超过核定的，须写明依据。"
        ),
    ),
    (
        PEOPLE_SHEET,
        (
            "每人一行。身份证号的单元格须是文本，否则后几位会丢失。"
            "领导职数类别写 科级 等，与“编制”表的 领导·科级 对应；不占领导职数的不填。"
        ),
    ),
    (
        "导入",
        "jiegai census import 清查.xlsx --as 姓名；加 --check 只检查。有一处错误就全部不导入。",
    ),
    ("个人信息", "姓名和身份证号只写在“人员”表；加密后传送，表格本身请妥善保管、用后删除。"),
)
_ROSTER_NOTES: Final = (
    ("名册", "每人一行，只能是已锁定的人员（0-50）。"),
    (KEY, "p- 加16位，见 jiegai staff show；填了编号就不必填姓名和身份证号。"),
    (NUMBER, "没有人员编号时填姓名和身份证号；单元格须是文本。"),
    (FROM, "可不填；填了就与锁定的单位核对。类型也是。"),
    (TO, "须是本名册的接收单位；只有一个接收单位时可不填。"),
    (TEAM, "转入后所在的队伍，如 街道综合行政执法一队；可不填。"),
    (SINK, "全面下放、进驻执法、挂点联系，决定以后由谁考核（3-11）；可不填。"),
    ("导入", "jiegai roster import 名册.xlsx --number 名册号 --unit 接收单位 --as 姓名。"),
)
_SECONDMENT_NOTES: Final = (
    ("借调", "每人一行：机关部门抽调的街道、社区工作人员（3-08），须已在清查中登记。"),
    (KEY, "p- 加16位，见 jiegai staff show；填了编号就不必填姓名和身份证号。"),
    (NUMBER, "没有人员编号时填姓名和身份证号；单元格须是文本。"),
    (STREET, "街道、镇或其所属单位；不填即登记的单位。"),
    (SINCE, "写成 2019-12-20；应归还日期也是，可不填。"),
    ("导入", "jiegai secondment import 借调.xlsx --as 姓名。归还用 jiegai secondment return。"),
)
_WIDTHS: Final = {
    UNIT: 24,
    TYPE: 14,
    APPROVED: 10,
    BASIS: 34,
    PERSON: 12,
    NUMBER: 24,
    TITLE: 20,
    LEADING: 14,
    KEY: 24,
    FROM: 22,
    TO: 22,
    TEAM: 24,
    SINK: 14,
    STREET: 22,
    ORGAN: 22,
    SINCE: 14,
    REASON: 30,
    DUE_BACK: 14,
    PAPER: 22,
}

_Raw = TypeVar("_Raw")


@dataclass(frozen=True, kw_only=True)
class FilledCensus:
    """A census workbook as written, and what is wrong with it as a workbook."""

    sheet: CensusSheet
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> int:
        """Rows of all three sheets."""
        return len(self.sheet.units) + len(self.sheet.posts) + len(self.sheet.people)

    @property
    def content(self) -> bytes:
        """The rows as they are sent."""
        return json.dumps(asdict(self.sheet), ensure_ascii=False).encode()


@dataclass(frozen=True, kw_only=True)
class FilledRoster:
    """A roster workbook as written, and what is wrong with it as a workbook."""

    rows: tuple[RawPlace, ...]
    findings: tuple[Finding, ...]

    @property
    def content(self) -> bytes:
        """The rows as they are sent."""
        return json.dumps([asdict(row) for row in self.rows], ensure_ascii=False).encode()


@dataclass(frozen=True, kw_only=True)
class FilledSecondments:
    """A workbook of secondments as written, and what is wrong with it as a workbook."""

    rows: tuple[RawSecondment, ...]
    findings: tuple[Finding, ...]

    @property
    def content(self) -> bytes:
        """The rows as they are sent."""
        return json.dumps([asdict(row) for row in self.rows], ensure_ascii=False).encode()


@dataclass(frozen=True)
class _Cells:
    """One row's texts by column; ``counted`` are columns that hold a quantity, not a text."""

    row: int
    texts: dict[str, str]
    counted: frozenset[str]

    def __getitem__(self, column: str) -> str:
        return self.texts.get(column, "")


def read_census(path: Path) -> FilledCensus:
    """This will read the three sheets. Raises UserError as starter.filled_sheet, and HEADER."""
    from starter.filled_sheet import FilledBook

    book = FilledBook(path)
    findings: list[Finding] = []
    units = _read(book, OVERVIEW_SHEET, OVERVIEW_COLUMNS, _unit, findings)
    posts = _read(book, POSTS_SHEET, POSTS_COLUMNS, _posts, findings)
    people = _read(book, PEOPLE_SHEET, PEOPLE_COLUMNS, _person, findings)
    if not units:
        raise UserError("EMPTY_SHEET", f"{path} 的“{OVERVIEW_SHEET}”里没有单位。")
    sheet = CensusSheet(units=units, posts=posts, people=people)
    return FilledCensus(sheet=sheet, findings=tuple(findings))


def read_roster(path: Path) -> FilledRoster:
    """This will read the sheet 名册. Raises UserError as starter.filled_sheet, and HEADER."""
    from starter.filled_sheet import FilledBook

    findings: list[Finding] = []
    needed = (KEY, PERSON, NUMBER, TO)
    rows = _read(FilledBook(path), ROSTER_SHEET, ROSTER_COLUMNS, _place, findings, needed=needed)
    if not rows:
        raise UserError("EMPTY_SHEET", f"{path} 的“{ROSTER_SHEET}”里没有人员。")
    return FilledRoster(rows=rows, findings=tuple(findings))


def read_secondments(path: Path) -> FilledSecondments:
    """This will read the sheet 借调. Raises UserError as starter.filled_sheet, and HEADER."""
    from starter.filled_sheet import FilledBook

    findings: list[Finding] = []
    needed = (KEY, PERSON, NUMBER, ORGAN, SINCE, REASON)
    book = FilledBook(path)
    rows = _read(book, SECONDMENT_SHEET, SECONDMENT_COLUMNS, _seconded, findings, needed=needed)
    if not rows:
        raise UserError("EMPTY_SHEET", f"{path} 的“{SECONDMENT_SHEET}”里没有人员。")
    return FilledSecondments(rows=rows, findings=tuple(findings))


def write_secondment_template(path: Path) -> None:
    """This will write an empty list of secondments. Raises UserError: FILE_EXISTS and others."""
    from starter.sheet_style import empty_book, new_path, save, write_notes

    new_path(path, "借调表")
    book = empty_book()
    _write(book, SECONDMENT_SHEET, SECONDMENT_COLUMNS, _WIDTHS)
    write_notes(book, _SECONDMENT_NOTES)
    save(book, path)


def write_census_template(path: Path, units: Sequence[str] = ()) -> None:
    """This will write an empty census. Raises UserError: FILE_EXISTS and others."""
    from starter.sheet_style import empty_book, new_path, save, write_notes

    new_path(path, "清查表")
    book = empty_book()
    widths = _WIDTHS | dict.fromkeys(SECTIONS, 30)
    _write(book, OVERVIEW_SHEET, OVERVIEW_COLUMNS, widths, [(unit,) for unit in units])
    _write(book, POSTS_SHEET, POSTS_COLUMNS, widths)
    _write(book, PEOPLE_SHEET, PEOPLE_COLUMNS, widths)
    write_notes(book, _CENSUS_NOTES)
    save(book, path)


def write_roster_template(path: Path) -> None:
    """This will write an empty roster. Raises UserError: FILE_EXISTS and others."""
    from starter.sheet_style import empty_book, new_path, save, write_notes

    new_path(path, "名册")
    book = empty_book()
    _write(book, ROSTER_SHEET, ROSTER_COLUMNS, _WIDTHS)
    write_notes(book, _ROSTER_NOTES)
    save(book, path)


def _read(
    book: FilledBook,
    title: str,
    known: Sequence[str],
    make: Callable[[_Cells], _Raw],
    findings: list[Finding],
    *,
    needed: Sequence[str] = (),
) -> tuple[_Raw, ...]:
    from starter.filled_sheet import text_of

    name = next((t for t in book.titles if t.strip() == title), None)
    if name is None:
        raise UserError("HEADER", f"{book.path} 里没有名为“{title}”的工作表，请从空白表填起。")
    sheet = book.sheet(name, MOST_ROWS)
    findings.extend(sheet.findings)
    heads = [text_of(cell) for cell in sheet.lines[0].cells] if sheet.lines else []
    if missing := [column for column in needed or known if column not in heads]:
        text = f"{book.path} 的“{title}”第一行缺少表头：{'、'.join(missing)}。"
        raise UserError("HEADER", text)
    # What stands in an unknown head may be somebody's name: its place is enough.
    if strange := [str(n) for n, head in enumerate(heads, 1) if head and head not in known]:
        text = f"{book.path} 的“{title}”第{'、'.join(strange)}列不认识；可用：{'、'.join(known)}。"
        raise UserError("HEADER", text)
    columns = {head: place for place, head in enumerate(heads) if head}
    found = []
    for line in sheet.lines[1:]:
        cells = {column: line.at(place) for column, place in columns.items()}
        row = _Cells(
            row=line.number,
            texts={column: text_of(cell) for column, cell in cells.items()},
            counted=frozenset(c for c, cell in cells.items() if isinstance(cell, (int, float))),
        )
        if not any(row.texts.values()):
            continue
        if NUMBER in row.counted:
            text = "单元格是数字，身份证号的后几位已经丢失；请把单元格设为文本后重新填写。"
            findings.append(
                Finding(
                    code="ID_AS_QUANTITY",
                    sentence=text,
                    sheet=title,
                    row=line.number,
                    column=NUMBER,
                )
            )
        found.append(make(row))
    return tuple(found)


def _unit(cells: _Cells) -> RawUnit:
    return RawUnit(
        row=cells.row, unit=cells[UNIT], sections=tuple(cells[name] for name in SECTIONS)
    )


def _posts(cells: _Cells) -> RawPosts:
    return RawPosts(
        row=cells.row,
        unit=cells[UNIT],
        type=cells[TYPE],
        approved=cells[APPROVED],
        basis=cells[BASIS],
    )


def _person(cells: _Cells) -> RawPerson:
    return RawPerson(
        row=cells.row,
        unit=cells[UNIT],
        name=plain_name(cells[PERSON]),
        number=plain_number(cells[NUMBER]),
        type=cells[TYPE],
        title=cells[TITLE],
        leading=cells[LEADING],
    )


def _place(cells: _Cells) -> RawPlace:
    return RawPlace(
        row=cells.row,
        key=cells[KEY],
        name=plain_name(cells[PERSON]),
        number=plain_number(cells[NUMBER]),
        from_unit=cells[FROM],
        to_unit=cells[TO],
        team=cells[TEAM],
        type=cells[TYPE],
        sink_mode=cells[SINK],
    )


def _seconded(cells: _Cells) -> RawSecondment:
    return RawSecondment(
        row=cells.row,
        key=cells[KEY],
        name=plain_name(cells[PERSON]),
        number=plain_number(cells[NUMBER]),
        street=cells[STREET],
        organ=cells[ORGAN],
        since=_day(cells[SINCE]),
        reason=cells[REASON],
        due_back=_day(cells[DUE_BACK]),
        paper=cells[PAPER],
    )


def _day(text: str) -> str:
    """A written day as 2019-12-20; what is none stays as it is, and is found wrong later."""
    from starter.parameters import read_day

    day = read_day(text)
    return day.isoformat() if day is not None else text


def _write(
    book: Workbook,
    title: str,
    columns: Sequence[str],
    widths: dict[str, Any],
    rows: Iterable[Sequence[str]] = (),
) -> None:
    from starter.sheet_style import Head, lay_out, put, write_heads

    sheet = book.create_sheet(title)
    heads = [Head(name=name, width=widths[name]) for name in columns]
    write_heads(sheet, heads)
    given = list(rows)
    for row in range(2, _FILLED_ROWS + 2):
        texts = given[row - 2] if row - 2 < len(given) else ()
        for column, head in enumerate(heads, start=1):
            put(sheet, row, column, texts[column - 1] if column <= len(texts) else "", head)
    lay_out(sheet, freeze="B2", title=title)

"""Workbooks that come back filled in: opened warily, read as cells with their places.

Refused as a whole, in one sentence: what is no workbook, macros, a file too big packed or
unpacked, more rows than anybody fills in. Found with its place: merged cells, formulas that were
never calculated. The sheets are read in one pass each; what a sheet says of its own size is not
believed.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from domain.refusal import Finding
from runtime.failure import why
from starter.errors import UserError
from starter.parameters import YEARS, read_day

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_ROWS: Final = 20_000
MAX_BYTES: Final = 20 << 20
MAX_UNPACKED: Final = 200 << 20
MAX_COLUMNS: Final = 100

_MACROS = re.compile(r"vbaProject\.bin$|/macrosheets/", re.IGNORECASE)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_PARTS = re.compile(r"(\d{4})\D+(\d{1,2})\D+(\d{1,2})\D*$")
_EIGHT = re.compile(r"(\d{4})(\d{2})(\d{2})$")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row with something in it; ``number`` is as the spreadsheet counts."""

    number: int
    cells: tuple[Any, ...]

    def at(self, place: int) -> Any:
        """The cell in a column, counted from 0; None beyond the end."""
        return self.cells[place] if place < len(self.cells) else None


@dataclass(frozen=True, kw_only=True)
class FilledSheet:
    """A sheet as read: its rows that are not empty, and what is wrong with it as a sheet."""

    title: str
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...] = ()


@dataclass
class _Scan:
    """What one pass over a sheet's XML tells: merged areas, and formulas without a value."""

    merged: list[str] = field(default_factory=list)
    uncalculated: list[str] = field(default_factory=list)


class FilledBook:
    """A workbook that passed the door."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = _content(path)
        self._check_package()
        self._book = self._open()

    @property
    def titles(self) -> tuple[str, ...]:
        """The sheets' names, as they stand in the file."""
        return tuple(self._book.sheetnames)

    def sheet(self, title: str, max_rows: int = MAX_ROWS) -> FilledSheet:
        """This will read one sheet. Raises UserError: TOO_MANY_ROWS."""
        scan = self._scan(title, max_rows)
        worksheet = self._book[title]
        # A sheet may lie about its size; what it holds is read.
        worksheet.reset_dimensions()
        try:
            lines = tuple(_lines(worksheet, max_rows))
        except (ValueError, KeyError, IndexError, TypeError, SyntaxError, AttributeError) as error:
            raise _no_workbook(self.path) from error
        where = title.strip()
        merged = [
            Finding(
                code="MERGED_CELLS",
                sentence=f"单元格{area}是合并的，请取消合并，每行各自填写。",
                sheet=where,
                row=_row_of(area),
            )
            for area in scan.merged
        ]
        uncalculated = [
            Finding(
                code="FORMULA_WITHOUT_VALUE",
                sentence=f"单元格{cell}是没有算出结果的公式，请填写内容本身。",
                sheet=where,
                row=_row_of(cell),
            )
            for cell in scan.uncalculated
        ]
        return FilledSheet(title=where, lines=lines, findings=(*merged, *uncalculated))

    def _check_package(self) -> None:
        name = self.path.name
        if self.path.suffix.lower() in {".xlsm", ".xltm", ".xlam"}:
            raise _with_macros(name)
        try:
            with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError) as error:
            raise _no_workbook(self.path) from error
        if any(_MACROS.search(entry.filename) for entry in entries):
            raise _with_macros(name)
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise UserError("FILE_TOO_BIG", f"{name} 展开后过大，不像是填好的表。")

    def _open(self) -> Workbook:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            return load_workbook(io.BytesIO(self.content), read_only=True, data_only=True)
        except (
            InvalidFileException,
            zipfile.BadZipFile,
            KeyError,
            ValueError,
            TypeError,
            SyntaxError,
            AttributeError,
            OSError,
        ) as error:
            raise _no_workbook(self.path) from error

    def _scan(self, title: str, max_rows: int) -> _Scan:
        scan, filled = _Scan(), 0
        try:
            with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
                part = _part_of(archive, title)
                if part is None:
                    return scan
                with archive.open(part) as stream:
                    for cells in _marks(stream, scan):
                        filled += cells
                        if filled > max_rows + 1:
                            raise _too_many(title, max_rows)
        except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError, OSError, EOFError) as error:
            raise _no_workbook(self.path) from error
        return scan


def _marks(stream: Any, scan: _Scan) -> Iterator[int]:
    """Walk a sheet's rows: yields 1 for a row with a value, 0 for one without."""
    from openpyxl.xml.functions import iterparse

    for _, element in iterparse(stream, events=("end",)):
        if element.tag == f"{_MAIN}row":
            values = 0
            for cell in element:
                value, inline = cell.find(f"{_MAIN}v"), cell.find(f"{_MAIN}is")
                is_filled = (value is not None and bool(value.text)) or inline is not None
                values = values or int(is_filled)
                if cell.find(f"{_MAIN}f") is not None and not is_filled:
                    scan.uncalculated.append(cell.get("r") or "")
            element.clear()
            yield values
        elif element.tag == f"{_MAIN}mergeCell":
            scan.merged.append(element.get("ref") or "")


def _part_of(archive: zipfile.ZipFile, title: str) -> str | None:
    """The archive's entry that holds a sheet."""
    from openpyxl.xml.functions import fromstring

    book = fromstring(archive.read("xl/workbook.xml"))
    sheets = {s.get("name"): s.get(_RELATION) for s in book.iter(f"{_MAIN}sheet")}
    relations = fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): r.get("Target") for r in relations.iter(f"{_PACKAGE}Relationship")}
    target = targets.get(sheets.get(title))
    if not target:
        return None
    name = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
    name = posixpath.normpath(name)
    return name if name in archive.namelist() else None


def _lines(worksheet: Any, max_rows: int) -> Iterator[Line]:
    blank = 0
    for number, cells in enumerate(worksheet.iter_rows(values_only=True), start=1):
        if any(text_of(cell) for cell in cells):
            blank = 0
            yield Line(number=number, cells=tuple(cells[:MAX_COLUMNS]))
        else:
            blank += 1
            if blank > max_rows:
                # Formatting down to row 1,048,576 is common and means nothing.
                return


def text_of(cell: object) -> str:
    """This will read a cell as text: whole numbers without a point, dates as 2019-12-20."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else str(cell)
    return str(cell).replace("\r\n", "\n").replace("_x000D_", "").strip()


def day_of(cell: object) -> tuple[date | None, str]:
    """This will read a date's cell: the day, or a sentence that says why it is none.

    A date written as text is read; a number is not guessed at, but the date that it may mean is
    offered. An empty cell is neither.
    """
    if isinstance(cell, datetime):
        return _in_bounds(cell.date())
    if isinstance(cell, date):
        return _in_bounds(cell)
    text = text_of(cell)
    if not text:
        return None, ""
    if isinstance(cell, int | float) or text.isdigit():
        return None, _number_sentence(text)
    day = read_day(text)
    if day is not None:
        return _in_bounds(day)
    if parts := _PARTS.match(text):
        return None, f"没有“{text}”这一天，请核对（{_month_words(parts)}）。"
    return None, f"“{text}”不是日期，请写成 2019-12-20。"


def _in_bounds(day: date) -> tuple[date | None, str]:
    if day.year in YEARS:
        return day, ""
    return None, f"{day}不在{YEARS[0]}至{YEARS[-1]}年之间。"


def _number_sentence(text: str) -> str:
    from openpyxl.utils.datetime import from_excel

    meant: object = None
    if parts := _EIGHT.match(text):
        meant = read_day("-".join(parts.groups()))
    elif text.isdigit() and len(text) <= 6:
        try:
            meant = from_excel(int(text))
        except (ValueError, OverflowError, TypeError):
            meant = None
    day = meant.date() if isinstance(meant, datetime) else meant
    is_near = isinstance(day, date) and day.year in YEARS
    offered = f"；若指{day}，请写成 {day}" if is_near else "，请写成 2019-12-20"
    return f"{text}是数字，不是日期{offered}。"


def _month_words(parts: re.Match[str]) -> str:
    import calendar

    year, month = int(parts[1]), int(parts[2])
    if not 1 <= month <= 12 or not 1 <= year <= 9999:
        return "月份是1至12"
    return f"{year}年{month}月有{calendar.monthrange(year, month)[1]}天"


def _row_of(reference: str) -> int:
    found = re.search(r"\d+", reference)
    return int(found[0]) if found else 0


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise UserError("FILE_MISSING", f"没有文件 {path}。")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError("FILE_TOO_BIG", f"{path} 超过{MAX_BYTES >> 20}MB，请分成几张表。")
        return path.read_bytes()
    except OSError as error:
        raise UserError("FILE_UNREADABLE", f"{path} 不能读取：{why(error)}。") from error


def _too_many(title: str, max_rows: int) -> UserError:
    return UserError("TOO_MANY_ROWS", f"“{title}”超过{max_rows}行，请分成几张表。")


def _with_macros(name: str) -> UserError:
    return UserError("MACROS", f"{name} 带宏，请另存为不带宏的 .xlsx 再执行。")


def _no_workbook(path: Path) -> UserError:
    return UserError(
        "FILE_FORMAT", f"{path} 不是 xlsx 表格，或已损坏、设有密码；请另存为 .xlsx 再交回。"
    )

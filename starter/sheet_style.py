"""How the workbooks look that people fill in and print: heads, choices, widths, A4 landscape.

What must not be changed is grey and locked without a password: a hand that slips is stopped, and
nobody is hindered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.failure import why
from starter.errors import UserError
from starter.table import display_width

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_DARK, _GREY, _PALE = "8B1A1A", "595959", "EDEDED"
LIGHTS = {"红": "F4B6B6", "黄": "FFE699", "绿": "C6E0B4"}
"""Fills of the lights; the word stands in the cell for those who print without colour."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """One column: its name, width in characters, and whether it is there to be filled in."""

    name: str
    width: float
    fill_in: bool = True
    is_date: bool = False
    hint: str = ""


def new_path(path: Path, what: str) -> Path:
    """This will refuse a name that is no workbook's or is taken: nothing is overwritten."""
    if path.suffix.lower() != ".xlsx":
        raise UserError("FILE_FORMAT", f"{what}的文件名应以 .xlsx 结尾，现为 {path}。")
    if path.exists():
        raise UserError("FILE_EXISTS", f"{path} 已经存在，不覆盖；请换一个文件名。")
    return path


def save(book: Workbook, path: Path) -> None:
    """This will write the workbook. Raises UserError: FILE_UNWRITABLE."""
    book.properties.creator = "街改"
    try:
        book.save(path)
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"不能写 {path}：{why(error)}。") from error


def empty_book() -> Workbook:
    """This will make a workbook without a sheet."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    return book


def write_heads(sheet: Worksheet, heads: Sequence[Head]) -> None:
    """This will write the first row: dark red to fill in, grey to read."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for place, head in enumerate(heads, start=1):
        cell = sheet.cell(row=1, column=place, value=head.name)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=_DARK if head.fill_in else _GREY)
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        if head.hint:
            cell.comment = Comment(head.hint, "街改", width=260, height=90)
        sheet.column_dimensions[get_column_letter(place)].width = head.width
    sheet.row_dimensions[1].height = 28


def put(sheet: Worksheet, row: int, column: int, text: str, head: Head) -> Any:
    """This will write one cell as text, so that no program makes a formula or a date of it."""
    from openpyxl.styles import Alignment, Border, PatternFill, Protection, Side

    cell = sheet.cell(row=row, column=column)
    if text:
        cell.value = text
        cell.data_type = "s"
    line = Side(style="thin", color="BFBFBF")
    cell.border = Border(left=line, right=line, top=line, bottom=line)
    cell.alignment = Alignment(horizontal="left", vertical="top", wrap_text=True)
    cell.number_format = "yyyy-mm-dd" if head.is_date else "@"
    if head.fill_in:
        cell.protection = Protection(locked=False)
    else:
        cell.fill = PatternFill("solid", fgColor=_PALE)
    return cell


def fit_height(sheet: Worksheet, row: int, texts: Sequence[tuple[str, float]]) -> None:
    """This will make a row as high as its longest cell needs: (text, width of its column).

    Spreadsheet programs do not all do it for a file that they did not write.
    """
    lines = (
        sum(
            max(1, math.ceil(display_width(part) / max(1.0, width - 1)))
            for part in text.split("\n")
        )
        for text, width in texts
    )
    sheet.row_dimensions[row].height = min(400, 6 + 14 * max(lines, default=1))


def lit(cell: Any, light: str) -> None:
    """This will give a light's cell its colour."""
    from openpyxl.styles import PatternFill

    if light in LIGHTS:
        cell.fill = PatternFill("solid", fgColor=LIGHTS[light])


def offer(
    sheet: Worksheet, area: str, choices: Sequence[str], title: str, *, strict: bool = True
) -> None:
    """This will offer choices in areas (``H2:H5 H9``); not ``strict`` lets other words through with a warning."""
    from openpyxl.worksheet.datavalidation import DataValidation

    choice = DataValidation(
        type="list",
        formula1=f'"{",".join(choices)}"',
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="stop" if strict else "warning",
        errorTitle=title,
        error=f"可选：{'、'.join(choices)}"[:220],
    )
    for one in area.split():
        choice.add(one)
    sheet.add_data_validation(choice)


def lay_out(sheet: Worksheet, *, freeze: str, title: str) -> None:
    """This will set the page: A4 landscape, as wide as the page, heads repeated, pages numbered."""
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.freeze_panes = freeze
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    margins = sheet.page_margins
    margins.left = margins.right = 0.4
    margins.top = margins.bottom = 0.75
    margins.header = margins.footer = 0.3
    # & opens a code in a header; a name that has one is doubled.
    texts = ((sheet.oddHeader, title.replace("&", "&&")), (sheet.oddFooter, "第 &P 页，共 &N 页"))
    for place, text in texts:
        if place is not None and text:
            place.center.text = text


def protect(sheet: Worksheet) -> None:
    """This will lock what is not to be filled in; widths, sorting and filters stay free."""
    guard = sheet.protection
    guard.sheet = True
    guard.formatColumns = False
    guard.formatRows = False
    guard.formatCells = False
    guard.sort = False
    guard.autoFilter = False


def write_notes(book: Workbook, lines: Sequence[tuple[str, str]]) -> None:
    """This will add the sheet 说明: what goes where, in two columns."""
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet = book.create_sheet("说明")
    for number, (name, text) in enumerate(lines, start=1):
        for column, value in ((1, name), (2, text)):
            cell = sheet.cell(row=number, column=column, value=value)
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=column == 1)
    sheet.column_dimensions["A"].width = 18
    sheet.column_dimensions["B"].width = 84
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)

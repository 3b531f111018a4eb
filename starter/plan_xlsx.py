"""Plans as workbooks: reading one as people keep it, writing one in the template's layout.

People put a title above the header, merge cells down a column, leave blank rows, let Excel turn
dates into dates. All of that is read; macros, formulas without a value and files of more than
5,000 rows are not. A merged cell counts for each cell that it covers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.plan_columns import (
    CONTENT,
    ITEM,
    NOTES_SHEET,
    REFORM,
    SETTINGS,
    SHEETS,
    UNREAD_SHEETS,
    Column,
    Sheet,
    suggestion,
)
from domain.plan_draft import PlanDraft, RawRow, as_text, check_headers, draft_of
from domain.refusal import Finding
from starter.errors import UserError

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MAX_ROWS = 5000
MAX_COLUMNS = 100
HEADER_WITHIN = 10
"""The header is looked for in so many first rows: a title or a note may stand above it."""

VALIDATED_ROWS = 500
"""Rows of the template that offer choices."""

_NOTES = (
    "改革时间、任务、责任表",
    "",
    "一、填写“改革”“单位”“任务”三张表，“环节”可以不填。本页只供阅读，不被读取。",
    "二、任务一行一项：任务、责任单位、责任人、完成时限都不能空（0-06、2-19、4-05）。",
    (
        "三、责任单位可写 各街道、各镇、各镇街、各区、全市、各部门、各成员单位、各事业单位，"
        "或写单位名称，用、隔开；可写 除某街道外的各街道。"
    ),
    (
        "四、完成时限可写 2019-12-20、12月20日前、12月底前、6月份、T+15个工作日、M2后5个工作日；"
        "“前”含当日，T 是启动日期。"
    ),
    "五、牵头单位、配合单位和环节的承办单位可写简称（如 区委编办），在责任单位所在的区里找。",
    (
        "六、选项写 键=值，几项用；隔开：模板（方案：武昌或乌海；三定、修订、五定：现行文本模板的名称）、依据（挂牌：三定、五定或方案）、"
        "牌子、修订（修订：所修订的三定的编号）、环节时限（如 审议=12月20日前）、说明。"
    ),
    "七、完成时限由各环节倒排：后一环节所需的工作日从它的到期日往前数。",
    (
        "八、区委编委、区委常委会、区领导、上级编办没有办公桌：不填经办人，在“代录单位”写由谁凭纪要、批复"
        "录入它的决定。时限由上级机关定的，写“时限设定机关”，只有它能再改。"
    ),
    "九、一个单位只有一项三定；印发后要改动，另列一行类型为“修订”的任务，选项写 修订=三定的编号。",
    "十、填好后用 jiegai plan check 检查，所有错误一次列出；有一处错误就不能启动。",
)


def read_xlsx(path: Path) -> PlanDraft:
    """This will read a workbook as a draft; UserError if it is not a workbook."""
    book = _open(path)
    findings: list[Finding] = []
    rows: dict[str, list[RawRow]] = {}
    names = [sheet.name for sheet in SHEETS]
    for worksheet in book.worksheets:
        title = worksheet.title.strip()
        sheet = next((sheet for sheet in SHEETS if sheet.name == title), None)
        if sheet is not None:
            rows[sheet.name] = list(_rows(sheet, worksheet, findings))
        elif title not in UNREAD_SHEETS:
            sentence = f"工作表“{title}”不被读取{suggestion(title, names)}。"
            findings.append(
                Finding(code="UNKNOWN_SHEET", sentence=sentence, sheet=title, is_error=False)
            )
    return draft_of(rows, findings)


def _open(path: Path) -> Workbook:
    from zipfile import BadZipFile, ZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with ZipFile(path) as archive:
            if any(name.endswith("vbaProject.bin") for name in archive.namelist()):
                raise UserError("FILE_MACRO", f"{path.name} 带宏，请另存为不带宏的 .xlsx。")
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED:
                raise UserError("FILE_TOO_BIG", f"{path.name} 展开后过大，不像是计划。")
        return load_workbook(path, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, SyntaxError):
        raise UserError(
            "FILE_UNREADABLE", f"{path.name} 不是有效的 .xlsx，可能已损坏或设有密码。"
        ) from None


_MAX_UNPACKED = 200 * 1024 * 1024


def _rows(sheet: Sheet, worksheet: Worksheet, findings: list[Finding]) -> Iterator[RawRow]:
    grid = _grid(worksheet)
    header = _header_row(sheet, grid)
    if header is None:
        sentence = f"找不到表头，应有 {'、'.join(sheet.headers)}。"
        findings.append(Finding(code="MISSING_COLUMN", sentence=sentence, sheet=sheet.name))
        return
    titles = ["".join(text.split()) for text in grid[header]]
    findings.extend(check_headers(sheet, titles, header + 1))
    columns = [sheet.column(title) if title else None for title in titles]
    for number, line in enumerate(grid[header + 1 :], start=header + 2):
        cells = {c.name: text for c, text in zip(columns, line, strict=True) if c is not None}
        if sheet is REFORM:
            cells = {name: cells.get(name, "") for name in (ITEM, CONTENT)}
        if any(cells.values()):
            yield RawRow(sheet=sheet.name, row=number, cells=cells)


def _grid(worksheet: Worksheet) -> list[list[str]]:
    """The sheet as text, merged cells filled in, without blank rows and columns at the end."""
    lines: list[list[str]] = []
    blank = 0
    for line in worksheet.iter_rows(max_col=min(worksheet.max_column or 1, MAX_COLUMNS)):
        texts = [as_text(cell.value) for cell in line]
        lines.append(texts)
        blank = 0 if any(texts) else blank + 1
        if len(lines) - blank > MAX_ROWS + HEADER_WITHIN:
            raise UserError("TOO_MANY_ROWS", f"“{worksheet.title}”超过{MAX_ROWS}行，请拆分计划。")
        if blank > MAX_ROWS:
            # Formatting down to row 1,048,576 is common and means nothing.
            break
    lines = lines[: len(lines) - blank]
    for area in worksheet.merged_cells.ranges:
        top, left = area.min_row - 1, area.min_col - 1
        if top >= len(lines) or left >= len(lines[top]):
            continue
        text = lines[top][left]
        for row in lines[top : area.max_row]:
            row[left : area.max_col] = [text] * len(row[left : area.max_col])
    return lines


def _header_row(sheet: Sheet, grid: list[list[str]]) -> int | None:
    """The row that has most of the known headers, at least two different ones."""
    best, count = None, 1
    for number, line in enumerate(grid[:HEADER_WITHIN]):
        known = {
            column.name
            for text in line
            if (column := sheet.column("".join(text.split()))) is not None
        }
        if len(known) > count:
            best, count = number, len(known)
    return best


def write_template(path: Path) -> None:
    """This will write an empty plan with notes, choices and an example of each sheet's cells."""
    write_draft(path, PlanDraft(), is_template=True)


def write_draft(path: Path, draft: PlanDraft, *, is_template: bool = False) -> None:
    """This will write a draft as a workbook in the template's layout.

    What :func:`read_xlsx` then reads is the same draft, but for the row numbers. Raises OSError
    where the file cannot be written.
    """
    _save_steadily(book_of(draft, is_template=is_template), path)


def book_of(draft: PlanDraft, *, is_template: bool = False) -> Workbook:
    """This will lay a draft out as a workbook, not yet saved; headers stand in the first rows."""
    from openpyxl import Workbook

    book = Workbook()
    notes = book.active
    assert notes is not None  # a new workbook has one sheet  # noqa: S101
    _write_notes(notes)
    for sheet in SHEETS:
        worksheet = book.create_sheet(sheet.name)
        if sheet is REFORM:
            _write_settings(worksheet, draft)
        else:
            _write_table(worksheet, sheet, draft.sheet(sheet.name), is_template=is_template)
    book.active = book.sheetnames.index("任务")
    return book


def _save_steadily(book: Workbook, path: Path) -> None:
    """The same plan gives the same bytes: a fixed time in the properties and in the archive."""
    from datetime import datetime
    from io import BytesIO
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

    epoch = datetime(2000, 1, 1)  # noqa: DTZ001 - openpyxl wants a naive time
    book.properties.creator = "街改"
    book.properties.created = epoch
    raw = BytesIO()
    book.save(raw)
    stamp = _modified(raw)
    with ZipFile(raw) as source, ZipFile(path, "w", ZIP_DEFLATED) as target:
        for entry in source.infolist():
            fixed = ZipInfo(entry.filename, date_time=(2000, 1, 1, 0, 0, 0))
            fixed.compress_type = ZIP_DEFLATED
            content = source.read(entry.filename)
            if entry.filename == "docProps/core.xml" and stamp:
                content = content.replace(stamp, b"2000-01-01T00:00:00Z")
            target.writestr(fixed, content)


def _modified(raw: Any) -> bytes:
    import re
    from zipfile import ZipFile

    with ZipFile(raw) as source:
        found = re.search(rb"<dcterms:modified[^>]*>([^<]+)<", source.read("docProps/core.xml"))
    return found[1] if found else b""


def _write_notes(worksheet: Worksheet) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.worksheet.properties import PageSetupProperties

    worksheet.title = NOTES_SHEET
    worksheet.column_dimensions["A"].width = 80
    worksheet.page_setup.fitToHeight = 0
    worksheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    for number, text in enumerate(_NOTES, start=1):
        cell = worksheet.cell(row=number, column=1, value=text)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if number == 1:
            cell.font = Font(bold=True, size=16)


def _write_settings(worksheet: Worksheet, draft: PlanDraft) -> None:
    _write_header(worksheet, REFORM.columns)
    written = {row.text(ITEM): row.text(CONTENT) for row in draft.settings}
    named = [(s.name, written.get(s.name, "" if written else s.default)) for s in SETTINGS]
    notes = {setting.name: setting.note for setting in SETTINGS}
    lines = [(name, text) for name, text in named if text or not written]
    for number, (name, text) in enumerate(lines, start=2):
        _cell(worksheet, number, 1, name, comment=notes[name])
        _cell(worksheet, number, 2, text)


def _write_table(
    worksheet: Worksheet, sheet: Sheet, rows: Iterable[RawRow], *, is_template: bool
) -> None:
    _write_header(worksheet, sheet.columns)
    number = 1
    for number, row in enumerate(rows, start=2):
        for column_number, column in enumerate(sheet.columns, start=1):
            _cell(worksheet, number, column_number, row.text(column.name))
    _offer_choices(worksheet, sheet, max(number, VALIDATED_ROWS if is_template else number + 50))


def _write_header(worksheet: Worksheet, columns: tuple[Column, ...]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    for number, column in enumerate(columns, start=1):
        mark = "（必填）" if column.empty_code else ""
        cell = _cell(worksheet, 1, number, column.name, comment=f"{mark}{column.note}")
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="8B1A1A" if column.empty_code else "595959")
        cell.alignment = Alignment(horizontal="center", vertical="center")
        worksheet.column_dimensions[get_column_letter(number)].width = column.width + 4
    worksheet.row_dimensions[1].height = 24
    worksheet.freeze_panes = "B2"
    worksheet.print_title_rows = "1:1"
    worksheet.page_setup.orientation = "landscape"
    worksheet.page_setup.fitToHeight = 0
    worksheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _cell(worksheet: Worksheet, row: int, column: int, text: str, *, comment: str = "") -> Any:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment

    cell = worksheet.cell(row=row, column=column)
    if text:
        # As text: Excel must not make a formula of "=…" or a date of "12-10".
        cell.value = text
        cell.data_type = "s"
    cell.number_format = "@"
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if comment:
        cell.comment = Comment(comment, "街改", width=260, height=90)
    return cell


def _offer_choices(worksheet: Worksheet, sheet: Sheet, last: int) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for number, column in enumerate(sheet.columns, start=1):
        if not column.choices:
            continue
        choice = DataValidation(
            type="list",
            formula1=f'"{",".join(column.choices)}"',
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=column.name,
            error=f"可写：{'、'.join(column.choices)}",
        )
        letter = get_column_letter(number)
        choice.add(f"{letter}2:{letter}{last}")
        worksheet.add_data_validation(choice)

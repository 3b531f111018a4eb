"""The call list as a sheet: printed, ticked off, the answers written in by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from starter.parameters import SHANGHAI
from starter.remind import item_in_words, people_in_words

if TYPE_CHECKING:
    from contracts.remind import CallLine


def write_calls(path: Path, lines: Sequence[CallLine], *, title: str, now: datetime) -> None:
    """This will write the call list. Raises UserError: FILE_FORMAT, FILE_EXISTS, FILE_UNWRITABLE."""
    from openpyxl.worksheet.properties import PageSetupProperties

    from starter.sheet_style import Head, empty_book, fit_height, new_path, put, save, write_heads

    new_path(path, "电话通知单")
    heads = (
        Head(name="单位", width=16, fill_in=False),
        Head(name="找谁", width=26, fill_in=False),
        Head(name="事项", width=26, fill_in=False),
        Head(name="任务", width=22, fill_in=False),
        Head(name="时限", width=12, fill_in=False),
        Head(name="超期天数", width=9, fill_in=False),
        Head(name="为何打电话", width=14, fill_in=False),
        Head(name="电话", width=14),
        Head(name="接听人、时间", width=16),
        Head(name="答复", width=22),
    )
    book = empty_book()
    sheet = book.create_sheet("电话通知单")
    write_heads(sheet, heads)
    for place, line in enumerate(lines, start=2):
        cells = (
            line.unit,
            people_in_words(line),
            item_in_words(line),
            line.task,
            line.due_date.isoformat(),
            str(line.overdue_days or ""),
            line.why,
            "",
            "",
            "",
        )
        for column, (text, head) in enumerate(zip(cells, heads, strict=True), start=1):
            put(sheet, place, column, text, head)
        fit_height(sheet, place, [(t, h.width) for t, h in zip(cells, heads, strict=True)])
    sheet.freeze_panes = "A2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    sheet.oddHeader.center.text = f"{title}（{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}）"
    save(book, path)

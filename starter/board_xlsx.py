"""``jiegai board --xlsx``: the plan in its own layout, with how each row stands filled in.

The four sheets are those of 《改革时间、任务、责任表》 (0-06, 2-19), readable as a plan again: what is
added, columns at the end of 任务 and the sheet 进度, is passed over by every reader. Lights are
words; the colour repeats them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from domain.deadline import local_day
from domain.plan_columns import PROGRESS_SHEET, STATE_COLUMNS, TASKS
from starter.board import ENDED, NEVER, UNLIT, WAITING, count, dead_said, moment_said
from starter.sheet_style import LIGHTS, lay_out
from starter.table import display_width

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from contracts.desk import BoardLine, BoardPage
    from domain.plan import Plan

_LIGHTS: Final = ("红", "黄", "绿")
_MOST_NAMED: Final = 10
"""Units named in one cell; how many more there are is said."""

_SCALE: Final = 45
"""Per cent at which the plan's columns just fit a page of A3."""

_LINE_HEIGHT: Final = 15
_SHORT: Final = 1
"""A light stands in the middle of its cell."""

_MOMENT: Final = timedelta(microseconds=1)
_WIDTHS: Final = (18, 5, 5, 5, 8, 6, 6, 12, 40)
_HEADS: Final = (
    ("编号", 8),
    ("区", 12),
    ("单位", 18),
    ("事项", 22),
    ("状态", 9),
    ("灯", 5),
    ("环节", 16),
    ("负责单位", 26),
    ("环节时限", 12),
    ("剩余天数", 9),
    ("完成时限", 12),
    ("原时限", 12),
    ("进度", 7),
    ("退回", 6),
    ("延期", 6),
    ("超期", 6),
    ("代记", 6),
    ("办结日", 12),
)
"""代记 counts the departments whose silence the coordinator recorded as 无意见."""

_LIGHT_COLUMN: Final = 6


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A board beside the plan: ``first`` are the rows' dates as first registered, by row id."""

    plan: Plan
    page: BoardPage
    first: Mapping[str, date]


async def read_standing(page: BoardPage) -> Standing:
    """This will read the plan that a board belongs to, and what it said when first registered."""
    from starter.desk_client import opened
    from starter.plan_copy import registered_plan

    async with opened() as door:
        copy = await registered_plan(door, page.rollout)
        first = copy if copy.version == 1 else await registered_plan(door, page.rollout, 1)
    dues = {row.id: row.due for plan in (copy.plan, first.plan) for row in plan.rows}
    return Standing(plan=copy.plan, page=page, first=dues)


def book_with_states(standing: Standing) -> Workbook:
    """This will lay out the plan with its states."""
    from domain.calendar import load_builtin_calendar
    from domain.plan_sheets import sheets_of
    from starter.plan_xlsx import book_of

    book = book_of(sheets_of(standing.plan, load_builtin_calendar()))
    _fill_states(book[TASKS.name], standing)
    _write_progress(book.create_sheet(PROGRESS_SHEET), standing)
    return book


def _fill_states(sheet: Worksheet, standing: Standing) -> None:
    by_row: dict[str, list[BoardLine]] = {}
    for line in standing.page.lines:
        by_row.setdefault(line.row_id, []).append(line)
    first = len(TASKS.columns) + 1
    pen = _Pen(sheet)
    pen.heads(first, zip(STATE_COLUMNS, _WIDTHS, strict=True), "由系统填写；作为方案读取时略过。")
    for number, row in enumerate(standing.plan.rows, start=2):
        for column, (value, light) in enumerate(states(by_row.get(row.id, [])), start=first):
            pen.put(number, column, value, light)
        pen.fit(number)
    _print_states_apart(sheet, first)


def _print_states_apart(sheet: Worksheet, first: int) -> None:
    """A3, the plan on one page and the states on the next with 编号 and 事项 repeated."""
    from openpyxl.worksheet.pagebreak import Break, ColBreak
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=False)
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A3
    sheet.page_setup.scale = _SCALE
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.print_title_cols = "A:B"
    sheet.col_breaks = ColBreak()
    sheet.col_breaks.append(Break(id=first - 1))


def states(lines: Sequence[BoardLine]) -> list[tuple[object, str]]:
    """This will sum a row's procedures up: a value and a light for each of ``STATE_COLUMNS``."""
    counts = count(lines)
    if counts.get(NEVER):
        counts[WAITING] = counts.pop(NEVER)
    worst = next((light for light in _LIGHTS if counts.get(light)), "")
    dues = [due for line in lines if (due := _step_due(line)) is not None]
    late = [line for line in lines if line.light == "红" and line.status not in UNLIT]
    numbers = [
        (counts.get(name) or None, name if counts.get(name) else "")
        for name in (*_LIGHTS, WAITING, *ENDED)
    ]
    return [
        (_status(lines, counts, worst), worst),
        *numbers,
        (min(dues, default=None), ""),
        (_named(late), ""),
    ]


def _status(lines: Sequence[BoardLine], counts: Mapping[str, int], worst: str) -> str:
    """``红 办理中 3/14``: the worst light, whether it runs, how many are done; or all the same."""
    same = {line.status for line in lines}
    if len(same) == 1 and same <= UNLIT:
        return same.pop()
    if not lines:
        return ""
    what = "办理中" if worst else "部分未开始" if counts.get(WAITING) else "已了结"
    return f"{worst} {what} {counts.get(ENDED[0], 0)}/{len(lines)}".strip()


def _named(lines: Sequence[BoardLine]) -> str:
    """Whose work is late and on whose desk it lies: ``滨河街道（海勃湾区委编办）``."""
    names = dict.fromkeys(
        line.unit
        if line.responsible in ((line.unit,), ())
        else f"{line.unit}（{'、'.join(line.responsible)}）"
        for line in lines
    )
    said = "、".join(list(names)[:_MOST_NAMED])
    return f"{said}等{len(names)}件" if len(names) > _MOST_NAMED else said


def _step_due(line: BoardLine) -> date | None:
    """The nearest open step's last day; of one that waits the row's own."""
    if line.next_due_at is not None and line.status not in UNLIT:
        return local_day(line.next_due_at - _MOMENT)
    return line.due_date if line.status == WAITING else None


def _write_progress(sheet: Worksheet, standing: Standing) -> None:
    pen = _Pen(sheet)
    pen.heads(1, _HEADS, "")
    number = 1
    for number, line in enumerate(standing.page.lines, start=2):
        for column, value in enumerate(progress(line, standing.first), start=1):
            pen.put(number, column, value, str(value) if column == _LIGHT_COLUMN else "")
    sheet.auto_filter.ref = f"A1:{pen.letter(len(_HEADS))}{number}"
    if standing.page.dead_channels:
        sheet.cell(row=number + 2, column=1, value=dead_said(standing.page.dead_channels))
    said = moment_said(standing.page.as_of)
    lay_out(sheet, freeze="E2", title=f"{standing.plan.title}（截至 {said}）")


def progress(line: BoardLine, first: Mapping[str, date]) -> tuple[object, ...]:
    """This will say how one procedure stands, a value for each of the sheet's columns."""
    runs = line.status not in UNLIT
    was = first.get(line.row_id)
    ended = local_day(line.ended_at) if line.ended_at is not None else None
    return (
        line.row_id,
        line.district or "市级",
        line.unit,
        line.item,
        line.status,
        line.light if runs else None,
        "、".join(line.open_steps),
        "、".join(line.responsible) if runs else None,
        _step_due(line) if runs else None,
        line.days_left if runs else None,
        line.due_date,
        was if was != line.due_date else None,
        f"{line.steps_done}/{line.steps_total}" if line.steps_total else None,
        line.returned or None,
        line.extended or None,
        line.overdue or None,
        line.silent or None,
        ended,
    )


class _Pen:
    """Writes cells of one sheet with few styles, made once: a style costs more than a value."""

    def __init__(self, sheet: Worksheet) -> None:
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
        from openpyxl.utils import get_column_letter

        self._sheet = sheet
        self.letter = get_column_letter
        thin = Side(style="thin", color="BFBFBF")
        self._border = Border(left=thin, right=thin, top=thin, bottom=thin)
        self._text = Alignment(wrap_text=True, vertical="top")
        self._number = Alignment(horizontal="center", vertical="top")
        self._head = (
            Font(name="Calibri", size=11, bold=True, color="FFFFFF"),
            PatternFill("solid", fgColor="1F3864"),
            Alignment(horizontal="center", vertical="center", wrap_text=True),
        )
        self._fills = {word: PatternFill("solid", fgColor=hue) for word, hue in LIGHTS.items()}
        self._bold = Font(name="Calibri", size=11, bold=True)

    def heads(self, first: int, columns: Iterable[tuple[str, float]], hint: str) -> None:
        """This will write headers from a column on."""
        from openpyxl.comments import Comment

        for column, (name, width) in enumerate(columns, start=first):
            cell = self._sheet.cell(row=1, column=column, value=name)
            cell.font, cell.fill, cell.alignment = self._head
            self._sheet.column_dimensions[self.letter(column)].width = width
            if hint:
                cell.comment = Comment(hint, "街改", width=260, height=60)
        self._sheet.row_dimensions[1].height = 24

    def put(self, row: int, column: int, value: object, light: str = "") -> None:
        """This will write one value: a text as text, a day as a day, None as an empty cell."""
        cell: Any = self._sheet.cell(row=row, column=column)
        cell.border = self._border
        if value in (None, ""):
            return
        cell.value = value
        is_short = len(str(value)) <= _SHORT
        if isinstance(value, str):
            cell.data_type = "s"
        elif isinstance(value, date):
            cell.number_format = "yyyy-mm-dd"
        cell.alignment = self._text if isinstance(value, str) and not is_short else self._number
        if light in self._fills:
            cell.fill, cell.font = self._fills[light], self._bold

    def fit(self, row: int) -> None:
        """This will make a row as high as its longest text needs; not every program does."""
        lines = [1]
        for column, cell in enumerate(self._sheet[row], start=1):
            width = self._sheet.column_dimensions[self.letter(column)].width
            parts = str(cell.value or "").split("\n")
            lines.append(sum(max(1, ceil(display_width(part) / (width - 1))) for part in parts))
        self._sheet.row_dimensions[row].height = _LINE_HEIGHT * max(lines)

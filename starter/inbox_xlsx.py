"""``jiegai inbox --xlsx``: the 待办表, a desk's items as a sheet to fill in and hand back.

What is known is grey and locked; what is to be filled in is white, with choices where there are
any. Each row carries a 编号, made anew for each export, under which ``jiegai act --file`` does what
was filled in exactly once.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.case_limits import NO_LIMIT_DAY
from domain.procedure import SOUND, UNSOUND
from starter import decisions as columns
from starter.decisions import TODO, TODO_COLUMNS
from starter.inbox import papers_of

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from contracts.desk import InboxLine
    from starter.sheet_style import Head

_READ = {
    columns.LIGHT: 4,
    columns.ITEM: 22,
    columns.UNIT: 11,
    columns.TASK: 16,
    columns.DUE: 12,
    columns.PAPERS: 9,
    columns.VERBS: 12,
    columns.NUMBER: 16,
}
_FILL = {
    columns.VERB: 9,
    columns.PERSON: 10,
    columns.NOTE: 18,
    columns.EVIDENCE: 16,
    columns.VERDICTS: 8,
    columns.TO: 9,
    columns.NEW_DUE: 11,
    columns.REPLIES: 11,
    columns.DAY: 11,
}
_NOTES = (
    ("怎么用", "只填深红表头的各列；灰色的列不要改。没有选“动作”的行不办理。"),
    ("动作", "从下拉中选；每行列出的是这一项可用的动作。"),
    ("办理人", "实际办理的人；空着时按 jiegai act --file 的 --as。"),
    ("意见", "意见或理由；退回、缓议、不通过、申请延期必须写明。"),
    (
        "证据",
        "在等号后写文号或文件名（文件与本表放在一起），都要写的写 文号@文件名，几件用分号隔开；不需要的不必删。",
    ),
    (
        "研判",
        "无误表示政策性、合法性、合规性均无误；也可写 政策性=无误；合法性=有误；合规性=无误。",
    ),
    ("退至/转至", "退回到哪个环节、转办给谁。"),
    ("新时限", "申请延期时写，例如 2019-12-20。"),
    ("采纳情况", "意见反馈时写 单位=采纳情况，几个用分号隔开。"),
    ("发生日期", "实际办理的日期；当日办理可不填，代录和事后补录必须写。"),
    ("编号", "系统用来认出这一行，不要改动或复制；同一张表执行几次都只算一次。"),
    ("交回", "保存为 .xlsx 后执行：jiegai act --file 本表 --as 姓名。"),
)


def write_inbox(path: Path, lines: Sequence[InboxLine], *, person: str, title: str) -> None:
    """This will write the items as a 待办表; ``person`` stands as 办理人 in every row.

    Raises UserError: FILE_FORMAT, FILE_EXISTS (nothing is overwritten), FILE_UNWRITABLE.
    """
    from starter import sheet_style

    sheet_style.new_path(path, "待办表")
    book = sheet_style.empty_book()
    sheet = book.create_sheet(TODO)
    heads = _heads()
    sheet_style.write_heads(sheet, heads)
    nonce = uuid.uuid4().hex[:10]
    for row, line in enumerate(lines, start=2):
        texts = _texts(line, person, f"{nonce}-{row - 1}")
        for place, head in enumerate(heads, start=1):
            cell = sheet_style.put(sheet, row, place, texts.get(head.name, ""), head)
            if head.name == columns.LIGHT:
                sheet_style.lit(cell, line.light)
        wide = [(texts.get(head.name, ""), head.width) for head in heads]
        sheet_style.fit_height(sheet, row, wide)
    if lines:
        _offer_choices(sheet, lines)
        sheet.auto_filter.ref = f"A1:{_letter(columns.NUMBER)}{len(lines) + 1}"
    # The 编号 is for the machine: it is kept in the file and left off the paper.
    sheet.print_area = f"A1:{_letter(columns.DAY)}{len(lines) + 1}"
    sheet_style.lay_out(sheet, freeze="C2", title=title)
    sheet_style.protect(sheet)
    sheet_style.write_notes(book, _NOTES)
    sheet_style.save(book, path)


def due_in_full(line: InboxLine) -> str:
    """This will write a due date for paper: whole dates, with what it was before."""
    if line.due_date == NO_LIMIT_DAY:
        return "未设时限"
    text = line.due_date.isoformat()
    if line.original_due_date != line.due_date:
        text += f"\n（原{line.original_due_date}）"
    if line.provisional:
        text += "\n（暂定）"
    return f"{text}\n超期{line.overdue_days}天" if line.overdue_days else text


def _heads() -> list[Head]:
    from starter.sheet_style import Head

    hints = dict(_NOTES)
    return [
        Head(
            name=name,
            width=_READ.get(name) or _FILL[name],
            fill_in=name in _FILL,
            is_date=name in {columns.NEW_DUE, columns.DAY},
            hint=hints.get(name, "") if name in _FILL else "",
        )
        for name in TODO_COLUMNS
    ]


def _texts(line: InboxLine, person: str, number: str) -> dict[str, str]:
    purpose = f"【{line.purpose}】" if line.purpose not in {"", "办理"} else ""
    mark = f"【{line.capacity}】" if line.capacity else ""
    given = f"（已转办{line.waiting_for}）" if line.waiting_for else ""
    note = f"\n{line.note}" if line.note else ""
    return {
        columns.LIGHT: line.light,
        columns.ITEM: line.item,
        columns.UNIT: line.unit,
        columns.TASK: f"{mark}{purpose}{line.task}{given}{note}",
        columns.DUE: due_in_full(line),
        columns.PAPERS: "、".join(line.documents),
        columns.VERBS: "、".join(line.verbs),
        columns.PERSON: line.waiting_for or person,
        columns.EVIDENCE: "；".join(f"{name}=" for name in papers_of(line)),
        columns.NUMBER: number,
    }


def _offer_choices(sheet: Worksheet, lines: Sequence[InboxLine]) -> None:
    from starter.sheet_style import offer

    letter = _letter(columns.VERB)
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, line in enumerate(lines, start=2):
        rows.setdefault(line.verbs, []).append(row)
    for verbs, places in rows.items():
        if verbs:
            offer(sheet, " ".join(_areas(letter, places)), verbs, columns.VERB)
    verdicts = _letter(columns.VERDICTS)
    area = f"{verdicts}2:{verdicts}{len(lines) + 1}"
    offer(sheet, area, (SOUND, UNSOUND), columns.VERDICTS, strict=False)


def _areas(letter: str, rows: Sequence[int]) -> list[str]:
    """Rows as areas, those in sequence together: ``H2:H5 H9``."""
    areas: list[list[int]] = []
    for row in rows:
        if areas and areas[-1][1] == row - 1:
            areas[-1][1] = row
        else:
            areas.append([row, row])
    return [f"{letter}{a}:{letter}{b}" if a != b else f"{letter}{a}" for a, b in areas]


def _letter(column: str) -> str:
    from openpyxl.utils import get_column_letter

    letter: Any = get_column_letter(TODO_COLUMNS.index(column) + 1)
    return str(letter)


def title_of(whose: str, today: date) -> str:
    """The line above each printed page."""
    return f"待办表：{whose}（{today}导出）"

"""The sheet of people (人员表): an empty one written, a filled one read as text with its places."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from domain.people import APPOINTED
from domain.people_sheet import (
    COLUMNS,
    MOST_ROWS,
    NEEDED,
    PERSON,
    ROLE,
    SHEET,
    SINCE,
    UNIT,
    UNTIL,
    RawPost,
)
from starter.errors import UserError

if TYPE_CHECKING:
    from domain.refusal import Finding
    from starter.filled_sheet import FilledBook

_NOTES = (
    ("人员表", "一行是一人的一个职务。表里没有写的人和职务保持不变。"),
    (UNIT, "单位全称，须是方案“单位”表里已有的单位。"),
    (PERSON, "姓名；同名即同一人，重名请加以区别，如 张伟（财政）。"),
    (
        ROLE,
        f"{'、'.join(role.value for role in APPOINTED)}。前三种只能是一人，写入新人即接替原任。",
    ),
    (SINCE, "从哪天起任职，如 2026-12-01；不填从导入时起。"),
    (UNTIL, "任职到哪天为止（含当日）；给现任写终止日就是免职。不填为一直任职。"),
    (
        "导入",
        (
            "先 jiegai people import 人员.xlsx --check --as 姓名 查看变动，"
            "再加 --paper 文号、去掉 --check 导入；有一处错误就全部不导入。"
        ),
    ),
)
_FILLED_ROWS = 500
_MAX_CONTENT = 1_000_000


@dataclass(frozen=True, kw_only=True)
class PeopleSheet:
    """The rows as written, a key of their content, and what is wrong with the sheet as such."""

    rows: tuple[RawPost, ...]
    content_key: str
    findings: tuple[Finding, ...]


def read_people(path: Path) -> PeopleSheet:
    """This will read the sheet 人员 (else the first). Raises UserError as starter.filled_sheet."""
    from starter.filled_sheet import FilledBook, text_of

    book = FilledBook(path)
    title = next((t for t in book.titles if t.strip() == SHEET), book.titles[0])
    sheet = book.sheet(title, MOST_ROWS)
    if not sheet.lines:
        raise _no_head(book)
    columns = {text_of(cell): place for place, cell in enumerate(sheet.lines[0].cells)}
    columns.pop("", None)
    if missing := [name for name in NEEDED if name not in columns]:
        raise UserError("HEADER", f"{path} 第一行缺少表头：{'、'.join(missing)}。")
    if unknown := [name for name in columns if name not in COLUMNS]:
        known = "、".join(COLUMNS)
        raise UserError("HEADER", f"{path} 有不认识的列：{'、'.join(unknown)}；可用：{known}。")
    rows = []
    for line in sheet.lines[1:]:
        cells = {name: text_of(line.at(place)) for name, place in columns.items()}
        if any(cells.values()):
            rows.append(
                RawPost(
                    row=line.number,
                    unit=cells[UNIT],
                    person=cells[PERSON],
                    role=cells[ROLE],
                    since=cells.get(SINCE, ""),
                    until=cells.get(UNTIL, ""),
                )
            )
    if not rows:
        raise UserError("EMPTY_SHEET", f"{path} 里没有人员。")
    content = json.dumps([astuple(row) for row in rows], ensure_ascii=False).encode()
    if len(content) > _MAX_CONTENT:
        raise UserError("FILE_TOO_BIG", f"{path} 里的文字过多，不像是人员表。")
    key = hashlib.sha256(content).hexdigest()
    return PeopleSheet(rows=tuple(rows), content_key=key, findings=sheet.findings)


def write_template(path: Path) -> None:
    """This will write an empty sheet with choices. Raises UserError: FILE_EXISTS and others."""
    from starter.sheet_style import (
        Head,
        empty_book,
        lay_out,
        new_path,
        offer,
        put,
        save,
        write_heads,
        write_notes,
    )

    new_path(path, "人员表")
    book = empty_book()
    sheet = book.create_sheet(SHEET)
    hints = dict(_NOTES)
    widths = {UNIT: 26, PERSON: 16, ROLE: 16, SINCE: 14, UNTIL: 14}
    heads = [
        Head(name=name, width=widths[name], is_date=name in (SINCE, UNTIL), hint=hints[name])
        for name in COLUMNS
    ]
    write_heads(sheet, heads)
    for row in range(2, _FILLED_ROWS + 2):
        for column, head in enumerate(heads, start=1):
            put(sheet, row, column, "", head)
    letter = chr(ord("A") + COLUMNS.index(ROLE))
    area = f"{letter}2:{letter}{_FILLED_ROWS + 1}"
    offer(sheet, area, [role.value for role in APPOINTED], ROLE)
    lay_out(sheet, freeze="A2", title="人员表")
    write_notes(book, _NOTES)
    save(book, path)


def _no_head(book: FilledBook) -> UserError:
    return UserError("HEADER", f"{book.path} 第一行缺少表头：{'、'.join(NEEDED)}。")

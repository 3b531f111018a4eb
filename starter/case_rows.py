"""The 案件表 and the 办案表: many openings, or many answers, read as a whole before any is sent.

Every mistake that can be seen in the file is reported at once, with sheet, row and column. A row's
action id, and the number that is made for a case, come from the file's bytes and the row: the same
file executed twice opens and does nothing twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from domain.action import Action, Evidence
from domain.case import CaseKind, Channel, Opening, Share, Source, Urgency
from domain.case_acts import CASE_ACTS, GROUNDS
from domain.case_limits import REPLY_ELEMENTS
from domain.case_opening import GROUND_FACT, ITEM_FACT, OFFICERS_FACT, opening_fault
from domain.case_sheet import (
    CALL,
    CASE_COLUMNS,
    CHANNEL,
    DEPARTMENT,
    EVIDENCE,
    FOUND,
    INCOMING,
    ITEM,
    KIND,
    LETTER,
    LIST,
    NEEDED_COLUMNS,
    NOTE,
    NUMBER,
    OFFICERS,
    PERSON,
    PLACE,
    SHARE,
    SOURCE,
    STAGE,
    STAGES,
    STREET,
    TITLE,
    URGENCY,
    WANTED,
    RawCase,
    read_case,
)
from domain.refusal import Finding
from domain.submission import malformed
from starter.errors import UserError
from starter.filled_sheet import MAX_ROWS, FilledBook, FilledSheet, Line, day_of, text_of

if TYPE_CHECKING:
    from starter.sheet_style import Head

CASES, ACTS = "案件", "办案"
CASE, ACT, UNIT, NOTES, TO, GROUND, MORE, ON = (
    "案件",
    "动作",
    "单位",
    "意见",
    "交给",
    "拒收理由",
    "其他内容",
    "发生日期",
)
ACT_COLUMNS: Final = (
    CASE,
    ACT,
    PERSON,
    UNIT,
    NOTES,
    EVIDENCE,
    TO,
    ITEM,
    OFFICERS,
    GROUND,
    *REPLY_ELEMENTS,
    MORE,
    ON,
)
_HEADER_WITHIN: Final = 10
_LISTED = re.compile(r"[；;\n]+")


@dataclass(frozen=True, kw_only=True)
class OpeningRow:
    """A row that opens a case; ``made`` says that its number was made for it."""

    sheet: str
    row: int
    opening: Opening
    made: bool


@dataclass(frozen=True, kw_only=True)
class ActRow:
    """A row that answers a step of a case: the case as typed, and what is asked."""

    sheet: str
    row: int
    case: str
    what: str
    action: Action


def read_openings(
    path: Path, person: str, kind: CaseKind, now: datetime
) -> tuple[tuple[OpeningRow, ...], tuple[Finding, ...]]:
    """This will read a 案件表; ``kind`` is that of rows which name none.

    Raises UserError for a file that is no spreadsheet, has macros, too many rows or no header.
    """
    sheet, columns, lines, key = _opened(path, CASES, CASE_COLUMNS, NEEDED_COLUMNS)
    rows: list[OpeningRow] = []
    findings = list(sheet.findings)
    for line in lines:
        cells = _Cells(sheet.title, line, columns, path.parent)
        row = _opening(cells, person, kind, key, now)
        findings += cells.findings
        if row is not None and not cells.findings:
            rows.append(row)
    return tuple(rows), (*findings, *_doubled(rows))


def read_acts(path: Path, person: str) -> tuple[tuple[ActRow, ...], tuple[Finding, ...]]:
    """This will read a 办案表. Raises UserError as ``read_openings`` does."""
    sheet, columns, lines, key = _opened(path, ACTS, ACT_COLUMNS, (CASE, ACT))
    rows: list[ActRow] = []
    findings = list(sheet.findings)
    for line in lines:
        cells = _Cells(sheet.title, line, columns, path.parent)
        row = _act(cells, person, key)
        findings += cells.findings
        if not cells.findings:
            rows.append(row)
    return tuple(rows), tuple(findings)


def _opened(
    path: Path, title: str, known: Sequence[str], needed: Sequence[str]
) -> tuple[FilledSheet, dict[str, int], tuple[Line, ...], str]:
    """The sheet of that title (else the first), its columns, its rows, and the file's key."""
    book = FilledBook(path)
    found = next((one for one in book.titles if one.strip() == title), book.titles[0])
    sheet = book.sheet(found)
    header = _header(path, sheet, known, needed)
    columns = {text_of(cell): place for place, cell in enumerate(header.cells) if text_of(cell)}
    lines = tuple(line for line in sheet.lines if line.number > header.number)
    if not lines:
        raise UserError("EMPTY_SHEET", f"{path} 里没有要办理的行。")
    late = tuple(one for one in sheet.findings if one.row >= header.number)
    key = hashlib.sha256(book.content).hexdigest()[:20]
    return replace(sheet, findings=late), columns, lines, key


def _header(path: Path, sheet: FilledSheet, known: Sequence[str], needed: Sequence[str]) -> Line:
    """The row that has most of the known columns; a title may stand above it."""
    first = [line for line in sheet.lines if line.number <= _HEADER_WITHIN]
    best = max(first, key=lambda line: sum(text_of(c) in known for c in line.cells), default=None)
    names = [text_of(cell) for cell in best.cells] if best is not None else []
    wrong = []
    if missing := [name for name in needed if name not in names]:
        wrong.append(f"缺少列“{'”“'.join(missing)}”")
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        wrong.append(f"列“{'”“'.join(twice)}”出现了两次")
    if unknown := [name for name in names if name and name not in known]:
        wrong.append(f"有不认识的列“{'”“'.join(unknown)}”")
    if best is None or wrong:
        said = "，".join(wrong) or "缺少表头"
        raise UserError("HEADER", f"{path} {said}；可用：{'、'.join(known)}。")
    return best


class _Cells:
    """The cells of one row, and what is wrong with them."""

    def __init__(self, sheet: str, line: Line, columns: dict[str, int], folder: Path) -> None:
        self.sheet = sheet
        self.row = line.number
        self.findings: list[Finding] = []
        self._line = line
        self._columns = columns
        self._folder = folder

    def raw(self, column: str) -> Any:
        place = self._columns.get(column)
        return None if place is None else self._line.at(place)

    def text(self, column: str) -> str:
        return text_of(self.raw(column))

    def moment(self, column: str) -> str:
        """A moment as text; what a spreadsheet keeps is rounded to the minute that was typed."""
        cell = self.raw(column)
        if isinstance(cell, datetime) and (cell.hour or cell.minute or cell.second):
            return f"{cell + timedelta(seconds=30):%Y-%m-%d %H:%M}"
        return text_of(cell)

    def day(self, column: str) -> Any:
        day, wrong = day_of(self.raw(column))
        if wrong:
            self.find("DATE_FORM", column, wrong)
        return day

    def listed(self, column: str) -> Iterator[str]:
        yield from (part.strip() for part in _LISTED.split(self.text(column)) if part.strip())

    def evidence(self) -> tuple[Evidence, ...]:
        from starter.evidence import read_evidence

        pieces: list[Evidence] = []
        for text in self.listed(EVIDENCE):
            try:
                pieces.append(read_evidence(text, self._folder))
            except UserError as error:
                self.find(error.code, EVIDENCE, error.sentence)
        return tuple(pieces)

    def find(self, code: str, column: str, sentence: str) -> None:
        self.findings.append(
            Finding(code=code, sentence=sentence, sheet=self.sheet, row=self.row, column=column)
        )


def _opening(
    cells: _Cells, person: str, kind: CaseKind, key: str, now: datetime
) -> OpeningRow | None:
    if not cells.text(FOUND):
        cells.find("CASE_TIME", FOUND, "发现或收到的时间没有写，时限从这时起算。")
    raw = RawCase(
        action_id=f"{key}-{cells.row}",
        kind=cells.text(KIND),
        street=cells.text(STREET),
        department=cells.text(DEPARTMENT),
        item=cells.text(ITEM),
        list_name=cells.text(LIST),
        title=cells.text(TITLE),
        found=cells.moment(FOUND),
        source=cells.text(SOURCE),
        note=cells.text(NOTE),
        place=cells.text(PLACE),
        urgency=cells.text(URGENCY),
        officers=cells.text(OFFICERS),
        call=cells.text(CALL),
        letter=cells.text(LETTER),
        channel=cells.text(CHANNEL),
        share=cells.text(SHARE),
        wanted_by=cells.day(WANTED),
        incoming=cells.text(INCOMING),
        stage=cells.text(STAGE),
        person=cells.text(PERSON) or person.strip(),
        number=cells.text(NUMBER),
        suffix=f"{key[:6].upper()}{cells.row:04d}",
        evidence=cells.evidence(),
    )
    opening, faults = read_case(raw, now, kind)
    for fault in faults:
        cells.find(fault.code, fault.column, fault.sentence)
    if opening is None:
        return None
    if (no := opening_fault(opening, now)) is not None:
        cells.find(no.code, "", no.sentence)
    return OpeningRow(sheet=cells.sheet, row=cells.row, opening=opening, made=not raw.number)


def _doubled(rows: Sequence[OpeningRow]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for one in rows:
        earlier = first.setdefault(one.opening.number, one.row)
        if earlier != one.row:
            yield Finding(
                code="CASE_ID_TWICE",
                sentence=f"案件编号与第{earlier}行相同。",
                sheet=one.sheet,
                row=one.row,
                column=NUMBER,
            )


def _act(cells: _Cells, person: str, key: str) -> ActRow:
    what = cells.text(ACT)
    if what not in CASE_ACTS:
        said = f"没有动作“{what}”" if what else "动作为空"
        cells.find("UNKNOWN_VERB", ACT, f"{said}；可用：{'、'.join(CASE_ACTS)}。")
    if not cells.text(CASE):
        cells.find("ITEM_MISSING", CASE, "没有写明案件。")
    facts = {name: text for name, text in _facts(cells) if text}
    action = Action(
        action_id=f"{key}-{cells.row}",
        verb=CASE_ACTS.get(what, CASE_ACTS["进展"]).verb,
        person=cells.text(PERSON) or person.strip(),
        unit=cells.text(UNIT),
        note=cells.text(NOTES),
        evidence=cells.evidence(),
        to=cells.text(TO),
        happened_on=cells.day(ON),
        facts=facts,
    )
    refused = malformed(action) or malformed(replace(action, replies=facts))
    if refused is not None and not cells.findings:
        cells.find(refused.code, "", refused.sentence)
    return ActRow(sheet=cells.sheet, row=cells.row, case=cells.text(CASE), what=what, action=action)


def _facts(cells: _Cells) -> Iterator[tuple[str, str]]:
    yield ITEM_FACT, cells.text(ITEM)
    yield OFFICERS_FACT, cells.text(OFFICERS)
    ground = cells.text(GROUND)
    if ground and ground not in (*GROUNDS, *GROUNDS.values()):
        cells.find("CASE_WORD", GROUND, f"“{ground}”不对，可写：{'、'.join(GROUNDS)}。")
    yield GROUND_FACT, GROUNDS.get(ground, ground)
    for name in REPLY_ELEMENTS:
        yield name, cells.text(name)
    for text in cells.listed(MORE):
        name, equals, value = (part.strip() for part in text.partition("="))
        if name and equals and value:
            yield name, value
        else:
            cells.find("FACT_FORM", MORE, f"“{text}”应写成 名称=内容，几项之间用分号。")


_CASE_NOTES: Final = {
    KIND: "上报、移送、派单……；空着时按执行的命令",
    STREET: "街道全称",
    DEPARTMENT: "上报送哪个部门（清单写明的可不写）；派单是派出的部门；吹哨可写几个",
    ITEM: "清单事项的序号；不在清单上的写 清单外",
    LIST: "只有一张清单时不写",
    TITLE: "60字以内，不写来电人姓名",
    FOUND: "2026-02-15 23:50，时限从这时起算",
    SOURCE: "空着为巡查发现",
    NOTE: "简要案情",
    URGENCY: "空着为普通",
    EVIDENCE: "名称=文号 或 名称=文件，几件用分号隔开",
    OFFICERS: "几人用顿号隔开",
    CALL: "17:40 王某",
    CHANNEL: "派单必写",
    SHARE: "空着按清单",
    WANTED: "2026-03-01",
    STAGE: "登记、报告、交接（须附交接单）；空着为报告",
    PERSON: "空着按 --as",
    NUMBER: "空着自动编号",
}
_ACT_NOTES: Final = {
    CASE: "案件编号，或能认出来的末尾几位",
    ACT: "从下拉中选",
    PERSON: "空着按 --as",
    UNIT: "在几个单位任职时必填",
    NOTES: "意见或理由；拒收、移交、退回必写",
    EVIDENCE: "名称=文号 或 名称=文件，几件用分号隔开",
    TO: "移交、指定、分流给哪个单位",
    ITEM: "交接时写",
    OFFICERS: "交接时写，几人用顿号隔开",
    GROUND: "街道拒收派单时选",
    MORE: "名称=内容，几项用分号隔开",
    ON: "不是今天的写，记为补录",
}


def write_template(path: Path, *, acts: bool) -> None:
    """This will write an empty 案件表 or 办案表, with choices where there are any.

    Raises UserError: FILE_FORMAT, FILE_EXISTS (nothing is overwritten), FILE_UNWRITABLE.
    """
    from openpyxl.utils import get_column_letter

    from starter import sheet_style

    name = "办案表" if acts else "案件表"
    columns, notes = (ACT_COLUMNS, _ACT_NOTES) if acts else (CASE_COLUMNS, _CASE_NOTES)
    sheet_style.new_path(path, name)
    book = sheet_style.empty_book()
    sheet = book.create_sheet(ACTS if acts else CASES)
    sheet_style.write_heads(sheet, _heads(columns, notes))
    choices = (
        {ACT: tuple(CASE_ACTS), GROUND: tuple(GROUNDS)}
        if acts
        else {
            KIND: tuple(map(str, CaseKind)),
            SOURCE: tuple(map(str, Source)),
            URGENCY: tuple(map(str, Urgency)),
            CHANNEL: tuple(map(str, Channel)),
            SHARE: tuple(map(str, Share)),
            STAGE: STAGES,
        }
    )
    for column, words in choices.items():
        letter = get_column_letter(columns.index(column) + 1)
        sheet_style.offer(sheet, f"{letter}2:{letter}{MAX_ROWS}", words, column)
    sheet_style.lay_out(sheet, freeze="A2", title=name)
    sheet_style.write_notes(book, [(one, notes.get(one, "")) for one in columns])
    sheet_style.save(book, path)


def _heads(columns: Sequence[str], notes: dict[str, str]) -> list[Head]:
    from starter.sheet_style import Head

    wide = {TITLE: 22, NOTE: 34, EVIDENCE: 26, NOTES: 26, FOUND: 18, CASE: 26}
    days = {WANTED, ON}
    return [
        Head(name=one, width=wide.get(one, 14), is_date=one in days, hint=notes.get(one, ""))
        for one in columns
    ]

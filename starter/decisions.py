"""The 办理表 and the 待办表: many actions in one spreadsheet, read as a whole before any is sent.

One row is one action. Every mistake that can be seen in the file is reported at once, with sheet,
row and column, and then nothing is sent. In a 办理表 an action's id comes from the file's bytes and
the row, so that the same file executed twice is one execution; the column 动作编号 overrides it. In
a 待办表, which ``jiegai inbox --xlsx`` writes, it comes from the row's 编号 and what was filled in:
the same sheet is one execution however it was saved, and a corrected row is an action of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from domain.action import Action, Evidence
from domain.procedure import REVIEW_VERDICTS, SOUND, UNSOUND, Verb
from domain.refusal import Finding
from domain.submission import malformed
from starter.errors import UserError
from starter.filled_sheet import MAX_ROWS, FilledBook, FilledSheet, Line, day_of, text_of

if TYPE_CHECKING:
    from starter.sheet_style import Head

SHEET: Final = "办理"
TODO: Final = "待办"
HEADER_WITHIN: Final = 10
"""The header is looked for in so many first rows: a title may stand above it."""

ITEM, VERB, PERSON, UNIT, NOTE = "事项", "动作", "办理人", "单位", "意见"
EVIDENCE, VERDICTS, TO, NEW_DUE = "证据", "研判", "退至/转至", "新时限"
REOPEN, REPLIES, ACTION_ID = "重新征求意见", "采纳情况", "动作编号"
DAY: Final = "发生日期"
COLUMNS: Final = (
    ITEM,
    VERB,
    PERSON,
    UNIT,
    NOTE,
    EVIDENCE,
    VERDICTS,
    TO,
    NEW_DUE,
    REOPEN,
    REPLIES,
    DAY,
    ACTION_ID,
)
_NEEDED = (ITEM, VERB)

LIGHT, TASK, DUE, PAPERS, VERBS, NUMBER = "灯", "任务", "时限", "还需材料", "可办动作", "编号"
TODO_COLUMNS: Final = (
    LIGHT,
    ITEM,
    UNIT,
    TASK,
    DUE,
    PAPERS,
    VERBS,
    VERB,
    PERSON,
    NOTE,
    EVIDENCE,
    VERDICTS,
    TO,
    NEW_DUE,
    REPLIES,
    DAY,
    NUMBER,
)
"""The columns of a 待办表; none may be missing when it comes back."""

_FILLED_IN = (NOTE, VERDICTS, TO, NEW_DUE, REPLIES, DAY)
"""Columns that nobody fills in before; a row with one of them was meant to be done."""

_LISTED = re.compile(r"[；;\n]+")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One row: where it stands, the item as typed, and the action it asks for."""

    sheet: str
    row: int
    item: str
    action: Action


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """A whole sheet as read; with any finding nothing of it may be sent.

    ``forgotten`` are the rows of a 待办表 that were filled in but name no 动作.
    """

    rows: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    forgotten: tuple[int, ...] = ()


def read_decisions(path: Path, person: str = "") -> Decisions:
    """This will read the sheet 办理 or 待办 (else the first); ``person`` fills an empty 办理人.

    Raises UserError for a file that is no spreadsheet, has macros, too many rows or no header.
    """
    book = FilledBook(path)
    titles = book.titles
    title = next((t for t in titles for name in (SHEET, TODO) if t.strip() == name), titles[0])
    sheet = book.sheet(title)
    header, columns = _header(path, sheet)
    is_todo = sheet.title == TODO or NUMBER in columns
    _check_header(path, sheet, header, columns, is_todo=is_todo)
    found = [one for one in sheet.findings if one.row >= header.number]
    key = hashlib.sha256(book.content).hexdigest()[:20]
    decisions: list[Decision] = []
    forgotten: list[int] = []
    for line in sheet.lines:
        if line.number <= header.number:
            continue
        given = {name: line.at(place) for name, place in columns.items()}
        if is_todo and not text_of(given[VERB]):
            if any(text_of(given[name]) for name in _FILLED_IN):
                forgotten.append(line.number)
            continue
        reader = _RowReader(given, sheet.title, line.number, path.parent)
        decision = reader.todo(person) if is_todo else reader.listed(person, key)
        found.extend(reader.findings)
        if not reader.findings:
            decisions.append(decision)
    if not decisions and not found:
        what = "填了动作" if is_todo else "要办理"
        raise UserError("EMPTY_SHEET", f"{path} 里没有{what}的行。")
    return Decisions(
        rows=tuple(decisions),
        findings=(*found, *_doubled(decisions, is_todo=is_todo)),
        forgotten=tuple(forgotten),
    )


class _RowReader:
    """Reads the cells of one row and remembers what is wrong with them."""

    def __init__(self, cells: dict[str, Any], sheet: str, row: int, folder: Path) -> None:
        self.findings: list[Finding] = []
        self._cells = cells
        self._sheet = sheet
        self._row = row
        self._folder = folder

    def listed(self, person: str, key: str) -> Decision:
        """This will read a row of a 办理表; look at ``findings`` before using the result."""
        return self._decision(person, self._text(ACTION_ID) or f"{key}-{self._row}")

    def todo(self, person: str) -> Decision:
        """This will read a row of a 待办表: its id is its 编号 and what was filled in."""
        number = self._text(NUMBER)
        if not number:
            self._find("NUMBER_MISSING", NUMBER, "编号为空：这一行不是导出的，请用办理表办理。")
        decision = self._decision(person, number or "1", is_todo=True)
        content = asdict(replace(decision.action, action_id=""))
        packed = json.dumps([decision.item, content], ensure_ascii=False, default=str)
        digest = hashlib.sha256(packed.encode()).hexdigest()[:20]
        return replace(
            decision, action=replace(decision.action, action_id=f"{number[:60]}-{digest}")
        )

    def _decision(self, person: str, action_id: str, *, is_todo: bool = False) -> Decision:
        item = self._item()
        action = Action(
            action_id=action_id,
            verb=self._verb(),
            person=self._person(person),
            unit=self._text(UNIT),
            note=self._text(NOTE),
            evidence=self._evidence(skip_blank=is_todo),
            verdicts=self._verdicts(),
            to=self._text(TO),
            new_due=self._day(NEW_DUE),
            reopen=tuple(self._list(REOPEN)),
            replies=self._pairs(REPLIES, "REPLY_FORM"),
            happened_on=self._day(DAY),
        )
        refused = malformed(action)
        if refused is not None and not self.findings:
            self._find(refused.code, "", refused.sentence)
        return Decision(sheet=self._sheet, row=self._row, item=item, action=action)

    def _text(self, column: str) -> str:
        return text_of(self._cells.get(column))

    def _find(self, code: str, column: str, sentence: str) -> None:
        self.findings.append(
            Finding(code=code, sentence=sentence, sheet=self._sheet, row=self._row, column=column)
        )

    def _item(self) -> str:
        text = self._text(ITEM)
        if not text:
            self._find("ITEM_MISSING", ITEM, "事项为空。")
        elif text.startswith(("/", "#")) or text.partition("#")[0].endswith("/"):
            self._find("ITEM_FORM", ITEM, f"事项“{text}”应写成 单位/事项#环节。")
        return text

    def _verb(self) -> Verb:
        text = self._text(VERB)
        try:
            return Verb(text)
        except ValueError:
            known = "、".join(verb.value for verb in Verb)
            what = f"没有动作“{text}”" if text else "动作为空"
            self._find("UNKNOWN_VERB", VERB, f"{what}；可用：{known}。")
            return Verb.ADD_NOTE

    def _person(self, default: str) -> str:
        person = self._text(PERSON) or default.strip()
        if not person:
            self._find("PERSON_MISSING", PERSON, "办理人为空（也可用 --as 统一写明）。")
        return person

    def _list(self, column: str) -> list[str]:
        parts = _LISTED.split(self._text(column))
        return [part.strip() for part in parts if part.strip()]

    def _evidence(self, *, skip_blank: bool) -> tuple[Evidence, ...]:
        """``skip_blank``: a 待办表 names the documents that are needed; not all may be there yet."""
        from starter.evidence import read_evidence

        pieces: list[Evidence] = []
        for text in self._list(EVIDENCE):
            if skip_blank and text.endswith("="):
                continue
            try:
                pieces.append(read_evidence(text, self._folder))
            except UserError as error:
                self._find(error.code, EVIDENCE, error.sentence)
        return tuple(pieces)

    def _verdicts(self) -> dict[str, str]:
        if self._text(VERDICTS) in {SOUND, f"均{SOUND}"}:
            return dict.fromkeys(REVIEW_VERDICTS, SOUND)
        if self._text(VERDICTS) in {UNSOUND, f"均{UNSOUND}"}:
            return dict.fromkeys(REVIEW_VERDICTS, UNSOUND)
        verdicts = self._pairs(VERDICTS, "VERDICT_FORM")
        for name, value in verdicts.items():
            if name not in REVIEW_VERDICTS or value not in {SOUND, UNSOUND}:
                known = "、".join(REVIEW_VERDICTS)
                self._find(
                    "VERDICT_FORM", VERDICTS, f"“{name}={value}”不对：{known}，各为无误或有误。"
                )
        return verdicts

    def _pairs(self, column: str, code: str) -> dict[str, str]:
        pairs: dict[str, str] = {}
        for text in self._list(column):
            name, equals, value = (part.strip() for part in text.partition("="))
            if not (name and equals and value):
                self._find(code, column, f"“{text}”应写成 名称=内容，几项之间用分号。")
            elif name in pairs:
                self._find(code, column, f"“{name}”写了两次。")
            else:
                pairs[name] = value
        return pairs

    def _day(self, column: str) -> date | None:
        day, wrong = day_of(self._cells.get(column))
        if wrong:
            self._find("DATE_FORM", column, wrong)
        return day


def _doubled(decisions: list[Decision], *, is_todo: bool) -> list[Finding]:
    """The same action id twice would make the second row disappear as a repetition."""
    first: dict[str, int] = {}
    findings: list[Finding] = []
    what = "编号和内容都" if is_todo else "动作编号"
    for decision in decisions:
        earlier = first.setdefault(decision.action.action_id, decision.row)
        if earlier != decision.row:
            findings.append(
                Finding(
                    code="ACTION_ID_TWICE",
                    sentence=f"{what}与第{earlier}行相同。",
                    sheet=decision.sheet,
                    row=decision.row,
                    column=NUMBER if is_todo else ACTION_ID,
                )
            )
    return findings


def _header(path: Path, sheet: FilledSheet) -> tuple[Line, dict[str, int]]:
    """The row that has most of the known columns, and the place of each column in it."""
    known = {*COLUMNS, *TODO_COLUMNS}
    first = [line for line in sheet.lines if line.number <= HEADER_WITHIN]
    best = max(
        first,
        key=lambda line: sum(text_of(cell) in known for cell in line.cells),
        default=None,
    )
    if best is None:
        raise UserError("HEADER", f"{path} 第一行缺少表头：{'、'.join(_NEEDED)}。")
    names = [text_of(cell) for cell in best.cells]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UserError("HEADER", f"{path} 的列“{'”“'.join(twice)}”出现了两次，请只留一列。")
    return best, {name: place for place, name in enumerate(names) if name}


def _check_header(
    path: Path, sheet: FilledSheet, header: Line, columns: dict[str, int], *, is_todo: bool
) -> None:
    known = TODO_COLUMNS if is_todo else COLUMNS
    missing = [name for name in (TODO_COLUMNS if is_todo else _NEEDED) if name not in columns]
    unknown = [name for name in columns if name not in known]
    named = set(columns.values())
    below = (line for line in sheet.lines if line.number > header.number)
    headless = {
        place
        for line in below
        for place, cell in enumerate(line.cells)
        if place not in named and text_of(cell)
    }
    wrong = []
    if missing:
        wrong.append(f"缺少列“{'”“'.join(missing)}”")
    if unknown:
        wrong.append(f"有不认识的列“{'”“'.join(unknown)}”")
    if headless:
        wrong.append(
            f"第{'、'.join(str(place + 1) for place in sorted(headless)[:5])}列没有表头却有内容"
        )
    if wrong:
        advice = "请改回原来的列名，或重新导出" if is_todo else f"可用：{'、'.join(COLUMNS)}"
        raise UserError("HEADER", f"{path} {'，'.join(wrong)}；{advice}。")


_WIDTHS: Final = (34, 10, 14, 18, 30, 34, 34, 16, 12, 18, 24, 12, 16)
_EXAMPLES: Final = (
    "填法",
    "从下拉中选",
    "姓名",
    "在几个单位任职时必填",
    "意见或理由",
    "名称=文号 或 名称=文件，几件用分号隔开",
    "无误（三项均无误），或 政策性=无误；合法性=有误；合规性=无误",
    "退回的环节、转办的人、改派的单位",
    "2019-12-20",
    "单位，几个用分号隔开",
    "单位=采纳情况，几个用分号隔开",
    "实际发生的日期，当日办理可不填",
    "可不填",
)


def write_template(path: Path) -> None:
    """This will write an empty 办理表; the verbs can be chosen from a list.

    Raises UserError: FILE_EXISTS (nothing is overwritten), FILE_UNWRITABLE.
    """
    from openpyxl.utils import get_column_letter

    from starter import sheet_style

    sheet_style.new_path(path, "办理表")
    book = sheet_style.empty_book()
    sheet = book.create_sheet(SHEET)
    sheet_style.write_heads(sheet, _heads())
    letter = get_column_letter(COLUMNS.index(VERB) + 1)
    sheet_style.offer(sheet, f"{letter}2:{letter}{MAX_ROWS}", [v.value for v in Verb], VERB)
    sheet_style.lay_out(sheet, freeze="A2", title="办理表")
    sheet_style.write_notes(book, list(zip(COLUMNS, _EXAMPLES, strict=True)))
    sheet_style.save(book, path)


def _heads() -> list[Head]:
    from starter.sheet_style import Head

    return [
        Head(name=name, width=width, is_date=name in {NEW_DUE, DAY})
        for name, width in zip(COLUMNS, _WIDTHS, strict=True)
    ]

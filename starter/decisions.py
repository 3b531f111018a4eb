"""The 办理表: many actions in one spreadsheet, read as a whole before any is sent.

One row is one action. Every mistake that can be seen in the file is reported at once, with sheet,
row and column, and then nothing is sent. An action's id comes from the file's bytes and the row,
so that the same file executed twice is one execution; the column 动作编号 overrides it.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from domain.action import Action, Evidence
from domain.procedure import REVIEW_VERDICTS, SOUND, UNSOUND, Verb
from domain.refusal import Finding
from domain.submission import malformed
from runtime.failure import why
from starter.errors import UserError
from starter.parameters import YEARS, read_day

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SHEET: Final = "办理"
MAX_ROWS: Final = 20_000
MAX_BYTES: Final = 20 << 20

ITEM, VERB, PERSON, UNIT, NOTE = "事项", "动作", "办理人", "单位", "意见"
EVIDENCE, VERDICTS, TO, NEW_DUE = "证据", "研判", "退至/转至", "新时限"
REOPEN, REPLIES, ACTION_ID = "重新征求意见", "采纳情况", "动作编号"
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
    ACTION_ID,
)
_NEEDED = (ITEM, VERB)
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
    """A whole sheet as read; with any finding nothing of it may be sent."""

    rows: tuple[Decision, ...]
    findings: tuple[Finding, ...]


def read_decisions(path: Path, person: str = "") -> Decisions:
    """This will read the first sheet named 办理 (else the first); ``person`` fills an empty 办理人.

    Raises UserError for a file that is no spreadsheet or has no header row.
    """
    content = _content(path)
    sheet = _open(path, content)
    rows = sheet.iter_rows(values_only=True)
    header = [_text(cell) for cell in next(rows, ())]
    columns = {name: place for place, name in enumerate(header) if name}
    _check_header(path, columns)
    key = hashlib.sha256(content).hexdigest()[:20]
    decisions: list[Decision] = []
    findings: list[Finding] = []
    for number, cells in enumerate(rows, start=2):
        given = {name: cells[place] for name, place in columns.items() if place < len(cells)}
        if not any(_text(cell) for cell in given.values()):
            continue
        if len(decisions) + len(findings) >= MAX_ROWS:
            raise UserError("TOO_MANY_ROWS", f"{path} 超过{MAX_ROWS}行，请分成几张表。")
        reader = _RowReader(given, str(sheet.title), number, path.parent)
        decision = reader.decision(person, f"{key}-{number}")
        findings.extend(reader.findings)
        if not reader.findings:
            decisions.append(decision)
    if not decisions and not findings:
        raise UserError("EMPTY_SHEET", f"{path} 里没有要办理的行。")
    return Decisions(rows=tuple(decisions), findings=tuple(findings + _doubled(decisions)))


class _RowReader:
    """Reads the cells of one row and remembers what is wrong with them."""

    def __init__(self, cells: dict[str, Any], sheet: str, row: int, folder: Path) -> None:
        self.findings: list[Finding] = []
        self._cells = cells
        self._sheet = sheet
        self._row = row
        self._folder = folder

    def decision(self, person: str, action_id: str) -> Decision:
        """This will read the whole row; look at ``findings`` before using the result."""
        item = self._item()
        action = Action(
            action_id=self._text(ACTION_ID) or action_id,
            verb=self._verb(),
            person=self._person(person),
            unit=self._text(UNIT),
            note=self._text(NOTE),
            evidence=self._evidence(),
            verdicts=self._verdicts(),
            to=self._text(TO),
            new_due=self._day(NEW_DUE),
            reopen=tuple(self._list(REOPEN)),
            replies=self._pairs(REPLIES, "REPLY_FORM"),
        )
        refused = malformed(action)
        if refused is not None and not self.findings:
            self._find(refused.code, "", refused.sentence)
        return Decision(sheet=self._sheet, row=self._row, item=item, action=action)

    def _text(self, column: str) -> str:
        return _text(self._cells.get(column))

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

    def _evidence(self) -> tuple[Evidence, ...]:
        from starter.evidence import read_evidence

        pieces: list[Evidence] = []
        for text in self._list(EVIDENCE):
            try:
                pieces.append(read_evidence(text, self._folder))
            except UserError as error:
                self._find(error.code, EVIDENCE, error.sentence)
        return tuple(pieces)

    def _verdicts(self) -> dict[str, str]:
        if self._text(VERDICTS) in {SOUND, f"均{SOUND}"}:
            return dict.fromkeys(REVIEW_VERDICTS, SOUND)
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
        cell = self._cells.get(column)
        if isinstance(cell, datetime):
            return cell.date()
        if isinstance(cell, date):
            return cell
        text = _text(cell)
        day = read_day(text)
        if day is not None and day.year not in YEARS:
            self._find("DATE_FORM", column, f"{day}不在{YEARS[0]}至{YEARS[-1]}年之间。")
        elif text and day is None:
            self._find("DATE_FORM", column, f"“{text}”不是日期，请写成 2019-12-20。")
        return day


def _doubled(decisions: list[Decision]) -> list[Finding]:
    """The same 动作编号 twice would make the second row disappear as a repetition."""
    first: dict[str, int] = {}
    findings: list[Finding] = []
    for decision in decisions:
        earlier = first.setdefault(decision.action.action_id, decision.row)
        if earlier != decision.row:
            findings.append(
                Finding(
                    code="ACTION_ID_TWICE",
                    sentence=f"动作编号与第{earlier}行相同。",
                    sheet=decision.sheet,
                    row=decision.row,
                    column=ACTION_ID,
                )
            )
    return findings


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise UserError("FILE_MISSING", f"没有文件 {path}。")
    if path.stat().st_size > MAX_BYTES:
        raise UserError("FILE_TOO_BIG", f"{path} 超过{MAX_BYTES >> 20}MB，请分成几张表。")
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError("FILE_UNREADABLE", f"{path} 不能读取：{why(error)}。") from error


def _open(path: Path, content: bytes) -> Any:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise UserError(
            "FILE_FORMAT", f"{path} 不是 xlsx 表格；空白表可用 jiegai act --template 写出。"
        ) from error
    return book[SHEET] if SHEET in book.sheetnames else book.worksheets[0]


def _check_header(path: Path, columns: dict[str, int]) -> None:
    missing = [name for name in _NEEDED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing:
        raise UserError("HEADER", f"{path} 第一行缺少表头：{'、'.join(missing)}。")
    if unknown:
        raise UserError(
            "HEADER", f"{path} 有不认识的列：{'、'.join(unknown)}；可用：{'、'.join(COLUMNS)}。"
        )


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\r\n", "\n").replace("_x000D_", "").strip()


_WIDTHS: Final = (34, 10, 14, 18, 30, 34, 34, 16, 12, 18, 24, 16)
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
    "可不填",
)


def write_template(path: Path) -> None:
    """This will write an empty 办理表; the verbs can be chosen from a list.

    Raises UserError: FILE_EXISTS (nothing is overwritten), FILE_UNWRITABLE.
    """
    from openpyxl import Workbook

    if path.suffix.lower() != ".xlsx":
        raise UserError("FILE_FORMAT", f"办理表的文件名应以 .xlsx 结尾，现为 {path}。")
    if path.exists():
        raise UserError("FILE_EXISTS", f"{path} 已经存在，不覆盖；请换一个文件名。")
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(SHEET)
    sheet.append(COLUMNS)
    _dress(sheet)
    notes = book.create_sheet("说明")
    for column, example in zip(COLUMNS, _EXAMPLES, strict=True):
        notes.append((column, example))
    notes.column_dimensions["A"].width = 18
    notes.column_dimensions["B"].width = 60
    try:
        book.save(path)
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"不能写 {path}：{why(error)}。") from error


def _dress(sheet: Worksheet) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    verbs = ",".join(verb.value for verb in Verb)
    choice = DataValidation(type="list", formula1=f'"{verbs}"', allow_blank=True)
    choice.error, choice.errorTitle = "请从下拉中选择动作。", "动作"
    column = get_column_letter(COLUMNS.index(VERB) + 1)
    choice.add(f"{column}2:{column}{MAX_ROWS}")
    sheet.add_data_validation(choice)
    for place, width in enumerate(_WIDTHS, start=1):
        sheet.cell(row=1, column=place).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"

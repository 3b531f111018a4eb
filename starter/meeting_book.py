"""A 纪要 as a workbook: three sheets to fill in, and what they say once they come back.

会议 is a form, one line for each thing; 议定事项 and 参会 are lists. Every mistake is found at once,
with sheet, row and column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from domain.action import Evidence
from domain.meeting import (
    DECISIONS,
    HEAD_SHEET,
    ITEMS_SHEET,
    MINUTES,
    MOST_PEOPLE,
    PEOPLE_SHEET,
    Attendee,
    Category,
    Meeting,
    MeetingKind,
    Presence,
    Resolution,
    decision_of,
    faults,
)
from domain.procedure import Verb
from domain.refusal import Finding
from starter.errors import UserError
from starter.filled_sheet import FilledBook, FilledSheet, Line, day_of, text_of

if TYPE_CHECKING:
    from openpyxl import Workbook

    from contracts.desk import InboxLine

ROLLOUT, KIND, ORGAN, DOC_NO = "改革", "类型", "决定机构", "纪要文号"
HELD_ON, CHAIR, AGENDA, FILE = "会议日期", "主持人", "议题", "纪要文件"
LABELS: Final = (ROLLOUT, KIND, ORGAN, DOC_NO, HELD_ON, CHAIR, AGENDA, FILE)
ITEM, TASK, DECISION, NOTE = "事项", "任务", "决定", "意见"
PERSON, UNIT, CATEGORY, PRESENCE, REASON = "姓名", "单位", "职务类别", "到会", "请假事由"
_ITEM_COLUMNS = (ITEM, TASK, DECISION, NOTE)
_PEOPLE_COLUMNS = (PERSON, UNIT, CATEGORY, PRESENCE, REASON)
_OPTIONAL = frozenset({TASK})
_HINTS = {
    ROLLOUT: "哪一次改革，例如 乌海2019；只有一次改革时可不填",
    KIND: "从下拉中选",
    ORGAN: "通讯录里的名称，例如 海勃湾区委编委；没有议定事项的会议写召集单位，或不填",
    DOC_NO: "必填；一份纪要一个文号，登记后不能改",
    HELD_ON: "必填，会议召开之日，例如 2019-12-10",
    CHAIR: "姓名",
    AGENDA: "几项用分号隔开",
    FILE: "文件名（与本表放在一起），登记时入库；不入库的写 线下:文件名。有议定事项时必填",
}
_NOTES = (
    ("会议", "逐项填写“内容”一列。"),
    ("议定事项", "一行一项；没有选“决定”的行视为本次未议。缓议、不通过须写明意见。"),
    ("参会", "一行一人；不写到会的算出席，请假须写事由。"),
    ("登记", "保存后执行：jiegai meeting record 本表 --as 姓名；登记一次、逐项落实，可重复执行。"),
)
_Word = TypeVar("_Word", MeetingKind, Category, Presence)


@dataclass(frozen=True, kw_only=True)
class MeetingRead:
    """A workbook as read; with any finding nothing of it may be recorded.

    ``minutes`` is the minutes' file as evidence, None where none was named.
    """

    meeting: Meeting
    findings: tuple[Finding, ...]
    minutes: Evidence | None = None
    skipped: int = 0


@dataclass
class _Found:
    """Findings, with the sheet that they are in."""

    sheet: str
    findings: list[Finding] = field(default_factory=list)

    def find(self, code: str, sentence: str, row: int = 0, column: str = "") -> None:
        """This will note one mistake."""
        self.findings.append(
            Finding(code=code, sentence=sentence, sheet=self.sheet, row=row, column=column)
        )


def write_template(
    path: Path, *, organ: str, rollout: str, lines: Sequence[InboxLine], title: str
) -> None:
    """This will write an empty 纪要 workbook, the organ's open items already listed.

    Raises UserError: FILE_FORMAT, FILE_EXISTS (nothing is overwritten), FILE_UNWRITABLE.
    """
    from starter import sheet_style

    sheet_style.new_path(path, "会议表")
    book = sheet_style.empty_book()
    rollouts = {line.rollout for line in lines}
    known = {
        ROLLOUT: rollout or (rollouts.pop() if len(rollouts) == 1 else ""),
        ORGAN: organ,
        KIND: _kind_of(organ),
    }
    _write_form(book, known, title)
    items = [
        {ITEM: line.item, TASK: f"{line.subject_unit}：{line.task}（时限{line.due_date}）"}
        for line in lines
    ]
    widths = {ITEM: 46, TASK: 44, DECISION: 22, NOTE: 40}
    _write_list(book, ITEMS_SHEET, widths, items, {DECISION: tuple(DECISIONS)})
    widths = {PERSON: 14, UNIT: 30, CATEGORY: 22, PRESENCE: 10, REASON: 40}
    choices = {CATEGORY: tuple(Category), PRESENCE: tuple(Presence)}
    _write_list(book, PEOPLE_SHEET, widths, [], choices)
    sheet_style.write_notes(book, _NOTES)
    sheet_style.save(book, path)


def _kind_of(organ: str) -> str:
    if "常委会" in organ:
        return MeetingKind.STANDING
    return MeetingKind.ESTABLISHMENT if "编委" in organ else ""


def _write_form(book: Workbook, known: dict[str, str], title: str) -> None:
    from starter.sheet_style import Head, fit_height, lay_out, offer, protect, put, write_heads

    sheet = book.create_sheet(HEAD_SHEET)
    label = Head(name="项目", width=14, fill_in=False)
    content = Head(name="内容", width=50)
    hint = Head(name="说明", width=60, fill_in=False)
    write_heads(sheet, (label, content, hint))
    for row, name in enumerate(LABELS, start=2):
        put(sheet, row, 1, name, label)
        put(sheet, row, 2, known.get(name, ""), replace(content, is_date=name == HELD_ON))
        put(sheet, row, 3, _HINTS[name], hint)
        fit_height(sheet, row, [(_HINTS[name], hint.width), ("\n", 1)])
        if name == KIND:
            offer(sheet, f"B{row}", tuple(MeetingKind), KIND)
    lay_out(sheet, freeze="A2", title=title)
    protect(sheet)


def _write_list(
    book: Workbook,
    name: str,
    widths: dict[str, int],
    rows: Sequence[dict[str, str]],
    choices: Mapping[str, Sequence[str]],
) -> None:
    from openpyxl.utils import get_column_letter

    from starter.sheet_style import Head, fit_height, lay_out, offer, put, write_heads

    sheet = book.create_sheet(name)
    heads = [Head(name=n, width=w, fill_in=n != TASK) for n, w in widths.items()]
    write_heads(sheet, heads)
    for row in range(2, max(len(rows), _BLANK_ROWS) + 2):
        given = rows[row - 2] if row - 2 < len(rows) else {}
        for place, head in enumerate(heads, start=1):
            put(sheet, row, place, given.get(head.name, ""), head)
        fit_height(sheet, row, [(given.get(head.name, ""), head.width) for head in heads])
    for place, head in enumerate(heads, start=1):
        if head.name in choices:
            letter = get_column_letter(place)
            offer(sheet, f"{letter}2:{letter}{MOST_PEOPLE}", choices[head.name], head.name)
    lay_out(sheet, freeze="B2", title=name)


_BLANK_ROWS = 20
"""Rows with lines drawn in an empty list; more can be filled in."""


def read_meeting(path: Path, today: date, rollout: str = "") -> MeetingRead:
    """This will read the whole workbook; ``rollout`` stands for an empty 改革.

    Raises UserError for what is no workbook, has macros, too many rows, or lacks a sheet or column.
    """
    book = FilledBook(path)
    sheets = {title.strip(): title for title in book.titles}
    missing = [name for name in (HEAD_SHEET, ITEMS_SHEET, PEOPLE_SHEET) if name not in sheets]
    if missing:
        raise UserError(
            "SHEET_MISSING",
            f"{path} 缺少工作表“{'”“'.join(missing)}”；空白表可用 jiegai meeting template 写出。",
        )
    form, items, people = (
        book.sheet(sheets[name]) for name in (HEAD_SHEET, ITEMS_SHEET, PEOPLE_SHEET)
    )
    read, found = _read_form(form, path, today, rollout)
    resolutions, skipped = _read_items(items, path, found)
    meeting = replace(
        read.meeting, resolutions=resolutions, attendees=_read_people(people, path, found)
    )
    seen = {(one.sheet, one.row, one.column) for one in found}
    ruled = [
        _in_form(one, form)
        for one in faults(meeting, today)
        if (one.sheet, one.row, one.column) not in seen
    ]
    ruled = [one for one in ruled if (one.sheet, one.row, one.column) not in seen]
    findings = (*form.findings, *items.findings, *people.findings, *found, *ruled)
    return replace(read, meeting=meeting, findings=findings, skipped=skipped)


def _in_form(finding: Finding, form: FilledSheet) -> Finding:
    if finding.sheet != HEAD_SHEET:
        return finding
    rows = {text_of(line.at(0)): line.number for line in form.lines}
    return replace(finding, row=rows.get(finding.column, 0))


def _read_form(
    form: FilledSheet, path: Path, today: date, rollout: str
) -> tuple[MeetingRead, list[Finding]]:
    found = _Found(HEAD_SHEET)
    lines: dict[str, Line] = {}
    for line in form.lines:
        name = text_of(line.at(0))
        if name in lines:
            found.find("LABEL_TWICE", f"“{name}”写了两次。", line.number, name)
        elif name in LABELS:
            lines[name] = line
        elif name != "项目" and text_of(line.at(1)):
            found.find("LABEL_UNKNOWN", f"没有“{name}”这一项。", line.number, name)
    missing = [name for name in LABELS if name not in lines and name != ROLLOUT]
    if missing:
        raise UserError(
            "HEADER", f"{path} 的“会议”表缺少“{'”“'.join(missing)}”，请改回原来的名称。"
        )

    def given(name: str) -> str:
        return text_of(lines[name].at(1)) if name in lines else ""

    kind = _word(MeetingKind, given(KIND), KIND, lines[KIND].number, found)
    if not given(DOC_NO):
        found.find("DOC_NO_MISSING", "纪要文号不能空。", lines[DOC_NO].number, DOC_NO)
    held_on, wrong = day_of(lines[HELD_ON].at(1))
    if held_on is None:
        found.find("DATE_FORM", wrong or "会议日期不能空。", lines[HELD_ON].number, HELD_ON)
    minutes = _minutes(given(DOC_NO), lines[FILE], path.parent, found)
    meeting = Meeting(
        rollout=given(ROLLOUT) or rollout,
        doc_no=given(DOC_NO),
        kind=kind or MeetingKind.JOINT,
        held_on=held_on or today,
        organ=given(ORGAN),
        chair=given(CHAIR),
        agenda=given(AGENDA),
        filename=minutes.filename if minutes else "",
        sha256=minutes.sha256 if minutes else "",
        size=minutes.size if minutes else 0,
    )
    if rollout and given(ROLLOUT) and given(ROLLOUT) != rollout:
        sentence = f"表中的改革是“{given(ROLLOUT)}”，命令里写的是“{rollout}”。"
        found.find("OTHER_ROLLOUT", sentence, lines[ROLLOUT].number, ROLLOUT)
    read = MeetingRead(meeting=meeting, findings=(), minutes=minutes)
    return read, found.findings


def _minutes(doc_no: str, line: Line, folder: Path, found: _Found) -> Evidence | None:
    """The minutes' file: stored, or 线下 where the cell says so; None where none was named."""
    from starter.evidence import read_evidence

    written = text_of(line.at(1))
    if not written:
        return None
    plain = written.removeprefix("线下").lstrip(":： ")
    offline = "线下:" if plain != written else ""
    number = f"{doc_no}@" if doc_no else ""
    try:
        read = read_evidence(f"{MINUTES}={offline}{number}{plain}", folder)
    except UserError as error:
        found.find(error.code, error.sentence, line.number, FILE)
        return None
    if not read.sha256:
        sentence = f"没有文件 {plain}，请与本表放在一起。"
        found.find("EVIDENCE_MISSING", sentence, line.number, FILE)
        return None
    return read


def _read_items(
    sheet: FilledSheet, path: Path, found: list[Finding]
) -> tuple[tuple[Resolution, ...], int]:
    wrong, read, skipped = _Found(ITEMS_SHEET), [], 0
    for number, cells in _records(sheet, _ITEM_COLUMNS, path):
        item, note = text_of(cells[ITEM]), text_of(cells[NOTE])
        written = text_of(cells[DECISION])
        if not written:
            if note:
                wrong.find("DECISION_MISSING", "写了意见，没有写决定。", number, DECISION)
            skipped += bool(item)
            continue
        if not item:
            wrong.find("ITEM_MISSING", "事项为空。", number, ITEM)
        elif "#" not in item.strip("#") or item.startswith("/"):
            wrong.find(
                "ITEM_FORM",
                f"事项“{item}”应写成 单位/事项#环节，例如 滨河街道/三定#审议。",
                number,
                ITEM,
            )
        verb = decision_of(written)
        if verb is None:
            known = "、".join(DECISIONS)
            wrong.find(
                "UNKNOWN_DECISION", f"没有决定“{written}”；可写：{known}。", number, DECISION
            )
        read.append(Resolution(item=item, verb=verb or Verb.APPROVE, note=note, row=number))
    found += wrong.findings
    return tuple(read), skipped


def _read_people(sheet: FilledSheet, path: Path, found: list[Finding]) -> tuple[Attendee, ...]:
    wrong, read = _Found(PEOPLE_SHEET), []
    for number, cells in _records(sheet, _PEOPLE_COLUMNS, path):
        person = text_of(cells[PERSON])
        if not person:
            wrong.find("PERSON_MISSING", "姓名为空。", number, PERSON)
        category = text_of(cells[CATEGORY]) or Category.OTHER
        presence = text_of(cells[PRESENCE]) or Presence.PRESENT
        read.append(
            Attendee(
                person=person or f"第{number}行",
                unit=text_of(cells[UNIT]),
                category=_word(Category, category, CATEGORY, number, wrong) or Category.OTHER,
                presence=_word(Presence, presence, PRESENCE, number, wrong) or Presence.ABSENT,
                reason=text_of(cells[REASON]),
                row=number,
            )
        )
    found += wrong.findings
    return tuple(read)


def _records(
    sheet: FilledSheet, columns: Sequence[str], path: Path
) -> list[tuple[int, dict[str, Any]]]:
    """The rows below the header, by column. Raises UserError: HEADER."""
    if not sheet.lines:
        raise UserError("HEADER", f"{path} 的“{sheet.title}”表没有表头：{'、'.join(columns)}。")
    header = sheet.lines[0]
    names = [text_of(cell) for cell in header.cells]
    missing = [name for name in columns if name not in names and name not in _OPTIONAL]
    unknown = [name for name in names if name and name not in columns]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    wrong = [
        f"{what}“{'”“'.join(which)}”"
        for what, which in (("缺少列", missing), ("有不认识的列", unknown), ("重复了列", twice))
        if which
    ]
    if wrong:
        raise UserError(
            "HEADER", f"{path} 的“{sheet.title}”表{'，'.join(wrong)}；请改回原来的列名。"
        )
    places = {name: names.index(name) for name in columns if name in names}
    return [
        (line.number, {name: line.at(places[name]) for name in places} | _absent(places, columns))
        for line in sheet.lines[1:]
    ]


def _absent(places: dict[str, int], columns: Sequence[str]) -> dict[str, Any]:
    return dict.fromkeys((name for name in columns if name not in places), None)


def _word(words: type[_Word], text: str, column: str, row: int, found: _Found) -> _Word | None:
    plain = "".join(text.split())
    try:
        return words(plain)
    except ValueError:
        known = "、".join(words)
        what = f"没有“{text}”这一种" if text else f"{column}不能空"
        found.find("UNKNOWN_WORD", f"{what}；可写：{known}。", row, column)
        return None

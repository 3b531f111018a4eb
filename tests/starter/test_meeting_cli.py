"""A 纪要 as a workbook: written, filled in, read as a whole, refused with every mistake at once."""

from __future__ import annotations

import io
from datetime import date

import pytest
from openpyxl import load_workbook

from domain.action import Keeping
from domain.meeting import Category, MeetingKind, Presence
from domain.procedure import Verb
from starter.errors import UserError
from starter.main import run
from starter.meeting_book import read_meeting, write_template
from tests.starter.test_sheets import _line

TODAY = date(2019, 12, 20)
ORGAN = "海勃湾区委编委"
HEAD = {
    "纪要文号": "乌编纪〔2019〕1号",
    "会议日期": date(2019, 12, 10),
    "主持人": "书记",
    "纪要文件": "纪要.txt",
}


@pytest.fixture
def book(tmp_path):
    """A workbook for a 编委会 with two items, and a function that fills it in."""
    path = tmp_path / "会议.xlsx"
    lines = [_line(step, verbs=("通过", "原则通过", "缓议", "不通过")) for step in ("审议", "复议")]
    write_template(path, organ=ORGAN, rollout="", lines=lines, title="会议表")
    (tmp_path / "纪要.txt").write_text("一致同意", "utf-8")

    def fill(head=HEAD, items=("通过",), people=(), change=None):
        made = load_workbook(io.BytesIO(path.read_bytes()))
        for row in made["会议"].iter_rows(min_row=2, max_col=2):
            if row[0].value in head:
                row[1].value = head[row[0].value]
        for number, decision in enumerate(items, start=2):
            decided, note = decision if isinstance(decision, tuple) else (decision, None)
            made["议定事项"].cell(number, 3).value = decided
            made["议定事项"].cell(number, 4).value = note
        for number, person in enumerate(people, start=2):
            for place, text in enumerate(person, start=1):
                made["参会"].cell(number, place).value = text
        if change:
            change(made)
        made.save(path)
        return path

    return fill


def test_a_workbook_becomes_a_meeting(book):
    """What was prefilled, what was filled in; items without a decision were not heard."""
    people = (
        ("张", "滨河街道", "街道主要负责同志", None, None),
        ("李", "", "区级领导", "请假", "出差"),
    )
    read = read_meeting(book(items=(("原则通过·修改后印发", "精简"),), people=people), TODAY)

    assert read.findings == ()
    held = read.meeting
    assert (held.rollout, held.organ, held.kind) == ("乌海2019", ORGAN, MeetingKind.ESTABLISHMENT)
    assert (held.doc_no, held.held_on) == ("乌编纪〔2019〕1号", date(2019, 12, 10))
    (one,) = held.resolutions
    assert (one.verb, one.note, one.row) == (Verb.APPROVE_IN_PRINCIPLE, "精简", 2)
    assert one.item == "乌海2019/海勃湾区/滨河街道/三定#审议"
    assert read.skipped == 1
    assert [(a.category, a.presence) for a in held.attendees] == [
        (Category.STREET_HEAD, Presence.PRESENT),
        (Category.LEADER, Presence.EXCUSED),
    ]
    assert read.minutes is not None
    assert (read.minutes.doc_no, read.minutes.kept) == (held.doc_no, Keeping.STORED)
    assert read.minutes.sha256 == held.sha256


def test_minutes_may_stay_with_the_unit(book):
    """线下: only the fingerprint is kept."""
    read = read_meeting(book({**HEAD, "纪要文件": "线下：纪要.txt"}), TODAY)
    assert read.findings == ()
    assert read.minutes is not None and read.minutes.kept is Keeping.OFFLINE


def test_every_mistake_of_a_workbook_is_found_at_once(book):
    """In all three sheets, with sheet, row and column."""
    head = {
        "类型": "碰头会",
        "纪要文号": None,
        "会议日期": "2019-02-30",
        "纪要文件": "没有.docx",
    }

    def change(made):
        made["议定事项"]["A4"] = "滨河街道/三定"
        made["议定事项"]["A5"] = made["议定事项"]["A2"].value

    people = (
        ("张", "", "处长", "来了", None),
        ("李", "", None, "请假", None),
        (None, "某单位", None, None, None),
    )
    items = ("同意", ("不通过", None), "通过", "缓议")

    found = read_meeting(book(head, items, people, change), TODAY).findings

    assert {(one.place, one.code) for one in found} == {
        ("会议!第3行·类型", "UNKNOWN_WORD"),
        ("会议!第5行·纪要文号", "DOC_NO_MISSING"),
        ("会议!第6行·会议日期", "DATE_FORM"),
        ("会议!第9行·纪要文件", "EVIDENCE_MISSING"),
        ("议定事项!第2行·决定", "UNKNOWN_DECISION"),
        ("议定事项!第3行·意见", "REASON_MISSING"),
        ("议定事项!第4行·事项", "ITEM_FORM"),
        ("议定事项!第5行·事项", "ITEM_TWICE"),
        ("议定事项!第5行·意见", "REASON_MISSING"),
        ("参会!第2行·职务类别", "UNKNOWN_WORD"),
        ("参会!第2行·到会", "UNKNOWN_WORD"),
        ("参会!第3行·请假事由", "LEAVE_REASON_MISSING"),
        ("参会!第4行·姓名", "PERSON_MISSING"),
    }


def test_a_meeting_to_come_and_items_without_minutes_are_refused(book):
    """Rules about the record as a whole are placed at the form's own row."""
    head = {**HEAD, "会议日期": "2019-12-21", "纪要文件": None, "决定机构": None}
    found = read_meeting(book(head), TODAY).findings
    assert [(one.row, one.code) for one in found] == [
        (6, "DAY_IN_FUTURE"),
        (4, "ORGAN_MISSING"),
        (9, "MINUTES_MISSING"),
    ]


def _renamed(made):
    made["议定事项"]["C1"] = "结论"


def _without_sheet(made):
    del made["参会"]


def _without_label(made):
    made["会议"].delete_rows(5)


@pytest.mark.parametrize(
    "change, code, says",
    [
        (_renamed, "HEADER", "缺少列“决定”，有不认识的列“结论”"),
        (_without_sheet, "SHEET_MISSING", "缺少工作表“参会”"),
        (_without_label, "HEADER", "缺少“纪要文号”"),
    ],
)
def test_what_was_deleted_or_renamed_is_named(book, change, code, says):
    """One sentence, before any row is judged."""
    with pytest.raises(UserError) as raised:
        read_meeting(book(change=change), TODAY)
    assert raised.value.code == code
    assert says in raised.value.sentence


def test_a_rollout_said_twice_must_be_the_same(book):
    """The workbook and the command may not disagree."""
    path = book()
    assert read_meeting(path, TODAY, "乌海2019").findings == ()
    (one,) = read_meeting(path, TODAY, "武昌").findings
    assert (one.code, one.row) == ("OTHER_ROLLOUT", 2)


def test_a_workbook_with_mistakes_is_printed_and_nothing_is_asked(book, capsys):
    """No service is needed to be told; exit 2."""
    path = book({"纪要文号": None})
    assert run(["meeting", "record", str(path), "--as", "甲"]) == 2
    printed = capsys.readouterr()
    assert "会议!第5行·纪要文号 [DOC_NO_MISSING]" in printed.out
    assert printed.err.startswith("错误[MEETING_INVALID] ")
    assert run(["meeting", "template", str(path)]) == 2
    assert capsys.readouterr().err.startswith("错误[FILE_EXISTS] ")


@pytest.mark.parametrize(
    "argv",
    [
        ["meeting", "list"],
        ["meeting", "show", "1号"],
        ["meeting", "template", "{}", "--organ", "甲"],
    ],
)
def test_without_a_service_every_command_says_so(argv, capsys, monkeypatch, tmp_path):
    """One sentence, exit 4."""
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(tmp_path))
    assert run([one.format(tmp_path / "新.xlsx") for one in argv]) == 4
    assert capsys.readouterr().err.startswith("错误[SERVICE_UNREACHABLE] ")
    assert not (tmp_path / "新.xlsx").exists()

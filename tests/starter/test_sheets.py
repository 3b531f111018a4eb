"""The 待办表: written, filled in, saved by whatever program, and taken back exactly once."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import time
import zipfile
from datetime import UTC, date, datetime

import pytest
from openpyxl import Workbook, load_workbook

from contracts.desk import InboxLine
from contracts.precheck import RowForeseen
from contracts.procedure import ActionReply
from domain.action import Action
from domain.procedure import Verb
from starter.decisions import COLUMNS, TODO, TODO_COLUMNS, read_decisions
from starter.errors import UserError
from starter.filled_sheet import day_of
from starter.foresight import _asked, settled
from starter.inbox_xlsx import write_inbox
from starter.main import run

ITEM = "乌海2019/海勃湾区/滨河街道/三定#"


def _line(step="初审", **changes) -> InboxLine:
    fields = {
        "item": f"{ITEM}{step}",
        "rollout": "乌海2019",
        "unit": "海勃湾区委编办",
        "subject_unit": "滨河街道",
        "task": "制定三定",
        "step": step,
        "purpose": "办理",
        "light": "黄",
        "due_at": datetime(2019, 12, 20, 16, tzinfo=UTC),
        "due_date": date(2019, 12, 20),
        "original_due_date": date(2019, 12, 16),
        "provisional": False,
        "overdue_days": 0,
        "verbs": ("通过", "退回", "签收"),
    }
    return InboxLine(**{**fields, **changes})


LINES = (
    _line(),
    _line("起草", verbs=("提交", "签收"), documents=("草案", "模板"), unit="滨河街道"),
    _line("复审"),
)


@pytest.fixture
def todo(tmp_path):
    """Three items written as a 待办表."""
    path = tmp_path / "待办.xlsx"
    write_inbox(path, LINES, person="", title="待办 & 表")
    return path


def _loaded(path):
    """From bytes: openpyxl leaves files open."""
    return load_workbook(io.BytesIO(path.read_bytes()))


def _fill(path, cells: dict[tuple[int, str], object], to=None):
    book = _loaded(path)
    sheet = book[TODO]
    for (row, column), value in cells.items():
        sheet.cell(row, TODO_COLUMNS.index(column) + 1).value = value
    target = to or path
    book.save(target)
    return target


GOOD = {
    (2, "动作"): "通过",
    (2, "办理人"): "甲",
    (2, "研判"): "无误",
    (2, "发生日期"): date(2019, 12, 18),
    (3, "动作"): "提交",
    (3, "办理人"): "乙",
    (3, "意见"): "初稿\n请审",
    (3, "证据"): "草案=1号；模板=",
}


def _ids(path) -> list[str]:
    read = read_decisions(path)
    assert read.findings == ()
    return [row.action.action_id for row in read.rows]


def _refusal(path) -> UserError:
    with pytest.raises(UserError) as raised:
        read_decisions(path)
    return raised.value


def test_a_sheet_offers_choices_and_locks_what_is_not_to_be_filled_in(todo):
    """Each item's own verbs, grey columns locked, the page set for paper."""
    sheet = _loaded(todo)[TODO]

    assert tuple(cell.value for cell in sheet[1]) == TODO_COLUMNS
    offered = {one.formula1: str(one.sqref) for one in sheet.data_validations.dataValidation}
    assert offered['"通过,退回,签收"'].split() == ["H2", "H4"]
    assert offered['"提交,签收"'] == "H3"
    assert sheet["E2"].value == "2019-12-20\n（原2019-12-16）"
    assert sheet["K3"].value == "草案=；模板="
    assert (sheet["B2"].protection.locked, sheet["H2"].protection.locked) == (True, False)
    assert sheet.protection.sheet and not sheet.protection.password
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)
    assert (sheet.freeze_panes, sheet.print_title_rows) == ("C2", "$1:$1")
    assert "Q" not in sheet.print_area, "the 编号 is not for paper"


def test_a_filled_in_sheet_comes_back_as_actions(todo):
    """Rows without 动作 are left out, prefilled documents may stay empty, days are days."""
    read = read_decisions(_fill(todo, {**GOOD, (4, "意见"): "忘了"}), person="丙")

    assert read.findings == ()
    assert (read.forgotten, [row.row for row in read.rows]) == ((4,), [2, 3])
    first, second = (row.action for row in read.rows)
    assert (first.verb, first.person, first.unit) == (Verb.APPROVE, "甲", "海勃湾区委编办")
    assert (set(first.verdicts.values()), first.happened_on) == ({"无误"}, date(2019, 12, 18))
    assert [(piece.name, piece.doc_no) for piece in second.evidence] == [("草案", "1号")]
    assert second.note == "初稿\n请审"


def test_the_same_sheet_is_the_same_actions_and_a_corrected_row_is_another(todo, tmp_path):
    """However often it is saved; another export of the same items is another sheet."""
    once = _ids(_fill(todo, GOOD))
    again = _ids(_fill(todo, {}, tmp_path / "另存.xlsx"))
    corrected = _ids(_fill(todo, {(3, "意见"): "改过"}, tmp_path / "改.xlsx"))
    write_inbox(tmp_path / "再导.xlsx", LINES, person="", title="")
    exported = _ids(_fill(tmp_path / "再导.xlsx", GOOD))

    assert once == again
    assert (corrected[0], corrected[1] != once[1]) == (once[0], True)
    assert not {*once} & {*exported}


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_a_sheet_saved_by_libreoffice_is_the_same_sheet(todo, tmp_path):
    """Another program writes other bytes, styles and strings; the actions stay what they were."""
    _fill(todo, GOOD)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir"]
    subprocess.run([*command, tmp_path / "lo", todo], check=True, capture_output=True, timeout=120)
    saved = tmp_path / "lo" / todo.name
    assert saved.read_bytes() != todo.read_bytes()
    assert _ids(saved) == _ids(todo)


def test_every_wrong_cell_is_found_at_once(todo):
    """Merged cells, formulas never calculated, numbers for dates, days that never were."""
    _fill(todo, {**GOOD, (2, "发生日期"): "2019-02-30", (3, "新时限"): "20191220"})
    _fill(todo, {(4, "动作"): "通过", (4, "意见"): "=A1", (4, "编号"): None})
    book = _loaded(todo)
    book[TODO].merge_cells("L2:L3")
    book.save(todo)

    found = read_decisions(todo).findings

    assert [(one.row, one.column, one.code) for one in found] == [
        (2, "", "MERGED_CELLS"),
        (4, "", "FORMULA_WITHOUT_VALUE"),
        (2, "发生日期", "DATE_FORM"),
        (3, "新时限", "DATE_FORM"),
        (4, "编号", "NUMBER_MISSING"),
        (4, "办理人", "PERSON_MISSING"),
    ]
    assert "2019年2月有28天" in next(one.sentence for one in found if one.row == 2 and one.column)
    assert "若指2019-12-20" in next(one.sentence for one in found if one.column == "新时限")


@pytest.mark.parametrize(
    "cell, day, says",
    [
        (datetime(2019, 12, 20, 8), date(2019, 12, 20), ""),  # noqa: DTZ001 - cells carry no zone
        ("2019年12月20日", date(2019, 12, 20), ""),
        ("2019/2/29", None, "2019年2月有28天"),
        ("2020-13-01", None, "月份是1至12"),
        (43819, None, "若指2019-12-20"),
        ("43819", None, "若指2019-12-20"),
        (20190230, None, "请写成 2019-12-20"),
        (1.5, None, "是数字"),
        ("明天", None, "不是日期"),
        ("1900-02-29", None, "1900年2月有28天"),
        ("0019-12-20", None, "不在1949至2200年之间"),
        (None, None, ""),
    ],
)
def test_a_date_is_a_day_or_a_sentence(cell, day, says):
    """A number is never guessed at; the date that it may mean is offered."""
    read, sentence = day_of(cell)
    assert read == day
    assert says in sentence and bool(says) == bool(sentence)


def test_a_deleted_or_renamed_column_is_named(todo, tmp_path):
    """What is missing and what is not known, both; and cells without a head."""
    book = _loaded(todo)
    book[TODO]["H1"] = "动作1"
    book[TODO].delete_cols(10)
    book.save(tmp_path / "改.xlsx")
    error = _refusal(tmp_path / "改.xlsx")
    assert error.code == "HEADER"
    assert "缺少列“动作”“意见”" in error.sentence and "不认识的列“动作1”" in error.sentence

    _fill(todo, GOOD)
    book = _loaded(todo)
    book[TODO]["J1"] = None
    book.save(todo)
    assert "第10列没有表头却有内容" in _refusal(todo).sentence


def test_a_column_twice_is_refused(todo):
    """Nobody could say which of them counts."""
    book = _loaded(todo)
    book[TODO]["R1"] = "动作"
    book.save(todo)
    assert "“动作”出现了两次" in _refusal(todo).sentence


def test_macros_are_refused_whatever_the_name(todo, tmp_path):
    """By the name, and by what is inside."""
    shutil.copy(todo, tmp_path / "表.xlsm")
    with zipfile.ZipFile(todo, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert [_refusal(tmp_path / "表.xlsm").code, _refusal(todo).code] == ["MACROS", "MACROS"]


def _rewritten(path, target, old: bytes, new: bytes):
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as made:
        for entry in source.infolist():
            content = source.read(entry.filename)
            if entry.filename == "xl/worksheets/sheet1.xml":
                content, count = re.subn(old, new, content)
                assert count
            made.writestr(entry, content)
    return target


def test_fifty_thousand_rows_are_one_sentence_and_no_wait(tmp_path):
    """A sheet that calls itself one cell is counted all the same."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("办理")
    sheet.append(COLUMNS)
    for number in range(50_000):
        sheet.append((f"{ITEM}{number}", "提交", "甲"))
    book.save(tmp_path / "大.xlsx")
    began = time.monotonic()
    assert _refusal(tmp_path / "大.xlsx").code == "TOO_MANY_ROWS"
    assert time.monotonic() - began < 20, "counted, not loaded"


def test_a_sheet_that_lies_about_its_size_is_read_whole(todo, tmp_path):
    """Its dimension is a remark of the program that wrote it."""
    _fill(todo, GOOD)
    lying = _rewritten(
        todo, tmp_path / "谎.xlsx", rb'<dimension ref="[^"]*"', b'<dimension ref="A1:A1"'
    )
    assert _ids(lying) == _ids(todo)


def test_a_title_above_the_header_does_no_harm(todo):
    """People put one there, over merged cells."""
    expected = len(_ids(_fill(todo, GOOD)))
    book = _loaded(todo)
    sheet = book[TODO]
    sheet.insert_rows(1)
    sheet["A1"] = "海勃湾区委编办待办"
    sheet.merge_cells("A1:H1")
    book.save(todo)
    assert len(_ids(todo)) == expected


def test_what_was_not_filled_in_is_no_sheet_to_act_on(todo):
    """Nothing chosen, nothing to do."""
    assert "没有填了动作的行" in _refusal(todo).sentence
    assert run(["act", "--file", str(todo)]) == 2


def test_rows_after_an_answer_of_the_same_procedure_are_not_judged_by_what_is_open_now():
    """A sheet may walk a procedure through several steps."""

    def action(step, verb):
        return Action(action_id=step, verb=verb, person="甲", step=step)

    rows = [
        ("a", action("起草", Verb.ADD_NOTE)),
        ("a", action("起草", Verb.SUBMIT)),
        ("a", action("初审", Verb.APPROVE)),
        ("b", action("起草", Verb.SUBMIT)),
    ]
    assert [row.follows for row in _asked(rows)] == [False, False, True, False]


def test_what_was_done_before_counts_though_the_procedure_has_ended():
    """The log's word is taken for what is confirmed; a service that is away decides nothing."""
    closed = UserError("CLOSED", "已经结束", 3)
    away = UserError("SERVICE_UNREACHABLE", "没有答复", 4)
    forgotten = ActionReply(accepted=False, sentence="已经办结", code="STEP_CLOSED")
    known = RowForeseen(done=True, confirmed=True)

    for answer in (closed, forgotten):
        taken = settled(answer, known)
        assert isinstance(taken, ActionReply) and taken.accepted
        assert settled(answer, RowForeseen(done=True)) is answer
    assert settled(away, known) is away
    first = ActionReply(accepted=True, sentence="起草提交。")
    assert settled(first, RowForeseen()) == first
    assert settled(first, RowForeseen(done=True)).repeated


def test_an_inbox_is_not_written_over_a_file(tmp_path, capsys):
    """Nothing is overwritten, and no service is asked for it."""
    (tmp_path / "有.xlsx").touch()
    assert run(["inbox", "--xlsx", str(tmp_path / "有.xlsx")]) == 2
    assert run(["inbox", "--xlsx", str(tmp_path / "表.xls")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("]")[0] for line in lines] == ["错误[FILE_EXISTS", "错误[FILE_FORMAT"]

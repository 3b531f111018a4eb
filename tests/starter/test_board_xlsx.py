"""The plan given back with its states: its own layout, readable again, lights as words."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from contracts.desk import BoardLine, BoardPage
from domain.plan import Plan
from domain.plan_columns import PROGRESS_SHEET, SHEETS, STATE_COLUMNS
from domain.unit import UnitKind
from starter.board import closed
from starter.board_xlsx import Standing, book_with_states, progress, states
from starter.main import run
from starter.plan_file import read_plan

NOON = datetime(2019, 12, 18, 4, tzinfo=UTC)


def line(**changes) -> BoardLine:
    """滨河街道's 三定, green at 初审."""
    first = BoardLine(
        workflow_id="乌海2019/海勃湾区/滨河街道/三定",
        district="海勃湾区",
        unit="滨河街道",
        row_id="M3-1",
        item="三定",
        task="三定",
        status="办理中",
        light="绿",
        open_steps=("初审",),
        responsible=("海勃湾区委编办",),
        due_date=date(2019, 12, 31),
        days_left=2,
        next_due_at=datetime(2019, 12, 20, 16, tzinfo=UTC),
        provisional=False,
        steps_done=1,
        steps_total=9,
    )
    return replace(first, **changes)


WAITING = {
    "status": "未开始",
    "light": "",
    "open_steps": (),
    "responsible": (),
    "next_due_at": None,
}
LATE = {"light": "红", "days_left": -3, "next_due_at": NOON - timedelta(days=3)}
DONE = {"status": "办结", "light": "", "open_steps": (), "ended_at": NOON, "next_due_at": None}


@pytest.fixture(scope="module")
def wuhai() -> Plan:
    """乌海's plan as it ships."""
    plan = read_plan("plans/乌海2019.yaml").plan
    assert plan is not None
    return plan


def page(plan: Plan, *lines: BoardLine) -> BoardPage:
    """A board of a plan; a row's unit that is not among ``lines`` waits."""
    given = {(one.row_id, one.unit): one for one in lines}
    every = (
        given.get((row.id, unit))
        or line(unit=unit, row_id=row.id, item=row.item, due_date=row.due, **WAITING)
        for row in plan.rows
        for unit in row.targets
    )
    return BoardPage(rollout=plan.rollout, title=plan.title, as_of=NOON, lines=tuple(every))


def saved(plan: Plan, board: BoardPage, tmp_path: Path) -> Path:
    """The workbook on disk."""
    file = tmp_path / "进度.xlsx"
    first = {row.id: row.due for row in plan.rows}
    book_with_states(Standing(plan=plan, page=board, first=first)).save(file)
    return file


def test_it_is_still_the_plan(wuhai, tmp_path):
    """Same sheets and columns in the same order; reading it as a plan gives the same plan."""
    file = saved(wuhai, page(wuhai, line()), tmp_path)

    result = read_plan(file)
    again, book = load_workbook("plans/乌海2019.xlsx"), load_workbook(file)

    assert wuhai == result.plan
    assert "UNKNOWN_SHEET" not in {finding.code for finding in result.findings}
    assert [*again.sheetnames, PROGRESS_SHEET] == book.sheetnames
    for sheet in SHEETS:
        heads = [[cell.value for cell in made[sheet.name][1]] for made in (again, book)]
        assert heads[1] == [*heads[0], *(STATE_COLUMNS if sheet.name == "任务" else ())]


def test_dead_channels_and_the_moment_stand_on_the_progress_sheet(wuhai, tmp_path):
    """Below the rows and outside the filter; the end of a day is its 24:00; still the same plan."""
    day_end = datetime(2019, 12, 15, 15, 59, 59, 999999, tzinfo=UTC)
    file = saved(wuhai, replace(page(wuhai), dead_channels=2, as_of=day_end), tmp_path)
    sheet = load_workbook(file)[PROGRESS_SHEET]

    assert sheet.cell(row=sheet.max_row, column=1).value.startswith("2 个提醒通道失效，")
    assert sheet.auto_filter.ref.endswith(str(sheet.max_row - 2))
    assert "截至 2019-12-15 24:00" in sheet.oddHeader.center.text
    assert wuhai == read_plan(file).plan


def test_a_row_sums_its_procedures_up(wuhai, tmp_path):
    """The worst light first, counts, the nearest due day, and on whose desk the late ones lie."""
    lines = (
        line(),
        line(unit="海北街道", **LATE),
        line(unit="林荫街道", light="黄", responsible=("林荫街道",)),
        line(unit="新华街道", **DONE),
        line(unit="千里山镇", status="终止", light=""),
    )
    sheet = load_workbook(saved(wuhai, page(wuhai, *lines), tmp_path))["任务"]
    heads = [cell.value for cell in sheet[1]]
    row = next(cells for cells in sheet.iter_rows(min_row=2) if cells[0].value == "M3-1")
    found = {head: cell for head, cell in zip(heads, row, strict=True) if head in STATE_COLUMNS}

    assert [found[name].value for name in STATE_COLUMNS] == [
        "红 办理中 1/20",
        *(1, 1, 1, 15, 1, 1),
        datetime(2019, 12, 15),  # noqa: DTZ001 - so openpyxl gives a day
        "海北街道（海勃湾区委编办）",
    ]
    fills = {name: found[name].fill.fgColor.rgb for name in ("红", "黄", "绿", "办结")}
    assert 4 == len(set(fills.values()))
    assert fills["红"] == found["状态"].fill.fgColor.rgb


@pytest.mark.parametrize(
    "lines, said",
    [
        ((line(**WAITING), line(**WAITING)), "未开始"),
        ((line(**DONE),), "办结"),
        ((line(**DONE), line(**WAITING)), "部分未开始 1/2"),
        ((line(**DONE), line(status="终止", light="")), "已了结 1/2"),
        ((line(light="黄"), line(**DONE)), "黄 办理中 1/2"),
        ((line(status="未办", light=""),), "未办"),
        ((), ""),
    ],
)
def test_the_state_of_a_row_is_said_in_a_few_words(lines, said):
    """Alike for all, or the worst light with how many are done."""
    assert said == states(lines)[0][0]


def test_many_late_units_are_named_and_counted():
    """Ten names, then how many; a unit late at its own desk stands alone."""
    lines = [line(unit=f"{n}街道", responsible=(f"{n}街道",), **LATE) for n in range(12)]

    said = str(states(lines)[-1][0])

    assert said.startswith("0街道、1街道")
    assert said.endswith("9街道等12件")


def test_a_procedure_shows_where_it_stands_and_the_date_that_was_first():
    """原时限 is shown beside another one only; counters that are nought stay empty."""
    first = {"M3-1": date(2019, 12, 20)}
    moved = progress(line(returned=2, extended=1, overdue=3, silent=1), first)
    plain = progress(line(), {"M3-1": date(2019, 12, 31)})

    assert moved[8:13] == (date(2019, 12, 20), 2, date(2019, 12, 31), date(2019, 12, 20), "1/9")
    assert moved[13:] == (2, 1, 3, 1, None)
    assert plain[11:] == (None, "1/9", None, None, None, None, None)
    assert progress(line(**DONE), first)[-1] == date(2019, 12, 18)
    assert progress(line(**DONE), first)[8] is None


def test_what_a_rollout_left_undone_is_called_so(wuhai, tmp_path):
    """After the end 未开始 is 未办, in the row's words and line by line."""
    board = closed(replace(page(wuhai), ending="已结束"))
    book = load_workbook(saved(wuhai, board, tmp_path))

    heads = [cell.value for cell in book["任务"][1]]
    assert {row[heads.index("状态")].value for row in book["任务"].iter_rows(min_row=2)} == {"未办"}
    assert {row[4].value for row in book[PROGRESS_SHEET].iter_rows(min_row=2)} == {"未办"}


def test_names_never_become_formulas(wuhai, tmp_path):
    """A name that begins with = stays a name."""
    named = replace(wuhai, rows=(replace(wuhai.rows[0], item="=1+1"), *wuhai.rows[1:]))
    row = named.rows[0]
    late = line(row_id="M1", item="=1+1", unit=row.targets[0], open_steps=("=2",), **LATE)
    book = load_workbook(saved(named, page(named, late), tmp_path))

    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [] == [cell.coordinate for cell in cells if cell.data_type == "f"]


def test_two_hundred_streets_are_written_within_seconds(wuhai, tmp_path):
    """More than two thousand procedures."""
    street = next(unit for unit in wuhai.units if unit.kind is UnitKind.STREET)
    more = tuple(replace(street, name=f"第{n}街道") for n in range(200))
    names = tuple(unit.name for unit in more)
    rows = tuple(replace(row, targets=names) if len(row.targets) > 9 else row for row in wuhai.rows)
    large = replace(wuhai, units=(*wuhai.units, *more), rows=rows)
    board = page(large)
    began = time.process_time()

    saved(large, board, tmp_path)

    assert len(board.lines) > 1_200
    assert 10 > time.process_time() - began


@pytest.mark.parametrize(
    "name, code",
    [("已有.xlsx", "FILE_EXISTS"), ("总表.csv", "FILE_FORMAT"), ("总表", "FILE_FORMAT")],
)
def test_a_name_that_cannot_be_written_is_refused_before_anything_is_asked(
    name, code, tmp_path, capsys
):
    """No service runs here; the file that is there stays as it is."""
    (tmp_path / "已有.xlsx").write_text("旧", encoding="utf-8")

    assert run(["board", "乌海2019", "--xlsx", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.startswith(f"错误[{code}] ")
    assert (tmp_path / "已有.xlsx").read_text(encoding="utf-8") == "旧"

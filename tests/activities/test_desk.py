"""Inbox, board, log and finding, as the CLI reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import TypeAdapter
from temporalio.exceptions import ApplicationError

from activities.board import TOTAL, WAITING
from activities.desk import PublicationActivities
from contracts.calendar import BelowQuestion
from contracts.desk import (
    BoardPage,
    BoardQuestion,
    CalendarYearQuestion,
    FindQuestion,
    InboxPage,
    InboxQuestion,
    LogQuestion,
    RolloutQuestion,
)
from contracts.journal import BoardRow, DeskItem, EntryKind, LogEntry, Notice, Page

STREET, OFFICE = "滨河街道", "海勃湾区委编办"
OPENED = datetime(2019, 11, 20, 2, tzinfo=UTC)
DUE = datetime(2019, 11, 22, 16, tzinfo=UTC)


def workflow_of(rollout, unit: str = STREET) -> str:
    """The id of a street's 三定."""
    return f"{rollout.key.rollout}/海勃湾区/{unit}/三定"


def item(step: str = "初审", **changes) -> DeskItem:
    """An item at the 区委编办, due at the end of 2019-11-22, yellow one day before."""
    made = DeskItem(
        unit=OFFICE,
        step=step,
        purpose="办理",
        opened_at=OPENED,
        due_at=DUE,
        due_date=date(2019, 11, 22),
        original_due_date=date(2019, 11, 22),
        provisional=False,
        rule="计划倒排。",
        yellow_at=DUE - timedelta(days=1),
        verbs=("通过", "退回"),
    )
    return replace(made, **changes)


def page_of(rollout, unit: str = STREET, **changes) -> Page:
    """The first page of a street's 三定, waiting for 初审."""
    row = next(r for r in rollout.plan.rows if r.item == "三定" and unit in r.targets)
    board = BoardRow(
        status="办理中",
        open_steps=("初审",),
        responsible=(OFFICE,),
        next_due_at=DUE,
        row_due_date=row.due,
        light="绿",
        started_at=OPENED,
        calendar_version=1,
        steps_total=7,
    )
    entry = LogEntry(seq=1, at=OPENED, kind=EntryKind.OPENED, sentence="“初审”交办。", step="初审")
    page = Page(
        workflow_id=workflow_of(rollout, unit),
        run_id="r1",
        seq=1,
        rollout=rollout.key.rollout,
        district="海勃湾区",
        unit=unit,
        row_id=row.id,
        item=row.item,
        task=row.task,
        procedure="SandingDrafting",
        board=board,
        entries=(entry,),
        items=(item(),),
    )
    return replace(page, **changes)


def reminder(seq: int) -> LogEntry:
    """A reminder of 初审, a minute per number after it was opened."""
    at = OPENED + timedelta(minutes=seq)
    return LogEntry(seq=seq, at=at, kind=EntryKind.REMINDED, sentence="提醒", step="初审")


def inbox_of(rollout, **changes) -> InboxQuestion:
    """A question about this test's rollout, asked when 初审 was opened."""
    return replace(InboxQuestion(now=OPENED, rollout=rollout.key.rollout), **changes)


@pytest.mark.parametrize(
    "now, light, days",
    [
        (OPENED, "绿", 0),
        (DUE - timedelta(hours=3), "黄", 0),
        (DUE, "红", 1),
        (DUE + timedelta(days=3), "红", 4),
    ],
)
async def test_a_light_is_that_of_the_moment_of_asking(rollout, run, now, light, days) -> None:
    """Green, yellow from the first reminder, red from the due instant; days by date."""
    await run(rollout.journal.write, page_of(rollout))
    shown = await run(rollout.desk.inbox, inbox_of(rollout, now=now))
    assert [(light, days)] == [(one.light, one.overdue_days) for one in shown.lines]
    assert (1, int(light == "红")) == (shown.total, shown.overdue)


async def test_an_inbox_shows_what_a_person_may_do(rollout, run) -> None:
    """A handler and the coordinator of a unit see its items, others do not; 转办 is named."""
    given = f"{OFFICE}经办乙"
    await run(rollout.journal.write, page_of(rollout, items=(item(waiting_for=given),)))
    seen = {}
    for person in (f"{OFFICE}经办甲", given, "海勃湾区协调员", f"{STREET}经办甲"):
        shown = await run(rollout.desk.inbox, inbox_of(rollout, person=person))
        seen[person] = [one.waiting_for for one in shown.lines]
    assert [[given], [given], [given], []] == list(seen.values())


async def test_an_inbox_says_which_name_nobody_has(rollout, run) -> None:
    """A misspelt unit must not look like a unit with nothing to do."""
    known = await run(rollout.desk.inbox, inbox_of(rollout, unit=STREET))
    assert ((), ()) == (known.lines, known.unknown)

    asked = inbox_of(rollout, unit="滨和街道", person=f"{STREET}经办甲")
    assert ("滨和街道",) == (await run(rollout.desk.inbox, asked)).unknown
    asked = InboxQuestion(now=OPENED, rollout="没有这次", person="没有这人")
    assert ("没有这次", "没有这人") == (await run(rollout.desk.inbox, asked)).unknown


async def test_an_inbox_takes_the_end_of_a_name_where_one_unit_has_it(rollout, run) -> None:
    """People write 区委编办; of several units that end so, all are named and none is taken."""
    whole = await run(rollout.desk.inbox, inbox_of(rollout, unit=OFFICE))
    short = await run(rollout.desk.inbox, inbox_of(rollout, unit=OFFICE[1:]))
    assert (OFFICE, whole.lines, ()) == (short.unit, short.lines, short.unknown)

    many = await run(rollout.desk.inbox, inbox_of(rollout, unit="区委编办"))
    assert ("", ("区委编办",)) == (many.unit, many.unknown)
    assert OFFICE in many.near
    assert len(many.near) > 1
    assert () == (await run(rollout.desk.inbox, inbox_of(rollout, unit="%"))).near


async def test_an_inbox_turns_pages_by_key(rollout, run) -> None:
    """Pages follow each other without loss or repetition, the soonest due first."""
    steps = [f"环节{number:02}" for number in range(7)]
    items = tuple(item(s, due_at=DUE + timedelta(hours=i)) for i, s in enumerate(steps))
    await run(rollout.journal.write, page_of(rollout, items=items))
    question, seen = inbox_of(rollout, limit=3), []
    while True:
        shown = await run(rollout.desk.inbox, question)
        seen += [one.step for one in shown.lines]
        if not shown.next_page:
            break
        question = replace(question, page=shown.next_page)
    assert steps == seen
    with pytest.raises(ApplicationError):
        await run(rollout.desk.inbox, replace(question, page="乱写"))


async def test_an_inbox_counts_reminders_and_brings_notices(rollout, run) -> None:
    """Reminders since the step was opened are counted; a notice is shown to its unit once."""
    notice = Notice(
        key=f"{workflow_of(rollout)}#1", at=OPENED, unit=OFFICE, to="经办人", text="请办理"
    )
    await run(rollout.journal.write, page_of(rollout, notices=(notice,)))
    more = page_of(rollout, seq=3, entries=(reminder(2), reminder(3)), notices=(notice,))
    await run(rollout.journal.write, more)
    shown = await run(rollout.desk.inbox, inbox_of(rollout, unit=OFFICE))
    assert [one.reminders for one in shown.lines] == [2]
    assert [one.text for one in shown.notices] == ["请办理"]


async def test_a_full_inbox_page_stays_under_half_a_megabyte(rollout, run) -> None:
    """Two hundred items with the longest rules do not outgrow a page."""
    items = tuple(item(f"环节{number}", rule="规" * 800) for number in range(250))
    await run(rollout.journal.write, page_of(rollout, items=items))
    shown = await run(rollout.desk.inbox, inbox_of(rollout, limit=1000))
    assert len(TypeAdapter(InboxPage).dump_json(shown)) < 500_000
    assert shown.next_page


async def board_of(rollout, run, **changes) -> BoardPage:
    """The whole board, all pages, with the counts of the first."""
    question = BoardQuestion(now=OPENED, rollout=rollout.key.rollout, **changes)
    first = page = await run(rollout.desk.board, question)
    lines = page.lines
    while page.next_page:
        page = await run(rollout.desk.board, replace(question, page=page.next_page))
        lines += page.lines
    return replace(first, lines=lines, next_page="")


async def test_a_board_has_every_procedure_of_the_plan(rollout, run) -> None:
    """Rows that wait are listed with the plan's date, under the id they will have."""
    await run(rollout.journal.write, page_of(rollout))
    board = await board_of(rollout, run)
    expected = sum(len(row.targets) for row in rollout.plan.rows)
    assert expected == len(board.lines) == board.counts[TOTAL]
    assert (1, expected - 1) == (board.counts["办理中"], board.counts[WAITING])
    line = next(one for one in board.lines if one.workflow_id == workflow_of(rollout))
    assert (line.open_steps, line.days_left, line.light) == (("初审",), 2, "绿")
    other = next(one for one in board.lines if one.workflow_id == workflow_of(rollout, "海北街道"))
    assert other.status == WAITING
    assert other.due_date is not None


@pytest.mark.parametrize("as_of", [None, date(2019, 11, 21)])
async def test_a_board_in_small_pages_is_the_same_board(rollout, run, monkeypatch, as_of) -> None:
    """Page by page, each reading its own units, nothing is lost, doubled or moved.

    What left the plan after it had begun comes last; a case is no row of the plan.
    """
    street = workflow_of(rollout).rpartition("/")[0]
    name = rollout.key.rollout
    for number, gone in enumerate(("M8", "M9")):
        changes = {"row_id": gone, "item": f"旧{number}", "workflow_id": f"{street}/旧{number}"}
        await run(rollout.journal.write, page_of(rollout, **changes))
    case = {
        "row_id": "4-12",
        "item": "1号",
        "workflow_id": f"{name}/案件/1号",
        "procedure": "CaseHandover",
    }
    case |= {"procedure": "CaseHandover"}
    await run(rollout.journal.write, page_of(rollout, **case))
    await run(rollout.journal.write, page_of(rollout))
    whole = await board_of(rollout, run, as_of=as_of)
    monkeypatch.setattr("activities.board.MOST_LINES", 7)
    parts = await board_of(rollout, run, as_of=as_of, counted=False)

    assert whole.lines == parts.lines
    assert ["M8", "M9"] == [one.row_id for one in parts.lines[-2:]]
    assert len({one.workflow_id for one in parts.lines}) == len(parts.lines)
    assert sum(len(row.targets) for row in rollout.plan.rows) + 2 == len(parts.lines)
    assert {} == parts.counts


async def test_a_board_as_of_a_day_shows_what_the_log_had(rollout, run) -> None:
    """The day before it began a procedure waits; afterwards it shows that day's state."""
    await run(rollout.journal.write, page_of(rollout))
    later = LogEntry(seq=2, at=OPENED + timedelta(days=1), kind=EntryKind.ENDED, sentence="办结。")
    first = page_of(rollout)
    ended = replace(first.board, status="办结", open_steps=(), ended_at=later.at)
    await run(rollout.journal.close, replace(first, seq=2, entries=(later,), items=(), board=ended))
    found = {}
    for day in (19, 20, 21):
        now = OPENED + timedelta(days=9)
        question = BoardQuestion(now=now, rollout=rollout.key.rollout, as_of=date(2019, 11, day))
        board = await run(rollout.desk.board, question)
        line = next(one for one in board.lines if one.workflow_id == workflow_of(rollout))
        found[day] = line.status
    assert found == {19: WAITING, 20: "办理中", 21: "办结"}


async def test_a_board_of_nothing_has_no_title(rollout, run) -> None:
    """A rollout that was never registered is an empty page, not an error."""
    board = await run(rollout.desk.board, BoardQuestion(now=OPENED, rollout="没有"))
    assert (board.title, board.lines) == ("", ())


async def test_a_log_turns_pages_and_reads_below_an_id(rollout, run) -> None:
    """A procedure's log in pages of two, and a unit's log with all its procedures."""
    await run(rollout.journal.write, page_of(rollout))
    entries = tuple(reminder(seq) for seq in (2, 3, 4, 5))
    await run(rollout.journal.write, page_of(rollout, seq=5, entries=entries, settled=1))
    question, seen = LogQuestion(workflow_id=workflow_of(rollout), limit=2), []
    while True:
        page = await run(rollout.desk.log, question)
        seen += [(one.seq, one.confirmed) for one in page.lines]
        if not page.next_page:
            break
        question = replace(question, page=page.next_page)
    assert seen == [(1, True), (2, False), (3, False), (4, False), (5, False)]
    unit = workflow_of(rollout).rpartition("/")[0]
    assert len((await run(rollout.desk.log, LogQuestion(workflow_id=unit))).lines) == 5
    assert len((await run(rollout.desk.log, LogQuestion(workflow_id=unit[:-1]))).lines) == 0


async def test_a_procedure_is_found_by_the_end_of_its_id(rollout, run) -> None:
    """Whole parts only; a step narrows to those that have it open; % finds nothing."""
    await run(rollout.journal.write, page_of(rollout))
    whole = workflow_of(rollout)
    for text, is_hit in (
        (f"{STREET}/三定#初审", True),
        (f"{STREET}/三定", True),
        (whole, True),
        ("河街道/三定", False),
        ("%", False),
        ("#初审", False),
    ):
        found = await run(rollout.desk.find, FindQuestion(text=text))
        assert is_hit == (whole in found.workflow_ids), text


async def test_rollouts_are_counted(rollout, run) -> None:
    """A rollout's line tells how many procedures it has, have ended, are overdue."""
    question = RolloutQuestion(now=DUE, rollout=rollout.key.rollout)
    (line,) = (await run(rollout.desk.rollouts, question)).lines
    assert (line.status, line.overdue) == ("已登记", 0)
    await run(rollout.journal.write, page_of(rollout))
    (line,) = (await run(rollout.desk.rollouts, question)).lines
    assert (line.status, line.overdue, line.ended) == ("进行中", 1, 0)


async def test_a_year_of_the_calendar_in_force(rollout, run) -> None:
    """2019 is loaded with its papers; 2030 is not."""
    year = await run(rollout.desk.calendar_year, CalendarYearQuestion(year=2019))
    assert date(2019, 5, 1) in year.off_days
    assert year.loaded
    assert year.paper
    assert not (await run(rollout.desk.calendar_year, CalendarYearQuestion(year=2030))).loaded


async def test_open_procedures_below_a_calendar_are_found(rollout, database, run) -> None:
    """Those that count by an older version, by id, and none once they have ended."""
    await run(rollout.journal.write, page_of(rollout))
    below = PublicationActivities(database).below
    question = BelowQuestion(version=2, limit=1_000)
    assert workflow_of(rollout) in (await run(below, question)).workflow_ids
    assert workflow_of(rollout) not in (await run(below, replace(question, version=1))).workflow_ids

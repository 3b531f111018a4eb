"""The ledger of meetings and the look ahead, on a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from activities.meeting import MeetingActivities
from activities.precheck import PrecheckActivities
from contracts.journal import BoardRow, DeskItem, EntryKind, LogEntry, Page
from contracts.meeting import MeetingOrder, MeetingQuestion, MeetingsQuestion
from contracts.precheck import RowAsked, RowsQuestion
from domain.meeting import Attendee, Meeting, MeetingKind, Presence, Resolution, action_id
from domain.precheck import Asked
from domain.procedure import Verb

ORGAN, OFFICE = "海勃湾区委常委会", "海勃湾区委编办"
HANDLER, LEADER = "海勃湾区委办经办甲", "海勃湾区协调员"
NOW = datetime(2019, 12, 20, 2, tzinfo=UTC)
OPENED = datetime(2019, 12, 9, 2, tzinfo=UTC)


def meeting_of(rollout, **changes) -> Meeting:
    """A 常委会 that approved one street's 三定."""
    held = Meeting(
        rollout=rollout.key.rollout,
        doc_no="1号",
        kind=MeetingKind.STANDING,
        held_on=date(2019, 12, 10),
        organ=ORGAN,
        filename="纪要.docx",
        sha256="a" * 64,
        size=3,
        resolutions=(Resolution(item=f"{workflow_of(rollout)}#审议", verb=Verb.APPROVE),),
        attendees=(
            Attendee(person="甲"),
            Attendee(person="乙", presence=Presence.EXCUSED, reason="出差"),
        ),
    )
    return replace(held, **changes)


def workflow_of(rollout) -> str:
    """The id of a street's 三定."""
    return f"{rollout.key.rollout}/海勃湾区/滨河街道/三定"


def page_of(rollout, *entries: LogEntry, ended: bool = False) -> Page:
    """The procedure with 审议 at the organ's desk, and these lines of its log."""
    item = DeskItem(
        unit=ORGAN,
        step="审议",
        purpose="办理",
        opened_at=OPENED,
        due_at=NOW,
        due_date=NOW.date(),
        original_due_date=NOW.date(),
        provisional=False,
        rule="",
        yellow_at=None,
        verbs=("通过", "原则通过", "缓议", "不通过"),
        documents=("纪要",),
    )
    board = BoardRow(status="办结" if ended else "办理中", started_at=OPENED)
    return Page(
        workflow_id=workflow_of(rollout),
        run_id="r",
        seq=len(entries) or 1,
        rollout=rollout.key.rollout,
        district="海勃湾区",
        unit="滨河街道",
        row_id="M3-1",
        item="三定",
        task="",
        procedure="SandingDrafting",
        board=replace(board, ended_at=NOW) if ended else board,
        entries=entries,
        items=() if ended else (item,),
        settled=len(entries),
    )


def line_of(seq: int, kind: EntryKind, key: str, code: str = "") -> LogEntry:
    """One line of the log about an action."""
    return LogEntry(
        seq=seq, at=NOW, kind=kind, sentence="一句话", step="审议", code=code, action_id=key
    )


async def test_a_meeting_is_recorded_once_and_never_changed(database, run, rollout) -> None:
    """The same again changes nothing; other content under the 文号 is refused."""
    ledger = MeetingActivities(database)
    order = MeetingOrder(meeting=meeting_of(rollout), person=HANDLER, now=NOW)

    first, again = await run(ledger.record, order), await run(ledger.record, order)
    changed = replace(order, meeting=meeting_of(rollout, chair="别人"))
    other = await run(ledger.record, changed)

    assert (first.created, first.code) == (True, "")
    assert (again.created, again.code) == (False, "")
    assert (other.created, other.code) == (False, "MEETING_EXISTS")
    with pytest.raises(IntegrityError):
        async with database.transaction() as connection:
            await connection.execute(text("UPDATE meeting SET chair = '改'"))


@pytest.mark.parametrize(
    "person, changes, code",
    [
        (HANDLER, {}, ""),
        (LEADER, {}, ""),
        ("滨河街道经办甲", {}, "NOT_RECORDER"),
        ("海南区协调员", {}, "NOT_RECORDER"),
        ("无此人", {}, "UNKNOWN_PERSON"),
        (HANDLER, {"organ": "没有的机构"}, "UNKNOWN_UNIT"),
        (HANDLER, {"rollout": "没有的改革"}, "UNKNOWN_ROLLOUT"),
        (HANDLER, {"held_on": date(2019, 12, 21)}, "DAY_IN_FUTURE"),
        (HANDLER, {"sha256": ""}, "MINUTES_MISSING"),
    ],
)
async def test_who_may_record_what(database, run, rollout, *, person, changes, code) -> None:
    """The organ's people and the coordinators above it; faults are refused here once more."""
    order = MeetingOrder(meeting=replace(meeting_of(rollout), **changes), person=person, now=NOW)
    recorded = await run(MeetingActivities(database).record, order)
    assert (recorded.code, recorded.created) == (code, not code)


async def test_a_meeting_shows_what_became_of_its_decisions(database, run, rollout) -> None:
    """未送达, then 被拒绝 with its code, then 已落实 by a later try."""
    ledger = MeetingActivities(database)
    held = meeting_of(rollout)
    await run(ledger.record, MeetingOrder(meeting=held, person=HANDLER, now=NOW))
    key = action_id(held.rollout, held.doc_no, held.resolutions[0].item)
    question = MeetingQuestion(now=NOW, doc_no="1号", rollout=held.rollout)
    refused = line_of(1, EntryKind.REFUSED, key, "RECORD_DAY")
    landed = line_of(2, EntryKind.ACTED, f"{key}~1")

    states = []
    for entries in ((), (refused,), (refused, landed)):
        if entries:
            await run(rollout.journal.write, page_of(rollout, *entries))
        (one,) = (await run(ledger.show, question)).landed
        states.append((one.state, one.code))

    assert states == [("未送达", ""), ("被拒绝", "RECORD_DAY"), ("已落实", "")]


async def test_meetings_are_listed_with_counts_and_remarks(database, run, rollout) -> None:
    """The oldest first; a training without a mobilisation is remarked upon."""
    ledger = MeetingActivities(database)
    training = meeting_of(
        rollout, doc_no="2号", kind=MeetingKind.TRAINING, resolutions=(), held_on=date(2019, 12, 1)
    )
    for held in (meeting_of(rollout), training):
        order = MeetingOrder(meeting=held, person=HANDLER, now=NOW)
        assert (await run(ledger.record, order)).created

    page = await run(ledger.ledger, MeetingsQuestion(now=NOW, rollout=rollout.key.rollout))

    assert [(one.doc_no, one.items, one.present) for one in page.lines] == [
        ("2号", 0, 1),
        ("1号", 1, 1),
    ]
    assert (page.by_kind["区委常委会"], page.by_kind["培训会"], page.next_page) == (1, 1, "")
    assert page.attendance["其他"] == 1
    assert [(one.row, one.district) for one in page.remarks] == [("0-29", "海勃湾区")]
    nothing = await run(ledger.show, MeetingQuestion(now=NOW, doc_no="9号"))
    assert (nothing.meeting, nothing.rollouts) == (None, ())


async def test_rows_are_looked_at_before_they_are_sent(database, run, rollout) -> None:
    """Open and allowed, done before, refused before, of another unit, unknown, ended."""
    look = PrecheckActivities(database)
    done, refused = line_of(1, EntryKind.ACTED, "x"), line_of(2, EntryKind.REFUSED, "y")
    await run(rollout.journal.write, page_of(rollout, done, refused))

    def asked(key: str, person: str = HANDLER, step: str = "审议", **changes) -> RowAsked:
        one = Asked(workflow_id=workflow_of(rollout), step=step, verb=Verb.APPROVE, person=person)
        return RowAsked(asked=one, action_id=key, **changes)

    rows = (
        asked("a"),
        asked("x", step="初审"),
        asked("y"),
        asked("b", person=f"{OFFICE}经办甲"),
        asked("c", person="无此人"),
        asked("d", step="印发"),
        asked("e", step="印发", follows=True),
        replace(asked("f"), asked=replace(asked("f").asked, workflow_id="没有/这/个/事项")),
    )
    found = (await run(look.rows, RowsQuestion(now=NOW, rows=rows))).rows

    assert [(one.code, one.done, one.refused) for one in found] == [
        ("", False, 0),
        ("", True, 0),
        ("", False, 1),
        ("NOT_YOUR_UNIT", False, 0),
        ("UNKNOWN_PERSON", False, 0),
        ("STEP_NOT_OPEN", False, 0),
        ("", False, 0),
        ("NOT_FOUND", False, 0),
    ]
    await run(rollout.journal.close, page_of(rollout, done, refused, ended=True))
    (ended, before) = (await run(look.rows, RowsQuestion(now=NOW, rows=rows[:2]))).rows
    assert (ended.code, before.code, before.confirmed) == ("CLOSED", "", True)

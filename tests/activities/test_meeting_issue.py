"""Issues that meetings settled, on a real PostgreSQL: entered, closed, counted (3-22)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from activities.meeting import MeetingActivities
from activities.meeting_issue import MeetingIssueActivities
from activities.plan_shelf import Shelf
from contracts.meeting import MeetingOrder
from contracts.meeting_issue import IssueOrder, IssuesQuestion
from domain.meeting import Meeting, MeetingKind
from domain.meeting_issue import Issue, IssueMove, IssueState

OFFICE, LEADER = "海勃湾区委编办", "海勃湾区协调员"
NOW = datetime(2019, 12, 20, 2, tzinfo=UTC)
CLOSED = IssueMove(number=1, state=IssueState.CLOSED, on=date(2019, 12, 18), note="已核定12岗")


async def held(database, run, rollout, count: int) -> None:
    """So many 联席会议 and one 培训会, recorded."""
    ledger = MeetingActivities(database)
    for number in range(count + 1):
        joint = number < count
        meeting = Meeting(
            rollout=rollout.key.rollout,
            doc_no=f"联{number + 1}号" if joint else "训1号",
            kind=MeetingKind.JOINT if joint else MeetingKind.TRAINING,
            held_on=date(2019, 12, 10),
            organ=OFFICE,
        )
        recorded = await run(ledger.record, MeetingOrder(meeting=meeting, person=LEADER, now=NOW))
        assert recorded.created, recorded.sentence


def order_of(plan, *, doc_no: str = "联1号", **more) -> IssueOrder:
    """An order of the coordinator about the first 联席会议; without ``move`` a new issue."""
    issue = Issue(doc_no=doc_no, text="岗位设置", decision="按12岗核定", owner="区委编办")
    fields = {
        "now": NOW,
        "rollout": plan.key.rollout,
        "doc_no": doc_no,
        "person": LEADER,
        "action_id": f"{more.get('issue', issue)}{more.get('move', '')}",
        "issue": None if "move" in more else issue,
    }
    return IssueOrder(**{**fields, **more})


async def test_issues_are_counted_as_the_source_counts_them(database, run, rollout) -> None:
    """3-22: six 联席会议, eleven issues, each with meeting, decision, owner and closure."""
    await held(database, run, rollout, 6)
    desk = MeetingIssueActivities(database, Shelf())
    for number in range(1, 12):
        issue = Issue(doc_no="", text=f"问题{number}", decision="办", owner="区委编办")
        order = order_of(rollout, doc_no=f"联{(number - 1) % 6 + 1}号", issue=issue)
        made, again = await run(desk.record, order), await run(desk.record, order)
        assert (made.again, again.again, again.issue) == (False, True, made.issue)
        assert (made.issue.number, made.issue.owner) == (number, OFFICE)
        doc_no = made.issue.doc_no
        move = replace(CLOSED, number=number)
        closed = await run(desk.record, order_of(rollout, doc_no=doc_no, move=move))
        assert (closed.issue.state, closed.issue.note) == (IssueState.CLOSED, "已核定12岗")
    open_again = replace(CLOSED, number=2, state=IssueState.OPEN, note="没有到位")
    reopened = await run(desk.record, order_of(rollout, doc_no="联2号", move=open_again))
    assert reopened.issue.state is IssueState.OPEN

    page = await run(desk.issues, IssuesQuestion(now=NOW, rollout=rollout.key.rollout))
    counted = {kind: tuple(vars(counts).values()) for kind, counts in page.counts.items()}
    assert counted == {"联席会议": (6, 11, 10), "培训会": (1, 0, 0)}
    assert [one.number for one in page.lines] == list(range(1, 12))
    assert (page.lines[10].doc_no, page.lines[10].held_on) == ("联5号", date(2019, 12, 10))
    for change in ("UPDATE meeting_issue SET text = '改'", "DELETE FROM meeting_issue_move"):
        with pytest.raises(IntegrityError):
            async with database.transaction() as connection:
                await connection.execute(text(change))


@pytest.mark.parametrize(
    "more, code",
    [
        ({"person": "滨河街道经办甲"}, "NOT_RECORDER"),
        ({"person": "无此人"}, "NOT_RECORDER"),
        ({"doc_no": "没有"}, "NOT_FOUND"),
        ({"rollout": "没有的改革"}, "UNKNOWN_ROLLOUT"),
        ({"issue": Issue(doc_no="", text="甲", decision="乙", owner="没有的局")}, "UNKNOWN_UNIT"),
        ({"issue": Issue(doc_no="", text="甲", decision=" ", owner="丙")}, "ISSUE_INCOMPLETE"),
        (
            {"issue": Issue(doc_no="", text="长" * 501, decision="乙", owner="丙")},
            "ISSUE_TEXT_LONG",
        ),
        (
            {
                "issue": Issue(
                    doc_no="", text="甲", decision="乙", owner=OFFICE, due=date(2019, 12, 9)
                )
            },
            "ISSUE_DAY",
        ),
        ({"move": CLOSED, "doc_no": "训1号"}, "ISSUE_UNKNOWN"),
        ({"move": replace(CLOSED, number=9)}, "ISSUE_UNKNOWN"),
        ({"move": replace(CLOSED, on=date(2019, 12, 21))}, "ISSUE_DAY"),
        ({"move": replace(CLOSED, on=date(2019, 12, 9))}, "ISSUE_DAY"),
        ({"move": replace(CLOSED, note=" ")}, "ISSUE_NOTE"),
        ({"move": replace(CLOSED, state=IssueState.OPEN)}, "ISSUE_STANDS"),
    ],
)
async def test_what_is_refused_changes_nothing(database, run, rollout, *, more, code) -> None:
    """Who may not, what is not there, what is said too early or not at all."""
    await held(database, run, rollout, 1)
    desk = MeetingIssueActivities(database, Shelf())
    assert (await run(desk.record, order_of(rollout))).issue.number == 1
    refused = await run(desk.record, order_of(rollout, **{"action_id": "另一件", **more}))
    assert refused.code == code, refused.sentence
    page = await run(desk.issues, IssuesQuestion(now=NOW, rollout=rollout.key.rollout))
    assert [(one.number, one.state) for one in page.lines] == [(1, IssueState.OPEN)]

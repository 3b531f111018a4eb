"""Complaints against a real database: whose word, once, answered by the 区委编办, never changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from activities.archive import ArchiveActivities
from activities.complaint import ComplaintActivities
from activities.plan_shelf import Shelf
from contracts.archive import ArchiveQuestion, Part
from contracts.complaint import ComplaintOrder, ComplaintsQuestion, ReplyOrder
from domain.case_complaint import Complaint, Finding, Reply
from tests.activities.test_census import NOW, OFFICE, STREETS, Office, office
from tests.cases import issue_list

__all__ = ["office"]

DAY = date(2026, 11, 20)
SAID = Complaint(street=STREETS[0], about="区司法局", happened_on=DAY, content="电话要求街道查处")
HANDLER = f"{STREETS[0]}经办甲"


@pytest.fixture
def desk(office: Office) -> ComplaintActivities:
    """The desk of complaints."""
    return ComplaintActivities(office.database, Shelf())


@pytest.fixture
def complain(office: Office, desk: ComplaintActivities):
    """Records a complaint of the first street."""

    async def recorded(action: str, complaint: Complaint = SAID, person: str = HANDLER):
        order = ComplaintOrder(
            now=NOW,
            rollout=office.rollout,
            person=person,
            action_id=f"{office.rollout}{action}",
            complaint=complaint,
        )
        return await office.run(desk.complain, order)

    return recorded


@pytest.fixture
def answer(office: Office, desk: ComplaintActivities):
    """Answers a complaint."""

    async def answered(action: str, reply: Reply, person: str = "区协调员", number: int = 1):
        order = ReplyOrder(
            now=NOW,
            rollout=office.rollout,
            person=person,
            action_id=f"{office.rollout}{action}",
            number=number,
            reply=reply,
        )
        return await office.run(desk.answer, order)

    return answered


@pytest.fixture
def listed(office: Office, desk: ComplaintActivities):
    """Lists the rollout's complaints."""

    async def asked(**more: object):
        question = ComplaintsQuestion(**({"now": NOW, "rollout": office.rollout} | more))
        return (await office.run(desk.complaints, question)).lines

    return asked


async def test_a_complaint_is_recorded_once_under_the_departments_full_name(complain, listed):
    """The same action again is the same complaint; another is the next number."""
    first = await complain("甲")
    again = await complain("甲")
    other = await complain("乙", replace(SAID, content="来文要求街道查处", paper="司函1号"))

    assert (first.number, first.created, first.about) == (1, True, OFFICE)
    assert (again.number, again.created, other.number) == (1, False, 2)
    lines = await listed()
    assert [line.number for line in lines] == [2, 1]
    assert (lines[1].complaint.about, lines[1].reply) == (OFFICE, None)
    assert [line.number for line in await listed(unit=OFFICE, since=DAY, until=DAY)] == [2, 1]
    assert await listed(until=DAY - timedelta(days=1)) == ()


async def test_an_item_is_of_the_list_in_force_on_that_day(office: Office, complain, listed):
    """依单问责 (4-39): its name and version are kept; one off the list is told to say it in words."""
    await issue_list(office.database, office.rollout, datetime(2026, 11, 1, tzinfo=UTC))

    named = await complain("甲", replace(SAID, content="", item="０2"))
    unknown = await complain("乙", replace(SAID, item="99"))
    early = await complain("丙", replace(SAID, item="2", happened_on=date(2026, 10, 1)))

    assert named.created
    (line,) = await listed()
    assert (line.complaint.item, line.list_version, line.item_name) == ("2", 1, "占道经营")
    assert [one.code for one in (unknown, early)] == ["ITEM_UNKNOWN", "ITEM_UNKNOWN"]


@pytest.mark.parametrize(
    "complaint, person, code",
    [
        (SAID, f"{STREETS[1]}经办甲", "NOT_YOUR_UNIT"),
        (SAID, f"{OFFICE}经办甲", "NOT_YOUR_UNIT"),
        (SAID, "张三", "UNKNOWN_PERSON"),
        (replace(SAID, about="无此局"), HANDLER, "UNKNOWN_UNIT"),
        (replace(SAID, about=STREETS[1]), HANDLER, "COMPLAINT_SIDE"),
        (replace(SAID, happened_on=date(2026, 11, 24)), HANDLER, "COMPLAINT_FUTURE"),
    ],
)
async def test_who_may_not_say_it_changes_nothing(complain, listed, complaint, person, code):
    """Only the street's own people, or the 区委编办 for it; nothing is stored."""
    assert (await complain("甲", complaint, person)).code == code
    assert await listed() == ()
    assert (await complain("乙", SAID, "区协调员")).created, "as it was told by telephone"


async def test_the_coordinator_answers_and_the_newest_answer_counts(complain, answer, listed):
    """The street cannot answer itself; a finding may come later, the earlier answer stays."""
    await complain("甲")
    looking = Reply(note="正在核实", paper="编办函1号")
    found = Reply(note="已责成收回", paper="编办函2号", finding=Finding.TRUE)

    own = await answer("答", looking, person=HANDLER)
    nothing = await answer("答", looking, number=9)
    first = await answer("答", looking)
    again = await answer("答", looking)
    await answer("再答", found)

    assert (own.code, nothing.code) == ("NOT_COORDINATOR", "COMPLAINT_UNKNOWN")
    assert (first.created, again.created) == (True, False)
    (line,) = await listed()
    assert (line.reply, line.replied_by) == (found, "区协调员")


@pytest.mark.parametrize("table", ["case_complaint", "case_complaint_reply"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET person = 'x'"])
async def test_what_was_said_stays(office: Office, complain, answer, table, change):
    """The database itself refuses to change or remove it."""
    await complain("甲")
    await answer("答", Reply(note="已责成收回", paper="编办函2号"))
    with pytest.raises(DBAPIError, match="written once"):
        async with office.database.transaction() as connection:
            await connection.execute(text(change.format(table)))


async def test_complaints_and_answers_go_into_the_archive(office: Office, complain, answer):
    """Every line with its paper, in the order in which it was said."""
    await complain("甲")
    await complain("乙", replace(SAID, content="来文要求街道查处"))
    await answer("答", Reply(note="已责成收回", paper="编办函2号"))
    reads = ArchiveActivities(office.database)

    told, answered = [
        (await office.run(reads.read, ArchiveQuestion(part=part, rollout=office.rollout))).rows
        for part in (Part.CASE_COMPLAINTS, Part.CASE_COMPLAINT_REPLIES)
    ]

    assert [row["number"] for row in told] == [1, 2]
    assert [(row["number"], row["paper"]) for row in answered] == [(1, "编办函2号")]

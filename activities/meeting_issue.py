"""The register of issues that meetings settled: whose each is, how it closed, and the counts (3-22)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.meeting import may_record
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from activities.sealed import Undone
from contracts.meeting_issue import (
    IssueOrder,
    IssueRecorded,
    IssuesPage,
    IssuesQuestion,
    MeetingIssues,
)
from domain.deadline import local_day
from domain.meeting import MeetingKind
from domain.meeting_issue import Issue, IssueCounts, issue_fault, move_fault
from domain.personal import personal_fault
from domain.refusal import Refused
from storage import meeting_issue_store as store
from storage.engine import Database
from storage.meeting_store import read_meetings
from storage.registers_store import read_standing

MOST_LINES: Final = 500

_LINE: Final[TypeAdapter[Issue]] = TypeAdapter(Issue)


class MeetingIssueActivities(MeetingIssues):
    """Keeps the issues of one database."""

    def __init__(self, database: Database, shelf: Shelf) -> None:
        self._database = database
        self._shelf = shelf

    @activity.defn(name="record_meeting_issue")
    async def record(self, order: IssueOrder) -> IssueRecorded:
        """This will record an issue, or that it was closed or opened again; each order once."""
        issue, move = order.issue, order.move
        said = [issue.text, issue.decision] if issue else [move.note] if move else []
        no = personal_fault(*said) or (issue_fault(issue) if issue else None)
        if no is not None:
            return IssueRecorded(code=no.code, sentence=no.sentence)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                await store.hold_issues(connection, order.rollout)
                number = await self._recorded(connection, order)
                (now,) = await store.read_issues(connection, order.rollout, number=abs(number))
                return IssueRecorded(issue=now, again=number < 0)
        except Undone as undone:
            return IssueRecorded(code=undone.refused.code, sentence=undone.refused.sentence)

    async def _recorded(self, connection: AsyncConnection, order: IssueOrder) -> int:
        """The number of the issue, negative where the order was done before. Raises Undone."""
        owner = await self._admitted(connection, order)
        if number := await store.issue_by_action(connection, order.rollout, order.action_id):
            return -number
        given: dict[str, Any] = {
            "person": order.person,
            "at": order.now,
            "action_id": order.action_id,
        }
        if order.issue is not None:
            issue = replace(order.issue, doc_no=order.doc_no, owner=owner)
            return await store.add_issue(connection, order.rollout, issue, given)
        if order.move is None:
            raise AssertionError("an order has an issue or a move")
        number = order.move.number
        found = await store.read_issues(connection, order.rollout, number=number)
        if not found or found[0].doc_no != order.doc_no:
            sentence = f"纪要“{order.doc_no}”没有第{number}号议题（jiegai meeting issues）。"
            raise Undone(Refused(code="ISSUE_UNKNOWN", sentence=sentence))
        if no := move_fault(order.move, found[0], local_day(order.now)):
            raise Undone(no)
        await store.move_issue(connection, order.rollout, order.move, given)
        return number

    async def _admitted(self, connection: AsyncConnection, order: IssueOrder) -> str:
        """The owner by full name; who may record the meeting may record its issues. Raises Undone."""
        found = await read_meetings(connection, order.rollout, order.doc_no)
        organs = [one.meeting.organ for one in found if one.meeting.organ]
        held = await read_standing(
            connection, order.rollout, (order.person,), organs, now=order.now
        )
        if held is None:
            raise Undone(_unknown_rollout(order.rollout))
        if not found:
            sentence = f"没有登记过纪要“{order.doc_no}”，可用 jiegai meeting list 查看。"
            raise Undone(Refused(code="NOT_FOUND", sentence=sentence))
        meeting = found[0].meeting
        shelved = await self._shelf.plan(connection, held.plan_id, held.plan_version)
        grants = held.grants.get(order.person, ())
        if not grants or not may_record(shelved, meeting, grants):
            who = meeting.organ or "协调员"
            sentence = f"议题由能登记这次会议的人登记（{who}），{order.person}不是。"
            raise Undone(Refused(code="NOT_RECORDER", sentence=sentence))
        if order.issue is None:
            return ""
        if order.issue.due is not None and order.issue.due < meeting.held_on:
            sentence = f"办理期限{order.issue.due}早于会议日期（{meeting.held_on}）。"
            raise Undone(Refused(code="ISSUE_DAY", sentence=sentence))
        unit = shelved.directory.find(order.issue.owner, meeting.district)
        if unit is None:
            sentence = f"通讯录里没有责任单位“{order.issue.owner}”。"
            raise Undone(Refused(code="UNKNOWN_UNIT", sentence=sentence))
        return unit.name

    @activity.defn(name="read_meeting_issues")
    async def issues(self, question: IssuesQuestion) -> IssuesPage:
        """This will list issues by number; the counts come with the first page."""
        rollout = question.rollout
        after = int(key_of(question.page, 1)[0]) if question.page else 0
        async with translated_errors(), self._database.single() as connection:
            if await read_standing(connection, rollout, (), (), now=question.now) is None:
                no = _unknown_rollout(rollout)
                return IssuesPage(code=no.code, sentence=no.sentence)
            lines = await store.read_issues(connection, rollout, after, limit=MOST_LINES)
            counts = {} if question.page else await store.count_issues(connection, rollout)
        shown = how_many_fit(lines, _LINE)
        more = shown < len(lines) or len(lines) == MOST_LINES
        if not question.page:
            counts.setdefault(MeetingKind.JOINT.value, IssueCounts())
        return IssuesPage(
            lines=lines[:shown],
            counts=counts,
            next_page=place_of(lines[shown - 1].number) if more else "",
        )


def _unknown_rollout(rollout: str) -> Refused:
    return Refused(code="UNKNOWN_ROLLOUT", sentence=f"没有改革“{rollout}”。")

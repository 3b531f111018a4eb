"""The desk's reads: inbox, board, log, finding, rollouts, calendar; one connection each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row
from temporalio import activity

from activities.board import board_page
from activities.database import translated_errors
from activities.inbox import read_inbox
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from contracts.calendar import Below, BelowQuestion, Publications
from contracts.desk import (
    BoardPage,
    BoardQuestion,
    CalendarLocalDay,
    CalendarYear,
    CalendarYearQuestion,
    Desk,
    FindQuestion,
    Found,
    InboxPage,
    InboxQuestion,
    LogLine,
    LogPage,
    LogQuestion,
    RolloutLine,
    RolloutPage,
    RolloutQuestion,
)
from contracts.names import split_item
from domain.calendar import WorkCalendar
from storage.calendar_store import known_districts, standing
from storage.desk_store import LogKey, find_by_ending, procedures_below, read_log
from storage.engine import Database
from storage.outbox_store import dead_channels
from storage.registers_store import RolloutCounts, list_rollouts, read_standing

MOST_FOUND: Final = 50
"""Ids returned for an ending; more is not a choice any more."""

MOST_LOG_LINES: Final = 500

_LOG_LINE: TypeAdapter[LogLine] = TypeAdapter(LogLine)


class DeskActivities(Desk):
    """Answers the CLI from the read models of one database."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="read_inbox")
    async def inbox(self, question: InboxQuestion) -> InboxPage:
        """This will list open items, soonest due first."""
        async with translated_errors(), self._database.single() as connection:
            return await read_inbox(connection, question)

    @activity.defn(name="read_board")
    async def board(self, question: BoardQuestion) -> BoardPage:
        """This will show a rollout's board, now or as of a day; no title if there is none."""
        async with translated_errors(), self._database.single() as connection:
            held = await read_standing(connection, question.rollout)
            if held is None:
                return BoardPage(rollout=question.rollout, title="", as_of=question.now, lines=())
            shelved = await self._shelf.plan(connection, held.plan_id, held.plan_version)
            page = await board_page(connection, question, shelved)
            if question.page or question.as_of:
                return page
            dead = await dead_channels(connection, question.rollout)
            return replace(page, dead_channels=dead)

    @activity.defn(name="read_log")
    async def log(self, question: LogQuestion) -> LogPage:
        """This will list who did what when, refusals included."""
        limit = max(1, min(question.limit, MOST_LOG_LINES))
        async with translated_errors(), self._database.single() as connection:
            rows = await read_log(
                connection, question.workflow_id, _after(question.page), limit + 1
            )
        lines = [_log_line(row) for row in rows[:limit]]
        shown = how_many_fit(lines, _LOG_LINE)
        return LogPage(
            lines=tuple(lines[:shown]),
            next_page=_place(rows[shown - 1]) if shown < len(rows) else "",
        )

    @activity.defn(name="find_procedures")
    async def find(self, question: FindQuestion) -> Found:
        """This will find procedures by the end of their id."""
        ending, step = split_item(question.text.strip().strip("/"))
        if not ending:
            return Found(workflow_ids=())
        async with translated_errors(), self._database.single() as connection:
            return Found(workflow_ids=await find_by_ending(connection, ending, step, MOST_FOUND))

    @activity.defn(name="read_rollouts")
    async def rollouts(self, question: RolloutQuestion) -> RolloutPage:
        """This will list rollouts with their counts."""
        async with translated_errors(), self._database.single() as connection:
            counts = await list_rollouts(connection, question.now, question.rollout)
        return RolloutPage(lines=tuple(_rollout_line(each) for each in counts))

    @activity.defn(name="read_calendar_year")
    async def calendar_year(self, question: CalendarYearQuestion) -> CalendarYear:
        """This will show one year of the calendar in force."""
        async with translated_errors(), self._database.single() as connection:
            versions = await standing(connection)
            calendar = await self._shelf.calendar(connection, versions.in_force)
            known = not question.district or question.district in await known_districts(connection)
        found = _year(calendar.for_district(question.district), question.year)
        return replace(found, district_known=known)


class PublicationActivities(Publications):
    """Answers what the publication of a calendar asks of the read model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="procedures_below_calendar")
    async def below(self, question: BelowQuestion) -> Below:
        """This will list open procedures below a calendar version."""
        async with translated_errors(), self._database.single() as connection:
            found = await procedures_below(
                connection, question.version, question.after, question.limit
            )
        return Below(workflow_ids=found)


def _log_line(row: Row[Any]) -> LogLine:
    detail = dict(row.detail)
    if row.superseded_by:
        detail["superseded_by"] = row.superseded_by
    return LogLine(
        workflow_id=row.workflow_id,
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        step=row.step,
        person=row.person,
        unit=row.unit,
        verb=row.verb,
        code=row.code,
        sentence=row.sentence,
        confirmed=row.confirmed,
        detail=detail,
    )


def _after(page: str) -> LogKey | None:
    if not page:
        return None
    at, workflow_id, seq, run_id = key_of(page, 4)
    return LogKey(
        at=datetime.fromisoformat(at), workflow_id=workflow_id, seq=int(seq), run_id=run_id
    )


def _place(row: Row[Any]) -> str:
    return place_of(row.at.isoformat(), row.workflow_id, row.seq, row.run_id)


def _rollout_line(counts: RolloutCounts) -> RolloutLine:
    if not counts.started:
        status = "已登记"
    else:
        status = "已结束" if counts.ended >= counts.procedures else "进行中"
    return RolloutLine(
        rollout=counts.rollout,
        title=counts.title,
        plan_id=counts.plan_id,
        version=counts.version,
        content_hash=counts.content_hash,
        kickoff=counts.kickoff,
        registered_at=counts.registered_at,
        units=counts.units,
        procedures=counts.procedures,
        ended=counts.ended,
        overdue=counts.overdue,
        status=status,
        coordinator=counts.coordinator,
    )


def _year(calendar: WorkCalendar, year: int) -> CalendarYear:
    notice = next((each for each in calendar.notices if each.year == year), None)
    days = notice.days if notice is not None else ()
    return CalendarYear(
        year=year,
        version=calendar.version,
        loaded=notice is not None,
        paper="；".join(notice.papers) if notice is not None else "",
        off_days=tuple(each.day for each in days if each.is_off),
        work_days=tuple(each.day for each in days if not each.is_off),
        local=tuple(
            CalendarLocalDay(day=each.day, is_off=each.is_off, name=each.name, paper=each.paper)
            for each in calendar.local_days
            if each.day.year == year
        ),
    )

"""Marks the cases of a time for the yearly assessment; what each mark means is the domain's (4-38)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from contracts.case import NOT_ADMITTED
from contracts.execution import ExecutionPage, ExecutionQuestion, Executions
from domain.case_limits import RULE
from domain.day_words import SHANGHAI
from domain.duty_execution import (
    CaseMark,
    ClockSeen,
    departments_of,
    handed_in,
    reported_in,
)
from domain.procedure import Verb
from storage.engine import Database
from storage.execution_store import cases_between
from storage.people_store import has_directory

_MOST_MARKS: Final = 2_000
_MARK: TypeAdapter[CaseMark] = TypeAdapter(CaseMark)
_CLOCKS: TypeAdapter[tuple[ClockSeen, ...]] = TypeAdapter(tuple[ClockSeen, ...])


class ExecutionActivities(Executions):
    """Reads the register of cases of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="read_duty_execution")
    async def marks(self, question: ExecutionQuestion) -> ExecutionPage:
        """This will mark the cases of a time."""
        after = None
        if question.page:
            at, workflow_id = key_of(question.page, 2)
            after = (datetime.fromisoformat(at), workflow_id)
        asked = {
            "rollout": question.rollout,
            "not_admitted": NOT_ADMITTED,
            "ruling": RULE,
            "upheld": Verb.APPROVE,
            "since": _midnight(question.since),
            "before": _midnight(question.until + timedelta(days=1)) if question.until else None,
        }
        async with translated_errors(), self._database.single() as connection:
            if not await has_directory(connection, question.rollout):
                return ExecutionPage(unknown=True)
            rows = await cases_between(connection, asked, after, _MOST_MARKS + 1)
        marks = [_mark(row, question.now) for row in rows[:_MOST_MARKS]]
        shown = how_many_fit(marks, _MARK)
        last = rows[shown - 1] if shown < len(rows) else None
        return ExecutionPage(
            marks=tuple(marks[:shown]),
            next_page=place_of(last.opened_at.isoformat(), last.workflow_id) if last else "",
        )


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) if day else None


def _mark(row: Row[Any], now: datetime) -> CaseMark:
    clocks = _CLOCKS.validate_python(row.clocks)
    handed, late_by = handed_in(clocks, row.street, row.receiver, now)
    return CaseMark(
        workflow_id=row.workflow_id,
        number=row.number,
        kind=row.kind,
        street=row.street,
        departments=departments_of(row.kind, row.sender, row.receiver),
        status=row.status,
        list_name=row.list_name,
        item=row.item,
        item_name=row.item_name,
        is_open=row.ended_at is None or row.ended_at > now,
        reported=reported_in(clocks, now),
        handed=handed,
        handed_late_by=late_by,
        returns=row.returns,
        refusals=row.refusals,
        upheld=row.upheld,
    )

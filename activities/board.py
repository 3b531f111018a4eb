"""A rollout's board: every procedure the plan has, in the plan's order, started or not.

As of a day, a procedure stands as its log had it at the end of that day; one that had no log yet
had not begun.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import PlanOnShelf
from contracts.desk import BoardLine, BoardPage, BoardQuestion
from contracts.journal import BoardRow
from contracts.names import procedure_id, unit_id
from domain.action import Light
from domain.deadline import MIDNIGHT, day_end_instant, local_day
from domain.plan import Row as PlanRow
from storage.desk_store import read_board, read_board_as_of, read_board_ids

WAITING: Final = "未开始"
"""The status of a row whose procedure has not been started: it waits for others."""

TOTAL: Final = "共"
"""The key of ``counts`` that counts every procedure."""

MOST_LINES: Final = 1000
"""Lines of one page; about 450 bytes each."""

_STATE: TypeAdapter[BoardRow] = TypeAdapter(BoardRow)
_LINE: TypeAdapter[BoardLine] = TypeAdapter(BoardLine)
_MOMENT: Final = timedelta(microseconds=1)


async def board_page(
    connection: AsyncConnection, question: BoardQuestion, shelved: PlanOnShelf
) -> BoardPage:
    """This will read one page of a board; the first has counts over the whole rollout.

    Only the page's own procedures are read where nothing is counted, so that a page of the country's
    9,000 街道 costs what a district's does.
    """
    at = _moment(question)
    order, first = shelved.procedures.order, _first(question)
    wants_counts = question.counted and not question.page
    part = order[first:] if wants_counts else order[first : first + MOST_LINES]
    ids = [_id_of(shelved, unit, row) for unit, row in part]
    started = await _started(connection, question, at, ids)
    lines = [
        started.get(workflow_id) or _waiting(shelved, workflow_id, unit, row, at)
        for workflow_id, (unit, row) in zip(ids, part, strict=True)
    ]
    if is_last := first + len(part) >= len(order):
        left = await _left_over(connection, question, shelved, at)
        lines += left[max(0, first - len(order)) :]
    shown = how_many_fit(lines[:MOST_LINES], _LINE)
    return BoardPage(
        rollout=question.rollout,
        title=shelved.plan.title,
        as_of=at,
        lines=tuple(lines[:shown]),
        counts=_counts(lines) if wants_counts else {},
        next_page="" if is_last and shown == len(lines) else place_of(first + shown),
    )


def _first(question: BoardQuestion) -> int:
    """The place of a page's first line: in the plan's order, and after it what left the plan."""
    return int(key_of(question.page, 1)[0]) if question.page else 0


def _moment(question: BoardQuestion) -> datetime:
    """The moment shown: now, or the last one of the day asked for if that is over."""
    if question.as_of is None:
        return question.now
    return min(question.now, day_end_instant(question.as_of, MIDNIGHT) - _MOMENT).astimezone(UTC)


def _id_of(shelved: PlanOnShelf, unit: str, row: PlanRow) -> str:
    """A procedure's id; an amendment never changes that of one that has begun."""
    area = shelved.procedures.home.get(unit, "")
    return procedure_id(unit_id(shelved.plan.rollout, area, unit), row.item)


async def _started(
    connection: AsyncConnection, question: BoardQuestion, at: datetime, ids: Sequence[str]
) -> Mapping[str, BoardLine]:
    """Those procedures that have begun, by id."""
    if question.as_of is None:
        rows = await read_board(connection, ids, at)
        return {row.workflow_id: _line(row, _now_state(row), at) for row in rows}
    past = await read_board_as_of(connection, ids, at + _MOMENT)
    return {row.workflow_id: _line(row, _STATE.validate_python(row.state), at) for row in past}


async def _left_over(
    connection: AsyncConnection, question: BoardQuestion, shelved: PlanOnShelf, at: datetime
) -> list[BoardLine]:
    """What an amendment took out of the plan after it had begun stays in sight."""
    planned = {_id_of(shelved, unit, row) for unit, row in shelved.procedures.order}
    begun = await read_board_ids(connection, question.rollout)
    left = [workflow_id for workflow_id in begun if workflow_id not in planned]
    if not left:
        return []
    started = await _started(connection, question, at, left)
    return [started[workflow_id] for workflow_id in left if workflow_id in started]


def _waiting(
    shelved: PlanOnShelf, workflow_id: str, unit: str, row: PlanRow, at: datetime
) -> BoardLine:
    left = (row.due - local_day(at)).days
    return BoardLine(
        workflow_id=workflow_id,
        district=shelved.directory.by_name[unit].district,
        unit=unit,
        row_id=row.id,
        item=row.item,
        task=row.task,
        status=WAITING,
        light=Light.RED if left < 0 else "",
        open_steps=(),
        responsible=(),
        due_date=row.due,
        days_left=left,
        next_due_at=None,
        provisional=False,
        steps_done=0,
        steps_total=0,
    )


def _now_state(row: Row[Any]) -> BoardRow:
    """A row of the board with its light as it is at the moment of asking."""
    light = Light.RED if row.red else Light.YELLOW if row.yellow else row.light
    return BoardRow(
        status=row.status,
        open_steps=tuple(row.open_steps),
        responsible=tuple(row.responsible),
        next_due_at=row.next_due_at,
        row_due_date=row.row_due_date,
        row_due_at=row.row_due_at,
        light=light,
        provisional=row.provisional,
        overdue_count=row.overdue_count,
        returned_count=row.returned_count,
        extended_count=row.extended_count,
        silent_count=row.silent_count,
        started_at=row.started_at,
        ended_at=row.ended_at,
        calendar_version=row.calendar_version,
        steps_done=row.steps_done,
        steps_total=row.steps_total,
    )


def _line(row: Row[Any], state: BoardRow, at: datetime) -> BoardLine:
    """``days_left`` counts to the nearest open step's due date; to nothing once ended."""
    is_open = state.ended_at is None
    due = state.next_due_at if is_open else None
    is_late = due is not None and due <= at
    return BoardLine(
        workflow_id=row.workflow_id,
        district=row.district,
        unit=row.unit,
        row_id=row.row_id,
        item=row.item,
        task=row.task,
        status=state.status,
        light=(Light.RED if is_late else state.light) if is_open else "",
        open_steps=state.open_steps,
        responsible=state.responsible,
        due_date=state.row_due_date,
        days_left=(_due_day(due) - local_day(at)).days if due is not None else None,
        next_due_at=due,
        provisional=state.provisional,
        steps_done=state.steps_done,
        steps_total=state.steps_total,
        returned=state.returned_count,
        extended=state.extended_count,
        silent=state.silent_count,
        overdue=state.overdue_count,
        ended_at=state.ended_at,
        started_at=state.started_at,
    )


def _due_day(due: datetime) -> date:
    """The last day on which it may be done: an instant at 00:00 is 24:00 of the day before."""
    return local_day(due - _MOMENT)


def _counts(lines: list[BoardLine]) -> dict[str, int]:
    """By status; and by light those that run."""
    counts = Counter(line.status for line in lines)
    running = (line for line in lines if line.ended_at is None and line.status != WAITING)
    counts.update(line.light for line in running if line.light)
    return {TOTAL: len(lines), **counts}

"""Which open steps a calendar moves: each asked again, as its procedure will ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.due_times import DueTimes
from activities.plan_shelf import PlanOnShelf, Shelf
from contracts.desk import Moved
from contracts.names import item_id
from contracts.registers import DueQuestion
from domain.calendar import WorkCalendar
from domain.deadline import Deadline
from storage.desk_store import OpenItem, read_open_items
from storage.registers_store import read_standing

_QUESTION: TypeAdapter[DueQuestion] = TypeAdapter(DueQuestion)


async def moved_steps(
    connection: AsyncConnection, calendar: WorkCalendar, now: datetime, shelf: Shelf
) -> tuple[tuple[Moved, ...], int]:
    """This will list every open step whose due date would change, and count the open steps.

    Before is what stands at the desk; after is the answer that the procedure would get now, by the
    calendar of its district.
    """
    everywhere = await read_open_items(connection)
    plans = await _plans(connection, everywhere, shelf)
    items = [item for item in everywhere if item.rollout in plans]
    found = []
    for item in items:
        question = replace(
            _QUESTION.validate_python(item.due_basis), standing=item.due_date, asked_at=now
        )
        times = DueTimes(plans[item.rollout], calendar.for_district(item.district))
        after = times.deadline(question)
        if (item.due_date, item.provisional) != (after.due_date, after.provisional):
            found.append(_as_moved(item, after))
    return tuple(found), len(items)


async def _plans(
    connection: AsyncConnection, items: Sequence[OpenItem], shelf: Shelf
) -> dict[str, PlanOnShelf]:
    plans: dict[str, PlanOnShelf] = {}
    for rollout in dict.fromkeys(item.rollout for item in items):
        held = await read_standing(connection, rollout)
        if held is not None:
            plans[rollout] = await shelf.plan(connection, held.plan_id, held.plan_version)
    return plans


def _as_moved(item: OpenItem, after: Deadline) -> Moved:
    return Moved(
        item=item_id(item.workflow_id, item.step),
        unit=item.unit,
        before=item.due_date,
        after=after.due_date,
        provisional_before=item.provisional,
        provisional_after=after.provisional,
    )

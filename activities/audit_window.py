"""Which windows an arrangement still has: one that it was moved away from is neither drawn nor visited.

A draw stays prepared where its arrangement is changed. Were it still made, an organiser could prepare
many, and keep the sample that pleases him (4-37).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.plan_shelf import Shelf
from domain.audit import RunKey
from domain.audit_cadence import AHEAD, expected
from domain.deadline import local_day
from domain.refusal import Refused
from storage.audit_plan_store import read_on_file
from storage.registers_store import read_standing


async def standing_windows(
    connection: AsyncConnection, shelf: Shelf, key: RunKey, at: datetime
) -> frozenset[str]:
    """The windows of an arrangement that are still its own, and those that were settled.

    Where its rollout was stopped, those alone of which an audit was opened.
    """
    on_file = (await read_on_file(connection, key.rollout, key.plan)).get(key.plan)
    standing = await read_standing(connection, key.rollout)
    if on_file is None or standing is None:
        return frozenset()
    calendar = await shelf.calendar(connection, standing.calendar_version)
    record = on_file.record
    if record.ended_at is not None:
        return record.visited
    known = expected(record.versions, calendar, local_day(at) + AHEAD)
    return frozenset(each.window.label for each in known) | record.settled.keys()


def withdrawn(key: RunKey) -> Refused:
    """This will refuse what an arrangement was moved away from, or ended before."""
    return Refused(
        code="DRAW_WITHDRAWN",
        sentence=f"“{key.plan}”已经改期或终止，不再有{key.window}这一期，不抽取，也不检查。",
    )

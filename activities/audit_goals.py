"""Rows of the plan that should have sent a share of a department down, and have not (0-44).

Before its date a row that is still under way is no fault, whatever is missing.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from activities.devolution import DevolutionActivities
from contracts.devolution import DevolutionQuestion
from domain.day_words import SHANGHAI
from domain.deadline import local_day
from domain.devolution import DEVOLVES, Devolution, goals_in
from domain.plan import Plan, Row
from storage.audit_store import Fault, RowProcedure, procedures_of_rows
from storage.engine import Database


async def missing_goals(
    database: Database, plan: Plan, now: datetime
) -> tuple[tuple[Fault, ...], int, str]:
    """The shortfalls, how many procedures were measured, and why some could not be."""
    rows = {row.id: row for row in plan.rows if DEVOLVES in row.options}
    if not rows:
        return (), 0, ""
    async with database.single() as connection:
        found = await procedures_of_rows(connection, plan.rollout, tuple(rows))
    measures = DevolutionActivities(database)
    faults: list[Fault] = []
    looked, why = 0, ""
    for one in found:
        row = rows[one.row_id]
        if one.ended_at is None and local_day(now) <= row.due:
            continue
        goals, _ = goals_in(row.options[DEVOLVES])
        asked = DevolutionQuestion(
            rollout=plan.rollout, goals=goals, district=one.district, targets_text=row.targets_text
        )
        answer = await measures.measure(asked)
        looked += 1
        why = why or answer.sentence
        faults += [_fault(one, row, line) for line in answer.lines if not line.is_met]
    return tuple(faults), looked, why


def _fault(one: RowProcedure, row: Row, line: Devolution) -> Fault:
    count, percent = line.counts[0], line.goal.percent
    over = datetime.combine(row.due + timedelta(days=1), time(), SHANGHAI)
    return Fault(
        place=one.workflow_id,
        workflow_id=one.workflow_id,
        unit=one.unit,
        district=one.district,
        units=(one.unit,),
        since=one.ended_at or over,
        facts={
            "row_id": row.id,
            "ended": one.ended_at is not None,
            "due": row.due.isoformat(),
            "of": line.goal.unit,
            "percent": percent,
            "by": str(count.by),
            "locked": count.locked,
            "needed": count.needed(percent),
            "gone": count.gone,
            "missing": count.missing(percent),
        },
    )

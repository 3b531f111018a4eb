"""Rows of a sheet looked at before they are sent; one connection, a handful of questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from contracts.precheck import (
    MOST_ROWS,
    Precheck,
    RowForeseen,
    RowsForeseen,
    RowsQuestion,
)
from domain.action import Grant
from domain.deadline import local_day
from domain.precheck import Foreseen, Waiting, foresee
from storage.engine import Database
from storage.precheck_store import read_answered, read_desks, read_procedures
from storage.registers_store import read_standing


class PrecheckActivities(Precheck):
    """Foresees from the read models of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="precheck_rows")
    async def rows(self, question: RowsQuestion) -> RowsForeseen:
        """This will say of each row whether it is done, open, or would be refused."""
        asked = question.rows[:MOST_ROWS]
        workflows = tuple(dict.fromkeys(row.asked.workflow_id for row in asked))
        actions = tuple(dict.fromkeys(row.action_id for row in asked))
        async with translated_errors(), self._database.single() as connection:
            procedures = {p.workflow_id: p for p in await read_procedures(connection, workflows)}
            desks: dict[str, list[Waiting]] = defaultdict(list)
            for waiting in await read_desks(connection, workflows):
                desks[waiting.workflow_id].append(
                    Waiting(
                        step=waiting.step,
                        unit=waiting.unit,
                        purpose=waiting.purpose,
                        opened_at=waiting.opened_at,
                    )
                )
            answered = {
                (known.workflow_id, known.action_id): known
                for known in await read_answered(connection, workflows, actions)
            }
            grants = await _grants(connection, question, procedures)
        today = local_day(question.now)
        found = []
        for row in asked:
            workflow_id = row.asked.workflow_id
            before = answered.get((workflow_id, row.action_id))
            done = before is not None and before.done
            procedure = procedures.get(workflow_id)
            known = Foreseen(
                ended=_ending(procedure),
                waiting=desks[workflow_id],
                grants=grants.get((procedure.rollout, row.asked.person)) if procedure else None,
            )
            no = None if done or row.follows else foresee(known, row.asked, today)
            found.append(
                RowForeseen(
                    code=no.code if no else "",
                    sentence=no.sentence if no else "",
                    column=no.column if no else "",
                    done=done,
                    confirmed=before.confirmed if before else False,
                    refused=before.refused if before else 0,
                )
            )
        return RowsForeseen(rows=tuple(found))


def _ending(procedure: Row[Any] | None) -> str | None:
    if procedure is None:
        return None
    return "" if procedure.ended_at is None else str(procedure.status)


async def _grants(
    connection: AsyncConnection, question: RowsQuestion, procedures: Mapping[str, Row[Any]]
) -> dict[tuple[str, str], Sequence[Grant]]:
    """The posts of every person by rollout, absences and recording units counted in."""
    persons: dict[str, set[str]] = defaultdict(set)
    for row in question.rows:
        if row.asked.workflow_id in procedures:
            persons[procedures[row.asked.workflow_id].rollout].add(row.asked.person)
    found: dict[tuple[str, str], Sequence[Grant]] = {}
    for rollout, names in persons.items():
        held = await read_standing(connection, rollout, sorted(names), now=question.now)
        if held is not None:
            found |= {(rollout, name): held.grants[name] for name in names}
    return found

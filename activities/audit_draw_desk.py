"""Reads of draws for the organiser, each noted, and the public number that a draw waits for (4-37).

Who may ask before the proof is published: the people of the organiser's unit, and coordinators over it;
the 督查室 for the commitment alone, which it keeps.
What they get is a letter that only the organiser's passphrase opens.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.audit_draw import DrawBook, Waits, deposit_of, unprepared
from activities.audit_window import standing_windows, withdrawn
from activities.database import translated_errors
from activities.plan_shelf import Shelf
from activities.sealed import Known, known_person
from activities.server_time import arrival
from contracts.audit_draw import DrawAnswer, DrawDesk, DrawQuestion, PublicNumber
from domain.audit import AuditPlan, RunKey
from domain.audit_route import SUPERVISORS
from domain.refusal import Refused
from domain.sampling import public_number
from domain.unit import Unit
from storage import draw_store
from storage.audit_plan_store import hold, read_plan
from storage.engine import Database


class DrawActivities(DrawDesk):
    """Reads the draws of one database."""

    def __init__(self, database: Database, shelf: Shelf, book: DrawBook) -> None:
        self._database = database
        self._shelf = shelf
        self._book = book

    @activity.defn(name="read_draw")
    async def read(self, question: DrawQuestion) -> DrawAnswer:
        """This will read a draw; each reading of a sample not yet published is noted first.

        Whether its hour has come is asked of the server's clock: who could ask from a later time would
        learn the hour beforehand.
        """
        at = min(question.now, arrival())
        async with translated_errors(), self._database.transaction() as connection:
            standing = await standing_windows(connection, self._shelf, question.key, at)
            key = await _with_window(connection, question.key, standing)
            asker = await self._asker(connection, question, key)
            if isinstance(asker, Refused):
                return _refused(asker)
            row = await draw_store.read_draw(connection, key)
            if row is None:
                return _refused(unprepared(key))
            answer = DrawAnswer(deposit=deposit_of(row), drawn_at=row.drawn_at, record=row.record)
            if row.record:
                return answer
            if isinstance(reads_for := _may_read(*asker), Refused):
                return _for_keepers(*asker, row) or _refused(reads_for)
            if row.drawn_at is None:
                if await draw_store.is_missed(connection, key):
                    return _refused(_missed(key))
                if key.window not in standing:
                    return _refused(withdrawn(key))
                return _waiting(answer, await self._book.waits_for(connection, key, at))
            await draw_store.note_reading(connection, key, question.person, reads_for, at)
        return replace(answer, letter=row.letter)

    @activity.defn(name="give_public_number")
    async def give(self, order: PublicNumber) -> DrawAnswer:
        """This will make a draw that waits for its public number.

        Its hour is the server's: a computer whose clock is fast cannot have it early.
        """
        at = min(order.now, arrival())
        async with translated_errors(), self._database.transaction() as connection:
            standing = await standing_windows(connection, self._shelf, order.key, at)
            key = await _with_window(connection, order.key, standing)
            asker = await self._asker(connection, order, key)
            if isinstance(asker, Refused):
                return _refused(asker)
            if isinstance(reads_for := _may_read(*asker), Refused):
                return _refused(reads_for)
            # What is reported as missed at this very moment is not drawn as well.
            await hold(connection, key.rollout, key.plan)
            standing = await standing_windows(connection, self._shelf, key, at)
            row = await draw_store.read_draw(connection, key, to_change=True)
            if row is None:
                return _refused(unprepared(key))
            if (fault := await _number_fault(connection, key, row, order.number)) is not None:
                return _refused(fault)
            if row.drawn_at is None and key.window not in standing:
                return _refused(withdrawn(key))
            drawn = await self._book.draw(connection, key, at, order.number)
            if isinstance(drawn, Refused):
                return _refused(drawn)
        return DrawAnswer(deposit=deposit_of(row), drawn_at=drawn.drawn_at)

    async def _asker(
        self, connection: AsyncConnection, asked: DrawQuestion | PublicNumber, key: RunKey
    ) -> tuple[Known, AuditPlan] | Refused:
        known = await known_person(connection, self._shelf, key.rollout, asked.person, asked.now)
        if isinstance(known, Refused):
            return known
        plan = await read_plan(connection, key.rollout, key.plan)
        return unprepared(key) if plan is None else (known, plan)


async def _with_window(
    connection: AsyncConnection, key: RunKey, standing: Collection[str]
) -> RunKey:
    if key.window:
        return key
    newest = await draw_store.newest_window(connection, key.rollout, key.plan, standing)
    return replace(key, window=newest)


def _waiting(answer: DrawAnswer, waits: Waits | None) -> DrawAnswer:
    return (
        answer if waits is None else replace(answer, waits_for=waits.source, number_day=waits.day)
    )


def _may_read(known: Known, plan: AuditPlan) -> str | Refused:
    """The unit for which somebody reads, or that he may not."""
    unit: Unit | None = known.directory.find(plan.organiser, plan.district)
    if unit is not None and unit.name in known.own:
        return unit.name
    over = known.authority.everywhere if unit is None else known.authority.over(unit)
    if over:
        return known.leading_unit or plan.organiser
    return Refused(
        code="DRAW_DENIED",
        sentence=f"“{plan.name}”的抽取只告诉主办单位{plan.organiser}的人员和协调员，"
        f"{known.person}不是；检查结束后公布，届时任何人都能核验。",
    )


def _for_keepers(known: Known, plan: AuditPlan, row: Row[Any]) -> DrawAnswer | None:
    """What the 督查室, which keeps commitments, may see: not even whether it was drawn."""
    unit = known.directory.find(SUPERVISORS, plan.district)
    if unit is None or unit.name not in known.own:
        return None
    return DrawAnswer(deposit=deposit_of(row), deposit_only=True)


async def _number_fault(
    connection: AsyncConnection, key: RunKey, row: Row[Any], number: str
) -> Refused | None:
    """Why a number is not taken; the same one given again is."""
    if not row.public_source:
        sentence = f"“{key.plan}”{key.window}的抽取不用公开数。"
        return Refused(code="DRAW_NO_NUMBER", sentence=sentence)
    if row.drawn_at is not None and row.public_number != public_number(number):
        sentence = f"“{key.plan}”{key.window}已用公开数“{row.public_number}”抽取，不能再改。"
        return Refused(code="DRAW_NUMBER_GIVEN", sentence=sentence)
    if row.drawn_at is None and await draw_store.is_missed(connection, key):
        return _missed(key)
    return None


def _missed(key: RunKey) -> Refused:
    sentence = f"“{key.plan}”{key.window}已按漏检上报，不再抽取。"
    return Refused(code="DRAW_MISSED", sentence=sentence)


def _refused(no: Refused) -> DrawAnswer:
    return DrawAnswer(code=no.code, sentence=no.sentence)

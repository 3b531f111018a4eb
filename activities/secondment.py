"""Secondments upward: imported sealed, listed by key, closed with a day of return (3-08, F19).

Orders of a rollout follow each other behind a lock of its directory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.census import number_purpose
from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from activities.sealed import Known, key_missing, known_person, open_upload, unknown_rollout
from contracts.sealed import Sealing
from contracts.secondment import (
    MOST_RETURNED,
    SecondmentImport,
    SecondmentImported,
    SecondmentPage,
    SecondmentQuestion,
    SecondmentReturn,
    SecondmentReturned,
    Secondments,
)
from domain.deadline import local_day
from domain.refusal import Finding, Refused
from domain.secondment import (
    RawSecondment,
    Seconded,
    SecondmentGround,
    SecondmentsRead,
    read_secondments,
)
from domain.staff import KEY_FORM
from storage import secondment_store as store
from storage.engine import Database
from storage.people_store import has_directory, read_units
from storage.staff_store import drop_pieces, find_staff

_ROWS: TypeAdapter[tuple[RawSecondment, ...]] = TypeAdapter(tuple[RawSecondment, ...])
_LINE: TypeAdapter[Seconded] = TypeAdapter(Seconded)
_FINDING: TypeAdapter[Finding] = TypeAdapter(Finding)
_MOST_LINES: Final = 1_000


class SecondmentActivities(Secondments):
    """Keeps the secondments of one database; without a seal nothing is imported."""

    def __init__(self, database: Database, shelf: Shelf, seal: Sealing | None) -> None:
        self._database = database
        self._shelf = shelf
        self._seal = seal

    @activity.defn(name="import_secondments")
    async def import_secondments(self, order: SecondmentImport) -> SecondmentImported:
        """This will add what an uploaded sheet says, once."""
        if self._seal is None:
            return _not_imported(key_missing())
        async with translated_errors(), self._database.transaction() as connection:
            known = await known_person(
                connection, self._shelf, order.rollout, order.person, order.now, to_change=True
            )
            if isinstance(known, Refused):
                return _not_imported(known)
            upload = (order.rollout, order.upload, order.pieces)
            rows = await open_upload(connection, self._seal, upload, _ROWS)
            if isinstance(rows, Refused):
                return _not_imported(rows)
            read = await self._read(connection, self._seal, order, known, rows)
            if read.findings:
                return SecondmentImported(
                    findings=read.findings[: how_many_fit(read.findings, _FINDING)],
                    errors=len(read.findings),
                    code="SECONDMENT_INVALID",
                    sentence=f"借调表有{len(read.findings)}处错误，没有导入任何一行。",
                )
            if not order.only_check:
                await drop_pieces(connection, order.upload)
                await store.add_secondments(
                    connection, order.rollout, read.new, order.now, order.person
                )
        applied = bool(read.new) and not order.only_check
        return SecondmentImported(new=len(read.new), same=read.same, applied=applied)

    @activity.defn(name="return_seconded")
    async def give_back(self, order: SecondmentReturn) -> SecondmentReturned:
        """This will write that persons are back."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await known_person(
                connection, self._shelf, order.rollout, order.person, order.now, to_change=True
            )
            if isinstance(known, Refused):
                return SecondmentReturned(code=known.code, sentence=known.sentence)
            found = await store.secondments_of(connection, order.rollout, order.keys)
            refused = _return_fault(order, known, found)
            if refused is not None:
                return SecondmentReturned(code=refused.code, sentence=refused.sentence)
            back = store.Back(
                keys=order.keys,
                on=order.on,
                paper=order.paper.strip(),
                at=order.now,
                person=order.person,
            )
            returned = await store.give_back(connection, order.rollout, back)
        return SecondmentReturned(returned=returned, before=len(set(order.keys)) - returned)

    @activity.defn(name="list_secondments")
    async def show(self, question: SecondmentQuestion) -> SecondmentPage:
        """This will list who is or was away."""
        after = ("", "", date.min)
        if question.page:
            street, staff, since = key_of(question.page, 3)
            after = (street, staff, date.fromisoformat(since))
        async with translated_errors(), self._database.single() as connection:
            units = await self._units(connection, question)
            if isinstance(units, Refused):
                return SecondmentPage(code=units.code, sentence=units.sentence)
            lines = await store.secondments(
                connection, question.rollout, units, after=after, limit=_MOST_LINES
            )
        shown = how_many_fit(lines, _LINE)
        is_more = shown < len(lines) or len(lines) == _MOST_LINES
        last = lines[shown - 1] if shown else None
        return SecondmentPage(
            lines=lines[:shown],
            next_page=place_of(last.street, last.staff, last.since.isoformat())
            if is_more and last is not None
            else "",
        )

    async def _units(
        self, connection: AsyncConnection, question: SecondmentQuestion
    ) -> list[str] | Refused:
        """Whose secondments are listed: keys are no secret, so that nobody need say who asks."""
        if not question.person:
            if not await has_directory(connection, question.rollout):
                return unknown_rollout(question.rollout)
            return [unit.name for unit in await read_units(connection, question.rollout)]
        known = await known_person(
            connection, self._shelf, question.rollout, question.person, question.now
        )
        if isinstance(known, Refused):
            return known
        return [unit.name for unit in known.directory.units if known.reads(unit)]

    async def _read(
        self,
        connection: AsyncConnection,
        seal: Sealing,
        order: SecondmentImport,
        known: Known,
        rows: Sequence[RawSecondment],
    ) -> SecondmentsRead:
        """This will look up who the rows mean, and judge them."""
        purpose = number_purpose(order.rollout)
        index = {r.number: seal.blind(r.number.encode(), purpose) for r in rows if r.number}
        by_index = await find_staff(connection, order.rollout, index.values())
        by_number = {n: by_index[blind][0] for n, blind in index.items() if blind in by_index}
        keys = {*by_number.values(), *(raw.key for raw in rows if raw.key)}
        ground = SecondmentGround(
            directory=known.directory,
            today=local_day(order.now),
            by_key=await store.registered(connection, order.rollout, keys),
            by_number=by_number,
            known=await store.secondments_of(connection, order.rollout, keys),
            mine=frozenset(unit.name for unit in known.directory.units if known.writes(unit)),
        )
        return await asyncio.to_thread(read_secondments, rows, ground)


def _return_fault(
    order: SecondmentReturn, known: Known, found: Mapping[str, tuple[Seconded, ...]]
) -> Refused | None:
    """Why these persons are not back by this order; None if they are, or were by the same words."""
    if not order.keys or len(order.keys) > MOST_RETURNED:
        sentence = f"请写人员编号，一次最多{MOST_RETURNED}人。"
        return Refused(code="SECONDMENT_KEYS", sentence=sentence)
    if not all(KEY_FORM.fullmatch(key) for key in order.keys):
        # What was written may be a name; it is not repeated.
        sentence = "人员只写编号（p- 加16位），见 jiegai secondment list。"
        return Refused(code="STAFF_KEY", sentence=sentence)
    if not order.paper.strip():
        return Refused(code="PAPER_MISSING", sentence="清退须写明依据的文号（--paper）。")
    if order.on > local_day(order.now):
        return Refused(code="DAY_IN_FUTURE", sentence=f"归还日期{order.on}还没有到。")
    for key in order.keys:
        refused = _one_fault(order, known, key, found.get(key, ()))
        if refused is not None:
            return refused
    return None


def _one_fault(
    order: SecondmentReturn, known: Known, key: str, lines: tuple[Seconded, ...]
) -> Refused | None:
    if not lines:
        return Refused(code="SECONDMENT_NONE", sentence=f"{key}没有登记借调。")
    one = next((line for line in lines if line.returned_on is None), lines[-1])
    units = known.directory.by_name
    if not any(known.writes(units[name]) for name in (one.street, one.organ) if name in units):
        sentence = f"{key}的归还只由“{one.street}”“{one.organ}”的办理人或协调员登记。"
        return Refused(code="NOT_YOUR_UNIT", sentence=sentence)
    if one.returned_on is not None:
        if (one.returned_on, one.return_paper) == (order.on, order.paper.strip()):
            return None
        sentence = f"{key}已于{one.returned_on}归还（{one.return_paper}）。"
        return Refused(code="SECONDMENT_CLOSED", sentence=sentence)
    if order.on < one.since:
        sentence = f"{key}{one.since}才借调，归还日期不能是{order.on}。"
        return Refused(code="SECONDMENT_DAY", sentence=sentence)
    return None


def _not_imported(no: Refused) -> SecondmentImported:
    return SecondmentImported(code=no.code, sentence=no.sentence)

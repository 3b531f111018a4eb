"""The establishment ledger's desk: positions, histories, the check, and a coordinator's entries.

An entry is posted in one transaction; a refusal is kept in one of its own, so that it is there
although nothing was posted. Nothing here knows a person's name: people are keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from contracts.ledger import (
    Adjusted,
    AdjustOrder,
    Breach,
    CheckQuestion,
    HistoryLine,
    HistoryPage,
    HistoryQuestion,
    Ledger,
    LedgerChecked,
    LedgerPage,
    LedgerQuestion,
    PositionLine,
    PostingLine,
    PostingsPage,
    PostingsQuestion,
    RefusalLine,
    RefusalsPage,
    RefusalsQuestion,
)
from domain.adjustment import Adjustment, entry_of, fault_in, fault_of_keys
from domain.directory import Directory
from domain.ledger import BROKEN, LEADER
from domain.people import LEADING_DUTY, Authority
from domain.refusal import Refused
from storage.engine import Database
from storage.ledger_audit import LAWS, audit
from storage.ledger_reads import (
    count_unknown_staff,
    entry_by_key,
    has_type,
    list_history,
    list_positions,
    list_postings,
    list_refusals,
    read_book,
    unknown_units,
)
from storage.ledger_store import Posted, keep_refusal, post
from storage.people_store import read_units
from storage.registers_store import read_standing

_POSITION: Final[TypeAdapter[PositionLine]] = TypeAdapter(PositionLine)
_HISTORY: Final[TypeAdapter[HistoryLine]] = TypeAdapter(HistoryLine)
_POSTING: Final[TypeAdapter[PostingLine]] = TypeAdapter(PostingLine)

_AT_ONCE: Final = 2_000
"""Lines read for one page; more never fit."""

_REFUSALS: Final = 200
"""The latest refusals shown."""

_T = TypeVar("_T")


class LedgerActivities(Ledger):
    """Reads, checks and adjusts the ledgers of one database."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="read_ledger")
    async def show(self, question: LedgerQuestion) -> LedgerPage:
        """This will list positions, now or at a day."""
        async with translated_errors(), self._database.single() as connection:
            book = await read_book(connection, question.rollout)
            if book is None:
                return LedgerPage(rollout=question.rollout, unknown=(question.rollout,))
            asked = (question.unit,) if question.unit else ()
            unknown = await unknown_units(connection, question.rollout, asked)
            found = await list_positions(connection, question.rollout, question.unit, question.on)
        lines = _as(PositionLine, found)
        if question.page:
            unit, type_ = key_of(question.page, 2)
            place = next(
                (n for n, line in enumerate(lines, 1) if (line.unit, line.type) == (unit, type_)),
                len(lines),
            )
            lines = lines[place:]
        shown = how_many_fit(lines, _POSITION)
        return LedgerPage(
            rollout=question.rollout,
            lines=lines[:shown],
            entries=book.entries,
            opened=book.opened,
            unknown=unknown,
            next_page=place_of(lines[shown - 1].unit, lines[shown - 1].type)
            if shown < len(lines)
            else "",
        )

    @activity.defn(name="read_ledger_history")
    async def history(self, question: HistoryQuestion) -> HistoryPage:
        """This will list what happened to a unit, with the balances after each entry."""
        after = (date.min, 0, "")
        if question.page:
            day, identity, last_type = key_of(question.page, 3)
            after = (date.fromisoformat(day), int(identity), last_type)
        async with translated_errors(), self._database.single() as connection:
            if await read_book(connection, question.rollout) is None:
                return HistoryPage(unknown=(question.rollout,))
            unknown = await unknown_units(connection, question.rollout, [question.unit])
            found = await list_history(
                connection,
                question.rollout,
                question.unit,
                question.type,
                after=after,
                limit=_AT_ONCE,
            )
        lines = _as(HistoryLine, found)
        shown = how_many_fit(lines, _HISTORY)
        is_last = shown == len(lines) and len(lines) < _AT_ONCE
        last = found[shown - 1] if shown else None
        return HistoryPage(
            lines=lines[:shown],
            unknown=unknown,
            next_page=""
            if is_last or last is None
            else place_of(last["day"].isoformat(), last["id"], last["type"]),
        )

    @activity.defn(name="check_ledger")
    async def check(self, question: CheckQuestion) -> LedgerChecked:
        """This will compute every law from the postings and name what does not hold."""
        async with translated_errors(), self._database.snapshot() as connection:
            if await read_book(connection, question.rollout) is None:
                return LedgerChecked(rollout=question.rollout, unknown=(question.rollout,))
            found = await audit(connection, question.rollout)
        return LedgerChecked(
            rollout=question.rollout,
            entries=found.entries,
            postings=found.postings,
            positions=found.positions,
            people=found.people,
            laws=tuple(LAWS),
            breaches=tuple(Breach(law=law, about=about) for law, about in found.breaches),
        )

    @activity.defn(name="read_ledger_postings")
    async def postings(self, question: PostingsQuestion) -> PostingsPage:
        """This will list every posting."""
        after = (0, 0)
        if question.page:
            number, line = key_of(question.page, 2)
            after = (int(number), int(line))
        async with translated_errors(), self._database.single() as connection:
            book = await read_book(connection, question.rollout)
            if book is None:
                return PostingsPage(unknown=(question.rollout,))
            upto = question.upto or book.entries
            found = await list_postings(connection, question.rollout, upto, after, _AT_ONCE)
        lines = _as(PostingLine, found)
        shown = how_many_fit(lines, _POSTING)
        is_last = shown == len(lines) and len(lines) < _AT_ONCE
        return PostingsPage(
            lines=lines[:shown],
            upto=upto,
            next_page="" if is_last else place_of(lines[shown - 1].number, lines[shown - 1].line),
        )

    @activity.defn(name="read_ledger_refusals")
    async def refusals(self, question: RefusalsQuestion) -> RefusalsPage:
        """This will list what was refused."""
        async with translated_errors(), self._database.single() as connection:
            if await read_book(connection, question.rollout) is None:
                return RefusalsPage(unknown=(question.rollout,))
            found = await list_refusals(connection, question.rollout, _REFUSALS)
        total = found[0]["total"] if found else 0
        return RefusalsPage(lines=_as(RefusalLine, found), total=total)

    @activity.defn(name="adjust_ledger")
    async def adjust(self, order: AdjustOrder) -> Adjusted:
        """This will post a coordinator's adjustment, or refuse it and keep the refusal."""
        given = order.adjustment
        async with translated_errors():
            async with self._database.transaction() as connection:
                answer = await self._adjust(connection, given, order.now)
            if isinstance(answer, Refused):
                entry = entry_of(given)
                if fault_of_keys((*given.joins, *given.leaves)):
                    # Who wrote names for keys finds them written nowhere.
                    entry = replace(entry, lines=())
                async with self._database.transaction() as connection:
                    await keep_refusal(connection, entry, answer, order.now)
                return Adjusted(kind=entry.kind, code=answer.code, sentence=answer.sentence)
            return answer

    async def _adjust(
        self, connection: AsyncConnection, given: Adjustment, now: datetime
    ) -> Adjusted | Refused:
        refused = (
            await self._refused(connection, given, now)
            or fault_in(given)
            or await _unfit(connection, given)
        )
        if refused is not None:
            return refused
        posted = await post(connection, entry_of(given), now)
        known = await entry_by_key(connection, given.rollout, given.key)
        if known is None:
            if isinstance(posted, Posted):
                raise AssertionError("what was posted is there")
            return posted
        positions: list[PositionLine] = []
        for unit in dict.fromkeys(given.units):
            found = await list_positions(connection, given.rollout, unit)
            positions += [one for one in _as(PositionLine, found) if one.type == given.type]
        return Adjusted(
            number=known.number,
            kind=known.kind,
            applied=isinstance(posted, Posted) and posted.created,
            by=known.person,
            positions=tuple(positions),
        )

    async def _refused(
        self, connection: AsyncConnection, given: Adjustment, now: datetime
    ) -> Refused | None:
        """Whether this person may change the ledger of these units (0-05)."""
        standing = await read_standing(connection, given.rollout, [given.person], now=now)
        if standing is None:
            return Refused(code="UNKNOWN_ROLLOUT", sentence=f"没有登记改革“{given.rollout}”。")
        grants = standing.grants[given.person]
        if not grants:
            return Refused(
                code="UNKNOWN_PERSON",
                sentence=f"通讯录里没有“{given.person}”，或其职务已经终止。",
            )
        shelved = await self._shelf.plan(connection, standing.plan_id, standing.plan_version)
        directory = Directory.of(await read_units(connection, given.rollout))
        unknown = [unit for unit in given.units if unit not in directory.by_name]
        if unknown:
            return Refused(code="UNKNOWN_UNIT", sentence=f"没有单位“{unknown[0]}”。")
        authority = Authority.of(given.person, grants, directory, shelved.plan.coordinator)
        barred = [unit for unit in given.units if not authority.over(directory.by_name[unit])]
        if not barred and (given.units or authority.everywhere or authority.districts):
            return None
        return Refused(
            code="NOT_COORDINATOR",
            sentence=f"{'、'.join(barred) or given.rollout}的编制台账只能由改革协调单位的协调员，"
            f"或所在区的{LEADING_DUTY}协调员调整，{given.person}不是。",
        )


async def _unfit(connection: AsyncConnection, given: Adjustment) -> Refused | None:
    """What the registers say against an adjustment that is sound in itself."""
    if not given.paper:
        return BROKEN["ledger_outside_has_paper"] if _changes_totals(given) else _no_paper()
    book = await read_book(connection, given.rollout)
    if book is None or book.opened is None:
        return Refused(
            code="LEDGER_NOT_LOCKED", sentence="编制尚未锁定，没有台账可调：先 jiegai census lock。"
        )
    is_leader = given.type.startswith(LEADER)
    if not is_leader and not await has_type(connection, given.rollout, given.type):
        return Refused(
            code="LEDGER_UNKNOWN_TYPE", sentence=f"台账里没有“{given.type}”这一类编制，请核对写法。"
        )
    people = (*given.joins, *given.leaves)
    if people and (strangers := await count_unknown_staff(connection, given.rollout, people)):
        return Refused(
            code="LEDGER_UNKNOWN_STAFF", sentence=f"有 {strangers} 个人员编号不在人员名册里。"
        )
    return None


def _changes_totals(given: Adjustment) -> bool:
    is_move = bool(given.from_unit and given.to_unit)
    return bool(given.joins or given.leaves) or not is_move


def _no_paper() -> Refused:
    return Refused(code="PAPER_MISSING", sentence="调整编制台账须写明依据的文号（--paper）。")


def _as(kind: type[_T], rows: Iterable[Any]) -> tuple[_T, ...]:
    """Rows as lines of an answer; columns that it does not have are left out."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return tuple(kind(**{k: _plain(v) for k, v in dict(row).items() if k in names}) for row in rows)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

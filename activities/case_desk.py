"""The register of cases as it is read, and the settings of a rollout's cases as they are settled.

Lights hold at the moment of asking. Settings come with a paper and count up; a case that runs
keeps those under which it was opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from activities.sealed import Known, known_person
from contracts.case import (
    NOT_ADMITTED,
    CaseFindQuestion,
    CaseLine,
    CaseListPage,
    CaseListQuestion,
    CaseOrders,
    CasePage,
    CaseReads,
    CasesFound,
    ClockLine,
    SettingsAnswer,
    SettingsOrder,
    SettingsQuestion,
)
from domain.action import Light
from domain.case_limits import CaseSettings
from domain.day_words import SHANGHAI
from domain.refusal import Refused
from domain.unit import UnitKind
from storage import case_store as store
from storage.engine import Database

MOST_LINES: Final = 200
MOST_FOUND: Final = 50
"""Cases returned for an ending; more is not a choice any more."""

_LINE: TypeAdapter[CaseLine] = TypeAdapter(CaseLine)
_CLOCKS: TypeAdapter[tuple[ClockLine, ...]] = TypeAdapter(tuple[ClockLine, ...])
_SETTINGS: TypeAdapter[CaseSettings] = TypeAdapter(CaseSettings)


class CaseReadActivities(CaseReads):
    """Answers from the register of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="list_cases")
    async def cases(self, question: CaseListQuestion) -> CaseListPage:
        """This will list cases, the newest first."""
        wanted = _filter(question)
        limit = max(1, min(question.limit, MOST_LINES))
        async with translated_errors(), self._database.single() as connection:
            if question.breaches:
                page = await _attempts(connection, question, wanted, limit)
            else:
                page = await _cases(connection, question, wanted, limit)
            if page.total:
                return page
            unknown = await store.unknown_names(connection, wanted.rollout, wanted.unit)
        return CaseListPage(lines=(), breaches=page.breaches, unknown=unknown)

    @activity.defn(name="find_cases")
    async def find_cases(self, question: CaseFindQuestion) -> CasesFound:
        """This will find cases by number; where one has exactly this number, only those."""
        wanted = store.CaseFilter(
            now=question.now, not_admitted=NOT_ADMITTED, rollout=question.rollout
        )
        typed = question.text.strip()
        if not typed:
            return CasesFound(lines=())
        async with translated_errors(), self._database.single() as connection:
            rows = await store.find_cases(connection, wanted, typed, MOST_FOUND)
        exact = [row for row in rows if typed in (row.number, row.workflow_id)]
        return CasesFound(lines=tuple(_line(row) for row in exact or rows))

    @activity.defn(name="read_case_settings")
    async def case_settings(self, question: SettingsQuestion) -> SettingsAnswer:
        """This will read what the district settled about its cases."""
        async with translated_errors(), self._database.single() as connection:
            row = await store.settings_of(connection, question.rollout, question.version)
            unknown = await store.unknown_names(connection, question.rollout, "")
        if unknown:
            return SettingsAnswer(
                code="UNKNOWN_ROLLOUT", sentence=f"没有登记改革“{question.rollout}”。"
            )
        if row is None and question.version:
            sentence = f"“{question.rollout}”没有第{question.version}版办案设置。"
            return SettingsAnswer(code="SETTINGS_UNKNOWN", sentence=sentence)
        return SettingsAnswer() if row is None else _answer(row)


class CaseOrderActivities(CaseOrders):
    """Writes settings into one database."""

    def __init__(self, database: Database, shelf: Shelf) -> None:
        self._database = database
        self._shelf = shelf

    @activity.defn(name="settle_cases")
    async def settle(self, order: SettingsOrder) -> SettingsAnswer:
        """This will store new settings; cases that run keep theirs."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await known_person(
                connection, self._shelf, order.rollout, order.person, order.now, to_change=True
            )
            refused = known if isinstance(known, Refused) else _settling_fault(known, order)
            if refused is not None:
                return SettingsAnswer(code=refused.code, sentence=refused.sentence)
            newest = await store.settings_of(connection, order.rollout)
            if newest is not None and newest.content_hash == order.content_hash:
                return _answer(newest)
            version = await store.store_settings(
                connection,
                store.NewSettings(
                    rollout=order.rollout,
                    settings=_SETTINGS.dump_python(order.settings, mode="json"),
                    document=order.document,
                    content_hash=order.content_hash,
                    paper=order.paper.strip(),
                    person=order.person,
                    at=order.now,
                ),
            )
            row = await store.settings_of(connection, order.rollout, version)
        if row is None:
            raise AssertionError("what was just stored is there")
        return _answer(row, created=True)


def settings_from(row: Row[Any] | None) -> CaseSettings:
    """This will read stored settings; those of the source texts where nothing was settled."""
    return CaseSettings() if row is None else _settings(row.settings, row.version)


def _settings(stored: Mapping[str, Any], version: int) -> CaseSettings:
    return _SETTINGS.validate_python({**stored, "version": version})


def _settling_fault(known: Known, order: SettingsOrder) -> Refused | None:
    """Settings hold for every street and department of the districts: who leads them all settles."""
    if not order.paper.strip():
        return Refused(code="PAPER_MISSING", sentence="办案设置须写明依据的文号（--paper）。")
    bound = (
        unit
        for unit in known.directory.units
        if unit.district and unit.kind in (UnitKind.STREET, UnitKind.TOWN, UnitKind.DEPARTMENT)
    )
    if all(known.authority.over(unit) for unit in bound):
        return None
    return Refused(
        code="NOT_COORDINATOR",
        sentence=f"办案设置只能由改革协调单位（只有一个区的，也可由区委编办）的协调员更改，{order.person}不是。",
    )


def _answer(row: Row[Any], *, created: bool = False) -> SettingsAnswer:
    return SettingsAnswer(
        settings=_settings(row.settings, row.version),
        version=row.version,
        paper=row.paper,
        person=row.person,
        at=row.at,
        document=row.document,
        created=created,
    )


async def _cases(
    connection: AsyncConnection, question: CaseListQuestion, wanted: store.CaseFilter, limit: int
) -> CaseListPage:
    after = None
    if question.page:
        at, workflow_id = key_of(question.page, 2)
        after = (datetime.fromisoformat(at), workflow_id)
    rows = await store.read_cases(connection, wanted, after, limit + 1)
    lines = [_line(row) for row in rows[:limit]]
    shown = how_many_fit(lines, _LINE)
    counts = await store.count_cases(connection, wanted)
    last = rows[shown - 1] if shown < len(rows) else None
    return CaseListPage(
        lines=tuple(lines[:shown]),
        next_page=place_of(last.opened_at.isoformat(), last.workflow_id) if last else "",
        **vars(counts),
    )


async def _attempts(
    connection: AsyncConnection, question: CaseListQuestion, wanted: store.CaseFilter, limit: int
) -> CaseListPage:
    """Attempts (4-35): the breaches, or with the status 未受理 every opening that was refused."""
    after = None
    if question.page:
        at, workflow_id, action_id = key_of(question.page, 3)
        after = (datetime.fromisoformat(at), workflow_id, action_id)
    only = question.status != NOT_ADMITTED
    rows = await store.read_attempts(connection, wanted, after, limit + 1, breaches_only=only)
    lines = [_attempt(row) for row in rows[:limit]]
    shown = how_many_fit(lines, _LINE)
    counts = await store.count_attempts(connection, wanted, breaches_only=only)
    last = rows[shown - 1] if shown < len(rows) else None
    return CaseListPage(
        lines=tuple(lines[:shown]),
        next_page=place_of(last.at.isoformat(), last.workflow_id, last.action_id) if last else "",
        total=counts.total,
        breaches=counts.breaches,
    )


def _filter(question: CaseListQuestion) -> store.CaseFilter:
    return store.CaseFilter(
        now=question.now,
        not_admitted=NOT_ADMITTED,
        rollout=question.rollout,
        unit=question.unit,
        kind=question.kind,
        status=question.status,
        item=question.item,
        open_only=question.open_only,
        late_only=question.late_only,
        since=_midnight(question.since),
        before=_midnight(question.until + timedelta(days=1)) if question.until else None,
    )


def _midnight(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) if day else None


def _line(row: Row[Any]) -> CaseLine:
    is_open = row.ended_at is None
    light = Light.RED if row.red else Light.YELLOW if row.yellow else Light.GREEN
    return CaseLine(
        workflow_id=row.workflow_id,
        rollout=row.rollout,
        district=row.district,
        page=_page(row),
        light=light if is_open else "",
        open_steps=tuple(row.open_steps or ()),
        waiting=tuple(row.waiting or ()),
        next_due_at=row.next_due_at,
        opened_at=row.opened_at,
        ended_at=row.ended_at,
    )


def _page(row: Row[Any]) -> CasePage:
    return CasePage(
        number=row.number,
        kind=row.kind,
        title=row.title,
        street=row.street,
        sender=row.sender,
        receiver=row.receiver,
        trigger_at=row.trigger_at,
        source=row.source,
        urgency=row.urgency,
        opened_by=row.opened_by,
        action_id=row.action_id,
        status=row.status,
        list_name=row.list_name,
        list_version=row.list_version,
        item=row.item,
        item_name=row.item_name,
        code=row.code,
        breach=row.breach,
        returns=row.returns,
        refusals=row.refusals,
        clocks=_CLOCKS.validate_python(row.clocks),
        opened_at=row.opened_at,
    )


def _attempt(row: Row[Any]) -> CaseLine:
    return CaseLine(
        workflow_id=row.workflow_id,
        rollout=row.rollout,
        district="",
        page=CasePage(
            number=row.number,
            kind=row.kind,
            title=row.title,
            street=row.street,
            sender=row.sender,
            receiver="",
            trigger_at=row.at,
            source="",
            urgency="",
            opened_by=row.person,
            action_id=row.action_id,
            status=NOT_ADMITTED,
            item=row.item,
            code=row.code,
            sentence=row.sentence,
            breach=row.breach,
            opened_at=row.at,
        ),
        opened_at=row.at,
    )

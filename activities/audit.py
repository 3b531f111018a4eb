"""Makes the automatic checks, a page at a time: the registers are asked anew, no guard is trusted.

A page ends when it is full or has taken long enough, and says where the next begins. A check that
cannot be made says why; it is never counted as passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from temporalio import activity
from temporalio.client import Client

from activities.audit_goals import missing_goals
from activities.audit_page import Filling, Part, worded, wording
from activities.audit_view import differing_counts
from activities.database import bad_data, translated_errors
from activities.plan_shelf import Shelf
from contracts.audit import AuditFinding, AuditPage, AuditQuestion, Audits
from domain.audit_check import Check, checks_named, rule_row, sentence_of
from domain.directory import Directory
from domain.plan import Plan
from storage.audit_store import Scope, ask, unrepaired
from storage.engine import Database
from storage.ledger_audit import audit
from storage.ledger_reads import read_book
from storage.people_store import has_directory, read_units
from storage.registers_store import read_standing

LONGEST: Final = timedelta(seconds=20)
"""A page ends soon after, wherever it is; who ordered it waits a minute."""

MOST_UNREPAIRED: Final = 500
"""Of the last reconcile; its own command lists all."""

_NOT_NARROWED: Final = "只在查整个改革时核对，写了 --district 或 --unit 时不查。"


class AuditActivities(Audits):
    """Checks the registers of one database, and counts on the server where there is a client."""

    def __init__(
        self, database: Database, shelf: Shelf | None = None, client: Client | None = None
    ) -> None:
        self._database = database
        self._shelf = shelf or Shelf()
        self._client = client

    @activity.defn(name="check_audit")
    async def check(self, question: AuditQuestion) -> AuditPage:
        """This will make a page of checks."""
        async with translated_errors():
            return await self._page(question)

    async def _page(self, question: AuditQuestion) -> AuditPage:
        chosen, wrong = checks_named(question.checks) if question.checks else (tuple(Check), ())
        if fault := await self._fault(question, wrong):
            return fault
        if question.stage:
            if question.stage not in chosen:
                raise bad_data(f"没有检查“{question.stage}”，请从头查起")
            chosen = chosen[[str(check) for check in chosen].index(question.stage) :]
        page = Filling()
        clock = asyncio.get_running_loop().time
        until = clock() + LONGEST.total_seconds()
        cursor = question.cursor
        plan = await self._plan(question.rollout)
        for number, check in enumerate(chosen, start=1):
            async for part in self._parts(check, question, plan, cursor):
                activity.heartbeat(str(check), part.cursor)
                stopped = page.take(check, part)
                if stopped is not None:
                    return page.answer(check, stopped)
                if part.cursor and clock() > until:
                    return page.answer(check, part.cursor)
            cursor = ""
            if number < len(chosen) and clock() > until:
                return page.answer(chosen[number], "")
        return page.answer()

    async def _fault(self, question: AuditQuestion, wrong: Sequence[str]) -> AuditPage | None:
        if wrong:
            listed = "、".join(Check)
            return AuditPage(
                code="UNKNOWN_CHECK", sentence=f"没有检查“{wrong[0]}”，可写：{listed}。"
            )
        async with self._database.single() as connection:
            if not await has_directory(connection, question.rollout):
                sentence = f"没有登记改革“{question.rollout}”。"
                return AuditPage(code="UNKNOWN_ROLLOUT", sentence=sentence)
            if not question.district and not question.unit:
                return None
            units = await read_units(connection, question.rollout)
        if question.district and all(u.district != question.district for u in units):
            return AuditPage(code="UNKNOWN_UNIT", sentence=f"没有区“{question.district}”。")
        if question.unit and question.unit not in Directory.of(units).by_name:
            return AuditPage(code="UNKNOWN_UNIT", sentence=f"没有单位“{question.unit}”。")
        return None

    async def _plan(self, rollout: str) -> Plan | None:
        async with self._database.single() as connection:
            standing = await read_standing(connection, rollout)
            if standing is None or not standing.plan_version:
                return None
            on_shelf = await self._shelf.plan(connection, standing.plan_id, standing.plan_version)
        return on_shelf.plan

    async def _parts(
        self, check: Check, question: AuditQuestion, plan: Plan | None, cursor: str
    ) -> AsyncIterator[Part]:
        if check is Check.LEDGER:
            yield await self._ledger(question)
            return
        if check is Check.DEVOLUTION:
            yield await self._goals(question, plan)
            return
        scope = Scope(
            rollout=question.rollout,
            now=question.now,
            district=question.district,
            unit=question.unit,
        )
        word = wording(check, question, plan)
        while True:
            async with self._database.single() as connection:
                window = await ask(connection, check, scope, cursor)
            part = worded(window, word, cursor)
            if check is Check.VIEW:
                part = replace(part, looked=0)
                part = await self._view(question, part) if window.is_last else part
            yield part
            if window.is_last:
                return
            cursor = part.cursor

    async def _ledger(self, question: AuditQuestion) -> Part:
        """0-25: the laws are computed of the whole ledger; a breach counts for the unit it begins with."""
        async with self._database.snapshot() as connection:
            book = await read_book(connection, question.rollout)
            if book is None or (not book.entries and book.opened is None):
                return Part(left_out="还没有开账（先 jiegai census lock），没有台账可查。")
            found = await audit(connection, question.rollout)
            units = await read_units(connection, question.rollout)
        lines = []
        for law, about in found.breaches:
            named = [u for u in units if about.startswith(u.name)]
            whose = max(named, key=lambda u: len(u.name), default=None)
            if whose is not None and not _concerns(question, whose.name, whose.district):
                continue
            line = AuditFinding(
                check=str(Check.LEDGER),
                rule=rule_row(Check.LEDGER, {}),
                unit=whose.name if whose else "",
                district=whose.district if whose else "",
                sentence=sentence_of(Check.LEDGER, {"law": law, "about": about}, question.now),
            )
            lines.append(("", line))
        return Part(found=tuple(lines), looked=found.entries)

    async def _goals(self, question: AuditQuestion, plan: Plan | None) -> Part:
        """0-44: what is due, or was finished, and has not gone down far enough."""
        if plan is None:
            return Part()
        faults, looked, why = await missing_goals(self._database, plan, question.now)
        mine = [one for one in faults if _concerns(question, one.unit, one.district)]
        word = wording(Check.DEVOLUTION, question, plan)
        return Part(
            found=tuple(("", line) for one in mine for line in word(one)),
            looked=looked,
            left_out=why,
        )

    async def _view(self, question: AuditQuestion, part: Part) -> Part:
        """The counts of the server, and what the last reconcile could not repair."""
        if question.district or question.unit:
            return replace(part, left_out=_NOT_NARROWED)
        async with self._database.single() as connection:
            told = await unrepaired(connection, question.rollout, MOST_UNREPAIRED)
        word = wording(Check.VIEW, question, None)
        found = list(part.found)
        last = part.keys[-1] if part.keys else ""
        if self._client is None:
            whole = replace(part, left_out="没有连接 Temporal，没有核对在办件数。")
        else:
            counted = await differing_counts(self._client, self._database, question.rollout)
            found += [(last, line) for one in counted.faults for line in word(one)]
            whole = replace(part, looked=counted.types, left_out=counted.left_out)
        found += [(last, line) for one in told or () for line in word(one)]
        return replace(whole, found=tuple(found))


def _concerns(question: AuditQuestion, unit: str, district: str) -> bool:
    """Whether a finding of this unit is asked for."""
    if question.unit and question.unit != unit:
        return False
    return not question.district or district in {"", question.district}

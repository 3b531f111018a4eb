"""Visits of one audit, all or none: the first of a sample opens it, the last publishes its draw.

Each unit of a sample is told by its own visit and its own proof (4-37).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.audit_draw import DrawBook
from activities.audit_open import AuditOpener, Composed
from activities.audit_who import (
    MOST_AT_ONCE,
    Recorders,
    is_sample,
    may_record,
    plan_for,
    refused,
    still_runs,
)
from activities.audit_window import standing_windows, withdrawn
from activities.database import translated_errors
from activities.sealed import Known, Undone
from contracts.audit_flow import AuditOpening, AuditRecorded, VisitLine, VisitsOrder
from domain.audit import AuditKind, AuditPlan
from domain.audit_flow import Visit
from domain.audit_guard import not_open, unproved, visit_fault
from domain.deadline import local_day
from domain.personal import personal_fault
from domain.refusal import Refused
from storage import audit_flow_store as store
from storage.draw_store import read_draw
from storage.engine import Database


class _LineRefused(Exception):
    """Raised to leave nothing behind of an order; carries which of its lines was refused, and why."""

    def __init__(self, refused: Refused, place: int) -> None:
        super().__init__(refused.code)
        self.refused = refused
        self.place = place


@dataclass(frozen=True, kw_only=True)
class _Audit:
    """The audit that an order is about, held until the transaction ends."""

    on_file: store.AuditOnFile
    plan: AuditPlan
    covered: tuple[str, ...]
    known: Known


class VisitRecorder:
    """Records visits in one database; the first of a sample opens its audit on one server."""

    def __init__(
        self, database: Database, who: Recorders, opener: AuditOpener, draws: DrawBook
    ) -> None:
        self._database = database
        self._who = who
        self._opener = opener
        self._draws = draws

    async def record(self, order: VisitsOrder) -> AuditRecorded:
        """This will record visits, all or none; what was recorded before stays as it is."""
        if not order.lines:
            return AuditRecorded()
        if len(order.lines) > MOST_AT_ONCE:
            sentence = f"一次最多登记{MOST_AT_ONCE}个到访。"
            return refused(Refused(code="AUDIT_TOO_MANY", sentence=sentence))
        for place, line in enumerate(order.lines, start=1):
            visit = line.visit
            said = personal_fault(visit.team, visit.result, visit.opinions)
            if no := said or visit_fault(visit, local_day(order.now)):
                return refused(no, place)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                recorded, opened = await self._recorded(connection, order)
        except Undone as undone:
            return refused(undone.refused)
        except _LineRefused as undone:
            return refused(undone.refused, undone.place)
        if opened is not None:
            await self._opener.start(order.key, opened)
        return recorded

    async def _recorded(
        self, connection: AsyncConnection, order: VisitsOrder
    ) -> tuple[AuditRecorded, Composed | None]:
        key = order.key
        known = await self._who.known(connection, key.rollout, order)
        on_file = await store.read_audit(connection, key, to_change=True)
        plan = await plan_for(connection, key, on_file)
        may_record(known, plan, on_file)
        there = {
            line.action_id: await store.visit_by_action(connection, key.rollout, line.action_id)
            for line in order.lines
        }
        opened = None
        if on_file is None or (on_file.ended_at is None and is_sample(plan)):
            opened = await self._opened(connection, order, plan, on_file)
            on_file = await store.read_audit(connection, key)
        if on_file is None:
            raise AssertionError("an audit that was entered is there")
        before = sum(bool(there[line.action_id]) for line in order.lines)
        numbers = tuple(filter(None, there.values()))
        if all(there.values()):
            again = AuditRecorded(
                numbers=numbers, workflow_id=on_file.workflow_id, again=True, before=before
            )
            return again, opened
        still_runs(on_file)
        covered = await self._covered(connection, on_file)
        audit = _Audit(on_file=on_file, plan=plan, covered=covered, known=known)
        numbers = await self._added(connection, order, audit, there)
        recorded = AuditRecorded(
            numbers=numbers,
            workflow_id=on_file.workflow_id,
            sentence=await self._left(connection, order, audit),
            before=before,
        )
        return recorded, opened

    async def _added(
        self,
        connection: AsyncConnection,
        order: VisitsOrder,
        audit: _Audit,
        there: dict[str, int],
    ) -> tuple[int, ...]:
        """This will add what is new, and return the number of each line."""
        numbers = dict(there)
        for place, line in enumerate(order.lines, start=1):
            if numbers[line.action_id]:
                continue
            try:
                visit = await self._admitted(connection, order, line, audit)
            except Undone as undone:
                raise _LineRefused(undone.refused, place) from undone
            numbers[line.action_id] = await store.add_visit(
                connection, order.key, visit, line.action_id, order.now
            )
        return tuple(numbers[line.action_id] for line in order.lines)

    async def _admitted(
        self, connection: AsyncConnection, order: VisitsOrder, line: VisitLine, audit: _Audit
    ) -> Visit:
        """The visit under its unit's full name; of a sample only with its proof. Raises Undone."""
        plan = audit.plan
        unit = audit.known.directory.find(line.visit.unit, plan.district)
        name = unit.name if unit else line.visit.unit
        if is_sample(plan):
            if not await self._draws.admits(connection, order.key, name, line.proof):
                raise Undone(unproved(name))
            await self._in_time(connection, order, line.visit, audit.on_file)
        elif name not in audit.covered:
            sentence = f"“{name}”不是本次督查的单位，不能登记到访。"
            raise Undone(Refused(code="AUDIT_NOT_COVERED", sentence=sentence))
        return replace(line.visit, unit=name, recorded_by=order.person)

    async def _left(self, connection: AsyncConnection, order: VisitsOrder, audit: _Audit) -> str:
        """Who is still to be visited; where nobody of a sample is, its draw is published."""
        visited = await store.visited(connection, order.key)
        left = sum(unit not in visited for unit in audit.covered)
        sentence = f"共{len(audit.covered)}个单位，" + (
            f"还有{left}个没有到访。" if left else "都已到访。"
        )
        if is_sample(audit.plan) and not left:
            if no := await self._draws.publish(connection, order.key, order.now):
                raise Undone(no)
            sentence += "抽样记录已经公布，可用 jiegai audit verify 验算。"
        return sentence

    async def _opened(
        self,
        connection: AsyncConnection,
        order: VisitsOrder,
        plan: AuditPlan,
        on_file: store.AuditOnFile | None,
    ) -> Composed | None:
        """The audit of a sample is entered once it is known that the unit was drawn.

        One that is there is composed again with every visit: its workflow may never have been started,
        where the server was away after the first. One that runs goes on.
        """
        if not is_sample(plan):
            raise Undone(not_open(order.key))
        if on_file is None:
            standing = await standing_windows(connection, self._who.shelf, order.key, order.now)
            if order.key.window not in standing:
                raise Undone(withdrawn(order.key))
        drawn = await self._draws.drawn_units(connection, order.key)
        if isinstance(drawn, Refused):
            raise Undone(drawn)
        if drawn is None:
            sentence = f"“{order.key.plan}”{order.key.window}还没有抽取，没有可以登记的到访。"
            raise Undone(Refused(code="AUDIT_NOT_DRAWN", sentence=sentence))
        opening = AuditOpening(plan=plan, key=order.key, at=order.now)
        found = await self._opener.enter(connection, opening)
        if isinstance(found, Refused) and on_file is None:
            raise Undone(found)
        return None if isinstance(found, Refused) else found

    async def _in_time(
        self,
        connection: AsyncConnection,
        order: VisitsOrder,
        visit: Visit,
        on_file: store.AuditOnFile,
    ) -> None:
        """After the draw, and not first after it was published because nobody had been there."""
        row = await read_draw(connection, order.key)
        if row and row.published_at and row.published_at < on_file.opened_at:
            named = f"“{order.key.plan}”{order.key.window}"
            sentence = f"{named}到期没有到访记录，抽样记录已经公布，不能再登记到访。"
            raise Undone(Refused(code="AUDIT_LAPSED", sentence=sentence))
        drawn_on = local_day(row.drawn_at) if row and row.drawn_at else visit.on
        if visit.on < drawn_on:
            sentence = f"{visit.on}还没有抽取（{drawn_on}抽的），不能是抽查的到访。"
            raise Undone(Refused(code="AUDIT_BEFORE_DRAW", sentence=sentence))

    async def _covered(
        self, connection: AsyncConnection, on_file: store.AuditOnFile
    ) -> tuple[str, ...]:
        """Whom an audit inspects; of a sample it must not leave this process."""
        if on_file.kind != AuditKind.SAMPLING:
            return on_file.covers
        drawn = await self._draws.drawn_units(connection, on_file.key)
        if isinstance(drawn, Refused):
            raise Undone(drawn)
        return drawn or ()

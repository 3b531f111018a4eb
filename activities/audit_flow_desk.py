"""What inspectors record of an audit, and what is read of it: visits, problems, conclusions, the text.

A sample's audit opens with its first visit, and each of its units is told by its own (4-37). All is
recorded once, however often it is sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.audit_draw import DrawBook
from activities.audit_open import AuditOpener
from activities.audit_record import record_page
from activities.audit_visit import VisitRecorder
from activities.audit_who import MOST_AT_ONCE, Recorders, refused, still_runs
from activities.database import translated_errors
from activities.plan_shelf import Shelf
from activities.sealed import Known, Undone
from contracts.audit_flow import (
    AuditFlowDesk,
    AuditRecord,
    AuditRecorded,
    AuditRecordQuestion,
    ConclusionsOrder,
    DisciplineText,
    ProblemsOrder,
    VisitLine,
    VisitOrder,
    VisitsOrder,
)
from domain.audit import AuditKind, AuditPlan
from domain.audit_flow import RECTIFY, Discipline, Problem, ProblemState
from domain.audit_guard import (
    conclusion_fault,
    item_named,
    items_of,
    length_fault,
    not_of,
    not_open,
    problem_fault,
    source_of,
)
from domain.people import LEADING_DUTY
from domain.personal import personal_fault
from domain.refusal import Refused
from storage import audit_conclusion_store as concluded
from storage import audit_flow_store as store
from storage.engine import Database

_NEXT_ROUND: Final = (
    f"“{RECTIFY}”已经发出：新登记的不在其内，由复核或报告退回后，随下一轮{RECTIFY}发出。"
)
"""A problem that was not sent to its unit is not among those that the unit says it has rectified."""

BY_HAND: Final = "人工"


class AuditFlowDeskActivities(AuditFlowDesk):
    """Records audits in one database; the first visit of a sample opens its audit on one server."""

    def __init__(
        self, database: Database, shelf: Shelf, opener: AuditOpener, draws: DrawBook
    ) -> None:
        self._database = database
        self._who = Recorders(shelf)
        self._visits = VisitRecorder(database, self._who, opener, draws)

    # --- visits -----------------------------------------------------------------------------

    @activity.defn(name="record_visit")
    async def visit(self, order: VisitOrder) -> AuditRecorded:
        """This will record a visit; the first of a sample opens its audit, the last publishes it."""
        line = VisitLine(action_id=order.action_id, visit=order.visit, proof=order.proof)
        several = VisitsOrder(now=order.now, key=order.key, person=order.person, lines=(line,))
        return await self._visits.record(several)

    @activity.defn(name="record_visits")
    async def visits(self, order: VisitsOrder) -> AuditRecorded:
        """This will record several visits, all or none."""
        return await self._visits.record(order)

    # --- problems and conclusions -----------------------------------------------------------

    @activity.defn(name="record_problems")
    async def find(self, order: ProblemsOrder) -> AuditRecorded:
        """This will enter problems, all or none; those that are there keep their numbers."""
        said = [t for p in order.problems for t in (p.sentence, p.rule, p.advice, p.done)]
        faults = (problem_fault(problem) for problem in order.problems)
        no = personal_fault(*said) or next((fault for fault in faults if fault), None)
        if len(order.problems) > MOST_AT_ONCE:
            no = Refused(code="AUDIT_TOO_MANY", sentence=f"一次最多登记{MOST_AT_ONCE}个问题。")
        if no is not None:
            return refused(no)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await self._found(connection, order)
        except Undone as undone:
            return refused(undone.refused)

    async def _found(self, connection: AsyncConnection, order: ProblemsOrder) -> AuditRecorded:
        on_file, plan, known = await self._who.running(connection, order)
        places = await self._places(connection, on_file)
        named = [_named(problem, plan, known) for problem in order.problems]
        if strange := next((one.unit for one in named if one.unit not in places), ""):
            raise Undone(not_of(strange, plan))
        new = {
            one.source: one
            for one in (
                _sourced(problem, f"{order.action_id}:{place}")
                for place, problem in enumerate(named)
            )
        }
        there = await store.problems_by_source(connection, order.key, new)
        fresh = tuple(one for source, one in new.items() if source not in there)
        if fresh:
            still_runs(on_file)
        await store.add_problems(connection, order.key, fresh, person=order.person, at=order.now)
        numbered = await store.problems_by_source(connection, order.key, new)
        is_late = any(one.problem.state is ProblemState.OPEN for one in fresh)
        is_late = is_late and await store.are_sent(connection, order.key)
        return AuditRecorded(
            numbers=tuple(numbered[source] for source in new),
            workflow_id=on_file.workflow_id,
            again=not fresh,
            sentence=_NEXT_ROUND if is_late else "",
        )

    async def _places(
        self, connection: AsyncConnection, on_file: store.AuditOnFile
    ) -> frozenset[str]:
        """Whose problems may be entered: of a sample only units whose visit is recorded."""
        if on_file.kind != AuditKind.SAMPLING:
            return frozenset(on_file.covers)
        return frozenset(await store.visited(connection, on_file.key))

    @activity.defn(name="record_conclusions")
    async def conclude(self, order: ConclusionsOrder) -> AuditRecorded:
        """This will record conclusions about items of the checklist, all or none (0-13, 0-15)."""
        if no := personal_fault(*(one.note for one in order.conclusions)):
            return refused(no)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await self._concluded(connection, order)
        except Undone as undone:
            return refused(undone.refused)

    async def _concluded(
        self, connection: AsyncConnection, order: ConclusionsOrder
    ) -> AuditRecorded:
        on_file, plan, _ = await self._who.running(connection, order)
        workflow_id = on_file.workflow_id
        if await concluded.concluded_by(connection, order.key.rollout, order.action_id):
            return AuditRecorded(workflow_id=workflow_id, again=True)
        still_runs(on_file)
        text = await concluded.newest_discipline(connection, order.key.rollout)
        items = items_of(plan, text.items if text else ())
        for one in order.conclusions:
            item = item_named(items, one.number)
            no = conclusion_fault(one, items)
            if no is not None or item is None:
                raise Undone(no or not_open(order.key))
            await concluded.add_conclusion(
                connection,
                order.key,
                replace(one, recorded_by=order.person),
                item,
                action_id=order.action_id,
                at=order.now,
            )
        known = await concluded.conclusions(connection, order.key)
        left = [item.number for item in items if (item.number, item.text) not in known]
        sentence = f"还有{len(left)}项没有结论。" if left else f"{len(items)}项都有结论。"
        return AuditRecorded(workflow_id=workflow_id, sentence=sentence)

    @activity.defn(name="load_discipline")
    async def discipline(self, text: DisciplineText) -> AuditRecorded:
        """This will load the 四个严禁 as the customer has them; each new text is a version (0-15)."""
        items = tuple(item.strip() for item in text.items if item.strip())
        if no := personal_fault(text.paper, *items) or length_fault(text.paper, *items):
            return refused(no)
        if not items or not text.paper.strip():
            sentence = "“四个严禁”须有条文，并写明来自哪份文件（--paper 文号）。"
            return refused(Refused(code="DISCIPLINE_EMPTY", sentence=sentence))
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await self._loaded(connection, text, items)
        except Undone as undone:
            return refused(undone.refused)

    async def _loaded(
        self, connection: AsyncConnection, text: DisciplineText, items: tuple[str, ...]
    ) -> AuditRecorded:
        _may_load(await self._who.known(connection, text.rollout, text))
        newest = await concluded.newest_discipline(connection, text.rollout)
        if newest and (newest.items, newest.paper) == (items, text.paper.strip()):
            return AuditRecorded(numbers=(newest.version,), again=True)
        given = {
            "paper": text.paper.strip(),
            "person": text.person,
            "at": text.now,
            "action_id": f"{text.action_id}#{newest.version + 1 if newest else 1}",
        }
        version = await concluded.load_discipline(connection, text.rollout, items, given)
        sentence = f"第{version}版，{len(items)}条；已有的结论只对原来的条文有效。"
        return AuditRecorded(numbers=(version,), sentence=sentence)

    # --- reading ----------------------------------------------------------------------------

    @activity.defn(name="read_audit_record")
    async def record(self, question: AuditRecordQuestion) -> AuditRecord:
        """This will read the record of an audit; of a sample only what was visited."""
        async with translated_errors(), self._database.snapshot() as connection:
            return await record_page(connection, question)


def _named(problem: Problem, plan: AuditPlan, known: Known) -> Problem:
    """A problem with its unit's full name; one of 编制纪律检查 is of that discipline (2-21)."""
    unit = known.directory.find(problem.unit, plan.district)
    of_kind = Discipline.ESTABLISHMENT if plan.kind is AuditKind.DISCIPLINE else ""
    return replace(
        problem,
        unit=unit.name if unit else problem.unit,
        discipline=problem.discipline or of_kind,
    )


def _sourced(problem: Problem, by_hand: str) -> store.NewProblem:
    """What a check found is the same one again; what a person found only in the same order."""
    source = by_hand if problem.found_by == BY_HAND else source_of(problem)
    return store.NewProblem(problem=problem, source=source)


def _may_load(known: Known) -> None:
    """0-15: the 区委编办 checks, and whoever leads the rollout."""
    led = {name for name in known.acting if LEADING_DUTY in known.directory.by_name[name].duties}
    if led or known.leading_unit:
        return
    sentence = f"“四个严禁”由{LEADING_DUTY}载入，{known.person}不是其办理人。"
    raise Undone(Refused(code="NOT_YOUR_UNIT", sentence=sentence))

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
from activities.audit_open import AuditOpener, Composed, plan_of
from activities.audit_record import record_page
from activities.database import translated_errors
from activities.plan_shelf import Shelf
from activities.sealed import Known, Undone, known_person
from contracts.audit_flow import (
    AuditFlowDesk,
    AuditOpening,
    AuditRecord,
    AuditRecorded,
    AuditRecordQuestion,
    ConclusionsOrder,
    DisciplineText,
    ProblemsOrder,
    VisitOrder,
)
from domain.audit import AuditKind, AuditPlan, RunKey
from domain.audit_flow import Discipline, Problem
from domain.audit_guard import (
    conclusion_fault,
    item_named,
    items_of,
    length_fault,
    not_of,
    not_open,
    problem_fault,
    source_of,
    unproved,
    visit_fault,
)
from domain.deadline import local_day
from domain.people import LEADING_DUTY
from domain.personal import personal_fault
from domain.refusal import Refused
from storage import audit_conclusion_store as concluded
from storage import audit_flow_store as store
from storage.audit_plan_store import read_plan
from storage.draw_store import read_draw
from storage.engine import Database

BY_HAND: Final = "人工"
MOST_AT_ONCE: Final = 2_000

_Order = VisitOrder | ProblemsOrder | ConclusionsOrder | DisciplineText


class AuditFlowDeskActivities(AuditFlowDesk):
    """Records audits in one database; the first visit of a sample opens its audit on one server."""

    def __init__(
        self, database: Database, shelf: Shelf, opener: AuditOpener, draws: DrawBook
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._opener = opener
        self._draws = draws

    # --- visits -----------------------------------------------------------------------------

    @activity.defn(name="record_visit")
    async def visit(self, order: VisitOrder) -> AuditRecorded:
        """This will record a visit; the first of a sample opens its audit, the last publishes it."""
        visit = order.visit
        said = personal_fault(visit.team, visit.result, visit.opinions)
        if no := said or visit_fault(visit, local_day(order.now)):
            return _refused(no)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                known = await self._known(connection, order.key.rollout, order)
                recorded, opened = await self._visited(connection, order, known)
        except Undone as undone:
            return _refused(undone.refused)
        if opened is not None:
            await self._opener.start(order.key, opened)
        return recorded

    async def _visited(
        self, connection: AsyncConnection, order: VisitOrder, known: Known
    ) -> tuple[AuditRecorded, Composed | None]:
        key = order.key
        on_file = await store.read_audit(connection, key, to_change=True)
        plan = await self._plan(connection, key, on_file)
        self._may_record(known, plan, on_file)
        number = await store.visit_by_action(connection, key.rollout, order.action_id)
        opened = None
        if on_file is None or (number and on_file.ended_at is None and _is_sample(plan)):
            opened = await self._opened(connection, order, plan)
            on_file = await store.read_audit(connection, key)
        if on_file is None:
            raise AssertionError("an audit that was entered is there")
        if number:
            again = AuditRecorded(numbers=(number,), workflow_id=on_file.workflow_id, again=True)
            return again, opened
        _still_runs(on_file)
        unit = known.directory.find(order.visit.unit, plan.district)
        name = unit.name if unit else order.visit.unit
        covered = await self._covered(connection, on_file)
        if _is_sample(plan):
            if not await self._draws.admits(connection, key, name, order.proof):
                raise Undone(unproved(name))
            await self._after_the_draw(connection, order)
        elif name not in covered:
            sentence = f"“{name}”不是本次督查的单位，不能登记到访。"
            raise Undone(Refused(code="AUDIT_NOT_COVERED", sentence=sentence))
        visit = replace(order.visit, unit=name, recorded_by=order.person)
        number = await store.add_visit(connection, key, visit, order.action_id, order.now)
        visited = await store.visited(connection, key)
        left = sum(unit not in visited for unit in covered)
        sentence = f"共{len(covered)}个单位，" + (
            f"还有{left}个没有到访。" if left else "都已到访。"
        )
        if _is_sample(plan) and not left:
            if no := await self._draws.publish(connection, key, order.now):
                raise Undone(no)
            sentence += "抽样记录已经公布，可用 jiegai audit verify 验算。"
        recorded = AuditRecorded(
            numbers=(number,), workflow_id=on_file.workflow_id, sentence=sentence
        )
        return recorded, opened

    async def _opened(
        self, connection: AsyncConnection, order: VisitOrder, plan: AuditPlan
    ) -> Composed | None:
        """The audit of a sample is entered once it is known that the unit was drawn."""
        if not _is_sample(plan):
            raise Undone(not_open(order.key))
        drawn = await self._draws.drawn_units(connection, order.key)
        if isinstance(drawn, Refused):
            raise Undone(drawn)
        if drawn is None:
            sentence = f"“{order.key.plan}”{order.key.window}还没有抽取，没有可以登记的到访。"
            raise Undone(Refused(code="AUDIT_NOT_DRAWN", sentence=sentence))
        opening = AuditOpening(plan=plan, key=order.key, at=order.now)
        found = await self._opener.enter(connection, opening)
        if isinstance(found, Refused):
            raise Undone(found)
        return found

    async def _after_the_draw(self, connection: AsyncConnection, order: VisitOrder) -> None:
        row = await read_draw(connection, order.key)
        drawn_on = local_day(row.drawn_at) if row and row.drawn_at else order.visit.on
        if order.visit.on < drawn_on:
            sentence = f"{order.visit.on}还没有抽取（{drawn_on}抽的），不能是抽查的到访。"
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
            return _refused(no)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await self._found(connection, order)
        except Undone as undone:
            return _refused(undone.refused)

    async def _found(self, connection: AsyncConnection, order: ProblemsOrder) -> AuditRecorded:
        on_file, plan, known = await self._running(connection, order)
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
            _still_runs(on_file)
        await store.add_problems(connection, order.key, fresh, person=order.person, at=order.now)
        numbered = await store.problems_by_source(connection, order.key, new)
        return AuditRecorded(
            numbers=tuple(numbered[source] for source in new),
            workflow_id=on_file.workflow_id,
            again=not fresh,
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
            return _refused(no)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await self._concluded(connection, order)
        except Undone as undone:
            return _refused(undone.refused)

    async def _concluded(
        self, connection: AsyncConnection, order: ConclusionsOrder
    ) -> AuditRecorded:
        on_file, plan, _ = await self._running(connection, order)
        workflow_id = on_file.workflow_id
        if await concluded.concluded_by(connection, order.key.rollout, order.action_id):
            return AuditRecorded(workflow_id=workflow_id, again=True)
        _still_runs(on_file)
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
            return _refused(no)
        if not items or not text.paper.strip():
            sentence = "“四个严禁”须有条文，并写明来自哪份文件（--paper 文号）。"
            return _refused(Refused(code="DISCIPLINE_EMPTY", sentence=sentence))
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await self._loaded(connection, text, items)
        except Undone as undone:
            return _refused(undone.refused)

    async def _loaded(
        self, connection: AsyncConnection, text: DisciplineText, items: tuple[str, ...]
    ) -> AuditRecorded:
        _may_load(await self._known(connection, text.rollout, text))
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

    # --- who, which -------------------------------------------------------------------------

    async def _known(self, connection: AsyncConnection, rollout: str, order: _Order) -> Known:
        known = await known_person(
            connection, self._shelf, rollout, order.person, order.now, to_change=True
        )
        if isinstance(known, Refused):
            raise Undone(known)
        return known

    async def _plan(
        self, connection: AsyncConnection, key: RunKey, on_file: store.AuditOnFile | None
    ) -> AuditPlan:
        """The arrangement by which an audit was opened, or would be."""
        if on_file is not None:
            return plan_of(on_file)
        plan = await read_plan(connection, key.rollout, key.plan)
        if plan is None:
            sentence = f"没有督查安排“{key.plan}”（jiegai audit list {key.rollout}）。"
            raise Undone(Refused(code="AUDIT_UNKNOWN", sentence=sentence))
        return plan

    @staticmethod
    def _may_record(known: Known, plan: AuditPlan, on_file: store.AuditOnFile | None) -> None:
        """The organiser's people record; whoever leads them may where there is nothing to hide."""
        word = on_file.organiser if on_file else plan.organiser
        organiser = known.directory.find(word, plan.district)
        if organiser is not None and (
            organiser.name in known.acting or (not _is_sample(plan) and known.writes(organiser))
        ):
            return
        who = organiser.name if organiser else word
        sentence = f"督查记录由主办单位{who}的办理人登记，{known.person}不是。"
        raise Undone(Refused(code="NOT_YOUR_UNIT", sentence=sentence))

    async def _running(
        self, connection: AsyncConnection, order: ProblemsOrder | ConclusionsOrder
    ) -> tuple[store.AuditOnFile, AuditPlan, Known]:
        known = await self._known(connection, order.key.rollout, order)
        on_file = await store.read_audit(connection, order.key, to_change=True)
        plan = await self._plan(connection, order.key, on_file)
        self._may_record(known, plan, on_file)
        if on_file is None:
            raise Undone(not_open(order.key))
        return on_file, plan, known


def _is_sample(plan: AuditPlan) -> bool:
    return plan.kind is AuditKind.SAMPLING


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


def _still_runs(on_file: store.AuditOnFile) -> None:
    if on_file.ended_at is not None:
        sentence = f"“{on_file.key.plan}”{on_file.key.window}已经{on_file.ending}，不能再登记。"
        raise Undone(Refused(code="AUDIT_ENDED", sentence=sentence))


def _refused(no: Refused) -> AuditRecorded:
    return AuditRecorded(code=no.code, sentence=no.sentence)

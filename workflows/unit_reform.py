"""One unit's share of a reform: a procedure for each of its rows, when its turn comes.

A row opens once the facts it waits for are known (``after`` across levels: same unit, unit above,
all units below). Facts only grow, so a doubled or late signal changes nothing.

An amendment of the plan adds rows, takes away those that wait, and tells the procedures that run
(``contracts.procedure.RowAmended``); the unit then ends once more, under the new version.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import (
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
)
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from contracts import search
    from contracts.amendment import Amendments, RowFate, ShareQuestion, UnitShare
    from contracts.names import (
        AMENDED_SIGNAL,
        FACTS_SIGNAL,
        RESUMED_SIGNAL,
        STANDING_QUERY,
        STOP_SIGNAL,
        UNIT_REPORT_SIGNAL,
        area_id,
        procedure_id,
        rollout_id,
    )
    from contracts.procedure import (
        EDITION,
        GO_ON,
        ProcedureRequest,
        ProcedureResult,
        ResumeNote,
        RowAmended,
        StopOrder,
    )
    from contracts.reform import (
        AmendNote,
        FactsNote,
        Fanout,
        LevelResult,
        Report,
        Standing,
        UnitRequest,
    )
    from contracts.registers import PlanKey, Registers, RowSlice, SliceQuestion, UnitSlice
    from domain.action import Ending
    from domain.plan import Row, RowKind
    from domain.procedure import BY_RELATION, BY_ROSTER, WAY
    from domain.slices import fact
    from domain.words import within_bytes
    from workflows import policies
    from workflows.asking import ask_patiently
    from workflows.nameplate_hanging import NameplateHanging
    from workflows.personnel_transfer import PersonnelTransfer
    from workflows.plan_approval import PlanApproval
    from workflows.relation_transfer import RelationTransfer
    from workflows.sanding_drafting import SandingDrafting
    from workflows.task_milestone import TaskMilestone
    from workflows.unit_page import BROKEN, CANCELLED, STARTED, WAITING, rows_table

PROCEDURES: dict[RowKind, Any] = {
    RowKind.PLAN: PlanApproval,
    RowKind.SANDING: SandingDrafting,
    RowKind.WUDING: SandingDrafting,
    RowKind.REVISION: SandingDrafting,
    RowKind.NAMEPLATE: NameplateHanging,
    RowKind.TRANSFER: TaskMilestone,
    RowKind.TASK: TaskMilestone,
}
"""Which workflow carries out which kind of row, unless its option 方式 says otherwise."""

BY_WAY: dict[str, Any] = {BY_RELATION: RelationTransfer, BY_ROSTER: PersonnelTransfer}
"""Which workflow carries out a 转隶 that goes by this 方式."""


def workflow_of(row: Row) -> Any:
    """The workflow that carries out a row."""
    chosen = BY_WAY.get(row.options.get(WAY, "")) if row.kind is RowKind.TRANSFER else None
    return chosen or PROCEDURES[row.kind]


@workflow.defn(name="UnitReform")
class UnitReform:
    """All rows of one 区, 镇, 街道 or department."""

    @workflow.init
    def __init__(self, request: UnitRequest) -> None:
        self._request = request
        self._plan = request.plan
        self._paper = ""
        self._notes: list[AmendNote] = []
        self._told: AmendNote | None = None
        self._facts = set(request.facts)
        self._stop: StopOrder | None = None
        self._children: dict[str, ChildWorkflowHandle[Any, ProcedureResult]] = {}
        self._watched: set[str] = set()
        self._states: dict[str, str] = {}
        self._slice: UnitSlice | None = None
        self._rows: dict[str, RowSlice] = {}
        self._fates: dict[str, RowFate] = {}
        self._gone: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._resumed: set[str] = set()

    @workflow.run
    async def run(self, request: UnitRequest) -> LevelResult:
        """Open every row in its turn, wait for all, report upwards."""
        mine = await (self._load() if request.plan.version == 1 else self._begin_amended())
        self._slice = mine
        self._rows = {row.row.id: row for row in mine.rows}
        for row in mine.rows:
            if row.row.id not in self._states:
                self._open(row.row.id)
        stopping = asyncio.create_task(self._pass_stop_on())
        amending = asyncio.create_task(self._keep_amended())
        self._show()
        while True:
            await workflow.wait_condition(lambda: self._is_settled() or self._has_failed(amending))
            for task in (*self._tasks, amending):
                if task.done():
                    task.result()
            await self._report(self._slice.reports, ended=True)
            if self._is_settled():
                break
        stopping.cancel()
        amending.cancel()
        done = sum(state == Ending.DONE for state in self._states.values())
        return LevelResult(ended=done, terminated=len(self._states) - done, sentence=self._line())

    @workflow.signal(name=AMENDED_SIGNAL)
    def amended(self, note: AmendNote) -> None:
        """The plan has a new version; nothing is amended once the rollout stops."""
        known = [self._plan.version, *(n.plan.version for n in self._notes)]
        if note.plan.version > max(known) and self._stop is None:
            self._notes.append(note)
        elif note.plan.version == self._plan.version:
            self._told, self._paper = note, note.paper

    @workflow.signal(name=FACTS_SIGNAL)
    def learn(self, note: FactsNote) -> None:
        """Facts from the level above."""
        self._facts.update(note.facts)

    @workflow.signal(name=STOP_SIGNAL)
    def stop(self, order: StopOrder) -> None:
        """The rollout stops: open procedures are ended with the reason, others never open."""
        self._stop = self._stop or order

    @workflow.signal(name=RESUMED_SIGNAL)
    def resume(self, note: ResumeNote) -> None:
        """A procedure that had broken off was restarted; doubled or late, it changes nothing."""
        row_id = self._broken_rows().get(note.workflow_id)
        if row_id is not None:
            self._resumed.add(row_id)

    @workflow.query(name=STANDING_QUERY)
    def standing(self) -> Standing:
        """What the unit knows, waits for and has to tell; compared by the reconcile."""
        reports = self._slice.reports if self._slice else ()
        waiting = [r for r, state in self._states.items() if state == WAITING]
        missing = {f for r in waiting if r in self._rows for f in self._rows[r].waits_for}
        ended = self._slice is not None and self._is_settled()
        return Standing(
            name=self._request.unit,
            version=self._plan.version,
            ended=ended,
            facts=tuple(sorted(self._facts)),
            reports=tuple(f for f in reports if ended or f in self._facts),
            waits_for=tuple(sorted(missing - self._facts)),
            broken=tuple(self._broken_rows()),
            stopped=self._stop is not None,
        )

    def _broken_rows(self) -> dict[str, str]:
        """The rows that were ended from outside, by their procedure's id."""
        mine = workflow.info().workflow_id
        return {
            procedure_id(mine, self._rows[row_id].row.item): row_id
            for row_id, state in self._states.items()
            if state == BROKEN and row_id in self._rows
        }

    async def _load(self) -> UnitSlice:
        question = SliceQuestion(plan=self._request.plan, name=self._request.unit)
        return await ask_patiently(Registers.load_unit, question, "本单位任务")

    def _open(self, row_id: str) -> None:
        self._tasks.append(asyncio.create_task(self._carry_out(row_id)))

    def _is_settled(self) -> bool:
        """Whether every row has ended and nothing is left to be amended."""
        return not self._notes and all(task.done() for task in self._tasks)

    def _has_failed(self, amending: asyncio.Task[None]) -> bool:
        return amending.done() or any(t.done() and t.exception() for t in self._tasks)

    async def _carry_out(self, row_id: str) -> None:
        self._states[row_id] = WAITING
        await workflow.wait_condition(
            lambda: (
                self._stop is not None
                or row_id in self._gone
                or self._facts.issuperset(self._rows[row_id].waits_for)
            )
        )
        if self._stop is not None:
            self._states[row_id] = str(Ending.TERMINATED)
            return
        if row_id in self._gone:
            self._states[row_id] = CANCELLED
            return
        self._states[row_id] = STARTED
        self._show()
        try:
            child = await self._start(self._rows[row_id])
            self._children[row_id] = child
            result = await child
            self._states[row_id] = result.ending
        except WorkflowAlreadyStartedError:
            self._states[row_id] = await self._watch(row_id) or await self._broken(row_id)
        except ChildWorkflowError:
            workflow.logger.exception("unit.procedure.broken", extra={"row": row_id})
            await self._broken(row_id)
        finally:
            self._children.pop(row_id, None)
        self._show()
        await self._know(fact(row_id, self._request.unit))

    async def _broken(self, row_id: str) -> str:
        """Terminated or failed from outside: the duty stays open until somebody decides.

        Restarted, it is no child any more, so that an activity waits for its end.
        """
        while True:
            self._states[row_id] = BROKEN
            self._show()
            await workflow.wait_condition(
                lambda: self._stop is not None or row_id in self._gone or row_id in self._resumed
            )
            if row_id not in self._resumed:
                return BROKEN
            self._resumed.discard(row_id)
            self._states[row_id] = STARTED
            self._show()
            if ending := await self._outlast(row_id):
                self._states[row_id] = ending
                return ending

    async def _know(self, new: str) -> None:
        """Tell the level above at once only what others wait for; the rest goes with the end."""
        self._facts.add(new)
        reports = self._slice.reports if self._slice else ()
        ended = all(s not in (STARTED, WAITING) for s in self._states.values())
        if new in reports and not ended:
            await self._report(tuple(f for f in reports if f in self._facts), ended=False)

    # --- amendments -------------------------------------------------------------------------

    async def _begin_amended(self) -> UnitSlice:
        """Begun by an amendment, new or once more: what has ended is known from the dossiers."""
        await workflow.wait_condition(lambda: self._told is not None)
        share = await self._share(self._plan, 0)
        self._fates = {fate.row_id: fate for fate in share.fates}
        for row_id, ending in share.ended.items():
            self._states[row_id] = ending
            self._facts.add(fact(row_id, self._request.unit))
        for fate in share.fates:
            if fate.is_gone and fate.row_id not in share.ended:
                await self._tell(fate)
        if known := tuple(f for f in share.slice.reports if f in self._facts):
            await self._report(known, ended=False)
        return share.slice

    async def _keep_amended(self) -> None:
        """This will follow each new version, one after the other."""
        while True:
            await workflow.wait_condition(lambda: bool(self._notes))
            note = self._notes[0]
            if self._stop is None:
                await self._amend(note)
            self._notes = self._notes[1:]

    async def _amend(self, note: AmendNote) -> None:
        share = await self._share(note.plan, self._plan.version)
        # Nothing waits from here to the telling: what opens from now on opens by the new version.
        self._plan, self._paper, self._told = note.plan, note.paper, note
        mine = self._slice = share.slice
        self._fates = {fate.row_id: fate for fate in share.fates}
        self._rows |= {row.row.id: row for row in mine.rows}
        running = [f for f in share.fates if self._states.get(f.row_id) == STARTED]
        self._gone |= {f.row_id for f in share.fates if f.is_gone}
        for row in mine.rows:
            row_id = row.row.id
            self._gone.discard(row_id)
            if self._states.get(row_id, CANCELLED) == CANCELLED:
                self._open(row_id)
        for fate in running:
            await self._tell_begun(fate)
        self._show()
        if known := tuple(f for f in mine.reports if f in self._facts):
            await self._report(known, ended=False)

    async def _tell_begun(self, fate: RowFate) -> None:
        """Tell a procedure that this run has begun; one that is just starting, once it has."""
        row_id = fate.row_id
        await workflow.wait_condition(
            lambda: (
                row_id in self._children
                or row_id in self._watched
                or self._states[row_id] != STARTED
            )
        )
        await self._tell(fate)

    async def _share(self, plan: PlanKey, since: int) -> UnitShare:
        question = ShareQuestion(plan=plan, since=since, name=self._request.unit)
        return await ask_patiently(Amendments.unit_share, question, "方案修订对本单位的影响")

    async def _tell(self, fate: RowFate) -> None:
        """Tell a procedure that runs; one that has closed meanwhile needs no telling."""
        row = None if fate.is_gone else self._rows[fate.row_id]
        note = RowAmended(
            version=self._plan.version,
            paper=self._paper,
            person=self._told.person if self._told else "",
            how=fate.how,
            row=row.row if row else None,
            steps=row.steps if row else (),
            reason="任务已从方案中移除" if fate.is_gone else "",
        )
        target = procedure_id(workflow.info().workflow_id, fate.item)
        try:
            await workflow.get_external_workflow_handle(target).signal(AMENDED_SIGNAL, note)
        except FailureError:
            workflow.logger.warning("unit.amendment.unheard", extra={"procedure": target})

    async def _watch(self, row_id: str) -> str:
        """A procedure of an earlier run still runs: it hears of the plan, and its end is awaited.

        It is no child of this run and tells nobody when it ends, so an activity waits for it.
        """
        row = self._rows[row_id]
        known = self._fates.get(row_id)
        self._watched.add(row_id)
        await self._tell(known or RowFate(row_id=row_id, item=row.row.item, how=GO_ON))
        return await self._outlast(row_id)

    async def _outlast(self, row_id: str) -> str:
        """This will wait for the end of a procedure that is no child; empty if it broke."""
        row = self._rows[row_id]
        self._watched.add(row_id)
        ending = await workflow.execute_activity_method(
            Fanout.ending,
            procedure_id(workflow.info().workflow_id, row.row.item),
            summary=f"等待办结：{row.row.item}",
            heartbeat_timeout=timedelta(minutes=2),
            **policies.WATCH,
        )
        self._watched.discard(row_id)
        return ending

    # --- procedures -------------------------------------------------------------------------

    async def _start(self, row: RowSlice) -> ChildWorkflowHandle[Any, ProcedureResult]:
        plan_row, mine = row.row, self._slice
        if mine is None:
            raise AssertionError("a row opens once its unit is known")
        request = ProcedureRequest(
            plan=self._plan,
            district=mine.district,
            unit=mine.unit,
            coordinators=mine.coordinators,
            row=plan_row,
            steps=row.steps,
            edition=EDITION,
        )
        route = " → ".join(s.name for s in row.steps if not s.shape.conditional)
        handle: ChildWorkflowHandle[Any, ProcedureResult] = await workflow.start_child_workflow(
            workflow_of(plan_row).run,
            request,
            id=procedure_id(workflow.info().workflow_id, plan_row.item),
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            parent_close_policy=ParentClosePolicy.ABANDON,
            task_timeout=timedelta(seconds=10),
            static_summary=within_bytes(f"{mine.unit}：{plan_row.task}，时限{plan_row.due}", 200),
            static_details=(
                f"**{plan_row.task}**\n\n"
                f"- 方案：{self._plan.rollout}{self._edition()}，任务{plan_row.id}\n"
                f"- 单位：{mine.unit}，牵头{plan_row.lead or '未定'}\n"
                f"- 完成时限：{plan_row.due}（{plan_row.due_text}）\n"
                f"- 环节：{route}\n"
                f"- 依据：{'、'.join(plan_row.source) or '改革时间、任务、责任表'}"
            ),
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(search.ROLLOUT, self._request.plan.rollout),
                    SearchAttributePair(search.DISTRICT, mine.district),
                    SearchAttributePair(search.UNIT, mine.unit),
                    SearchAttributePair(search.PROCEDURE, str(plan_row.kind)),
                    SearchAttributePair(search.PLAN_ROW, plan_row.id),
                ]
            ),
        )
        return handle

    async def _pass_stop_on(self) -> None:
        await workflow.wait_condition(lambda: self._stop is not None)
        if self._stop is None:
            return
        for child in list(self._children.values()):
            await child.signal(STOP_SIGNAL, self._stop)
        for row_id in sorted(self._watched):
            target = procedure_id(workflow.info().workflow_id, self._rows[row_id].row.item)
            await workflow.get_external_workflow_handle(target).signal(STOP_SIGNAL, self._stop)

    async def _report(self, facts: tuple[str, ...], *, ended: bool) -> None:
        """Tell area or rollout; a closed one needs no telling."""
        rollout = self._request.plan.rollout
        above = area_id(rollout, self._request.area) if self._request.area else rollout_id(rollout)
        report = Report(
            name=self._request.unit, facts=facts, ended=ended, version=self._plan.version
        )
        try:
            await workflow.get_external_workflow_handle(above).signal(UNIT_REPORT_SIGNAL, report)
        except FailureError:
            workflow.logger.warning("unit.report.unheard", extra={"above": above})

    def _line(self) -> str:
        done = sum(s == Ending.DONE for s in self._states.values())
        return f"{self._request.unit}：{len(self._states)}项任务，办结{done}项"

    def _edition(self) -> str:
        """The version of the plan in words; empty for the first."""
        return f"第{self._plan.version}版（{self._paper}）" if self._plan.version > 1 else ""

    def _show(self) -> None:
        plan = f"，方案{self._edition()}" if self._edition() else ""
        cells = rows_table(tuple(self._rows.values()), self._states, self._facts)
        workflow.set_current_details(f"**{self._line()}{plan}**\n\n{cells}")

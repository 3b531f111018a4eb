"""One unit's share of a reform: a procedure for each of its rows, when its turn comes.

A row opens once the facts it waits for are known (``after`` across levels: same unit, unit above,
all units below). Facts only grow, so a doubled or late signal changes nothing.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import ChildWorkflowError, FailureError
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from contracts import search
    from contracts.names import (
        FACTS_SIGNAL,
        STOP_SIGNAL,
        UNIT_REPORT_SIGNAL,
        area_id,
        procedure_id,
        rollout_id,
    )
    from contracts.procedure import ProcedureRequest, ProcedureResult, StopOrder
    from contracts.reform import FactsNote, LevelResult, Report, UnitRequest
    from contracts.registers import Registers, RowSlice, SliceQuestion, UnitSlice
    from contracts.webpage import day_cell, page_link, table
    from domain.action import Ending
    from domain.plan import RowKind
    from domain.slices import fact
    from domain.words import within_bytes
    from workflows.asking import ask_patiently
    from workflows.nameplate_hanging import NameplateHanging
    from workflows.plan_approval import PlanApproval
    from workflows.sanding_drafting import SandingDrafting
    from workflows.task_milestone import TaskMilestone

PROCEDURES: dict[RowKind, Any] = {
    RowKind.PLAN: PlanApproval,
    RowKind.SANDING: SandingDrafting,
    RowKind.WUDING: SandingDrafting,
    RowKind.REVISION: SandingDrafting,
    RowKind.NAMEPLATE: NameplateHanging,
    RowKind.TRANSFER: TaskMilestone,
    RowKind.TASK: TaskMilestone,
}
"""Which workflow carries out which kind of row."""

STARTED = "办理中"
WAITING = "待前置"
BROKEN = "异常中止"


@workflow.defn(name="UnitReform")
class UnitReform:
    """All rows of one 区, 镇, 街道 or department."""

    @workflow.init
    def __init__(self, request: UnitRequest) -> None:
        self._request = request
        self._facts = set(request.facts)
        self._stop: StopOrder | None = None
        self._children: dict[str, ChildWorkflowHandle[Any, ProcedureResult]] = {}
        self._states: dict[str, str] = {}
        self._slice: UnitSlice | None = None

    @workflow.run
    async def run(self, request: UnitRequest) -> LevelResult:
        """Open every row in its turn, wait for all, report upwards."""
        mine = self._slice = await self._load()
        rows = [asyncio.create_task(self._carry_out(mine, row)) for row in mine.rows]
        stopping = asyncio.create_task(self._pass_stop_on())
        self._show()
        await asyncio.gather(*rows)
        stopping.cancel()
        await self._report(mine.reports, ended=True)
        done = sum(state == Ending.DONE for state in self._states.values())
        return LevelResult(ended=done, terminated=len(mine.rows) - done, sentence=self._line())

    @workflow.signal(name=FACTS_SIGNAL)
    def learn(self, note: FactsNote) -> None:
        """Facts from the level above."""
        self._facts.update(note.facts)

    @workflow.signal(name=STOP_SIGNAL)
    def stop(self, order: StopOrder) -> None:
        """The rollout stops: open procedures are ended with the reason, others never open."""
        self._stop = self._stop or order

    async def _load(self) -> UnitSlice:
        question = SliceQuestion(plan=self._request.plan, name=self._request.unit)
        return await ask_patiently(Registers.load_unit, question, "本单位任务")

    async def _carry_out(self, mine: UnitSlice, row: RowSlice) -> None:
        self._states[row.row.id] = WAITING
        await workflow.wait_condition(
            lambda: self._stop is not None or self._facts.issuperset(row.waits_for)
        )
        if self._stop is not None:
            self._states[row.row.id] = str(Ending.TERMINATED)
            return
        self._states[row.row.id] = STARTED
        self._show()
        try:
            child = await self._start(mine, row)
            self._children[row.row.id] = child
            result = await child
            self._states[row.row.id] = result.ending
        except ChildWorkflowError:
            # Terminated or failed from outside: the duty stays open until somebody decides.
            workflow.logger.exception("unit.procedure.broken", extra={"row": row.row.id})
            self._states[row.row.id] = BROKEN
            self._show()
            await workflow.wait_condition(lambda: self._stop is not None)
        finally:
            self._children.pop(row.row.id, None)
        self._show()
        await self._know(fact(row.row.id, mine.unit), mine)

    async def _know(self, new: str, mine: UnitSlice) -> None:
        """Tell the level above at once only what others wait for; the rest goes with the end."""
        self._facts.add(new)
        ended = all(s not in (STARTED, WAITING) for s in self._states.values())
        if new in mine.reports and not ended:
            await self._report(tuple(f for f in mine.reports if f in self._facts), ended=False)

    async def _start(
        self, mine: UnitSlice, row: RowSlice
    ) -> ChildWorkflowHandle[Any, ProcedureResult]:
        plan_row = row.row
        request = ProcedureRequest(
            plan=self._request.plan,
            district=mine.district,
            unit=mine.unit,
            coordinators=mine.coordinators,
            row=plan_row,
            steps=row.steps,
        )
        route = " → ".join(s.name for s in row.steps if not s.shape.conditional)
        handle: ChildWorkflowHandle[Any, ProcedureResult] = await workflow.start_child_workflow(
            PROCEDURES[plan_row.kind].run,
            request,
            id=procedure_id(workflow.info().workflow_id, plan_row.item),
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            parent_close_policy=ParentClosePolicy.ABANDON,
            task_timeout=timedelta(seconds=10),
            static_summary=within_bytes(f"{mine.unit}：{plan_row.task}，时限{plan_row.due}", 200),
            static_details=(
                f"**{plan_row.task}**\n\n"
                f"- 方案：{self._request.plan.rollout}，任务{plan_row.id}\n"
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

    async def _report(self, facts: tuple[str, ...], *, ended: bool) -> None:
        """Tell area or rollout; a closed one needs no telling."""
        rollout = self._request.plan.rollout
        above = area_id(rollout, self._request.area) if self._request.area else rollout_id(rollout)
        report = Report(name=self._request.unit, facts=facts, ended=ended)
        try:
            await workflow.get_external_workflow_handle(above).signal(UNIT_REPORT_SIGNAL, report)
        except FailureError:
            workflow.logger.warning("unit.report.unheard", extra={"above": above})

    def _line(self) -> str:
        done = sum(s == Ending.DONE for s in self._states.values())
        return f"{self._request.unit}：{len(self._states)}项任务，办结{done}项"

    def _show(self) -> None:
        rows = self._slice.rows if self._slice else ()
        cells = table(("任务", "时限", "现状"), (self._cells(row) for row in rows))
        workflow.set_current_details(f"**{self._line()}**\n\n{cells}")

    def _cells(self, row: RowSlice) -> tuple[str, ...]:
        """A row of the details; what has begun links to its page."""
        info, item = workflow.info(), row.row.item
        state = self._states.get(row.row.id, WAITING)
        if state == WAITING:
            return item, day_cell(row.row.due), f"{state}{self._waits(row)}"
        link = page_link(item, info.namespace, procedure_id(info.workflow_id, item))
        return link, day_cell(row.row.due), state

    def _waits(self, row: RowSlice) -> str:
        """What a row waits for: this unit's own by name, others' by number and place."""
        rows = self._slice.rows if self._slice else ()
        own = {fact(r.row.id, self._request.unit): r.row.item for r in rows}
        missing = [own.get(f) or _elsewhere(f) for f in row.waits_for if f not in self._facts]
        return f"（等{'、'.join(missing)}）" if missing else ""


def _elsewhere(waited: str) -> str:
    """A fact of another unit in words: M2@海勃湾区 is 海勃湾区的M2, M3@*甲区 is 甲区各单位的M3."""
    row_id, _, place = waited.partition("@")
    return f"{place[1:]}各单位的{row_id}" if place.startswith("*") else f"{place}的{row_id}"

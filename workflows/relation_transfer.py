"""派驻机构 go over to the street with their relations (0-48, 0-49, F17)."""

from __future__ import annotations

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.procedure import ProcedureRequest, ProcedureResult
    from domain.desk import Item
    from domain.procedure import HANDOVER_STEP, RELATION_STEPS, Verb
    from workflows.procedure import Procedure


@workflow.defn(name="RelationTransfer")
class RelationTransfer(Procedure):
    """Three relations beside each other, then the street takes charge, then the lead confirms."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)
        self._returned = ""

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """党组织关系 ∥ 薪酬待遇关系 ∥ 经费管理关系 → 责任移交 → 确认."""
        return await self.carry_out(
            (RELATION_STEPS[0], self._relations),
            (HANDOVER_STEP, lambda: self.plain(HANDOVER_STEP)),
            ("确认", self._confirm),
        )

    async def _relations(self) -> str:
        """All three, or the one that the lead returned."""
        names = (self._returned,) if self._returned else RELATION_STEPS
        self._returned = ""
        steps = [await self._opened(name) for name in names]
        await asyncio.gather(*steps)
        return ""

    async def _opened(self, name: str) -> asyncio.Task[Item]:
        """A step that waits at its desk; one is opened after the other, in the order of the rule."""
        before = self.last(name)
        visit = before.visit + 1 if before else 1
        task = asyncio.create_task(self.step(name))
        await workflow.wait_condition(
            lambda: task.done() or ((item := self.last(name)) is not None and item.visit == visit)
        )
        return task

    async def _confirm(self) -> str:
        item = await self.step("确认")
        if item.outcome == Verb.RETURN and item.outcome_to in RELATION_STEPS:
            self._returned = item.outcome_to
            return RELATION_STEPS[0]
        return item.outcome_to

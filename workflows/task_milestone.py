"""Any row of the plan (0-07): submit evidence, then the lead unit confirms."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.procedure import ProcedureRequest, ProcedureResult
    from workflows.procedure import Procedure


@workflow.defn(name="TaskMilestone")
class TaskMilestone(Procedure):
    """办理 by the responsible unit, 确认 by the lead."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """办理 → 确认."""
        return await self.carry_out(
            ("办理", lambda: self.plain("办理")),
            ("确认", lambda: self.plain("确认")),
        )

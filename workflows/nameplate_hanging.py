"""机构挂牌, 更名 and 摘牌 (0-40, 2-33, 3-04, F12): named plates, each with its evidence."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.procedure import ProcedureRequest, ProcedureResult
    from workflows.procedure import Procedure


@workflow.defn(name="NameplateHanging")
class NameplateHanging(Procedure):
    """The unit hangs, renames or takes down; the 编办 looks whether it was done on a basis."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """挂牌 → 核验."""
        return await self.carry_out(
            ("挂牌", lambda: self.plain("挂牌")),
            ("核验", lambda: self.plain("核验")),
        )

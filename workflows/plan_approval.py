"""Approval of a reform plan (F09): 武昌's 二上二下 (0-27, 0-28) and 乌海's two approvals (2-18)."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.procedure import ProcedureRequest, ProcedureResult
    from domain.schedule import TEMPLATE
    from workflows.procedure import Procedure


@workflow.defn(name="PlanApproval")
class PlanApproval(Procedure):
    """Which course is taken is the plan's option 模板."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """二上二下, or 协调小组 and 常委会 one after the other."""
        if request.row.options.get(TEMPLATE) == "乌海":
            return await self._as_wuhai()
        return await self._as_wuchang()

    async def _as_wuchang(self) -> ProcedureResult:
        """起草 → 一上 → 一下 → 二上 → 二下 → 区委常委会审议 → 省市审核 → 备案 → 印发."""
        return await self.carry_out(
            ("起草", lambda: self.plain("起草")),
            ("一上", lambda: self.plain("一上")),
            ("一下", lambda: self.plain("一下")),
            ("二上", lambda: self.plain("二上")),
            ("二下", lambda: self.plain("二下")),
            ("区委常委会审议", lambda: self.deliberate("区委常委会审议", draft="起草")),
            ("修改", lambda: self.amend("修改", "区委常委会审议")),
            ("省市审核", lambda: self.plain("省市审核")),
            ("备案", lambda: self.plain("备案")),
            ("印发", lambda: self.plain("印发")),
        )

    async def _as_wuhai(self) -> ProcedureResult:
        """调研论证 → 征求意见 → 协调小组审议 → 常委会审议 → 印发."""
        return await self.carry_out(
            ("调研论证", lambda: self.plain("调研论证")),
            ("征求意见", lambda: self.plain("征求意见")),
            ("协调小组审议", lambda: self.deliberate("协调小组审议", draft="征求意见")),
            ("常委会审议", lambda: self.deliberate("常委会审议", draft="征求意见")),
            ("修改", lambda: self.amend("修改", "协调小组审议", "常委会审议")),
            ("印发", lambda: self.plain("印发")),
        )

"""Any row of the plan (0-07): submit evidence, then the lead unit confirms.

A row with option 下放 is not confirmed before so much of a department has gone down (0-44).
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.devolution import DevolutionQuestion, Devolutions
    from contracts.procedure import ProcedureRequest, ProcedureResult
    from contracts.registers import Answer
    from domain.action import Action
    from domain.devolution import DEVOLVES, goals_in, shortfall
    from domain.procedure import Verb
    from domain.refusal import Refused
    from workflows import policies
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

    async def before(self, action: Action, answer: Answer) -> Refused | None:
        """What forbids an action, and a confirmation while too few have gone down."""
        no = await super().before(action, answer)
        goals, _ = goals_in(self._terms.row.options.get(DEVOLVES, ""))
        if no is not None or not goals or action.verb is not Verb.APPROVE:
            return no
        if isinstance(self._casebook.foresee(action, answer), Refused):
            return None
        found = await workflow.execute_local_activity_method(
            Devolutions.measure,
            DevolutionQuestion(
                rollout=self._request.plan.rollout,
                goals=goals,
                district=self._request.district,
                targets_text=self._terms.row.targets_text,
            ),
            summary="查台账：下放比例",
            **policies.ASK,
        )
        if found.code:
            return Refused(code=found.code, sentence=found.sentence)
        return next((no for line in found.lines if (no := shortfall(line))), None)

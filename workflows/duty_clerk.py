"""What lies between the steps of a list of duties: asked of the register and written there once.

Questions before an action are local activities that give up; what an accepted step brings about is
ordered by regular activities, and its outcome is remembered by key, also in a later run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.duty_flow import DutyFlow, DutyFlowState, DutyKey, DutyOutcome
    from contracts.procedure import ProcedureRequest, ProcedureState
    from domain.duty_flow import LIST_OPTION, Standing
    from workflows import policies
    from workflows.asking import ask_patiently
    from workflows.clerk import Clerk


class DutyClerk(Clerk):
    """The register's messenger of one procedure; owns what was done between its steps."""

    def __init__(self, request: ProcedureRequest, state: ProcedureState) -> None:
        self._request = request
        if state.duty is None:
            state.duty = DutyFlowState()
        super().__init__(state.duty.done)

    @property
    def key(self) -> DutyKey:
        """Which list, for this procedure, now."""
        return DutyKey(
            rollout=self._request.plan.rollout,
            list_name=self._request.row.options[LIST_OPTION],
            workflow_id=workflow.info().workflow_id,
            at=workflow.now(),
        )

    async def look(self) -> Standing:
        """This will ask how the list stands, while a person waits; raises UNANSWERED."""
        return await workflow.execute_local_activity_method(
            DutyFlow.look, self.key, summary="查登记库：清单", **policies.ASK
        )

    async def landing(self) -> DutyOutcome:
        """This will ask whether the change still lands, while a person waits; raises UNANSWERED."""
        return await workflow.execute_local_activity_method(
            DutyFlow.landing, self.key, summary="查登记库：现行清单", **policies.ASK
        )

    async def look_patiently(self) -> Standing:
        """This will ask how the list stands, however long the database is away."""
        return await ask_patiently(DutyFlow.look, self.key, "清单")

    async def order(
        self, declaration: Callable[[Any, Any], Awaitable[DutyOutcome]], given: object, what: str
    ) -> DutyOutcome:
        """This will have something written, however long the database is away."""
        return await workflow.execute_activity_method(
            declaration, given, summary=f"登记清单：{what}", **policies.PATIENT
        )

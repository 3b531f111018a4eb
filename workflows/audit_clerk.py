"""What lies between the steps of an audit: asked of the register and written there once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.audit_flow import (
        AuditApproved,
        AuditEnded,
        AuditFlow,
        AuditFlowState,
        AuditKey,
        AuditOutcome,
        ProblemsClosed,
        ProblemsSent,
        Rectification,
    )
    from contracts.procedure import ProcedureRequest, ProcedureState
    from domain.audit import AuditKind, RunKey
    from domain.audit_flow import AuditStanding, ProblemState
    from domain.audit_route import APPROVAL_NO, AUDIT_OPTION, KIND_OPTION, WINDOW_OPTION
    from domain.desk import Answered
    from workflows import policies
    from workflows.clerk import Clerk


class AuditClerk(Clerk):
    """The register's messenger of one audit; owns what was done between its steps."""

    def __init__(self, request: ProcedureRequest, state: ProcedureState) -> None:
        self._request = request
        if state.audit is None:
            state.audit = AuditFlowState()
        super().__init__(state.audit.done)

    @property
    def kind(self) -> AuditKind:
        """Which of the kinds it is."""
        return AuditKind(self._request.row.options[KIND_OPTION])

    @property
    def key(self) -> AuditKey:
        """Which audit, for this procedure, now."""
        options = self._request.row.options
        return AuditKey(
            key=RunKey(
                rollout=self._request.plan.rollout,
                plan=options[AUDIT_OPTION],
                window=options[WINDOW_OPTION],
            ),
            workflow_id=workflow.info().workflow_id,
            at=workflow.now(),
        )

    async def look(self) -> AuditStanding:
        """This will ask what is recorded, while a person waits; raises UNANSWERED."""
        return await workflow.execute_local_activity_method(
            AuditFlow.look, self.key, summary="查登记库：督查记录", **policies.ASK
        )

    async def check(self) -> AuditOutcome:
        """This will have the automatic checks made; raises ActivityError after many tries."""
        return await workflow.execute_activity_method(
            AuditFlow.check,
            self.key,
            summary="自动检查",
            heartbeat_timeout=policies.PULSE,
            **policies.CHECKS,
        )

    async def rectification(self) -> Rectification:
        """This will ask who has to rectify, however long the database is away."""
        return await workflow.execute_activity_method(
            AuditFlow.rectification, self.key, summary="查登记库：待整改问题", **policies.PATIENT
        )

    async def approve(self, answer: Answered) -> str:
        """This will write down by which document streets may be inspected (3-30)."""
        number = next((e.doc_no for e in answer.evidence if e.name == APPROVAL_NO), "")
        order = AuditApproved(key=self.key, approval=number or APPROVAL_NO)
        return (await self._order(AuditFlow.approve, order, "已经批准")).sentence

    async def disapprove(self) -> str:
        """This will write down that 立项 was taken back."""
        order = AuditApproved(key=self.key)
        return (await self._order(AuditFlow.approve, order, "撤回立项")).sentence

    async def send(self, due: date, units: tuple[str, ...], *, again: bool) -> str:
        """This will give the open problems of these units their due day."""
        order = ProblemsSent(key=self.key, due=due, units=units, again=again)
        return (await self._order(AuditFlow.send, order, f"整改时限{due}")).sentence

    async def take(self, answer: Answered, unit: str) -> str:
        """This will move a unit's problems to 已整改, with what it says it did."""
        papers = "、".join(f"{e.name}{e.doc_no}" for e in answer.evidence if e.doc_no)
        order = ProblemsClosed(
            key=self.key,
            state=ProblemState.RECTIFIED,
            person=answer.person,
            note=answer.note or papers,
            units=(unit,),
        )
        return (await self._order(AuditFlow.close, order, f"{unit}已整改")).sentence

    async def judge(self, answer: Answered, state: ProblemState, units: tuple[str, ...]) -> str:
        """This will close what was rectified, or open it again."""
        order = ProblemsClosed(
            key=self.key, state=state, person=answer.person, note=answer.note, units=units
        )
        return (await self._order(AuditFlow.close, order, str(state))).sentence

    async def end(self, ending: str) -> AuditOutcome:
        """This will close the register's row; a sample is published then."""
        return await self._order(AuditFlow.end, AuditEnded(key=self.key, ending=ending), ending)

    async def _order(
        self, declaration: Callable[[Any, Any], Awaitable[AuditOutcome]], given: object, what: str
    ) -> AuditOutcome:
        return await workflow.execute_activity_method(
            declaration, given, summary=f"登记督查：{what}", **policies.PATIENT
        )

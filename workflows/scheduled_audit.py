"""A Schedule fired: ask the register what is due, and do one thing after the other (issue 6).

The Schedule only says "reckon". A quiet firing leaves six events; each thing done six more. What
fails does not keep the rest from being done; the workflow then fails, so that its arrangement's
Schedule pauses (the rollout's own goes on, and reports it).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from contracts.audit_run import (
        AuditRuns,
        ReckonQuestion,
        RunDue,
        RunOrder,
        ScheduledRequest,
        ScheduledResult,
    )
    from workflows import policies
    from workflows.asking import ask_patiently

ROUNDS: Final = 50
"""# replay: pages of one firing; the next firing does what is left."""

_PLANNED: Final = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


@workflow.defn(name="ScheduledAudit")
class ScheduledAudit:
    """One firing of an arrangement's Schedule, or of the rollout's own."""

    @workflow.init
    def __init__(self, request: ScheduledRequest) -> None:
        self._request = request
        self._done: list[str] = []
        self._failed: dict[tuple[str, str, str], str] = {}

    @workflow.run
    async def run(self, request: ScheduledRequest) -> ScheduledResult:
        """Reckon, carry out, and say what was done."""
        planned = workflow.info().typed_search_attributes.get(_PLANNED)
        for _ in range(ROUNDS):
            if not await self._page(request, planned):
                break
        if self._failed:
            named = "；".join(f"{key[1]} {why}".strip() for key, why in self._failed.items())
            raise ApplicationError(
                f"未能办成{len(self._failed)}项：{named}"[:500],
                type="AUDIT_RUN_FAILED",
                non_retryable=True,
            )
        return ScheduledResult(done=tuple(self._done))

    async def _page(self, request: ScheduledRequest, planned: datetime | None) -> bool:
        """This will do a page of what is due; True if there may be more."""
        question = ReckonQuestion(
            rollout=request.rollout, plan=request.plan, at=workflow.now(), planned_at=planned
        )
        reckoned = await ask_patiently(AuditRuns.reckon, question, "到期的督查")
        new = [due for due in reckoned.due if _key(due) not in self._failed]
        for due in new:
            await self._carry_out(due)
        return bool(new) and reckoned.more

    async def _carry_out(self, due: RunDue) -> None:
        order = RunOrder(due=due, at=workflow.now())
        what = f"{due.step} {due.key.plan} {due.key.window}".strip()
        try:
            done = await workflow.execute_activity_method(
                AuditRuns.carry_out, order, summary=what[:60], **policies.PATIENT
            )
        except ActivityError as error:
            cause = error.cause
            self._failed[_key(due)] = getattr(cause, "type", "") or type(cause).__name__
            return
        if done.sentence:
            self._done.append(f"{what}：{done.sentence}")
            workflow.set_current_details("\n".join(f"- {line}" for line in self._done[-20:]))


def _key(due: RunDue) -> tuple[str, str, str]:
    return str(due.step), due.key.plan, due.key.window

"""Restarting a procedure that was ended from outside: from its own history, by a person's decision.

The server takes the run that was ended back to its last workflow task: everything decided before
is there again, what came in after it is handed in once more. Where there is no history there is
nothing to restart from; the log alone does not hold all that a procedure knows.
"""

from __future__ import annotations

from typing import Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.reconcile_server import ANSWER, NO_ANSWER, Described, describe
from contracts.names import RESUMED_SIGNAL, REWRITE_SIGNAL
from contracts.procedure import WHATEVER, ResumeNote, RewriteNote
from contracts.reconcile import Restarted, RestartOrder

LEVELS: Final = frozenset({"ReformRollout", "AreaReform", "UnitReform"})
"""The workflows above procedures."""


async def restart(client: Client, order: RestartOrder) -> Restarted:
    """This will restart one procedure and tell its unit, or say why not."""
    found = await describe(client, order.workflow_id)
    no = _why_not(order.workflow_id, found)
    if no is not None or found is None:
        return no or Restarted()
    task = await _last_task(client, order.workflow_id, found.run_id)
    if not task:
        return Restarted(
            code="RESTART_NO_TASK",
            sentence="事项在办理任何一步之前就中断了，没有可以恢复的状态；请查明原因后由运维处理。",
        )
    asked = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=order.workflow_id, run_id=found.run_id),
        reason=f"恢复办理：{order.person}，{order.paper}",
        workflow_task_finish_event_id=task,
        request_id=order.action_id,
    )
    try:
        said = await client.workflow_service.reset_workflow_execution(asked, timeout=ANSWER)
    except RPCError as error:
        return Restarted(code="RESTART_FAILED", sentence=f"服务没有恢复这个事项：{error.message}。")
    await tell(client, order.workflow_id, found)
    return Restarted(
        run_id=said.run_id,
        sentence=f"已恢复办理：从中断前的最后状态继续（{order.person}，{order.paper}）。",
    )


async def tell(client: Client, workflow_id: str, found: Described) -> None:
    """The unit waits for its end again, and inbox and board are written anew; else tonight."""
    try:
        note = RewriteNote(seq=WHATEVER)
        await client.get_workflow_handle(workflow_id).signal(REWRITE_SIGNAL, note)
        if found.parent:
            unit = client.get_workflow_handle(found.parent)
            await unit.signal(RESUMED_SIGNAL, ResumeNote(workflow_id=workflow_id))
    except NO_ANSWER:
        return


def _why_not(workflow_id: str, found: Described | None) -> Restarted | None:
    if found is None:
        return Restarted(
            code="RESTART_NO_HISTORY",
            sentence=(
                f"Temporal 里没有“{workflow_id}”的历史，无从恢复；"
                "办理记录仍在登记库，可用 jiegai log 查看，需要时另立事项。"
            ),
        )
    if found.procedure in LEVELS:
        return Restarted(
            code="RESTART_LEVEL", sentence="这是推进的层级，不是事项；只能恢复单个事项。"
        )
    if found.is_running:
        return Restarted(code="RESTART_RUNNING", sentence="事项正在办理，不需要恢复。")
    if not found.broken:
        return Restarted(
            code="RESTART_ENDED", sentence="事项已经按程序结束，不能恢复；更正须另立事项。"
        )
    return None


async def _last_task(client: Client, workflow_id: str, run_id: str) -> int:
    """The event of the last workflow task that was completed; 0 if none was."""
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    last = 0
    async for event in handle.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            last = event.event_id
    return last

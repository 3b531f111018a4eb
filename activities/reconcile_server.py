"""What the reconcile asks the server: how a workflow stands, what it says of itself, who runs.

Asked of the service itself where the client would also read search attributes: it stumbles over a
date that was taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.service import RPCError, RPCStatusCode

ANSWER: Final = timedelta(seconds=10)
"""Longest wait for one workflow; one that is not in memory is replayed for its answer."""

NO_ANSWER: Final = (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError)
"""What asking a workflow raises that cannot answer."""

ENDED_FROM_OUTSIDE: Final = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: "被强行终止",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: "被取消",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: "因故障中断",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: "因超时中断",
}
"""Ends that nobody has decided in a procedure, in words."""

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Described:
    """How a workflow's newest run stands; ``broken`` says in words how it was ended from outside."""

    run_id: str
    is_running: bool
    is_completed: bool
    broken: str = ""
    procedure: str = ""
    parent: str = ""


async def describe(client: Client, workflow_id: str) -> Described | None:
    """This will say how a workflow stands; None if the server knows none of that id."""
    asked = DescribeWorkflowExecutionRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
    )
    try:
        said = await client.workflow_service.describe_workflow_execution(asked, timeout=ANSWER)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    info = said.workflow_execution_info
    return Described(
        run_id=info.execution.run_id,
        is_running=info.status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
        is_completed=info.status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED,
        broken=ENDED_FROM_OUTSIDE.get(info.status, ""),
        procedure=info.type.name,
        parent=info.parent_execution.workflow_id,
    )


async def ask(client: Client, workflow_id: str, query: str, answer: type[_T]) -> _T:
    """This will ask a workflow, also an ended one; raises one of ``NO_ANSWER`` if it cannot say.

    One that is moving in this moment turns the question away, and is asked once more
    (runtime/question_guard.py).
    """
    handle = client.get_workflow_handle(workflow_id)
    try:
        said: _T = await handle.query(query, result_type=answer, rpc_timeout=ANSWER)
    except WorkflowQueryFailedError:
        said = await handle.query(query, result_type=answer, rpc_timeout=ANSWER)
    return said


async def running(
    client: Client, types: Sequence[str], rollout: str, token: bytes, limit: int
) -> tuple[tuple[str, ...], bytes]:
    """This will list a page of workflows of these types that run, and where the next begins."""
    kinds = ", ".join(f"'{name}'" for name in types)
    query = f"ExecutionStatus = 'Running' AND WorkflowType IN ({kinds})"
    if rollout:
        query += f" AND Rollout = '{rollout.replace(chr(39), chr(39) * 2)}'"
    asked = ListWorkflowExecutionsRequest(
        namespace=client.namespace, query=query, page_size=limit, next_page_token=token
    )
    said = await client.workflow_service.list_workflow_executions(asked, timeout=ANSWER)
    return tuple(e.execution.workflow_id for e in said.executions), said.next_page_token

"""Opening a case: one Update-with-Start, answered by the case itself (F24, F25).

The same opening sent again is the same case: it is known by its action id, and what is asked of a
case that has ended meanwhile is answered from the register. What was refused is judged anew.
"""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starter.actions import BUSY_PAUSE, PATIENCE, malformed
from starter.errors import EXIT_UNREACHABLE, UserError

if TYPE_CHECKING:
    from temporalio.client import Client, WithStartWorkflowOperation
    from temporalio.common import TypedSearchAttributes

    from contracts.procedure import ActionReply, ProcedureRequest, ProcedureResult
    from domain.case import Opening
    from starter.desk_client import Door

WORKFLOW: Final = "CaseHandover"
_SUMMARY_BYTES: Final = 200


async def open_case(door: Door, rollout: str, opening: Opening) -> ActionReply:
    """This will open a case and return its first answer, refusals included.

    Raises UserError where there is no answer: malformed (2), or none in time (4), then with what
    to repeat it under.
    """
    from temporalio.client import (
        RPCTimeoutOrCancelledError,
        WorkflowUpdateFailedError,
        WorkflowUpdateRPCTimeoutOrCancelledError,
    )
    from temporalio.exceptions import WorkflowAlreadyStartedError
    from temporalio.service import RPCError, RPCStatusCode

    from starter.desk_client import raise_worded

    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            # The server keeps one answer per Update id, also that of a run which refused; the case
            # knows its opening by the action id itself.
            update_id = f"{opening.action_id}~{uuid.uuid4()}"
            reply = await _ask(door.workflows, rollout, opening, update_id)
    except WorkflowAlreadyStartedError:
        return await _ended(door, rollout, opening)
    except WorkflowUpdateFailedError as error:
        raise malformed(error.cause) from error
    except (
        TimeoutError,
        WorkflowUpdateRPCTimeoutOrCancelledError,
        RPCTimeoutOrCancelledError,
    ) as error:
        raise _unanswered(opening) from error
    except RPCError as error:
        if error.status in {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED}:
            raise_worded(error)
        if error.status in {RPCStatusCode.ALREADY_EXISTS, RPCStatusCode.NOT_FOUND}:
            # It ended between the two halves of the question.
            return await _ended(door, rollout, opening)
        raise _unanswered(opening) from error
    return reply


async def _ask(client: Client, rollout: str, opening: Opening, update_id: str) -> ActionReply:
    from temporalio.exceptions import WorkflowAlreadyStartedError
    from temporalio.service import RPCError, RPCStatusCode

    from contracts.case import OPEN_UPDATE
    from contracts.procedure import ActionReply

    while True:
        start = start_of(rollout, opening)
        try:
            answer: ActionReply = await client.execute_update_with_start_workflow(
                OPEN_UPDATE,
                opening.action_id,
                id=update_id,
                start_workflow_operation=start,
                result_type=ActionReply,
            )
        except WorkflowAlreadyStartedError:
            with suppress(WorkflowAlreadyStartedError):
                # The start keeps the same error, and complains if nobody looks at it.
                await start.workflow_handle()
            raise
        except RPCError as error:
            if error.status is not RPCStatusCode.RESOURCE_EXHAUSTED:
                raise
            await asyncio.sleep(BUSY_PAUSE.total_seconds())
        else:
            return answer


def start_of(rollout: str, opening: Opening) -> WithStartWorkflowOperation[object, ProcedureResult]:
    """The start that goes with the question; a number that ended in 未受理 may be used again."""
    from temporalio.client import WithStartWorkflowOperation
    from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

    from contracts.case import case_workflow_id
    from contracts.names import PROCEDURES_QUEUE
    from contracts.procedure import ProcedureResult
    from domain.words import within_bytes

    return WithStartWorkflowOperation(
        WORKFLOW,
        request_of(rollout, opening),
        id=case_workflow_id(rollout, opening.number),
        task_queue=PROCEDURES_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        result_type=ProcedureResult,
        static_summary=within_bytes(
            f"{opening.kind}：{opening.street} {opening.title}", _SUMMARY_BYTES
        ),
        search_attributes=_attributes(rollout, opening),
    )


def request_of(rollout: str, opening: Opening) -> ProcedureRequest:
    """A case is no row of a plan: its row only carries number and title, and has no date."""
    from contracts.procedure import EDITION, ProcedureRequest
    from contracts.registers import PlanKey
    from domain.case_limits import NO_LIMIT_DAY
    from domain.plan import Row, RowKind

    return ProcedureRequest(
        plan=PlanKey(rollout=rollout, plan_id=0, version=0),
        district="",
        unit=opening.street,
        coordinators=(),
        row=Row(
            id="",
            item=opening.number,
            task=opening.title,
            kind=RowKind.TASK,
            targets=(opening.street,),
            targets_text=opening.street,
            due=NO_LIMIT_DAY,
            due_text="",
        ),
        steps=(),
        edition=EDITION,
        opening=opening,
    )


def _attributes(rollout: str, opening: Opening) -> TypedSearchAttributes:
    from temporalio.common import SearchAttributePair, TypedSearchAttributes

    from contracts import search
    from contracts.case import CASES

    return TypedSearchAttributes(
        [
            SearchAttributePair(search.ROLLOUT, rollout),
            SearchAttributePair(search.UNIT, opening.street),
            SearchAttributePair(search.PROCEDURE, CASES),
            SearchAttributePair(search.CASE_KIND, str(opening.kind)),
        ]
    )


async def _ended(door: Door, rollout: str, opening: Opening) -> ActionReply:
    """A number of a case that has ended: the same opening is done, another needs its own number."""
    from contracts.case import CaseFindQuestion, CaseReads, case_workflow_id
    from contracts.procedure import ActionReply

    workflow_id = case_workflow_id(rollout, opening.number)
    question = CaseFindQuestion(now=datetime.now(UTC), text=workflow_id, rollout=rollout)
    found = await door.ask(CaseReads.find_cases, question)
    same = any(
        line.workflow_id == workflow_id and line.page.action_id == opening.action_id
        for line in found.lines
    )
    if same:
        return ActionReply(
            accepted=True,
            repeated=True,
            ended=True,
            sentence=f"案件“{opening.number}”以前已经受理，现已结束，没有重复受理。",
        )
    return ActionReply(
        accepted=False,
        code="CASE_ID_USED",
        sentence=f"编号“{opening.number}”已用于另一案件（已经结束），请另编号（--no）。",
    )


def _unanswered(opening: Opening) -> UserError:
    return UserError(
        "SERVICE_UNREACHABLE",
        "没有等到答复，是否已受理尚不能确定；待服务恢复后请加上"
        f" --no {opening.number} --action-id {opening.action_id} 再执行一次，不会重复受理。",
        EXIT_UNREACHABLE,
    )

"""Sending actions to procedures: from what was typed to the workflow's answer.

Nothing is decided here. The procedure's workflow checks authority, step and verb, and answers
done or refused; a repeated action id is the same action, whoever repeats it.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from contracts.names import ACT_UPDATE, SEPARATOR, item_id, split_id, split_item
from domain.action import Action
from domain.procedure import Verb
from starter.audit_hint import problems_of
from starter.errors import EXIT_BAD_INPUT, EXIT_REFUSED, EXIT_UNREACHABLE, UserError

if TYPE_CHECKING:
    from temporalio.client import WorkflowHandle

    from contracts.procedure import ActionReply
    from starter.desk_client import Door

PATIENCE: Final = timedelta(seconds=15)
"""Longest wait for an answer; the registers' own patience inside it is 8 s."""

UNAVAILABLE: Final = "UNAVAILABLE"
"""The procedure's answer when its registers are away: nothing was decided."""

OLD_ANSWER: Final = timedelta(seconds=2)
"""UNAVAILABLE that comes sooner was given to an earlier try under the same action id."""

BUSY_PAUSE: Final = timedelta(milliseconds=300)
"""Before trying again where the server takes no more at the moment."""

AT_ONCE: Final = 8
"""Procedures acted on at the same time by a file; one procedure takes one action at a time."""

WHOLE: Final = frozenset({Verb.WITHDRAW, Verb.TERMINATE})
"""Verbs about the whole procedure: a step pasted with the item is not sent."""

_FULL_PARTS: Final = 4


def addressed(action: Action, item: str) -> tuple[str, Action]:
    """This will split a typed item into the workflow (or its last parts) and the action's step."""
    workflow, step = split_item(item.strip())
    if not workflow or workflow.startswith(SEPARATOR) or workflow.endswith(SEPARATOR):
        raise UserError(
            "ITEM_FORM", f"事项“{item}”应写成 单位/事项#环节，例如 滨河街道/三定#初审。"
        )
    return workflow, replace(action, step="" if action.verb in WHOLE else step)


async def resolve(door: Door, text: str) -> str:
    """This will return the full workflow id that ends with ``text``.

    A full id (four parts) is taken as it is, so that acting needs no read. Raises UserError:
    NOT_FOUND, AMBIGUOUS.
    """
    if len(split_id(text)) >= _FULL_PARTS:
        return text
    from contracts.desk import Desk, FindQuestion

    found = (await door.ask(Desk.find, FindQuestion(text=text))).workflow_ids
    return chosen(text, found)


def chosen(text: str, found: Sequence[str]) -> str:
    """This will choose the one id that ends with ``text`` at a ``/``, or say why there is none."""
    whole = [one for one in found if one == text or one.endswith(SEPARATOR + text)]
    matches = whole or list(found)
    if not matches:
        raise UserError(
            "NOT_FOUND", f"没有找到事项“{text}”，可用 jiegai inbox 查看待办事项。", EXIT_BAD_INPUT
        )
    if len(matches) > 1:
        listed = "、".join(matches[:5]) + ("……" if len(matches) > 5 else "")
        raise UserError(
            "AMBIGUOUS",
            f"“{text}”对应{len(matches)}个事项，请写得更全：{listed}",
            EXIT_BAD_INPUT,
        )
    return matches[0]


async def send(door: Door, workflow_id: str, action: Action) -> ActionReply:
    """This will send one action and return the workflow's answer, refusals included."""
    return await update(door, workflow_id, ACT_UPDATE, action, action.action_id)


async def update(
    door: Door, workflow_id: str, name: str, order: object, action_id: str
) -> ActionReply:
    """This will send an Update under ``action_id`` and return the workflow's answer.

    Raises UserError where there is no answer: malformed (2), no such workflow (2), a closed one
    (3), or no reply in time (4), then with the action id under which to repeat it.
    """
    from temporalio.client import (
        WorkflowUpdateFailedError,
        WorkflowUpdateRPCTimeoutOrCancelledError,
    )
    from temporalio.service import RPCError, RPCStatusCode

    from contracts.procedure import ActionReply
    from starter.desk_client import raise_worded

    handle = door.workflows.get_workflow_handle(workflow_id)

    async def ask(update_id: str) -> ActionReply:
        while True:
            try:
                answer: ActionReply = await handle.execute_update(
                    name, order, id=update_id, result_type=ActionReply
                )
            except RPCError as error:
                # A procedure takes ten actions at a time; the others wait here.
                if error.status is not RPCStatusCode.RESOURCE_EXHAUSTED:
                    raise
                await asyncio.sleep(BUSY_PAUSE.total_seconds())
            else:
                return answer

    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            asked = time.monotonic()
            reply = await ask(action_id)
            if reply.code == UNAVAILABLE and time.monotonic() - asked < OLD_ANSWER.total_seconds():
                # The server keeps one answer per Update id; the workflow knows the action by its own.
                reply = await ask(f"{action_id}~{uuid.uuid4()}")
    except WorkflowUpdateFailedError as error:
        raise malformed(error.cause) from error
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise _unanswered(action_id) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise await _absent(handle, workflow_id) from error
        if error.status in {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED}:
            raise_worded(error)
        raise _unanswered(action_id) from error
    return reply


def exit_code_of(reply: ActionReply) -> int:
    """Done, refused by a rule, or not decided because the registers were away."""
    if reply.accepted:
        return 0
    return EXIT_UNREACHABLE if reply.code == UNAVAILABLE else EXIT_REFUSED


async def send_many(
    door: Door,
    actions: Iterable[tuple[str, Action]],
    each: Callable[[int, ActionReply | UserError], None],
) -> None:
    """This will send every action, in order within a procedure, several procedures at once.

    ``each`` hears of every answer with the action's place in ``actions``; an action that fails
    does not keep the others back.
    """
    queues: dict[str, list[tuple[int, Action]]] = {}
    for place, (workflow_id, action) in enumerate(actions):
        queues.setdefault(workflow_id, []).append((place, action))
    slots = asyncio.Semaphore(AT_ONCE)

    async def work(workflow_id: str, waiting: list[tuple[int, Action]]) -> None:
        async with slots:
            for place, action in waiting:
                try:
                    each(place, await send(door, workflow_id, action))
                except UserError as error:
                    each(place, error)

    async with asyncio.TaskGroup() as group:
        for workflow_id, waiting in queues.items():
            group.create_task(work(workflow_id, waiting))


def malformed(cause: BaseException) -> UserError:
    """This will word what a validator rejected: nothing was logged, nothing changed."""
    from temporalio.exceptions import ApplicationError

    if isinstance(cause, ApplicationError):
        code = cause.type or "REJECTED"
        exit_code = {"CLOSED": EXIT_REFUSED, "SERVICE_UNREACHABLE": EXIT_UNREACHABLE}
        return UserError(code, cause.message, exit_code.get(code, EXIT_BAD_INPUT))
    return UserError("REJECTED", f"没有办理：{cause}")


async def _absent(handle: WorkflowHandle[object, object], workflow_id: str) -> UserError:
    from temporalio.service import RPCError

    try:
        description = await handle.describe()
    except RPCError:
        return UserError("NOT_FOUND", f"没有事项“{workflow_id}”，可用 jiegai inbox 查看待办事项。")
    closed = description.close_time
    if closed is None:
        # It began between the two questions.
        return UserError("NOT_FOUND", f"事项“{workflow_id}”刚刚开始，请再执行一次。")
    return UserError(
        "CLOSED",
        f"“{workflow_id}”已经结束（{closed:%Y-%m-%d}），不能再办理；办理记录见 jiegai log {workflow_id}。",
        EXIT_REFUSED,
    )


def _unanswered(action_id: str) -> UserError:
    return UserError(
        "SERVICE_UNREACHABLE",
        "没有等到答复，是否已办理尚不能确定；待服务恢复后请加上"
        f" --action-id {action_id} 再执行一次，不会重复办理。",
        EXIT_UNREACHABLE,
    )


def opened_in_words(workflow_id: str, reply: ActionReply) -> str:
    """This will say what comes next: the steps that an action opened, or the end."""
    if reply.ended:
        return "事项已结束。"
    if not reply.opened:
        return ""
    items = [item_id(workflow_id, step) for step in reply.opened]
    return "\n".join((f"下一环节：{'、'.join(items)}", *problems_of(items)))

"""``jiegai health``: is Temporal there, are the namespaces, and does a worker poll each queue?"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import click

from runtime.settings import Settings
from starter.errors import EXIT_UNREACHABLE, UserError
from starter.table import echo_json, render

if TYPE_CHECKING:
    from temporalio.client import Client


@click.command()
@click.option("--here", is_flag=True, help="只认本机的执行程序（容器的健康检查用）。")
@click.option("--json", "as_json", is_flag=True, help="打印 JSON。")
def health(here: bool, as_json: bool) -> None:
    """检查服务：Temporal 是否应答，各队列有没有执行程序在接活。"""
    pollers = asyncio.run(_pollers(Settings.from_environ(), here=here))
    healthy = all(pollers.values())
    dead, reconciled = _beside() if healthy and not here else (0, "")
    if as_json:
        echo_json(
            {
                "healthy": healthy,
                "pollers": pollers,
                "dead_channels": dead,
                "reconciled": reconciled,
            }
        )
    else:
        rows = [(queue, len(names), "、".join(names)) for queue, names in pollers.items()]
        click.echo(render(rows, ["队列", "执行程序数", "执行程序"]))
        if dead:
            click.echo(f"{dead} 个提醒通道失效：jiegai remind channel list 列出，恢复前请打电话。")
        if reconciled:
            click.echo(f"最近一次{reconciled}；详见 jiegai rebuild --last。")
    idle = [queue for queue, names in pollers.items() if not names]
    if idle:
        raise UserError(
            "NO_WORKER",
            f"队列 {'、'.join(idle)} 没有执行程序在接活，办理会一直等待。",
            EXIT_UNREACHABLE,
        )


def _beside() -> tuple[int, str]:
    """Dead channels of reminders, and the last reconcile in a line.

    A service without an answer has other troubles.
    """
    from starter.desk_client import run

    try:
        return run(_read_beside())
    except UserError:
        return 0, ""


async def _read_beside() -> tuple[int, str]:
    from datetime import UTC, datetime

    from contracts.remind import RemindDesk, RemindQuestion
    from starter.desk_client import opened
    from starter.rebuild import last_line

    async with opened() as door:
        question = RemindQuestion(now=datetime.now(UTC), rollout="")
        return await door.ask(RemindDesk.dead, question), await last_line(door)


async def _pollers(settings: Settings, *, here: bool) -> dict[str, list[str]]:
    from contracts import names
    from runtime.connect import connect

    client = await connect(settings)
    queues = {
        names.PROCEDURES_QUEUE: settings.namespace,
        names.DESK_QUEUE: settings.desk_namespace,
        names.BULK_QUEUE: settings.desk_namespace,
    }
    suffix = f"@{socket.gethostname()}" if here else ""
    return {
        queue: [name for name in await _identities(client, place, queue) if name.endswith(suffix)]
        for queue, place in queues.items()
    }


async def _identities(client: Client, namespace: str, queue: str) -> list[str]:
    """This will name who asked ``queue`` for activities within the last minutes."""
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
    from temporalio.service import RPCError, RPCStatusCode

    request = DescribeTaskQueueRequest(
        namespace=namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    try:
        answer = await client.workflow_service.describe_task_queue(request)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise UserError(
                "NOT_PROVISIONED",
                f"Temporal 上没有命名空间 {namespace}，请先运行 jiegai provision。",
                EXIT_UNREACHABLE,
            ) from error
        raise
    return sorted({poller.identity for poller in answer.pollers})

"""How a command asks the desk: standalone activities, and one place that words what can go wrong.

A read waits five seconds and no longer, and nothing that it started outlives it: the activity's
schedule-to-close is the caller's patience. Imports may take a minute. Reads are asked under an id
of their own; an import's id is its content, so that asking twice at once is asking once (that it
is stored once is the database's doing).
"""

from __future__ import annotations

import asyncio
import gc
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from contracts.names import BULK_QUEUE, DESK_QUEUE
from starter.errors import EXIT_BAD_INPUT, EXIT_UNREACHABLE, UserError

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.common import RetryPolicy
    from temporalio.exceptions import ApplicationError
    from temporalio.service import RPCError

READ_PATIENCE: Final = timedelta(seconds=5)
"""Longest wait for a read; a person sits before it."""

IMPORT_PATIENCE: Final = timedelta(seconds=60)
"""Longest wait for an import; a plan of 200 streets is stored in a few seconds."""

_GRACE: Final = timedelta(seconds=2)
"""How much longer the caller listens than the activity may take, to hear that it timed out."""

Given = TypeVar("Given")
Answer = TypeVar("Answer")
Result = TypeVar("Result")


class Door:
    """The one connection of a command, seen from both namespaces."""

    def __init__(self, desk: Client, workflows: Client) -> None:
        self.desk = desk
        self.workflows = workflows

    async def ask(
        self, declaration: Callable[[Any, Given], Awaitable[Answer]], question: Given
    ) -> Answer:
        """This will answer one read, within ``READ_PATIENCE``."""
        return await self._execute(
            declaration, question, str(uuid.uuid4()), DESK_QUEUE, READ_PATIENCE
        )

    async def order(
        self,
        declaration: Callable[[Any, Given], Awaitable[Answer]],
        given: Given,
        content_key: str,
    ) -> Answer:
        """This will carry out one import, known by its content, within ``IMPORT_PATIENCE``."""
        return await self._execute(declaration, given, content_key, BULK_QUEUE, IMPORT_PATIENCE)

    async def _execute(
        self,
        declaration: Callable[[Any, Given], Awaitable[Answer]],
        given: Given,
        activity_id: str,
        queue: str,
        patience: timedelta,
    ) -> Answer:
        from temporalio.common import ActivityIDConflictPolicy

        async with asyncio.timeout((patience + _GRACE).total_seconds()):
            return await self.desk.execute_activity_method(
                declaration,
                given,
                id=activity_id,
                task_queue=queue,
                id_conflict_policy=ActivityIDConflictPolicy.USE_EXISTING,
                schedule_to_close_timeout=patience,
                retry_policy=_retries(),
            )


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """This will run a command's asynchronous part and word the service's failures."""
    try:
        from temporalio.exceptions import TemporalError

        try:
            return asyncio.run(work)
        except (TemporalError, TimeoutError, ConnectionError) as error:
            raise_worded(error)
    finally:
        # Ctrl-C may come before it began, and Python would complain that it never did.
        work.close()


@asynccontextmanager
async def opened() -> AsyncIterator[Door]:
    """This will connect to Temporal once and offer both namespaces."""
    from runtime.connect import connect, quiet_core
    from runtime.settings import Settings

    settings = Settings.from_environ()
    quiet_core()
    client = await connect(settings, settings.desk_namespace)
    # What was imported stays; ``main`` had switched collection off for the imports.
    gc.freeze()
    gc.enable()
    yield Door(desk=client, workflows=_beside(client, settings.namespace))


def raise_worded(error: BaseException) -> NoReturn:
    """This will raise the ``UserError`` that says in Chinese what the service did not do.

    Raises the error itself if it is none of the service's.
    """
    from temporalio.client import ActivityFailureError, RPCTimeoutOrCancelledError
    from temporalio.exceptions import ApplicationError
    from temporalio.exceptions import TimeoutError as ActivityTimeoutError
    from temporalio.service import RPCError

    cause = error.cause if isinstance(error, ActivityFailureError) else error
    if isinstance(cause, ActivityTimeoutError):
        tried = cause.cause if isinstance(cause.cause, ApplicationError) else None
        raise worded_failure(tried) if tried else no_worker() from error
    if isinstance(cause, ApplicationError):
        raise worded_failure(cause) from error
    if isinstance(cause, (TimeoutError, RPCTimeoutOrCancelledError)):
        raise no_worker() from error
    if isinstance(cause, RPCError):
        raise _worded_rpc(cause) from error
    if isinstance(cause, ConnectionError):
        raise no_server() from error
    raise error


def worded_failure(failure: ApplicationError) -> UserError:
    """This will word a failed activity: our own coded refusals as they are, else unreachable."""
    if failure.non_retryable and failure.type and failure.type.isupper():
        return UserError(failure.type, failure.message, EXIT_BAD_INPUT)
    return UserError(
        "SERVICE_UNREACHABLE",
        f"登记库暂时不可用（{failure.type or '原因不明'}），没有做任何改动，请稍后再试。",
        EXIT_UNREACHABLE,
    )


def no_server() -> UserError:
    """The Temporal server does not answer."""
    return UserError(
        "SERVICE_UNREACHABLE",
        "连不上 Temporal 服务：请先运行 jiegai up，或检查连接设置。",
        EXIT_UNREACHABLE,
    )


def no_worker() -> UserError:
    """The server answers, but nobody works on what was asked."""
    return UserError(
        "SERVICE_UNREACHABLE",
        "Temporal 服务在，但执行程序（worker）没有应答：请检查它是否在运行，稍后再试。",
        EXIT_UNREACHABLE,
    )


def _worded_rpc(error: RPCError) -> UserError:
    from temporalio.service import RPCStatusCode

    if error.status is RPCStatusCode.DEADLINE_EXCEEDED:
        return no_worker()
    if error.status is RPCStatusCode.NOT_FOUND and "amespace" in error.message:
        return UserError(
            "SERVICE_UNREACHABLE",
            "这台 Temporal 服务上没有街改的命名空间：请先运行 jiegai up 或完成部署。",
            EXIT_UNREACHABLE,
        )
    if error.status in {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED}:
        return UserError(
            "SERVICE_DENIED", "Temporal 服务拒绝了本机的凭据：请检查连接设置。", EXIT_UNREACHABLE
        )
    if error.status is RPCStatusCode.RESOURCE_EXHAUSTED:
        return UserError("SERVICE_UNREACHABLE", "服务繁忙，请稍后再试。", EXIT_UNREACHABLE)
    if error.status is RPCStatusCode.UNAVAILABLE:
        return no_server()
    return UserError(
        "SERVICE_UNREACHABLE", f"Temporal 服务不能完成请求：{error.message}", EXIT_UNREACHABLE
    )


def _retries() -> RetryPolicy:
    from temporalio.common import RetryPolicy

    # schedule-to-close ends them together with the caller.
    return RetryPolicy(initial_interval=timedelta(milliseconds=200), backoff_coefficient=1.5)


def _beside(client: Client, namespace: str) -> Client:
    """The same connection, seen from another namespace."""
    from temporalio.client import Client

    config = client.config()
    config["namespace"] = namespace
    return Client(**config)

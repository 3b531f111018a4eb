"""The composition root: reads settings, opens connections, and runs the workers.

One process serves three queues: ``procedures`` in the workflows' namespace, ``desk`` and ``bulk``
in the desk's. It prints READY once it polls, and ends in order on SIGTERM: what runs may finish
within 30 seconds.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from contracts import names
from runtime.connect import connect
from runtime.logging import configure_logging
from runtime.settings import Settings

GRACE = timedelta(seconds=30)
PASSED_THROUGH = (
    "domain",
    "contracts",
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
)
"""Deterministic modules that the sandbox need not load anew for every workflow run."""


@dataclass(frozen=True, kw_only=True)
class Roster:
    """What this worker can do, by queue."""

    workflows: Sequence[type] = ()
    procedures: Sequence[Callable[..., Any]] = ()
    desk: Sequence[Callable[..., Any]] = ()
    bulk: Sequence[Callable[..., Any]] = ()


def worker_for(
    client: Client,
    queue: str,
    activities: Sequence[Callable[..., Any]],
    workflows: Sequence[type] = (),
) -> Worker:
    """This will make the worker of one queue; pollers grow and shrink with the load."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return Worker(
        client,
        task_queue=queue,
        workflows=workflows,
        activities=activities,
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        graceful_shutdown_timeout=GRACE,
    )


def roster(_settings: Settings) -> Roster:
    """This will wire activities to their collaborators."""
    return Roster()


async def main() -> None:
    """This will serve until SIGTERM or SIGINT."""
    settings = Settings.from_environ()
    configure_logging(level=settings.log_level, file=settings.log_file)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    able = roster(settings)
    here, desk = await connect(settings), await connect(settings, settings.desk_namespace)
    async with AsyncExitStack() as running:
        if able.workflows:
            worker = worker_for(here, names.PROCEDURES_QUEUE, able.procedures, able.workflows)
            await running.enter_async_context(worker)
        for queue, activities in ((names.DESK_QUEUE, able.desk), (names.BULK_QUEUE, able.bulk)):
            if activities:
                await running.enter_async_context(worker_for(desk, queue, activities))
        print("READY", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())

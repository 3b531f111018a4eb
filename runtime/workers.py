"""How every worker of this application is set up; which activities it runs is worker.py's business."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from runtime.question_guard import GuardedRunner
from runtime.quick_sandbox import QuickSandbox

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


def sandbox() -> SandboxedWorkflowRunner:
    """This will make the sandbox in which every workflow runs, and replays."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return QuickSandbox(restrictions=restrictions)


def activities_of(*holders: object) -> tuple[Callable[..., Any], ...]:
    """This will list every activity of these objects, so that none is forgotten."""
    methods = (getattr(each, name) for each in holders for name in dir(type(each)))
    return tuple(m for m in methods if hasattr(m, "__temporal_activity_definition"))


def worker_for(
    client: Client,
    queue: str,
    activities: Sequence[Callable[..., Any]],
    workflows: Sequence[type] = (),
) -> Worker:
    """This will make the worker of one queue; pollers grow and shrink with the load."""
    return Worker(
        client,
        task_queue=queue,
        workflows=workflows,
        activities=activities,
        workflow_runner=GuardedRunner(sandbox()),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        graceful_shutdown_timeout=GRACE,
    )

"""The sandbox that is not entered for every payload still holds workflows in."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox._runner import _Instance

from runtime.converter import data_converter
from runtime.quick_sandbox import _Quick
from runtime.workers import sandbox

QUEUE = "quick-sandbox"


@activity.defn
async def doubled(number: int) -> int:
    """Twice the number."""
    return 2 * number


@workflow.defn
class Asks:
    """Sends payloads of every kind: argument, local activity, activity, result."""

    @workflow.run
    async def run(self, number: int) -> int:
        """Doubles twice."""
        from datetime import timedelta

        limit = timedelta(seconds=10)
        found = await workflow.execute_local_activity(
            doubled, number, schedule_to_close_timeout=limit
        )
        return await workflow.execute_activity(doubled, found, schedule_to_close_timeout=limit)


@workflow.defn(failure_exception_types=[Exception])
class Rolls:
    """Does what no workflow may."""

    @workflow.run
    async def run(self) -> float:
        """Fails."""
        return random.random()


@pytest.fixture(scope="module")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """A server with a worker for both."""
    beside = Path(sys.executable).with_name("temporal-test-server")
    program = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    async with AsyncExitStack() as stack:
        started = await stack.enter_async_context(
            await WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=program, data_converter=data_converter
            )
        )
        await stack.enter_async_context(
            Worker(
                started.client,
                task_queue=QUEUE,
                workflows=[Asks, Rolls],
                activities=[doubled],
                workflow_runner=sandbox(),
            )
        )
        yield started


async def test_payloads_have_the_contexts_that_the_sdk_gives_them(
    env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every context that is asked for equals the SDK's own answer, given inside the sandbox."""
    asked: list[Any] = []
    quick = _Quick.get_serialization_context

    def both(self: _Quick, command_info: Any) -> Any:
        found = quick(self, command_info)
        asked.append((found, _Instance.get_serialization_context(self, command_info)))
        return found

    monkeypatch.setattr(_Quick, "get_serialization_context", both)
    result = await env.client.execute_workflow(Asks.run, 3, id="contexts", task_queue=QUEUE)
    assert 12 == result
    assert asked
    assert {type(one).__name__ for one, _ in asked} >= {
        "WorkflowSerializationContext",
        "ActivitySerializationContext",
    }
    assert all(one == other for one, other in asked)


async def test_workflows_still_run_in_the_sandbox(env: WorkflowEnvironment) -> None:
    """A workflow that asks for chance fails as the sandbox has it."""
    with pytest.raises(WorkflowFailureError) as failure:
        await env.client.execute_workflow(Rolls.run, id="rolls", task_queue=QUEUE)
    assert "random" in str(failure.value.cause)

"""A question that comes together with an event does not carry a procedure on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.activity_result import (
    ActivityResolution,
    Cancellation,
    Failure,
    Success,
)
from temporalio.bridge.proto.child_workflow import ChildWorkflowResult
from temporalio.bridge.proto.child_workflow import Success as ChildSuccess
from temporalio.bridge.proto.workflow_activation import (
    CancelWorkflow,
    DoUpdate,
    FireTimer,
    InitializeWorkflow,
    QueryWorkflow,
    RemoveFromCache,
    ResolveActivity,
    ResolveChildWorkflowExecution,
    ResolveChildWorkflowExecutionStart,
    ResolveSignalExternalWorkflow,
    SignalWorkflow,
    WorkflowActivation,
    WorkflowActivationJob,
)
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker, WorkflowInstance

from runtime.question_guard import Guarded, GuardedRunner
from runtime.temporal_server import executable

QUEUE = "question-guard"
TRIES = 30
LIMIT = timedelta(seconds=30)
_numbers = count()
_tokens: dict[str, asyncio.Future[bytes]] = {}


# --- on a real server ---------------------------------------------------------------------------


@activity.defn
async def decide() -> str:
    """Decided elsewhere, later."""
    info = activity.info()
    assert info.workflow_id is not None
    _tokens[info.workflow_id].set_result(info.task_token)
    activity.raise_complete_async()


@activity.defn
async def write(page: str) -> int:
    """How long the page is."""
    return len(page)


@activity.defn
async def consult(person: str) -> str:
    """Who it is."""
    return person


@workflow.defn(sandboxed=False)
class Course:
    """Writes what was decided, and asks for each action, as a procedure does."""

    def __init__(self) -> None:
        self._page = ""
        self._written = 0
        self._acted = False

    @workflow.run
    async def run(self) -> int:
        """Until both are done."""
        self._page = await workflow.execute_activity(decide, start_to_close_timeout=LIMIT)
        self._written = await workflow.execute_local_activity(
            write, self._page, start_to_close_timeout=LIMIT
        )
        await workflow.wait_condition(lambda: self._acted)
        return self._written

    @workflow.update
    async def act(self, person: str) -> str:
        """One action."""
        found: str = await workflow.execute_local_activity(
            consult, person, start_to_close_timeout=LIMIT
        )
        self._acted = True
        return found

    @workflow.query
    def page(self) -> str:
        """What was decided."""
        return self._page


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A real server: the time-skipping one gives no event to a question."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(executable()), dev_server_log_level="error"
    ) as env:
        yield env.client


def worker(client: Client, **more: Any) -> Worker:
    """A worker whose questions move nothing."""
    return Worker(
        client,
        task_queue=QUEUE,
        workflows=[Course],
        activities=[decide, write, consult],
        unsandboxed_workflow_runner=GuardedRunner(UnsandboxedWorkflowRunner()),
        **more,
    )


async def asked_again(handle: WorkflowHandle[Course, int]) -> bool:
    """Whether a question was turned away; then it is answered at once when it is asked again."""
    try:
        assert await handle.query(Course.page) in ("", "已定")
    except WorkflowQueryFailedError:
        assert await handle.query(Course.page) == "已定"
        return True
    return False


async def asked_while_it_moves(client: Client) -> tuple[WorkflowHandle[Course, int], bool]:
    """A question waits, then an activity ends, then somebody acts; all before there is a worker."""
    wid = f"course-{next(_numbers)}"
    _tokens[wid] = asyncio.get_running_loop().create_future()
    async with worker(client, max_cached_workflows=0):
        handle = await client.start_workflow(Course.run, id=wid, task_queue=QUEUE)
        token = await _tokens[wid]
        await handle.query(Course.page)
    question = asyncio.create_task(asked_again(handle))
    await handle.describe()
    await client.get_async_activity_handle(task_token=token).complete("已定")
    action = asyncio.create_task(handle.execute_update(Course.act, "经办甲"))
    await handle.describe()
    async with worker(client):
        was_turned_away = await question
        assert await action == "经办甲"
        assert await handle.result() == 2
    return handle, was_turned_away


@pytest.mark.timeout(120)
async def test_a_question_asked_in_the_moment_of_an_event_leaves_a_history_that_replays(
    client: Client,
) -> None:
    """The server gives it the event before the task has it; it is turned away, and all goes on."""
    replayer = Replayer(workflows=[Course])
    for _ in range(TRIES):
        handle, was_turned_away = await asked_while_it_moves(client)
        await replayer.replay_workflow(await handle.fetch_history())
        if was_turned_away:
            return
    raise AssertionError("no question met an event: the guard has done nothing")


# --- which activations are turned away ------------------------------------------------------------


class Recording(WorkflowInstance):
    """What stands behind the guard: how often it was carried on."""

    def __init__(self) -> None:
        self.moves = 0

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Once more."""
        self.moves += 1
        completion = WorkflowActivationCompletion(run_id=act.run_id)
        completion.successful.SetInParent()
        return completion

    def get_serialization_context(self, command_info: Any) -> None:
        """None."""

    def get_external_store_context(self, command_info: Any) -> Any:
        """None."""

    def get_info(self) -> Any:
        """Enough for the log."""
        return type("Info", (), {"workflow_id": "course"})


Job = WorkflowActivationJob
BEGUN = Job(initialize_workflow=InitializeWorkflow())
TASK_TIME = time.time_ns() // 1_000_000 * 1_000_000 - 3_600_000_000_123


def activation(job: Job, at: int = TASK_TIME, *, replaying: bool = False) -> WorkflowActivation:
    """One job at the time of a task."""
    act = WorkflowActivation(run_id="run", jobs=[job], is_replaying=replaying)
    act.timestamp.FromNanoseconds(at)
    return act


def is_turned_away(job: Job, at: int = TASK_TIME, begun: int = TASK_TIME, **more: bool) -> bool:
    """Whether a job is, once a task of a certain time was carried out."""
    behind = Recording()
    guarded = Guarded(behind)
    guarded.activate(activation(BEGUN, begun))
    completion = guarded.activate(activation(job, at, **more))
    assert completion.HasField("failed") == (behind.moves == 1)
    return completion.HasField("failed")


def ended(*, local: bool = False, **how: Any) -> Job:
    """An activity's end."""
    result = ActivityResolution(**how)
    return Job(resolve_activity=ResolveActivity(seq=1, result=result, is_local=local))


CHILD_DONE = ChildWorkflowResult(completed=ChildSuccess())
NEWS = {
    "activity done": ended(completed=Success(result=Payload())),
    "activity failed": ended(failed=Failure()),
    "timer": Job(fire_timer=FireTimer(seq=1)),
    "signal": Job(signal_workflow=SignalWorkflow(signal_name="stop")),
    "cancelled": Job(cancel_workflow=CancelWorkflow()),
    "child done": Job(
        resolve_child_workflow_execution=ResolveChildWorkflowExecution(seq=1, result=CHILD_DONE)
    ),
    "child started": Job(
        resolve_child_workflow_execution_start=ResolveChildWorkflowExecutionStart(seq=1)
    ),
    "signal sent": Job(resolve_signal_external_workflow=ResolveSignalExternalWorkflow(seq=1)),
}
NO_NEWS = {
    "local activity done": ended(local=True, completed=Success()),
    "activity given up": ended(cancelled=Cancellation()),
    "question": Job(query_workflow=QueryWorkflow(query_type="page")),
    "action": Job(do_update=DoUpdate(name="act")),
    "forgotten": Job(remove_from_cache=RemoveFromCache()),
}


@pytest.mark.parametrize("job", NEWS.values(), ids=NEWS)
def test_news_at_the_time_of_the_task_before_came_with_a_question(job: Job) -> None:
    """A task has a time of its own; without one, nothing but a question can have brought it."""
    assert is_turned_away(job)
    assert not is_turned_away(job, TASK_TIME + 1)


@pytest.mark.parametrize("job", NO_NEWS.values(), ids=NO_NEWS)
def test_what_comes_within_a_task_is_carried_out(job: Job) -> None:
    """Local activities end, actions come, questions are answered at the time of the same task."""
    assert not is_turned_away(job)


def test_a_replay_is_carried_out() -> None:
    """It brings what the history has."""
    assert not is_turned_away(NEWS["timer"], replaying=True)


def test_a_server_whose_clock_was_put_back_is_obeyed() -> None:
    """Until its clock is where it was, every task has the time of the one before."""
    ahead = time.time_ns() + 3_600_000_000_123
    assert not is_turned_away(NEWS["timer"], ahead, ahead)


def test_a_server_that_counts_in_milliseconds_is_obeyed() -> None:
    """It begins two tasks in one; so does the time-skipping server."""
    coarse = TASK_TIME // 1_000_000 * 1_000_000
    assert not is_turned_away(NEWS["timer"], coarse, coarse)

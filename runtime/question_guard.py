"""A question about a procedure must not move it on.

The server hands a question to a worker with all events so far, also with one that has come in the
same moment and for which no workflow task has begun (an activity's end, a timer, a signal). The SDK
then carries the workflow on, in the question's name: it asks registers and writes pages. The task that
follows brings what else has come, an action for instance; at replay both are one task, in which
actions come first: what was asked for gets another number, and the procedure stands still for ever.

Such an activation can be told by its time: it is still that of the task before. It is turned away,
which answers the question with a failure and forgets the run; the task that follows finds all as the
history has it. Who asks again is answered.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import Info

_MILLISECOND = 1_000_000


class GuardedRunner(WorkflowRunner):
    """Makes the instances of another runner, and keeps questions from moving them."""

    def __init__(self, inner: WorkflowRunner) -> None:
        self._inner = inner

    def prepare_workflow(self, defn: Any) -> None:
        """This will try the workflow's code once, as the other runner does."""
        self._inner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """This will make the instance of one workflow run."""
        return Guarded(self._inner.create_instance(det))

    def set_worker_level_failure_exception_types(
        self, types: Sequence[type[BaseException]]
    ) -> None:
        """This will pass on which exceptions fail a workflow."""
        self._inner.set_worker_level_failure_exception_types(types)


class Guarded(WorkflowInstance):
    """One run; owns the time of the task that it has seen last."""

    def __init__(self, inner: WorkflowInstance) -> None:
        self._inner = inner
        self._task_time: int | None = None
        self._is_coarse = False

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """This will carry the run on, unless only a question has brought what is new."""
        if self._is_moved_by_a_question(act):
            return self._turn_away(act)
        if act.HasField("timestamp"):
            if self._task_time is None:
                # The time-skipping server counts so, and begins two tasks in one millisecond.
                self._is_coarse = act.timestamp.nanos % _MILLISECOND == 0
            self._task_time = act.timestamp.ToNanoseconds()
        return self._inner.activate(act)

    def _is_moved_by_a_question(self, act: WorkflowActivation) -> bool:
        known = self._task_time
        return (
            known is not None
            and act.timestamp.ToNanoseconds() == known
            and not act.is_replaying
            and not self._is_coarse
            # Else the server's clock was put back, and its tasks have old times until it is there again.
            and time.time_ns() > known
            and any(map(_is_news, act.jobs))
        )

    def _turn_away(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        # Not above: who imports the guard into a sandbox would load it there.
        import structlog

        structlog.get_logger().info(
            "runtime.question_guard.turned_away",
            workflow_id=self.get_info().workflow_id,
            jobs=[job.WhichOneof("variant") for job in act.jobs],
        )
        completion = WorkflowActivationCompletion(run_id=act.run_id)
        failure = completion.failed.failure
        failure.message = "事项正在前进，请再问一次。"
        failure.application_failure_info.type = "MOVING"
        return completion

    # --- as it is ---------------------------------------------------------------------------

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        """What a payload of a command belongs to."""
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        """What a payload that is stored elsewhere belongs to."""
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> Info:
        """Which run this is."""
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        """Where it runs now."""
        return self._inner.get_thread_id()


def _is_news(job: WorkflowActivationJob) -> bool:
    """Whether only an event of the server brings this job; never a cancellation, which needs none."""
    match job.WhichOneof("variant"):
        case "fire_timer" | "signal_workflow" | "cancel_workflow":
            return True
        case "resolve_activity":
            resolved = job.resolve_activity
            return not resolved.is_local and _is_outcome(resolved.result)
        case "resolve_child_workflow_execution":
            return _is_outcome(job.resolve_child_workflow_execution.result)
        case "resolve_child_workflow_execution_start":
            return not job.resolve_child_workflow_execution_start.HasField("cancelled")
        case "resolve_signal_external_workflow":
            return not job.resolve_signal_external_workflow.HasField("failure")
    return False


def _is_outcome(result: Any) -> bool:
    return result.WhichOneof("status") in ("completed", "failed")

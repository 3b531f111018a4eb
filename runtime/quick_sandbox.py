"""The SDK's sandbox, without entering it for every payload.

What serialization context a payload has is asked of the workflow's instance each time that one is
encoded or decoded, about a hundred times for a case of four actions. The SDK enters the sandbox for
each answer, which replaces the builtins and every import: measured, a fifth of the worker's CPU. The
answer is the SDK's own code and reads two names; so it is asked directly, and workflows, which are
what the sandbox is for, run inside as before.
"""

from __future__ import annotations

from typing import Any

from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox._runner import _Instance

_INSIDE = "__temporal_in_sandbox"
"""The name under which the SDK keeps the instance that lives in the sandbox."""


class QuickSandbox(SandboxedWorkflowRunner):
    """Makes instances that run in the sandbox and answer about contexts outside of it."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """This will make the instance of one workflow run."""
        return _Quick(det, self.runner_class, self.restrictions)


class _Quick(_Instance):
    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        """What a payload of a command belongs to."""
        found: SerializationContext | None = self._inside.get_serialization_context(command_info)
        return found

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        """What a payload that is stored elsewhere belongs to."""
        found: StorageDriverStoreContext = self._inside.get_external_store_context(command_info)
        return found

    @property
    def _inside(self) -> Any:
        return self.globals_and_locals[_INSIDE]

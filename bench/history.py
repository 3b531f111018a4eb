"""What a finished workflow has cost: events, Temporal Cloud Actions and bytes, from its history.

Actions are counted as https://docs.temporal.io/cloud/actions defines them, as far as a history
shows them. A signal is counted where it arrives and a child's start on both sides (the intent in
the parent, the start in the child), so that the sum over a rollout counts each once. Queries,
standalone activities and heartbeats leave nothing in a history and are not counted here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

ONE_EACH = {
    "WORKFLOW_EXECUTION_STARTED": "workflow",
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED": "child",
    "ACTIVITY_TASK_SCHEDULED": "activity",
    "TIMER_STARTED": "timer",
    "WORKFLOW_EXECUTION_SIGNALED": "signal",
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": "update",
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": "search attributes",
}
"""Event types that are one Action each."""

LOCAL_ACTIVITY = "core_local_activity"
"""The marker's name; all local activities of one workflow task are one Action together."""


@dataclass(frozen=True)
class Cost:
    """One execution's cost, all its runs together."""

    events: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    payload_bytes: int = 0
    history_bytes: int = 0

    @property
    def total(self) -> int:
        """All events."""
        return self.events.total()

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.events + other.events,
            self.actions + other.actions,
            self.payload_bytes + other.payload_bytes,
            self.history_bytes + other.history_bytes,
        )


async def cost_of(handle: WorkflowHandle[Any, Any]) -> Cost:
    """This will read the newest run's history and count it."""
    return count((await handle.fetch_history()).events)


def count(events: Iterable[Any]) -> Cost:
    """This will count one run's events."""
    cost = Cost()
    payload_bytes = history_bytes = 0
    tasks_with_local: set[int] = set()
    for event in events:
        name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
        cost.events[name] += 1
        if name in ONE_EACH:
            cost.actions[ONE_EACH[name]] += 1
        if name == "ACTIVITY_TASK_STARTED":
            cost.actions["activity"] += event.activity_task_started_event_attributes.attempt - 1
        if name == "MARKER_RECORDED":
            marker = event.marker_recorded_event_attributes
            if marker.marker_name == LOCAL_ACTIVITY:
                tasks_with_local.add(marker.workflow_task_completed_event_id)
        history_bytes += event.ByteSize()
        payload_bytes += sum(payload.ByteSize() for payload in _payloads(event))
    cost.actions["local activities"] += len(tasks_with_local)
    return Cost(cost.events, +cost.actions, payload_bytes, history_bytes)


def _payloads(message: Message) -> Iterator[Payload]:
    """Every payload anywhere inside an event: arguments, results, summaries, search attributes."""
    if isinstance(message, Payload):
        yield message
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        if descriptor.message_type.GetOptions().map_entry:
            inner = value.values()
        elif isinstance(value, Message):
            inner = (value,)
        else:
            inner = value
        for each in inner:
            if isinstance(each, Message):
                yield from _payloads(each)

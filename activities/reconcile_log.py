"""What the histories of a procedure say of its log: the Updates that came in, and their answers.

Of lines that the procedure wrote of itself (开启, 提醒, 改期 …) a history keeps no words, unless a page
had to wait for the database and went by a regular activity: then its lines are in the history.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from contracts.case import OPEN_UPDATE
from contracts.journal import EntryKind
from contracts.names import ACT_UPDATE
from contracts.transfer import PERSON_UPDATE
from domain.case_limits import HANDOVER
from domain.reconcile import Told, Witness

MOST_RUNS: Final = 50
"""Runs that are gone back; a run ends after some 10,000 events."""

_PAGES: Final = frozenset({"write_page", "close_dossier"})


@dataclass
class _Heard:
    told: dict[int, Told] = field(default_factory=dict)
    action_ids: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    asked: dict[str, tuple[str, Any]] = field(default_factory=dict)
    before: str = ""


async def witness_of(client: Client, workflow_id: str, run_id: str) -> Witness:
    """This will read the run and those that it was continued from."""
    heard = _Heard()
    while run_id and run_id not in heard.runs and len(heard.runs) < MOST_RUNS:
        heard.runs.add(run_id)
        heard.before = ""
        handle = client.get_workflow_handle(workflow_id, run_id=run_id)
        async for event in handle.fetch_history_events():
            await _hear(client, heard, event)
        run_id = heard.before
    return Witness(
        told=tuple(heard.told.values()),
        action_ids=frozenset(heard.action_ids),
        runs=frozenset(heard.runs),
    )


async def _hear(client: Client, heard: _Heard, event: Any) -> None:
    kind = event.event_type
    if kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
        started = event.workflow_execution_started_event_attributes
        heard.before = started.continued_execution_run_id
        _opening(heard, await _first(client, started.input.payloads))
    elif kind == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
        # A reset: lines up to it were written by the run that it was made from.
        if base := event.workflow_task_failed_event_attributes.base_run_id:
            heard.runs.add(base)
    elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
        request = event.workflow_execution_update_admitted_event_attributes.request
        await _ask(client, heard, request.meta.update_id, request)
    elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
        accepted = event.workflow_execution_update_accepted_event_attributes
        if accepted.HasField("accepted_request"):
            request = accepted.accepted_request
            await _ask(client, heard, request.meta.update_id, request)
    elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
        completed = event.workflow_execution_update_completed_event_attributes
        given = heard.asked.pop(completed.meta.update_id, None)
        if given is not None and completed.outcome.HasField("success"):
            reply = await _first(client, completed.outcome.success.payloads)
            _answer(heard, *given, reply)
    elif kind == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
        scheduled = event.activity_task_scheduled_event_attributes
        if scheduled.activity_type.name in _PAGES:
            _page(heard, await _first(client, scheduled.input.payloads))


async def _ask(client: Client, heard: _Heard, update_id: str, request: Any) -> None:
    given = await _first(client, request.input.args.payloads)
    heard.asked[update_id] = (request.input.name, given)
    if isinstance(given, dict):
        heard.action_ids.add(str(given.get("action_id", "")))


def _opening(heard: _Heard, request: Any) -> None:
    """A case is opened by its first action, which stands in its request (ADR 0014)."""
    opening = request.get("opening") if isinstance(request, dict) else None
    if opening:
        heard.action_ids |= {opening["action_id"], f"{opening['action_id']}:{HANDOVER}"}


def _answer(heard: _Heard, name: str, given: Any, reply: Any) -> None:
    if not isinstance(reply, dict) or not reply.get("seq") or reply.get("repeated"):
        return
    seq, accepted = int(reply["seq"]), bool(reply["accepted"])
    kind = str(EntryKind.ACTED if accepted else EntryKind.REFUSED)
    if name == OPEN_UPDATE:
        heard.told[seq] = Told(seq=seq, kind=kind, code=str(reply.get("code", "")))
        return
    if name not in {ACT_UPDATE, PERSON_UPDATE}:
        return
    heard.told[seq] = Told(
        seq=seq,
        kind=kind,
        action_id=str(given.get("action_id", "")),
        step=str(given.get("step", "")),
        person=str(given.get("person", "")),
        verb=str(given.get("verb") or given.get("kind") or ""),
        code=str(reply.get("code", "")),
        sentence=str(reply.get("sentence", "")),
    )


def _page(heard: _Heard, page: Any) -> None:
    """The lines of a page that went by a regular activity; an answer's own words go before."""
    parts = ("kind", "action_id", "step", "person", "verb", "code", "sentence")
    for entry in page.get("entries", ()) if isinstance(page, dict) else ():
        seq = int(entry["seq"])
        said = {part: str(entry.get(part, "")) for part in parts}
        heard.told.setdefault(seq, Told(seq=seq, **said))
        heard.action_ids.add(said["action_id"])


async def _first(client: Client, payloads: Any) -> Any:
    """The first value of these payloads; None if it is no JSON."""
    if not payloads:
        return None
    try:
        values = await client.data_converter.decode([payloads[0]])
    except (RuntimeError, ValueError, KeyError):
        return None
    return values[0] if values else None

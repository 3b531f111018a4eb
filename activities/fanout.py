"""Starting and signalling many workflows in one activity.

Both are idempotent: a workflow that runs, or that has run to its end, counts as started; a
signal to a closed one is recorded. Only an amendment of the plan begins anew what has ended. What
the server could not do is tried again as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from contracts import search
from contracts.names import (
    AMENDED_SIGNAL,
    CALENDAR_SIGNAL,
    FACTS_SIGNAL,
    PROCEDURES_QUEUE,
    STOP_SIGNAL,
    area_id,
    rollout_id,
    unit_id,
)
from contracts.procedure import ProcedureResult
from contracts.reform import (
    AREA_EDITION,
    AmendNote,
    AreaRequest,
    Fanout,
    StartAreas,
    Tell,
    Told,
    UnitRequest,
)
from contracts.webpage import page_link
from domain.words import within_bytes

AT_ONCE: Final = 10
"""Calls to the server at the same time; more only queue up there."""

PULSE: Final = timedelta(seconds=30)
"""How often a long wait says that it still waits."""

SUMMARY_BYTES: Final = 200
"""The server's limit for a summary."""

_T = TypeVar("_T")

AREA_WORKFLOW: Final = "AreaReform"
UNIT_WORKFLOW: Final = "UnitReform"


class FanoutActivities(Fanout):
    """Calls the server of the workflows' namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn(name="start_level")
    async def start(self, order: StartAreas) -> int:
        """This will start areas (or, with ``area`` set or units given, units); idempotent."""
        calls = [self._start_area(order, area) for area in order.areas]
        calls += [self._start_unit(order, unit) for unit in order.units]
        await _few_at_once(calls)
        return len(calls)

    @activity.defn(name="tell_workflows")
    async def tell(self, order: Tell) -> Told:
        """This will signal each workflow; a closed one is recorded, not an error."""
        reached = await _few_at_once(
            [self._signals(workflow_id, order) for workflow_id in order.workflow_ids]
        )
        closed = tuple(
            workflow_id
            for workflow_id, is_reached in zip(order.workflow_ids, reached, strict=True)
            if not is_reached
        )
        return Told(reached=len(reached) - len(closed), closed=closed)

    @activity.defn(name="await_ending")
    async def ending(self, workflow_id: str) -> str:
        """This will wait for a procedure that runs and return its ending; empty if it broke."""
        handle = self._client.get_workflow_handle(workflow_id, result_type=ProcedureResult)
        waiting = asyncio.create_task(handle.result())
        try:
            while not waiting.done():
                await asyncio.wait([waiting], timeout=PULSE.total_seconds())
                activity.heartbeat()
            result: ProcedureResult = await waiting
        except WorkflowFailureError:
            return ""
        finally:
            waiting.cancel()
        return result.ending

    def _start_area(self, order: StartAreas, area: str) -> Callable[[], Awaitable[None]]:
        rollout = order.plan.rollout
        return lambda: self._start(
            AREA_WORKFLOW,
            AreaRequest(plan=order.plan, area=area, facts=order.facts, edition=AREA_EDITION),
            area_id(rollout, area),
            summary=f"{rollout}：{area}",
            details=f"- 改革：{self._link(rollout, rollout_id(rollout))}\n- 片区：{area}",
            attributes=[
                SearchAttributePair(search.ROLLOUT, rollout),
                SearchAttributePair(search.DISTRICT, _district(area)),
            ],
            amended=order.amended,
        )

    def _start_unit(self, order: StartAreas, unit: str) -> Callable[[], Awaitable[None]]:
        rollout, area = order.plan.rollout, order.area
        place = self._link(area, area_id(rollout, area)) if area else "市级"
        return lambda: self._start(
            UNIT_WORKFLOW,
            UnitRequest(plan=order.plan, area=area, unit=unit, facts=order.facts),
            unit_id(rollout, area, unit),
            summary=f"{rollout}：{unit}（{area or '市级'}）",
            details=(
                f"- 改革：{self._link(rollout, rollout_id(rollout))}\n- 片区：{place}\n- 单位：{unit}"
            ),
            attributes=[
                SearchAttributePair(search.ROLLOUT, rollout),
                SearchAttributePair(search.UNIT, unit),
                *([SearchAttributePair(search.DISTRICT, _district(area))] if area else []),
            ],
            amended=order.amended,
        )

    def _link(self, text: str, workflow_id: str) -> str:
        return page_link(text, self._client.namespace, workflow_id)

    async def _start(
        self,
        workflow: str,
        request: AreaRequest | UnitRequest,
        workflow_id: str,
        *,
        summary: str,
        details: str,
        attributes: Sequence[SearchAttributePair[Any]],
        amended: AmendNote | None,
    ) -> None:
        again = WorkflowIDReusePolicy.ALLOW_DUPLICATE
        try:
            await self._client.start_workflow(
                workflow,
                request,
                id=workflow_id,
                task_queue=PROCEDURES_QUEUE,
                id_reuse_policy=again if amended else WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=TypedSearchAttributes(attributes),
                static_summary=within_bytes(summary, SUMMARY_BYTES),
                static_details=details,
                start_signal=AMENDED_SIGNAL if amended else None,
                start_signal_args=[amended] if amended else [],
            )
        except WorkflowAlreadyStartedError:
            # It has run to its end: nothing is left to start.
            activity.logger.info("activities.workflow.finished", extra={"id": workflow_id})

    def _signals(self, workflow_id: str, order: Tell) -> Callable[[], Awaitable[bool]]:
        notes = (
            (FACTS_SIGNAL, order.facts),
            (STOP_SIGNAL, order.stop),
            (CALENDAR_SIGNAL, order.calendar),
            (AMENDED_SIGNAL, order.amended),
        )
        return lambda: self._signal(workflow_id, [(n, note) for n, note in notes if note])

    async def _signal(self, workflow_id: str, notes: Sequence[tuple[str, object]]) -> bool:
        """Whether the workflow was there to hear every note."""
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            for name, note in notes:
                await handle.signal(name, note)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True


def _district(area: str) -> str:
    """The district of an area: 海勃湾区 of 海勃湾区·2."""
    return area.partition("·")[0]


async def _few_at_once(calls: Sequence[Callable[[], Awaitable[_T]]]) -> list[_T]:
    """This will run the calls, few at a time, and raise the first failure once all have ended."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(call: Callable[[], Awaitable[_T]]) -> _T:
        async with room:
            result = await call()
            activity.heartbeat()
            return result

    ended = await asyncio.gather(*(one(call) for call in calls), return_exceptions=True)
    results: list[_T] = []
    for each in ended:
        if isinstance(each, BaseException):
            raise each
        results.append(each)
    return results

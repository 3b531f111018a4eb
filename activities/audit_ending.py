"""A stopped rollout: its arrangements open and draw nothing more, and audits under way hear of it.

The rollout's workflow knows that a coordinator stopped it; the register then has it for each
arrangement, once and for good. Reckoning finds it out within the hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.audit_notices import Message, notice_to
from activities.audit_watch import ScheduleWatch
from activities.database import bad_data, translated_errors
from activities.reconcile_server import NO_ANSWER, ask
from contracts.audit_run import RunDone, RunDue, RunOrder, audit_id, audit_schedule_id
from contracts.audit_schedule import SchedulesAway
from contracts.names import STANDING_QUERY, STOP_SIGNAL, rollout_id
from contracts.procedure import StopOrder
from contracts.reform import Standing
from domain.audit import RunKey
from domain.audit_cadence import RunStep
from domain.audit_reckoning import HaltKind, Record
from storage import audit_plan_store as store
from storage.engine import Database

_SAID: Final = "改革已停止推进，这项安排终止"

_log = structlog.get_logger(__name__)


class Rollouts(Protocol):
    """Knows whether a rollout was stopped, and tells those that run."""

    async def stop_of(self, rollout: str) -> StopOrder | None:
        """Who stopped it and why; None while it goes on, and where nobody can say."""
        ...

    async def tell(self, workflow_ids: Iterable[str], order: StopOrder) -> None:
        """This will pass the stop on; what has ended has no need of it."""
        ...


class TemporalRollouts:
    """The rollouts of one namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def stop_of(self, rollout: str) -> StopOrder | None:
        """The rollout's workflow says so, also after its end."""
        try:
            return (await ask(self._client, rollout_id(rollout), STANDING_QUERY, Standing)).stop
        except NO_ANSWER:
            _log.warning("activities.audit_ending.no_answer", rollout=rollout)
            return None

    async def tell(self, workflow_ids: Iterable[str], order: StopOrder) -> None:
        """By the signal that every procedure takes."""
        for workflow_id in workflow_ids:
            try:
                await self._client.get_workflow_handle(workflow_id).signal(STOP_SIGNAL, order)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise


class AuditEnding:
    """Ends the arrangements of stopped rollouts in one database."""

    def __init__(self, database: Database, watch: ScheduleWatch, rollouts: Rollouts) -> None:
        self._database = database
        self._watch = watch
        self._rollouts = rollouts

    async def stop_of(self, rollout: str) -> StopOrder | None:
        """Who stopped a rollout, and why."""
        return await self._rollouts.stop_of(rollout)

    async def due(self, rollout: str, files: Mapping[str, store.OnFile]) -> list[RunDue]:
        """Which arrangements are to be ended, or have audits that have not heard of it."""
        if all(one.record.ended_at is not None for one in files.values()):
            stop = None
        else:
            stop = await self._rollouts.stop_of(rollout)
        return [
            RunDue(
                key=RunKey(rollout=rollout, plan=name, window=""),
                step=RunStep.ENDED,
                sentence=_SAID,
            )
            for name, one in files.items()
            if (stop is not None if one.record.ended_at is None else _under_way(one.record))
        ]

    async def end(self, order: RunOrder) -> RunDone:
        """This will end an arrangement, once, and tell its audits."""
        key = order.due.key
        stop = await self._rollouts.stop_of(key.rollout)
        async with translated_errors(), self._database.transaction() as connection:
            await store.hold(connection, key.rollout, key.plan)
            record = await _record(connection, key)
            if record.ended_at is None:
                if stop is None:
                    return RunDone()
                await _ended(connection, record, stop, order.at)
                record = await _record(connection, key)
        ended = next(one for one in record.halts if one.kind is HaltKind.ENDED)
        passed = StopOrder(person=ended.by, reason=ended.reason, action_id=f"终止:{key.rollout}")
        await self._rollouts.tell(_under_way(record), passed)
        with suppress(SchedulesAway):
            await self._watch.set_running(record)
        return RunDone(sentence=order.due.sentence)


async def _record(connection: AsyncConnection, key: RunKey) -> Record:
    on_file = (await store.read_on_file(connection, key.rollout, key.plan)).get(key.plan)
    if on_file is None:
        raise bad_data(f"没有督查安排“{key.plan}”")
    return on_file.record


async def _ended(
    connection: AsyncConnection, record: Record, stop: StopOrder, at: datetime
) -> None:
    plan = record.newest.plan
    await store.add_event(
        connection,
        (plan.rollout, plan.name),
        str(HaltKind.ENDED),
        person=stop.person,
        reason=stop.reason,
        action_id=f"终止:{stop.action_id}",
        at=at,
    )
    about = audit_schedule_id(plan.rollout, plan.name)
    sentence = f"{_SAID}：不再开展、不再抽取，在办的督查一并终止。"
    await notice_to(connection, plan, Message(what="终止", sentence=sentence, about=about, at=at))


def _under_way(record: Record) -> tuple[str, ...]:
    plan = record.newest.plan
    return tuple(
        audit_id(RunKey(rollout=plan.rollout, plan=plan.name, window=label))
        for label in sorted(record.open - record.broken)
    )

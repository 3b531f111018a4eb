"""Schedules on a Temporal server: for each arrangement one, and one for the rollout itself (日程).

Chosen and why: BUFFER_ONE, because a firing waits for the one before and a third would only reckon the
same; a catch-up window of a year, because whether a late window is made up or reported is the
register's to say; pause on failure for arrangements, so that a failing one stops alone, but not for
日程, which reports it and has the others to see to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from contracts.audit_run import TICK, ScheduledRequest, audit_schedule_id
from contracts.audit_schedule import CATCH_UP, PAUSED_HERE, TICK_HOURS, SchedulesAway, ScheduleSeen
from contracts.names import PROCEDURES_QUEUE, SEPARATOR
from contracts.search import PROCEDURE, ROLLOUT
from domain.audit import AuditPlan
from domain.audit_cadence import Window, cadence_words
from domain.day_words import SHANGHAI

_ZONE: Final = "Asia/Shanghai"
_FIRING: Final = "到期"
_MOST_SUMMARY: Final = 200
"""Bytes that the server takes."""

_TICK_NOTE: Final = (
    "本次改革督查的日程：每日9时至17时每小时核对一次到期、漏检和日程设置，休息日不办理任何事项"
)


class TemporalSchedules:
    """The Schedules of one namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def put(self, plan: AuditPlan, windows: Sequence[Window], paused: str = "") -> None:
        """This will write an arrangement's Schedule with the days of these windows."""
        note = f"{plan.kind}“{plan.name}”，{cadence_words(plan.cadence)}；由{plan.organiser}组织"
        schedule = Schedule(
            action=_action(plan.rollout, plan.name, f"{plan.kind}“{plan.name}”到期，核对并开展"),
            spec=ScheduleSpec(calendars=[_entry(one) for one in windows], time_zone_name=_ZONE),
            policy=_policy(pause_on_failure=True),
            state=ScheduleState(note=paused or note, paused=bool(paused)),
        )
        await self._write(audit_schedule_id(plan.rollout, plan.name), schedule, str(plan.kind))

    async def tick(self, rollout: str) -> None:
        """This will write the rollout's own Schedule."""
        first, last = TICK_HOURS
        schedule = Schedule(
            action=_action(rollout, "", "督查日程：核对本次改革到期和漏检的督查"),
            spec=ScheduleSpec(
                calendars=[
                    ScheduleCalendarSpec(
                        hour=(ScheduleRange(first.hour, last.hour),), comment="每小时核对"
                    )
                ],
                time_zone_name=_ZONE,
            ),
            policy=_policy(pause_on_failure=False),
            state=ScheduleState(note=_TICK_NOTE),
        )
        await self._write(audit_schedule_id(rollout), schedule, TICK)

    async def pause(self, schedule_id: str, note: str) -> None:
        """This will pause a Schedule, saying why; one that is not there stays away."""
        try:
            await self._client.get_schedule_handle(schedule_id).pause(note=note)
        except RPCError as error:
            _pass_over_missing(error)

    async def resume(self, schedule_id: str, note: str) -> None:
        """This will let it go on."""
        try:
            await self._client.get_schedule_handle(schedule_id).unpause(note=note)
        except RPCError as error:
            _pass_over_missing(error)

    async def describe(self, schedule_id: str) -> ScheduleSeen | None:
        """This will look at a Schedule; None if there is none."""
        try:
            found = await self._client.get_schedule_handle(schedule_id).describe()
        except RPCError as error:
            _pass_over_missing(error)
            return None
        return ScheduleSeen(
            paused=found.schedule.state.paused,
            note=found.schedule.state.note or "",
            entries=frozenset(
                moment for one in found.schedule.spec.calendars if (moment := _moment(one))
            ),
            next_at=tuple(found.info.next_action_times),
        )

    async def _write(self, schedule_id: str, schedule: Schedule, kind: str) -> None:
        async def change(seen: ScheduleUpdateInput) -> ScheduleUpdate:
            # The register's own pauses it says anew, in this one update: a server may take a pause
            # that is sent after an update before it. A pause that is not its own stays.
            state = seen.description.schedule.state
            ours = (state.note or "").startswith(PAUSED_HERE)
            if state.paused and not ours and not schedule.state.paused:
                schedule.state = state
            return ScheduleUpdate(schedule=schedule)

        try:
            await self._client.create_schedule(schedule_id, schedule, memo={"类别": kind})
        except ScheduleAlreadyRunningError:
            await self._client.get_schedule_handle(schedule_id).update(change)
        except RPCError as error:
            _pass_over_missing(error)


def _action(rollout: str, plan: str, summary: str) -> ScheduleActionStartWorkflow:
    of = audit_schedule_id(rollout, plan) if plan else audit_schedule_id(rollout)
    return ScheduleActionStartWorkflow(
        "ScheduledAudit",
        ScheduledRequest(rollout=rollout, plan=plan),
        id=SEPARATOR.join((of, _FIRING)),
        task_queue=PROCEDURES_QUEUE,
        typed_search_attributes=TypedSearchAttributes(
            [SearchAttributePair(ROLLOUT, rollout), SearchAttributePair(PROCEDURE, "督查日程")]
        ),
        static_summary=summary.encode()[:_MOST_SUMMARY].decode(errors="ignore"),
    )


def _policy(*, pause_on_failure: bool) -> SchedulePolicy:
    return SchedulePolicy(
        overlap=ScheduleOverlapPolicy.BUFFER_ONE,
        catchup_window=CATCH_UP,
        pause_on_failure=pause_on_failure,
    )


def _entry(window: Window) -> ScheduleCalendarSpec:
    at = window.opens_at.astimezone(SHANGHAI)
    return ScheduleCalendarSpec(
        year=(ScheduleRange(at.year),),
        month=(ScheduleRange(at.month),),
        day_of_month=(ScheduleRange(at.day),),
        hour=(ScheduleRange(at.hour),),
        minute=(ScheduleRange(at.minute),),
        comment=window.label,
    )


def _moment(entry: ScheduleCalendarSpec) -> datetime | None:
    """The one moment of an entry that names a day; None for one that comes round."""
    if not entry.year:
        return None
    fields = (entry.year, entry.month, entry.day_of_month, entry.hour, entry.minute)
    year, month, day, hour, minute = (ranges[0].start for ranges in fields)
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def _pass_over_missing(error: RPCError) -> None:
    if error.status is RPCStatusCode.UNIMPLEMENTED:
        raise SchedulesAway from error
    if error.status is not RPCStatusCode.NOT_FOUND:
        raise error

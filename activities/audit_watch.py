"""Looking after the Schedules of arranged audits: put back, refreshed, paused as the register says.

A Schedule shows days and wakes the reckoning; the register decides. So one that somebody deleted is
put back and reported, and one that Temporal or somebody in the Web UI paused stops its arrangement
in the register too, and is reported. Who stopped an arrangement here has it paused there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.audit_notices import Message, notice_to
from contracts.audit_run import RunDue, audit_schedule_id
from contracts.audit_schedule import PAUSED_HERE, Schedules, SchedulesAway, ScheduleSeen
from domain.audit import RunKey
from domain.audit_cadence import AHEAD, RunStep, Window, cadence_words, expected
from domain.audit_reckoning import Halt, HaltKind, Record
from domain.calendar import WorkCalendar
from domain.deadline import local_day
from storage import audit_plan_store as store

KEPT: Final = timedelta(days=31)
"""Days that have passed stay in a Schedule for so long."""

FRESH: Final = timedelta(days=365)
"""Days further off are written with the next change: half a year passes before there must be one."""

_log = structlog.get_logger(__name__)


class Trouble(StrEnum):
    """How a Schedule is not as the register wants it."""

    GONE = "缺失"
    OLD = "日期已变"
    RUNS = "应暂停"
    RESTS = "应恢复"
    STOPPED = "被暂停"


class ScheduleWatch:
    """Compares Schedules with the register, and mends them."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    async def troubles(
        self,
        rollout: str,
        files: Mapping[str, store.OnFile],
        calendar: WorkCalendar,
        at: datetime,
    ) -> list[RunDue]:
        """This will list the Schedules to mend; none where Schedules cannot be kept."""
        try:
            found = []
            if files and await self._schedules.describe(audit_schedule_id(rollout)) is None:
                found.append(_due(rollout, "", Trouble.GONE))
            for name, on_file in files.items():
                trouble = await self._trouble(on_file.record, calendar, at)
                if trouble is not None:
                    found.append(_due(rollout, name, trouble))
        except SchedulesAway:
            _log.warning("activities.audit_watch.schedules_away", rollout=rollout)
            return []
        return found

    async def mend(
        self, connection: AsyncConnection, key: RunKey, calendar: WorkCalendar, at: datetime
    ) -> str:
        """This will mend one Schedule as it stands now; what was done, in words."""
        if not key.plan:
            if await self._schedules.describe(audit_schedule_id(key.rollout)) is None:
                await self._schedules.tick(key.rollout)
                return "日程已重新设置"
            return ""
        files = await store.read_on_file(connection, key.rollout, key.plan)
        record = files[key.plan].record
        trouble = await self._trouble(record, calendar, at)
        if trouble is Trouble.STOPPED:
            return await self._stopped(connection, record, at)
        if trouble in {Trouble.GONE, Trouble.OLD}:
            await self.put(record, calendar, at)
        if trouble is Trouble.GONE:
            sentence = "安排的日程在 Temporal 上不见了，已重新设置"
            await _report(connection, record, sentence, at)
            return sentence
        if trouble in {Trouble.RUNS, Trouble.RESTS}:
            await self.set_running(record)
        return str(trouble or "")

    async def put(self, record: Record, calendar: WorkCalendar, at: datetime) -> None:
        """This will write the Schedules of an arrangement: its own, unless it draws, and 日程."""
        plan = record.newest.plan
        if await self._schedules.describe(audit_schedule_id(plan.rollout)) is None:
            await self._schedules.tick(plan.rollout)
        if record.is_sampling:
            return
        paused = PAUSED_HERE + halt_words(record.halt) if record.halt else ""
        await self._schedules.put(plan, shown(record, calendar, at), paused)

    async def set_running(self, record: Record) -> None:
        """This will pause a Schedule, or let it go on, as the register says."""
        plan = record.newest.plan
        if record.is_sampling:
            return
        schedule_id = audit_schedule_id(plan.rollout, plan.name)
        if record.halt is not None:
            await self._schedules.pause(schedule_id, PAUSED_HERE + halt_words(record.halt))
        else:
            await self._schedules.resume(
                schedule_id, f"{plan.kind}“{plan.name}”，{cadence_words(plan.cadence)}"
            )

    async def tick_words(self, rollout: str) -> str:
        """What keeps the rollout's own Schedule from ticking, in words; empty if nothing does."""
        try:
            seen = await self._schedules.describe(audit_schedule_id(rollout))
        except SchedulesAway:
            return "服务上没有日程功能：不会自动开展"
        if seen is None:
            return "本次改革的日程在 Temporal 上不见了，20分钟内重新设置"
        if seen.paused:
            return "本次改革的日程在网页上被人暂停：不备抽、不抽取、不补办，请在网页上恢复"
        return ""

    async def seen(self, record: Record) -> ScheduleSeen | None:
        """The Schedule of an arrangement, where it has one."""
        plan = record.newest.plan
        try:
            return await self._schedules.describe(audit_schedule_id(plan.rollout, plan.name))
        except SchedulesAway:
            return None

    async def _trouble(
        self, record: Record, calendar: WorkCalendar, at: datetime
    ) -> Trouble | None:
        if record.is_sampling:
            return None
        plan = record.newest.plan
        seen = await self._schedules.describe(audit_schedule_id(plan.rollout, plan.name))
        if record.ended_at is not None:
            return Trouble.RUNS if seen is not None and not seen.paused else None
        if seen is None:
            return Trouble.GONE
        if record.halt is not None and not seen.paused:
            return Trouble.RUNS
        if record.halt is None and seen.paused:
            return Trouble.RESTS if seen.is_ours else Trouble.STOPPED
        wanted = {one.opens_at for one in shown(record, calendar, at)}
        return Trouble.OLD if _near(wanted, at) != _near(seen.entries, at) else None

    async def _stopped(self, connection: AsyncConnection, record: Record, at: datetime) -> str:
        seen = await self.seen(record)
        failed = seen is not None and seen.is_failed
        kind = HaltKind.FAILED if failed else HaltKind.PAUSED
        sentence = (
            "安排的日程因运行失败被 Temporal 暂停" if failed else "安排的日程在网页上被人暂停"
        )
        plan = record.newest.plan
        await store.add_event(
            connection,
            (plan.rollout, plan.name),
            str(kind),
            person="",
            reason=sentence,
            action_id=f"日程:{at:%Y%m%d%H%M}",
            at=at,
        )
        await _report(connection, record, f"{sentence}；排除后请 jiegai audit resume", at)
        return sentence


def shown(record: Record, calendar: WorkCalendar, at: datetime) -> tuple[Window, ...]:
    """The windows that stand in a Schedule: a month back, eighteen months ahead."""
    known = expected(record.versions, calendar, local_day(at) + AHEAD)
    return tuple(one.window for one in known if one.window.opens_at >= at - KEPT)


def _near(moments: Iterable[datetime], at: datetime) -> set[datetime]:
    return {one for one in moments if at < one <= at + FRESH}


def halt_words(halt: Halt) -> str:
    """Why an arrangement stands still, for lists and the Web UI."""
    by = halt.by or "系统"
    return f"{halt.kind}（{by}，{local_day(halt.since)}）：{halt.reason}"


async def _report(connection: AsyncConnection, record: Record, sentence: str, at: datetime) -> None:
    plan = record.newest.plan
    key = RunKey(rollout=plan.rollout, plan=plan.name, window="")
    await store.note(connection, key, "日程", sentence, at)
    schedule_id = audit_schedule_id(plan.rollout, plan.name)
    what = f"日程:{at:%Y%m%d%H%M}"
    message = Message(what=what, sentence=f"{sentence}。", about=schedule_id, at=at)
    await notice_to(connection, plan, message)


def _due(rollout: str, plan: str, trouble: Trouble) -> RunDue:
    key = RunKey(rollout=rollout, plan=plan, window="")
    return RunDue(key=key, step=RunStep.SCHEDULE, sentence=str(trouble))

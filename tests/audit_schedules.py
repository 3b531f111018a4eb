"""Schedules driven by a clock, as Temporal's behave: catch-up, overlap, pause on failure, trigger.

``tests/activities/test_audit_schedules.py`` holds this and a real server to one suite.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from contracts.audit_run import ScheduledRequest, audit_schedule_id
from contracts.audit_schedule import CATCH_UP, PAUSED_HERE, TICK_HOURS, ScheduleSeen
from domain.audit import AuditPlan
from domain.audit_cadence import Window
from domain.day_words import SHANGHAI
from domain.deadline import local_day

Action = Callable[[ScheduledRequest, datetime, datetime], Awaitable[bool]]
"""What a firing does: request, planned time, now; False if it failed."""

SHOWN = 10
"""Next times that a server tells."""


@dataclass
class Kept:
    """One Schedule. ``running`` and ``waiting`` are the planned times of what was started."""

    request: ScheduledRequest
    entries: frozenset[datetime]
    processed: datetime
    pause_on_failure: bool
    hours: Sequence[int]
    note: str = ""
    paused: bool = False
    running: datetime | None = None
    waiting: datetime | None = None
    skipped: int = 0

    def times(self, after: datetime, until: datetime) -> list[datetime]:
        """Its moments in (after, until]."""
        if self.request.plan:
            return sorted(at for at in self.entries if after < at <= until)
        found, day = [], local_day(after)
        while day <= local_day(until):
            for hour in self.hours:
                at = datetime.combine(day, time(hour), tzinfo=SHANGHAI).astimezone(UTC)
                if after < at <= until:
                    found.append(at)
            day += timedelta(days=1)
        return found


@dataclass
class ClockedSchedules:
    """Keeps Schedules and lets time pass; server and worker may be away."""

    now: datetime
    action: Action | None = None
    kept: dict[str, Kept] = field(default_factory=dict)
    server: bool = True
    worker: bool = True
    hours: Sequence[int] = range(TICK_HOURS[0].hour, TICK_HOURS[1].hour + 1)

    # --- the port ---------------------------------------------------------------------------

    async def put(self, plan: AuditPlan, windows: Sequence[Window], paused: str = "") -> None:
        """Write an arrangement's Schedule."""
        entries = frozenset(one.opens_at for one in windows)
        request = ScheduledRequest(rollout=plan.rollout, plan=plan.name)
        schedule_id = audit_schedule_id(plan.rollout, plan.name)
        self._put(schedule_id, request, entries)
        one = self.kept[schedule_id]
        if paused or one.note.startswith(PAUSED_HERE):
            one.paused, one.note = bool(paused), paused

    async def tick(self, rollout: str) -> None:
        """Write the rollout's own."""
        self._put(audit_schedule_id(rollout), ScheduledRequest(rollout=rollout), frozenset())

    async def pause(self, schedule_id: str, note: str) -> None:
        """Pause one."""
        if schedule_id in self.kept:
            self.kept[schedule_id].paused, self.kept[schedule_id].note = True, note

    async def resume(self, schedule_id: str, note: str) -> None:
        """Let one go on; what it would have fired meanwhile is gone."""
        if schedule_id in self.kept:
            one = self.kept[schedule_id]
            one.paused, one.note, one.processed = False, note, max(one.processed, self.now)

    async def describe(self, schedule_id: str) -> ScheduleSeen | None:
        """Look at one."""
        one = self.kept.get(schedule_id)
        if one is None:
            return None
        ahead = one.times(self.now, self.now + timedelta(days=800 if one.request.plan else 4))
        return ScheduleSeen(
            paused=one.paused,
            note=one.note,
            entries=one.entries,
            next_at=tuple(ahead[:SHOWN]),
        )

    # --- the server -------------------------------------------------------------------------

    async def trigger(self, schedule_id: str) -> None:
        """Fire now, paused or not."""
        await self._fire(self.kept[schedule_id], self.now)

    async def until(self, moment: datetime) -> None:
        """Let time pass, with everything that fires meanwhile, in order."""
        while self.server:
            due = [
                (times[0], schedule_id)
                for schedule_id, one in self.kept.items()
                if (times := one.times(one.processed, moment))
            ]
            if not due:
                break
            at, schedule_id = min(due)
            self.now = max(self.now, at)
            await self._process(self.kept[schedule_id], at)
        self.now = max(self.now, moment)

    async def server_back(self) -> None:
        """The server starts again: what it missed is caught up with, one time after the other."""
        self.server = True
        for one in list(self.kept.values()):
            for at in one.times(max(one.processed, self.now - CATCH_UP), self.now):
                one.processed = at
                if not one.paused:
                    # All of it at once: what was started before has not ended yet.
                    self._start(one, at)
        await self._work()

    async def worker_back(self) -> None:
        """The worker starts again: what was started is done, then what waited."""
        self.worker = True
        await self._work()

    def _put(
        self, schedule_id: str, request: ScheduledRequest, entries: frozenset[datetime]
    ) -> None:
        if schedule_id in self.kept:
            one = self.kept[schedule_id]
            one.entries, one.processed = entries, max(one.processed, self.now)
            return
        self.kept[schedule_id] = Kept(
            request=request,
            entries=entries,
            processed=self.now,
            pause_on_failure=bool(request.plan),
            hours=self.hours,
        )

    async def _process(self, one: Kept, at: datetime) -> None:
        one.processed = at
        if not one.paused:
            await self._fire(one, at)

    async def _fire(self, one: Kept, at: datetime) -> None:
        self._start(one, at)
        await self._work()

    def _start(self, one: Kept, at: datetime) -> None:
        if one.running is None:
            one.running = at
        elif one.waiting is None:
            one.waiting = at
        else:
            one.skipped += 1

    async def _work(self) -> None:
        while self.worker and self.action is not None:
            one = next((each for each in self.kept.values() if each.running), None)
            if one is None or one.running is None:
                return
            is_done = await self.action(one.request, one.running, self.now)
            one.running, one.waiting = one.waiting, None
            if not is_done and one.pause_on_failure:
                one.paused, one.note = True, "paused due to workflow failure: it failed"

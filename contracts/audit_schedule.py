"""The Schedules by which arrangements come round: what is asked of whoever keeps them.

A Schedule knows nothing but days, all of them days that anybody may know: a sample has none, only the
rollout's own Schedule (日程) draws. What a firing does, the register decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, Protocol

from domain.audit import AuditPlan
from domain.audit_cadence import Window

CATCH_UP: Final = timedelta(days=365)
"""A firing that a stopped server missed is made for so long: the reckoning then makes the window up,
or reports it."""

TICK_HOURS: Final = (time(9), time(17))
"""The rollout's own Schedule fires on every full hour between these, on every day."""

PAUSED_HERE: Final = "街改暂停："
"""How the note of a Schedule begins that the register paused, not somebody in the Web UI."""

FAILURE_MARK: Final = "workflow failure"
"""In the note of a Schedule that Temporal paused by itself."""


class SchedulesAway(Exception):
    """Raised where no Schedules can be kept: nothing that the register does depends on them."""


@dataclass(frozen=True, kw_only=True)
class ScheduleSeen:
    """A Schedule as it stands. ``entries`` are the moments written into it, past ones included."""

    paused: bool = False
    note: str = ""
    entries: frozenset[datetime] = frozenset()
    next_at: tuple[datetime, ...] = ()

    @property
    def is_failed(self) -> bool:
        """Whether Temporal paused it because what it started failed."""
        return self.paused and FAILURE_MARK in self.note

    @property
    def is_ours(self) -> bool:
        """Whether the register paused it."""
        return self.paused and self.note.startswith(PAUSED_HERE)


class Schedules(Protocol):
    """Keeps Schedules by id (``audit_schedule_id``); putting the same twice is putting it once.

    Every question raises SchedulesAway where there are none.
    """

    async def put(self, plan: AuditPlan, windows: Sequence[Window], paused: str = "") -> None:
        """This will write an arrangement's Schedule with the days of these windows.

        ``paused`` says why it is to stand still; empty, it runs unless somebody in the Web UI, or a
        failure, paused it.
        """
        ...

    async def tick(self, rollout: str) -> None:
        """This will write the rollout's own Schedule."""
        ...

    async def pause(self, schedule_id: str, note: str) -> None:
        """This will pause a Schedule, saying why; one that is not there stays away."""
        ...

    async def resume(self, schedule_id: str, note: str) -> None:
        """This will let it go on."""
        ...

    async def describe(self, schedule_id: str) -> ScheduleSeen | None:
        """This will look at a Schedule; None if there is none."""
        ...

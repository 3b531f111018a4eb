"""Changing a calendar otherwise than by a year's notice: a district's overlay, a return to earlier.

Both stage a version as an import does; publishing it is the same (contracts/desk.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import activity

from contracts.desk import CalendarImported


@dataclass(frozen=True, kw_only=True)
class LocalDayOrder:
    """One day off or worked in a district, and why."""

    day: date
    is_off: bool
    name: str


@dataclass(frozen=True, kw_only=True)
class LocalOrder:
    """A district's days off and worked by one paper; the same paper again replaces its days."""

    district: str
    paper: str
    days: tuple[LocalDayOrder, ...]
    now: datetime
    person: str


@dataclass(frozen=True, kw_only=True)
class RollbackOrder:
    """Bring back the content of version ``to``.

    0: of the one in force before the present one, or, while something is staged, of the present one.
    ``paper`` is what orders the return; empty names what is withdrawn.
    """

    now: datetime
    person: str
    to: int = 0
    paper: str = ""


@dataclass(frozen=True, kw_only=True)
class VersionsQuestion:
    """The newest ``limit`` versions."""

    limit: int = 200


@dataclass(frozen=True, kw_only=True)
class VersionLine:
    """One version: what it is, what it rests on, who staged and who published it, and when.

    ``basis`` is the version that it builds on; for a 回退 the one whose content it brings back.
    """

    version: int
    kind: str
    district: str
    year: int
    paper: str
    basis: int
    staged_at: datetime
    staged_by: str
    published_at: datetime | None
    published_by: str
    in_force: bool


@dataclass(frozen=True, kw_only=True)
class VersionsPage:
    """Versions, the newest first."""

    lines: tuple[VersionLine, ...]
    total: int


class CalendarReads(ABC):
    """Reads of the calendar's register (queue ``desk``)."""

    @activity.defn(name="read_calendar_versions")
    @abstractmethod
    async def versions(self, question: VersionsQuestion) -> VersionsPage:
        """This will list the versions of the calendar, the newest first."""


class CalendarChanges(ABC):
    """Changes to the calendar's register (queue ``bulk``): staged, not yet in force."""

    @activity.defn(name="import_local_days")
    @abstractmethod
    async def import_local(self, order: LocalOrder) -> CalendarImported:
        """This will stage a version with a district's overlay."""

    @activity.defn(name="rollback_calendar")
    @abstractmethod
    async def rollback(self, order: RollbackOrder) -> CalendarImported:
        """This will stage a version with the content of an earlier one."""

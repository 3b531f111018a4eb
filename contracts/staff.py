"""Persons of the register, answered sealed: Temporal sees keys, the CLI opens the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

MOST_PERSONS = 200
"""Persons of one answer."""


@dataclass(frozen=True, kw_only=True)
class StaffQuestion:
    """Persons of a unit, or one by key; masked unless ``unmask``, which needs a reason.

    ``asked`` is a random token to which the answer's seal is bound.
    """

    now: datetime
    rollout: str
    person: str
    asked: str
    unit: str = ""
    key: str = ""
    unmask: bool = False
    reason: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class StaffPage:
    """``sealed`` opens to a JSON list of :class:`StaffLine`; ``people`` says how many it has."""

    sealed: str = ""
    people: int = 0
    next_page: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class StaffLine:
    """One person, as the seal holds it; never sent in the clear.

    ``attributes`` (区属、街管、街用、街考) and ``appraisal`` are said of who went down (0-45, 3-11).
    """

    key: str
    name: str
    number: str
    unit: str
    type: str
    leader_type: str
    title: str
    now_in: str
    sink_mode: str = ""
    attributes: str = ""
    appraisal: str = ""


@dataclass(frozen=True, kw_only=True)
class StaffReadsQuestion:
    """Who read persons unmasked: all, one person's key, or one unit's readers."""

    now: datetime
    rollout: str
    person: str
    key: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class StaffReadLine:
    """One unmasked read."""

    at: datetime
    key: str
    person: str
    unit: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class StaffReadsPage:
    """Unmasked reads, latest first."""

    lines: tuple[StaffReadLine, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


class StaffDesk(ABC):
    """Reads of the register (queue ``desk``)."""

    @activity.defn(name="read_staff")
    @abstractmethod
    async def show(self, question: StaffQuestion) -> StaffPage:
        """This will answer persons, sealed; an unmasked read is written down first."""

    @activity.defn(name="list_staff_reads")
    @abstractmethod
    async def reads(self, question: StaffReadsQuestion) -> StaffReadsPage:
        """This will list who read persons unmasked, and why."""

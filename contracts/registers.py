"""What workflows ask the registers (directory, calendar, plan), and the typed declarations.

Every answer carries the version it was given under, so that a history says what was known then.
The methods are declarations: ``activities/`` implements them, workflows name them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import activity

from domain.action import Grant
from domain.case_limits import CaseLimit
from domain.deadline import Deadline, Rung
from domain.plan import Row
from domain.schedule import PlannedStep


@dataclass(frozen=True, kw_only=True)
class DueQuestion:
    """When a step is due if it is dispatched at ``dispatched_at`` (aware UTC).

    The answer is the later of its place in the backward schedule (``anchor`` minus
    ``workdays_after`` working days) and its own ``workdays`` from dispatch; no ``anchor``, only
    the second (a redraft). With a ``row_id`` the anchor is taken from the registered plan's
    schedule of that row under the calendar in force, so that a new notice moves it. ``by``
    overrides all: an extension's new date. Otherwise no answer is later than ``limit``, the row's
    完成时限: a date never slides by itself. ``escalate`` are pairs (working days after, ``unit:role``).

    ``clock`` is the limit of a step of a case and replaces all the above; it counts from ``trigger``, or from
    the dispatch where that is None, but leaves a receiver at least ``workdays`` from dispatch. ``day_end``
    overrides the plan's for it, ``remind_hours`` are hours before a limit that runs on outside
    working hours.

    ``standing`` and ``asked_at`` come with a question that is asked again because of a new calendar:
    the due date so far, and now. A calendar makes nothing overdue that was not.
    """

    step: str
    dispatched_at: datetime
    workdays: int
    anchor: date | None = None
    workdays_after: int = 0
    row_id: str = ""
    limit: date | None = None
    by: date | None = None
    remind: tuple[int, ...] = ()
    escalate: tuple[tuple[int, str], ...] = ()
    standing: date | None = None
    asked_at: datetime | None = None
    clock: CaseLimit | None = None
    trigger: datetime | None = None
    day_end: str = ""
    remind_hours: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepDue:
    """A due time with the rule that made it, and the ladder of reminders and escalations."""

    deadline: Deadline
    rungs: tuple[Rung, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Consultation:
    """One question to the registers for one action: who is this person, and what would be due.

    ``person`` empty asks only for due times; ``other_person`` is the one a 转办 goes to. ``rollout``
    selects directory and calendar policy, ``district`` the calendar's local days. ``now`` (aware UTC)
    is the moment for which posts and absences hold; None takes posts without an end. ``able_in``
    are the units whose present persons are asked for, ``stored`` the sha256 of files said to be in
    the register of evidence.
    """

    rollout: str
    district: str = ""
    now: datetime | None = None
    able_in: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    person: str = ""
    other_person: str = ""
    units: tuple[str, ...] = ()
    dues: tuple[DueQuestion, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the registers said, with their versions.

    ``known_units`` are those of the asked ``units`` that exist. ``dues`` is keyed by step. ``able``
    names by unit who can act for it now: those who are there, and substitutes of the absent,
    whom ``away`` names by unit, each with who acts instead.
    ``stored`` are those of the asked files that are there. ``calendar_paper`` says, where due times
    are asked again, by which papers the calendar came into force and who published it.
    """

    directory_version: int
    calendar_version: int
    grants: tuple[Grant, ...] = ()
    other_grants: tuple[Grant, ...] = ()
    known_units: tuple[str, ...] = ()
    dues: dict[str, StepDue] | None = None
    able: dict[str, tuple[str, ...]] | None = None
    away: dict[str, dict[str, str]] | None = None
    stored: tuple[str, ...] = ()
    calendar_paper: str = ""


@dataclass(frozen=True, kw_only=True)
class PlanKey:
    """Which version of which registered plan."""

    rollout: str
    plan_id: int
    version: int


@dataclass(frozen=True, kw_only=True)
class SliceQuestion:
    """Ask for the slice of one area or unit (name) of a plan; empty name is the rollout's own."""

    plan: PlanKey
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class RowSlice:
    """One row of a plan for one unit: its steps scheduled, and the facts it waits for."""

    row: Row
    steps: tuple[PlannedStep, ...]
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnitSlice:
    """What one unit has to do. ``reports`` are its facts that others wait for."""

    unit: str
    district: str
    coordinators: tuple[str, ...]
    rows: tuple[RowSlice, ...]
    reports: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """A fact that is true once all its parts are: ``M3-1@*海勃湾区``."""

    fact: str
    parts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AreaSlice:
    """One area: its units with work, what it sums up, what it reports up and shares down."""

    area: str
    units: tuple[str, ...]
    aggregates: tuple[Aggregate, ...] = ()
    reports: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class RolloutSlice:
    """The top of a rollout: its areas, its units at city level, and the facts it relays."""

    areas: tuple[str, ...]
    city_units: tuple[str, ...]
    relays: tuple[str, ...] = ()
    title: str = ""
    coordinator: str = ""
    coordinators: tuple[str, ...] = ()


class Registers(ABC):
    """Reads of the registers; run as local activities, so answers are in the history."""

    @activity.defn(name="consult_registers")
    @abstractmethod
    async def consult(self, question: Consultation) -> Answer:
        """This will answer who a person is and when steps would be due."""

    @activity.defn(name="load_rollout_slice")
    @abstractmethod
    async def load_rollout(self, question: SliceQuestion) -> RolloutSlice:
        """This will read the top level of a registered plan."""

    @activity.defn(name="load_area_slice")
    @abstractmethod
    async def load_area(self, question: SliceQuestion) -> AreaSlice:
        """This will read one area of a registered plan."""

    @activity.defn(name="load_unit_slice")
    @abstractmethod
    async def load_unit(self, question: SliceQuestion) -> UnitSlice:
        """This will read one unit's rows of a registered plan."""

"""The tree above procedures: rollout, areas, units, and the facts that travel between them.

A *fact* says that a row has ended for a unit (``M3-1@滨河街道``) or for a whole area
(``M3-1@*海勃湾区``). Facts are only ever added, so that a lost, doubled or late message changes
nothing that a later one does not repair.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from temporalio import activity

from contracts.procedure import CalendarNote, StopOrder
from contracts.registers import PlanKey


@dataclass(frozen=True, kw_only=True)
class RolloutRequest:
    """Start of a rollout whose plan is registered."""

    plan: PlanKey
    started_by: str = ""


AREA_EDITION = 2
"""The edition of areas started now; one that runs keeps its own (ADR 0008)."""


@dataclass(frozen=True, kw_only=True)
class AreaRequest:
    """Start of one area; ``facts`` are those already known above it.

    ``edition`` 2 sums facts up before it looks whether there is something to tell; an area of
    edition 1 told its own units of such a sum only when something else woke it.
    """

    plan: PlanKey
    area: str
    facts: tuple[str, ...] = ()
    edition: int = 1


@dataclass(frozen=True, kw_only=True)
class UnitRequest:
    """Start of one unit; ``area`` is empty at city level."""

    plan: PlanKey
    area: str
    unit: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AmendNote:
    """The plan has a new version: ``plan`` names it, ``paper`` is the 文号, ``person`` who amended."""

    plan: PlanKey
    paper: str
    person: str


@dataclass(frozen=True, kw_only=True)
class FactsNote:
    """Facts told downwards; a grow-only set."""

    facts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a unit or area tells the level above: its facts so far, and whether it has ended.

    ``version`` is that of the plan by which it has ended.
    """

    name: str
    facts: tuple[str, ...] = ()
    ended: bool = False
    version: int = 1


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a unit, area or rollout knows and has heard, asked of the workflow itself.

    ``facts`` is all that it knows, ``reports`` what of that it tells upwards, ``shares`` what it
    tells downwards. ``below`` are the workflow ids of the level below by name, ``ended_below`` the
    names that have told their end. ``stop`` is by whom and why it was stopped. Of a unit: ``waits_for`` are the facts that rows wait for that
    are not known, ``broken`` the workflow ids of procedures that were ended from outside.
    """

    name: str
    version: int = 1
    ended: bool = False
    facts: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    below: dict[str, str] = field(default_factory=dict)
    ended_below: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    stopped: bool = False
    stop: StopOrder | None = None


@dataclass(frozen=True, kw_only=True)
class LevelResult:
    """The end of a unit, area or rollout."""

    ended: int
    terminated: int = 0
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class StartAreas:
    """Start these areas and city units of a rollout; running ones are left alone.

    With ``amended`` each hears of it, and those that have ended begin anew to do so.
    """

    plan: PlanKey
    areas: tuple[str, ...] = ()
    area: str = ""
    units: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    amended: AmendNote | None = None


@dataclass(frozen=True, kw_only=True)
class Tell:
    """Signal workflows by id: facts, a stop, a new calendar or plan. Closed targets are counted."""

    workflow_ids: tuple[str, ...]
    facts: FactsNote | None = None
    stop: StopOrder | None = None
    calendar: CalendarNote | None = None
    amended: AmendNote | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """How many were reached, and which were already closed."""

    reached: int
    closed: tuple[str, ...] = ()


class Fanout(ABC):
    """Starts and signals many workflows in one activity, so that histories stay small."""

    @activity.defn(name="start_level")
    @abstractmethod
    async def start(self, order: StartAreas) -> int:
        """This will start areas (or, with ``area`` set or units given, units); idempotent."""

    @activity.defn(name="tell_workflows")
    @abstractmethod
    async def tell(self, order: Tell) -> Told:
        """This will signal each workflow; a closed one is recorded, not an error."""

    @activity.defn(name="await_ending")
    @abstractmethod
    async def ending(self, workflow_id: str) -> str:
        """This will wait for a procedure that runs and return its ending; empty if it broke."""

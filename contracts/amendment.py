"""Amending a plan in force: the list that is seen first, the one commit, and who is told.

``Amending`` is the desk's (queue ``bulk``): it compares, lists, and on confirmation stores the next
version of the plan. ``Amendments`` is what rollout, areas and units ask when they hear of it; each
is answered with its own share, so that no message grows with the number of streets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime

from temporalio import activity

from contracts.reform import AmendNote
from contracts.registers import AreaSlice, PlanKey, RolloutSlice, UnitSlice
from domain.plan import Plan
from domain.refusal import Refused


@dataclass(frozen=True, kw_only=True)
class AmendOrder:
    """A checked plan that is to take the place of the one in force under the same name.

    ``paper`` is the 文号 by which ``issuer`` (机关) amends. ``redo`` and ``stop`` are rows whose running
    procedures go back to their first step, or end. Without ``confirm`` nothing changes.
    """

    plan: Plan
    content_hash: str
    now: datetime
    paper: str = ""
    issuer: str = ""
    person: str = ""
    redo: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    confirm: bool = False
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class AmendLine:
    """What becomes of one procedure; ``fate`` is one of ``domain.amendment.Fate``."""

    workflow_id: str
    unit: str
    row_id: str
    item: str
    status: str
    fate: str
    due_before: date | None = None
    due_after: date | None = None
    what: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Amended:
    """The list, and whether it holds: ``applied`` now or (``again``) before.

    ``version`` is that of the amended plan. ``counts`` are procedures by fate, 不变 among them.
    ``refusals`` is everything that forbids it; ``code`` and ``sentence`` say the first.
    """

    plan: PlanKey | None = None
    version: int = 0
    in_force: int = 0
    lines: tuple[AmendLine, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[Refused, ...] = ()
    next_page: str = ""
    paper: str = ""
    applied: bool = False
    again: bool = False
    told: int = 0
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class AmendmentRequest:
    """An amendment that has been stored; now all that it concerns hear of it."""

    note: AmendNote
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AmendmentResult:
    """``reached`` False: the rollout had ended before it heard of the amendment."""

    version: int
    reached: bool


@dataclass(frozen=True, kw_only=True)
class ShareQuestion:
    """What the plan's version means for the rollout (no ``name``), an area or a unit.

    ``since`` is the version that was followed so far; 0 asks what the version itself changed, for a
    level that has just begun.
    """

    plan: PlanKey
    since: int = 0
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class RolloutShare:
    """The top under the new version, and the areas and city units that it concerns."""

    slice: RolloutSlice
    areas: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AreaShare:
    """An area under the new version.

    ``concerned`` are its units that must hear of it. ``finished`` are units all of whose rows have
    ended, ``facts`` what is known to have ended here: for an area that begins anew.
    """

    slice: AreaSlice
    concerned: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RowFate:
    """One row of a unit that the new version says differently. ``how`` tells what runs."""

    row_id: str
    item: str
    how: str
    is_gone: bool = False


@dataclass(frozen=True, kw_only=True)
class UnitShare:
    """A unit under the new version; ``ended`` are rows whose procedures have ended, and how."""

    slice: UnitSlice
    fates: tuple[RowFate, ...] = ()
    ended: dict[str, str] = field(default_factory=dict)


def amendment_id(rollout: str, version: int) -> str:
    """The id of the workflow that carries one amendment out."""
    return f"{rollout}/修订/{version}"


class Amending(ABC):
    """The list and the commit (queue ``bulk``)."""

    @activity.defn(name="amend_plan")
    @abstractmethod
    async def amend(self, order: AmendOrder) -> Amended:
        """This will list what an amendment means and, confirmed, put it in force."""


class Amendments(ABC):
    """What a level asks when it hears of an amendment."""

    @activity.defn(name="load_rollout_share")
    @abstractmethod
    async def rollout_share(self, question: ShareQuestion) -> RolloutShare:
        """This will read what an amendment means for the top of a rollout."""

    @activity.defn(name="load_area_share")
    @abstractmethod
    async def area_share(self, question: ShareQuestion) -> AreaShare:
        """This will read what an amendment means for one area."""

    @activity.defn(name="load_unit_share")
    @abstractmethod
    async def unit_share(self, question: ShareQuestion) -> UnitShare:
        """This will read what an amendment means for one unit."""

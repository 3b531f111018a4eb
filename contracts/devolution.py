"""How far a unit's going down is (0-44): asked by the command, and by a row that waits for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date

from temporalio import activity

from domain.devolution import Devolution, Goal


@dataclass(frozen=True, kw_only=True)
class DevolutionQuestion:
    """``goals`` as seen from ``district``; ``to`` as typed, else a row's 责任单位.

    ``as_of`` counts by the ledger's entries up to the end of that day; None is now.
    """

    rollout: str
    goals: tuple[Goal, ...]
    district: str = ""
    targets_text: str = ""
    to: tuple[str, ...] = ()
    as_of: date | None = None


@dataclass(frozen=True, kw_only=True)
class DevolutionAnswer:
    """One line for each goal; ``units`` and ``teams`` are what counts as below for the last."""

    lines: tuple[Devolution, ...] = ()
    units: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    code: str = ""
    sentence: str = ""


class Devolutions(ABC):
    """Declares the measure (queues ``procedures`` and ``desk``)."""

    @activity.defn(name="measure_devolution")
    @abstractmethod
    async def measure(self, question: DevolutionQuestion) -> DevolutionAnswer:
        """This will count what has gone down, by people and by posts."""

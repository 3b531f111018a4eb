"""Secondments to the district's organs: what the CLI orders and asks; persons are keys (3-08)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import activity

from domain.refusal import Finding
from domain.secondment import Seconded

MOST_RETURNED = 200
"""Persons of one return."""


@dataclass(frozen=True, kw_only=True)
class SecondmentImport:
    """Import the sheet that was uploaded sealed; ``only_check`` changes nothing."""

    now: datetime
    rollout: str
    person: str
    upload: str
    pieces: int
    only_check: bool = False


@dataclass(frozen=True, kw_only=True)
class SecondmentImported:
    """``new`` and ``same`` rows; a list of findings too long is cut off, ``errors`` counts all."""

    new: int = 0
    same: int = 0
    applied: bool = False
    findings: tuple[Finding, ...] = ()
    errors: int = 0
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class SecondmentReturn:
    """These persons are back since a day, by a paper; all of them or none."""

    now: datetime
    rollout: str
    person: str
    keys: tuple[str, ...]
    on: date
    paper: str


@dataclass(frozen=True, kw_only=True)
class SecondmentReturned:
    """``returned`` went back by this order, ``before`` by the same words earlier."""

    returned: int = 0
    before: int = 0
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class SecondmentQuestion:
    """All secondments in the order of streets, by key; with a ``person`` those of its units."""

    now: datetime
    rollout: str
    person: str
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class SecondmentPage:
    """Secondments by key."""

    lines: tuple[Seconded, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


class Secondments(ABC):
    """Declares them: the read on the queue ``desk``, orders on ``bulk``."""

    @activity.defn(name="import_secondments")
    @abstractmethod
    async def import_secondments(self, order: SecondmentImport) -> SecondmentImported:
        """This will add what an uploaded sheet says, once."""

    @activity.defn(name="return_seconded")
    @abstractmethod
    async def give_back(self, order: SecondmentReturn) -> SecondmentReturned:
        """This will write that persons are back."""

    @activity.defn(name="list_secondments")
    @abstractmethod
    async def show(self, question: SecondmentQuestion) -> SecondmentPage:
        """This will list who is or was away."""

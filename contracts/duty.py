"""The register of lists of duties: imports, claims, trial evaluations, and what stands in it.

A workbook of lists comes in sealed pieces as every big sheet does (``contracts.sealed``). Findings
name sheet, row and column. Every order is one commit, all or nothing; refusals come back as values.
What is in force may be read by everybody (4-39).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from domain.duty import DutyItem
from domain.duty_claims import StreetCoverage, Trial
from domain.duty_sheet import RawClaim, RawTrial
from domain.refusal import Finding


@dataclass(frozen=True, kw_only=True)
class DutyImport:
    """Import what was uploaded in so many pieces; ``only_check`` changes nothing.

    Without a ``paper`` the lists are drafts (草案). With it they are issued already and in force from
    ``effective_from`` (aware UTC): the district's lists on the day on which the software arrives.
    """

    now: datetime
    rollout: str
    person: str
    upload: str
    pieces: int
    only_check: bool = False
    paper: str = ""
    effective_from: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ImportedList:
    """One list of an import; ``is_new`` False: the same as what is there."""

    name: str
    version: int
    items: int
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class DutyImported:
    """What an import did. A list of findings too long is cut off; ``errors`` counts them all."""

    lists: tuple[ImportedList, ...] = ()
    items: int = 0
    applied: bool = False
    findings: tuple[Finding, ...] = ()
    errors: int = 0
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class VersionLine:
    """One version of a list without its items.

    ``state`` holds now: 草案, 未施行, 有效, 已替代 or 已废止. ``declared`` is the number of its items.
    """

    name: str
    version: int
    kind: str
    district: str
    street: str
    field_name: str
    declared: int
    declared_by: dict[str, int]
    state: str
    effective_from: datetime | None
    effective_to: datetime | None
    paper: str
    filing_no: str
    workflow_id: str
    drafted_at: datetime
    drafted_by: str


@dataclass(frozen=True, kw_only=True)
class DutyListsQuestion:
    """All lists with their versions, or those of one name."""

    now: datetime
    rollout: str
    name: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class DutyListsPage:
    """Versions by list and number, or why there are none."""

    lines: tuple[VersionLine, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class DutyQuestion:
    """The items of one version: the stated one, or the one in force at ``at`` (None is now).

    ``name`` may be empty where one list alone is meant. ``street`` shows that street's claims; one
    ``number`` shows every street's.
    """

    now: datetime
    rollout: str
    name: str = ""
    version: int = 0
    at: datetime | None = None
    number: str = ""
    street: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class ClaimLine:
    """Who of a street looks after an item; ``gone`` are those who hold no acting post any more."""

    number: str
    street: str
    liaisons: tuple[str, ...]
    team: str
    claimed_at: datetime
    claimed_by: str
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ItemLine:
    """One item with the claims that were asked for."""

    item: DutyItem
    claims: tuple[ClaimLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DutyPage:
    """Items in their order, or why there are none."""

    head: VersionLine | None = None
    lines: tuple[ItemLine, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class ClaimOrder:
    """Claims of streets; ``only_check`` changes nothing."""

    now: datetime
    rollout: str
    person: str
    rows: tuple[RawClaim, ...]
    only_check: bool = False


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """``changed`` claims were there with other people, ``same`` were there as they are."""

    new: int = 0
    changed: int = 0
    same: int = 0
    findings: tuple[Finding, ...] = ()
    errors: int = 0
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class TrialOrder:
    """Trial evaluations of lists at streets (4-40)."""

    now: datetime
    rollout: str
    person: str
    rows: tuple[RawTrial, ...]
    only_check: bool = False


@dataclass(frozen=True, kw_only=True)
class TrialsRecorded:
    """``same`` were there as they are."""

    written: int = 0
    same: int = 0
    findings: tuple[Finding, ...] = ()
    errors: int = 0
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class CoverageQuestion:
    """How far the streets are with all lists that are issued, with one, or one street is."""

    now: datetime
    rollout: str
    name: str = ""
    street: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class CoveragePage:
    """Street by street and list by list; ``trials`` are the last evaluations of these lists."""

    lines: tuple[StreetCoverage, ...] = ()
    trials: tuple[Trial, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


class Duties(ABC):
    """Reads of the register of duties (queue ``desk``)."""

    @activity.defn(name="list_duty_lists")
    @abstractmethod
    async def lists(self, question: DutyListsQuestion) -> DutyListsPage:
        """This will list the lists with their versions."""

    @activity.defn(name="read_duty_items")
    @abstractmethod
    async def items(self, question: DutyQuestion) -> DutyPage:
        """This will list the items of a version with their claims."""

    @activity.defn(name="read_duty_coverage")
    @abstractmethod
    async def coverage(self, question: CoverageQuestion) -> CoveragePage:
        """This will say which streets have claimed what and were evaluated."""


class DutyOrders(ABC):
    """Writes to the register of duties that no workflow makes (queue ``bulk``)."""

    @activity.defn(name="import_duty_lists")
    @abstractmethod
    async def import_lists(self, order: DutyImport) -> DutyImported:
        """This will store uploaded lists as drafts, or as issued ones."""

    @activity.defn(name="claim_duty_items")
    @abstractmethod
    async def claim(self, order: ClaimOrder) -> Claimed:
        """This will write who of a street looks after which items."""

    @activity.defn(name="record_duty_trials")
    @abstractmethod
    async def record_trials(self, order: TrialOrder) -> TrialsRecorded:
        """This will write trial evaluations."""

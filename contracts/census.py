"""Census, lock and rosters: what the CLI orders and asks (F08, 0-24, 0-25, 0-50).

Sheets come in sealed pieces (``contracts.sealed``); an order names the upload. Findings name sheet,
row and column. Every order is one commit, all or nothing; refusals come back as values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from domain.refusal import Finding
from domain.roster import Sum


@dataclass(frozen=True, kw_only=True)
class CensusImport:
    """Import what was uploaded in so many pieces; ``only_check`` changes nothing."""

    now: datetime
    rollout: str
    person: str
    upload: str
    pieces: int
    only_check: bool = False


@dataclass(frozen=True, kw_only=True)
class CensusImported:
    """``changed`` counts units that differ from before; none of them: the same import.

    A list of findings too long for one answer is cut off; ``errors`` counts them all.
    """

    version: int = 0
    units: int = 0
    changed: int = 0
    people: int = 0
    applied: bool = False
    findings: tuple[Finding, ...] = ()
    errors: int = 0
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class CensusTypes:
    """Set the types of posts of a rollout."""

    now: datetime
    rollout: str
    person: str
    types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CensusTypesSet:
    """The types as they stand, or why they could not be set."""

    types: tuple[str, ...] = ()
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class CensusSignature:
    """A unit's 第一责任人 signs for the baseline of the unit."""

    now: datetime
    rollout: str
    unit: str
    paper: str
    person: str


@dataclass(frozen=True, kw_only=True)
class CensusSigned:
    """``applied`` False: this content was signed before."""

    unit: str = ""
    person: str = ""
    instead_of: str = ""
    at: datetime | None = None
    applied: bool = False
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class CensusQuestion:
    """How far a census is; ``page`` goes on where an answer ended."""

    now: datetime
    rollout: str
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class QuotaLine:
    """One type of a unit: approved, there, and the basis where it is more."""

    type: str
    approved: int
    people: int
    basis: str = ""


@dataclass(frozen=True, kw_only=True)
class CensusLine:
    """One unit; ``imported`` False is a unit that the census still needs."""

    unit: str
    imported: bool
    missing: tuple[str, ...] = ()
    quotas: tuple[QuotaLine, ...] = ()
    signed_by: str = ""
    instead_of: str = ""
    signed_at: datetime | None = None
    paper: str = ""


@dataclass(frozen=True, kw_only=True)
class LockLine:
    """A census is locked since then."""

    at: datetime
    person: str
    unit: str
    paper: str


@dataclass(frozen=True, kw_only=True)
class CensusPage:
    """Units in the order of the directory; ``types`` and ``lock`` come with every page."""

    rollout: str
    types: tuple[str, ...]
    lines: tuple[CensusLine, ...] = ()
    lock: LockLine | None = None
    next_page: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class CensusLockOrder:
    """Lock a rollout's census on a paper (0-25)."""

    now: datetime
    rollout: str
    paper: str
    person: str


@dataclass(frozen=True, kw_only=True)
class CensusLocked:
    """The totals that are locked; ``applied`` False: this person had locked it before."""

    lock: LockLine | None = None
    totals: tuple[QuotaLine, ...] = ()
    units: int = 0
    entries: int = 0
    applied: bool = False
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class RosterImport:
    """Import a roster under its number; ``units`` receive."""

    now: datetime
    rollout: str
    number: str
    units: tuple[str, ...]
    person: str
    upload: str
    pieces: int
    only_check: bool = False


@dataclass(frozen=True, kw_only=True)
class RosterImported:
    """The roster's version and sums; ``applied`` False changed nothing."""

    version: int = 0
    people: int = 0
    sums: tuple[Sum, ...] = ()
    applied: bool = False
    findings: tuple[Finding, ...] = ()
    errors: int = 0
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class RosterQuestion:
    """One roster with its persons by key, or (no number) the list of rosters."""

    now: datetime
    rollout: str
    number: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class RosterHead:
    """One roster in a list."""

    number: str
    version: int
    status: str
    units: tuple[str, ...]
    people: int
    at: datetime
    person: str


@dataclass(frozen=True, kw_only=True)
class PlaceLine:
    """One person of a roster, by key."""

    staff: str
    from_unit: str
    to_unit: str
    team: str
    type: str
    state: str
    live: bool = True
    sink_mode: str = ""


@dataclass(frozen=True, kw_only=True)
class RosterPage:
    """``faults`` say what no longer agrees with lock and ledger; sums come with the first page."""

    heads: tuple[RosterHead, ...] = ()
    lines: tuple[PlaceLine, ...] = ()
    sums: tuple[Sum, ...] = ()
    faults: tuple[str, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


class Census(ABC):
    """Census and lock: reads on the queue ``desk``, orders on ``bulk``."""

    @activity.defn(name="import_census")
    @abstractmethod
    async def import_census(self, order: CensusImport) -> CensusImported:
        """This will put uploaded baselines in the place of those before."""

    @activity.defn(name="set_census_types")
    @abstractmethod
    async def set_types(self, order: CensusTypes) -> CensusTypesSet:
        """This will set which types of posts a rollout counts."""

    @activity.defn(name="sign_census")
    @abstractmethod
    async def sign(self, order: CensusSignature) -> CensusSigned:
        """This will write that a unit signed for its baseline."""

    @activity.defn(name="read_census")
    @abstractmethod
    async def check(self, question: CensusQuestion) -> CensusPage:
        """This will list units with what is missing and what they have."""

    @activity.defn(name="lock_census")
    @abstractmethod
    async def lock(self, order: CensusLockOrder) -> CensusLocked:
        """This will lock the census and open the ledger, in one commit."""


class Rosters(ABC):
    """Rosters: the read on the queue ``desk``, the import on ``bulk``."""

    @activity.defn(name="import_roster")
    @abstractmethod
    async def import_roster(self, order: RosterImport) -> RosterImported:
        """This will store an uploaded roster as a new version."""

    @activity.defn(name="read_roster")
    @abstractmethod
    async def show_roster(self, question: RosterQuestion) -> RosterPage:
        """This will list rosters, or the persons of one by key."""

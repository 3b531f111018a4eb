"""What the CLI asks of the establishment ledger, and the entry that a coordinator makes.

Persons are keys here and nowhere names. Reads are pages of at most 500 KB; an entry is one commit
or a refusal, which is kept as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import activity

from domain.adjustment import Adjustment


@dataclass(frozen=True, kw_only=True)
class LedgerQuestion:
    """The positions now, or at the end of a day: of all units, or of one."""

    now: datetime
    rollout: str
    unit: str = ""
    on: date | None = None
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class PositionLine:
    """A unit's posts and people of one type.

    ``occupied`` of the posts ``in_transit`` still have their person here; ``excess`` is what a
    baseline had beyond its posts and has not shrunk yet, by ``basis``.
    """

    unit: str
    type: str
    approved: int
    in_transit: int
    occupied: int
    actual: int
    district: str = ""
    excess: int = 0
    basis: str = ""

    @property
    def vacant(self) -> int:
        """Posts (职数) here that nobody has."""
        return max(0, self.approved + self.occupied - self.actual)


@dataclass(frozen=True, kw_only=True)
class LedgerPage:
    """Positions by unit; ``entries`` is how many entries the whole ledger has.

    ``opened`` is the day of the first baseline; None: nothing was locked yet.
    """

    rollout: str
    lines: tuple[PositionLine, ...] = ()
    entries: int = 0
    opened: date | None = None
    unknown: tuple[str, ...] = ()
    next_page: str = ""


@dataclass(frozen=True, kw_only=True)
class HistoryQuestion:
    """What happened to one unit's posts and people, in the order of days."""

    now: datetime
    rollout: str
    unit: str
    type: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    """One entry as one unit and type saw it: what changed, and the balances after it."""

    number: int
    day: date
    at: datetime
    kind: str
    type: str
    approved: int
    in_transit: int
    actual: int
    approved_after: int
    in_transit_after: int
    actual_after: int
    others: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    person: str = ""
    procedure: str = ""
    rule: str = ""
    paper: str = ""
    special_paper: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    """A page of a unit's history."""

    lines: tuple[HistoryLine, ...] = ()
    unknown: tuple[str, ...] = ()
    next_page: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckQuestion:
    """Whether a ledger keeps its laws, computed from the postings alone."""

    now: datetime
    rollout: str


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A law that does not hold, and where."""

    law: str
    about: str


@dataclass(frozen=True, kw_only=True)
class LedgerChecked:
    """What was looked at; without breaches everything holds."""

    rollout: str
    entries: int = 0
    postings: int = 0
    positions: int = 0
    people: int = 0
    laws: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PostingsQuestion:
    """All postings; ``upto`` is the last entry's number, fixed by the first page."""

    now: datetime
    rollout: str
    upto: int = 0
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class PostingLine:
    """One line of one entry."""

    number: int
    line: int
    day: date
    at: datetime
    kind: str
    unit: str
    type: str
    state: str
    amount: int
    toward: str
    staff: str
    person: str
    procedure: str
    rule: str
    paper: str
    special_paper: str
    note: str
    key: str


@dataclass(frozen=True, kw_only=True)
class PostingsPage:
    """A page of postings in the order of entries."""

    lines: tuple[PostingLine, ...] = ()
    upto: int = 0
    unknown: tuple[str, ...] = ()
    next_page: str = ""


@dataclass(frozen=True, kw_only=True)
class RefusalsQuestion:
    """The entries that were refused, the latest first."""

    now: datetime
    rollout: str


@dataclass(frozen=True, kw_only=True)
class RefusalLine:
    """One refused entry."""

    at: datetime
    person: str
    kind: str
    code: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class RefusalsPage:
    """The latest refusals of ``total``."""

    lines: tuple[RefusalLine, ...] = ()
    total: int = 0
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AdjustOrder:
    """An adjustment, ordered by ``adjustment.person``."""

    now: datetime
    adjustment: Adjustment


@dataclass(frozen=True, kw_only=True)
class Adjusted:
    """The entry's number and the positions after it; ``applied`` False: it was there before."""

    number: int = 0
    kind: str = ""
    applied: bool = False
    by: str = ""
    positions: tuple[PositionLine, ...] = ()
    code: str = ""
    sentence: str = ""


class Ledger(ABC):
    """Declares how the establishment ledger is read, checked and adjusted."""

    @abstractmethod
    @activity.defn(name="read_ledger")
    async def show(self, question: LedgerQuestion) -> LedgerPage:
        """This will list positions, now or at a day."""

    @abstractmethod
    @activity.defn(name="read_ledger_history")
    async def history(self, question: HistoryQuestion) -> HistoryPage:
        """This will list what happened to a unit, with the balances after each entry."""

    @abstractmethod
    @activity.defn(name="check_ledger")
    async def check(self, question: CheckQuestion) -> LedgerChecked:
        """This will compute every law from the postings and name what does not hold."""

    @abstractmethod
    @activity.defn(name="read_ledger_postings")
    async def postings(self, question: PostingsQuestion) -> PostingsPage:
        """This will list every posting."""

    @abstractmethod
    @activity.defn(name="read_ledger_refusals")
    async def refusals(self, question: RefusalsQuestion) -> RefusalsPage:
        """This will list what was refused."""

    @abstractmethod
    @activity.defn(name="adjust_ledger")
    async def adjust(self, order: AdjustOrder) -> Adjusted:
        """This will post a coordinator's adjustment, or refuse it and keep the refusal."""

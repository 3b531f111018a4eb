"""What crosses the boundary for cases: opening one, citing an item, reading the register.

A case is opened by Update-with-Start: the workflow's first act is to ask ``Cases.admit``, and the
answer to the Update says whether it was admitted. One that is not fails with the refusal's code, so
that the number may be used again; the attempt stays in the log (4-20, 4-33).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from temporalio import activity

from contracts.registers import Answer
from domain.case import CaseFile, Citation, Opening
from domain.case_limits import CaseSettings
from domain.plan import Row
from domain.schedule import PlannedStep

OPEN_UPDATE: Final = "open_case"
CASE_QUERY: Final = "case"
CASES: Final = "案件"
NOT_ADMITTED: Final = "未受理"


def case_workflow_id(rollout: str, number: str) -> str:
    """The id of a case: ``黄陂2023/案件/滨湖街道-20231215-7F3A``."""
    return f"{rollout}/{CASES}/{number}"


@dataclass(frozen=True, kw_only=True)
class CaseQuestion:
    """May this case be opened, and with which steps? ``now`` is aware UTC."""

    rollout: str
    workflow_id: str
    run_id: str
    opening: Opening
    now: datetime


@dataclass(frozen=True, kw_only=True)
class CaseAdmission:
    """Admitted with its steps and first due times, or refused with code and sentence.

    ``file`` and ``row`` are given either way, so that an attempt can be shown. ``breach`` says that
    the refusal counts as an attempted breach (清单之外, 擅自下沉): it shows in reports and ``told`` hear
    of it. ``taken``: the number belongs to another case, or no such
    rollout is registered, and nothing is written. ``base_seq`` is the
    last line that earlier attempts under this number left in the log. ``remark`` is added to the answer (a
    report off the list became a 移送).
    """

    admitted: bool
    file: CaseFile
    row: Row
    steps: tuple[PlannedStep, ...]
    answer: Answer
    code: str = ""
    sentence: str = ""
    breach: bool = False
    told: tuple[str, ...] = ()
    taken: bool = False
    base_seq: int = 0
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class CitationQuestion:
    """Which item of a list in force is meant, and does it bind these two sides? (4-10, 4-20)."""

    rollout: str
    district: str
    street: str
    department: str
    item: str
    at: datetime
    list_name: str = ""


@dataclass(frozen=True, kw_only=True)
class CitationAnswer:
    """The citation, or why there is none; ``departments`` are the item's, ``liaisons`` the street's."""

    citation: Citation | None = None
    departments: tuple[str, ...] = ()
    primary_is_department: bool = True
    liaisons: tuple[str, ...] = ()
    team: str = ""
    code: str = ""
    sentence: str = ""


class Cases(ABC):
    """Reads of the registers for a case; run as local activities."""

    @activity.defn(name="admit_case")
    @abstractmethod
    async def admit(self, question: CaseQuestion) -> CaseAdmission:
        """This will say whether a case may be opened, and how it goes."""

    @activity.defn(name="cite_item")
    @abstractmethod
    async def cite(self, question: CitationQuestion) -> CitationAnswer:
        """This will find the item in force that a case cites."""


@dataclass(frozen=True, kw_only=True)
class ClockLine:
    """A clock as lists and pages show it; times are aware UTC."""

    name: str
    basis: str
    started_at: datetime
    due_at: datetime | None
    due_date: date | None
    rule: str = ""
    provisional: bool = False
    stopped_at: datetime | None = None
    by: str = ""
    delivered_at: datetime | None = None
    late_by: str = ""


@dataclass(frozen=True, kw_only=True)
class CasePage:
    """The row of the register of cases that goes with a page of the journal; a read model."""

    number: str
    kind: str
    title: str
    street: str
    sender: str
    receiver: str
    trigger_at: datetime
    source: str
    urgency: str
    opened_by: str
    action_id: str
    status: str
    list_name: str = ""
    list_version: int = 0
    item: str = ""
    item_name: str = ""
    code: str = ""
    breach: bool = False
    returns: int = 0
    refusals: int = 0
    clocks: tuple[ClockLine, ...] = ()
    opened_at: datetime | None = None
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseListQuestion:
    """Which cases: every condition is optional; ``breaches`` are attempts that were not admitted."""

    now: datetime
    rollout: str = ""
    unit: str = ""
    kind: str = ""
    status: str = ""
    item: str = ""
    open_only: bool = False
    late_only: bool = False
    breaches: bool = False
    since: date | None = None
    until: date | None = None
    limit: int = 200
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """One case of the register; ``light`` holds now, ``waiting`` are who must act on what."""

    workflow_id: str
    rollout: str
    district: str
    page: CasePage
    light: str = ""
    open_steps: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    next_due_at: datetime | None = None
    opened_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class CaseListPage:
    """A page of cases, the newest first, with counts over all that match."""

    lines: tuple[CaseLine, ...]
    total: int = 0
    open: int = 0
    late: int = 0
    breaches: int = 0
    next_page: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CaseFindQuestion:
    """One case by its number or by the end of it."""

    now: datetime
    text: str
    rollout: str = ""


@dataclass(frozen=True, kw_only=True)
class CasesFound:
    """The cases that a text may mean; exactly one is a hit."""

    lines: tuple[CaseLine, ...]


@dataclass(frozen=True, kw_only=True)
class SettingsQuestion:
    """The settings of a rollout's cases in force."""

    rollout: str
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class SettingsOrder:
    """Settle anew (``document`` as written, ``settings`` as read); keyed by its content."""

    rollout: str
    settings: CaseSettings
    document: str
    content_hash: str
    paper: str
    person: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class SettingsAnswer:
    """Settings with their version and paper, or a refusal."""

    settings: CaseSettings = field(default_factory=CaseSettings)
    version: int = 0
    paper: str = ""
    person: str = ""
    at: datetime | None = None
    document: str = ""
    created: bool = False
    code: str = ""
    sentence: str = ""


class CaseReads(ABC):
    """Reads of the register of cases (queue ``desk``)."""

    @activity.defn(name="list_cases")
    @abstractmethod
    async def cases(self, question: CaseListQuestion) -> CaseListPage:
        """This will list cases, the newest first."""

    @activity.defn(name="find_cases")
    @abstractmethod
    async def find_cases(self, question: CaseFindQuestion) -> CasesFound:
        """This will find cases by number."""

    @activity.defn(name="read_case_settings")
    @abstractmethod
    async def case_settings(self, question: SettingsQuestion) -> SettingsAnswer:
        """This will read what the district settled about its cases."""


class CaseOrders(ABC):
    """Writes about cases that no workflow makes (queue ``bulk``)."""

    @activity.defn(name="settle_cases")
    @abstractmethod
    async def settle(self, order: SettingsOrder) -> SettingsAnswer:
        """This will store new settings; cases that run keep theirs."""

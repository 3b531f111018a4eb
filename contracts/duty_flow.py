"""Drafting and adjusting lists of duties: what starts them, and what they ask and order meanwhile.

A workflow reads with ``look`` and ``landing``; what it writes is written by regular
activities, each the same when it is done twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime

from temporalio import activity

from contracts.names import SEPARATOR
from domain.action import Evidence
from domain.duty_change import Application, ApplicationState, ChangeKind
from domain.duty_flow import Standing
from domain.duty_sheet import RawItem
from domain.refusal import Finding

LIST_PART = "清单"
"""The part of a workflow id that stands for the unit of other procedures."""


def drafting_id(rollout: str, district: str, list_name: str, again: int = 1) -> str:
    """The id of a list's drafting; begun anew after it was ended, it carries a number."""
    last = list_name if again == 1 else f"{list_name}-{again}"
    return SEPARATOR.join((rollout, district, LIST_PART, last))


def adjustment_id(rollout: str, district: str, list_name: str, number: int) -> str:
    """The id of a list's n-th adjustment."""
    return f"{drafting_id(rollout, district, list_name)}{SEPARATOR}调整-{number}"


@dataclass(kw_only=True)
class DutyFlowState:
    """What lies between two steps, by key, and what came of it: done once, whatever happens."""

    done: dict[str, str] = field(default_factory=dict)


# --- what starts them -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DutyDraftOrder:
    """Start the drafting of a list whose draft has been imported.

    ``lead`` is the unit that drafts, the district's 编办 where it is empty; ``reviewers`` replace the
    four of 4-29. ``due`` is the last day of the whole; without it each step has its own working
    days, and ``workdays`` replaces those by step.
    """

    now: datetime
    rollout: str
    list_name: str
    person: str
    action_id: str
    lead: str = ""
    reviewers: tuple[str, ...] = ()
    due: date | None = None
    workdays: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DutyAdjustOrder:
    """File a written application, or (``again``) a new text of one that was sent back.

    ``number`` is the item's number; ``item`` the new item for 增加 and 内容调整. ``paper`` is the 文号 of
    the application, ``evidence`` files that come with it.
    """

    now: datetime
    rollout: str
    list_name: str
    person: str
    action_id: str
    kind: ChangeKind
    number: str
    content: str
    basis: str
    reason: str
    paper: str
    subject: str = ""
    unit: str = ""
    item: RawItem | None = None
    evidence: tuple[Evidence, ...] = ()
    reviewers: tuple[str, ...] = ()
    due: date | None = None
    workdays: dict[str, int] = field(default_factory=dict)
    again: int = 0


@dataclass(frozen=True, kw_only=True)
class DutyStarted:
    """``created`` False: it was started before by the same words, or runs already.

    ``open`` are the steps now open with whom they wait for.
    """

    workflow_id: str = ""
    number: int = 0
    created: bool = False
    due: date | None = None
    waiting: dict[str, tuple[str, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class ItemVerdict:
    """The legality verdict on one item: 合法, or not and why (4-28)."""

    number: str
    is_lawful: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class DutyVerdicts:
    """Record verdicts; ``others_lawful`` judges all items not named to be lawful (全部合法)."""

    now: datetime
    rollout: str
    list_name: str
    person: str
    verdicts: tuple[ItemVerdict, ...] = ()
    others_lawful: bool = False


@dataclass(frozen=True, kw_only=True)
class DutyJudged:
    """How many items have a verdict on their present text, of how many; ``unsound`` by number."""

    judged: int = 0
    counted: int = 0
    unsound: tuple[str, ...] = ()
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class ApplicationsQuestion:
    """The applications of a list, or of all lists; one by ``number``."""

    rollout: str
    list_name: str = ""
    number: int = 0
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class ApplicationsPage:
    """Applications, newest first."""

    lines: tuple[Application, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


class DutyFlowDesk(ABC):
    """Declares what commands ask: orders on the queue ``bulk``, the read on ``desk``."""

    @activity.defn(name="start_duty_list")
    @abstractmethod
    async def draft(self, order: DutyDraftOrder) -> DutyStarted:
        """This will start the drafting of a list."""

    @activity.defn(name="start_duty_adjustment")
    @abstractmethod
    async def adjust(self, order: DutyAdjustOrder) -> DutyStarted:
        """This will file an application and start its course."""

    @activity.defn(name="record_duty_verdicts")
    @abstractmethod
    async def judge(self, order: DutyVerdicts) -> DutyJudged:
        """This will record the legality verdicts of the 司法局, item by item."""

    @activity.defn(name="read_duty_applications")
    @abstractmethod
    async def applications(self, question: ApplicationsQuestion) -> ApplicationsPage:
        """This will list applications with what they ask."""


# --- what the workflows ask and order ---------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DutyKey:
    """Which list of which rollout, for which procedure; ``at`` is the workflow's time."""

    rollout: str
    list_name: str
    workflow_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DutyIssue:
    """Put the draft in force from ``at`` by a paper; it is the draft that was sealed."""

    key: DutyKey
    paper: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DutyFiling:
    """The 备案号 of the version in force."""

    key: DutyKey
    filing_no: str


@dataclass(frozen=True, kw_only=True)
class DutyEffect:
    """Let an application's change hold from ``at``: the next version of the list."""

    key: DutyKey
    filing_no: str
    at: datetime
    paper: str = ""


@dataclass(frozen=True, kw_only=True)
class ApplicationMoved:
    """An application is now ``state``."""

    key: DutyKey
    state: ApplicationState


@dataclass(frozen=True, kw_only=True)
class DutyOutcome:
    """``version`` is what an order made; a refusal has ``code`` and ``sentence``."""

    version: int = 0
    code: str = ""
    sentence: str = ""


class DutyFlow(ABC):
    """Declares the register's side of the procedures (queue ``procedures``)."""

    @activity.defn(name="look_at_duty_list")
    @abstractmethod
    async def look(self, key: DutyKey) -> Standing:
        """This will tell how a list stands: its draft, else the version in force."""

    @activity.defn(name="seal_duty_draft")
    @abstractmethod
    async def seal(self, key: DutyKey) -> DutyOutcome:
        """This will freeze the draft that goes to the reviewing units."""

    @activity.defn(name="unseal_duty_draft")
    @abstractmethod
    async def unseal(self, key: DutyKey) -> DutyOutcome:
        """This will let the draft be changed again."""

    @activity.defn(name="issue_duty_list")
    @abstractmethod
    async def issue(self, order: DutyIssue) -> DutyOutcome:
        """This will put the sealed draft in force."""

    @activity.defn(name="file_duty_list")
    @abstractmethod
    async def file(self, order: DutyFiling) -> DutyOutcome:
        """This will note the 备案号 of an issued list."""

    @activity.defn(name="check_duty_change")
    @abstractmethod
    async def landing(self, key: DutyKey) -> DutyOutcome:
        """This will tell whether an application's change still lands on the newest version."""

    @activity.defn(name="move_duty_application")
    @abstractmethod
    async def move(self, order: ApplicationMoved) -> DutyOutcome:
        """This will write where an application stands."""

    @activity.defn(name="put_duty_change_in_force")
    @abstractmethod
    async def effect(self, order: DutyEffect) -> DutyOutcome:
        """This will make the next version of a list from an application."""

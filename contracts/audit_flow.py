"""The course of one audit: what its workflow asks and orders, and what commands record of it.

The workflow waits at its steps; visits, problems and conclusions are rows of the register, which its
guards ask before a step is closed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime

from temporalio import activity

from domain.audit import AuditPlan, RunKey
from domain.audit_flow import AuditStanding, Conclusion, Problem, ProblemState, Visit
from domain.audit_referral import Referral
from domain.schedule import PlannedStep


@dataclass(frozen=True, kw_only=True)
class AuditKey:
    """Which audit, for its workflow, now."""

    key: RunKey
    workflow_id: str
    at: datetime


@dataclass(kw_only=True)
class AuditFlowState:
    """What lies between two steps, by key, and what came of it: done once, whatever happens."""

    done: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AuditOpening:
    """Open the audit of a window: its row in the register, then its workflow.

    ``covers`` are the units inspected; empty for a sample, whose units become known visit by visit.
    """

    plan: AuditPlan
    key: RunKey
    at: datetime
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class AuditOutcome:
    """What an order made, in words; a refusal has ``code`` and ``sentence``."""

    sentence: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Rectification:
    """Who has to rectify now, and 整改 as it is planned for them; no ``step`` where nobody has to."""

    units: tuple[str, ...] = ()
    step: PlannedStep | None = None


@dataclass(frozen=True, kw_only=True)
class ProblemsSent:
    """Send the open problems to the units of this round; ``due`` is the day of 整改.

    ``again``: the day has moved; what was entered since is not sent with the rest.
    """

    key: AuditKey
    due: date
    units: tuple[str, ...] = ()
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class AuditApproved:
    """立项 is done by this document (3-30); empty: it was taken back."""

    key: AuditKey
    approval: str = ""


@dataclass(frozen=True, kw_only=True)
class ProblemsClosed:
    """What the unit says it did, or how 复核 judged it; ``units`` empty means all of the audit."""

    key: AuditKey
    state: ProblemState
    person: str
    note: str = ""
    units: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AuditEnded:
    """The audit is over (办结 or 终止); a sample is published then."""

    key: AuditKey
    ending: str


class AuditFlow(ABC):
    """Declares the register's side of the workflow (queue ``procedures``)."""

    @activity.defn(name="look_at_audit")
    @abstractmethod
    async def look(self, key: AuditKey) -> AuditStanding:
        """This will tell what is recorded so far."""

    @activity.defn(name="approve_audit")
    @abstractmethod
    async def approve(self, order: AuditApproved) -> AuditOutcome:
        """This will write down that streets may be inspected now."""

    @activity.defn(name="check_for_audit")
    @abstractmethod
    async def check(self, key: AuditKey) -> AuditOutcome:
        """This will make the automatic checks that the kind asks for and enter what they find."""

    @activity.defn(name="plan_rectification")
    @abstractmethod
    async def rectification(self, key: AuditKey) -> Rectification:
        """This will tell which units have open problems, and who is told if they are late."""

    @activity.defn(name="send_problems")
    @abstractmethod
    async def send(self, order: ProblemsSent) -> AuditOutcome:
        """This will give the open problems their due day."""

    @activity.defn(name="close_problems")
    @abstractmethod
    async def close(self, order: ProblemsClosed) -> AuditOutcome:
        """This will move problems to a new state."""

    @activity.defn(name="end_audit")
    @abstractmethod
    async def end(self, order: AuditEnded) -> AuditOutcome:
        """This will close the register's row of the audit."""


# --- what commands record and read ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class VisitOrder:
    """Record a visit to a unit (2-23, 4-37); the first of a sample opens its audit.

    ``proof`` comes with the letter of a sample, one for each unit: without the organiser's passphrase
    nobody learns by trying which units it has.
    """

    now: datetime
    key: RunKey
    person: str
    action_id: str
    visit: Visit
    proof: str = ""


@dataclass(frozen=True, kw_only=True)
class VisitLine:
    """One visit among several, under its own action id; ``proof`` as in ``VisitOrder``."""

    action_id: str
    visit: Visit
    proof: str = ""


@dataclass(frozen=True, kw_only=True)
class VisitsOrder:
    """Record several visits, all or none; those that are there keep their numbers."""

    now: datetime
    key: RunKey
    person: str
    lines: tuple[VisitLine, ...]


@dataclass(frozen=True, kw_only=True)
class ProblemsOrder:
    """Enter problems, all or none."""

    now: datetime
    key: RunKey
    person: str
    action_id: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class ConclusionsOrder:
    """Record conclusions about items of the checklist."""

    now: datetime
    key: RunKey
    person: str
    action_id: str
    conclusions: tuple[Conclusion, ...]


@dataclass(frozen=True, kw_only=True)
class DisciplineText:
    """Load the customer's text of the 四个严禁 (0-15), from a paper; each loading is a version."""

    now: datetime
    rollout: str
    person: str
    action_id: str
    paper: str
    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AuditRecorded:
    """``numbers`` are those given; ``workflow_id`` that of the audit; ``again`` was recorded before.

    Of several lines ``before`` counts those recorded before; ``place`` is the line that was refused.
    """

    numbers: tuple[int, ...] = ()
    workflow_id: str = ""
    again: bool = False
    sentence: str = ""
    code: str = ""
    before: int = 0
    place: int = 0


@dataclass(frozen=True, kw_only=True)
class AuditRecordQuestion:
    """The whole record of one audit, for people and for its report."""

    now: datetime
    key: RunKey
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditRecord:
    """What is recorded of an audit, a page at a time; ``plan`` comes with the first."""

    plan: AuditPlan | None = None
    workflow_id: str = ""
    status: str = ""
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    covers: tuple[str, ...] = ()
    visits: tuple[Visit, ...] = ()
    problems: tuple[Problem, ...] = ()
    referrals: tuple[Referral, ...] = ()
    conclusions: tuple[Conclusion, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


class AuditFlowDesk(ABC):
    """Declares what commands order (queue ``bulk``) and read (queue ``desk``)."""

    @activity.defn(name="record_visit")
    @abstractmethod
    async def visit(self, order: VisitOrder) -> AuditRecorded:
        """This will record a visit."""

    @activity.defn(name="record_visits")
    @abstractmethod
    async def visits(self, order: VisitsOrder) -> AuditRecorded:
        """This will record several visits, all or none."""

    @activity.defn(name="record_problems")
    @abstractmethod
    async def find(self, order: ProblemsOrder) -> AuditRecorded:
        """This will enter problems."""

    @activity.defn(name="record_conclusions")
    @abstractmethod
    async def conclude(self, order: ConclusionsOrder) -> AuditRecorded:
        """This will record conclusions."""

    @activity.defn(name="load_discipline")
    @abstractmethod
    async def discipline(self, text: DisciplineText) -> AuditRecorded:
        """This will load the 四个严禁."""

    @activity.defn(name="read_audit_record")
    @abstractmethod
    async def record(self, question: AuditRecordQuestion) -> AuditRecord:
        """This will read the record of an audit."""

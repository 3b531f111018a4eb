"""A procedure's request, state, progress and result.

One request and one result for every procedure workflow; what differs is in ``row`` and ``steps``,
fixed at the start, so that a later plan never changes what a running procedure waits for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from contracts.audit_flow import AuditFlowState
from contracts.duty_flow import DutyFlowState
from contracts.journal import LogEntry, Notice, Page
from contracts.registers import DueQuestion, PlanKey
from contracts.transfer import BatchState
from domain.case import CaseFile, Opening
from domain.desk import Item, Move, SecondAsked
from domain.plan import Row
from domain.schedule import PlannedStep


@dataclass(frozen=True, kw_only=True)
class ActionReply:
    """The answer to one action: done, or refused by a rule with a code and a sentence.

    ``repeated`` answers an action id seen before: what was answered then, nothing is done again.
    """

    accepted: bool
    sentence: str
    code: str = ""
    seq: int = 0
    opened: tuple[str, ...] = ()
    ended: bool = False
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class OpeningAnswer:
    """How the opening of a case was answered; ``code`` is empty where it was admitted.

    ``breach``: it was an attempt to hand down what no list allows (4-20, 4-33).
    """

    sentence: str
    code: str = ""
    breach: bool = False
    seq: int = 0


@dataclass(frozen=True, kw_only=True)
class RowAmended:
    """The plan was amended: what it means for one running procedure.

    ``version`` is the plan's, ``paper`` the 文号 of the amendment. ``how`` is 继续 (go on under the new
    ``row`` and ``steps``), 退回重办 (back to the first step under them) or 终止; the two are None
    for 终止.
    """

    version: int
    paper: str
    person: str
    how: str
    row: Row | None = None
    steps: tuple[PlannedStep, ...] = ()
    reason: str = ""


@dataclass(kw_only=True)
class ProcedureState:
    """All that a procedure knows, carried over continue-as-new.

    ``seq`` numbers the log. ``items`` are all occurrences of steps by key (``初审#2``), open and
    closed. ``replies`` remembers answered action ids, ``refusals`` counts those of ``refusals_on`` by person.
    ``unwritten`` and ``notices`` wait to be written. ``calendar_version`` is the calendar that
    its due times follow, ``calendar_heard`` the newest that it has heard of. ``limit`` is the
    row's 完成时限, or the later date of an approved extension; no step falls due after it.
    ``second`` waits for a second person. ``row`` and ``steps`` are those of the amended plan
    ``plan_version``, None and empty before an amendment; ``amendments`` are still to be followed.
    ``transfer`` is the roster of a transfer batch, ``case`` the file of a case, ``duty`` what was done
    between the steps of a list of duties, ``audit`` between those of an audit; None elsewhere.
    ``admission`` is how the opening of a case was answered.
    """

    seq: int = 0
    items: dict[str, Item] = field(default_factory=dict)
    questions: dict[str, DueQuestion] = field(default_factory=dict)
    replies: dict[str, ActionReply] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    refusals_on: date | None = None
    unwritten: tuple[LogEntry, ...] = ()
    notices: tuple[Notice, ...] = ()
    started_at: datetime | None = None
    calendar_version: int = 0
    calendar_heard: int = 0
    limit: date | None = None
    terminated: str = ""
    returned_count: int = 0
    extended_count: int = 0
    overdue_count: int = 0
    silent_count: int = 0
    runs: int = 1
    second: SecondAsked | None = None
    plan_version: int = 0
    row: Row | None = None
    steps: tuple[PlannedStep, ...] = ()
    amendments: tuple[RowAmended, ...] = ()
    transfer: BatchState | None = None
    case: CaseFile | None = None
    admission: OpeningAnswer | None = None
    duty: DutyFlowState | None = None
    audit: AuditFlowState | None = None

    @property
    def calendar_due(self) -> bool:
        """Whether a newer calendar than the one that was followed has been heard of."""
        return self.calendar_heard > self.calendar_version


GO_ON = "继续"
REDO = "退回重办"
END = "终止"

EDITION = 4
"""The rules that a procedure started now is decided by; one that runs keeps its own.

1: as first released. 2: an extension needs a 文号, a file is stored or 线下, the coordinator's 终止
and 改派 on the own unit's items need a second person, a date of a superior organ is that organ's.
3: a transfer batch is ended after its 批复 by a 更正 with a 文号. 4: a run counts its own lines to
know when to continue as new, and does so when nothing is under way.
"""


@dataclass(frozen=True, kw_only=True)
class ProcedureRequest:
    """Start of a procedure. ``history_limit`` (events, about) asks for continue-as-new; 0 is policies'.

    ``edition`` is that of the rules, see ``EDITION``. ``opening`` is what a person stated to open a case;
    its row and steps are found out when it is admitted.
    """

    plan: PlanKey
    district: str
    unit: str
    coordinators: tuple[str, ...]
    row: Row
    steps: tuple[PlannedStep, ...]
    history_limit: int = 0
    state: ProcedureState | None = None
    edition: int = 1
    opening: Opening | None = None


@dataclass(frozen=True, kw_only=True)
class ProcedureResult:
    """The end of a procedure: 办结 or 终止, by which document, and its last line in the log."""

    ending: str
    ended_at: datetime
    sentence: str
    doc_no: str = ""
    seq: int = 0


@dataclass(frozen=True, kw_only=True)
class StepProgress:
    """One step as the query ``progress`` shows it."""

    step: str
    visit: int
    units: tuple[str, ...]
    light: str
    due_at: datetime
    due_date: date
    original_due_date: date
    provisional: bool
    opened_at: datetime
    closed_at: datetime | None = None
    outcome: str = ""
    answered_by: dict[str, str] = field(default_factory=dict)
    done_on: date | None = None
    late: bool = False
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The state of a procedure, asked of the workflow itself.

    ``seq`` is its newest line, ``written`` the newest that it knows to be in the journal. ``people``
    are the persons of a transfer batch by state.
    """

    unit: str
    task: str
    status: str
    steps: tuple[StepProgress, ...]
    seq: int
    calendar_version: int
    written: int = 0
    people: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Glance:
    """What a procedure would write now, asked of the workflow itself; nothing is written by it.

    ``page`` is without lines and notices: its last one, once it is over. ``written`` is the newest
    line that it knows to be in the journal.
    """

    page: Page
    written: int
    is_over: bool = False


WHATEVER: Final = 2**53
"""A line that no procedure comes to: who is told of it writes its page anew in any case."""


@dataclass(frozen=True, kw_only=True)
class RewriteNote:
    """The journal holds a line ``seq``; a procedure that has not come so far writes it anew."""

    seq: int


@dataclass(frozen=True, kw_only=True)
class ResumeNote:
    """A procedure that had broken off runs again; its unit waits for its end once more."""

    workflow_id: str


@dataclass(frozen=True, kw_only=True)
class CalendarNote:
    """A calendar version has been published."""

    version: int


@dataclass(frozen=True, kw_only=True)
class StopOrder:
    """The rollout is stopped by its coordinator."""

    person: str
    reason: str
    action_id: str

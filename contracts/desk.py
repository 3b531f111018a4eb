"""What the CLI asks the desk: standalone activities in their own namespace.

Reads are answered from the read models in pages of at most 500 KB; ``next_page`` is empty at the
end. Imports go to the ``bulk`` queue. Refusals come back as values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from temporalio import activity

from domain.plan import Plan


@dataclass(frozen=True, kw_only=True)
class InboxQuestion:
    """Whose desk: a unit, a person, both or (neither) everybody. ``now`` decides the lights."""

    now: datetime
    unit: str = ""
    person: str = ""
    rollout: str = ""
    overdue_only: bool = False
    limit: int = 200
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class InboxLine:
    """One open item at a desk.

    ``capacity`` says as what the asked person or unit has it: 代录 for an organ without a desk,
    代办 with the name of the absent person; empty for what is their own.
    """

    item: str
    rollout: str
    unit: str
    subject_unit: str
    task: str
    step: str
    purpose: str
    light: str
    due_at: datetime
    due_date: date
    original_due_date: date
    provisional: bool
    overdue_days: int
    verbs: tuple[str, ...]
    documents: tuple[str, ...] = ()
    waiting_for: str = ""
    urged: int = 0
    reminders: int = 0
    rule: str = ""
    note: str = ""
    capacity: str = ""


@dataclass(frozen=True, kw_only=True)
class NoticeLine:
    """One notice to a unit."""

    at: datetime
    unit: str
    to: str
    level: str
    item: str
    text: str


@dataclass(frozen=True, kw_only=True)
class InboxPage:
    """A page of an inbox, the soonest due first, and the latest notices.

    ``unknown`` names what was asked for and stands in no register; looked up where nothing waits.
    ``unit`` is the whole name where a short one (区委编办) meant one unit, ``near`` those that it
    may mean where there are several.
    """

    lines: tuple[InboxLine, ...]
    notices: tuple[NoticeLine, ...] = ()
    total: int = 0
    overdue: int = 0
    next_page: str = ""
    unknown: tuple[str, ...] = ()
    unit: str = ""
    near: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BoardQuestion:
    """A rollout's board, now or as of the end of a day (2-06).

    ``counted`` asks for counts over the whole rollout; who reads every page counts faster itself.
    """

    now: datetime
    rollout: str
    as_of: date | None = None
    page: str = ""
    counted: bool = True


@dataclass(frozen=True, kw_only=True)
class BoardLine:
    """One procedure on the board; status 未开始 for rows that wait for others."""

    workflow_id: str
    district: str
    unit: str
    row_id: str
    item: str
    task: str
    status: str
    light: str
    open_steps: tuple[str, ...]
    responsible: tuple[str, ...]
    due_date: date | None
    days_left: int | None
    next_due_at: datetime | None
    provisional: bool
    steps_done: int
    steps_total: int
    returned: int = 0
    extended: int = 0
    silent: int = 0
    overdue: int = 0
    ended_at: datetime | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class BoardPage:
    """A page of the board; the first one's ``counts`` by status and light cover the whole rollout.

    ``ending`` says how the rollout ended, in words; empty while it runs, or for a day gone by. The
    registers do not know it: whoever asks adds it. ``dead_channels`` are those by which nobody can be
    told at the moment, on the first page of a board of now.
    """

    rollout: str
    title: str
    as_of: datetime
    lines: tuple[BoardLine, ...]
    counts: dict[str, int] = field(default_factory=dict)
    next_page: str = ""
    ending: str = ""
    dead_channels: int = 0


@dataclass(frozen=True, kw_only=True)
class LogQuestion:
    """The action log of one procedure (or of all under a prefix), oldest first."""

    workflow_id: str
    page: str = ""
    limit: int = 500


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line of the log as printed; ``confirmed`` False is the newest, still provisional."""

    workflow_id: str
    seq: int
    at: datetime
    kind: str
    step: str
    person: str
    unit: str
    verb: str
    code: str
    sentence: str
    confirmed: bool
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LogPage:
    """A page of the log."""

    lines: tuple[LogLine, ...]
    next_page: str = ""


@dataclass(frozen=True, kw_only=True)
class FindQuestion:
    """Which open items or procedures end with this text: ``滨河街道/三定#初审``."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """Full workflow ids that match; exactly one is a hit."""

    workflow_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RolloutQuestion:
    """All rollouts, or one by name."""

    now: datetime
    rollout: str = ""


@dataclass(frozen=True, kw_only=True)
class RolloutLine:
    """One registered rollout with its counts."""

    rollout: str
    title: str
    plan_id: int
    version: int
    content_hash: str
    kickoff: date
    registered_at: datetime
    units: int
    procedures: int
    ended: int
    overdue: int
    status: str
    coordinator: str = ""


@dataclass(frozen=True, kw_only=True)
class RolloutPage:
    """Rollouts, newest first."""

    lines: tuple[RolloutLine, ...]


@dataclass(frozen=True, kw_only=True)
class PlanRegistration:
    """Register a checked plan; ``content_hash`` is of the plan as it will run."""

    plan: Plan
    content_hash: str
    now: datetime
    person: str = ""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """``created`` False: the same rollout was registered before and nothing was changed.

    ``same_content`` tells whether it was the same plan; a refusal has ``code`` and ``sentence``.
    """

    plan_id: int
    version: int
    created: bool
    same_content: bool = True
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class CalendarImport:
    """A year's notice to load: dates off and make-up working days, with its 文号."""

    year: int
    paper: str
    off_days: tuple[date, ...]
    work_days: tuple[date, ...]
    now: datetime
    person: str = ""


@dataclass(frozen=True, kw_only=True)
class CalendarImported:
    """The new, not yet published version; ``changed`` are days that differ from before.

    ``basis`` is the version that it builds on or brings back.
    """

    version: int
    changed: tuple[str, ...] = ()
    code: str = ""
    sentence: str = ""
    basis: int = 0


@dataclass(frozen=True, kw_only=True)
class PublishQuestion:
    """Preview what a version would move, or (``confirm``) make it the one in force."""

    now: datetime
    confirm: bool = False
    version: int = 0
    person: str = ""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One open step that a calendar moves."""

    item: str
    unit: str
    before: date
    after: date
    provisional_before: bool
    provisional_after: bool


@dataclass(frozen=True, kw_only=True)
class PublishPreview:
    """The before/after list; ``published`` tells whether the version is now in force.

    A list too long for one answer is cut off; ``moved_total`` counts all of it. ``staged`` are in
    words the versions that come into force with this one, ``changed`` the days that differ.
    """

    version: int
    in_force: int
    moved: tuple[Moved, ...]
    open_steps: int = 0
    published: bool = False
    code: str = ""
    sentence: str = ""
    moved_total: int = 0
    staged: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CalendarYearQuestion:
    """One year of the calendar in force; with a ``district``, its own days too."""

    year: int
    district: str = ""


@dataclass(frozen=True, kw_only=True)
class CalendarLocalDay:
    """A day off or worked in one district, by which paper."""

    day: date
    is_off: bool
    name: str
    paper: str


@dataclass(frozen=True, kw_only=True)
class CalendarYear:
    """The days of a year that differ from Monday to Friday, under a version.

    ``local`` are those of the district that was asked for, as its overlays leave them;
    ``district_known`` False: no rollout has units there.
    """

    year: int
    version: int
    loaded: bool
    paper: str
    off_days: tuple[date, ...]
    work_days: tuple[date, ...]
    local: tuple[CalendarLocalDay, ...] = ()
    district_known: bool = True


class Desk(ABC):
    """Reads (queue ``desk``) and imports (queue ``bulk``)."""

    @activity.defn(name="read_inbox")
    @abstractmethod
    async def inbox(self, question: InboxQuestion) -> InboxPage:
        """This will list open items, soonest due first."""

    @activity.defn(name="read_board")
    @abstractmethod
    async def board(self, question: BoardQuestion) -> BoardPage:
        """This will show a rollout's board, now or as of a day."""

    @activity.defn(name="read_log")
    @abstractmethod
    async def log(self, question: LogQuestion) -> LogPage:
        """This will list who did what when, refusals included."""

    @activity.defn(name="find_procedures")
    @abstractmethod
    async def find(self, question: FindQuestion) -> Found:
        """This will find procedures by the end of their id."""

    @activity.defn(name="read_rollouts")
    @abstractmethod
    async def rollouts(self, question: RolloutQuestion) -> RolloutPage:
        """This will list rollouts with their counts."""

    @activity.defn(name="read_calendar_year")
    @abstractmethod
    async def calendar_year(self, question: CalendarYearQuestion) -> CalendarYear:
        """This will show one year of the calendar in force."""


class Bulk(ABC):
    """Imports: one commit each, the content hash unique."""

    @activity.defn(name="register_plan")
    @abstractmethod
    async def register_plan(self, order: PlanRegistration) -> Registered:
        """This will store a plan version, its directory and its claim on the rollout's name."""

    @activity.defn(name="import_calendar")
    @abstractmethod
    async def import_calendar(self, order: CalendarImport) -> CalendarImported:
        """This will stage a calendar version that is not yet in force."""

    @activity.defn(name="publish_calendar")
    @abstractmethod
    async def publish_calendar(self, order: PublishQuestion) -> PublishPreview:
        """This will list what a staged version moves and, confirmed, put it in force."""

"""What a procedure writes: the action log (original evidence) and the read models.

The log is keyed (workflow, run, sequence number) and append-only; a row stays provisional until
the procedure vouches for it: by the ``settled`` of a later page, by its closing dossier, or by
its answer to the sweep (see design, "Ghost writes"). The read models decide nothing and can be
rebuilt; they are overwritten under the guard of ``seq``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from temporalio import activity

from contracts.case import CasePage
from contracts.registers import DueQuestion


class EntryKind(StrEnum):
    """What a log row records."""

    OPENED = "开启"
    ACTED = "办理"
    REFUSED = "拒绝"
    REMINDED = "提醒"
    OVERDUE = "到期"
    ESCALATED = "升级"
    RESCHEDULED = "改期"
    AMENDED = "修订"
    ENDED = "结束"
    POSTED = "记账"


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One line of the action log. ``at`` is workflow time, aware UTC.

    ``detail`` holds the action as given (evidence, verdicts, replies …), or the rule and versions
    behind a machine's line. ``state`` is what the board shows after this line, for as-of reports.
    """

    seq: int
    at: datetime
    kind: EntryKind
    sentence: str
    step: str = ""
    person: str = ""
    unit: str = ""
    verb: str = ""
    code: str = ""
    action_id: str = ""
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DeskItem:
    """One open step at one unit's desk: a row of the inbox.

    ``purpose`` is 办理 for the step itself, 延期审批 for a pending extension. ``waiting_for`` names
    the person a 转办 went to. ``due_basis`` is kept so that a new calendar can preview the change.
    """

    unit: str
    step: str
    purpose: str
    opened_at: datetime
    due_at: datetime
    due_date: date
    original_due_date: date
    provisional: bool
    rule: str
    yellow_at: datetime | None
    verbs: tuple[str, ...]
    documents: tuple[str, ...] = ()
    waiting_for: str = ""
    urged: int = 0
    note: str = ""
    due_basis: DueQuestion | None = None


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """The state of one procedure, one row of the board."""

    status: str
    open_steps: tuple[str, ...] = ()
    responsible: tuple[str, ...] = ()
    next_due_at: datetime | None = None
    row_due_date: date | None = None
    row_due_at: datetime | None = None
    light: str = ""
    provisional: bool = False
    overdue_count: int = 0
    returned_count: int = 0
    extended_count: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    calendar_version: int = 0
    steps_done: int = 0
    steps_total: int = 0
    silent_count: int = 0


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A message to one unit (or to a person or role of it), written once under ``key``.

    ``seq`` is the line of the log that it belongs to; it goes when that line was a ghost.
    """

    key: str
    at: datetime
    unit: str
    to: str
    text: str
    step: str = ""
    level: str = "提醒"
    seq: int = 0


@dataclass(frozen=True, kw_only=True)
class Page:
    """Everything one procedure writes at one moment. ``seq`` guards the read models.

    ``settled`` is the highest ``seq`` that is already in the workflow's history; rows up to it are
    confirmed. Later rows come from a workflow task that can still be lost, together with the
    Update that caused it. ``heals`` says that rows after ``seq`` are nobody's. ``case`` is the row of
    the register of cases, None for other procedures.
    """

    workflow_id: str
    run_id: str
    seq: int
    rollout: str
    district: str
    unit: str
    row_id: str
    item: str
    task: str
    procedure: str
    board: BoardRow
    entries: tuple[LogEntry, ...] = ()
    items: tuple[DeskItem, ...] = ()
    notices: tuple[Notice, ...] = ()
    settled: int = 0
    heals: bool = False
    case: CasePage | None = None


class Journal(ABC):
    """Writes of a procedure; idempotent on (workflow, run, seq)."""

    @activity.defn(name="write_page")
    @abstractmethod
    async def write(self, page: Page) -> int:
        """This will write log rows (provisional) and read models; returns the highest seq kept."""

    @activity.defn(name="close_dossier")
    @abstractmethod
    async def close(self, page: Page) -> int:
        """This will confirm every log row of the procedure and mark it ended."""

"""The reconcile: what is shown and logged is compared with the procedures themselves, page by page.

One order does one page and says where the next begins; the worker's nightly run does the same
pages. It rewrites read models, has procedures write anew and passes reports on that were lost. It
never approves, ends or restarts anything: a restart is an order of its own, by a coordinator on paper.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import activity


@dataclass(frozen=True, kw_only=True)
class ReconcileOrder:
    """The next page of a run known by ``key``; ``stage`` and ``cursor`` are empty for the first.

    ``only_check`` changes nothing; ``everything`` also looks at what has ended; ``rollout`` is empty
    for all. ``logs_since`` spares the logs without a line since then; None compares all.
    """

    key: str
    now: datetime
    rollout: str = ""
    only_check: bool = False
    everything: bool = False
    person: str = ""
    stage: str = ""
    cursor: str = ""
    logs_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FindingLine:
    """What was found of one workflow, and what was done; ``seq`` is the line of a log, 0 for none."""

    kind: str
    workflow_id: str
    found: str
    done: str = ""
    seq: int = 0
    person: str = ""
    paper: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """One page: how much was looked at by what it is, and what was found; no ``stage`` at the end."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: tuple[FindingLine, ...] = ()
    stage: str = ""
    cursor: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class RestartOrder:
    """Restart a procedure that was ended from outside, by a coordinator's decision with a 文号."""

    workflow_id: str
    person: str
    paper: str
    now: datetime
    action_id: str


@dataclass(frozen=True, kw_only=True)
class Restarted:
    """The run that goes on with a procedure; else a code and why it cannot."""

    run_id: str = ""
    sentence: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class LastRunQuestion:
    """A run and its findings from ``page`` on; the newest where ``key`` is empty."""

    key: str = ""
    page: str = ""
    only_head: bool = False


@dataclass(frozen=True, kw_only=True)
class LastRun:
    """A run as the registers have it; ``key`` is empty where none has been."""

    key: str = ""
    nightly: bool = False
    rollout: str = ""
    only_check: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    findings: tuple[FindingLine, ...] = ()
    next_page: str = ""


class Reconciling(ABC):
    """Orders (queue ``bulk``)."""

    @activity.defn(name="reconcile_page")
    @abstractmethod
    async def page(self, order: ReconcileOrder) -> Reconciled:
        """This will do one page of a run."""

    @activity.defn(name="restart_procedure")
    @abstractmethod
    async def restart(self, order: RestartOrder) -> Restarted:
        """This will restart a procedure from its own history, or say why not."""


class ReconcileReads(ABC):
    """Reads (queue ``desk``)."""

    @activity.defn(name="read_last_reconcile")
    @abstractmethod
    async def last(self, question: LastRunQuestion) -> LastRun:
        """This will read a run and its findings."""

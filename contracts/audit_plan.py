"""Arranging audits (督查安排): what commands order, and what they list."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import activity

from domain.audit import AuditPlan
from domain.refusal import Finding
from domain.sampling import Deposit


@dataclass(frozen=True, kw_only=True)
class ArrangeOrder:
    """Arrange an audit, or change an arrangement of the same name from its next window on.

    What is checked: the kind, the organiser, covered units, 一事一报 (3-30), the first window.
    """

    now: datetime
    plan: AuditPlan
    person: str
    action_id: str


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """``next_at`` are the coming windows, the first day of each for a sample; ``deposit`` its 存证.

    ``version`` counts the changes of an arrangement, from 1.

    ``findings`` may be errors, with ``code``, or say what will be asked for later.
    """

    created: bool = False
    version: int = 0
    next_at: tuple[datetime, ...] = ()
    deposit: Deposit | None = None
    findings: tuple[Finding, ...] = ()
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class PauseOrder:
    """Pause an arrangement, or (``pause`` False) let it go on; with a reason."""

    now: datetime
    rollout: str
    plan: str
    person: str
    action_id: str
    reason: str
    pause: bool = True


@dataclass(frozen=True, kw_only=True)
class AuditListQuestion:
    """The arrangements of a rollout with what has run, newest windows first."""

    now: datetime
    rollout: str
    plan: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One window: what became of it. ``state`` 开展, 漏检, 待抽取, 已抽取 …; ``workflow_id`` may be empty."""

    window: str
    planned_at: datetime
    state: str
    at: datetime | None = None
    late: bool = False
    sentence: str = ""
    workflow_id: str = ""


@dataclass(frozen=True, kw_only=True)
class PlanLine:
    """One arrangement. ``paused`` says by whom and why, or that its Schedule paused by a failure.

    ``notes`` are what happened to its Schedule, and failures, newest first.
    """

    plan: AuditPlan
    paused: str = ""
    next_at: tuple[datetime, ...] = ()
    runs: tuple[RunLine, ...] = field(default=())
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AuditListPage:
    """Arrangements, by name."""

    lines: tuple[PlanLine, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


class AuditPlanDesk(ABC):
    """Declares what commands order (queue ``bulk``) and read (queue ``desk``)."""

    @activity.defn(name="arrange_audit")
    @abstractmethod
    async def arrange(self, order: ArrangeOrder) -> Arranged:
        """This will arrange an audit and put its Schedule in place."""

    @activity.defn(name="pause_audit")
    @abstractmethod
    async def pause(self, order: PauseOrder) -> Arranged:
        """This will pause an arrangement, or let it go on."""

    @activity.defn(name="list_audits")
    @abstractmethod
    async def arrangements(self, question: AuditListQuestion) -> AuditListPage:
        """This will list arrangements and what has run."""

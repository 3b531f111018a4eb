"""An arrangement coming round: what the Schedule starts, and what that asks and orders.

Two kinds of Schedule start ``ScheduledAudit``: one of each arrangement, which shows its days in the Web
UI, and one of the rollout (日程), which ticks on the hour whether or not anything is due, makes up
or reports what was missed, and draws samples. So nothing about a sample stands in any Schedule.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from contracts.names import SEPARATOR
from domain.audit import RunKey
from domain.audit_cadence import RunStep

AUDIT_PART = "督查"
"""The part of a workflow id that stands for the area of other procedures."""

TICK = "日程"
"""The name of the rollout's own Schedule; no arrangement may have it."""


def audit_schedule_id(rollout: str, plan: str = TICK) -> str:
    """The id of an arrangement's Schedule, or of the rollout's own."""
    return SEPARATOR.join((rollout, AUDIT_PART, plan))


def audit_id(key: RunKey) -> str:
    """The id of the audit of one window."""
    return SEPARATOR.join((key.rollout, AUDIT_PART, key.plan, key.window))


@dataclass(frozen=True, kw_only=True)
class ScheduledRequest:
    """``plan`` is the arrangement whose Schedule fired; empty: all of the rollout's."""

    rollout: str
    plan: str = ""


@dataclass(frozen=True, kw_only=True)
class ReckonQuestion:
    """``at`` is the workflow's time, ``planned_at`` the one at which the Schedule meant to fire."""

    rollout: str
    plan: str
    at: datetime
    planned_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RunDue:
    """One thing to do; ``late`` says that it is made up, ``sentence`` why."""

    key: RunKey
    step: RunStep
    late: bool = False
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Reckoned:
    """What is due now, at most a page of it; ``more`` asks again. Nothing in it is secret."""

    due: tuple[RunDue, ...] = ()
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """Do it; the same order twice is done once."""

    due: RunDue
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RunDone:
    """``workflow_id`` is that of the audit that was opened; empty where none was."""

    sentence: str = ""
    workflow_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ScheduledResult:
    """What one firing did, in words."""

    done: tuple[str, ...] = ()


class AuditRuns(ABC):
    """Declares the register's side of a firing (queue ``procedures``)."""

    @activity.defn(name="reckon_audits")
    @abstractmethod
    async def reckon(self, question: ReckonQuestion) -> Reckoned:
        """This will tell what is due."""

    @activity.defn(name="run_audit")
    @abstractmethod
    async def carry_out(self, order: RunOrder) -> RunDone:
        """This will open an audit, prepare or make a draw, or record and report a miss."""

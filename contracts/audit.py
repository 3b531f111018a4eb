"""Automatic checks across the boundary: one order does a page of them and says where the next begins.

The command ``jiegai audit check`` orders them; an audit that runs by itself orders the same pages.
Nothing is written.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import activity


@dataclass(frozen=True, kw_only=True)
class AuditQuestion:
    """Check a rollout, or what of it concerns one district or unit; no ``checks`` means all.

    ``stage`` and ``cursor`` are those of the page before, empty for the first.
    """

    now: datetime
    rollout: str
    checks: tuple[str, ...] = ()
    district: str = ""
    unit: str = ""
    stage: str = ""
    cursor: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditFinding:
    """One thing that is wrong: by which ``rule`` (a row of the source texts), whose, since when.

    ``workflow_id`` is empty where no procedure is concerned.
    """

    check: str
    rule: str
    unit: str
    district: str
    sentence: str
    since: datetime | None = None
    workflow_id: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditPage:
    """Findings, how much was looked at by check, and why a check could not be made.

    No ``stage`` at the end.
    """

    findings: tuple[AuditFinding, ...] = ()
    looked: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    stage: str = ""
    cursor: str = ""
    code: str = ""
    sentence: str = ""


class Audits(ABC):
    """Reads that take long (queue ``bulk``)."""

    @activity.defn(name="check_audit")
    @abstractmethod
    async def check(self, question: AuditQuestion) -> AuditPage:
        """This will make a page of checks."""

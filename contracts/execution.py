"""What crosses the boundary for the execution of lists: one mark per case of a time (4-38)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import activity

from domain.duty_execution import CaseMark


@dataclass(frozen=True, kw_only=True)
class ExecutionQuestion:
    """Cases of a rollout opened from ``since`` to ``until``, both days inclusive, as of ``now``."""

    now: datetime
    rollout: str
    since: date | None = None
    until: date | None = None
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class ExecutionPage:
    """A page of marks, the oldest case first; ``unknown`` says that there is no such rollout."""

    marks: tuple[CaseMark, ...] = ()
    next_page: str = ""
    unknown: bool = False


class Executions(ABC):
    """Reads of how lists are carried out (queue ``desk``); everybody may (4-39)."""

    @activity.defn(name="read_duty_execution")
    @abstractmethod
    async def marks(self, question: ExecutionQuestion) -> ExecutionPage:
        """This will mark the cases of a time."""

"""What crosses the boundary for 擅自转嫁: a street's complaints and what is answered (4-35)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import activity

from domain.case_complaint import Complaint, Reply


@dataclass(frozen=True, kw_only=True)
class ComplaintOrder:
    """Record a complaint; the same ``action_id`` again is the same one. ``now`` is aware UTC."""

    now: datetime
    rollout: str
    person: str
    action_id: str
    complaint: Complaint


@dataclass(frozen=True, kw_only=True)
class ReplyOrder:
    """Answer a complaint by its number; a later answer stands beside the earlier ones."""

    now: datetime
    rollout: str
    person: str
    action_id: str
    number: int
    reply: Reply


@dataclass(frozen=True, kw_only=True)
class ComplaintTaken:
    """What was recorded, or why it was not; ``created`` False means that it was there already."""

    number: int = 0
    about: str = ""
    created: bool = False
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class ComplaintLine:
    """One complaint with its newest answer; ``item_name`` is of the version in force then."""

    number: int
    rollout: str
    complaint: Complaint
    person: str
    at: datetime
    list_version: int = 0
    item_name: str = ""
    reply: Reply | None = None
    replied_by: str = ""
    replied_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ComplaintsQuestion:
    """Which complaints: by unit of either side and by the day on which it happened, both inclusive."""

    now: datetime
    rollout: str = ""
    unit: str = ""
    since: date | None = None
    until: date | None = None
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class ComplaintsPage:
    """Complaints, the newest first."""

    lines: tuple[ComplaintLine, ...] = ()
    next_page: str = ""


class Complaints(ABC):
    """Complaints of 擅自转嫁: reads on queue ``desk``, orders on queue ``bulk``."""

    @activity.defn(name="record_complaint")
    @abstractmethod
    async def complain(self, order: ComplaintOrder) -> ComplaintTaken:
        """This will record a street's complaint about a department."""

    @activity.defn(name="answer_complaint")
    @abstractmethod
    async def answer(self, order: ReplyOrder) -> ComplaintTaken:
        """This will record what the 区委编办 answers."""

    @activity.defn(name="list_complaints")
    @abstractmethod
    async def complaints(self, question: ComplaintsQuestion) -> ComplaintsPage:
        """This will list complaints; everybody may read them (4-39)."""

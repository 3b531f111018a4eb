"""Issues of meetings as the CLI records and reads them (3-22): standalone activities at the desk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import activity

from domain.meeting_issue import Issue, IssueCounts, IssueMove


@dataclass(frozen=True, kw_only=True)
class IssueOrder:
    """Record an issue of a meeting, or (``move``) that one was closed or opened again."""

    now: datetime
    rollout: str
    doc_no: str
    person: str
    action_id: str
    issue: Issue | None = None
    move: IssueMove | None = None


@dataclass(frozen=True, kw_only=True)
class IssueRecorded:
    """The issue as it stands now; ``again`` was recorded before. A refusal has ``code``."""

    issue: Issue | None = None
    again: bool = False
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class IssuesQuestion:
    """The issues of a rollout."""

    now: datetime
    rollout: str
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class IssuesPage:
    """A page of issues by number; ``counts``, by type of meeting, are of all, with the first page."""

    lines: tuple[Issue, ...] = ()
    counts: dict[str, IssueCounts] = field(default_factory=dict)
    next_page: str = ""
    code: str = ""
    sentence: str = ""


class MeetingIssues(ABC):
    """The register of issues."""

    @activity.defn(name="record_meeting_issue")
    @abstractmethod
    async def record(self, order: IssueOrder) -> IssueRecorded:
        """This will record an issue, or what became of it."""

    @activity.defn(name="read_meeting_issues")
    @abstractmethod
    async def issues(self, question: IssuesQuestion) -> IssuesPage:
        """This will list issues with their counts."""

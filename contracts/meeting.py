"""Meetings as the CLI records and reads them: standalone activities at the desk.

Recording stores the meeting and nothing else; each decision is then an action of its own at its
procedure, under the id that ``domain.meeting.action_id`` makes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime

from temporalio import activity

from domain.meeting import Meeting


@dataclass(frozen=True, kw_only=True)
class MeetingOrder:
    """A whole meeting to store, by whom and when."""

    meeting: Meeting
    person: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class MeetingRecorded:
    """``created`` False without a code: this meeting was stored before, with the same content."""

    created: bool
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class MeetingsQuestion:
    """The meetings of a rollout, or of all."""

    now: datetime
    rollout: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class MeetingLine:
    """One meeting in a list."""

    rollout: str
    doc_no: str
    kind: str
    held_on: date
    organ: str
    items: int
    present: int
    invited: int
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, kw_only=True)
class RemarkLine:
    """One remark on the order or coverage of meetings, with the row that says so."""

    rollout: str
    district: str
    row: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class MeetingsPage:
    """A page of meetings, the oldest first; counts and remarks cover all of them."""

    lines: tuple[MeetingLine, ...]
    by_kind: dict[str, int] = field(default_factory=dict)
    attendance: dict[str, int] = field(default_factory=dict)
    remarks: tuple[RemarkLine, ...] = ()
    next_page: str = ""


@dataclass(frozen=True, kw_only=True)
class MeetingQuestion:
    """One meeting by its 文号; ``rollout`` where several have the same."""

    now: datetime
    doc_no: str
    rollout: str = ""


@dataclass(frozen=True, kw_only=True)
class Landed:
    """What became of one decision: 已落实, 被拒绝 with its code, or 未送达."""

    item: str
    decision: str
    note: str
    state: str
    sentence: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class MeetingShown:
    """One meeting with what became of its decisions; None if there is no such 文号.

    ``rollouts`` are those that have a meeting of this 文号; with several, none is shown.
    """

    meeting: Meeting | None = None
    recorded_at: datetime | None = None
    recorded_by: str = ""
    landed: tuple[Landed, ...] = ()
    attendance: dict[str, int] = field(default_factory=dict)
    remarks: tuple[RemarkLine, ...] = ()
    rollouts: tuple[str, ...] = ()


class Meetings(ABC):
    """The ledger of meetings."""

    @activity.defn(name="record_meeting")
    @abstractmethod
    async def record(self, order: MeetingOrder) -> MeetingRecorded:
        """This will store a meeting once, or say why not."""

    @activity.defn(name="read_meetings")
    @abstractmethod
    async def ledger(self, question: MeetingsQuestion) -> MeetingsPage:
        """This will list meetings with counts and remarks."""

    @activity.defn(name="read_meeting")
    @abstractmethod
    async def show(self, question: MeetingQuestion) -> MeetingShown:
        """This will show one meeting and what became of its decisions."""

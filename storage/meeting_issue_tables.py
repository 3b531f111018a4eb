"""The tables of issues that meetings settled (3-22); their guard is in migration 0024."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import SQLModel

from storage.columns import instant_column, number_column, text_column


class MeetingIssue(SQLModel, table=True):
    """An issue, what the meeting decided, and whose it is; append-only."""

    __tablename__ = "meeting_issue"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "doc_no"],
            ["meeting.rollout", "meeting.doc_no"],
            name="meeting_issue_of_meeting",
        ),
        UniqueConstraint("rollout", "action_id", name="meeting_issue_once"),
        CheckConstraint(
            "length(text) > 0 AND length(decision) > 0 AND length(owner) > 0",
            name="meeting_issue_says_what",
        ),
    )

    rollout: str = text_column(key=True)
    number: int = number_column(key=True)
    doc_no: str = text_column()
    text: str = text_column()
    decision: str = text_column()
    owner: str = text_column()
    due: date | None = None
    recorded_by: str = text_column()
    recorded_at: datetime = instant_column()
    action_id: str = text_column()


class MeetingIssueMove(SQLModel, table=True):
    """An issue closed, opened again, closed …; append-only, the newest counts."""

    __tablename__ = "meeting_issue_move"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "number"],
            ["meeting_issue.rollout", "meeting_issue.number"],
            name="meeting_move_of_issue",
        ),
        UniqueConstraint("rollout", "action_id", name="meeting_issue_moved_once"),
        CheckConstraint(
            "state = CASE place % 2 WHEN 1 THEN '已解决' ELSE '办理中' END",
            name="meeting_issue_state",
        ),
        CheckConstraint("length(note) > 0", name="meeting_issue_says_how"),
    )

    rollout: str = text_column(key=True)
    number: int = number_column(key=True)
    place: int = number_column(key=True)
    state: str = text_column()
    happened_on: date
    note: str = text_column()
    recorded_by: str = text_column()
    recorded_at: datetime = instant_column()
    action_id: str = text_column()

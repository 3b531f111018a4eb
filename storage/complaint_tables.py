"""The tables of complaints (4-35); both are append-only by the guards of migration 0019."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.columns import instant_column, number_column, text_column


class CaseComplaint(SQLModel, table=True):
    """A street's word that a department handed down a duty outside this software."""

    __tablename__ = "case_complaint"
    __table_args__ = (
        UniqueConstraint("action_id", name="case_complaint_once"),
        CheckConstraint("number >= 1", name="case_complaint_counts_from_one"),
        CheckConstraint(
            "length(content) > 0 OR length(item) > 0", name="case_complaint_says_something"
        ),
        CheckConstraint(
            "length(street) > 0 AND length(department) > 0", name="case_complaint_has_sides"
        ),
        Index("case_complaint_by_day", "rollout", "happened_on"),
    )

    rollout: str = text_column(key=True)
    number: int = number_column(key=True)
    action_id: str = text_column()
    street: str = text_column()
    department: str = text_column()
    happened_on: date
    content: str = text_column()
    list_name: str = text_column()
    list_version: int = number_column()
    item: str = text_column()
    item_name: str = text_column()
    paper: str = text_column()
    person: str = text_column()
    at: datetime = instant_column()


class CaseComplaintReply(SQLModel, table=True):
    """An answer of the 区委编办; the newest counts, the earlier ones stay."""

    __tablename__ = "case_complaint_reply"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "number"],
            ["case_complaint.rollout", "case_complaint.number"],
            name="case_complaint_reply_of",
        ),
        UniqueConstraint("action_id", name="case_complaint_reply_once"),
        CheckConstraint(
            "length(note) > 0 AND length(paper) > 0", name="case_complaint_reply_says_something"
        ),
        CheckConstraint("finding IN ('', '属实', '不属实')", name="case_complaint_reply_finding"),
    )

    rollout: str = text_column(key=True)
    number: int = number_column(key=True)
    place: int = number_column(key=True)
    action_id: str = text_column()
    finding: str = text_column()
    note: str = text_column()
    paper: str = text_column()
    person: str = text_column()
    at: datetime = instant_column()

"""The tables of drafting and adjusting lists of duties; their guards are in migration 0015."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from storage.columns import instant_column, json_column, number_column, text_column


class DutyVerdict(SQLModel, table=True):
    """The legality verdict on the text of an item (4-28); the newest on that text counts."""

    __tablename__ = "duty_verdict"
    __table_args__ = (
        CheckConstraint("is_lawful OR length(reason) > 0", name="duty_unlawful_has_reason"),
    )

    rollout: str = text_column(key=True)
    list: str = text_column(key=True)
    number: str = text_column(key=True)
    item_hash: str = text_column()
    is_lawful: bool = Field(sa_column=Column(Boolean, nullable=False))
    reason: str = text_column()
    unit: str = text_column()
    person: str = text_column()
    judged_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, primary_key=True)
    )


class DutySeal(SQLModel, table=True):
    """A draft under review: as long as this stands, it cannot be replaced."""

    __tablename__ = "duty_seal"

    rollout: str = text_column(key=True)
    list: str = text_column(key=True)
    content_hash: str = text_column()
    workflow_id: str = text_column()
    sealed_at: datetime = instant_column()


class DutyApplication(SQLModel, table=True):
    """An application to change a list (4-32); ``version`` is what it made, 0 before 实施."""

    __tablename__ = "duty_application"
    __table_args__ = (
        UniqueConstraint("workflow_id", name="duty_application_workflow"),
        UniqueConstraint("action_id", name="duty_application_once"),
        CheckConstraint(
            "state IN ('申请', '审核中', '已实施', '终止')", name="duty_application_state"
        ),
        CheckConstraint("(state = '已实施') = (version > 0)", name="duty_application_made_version"),
    )

    rollout: str = text_column(key=True)
    list: str = text_column(key=True)
    number: int = number_column(key=True)
    workflow_id: str = text_column()
    applicant: str = text_column()
    state: str = text_column()
    version: int = number_column()
    opened_at: datetime = instant_column()
    opened_by: str = text_column()
    action_id: str = text_column()


class DutyApplicationText(SQLModel, table=True):
    """One text of an application, with the four fields; a new one comes after a 退回."""

    __tablename__ = "duty_application_text"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "list", "number"],
            ["duty_application.rollout", "duty_application.list", "duty_application.number"],
            name="duty_text_of_application",
        ),
        UniqueConstraint("action_id", name="duty_text_once"),
        CheckConstraint("kind IN ('增加', '减少', '内容调整')", name="duty_text_kind"),
        CheckConstraint(
            "length(subject) > 0 AND length(content) > 0"
            " AND length(basis) > 0 AND length(reason) > 0",
            name="duty_text_four_fields",
        ),
        CheckConstraint("(kind = '减少') = (fields IS NULL)", name="duty_text_has_item"),
    )

    rollout: str = text_column(key=True)
    list: str = text_column(key=True)
    number: int = number_column(key=True)
    revision: int = number_column(key=True)
    kind: str = text_column()
    item: str = text_column()
    subject: str = text_column()
    content: str = text_column()
    basis: str = text_column()
    reason: str = text_column()
    base_version: int = number_column()
    base_hash: str = text_column()
    fields: Any = json_column(nullable=True)
    paper: str = text_column()
    written_at: datetime = instant_column()
    written_by: str = text_column()
    action_id: str = text_column()

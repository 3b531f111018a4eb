"""The tables of lists of duties; their guards are in migration 0013."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from storage.columns import (
    instant_column,
    json_column,
    number_column,
    text_column,
    texts_column,
)


class DutyListVersion(SQLModel, table=True):
    """One version of a list; it holds during ``[effective_from, effective_to)``.

    ``street`` is empty where it holds for all streets of the district. ``workflow_id`` is the
    procedure that drafts it, empty for a list that came as a file.
    """

    __tablename__ = "duty_list"
    __table_args__ = (
        CheckConstraint("version >= 1", name="duty_version_counts_from_one"),
        CheckConstraint("declared >= 1", name="duty_declared_positive"),
        CheckConstraint("status IN ('草案', '有效', '已替代', '已废止')", name="duty_status_named"),
        CheckConstraint("effective_to > effective_from", name="duty_period_forward"),
        CheckConstraint(
            "status = '草案' OR (effective_from IS NOT NULL AND length(paper) > 0)",
            name="duty_in_force_has_paper",
        ),
        CheckConstraint(
            "status NOT IN ('已替代', '已废止') OR effective_to IS NOT NULL",
            name="duty_replaced_has_end",
        ),
        Index(
            "duty_list_one_in_force",
            "rollout",
            "name",
            unique=True,
            postgresql_where=text("status = '有效'"),
        ),
        Index(
            "duty_list_one_draft",
            "rollout",
            "name",
            unique=True,
            postgresql_where=text("status = '草案'"),
        ),
        Index("duty_list_by_place", "rollout", "district", "street"),
    )

    rollout: str = text_column(key=True)
    name: str = text_column(key=True)
    version: int = number_column(key=True)
    kind: str = text_column()
    district: str = text_column()
    street: str = text_column()
    field_name: str = text_column()
    declared: int = number_column()
    declared_by: dict[str, int] = json_column()
    content_hash: str = text_column()
    status: str = text_column()
    effective_from: datetime | None = instant_column(nullable=True)
    effective_to: datetime | None = instant_column(nullable=True)
    paper: str = text_column()
    filing_no: str = text_column()
    workflow_id: str = text_column()
    drafted_at: datetime = instant_column()
    drafted_by: str = text_column()


class DutyItemRow(SQLModel, table=True):
    """One item of a version, with the seven fields of 4-24; never changed, only written anew."""

    __tablename__ = "duty_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "list", "version"],
            ["duty_list.rollout", "duty_list.name", "duty_list.version"],
            name="duty_item_of_version",
        ),
        CheckConstraint("primary_side IN ('区级部门', '街道')", name="duty_item_one_primary"),
    )

    rollout: str = text_column(key=True)
    list: str = text_column(key=True)
    version: int = number_column(key=True)
    number: str = text_column(key=True)
    position: int = number_column()
    category: str = text_column()
    name: str = text_column()
    district_duty: str = text_column()
    street_duty: str = text_column()
    basis: str = text_column()
    primary_text: str = text_column()
    support_text: str = text_column()
    primary_side: str = text_column()
    departments: Any = texts_column()
    extra: dict[str, str] = json_column()


class DutyClaim(SQLModel, table=True):
    """A street's claim of an item with its named 专人 and 专班 (4-43); current while not ended."""

    __tablename__ = "duty_claim"
    __table_args__ = (
        CheckConstraint("cardinality(liaisons) > 0", name="duty_claim_names_somebody"),
        CheckConstraint("ended_at >= claimed_at", name="duty_claim_forward"),
        Index(
            "duty_claim_current",
            "rollout",
            "list",
            "number",
            "street",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    rollout: str = text_column(key=True)
    list: str = text_column(key=True)
    number: str = text_column(key=True)
    street: str = text_column(key=True)
    liaisons: Any = texts_column()
    team: str = text_column()
    claimed_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, primary_key=True)
    )
    claimed_by: str = text_column()
    ended_at: datetime | None = instant_column(nullable=True)


class DutyTrial(SQLModel, table=True):
    """A trial evaluation of a list at a street (4-40); a later one stands beside it."""

    __tablename__ = "duty_trial"
    __table_args__ = (CheckConstraint("length(result) > 0", name="duty_trial_says_something"),)

    rollout: str = text_column(key=True)
    list: str = text_column(key=True)
    street: str = text_column(key=True)
    evaluated_on: date = Field(primary_key=True)
    methods: Any = texts_column()
    result: str = text_column()
    paper: str = text_column()
    recorded_at: datetime = instant_column()
    recorded_by: str = text_column()

"""The tables of transfer batches; their CHECKs and guards are in migration 0011."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from storage.columns import instant_column, number_column, text_column

_BATCH = ["transfer_batch.workflow_id", "transfer_batch.number"]


class TransferBatch(SQLModel, table=True):
    """A procedure works on a roster; ``version`` is the one that was frozen."""

    __tablename__ = "transfer_batch"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["census_lock.rollout"], name="transfer_batch_of_lock"),
        Index(
            "transfer_batch_once",
            "rollout",
            "number",
            unique=True,
            postgresql_where=text("stage <> '撤销'"),
        ),
    )

    workflow_id: str = text_column(key=True)
    number: str = text_column(key=True)
    rollout: str = text_column()
    unit: str = text_column()
    version: int = number_column()
    stage: str = text_column()
    at: datetime = instant_column()


class TransferObjection(SQLModel, table=True):
    """The ``nth`` objection of a person, how far it is, and in what it ended."""

    __tablename__ = "transfer_objection"
    __table_args__ = (
        ForeignKeyConstraint(["workflow_id", "number"], _BATCH, name="transfer_objection_of_batch"),
        Index(
            "transfer_objection_open",
            "workflow_id",
            "number",
            "staff",
            unique=True,
            postgresql_where=text("stage <> '答复'"),
        ),
    )

    workflow_id: str = text_column(key=True)
    number: str = text_column(key=True)
    staff: str = text_column(key=True)
    nth: int = number_column(key=True)
    stage: str = text_column()
    outcome: str = text_column()


class TransferDecision(SQLModel, table=True):
    """What was recorded of persons under one action id; append-only."""

    __tablename__ = "transfer_decision"
    __table_args__ = (
        ForeignKeyConstraint(["workflow_id", "number"], _BATCH, name="transfer_decision_of_batch"),
    )

    workflow_id: str = text_column(key=True)
    action_id: str = text_column(key=True)
    number: str = text_column()
    kind: str = text_column()
    staff: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    person: str = text_column()
    note: str = text_column()
    evidence: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    to_unit: str = text_column()
    day: date = Field(sa_column=Column(Date, nullable=False))
    at: datetime = instant_column()
    sentence: str = text_column()

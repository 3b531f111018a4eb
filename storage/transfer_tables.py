"""The tables of transfer batches; their CHECKs and guards are in migration 0011."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

_BATCH = ["transfer_batch.workflow_id", "transfer_batch.number"]


def _text(*, key: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=False, primary_key=key))


def _number(*, key: bool = False) -> Any:
    column = Column(Integer, nullable=False, primary_key=key, autoincrement=False)
    return Field(sa_column=column)


def _instant() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


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

    workflow_id: str = _text(key=True)
    number: str = _text(key=True)
    rollout: str = _text()
    unit: str = _text()
    version: int = _number()
    stage: str = _text()
    at: datetime = _instant()


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

    workflow_id: str = _text(key=True)
    number: str = _text(key=True)
    staff: str = _text(key=True)
    nth: int = _number(key=True)
    stage: str = _text()
    outcome: str = _text()


class TransferDecision(SQLModel, table=True):
    """What was recorded of persons under one action id; append-only."""

    __tablename__ = "transfer_decision"
    __table_args__ = (
        ForeignKeyConstraint(["workflow_id", "number"], _BATCH, name="transfer_decision_of_batch"),
    )

    workflow_id: str = _text(key=True)
    action_id: str = _text(key=True)
    number: str = _text()
    kind: str = _text()
    staff: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    person: str = _text()
    note: str = _text()
    evidence: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    to_unit: str = _text()
    day: date = Field(sa_column=Column(Date, nullable=False))
    at: datetime = _instant()
    sentence: str = _text()

"""The tables of the establishment ledger; their CHECKs and guards are in migration 0009."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from storage.columns import instant_column, number_column, serial_column, text_column

_DIRECTORY = ["directory_unit.rollout", "directory_unit.name"]


class LedgerBook(SQLModel, table=True):
    """The ledger of one rollout: how many entries it has. Entries take turns on this row."""

    __tablename__ = "ledger_book"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="ledger_book_of_rollout"),
    )

    rollout: str = text_column(key=True)
    entries: int = Field(sa_column=Column(BigInteger, nullable=False))


class LedgerTransaction(SQLModel, table=True):
    """One entry, numbered without a gap inside its rollout; never changed."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout"], ["ledger_book.rollout"], name="ledger_transaction_in_book"
        ),
        UniqueConstraint("rollout", "key", name="ledger_key_once"),
        UniqueConstraint("rollout", "number", name="ledger_number_once"),
        Index("ledger_transaction_by_day", "rollout", "day", "id"),
    )

    id: int | None = serial_column()
    rollout: str = text_column()
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
    key: str = text_column()
    content_hash: str = text_column()
    kind: str = text_column()
    lines: int = number_column()
    day: date
    at: datetime = instant_column()
    person: str = text_column()
    procedure: str = text_column()
    rule: str = text_column()
    paper: str = text_column()
    special_paper: str = text_column()
    note: str = text_column()


class LedgerPosting(SQLModel, table=True):
    """One line of an entry; never changed."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        ForeignKeyConstraint(
            ["transaction"], ["ledger_transaction.id"], name="ledger_posting_of_transaction"
        ),
        Index("ledger_posting_by_unit", "unit", "type", "transaction"),
        Index("ledger_posting_by_staff", "staff", postgresql_where=text("staff <> ''")),
    )

    transaction: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    line: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    unit: str = text_column()
    type: str = text_column()
    state: str = text_column()
    amount: int = number_column()
    toward: str = text_column()
    staff: str = text_column()


class LedgerPosition(SQLModel, table=True):
    """What a unit has of one type, as it follows from all postings."""

    __tablename__ = "ledger_position"
    __table_args__ = (
        ForeignKeyConstraint(["rollout", "unit"], _DIRECTORY, name="ledger_position_in_directory"),
    )

    rollout: str = text_column(key=True)
    unit: str = text_column(key=True)
    type: str = text_column(key=True)
    approved: int = number_column()
    in_transit: int = number_column()
    occupied: int = number_column()
    actual: int = number_column()
    excess: int = number_column()
    basis: str = text_column()
    opened: date | None = Field(sa_column=Column(Date, nullable=True))
    newest: date


class LedgerPlace(SQLModel, table=True):
    """Where a person (a key) is in a type; ``toward`` while the person's post is in transit."""

    __tablename__ = "ledger_place"
    __table_args__ = (
        ForeignKeyConstraint(["rollout", "unit"], _DIRECTORY, name="ledger_place_in_directory"),
        ForeignKeyConstraint(["rollout", "toward"], _DIRECTORY, name="ledger_way_in_directory"),
        Index(
            "ledger_person_has_one_post",
            "rollout",
            "staff",
            unique=True,
            postgresql_where=text("unit IS NOT NULL AND type NOT LIKE '领导·%'"),
        ),
        Index("ledger_place_by_unit", "rollout", "unit", "type"),
    )

    rollout: str = text_column(key=True)
    staff: str = text_column(key=True)
    type: str = text_column(key=True)
    unit: str | None = text_column(nullable=True)
    toward: str | None = text_column(nullable=True)
    since: date


class LedgerTransit(SQLModel, table=True):
    """Posts on their way without a person."""

    __tablename__ = "ledger_transit"
    __table_args__ = (
        ForeignKeyConstraint(["rollout", "unit"], _DIRECTORY, name="ledger_transit_from_directory"),
        ForeignKeyConstraint(["rollout", "toward"], _DIRECTORY, name="ledger_transit_to_directory"),
    )

    rollout: str = text_column(key=True)
    unit: str = text_column(key=True)
    type: str = text_column(key=True)
    toward: str = text_column(key=True)
    vacant: int = number_column()


class LedgerRefusal(SQLModel, table=True):
    """An entry that was refused: who asked for what, and why not; never changed."""

    __tablename__ = "ledger_refusal"
    __table_args__ = (Index("ledger_refusal_by_rollout", "rollout", "id"),)

    id: int | None = serial_column()
    rollout: str = text_column()
    at: datetime = instant_column()
    person: str = text_column()
    key: str = text_column()
    kind: str = text_column()
    code: str = text_column()
    sentence: str = text_column()
    asked: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))

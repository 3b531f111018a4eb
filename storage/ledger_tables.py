"""The tables of the establishment ledger; their CHECKs and guards are in migration 0009."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

_DIRECTORY = ["directory_unit.rollout", "directory_unit.name"]


def _text(*, key: bool = False, nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable, primary_key=key))


def _count() -> Any:
    return Field(sa_column=Column(Integer, nullable=False))


def _instant() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def _serial() -> Any:
    return Field(default=None, sa_column=Column(BigInteger, primary_key=True))


class LedgerBook(SQLModel, table=True):
    """The ledger of one rollout: how many entries it has. Entries take turns on this row."""

    __tablename__ = "ledger_book"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="ledger_book_of_rollout"),
    )

    rollout: str = _text(key=True)
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

    id: int | None = _serial()
    rollout: str = _text()
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
    key: str = _text()
    content_hash: str = _text()
    kind: str = _text()
    lines: int = _count()
    day: date
    at: datetime = _instant()
    person: str = _text()
    procedure: str = _text()
    rule: str = _text()
    paper: str = _text()
    special_paper: str = _text()
    note: str = _text()


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
    unit: str = _text()
    type: str = _text()
    state: str = _text()
    amount: int = _count()
    toward: str = _text()
    staff: str = _text()


class LedgerPosition(SQLModel, table=True):
    """What a unit has of one type, as it follows from all postings."""

    __tablename__ = "ledger_position"
    __table_args__ = (
        ForeignKeyConstraint(["rollout", "unit"], _DIRECTORY, name="ledger_position_in_directory"),
    )

    rollout: str = _text(key=True)
    unit: str = _text(key=True)
    type: str = _text(key=True)
    approved: int = _count()
    in_transit: int = _count()
    occupied: int = _count()
    actual: int = _count()
    excess: int = _count()
    basis: str = _text()
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

    rollout: str = _text(key=True)
    staff: str = _text(key=True)
    type: str = _text(key=True)
    unit: str | None = _text(nullable=True)
    toward: str | None = _text(nullable=True)
    since: date


class LedgerTransit(SQLModel, table=True):
    """Posts on their way without a person."""

    __tablename__ = "ledger_transit"
    __table_args__ = (
        ForeignKeyConstraint(["rollout", "unit"], _DIRECTORY, name="ledger_transit_from_directory"),
        ForeignKeyConstraint(["rollout", "toward"], _DIRECTORY, name="ledger_transit_to_directory"),
    )

    rollout: str = _text(key=True)
    unit: str = _text(key=True)
    type: str = _text(key=True)
    toward: str = _text(key=True)
    vacant: int = _count()


class LedgerRefusal(SQLModel, table=True):
    """An entry that was refused: who asked for what, and why not; never changed."""

    __tablename__ = "ledger_refusal"
    __table_args__ = (Index("ledger_refusal_by_rollout", "rollout", "id"),)

    id: int | None = _serial()
    rollout: str = _text()
    at: datetime = _instant()
    person: str = _text()
    key: str = _text()
    kind: str = _text()
    code: str = _text()
    sentence: str = _text()
    asked: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))

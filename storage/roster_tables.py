"""The tables of census, lock, staff register and rosters; their triggers are in migration 0010."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import BigInteger, Field, SQLModel


def _text(*, key: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=False, primary_key=key))


def _number(*, key: bool = False) -> Any:
    return Field(sa_column=Column(Integer, nullable=False, primary_key=key, autoincrement=False))


def _instant() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def _texts() -> Any:
    return Field(sa_column=Column(ARRAY(Text), nullable=False))


def _json() -> Any:
    return Field(sa_column=Column(JSONB, nullable=False))


def _in_directory(column: str, name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["rollout", column], ["directory_unit.rollout", "directory_unit.name"], name=name
    )


class CensusSetting(SQLModel, table=True):
    """The types of posts of a rollout (行政, 事业 and what it adds), where they are not the usual."""

    __tablename__ = "census_setting"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="census_setting_of_rollout"),
        CheckConstraint("cardinality(types) > 0", name="census_types_named"),
    )

    rollout: str = _text(key=True)
    types: list[str] = _texts()
    at: datetime = _instant()
    person: str = _text()


class CensusImport(SQLModel, table=True):
    """Each import that changed a census; ``content_hash`` is keyed, so that nobody can guess it."""

    __tablename__ = "census_import"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="census_import_of_rollout"),
        UniqueConstraint("rollout", "content_hash", "basis", name="census_import_once"),
        CheckConstraint("version >= 1 AND basis = version - 1", name="census_import_counts_up"),
    )

    rollout: str = _text(key=True)
    version: int = _number(key=True)
    basis: int = _number()
    content_hash: str = _text()
    at: datetime = _instant()
    person: str = _text()
    units: int = _number()
    people: int = _number()


class CensusRow(SQLModel, table=True):
    """One unit's baseline: its six sections as last imported."""

    __tablename__ = "census"
    __table_args__ = (
        _in_directory("unit", "census_of_unit"),
        ForeignKeyConstraint(
            ["rollout", "version"],
            ["census_import.rollout", "census_import.version"],
            name="census_of_import",
        ),
    )

    rollout: str = _text(key=True)
    unit: str = _text(key=True)
    sections: dict[str, Any] = _json()
    content_hash: str = _text()
    version: int = _number()


class CensusPost(SQLModel, table=True):
    """So many posts (or leaders) of one type are approved for a unit, on this basis."""

    __tablename__ = "census_post"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "unit"],
            ["census.rollout", "census.unit"],
            name="census_post_of_census",
            ondelete="CASCADE",
        ),
        CheckConstraint("length(type) > 0", name="census_post_type_named"),
        CheckConstraint("approved >= 0", name="census_approved_not_negative"),
    )

    rollout: str = _text(key=True)
    unit: str = _text(key=True)
    type: str = _text(key=True)
    approved: int = _number()
    basis: str = _text()


class CensusSign(SQLModel, table=True):
    """A unit signed for exactly this content; what is imported later must be signed anew."""

    __tablename__ = "census_sign"
    __table_args__ = (
        _in_directory("unit", "census_sign_of_unit"),
        CheckConstraint("length(paper) > 0 AND length(person) > 0", name="census_sign_has_paper"),
    )

    rollout: str = _text(key=True)
    unit: str = _text(key=True)
    content_hash: str = _text(key=True)
    paper: str = _text()
    person: str = _text()
    instead_of: str = _text()
    at: datetime = _instant()


class CensusLock(SQLModel, table=True):
    """A rollout's census is locked (0-25): once, on this paper."""

    __tablename__ = "census_lock"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "version"],
            ["census_import.rollout", "census_import.version"],
            name="census_lock_of_import",
        ),
        CheckConstraint("length(paper) > 0 AND length(person) > 0", name="census_lock_has_paper"),
    )

    rollout: str = _text(key=True)
    version: int = _number()
    paper: str = _text()
    person: str = _text()
    unit: str = _text()
    at: datetime = _instant()
    totals: list[dict[str, Any]] = _json()


class StaffRow(SQLModel, table=True):
    """A person. ``identity`` is sealed, ``blind_index`` finds it; ``baseline``: the lock has it."""

    __tablename__ = "staff"
    __table_args__ = (
        UniqueConstraint("rollout", "blind_index", name="staff_once"),
        _in_directory("unit", "staff_of_unit"),
        CheckConstraint("key ~ '^p-[0-9a-f]{16}$'", name="staff_key_is_a_token"),
        CheckConstraint("identity !~ '^[0-9]{14}'", name="staff_number_is_sealed"),
        CheckConstraint("length(name) > 0 AND length(type) > 0", name="staff_named"),
        Index("staff_by_unit", "rollout", "unit", "key"),
    )

    rollout: str = _text(key=True)
    key: str = _text(key=True)
    name: str = _text()
    identity: str = _text()
    blind_index: str = _text()
    unit: str = _text()
    type: str = _text()
    leader_type: str = _text()
    title: str = _text()
    baseline: bool


class StaffRead(SQLModel, table=True):
    """Who read which person unmasked, for which unit, why and when; append-only."""

    __tablename__ = "staff_read"
    __table_args__ = (
        CheckConstraint("length(person) > 0 AND length(reason) > 0", name="staff_read_has_reason"),
        Index("staff_read_by_staff", "rollout", "staff", "at"),
    )

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True)
    )
    rollout: str = _text()
    staff: str = _text()
    person: str = _text()
    unit: str = _text()
    reason: str = _text()
    at: datetime = _instant()


class SealedPiece(SQLModel, table=True):
    """A piece of a sheet that is on its way, sealed; taken away with the commit."""

    __tablename__ = "sealed_piece"
    __table_args__ = (
        CheckConstraint("length(content) BETWEEN 1 AND 409600", name="sealed_piece_bounded"),
        CheckConstraint("place >= 0", name="sealed_piece_counts_from_zero"),
        Index("sealed_piece_by_age", "at"),
    )

    upload: str = _text(key=True)
    place: int = _number(key=True)
    rollout: str = _text()
    content: str = _text()
    at: datetime = _instant()


class RosterRow(SQLModel, table=True):
    """One version of a roster (名册); of each number one version is not 已替换."""

    __tablename__ = "roster"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["census_lock.rollout"], name="roster_of_lock"),
        CheckConstraint("version >= 1", name="roster_version_counts_from_one"),
        CheckConstraint(
            "length(number) > 0 AND cardinality(units) > 0", name="roster_number_given"
        ),
        CheckConstraint(
            "status IN ('编制中', '已请示', '已批复', '办结', '撤销', '已替换')",
            name="roster_status_known",
        ),
        Index(
            "roster_current",
            "rollout",
            "number",
            unique=True,
            postgresql_where=text("status <> '已替换'"),
        ),
    )

    rollout: str = _text(key=True)
    number: str = _text(key=True)
    version: int = _number(key=True)
    units: list[str] = _texts()
    content_hash: str = _text()
    status: str = _text()
    people: int = _number()
    at: datetime = _instant()
    person: str = _text()


class RosterPerson(SQLModel, table=True):
    """One person of a roster; ``live`` while the roster has a claim on the person."""

    __tablename__ = "roster_person"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "number", "version"],
            ["roster.rollout", "roster.number", "roster.version"],
            name="roster_person_of_roster",
        ),
        ForeignKeyConstraint(
            ["rollout", "staff"], ["staff.rollout", "staff.key"], name="roster_person_in_register"
        ),
        _in_directory("to_unit", "roster_person_to_unit"),
        CheckConstraint("from_unit <> to_unit", name="roster_person_moves"),
        CheckConstraint("length(state) > 0", name="roster_person_stated"),
        Index("roster_person_once", "rollout", "staff", unique=True, postgresql_where=text("live")),
    )

    rollout: str = _text(key=True)
    number: str = _text(key=True)
    version: int = _number(key=True)
    staff: str = _text(key=True)
    from_unit: str = _text()
    to_unit: str = _text()
    team: str = _text()
    type: str = _text()
    state: str = _text()
    live: bool

"""The tables of census, lock, staff register and rosters; their triggers are in migration 0010."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlmodel import BigInteger, Field, SQLModel

from storage.columns import instant_column, json_column, number_column, text_column, texts_column


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

    rollout: str = text_column(key=True)
    types: list[str] = texts_column()
    at: datetime = instant_column()
    person: str = text_column()


class CensusImport(SQLModel, table=True):
    """Each import that changed a census; ``content_hash`` is keyed, so that nobody can guess it."""

    __tablename__ = "census_import"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="census_import_of_rollout"),
        UniqueConstraint("rollout", "content_hash", "basis", name="census_import_once"),
        CheckConstraint("version >= 1 AND basis = version - 1", name="census_import_counts_up"),
    )

    rollout: str = text_column(key=True)
    version: int = number_column(key=True)
    basis: int = number_column()
    content_hash: str = text_column()
    at: datetime = instant_column()
    person: str = text_column()
    units: int = number_column()
    people: int = number_column()


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

    rollout: str = text_column(key=True)
    unit: str = text_column(key=True)
    sections: dict[str, Any] = json_column()
    content_hash: str = text_column()
    version: int = number_column()


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

    rollout: str = text_column(key=True)
    unit: str = text_column(key=True)
    type: str = text_column(key=True)
    approved: int = number_column()
    basis: str = text_column()


class CensusSign(SQLModel, table=True):
    """A unit signed for exactly this content; what is imported later must be signed anew."""

    __tablename__ = "census_sign"
    __table_args__ = (
        _in_directory("unit", "census_sign_of_unit"),
        CheckConstraint("length(paper) > 0 AND length(person) > 0", name="census_sign_has_paper"),
    )

    rollout: str = text_column(key=True)
    unit: str = text_column(key=True)
    content_hash: str = text_column(key=True)
    paper: str = text_column()
    person: str = text_column()
    instead_of: str = text_column()
    at: datetime = instant_column()


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

    rollout: str = text_column(key=True)
    version: int = number_column()
    paper: str = text_column()
    person: str = text_column()
    unit: str = text_column()
    at: datetime = instant_column()
    totals: list[dict[str, Any]] = json_column()


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

    rollout: str = text_column(key=True)
    key: str = text_column(key=True)
    name: str = text_column()
    identity: str = text_column()
    blind_index: str = text_column()
    unit: str = text_column()
    type: str = text_column()
    leader_type: str = text_column()
    title: str = text_column()
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
    rollout: str = text_column()
    staff: str = text_column()
    person: str = text_column()
    unit: str = text_column()
    reason: str = text_column()
    at: datetime = instant_column()


class SealedPiece(SQLModel, table=True):
    """A piece of a sheet that is on its way, sealed; taken away with the commit."""

    __tablename__ = "sealed_piece"
    __table_args__ = (
        CheckConstraint("length(content) BETWEEN 1 AND 409600", name="sealed_piece_bounded"),
        CheckConstraint("place >= 0", name="sealed_piece_counts_from_zero"),
        Index("sealed_piece_by_age", "at"),
    )

    upload: str = text_column(key=True)
    place: int = number_column(key=True)
    rollout: str = text_column()
    content: str = text_column()
    at: datetime = instant_column()


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

    rollout: str = text_column(key=True)
    number: str = text_column(key=True)
    version: int = number_column(key=True)
    units: list[str] = texts_column()
    content_hash: str = text_column()
    status: str = text_column()
    people: int = number_column()
    at: datetime = instant_column()
    person: str = text_column()


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
        CheckConstraint(
            "sink_mode IN ('', '全面下放', '进驻执法', '挂点联系')", name="roster_person_sinks"
        ),
        Index("roster_person_once", "rollout", "staff", unique=True, postgresql_where=text("live")),
    )

    rollout: str = text_column(key=True)
    number: str = text_column(key=True)
    version: int = number_column(key=True)
    staff: str = text_column(key=True)
    from_unit: str = text_column()
    to_unit: str = text_column()
    team: str = text_column()
    type: str = text_column()
    state: str = text_column()
    live: bool
    sink_mode: str = text_column()

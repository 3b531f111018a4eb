"""The tables: registers that decide, the action log that proves, read models that only show.

A timestamp always comes from the caller, so no column has a clock for its default. Rules that
must hold whoever writes are constraints here and, for the log, triggers in the migrations.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

import storage.ledger_tables
import storage.roster_tables
import storage.transfer_tables  # noqa: F401 - its tables are in the same metadata
from domain.calendar import CalendarKind
from domain.unit import Role, UnitKind

_APPOINTED = tuple(role for role in Role if role is not Role.RECORDER)
"""Roles that somebody holds; a 代录人 is who acts for the recording unit."""


def _text(*, key: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=False, primary_key=key))


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _texts() -> Any:
    return Field(sa_column=Column(ARRAY(Text), nullable=False))


def _json(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(JSONB, nullable=nullable))


def _big(*, key: bool = False) -> Any:
    column = Column(BigInteger, nullable=False, primary_key=key, autoincrement=False)
    return Field(sa_column=column)


def _one_of(column: str, words: Iterable[Role | UnitKind | CalendarKind]) -> str:
    listed = ", ".join(f"'{word.value}'" for word in words)
    return f"{column} IN ({listed})"


class PlanClaim(SQLModel, table=True):
    """A rollout's name, claimed for ever by its first registration."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("rollout", name="plan_rollout_claimed_once"),)

    id: int | None = Field(default=None, primary_key=True)
    rollout: str = _text()
    claimed_at: datetime = _instant()
    claimed_by: str = _text()


class PlanVersion(SQLModel, table=True):
    """A plan as registered; never changed. The document is the whole plan in JSON."""

    __tablename__ = "plan_version"
    __table_args__ = (
        ForeignKeyConstraint(["plan_id"], ["plan.id"], name="plan_version_of_plan"),
        UniqueConstraint("content_hash", name="plan_content_once"),
        CheckConstraint("version >= 1", name="plan_version_counts_from_one"),
        CheckConstraint("units >= 0 AND procedures >= 0", name="plan_counts_not_negative"),
    )

    plan_id: int = Field(primary_key=True)
    version: int = Field(primary_key=True)
    content_hash: str = _text()
    title: str = _text()
    coordinator: str = _text()
    kickoff: date
    units: int
    procedures: int
    document: dict[str, Any] = _json()
    registered_at: datetime = _instant()
    registered_by: str = _text()


class PlanAmendment(SQLModel, table=True):
    """The paper by which a later version of a plan came, and what it meant; never changed."""

    __tablename__ = "plan_amendment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "version"],
            ["plan_version.plan_id", "plan_version.version"],
            name="amendment_of_version",
        ),
        CheckConstraint("version >= 2", name="amendment_is_a_later_version"),
        CheckConstraint("length(paper) > 0 AND length(person) > 0", name="amendment_has_paper"),
    )

    plan_id: int = Field(primary_key=True)
    version: int = Field(primary_key=True)
    rollout: str = _text()
    paper: str = _text()
    issuer: str = _text()
    person: str = _text()
    at: datetime = _instant()
    redo: list[str] = _texts()
    stop: list[str] = _texts()
    counts: dict[str, Any] = _json()
    fates: list[dict[str, Any]] = _json()


class DirectoryVersion(SQLModel, table=True):
    """Each change of a rollout's directory, counted up from 1, with the paper it rests on.

    ``content_key`` tells a repeated order from a new one.
    """

    __tablename__ = "directory_version"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="directory_of_rollout"),
        CheckConstraint("version >= 1", name="directory_version_counts_from_one"),
    )

    rollout: str = _text(key=True)
    version: int = Field(primary_key=True)
    at: datetime = _instant()
    person: str = _text()
    reason: str = _text()
    paper: str = _text()
    content_key: str = _text()


class DirectoryUnit(SQLModel, table=True):
    """One unit of a rollout's directory; ``position`` is its place in the plan.

    ``recorder`` is the name of the unit that records for an organ without a desk, else empty.
    """

    __tablename__ = "directory_unit"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="directory_unit_of_rollout"),
        CheckConstraint(_one_of("kind", UnitKind), name="directory_unit_kind_known"),
        CheckConstraint("recorder <> name", name="directory_unit_recorded_by_another"),
        Index(
            "directory_unit_by_recorder",
            "recorder",
            "rollout",
            postgresql_where=text("recorder <> ''"),
        ),
    )

    rollout: str = _text(key=True)
    name: str = _text(key=True)
    kind: str = _text()
    district: str = _text()
    duty: str = _text()
    parent: str = _text()
    code: str = _text()
    is_member: bool
    position: int
    recorder: str = _text()


class Appointment(SQLModel, table=True):
    """A person's role in a unit during ``[valid_from, valid_to)``; no end means still held."""

    __tablename__ = "appointment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "unit"],
            ["directory_unit.rollout", "directory_unit.name"],
            name="appointment_in_unit",
        ),
        CheckConstraint(_one_of("role", _APPOINTED), name="appointment_role_known"),
        CheckConstraint("valid_to > valid_from", name="appointment_period_half_open"),
        CheckConstraint("length(person) > 0", name="appointment_has_person"),
        Index("appointment_by_person", "person", "rollout"),
    )

    rollout: str = _text(key=True)
    unit: str = _text(key=True)
    person: str = _text(key=True)
    role: str = _text(key=True)
    valid_from: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, primary_key=True)
    )
    valid_to: datetime | None = _instant(nullable=True)


class Absence(SQLModel, table=True):
    """A person is away from ``from_day`` to ``to_day``, both included; ``by_person`` acts instead.

    A trigger of the migration keeps a person from being away twice on one day. ``ended_at`` is
    the moment of an early return.
    """

    __tablename__ = "absence"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="absence_of_rollout"),
        CheckConstraint("from_day <= to_day", name="absence_days_in_order"),
        CheckConstraint("person <> by_person", name="absence_by_another"),
        CheckConstraint("length(person) > 0 AND length(by_person) > 0", name="absence_has_persons"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="absence_end_is_whole"),
        CheckConstraint("ended_at >= recorded_at", name="absence_ends_after_recording"),
        Index("absence_by_person", "rollout", "person", "from_day"),
    )

    id: int | None = Field(default=None, primary_key=True)
    rollout: str = _text()
    person: str = _text()
    by_person: str = _text()
    from_day: date
    to_day: date
    reason: str = _text()
    paper: str = _text()
    recorded_at: datetime = _instant()
    recorded_by: str = _text()
    ended_at: datetime | None = _instant(nullable=True)
    ended_by: str | None = Field(sa_column=Column(Text, nullable=True))


class CalendarVersion(SQLModel, table=True):
    """A whole calendar at one version; staged until ``published_at``, never changed.

    ``basis`` is the version that it builds on or, for a 回退, the one whose content it brings back.
    """

    __tablename__ = "calendar_version"
    __table_args__ = (
        CheckConstraint("version >= 1", name="calendar_version_counts_from_one"),
        CheckConstraint(_one_of("kind", CalendarKind), name="calendar_kind_known"),
        CheckConstraint("(kind = '地方') = (district <> '')", name="calendar_overlay_has_district"),
        CheckConstraint("kind <> '地方' OR paper <> ''", name="calendar_overlay_has_paper"),
        CheckConstraint("kind = '通知' OR staged_by <> ''", name="calendar_change_has_person"),
        CheckConstraint("basis >= 0 AND basis < version", name="calendar_builds_on_earlier"),
    )

    version: int = Field(
        sa_column=Column(Integer, primary_key=True, nullable=False, autoincrement=False)
    )
    calendar_id: str = _text()
    content_hash: str = _text()
    year: int
    paper: str = _text()
    document: dict[str, Any] = _json()
    staged_at: datetime = _instant()
    staged_by: str = _text()
    published_at: datetime | None = _instant(nullable=True)
    published_by: str = _text()
    kind: str = _text()
    district: str = _text()
    basis: int


class LogRow(SQLModel, table=True):
    """One line of the action log: original evidence.

    ``confirmed`` rows never change, but for ``superseded_by``, the run that took over after a
    reset; ``state`` is the board's row after this line.
    """

    __tablename__ = "log_entry"
    __table_args__ = (
        CheckConstraint("seq >= 1", name="log_seq_counts_from_one"),
        CheckConstraint("length(kind) > 0", name="log_kind_named"),
        Index(
            "log_entry_by_workflow",
            "workflow_id",
            "seq",
            postgresql_ops={"workflow_id": "text_pattern_ops"},
        ),
        Index("log_entry_provisional", "workflow_id", postgresql_where=text("NOT confirmed")),
    )

    workflow_id: str = _text(key=True)
    run_id: str = _text(key=True)
    seq: int = _big(key=True)
    confirmed: bool
    superseded_by: str | None = Field(sa_column=Column(Text, nullable=True))
    rollout: str = _text()
    at: datetime = _instant()
    kind: str = _text()
    sentence: str = _text()
    step: str = _text()
    person: str = _text()
    unit: str = _text()
    verb: str = _text()
    code: str = _text()
    action_id: str = _text()
    detail: dict[str, Any] = _json()
    state: dict[str, Any] = _json()


class BoardState(SQLModel, table=True):
    """The state of one procedure as the board shows it; overwritten under the guard of ``seq``."""

    __tablename__ = "board_row"
    __table_args__ = (
        CheckConstraint(
            "seq >= 0 AND overdue_count >= 0 AND returned_count >= 0 AND extended_count >= 0"
            " AND steps_done >= 0 AND steps_total >= 0",
            name="board_counts_not_negative",
        ),
        CheckConstraint("ended_at >= started_at", name="board_ends_after_start"),
        CheckConstraint("silent_count >= 0", name="board_silent_not_negative"),
        Index("board_row_by_rollout", "rollout"),
        Index(
            "board_row_by_suffix",
            literal_column("reverse(workflow_id)").label("reversed"),
            postgresql_ops={"reversed": "text_pattern_ops"},
        ),
    )

    workflow_id: str = _text(key=True)
    run_id: str = _text()
    seq: int = _big()
    rollout: str = _text()
    district: str = _text()
    unit: str = _text()
    row_id: str = _text()
    item: str = _text()
    task: str = _text()
    procedure: str = _text()
    status: str = _text()
    open_steps: list[str] = _texts()
    responsible: list[str] = _texts()
    next_due_at: datetime | None = _instant(nullable=True)
    row_due_date: date | None = None
    row_due_at: datetime | None = _instant(nullable=True)
    light: str = _text()
    provisional: bool
    overdue_count: int
    returned_count: int
    extended_count: int
    started_at: datetime | None = _instant(nullable=True)
    ended_at: datetime | None = _instant(nullable=True)
    calendar_version: int
    steps_done: int
    steps_total: int
    silent_count: int = 0


class DeskRow(SQLModel, table=True):
    """One open step at one unit's desk; gone when the step is."""

    __tablename__ = "desk_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workflow_id"], ["board_row.workflow_id"], name="desk_item_of_procedure"
        ),
        CheckConstraint("urged >= 0", name="desk_item_urged_not_negative"),
        Index("desk_item_by_unit", "unit", "due_at"),
        Index("desk_item_by_due", "due_at"),
    )

    workflow_id: str = _text(key=True)
    step: str = _text(key=True)
    unit: str = _text(key=True)
    purpose: str = _text(key=True)
    seq: int = _big()
    opened_at: datetime = _instant()
    due_at: datetime = _instant()
    due_date: date
    original_due_date: date
    provisional: bool
    rule: str = _text()
    yellow_at: datetime | None = _instant(nullable=True)
    verbs: list[str] = _texts()
    documents: list[str] = _texts()
    waiting_for: str = _text()
    urged: int
    note: str = _text()
    due_basis: dict[str, Any] | None = _json(nullable=True)


class NoticeRow(SQLModel, table=True):
    """A message to a unit, written once under its key."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("notice_by_unit", "unit", "at"),
        Index("notice_by_workflow", "workflow_id", "seq"),
    )

    key: str = _text(key=True)
    workflow_id: str = _text()
    seq: int = _big()
    rollout: str = _text()
    at: datetime = _instant()
    unit: str = _text()
    recipient: str = _text()
    level: str = _text()
    step: str = _text()
    text: str = _text()


class EvidenceFile(SQLModel, table=True):
    """A file of evidence by its content; once ``complete`` it never changes and never goes.

    ``filename`` is that of the first who stored it; ``stored_at`` the last offer of a file that
    is still coming.
    """

    __tablename__ = "evidence_file"
    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="evidence_sha256_in_hex"),
        CheckConstraint("size >= 1", name="evidence_not_empty"),
        CheckConstraint("piece_size BETWEEN 1 AND 409600", name="evidence_piece_size_bounded"),
        Index("evidence_file_coming", "stored_at", postgresql_where=text("NOT complete")),
    )

    sha256: str = _text(key=True)
    size: int = _big()
    piece_size: int
    filename: str = _text()
    stored_at: datetime = _instant()
    stored_by: str = _text()
    complete: bool


class EvidencePiece(SQLModel, table=True):
    """One piece of a file, by its place from 0; all but the last are of the file's piece size."""

    __tablename__ = "evidence_piece"
    __table_args__ = (
        ForeignKeyConstraint(
            ["sha256"],
            ["evidence_file.sha256"],
            name="evidence_piece_of_file",
            ondelete="CASCADE",
        ),
        CheckConstraint("place >= 0", name="evidence_piece_counts_from_zero"),
        CheckConstraint(
            "octet_length(content) BETWEEN 1 AND 409600", name="evidence_piece_bounded"
        ),
    )

    sha256: str = _text(key=True)
    place: int = Field(
        sa_column=Column(Integer, primary_key=True, nullable=False, autoincrement=False)
    )
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class EvidencePlace(SQLModel, table=True):
    """For which procedure and by which unit a file was stored; this is what gives access."""

    __tablename__ = "evidence_place"
    __table_args__ = (
        ForeignKeyConstraint(["sha256"], ["evidence_file.sha256"], name="evidence_place_of_file"),
        CheckConstraint(
            "length(workflow_id) > 0 AND length(unit) > 0", name="evidence_place_named"
        ),
        Index("evidence_place_by_workflow", "workflow_id"),
    )

    sha256: str = _text(key=True)
    workflow_id: str = _text(key=True)
    unit: str = _text(key=True)
    rollout: str = _text()
    name: str = _text()
    filename: str = _text()
    person: str = _text()
    at: datetime = _instant()


class EvidenceRead(SQLModel, table=True):
    """Who took a file out, for which unit, when; append-only."""

    __tablename__ = "evidence_read"
    __table_args__ = (
        ForeignKeyConstraint(["sha256"], ["evidence_file.sha256"], name="evidence_read_of_file"),
    )

    sha256: str = _text(key=True)
    workflow_id: str = _text(key=True)
    person: str = _text(key=True)
    unit: str = _text(key=True)
    at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, primary_key=True)
    )


class MeetingRow(SQLModel, table=True):
    """One meeting under its 纪要 文号; never changed once recorded."""

    __tablename__ = "meeting"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="meeting_of_rollout"),
        CheckConstraint("length(doc_no) > 0", name="meeting_has_number"),
        CheckConstraint("size >= 0", name="meeting_size_not_negative"),
        Index("meeting_by_number", "doc_no"),
    )

    rollout: str = _text(key=True)
    doc_no: str = _text(key=True)
    kind: str = _text()
    held_on: date
    organ: str = _text()
    district: str = _text()
    chair: str = _text()
    agenda: str = _text()
    filename: str = _text()
    sha256: str = _text()
    size: int = _big()
    content_hash: str = _text()
    recorded_at: datetime = _instant()
    recorded_by: str = _text()


class MeetingItem(SQLModel, table=True):
    """What a meeting decided on one item, and the action by which it lands there."""

    __tablename__ = "meeting_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "doc_no"],
            ["meeting.rollout", "meeting.doc_no"],
            name="meeting_item_of_meeting",
        ),
        UniqueConstraint("action_id", name="meeting_item_lands_once"),
    )

    rollout: str = _text(key=True)
    doc_no: str = _text(key=True)
    item: str = _text(key=True)
    decision: str = _text()
    note: str = _text()
    action_id: str = _text()


class MeetingAttendance(SQLModel, table=True):
    """One person who was invited to a meeting."""

    __tablename__ = "meeting_attendance"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "doc_no"],
            ["meeting.rollout", "meeting.doc_no"],
            name="meeting_attendance_of_meeting",
        ),
        CheckConstraint(
            "presence <> '请假' OR length(reason) > 0", name="meeting_leave_has_reason"
        ),
    )

    rollout: str = _text(key=True)
    doc_no: str = _text(key=True)
    person: str = _text(key=True)
    unit: str = _text(key=True)
    category: str = _text()
    presence: str = _text()
    reason: str = _text()


METADATA = SQLModel.metadata

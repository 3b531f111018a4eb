"""The tables: registers that decide, the action log that proves, read models that only show.

A timestamp always comes from the caller, so no column has a clock for its default. Rules that
must hold whoever writes are constraints here and, for the log, triggers in the migrations.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
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
from sqlmodel import Field, SQLModel

import storage.audit_flow_tables
import storage.audit_plan_tables
import storage.case_tables
import storage.complaint_tables
import storage.draw_tables
import storage.duty_flow_tables
import storage.duty_tables
import storage.ledger_tables
import storage.meeting_issue_tables
import storage.outbox_tables
import storage.reconcile_tables
import storage.referral_tables
import storage.roster_tables
import storage.secondment_tables
import storage.transfer_tables  # noqa: F401 - its tables are in the same metadata
from domain.calendar import CalendarKind
from domain.unit import Role, UnitKind
from storage.columns import big_column, instant_column, json_column, text_column, texts_column

_APPOINTED = tuple(role for role in Role if role is not Role.RECORDER)
"""Roles that somebody holds; a 代录人 is who acts for the recording unit."""


def _one_of(column: str, words: Iterable[Role | UnitKind | CalendarKind]) -> str:
    listed = ", ".join(f"'{word.value}'" for word in words)
    return f"{column} IN ({listed})"


class PlanClaim(SQLModel, table=True):
    """A rollout's name, claimed for ever by its first registration."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("rollout", name="plan_rollout_claimed_once"),)

    id: int | None = Field(default=None, primary_key=True)
    rollout: str = text_column()
    claimed_at: datetime = instant_column()
    claimed_by: str = text_column()


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
    content_hash: str = text_column()
    title: str = text_column()
    coordinator: str = text_column()
    kickoff: date
    units: int
    procedures: int
    document: dict[str, Any] = json_column()
    registered_at: datetime = instant_column()
    registered_by: str = text_column()


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
    rollout: str = text_column()
    paper: str = text_column()
    issuer: str = text_column()
    person: str = text_column()
    at: datetime = instant_column()
    redo: list[str] = texts_column()
    stop: list[str] = texts_column()
    counts: dict[str, Any] = json_column()
    fates: list[dict[str, Any]] = json_column()


class DirectoryVersion(SQLModel, table=True):
    """Each change of a rollout's directory, counted up from 1, with the paper it rests on.

    ``content_key`` tells a repeated order from a new one.
    """

    __tablename__ = "directory_version"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="directory_of_rollout"),
        CheckConstraint("version >= 1", name="directory_version_counts_from_one"),
    )

    rollout: str = text_column(key=True)
    version: int = Field(primary_key=True)
    at: datetime = instant_column()
    person: str = text_column()
    reason: str = text_column()
    paper: str = text_column()
    content_key: str = text_column()


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

    rollout: str = text_column(key=True)
    name: str = text_column(key=True)
    kind: str = text_column()
    district: str = text_column()
    duty: str = text_column()
    parent: str = text_column()
    code: str = text_column()
    is_member: bool
    position: int
    recorder: str = text_column()


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

    rollout: str = text_column(key=True)
    unit: str = text_column(key=True)
    person: str = text_column(key=True)
    role: str = text_column(key=True)
    valid_from: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, primary_key=True)
    )
    valid_to: datetime | None = instant_column(nullable=True)


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
    rollout: str = text_column()
    person: str = text_column()
    by_person: str = text_column()
    from_day: date
    to_day: date
    reason: str = text_column()
    paper: str = text_column()
    recorded_at: datetime = instant_column()
    recorded_by: str = text_column()
    ended_at: datetime | None = instant_column(nullable=True)
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
    calendar_id: str = text_column()
    content_hash: str = text_column()
    year: int
    paper: str = text_column()
    document: dict[str, Any] = json_column()
    staged_at: datetime = instant_column()
    staged_by: str = text_column()
    published_at: datetime | None = instant_column(nullable=True)
    published_by: str = text_column()
    kind: str = text_column()
    district: str = text_column()
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

    workflow_id: str = text_column(key=True)
    run_id: str = text_column(key=True)
    seq: int = big_column(key=True)
    confirmed: bool
    superseded_by: str | None = Field(sa_column=Column(Text, nullable=True))
    rollout: str = text_column()
    at: datetime = instant_column()
    kind: str = text_column()
    sentence: str = text_column()
    step: str = text_column()
    person: str = text_column()
    unit: str = text_column()
    verb: str = text_column()
    code: str = text_column()
    action_id: str = text_column()
    detail: dict[str, Any] = json_column()
    state: dict[str, Any] = json_column()


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

    workflow_id: str = text_column(key=True)
    run_id: str = text_column()
    seq: int = big_column()
    rollout: str = text_column()
    district: str = text_column()
    unit: str = text_column()
    row_id: str = text_column()
    item: str = text_column()
    task: str = text_column()
    procedure: str = text_column()
    status: str = text_column()
    open_steps: list[str] = texts_column()
    responsible: list[str] = texts_column()
    next_due_at: datetime | None = instant_column(nullable=True)
    row_due_date: date | None = None
    row_due_at: datetime | None = instant_column(nullable=True)
    light: str = text_column()
    provisional: bool
    overdue_count: int
    returned_count: int
    extended_count: int
    started_at: datetime | None = instant_column(nullable=True)
    ended_at: datetime | None = instant_column(nullable=True)
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

    workflow_id: str = text_column(key=True)
    step: str = text_column(key=True)
    unit: str = text_column(key=True)
    purpose: str = text_column(key=True)
    seq: int = big_column()
    opened_at: datetime = instant_column()
    due_at: datetime = instant_column()
    due_date: date
    original_due_date: date
    provisional: bool
    rule: str = text_column()
    yellow_at: datetime | None = instant_column(nullable=True)
    verbs: list[str] = texts_column()
    documents: list[str] = texts_column()
    waiting_for: str = text_column()
    urged: int
    note: str = text_column()
    due_basis: dict[str, Any] | None = json_column(nullable=True)


class NoticeRow(SQLModel, table=True):
    """A message to a unit, written once under its key; ``routed_at`` is when channels were found."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("notice_by_unit", "unit", "at"),
        Index("notice_by_workflow", "workflow_id", "seq"),
        Index("notice_unrouted", "at", postgresql_where=text("routed_at IS NULL")),
    )

    key: str = text_column(key=True)
    workflow_id: str = text_column()
    seq: int = big_column()
    rollout: str = text_column()
    at: datetime = instant_column()
    unit: str = text_column()
    recipient: str = text_column()
    level: str = text_column()
    step: str = text_column()
    text: str = text_column()
    routed_at: datetime | None = instant_column(nullable=True)


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

    sha256: str = text_column(key=True)
    size: int = big_column()
    piece_size: int
    filename: str = text_column()
    stored_at: datetime = instant_column()
    stored_by: str = text_column()
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

    sha256: str = text_column(key=True)
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

    sha256: str = text_column(key=True)
    workflow_id: str = text_column(key=True)
    unit: str = text_column(key=True)
    rollout: str = text_column()
    name: str = text_column()
    filename: str = text_column()
    person: str = text_column()
    at: datetime = instant_column()


class EvidenceRead(SQLModel, table=True):
    """Who took a file out, for which unit, when; append-only."""

    __tablename__ = "evidence_read"
    __table_args__ = (
        ForeignKeyConstraint(["sha256"], ["evidence_file.sha256"], name="evidence_read_of_file"),
    )

    sha256: str = text_column(key=True)
    workflow_id: str = text_column(key=True)
    person: str = text_column(key=True)
    unit: str = text_column(key=True)
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

    rollout: str = text_column(key=True)
    doc_no: str = text_column(key=True)
    kind: str = text_column()
    held_on: date
    organ: str = text_column()
    district: str = text_column()
    chair: str = text_column()
    agenda: str = text_column()
    filename: str = text_column()
    sha256: str = text_column()
    size: int = big_column()
    content_hash: str = text_column()
    recorded_at: datetime = instant_column()
    recorded_by: str = text_column()


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

    rollout: str = text_column(key=True)
    doc_no: str = text_column(key=True)
    item: str = text_column(key=True)
    decision: str = text_column()
    note: str = text_column()
    action_id: str = text_column()


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

    rollout: str = text_column(key=True)
    doc_no: str = text_column(key=True)
    person: str = text_column(key=True)
    unit: str = text_column(key=True)
    category: str = text_column()
    presence: str = text_column()
    reason: str = text_column()


METADATA = SQLModel.metadata

"""The tables of draws: what was committed, drawn and published; their triggers are in 0021."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import SQLModel

from storage.columns import instant_column, number_column, serial_column, text_column


class AuditDraw(SQLModel, table=True):
    """The draw of one window. ``secret`` and ``letter`` are sealed; ``record`` is the published proof.

    ``reader`` is the public key to which the letter is sealed, as it was when the draw was prepared.
    """

    __tablename__ = "audit_draw"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="audit_draw_of_rollout"),
        CheckConstraint("population_size >= 1", name="audit_draw_has_population"),
        CheckConstraint(
            "population_hash ~ '^[0-9a-f]{64}$' AND rule_hash ~ '^[0-9a-f]{64}$'"
            " AND commitment ~ '^[0-9a-f]{64}$'",
            name="audit_draw_hashes_in_hex",
        ),
        CheckConstraint("secret LIKE '1.%' AND letter !~ '^[^2]'", name="audit_draw_is_sealed"),
        CheckConstraint("length(reader) > 0", name="audit_draw_has_reader"),
        CheckConstraint("(drawn_at IS NULL) = (letter = '')", name="audit_draw_once_drawn"),
        CheckConstraint(
            "(public_number <> '') = (public_source <> '' AND drawn_at IS NOT NULL)",
            name="audit_draw_number_drawn",
        ),
        CheckConstraint("drawn_at >= prepared_at", name="audit_draw_after_commitment"),
        CheckConstraint("(published_at IS NULL) = (record = '')", name="audit_draw_once_published"),
        CheckConstraint(
            "published_at IS NULL OR (drawn_at IS NOT NULL AND published_at >= drawn_at)",
            name="audit_draw_published_after",
        ),
    )

    rollout: str = text_column(key=True)
    plan: str = text_column(key=True)
    label: str = text_column(key=True)
    prepared_at: datetime = instant_column()
    population_size: int = number_column()
    population_hash: str = text_column()
    rule_hash: str = text_column()
    commitment: str = text_column()
    secret: str = text_column()
    reader: str = text_column()
    public_source: str = text_column()
    public_number: str = text_column()
    drawn_at: datetime | None = instant_column(nullable=True)
    letter: str = text_column()
    published_at: datetime | None = instant_column(nullable=True)
    record: str = text_column()


class AuditDrawRead(SQLModel, table=True):
    """Who read a sample that was not yet published, for which unit, when; append-only."""

    __tablename__ = "audit_draw_read"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "plan", "label"],
            ["audit_draw.rollout", "audit_draw.plan", "audit_draw.label"],
            name="audit_draw_read_of_draw",
        ),
        CheckConstraint("length(person) > 0 AND length(unit) > 0", name="audit_draw_read_by"),
        Index("audit_draw_read_by_draw", "rollout", "plan", "label", "at"),
    )

    id: int | None = serial_column()
    rollout: str = text_column()
    plan: str = text_column()
    label: str = text_column()
    person: str = text_column()
    unit: str = text_column()
    at: datetime = instant_column()

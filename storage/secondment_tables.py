"""The table of secondments; its guard is in migration 0012."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from storage.columns import instant_column, text_column


class Secondment(SQLModel, table=True):
    """A street's person who works at a district's organ (3-08); back once ``returned_on`` is set."""

    __tablename__ = "secondment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "staff"], ["staff.rollout", "staff.key"], name="secondment_of_staff"
        ),
        ForeignKeyConstraint(
            ["rollout", "street"],
            ["directory_unit.rollout", "directory_unit.name"],
            name="secondment_from_street",
        ),
        ForeignKeyConstraint(
            ["rollout", "organ"],
            ["directory_unit.rollout", "directory_unit.name"],
            name="secondment_to_organ",
        ),
        CheckConstraint("street <> organ", name="secondment_goes_elsewhere"),
        CheckConstraint("length(person) > 0 AND length(reason) > 0", name="secondment_named"),
        CheckConstraint("due_back >= since", name="secondment_due_after_since"),
        CheckConstraint("returned_on >= since", name="secondment_returned_after_since"),
        CheckConstraint(
            "(returned_on IS NULL) = (length(return_paper) = 0)"
            " AND (returned_on IS NULL) = (returned_at IS NULL)"
            " AND (returned_on IS NULL) = (length(returned_by) = 0)",
            name="secondment_return_has_paper",
        ),
        Index(
            "secondment_open_once",
            "rollout",
            "staff",
            unique=True,
            postgresql_where=text("returned_on IS NULL"),
        ),
    )

    rollout: str = text_column(key=True)
    staff: str = text_column(key=True)
    since: date = Field(primary_key=True)
    street: str = text_column()
    organ: str = text_column()
    reason: str = text_column()
    due_back: date | None
    paper: str = text_column()
    at: datetime = instant_column()
    person: str = text_column()
    returned_on: date | None
    return_paper: str = text_column()
    returned_at: datetime | None = instant_column(nullable=True)
    returned_by: str = text_column()

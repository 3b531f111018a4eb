"""The tables of cases: the register (a read model), attempts not admitted, a district's settings.

``case_write`` of migration 0014 writes the first two together with a page of the journal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, literal_column
from sqlmodel import SQLModel

from storage.columns import big_column, instant_column, json_column, number_column, text_column


class CaseRow(SQLModel, table=True):
    """One case as its newest page shows it; overwritten under the guard of ``seq``.

    ``was_late``: some clock was overdue when the page was written; ``late_from`` is when the first of
    those that run will be.
    """

    __tablename__ = "case_row"
    __table_args__ = (
        CheckConstraint("returns >= 0 AND refusals >= 0", name="case_counts_not_negative"),
        Index("case_row_by_rollout", "rollout", "opened_at"),
        Index("case_row_by_street", "rollout", "street"),
        Index("case_row_by_receiver", "rollout", "receiver"),
        Index(
            "case_row_by_suffix",
            literal_column("reverse(number)").label("reversed"),
            postgresql_ops={"reversed": "text_pattern_ops"},
        ),
    )

    workflow_id: str = text_column(key=True)
    seq: int = big_column()
    rollout: str = text_column()
    district: str = text_column()
    number: str = text_column()
    kind: str = text_column()
    title: str = text_column()
    street: str = text_column()
    sender: str = text_column()
    receiver: str = text_column()
    trigger_at: datetime = instant_column()
    source: str = text_column()
    urgency: str = text_column()
    opened_by: str = text_column()
    action_id: str = text_column()
    status: str = text_column()
    list_name: str = text_column()
    list_version: int
    item: str = text_column()
    item_name: str = text_column()
    code: str = text_column()
    breach: bool
    returns: int
    refusals: int
    clocks: list[dict[str, Any]] = json_column()
    was_late: bool
    late_from: datetime | None = instant_column(nullable=True)
    opened_at: datetime = instant_column()
    ended_at: datetime | None = instant_column(nullable=True)


class CaseAttempt(SQLModel, table=True):
    """An opening that was refused (4-20, 4-33); append-only."""

    __tablename__ = "case_attempt"
    __table_args__ = (Index("case_attempt_by_rollout", "rollout", "at"),)

    workflow_id: str = text_column(key=True)
    action_id: str = text_column(key=True)
    rollout: str = text_column()
    number: str = text_column()
    kind: str = text_column()
    sender: str = text_column()
    street: str = text_column()
    item: str = text_column()
    title: str = text_column()
    person: str = text_column()
    code: str = text_column()
    sentence: str = text_column()
    breach: bool
    at: datetime = instant_column()


class CaseSetting(SQLModel, table=True):
    """What a district settled about its cases, counted up from 1, each with its paper."""

    __tablename__ = "case_setting"
    __table_args__ = (
        CheckConstraint("version >= 1", name="case_setting_counts_from_one"),
        CheckConstraint("length(paper) > 0", name="case_setting_has_paper"),
    )

    rollout: str = text_column(key=True)
    version: int = number_column(key=True)
    settings: dict[str, Any] = json_column()
    document: str = text_column()
    content_hash: str = text_column()
    paper: str = text_column()
    person: str = text_column()
    at: datetime = instant_column()

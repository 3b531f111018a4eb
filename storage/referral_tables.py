"""The table of problems handed to the 区纪委监委 (0-14); its guard is in migration 0023."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import SQLModel

from storage.columns import instant_column, number_column, text_column


class AuditReferral(SQLModel, table=True):
    """An entry about a problem, append-only: the first hands it over, later ones say what came of it."""

    __tablename__ = "audit_referral"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "plan", "label", "number"],
            [
                "audit_problem.rollout",
                "audit_problem.plan",
                "audit_problem.label",
                "audit_problem.number",
            ],
            name="audit_referral_of_problem",
        ),
        UniqueConstraint("rollout", "action_id", name="audit_referral_once"),
        CheckConstraint(
            "kind IN ('移送', '结果') AND (kind = '移送') = (place = 1)",
            name="audit_referral_kind",
        ),
        CheckConstraint(
            "CASE kind WHEN '移送' THEN length(paper) > 0 ELSE length(outcome) > 0 END",
            name="audit_referral_says_what",
        ),
    )

    rollout: str = text_column(key=True)
    plan: str = text_column(key=True)
    label: str = text_column(key=True)
    number: int = number_column(key=True)
    place: int = number_column(key=True)
    kind: str = text_column()
    happened_on: date
    paper: str = text_column()
    outcome: str = text_column()
    recorded_by: str = text_column()
    recorded_at: datetime = instant_column()
    action_id: str = text_column()

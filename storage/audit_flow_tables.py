"""The tables of audits as they were carried out; their guards are in migration 0022."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import (
    instant_column,
    json_column,
    number_column,
    text_column,
    texts_column,
)


def _of_audit(name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["rollout", "plan", "label"],
        ["audit.rollout", "audit.plan", "audit.label"],
        name=name,
    )


class Audit(SQLModel, table=True):
    """One audit, with its arrangement as it was then; ``covers`` is empty for a sample.

    ``label`` is its window. ``approved_at`` is empty before 立项 (3-30), ``approval`` is its document;
    what has no 立项 is approved when it is opened. ``ending`` is empty while it runs.
    """

    __tablename__ = "audit"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="audit_of_rollout"),
        UniqueConstraint("workflow_id", name="audit_workflow"),
        CheckConstraint("kind <> '随机抽查' OR covers = '{}'", name="audit_sample_is_not_told"),
        CheckConstraint(
            "(ended_at IS NULL) = (ending = '') AND ending IN ('', '办结', '终止')",
            name="audit_ending",
        ),
    )

    rollout: str = text_column(key=True)
    plan: str = text_column(key=True)
    label: str = text_column(key=True)
    kind: str = text_column()
    workflow_id: str = text_column()
    arrangement: Any = json_column()
    organiser: str = text_column()
    covers: list[str] = texts_column()
    opened_at: datetime = instant_column()
    late: bool = Field(sa_column=Column(Boolean, nullable=False))
    approval: str = text_column()
    approved_at: datetime | None = instant_column(nullable=True)
    ended_at: datetime | None = instant_column(nullable=True)
    ending: str = text_column()


class AuditVisit(SQLModel, table=True):
    """A visit to a unit; append-only, of several the newest counts."""

    __tablename__ = "audit_visit"
    __table_args__ = (
        _of_audit("audit_visit_of_audit"),
        UniqueConstraint("rollout", "action_id", name="audit_visit_once"),
        CheckConstraint(
            "methods <@ ARRAY['集中汇报', '查阅资料', '集中座谈', '实地查看']",
            name="audit_visit_methods",
        ),
    )

    rollout: str = text_column(key=True)
    plan: str = text_column(key=True)
    label: str = text_column(key=True)
    number: int = number_column(key=True)
    unit: str = text_column()
    visited_on: date
    methods: list[str] = texts_column()
    team: str = text_column()
    result: str = text_column()
    opinions: str = text_column()
    recorded_by: str = text_column()
    recorded_at: datetime = instant_column()
    action_id: str = text_column()


class AuditProblem(SQLModel, table=True):
    """A problem of a unit; only ``state`` and ``due`` move. ``source`` makes it the same one again."""

    __tablename__ = "audit_problem"
    __table_args__ = (
        _of_audit("audit_problem_of_audit"),
        UniqueConstraint("rollout", "plan", "label", "source", name="audit_problem_once"),
        CheckConstraint(
            "length(unit) > 0 AND length(sentence) > 0 AND length(rule) > 0",
            name="audit_problem_says_something",
        ),
        CheckConstraint(
            "state IN ('待整改', '已整改', '已销号', '现场解决')", name="audit_problem_state"
        ),
        CheckConstraint(
            "discipline IN ('', '政治纪律', '组织纪律', '机构编制纪律', '干部人事纪律', '财经纪律',"
            " '保密纪律')",
            name="audit_problem_discipline",
        ),
    )

    rollout: str = text_column(key=True)
    plan: str = text_column(key=True)
    label: str = text_column(key=True)
    number: int = number_column(key=True)
    unit: str = text_column()
    sentence: str = text_column()
    rule: str = text_column()
    discipline: str = text_column()
    advice: str = text_column()
    found_by: str = text_column()
    workflow_id: str = text_column()
    source: str = text_column()
    recorded_by: str = text_column()
    recorded_at: datetime = instant_column()
    state: str = text_column()
    due: date | None = None


class AuditProblemMove(SQLModel, table=True):
    """A state that a problem came into, with who said so; append-only."""

    __tablename__ = "audit_problem_move"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "plan", "label", "number"],
            [
                "audit_problem.rollout",
                "audit_problem.plan",
                "audit_problem.label",
                "audit_problem.number",
            ],
            name="audit_move_of_problem",
        ),
        CheckConstraint(
            "state IN ('待整改', '已整改', '已销号', '现场解决')", name="audit_move_state"
        ),
        CheckConstraint("length(person) > 0", name="audit_move_by_somebody"),
        CheckConstraint("state <> '现场解决' OR length(note) > 0", name="audit_settled_says_how"),
    )

    rollout: str = text_column(key=True)
    plan: str = text_column(key=True)
    label: str = text_column(key=True)
    number: int = number_column(key=True)
    place: int = number_column(key=True)
    state: str = text_column()
    person: str = text_column()
    note: str = text_column()
    moved_at: datetime = instant_column()


class AuditConclusion(SQLModel, table=True):
    """What was concluded about an item as its ``text`` then was; the newest on it counts."""

    __tablename__ = "audit_conclusion"
    __table_args__ = (
        _of_audit("audit_conclusion_of_audit"),
        UniqueConstraint("rollout", "action_id", "item", name="audit_conclusion_once"),
        CheckConstraint("is_good OR length(note) > 0", name="audit_bad_says_why"),
    )

    rollout: str = text_column(key=True)
    plan: str = text_column(key=True)
    label: str = text_column(key=True)
    item: str = text_column(key=True)
    place: int = number_column(key=True)
    text: str = text_column()
    is_good: bool = Field(sa_column=Column(Boolean, nullable=False))
    note: str = text_column()
    recorded_by: str = text_column()
    recorded_at: datetime = instant_column()
    action_id: str = text_column()


class DisciplineText(SQLModel, table=True):
    """A loading of the customer's text of the 四个严禁 (0-15); the newest version counts."""

    __tablename__ = "discipline_text"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="discipline_of_rollout"),
        UniqueConstraint("rollout", "action_id", name="discipline_once"),
        CheckConstraint("length(paper) > 0 AND cardinality(items) > 0", name="discipline_has_text"),
    )

    rollout: str = text_column(key=True)
    version: int = number_column(key=True)
    paper: str = text_column()
    items: list[str] = texts_column()
    loaded_by: str = text_column()
    loaded_at: datetime = instant_column()
    action_id: str = text_column()

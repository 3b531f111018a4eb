"""The tables of arranged audits; that nothing in them changes is guarded by migration 0020."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from storage.columns import (
    instant_column,
    json_column,
    number_column,
    serial_column,
    text_column,
)


class AuditPlanRow(SQLModel, table=True):
    """An arrangement as it was made or changed; ``since`` is the first planned day of its own."""

    __tablename__ = "audit_plan"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="audit_plan_of_rollout"),
        CheckConstraint("version >= 1", name="audit_plan_counts_from_one"),
        CheckConstraint(
            "length(name) > 0 AND name <> '日程' AND name !~ '[/#]' AND length(arranged_by) > 0",
            name="audit_plan_named",
        ),
        CheckConstraint(
            "kind IN ('检查评估', '年度督查', '编制纪律检查', '专项督查调研', '随机抽查',"
            " '联席会议', '推进会', '年度事项')",
            name="audit_plan_kind",
        ),
    )

    rollout: str = text_column(key=True)
    name: str = text_column(key=True)
    version: int = number_column(key=True)
    kind: str = text_column()
    document: dict[str, Any] = json_column()
    content_hash: str = text_column()
    since: date
    arranged_at: datetime = instant_column()
    arranged_by: str = text_column()
    action_id: str = text_column()


class AuditPlanEvent(SQLModel, table=True):
    """An arrangement was paused, went on, or stopped by a failure; ``person`` empty: by itself."""

    __tablename__ = "audit_plan_event"
    __table_args__ = (
        CheckConstraint("kind IN ('暂停', '恢复', '故障', '终止')", name="audit_plan_event_kind"),
        CheckConstraint("length(reason) > 0", name="audit_plan_event_has_reason"),
        UniqueConstraint("rollout", "plan", "action_id", name="audit_plan_event_once"),
        Index("audit_plan_event_by_plan", "rollout", "plan", "id"),
    )

    id: int | None = serial_column()
    rollout: str = text_column()
    plan: str = text_column()
    kind: str = text_column()
    person: str = text_column()
    reason: str = text_column()
    action_id: str = text_column()
    at: datetime = instant_column()


class AuditRun(SQLModel, table=True):
    """What became of a window, once and for ever: opened, drawn, or missed and reported."""

    __tablename__ = "audit_run"
    __table_args__ = (
        ForeignKeyConstraint(
            ["rollout", "plan", "version"],
            ["audit_plan.rollout", "audit_plan.name", "audit_plan.version"],
            name="audit_run_of_plan",
        ),
        CheckConstraint("state IN ('开展', '抽取', '漏检')", name="audit_run_state"),
        CheckConstraint(
            "(state = '开展') = (workflow_id <> '')", name="audit_run_opened_has_workflow"
        ),
        CheckConstraint(
            "state <> '漏检' OR length(sentence) > 0", name="audit_run_missed_says_why"
        ),
    )

    rollout: str = text_column(key=True)
    plan: str = text_column(key=True)
    label: str = text_column(key=True)
    version: int = number_column()
    planned_at: datetime = instant_column()
    state: str = text_column()
    late: bool
    sentence: str = text_column()
    workflow_id: str = text_column()
    at: datetime = instant_column()


class AuditRunNote(SQLModel, table=True):
    """What happened on the way; ``label`` empty: to the arrangement's Schedule."""

    __tablename__ = "audit_run_note"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('待公开数', '未到访', '故障', '日程', '到期公布', '异常中止', '恢复办理',"
            " '终止')",
            name="audit_run_note_kind",
        ),
        CheckConstraint("length(sentence) > 0", name="audit_run_note_says_something"),
        Index(
            "audit_run_noted_once",
            "rollout",
            "plan",
            "label",
            "kind",
            unique=True,
            postgresql_where=text("kind IN ('待公开数', '未到访')"),
        ),
        Index("audit_run_note_by_plan", "rollout", "plan", "id"),
    )

    id: int | None = serial_column()
    rollout: str = text_column()
    plan: str = text_column()
    label: str = text_column()
    kind: str = text_column()
    sentence: str = text_column()
    at: datetime = instant_column()

"""The tables of the reconcile: its runs, by night or by order, and what each has found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from storage.columns import big_column, instant_column, json_column, serial_column, text_column


class ReconcileRun(SQLModel, table=True):
    """One run; ``stage`` and ``cursor`` say how far it has come, so that another goes on with it."""

    __tablename__ = "reconcile_run"
    __table_args__ = (
        CheckConstraint("ended_at >= started_at", name="reconcile_ends_after_start"),
        Index(
            "reconcile_night_once",
            "night",
            unique=True,
            postgresql_where=text("night IS NOT NULL"),
        ),
        Index("reconcile_run_by_start", "started_at"),
    )

    key: str = text_column(key=True)
    night: date | None
    rollout: str = text_column()
    only_check: bool
    person: str = text_column()
    stage: str = text_column()
    cursor: str = text_column()
    counts: dict[str, Any] = json_column()
    started_at: datetime = instant_column()
    ended_at: datetime | None = instant_column(nullable=True)


class ReconcileFinding(SQLModel, table=True):
    """What a run found of one workflow, and what was done about it; ``done`` empty for nothing."""

    __tablename__ = "reconcile_finding"
    __table_args__ = (
        ForeignKeyConstraint(["run"], ["reconcile_run.key"], name="reconcile_finding_of_run"),
        UniqueConstraint(
            "run", "kind", "workflow_id", "seq", "found", name="reconcile_finding_once"
        ),
        CheckConstraint(
            "kind IN ('终止', '失联', '幽灵行', '漏报', '日志不符', '读模型不符')",
            name="reconcile_finding_kind",
        ),
        CheckConstraint("seq >= 0", name="reconcile_finding_seq_not_negative"),
        CheckConstraint(
            "(length(person) = 0) = (length(paper) = 0)", name="reconcile_restart_has_paper"
        ),
        Index("reconcile_finding_by_workflow", "workflow_id"),
    )

    id: int | None = serial_column()
    run: str = text_column()
    kind: str = text_column()
    workflow_id: str = text_column()
    seq: int = big_column()
    found: str = text_column()
    done: str = text_column()
    person: str = text_column()
    paper: str = text_column()
    at: datetime = instant_column()

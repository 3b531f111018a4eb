"""Runs of the reconcile, and what each has found between procedures and what is written of them."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"

STATEMENTS = (
    """
    CREATE TABLE reconcile_run (
        key text PRIMARY KEY,
        night date,
        rollout text NOT NULL,
        only_check boolean NOT NULL,
        person text NOT NULL,
        stage text NOT NULL,
        cursor text NOT NULL,
        counts jsonb NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT reconcile_ends_after_start CHECK (ended_at >= started_at)
    )
    """,
    """
    CREATE UNIQUE INDEX reconcile_night_once ON reconcile_run (night) WHERE night IS NOT NULL
    """,
    "CREATE INDEX reconcile_run_by_start ON reconcile_run (started_at)",
    """
    CREATE TABLE reconcile_finding (
        id bigserial PRIMARY KEY,
        run text NOT NULL,
        kind text NOT NULL,
        workflow_id text NOT NULL,
        seq bigint NOT NULL,
        found text NOT NULL,
        done text NOT NULL,
        person text NOT NULL,
        paper text NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT reconcile_finding_of_run FOREIGN KEY (run) REFERENCES reconcile_run (key),
        CONSTRAINT reconcile_finding_once UNIQUE (run, kind, workflow_id, seq, found),
        CONSTRAINT reconcile_finding_kind CHECK
            (kind IN ('终止', '失联', '幽灵行', '漏报', '日志不符', '读模型不符')),
        CONSTRAINT reconcile_finding_seq_not_negative CHECK (seq >= 0),
        CONSTRAINT reconcile_restart_has_paper CHECK
            ((length(person) = 0) = (length(paper) = 0))
    )
    """,
    "CREATE INDEX reconcile_finding_by_workflow ON reconcile_finding (workflow_id)",
)


def upgrade() -> None:
    """Make both tables."""
    for statement in STATEMENTS:
        op.execute(statement)

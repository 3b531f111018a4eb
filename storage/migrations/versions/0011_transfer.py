"""Transfer batches: which procedure works on which roster, objections, and what was decided.

Where a person is stands on the roster (migration 0010) and in the ledger (0009). One procedure works
on a roster at a time; a decision of a person is written once, under its action id.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = (
    """
    CREATE TABLE transfer_batch (
        workflow_id text NOT NULL,
        number text NOT NULL,
        rollout text NOT NULL,
        unit text NOT NULL,
        version integer NOT NULL,
        stage text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (workflow_id, number),
        CONSTRAINT transfer_batch_of_lock FOREIGN KEY (rollout) REFERENCES census_lock (rollout),
        CONSTRAINT transfer_batch_stage_known
            CHECK (stage IN ('编制', '已请示', '已批复', '办结', '撤销'))
    )
    """,
    """
    CREATE UNIQUE INDEX transfer_batch_once ON transfer_batch (rollout, number)
    WHERE stage <> '撤销'
    """,
    """
    CREATE TABLE transfer_objection (
        workflow_id text NOT NULL,
        number text NOT NULL,
        staff text NOT NULL,
        nth integer NOT NULL,
        stage text NOT NULL,
        outcome text NOT NULL,
        PRIMARY KEY (workflow_id, number, staff, nth),
        CONSTRAINT transfer_objection_of_batch FOREIGN KEY (workflow_id, number)
            REFERENCES transfer_batch (workflow_id, number),
        CONSTRAINT transfer_objection_stage_known
            CHECK (stage IN ('异议', '谈话', '维持', '调整', '暂缓', '答复')),
        CONSTRAINT transfer_objection_counts_from_one CHECK (nth >= 1)
    )
    """,
    # One objection of a person at a time.
    """
    CREATE UNIQUE INDEX transfer_objection_open ON transfer_objection (workflow_id, number, staff)
    WHERE stage <> '答复'
    """,
    """
    CREATE TABLE transfer_decision (
        workflow_id text NOT NULL,
        action_id text NOT NULL,
        number text NOT NULL,
        kind text NOT NULL,
        staff text[] NOT NULL,
        person text NOT NULL,
        note text NOT NULL,
        evidence jsonb NOT NULL,
        to_unit text NOT NULL,
        day date NOT NULL,
        at timestamptz NOT NULL,
        sentence text NOT NULL,
        PRIMARY KEY (workflow_id, action_id),
        CONSTRAINT transfer_decision_of_batch FOREIGN KEY (workflow_id, number)
            REFERENCES transfer_batch (workflow_id, number),
        CONSTRAINT transfer_decision_of_somebody CHECK (cardinality(staff) > 0),
        CONSTRAINT transfer_decision_named CHECK (length(person) > 0 AND length(kind) > 0)
    )
    """,
    """
    CREATE FUNCTION transfer_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER transfer_decision_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer_decision
    FOR EACH STATEMENT EXECUTE FUNCTION transfer_append_only()
    """,
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)

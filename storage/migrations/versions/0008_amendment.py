"""Amendments: which version of a plan came by which paper, and what it meant for what ran."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    """
    CREATE TABLE plan_amendment (
        plan_id integer NOT NULL,
        version integer NOT NULL,
        rollout text NOT NULL,
        paper text NOT NULL,
        issuer text NOT NULL,
        person text NOT NULL,
        at timestamptz NOT NULL,
        redo text[] NOT NULL,
        stop text[] NOT NULL,
        counts jsonb NOT NULL,
        fates jsonb NOT NULL,
        PRIMARY KEY (plan_id, version),
        CONSTRAINT amendment_of_version FOREIGN KEY (plan_id, version)
            REFERENCES plan_version (plan_id, version),
        CONSTRAINT amendment_is_a_later_version CHECK (version >= 2),
        CONSTRAINT amendment_has_paper CHECK (length(paper) > 0 AND length(person) > 0)
    )
    """,
    # An amendment is evidence like the log: what was decided by a paper is not rewritten.
    """
    CREATE FUNCTION plan_amendment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'plan_amendment is append-only' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER plan_amendment_kept BEFORE UPDATE OR DELETE ON plan_amendment
    FOR EACH ROW EXECUTE FUNCTION plan_amendment_guard()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)

"""擅自转嫁: what streets say was handed down outside this software, and what is answered (4-35)."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"

TABLES = (
    """
    CREATE TABLE case_complaint (
        rollout text NOT NULL,
        number integer NOT NULL,
        action_id text NOT NULL,
        street text NOT NULL,
        department text NOT NULL,
        happened_on date NOT NULL,
        content text NOT NULL,
        list_name text NOT NULL,
        list_version integer NOT NULL,
        item text NOT NULL,
        item_name text NOT NULL,
        paper text NOT NULL,
        person text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (rollout, number),
        CONSTRAINT case_complaint_once UNIQUE (action_id),
        CONSTRAINT case_complaint_counts_from_one CHECK (number >= 1),
        CONSTRAINT case_complaint_says_something CHECK
            (length(content) > 0 OR length(item) > 0),
        CONSTRAINT case_complaint_has_sides CHECK
            (length(street) > 0 AND length(department) > 0)
    )
    """,
    "CREATE INDEX case_complaint_by_day ON case_complaint (rollout, happened_on)",
    """
    CREATE TABLE case_complaint_reply (
        rollout text NOT NULL,
        number integer NOT NULL,
        place integer NOT NULL,
        action_id text NOT NULL,
        finding text NOT NULL,
        note text NOT NULL,
        paper text NOT NULL,
        person text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (rollout, number, place),
        CONSTRAINT case_complaint_reply_of FOREIGN KEY (rollout, number)
            REFERENCES case_complaint (rollout, number),
        CONSTRAINT case_complaint_reply_once UNIQUE (action_id),
        CONSTRAINT case_complaint_reply_says_something CHECK
            (length(note) > 0 AND length(paper) > 0),
        CONSTRAINT case_complaint_reply_finding CHECK (finding IN ('', '属实', '不属实'))
    )
    """,
)

GUARDS = (
    """
    CREATE FUNCTION case_complaint_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a complaint and its answers are written once, never changed'
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER case_complaint_stays BEFORE UPDATE OR DELETE ON case_complaint
    FOR EACH STATEMENT EXECUTE FUNCTION case_complaint_stays()
    """,
    """
    CREATE TRIGGER case_complaint_reply_stays BEFORE UPDATE OR DELETE ON case_complaint_reply
    FOR EACH STATEMENT EXECUTE FUNCTION case_complaint_stays()
    """,
)


def upgrade() -> None:
    """Make the tables, then guard what is said once."""
    for statement in (*TABLES, *GUARDS):
        op.execute(statement)

"""Concrete issues that meetings settled, and what became of them (3-22)."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"

TABLES = (
    """
    CREATE TABLE meeting_issue (
        rollout text NOT NULL,
        number integer NOT NULL,
        doc_no text NOT NULL,
        text text NOT NULL,
        decision text NOT NULL,
        owner text NOT NULL,
        due date,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, number),
        CONSTRAINT meeting_issue_of_meeting FOREIGN KEY (rollout, doc_no)
            REFERENCES meeting (rollout, doc_no),
        CONSTRAINT meeting_issue_once UNIQUE (rollout, action_id),
        CONSTRAINT meeting_issue_says_what CHECK
            (length(text) > 0 AND length(decision) > 0 AND length(owner) > 0)
    )
    """,
    """
    CREATE TABLE meeting_issue_move (
        rollout text NOT NULL,
        number integer NOT NULL,
        place integer NOT NULL,
        state text NOT NULL,
        happened_on date NOT NULL,
        note text NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, number, place),
        CONSTRAINT meeting_move_of_issue FOREIGN KEY (rollout, number)
            REFERENCES meeting_issue (rollout, number),
        CONSTRAINT meeting_issue_moved_once UNIQUE (rollout, action_id),
        CONSTRAINT meeting_issue_state CHECK
            (state = CASE place % 2 WHEN 1 THEN '已解决' ELSE '办理中' END),
        CONSTRAINT meeting_issue_says_how CHECK (length(note) > 0)
    )
    """,
)


def upgrade() -> None:
    """Make the tables, then keep what they say."""
    for statement in TABLES:
        op.execute(statement)
    for name in ("meeting_issue", "meeting_issue_move"):
        op.execute(
            f"CREATE TRIGGER {name}_kept BEFORE UPDATE OR DELETE ON {name}"
            " FOR EACH ROW EXECUTE FUNCTION meeting_guard()"
        )

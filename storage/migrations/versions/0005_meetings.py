"""The ledger of meetings: what was decided, who was there; never changed once recorded."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = (
    """
    CREATE TABLE meeting (
        rollout text NOT NULL,
        doc_no text NOT NULL,
        kind text NOT NULL,
        held_on date NOT NULL,
        organ text NOT NULL,
        district text NOT NULL,
        chair text NOT NULL,
        agenda text NOT NULL,
        filename text NOT NULL,
        sha256 text NOT NULL,
        size bigint NOT NULL,
        content_hash text NOT NULL,
        recorded_at timestamptz NOT NULL,
        recorded_by text NOT NULL,
        PRIMARY KEY (rollout, doc_no),
        CONSTRAINT meeting_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT meeting_has_number CHECK (length(doc_no) > 0),
        CONSTRAINT meeting_size_not_negative CHECK (size >= 0)
    )
    """,
    "CREATE INDEX meeting_by_number ON meeting (doc_no)",
    """
    CREATE TABLE meeting_item (
        rollout text NOT NULL,
        doc_no text NOT NULL,
        item text NOT NULL,
        decision text NOT NULL,
        note text NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, doc_no, item),
        CONSTRAINT meeting_item_of_meeting FOREIGN KEY (rollout, doc_no)
            REFERENCES meeting (rollout, doc_no),
        CONSTRAINT meeting_item_lands_once UNIQUE (action_id)
    )
    """,
    """
    CREATE TABLE meeting_attendance (
        rollout text NOT NULL,
        doc_no text NOT NULL,
        person text NOT NULL,
        unit text NOT NULL,
        category text NOT NULL,
        presence text NOT NULL,
        reason text NOT NULL,
        PRIMARY KEY (rollout, doc_no, person, unit),
        CONSTRAINT meeting_attendance_of_meeting FOREIGN KEY (rollout, doc_no)
            REFERENCES meeting (rollout, doc_no),
        CONSTRAINT meeting_leave_has_reason CHECK (presence <> '请假' OR length(reason) > 0)
    )
    """,
)

GUARD = """
CREATE FUNCTION meeting_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    for statement in (*TABLES, GUARD):
        op.execute(statement)
    for name in ("meeting", "meeting_item", "meeting_attendance"):
        op.execute(
            f"CREATE TRIGGER {name}_kept BEFORE UPDATE OR DELETE ON {name}"
            " FOR EACH ROW EXECUTE FUNCTION meeting_guard()"
        )

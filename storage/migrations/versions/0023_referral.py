"""Problems handed to the 区纪委监委, and what came of it (0-14)."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"

TABLE = """
    CREATE TABLE audit_referral (
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        number integer NOT NULL,
        place integer NOT NULL,
        kind text NOT NULL,
        happened_on date NOT NULL,
        paper text NOT NULL,
        outcome text NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, plan, label, number, place),
        CONSTRAINT audit_referral_of_problem FOREIGN KEY (rollout, plan, label, number)
            REFERENCES audit_problem (rollout, plan, label, number),
        CONSTRAINT audit_referral_once UNIQUE (rollout, action_id),
        CONSTRAINT audit_referral_kind CHECK
            (kind IN ('移送', '结果') AND (kind = '移送') = (place = 1)),
        CONSTRAINT audit_referral_says_what CHECK
            (CASE kind WHEN '移送' THEN length(paper) > 0 ELSE length(outcome) > 0 END)
    )
    """

GUARD = """
    CREATE TRIGGER audit_referral_stays BEFORE UPDATE OR DELETE ON audit_referral
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()
    """


def upgrade() -> None:
    """Make the table, then guard what is said once."""
    for statement in (TABLE, GUARD):
        op.execute(statement)

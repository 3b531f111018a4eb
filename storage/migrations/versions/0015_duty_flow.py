"""Legality verdicts, the seal on a draft under review, and applications to change a list (F29, F31)."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = (
    """
    CREATE TABLE duty_verdict (
        rollout text NOT NULL,
        list text NOT NULL,
        number text NOT NULL,
        item_hash text NOT NULL,
        is_lawful boolean NOT NULL,
        reason text NOT NULL,
        unit text NOT NULL,
        person text NOT NULL,
        judged_at timestamptz NOT NULL,
        PRIMARY KEY (rollout, list, number, judged_at),
        CONSTRAINT duty_unlawful_has_reason CHECK (is_lawful OR length(reason) > 0)
    )
    """,
    """
    CREATE TABLE duty_seal (
        rollout text NOT NULL,
        list text NOT NULL,
        content_hash text NOT NULL,
        workflow_id text NOT NULL,
        sealed_at timestamptz NOT NULL,
        PRIMARY KEY (rollout, list)
    )
    """,
    """
    CREATE TABLE duty_application (
        rollout text NOT NULL,
        list text NOT NULL,
        number integer NOT NULL,
        workflow_id text NOT NULL,
        applicant text NOT NULL,
        state text NOT NULL,
        version integer NOT NULL,
        opened_at timestamptz NOT NULL,
        opened_by text NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, list, number),
        CONSTRAINT duty_application_workflow UNIQUE (workflow_id),
        CONSTRAINT duty_application_once UNIQUE (action_id),
        CONSTRAINT duty_application_state CHECK
            (state IN ('申请', '审核中', '已实施', '终止')),
        CONSTRAINT duty_application_made_version CHECK ((state = '已实施') = (version > 0))
    )
    """,
    """
    CREATE TABLE duty_application_text (
        rollout text NOT NULL,
        list text NOT NULL,
        number integer NOT NULL,
        revision integer NOT NULL,
        kind text NOT NULL,
        item text NOT NULL,
        subject text NOT NULL,
        content text NOT NULL,
        basis text NOT NULL,
        reason text NOT NULL,
        base_version integer NOT NULL,
        base_hash text NOT NULL,
        fields jsonb,
        paper text NOT NULL,
        written_at timestamptz NOT NULL,
        written_by text NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, list, number, revision),
        CONSTRAINT duty_text_of_application FOREIGN KEY (rollout, list, number)
            REFERENCES duty_application (rollout, list, number),
        CONSTRAINT duty_text_once UNIQUE (action_id),
        CONSTRAINT duty_text_kind CHECK (kind IN ('增加', '减少', '内容调整')),
        CONSTRAINT duty_text_four_fields CHECK (length(subject) > 0 AND length(content) > 0
            AND length(basis) > 0 AND length(reason) > 0),
        CONSTRAINT duty_text_has_item CHECK ((kind = '减少') = (fields IS NULL))
    )
    """,
)

# What the four units review is what they issue: while it is sealed, a draft cannot be replaced.
GUARD = (
    """
    CREATE FUNCTION duty_seal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM duty_seal s WHERE (s.rollout, s.list) = (OLD.rollout, OLD.name))
            AND (TG_OP = 'DELETE' OR NEW.content_hash <> OLD.content_hash) THEN
            RAISE EXCEPTION '清单“%”正在审核印发，草案不能再改；须改时请审核单位退回初稿', OLD.name
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN coalesce(NEW, OLD);
    END $$
    """,
    """
    CREATE TRIGGER duty_list_sealed BEFORE UPDATE OR DELETE ON duty_list
    FOR EACH ROW WHEN (OLD.status = '草案') EXECUTE FUNCTION duty_seal_guard()
    """,
    """
    CREATE FUNCTION duty_text_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'an application and a verdict are written once, never changed'
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER duty_application_text_stays BEFORE UPDATE OR DELETE ON duty_application_text
    FOR EACH STATEMENT EXECUTE FUNCTION duty_text_stays()
    """,
    """
    CREATE TRIGGER duty_verdict_stays BEFORE UPDATE OR DELETE ON duty_verdict
    FOR EACH STATEMENT EXECUTE FUNCTION duty_text_stays()
    """,
)


def upgrade() -> None:
    """Make the tables, then guard what is said once."""
    for statement in (*TABLES, *GUARD):
        op.execute(statement)

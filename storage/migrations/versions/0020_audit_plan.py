"""Arrangements of audits: their versions, what stopped them, and what became of each window."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

TABLES = (
    """
    CREATE TABLE audit_plan (
        rollout text NOT NULL,
        name text NOT NULL,
        version integer NOT NULL,
        kind text NOT NULL,
        document jsonb NOT NULL,
        content_hash text NOT NULL,
        since date NOT NULL,
        arranged_at timestamptz NOT NULL,
        arranged_by text NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, name, version),
        CONSTRAINT audit_plan_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT audit_plan_counts_from_one CHECK (version >= 1),
        CONSTRAINT audit_plan_named CHECK
            (length(name) > 0 AND name <> '日程' AND name !~ '[/#]' AND length(arranged_by) > 0),
        CONSTRAINT audit_plan_kind CHECK (kind IN ('检查评估', '年度督查', '编制纪律检查',
            '专项督查调研', '随机抽查', '联席会议', '推进会', '年度事项'))
    )
    """,
    """
    CREATE TABLE audit_plan_event (
        id bigserial PRIMARY KEY,
        rollout text NOT NULL,
        plan text NOT NULL,
        kind text NOT NULL,
        person text NOT NULL,
        reason text NOT NULL,
        action_id text NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT audit_plan_event_kind CHECK (kind IN ('暂停', '恢复', '故障', '终止')),
        CONSTRAINT audit_plan_event_has_reason CHECK (length(reason) > 0),
        CONSTRAINT audit_plan_event_once UNIQUE (rollout, plan, action_id)
    )
    """,
    "CREATE INDEX audit_plan_event_by_plan ON audit_plan_event (rollout, plan, id)",
    """
    CREATE TABLE audit_run (
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        version integer NOT NULL,
        planned_at timestamptz NOT NULL,
        state text NOT NULL,
        late boolean NOT NULL,
        sentence text NOT NULL,
        workflow_id text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (rollout, plan, label),
        CONSTRAINT audit_run_of_plan FOREIGN KEY (rollout, plan, version)
            REFERENCES audit_plan (rollout, name, version),
        CONSTRAINT audit_run_state CHECK (state IN ('开展', '抽取', '漏检')),
        CONSTRAINT audit_run_opened_has_workflow CHECK ((state = '开展') = (workflow_id <> '')),
        CONSTRAINT audit_run_missed_says_why CHECK (state <> '漏检' OR length(sentence) > 0)
    )
    """,
    """
    CREATE TABLE audit_run_note (
        id bigserial PRIMARY KEY,
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        kind text NOT NULL,
        sentence text NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT audit_run_note_kind CHECK (kind IN ('待公开数', '未到访', '故障', '日程',
            '到期公布', '异常中止', '恢复办理', '终止')),
        CONSTRAINT audit_run_note_says_something CHECK (length(sentence) > 0)
    )
    """,
    """
    CREATE UNIQUE INDEX audit_run_noted_once ON audit_run_note (rollout, plan, label, kind)
    WHERE kind IN ('待公开数', '未到访')
    """,
    "CREATE INDEX audit_run_note_by_plan ON audit_run_note (rollout, plan, id)",
)

GUARDS = (
    """
    CREATE FUNCTION audit_plan_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'arrangements and what became of their windows are written once'
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION audit_plan_stays()
        """
        for table in ("audit_plan", "audit_plan_event", "audit_run", "audit_run_note")
    ),
    """
    CREATE FUNCTION audit_plan_follows() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE former audit_plan;
    BEGIN
        SELECT * INTO former FROM audit_plan
        WHERE rollout = NEW.rollout AND name = NEW.name ORDER BY version DESC LIMIT 1;
        IF NEW.version <> coalesce(former.version, 0) + 1 THEN
            RAISE EXCEPTION 'version % of an arrangement does not follow', NEW.version
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF former.version IS NOT NULL AND former.kind <> NEW.kind THEN
            RAISE EXCEPTION 'an arrangement keeps its kind' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_plan_follows BEFORE INSERT ON audit_plan
    FOR EACH ROW EXECUTE FUNCTION audit_plan_follows()
    """,
)


def upgrade() -> None:
    """Make the tables, then guard what is written once."""
    for statement in (*TABLES, *GUARDS):
        op.execute(statement)

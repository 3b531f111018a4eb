"""Audits: what was opened, visited, found and concluded; and the text of the 四个严禁 (F39, F40)."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"

TABLES = (
    """
    CREATE TABLE audit (
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        kind text NOT NULL,
        workflow_id text NOT NULL,
        arrangement jsonb NOT NULL,
        organiser text NOT NULL,
        covers text[] NOT NULL,
        opened_at timestamptz NOT NULL,
        late boolean NOT NULL,
        approval text NOT NULL,
        approved_at timestamptz,
        ended_at timestamptz,
        ending text NOT NULL,
        PRIMARY KEY (rollout, plan, label),
        CONSTRAINT audit_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT audit_workflow UNIQUE (workflow_id),
        CONSTRAINT audit_sample_is_not_told CHECK (kind <> '随机抽查' OR covers = '{}'),
        CONSTRAINT audit_ending CHECK
            ((ended_at IS NULL) = (ending = '') AND ending IN ('', '办结', '终止'))
    )
    """,
    """
    CREATE TABLE audit_visit (
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        number integer NOT NULL,
        unit text NOT NULL,
        visited_on date NOT NULL,
        methods text[] NOT NULL,
        team text NOT NULL,
        result text NOT NULL,
        opinions text NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, plan, label, number),
        CONSTRAINT audit_visit_of_audit FOREIGN KEY (rollout, plan, label)
            REFERENCES audit (rollout, plan, label),
        CONSTRAINT audit_visit_once UNIQUE (rollout, action_id),
        CONSTRAINT audit_visit_methods CHECK
            (methods <@ ARRAY['集中汇报', '查阅资料', '集中座谈', '实地查看'])
    )
    """,
    """
    CREATE TABLE audit_problem (
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        number integer NOT NULL,
        unit text NOT NULL,
        sentence text NOT NULL,
        rule text NOT NULL,
        discipline text NOT NULL,
        advice text NOT NULL,
        found_by text NOT NULL,
        workflow_id text NOT NULL,
        source text NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        state text NOT NULL,
        due date,
        PRIMARY KEY (rollout, plan, label, number),
        CONSTRAINT audit_problem_of_audit FOREIGN KEY (rollout, plan, label)
            REFERENCES audit (rollout, plan, label),
        CONSTRAINT audit_problem_once UNIQUE (rollout, plan, label, source),
        CONSTRAINT audit_problem_says_something CHECK
            (length(unit) > 0 AND length(sentence) > 0 AND length(rule) > 0),
        CONSTRAINT audit_problem_state CHECK
            (state IN ('待整改', '已整改', '已销号', '现场解决')),
        CONSTRAINT audit_problem_discipline CHECK (discipline IN
            ('', '政治纪律', '组织纪律', '机构编制纪律', '干部人事纪律', '财经纪律', '保密纪律'))
    )
    """,
    """
    CREATE TABLE audit_problem_move (
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        number integer NOT NULL,
        place integer NOT NULL,
        state text NOT NULL,
        person text NOT NULL,
        note text NOT NULL,
        moved_at timestamptz NOT NULL,
        PRIMARY KEY (rollout, plan, label, number, place),
        CONSTRAINT audit_move_of_problem FOREIGN KEY (rollout, plan, label, number)
            REFERENCES audit_problem (rollout, plan, label, number),
        CONSTRAINT audit_move_state CHECK
            (state IN ('待整改', '已整改', '已销号', '现场解决')),
        CONSTRAINT audit_move_by_somebody CHECK (length(person) > 0),
        CONSTRAINT audit_settled_says_how CHECK (state <> '现场解决' OR length(note) > 0)
    )
    """,
    """
    CREATE TABLE audit_conclusion (
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        item text NOT NULL,
        place integer NOT NULL,
        text text NOT NULL,
        is_good boolean NOT NULL,
        note text NOT NULL,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, plan, label, item, place),
        CONSTRAINT audit_conclusion_of_audit FOREIGN KEY (rollout, plan, label)
            REFERENCES audit (rollout, plan, label),
        CONSTRAINT audit_conclusion_once UNIQUE (rollout, action_id, item),
        CONSTRAINT audit_bad_says_why CHECK (is_good OR length(note) > 0)
    )
    """,
    """
    CREATE TABLE discipline_text (
        rollout text NOT NULL,
        version integer NOT NULL,
        paper text NOT NULL,
        items text[] NOT NULL,
        loaded_by text NOT NULL,
        loaded_at timestamptz NOT NULL,
        action_id text NOT NULL,
        PRIMARY KEY (rollout, version),
        CONSTRAINT discipline_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT discipline_once UNIQUE (rollout, action_id),
        CONSTRAINT discipline_has_text CHECK (length(paper) > 0 AND cardinality(items) > 0)
    )
    """,
)

# What was opened stays as it was opened; what was seen, found and concluded is written once.
GUARD = (
    """
    CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'what an audit recorded is written once, never changed'
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()
        """
        for table in (
            "audit_visit",
            "audit_problem_move",
            "audit_conclusion",
            "discipline_text",
        )
    ),
    """
    CREATE FUNCTION audit_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL OR (to_jsonb(NEW) - '{approval,approved_at,ended_at,ending}'::text[])
            <> (to_jsonb(OLD) - '{approval,approved_at,ended_at,ending}'::text[]) THEN
            RAISE EXCEPTION 'an audit stays as it was opened, is approved, and ends once'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_ends_once BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_ends_once()
    """,
    """
    CREATE FUNCTION audit_problem_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'state' - 'due')
            <> (to_jsonb(OLD) - 'state' - 'due') THEN
            RAISE EXCEPTION 'the text of a problem is written once, never changed'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN
            (('待整改', '已整改'), ('已整改', '已销号'), ('已整改', '待整改')) THEN
            RAISE EXCEPTION '第%号问题不能由%改为%', OLD.number, OLD.state, NEW.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_problem_moves BEFORE UPDATE OR DELETE ON audit_problem
    FOR EACH ROW EXECUTE FUNCTION audit_problem_moves()
    """,
)


def upgrade() -> None:
    """Make the tables, then guard what is said once."""
    for statement in (*TABLES, *GUARD):
        op.execute(statement)

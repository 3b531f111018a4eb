"""The register of cases (a read model of their pages) and the settings of a district's cases."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = (
    """
    CREATE TABLE case_row (
        workflow_id text PRIMARY KEY,
        seq bigint NOT NULL,
        rollout text NOT NULL,
        district text NOT NULL,
        number text NOT NULL,
        kind text NOT NULL,
        title text NOT NULL,
        street text NOT NULL,
        sender text NOT NULL,
        receiver text NOT NULL,
        trigger_at timestamptz NOT NULL,
        source text NOT NULL,
        urgency text NOT NULL,
        opened_by text NOT NULL,
        action_id text NOT NULL,
        status text NOT NULL,
        list_name text NOT NULL,
        list_version integer NOT NULL,
        item text NOT NULL,
        item_name text NOT NULL,
        code text NOT NULL,
        breach boolean NOT NULL,
        returns integer NOT NULL,
        refusals integer NOT NULL,
        clocks jsonb NOT NULL,
        was_late boolean NOT NULL,
        late_from timestamptz,
        opened_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT case_counts_not_negative CHECK (returns >= 0 AND refusals >= 0)
    )
    """,
    "CREATE INDEX case_row_by_rollout ON case_row (rollout, opened_at)",
    "CREATE INDEX case_row_by_street ON case_row (rollout, street)",
    "CREATE INDEX case_row_by_receiver ON case_row (rollout, receiver)",
    "CREATE INDEX case_row_by_suffix ON case_row (reverse(number) text_pattern_ops)",
    """
    CREATE TABLE case_attempt (
        workflow_id text NOT NULL,
        action_id text NOT NULL,
        rollout text NOT NULL,
        number text NOT NULL,
        kind text NOT NULL,
        sender text NOT NULL,
        street text NOT NULL,
        item text NOT NULL,
        title text NOT NULL,
        person text NOT NULL,
        code text NOT NULL,
        sentence text NOT NULL,
        breach boolean NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (workflow_id, action_id)
    )
    """,
    "CREATE INDEX case_attempt_by_rollout ON case_attempt (rollout, at)",
    """
    CREATE TABLE case_setting (
        rollout text NOT NULL,
        version integer NOT NULL,
        settings jsonb NOT NULL,
        document text NOT NULL,
        content_hash text NOT NULL,
        paper text NOT NULL,
        person text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (rollout, version),
        CONSTRAINT case_setting_counts_from_one CHECK (version >= 1),
        CONSTRAINT case_setting_has_paper CHECK (length(paper) > 0)
    )
    """,
)

# One call per page, beside journal_write: the row of the register, or the attempt that was refused.
WRITE = """
CREATE FUNCTION case_write(page jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c jsonb := page->'case';
    b jsonb := page->'board';
BEGIN
    IF c->>'status' = '未受理' THEN
        INSERT INTO case_attempt (workflow_id, action_id, rollout, number, kind, sender, street,
            item, title, person, code, sentence, breach, at)
        SELECT page->>'workflow_id', c->>'action_id', page->>'rollout', c->>'number', c->>'kind',
            c->>'sender', c->>'street', c->>'item', c->>'title', c->>'opened_by', c->>'code',
            c->>'sentence', (c->>'breach')::boolean, (c->>'opened_at')::timestamptz
        ON CONFLICT (workflow_id, action_id) DO NOTHING;
    END IF;
    INSERT INTO case_row (workflow_id, seq, rollout, district, number, kind, title, street, sender,
        receiver, trigger_at, source, urgency, opened_by, action_id, status, list_name,
        list_version, item, item_name, code, breach, returns, refusals, clocks, was_late,
        late_from, opened_at, ended_at)
    SELECT page->>'workflow_id', (page->>'seq')::bigint, page->>'rollout', page->>'district',
        r.number, r.kind, r.title, r.street, r.sender, r.receiver, r.trigger_at, r.source,
        r.urgency, r.opened_by, r.action_id, r.status, r.list_name, r.list_version, r.item,
        r.item_name, r.code, r.breach, r.returns, r.refusals, r.clocks,
        jsonb_path_exists(r.clocks, '$[*].late_by ? (@ != "")'),
        (SELECT min((k->>'due_at')::timestamptz) FROM jsonb_array_elements(r.clocks) k
            WHERE k->>'stopped_at' IS NULL),
        r.opened_at, (b->>'ended_at')::timestamptz
    FROM jsonb_to_record(c) AS r (number text, kind text, title text, street text, sender text,
        receiver text, trigger_at timestamptz, source text, urgency text, opened_by text,
        action_id text, status text, list_name text, list_version integer, item text,
        item_name text, code text, breach boolean, returns integer, refusals integer,
        clocks jsonb, opened_at timestamptz)
    ON CONFLICT (workflow_id) DO UPDATE SET
        seq = excluded.seq, district = excluded.district, kind = excluded.kind,
        title = excluded.title, street = excluded.street, sender = excluded.sender,
        receiver = excluded.receiver, trigger_at = excluded.trigger_at,
        source = excluded.source, urgency = excluded.urgency, opened_by = excluded.opened_by,
        action_id = excluded.action_id, status = excluded.status,
        list_name = excluded.list_name, list_version = excluded.list_version,
        item = excluded.item, item_name = excluded.item_name, code = excluded.code,
        breach = excluded.breach, returns = excluded.returns, refusals = excluded.refusals,
        clocks = excluded.clocks, was_late = excluded.was_late,
        late_from = excluded.late_from, opened_at = excluded.opened_at, ended_at = excluded.ended_at
    -- where journal_write found a ghost, its board is taken from this page whatever it showed
    WHERE case_row.seq <= excluded.seq OR (page->>'heals')::boolean
        OR excluded.seq = (SELECT b.seq FROM board_row b WHERE b.workflow_id = excluded.workflow_id);
END $$
"""


def upgrade() -> None:
    """Make the register and the one function that writes it."""
    for statement in (*TABLES, WRITE):
        op.execute(statement)

"""The action log with its guards, the read models, and the one function that writes them."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    """
    CREATE TABLE log_entry (
        workflow_id text NOT NULL,
        run_id text NOT NULL,
        seq bigint NOT NULL,
        confirmed boolean NOT NULL,
        superseded_by text,
        rollout text NOT NULL,
        at timestamptz NOT NULL,
        kind text NOT NULL,
        sentence text NOT NULL,
        step text NOT NULL,
        person text NOT NULL,
        unit text NOT NULL,
        verb text NOT NULL,
        code text NOT NULL,
        action_id text NOT NULL,
        detail jsonb NOT NULL,
        state jsonb NOT NULL,
        PRIMARY KEY (workflow_id, run_id, seq),
        CONSTRAINT log_seq_counts_from_one CHECK (seq >= 1),
        CONSTRAINT log_kind_named CHECK (length(kind) > 0)
    )
    """,
    "CREATE INDEX log_entry_by_workflow ON log_entry (workflow_id text_pattern_ops, seq)",
    "CREATE INDEX log_entry_provisional ON log_entry (workflow_id) WHERE NOT confirmed",
    """
    CREATE TABLE board_row (
        workflow_id text PRIMARY KEY,
        run_id text NOT NULL,
        seq bigint NOT NULL,
        rollout text NOT NULL,
        district text NOT NULL,
        unit text NOT NULL,
        row_id text NOT NULL,
        item text NOT NULL,
        task text NOT NULL,
        procedure text NOT NULL,
        status text NOT NULL,
        open_steps text[] NOT NULL,
        responsible text[] NOT NULL,
        next_due_at timestamptz,
        row_due_date date,
        row_due_at timestamptz,
        light text NOT NULL,
        provisional boolean NOT NULL,
        overdue_count integer NOT NULL,
        returned_count integer NOT NULL,
        extended_count integer NOT NULL,
        started_at timestamptz,
        ended_at timestamptz,
        calendar_version integer NOT NULL,
        steps_done integer NOT NULL,
        steps_total integer NOT NULL,
        CONSTRAINT board_counts_not_negative CHECK
            (seq >= 0 AND overdue_count >= 0 AND returned_count >= 0 AND extended_count >= 0
             AND steps_done >= 0 AND steps_total >= 0),
        CONSTRAINT board_ends_after_start CHECK (ended_at >= started_at)
    )
    """,
    "CREATE INDEX board_row_by_rollout ON board_row (rollout)",
    "CREATE INDEX board_row_by_suffix ON board_row (reverse(workflow_id) text_pattern_ops)",
    """
    CREATE TABLE desk_item (
        workflow_id text NOT NULL,
        step text NOT NULL,
        unit text NOT NULL,
        purpose text NOT NULL,
        seq bigint NOT NULL,
        opened_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        due_date date NOT NULL,
        original_due_date date NOT NULL,
        provisional boolean NOT NULL,
        rule text NOT NULL,
        yellow_at timestamptz,
        verbs text[] NOT NULL,
        documents text[] NOT NULL,
        waiting_for text NOT NULL,
        urged integer NOT NULL,
        note text NOT NULL,
        due_basis jsonb,
        PRIMARY KEY (workflow_id, step, unit, purpose),
        CONSTRAINT desk_item_of_procedure FOREIGN KEY (workflow_id)
            REFERENCES board_row (workflow_id),
        CONSTRAINT desk_item_urged_not_negative CHECK (urged >= 0)
    )
    """,
    "CREATE INDEX desk_item_by_unit ON desk_item (unit, due_at)",
    "CREATE INDEX desk_item_by_due ON desk_item (due_at)",
    """
    CREATE TABLE notice (
        key text PRIMARY KEY,
        workflow_id text NOT NULL,
        seq bigint NOT NULL,
        rollout text NOT NULL,
        at timestamptz NOT NULL,
        unit text NOT NULL,
        recipient text NOT NULL,
        level text NOT NULL,
        step text NOT NULL,
        text text NOT NULL
    )
    """,
    "CREATE INDEX notice_by_unit ON notice (unit, at)",
    "CREATE INDEX notice_by_workflow ON notice (workflow_id, seq)",
)

GUARDS = (
    """
    CREATE FUNCTION log_entry_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            RAISE EXCEPTION 'log_entry is append-only' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NOT OLD.confirmed THEN
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        END IF;
        IF TG_OP = 'UPDATE' AND OLD.superseded_by IS NULL THEN
            OLD.superseded_by := NEW.superseded_by;
            IF OLD IS NOT DISTINCT FROM NEW THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION 'log_entry %/% is confirmed', OLD.workflow_id, OLD.seq
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER log_entry_confirmed BEFORE UPDATE OR DELETE ON log_entry
    FOR EACH ROW EXECUTE FUNCTION log_entry_guard()
    """,
    """
    CREATE TRIGGER log_entry_kept BEFORE TRUNCATE ON log_entry
    FOR EACH STATEMENT EXECUTE FUNCTION log_entry_guard()
    """,
)

# One statement per page: each round trip costs a procedure's action about half a millisecond.
# What each part is for is told in storage/journal_store.py.
WRITE = """
CREATE FUNCTION journal_write(page jsonb, closing boolean) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    wf text := page->>'workflow_id';
    run text := page->>'run_id';
    page_seq bigint := (page->>'seq')::bigint;
    settled bigint := (page->>'settled')::bigint;
    heals boolean := (page->>'heals')::boolean;
    first_seq bigint;
    last_at timestamptz;
    stored_seq bigint;
    is_overtaken boolean;
    is_ghost boolean;
    is_reset boolean;
    kept bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(wf, 1));
    SELECT coalesce(min(e.seq), page_seq + 1), max(e.at) INTO first_seq, last_at
    FROM jsonb_to_recordset(page->'entries') AS e (seq bigint, at timestamptz);

    -- a late write of a run that another run has taken over from
    SELECT EXISTS (SELECT FROM log_entry l WHERE l.workflow_id = wf AND l.run_id = run
                   AND l.superseded_by IS NOT NULL) INTO is_overtaken;
    IF is_overtaken THEN
        SELECT coalesce(max(l.seq), 0) INTO kept FROM log_entry l
        WHERE l.workflow_id = wf AND l.superseded_by IS NULL;
        RETURN kept;
    END IF;

    -- a provisional row at the same place that says something else was never accepted; nor was
    -- one beyond a page that says it is the last
    SELECT EXISTS (
        SELECT FROM log_entry l
        JOIN jsonb_to_recordset(page->'entries')
            AS e (seq bigint, at timestamptz, kind text, step text, action_id text)
            ON e.seq = l.seq
        WHERE l.workflow_id = wf AND l.run_id = run AND NOT l.confirmed
        AND (l.at, l.kind, l.step, l.action_id)
            IS DISTINCT FROM (e.at, e.kind, e.step, e.action_id))
        OR heals AND EXISTS (SELECT FROM log_entry l WHERE l.workflow_id = wf
            AND l.run_id = run AND NOT l.confirmed AND l.seq > page_seq) INTO is_ghost;
    IF is_ghost THEN
        DELETE FROM log_entry l
        WHERE l.workflow_id = wf AND l.run_id = run AND NOT l.confirmed AND l.seq >= first_seq;
        DELETE FROM notice n WHERE n.workflow_id = wf AND n.seq >= first_seq;
    END IF;

    UPDATE log_entry l SET superseded_by = run
    WHERE l.workflow_id = wf AND l.run_id <> run AND l.seq >= first_seq
    AND l.superseded_by IS NULL AND l.at < last_at
    AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(page->'entries')
            AS e (seq bigint, at timestamptz, kind text, step text, action_id text)
        WHERE (e.seq, e.at, e.kind, e.step, e.action_id)
            = (l.seq, l.at, l.kind, l.step, l.action_id));
    is_reset := FOUND;

    UPDATE log_entry l SET confirmed = true
    WHERE l.workflow_id = wf AND NOT l.confirmed AND l.superseded_by IS NULL
    AND l.seq <= settled;

    INSERT INTO log_entry (workflow_id, run_id, seq, confirmed, superseded_by, rollout, at, kind,
                           sentence, step, person, unit, verb, code, action_id, detail, state)
    SELECT wf, run, e.seq, e.seq <= settled, NULL, page->>'rollout', e.at, e.kind, e.sentence, e.step,
           e.person, e.unit, e.verb, e.code, e.action_id, e.detail, page->'board'
    FROM jsonb_to_recordset(page->'entries')
        AS e (seq bigint, at timestamptz, kind text, sentence text, step text, person text,
              unit text, verb text, code text, action_id text, detail jsonb)
    WHERE NOT EXISTS (
        SELECT FROM log_entry l
        WHERE l.workflow_id = wf AND l.run_id <> run AND l.superseded_by IS NULL
        AND (e.seq, e.at, e.kind, e.step, e.action_id)
            = (l.seq, l.at, l.kind, l.step, l.action_id))
    ON CONFLICT (workflow_id, run_id, seq) DO NOTHING;

    IF closing THEN
        UPDATE log_entry l SET confirmed = true
        WHERE l.workflow_id = wf AND NOT l.confirmed AND l.superseded_by IS NULL
        AND l.seq <= page_seq;
    END IF;

    SELECT b.seq INTO stored_seq FROM board_row b WHERE b.workflow_id = wf;
    IF stored_seq IS NULL OR is_ghost OR is_reset OR page_seq >= stored_seq THEN
        PERFORM journal_show(page, closing);
    END IF;

    INSERT INTO notice (key, workflow_id, seq, rollout, at, unit, recipient, level, step, text)
    SELECT n.key, wf, n.seq, page->>'rollout', n.at, n.unit, n."to", n.level, n.step, n.text
    FROM jsonb_to_recordset(page->'notices') AS n (key text, seq bigint, at timestamptz,
        unit text, "to" text, level text, step text, text text)
    ON CONFLICT (key) DO NOTHING;

    SELECT coalesce(max(l.seq), 0) INTO kept FROM log_entry l
    WHERE l.workflow_id = wf AND l.superseded_by IS NULL;
    RETURN kept;
END $$
"""

SHOW = """
CREATE FUNCTION journal_show(page jsonb, closing boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    wf text := page->>'workflow_id';
    page_seq bigint := (page->>'seq')::bigint;
    items jsonb := CASE WHEN closing THEN '[]'::jsonb ELSE page->'items' END;
BEGIN
    INSERT INTO board_row (workflow_id, run_id, seq, rollout, district, unit, row_id, item, task,
        procedure, status, open_steps, responsible, next_due_at, row_due_date, row_due_at, light,
        provisional, overdue_count, returned_count, extended_count, started_at, ended_at,
        calendar_version, steps_done, steps_total)
    SELECT wf, page->>'run_id', page_seq, page->>'rollout', page->>'district', page->>'unit',
        page->>'row_id', page->>'item', page->>'task', page->>'procedure', b.status,
        b.open_steps, b.responsible, b.next_due_at, b.row_due_date, b.row_due_at, b.light,
        b.provisional, b.overdue_count, b.returned_count, b.extended_count, b.started_at,
        b.ended_at, b.calendar_version, b.steps_done, b.steps_total
    FROM jsonb_to_record(page->'board') AS b (status text, open_steps text[], responsible text[],
        next_due_at timestamptz, row_due_date date, row_due_at timestamptz, light text,
        provisional boolean, overdue_count integer, returned_count integer,
        extended_count integer, started_at timestamptz, ended_at timestamptz,
        calendar_version integer, steps_done integer, steps_total integer)
    ON CONFLICT (workflow_id) DO UPDATE SET
        run_id = excluded.run_id, seq = excluded.seq, status = excluded.status,
        open_steps = excluded.open_steps, responsible = excluded.responsible,
        next_due_at = excluded.next_due_at, row_due_date = excluded.row_due_date,
        row_due_at = excluded.row_due_at, light = excluded.light,
        provisional = excluded.provisional, overdue_count = excluded.overdue_count,
        returned_count = excluded.returned_count, extended_count = excluded.extended_count,
        started_at = excluded.started_at, ended_at = excluded.ended_at,
        calendar_version = excluded.calendar_version, steps_done = excluded.steps_done,
        steps_total = excluded.steps_total;

    DELETE FROM desk_item d WHERE d.workflow_id = wf AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(items) AS i (step text, unit text, purpose text)
        WHERE (i.step, i.unit, i.purpose) = (d.step, d.unit, d.purpose));

    INSERT INTO desk_item (workflow_id, step, unit, purpose, seq, opened_at, due_at, due_date,
        original_due_date, provisional, rule, yellow_at, verbs, documents, waiting_for, urged,
        note, due_basis)
    SELECT wf, i.step, i.unit, i.purpose, page_seq, i.opened_at, i.due_at, i.due_date,
        i.original_due_date, i.provisional, i.rule, i.yellow_at, i.verbs, i.documents,
        i.waiting_for, i.urged, i.note, nullif(i.due_basis, 'null'::jsonb)
    FROM jsonb_to_recordset(items) AS i (step text, unit text, purpose text,
        opened_at timestamptz, due_at timestamptz, due_date date, original_due_date date,
        provisional boolean, rule text, yellow_at timestamptz, verbs text[], documents text[],
        waiting_for text, urged integer, note text, due_basis jsonb)
    ON CONFLICT (workflow_id, step, unit, purpose) DO UPDATE SET
        seq = excluded.seq, opened_at = excluded.opened_at, due_at = excluded.due_at,
        due_date = excluded.due_date, original_due_date = excluded.original_due_date,
        provisional = excluded.provisional, rule = excluded.rule,
        yellow_at = excluded.yellow_at, verbs = excluded.verbs,
        documents = excluded.documents, waiting_for = excluded.waiting_for,
        urged = excluded.urged, note = excluded.note, due_basis = excluded.due_basis;
END $$
"""


def upgrade() -> None:
    for statement in (*TABLES, *GUARDS, SHOW, WRITE):
        op.execute(statement)

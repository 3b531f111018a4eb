"""The board counts opinions recorded for departments that did not answer; an amended task shows."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

COLUMN = """
ALTER TABLE board_row ADD COLUMN silent_count integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT board_silent_not_negative CHECK (silent_count >= 0)
"""

# A default fills the rows that are there, and goes again: nothing is written by default.
BARE = "ALTER TABLE board_row ALTER COLUMN silent_count DROP DEFAULT"

# As in 0002, with the new column.
SHOW = """
CREATE OR REPLACE FUNCTION journal_show(page jsonb, closing boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    wf text := page->>'workflow_id';
    page_seq bigint := (page->>'seq')::bigint;
    items jsonb := CASE WHEN closing THEN '[]'::jsonb ELSE page->'items' END;
BEGIN
    INSERT INTO board_row (workflow_id, run_id, seq, rollout, district, unit, row_id, item, task,
        procedure, status, open_steps, responsible, next_due_at, row_due_date, row_due_at, light,
        provisional, overdue_count, returned_count, extended_count, started_at, ended_at,
        calendar_version, steps_done, steps_total, silent_count)
    SELECT wf, page->>'run_id', page_seq, page->>'rollout', page->>'district', page->>'unit',
        page->>'row_id', page->>'item', page->>'task', page->>'procedure', b.status,
        b.open_steps, b.responsible, b.next_due_at, b.row_due_date, b.row_due_at, b.light,
        b.provisional, b.overdue_count, b.returned_count, b.extended_count, b.started_at,
        b.ended_at, b.calendar_version, b.steps_done, b.steps_total,
        coalesce(b.silent_count, 0)
    FROM jsonb_to_record(page->'board') AS b (status text, open_steps text[], responsible text[],
        next_due_at timestamptz, row_due_date date, row_due_at timestamptz, light text,
        provisional boolean, overdue_count integer, returned_count integer,
        extended_count integer, started_at timestamptz, ended_at timestamptz,
        calendar_version integer, steps_done integer, steps_total integer, silent_count integer)
    ON CONFLICT (workflow_id) DO UPDATE SET
        run_id = excluded.run_id, seq = excluded.seq, status = excluded.status,
        open_steps = excluded.open_steps, responsible = excluded.responsible,
        next_due_at = excluded.next_due_at, row_due_date = excluded.row_due_date,
        row_due_at = excluded.row_due_at, light = excluded.light,
        provisional = excluded.provisional, overdue_count = excluded.overdue_count,
        returned_count = excluded.returned_count, extended_count = excluded.extended_count,
        started_at = excluded.started_at, ended_at = excluded.ended_at,
        calendar_version = excluded.calendar_version, steps_done = excluded.steps_done,
        steps_total = excluded.steps_total, silent_count = excluded.silent_count,
        task = excluded.task;

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
    for statement in (COLUMN, BARE, SHOW):
        op.execute(statement)

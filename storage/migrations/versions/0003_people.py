"""People change: who records for an organ without a desk, absences, the paper of each change."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

# A default fills the rows that are there, and goes again: nothing is written by default.
STATEMENTS = (
    "ALTER TABLE directory_unit ADD COLUMN recorder text NOT NULL DEFAULT ''",
    "ALTER TABLE directory_unit ALTER COLUMN recorder DROP DEFAULT",
    """
    ALTER TABLE directory_unit
    ADD CONSTRAINT directory_unit_recorded_by_another CHECK (recorder <> name)
    """,
    """
    CREATE INDEX directory_unit_by_recorder ON directory_unit (recorder, rollout)
    WHERE recorder <> ''
    """,
    "ALTER TABLE directory_version ADD COLUMN paper text NOT NULL DEFAULT ''",
    "ALTER TABLE directory_version ADD COLUMN content_key text NOT NULL DEFAULT ''",
    "ALTER TABLE directory_version ALTER COLUMN paper DROP DEFAULT",
    "ALTER TABLE directory_version ALTER COLUMN content_key DROP DEFAULT",
    """
    CREATE TABLE absence (
        id serial PRIMARY KEY,
        rollout text NOT NULL,
        person text NOT NULL,
        by_person text NOT NULL,
        from_day date NOT NULL,
        to_day date NOT NULL,
        reason text NOT NULL,
        paper text NOT NULL,
        recorded_at timestamptz NOT NULL,
        recorded_by text NOT NULL,
        ended_at timestamptz,
        ended_by text,
        CONSTRAINT absence_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT absence_days_in_order CHECK (from_day <= to_day),
        CONSTRAINT absence_by_another CHECK (person <> by_person),
        CONSTRAINT absence_has_persons CHECK (length(person) > 0 AND length(by_person) > 0),
        CONSTRAINT absence_end_is_whole CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
        CONSTRAINT absence_ends_after_recording CHECK (ended_at >= recorded_at)
    )
    """,
    "CREATE INDEX absence_by_person ON absence (rollout, person, from_day)",
    # An EXCLUDE constraint over person and days needs the extension btree_gist, which not every
    # server has. The lock makes the second of two writers see what the first has committed.
    """
    CREATE FUNCTION absence_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.ended_at IS NOT NULL THEN
            RETURN NEW;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended(NEW.rollout || '/' || NEW.person, 3));
        IF EXISTS (SELECT FROM absence a
                   WHERE a.rollout = NEW.rollout AND a.person = NEW.person AND a.id <> NEW.id
                   AND a.ended_at IS NULL
                   AND a.from_day <= NEW.to_day AND a.to_day >= NEW.from_day) THEN
            RAISE EXCEPTION 'two absences of % on one day', NEW.person
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'absence_once_a_day';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER absence_once_a_day BEFORE INSERT OR UPDATE ON absence
    FOR EACH ROW EXECUTE FUNCTION absence_guard()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)

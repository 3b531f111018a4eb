"""Draws of 随机抽查: committed before, sealed until the end, written once; who read a sample."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

TABLES = (
    """
    CREATE TABLE audit_draw (
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        prepared_at timestamptz NOT NULL,
        population_size integer NOT NULL,
        population_hash text NOT NULL,
        rule_hash text NOT NULL,
        commitment text NOT NULL,
        secret text NOT NULL,
        reader text NOT NULL,
        public_source text NOT NULL,
        public_number text NOT NULL,
        drawn_at timestamptz,
        letter text NOT NULL,
        published_at timestamptz,
        record text NOT NULL,
        PRIMARY KEY (rollout, plan, label),
        CONSTRAINT audit_draw_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT audit_draw_has_population CHECK (population_size >= 1),
        CONSTRAINT audit_draw_hashes_in_hex CHECK
            (population_hash ~ '^[0-9a-f]{64}$' AND rule_hash ~ '^[0-9a-f]{64}$'
            AND commitment ~ '^[0-9a-f]{64}$'),
        CONSTRAINT audit_draw_is_sealed CHECK (secret LIKE '1.%' AND letter !~ '^[^2]'),
        CONSTRAINT audit_draw_has_reader CHECK (length(reader) > 0),
        CONSTRAINT audit_draw_once_drawn CHECK ((drawn_at IS NULL) = (letter = '')),
        CONSTRAINT audit_draw_number_drawn CHECK
            ((public_number <> '') = (public_source <> '' AND drawn_at IS NOT NULL)),
        CONSTRAINT audit_draw_after_commitment CHECK (drawn_at >= prepared_at),
        CONSTRAINT audit_draw_once_published CHECK ((published_at IS NULL) = (record = '')),
        CONSTRAINT audit_draw_published_after CHECK
            (published_at IS NULL OR (drawn_at IS NOT NULL AND published_at >= drawn_at))
    )
    """,
    """
    CREATE TABLE audit_draw_read (
        id bigserial PRIMARY KEY,
        rollout text NOT NULL,
        plan text NOT NULL,
        label text NOT NULL,
        person text NOT NULL,
        unit text NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT audit_draw_read_of_draw FOREIGN KEY (rollout, plan, label)
            REFERENCES audit_draw (rollout, plan, label),
        CONSTRAINT audit_draw_read_by CHECK (length(person) > 0 AND length(unit) > 0)
    )
    """,
    "CREATE INDEX audit_draw_read_by_draw ON audit_draw_read (rollout, plan, label, at)",
)

GUARDS = (
    """
    CREATE FUNCTION audit_draw_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.rollout, OLD.plan, OLD.label, OLD.prepared_at, OLD.population_size,
            OLD.population_hash, OLD.rule_hash, OLD.commitment, OLD.secret, OLD.reader,
            OLD.public_source)
        IS DISTINCT FROM (NEW.rollout, NEW.plan, NEW.label, NEW.prepared_at, NEW.population_size,
            NEW.population_hash, NEW.rule_hash, NEW.commitment, NEW.secret, NEW.reader,
            NEW.public_source) THEN
            RAISE EXCEPTION 'what a draw was committed to never changes'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.drawn_at IS NOT NULL AND (OLD.drawn_at, OLD.letter, OLD.public_number)
        IS DISTINCT FROM (NEW.drawn_at, NEW.letter, NEW.public_number) THEN
            RAISE EXCEPTION 'a draw is made once' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.published_at IS NOT NULL AND (OLD.published_at, OLD.record)
        IS DISTINCT FROM (NEW.published_at, NEW.record) THEN
            RAISE EXCEPTION 'a draw is published once' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_draw_goes_forward BEFORE UPDATE ON audit_draw
    FOR EACH ROW EXECUTE FUNCTION audit_draw_goes_forward()
    """,
    """
    CREATE FUNCTION audit_draw_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'draws and readings of them are never taken away'
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER audit_draw_stays BEFORE DELETE OR TRUNCATE ON audit_draw
    FOR EACH STATEMENT EXECUTE FUNCTION audit_draw_stays()
    """,
    """
    CREATE TRIGGER audit_draw_read_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_draw_read
    FOR EACH STATEMENT EXECUTE FUNCTION audit_draw_stays()
    """,
)


def upgrade() -> None:
    """Make both tables, then guard them."""
    for statement in (*TABLES, *GUARDS):
        op.execute(statement)

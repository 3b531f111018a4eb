"""Evidence: files by their content in pieces, for what they were stored, and who read them.

A complete file never changes and never goes; a file that is still coming may be thrown away. Size
and sha256 are checked here once more when a file becomes complete, so that no program can keep
something under a fingerprint that is not its own.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = (
    """
    CREATE TABLE evidence_file (
        sha256 text PRIMARY KEY,
        size bigint NOT NULL,
        piece_size integer NOT NULL,
        filename text NOT NULL,
        stored_at timestamptz NOT NULL,
        stored_by text NOT NULL,
        complete boolean NOT NULL,
        CONSTRAINT evidence_sha256_in_hex CHECK (sha256 ~ '^[0-9a-f]{64}$'),
        CONSTRAINT evidence_not_empty CHECK (size >= 1),
        CONSTRAINT evidence_piece_size_bounded CHECK (piece_size BETWEEN 1 AND 409600)
    )
    """,
    "CREATE INDEX evidence_file_coming ON evidence_file (stored_at) WHERE NOT complete",
    """
    CREATE TABLE evidence_piece (
        sha256 text NOT NULL,
        place integer NOT NULL,
        content bytea NOT NULL,
        PRIMARY KEY (sha256, place),
        CONSTRAINT evidence_piece_of_file FOREIGN KEY (sha256)
            REFERENCES evidence_file (sha256) ON DELETE CASCADE,
        CONSTRAINT evidence_piece_counts_from_zero CHECK (place >= 0),
        CONSTRAINT evidence_piece_bounded CHECK (octet_length(content) BETWEEN 1 AND 409600)
    )
    """,
    # What is stored is mostly compressed already; trying again costs time and gains nothing.
    "ALTER TABLE evidence_piece ALTER COLUMN content SET STORAGE EXTERNAL",
    """
    CREATE TABLE evidence_place (
        sha256 text NOT NULL,
        workflow_id text NOT NULL,
        unit text NOT NULL,
        rollout text NOT NULL,
        name text NOT NULL,
        filename text NOT NULL,
        person text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (sha256, workflow_id, unit),
        CONSTRAINT evidence_place_of_file FOREIGN KEY (sha256) REFERENCES evidence_file (sha256),
        CONSTRAINT evidence_place_named CHECK (length(workflow_id) > 0 AND length(unit) > 0)
    )
    """,
    "CREATE INDEX evidence_place_by_workflow ON evidence_place (workflow_id)",
    """
    CREATE TABLE evidence_read (
        sha256 text NOT NULL,
        workflow_id text NOT NULL,
        person text NOT NULL,
        unit text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (sha256, workflow_id, person, unit, at),
        CONSTRAINT evidence_read_of_file FOREIGN KEY (sha256) REFERENCES evidence_file (sha256)
    )
    """,
)

GUARDS = (
    """
    CREATE FUNCTION evidence_file_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        total bigint;
        digest text;
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.complete THEN
                RAISE EXCEPTION 'evidence % has no pieces yet', NEW.sha256
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF OLD.complete THEN
            RAISE EXCEPTION 'evidence % is complete', OLD.sha256
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        IF NEW.complete THEN
            SELECT sum(octet_length(p.content)),
                   encode(sha256(string_agg(p.content, ''::bytea ORDER BY p.place)), 'hex')
            INTO total, digest FROM evidence_piece p WHERE p.sha256 = NEW.sha256;
            IF total IS DISTINCT FROM NEW.size OR digest IS DISTINCT FROM NEW.sha256 THEN
                RAISE EXCEPTION 'the pieces are not evidence %', NEW.sha256
                    USING ERRCODE = 'check_violation';
            END IF;
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION evidence_piece_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        fingerprint text := CASE WHEN TG_OP = 'INSERT' THEN NEW.sha256 ELSE OLD.sha256 END;
    BEGIN
        IF EXISTS (SELECT FROM evidence_file f WHERE f.sha256 = fingerprint AND f.complete) THEN
            RAISE EXCEPTION 'evidence % is complete', fingerprint
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END $$
    """,
    """
    CREATE FUNCTION evidence_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER evidence_file_kept BEFORE INSERT OR UPDATE OR DELETE ON evidence_file
    FOR EACH ROW EXECUTE FUNCTION evidence_file_guard()
    """,
    """
    CREATE TRIGGER evidence_piece_kept BEFORE INSERT OR UPDATE OR DELETE ON evidence_piece
    FOR EACH ROW EXECUTE FUNCTION evidence_piece_guard()
    """,
    """
    CREATE TRIGGER evidence_place_kept BEFORE UPDATE OR DELETE ON evidence_place
    FOR EACH ROW EXECUTE FUNCTION evidence_append_only()
    """,
    """
    CREATE TRIGGER evidence_read_kept BEFORE UPDATE OR DELETE ON evidence_read
    FOR EACH ROW EXECUTE FUNCTION evidence_append_only()
    """,
    *(
        f"""
        CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION evidence_append_only()
        """
        for table in ("evidence_file", "evidence_piece", "evidence_place", "evidence_read")
    ),
)


def upgrade() -> None:
    for statement in (*TABLES, *GUARDS):
        op.execute(statement)

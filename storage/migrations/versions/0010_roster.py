"""Census, lock, the staff register and the rosters of a transfer, with their guards.

Names stand here in the clear, identity numbers sealed; both live nowhere else. What a lock froze
does not change any more, whoever writes; who reads a person unmasked is written down for ever.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = (
    """
    CREATE TABLE census_setting (
        rollout text PRIMARY KEY,
        types text[] NOT NULL,
        at timestamptz NOT NULL,
        person text NOT NULL,
        CONSTRAINT census_setting_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT census_types_named CHECK (cardinality(types) > 0)
    )
    """,
    """
    CREATE TABLE census_import (
        rollout text NOT NULL,
        version integer NOT NULL,
        basis integer NOT NULL,
        content_hash text NOT NULL,
        at timestamptz NOT NULL,
        person text NOT NULL,
        units integer NOT NULL,
        people integer NOT NULL,
        PRIMARY KEY (rollout, version),
        CONSTRAINT census_import_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT census_import_once UNIQUE (rollout, content_hash, basis),
        CONSTRAINT census_import_counts_up CHECK (version >= 1 AND basis = version - 1)
    )
    """,
    """
    CREATE TABLE census (
        rollout text NOT NULL,
        unit text NOT NULL,
        sections jsonb NOT NULL,
        content_hash text NOT NULL,
        version integer NOT NULL,
        PRIMARY KEY (rollout, unit),
        CONSTRAINT census_of_unit FOREIGN KEY (rollout, unit)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT census_of_import FOREIGN KEY (rollout, version)
            REFERENCES census_import (rollout, version)
    )
    """,
    """
    CREATE TABLE census_post (
        rollout text NOT NULL,
        unit text NOT NULL,
        type text NOT NULL,
        approved integer NOT NULL,
        basis text NOT NULL,
        PRIMARY KEY (rollout, unit, type),
        CONSTRAINT census_post_of_census FOREIGN KEY (rollout, unit)
            REFERENCES census (rollout, unit) ON DELETE CASCADE,
        CONSTRAINT census_post_type_named CHECK (length(type) > 0),
        CONSTRAINT census_approved_not_negative CHECK (approved >= 0)
    )
    """,
    """
    CREATE TABLE census_sign (
        rollout text NOT NULL,
        unit text NOT NULL,
        content_hash text NOT NULL,
        paper text NOT NULL,
        person text NOT NULL,
        instead_of text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (rollout, unit, content_hash),
        CONSTRAINT census_sign_of_unit FOREIGN KEY (rollout, unit)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT census_sign_has_paper CHECK (length(paper) > 0 AND length(person) > 0)
    )
    """,
    """
    CREATE TABLE census_lock (
        rollout text PRIMARY KEY,
        version integer NOT NULL,
        paper text NOT NULL,
        person text NOT NULL,
        unit text NOT NULL,
        at timestamptz NOT NULL,
        totals jsonb NOT NULL,
        CONSTRAINT census_lock_of_import FOREIGN KEY (rollout, version)
            REFERENCES census_import (rollout, version),
        CONSTRAINT census_lock_has_paper CHECK (length(paper) > 0 AND length(person) > 0)
    )
    """,
    """
    CREATE TABLE staff (
        rollout text NOT NULL,
        key text NOT NULL,
        name text NOT NULL,
        identity text NOT NULL,
        blind_index text NOT NULL,
        unit text NOT NULL,
        type text NOT NULL,
        leader_type text NOT NULL,
        title text NOT NULL,
        baseline boolean NOT NULL,
        PRIMARY KEY (rollout, key),
        CONSTRAINT staff_once UNIQUE (rollout, blind_index),
        CONSTRAINT staff_of_unit FOREIGN KEY (rollout, unit)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT staff_key_is_a_token CHECK (key ~ '^p-[0-9a-f]{16}$'),
        CONSTRAINT staff_number_is_sealed CHECK (identity !~ '^[0-9]{14}'),
        CONSTRAINT staff_named CHECK (length(name) > 0 AND length(type) > 0)
    )
    """,
    "CREATE INDEX staff_by_unit ON staff (rollout, unit, key)",
    """
    CREATE TABLE staff_read (
        id bigserial PRIMARY KEY,
        rollout text NOT NULL,
        staff text NOT NULL,
        person text NOT NULL,
        unit text NOT NULL,
        reason text NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT staff_read_has_reason CHECK (length(person) > 0 AND length(reason) > 0)
    )
    """,
    "CREATE INDEX staff_read_by_staff ON staff_read (rollout, staff, at)",
    """
    CREATE TABLE sealed_piece (
        upload text NOT NULL,
        place integer NOT NULL,
        rollout text NOT NULL,
        content text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (upload, place),
        CONSTRAINT sealed_piece_bounded CHECK (length(content) BETWEEN 1 AND 409600),
        CONSTRAINT sealed_piece_counts_from_zero CHECK (place >= 0)
    )
    """,
    "CREATE INDEX sealed_piece_by_age ON sealed_piece (at)",
    """
    CREATE TABLE roster (
        rollout text NOT NULL,
        number text NOT NULL,
        version integer NOT NULL,
        units text[] NOT NULL,
        content_hash text NOT NULL,
        status text NOT NULL,
        people integer NOT NULL,
        at timestamptz NOT NULL,
        person text NOT NULL,
        PRIMARY KEY (rollout, number, version),
        CONSTRAINT roster_of_lock FOREIGN KEY (rollout) REFERENCES census_lock (rollout),
        CONSTRAINT roster_version_counts_from_one CHECK (version >= 1),
        CONSTRAINT roster_number_given CHECK (length(number) > 0 AND cardinality(units) > 0),
        CONSTRAINT roster_status_known
            CHECK (status IN ('编制中', '已请示', '已批复', '办结', '撤销', '已替换'))
    )
    """,
    """
    CREATE UNIQUE INDEX roster_current ON roster (rollout, number) WHERE status <> '已替换'
    """,
    """
    CREATE TABLE roster_person (
        rollout text NOT NULL,
        number text NOT NULL,
        version integer NOT NULL,
        staff text NOT NULL,
        from_unit text NOT NULL,
        to_unit text NOT NULL,
        team text NOT NULL,
        type text NOT NULL,
        state text NOT NULL,
        live boolean NOT NULL,
        PRIMARY KEY (rollout, number, version, staff),
        CONSTRAINT roster_person_of_roster FOREIGN KEY (rollout, number, version)
            REFERENCES roster (rollout, number, version),
        CONSTRAINT roster_person_in_register FOREIGN KEY (rollout, staff)
            REFERENCES staff (rollout, key),
        CONSTRAINT roster_person_to_unit FOREIGN KEY (rollout, to_unit)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT roster_person_moves CHECK (from_unit <> to_unit),
        CONSTRAINT roster_person_stated CHECK (length(state) > 0)
    )
    """,
    # Two batches that want the same person: one of them has the person.
    """
    CREATE UNIQUE INDEX roster_person_once ON roster_person (rollout, staff) WHERE live
    """,
)

APPEND_ONLY = ("census_import", "census_sign", "census_lock", "staff_read")

GUARDS = (
    """
    CREATE FUNCTION roster_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION roster_append_only()
        """
        for table in APPEND_ONLY
    ),
    *(
        f"""
        CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION roster_append_only()
        """
        for table in (*APPEND_ONLY, "census", "census_post", "staff", "roster", "roster_person")
    ),
    """
    CREATE FUNCTION census_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        name text := CASE WHEN TG_OP = 'DELETE' THEN OLD.rollout ELSE NEW.rollout END;
    BEGIN
        IF EXISTS (SELECT FROM census_lock l WHERE l.rollout = name) THEN
            RAISE EXCEPTION 'the census of % is locked', name
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'census_is_locked';
        END IF;
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_locked BEFORE INSERT OR UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION census_guard()
        """
        for table in ("census", "census_post", "census_import")
    ),
    # A locked person keeps key, place and number; a name may be put right.
    """
    CREATE FUNCTION staff_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'the census is locked'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'census_is_locked';
        END IF;
        IF (NEW.rollout, NEW.key, NEW.unit, NEW.type, NEW.leader_type, NEW.baseline)
            IS DISTINCT FROM
           (OLD.rollout, OLD.key, OLD.unit, OLD.type, OLD.leader_type, OLD.baseline) THEN
            RAISE EXCEPTION 'the census is locked'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'census_is_locked';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER staff_locked BEFORE UPDATE OR DELETE ON staff
    FOR EACH ROW WHEN (OLD.baseline) EXECUTE FUNCTION staff_guard()
    """,
    # Who is on a roster changes only while it is drawn up.
    """
    CREATE FUNCTION roster_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            RAISE EXCEPTION 'a roster keeps its persons' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NOT EXISTS (
            SELECT FROM roster r WHERE r.status = '编制中'
            AND (r.rollout, r.number, r.version) = (NEW.rollout, NEW.number, NEW.version)) THEN
            RAISE EXCEPTION 'roster % is frozen', NEW.number
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'roster_is_frozen';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER roster_person_kept BEFORE INSERT OR DELETE ON roster_person
    FOR EACH ROW EXECUTE FUNCTION roster_guard()
    """,
    """
    CREATE TRIGGER roster_person_stays BEFORE UPDATE ON roster_person FOR EACH ROW
    WHEN ((NEW.rollout, NEW.number, NEW.version, NEW.staff, NEW.from_unit, NEW.type)
        IS DISTINCT FROM
        (OLD.rollout, OLD.number, OLD.version, OLD.staff, OLD.from_unit, OLD.type))
    EXECUTE FUNCTION roster_guard()
    """,
)


def upgrade() -> None:
    for statement in (*TABLES, *GUARDS):
        op.execute(statement)

"""Lists of duties with their versions, items, claims and trial evaluations (F29–F31)."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = (
    """
    CREATE TABLE duty_list (
        rollout text NOT NULL,
        name text NOT NULL,
        version integer NOT NULL,
        kind text NOT NULL,
        district text NOT NULL,
        street text NOT NULL,
        field_name text NOT NULL,
        declared integer NOT NULL,
        declared_by jsonb NOT NULL,
        content_hash text NOT NULL,
        status text NOT NULL,
        effective_from timestamptz,
        effective_to timestamptz,
        paper text NOT NULL,
        filing_no text NOT NULL,
        workflow_id text NOT NULL,
        drafted_at timestamptz NOT NULL,
        drafted_by text NOT NULL,
        PRIMARY KEY (rollout, name, version),
        CONSTRAINT duty_version_counts_from_one CHECK (version >= 1),
        CONSTRAINT duty_declared_positive CHECK (declared >= 1),
        CONSTRAINT duty_status_named CHECK (status IN ('草案', '有效', '已替代', '已废止')),
        CONSTRAINT duty_period_forward CHECK (effective_to > effective_from),
        CONSTRAINT duty_in_force_has_paper CHECK
            (status = '草案' OR (effective_from IS NOT NULL AND length(paper) > 0)),
        CONSTRAINT duty_replaced_has_end CHECK
            (status NOT IN ('已替代', '已废止') OR effective_to IS NOT NULL)
    )
    """,
    "CREATE UNIQUE INDEX duty_list_one_in_force ON duty_list (rollout, name) WHERE status = '有效'",
    "CREATE UNIQUE INDEX duty_list_one_draft ON duty_list (rollout, name) WHERE status = '草案'",
    "CREATE INDEX duty_list_by_place ON duty_list (rollout, district, street)",
    """
    CREATE TABLE duty_item (
        rollout text NOT NULL,
        list text NOT NULL,
        version integer NOT NULL,
        number text NOT NULL,
        position integer NOT NULL,
        category text NOT NULL,
        name text NOT NULL,
        district_duty text NOT NULL,
        street_duty text NOT NULL,
        basis text NOT NULL,
        primary_text text NOT NULL,
        support_text text NOT NULL,
        primary_side text NOT NULL,
        departments text[] NOT NULL,
        extra jsonb NOT NULL,
        PRIMARY KEY (rollout, list, version, number),
        CONSTRAINT duty_item_of_version FOREIGN KEY (rollout, list, version)
            REFERENCES duty_list (rollout, name, version),
        CONSTRAINT duty_item_one_primary CHECK (primary_side IN ('区级部门', '街道'))
    )
    """,
    """
    CREATE TABLE duty_claim (
        rollout text NOT NULL,
        list text NOT NULL,
        number text NOT NULL,
        street text NOT NULL,
        liaisons text[] NOT NULL,
        team text NOT NULL,
        claimed_at timestamptz NOT NULL,
        claimed_by text NOT NULL,
        ended_at timestamptz,
        PRIMARY KEY (rollout, list, number, street, claimed_at),
        CONSTRAINT duty_claim_names_somebody CHECK (cardinality(liaisons) > 0),
        CONSTRAINT duty_claim_forward CHECK (ended_at >= claimed_at)
    )
    """,
    """
    CREATE UNIQUE INDEX duty_claim_current ON duty_claim (rollout, list, number, street)
    WHERE ended_at IS NULL
    """,
    """
    CREATE TABLE duty_trial (
        rollout text NOT NULL,
        list text NOT NULL,
        street text NOT NULL,
        evaluated_on date NOT NULL,
        methods text[] NOT NULL,
        result text NOT NULL,
        paper text NOT NULL,
        recorded_at timestamptz NOT NULL,
        recorded_by text NOT NULL,
        PRIMARY KEY (rollout, list, street, evaluated_on),
        CONSTRAINT duty_trial_says_something CHECK (length(result) > 0)
    )
    """,
)

# An issued list is never edited (4-48): its items come and go with a draft only, and of its head
# only the end of its period, the filing number and the status move. Items are checked by statement,
# since 17,000 of them may come at once.
GUARD = (
    """
    CREATE FUNCTION duty_item_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        issued text;
    BEGIN
        SELECT l.name || '/' || l.version INTO issued FROM touched t
        JOIN duty_list l ON (l.rollout, l.name, l.version) = (t.rollout, t.list, t.version)
        WHERE l.status <> '草案' LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'duty list % is issued', issued USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER duty_item_added AFTER INSERT ON duty_item
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION duty_item_guard()
    """,
    """
    CREATE TRIGGER duty_item_removed AFTER DELETE ON duty_item
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION duty_item_guard()
    """,
    """
    CREATE FUNCTION duty_item_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'items are written anew with their draft, never changed'
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER duty_item_unchanged BEFORE UPDATE ON duty_item
    FOR EACH STATEMENT EXECUTE FUNCTION duty_item_stays()
    """,
    """
    CREATE FUNCTION duty_list_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR (NEW.rollout, NEW.name, NEW.version, NEW.kind, NEW.district,
            NEW.street, NEW.field_name, NEW.declared, NEW.declared_by, NEW.content_hash,
            NEW.effective_from, NEW.paper) IS DISTINCT FROM (OLD.rollout, OLD.name, OLD.version,
            OLD.kind, OLD.district, OLD.street, OLD.field_name, OLD.declared, OLD.declared_by,
            OLD.content_hash, OLD.effective_from, OLD.paper) OR NEW.status = '草案'
            OR (OLD.status <> '有效' AND (NEW.status, NEW.effective_to)
                IS DISTINCT FROM (OLD.status, OLD.effective_to)) THEN
            RAISE EXCEPTION 'duty list %/% is issued', OLD.name, OLD.version
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER duty_list_issued BEFORE UPDATE OR DELETE ON duty_list
    FOR EACH ROW WHEN (OLD.status <> '草案') EXECUTE FUNCTION duty_list_guard()
    """,
)


def upgrade() -> None:
    """Make the tables, then guard what is issued."""
    for statement in (*TABLES, *GUARD):
        op.execute(statement)

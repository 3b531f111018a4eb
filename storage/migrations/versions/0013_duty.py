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
    "CREATE INDEX duty_item_by_number ON duty_item (rollout, number)",
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
        PRIMARY KEY (rollout, list, street),
        CONSTRAINT duty_trial_says_something CHECK (length(result) > 0)
    )
    """,
)

# An issued list is never edited (4-48): its items only come with a draft.
GUARD = (
    """
    CREATE FUNCTION duty_item_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        found text;
    BEGIN
        SELECT l.status INTO found FROM duty_list l
        WHERE (l.rollout, l.name, l.version) = (coalesce(OLD.rollout, NEW.rollout),
            coalesce(OLD.list, NEW.list), coalesce(OLD.version, NEW.version));
        IF found IS DISTINCT FROM '草案' THEN
            RAISE EXCEPTION 'duty list %/% is issued', coalesce(OLD.list, NEW.list),
                coalesce(OLD.version, NEW.version) USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN coalesce(NEW, OLD);
    END $$
    """,
    """
    CREATE TRIGGER duty_item_issued BEFORE INSERT OR UPDATE OR DELETE ON duty_item
    FOR EACH ROW EXECUTE FUNCTION duty_item_guard()
    """,
)


def upgrade() -> None:
    """Make the tables, then guard what is issued."""
    for statement in (*TABLES, *GUARD):
        op.execute(statement)

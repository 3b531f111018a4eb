"""The establishment ledger (机构编制台账): transactions, postings, positions, and their guards.

Double entry. Posts and people are counted apart: 核定 and 在途 hold posts, 实有 holds people, and what
comes from outside the units comes out of 批准 (posts) or 来源 (people), which may be negative and are
the only accounts that may. Every transaction sums to zero per type for posts and for people. A
position is one unit's balances of one type, kept by the same statement that writes the postings;
what it may never be is a CHECK of its row.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = (
    """
    CREATE TABLE ledger_transaction (
        id bigserial PRIMARY KEY,
        rollout text NOT NULL,
        key text NOT NULL,
        content_hash text NOT NULL,
        kind text NOT NULL,
        day date NOT NULL,
        at timestamptz NOT NULL,
        person text NOT NULL,
        procedure text NOT NULL,
        rule text NOT NULL,
        paper text NOT NULL,
        special_paper text NOT NULL,
        note text NOT NULL,
        CONSTRAINT ledger_transaction_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT ledger_key_once UNIQUE (rollout, key),
        CONSTRAINT ledger_key_given CHECK (length(key) > 0 AND length(kind) > 0),
        CONSTRAINT ledger_rule_named CHECK (length(rule) > 0),
        CONSTRAINT ledger_person_named CHECK (length(person) > 0)
    )
    """,
    "CREATE INDEX ledger_transaction_by_day ON ledger_transaction (rollout, day, id)",
    """
    CREATE TABLE ledger_posting (
        transaction bigint NOT NULL REFERENCES ledger_transaction (id),
        line integer NOT NULL,
        unit text NOT NULL,
        type text NOT NULL,
        state text NOT NULL,
        amount integer NOT NULL,
        toward text NOT NULL,
        staff text NOT NULL,
        PRIMARY KEY (transaction, line),
        CONSTRAINT ledger_line_counts_from_one CHECK (line >= 1),
        CONSTRAINT ledger_amount_not_zero CHECK (amount <> 0),
        CONSTRAINT ledger_state_known CHECK (state IN ('核定', '在途', '实有', '批准', '来源')),
        CONSTRAINT ledger_type_named CHECK (length(type) > 0),
        CONSTRAINT ledger_outside_has_no_unit CHECK ((state IN ('批准', '来源')) = (unit = '')),
        CONSTRAINT ledger_person_is_one CHECK (staff = '' OR abs(amount) = 1)
    )
    """,
    "CREATE INDEX ledger_posting_by_unit ON ledger_posting (unit, type, transaction)",
    "CREATE INDEX ledger_posting_by_staff ON ledger_posting (staff) WHERE staff <> ''",
    """
    CREATE TABLE ledger_position (
        rollout text NOT NULL,
        unit text NOT NULL,
        type text NOT NULL,
        approved integer NOT NULL,
        in_transit integer NOT NULL,
        occupied integer NOT NULL,
        actual integer NOT NULL,
        excess integer NOT NULL,
        basis text NOT NULL,
        PRIMARY KEY (rollout, unit, type),
        CONSTRAINT ledger_position_in_directory FOREIGN KEY (rollout, unit)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT ledger_approved_not_negative CHECK (approved >= 0),
        CONSTRAINT ledger_in_transit_not_negative CHECK (in_transit >= 0),
        CONSTRAINT ledger_occupied_in_transit CHECK (occupied BETWEEN 0 AND in_transit),
        CONSTRAINT ledger_actual_not_negative CHECK (actual >= 0),
        CONSTRAINT ledger_excess_not_negative CHECK (excess >= 0),
        CONSTRAINT ledger_excess_has_basis CHECK (excess = 0 OR length(basis) > 0),
        CONSTRAINT ledger_within_approved CHECK (actual <= approved + occupied + excess)
    )
    """,
    """
    CREATE TABLE ledger_place (
        rollout text NOT NULL,
        staff text NOT NULL,
        type text NOT NULL,
        unit text NOT NULL,
        CONSTRAINT ledger_person_in_one_place PRIMARY KEY (rollout, staff, type),
        CONSTRAINT ledger_place_in_directory FOREIGN KEY (rollout, unit)
            REFERENCES directory_unit (rollout, name)
    )
    """,
    """
    CREATE TABLE ledger_refusal (
        id bigserial PRIMARY KEY,
        rollout text NOT NULL,
        at timestamptz NOT NULL,
        person text NOT NULL,
        key text NOT NULL,
        kind text NOT NULL,
        code text NOT NULL,
        sentence text NOT NULL,
        asked jsonb NOT NULL
    )
    """,
)

GUARDS = (
    """
    CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION ledger_append_only()
        """
        for table in ("ledger_transaction", "ledger_posting", "ledger_refusal")
    ),
    *(
        f"""
        CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
        """
        for table in ("ledger_transaction", "ledger_posting", "ledger_refusal")
    ),
    # Once at the end of each statement: a transaction is written by one.
    """
    CREATE FUNCTION ledger_check() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        wrong record;
    BEGIN
        SELECT p.transaction, p.type INTO wrong
        FROM added a JOIN ledger_posting p ON p.transaction = a.transaction AND p.type = a.type
        GROUP BY p.transaction, p.type, a.line
        HAVING sum(p.amount) FILTER (WHERE p.state IN ('核定', '在途', '批准')) <> 0
            OR sum(p.amount) FILTER (WHERE p.state IN ('实有', '来源')) <> 0
        LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'transaction % does not sum to zero for %', wrong.transaction,
                wrong.type USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_sums_to_zero';
        END IF;
        SELECT a.transaction, a.type INTO wrong
        FROM added a JOIN ledger_transaction t ON t.id = a.transaction
        WHERE a.state = '批准' AND t.paper = '' LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'posts out of nothing need a paper'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_outside_has_paper';
        END IF;
        SELECT a.transaction, a.type INTO wrong
        FROM added a JOIN ledger_transaction t ON t.id = a.transaction
        JOIN directory_unit f ON f.rollout = t.rollout AND f.name = a.unit
        LEFT JOIN directory_unit d ON d.rollout = t.rollout AND d.name = a.toward
        WHERE a.state IN ('核定', '在途') AND a.amount < 0 AND f.kind = '街道'
        AND a.toward <> '' AND d.kind <> '街道' AND t.special_paper = '' LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'a post of a street goes to the district only with special approval'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_street_keeps_its_posts';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ledger_posting_sound AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_check()
    """,
    # What a baseline has beyond 核定 is allowed as it was found, and may only shrink.
    """
    CREATE FUNCTION ledger_shrink() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        beyond integer := greatest(0, NEW.actual - NEW.approved - NEW.occupied);
    BEGIN
        NEW.excess := CASE WHEN OLD.basis = '' AND NEW.basis <> '' THEN beyond
            ELSE least(OLD.excess, beyond) END;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER ledger_position_shrinks BEFORE UPDATE ON ledger_position
    FOR EACH ROW EXECUTE FUNCTION ledger_shrink()
    """,
    # Positions follow the postings, whoever writes them; rows are taken in one order.
    """
    CREATE FUNCTION ledger_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        gone bigint;
    BEGIN
        INSERT INTO ledger_position (rollout, unit, type, approved, in_transit, occupied, actual,
                                     excess, basis)
        SELECT DISTINCT t.rollout, a.unit, a.type, 0, 0, 0, 0, 0, ''
        FROM added a JOIN ledger_transaction t ON t.id = a.transaction WHERE a.unit <> ''
        ORDER BY 1, 2, 3
        ON CONFLICT DO NOTHING;

        PERFORM FROM ledger_position p WHERE (p.rollout, p.unit, p.type) IN (
            SELECT t.rollout, a.unit, a.type
            FROM added a JOIN ledger_transaction t ON t.id = a.transaction WHERE a.unit <> '')
        ORDER BY p.rollout, p.unit, p.type FOR UPDATE;

        UPDATE ledger_position p SET
            approved = p.approved + m.approved, in_transit = p.in_transit + m.in_transit,
            occupied = p.occupied + m.occupied, actual = p.actual + m.actual,
            basis = CASE WHEN m.opening THEN m.basis ELSE p.basis END
        FROM (
            SELECT t.rollout, a.unit, a.type, bool_or(t.kind = '期初') AS opening,
                max(CASE WHEN t.kind = '期初' THEN t.note ELSE '' END) AS basis,
                coalesce(sum(a.amount) FILTER (WHERE a.state = '核定'), 0) AS approved,
                coalesce(sum(a.amount) FILTER (WHERE a.state = '在途'), 0) AS in_transit,
                coalesce(sum(a.amount) FILTER (WHERE a.state = '在途' AND a.staff <> ''), 0)
                    AS occupied,
                coalesce(sum(a.amount) FILTER (WHERE a.state = '实有'), 0) AS actual
            FROM added a JOIN ledger_transaction t ON t.id = a.transaction
            WHERE a.unit <> '' GROUP BY t.rollout, a.unit, a.type) m
        WHERE (p.rollout, p.unit, p.type) = (m.rollout, m.unit, m.type);

        DELETE FROM ledger_place l USING added a, ledger_transaction t
        WHERE t.id = a.transaction AND a.staff <> '' AND a.state = '实有' AND a.amount < 0
        AND (l.rollout, l.staff, l.type, l.unit) = (t.rollout, a.staff, a.type, a.unit);
        GET DIAGNOSTICS gone = ROW_COUNT;
        IF gone <> (SELECT count(*) FROM added a
                    WHERE a.staff <> '' AND a.state = '实有' AND a.amount < 0) THEN
            RAISE EXCEPTION 'a person leaves a unit where the person is not'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_person_is_there';
        END IF;
        INSERT INTO ledger_place (rollout, staff, type, unit)
        SELECT t.rollout, a.staff, a.type, a.unit
        FROM added a JOIN ledger_transaction t ON t.id = a.transaction
        WHERE a.staff <> '' AND a.state = '实有' AND a.amount > 0
        ORDER BY 1, 2, 3;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ledger_posting_followed AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_follow()
    """,
)


def upgrade() -> None:
    for statement in (*TABLES, *GUARDS):
        op.execute(statement)

"""The establishment ledger (机构编制台账): entries, postings, what follows from them, and the guards.

Double entry. Posts and people are counted apart: 核定 and 在途 hold posts, 实有 holds people, and what
comes from outside the units comes out of 批准 (posts) or 来源 (people), the only accounts that may be
negative. ledger_transaction and ledger_posting are the ledger and are never changed; positions,
places and posts in transit follow from them, kept by the statement that writes the postings, and
nobody else may write them. What they may never be is a CHECK of their rows or a guard in
ledger_follow(), so it holds whoever writes.

Entries of one rollout take turns on its ledger_book row, so two of them can neither pass the same
last post nor wait for each other, and their numbers have no gap. Take other locks before posting.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = (
    """
    CREATE TABLE ledger_book (
        rollout text PRIMARY KEY,
        entries bigint NOT NULL,
        CONSTRAINT ledger_book_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout)
    )
    """,
    """
    CREATE TABLE ledger_transaction (
        id bigserial PRIMARY KEY,
        rollout text NOT NULL,
        number bigint NOT NULL,
        key text NOT NULL,
        content_hash text NOT NULL,
        kind text NOT NULL,
        lines integer NOT NULL,
        day date NOT NULL,
        at timestamptz NOT NULL,
        person text NOT NULL,
        procedure text NOT NULL,
        rule text NOT NULL,
        paper text NOT NULL,
        special_paper text NOT NULL,
        note text NOT NULL,
        CONSTRAINT ledger_transaction_in_book FOREIGN KEY (rollout) REFERENCES ledger_book (rollout),
        CONSTRAINT ledger_key_once UNIQUE (rollout, key),
        CONSTRAINT ledger_number_once UNIQUE (rollout, number),
        CONSTRAINT ledger_number_counts_from_one CHECK (number >= 1),
        CONSTRAINT ledger_has_lines CHECK (lines >= 2),
        CONSTRAINT ledger_day_not_ahead CHECK (day <= (at AT TIME ZONE 'Asia/Shanghai')::date),
        CONSTRAINT ledger_key_given CHECK (length(key) > 0 AND length(kind) > 0),
        CONSTRAINT ledger_rule_named CHECK (length(rule) > 0),
        CONSTRAINT ledger_person_named CHECK (length(person) > 0)
    )
    """,
    "CREATE INDEX ledger_transaction_by_day ON ledger_transaction (rollout, day, id)",
    """
    CREATE TABLE ledger_posting (
        transaction bigint NOT NULL,
        line integer NOT NULL,
        unit text NOT NULL,
        type text NOT NULL,
        state text NOT NULL,
        amount integer NOT NULL,
        toward text NOT NULL,
        staff text NOT NULL,
        PRIMARY KEY (transaction, line),
        CONSTRAINT ledger_posting_of_transaction FOREIGN KEY (transaction)
            REFERENCES ledger_transaction (id),
        CONSTRAINT ledger_line_counts_from_one CHECK (line >= 1),
        CONSTRAINT ledger_amount_not_zero CHECK (amount <> 0),
        CONSTRAINT ledger_state_known CHECK (state IN ('核定', '在途', '实有', '批准', '来源')),
        CONSTRAINT ledger_type_named CHECK (length(type) > 0),
        CONSTRAINT ledger_outside_has_no_unit CHECK ((state IN ('批准', '来源')) = (unit = '')),
        CONSTRAINT ledger_transit_has_aim CHECK (state <> '在途' OR toward <> ''),
        CONSTRAINT ledger_goes_elsewhere CHECK (unit = '' OR toward <> unit),
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
        opened date,
        newest date NOT NULL,
        PRIMARY KEY (rollout, unit, type),
        CONSTRAINT ledger_position_in_directory FOREIGN KEY (rollout, unit)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT ledger_approved_not_negative CHECK (approved >= 0),
        CONSTRAINT ledger_in_transit_not_negative CHECK (in_transit >= 0),
        CONSTRAINT ledger_occupied_in_transit CHECK (occupied BETWEEN 0 AND in_transit),
        CONSTRAINT ledger_actual_not_negative CHECK (actual >= 0),
        CONSTRAINT ledger_excess_not_negative CHECK (excess >= 0),
        CONSTRAINT ledger_excess_has_basis CHECK (excess = 0 OR length(basis) > 0),
        CONSTRAINT ledger_within_approved CHECK (actual <= approved + occupied + excess),
        CONSTRAINT ledger_day_not_before_opening CHECK (newest >= opened)
    )
    """,
    # Where a person is; unit NULL: no longer anywhere. toward: where the person's post is going.
    """
    CREATE TABLE ledger_place (
        rollout text NOT NULL,
        staff text NOT NULL,
        type text NOT NULL,
        unit text,
        toward text,
        since date NOT NULL,
        PRIMARY KEY (rollout, staff, type),
        CONSTRAINT ledger_place_in_directory FOREIGN KEY (rollout, unit)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT ledger_way_in_directory FOREIGN KEY (rollout, toward)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT ledger_way_from_somewhere CHECK (toward IS NULL OR unit IS NOT NULL)
    )
    """,
    # 领导职数 are held beside a post; of posts a person has one, in whatever type.
    """
    CREATE UNIQUE INDEX ledger_person_has_one_post ON ledger_place (rollout, staff)
    WHERE unit IS NOT NULL AND type NOT LIKE '领导·%'
    """,
    "CREATE INDEX ledger_place_by_unit ON ledger_place (rollout, unit, type)",
    # Posts on their way without a person.
    """
    CREATE TABLE ledger_transit (
        rollout text NOT NULL,
        unit text NOT NULL,
        type text NOT NULL,
        toward text NOT NULL,
        vacant integer NOT NULL,
        PRIMARY KEY (rollout, unit, type, toward),
        CONSTRAINT ledger_transit_from_directory FOREIGN KEY (rollout, unit)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT ledger_transit_to_directory FOREIGN KEY (rollout, toward)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT ledger_vacant_not_negative CHECK (vacant >= 0)
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
    "CREATE INDEX ledger_refusal_by_rollout ON ledger_refusal (rollout, id)",
)

KEPT = ("ledger_transaction", "ledger_posting", "ledger_refusal")
FOLLOWING = ("ledger_book", "ledger_position", "ledger_place", "ledger_transit")

GUARDS = (
    """
    CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE FUNCTION ledger_only_follows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF pg_trigger_depth() < 2 OR TG_OP = 'TRUNCATE' THEN
            RAISE EXCEPTION '% follows the postings and is not written by itself', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
        """
        for table in KEPT
    ),
    *(
        f"""
        CREATE TRIGGER {table}_follows BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_follows()
        """
        for table in FOLLOWING
    ),
    """
    CREATE FUNCTION ledger_refuse(broken text, about text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '%: %', broken, about
            USING ERRCODE = 'check_violation', CONSTRAINT = broken;
    END $$
    """,
    # A number is given under the book's lock and counted once the row is really there: a key
    # that is known already leaves the book as it was.
    """
    CREATE FUNCTION ledger_number() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT entries + 1 INTO NEW.number FROM ledger_book
        WHERE rollout = NEW.rollout FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO ledger_book (rollout, entries) VALUES (NEW.rollout, 0)
            ON CONFLICT (rollout) DO NOTHING;
            SELECT entries + 1 INTO NEW.number FROM ledger_book
            WHERE rollout = NEW.rollout FOR UPDATE;
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER ledger_transaction_numbered BEFORE INSERT ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION ledger_number()
    """,
    """
    CREATE FUNCTION ledger_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE ledger_book SET entries = NEW.number WHERE rollout = NEW.rollout;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ledger_transaction_counted AFTER INSERT ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION ledger_count()
    """,
    """
    CREATE FUNCTION ledger_complete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM ledger_posting WHERE transaction = NEW.id) THEN
            PERFORM ledger_refuse('ledger_lines_complete', NEW.key);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_transaction_complete AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_complete()
    """,
    # What an entry must be by itself, whatever the balances are.
    """
    CREATE FUNCTION ledger_check() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        t ledger_transaction;
        about text;
    BEGIN
        IF NOT EXISTS (SELECT FROM added) THEN
            RETURN NULL;
        END IF;
        SELECT * INTO t FROM ledger_transaction WHERE id = (SELECT max(transaction) FROM added);

        -- An entry is written by one statement, whole: nothing is added to it later.
        IF EXISTS (SELECT FROM added WHERE transaction <> t.id OR line > t.lines)
            OR (SELECT count(*) FROM added) <> t.lines THEN
            PERFORM ledger_refuse('ledger_lines_complete', t.key);
        END IF;

        SELECT type INTO about FROM added GROUP BY type
        HAVING sum(amount) FILTER (WHERE state IN ('核定', '在途', '批准')) <> 0
            OR sum(amount) FILTER (WHERE state IN ('实有', '来源')) <> 0 LIMIT 1;
        IF FOUND THEN
            PERFORM ledger_refuse('ledger_sums_to_zero', about);
        END IF;

        IF t.paper = '' AND EXISTS (SELECT FROM added WHERE unit = '') THEN
            PERFORM ledger_refuse('ledger_outside_has_paper', t.key);
        END IF;

        SELECT a.toward INTO about FROM (SELECT DISTINCT toward FROM added) a
        WHERE a.toward <> '' AND NOT EXISTS (
            SELECT FROM directory_unit d WHERE (d.rollout, d.name) = (t.rollout, a.toward)) LIMIT 1;
        IF FOUND THEN
            PERFORM ledger_refuse('ledger_position_in_directory', about);
        END IF;

        -- 3-07, 1-37: the streets together lose no post, and none sets out for another organ.
        IF t.special_paper = '' THEN
            SELECT a.type INTO about FROM (
                SELECT unit, type, toward, sum(amount) AS posts,
                    bool_or(state = '在途' AND amount > 0) AS sets_out
                FROM added WHERE state IN ('核定', '在途') GROUP BY unit, type, toward) a
            JOIN directory_unit f ON (f.rollout, f.name) = (t.rollout, a.unit)
            LEFT JOIN directory_unit d ON (d.rollout, d.name) = (t.rollout, a.toward)
            WHERE f.kind = '街道' GROUP BY a.type
            HAVING sum(a.posts) < 0 OR bool_or(a.sets_out AND d.kind <> '街道') LIMIT 1;
            IF FOUND THEN
                PERFORM ledger_refuse('ledger_street_keeps_its_posts', about);
            END IF;
        END IF;

        -- A post on its way arrives where it was sent, or goes back where it came from.
        IF EXISTS (SELECT FROM added WHERE state = '在途' AND amount < 0) THEN
            SELECT i.unit INTO about
            FROM (SELECT unit, type, sum(amount) AS posts FROM added WHERE state = '核定'
                  GROUP BY unit, type) i
            WHERE i.posts > coalesce((
                SELECT -sum(o.amount) FROM added o WHERE o.state = '在途' AND o.amount < 0
                AND o.type = i.type AND (o.toward = i.unit OR o.unit = i.unit)), 0) LIMIT 1;
            IF FOUND THEN
                PERFORM ledger_refuse('ledger_arrives_where_sent', about);
            END IF;
        END IF;
        RETURN NULL;
    END $$
    """,
    # Triggers of one event fire by name: _1 before _2.
    """
    CREATE TRIGGER ledger_posting_1_checked AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_check()
    """,
    # What the entry makes of positions, posts in transit and people. Row by row by their keys: a
    # plan made for an entry of two lines is kept, and must serve one of ten thousand.
    """
    CREATE FUNCTION ledger_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        t ledger_transaction;
        p ledger_position;
        l ledger_place;
        m record;
    BEGIN
        IF NOT EXISTS (SELECT FROM added) THEN
            RETURN NULL;
        END IF;
        SELECT * INTO t FROM ledger_transaction WHERE id = (SELECT max(transaction) FROM added);

        FOR m IN
            SELECT unit, type,
                coalesce(sum(amount) FILTER (WHERE state = '核定'), 0) AS approved,
                coalesce(sum(amount) FILTER (WHERE state = '在途'), 0) AS in_transit,
                coalesce(sum(amount) FILTER (WHERE state = '在途' AND staff <> ''), 0)
                    AS occupied,
                coalesce(sum(amount) FILTER (WHERE state = '实有'), 0) AS actual
            FROM added WHERE unit <> '' GROUP BY unit, type ORDER BY unit, type
        LOOP
            SELECT * INTO p FROM ledger_position
            WHERE rollout = t.rollout AND unit = m.unit AND type = m.type;
            IF NOT FOUND THEN
                INSERT INTO ledger_position (rollout, unit, type, approved, in_transit, occupied,
                                             actual, excess, basis, opened, newest)
                VALUES (t.rollout, m.unit, m.type, 0, 0, 0, 0, 0, '',
                        CASE WHEN t.kind = '期初' THEN t.day END, t.day);
            ELSIF t.kind = '期初' THEN
                -- A baseline is the first that is known of a unit's posts of a type.
                PERFORM ledger_refuse('ledger_opening_comes_first', m.unit);
            ELSIF t.day < p.opened THEN
                PERFORM ledger_refuse('ledger_day_not_before_opening', m.unit);
            END IF;

            -- What a baseline has beyond its posts comes in with its basis, and may only shrink.
            UPDATE ledger_position k SET
                approved = k.approved + m.approved, in_transit = k.in_transit + m.in_transit,
                occupied = k.occupied + m.occupied, actual = k.actual + m.actual,
                newest = greatest(k.newest, t.day),
                basis = CASE WHEN t.kind = '期初' THEN t.note ELSE k.basis END,
                excess = least(
                    CASE WHEN t.kind <> '期初' THEN k.excess
                         WHEN t.note = '' THEN 0 ELSE m.actual END,
                    greatest(0, k.actual + m.actual - k.approved - m.approved
                                - k.occupied - m.occupied))
            WHERE k.rollout = t.rollout AND k.unit = m.unit AND k.type = m.type;

            -- Dated back, an entry must hold on every day since: each balance that follows is
            -- computed anew, in the order of days.
            IF t.day < p.newest AND EXISTS (
                SELECT FROM (
                    SELECT b.*, greatest(0, b.actual - b.approved - b.occupied) AS beyond,
                        lag(greatest(0, b.actual - b.approved - b.occupied), 1, 0)
                            OVER (ORDER BY b.day, b.id) AS before
                    FROM (
                        SELECT h.day, h.id, h.kind,
                            sum(sum(g.amount) FILTER (WHERE g.state = '核定')) OVER w AS approved,
                            sum(sum(g.amount) FILTER (WHERE g.state = '在途')) OVER w
                                AS in_transit,
                            sum(sum(g.amount) FILTER (WHERE g.state = '在途' AND g.staff <> ''))
                                OVER w AS occupied,
                            sum(sum(g.amount) FILTER (WHERE g.state = '实有')) OVER w AS actual
                        FROM ledger_posting g JOIN ledger_transaction h ON h.id = g.transaction
                        WHERE h.rollout = t.rollout AND g.unit = m.unit AND g.type = m.type
                        GROUP BY h.day, h.id, h.kind WINDOW w AS (ORDER BY h.day, h.id)) n
                    CROSS JOIN LATERAL (
                        SELECT n.day, n.id, n.kind, coalesce(n.approved, 0) AS approved,
                            coalesce(n.in_transit, 0) AS in_transit,
                            coalesce(n.occupied, 0) AS occupied,
                            coalesce(n.actual, 0) AS actual) b) r
                WHERE r.kind <> '期初' AND (r.approved < 0 OR r.actual < 0
                    OR r.occupied NOT BETWEEN 0 AND r.in_transit OR r.beyond > r.before)) THEN
                PERFORM ledger_refuse('ledger_past_holds', m.unit);
            END IF;
        END LOOP;

        FOR m IN
            SELECT unit, type, toward, sum(amount) AS posts FROM added
            WHERE state = '在途' AND staff = '' GROUP BY unit, type, toward ORDER BY 1, 2, 3
        LOOP
            UPDATE ledger_transit x SET vacant = x.vacant + m.posts
            WHERE x.rollout = t.rollout AND x.unit = m.unit AND x.type = m.type
            AND x.toward = m.toward;
            IF NOT FOUND THEN
                INSERT INTO ledger_transit (rollout, unit, type, toward, vacant)
                VALUES (t.rollout, m.unit, m.type, m.toward, m.posts);
            END IF;
        END LOOP;

        -- Of one person: first the post is no longer on its way, then the person leaves, comes,
        -- and a post sets out.
        FOR m IN
            SELECT unit, type, toward, staff,
                CASE WHEN state = '在途' AND amount < 0 THEN 1 WHEN amount < 0 THEN 2
                     WHEN state = '实有' THEN 3 ELSE 4 END AS move
            FROM added WHERE staff <> '' AND state IN ('在途', '实有') ORDER BY move, line
        LOOP
            SELECT * INTO l FROM ledger_place
            WHERE rollout = t.rollout AND staff = m.staff AND type = m.type;
            IF t.day < l.since THEN
                PERFORM ledger_refuse('ledger_person_in_day_order', m.staff);
            ELSIF m.move = 1 AND (l.unit, l.toward) IS DISTINCT FROM (m.unit, m.toward) THEN
                PERFORM ledger_refuse('ledger_person_in_transit', m.staff);
            ELSIF m.move = 2 AND (l.unit IS DISTINCT FROM m.unit OR l.toward IS NOT NULL) THEN
                PERFORM ledger_refuse('ledger_person_is_there', m.staff);
            ELSIF m.move = 3 AND l.unit IS NOT NULL THEN
                PERFORM ledger_refuse('ledger_person_in_one_place', m.staff);
            ELSIF m.move = 4 AND (l.unit IS DISTINCT FROM m.unit OR l.toward IS NOT NULL) THEN
                PERFORM ledger_refuse('ledger_person_sent_once', m.staff);
            END IF;
            IF l.staff IS NULL THEN
                INSERT INTO ledger_place (rollout, staff, type, unit, since)
                VALUES (t.rollout, m.staff, m.type, m.unit, t.day);
            ELSE
                UPDATE ledger_place SET since = t.day,
                    unit = CASE WHEN m.move = 2 THEN NULL ELSE m.unit END,
                    toward = CASE WHEN m.move = 4 THEN m.toward END
                WHERE rollout = t.rollout AND staff = m.staff AND type = m.type;
            END IF;
        END LOOP;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ledger_posting_2_followed AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_follow()
    """,
    # Posting in one question: what breaks a law is named and leaves nothing behind. It grants
    # nothing; whoever writes without it meets the same guards.
    """
    CREATE FUNCTION ledger_post(entry jsonb, moment timestamptz, OUT entry_id bigint,
        OUT entry_hash text, OUT created boolean, OUT broken text) LANGUAGE plpgsql AS $$
    BEGIN
        created := false;
        WITH made AS (
            INSERT INTO ledger_transaction (rollout, key, content_hash, kind, lines, day, at,
                                            person, procedure, rule, paper, special_paper, note)
            SELECT e.rollout, e.key, e.content_hash, e.kind, jsonb_array_length(entry -> 'lines'),
                e.day, moment, e.person, e.procedure, e.rule, e.paper, e.special_paper, e.note
            FROM jsonb_to_record(entry) AS e (rollout text, key text, content_hash text, kind text,
                day date, person text, procedure text, rule text, paper text, special_paper text,
                note text)
            ON CONFLICT (rollout, key) DO NOTHING RETURNING id, content_hash),
        lines AS (
            INSERT INTO ledger_posting (transaction, line, unit, type, state, amount, toward,
                                        staff)
            SELECT made.id, l.place, l.unit, l.type, l.state, l.amount, l.toward, l.staff
            FROM made, ROWS FROM (jsonb_to_recordset(entry -> 'lines') AS (unit text, type text,
                state text, amount integer, toward text, staff text)) WITH ORDINALITY
                AS l (unit, type, state, amount, toward, staff, place))
        SELECT id, content_hash, true INTO entry_id, entry_hash, created FROM made;
        IF NOT FOUND THEN
            SELECT t.id, t.content_hash, false INTO entry_id, entry_hash, created
            FROM ledger_transaction t
            WHERE (t.rollout, t.key) = (entry ->> 'rollout', entry ->> 'key');
        END IF;
    EXCEPTION WHEN check_violation OR unique_violation OR foreign_key_violation THEN
        GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
        IF broken NOT LIKE 'ledger%' THEN
            RAISE;
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    for statement in (*TABLES, *GUARDS):
        op.execute(statement)

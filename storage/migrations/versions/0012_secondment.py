"""How persons go down to a street (下沉方式), and who was seconded upward and has to return."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    "ALTER TABLE roster_person ADD COLUMN sink_mode text NOT NULL DEFAULT ''",
    "ALTER TABLE roster_person ALTER COLUMN sink_mode DROP DEFAULT",
    """
    ALTER TABLE roster_person ADD CONSTRAINT roster_person_sinks
    CHECK (sink_mode IN ('', '全面下放', '进驻执法', '挂点联系'))
    """,
    """
    CREATE TABLE secondment (
        rollout text NOT NULL,
        staff text NOT NULL,
        since date NOT NULL,
        street text NOT NULL,
        organ text NOT NULL,
        reason text NOT NULL,
        due_back date,
        paper text NOT NULL,
        at timestamptz NOT NULL,
        person text NOT NULL,
        returned_on date,
        return_paper text NOT NULL,
        returned_at timestamptz,
        returned_by text NOT NULL,
        PRIMARY KEY (rollout, staff, since),
        CONSTRAINT secondment_of_staff FOREIGN KEY (rollout, staff)
            REFERENCES staff (rollout, key),
        CONSTRAINT secondment_from_street FOREIGN KEY (rollout, street)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT secondment_to_organ FOREIGN KEY (rollout, organ)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT secondment_goes_elsewhere CHECK (street <> organ),
        CONSTRAINT secondment_named CHECK (length(person) > 0 AND length(reason) > 0),
        CONSTRAINT secondment_due_after_since CHECK (due_back >= since),
        CONSTRAINT secondment_returned_after_since CHECK (returned_on >= since),
        CONSTRAINT secondment_return_has_paper CHECK (
            (returned_on IS NULL) = (length(return_paper) = 0)
            AND (returned_on IS NULL) = (returned_at IS NULL)
            AND (returned_on IS NULL) = (length(returned_by) = 0))
    )
    """,
    # Nobody is at two organs at once.
    """
    CREATE UNIQUE INDEX secondment_open_once ON secondment (rollout, staff)
    WHERE returned_on IS NULL
    """,
    """
    CREATE FUNCTION secondment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'a secondment stays' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.returned_on IS NOT NULL
            OR (NEW.rollout, NEW.staff, NEW.since, NEW.street, NEW.organ, NEW.reason, NEW.due_back,
                NEW.paper, NEW.at, NEW.person)
            IS DISTINCT FROM
               (OLD.rollout, OLD.staff, OLD.since, OLD.street, OLD.organ, OLD.reason, OLD.due_back,
                OLD.paper, OLD.at, OLD.person) THEN
            RAISE EXCEPTION 'of a secondment only the return is added, once'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER secondment_stays BEFORE UPDATE OR DELETE ON secondment
    FOR EACH ROW EXECUTE FUNCTION secondment_guard()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)

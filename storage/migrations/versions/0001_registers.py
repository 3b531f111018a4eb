"""The registers: plans and their claims, directories, calendars."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE plan (
        id serial PRIMARY KEY,
        rollout text NOT NULL,
        claimed_at timestamptz NOT NULL,
        claimed_by text NOT NULL,
        CONSTRAINT plan_rollout_claimed_once UNIQUE (rollout)
    )
    """,
    """
    CREATE TABLE plan_version (
        plan_id integer NOT NULL,
        version integer NOT NULL,
        content_hash text NOT NULL,
        title text NOT NULL,
        coordinator text NOT NULL,
        kickoff date NOT NULL,
        units integer NOT NULL,
        procedures integer NOT NULL,
        document jsonb NOT NULL,
        registered_at timestamptz NOT NULL,
        registered_by text NOT NULL,
        PRIMARY KEY (plan_id, version),
        CONSTRAINT plan_version_of_plan FOREIGN KEY (plan_id) REFERENCES plan (id),
        CONSTRAINT plan_content_once UNIQUE (content_hash),
        CONSTRAINT plan_version_counts_from_one CHECK (version >= 1),
        CONSTRAINT plan_counts_not_negative CHECK (units >= 0 AND procedures >= 0)
    )
    """,
    """
    CREATE TABLE directory_version (
        rollout text NOT NULL,
        version integer NOT NULL,
        at timestamptz NOT NULL,
        person text NOT NULL,
        reason text NOT NULL,
        PRIMARY KEY (rollout, version),
        CONSTRAINT directory_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT directory_version_counts_from_one CHECK (version >= 1)
    )
    """,
    """
    CREATE TABLE directory_unit (
        rollout text NOT NULL,
        name text NOT NULL,
        kind text NOT NULL,
        district text NOT NULL,
        duty text NOT NULL,
        parent text NOT NULL,
        code text NOT NULL,
        is_member boolean NOT NULL,
        position integer NOT NULL,
        PRIMARY KEY (rollout, name),
        CONSTRAINT directory_unit_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT directory_unit_kind_known CHECK
            (kind IN ('市', '区', '镇', '街道', '部门', '事业单位', '议事机构'))
    )
    """,
    """
    CREATE TABLE appointment (
        rollout text NOT NULL,
        unit text NOT NULL,
        person text NOT NULL,
        role text NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_to timestamptz,
        PRIMARY KEY (rollout, unit, person, role, valid_from),
        CONSTRAINT appointment_in_unit FOREIGN KEY (rollout, unit)
            REFERENCES directory_unit (rollout, name),
        CONSTRAINT appointment_role_known CHECK
            (role IN ('第一责任人', '第一书记', '分管区领导', '经办人', '代办人', '协调员')),
        CONSTRAINT appointment_period_half_open CHECK (valid_to > valid_from),
        CONSTRAINT appointment_has_person CHECK (length(person) > 0)
    )
    """,
    "CREATE INDEX appointment_by_person ON appointment (person, rollout)",
    """
    CREATE TABLE calendar_version (
        version integer PRIMARY KEY,
        calendar_id text NOT NULL,
        content_hash text NOT NULL,
        year integer NOT NULL,
        paper text NOT NULL,
        document jsonb NOT NULL,
        staged_at timestamptz NOT NULL,
        staged_by text NOT NULL,
        published_at timestamptz,
        published_by text NOT NULL,
        CONSTRAINT calendar_content_once UNIQUE (content_hash),
        CONSTRAINT calendar_version_counts_from_one CHECK (version >= 1)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)

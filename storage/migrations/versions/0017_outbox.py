"""Channels to people, the messages that go out by them, and supervision slips (0-07, 0-12, 0-13)."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0015"

# What was told before there were channels stays in the inbox and is not sent after the fact.
NOTICE = (
    "ALTER TABLE notice ADD COLUMN routed_at timestamptz",
    "UPDATE notice SET routed_at = at",
    "CREATE INDEX notice_unrouted ON notice (at) WHERE routed_at IS NULL",
)

TABLES = (
    """
    CREATE TABLE notice_channel (
        id bigserial PRIMARY KEY,
        rollout text NOT NULL,
        unit text NOT NULL,
        person text NOT NULL,
        district text NOT NULL,
        kind text NOT NULL,
        address text NOT NULL,
        shown text NOT NULL,
        content_key text NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_to timestamptz,
        set_by text NOT NULL,
        ended_by text NOT NULL,
        failures integer NOT NULL,
        dead_since timestamptz,
        last_ok_at timestamptz,
        last_error text NOT NULL,
        CONSTRAINT channel_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT channel_of_one CHECK ((unit = '') <> (person = '')),
        CONSTRAINT channel_kind CHECK
            (kind IN ('邮件', 'HTTP', '企业微信', '钉钉', '飞书')),
        CONSTRAINT channel_address_sealed CHECK (address LIKE '1.%'),
        CONSTRAINT channel_period CHECK (valid_to >= valid_from),
        CONSTRAINT channel_ended_by_somebody CHECK ((valid_to IS NULL) = (ended_by = '')),
        CONSTRAINT channel_dead_has_failed CHECK
            (failures >= 0 AND (dead_since IS NULL OR failures > 0))
    )
    """,
    """
    CREATE UNIQUE INDEX channel_in_force ON notice_channel (rollout, unit, person, kind)
    WHERE valid_to IS NULL
    """,
    """
    CREATE TABLE outbox (
        id bigserial PRIMARY KEY,
        message_id text NOT NULL,
        rollout text NOT NULL,
        channel bigint NOT NULL,
        kind text NOT NULL,
        digest_day date,
        subject text NOT NULL,
        body text NOT NULL,
        notices integer NOT NULL,
        state text NOT NULL,
        tries integer NOT NULL,
        made_at timestamptz NOT NULL,
        next_try_at timestamptz,
        claimed_until timestamptz,
        sent_at timestamptz,
        last_error text NOT NULL,
        CONSTRAINT outbox_message_once UNIQUE (message_id),
        CONSTRAINT outbox_by_channel FOREIGN KEY (channel) REFERENCES notice_channel (id),
        CONSTRAINT outbox_kind CHECK (kind IN ('汇总', '即时', '测试')),
        CONSTRAINT outbox_state CHECK (state IN ('待发', '重试', '已发', '失效')),
        CONSTRAINT outbox_digest_has_day CHECK ((kind = '汇总') = (digest_day IS NOT NULL)),
        CONSTRAINT outbox_sent_when CHECK ((state = '已发') = (sent_at IS NOT NULL)),
        CONSTRAINT outbox_tried_again_when CHECK
            ((state IN ('待发', '重试')) = (next_try_at IS NOT NULL)),
        CONSTRAINT outbox_counts CHECK (tries >= 0 AND notices >= 0),
        CONSTRAINT outbox_bounded CHECK
            (length(subject) BETWEEN 1 AND 80 AND length(body) BETWEEN 1 AND 1500
             AND length(last_error) <= 200)
    )
    """,
    """
    CREATE UNIQUE INDEX outbox_one_unsent ON outbox (channel)
    WHERE state IN ('待发', '重试') AND kind <> '测试'
    """,
    """
    CREATE UNIQUE INDEX outbox_one_digest_a_day ON outbox (channel, digest_day)
    WHERE digest_day IS NOT NULL
    """,
    "CREATE INDEX outbox_of_channel ON outbox (channel, made_at)",
    "CREATE INDEX outbox_by_rollout ON outbox (rollout, made_at)",
    "CREATE INDEX outbox_due ON outbox (next_try_at) WHERE state IN ('待发', '重试')",
    """
    CREATE TABLE outbox_notice (
        notice_key text NOT NULL,
        channel bigint NOT NULL,
        message bigint,
        is_omitted boolean NOT NULL,
        PRIMARY KEY (notice_key, channel),
        CONSTRAINT outbox_notice_of_notice FOREIGN KEY (notice_key)
            REFERENCES notice (key) ON DELETE CASCADE,
        CONSTRAINT outbox_notice_of_channel FOREIGN KEY (channel) REFERENCES notice_channel (id),
        CONSTRAINT outbox_notice_of_message FOREIGN KEY (message) REFERENCES outbox (id),
        CONSTRAINT outbox_notice_omitted_or_carried CHECK (NOT is_omitted OR message IS NULL)
    )
    """,
    """
    CREATE INDEX outbox_notice_waiting ON outbox_notice (channel)
    WHERE message IS NULL AND NOT is_omitted
    """,
    "CREATE INDEX outbox_notice_by_message ON outbox_notice (message)",
    """
    CREATE TABLE supervision_slip (
        rollout text NOT NULL,
        number integer NOT NULL,
        colour text NOT NULL,
        workflow_id text NOT NULL,
        step text NOT NULL,
        unit text NOT NULL,
        district text NOT NULL,
        opened_at timestamptz NOT NULL,
        due_date date NOT NULL,
        days integer NOT NULL,
        task text NOT NULL,
        targets text[] NOT NULL,
        body text NOT NULL,
        drafted_at timestamptz NOT NULL,
        drafted_by text NOT NULL,
        signed_at timestamptz,
        signed_by text NOT NULL,
        signed_unit text NOT NULL,
        paper text NOT NULL,
        PRIMARY KEY (rollout, number),
        CONSTRAINT slip_of_rollout FOREIGN KEY (rollout) REFERENCES plan (rollout),
        CONSTRAINT slip_once_a_rung UNIQUE (workflow_id, step, unit, opened_at, colour),
        CONSTRAINT slip_colour CHECK (colour IN ('蓝', '黄', '红')),
        CONSTRAINT slip_counts CHECK (number >= 1 AND days >= 0),
        CONSTRAINT slip_signed_by_somebody CHECK
            ((signed_at IS NULL) = (signed_by = '') AND (signed_by = '') = (signed_unit = '')),
        CONSTRAINT slip_says_something CHECK (length(body) BETWEEN 1 AND 2000),
        CONSTRAINT slip_has_target CHECK (cardinality(targets) > 0)
    )
    """,
)

GUARDS = (
    """
    CREATE FUNCTION outbox_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'message % has been sent', OLD.message_id
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER outbox_sent_stays BEFORE UPDATE OR DELETE ON outbox
    FOR EACH ROW WHEN (OLD.state = '已发') EXECUTE FUNCTION outbox_guard()
    """,
    """
    CREATE FUNCTION slip_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' AND OLD.signed_at IS NOT NULL THEN
            RAISE EXCEPTION 'slip %/% is signed', OLD.rollout, OLD.number
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF TG_OP <> 'DELETE' AND NEW.colour <> '蓝' AND NOT EXISTS (
            SELECT FROM supervision_slip s
            WHERE (s.workflow_id, s.step, s.unit, s.opened_at)
                = (NEW.workflow_id, NEW.step, NEW.unit, NEW.opened_at)
            AND s.colour = CASE NEW.colour WHEN '黄' THEN '蓝' ELSE '黄' END
            AND s.signed_at IS NOT NULL) THEN
            RAISE EXCEPTION 'no rung of the ladder is left out' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN coalesce(NEW, OLD);
    END $$
    """,
    """
    CREATE TRIGGER slip_goes_up_rung_by_rung BEFORE INSERT OR UPDATE OR DELETE ON supervision_slip
    FOR EACH ROW EXECUTE FUNCTION slip_guard()
    """,
)


def upgrade() -> None:
    """Make the tables, then guard what has been sent and signed."""
    for statement in (*NOTICE, *TABLES, *GUARDS):
        op.execute(statement)

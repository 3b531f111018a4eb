"""The tables of channels, messages and supervision slips; their guards are in migration 0017."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from storage.columns import (
    big_column,
    instant_column,
    number_column,
    serial_column,
    text_column,
    texts_column,
)


class NoticeChannel(SQLModel, table=True):
    """A way to a unit or a person; its address is sealed, ``shown`` is what people may see of it."""

    __tablename__ = "notice_channel"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="channel_of_rollout"),
        CheckConstraint("(unit = '') <> (person = '')", name="channel_of_one"),
        CheckConstraint(
            "kind IN ('邮件', 'HTTP', '企业微信', '钉钉', '飞书')", name="channel_kind"
        ),
        CheckConstraint("address LIKE '1.%'", name="channel_address_sealed"),
        CheckConstraint("valid_to >= valid_from", name="channel_period"),
        CheckConstraint("(valid_to IS NULL) = (ended_by = '')", name="channel_ended_by_somebody"),
        CheckConstraint(
            "failures >= 0 AND (dead_since IS NULL OR failures > 0)",
            name="channel_dead_has_failed",
        ),
        Index(
            "channel_in_force",
            "rollout",
            "unit",
            "person",
            "kind",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
        ),
    )

    id: int | None = serial_column()
    rollout: str = text_column()
    unit: str = text_column()
    person: str = text_column()
    district: str = text_column()
    kind: str = text_column()
    address: str = text_column()
    shown: str = text_column()
    content_key: str = text_column()
    valid_from: datetime = instant_column()
    valid_to: datetime | None = instant_column(nullable=True)
    set_by: str = text_column()
    ended_by: str = text_column()
    failures: int = number_column()
    dead_since: datetime | None = instant_column(nullable=True)
    last_ok_at: datetime | None = instant_column(nullable=True)
    last_error: str = text_column()


class OutboxMessage(SQLModel, table=True):
    """One message by one channel; once sent it never changes. At most one a channel is unsent."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("message_id", name="outbox_message_once"),
        ForeignKeyConstraint(["channel"], ["notice_channel.id"], name="outbox_by_channel"),
        CheckConstraint("kind IN ('汇总', '即时', '测试')", name="outbox_kind"),
        CheckConstraint("state IN ('待发', '重试', '已发', '失效')", name="outbox_state"),
        CheckConstraint("(kind = '汇总') = (digest_day IS NOT NULL)", name="outbox_digest_has_day"),
        CheckConstraint("(state = '已发') = (sent_at IS NOT NULL)", name="outbox_sent_when"),
        CheckConstraint(
            "(state IN ('待发', '重试')) = (next_try_at IS NOT NULL)",
            name="outbox_tried_again_when",
        ),
        CheckConstraint("tries >= 0 AND notices >= 0", name="outbox_counts"),
        CheckConstraint(
            "length(subject) BETWEEN 1 AND 80 AND length(body) BETWEEN 1 AND 1500"
            " AND length(last_error) <= 200",
            name="outbox_bounded",
        ),
        Index(
            "outbox_one_unsent",
            "channel",
            unique=True,
            postgresql_where=text("state IN ('待发', '重试') AND kind <> '测试'"),
        ),
        Index(
            "outbox_one_digest_a_day",
            "channel",
            "digest_day",
            unique=True,
            postgresql_where=text("digest_day IS NOT NULL"),
        ),
        Index("outbox_of_channel", "channel", "made_at"),
        Index("outbox_by_rollout", "rollout", "made_at"),
        Index("outbox_due", "next_try_at", postgresql_where=text("state IN ('待发', '重试')")),
    )

    id: int | None = serial_column()
    message_id: str = text_column()
    rollout: str = text_column()
    channel: int = big_column()
    kind: str = text_column()
    digest_day: date | None
    subject: str = text_column()
    body: str = text_column()
    notices: int = number_column()
    state: str = text_column()
    tries: int = number_column()
    made_at: datetime = instant_column()
    next_try_at: datetime | None = instant_column(nullable=True)
    claimed_until: datetime | None = instant_column(nullable=True)
    sent_at: datetime | None = instant_column(nullable=True)
    last_error: str = text_column()


class OutboxNotice(SQLModel, table=True):
    """That a notice goes out by a channel, and in which message; omitted when it no longer holds."""

    __tablename__ = "outbox_notice"
    __table_args__ = (
        ForeignKeyConstraint(
            ["notice_key"], ["notice.key"], name="outbox_notice_of_notice", ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["channel"], ["notice_channel.id"], name="outbox_notice_of_channel"),
        ForeignKeyConstraint(["message"], ["outbox.id"], name="outbox_notice_of_message"),
        CheckConstraint(
            "NOT is_omitted OR message IS NULL", name="outbox_notice_omitted_or_carried"
        ),
        Index(
            "outbox_notice_waiting",
            "channel",
            postgresql_where=text("message IS NULL AND NOT is_omitted"),
        ),
        Index("outbox_notice_by_message", "message"),
    )

    notice_key: str = text_column(key=True)
    channel: int = big_column(key=True)
    message: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    is_omitted: bool = Field(sa_column=Column(Boolean, nullable=False))


class SupervisionSlip(SQLModel, table=True):
    """A 督办单: drafted from an overdue step, up the ladder only when somebody has signed it."""

    __tablename__ = "supervision_slip"
    __table_args__ = (
        ForeignKeyConstraint(["rollout"], ["plan.rollout"], name="slip_of_rollout"),
        UniqueConstraint(
            "workflow_id", "step", "unit", "opened_at", "colour", name="slip_once_a_rung"
        ),
        CheckConstraint("colour IN ('蓝', '黄', '红')", name="slip_colour"),
        CheckConstraint("number >= 1 AND days >= 0", name="slip_counts"),
        CheckConstraint(
            "(signed_at IS NULL) = (signed_by = '') AND (signed_by = '') = (signed_unit = '')",
            name="slip_signed_by_somebody",
        ),
        CheckConstraint("length(body) BETWEEN 1 AND 2000", name="slip_says_something"),
        CheckConstraint("cardinality(targets) > 0", name="slip_has_target"),
    )

    rollout: str = text_column(key=True)
    number: int = number_column(key=True)
    colour: str = text_column()
    workflow_id: str = text_column()
    step: str = text_column()
    unit: str = text_column()
    district: str = text_column()
    opened_at: datetime = instant_column()
    due_date: date
    days: int = number_column()
    task: str = text_column()
    targets: list[str] = texts_column()
    body: str = text_column()
    drafted_at: datetime = instant_column()
    drafted_by: str = text_column()
    signed_at: datetime | None = instant_column(nullable=True)
    signed_by: str = text_column()
    signed_unit: str = text_column()
    paper: str = text_column()

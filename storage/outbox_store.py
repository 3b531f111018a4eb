"""Channels and the outbox: which notices go by which channel, in which message, sent or not.

A notice is ripe once the line of the log that it belongs to is confirmed: what a ghost told is
deleted by the journal before that. It is routed once, to the channels that hold then. A message
carries what waited at a channel; a channel has at most one that is not sent, so that what comes in
meanwhile waits and goes together. A claim keeps two senders apart and lapses, so that a message whose
sender died is sent again under the same id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.deadline import local_day
from domain.notices import AT_ONCE, DEAD_AFTER
from domain.unit import ACTING_ROLES
from storage.engine import Database
from storage.people_store import STAND_IN

_ROUTE = text(
    f"""
    WITH RECURSIVE {STAND_IN},
    ripe AS MATERIALIZED (
        SELECT n.key, n.rollout, n.unit, n.recipient FROM notice n
        WHERE n.routed_at IS NULL AND n.at <= :now AND (n.seq = 0 OR EXISTS (
            SELECT FROM log_entry l WHERE l.workflow_id = n.workflow_id AND l.seq = n.seq
            AND l.confirmed AND l.superseded_by IS NULL AND l.at <= n.at))
        ORDER BY n.at LIMIT :limit FOR UPDATE OF n SKIP LOCKED),
    desks AS (
        SELECT r.key, r.rollout, r.recipient, r.unit, false AS is_recorded FROM ripe r
        UNION
        SELECT r.key, r.rollout, r.recipient, o.recorder, true
        FROM ripe r JOIN directory_unit o ON o.rollout = r.rollout AND o.name = r.unit
        WHERE o.recorder <> ''),
    held AS (
        SELECT a.rollout, a.unit, a.person, a.role FROM appointment a
        WHERE a.valid_from <= :now AND (a.valid_to IS NULL OR a.valid_to > :now)),
    named AS (
        SELECT r.key, r.rollout, r.recipient AS person FROM ripe r
        WHERE EXISTS (SELECT FROM held h WHERE h.rollout = r.rollout AND h.person = r.recipient)),
    posts AS (
        SELECT d.key, d.rollout, h.person, h.role = d.recipient AND NOT d.is_recorded AS is_exact
        FROM desks d JOIN held h ON h.rollout = d.rollout AND h.unit = d.unit
        WHERE (h.role = ANY(CAST(:acting AS text[])) OR h.role = d.recipient)
        AND NOT EXISTS (SELECT FROM named n WHERE n.key = d.key)),
    meant AS (
        SELECT n.key, n.rollout, n.person FROM named n
        UNION
        SELECT p.key, p.rollout, p.person FROM posts p
        WHERE p.is_exact
        OR NOT EXISTS (SELECT FROM posts q WHERE q.key = p.key AND q.is_exact)),
    present AS (
        SELECT m.key, m.rollout, m.person FROM meant m
        WHERE NOT EXISTS (
            SELECT FROM away w WHERE w.rollout = m.rollout AND w.person = m.person)
        UNION
        SELECT m.key, m.rollout, s.substitute
        FROM meant m JOIN stand_in s ON s.rollout = m.rollout AND s.absent = m.person),
    ways AS (
        SELECT d.key, c.id FROM desks d JOIN notice_channel c
        ON c.rollout = d.rollout AND c.unit = d.unit AND c.unit <> '' AND c.valid_to IS NULL
        UNION
        SELECT p.key, c.id FROM present p JOIN notice_channel c
        ON c.rollout = p.rollout AND c.person = p.person AND c.valid_to IS NULL),
    put AS (
        INSERT INTO outbox_notice (notice_key, channel, message, is_omitted)
        SELECT w.key, w.id, NULL, false FROM ways w ON CONFLICT DO NOTHING)
    UPDATE notice n SET routed_at = :now FROM ripe r WHERE n.key = r.key RETURNING n.key
    """  # noqa: S608 - the inserted part is a constant
)
_READY: Final = """
    c.valid_to IS NULL AND c.dead_since IS NULL
    AND EXISTS (SELECT FROM outbox_notice w
                WHERE w.channel = c.id AND w.message IS NULL AND NOT w.is_omitted)
    AND NOT EXISTS (SELECT FROM outbox o WHERE o.channel = c.id AND o.kind <> '测试'
                    AND o.state IN ('待发', '重试'))
"""
_STANDING: Final = """
    c.id, c.rollout, c.district, c.unit, c.person,
    (SELECT max(o.made_at) FROM outbox o WHERE o.channel = c.id AND o.kind <> '测试') AS last_made,
    EXISTS (SELECT FROM outbox o WHERE o.channel = c.id AND o.digest_day = :today) AS digested,
    EXISTS (SELECT FROM outbox_notice w JOIN notice n ON n.key = w.notice_key
            WHERE w.channel = c.id AND w.message IS NULL AND NOT w.is_omitted
            AND n.level = ANY(CAST(:urgent AS text[]))) AS urgent
"""
_WAITING = text(
    # the inserted parts are the constants above
    f"SELECT {_STANDING} FROM notice_channel c WHERE {_READY} ORDER BY c.id"  # noqa: S608
)
_LOCKED = text(
    f"""
    SELECT {_STANDING} FROM notice_channel c WHERE c.id = :id AND {_READY}
    FOR UPDATE OF c SKIP LOCKED
    """  # noqa: S608
)
_TOLD = text(
    """
    SELECT n.key, n.level, n.workflow_id, n.step, n.unit, n.text, d.*
    FROM outbox_notice w JOIN notice n ON n.key = w.notice_key
    LEFT JOIN LATERAL (
        SELECT min(d.due_at) AS due_at, min(d.due_date) AS due_date,
               bool_or(d.provisional) AS provisional, array_agg(d.unit ORDER BY d.unit) AS waiting,
               (array_agg(d.verbs ORDER BY d.unit))[1:1] AS verbs
        FROM desk_item d
        WHERE d.workflow_id = n.workflow_id AND d.step = n.step AND d.purpose = '办理') d ON true
    WHERE w.channel = :channel AND w.message IS NULL AND NOT w.is_omitted
    ORDER BY n.at, n.key LIMIT :limit
    """
)
_OMIT = text(
    """
    UPDATE outbox_notice SET is_omitted = true
    WHERE channel = :channel AND message IS NULL AND notice_key = ANY(CAST(:keys AS text[]))
    """
)
_MAKE = text(
    """
    WITH made AS (
        INSERT INTO outbox (message_id, rollout, channel, kind, digest_day, subject, body, notices,
                            state, tries, made_at, next_try_at, claimed_until, sent_at, last_error)
        VALUES (:message_id, :rollout, :channel, :kind, :digest_day, :subject, :body, :notices,
                '待发', 0, :now, :now, NULL, NULL, '')
        RETURNING id)
    UPDATE outbox_notice w SET message = made.id FROM made
    WHERE w.channel = :channel AND w.message IS NULL AND w.notice_key = ANY(CAST(:keys AS text[]))
    """
)
_TRIAL = text(
    """
    INSERT INTO outbox (message_id, rollout, channel, kind, digest_day, subject, body, notices,
                        state, tries, made_at, next_try_at, claimed_until, sent_at, last_error)
    VALUES (:message_id, :rollout, :channel, '测试', NULL, :subject, :body, 0,
            '待发', 0, :now, :now, NULL, NULL, '')
    ON CONFLICT (message_id) DO NOTHING
    """
)
_DUE_PLACES = text(
    """
    SELECT DISTINCT c.rollout, c.district FROM outbox o JOIN notice_channel c ON c.id = o.channel
    WHERE o.state IN ('待发', '重试') AND o.next_try_at <= :now
    """
)
_CLAIM = text(
    """
    WITH due AS (
        SELECT o.id FROM outbox o JOIN notice_channel c ON c.id = o.channel
        WHERE o.state IN ('待发', '重试') AND o.next_try_at <= :now
        AND (o.claimed_until IS NULL OR o.claimed_until <= :now)
        AND (o.kind = '测试' OR (c.rollout, c.district) IN (
            SELECT * FROM unnest(CAST(:rollouts AS text[]), CAST(:districts AS text[]))))
        ORDER BY o.next_try_at, o.id LIMIT :limit FOR UPDATE OF o SKIP LOCKED)
    UPDATE outbox o SET claimed_until = :until, tries = o.tries + 1
    FROM due, notice_channel c
    WHERE o.id = due.id AND c.id = o.channel
    RETURNING o.id, o.message_id, o.kind, o.subject, o.body, o.rollout, o.channel, o.tries,
              c.unit, c.person, c.district, c.kind AS by, c.address, c.failures
    """
)
_SENT = text(
    """
    WITH sent AS (
        UPDATE outbox SET state = '已发', sent_at = :now, next_try_at = NULL, claimed_until = NULL,
                          last_error = ''
        WHERE id = :id AND state IN ('待发', '重试') RETURNING channel)
    UPDATE notice_channel c SET failures = 0, dead_since = NULL, last_ok_at = :now, last_error = ''
    FROM sent WHERE c.id = sent.channel
    """
)
_FAILED = text(
    """
    WITH failed AS (
        UPDATE outbox SET state = '重试', next_try_at = :next_try_at, claimed_until = NULL,
                          last_error = :error
        WHERE id = :id AND state IN ('待发', '重试') RETURNING channel)
    UPDATE notice_channel c SET failures = c.failures + 1, last_error = :error,
        dead_since = CASE WHEN c.failures + 1 >= :most THEN coalesce(c.dead_since, :now) END
    FROM failed WHERE c.id = failed.channel
    """
)
_TRIAL_FAILED = text(
    """
    UPDATE outbox SET state = '失效', next_try_at = NULL, claimed_until = NULL, last_error = :error
    WHERE id = :id AND state IN ('待发', '重试')
    """
)
_IN_FORCE = text(
    """
    SELECT * FROM notice_channel
    WHERE rollout = :rollout AND unit = :unit AND person = :person AND valid_to IS NULL
    AND (:kind = '' OR kind = :kind) ORDER BY kind FOR UPDATE
    """
)
_ADD = text(
    """
    INSERT INTO notice_channel (rollout, unit, person, district, kind, address, shown, content_key,
                                valid_from, valid_to, set_by, ended_by, failures, dead_since,
                                last_ok_at, last_error)
    VALUES (:rollout, :unit, :person, :district, :kind, :address, :shown, :content_key,
            :now, NULL, :by, '', 0, NULL, NULL, '')
    RETURNING id
    """
)
_END = text(
    """
    UPDATE notice_channel SET valid_to = greatest(CAST(:now AS timestamptz), valid_from),
                              ended_by = :by
    WHERE id = :id AND valid_to IS NULL
    """
)
_DROP_UNSENT = text(
    """
    UPDATE outbox SET state = '失效', next_try_at = NULL, claimed_until = NULL
    WHERE channel = :id AND state IN ('待发', '重试')
    """
)
_HAND_OVER = text(
    """
    INSERT INTO outbox_notice (notice_key, channel, message, is_omitted)
    SELECT w.notice_key, :to, NULL, false
    FROM outbox_notice w LEFT JOIN outbox o ON o.id = w.message
    WHERE w.channel = :id AND NOT w.is_omitted AND (o.id IS NULL OR o.state = '失效')
    ON CONFLICT DO NOTHING
    """
)
_UNWAIT = text(
    """
    UPDATE outbox_notice SET is_omitted = true
    WHERE channel = :id AND message IS NULL AND NOT is_omitted
    """
)
_ANY_DEAD = text(
    """
    SELECT count(*) FROM notice_channel
    WHERE (:rollout = '' OR rollout = :rollout) AND valid_to IS NULL AND dead_since IS NOT NULL
    """
)

NOTICES_A_TURN: Final = 500
"""Notices routed in one statement; the next turn takes the rest."""

MOST_CARRIED: Final = 2_000
"""Notices of one message: a week of everything at one desk."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A channel with notices that wait and no message that is not sent."""

    id: int
    rollout: str
    district: str
    unit: str
    person: str
    last_made: datetime | None
    digested: bool
    urgent: bool


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message to make of notices."""

    message_id: str
    rollout: str
    channel: int
    kind: str
    digest_day: date | None
    subject: str
    body: str
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A message that is this sender's until the claim lapses; ``address`` is sealed."""

    id: int
    message_id: str
    kind: str
    subject: str
    body: str
    rollout: str
    channel: int
    tries: int
    unit: str
    person: str
    district: str
    by: str
    address: str
    failures: int


async def route(database: Database, now: datetime) -> int:
    """This will find the channels of notices whose line is confirmed; returns how many notices."""
    asked = {
        "now": now,
        "today": local_day(now),
        "rollout": "",
        "acting": [str(role) for role in sorted(ACTING_ROLES)],
        "limit": NOTICES_A_TURN,
    }
    async with database.single() as connection:
        return len((await connection.execute(_ROUTE, asked)).all())


async def waiting_channels(database: Database, now: datetime) -> tuple[Waiting, ...]:
    """This will list channels at which something waits to be put into a message."""
    async with database.single() as connection:
        rows = await connection.execute(_WAITING, _asked(now))
        return tuple(_waiting(row) for row in rows)


async def lock_channel(connection: AsyncConnection, channel: int, now: datetime) -> Waiting | None:
    """This will hold a channel to make its message; None if another does, or nothing waits now."""
    row = (await connection.execute(_LOCKED, {**_asked(now), "id": channel})).one_or_none()
    return _waiting(row) if row else None


async def read_told(connection: AsyncConnection, channel: int) -> Sequence[Row[Any]]:
    """This will read the notices that wait at a channel, with how their steps stand."""
    asked = {"channel": channel, "limit": MOST_CARRIED}
    return (await connection.execute(_TOLD, asked)).all()


async def omit(connection: AsyncConnection, channel: int, keys: Sequence[str]) -> None:
    """This will leave out notices that have been seen to."""
    if keys:
        await connection.execute(_OMIT, {"channel": channel, "keys": list(keys)})


async def make(connection: AsyncConnection, message: Message, now: datetime) -> None:
    """This will put notices into a message that waits to be sent."""
    said = {**vars(message), "keys": list(message.keys), "notices": len(message.keys), "now": now}
    await connection.execute(_MAKE, said)


async def make_trial(connection: AsyncConnection, message: Message, now: datetime) -> None:
    """This will put a test of a channel beside what waits; the same one only once."""
    await connection.execute(_TRIAL, {**vars(message), "now": now})


async def due_places(database: Database, now: datetime) -> tuple[tuple[str, str], ...]:
    """This will list the rollouts and districts that have a message to send."""
    async with database.single() as connection:
        rows = await connection.execute(_DUE_PLACES, {"now": now})
        return tuple((row.rollout, row.district) for row in rows)


async def claim(
    database: Database,
    now: datetime,
    until: datetime,
    *,
    places: Sequence[tuple[str, str]],
    limit: int,
) -> tuple[Claimed, ...]:
    """This will take messages to send, those of open offices and tests; nobody else has them."""
    asked = {
        "now": now,
        "until": until,
        "rollouts": [rollout for rollout, _ in places],
        "districts": [district for _, district in places],
        "limit": limit,
    }
    async with database.single() as connection:
        rows = await connection.execute(_CLAIM, asked)
        return tuple(Claimed(**row._mapping) for row in rows)  # noqa: SLF001 - a row's public name


async def mark_sent(database: Database, message: int, now: datetime) -> None:
    """This will say that a message has gone; its channel is alive."""
    async with database.single() as connection:
        await connection.execute(_SENT, {"id": message, "now": now})


async def mark_failed(
    database: Database, message: Claimed, error: str, *, now: datetime, next_try_at: datetime
) -> None:
    """This will say that a message has not gone; a test is not tried again."""
    said: dict[str, Any] = {"id": message.id, "error": error[:200]}
    async with database.single() as connection:
        if message.kind == "测试":
            await connection.execute(_TRIAL_FAILED, said)
            return
        said |= {"now": now, "next_try_at": next_try_at, "most": DEAD_AFTER}
        await connection.execute(_FAILED, said)


async def channels_in_force(
    connection: AsyncConnection, rollout: str, unit: str, person: str, kind: str = ""
) -> Sequence[Row[Any]]:
    """This will hold the channels in force of a unit or a person."""
    asked = {"rollout": rollout, "unit": unit, "person": person, "kind": kind}
    return (await connection.execute(_IN_FORCE, asked)).all()


async def set_channel(
    connection: AsyncConnection, channel: dict[str, Any], replaced: Sequence[int]
) -> int:
    """This will put a channel in force in place of others; what they did not send goes by it."""
    for old in replaced:
        await end_channel(connection, old, now=channel["now"], by=channel["by"], lose=False)
    new: int = (await connection.execute(_ADD, channel)).scalar_one()
    for old in replaced:
        await connection.execute(_HAND_OVER, {"id": old, "to": new})
        await connection.execute(_UNWAIT, {"id": old})
    return new


async def end_channel(
    connection: AsyncConnection, channel: int, *, now: datetime, by: str, lose: bool = True
) -> None:
    """This will end a channel; what it has not sent is for the call list, unless handed over."""
    await connection.execute(_END, {"id": channel, "now": now, "by": by})
    await connection.execute(_DROP_UNSENT, {"id": channel})
    if lose:
        await connection.execute(_UNWAIT, {"id": channel})


async def dead_channels(connection: AsyncConnection, rollout: str = "") -> int:
    """This will count the channels in force that are dead; of every rollout without a name."""
    found: int = (await connection.execute(_ANY_DEAD, {"rollout": rollout})).scalar_one()
    return found


def _asked(now: datetime) -> dict[str, Any]:
    return {"today": local_day(now), "urgent": sorted(AT_ONCE)}


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(**row._mapping)  # noqa: SLF001 - a row's public name

"""Reading what was told and what was not: messages, channels, the call list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.deadline import local_day, office_instant
from domain.unit import ACTING_ROLES, Role
from storage.people_store import STAND_IN

_MESSAGES = text(
    """
    SELECT o.*, c.unit, c.person, c.kind AS by
    FROM outbox o JOIN notice_channel c ON c.id = o.channel
    WHERE o.rollout = :rollout AND (:unit = '' OR c.unit = :unit)
    AND CASE WHEN cardinality(CAST(:ids AS text[])) > 0 THEN o.message_id = ANY(:ids)
        ELSE o.made_at >= :midnight OR o.sent_at >= :midnight OR o.state IN ('待发', '重试') END
    ORDER BY o.made_at, o.id
    """
)
_WAITING = text(
    """
    SELECT c.unit, c.person, c.kind AS by, count(*) AS notices, c.dead_since IS NOT NULL AS dead
    FROM outbox_notice w JOIN notice_channel c ON c.id = w.channel
    WHERE w.message IS NULL AND NOT w.is_omitted AND c.rollout = :rollout
    AND (:unit = '' OR c.unit = :unit)
    GROUP BY c.id ORDER BY c.id
    """
)
_UNROUTED = text(
    "SELECT count(*) FROM notice WHERE routed_at IS NULL AND rollout = :rollout AND at <= :now"
)
_CHANNELS = text(
    """
    SELECT * FROM notice_channel
    WHERE rollout = :rollout AND valid_to IS NULL AND (:unit = '' OR unit = :unit)
    ORDER BY dead_since IS NULL, unit = '', unit, person, kind
    """
)
_CALLS = text(
    f"""
    WITH RECURSIVE {STAND_IN},
    due AS (
        SELECT d.workflow_id, d.step, d.unit, d.due_at, d.due_date, d.waiting_for, d.urged, b.task,
               coalesce(nullif(u.recorder, ''), d.unit) AS desk
        FROM desk_item d JOIN board_row b USING (workflow_id)
        LEFT JOIN directory_unit u ON u.rollout = b.rollout AND u.name = d.unit
        WHERE b.rollout = :rollout AND b.ended_at IS NULL AND (:unit = '' OR d.unit = :unit)
        AND (d.due_at <= :now OR d.yellow_at <= :now)),
    desks AS (SELECT DISTINCT d.desk FROM due d),
    held AS (
        SELECT k.desk, a.person, a.role FROM desks k
        JOIN appointment a ON a.rollout = :rollout AND a.unit = k.desk
        WHERE a.role = ANY(CAST(:acting AS text[]))
        AND a.valid_from <= :now AND (a.valid_to IS NULL OR a.valid_to > :now)),
    there AS (
        SELECT h.desk, h.person, h.role FROM held h
        WHERE NOT EXISTS (SELECT FROM away w WHERE w.person = h.person)
        UNION
        SELECT h.desk, s.substitute, h.role || '（代' || h.person || '）'
        FROM held h JOIN stand_in s ON s.absent = h.person),
    people AS (
        SELECT t.desk, json_agg(json_build_array(t.person, t.role) ORDER BY
            array_position(CAST(:acting AS text[]), t.role), t.person) AS people,
            array_agg(t.person) AS names
        FROM there t GROUP BY t.desk),
    ways AS (
        SELECT k.desk, bool_or(c.dead_since IS NULL) AS alive
        FROM desks k LEFT JOIN people p USING (desk)
        JOIN notice_channel c ON c.rollout = :rollout AND c.valid_to IS NULL
        AND (c.unit = k.desk OR c.person <> '' AND c.person = ANY(p.names))
        GROUP BY k.desk)
    SELECT d.*, coalesce(p.people, '[]') AS people, w.alive
    FROM due d LEFT JOIN people p USING (desk) LEFT JOIN ways w USING (desk)
    WHERE d.due_at <= :now OR w.alive IS NOT TRUE
    ORDER BY d.due_at, d.workflow_id, d.step, d.unit
    """  # noqa: S608 - the inserted part is a constant
)
_MENTIONED_FIRST = (Role.HANDLER, Role.HEAD, Role.SUBSTITUTE)


async def read_messages(
    connection: AsyncConnection,
    rollout: str,
    now: datetime,
    *,
    unit: str = "",
    ids: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """This will read today's messages and those still unsent; or only those named by ``ids``."""
    asked = {"rollout": rollout, "unit": unit, "ids": list(ids), "midnight": _midnight(now)}
    return (await connection.execute(_MESSAGES, asked)).all()


async def read_waiting(
    connection: AsyncConnection, rollout: str, unit: str = ""
) -> Sequence[Row[Any]]:
    """This will count the notices that wait at each channel."""
    return (await connection.execute(_WAITING, {"rollout": rollout, "unit": unit})).all()


async def count_unrouted(connection: AsyncConnection, rollout: str, now: datetime) -> int:
    """This will count the notices whose line of the log is not confirmed yet."""
    found = await connection.execute(_UNROUTED, {"rollout": rollout, "now": now})
    count: int = found.scalar_one()
    return count


async def read_channels(
    connection: AsyncConnection, rollout: str, unit: str = ""
) -> Sequence[Row[Any]]:
    """This will read the channels in force, dead ones first."""
    return (await connection.execute(_CHANNELS, {"rollout": rollout, "unit": unit})).all()


async def read_calls(
    connection: AsyncConnection, rollout: str, now: datetime, unit: str = ""
) -> Sequence[Row[Any]]:
    """This will read the open items that somebody must be called about.

    What is overdue, and what is yellow at desks that no living channel reaches.
    """
    first = [role.value for role in _MENTIONED_FIRST if role in ACTING_ROLES]
    asked = {
        "rollout": rollout,
        "unit": unit,
        "now": now,
        "today": local_day(now),
        "acting": first,
    }
    return (await connection.execute(_CALLS, asked)).all()


def _midnight(now: datetime) -> datetime:
    day: date = local_day(now)
    return office_instant(day, "00:00")

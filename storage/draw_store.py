"""Draws on file: prepared once, drawn once, published once; a reading of a sample is noted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import RunKey

_PREPARE = text(
    """
    INSERT INTO audit_draw (rollout, plan, label, prepared_at, population_size, population_hash,
        rule_hash, commitment, secret, reader, public_source, public_number, letter, record)
    VALUES (:rollout, :plan, :label, :prepared_at, :population_size, :population_hash,
        :rule_hash, :commitment, :secret, :reader, :public_source, '', '', '')
    ON CONFLICT (rollout, plan, label) DO NOTHING
    """
)
_READ = text("SELECT * FROM audit_draw WHERE (rollout, plan, label) = (:rollout, :plan, :label)")
_HOLD = text(
    "SELECT * FROM audit_draw WHERE (rollout, plan, label) = (:rollout, :plan, :label)"
    " FOR NO KEY UPDATE"
)
_DRAW = text(
    """
    UPDATE audit_draw SET drawn_at = :at, letter = :letter, public_number = :public_number
    WHERE (rollout, plan, label) = (:rollout, :plan, :label)
    """
)
_PUBLISH = text(
    """
    UPDATE audit_draw SET published_at = :at, record = :record
    WHERE (rollout, plan, label) = (:rollout, :plan, :label)
    """
)
_NOTE = text(
    """
    INSERT INTO audit_draw_read (rollout, plan, label, person, unit, at)
    VALUES (:rollout, :plan, :label, :person, :unit, :at)
    """
)
_NEWEST = text(
    """
    SELECT label FROM audit_draw WHERE (rollout, plan) = (:rollout, :plan)
    AND (drawn_at IS NOT NULL OR label = ANY(:standing))
    ORDER BY drawn_at DESC NULLS LAST, prepared_at DESC LIMIT 1
    """
)
_IS_MISSED = text(
    """
    SELECT count(*) FROM audit_run
    WHERE (rollout, plan, label) = (:rollout, :plan, :label) AND state = '漏检'
    """
)
_READINGS = text(
    """
    SELECT person, unit, at FROM audit_draw_read
    WHERE (rollout, plan, label) = (:rollout, :plan, :label) ORDER BY id
    """
)


async def prepare_draw(connection: AsyncConnection, key: RunKey, row: dict[str, Any]) -> None:
    """This will keep what a draw rests on; a window that has some keeps it."""
    await connection.execute(_PREPARE, _named(key) | row)


async def read_draw(
    connection: AsyncConnection, key: RunKey, *, to_change: bool = False
) -> Row[Any] | None:
    """This will read the draw of a window; ``to_change`` holds it until the transaction ends."""
    return (await connection.execute(_HOLD if to_change else _READ, _named(key))).one_or_none()


async def keep_drawn(
    connection: AsyncConnection, key: RunKey, at: datetime, letter: str, public_number: str
) -> None:
    """This will keep a sample, sealed."""
    given = {"at": at, "letter": letter, "public_number": public_number}
    await connection.execute(_DRAW, _named(key) | given)


async def keep_record(connection: AsyncConnection, key: RunKey, at: datetime, record: str) -> None:
    """This will publish the proof of a draw."""
    await connection.execute(_PUBLISH, _named(key) | {"at": at, "record": record})


async def note_reading(
    connection: AsyncConnection, key: RunKey, person: str, unit: str, at: datetime
) -> None:
    """This will note who reads a sample."""
    given = {"person": person, "unit": unit, "at": at}
    await connection.execute(_NOTE, _named(key) | given)


async def newest_window(
    connection: AsyncConnection, rollout: str, plan: str, standing: Collection[str]
) -> str:
    """The window that was drawn last, else of those that stand the one prepared last; or empty."""
    given = {"rollout": rollout, "plan": plan, "standing": list(standing)}
    found = await connection.execute(_NEWEST, given)
    return str(found.scalar_one_or_none() or "")


async def is_missed(connection: AsyncConnection, key: RunKey) -> bool:
    """Whether a window was reported as missed; its draw is not made any more."""
    return bool((await connection.execute(_IS_MISSED, _named(key))).scalar_one())


async def read_readings(connection: AsyncConnection, key: RunKey) -> tuple[Row[Any], ...]:
    """This will list who read a sample before it was published, in order."""
    return tuple((await connection.execute(_READINGS, _named(key))).all())


def _named(key: RunKey) -> dict[str, Any]:
    return {"rollout": key.rollout, "plan": key.plan, "label": key.window}

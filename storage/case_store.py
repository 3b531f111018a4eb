"""Reads of the register of cases, and the settings of a rollout's cases; pages go by key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case_limits import NO_LIMIT_DAY

_LATE_CLOCK = "(c.was_late OR c.late_from <= :now)"
_MATCHING = f"""
    FROM case_row c
    WHERE (:rollout = '' OR c.rollout = :rollout)
    AND (:unit = '' OR :unit IN (c.street, c.sender)
        OR :unit = ANY(string_to_array(c.receiver, '、')))
    AND (:kind = '' OR c.kind = :kind)
    AND (CASE WHEN :status = '' THEN c.status <> :not_admitted ELSE c.status = :status END)
    AND (:item = '' OR c.item = :item)
    AND (NOT :open_only OR c.ended_at IS NULL)
    AND (NOT :late_only OR {_LATE_CLOCK})
    AND (CAST(:since AS timestamptz) IS NULL OR c.opened_at >= :since)
    AND (CAST(:before AS timestamptz) IS NULL OR c.opened_at < :before)
"""
_AT_DESKS = """
    LEFT JOIN LATERAL (
        SELECT bool_or(d.due_at <= :now) AS red, bool_or(d.yellow_at <= :now) AS yellow,
            array_agg(DISTINCT d.step) FILTER (WHERE d.purpose = '办理') AS open_steps,
            array_agg(DISTINCT d.step || '：' || d.unit) FILTER (WHERE d.purpose = '办理') AS waiting,
            min(d.due_at) FILTER (WHERE d.due_date < :no_limit) AS next_due_at
        FROM desk_item d WHERE d.workflow_id = c.workflow_id) d ON true
"""
_LIST = text(
    f"""
    SELECT c.*, d.red, d.yellow, d.open_steps, d.waiting, d.next_due_at
    FROM (SELECT c.* {_MATCHING}
        AND (CAST(:after_at AS timestamptz) IS NULL
            OR (c.opened_at, c.workflow_id) < (:after_at, :after_id))
        ORDER BY c.opened_at DESC, c.workflow_id DESC LIMIT :limit) c
    {_AT_DESKS}
    ORDER BY c.opened_at DESC, c.workflow_id DESC
    """  # noqa: S608 - the inserted parts are the constants above
)
_COUNTS = text(
    f"""
    SELECT count(*) AS total, count(*) FILTER (WHERE c.ended_at IS NULL) AS open,
        count(*) FILTER (WHERE {_LATE_CLOCK}) AS late
    {_MATCHING}
    """
)
_TRIED = """
    FROM case_attempt a
    WHERE (:rollout = '' OR a.rollout = :rollout)
    AND (:unit = '' OR :unit IN (a.street, a.sender))
    AND (:kind = '' OR a.kind = :kind)
    AND (:item = '' OR a.item = :item)
    AND (a.breach OR NOT :breaches_only)
    AND (CAST(:since AS timestamptz) IS NULL OR a.at >= :since)
    AND (CAST(:before AS timestamptz) IS NULL OR a.at < :before)
"""
_ATTEMPTS = text(
    f"""
    SELECT a.* {_TRIED}
    AND (CAST(:after_at AS timestamptz) IS NULL
        OR (a.at, a.workflow_id, a.action_id) < (:after_at, :after_id, :after_action))
    ORDER BY a.at DESC, a.workflow_id DESC, a.action_id DESC LIMIT :limit
    """
)
_ATTEMPT_COUNTS = text(f"SELECT count(*), count(*) FILTER (WHERE a.breach) {_TRIED}")
_FIND = text(
    f"""
    SELECT c.*, d.red, d.yellow, d.open_steps, d.waiting, d.next_due_at
    FROM (SELECT c.* FROM case_row c
        WHERE (:rollout = '' OR c.rollout = :rollout)
        AND (c.workflow_id = :text OR reverse(c.number) LIKE :backwards)
        ORDER BY c.workflow_id = :text OR c.number = :text DESC, c.ended_at IS NOT NULL,
            c.status = :not_admitted, c.opened_at DESC LIMIT :limit) c
    {_AT_DESKS}
    ORDER BY c.workflow_id = :text OR c.number = :text DESC, c.ended_at IS NOT NULL,
        c.status = :not_admitted, c.opened_at DESC
    """  # noqa: S608 - the inserted part is the constant above
)
_UNKNOWN = text(
    """
    SELECT asked.name FROM (VALUES (1, :rollout), (2, :unit)) asked (place, name)
    WHERE asked.name <> ''
    AND NOT EXISTS (SELECT FROM plan p WHERE asked.place = 1 AND p.rollout = asked.name)
    AND NOT EXISTS (SELECT FROM directory_unit u WHERE asked.place = 2 AND u.name = asked.name
        AND (:rollout = '' OR u.rollout = :rollout))
    ORDER BY asked.place
    """
)
_SETTINGS = text(
    """
    SELECT * FROM case_setting
    WHERE rollout = :rollout AND (:version = 0 OR version = :version)
    ORDER BY version DESC LIMIT 1
    """
)
_SETTLE = text(
    """
    INSERT INTO case_setting (rollout, version, settings, document, content_hash, paper, person, at)
    VALUES (:rollout, :version, CAST(:settings AS jsonb), :document, :content_hash, :paper,
        :person, :at)
    """
)


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """Which cases: empty conditions leave all; ``since`` and ``before`` are instants."""

    now: datetime
    not_admitted: str
    rollout: str = ""
    unit: str = ""
    kind: str = ""
    status: str = ""
    item: str = ""
    open_only: bool = False
    late_only: bool = False
    since: datetime | None = None
    before: datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """The bound values of the statements above."""
        return {**vars(self), "no_limit": NO_LIMIT_DAY}


@dataclass(frozen=True, kw_only=True)
class CaseCounts:
    """Counts over all cases that match; ``breaches`` are attempts."""

    total: int = 0
    open: int = 0
    late: int = 0
    breaches: int = 0


@dataclass(frozen=True, kw_only=True)
class NewSettings:
    """Settings to store: ``settings`` in JSON, ``document`` as it was written."""

    rollout: str
    settings: dict[str, Any]
    document: str
    content_hash: str
    paper: str
    person: str
    at: datetime


async def read_cases(
    connection: AsyncConnection,
    wanted: CaseFilter,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """This will read cases, the newest first; ``red`` and ``yellow`` hold at ``now``."""
    place = {"after_at": after[0] if after else None, "after_id": after[1] if after else ""}
    asked = {**wanted.parameters(), **place, "limit": limit}
    return (await connection.execute(_LIST, asked)).all()


async def count_cases(connection: AsyncConnection, wanted: CaseFilter) -> CaseCounts:
    """This will count all cases that match, and the breaches of the same period and unit."""
    asked = wanted.parameters()
    row = (await connection.execute(_COUNTS, asked)).one()
    tried = {**asked, "breaches_only": True}
    breaches = (await connection.execute(_ATTEMPT_COUNTS, tried)).one()[1]
    return CaseCounts(total=row.total, open=row.open, late=row.late, breaches=breaches)


async def read_attempts(
    connection: AsyncConnection,
    wanted: CaseFilter,
    after: tuple[datetime, str, str] | None,
    limit: int,
    *,
    breaches_only: bool,
) -> Sequence[Row[Any]]:
    """This will read openings that were refused, the newest first."""
    asked = {
        **wanted.parameters(),
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else "",
        "after_action": after[2] if after else "",
        "breaches_only": breaches_only,
        "limit": limit,
    }
    return (await connection.execute(_ATTEMPTS, asked)).all()


async def count_attempts(
    connection: AsyncConnection, wanted: CaseFilter, *, breaches_only: bool
) -> CaseCounts:
    """This will count the attempts that match."""
    asked = {**wanted.parameters(), "breaches_only": breaches_only}
    row = (await connection.execute(_ATTEMPT_COUNTS, asked)).one()
    return CaseCounts(total=row[0], breaches=row[1])


async def find_cases(
    connection: AsyncConnection, wanted: CaseFilter, typed: str, limit: int
) -> Sequence[Row[Any]]:
    """This will read cases whose number ends with ``typed``, or that have it as their whole id."""
    asked = {
        **wanted.parameters(),
        "text": typed,
        "backwards": f"{_literal(typed[::-1])}%",
        "limit": limit,
    }
    return (await connection.execute(_FIND, asked)).all()


async def unknown_names(connection: AsyncConnection, rollout: str, unit: str) -> tuple[str, ...]:
    """This will name the rollout and unit asked for that stand in no register."""
    asked = {"rollout": rollout, "unit": unit}
    return tuple((await connection.execute(_UNKNOWN, asked)).scalars())


async def settings_of(
    connection: AsyncConnection, rollout: str, version: int = 0
) -> Row[Any] | None:
    """This will read a rollout's settings at a version, 0 for the newest; None before the first."""
    asked = {"rollout": rollout, "version": version}
    return (await connection.execute(_SETTINGS, asked)).one_or_none()


async def store_settings(connection: AsyncConnection, new: NewSettings) -> int:
    """This will store settings as the next version and return it; the rollout must be held."""
    newest = await settings_of(connection, new.rollout)
    version = newest.version + 1 if newest is not None else 1
    given = {
        **vars(new),
        "version": version,
        "settings": json.dumps(new.settings, ensure_ascii=False),
    }
    await connection.execute(_SETTLE, given)
    return version


def _literal(typed: str) -> str:
    """A text in which LIKE finds nothing but itself."""
    return typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

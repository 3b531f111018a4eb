"""Reading the read models: inboxes, boards, logs, procedures by the end of their id.

Every list is in pages by key, not by offset, so that a page stays right while rows come and go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case import DAILY_PROCEDURES
from domain.deadline import local_day
from domain.unit import ACTING_ROLES, Role
from storage.people_store import STAND_IN

INBOX_ROLES = sorted({*ACTING_ROLES, Role.FIRST_SECRETARY, Role.COORDINATOR})
"""Roles whose holder finds the unit's items in the own inbox; 报送 is the 第一书记's (0-36)."""

_REACH = f"""
    WITH RECURSIVE {STAND_IN},
    hats AS (
        SELECT s.rollout, s.absent AS person, '代办' || s.absent AS capacity FROM stand_in s
        WHERE s.substitute = :person),
    posts AS (
        SELECT a.rollout, a.unit, a.role, '' AS capacity, 0 AS rank FROM appointment a
        WHERE a.person = :person AND a.role = ANY(CAST(:roles AS text[]))
        AND a.valid_from <= :now AND (a.valid_to IS NULL OR a.valid_to > :now)
        UNION ALL
        SELECT a.rollout, a.unit, a.role, h.capacity, 1
        FROM hats h JOIN appointment a ON a.rollout = h.rollout AND a.person = h.person
        WHERE a.role = ANY(CAST(:roles AS text[]))
        AND a.valid_from <= :now AND (a.valid_to IS NULL OR a.valid_to > :now)),
    reach AS (
        SELECT p.rollout, p.unit, p.capacity, p.rank FROM posts p
        UNION ALL
        SELECT o.rollout, o.name, '代录', 2 FROM posts p JOIN directory_unit o
        ON o.rollout = p.rollout AND o.recorder = p.unit AND o.recorder <> ''
        WHERE p.role = ANY(CAST(:acting AS text[]))),
    organs AS (
        SELECT o.rollout, o.name AS unit FROM directory_unit o
        WHERE o.recorder = :unit AND o.recorder <> '')
"""  # noqa: S608 - the inserted part is a constant
"""The units for which a person acts, with the capacity: an own post (empty), 代办 somebody, 代录.

``organs`` are those without a desk for which the asked unit records.
"""

_INBOX_FROM = """
    FROM desk_item d JOIN board_row b USING (workflow_id)
    WHERE (:unit = '' OR d.unit = ANY(ARRAY(
        SELECT CAST(:unit AS text) UNION ALL SELECT o.unit FROM organs o)))
    AND (:unit = '' OR d.unit = :unit OR (b.rollout, d.unit) IN (SELECT * FROM organs))
    AND (:rollout = '' OR b.rollout = :rollout)
    AND (NOT :overdue_only OR d.due_at <= :now)
    AND (:person = '' OR d.waiting_for = :person
         OR (b.rollout, d.waiting_for) IN (SELECT h.rollout, h.person FROM hats h)
         OR (b.rollout, d.unit) IN (SELECT r.rollout, r.unit FROM reach r))
"""
_INBOX = text(
    # the inserted parts are the constants above
    f"""
    {_REACH}
    SELECT d.*, b.rollout, b.unit AS subject_unit, b.task,
        CASE WHEN :person <> '' AND d.waiting_for <> :person THEN coalesce(
            (SELECT h.capacity FROM hats h
             WHERE h.rollout = b.rollout AND h.person = d.waiting_for),
            (SELECT r.capacity FROM reach r WHERE r.rollout = b.rollout AND r.unit = d.unit
             ORDER BY r.rank, r.capacity LIMIT 1), '')
        WHEN :person = '' AND :unit NOT IN ('', d.unit) THEN '代录' ELSE '' END AS capacity,
        (SELECT count(*) FROM log_entry l
         WHERE l.workflow_id = d.workflow_id AND l.step = d.step AND l.kind = '提醒'
         AND l.at >= d.opened_at AND l.superseded_by IS NULL) AS reminders
    {_INBOX_FROM}
    AND (CAST(:after_due AS timestamptz) IS NULL
         OR (d.due_at, d.workflow_id, d.step, d.unit, d.purpose)
            > (:after_due, :after_id, :after_step, :after_unit, :after_purpose))
    ORDER BY d.due_at, d.workflow_id, d.step, d.unit, d.purpose
    LIMIT :limit
    """  # noqa: S608
)
_INBOX_COUNTS = text(
    f"""
    {_REACH}
    SELECT count(*) AS total, count(*) FILTER (WHERE d.due_at <= :now) AS overdue {_INBOX_FROM}
    """
)
_UNKNOWN = text(
    """
    SELECT asked.name FROM (VALUES (1, :rollout), (2, :unit), (3, :person)) asked (place, name)
    WHERE asked.name <> ''
    AND NOT EXISTS (SELECT FROM plan p WHERE asked.place = 1 AND p.rollout = asked.name)
    AND NOT EXISTS (SELECT FROM directory_unit u WHERE asked.place = 2 AND u.name = asked.name
        AND (:rollout = '' OR u.rollout = :rollout))
    AND NOT EXISTS (SELECT FROM appointment a WHERE asked.place = 3 AND a.person = asked.name
        AND (:rollout = '' OR a.rollout = :rollout))
    ORDER BY asked.place
    """
)
_NEAR_UNITS = text(
    """
    SELECT DISTINCT u.name FROM directory_unit u
    WHERE u.name LIKE :ending AND (:rollout = '' OR u.rollout = :rollout)
    ORDER BY u.name LIMIT :limit
    """
)
_NOTICES = text(
    f"""
    {_REACH}
    SELECT n.* FROM notice n
    WHERE n.at <= :now
    AND (:unit = '' OR n.unit = ANY(ARRAY(
        SELECT CAST(:unit AS text) UNION ALL SELECT o.unit FROM organs o)))
    AND (:unit = '' OR n.unit = :unit OR (n.rollout, n.unit) IN (SELECT * FROM organs))
    AND (:rollout = '' OR n.rollout = :rollout)
    AND (:person = '' OR n.recipient = :person
         OR (n.rollout, n.recipient) IN (SELECT h.rollout, h.person FROM hats h)
         OR (n.rollout, n.unit) IN (SELECT r.rollout, r.unit FROM reach r))
    ORDER BY n.at DESC, n.key LIMIT :limit
    """  # noqa: S608 - the inserted part is the constant above
)
OF_A_PLAN = "b.procedure NOT IN ({})".format(", ".join(f"'{p}'" for p in DAILY_PROCEDURES))
"""True of rows that stand for a row of a plan: cases and lists of duties are daily work beside it."""

_BOARD = text(
    """
    SELECT b.*, d.red, d.yellow FROM board_row b
    LEFT JOIN LATERAL (
        SELECT bool_or(d.due_at <= :now) AS red, bool_or(d.yellow_at <= :now) AS yellow
        FROM desk_item d WHERE d.workflow_id = b.workflow_id) d ON true
    WHERE b.workflow_id = ANY(CAST(:ids AS text[]))
    """
)
_BOARD_IDS = text(
    f"""
    SELECT b.workflow_id FROM board_row b
    WHERE b.rollout = :rollout AND {OF_A_PLAN} ORDER BY b.unit, b.row_id
    """  # noqa: S608 - the inserted part is the constant above
)
_BOARD_AS_OF = text(
    """
    SELECT b.workflow_id, b.district, b.unit, b.row_id, b.item, b.task, l.state
    FROM board_row b
    JOIN LATERAL (
        SELECT l.state FROM log_entry l
        WHERE l.workflow_id = b.workflow_id AND l.at < :before AND l.superseded_by IS NULL
        ORDER BY l.seq DESC LIMIT 1) l ON true
    WHERE b.workflow_id = ANY(CAST(:ids AS text[]))
    """
)
_LOG = text(
    """
    SELECT l.* FROM log_entry l
    WHERE (l.workflow_id = :workflow_id OR l.workflow_id LIKE :below)
    AND (CAST(:after_at AS timestamptz) IS NULL
         OR (l.at, l.workflow_id, l.seq, l.run_id)
            > (:after_at, :after_id, CAST(:after_seq AS bigint), :after_run))
    ORDER BY l.at, l.workflow_id, l.seq, l.run_id LIMIT :limit
    """
)
_FIND = text(
    """
    SELECT b.workflow_id, EXISTS (
        SELECT FROM desk_item d WHERE d.workflow_id = b.workflow_id AND d.step = :step) AS is_open
    FROM board_row b
    WHERE reverse(b.workflow_id) LIKE :backwards OR b.workflow_id = :whole
    ORDER BY b.ended_at IS NOT NULL, b.workflow_id LIMIT :limit
    """
)
_OPEN_ITEMS = text(
    """
    SELECT d.workflow_id, d.step, d.unit, d.due_date, d.provisional, d.due_basis,
           b.rollout, b.district
    FROM desk_item d JOIN board_row b USING (workflow_id)
    WHERE d.due_basis IS NOT NULL AND b.ended_at IS NULL
    ORDER BY d.workflow_id, d.step, d.unit
    """
)
_BELOW = text(
    """
    SELECT workflow_id FROM board_row
    WHERE ended_at IS NULL AND calendar_version < :version AND workflow_id > :after
    ORDER BY workflow_id LIMIT :limit
    """
)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Whose desk is asked for, at what moment; empty texts mean everybody's."""

    now: datetime
    unit: str = ""
    person: str = ""
    rollout: str = ""
    overdue_only: bool = False

    def parameters(self) -> dict[str, Any]:
        """The bound values of the statements above."""
        return {
            "now": self.now,
            "unit": self.unit,
            "person": self.person,
            "rollout": self.rollout,
            "overdue_only": self.overdue_only,
            "today": local_day(self.now),
            "roles": [str(role) for role in INBOX_ROLES],
            "acting": [str(role) for role in sorted(ACTING_ROLES)],
        }


@dataclass(frozen=True, kw_only=True)
class ItemKey:
    """The place of an item in an inbox."""

    due_at: datetime
    workflow_id: str
    step: str
    unit: str
    purpose: str


@dataclass(frozen=True, kw_only=True)
class LogKey:
    """The place of a line in a log."""

    at: datetime
    workflow_id: str
    seq: int
    run_id: str


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """An open step whose due time could be asked again; ``due_basis`` is the question in JSON."""

    workflow_id: str
    step: str
    unit: str
    due_date: date
    provisional: bool
    due_basis: dict[str, Any]
    rollout: str
    district: str


async def read_items(
    connection: AsyncConnection, desk: Desk, after: ItemKey | None, limit: int
) -> Sequence[Row[Any]]:
    """This will read open items, soonest due first, with their procedure's names."""
    place = {
        "after_due": after.due_at if after else None,
        "after_id": after.workflow_id if after else "",
        "after_step": after.step if after else "",
        "after_unit": after.unit if after else "",
        "after_purpose": after.purpose if after else "",
    }
    found = await connection.execute(_INBOX, {**desk.parameters(), **place, "limit": limit})
    return found.all()


async def unknown_names(connection: AsyncConnection, desk: Desk) -> tuple[str, ...]:
    """This will name the rollout, unit and person asked for that stand in no register."""
    asked = {"rollout": desk.rollout, "unit": desk.unit, "person": desk.person}
    return tuple((await connection.execute(_UNKNOWN, asked)).scalars())


async def near_units(connection: AsyncConnection, desk: Desk, limit: int) -> tuple[str, ...]:
    """This will name the units whose name ends with the one asked for: 区委编办 of a district."""
    asked = {"ending": f"%{_literal(desk.unit)}", "rollout": desk.rollout, "limit": limit}
    return tuple((await connection.execute(_NEAR_UNITS, asked)).scalars())


async def count_items(connection: AsyncConnection, desk: Desk) -> tuple[int, int]:
    """This will count a desk's open items, and those overdue."""
    row = (await connection.execute(_INBOX_COUNTS, desk.parameters())).one()
    return row.total, row.overdue


async def read_notices(connection: AsyncConnection, desk: Desk, limit: int) -> Sequence[Row[Any]]:
    """This will read a desk's latest notices, newest first."""
    asked = {**desk.parameters(), "limit": limit}
    asked.pop("overdue_only")
    return (await connection.execute(_NOTICES, asked)).all()


async def read_board(
    connection: AsyncConnection, ids: Sequence[str], now: datetime
) -> Sequence[Row[Any]]:
    """This will read those procedures that have begun; ``red`` and ``yellow`` hold at ``now``."""
    return (await connection.execute(_BOARD, {"ids": ids, "now": now})).all()


async def read_board_as_of(
    connection: AsyncConnection, ids: Sequence[str], before: datetime
) -> Sequence[Row[Any]]:
    """This will read the state that each procedure's log had before an instant."""
    return (await connection.execute(_BOARD_AS_OF, {"ids": ids, "before": before})).all()


async def read_board_ids(connection: AsyncConnection, rollout: str) -> tuple[str, ...]:
    """This will list every procedure of a rollout's plans that has begun, by unit and row."""
    return tuple((await connection.execute(_BOARD_IDS, {"rollout": rollout})).scalars())


async def read_log(
    connection: AsyncConnection, workflow_id: str, after: LogKey | None, limit: int
) -> Sequence[Row[Any]]:
    """This will read the log of a procedure, or of everything below an id, oldest first."""
    asked = {
        "workflow_id": workflow_id,
        "below": f"{_literal(workflow_id)}/%",
        "after_at": after.at if after else None,
        "after_id": after.workflow_id if after else "",
        "after_seq": after.seq if after else 0,
        "after_run": after.run_id if after else "",
        "limit": limit,
    }
    return (await connection.execute(_LOG, asked)).all()


async def find_by_ending(
    connection: AsyncConnection, ending: str, step: str, limit: int
) -> tuple[str, ...]:
    """This will return the ids that end with whole parts ``ending``, running ones first.

    With a ``step``, only those that have it open, if any has.
    """
    backwards = f"{_literal(f'/{ending}'[::-1])}%"
    asked = {"backwards": backwards, "whole": ending, "step": step, "limit": limit}
    rows = (await connection.execute(_FIND, asked)).all()
    is_open = tuple(row.workflow_id for row in rows if row.is_open)
    return is_open or tuple(row.workflow_id for row in rows)


async def read_open_items(connection: AsyncConnection) -> tuple[OpenItem, ...]:
    """This will read every open step that a new calendar could move."""
    return tuple(
        OpenItem(
            workflow_id=row.workflow_id,
            step=row.step,
            unit=row.unit,
            due_date=row.due_date,
            provisional=row.provisional,
            due_basis=row.due_basis,
            rollout=row.rollout,
            district=row.district,
        )
        for row in await connection.execute(_OPEN_ITEMS)
    )


async def procedures_below(
    connection: AsyncConnection, version: int, after: str, limit: int
) -> tuple[str, ...]:
    """This will list open procedures that count by an older calendar than ``version``, by id."""
    asked = {"version": version, "after": after, "limit": limit}
    return tuple((await connection.execute(_BELOW, asked)).scalars())


def _literal(typed: str) -> str:
    """A text in which LIKE finds nothing but itself."""
    return typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

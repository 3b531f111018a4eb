"""Supervision slips in the registers: what is overdue, which slips there are, and their notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_OVERDUE = text(
    """
    SELECT d.workflow_id, d.step, d.unit, d.opened_at, d.due_date, b.task, b.row_id,
           coalesce(u.district, b.district) AS district
    FROM desk_item d JOIN board_row b USING (workflow_id)
    LEFT JOIN directory_unit u ON u.rollout = b.rollout AND u.name = d.unit
    WHERE b.rollout = :rollout AND b.ended_at IS NULL AND d.purpose = '办理' AND d.due_at <= :now
    AND (:unit = '' OR d.unit = :unit)
    AND (:workflow_id = '' OR d.workflow_id = :workflow_id)
    AND (:step = '' OR d.step = :step)
    ORDER BY d.due_at, d.workflow_id, d.step, d.unit
    """
)
_SLIPS = text(
    """
    SELECT * FROM supervision_slip
    WHERE rollout = :rollout AND (:number = 0 OR number = :number) AND (:unit = '' OR unit = :unit)
    ORDER BY number DESC
    """
)
_ONE = text(
    "SELECT * FROM supervision_slip WHERE rollout = :rollout AND number = :number FOR UPDATE"
)
_DRAFT = text(
    """
    INSERT INTO supervision_slip (rollout, number, colour, workflow_id, step, unit, district,
        opened_at, due_date, days, task, targets, body, drafted_at, drafted_by, signed_at,
        signed_by, signed_unit, paper)
    SELECT :rollout, coalesce((SELECT max(number) FROM supervision_slip
                               WHERE rollout = :rollout), 0) + 1,
        :colour, :workflow_id, :step, :unit, :district, :opened_at, :due_date, :days, :task,
        :targets, :body, :now, :by, NULL, '', '', ''
    RETURNING *
    """
)
_REDRAFT = text(
    """
    UPDATE supervision_slip SET due_date = :due_date, days = :days, targets = :targets,
        body = :body, drafted_at = :now, drafted_by = :by
    WHERE rollout = :rollout AND number = :number AND signed_at IS NULL
    RETURNING *
    """
)
_SIGN = text(
    """
    UPDATE supervision_slip SET signed_at = :now, signed_by = :by, signed_unit = :unit,
                                paper = :paper
    WHERE rollout = :rollout AND number = :number AND signed_at IS NULL
    RETURNING *
    """
)
_TELL = text(
    """
    INSERT INTO notice (key, workflow_id, seq, rollout, at, unit, recipient, level, step, text)
    VALUES (:key, :workflow_id, 0, :rollout, :at, :unit, :recipient, :level, :step, :text)
    ON CONFLICT (key) DO NOTHING
    """
)


async def overdue_steps(
    connection: AsyncConnection,
    rollout: str,
    now: datetime,
    *,
    unit: str = "",
    workflow_id: str = "",
    step: str = "",
) -> Sequence[Row[Any]]:
    """This will read the open steps past their due time, one row for each unit that must act."""
    asked = {
        "rollout": rollout,
        "now": now,
        "unit": unit,
        "workflow_id": workflow_id,
        "step": step,
    }
    return (await connection.execute(_OVERDUE, asked)).all()


async def read_slips(
    connection: AsyncConnection, rollout: str, *, number: int = 0, unit: str = ""
) -> Sequence[Row[Any]]:
    """This will read slips, newest first."""
    asked = {"rollout": rollout, "number": number, "unit": unit}
    return (await connection.execute(_SLIPS, asked)).all()


async def lock_slip(connection: AsyncConnection, rollout: str, number: int) -> Row[Any] | None:
    """This will hold a slip until the transaction ends; None if there is none."""
    found = await connection.execute(_ONE, {"rollout": rollout, "number": number})
    return found.one_or_none()


async def draft_slip(
    connection: AsyncConnection, slip: Mapping[str, Any], number: int = 0
) -> Row[Any]:
    """This will write a draft, or write one that is there anew; call it under the rollout's lock."""
    if number:
        return (await connection.execute(_REDRAFT, {**slip, "number": number})).one()
    return (await connection.execute(_DRAFT, slip)).one()


async def sign_slip(connection: AsyncConnection, signature: Mapping[str, Any]) -> Row[Any]:
    """This will sign a draft."""
    return (await connection.execute(_SIGN, signature)).one()


async def tell(connection: AsyncConnection, notices: Sequence[Mapping[str, Any]]) -> None:
    """This will leave the notices of a signed slip, each once."""
    if notices:
        await connection.execute(_TELL, list(notices))

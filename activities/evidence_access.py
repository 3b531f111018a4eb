"""Who may store and read files of evidence: posts at the moment, and the units of a procedure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.case import CASES
from contracts.evidence import EvidenceKeeping, EvidenceUse
from contracts.names import SEPARATOR, split_id
from domain.action import Grant
from domain.people import LEADING_DUTY
from domain.refusal import Refused
from domain.unit import Role
from storage import evidence_store as store
from storage.registers_store import read_standing

_CASE_PARTS: Final = 3
"""A case's id: rollout, 案件, number."""


def denied(person: str, workflow_id: str) -> Refused:
    """This will refuse a reader who has nothing to do with a procedure."""
    return Refused(
        code="EVIDENCE_DENIED",
        sentence=(
            f"{person}不能取阅：只有提交单位、办理过“{workflow_id}”的单位及其协调员可以取阅这件证据。"
        ),
    )


def stranger(rollout: str, person: str, grants: tuple[Grant, ...]) -> Refused | None:
    """This will refuse who holds no post in a rollout; None if the person holds one."""
    if grants:
        return None
    if not person:
        return Refused(code="UNKNOWN_PERSON", sentence="没有写明是谁存取证据，请用 --as 写明姓名。")
    return Refused(
        code="UNKNOWN_PERSON", sentence=f"“{rollout}”的通讯录里没有{person}，不能存取证据。"
    )


async def grants_of(
    connection: AsyncConnection, rollout: str, person: str, now: datetime
) -> tuple[Grant, ...]:
    """The posts of a person at a moment, substitutes' and recorders' included."""
    standing = await read_standing(connection, rollout, (person,), now=now)
    if standing is None:
        return ()
    return standing.grants.get(person, ())


async def uses_asked(
    connection: AsyncConnection, order: EvidenceKeeping, grants: tuple[Grant, ...]
) -> list[dict[str, Any]] | Refused:
    """The rows to write: one for each procedure and unit of the person."""
    rows: list[dict[str, Any]] = []
    for use in order.uses:
        circle = await store.circle_of(connection, use.workflow_id, LEADING_DUTY)
        if not circle.units and not _may_come(use.workflow_id):
            sentence = f"没有事项“{use.workflow_id}”，证据没有入库。"
            return Refused(code="NOT_FOUND", sentence=sentence)
        units = _units_of(use, grants, circle.units)
        rows += [
            {
                "sha256": order.sha256,
                "workflow_id": use.workflow_id,
                "unit": unit,
                "rollout": order.rollout,
                "name": use.name,
                "filename": use.filename,
                "person": order.person,
                "at": order.now,
            }
            for unit in units
        ]
    return rows


def _may_come(workflow_id: str) -> bool:
    """Whether this is the id of a case, whose files are stored before it is opened (F24).

    Who stores one gains nothing by it but to read what is one's own.
    """
    parts = split_id(workflow_id)
    return len(parts) == _CASE_PARTS and parts[1] == CASES


def _units_of(
    use: EvidenceUse, grants: Sequence[Grant], concerned: frozenset[str]
) -> tuple[str, ...]:
    held = dict.fromkeys(grant.unit for grant in grants)
    if use.unit in held:
        return (use.unit,)
    return tuple(unit for unit in held if unit in concerned) or tuple(held)


async def reading_unit(
    connection: AsyncConnection, workflow_id: str, keepers: set[str], grants: Sequence[Grant]
) -> str:
    """The unit for which a person may read what is kept for a procedure; empty if for none."""
    circle = await store.circle_of(connection, workflow_id, LEADING_DUTY)
    for grant in grants:
        if grant.unit in circle.units or grant.unit in keepers:
            return grant.unit
        if grant.role is Role.COORDINATOR and grant.unit in circle.leading:
            return grant.unit
    return ""


async def reads_somewhere(
    connection: AsyncConnection, order: EvidenceKeeping, grants: Sequence[Grant]
) -> bool:
    """Whether a person may read a file in some procedure of the rollout, and so pass it on."""
    keepers: dict[str, set[str]] = {}
    for workflow_id, unit in await store.uses_of(connection, order.sha256):
        if workflow_id.startswith(order.rollout + SEPARATOR):
            keepers.setdefault(workflow_id, set()).add(unit)
    for workflow_id, units in keepers.items():
        if await reading_unit(connection, workflow_id, units, grants):
            return True
    return False

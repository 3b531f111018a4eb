"""What the organiser of an audit is told of its arrangement, by the notices that everybody has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import AuditPlan
from domain.audit_route import SUPERVISORS
from domain.directory import Directory
from domain.notices import AUDIT_LEVEL
from domain.unit import Role
from storage.audit_plan_store import tell
from storage.people_store import read_units

_ELSE: Final = ("区委编办", "市委编办")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is told once for each ``what``; ``about`` is the workflow or Schedule that it is about."""

    what: str
    sentence: str
    about: str
    at: datetime


async def notice_to(connection: AsyncConnection, plan: AuditPlan, message: Message) -> None:
    """This will leave a notice for the organiser's desk; no unit that is inspected stands in it."""
    # An organiser that is gone from the directory is told by whom it was one of.
    await _leave(connection, plan, message, (plan.organiser, *_ELSE))


async def notice_to_supervisors(
    connection: AsyncConnection, plan: AuditPlan, message: Message
) -> None:
    """This will leave a notice for the 督查室, who keeps the deposits of draws (4-37)."""
    await _leave(connection, plan, message, (SUPERVISORS,))


async def _leave(
    connection: AsyncConnection, plan: AuditPlan, message: Message, words: Sequence[str]
) -> None:
    directory = Directory.of(await read_units(connection, plan.rollout))
    units = (directory.find(word, plan.district) for word in words)
    unit = next((one for one in units if one is not None), None)
    if unit is None:
        _log.warning("activities.audit_notices.nobody", plan=plan.name, what=message.what)
        return
    notice = {
        "key": f"督查:{plan.rollout}:{plan.name}:{message.what}",
        "workflow_id": message.about,
        "rollout": plan.rollout,
        "at": message.at,
        "unit": unit.name,
        "recipient": str(Role.HANDLER),
        "level": AUDIT_LEVEL,
        "text": message.sentence,
    }
    await tell(connection, [notice])

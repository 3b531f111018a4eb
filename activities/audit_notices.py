"""What the organiser of an audit is told of its arrangement, by the notices that everybody has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.audit_run import audit_id
from domain.audit import AuditPlan
from domain.audit_route import SUPERVISORS
from domain.directory import Directory
from domain.notices import AUDIT_LEVEL
from domain.sampling import Deposit
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


async def deposit_notice(connection: AsyncConnection, plan: AuditPlan, made: Deposit) -> None:
    """This will tell organiser and 督查室 of a commitment, once a window: it is to be kept (4-37).

    It gives nothing away; a draw of which nobody had kept it would prove less.
    """
    key = made.key
    command = (
        f"jiegai audit draw {key.rollout} {key.plan} {key.window} --deposit 存证.json --as 姓名"
    )
    sentence = f"{key.window}已备抽，存证 {made.commitment}，请督查室保管；写成文件：{command}"
    what = f"{key.window}:备抽"
    message = Message(what=what, sentence=sentence, about=audit_id(key), at=made.made_at)
    await notice_to(connection, plan, message)
    if plan.organiser != SUPERVISORS:
        message = replace(message, what=f"{what}:{SUPERVISORS}")
        await notice_to_supervisors(connection, plan, message)


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

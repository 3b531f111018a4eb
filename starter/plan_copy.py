"""Reading a registered plan back through the door, whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from starter.errors import UserError

if TYPE_CHECKING:
    from domain.plan import Plan
    from starter.desk_client import Door


@dataclass(frozen=True, kw_only=True)
class PlanCopy:
    """A plan version with where it comes from; ``document`` is its JSON as kept."""

    plan: Plan
    plan_id: int
    version: int
    newest: int
    content_hash: str
    registered_at: datetime | None
    registered_by: str
    document: str


async def registered_plan(door: Door, rollout: str, version: int = 0) -> PlanCopy:
    """This will read a plan version, the newest by default.

    Raises UserError: ROLLOUT_NOT_FOUND, NO_SUCH_VERSION.
    """
    from pydantic import TypeAdapter

    from contracts.plan_copy import PlanCopies, PlanQuestion
    from domain.plan import Plan

    question = PlanQuestion(rollout=rollout, version=version)
    page = await door.ask(PlanCopies.read_plan, question)
    if page.code:
        raise UserError(page.code, page.sentence)
    pieces = [page.piece]
    while page.next_page:
        page = await door.ask(PlanCopies.read_plan, replace(question, page=page.next_page))
        pieces.append(page.piece)
    document = "".join(pieces)
    return PlanCopy(
        plan=TypeAdapter(Plan).validate_json(document),
        plan_id=page.plan_id,
        version=page.version,
        newest=page.newest,
        content_hash=page.content_hash,
        registered_at=page.registered_at,
        registered_by=page.registered_by,
        document=document,
    )

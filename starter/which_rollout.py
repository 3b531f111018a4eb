"""Which rollout a command is about: the one named, or the only one there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starter.errors import UserError

if TYPE_CHECKING:
    from datetime import datetime

    from starter.desk_client import Door

_NAMED = 5


async def which_rollout(door: Door, named: str, now: datetime) -> str:
    """This will return the rollout named, or the only one registered.

    Raises UserError: NO_ROLLOUT, WHICH_ROLLOUT.
    """
    if named.strip():
        return named.strip()
    from contracts.desk import Desk, RolloutQuestion

    page = await door.ask(Desk.rollouts, RolloutQuestion(now=now))
    names = [line.rollout for line in page.lines]
    if not names:
        raise UserError("NO_ROLLOUT", "还没有登记改革，请先 jiegai rollout start 方案文件。")
    if len(names) > 1:
        listed = "、".join(names[:_NAMED]) + ("……" if len(names) > _NAMED else "")
        raise UserError("WHICH_ROLLOUT", f"登记了几次改革（{listed}），请用 --rollout 写明哪一次。")
    return names[0]


def acting_person(typed: str) -> str:
    """The name given with ``--as``. Raises UserError: USAGE."""
    if not typed.strip():
        raise UserError("USAGE", "请用 --as 写明办理人。")
    return typed.strip()

"""Which case is meant by a number or the end of it, and which of its steps by a command."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starter.errors import UserError

if TYPE_CHECKING:
    from contracts.case import CaseLine
    from domain.action import Action
    from domain.case_acts import CaseAct
    from starter.desk_client import Door

_NAMED: Final = 5


async def rollout_of_case(door: Door, named: str) -> str:
    """This will return the rollout in which a case is opened: the one named, or the only one.

    Asked before anything is sent: a case of a rollout that is none would wait for ever. Raises
    UserError: NO_ROLLOUT, WHICH_ROLLOUT, UNKNOWN_ROLLOUT.
    """
    from contracts.desk import Desk, RolloutQuestion
    from starter.which_rollout import which_rollout

    now = datetime.now(UTC)
    name = await which_rollout(door, named, now)
    if (
        named.strip()
        and not (await door.ask(Desk.rollouts, RolloutQuestion(now=now, rollout=name))).lines
    ):
        raise UserError("UNKNOWN_ROLLOUT", f"没有登记改革“{name}”。")
    return name


async def found_case(door: Door, typed: str, rollout: str = "") -> CaseLine:
    """This will find the one case that a text means: its number, the end of it, or its whole id.

    A step pasted with it (``#签收``) is left aside. Raises UserError: CASE_UNKNOWN, AMBIGUOUS.
    """
    from contracts.case import CaseFindQuestion, CaseReads
    from contracts.names import split_item

    text = split_item(typed.strip())[0]
    if not text:
        raise UserError("USAGE", "请写明案件编号，或编号的末尾几位。")
    question = CaseFindQuestion(now=datetime.now(UTC), text=text, rollout=rollout.strip())
    return chosen_case(text, (await door.ask(CaseReads.find_cases, question)).lines)


def chosen_case(text: str, lines: tuple[CaseLine, ...]) -> CaseLine:
    """This will choose the one case; what was admitted or still runs before what is over.

    Raises UserError: CASE_UNKNOWN, AMBIGUOUS.
    """
    from contracts.case import NOT_ADMITTED

    admitted = [line for line in lines if line.page.status != NOT_ADMITTED]
    running = [line for line in admitted if line.ended_at is None]
    best = running or admitted or list(lines)
    if not best:
        raise UserError("CASE_UNKNOWN", f"没有找到案件“{text}”，可用 jiegai case list 查看。")
    if len(best) > 1:
        listed = "、".join(line.workflow_id for line in best[:_NAMED])
        more = "……" if len(best) > _NAMED else ""
        raise UserError("AMBIGUOUS", f"“{text}”对应{len(best)}件案件，请写得更全：{listed}{more}")
    return best[0]


def step_of(line: CaseLine, typed: str, act: CaseAct, action: Action) -> Action:
    """This will put an action at its step: the one typed, else the open one that takes it."""
    from contracts.names import split_item

    step = split_item(typed.strip())[1] or act.step_among(line.open_steps)
    return replace(action, step=step if act.steps else "")

"""Before a sheet is sent: what the desk foresees of each row, asked in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from domain.action import Action
from domain.procedure import CLOSING, Verb

if TYPE_CHECKING:
    from contracts.precheck import RowAsked, RowForeseen
    from contracts.procedure import ActionReply
    from starter.desk_client import Door
    from starter.errors import UserError

_MOVING = CLOSING | {Verb.WITHDRAW, Verb.REASSIGN, Verb.TERMINATE}
"""Verbs after which other steps may be open than now."""


async def foreseen(
    door: Door, actions: Sequence[tuple[str, Action]], now: datetime
) -> list[RowForeseen]:
    """This will ask of each action whether it is done, open, or would be refused."""
    from contracts.precheck import MOST_ROWS, Precheck, RowsQuestion

    asked = _asked(actions)
    answers: list[RowForeseen] = []
    for start in range(0, len(asked), MOST_ROWS):
        question = RowsQuestion(now=now, rows=tuple(asked[start : start + MOST_ROWS]))
        answers += (await door.ask(Precheck.rows, question)).rows
    return answers


def _asked(actions: Sequence[tuple[str, Action]]) -> list[RowAsked]:
    from contracts.precheck import RowAsked
    from domain.precheck import Asked

    moved: set[str] = set()
    asked = []
    for workflow_id, action in actions:
        one = Asked(
            workflow_id=workflow_id,
            step=action.step,
            verb=action.verb,
            person=action.person,
            unit=action.unit,
            happened_on=action.happened_on,
        )
        asked.append(RowAsked(asked=one, action_id=action.action_id, follows=workflow_id in moved))
        if action.verb in _MOVING:
            moved.add(workflow_id)
    return asked


def settled(answer: ActionReply | UserError, known: RowForeseen) -> ActionReply | UserError:
    """This will take the log's word for what was done before, and the procedure may have forgotten.

    A procedure that has ended answers nothing, and one that lives remembers so many actions. The
    same action sent again to the same run is answered by the server, as it was the first time.
    """
    from contracts.procedure import ActionReply

    if isinstance(answer, ActionReply) and answer.accepted:
        return replace(answer, repeated=answer.repeated or known.done)
    away = not isinstance(answer, ActionReply) and answer.code != "CLOSED"
    if away or not known.confirmed:
        return answer
    return ActionReply(accepted=True, sentence="此前已经办理，没有重复。", repeated=True)

"""What an action does: one rule for each verb.

Pure decisions: given what is open, who asks and what the registers say of that person, the
answer is a ``Ruling`` or a ``Refused``; nothing waits, reads or writes here.
"""

from __future__ import annotations

from datetime import datetime

from domain import coordination, extension, side_actions
from domain.action import Action, Grant
from domain.answers import take_answer
from domain.desk import Docket, Item
from domain.procedure import Verb
from domain.recording import day_fault, evidence_fault
from domain.refusal import Refused
from domain.ruling import Refusal, Ruling

_RULES = {
    Verb.RECEIVE: side_actions.receive,
    Verb.ASSIGN: side_actions.assign,
    Verb.ASK_EXTENSION: extension.ask_extension,
    Verb.GRANT_EXTENSION: extension.rule_extension,
    Verb.DENY_EXTENSION: extension.rule_extension,
    Verb.WITHDRAW: side_actions.withdraw,
    Verb.ADD_NOTE: side_actions.add_note,
    Verb.URGE: coordination.urge,
    Verb.REASSIGN: coordination.reassign,
    Verb.TERMINATE: coordination.terminate,
    Verb.RECORD_SILENCE: coordination.record_silence,
    Verb.COUNTERSIGN: coordination.second,
    Verb.OBJECT: coordination.second,
}


def decide(
    docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime
) -> Ruling | Refused:
    """This will say what an action does, or why it may not be done.

    ``grants`` are the person's posts now; ``at`` is the instant of the action, aware UTC. Nothing
    is changed: the ruling carries the new item.
    """
    fault = day_fault(docket, _item_meant(docket, action), action, at)
    fault = fault or evidence_fault(docket, action)
    if fault is not None:
        return fault
    try:
        return _RULES.get(action.verb, take_answer)(docket, action, grants, at)
    except Refusal as no:
        return Refused(code=no.code, sentence=no.sentence)


def _item_meant(docket: Docket, action: Action) -> Item | None:
    item = docket.open_item(action.step)
    if item is None and not action.step and len(docket.open_items) == 1:
        return docket.open_items[0]
    return item

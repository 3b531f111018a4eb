"""What an action does: one rule for each verb.

Pure decisions: given what is open, who asks and what the registers say of that person, the
answer is a ``Ruling`` or a ``Refused``; nothing waits, reads or writes here.
"""

from __future__ import annotations

from datetime import datetime

from domain import coordination, extension, side_actions
from domain.action import Action, Grant
from domain.answers import take_answer
from domain.desk import Docket
from domain.procedure import Verb
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
}


def decide(
    docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime
) -> Ruling | Refused:
    """This will say what an action does, or why it may not be done.

    ``grants`` are the person's posts now; ``at`` is the instant of the action, aware UTC. Nothing
    is changed: the ruling carries the new item.
    """
    try:
        return _RULES.get(action.verb, take_answer)(docket, action, grants, at)
    except Refusal as no:
        return Refused(code=no.code, sentence=no.sentence)

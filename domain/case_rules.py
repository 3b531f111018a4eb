"""Rules over an action of a case beside those of every step, and what follows from its answers.

Sources: 4-12 (two officers as a setting, the receiver signs), 3-14 and 4-10 (the item is named at the
latest at the handover), 3-27 and 4-20 (why a street refuses), 行政处罚法 art. 25.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from domain.action import Action, Grant
from domain.case import UPWARD, CaseFile, CaseKind, RefusalGround
from domain.case_limits import DESIGNATE, DIVIDE, HANDOVER, NEGOTIATE, REPORT, SIGN, TAKE_OVER
from domain.case_opening import CALL_FACT, GROUND_FACT, ITEM_FACT, OFFICERS_FACT, officers_fault
from domain.case_sheet import read_call
from domain.desk import Item
from domain.procedure import Verb
from domain.refusal import Refused
from domain.unit import ACTING_ROLES

_NAMING = frozenset({Verb.DESIGNATE, Verb.HAND_OVER})


def case_fault(
    file: CaseFile,
    item: Item,
    action: Action,
    *,
    grants: tuple[Grant, ...],
    known_units: Collection[str],
    now: datetime,
) -> Refused | None:
    """This will say what else forbids an action on a case; None if nothing does.

    ``grants`` are the person's posts, ``known_units`` answer for the unit that the action names.
    """
    if item.step.name == REPORT and action.facts.get(CALL_FACT):
        return _call_fault(file, action, now)
    if action.verb in _NAMING and action.to and action.to not in known_units:
        return Refused(code="UNKNOWN_UNIT", sentence=f"通讯录里没有单位“{action.to}”，请写全称。")
    if action.verb is Verb.HAND_OVER and action.to == file.street:
        return Refused(code="TARGET_SELF", sentence="不能移交给本街道自己。")
    if item.step.name == HANDOVER and action.verb is Verb.SUBMIT:
        return _handover_fault(file, action)
    if item.step.name == NEGOTIATE and action.verb in (Verb.ACCEPT, Verb.KEEP):
        return _negotiation_fault(file, action, grants)
    if (
        action.verb is Verb.REFUSE
        and file.kind is CaseKind.DISPATCH
        and item.step.name != TAKE_OVER
    ):
        return _ground_fault(action)
    return None


def _handover_fault(file: CaseFile, action: Action) -> Refused | None:
    officers = tuple(action.facts.get(OFFICERS_FACT, "").replace(",", "、").split("、"))
    fault = officers_fault(officers, file.settings.officers)
    if fault is not None:
        return fault
    if file.kind is CaseKind.REPORT and file.citation is None and not action.facts.get(ITEM_FACT):
        return Refused(
            code="ITEM_MISSING",
            sentence="交接时须写明清单事项（--item 序号）；不在清单上的写 --item 清单外，转为移送。",
        )
    return None


def _call_fault(file: CaseFile, action: Action, now: datetime) -> Refused | None:
    """4-11: a report that was telephoned before it was written says when, and who took the call."""
    call = read_call(action.facts[CALL_FACT], file.trigger_at)
    if isinstance(call, str):
        return Refused(code="CASE_CALL", sentence=call)
    if not file.trigger_at <= call.at <= now:
        return Refused(
            code="CALL_TIME", sentence="电话报告的时刻须在发现之后、现在之前（--phone）。"
        )
    return None


def _negotiation_fault(file: CaseFile, action: Action, grants: tuple[Grant, ...]) -> Refused | None:
    """The receiver agrees to take it, the street to keep it; neither speaks for the other."""
    whose = file.receiver if action.verb is Verb.ACCEPT else file.street
    held = [g.unit for g in grants if g.role in ACTING_ROLES]
    mine = [action.unit] if action.unit else held
    if mine and whose not in mine:
        return Refused(
            code="NOT_YOUR_UNIT",
            sentence=f"协商中的“{action.verb}”由{whose}办理，不是{'、'.join(dict.fromkeys(mine))}。",
        )
    return None


def _ground_fault(action: Action) -> Refused | None:
    ground = action.facts.get(GROUND_FACT, "")
    if ground in [str(g) for g in RefusalGround]:
        return None
    listed = "、".join(str(g) for g in RefusalGround)
    return Refused(code="GROUND_MISSING", sentence=f"拒收须写明理由类别（--ground）：{listed}。")


def recounted(file: CaseFile, items: Mapping[str, Item]) -> CaseFile:
    """This will return the file as the closed steps leave it: receiver, returns, refusals.

    The first of ``receivers`` had the case at the start; a complex transfer, a designation, 分流 and
    a 改派 of the signature name another. The call of a report made later stops its clock.
    """
    receiver = file.receivers[0] if file.receivers else file.receiver
    returns = refusals = 0
    for item in items.values():
        returns += item.outcome == Verb.RETURN
        refusals += item.outcome == Verb.REFUSE
        if item.outcome == Verb.HAND_OVER:
            receiver = item.answers[-1].to or file.sender
        elif item.outcome == Verb.DESIGNATE and item.step.name in (DESIGNATE, DIVIDE):
            receiver = item.answers[-1].to
        elif item.outcome == Verb.KEEP and file.receivers:
            receiver = file.receivers[0]
        elif not item.is_open and _asks_receiver(file, item):
            receiver = item.units[0]
        elif item.step.name == REPORT and item.answers:
            call = read_call(item.answers[-1].facts.get(CALL_FACT, ""), file.trigger_at)
            if not isinstance(call, str):
                file = replace(file, called_at=call.at, called=call.taken_by)
    return replace(file, receiver=receiver, returns=returns, refusals=refusals)


def _asks_receiver(file: CaseFile, item: Item) -> bool:
    """Whether a step asks an organ to take the case; a 改派 may have moved it to another."""
    return item.step.name == TAKE_OVER or (item.step.name == SIGN and file.kind in UPWARD)

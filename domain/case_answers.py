"""What an answer to a step of a case has to say: reasons, elements of a 回告, who hands over.

Sources: 4-12 (a refusal gives its reason), 4-14 (回告), 4-15 (a complex transfer brings reason and
the whole file), 行政处罚法 art. 25 (designation), 0-47 (arrival).
"""

from __future__ import annotations

from domain.action import Action
from domain.case_limits import (
    ANSWER,
    DECIDE,
    DESIGNATE,
    DISPATCH,
    DISPOSE,
    HANDLE,
    HANDOVER,
    INTAKE,
    MOVE,
    NEGOTIATE,
    POLICE_REVIEW,
    PROPOSE,
    REPORT,
    RULE,
    SIGN,
    TAKE_OVER,
    WHISTLE,
)
from domain.case_routes import CASE_FILE
from domain.desk import Answered, Item
from domain.procedure import Verb
from domain.ruling import Refusal, reason_of

_REASONS = {
    Verb.REFUSE: "拒收",
    Verb.HAND_OVER: "移交（案件较为复杂、街道无法承担的情形）",
    Verb.KEEP: "自行办理",
}


_AS_ONE = {
    (SIGN, Verb.ACCEPT): "签收",
    (TAKE_OVER, Verb.ACCEPT): "接收移交",
    (NEGOTIATE, Verb.ACCEPT): "协商后同意接收",
    (NEGOTIATE, Verb.KEEP): "协商后自行办理",
    (NEGOTIATE, Verb.SUBMIT): "协商不成，报请指定",
    (RULE, Verb.APPROVE): "裁定拒收成立",
    (RULE, Verb.REJECT): "裁定拒收不成立，应予签收",
    (HANDLE, Verb.SUBMIT): "办结",
    (ANSWER, Verb.REPLY): "回复",
    (POLICE_REVIEW, Verb.ACCEPT): "受理移送",
    (POLICE_REVIEW, Verb.REFUSE): "不予受理",
    (DECIDE, Verb.APPROVE): "批准移送",
    (DECIDE, Verb.REJECT): "不批准移送",
}
_FIRST = (REPORT, HANDOVER, DISPATCH, PROPOSE, MOVE, INTAKE, WHISTLE, DISPOSE)


def done_in_words(item: Item, answer: Answered) -> str:
    """This will say in a word or two what an answer did: 签收, 回告, 指定甲区城管局办理.

    Steps of a case stand beside every main line; elsewhere it is step and verb.
    """
    name, verb = item.step.name, answer.verb
    if item.step.line:
        return f"{name}{verb}"
    if verb is Verb.DESIGNATE:
        return f"{name}{answer.to}办理" if name == DESIGNATE else f"{name}至{answer.to}"
    if verb is Verb.HAND_OVER:
        return f"移交{answer.to}"
    if name in _FIRST and verb is Verb.SUBMIT:
        return name
    if verb in (Verb.REFUSE, Verb.REPLY, Verb.ARRIVE):
        return _AS_ONE.get((name, verb), str(verb))
    return _AS_ONE.get((name, verb), f"{name}{verb}")


def check_case_content(item: Item, action: Action) -> bool:
    """This will check what belongs to cases alone; True where nothing else need be checked.

    Raises Refusal: REASON_MISSING, TARGET_MISSING, DOCUMENT_MISSING, ELEMENT_MISSING.
    """
    if action.verb in _REASONS:
        reason_of(action, _REASONS[action.verb])
    if action.verb is Verb.HAND_OVER and not any(e.name == CASE_FILE for e in action.evidence):
        raise Refusal(
            "DOCUMENT_MISSING", f"移交须附{CASE_FILE}（--evidence {CASE_FILE}=文号或文件）。"
        )
    if action.verb is Verb.DESIGNATE and not action.to.strip():
        raise Refusal("TARGET_MISSING", "须写明交给哪个单位（--to 单位）。")
    if action.verb in (Verb.ACCEPT, Verb.REFUSE, Verb.HAND_OVER, Verb.KEEP):
        return True
    missing = [name for name in item.step.elements if not action.facts.get(name, "").strip()]
    if missing and action.verb in (Verb.REPLY, Verb.ARRIVE):
        raise Refusal(
            "ELEMENT_MISSING",
            f"“{item.step.name}”还缺：{'、'.join(missing)}（--fact {missing[0]}=内容）。",
        )
    return action.verb in (Verb.REPLY, Verb.ARRIVE)

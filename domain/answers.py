"""提交, 通过, 退回, 反馈意见, 会签 and the verbs of 审议: a unit's answer to a step.

Sources: 0-36 (two reviews, three verdicts, the 党工委 reports), 0-37 (opinions and their
feedback), 0-38 (joint issue under one 发文字号), 0-33 (a draft is made from the template).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.action import Action, Evidence, Grant
from domain.case_answers import check_case_content, done_in_words
from domain.desk import Answered, Docket, Item
from domain.procedure import JOINT, SOUND, Verb
from domain.recording import capacity_of, late_words, record_fault, said_by
from domain.requirement import TEMPLATE_DOCUMENT
from domain.ruling import (
    Refusal,
    Ruling,
    Told,
    acting_unit,
    check_person,
    item_of,
    reason_of,
    refuse,
)
from domain.unit import Role


def take_answer(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """This will take a unit's answer; the step closes once nobody else has to give one."""
    item = item_of(docket, action)
    unit = acting_unit(item, action, grants)
    if action.verb not in item.step.verbs:
        allowed = "、".join(item.step.verbs)
        raise Refusal("WRONG_VERB", f"环节“{item.step.name}”不能“{action.verb}”；可用：{allowed}。")
    check_person(docket, item, unit, action, grants)
    capacity = capacity_of(unit, grants)
    _check_content(item, action)
    refuse(record_fault(unit, action, capacity))
    answer = Answered(
        unit=unit,
        person=action.person,
        verb=action.verb,
        at=at,
        on=action.happened_on,
        capacity=capacity,
        note=action.note,
        evidence=_signed_evidence(item, action),
        verdicts=dict(action.verdicts),
        replies=dict(action.replies),
        facts=dict(action.facts),
        to=action.to if action.verb in (Verb.DESIGNATE, Verb.HAND_OVER) else "",
    )
    answered = replace(item, answers=(*item.answers, answer))
    joint = _is_joint(item, action.verb) and answered.waiting_units
    told: tuple[Told, ...] = ()
    if not joint:
        answered = replace(
            answered,
            closed_at=at,
            outcome=action.verb,
            outcome_to=_return_target(item, action),
            reopen=action.reopen if action.verb is Verb.RETURN else (),
            extension=None,
        )
        told = _return_told(docket, answered, action)
    return Ruling(
        sentence=_answer_sentence(answered, answer) + late_words(action, at),
        unit=unit,
        item=answered,
        told=told,
        capacity=capacity,
    )


def _is_joint(item: Item, verb: Verb) -> bool:
    """Whether all units have to answer; one 不通过 or 退回 is enough to send back (4-29)."""
    return verb in JOINT or (item.step.joint and verb in (Verb.SUBMIT, Verb.APPROVE))


def _answer_sentence(item: Item, answer: Answered) -> str:
    said = said_by(answer.unit, answer.person, answer.capacity)
    text = f"{said}：{done_in_words(item, answer)}"
    if item.outcome_to:
        text += f"至“{item.outcome_to}”"
    if item.is_open:
        text += f"，尚待{'、'.join(item.waiting_units)}"
    return text + (f"。{answer.note}" if answer.note else "。")


def _check_content(item: Item, action: Action) -> None:
    if action.verb is Verb.RETURN:
        _check_return(item, action)
        return
    if action.verb in (Verb.DEFER, Verb.REJECT):
        reason_of(action, f"“{action.verb}”")
        return
    if action.verb is Verb.OPINION:
        reason_of(action, "反馈意见时，意见或“无意见”")
        return
    if check_case_content(item, action):
        return
    _check_verdicts(item, action)
    _check_documents(item, action)
    missing = [u for u in item.must_reply if not action.replies.get(u, "").strip()]
    if missing:
        raise Refusal(
            "REPLY_MISSING",
            f"下列单位的意见还没有反馈：{'、'.join(missing)}（--reply 单位=采纳情况）。",
        )


def _check_return(item: Item, action: Action) -> None:
    reason_of(action, "退回")
    target = action.to or (item.step.back_to[0] if item.step.back_to else "")
    if target not in item.step.back_to:
        allowed = "、".join(item.step.back_to)
        raise Refusal("RETURN_TARGET", f"不能退回到“{target}”；可以退回：{allowed}。")


def _check_verdicts(item: Item, action: Action) -> None:
    """0-36: every round passes only with all three verdicts sound."""
    missing = [v for v in item.step.verdicts if not action.verdicts.get(v)]
    if missing:
        raise Refusal(
            "VERDICT_MISSING",
            f"“通过”前须写明{'、'.join(missing)}的结论（--verdict {missing[0]}=无误）。",
        )
    unsound = [v for v in item.step.verdicts if action.verdicts[v] != SOUND]
    if unsound:
        raise Refusal(
            "VERDICT_UNSOUND", f"{'、'.join(unsound)}不是“无误”，不能通过，请退回并写明理由。"
        )


def _check_documents(item: Item, action: Action) -> None:
    given = {e.name for e in action.evidence if e.doc_no or e.sha256}
    earlier = {e.name for a in item.answers for e in a.evidence}
    missing = [d for d in item.step.documents if d not in given | earlier]
    if missing:
        raise Refusal(
            "DOCUMENT_MISSING",
            f"还缺：{'、'.join(missing)}（--evidence {missing[0]}=文号或文件）。",
        )
    template = item.step.template
    if template and not any(
        e.name == TEMPLATE_DOCUMENT and e.doc_no == template for e in action.evidence
    ):
        raise Refusal(
            "TEMPLATE_DIFFERS",
            f"草案须由现行模板生成（--evidence {TEMPLATE_DOCUMENT}={template}）。",
        )


def _signed_evidence(item: Item, action: Action) -> tuple[Evidence, ...]:
    """0-38: joint issue carries one 发文字号; a second signature may not bring another."""
    if action.verb is Verb.COSIGN:
        first = {e.name: e.doc_no for a in item.answers for e in a.evidence if e.doc_no}
        for piece in action.evidence:
            agreed = first.get(piece.name)
            if agreed and piece.doc_no and piece.doc_no != agreed:
                raise Refusal(
                    "DOC_NO_DIFFERS",
                    f"联合行文用同一个{piece.name}：已签的是{agreed}，不是{piece.doc_no}。",
                )
    return action.evidence


def _return_target(item: Item, action: Action) -> str:
    if action.verb is Verb.RETURN:
        return action.to or item.step.back_to[0]
    return ""


def _return_told(docket: Docket, item: Item, action: Action) -> tuple[Told, ...]:
    """A return says which steps repeat and which opinions stay."""
    if action.verb is not Verb.RETURN:
        return ()
    line = item.step.line
    again = line[line.index(item.outcome_to) :] if item.outcome_to in line else (item.outcome_to,)
    opinions = {a.unit for i in docket.items if Verb.OPINION in i.step.verbs for a in i.answers}
    kept = sorted(opinions - set(action.reopen))
    parts = [f"重新办理{'、'.join(again)}"]
    if action.reopen:
        parts.append(f"重新征求{'、'.join(action.reopen)}的意见")
    if kept:
        parts.append(f"保留{'、'.join(kept)}的意见")
    text = f"{item.step.name}退回至“{item.outcome_to}”：{action.note}（{'；'.join(parts)}）"
    return (Told(unit=docket.subject, to=Role.HANDLER, text=text),)

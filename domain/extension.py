"""申请延期, 批准延期, 驳回延期: how a due time moves, and who may move it.

The unit asks before the due time, the unit above decides; the original date stays visible, and so
does on what each move rests. A date that a superior organ set moves beyond it by that organ alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from domain.action import Action, Grant
from domain.desk import Docket, ExtensionAsked, Item, Move, reschedule
from domain.procedure import Verb
from domain.recording import capacity_of, day_of, late_words, record_fault, said_by
from domain.ruling import Refusal, Ruling, Told, acting_unit, item_of, posts_of, reason_of, refuse
from domain.unit import ACTING_ROLES, Role

EXTENDED = "延期"
"""Why a due date moved, in its ``Move``."""


def ask_extension(
    docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime
) -> Ruling:
    """申请延期: before the due time, with a reason and a later date, as often as the plan allows."""
    item = item_of(docket, action)
    unit = acting_unit(item, action, grants)
    reason = reason_of(action, "申请延期")
    if item.step.max_extensions <= item.extensions:
        raise Refusal(
            "EXTENSION_LIMIT", f"本环节最多延期{item.step.max_extensions}次，不能再申请。"
        )
    if item.extension is not None:
        raise Refusal("EXTENSION_PENDING", f"已有延期申请待{item.approver}审批。")
    if _is_too_late(item, action, at):
        raise Refusal("EXTENSION_LATE", "时限已过，不能再申请延期；超期如实记录，职责不变。")
    if item.due.is_unlimited:
        raise Refusal("NO_LIMIT", f"“{item.step.name}”没有设定时限，不需要申请延期。")
    if action.new_due is None:
        raise Refusal("DATE_MISSING", "申请延期须写明新的时限（--new-due 日期）。")
    if action.new_due <= item.due.due_date:
        raise Refusal("DATE_NOT_LATER", f"新时限{action.new_due}不晚于现时限{item.due.due_date}。")
    approver = _approver(docket, item, action.new_due)
    asked = ExtensionAsked(
        unit=unit,
        person=action.person,
        new_due=action.new_due,
        reason=reason,
        at=at,
        approver=approver if approver != item.step.approver else "",
    )
    capacity = capacity_of(unit, grants)
    return Ruling(
        sentence=(
            f"{said_by(unit, action.person, capacity)}：“{item.step.name}”申请延期至"
            f"{action.new_due}，待{approver}审批。理由：{reason}{late_words(action, at)}"
        ),
        unit=unit,
        item=replace(item, extension=asked),
        told=(
            Told(
                unit=approver,
                to=Role.HANDLER,
                text=f"{unit}就“{item.step.name}”申请延期至{action.new_due}：{reason}",
            ),
        ),
        capacity=capacity,
    )


def rule_extension(
    docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime
) -> Ruling:
    """批准延期 / 驳回延期: by the unit above, with a 文号; the original date stays visible."""
    item = item_of(docket, action)
    posts = posts_of(grants, action.person)
    approver = item.approver
    if not any(g.unit == approver and g.role in ACTING_ROLES for g in posts):
        raise Refusal(
            "NOT_APPROVER",
            f"延期由{approver}审批，{action.person}不是其第一责任人、经办人或代办人。",
        )
    asked = item.extension
    if asked is None:
        raise Refusal("NO_EXTENSION", f"环节“{item.step.name}”没有待审批的延期申请。")
    if asked.person == action.person:
        raise Refusal("OWN_REQUEST", "不能审批自己提出的延期申请。")
    capacity = capacity_of(approver, grants)
    refuse(record_fault(approver, action, capacity))
    if action.verb is Verb.DENY_EXTENSION:
        reason = reason_of(action, "驳回延期")
        changed = replace(item, extension=None)
        text = f"延期至{asked.new_due}的申请被驳回：{reason}"
    else:
        paper = _paper(docket, action)
        changed = _extended(docket, item, action, paper, at)
        said = f"，{paper}" if paper else ""
        text = f"“{item.step.name}”延期至{asked.new_due}（原时限{item.original_due_date}{said}）"
    return Ruling(
        sentence=(
            f"{said_by(approver, action.person, capacity)}：{action.verb}。{text}"
            f"{late_words(action, at)}"
        ),
        unit=approver,
        item=changed,
        told=(Told(unit=asked.unit, to=asked.person, text=text),),
        capacity=capacity,
    )


def _is_too_late(item: Item, action: Action, at: datetime) -> bool:
    """By the day on which it was asked, where that is recorded later."""
    if action.happened_on is not None:
        return day_of(action, at) > item.due.due_date
    return at >= item.due.due


def _approver(docket: Docket, item: Item, new_due: date) -> str:
    """The unit above; beyond a date that a superior organ set, that organ."""
    if docket.set_by and docket.limit is not None and new_due > docket.limit:
        return docket.set_by
    return item.step.approver


def _paper(docket: Docket, action: Action) -> str:
    """The 文号 of the approval, without which no date moves (edition 2)."""
    paper = next((piece.doc_no for piece in action.evidence if piece.doc_no), "")
    if not paper and docket.edition >= 2:
        raise Refusal("APPROVAL_NUMBER", "批准延期须写明批准文号（--evidence 批准文号=文号）。")
    return paper


def _extended(docket: Docket, item: Item, action: Action, paper: str, at: datetime) -> Item:
    if docket.new_due is None:
        raise AssertionError("a granted extension needs its new due time")
    due, rungs = docket.new_due
    move = Move(
        before=item.due.due_date,
        after=due.due_date,
        why=EXTENDED,
        paper=paper,
        at=at,
        unit=item.approver,
        person=action.person,
    )
    moved = reschedule(item, due, rungs, at, move)
    return replace(moved, extension=None, extensions=item.extensions + 1)

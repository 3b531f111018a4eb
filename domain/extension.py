"""申请延期, 批准延期, 驳回延期: how a due time moves, and who may move it.

The unit asks before the due time, the unit above decides; the original date stays visible.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.action import Action, Grant
from domain.desk import Docket, ExtensionAsked, named, reschedule
from domain.procedure import Verb
from domain.ruling import Refusal, Ruling, Told, acting_unit, item_of, posts_of, reason_of
from domain.unit import ACTING_ROLES, Role


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
        raise Refusal("EXTENSION_PENDING", f"已有延期申请待{item.step.approver}审批。")
    if at >= item.due.due:
        raise Refusal("EXTENSION_LATE", "时限已过，不能再申请延期；超期如实记录，职责不变。")
    if action.new_due is None:
        raise Refusal("DATE_MISSING", "申请延期须写明新的时限（--new-due 日期）。")
    if action.new_due <= item.due.due_date:
        raise Refusal("DATE_NOT_LATER", f"新时限{action.new_due}不晚于现时限{item.due.due_date}。")
    asked = ExtensionAsked(
        unit=unit, person=action.person, new_due=action.new_due, reason=reason, at=at
    )
    return Ruling(
        sentence=(
            f"{named(unit, action.person)}：“{item.step.name}”申请延期至{action.new_due}，"
            f"待{item.step.approver}审批。理由：{reason}"
        ),
        unit=unit,
        item=replace(item, extension=asked),
        told=(
            Told(
                unit=item.step.approver,
                to=Role.HANDLER,
                text=f"{unit}就“{item.step.name}”申请延期至{action.new_due}：{reason}",
            ),
        ),
    )


def rule_extension(
    docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime
) -> Ruling:
    """批准延期 / 驳回延期: by the unit above; the original date stays visible."""
    item = item_of(docket, action)
    posts = posts_of(grants, action.person)
    approver = item.step.approver
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
    if action.verb is Verb.DENY_EXTENSION:
        reason = reason_of(action, "驳回延期")
        changed = replace(item, extension=None)
        text = f"延期至{asked.new_due}的申请被驳回：{reason}"
    else:
        if docket.new_due is None:
            raise AssertionError("a granted extension needs its new due time")
        due, rungs = docket.new_due
        changed = replace(
            reschedule(item, due, rungs, at), extension=None, extensions=item.extensions + 1
        )
        text = f"“{item.step.name}”延期至{asked.new_due}（原时限{item.original_due_date}）"
    return Ruling(
        sentence=f"{named(approver, action.person)}：{action.verb}。{text}",
        unit=approver,
        item=changed,
        told=(Told(unit=asked.unit, to=asked.person, text=text),),
    )

"""签收, 转办, 撤回, 补充说明: what a unit may do beside answering.

None of them moves a due time; whoever has it in hand, the unit stays responsible.
"""

# ruff: noqa: ARG001 - every rule has the same four arguments

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.action import Action, Grant
from domain.desk import AMENDED_BACK, WITHDRAWN, Docket, named
from domain.procedure import Verb
from domain.recording import capacity_of, late_words, said_by
from domain.ruling import Refusal, Ruling, Told, acting_unit, item_of, posts_of, reason_of
from domain.unit import ACTING_ROLES, Role


def receive(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """签收: who has it in hand. The clock started at dispatch and is not touched."""
    item = item_of(docket, action)
    unit = acting_unit(item, action, grants)
    capacity = capacity_of(unit, grants)
    changed = replace(item, received_by={**item.received_by, unit: action.person})
    return Ruling(
        sentence=f"{said_by(unit, action.person, capacity)}：签收“{item.step.name}”。"
        f"{late_words(action, at)}",
        unit=unit,
        item=changed,
        capacity=capacity,
    )


def assign(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """转办: to a person of the same unit; the unit stays responsible."""
    item = item_of(docket, action)
    unit = acting_unit(item, action, grants)
    if not action.to:
        raise Refusal("TARGET_MISSING", "转办须写明转给谁（--to 姓名）。")
    if not any(g.unit == unit and g.role in ACTING_ROLES for g in docket.other_grants):
        raise Refusal("NOT_OF_UNIT", f"{action.to}不是{unit}的经办人，不能转办。")
    if action.to in item.not_by:
        raise Refusal("SAME_REVIEWER", item.not_by[action.to])
    changed = replace(item, assignees={**item.assignees, unit: action.to})
    return Ruling(
        sentence=f"{named(unit, action.person)}：“{item.step.name}”转办给{action.to}。",
        unit=unit,
        item=changed,
        told=(Told(unit=unit, to=action.to, text=f"“{item.step.name}”已转办给您。"),),
    )


def withdraw(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """撤回: the unit that submitted takes it back while nobody has answered the next step.

    Only what was submitted on the main line: 意见反馈 beside it leads nowhere that one could go
    back to.
    """
    closed = [
        i
        for i in docket.items
        if i.step.line and not i.is_open and i.outcome in (Verb.SUBMIT, Verb.APPROVE)
    ]
    if not closed:
        raise Refusal("NOTHING_TO_WITHDRAW", "还没有提交过，不能撤回。")
    last = max(closed, key=lambda i: (i.closed_at or at, i.opened_at))
    if any(i.is_open and i.step.name == last.step.name for i in docket.items):
        raise Refusal(
            "NOTHING_TO_WITHDRAW", f"“{last.step.name}”正在待办，还没有再次提交，不能撤回。"
        )
    posts = posts_of(grants, action.person)
    able = {g.unit for g in posts if g.role in ACTING_ROLES}
    sent = next((a for a in reversed(last.answers) if a.unit in able), None)
    if sent is None:
        raise Refusal(
            "NOT_YOUR_UNIT",
            f"最近一次“{last.step.name}”不是{action.person}所在单位提交的，不能撤回。",
        )
    following = [i for i in docket.items if i.opened_at >= (last.closed_at or at) and not i.answers]
    target = next((i for i in following if i.is_open), None)
    # What an amended plan sent back is not taken back from under it.
    answered = any(i.answers for i in docket.items if i.opened_at > last.opened_at)
    if target is None or answered or any(i.outcome == AMENDED_BACK for i in following):
        raise Refusal("TOO_LATE_TO_WITHDRAW", "下一环节已经办理，不能撤回；可请对方退回。")
    changed = replace(target, closed_at=at, outcome=WITHDRAWN, outcome_to=last.step.name)
    return Ruling(
        sentence=f"{named(sent.unit, action.person)}：撤回“{last.step.name}”。{action.note}",
        unit=sent.unit,
        item=changed,
        told=tuple(
            Told(
                unit=u,
                to=Role.HANDLER,
                text=f"{sent.unit}撤回了“{last.step.name}”，本环节不再待办。",
            )
            for u in target.units
        ),
    )


def add_note(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """补充说明: any unit that has or had a step here may add to the record."""
    note = reason_of(action, "补充说明")
    posts = posts_of(grants, action.person)
    involved = (
        {u for i in docket.items for u in i.units} | {docket.subject} | set(docket.coordinators)
    )
    unit = next((g.unit for g in posts if g.unit in involved), "")
    if not unit:
        raise Refusal("NOT_YOUR_UNIT", f"{action.person}所在单位与本事项无关，不能补充说明。")
    return Ruling(sentence=f"{named(unit, action.person)}：补充说明。{note}", unit=unit)

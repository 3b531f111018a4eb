"""催办, 改派, 终止: what the coordinator (协调员) of a procedure may do; an answer is never theirs."""

# ruff: noqa: ARG001 - every rule has the same four arguments

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.action import Action, Grant
from domain.desk import Docket, named
from domain.ruling import Refusal, Ruling, Told, coordinator_unit, item_of, reason_of
from domain.unit import Role


def urge(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """催办: a notice to every unit that has not answered; counted."""
    item = item_of(docket, action)
    unit = coordinator_unit(docket, action, grants)
    note = f"：{action.note}" if action.note else ""
    return Ruling(
        sentence=f"{named(unit, action.person)}：催办“{item.step.name}”（第{item.urged + 1}次）{note}。",
        unit=unit,
        item=replace(item, urged=item.urged + 1),
        told=tuple(
            Told(unit=u, to=Role.HANDLER, text=f"催办“{item.step.name}”{note}")
            for u in item.waiting_units
        ),
    )


def reassign(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """改派: the step goes to another unit, with a reason; the due time stays."""
    item = item_of(docket, action)
    unit = coordinator_unit(docket, action, grants)
    reason = reason_of(action, "改派")
    old, _, new = action.to.rpartition("=")
    waiting = item.waiting_units
    if not old and len(waiting) != 1:
        raise Refusal(
            "UNIT_AMBIGUOUS", f"本环节待{'、'.join(waiting)}办理，请写 --to 原单位=新单位。"
        )
    old = old or waiting[0]
    if old not in waiting:
        raise Refusal("NOT_WAITING", f"{old}没有待办的“{item.step.name}”。")
    if not new or new not in docket.known_units:
        raise Refusal("UNKNOWN_UNIT", f"通讯录里没有单位“{new}”。")
    if new in item.units:
        raise Refusal("SAME_UNIT", f"{new}已经是本环节的办理单位。")
    changed = replace(item, units=tuple(new if u == old else u for u in item.units))
    return Ruling(
        sentence=f"{named(unit, action.person)}：“{item.step.name}”由{old}改派{new}。{reason}",
        unit=unit,
        item=changed,
        told=(
            Told(unit=new, to=Role.HANDLER, text=f"“{item.step.name}”改派给你单位：{reason}"),
            Told(unit=old, to=Role.HANDLER, text=f"“{item.step.name}”已改派{new}：{reason}"),
        ),
    )


def terminate(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """终止: the whole procedure ends undone, with a reason."""
    unit = coordinator_unit(docket, action, grants)
    reason = reason_of(action, "终止")
    return Ruling(
        sentence=f"{named(unit, action.person)}：终止办理。{reason}",
        unit=unit,
        terminated=reason,
        told=tuple(
            Told(unit=u, to=Role.HANDLER, text=f"事项已终止：{reason}")
            for i in docket.open_items
            for u in i.waiting_units
        ),
    )

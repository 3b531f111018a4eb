"""催办, 改派, 终止, 代记无意见: what the coordinator (协调员) of a procedure may do.

An answer is never theirs. A department that lets the time for its opinion pass may be recorded as
无意见, with the record of the call: counted and shown, never silent. 改派 and 终止 on items of the
coordinator's own unit are asked for by one person and agreed to by another (edition 2).
"""

# ruff: noqa: ARG001 - every rule has the same four arguments

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.action import Action, Grant
from domain.desk import Answered, Docket, Item, SecondAsked, named
from domain.procedure import Verb
from domain.recording import NOTED, late_words
from domain.ruling import (
    Refusal,
    Ruling,
    Told,
    coordinator_unit,
    item_of,
    posts_of,
    reason_of,
)
from domain.unit import Role

CALL_RECORD = "通话记录"
"""The document with which a coordinator records that a department did not answer."""

_SECONDS = frozenset({Role.COORDINATOR, Role.HEAD, Role.LEADER_IN_CHARGE})
"""Who of a coordinator's unit may be the second person."""


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
    old, new = _handover(docket, item, action.to)
    if docket.edition >= 2 and unit in (old, new):
        return _ask_second(docket, action, unit, item, at)
    return _reassigned(item, f"{named(unit, action.person)}：", unit, (old, new), reason)


def terminate(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """终止: the whole procedure ends undone, with a reason."""
    unit = coordinator_unit(docket, action, grants)
    reason = reason_of(action, "终止")
    own = docket.subject == unit or any(unit in i.waiting_units for i in docket.open_items)
    if docket.edition >= 2 and own:
        return _ask_second(docket, action, unit, None, at)
    return _terminated(docket, f"{named(unit, action.person)}：", unit, reason)


def second(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """复核同意 and 复核不同意: another person on what the coordinator asked for on the own unit."""
    asked = docket.second
    if asked is None:
        raise Refusal("NOTHING_TO_SECOND", "没有待复核的改派或终止。")
    posts = posts_of(grants, action.person)
    if not any(g.unit == asked.unit and g.role in _SECONDS for g in posts):
        raise Refusal(
            "NOT_SECOND",
            f"须由{asked.unit}的另一名协调员、第一责任人或分管领导复核，{action.person}不是。",
        )
    if action.person == asked.person:
        raise Refusal("OWN_REQUEST", f"{asked.verb}由{asked.person}提出，须由另一人复核。")
    said = f"{named(asked.unit, asked.person)}提出、{action.person}{action.verb}："
    if action.verb is Verb.OBJECT:
        reason = reason_of(action, "复核不同意")
        return Ruling(
            sentence=f"{said}不予{asked.verb}。{reason}",
            unit=asked.unit,
            seconded=True,
            told=(Told(unit=asked.unit, to=asked.person, text=f"{asked.verb}未获同意：{reason}"),),
        )
    if asked.verb is Verb.TERMINATE:
        return replace(_terminated(docket, said, asked.unit, asked.note), seconded=True)
    item = docket.open_item(asked.step)
    if item is None:
        raise Refusal("STEP_CLOSED", f"环节“{asked.step}”已经办结，不再改派，请复核不同意。")
    hands = _handover(docket, item, asked.to)
    return replace(_reassigned(item, said, asked.unit, hands, asked.note), seconded=True)


def record_silence(
    docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime
) -> Ruling:
    """代记无意见: a department that did not answer in time, with the record of the call (0-37)."""
    item = item_of(docket, action)
    unit = coordinator_unit(docket, action, grants)
    reason = reason_of(action, "代记无意见")
    if Verb.OPINION not in item.step.verbs:
        raise Refusal("WRONG_VERB", f"环节“{item.step.name}”不征求意见，不能代记无意见。")
    waiting = item.waiting_units
    silent = action.to or (waiting[0] if len(waiting) == 1 else "")
    if not silent:
        raise Refusal("UNIT_AMBIGUOUS", f"{'、'.join(waiting)}都没有答复，请写 --to 单位。")
    if silent not in waiting:
        raise Refusal(
            "NOT_WAITING",
            f"{silent}没有待办的“{item.step.name}”；待办的单位（写全称）：{_waiting_words(item)}。",
        )
    if at < item.due.due:
        raise Refusal(
            "SILENCE_EARLY",
            f"{silent}的答复时限{item.due.due_date}还没有过，不能代记无意见；可先催办。",
        )
    if not any(e.name == CALL_RECORD and (e.doc_no or e.sha256) for e in action.evidence):
        raise Refusal(
            "CALL_RECORD_MISSING",
            f"代记无意见须附{CALL_RECORD}（--evidence {CALL_RECORD}=编号或文件）。",
        )
    answer = Answered(
        unit=silent,
        person=action.person,
        verb=Verb.OPINION,
        at=at,
        on=action.happened_on,
        capacity=NOTED,
        silent=True,
        note=f"无意见（逾期未答复，代记）：{reason}",
        evidence=action.evidence,
    )
    answered = replace(item, answers=(*item.answers, answer))
    if not answered.waiting_units:
        answered = replace(answered, closed_at=at, outcome=Verb.OPINION, extension=None)
    return Ruling(
        sentence=(
            f"{named(unit, action.person)}：{silent}逾期未答复“{item.step.name}”，"
            f"代记无意见。{reason}{late_words(action, at)}"
        ),
        unit=unit,
        item=answered,
        told=(
            Told(
                unit=silent,
                to=Role.HANDLER,
                text=f"你单位对“{item.step.name}”逾期未答复，已由协调员代记无意见：{reason}",
            ),
        ),
        capacity=NOTED,
    )


def _waiting_words(item: Item) -> str:
    """The units that an action may mean: they are written by their whole names."""
    return "、".join(item.waiting_units) or "无"


def _handover(docket: Docket, item: Item, to: str) -> tuple[str, str]:
    """From which unit to which a step goes; ``to`` is ``新单位`` or ``原单位=新单位``."""
    old, _, new = to.rpartition("=")
    waiting = item.waiting_units
    if not old and len(waiting) != 1:
        raise Refusal(
            "UNIT_AMBIGUOUS", f"本环节待{'、'.join(waiting)}办理，请写 --to 原单位=新单位。"
        )
    old = old or waiting[0]
    if old not in waiting:
        raise Refusal(
            "NOT_WAITING",
            f"{old}没有待办的“{item.step.name}”；待办的单位（写全称）：{_waiting_words(item)}。",
        )
    if not new or new not in docket.known_units:
        raise Refusal("UNKNOWN_UNIT", f"通讯录里没有单位“{new}”，请写全称。")
    if new in item.units:
        raise Refusal("SAME_UNIT", f"{new}已经是本环节的办理单位。")
    return old, new


def _reassigned(item: Item, said: str, unit: str, hands: tuple[str, str], reason: str) -> Ruling:
    old, new = hands
    changed = replace(item, units=tuple(new if u == old else u for u in item.units))
    return Ruling(
        sentence=f"{said}“{item.step.name}”由{old}改派{new}。{reason}",
        unit=unit,
        item=changed,
        told=(
            Told(unit=new, to=Role.HANDLER, text=f"“{item.step.name}”改派给你单位：{reason}"),
            Told(unit=old, to=Role.HANDLER, text=f"“{item.step.name}”已改派{new}：{reason}"),
        ),
    )


def _terminated(docket: Docket, said: str, unit: str, reason: str) -> Ruling:
    return Ruling(
        sentence=f"{said}终止办理。{reason}",
        unit=unit,
        terminated=reason,
        told=tuple(
            Told(unit=u, to=Role.HANDLER, text=f"事项已终止：{reason}")
            for i in docket.open_items
            for u in i.waiting_units
        ),
    )


def _ask_second(
    docket: Docket, action: Action, unit: str, item: Item | None, at: datetime
) -> Ruling:
    """What one person of the unit concerned asks for, another has to agree to."""
    what = f"“{item.step.name}”改派（{action.to}）" if item else "终止办理"
    if docket.second is not None:
        raise Refusal(
            "SECOND_PENDING", f"{docket.second.person}提出的{docket.second.verb}正待另一人复核。"
        )
    asked = SecondAsked(
        verb=action.verb,
        person=action.person,
        unit=unit,
        step=item.step.name if item else "",
        to=action.to,
        note=action.note.strip(),
        at=at,
    )
    return Ruling(
        sentence=(
            f"{named(unit, action.person)}：提出{what}，事关本单位，须由另一人复核同意后生效。"
            f"{action.note.strip()}"
        ),
        unit=unit,
        second=asked,
        told=(
            Told(
                unit=unit,
                to=Role.COORDINATOR,
                text=f"{action.person}提出{what}，请另一人复核（复核同意、复核不同意）。",
            ),
        ),
    )

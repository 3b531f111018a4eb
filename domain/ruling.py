"""What every rule over an action starts from, and what it ends in.

A rule finds the open item, asks whether this person may act on it, and gives a ``Ruling``; the
first check that says no raises ``Refusal``, which ``domain.decision`` turns into a value.

Sources: 0-35 (the second reviewer is another person), 0-36 (the 党工委 reports), 4-05 (a named
person acts).
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.action import Action, Grant
from domain.desk import Docket, Item, SecondAsked
from domain.refusal import Refused
from domain.unit import ACTING_ROLES, Role


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message that a ruling sends to a unit (or a role or person in it)."""

    unit: str
    to: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """An action that was allowed: what is true now. ``sentence`` goes into the log.

    ``capacity`` is in which the person acted. ``second`` waits from now on for a second person;
    ``seconded``: nothing waits for one any more.
    """

    sentence: str
    unit: str
    item: Item | None = None
    told: tuple[Told, ...] = ()
    terminated: str = ""
    capacity: str = ""
    second: SecondAsked | None = None
    seconded: bool = False


class Refusal(Exception):
    """Raised inside ``decide`` by the first check that says no; turned into a value there."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def refuse(fault: Refused | None) -> None:
    """This will raise what a check found, if it found anything."""
    if fault is not None:
        raise Refusal(fault.code, fault.sentence)


def item_of(docket: Docket, action: Action) -> Item:
    """The open item an action is about; a procedure with one open step needs no name."""
    open_items = docket.open_items
    if not action.step and len(open_items) == 1:
        return open_items[0]
    item = docket.open_item(action.step)
    if item is not None:
        return item
    names = "、".join(i.step.name for i in open_items) or "无"
    if any(i.step.name == action.step for i in docket.items):
        raise Refusal("STEP_CLOSED", f"环节“{action.step}”已经办结；现在待办的环节：{names}。")
    raise Refusal(
        "STEP_NOT_OPEN", f"环节“{action.step or '（未写）'}”没有打开；现在待办的环节：{names}。"
    )


def posts_of(grants: tuple[Grant, ...], person: str) -> tuple[Grant, ...]:
    """The posts of a person; Refusal if there are none."""
    if not grants:
        raise Refusal("UNKNOWN_PERSON", f"通讯录里没有“{person}”，或其职务已经终止。")
    return grants


def acting_unit(item: Item, action: Action, grants: tuple[Grant, ...]) -> str:
    """The responsible unit that the person acts for here."""
    posts = posts_of(grants, action.person)
    able = {g.unit for g in posts if g.role in ACTING_ROLES}
    wanted = (action.unit,) if action.unit else item.units
    mine = tuple(u for u in item.units if u in able and u in wanted)
    if not mine:
        owners = "、".join(item.units)
        if any(g.unit in item.units for g in posts) and action.unit in {"", *item.units}:
            held = "、".join(dict.fromkeys(g.role for g in posts if g.unit in item.units))
            raise Refusal(
                "NOT_YOUR_UNIT",
                f"环节“{item.step.name}”由{owners}的经办人办理，{action.person}（{held}）不办理。",
            )
        who = action.unit or "、".join(sorted({g.unit for g in posts}))
        raise Refusal(
            "NOT_YOUR_UNIT",
            f"环节“{item.step.name}”由{owners}办理，{action.person}（{who}）不能代其办理。",
        )
    waiting = tuple(u for u in mine if u in item.waiting_units)
    if not waiting:
        raise Refusal(
            "ALREADY_ANSWERED", f"{mine[0]}对环节“{item.step.name}”已经答复，不重复办理。"
        )
    if len(waiting) > 1:
        raise Refusal(
            "UNIT_AMBIGUOUS",
            f"{action.person}在{'、'.join(waiting)}都有职务，请用 --unit 写明代表哪个单位。",
        )
    return waiting[0]


def check_person(
    docket: Docket, item: Item, unit: str, action: Action, grants: tuple[Grant, ...]
) -> None:
    """The rules about this very person: 报送's role, the other reviewer, a 转办."""
    role = item.step.role
    if role is not None and not any(g.unit == unit and g.role is role for g in grants):
        raise Refusal(
            "WRONG_ROLE",
            f"环节“{item.step.name}”只能由{unit}的{role}办理，{action.person}不是。",
        )
    if action.person in item.not_by:
        reason = item.not_by[action.person]
        raise Refusal("SAME_REVIEWER", f"{reason}{_who_else(docket, item, unit)}")
    assignee = item.assignees.get(unit)
    if assignee and action.person not in assignee.split("、"):
        substitutes = any(
            g.unit == unit
            and (
                g.role is Role.SUBSTITUTE or (g.instead_of and g.instead_of in assignee.split("、"))
            )
            for g in grants
        )
        if not substitutes:
            raise Refusal(
                "ASSIGNED_TO_OTHER",
                f"环节“{item.step.name}”已指定{assignee}办理，由其本人或代办人办理。",
            )


def _who_else(docket: Docket, item: Item, unit: str) -> str:
    """Who may do it instead; where nobody is there, whom to appoint (0-35)."""
    if unit not in docket.able:
        return ""
    others = [p for p in docket.able[unit] if p not in item.not_by]
    if others:
        return f"现在可由{'、'.join(others)}办理。"
    away = docket.away.get(unit, {})
    again = "；".join(
        f"请为请假的{absent}另行指定代办人（现为{by}）"
        for absent, by in away.items()
        if by in item.not_by and absent not in item.not_by
    )
    return f"{unit}现在没有别的人能办：{again or '请协调员为其增补一名经办人'}。"


def coordinator_unit(docket: Docket, action: Action, grants: tuple[Grant, ...]) -> str:
    """The unit for which this person leads the procedure; Refusal if there is none."""
    posts = posts_of(grants, action.person)
    for grant in posts:
        if grant.role is Role.COORDINATOR and grant.unit in docket.coordinators:
            return grant.unit
    units = "、".join(docket.coordinators)
    raise Refusal(
        "NOT_COORDINATOR", f"“{action.verb}”只能由协调员（{units}）使用，{action.person}不是。"
    )


def reason_of(action: Action, what: str) -> str:
    """The reason given with an action; Refusal if there is none. ``what`` opens the sentence."""
    if not action.note.strip():
        raise Refusal("REASON_MISSING", f"{what}必须写明理由（--note）。")
    return action.note.strip()

"""Rows of a sheet before any is sent: what the read models foresee of each.

The procedure decides; this only keeps a sheet back that a rule would refuse in part, so that
nothing of it is half done. Where the read models cannot know, a row is let through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.action import Grant
from domain.deadline import local_day
from domain.procedure import CLOSING, Verb
from domain.refusal import Finding
from domain.unit import ACTING_ROLES

ITEM, PERSON, UNIT, DAY = "事项", "办理人", "单位", "发生日期"
"""The columns that a finding names."""

WORK, APPROVAL = "办理", "延期审批"
"""For what a step waits at a desk."""

_AT_A_DESK = CLOSING | {Verb.RECEIVE, Verb.ASSIGN, Verb.ASK_EXTENSION}
_APPROVING = frozenset({Verb.GRANT_EXTENSION, Verb.DENY_EXTENSION})


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A step at a unit's desk."""

    step: str
    unit: str
    purpose: str
    opened_at: datetime


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What is known of one row's procedure and person.

    ``ended`` says how the procedure ended, empty while it runs; None if there is none of this id.
    ``grants`` None: the person was not looked up.
    """

    ended: str | None
    waiting: Sequence[Waiting] = ()
    grants: Sequence[Grant] | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a row asks to be done."""

    workflow_id: str
    step: str
    verb: Verb
    person: str
    unit: str = ""
    happened_on: date | None = None


def foresee(known: Foreseen, asked: Asked, today: date) -> Finding | None:
    """This will say why a row would be refused, as far as can be seen; None if nothing is seen."""
    if known.ended is None:
        sentence = f"没有事项“{asked.workflow_id}”，可用 jiegai inbox 查看待办事项。"
        return _no("NOT_FOUND", ITEM, sentence)
    if known.ended:
        return _no("CLOSED", ITEM, f"事项已经{known.ended}，不能再办理。")
    if known.grants is not None and not known.grants:
        return _no("UNKNOWN_PERSON", PERSON, f"通讯录里没有{asked.person}，请核对姓名。")
    day = asked.happened_on
    if day is not None and day > today:
        return _no("DAY_IN_FUTURE", DAY, f"发生日期{day}还没有到（今日{today}）。")
    if asked.verb in _AT_A_DESK:
        return _at_desk(known, asked, WORK)
    return _at_desk(known, asked, APPROVAL) if asked.verb in _APPROVING else None


def _at_desk(known: Foreseen, asked: Asked, purpose: str) -> Finding | None:
    here = [w for w in known.waiting if w.purpose == purpose]
    steps = tuple(dict.fromkeys(w.step for w in here))
    step = asked.step or (steps[0] if len(steps) == 1 else "")
    desks = [w for w in here if w.step == step]
    if not desks:
        what = "待批延期的" if purpose == APPROVAL else "待办"
        sentence = f"环节“{step or '（未写）'}”不在{what}环节里；现有：{'、'.join(steps) or '无'}。"
        return _no("STEP_NOT_OPEN", ITEM, sentence)
    units = tuple(w.unit for w in desks)
    if asked.unit and asked.unit not in units:
        sentence = f"环节“{step}”不在{asked.unit}待办，现在{'、'.join(units)}。"
        return _no("NOT_AT_UNIT", UNIT, sentence)
    mine = (asked.unit,) if asked.unit else units
    if purpose == WORK and known.grants is not None and not _acts_for(mine, known.grants):
        sentence = f"环节“{step}”由{'、'.join(mine)}办理，{asked.person}不能代其办理。"
        return _no("NOT_YOUR_UNIT", PERSON, sentence)
    first = min(local_day(w.opened_at) for w in desks)
    if asked.happened_on is not None and asked.happened_on < first:
        sentence = f"环节“{step}”{first}才交办，发生日期不能是{asked.happened_on}。"
        return _no("DAY_BEFORE_OPENING", DAY, sentence)
    return None


def _acts_for(units: Sequence[str], grants: Sequence[Grant]) -> bool:
    return any(g.unit in units and g.role in ACTING_ROLES for g in grants)


def _no(code: str, column: str, sentence: str) -> Finding:
    return Finding(code=code, sentence=sentence, column=column)

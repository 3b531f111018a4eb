"""One person within a transfer batch: objection, talk, decision, answer; and being taken out.

异议 → 谈话 → 维持, 调整 or 暂缓 → 答复 (2-27); 移出 for who retires, is investigated or was recorded
wrongly. Each is a recorded decision, after the 批复 with a 更正's 文号; the others go on. Pure: the
answer is what is true next, or a ``Refused``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from domain.refusal import Refused
from domain.transfer import CORRECTION_DOCUMENT, Place

MAX_PEOPLE = 50
"""Most persons in one action."""

_KEY = re.compile(r"p-[0-9a-f]{16}")


class PersonKind(StrEnum):
    """What may be recorded of a person."""

    OBJECT = "异议"
    TALK = "谈话"
    UPHOLD = "维持"
    ADJUST = "调整"
    DEFER = "暂缓"
    ANSWER = "答复"
    TAKE_OUT = "移出"


_ONLY_TO_UNIT = "编制类型等登记有误的不在批内改，先“移出”（附更正文号），更正后列入另一名册。"
"""A post of another type is another post, which no approval of this batch covers."""

DECISIONS = frozenset({PersonKind.UPHOLD, PersonKind.ADJUST, PersonKind.DEFER})
"""What an objection may end in; the answer then tells the person."""

LEADS_ONLY = DECISIONS | {PersonKind.ANSWER, PersonKind.TAKE_OUT}
"""Kinds that belong to the unit that leads the batch; the others also to both units."""

CLOSED = PersonKind.ANSWER
"""The stage of an objection about which nothing is to be done any more."""


class Effect(StrEnum):
    """What a decision does to the person's post that is on its way."""

    NONE = ""
    BACK = "收回"
    ELSEWHERE = "改派"


@dataclass(frozen=True, kw_only=True)
class PersonCase:
    """A person of the batch as the registers have it; ``objection`` is the stage of the latest one.

    It is empty where there was none.
    """

    staff: str
    from_unit: str
    to_unit: str
    type: str
    place: Place
    objection: str = ""


@dataclass(frozen=True, kw_only=True)
class Authority:
    """For whom the actor may speak: ``leads`` the batch, or acts for these ``units``."""

    leads: bool
    units: Collection[str] = ()
    own: str = ""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """How far the batch is: the 批复 has come, 转人员 is done."""

    approved: bool
    moved: bool


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was given with the action: ``papers`` are 文号 or files by name of the document."""

    note: str = ""
    papers: Collection[str] = ()
    to_unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Next:
    """What is true of the person next; ``objection`` None leaves it."""

    place: Place
    objection: str | None = None
    outcome: str = ""
    effect: Effect = Effect.NONE
    to_unit: str = ""


def keys_fault(keys: Collection[str]) -> Refused | None:
    """Why these cannot be persons of a roster; None if they can."""
    if not keys or len(keys) > MAX_PEOPLE:
        return Refused(code="TOO_MANY_PEOPLE", sentence=f"一次写1至{MAX_PEOPLE}个人员编号。")
    if len(set(keys)) < len(keys):
        return Refused(code="PERSON_TWICE", sentence="同一人员编号写了两次。")
    if any(not _KEY.fullmatch(key) for key in keys):
        return Refused(
            code="PERSON_KEY", sentence="人员编号应为 p- 加16位，见 jiegai transfer people。"
        )
    return None


def decide(
    kind: PersonKind, case: PersonCase, who: Authority, moment: Moment, said: Said
) -> Next | Refused:
    """This will say what becomes of one person, or why it may not."""
    fault = _not_theirs(kind, case, who) or _too_late(kind, case, moment)
    fault = fault or _out_of_order(kind, case) or _unsaid(kind, case, moment, said)
    if fault is not None:
        return fault
    back = Effect.BACK if case.place is Place.IN_TRANSIT else Effect.NONE
    if kind is PersonKind.TAKE_OUT:
        closed = CLOSED if case.objection else None
        return Next(place=Place.OUT, objection=closed, outcome=kind, effect=back)
    if kind is PersonKind.DEFER:
        return Next(place=Place.DEFERRED, objection=kind, outcome=kind, effect=back)
    if kind is PersonKind.ADJUST:
        elsewhere = Effect.ELSEWHERE if case.place is Place.IN_TRANSIT else Effect.NONE
        return Next(
            place=case.place,
            objection=kind,
            outcome=kind,
            effect=elsewhere,
            to_unit=said.to_unit,
        )
    return Next(
        place=case.place,
        objection=kind,
        outcome=kind if kind in DECISIONS else "",
    )


def _not_theirs(kind: PersonKind, case: PersonCase, who: Authority) -> Refused | None:
    near = {case.from_unit, case.to_unit, who.own} & set(who.units)
    if who.leads or (near and kind not in LEADS_ONLY):
        return None
    return Refused(
        code="NOT_YOUR_PERSON",
        sentence=f"{case.staff}的“{kind}”由牵头单位"
        + ("办理。" if kind in LEADS_ONLY else "、转出单位或接收单位记录。"),
    )


def _too_late(kind: PersonKind, case: PersonCase, moment: Moment) -> Refused | None:
    if case.place is Place.ARRIVED:
        return Refused(
            code="PERSON_ARRIVED", sentence=f"{case.staff}已经转入并登记，本批次不再变动。"
        )
    # Who was put off is still to be told.
    told = case.place is Place.DEFERRED and kind is PersonKind.ANSWER
    if case.place in (Place.OUT, Place.DEFERRED) and not told:
        return Refused(code="PERSON_OUT", sentence=f"{case.staff}已{case.place}，不在本批次内。")
    if moment.moved and kind is not PersonKind.TAKE_OUT:
        return Refused(
            code="ALREADY_MOVED",
            sentence=f"转人员已经办结，{case.staff}只能“移出”（附更正文号），不再受理异议。",
        )
    return None


_AFTER: dict[PersonKind, tuple[str, ...]] = {
    PersonKind.OBJECT: ("", CLOSED),
    PersonKind.TALK: (PersonKind.OBJECT, PersonKind.TALK),
    PersonKind.UPHOLD: (PersonKind.TALK,),
    PersonKind.ADJUST: (PersonKind.TALK,),
    PersonKind.DEFER: (PersonKind.TALK,),
    PersonKind.ANSWER: tuple(DECISIONS),
}


def _out_of_order(kind: PersonKind, case: PersonCase) -> Refused | None:
    if kind not in _AFTER or case.objection in _AFTER[kind]:
        return None
    if kind is PersonKind.OBJECT:
        sentence = f"{case.staff}的异议正在办理（{case.objection}）。"
    elif case.objection in ("", CLOSED):
        sentence = f"{case.staff}没有待办的异议。"
    else:
        sentence = (
            f"{case.staff}的异议到了“{case.objection}”，不能“{kind}”：次序是谈话、决定、答复。"
        )
    return Refused(code="OBJECTION_ORDER", sentence=sentence)


def _unsaid(kind: PersonKind, case: PersonCase, moment: Moment, said: Said) -> Refused | None:
    if not said.note.strip() and not said.papers:
        return Refused(code="REASON_MISSING", sentence=f"“{kind}”须写明内容或理由（--note）。")
    if kind is PersonKind.ADJUST:
        if not said.to_unit:
            return Refused(
                code="TO_UNIT_MISSING",
                sentence=f"“调整”须写明去向（--to-unit 单位）；{_ONLY_TO_UNIT}",
            )
        if said.to_unit in (case.from_unit, case.to_unit):
            return Refused(
                code="TO_UNIT_SAME",
                sentence=f"{case.staff}的去向已是{said.to_unit}，或就是原单位；{_ONLY_TO_UNIT}",
            )
    changes = kind in (PersonKind.ADJUST, PersonKind.DEFER, PersonKind.TAKE_OUT)
    if moment.approved and changes and CORRECTION_DOCUMENT not in said.papers:
        return Refused(
            code="CORRECTION_MISSING",
            sentence=f"批复之后“{kind}”须有更正的文号（--evidence 更正=文号）。",
        )
    return None

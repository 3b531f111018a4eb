"""What is recorded after the fact, and for whom: 补录 and 代录.

An action has the day on which it happened beside the instant at which it was recorded. Being on
time is judged by the first; both are kept and shown. An organ without a desk (区委编委, 区委常委会,
区领导, 市委编办) decides on paper: its recording unit (代录单位) enters the decision with the document
that it stands in, and with its day.
"""

from __future__ import annotations

from datetime import date, datetime

from domain.action import Action, Grant, Keeping
from domain.deadline import local_day
from domain.desk import Docket, Item, named
from domain.procedure import CLOSING, Verb
from domain.refusal import Refused
from domain.unit import ACTING_ROLES, Role

RECORDED = "代录"
"""The capacity in which a recording unit acts for an organ without a desk."""

INSTEAD = "代办"
"""The capacity, before the absent person's name, in which a substitute acts."""

NOTED = "协调员代记"
"""The capacity in which a coordinator records that a department did not answer."""

_DECIDING = CLOSING | {Verb.GRANT_EXTENSION, Verb.DENY_EXTENSION}


def day_of(action: Action, at: datetime) -> date:
    """The day (Asia/Shanghai) on which an action happened: as stated, else the day of recording."""
    return action.happened_on or local_day(at)


def is_late_record(action: Action, at: datetime) -> bool:
    """Whether an action is recorded on a later day than it happened (补录)."""
    return day_of(action, at) < local_day(at)


def day_fault(docket: Docket, item: Item | None, action: Action, at: datetime) -> Refused | None:
    """Why the stated day cannot be: in the future, or before the step was opened; None if it can.

    Where no step is meant (终止, 撤回) the first step's opening is the bound.
    """
    if action.happened_on is None:
        return None
    today = local_day(at)
    if action.happened_on > today:
        return Refused(
            code="DAY_IN_FUTURE", sentence=f"发生日期{action.happened_on}还没有到（今日{today}）。"
        )
    opened = item.opened_at if item else min((i.opened_at for i in docket.items), default=at)
    first = local_day(opened)
    if action.happened_on < first:
        what = f"环节“{item.step.name}”{first}才交办" if item else f"本事项{first}才开始"
        return Refused(
            code="DAY_BEFORE_OPENING",
            sentence=f"{what}，发生日期不能是{action.happened_on}。",
        )
    return None


def evidence_fault(docket: Docket, action: Action) -> Refused | None:
    """Why the files given cannot be taken: said to be stored but not there; None if they can."""
    for piece in action.evidence:
        if piece.kept is Keeping.STORED and piece.sha256 not in docket.stored:
            return Refused(
                code="EVIDENCE_NOT_STORED",
                sentence=f"证据“{piece.name}”的文件{piece.filename}没有入库，请重新执行本命令上传。",
            )
        if docket.edition >= 2 and piece.sha256 and piece.kept is Keeping.UNSAID:
            return Refused(
                code="EVIDENCE_UNKEPT",
                sentence=f"证据“{piece.name}”的文件须入库，或标明线下并写明文号"
                f"（--evidence {piece.name}=线下:文号@文件）。",
            )
    return None


def capacity_of(unit: str, grants: tuple[Grant, ...]) -> str:
    """In which capacity a person acts for a unit: empty for an own post, else 代办某某 or 代录."""
    held = [g for g in grants if g.unit == unit and g.role in ACTING_ROLES]
    if any(g.role is not Role.RECORDER and not g.instead_of for g in held):
        return ""
    instead = next((g.instead_of for g in held if g.role is not Role.RECORDER), "")
    if instead:
        return f"{INSTEAD}{instead}"
    return RECORDED if held else ""


def record_fault(unit: str, action: Action, capacity: str) -> Refused | None:
    """What a 代录 still lacks: the day, and the document with its 文号 and its sha256."""
    if capacity != RECORDED or action.verb not in _DECIDING:
        return None
    if not any(piece.doc_no and piece.sha256 for piece in action.evidence):
        return Refused(
            code="RECORD_DOCUMENT",
            sentence=f"代录{unit}的决定须附原件，文号和文件都要写（--evidence 纪要=文号@文件）。",
        )
    if action.happened_on is None:
        return Refused(code="RECORD_DAY", sentence=f"代录{unit}的决定须写明发生日期（--on 日期）。")
    return None


def said_by(unit: str, person: str, capacity: str = "") -> str:
    """Unit and person in one, with the capacity: ``区委编委（区委编办甲代录）``."""
    if capacity == RECORDED:
        return f"{unit}（{person}{RECORDED}）"
    return f"{named(unit, person)}（{capacity}）" if capacity else named(unit, person)


def late_words(action: Action, at: datetime) -> str:
    """What a late record adds to a sentence: ``（2019-12-10发生，补录）``; empty if it is none."""
    return f"（{action.happened_on}发生，补录）" if is_late_record(action, at) else ""

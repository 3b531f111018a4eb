"""擅自转嫁: a street's word that a department handed down a duty outside this software (4-35, 3-27).

What is dispatched here off the list is refused and counted as an attempt; a document or a call is
not seen by any software, so that the street says it. The 区委编办 answers. Both are counted by year
and department; persons are not. Nobody's word decides anything: no list changes by a complaint.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain.deadline import local_day
from domain.duty_sides import STREET_KINDS
from domain.personal import personal_fault
from domain.refusal import Refused
from domain.unit import Unit, UnitKind

MAX_TEXT: Final = 2000
MAX_NAME: Final = 120
_DEPARTMENTS: Final = (UnitKind.DEPARTMENT, UnitKind.INSTITUTION)


class Finding(StrEnum):
    """What the 区委编办 found; OPEN while it only answered."""

    OPEN = ""
    TRUE = "属实"
    FALSE = "不属实"


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What a street states: which department, what it handed down, by which paper, when.

    ``item`` is the number of a list's item where the duty stands on one, else ``content`` says it.
    """

    street: str
    about: str
    happened_on: date
    content: str = ""
    item: str = ""
    list_name: str = ""
    paper: str = ""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the 区委编办 answers: in words, by a paper, with a finding or without one yet."""

    note: str
    paper: str
    finding: Finding = Finding.OPEN


def complaint_fault(complaint: Complaint, today: date) -> Refused | None:
    """Why these words are no complaint; None if they are one."""
    return next(_complaint_faults(complaint, today), None)


def _complaint_faults(complaint: Complaint, today: date) -> Iterator[Refused]:
    if not complaint.street or not complaint.about:
        yield Refused(
            code="COMPLAINT_SIDE", sentence="反映须写明哪个街道（--street）、哪个部门（--about）。"
        )
    if not complaint.item and not complaint.content:
        yield Refused(
            code="COMPLAINT_EMPTY", sentence="反映须写明交来的是什么：--text 或清单事项 --item。"
        )
    if complaint.happened_on > today:
        yield Refused(
            code="COMPLAINT_FUTURE", sentence=f"{complaint.happened_on}还没有到，请核对 --on。"
        )
    names = (
        complaint.street,
        complaint.about,
        complaint.item,
        complaint.list_name,
        complaint.paper,
    )
    yield from _text_faults((complaint.content,), names)


def reply_fault(reply: Reply) -> Refused | None:
    """Why these words are no answer; None if they are one."""
    if not reply.note or not reply.paper:
        sentence = "答复须写明意见（--note）和文号（--paper）。"
        return Refused(code="COMPLAINT_REPLY", sentence=sentence)
    return next(_text_faults((reply.note,), (reply.paper,)), None)


def _text_faults(texts: tuple[str, ...], names: tuple[str, ...]) -> Iterator[Refused]:
    if any(len(text) > MAX_TEXT for text in texts):
        yield Refused(code="NOTE_TOO_LONG", sentence=f"一段文字不能超过{MAX_TEXT}字。")
    if any(len(name) > MAX_NAME for name in names):
        yield Refused(code="TOO_LONG", sentence=f"单位、事项、文号等不能超过{MAX_NAME}字。")
    everything = (*texts, *names)
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for t in everything for c in t):
        yield Refused(code="CONTROL_CHARACTER", sentence="文字里有不可见的控制字符，请删去后重试。")
    found = personal_fault(*everything)
    if found is not None:
        yield found


def sides_fault(street: Unit | None, about: Unit | None, complaint: Complaint) -> Refused | None:
    """Why these two are not a street and a department of its district; None if they are."""
    if street is None or about is None:
        name = complaint.street if street is None else complaint.about
        return Refused(code="UNKNOWN_UNIT", sentence=f"通讯录里没有单位“{name}”。")
    if street.kind not in STREET_KINDS:
        sentence = f"“{street.name}”是{street.kind}，不是街道或镇。"
        return Refused(code="NOT_A_STREET", sentence=sentence)
    if about.kind not in _DEPARTMENTS or about.district not in ("", street.district):
        sentence = f"“{about.name}”不是{street.name}所在区的部门。"
        return Refused(code="COMPLAINT_SIDE", sentence=sentence)
    return None


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """What one department did in one year: attempts refused here, and what streets reported.

    ``answered`` and ``true`` are of the reported ones.
    """

    year: int
    department: str
    attempts: int = 0
    reported: int = 0
    answered: int = 0
    true: int = 0


def pressed_by_year(
    attempts: Iterable[tuple[str, datetime]], reported: Iterable[tuple[str, date, Reply | None]]
) -> tuple[Pressed, ...]:
    """This will count attempts and complaints by year and department, in the order of names.

    The year of an attempt is that of its day in Asia/Shanghai, of a complaint that of what happened.
    """
    counts: dict[tuple[int, str], list[int]] = {}
    for department, at in attempts:
        counts.setdefault((local_day(at).year, department), [0, 0, 0, 0])[0] += 1
    for department, day, reply in reported:
        own = counts.setdefault((day.year, department), [0, 0, 0, 0])
        own[1] += 1
        own[2] += reply is not None
        own[3] += reply is not None and reply.finding is Finding.TRUE
    return tuple(
        Pressed(year=y, department=name, attempts=a, reported=r, answered=done, true=true)
        for (y, name), (a, r, done, true) in sorted(counts.items())
    )

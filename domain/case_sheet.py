"""What somebody writes to open a case, on the command line or in a row of a sheet, read as a value.

Words are read, not judged: whether the case may be opened is the registers' to say (4-10…4-13, 3-14,
1-46, 0-47). A moment has its hour and minute, since 当天报告 (4-11) ends at midnight.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from domain.action import Evidence
from domain.case import CaseKind, Channel, Opening, PhoneCall, Share, Source, Urgency
from domain.day_words import SHANGHAI
from domain.directory import names_in

KIND, STREET, DEPARTMENT, ITEM, LIST = "类别", "街道", "部门", "清单事项", "清单"
TITLE, FOUND, SOURCE, NOTE, PLACE = "案由", "发现或收到时间", "来源", "案情", "地点"
URGENCY, EVIDENCE, OFFICERS, CALL = "紧急程度", "证据", "执法人员", "电话报告"
LETTER, CHANNEL, SHARE, WANTED = "函号", "送达方式", "要求", "要求回告日期"
INCOMING, STAGE, PERSON, NUMBER = "来件编号", "本次办到", "办理人", "案件编号"

CASE_COLUMNS = (
    KIND,
    STREET,
    DEPARTMENT,
    ITEM,
    LIST,
    TITLE,
    FOUND,
    SOURCE,
    NOTE,
    PLACE,
    URGENCY,
    EVIDENCE,
    OFFICERS,
    CALL,
    LETTER,
    CHANNEL,
    SHARE,
    WANTED,
    INCOMING,
    STAGE,
    PERSON,
    NUMBER,
)
"""The columns of a 案件表; 街道, 案由 and 发现或收到时间 must be filled in."""

NEEDED_COLUMNS = (STREET, TITLE, FOUND)

REGISTERED, REPORTED, HANDED_OVER = "登记", "报告", "交接"
STAGES = (REGISTERED, REPORTED, HANDED_OVER)
"""How far an opening goes: only registered, reported, or with its 交接单 at once."""

_MOMENT = re.compile(
    r"(?:(\d{4})[-年/.](\d{1,2})[-月/.](\d{1,2})日?[ T]*)?(\d{1,2})[:：时点](\d{1,2})(?:[:：]\d{2})?分?"
)
_DAY = re.compile(r"\d{4}[-年/.]\d{1,2}[-月/.]\d{1,2}日?")
_Word = TypeVar("_Word", bound=StrEnum)
_Default = TypeVar("_Default")


@dataclass(frozen=True, kw_only=True)
class RawCase:
    """What was written, as text; ``evidence`` has been read already."""

    action_id: str
    kind: str = ""
    street: str = ""
    department: str = ""
    item: str = ""
    list_name: str = ""
    title: str = ""
    found: str = ""
    source: str = ""
    note: str = ""
    place: str = ""
    urgency: str = ""
    officers: str = ""
    call: str = ""
    letter: str = ""
    channel: str = ""
    share: str = ""
    wanted_by: date | None = None
    incoming: str = ""
    stage: str = ""
    person: str = ""
    sender: str = ""
    number: str = ""
    suffix: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CaseFault:
    """One thing that cannot be read, by the column in which it stands."""

    column: str
    code: str
    sentence: str


@dataclass
class _Reading:
    """Faults met so far while one case is read."""

    faults: list[CaseFault] = field(default_factory=list)

    def note(self, code: str, column: str, sentence: str) -> None:
        self.faults.append(CaseFault(column=column, code=code, sentence=sentence))


def read_case(
    raw: RawCase, now: datetime, default: CaseKind = CaseKind.REPORT
) -> tuple[Opening | None, tuple[CaseFault, ...]]:
    """This will read what was written; None with every fault where something cannot be read.

    ``now`` (aware) is when it is written: the moment of finding where none was given on a command
    line, and the day of a bare hour.
    """
    reading = _Reading()
    kind = _word(reading, KIND, raw.kind, CaseKind, default)
    source = _word(reading, SOURCE, raw.source, Source, Source.PATROL)
    urgency = _word(reading, URGENCY, raw.urgency, Urgency, Urgency.NORMAL)
    stage = _stage(reading, raw.stage)
    channel = _word(reading, CHANNEL, raw.channel, Channel, None)
    share = _word(reading, SHARE, raw.share, Share, None)
    trigger = read_moment(raw.found, now)
    if isinstance(trigger, str):
        reading.note("CASE_TIME", FOUND, trigger)
        trigger = now
    call = _call(reading, raw.call, trigger)
    sender, receivers = _sides(reading, raw, kind)
    if not raw.title.strip():
        reading.note("CASE_TITLE", TITLE, "案由没有写。")
    if not raw.person.strip():
        reading.note("PERSON_MISSING", PERSON, "没有写明办理人（也可用 --as 统一写明）。")
    if reading.faults:
        return None, tuple(reading.faults)
    return (
        Opening(
            action_id=raw.action_id,
            number=raw.number.strip() or made_number(raw.street.strip(), trigger, raw.suffix),
            kind=kind,
            title=raw.title.strip(),
            person=raw.person.strip(),
            sender=sender,
            street=raw.street.strip(),
            trigger_at=trigger,
            source=source,
            receivers=receivers,
            item=raw.item.strip(),
            list_name=raw.list_name.strip(),
            urgency=urgency,
            share=share,
            channel=channel,
            letter=raw.letter.strip(),
            wanted_by=raw.wanted_by,
            incoming=raw.incoming.strip(),
            note=raw.note,
            place=raw.place.strip(),
            evidence=raw.evidence,
            officers=names_in(raw.officers),
            phone=call,
            reported=stage != REGISTERED,
            handed_over=stage == HANDED_OVER,
        ),
        (),
    )


def made_number(street: str, trigger: datetime, suffix: str) -> str:
    """The number of a case that was given none: ``滨湖街道-20231215-7F3A``."""
    return f"{street}-{trigger.astimezone(SHANGHAI):%Y%m%d}-{suffix}"


def read_moment(text: str, now: datetime) -> datetime | str:
    """This will read ``2026-02-15 23:50``, or ``23:50`` of today; else a sentence why not.

    Empty is ``now``. Times are of Asia/Shanghai.
    """
    plain = text.strip()
    if not plain:
        return now
    found = _MOMENT.fullmatch(plain)
    if found is None:
        if _DAY.fullmatch(plain):
            return f"“{plain}”没有写几点几分，请写成 2026-02-15 23:50。"
        return f"“{plain}”不是时间，请写成 2026-02-15 23:50。"
    year, month, day, hour, minute = found.groups()
    try:
        on = date(int(year), int(month), int(day)) if year else now.astimezone(SHANGHAI).date()
        at = time(int(hour), int(minute))
    except ValueError:
        return f"没有“{plain}”这个时间，请核对。"
    return datetime.combine(on, at, SHANGHAI)


def read_call(text: str, trigger: datetime) -> PhoneCall | str:
    """This will read ``17:40 王某``: the first 17:40 at or after the finding; or why not."""
    when, _, who = text.strip().rpartition(" ")
    if not when or not who:
        return "电话报告应写明时刻和接听人，例如 17:40 王某。"
    at = read_moment(when, trigger)
    if isinstance(at, str):
        return at
    if _MOMENT.fullmatch(when.strip()) and not _DAY.match(when.strip()):
        # Minutes: a call in the very minute of the finding is not of the next day.
        if at < trigger.replace(second=0, microsecond=0):
            at += timedelta(days=1)
        at = max(at, trigger)
    return PhoneCall(at=at, taken_by=who.strip())


def _call(reading: _Reading, text: str, trigger: datetime) -> PhoneCall | None:
    if not text.strip():
        return None
    call = read_call(text, trigger)
    if isinstance(call, str):
        reading.note("CASE_CALL", CALL, call)
        return None
    return call


def _stage(reading: _Reading, text: str) -> str:
    stage = text.strip() or REPORTED
    if stage not in STAGES:
        reading.note("CASE_STAGE", STAGE, f"“{stage}”不对，可写：{'、'.join(STAGES)}。")
    return stage


def _sides(reading: _Reading, raw: RawCase, kind: CaseKind) -> tuple[str, tuple[str, ...]]:
    """Who opens the case, and who it goes to; a department dispatches, a street does the rest."""
    street, named = raw.street.strip(), names_in(raw.department)
    if not street:
        reading.note("CASE_SIDE", STREET, "没有写明街道。")
    if kind is CaseKind.DISPATCH:
        if len(named) != 1:
            reading.note("CASE_SIDE", DEPARTMENT, "派单须写明一个派出部门。")
        return (named[0] if named else ""), ()
    if kind is CaseKind.WHISTLE and not named:
        reading.note("CASE_SIDE", DEPARTMENT, "吹哨须写明请哪些部门报到，几个用顿号隔开。")
    return raw.sender.strip() or street, named


def _word(
    reading: _Reading, column: str, text: str, words: type[_Word], default: _Default
) -> _Word | _Default:
    if not text.strip():
        return default
    try:
        return words(text.strip())
    except ValueError:
        known = "、".join(str(word) for word in words)
        reading.note("CASE_WORD", column, f"{column}“{text.strip()}”不对，可写：{known}。")
        return default

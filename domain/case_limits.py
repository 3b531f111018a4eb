"""How long each step of a case may take, and what a district settles about cases (办案设置).

Two limits are in the source texts: the report on the same day (4-11) and the formal handover within
3 working days (4-12). The law gives three more for suspected crime (国务院令310号: 3 days, 24
hours, 3 days). Every other limit is a word without a number there (4-13, 4-14, 4-15, 1-46, 0-47):
it is off until the district sets it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

NO_LIMIT_DAY: Final = date(2200, 12, 31)
"""The due date of a step that has no limit; it is never shown as a date."""


class LimitUnit(StrEnum):
    """What a limit counts, from the minute or the day of its trigger."""

    NONE = "不限"
    SAME_DAY = "当日"
    WORKDAYS = "个工作日"
    DAYS = "日"
    HOURS = "小时"


@dataclass(frozen=True, kw_only=True)
class CaseLimit:
    """A limit: unit, count (0 for 不限 and 当日), and the rule that it rests on.

    ``from_trigger`` counts from the finding or receipt of the case (A1); otherwise the clock starts
    when the step is dispatched. ``always`` sends reminders outside working hours too.
    """

    unit: LimitUnit = LimitUnit.NONE
    count: int = 0
    basis: str = ""
    from_trigger: bool = False
    always: bool = False

    @property
    def text(self) -> str:
        """The limit as it is written: 3个工作日."""
        return f"{self.count or ''}{self.unit}"


REPORT: Final = "报告"
HANDOVER: Final = "交接"
SIGN: Final = "签收"
NEGOTIATE: Final = "协商"
DESIGNATE: Final = "指定"
HANDLE: Final = "办理"
DISPATCH: Final = "派单"
RULE: Final = "裁定"
REPLY: Final = "回告"
CONFIRM: Final = "确认"
RAISED: Final = "提级确认"
TAKE_OVER: Final = "接收移交"
CARRY_ON: Final = "继续办理"
PROPOSE: Final = "拟移送"
DECIDE: Final = "决定"
MOVE: Final = "移送"
POLICE_REVIEW: Final = "公安审查"
INTAKE: Final = "受理"
DIVIDE: Final = "分流"
ANSWER: Final = "回复"
WHISTLE: Final = "吹哨"
ARRIVE: Final = "报到"
DISPOSE: Final = "处置"

STEPS: Final = (
    REPORT,
    HANDOVER,
    SIGN,
    NEGOTIATE,
    DESIGNATE,
    HANDLE,
    DISPATCH,
    RULE,
    REPLY,
    CONFIRM,
    RAISED,
    TAKE_OVER,
    CARRY_ON,
    PROPOSE,
    DECIDE,
    MOVE,
    POLICE_REVIEW,
    INTAKE,
    DIVIDE,
    ANSWER,
    WHISTLE,
    ARRIVE,
    DISPOSE,
)

T1: Final = CaseLimit(unit=LimitUnit.SAME_DAY, basis="4-11", from_trigger=True, always=True)
T2: Final = CaseLimit(unit=LimitUnit.WORKDAYS, count=3, basis="4-12", from_trigger=True)

DEFAULT_LIMITS: Final[Mapping[str, CaseLimit]] = {
    REPORT: T1,
    HANDOVER: T2,
    DECIDE: CaseLimit(unit=LimitUnit.DAYS, count=3, basis="国务院令310号"),
    MOVE: CaseLimit(unit=LimitUnit.HOURS, count=24, basis="国务院令310号", always=True),
    POLICE_REVIEW: CaseLimit(unit=LimitUnit.DAYS, count=3, basis="国务院令310号"),
}

REPLY_ELEMENTS: Final = ("办理经过", "办理结果", "办结日期", "承办人")
"""What a 回告 says unless the district settles otherwise; 4-14 itself asks for content and date."""

OFF = CaseLimit()


@dataclass(frozen=True, kw_only=True)
class CaseSettings:
    """What a district settles about its cases; the defaults are those of the source texts.

    ``limits`` are by step, a step not named is unlimited. ``urgent`` replaces the limit of the handover
    (T2) for an urgent case; None: no shorter one. ``sign_workdays`` is the receiver's own time where
    the 交接单 came so late that T2 leaves none. ``designator`` handles for the common superior
    (行政处罚法 art. 25), ``arbiter`` decides a street's refusal, ``raise_to`` hears of a reply sent back
    more than ``max_returns`` times; all three are duties or names of the directory. ``documents`` must
    come with the 交接单 beside it. ``officers`` is how many must hand over. ``day_end`` ends the day of
    T1: 24:00 or a closing time.
    """

    limits: Mapping[str, CaseLimit] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    urgent: CaseLimit | None = None
    sign_workdays: int = 1
    designator: str = "区司法局"
    arbiter: str = "区委编办"
    police: str = "区公安分局"
    raise_to: str = "区委编办"
    max_returns: int = 2
    documents: tuple[str, ...] = ()
    officers: int = 0
    elements: tuple[str, ...] = REPLY_ELEMENTS
    day_end: str = "24:00"
    remind_hours: tuple[int, ...] = (4, 1)
    escalate: tuple[tuple[int, str], ...] = ((0, "第一责任人"), (1, "分管领导"))
    version: int = 0

    def limit(self, step: str, *, urgent: bool = False) -> CaseLimit:
        """The limit of a step; the shorter one for an urgent handover, where there is one."""
        if urgent and self.urgent is not None and step in (HANDOVER, SIGN):
            return self.urgent
        if step == SIGN:
            return self.limits.get(SIGN, OFF)
        return self.limits.get(step, OFF)


_LIMIT = re.compile(r"(\d{1,4})\s*(个工作日|工作日|日|天|小时)(?:内)?")


def parse_limit(text: str) -> CaseLimit | None:
    """This will read 不限, 当日, 3个工作日, 15日 or 24小时; None if it says none of these.

    >>> parse_limit("3个工作日内").text
    '3个工作日'
    >>> parse_limit("及时") is None
    True
    """
    word = text.strip()
    if word in ("", LimitUnit.NONE):
        return OFF
    if word in (LimitUnit.SAME_DAY, "当天"):
        return CaseLimit(unit=LimitUnit.SAME_DAY)
    found = _LIMIT.fullmatch(word)
    if found is None or int(found[1]) < 1:
        return None
    units = {"天": LimitUnit.DAYS, "日": LimitUnit.DAYS, "小时": LimitUnit.HOURS}
    return CaseLimit(unit=units.get(found[2], LimitUnit.WORKDAYS), count=int(found[1]))

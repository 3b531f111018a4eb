"""Audits (督查检查): what kinds there are, and the arrangement by which one comes up.

The source texts know five different acts (C8), told apart by who audits, whom, and what it ends
with; the meetings and yearly items that only have to come round (3-21, 4-06, 0-13) share their
arrangement. ``domain/audit_cadence.py`` says when, ``domain/sampling.py`` whom, ``domain/audit_flow.py``
how. Sources: 0-12…0-15, 2-20…2-25, 3-21, 3-22, 3-30, 4-06, 4-36…4-39 (F38, F39, F40).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Final


class AuditKind(StrEnum):
    """What is arranged; the first five are the audits of C8, the others only come round."""

    ASSESSMENT = "检查评估"
    ANNUAL = "年度督查"
    DISCIPLINE = "编制纪律检查"
    SPECIAL = "专项督查调研"
    SAMPLING = "随机抽查"
    JOINT_MEETING = "联席会议"
    PUSH_MEETING = "推进会"
    YEARLY_ITEM = "年度事项"


AUDITS: Final = (
    AuditKind.ASSESSMENT,
    AuditKind.ANNUAL,
    AuditKind.DISCIPLINE,
    AuditKind.SPECIAL,
    AuditKind.SAMPLING,
)
"""The five kinds of C8."""

SOURCE_ROWS: Final[Mapping[AuditKind, tuple[str, ...]]] = {
    AuditKind.ASSESSMENT: ("0-12",),
    AuditKind.ANNUAL: ("0-13", "4-38"),
    AuditKind.DISCIPLINE: ("0-15", "2-21"),
    AuditKind.SPECIAL: ("2-23", "2-24", "2-25"),
    AuditKind.SAMPLING: ("4-37",),
    AuditKind.JOINT_MEETING: ("3-21", "3-22"),
    AuditKind.PUSH_MEETING: ("4-06",),
    AuditKind.YEARLY_ITEM: ("0-13",),
}

ORGANISERS: Final[Mapping[AuditKind, str]] = {
    AuditKind.ASSESSMENT: "区委编办",
    AuditKind.ANNUAL: "区委督查室",
    AuditKind.DISCIPLINE: "区委编办",
    AuditKind.SPECIAL: "区委编办",
    AuditKind.SAMPLING: "区委编办",
    AuditKind.JOINT_MEETING: "区委编办",
    AuditKind.PUSH_MEETING: "区委编办",
    AuditKind.YEARLY_ITEM: "区委督查室",
}
"""Whose desk the audit's own steps lie at unless the arrangement names a unit (0-12…0-15, 4-37)."""


class Every(StrEnum):
    """How often an arrangement comes round; 定期 has no number in the texts (C2, 3-21)."""

    ONCE = "一次"
    MONTH = "每月"
    QUARTER = "每季度"
    HALF_YEAR = "每半年"
    YEAR = "每年"


class Move(StrEnum):
    """Where a day goes that falls on a rest day."""

    LATER = "顺延"
    EARLIER = "提前"


@dataclass(frozen=True, kw_only=True)
class Cadence:
    """When an arrangement comes round, in Asia/Shanghai.

    ``month`` counts inside the period from 1 (第2个月 of each quarter), ``day`` is the day of that
    month, its last day where the month is shorter. 一次 is ``first`` itself. ``at`` is the time of
    day. Windows are those whose day, before it is moved, lies in ``[first, until]``; ``until`` None is no end.
    ``span`` is how many working days a window of 随机抽查 is open, counted from its first; 1 elsewhere.
    """

    every: Every
    first: date
    month: int = 1
    day: int = 1
    at: time = time(9)
    move: Move = Move.LATER
    until: date | None = None
    span: int = 1


@dataclass(frozen=True, kw_only=True)
class SampleRule:
    """Whom 随机抽查 draws (GB/T 10111-2008): ``count`` units, all equally likely, unless it says more.

    ``strata`` draws so many of each unit type (街道, 镇) instead of ``count``; ``weights`` (unit to a
    whole number from 1 to 1,000, 1 where it is not named) makes a draw weighted by risk.
    ``public_source`` names a number that nobody of the office can choose (当日福彩3D开奖号码): the
    draw then waits until it is known.
    """

    count: int = 0
    strata: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)
    public_source: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckItem:
    """One thing that an audit has to conclude about: a row of the plan, a prohibition, a question."""

    number: str
    text: str


@dataclass(frozen=True, kw_only=True)
class AuditPlan:
    """An arrangement (督查安排): what comes up, when, at whose desk, and by which approval.

    ``name`` is unique in the rollout. ``unit`` is the organiser by name or duty; ``leader`` who leads
    the team (0-12: 区委主要领导). ``district`` empty covers the whole rollout. ``approval`` is the 一事一报
    number (3-30), needed where streets are inspected; empty, the audit asks for it first (立项).
    ``covers`` are the units inspected by name; empty means every 街道 and 镇 of the district.
    ``items`` are what it concludes about. ``workdays`` replaces the days of single steps.
    ``reader`` is the public key by which a drawn sample is sealed to the organiser.
    """

    rollout: str
    name: str
    kind: AuditKind
    cadence: Cadence
    district: str = ""
    unit: str = ""
    leader: str = ""
    approval: str = ""
    covers: tuple[str, ...] = ()
    items: tuple[CheckItem, ...] = ()
    workdays: Mapping[str, int] = field(default_factory=dict)
    sample: SampleRule | None = None
    reader: str = ""

    @property
    def organiser(self) -> str:
        """The unit at whose desk it lies, by name or duty."""
        return self.unit or ORGANISERS[self.kind]


@dataclass(frozen=True, kw_only=True)
class RunKey:
    """One coming round of an arrangement; ``window`` is its label (2026年第4季度)."""

    rollout: str
    plan: str
    window: str

"""The course of an audit: its steps by kind, what is recorded between them, and what blocks each.

    立项 → 检查 → 问题汇总 → [分析 → 优化意见] → 整改 → 复核 → 报告 → [专题汇报]

Sources: 0-12 (every street has a record and a result), 0-13 (every task supervised has a finding),
0-15 and 2-21 (the 四个严禁 and the six disciplines), 2-23…2-25 (on the spot, 汇总 → 分析 → 优化意见 → 报告 →
专题汇报), 3-30 (一事一报), 4-37 (opinions and findings of those drawn), 4-39 (依单问责).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

REGISTER: Final = "立项"
INSPECT: Final = "检查"
GATHER: Final = "问题汇总"
ANALYSE: Final = "分析"
ADVISE: Final = "优化意见"
RECTIFY: Final = "整改"
VERIFY: Final = "复核"
REPORT: Final = "报告"
PRESENT: Final = "专题汇报"
MEET: Final = "召开"
DO: Final = "办理"


class Method(StrEnum):
    """How a team worked at a unit (2-23, 4-37)."""

    HEARING = "集中汇报"
    PAPERS = "查阅资料"
    TALK = "集中座谈"
    VISIT = "实地查看"


class Discipline(StrEnum):
    """The six disciplines of a reform; a breach says which (2-21)."""

    POLITICAL = "政治纪律"
    ORGANISATION = "组织纪律"
    ESTABLISHMENT = "机构编制纪律"
    PERSONNEL = "干部人事纪律"
    FINANCE = "财经纪律"
    SECRECY = "保密纪律"


class ProblemState(StrEnum):
    """Where a problem stands; 现场解决 and 销号 are its ends (2-24)."""

    OPEN = "待整改"
    RECTIFIED = "已整改"
    CLOSED = "已销号"
    ON_THE_SPOT = "现场解决"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A unit was inspected: when, how, by whom, with which result and opinions heard."""

    unit: str
    on: date
    methods: tuple[str, ...] = ()
    team: str = ""
    result: str = ""
    opinions: str = ""
    recorded_by: str = ""
    recorded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem of one unit; ``rule`` is a row of the source texts or an item of a list (4-39).

    ``number`` is given when it is entered. ``found_by`` is 人工, or the name of an automatic check.
    """

    unit: str
    sentence: str
    rule: str = ""
    discipline: str = ""
    advice: str = ""
    number: int = 0
    state: ProblemState = ProblemState.OPEN
    found_by: str = "人工"
    workflow_id: str = ""
    due: date | None = None
    done: str = ""
    done_by: str = ""
    judged_by: str = ""
    recorded_by: str = ""
    recorded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What was concluded about one item of the checklist; ``is_good`` False needs a ``note``."""

    number: str
    is_good: bool
    note: str = ""
    recorded_by: str = ""
    recorded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AuditStanding:
    """What is recorded of an audit, as its guards ask it.

    ``unvisited`` are covered (or drawn: only how many, as 共N个) units without a record,
    ``unrated`` visited ones without a result, ``unconcluded`` items without a conclusion.
    ``with_open`` are the units that have a problem to rectify, ``with_rectified`` those whose
    problems wait for 复核. ``lacks_text`` says that the 四个严禁 are not loaded.
    """

    covered: int = 0
    unvisited: tuple[str, ...] = ()
    unrated: tuple[str, ...] = ()
    unconcluded: tuple[str, ...] = ()
    with_open: tuple[str, ...] = ()
    with_rectified: tuple[str, ...] = ()
    problems: int = 0
    closed: int = 0
    lacks_text: bool = False

"""A case between a street and a district's departments (案件), as it is opened and as admitted.

双向派单 as 黄陂 runs it (4-10…4-15), referral of what a street may not handle (3-14), suspected
crime (行政处罚法 arts. 27, 57; 国务院令310号), 民呼我应 (1-25, 1-46) and 吹哨报到 (0-47). What the steps
are is in ``domain.case_routes``, when they are due in ``domain.case_limits``.

Nothing here holds a citizen's name or number: a complaint is known by its 来件编号.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.action import Evidence
from domain.case_limits import CaseSettings


class CaseKind(StrEnum):
    """Which way a case goes, and by which rules."""

    REPORT = "上报"
    REFERRAL = "移送"
    DISPATCH = "派单"
    CRIME = "涉罪移送"
    CITIZEN = "民呼我应"
    WHISTLE = "吹哨"


SOURCE_ROW = {
    CaseKind.REPORT: "4-10",
    CaseKind.REFERRAL: "3-14",
    CaseKind.DISPATCH: "4-13",
    CaseKind.CRIME: "行政处罚法27",
    CaseKind.CITIZEN: "1-46",
    CaseKind.WHISTLE: "0-47",
}
"""The row of the source texts (or the law) that each kind comes from."""

UPWARD = frozenset({CaseKind.REPORT, CaseKind.REFERRAL})
"""Kinds that go from a street to a department, under T1 (4-11) and T2 (4-12)."""

DAILY_PROCEDURES = ("CaseHandover", "DutyListDrafting", "DutyListAdjustment", "Audit")
"""Workflow types that are no row of any plan: boards and counts of a plan leave them out."""


class Source(StrEnum):
    """How a case came to be known (4-11, 4-13)."""

    PATROL = "巡查发现"
    TIP = "收到举报"
    COMPLAINT = "群众投诉"
    ASSIGNED = "上级交办"
    OTHER = "其他"


class Urgency(StrEnum):
    """紧急 has the shorter limit where the district set one (8.2)."""

    NORMAL = "普通"
    URGENT = "紧急"


class Channel(StrEnum):
    """How a letter went to the street (4-13)."""

    ONLINE = "线上"
    OFFLINE = "线下"


class Share(StrEnum):
    """What a department asks of a street by a dispatch (4-20 b): the whole, or to help."""

    LEAD = "主办"
    SUPPORT = "配合"


class RefusalGround(StrEnum):
    """Why a street refuses a dispatch (4-20, 3-27)."""

    OFF_LIST = "清单之外无协同"
    NOT_ADMITTED = "未经准入"
    NOT_OURS = "不属本街道"
    OTHER = "其他"


@dataclass(frozen=True, kw_only=True)
class Citation:
    """The item of a list of duties that a case cites, with the version in force (4-25)."""

    list_name: str
    version: int
    number: str
    name: str
    list_kind: str = ""

    @property
    def text(self) -> str:
        """The citation in words: 属地管理清单（第2版）第7项“无证经营”."""
        return f"{self.list_name}（第{self.version}版）第{self.number}项“{self.name}”"


@dataclass(frozen=True, kw_only=True)
class PhoneCall:
    """A report by telephone: when (aware UTC), and who of the receiving organ took it (4-11)."""

    at: datetime
    taken_by: str


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a person states to open a case.

    ``number`` is the case's own (案件编号), unique in its rollout for ever. ``sender`` is the organ
    that opens it, ``street`` the street concerned, ``receivers`` the organs that it goes to; empty
    where the item of the list says it. ``trigger_at`` is when it was found or received, aware UTC
    (A1: both limits of 4-11 and 4-12 count from it). ``item`` is the number of a list's item and
    ``list_name`` the list where several could be meant. ``reported`` False only registers it, so
    that the report is still owed; ``handed_over`` True says that the 交接单 comes with the report.
    ``incoming`` is the 来件编号 of a complaint. ``officers`` are who hand over.
    """

    action_id: str
    number: str
    kind: CaseKind
    title: str
    person: str
    sender: str
    street: str
    trigger_at: datetime
    source: Source = Source.PATROL
    receivers: tuple[str, ...] = ()
    item: str = ""
    list_name: str = ""
    urgency: Urgency = Urgency.NORMAL
    share: Share | None = None
    channel: Channel | None = None
    letter: str = ""
    wanted_by: date | None = None
    incoming: str = ""
    note: str = ""
    place: str = ""
    evidence: tuple[Evidence, ...] = ()
    officers: tuple[str, ...] = ()
    phone: PhoneCall | None = None
    reported: bool = True
    handed_over: bool = False
    signature: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """A case as it was admitted: what was stated, and what the registers answered then.

    ``receiver`` is who has, or is asked to take, the case on the other side; it moves with a
    designation or a complex transfer. ``liaisons`` are the street's 专人 and ``team`` its 专班 for the
    item (4-13, 4-43). ``returns`` counts 退回 of the reply. ``called_at`` is when the report was made
    by telephone. ``citation`` None: no item was named yet, or none applies.
    """

    number: str
    kind: CaseKind
    title: str
    district: str
    sender: str
    street: str
    receiver: str
    trigger_at: datetime
    opened_by: str
    settings: CaseSettings
    receivers: tuple[str, ...] = ()
    source: Source = Source.PATROL
    urgency: Urgency = Urgency.NORMAL
    citation: Citation | None = None
    share: Share | None = None
    channel: Channel | None = None
    letter: str = ""
    incoming: str = ""
    place: str = ""
    liaisons: tuple[str, ...] = ()
    team: str = ""
    coordinators: tuple[str, ...] = ()
    wanted_by: date | None = None
    called_at: datetime | None = None
    called: str = ""
    returns: int = 0
    refusals: int = 0
    remarks: tuple[str, ...] = field(default_factory=tuple)

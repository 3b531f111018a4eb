"""A transfer batch (转隶批次): which posts an approval covers, and what a batch may not begin with.

Sources: 0-50 (the roster stands in the lock), 0-51 (a step opens with the document of the one
before it), 0-43 and 3-07 (posts move by the 编委's document), 3-12 (sums by department and team).
Nothing here waits, reads or writes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.ledger import Line, arrived, left, sent, taken_back
from domain.refusal import Refused
from domain.roster import LISTED, RosterStatus
from domain.unit import UnitKind

ROSTER_DOCUMENT = "名册"
"""Its 文号 is the 名册号."""

APPROVAL_DOCUMENT = "批复"
SPECIAL_DOCUMENT = "专项批准"
"""With it a street's posts may go to the district (3-07)."""

CORRECTION_DOCUMENT = "更正"
"""With it a person is taken out, put off or sent elsewhere after the 批复."""

PAGE = 200
"""Persons posted in one database transaction."""

NAMED = 5
"""Keys named in a sentence."""


class Place(StrEnum):
    """Where a person of a roster is (``roster_person.state``); 在册 is the roster's own word."""

    LISTED = LISTED
    IN_TRANSIT = "在途"
    ARRIVED = "已转"
    DEFERRED = "暂缓"
    OUT = "移出"


class Stage(StrEnum):
    """How far a batch has come; after 撤销 and 办结 nothing of it is posted any more."""

    DRAWN_UP = "编制"
    FROZEN = "已请示"
    APPROVED = "已批复"
    DONE = "办结"
    CANCELLED = "撤销"


@dataclass(frozen=True, kw_only=True)
class Leg:
    """Persons of one type who go from one unit to another."""

    from_unit: str
    to_unit: str
    type: str
    staff: tuple[str, ...]

    @property
    def name(self) -> str:
        """The way in words; with the first person it is unique within one stage of a batch."""
        return f"{self.from_unit}→{self.to_unit}/{self.type}:{self.staff[0]}"

    def sent(self) -> tuple[Line, ...]:
        """The posts leave with the approval."""
        return sent(self.from_unit, self.to_unit, self.type, len(self.staff), self.staff)

    def taken_back(self) -> tuple[Line, ...]:
        """The posts return."""
        return taken_back(self.from_unit, self.to_unit, self.type, len(self.staff), self.staff)


@dataclass(frozen=True, kw_only=True)
class Traveller:
    """One person of a roster: where from, where to, with which post; leaders have a second type."""

    staff: str
    from_unit: str
    to_unit: str
    type: str
    leader_type: str = ""

    def arrives(self, leads: bool) -> tuple[Line, ...]:
        """Post and person go over; who ``leads`` at the old unit leads there no longer."""
        lines = arrived(self.from_unit, self.to_unit, self.type, self.staff)
        return lines + (left(self.from_unit, self.leader_type, self.staff) if leads else ())


def legs(people: Sequence[Traveller]) -> tuple[Leg, ...]:
    """This will put people together who go the same way, in a fixed order."""
    ways: dict[tuple[str, str, str], list[str]] = {}
    for one in people:
        ways.setdefault((one.from_unit, one.to_unit, one.type), []).append(one.staff)
    return tuple(
        Leg(from_unit=a, to_unit=b, type=kind, staff=tuple(sorted(keys)))
        for (a, b, kind), keys in sorted(ways.items())
    )


@dataclass(frozen=True, kw_only=True)
class RosterFacts:
    """What the registers say of a roster before a step may be closed on it.

    ``unlocked`` are persons who are not in the lock with this type, ``elsewhere`` who are not (or no
    longer) at their old unit by the ledger. ``claimed_by`` is another procedure that works on the
    roster. ``strangers`` are receiving units that are not the procedure's own.
    """

    number: str
    version: int
    content_hash: str
    status: str
    people: int
    claimed_by: str = ""
    unlocked: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    own_kind: str = ""


def roster_fault(number: str, facts: RosterFacts | None, *, frozen: bool = False) -> Refused | None:
    """Why a batch cannot go on with this roster; None if it can (0-50)."""
    if facts is None:
        return Refused(
            code="ROSTER_NOT_FOUND", sentence=f"没有名册“{number}”，请先导入，名册号须一致。"
        )
    wanted = RosterStatus.REQUESTED if frozen else RosterStatus.DRAWN_UP
    if facts.claimed_by:
        return Refused(
            code="ROSTER_TAKEN", sentence=f"名册“{number}”已由事项“{facts.claimed_by}”办理。"
        )
    if facts.status != wanted:
        return Refused(
            code="ROSTER_STATUS", sentence=f"名册“{number}”是“{facts.status}”，不是“{wanted}”。"
        )
    if not facts.people:
        return Refused(code="ROSTER_EMPTY", sentence=f"名册“{number}”没有人员。")
    if facts.unlocked:
        return Refused(
            code="ROSTER_BEYOND_LOCK",
            sentence=f"{_named(facts.unlocked)}不在锁定的人员编制内，或编制类型不符（0-50）；"
            "请更正名册重新导入。",
        )
    if facts.elsewhere:
        return Refused(
            code="ROSTER_NOT_THERE",
            sentence=f"{_named(facts.elsewhere)}按台账不在转出单位，请更正名册。",
        )
    if facts.strangers and facts.own_kind in (UnitKind.STREET, UnitKind.TOWN):
        units = "、".join(facts.strangers[:NAMED])
        return Refused(
            code="ROSTER_OTHER_UNIT", sentence=f"名册的接收单位{units}不是本事项的单位及其所属。"
        )
    return None


def changed_fault(facts: RosterFacts, version: int, content_hash: str) -> Refused | None:
    """Why an approval cannot be given on a roster that is not the one that was asked for."""
    if (facts.version, facts.content_hash) == (version, content_hash):
        return None
    return Refused(
        code="ROSTER_CHANGED",
        sentence=f"名册“{facts.number}”在请示后变动过（请示第{version}版，现为第{facts.version}版），"
        "请退回重报。",
    )


def open_objections_fault(keys: Sequence[str]) -> Refused | None:
    """转人员 waits until every objection has its answer (2-27)."""
    if not keys:
        return None
    return Refused(
        code="OBJECTION_OPEN",
        sentence=f"{_named(keys)}的异议还没有答复，不能转人员；请先谈话、决定、答复。",
    )


def _named(keys: Collection[str]) -> str:
    shown = list(keys)[:NAMED]
    return "、".join(shown) + (f"等{len(keys)}人" if len(keys) > NAMED else "")

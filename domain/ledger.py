"""The establishment ledger (编制台账): double entry over posts and people.

Sources: 0-25, 0-43, 1-27, 1-37, 2-26, 2-42, 2-43, 3-05…3-07 (F14); domain.md 8.1 (机构、编制、人员 are
kept by one pen). Posts (编制) and people are counted apart. A unit has, for each type (行政, 事业,
领导职数 …), 核定 posts, posts 在途 that were approved to go elsewhere, and 实有 people. What enters or
leaves the units altogether comes out of 批准 (posts) or 来源 (people). Every entry sums to zero for
posts and for people of each type; nothing in this module waits, reads or writes.

An entry's day is the day from which it holds, and may lie before the day of entries already made:
papers come late. It may not lie before the baseline of a unit concerned, nor before the last move
of a person concerned, nor ahead; and every balance of the days since must still hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from domain.refusal import Refused


class State(StrEnum):
    """What an account holds; 批准 and 来源 are outside the units and alone may be negative."""

    APPROVED = "核定"
    TRANSIT = "在途"
    ACTUAL = "实有"
    GRANT = "批准"
    ORIGIN = "来源"


POSTS = frozenset({State.APPROVED, State.TRANSIT, State.GRANT})
"""States that count posts."""

PEOPLE = frozenset({State.ACTUAL, State.ORIGIN})
"""States that count people."""

OUTSIDE = frozenset({State.GRANT, State.ORIGIN})
"""States without a unit."""

OPENING = "期初"
"""Kind of the entry that brings a locked baseline into the ledger.

It is the first of its unit and type. Its ``note`` is the basis (依据) of people beyond the posts;
without one they are refused.
"""

LEADER = "领导·"
"""What the types of 领导职数 begin with (领导·科级): held beside a post, counted like one (2-43)."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One posting: ``amount`` posts or people more (or less) in a unit's account.

    ``toward`` is the unit that posts on their way belong to in the end; ``staff`` the key of the one
    person that a line is about.
    """

    unit: str
    type: str
    state: State
    amount: int
    toward: str = ""
    staff: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One transaction. ``key`` makes a repeated delivery the same entry; ``rule`` is a row id.

    ``day`` is the day (Asia/Shanghai) from which it holds; ``paper`` the 文号 it rests on,
    ``special_paper`` that of a special approval (3-07).
    """

    rollout: str
    key: str
    kind: str
    day: date
    person: str
    rule: str
    lines: tuple[Line, ...]
    procedure: str = ""
    paper: str = ""
    special_paper: str = ""
    note: str = ""


def fault_of(entry: Entry) -> Refused | None:
    """Why an entry cannot be posted whatever the ledger holds; None if it can be tried."""
    if not (entry.key and entry.kind and entry.rule and entry.person):
        return Refused(code="LEDGER_INCOMPLETE", sentence="记账须有编号、类别、依据条目和经手人。")
    if not entry.lines:
        return Refused(code="LEDGER_EMPTY", sentence="没有任何一笔分录。")
    for line in entry.lines:
        if line.amount == 0 or (line.staff and abs(line.amount) != 1):
            return Refused(
                code="LEDGER_AMOUNT", sentence=f"{line.unit}{line.type}的数目{line.amount}不对。"
            )
        if (line.unit == "") != (line.state in OUTSIDE):
            return Refused(
                code="LEDGER_UNIT", sentence=f"“{line.state}”不属于任何单位，其余须写单位。"
            )
        if line.unit and line.unit == line.toward:
            return BROKEN["ledger_goes_elsewhere"]
    for type_, posts, people in _sums(entry.lines):
        if posts or people:
            what = f"编制差{posts}" if posts else f"人员差{people}"
            return Refused(
                code="LEDGER_UNBALANCED", sentence=f"{type_}一进一出不相等（{what}），没有记账。"
            )
    if any(line.state in OUTSIDE for line in entry.lines) and not entry.paper:
        return BROKEN["ledger_outside_has_paper"]
    return None


def _sums(lines: Iterable[Line]) -> Iterable[tuple[str, int, int]]:
    posts: Counter[str] = Counter()
    people: Counter[str] = Counter()
    for line in lines:
        (posts if line.state in POSTS else people)[line.type] += line.amount
    for type_ in sorted({*posts, *people}):
        yield type_, posts[type_], people[type_]


def opening(
    unit: str, type_: str, approved: int, staff: Iterable[str] = (), actual: int = 0
) -> tuple[Line, ...]:
    """The lines of a unit's baseline of one type: so many posts, these people (or so many)."""
    keys = tuple(staff)
    lines: list[Line] = []
    if approved:
        lines += granted(unit, type_, approved)
    for key in keys:
        lines += joined(unit, type_, key)
    if actual > len(keys):
        more = Line(unit="", type=type_, state=State.ORIGIN, amount=len(keys) - actual)
        lines += _double(more, unit=unit, state=State.ACTUAL)
    return tuple(lines)


def granted(unit: str, type_: str, posts: int) -> tuple[Line, ...]:
    """The lines of 增编, or of 减编 where ``posts`` is negative; the entry needs its 文号."""
    source = Line(unit="", type=type_, state=State.GRANT, amount=-posts)
    return _double(source, unit=unit, state=State.APPROVED)


def moved(unit: str, to: str, type_: str, posts: int) -> tuple[Line, ...]:
    """The lines of vacant posts that go over at once by a document (编制划转)."""
    out = Line(unit=unit, type=type_, state=State.APPROVED, amount=-posts, toward=to)
    return _double(out, unit=to, toward="")


def sent(
    unit: str, toward: str, type_: str, posts: int, staff: Iterable[str] = ()
) -> tuple[Line, ...]:
    """The lines of an approval: posts leave 核定 and are 在途 at their old unit.

    One post by each person of ``staff``, the rest of ``posts`` vacant.
    """
    keys = tuple(staff)
    lines: list[Line] = []
    for key in keys:
        out = Line(unit=unit, type=type_, state=State.APPROVED, amount=-1, toward=toward)
        lines += _double(out, state=State.TRANSIT, staff=key)
    if posts > len(keys):
        vacant = posts - len(keys)
        out = Line(unit=unit, type=type_, state=State.APPROVED, amount=-vacant, toward=toward)
        lines += _double(out, state=State.TRANSIT)
    return tuple(lines)


def taken_back(
    unit: str, toward: str, type_: str, posts: int, staff: Iterable[str] = ()
) -> tuple[Line, ...]:
    """The lines that undo ``sent``: posts on their way return to their old unit."""
    return tuple(
        replace(
            line,
            amount=-line.amount,
            toward=line.toward if line.state is State.TRANSIT else "",
        )
        for line in sent(unit, toward, type_, posts, staff)
    )


def arrived(
    unit: str, toward: str, type_: str, staff: str = "", posts: int = 1
) -> tuple[Line, ...]:
    """The lines of a registration: the post is 核定 at its new unit, and the person is there too."""
    out = Line(
        unit=unit, type=type_, state=State.TRANSIT, amount=-posts, toward=toward, staff=staff
    )
    lines = _double(out, unit=toward, state=State.APPROVED, toward="", staff="")
    if staff:
        goes = Line(unit=unit, type=type_, state=State.ACTUAL, amount=-1, staff=staff)
        lines += _double(goes, unit=toward)
    return lines


def joined(unit: str, type_: str, staff: str) -> tuple[Line, ...]:
    """The lines of a person who comes from outside (公开招录, 选派)."""
    comes = Line(unit="", type=type_, state=State.ORIGIN, amount=-1, staff=staff)
    return _double(comes, unit=unit, state=State.ACTUAL)


def left(unit: str, type_: str, staff: str) -> tuple[Line, ...]:
    """The lines of a person who leaves altogether (退休, 调出)."""
    goes = Line(unit=unit, type=type_, state=State.ACTUAL, amount=-1, staff=staff)
    return _double(goes, unit="", state=State.ORIGIN)


def _double(out: Line, **into: Any) -> tuple[Line, ...]:
    """A line and its counterpart, which is the same but for ``into``."""
    return (out, replace(out, amount=-out.amount, **into))


_NOT_IN_TRANSIT = Refused(
    code="LEDGER_NOT_IN_TRANSIT", sentence="在途编制没有这么多，或该人员的编制不在途，没有记账。"
)
_TWO_PLACES = Refused(code="LEDGER_TWO_PLACES", sentence="该人员已在另一单位实有，没有记账。")
_UNKNOWN_UNIT = Refused(code="LEDGER_UNKNOWN_UNIT", sentence="通讯录里没有该单位，没有记账。")

BROKEN: Mapping[str, Refused] = {
    "ledger_book_of_rollout": Refused(
        code="LEDGER_UNKNOWN_ROLLOUT", sentence="没有登记过这项改革，没有记账。"
    ),
    "ledger_sums_to_zero": Refused(code="LEDGER_UNBALANCED", sentence="一进一出不相等，没有记账。"),
    "ledger_outside_has_paper": Refused(
        code="LEDGER_PAPER", sentence="增减编制总量、人员进出单位之外，都须有文号（--paper 文号）。"
    ),
    "ledger_street_keeps_its_posts": Refused(
        code="LEDGER_UPWARD",
        sentence="街道编制不得“逆向”调整到区级机关；确经专项批准的，写明专项批准文号"
        "（--special 文号；在转隶事项里是 --evidence 专项批准=文号）。",
    ),
    "ledger_arrives_where_sent": Refused(
        code="LEDGER_WRONG_WAY", sentence="在途编制只能到批准的转入单位，或退回原单位，没有记账。"
    ),
    "ledger_goes_elsewhere": Refused(
        code="LEDGER_SAME_UNIT", sentence="转出单位和转入单位是同一个，没有记账。"
    ),
    "ledger_approved_not_negative": Refused(
        code="LEDGER_SHORT", sentence="划出的编制超过该单位的核定数，没有记账。"
    ),
    "ledger_in_transit_not_negative": _NOT_IN_TRANSIT,
    "ledger_occupied_in_transit": _NOT_IN_TRANSIT,
    "ledger_vacant_not_negative": _NOT_IN_TRANSIT,
    "ledger_person_in_transit": _NOT_IN_TRANSIT,
    "ledger_actual_not_negative": Refused(
        code="LEDGER_NOBODY", sentence="该单位没有这么多实有人员，没有记账。"
    ),
    "ledger_within_approved": Refused(
        code="LEDGER_OVER", sentence="实有人数将超过核定编制（或领导职数），没有记账。"
    ),
    "ledger_person_is_there": Refused(
        code="LEDGER_NOT_THERE", sentence="该人员不在转出单位，或其编制尚在途中，没有记账。"
    ),
    "ledger_person_sent_once": Refused(
        code="LEDGER_PERSON_TAKEN", sentence="该人员不在转出单位，或已在另一批转隶途中，没有记账。"
    ),
    "ledger_person_in_one_place": _TWO_PLACES,
    "ledger_person_has_one_post": _TWO_PLACES,
    "ledger_person_in_day_order": Refused(
        code="LEDGER_PERSON_DAY", sentence="记账日期早于该人员上一次变动的日期，没有记账。"
    ),
    "ledger_position_in_directory": _UNKNOWN_UNIT,
    "ledger_opening_comes_first": Refused(
        code="LEDGER_OPENED", sentence="该单位这一类编制已有台账，期初数不能再记。"
    ),
    "ledger_day_not_before_opening": Refused(
        code="LEDGER_BEFORE_LOCK", sentence="记账日期早于锁定编制的日期，没有记账。"
    ),
    "ledger_day_not_ahead": Refused(
        code="LEDGER_AHEAD", sentence="记账日期晚于今天；到生效之日再记。"
    ),
    "ledger_past_holds": Refused(
        code="LEDGER_PAST", sentence="按这个记账日期，其后某日的余额将不成立，没有记账。"
    ),
}
"""What each constraint of the database means in words; the database decides."""


def broken_by(law: str, entry: Entry) -> Refused:
    """What a broken constraint means for an entry; the unit that lacks posts is named."""
    refused = BROKEN[law]
    units: list[str] = []
    if law == "ledger_within_approved":
        units = _overfilled(entry.lines)
    elif law == "ledger_street_keeps_its_posts":
        units = [n.unit for n in entry.lines if n.unit and n.state in POSTS and n.amount < 0]
    if not units:
        return refused
    named = "、".join(dict.fromkeys(units))
    return replace(refused, sentence=f"{named}：{refused.sentence}")


def _overfilled(lines: Iterable[Line]) -> list[str]:
    """The units that an entry leaves with fewer posts for more people."""
    room: Counter[str] = Counter()
    for line in lines:
        if line.state is State.ACTUAL:
            room[line.unit] -= line.amount
        # A post on its way with its person is still that person's.
        elif line.state is State.APPROVED or (line.state is State.TRANSIT and line.staff):
            room[line.unit] += line.amount
    return [unit for unit, posts in room.items() if posts < 0]

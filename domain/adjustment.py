"""What a coordinator enters after the lock: posts moved, granted or withdrawn, people in or out.

Sources: 0-25 (after the lock a change nets to zero or carries an approval's 文号), 0-43, 1-37, 3-06.
Each rests on a document, so each names one; the ledger's own laws are checked where it is kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from domain.ledger import Entry, Line, granted, joined, left, moved
from domain.refusal import Refused
from domain.staff import KEY_FORM

MOST_PEOPLE = 200
"""People in one entry; more come by a roster."""

MOST_POSTS = 100_000
"""No unit has as many; a number beyond is a slip of the hand."""


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """``posts`` from one unit to another; one of the two missing: granted, or withdrawn.

    ``joins`` are keys of people who come to ``to_unit`` from outside, ``leaves`` of those who
    leave ``from_unit`` altogether.
    """

    rollout: str
    type: str
    day: date
    person: str
    rule: str
    paper: str = ""
    special_paper: str = ""
    from_unit: str = ""
    to_unit: str = ""
    posts: int = 0
    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    note: str = ""

    @property
    def units(self) -> tuple[str, ...]:
        """The units concerned."""
        return tuple(unit for unit in (self.from_unit, self.to_unit) if unit)

    @property
    def key(self) -> str:
        """The same words are the same entry, whoever enters them again."""
        said = (
            self.type,
            self.day.isoformat(),
            self.rule,
            self.paper,
            self.special_paper,
            self.from_unit,
            self.to_unit,
            self.posts,
            sorted(self.joins),
            sorted(self.leaves),
            self.note,
        )
        return f"adjust:{hashlib.sha256(repr(said).encode()).hexdigest()}"


def fault_in(given: Adjustment) -> Refused | None:
    """What is wrong with an adjustment by itself; None if it can be tried."""
    people = (*given.joins, *given.leaves)
    if not given.posts and not people:
        return Refused(
            code="ADJUST_NOTHING",
            sentence="没有写调整什么：用 --posts 写编制数，用 --join、--leave 写人员编号。",
        )
    if not given.type:
        return Refused(code="ADJUST_TYPE", sentence="请用 --type 写明编制类型，如 行政、事业。")
    if given.posts and not given.units:
        return Refused(
            code="ADJUST_UNIT", sentence="请用 --from 写划出的单位，用 --to 写划入的单位。"
        )
    if (given.joins and not given.to_unit) or (given.leaves and not given.from_unit):
        return Refused(
            code="ADJUST_UNIT", sentence="入编须用 --to 写明单位，出编须用 --from 写明单位。"
        )
    if not 0 <= given.posts <= MOST_POSTS or len(people) > MOST_PEOPLE:
        return Refused(
            code="ADJUST_AMOUNT",
            sentence=f"编制数须为 1 至 {MOST_POSTS}，一次最多 {MOST_PEOPLE} 人。",
        )
    return fault_of_keys(people)


def fault_of_keys(keys: tuple[str, ...]) -> Refused | None:
    """Whether something else than keys was written for people; it is not repeated."""
    if all(KEY_FORM.fullmatch(key) for key in keys):
        return None
    return Refused(
        code="ADJUST_KEY",
        sentence="人员只写编号（p- 加 16 位），不写姓名、身份证号；编号见人员名册。",
    )


def entry_of(given: Adjustment) -> Entry:
    """The entry that an adjustment without a fault makes."""
    lines: list[Line] = []
    kinds = []
    if given.posts and given.from_unit and given.to_unit:
        kinds.append("划转")
        lines += moved(given.from_unit, given.to_unit, given.type, given.posts)
    elif given.posts:
        kinds.append("增编" if given.to_unit else "减编")
        posts = given.posts if given.to_unit else -given.posts
        lines += granted(given.to_unit or given.from_unit, given.type, posts)
    if given.joins:
        kinds.append("入编")
        for key in given.joins:
            lines += joined(given.to_unit, given.type, key)
    if given.leaves:
        kinds.append("出编")
        for key in given.leaves:
            lines += left(given.from_unit, given.type, key)
    return Entry(
        rollout=given.rollout,
        key=given.key,
        kind="、".join(kinds),
        day=given.day,
        person=given.person,
        rule=given.rule,
        paper=given.paper,
        special_paper=given.special_paper,
        note=given.note,
        lines=tuple(lines),
    )

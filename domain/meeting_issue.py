"""Concrete issues that a meeting settled: which meeting, what it decided, whose it is, how it closed (3-22).

The source counts them: 联席会议6次，11个具体问题. A decision about a procedure is no issue: it lands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain.refusal import Refused

MOST_TEXT: Final = 500


class IssueState(StrEnum):
    """Where an issue stands."""

    OPEN = "办理中"
    CLOSED = "已解决"


@dataclass(frozen=True, kw_only=True)
class Issue:
    """An issue as it stands; ``note`` and ``on`` are of its newest move, none while it was not moved."""

    doc_no: str
    text: str
    decision: str
    owner: str
    due: date | None = None
    number: int = 0
    kind: str = ""
    held_on: date | None = None
    state: IssueState = IssueState.OPEN
    on: date | None = None
    note: str = ""
    recorded_by: str = ""
    recorded_at: datetime | None = None

    def is_late(self, today: date) -> bool:
        """Whether it is open behind its day."""
        return self.state is IssueState.OPEN and self.due is not None and self.due < today


@dataclass(frozen=True, kw_only=True)
class IssueMove:
    """An issue closed, or opened again: when, and how or why."""

    number: int
    state: IssueState
    on: date
    note: str


@dataclass(frozen=True, kw_only=True)
class IssueCounts:
    """Meetings of a kind, their issues, and how many of these are closed."""

    meetings: int = 0
    issues: int = 0
    closed: int = 0


def issue_fault(issue: Issue) -> Refused | None:
    """What is wrong with an issue by itself."""
    for name, said in (("议题", issue.text), ("决定", issue.decision), ("责任单位", issue.owner)):
        if not said.strip():
            return Refused(code="ISSUE_INCOMPLETE", sentence=f"没有写{name}（3-22）。")
        if no := _long(name, said):
            return no
    return None


def move_fault(move: IssueMove, issue: Issue, today: date) -> Refused | None:
    """What stands against closing an issue, or opening it again."""
    what = f"第{move.number}号议题"
    if move.state is issue.state:
        return Refused(code="ISSUE_STANDS", sentence=f"{what}本来就是{issue.state}。")
    if not move.note.strip():
        how = "怎样解决的" if move.state is IssueState.CLOSED else "为什么重新办理"
        return Refused(code="ISSUE_NOTE", sentence=f"{what}须写明{how}。")
    if move.on > today:
        return Refused(code="ISSUE_DAY", sentence=f"{move.on}还没有到，不能先登记。")
    earliest = issue.on or issue.held_on
    if earliest is not None and move.on < earliest:
        return Refused(code="ISSUE_DAY", sentence=f"{move.on}早于{what}此前的日期{earliest}。")
    return _long("说明", move.note)


def _long(name: str, said: str) -> Refused | None:
    if len(said) <= MOST_TEXT:
        return None
    return Refused(code="ISSUE_TEXT_LONG", sentence=f"“{name}”最多{MOST_TEXT}字。")


def in_words(kind: str, counts: IssueCounts) -> str:
    """The figures of 3-22.

    >>> in_words("联席会议", IssueCounts(meetings=6, issues=11, closed=11))
    '联席会议6次，协调具体问题11个，已解决11个'
    """
    closed = f"，已解决{counts.closed}个" if counts.issues else ""
    return f"{kind}{counts.meetings}次，协调具体问题{counts.issues}个{closed}"

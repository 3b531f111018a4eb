"""How lists of duties are carried out: what the yearly 机构编制 assessment counts (4-38, 4-39).

One mark per case; every number is a count of marks, so that each can be followed to its cases. No
weight, no score and no order of merit: those are the customer's. Units keep the directory's order,
persons are not counted at all. Limits are those of 4-11 (当天报告) and 4-12 (正式交接).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.case import UPWARD, CaseKind
from domain.case_clocks import HANDED_OVER, REPORTED
from domain.directory import names_in


class Timing(StrEnum):
    """Where a limit stands; a case without that limit has none."""

    NONE = ""
    RUNNING = "未到期"
    IN_TIME = "按时"
    LATE = "超期"


@dataclass(frozen=True, kw_only=True)
class ClockSeen:
    """What of a clock decides; ``late_by`` names whose delay it was once it had stopped late."""

    name: str
    due_at: datetime | None
    stopped_at: datetime | None = None
    delivered_at: datetime | None = None
    late_by: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseMark:
    """One case as the assessment sees it.

    ``departments`` are who gave it to the street, or who got it from there. ``handed_late_by`` are
    whose delay a late handover is: 送达 in time makes it the receiver's. ``upheld`` says that the
    street's refusal was ruled right (裁定拒收成立).
    """

    workflow_id: str
    number: str
    kind: str
    street: str
    departments: tuple[str, ...]
    status: str
    list_name: str = ""
    item: str = ""
    item_name: str = ""
    is_open: bool = False
    reported: Timing = Timing.NONE
    handed: Timing = Timing.NONE
    handed_late_by: tuple[str, ...] = ()
    returns: int = 0
    refusals: int = 0
    upheld: bool = False

    @property
    def is_upward(self) -> bool:
        """Whether a street gave it to a department under the two limits."""
        return self.kind in UPWARD

    @property
    def is_dispatch(self) -> bool:
        """Whether a department gave it to a street."""
        return self.kind == CaseKind.DISPATCH

    @property
    def side(self) -> str:
        """Which way it went."""
        return "部门→街道" if self.is_dispatch else "街道→部门"


def departments_of(kind: str, sender: str, receiver: str) -> tuple[str, ...]:
    """The other side of a street's case: who dispatched it, or who was to receive it."""
    return (sender,) if kind == CaseKind.DISPATCH else tuple(names_in(receiver))


def reported_in(clocks: Iterable[ClockSeen], now: datetime) -> Timing:
    """How the report of 4-11 stands at a moment; its delay is always the street's."""
    clock = next((one for one in clocks if one.name == REPORTED), None)
    return Timing.NONE if clock is None else _timing(clock, now)


def handed_in(
    clocks: Iterable[ClockSeen], street: str, receiver: str, now: datetime
) -> tuple[Timing, tuple[str, ...]]:
    """How the handover of 4-12 stands at a moment, and whose delay it is if it is late.

    What runs on after its limit is the receiver's delay where it was delivered in time.
    """
    clock = next((one for one in clocks if one.name == HANDED_OVER), None)
    if clock is None:
        return Timing.NONE, ()
    timing = _timing(clock, now)
    if timing is not Timing.LATE:
        return timing, ()
    if clock.late_by:
        return timing, tuple(names_in(clock.late_by))
    delivered, due = clock.delivered_at, clock.due_at
    in_time = delivered is not None and due is not None and delivered < due
    return timing, tuple(names_in(receiver)) if in_time else (street,)


def _timing(clock: ClockSeen, now: datetime) -> Timing:
    """What stops later, or is late later, had not yet at a moment gone by."""
    is_due = clock.due_at is not None and now >= clock.due_at
    if clock.late_by and is_due:
        return Timing.LATE
    if clock.stopped_at is not None and clock.stopped_at <= now and not clock.late_by:
        return Timing.IN_TIME
    return Timing.LATE if is_due else Timing.RUNNING


Test = Callable[[CaseMark, str], bool]
"""Whether a case counts for a unit."""


def _late_by_other(mark: CaseMark, unit: str) -> bool:
    return any(name != unit for name in mark.handed_late_by)


UPWARD_TESTS: Final[Mapping[str, Test]] = {
    "上报": lambda mark, _: mark.is_upward,
    "当天报告按时": lambda mark, _: mark.reported is Timing.IN_TIME,
    "当天报告超期": lambda mark, _: mark.reported is Timing.LATE,
    "交接按时": lambda mark, _: mark.handed is Timing.IN_TIME,
    "交接本单位超期": lambda mark, unit: unit in mark.handed_late_by,
    "交接对方超期": _late_by_other,
}
DOWNWARD_TESTS: Final[Mapping[str, Test]] = {
    "派单": lambda mark, _: mark.is_dispatch,
    "回告被退": lambda mark, _: mark.is_dispatch and mark.returns > 0,
    "拒收": lambda mark, _: mark.is_dispatch and mark.refusals > 0,
    "拒收成立": lambda mark, _: mark.upheld,
}
OTHER_TESTS: Final[Mapping[str, Test]] = {
    "其他": lambda mark, _: not mark.is_upward and not mark.is_dispatch,
    "在办": lambda mark, _: mark.is_open,
}
TESTS: Final[Mapping[str, Test]] = {**UPWARD_TESTS, **DOWNWARD_TESTS, **OTHER_TESTS}
"""Every indicator of a unit, by its name in tables, with what it counts."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One unit's indicators: cases by indicator, and what stands in no case.

    ``claimed`` and ``items`` are of a street, now; ``attempts`` and ``complaints`` are what a department
    tried here and what streets reported of it, for a street what was tried against it.
    """

    unit: str
    cases: Mapping[str, tuple[CaseMark, ...]] = field(default_factory=dict)
    claimed: int = 0
    items: int = 0
    attempts: int = 0
    complaints: int = 0

    def count(self, name: str) -> int:
        """How many cases an indicator has."""
        return len(self.cases.get(name, ()))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all to say."""
        return not (any(self.cases.values()) or self.items or self.attempts or self.complaints)


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What is counted beside cases, by unit of either side."""

    coverage: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)
    complaints: Mapping[str, int] = field(default_factory=dict)


def of_streets(
    marks: Sequence[CaseMark], streets: Sequence[str], beside: Beside
) -> tuple[Execution, ...]:
    """This will count for each street, those of the directory first, in its order."""
    own: dict[str, list[CaseMark]] = {name: [] for name in streets}
    for mark in marks:
        own.setdefault(mark.street, []).append(mark)
    return tuple(_counted(unit, cases, beside) for unit, cases in own.items())


def of_departments(
    marks: Sequence[CaseMark], departments: Sequence[str], beside: Beside, streets: Sequence[str]
) -> tuple[Execution, ...]:
    """This will count for each department that has something to count, in the directory's order.

    ``streets`` are no departments, whatever was tried against them.
    """
    own: dict[str, list[CaseMark]] = {name: [] for name in departments}
    for name in (*beside.attempts, *beside.complaints):
        if name not in streets:
            own.setdefault(name, [])
    for mark in marks:
        for name in mark.departments:
            own.setdefault(name, []).append(mark)
    counted = (_counted(unit, cases, beside) for unit, cases in own.items())
    return tuple(one for one in counted if not one.is_empty)


def _counted(unit: str, cases: Sequence[CaseMark], beside: Beside) -> Execution:
    claimed, items = beside.coverage.get(unit, (0, 0))
    return Execution(
        unit=unit,
        cases={
            name: tuple(mark for mark in cases if counts(mark, unit))
            for name, counts in TESTS.items()
        },
        claimed=claimed,
        items=items,
        attempts=beside.attempts.get(unit, 0),
        complaints=beside.complaints.get(unit, 0),
    )


@dataclass(frozen=True, kw_only=True)
class ItemExecution:
    """The cases of one item of a list, by the way they went; ``number`` empty: off every list."""

    list_name: str
    number: str
    name: str
    upward: tuple[CaseMark, ...]
    downward: tuple[CaseMark, ...]


def of_items(marks: Iterable[CaseMark]) -> tuple[ItemExecution, ...]:
    """This will count cases per item and side, by list and number."""
    own: dict[tuple[str, str], list[CaseMark]] = {}
    for mark in marks:
        own.setdefault((mark.list_name, mark.item), []).append(mark)
    return tuple(
        ItemExecution(
            list_name=name,
            number=number,
            name=cases[-1].item_name,
            upward=tuple(mark for mark in cases if not mark.is_dispatch),
            downward=tuple(mark for mark in cases if mark.is_dispatch),
        )
        for (name, number), cases in sorted(own.items(), key=lambda each: _place(*each[0]))
    )


def _place(name: str, number: str) -> tuple[bool, str, int, str]:
    """Items in their lists, by number where it is one; what is off every list comes last."""
    return (not number, name, int(number) if number.isdecimal() else 0, number)

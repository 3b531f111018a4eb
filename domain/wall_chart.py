"""The wall chart's figures (挂图作战): shares done, planned and actual bars, the critical chain.

A row of the plan stands for all its procedures: it is done when each of them is. What is still to
do is laid forward from the day shown, in working days, by 前置任务 (``after``) and the least time
that each row's steps need; the backward schedule (倒排工期) lays the plan back from every
完成时限. The difference is a row's slack (机动); the critical chain (关键线路) is the row with the
least slack, with what it waits for and what waits for it. Nobody is ranked: units keep the plan's
order (0-08). Sources: 0-08, 2-06, 2-12 (F02).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from graphlib import TopologicalSorter

from domain.calendar import WorkCalendar
from domain.deadline import next_workday, workdays_after, workdays_between
from domain.plan import Plan
from domain.schedule import latest_start, workday_back, workdays_to_go

_MARGIN = timedelta(days=1)


class Standing(StrEnum):
    """How one procedure stands, in the words of the board; gravest first."""

    RED = "红"
    YELLOW = "黄"
    GREEN = "绿"
    WAITING = "未开始"
    NEVER = "未办"
    ENDED = "终止"
    DONE = "办结"


RUNS = frozenset({Standing.RED, Standing.YELLOW, Standing.GREEN})
OVER = frozenset({Standing.NEVER, Standing.ENDED, Standing.DONE})
"""Nothing more will come of it."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One procedure on the day shown; ``due`` is its own 完成时限, extended or not."""

    standing: Standing
    steps: tuple[str, ...] = ()
    due: date | None = None
    started: date | None = None
    ended: date | None = None


@dataclass(kw_only=True)
class Tally:
    """What many procedures come to; they are added one by one and not kept."""

    counts: Counter[Standing] = field(default_factory=Counter)
    steps: set[str] = field(default_factory=set)
    first_start: date | None = None
    last_end: date | None = None
    missed: date | None = None
    """The earliest 完成时限 that somebody has missed and not yet made good."""

    def add(self, mark: Mark, today: date) -> None:
        """This will count one procedure; ``today`` is the day shown."""
        self.counts[mark.standing] += 1
        if mark.standing in RUNS:
            self.steps.update(mark.steps)
        if mark.started is not None:
            self.first_start = min(mark.started, self.first_start or mark.started)
        if mark.ended is not None:
            self.last_end = max(mark.ended, self.last_end or mark.ended)
        is_late = mark.standing not in OVER and mark.due is not None and mark.due < today
        if is_late and mark.due is not None:
            self.missed = min(mark.due, self.missed or mark.due)

    @property
    def total(self) -> int:
        """Procedures that count: those stopped (终止) do not."""
        return self.counts.total() - self.counts[Standing.ENDED]

    @property
    def done(self) -> int:
        """Procedures that are finished."""
        return self.counts[Standing.DONE]

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return all(standing in OVER for standing, number in self.counts.items() if number)

    @property
    def gravest(self) -> Standing:
        """The standing that wants a look first: red before yellow … before done."""
        return next((each for each in Standing if self.counts[each]), Standing.WAITING)


def percent(done: int, total: int) -> int:
    """This will return the share done; rounded down, so that 100 means all.

    >>> percent(199, 200), percent(200, 200), percent(0, 0)
    (99, 100, 0)
    """
    return done * 100 // total if total else 0


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One row of the chart.

    ``planned_from`` is 最迟启动日, ``planned_to`` the row's 完成时限. ``actual_to`` is the last end
    once all is done, else the day shown; both are None where nothing has begun. ``late_from`` is
    the missed date from which lateness is drawn. ``expected`` is the earliest day on which all
    could be done, and ``slack`` the working days to spare then (negative: too few), both None
    once nothing is left to do.
    """

    row_id: str
    planned_from: date
    planned_to: date
    actual_from: date | None = None
    actual_to: date | None = None
    late_from: date | None = None
    expected: date | None = None
    slack: int | None = None
    is_critical: bool = False
    should_have_begun: bool = False
    """Some have not begun although 最迟启动日 is past (2-12)."""


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """What the backward schedule says of every row; the same for each district, so made once.

    ``to_go`` has, by row and step, the working days from the step's opening to the row's end.
    """

    plan: Plan
    calendar: WorkCalendar
    latest_starts: Mapping[str, date]
    to_go: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, plan: Plan, calendar: WorkCalendar) -> Timetable:
        """This will schedule every row of a plan backwards."""
        return cls(
            plan=plan,
            calendar=calendar,
            latest_starts={row.id: latest_start(plan, row, calendar) for row in plan.rows},
            to_go={row.id: workdays_to_go(plan, row, calendar) for row in plan.rows},
        )

    def span(self, today: date) -> tuple[date, date]:
        """The first and last day that a chart must show, a day of margin on each side."""
        days = [today, self.plan.kickoff, *self.latest_starts.values()]
        days += [row.due for row in self.plan.rows]
        return min(days) - _MARGIN, max(days) + _MARGIN


def bars(times: Timetable, tallies: Mapping[str, Tally], today: date) -> dict[str, Bar]:
    """This will draw every row of the plan that ``tallies`` has, in the plan's order."""
    course = _Course(times, tallies, today)
    critical = frozenset(course.critical())
    return {row_id: _bar(course, row_id, is_critical=row_id in critical) for row_id in course.rows}


def _bar(course: _Course, row_id: str, *, is_critical: bool) -> Bar:
    row, tally, today = course.rows[row_id], course.tallies[row_id], course.today
    begun = tally.first_start
    planned_from = course.times.latest_starts[row_id]
    return Bar(
        row_id=row_id,
        planned_from=planned_from,
        planned_to=row.due,
        actual_from=begun,
        actual_to=None if begun is None else _actual_end(tally, begun, today),
        late_from=tally.missed,
        expected=course.ends.get(row_id),
        slack=course.slack(row_id) if row_id in course.ends else None,
        is_critical=is_critical,
        should_have_begun=tally.counts[Standing.WAITING] > 0 and planned_from < today,
    )


def _actual_end(tally: Tally, begun: date, today: date) -> date:
    end = tally.last_end if tally.is_over and tally.last_end is not None else today
    return max(begun, end)


class _Course:
    """The rest of the way: laid forward from today, and back from every row's date."""

    def __init__(self, times: Timetable, tallies: Mapping[str, Tally], today: date) -> None:
        self.times, self.tallies, self.today = times, tallies, today
        self.rows = {row.id: row for row in times.plan.rows if row.id in tallies}
        self.before = {
            key: [each for each in row.after if each in self.rows] for key, row in self.rows.items()
        }
        self.after: dict[str, list[str]] = {key: [] for key in self.rows}
        for key, earlier in self.before.items():
            for each in earlier:
                self.after[each].append(key)
        self._to_go = {key: self._left(key) for key in self.rows}
        order = tuple(TopologicalSorter(self.before).static_order())
        self.starts: dict[str, date] = {}
        self.ends: dict[str, date] = {}
        self._lay_forward(order)
        self._limits: dict[str, date] = {}
        self._lay_back(order)

    def slack(self, row_id: str) -> int:
        """Working days between the earliest end and the latest; negative where it is too late."""
        end, limit = self.ends[row_id], self._limits[row_id]
        if end <= limit:
            return workdays_between(end, limit, self.times.calendar)
        return -workdays_between(limit, end, self.times.calendar)

    def critical(self) -> list[str]:
        """The row with the least slack, what it waits for, and what waits for it."""
        if not self.ends:
            return []
        places = {key: place for place, key in enumerate(self.rows)}
        worst = min(self.ends, key=lambda key: (self.slack(key), self.rows[key].due, places[key]))
        chain = [worst]
        while earlier := self._driving(chain[0], self.before):
            chain.insert(0, max(earlier, key=lambda key: (self.ends[key], -self.slack(key))))
        while later := self._driving(chain[-1], self.after):
            chain.append(min(later, key=lambda key: (self.slack(key), places[key])))
        return chain

    def _driving(self, row_id: str, beside: Mapping[str, Sequence[str]]) -> list[str]:
        """Neighbours still to do between whom there is not a day: one ends as the other begins."""
        found = []
        for other in beside[row_id]:
            first, second = (other, row_id) if beside is self.before else (row_id, other)
            if other in self.ends and self.starts[second] == self.ends[first]:
                found.append(other)
        return found

    def _left(self, row_id: str) -> int:
        """Working days that the row still needs, by whoever is furthest back."""
        tally, to_go = self.tallies[row_id], self.times.to_go[row_id]
        if tally.is_over:
            return 0
        everything = max(to_go.values(), default=0)
        if tally.counts[Standing.WAITING] or not tally.steps:
            return everything
        return max(to_go.get(step, everything) for step in tally.steps)

    def _lay_forward(self, order: Sequence[str]) -> None:
        floor = max(self.today, self.times.plan.kickoff)
        for key in order:
            tally = self.tallies[key]
            if tally.is_over:
                continue
            waits_for = self.before[key] if tally.counts[Standing.WAITING] else ()
            start = max([floor, *(self.ends[each] for each in waits_for if each in self.ends)])
            self.starts[key] = start
            self.ends[key] = self._after(start, self._to_go[key])

    def _lay_back(self, order: Sequence[str]) -> None:
        starts: dict[str, date] = {}
        for key in reversed(order):
            later = (starts[each] for each in self.after[key] if each in self.ends)
            self._limits[key] = min([self.rows[key].due, *later])
            latest = workday_back(self._limits[key], self._to_go[key], self.times.calendar)
            starts[key] = min(latest, self.times.latest_starts[key])

    def _after(self, day: date, workdays: int) -> date:
        if workdays:
            return workdays_after(day, workdays, self.times.calendar)
        return next_workday(day, self.times.calendar)

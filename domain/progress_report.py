"""The figures of a periodic report (督查通报, 调研报告): how all stands, what is late, what has changed.

Every figure is a count of procedures, kept with it, so that each can be followed. Units and tasks
keep the plan's order; nobody is ranked and no person is counted (0-08). Sources: 0-08, 0-13, 2-06
(截至), 2-25 (F02, F39).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from domain.wall_chart import RUNS, Mark, Standing, Tally


class ReportKind(StrEnum):
    """Which paper it becomes; the words that only people can write stay open in both."""

    CIRCULAR = "督查通报"
    RESEARCH = "调研报告"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One procedure on the day shown. ``days_left`` is of its open step, negative when it is late.

    ``told`` is what the log last said of why it takes longer: an extension asked for, a return.
    """

    workflow_id: str
    district: str
    unit: str
    row_id: str
    item: str
    mark: Mark
    responsible: tuple[str, ...] = ()
    days_left: int | None = None
    is_provisional: bool = False
    returned: int = 0
    extended: int = 0
    told: str = ""

    @property
    def is_late(self) -> bool:
        """Whether its open step is overdue."""
        return self.mark.standing is Standing.RED


@dataclass(kw_only=True)
class Progress:
    """Counts over the whole, by district, unit and row of the plan, each in the order met."""

    whole: Tally = field(default_factory=Tally)
    districts: dict[str, Tally] = field(default_factory=dict)
    units: dict[str, Tally] = field(default_factory=dict)
    rows: dict[str, Tally] = field(default_factory=dict)


def progress_of(entries: Iterable[Entry], today: date) -> Progress:
    """This will count procedures; ``today`` is the day shown."""
    found = Progress()
    for entry in entries:
        for own, key in (
            (found.districts, entry.district),
            (found.units, entry.unit),
            (found.rows, entry.row_id),
        ):
            own.setdefault(key, Tally()).add(entry.mark, today)
        found.whole.add(entry.mark, today)
    return found


def shares(tally: Tally) -> tuple[int, int, int]:
    """This will part a tally for a bar: done, under way, the rest that counts."""
    running = sum(tally.counts[each] for each in RUNS)
    return tally.done, running, tally.total - tally.done - running


class Change(StrEnum):
    """What became of a procedure between two reports."""

    DONE = "新办结"
    BEGUN = "新启动"
    LATE = "新超期"
    CAUGHT_UP = "超期已补上"
    STILL_LATE = "仍然超期"
    STOPPED = "新终止"
    ADDED = "新列入"
    LEFT = "不再列入"


def changes(before: Sequence[Entry], after: Sequence[Entry]) -> Mapping[Change, tuple[Entry, ...]]:
    """This will say what changed, by kind of change; a procedure may be in two of them.

    Late before and done now is both 新办结 and 超期已补上.
    """
    earlier = {entry.workflow_id: entry for entry in before}
    found: dict[Change, list[Entry]] = {change: [] for change in Change}
    for entry in after:
        was = earlier.pop(entry.workflow_id, None)
        for change in _changes(was.mark.standing if was else None, entry.mark.standing):
            found[change].append(entry)
    found[Change.LEFT] = list(earlier.values())
    return {change: tuple(entries) for change, entries in found.items()}


def _changes(was: Standing | None, now: Standing) -> Iterable[Change]:
    if was is None:
        yield Change.ADDED
        return
    if now is Standing.DONE and was is not Standing.DONE:
        yield Change.DONE
    if now is Standing.ENDED and was is not Standing.ENDED:
        yield Change.STOPPED
    if was is Standing.WAITING and (now in RUNS or now is Standing.DONE):
        yield Change.BEGUN
    if now is Standing.RED:
        yield Change.STILL_LATE if was is Standing.RED else Change.LATE
    elif was is Standing.RED and now is not Standing.ENDED:
        yield Change.CAUGHT_UP

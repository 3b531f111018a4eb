"""When: the dates of a plan, in the order in which they depend on one another.

Deadlines that count from another row are resolved after that row. A plan started on another day
than it was written for is re-based: each date it states keeps its distance in working days from
the kick-off (T0, row 2-08), so that order and time for each step are kept whatever holidays lie
between; T+… and row-relative deadlines are computed anew. Sources: 2-01…2-12, F03.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from domain.calendar import WorkCalendar
from domain.day_words import spell_day
from domain.deadline import workdays_after, workdays_before, workdays_between
from domain.deadline_text import DueText, parse_due, resolve_due
from domain.plan import CalendarPolicy
from domain.plan_columns import suggestion
from domain.plan_rows import RowDraft
from domain.refusal import Finding, Refused
from domain.schedule import PINS


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What dates are read against: T0 as written, T0 as started, the calendar."""

    written: date
    started: date
    calendar: WorkCalendar
    policy: CalendarPolicy

    @property
    def is_moved(self) -> bool:
        """Whether the plan is started on another day than it was written for."""
        return self.written != self.started

    def moved(self, day: date) -> date:
        """This will re-base a stated date: as many working days from the new T0 as from the old.

        A rest day becomes the working day before it; T0 stays T0.
        """
        if not self.is_moved:
            return day
        count = workdays_between(self.written, day, self.calendar)
        if day >= self.written:
            return workdays_after(self.started, count, self.calendar) if count else self.started
        back = workdays_between(day, self.written, self.calendar)
        return workdays_before(self.started, back, self.calendar) if back else self.started


@dataclass(frozen=True, kw_only=True)
class DatedRow:
    """A row with its date; ``pins`` are the step dates it states, ``said`` how it was read."""

    draft: RowDraft
    due: date
    said: str
    pins: dict[str, date]
    provisional: bool


def cycles_in(edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """This will find cycles, each as the names along it with the first one repeated at the end.

    >>> cycles_in({"M1": ["M2"], "M2": ["M1"], "M3": ["M1"]})
    [['M1', 'M2', 'M1']]
    """
    done: set[str] = set()
    found = []
    for start in edges:
        path: list[str] = []
        ahead = [iter((start,))]
        while ahead:
            name = next(ahead[-1], None)
            if name is None:
                ahead.pop()
                done.update(path[-1:])
                del path[-1:]
            elif name in path:
                found.append([*path[path.index(name) :], name])
            elif name not in done and name in edges:
                path.append(name)
                ahead.append(iter(edges[name]))
    return found


def date_rows(
    rows: Mapping[str, RowDraft], clock: Clock, findings: list[Finding]
) -> dict[str, DatedRow]:
    """This will date every row it can, predecessors first; cycles are reported with their path."""
    texts = {row_id: _read(row, rows, clock, findings) for row_id, row in rows.items()}
    edges = {row_id: _edges(rows[row_id], text, rows) for row_id, text in texts.items()}
    for cycle in cycles_in(edges):
        sentence = f"前置任务循环：{' → '.join(cycle)}。"
        findings.append(rows[cycle[0]].raw.finding("AFTER_CYCLE", sentence, "前置任务"))
    dated: dict[str, DatedRow] = {}
    pending = {row_id: text for row_id, text in texts.items() if text is not None}
    while pending:
        ready = [r for r, t in pending.items() if t.base not in rows or t.base in dated]
        if not ready:
            break
        for row_id in ready:
            dated[row_id] = _dated(rows[row_id], pending.pop(row_id), dated, clock, findings)
    return {row_id: dated[row_id] for row_id in rows if row_id in dated}


def _edges(row: RowDraft, text: DueText | None, rows: Mapping[str, RowDraft]) -> tuple[str, ...]:
    base = (text.base,) if text is not None and text.base in rows else ()
    return tuple(dict.fromkeys([*(name for name in row.after if name in rows), *base]))


def _read(
    row: RowDraft, rows: Mapping[str, RowDraft], clock: Clock, findings: list[Finding]
) -> DueText | None:
    text = row.raw.text("完成时限")
    if not text:
        return None
    read = parse_due(text, kickoff=clock.written, rows=rows.keys(), day_end=clock.policy.day_end)
    if isinstance(read, Refused):
        findings.append(row.raw.finding(read.code, read.sentence, "完成时限"))
        return None
    return read


def _dated(
    row: RowDraft,
    text: DueText,
    dated: Mapping[str, DatedRow],
    clock: Clock,
    findings: list[Finding],
) -> DatedRow:
    base = dated[text.base].due if text.base in dated else clock.started
    plain = resolve_due(text, base=base, calendar=clock.calendar, day_end=clock.policy.day_end)
    due, said, provisional = plain.due_date, text.reading, plain.provisional
    if text.is_relative:
        said = f"{said}：{due.isoformat()}"
    elif clock.is_moved:
        due = clock.moved(plain.due_date)
        provisional = not clock.calendar.covers(due)
        said = f"{said}，按启动日{clock.started.isoformat()}重排为{due.isoformat()}"
    return DatedRow(
        draft=row,
        due=due,
        said=said,
        pins=_pins(row, clock, findings),
        provisional=provisional,
    )


def _pins(row: RowDraft, clock: Clock, findings: list[Finding]) -> dict[str, date]:
    """环节时限 of a row (2-03 with 2-29); each is a date or counts from T0."""
    pins: dict[str, date] = {}
    names = [shape.name for shape in row.shapes if not shape.conditional]
    for part in filter(None, row.options.get(PINS, "").split("、")):
        step, _, written = (piece.strip() for piece in part.partition("="))
        if step not in names:
            sentence = f"环节时限中的“{step}”不是{row.kind}的环节{suggestion(step, names)}。"
            findings.append(row.raw.finding("UNKNOWN_STEP", sentence, "选项"))
            continue
        read = parse_due(written, kickoff=clock.written, rows=("T",), day_end=clock.policy.day_end)
        if isinstance(read, Refused):
            sentence = f"环节时限“{part}”：{read.sentence}"
            findings.append(row.raw.finding(read.code, sentence, "选项"))
            continue
        if read.is_relative:
            found = resolve_due(read, base=clock.started, calendar=clock.calendar).due_date
        else:
            found = clock.moved(read.day or clock.started)
        pins[step] = found
    return pins


def check_order(
    dated: Mapping[str, DatedRow], clock: Clock, finding: Callable[[str, str], Finding]
) -> list[Finding]:
    """This will compare dates: with T0, with predecessors, with rest days, with the horizon."""
    found = []
    for row in dated.values():
        raw = row.draft.raw
        if row.due < clock.started:
            sentence = f"完成时限{spell_day(row.due)}早于启动日{clock.started.isoformat()}。"
            found.append(raw.finding("DUE_BEFORE_KICKOFF", sentence, "完成时限"))
        for before in (dated[name] for name in row.draft.after if name in dated):
            if row.due < before.due:
                sentence = (
                    f"完成时限{row.due.isoformat()}早于前置任务"
                    f"{before.draft.id}的{before.due.isoformat()}。"
                )
                found.append(raw.finding("DUE_BEFORE_PREDECESSOR", sentence, "完成时限"))
        if not clock.calendar.is_workday(row.due):
            sentence = f"完成时限{spell_day(row.due)}是休息日，按写明的日期不顺延。"
            found.append(raw.finding("DUE_ON_REST_DAY", sentence, "完成时限", warning=True))
        if row.provisional:
            year = row.due.year + (row.due.year in clock.calendar.years)
            sentence = f"{row.due.isoformat()}为暂定日期：{year}年的放假通知尚未载入。"
            found.append(raw.finding("PROVISIONAL_DATE", sentence, "完成时限", warning=True))
    late = [row for row in dated.values() if row.due > _half_a_year_after(clock.started)]
    if late:
        last = max(late, key=lambda row: row.due)
        sentence = (
            f"{len(late)}项任务晚于启动后6个月（{_half_a_year_after(clock.started).isoformat()}），"
            f"最晚的是{last.draft.id}：{last.due.isoformat()}（2-11）。"
        )
        found.append(finding("LONG_HORIZON", sentence))
    return found


def _half_a_year_after(day: date) -> date:
    month = day.month + 6
    year, month = day.year + (month - 1) // 12, (month - 1) % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError(day)

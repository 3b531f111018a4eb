"""When an arrangement comes round: its windows, on working days only, none silently dropped.

Pure: the calendar and the moment are arguments. ``windows`` lays a cadence over the calendar,
``expected`` joins the versions of an arrangement, and ``domain/audit_reckoning.py`` says what is due.
Sources: C2, 3-21, 4-06 (定期 without a number: the cadence is set), 0-12, 0-13, 4-37.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from domain.audit import AuditKind, AuditPlan, Cadence, Every, Move
from domain.calendar import WorkCalendar
from domain.day_words import SHANGHAI
from domain.deadline import local_day

MONTHS: Final = {Every.MONTH: 1, Every.QUARTER: 3, Every.HALF_YEAR: 6, Every.YEAR: 12}
"""How many months a period has; 一次 has none."""

AHEAD: Final = timedelta(days=550)
"""How far windows are shown and put into Schedules: eighteen months."""

_FAR: Final = timedelta(days=800)
"""Beyond this there is always another window, if there is another."""

_PERIOD: Final = timedelta(days=366)
"""No period is longer."""

_ONE_DAY: Final = timedelta(days=1)


class RunStep(StrEnum):
    """What is due for one window; 日程 (Schedules) and 停办 (a stopped rollout) have no window."""

    OPEN = "开展"
    PREPARE = "备抽"
    DRAW = "抽取"
    MISSED = "漏检"
    UNVISITED = "未到访"
    LAPSED = "到期公布"
    BROKEN = "异常中止"
    RESUMED = "恢复办理"
    CLOSED = "终止"
    SCHEDULE = "日程"
    ENDED = "停办"


@dataclass(frozen=True, kw_only=True)
class Window:
    """One coming round.

    ``planned`` is the day as the cadence says it, ``opens_on`` the working day it is moved to,
    ``opens_at`` that day's hour in UTC. ``days`` are the working days of a sample's span, one elsewhere.
    ``until`` is when it can no longer be made up: the next window opens; None for the last.
    """

    label: str
    planned: date
    opens_on: date
    opens_at: datetime
    days: tuple[date, ...]
    until: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether it can no longer be made up."""
        return self.until is not None and self.until <= now


@dataclass(frozen=True, kw_only=True)
class Version:
    """An arrangement as it was made or changed; ``since`` is the first planned day that is its own."""

    number: int
    plan: AuditPlan
    since: date
    at: datetime
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A window with the version of its arrangement by which it is done."""

    window: Window
    version: Version


def windows(cadence: Cadence, calendar: WorkCalendar, frm: date, until: date) -> tuple[Window, ...]:
    """The windows planned from one day until another, in order of their opening.

    A rest day moves a window as the cadence says, but never out of its own period: a 提前 that would
    leave it goes forward instead, a 顺延 back, unless nobody works in the whole period. So the label
    is always that of the days on which it happens, and two windows never fall on one day.

    >>> from domain.calendar import load_builtin_calendar
    >>> monthly = Cadence(every=Every.MONTH, first=date(2026, 2, 1), day=15)
    >>> [f"{w.label} {w.opens_on}" for w in windows(
    ...     monthly, load_builtin_calendar(), date(2026, 2, 1), date(2026, 3, 31))]
    ['2026-02 2026-02-24', '2026-03 2026-03-16']
    """
    found: list[Window] = []
    for day in _planned(cadence, frm, until + _FAR):
        found.append(_window(cadence, day, calendar))
        if day > until and found[-2:-1] and found[-2].opens_at < found[-1].opens_at:
            break
    return tuple(one for one in closed(found) if one.planned <= until)


def closed(found: Sequence[Window]) -> tuple[Window, ...]:
    """These windows in order, each open until the next opens; a sample's days end before that day."""
    ordered = sorted(found, key=lambda one: (one.opens_at, one.planned, one.label))
    later = dict(pairwise(dict.fromkeys(each.opens_at for each in ordered)))
    return tuple(_until(one, later.get(one.opens_at)) for one in ordered)


def drawable(window: Window, calendar: WorkCalendar, now: datetime) -> tuple[date, ...]:
    """The days on which a draw may fall that is committed to now: its window's own after today (4-37).

    Where none of these is left, as many working days from tomorrow on, before the next window opens:
    an hour that has passed would be drawn at the next tick, which anybody can foretell.
    """
    today = local_day(now)
    if left := tuple(day for day in window.days if day > today):
        return left
    days: list[date] = []
    day = _toward(today + _ONE_DAY, _ONE_DAY, calendar)
    while len(days) < len(window.days) and (not window.until or day < local_day(window.until)):
        days.append(day)
        day = _toward(day + _ONE_DAY, _ONE_DAY, calendar)
    return tuple(days)


def expected(
    versions: Sequence[Version], calendar: WorkCalendar, until: date
) -> tuple[Expected, ...]:
    """The windows of all versions of an arrangement, planned until a day; each label once.

    A change holds from the next window on: what was planned up to its day stays the former
    version's, and so does a period still to come whose new day has passed by then.
    """
    taken: dict[str, tuple[Window, Version]] = {}
    for place, version in enumerate(versions):
        following = versions[place + 1] if place + 1 < len(versions) else None
        local = calendar.for_district(version.plan.district)
        last = following.since - _ONE_DAY if following else until + _PERIOD
        own = windows(version.plan.cadence, local, version.since, last)
        kept = _kept(version, following.since, following.plan, local) if following else ()
        for one in (*own, *kept):
            taken.setdefault(one.label, (one, version))
    order = closed([one for one, _ in taken.values()])
    return tuple(
        Expected(window=one, version=taken[one.label][1]) for one in order if one.planned <= until
    )


def first_day(
    plan: AuditPlan, former: Sequence[Version], calendar: WorkCalendar, now: datetime
) -> date:
    """The planned day of the first window that is this version's, were it made now.

    The first version takes the window that is open now, and none that could not be made up any more.
    A later one takes all from tomorrow on, so that nothing is left of what it puts off; before the
    first window of the former has come, also one of its own that is open.
    """
    today = local_day(now)
    tomorrow = today + _ONE_DAY
    if expected(former, calendar, today):
        return tomorrow
    first = plan.cadence.first
    local = calendar.for_district(plan.district)
    # An older window that is still open is the last that has opened, or one that opened with it.
    near = first if plan.cadence.every is Every.ONCE else max(first, today - 2 * _PERIOD)
    open_ones = (
        one.planned
        for one in windows(plan.cadence, local, near, max(today, first) + _PERIOD)
        if not one.is_over(now)
        and (plan.kind is not AuditKind.SAMPLING or drawable(one, local, now))
    )
    begins = min(open_ones, default=first)
    return min(begins, tomorrow) if former else begins


def label_of(every: Every, planned: date) -> str:
    """What people call a window.

    >>> [label_of(every, date(2026, 11, 22)) for every in Every]
    ['2026-11-22', '2026-11', '2026年第4季度', '2026年下半年', '2026年']
    """
    if every is Every.ONCE:
        return planned.isoformat()
    if every is Every.MONTH:
        return f"{planned:%Y-%m}"
    if every is Every.QUARTER:
        return f"{planned.year}年第{(planned.month - 1) // 3 + 1}季度"
    if every is Every.HALF_YEAR:
        return f"{planned.year}年{'上半年' if planned.month <= 6 else '下半年'}"
    return f"{planned.year}年"


def cadence_words(cadence: Cadence) -> str:
    """The cadence in words.

    >>> cadence_words(Cadence(every=Every.QUARTER, first=date(2026, 1, 1), month=2, day=5))
    '每季度第2个月5日09:00，遇休息日顺延'
    """
    day = f"{cadence.day}日"
    when = {
        Every.ONCE: f"一次，{cadence.first} ",
        Every.MONTH: f"每月{day}",
        Every.QUARTER: f"每季度第{cadence.month}个月{day}",
        Every.HALF_YEAR: f"每半年第{cadence.month}个月{day}",
        Every.YEAR: f"每年{cadence.month}月{day}",
    }[cadence.every]
    span = f"，自该日起{cadence.span}个工作日内" if cadence.span > 1 else ""
    return f"{when}{cadence.at:%H:%M}{span}，遇休息日{cadence.move}"


def _until(window: Window, until: datetime | None) -> Window:
    if until is None:
        return replace(window, until=None)
    days = tuple(day for day in window.days if day < local_day(until))
    return replace(window, until=until, days=days or window.days[:1])


def _kept(
    version: Version, since: date, changed: AuditPlan, calendar: WorkCalendar
) -> Iterator[Window]:
    """The windows of a version from its change on whose period the change has already passed over."""
    passed = {
        label_of(changed.cadence.every, day)
        for day in _planned(changed.cadence, since - _PERIOD, since - _ONE_DAY)
    }
    for one in windows(version.plan.cadence, calendar, since, since + _PERIOD):
        if one.label in passed:
            yield one


def _planned(cadence: Cadence, frm: date, until: date) -> Iterator[date]:
    """Days as the cadence says them, before they are moved."""
    start = max(frm, cadence.first)
    end = min(until, cadence.until) if cadence.until else until
    if cadence.every is Every.ONCE:
        if start <= cadence.first <= end:
            yield cadence.first
        return
    length = MONTHS[cadence.every]
    month = start.year * 12 + (start.month - 1) // length * length
    while True:
        year, number = divmod(month + cadence.month - 1, 12)
        number += 1
        day = date(year, number, min(cadence.day, months.monthrange(year, number)[1]))
        if day > end:
            return
        if day >= start:
            yield day
        month += length


def _period(every: Every, planned: date) -> tuple[date, date]:
    if every is Every.ONCE:
        return planned - _FAR, planned + _FAR
    length = MONTHS[every]
    month = planned.year * 12 + (planned.month - 1) // length * length
    (year, first), (over, after) = divmod(month, 12), divmod(month + length, 12)
    return date(year, first + 1, 1), date(over, after + 1, 1) - _ONE_DAY


def _window(cadence: Cadence, planned: date, calendar: WorkCalendar) -> Window:
    opens_on = _moved(cadence, planned, calendar)
    days = [opens_on]
    while len(days) < cadence.span:
        following = _toward(days[-1] + _ONE_DAY, _ONE_DAY, calendar)
        days.append(following)
    return Window(
        label=label_of(cadence.every, planned),
        planned=planned,
        opens_on=opens_on,
        opens_at=datetime.combine(opens_on, cadence.at, tzinfo=SHANGHAI).astimezone(UTC),
        days=tuple(days),
    )


def _moved(cadence: Cadence, planned: date, calendar: WorkCalendar) -> date:
    if calendar.is_workday(planned):
        return planned
    later = _toward(planned, _ONE_DAY, calendar)
    earlier = _toward(planned, -_ONE_DAY, calendar)
    first, last = _period(cadence.every, planned)
    wanted, other = (later, earlier) if cadence.move is Move.LATER else (earlier, later)
    return wanted if first <= wanted <= last or not first <= other <= last else other


def _toward(day: date, step: timedelta, calendar: WorkCalendar) -> date:
    while not calendar.is_workday(day):
        day += step
    return day

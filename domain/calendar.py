"""The work calendar (工作日历): which days the offices work, as data with a version.

Sources: domain.md 8.3; the yearly 国务院办公厅 notices on 节假日安排; 《全国年节及纪念日放假办法》.
A day is judged by the notices loaded (放假, 调休上班), else by its weekday. A day that no loaded
notice settles is *provisional*: it is judged by weekday and by the statutory days of fixed date,
and everything computed from it says so. This module decides nothing about deadlines, and it
guesses no lunar festival and no 调休.

A notice belongs to the year in its title, not to the year of its days: the notice for Y+1 may
change late December of Y (2018-12-29 was a workday by the notice for 2019).

Over the national calendar lie the overlays (地方安排) of districts: local closures, a typhoon day,
each with its 文号 (issue 3). ``for_district`` gives the calendar as one district has it. A local
closure is a rest day, but no 法定节假日, and settles nothing that a notice has to settle.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any

WEEKDAYS = "一二三四五六日"

LATE_DECEMBER = 25
"""From this day on, December also needs the next year's notice.

New Year's Day brings at most the week before it into play (make-up days on the weekend before,
a bridge of days off); the earliest day ever changed so was the 29th (2007, 2018).
"""

_ONE_DAY = timedelta(days=1)


class CalendarKind(StrEnum):
    """Why there is a version: a year's notice, a district's overlay, or a return to an earlier one."""

    NOTICE = "通知"
    LOCAL = "地方"
    ROLLBACK = "回退"


@dataclass(frozen=True, kw_only=True, order=True)
class NoticeDay:
    """One day that a notice names: off (放假) or to be worked (上班)."""

    day: date
    is_off: bool
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One year's notice as loaded.

    ``year`` is the year in the notice's title. ``papers`` are the titles or 文号 it consists of:
    the yearly notice and any later change. ``days`` are in order of date; weekends inside a
    holiday may be listed or left out, they are off either way.
    """

    year: int
    papers: tuple[str, ...]
    days: tuple[NoticeDay, ...]


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """One district's days off and days worked by one paper, over the national calendar.

    ``days`` are in order of date and carry their reason as name (台风停工).
    """

    district: str
    paper: str
    days: tuple[NoticeDay, ...]


@dataclass(frozen=True, kw_only=True)
class LocalDay:
    """A day as a district's overlay has it, with the paper it rests on."""

    day: date
    is_off: bool
    name: str
    paper: str


@dataclass(frozen=True, kw_only=True)
class DayChange:
    """A day that two versions of a calendar judge differently; ``district`` empty: everywhere."""

    day: date
    was_workday: bool
    is_workday: bool
    name: str = ""
    district: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkCalendar:
    """A calendar at one version; a new notice makes a new version, never a change in place.

    ``version`` counts up from 1. At most one notice per year; where the notices of Y and Y+1 both
    name a day, the later notice holds. ``overlays`` are in the order of their import; of two that
    name a day for one district, the later holds. ``district`` is set by ``for_district`` alone: the
    calendar then follows that district's overlays too.
    """

    calendar_id: str
    version: int
    notices: tuple[Notice, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    district: str = ""

    @property
    def label(self) -> str:
        """The version as it is written beside a deadline: ``CN@1``, locally ``CN@3+甲区``."""
        national = f"{self.calendar_id}@{self.version}"
        return f"{national}+{self.district}" if self.district else national

    @cached_property
    def years(self) -> frozenset[int]:
        """The years whose notice is loaded."""
        return frozenset(notice.year for notice in self.notices)

    @cached_property
    def _named(self) -> dict[date, NoticeDay]:
        ordered = sorted(self.notices, key=lambda notice: notice.year)
        return {day.day: day for notice in ordered for day in notice.days}

    @cached_property
    def _local(self) -> dict[date, LocalDay]:
        return {
            one.day: LocalDay(day=one.day, is_off=one.is_off, name=one.name, paper=overlay.paper)
            for overlay in self.overlays
            if overlay.district == self.district
            for one in overlay.days
        }

    @cached_property
    def _by_district(self) -> dict[str, WorkCalendar]:
        districts = dict.fromkeys(overlay.district for overlay in self.overlays)
        return {district: replace(self, district=district) for district in districts}

    def for_district(self, district: str) -> WorkCalendar:
        """This will return the calendar of a district; the national one if it has no overlay."""
        local = self._by_district.get(district)
        if local is not None:
            return local
        return replace(self, district="") if self.district else self

    @property
    def local_days(self) -> tuple[LocalDay, ...]:
        """All days that this district's overlays name, in order."""
        return tuple(self._local[day] for day in sorted(self._local))

    def local_day(self, day: date) -> LocalDay | None:
        """What this district's overlays say of a day; None if they do not name it."""
        return self._local.get(day)

    def is_workday(self, day: date) -> bool:
        """True if the offices work that day, as far as this version knows (see ``covers``)."""
        local = self._local.get(day)
        if local is not None:
            return not local.is_off
        named = self._named.get(day)
        if named is not None:
            return not named.is_off
        if day.year not in self.years and (day.month, day.day) in fixed_statutory_days(day.year):
            return False
        return day.weekday() < 5

    def covers(self, day: date) -> bool:
        """True if the loaded notices settle that day; False makes what follows provisional.

        >>> load_builtin_calendar().covers(date(2026, 12, 24))
        True
        >>> load_builtin_calendar().covers(date(2026, 12, 25))  # the 2027 notice may change it
        False
        """
        if day.year not in self.years:
            return False
        return (day.month, day.day) < (12, LATE_DECEMBER) or day.year + 1 in self.years

    def is_holiday(self, day: date) -> bool:
        """True on a day off that a notice (or, uncovered, the statute) names; no plain weekends.

        A local closure is none; a holiday that is worked locally is none there.
        """
        local = self._local.get(day)
        if local is not None and not local.is_off:
            return False
        named = self._named.get(day)
        if named is not None:
            return named.is_off
        return day.year not in self.years and (day.month, day.day) in fixed_statutory_days(day.year)

    def is_makeup(self, day: date) -> bool:
        """True on a Saturday or Sunday that is worked (调休上班)."""
        return day.weekday() >= 5 and self.is_workday(day)

    def name_of(self, day: date) -> str:
        """The holiday that a day belongs to (春节), also of its make-up days; empty if none.

        For a day that an overlay names, its reason (台风停工).
        """
        named = self._local.get(day) or self._named.get(day)
        return named.name if named is not None else ""

    def papers(self, year: int) -> tuple[str, ...]:
        """The notices a year rests on; empty if none is loaded."""
        return next((notice.papers for notice in self.notices if notice.year == year), ())

    def with_notice(self, notice: Notice, *, version: int | None = None) -> WorkCalendar:
        """This will return the next version, with that year's notice added or replaced."""
        kept = tuple(old for old in self.notices if old.year != notice.year)
        return replace(
            self,
            version=self.version + 1 if version is None else version,
            notices=tuple(sorted((*kept, notice), key=lambda one: one.year)),
        )

    def with_overlay(self, overlay: Overlay) -> WorkCalendar:
        """This will return the next version, with a district's overlay added.

        One of the same district by the same paper is replaced.
        """
        same = (overlay.district, overlay.paper)
        kept = tuple(old for old in self.overlays if (old.district, old.paper) != same)
        return replace(self, version=self.version + 1, overlays=(*kept, overlay))

    def with_content_of(self, earlier: WorkCalendar) -> WorkCalendar:
        """This will return the next version, with the notices and overlays of an earlier one."""
        return replace(earlier, version=self.version + 1)


def diff(old: WorkCalendar, new: WorkCalendar) -> tuple[DayChange, ...]:
    """This will return every day that the two versions judge differently, in order.

    First the days that change everywhere, then by district those that change only there, or
    otherwise than everywhere.

    >>> before = load_builtin_calendar().with_notice(builtin_superseded(2020))
    >>> [f"{c.day:%m-%d}{'班' if c.is_workday else '休'}" for c in diff(before,
    ...     load_builtin_calendar())]
    ['01-31休', '02-01休']
    """
    everywhere = _changes(old.for_district(""), new.for_district(""))
    known = {(change.day, change.is_workday) for change in everywhere}
    districts = sorted({overlay.district for overlay in (*old.overlays, *new.overlays)})
    local = (
        replace(change, district=district)
        for district in districts
        for change in _changes(old.for_district(district), new.for_district(district))
        if (change.day, change.is_workday) not in known
    )
    return (*everywhere, *local)


def _changes(old: WorkCalendar, new: WorkCalendar) -> tuple[DayChange, ...]:
    candidates = set().union(*(each._named.keys() | each._local.keys() for each in (old, new)))  # noqa: SLF001 - same type, same module
    for year in old.years ^ new.years:
        candidates.update(date(year, month, day) for month, day in fixed_statutory_days(year))
    return tuple(
        DayChange(
            day=day,
            was_workday=old.is_workday(day),
            is_workday=new.is_workday(day),
            name=new.name_of(day) or old.name_of(day),
        )
        for day in sorted(candidates)
        if old.is_workday(day) != new.is_workday(day)
    )


def fixed_statutory_days(year: int) -> frozenset[tuple[int, int]]:
    """The (month, day) of the public holidays that are the same each year, for a year unnoticed.

    《全国年节及纪念日放假办法》: 元旦 1 day and 国庆 3 days throughout; 劳动节 3 days until 2007,
    1 day 2008–2024, 2 days from 2025. Left out: lunar festivals, 清明, days in lieu of a weekend.
    """
    labour = 3 if year < 2008 else 1 if year < 2025 else 2
    may = {(5, 1 + n) for n in range(labour)}
    return frozenset({(1, 1), (10, 1), (10, 2), (10, 3)} | may)


def days_between(first: date, last: date) -> Iterator[date]:
    """This will give each day from first to last, both included."""
    day = first
    while day <= last:
        yield day
        day += _ONE_DAY


@lru_cache(maxsize=1)
def load_builtin_calendar() -> WorkCalendar:
    """This will return the calendar that ships with the program: CN, 2004–2026, version 1."""
    return calendar_from_dict(_builtin())


def builtin_superseded(year: int) -> Notice:
    """This will return a year's notice as it stood before it was changed during that year.

    Known: 2019 (before 劳动节 was lengthened on 03-22) and 2020 (before 春节 was on 01-27).
    Raises KeyError for any other year.
    """
    for entry in _builtin()["superseded"]:
        if entry["year"] == year:
            return notice_from_dict(entry)
    raise KeyError(year)


@lru_cache(maxsize=1)
def _builtin() -> dict[str, Any]:
    text = resources.files("domain.data").joinpath("cn_calendar.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def notice_from_dict(entry: Mapping[str, Any]) -> Notice:
    """This will read a notice from its stored form: runs of days ``[first, last, name]``."""
    days = [*_runs(entry["off"], is_off=True), *_runs(entry["work"], is_off=False)]
    return Notice(year=entry["year"], papers=tuple(entry["papers"]), days=tuple(sorted(days)))


def notice_to_dict(notice: Notice) -> dict[str, Any]:
    """This will return the stored form of a notice, as ``notice_from_dict`` reads it."""
    return {
        "year": notice.year,
        "papers": list(notice.papers),
        "off": _to_runs([day for day in notice.days if day.is_off]),
        "work": _to_runs([day for day in notice.days if not day.is_off]),
    }


def calendar_from_dict(entry: Mapping[str, Any]) -> WorkCalendar:
    """This will read a calendar from its stored form (JSON values only)."""
    return WorkCalendar(
        calendar_id=entry["calendar_id"],
        version=entry["version"],
        notices=tuple(notice_from_dict(notice) for notice in entry["notices"]),
        overlays=tuple(_overlay_from_dict(overlay) for overlay in entry.get("overlays", ())),
    )


def calendar_to_dict(calendar: WorkCalendar) -> dict[str, Any]:
    """This will return the stored form of a calendar, as ``calendar_from_dict`` reads it.

    A calendar without overlays is written as it was before there were any: its hash stays.
    """
    stored = {
        "calendar_id": calendar.calendar_id,
        "version": calendar.version,
        "notices": [notice_to_dict(notice) for notice in calendar.notices],
    }
    if calendar.overlays:
        stored["overlays"] = [_overlay_to_dict(overlay) for overlay in calendar.overlays]
    return stored


def _overlay_from_dict(entry: Mapping[str, Any]) -> Overlay:
    days = [*_runs(entry["off"], is_off=True), *_runs(entry["work"], is_off=False)]
    return Overlay(district=entry["district"], paper=entry["paper"], days=tuple(sorted(days)))


def _overlay_to_dict(overlay: Overlay) -> dict[str, Any]:
    return {
        "district": overlay.district,
        "paper": overlay.paper,
        "off": _to_runs([day for day in overlay.days if day.is_off]),
        "work": _to_runs([day for day in overlay.days if not day.is_off]),
    }


def _runs(runs: Sequence[Sequence[str]], *, is_off: bool) -> Iterator[NoticeDay]:
    for first, last, name in runs:
        for day in days_between(date.fromisoformat(first), date.fromisoformat(last)):
            yield NoticeDay(day=day, is_off=is_off, name=name)


def _to_runs(days: Sequence[NoticeDay]) -> list[list[str]]:
    runs: list[list[str]] = []
    for one in sorted(days):
        previous = (one.day - _ONE_DAY).isoformat()
        if runs and runs[-1][1] == previous and runs[-1][2] == one.name:
            runs[-1][1] = one.day.isoformat()
        else:
            runs.append([one.day.isoformat(), one.day.isoformat(), one.name])
    return runs

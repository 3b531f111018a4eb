"""One year of the work calendar as a page of text and as a table for programs."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import zip_longest

from domain.calendar import WEEKDAYS, WorkCalendar, days_between
from domain.day_words import spell_days
from domain.deadline import local_words
from starter.table import pad, terminal_width

_CELL = 5
"""Terminal columns of one day: two digits, a two-column mark, a space."""
_MONTH = _CELL * 7
_GAP = "   "


def year_table(calendar: WorkCalendar, year: int) -> dict[str, object]:
    """This will return a year as JSON values; ``days`` are those that differ or have a name."""
    days = _days(year)
    unsettled = next((day for day in days if not calendar.covers(day)), None)
    return {
        "year": year,
        "calendar": calendar.label,
        "provisional": unsettled is not None,
        "provisional_from": unsettled,
        "papers": list(calendar.papers(year)),
        "workdays": sum(calendar.is_workday(day) for day in days),
        "days": [
            {"date": day.isoformat(), "kind": mark, "name": calendar.name_of(day)}
            for day in days
            if (mark := _mark(calendar, day))
        ],
    }


def year_page(calendar: WorkCalendar, year: int) -> str:
    """This will lay a year out by months, as many beside one another as the terminal holds."""
    months = [_month(calendar, year, month) for month in range(1, 13)]
    across = 3 if terminal_width() >= 3 * _MONTH + 2 * len(_GAP) else 2
    lines = [_heading(calendar, year), ""]
    for first in range(0, 12, across):
        rows = zip_longest(*months[first : first + across], fillvalue="")
        lines += [_GAP.join(pad(text, _MONTH) for text in row).rstrip() for row in rows]
        lines.append("")
    return "\n".join([*lines, *_legend(calendar, year)])


def _heading(calendar: WorkCalendar, year: int) -> str:
    workdays = sum(calendar.is_workday(day) for day in _days(year))
    return f"{year}年　工作日历{calendar.label}　全年工作日{workdays}天"


def _legend(calendar: WorkCalendar, year: int) -> list[str]:
    local_mark = "，停＝本区停工" if calendar.local_days else ""
    lines = [f"休＝放假，班＝调休上班{local_mark}；没有标记的星期六、星期日照常休息。"]
    for kind in ("休", "班", "停"):
        if kind == "停" and not calendar.local_days:
            continue
        named: dict[str, list[date]] = {}
        for day in _days(year):
            if _mark(calendar, day) == kind:
                named.setdefault(calendar.name_of(day) or "法定节假日", []).append(day)
        listed = "；".join(
            f"{name} {spell_days(days).replace(f'{year}年', '')}" for name, days in named.items()
        )
        lines.append(f"{kind}：{listed or '无'}。")
    if local := local_words(calendar, _days(year)):
        lines.append(f"{local}。")
    papers = calendar.papers(year)
    lines.append(f"依据：{'、'.join(papers)}。" if papers else f"暂定：{year}年放假通知尚未载入。")
    if papers and not calendar.covers(date(year, 12, 31)):
        lines.append(f"暂定：12月25日起可能由{year + 1}年放假通知调整，该通知尚未载入。")
    return lines


def _month(calendar: WorkCalendar, year: int, month: int) -> list[str]:
    first = date(year, month, 1)
    days = [day for day in _days(year) if day.month == month]
    cells = [""] * first.weekday() + [f"{day.day:2}{_mark(calendar, day)}" for day in days]
    weeks = [cells[start : start + 7] for start in range(0, len(cells), 7)]
    lines = [f"{month}月", "".join(pad(day, _CELL) for day in WEEKDAYS)]
    return lines + ["".join(pad(cell, _CELL) for cell in week) for week in weeks]


def _mark(calendar: WorkCalendar, day: date) -> str:
    local = calendar.local_day(day)
    if local is not None:
        return "停" if local.is_off else "班"
    if calendar.is_makeup(day):
        return "班"
    return "休" if calendar.is_holiday(day) else ""


def _days(year: int) -> list[date]:
    return list(days_between(date(year, 1, 1), date(year + 1, 1, 1) - timedelta(days=1)))

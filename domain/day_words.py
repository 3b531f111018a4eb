"""Days and instants of Asia/Shanghai written out in Chinese, for rules and notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.calendar import WEEKDAYS

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = "24:00"
"""The end of a day; the same instant as 00:00 of the next."""

_ONE_DAY = timedelta(days=1)


def spell_day(day: date) -> str:
    """This will write a day out: ``2026年2月25日（星期三）``."""
    return f"{day.year}年{day.month}月{day.day}日（星期{WEEKDAYS[day.weekday()]}）"


def spell_instant(moment: datetime) -> str:
    """This will write an instant out in Asia/Shanghai: ``2026年2月25日（星期三）17:30``.

    Midnight is written as 24:00 of the day that it ends.
    """
    local = moment.astimezone(SHANGHAI)
    if local.time() == time(0):
        return f"{spell_day(local.date() - _ONE_DAY)}{MIDNIGHT}"
    return f"{spell_day(local.date())}{local:%H:%M}"


def spell_days(days: Sequence[date]) -> str:
    """This will write days in order as runs: ``2026年2月15日至2月23日、2月28日``."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == _ONE_DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    words, year = [], 0
    for run in runs:
        head, year = _spell_after(run[0], year), run[0].year
        if len(run) > 1:
            head, year = f"{head}至{_spell_after(run[-1], year)}", run[-1].year
        words.append(head)
    return "、".join(words)


def _spell_after(day: date, year: int) -> str:
    short = f"{day.month}月{day.day}日"
    return short if day.year == year else f"{day.year}年{short}"

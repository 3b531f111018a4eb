"""The chart of bars: planned above, actual below, lateness hatched, today a broken line.

Positions are shares of the width, so that the same drawing fits a phone and A0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import TYPE_CHECKING, Final

from domain.wall_chart import Bar, Tally, percent
from starter.wall_chart_words import short_day

if TYPE_CHECKING:
    from domain.plan import Row

_MOST_LABELS: Final = 9
"""Months named on the axis; more would run into each other on a phone."""

_LAST_LABEL: Final = 97
"""Per cent: a name further right would be cut."""

_MIDDLE: Final = 50
_LEAST_WIDTH: Final = 0.35
"""Per cent: a bar of one day stays in sight."""

_ABOVE: Final = (12, 36)
_BELOW: Final = (58, 28)
"""Top and height of a bar in its line, in per cent."""

_DAY: Final = timedelta(days=1)

LEGEND: Final = (
    '<div class="legend">'
    '<span><svg><rect class="plan" x="2" y="20%" width="90%" height="60%"/></svg>计划'
    "（最迟启动至完成时限）</span>"
    '<span class="k"><svg><rect class="plan" x="2" y="20%" width="90%" height="60%"/></svg>'
    "★ 关键线路</span>"
    '<span><svg><rect class="done" x="2" y="25%" width="90%" height="50%"/></svg>实际</span>'
    '<span><svg><rect class="late" x="2" y="20%" width="90%" height="60%"/></svg>超过时限</span>'
    '<span><svg><line class="now" x1="50%" x2="50%" y1="0" y2="100%"/></svg>截至日</span>'
    "<span>◇ 最早可能完成</span></div>\n"
)
"""What the drawing's parts mean."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The days from the left edge to the right, and the day shown."""

    first: date
    last: date
    today: date

    def at(self, day: date) -> float:
        """The place of a day's beginning in per cent; what lies outside is at the edge."""
        share = (day - self.first).days / ((self.last - self.first).days + 1) * 100
        return round(min(100.0, max(0.0, share)), 2)

    def months(self) -> list[date]:
        """The first day of every month on the axis."""
        found = []
        year, month = self.first.year, self.first.month
        while (day := date(year, month, 1)) <= self.last:
            if day >= self.first:
                found.append(day)
            year, month = year + month // 12, month % 12 + 1
        return found


def drawings(axis: Axis) -> str:
    """What every row of a chart refers to: the hatching, the months and today's line."""
    lines = "".join(
        f'<line class="month" x1="{x}%" x2="{x}%" y1="0" y2="100%"/>'
        for x in map(axis.at, axis.months())
    )
    now = axis.at(axis.today)
    return (
        '<svg class="defs" aria-hidden="true"><defs>'
        '<pattern id="late" width="7" height="7" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect width="7" height="7" fill="#ffd0cc"/>'
        '<rect width="3" height="7" fill="#8b0000"/></pattern>'
        f'<g id="months">{lines}</g>'
        f'<line id="now" class="now" x1="{now}%" x2="{now}%" y1="0" y2="100%"/>'
        "</defs></svg>\n"
    )


def gantt(
    rows: Sequence[Row],
    drawn: Mapping[str, Bar],
    tallies: Mapping[str, Tally],
    axis: Axis,
    address: Callable[[str], str],
) -> str:
    """This will draw the rows of the plan that have bars; ``address`` leads on from a row's id."""
    body = "".join(
        _line(row, drawn[row.id], tallies[row.id], axis, address(row.id))
        for row in rows
        if row.id in drawn
    )
    return (
        '<table class="gantt"><thead><tr><th class="h i">任务</th><th class="h f">完成</th>'
        f'<th class="h f">机动工作日</th><th class="t">{_scale(axis)}</th></tr></thead>\n'
        f"<tbody>{body}</tbody></table>\n"
    )


def _scale(axis: Axis) -> str:
    months = axis.months()
    named = "".join(
        f'<text x="{axis.at(day)}%" y="92%" dx="3">{day.month}月</text>'
        for day in months[:: -(-len(months) // _MOST_LABELS)]
        if axis.at(day) <= _LAST_LABEL
    )
    years = "".join(
        f'<text x="{axis.at(day)}%" y="62%" dx="3">{day.year}年</text>'
        for place, day in enumerate(months)
        if (not place or day.month == 1) and axis.at(day) <= _LAST_LABEL
    )
    now = axis.at(axis.today)
    side, shift = ("end", -4) if now > _MIDDLE else ("start", 4)
    return (
        f'<svg role="img" aria-label="时间轴"><use href="#months"/>{years}{named}'
        f'<use href="#now"/><text x="{now}%" y="30%" dx="{shift}" text-anchor="{side}">'
        f"截至{short_day(axis.today)}</text></svg>"
    )


def _line(row: Row, bar: Bar, tally: Tally, axis: Axis, address: str) -> str:
    mark = "★ " if bar.is_critical else ""
    name = escape(f"{mark}{row.id} {row.item}")
    head = f'<a href="{escape(address)}">{name}</a>' if address else name
    share = percent(tally.done, tally.total)
    return (
        f'<tr{" class=k" if bar.is_critical else ""}><th title="{escape(row.task)}">{head}'
        f"<small>{_planned(bar)}</small></th>"
        f'<td class="f">{share}%<small>{tally.done}/{tally.total}</small></td>'
        f'<td class="f">{_slack(bar)}</td>'
        f'<td class="t">{_drawing(bar, axis, name)}</td></tr>\n'
    )


def _planned(bar: Bar) -> str:
    late = "（已过，有未启动的）" if bar.should_have_begun else ""
    return (
        f"<i>最迟启动 {short_day(bar.planned_from)}</i>{late} "
        f"<i>时限 {short_day(bar.planned_to)}</i>"
    )


def _slack(bar: Bar) -> str:
    if bar.slack is None or bar.expected is None:
        return "—"
    said = f"机动{bar.slack}日" if bar.slack >= 0 else f"<b>缺{-bar.slack}日</b>"
    return f"{said}<small>最早{short_day(bar.expected)}</small>"


def _drawing(bar: Bar, axis: Axis, name: str) -> str:
    planned = (bar.planned_from, bar.planned_to)
    parts = ['<use href="#months"/>', _rect(axis, "plan", planned, *_ABOVE)]
    if bar.late_from is not None:
        parts.append(_rect(axis, "late", (bar.late_from + _DAY, axis.today), *_ABOVE))
    if bar.actual_from is not None and bar.actual_to is not None:
        parts.append(_rect(axis, "done", (bar.actual_from, bar.actual_to), *_BELOW))
    if bar.expected is not None:
        parts.append(f'<text x="{axis.at(bar.expected)}%" y="86%" text-anchor="middle">◇</text>')
    parts.append('<use href="#now"/>')
    return f'<svg role="img" aria-label="{name}">{"".join(parts)}</svg>'


def _rect(axis: Axis, kind: str, days: tuple[date, date], top: int, height: int) -> str:
    """From the beginning of the first day to the end of the last."""
    left, right = axis.at(days[0]), axis.at(days[1] + _DAY)
    width = round(max(_LEAST_WIDTH, right - left), 2)
    return f'<rect class="{kind}" x="{left}%" y="{top}%" width="{width}%" height="{height}%"/>'

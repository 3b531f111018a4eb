"""The wall chart's tables: districts with their shares, and units by 事项 with their lights.

All text is escaped here; units and rows may be called anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final, TypeAlias

from domain.wall_chart import Mark, Standing, Tally, percent
from starter.board import grouped
from starter.wall_chart_style import STYLE, print_size
from starter.wall_chart_words import (
    CITY,
    CLASSES,
    SIGNS,
    Links,
    days_said,
    short_day,
    steps_said,
    title_of,
)

if TYPE_CHECKING:
    from contracts.desk import BoardLine
    from domain.plan import Row

_MANY: Final = 16
"""Columns from which a table keeps its width and is scrolled sideways."""

_ALWAYS: Final = (
    Standing.RED,
    Standing.YELLOW,
    Standing.GREEN,
    Standing.WAITING,
    Standing.DONE,
)
"""Standings that have a column even where there are none."""


Marked: TypeAlias = "tuple[BoardLine, Mark]"
"""A line of the board with how it stands."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The plan's rows by id, in its order; a row that an amendment took out comes last."""

    rows: Mapping[str, Row]

    def sorted(self, ids: Iterable[str]) -> list[str]:
        """Those ids in the plan's order."""
        places = {row_id: place for place, row_id in enumerate(self.rows)}
        return sorted(ids, key=lambda row_id: (places.get(row_id, len(places)), row_id))


def opening(title: str, columns: int, *, is_large: bool) -> str:
    """This will begin the page."""
    name = escape(title)
    return (
        '<!doctype html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{name}</title>\n<style>:root{{--pt:{print_size(columns)}pt}}{STYLE}</style>\n"
        f"</head>\n<body{' class=large' if is_large else ''}>\n"
    )


CLOSING: Final = "</body>\n</html>\n"


def heading(title: str, facts: Sequence[str]) -> str:
    """This will write the title and, in large type, what day is shown and what is left."""
    said = " · ".join(escape(fact) for fact in facts)
    return f'<h1>{escape(title)}</h1>\n<p class="when">{said}</p>\n'


def chips(tally: Tally) -> str:
    """This will count by standing, in signs and words: the legend as well."""
    shown = [each for each in Standing if each in _ALWAYS or tally.counts[each]]
    parts = "".join(
        f'<span class="chip {CLASSES[each]}">{SIGNS[each]}{each} <b>{tally.counts[each]}</b></span>'
        for each in shown
    )
    share = percent(tally.done, tally.total)
    return (
        f'<div class="chips"><span class="chip">完成率 <b>{share}%</b>'
        f"（{tally.done}/{tally.total}）</span>{parts}</div>\n"
    )


def section(title: str, *parts: str) -> str:
    """This will put parts under a heading."""
    return f"<h2>{escape(title)}</h2>\n{''.join(parts)}"


def note(text: str, kind: str = "note") -> str:
    """This will write a line of explanation."""
    return f'<p class="{kind}">{escape(text)}</p>\n'


def shares(districts: Mapping[str, Tally], whole: Tally, links: Links) -> str:
    """This will write how far each district is, in the plan's order."""
    shown = [
        each
        for each in Standing
        if each is not Standing.DONE and (each in _ALWAYS or whole.counts[each])
    ]
    heads = "".join(f"<th>{SIGNS[each]}{each}</th>" for each in shown)
    body = "".join(
        f"<tr>{_name(name or CITY, links.district(name) if name else '')}"
        f"{_share_cells(tally, shown)}</tr>\n"
        for name, tally in districts.items()
    )
    total = f"<tr><th>合计</th>{_share_cells(whole, shown)}</tr>"
    return (
        '<div class="wide"><table class="num"><thead><tr><th>区</th><th>完成率</th>'
        f"<th>办结/共</th>{heads}</tr></thead>\n<tbody>{body}</tbody>"
        f"<tfoot>{total}</tfoot></table></div>\n"
    )


def _share_cells(tally: Tally, shown: Sequence[Standing]) -> str:
    share = percent(tally.done, tally.total)
    cells = "".join(
        f"<td{_class(each) if tally.counts[each] else ''}>{tally.counts[each]}</td>"
        for each in shown
    )
    return (
        f'<td><span class="meter"><s style="width:{share}%"></s></span>{share}%</td>'
        f"<td>{tally.done}/{tally.total}</td>{cells}"
    )


def overview(columns: Columns, districts: Mapping[str, Mapping[str, Tally]], links: Links) -> str:
    """This will write districts by 事项: the gravest light, and how many are done."""
    ids = [row_id for row_id in columns.rows if any(row_id in own for own in districts.values())]
    heads = "".join(_head(columns, row_id, "", links, "") for row_id in ids)
    body = "".join(
        f"<tr>{_name(name or CITY, links.district(name) if name else '')}"
        + "".join(_summed(columns, row_id, own.get(row_id), name, links) for row_id in ids)
        + "</tr>\n"
        for name, own in districts.items()
    )
    inside = f"<thead><tr><th>区</th>{heads}</tr></thead>\n<tbody>{body}</tbody>"
    return _wide(len(ids), inside, "m o")


def _summed(columns: Columns, row_id: str, tally: Tally | None, district: str, links: Links) -> str:
    if tally is None:
        return '<td class="e"></td>'
    grave = tally.gravest
    row = columns.rows[row_id]
    counts = "，".join(f"{each}{tally.counts[each]}" for each in Standing if tally.counts[each])
    said = f"<b>{SIGNS[grave]}{grave}</b> <i>{tally.done}/{tally.total}</i>"
    title = f"{district or CITY} {row_id} {row.item}：{counts}"
    return _cell(CLASSES[grave], row.item, title, links.row(row_id, district), said)


def units(columns: Columns, marked: Sequence[Marked], links: Links) -> str:
    """This will write units by 事项, a table for those that have tasks in common."""
    marks = {line.workflow_id: mark for line, mark in marked}
    return "".join(
        _matrix(columns, [(line, marks[line.workflow_id]) for line in group], links)
        for group in grouped([line for line, _ in marked])
    )


def _matrix(columns: Columns, marked: Sequence[Marked], links: Links) -> str:
    by_unit: dict[str, dict[str, Marked]] = {}
    for line, mark in marked:
        by_unit.setdefault(line.unit, {})[line.row_id] = (line, mark)
    items = {line.row_id: line.item for line, _ in marked}
    ids, district = columns.sorted(items), marked[0][0].district
    heads = "".join(_head(columns, row_id, items[row_id], links, district) for row_id in ids)
    body = "".join(
        f"<tr>{_unit(unit, own)}"
        + "".join(_procedure(own.get(row_id), links) for row_id in ids)
        + "</tr>\n"
        for unit, own in by_unit.items()
    )
    return _wide(len(ids), f"<thead><tr><th>单位</th>{heads}</tr></thead>\n<tbody>{body}</tbody>")


def _wide(columns: int, inside: str, kind: str = "m") -> str:
    kind += " many" if columns >= _MANY else ""
    return f'<div class="wide"><table class="{kind}">{inside}</table></div>\n'


def _unit(unit: str, own: Mapping[str, Marked]) -> str:
    """A unit's name, with what its procedures' ids begin with: in print, too, each can be found."""
    workflow_id = next(iter(own.values()))[0].workflow_id
    return f"<th>{escape(unit)}<small>{escape(workflow_id.rpartition('/')[0])}/</small></th>"


def _head(columns: Columns, row_id: str, item: str, links: Links, district: str) -> str:
    row = columns.rows.get(row_id)
    below = f"<i>时限 {short_day(row.due)}</i>" if row else "<i>已不在方案中</i>"
    task = row.task if row else item
    name = escape(row.item if row else item)
    address = links.row(row_id, district)
    head = f'<a href="{escape(address)}">{name}</a>' if address else name
    return f'<th title="{escape(task)}">{head}<small>{escape(row_id)} {below}</small></th>'


def _name(name: str, address: str) -> str:
    shown = escape(name)
    return f'<th><a href="{escape(address)}">{shown}</a></th>' if address else f"<th>{shown}</th>"


def _procedure(marked: Marked | None, links: Links) -> str:
    if marked is None:
        return '<td class="e"></td>'
    line, mark = marked
    is_waiting = mark.standing is Standing.WAITING
    kind = CLASSES[mark.standing]
    if is_waiting and line.light:
        kind += " l"
    steps = steps_said(line)
    said = f"<b>{SIGNS[mark.standing]}{mark.standing}</b>"
    said += f" <span>{escape(steps)}</span>" if steps else ""
    said += f" <i>{days}</i>" if (days := days_said(line, mark)) else ""
    address = "" if is_waiting else links.procedure(line.workflow_id)
    return _cell(kind, line.item, title_of(line, mark), address, said)


def _cell(kind: str, label: str, title: str, address: str, said: str) -> str:
    inside = f'<a href="{escape(address)}">{said}</a>' if address else f"<u>{said}</u>"
    return f'<td class="{kind}" data-l="{escape(label)}" title="{escape(title)}">{inside}</td>'


def folded(summary: str, tally: Tally, inside: str, *, is_open: bool) -> str:
    """This will write a part that can be opened and closed, its counts beside its name."""
    counts = " ".join(
        f"{SIGNS[each]}{each}{tally.counts[each]}" for each in Standing if tally.counts[each]
    )
    share = percent(tally.done, tally.total)
    state = " open" if is_open else ""
    return (
        f"<details{state}><summary>{escape(summary)}<span>完成 {share}%　{counts}</span></summary>\n"
        f"{inside}</details>\n"
    )


def _class(standing: Standing) -> str:
    return f' class="{CLASSES[standing]}"'

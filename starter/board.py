"""``jiegai board``: 挂图作战, every unit's every task with its light, on one screen.

The matrix is units by 事项, an empty cell where a unit has no such task; where the columns do not
fit they continue below, and a unit without any of those 事项 is left out there. ``--list`` prints one line per procedure instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from starter.lights import paint
from starter.parameters import DAY, SHANGHAI
from starter.table import (
    display_width,
    echo_json,
    pad,
    pasted,
    render,
    terminal_width,
    truncate,
    wrap,
)

if TYPE_CHECKING:
    from contracts.desk import BoardLine, BoardPage
    from starter.desk_client import Door

ENDED: Final = ("办结", "终止")
WAITING: Final = "未开始"
NEVER: Final = "未办"
"""未开始 where the rollout has ended: it never will begin."""
UNLIT: Final = frozenset({*ENDED, WAITING, NEVER})
_GAP: Final = "  "
_WIDEST_UNIT: Final = 20
_WIDEST_HEAD: Final = 14
_WIDEST_CELL: Final = 16


@click.command()
@click.argument("rollout", metavar="改革")
@click.option("--as-of", type=DAY, help="截至这一天结束时的情况。")
@click.option("--district", default="", metavar="区", help="只看这个区。")
@click.option("--list", "as_list", is_flag=True, help="逐项列出，不画总表。")
@click.option(
    "--xlsx",
    type=click.Path(path_type=Path),
    metavar="文件",
    help="写成责任表：方案原样，填上各项的状态和逐件的进度。",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="文件",
    help="画成挂图：一个网页文件，可投影、可打印（A0 横向），不联网也能看。",
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def board(
    *,
    rollout: str,
    as_of: date | None,
    district: str,
    as_list: bool,
    xlsx: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """挂图作战：各单位各任务的红黄绿灯、当前环节和剩余天数。"""
    from starter.desk_client import run

    if xlsx is not None:
        from starter.sheet_style import new_path

        new_path(xlsx, "责任表")
    if html is not None:
        _draw(html, rollout, as_of, district, as_json=as_json)
        if xlsx is None:
            return
    page = closed(run(read_board(rollout, as_of, datetime.now(UTC))))
    if district:
        page = _only(page, district)
    if xlsx is not None:
        _write(xlsx, page, as_json=as_json)
        return
    if as_json:
        echo_json(asdict(page))
        return
    show(page, as_list=as_list, width=terminal_width())


def _draw(path: Path, rollout: str, as_of: date | None, district: str, *, as_json: bool) -> None:
    from starter.desk_client import run
    from starter.wall_chart import draw, new_page

    new_page(path)
    drawn = run(draw(path, rollout, as_of=as_of, district=district, now=datetime.now(UTC)))
    if as_json:
        echo_json({"html": str(path), "procedures": drawn.procedures, "bytes": drawn.bytes})
        return
    click.echo(f"已画出 {path}：{rollout} {drawn.procedures} 件，{_size(drawn.bytes)}。")
    click.echo("用浏览器打开即可投影；打印时选 A0 横向，黑白也能看。")


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} KB"


def _write(path: Path, page: BoardPage, *, as_json: bool) -> None:
    from starter.board_xlsx import book_with_states, read_standing
    from starter.desk_client import run
    from starter.sheet_style import save

    save(book_with_states(run(read_standing(page))), path)
    if as_json:
        echo_json({"xlsx": str(path), "procedures": len(page.lines)})
        return
    click.echo(f"已写出 {path}：{page.rollout} {len(page.lines)} 件的进度。")
    click.echo(f"它仍是一份方案：jiegai plan check {pasted(path)}")


async def read_board(rollout: str, as_of: date | None, now: datetime) -> BoardPage:
    """This will read every page of a rollout's board.

    Raises UserError: ROLLOUT_NOT_FOUND.
    """
    from starter.desk_client import opened

    async with opened() as door:
        pages = [page async for page in board_pages(door, rollout, as_of, now)]
    lines = tuple(line for page in pages for line in page.lines)
    return replace(pages[0], lines=lines, next_page="")


async def board_pages(
    door: Door, rollout: str, as_of: date | None, now: datetime, *, counted: bool = True
) -> AsyncIterator[BoardPage]:
    """This will read a rollout's board page by page, each with how the rollout ended.

    Raises UserError: ROLLOUT_NOT_FOUND.
    """
    from contracts.desk import BoardQuestion, Desk
    from starter.errors import UserError
    from starter.rollout import ending_of

    question = BoardQuestion(now=now, rollout=rollout, as_of=as_of, counted=counted)
    page = await door.ask(Desk.board, question)
    if not page.lines and not page.title:
        raise UserError(
            "ROLLOUT_NOT_FOUND", f"没有名为“{rollout}”的改革；jiegai rollout list 列出全部。"
        )
    ending = "" if as_of or not page.title else await ending_of(door, rollout)
    while page.next_page:
        coming = replace(question, page=page.next_page)
        following = asyncio.ensure_future(door.ask(Desk.board, coming))
        try:
            # The next question goes out before the page at hand is worked on.
            await asyncio.sleep(0)
            yield replace(page, ending=ending)
            page = await following
        finally:
            following.cancel()
    yield replace(page, ending=ending)


def closed(page: BoardPage) -> BoardPage:
    """This will call 未办 what a rollout that has ended left 未开始."""
    from starter.rollout import OVER

    if page.ending not in OVER:
        return page
    lines = (replace(x, status=NEVER) if x.status == WAITING else x for x in page.lines)
    return replace(page, lines=tuple(lines))


def show(page: BoardPage, *, as_list: bool, width: int) -> None:
    """This will print the header with the counts, then the matrix or the list."""
    for line in header(page):
        click.echo(line)
    if not page.lines:
        click.echo("没有事项。")
        return
    if as_list:
        click.echo()
        click.echo(listed(page.lines, width))
        return
    districts = dict.fromkeys(line.district for line in page.lines)
    for district in districts:
        lines = [line for line in page.lines if line.district == district]
        click.echo()
        click.echo(f"【{district or '市级'}】")
        for text in laid_out(grouped(lines), width):
            click.echo(text)


def header(page: BoardPage) -> list[str]:
    """This will say how the whole stands: counts by light and status, days to the final date."""
    when = f"截至 {moment_said(page.as_of)}"
    counts = count(page.lines)
    parts = [f"{paint(light, light)} {counts.get(light, 0)}" for light in ("红", "黄", "绿")]
    waiting = NEVER if NEVER in counts else WAITING
    parts += [f"{status} {counts.get(status, 0)}" for status in (*ENDED[:1], waiting)]
    if counts.get("终止"):
        parts.append(f"终止 {counts['终止']}")
    title = page.title if page.title.startswith(page.rollout) else f"{page.rollout} {page.title}"
    lines = [
        f"{title}（{page.ending + '，' if page.ending else ''}{when}）",
        f"共 {len(page.lines)} 项：" + "  ".join(parts),
    ]
    last = max((line.due_date for line in page.lines if line.due_date), default=None)
    if last is not None and not page.ending:
        left = (last - page.as_of.astimezone(SHANGHAI).date()).days
        lines[1] += f"  最后时限 {last}（{f'还剩{left}天' if left >= 0 else f'已过{-left}天'}）"
    if page.dead_channels:
        lines.append(dead_said(page.dead_channels))
    return lines


def dead_said(channels: int) -> str:
    """This will say that so many channels tell nobody at the moment, and what to do instead."""
    return f"{channels} 个提醒通道失效，请打电话：jiegai remind --call-list"


def moment_said(as_of: datetime) -> str:
    """``2019-12-15 12:00``; the last moment of a day is its 24:00."""
    seen = as_of.astimezone(SHANGHAI)
    if (seen + timedelta(microseconds=1)).date() > seen.date():
        return f"{seen:%Y-%m-%d} 24:00"
    return f"{seen:%Y-%m-%d %H:%M}"


def count(lines: Sequence[BoardLine]) -> dict[str, int]:
    """This will count ended and waiting procedures by status, the others by light."""
    counts: dict[str, int] = {}
    for line in lines:
        key = line.status if line.status in UNLIT else line.light
        counts[key] = counts.get(key, 0) + 1
    return counts


def grouped(lines: Sequence[BoardLine]) -> list[list[BoardLine]]:
    """This will part units that share no 事项 (a 区 and its 街道), so that tables stay narrow."""
    groups: list[tuple[set[str], list[BoardLine]]] = []
    for unit in dict.fromkeys(line.unit for line in lines):
        own = [line for line in lines if line.unit == unit]
        items = {line.item for line in own}
        home = next((group for group in groups if group[0] & items), None)
        if home is None:
            groups.append((items, own))
        else:
            home[0].update(items)
            home[1].extend(own)
    return [group for _, group in groups]


def laid_out(groups: Sequence[list[BoardLine]], width: int) -> list[str]:
    """This will print units of their own in a line each, then a table for those with common tasks."""
    alone = [group for group in groups if len({line.unit for line in group}) == 1]
    first = max((display_width(group[0].unit) for group in alone), default=0)
    out = [text for group in alone for text in _in_a_line(group, min(first, _WIDEST_UNIT), width)]
    for group in groups:
        if group not in alone:
            out += [*([""] if out else []), *matrix(group, width)]
    return out


def _in_a_line(group: Sequence[BoardLine], first: int, width: int) -> list[str]:
    """``海勃湾区  机构改革方案 办结；优化领导方式 未05-25``, continued below where it is too long."""
    out: list[str] = []
    unit, used = group[0].unit, width
    for line in group:
        said = cell(line)
        item = truncate(line.item, width - first - len(_GAP) - display_width(said) - 1)
        size = len(_GAP) + display_width(f"{item} {said}")
        if used + size > width:
            out.append(pad(truncate(unit, first), first))
            unit, used = "", first
        out[-1] += f"{_GAP}{item} {paint(line.light, said)}"
        used += size
    return out


def matrix(lines: Sequence[BoardLine], width: int) -> list[str]:
    """This will lay out units by 事项 within ``width`` columns, in as many bands as it takes."""
    cells = {(line.unit, line.item): (line.light, cell(line)) for line in lines}
    units = list(dict.fromkeys(line.unit for line in lines))
    items = list(dict.fromkeys(line.item for line in lines))
    first = min(_WIDEST_UNIT, max(4, *(display_width(unit) for unit in units)))
    out: list[str] = []
    for band, sizes in _bands(items, cells, width - first):
        if out:
            out.append("")
        heads = [pad(truncate(item, size), size) for item, size in zip(band, sizes, strict=True)]
        out.append(_GAP.join([pad("单位", first), *heads]).rstrip())
        for unit in units:
            if any((unit, item) in cells for item in band):
                row = _painted(cells, unit, list(zip(band, sizes, strict=True)))
                out.append(_GAP.join([pad(truncate(unit, first), first), *row]))
    return out


def _bands(
    items: list[str], cells: dict[tuple[str, str], tuple[str, str]], width: int
) -> list[tuple[list[str], list[int]]]:
    bands: list[tuple[list[str], list[int]]] = []
    left = 0
    for item in items:
        widest = max(display_width(text) for (_, name), (_, text) in cells.items() if name == item)
        size = max(min(_WIDEST_CELL, widest), min(_WIDEST_HEAD, display_width(item)))
        if not bands or size + len(_GAP) > left:
            bands.append(([], []))
            left = width
        bands[-1][0].append(item)
        bands[-1][1].append(size)
        left -= size + len(_GAP)
    return bands


def _painted(
    cells: dict[tuple[str, str], tuple[str, str]], unit: str, band: list[tuple[str, int]]
) -> list[str]:
    """A unit's cells up to the last that it has, which no blanks follow."""
    last = max(place for place, (item, _) in enumerate(band) if (unit, item) in cells)
    row = []
    for place, (item, size) in enumerate(band[: last + 1]):
        light, text = cells.get((unit, item), ("", ""))
        shown = truncate(text, size)
        row.append(paint(light, shown if place == last else pad(shown, size)))
    return row


def cell(line: BoardLine) -> str:
    """This will say one procedure in a few columns: ``黄复审剩2``, ``红初审超3``, ``办结``.

    One that has not begun shows its 完成时限: ``未12-04``.
    """
    if line.status == WAITING and line.due_date is not None:
        return f"未{line.due_date:%m-%d}"
    if line.status in UNLIT:
        return line.status
    steps = line.open_steps
    step = steps[0] + (f"+{len(steps) - 1}" if len(steps) > 1 else "") if steps else line.status
    return f"{line.light}{step}{_days(line.days_left)}"


def _days(left: int | None) -> str:
    if left is None:
        return ""
    if left < 0:
        return f"超{-left}"
    return f"剩{left}" if left else "今天"


_FOR_A_LIST = 100
"""Columns from which the list is a table; narrower, its dates and units would be cut."""


def listed(lines: Sequence[BoardLine], width: int) -> str:
    """This will print one row per procedure, or two lines each on a narrow terminal."""
    rows = [
        (
            "" if line.status in UNLIT else line.light,
            line.unit,
            line.item,
            line.status,
            "、".join(line.open_steps),
            "、".join(line.responsible),
            line.due_date,
            _days(line.days_left) + ("暂定" if line.provisional else ""),
            f"{line.steps_done}/{line.steps_total}",
            _turns(line),
        )
        for line in lines
    ]
    heads = (
        "灯",
        "单位",
        "事项",
        "状态",
        "环节",
        "待办单位",
        "完成时限",
        "剩余",
        "进度",
        "次数",
    )
    if width < _FOR_A_LIST:
        return "\n".join(_two_lines(row, width) for row in rows)
    return render(rows, heads, width)


def _two_lines(row: tuple[object, ...], width: int) -> str:
    """``绿 滨河街道 三定 办理中``, then the rest of a row that has something to say."""
    light, unit, item, status, step, who, due, left, done, turns = row
    head = " ".join(str(part) for part in (light or "—", unit, item, status))
    waiting = f"{step} 待{who}" if step else ""
    rest = (waiting, f"{due} {left}".rstrip(), done, turns)
    tail = " · ".join(str(part) for part in rest if part)
    return "\n".join([head, *(f"   {text}" for text in wrap(tail, width - 3))])


def _turns(line: BoardLine) -> str:
    parts = (
        (line.returned, "退"),
        (line.extended, "延"),
        (line.overdue, "超"),
        (line.silent, "代"),
    )
    return "".join(f"{what}{number}" for number, what in parts if number)


def _only(page: BoardPage, district: str) -> BoardPage:
    from starter.errors import UserError

    lines = tuple(line for line in page.lines if line.district == district)
    if not lines:
        known = "、".join(dict.fromkeys(line.district or "市级" for line in page.lines))
        if district == "市级":
            return replace(page, lines=tuple(one for one in page.lines if not one.district))
        raise UserError("UNKNOWN_DISTRICT", f"这次改革没有“{district}”；有：{known}。")
    return replace(page, lines=lines, counts=count(lines))

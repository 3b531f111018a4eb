"""``jiegai board --html``: the wall chart (挂图作战), one page that needs nothing from outside.

The board is read page by page and written unit by unit into a draft on disk, with only counts
kept, so that the country's 9,000 街道 take no more memory than a city. A day gone by is shown with
today's plan, as on the terminal's board. Every number can be followed to the workflows
behind it, by id and, where the Web UI's address is known, by a link; people are not ranked.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from domain.deadline import local_day
from domain.slices import AREA_SIZE
from domain.wall_chart import Tally, Timetable, bars
from runtime.failure import why
from starter.board import dead_said, moment_said
from starter.errors import UserError
from starter.wall_chart_gantt import LEGEND, Axis, drawings, gantt
from starter.wall_chart_page import (
    CLOSING,
    Columns,
    Marked,
    chips,
    folded,
    heading,
    note,
    opening,
    overview,
    section,
    shares,
    units,
)
from starter.wall_chart_words import CITY, Links, mark_of

if TYPE_CHECKING:
    from contracts.desk import BoardLine, BoardPage
    from domain.calendar import WorkCalendar
    from domain.plan import Plan

MOST_OPEN: Final = 200
"""Units up to which all districts lie open; with more, each is opened by hand."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What was written."""

    procedures: int
    bytes: int


class WallChart:
    """One chart being written: lines go in district by district, the page comes out at the end."""

    def __init__(
        self, plan: Plan, calendar: WorkCalendar, as_of: datetime, links: Links, district: str = ""
    ) -> None:
        self._plan, self._links, self._as_of = plan, links, as_of
        self._today = local_day(as_of)
        self._rows = {row.id: row for row in plan.rows}
        self._targets = {row.id: frozenset(row.targets) for row in plan.rows}
        self._columns = Columns(rows=self._rows)
        self._times = Timetable.of(plan, calendar)
        first, last = self._times.span(self._today)
        self._axis = Axis(first=first, last=last, today=self._today)
        self._is_small = _how_many(plan, district) <= MOST_OPEN
        self._only = district
        self._districts: dict[str, dict[str, Tally]] = {}
        self._whole: dict[str, Tally] = {}
        self._part: dict[str, list[Marked]] = {}
        self._part_tally = Tally()
        self._part_of = ""
        self._left_over: list[Marked] = []
        self._widest = 1
        self.procedures = 0
        self.dead_channels = 0

    def add(self, line: BoardLine, body: IO[bytes]) -> None:
        """This will take the next procedure; a full part goes into ``body``."""
        self.procedures += 1
        marked = (line, mark_of(line))
        if line.unit not in self._targets.get(line.row_id, ()):
            self._left_over.append(marked)
            return
        is_full = line.unit not in self._part and len(self._part) >= AREA_SIZE
        if line.district != self._part_of or is_full:
            self._close_part(body)
            self._part_of = line.district
        self._part.setdefault(line.unit, []).append(marked)
        self._part_tally.add(marked[1], self._today)
        for tallies in (self._districts.setdefault(line.district, {}), self._whole):
            if line.row_id not in tallies:
                tallies[line.row_id] = Tally()
            tallies[line.row_id].add(marked[1], self._today)

    def finish(self, body: IO[bytes], ending: str) -> str:
        """This will close the last part and return what stands before the body."""
        self._close_part(body)
        self._write_gantts(body)
        if self._left_over:
            text = section("已不在方案中的事项", self._table(self._left_over))
            body.write(text.encode())
        whole = total(self._whole.values())
        by_district = {name: total(own.values()) for name, own in self._districts.items()}
        return "".join(
            [
                opening(f"{self._plan.title}挂图作战", self._widest, is_large=not self._is_small),
                drawings(self._axis),
                heading(self._plan.title, self._facts(ending)),
                chips(whole),
                note(dead_said(self.dead_channels), "dead") if self.dead_channels else "",
                self._remarks(),
                section("各区进度", shares(by_district, whole, self._links)),
                section("进度图", LEGEND, self._gantt(self._whole, "")),
                self._overview(),
                "<h2>各单位</h2>\n",
            ]
        )

    def _facts(self, ending: str) -> list[str]:
        facts = [f"{self._plan.rollout}{self._only and f' {self._only}'}"]
        facts.append(f"截至 {moment_said(self._as_of)}" + (f"，{ending}" if ending else ""))
        last = max((self._rows[row_id].due for row_id in self._whole), default=None)
        if last is not None and not ending:
            left = (last - self._today).days
            facts.append(
                f"最后时限 {last}，" + (f"还剩{left}天" if left >= 0 else f"已过{-left}天")
            )
        return facts

    def _remarks(self) -> str:
        linked = "点击格子或名称，打开跟踪网页上的流程或其清单（网页显示的是现在的情况）。"
        plain = "把鼠标停在格子上可看流程编号。"
        said = (
            "流程编号＝单位名下的前缀加事项名，每一格都可据以查到流程；"
            f"{linked if self._links.ui else plain}"
            "“时限”是方案写明的完成时限，“剩”“超”按当前环节的时限计；完成率不计终止的事项。"
        )
        folds = "单位较多，各区已收起：点开要看的区；打印时只印点开的。"
        return note(said) + ("" if self._is_small else note(folds, "note screen"))

    def _overview(self) -> str:
        if len(self._districts) < 2:
            return ""
        return section("各区各项任务", overview(self._columns, self._districts, self._links))

    def _gantt(self, tallies: dict[str, Tally], district: str) -> str:
        drawn = bars(self._times, tallies, self._today)
        rows = self._plan.rows
        return gantt(rows, drawn, tallies, self._axis, lambda row: self._links.row(row, district))

    def _table(self, marked: Sequence[Marked]) -> str:
        self._widest = max(self._widest, len({line.row_id for line, _ in marked}))
        return units(self._columns, marked, self._links)

    def _close_part(self, body: IO[bytes]) -> None:
        if not self._part:
            return
        marked = [each for own in self._part.values() for each in own]
        names = list(self._part)
        named = f"（{names[0]}至{names[-1]}，{len(names)}个单位）" if len(names) > 1 else ""
        name = f"{self._part_of or CITY}{named}"
        inside = self._table(marked)
        body.write(folded(name, self._part_tally, inside, is_open=self._is_small).encode())
        self._part.clear()
        self._part_tally = Tally()

    def _write_gantts(self, body: IO[bytes]) -> None:
        """Each district's own bars; where there is one district, the whole's are its own."""
        named = [name for name in self._districts if name]
        if len(named) < 2:
            return
        body.write("<h2>各区进度图</h2>\n".encode())
        for name in named:
            own = self._districts[name]
            drawn = folded(
                name, total(own.values()), self._gantt(own, name), is_open=self._is_small
            )
            body.write(drawn.encode())


def total(tallies: Iterable[Tally]) -> Tally:
    """This will add counts up."""
    whole = Tally()
    for tally in tallies:
        whole.counts.update(tally.counts)
    return whole


def _how_many(plan: Plan, district: str) -> int:
    homes = {unit.name: unit.district for unit in plan.units}
    targets = {name for row in plan.rows for name in row.targets}
    return sum(not district or homes.get(name) == district for name in targets)


def new_page(path: Path) -> Path:
    """This will refuse a name that is no page's or is taken: nothing is overwritten.

    Raises UserError: FILE_FORMAT, FILE_EXISTS.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise UserError("FILE_FORMAT", f"挂图的文件名应以 .html 结尾，现为 {path}。")
    if path.exists() or path.is_symlink():
        raise UserError("FILE_EXISTS", f"{path} 已经存在，不覆盖；请换一个文件名。")
    return path


async def draw(
    path: Path, rollout: str, *, as_of: date | None, district: str, now: datetime
) -> Drawn:
    """This will read a rollout's board and write its chart, whole or not at all.

    Raises UserError: ROLLOUT_NOT_FOUND, UNKNOWN_DISTRICT, FILE_EXISTS, FILE_UNWRITABLE.
    """
    from domain.calendar import load_builtin_calendar
    from starter.board import board_pages, closed
    from starter.desk_client import opened
    from starter.plan_copy import registered_plan

    async with opened() as door:
        pages = board_pages(door, rollout, as_of, now, counted=False)
        first = await anext(pages)
        plan = (await registered_plan(door, rollout)).plan
        chart = WallChart(plan, load_builtin_calendar(), first.as_of, links_of(rollout), district)

        async def every() -> AsyncIterator[BoardPage]:
            yield closed(first)
            async for page in pages:
                yield closed(page)

        return await written(path, chart, every(), district)


async def written(
    path: Path, chart: WallChart, pages: AsyncIterator[BoardPage], district: str = ""
) -> Drawn:
    """This will write the chart of all pages to ``path``, which has its name only when whole.

    Raises UserError: UNKNOWN_DISTRICT, FILE_EXISTS, FILE_UNWRITABLE.
    """
    known: dict[str, None] = {}
    ending = ""
    try:
        with tempfile.TemporaryFile() as body:
            async for page in pages:
                ending = page.ending
                chart.dead_channels += page.dead_channels
                for line in page.lines:
                    known[line.district or CITY] = None
                    if not district or (line.district or CITY) == district:
                        chart.add(line, body)
            if district and district not in known:
                listed = "、".join(known)
                raise UserError("UNKNOWN_DISTRICT", f"这次改革没有“{district}”；有：{listed}。")
            head = chart.finish(body, ending)
            size = _put(new_page(path), head, body)
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"不能写 {path}：{why(error)}。") from error
    return Drawn(procedures=chart.procedures, bytes=size)


def _put(path: Path, head: str, body: IO[bytes]) -> int:
    draft = path.with_name(f".{path.name}.正在写")
    try:
        with draft.open("wb") as file:
            file.write(head.encode())
            body.seek(0)
            shutil.copyfileobj(body, file)
            file.write(CLOSING.encode())
            size = file.tell()
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return size


def links_of(rollout: str) -> Links:
    """This will say where the Web UI shows procedures; nothing is linked where nobody knows."""
    from runtime.connect import ui_url
    from runtime.settings import Settings

    settings = Settings.from_environ()
    ui = (ui_url(settings) or "").rstrip("/")
    return Links(ui=ui, namespace=settings.namespace, rollout=rollout)

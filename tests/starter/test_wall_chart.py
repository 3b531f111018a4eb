"""The wall chart as a file: whole, escaped, bounded, needing nothing from outside."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from contracts.desk import BoardLine, BoardPage
from domain.calendar import load_builtin_calendar
from domain.directory import Directory
from domain.plan import Plan, Row, RowKind
from domain.unit import Unit, UnitKind
from starter.board import closed
from starter.errors import UserError
from starter.main import run
from starter.plan_file import read_plan
from starter.wall_chart import Drawn, WallChart, written
from starter.wall_chart_gantt import Axis, gantt
from starter.wall_chart_words import Links

NOON = datetime(2019, 12, 15, 4, tzinfo=UTC)
DUE = datetime(2019, 12, 20, 16, tzinfo=UTC)
UI = Links(ui="http://127.0.0.1:8233", namespace="jiegai", rollout="乌海2019")
NO_UI = replace(UI, ui="")
HOSTILE = '<script>alert("甲")</script>&\'街道'
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="module")
def wuhai() -> Plan:
    """乌海's plan as it ships."""
    plan = read_plan("plans/乌海2019.yaml").plan
    assert plan is not None
    return plan


def line(plan: Plan, row: Row, unit: str, district: str, **changes) -> BoardLine:
    """A procedure that waits, unless told otherwise."""
    first = BoardLine(
        workflow_id=f"{plan.rollout}/{district or '市'}/{unit}/{row.item}",
        district=district,
        unit=unit,
        row_id=row.id,
        item=row.item,
        task=row.task,
        status="未开始",
        light="",
        open_steps=(),
        responsible=(),
        due_date=row.due,
        days_left=(row.due - date(2019, 12, 15)).days,
        next_due_at=None,
        provisional=False,
        steps_done=0,
        steps_total=9,
    )
    return replace(first, **changes)


RUNS = {
    "status": "办理中",
    "light": "绿",
    "open_steps": ("初审",),
    "responsible": ("海勃湾区委编办",),
    "days_left": 5,
    "next_due_at": DUE,
    "started_at": NOON - timedelta(days=9),
}
LATE = {**RUNS, "light": "红", "days_left": -3, "open_steps": ("复审", "三方沟通", "会签")}
DONE = {
    "status": "办结",
    "started_at": NOON - timedelta(days=9),
    "ended_at": NOON - timedelta(days=2),
    "days_left": None,
}


def lines_of(plan: Plan, **special: dict) -> list[BoardLine]:
    """Every procedure of a plan in the board's order; ``special`` by 单位_编号 without hyphens."""
    directory = Directory.of(plan.units)
    found = [
        line(
            plan,
            row,
            unit,
            directory.by_name[unit].district,
            **special.get(f"{unit}_{row.id.replace('-', '')}", {}),
        )
        for row in plan.rows
        for unit in row.targets
    ]
    order = {unit.name: place for place, unit in enumerate(plan.units)}
    return sorted(found, key=lambda one: (one.district == "", one.district, order[one.unit]))


def page_of(plan: Plan, lines: Iterable[BoardLine], **changes) -> BoardPage:
    """Those lines as one page of the board."""
    page = BoardPage(rollout=plan.rollout, title=plan.title, as_of=NOON, lines=tuple(lines))
    return replace(page, **changes)


def chart_of(plan: Plan, links: Links = UI, district: str = "") -> WallChart:
    """A chart of the plan, empty."""
    return WallChart(plan, load_builtin_calendar(), NOON, links, district)


def drawn(path: Path, chart: WallChart, *pages: BoardPage, district: str = "") -> Drawn:
    """The chart written to disk."""

    async def every() -> AsyncIterator[BoardPage]:
        for page in pages:
            yield page

    return asyncio.run(written(path, chart, every(), district))


class _Reader(HTMLParser):
    """What a page says, its cells with their titles and links, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.titles: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "td" and given.get("title"):
            self.titles.append(given["title"] or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
        self.loads += [
            value or ""
            for name, value in attrs
            if name in ("src", "srcset", "href", "xlink:href", "data")
            and tag != "a"
            and not (value or "").startswith("#")
        ]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(path: Path) -> _Reader:
    """The page taken apart."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    return reader


SPECIAL = {
    "滨河街道_M31": RUNS,
    "海北街道_M31": LATE,
    "新华街道_M31": DONE,
    "林荫街道_M31": {**RUNS, "light": "黄", "days_left": 0, "provisional": True},
}


def test_a_chart_says_every_standing_in_sign_and_word(wuhai, tmp_path):
    """Lights are told by shape and word beside colour; steps and days stand in the cell."""
    file = tmp_path / "挂图.html"
    made = drawn(file, chart_of(wuhai), page_of(wuhai, lines_of(wuhai, **SPECIAL)))
    text = " ".join(" ".join(read(file).words).split())

    assert sum(len(row.targets) for row in wuhai.rows) == made.procedures
    assert file.stat().st_size == made.bytes
    for said in (
        "▲红 复审等3个环节 超3天",
        "◆黄 初审 今天到期（暂定）",
        "●绿 初审 剩5天",
        "√办结 12-13",
        "○未开始 剩",
        "截至 2019-12-15 12:00",
        "完成率 0% （1/145）",
        "★ M2",
    ):
        assert said in text, said


def test_every_procedure_can_be_followed(wuhai, tmp_path):
    """Each cell names its workflow; a link leads to the page of those that have begun."""
    file = tmp_path / "挂图.html"
    lines = lines_of(wuhai, **SPECIAL)
    drawn(file, chart_of(wuhai), page_of(wuhai, lines))
    page = read(file)

    named = {title.splitlines()[0].removeprefix("流程 ") for title in page.titles}
    began = {one.workflow_id for one in lines if one.status != "未开始"}
    waits = {f"{one.workflow_id}（尚未建立）" for one in lines if one.status == "未开始"}
    assert began | waits <= named
    prefix = "http://127.0.0.1:8233/namespaces/jiegai/workflows/"
    pages = {unquote(link.removeprefix(prefix)) for link in page.links if "?" not in link}
    assert began == pages
    assert all(link.startswith(prefix.rstrip("/")) for link in page.links)


def test_without_a_web_ui_nothing_is_linked(wuhai, tmp_path):
    """No address is invented; the ids stay."""
    file = tmp_path / "挂图.html"
    drawn(file, chart_of(wuhai, NO_UI), page_of(wuhai, lines_of(wuhai, **SPECIAL)))
    page = read(file)

    assert [] == page.links
    assert any("乌海2019/海勃湾区/滨河街道/三定" in title for title in page.titles)


def test_a_chart_needs_nothing_from_outside(wuhai, tmp_path):
    """No script, no font, no picture, no style but its own."""
    file = tmp_path / "挂图.html"
    drawn(file, chart_of(wuhai), page_of(wuhai, lines_of(wuhai)))
    page, text = read(file), file.read_text("utf-8")

    assert [] == page.loads
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not re.search(r"@import|@font-face|url\((?!#)", text)


def test_names_are_text_whatever_they_hold(wuhai, tmp_path):
    """A unit, an item, a step and a title with markup in them change nothing of the page."""
    row = replace(wuhai.rows[0], id="X", item=f"{HOSTILE}事项", task=HOSTILE, after=())
    unit = Unit(name=HOSTILE, kind=UnitKind.STREET, district=f"{HOSTILE}区")
    plan = replace(
        wuhai,
        title=HOSTILE,
        units=(*wuhai.units, unit),
        rows=(*wuhai.rows, replace(row, targets=(HOSTILE,))),
    )
    one = line(plan, plan.rows[-1], HOSTILE, f"{HOSTILE}区", **{**RUNS, "open_steps": (HOSTILE,)})
    file = tmp_path / "挂图.html"
    drawn(file, chart_of(plan), page_of(plan, [*lines_of(wuhai), one]))
    page = read(file)

    assert "script" not in page.tags
    assert HOSTILE in page.words
    assert any(one.workflow_id in title for title in page.titles)


def test_what_left_the_plan_stands_apart_and_counts_for_nothing(wuhai, tmp_path):
    """A procedure that an amendment took out is shown below; no share knows it."""
    gone = replace(wuhai.rows[2], id="M9", item="已取消的事项")
    extra = line(wuhai, gone, "滨河街道", "海勃湾区", **DONE)
    file = tmp_path / "挂图.html"
    drawn(file, chart_of(wuhai), page_of(wuhai, [*lines_of(wuhai), extra]))
    text = " ".join(" ".join(read(file).words).split())

    assert "已不在方案中的事项" in text
    assert "完成率 0% （0/145）" in text


def test_a_day_gone_by_is_shown_to_its_end(wuhai, tmp_path):
    """The last moment of a day is its 24:00, and what is past then is counted from that day."""
    file = tmp_path / "挂图.html"
    moment = datetime(2019, 12, 10, 15, 59, 59, 999999, tzinfo=UTC)
    chart = WallChart(wuhai, load_builtin_calendar(), moment, UI)
    drawn(file, chart, page_of(wuhai, lines_of(wuhai)))
    text = " ".join(" ".join(read(file).words).split())

    assert "截至 2019-12-10 24:00" in text
    assert "截至12-10" in text
    assert "最后时限 2020-06-30，还剩203天" in text


def test_an_ended_rollout_says_so(wuhai, tmp_path):
    """What was left waiting is 未办, and no days are left."""
    file = tmp_path / "挂图.html"
    page = closed(page_of(wuhai, lines_of(wuhai), ending="已结束"))
    drawn(file, chart_of(wuhai), page)
    text = " ".join(" ".join(read(file).words).split())

    assert "－未办" in text
    assert "已结束" in text
    assert "最后时限" not in text


def test_one_district_alone(wuhai, tmp_path):
    """Only its units are drawn and counted; one that is not there is refused with those that are."""
    file = tmp_path / "挂图.html"
    page = page_of(wuhai, lines_of(wuhai))
    made = drawn(file, chart_of(wuhai, district="海南区"), page, district="海南区")
    assert sum(one.district == "海南区" for one in page.lines) == made.procedures
    assert "滨河街道" not in file.read_text("utf-8")

    other = tmp_path / "别的.html"
    with pytest.raises(UserError, match=r"没有“某区”；有：.*海南区"):
        drawn(other, chart_of(wuhai, district="某区"), page, district="某区")
    assert not other.exists()


def test_nothing_is_left_of_a_chart_that_fails(wuhai, tmp_path):
    """The file has its name only when it is whole; a read that breaks leaves nothing behind."""

    async def broken() -> AsyncIterator[BoardPage]:
        yield page_of(wuhai, lines_of(wuhai))
        raise RuntimeError("断了")

    with pytest.raises(RuntimeError, match="断了"):
        asyncio.run(written(tmp_path / "挂图.html", chart_of(wuhai), broken()))
    assert [] == list(tmp_path.iterdir())

    with pytest.raises(UserError, match="不能写"):
        drawn(tmp_path / "没有/挂图.html", chart_of(wuhai), page_of(wuhai, lines_of(wuhai)))


def test_names_that_cannot_be_written_are_refused_before_anything_is_read(tmp_path, capsys):
    """Another kind of file, and one that is there already."""
    taken = tmp_path / "挂图.html"
    taken.write_text("旧", "utf-8")
    for name, code in ((tmp_path / "挂图.pdf", "FILE_FORMAT"), (taken, "FILE_EXISTS")):
        assert run(["board", "乌海2019", "--html", str(name)]) == 2
        assert f"错误[{code}]" in capsys.readouterr().err
    assert taken.read_text("utf-8") == "旧"


def country(streets: int, districts: int, rows: int) -> Plan:
    """A plan of many streets."""
    units = tuple(
        Unit(name=f"第{n}街道", kind=UnitKind.STREET, district=f"第{n * districts // streets}区")
        for n in range(streets)
    )
    names = tuple(unit.name for unit in units)
    tasks = tuple(
        Row(
            id=f"R{n}",
            item=f"第{n}项",
            task="办",
            kind=RowKind.TASK,
            targets=names,
            targets_text="各街道",
            due=date(2019, 12, 31),
            due_text="12月底前",
            after=(f"R{n - 1}",) if n else (),
        )
        for n in range(rows)
    )
    return Plan(
        rollout="全国改",
        title="全国街道改革",
        kickoff=date(2019, 11, 12),
        coordinator="",
        units=units,
        rows=tasks,
    )


def test_memory_does_not_grow_with_the_streets(tmp_path):
    """Four times the streets take hardly more memory while they are written; districts fold up."""
    peaks = []
    for streets in (250, 1000):
        plan = country(streets, streets // 50, 4)
        chart = chart_of(plan)

        async def pages(plan: Plan = plan) -> AsyncIterator[BoardPage]:
            for unit in plan.units:
                yield page_of(
                    plan, [line(plan, row, unit.name, unit.district, **RUNS) for row in plan.rows]
                )

        file = tmp_path / f"{streets}.html"
        tracemalloc.start()
        asyncio.run(written(file, chart, pages()))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert "<details open>" not in file.read_text("utf-8")
    assert peaks[1] < 2 * peaks[0]


def test_an_axis_keeps_what_lies_outside_at_its_edge():
    """Shares of the width between 0 and 100; months are those that begin on the axis."""
    axis = Axis(first=date(2019, 11, 20), last=date(2020, 2, 10), today=date(2019, 12, 15))

    assert [0.0, 100.0] == [axis.at(date(2019, 1, 1)), axis.at(date(2021, 1, 1))]
    assert [12, 1, 2] == [day.month for day in axis.months()]


def test_a_month_at_the_right_edge_is_not_named():
    """Its name would be cut in two; its line is drawn all the same."""
    axis = Axis(first=date(2019, 11, 12), last=date(2020, 7, 3), today=date(2019, 12, 15))
    scale = gantt((), {}, {}, axis, lambda _: "")

    assert ">6月<" in scale and ">7月<" not in scale
    assert axis.months()[-1] == date(2020, 7, 1)


def test_dead_channels_stand_on_the_chart(wuhai, tmp_path):
    """As on the terminal's board; what has none says nothing."""
    board = page_of(wuhai, lines_of(wuhai))
    file, quiet = tmp_path / "挂图.html", tmp_path / "无.html"
    drawn(file, chart_of(wuhai), replace(board, dead_channels=2))
    drawn(quiet, chart_of(wuhai), board)

    assert "2 个提醒通道失效，请打电话：jiegai remind --call-list" in read(file).words
    assert "提醒通道" not in quiet.read_text("utf-8")


@pytest.mark.skipif(CHROMIUM is None, reason="没有找到 Chromium (no Chromium found)")
async def test_a_browser_shows_it_on_a_phone_and_prints_it_on_a0(wuhai, tmp_path):
    """No request but the page's own, nothing to scroll sideways at 390 px, A0 landscape on paper."""
    from playwright.async_api import async_playwright

    file = tmp_path / "挂图.html"
    text = page_of(wuhai, lines_of(wuhai, **SPECIAL))

    async def pages() -> AsyncIterator[BoardPage]:
        yield text

    await written(file, chart_of(wuhai), pages())
    asked: list[str] = []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(file.as_uri())
        wide = await page.evaluate("document.documentElement.scrollWidth")
        cell = page.locator("td.r b").last
        assert (await cell.inner_text()).startswith("▲红")
        pdf = await page.pdf(prefer_css_page_size=True)
        await browser.close()
    assert [file.as_uri()] == asked
    assert wide == 390
    assert b"3370" in b"".join(re.findall(rb"/MediaBox \[[^\]]*\]", pdf))

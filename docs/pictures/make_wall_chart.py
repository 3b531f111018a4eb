"""Draw ``docs/挂图作战.png``: 乌海's plan with an imagined 2019-12-15; see README.md beside this file."""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import FloatRect, async_playwright

from contracts.desk import BoardLine, BoardPage
from domain.calendar import load_builtin_calendar
from domain.milestones import procedures
from domain.plan import Plan, Row
from starter.plan_file import read_plan
from starter.wall_chart import WallChart, written
from starter.wall_chart_words import Links

ROOT = Path(__file__).parents[2]
TODAY = date(2019, 12, 15)
AS_OF = datetime(2019, 12, 15, 15, 59, 59, 999999, tzinfo=UTC)
WIDTH, HEIGHT = 1500, 1660

FIVE = (
    ("黄", "初审", 1),
    ("绿", "起草", 3),
    ("绿", "复审", 5),
    ("红", "起草", -2),
    ("绿", "报送", 2),
)
"""Light, step and days left of the 三定 and 五定, one street after another."""


def day(month: int, number: int) -> datetime:
    """Ten in the morning in Shanghai."""
    return datetime(2019, month, number, 2, tzinfo=UTC)


def standing(row: Row, unit: str, district: str, place: int) -> dict[str, Any]:
    """What is imagined of one procedure."""
    if row.id == "M1":
        return done(day(11, 12), day(11, 20))
    if row.id == "M2":
        ends = {"海勃湾区": day(12, 4), "海南区": day(12, 9)}
        if unit in ends:
            return done(day(11, 21), ends[unit])
        return runs("红", "征求意见", -5, day(11, 21), "乌达区委编办")
    if district == "乌达区" or row.id.startswith("M5") or row.id == "M4-4":
        return {}
    begun = day(12, 5) if district == "海勃湾区" else day(12, 10)
    if row.id in ("M3-1", "M3-2"):
        light, step, left = FIVE[(place + int(row.id[-1])) % len(FIVE)]
        return runs(light, step, left, begun, unit if step == "起草" else f"{district}委编办")
    if row.id == "M3-3":
        return runs("黄", "办理", 5, begun, unit)
    if row.id == "M4-2" and place % 3 == 0:
        return done(begun, day(12, 13))
    return runs("绿", "办理", 16, begun, unit)


def done(begun: datetime, ended: datetime) -> dict[str, Any]:
    """A procedure that is finished."""
    return {"status": "办结", "started_at": begun, "ended_at": ended, "days_left": None}


def runs(light: str, step: str, left: int, begun: datetime, desk: str) -> dict[str, Any]:
    """A procedure with one step open."""
    return {
        "status": "办理中",
        "light": light,
        "open_steps": (step,),
        "responsible": (desk,),
        "days_left": left,
        "next_due_at": AS_OF + timedelta(days=left),
        "started_at": begun,
    }


def lines(plan: Plan) -> list[BoardLine]:
    """Every procedure of the plan as it is imagined to stand."""
    listed = procedures(plan)
    units = list(dict.fromkeys(unit for unit, _ in listed.order))
    found = []
    for unit, row in listed.order:
        area = listed.home.get(unit, "")
        waits = BoardLine(
            workflow_id=f"{plan.rollout}/{area or '市级'}/{unit}/{row.item}",
            district=area,
            unit=unit,
            row_id=row.id,
            item=row.item,
            task=row.task,
            status="未开始",
            light="",
            open_steps=(),
            responsible=(),
            due_date=row.due,
            days_left=(row.due - TODAY).days,
            next_due_at=None,
            provisional=False,
            steps_done=0,
            steps_total=1,
        )
        found.append(replace(waits, **standing(row, unit, area, units.index(unit))))
    return found


async def main() -> None:
    """Write the chart, and keep the top of it."""
    plan = read_plan(ROOT / "plans" / "乌海2019.yaml").plan
    if plan is None:
        raise SystemExit("plans/乌海2019.yaml has errors")
    links = Links(ui="", namespace="", rollout=plan.rollout)
    chart = WallChart(plan, load_builtin_calendar(), AS_OF, links)
    board = BoardPage(rollout=plan.rollout, title=plan.title, as_of=AS_OF, lines=tuple(lines(plan)))

    async def pages() -> AsyncIterator[BoardPage]:
        yield board

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "挂图.html"
        await written(file, chart, pages())
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            await page.goto(file.as_uri())
            below = await page.get_by_role("heading", name="各单位").bounding_box()
            clip = FloatRect(x=0, y=0, width=WIDTH, height=below["y"] if below else HEIGHT)
            await page.screenshot(path=ROOT / "docs" / "挂图作战.png", clip=clip)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())

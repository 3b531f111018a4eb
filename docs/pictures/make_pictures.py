"""Draw the pictures of the README from a running demonstration; see README.md beside this file."""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from click.testing import CliRunner
from playwright.async_api import BrowserContext, FloatRect, Page, async_playwright

from contracts.webpage import page_path
from starter.board import board as board_command

HERE = Path(__file__).parent
ROLLOUT = "乌海2019"
STREET = f"{ROLLOUT}/海勃湾区/滨河街道"
WIDTH = 1280
COLUMNS = "120"
SETTLE = 2_000
"""Milliseconds."""

MENU = 255
"""The Web UI's own menu on the left, left out."""

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
COLOURS = {"31": "#ff6b68", "32": "#7ec97e", "33": "#e8c34a"}
TERMINAL = """<meta charset="utf-8"><style>
body {{ margin: 0; background: #1c1f24; display: inline-block }}
pre {{ margin: 16px 20px; color: #d8dee4; font: 15px/22px "Noto Sans Mono CJK SC", monospace }}
</style><pre>{}</pre>"""


def printed_board() -> str:
    """What ``jiegai board`` prints on a terminal, with its colours."""
    result = CliRunner().invoke(board_command, [ROLLOUT], color=True, env={"COLUMNS": COLUMNS})
    if result.exit_code:
        raise SystemExit(result.output)
    return result.output


def as_html(text: str) -> str:
    """Terminal output as HTML: the three colours of the lights, nothing else."""
    escaped = html.escape(text.rstrip())
    coloured = re.sub(
        r"\x1b\[(3[123])m(.*?)\x1b\[0m",
        lambda found: f'<span style="color:{COLOURS[found[1]]}">{found[2]}</span>',
        escaped,
    )
    return TERMINAL.format(coloured)


async def board(page: Page) -> None:
    """The board as a terminal of 120 columns shows it."""
    text = await asyncio.to_thread(printed_board)
    await page.set_content(as_html(f"$ jiegai board {ROLLOUT}\n{text}"))
    await page.locator("body").screenshot(path=HERE / "board.png")


async def workflows(page: Page, links: dict[str, str]) -> None:
    """The list behind a saved query."""
    await page.goto(links["三定"])
    await page.get_by_role("link", name=f"{STREET}/三定", exact=True).first.wait_for()
    await crop(page, "list.png", 0, 560)


async def procedure(page: Page, name: str, workflow_id: str) -> None:
    """A workflow's metadata: what it is, and how it stands."""
    await open_tab(page, workflow_id, "User Metadata")
    frame = page.frame_locator("#user-metadata-current-details")
    await frame.locator("main p").first.wait_for()
    await frame.locator("tr").last.wait_for()
    await settled(page)
    await crop(page, name, 60, await bottom(page))


async def timeline(page: Page) -> None:
    """The pending reminder and what has been done, on the timeline."""
    await open_tab(page, f"{STREET}/三定", "Timeline")
    await page.get_by_text("提醒").first.wait_for()
    await settled(page)
    top = await page.get_by_role("heading", name="Timeline").bounding_box()
    await crop(page, "timeline.png", (top["y"] if top else 0) - 20, 1400)


async def history(page: Page) -> None:
    """Every event with its summary."""
    await open_tab(page, f"{STREET}/三定", "Event History")
    await page.get_by_text("记入日志与待办").first.wait_for()
    await settled(page)
    top = await page.get_by_role("heading", name="Event History").bounding_box()
    await crop(page, "history.png", (top["y"] if top else 0) - 20, 1400)


async def open_tab(page: Page, workflow_id: str, tab: str) -> None:
    """A tab of a workflow's newest run."""
    await page.goto(f"{UI}{page_path('jiegai', workflow_id)}")
    name = re.compile(f"^{tab}")
    await page.get_by_role("link", name=name).or_(page.get_by_role("tab", name=name)).first.click()


async def settled(page: Page) -> None:
    """Frames and charts take their size after they are drawn."""
    await page.wait_for_timeout(SETTLE)


async def bottom(page: Page) -> float:
    """Where the longer of the two columns of metadata ends, a margin added."""
    boxes = [
        await page.locator(f"#user-metadata-{part}").bounding_box()
        for part in ("details", "current-details")
    ]
    return max(box["y"] + box["height"] for box in boxes if box) + 20


async def crop(page: Page, name: str, top: float, end: float) -> None:
    """Keep what lies between two heights."""
    clip = FloatRect(x=MENU, y=top, width=WIDTH, height=end - top)
    await page.screenshot(path=HERE / name, clip=clip)


async def all_pictures(context: BrowserContext, links: dict[str, str]) -> None:
    """Draw all, one after another."""
    page = context.pages[0]
    await board(page)
    await workflows(page, links)
    await procedure(page, "rollout.png", ROLLOUT)
    await procedure(page, "sanding.png", f"{ROLLOUT}/海勃湾区/凤凰岭街道/三定")
    await procedure(page, "sanding_done.png", f"{STREET}/三定")
    await timeline(page)
    await history(page)


async def main() -> None:
    """Ask the running stack for its links, then drive a Chromium through them."""
    links = {one["title"]: one["url"] for one in WEB["links"]}
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as profile:
        async with async_playwright() as driver:
            context = await driver.chromium.launch_persistent_context(
                profile,
                executable_path=chromium,
                args=list(ARGS),
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
                viewport={"width": WIDTH + MENU, "height": 1400},
            )
            await all_pictures(context, links)
            await context.close()


if __name__ == "__main__":
    command = [sys.executable, "-m", "starter.main", "web", ROLLOUT, "--json"]
    WEB = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    UI = WEB["ui"]
    asyncio.run(main())

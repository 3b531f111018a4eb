"""The Temporal Web UI as a coordinator meets it: a saved query, a procedure's page, its history."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.action import Action, Evidence
from domain.procedure import Verb
from tests.small_plan import only, small_plan

ROOT = Path(__file__).resolve().parents[2]
ROLLOUT = "网页验收"
SANDING = f"{ROLLOUT}/甲区/一街道/三定"
WAIT = 20_000
"""Milliseconds for a page; the machine may be busy with other tests."""

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="没有找到 Chromium，跳过网页测试：请安装 chromium，或用环境变量 CHROMIUM 指明程序"
    " (no Chromium found: install it or set CHROMIUM to its path)",
)


@pytest.fixture
async def links(stack, monkeypatch):
    """A 三定 under review in a rollout of its own, and what ``jiegai web`` prints about it."""
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(stack.settings.data_dir))
    from starter.actions import send
    from starter.desk_client import opened
    from starter.errors import UserError
    from starter.rollout import _start

    now = datetime.now(UTC)
    plan = only(small_plan(ROLLOUT, now.date() - timedelta(days=2)), "2")
    await _start(plan, "市协调员", now)
    draft = Action(
        action_id="起草一",
        verb=Verb.SUBMIT,
        person="一街道经办甲",
        step="起草",
        evidence=(Evidence(name="草案", doc_no="稿1"),),
    )
    async with opened() as door:
        while True:
            try:
                reply = await send(door, SANDING, draft)
            except UserError as error:
                assert error.code == "NOT_FOUND"  # noqa: PT017 - it has not begun yet
            else:
                break
    assert reply.accepted, reply.sentence
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starter.main", "web", ROLLOUT, "--json"),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return {one["title"]: one["url"] for one in json.loads(out)["links"]}


@pytest.fixture
async def page(tmp_path):
    """A browser's page, in Chinese and in Shanghai's time."""
    from playwright.async_api import async_playwright

    async with async_playwright() as driver:
        context = await driver.chromium.launch_persistent_context(
            tmp_path,
            executable_path=CHROMIUM,
            headless=True,
            args=list(ARGS),
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": 1280, "height": 1000},
        )
        context.set_default_timeout(WAIT)
        yield context.pages[0]
        await context.close()


async def _framed(page, part):
    """The text of one part of a workflow's metadata: it is drawn in a frame of its own."""
    main = page.frame_locator(f"#user-metadata-{part}").locator("main")
    await main.get_by_text(re.compile(r"\S")).first.wait_for()
    return (await main.inner_text()).replace("\N{WORD JOINER}", "")


async def test_the_web_ui_is_the_tracking_screen_in_chinese(links, page):
    """From a printed link to the list, to a procedure's summary, steps, lights and due times."""
    await page.goto(links["三定"])
    listed = page.get_by_role("link", name=SANDING, exact=True).first
    await listed.wait_for()
    body = await page.inner_text("body")
    assert f"{ROLLOUT}/甲区/二街道/三定" in body
    assert "ReformRollout" not in body

    await listed.click()
    await (
        page.get_by_role("link", name="User Metadata")
        .or_(page.get_by_role("tab", name="User Metadata"))
        .first.click()
    )
    summary = await _framed(page, "summary")
    details = await _framed(page, "details")
    steps = await _framed(page, "current-details")

    assert "一街道：完成三定，时限" in summary
    assert "环节：起草 → 初审 → 复审" in details
    rows = {
        row[0].strip(): [cell.strip() for cell in row]
        for row in (line.split("\t") for line in steps.splitlines() if "\t" in line)
    }
    assert rows["环节"] == ["环节", "灯", "时限", "单位", "结果"]
    assert rows["起草"][-1] == "提交（经办甲）"
    assert rows["初审"][1] == "绿"
    assert date.fromisoformat(rows["初审"][2][:10]) > date(2026, 1, 1)
    assert rows["初审"][-1] == "待办"
    assert "现状：绿灯，初审，待甲区委编办" in steps

    await (
        page.get_by_role("link", name=re.compile("Event History"))
        .or_(page.get_by_role("tab", name=re.compile("Event History")))
        .first.click()
    )
    await page.get_by_text("Timer Started").first.wait_for()
    history = await page.inner_text("body")
    assert re.search(r"(起草|初审|三方沟通)：(提醒|到期) \d\d-\d\d \d\d:\d\d", history)
    assert "记入日志与待办" in history

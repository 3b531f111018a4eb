"""Play 乌海2019 up to 2019-12-15 and keep what the commands then say; see README.md beside this file."""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from make_pictures import as_html
from playwright.async_api import Browser, FloatRect, async_playwright
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.testing import WorkflowEnvironment
from wuhai_story import SHANGHAI, Moment, WuhaiStory

from contracts import names
from contracts.desk import Bulk, PlanRegistration
from contracts.procedure import ActionReply
from contracts.reform import RolloutRequest
from contracts.registers import PlanKey
from domain.deadline import local_day
from domain.plan import Plan
from runtime.connect import connect
from runtime.converter import data_converter
from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.desk_client import Door
from starter.plan_file import read_plan
from starter.provision import what_to_provision
from starter.rollout import content_hash
from storage.engine import open_database
from tests.office import Office
from workflows.reform_rollout import ReformRollout

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = ROOT / "docs" / "乌海2019"
ROLLOUT: Final = "乌海2019"
DAY: Final = "2019-12-15"
BEGIN: Final = "2019-11-12 00:55:00"
"""What the clock of the workflows' server shows as it starts, in UTC."""

END: Final = datetime(2019, 12, 16, 0, 5, tzinfo=SHANGHAI)
PATIENCE: Final = timedelta(minutes=5)
"""For letting time go by, on a busy machine."""

QUIET: Final = 3
"""Seconds without a new line in the log after which nothing more is on its way."""

COLUMNS: Final = "120"
WIDTH, HEIGHT = 1500, 1660
COMMANDS: Final = {
    "总表": ("board", ROLLOUT, "--as-of", DAY),
    "逐项": ("board", ROLLOUT, "--as-of", DAY, "--list"),
    "办理记录": ("log", ROLLOUT),
    "挂图": ("board", ROLLOUT, "--as-of", DAY, "--html"),
    "通报": ("report", ROLLOUT, "--as-of", DAY, "--since", "2019-12-01", "--docx"),
}
FILES: Final = {"挂图": "html", "通报": "docx"}


# --- a server whose clock shows 2019 ---------------------------------------------------------


def server_of_2019(folder: Path) -> Path:
    """A program that starts Temporal's time-skipping server under another date."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        raise SystemExit("缺 faketime：apt install faketime")
    server = Path(sys.executable).with_name("temporal-test-server")
    program = folder / "temporal-test-server-2019"
    program.write_text(
        "#!/bin/sh\n"
        f'export TZ=UTC FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME="@{BEGIN}"\n'
        f'LD_PRELOAD="{library}" exec "{server}" "$@"\n'
    )
    program.chmod(0o755)
    return program


@asynccontextmanager
async def office(stack: EmbeddedStack, folder: Path) -> AsyncIterator[Office]:
    """The product's worker on that server and on the stack's registers."""
    database = open_database(stack.database_url)
    try:
        async with (
            await WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=str(server_of_2019(folder)),
                data_converter=data_converter,
            ) as env,
            Office(env, database) as opened,
        ):
            yield opened
    finally:
        await database.close()


# --- the course -------------------------------------------------------------------------------


async def begin(stack: EmbeddedStack, at: Office, plan: Plan) -> None:
    """Register the plan through the desk, as ``jiegai rollout start`` does, and start it."""
    desk = await connect(stack.settings, stack.settings.desk_namespace)
    order = PlanRegistration(
        plan=plan, content_hash=content_hash(plan), now=await at.now(), person="乌海市协调员甲"
    )
    door = Door(desk=desk, workflows=at.client)
    registered = await door.order(Bulk.register_plan, order, "乌海2019")
    if registered.code:
        raise SystemExit(registered.sentence)
    key = PlanKey(rollout=plan.rollout, plan_id=registered.plan_id, version=registered.version)
    await at.client.start_workflow(
        ReformRollout.run,
        RolloutRequest(plan=key, started_by="乌海市协调员甲"),
        id=names.rollout_id(plan.rollout),
        task_queue=names.PROCEDURES_QUEUE,
    )


async def play(at: Office, moments: tuple[Moment, ...]) -> None:
    """Let time go by up to each action, take it, and go on to the end of the day shown."""
    for moment in moments:
        await until(at, moment.at)
        await perform(at, moment)
    await until(at, END)


async def until(at: Office, then: datetime) -> None:
    """Let the server's clock reach a moment."""
    left = then - await at.now()
    if left <= timedelta():
        return
    asked = SleepRequest()
    asked.duration.FromTimedelta(left)
    await at.client.test_service.unlock_time_skipping_with_sleep(asked, timeout=PATIENCE)


async def perform(at: Office, moment: Moment) -> None:
    """Take one action; the script ends if it is not answered as the story has it."""
    scene = moment.scene
    action = scene.action
    if scene.recorded:
        action = replace(action, happened_on=local_day(moment.at))
    await at.until_open(scene.workflow_id, action.step)
    handle = at.client.get_workflow_handle(scene.workflow_id)
    reply = await handle.execute_update(
        names.ACT_UPDATE, action, id=action.action_id, result_type=ActionReply
    )
    said = f"{moment.at.astimezone(SHANGHAI):%m-%d %H:%M} {scene.workflow_id}#{action.step}"
    print(said, reply.code, reply.sentence, flush=True)
    if reply.accepted == scene.refused:
        raise SystemExit(f"{said} {reply.code} {reply.sentence}")
    if reply.ended:
        await settled(at)


async def settled(at: Office) -> None:
    """Wait until what an ending has started is all there, before time goes on."""
    before, quiet = -1, 0
    while quiet < QUIET:
        await asyncio.sleep(1)
        (row,) = await at.rows("SELECT count(*) AS lines FROM log_entry")
        quiet = quiet + 1 if row["lines"] == before else 0
        before = row["lines"]


# --- what is kept -----------------------------------------------------------------------------


def an_office(address: str, folder: Path) -> dict[str, str]:
    """The environment of an office's own computer: it knows the server, and no Web UI."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("JIEGAI_")}
    return own | {
        "TEMPORAL_ADDRESS": address,
        "JIEGAI_DATA_DIR": str(folder / "none"),
        "COLUMNS": COLUMNS,
    }


def keep(ours: dict[str, str]) -> None:
    """Type the commands at the running stack, and keep what they say and write."""
    for name, words in COMMANDS.items():
        kind = FILES.get(name, "txt")
        file = KEPT / f"{name}-{DAY}.{kind}"
        file.unlink(missing_ok=True)
        typed = [*words, str(file)] if name in FILES else words
        command = [sys.executable, "-m", "starter.main", *typed]
        done = subprocess.run(command, check=False, capture_output=True, env=ours, cwd=ROOT)
        sys.stdout.buffer.write(done.stderr)
        if done.returncode:
            raise SystemExit(done.returncode)
        if name in FILES:
            sys.stdout.buffer.write(done.stdout)
        else:
            file.write_bytes(done.stdout)


def on_a_terminal(words: tuple[str, ...], ours: dict[str, str]) -> str:
    """What a command prints on a terminal, with its colours."""
    reader, writer = pty.openpty()
    command = [sys.executable, "-m", "starter.main", *words]
    child = subprocess.Popen(command, stdout=writer, env=ours, cwd=ROOT)
    os.close(writer)
    said = b""
    with contextlib.suppress(OSError):  # the terminal is gone once the command has ended
        while more := os.read(reader, 65536):
            said += more
    os.close(reader)
    if child.wait():
        raise SystemExit(child.returncode)
    return f"$ jiegai {' '.join(words)}\n{said.decode().replace(chr(13), '')}"


async def draw(printed: str) -> None:
    """Picture the upper part of the chart, and the board as a terminal shows it."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        await draw_chart(browser)
        page = await browser.new_page()
        await page.set_content(as_html(printed))
        await page.locator("body").screenshot(path=KEPT / f"总表-{DAY}.png")
        await browser.close()


async def draw_chart(browser: Browser) -> None:
    """What stands above the units."""
    page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    await page.goto((KEPT / f"挂图-{DAY}.html").as_uri())
    below = await page.get_by_role("heading", name="各单位").bounding_box()
    clip = FloatRect(x=0, y=0, width=WIDTH, height=below["y"] if below else HEIGHT)
    await page.screenshot(path=ROOT / "docs" / "挂图作战.png", clip=clip)


async def main() -> None:
    """Play, keep, draw."""
    plan = read_plan(ROOT / "plans" / f"{ROLLOUT}.yaml").plan
    if plan is None:
        raise SystemExit("plans/乌海2019.yaml has errors")
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = Settings(data_dir=folder / "数据", port=0, ui_port=0)
        async with EmbeddedStack(settings, what_to_provision(settings)) as stack:
            async with office(stack, folder) as at:
                await begin(stack, at, plan)
                await play(at, WuhaiStory(plan).moments())
            ours = an_office(stack.address, folder)
            await asyncio.to_thread(keep, ours)
            printed = await asyncio.to_thread(on_a_terminal, COMMANDS["总表"], ours)
    await draw(printed)


if __name__ == "__main__":
    asyncio.run(main())

"""``jiegai demo``: the main job on this machine, with handlers that are plainly a demonstration.

It types what a user would type: ``jiegai up``, ``rollout start``, actions, ``board``, ``inbox``,
``web``. Repeated on the same data directory it goes on where it was: actions carry fixed ids.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click

from runtime.settings import Settings
from runtime.stackfile import running_stack
from starter.errors import UserError
from starter.table import pasted

if TYPE_CHECKING:
    from domain.plan import Plan
    from starter.demo_script import Scene
    from starter.desk_client import Door

ROLLOUT: Final = "乌海2019"
PLAN: Final = Path(__file__).parent.parent / "plans" / f"{ROLLOUT}.yaml"
DAYS_GONE: Final = 36
"""So many days ago the rollout began: 各区方案 (day 28) is a week late, 三定 (day 49) is not."""

ORIGINAL_KICKOFF: Final = date(2019, 11, 12)
OPENING: Final = 60.0
"""Seconds to wait for a step to open; what comes before it has just been done."""

BOOT: Final = 120.0
"""Seconds for the embedded stack on a cold machine."""

_SHANGHAI = ZoneInfo("Asia/Shanghai")


@click.command()
@click.option("--stay/--no-stay", default=None, help="结束后是否保持运行；默认在终端里保持。")
def demo(stay: bool | None) -> None:
    """演示：启动全部服务，把乌海2019平移到今天，由演示经办人办理若干环节，并打印总表和待办。

    数据另放在数据目录下的 demo 里，不会混进正在试用或正式使用的改革。
    """
    settings = _by_itself(Settings.from_environ())
    signal.signal(signal.SIGTERM, _interrupted)
    stay = sys.stdout.isatty() if stay is None else stay
    own = None
    if running_stack(settings.data_dir) is None:
        own = _boot()
    try:
        _play()
        if stay and own is not None:
            click.echo("\n服务保持运行，请打开上面的链接；按 Ctrl-C 停止。")
            click.echo("另开一个终端也可以查看，例如：")
            folder = pasted(settings.data_dir)
            click.echo(f"  JIEGAI_DATA_DIR={folder} jiegai board {ROLLOUT}")
            own.wait()
    except KeyboardInterrupt:
        click.echo("\n正在停止……", err=True)
    finally:
        if own is not None:
            _stop(own)


def _interrupted(_number: int, _frame: object) -> None:
    """SIGTERM is Ctrl-C: the stack that was started is stopped in order."""
    raise KeyboardInterrupt


def _by_itself(settings: Settings) -> Settings:
    """The demonstration's own stack: never the server or the database that people work on."""
    for name in list(os.environ):
        if name.startswith("TEMPORAL_") or name in ("JIEGAI_DATABASE_URL", "JIEGAI_UI_URL"):
            del os.environ[name]
    os.environ["JIEGAI_DATA_DIR"] = str(settings.data_dir / "demo")
    return Settings.from_environ()


def _say(title: str) -> None:
    click.echo(f"\n=== {title} ===")


def _boot() -> subprocess.Popen[str]:
    """Start ``jiegai up`` on free ports and wait until it says that it is ready."""
    _say("启动：jiegai up --port 0 --ui-port 0")
    command = [
        sys.executable,
        "-m",
        "starter.main",
        "up",
        "--port",
        "0",
        "--ui-port",
        "0",
        "--json",
    ]
    # A group of its own: Ctrl-C is for the demonstration, which then stops the stack in order.
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    line = child.stdout.readline() if child.stdout is not None else ""
    if not line.strip():
        child.wait(BOOT)
        raise UserError("DEMO_NOT_READY", "服务没有启动，原因见上面的提示。")
    ready = json.loads(line)
    click.echo(f"已就绪，网页：{ready.get('ui_url', '')}")
    return child


def _stop(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        os.kill(child.pid, signal.SIGTERM)
    child.wait(BOOT)


def _play() -> None:
    from starter.board import board
    from starter.inbox import inbox
    from starter.log import log
    from starter.web import web

    plan = _start()
    _act(plan)
    _say(f"总表：jiegai board {ROLLOUT}")
    _run(board, ROLLOUT)
    _say("区委编办的待办：jiegai inbox --unit 海勃湾区委编办")
    _run(inbox, "--unit", "海勃湾区委编办")
    _say("超期：jiegai inbox --overdue")
    _run(inbox, "--overdue", "--limit", "5")
    _say("一份三定的办理记录：jiegai log 滨河街道/三定")
    _run(log, "滨河街道/三定")
    _say(f"跟踪网页：jiegai web {ROLLOUT}")
    _run(web, ROLLOUT)


def _run(command: click.Command, *args: str) -> None:
    command.main(list(args), standalone_mode=False)


def _start() -> Plan:
    """Start 乌海2019 as if it had begun 36 days ago; one that runs already is left alone."""
    from starter.plan_file import read_plan
    from starter.rollout import rollout

    today = datetime.now(_SHANGHAI).date()
    kickoff = today - timedelta(days=DAYS_GONE)
    then = ORIGINAL_KICKOFF + timedelta(days=DAYS_GONE)
    _say(f"启动改革：jiegai rollout start plans/{PLAN.name} --kickoff {kickoff}")
    click.echo(f"原计划 {ORIGINAL_KICKOFF} 启动；平移后今天（{today}）相当于当年的 {then}。")
    checked = read_plan(PLAN, kickoff)
    if checked.plan is None:
        raise UserError("DEMO_PLAN", f"随附的计划有{len(checked.errors)}处错误，请重新安装。")
    try:
        _run(
            rollout, "start", str(PLAN), "--kickoff", kickoff.isoformat(), "--as", "乌海市协调员甲"
        )
    except UserError as error:
        if error.code not in ("ALREADY_STARTED", "ROLLOUT_EXISTS"):
            raise
        click.echo(f"“{ROLLOUT}”以前已经启动，接着演示。")
    return checked.plan


def _act(plan: Plan) -> None:
    from starter.demo_script import Story
    from starter.desk_client import run

    _say("演示经办人办理（以下人员、文号均为演示）")
    run(_carry_out(Story(plan).scenes()))


async def _carry_out(scenes: tuple[Scene, ...]) -> None:
    from starter.desk_client import opened

    async with opened() as door:
        for scene in scenes:
            click.echo(await _perform(door, scene))


async def _perform(door: Door, scene: Scene) -> str:
    """Do one scene, waiting for its step to open; one from an earlier demonstration is passed."""
    from starter.actions import send

    action = scene.action
    if scene.recorded:
        action = replace(action, happened_on=datetime.now(_SHANGHAI).date())
    what = f"{scene.workflow_id}#{action.step}"
    until = time.monotonic() + OPENING
    while True:
        try:
            reply = await send(door, scene.workflow_id, action)
        except UserError as error:
            if error.code == "CLOSED":
                return f"  （以前已办结）{what}"
            if error.code != "NOT_FOUND" or time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)
            continue
        if reply.accepted:
            return f"  办理  {reply.sentence}"
        if scene.refused or reply.code == "STEP_CLOSED":
            return f"  拒绝  错误[{reply.code}] {reply.sentence}"
        raise UserError(reply.code, f"演示没有照预期进行（{what}）：{reply.sentence}")

"""``jiegai up``: the embedded stack in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.settings import Settings
from starter.provision import what_to_provision
from starter.table import echo_json

if TYPE_CHECKING:
    from runtime.stack import EmbeddedStack

_PORT = click.IntRange(0, 65_535)


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), metavar="目录", help="数据目录。")
@click.option("--port", type=_PORT, metavar="端口", help="Temporal 端口，默认 7233，0 为自动选择。")
@click.option("--ui-port", type=_PORT, metavar="端口", help="网页端口，默认 8233，0 为自动选择。")
@click.option("--json", "as_json", is_flag=True, help="就绪后打印一行 JSON。")
def up(data_dir: Path | None, port: int | None, ui_port: int | None, as_json: bool) -> None:
    """启动全部服务：Temporal、PostgreSQL、执行程序。

    前台运行，按 Ctrl-C 依次停止。数据都在数据目录里（默认 .jiegai，可用 JIEGAI_DATA_DIR 指定），
    异常退出后再次运行即可继续。
    """
    settings = Settings.from_environ()
    settings = replace(
        settings,
        data_dir=settings.data_dir if data_dir is None else data_dir.expanduser().absolute(),
        port=settings.port if port is None else port,
        ui_port=settings.ui_port if ui_port is None else ui_port,
    )
    asyncio.run(_serve(settings, as_json=as_json))


async def _serve(settings: Settings, *, as_json: bool) -> None:
    from runtime.stack import EmbeddedStack

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    click.echo("正在启动……", err=True)
    stack = EmbeddedStack(
        settings, what_to_provision(settings), on_event=lambda line: click.echo(line, err=True)
    )
    starting = asyncio.create_task(stack.start())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return
    starting.result()
    _say_ready(stack, as_json=as_json)
    broken = asyncio.create_task(stack.until_broken())
    await asyncio.wait({broken, stopping}, return_when=asyncio.FIRST_COMPLETED)
    click.echo("正在停止……", err=True)
    broken.cancel()
    await stack.stop()
    click.echo("已停止。", err=True)
    if broken.done() and not broken.cancelled():
        broken.result()


def _say_ready(stack: EmbeddedStack, *, as_json: bool) -> None:
    if as_json:
        echo_json(
            {
                "ready": True,
                "address": stack.address,
                "ui_url": stack.ui_url,
                "data_dir": stack.settings.data_dir,
                "pids": stack.pids,
            },
            indent=None,
        )
        return
    click.echo(f"街改已就绪。数据目录：{stack.settings.data_dir}")
    click.echo(f"  跟踪网页  {stack.ui_url}/namespaces/{stack.settings.namespace}/workflows")
    click.echo(f"  服务地址  {stack.address}")
    click.echo("  另开一个终端运行 jiegai --help 查看可用的命令；按 Ctrl-C 停止。")

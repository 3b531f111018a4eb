"""``jiegai provision``: prepares a Temporal deployment of the customer's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from runtime.settings import Settings
from starter.table import echo_json

if TYPE_CHECKING:
    from runtime.provision import Provision


@click.command()
@click.option("--json", "as_json", is_flag=True, help="打印 JSON。")
def provision(as_json: bool) -> None:
    """在已有的 Temporal 上建立命名空间和检索字段，设定保存期；可重复执行。

    jiegai up 会自动完成这一步；自行部署时运行一次，升级后再运行一次。
    """
    settings = Settings.from_environ()
    wanted = what_to_provision(settings)
    asyncio.run(_provision(settings, wanted))
    if as_json:
        echo_json({"namespaces": dict(wanted.namespaces), "search_attributes": _names(wanted)})
        return
    for name, days in wanted.namespaces.items():
        click.echo(f"命名空间 {name}：保存期 {days} 天")
    click.echo(f"检索字段 {len(_names(wanted))} 个已就绪。")


def what_to_provision(settings: Settings) -> Provision:
    """This will list the namespaces and search attributes that every deployment needs."""
    from contracts import names
    from runtime.provision import Provision

    return Provision(
        namespaces={
            settings.namespace: names.NAMESPACE_RETENTION_DAYS,
            settings.desk_namespace: names.DESK_RETENTION_DAYS,
        },
        search_attributes=names.SEARCH_ATTRIBUTES,
        indexed=(settings.namespace,),
    )


async def _provision(settings: Settings, wanted: Provision) -> None:
    from runtime.connect import connect
    from runtime.provision import provision as carry_out

    await carry_out(await connect(settings), wanted)


def _names(wanted: Provision) -> list[str]:
    return sorted(wanted.search_attributes)

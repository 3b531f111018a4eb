"""``jiegai web``: links to saved queries in the Temporal Web UI.

One line per link; the queries themselves, to change them, are in ``--json``.

The Web UI is the tracking screen: each link is a query over the search attributes, so that what is
red, late or waiting at one unit's desk is one click away. Names stand in backquotes: PROCEDURE is
a word of SQL, and the server refuses it bare.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from starter.errors import EXIT_UNREACHABLE, UserError
from starter.table import display_width, echo_json, pad

if TYPE_CHECKING:
    from contracts.desk import BoardLine

_SOON = timedelta(days=3)
_UNITS = 6
"""Units with the most open procedures that get a link of their own."""

_OPEN = '`ExecutionStatus`="Running"'
_SCHEDULES = "督查日程（各安排的下次日期）"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A saved query: what it shows, the query, and where it opens."""

    title: str
    query: str
    url: str


@click.command()
@click.argument("rollout", metavar="[改革]", required=False)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def web(*, rollout: str | None, as_json: bool) -> None:
    """打印 Temporal 网页上常用查询的链接；写明改革时另有各区、各单位的。"""
    from runtime.connect import ui_url
    from runtime.settings import Settings

    settings = Settings.from_environ()
    ui = ui_url(settings)
    if ui is None:
        raise UserError(
            "SERVICE_UNREACHABLE",
            "没有正在运行的服务，也没有设置 JIEGAI_UI_URL：请先运行 jiegai up。",
            EXIT_UNREACHABLE,
        )
    now = datetime.now(UTC)
    lines: Sequence[BoardLine] = ()
    if rollout:
        from starter.board import read_board
        from starter.desk_client import run

        lines = run(read_board(rollout, None, now)).lines
    queries = {**general(rollout or "", now), **particular(rollout or "", lines)}
    links = [
        Link(title=title, query=query, url=url(ui, settings.namespace, query))
        for title, query in queries.items()
    ]
    links.append(Link(title=_SCHEDULES, query="", url=schedules(ui, settings.namespace)))
    if as_json:
        echo_json({"ui": ui, "links": [asdict(link) for link in links]})
        return
    if rollout:
        links.append(Link(title="改革总流程", query="", url=page(ui, settings.namespace, rollout)))
    widest = max(display_width(link.title) for link in links)
    for link in links:
        click.echo(f"{pad(link.title, widest)}  {link.url}")


def general(rollout: str, now: datetime) -> dict[str, str]:
    """This will name the queries that hold for any rollout, soon being three days from ``now``."""
    soon = (now + _SOON).strftime("%Y-%m-%dT%H:%M:%SZ")
    own = f'`Rollout`="{rollout}" AND ' if rollout else ""
    return {**saved(rollout), "三天内到期": f'{own}{_OPEN} AND `NextDue` < "{soon}"'}


def saved(rollout: str) -> dict[str, str]:
    """This will name the queries that mean the same on any day."""
    queries = {
        "全部在办事项": f"{_OPEN} AND `Procedure` IS NOT NULL",
        "红灯（已超期）": f'{_OPEN} AND `Light`="红"',
        "黄灯": f'{_OPEN} AND `Light`="黄"',
        "期限暂定": f"{_OPEN} AND `Provisional`=true",
        "案件（双向派单）": f"{_OPEN} AND `CaseKind` IS NOT NULL",
        "未受理的派单": '`CaseKind` IS NOT NULL AND `Outcome`="未受理"',
        "三定": '`Procedure`="三定"',
        "挂牌": '`Procedure`="挂牌"',
        "督查": '`WorkflowType`="Audit"',
        "督查日程的运行": '`WorkflowType`="ScheduledAudit"',
        "已办结": '`Outcome`="办结"',
    }
    if not rollout:
        return queries
    own = f'`Rollout`="{rollout}"'
    return {title: f"{own} AND {query}" for title, query in queries.items()}


def particular(rollout: str, lines: Sequence[BoardLine]) -> dict[str, str]:
    """This will name the queries of a rollout's districts and of its busiest units."""
    own = f'`Rollout`="{rollout}"'
    districts = dict.fromkeys(line.district for line in lines if line.district)
    waiting = Counter(unit for line in lines if not line.ended_at for unit in line.responsible)
    units = [unit for unit, _ in waiting.most_common(_UNITS)]
    queries = {name: f'{own} AND `District`="{name}"' for name in districts}
    for unit in units:
        queries[f"待{unit}办理"] = f'{own} AND {_OPEN} AND `ResponsibleUnits`="{unit}"'
    return queries


def url(ui: str, namespace: str, query: str) -> str:
    """This will return the address of the workflow list filtered by a visibility query."""
    from contracts.webpage import query_path

    return f"{ui}{query_path(namespace, query)}"


def schedules(ui: str, namespace: str) -> str:
    """This will return the address of the list of Schedules, each with its next times."""
    from contracts.webpage import schedules_path

    return f"{ui}{schedules_path(namespace)}"


def page(ui: str, namespace: str, workflow_id: str) -> str:
    """This will return the address of one workflow's page (its newest run)."""
    from contracts.webpage import page_path

    return f"{ui}{page_path(namespace, workflow_id)}"

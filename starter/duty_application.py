"""``jiegai duty application``: the applications to change lists, and what they state (4-32)."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, pasted, render
from starter.which_rollout import which_rollout

if TYPE_CHECKING:
    from contracts.duty_flow import ApplicationsPage
    from domain.duty_change import Application
    from starter.desk_client import Door


@click.group()
def application() -> None:
    """清单的调整申请：列出、查看。"""


@application.command("list")
@click.argument("name", metavar="[清单名称]", default="")
@ROLLOUT_OPTION
@JSON_OPTION
def list_(*, name: str, rollout: str, as_json: bool) -> None:
    """列出调整申请，新的在前。"""
    page = _read(name.strip(), 0, rollout)
    if as_json:
        echo_json({"applications": [asdict(one) for one in page.lines]})
        return
    if not page.lines:
        click.echo("没有调整申请。")
        return
    rows = [
        (
            one.number,
            one.list_name,
            f"{one.change.kind}第{one.change.number}项",
            one.applicant,
            _state(one),
            _day(one.opened_at),
        )
        for one in page.lines
    ]
    click.echo(printable(render(rows, ("号", "清单", "申请", "申请单位", "状态", "提出"))))


@application.command()
@click.argument("name", metavar="清单名称")
@click.argument("number", metavar="号", type=click.IntRange(1))
@ROLLOUT_OPTION
@JSON_OPTION
def show(*, name: str, number: int, rollout: str, as_json: bool) -> None:
    """查看一份申请：事项、内容、依据、理由，新事项的七项内容，办到哪一步。"""
    (found,) = _read(name.strip(), number, rollout).lines
    if as_json:
        echo_json(asdict(found))
        return
    click.echo(printable("\n".join(_shown(found))))


def _shown(found: Application) -> list[str]:
    change = found.change
    again = f"（第{found.revision}稿）" if found.revision > 1 else ""
    lines = [
        f"{found.list_name} 调整申请第{found.number}号{again}：{_state(found)}",
        f"申请单位：{found.applicant}（{found.person}，{_day(found.at)}）",
        f"类型：{change.kind}，第{change.number}项，对照第{change.base_version}版",
        f"事项：{change.subject}",
        f"内容：{change.content}",
        f"依据：{change.basis}",
        f"理由：{change.reason}",
    ]
    if change.item is not None:
        from domain.duty_sheet import SEVEN

        item = change.item
        seven = (
            item.category,
            item.name,
            item.district_duty,
            item.street_duty,
            item.basis,
            item.primary,
            item.support,
        )
        lines.append("新事项：")
        lines += [f"  {column}：{text}" for column, text in zip(SEVEN, seven, strict=True)]
    return [*lines, f"办理：{found.workflow_id}（jiegai log {pasted(found.workflow_id)}）"]


def _state(found: Application) -> str:
    return f"{found.state}（第{found.version}版）" if found.version else str(found.state)


def _read(name: str, number: int, rollout: str) -> ApplicationsPage:
    from starter.desk_client import opened, run

    async def read() -> ApplicationsPage:
        from contracts.duty_flow import ApplicationsQuestion, DutyFlowDesk

        async with opened() as door:
            chosen = await which_rollout(door, rollout, datetime.now(UTC))
            asked = ApplicationsQuestion(rollout=chosen, list_name=name, number=number)
            return await _all(door, DutyFlowDesk, asked)

    page = run(read())
    if page.code:
        raise UserError(page.code, page.sentence, EXIT_REFUSED)
    return page


async def _all(door: Door, desk: Any, asked: Any) -> ApplicationsPage:
    page: ApplicationsPage = await door.ask(desk.applications, asked)
    place = page.next_page
    while place:
        more: ApplicationsPage = await door.ask(desk.applications, replace(asked, page=place))
        page = replace(page, lines=page.lines + more.lines)
        place = more.next_page
    return page


def _day(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d}"

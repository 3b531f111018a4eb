"""``jiegai calendar versions`` and ``rollback``: what there has been, and how to go back to it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from starter.errors import EXIT_REFUSED, UserError
from starter.parameters import SHANGHAI
from starter.table import display_width, echo_json, terminal_width, wrap

if TYPE_CHECKING:
    from contracts.calendar_changes import (
        RollbackOrder,
        VersionLine,
        VersionsPage,
        VersionsQuestion,
    )
    from contracts.desk import CalendarImported

_SHOWN = 30


@click.command()
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def versions(*, as_json: bool) -> None:
    """列出日历的各个版本：依据、导入人、发布人，哪一版现行。"""
    from contracts.calendar_changes import VersionsQuestion
    from starter.desk_client import run

    page = run(_versions(VersionsQuestion()))
    if as_json:
        echo_json(asdict(page))
        return
    shown = page.lines[:_SHOWN]
    for line in shown:
        click.echo("\n".join(_block(line)))
    if page.total > len(shown):
        click.echo(f"……更早的 {page.total - len(shown)} 版见 --json")


async def _versions(question: VersionsQuestion) -> VersionsPage:
    from contracts.calendar_changes import CalendarReads
    from starter.desk_client import opened

    async with opened() as door:
        return await door.ask(CalendarReads.versions, question)


def _block(line: VersionLine) -> list[str]:
    """One version: a table would cut the papers, which are what is looked for."""
    state = "　现行" if line.in_force else "　待发布" if line.published_at is None else ""
    staged, published = (
        _who(line.staged_by, line.staged_at),
        _who(line.published_by, line.published_at),
    )
    said = f"导入 {staged}{f'；发布 {published}' if published else ''}"
    width = terminal_width() - 2
    below = [part for text in (said, _basis(line)) for part in wrap(text, width)]
    return [f"第{line.version}版　{line.kind}{state}", *(f"  {part}" for part in below)]


def _who(person: str, at: datetime | None) -> str:
    return f"{person} {at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}".strip() if at else ""


def _basis(line: VersionLine) -> str:
    back = f"内容同第{line.basis}版，" if line.kind == "回退" else ""
    where = f"{line.district}：" if line.district else ""
    return f"{back}{where}{line.paper}"


@click.command()
@click.option(
    "--to", type=click.IntRange(1), metavar="版本", help="回到哪一版；不写时回到上一现行版本。"
)
@click.option("--paper", default="", metavar="文号", help="决定回退的文号；不写时记所撤回的依据。")
@click.option("--as", "person", default="", metavar="姓名", help="经办人，必写。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def rollback(*, to: int | None, paper: str, person: str, as_json: bool) -> None:
    """导错了：以较早版本的内容另立新版；再发布才生效，发布前列出影响。"""
    from contracts.calendar_changes import RollbackOrder
    from starter.desk_client import run

    if not person.strip():
        raise UserError("PERSON_MISSING", "回退日历须用 --as 写明经办人。")
    order = RollbackOrder(
        now=datetime.now(UTC), person=person.strip(), to=to or 0, paper=paper.strip()
    )
    staged = run(_rollback(order))
    if as_json:
        echo_json(asdict(staged))
    if staged.code:
        raise UserError(staged.code, staged.sentence, EXIT_REFUSED)
    if as_json:
        return
    click.echo(f"已按第 {staged.basis} 版的内容立第 {staged.version} 版，尚未生效。")
    echo_changed(staged)


async def _rollback(order: RollbackOrder) -> CalendarImported:
    from contracts.calendar_changes import CalendarChanges
    from starter.desk_client import opened

    async with opened() as door:
        key = f"calendar-rollback-{order.to}-{order.now.isoformat()}"
        return await door.order(CalendarChanges.rollback, order, key)


def echo_days(what: str, days: tuple[str, ...]) -> None:
    """This will print days in lines as wide as the terminal, none broken in two."""
    line = f"{what} {len(days)} 天："
    for number, day in enumerate(days, start=1):
        piece = f"{day}、" if number < len(days) else day
        if display_width(line + piece) > terminal_width():
            click.echo(line)
            line = "  "
        line += piece
    click.echo(line)


def echo_changed(staged: CalendarImported) -> None:
    """This will print the days that differ from the calendar in force, and the next step."""
    if staged.changed:
        echo_days("与现行日历不同的日子", staged.changed)
    else:
        click.echo("与现行日历没有不同的日子。")
    click.echo(
        "查看影响：jiegai calendar publish；确认生效：jiegai calendar publish --confirm --as 姓名"
    )

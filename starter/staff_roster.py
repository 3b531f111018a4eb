"""``jiegai roster``: who goes where (名册), checked against the lock; persons are keys here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.census import refuse_sheet
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, pasted, render, terminal_width
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.census import RosterImported, RosterPage
    from domain.roster import Sum
    from starter.census_file import FilledRoster

_MOST_LINES = 50
_WIDE = 100


@click.group()
def roster() -> None:
    """名册：转隶人员名册的导入、查看、检查。"""


@roster.command()
@click.argument("out", metavar="文件.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@JSON_OPTION
def template(*, out: Path, as_json: bool) -> None:
    """写出空白的名册。"""
    from starter.census_file import write_roster_template

    write_roster_template(out)
    if as_json:
        echo_json({"file": str(out)})
        return
    click.echo(f"已写出名册 {out}。填好后检查：")
    click.echo(
        f"  jiegai roster import {pasted(out)} --number 名册号 --unit 接收单位 --check --as 姓名"
    )


@roster.command("import")
@click.argument("file", metavar="名册", type=click.Path(path_type=Path))
@click.option("--number", default="", metavar="名册号", help="名册的编号，全改革唯一。")
@click.option("--unit", "units", multiple=True, metavar="接收单位", help="可写几次。")
@ROLLOUT_OPTION
@click.option("--check", "only_check", is_flag=True, help="只检查，不导入。")
@click.option("--as", "person", default="", metavar="姓名", help="办理人。")
@JSON_OPTION
def import_roster(
    *,
    file: Path,
    number: str,
    units: tuple[str, ...],
    rollout: str,
    only_check: bool,
    person: str,
    as_json: bool,
) -> None:
    """导入名册；只收已锁定的人员，错误一次列全，有一处错误就全部不导入。

    例：jiegai roster import 名册.xlsx --number 甲1 --unit 一街道 --as 区协调员
    """
    from starter.census_file import read_roster
    from starter.desk_client import run
    from starter.upload import own_seal

    name = acting_person(person)
    if not number.strip() or not units:
        raise UserError("USAGE", "请用 --number 写明名册号，用 --unit 写明接收单位。")
    own_seal()
    filled = read_roster(file)
    given = (number.strip(), tuple(dict.fromkeys(unit.strip() for unit in units)))
    answer = run(_import(filled, given, rollout, name, only_check=only_check))
    findings = (*filled.findings, *answer.findings)
    refuse_sheet(file, "ROSTER_INVALID", findings, answer.errors, as_json=as_json)
    if as_json:
        echo_json(asdict(answer))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if as_json:
        return
    for one in answer.findings:
        click.echo(printable(f"提醒[{one.code}] {one.place} {one.sentence}"))
    show_sums(answer.sums)
    if only_check:
        click.echo(f"没有错误：{answer.people} 人。尚未导入。")
    elif not answer.applied:
        click.echo(f"与已导入的相同（{answer.people} 人），没有改动（第 {answer.version} 版）。")
    else:
        click.echo(f"已导入名册“{given[0]}”第 {answer.version} 版，{answer.people} 人。")
        click.echo(
            "交“名册”环节：jiegai act 接收单位/事项#名册 提交"
            f" --evidence {pasted(f'名册={given[0]}')} --as 姓名"
        )


async def _import(
    filled: FilledRoster,
    given: tuple[str, tuple[str, ...]],
    rollout: str,
    person: str,
    *,
    only_check: bool,
) -> RosterImported:
    from contracts.census import RosterImport, Rosters
    from starter.desk_client import opened
    from starter.upload import own_seal, said, upload

    now = datetime.now(UTC)
    rows = len(filled.rows)
    said(f"已读取 {rows} 行", rows)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        token, pieces = await upload(door, own_seal(), (chosen, person), filled.content, rows)
        order = RosterImport(
            now=now,
            rollout=chosen,
            number=given[0],
            units=given[1],
            person=person,
            upload=token,
            pieces=pieces,
            only_check=only_check or bool(filled.findings),
        )
        return await door.order(Rosters.import_roster, order, f"roster-{token}")


@roster.command()
@click.option("--number", default="", metavar="名册号", help="看这一份名册；不写列出全部。")
@ROLLOUT_OPTION
@JSON_OPTION
def show(*, number: str, rollout: str, as_json: bool) -> None:
    """列出名册，或查看一份名册的人员（只有编号）和合计。"""
    from starter.desk_client import run

    page = run(_show(number.strip(), rollout))
    if as_json:
        echo_json(asdict(page))
        return
    if not page.heads:
        click.echo("还没有名册。")
        return
    rows = [
        (
            one.number,
            one.version,
            one.status,
            one.people,
            "、".join(one.units),
            f"{one.at.astimezone(SHANGHAI):%Y-%m-%d} {one.person}",
        )
        for one in page.heads
    ]
    click.echo(render(rows, ("名册号", "版", "状态", "人数", "接收单位", "导入")))
    if not number.strip():
        return
    click.echo()
    heads = ["人员编号", "转出单位", "转入单位", "类型", "进度", "队伍"]
    if any(one.sink_mode for one in page.lines):
        heads.append("下沉方式")
    # A key that is cut off is of no use: a narrow terminal goes without teams.
    columns = len(heads) if terminal_width() >= _WIDE else 5
    shown = [
        (
            one.staff,
            one.from_unit,
            one.to_unit,
            one.type,
            one.state,
            one.team,
            one.sink_mode,
        )[:columns]
        for one in page.lines[:_MOST_LINES]
    ]
    click.echo(render(shown, heads[:columns]))
    if len(page.lines) > len(shown):
        click.echo(f"……另有 {len(page.lines) - len(shown)} 人，见 --json")
    click.echo()
    show_sums(page.sums)
    _show_faults(page.faults)


@roster.command()
@click.argument("number", metavar="名册号")
@ROLLOUT_OPTION
@JSON_OPTION
def check(*, number: str, rollout: str, as_json: bool) -> None:
    """检查一份名册：按部门、单位、队伍合计，是否仍与锁定和台账相符。"""
    from starter.desk_client import run

    page = run(_show(number.strip(), rollout))
    if as_json:
        echo_json({"heads": page.heads, "sums": page.sums, "faults": page.faults})
    else:
        show_sums(page.sums)
        _show_faults(page.faults)
    if page.faults:
        raise UserError(
            "ROSTER_ASTRAY", f"名册“{number}”有{len(page.faults)}人与台账不符。", EXIT_REFUSED
        )
    if not as_json:
        click.echo(f"名册“{number}”与锁定和台账相符。")


async def _show(number: str, rollout: str) -> RosterPage:
    from contracts.census import RosterQuestion, Rosters
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        question = RosterQuestion(
            now=now, rollout=await which_rollout(door, rollout, now), number=number
        )
        page = await door.ask(Rosters.show_roster, question)
        place = page.next_page
        while place:
            more = await door.ask(Rosters.show_roster, replace(question, page=place))
            page = replace(page, lines=page.lines + more.lines)
            place = more.next_page
    if page.code:
        raise UserError(page.code, page.sentence, EXIT_REFUSED)
    return replace(page, next_page="")


def show_sums(sums: Iterable[Sum]) -> None:
    """This will print Σ by 转出单位, 转入单位 and 队伍 (3-12), each with its total."""
    groups: dict[str, list[Sum]] = {}
    for one in sums:
        groups.setdefault(one.by, []).append(one)
    for by, found in groups.items():
        rows: list[tuple[object, ...]] = [(one.name, one.type, one.people) for one in found]
        names = len({one.name for one in found})
        rows.append((f"合计 {names} 个", "", sum(one.people for one in found)))
        click.echo(render(rows, (by, "类型", "人数")))
        click.echo()


def _show_faults(faults: Iterable[str]) -> None:
    for fault in faults:
        click.echo(printable(f"不符：{fault}"))

"""``jiegai ledger``: the establishment ledger shown, checked, exported, and adjusted by document.

Nothing here decides: entries are posted or refused where the ledger is kept. People are keys; no
name is read, shown or sent by these commands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from starter.devolution import devolution
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import DAY, SHANGHAI
from starter.table import echo_json, pasted, render, terminal_width, wrap
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.ledger import (
        Adjusted,
        HistoryLine,
        HistoryPage,
        LedgerChecked,
        LedgerPage,
        PositionLine,
        PostingLine,
        RefusalsPage,
    )
    from domain.adjustment import Adjustment

_MOST_LINES = 400
_INDENT = "    "
"""Lines of a history on the screen, the latest; all of them are in --json."""

_Command = TypeVar("_Command", bound=Callable[..., Any])
_HEADS = ("单位", "类型", "核定", "在途", "实有", "空编", "超编")


def _rollout_option(command: _Command) -> _Command:
    given = "哪次改革；只登记了一次时可不写。"
    return click.option("--rollout", default="", metavar="改革", help=given)(command)


def _json_option(command: _Command) -> _Command:
    return click.option("--json", "as_json", is_flag=True, help="输出 JSON。")(command)


@click.group()
def ledger() -> None:
    """编制台账：查看、明细、核对、导出、调整。"""


ledger.add_command(devolution)


@ledger.command()
@click.argument("rollout", metavar="[改革]", default="", required=False)
@click.option("--unit", default="", metavar="单位", help="只看这个单位。")
@click.option("--on", type=DAY, help="看某一天（当日终了）的余额，默认现在。")
@_json_option
def show(*, rollout: str, unit: str, on: date | None, as_json: bool) -> None:
    """查看各单位、各类编制的核定、在途、实有。"""
    from starter.desk_client import run

    page = run(_show(rollout, unit.strip(), on))
    _refuse_unknown(page.unknown)
    if as_json:
        echo_json(asdict(page))
        return
    if not page.lines:
        if on:
            click.echo(f"“{page.rollout}”在 {on} 终了时还没有台账：台账从清查锁定之日起。")
        else:
            click.echo(f"“{page.rollout}”还没有台账：先 jiegai census lock。")
        return
    when = f"{on} 终了" if on else "现在"
    click.echo(f"“{page.rollout}”编制台账，{when}，共 {page.entries} 笔：")
    click.echo(render(position_rows(page.lines), _HEADS))
    click.echo(in_sum(page.lines))
    for line in page.lines:
        if line.excess:
            click.echo(printable(f"超编：{line.unit}{line.type} {line.excess} 人，{line.basis}"))


async def _show(rollout: str, unit: str, on: date | None) -> LedgerPage:
    from contracts.ledger import Ledger, LedgerQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        question = LedgerQuestion(now=now, rollout=chosen, unit=unit, on=on)
        page = await door.ask(Ledger.show, question)
        place = page.next_page
        while place:
            more = await door.ask(Ledger.show, replace(question, page=place))
            page = replace(page, lines=page.lines + more.lines)
            place = more.next_page
        return replace(page, next_page="")


@ledger.command()
@click.argument("unit", metavar="单位")
@click.option("--type", "type_", default="", metavar="类型", help="只看这一类，如 行政。")
@_rollout_option
@_json_option
def history(*, unit: str, type_: str, rollout: str, as_json: bool) -> None:
    """查看一个单位的每一笔变动和变动后的余额。"""
    from starter.desk_client import run

    page = run(_history(rollout, unit.strip(), type_.strip()))
    _refuse_unknown(page.unknown)
    if as_json:
        echo_json(asdict(page))
        return
    if not page.lines:
        click.echo(f"{unit}还没有台账。")
        return
    shown = page.lines[-_MOST_LINES:]
    heads = ("号", "日期", "类别", "类型", "核定", "在途", "实有", "对方", "人", "文号")
    click.echo(render(history_rows(shown), heads))
    if len(shown) < len(page.lines):
        click.echo(f"……前面还有 {len(page.lines) - len(shown)} 笔，见 --json")


async def _history(rollout: str, unit: str, type_: str) -> HistoryPage:
    from contracts.ledger import HistoryQuestion, Ledger
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        question = HistoryQuestion(now=now, rollout=chosen, unit=unit, type=type_)
        page = await door.ask(Ledger.history, question)
        place = page.next_page
        while place:
            more = await door.ask(Ledger.history, replace(question, page=place))
            page = replace(page, lines=page.lines + more.lines)
            place = more.next_page
        return replace(page, next_page="")


@ledger.command()
@click.argument("rollout", metavar="[改革]", default="", required=False)
@_json_option
def check(*, rollout: str, as_json: bool) -> None:
    """从每一笔分录重新推算，核对台账的各条规则是否成立。"""
    from starter.desk_client import run

    found = run(_check(rollout))
    _refuse_unknown(found.unknown)
    if as_json:
        echo_json(asdict(found))
    else:
        click.echo(
            f"“{found.rollout}”{found.entries} 笔、{found.postings} 行分录，"
            f"{found.positions} 个余额，{found.people} 人："
        )
        broken = Counter(one.law for one in found.breaches)
        for law in found.laws:
            click.echo(f"  {'不符' if broken[law] else '相符'}  {law}")
        for one in found.breaches:
            click.echo(printable(f"不符：{one.law}：{one.about}"))
    if found.breaches:
        raise UserError(
            "LEDGER_BROKEN",
            f"台账有 {len(found.breaches)} 处不符，请停止记账，由运维核对数据库和备份。",
            EXIT_REFUSED,
        )


async def _check(rollout: str) -> LedgerChecked:
    from contracts.ledger import CheckQuestion, Ledger
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        return await door.ask(Ledger.check, CheckQuestion(now=now, rollout=chosen))


@ledger.command()
@click.argument("out", metavar="文件.csv|文件.xlsx", type=click.Path(path_type=Path))
@_rollout_option
@_json_option
def export(*, out: Path, rollout: str, as_json: bool) -> None:
    """导出全部分录（.xlsx 另有余额表）；人员只有编号。"""
    from starter.desk_client import run
    from starter.ledger_file import fit_path, write_ledger

    fit_path(out)
    chosen, lines, unknown = run(_postings(rollout))
    _refuse_unknown(unknown)
    write_ledger(out, lines, f"{chosen} 编制台账")
    entries = lines[-1].number if lines else 0
    if as_json:
        echo_json({"file": str(out), "entries": entries, "postings": len(lines)})
        return
    click.echo(f"已导出 {entries} 笔、{len(lines)} 行分录到 {pasted(out)}。")


async def _postings(rollout: str) -> tuple[str, list[PostingLine], tuple[str, ...]]:
    from contracts.ledger import Ledger, PostingsQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        question = PostingsQuestion(now=now, rollout=chosen)
        page = await door.ask(Ledger.postings, question)
        lines = list(page.lines)
        while page.next_page:
            # As far as the first page went: what is posted meanwhile is left for the next export.
            question = replace(question, page=page.next_page, upto=page.upto)
            page = await door.ask(Ledger.postings, question)
            lines += page.lines
        return chosen, lines, page.unknown


@ledger.command()
@click.argument("rollout", metavar="[改革]", default="", required=False)
@_json_option
def refusals(*, rollout: str, as_json: bool) -> None:
    """列出被拒绝的记账：何时、何人、为何。"""
    from starter.desk_client import run

    page = run(_refusals(rollout))
    _refuse_unknown(page.unknown)
    if as_json:
        echo_json(asdict(page))
        return
    if not page.lines:
        click.echo("没有被拒绝的记账。")
        return
    # Whole sentences: what was refused is read for its end as well.
    for one in page.lines:
        at = f"{one.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        click.echo(printable(f"{at}  {one.person}  {one.kind}  [{one.code}]"))
        for line in wrap(printable(one.sentence), terminal_width() - len(_INDENT)):
            click.echo(f"{_INDENT}{line}")
    if page.total > len(page.lines):
        click.echo(f"……共 {page.total} 次，这里是最近 {len(page.lines)} 次。")


async def _refusals(rollout: str) -> RefusalsPage:
    from contracts.ledger import Ledger, RefusalsQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        return await door.ask(Ledger.refusals, RefusalsQuestion(now=now, rollout=chosen))


@ledger.command()
@click.option(
    "--from", "from_unit", default="", metavar="单位", help="划出（或减编、出编）的单位。"
)
@click.option("--to", "to_unit", default="", metavar="单位", help="划入（或增编、入编）的单位。")
@click.option("--type", "type_", required=True, metavar="类型", help="编制类型，如 行政、事业。")
@click.option("--posts", type=click.IntRange(1), default=None, metavar="数目", help="编制数。")
@click.option("--join", multiple=True, metavar="编号", help="从外面入编的人员编号，可写几次。")
@click.option("--leave", multiple=True, metavar="编号", help="出编的人员编号，可写几次。")
@click.option("--paper", default="", metavar="文号", help="批准文号。")
@click.option("--special", default="", metavar="文号", help="街道编制上划的专项批准文号。")
@click.option("--rule", default="0-43", metavar="条目", help="依据的条目，默认 0-43。")
@click.option("--day", type=DAY, help="生效日期，默认今天。")
@click.option("--note", default="", metavar="说明", help="说明；同一文号的另一笔用它区别。")
@_rollout_option
@click.option("--as", "person", default="", metavar="姓名", help="办理人（协调员）。")
@_json_option
def adjust(
    *,
    posts: int | None,
    join: tuple[str, ...],
    leave: tuple[str, ...],
    day: date | None,
    rollout: str,
    as_json: bool,
    **typed: str,
) -> None:
    """锁定后按批准文号调整：两个单位都写是划转，只写 --to 是增编，只写 --from 是减编。

    例：jiegai ledger adjust --from 区司法局 --to 滨河街道 --type 行政 --posts 2
    --paper 海编〔2026〕3号 --as 海勃湾区协调员
    """
    from domain.adjustment import Adjustment, fault_of_keys
    from domain.personal import personal_fault
    from starter.desk_client import run

    said = {name: text.strip() for name, text in typed.items()}
    if fault := fault_of_keys((*join, *leave)) or personal_fault(*said.values()):
        raise UserError(fault.code, fault.sentence)
    given = Adjustment(
        rollout=rollout.strip(),
        type=said["type_"],
        day=day or datetime.now(SHANGHAI).date(),
        person=acting_person(typed["person"]),
        rule=said["rule"],
        paper=said["paper"],
        special_paper=said["special"],
        from_unit=said["from_unit"],
        to_unit=said["to_unit"],
        posts=posts or 0,
        joins=join,
        leaves=leave,
        note=said["note"],
    )
    answer = run(_adjust(given))
    if as_json:
        echo_json(asdict(answer))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if as_json:
        return
    if answer.applied:
        click.echo(f"已记第 {answer.number} 笔（{answer.kind}）：")
    else:
        click.echo(
            f"{answer.by}已经记过这一笔（第 {answer.number} 笔），没有再记；"
            "确是另一笔的，请用 --note 写明区别。"
        )
    click.echo(render(position_rows(answer.positions), _HEADS))


async def _adjust(given: Adjustment) -> Adjusted:
    from contracts.ledger import AdjustOrder, Ledger
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, given.rollout, now)
        papers = (("文号", given.paper), ("专项批准文号", given.special_paper))
        await refuse_names(door, chosen, [("说明", given.note), *papers])
        order = AdjustOrder(now=now, adjustment=replace(given, rollout=chosen))
        # Under the moment too: a refusal that an hour later is none must be asked anew.
        key = f"ledger-{given.key[7:39]}-{now:%Y%m%d%H%M%S%f}"
        return await door.order(Ledger.adjust, order, key)


def position_rows(lines: Iterable[PositionLine]) -> list[tuple[object, ...]]:
    """The cells of positions; a unit is named once."""
    rows: list[tuple[object, ...]] = []
    before = ""
    for line in lines:
        unit = " " if line.unit == before else line.unit
        before = line.unit
        rows.append(
            (
                unit,
                line.type,
                line.approved,
                line.in_transit or None,
                line.actual,
                line.vacant or None,
                line.excess or None,
            )
        )
    return rows


def in_sum(lines: Iterable[PositionLine]) -> str:
    """All units together, by type: ``合计：行政 核定7 在途0 实有5``."""
    sums: dict[str, list[int]] = {}
    for line in lines:
        found = sums.setdefault(line.type, [0, 0, 0])
        for place, number in enumerate((line.approved, line.in_transit, line.actual)):
            found[place] += number
    return "合计：" + "；".join(
        f"{type_} 核定{approved} 在途{in_transit} 实有{actual}"
        for type_, (approved, in_transit, actual) in sums.items()
    )


def history_rows(lines: Iterable[HistoryLine]) -> list[tuple[object, ...]]:
    """The cells of a history: each balance after the entry, and what the entry made of it."""
    return [
        (
            one.number,
            f"{one.day:%y-%m-%d}",
            one.kind,
            one.type,
            _changed(one.approved_after, one.approved),
            _changed(one.in_transit_after, one.in_transit),
            _changed(one.actual_after, one.actual),
            "、".join(one.others),
            len(one.staff) or None,
            one.paper + (f"；{one.special_paper}" if one.special_paper else ""),
        )
        for one in lines
    ]


def _changed(after: int, change: int) -> str:
    return f"{after}({change:+d})" if change else str(after)


def _refuse_unknown(unknown: tuple[str, ...]) -> None:
    if unknown:
        names = "、".join(f"“{name}”" for name in unknown)
        raise UserError("UNKNOWN_NAME", f"登记库里没有{names}，请核对写法。")

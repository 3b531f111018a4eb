"""``jiegai remind slip``: 督办单, drafted by the software, signed by a named person (0-07, 0-13).

A draft goes to nobody. Signed, it is in the inbox of those it is for and goes out by their channels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, render, terminal_width, wrap
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.remind import SlipLine, SlipsDone
    from starter.desk_client import Door

_NUMBER = click.argument("number", metavar="号", type=click.IntRange(1, 999_999))


@click.group()
def slip() -> None:
    """督办单：起草、签发、列出、查看；蓝、黄、红逐级，签发了才送达。"""


@slip.command()
@click.argument("item", metavar="[事项]", default="")
@click.option("--unit", "for_unit", default="", metavar="单位", help="只起草这个单位的。")
@click.option(
    "--within",
    type=click.IntRange(1, 250),
    default=None,
    metavar="N",
    help="要求 N 个工作日内办结；不写不限定日期。",
)
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def draft(
    *, item: str, for_unit: str, within: int | None, rollout: str, person: str, as_json: bool
) -> None:
    """从超期的环节起草督办单：首次蓝色，仍不办结的按方案的升级天数黄色、红色。

    例：jiegai remind slip draft --unit 滨河街道 --as 姓名；写事项时只起草这一项的。
    """
    from starter.desk_client import run

    name = acting_person(person)
    given = (item.strip(), for_unit.strip(), within or 0)
    answer = run(_draft(given, rollout, name))
    if as_json:
        echo_json(asdict(answer))
        return
    if not answer.lines:
        why = "都已督办，还没有到下一级。" if answer.overdue else "没有超期的环节。"
        click.echo(f"没有要起草的督办单：{why}")
        return
    click.echo(printable(table_of_slips(answer.lines, terminal_width())))
    click.echo(f"起草 {len(answer.lines)} 份，尚未送达任何单位。")
    first = answer.lines[-1].number
    click.echo(
        f"看全文：jiegai remind slip show {first}；签发：jiegai remind slip sign {first} --as 姓名"
    )


async def _draft(given: tuple[str, str, int], rollout: str, person: str) -> SlipsDone:
    from contracts.names import ITEM_MARK
    from contracts.remind import RemindOrders, SlipDraftOrder
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        item, unit, within = given
        if item:
            workflow_id, _, step = item.partition(ITEM_MARK)
            item = f"{await _whole(door, chosen, workflow_id, step)}{ITEM_MARK}{step}"
        order = SlipDraftOrder(
            now=now, rollout=chosen, person=person, for_unit=unit, item=item, within=within
        )
        said = f"{chosen}\n{person}\n{given}\n{now.isoformat()}"
        key = hashlib.sha256(said.encode()).hexdigest()[:32]
        answer = await door.order(RemindOrders.draft_slips, order, f"slips-{key}")
        _refuse(answer.code, answer.sentence)
        return answer


async def _whole(door: Door, rollout: str, typed: str, step: str) -> str:
    """The whole id of a procedure typed by its end."""
    from contracts.desk import Desk, FindQuestion

    text = f"{typed}#{step}" if step else typed
    found = await door.ask(Desk.find, FindQuestion(text=text))
    own = [one for one in found.workflow_ids if one.split("/")[0] == rollout]
    if len(own) == 1:
        return own[0]
    if not own:
        raise UserError("ITEM_NOT_FOUND", f"没有找到事项“{typed}”，请从 jiegai inbox 复制。")
    raise UserError("ITEM_AMBIGUOUS", f"“{typed}”有 {len(own)} 件，请写全：{own[0]}……")


@slip.command()
@_NUMBER
@click.option("--paper", default="", metavar="文号", help="督办单的文号，可不写。")
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def sign(*, number: int, paper: str, rollout: str, person: str, as_json: bool) -> None:
    """签发一份督办单：此后它才送达（待办通知、通道），不能再改。"""
    from starter.desk_client import run

    name = acting_person(person)
    answer = run(_sign(number, paper.strip(), rollout, name))
    if as_json:
        echo_json(asdict(answer))
        return
    line = answer.lines[0]
    what = "此前已由您签发" if answer.same else "已签发"
    click.echo(printable(f"{title_of(line)}{what}，送：{targets_in_words(line)}。"))
    click.echo(f"打印：jiegai remind slip show {number} --docx 督办单{number}.docx")


async def _sign(number: int, paper: str, rollout: str, person: str) -> SlipsDone:
    from contracts.remind import RemindOrders, SlipSignOrder
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        await refuse_names(door, chosen, [("文号", paper)])
        order = SlipSignOrder(now=now, rollout=chosen, person=person, number=number, paper=paper)
        said = f"{chosen}\n{person}\n{number}\n{paper}\n{now.isoformat()}"
        key = hashlib.sha256(said.encode()).hexdigest()[:32]
        answer = await door.order(RemindOrders.sign_slip, order, f"slip-sign-{key}")
        _refuse(answer.code, answer.sentence)
        return answer


@slip.command("list")
@click.option("--unit", "for_unit", default="", metavar="单位", help="只列这个单位的。")
@ROLLOUT_OPTION
@JSON_OPTION
def list_(*, for_unit: str, rollout: str, as_json: bool) -> None:
    """列出督办单，新的在前；没有签发的是草稿。"""
    from starter.desk_client import run

    _, lines = run(_slips(rollout, unit=for_unit.strip()))
    if as_json:
        echo_json([asdict(line) for line in lines])
        return
    if not lines:
        click.echo("还没有督办单；起草：jiegai remind slip draft --as 姓名")
        return
    click.echo(printable(table_of_slips(lines, terminal_width())))
    signed = sum(line.signed_at is not None for line in lines)
    click.echo(f"共 {len(lines)} 份，已签发 {signed} 份。")


@slip.command()
@_NUMBER
@click.option(
    "--docx",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="文件.docx",
    help="写成公文（信函格式），没有签发的是代拟稿。",
)
@ROLLOUT_OPTION
@JSON_OPTION
def show(*, number: int, docx: Path | None, rollout: str, as_json: bool) -> None:
    """查看一份督办单的全文。"""
    from starter.desk_client import run

    chosen, lines = run(_slips(rollout, number=number))
    if not lines:
        raise UserError(
            "SLIP_NOT_FOUND", f"没有第{number}号督办单；jiegai remind slip list 列出全部。"
        )
    if docx is not None:
        from starter.remind_paper import write_slip

        write_slip(docx, lines[0])
    if as_json:
        echo_json({"rollout": chosen, **asdict(lines[0]), "docx": str(docx) if docx else ""})
        return
    if docx is not None:
        click.echo(f"已写出 {docx}：{title_of(lines[0])}。")
        return
    for text in slip_in_words(lines[0], terminal_width()):
        click.echo(printable(text))


async def _slips(
    rollout: str, *, number: int = 0, unit: str = ""
) -> tuple[str, tuple[SlipLine, ...]]:
    from contracts.remind import RemindDesk, SlipQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        question = SlipQuestion(now=now, rollout=chosen, number=number, for_unit=unit)
        page = await door.ask(RemindDesk.slips, question)
        _refuse(page.code, page.sentence)
        lines, place = page.lines, page.next_page
        while place:
            page = await door.ask(RemindDesk.slips, replace(question, page=place))
            lines, place = lines + page.lines, page.next_page
        return chosen, lines


def title_of(line: SlipLine) -> str:
    """A slip as people call it."""
    from domain.supervision import slip_name

    return slip_name(line.colour, line.number)


def targets_in_words(line: SlipLine) -> str:
    """To whom it goes: 滨河街道第一责任人、海勃湾区第一责任人."""
    return "、".join(target.replace(":", "") for target in line.targets)


def table_of_slips(lines: Sequence[SlipLine], width: int) -> str:
    """This will lay slips out; an item is by its last parts."""
    rows = [
        (
            line.number,
            line.colour,
            line.unit,
            _item(line),
            line.due_date,
            line.days,
            f"{line.signed_by} {_day(line.signed_at)}" if line.signed_at else "草稿",
        )
        for line in lines
    ]
    heads = ("号", "色", "承办单位", "事项", "时限", "超期工作日", "签发")
    return render(rows, heads, width)


def slip_in_words(line: SlipLine, width: int) -> list[str]:
    """This will say all of a slip."""
    signed = (
        f"签发：{line.signed_unit} {line.signed_by} {_day(line.signed_at)}"
        if line.signed_at
        else f"草稿（{line.drafted_by} {_day(line.drafted_at)}起草），没有送达任何单位"
    )
    parts = [
        title_of(line) + (f"（{line.paper}）" if line.paper else ""),
        signed,
        f"事项：{line.item}",
        f"送：{targets_in_words(line)}",
        "",
        line.body,
    ]
    return [text for part in parts for text in (wrap(part, width) if part else [""])]


def _item(line: SlipLine) -> str:
    workflow_id, _, step = line.item.partition("#")
    return f"{'/'.join(workflow_id.split('/')[-2:])} {step}"


def _day(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d}" if at else ""


def _refuse(code: str, sentence: str) -> None:
    if code:
        raise UserError(code, sentence, EXIT_REFUSED)

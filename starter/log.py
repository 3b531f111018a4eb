"""``jiegai log``: who did what when, refused actions included, oldest first.

The newest line of an open procedure is 待确认 until the next one, or the end, confirms it: it was
written before the server had kept the action that caused it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final

import click

from starter.errors import printable
from starter.parameters import SHANGHAI
from starter.table import display_width, echo_json, pad, terminal_width, wrap

if TYPE_CHECKING:
    from contracts.desk import LogLine
    from starter.desk_client import Door

_REFUSED: Final = "拒绝"


@click.command()
@click.argument("workflow", metavar="事项")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def log(*, workflow: str, as_json: bool) -> None:
    """打印一个事项的办理记录；被拒绝的也在内。

    事项可写全称或末尾几段：jiegai log 滨河街道/三定；
    也可写一个单位的全部：jiegai log 乌海2019/海勃湾区/滨河街道
    """
    from starter.desk_client import run

    lines = run(_read(workflow))
    if as_json:
        echo_json({"lines": [asdict(line) for line in lines]})
        return
    show(lines, terminal_width())


async def _read(text: str) -> tuple[LogLine, ...]:
    from contracts.desk import Desk, LogQuestion
    from contracts.names import split_item
    from starter.desk_client import opened
    from starter.errors import UserError

    typed, _ = split_item(text.strip())
    async with opened() as door:
        workflow_id = await _resolved(door, typed)
        question = LogQuestion(workflow_id=workflow_id)
        page = await door.ask(Desk.log, question)
        lines = page.lines
        while page.next_page:
            page = await door.ask(Desk.log, replace(question, page=page.next_page))
            lines += page.lines
    if not lines:
        raise UserError("NOT_FOUND", f"“{workflow_id}”没有办理记录；请核对事项名称。")
    return lines


async def _resolved(door: Door, typed: str) -> str:
    """The procedure meant; else the text itself, which may be all of a unit's or a rollout's."""
    from starter.actions import resolve
    from starter.errors import UserError

    try:
        return await resolve(door, typed)
    except UserError as error:
        if error.code != "NOT_FOUND":
            raise
        return typed


def show(lines: Sequence[LogLine], width: int) -> None:
    """This will print each line, its sentence wrapped beside time and kind."""
    several = len({line.workflow_id for line in lines}) > 1
    current = ""
    for line in lines:
        if line.workflow_id != current:
            current = line.workflow_id
            click.echo(f"{current}" if not several else f"\n{current}")
        for text in laid_out(line, width):
            click.echo(text)
    refused = sum(line.kind == _REFUSED for line in lines)
    click.echo(f"共 {len(lines)} 条" + (f"，其中拒绝 {refused} 条" if refused else "") + "。")


def laid_out(line: LogLine, width: int) -> list[str]:
    """This will lay one log line out: number, time (Asia/Shanghai), kind, sentence."""
    at = line.at.astimezone(SHANGHAI)
    sentence = f"{line.step}：{line.sentence}" if _needs_step(line) else line.sentence
    if line.kind == _REFUSED:
        who = f"{line.unit}{line.person}"
        sentence = f"{who}“{line.verb}”[{line.code}] {line.sentence}"
    elif papers := papers_of(line):
        sentence += f"（凭{papers}）"
    if not line.confirmed:
        sentence += "（待确认）"
    head = f"{line.seq:>4}  {at:%Y-%m-%d %H:%M}  {pad(line.kind, 4)}  "
    room = max(20, width - display_width(head))
    texts = [each for part in printable(sentence).split("\n") for each in wrap(part, room)]
    return [head + texts[0], *(" " * display_width(head) + text for text in texts[1:])]


def papers_of(line: LogLine) -> str:
    """The evidence that an action named: ``纪要 东编委纪〔2026〕2号``; a file where it has no 文号."""
    pieces = line.detail.get("evidence") or ()
    named = (
        f"{piece['name']} {piece.get('doc_no') or piece.get('filename') or ''}".rstrip()
        for piece in pieces
    )
    return "、".join(named)


def _needs_step(line: LogLine) -> bool:
    return bool(line.step) and line.step not in line.sentence

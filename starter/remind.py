"""``jiegai remind``: what went out today and what waits; who must be called; channels and 督办单.

The software reminds by itself, in working hours, one message a morning; here people see what became
of it. Nothing on this screen sends anything but ``channel test``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.remind_channel import channel
from starter.remind_slip import slip
from starter.table import echo_json, render, wrap
from starter.table import terminal_width as how_wide
from starter.which_rollout import which_rollout

if TYPE_CHECKING:
    from contracts.remind import CallLine, ChannelLine, MessageLine, RemindPage
    from starter.desk_client import Door

_WIDE = 100
_SENT, _LAPSED, _TEST = "已发", "失效", "测试"


@click.group(invoke_without_command=True)
@click.option("--unit", default="", metavar="单位", help="只看这个单位的。")
@click.option(
    "--call-list", "call_list", is_flag=True, help="电话通知单：没有通道、通道失效和超期的。"
)
@click.option(
    "--xlsx",
    type=click.Path(path_type=Path),
    metavar="文件",
    help="电话通知单写成工作表，打印后逐一打电话、填结果。",
)
@ROLLOUT_OPTION
@JSON_OPTION
@click.pass_context
def remind(
    ctx: click.Context,
    *,
    unit: str,
    call_list: bool,
    xlsx: Path | None,
    rollout: str,
    as_json: bool,
) -> None:
    """提醒和督办：今日发出的提醒、电话通知单、通道设置、督办单。

    例：jiegai remind；jiegai remind --call-list；jiegai remind channel set --unit 滨河街道 --as 协调员
    """
    if ctx.invoked_subcommand is not None:
        return
    if xlsx is not None and not call_list:
        raise UserError("USAGE", "--xlsx 与 --call-list 一起写。")
    if call_list:
        _call(rollout, unit.strip(), xlsx, as_json=as_json)
        return
    from starter.desk_client import run

    now = datetime.now(UTC)
    chosen, page = run(_today(rollout, unit.strip(), now))
    if as_json:
        echo_json({"rollout": chosen, **asdict(page)})
        return
    for line in today_in_words(chosen, page, now, how_wide()):
        click.echo(printable(line))


remind.add_command(channel)
remind.add_command(slip)


async def _today(rollout: str, unit: str, now: datetime) -> tuple[str, RemindPage]:
    from contracts.remind import RemindDesk, RemindQuestion
    from starter.desk_client import opened

    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        question = RemindQuestion(now=now, rollout=chosen, for_unit=unit)
        page = await door.ask(RemindDesk.today, question)
        refuse(page.code, page.sentence)
        place = page.next_page
        while place:
            more = await door.ask(RemindDesk.today, replace(question, page=place))
            page = replace(page, messages=page.messages + more.messages)
            place = more.next_page
        return chosen, replace(page, next_page="")


def refuse(code: str, sentence: str) -> None:
    """This will raise what the register refused."""
    if code:
        raise UserError(code, sentence, EXIT_REFUSED)


def today_in_words(rollout: str, page: RemindPage, now: datetime, width: int) -> list[str]:
    """This will say what went out today, what did not, and what waits."""
    sent = [one for one in page.messages if one.state == _SENT and one.kind != _TEST]
    unsent = [one for one in page.messages if one.state not in (_SENT, _LAPSED)]
    waiting = sum(one.notices for one in page.waiting)
    when = f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    counts = (
        f"今日已发 {len(sent)} 条（{sum(one.notices for one in sent)} 项通知），"
        f"未发出 {len(unsent)} 条，等下一次汇总 {waiting} 项。"
    )
    out = [f"{rollout} 提醒（截至 {when}）", counts]
    if page.dead:
        out += ["", "失效的通道（每个工作日再试一次，期间请打电话：jiegai remind --call-list）："]
        out += [f"  {text}" for one in page.dead for text in wrap(dead_in_words(one), width - 2)]
    if page.messages:
        out += ["", *_messages(page.messages, width)]
    elif not page.waiting:
        out.append("今日没有要发的提醒；没有设通道的单位见 jiegai remind --call-list。")
    return out


def dead_in_words(one: ChannelLine) -> str:
    """This will say since when a channel is dead, and why."""
    since = f"{one.dead_since.astimezone(SHANGHAI):%m-%d %H:%M}" if one.dead_since else ""
    return (
        f"{one.unit or one.person} {one.kind}（{one.shown}）：{since} 起失效，"
        f"连续 {one.failures} 次未送达，{one.last_error}"
    )


def _messages(messages: Sequence[MessageLine], width: int) -> list[str]:
    heads = ["时间", "状态", "收件", "通道", "项数", "说明"]
    rows: list[list[object]] = [
        [
            _clock(one.sent_at or one.next_try_at or one.made_at),
            one.state,
            one.unit or one.person,
            one.by,
            one.notices or None,
            one.last_error or None,
        ]
        for one in messages
    ]
    if width >= _WIDE:
        heads.insert(4, "类别")
        for row, one in zip(rows, messages, strict=True):
            row.insert(4, one.kind)
    return render(rows, heads, width).split("\n")


def _clock(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%m-%d %H:%M}"


# --- the call list ----------------------------------------------------------------------------


def _call(rollout: str, unit: str, xlsx: Path | None, *, as_json: bool) -> None:
    from starter.desk_client import run

    if xlsx is not None:
        from starter.sheet_style import new_path

        new_path(xlsx, "电话通知单")
    now = datetime.now(UTC)
    chosen, lines = run(_calls(rollout, unit, now))
    if xlsx is not None:
        from starter.remind_sheet import write_calls

        write_calls(xlsx, lines, title=f"{chosen} 电话通知单", now=now)
        if as_json:
            echo_json({"xlsx": str(xlsx), "calls": len(lines)})
        else:
            click.echo(f"已写出 {xlsx}：{len(lines)} 项。")
        return
    if as_json:
        echo_json({"rollout": chosen, "calls": [asdict(line) for line in lines]})
        return
    for text in calls_in_words(chosen, lines, now, how_wide()):
        click.echo(printable(text))


async def _calls(rollout: str, unit: str, now: datetime) -> tuple[str, list[CallLine]]:
    from starter.desk_client import opened

    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        return chosen, [line async for line in _call_lines(door, chosen, unit, now)]


async def _call_lines(
    door: Door, rollout: str, unit: str, now: datetime
) -> AsyncIterator[CallLine]:
    from contracts.remind import RemindDesk, RemindQuestion

    question = RemindQuestion(now=now, rollout=rollout, for_unit=unit)
    place = " "
    while place:
        page = await door.ask(RemindDesk.calls, replace(question, page=place.strip()))
        refuse(page.code, page.sentence)
        for line in page.lines:
            yield line
        place = page.next_page


def calls_in_words(rollout: str, lines: Sequence[CallLine], now: datetime, width: int) -> list[str]:
    """This will say unit by unit whom to call about what; what is overdue longest first."""
    when = f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    units = dict.fromkeys(line.unit for line in lines)
    out = [f"{rollout} 电话通知单（截至 {when}）：{len(units)} 个单位，{len(lines)} 项"]
    if not lines:
        return [*out, "没有要打电话通知的。"]
    for unit in units:
        own = [line for line in lines if line.unit == unit]
        out += ["", *wrap(f"□ {unit}：{people_in_words(own[0])}", width)]
        for line in own:
            text = f"{item_in_words(line)}，{days_in_words(line)}（{line.why}）"
            first, *rest = wrap(text, width - 4)
            out += [f"  - {first}", *(f"    {more}" for more in rest)]
    return out


def people_in_words(line: CallLine) -> str:
    """Who is called: name and post, those who act first."""
    return "、".join(f"{name}（{post}）" for name, post in line.people) or "通讯录里没有办理人"


def item_in_words(line: CallLine) -> str:
    """An item by its last parts, with its task."""
    workflow_id, _, step = line.item.partition("#")
    return f"{'/'.join(workflow_id.split('/')[-2:])} {step}"


def days_in_words(line: CallLine) -> str:
    """When it is due, and how late it is."""
    late = f"，已超期 {line.overdue_days} 天" if line.overdue_days else ""
    return f"时限 {line.due_date}{late}"

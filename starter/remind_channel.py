"""``jiegai remind channel``: by what units and persons are told. Addresses are secrets.

An address is read from a file or typed unseen, never from the command line, which stays in the
shell's history; it is sealed here to the worker's address and is not seen again.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, render, terminal_width
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.remind import ChannelDone, ChannelLine, MessageLine

_TEST_PATIENCE: Final = 75.0
"""Seconds that a test is waited for: a turn of the postman, and its patience with the receiver."""

_ASK_AGAIN: Final = 2.0
_MOST_BYTES: Final = 4_000
_SET_HELP: Final = """设置一个单位或一个人的通道；同种的原通道随即停用，没送到的改走新通道。

\b
地址写法（含口令，只从文件或提示读入，加密后保存，不再显示）：
  邮件      mailto://邮件服务器:25?from=发件人&to=收件人
            mailtos://用户:口令@单位域名:465?smtp=邮件服务器&mode=ssl&to=收件人
  短信网关  json://主机:端口/路径?+请求头=值&:字段=值
            form://主机:端口/路径?:message=content
  企业微信  wecombot://群机器人的key
  钉钉      dingtalk://加签密钥@令牌
  飞书      feishu://令牌
"""
_UNIT = click.option("--unit", "for_unit", default="", metavar="单位", help="哪个单位的通道。")
_WHO = click.option("--person", "for_person", default="", metavar="姓名", help="哪个人的通道。")
_KIND = click.option(
    "--kind",
    default="",
    type=click.Choice(["", "邮件", "HTTP", "企业微信", "钉钉", "飞书"]),
    metavar="种类",
    help="邮件、HTTP、企业微信、钉钉或飞书；不写是全部。",
)


@click.group()
def channel() -> None:
    """提醒通道：设置、列出、测试、停用（协调员）。"""


@channel.command("set", help=_SET_HELP)
@_UNIT
@_WHO
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="文件",
    help="地址写在这个文件里；不写就在提示后输入（不显示）。",
)
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def set_(
    *,
    for_unit: str,
    for_person: str,
    file: Path | None,
    rollout: str,
    person: str,
    as_json: bool,
) -> None:
    """This will set a channel; its help is ``_SET_HELP``."""
    from domain.channel import read_address
    from domain.refusal import Refused
    from starter.desk_client import run

    name = acting_person(person)
    _one_of(for_unit, for_person)
    address = _from_file(file) if file else click.prompt("通道地址（不显示）", hide_input=True)
    address = str(address).strip()
    found = read_address(address)
    if isinstance(found, Refused):
        raise UserError(found.code, found.sentence)
    whom = (for_unit.strip(), for_person.strip())
    answer = run(_set(whom, address, rollout, name))
    if as_json:
        echo_json(asdict(answer))
        return
    line = answer.lines[0]
    what = "与原来相同，没有改动" if answer.same else "已设置"
    click.echo(printable(f"{_whose(line)}的{line.kind}通道{what}：{line.shown}"))
    click.echo(f"测试：jiegai remind channel test {_option(line)} --as {name}")


async def _set(whom: tuple[str, str], address: str, rollout: str, person: str) -> ChannelDone:
    from contracts.remind import (
        ChannelOrder,
        RemindDesk,
        RemindOrders,
        RemindQuestion,
        letter_purpose,
    )
    from runtime.seal import seal_letter
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        key = await door.ask(RemindDesk.key, RemindQuestion(now=now, rollout=chosen))
        _refuse(key.code, key.sentence)
        asked = secrets.token_hex(16)
        order = ChannelOrder(
            now=now,
            rollout=chosen,
            person=person,
            asked=asked,
            sealed=seal_letter(address.encode(), letter_purpose(chosen, asked), key.address),
            for_unit=whom[0],
            for_person=whom[1],
        )
        answer = await door.order(RemindOrders.set_channel, order, f"channel-{asked}")
        _refuse(answer.code, answer.sentence)
        return answer


def _from_file(path: Path) -> str:
    from runtime.failure import why

    try:
        content = path.read_bytes()[: _MOST_BYTES + 1]
    except OSError as error:
        raise UserError("FILE_UNREADABLE", f"不能读 {path}：{why(error)}。") from error
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or "\n" in text or len(content) > _MOST_BYTES:
        raise UserError("CHANNEL_ADDRESS", f"{path} 里应当只有一行通道地址。")
    return text


@channel.command("list")
@_UNIT
@ROLLOUT_OPTION
@JSON_OPTION
def list_(*, for_unit: str, rollout: str, as_json: bool) -> None:
    """列出在用的通道；地址只显示一部分，失效的在前。"""
    from starter.desk_client import run

    lines = run(_list(for_unit.strip(), rollout))
    if as_json:
        echo_json([asdict(line) for line in lines])
        return
    if not lines:
        click.echo("还没有设置通道；设置：jiegai remind channel set --unit 单位 --as 姓名")
        return
    click.echo(printable(table_of_channels(lines, terminal_width())))
    dead = sum(line.dead_since is not None for line in lines)
    click.echo(f"共 {len(lines)} 个通道{f'，失效 {dead} 个' if dead else ''}。")


def table_of_channels(lines: tuple[ChannelLine, ...], width: int) -> str:
    """This will lay channels out."""
    rows = [
        (_whose(one), one.kind, one.shown, state_of(one), one.last_error or None, one.set_by)
        for one in lines
    ]
    heads = ["收件", "种类", "地址", "状态", "最近一次未送达的原因", "设置人"]
    wide = 110
    if width < wide:
        return render([row[:5] for row in rows], [*heads[:4], "原因"], width)
    return render(rows, heads, width)


def state_of(one: ChannelLine) -> str:
    """Whether a channel works: 正常 with the last time, 失效 with since when."""
    if one.dead_since is not None:
        return f"失效（{one.dead_since.astimezone(SHANGHAI):%m-%d}起）"
    if one.failures:
        return f"重试中（{one.failures}次）"
    if one.last_ok_at is None:
        return "还没有用过"
    return f"正常（{one.last_ok_at.astimezone(SHANGHAI):%m-%d %H:%M}）"


async def _list(unit: str, rollout: str) -> tuple[ChannelLine, ...]:
    from contracts.remind import RemindDesk, RemindQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        question = RemindQuestion(now=now, rollout=chosen, for_unit=unit)
        page = await door.ask(RemindDesk.channels, question)
        _refuse(page.code, page.sentence)
        lines, place = page.lines, page.next_page
        while place:
            page = await door.ask(RemindDesk.channels, replace(question, page=place))
            lines, place = lines + page.lines, page.next_page
        return lines


@channel.command()
@_UNIT
@_WHO
@_KIND
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def test(
    *, for_unit: str, for_person: str, kind: str, rollout: str, person: str, as_json: bool
) -> None:
    """发一条测试，等到送达或说明为什么没有送达（一分钟左右）；不分时间。"""
    from starter.desk_client import run

    name = acting_person(person)
    _one_of(for_unit, for_person)
    done, messages = run(_test((for_unit.strip(), for_person.strip()), kind, rollout, name))
    if as_json:
        echo_json(
            {"channels": [asdict(x) for x in done], "messages": [asdict(x) for x in messages]}
        )
    failed = []
    for line in done:
        message = next(
            (one for one in messages if (one.by, one.unit) == (line.kind, line.unit)), None
        )
        state = message.state if message else "待发"
        if state != "已发":
            failed.append(line.kind)
        if not as_json:
            why = f"：{message.last_error}" if message and message.last_error else ""
            click.echo(printable(f"{_whose(line)} {line.kind}（{line.shown}）{_said(state)}{why}"))
    if failed:
        what = "、".join(failed)
        raise UserError("CHANNEL_FAILED", f"{what}通道的测试没有送达。", EXIT_REFUSED)


def _said(state: str) -> str:
    return {"已发": "已送达", "失效": "未送达"}.get(state, "还没有结果，请稍后看 jiegai remind")


async def _test(
    whom: tuple[str, str], kind: str, rollout: str, person: str
) -> tuple[tuple[ChannelLine, ...], tuple[MessageLine, ...]]:
    from contracts.remind import ChannelTrial, RemindDesk, RemindOrders, RemindQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        asked = secrets.token_hex(16)
        order = ChannelTrial(
            now=now,
            rollout=chosen,
            person=person,
            asked=asked,
            for_unit=whom[0],
            for_person=whom[1],
            kind=kind,
        )
        done = await door.order(RemindOrders.try_channel, order, f"trial-{asked}")
        _refuse(done.code, done.sentence)
        question = RemindQuestion(now=now, rollout=chosen, message_ids=done.message_ids)
        waited = 0.0
        while True:
            page = await door.ask(RemindDesk.today, question)
            settled = all(one.state in ("已发", "失效") for one in page.messages)
            if settled or waited >= _TEST_PATIENCE:
                return done.lines, page.messages
            await asyncio.sleep(_ASK_AGAIN)
            waited += _ASK_AGAIN


@channel.command()
@_UNIT
@_WHO
@_KIND
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def end(
    *, for_unit: str, for_person: str, kind: str, rollout: str, person: str, as_json: bool
) -> None:
    """停用通道；没送到的事项此后在电话通知单上。"""
    from starter.desk_client import run

    name = acting_person(person)
    _one_of(for_unit, for_person)
    answer = run(_end((for_unit.strip(), for_person.strip()), kind, rollout, name))
    if as_json:
        echo_json(asdict(answer))
        return
    for line in answer.lines:
        click.echo(printable(f"已停用 {_whose(line)}的{line.kind}通道（{line.shown}）。"))


async def _end(whom: tuple[str, str], kind: str, rollout: str, person: str) -> ChannelDone:
    from contracts.remind import ChannelEnd, RemindOrders
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        order = ChannelEnd(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            person=person,
            for_unit=whom[0],
            for_person=whom[1],
            kind=kind,
        )
        key = f"channel-end-{secrets.token_hex(8)}"
        answer = await door.order(RemindOrders.end_channel, order, key)
        _refuse(answer.code, answer.sentence)
        return answer


def _one_of(unit: str, person: str) -> None:
    if bool(unit.strip()) == bool(person.strip()):
        raise UserError("USAGE", "请写 --unit 单位 或 --person 姓名，其中一个。")


def _refuse(code: str, sentence: str) -> None:
    if code:
        raise UserError(code, sentence, EXIT_REFUSED)


def _whose(line: ChannelLine) -> str:
    return line.unit or line.person


def _option(line: ChannelLine) -> str:
    return f"--unit {line.unit}" if line.unit else f"--person {line.person}"

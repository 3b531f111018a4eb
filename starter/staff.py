"""``jiegai staff``: persons of the register, masked; unmasked only with a reason, written down.

The service answers sealed; what people read here is opened on this computer.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, render, terminal_width
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.staff import StaffQuestion, StaffReadsPage

_WIDE = 100

_AS = click.option("--as", "person", default="", metavar="姓名", help="查看人。")


@click.group()
def staff() -> None:
    """人员：查看登记的人员（默认遮住姓名和身份证号）。"""


@staff.command()
@click.option("--unit", default="", metavar="单位", help="只看现在这个单位的人员。")
@click.option("--key", default="", metavar="人员编号", help="只看这一人。")
@click.option("--unmask", is_flag=True, help="显示姓名和身份证号；每次都记录在案。")
@click.option("--reason", default="", metavar="理由", help="为什么要看（--unmask 必写）。")
@ROLLOUT_OPTION
@_AS
@JSON_OPTION
def show(
    *,
    unit: str,
    key: str,
    unmask: bool,
    reason: str,
    rollout: str,
    person: str,
    as_json: bool,
) -> None:
    """查看本单位（协调员：所管单位）的人员。

    例：jiegai staff show --unit 甲区司法局 --unmask --reason 核对档案 --as 区协调员
    """
    from domain.personal import personal_fault
    from starter.desk_client import run
    from starter.upload import own_seal

    name = acting_person(person)
    if unmask and not reason.strip():
        raise UserError("REASON_MISSING", "查看姓名和身份证号须写明理由（--reason）。")
    if fault := personal_fault(reason, key):
        raise UserError(fault.code, fault.sentence)
    own_seal()
    asked = (unit.strip(), key.strip(), reason.strip() if unmask else "")
    lines = run(_show(asked, rollout, name, unmask=unmask))
    if as_json:
        echo_json(lines)
        return
    if not lines:
        click.echo("没有登记的人员。")
        return
    click.echo(_table(lines))
    for said in _ways_down(lines):
        click.echo(said)
    click.echo(f"共 {len(lines)} 人。" + ("本次查看已记录在案。" if unmask else ""))


def _table(lines: list[dict[str, Any]]) -> str:
    """The persons; one unit is said once, and keys are never cut off."""
    units = {one["now_in"] for one in lines}
    heads = ["人员编号", "姓名", "身份证号", "类型"]
    rows = [[one["key"], one["name"], one["number"], _type(one)] for one in lines]
    more = {"单位": "now_in", "职务": "title"} if terminal_width() >= _WIDE else {}
    if len(units) == 1:
        click.echo(f"{units.pop()}：")
        more = {"职务": "title"}
    elif not more:
        more = {"单位": "now_in"}
    for head, field in more.items():
        heads.append(head)
        for row, one in zip(rows, lines, strict=True):
            row.append(one[field])
    if any(one["sink_mode"] for one in lines):
        heads.append("下沉方式")
        for row, one in zip(rows, lines, strict=True):
            row.append(one["sink_mode"])
    return render(rows, heads)


def _ways_down(lines: list[dict[str, Any]]) -> list[str]:
    """Each way in which persons here went down: whose they are, and who appraises them."""
    ways = Counter(
        (one["sink_mode"], one["attributes"], one["appraisal"]) for one in lines if one["sink_mode"]
    )
    return [
        f"{mode} {people} 人：{whose}；考核：{who or '方案未定（进驻考核街道占比）'}。"
        for (mode, whose, who), people in sorted(ways.items())
    ]


def _type(one: dict[str, Any]) -> str:
    leading = one["leader_type"].removeprefix("领导·")
    return f"{one['type']}·{leading}" if leading else str(one["type"])


async def _show(
    asked: tuple[str, str, str], rollout: str, person: str, *, unmask: bool
) -> list[dict[str, Any]]:
    from contracts.staff import StaffDesk, StaffQuestion
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    lines: list[dict[str, Any]] = []
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        await refuse_names(door, chosen, [("理由", asked[2])])
        question = StaffQuestion(
            now=now,
            rollout=chosen,
            person=person,
            asked=secrets.token_hex(8),
            unit=asked[0],
            key=asked[1],
            unmask=unmask,
            reason=asked[2],
        )
        place = " "
        while place:
            page = await door.ask(StaffDesk.show, replace(question, page=place.strip()))
            if page.code:
                raise UserError(page.code, page.sentence, EXIT_REFUSED)
            lines += _opened(question, page.sealed)
            place = page.next_page
    return lines


def _opened(question: StaffQuestion, sealed: str) -> list[dict[str, Any]]:
    from contracts.sealed import page_purpose
    from starter.upload import own_seal

    content = own_seal().open(sealed, page_purpose(question.rollout, question.asked))
    if content is None:
        raise UserError(
            "SECRET_KEY_DIFFERS",
            "答复打不开：本机与执行程序的密钥（JIEGAI_SECRET_KEY）不同，请向运维核对。",
            EXIT_REFUSED,
        )
    found: list[dict[str, Any]] = json.loads(content)
    return found


@staff.command()
@click.option("--key", default="", metavar="人员编号", help="只看这一人的查阅记录。")
@ROLLOUT_OPTION
@_AS
@JSON_OPTION
def reads(*, key: str, rollout: str, person: str, as_json: bool) -> None:
    """列出谁在何时、为什么查看过姓名和身份证号（协调员）。"""
    from starter.desk_client import run

    page = run(_reads(key.strip(), rollout, acting_person(person)))
    if page.code:
        raise UserError(page.code, page.sentence, EXIT_REFUSED)
    if as_json:
        echo_json(asdict(page))
        return
    if not page.lines:
        click.echo("没有人查看过。")
        return
    rows = [
        (f"{r.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}", r.key, r.person, r.unit, r.reason)
        for r in page.lines
    ]
    click.echo(printable(render(rows, ("时间", "人员编号", "查看人", "单位", "理由"))))


async def _reads(key: str, rollout: str, person: str) -> StaffReadsPage:
    from contracts.staff import StaffDesk, StaffReadsQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        question = StaffReadsQuestion(
            now=now, rollout=await which_rollout(door, rollout, now), person=person, key=key
        )
        page = await door.ask(StaffDesk.reads, question)
        place = page.next_page
        while place:
            more = await door.ask(StaffDesk.reads, replace(question, page=place))
            page = replace(page, lines=page.lines + more.lines)
            place = more.next_page
        return replace(page, next_page="")

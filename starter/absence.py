"""``jiegai absence``: who is away, who acts instead, and the early return.

A substitute sees what is already in the inbox and what arrives. Chains resolve by themselves; a
circle, two absences on one day and a substitute nobody knows are refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from starter.errors import EXIT_REFUSED, UserError
from starter.parameters import DAY
from starter.people import absence_in_words
from starter.table import echo_json, render
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.people import AbsenceEnd, AbsenceKept, AbsenceOrder, AbsencePage

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _rollout_option(command: _Command) -> _Command:
    given = "哪次改革；只登记了一次时可不写。"
    return click.option("--rollout", default="", metavar="改革", help=given)(command)


@click.group()
def absence() -> None:
    """请假代办：登记、查看、销假。"""


@absence.command()
@click.argument("absent", metavar="姓名")
@click.option("--from", "from_day", type=DAY, required=True, help="从哪天起。")
@click.option("--to", "to_day", type=DAY, required=True, help="到哪天止（含当日）。")
@click.option("--by", "substitute", required=True, metavar="姓名", help="代办人。")
@click.option("--reason", default="", metavar="事由", help="请假事由，如 病假、学习。")
@click.option("--paper", default="", metavar="文号", help="批准请假的文号，如有。")
@_rollout_option
@click.option(
    "--as", "person", default="", metavar="姓名", help="登记人：本人、第一责任人或协调员。"
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def add(*, from_day: date, to_day: date, rollout: str, as_json: bool, **typed: str) -> None:
    """登记请假，由代办人办理已有的和新到的待办。

    例：jiegai absence add 张三 --from 2026-12-01 --to 2026-12-10 --by 李四 --as 张三
    """
    from domain.personal import personal_fault
    from starter.desk_client import run

    said = {name: text.strip() for name, text in typed.items()}
    said["person"] = acting_person(typed["person"])
    if fault := personal_fault(*said.values()):
        raise UserError(fault.code, fault.sentence)
    kept = run(_add(from_day, to_day, rollout, said))
    _fail_or_print(kept, as_json=as_json)
    if as_json or kept.line is None:
        return
    done = "已登记" if kept.applied else "已经登记过，没有再登记"
    click.echo(f"{done}：{absence_in_words(kept.line)}")
    for warning in kept.warnings:
        click.echo(f"提醒：{warning}")
    if kept.applied and kept.line.substitute:
        who = kept.line.substitute
        click.echo(f"{who}现有待办 {kept.open_items} 项：jiegai inbox --person {who}")


async def _add(from_day: date, to_day: date, rollout: str, said: dict[str, str]) -> AbsenceKept:
    from contracts.people import AbsenceOrder, People
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        order = AbsenceOrder(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            absent=said["absent"],
            by=said["substitute"],
            from_day=from_day,
            to_day=to_day,
            reason=said["reason"],
            paper=said["paper"],
            person=said["person"],
        )
        return await door.order(People.add_absence, order, _key(order))


@absence.command("list")
@_rollout_option
@click.option("--all", "everything", is_flag=True, help="已到期的和已销假的也列出。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def list_absences(*, rollout: str, everything: bool, as_json: bool) -> None:
    """列出请假中的和将要请假的。"""
    from starter.desk_client import run

    page = run(_list(rollout, everything=everything))
    if page.unknown:
        raise UserError("UNKNOWN_ROLLOUT", f"没有登记改革“{page.unknown[0]}”。")
    if as_json:
        echo_json(asdict(page))
        return
    if not page.lines:
        click.echo("没有登记请假。")
        return
    rows = [
        (
            one.person,
            one.from_day,
            one.to_day,
            one.by if one.by == one.substitute else f"{one.by}→{one.substitute}",
            one.state,
            "；".join(text for text in (one.reason, one.paper) if text),
        )
        for one in page.lines
    ]
    click.echo(render(rows, ("姓名", "从", "到", "代办人", "状态", "事由")))


async def _list(rollout: str, *, everything: bool) -> AbsencePage:
    from contracts.people import AbsenceQuestion, People
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        question = AbsenceQuestion(now=now, rollout=chosen, everything=everything)
        return await door.ask(People.absences, question)


@absence.command()
@click.argument("absent", metavar="姓名")
@click.option("--from", "from_day", type=DAY, help="登记了几次时，销从哪天起的那一次。")
@_rollout_option
@click.option(
    "--as", "person", default="", metavar="姓名", help="登记人：本人、第一责任人或协调员。"
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def end(*, absent: str, from_day: date | None, rollout: str, person: str, as_json: bool) -> None:
    """销假：从现在起由本人办理。"""
    from starter.desk_client import run

    kept = run(_end(absent.strip(), from_day, rollout, acting_person(person)))
    _fail_or_print(kept, as_json=as_json)
    if not as_json and kept.line is not None:
        click.echo(f"已销假：{absence_in_words(kept.line)}")


async def _end(absent: str, from_day: date | None, rollout: str, person: str) -> AbsenceKept:
    from contracts.people import AbsenceEnd, People
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        order = AbsenceEnd(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            absent=absent,
            from_day=from_day,
            person=person,
        )
        return await door.order(People.end_absence, order, _key(order))


def _fail_or_print(kept: AbsenceKept, *, as_json: bool) -> None:
    if as_json:
        echo_json(asdict(kept))
    if kept.code:
        raise UserError(kept.code, kept.sentence, EXIT_REFUSED)


def _key(order: AbsenceOrder | AbsenceEnd) -> str:
    return f"absence-{hashlib.sha256(repr(order).encode()).hexdigest()[:32]}"

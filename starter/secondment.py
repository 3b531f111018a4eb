"""``jiegai secondment``: street people at the district's organs, and their way back (3-08).

The sheet is sealed before it leaves; lists show keys.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.census import refuse_sheet
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, pasted, render, terminal_width
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.secondment import SecondmentImported, SecondmentPage, SecondmentReturned
    from domain.secondment import Seconded, Totals
    from starter.census_file import FilledSecondments

_WIDE = 100


@click.group()
def secondment() -> None:
    """借调清退：机关部门抽调的街道、社区工作人员，登记、列出、归还。"""


@secondment.command()
@click.argument("out", metavar="文件.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@JSON_OPTION
def template(*, out: Path, as_json: bool) -> None:
    """写出空白的借调表。"""
    from starter.census_file import write_secondment_template

    write_secondment_template(out)
    if as_json:
        echo_json({"file": str(out)})
        return
    click.echo(f"已写出借调表 {out}。填好后检查：")
    click.echo(f"  jiegai secondment import {pasted(out)} --check --as 姓名")


@secondment.command("import")
@click.argument("file", metavar="借调表", type=click.Path(path_type=Path))
@ROLLOUT_OPTION
@click.option("--check", "only_check", is_flag=True, help="只检查，不导入。")
@PERSON_OPTION
@JSON_OPTION
def import_secondments(
    *, file: Path, rollout: str, only_check: bool, person: str, as_json: bool
) -> None:
    """导入借调表；已登记的不重复，错误一次列全，有一处错误就全部不导入。"""
    from starter.census_file import read_secondments
    from starter.desk_client import run
    from starter.upload import own_seal

    name = acting_person(person)
    own_seal()
    filled = read_secondments(file)
    answer = run(_import(filled, rollout, name, only_check=only_check))
    findings = (*filled.findings, *answer.findings)
    refuse_sheet(file, "SECONDMENT_INVALID", findings, answer.errors, as_json=as_json)
    if as_json:
        echo_json(asdict(answer))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if as_json:
        return
    if only_check:
        click.echo(f"没有错误：新增 {answer.new} 人，已登记 {answer.same} 人。尚未导入。")
    elif not answer.applied:
        click.echo(f"{answer.same} 人都已登记，没有改动。")
    else:
        click.echo(f"已登记借调 {answer.new} 人（另有 {answer.same} 人先前已登记）。")


async def _import(
    filled: FilledSecondments, rollout: str, person: str, *, only_check: bool
) -> SecondmentImported:
    from contracts.secondment import SecondmentImport, Secondments
    from starter.desk_client import opened
    from starter.upload import own_seal, upload

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        token, pieces = await upload(
            door, own_seal(), (chosen, person), filled.content, len(filled.rows)
        )
        order = SecondmentImport(
            now=now,
            rollout=chosen,
            person=person,
            upload=token,
            pieces=pieces,
            only_check=only_check or bool(filled.findings),
        )
        return await door.order(Secondments.import_secondments, order, f"secondment-{token}")


@secondment.command("list")
@click.option(
    "--months",
    type=click.IntRange(1, 600),
    default=None,
    metavar="月数",
    help="满几个月算长期；不写不区分。",
)
@click.option("--away", is_flag=True, help="只列尚未归还的。")
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def list_(*, months: int | None, away: bool, rollout: str, person: str, as_json: bool) -> None:
    """列出借调人员（只有编号）和合计：在外、逾期、长期、已清退。

    写 --as 的，只列其可以查看的单位。例：jiegai secondment list --months 12 --away
    """
    from domain.secondment import totals
    from starter.desk_client import run

    page = run(_list(rollout, person.strip()))
    today = datetime.now(SHANGHAI).date()
    counted = totals(page.lines, today, months)
    lines = [one for one in page.lines if one.returned_on is None or not away]
    if as_json:
        echo_json({"lines": [asdict(one) for one in lines], "totals": asdict(counted)})
        return
    if not page.lines:
        click.echo("没有登记的借调。")
        return
    if lines:
        click.echo(printable(table_of(lines, today, months)))
    click.echo(in_sum(counted, months))


def table_of(lines: list[Seconded], today: date, months: int | None) -> str:
    """The secondments; a key is never cut off, so a narrow terminal goes without reasons."""
    heads = ["人员编号", "所属街道", "借调单位", "借调日期", "归还"]
    rows = [
        [one.staff, one.street, one.organ, f"{one.since:%y-%m-%d}", _state(one, today, months)]
        for one in lines
    ]
    if terminal_width() >= _WIDE:
        heads.append("事由")
        for row, one in zip(rows, lines, strict=True):
            row.append(one.reason)
    return render(rows, heads)


def _state(one: Seconded, today: date, months: int | None) -> str:
    if one.returned_on is not None:
        return f"{one.returned_on:%y-%m-%d}已还"
    long = "长期" if months is not None and one.is_long(months, today) else ""
    if one.due_back is None:
        return f"在外{long}"
    return f"{'逾期' if one.is_late(today) else '应于'}{one.due_back:%y-%m-%d}{long}"


def in_sum(counted: Totals, months: int | None) -> str:
    """All together: ``共 21 人：在外 3，逾期 1；长期（满12个月）20，其中已清退 18。``"""
    long = "" if months is None else f"；长期（满{months}个月）{counted.long}"
    back = "" if months is None else f"，其中已清退 {counted.long_back}"
    returned = counted.all - counted.away
    return (
        f"共 {counted.all} 人次：在外 {counted.away}，其中逾期 {counted.late}，"
        f"已归还 {returned}{long}{back}。"
    )


async def _list(rollout: str, person: str) -> SecondmentPage:
    from contracts.secondment import SecondmentQuestion, Secondments
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        question = SecondmentQuestion(
            now=now, rollout=await which_rollout(door, rollout, now), person=person
        )
        page = await door.ask(Secondments.show, question)
        place = page.next_page
        while place:
            more = await door.ask(Secondments.show, replace(question, page=place))
            page = replace(page, lines=page.lines + more.lines)
            place = more.next_page
    if page.code:
        raise UserError(page.code, page.sentence, EXIT_REFUSED)
    return replace(page, next_page="")


@secondment.command("return")
@click.argument("keys", metavar="人员编号...", nargs=-1, required=True)
@click.option("--on", type=DAY, required=True, help="归还日期。")
@click.option("--paper", default="", metavar="文号", help="依据的文号。")
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def return_(
    *, keys: tuple[str, ...], on: date, paper: str, rollout: str, person: str, as_json: bool
) -> None:
    """登记归还（清退）：写明日期和文号；几个人要么都登记，要么都不登记。"""
    from domain.staff import KEY_FORM
    from starter.desk_client import run

    name = acting_person(person)
    if not all(KEY_FORM.fullmatch(key) for key in keys):
        # What was written may be a name: it is neither sent nor repeated.
        raise UserError("STAFF_KEY", "人员只写编号（p- 加16位），见 jiegai secondment list。")
    if not paper.strip():
        raise UserError("PAPER_MISSING", "清退须写明依据的文号（--paper）。")
    answer = run(_return(tuple(dict.fromkeys(keys)), on, paper.strip(), rollout, name))
    if as_json:
        echo_json(asdict(answer))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if not as_json:
        before = f"（{answer.before} 人先前已登记）" if answer.before else ""
        click.echo(f"已登记 {answer.returned} 人于 {on} 归还{before}。")


async def _return(
    keys: tuple[str, ...], on: date, paper: str, rollout: str, person: str
) -> SecondmentReturned:
    from contracts.secondment import SecondmentReturn, Secondments
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        order = SecondmentReturn(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            person=person,
            keys=keys,
            on=on,
            paper=paper,
        )
        return await door.order(
            Secondments.give_back, order, f"return-{keys[0]}-{now:%Y%m%d%H%M%S%f}"
        )

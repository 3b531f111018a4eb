"""``jiegai people``: who holds which post, a sheet of changes, one person in place of another.

Nothing here decides: the registers compare, refuse or apply, each order in one commit with the
paper that it rests on.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.findings import echo_findings
from starter.parameters import DAY, SHANGHAI
from starter.table import echo_json, pasted, render
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.people import (
        AbsenceLine,
        PeopleImported,
        PeoplePage,
        PostLine,
        Replaced,
        UnitLine,
    )
    from domain.refusal import Finding
    from starter.people_file import PeopleSheet

_MOST_ROWS = 50
_MOST_CHANGES = 5


@click.group()
def people() -> None:
    """通讯录：导入、更换、查看办理人。"""


@people.command()
@click.argument("out", metavar="文件.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def template(*, out: Path, as_json: bool) -> None:
    """写出空白的人员表。"""
    from starter.people_file import write_template

    write_template(out)
    if as_json:
        echo_json({"file": str(out)})
        return
    click.echo(f"已写出人员表 {out}。只填有变动的人，填好后查看变动：")
    click.echo(f"  jiegai people import {pasted(out)} --check --as 姓名")


@people.command("import")
@click.argument("file", metavar="人员表", type=click.Path(path_type=Path))
@click.option("--rollout", default="", metavar="改革", help="哪次改革；只登记了一次时可不写。")
@click.option("--paper", default="", metavar="文号", help="依据的任免文件或通知的文号。")
@click.option("--check", "only_check", is_flag=True, help="只检查并列出变动，不导入。")
@click.option("--as", "person", default="", metavar="姓名", help="办理人（协调员）。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def import_people(
    *, file: Path, rollout: str, paper: str, only_check: bool, person: str, as_json: bool
) -> None:
    """导入人员表（单位、姓名、职务，可加起始日、终止日），列出变动并生效。

    表里没有写的人保持不变；全表的错误一次列出，有一处错误就全部不导入。
    """
    from starter.desk_client import run
    from starter.people_file import read_people

    name = acting_person(person)
    if not only_check and not paper.strip():
        raise UserError(
            "PAPER_MISSING", "人员变动须写明依据的文号（--paper）；只查看变动用 --check。"
        )
    sheet = read_people(file)
    answer = run(_import(sheet, rollout, paper.strip(), name, only_check=only_check))
    findings = sheet.findings + answer.findings
    errors = [one for one in findings if one.is_error]
    if errors:
        _refuse_sheet(file, findings, len(errors), as_json=as_json)
    if as_json:
        echo_json(asdict(answer))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if not as_json:
        _show_import(answer, only_check=only_check)


async def _import(
    sheet: PeopleSheet, rollout: str, paper: str, person: str, *, only_check: bool
) -> PeopleImported:
    from contracts.people import People, PeopleImport
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        order = PeopleImport(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            rows=sheet.rows,
            content_key=sheet.content_key,
            paper=paper,
            person=person,
            only_compare=only_check or bool(sheet.findings),
        )
        return await door.order(People.import_people, order, _key("people", now, order.rollout))


def _refuse_sheet(
    file: Path, findings: Sequence[Finding], errors: int, *, as_json: bool
) -> NoReturn:
    shown = [one for one in findings if one.is_error] if as_json else findings
    echo_findings(shown, as_json=as_json)
    raise UserError("PEOPLE_INVALID", f"{file} 有{errors}处错误，没有导入任何一行。")


def _show_import(answer: PeopleImported, *, only_check: bool) -> None:
    if not answer.total:
        click.echo(f"与现任没有不同，没有改动（通讯录第 {answer.version} 版）。")
        return
    rows = [(one.kind, *_post_cells(one.post)) for one in answer.changes[:_MOST_ROWS]]
    click.echo(render(rows, ("变动", "单位", "姓名", "职务", "起", "止")))
    if answer.total > len(rows):
        click.echo(f"……另有 {answer.total - len(rows)} 项，见 --json")
    for one in answer.findings:
        click.echo(printable(f"提醒[{one.code}] {one.sentence}"))
    if only_check:
        click.echo(f"共 {answer.total} 项变动，尚未导入；导入请去掉 --check 并写 --paper 文号。")
    else:
        click.echo(f"已导入 {answer.total} 项变动，通讯录第 {answer.version} 版。")


@people.command("replace")
@click.argument("old", metavar="原任")
@click.argument("new", metavar="接替人")
@click.option("--unit", default="", metavar="单位", help="只接替这个单位的职务；不写为全部。")
@click.option("--rollout", default="", metavar="改革", help="哪次改革；只登记了一次时可不写。")
@click.option("--paper", default="", metavar="文号", help="依据的任免文件或通知的文号。")
@click.option("--as", "person", default="", metavar="姓名", help="办理人（协调员）。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def replace_person(
    *, old: str, new: str, unit: str, rollout: str, paper: str, person: str, as_json: bool
) -> None:
    """由接替人接替原任的全部职务，在办事项随职务移交。

    例：jiegai people replace 张三 李四 --paper 海编办〔2026〕3号 --as 海勃湾区协调员
    """
    from starter.desk_client import run

    name = acting_person(person)
    if not paper.strip():
        raise UserError("PAPER_MISSING", "人员变动须写明依据的文号（--paper）。")
    answer = run(_replace((old.strip(), new.strip(), unit.strip()), rollout, paper.strip(), name))
    if as_json:
        echo_json(asdict(answer))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if as_json:
        return
    if not answer.applied:
        click.echo(f"已经更换过（通讯录第 {answer.version} 版），没有再改动。")
        return
    click.echo(f"{new}接替{old}，通讯录第 {answer.version} 版：")
    rows = [(one.unit, one.role) for one in answer.ended]
    click.echo(render(rows, ("单位", "职务")))
    _show_taken_over(answer, new)


def _show_taken_over(answer: Replaced, new: str) -> None:
    held = len(answer.ended) - len(answer.begun)
    if held:
        click.echo(f"其中 {held} 项职务{new}原已担任。")
    for warning in answer.warnings:
        click.echo(f"提醒：{warning}")
    click.echo(f"{new}现有待办 {answer.open_items} 项：jiegai inbox --person {new}")


async def _replace(who: tuple[str, str, str], rollout: str, paper: str, person: str) -> Replaced:
    from contracts.people import People, Replacement
    from starter.desk_client import opened

    now = datetime.now(UTC)
    old, new, unit = who
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        content = f"{chosen}\n{old}\n{new}\n{unit}\n{paper}\n{person}"
        order = Replacement(
            now=now,
            rollout=chosen,
            old=old,
            new=new,
            unit=unit,
            paper=paper,
            person=person,
            content_key=hashlib.sha256(content.encode()).hexdigest(),
        )
        return await door.order(People.replace, order, _key("replace", now, content))


@people.command()
@click.option("--rollout", default="", metavar="改革", help="哪次改革；只登记了一次时可不写。")
@click.option("--unit", default="", metavar="单位", help="只看这个单位。")
@click.option("--person", default="", metavar="姓名", help="只看这个人的职务。")
@click.option("--on", type=DAY, help="看某一天（当日终了）的任职，默认现在。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def show(*, rollout: str, unit: str, person: str, on: date | None, as_json: bool) -> None:
    """查看各单位的人员、请假代办和空缺。"""
    from starter.desk_client import run

    page = run(_show(rollout, unit.strip(), person.strip(), on))
    if page.unknown:
        names = "、".join(f"“{name}”" for name in page.unknown)
        raise UserError("UNKNOWN_NAME", f"通讯录里没有{names}，请核对写法。")
    if as_json:
        echo_json(asdict(page))
        return
    _show_people(page, on)


async def _show(rollout: str, unit: str, person: str, on: date | None) -> PeoplePage:
    from contracts.people import People, PeopleQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        question = PeopleQuestion(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            unit=unit,
            person=person,
            on=on,
        )
        page = await door.ask(People.show, question)
        place = page.next_page
        while place:
            more = await door.ask(People.show, replace(question, page=place))
            page = replace(page, units=page.units + more.units)
            place = more.next_page
        return replace(page, next_page="")


def _show_people(page: PeoplePage, on: date | None) -> None:
    when = f"{on}的" if on else ""
    posts = sum(len(unit.posts) for unit in page.units)
    vacant = sum(len(unit.vacant) for unit in page.units)
    gaps = f"，空缺 {vacant} 项" if vacant else ""
    click.echo(
        f"“{page.rollout}”{when}通讯录（第 {page.version} 版）："
        f"{len(page.units)} 个单位，{posts} 项职务{gaps}。"
    )
    if rows := [row for unit in page.units for row in unit_rows(unit)]:
        click.echo()
        click.echo(render(rows, ("单位", "职务", "姓名", "起", "说明")))
    if page.absences:
        click.echo()
        click.echo("请假：")
        for one in page.absences:
            click.echo(f"  {absence_in_words(one)}")
    if page.changes:
        click.echo()
        click.echo("最近变动：")
        for change in page.changes[:_MOST_CHANGES]:
            at = change.at.astimezone(SHANGHAI)
            paper = f"（{change.paper}）" if change.paper else ""
            who = change.person or "—"
            click.echo(
                printable(
                    f"  第{change.version}版 {at:%Y-%m-%d %H:%M} {who}：{change.reason}{paper}"
                )
            )


def unit_rows(unit: UnitLine) -> list[tuple[str, str, str, str, str]]:
    """The lines of one unit: its people, and what nobody holds."""
    rows = []
    for post in unit.posts:
        _, person, role, since, until = _post_cells(post)
        notes = []
        if post.substitute:
            notes.append(f"请假，由{post.substitute}代办")
        if until:
            notes.append(f"到{until}止")
        rows.append((unit.unit, role, person, since, "；".join(notes)))
    rows += [(unit.unit, role, "（空缺）", "", "") for role in unit.vacant]
    if unit.recorder:
        rows.append((unit.unit, "代录单位", unit.recorder, "", "由其办理人代录"))
    return rows


def absence_in_words(one: AbsenceLine) -> str:
    """One absence in a line: ``甲 2026-12-01至2026-12-10 由乙代办（请假中）``."""
    days = f"{one.from_day}至{one.to_day}" if one.from_day != one.to_day else f"{one.from_day}"
    is_chain = one.substitute not in ("", one.by)
    chain = f"，{one.by}不在，实由{one.substitute}代办" if is_chain else ""
    why = f"；{one.reason}" if one.reason else ""
    paper = f"；{one.paper}" if one.paper else ""
    return printable(f"{one.person} {days} 由{one.by}代办{chain}（{one.state}{why}{paper}）")


def _post_cells(post: PostLine) -> tuple[str, str, str, str, str]:
    since = post.since.astimezone(SHANGHAI).date().isoformat()
    until = ""
    if post.until is not None:
        # The end is an instant; the last day held is the one before midnight.
        until = (post.until.astimezone(SHANGHAI) - timedelta(microseconds=1)).date().isoformat()
    return post.unit, post.person, post.role, since, until


def _key(what: str, now: datetime, content: str) -> str:
    digest = hashlib.sha256(f"{now.isoformat()}\n{content}".encode()).hexdigest()
    return f"{what}-{digest[:32]}"

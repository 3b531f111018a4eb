"""``jiegai census``: the baseline of every unit, signed by the unit and locked by the coordinator.

Rows with names are sealed before they leave this computer; what comes back names cells.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.findings import echo_findings
from starter.parameters import JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, pasted, render
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.census import (
        CensusImported,
        CensusLine,
        CensusLocked,
        CensusPage,
        CensusSigned,
        CensusTypesSet,
        LockLine,
    )
    from domain.refusal import Finding
    from starter.census_file import FilledCensus

_MOST_FINDINGS = 1_000


@click.group()
def census() -> None:
    """清查：机构、编制、人员底数的导入、签字、检查、锁定。"""


@census.command()
@click.argument("out", metavar="文件.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@JSON_OPTION
def template(*, out: Path, as_json: bool) -> None:
    """写出空白的清查表（单位概况、编制、人员三张）。"""
    from starter.census_file import write_census_template

    write_census_template(out)
    if as_json:
        echo_json({"file": str(out)})
        return
    click.echo(f"已写出清查表 {out}。填好后检查：")
    click.echo(f"  jiegai census import {pasted(out)} --check --as 姓名")


@census.command("import")
@click.argument("file", metavar="清查表", type=click.Path(path_type=Path))
@ROLLOUT_OPTION
@click.option("--check", "only_check", is_flag=True, help="只检查，不导入。")
@PERSON_OPTION
@JSON_OPTION
def import_census(
    *, file: Path, rollout: str, only_check: bool, person: str, as_json: bool
) -> None:
    """导入清查表；写到的单位整体替换，错误一次列全，有一处错误就全部不导入。

    姓名和身份证号加密后传送。锁定以后不再接受导入。
    """
    from starter.census_file import read_census
    from starter.desk_client import run
    from starter.upload import own_seal

    name = acting_person(person)
    own_seal()
    filled = read_census(file)
    answer = run(_import(filled, rollout, name, only_check=only_check))
    findings = (*filled.findings, *answer.findings)
    refuse_sheet(file, "CENSUS_INVALID", findings, answer.errors, as_json=as_json)
    if as_json:
        echo_json(asdict(answer))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if not as_json:
        _show_import(answer, only_check=only_check)


async def _import(
    filled: FilledCensus, rollout: str, person: str, *, only_check: bool
) -> CensusImported:
    from contracts.census import Census, CensusImport
    from starter.desk_client import opened
    from starter.upload import own_seal, said, upload

    now = datetime.now(UTC)
    said(f"已读取 {filled.rows} 行", filled.rows)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        token, pieces = await upload(
            door, own_seal(), (chosen, person), filled.content, filled.rows
        )
        order = CensusImport(
            now=now,
            rollout=chosen,
            person=person,
            upload=token,
            pieces=pieces,
            only_check=only_check or bool(filled.findings),
        )
        return await door.order(Census.import_census, order, f"census-{token}")


def refuse_sheet(
    file: Path, code: str, findings: Sequence[Finding], errors: int, *, as_json: bool
) -> None:
    """This will print what is wrong with a sheet and raise, if something is.

    ``errors`` counts what the service found, also what did not fit into its answer.
    """
    found = [one for one in findings if one.is_error]
    total = max(errors + sum(1 for one in found if one.code in _OF_WORKBOOK), len(found))
    if not total:
        return
    shown = found if as_json else found[:_MOST_FINDINGS]
    echo_findings(shown, as_json=as_json, total=total)
    if total > len(shown) and not as_json:
        click.echo(f"……另有 {total - len(shown)} 处，改正后再检查。")
    raise UserError(code, f"{file} 有{total}处错误，没有导入任何一行。")


_OF_WORKBOOK = frozenset({"ID_AS_QUANTITY", "MERGED_CELLS", "FORMULA_WITHOUT_VALUE"})


def _show_import(answer: CensusImported, *, only_check: bool) -> None:
    what = f"{answer.units} 个单位，{answer.people} 人"
    if only_check:
        click.echo(f"没有错误：{what}，{answer.changed} 个单位与已导入的不同。尚未导入。")
    elif not answer.applied:
        click.echo(f"与已导入的相同（{what}），没有改动（清查第 {answer.version} 版）。")
    else:
        click.echo(f"已导入 {what}，清查第 {answer.version} 版。")
        click.echo(f"其中 {answer.changed} 个单位有变动，须由第一责任人签字：")
        click.echo("  jiegai census sign 单位 --paper 文号 --as 姓名")


@census.command()
@click.argument("types", metavar="[类型]...", nargs=-1)
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def types(*, types: tuple[str, ...], rollout: str, person: str, as_json: bool) -> None:
    """设定本次改革统计哪些编制类型（默认 行政 事业）。"""
    from starter.desk_client import run

    if not types:
        raise UserError("USAGE", "请写出全部类型，如：jiegai census types 行政 事业 工勤 --as 姓名")
    answer = run(_types(types, rollout, acting_person(person)))
    _answered(answer.code, answer.sentence)
    if as_json:
        echo_json(asdict(answer))
        return
    click.echo(f"编制类型：{'、'.join(answer.types)}。")


async def _types(given: tuple[str, ...], rollout: str, person: str) -> CensusTypesSet:
    from contracts.census import Census, CensusTypes
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        order = CensusTypes(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            person=person,
            types=given,
        )
        key = f"census-types-{order.rollout}-{now.timestamp()}"
        return await door.order(Census.set_types, order, key)


@census.command()
@click.argument("unit", metavar="单位")
@ROLLOUT_OPTION
@click.option("--paper", default="", metavar="文号", help="签字所在的文件文号。")
@PERSON_OPTION
@JSON_OPTION
def sign(*, unit: str, rollout: str, paper: str, person: str, as_json: bool) -> None:
    """由单位第一责任人（或其代办人）对本单位清查签字确认。"""
    from starter.desk_client import run

    name = acting_person(person)
    if not paper.strip():
        raise UserError("PAPER_MISSING", "清查签字须写明文号（--paper）。")
    answer = run(_sign(unit.strip(), rollout, paper.strip(), name))
    _answered(answer.code, answer.sentence)
    if as_json:
        echo_json(asdict(answer))
        return
    instead = f"（代{answer.instead_of}）" if answer.instead_of else ""
    if answer.applied:
        click.echo(f"{answer.person}{instead}已为“{answer.unit}”的清查签字。")
    else:
        click.echo(f"“{answer.unit}”的清查已由{answer.person}{instead}签过字，没有再签。")


async def _sign(unit: str, rollout: str, paper: str, person: str) -> CensusSigned:
    from contracts.census import Census, CensusSignature
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        order = CensusSignature(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            unit=unit,
            paper=paper,
            person=person,
        )
        key = f"census-sign-{order.rollout}-{unit}-{now.timestamp()}"
        return await door.order(Census.sign, order, key)


@census.command()
@ROLLOUT_OPTION
@JSON_OPTION
def check(*, rollout: str, as_json: bool) -> None:
    """检查清查：哪些单位缺哪一项、是否签字、编制和实有合计、超编及依据。"""
    from starter.desk_client import run

    page = run(_check(rollout))
    _answered(page.code, page.sentence)
    if as_json:
        echo_json(asdict(page))
        return
    _show_check(page)


async def _check(rollout: str) -> CensusPage:
    from contracts.census import Census, CensusQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        question = CensusQuestion(now=now, rollout=await which_rollout(door, rollout, now))
        page = await door.ask(Census.check, question)
        place = page.next_page
        while place:
            more = await door.ask(Census.check, replace(question, page=place))
            page = replace(page, lines=page.lines + more.lines)
            place = more.next_page
        return replace(page, next_page="")


def _show_check(page: CensusPage) -> None:
    if not page.lines:
        click.echo("还没有导入清查，也没有必须清查的街道。")
        return
    click.echo(render([_unit_row(line) for line in page.lines], ("单位", "六项", "签字")))
    click.echo()
    totals: dict[str, list[int]] = {}
    over: list[str] = []
    rows: list[tuple[object, ...]] = []
    for line in page.lines:
        for one in sorted(line.quotas, key=lambda quota: _rank(quota.type, page.types)):
            sums = totals.setdefault(one.type, [0, 0])
            sums[0] += one.approved
            sums[1] += one.people
            rows.append((line.unit, one.type, one.approved, one.people))
            if one.people > one.approved:
                beyond = one.people - one.approved
                over.append(f"  {line.unit} {one.type} 超 {beyond}，依据：{one.basis or '无'}")
    ranked = sorted(totals.items(), key=lambda total: _rank(total[0], page.types))
    rows += [("合计", kind, *sums) for kind, sums in ranked]
    if rows:
        click.echo(render(rows, ("单位", "类型", "核定", "实有")))
    if over:
        click.echo("超编（只减不增）：")
        for text in over:
            click.echo(printable(text))
    click.echo(_state(page))


def _rank(kind: str, types: Sequence[str]) -> tuple[int, str]:
    """行政 before 事业 before what a rollout adds; leaders last."""
    return (types.index(kind) if kind in types else len(types), kind)


def _unit_row(line: CensusLine) -> tuple[str, str, str]:
    if not line.imported:
        return line.unit, "没有导入", ""
    sections = f"缺{'、'.join(line.missing)}" if line.missing else "齐全"
    if line.signed_at is None:
        return line.unit, sections, "未签字"
    instead = f"（代{line.instead_of}）" if line.instead_of else ""
    day = line.signed_at.astimezone(SHANGHAI).date()
    return line.unit, sections, f"{line.signed_by}{instead} {day} {line.paper}"


def _state(page: CensusPage) -> str:
    if page.lock is not None:
        return _lock_words(page.lock)
    left = sum(1 for one in page.lines if not one.imported or one.missing or not one.signed_at)
    if left:
        return f"尚未锁定：还有 {left} 个单位没有导入、缺项或未签字。"
    return "全部齐全并已签字，可以锁定：jiegai census lock --paper 文号 --as 姓名"


def _lock_words(lock: LockLine) -> str:
    at = lock.at.astimezone(SHANGHAI)
    return f"已锁定：{at:%Y-%m-%d %H:%M} {lock.person}（{lock.unit}），{lock.paper}。"


@census.command()
@ROLLOUT_OPTION
@click.option("--paper", default="", metavar="文号", help="锁定依据的文号。")
@PERSON_OPTION
@JSON_OPTION
def lock(*, rollout: str, paper: str, person: str, as_json: bool) -> None:
    """锁定编制和人员，并以此为台账期初；锁定后不能再改清查（0-25）。"""
    from starter.desk_client import run

    name = acting_person(person)
    if not paper.strip():
        raise UserError("PAPER_MISSING", "锁定编制须写明依据的文号（--paper）。")
    answer = run(_lock(rollout, paper.strip(), name))
    _answered(answer.code, answer.sentence)
    if as_json:
        echo_json(asdict(answer))
        return
    if not answer.applied:
        click.echo("已经锁定过，没有再锁。")
    rows = [(one.type, one.approved, one.people) for one in answer.totals]
    click.echo(render(rows, ("类型", "核定", "实有")))
    if answer.applied:
        click.echo(f"{answer.units} 个单位，记台账期初 {answer.entries} 笔。")
    if answer.lock is not None:
        click.echo(_lock_words(answer.lock))


async def _lock(rollout: str, paper: str, person: str) -> CensusLocked:
    from contracts.census import Census, CensusLockOrder
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        order = CensusLockOrder(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            paper=paper,
            person=person,
        )
        key = f"census-lock-{order.rollout}-{person}-{now.timestamp()}"
        return await door.order(Census.lock, order, key)


def _answered(code: str, sentence: str) -> None:
    """This will raise what the service refused, if it did."""
    if code:
        raise UserError(code, sentence, EXIT_REFUSED)

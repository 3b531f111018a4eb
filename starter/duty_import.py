"""``jiegai duty template / check / import``: lists of duties from a workbook into the register."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.census import refuse_sheet
from starter.errors import EXIT_REFUSED, UserError
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, pasted, render
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.duty import DutyImported
    from starter.duty_file import FilledLists

_SHOWN = 20
_BIG = 300_000


@click.command()
@click.argument("out", metavar="文件.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@JSON_OPTION
def template(*, out: Path, as_json: bool) -> None:
    """写出空白的清单表：清单（表头）和事项（七项内容）。"""
    from starter.duty_file import write_lists

    write_lists(out)
    if as_json:
        echo_json({"file": str(out)})
        return
    click.echo(f"已写出清单表 {out}。填好后检查：")
    click.echo(f"  jiegai duty check {pasted(out)}")


@click.command()
@click.argument("file", metavar="清单表", type=click.Path(path_type=Path))
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def check(*, file: Path, rollout: str, person: str, as_json: bool) -> None:
    """检查清单表：七项内容、依据、主体责任一方、总数相等；不连接服务。

    写明 --rollout 和 --as 时，再与登记库核对单位和已有的清单。
    """
    from starter.duty_file import read_lists

    _said_of_size(file)
    filled = read_lists(file)
    if rollout.strip():
        _import_checked(file, filled, (rollout, acting_person(person)), as_json=as_json)
        return
    from domain.duty_check import check_lists

    read = check_lists(filled.sheet)
    findings = (*filled.findings, *read.findings)
    refuse_sheet(file, "DUTY_INVALID", findings, read.errors, as_json=as_json)
    if as_json:
        echo_json({"lists": len(read.lists), "items": len(filled.sheet.items), "errors": []})
        return
    click.echo(
        f"没有错误：{len(read.lists)} 个清单，{len(filled.sheet.items)} 项。"
        "单位名称要连接服务才能核对（--rollout 改革 --as 姓名）。"
    )


def _said_of_size(file: Path) -> None:
    """This will say on stderr that a big file is being read: 17,000 rows take some seconds."""
    if file.is_file() and file.stat().st_size > _BIG:
        click.echo(f"正在读取 {file} ……", err=True)


def _import_checked(
    file: Path, filled: FilledLists, who: tuple[str, str], *, as_json: bool
) -> None:
    from starter.desk_client import run
    from starter.upload import own_seal

    own_seal()
    rollout, person = who
    answer = run(_import(filled, rollout, person, issued=("", None), only_check=True))
    _conclude(file, filled, answer, as_json=as_json, only_check=True)


@click.command("import")
@click.argument("file", metavar="清单表", type=click.Path(path_type=Path))
@ROLLOUT_OPTION
@click.option("--check", "only_check", is_flag=True, help="只检查，不导入。")
@click.option("--paper", default="", metavar="文号", help="已印发的清单的文号；不写是草案。")
@click.option("--effective", type=DAY, help="已印发的清单从哪天起施行。")
@PERSON_OPTION
@JSON_OPTION
def import_lists(
    *,
    file: Path,
    rollout: str,
    only_check: bool,
    paper: str,
    effective: date | None,
    person: str,
    as_json: bool,
) -> None:
    """导入清单表为草案；写明 --paper 和 --effective 的，登记为已印发的清单。

    错误一次列全，有一处错误就全部不导入；同一份表导入两次只算一次。
    """
    from starter.desk_client import run
    from starter.duty_file import read_lists
    from starter.upload import own_seal

    name = acting_person(person)
    if bool(paper.strip()) != (effective is not None):
        text = "登记已印发的清单须同时写明文号（--paper）和施行日期（--effective）；都不写是草案。"
        raise UserError("DUTY_PAPER", text)
    own_seal()
    _said_of_size(file)
    filled = read_lists(file)
    issued = (paper.strip(), effective)
    answer = run(_import(filled, rollout, name, issued=issued, only_check=only_check))
    _conclude(file, filled, answer, as_json=as_json, only_check=only_check)


async def _import(
    filled: FilledLists,
    rollout: str,
    person: str,
    *,
    issued: tuple[str, date | None],
    only_check: bool,
) -> DutyImported:
    from contracts.duty import DutyImport, DutyOrders
    from starter.desk_client import opened
    from starter.free_text import refuse_names
    from starter.upload import own_seal, said, upload

    now = datetime.now(UTC)
    said(f"已读取 {filled.rows} 行", filled.rows)
    paper, effective = issued
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        await refuse_names(door, chosen, [("文号", paper)])
        who = (chosen, person)
        token, pieces = await upload(door, own_seal(), who, filled.content, filled.rows)
        order = DutyImport(
            now=now,
            rollout=chosen,
            person=person,
            upload=token,
            pieces=pieces,
            only_check=only_check or bool(filled.findings),
            paper=paper,
            effective_from=_midnight(effective),
        )
        return await door.order(DutyOrders.import_lists, order, f"duty-{token}")


def _midnight(day: date | None) -> datetime | None:
    """The first instant of a day in Shanghai."""
    return None if day is None else datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def _conclude(
    file: Path, filled: FilledLists, answer: DutyImported, *, as_json: bool, only_check: bool
) -> None:
    """This will print what an import did, or raise what was wrong."""
    findings = (*filled.findings, *answer.findings)
    refuse_sheet(file, "DUTY_INVALID", findings, answer.errors, as_json=as_json)
    if as_json:
        echo_json(asdict(answer))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if not as_json:
        _show(answer, only_check=only_check)


def _show(answer: DutyImported, *, only_check: bool) -> None:
    new = [one for one in answer.lists if one.is_new]
    what = f"{len(answer.lists)} 个清单，{answer.items} 项"
    if only_check:
        click.echo(f"没有错误：{what}，其中 {len(new)} 个清单与已登记的不同。尚未导入。")
        return
    if not answer.applied:
        click.echo(f"与已登记的相同（{what}），没有改动。")
        return
    click.echo(f"已导入 {what}。")
    rows = [
        (one.name, one.version, one.items, "新导入" if one.is_new else "相同")
        for one in answer.lists
    ]
    click.echo(render(rows[:_SHOWN], ("清单", "版", "项", "情况")))
    if len(rows) > _SHOWN:
        click.echo(f"……共 {len(rows)} 个，见 jiegai duty list。")

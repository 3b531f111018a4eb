"""``jiegai case settings``: what a district settles about its cases, by versions with their paper."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, pasted, render, terminal_width

if TYPE_CHECKING:
    from contracts.case import SettingsAnswer
    from domain.case_limits import CaseSettings
    from domain.refusal import Finding

_MOST_BYTES: Final = 100_000


@click.group()
def settings() -> None:
    """办案设置：各环节时限、紧急时限、交接人数和材料、裁定和指定机关；每次更改都是新的一版。"""


@settings.command()
@click.argument("out", metavar="文件.yaml", type=click.Path(path_type=Path, dir_okay=False))
@JSON_OPTION
def template(*, out: Path, as_json: bool) -> None:
    """写出一份照原文的办案设置，改好后存入。"""
    from domain.case_settings_sheet import SETTINGS_TEMPLATE
    from runtime.failure import why

    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(SETTINGS_TEMPLATE)
    except FileExistsError as error:
        raise UserError("FILE_EXISTS", f"{out} 已经存在，没有覆盖，请换一个文件名。") from error
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"{out} 不能写入：{why(error)}。") from error
    if as_json:
        echo_json({"file": str(out)})
        return
    click.echo(f"已写出 {out}；改好后执行：")
    click.echo(f"  jiegai case settings set {pasted(out)} --paper 文号 --as 姓名")


@settings.command("set")
@click.argument("file", metavar="文件.yaml", type=click.Path(path_type=Path))
@click.option("--paper", default="", metavar="文号", help="依据的文号。")
@click.option("--check", "only_check", is_flag=True, help="只检查，不存入。")
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def set_(
    *, file: Path, paper: str, only_check: bool, rollout: str, person: str, as_json: bool
) -> None:
    """存入办案设置；没有写的照原文，在办的案件仍按受理时的设置。"""
    from starter.desk_client import run
    from starter.which_rollout import acting_person

    name = acting_person(person)
    if not paper.strip():
        raise UserError("PAPER_MISSING", "办案设置须写明依据的文号（--paper）。")
    read, document, findings = read_file(file, paper)
    errors = [one for one in findings if one.is_error]
    if read is None or errors:
        from starter.findings import echo_findings

        echo_findings(findings, as_json=as_json)
        raise UserError("SETTINGS_INVALID", f"{file} 有{len(errors)}处错误，没有存入。")
    for one in findings:
        click.echo(printable(f"注意：{one.place} {one.sentence}"), err=True)
    if only_check:
        if as_json:
            echo_json({"settings": asdict(read), "warnings": [asdict(one) for one in findings]})
        else:
            click.echo("没有错误。尚未存入。")
        return
    answer = run(_settle(rollout, read, document, paper.strip(), name))
    if as_json:
        echo_json(asdict(answer))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if as_json:
        return
    if not answer.created:
        click.echo(f"与现行第{answer.version}版相同，没有改动。")
        return
    click.echo(f"已存为第{answer.version}版（{answer.paper}），此后受理的案件照此办理。")


@settings.command()
@click.option(
    "--version", type=click.IntRange(min=1), default=None, metavar="版本", help="不写为现行的。"
)
@click.option("--document", "as_written", is_flag=True, help="原样打印存入的文件。")
@ROLLOUT_OPTION
@JSON_OPTION
def show(*, version: int | None, as_written: bool, rollout: str, as_json: bool) -> None:
    """打印现行的（或某一版）办案设置。"""
    from starter.desk_client import run

    answer = run(_show(rollout, version or 0))
    if answer.code:
        raise UserError(answer.code, answer.sentence)
    if as_json:
        echo_json(asdict(answer))
        return
    if as_written:
        from domain.case_settings_sheet import SETTINGS_TEMPLATE

        click.echo(printable(answer.document or SETTINGS_TEMPLATE), nl=False)
        return
    for text in laid_out(answer, terminal_width()):
        click.echo(printable(text))


def read_file(file: Path, paper: str) -> tuple[CaseSettings | None, str, tuple[Finding, ...]]:
    """This will read a file of settings: the value, the text as written, and what is wrong.

    Raises UserError: FILE_MISSING, FILE_TOO_BIG, FILE_ENCODING, YAML_SYNTAX.
    """
    from domain.case_settings_sheet import read_settings
    from starter.plan_yaml import load_yaml

    if not file.is_file():
        raise UserError("FILE_MISSING", f"没有文件 {file}。")
    if file.stat().st_size > _MOST_BYTES:
        raise UserError("FILE_TOO_BIG", f"{file} 超过100KB，不像是办案设置。")
    read, findings = read_settings(load_yaml(file), paper)
    return read, file.read_text(encoding="utf-8-sig"), findings


async def _settle(
    rollout: str, read: CaseSettings, document: str, paper: str, person: str
) -> SettingsAnswer:
    from contracts.case import CaseOrders, SettingsOrder
    from starter.desk_client import opened
    from starter.which_rollout import which_rollout

    now = datetime.now(UTC)
    # The same words under another paper are another decision.
    content_hash = hashlib.sha256(f"{paper}\n{document}".encode()).hexdigest()
    async with opened() as door:
        order = SettingsOrder(
            rollout=await which_rollout(door, rollout, now),
            settings=read,
            document=document,
            content_hash=content_hash,
            paper=paper,
            person=person,
            now=now,
        )
        return await door.order(
            CaseOrders.settle, order, f"settle-{content_hash}-{now:%Y%m%d%H%M%S%f}"
        )


async def _show(rollout: str, version: int) -> SettingsAnswer:
    from contracts.case import CaseReads, SettingsQuestion
    from starter.desk_client import opened
    from starter.which_rollout import which_rollout

    async with opened() as door:
        name = await which_rollout(door, rollout, datetime.now(UTC))
        return await door.ask(
            CaseReads.case_settings, SettingsQuestion(rollout=name, version=version)
        )


def laid_out(answer: SettingsAnswer, width: int) -> list[str]:
    """The settings in words: a table of limits, then the rest, one in a line."""
    from domain.case_limits import DEFAULT_LIMITS, OFF, STEPS

    read = answer.settings
    if answer.at is None:
        lines = ["没有办案设置，照原文办理。"]
    else:
        at = answer.at.astimezone(SHANGHAI)
        lines = [f"办案设置第{answer.version}版（{answer.paper}，{at:%Y-%m-%d} {answer.person}）"]
    limited = [s for s in STEPS if s in DEFAULT_LIMITS or read.limits.get(s, OFF) != OFF]
    rows = [_limit_cells(step, read) for step in limited]
    lines += ["", render(rows, ("环节", "时限", "依据", "起算"), width), ""]
    named: dict[str, Any] = {
        "其余环节": "不限",
        "紧急案件": f"交接{read.urgent.text}（{read.urgent.basis}）" if read.urgent else "没有另定",
        "签收": f"交接单送得晚时，对方至少有{read.sign_workdays}个工作日",
        "执法人员": f"{read.officers}名共同交接" if read.officers else "没有规定人数",
        "交接材料": "、".join(("交接单", *read.documents)),
        "回告要素": "、".join(read.elements),
        "退回": f"满{read.max_returns}次后由{read.raise_to}确认",
        "指定机关": read.designator,
        "裁定机关": read.arbiter,
        "公安机关": read.police,
        "当日截止": read.day_end,
        "提醒": "、".join(f"前{hours}小时" for hours in read.remind_hours),
        "超期升级": "、".join(f"{days}个工作日后报{who}" for days, who in read.escalate),
    }
    return [*lines, *(f"{name}：{text}" for name, text in named.items())]


def _limit_cells(step: str, read: CaseSettings) -> tuple[str, ...]:
    limit = read.limit(step)
    began = "发现或收到时" if limit.from_trigger else "交办时"
    return step, limit.text, limit.basis, "" if limit.text == "不限" else began

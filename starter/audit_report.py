"""``jiegai audit report``: an audit's report as a document, from what is recorded of it.

It is a draft: figures stand, what only people can say is quoted from the workflow's log or left open.
The same record on the same day gives the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starter.audit_key import audit_arguments, read_record, the_key
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, SHANGHAI
from starter.table import echo_json

if TYPE_CHECKING:
    from contracts.audit_draw import DrawAnswer
    from domain.audit import AuditPlan, RunKey
    from domain.plan import Plan
    from starter.audit_paper import AuditFacts
    from starter.desk_client import Door


@click.command()
@audit_arguments
@click.option("--docx", required=True, type=click.Path(path_type=Path), metavar="文件")
@click.option("--paper", default="", metavar="字号", help="发文字号，如 甲编办〔2026〕8号。")
@click.option("--issuer", default="", metavar="单位", help="发文单位；不写是主办单位。")
@click.option("--to", "to", multiple=True, metavar="单位", help="主送机关，可写几次；不写是区委。")
@click.option("--signatory", default="", metavar="姓名", help="签发人；不写则留空待签。")
@click.option("--as", "person", default="", metavar="姓名", help="谁来写；随机抽查的要写。")
@JSON_OPTION
def report(**given: Any) -> None:
    """写出一次督查的报告：公文格式，数字都能追到问题和流程，附问题清单和到访记录。

    例：jiegai audit report 乌海2019 季度抽查 2026年第4季度 --docx 抽查报告.docx --as 张三
    """
    from starter.audit_paper import NAMES, audit_paper
    from starter.desk_client import run

    path: Path = given["docx"]
    if path.suffix.lower() != ".docx":
        raise UserError("FILE_FORMAT", f"报告的文件名应以 .docx 结尾，现为 {path}。")
    if path.exists() or path.is_symlink():
        raise UserError("FILE_EXISTS", f"{path} 已经存在，不覆盖；请换一个文件名。")
    facts = run(_read(given))
    paper = audit_paper(facts)
    errors = [one for one in paper.findings if one.is_error]
    if errors:
        raise UserError("PAPER_UNFIT", f"{path} 不能生成：{errors[0].sentence}")
    size = _write(path, paper)
    warnings = [one.sentence for one in paper.findings]
    name = NAMES[facts.plan.kind]
    if given["as_json"]:
        echo_json(
            {
                "docx": str(path),
                "bytes": size,
                "report": name,
                "workflow_id": facts.record.workflow_id,
                "as_of": facts.as_of,
                "units": facts.units,
                "visits": len(facts.visits),
                "problems": [one.number for one in facts.record.problems],
                "warnings": warnings,
            }
        )
        return
    for warning in warnings:
        click.echo(printable(f"注意：{warning}"), err=True)
    visited = len({one.unit for one in facts.visits})
    click.echo(
        f"已写出{name} {path}：到访 {visited} 个单位，问题 {len(facts.record.problems)} 个。"
    )


def _write(path: Path, paper: Any) -> int:
    from runtime.failure import why
    from starter.official_docx import official_docx

    content = official_docx(paper)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise UserError("FILE_EXISTS", f"{path} 已经存在，不覆盖；请换一个文件名。") from error
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"不能写 {path}：{why(error)}。") from error
    return len(content)


async def _read(given: dict[str, Any]) -> AuditFacts:
    from domain.audit import AUDITS, AuditKind
    from starter.audit_paper import AuditFacts
    from starter.audit_said import read_said
    from starter.desk_client import opened
    from starter.duty_execution import assess
    from starter.plan_copy import registered_plan

    now = datetime.now(UTC)
    async with opened() as door:
        key = await the_key(door, given, now)
        record = await read_record(door, key)
        plan = record.plan
        if plan is None or plan.kind not in AUDITS:
            kind = plan.kind if plan else "这一项"
            text = f"{kind}不是督查，没有督查报告；会议的纪要见 jiegai meeting。"
            raise UserError("NO_AUDIT_REPORT", text, EXIT_REFUSED)
        reform = (await registered_plan(door, key.rollout)).plan
        said = await read_said(door, record.workflow_id)
        draw = None
        if plan.kind is AuditKind.SAMPLING:
            draw = await _draw(door, key, given["person"].strip(), now)
        execution = None
        if plan.kind is AuditKind.ANNUAL:
            execution = await assess(door, reform, *_year_of(key, now), now)
    organiser = _full_name(reform, plan)
    return AuditFacts(
        key=key,
        plan=plan if plan.approval else replace(plan, approval=said.approval),
        record=record,
        as_of=now,
        subject=reform.title.removesuffix("时间、任务、责任表") or reform.title,
        organiser=organiser,
        issuer=given["issuer"].strip() or organiser,
        to=tuple(each.strip() for each in given["to"]) or (_superior(reform, plan),),
        number=given["paper"].strip(),
        signatory=given["signatory"].strip(),
        said=said.notes,
        draw=draw,
        execution=execution,
    )


def _year_of(key: RunKey, now: datetime) -> tuple[date, date]:
    """The year that a window is of, as far as it has come; this one where its label has none."""
    today = now.astimezone(SHANGHAI).date()
    label = key.window[:4]
    year = int(label) if label.isdecimal() and len(label) == len(str(today.year)) else today.year
    return date(year, 1, 1), max(date(year, 1, 1), min(date(year, 12, 31), today))


async def _draw(door: Door, key: RunKey, person: str, now: datetime) -> DrawAnswer:
    """How the sample was drawn; the desk answers a person only."""
    from contracts.audit_draw import DrawDesk, DrawQuestion

    if not person:
        raise UserError("USAGE", "随机抽查的报告写明抽取办法，请用 --as 写明由谁来写。")
    answer = await door.ask(DrawDesk.read, DrawQuestion(now=now, key=key, person=person))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    return answer


def _full_name(reform: Plan, plan: AuditPlan) -> str:
    """The organiser as a unit of the plan; an arrangement may name it by its duty."""
    named = [one for one in reform.units if one.name == plan.organiser]
    named += [
        one
        for one in reform.units
        if plan.organiser in one.duties and one.district == plan.district
    ]
    return named[0].name if named else plan.organiser


def _superior(reform: Plan, plan: AuditPlan) -> str:
    """The committee of the district, or of the city for an audit of the whole rollout."""
    from domain.unit import UnitKind

    if plan.district:
        return f"{plan.district}委"
    cities = reform.of_kind(UnitKind.CITY) or reform.of_kind(UnitKind.DISTRICT)
    return f"{cities[0].name}委" if len(cities) == 1 else "市委"

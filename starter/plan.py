"""``jiegai plan``: the template of 《改革时间、任务、责任表》, and the check of one (F01, F03, F04).

Works without any service running. A plan is checked as ``rollout start`` checks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.failure import why
from starter.errors import UserError, printable
from starter.parameters import DAY
from starter.table import display_width, echo_json, pasted, render, terminal_width, wrap

if TYPE_CHECKING:
    from domain.plan import Plan, Row
    from domain.plan_check import CheckedPlan
    from domain.refusal import Finding
    from domain.schedule import StepDate


@click.group()
def plan() -> None:
    """改革方案（时间、任务、责任表）：取模板、检查。"""


@plan.command()
@click.argument("out", metavar="文件.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="文件已存在时覆盖。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def template(*, out: Path, force: bool, as_json: bool) -> None:
    """写出空白的责任表模板。"""
    if out.suffix.lower() != ".xlsx":
        raise UserError("FILE_TYPE", f"模板只写成 .xlsx，请改文件名 {out.name}。")
    if out.exists() and not force:
        raise UserError("FILE_EXISTS", f"{out} 已存在；要覆盖请加 --force。")
    from starter.plan_xlsx import write_template

    try:
        write_template(out)
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"写不了 {out}：{why(error)}。") from None
    if as_json:
        echo_json({"file": str(out)})
        return
    click.echo(f"已写出模板 {out}。填好“改革”“单位”“任务”三张表后检查：")
    click.echo(f"  jiegai plan check {pasted(out)}")


@plan.command()
@click.argument("file", metavar="方案文件", type=click.Path(path_type=Path))
@click.option("--kickoff", type=DAY, help="换一个启动日（T0）试排；写明的时限按工作日平移。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def check(*, file: Path, kickoff: date | None, as_json: bool) -> None:
    """检查方案：一次列出全部错误；没有错误则列出各项的读法和倒排的工期。"""
    from starter.plan_file import read_plan

    checked = read_plan(file, kickoff)
    if as_json:
        echo_json(_as_json(file, checked))
    else:
        for line in _report(file, checked):
            click.echo(line)
    if checked.errors:
        raise UserError("PLAN_INVALID", f"{file} 有{len(checked.errors)}处错误，须全部改正。")


def _report(file: Path, checked: CheckedPlan) -> Iterator[str]:
    if checked.errors:
        yield f"错误 {len(checked.errors)} 处"
        yield from _findings(checked.errors)
    if checked.warnings:
        yield f"提醒 {len(checked.warnings)} 处"
        yield from _findings(checked.warnings)
    if checked.plan is None:
        return
    if checked.warnings:
        yield ""
    plan = checked.plan
    yield f"{plan.title}（{plan.rollout}），{plan.kickoff} 启动，{len(plan.units)} 个单位"
    for column in ("责任单位", "完成时限", "代录单位"):
        readings = [each for each in checked.readings if each.column == column]
        if readings:
            yield ""
            yield f"{column}的读法"
            yield from _by_text((each.row, each.meaning) for each in readings)
    yield ""
    yield "倒排工期"
    yield from _schedule(plan)
    yield ""
    yield f"{file} 没有错误：{len(plan.rows)} 项任务，落到单位共 {procedures(plan)} 件。"


def procedures(plan: Plan) -> int:
    """This will count the procedures a plan starts: one for each row's each target."""
    return sum(len(row.targets) for row in plan.rows)


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    head = ""
    for finding in findings:
        place = f"{finding.place or '全表'}  [{finding.code}]"
        if place != head:
            yield from _hanging("  ", printable(place))
        head = place
        yield from _hanging("      ", printable(finding.sentence))


def _by_text(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Rows that say the same are told once, under all their ids."""
    ids: dict[str, list[str]] = {}
    for row_id, text in pairs:
        ids.setdefault(text, []).append(row_id)
    for text, rows in ids.items():
        yield from _hanging("  ", "、".join(rows))
        yield from _hanging("      ", text)


def _hanging(head: str, text: str) -> Iterator[str]:
    """This will wrap ``text`` after ``head`` between words of a list where it can."""
    room = terminal_width() - display_width(head)
    blank = " " * display_width(head)
    line = ""
    for part in re.findall(r"[^、，：；]*[、，：；]+|[^、，：；]+", text):
        if line and display_width(line + part.rstrip()) > room:
            yield head + line.rstrip()
            head, line = blank, ""
        line += part
        *full, line = wrap(line, room)
        for each in full:
            yield head + each
            head = blank
    yield head + line.rstrip()


def _schedule(plan: Plan) -> Iterator[str]:
    rows = []
    for row, steps in _dated(plan):
        start = min(step.start for step in steps)
        rows.append([row.id, row.item, row.kind, len(row.targets), start, row.due])
    headers = ["编号", "事项", "类型", "单位", "最迟启动", "完成时限"]
    yield from (f"  {line}" for line in render(rows, headers, terminal_width() - 2).splitlines())
    yield ""
    yield "各环节的到期日"
    yield from _by_text(
        (row.id, "、".join(f"{s.shape.name}{_mark(s)}{_short(s.due, plan.kickoff)}" for s in steps))
        for row, steps in _dated(plan)
    )
    marks = "注：（并）与主线同时办理，（如需）审议要求修改时才办理，（定）本行写明的日期。"
    yield from _hanging("  ", marks)


def _dated(plan: Plan) -> Iterator[tuple[Row, tuple[StepDate, ...]]]:
    from domain.calendar import load_builtin_calendar
    from domain.schedule import step_dates

    calendar = load_builtin_calendar()
    for row in plan.rows:
        yield row, step_dates(plan, row, calendar)


def _mark(step: StepDate) -> str:
    if step.shape.conditional:
        return "（如需）"
    if step.shape.beside:
        return "（并）"
    return "（定）" if step.pinned else " "


def _short(day: date, kickoff: date) -> str:
    return f"{day:%m-%d}" if day.year == kickoff.year else day.isoformat()


def _as_json(file: Path, checked: CheckedPlan) -> dict[str, object]:
    plan = checked.plan
    report: dict[str, object] = {
        "file": str(file),
        "ok": plan is not None,
        "errors": [_finding(each) for each in checked.errors],
        "warnings": [_finding(each) for each in checked.warnings],
        "readings": checked.readings,
    }
    if plan is not None:
        report["rollout"] = plan.rollout
        report["title"] = plan.title
        report["kickoff"] = plan.kickoff
        report["units"] = len(plan.units)
        report["schedule"] = [
            {
                "row": row.id,
                "item": row.item,
                "kind": row.kind,
                "targets": row.targets,
                "due": row.due,
                "latest_start": min(step.start for step in steps),
                "steps": [
                    {
                        "name": step.shape.name,
                        "workdays": step.workdays,
                        "start": step.start,
                        "due": step.due,
                        "pinned": step.pinned,
                    }
                    for step in steps
                ],
            }
            for row, steps in _dated(plan)
        ]
    return report


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "sheet": finding.sheet,
        "row": finding.row,
        "column": finding.column,
        "sentence": finding.sentence,
    }

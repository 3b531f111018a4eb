"""``jiegai report``: the periodic 督查通报 or 调研报告 as a document, with its figures and charts.

It is a draft: the figures stand, what only people can say is left open. The same records at the
same day give the same bytes. A day gone by shows procedures as they were then; cases are shown by
their clocks at that moment, what has gone down by the ledger's entries up to that day; claims are as
they are now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from starter.errors import UserError, printable
from starter.parameters import DAY, SHANGHAI
from starter.table import echo_json

if TYPE_CHECKING:
    from contracts.desk import BoardLine, BoardPage
    from domain.devolution import Devolution
    from domain.plan import Plan
    from domain.progress_report import Entry
    from starter.desk_client import Door
    from starter.duty_execution import Assessment
    from starter.report_paper import ReportFacts

_MOST_REASONS: Final = 100
"""Late procedures whose log is looked through; more are left to the units to explain."""

_TELLING: Final = ("申请延期", "退回", "缓议", "不通过", "补充说明")
"""Verbs whose words say why something takes longer."""

_LONGEST: Final = 60


@click.command()
@click.argument("rollout", metavar="改革")
@click.option("--docx", required=True, type=click.Path(path_type=Path), metavar="文件")
@click.option("--as-of", type=DAY, help="截至这一天结束时；不写是现在。")
@click.option("--since", type=DAY, help="上期截至的日期：写明后比较两期的变化。")
@click.option(
    "--kind", type=click.Choice(("督查通报", "调研报告")), default="督查通报", show_default=True
)
@click.option("--paper", default="", metavar="字号", help="发文字号，如 甲编办〔2026〕8号。")
@click.option("--issuer", default="", metavar="单位", help="发文单位；不写是改革协调单位。")
@click.option("--to", "to", multiple=True, metavar="单位", help="主送机关，可写几次。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def report(**given: Any) -> None:
    """写出督查通报或调研报告：公文格式，带数字、图表和每个数字的流程编号。

    例：jiegai report 乌海2019 --docx 通报.docx --as-of 2019-12-15 --since 2019-12-01
    """
    from starter.desk_client import run
    from starter.report_paper import report_paper

    path: Path = given["docx"]
    _check(given)
    facts = run(_read(given, datetime.now(UTC)))
    paper = report_paper(facts)
    errors = [one for one in paper.findings if one.is_error]
    if errors:
        raise UserError("PAPER_UNFIT", f"{path} 不能生成：{errors[0].sentence}")
    size = _write(path, paper)
    warnings = [one.sentence for one in paper.findings]
    late = sum(entry.is_late for entry in facts.entries)
    if given["as_json"]:
        echo_json(
            {
                "docx": str(path),
                "bytes": size,
                "as_of": facts.as_of,
                "procedures": len(facts.entries),
                "late": [entry.workflow_id for entry in facts.entries if entry.is_late],
                "changes": {
                    change.value: [entry.workflow_id for entry in entries]
                    for change, entries in (facts.changes or {}).items()
                },
                "cases": len(facts.assessment.marks) if facts.assessment else 0,
                "warnings": warnings,
            }
        )
        return
    for warning in warnings:
        click.echo(printable(f"注意：{warning}"), err=True)
    click.echo(f"已写出{given['kind']} {path}：{len(facts.entries)} 项，超期 {late} 项。")
    if given["since"] is None:
        click.echo("写明 --since 上期截至的日期，可比较两期的变化。")


def _check(given: dict[str, Any]) -> None:
    """This will refuse before anything is read. Raises UserError: FILE_FORMAT, FILE_EXISTS, USAGE."""
    path: Path = given["docx"]
    if path.suffix.lower() != ".docx":
        raise UserError("FILE_FORMAT", f"报告的文件名应以 .docx 结尾，现为 {path}。")
    if path.exists() or path.is_symlink():
        raise UserError("FILE_EXISTS", f"{path} 已经存在，不覆盖；请换一个文件名。")
    today = datetime.now(UTC).astimezone(SHANGHAI).date()
    if given["since"] and given["since"] >= (given["as_of"] or today):
        raise UserError("USAGE", "--since 是上期截至的日期，应早于 --as-of。")


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


async def _read(given: dict[str, Any], now: datetime) -> ReportFacts:
    from domain.progress_report import ReportKind, changes
    from starter.desk_client import opened
    from starter.plan_copy import registered_plan
    from starter.report_paper import ReportFacts

    rollout: str = given["rollout"].strip()
    as_of: date | None = given["as_of"]
    since: date | None = given["since"]
    async with opened() as door:
        board = await _board(door, rollout, as_of, now)
        plan = (await registered_plan(door, rollout)).plan
        earlier = await _board(door, rollout, since, now) if since else None
        entries = await _with_reasons(door, entries_of(board.lines), board.as_of)
        assessment = await _assessment(door, plan, since, board.as_of)
        devolution, undevolved = await _devolution(door, plan, as_of)
    return ReportFacts(
        plan=plan,
        kind=ReportKind(given["kind"]),
        as_of=board.as_of,
        is_day_end=as_of is not None,
        entries=entries,
        issuer=given["issuer"].strip() or plan.coordinator,
        number=given["paper"].strip(),
        to=tuple(each.strip() for each in given["to"]) or ("各成员单位",),
        ending=board.ending,
        since=since,
        changes=changes(entries_of(earlier.lines), entries) if earlier else None,
        assessment=assessment,
        devolution=devolution,
        undevolved=undevolved,
    )


async def _board(door: Door, rollout: str, as_of: date | None, now: datetime) -> BoardPage:
    from starter.board import board_pages, closed

    pages = [page async for page in board_pages(door, rollout, as_of, now, counted=False)]
    lines = tuple(line for page in pages for line in page.lines)
    return closed(replace(pages[0], lines=lines, next_page=""))


def entries_of(lines: Sequence[BoardLine]) -> tuple[Entry, ...]:
    """This will take the board's lines in their order, which is the plan's."""
    from domain.progress_report import Entry
    from starter.wall_chart_words import mark_of

    return tuple(
        Entry(
            workflow_id=line.workflow_id,
            district=line.district,
            unit=line.unit,
            row_id=line.row_id,
            item=line.item,
            mark=mark_of(line),
            responsible=line.responsible,
            days_left=line.days_left,
            is_provisional=line.provisional,
            returned=line.returned,
            extended=line.extended,
        )
        for line in lines
    )


async def _with_reasons(
    door: Door, entries: tuple[Entry, ...], as_of: datetime
) -> tuple[Entry, ...]:
    """What the log last said of a late procedure, up to the moment shown."""
    left = _MOST_REASONS
    found = []
    for entry in entries:
        told = ""
        if entry.is_late and left:
            left -= 1
            told = await _told(door, entry.workflow_id, as_of)
        found.append(replace(entry, told=told) if told else entry)
    return tuple(found)


async def _told(door: Door, workflow_id: str, as_of: datetime) -> str:
    from contracts.desk import Desk, LogQuestion

    question = LogQuestion(workflow_id=workflow_id)
    told = ""
    while True:
        page = await door.ask(Desk.log, question)
        for line in page.lines:
            note = " ".join(str(line.detail.get("note") or "").split())
            if note and line.verb in _TELLING and not line.code and line.at <= as_of:
                day = line.at.astimezone(SHANGHAI)
                short = note if len(note) <= _LONGEST else f"{note[:_LONGEST]}……"
                told = f"{day.month}月{day.day}日{line.verb}：{short}"
        if not page.next_page:
            return told
        question = replace(question, page=page.next_page)


async def _assessment(door: Door, plan: Plan, since: date | None, as_of: datetime) -> Assessment:
    """Cases since the last report, else of the year, as their clocks stood at the moment shown."""
    from datetime import timedelta

    from starter.duty_execution import assess

    today = as_of.astimezone(SHANGHAI).date()
    first = since + timedelta(days=1) if since else date(today.year, 1, 1)
    return await assess(door, plan, first, today, as_of)


async def _devolution(
    door: Door, plan: Plan, as_of: date | None
) -> tuple[tuple[Devolution, ...], tuple[str, ...]]:
    """How far each department with a share to hand down is; why it cannot be said of the others."""
    from contracts.devolution import DevolutionQuestion, Devolutions
    from domain.devolution import DEVOLVES, goals_in

    homes = {unit.name: unit.district for unit in plan.units}
    lines: dict[str, Devolution] = {}
    sentences: dict[str, None] = {}
    for row in plan.rows:
        goals, _ = goals_in(row.options.get(DEVOLVES, ""))
        for district in dict.fromkeys(homes.get(name, "") for name in row.targets) if goals else ():
            for goal in goals:
                question = DevolutionQuestion(
                    rollout=plan.rollout,
                    goals=(goal,),
                    district=district,
                    targets_text=row.targets_text,
                    as_of=as_of,
                )
                answer = await door.ask(Devolutions.measure, question)
                if answer.code:
                    sentences[answer.sentence] = None
                lines.update((f"{row.id}{line.goal.unit}", line) for line in answer.lines)
    return tuple(lines.values()), tuple(sentences)

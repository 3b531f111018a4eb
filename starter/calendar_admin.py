"""``jiegai calendar import`` and ``publish``: a new calendar comes into force in two steps.

What is imported is a year's notice or, with ``--district``, a district's closures. Importing stages a version and changes nothing that runs. Publishing first lists, before and after,
every open step that the version moves; with ``--confirm`` it puts the version in force and starts
the workflow that tells the open procedures.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.calendar_local import import_local, local_order
from starter.calendar_versions import echo_changed, echo_days
from starter.errors import EXIT_REFUSED, UserError
from starter.parameters import DAY
from starter.table import echo_json, render, terminal_width, wrap

if TYPE_CHECKING:
    from contracts.desk import CalendarImport, CalendarImported, PublishPreview, PublishQuestion
    from domain.calendar import Notice, WorkCalendar
    from starter.desk_client import Door

_MOST_ROWS = 50

WORKFLOW = "CalendarPublication"


@click.command("import")
@click.argument("file", metavar="[文件]", type=click.Path(path_type=Path), required=False)
@click.option(
    "--paper", "papers", multiple=True, metavar="文号", help="通知的文号或标题，可写几次。"
)
@click.option("--district", default="", metavar="区", help="只用于该区的停工或上班安排。")
@click.option("--off", multiple=True, type=DAY, metavar="日期", help="该区停工的日子，可写几次。")
@click.option(
    "--work", multiple=True, type=DAY, metavar="日期", help="该区上班的休息日，可写几次。"
)
@click.option(
    "--name", "reason", default="", metavar="事由", help="停工或上班的事由，如 台风停工。"
)
@click.option("--as", "person", default="", metavar="姓名", help="经办人；地方安排必写。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def import_notice(
    *,
    file: Path | None,
    papers: tuple[str, ...],
    district: str,
    off: tuple[date, ...],
    work: tuple[date, ...],
    reason: str,
    person: str,
    as_json: bool,
) -> None:
    """导入一年的放假通知，或一个区的停工安排（--district）；还要发布才生效。

    文件是 holiday-cn JSON 或 csv（日期,类型,名称；类型写 休 或 班）。
    """
    from starter.calendar_file import read_notice
    from starter.desk_client import run

    if district.strip():
        given = local_order(
            district.strip(),
            papers,
            file=file,
            off=off,
            work=work,
            reason=reason.strip(),
            now=datetime.now(UTC),
            person=person.strip(),
        )
        staged = run(import_local(given))
        what = f"{given.district}的安排（{given.paper}）"
        _show_imported(staged, what, as_json=as_json)
        return
    if off or work or reason.strip():
        raise UserError("USAGE", "--off、--work、--name 只用于一个区的安排，请用 --district 写明。")
    if file is None:
        raise UserError("USAGE", "请给出放假通知的文件；一个区的停工安排请用 --district 写明。")
    order = as_order(read_notice(file, papers), datetime.now(UTC), person.strip())
    imported = run(_import(order))
    _show_imported(imported, f"{order.year}年的通知（{order.paper}）", as_json=as_json)


def _show_imported(imported: CalendarImported, what: str, *, as_json: bool) -> None:
    if as_json:
        echo_json(asdict(imported))
    if imported.code:
        raise UserError(imported.code, imported.sentence, EXIT_REFUSED)
    if as_json:
        return
    click.echo(f"已导入{what}，为第 {imported.version} 版，尚未生效。")
    echo_changed(imported)


def as_order(notice: Notice, now: datetime, person: str) -> CalendarImport:
    """This will turn a notice into what the registers store."""
    from contracts.desk import CalendarImport

    return CalendarImport(
        year=notice.year,
        paper="；".join(notice.papers),
        off_days=tuple(day.day for day in notice.days if day.is_off),
        work_days=tuple(day.day for day in notice.days if not day.is_off),
        now=now,
        person=person,
    )


async def _import(order: CalendarImport) -> CalendarImported:
    from contracts.desk import Bulk
    from starter.desk_client import opened

    content = [order.year, order.paper, *map(str, order.off_days), "", *map(str, order.work_days)]
    key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    async with opened() as door:
        return await door.order(Bulk.import_calendar, order, f"calendar-{key}")


@click.command()
@click.option("--confirm", is_flag=True, help="确认生效；不写时只列出影响。")
@click.option("--as", "person", default="", metavar="姓名", help="经办人；确认生效时必写。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def publish(*, confirm: bool, person: str, as_json: bool) -> None:
    """列出新日历使哪些在办环节的时限前移或后移；--confirm 使其生效。"""
    from contracts.desk import PublishQuestion
    from starter.desk_client import run

    if confirm and not person.strip():
        raise UserError("USAGE", "确认生效须用 --as 写明经办人。")
    question = PublishQuestion(now=datetime.now(UTC), confirm=confirm, person=person.strip())
    preview = run(_publish(question))
    if as_json:
        echo_json(asdict(preview))
    if preview.code:
        raise UserError(preview.code, preview.sentence, EXIT_REFUSED)
    if not as_json:
        _show(preview)


async def _publish(question: PublishQuestion) -> PublishPreview:
    from contracts.desk import Bulk
    from starter.desk_client import opened

    key = f"publish-{question.confirm}-{question.now.isoformat()}"
    async with opened() as door:
        preview = await door.order(Bulk.publish_calendar, question, key)
        if preview.published:
            await _tell(door, preview.version)
        elif question.confirm and preview.code == "NOTHING_STAGED":
            # A publication that broke off between the two is healed by the next one.
            await _tell(door, preview.in_force)
    return preview


async def _tell(door: Door, version: int) -> None:
    """Starts the workflow that tells the open procedures, once per version."""
    from temporalio.common import WorkflowIDReusePolicy
    from temporalio.exceptions import WorkflowAlreadyStartedError

    from contracts.calendar import PublicationRequest, publication_id
    from contracts.names import PROCEDURES_QUEUE

    with suppress(WorkflowAlreadyStartedError):
        await door.workflows.start_workflow(
            WORKFLOW,
            PublicationRequest(version=version),
            id=publication_id(version),
            task_queue=PROCEDURES_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=f"历法第{version}版生效：通知在办事项重算时限",
        )


def _show(preview: PublishPreview) -> None:
    total = max(preview.moved_total, len(preview.moved))
    for line in preview.staged:
        click.echo("\n".join(wrap(line, terminal_width())))
    if preview.changed:
        echo_days("不同的日子", preview.changed)
    click.echo(
        f"现行第 {preview.in_force} 版，新版第 {preview.version} 版；"
        f"在办环节 {preview.open_steps} 个，时限有变的 {total} 个。"
    )
    if preview.moved:
        rows = [
            (
                one.item,
                one.unit,
                f"{one.before}{'暂定' if one.provisional_before else ''}",
                f"{one.after}{'暂定' if one.provisional_after else ''}",
            )
            for one in preview.moved[:_MOST_ROWS]
        ]
        click.echo(render(rows, ("事项", "单位", "原时限", "新时限")))
        if total > _MOST_ROWS:
            click.echo(f"……另有 {total - len(rows)} 个，见 --json")
    if preview.published:
        click.echo("已生效，正在通知在办事项。")
    elif preview.version != preview.in_force:
        click.echo("尚未生效；确认：jiegai calendar publish --confirm --as 姓名")


async def published_year(year: int, district: str, shipped: WorkCalendar) -> WorkCalendar:
    """This will put the year that is in force at the service into the calendar that ships.

    With a ``district``, as that district has it.
    """
    from dataclasses import replace

    from contracts.desk import CalendarYearQuestion, Desk
    from domain.calendar import Notice, NoticeDay, Overlay
    from starter.desk_client import opened

    async with opened() as door:
        question = CalendarYearQuestion(year=year, district=district)
        found = await door.ask(Desk.calendar_year, question)
    if not found.district_known:
        raise UserError(
            "UNKNOWN_DISTRICT",
            f"登记的改革方案里没有“{district}”，请核对区名：jiegai rollout list。",
        )
    local = replace(
        shipped,
        version=found.version,
        overlays=tuple(
            Overlay(
                district=district,
                paper=one.paper,
                days=(NoticeDay(day=one.day, is_off=one.is_off, name=one.name),),
            )
            for one in found.local
        ),
    )
    if not found.loaded:
        return local.for_district(district) if found.local else shipped
    marked = ((found.off_days, True), (found.work_days, False))
    days = [
        NoticeDay(day=day, is_off=is_off, name=shipped.name_of(day))
        for chosen, is_off in marked
        for day in chosen
    ]
    notice = Notice(
        year=year,
        papers=tuple(found.paper.split("；")),
        days=tuple(sorted(days, key=lambda one: one.day)),
    )
    return local.with_notice(notice, version=found.version).for_district(district)

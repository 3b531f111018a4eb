"""``jiegai meeting``: one 纪要 recorded once, each of its decisions landing on its own item.

The meeting goes into the ledger first, then every decision is sent as an action under an id made
of rollout, 文号 and item: what broke off is finished by recording the same workbook again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.meeting_issue import issue, issues
from starter.parameters import SHANGHAI
from starter.table import display_width, echo_json, pasted, render, terminal_width, wrap

if TYPE_CHECKING:
    from contracts.desk import InboxLine
    from contracts.meeting import MeetingShown, MeetingsPage, RemarkLine


@click.group()
def meeting() -> None:
    """会议纪要：一次会议的各项决定逐项落到事项，并统计会议与参会。"""


meeting.add_command(issue)
meeting.add_command(issues)


@meeting.command()
@click.argument("file", metavar="文件", type=click.Path(path_type=Path))
@click.option("--organ", default="", metavar="机构", help="列入这个机构全部待议的事项。")
@click.option("--rollout", default="", metavar="改革", help="只列这次改革的。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def template(*, file: Path, organ: str, rollout: str, as_json: bool) -> None:
    """写出一张会议表（会议、议定事项、参会三页），填好后用 meeting record 登记。"""
    from starter.meeting_book import write_template
    from starter.sheet_style import new_path

    new_path(file, "会议表")
    now = datetime.now(UTC)
    organ, lines = _items_of(organ.strip(), rollout.strip(), now) if organ.strip() else ("", ())
    title = f"会议表{'：' + organ if organ else ''}（{now.astimezone(SHANGHAI):%Y-%m-%d}）"
    write_template(file, organ=organ, rollout=rollout.strip(), lines=lines, title=title)
    if as_json:
        echo_json({"template": str(file), "items": [line.item for line in lines]})
        return
    listed = f"，列入{organ}待议的 {len(lines)} 项" if organ else ""
    click.echo(f"已写出 {file}{listed}。")
    click.echo(f"填好后登记：jiegai meeting record {pasted(file)} --as 姓名")


def _items_of(organ: str, rollout: str, now: datetime) -> tuple[str, Sequence[InboxLine]]:
    """The organ by its whole name, and what waits for the organ's decision; opinions that it is asked for are not."""
    from contracts.desk import InboxQuestion
    from domain.meeting import DECISIONS, MOST_ITEMS
    from starter.desk_client import run
    from starter.inbox import known, read_inbox

    question = InboxQuestion(now=now, unit=organ, rollout=rollout, limit=MOST_ITEMS)
    page = run(read_inbox(question))
    known(page)
    verbs = {verb.value for verb in DECISIONS.values()}
    lines = [line for line in page.lines if verbs <= set(line.verbs) and line.purpose == "办理"]
    return page.unit or organ, lines


@meeting.command()
@click.argument("file", metavar="纪要", type=click.Path(path_type=Path))
@click.option("--as", "person", required=True, metavar="姓名", help="登记人。")
@click.option("--rollout", default="", metavar="改革", help="表中没有写改革时用。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def record(*, file: Path, person: str, rollout: str, as_json: bool) -> int:
    """登记一份纪要，并把每项决定落到事项；中断后原样再执行即可，不会重复。"""
    from starter.desk_client import run
    from starter.meeting_book import read_meeting
    from starter.meeting_record import Recording, refuse

    if not person.strip():
        raise UserError("USAGE", "请用 --as 写明登记人。")
    now = datetime.now(UTC)
    read = read_meeting(file, now.astimezone(SHANGHAI).date(), rollout.strip())
    if read.findings:
        refuse(read.findings, as_json=as_json)
    recording = Recording(read, person.strip(), now, as_json=as_json)
    shown = run(recording.record())
    return recording.report(shown)


@meeting.command("list")
@click.argument("rollout", metavar="改革", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def list_meetings(*, rollout: str, as_json: bool) -> None:
    """列出会议、各类会议的次数、参会人数，以及次序和覆盖面的提示。"""
    from starter.desk_client import run

    page = run(_list(rollout.strip()))
    if as_json:
        echo_json(asdict(page))
        return
    if not page.lines:
        click.echo("还没有登记会议；空白表：jiegai meeting template 会议.xlsx")
    else:
        click.echo(printable(_as_table(page, bool(rollout))))
        click.echo()
        click.echo(f"会议：{_counted(page.by_kind, '次')}。")
        click.echo(f"参会（按人计一次）：{_counted(page.attendance, '人')}。")
    show_remarks(page.remarks)


async def _list(rollout: str) -> MeetingsPage:
    from dataclasses import replace

    from contracts.desk import Desk, RolloutQuestion
    from contracts.meeting import Meetings, MeetingsQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    question = MeetingsQuestion(now=now, rollout=rollout)
    async with opened() as door:
        first = page = await door.ask(Meetings.ledger, question)
        lines = page.lines
        while page.next_page:
            page = await door.ask(Meetings.ledger, replace(question, page=page.next_page))
            lines += page.lines
        if rollout and not lines:
            asked = RolloutQuestion(now=now, rollout=rollout)
            if not (await door.ask(Desk.rollouts, asked)).lines:
                raise UserError("UNKNOWN_NAME", f"没有改革“{rollout}”，请核对写法。")
    return replace(first, lines=lines, next_page="")


def _as_table(page: MeetingsPage, one_rollout: bool) -> str:
    """A table where it fits, else two lines each: a 文号 is never shortened, people copy it."""
    heads = ["改革", "日期", "类型", "文号", "决定机构", "议定", "到会/应到", "登记人"]
    rows = [
        (
            line.rollout,
            str(line.held_on),
            line.kind,
            line.doc_no,
            line.organ,
            str(line.items),
            f"{line.present}/{line.invited}",
            line.recorded_by,
        )
        for line in page.lines
    ]
    skip = int(one_rollout)
    cells = [row[skip:] for row in rows]
    if _fits(cells, heads[skip:]):
        return render(cells, heads[skip:])
    return "\n".join(
        f"{line.held_on} {line.kind} {line.doc_no}\n   "
        + " · ".join(
            part
            for part in (
                "" if one_rollout else line.rollout,
                line.organ,
                f"议定{line.items}项",
                f"到会{line.present}/{line.invited}",
                f"{line.recorded_by}登记",
            )
            if part
        )
        for line in page.lines
    )


def _fits(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> bool:
    widest = [
        max(display_width(cell) for cell in column) for column in zip(heads, *rows, strict=True)
    ]
    return sum(widest) + 2 * (len(widest) - 1) <= terminal_width()


@meeting.command()
@click.argument("doc_no", metavar="文号")
@click.option("--rollout", default="", metavar="改革", help="几次改革有同一文号时写明。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def show(*, doc_no: str, rollout: str, as_json: bool) -> None:
    """查看一次会议：议定事项落实了没有、谁到会、还有什么提示。"""
    from starter.desk_client import run

    shown = run(_shown(doc_no.strip(), rollout.strip()))
    if as_json:
        echo_json(asdict(shown))
        return
    show_meeting(shown)


async def _shown(doc_no: str, rollout: str) -> MeetingShown:
    from contracts.meeting import MeetingQuestion, Meetings
    from starter.desk_client import opened

    question = MeetingQuestion(now=datetime.now(UTC), doc_no=doc_no, rollout=rollout)
    async with opened() as door:
        shown = await door.ask(Meetings.show, question)
    if shown.meeting is None and shown.rollouts:
        names = "、".join(shown.rollouts)
        raise UserError("AMBIGUOUS", f"{names}都有纪要“{doc_no}”，请用 --rollout 写明。")
    if shown.meeting is None:
        raise UserError(
            "NOT_FOUND", f"没有登记过纪要“{doc_no}”，可用 jiegai meeting list 查看。", EXIT_REFUSED
        )
    return shown


def show_meeting(shown: MeetingShown) -> None:
    """This will print a meeting, its decisions, who was there, and the remarks."""
    held = shown.meeting
    if held is None or shown.recorded_at is None:
        return
    at = shown.recorded_at.astimezone(SHANGHAI)
    click.echo(printable(f"{held.rollout} · {held.kind} · {held.held_on} · {held.doc_no}"))
    details = (("决定机构", held.organ), ("主持人", held.chair), ("议题", held.agenda))
    for name, text in details:
        if text:
            click.echo(printable(f"{name}：{text}"))
    if held.sha256:
        click.echo(printable(f"纪要文件：{held.filename} sha256:{held.sha256[:12]}"))
    click.echo(f"登记：{shown.recorded_by} {at:%Y-%m-%d %H:%M}")
    if shown.landed:
        click.echo()
        for one in shown.landed:
            click.echo(f"{one.item}  {one.decision}  {one.state}")
            if one.sentence:
                for text in wrap(printable(_said(one.code, one.sentence)), terminal_width() - 3):
                    click.echo(f"   {text}")
    if held.attendees:
        click.echo()
        click.echo(f"到会：{_counted(shown.attendance, '人')}。")
        away = [
            f"{one.unit}{one.person}{one.presence}{'（' + one.reason + '）' if one.reason else ''}"
            for one in held.attendees
            if one.presence.value != "出席"
        ]
        if away:
            click.echo(printable(f"未到：{'、'.join(away)}。"))
    show_remarks(shown.remarks)


def show_remarks(remarks: Sequence[RemarkLine]) -> None:
    """This will print remarks, if there are any; they stop nothing."""
    if not remarks:
        return
    click.echo()
    click.echo("提示（不影响登记和办理）：")
    for one in remarks:
        where = f"{one.district}：" if one.district else ""
        click.echo(printable(f"  {one.row} {where}{one.sentence}"))


def _said(code: str, sentence: str) -> str:
    return f"[{code}] {sentence}" if code else sentence


def _counted(counts: dict[str, int], unit: str) -> str:
    return "、".join(f"{name}{count}{unit}" for name, count in counts.items())

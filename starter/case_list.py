"""``jiegai case list`` and ``breaches``: cases as the register has them, and what was not admitted.

Counts are by unit, never by person: nobody is ranked by name (4-35).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from starter.errors import UserError, printable
from starter.lights import paint
from starter.parameters import DAY, JSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import display_width, echo_json, render, terminal_width, truncate, wrap

if TYPE_CHECKING:
    from contracts.case import CaseLine, CaseListPage, CaseListQuestion, ClockLine
    from contracts.complaint import ComplaintLine
    from starter.desk_client import Door

REPORTED, HANDED_OVER = "当天报告", "正式交接"
"""The clocks of 4-11 and 4-12, as ``domain.case_clocks`` names them."""

_GAP = 2

_SINCE = click.option("--since", type=DAY, default=None, help="从哪天起受理的。")
_UNTIL = click.option("--until", type=DAY, default=None, help="到哪天为止受理的（含当天）。")
_KINDS = ("上报", "移送", "派单", "涉罪移送", "民呼我应", "吹哨")


@click.command("list")
@click.option("--unit", default="", metavar="单位", help="街道或部门，任一方是它的都列出。")
@click.option("--kind", type=click.Choice(_KINDS), default=None, help="类别。")
@click.option("--item", default="", metavar="序号", help="依据哪项清单事项。")
@click.option("--open", "open_only", is_flag=True, help="只列在办的。")
@click.option("--late", "late_only", is_flag=True, help="只列有时限超期的（含已办结的）。")
@click.option("--breaches", "tried", is_flag=True, help="只列违规尝试，同 jiegai case breaches。")
@_SINCE
@_UNTIL
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=None,
    metavar="件数",
    help="最多列几件；不写列 200 件，输出 JSON 时不限。",
)
@ROLLOUT_OPTION
@JSON_OPTION
def list_(
    *,
    unit: str,
    kind: str | None,
    item: str,
    open_only: bool,
    late_only: bool,
    tried: bool,
    since: date | None,
    until: date | None,
    limit: int | None,
    rollout: str,
    as_json: bool,
) -> None:
    """列出案件，新的在前；灯是此刻的，超期写明由谁延误。

    jiegai case list --unit 滨湖街道 --open
    """
    from starter.desk_client import run

    conditions: dict[str, Any] = {"unit": unit.strip(), "since": since, "until": until}
    conditions |= {"kind": kind or "", "item": item.strip(), "rollout": rollout.strip()}
    if tried:
        _show_breaches(conditions, every=False, as_json=as_json)
        return
    conditions |= {"open_only": open_only, "late_only": late_only}
    most = limit or (None if as_json else 200)
    page = run(_read(conditions, most))
    if as_json:
        echo_json(asdict(page))
        return
    _refuse_unknown(page)
    if not page.lines:
        click.echo("没有这样的案件。")
    else:
        click.echo(listed(page.lines, datetime.now(UTC), terminal_width()))
    click.echo(counted(page))


@click.command()
@click.option("--unit", default="", metavar="单位", help="发出的部门，或被要求的街道。")
@click.option("--all", "every", is_flag=True, help="其他原因未受理的也列出。")
@click.option("--year", type=click.IntRange(1949, 2200), metavar="年", help="只看哪一年。")
@_SINCE
@_UNTIL
@ROLLOUT_OPTION
@JSON_OPTION
def breaches(
    *,
    unit: str,
    every: bool,
    year: int | None,
    since: date | None,
    until: date | None,
    rollout: str,
    as_json: bool,
) -> None:
    """违规尝试和街道反映：没有清单依据的派单，以及在本软件之外转嫁的；按年度和部门计数（4-35）。

    jiegai case breaches --year 2026
    """
    if year and (since or until):
        raise UserError("USAGE", "--year 与 --since、--until 只写一种。")
    if year:
        since, until = date(year, 1, 1), date(year, 12, 31)
    conditions = {"unit": unit.strip(), "since": since, "until": until, "rollout": rollout.strip()}
    _show_breaches(conditions, every=every, as_json=as_json)


def _show_breaches(conditions: dict[str, Any], *, every: bool, as_json: bool) -> None:
    from starter.case_complain import complaint_in_lines, counted_by_year, pressed
    from starter.desk_client import run

    page, complaints = run(_read_breaches(conditions, every=every))
    by_unit, by_year = tried_by_unit(page.lines), pressed(page.lines, complaints)
    if as_json:
        said = {"by_unit": by_unit, "by_year": [asdict(one) for one in by_year]}
        lines = [asdict(line) for line in page.lines]
        echo_json({"lines": lines, "complaints": [asdict(one) for one in complaints], **said})
        return
    _refuse_unknown(page)
    if not page.lines and not complaints:
        click.echo(
            "没有违规尝试，也没有街道反映。" if not every else "没有未受理的案件和街道反映。"
        )
        return
    width = terminal_width()
    told = [text for line in page.lines for text in attempt_in_lines(line, width)]
    told += [text for one in complaints for text in complaint_in_lines(one, width)]
    for text in (*told, "", *counted_by_year(by_year, width).split("\n")):
        click.echo(printable(text))
    what = "未受理" if every else "违规尝试"
    waiting = sum(one.reply is None for one in complaints)
    click.echo(
        f"共 {what} {len(page.lines)} 次，街道反映 {len(complaints)} 件，其中未答复 {waiting} 件。"
    )


async def _read_breaches(
    conditions: dict[str, Any], *, every: bool
) -> tuple[CaseListPage, tuple[ComplaintLine, ...]]:
    """Refused openings, and what streets reported of the same units and time."""
    from contracts.case import NOT_ADMITTED
    from starter.case_complain import read_complaints
    from starter.desk_client import opened

    status = NOT_ADMITTED if every else ""
    asked = {key: conditions[key] for key in ("rollout", "unit", "since", "until")}
    async with opened() as door:
        page = await read_lines(door, conditions | {"breaches": True, "status": status}, None)
        return page, await read_complaints(door, **asked)


async def _read(conditions: dict[str, Any], most: int | None) -> CaseListPage:
    from starter.desk_client import opened

    async with opened() as door:
        return await read_lines(door, conditions, most)


async def read_lines(door: Door, conditions: dict[str, Any], most: int | None) -> CaseListPage:
    """Every page of a list, or as many lines as were asked for; counts are of the whole."""
    from contracts.case import CaseListQuestion, CaseReads

    question: CaseListQuestion = CaseListQuestion(now=datetime.now(UTC), **conditions)
    page = await door.ask(CaseReads.cases, question)
    lines, place = page.lines, page.next_page
    while place and (most is None or len(lines) < most):
        more = await door.ask(CaseReads.cases, replace(question, page=place))
        lines, place = lines + more.lines, more.next_page
    return replace(page, lines=lines if most is None else lines[:most], next_page="")


def _refuse_unknown(page: CaseListPage) -> None:
    if page.unknown:
        names = "”“".join(page.unknown)
        raise UserError("UNKNOWN_NAME", f"没有登记“{names}”，请核对名称。")


def counted(page: CaseListPage) -> str:
    """The line under a list: ``共 120 件，在办 30，有超期 4；违规尝试 2 次。``"""
    shown = f"（列出 {len(page.lines)} 件）" if len(page.lines) < page.total else ""
    tried = f"；违规尝试 {page.breaches} 次（jiegai case breaches）" if page.breaches else ""
    return f"共 {page.total} 件{shown}，在办 {page.open}，有超期 {page.late}{tried}。"


def listed(lines: Sequence[CaseLine], now: datetime, width: int) -> str:
    """One row per case where nothing is cut off by it, else two lines each."""
    heads = ("灯", "案件编号", "类别", "案由", "双方", "在哪一步", "期限", "超期")
    rows = [_cells(line, now) for line in lines]
    widest = (
        max(display_width(cell) for cell in column) for column in zip(heads, *rows, strict=True)
    )
    if sum(widest) + _GAP * (len(heads) - 1) > width:
        return "\n".join(text for line in lines for text in _in_two(line, now, width))
    table = render(rows, heads, width).split("\n")
    lights = ["", "", *(line.light for line in lines)]
    return "\n".join(
        paint(light, printable(text)) for light, text in zip(lights, table, strict=True)
    )


def _cells(line: CaseLine, now: datetime) -> tuple[str, ...]:
    page = line.page
    return (
        line.light,
        page.number,
        page.kind + ("急" if page.urgency == "紧急" else ""),
        page.title,
        sides(line),
        _standing(line),
        _due(line),
        late_in_words(line, now),
    )


def _in_two(line: CaseLine, now: datetime, width: int) -> list[str]:
    page = line.page
    urgent = "（急）" if page.urgency == "紧急" else ""
    first = f"{line.light or '—'} {page.number} {page.kind}{urgent} {page.title}"
    late = late_in_words(line, now)
    parts = (sides(line), _standing(line), _due(line), f"超期：{late}" if late else "")
    rest = " · ".join(part for part in parts if part)
    return [
        paint(line.light, printable(truncate(first, width))),
        *(f"   {printable(text)}" for text in wrap(rest, width - 3)),
    ]


def sides(line: CaseLine) -> str:
    """Who gave the case to whom: ``滨湖街道→区文旅局``; of a dispatch the street takes it."""
    page = line.page
    if page.kind == "派单":
        return f"{page.sender}→{page.street}"
    return f"{page.sender}→{page.receiver or '待定'}"


def _standing(line: CaseLine) -> str:
    return "；".join(line.waiting) if line.waiting else line.page.status


def _due(line: CaseLine) -> str:
    if line.next_due_at is None:
        return "" if line.ended_at else "未设时限"
    return moment(line.next_due_at)


def moment(at: datetime) -> str:
    """An instant in Asia/Shanghai; midnight is the 24:00 of the day that it ends."""
    from datetime import timedelta

    local = at.astimezone(SHANGHAI)
    if local.hour == local.minute == 0:
        return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


def late_in_words(line: CaseLine, now: datetime) -> str:
    """Which clocks are, or were, overdue, and who holds them up: ``正式交接（区文旅局）``."""
    held = ((clock.name, held_up_by(line, clock, now)) for clock in line.page.clocks)
    return "、".join(f"{name}（{unit}）" for name, unit in held if unit)


def held_up_by(line: CaseLine, clock: ClockLine, now: datetime) -> str:
    """Whose delay a clock is at the moment of asking; empty in time.

    What was delivered in time and not signed for is the receiver's delay, not the street's (4-12).
    """
    if clock.late_by or clock.stopped_at is not None:
        return clock.late_by
    if clock.due_at is None or now < clock.due_at:
        return ""
    page = line.page
    if clock.name == HANDED_OVER:
        in_time = clock.delivered_at is not None and clock.delivered_at < clock.due_at
        return page.receiver if in_time else page.street
    if clock.name == REPORTED:
        return page.street
    waiting = [one.partition("：")[2] for one in line.waiting if one.startswith(_step(clock.name))]
    return "、".join(waiting) or "未定"


def _step(name: str) -> str:
    """The step of a clock: 第2次办理 is one of 办理."""
    return re.sub(r"^第\d+次", "", name) + "："


def tried_by_unit(lines: Sequence[CaseLine]) -> dict[str, int]:
    """How many attempts each unit made, the most first."""
    return dict(Counter(line.page.sender for line in lines).most_common())


def attempt_in_lines(line: CaseLine, width: int) -> list[str]:
    """An attempt: when, from whom to whom, what, and why it was not admitted."""
    page = line.page
    when = f"{page.trigger_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    item = f"（所引事项：{page.item}）" if page.item else ""
    sides = page.sender if page.sender == page.street else f"{page.sender}→{page.street}"
    head = f"{when}  {sides}  {page.kind}“{page.title}”{item}"
    indent = " " * display_width(f"{when}  ")
    room = width - display_width(indent)
    said = wrap(f"[{page.code}] {page.sentence}", room)
    first, *more = wrap(head, width)
    return [first, *(indent + text for text in more), *(indent + text for text in said)]

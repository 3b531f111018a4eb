"""``jiegai inbox``: what waits at whose desk, the soonest due first, and the latest notices.

An item is printed whole, so that it can be pasted into ``jiegai act``: never shortened, whatever
the width of the terminal; on a narrow one it takes a line of its own.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from domain.case_limits import NO_LIMIT_DAY
from starter.audit_hint import problems_of
from starter.errors import UserError, printable
from starter.lights import days_in_words, paint
from starter.parameters import SHANGHAI
from starter.table import display_width, echo_json, pad, pasted, terminal_width, truncate, wrap

if TYPE_CHECKING:
    from contracts.desk import InboxLine, InboxPage, InboxQuestion, NoticeLine

RECORDED = "代录"
"""The capacity in which somebody records what an organ without a desk decided on paper."""

_MINUTES = "纪要"
"""What a decision that is recorded is usually written in; any other name is taken as well."""

_NOTICES = 10
"""Notices printed below the table; ``--json`` has all that the desk sent."""

_MOST_ON_SCREEN, _MOST_IN_SHEET = 200, 20_000
"""Items listed unless ``--limit`` says otherwise; a sheet takes all that may come back."""

_PASSING = ("提醒", "到期")
"""Notices that only say how an open step stands."""

_LEAST_VERBS = 26
"""Room that the last column of a table must have, unless it needs less."""

_MOST_FOR_TABLE = 56
"""Widest item that still leaves room for the other columns of a table."""


@click.command()
@click.option("--unit", default="", metavar="单位", help="只看这个单位的待办。")
@click.option("--person", default="", metavar="姓名", help="只看这个人可以办理的。")
@click.option("--rollout", default="", metavar="改革", help="只看这次改革的。")
@click.option("--overdue", is_flag=True, help="只看已超期的。")
@click.option(
    "--limit",
    default=None,
    metavar="N",
    type=click.IntRange(1, 20_000),
    help="最多列出几项，默认 200；写表时默认全部。",
)
@click.option(
    "--xlsx",
    type=click.Path(path_type=Path),
    metavar="文件",
    help="写成待办表，填好后用 jiegai act --file 交回。",
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def inbox(
    *,
    unit: str,
    person: str,
    rollout: str,
    overdue: bool,
    limit: int | None,
    xlsx: Path | None,
    as_json: bool,
) -> None:
    """列出待办事项，最先到期的在前；不写单位和姓名时列出全部。

    每项的“事项”可以原样粘贴到 jiegai act 之后。
    """
    from contracts.desk import InboxQuestion
    from starter.desk_client import run

    if xlsx is not None:
        from starter.sheet_style import new_path

        new_path(xlsx, "待办表")
    now = datetime.now(UTC)
    question = InboxQuestion(
        now=now,
        unit=unit,
        person=person,
        rollout=rollout,
        overdue_only=overdue,
        limit=limit or (_MOST_IN_SHEET if xlsx else _MOST_ON_SCREEN),
    )
    page = run(read_inbox(question))
    known(page)
    question = replace(question, unit=page.unit or question.unit)
    if xlsx is not None:
        _write(xlsx, page, question, as_json=as_json)
        return
    if as_json:
        echo_json(asdict(page))
        return
    show(page, question, now)


def _write(path: Path, page: InboxPage, question: InboxQuestion, *, as_json: bool) -> None:
    from starter.inbox_xlsx import title_of, write_inbox

    today = question.now.astimezone(SHANGHAI).date()
    whose = _whose(question)
    if not page.lines:
        raise UserError("NOTHING_TO_WRITE", f"{whose}：没有待办事项，没有写表。")
    write_inbox(path, page.lines, person=question.person, title=title_of(whose, today))
    if as_json:
        echo_json({"xlsx": str(path), "items": len(page.lines), "total": page.total})
        return
    left = f"（共 {page.total} 项，其余用 --limit 放宽）" if page.total > len(page.lines) else ""
    click.echo(f"已写出 {path}：{whose} 待办 {len(page.lines)} 项{left}。")
    click.echo(f"填好后交回：jiegai act --file {pasted(path)} --as 姓名")


def known(page: InboxPage) -> None:
    """This will refuse names that stand in no register; near ones are named."""
    if not page.unknown or page.lines:
        return
    names = "、".join(f"“{name}”" for name in page.unknown)
    if page.near:
        near = "、".join(page.near)
        raise UserError("UNKNOWN_NAME", f"{names}可能是几个单位：{near}，请写全称。")
    raise UserError("UNKNOWN_NAME", f"通讯录和已启动的改革里没有{names}，请核对写法。")


def _whose(question: InboxQuestion) -> str:
    return "、".join(part for part in (question.unit, question.person) if part) or "全部单位"


async def read_inbox(question: InboxQuestion) -> InboxPage:
    """This will read pages until ``limit`` items are here or there are no more."""
    from contracts.desk import Desk
    from starter.desk_client import opened

    async with opened() as door:
        page = await door.ask(Desk.inbox, question)
        lines = page.lines
        while page.next_page and len(lines) < question.limit:
            following = await door.ask(Desk.inbox, replace(question, page=page.next_page))
            lines += following.lines
            page = replace(page, next_page=following.next_page)
    left = page.next_page if len(lines) <= question.limit else "more"
    return replace(page, lines=lines[: question.limit], next_page=left)


def show(page: InboxPage, question: InboxQuestion, now: datetime) -> None:
    """This will print the items, then the notices."""
    whose = _whose(question)
    if not page.lines:
        what = "没有超期事项" if question.overdue_only else "没有待办事项"
        click.echo(f"{whose}：{what}。")
    else:
        more = f"，列出 {len(page.lines)} 项" if page.total > len(page.lines) else ""
        click.echo(f"{whose}：待办 {page.total} 项，超期 {page.overdue} 项{more}。")
        click.echo()
        today = now.astimezone(SHANGHAI).date()
        for line in laid_out(page.lines, today, terminal_width()):
            click.echo(line)
    _show_notices(page)
    if page.lines:
        click.echo()
        click.echo(hint(page.lines[0]))
        for line in problems_of(line.item for line in page.lines):
            click.echo(printable(line))


def hint(line: InboxLine) -> str:
    """This will print the command that works on an item, with the documents that it needs."""
    verb = line.verbs[0] if line.verbs else "动作"
    given = "文号@文件" if line.capacity == RECORDED else "文号或文件"
    papers = "".join(f" --evidence {name}={given}" for name in papers_of(line))
    day = " --on 发生日期" if line.capacity == RECORDED else ""
    return f"办理：jiegai act {line.item} {verb} --as 姓名{papers}{day}"


def papers_of(line: InboxLine) -> tuple[str, ...]:
    """What an item asks for: its documents; for a 代录, the paper that holds the decision."""
    return line.documents or ((_MINUTES,) if line.capacity == RECORDED else ())


def laid_out(lines: tuple[InboxLine, ...], today: date, width: int) -> list[str]:
    """This will lay the items out within ``width`` columns: a table, or two lines each."""
    widest = max(display_width(line.item) for line in lines)
    if width >= 100 and widest <= _MOST_FOR_TABLE and _verbs_fit(lines, today, width, widest):
        return _as_table(lines, today, width, widest)
    return [text for line in lines for text in _as_two_lines(line, today, width)]


def _as_table(lines: tuple[InboxLine, ...], today: date, width: int, widest: int) -> list[str]:
    dues = [due_in_words(line, today) for line in lines]
    unit = min(20, max(4, *(display_width(line.unit) for line in lines)))
    due = max(4, *(display_width(text) for text in dues))
    verbs = max(8, width - 2 - widest - unit - due - 4 * 2)
    heads = ("灯", "事项", "单位", "时限", "可办")
    sizes = (2, widest, unit, due, verbs)
    out = [_joined(heads, sizes), "  ".join("-" * size for size in (*sizes[:-1], 8))]
    for line, text in zip(lines, dues, strict=True):
        cells = (line.light, line.item, line.unit, text, _verbs(line))
        out.append(paint(line.light, pad(line.light, 2)) + _joined(cells, sizes)[1:])
    return out


def _verbs_fit(lines: tuple[InboxLine, ...], today: date, width: int, widest: int) -> bool:
    """Whether the table's last column says as much as the two lines would."""
    taken = max(
        display_width(line.unit) + display_width(due_in_words(line, today)) for line in lines
    )
    verbs = max(display_width(_verbs(line)) for line in lines)
    return width - 2 - widest - taken - 4 * 2 >= min(verbs, _LEAST_VERBS)


def _as_two_lines(line: InboxLine, today: date, width: int) -> list[str]:
    rest = " · ".join((line.unit, due_in_words(line, today), _verbs(line)))
    return [
        f"{paint(line.light, line.light)} {line.item}",
        f"   {truncate(rest, width - 3)}",
    ]


def due_in_words(line: InboxLine, today: date) -> str:
    """This will say when an item is due: ``12-20 还剩3天 暂定（原12-15）``."""
    if line.due_date == NO_LIMIT_DAY:
        return "未设时限"
    text = f"{_short(line.due_date, today)} {days_in_words(line.due_date, today)}"
    if line.light == "红" and line.overdue_days == 0 and line.due_date >= today:
        text = f"{_short(line.due_date, today)} 已过时限"
    if line.provisional:
        text += " 暂定"
    if line.original_due_date != line.due_date:
        text += f"（原{_short(line.original_due_date, today)}）"
    return text


def _short(day: date, today: date) -> str:
    return f"{day:%m-%d}" if day.year == today.year else day.isoformat()


def _verbs(line: InboxLine) -> str:
    """What answers the item; verbs that every desk has (签收, 转办 …) only where none does."""
    from domain.procedure import SIDE

    text = "、".join([verb for verb in line.verbs if verb not in SIDE] or line.verbs)
    if line.purpose and line.purpose != "办理":
        text = f"【{line.purpose}】{text}"
    if line.capacity:
        text = f"【{line.capacity}】{text}"
    return f"{text}（由{line.waiting_for}办）" if line.waiting_for else text


def _joined(cells: tuple[str, ...], sizes: tuple[int, ...]) -> str:
    pairs = zip(cells, sizes, strict=True)
    return "  ".join(pad(truncate(cell, size), size) for cell, size in pairs).rstrip()


def _show_notices(page: InboxPage) -> None:
    notices = live(page)
    if not notices:
        return
    click.echo()
    click.echo("通知：")
    for notice in notices[:_NOTICES]:
        at = notice.at.astimezone(SHANGHAI)
        about = "/".join(notice.item.partition("#")[0].split("/")[-2:])
        named = f"{about} → " if notice.item.count("/") > 2 else ""
        whom = f"{named}{notice.unit}{notice.to}"
        text = printable(f"{at:%m-%d %H:%M} {notice.level} {whom}：{notice.text}")
        first, *rest = wrap(text, terminal_width() - 4)
        click.echo("\n".join((f"  {first}", *(f"    {line}" for line in rest))))
    if len(page.notices) > min(len(notices), _NOTICES):
        left = len(page.notices) - min(len(notices), _NOTICES)
        click.echo(f"  ……另有较早的或已办事项的 {left} 条，见 --json")


def live(page: InboxPage) -> tuple[NoticeLine, ...]:
    """The notices still worth a line: a reminder of a step that is done by now is not."""
    if page.total > len(page.lines):
        return page.notices
    waiting = {line.item for line in page.lines}
    return tuple(
        notice for notice in page.notices if notice.level not in _PASSING or notice.item in waiting
    )

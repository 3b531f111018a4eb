"""``jiegai calendar``: deadlines worked out and years shown, without any service running.

``due`` and ``show`` use the calendar that ships with the program, and the notices given with
``--notice``; only ``show --in-force`` (and ``--district``) asks a running deployment what it has
published. The other commands change what it has: see calendar_admin.py and calendar_versions.py.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from starter.calendar_admin import import_notice, publish
from starter.calendar_versions import rollback, versions
from starter.errors import UserError

if TYPE_CHECKING:
    from domain.calendar import WorkCalendar
    from domain.deadline import Deadline


@click.group()
def calendar() -> None:
    """工作日历：推算期限、查看全年的休与班。"""


@calendar.command()
@click.option(
    "--from", "trigger", metavar="时刻", help="触发的日期或时刻，如 2026-02-13T10:00+08:00。"
)
@click.option(
    "--workdays", type=int, metavar="N", help="N个工作日（触发当日不计，调休上班日计入）。"
)
@click.option("--days", type=int, metavar="N", help="N天（末日遇休息日顺延）。")
@click.option("--months", type=int, metavar="N", help="N个月（到期月的对应日，遇休息日顺延）。")
@click.option("--hours", type=int, metavar="N", help="N小时（从该分钟起连续计算）。")
@click.option("--by", metavar="日期", help="到写明的日期为止（含当日）。")
@click.option("--same-day", is_flag=True, help="当日。")
@click.option("--day-end", default="24:00", metavar="HH:MM", help="一天的截止时刻，默认 24:00。")
@click.option(
    "--roll",
    type=click.Choice(["休息日", "法定节假日", "不顺延"]),
    default="休息日",
    help="按天、按月计的末日遇何种日子顺延，默认 休息日。",
)
@click.option("--notice", "notices", multiple=True, metavar="文件", help="另加一年的放假通知。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def due(  # noqa: PLR0917 - click passes every option by name
    trigger: str | None,
    workdays: int | None,
    days: int | None,
    months: int | None,
    hours: int | None,
    by: str | None,
    same_day: bool,
    day_end: str,
    roll: str,
    notices: tuple[str, ...],
    as_json: bool,
) -> None:
    """推算一个期限，并说明是怎样算出来的。"""
    from domain.deadline import DeadlineError

    counts = {"workdays": workdays, "days": days, "months": months, "hours": hours}
    asked = [f"--{name}" for name, count in counts.items() if count is not None]
    asked += ["--by"] * (by is not None) + ["--same-day"] * same_day
    if len(asked) != 1:
        got = "、".join(asked) or "一种也没有"
        raise UserError(
            "DUE_HOW",
            "--workdays、--days、--months、--hours、--by、--same-day 须给且只给一种，"
            f"现在是：{got}。",
        )
    known = _calendar(notices)
    try:
        if by is not None:
            deadline = _by(by, known, day_end)
        else:
            deadline = _counted(_trigger(trigger), counts, known, day_end, roll)
    except DeadlineError as error:
        raise UserError(error.code, error.sentence) from error
    _print_deadline(deadline, as_json)


def _by(text: str, known: WorkCalendar, day_end: str) -> Deadline:
    from domain.deadline import by_date

    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise UserError("BAD_DATE", f"--by “{text}”不是日期，请写成 2026-12-20。") from None
    return by_date(day=day, calendar=known, day_end=day_end)


def _trigger(text: str | None) -> datetime | date:
    from domain.day_words import SHANGHAI

    if not text:
        raise UserError("NO_TRIGGER", "请用 --from 写明触发的日期或时刻。")
    text = text.strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            "BAD_DATE",
            f"--from “{text}”不是日期或时刻，请写成 2026-02-13 或 2026-02-13T10:00+08:00。",
        ) from None
    if moment.utcoffset() is None:
        click.echo(f"说明：{text} 没有写时区，按北京时间（+08:00）计算。", err=True)
        moment = moment.replace(tzinfo=SHANGHAI)
    return moment


def _counted(
    trigger: datetime | date,
    counts: dict[str, int | None],
    known: WorkCalendar,
    day_end: str,
    roll: str,
) -> Deadline:
    from domain import deadline as limits

    if counts["workdays"] is not None:
        return limits.after_workdays(
            trigger=trigger, count=counts["workdays"], calendar=known, day_end=day_end
        )
    if counts["hours"] is not None:
        if not isinstance(trigger, datetime):
            raise UserError("BAD_TRIGGER", "按小时计的期限，--from 须写到分钟，不能只写日期。")
        return limits.after_hours(trigger=trigger, count=counts["hours"], calendar=known)
    for name, function in (("days", limits.after_days), ("months", limits.after_months)):
        count = counts[name]
        if count is not None:
            return function(
                trigger=trigger,
                count=count,
                calendar=known,
                day_end=day_end,
                roll=limits.Roll(roll),
            )
    return limits.same_day(trigger=trigger, calendar=known, day_end=day_end)


def _print_deadline(deadline: Deadline, as_json: bool) -> None:
    if as_json:
        from starter.table import echo_json

        echo_json(deadline)
        return
    from domain.day_words import spell_days, spell_instant

    provisional = "（暂定）" if deadline.provisional else ""
    click.echo(f"期限：{spell_instant(deadline.due)}{provisional}")
    click.echo(f"跳过：{spell_days(deadline.skipped) or '无'}")
    click.echo(f"规则：{deadline.rule}")


def _calendar(notices: tuple[str, ...]) -> WorkCalendar:
    from domain.calendar import load_builtin_calendar

    known = load_builtin_calendar()
    if notices:
        from starter.calendar_file import read_notice

        for path in notices:
            known = known.with_notice(read_notice(path))
    return known


@calendar.command()
@click.argument("year", type=click.IntRange(1949, 2200), metavar="年份")
@click.option("--notice", "notices", multiple=True, metavar="文件", help="另加一年的放假通知。")
@click.option("--in-force", is_flag=True, help="问正在运行的服务：已发布生效的日历。")
@click.option("--district", default="", metavar="区", help="连同该区的停工安排（同 --in-force）。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def show(year: int, notices: tuple[str, ...], in_force: bool, district: str, as_json: bool) -> None:
    """按月列出一年的日历，标出休（放假）与班（调休上班）。"""
    from starter.calendar_page import year_page, year_table

    known = _calendar(notices)
    if in_force or district.strip():
        from starter.calendar_admin import published_year
        from starter.desk_client import run

        known = run(published_year(year, district.strip(), known))
    if as_json:
        from starter.table import echo_json

        echo_json(year_table(known, year))
        return
    click.echo(year_page(known, year))


calendar.add_command(import_notice)
calendar.add_command(publish)
calendar.add_command(rollback)
calendar.add_command(versions)

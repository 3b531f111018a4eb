"""Kinds of arguments that several commands take."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import click

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Where people read dates. Not imported from the domain, whose calendars take 30 ms to load."""


YEARS = range(1949, 2201)
"""The years that the work calendar can count in."""


_DATE = re.compile(r"\d{4}[-年/.]\d{1,2}[-月/.]\d{1,2}日?")
"""What is written like a date and may still be none: 2019-02-30."""


class Day(click.ParamType[date]):
    """A date as ``2019-12-20`` (also ``2019年12月20日``, ``2019/12/20``, ``2019.12.20``)."""

    name = "日期"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """This will read the date, or fail with a sentence."""
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        day = read_day(str(value))
        if day is None and _DATE.fullmatch(str(value).strip()):
            self.fail(f"日历上没有“{value}”这一天。", param, ctx)
        if day is None:
            self.fail(f"“{value}”不是日期，请写成 2019-12-20 这样。", param, ctx)
        if day.year not in YEARS:
            self.fail(f"{day}不在{YEARS[0]}至{YEARS[-1]}年之间。", param, ctx)
        return day


def read_day(text: str) -> date | None:
    """This will read a full date in one of the written forms; None if it is none.

    >>> read_day("2019年12月20日")
    datetime.date(2019, 12, 20)
    """
    plain = text.strip().removesuffix("日")
    for mark in "年月/.":
        plain = plain.replace(mark, "-")
    try:
        year, month, day = (int(part) for part in plain.split("-"))
        return date(year, month, day)
    except ValueError:
        return None


DAY = Day()


ROLLOUT_OPTION = click.option(
    "--rollout", default="", metavar="改革", help="哪次改革；只登记了一次时可不写。"
)
"""For commands about one rollout; see ``which_rollout``."""

PERSON_OPTION = click.option("--as", "person", default="", metavar="姓名", help="办理人。")
"""Who does it; see ``acting_person``."""

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
"""Every command has it."""

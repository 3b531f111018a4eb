"""Reading a yearly notice from a file's text: holiday-cn JSON, or CSV; all errors at once.

Sources: domain.md 8.3 (holiday-cn: ``{year, papers[], days[{name, date, isOffDay}]}``). A notice
decides every deadline of its year, so a file is taken whole or not at all, and one that looks
cut off (no 国庆节) is refused. Opening the file is the caller's business.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain.calendar import (
    LATE_DECEMBER,
    WEEKDAYS,
    Notice,
    NoticeDay,
    fixed_statutory_days,
)
from domain.refusal import Finding

_YEARS = range(2000, 2201)
_OFF = {"true": True, "1": True, "休": True, "放假": True}
_WORK = {"false": False, "0": False, "班": False, "上班": False, "调休上班": False}
_COLUMNS = {
    "日期": "date",
    "date": "date",
    "名称": "name",
    "节日": "name",
    "name": "name",
    "类型": "isOffDay",
    "isoffday": "isOffDay",
    "文号": "paper",
    "paper": "paper",
}


def parse_notice(text: str, *, papers: tuple[str, ...] = ()) -> Notice | tuple[Finding, ...]:
    """This will read a notice from JSON (text that begins with ``{``) or CSV, or list every error.

    ``papers`` replaces what the file names as its source (文号). Codes: NOTICE_SYNTAX,
    NOTICE_YEAR, NOTICE_EMPTY, NOTICE_DATE, NOTICE_KIND, NOTICE_TWICE, NOTICE_OUTSIDE,
    NOTICE_NOT_WEEKEND, NOTICE_CUT_OFF.
    """
    draft = _read(text)
    if not draft.findings:
        draft.check()
    if draft.findings:
        return tuple(draft.findings)
    return Notice(
        year=draft.year,
        papers=papers or _plain_papers(draft.year, draft.papers),
        days=tuple(sorted(draft.days.values())),
    )


def read_days(text: str) -> Draft:
    """This will read the days of a file that need not be a whole notice, with every error found."""
    return _read(text, needs_year=False)


def _read(text: str, *, needs_year: bool = True) -> Draft:
    text = text.removeprefix("\ufeff").strip()
    if text.startswith(("{", "[")):
        return _from_json(text, needs_year=needs_year)
    return _from_csv(text)


@dataclass
class Draft:
    """What was read of a file so far: days, the row of each, and what is wrong."""

    year: int = 0
    papers: tuple[str, ...] = ()
    days: dict[date, NoticeDay] = field(default_factory=dict)
    rows: dict[date, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, code: str, sentence: str, row: int = 0, column: str = "") -> None:
        """This will note one error."""
        self.findings.append(Finding(code=code, sentence=sentence, row=row, column=column))

    def add(self, row: int, entry: Mapping[str, Any]) -> None:
        """``row`` counts as the author sees it: the line of a CSV, the place in ``days``."""
        written = str(entry.get("date") or "").strip()
        try:
            day = date.fromisoformat(written.replace("/", "-"))
        except ValueError:
            self.wrong("NOTICE_DATE", f"“{written}”不是日期，请写成 2027-01-01。", row, "日期")
            return
        kind = str(entry.get("isOffDay", "")).strip().lower()
        is_off = _OFF.get(kind, _WORK.get(kind))
        if is_off is None:
            self.wrong("NOTICE_KIND", f"“{kind}”看不出是放假还是上班，请写 休 或 班。", row, "类型")
            return
        if day in self.days:
            self.wrong("NOTICE_TWICE", f"{day}写了两次（另见第{self.rows[day]}行）。", row, "日期")
            return
        name = str(entry.get("name") or "").strip()
        self.days[day], self.rows[day] = NoticeDay(day=day, is_off=is_off, name=name), row

    def check(self) -> None:
        """This will find what is wrong with days that can be read."""
        if not self.days:
            self.wrong("NOTICE_EMPTY", "文件里没有任何一天，可能通知还没有发布。")
            return
        first = date(self.year - 1, 12, LATE_DECEMBER)
        for day in sorted(self.days):
            if not first <= day <= date(self.year, 12, 31):
                self.wrong(
                    "NOTICE_OUTSIDE",
                    f"{day}不属于{self.year}年的通知（应在{first}至{self.year}-12-31之间）。",
                    self.rows[day],
                    "日期",
                )
            if not self.days[day].is_off and day.weekday() < 5:
                self.wrong(
                    "NOTICE_NOT_WEEKEND",
                    f"{day}是星期{WEEKDAYS[day.weekday()]}，本是工作日，不能列为调休上班。",
                    self.rows[day],
                    "类型",
                )
        self._check_statutory()

    def _check_statutory(self) -> None:
        for month, number in sorted(fixed_statutory_days(self.year)):
            day = date(self.year, month, number)
            listed = self.days.get(day)
            if day.weekday() < 5 and (listed is None or not listed.is_off):
                self.wrong("NOTICE_CUT_OFF", f"缺少法定节假日{day}，文件可能不完整。")


def _from_json(text: str, *, needs_year: bool) -> Draft:
    draft = Draft()
    try:
        table = json.loads(text)
    except json.JSONDecodeError as error:
        draft.wrong("NOTICE_SYNTAX", "不是有效的 JSON 文件。", error.lineno)
        return draft
    except (ValueError, RecursionError):
        # A number of thousands of digits, lists in lists without end.
        draft.wrong("NOTICE_SYNTAX", "不是有效的 JSON 文件。")
        return draft
    days = table.get("days") if isinstance(table, dict) else None
    if not isinstance(days, list) or not all(isinstance(day, dict) for day in days):
        draft.wrong(
            "NOTICE_SYNTAX", "JSON 里应有 year、papers 和 days（各含 name、date、isOffDay）。"
        )
        return draft
    year = table.get("year")
    if not needs_year:
        draft.year = 0
    elif type(year) is not int or year not in _YEARS:
        draft.wrong("NOTICE_YEAR", f"year 应是{_YEARS[0]}至{_YEARS[-1]}之间的整数。", 0, "year")
    else:
        draft.year = year
    papers = table.get("papers")
    if isinstance(papers, list):
        draft.papers = tuple(str(paper).strip() for paper in papers if str(paper).strip())
    for row, entry in enumerate(days, start=1):
        draft.add(row, entry)
    return draft


def _from_csv(text: str) -> Draft:
    draft = Draft()
    rows = list(csv.reader(io.StringIO(text)))
    heads = [_COLUMNS.get(cell.strip().lower(), "") for cell in rows[0]] if rows else []
    missing = [one for one in ("date", "isOffDay") if one not in heads]
    if missing:
        draft.wrong("NOTICE_SYNTAX", "第一行应是列名：日期,类型,名称（可加 文号）。", 1)
        return draft
    papers: list[str] = []
    for row, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        entry = dict(zip(heads, cells, strict=False))
        draft.add(row, entry)
        papers.append(entry.get("paper", "").strip())
    draft.papers = tuple(dict.fromkeys(paper for paper in papers if paper))
    # A notice names days of its own year and of the December before, never of the year after.
    draft.year = max((day.year for day in draft.days), default=0)
    if draft.year and draft.year not in _YEARS:
        draft.wrong("NOTICE_YEAR", f"年份应在{_YEARS[0]}至{_YEARS[-1]}之间。")
    return draft


def _plain_papers(year: int, papers: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses are no 文号 and make no sentence; they are left out."""
    named = tuple(paper for paper in papers if "://" not in paper)
    return named or (f"{year}年放假通知",)


def summary(notice: Notice) -> str:
    """This will say in one Chinese sentence what a notice changes."""
    off = sum(day.is_off for day in notice.days)
    days = f"放假{off}天、调休上班{len(notice.days) - off}天"
    return f"{notice.year}年：{days}（{'、'.join(notice.papers)}）。"

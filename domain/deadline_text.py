"""Deadlines as people write them (完成时限), read against a plan's first day.

Sources: 2-02…2-05 (12月10日前, 12月底前, 2020年6月份), 0-07, 2-08 (T0); A2: 前 includes the day;
A10: 年底 is 31 December. What is read is either a date or a count of days from T0 (启动日) or
from another row's due date, which the plan resolves with ``resolve_due``.

A date without a year is the first such date on or after T0, in T0's year or the next. Words
without a number (及时, 定期, 长期) are refused: the source texts give them no limit (domain.md 3).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.calendar import WorkCalendar
from domain.deadline import (
    MAX_COUNT,
    MIDNIGHT,
    Deadline,
    Roll,
    after_days,
    after_months,
    after_workdays,
    by_date,
)
from domain.refusal import Refused

KICKOFF = "T"
"""The base of a count from T0 (启动日)."""


class DueUnit(StrEnum):
    """What a relative deadline counts."""

    WORKDAYS = "工作日"
    DAYS = "天"
    MONTHS = "个月"


@dataclass(frozen=True, kw_only=True)
class DueText:
    """A deadline as it was read.

    Either ``day`` is set, or ``base`` (``T`` or a row's id), ``count`` ≥ 1 and ``unit`` are.
    ``reading`` says in Chinese how the author's text was read.
    """

    reading: str
    day: date | None = None
    base: str = ""
    count: int = 0
    unit: DueUnit = DueUnit.DAYS

    @property
    def is_relative(self) -> bool:
        """True if it counts from T0 or from another row."""
        return self.day is None


def parse_due(
    value: object, *, kickoff: date, rows: Collection[str] = (), day_end: str = MIDNIGHT
) -> DueText | Refused:
    """This will read a cell or a YAML value as a deadline, or say why it cannot.

    ``rows`` are the row ids (or items) that may be counted from; empty accepts any id in Latin
    letters and digits. Codes: DUE_EMPTY, DUE_NO_SUCH_DAY, DUE_NO_NUMBER, DUE_RANGE, DUE_NO_BASE,
    DUE_UNKNOWN_ROW, DUE_COUNT, DUE_UNREADABLE.

    >>> first = date(2019, 11, 25)
    >>> parse_due("12月底前", kickoff=first).reading
    '12月底前 → 2019-12-31（含当日，截至24:00）'
    >>> parse_due("6月份", kickoff=first).day.isoformat()
    '2020-06-30'
    >>> parse_due("M2后十个工作日内", kickoff=first).reading
    'M2后十个工作日内 → M2到期日后第10个工作日（含当日，截至24:00）'
    """
    reader = _Reader(kickoff=kickoff, rows=rows, day_end=day_end)
    if isinstance(value, datetime):
        return reader.on(value.date(), value.date().isoformat())
    if isinstance(value, date):
        return reader.on(value, value.isoformat())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return reader.number(value)
    written = "" if value is None else str(value).strip()
    if len(written) > _LONGEST:
        return _unreadable(written[:_LONGEST] + "…")
    if not written:
        return Refused(
            code="DUE_EMPTY", sentence="没有填写完成时限，请写日期或天数，如 12月20日前。"
        )
    return reader.text(written)


def resolve_due(
    due: DueText,
    *,
    base: date,
    calendar: WorkCalendar,
    day_end: str = MIDNIGHT,
    roll: Roll = Roll.REST_DAYS,
) -> Deadline:
    """This will turn what was read into a deadline; ``base`` is T0 or the other row's due date.

    ``base`` is ignored for a plain date.
    """
    if due.day is not None:
        return by_date(day=due.day, calendar=calendar, day_end=day_end)
    if due.unit is DueUnit.WORKDAYS:
        return after_workdays(trigger=base, count=due.count, calendar=calendar, day_end=day_end)
    count = after_days if due.unit is DueUnit.DAYS else after_months
    return count(trigger=base, count=due.count, calendar=calendar, day_end=day_end, roll=roll)


def parse_number(text: str) -> int:
    """This will read ASCII digits or a Chinese numeral up to 九百九十九, also digit by digit.

    Raises ValueError for anything else.

    >>> [parse_number(text) for text in ("15", "十五", "二十", "一百零五", "二〇一九", "两")]
    [15, 15, 20, 105, 2019, 2]
    """
    if text.isascii() and text.isdigit():
        return int(text)
    if not text or any(char not in _DIGITS and char not in "十百" for char in text):
        raise ValueError(text)
    if not set(text) & set("十百"):
        return int("".join(str(_DIGITS[char]) for char in text))
    match = re.fullmatch(r"(?:(\D)百)?零?(?:(\D?)(十))?(\D)?", text)
    if match is None or any(part in ("十", "百") for part in (match[1], match[2], match[4])):
        raise ValueError(text)
    hundreds = _DIGITS[match[1]] if match[1] else 0
    tens = (_DIGITS[match[2]] if match[2] else 1) if match[3] else 0
    return hundreds * 100 + tens * 10 + (_DIGITS[match[4]] if match[4] else 0)


_DIGITS = dict(zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_N = r"(?:\d+|[零〇一二两三四五六七八九十百]+)"
_YEAR = rf"(?:(?P<year>\d{{4}}|[一二]{'[零〇一二三四五六七八九]'}{{3}})年|(?P<word>今年|本年|当年|明年|次年)的?)"
_TAIL = r"(?:24(?::00|时|点))?(?:以前|之前|前|止|截止)?(?:完成|办结|到位)?"
_COUNT = (
    rf"(?P<count>{_N})个?(?P<unit>工作日|自然日|日历日|天|日|月|周|星期)(?:内|以内|之内)?{_TAIL}"
)

_FULL = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})" + _TAIL
)
_CLOCKED = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})[ T]00:00(:00)?")
_COMPACT = re.compile(r"(?P<year>20\d\d)(?P<month>\d\d)(?P<day>\d\d)" + _TAIL)
_DAY = re.compile(rf"{_YEAR}?(?P<month>{_N})月(?P<day>{_N})[日号]?{_TAIL}")
_YEAR_MONTH = re.compile(r"(?P<year>\d{4})[-/](?P<month>\d{1,2})(?P<this>)(?P<part>)" + _TAIL)
_SHORT = re.compile(r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})" + _TAIL)
_MONTH = re.compile(
    rf"(?:{_YEAR}?(?P<month>{_N})月份?|(?P<this>本月|当月|下个?月|月))"
    rf"(?P<part>底|末|上旬|中旬|下旬)?{_TAIL}"
)
_QUARTER = re.compile(
    rf"{_YEAR}?(?:第?(?P<quarter>[1-4一二三四])季度|(?P<half>[上下])半年)[底末内]?{_TAIL}"
)
_YEAR_END = re.compile(
    rf"(?:{_YEAR}(?:年?[底末]|年?内|)|(?P<this>今|本|当|明|次)?年[底末内]){_TAIL}"
)
_FROM_KICKOFF = re.compile(rf"(?:[Tt]0?\+|[Tt]0?日?后|自?(?:方案)?启动(?:之?日)?(?:起|后)){_COUNT}")
_KICKOFF_DAY = re.compile(rf"[Tt]0?(?:日|\+0(?:个?工作日|天|日)?)?{_TAIL}")
_FROM_ROW = re.compile(
    rf"(?P<base>.+?)(?P<done>完成|办结|到期|印发)?(?:\+|之后|以后|后|起){_COUNT}"
)
_NO_BASE = re.compile(_COUNT)
_RANGE = re.compile(r".*\d.*[至到~—–].*\d.*")
_VAGUE = re.compile(
    r".*(迅速|第一时间|及时|定期|适时|按期|长期|尽快|尽早|持续|常态|随时|即日|立即|待定|月初|月中|年初|年中).*"
)
_ROW_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
_UNITS = {
    "工作日": DueUnit.WORKDAYS,
    "月": DueUnit.MONTHS,
    **dict.fromkeys(("自然日", "日历日", "天", "日", "周", "星期"), DueUnit.DAYS),
}
_LONGEST = 60
"""No deadline is longer; the patterns must not meet a whole document."""
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_DAYS = range(36526, 73051)
"""Excel's serial numbers of the years 2000 to 2099."""


@dataclass(frozen=True, kw_only=True)
class _Reader:
    kickoff: date
    rows: Collection[str]
    day_end: str

    def on(self, day: date, written: str) -> DueText:
        return DueText(day=day, reading=f"{written} → {day.isoformat()}{self._end}")

    @property
    def _end(self) -> str:
        return f"（含当日，截至{self.day_end}）"

    def number(self, value: float) -> DueText | Refused:
        if value == int(value):
            if int(value) in _EXCEL_DAYS:
                day = _EXCEL_EPOCH + timedelta(days=int(value))
                return self.on(day, f"表格日期序号{int(value)}")
            if _COMPACT.fullmatch(str(int(value))):
                return self.text(str(int(value)))
        return _unreadable(str(value))

    def text(self, written: str) -> DueText | Refused:
        plain = unicodedata.normalize("NFKC", written).strip()
        if clocked := _CLOCKED.fullmatch(plain):
            plain = clocked[1]
        plain = re.sub(r"\s", "", plain).rstrip("。.;；,")
        plain = re.sub(r"^(?:请?[于在]|截至|截止到?|不迟于|不晚于|最迟)", "", plain)
        for pattern, read in self._readings:
            if match := pattern.fullmatch(plain):
                try:
                    return read(self, match, written)
                except _Unread as error:
                    return error.refused
        return self._why_not(plain, written)

    def _date(self, match: re.Match[str], written: str) -> DueText:
        month, day = parse_number(match["month"]), parse_number(match["day"])
        years = self._years(match)
        for year in years:
            try:
                found = date(year, month, day)
            except ValueError:
                continue
            if len(years) == 1 or found >= self.kickoff:
                return self.on(found, written)
        raise _no_such_day(written, years, month, day)

    def _month_end(self, match: re.Match[str], written: str) -> DueText:
        part = match["part"] or "底"
        if match["this"]:
            if match["this"] == "月" and not match["part"]:
                raise _Unread(_unreadable(written))
            ahead = 1 if match["this"].startswith("下") else 0
            return self.on(_end_of_month(self.kickoff.year, self.kickoff.month + ahead), written)
        month = parse_number(match["month"])
        if not 1 <= month <= 12:
            raise _no_such_day(written, (self.kickoff.year,), month, 1)
        last = {"上旬": 10, "中旬": 20}.get(part)
        years = self._years(match)
        ends = [date(y, month, last) if last else _end_of_month(y, month) for y in years]
        return self.on(next((day for day in ends if day >= self.kickoff), ends[-1]), written)

    def _quarter_end(self, match: re.Match[str], written: str) -> DueText:
        month = {"上": 6, "下": 12}.get(match["half"] or "")
        month = month or parse_number(match["quarter"]) * 3
        ends = [_end_of_month(year, month) for year in self._years(match)]
        return self.on(next((day for day in ends if day >= self.kickoff), ends[-1]), written)

    def _year_end(self, match: re.Match[str], written: str) -> DueText:
        if match["this"]:
            year = self.kickoff.year + (match["this"] in "明次")
        else:
            year = self._years(match)[0]
        return self.on(date(year, 12, 31), written)

    def _years(self, match: re.Match[str]) -> tuple[int, ...]:
        groups = match.groupdict()
        if groups.get("year"):
            return (parse_number(groups["year"]),)
        if groups.get("word"):
            return (self.kickoff.year + (groups["word"] in ("明年", "次年")),)
        return (self.kickoff.year, self.kickoff.year + 1)

    def _from_kickoff(self, match: re.Match[str], written: str) -> DueText:
        base = f"启动日（{self.kickoff.isoformat()}）"
        return self._relative(KICKOFF, base, match, written)

    def _kickoff_day(self, _match: re.Match[str], written: str) -> DueText:
        return self.on(self.kickoff, written)

    def _from_row(self, match: re.Match[str], written: str) -> DueText:
        base = match["base"]
        known = {unicodedata.normalize("NFKC", row).casefold(): row for row in self.rows}
        whole = (base + (match["done"] or "")).casefold()
        row = known.get(whole) or known.get(base.casefold())
        if known and row is None:
            near = difflib.get_close_matches(base, list(self.rows), n=1, cutoff=0.5)
            hint = f"是否指“{near[0]}”？" if near else "请写任务表里的编号。"
            sentence = f"“{written}”所指的“{base}”不在表中，{hint}"
            raise _Unread(Refused(code="DUE_UNKNOWN_ROW", sentence=sentence))
        if not known and not _ROW_ID.fullmatch(base):
            raise _Unread(_unreadable(written))
        return self._relative(row or base, f"{row or base}到期日", match, written)

    def _relative(self, base: str, base_words: str, match: re.Match[str], written: str) -> DueText:
        unit = _UNITS[match["unit"]]
        count = parse_number(match["count"]) * (7 if match["unit"] in ("周", "星期") else 1)
        if not 1 <= count <= (MAX_COUNT // 30 if unit is DueUnit.MONTHS else MAX_COUNT):
            raise _Unread(
                Refused(code="DUE_COUNT", sentence=f"“{written}”的天数须为1至{MAX_COUNT}之间。")
            )
        end = f"含当日，截至{self.day_end}"
        counted = {
            DueUnit.WORKDAYS: f"{base_words}后第{count}个工作日（{end}）",
            DueUnit.DAYS: f"{base_words}后第{count}天（遇休息日顺延，{end}）",
            DueUnit.MONTHS: f"{base_words}后{count}个月的对应日（遇休息日顺延，{end}）",
        }
        return DueText(base=base, count=count, unit=unit, reading=f"{written} → {counted[unit]}")

    def _why_not(self, plain: str, written: str) -> Refused:
        if _NO_BASE.fullmatch(plain):
            number = plain.rstrip("内前以之")
            return Refused(
                code="DUE_NO_BASE",
                sentence=f"“{written}”没有写从何时起算，请写 T+{number}（自启动日）或“编号+{number}”。",
            )
        if _RANGE.fullmatch(plain):
            return Refused(
                code="DUE_RANGE",
                sentence=f"“{written}”是一段时间，请只写截止的日期，如 12月20日前。",
            )
        if _VAGUE.fullmatch(plain):
            return Refused(
                code="DUE_NO_NUMBER",
                sentence=f"“{written}”没有具体期限，请写日期或天数，如 12月底前。",
            )
        return _unreadable(written)

    _readings = (
        (_FULL, _date),
        (_COMPACT, _date),
        (_DAY, _date),
        (_SHORT, _date),
        (_YEAR_MONTH, _month_end),
        (_MONTH, _month_end),
        (_QUARTER, _quarter_end),
        (_YEAR_END, _year_end),
        (_FROM_KICKOFF, _from_kickoff),
        (_KICKOFF_DAY, _kickoff_day),
        (_FROM_ROW, _from_row),
    )


class _Unread(Exception):
    """Carries a refusal out of a reading; never leaves this module."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.sentence)
        self.refused = refused


def _end_of_month(year: int, month: int) -> date:
    """``month`` 13 is January of the next year."""
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _unreadable(written: str) -> Refused:
    return Refused(
        code="DUE_UNREADABLE",
        sentence=f"读不懂完成时限“{written}”，可写 2019-12-20、12月20日前、12月底前、"
        "T+15个工作日 或 M2+10个工作日。",
    )


def _no_such_day(written: str, years: tuple[int, ...], month: int, day: int) -> _Unread:
    if 1 <= month <= 12:
        lengths = "，".join(f"{y}年{month}月只有{_end_of_month(y, month).day}天" for y in years)
        sentence = f"“{written}”不存在：{lengths}。"
        if day < 1:
            sentence = f"“{written}”不存在：日期从1日起。"
    else:
        sentence = f"“{written}”不存在：一年没有{month}月。"
    return _Unread(Refused(code="DUE_NO_SUCH_DAY", sentence=sentence))

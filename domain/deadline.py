"""When something is due (期限): instants from triggers, with the rule in words.

Sources: 4-11 (T1, same day), 4-12 (T2, working days), 2-02…2-05 (by date); 民法典 arts. 201–203
as read in domain.md 8.3; A1, A2. Days are days in Asia/Shanghai; instants are aware UTC. The
trigger day is never counted. A count in working days ends on a working day; a count in calendar
days or months whose last day is a rest day rolls to the next day that is none. A day ends at
24:00, or at the office's closing time where the plan says so (art. 203).

``due_date`` is the last day on which the thing may still be done: due at 24:00 of the 25th is
the instant 00:00 of the 26th, and the ``due_date`` is the 25th.

Nothing here reads a clock or a file; the calendar and the trigger are arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from domain.calendar import WorkCalendar, days_between
from domain.case_limits import NO_LIMIT_DAY
from domain.day_words import MIDNIGHT, SHANGHAI, spell_day, spell_days, spell_instant

MAX_COUNT = 3660
"""The longest count of days or working days: ten years; hours 24 times that."""

__all__ = [
    "MAX_COUNT",
    "MIDNIGHT",
    "SHANGHAI",
    "Deadline",
    "DeadlineError",
    "Roll",
    "Rung",
    "RungKind",
    "after_days",
    "after_hours",
    "after_months",
    "after_workdays",
    "by_date",
    "day_end_instant",
    "local_day",
    "local_words",
    "next_workday",
    "office_instant",
    "same_day",
    "unlimited",
    "workdays_after",
    "workdays_before",
    "workdays_between",
]

_ONE_DAY = timedelta(days=1)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_YEARS = range(1949, 2201)


class DeadlineError(ValueError):
    """A deadline was asked for with something that has no meaning.

    Comes from every function of this module. ``code`` is stable (NAIVE_TIME, BAD_COUNT,
    BAD_DAY_END, BAD_TRIGGER); ``sentence`` is one Chinese sentence that says what to give.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Roll(StrEnum):
    """Where a count of calendar days goes whose last day is no working day (art. 203).

    Readers of the article dispute whether an ordinary weekend is a 法定休假日; default is that
    it is (休息日).
    """

    REST_DAYS = "休息日"
    HOLIDAYS = "法定节假日"
    NEVER = "不顺延"


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """When something is due, and why.

    ``due`` is an aware UTC instant; what happens before it is in time. ``due_date`` is the last
    day for it in Asia/Shanghai. ``provisional`` says that a notice not yet loaded could move it.
    ``rule`` is one Chinese sentence. ``skipped`` are the rest days the count went over, in
    order. ``calendar`` is the calendar's version (``CN@1``).
    """

    due: datetime
    due_date: date
    provisional: bool
    rule: str
    skipped: tuple[date, ...]
    calendar: str

    @property
    def is_unlimited(self) -> bool:
        """Whether there is no limit at all: the source texts give none and nobody set one."""
        return self.due_date == NO_LIMIT_DAY

    @property
    def words(self) -> str:
        """The due time as people read it: 2026-02-25, 2026-02-25 18:30, or 未设时限."""
        if self.is_unlimited:
            return "未设时限"
        clock = f"{self.due.astimezone(SHANGHAI):%H:%M}"
        return self.due_date.isoformat() + ("" if clock == "00:00" else f" {clock}")


class RungKind(StrEnum):
    """What a rung is; at the same instant they stand in this order."""

    REMIND = "提醒"
    DUE = "到期"
    ESCALATE = "升级"


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One thing that happens to a step at an instant: ``at`` is aware UTC, ``to`` who is told.

    ``label`` is what they are told, a few Chinese words.
    """

    kind: RungKind
    at: datetime
    to: str
    label: str


def same_day(
    *, trigger: datetime | date, calendar: WorkCalendar, day_end: str = MIDNIGHT
) -> Deadline:
    """This will return the end of the trigger's own day, rest day or not (4-11).

    A trigger after the closing time has until 24:00: the limit cannot lie before its cause.

    >>> from domain.calendar import load_builtin_calendar
    >>> found = datetime(2026, 2, 15, 23, 50, tzinfo=SHANGHAI)
    >>> t1 = same_day(trigger=found, calendar=load_builtin_calendar())
    >>> t1.due_date.isoformat(), t1.due.isoformat()
    ('2026-02-15', '2026-02-15T16:00:00+00:00')
    """
    day = local_day(trigger)
    end, note = day_end, ""
    if isinstance(trigger, datetime) and trigger >= day_end_instant(day, day_end):
        end, note = MIDNIGHT, f"触发时已过下班时间{day_end}，"
    count = f"触发日{spell_day(day)}当日办结，不论是否休息日"
    return _deadline(day, calendar, end, (count,), fixed=True, end_note=note, skipped=(), unsure=())


def after_workdays(
    *, trigger: datetime | date, count: int, calendar: WorkCalendar, day_end: str = MIDNIGHT
) -> Deadline:
    """This will return the end of the n-th working day after the trigger's day (4-12).

    Make-up days count, holidays and weekends do not. ``count`` is 1 to ``MAX_COUNT``.

    >>> from domain.calendar import load_builtin_calendar
    >>> t2 = after_workdays(
    ...     trigger=date(2026, 2, 13), count=3, calendar=load_builtin_calendar()
    ... )
    >>> t2.due_date.isoformat(), t2.due.isoformat(), len(t2.skipped)
    ('2026-02-25', '2026-02-25T16:00:00+00:00', 9)
    """
    start = local_day(trigger)
    _check_count(count, MAX_COUNT, "工作日数")
    due_date = workdays_after(start, count, calendar)
    passed = tuple(days_between(start + _ONE_DAY, due_date))
    skipped = tuple(day for day in passed if not calendar.is_workday(day))
    makeup = tuple(day for day in passed if calendar.is_makeup(day))
    parts = (
        f"触发日{spell_day(start)}不计，次日起算第{count}个工作日为{spell_day(due_date)}",
        f"跳过休息日{len(skipped)}天：{spell_days(skipped)}" if skipped else "其间没有休息日",
        f"调休上班日计入：{spell_days(makeup)}" if makeup else "",
    )
    return _deadline(due_date, calendar, day_end, parts, skipped=skipped, unsure=passed)


def after_days(
    *,
    trigger: datetime | date,
    count: int,
    calendar: WorkCalendar,
    day_end: str = MIDNIGHT,
    roll: Roll = Roll.REST_DAYS,
) -> Deadline:
    """This will return the end of the n-th calendar day after the trigger's day (arts. 201, 203).

    >>> from domain.calendar import load_builtin_calendar
    >>> due = after_days(trigger=date(2026, 9, 24), count=2, calendar=load_builtin_calendar())
    >>> due.due_date.isoformat()  # 09-26 and 09-27 are 中秋节
    '2026-09-28'
    """
    start = local_day(trigger)
    _check_count(count, MAX_COUNT, "天数")
    last = start + timedelta(days=count)
    counted = f"触发日{spell_day(start)}不计，次日起算第{count}日为{spell_day(last)}"
    return _rolled(last, counted, calendar, day_end, roll)


def after_months(
    *,
    trigger: datetime | date,
    count: int,
    calendar: WorkCalendar,
    day_end: str = MIDNIGHT,
    roll: Roll = Roll.REST_DAYS,
) -> Deadline:
    """This will return the end of the corresponding day n months on (arts. 202, 203).

    A month without that day ends on its last.

    >>> from domain.calendar import load_builtin_calendar
    >>> due = after_months(trigger=date(2025, 1, 31), count=1, calendar=load_builtin_calendar())
    >>> due.due_date.isoformat()
    '2025-02-28'
    """
    start = local_day(trigger)
    _check_count(count, MAX_COUNT // 30, "月数")
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    days_in_month = (date(year + month // 11, (month + 1) % 12 + 1, 1) - _ONE_DAY).day
    last = date(year, month + 1, min(start.day, days_in_month))
    counted = f"自{spell_day(start)}起{count}个月，到期月的对应日为{spell_day(last)}"
    if start.day > days_in_month:
        counted = f"自{spell_day(start)}起{count}个月，到期月没有对应日，取月末{spell_day(last)}"
    return _rolled(last, counted, calendar, day_end, roll)


def after_hours(*, trigger: datetime, count: int, calendar: WorkCalendar) -> Deadline:
    """This will return the instant n hours after the trigger's minute (art. 201); no day is skipped.

    Seconds of the trigger are dropped, so that the printed times tell the whole truth. A result
    at 00:00 is 24:00 of the day before, as everywhere here.

    >>> from domain.calendar import load_builtin_calendar
    >>> start = datetime(2026, 2, 14, 18, 30, 59, tzinfo=SHANGHAI)
    >>> due = after_hours(trigger=start, count=24, calendar=load_builtin_calendar())
    >>> due.due.isoformat(), due.due_date.isoformat()
    ('2026-02-15T10:30:00+00:00', '2026-02-15')
    """
    if not isinstance(trigger, datetime):
        raise DeadlineError("BAD_TRIGGER", "按小时计的期限须给出起算的时刻，不能只给日期。")
    local_day(trigger)
    _check_count(count, MAX_COUNT * 24, "小时数")
    start = trigger.astimezone(UTC).replace(second=0, microsecond=0)
    due = start + timedelta(hours=count)
    last = (due - timedelta(microseconds=1)).astimezone(SHANGHAI).date()
    provisional = last.year not in calendar.years
    parts = [
        f"自{spell_instant(start)}起连续计算{count}小时，不扣除休息日",
        f"截至{spell_instant(due)}",
        _calendar_words(calendar, (last,)),
        _provisional_words(calendar, (last,)) if provisional else "",
    ]
    return Deadline(
        due=due,
        due_date=last,
        provisional=provisional,
        rule=_sentence(parts),
        skipped=(),
        calendar=calendar.label,
    )


def unlimited(*, calendar: WorkCalendar, what: str = "") -> Deadline:
    """This will return the deadline of what has no limit; it lies beyond every calendar.

    >>> from domain.calendar import load_builtin_calendar
    >>> unlimited(calendar=load_builtin_calendar()).words
    '未设时限'
    """
    return Deadline(
        due=day_end_instant(NO_LIMIT_DAY, MIDNIGHT),
        due_date=NO_LIMIT_DAY,
        provisional=False,
        rule=f"{what}依据文件没有数字，本区也未设定，不计时限。",
        skipped=(),
        calendar=calendar.label,
    )


def by_date(*, day: date, calendar: WorkCalendar, day_end: str = MIDNIGHT) -> Deadline:
    """This will return the end of a stated day, that day included (A2); it never rolls.

    Provisional if no notice of that year is loaded: its reminders could still move.

    >>> from domain.calendar import load_builtin_calendar
    >>> by_date(day=date(2019, 12, 20), calendar=load_builtin_calendar()).due.isoformat()
    '2019-12-20T16:00:00+00:00'
    """
    stated = local_day(day)
    rest = "" if calendar.is_workday(stated) else "该日为休息日，按写明的日期不顺延"
    parts = (f"期限写明为{spell_day(stated)}", rest)
    return _deadline(stated, calendar, day_end, parts, fixed=True, skipped=(), unsure=())


def workdays_after(day: date, count: int, calendar: WorkCalendar) -> date:
    """This will return the n-th working day after ``day``; ``count`` ≥ 1."""
    _check_count(count, MAX_COUNT, "工作日数")
    return _walk(day, count, calendar, _ONE_DAY)


def workdays_before(day: date, count: int, calendar: WorkCalendar) -> date:
    """This will return the n-th working day before ``day``, which is not counted itself.

    With ``count`` 0: ``day`` itself, or the last working day before it if it is a rest day.

    >>> from domain.calendar import load_builtin_calendar
    >>> workdays_before(date(2026, 2, 25), 3, load_builtin_calendar()).isoformat()
    '2026-02-13'
    """
    if count == 0 and calendar.is_workday(day):
        return day
    if count:
        _check_count(count, MAX_COUNT, "工作日数")
    return _walk(day, max(count, 1), calendar, -_ONE_DAY)


def workdays_between(after: date, until: date, calendar: WorkCalendar) -> int:
    """This will count the working days after the first day, up to and with the second.

    So ``after_workdays`` from ``after`` by that count ends on ``until`` (if that is a working
    day). 0 if ``until`` is not later.
    """
    return sum(calendar.is_workday(day) for day in days_between(after + _ONE_DAY, until))


def next_workday(day: date, calendar: WorkCalendar) -> date:
    """This will return ``day`` if it is a working day, else the first one after it."""
    return day if calendar.is_workday(day) else _walk(day, 1, calendar, _ONE_DAY)


def office_instant(day: date, clock: str) -> datetime:
    """This will return the UTC instant of a clock time ``HH:MM`` of a day in Asia/Shanghai.

    >>> office_instant(date(2026, 2, 24), "09:00").isoformat()
    '2026-02-24T01:00:00+00:00'
    """
    if not _CLOCK.fullmatch(clock):
        raise DeadlineError("BAD_DAY_END", f"“{clock}”不是时刻，请写成 HH:MM，如 17:30。")
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=SHANGHAI).astimezone(UTC)


def day_end_instant(day: date, day_end: str) -> datetime:
    """This will return the UTC instant at which a day ends: 24:00 or a closing time ``HH:MM``."""
    if day_end == MIDNIGHT:
        return office_instant(day + _ONE_DAY, "00:00")
    if day_end == "00:00" or not _CLOCK.fullmatch(day_end):
        raise DeadlineError(
            "BAD_DAY_END", f"“{day_end}”不能作为一天的截止时刻，请写 24:00 或下班时间如 17:30。"
        )
    return office_instant(day, day_end)


def local_day(moment: datetime | date) -> date:
    """This will return the day in Asia/Shanghai; a naive datetime is refused (NAIVE_TIME)."""
    if isinstance(moment, datetime):
        if moment.utcoffset() is None:
            raise DeadlineError(
                "NAIVE_TIME", f"时刻{moment.isoformat()}没有时区，请写明，如 +08:00。"
            )
        _check_year(moment)
        moment = moment.astimezone(SHANGHAI).date()
    _check_year(moment)
    return moment


def _check_count(count: int, most: int, what: str) -> None:
    if type(count) is not int or not 1 <= count <= most:
        raise DeadlineError("BAD_COUNT", f"{what}须为1至{most}的整数，收到的是{count}。")


def _check_year(day: date) -> None:
    if day.year not in _YEARS:
        raise DeadlineError(
            "BAD_TRIGGER", f"{day.year}年不在可计算的范围（{_YEARS[0]}至{_YEARS[-1]}年）内。"
        )


def _walk(day: date, count: int, calendar: WorkCalendar, step: timedelta) -> date:
    left = count
    while left:
        day += step
        left -= calendar.is_workday(day)
    return day


def _rolled(last: date, counted: str, calendar: WorkCalendar, day_end: str, roll: Roll) -> Deadline:
    due_date = last
    while _rolls_over(due_date, calendar, roll):
        due_date += _ONE_DAY
    skipped = tuple(days_between(last, due_date - _ONE_DAY))
    moved = f"末日为{roll}，顺延至{spell_day(due_date)}，跳过{spell_days(skipped)}"
    parts = (counted, moved if skipped else "")
    if roll is Roll.NEVER:
        return _deadline(last, calendar, day_end, parts, fixed=True, skipped=skipped, unsure=())
    return _deadline(
        due_date, calendar, day_end, parts, skipped=skipped, unsure=(*skipped, due_date)
    )


def _rolls_over(day: date, calendar: WorkCalendar, roll: Roll) -> bool:
    if roll is Roll.NEVER:
        return False
    return calendar.is_holiday(day) if roll is Roll.HOLIDAYS else not calendar.is_workday(day)


def _deadline(
    due_date: date,
    calendar: WorkCalendar,
    day_end: str,
    parts: tuple[str, ...],
    *,
    skipped: tuple[date, ...],
    unsure: tuple[date, ...],
    fixed: bool = False,
    end_note: str = "",
) -> Deadline:
    """``unsure`` are the days whose kind decided the result; ``fixed`` results only need a year."""
    doubtful = tuple(day for day in unsure if not calendar.covers(day))
    if fixed and due_date.year not in calendar.years:
        doubtful = (due_date,)
    words = [
        *parts,
        local_words(calendar, (*unsure, due_date)),
        _calendar_words(calendar, (*unsure, due_date)),
        f"{end_note}截至当日{day_end}，含当日",
        _provisional_words(calendar, doubtful) if doubtful else "",
    ]
    return Deadline(
        due=day_end_instant(due_date, day_end),
        due_date=due_date,
        provisional=bool(doubtful),
        rule=_sentence(words),
        skipped=skipped,
        calendar=calendar.label,
    )


def local_words(calendar: WorkCalendar, days: Iterable[date]) -> str:
    """This will name the days that the district's overlay decided, with their papers; else empty.

    >>> from domain.calendar import NoticeDay, Overlay, WorkCalendar
    >>> typhoon = NoticeDay(day=date(2026, 7, 20), is_off=True, name="台风停工")
    >>> local = Overlay(district="甲区", paper="甲防指〔2026〕3号", days=(typhoon,))
    >>> calendar = WorkCalendar(calendar_id="CN", version=2, overlays=(local,))
    >>> local_words(calendar.for_district("甲区"), [date(2026, 7, 20)])
    '甲区台风停工（甲防指〔2026〕3号）：2026年7月20日休息'
    """
    if not calendar.district:
        return ""
    grouped: dict[tuple[str, str, bool], list[date]] = {}
    for day in sorted(set(days)):
        local = calendar.local_day(day)
        if local is not None:
            grouped.setdefault((local.name, local.paper, local.is_off), []).append(day)
    return "，".join(
        f"{calendar.district}{name}（{paper}）：{spell_days(named)}{'休息' if off else '上班'}"
        for (name, paper, off), named in grouped.items()
    )


def _sentence(parts: list[str]) -> str:
    return "；".join(part for part in parts if part) + "。"


def _calendar_words(calendar: WorkCalendar, days: tuple[date, ...]) -> str:
    papers = [
        paper for year in sorted({day.year for day in days}) for paper in calendar.papers(year)
    ]
    return f"工作日历{calendar.label}" + (f"（{'、'.join(papers)}）" if papers else "")


def _provisional_words(calendar: WorkCalendar, days: tuple[date, ...]) -> str:
    missing = {day.year if day.year not in calendar.years else day.year + 1 for day in days}
    years = "、".join(f"{year}年" for year in sorted(missing))
    return f"{years}放假通知尚未载入，本期限为暂定，载入后重新计算"

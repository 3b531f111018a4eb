"""Deadlines as people write them: what is read, how it is explained, and what is refused."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import load_builtin_calendar
from domain.deadline_text import DueText, DueUnit, parse_due, parse_number, resolve_due
from domain.refusal import Refused

CN = load_builtin_calendar()
KICKOFF = date(2019, 11, 25)


@pytest.mark.parametrize(
    "written, day",
    [
        ("2019-12-20", "2019-12-20"),
        ("2019/12/20", "2019-12-20"),
        ("2019.12.20", "2019-12-20"),
        ("20191220", "2019-12-20"),
        ("2019-12-20 00:00:00", "2019-12-20"),
        ("2019年12月20日前", "2019-12-20"),
        ("12月20日前", "2019-12-20"),
        ("12月20日24:00前", "2019-12-20"),
        ("12月20号前完成", "2019-12-20"),
        ("截至12月20日", "2019-12-20"),
        ("12-20", "2019-12-20"),
        ("１２月２０日 前", "2019-12-20"),
        ("二〇一九年十二月二十日", "2019-12-20"),
        ("12月底前", "2019-12-31"),
        ("十二月底前", "2019-12-31"),
        ("12月上旬", "2019-12-10"),
        ("12月中旬", "2019-12-20"),
        ("6月份", "2020-06-30"),
        ("6月底", "2020-06-30"),
        ("2020年6月份", "2020-06-30"),
        ("2020-06", "2020-06-30"),
        ("2020年2月底", "2020-02-29"),
        ("明年6月底前", "2020-06-30"),
        ("年底前", "2019-12-31"),
        ("年内", "2019-12-31"),
        ("2020年底", "2020-12-31"),
        ("明年底前", "2020-12-31"),
        ("2020年一季度", "2020-03-31"),
        ("上半年", "2020-06-30"),
        ("本月底", "2019-11-30"),
        ("下月底前", "2019-12-31"),
        ("T", "2019-11-25"),
    ],
)
def test_dates_are_read(written, day):
    """Every way of writing a date gives that date, for a plan that starts on 2019-11-25."""
    found = parse_due(written, kickoff=KICKOFF)

    assert isinstance(found, DueText)
    assert found.day == date.fromisoformat(day)
    assert found.reading == f"{written} → {day}（含当日，截至24:00）"


@pytest.mark.parametrize(
    "value",
    [date(2019, 12, 20), datetime(2019, 12, 20), 43819, 43819.0, 20191220],  # noqa: DTZ001
)
def test_cells_of_a_spreadsheet_are_read(value):
    """A date cell, an unformatted one (serial number) and digits all mean 2019-12-20."""
    found = parse_due(value, kickoff=KICKOFF)

    assert isinstance(found, DueText)
    assert found.day == date(2019, 12, 20)


@pytest.mark.parametrize(
    "written, base, count, unit",
    [
        ("T+15个工作日", "T", 15, DueUnit.WORKDAYS),
        ("T+30天", "T", 30, DueUnit.DAYS),
        ("T+30日", "T", 30, DueUnit.DAYS),
        ("Ｔ＋１５ 个工作日", "T", 15, DueUnit.WORKDAYS),
        ("T0+2周", "T", 14, DueUnit.DAYS),
        ("自启动之日起十五个工作日内", "T", 15, DueUnit.WORKDAYS),
        ("M2+10个工作日", "M2", 10, DueUnit.WORKDAYS),
        ("M2后10个工作日内", "M2", 10, DueUnit.WORKDAYS),
        ("M2完成后15日内", "M2", 15, DueUnit.DAYS),
        ("M3-1完成后一个月内", "M3-1", 1, DueUnit.MONTHS),
        ("T1+5天", "T1", 5, DueUnit.DAYS),
    ],
)
def test_counts_are_read(written, base, count, unit):
    """A count names what it starts from, how many, and of what."""
    found = parse_due(written, kickoff=KICKOFF)

    assert isinstance(found, DueText)
    assert (found.is_relative, found.base, found.count, found.unit) == (True, base, count, unit)


def test_a_row_may_be_named_by_its_own_spelling():
    """Names given in ``rows`` are found whatever the case or width, also when they end in 印发."""
    rows = ["M2", "方案印发"]

    assert [
        parse_due(written, kickoff=KICKOFF, rows=rows).base  # type: ignore[union-attr]
        for written in ("m2+1天", "Ｍ２后1天", "方案印发后1天", "M2完成后1天")
    ] == ["M2", "M2", "方案印发", "M2"]


@pytest.mark.parametrize(
    "value, code, words",
    [
        (None, "DUE_EMPTY", "没有填写"),
        ("  ", "DUE_EMPTY", "没有填写"),
        ("2月30日", "DUE_NO_SUCH_DAY", "2019年2月只有28天，2020年2月只有29天"),
        ("2019-02-29", "DUE_NO_SUCH_DAY", "2019年2月只有28天"),
        ("2019年13月1日", "DUE_NO_SUCH_DAY", "一年没有13月"),
        ("13月底", "DUE_NO_SUCH_DAY", "一年没有13月"),
        ("2月0日", "DUE_NO_SUCH_DAY", "日期从1日起"),
        ("及时", "DUE_NO_NUMBER", "没有具体期限"),
        ("长期坚持", "DUE_NO_NUMBER", "没有具体期限"),
        ("11月1日至12月20日", "DUE_RANGE", "只写截止的日期"),
        ("15个工作日", "DUE_NO_BASE", "T+15个工作日"),
        ("两周内", "DUE_NO_BASE", "T+两周"),
        ("M9+5天", "DUE_UNKNOWN_ROW", "是否指“M"),
        ("M1+0天", "DUE_COUNT", "天数须为"),
        ("T+99999天", "DUE_COUNT", "天数须为"),
        ("19年12月20日", "DUE_UNREADABLE", "2019-12-20"),
        ("12月20日17:00", "DUE_UNREADABLE", "读不懂"),
        ("月", "DUE_UNREADABLE", "读不懂"),
        (12.2, "DUE_UNREADABLE", "读不懂"),
        (True, "DUE_UNREADABLE", "读不懂"),
        ("十" * 100, "DUE_UNREADABLE", "…"),
    ],
)
def test_what_cannot_be_read_says_why(value, code, words):
    """Each refusal has its own code, names the text and says what to write instead."""
    refused = parse_due(value, kickoff=KICKOFF, rows=["M1", "M2"])

    assert isinstance(refused, Refused)
    assert refused.code == code
    assert words in refused.sentence


@pytest.mark.parametrize(
    "written, kickoff, day",
    [
        ("11月25日", KICKOFF, date(2019, 11, 25)),
        ("11月24日", KICKOFF, date(2020, 11, 24)),
        ("2月29日", KICKOFF, date(2020, 2, 29)),
        ("11月底", date(2019, 11, 30), date(2019, 11, 30)),
        ("12月20日前", date(2026, 11, 22), date(2026, 12, 20)),
    ],
)
def test_a_date_without_year_is_the_first_on_or_after_the_kickoff(written, kickoff, day):
    """The kickoff day itself still counts; the day before it means next year."""
    found = parse_due(written, kickoff=kickoff)

    assert isinstance(found, DueText)
    assert found.day == day


@pytest.mark.parametrize(
    "written, due",
    [
        ("T+15个工作日", date(2019, 12, 16)),
        ("T+33天", date(2019, 12, 30)),  # 12-28 is a Saturday
        ("T+1个月", date(2019, 12, 25)),
        ("12月20日前", date(2019, 12, 20)),
    ],
)
def test_what_was_read_becomes_a_deadline(written, due):
    """Counts from 2019-11-25 go by the calendar; a date stays itself."""
    found = parse_due(written, kickoff=KICKOFF)

    assert isinstance(found, DueText)
    assert resolve_due(found, base=KICKOFF, calendar=CN).due_date == due


def test_a_closing_time_is_part_of_the_reading():
    """The reading shows the plan's end of day."""
    found = parse_due("12月底前", kickoff=KICKOFF, day_end="17:30")

    assert isinstance(found, DueText)
    assert found.reading == "12月底前 → 2019-12-31（含当日，截至17:30）"


@given(st.integers(1, 999))
def test_chinese_numerals_up_to_999(number):
    """What is written in numerals is read back, with or without 零."""
    digits = "零一二三四五六七八九"
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    written = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        written += f"{'' if tens == 1 and not hundreds else digits[tens]}十"
    elif hundreds and ones:
        written += "零"
    written += digits[ones] if ones else ""

    assert parse_number(written) == number
    assert parse_number(str(number)) == number


@pytest.mark.parametrize("text", ["", "十十", "百", "千", "1十", "一十百", "-1", "x"])
def test_what_is_no_numeral_is_refused(text):
    """parse_number raises ValueError instead of guessing."""
    with pytest.raises(ValueError, match=r"^"):
        parse_number(text)


@given(
    st.text(alphabet="0123456789年月日底前T+个工作天M后内完成至-/. 十二一季度上下半旬", max_size=20)
)
def test_any_text_gives_an_answer(written):
    """Whatever is typed is read or refused with a sentence; nothing else happens."""
    found = parse_due(written, kickoff=KICKOFF)

    assert isinstance(found, DueText | Refused)
    if isinstance(found, DueText):
        assert found.is_relative is bool(found.base)
        assert found.count >= 1 or not found.is_relative


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_date_is_read_back_from_each_spelling(day):
    """ISO, Chinese and compact spellings of a date, and its spreadsheet number, agree."""
    serial = (day - date(1899, 12, 30)).days
    spellings = [
        day.isoformat(),
        f"{day.year}年{day.month}月{day.day}日前",
        f"{day:%Y%m%d}",
        serial,
    ]

    found = [parse_due(spelling, kickoff=KICKOFF) for spelling in spellings]

    assert [one.day for one in found if isinstance(one, DueText)] == [day] * 4

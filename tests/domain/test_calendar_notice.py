"""Reading a notice from a file's text: whole or not at all, every error at once."""

from __future__ import annotations

import json
from datetime import date

import pytest

from domain.calendar import Notice, load_builtin_calendar
from domain.calendar_notice import parse_notice

CN = load_builtin_calendar()

CSV_2027 = """日期,类型,名称,文号
2026-12-27,班,元旦,测试文号〔2026〕1号
2027-01-01,休,元旦,
2027/1/4,休,元旦,
2027-10-01,休,国庆节,
"""


def holiday_cn(year: int) -> dict[str, object]:
    """The builtin notice of a year in the form of holiday-cn."""
    notice = next(one for one in CN.notices if one.year == year)
    days = [{"name": d.name, "date": d.day.isoformat(), "isOffDay": d.is_off} for d in notice.days]
    return {"year": year, "papers": ["https://example.org/1"], "days": days}


@pytest.mark.parametrize("year", [notice.year for notice in CN.notices])
def test_every_known_year_can_be_read_as_json(year):
    """The checks accept every notice of 2004–2026, and its days come through unchanged."""
    found = parse_notice(json.dumps(holiday_cn(year)), papers=CN.papers(year))

    assert isinstance(found, Notice)
    assert CN.with_notice(found, version=1) == CN


def test_addresses_are_not_quoted_as_papers():
    """A web address is no 文号; the notice is named by its year until one is given."""
    found = parse_notice(json.dumps(holiday_cn(2026)))

    assert isinstance(found, Notice)
    assert found.papers == ("2026年放假通知",)


def test_csv_is_read_with_its_document_number():
    """日期,类型,名称 and 文号; the year is that of the latest day, December belongs to it."""
    found = parse_notice("\ufeff" + CSV_2027.replace("2027/1/4", "2027-01-04"))

    assert isinstance(found, Notice)
    assert (found.year, found.papers) == (2027, ("测试文号〔2026〕1号",))
    assert CN.with_notice(found).is_workday(date(2026, 12, 27))


def test_all_errors_come_at_once_with_their_rows():
    """A bad date, a bad kind, a repeated day: three findings, each with its line."""
    text = CSV_2027 + "2027-02-30,休,x,\n2027-05-01,也许,x,\n2027-01-01,休,x,\n"

    found = parse_notice(text.replace("2027/1/4", "2027-01-04"))

    assert not isinstance(found, Notice)
    assert [(one.code, one.row) for one in found] == [
        ("NOTICE_DATE", 6),
        ("NOTICE_KIND", 7),
        ("NOTICE_TWICE", 8),
    ]


@pytest.mark.parametrize(
    "change, code",
    [
        ({"days": []}, "NOTICE_EMPTY"),
        ({"year": "2026"}, "NOTICE_YEAR"),
        ({"year": 2025}, "NOTICE_OUTSIDE"),
        ({"days": [{"date": "2026-01-01", "isOffDay": True}]}, "NOTICE_CUT_OFF"),
        ({"days": [{"date": "2026-03-02", "isOffDay": False}]}, "NOTICE_NOT_WEEKEND"),
        ({"days": ["2026-01-01"]}, "NOTICE_SYNTAX"),
        ({"days": None}, "NOTICE_SYNTAX"),
    ],
)
def test_a_file_that_is_no_whole_notice_is_refused(change, code):
    """Empty, for another year, cut off, or with a make-up day that is a weekday anyway."""
    found = parse_notice(json.dumps({**holiday_cn(2026), **change}))

    assert not isinstance(found, Notice)
    assert code in {one.code for one in found}


@pytest.mark.parametrize("text", ["", "{", "[]", "日期,名称\n2027-01-01,元旦\n", "<html>"])
def test_other_files_are_refused(text):
    """Neither JSON nor CSV of a notice: a finding, never an exception."""
    found = parse_notice(text)

    assert not isinstance(found, Notice)
    assert [one.code for one in found] == ["NOTICE_SYNTAX"]

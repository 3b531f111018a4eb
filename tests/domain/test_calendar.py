"""The built-in calendar against two independent packages, and what a new notice changes."""

from __future__ import annotations

import json
from datetime import date

import pytest

from domain.calendar import (
    Notice,
    NoticeDay,
    WorkCalendar,
    builtin_superseded,
    calendar_from_dict,
    calendar_to_dict,
    days_between,
    diff,
    fixed_statutory_days,
    load_builtin_calendar,
)

FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)
CN = load_builtin_calendar()
NOTICE_2027 = Notice(
    year=2027,
    papers=("通知2027",),
    days=(
        NoticeDay(day=date(2026, 12, 26), is_off=False, name="元旦"),
        NoticeDay(day=date(2026, 12, 31), is_off=True, name="元旦"),
        NoticeDay(day=date(2027, 1, 1), is_off=True, name="元旦"),
    ),
)


def test_every_day_agrees_with_holidays():
    """Each of 8,401 days is a workday here exactly if holidays says so."""
    holidays = pytest.importorskip("holidays")
    other = holidays.China(years=range(2003, 2028))

    wrong = [
        day for day in days_between(FIRST, LAST) if CN.is_workday(day) != other.is_working_day(day)
    ]

    assert wrong == []


def test_every_day_but_one_agrees_with_chinese_calendar():
    """A second package has 2005-12-31 as a rest day, against 国办发明电〔2005〕35号; no other."""
    other = pytest.importorskip("chinese_calendar")

    wrong = [
        day for day in days_between(FIRST, LAST) if CN.is_workday(day) != other.is_workday(day)
    ]

    assert wrong == [date(2005, 12, 31)]
    assert CN.is_makeup(date(2005, 12, 31))
    assert "国办发明电〔2005〕35号" in CN.papers(2006)[0]


def test_makeup_weekends_of_2026_are_those_of_the_notice():
    """The six make-up days of 2026 are those printed in 国办发明电〔2025〕7号."""
    makeup = [d for d in days_between(date(2026, 1, 1), LAST) if CN.is_makeup(d)]

    assert [f"{d:%m-%d}" for d in makeup] == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
    assert "国办发明电〔2025〕7号" in CN.papers(2026)[0]


@pytest.mark.parametrize(
    "day, covered",
    [
        (date(2003, 12, 31), False),
        (date(2004, 1, 1), True),
        (date(2025, 12, 31), True),
        (date(2026, 12, 24), True),
        (date(2026, 12, 25), False),
        (date(2027, 1, 1), False),
    ],
)
def test_a_day_is_settled_only_by_its_notice(day, covered):
    """The last week of December also needs the next year's notice."""
    assert CN.covers(day) is covered


def test_past_the_last_notice_only_fixed_statutory_days_are_off():
    """2027 without a notice: weekdays work, but for 元旦, 劳动节 (2 days) and 国庆 (3)."""
    off = [
        f"{d:%m-%d}"
        for d in days_between(date(2027, 1, 1), date(2027, 12, 31))
        if d.weekday() < 5 and not CN.is_workday(d)
    ]

    assert off == ["01-01", "10-01"]  # 05-01, 05-02, 10-02 and 10-03 are weekends in 2027
    assert CN.papers(2027) == ()


@pytest.mark.parametrize("year, labour_days", [(2007, 3), (2008, 1), (2024, 1), (2025, 2)])
def test_labour_day_has_the_length_of_its_law(year, labour_days):
    """劳动节 had three days until 2007, one until 2024, and has two since 2025."""
    assert sum(month == 5 for month, _ in fixed_statutory_days(year)) == labour_days


def test_a_new_notice_is_a_new_version_and_leaves_the_old_one_alone():
    """Loading 2027 makes version 2, covers late December 2026 and changes what it names there."""
    loaded = CN.with_notice(NOTICE_2027)

    assert (CN.version, loaded.version, loaded.label) == (1, 2, "CN@2")
    assert not CN.covers(date(2026, 12, 31))
    assert loaded.covers(date(2026, 12, 31))
    assert [(c.day, c.was_workday, c.is_workday, c.name) for c in diff(CN, loaded)] == [
        (date(2026, 12, 26), False, True, "元旦"),
        (date(2026, 12, 31), True, False, "元旦"),
        # the file names no 国庆节, so once it counts as the whole notice that Friday is worked
        (date(2027, 10, 1), False, True, ""),
    ]


def test_the_later_notice_holds_where_two_name_a_day():
    """2018-12-29 is worked by the notice for 2019 even if a notice for 2018 says otherwise."""
    day = date(2018, 12, 29)
    wrong = Notice(year=2018, papers=(), days=(NoticeDay(day=day, is_off=True),))

    assert CN.with_notice(wrong).is_workday(day)


def test_2020_before_the_extension_is_an_earlier_calendar():
    """Before 2020-01-27, 01-31 was a workday and Saturday 02-01 a make-up day."""
    before = CN.with_notice(builtin_superseded(2020), version=0)

    changes = [(f"{c.day:%m-%d}", c.was_workday, c.is_workday) for c in diff(before, CN)]

    assert changes == [("01-31", True, False), ("02-01", True, False)]
    assert not before.is_workday(date(2020, 2, 2))
    assert (len(before.papers(2020)), len(CN.papers(2020))) == (1, 2)


def test_2019_before_labour_day_was_lengthened():
    """The first notice for 2019 gave 05-01 only, without make-up days."""
    before = CN.with_notice(builtin_superseded(2019))

    assert [f"{c.day:%m-%d}" for c in diff(before, CN)] == ["04-28", "05-02", "05-03", "05-05"]


def test_only_changed_notices_are_kept_as_superseded():
    """A year whose notice was never changed has no earlier one."""
    with pytest.raises(KeyError):
        builtin_superseded(2021)


def test_the_stored_form_gives_the_same_calendar_back():
    """A calendar survives JSON unchanged."""
    stored = json.loads(json.dumps(calendar_to_dict(CN)))

    assert calendar_from_dict(stored) == CN


def test_an_empty_calendar_covers_nothing():
    """Without any notice, weekdays and fixed days decide and nothing is settled."""
    empty = WorkCalendar(calendar_id="X", version=1)

    assert not empty.covers(date(2026, 3, 2))
    assert empty.is_workday(date(2026, 3, 2))
    assert empty.is_holiday(date(2026, 10, 1))

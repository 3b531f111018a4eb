"""A district's overlay over the national calendar: what it changes, and what it leaves alone."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import (
    NoticeDay,
    Overlay,
    WorkCalendar,
    calendar_from_dict,
    calendar_to_dict,
    diff,
    load_builtin_calendar,
)
from domain.calendar_local import MOST_DAYS, overlay_fault, parse_local_days
from domain.deadline import Roll, after_days, after_workdays, by_date

CN = load_builtin_calendar()
MONDAY = date(2026, 7, 20)
SATURDAY = date(2026, 7, 25)
DAYS = st.dates(date(2019, 1, 1), date(2028, 12, 31))


def overlay(*days: tuple[date, bool], district: str = "甲区", paper: str = "甲防指〔2026〕3号"):
    """An overlay whose days off are a typhoon's."""
    named = [
        NoticeDay(day=day, is_off=is_off, name="台风停工" if is_off else "补班")
        for day, is_off in days
    ]
    return Overlay(district=district, paper=paper, days=tuple(sorted(named)))


TYPHOON = CN.with_overlay(overlay((MONDAY, True), (SATURDAY, False)))


@given(day=DAYS, closed=st.sets(DAYS, max_size=5), district=st.sampled_from(["", "甲区", "丙区"]))
def test_without_an_overlay_a_district_has_the_national_calendar(day, closed, district):
    """Whatever 乙区 closes: every other district, and none at all, judge each day as the country."""
    calendar = CN.with_overlay(overlay(*((one, True) for one in closed), district="乙区"))
    local = calendar.for_district(district)

    assert [
        (each.is_workday(day), each.is_holiday(day), each.is_makeup(day), each.name_of(day))
        for each in (local,)
    ] == [(CN.is_workday(day), CN.is_holiday(day), CN.is_makeup(day), CN.name_of(day))]
    assert (local.covers(day), local.label) == (CN.covers(day), "CN@2")


@given(day=DAYS, is_off=st.booleans())
def test_the_overlay_decides_every_day_that_it_names(day, is_off):
    """Off or worked, in the district alone; the nation and its other districts do not notice."""
    calendar = CN.with_overlay(overlay((day, is_off)))

    assert calendar.for_district("甲区").is_workday(day) is not is_off
    assert calendar.is_workday(day) == calendar.for_district("乙区").is_workday(day)
    assert calendar.is_workday(day) == CN.is_workday(day)


def test_a_district_is_named_in_the_label_only_if_it_has_days_of_its_own():
    """CN@2+甲区 beside CN@2; asking again for another district starts from the nation."""
    local = TYPHOON.for_district("甲区")

    assert (TYPHOON.label, local.label) == ("CN@2", "CN@2+甲区")
    assert local.for_district("乙区") == local.for_district("") == TYPHOON


def test_a_local_closure_is_a_rest_day_but_no_statutory_holiday():
    """Under 法定节假日 a count of days does not roll over a typhoon day, under 休息日 it does."""
    local = TYPHOON.for_district("甲区")
    due = [
        after_days(trigger=date(2026, 7, 15), count=5, calendar=local, roll=roll).due_date
        for roll in (Roll.REST_DAYS, Roll.HOLIDAYS)
    ]

    assert due == [date(2026, 7, 21), MONDAY]
    assert (local.is_holiday(MONDAY), local.is_makeup(SATURDAY)) == (False, True)
    assert (local.name_of(MONDAY), local.name_of(SATURDAY)) == ("台风停工", "补班")


def test_a_holiday_worked_locally_is_no_holiday_there():
    """Flood relief on 2026-10-01 in 甲区: worked there, a holiday everywhere else."""
    relief = CN.with_overlay(overlay((date(2026, 10, 1), False)))

    assert [relief.for_district(d).is_holiday(date(2026, 10, 1)) for d in ("甲区", "乙区")] == [
        False,
        True,
    ]


def test_the_rule_of_a_deadline_names_the_skipped_closure_with_its_paper():
    """Days and 文号 of the district stand in the rule, and nothing of them in another district."""
    here, there = (
        after_workdays(trigger=date(2026, 7, 17), count=5, calendar=TYPHOON.for_district(name))
        for name in ("甲区", "乙区")
    )

    assert (here.due_date, there.due_date) == (SATURDAY, date(2026, 7, 24))
    assert "甲区台风停工（甲防指〔2026〕3号）：2026年7月20日休息" in here.rule
    assert "甲区补班（甲防指〔2026〕3号）：2026年7月25日上班" in here.rule
    assert "工作日历CN@2+甲区（" in here.rule
    assert "甲" not in there.rule
    stated = by_date(day=MONDAY, calendar=TYPHOON.for_district("甲区"))
    assert (stated.due_date, "甲区台风停工" in stated.rule) == (MONDAY, True)


def test_a_closure_settles_nothing_that_a_notice_has_to_settle():
    """A day of an unnoticed year stays provisional, closed or not."""
    calendar = CN.with_overlay(overlay((date(2027, 1, 5), True))).for_district("甲区")

    assert not calendar.covers(date(2027, 1, 5))
    assert after_workdays(trigger=date(2027, 1, 4), count=1, calendar=calendar).provisional


def test_the_later_paper_holds_and_the_same_paper_is_replaced():
    """A second paper takes the closure back; the first, given again with other days, is replaced."""
    back = TYPHOON.with_overlay(overlay((MONDAY, False), paper="甲防指〔2026〕4号"))
    again = TYPHOON.with_overlay(overlay((date(2026, 7, 21), True)))

    assert back.for_district("甲区").is_workday(MONDAY)
    assert again.for_district("甲区").is_workday(MONDAY)
    assert not again.for_district("甲区").is_workday(date(2026, 7, 21))


def test_a_new_notice_keeps_the_overlays():
    """Loading a year's notice leaves a district's days as they were."""
    notice = next(notice for notice in CN.notices if notice.year == 2026)

    assert TYPHOON.with_notice(notice).overlays == TYPHOON.overlays


def test_what_differs_is_told_by_district_and_a_return_tells_it_reversed():
    """Diff names the district; the content of version 1 as version 3 undoes it day by day."""
    back = TYPHOON.with_content_of(CN)
    there, again = (
        [(c.district, c.day, c.was_workday, c.is_workday, c.name) for c in diff(*pair)]
        for pair in ((CN, TYPHOON), (TYPHOON, back))
    )

    assert there == [
        ("甲区", MONDAY, True, False, "台风停工"),
        ("甲区", SATURDAY, False, True, "补班"),
    ]
    assert [(d, day, is_, was) for d, day, was, is_, _ in there] == [c[:4] for c in again]
    assert (back.version, back.overlays, back.notices) == (3, (), CN.notices)


def test_a_day_that_changes_everywhere_is_not_told_again_for_a_district():
    """A notice that closes a Wednesday: once, though 甲区 has overlays; not where it was closed."""
    wednesday = date(2026, 7, 22)
    year = next(notice for notice in TYPHOON.notices if notice.year == 2026)
    closed = type(year)(
        year=2026,
        papers=year.papers,
        days=tuple(sorted((*year.days, NoticeDay(day=wednesday, is_off=True, name="特别")))),
    )

    told = diff(TYPHOON, TYPHOON.with_notice(closed))

    assert [(c.district, c.day) for c in told] == [("", wednesday)]


def test_the_stored_form_gives_the_overlays_back_and_old_documents_stay_as_they_were():
    """A document without the key is read; one without overlays is written without it."""
    stored = json.loads(json.dumps(calendar_to_dict(TYPHOON)))

    assert calendar_from_dict(stored) == TYPHOON
    assert "overlays" not in calendar_to_dict(CN)
    assert calendar_from_dict(calendar_to_dict(CN)) == CN


@pytest.mark.parametrize(
    "given, said",
    [
        (overlay((SATURDAY, True)), "2026年7月25日本就休息"),
        (overlay((MONDAY, False)), "2026年7月20日本就上班"),
        (overlay((MONDAY, True), (SATURDAY, True)), "2026年7月25日本就休息"),
        (overlay((MONDAY, True), (MONDAY, True)), "写了两次"),
        (overlay((date(2062, 7, 20), True)), "请核对年份"),
        (overlay(), "缺少日期"),
        (overlay((MONDAY, True), paper=""), "缺少文号"),
        (overlay((MONDAY, True), district=""), "缺少区名"),
        (
            Overlay(district="甲区", paper="x", days=(NoticeDay(day=MONDAY, is_off=True),)),
            "缺少事由",
        ),
        (overlay(*((MONDAY, True) for _ in range(MOST_DAYS + 1))), "最多"),
    ],
)
def test_an_overlay_that_changes_nothing_or_says_too_little_is_refused(given, said):
    """Each in one sentence that names the day."""
    assert said in overlay_fault(given, CN, date(2026, 7, 19))


def test_a_paper_given_again_is_compared_without_what_it_said_before():
    """The same closure by the same paper is sound; by another paper it would change nothing."""
    same = overlay((MONDAY, True))

    assert overlay_fault(same, TYPHOON, MONDAY) == ""
    other = overlay((MONDAY, True), paper="甲防指〔2026〕4号")
    assert "本就休息" in overlay_fault(other, TYPHOON, MONDAY)
    assert overlay_fault(overlay((MONDAY, True), district="乙区"), TYPHOON, MONDAY) == ""


def test_a_file_of_days_is_read_with_its_reasons():
    """CSV or JSON, without a year; a reason for all where a row has none."""
    csv = parse_local_days(
        "日期,类型,名称\n2026-07-25,班,补班\n2026-07-20,休,\n", reason="台风停工"
    )
    as_json = parse_local_days(
        json.dumps(
            {
                "days": [
                    {"date": "2026-07-20", "isOffDay": True, "name": "台风停工"},
                    {"date": "2026-07-25", "isOffDay": False, "name": "补班"},
                ]
            }
        )
    )

    assert csv == as_json == overlay((MONDAY, True), (SATURDAY, False)).days


def test_every_error_of_a_file_of_days_is_named():
    """A date that never was, a kind that is none, a day without reason: all at once, by row."""
    found = parse_local_days("日期,类型\n2026-02-30,休\n2026-07-21,？\n2026-07-20,休\n")

    assert [(wrong.code, wrong.row) for wrong in found] == [
        ("NOTICE_DATE", 2),
        ("NOTICE_KIND", 3),
        ("LOCAL_REASON", 4),
    ]
    assert [wrong.code for wrong in parse_local_days("日期,类型\n")] == ["NOTICE_EMPTY"]
    assert WorkCalendar(calendar_id="X", version=1).for_district("甲区").overlays == ()

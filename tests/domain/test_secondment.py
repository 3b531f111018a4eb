"""Secondments: what a sheet may say, what counts as long, and the totals (3-08)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.directory import Directory
from domain.secondment import (
    RawSecondment,
    Registered,
    Seconded,
    SecondmentGround,
    later,
    read_secondments,
    totals,
)
from tests.people_of import name_of, number_of
from tests.small_plan import STREETS, units

TODAY = date(2026, 11, 23)
OFFICE = "甲区司法局"
KEYS = tuple(f"p-{n:016x}" for n in range(3))
GROUND = SecondmentGround(
    directory=Directory.of(units()),
    today=TODAY,
    by_key={key: Registered(name=name_of(n), unit=STREETS[0]) for n, key in enumerate(KEYS)},
    by_number={number_of(n): key for n, key in enumerate(KEYS)},
    known={},
    mine=frozenset(STREETS),
)
ROW = RawSecondment(
    row=2,
    key=KEYS[0],
    name="",
    number="",
    street="",
    organ="区司法局",
    since="2025-03-01",
    reason="专项工作",
    due_back="2026-03-01",
    paper="甲组〔2025〕1号",
)
ONE = Seconded(
    staff=KEYS[0],
    street=STREETS[0],
    organ=OFFICE,
    since=date(2025, 3, 1),
    reason="专项工作",
    due_back=date(2026, 3, 1),
    paper="甲组〔2025〕1号",
)


def test_a_row_by_key_or_by_number_is_the_same_person():
    """The street is the person's own unit unless it is written; the organ may be a duty."""
    by_number = replace(ROW, key="", name=name_of(0), number=number_of(0), street=STREETS[0])

    assert (
        (ONE,) == read_secondments([ROW], GROUND).new == read_secondments([by_number], GROUND).new
    )


@pytest.mark.parametrize(
    "of, column, code",
    [
        ({"key": "张三"}, "人员编号", "STAFF_KEY"),
        ({"key": ""}, "人员编号", "STAFF_KEY"),
        ({"key": "p-ffffffffffffffff"}, "人员编号", "UNKNOWN_STAFF"),
        ({"number": "11010119900101"}, "身份证号", "ID_NUMBER"),
        ({"number": number_of(1)}, "身份证号", "STAFF_DIFFERS"),
        ({"key": "", "number": number_of(0)}, "姓名", "NAME_FORM"),
        ({"name": name_of(1)}, "姓名", "STAFF_DIFFERS"),
        ({"street": OFFICE}, "所属街道", "SECONDMENT_UNIT"),
        ({"organ": STREETS[1]}, "借调单位", "SECONDMENT_UNIT"),
        ({"organ": "区水务局"}, "借调单位", "SECONDMENT_UNIT"),
        ({"since": ""}, "借调日期", "SECONDMENT_DAY"),
        ({"since": "去年"}, "借调日期", "SECONDMENT_DAY"),
        ({"since": "2026-12-01", "due_back": ""}, "借调日期", "SECONDMENT_DAY"),
        ({"due_back": "2025-02-28"}, "应归还日期", "SECONDMENT_DAY"),
        ({"reason": ""}, "事由", "EMPTY_CELL"),
        ({"paper": "文\u200b号"}, "文号", "BAD_TEXT"),
    ],
)
def test_a_wrong_cell_is_found_where_it_stands(of, column, code):
    """Each by its cell, nothing is added, and no sentence repeats a name or number."""
    read = read_secondments([replace(ROW, **of)], GROUND)

    assert [(f.row, f.column, f.code) for f in read.findings] == [(2, column, code)]
    assert read.new == ()
    said = read.findings[0].sentence
    assert not any(word in said for word in (name_of(0), name_of(1), number_of(1)[:8], "张三"))


def test_whose_street_it_is_not():
    """Only the street's own people and coordinators enter it."""
    read = read_secondments([ROW], replace(GROUND, mine=frozenset({STREETS[1]})))

    assert [f.code for f in read.findings] == ["NOT_YOUR_UNIT"]


@pytest.mark.parametrize(
    "known, code",
    [
        (ONE, ""),
        (replace(ONE, reason="别的"), "SECONDMENT_DIFFERS"),
        (replace(ONE, since=date(2024, 1, 1)), "SECONDMENT_OPEN"),
        (replace(ONE, since=date(2024, 1, 1), returned_on=date(2025, 4, 1)), "SECONDMENT_OPEN"),
        (replace(ONE, since=date(2024, 1, 1), returned_on=date(2025, 3, 1)), "new"),
    ],
)
def test_what_is_on_file_is_entered_once(known, code):
    """The same row is no new one; nobody is at two organs at a time."""
    read = read_secondments([ROW], replace(GROUND, known={KEYS[0]: (known,)}))

    assert [f.code for f in read.findings] == ([code] if code not in ("", "new") else [])
    assert (len(read.new), read.same) == ((1, 0) if code == "new" else (0, 0 if code else 1))


def test_somebody_twice_in_one_sheet_is_said():
    """The second row is the one that is wrong."""
    found = read_secondments([ROW, replace(ROW, row=3)], GROUND).findings

    assert [(f.row, f.code) for f in found] == [(3, "PERSON_TWICE")]


def test_long_is_what_the_command_says():
    """21 were long and 18 of them are back; without months nothing is long."""
    back = [
        replace(ONE, staff=f"p{n}", returned_on=date(2026, 11, 1), return_paper="x")
        for n in range(18)
    ]
    away = [replace(ONE, staff=f"q{n}") for n in range(3)]
    new = [replace(ONE, staff="r", since=date(2026, 11, 1), due_back=None)]
    lines = [*back, *away, *new]

    counted = totals(lines, TODAY, 12)
    assert (counted.all, counted.away, counted.late) == (22, 4, 3)
    assert (counted.long, counted.long_back) == (21, 18)
    assert totals(lines, TODAY).long is None


@pytest.mark.parametrize(
    "day, months, expected",
    [
        (date(2019, 11, 30), 3, date(2020, 2, 29)),
        (date(2019, 12, 1), 12, date(2020, 12, 1)),
        (date(2019, 1, 31), 1, date(2019, 2, 28)),
    ],
)
def test_months_end_with_the_month(day, months, expected):
    """A month that has no such day ends on its last."""
    assert later(day, months) == expected

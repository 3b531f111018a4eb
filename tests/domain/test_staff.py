"""Identity numbers, names, masks; censuses and rosters by cell, never by person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.census import (
    Ground,
    RawPerson,
    RawPosts,
    missing_sections,
    read_census,
    required_units,
    types_fault,
)
from domain.directory import Directory
from domain.refusal import Refused
from domain.roster import Locked, Place, RawPlace, RosterGround, read_roster, sums_of
from domain.staff import (
    check_digit,
    masked_name,
    masked_number,
    name_fault,
    number_fault,
    plain_name,
    plain_number,
)
from tests.people_of import census_sheet, name_of, number_of
from tests.small_plan import STREETS, units

TODAY = date(2026, 11, 23)
OFFICE = "甲区司法局"
DIRECTORY = Directory.of(units())


@pytest.mark.parametrize(
    "number, fault",
    [
        ("11010519491231002X", ""),
        ("11010519491231002x", "18位"),
        ("110105194912310021", "校验位"),
        ("110105491231002", "18位"),
        ("110105199902300010", "不是日期"),
        ("110105202001010018", "出生日期"),
        ("110105190001010010", "出生日期"),
        ("990105194912310025", "行政区划"),
        ("", "没有填写"),
    ],
)
def test_what_is_wrong_with_an_identity_number(number, fault):
    """GB 11643: length, region, date of birth, age, check digit; the number is not repeated."""
    said = number_fault(number, TODAY)

    assert fault in said and bool(said) == bool(fault)
    assert not number or number not in said


@given(st.integers(0, 99_999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(person, place, by):
    """The check digit finds every single digit mistyped (ISO 7064 MOD 11-2)."""
    number = number_of(person)
    digit = (int(number[place]) + by) % 10
    wrong = f"{number[:place]}{digit}{number[place + 1 :]}"

    assert number_fault(number, TODAY) == ""
    assert check_digit(wrong[:17]) != wrong[17]


def test_numbers_and_names_are_read_as_they_are_typed():
    """Full-width digits, blanks, a small x; the blank in the middle of a name of two characters."""
    assert plain_number(" １１０１０５19491231 002x") == "11010519491231002X"
    assert plain_name(" 张  三 ") == "张三"
    assert plain_name("Anna  Maria") == "Anna Maria"
    assert name_fault("买买提·艾力") == ""
    assert all(name_fault(bad) for bad in ("", "张3", "张三（财政）", "张" * 200))


def test_masks_show_little():
    """The first character; three and four digits."""
    assert (masked_name("欧阳修"), masked_name("")) == ("欧*", "")
    assert masked_number(number_of(1)) == f"110{'*' * 11}{number_of(1)[-4:]}"


def ground(**of: object) -> Ground:
    """What the sheets of these tests are judged by."""
    given = {
        "directory": DIRECTORY,
        "types": ("行政", "事业"),
        "today": TODAY,
        "barred": lambda _unit: None,
        "elsewhere": {},
    }
    return Ground(**(given | of))


def places(sheet, **of):
    """Where a sheet is wrong, and how."""
    return [(f.sheet, f.row, f.column, f.code) for f in read_census(sheet, ground(**of)).findings]


SHEET = census_sheet({OFFICE: 3, STREETS[0]: 1})


def test_a_sound_census_makes_baselines():
    """Units as listed, with sections, quotas and people; leaders have a type of their own."""
    read = read_census(SHEET, ground())

    assert read.findings == ()
    assert [(b.unit, len(b.members)) for b in read.baselines] == [(OFFICE, 3), (STREETS[0], 1)]
    assert [m.leader_type for m in read.baselines[0].members] == ["领导·科级", "", ""]
    assert not missing_sections(read.baselines[0].sections)


def person(**of: object) -> RawPerson:
    """The first person of the sheet, changed."""
    return replace(SHEET.people[0], **of)


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"unit": "没有"}, ("单位", "UNKNOWN_UNIT")),
        ({"unit": STREETS[1]}, ("单位", "UNIT_NOT_LISTED")),
        ({"name": ""}, ("姓名", "NAME_FORM")),
        ({"number": "1"}, ("身份证号", "ID_NUMBER")),
        ({"number": number_of(1)}, ("身份证号", "PERSON_TWICE")),
        ({"type": "工勤"}, ("类型", "CENSUS_TYPE")),
        ({"title": "长" * 121}, ("职务", "CENSUS_TEXT")),
        ({"leading": "处级"}, ("领导职数类别", "CENSUS_NO_QUOTA")),
    ],
)
def test_a_wrong_person_is_found_by_cell(change, expected):
    """Each fault at its cell, and nobody named."""
    sheet = replace(SHEET, people=(*SHEET.people[1:], person(row=9, **change)))
    (found,) = read_census(sheet, ground()).findings

    assert (found.sheet, found.row, found.column, found.code) == ("人员", 9, *expected)
    assert not any(p.name in found.sentence or p.number in found.sentence for p in SHEET.people)


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"unit": name_of(77)}, ("单位", "UNKNOWN_UNIT")),
        ({"type": "领导·"}, ("类型", "CENSUS_TYPE")),
        ({"approved": "三"}, ("核定数", "CENSUS_NUMBER")),
        ({"approved": "-1"}, ("核定数", "CENSUS_NUMBER")),
        ({"basis": f"见{number_of(5)}"}, ("依据", "CENSUS_TEXT")),
        ({"type": "行政"}, ("类型", "ROW_TWICE")),
    ],
)
def test_a_wrong_quota_is_found_by_cell(change, expected):
    """Each fault at its cell; a name that slipped into the unit's column is not repeated."""
    extra = RawPosts(row=9, unit=OFFICE, type="领导·处级", approved="1", basis="")
    sheet = replace(SHEET, posts=(*SHEET.posts, replace(extra, **change)))
    (found,) = read_census(sheet, ground()).findings

    assert (found.sheet, found.row, found.column, found.code) == ("编制", 9, *expected)
    assert name_of(77) not in found.sentence


def test_strength_beyond_the_quota_needs_its_basis():
    """2-26: with a basis it is taken in as it is found, without one it is refused."""
    over = tuple(
        replace(q, approved="1", basis="") if (q.unit, q.type) == (OFFICE, "行政") else q
        for q in SHEET.posts
    )
    with_basis = tuple(replace(q, basis="甲编〔2010〕1号") for q in over)

    assert places(replace(SHEET, posts=over)) == [("编制", 2, "依据", "CENSUS_OVER")]
    assert places(replace(SHEET, posts=with_basis)) == []


def test_people_of_other_units_and_units_of_others():
    """Who is registered elsewhere, and who may not write a unit, are said at their rows."""
    no = Refused(code="NOT_YOUR_UNIT", sentence="不行。")

    assert places(SHEET, elsewhere={number_of(0): STREETS[1]}) == [
        ("人员", 2, "身份证号", "PERSON_ELSEWHERE")
    ]
    assert places(SHEET, barred=lambda u: no if u.name == OFFICE else None) == [
        ("单位概况", 2, "单位", "NOT_YOUR_UNIT")
    ]


def test_every_street_must_be_in_a_census():
    """0-24; departments come in by the sheet. Types are words, each once, none a leader's."""
    assert required_units(DIRECTORY) == STREETS
    assert types_fault(("行政", "事业", "工勤")) is None
    assert all(types_fault(bad) for bad in ((), ("行政", "行政"), ("领导·科级",), ("",)))


def locked(count: int, departments: int = 1) -> dict[str, Locked]:
    """Persons of the lock in so many departments."""
    return {
        f"p-{n:016x}": Locked(
            key=f"p-{n:016x}", name=name_of(n), unit=f"部门{n % departments}", type="行政"
        )
        for n in range(count)
    }


def test_a_roster_of_264_from_6_departments_into_3_teams_adds_up():
    """3-12: Σ per department, per unit and per team is 264 each."""
    people = locked(264, 6)
    rows = [
        RawPlace(
            row=n + 2,
            key=key,
            name="",
            number="",
            from_unit="",
            to_unit=STREETS[n % 2],
            team=f"综合行政执法{n % 3 + 1}队",
            type="",
        )
        for n, key in enumerate(people)
    ]
    read = read_roster(
        rows,
        RosterGround(
            directory=DIRECTORY,
            today=TODAY,
            units=STREETS,
            by_key=people,
            by_number={},
            wanted={},
        ),
    )
    sums = sums_of(read.places)
    by = {
        name: [s.people for s in sums if s.by == name] for name in ("转出单位", "转入单位", "队伍")
    }

    assert read.findings == ()
    assert by == {"转出单位": [44] * 6, "转入单位": [132] * 2, "队伍": [88] * 3}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from("甲乙"))))
def test_the_three_sums_of_any_roster_agree(ways):
    """Whatever the roster, each person is counted once in every sum."""
    given = [
        Place(staff=str(n), from_unit=f"部{a}", to_unit=f"街{b}", team="", type=t)
        for n, (a, b, t) in enumerate(ways)
    ]
    sums = sums_of(given)

    assert all(
        sum(s.people for s in sums if s.by == by) == len(given)
        for by in ("转出单位", "转入单位", "队伍")
    )


def test_a_post_that_goes_up_is_warned_of():
    """3-07: from a street to a department is imported, and the special approval is asked for."""
    people = {"p-" + "0" * 16: Locked(key="p-" + "0" * 16, name="某", unit=STREETS[0], type="行政")}
    raw = RawPlace(
        row=2, key="p-" + "0" * 16, name="", number="", from_unit="", to_unit="", team="", type=""
    )
    read = read_roster(
        [raw],
        RosterGround(
            directory=DIRECTORY,
            today=TODAY,
            units=(OFFICE,),
            by_key=people,
            by_number={},
            wanted={},
        ),
    )

    assert [(f.code, f.is_error) for f in read.findings] == [("ROSTER_UPWARD", False)]
    assert [p.to_unit for p in read.places] == [OFFICE]

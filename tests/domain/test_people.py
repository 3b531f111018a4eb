"""Absences that chain, circles, substitutes in common, takeovers, and a sheet of people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.action import Grant
from domain.directory import Directory
from domain.people import (
    Absence,
    Authority,
    Post,
    absence_fault,
    circle,
    orphaned,
    outsider_warnings,
    review_warnings,
    reviewing_units,
    stand_in,
    takeover,
    vacancies,
)
from domain.people_sheet import ChangeKind, RawPost, Staff, compare
from domain.refusal import Refused
from domain.unit import Role, Unit, UnitKind
from tests.drafts import checked

DAY = date(2026, 12, 1)
NOW = datetime(2026, 12, 1, 2, tzinfo=UTC)
BEGAN = NOW - timedelta(days=100)


def away(person: str, by: str, first: int = 1, last: int = 10) -> Absence:
    """Somebody away from a day of December 2026 to another."""
    return Absence(
        person=person, by=by, from_day=date(2026, 12, first), to_day=date(2026, 12, last)
    )


def post(unit: str, person: str, role: Role = Role.HANDLER, **changes: object) -> Post:
    """A post held for a hundred days."""
    return replace(Post(unit=unit, person=person, role=role, since=BEGAN), **changes)


def test_a_chain_of_absences_ends_with_who_is_there():
    """甲 passes to 乙, and as long as 乙 is away to 丙."""
    absences = (away("甲", "乙"), away("乙", "丙", 3, 5))
    found = {day: stand_in(absences, "甲", date(2026, 12, day)) for day in (2, 3, 5, 6, 11)}
    assert found == {2: "乙", 3: "丙", 5: "丙", 6: "乙", 11: "甲"}


@pytest.mark.parametrize(
    "known, new, expected",
    [
        ((away("乙", "甲"),), away("甲", "乙"), ("甲", "乙", "甲")),
        ((away("乙", "丙"), away("丙", "甲")), away("甲", "乙"), ("甲", "乙", "丙", "甲")),
        ((away("乙", "甲", 1, 5),), away("甲", "乙", 6, 9), ()),
        ((away("乙", "甲", 1, 5),), away("甲", "乙", 5, 9), ("甲", "乙", "甲")),
        # Each pair overlaps, but on no day are all three away.
        ((away("乙", "丙", 1, 4), away("丙", "甲", 5, 9)), away("甲", "乙"), ()),
        ((away("乙", "丙"),), away("甲", "乙"), ()),
    ],
)
def test_a_circle_is_found_on_the_days_on_which_it_closes(known, new, expected):
    """Of any length, and only where all its links are away on one day."""
    assert expected == circle(new, known)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("甲乙丙丁戊"),
            st.sampled_from("甲乙丙丁戊"),
            st.integers(1, 9),
            st.integers(0, 6),
        ),
        max_size=12,
    )
)
def test_what_was_let_in_never_leaves_a_day_without_anybody(orders):
    """Whoever is away on whatever day, somebody who is there acts."""
    known: list[Absence] = []
    persons = dict.fromkeys("甲乙丙丁戊")
    for person, by, first, more in orders:
        new = away(person, by, first, first + more)
        if absence_fault(new, known, persons, DAY) is None:
            known.append(new)
    for day in range(1, 17):
        absent = {one.person for one in known if one.covers(date(2026, 12, day))}
        for person in persons:
            assert stand_in(known, person, date(2026, 12, day)) in set(persons) - absent


@pytest.mark.parametrize(
    "new, code",
    [
        (away("甲", "乙", 10, 9), "ABSENCE_DAYS"),
        (
            replace(away("甲", "乙"), from_day=date(2026, 1, 1), to_day=date(2026, 11, 30)),
            "ABSENCE_PAST",
        ),
        (away("甲", "甲"), "ABSENCE_SELF"),
        (away("甲", "无此人"), "UNKNOWN_PERSON"),
        (away("无此人", "甲"), "UNKNOWN_PERSON"),
        (away("丙", "甲", 10, 12), "ABSENCE_OVERLAP"),
        (away("乙", "丙", 10, 12), "ABSENCE_CIRCLE"),
    ],
)
def test_an_absence_that_cannot_be_is_refused(new, code):
    """Days in order and not gone by, known persons, once a day, no circle."""
    known = (away("丙", "乙"),)
    refused = absence_fault(new, known, dict.fromkeys("甲乙丙"), DAY)
    assert refused is not None
    assert code == refused.code
    assert absence_fault(away("甲", "乙"), known, dict.fromkeys("甲乙丙"), DAY) is None


def test_two_reviewers_with_one_substitute_are_told_whom_to_appoint():
    """0-35: 初审 and 复审 need two persons; the sentence names somebody who is there."""
    acting = {"区委编办": ("甲", "乙", "主任", "丙")}
    (warning,) = review_warnings(away("乙", "丙"), (away("甲", "丙"),), acting, DAY)
    assert "甲、乙都由丙代办，初审和复审须由两人办理，请为其中一人另行指定代办人" in warning
    assert "如主任" in warning
    assert review_warnings(away("乙", "主任"), (away("甲", "丙"),), acting, DAY) == ()
    assert review_warnings(away("某", "丙"), (away("甲", "丙"),), acting, DAY) == ()


def test_a_substitute_from_elsewhere_is_told():
    """A street's handler in the reviewers' place would review the street's own draft."""
    (warning,) = outsider_warnings(away("甲", "丙"), ("区委编办",), ("一街道",))
    assert "丙（一街道）不在区委编办任职" in warning
    assert outsider_warnings(away("甲", "乙"), ("区委编办",), ("一街道", "区委编办")) == ()


def test_one_person_left_is_told_too():
    """A substitute who reviews already is not a second person."""
    acting = {"区委编办": ("甲", "乙")}
    (warning,) = review_warnings(away("甲", "乙"), (), acting, DAY)
    assert "只剩乙可以办理" in warning
    assert "请为甲另行指定代办人" in warning


def test_reviewing_units_are_those_of_the_plan():
    """The unit that does 初审 and 复审, found inside each district."""
    plan = checked().plan
    assert plan is not None
    assert reviewing_units(plan, Directory.of(plan.units)) == ("甲区编办",)


STREET = Unit(name="一街道", kind=UnitKind.STREET, district="甲区")
OFFICE = Unit(name="甲区编办", kind=UnitKind.DEPARTMENT, district="甲区", duty="区委编办")
OTHER = Unit(name="乙区编办", kind=UnitKind.DEPARTMENT, district="乙区", duty="区委编办")
CITY = Unit(name="市委编办", kind=UnitKind.DEPARTMENT)
ORGAN = Unit(name="甲区编委", kind=UnitKind.COMMITTEE, district="甲区", recorder="甲区编办")
DIRECTORY = Directory.of((STREET, OFFICE, OTHER, CITY, ORGAN))
LEADER = Grant(unit="市委编办", role=Role.COORDINATOR)
LOCAL = Grant(unit="甲区编办", role=Role.COORDINATOR, district="甲区")


def authority(*grants: Grant, person: str = "某") -> Authority:
    """What somebody with these posts may change."""
    return Authority.of(person, grants, DIRECTORY, "市委编办")


def test_coordinators_change_people_where_they_lead():
    """The rollout's everywhere, a district's in the district, everybody else nowhere (0-05)."""
    assert authority(LEADER).refusal_over((STREET, OTHER, CITY)) is None
    assert authority(LOCAL).refusal_over((STREET, OFFICE, ORGAN)) is None
    for refused in (
        authority(LOCAL).refusal_over((OTHER,)),
        authority(LOCAL).refusal_over((CITY,)),
        authority(replace(LOCAL, unit="一街道")).refusal_over((STREET,)),
        authority(replace(LOCAL, role=Role.HEAD)).refusal_over((OFFICE,)),
    ):
        assert refused is not None
        assert refused.code == "NOT_COORDINATOR"


def test_an_absence_is_written_by_the_person_the_head_or_a_coordinator():
    """Nobody else sends somebody on leave."""
    head = Grant(unit="一街道", role=Role.HEAD, district="甲区")
    for able in (authority(person="甲"), authority(head), authority(LOCAL), authority(LEADER)):
        assert able.refusal_for_absence("甲", (STREET,)) is None
    for unable in (authority(replace(head, unit="甲区编办")), authority()):
        refused = unable.refusal_for_absence("甲", (STREET,))
        assert refused is not None
        assert refused.code == "NOT_YOUR_ABSENCE"


def test_a_takeover_moves_every_post_once():
    """In all units or one; a post held already only ends, one to come begins when it would."""
    posts = (
        post("一街道", "旧"),
        post("甲区编办", "旧", Role.COORDINATOR),
        post("甲区编办", "旧", Role.HEAD, since=NOW + timedelta(days=9)),
        post("一街道", "新"),
        post("甲区编委", "旧", until=NOW - timedelta(days=1)),
    )
    plan = takeover("旧", "新", "", posts, NOW)
    assert not isinstance(plan, Refused)
    assert [(p.unit, p.role) for p in plan.ends] == [(p.unit, p.role) for p in posts[:3]]
    assert [(p.unit, p.role, p.since) for p in plan.begins] == [
        ("甲区编办", Role.COORDINATOR, NOW),
        ("甲区编办", Role.HEAD, NOW + timedelta(days=9)),
    ]
    only = takeover("旧", "新", "一街道", posts, NOW)
    assert not isinstance(only, Refused)
    assert (len(only.ends), only.begins) == (1, ())


@pytest.mark.parametrize(
    "old, new, unit, code",
    [
        ("旧", "旧", "", "SAME_PERSON"),
        ("没有", "新", "", "UNKNOWN_PERSON"),
        ("旧", "新", "甲区编办", "NO_POST"),
        ("旧", "", "", "NAME_FORM"),
        ("旧", "新、又新", "", "NAME_FORM"),
        ("旧", "新\u202e", "", "NAME_FORM"),
        ("旧", "新" * 121, "", "NAME_FORM"),
    ],
)
def test_a_takeover_that_cannot_be_is_refused(old, new, unit, code):
    """A person of another unit, a name nobody has, a name that is none."""
    refused = takeover(old, new, unit, (post("一街道", "旧"),), NOW)
    assert isinstance(refused, Refused)
    assert code == refused.code


def test_a_substitute_does_not_leave_before_another_is_appointed():
    """What the absent person holds would be nobody's."""
    absences = (away("甲", "乙"),)
    refused = orphaned(("乙",), (), absences, NOW)
    assert refused is not None
    assert refused.code == "SUBSTITUTE_LEAVES"
    assert orphaned(("乙",), (post("一街道", "乙"),), absences, NOW) is None


def test_an_organ_with_a_recording_unit_has_no_vacancy():
    """0-10, 0-11, 4-07; it decides on paper, and another unit records."""
    assert vacancies(STREET, (), NOW) == ("第一责任人", "第一书记", "经办人")
    assert vacancies(OFFICE, (post("甲区编办", "甲"),), NOW) == ("第一责任人", "分管区领导")
    assert vacancies(ORGAN, (), NOW) == ()
    assert vacancies(replace(ORGAN, recorder=""), (), NOW) == ("经办人",)


STAFF = Staff(
    directory=DIRECTORY,
    posts=(
        post("一街道", "甲", Role.HEAD),
        post("一街道", "书记", Role.FIRST_SECRETARY),
        post("一街道", "乙"),
        post("市委编办", "协调", Role.COORDINATOR),
    ),
    absences=(),
    coordinator="市委编办",
    authority=authority(LEADER),
    at=NOW,
)


def row(number: int = 2, **changes: str) -> RawPost:
    """One row of a sheet: 丙 becomes 经办人 of the street."""
    cells = {"unit": "一街道", "person": "丙", "role": "经办人", **changes}
    return RawPost(row=number, **cells)


def kinds(*rows: RawPost) -> list[tuple[str, str, ChangeKind]]:
    """What rows change, by person and role."""
    found = compare(rows, STAFF)
    assert found.errors == ()
    return [(c.post.person, c.post.role.value, c.kind) for c in found.changes]


def test_a_sheet_changes_what_it_names_and_nothing_else():
    """A new post begins, a day sets an end, what is held already stays."""
    assert kinds(row()) == [("丙", "经办人", ChangeKind.BEGINS)]
    assert kinds(row(person="乙")) == []
    assert kinds(row(), row(person="乙", until="2026年12月31日", number=3)) == [
        ("丙", "经办人", ChangeKind.BEGINS),
        ("乙", "经办人", ChangeKind.ENDS),
    ]


def test_a_new_head_ends_the_term_of_the_one_before():
    """Posts that one person holds pass at the stated midnight, without a gap or an overlap."""
    found = compare((row(role="第一责任人", since="2026-12-09"),), STAFF)
    begins, ends = found.changes
    midnight = datetime(2026, 12, 8, 16, tzinfo=UTC)
    assert (begins.post.person, begins.post.since) == ("丙", midnight)
    assert (ends.post.person, ends.post.until) == ("甲", midnight)
    assert found.findings == ()


@pytest.mark.parametrize(
    "bad, code, column",
    [
        (row(unit="一街到"), "UNKNOWN_UNIT", "单位"),
        (row(unit=""), "UNKNOWN_UNIT", "单位"),
        (row(person=""), "NAME_FORM", "姓名"),
        (row(role="科员"), "BAD_CHOICE", "职务"),
        (row(role="代录人"), "BAD_CHOICE", "职务"),
        (row(since="2026-02-30"), "BAD_DATE", "起始日"),
        (row(until="下个月"), "BAD_DATE", "终止日"),
        (row(since="12026-01-01"), "BAD_DATE", "起始日"),
        (row(since="1026-01-01"), "BAD_DATE", "起始日"),
        (row(since="2026-12-09", until="2026-12-08"), "DAYS_ORDER", "终止日"),
        (row(person="乙", until="2020-01-01"), "DAYS_ORDER", "终止日"),
        (row(until="2026-11-30"), "POST_OVER", "终止日"),
    ],
)
def test_a_row_that_cannot_be_is_found_at_its_cell(bad, code, column):
    """One finding with row and column."""
    (finding,) = compare((bad,), STAFF).errors
    assert (code, 2, column) == (finding.code, finding.row, finding.column)


def test_all_errors_of_a_sheet_are_found_at_once():
    """Two heads, the same post twice, a stranger's unit, an unknown unit."""
    rows = (
        row(role="第一责任人", person="丁", number=2),
        row(role="第一责任人", person="戊", number=3),
        row(number=4),
        row(number=5),
        row(unit="没有", number=6),
    )
    found = [(one.code, one.row) for one in compare(rows, STAFF).errors]
    assert ("MANY_HEADS", 2) in found
    assert ("ROW_TWICE", 5) in found
    assert ("UNKNOWN_UNIT", 6) in found


def test_the_last_coordinator_stays():
    """Without one nobody could change anybody any more (0-05)."""
    last = row(unit="市委编办", person="协调", role="协调员", until="2026-12-31")
    assert [one.code for one in compare((last,), STAFF).errors] == ["NO_COORDINATOR"]
    successor = row(unit="市委编办", person="继任", role="协调员", number=3)
    assert compare((last, successor), STAFF).errors == ()


def test_a_vacancy_is_said_and_not_refused():
    """People leave before others come."""
    found = compare((row(person="乙", until="2026-12-31"),), STAFF)
    assert [(one.code, one.is_error) for one in found.findings] == [("VACANT", False)]
    assert "2027-01-01起没有经办人" in found.findings[0].sentence

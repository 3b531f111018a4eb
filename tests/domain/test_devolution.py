"""Shares that go down: how they are read, rounded, and judged (0-44, A3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devolution import (
    By,
    Count,
    Devolution,
    Goal,
    goals_in,
    read_receivers,
    receiving,
    shortfall,
    unit_meant,
)
from domain.directory import Directory
from domain.refusal import Refused
from domain.unit import Unit, UnitKind
from tests.small_plan import DISTRICT, STREETS, units

OFFICE = "甲区司法局"
CENTRE = Unit(
    name="一街道综合执法中心", kind=UnitKind.INSTITUTION, district=DISTRICT, parent=STREETS[0]
)
FAR = (
    Unit(name="乙区", kind=UnitKind.DISTRICT, district="乙区"),
    Unit(name="乙区司法局", kind=UnitKind.DEPARTMENT, district="乙区", duty="区司法局"),
    Unit(name="远街道", kind=UnitKind.STREET, district="乙区"),
)
TREE = Directory.of((*units(), CENTRE, *FAR))


@pytest.mark.parametrize(
    "text, goals, wrong",
    [
        ("区城管执法局:70%", ["区城管执法局 70 人员"], ()),
        ("甲局：编制50％、乙局:人员100%", ["甲局 50 编制", "乙局 100 人员"], ()),
        ("甲局70%、乙局:0%、丙局:101%、丁局:七成", [], ("甲局70%", "乙局:0%", "丙局:101%", "丁局:七成")),
        ("", [], ()),
    ],
)  # fmt: skip
def test_option_is_read(text, goals, wrong):
    """单位:百分比, by people unless 编制 is said."""
    found, bad = goals_in(text)

    assert [f"{g.unit} {g.percent} {g.by}" for g in found] == goals
    assert bad == wrong


@given(st.integers(0, 5000), st.integers(1, 100))
def test_what_is_needed_is_rounded_up(locked, percent):
    """Never below the share, and not one more than it takes."""
    needed = Count(by=By.PEOPLE, locked=locked, gone=0).needed(percent)

    assert needed * 100 >= locked * percent
    assert (needed - 1) * 100 < locked * percent


def test_one_basis_decides_and_both_are_said():
    """7 of 10 people suffice, 7 of 11 posts do not: 下放 by 人员 is met, by 编制 is not."""
    people, posts = (Count(by=b, locked=n, gone=7) for b, n in ((By.PEOPLE, 10), (By.POSTS, 11)))
    by_people = Devolution(goal=Goal(unit=OFFICE, percent=70), people=people, posts=posts)
    by_posts = Devolution(
        goal=Goal(unit=OFFICE, percent=70, by=By.POSTS), people=people, posts=posts, in_transit=1
    )

    assert shortfall(by_people) is None
    no = shortfall(by_posts)
    assert no is not None
    assert no.sentence == (
        "“甲区司法局”下放未达70%（按编制计）：编制锁定11、应下放8、已下放7、还差1；"
        "人员锁定10、应下放7、已下放7、还差0，另有1名编制在途；未达到前不能确认办结（0-44）。"
    )


@pytest.mark.parametrize(
    "named, expected",
    [
        ((STREETS[0],), (STREETS[0], CENTRE.name)),
        ((CENTRE.name,), (CENTRE.name,)),
        ((DISTRICT,), (*STREETS, CENTRE.name)),
        ((OFFICE,), (*STREETS, CENTRE.name)),
        ((STREETS[1], FAR[2].name), (STREETS[1],)),
    ],
)
def test_what_counts_as_below(named, expected):
    """Streets named and what stands under them; a row of a district or department means all."""
    assert receiving(TREE, TREE.by_name[OFFICE], named) == expected


def test_words_of_the_command_are_units_or_teams():
    """各街道 are those of the department's district; a word that is no unit may be a team."""
    found = read_receivers(TREE, TREE.by_name[OFFICE], ("各街道", "一中队", "远街道"))

    assert found == ((STREETS[0], CENTRE.name, STREETS[1]), ("一中队", "远街道"))


def test_a_duty_of_several_districts_is_asked_for_by_name():
    """Seen from a district it is clear, from outside it is not."""
    clear, unclear, unknown = (
        unit_meant(TREE, text, district)
        for text, district in (("区司法局", "乙区"), ("区司法局", ""), ("区水务局", ""))
    )

    assert isinstance(clear, Unit) and clear.name == "乙区司法局"
    assert isinstance(unclear, Refused) and unclear.code == "AMBIGUOUS_UNIT"
    assert isinstance(unknown, Refused) and unknown.code == "UNKNOWN_UNIT"

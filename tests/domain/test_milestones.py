"""What each level tells the others, derived from a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.milestones import survey
from domain.plan import Plan, Row
from domain.unit import Unit, UnitKind
from starter.plan_file import read_plan


@pytest.fixture(scope="module")
def wuhai() -> Plan:
    """乌海's plan of 2019 as it ships."""
    plan = read_plan("plans/乌海2019.yaml").plan
    assert plan is not None
    return plan


def rows(plan: Plan, *, waves: bool) -> tuple[Row, ...]:
    """A row for two streets, and one for a third street or for their 区 that waits for it."""
    first = replace(plan.rows[0], id="A", targets=("滨河街道", "海北街道"), after=())
    target = ("新华街道",) if waves else ("海勃湾区",)
    return (first, replace(plan.rows[0], id="B", targets=target, after=("A",)))


@pytest.mark.parametrize("waves", [True, False])
def test_what_is_waited_for_is_summed_up_and_shared_inside_an_area(wuhai, waves) -> None:
    """A wave and a 区 over its streets both wait for one sum; nothing leaves the area."""
    found = survey(replace(wuhai, rows=rows(wuhai, waves=waves)))
    area = found.areas["海勃湾区"]
    parts = ("A@滨河街道", "A@海北街道")
    assert area.aggregates.keys() == {"A@*海勃湾区"}
    assert set(area.aggregates["A@*海勃湾区"]) == set(parts)
    assert (area.shares, area.reports, found.relays) == (("A@*海勃湾区",), (), ())
    assert found.units["滨河街道"].reports == ("A@滨河街道",)
    assert list(found.areas) == ["海勃湾区"]


def test_the_city_waits_for_its_areas_through_the_rollout(wuhai) -> None:
    """A city unit's row over all streets is relayed by one sum per area."""
    streets = tuple(unit.name for unit in wuhai.of_kind(UnitKind.STREET))
    first = replace(wuhai.rows[0], id="A", targets=streets, after=())
    second = replace(wuhai.rows[0], id="B", targets=("乌海市",), after=("A",))
    found = survey(replace(wuhai, rows=(first, second)))
    assert found.city_units == ("乌海市",)
    assert found.relays == tuple(sorted(f"A@*{area}" for area in found.areas))
    assert all(area.reports == (f"A@*{name}",) for name, area in found.areas.items())
    assert all(area.shares == () for area in found.areas.values())


def test_own_rows_in_sequence_are_nobody_elses_business(wuhai) -> None:
    """A unit that waits only for itself reports nothing."""
    first = replace(wuhai.rows[0], id="A", targets=("滨河街道",), after=())
    found = survey(replace(wuhai, rows=(first, replace(first, id="B", after=("A",)))))
    assert found.units["滨河街道"].reports == ()
    assert found.units["滨河街道"].rows[1][1] == ("A@滨河街道",)
    assert found.areas["海勃湾区"].shares == ()


def test_a_district_of_two_hundred_streets_is_two_areas(wuhai) -> None:
    """The large district is split, and its own row waits for both parts."""
    streets = tuple(
        Unit(name=f"街道{number}", kind=UnitKind.STREET, district="海勃湾区")
        for number in range(200)
    )
    names = tuple(unit.name for unit in streets)
    first = replace(wuhai.rows[0], id="A", targets=names, after=())
    second = replace(wuhai.rows[0], id="B", targets=("海勃湾区",), after=("A",))
    found = survey(replace(wuhai, units=(*wuhai.units, *streets), rows=(first, second)))
    sums = {name: tuple(area.aggregates) for name, area in found.areas.items()}
    assert all(len(area.units) <= 100 for area in found.areas.values())
    needed = {f"A@*{name}" for name, facts in sums.items() if facts}
    assert len(needed) >= 2
    assert set(found.units["海勃湾区"].rows[0][1]) == needed

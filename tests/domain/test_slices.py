"""Areas, and what a row waits for across levels."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from domain.plan import Plan, Row, RowKind
from domain.slices import AREA_SIZE, areas, city_units, facts_of, prerequisites, rows_of
from domain.unit import Unit, UnitKind


def plan_of(sizes, rows=()):
    """A city with districts of so many streets each, and rows (id, targets, after)."""
    units = [Unit(name="市", kind=UnitKind.CITY), Unit(name="市局", kind=UnitKind.DEPARTMENT)]
    for number, size in enumerate(sizes, start=1):
        district = f"{number}区"
        units += [
            Unit(name=f"{district}{n}街道", kind=UnitKind.STREET, district=district)
            for n in range(1, size + 1)
        ]
        units.append(Unit(name=district, kind=UnitKind.DISTRICT, district=district))
        units.append(Unit(name=f"{district}局", kind=UnitKind.DEPARTMENT, district=district))
    return Plan(
        rollout="例",
        title="例",
        kickoff=date(2026, 1, 5),
        coordinator="市局",
        units=tuple(units),
        rows=tuple(
            Row(
                id=row_id,
                item=row_id,
                task=row_id,
                kind=RowKind.TASK,
                targets=tuple(targets),
                targets_text="",
                due=date(2026, 3, 2),
                due_text="",
                after=tuple(after),
            )
            for row_id, targets, after in rows
        ),
    )


def needs(rows, unit, sizes=(2, 2)):
    """What the last row waits for at a unit."""
    plan = plan_of(sizes, rows)
    return prerequisites(plan, plan.rows[-1], unit)


STREETS = ("1区1街道", "1区2街道", "2区1街道", "2区2街道")


def test_the_same_unit_comes_first():
    """A unit that has the earlier row itself waits for its own only."""
    assert needs([("A", ("1区", *STREETS), ()), ("B", STREETS, ("A",))], "1区1街道") == {
        "A@1区1街道"
    }


def test_else_the_nearest_unit_above():
    """A street waits for its district, and for the city where the district has nothing."""
    assert needs([("A", ("1区", "2区", "市"), ()), ("B", STREETS, ("A",))], "2区1街道") == {"A@2区"}
    assert needs([("A", ("市",), ()), ("B", STREETS, ("A",))], "2区1街道") == {"A@市"}


def test_else_all_units_below_as_areas():
    """A district waits for its streets, the city for all, one fact an area."""
    rows = [("A", STREETS, ()), ("B", ("1区", "市"), ("A",))]

    assert needs(rows, "1区") == {"A@*1区"}
    assert needs(rows, "市") == {"A@*1区", "A@*2区"}


def test_units_below_that_are_not_a_whole_area_are_named():
    """A street with an institution below it does not wait for the rest of its area."""
    plan = plan_of((2,))
    below = [
        Unit(name=f"站{n}", kind=UnitKind.INSTITUTION, district="1区", parent="1区1街道")
        for n in "甲乙"
    ]
    before = plan_of((), [("A", ("站甲", "站乙", "1区2街道"), ())]).rows[0]
    row = replace(before, id="B", targets=("1区1街道",), after=("A",))
    plan = replace(plan, units=(*plan.units, *below), rows=(before, row))

    assert prerequisites(plan, row, "1区1街道") == {"A@站甲", "A@站乙"}


def test_rows_that_share_other_units_do_not_hold_this_one():
    """挂牌 for all after 三定 of the towns: a street has no 三定 row there to wait for."""
    assert needs([("A", ("1区1街道",), ()), ("B", STREETS, ("A",))], "1区2街道") == frozenset()


def test_rows_that_share_no_unit_are_waves():
    """Pilot first (2-15): the own district's pilot, else every pilot."""
    pilot = [("A", ("1区1街道", "1区局"), ()), ("B", ("1区2街道", "2区1街道"), ("A",))]

    assert needs(pilot, "1区2街道") == {"A@*1区"}
    assert needs(pilot, "2区1街道") == {"A@*1区"}
    assert needs([("A", ("市局",), ()), ("B", STREETS, ("A",))], "1区1街道") == {"A@市局"}


def test_a_large_district_is_split_in_the_plan_s_order():
    """250 streets and their district are three areas; the district comes first."""
    plan = plan_of((250, 1))
    split = areas(plan)

    assert [(area.name, len(area.units)) for area in split] == [
        ("1区", 100),
        ("1区·2", 100),
        ("1区·3", 51),
        ("2区", 2),
    ]
    assert split[0].units[:2] == ("1区", "1区1街道")


def test_a_department_works_only_if_a_row_names_it():
    """Departments without a row get no workflow; the city always does."""
    plan = plan_of((1,), [("A", ("1区局",), ())])

    assert city_units(plan) == ("市",)
    assert areas(plan)[0].units == ("1区", "1区1街道", "1区局")
    assert [row.id for row in rows_of(plan, "1区局")] == ["A"]


@given(st.lists(st.integers(0, 230), min_size=1, max_size=4))
def test_areas_hold_every_unit_once_and_waiting_can_end(sizes):
    """No area is too large, none is lost, and each fact waited for is one that an area reports."""
    plan = plan_of(sizes)
    streets = [unit.name for unit in plan.units if unit.kind is UnitKind.STREET]
    districts = [unit.name for unit in plan.units if unit.kind is UnitKind.DISTRICT]
    below = plan_of((), [("A", streets, ()), ("B", ("市", *districts), ("A",))]).rows
    plan = replace(plan, rows=below)
    split = areas(plan)

    held = [name for area in split for name in area.units]
    assert len(held) == len(set(held))
    assert set(held) | set(city_units(plan)) == {
        unit.name for unit in plan.units if unit.kind is not UnitKind.DEPARTMENT
    }
    assert max(len(area.units) for area in split) <= AREA_SIZE
    reported = {fact for area in split for fact in facts_of(plan, area)}
    waited = prerequisites(plan, plan.row("B"), "市")
    assert {fact for fact in waited if "@*" in fact} <= reported
    assert bool(waited) == bool(streets)

"""Who tells whom: the facts each level of a rollout reports up, sums up and shares down.

Derived once from a plan: which facts every row waits for (:mod:`domain.slices`), and from that
what each unit, area and the rollout must pass on, so that nothing is told that nobody waits for.
Only units that have a row are here. Sources: F03; design, "Temporal": units push their state,
areas push aggregates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.directory import Directory
from domain.plan import Plan, Row
from domain.slices import Area, area_fact, areas, city_units, fact, prerequisites


@dataclass(frozen=True, kw_only=True)
class UnitFacts:
    """One unit: its rows with the facts each waits for, and what others wait for of it.

    ``area`` is empty at city level.
    """

    unit: str
    area: str
    rows: tuple[tuple[Row, tuple[str, ...]], ...]
    reports: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AreaFacts:
    """One area: ``aggregates`` with their parts, what goes up, what comes down to its units."""

    area: str
    district: str
    units: tuple[str, ...]
    aggregates: dict[str, tuple[str, ...]]
    reports: tuple[str, ...]
    shares: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A whole plan's facts, by level. ``order`` is every procedure in the plan's order."""

    units: dict[str, UnitFacts]
    areas: dict[str, AreaFacts]
    city_units: tuple[str, ...]
    relays: tuple[str, ...]
    order: tuple[tuple[str, Row], ...]


@dataclass(frozen=True, kw_only=True)
class Procedures:
    """Every procedure of a plan in the plan's order, and the area in which each unit is at home.

    Far cheaper than a survey: it does not ask what waits for what.
    """

    order: tuple[tuple[str, Row], ...]
    home: dict[str, str]


def procedures(plan: Plan) -> Procedures:
    """This will list a plan's procedures: area by area, then those at city level."""
    rows = _rows_by_unit(plan)
    split = _areas_with_work(plan, rows)
    return Procedures(order=_order(plan, rows, split), home=_home(split))


def survey(plan: Plan) -> Survey:
    """This will derive every level's facts from a plan; do it once per plan version."""
    rows = _rows_by_unit(plan)
    split = _areas_with_work(plan, rows)
    home = _home(split)
    needs = _needs(plan, rows)
    sources = _sources(rows, split, home)
    wanted = {each for by_row in needs.values() for facts in by_row.values() for each in facts}
    per_unit = {unit: _all(by_row) for unit, by_row in needs.items()}
    aggregates = {area.name: _aggregates(area, rows, wanted) for area in split}
    summed = {part for sums in aggregates.values() for parts in sums.values() for part in parts}
    told = _told(per_unit, sources) | summed
    outside = _needed_outside(per_unit, sources, home)
    city = tuple(unit for unit in city_units(plan) if unit in rows)
    return Survey(
        units={
            unit: UnitFacts(
                unit=unit,
                area=home.get(unit, ""),
                rows=tuple((row, tuple(sorted(needs[unit][row.id]))) for row in mine),
                reports=tuple(f for f in (fact(r.id, unit) for r in mine) if f in told),
            )
            for unit, mine in rows.items()
        },
        areas={
            area.name: AreaFacts(
                area=area.name,
                district=area.district,
                units=area.units,
                aggregates=aggregates[area.name],
                reports=tuple(f for f in outside if sources[f][0] == area.name),
                shares=_shares(area.units, per_unit, sources),
            )
            for area in split
        },
        city_units=city,
        relays=outside,
        order=_order(plan, rows, split),
    )


_Rows = dict[str, list[Row]]
_Needs = dict[str, dict[str, frozenset[str]]]
_Source = tuple[str, str]
"""Area (empty at city level) and unit (empty for an aggregate) that produce a fact."""


def _rows_by_unit(plan: Plan) -> _Rows:
    found: _Rows = {}
    for row in plan.rows:
        for unit in row.targets:
            found.setdefault(unit, []).append(row)
    return {unit.name: found[unit.name] for unit in plan.units if unit.name in found}


def _areas_with_work(plan: Plan, rows: _Rows) -> tuple[Area, ...]:
    split = (_with_work(area, rows) for area in areas(plan))
    return tuple(area for area in split if area.units)


def _home(split: Iterable[Area]) -> dict[str, str]:
    return {unit: area.name for area in split for unit in area.units}


def _order(plan: Plan, rows: _Rows, split: Iterable[Area]) -> tuple[tuple[str, Row], ...]:
    inside = (unit for area in split for unit in area.units)
    city = (unit for unit in city_units(plan) if unit in rows)
    return tuple((unit, row) for units in (inside, city) for unit in units for row in rows[unit])


def _with_work(area: Area, rows: _Rows) -> Area:
    units = tuple(unit for unit in area.units if unit in rows)
    return Area(name=area.name, district=area.district, units=units)


def _needs(plan: Plan, rows: _Rows) -> _Needs:
    directory, split = Directory.of(plan.units), areas(plan)
    return {
        unit: {
            row.id: prerequisites(plan, row, unit, split=split, directory=directory) for row in mine
        }
        for unit, mine in rows.items()
    }


def _sources(rows: _Rows, split: Iterable[Area], home: dict[str, str]) -> dict[str, _Source]:
    single = {
        fact(row.id, unit): (home.get(unit, ""), unit)
        for unit, mine in rows.items()
        for row in mine
    }
    summed = {
        area_fact(row.id, area.name): (area.name, "")
        for area in split
        for unit in area.units
        for row in rows[unit]
    }
    return single | summed


def _aggregates(area: Area, rows: _Rows, wanted: set[str]) -> dict[str, tuple[str, ...]]:
    parts: dict[str, list[str]] = {}
    for unit in area.units:
        for row in rows[unit]:
            name = area_fact(row.id, area.name)
            if name in wanted:
                parts.setdefault(name, []).append(fact(row.id, unit))
    return {name: tuple(each) for name, each in parts.items()}


def _all(by_row: dict[str, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*by_row.values())


def _told(per_unit: dict[str, frozenset[str]], sources: dict[str, _Source]) -> set[str]:
    return {f for unit, facts in per_unit.items() for f in facts if sources[f][1] != unit}


def _needed_outside(
    per_unit: dict[str, frozenset[str]], sources: dict[str, _Source], home: dict[str, str]
) -> tuple[str, ...]:
    """Facts that must pass through the rollout: needed in another area or at city level."""
    found = {
        f
        for unit, facts in per_unit.items()
        for f in facts
        if sources[f][1] != unit and (not home.get(unit) or sources[f][0] != home[unit])
    }
    return tuple(sorted(found))


def _shares(
    units: tuple[str, ...], per_unit: dict[str, frozenset[str]], sources: dict[str, _Source]
) -> tuple[str, ...]:
    return tuple(sorted({f for unit in units for f in per_unit[unit] if sources[f][1] != unit}))

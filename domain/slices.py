"""What one level of a rollout needs of the plan: areas of units, and what a row waits for.

A fact is a short text that becomes true once and stays true: ``M3-1@滨河街道`` says that row M3-1
is finished for that unit, ``M3-1@*海勃湾区`` that it is finished for every unit of that area that
it has. Areas keep every list short, however large the rollout is: at most 100 units each.
Sources: 2-02…2-04 (levels), 2-15 (waves), F03. The facts are only named here; workflows keep them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.directory import Directory
from domain.plan import Plan, Row
from domain.unit import UnitKind

AREA_SIZE = 100
"""Units per area. A rollout's workflow ids depend on it: never change it for a running one."""

_ALWAYS = frozenset({UnitKind.CITY, UnitKind.DISTRICT, UnitKind.TOWN, UnitKind.STREET})


@dataclass(frozen=True, kw_only=True)
class Area:
    """At most :data:`AREA_SIZE` units of one district: 海勃湾区, 海勃湾区·2 …"""

    name: str
    district: str
    units: tuple[str, ...]


def fact(row_id: str, unit: str) -> str:
    """``M3-1@滨河街道``: the row is finished for the unit."""
    return f"{row_id}@{unit}"


def area_fact(row_id: str, area: str) -> str:
    """``M3-1@*海勃湾区``: the row is finished for each of its units in the area."""
    return f"{row_id}@*{area}"


def working_units(plan: Plan) -> tuple[str, ...]:
    """This will return the units that get a workflow: 市, 区, 镇, 街道 and every row's target."""
    targets = {name for row in plan.rows for name in row.targets}
    return tuple(u.name for u in plan.units if u.kind in _ALWAYS or u.name in targets)


def rows_of(plan: Plan, unit: str) -> tuple[Row, ...]:
    """The rows that have this unit as a target, in the plan's order."""
    return tuple(row for row in plan.rows if unit in row.targets)


def areas(plan: Plan) -> tuple[Area, ...]:
    """This will split the working units by district, in the plan's order, 100 at a time.

    A 区 belongs to its own first area. Units at city level are in no area: :func:`city_units`.
    """
    working = set(working_units(plan))
    grouped: dict[str, list[str]] = {}
    for unit in plan.units:
        if unit.district and unit.name in working:
            grouped.setdefault(unit.district, []).append(unit.name)
    return tuple(
        Area(
            name=district if start == 0 else f"{district}·{start // AREA_SIZE + 1}",
            district=district,
            units=tuple(_district_first(district, names)[start : start + AREA_SIZE]),
        )
        for district, names in grouped.items()
        for start in range(0, len(names), AREA_SIZE)
    )


def _district_first(district: str, names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: name != district)


def city_units(plan: Plan) -> tuple[str, ...]:
    """The working units that belong to no district: the city and its departments."""
    district = {unit.name: unit.district for unit in plan.units}
    return tuple(name for name in working_units(plan) if not district[name])


def facts_of(plan: Plan, area: Area) -> dict[str, tuple[str, ...]]:
    """This will return the facts an area can report, each with the units that must be finished."""
    inside = set(area.units)
    return {
        area_fact(row.id, area.name): tuple(name for name in row.targets if name in inside)
        for row in plan.rows
        if any(name in inside for name in row.targets)
    }


def prerequisites(
    plan: Plan,
    row: Row,
    unit: str,
    *,
    split: tuple[Area, ...] | None = None,
    directory: Directory | None = None,
) -> frozenset[str]:
    """This will name the facts that must hold before ``row`` may open for ``unit``.

    Each row in ``row.after`` is read by the nearest relation between its units and this one:
    the same unit; else the nearest unit above; else all its units below. Where the two rows
    share other units, each waits for its own and this unit for none; where they share no
    units, it is a wave (2-15) and this unit waits for all of its district's, else for all.

    Pass the plan's areas (``split``) and ``directory`` when asking for many units.
    """
    if not row.after:
        return frozenset()
    split = areas(plan) if split is None else split
    directory = directory or Directory.of(plan.units)
    needed: set[str] = set()
    for before in (plan.row(row_id) for row_id in row.after):
        waited = _waited_for(before, row, unit, directory)
        needed |= _as_facts(before, waited, split)
    return frozenset(needed)


def _waited_for(before: Row, row: Row, unit: str, directory: Directory) -> Sequence[str]:
    targets = set(before.targets)
    if unit in targets:
        return (unit,)
    for above in directory.ancestors(unit):
        if above in targets:
            return (above,)
    below = [name for name in directory.descendants(unit) if name in targets]
    if below:
        return below
    if targets & set(row.targets):
        return ()
    district = directory.by_name[unit].district
    near = [n for n in before.targets if district and directory.by_name[n].district == district]
    return near or before.targets


def _as_facts(before: Row, waited: Sequence[str], split: tuple[Area, ...]) -> set[str]:
    """One fact per area that is waited for as a whole, one per unit for the rest."""
    if len(waited) == 1:
        return {fact(before.id, waited[0])}
    left = dict.fromkeys(waited)
    targets = set(before.targets)
    facts = set()
    for area in split:
        inside = [name for name in area.units if name in targets]
        if inside and all(name in left for name in inside):
            facts.add(area_fact(before.id, area.name))
            for name in inside:
                del left[name]
    return facts | {fact(before.id, name) for name in left}

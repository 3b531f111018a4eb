"""The units of a plan as a tree: who is above whom, and which unit a short name means.

Rows and steps name units by duty (区委编办), because one plan serves many districts; the unit
meant is looked up inside the district of the unit that the work is for, then by full name, then
at city level. Sources: 0-07, 0-37, 2-02 (F04). Nothing is guessed: an unknown name is None.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.plan import Plan, Row
from domain.procedure import ABOVE, LEAD, OWN, PARTNERS
from domain.unit import Unit, UnitKind


def names_in(text: str) -> tuple[str, ...]:
    """This will split a cell that lists names with 、 or a comma; blanks are dropped."""
    for mark in ("，", ",", "；", ";", "\n"):
        text = text.replace(mark, "、")
    return tuple(part.strip() for part in text.split("、") if part.strip())


@dataclass(frozen=True)
class Directory:
    """The units of one plan, indexed once; every look-up is by dictionary."""

    units: tuple[Unit, ...]
    by_name: dict[str, Unit] = field(init=False, compare=False)
    by_duty: dict[tuple[str, str], Unit] = field(init=False, compare=False)
    by_district: dict[str, tuple[Unit, ...]] = field(init=False, compare=False)
    below: dict[str, tuple[str, ...]] = field(init=False, compare=False)
    city: Unit | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        by_name: dict[str, Unit] = {}
        by_duty: dict[tuple[str, str], Unit] = {}
        grouped: dict[str, list[Unit]] = {}
        for unit in self.units:
            by_name.setdefault(unit.name, unit)
            for duty in unit.duties:
                by_duty.setdefault((unit.district, duty), unit)
            grouped.setdefault(unit.district, []).append(unit)
        city = next((u for u in self.units if u.kind is UnitKind.CITY), None)
        setter = object.__setattr__
        setter(self, "by_name", by_name)
        setter(self, "by_duty", by_duty)
        setter(self, "by_district", {k: tuple(v) for k, v in grouped.items()})
        setter(self, "city", city)
        children: dict[str, list[str]] = {}
        for unit in self.units:
            children.setdefault(self.above(unit.name), []).append(unit.name)
        setter(self, "below", {k: tuple(v) for k, v in children.items()})

    @classmethod
    def of(cls, units: Iterable[Unit]) -> Directory:
        """This will index these units; of two with one name the first is kept."""
        return cls(tuple(units))

    def above(self, name: str) -> str:
        """The name of the unit above: the stated 上级单位, else the 区, else the 市; else ''."""
        unit = self.by_name[name]
        if unit.parent and unit.parent != name:
            return unit.parent
        if unit.district and unit.district != name and unit.district in self.by_name:
            return unit.district
        if self.city is not None and self.city.name != name:
            return self.city.name
        return ""

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Every unit above, nearest first; a cycle of parents (an error elsewhere) ends the walk."""
        chain: list[str] = []
        at = self.above(name) if name in self.by_name else ""
        while at and at in self.by_name and at != name and at not in chain:
            chain.append(at)
            at = self.above(at)
        return tuple(chain)

    def descendants(self, name: str) -> tuple[str, ...]:
        """Every unit below, in the plan's order within each level."""
        found: dict[str, None] = {}
        todo = list(self.below.get(name, ()))
        while todo:
            at = todo.pop(0)
            if at != name and at not in found:
                found[at] = None
                todo.extend(self.below.get(at, ()))
        return tuple(found)

    def find(self, text: str, district: str) -> Unit | None:
        """This will return the unit meant by a name or duty, seen from inside a district."""
        return (
            self.by_duty.get((district, text))
            or self.by_name.get(text)
            or self.by_duty.get(("", text))
        )

    def who(self, plan: Plan, row: Row, unit: str, text: str) -> tuple[str, ...]:
        """This will resolve 本单位, 上级, 牵头, 配合 and duties for one target of a row.

        Unknown names are left out; :mod:`domain.plan_check` has refused a plan that has one.
        With nobody above, 上级 is the coordinator's unit.
        """
        found: dict[str, None] = {}
        for word in names_in(text):
            found.update(dict.fromkeys(self._one(plan, row, unit, word)))
        return tuple(found)

    def _one(self, plan: Plan, row: Row, unit: str, word: str) -> tuple[str, ...]:
        if word == OWN:
            return (unit,)
        if word == ABOVE:
            return (self.above(unit) or plan.coordinator,)
        if word == LEAD and not row.lead:
            return (self.above(unit) or plan.coordinator,)
        words = {LEAD: (row.lead,), PARTNERS: row.partners}.get(word, (word,))
        district = self.by_name[unit].district
        units = (self.find(each, district) for each in words)
        return tuple(each.name for each in units if each is not None)

"""An amendment of a plan in force: what differs, and what it means for every procedure.

The comparison is pure and knows nothing of what runs: for each unit and row it says added, removed
or changed. What happens then (继续, 退回重办, 终止 …) is :func:`fate_of`, for the list that people see
first, and :func:`order_for`, for a unit that carries it out. Persons are no part of a plan's
content: they follow the directory. Source: issue 3, "Extensions and amendments leave tracks".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from domain.action import Ending
from domain.directory import Directory
from domain.milestones import Survey
from domain.plan import Plan, Row, RowKind
from domain.procedure import StepShape
from domain.schedule import route_of, step_rule
from domain.unit import Unit


class Fate(StrEnum):
    """What an amendment means for one procedure, as people read it."""

    GO_ON = "继续"
    REDO = "退回重办"
    END = "终止"
    ADD = "新增"
    CANCEL = "取消"
    MOVE = "改期"
    CHANGE = "变更"
    SAME = "不变"


FIRST: Final = (
    Fate.END,
    Fate.REDO,
    Fate.GO_ON,
    Fate.CANCEL,
    Fate.ADD,
    Fate.MOVE,
    Fate.CHANGE,
)
"""The order of the list: what runs comes first."""

RUNNING: Final = frozenset({Fate.GO_ON, Fate.REDO, Fate.END})
"""Fates of procedures that run."""

DUE: Final = "时限"
STEPS: Final = "环节"

_FIELDS: Final = (
    ("due", DUE),
    ("item", "事项名称"),
    ("kind", "类型"),
    ("task", "任务"),
    ("lead", "牵头单位"),
    ("partners", "配合单位"),
    ("responsible", "责任人"),
    ("after", "前置任务"),
    ("evidence", "办结材料"),
    ("options", "选项"),
    ("source", "依据"),
    ("set_by", "时限设定机关"),
)
"""What of a row may change, in the words of the plan's columns."""

_PERSONS: Final = (
    "head",
    "first_secretary",
    "leader_in_charge",
    "handlers",
    "substitutes",
    "coordinators",
)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Rows whose running procedures go back to their first step, or end."""

    redo: frozenset[str] = frozenset()
    stop: frozenset[str] = frozenset()

    def then(self, later: Choice) -> Choice:
        """Both, one after the other; on the same row the later one holds."""
        named = later.redo | later.stop
        return Choice(redo=(self.redo - named) | later.redo, stop=(self.stop - named) | later.stop)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row for one unit that the two plans say differently.

    ``before`` is None where it is new, ``after`` where it is gone. ``what`` names what changed.
    """

    unit: str
    before: Row | None
    after: Row | None
    what: tuple[str, ...] = ()

    @property
    def row(self) -> Row:
        """The row as it is now, or was."""
        row = self.after or self.before
        if row is None:
            raise ValueError("a change has a row before or after")
        return row

    @property
    def key(self) -> tuple[str, str]:
        """Unit and row."""
        return self.unit, self.row.id


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A procedure that has been started: as the registers know it. ``kind`` is its row's."""

    workflow_id: str
    unit: str
    row_id: str
    item: str
    status: str
    open_steps: tuple[str, ...] = ()
    desks: tuple[str, ...] = ()
    due: date | None = None
    kind: RowKind | None = None
    is_over: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it ended as 办结."""
        return self.is_over and self.status == Ending.DONE


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """One line of the list: a change and what becomes of its procedure."""

    change: Change
    begun: Begun | None
    fate: Fate

    @property
    def due_before(self) -> date | None:
        """The procedure's own date where it runs: an extension may have moved it."""
        if self.begun is not None and self.begun.due is not None:
            return self.begun.due
        return self.change.before.due if self.change.before else None

    @property
    def due_after(self) -> date | None:
        """The date from now on; None where nothing is left to do."""
        if self.fate in (Fate.END, Fate.CANCEL) or self.change.after is None:
            return None
        return self.change.after.due


def compare(old: Plan, new: Plan, choice: Choice | None = None) -> tuple[Change, ...]:
    """This will name every row of every unit that differs, and those that ``choice`` names."""
    chosen = choice.redo | choice.stop if choice else frozenset()
    olds = {row.id: row for row in old.rows}
    routes = _Routes(old, new)
    found = []
    for row in new.rows:
        was = olds.get(row.id)
        what = row_changes(was, row) if was else ()
        before = frozenset(was.targets) if was else frozenset()
        for unit in row.targets:
            if was is None or unit not in before:
                found.append(Change(unit=unit, before=None, after=row))
                continue
            words = what or routes.changes(was, row, unit)
            if words or row.id in chosen:
                found.append(Change(unit=unit, before=was, after=row, what=words))
    return (*found, *_removed(old, new))


def _removed(old: Plan, new: Plan) -> tuple[Change, ...]:
    left = {row.id: frozenset(row.targets) for row in new.rows}
    return tuple(
        Change(unit=unit, before=row, after=None)
        for row in old.rows
        for unit in row.targets
        if unit not in left.get(row.id, frozenset())
    )


def row_changes(was: Row, row: Row) -> tuple[str, ...]:
    """What of a row changed, its targets left aside."""
    return tuple(word for name, word in _FIELDS if getattr(was, name) != getattr(row, name))


class _Routes:
    """Whether a row that reads the same is carried out differently: 环节 or units changed."""

    def __init__(self, old: Plan, new: Plan) -> None:
        self._old, self._new = old, new
        self._before, self._after = Directory.of(old.units), Directory.of(new.units)
        self._is_same = old.steps == new.steps and _structure(old) == _structure(new)

    def changes(self, was: Row, row: Row, unit: str) -> tuple[str, ...]:
        if self._is_same:
            return ()
        before = _route(self._old, was, unit, self._before)
        return () if before == _route(self._new, row, unit, self._after) else (STEPS,)


def _structure(plan: Plan) -> tuple[Unit, ...]:
    return tuple(without_persons(unit) for unit in plan.units)


def _route(plan: Plan, row: Row, unit: str, units: Directory) -> tuple[object, ...]:
    def one(shape: StepShape) -> tuple[object, ...]:
        rule = step_rule(plan, row, shape)
        acting = units.who(plan, row, unit, rule.unit or shape.unit)
        first = acting[0] if acting else unit
        return rule, acting, units.who(plan, row, first, rule.extension_by)

    return tuple(one(shape) for shape in route_of(row))


def fate_of(change: Change, begun: Begun | None, choice: Choice) -> Fate:
    """What becomes of a procedure: what has ended stays, what runs goes on unless told otherwise."""
    if change.before is None:
        return Fate.ADD
    if begun is not None and begun.is_over:
        return Fate.SAME
    if begun is None:
        if change.after is None:
            return Fate.CANCEL
        if not change.what:
            return Fate.SAME
        return Fate.MOVE if DUE in change.what else Fate.CHANGE
    how = order_for(change, choice)
    return Fate.SAME if how is Fate.GO_ON and not change.what else how


def order_for(change: Change, choice: Choice) -> Fate:
    """What a running procedure is told."""
    if change.after is None or change.row.id in choice.stop:
        return Fate.END
    return Fate.REDO if change.row.id in choice.redo else Fate.GO_ON


def consequences(
    changes: tuple[Change, ...], begun: Mapping[tuple[str, str], Begun], choice: Choice
) -> tuple[Consequence, ...]:
    """This will list what becomes of every procedure that the plans say differently."""
    lines = [
        Consequence(change=each, begun=begun.get(each.key), fate=fate)
        for each in changes
        if (fate := fate_of(each, begun.get(each.key), choice)) is not Fate.SAME
    ]
    return tuple(sorted(lines, key=lambda line: FIRST.index(line.fate)))


def whole_changes(old: Plan, new: Plan) -> tuple[str, ...]:
    """What changed that belongs to no row, in words."""
    found = [
        word
        for name, word in (
            ("title", "标题"),
            ("lead_person", "牵头领导"),
            ("posted_share", "进驻考核街道占比"),
        )
        if getattr(old, name) != getattr(new, name)
    ]
    before, after = {u.name: u for u in old.units}, {u.name: u for u in new.units}
    added = [name for name in after if name not in before]
    gone = [name for name in before if name not in after]
    changed = [
        name
        for name, unit in after.items()
        if name in before and without_persons(unit) != without_persons(before[name])
    ]
    found += [
        f"{word}单位{'、'.join(names)}"
        for word, names in (("新增", added), ("移除", gone), ("变更", changed))
        if names
    ]
    if old.steps != new.steps:
        found.append("环节表")
    return tuple(found)


def without_persons(unit: Unit) -> Unit:
    """A unit as the plan's structure: who holds its posts is the directory's."""
    blank: dict[str, str | tuple[str, ...]] = {
        name: "" if isinstance(getattr(unit, name), str) else () for name in _PERSONS
    }
    return replace(unit, **blank)  # type: ignore[arg-type]


def keep_persons(old: Plan, new: Plan) -> tuple[Plan, tuple[str, ...]]:
    """The new plan with the persons of units that are known already; and where the file differs."""
    before = {unit.name: unit for unit in old.units}
    units, differ = [], []
    for unit in new.units:
        was = before.get(unit.name)
        if was is None:
            units.append(unit)
            continue
        kept = replace(unit, **{name: getattr(was, name) for name in _PERSONS})
        units.append(kept)
        if kept != unit:
            differ.append(unit.name)
    return replace(new, units=tuple(units)), tuple(differ)


def concerned_units(old: Survey, new: Survey, changes: tuple[Change, ...]) -> frozenset[str]:
    """The units that must look at the new plan: their rows, or what others wait for, changed."""
    found = {change.unit for change in changes}
    for name, facts in new.units.items():
        was = old.units.get(name)
        if was is None or was.reports != facts.reports or _waits(was.rows) != _waits(facts.rows):
            found.add(name)
    return frozenset(found)


def _waits(rows: tuple[tuple[Row, tuple[str, ...]], ...]) -> dict[str, tuple[str, ...]]:
    return {row.id: waits_for for row, waits_for in rows}


def concerned_areas(old: Survey, new: Survey, units: frozenset[str]) -> frozenset[str]:
    """The areas that must look at the new plan: a unit in them, or what they pass on, changed."""
    found = set()
    for survey in (old, new):
        for name, area in survey.areas.items():
            if not units.isdisjoint(area.units) or old.areas.get(name) != new.areas.get(name):
                found.add(name)
    return frozenset(found)


def issued(begun: Mapping[tuple[str, str], Begun]) -> frozenset[str]:
    """The units whose 三定 has been issued: from then on only a 修订 changes it."""
    return frozenset(
        each.unit for each in begun.values() if each.is_done and each.kind is RowKind.SANDING
    )

"""Backward scheduling (倒排工期): from a row's 完成时限 to the due date of every step.

The last steps are due on the row's date. Every other step is due so early that
each step after it still has its own working days; a step beside the main line ends before the
step that it must precede opens; a step walked only on condition (修改) shares the date of the
step after it. A row may pin a step (option 环节时限: ``审议=2019-12-20``); what comes before is then
scheduled back from the pin. Sources: 2-12 (F02), 2-03 with 2-29, A7, C7 of domain.md.

Working days are counted as in a legal period: the day a step is opened is not counted, its due
day is. Nothing here moves a date to make a plan fit; :func:`shortage` says what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.calendar import WorkCalendar
from domain.case_limits import CaseLimit
from domain.deadline import workdays_before, workdays_between
from domain.directory import Directory
from domain.plan import Plan, Row, RowKind, StepRule
from domain.procedure import APPROVED_BY, WAY, StepShape, route
from domain.unit import Role, Unit

PINS = "环节时限"
"""Option of a row: due dates of single steps, ``步骤=日期``, several with 、."""

TEMPLATE = "模板"
"""Option of a 方案 row: which route it takes."""


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """One rung of the ladder: ``workdays`` after the due date, these persons are told.

    ``label`` is the role as the plan writes it and ``unit`` the unit where it is held;
    ``persons`` are the names the directory has for it today.
    """

    workdays: int
    label: str
    unit: str
    persons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepDate:
    """When one step of a row falls, the same for each of the row's units.

    ``start`` is the last day on which the step may be opened to be done in its working days,
    ``due`` the last day to finish it (inclusive). ``pinned`` marks a date the row states itself.
    """

    shape: StepShape
    rule: StepRule
    workdays: int
    start: date
    due: date
    pinned: bool = False


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """One step of one procedure: who acts, by when, who is told.

    ``units`` are names of the plan's directory (never duties). ``extension_by`` is the unit
    that approves an extension. ``remind`` are working days before ``planned_due``. ``clock`` is a
    limit of its own that replaces the backward schedule; 不限 has no due time at all.
    """

    name: str
    shape: StepShape
    units: tuple[str, ...]
    workdays: int
    planned_start: date
    planned_due: date
    extension_by: str
    max_extensions: int
    remind: tuple[int, ...]
    escalate: tuple[Escalation, ...]
    pinned: bool = False
    clock: CaseLimit | None = None


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """A row that cannot be done in time: ``needed`` and ``available`` count working days.

    ``step`` is the step by whose date the time runs out.
    """

    step: str
    due: date
    earliest: date
    needed: int
    available: int


def workday_back(due: date, workdays: int, calendar: WorkCalendar) -> date:
    """This will return the latest working day that leaves so many working days up to ``due``.

    The returned day itself is not counted, ``due`` is: Friday for Monday and one working day,
    Thursday for Sunday and one.
    """
    return workdays_before(workdays_before(due, 0, calendar), workdays, calendar)


def route_of(row: Row) -> tuple[StepShape, ...]:
    """The steps of a row's kind and options."""
    return route_by(row.kind, row.options)


def route_by(kind: RowKind, options: Mapping[str, str]) -> tuple[StepShape, ...]:
    """The steps of a kind of work as a row's options choose them."""
    return route(
        kind,
        options.get(TEMPLATE, ""),
        way=options.get(WAY, ""),
        approval=options.get(APPROVED_BY, ""),
    )


def pins(row: Row) -> dict[str, date]:
    """The steps whose date the row states itself; a checked plan has ISO dates here."""
    found = {}
    for part in row.options.get(PINS, "").split("、"):
        name, _, day = part.partition("=")
        if day:
            found[name.strip()] = date.fromisoformat(day.strip())
    return found


def step_rule(plan: Plan, row: Row, shape: StepShape) -> StepRule:
    """The plan's 环节 line for a step, or the defaults with the route's own working days.

    A 修订 goes the way of the 三定: where it has no line of its own, that of the 三定 counts.
    """
    kinds = (row.kind, RowKind.SANDING) if row.kind is RowKind.REVISION else (row.kind,)
    for kind in kinds:
        for rule in plan.steps:
            if rule.kind is kind and rule.step == shape.name:
                return rule
    return StepRule(kind=row.kind, step=shape.name, unit=shape.unit, workdays=shape.workdays)


class _Backward:
    """One walk from the end of a row to its beginning; remembers what it has dated."""

    def __init__(self, plan: Plan, row: Row, calendar: WorkCalendar) -> None:
        self.calendar = calendar
        self.row = row
        self.shapes = route_of(row)
        self.rules = {shape.name: step_rule(plan, row, shape) for shape in self.shapes}
        self.main = [s.name for s in self.shapes if not s.beside and not s.conditional]
        self.pins = pins(row)
        self.dues: dict[str, date] = {}

    def next_main(self, shape: StepShape) -> str:
        later = self.shapes[self.shapes.index(shape) + 1 :]
        return next((s.name for s in later if s.name in self.main), "")

    def followers(self, shape: StepShape) -> tuple[str, ...]:
        """The steps that cannot open before this one is done."""
        ahead = shape.before if shape.beside else self.next_main(shape)
        beside = (s.name for s in self.shapes if s.beside and s.opens_after == shape.name)
        return tuple(dict.fromkeys(name for name in (ahead, *beside) if name))

    def unpinned(self, shape: StepShape) -> date:
        if shape.conditional:
            ahead = self.next_main(shape)
            return self.due(self.shape(ahead)) if ahead else self.row.due
        return min(
            (self.start(self.shape(name)) for name in self.followers(shape)),
            default=self.row.due,
        )

    def shape(self, name: str) -> StepShape:
        return next(s for s in self.shapes if s.name == name)

    def due(self, shape: StepShape) -> date:
        if shape.name not in self.dues:
            free = self.unpinned(shape)
            self.dues[shape.name] = min(free, self.pins.get(shape.name, free))
        return self.dues[shape.name]

    def start(self, shape: StepShape) -> date:
        return workday_back(self.due(shape), self.rules[shape.name].workdays, self.calendar)

    def needed(self, shape: StepShape) -> int:
        """Working days from the opening of the row to the end of this step."""
        before = (self.needed(s) for s in self.shapes if shape.name in self.followers(s))
        return self.rules[shape.name].workdays + max(before, default=0)

    def to_go(self, shape: StepShape) -> int:
        """Working days from the opening of this step to the end of the row."""
        after = (self.to_go(self.shape(name)) for name in self.followers(shape))
        return self.rules[shape.name].workdays + max(after, default=0)


def step_dates(plan: Plan, row: Row, calendar: WorkCalendar) -> tuple[StepDate, ...]:
    """This will date every step of a row, in the order of its route."""
    walk = _Backward(plan, row, calendar)
    return tuple(
        StepDate(
            shape=shape,
            rule=walk.rules[shape.name],
            workdays=walk.rules[shape.name].workdays,
            start=walk.start(shape),
            due=walk.due(shape),
            pinned=shape.name in walk.pins,
        )
        for shape in walk.shapes
    )


def latest_start(plan: Plan, row: Row, calendar: WorkCalendar) -> date:
    """This will return 最迟启动日: the last day on which a row may be opened and still fit (2-12)."""
    return min(step.start for step in step_dates(plan, row, calendar))


def workdays_to_go(plan: Plan, row: Row, calendar: WorkCalendar) -> dict[str, int]:
    """This will count, by step, the working days from its opening to the end of the row.

    It is the least that is needed: the longest way through the steps that follow, pins aside.
    """
    walk = _Backward(plan, row, calendar)
    return {shape.name: walk.to_go(shape) for shape in walk.shapes}


def shortage(plan: Plan, row: Row, calendar: WorkCalendar, earliest: date) -> Shortage | None:
    """This will say by how much a row that opens on ``earliest`` does not fit, None if it does.

    ``earliest`` is the later of the kick-off and the latest due date of the rows before.
    """
    walk = _Backward(plan, row, calendar)
    ends = [(walk.shape(n), day, walk.needed(walk.shape(n))) for n, day in walk.pins.items()]
    last = [(s, row.due, walk.needed(s)) for s in walk.shapes if not walk.followers(s)]
    for shape, due, needed in [*ends, *last]:
        available = workdays_between(earliest, due, calendar)
        if needed > available:
            return Shortage(
                step=shape.name, due=due, earliest=earliest, needed=needed, available=available
            )
    for shape, due, _ in ends:
        if (free := walk.unpinned(shape)) < due:
            return Shortage(
                step=shape.name,
                due=due,
                earliest=due,
                needed=workdays_between(free, row.due, calendar),
                available=workdays_between(due, row.due, calendar),
            )
    return None


def steps_for(
    plan: Plan,
    row: Row,
    unit: str,
    calendar: WorkCalendar,
    directory: Directory | None = None,
) -> tuple[PlannedStep, ...]:
    """This will return the planned steps of the procedure of one row for one unit.

    Pass the plan's ``directory`` when asking for many units.
    """
    units = directory or Directory.of(plan.units)
    planned = []
    for step in step_dates(plan, row, calendar):
        acting = units.who(plan, row, unit, step.rule.unit or step.shape.unit)
        first = acting[0] if acting else unit
        approver = units.who(plan, row, first, step.rule.extension_by)
        planned.append(
            PlannedStep(
                name=step.shape.name,
                shape=step.shape,
                units=acting,
                workdays=step.workdays,
                planned_start=step.start,
                planned_due=step.due,
                extension_by=approver[0] if approver else plan.coordinator,
                max_extensions=step.rule.max_extensions,
                remind=step.rule.remind,
                escalate=ladder(plan, row, unit, acting, rule=step.rule, directory=units),
                pinned=step.pinned,
            )
        )
    return tuple(planned)


def ladder(
    plan: Plan,
    row: Row,
    unit: str,
    acting: tuple[str, ...],
    *,
    rule: StepRule,
    directory: Directory,
) -> tuple[Escalation, ...]:
    """This will resolve who is told how many working days after the due date.

    A role (第一责任人, 分管领导, 第一书记, 分管区领导) is that of each acting unit; 协调员 is the
    coordinator's unit; anything else is a unit, whose 第一责任人 is told. Where a unit has nobody
    in the role, the rollout's 协调员 are told, so that no rung is silent (0-10, 0-11).
    """
    home = directory.by_name[plan.coordinator]
    rungs: dict[Escalation, None] = {}
    for workdays, label in rule.escalate:
        if label == Role.COORDINATOR:
            told = [(label, home)]
        elif label in _ROLE_WORDS:
            told = [(label, directory.by_name[name]) for name in acting]
        else:
            found = directory.who(plan, row, unit, label)
            told = [(str(Role.HEAD), directory.by_name[name]) for name in found]
        for word, at in told:
            heard = (word, at, holders(at, word))
            who, where, persons = heard if heard[2] else (_LAST, home, home.coordinators)
            rungs[Escalation(workdays=workdays, label=who, unit=where.name, persons=persons)] = None
    return tuple(rungs)


LEADER = "分管领导"
"""第一书记 of a street or town, 分管区领导 of a department: the post that 0-11 asks for."""

_LAST = str(Role.COORDINATOR)
_ROLE_WORDS = (LEADER, Role.HEAD, Role.FIRST_SECRETARY, Role.LEADER_IN_CHARGE)


def holders(unit: Unit, label: str) -> tuple[str, ...]:
    """The persons who hold a role in a unit; empty if the directory has none."""
    if label == LEADER:
        one = unit.first_secretary or unit.leader_in_charge
        return (one,) if one else ()
    return tuple(person for person, role in unit.appointments if role == label)

"""A step at a desk (办理环节): an occurrence of a step, and what time does to it.

The nouns that decisions are about, and the ladder. Nothing waits, reads or writes here, and time
running out never decides anything (design, "The heart"): it turns a light red and is counted. What
a person's action does is in ``domain.decision``.

Sources: 0-35 (two reviewers), 0-37 (opinions and their feedback), 4-05 (a named person acts).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from domain.action import Evidence, Grant, Light
from domain.deadline import Deadline, Rung, local_day
from domain.procedure import Verb
from domain.unit import Role

WITHDRAWN = "撤回"
TERMINATED = "终止"
AMENDED = "修订"
CALENDAR = "历法"
AMENDED_BACK = "修订退回"
REMIND = "提醒"
DUE = "到期"
ESCALATE = "升级"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One unit's answer to a step: who, when, with what.

    ``at`` is when it was recorded, ``on`` the day (Asia/Shanghai) on which it happened where that
    was stated. ``capacity`` says for whom the person acted (代录, 代办某某, 协调员代记), empty for an
    own post. ``silent``: the unit did not answer, and that was recorded as 无意见.
    """

    unit: str
    person: str
    verb: Verb
    at: datetime
    on: date | None = None
    capacity: str = ""
    silent: bool = False
    note: str = ""
    evidence: tuple[Evidence, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    to: str = ""


@dataclass(frozen=True, kw_only=True)
class ExtensionAsked:
    """A pending request for a later due date, asked before the due time.

    ``approver`` is the unit that decides it; empty, the step's own.
    """

    unit: str
    person: str
    new_due: date
    reason: str
    at: datetime
    approver: str = ""


@dataclass(frozen=True, kw_only=True)
class Move:
    """One move of a due date, and on what: ``why`` is 延期, 修订 or 历法, ``paper`` its 文号."""

    before: date
    after: date
    why: str
    paper: str
    at: datetime
    unit: str = ""
    person: str = ""


@dataclass(frozen=True, kw_only=True)
class SecondAsked:
    """An action of a coordinator on items of the own unit, waiting for a second person."""

    verb: Verb
    person: str
    unit: str
    step: str
    to: str
    note: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Step:
    """What an occurrence needs to know of its step; resolved from plan and route at the start.

    ``documents`` must be attached to close it; ``back_to`` are the steps a 退回 may name.
    ``approver`` is the unit that decides extensions. ``line`` are the names of the main line up to
    this step, so that a 退回 can say what is repeated. ``template`` is the text template in force
    that a draft must be made from (0-33); empty where the plan names none. ``elements`` are the
    facts that closing it has to state. ``joint``: it takes a 提交 or 通过 of every unit.
    """

    name: str
    verbs: tuple[Verb, ...]
    role: Role | None = None
    verdicts: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    back_to: tuple[str, ...] = ()
    approver: str = ""
    max_extensions: int = 1
    line: tuple[str, ...] = ()
    template: str = ""
    elements: tuple[str, ...] = ()
    joint: bool = False


@dataclass(frozen=True, kw_only=True)
class Item:
    """One occurrence of a step. ``visit`` counts from 1; a returned step is visited again.

    ``units`` must act; ``answers`` are theirs so far. ``rungs`` are the reminders and escalations
    still to come, soonest first. ``not_by`` are persons who may not act here (0-35), by reason.
    ``due`` moves only with an approved extension, an amended plan or a new calendar, each kept in
    ``moves``; ``original_due_date`` never.
    ``closed_at`` None is open; ``outcome`` is then the deciding verb, ``outcome_to`` the step a
    退回 or 撤回 leads to.
    """

    step: Step
    visit: int
    units: tuple[str, ...]
    opened_at: datetime
    due: Deadline
    original_due_date: date
    rungs: tuple[Rung, ...] = ()
    not_by: dict[str, str] = field(default_factory=dict)
    answers: tuple[Answered, ...] = ()
    assignees: dict[str, str] = field(default_factory=dict)
    received_by: dict[str, str] = field(default_factory=dict)
    must_reply: tuple[str, ...] = ()
    extension: ExtensionAsked | None = None
    extensions: int = 0
    urged: int = 0
    light: Light = Light.GREEN
    closed_at: datetime | None = None
    outcome: str = ""
    outcome_to: str = ""
    reopen: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()

    @property
    def key(self) -> str:
        """Name and visit: ``初审#2``."""
        return f"{self.step.name}#{self.visit}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to act."""
        return self.closed_at is None

    @property
    def waiting_units(self) -> tuple[str, ...]:
        """The responsible units that have not answered."""
        answered = {answer.unit for answer in self.answers}
        return tuple(unit for unit in self.units if unit not in answered)

    @property
    def actors(self) -> tuple[str, ...]:
        """The persons who answered, in order."""
        return tuple(answer.person for answer in self.answers)

    @property
    def done_on(self) -> date | None:
        """The day (Asia/Shanghai) on which the last answer happened; None if there is none."""
        return max((a.on or local_day(a.at) for a in self.answers), default=None)

    @property
    def is_late(self) -> bool:
        """Whether a closed occurrence was overdue, by the day on which it happened.

        Where nobody stated a day, by the instant at which it was closed; what happens at the due
        instant is late.
        """
        if self.closed_at is None:
            return False
        if self.done_on is not None and any(a.on for a in self.answers):
            return self.done_on > self.due.due_date
        return self.closed_at >= self.due.due

    @property
    def approver(self) -> str:
        """The unit that decides the pending extension, or would."""
        return (self.extension.approver if self.extension else "") or self.step.approver

    @property
    def doc_no(self) -> str:
        """The first 文号 given in the answers, empty if none."""
        numbers = (e.doc_no for answer in self.answers for e in answer.evidence if e.doc_no)
        return next(numbers, "")


@dataclass(frozen=True, kw_only=True)
class Docket:
    """What a decision looks at: one procedure's items in the order they were opened.

    ``coordinators`` are the units whose 协调员 lead this procedure. ``known_units`` and
    ``other_grants`` answer for the unit or person named in ``to``. ``new_due`` is the due time of
    the date asked in an extension, with its ladder. ``limit`` is the row's last day and ``set_by``
    the superior organ that set it. ``able`` names by unit who can act for it now, ``away`` its
    absent persons each with who acts instead, ``stored`` are
    the files that the register of evidence has. ``second`` waits for a second person. ``edition``
    is that of the rules.
    """

    subject: str
    items: tuple[Item, ...]
    coordinators: tuple[str, ...] = ()
    known_units: tuple[str, ...] = ()
    other_grants: tuple[Grant, ...] = ()
    new_due: tuple[Deadline, tuple[Rung, ...]] | None = None
    limit: date | None = None
    set_by: str = ""
    able: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    away: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stored: Collection[str] = ()
    second: SecondAsked | None = None
    edition: int = 1

    def open_item(self, step: str) -> Item | None:
        """The open occurrence of a step; None if it is not open."""
        return next((i for i in self.items if i.is_open and i.step.name == step), None)

    @property
    def open_items(self) -> tuple[Item, ...]:
        """All open occurrences."""
        return tuple(i for i in self.items if i.is_open)


def named(unit: str, person: str) -> str:
    """Unit and person in one; a person named after the unit is not said twice."""
    return person if person.startswith(unit) else f"{unit}{person}"


def next_wake(items: tuple[Item, ...]) -> datetime | None:
    """The next instant at which an open item has something to say; None if nothing is waiting."""
    return min((i.rungs[0].at for i in items if i.is_open and i.rungs), default=None)


def ring(item: Item, at: datetime) -> tuple[Item, tuple[Rung, ...]]:
    """This will take every rung whose time has come, and return those to speak of.

    After an outage several have passed: they collapse into the highest (升级 over 到期 over 提醒,
    later over earlier), one notice and not a flood; several persons told at that same instant
    are all told. Empty if none was due.
    """
    passed = tuple(r for r in item.rungs if r.at <= at)
    if not passed or not item.is_open:
        return item, ()
    rank = {REMIND: 0, DUE: 1, ESCALATE: 2}
    top = max((rank[r.kind], r.at) for r in passed)
    late = any(r.kind != REMIND for r in passed) or item.light is Light.RED
    rung = replace(
        item,
        rungs=tuple(r for r in item.rungs if r.at > at),
        light=Light.RED if late else Light.YELLOW,
    )
    return rung, tuple(r for r in passed if (rank[r.kind], r.at) == top)


def reschedule(
    item: Item, due: Deadline, rungs: tuple[Rung, ...], at: datetime, move: Move | None = None
) -> Item:
    """This will move an open item's due time; what was overdue stays red.

    ``move`` is kept where the date changes.
    """
    light = item.light if item.light is Light.RED else Light.GREEN
    moves = (*item.moves, move) if move and move.before != move.after else item.moves
    return replace(
        item, due=due, rungs=tuple(r for r in rungs if r.at > at), light=light, moves=moves
    )


def light_of(items: tuple[Item, ...]) -> Light:
    """The worst light among open items; green if nothing is open."""
    order = (Light.RED, Light.YELLOW)
    lights = {i.light for i in items if i.is_open}
    return next((light for light in order if light in lights), Light.GREEN)

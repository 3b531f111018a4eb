"""A step at a desk (办理环节): an occurrence of a step, and what time does to it.

The nouns that decisions are about, and the ladder. Nothing waits, reads or writes here, and time
running out never decides anything (design, "The heart"): it turns a light red and is counted. What
a person's action does is in ``domain.decision``.

Sources: 0-35 (two reviewers), 0-37 (opinions and their feedback), 4-05 (a named person acts).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from domain.action import Evidence, Grant, Light
from domain.deadline import Deadline, Rung
from domain.procedure import Verb
from domain.unit import Role

WITHDRAWN = "撤回"
TERMINATED = "终止"
REMIND = "提醒"
DUE = "到期"
ESCALATE = "升级"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One unit's answer to a step: who, when, with what."""

    unit: str
    person: str
    verb: Verb
    at: datetime
    note: str = ""
    evidence: tuple[Evidence, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExtensionAsked:
    """A pending request for a later due date, asked before the due time."""

    unit: str
    person: str
    new_due: date
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Step:
    """What an occurrence needs to know of its step; resolved from plan and route at the start.

    ``documents`` must be attached to close it; ``back_to`` are the steps a 退回 may name.
    ``approver`` is the unit that decides extensions. ``line`` are the names of the main line up to
    this step, so that a 退回 can say what is repeated. ``template`` is the text template in force
    that a draft must be made from (0-33); empty where the plan names none.
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


@dataclass(frozen=True, kw_only=True)
class Item:
    """One occurrence of a step. ``visit`` counts from 1; a returned step is visited again.

    ``units`` must act; ``answers`` are theirs so far. ``rungs`` are the reminders and escalations
    still to come, soonest first. ``not_by`` are persons who may not act here (0-35), by reason.
    ``due`` moves only with an approved extension or a new calendar; ``original_due_date`` never.
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
    def doc_no(self) -> str:
        """The first 文号 given in the answers, empty if none."""
        numbers = (e.doc_no for answer in self.answers for e in answer.evidence if e.doc_no)
        return next(numbers, "")


@dataclass(frozen=True, kw_only=True)
class Docket:
    """What a decision looks at: one procedure's items in the order they were opened.

    ``coordinators`` are the units whose 协调员 lead this procedure. ``known_units`` and
    ``other_grants`` answer for the unit or person named in ``to``. ``new_due`` is the due time of
    the date asked in an extension, with its ladder.
    """

    subject: str
    items: tuple[Item, ...]
    coordinators: tuple[str, ...] = ()
    known_units: tuple[str, ...] = ()
    other_grants: tuple[Grant, ...] = ()
    new_due: tuple[Deadline, tuple[Rung, ...]] | None = None

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


def reschedule(item: Item, due: Deadline, rungs: tuple[Rung, ...], at: datetime) -> Item:
    """This will move an open item's due time; what was overdue stays red."""
    light = item.light if item.light is Light.RED else Light.GREEN
    return replace(item, due=due, rungs=tuple(r for r in rungs if r.at > at), light=light)


def light_of(items: tuple[Item, ...]) -> Light:
    """The worst light among open items; green if nothing is open."""
    order = (Light.RED, Light.YELLOW)
    lights = {i.light for i in items if i.is_open}
    return next((light for light in order if light in lights), Light.GREEN)

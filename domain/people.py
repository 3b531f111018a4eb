"""People change: who is away and who acts instead, who takes over a post, who may change both.

A substitute (代办) acts for an absent person; substitutes who are away themselves pass on what they
hold, and a circle would leave nobody, so it is refused. Sources: issue 3 "People change"; 0-05 (the
coordinator leads), 0-10, 0-11, 4-07 (the posts every unit has), 0-35 (two reviewers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.action import MAX_NAME, Grant
from domain.directory import Directory
from domain.plan import Plan
from domain.refusal import Refused
from domain.schedule import route_of, step_rule
from domain.unit import ACTING_ROLES, Role, Unit, UnitKind

LEADING_DUTY = "区委编办"
"""The duty whose 协调员 lead the procedures of their district, beside the rollout's own (0-05)."""

SINGLE = (Role.HEAD, Role.FIRST_SECRETARY, Role.LEADER_IN_CHARGE)
"""Posts that one person holds; whoever takes one over ends the term of the holder before."""

APPOINTED = tuple(role for role in Role if role is not Role.RECORDER)
"""Posts that somebody is appointed to, in the order in which they are listed."""

REVIEWERS = 2
"""0-35: 初审 and 复审 are done by different persons."""

_ONE_DAY = timedelta(days=1)
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Post:
    """A person's post in a unit during ``[since, until)``; until None is open."""

    unit: str
    person: str
    role: Role
    since: datetime
    until: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether the post is held at a moment."""
        return self.since <= moment and not self.is_over(moment)

    def is_over(self, moment: datetime) -> bool:
        """Whether the term has ended at a moment."""
        return self.until is not None and self.until <= moment


@dataclass(frozen=True, kw_only=True)
class Absence:
    """``person`` is away from ``from_day`` to ``to_day``, both included; ``by`` acts instead."""

    person: str
    by: str
    from_day: date
    to_day: date
    reason: str = ""

    def covers(self, day: date) -> bool:
        """Whether the person is away on a day."""
        return self.from_day <= day <= self.to_day

    def overlaps(self, other: Absence) -> bool:
        """Whether both have a day in common."""
        return self.from_day <= other.to_day and other.from_day <= self.to_day

    @property
    def days(self) -> str:
        """The days in words."""
        if self.from_day == self.to_day:
            return self.from_day.isoformat()
        return f"{self.from_day}至{self.to_day}"


def stand_in(absences: Iterable[Absence], person: str, day: date) -> str:
    """Who acts for a person on a day: the person where there, else the end of the chain.

    Empty if the chain is a circle; none can be written, but two rollouts may be merged.
    """
    away = {one.person: one.by for one in absences if one.covers(day)}
    seen = set()
    while person in away:
        if person in seen:
            return ""
        seen.add(person)
        person = away[person]
    return person


def circle(new: Absence, absences: Iterable[Absence]) -> tuple[str, ...]:
    """The persons of the circle that an absence would close on some day, in order; else empty.

    A day matters only on which every link of the chain is away, so that each step of the walk
    keeps the days that are left.
    """
    others = tuple(absences)
    todo: list[tuple[tuple[str, ...], date, date]]
    todo = [((new.person, new.by), new.from_day, new.to_day)]
    while todo:
        chain, first, last = todo.pop()
        for link in others:
            start, end = max(first, link.from_day), min(last, link.to_day)
            if link.person != chain[-1] or start > end:
                continue
            if link.by == new.person:
                return (*chain, new.person)
            if link.by not in chain:
                todo.append(((*chain, link.by), start, end))
    return ()


def absence_fault(
    new: Absence, absences: Sequence[Absence], persons: Mapping[str, object], today: date
) -> Refused | None:
    """Why an absence cannot be written; None if it can.

    ``persons`` are those who hold a post; ``absences`` those not over and not ended.
    """
    if new.from_day > new.to_day:
        return _refused("ABSENCE_DAYS", f"起始日{new.from_day}晚于终止日{new.to_day}，请核对。")
    if new.to_day < today:
        return _refused("ABSENCE_PAST", f"{new.days}已经过去，不能再登记请假。")
    if new.person == new.by:
        return _refused("ABSENCE_SELF", f"{new.person}不能由本人代办，请另写代办人。")
    for name in (new.person, new.by):
        if name not in persons:
            return _refused("UNKNOWN_PERSON", f"通讯录里没有“{name}”，或其职务已经终止。")
    for other in absences:
        if other.person == new.person and other.overlaps(new):
            return _refused(
                "ABSENCE_OVERLAP",
                f"{new.person}在{other.days}已登记请假（{other.by}代办），与{new.days}重叠；"
                "要改请先 jiegai absence end 销假，再重新登记。",
            )
    if chain := circle(new, absences):
        return _refused(
            "ABSENCE_CIRCLE",
            f"代办成圈：{'→'.join(chain)}，这些天里没有人在岗，请另行指定代办人。",
        )
    return None


def outsider_warnings(new: Absence, units: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    """What to look at where a substitute has no post in any unit of the person who is away.

    Not refused, an organ decides who stands in; but a street's handler who stands in at the
    reviewing unit would review the street's own draft.
    """
    if set(units) & set(theirs):
        return ()
    home = "、".join(theirs)
    told = (
        f"{new.by}（{home}）不在{'、'.join(units)}任职，代办期间可办理{new.person}的全部待办，"
        f"包括{home}自己报来的；如不妥，请销假后另行指定。"
    )
    return (told,)


def review_warnings(
    new: Absence,
    absences: Sequence[Absence],
    acting: Mapping[str, Sequence[str]],
    today: date,
) -> tuple[str, ...]:
    """What an absence does to the rule of two reviewers (0-35), with whom to appoint instead.

    ``acting`` are by reviewing unit the persons who can do its steps, handlers first. An absence
    is never refused for this: people are away when they are away.
    """
    known = (*absences, new)
    warnings: dict[str, None] = {}
    for unit, persons in acting.items():
        for day in _turning_days(new, known, today):
            before = _short_of_reviewers(unit, persons, absences, day)
            found = _short_of_reviewers(unit, persons, known, day)
            warnings.update(dict.fromkeys(one for one in found if one not in before))
            if found:
                break
    return tuple(warnings)


def _short_of_reviewers(
    unit: str, persons: Sequence[str], absences: Iterable[Absence], day: date
) -> list[str]:
    known = tuple(absences)
    present = {person: stand_in(known, person, day) for person in persons}
    away = [person for person in persons if present[person] != person]
    warnings = []
    for substitute in dict.fromkeys(present[person] for person in away):
        same = [person for person in away if present[person] == substitute]
        if len(same) >= REVIEWERS:
            warnings.append(_same_substitute(unit, same, substitute, present))
    left = sorted({name for name in present.values() if name})
    if len(left) < REVIEWERS <= len(persons) and not warnings:
        warnings.append(
            f"“{unit}”自{day}起只剩{'、'.join(left) or '无人'}可以办理，初审和复审须由两人办理，"
            f"请为{'或'.join(away)}另行指定代办人（0-35）。"
        )
    return warnings


def _same_substitute(
    unit: str, same: Sequence[str], substitute: str, present: Mapping[str, str]
) -> str:
    free = [name for name, now in present.items() if name == now and name != substitute]
    whom = f"，如{free[0]}" if free else ""
    return (
        f"“{unit}”的{'、'.join(same)}都由{substitute}代办，初审和复审须由两人办理，"
        f"请为其中一人另行指定代办人{whom}（0-35）。"
    )


def _turning_days(new: Absence, absences: Iterable[Absence], today: date) -> list[date]:
    """The days of an absence on which who is there may change."""
    days = {new.from_day}
    for other in absences:
        days |= {other.from_day, other.to_day + _ONE_DAY}
    return sorted(day for day in days if max(new.from_day, today) <= day <= new.to_day) or [
        max(new.from_day, today)
    ]


def reviewing_units(plan: Plan, directory: Directory) -> tuple[str, ...]:
    """The units that do a step which the actor of another may not do (复审 after 初审, 0-35)."""
    found: dict[str, None] = {}
    for row in plan.rows:
        second = [shape for shape in route_of(row) if shape.not_by]
        if not second:
            continue
        districts = {directory.by_name[t].district: t for t in row.targets}
        for shape in second:
            text = step_rule(plan, row, shape).unit or shape.unit
            for target in districts.values():
                found.update(dict.fromkeys(directory.who(plan, row, target, text)))
    return tuple(found)


def acting_in(posts: Iterable[Post], unit: str, moment: datetime) -> tuple[str, ...]:
    """The persons who can do a unit's steps at a moment, handlers first."""
    order = (Role.HANDLER, Role.HEAD, Role.SUBSTITUTE)
    held = [p for p in posts if p.unit == unit and p.role in ACTING_ROLES and p.holds_at(moment)]
    held.sort(key=lambda post: (order.index(post.role), post.person))
    return tuple(dict.fromkeys(post.person for post in held))


def vacancies(unit: Unit, posts: Iterable[Post], moment: datetime) -> tuple[str, ...]:
    """The posts that a unit must have and nobody holds at a moment (0-10, 0-11, 4-07).

    An organ without a desk has nobody of its own where another unit records for it.
    """
    needed = [Role.HANDLER]
    if unit.kind is not UnitKind.COMMITTEE:
        needed.insert(0, Role.HEAD)
    elif unit.recorder:
        return ()
    if unit.kind in (UnitKind.STREET, UnitKind.TOWN):
        needed.insert(1, Role.FIRST_SECRETARY)
    if unit.kind is UnitKind.DEPARTMENT:
        needed.insert(1, Role.LEADER_IN_CHARGE)
    held = {post.role for post in posts if post.unit == unit.name and post.holds_at(moment)}
    return tuple(role.value for role in needed if role not in held)


@dataclass(frozen=True, kw_only=True)
class Authority:
    """What somebody may change in a directory: everything, some districts, or nothing."""

    person: str
    everywhere: bool = False
    districts: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, person: str, grants: Iterable[Grant], directory: Directory, coordinator: str
    ) -> Authority:
        """The rollout's 协调员 lead everywhere, those of a 区委编办 in its district (0-05)."""
        held = tuple(grants)
        leading = [g for g in held if g.role is Role.COORDINATOR]
        return cls(
            person=person,
            everywhere=any(g.unit == coordinator for g in leading),
            districts=tuple(
                g.district
                for g in leading
                if (office := directory.by_duty.get((g.district, LEADING_DUTY))) is not None
                and office.name == g.unit
                and g.district
            ),
            heads=tuple(g.unit for g in held if g.role is Role.HEAD),
        )

    def over(self, unit: Unit) -> bool:
        """Whether this person may change the posts of a unit."""
        return self.everywhere or bool(unit.district and unit.district in self.districts)

    def refusal_over(self, units: Iterable[Unit]) -> Refused | None:
        """Why the posts of these units may not be changed; None if they may."""
        barred = [unit.name for unit in units if not self.over(unit)]
        if not barred:
            return None
        more = f"等{len(barred)}个单位" if len(barred) > _NAMED else ""
        return _refused(
            "NOT_COORDINATOR",
            f"{'、'.join(barred[:_NAMED])}{more}的人员只能由改革协调单位的协调员，"
            f"或所在区的{LEADING_DUTY}协调员变动，{self.person}不是。",
        )

    def refusal_for_absence(self, person: str, units: Iterable[Unit]) -> Refused | None:
        """Why this person's absence may not be written or ended; None if it may.

        Beside the coordinators the person may, and the 第一责任人 of a unit of the person.
        """
        own = tuple(units)
        if self.everywhere or self.person == person or any(self.over(unit) for unit in own):
            return None
        if any(unit.name in self.heads for unit in own):
            return None
        return _refused(
            "NOT_YOUR_ABSENCE",
            f"{person}的请假只能由本人、所在单位的第一责任人或协调员登记，{self.person}不是。",
        )


def name_fault(name: str) -> str:
    """What is wrong with a person's name, or ''."""
    if not name:
        return "没有填写"
    if len(name) > MAX_NAME:
        return f"“{name[:20]}…”有{len(name)}个字，不能超过{MAX_NAME}个字"
    if any(not char.isprintable() for char in name) or any(mark in name for mark in "、，,；;/#@"):
        return f"“{' '.join(name.split())}”含有不能用的字符"
    return ""


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """What replacing a person does: which posts end, which begin."""

    ends: tuple[Post, ...]
    begins: tuple[Post, ...]


def takeover(
    old: str, new: str, unit: str, posts: Sequence[Post], at: datetime
) -> Takeover | Refused:
    """Every post of ``old`` (in ``unit``, or everywhere) ends at a moment, ``new`` has it.

    A post that begins later begins for ``new`` then; one that ``new`` holds already only ends.
    """
    if problem := name_fault(new):
        return _refused("NAME_FORM", f"接替人的姓名不能用：{problem}。")
    if old == new:
        return _refused("SAME_PERSON", f"接替人与被接替人都是“{old}”，没有改动。")
    mine = [post for post in posts if post.person == old and not post.is_over(at)]
    if not mine:
        return _refused("UNKNOWN_PERSON", f"通讯录里没有“{old}”，或其职务已经终止。")
    ends = tuple(post for post in mine if unit in ("", post.unit))
    if not ends:
        units = "、".join(dict.fromkeys(post.unit for post in mine))
        return _refused("NO_POST", f"{old}在“{unit}”没有职务，其职务在：{units}。")
    held = {(p.unit, p.role) for p in posts if p.person == new and not p.is_over(at)}
    begins = tuple(
        Post(
            unit=post.unit,
            person=new,
            role=post.role,
            since=max(post.since, at),
            until=post.until,
        )
        for post in ends
        if (post.unit, post.role) not in held
    )
    return Takeover(ends=ends, begins=begins)


def orphaned(
    leaving: Iterable[str], posts: Iterable[Post], absences: Iterable[Absence], at: datetime
) -> Refused | None:
    """Why persons may not leave: somebody is away, or will be, and they are the substitute.

    ``posts`` are those after the change.
    """
    staying = {post.person for post in posts if not post.is_over(at)}
    gone = set(leaving) - staying
    for absence in absences:
        if absence.by in gone:
            return _refused(
                "SUBSTITUTE_LEAVES",
                f"{absence.by}正为{absence.person}代办（{absence.days}），请先为{absence.person}"
                "销假并另行指定代办人：jiegai absence end、jiegai absence add。",
            )
    return None


def _refused(code: str, sentence: str) -> Refused:
    return Refused(code=code, sentence=sentence)

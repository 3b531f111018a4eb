"""People: who is where, and the orders that change it; each one commit, all or nothing.

Two orders for one rollout follow each other behind a lock, so that the second sees what the first
has done and says so: the same order twice changes nothing the second time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit
from activities.people_pages import absence_line, live, people_page, post_line, shown_absences
from activities.plan_shelf import PlanOnShelf, Shelf
from contracts.people import (
    AbsenceEnd,
    AbsenceKept,
    AbsenceOrder,
    AbsencePage,
    AbsenceQuestion,
    People,
    PeopleImport,
    PeopleImported,
    PeoplePage,
    PeopleQuestion,
    PostChange,
    Replaced,
    Replacement,
)
from domain.deadline import local_day
from domain.directory import Directory
from domain.people import (
    Absence,
    Authority,
    Post,
    Takeover,
    absence_fault,
    acting_in,
    orphaned,
    outsider_warnings,
    review_warnings,
    reviewing_units,
    takeover,
)
from domain.people_sheet import ChangeKind, Comparison, Staff, compare
from domain.refusal import Finding, Refused
from domain.unit import Unit
from storage.desk_store import Desk, count_items
from storage.engine import Database
from storage.people_store import (
    AbsenceOnFile,
    DirectoryChange,
    add_absence,
    begin_posts,
    done_before,
    end_absence,
    end_posts,
    lock_directory,
    new_version,
    newest_version,
    read_absences,
    read_posts,
    read_units,
)
from storage.registers_store import read_standing

_CHANGE: Final[TypeAdapter[PostChange]] = TypeAdapter(PostChange)
_FINDING: Final[TypeAdapter[Finding]] = TypeAdapter(Finding)

_ROOM: Final = 200_000
"""Bytes for the differences, and as many for the findings, of one answer."""


@dataclass(frozen=True, kw_only=True)
class _Known:
    """A directory as it is behind the lock, and what the orderer may do in it."""

    version: int
    directory: Directory
    posts: tuple[Post, ...]
    on_file: tuple[AbsenceOnFile, ...]
    shelved: PlanOnShelf
    authority: Authority

    def absences(self, now: datetime) -> tuple[Absence, ...]:
        """The absences that hold, or will."""
        return tuple(one.absence for one in self.on_file if live(one, now))

    def units_of(self, person: str, now: datetime) -> tuple[Unit, ...]:
        """The units in which somebody holds a post."""
        return tuple(self.directory.by_name[name] for name in self.names_of(person, now))

    def names_of(self, person: str, now: datetime) -> tuple[str, ...]:
        """The names of the units in which somebody holds a post."""
        held = [p.unit for p in self.posts if p.person == person and not p.is_over(now)]
        return tuple(dict.fromkeys(held))

    def persons(self, now: datetime) -> dict[str, None]:
        """Everybody who holds a post."""
        return dict.fromkeys(p.person for p in self.posts if not p.is_over(now))


class PeopleActivities(People):
    """Reads and changes the people of one database's directories."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="read_people")
    async def show(self, question: PeopleQuestion) -> PeoplePage:
        """This will list units with their people, absences and vacancies."""
        async with translated_errors(), self._database.single() as connection:
            return await people_page(connection, question)

    @activity.defn(name="read_absences")
    async def absences(self, question: AbsenceQuestion) -> AbsencePage:
        """This will list who is away, and who acts instead."""
        async with translated_errors(), self._database.single() as connection:
            return await shown_absences(connection, question)

    @activity.defn(name="import_people")
    async def import_people(self, order: PeopleImport) -> PeopleImported:
        """This will compare a sheet with the posts and put the differences in force."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order.rollout, order.person, order.now)
            if isinstance(known, Refused):
                return PeopleImported(version=0, code=known.code, sentence=known.sentence)
            staff = Staff(
                directory=known.directory,
                posts=known.posts,
                absences=known.absences(order.now),
                coordinator=known.shelved.plan.coordinator,
                authority=known.authority,
                at=order.now,
            )
            found = compare(order.rows, staff)
            answer = _as_answer(found, known.version)
            if found.errors:
                sentence = f"人员表有{len(found.errors)}处错误，没有改动。"
                return replace(answer, code="PEOPLE_INVALID", sentence=sentence)
            if order.only_compare or not found.changes:
                return answer
            if refused := _no_paper(order.paper):
                return replace(answer, code=refused.code, sentence=refused.sentence)
            ends = [c.post for c in found.changes if c.kind is ChangeKind.ENDS]
            begins = [c.post for c in found.changes if c.kind is ChangeKind.BEGINS]
            await end_posts(connection, order.rollout, ends)
            await begin_posts(connection, order.rollout, begins)
            said = _said(order, f"导入人员表：任职{len(begins)}项，免职{len(ends)}项")
            version = await new_version(connection, order.rollout, said, order.content_key)
            return replace(answer, version=version, applied=True)

    @activity.defn(name="replace_person")
    async def replace(self, order: Replacement) -> Replaced:
        """This will give every post of one person to another."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order.rollout, order.person, order.now)
            if isinstance(known, Refused):
                return Replaced(version=0, code=known.code, sentence=known.sentence)
            plan = _checked_takeover(order, known)
            if isinstance(plan, Refused):
                earlier = await done_before(connection, order.rollout, order.content_key)
                if earlier and plan.code in {"UNKNOWN_PERSON", "NO_POST"}:
                    seen = await _open_items(connection, order.rollout, order.new, order.now)
                    return Replaced(version=earlier, open_items=seen)
                return Replaced(version=known.version, code=plan.code, sentence=plan.sentence)
            ended = [replace(post, until=order.now) for post in plan.ends]
            await end_posts(connection, order.rollout, ended)
            await begin_posts(connection, order.rollout, plan.begins)
            where = f"在{order.unit}的职务" if order.unit else ""
            said = _said(order, f"{order.new}接替{order.old}{where}")
            version = await new_version(connection, order.rollout, said, order.content_key)
            away = [a for a in known.absences(order.now) if a.person == order.new]
            return Replaced(
                version=version,
                ended=tuple(post_line(post) for post in ended),
                begun=tuple(post_line(post) for post in plan.begins),
                open_items=await _open_items(connection, order.rollout, order.new, order.now),
                applied=True,
                warnings=tuple(f"{a.person}{a.days}请假，由{a.by}代办。" for a in away),
            )

    @activity.defn(name="add_absence")
    async def add_absence(self, order: AbsenceOrder) -> AbsenceKept:
        """This will write that a person is away, and who acts instead."""
        new = Absence(
            person=order.absent,
            by=order.by,
            from_day=order.from_day,
            to_day=order.to_day,
            reason=order.reason,
        )
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order.rollout, order.person, order.now)
            if isinstance(known, Refused):
                return AbsenceKept(code=known.code, sentence=known.sentence)
            absences = known.absences(order.now)
            units = known.units_of(order.absent, order.now)
            today = local_day(order.now)
            refused = _stranger(order.absent) if not units else None
            refused = refused or known.authority.refusal_for_absence(order.absent, units)
            if refused is None and new in absences:
                (same,) = (
                    one for one in known.on_file if one.absence == new and live(one, order.now)
                )
                line = absence_line(same, absences, order.now)
                return AbsenceKept(version=known.version, line=line)
            refused = refused or absence_fault(new, absences, known.persons(order.now), today)
            if refused is not None:
                return AbsenceKept(code=refused.code, sentence=refused.sentence)
            reviewing = reviewing_units(known.shelved.plan, known.shelved.directory)
            acting = {unit: acting_in(known.posts, unit, order.now) for unit in reviewing}
            both = (new.person, new.by)
            said = _said(order, f"{new.person}请假{new.days}，由{new.by}代办")
            identity = await add_absence(connection, order.rollout, new, said)
            version = await new_version(connection, order.rollout, said, "")
            kept = AbsenceOnFile(
                id=identity,
                absence=new,
                paper=order.paper,
                recorded_at=order.now,
                recorded_by=order.person,
                ended_at=None,
                ended_by="",
            )
            line = absence_line(kept, (*absences, new), order.now)
            return AbsenceKept(
                version=version,
                line=line,
                warnings=(
                    *outsider_warnings(new, *(known.names_of(who, order.now) for who in both)),
                    *review_warnings(new, absences, acting, today),
                ),
                open_items=await _open_items(connection, order.rollout, line.substitute, order.now),
                applied=True,
            )

    @activity.defn(name="end_absence")
    async def end_absence(self, order: AbsenceEnd) -> AbsenceKept:
        """This will write that a person is back before the last day."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order.rollout, order.person, order.now)
            if isinstance(known, Refused):
                return AbsenceKept(code=known.code, sentence=known.sentence)
            units = known.units_of(order.absent, order.now)
            if refused := known.authority.refusal_for_absence(order.absent, units):
                return AbsenceKept(code=refused.code, sentence=refused.sentence)
            found = _absence_meant(order, known)
            if isinstance(found, Refused):
                return AbsenceKept(code=found.code, sentence=found.sentence)
            await end_absence(connection, found.id, order.now, order.person)
            absence = found.absence
            said = _said(order, f"{absence.person}销假（{absence.days}，{absence.by}代办）")
            version = await new_version(connection, order.rollout, said, "")
            ended = replace(found, ended_at=order.now, ended_by=order.person)
            rest = tuple(one for one in known.absences(order.now) if one != absence)
            line = absence_line(ended, rest, order.now)
            return AbsenceKept(version=version, line=line, applied=True)

    async def _known(
        self, connection: AsyncConnection, rollout: str, person: str, now: datetime
    ) -> _Known | Refused:
        if not await lock_directory(connection, rollout):
            return Refused(code="UNKNOWN_ROLLOUT", sentence=f"没有登记改革“{rollout}”。")
        standing = await read_standing(connection, rollout, [person], now=now)
        if standing is None:
            raise AssertionError("a locked plan is there")
        if not standing.grants[person]:
            return _stranger(person)
        shelved = await self._shelf.plan(connection, standing.plan_id, standing.plan_version)
        directory = Directory.of(await read_units(connection, rollout))
        coordinator = shelved.plan.coordinator
        return _Known(
            version=await newest_version(connection, rollout),
            directory=directory,
            posts=await read_posts(connection, rollout),
            on_file=await read_absences(connection, rollout),
            shelved=shelved,
            authority=Authority.of(person, standing.grants[person], directory, coordinator),
        )


def _as_answer(found: Comparison, version: int) -> PeopleImported:
    changes = [PostChange(kind=c.kind.value, post=post_line(c.post)) for c in found.changes]
    return PeopleImported(
        version=version,
        changes=tuple(changes[: how_many_fit(changes, _CHANGE, _ROOM)]),
        total=len(changes),
        findings=found.findings[: how_many_fit(found.findings, _FINDING, _ROOM)],
    )


def _checked_takeover(order: Replacement, known: _Known) -> Takeover | Refused:
    if refused := _no_paper(order.paper):
        return refused
    if order.unit and order.unit not in known.directory.by_name:
        return Refused(code="UNKNOWN_UNIT", sentence=f"没有单位“{order.unit}”。")
    plan = takeover(order.old, order.new, order.unit, known.posts, order.now)
    if isinstance(plan, Refused):
        return plan
    units = dict.fromkeys(post.unit for post in plan.ends)
    refused = known.authority.refusal_over(known.directory.by_name[name] for name in units)
    after = [post for post in known.posts if post not in plan.ends]
    return (
        refused
        or orphaned((order.old,), (*after, *plan.begins), known.absences(order.now), order.now)
        or plan
    )


def _absence_meant(order: AbsenceEnd, known: _Known) -> AbsenceOnFile | Refused:
    mine = [
        one
        for one in known.on_file
        if one.absence.person == order.absent
        and live(one, order.now)
        and order.from_day in (None, one.absence.from_day)
    ]
    today = local_day(order.now)
    running = [one for one in mine if one.absence.covers(today)]
    if not mine:
        return Refused(code="NO_ABSENCE", sentence=f"{order.absent}没有可以销的假。")
    if len(running or mine) > 1:
        days = "、".join(one.absence.days for one in mine)
        sentence = f"{order.absent}登记了几次请假（{days}），请用 --from 写明销哪一次。"
        return Refused(code="ABSENCE_AMBIGUOUS", sentence=sentence)
    return (running or mine)[0]


async def _open_items(connection: AsyncConnection, rollout: str, person: str, now: datetime) -> int:
    total, _ = await count_items(connection, Desk(now=now, person=person, rollout=rollout))
    return total


def _said(
    order: PeopleImport | Replacement | AbsenceOrder | AbsenceEnd, reason: str
) -> DirectoryChange:
    paper = "" if isinstance(order, AbsenceEnd) else order.paper
    return DirectoryChange(version=0, at=order.now, person=order.person, reason=reason, paper=paper)


def _stranger(person: str) -> Refused:
    sentence = f"通讯录里没有“{person}”，或其职务已经终止。"
    return Refused(code="UNKNOWN_PERSON", sentence=sentence)


def _no_paper(paper: str) -> Refused | None:
    if paper.strip():
        return None
    return Refused(code="PAPER_MISSING", sentence="人员变动须写明依据的文号（--paper）。")

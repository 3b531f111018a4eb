"""Pages of people: units with who holds their posts, who is away, and what nobody holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.pages import how_many_fit, key_of, place_of
from contracts.people import (
    AbsenceLine,
    AbsencePage,
    AbsenceQuestion,
    ChangeLine,
    PeoplePage,
    PeopleQuestion,
    PostLine,
    UnitLine,
)
from domain.deadline import day_end_instant, local_day
from domain.people import APPOINTED, Absence, Post, stand_in, vacancies
from domain.unit import Unit
from storage.people_store import (
    AbsenceOnFile,
    has_directory,
    newest_version,
    read_absences,
    read_changes,
    read_posts,
    read_units,
)

CHANGES: Final = 20
"""The latest changes of a directory shown beside its people."""

_UNIT: Final[TypeAdapter[UnitLine]] = TypeAdapter(UnitLine)
_ABSENCE: Final[TypeAdapter[AbsenceLine]] = TypeAdapter(AbsenceLine)
_INSTANT = timedelta(microseconds=1)
_ROOM: Final = 200_000
"""Bytes for the absences beside a page's units."""


async def people_page(connection: AsyncConnection, question: PeopleQuestion) -> PeoplePage:
    """This will read one page of units; absences and changes come with the first."""
    if not await has_directory(connection, question.rollout):
        return PeoplePage(rollout=question.rollout, version=0, unknown=(question.rollout,))
    moment = question.now
    if question.on is not None and question.on != local_day(question.now):
        moment = day_end_instant(question.on, "24:00") - _INSTANT
    units = await read_units(connection, question.rollout)
    posts = await read_posts(connection, question.rollout)
    on_file = await read_absences(connection, question.rollout)
    version = await newest_version(connection, question.rollout)
    holding = [post for post in posts if post.holds_at(moment)]
    lines = _unit_lines(question, units, holding, _at(on_file, moment), moment)
    start = 0
    if question.page:
        (last,) = key_of(question.page, 1)
        start = next((n for n, line in enumerate(lines, 1) if line.unit == last), len(lines))
    lines = lines[start:]
    shown = how_many_fit(lines, _UNIT, _ROOM)
    page = PeoplePage(
        rollout=question.rollout,
        version=version,
        units=tuple(lines[:shown]),
        unknown=_unknown(question, units, posts),
        next_page=place_of(lines[shown - 1].unit) if shown < len(lines) else "",
    )
    if question.page:
        return page
    changes = await read_changes(connection, question.rollout, CHANGES)
    away = _absence_lines(on_file, moment, everything=False)
    if question.person:
        away = [one for one in away if question.person in (one.person, one.by, one.substitute)]
    if question.unit:
        here = {post.person for post in holding if post.unit == question.unit}
        away = [one for one in away if one.person in here]
    return PeoplePage(
        rollout=page.rollout,
        version=page.version,
        units=page.units,
        absences=tuple(away[: how_many_fit(away, _ABSENCE, _ROOM)]),
        changes=tuple(
            ChangeLine(
                version=one.version,
                at=one.at,
                person=one.person,
                reason=one.reason,
                paper=one.paper,
            )
            for one in changes
        ),
        unknown=page.unknown,
        next_page=page.next_page,
    )


async def shown_absences(connection: AsyncConnection, question: AbsenceQuestion) -> AbsencePage:
    """This will list a rollout's absences; those over only where everything is asked for."""
    if not await has_directory(connection, question.rollout):
        return AbsencePage(unknown=(question.rollout,))
    on_file = await read_absences(connection, question.rollout)
    lines = _absence_lines(on_file, question.now, everything=question.everything)
    latest = lines[::-1]
    shown = latest[: how_many_fit(latest, _ABSENCE)]
    return AbsencePage(lines=tuple(shown[::-1]), total=len(lines))


def live(one: AbsenceOnFile, now: datetime) -> bool:
    """Whether an absence holds, or will."""
    return one.ended_at is None and one.absence.to_day >= local_day(now)


def absence_line(one: AbsenceOnFile, known: Sequence[Absence], now: datetime) -> AbsenceLine:
    """One absence as it stands at a moment; ``known`` are the absences that hold or will."""
    absence, today = one.absence, local_day(now)
    day = min(max(today, absence.from_day), absence.to_day)
    if one.ended_at is not None and one.ended_at <= now:
        state = "已销假"
    elif today > absence.to_day:
        state = "已到期"
    else:
        state = "请假中" if today >= absence.from_day else "未开始"
    return AbsenceLine(
        id=one.id,
        person=absence.person,
        by=absence.by,
        substitute=stand_in(known, absence.by, day),
        from_day=absence.from_day,
        to_day=absence.to_day,
        state=state,
        reason=absence.reason,
        paper=one.paper,
        recorded_at=one.recorded_at,
        recorded_by=one.recorded_by,
        ended_at=one.ended_at,
        ended_by=one.ended_by,
    )


def post_line(post: Post, substitute: str = "") -> PostLine:
    """One post as it is shown."""
    return PostLine(
        unit=post.unit,
        person=post.person,
        role=post.role.value,
        since=post.since,
        until=post.until,
        substitute=substitute,
    )


def _at(on_file: Iterable[AbsenceOnFile], moment: datetime) -> tuple[Absence, ...]:
    """The absences that hold on the day of a moment."""
    day = local_day(moment)
    return tuple(
        one.absence
        for one in on_file
        if one.absence.covers(day) and (one.ended_at is None or one.ended_at > moment)
    )


def _absence_lines(
    on_file: Sequence[AbsenceOnFile], now: datetime, *, everything: bool
) -> list[AbsenceLine]:
    known = tuple(one.absence for one in on_file if live(one, now))
    wanted = (one for one in on_file if everything or live(one, now))
    return [absence_line(one, known, now) for one in wanted]


def _unit_lines(
    question: PeopleQuestion,
    units: Iterable[Unit],
    holding: Sequence[Post],
    away: Sequence[Absence],
    moment: datetime,
) -> list[UnitLine]:
    day = local_day(moment)
    by_unit: dict[str, list[Post]] = {}
    for post in sorted(holding, key=lambda post: APPOINTED.index(post.role)):
        by_unit.setdefault(post.unit, []).append(post)
    lines = []
    for unit in units:
        here = by_unit.get(unit.name, [])
        mine = [post for post in here if question.person in ("", post.person)]
        if question.unit not in ("", unit.name) or (question.person and not mine):
            continue
        instead = {post.person: stand_in(away, post.person, day) for post in mine}
        lines.append(
            UnitLine(
                unit=unit.name,
                kind=unit.kind.value,
                district=unit.district,
                duty=unit.duty,
                recorder=unit.recorder,
                posts=tuple(
                    post_line(post, "" if (now := instead[post.person]) == post.person else now)
                    for post in mine
                ),
                vacant=vacancies(unit, here, moment),
            )
        )
    return lines


def _unknown(
    question: PeopleQuestion, units: Iterable[Unit], posts: Iterable[Post]
) -> tuple[str, ...]:
    names = []
    if question.unit and all(unit.name != question.unit for unit in units):
        names.append(question.unit)
    if question.person and all(post.person != question.person for post in posts):
        names.append(question.person)
    return tuple(names)

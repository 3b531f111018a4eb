"""A district's overlay and a return to an earlier calendar: staged as versions, with who and why."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.calendar_leaders import why_not
from activities.calendar_versions import change_words, changed_districts
from activities.database import translated_errors
from activities.plan_shelf import Shelf
from contracts.calendar_changes import (
    CalendarChanges,
    CalendarReads,
    LocalOrder,
    RollbackOrder,
    VersionLine,
    VersionsPage,
    VersionsQuestion,
)
from contracts.desk import CalendarImported
from domain.calendar import CalendarKind, NoticeDay, Overlay, WorkCalendar
from domain.calendar_local import overlay_fault
from storage.calendar_store import (
    Staging,
    Standing,
    VersionOnFile,
    has_content,
    in_force_before,
    list_versions,
    lock_versions,
    stage,
    standing,
)
from storage.engine import Database

_NAMED: Final = 3
"""How many withdrawn versions a return names."""


class CalendarReadActivities(CalendarReads):
    """Lists what the register of one database has."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="read_calendar_versions")
    async def versions(self, question: VersionsQuestion) -> VersionsPage:
        """This will list the versions of the calendar, the newest first."""
        async with translated_errors(), self._database.single() as connection:
            held = await standing(connection)
            found = await list_versions(connection)
        newest = found[::-1][: max(1, question.limit)]
        return VersionsPage(lines=tuple(_line(each, held) for each in newest), total=len(found))


class CalendarChangeActivities(CalendarChanges):
    """Stages changes in one database."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="import_local_days")
    async def import_local(self, order: LocalOrder) -> CalendarImported:
        """This will stage the newest version with a district's overlay, or say why not."""
        async with translated_errors(), self._database.transaction() as connection:
            await lock_versions(connection)
            return await _import_local(connection, order, self._shelf)

    @activity.defn(name="rollback_calendar")
    async def rollback(self, order: RollbackOrder) -> CalendarImported:
        """This will stage a version with the content of an earlier one, or say why not."""
        async with translated_errors(), self._database.transaction() as connection:
            await lock_versions(connection)
            return await _rollback(connection, order, self._shelf)


async def _import_local(
    connection: AsyncConnection, order: LocalOrder, shelf: Shelf
) -> CalendarImported:
    held = await standing(connection)
    newest = await shelf.calendar(connection, held.newest)
    if await _is_repeated(connection, held, CalendarKind.LOCAL, order.now, order.person):
        return await _repeated(connection, held, shelf)
    if refused := await why_not(connection, order.district, order.person, order.now):
        return _not_imported(refused.code, refused.sentence, held)
    overlay = _overlay(order)
    staged = newest.with_overlay(overlay)
    if await has_content(connection, held.newest, staged):
        return _not_imported(
            "CALENDAR_SAME",
            f"{order.district}的这份安排（{order.paper}）已在日历第{held.newest}版中，没有再导入。",
            held,
        )
    if sentence := overlay_fault(overlay, newest, order.now.date()):
        return _not_imported("LOCAL_DAYS", sentence, held)
    staging = Staging(
        year=overlay.days[0].day.year,
        paper=order.paper,
        at=order.now,
        person=order.person,
        basis=held.newest,
        kind=CalendarKind.LOCAL,
        district=order.district,
    )
    await stage(connection, staged, staging)
    return await _imported(connection, held, staged, held.newest, shelf)


async def _rollback(
    connection: AsyncConnection, order: RollbackOrder, shelf: Shelf
) -> CalendarImported:
    held = await standing(connection)
    if await _is_repeated(connection, held, CalendarKind.ROLLBACK, order.now, order.person):
        return await _repeated(connection, held, shelf)
    if not order.person:
        return _not_imported("PERSON_MISSING", "回退日历须写明办理人（--as 姓名）。", held)
    target = order.to or await _earlier(connection, held)
    earlier = await list_versions(connection, target - 1, target)
    if not target or not earlier:
        sentence = f"没有日历第{target}版。" if target else "现行日历之前没有别的版本，无可回退。"
        return _not_imported("UNKNOWN_VERSION", sentence, held)
    if earlier[0].published_at is None:
        return _not_imported("NEVER_IN_FORCE", f"日历第{target}版从未生效，不能回退到它。", held)
    if target == held.newest:
        return _not_imported("CALENDAR_SAME", f"日历第{target}版就是最新的一版，无须回退。", held)
    newest = await shelf.calendar(connection, held.newest)
    staged = newest.with_content_of(await shelf.calendar(connection, target))
    if await has_content(connection, held.newest, staged):
        return _not_imported(
            "CALENDAR_SAME",
            f"日历第{held.newest}版的内容就是第{target}版的内容，没有再回退。",
            held,
        )
    for district in changed_districts(newest, staged):
        if refused := await why_not(connection, district, order.person, order.now):
            return _not_imported(refused.code, refused.sentence, held)
    staging = Staging(
        year=earlier[0].year,
        paper=order.paper or _withdrawn(await list_versions(connection, target)),
        at=order.now,
        person=order.person,
        basis=target,
        kind=CalendarKind.ROLLBACK,
    )
    await stage(connection, staged, staging)
    return await _imported(connection, held, staged, target, shelf)


def _withdrawn(versions: tuple[VersionOnFile, ...]) -> str:
    """What a return takes back, in words: the paper of a correction that has no paper of its own."""
    named = []
    for each in versions[-_NAMED:]:
        where = f"{each.district}：" if each.district else ""
        paper = "回退" if each.kind is CalendarKind.ROLLBACK else f"{where}{each.paper}"
        named.append(f"第{each.version}版（{paper}）")
    more = f"等{len(versions)}版" if len(versions) > _NAMED else ""
    return f"撤回{'、'.join(named)}{more}"


async def _earlier(connection: AsyncConnection, held: Standing) -> int:
    """What is undone without a number: what is staged, else what came into force last."""
    if held.newest > held.in_force:
        return held.in_force
    return await in_force_before(connection, held.in_force)


async def _imported(
    connection: AsyncConnection, held: Standing, staged: WorkCalendar, basis: int, shelf: Shelf
) -> CalendarImported:
    in_force = await shelf.calendar(connection, held.in_force)
    return CalendarImported(
        version=staged.version, changed=change_words(in_force, staged), basis=basis
    )


async def _is_repeated(
    connection: AsyncConnection, held: Standing, kind: CalendarKind, now: datetime, person: str
) -> bool:
    """Whether this very order staged the newest version; its answer was lost on the way."""
    newest = (await list_versions(connection, held.newest - 1))[-1]
    staged = (newest.kind, newest.staged_at, newest.staged_by)
    return newest.published_at is None and staged == (kind, now, person)


async def _repeated(connection: AsyncConnection, held: Standing, shelf: Shelf) -> CalendarImported:
    newest = await shelf.calendar(connection, held.newest)
    (row,) = await list_versions(connection, held.newest - 1)
    return await _imported(connection, held, newest, row.basis, shelf)


def _overlay(order: LocalOrder) -> Overlay:
    days = sorted(
        NoticeDay(day=one.day, is_off=one.is_off, name=one.name.strip()) for one in order.days
    )
    return Overlay(district=order.district, paper=order.paper.strip(), days=tuple(days))


def _not_imported(code: str, sentence: str, held: Standing) -> CalendarImported:
    return CalendarImported(version=held.newest, code=code, sentence=sentence)


def _line(each: VersionOnFile, held: Standing) -> VersionLine:
    return VersionLine(
        version=each.version,
        kind=each.kind.value,
        district=each.district,
        year=each.year,
        paper=each.paper,
        basis=each.basis,
        staged_at=each.staged_at,
        staged_by=each.staged_by,
        published_at=each.published_at,
        published_by=each.published_by,
        in_force=each.version == held.in_force,
    )

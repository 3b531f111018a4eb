"""A new calendar: staged from a year's notice, previewed over the open steps, then published.

Staged may also be a district's overlay or a return to an earlier version (calendar_changes.py).

Publishing only changes which version is in force; telling the open procedures is a workflow's
work (contracts/calendar.py).
"""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.calendar_leaders import why_not
from activities.calendar_moves import moved_steps
from activities.pages import how_many_fit
from activities.plan_shelf import Shelf
from contracts.desk import (
    CalendarImport,
    CalendarImported,
    Moved,
    PublishPreview,
    PublishQuestion,
)
from domain.calendar import CalendarKind, DayChange, Notice, NoticeDay, WorkCalendar, diff
from storage.calendar_store import (
    Staging,
    Standing,
    VersionOnFile,
    has_content,
    list_versions,
    lock_versions,
    publish,
    stage,
    standing,
)

YEARS: Final = range(2000, 2101)
"""Years that a notice can be about; outside it is a slip of the pen."""

_MOVED: TypeAdapter[Moved] = TypeAdapter(Moved)


async def import_notice(
    connection: AsyncConnection, order: CalendarImport, shelf: Shelf
) -> CalendarImported:
    """This will stage the newest version with one more notice, or say why not."""
    await lock_versions(connection)
    versions = await standing(connection)
    if sentence := _fault(order):
        return _not_imported("NOTICE_YEAR", sentence, versions)
    newest = await shelf.calendar(connection, versions.newest)
    in_force = await shelf.calendar(connection, versions.in_force)
    staged = newest.with_notice(_notice(order, newest))
    if await has_content(connection, versions.newest, staged):
        return _not_imported(
            "CALENDAR_SAME",
            f"{order.year}年的这份通知已在日历第{versions.newest}版中，没有再导入。",
            versions,
        )
    staging = Staging(
        year=order.year,
        paper=order.paper,
        at=order.now,
        person=order.person,
        basis=versions.newest,
    )
    await stage(connection, staged, staging)
    return CalendarImported(version=staged.version, changed=change_words(in_force, staged))


async def publish_version(
    connection: AsyncConnection, order: PublishQuestion, shelf: Shelf
) -> PublishPreview:
    """This will list what a version moves; with ``confirm`` it is then the one in force."""
    if order.confirm:
        await lock_versions(connection)
    versions = await standing(connection)
    version = order.version or versions.newest
    if version <= versions.in_force or version > versions.newest:
        return _not_published(version, versions)
    old = await shelf.calendar(connection, versions.in_force)
    new = await shelf.calendar(connection, version)
    if order.confirm:
        for district in changed_districts(old, new):
            if refused := await why_not(connection, district, order.person, order.now):
                return PublishPreview(
                    version=version,
                    in_force=versions.in_force,
                    moved=(),
                    code=refused.code,
                    sentence=refused.sentence,
                )
    staged = await list_versions(connection, versions.in_force, version)
    moved, open_steps = await moved_steps(connection, new, order.now, shelf)
    if order.confirm:
        await publish(connection, version, order.now, order.person)
    return PublishPreview(
        version=version,
        in_force=versions.in_force,
        moved=moved[: how_many_fit(moved, _MOVED)],
        moved_total=len(moved),
        open_steps=open_steps,
        published=order.confirm,
        staged=tuple(map(staged_words, staged)),
        changed=change_words(old, new),
    )


def change_words(old: WorkCalendar, new: WorkCalendar) -> tuple[str, ...]:
    """This will write the days that differ: ``2027-01-10班``, in a district ``甲区2026-07-20休``."""
    return tuple(map(_change_words, diff(old, new)))


def changed_districts(old: WorkCalendar, new: WorkCalendar) -> tuple[str, ...]:
    """This will name the districts whose overlays differ."""
    districts = {overlay.district for overlay in (*old.overlays, *new.overlays)}
    return tuple(
        district
        for district in sorted(districts)
        if [o for o in old.overlays if o.district == district]
        != [o for o in new.overlays if o.district == district]
    )


def staged_words(version: VersionOnFile) -> str:
    """This will name a version by what it rests on and who staged it."""
    what = f"内容同第{version.basis}版，" if version.kind is CalendarKind.ROLLBACK else ""
    where = f"{version.district}：" if version.district else ""
    by = f"，{version.staged_by}导入" if version.staged_by else ""
    return f"第{version.version}版（{version.kind}{by}）：{what}{where}{version.paper}"


def _fault(order: CalendarImport) -> str:
    if order.year not in YEARS:
        return f"{order.year}年不像是放假通知的年份，没有导入。"
    if not order.off_days:
        return f"{order.year}年的通知没有一天放假，不完整，没有导入。"
    near = (order.year - 1, order.year, order.year + 1)
    strays = [day for day in (*order.off_days, *order.work_days) if day.year not in near]
    if strays:
        return f"{strays[0]}不属于{order.year}年的通知，没有导入。"
    both = set(order.off_days) & set(order.work_days)
    return f"{min(both)}既放假又上班，没有导入。" if both else ""


def _notice(order: CalendarImport, newest: WorkCalendar) -> Notice:
    """A day keeps the name that the calendar has for it; an import carries days only."""
    days = [
        NoticeDay(day=day, is_off=is_off, name=newest.name_of(day))
        for chosen, is_off in ((order.off_days, True), (order.work_days, False))
        for day in sorted(set(chosen))
    ]
    papers = tuple(part for part in order.paper.split("；") if part)
    return Notice(year=order.year, papers=papers, days=tuple(sorted(days)))


def _change_words(change: DayChange) -> str:
    return f"{change.district}{change.day}{'班' if change.is_workday else '休'}"


def _not_imported(code: str, sentence: str, versions: Standing) -> CalendarImported:
    return CalendarImported(version=versions.newest, code=code, sentence=sentence)


def _not_published(version: int, versions: Standing) -> PublishPreview:
    if version == versions.in_force == versions.newest:
        code, sentence = (
            "NOTHING_STAGED",
            "没有待发布的日历，请先导入：jiegai calendar import 文件。",
        )
    elif version > versions.newest:
        code, sentence = "UNKNOWN_VERSION", f"没有日历第{version}版。"
    else:
        code, sentence = "OLD_VERSION", f"日历第{version}版不晚于现行第{versions.in_force}版。"
    return PublishPreview(
        version=version, in_force=versions.in_force, moved=(), code=code, sentence=sentence
    )

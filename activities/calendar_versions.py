"""A new calendar: staged from a year's notice, previewed over the open steps, then published.

Publishing only changes which version is in force; telling the open procedures is a workflow's
work (contracts/calendar.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.due_times import DueTimes
from activities.pages import how_many_fit
from activities.plan_shelf import PlanOnShelf, Shelf
from contracts.desk import (
    CalendarImport,
    CalendarImported,
    Moved,
    PublishPreview,
    PublishQuestion,
)
from contracts.names import item_id
from contracts.registers import DueQuestion
from domain.calendar import DayChange, Notice, NoticeDay, WorkCalendar, diff
from domain.deadline import Deadline
from storage.calendar_store import (
    Standing,
    lock_versions,
    publish,
    stage,
    standing,
    version_with,
)
from storage.desk_store import OpenItem, read_open_items
from storage.registers_store import read_standing

YEARS: Final = range(2000, 2101)
"""Years that a notice can be about; outside it is a slip of the pen."""

_MOVED: TypeAdapter[Moved] = TypeAdapter(Moved)
_QUESTION: TypeAdapter[DueQuestion] = TypeAdapter(DueQuestion)


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
    known = await version_with(connection, staged)
    if known is not None:
        return _not_imported(
            "CALENDAR_SAME",
            f"{order.year}年的这份通知已在日历第{known}版中，没有再导入。",
            versions,
        )
    await stage(
        connection, staged, year=order.year, paper=order.paper, at=order.now, person=order.person
    )
    changed = tuple(_change_words(change) for change in diff(in_force, staged))
    return CalendarImported(version=staged.version, changed=changed)


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
    moved, open_steps = await _moved(connection, versions.in_force, version, shelf)
    if order.confirm:
        await publish(connection, version, order.now, order.person)
    return PublishPreview(
        version=version,
        in_force=versions.in_force,
        moved=moved[: how_many_fit(moved, _MOVED)],
        moved_total=len(moved),
        open_steps=open_steps,
        published=order.confirm,
    )


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
    return f"{change.day}{'班' if change.is_workday else '休'}"


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


async def _moved(
    connection: AsyncConnection, in_force: int, version: int, shelf: Shelf
) -> tuple[tuple[Moved, ...], int]:
    """Every open step that the two versions date differently, and how many steps are open."""
    everywhere = await read_open_items(connection)
    old = await shelf.calendar(connection, in_force)
    new = await shelf.calendar(connection, version)
    plans = await _plans(connection, everywhere, shelf)
    items = [item for item in everywhere if item.rollout in plans]
    found = []
    for item in items:
        question = _QUESTION.validate_python(item.due_basis)
        before = DueTimes(plans[item.rollout], old).deadline(question)
        after = DueTimes(plans[item.rollout], new).deadline(question)
        if (before.due, before.provisional) != (after.due, after.provisional):
            found.append(_as_moved(item, before, after))
    return tuple(found), len(items)


async def _plans(
    connection: AsyncConnection, items: Sequence[OpenItem], shelf: Shelf
) -> dict[str, PlanOnShelf]:
    plans: dict[str, PlanOnShelf] = {}
    for rollout in dict.fromkeys(item.rollout for item in items):
        held = await read_standing(connection, rollout)
        if held is not None:
            plans[rollout] = await shelf.plan(connection, held.plan_id, held.plan_version)
    return plans


def _as_moved(item: OpenItem, before: Deadline, after: Deadline) -> Moved:
    return Moved(
        item=item_id(item.workflow_id, item.step),
        unit=item.unit,
        before=before.due_date,
        after=after.due_date,
        provisional_before=before.provisional,
        provisional_after=after.provisional,
    )

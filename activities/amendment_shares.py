"""What each level asks when it hears of an amendment: its share of the new version.

What two versions say differently is compared once and kept in the process: a version never changes.
What has ended is read from the dossiers, whose lines are confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import bad_data, translated_errors
from activities.plan_shelf import PlanOnShelf, Shelf
from activities.registers import RegistersActivities
from contracts.amendment import (
    Amendments,
    AreaShare,
    RolloutShare,
    RowFate,
    ShareQuestion,
    UnitShare,
)
from contracts.journal import EntryKind
from contracts.registers import AreaSlice, PlanKey, SliceQuestion, UnitSlice
from domain.amendment import Change, Choice, compare, concerned_areas, concerned_units, order_for
from domain.slices import fact
from storage.amendment_store import read_choice, read_ended
from storage.engine import Database

Ended = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class _Difference:
    """What changed between two versions, and whom it concerns."""

    before: PlanOnShelf
    after: PlanOnShelf
    choice: Choice
    changes: tuple[Change, ...]
    units: frozenset[str]
    areas: frozenset[str]


class AmendmentActivities(Amendments):
    """Answers from the registers of one database."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()
        self._registers = RegistersActivities(database, self._shelf)
        self._kept: dict[tuple[int, int, int], _Difference] = {}

    @activity.defn(name="load_rollout_share")
    async def rollout_share(self, question: ShareQuestion) -> RolloutShare:
        """This will read what an amendment means for the top of a rollout."""
        found, _ = await self._read(question)
        top = await self._registers.load_rollout(SliceQuestion(plan=question.plan))
        # An area or unit that is no longer in the plan must still hear that its rows are gone.
        areas = dict.fromkeys((*top.areas, *found.before.survey.areas))
        units = dict.fromkeys((*top.city_units, *found.before.survey.city_units))
        return RolloutShare(
            slice=top,
            areas=tuple(name for name in areas if name in found.areas),
            units=tuple(name for name in units if name in found.units),
        )

    @activity.defn(name="load_area_share")
    async def area_share(self, question: ShareQuestion) -> AreaShare:
        """This will read what an amendment means for one area."""
        found, ended = await self._read(question)
        name, after = question.name, found.after.survey
        if name in after.areas:
            asked = SliceQuestion(plan=question.plan, name=name)
            area = await self._registers.load_area(asked)
        else:
            area = AreaSlice(area=name, units=(), title=found.after.plan.title)
        before = found.before.survey.areas.get(name)
        units = dict.fromkeys((*area.units, *(before.units if before else ())))
        rows = {unit: [row.id for row, _ in after.units[unit].rows] for unit in area.units}
        over = {unit: [r for r in ids if (unit, r) in ended] for unit, ids in rows.items()}
        wanted = {part for one in area.aggregates for part in one.parts} | set(area.reports)
        known = {fact(row_id, unit) for unit, ids in over.items() for row_id in ids}
        return AreaShare(
            slice=area,
            concerned=tuple(unit for unit in units if unit in found.units),
            finished=tuple(unit for unit, ids in rows.items() if len(over[unit]) == len(ids)),
            facts=tuple(sorted(known & (wanted | set(area.shares)))),
        )

    @activity.defn(name="load_unit_share")
    async def unit_share(self, question: ShareQuestion) -> UnitShare:
        """This will read what an amendment means for one unit."""
        name = question.name
        found, ended = await self._read(question, name)
        if name in found.after.survey.units:
            asked = SliceQuestion(plan=question.plan, name=name)
            unit = await self._registers.load_unit(asked)
        else:
            unit = _idle(found.after, name)
        return UnitShare(
            slice=unit,
            fates=tuple(
                RowFate(
                    row_id=change.row.id,
                    item=change.row.item,
                    how=str(order_for(change, found.choice)),
                    is_gone=change.after is None,
                )
                for change in found.changes
                if change.unit == name and change.before is not None
            ),
            ended={row_id: how for (at, row_id), how in ended.items() if at == name},
        )

    async def _read(self, question: ShareQuestion, unit: str = "") -> tuple[_Difference, Ended]:
        """The difference, and what has ended: of one unit, or of all."""
        key = question.plan
        since = question.since or key.version - 1
        if not 1 <= since < key.version:
            raise bad_data(f"方案第{key.version}版不是第{since}版的修订")
        async with translated_errors(), self._database.single() as connection:
            found = await self._difference(connection, key, since)
            ended = await read_ended(connection, key.rollout, str(EntryKind.ENDED), unit)
        return found, ended

    async def _difference(
        self, connection: AsyncConnection, key: PlanKey, since: int
    ) -> _Difference:
        place = (key.plan_id, since, key.version)
        if place not in self._kept:
            before = await self._shelf.plan(connection, key.plan_id, since)
            after = await self._shelf.plan(connection, key.plan_id, key.version)
            choice = await read_choice(connection, key.plan_id, since, key.version)
            changes = compare(before.plan, after.plan, choice)
            units = concerned_units(before.survey, after.survey, changes)
            self._kept[place] = _Difference(
                before=before,
                after=after,
                choice=choice,
                changes=changes,
                units=units,
                areas=concerned_areas(before.survey, after.survey, units),
            )
        return self._kept[place]


def _idle(shelved: PlanOnShelf, unit: str) -> UnitSlice:
    """A unit that has nothing left to do."""
    known = shelved.directory.by_name.get(unit)
    return UnitSlice(
        unit=unit,
        district=known.district if known else "",
        coordinators=(shelved.plan.coordinator,),
        rows=(),
        title=shelved.plan.title,
    )

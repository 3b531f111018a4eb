"""The registers' activities: who somebody is, what is due when, and a plan by slices.

Reads only. Which calendar, directory and plan version holds is read from the database each time,
in one question; what a version says is kept in the process.
"""

from __future__ import annotations

from dataclasses import replace

from temporalio import activity

from activities.database import bad_data, translated_errors
from activities.due_times import DueTimes
from activities.plan_shelf import PlanOnShelf, Shelf
from contracts.registers import (
    Aggregate,
    Answer,
    AreaSlice,
    Consultation,
    DueQuestion,
    Registers,
    RolloutSlice,
    RowSlice,
    SliceQuestion,
    StepDue,
    UnitSlice,
)
from domain.calendar import WorkCalendar
from domain.deadline import DeadlineError
from domain.people import LEADING_DUTY
from storage.engine import Database
from storage.evidence_store import stored_among
from storage.registers_store import read_standing


class RegistersActivities(Registers):
    """Answers from the registers of one database."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="consult_registers")
    async def consult(self, question: Consultation) -> Answer:
        """This will answer who a person is and when steps would be due."""
        persons = [name for name in (question.person, question.other_person) if name]
        async with translated_errors(), self._database.single() as connection:
            standing = await read_standing(
                connection,
                question.rollout,
                persons,
                question.units,
                now=question.now,
                able_in=question.able_in,
            )
            if standing is None:
                raise bad_data(f"没有登记方案“{question.rollout}”")
            shelved = await self._shelf.plan(connection, standing.plan_id, standing.plan_version)
            calendar = await self._shelf.calendar(connection, standing.calendar_version)
            stored = await stored_among(connection, question.stored)
            papers = ""
            if any(due.standing is not None for due in question.dues):
                papers = await self._shelf.calendar_papers(
                    connection, standing.calendar_version, question.district
                )
        times = DueTimes(shelved, calendar.for_district(question.district))
        return Answer(
            directory_version=standing.directory_version,
            calendar_version=standing.calendar_version,
            grants=standing.grants.get(question.person, ()),
            other_grants=standing.grants.get(question.other_person, ()),
            known_units=standing.known_units,
            dues={due.step: _answer(times, due) for due in question.dues},
            able=dict(standing.able) if question.able_in else None,
            away={u: dict(found) for u, found in standing.away.items()} or None,
            stored=stored,
            calendar_paper=papers,
        )

    @activity.defn(name="load_rollout_slice")
    async def load_rollout(self, question: SliceQuestion) -> RolloutSlice:
        """This will read the top level of a registered plan."""
        shelved, _ = await self._load(question)
        plan, facts = shelved.plan, shelved.survey
        return RolloutSlice(
            areas=tuple(facts.areas),
            city_units=facts.city_units,
            relays=facts.relays,
            title=plan.title,
            coordinator=plan.coordinator,
            coordinators=(plan.coordinator,),
        )

    @activity.defn(name="load_area_slice")
    async def load_area(self, question: SliceQuestion) -> AreaSlice:
        """This will read one area of a registered plan."""
        shelved, _ = await self._load(question)
        area = shelved.survey.areas.get(question.name)
        if area is None:
            raise bad_data(f"计划里没有片区“{question.name}”")
        return AreaSlice(
            area=area.area,
            units=area.units,
            aggregates=tuple(
                Aggregate(fact=fact, parts=parts) for fact, parts in area.aggregates.items()
            ),
            reports=area.reports,
            shares=area.shares,
            title=shelved.plan.title,
        )

    @activity.defn(name="load_unit_slice")
    async def load_unit(self, question: SliceQuestion) -> UnitSlice:
        """This will read one unit's rows of a registered plan.

        A row's ``targets`` are cut down to the unit itself: a procedure carries its row along,
        and other units' names are none of its business.
        """
        shelved, calendar = await self._load(question)
        unit = shelved.survey.units.get(question.name)
        if unit is None:
            raise bad_data(f"计划里没有给“{question.name}”的任务")
        district = shelved.directory.by_name[unit.unit].district
        local = calendar.for_district(district)
        rows = tuple(
            RowSlice(
                row=replace(row, targets=(unit.unit,)),
                steps=shelved.steps(row.id, unit.unit, local),
                waits_for=waits_for,
            )
            for row, waits_for in unit.rows
        )
        return UnitSlice(
            unit=unit.unit,
            district=district,
            coordinators=coordinators_of(shelved, unit.unit),
            rows=rows,
            reports=unit.reports,
            title=shelved.plan.title,
        )

    async def _load(self, question: SliceQuestion) -> tuple[PlanOnShelf, WorkCalendar]:
        key = question.plan
        async with translated_errors(), self._database.single() as connection:
            standing = await read_standing(connection, key.rollout)
            if standing is None:
                raise bad_data(f"没有登记方案“{key.rollout}”")
            shelved = await self._shelf.plan(connection, key.plan_id, key.version)
            return shelved, await self._shelf.calendar(connection, standing.calendar_version)


def _answer(times: DueTimes, question: DueQuestion) -> StepDue:
    try:
        return times.answer(question)
    except DeadlineError as error:
        raise bad_data(error.sentence) from error


def coordinators_of(shelved: PlanOnShelf, unit: str) -> tuple[str, ...]:
    """The units whose 协调员 lead a unit's procedures: the rollout's and the district's."""
    district = shelved.directory.by_name[unit].district
    local = shelved.directory.by_duty.get((district, LEADING_DUTY))
    names = (shelved.plan.coordinator, local.name if local else "")
    return tuple(dict.fromkeys(name for name in names if name))

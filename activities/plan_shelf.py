"""Plans and calendars by version, kept in the process: a version never changes.

What may change, which version is in force, is asked of the database every time.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.database import bad_data
from domain.calendar import CalendarKind, WorkCalendar
from domain.directory import Directory
from domain.milestones import Procedures, Survey, procedures, survey
from domain.plan import Plan
from domain.schedule import PlannedStep, step_dates, steps_for
from storage.calendar_store import VersionOnFile, load_calendar, published_with
from storage.registers_store import read_document

_PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)


def plan_to_json(plan: Plan) -> str:
    """The document of a plan as it is stored."""
    return _PLAN.dump_json(plan).decode()


def plan_from_document(document: Any) -> Plan:
    """This will read a stored document; unknown fields of a later release are ignored."""
    return _PLAN.validate_python(document)


class PlanOnShelf:
    """One plan version with what is derived from it, each part on first use."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._dates: dict[tuple[str, str], dict[str, date]] = {}

    @cached_property
    def directory(self) -> Directory:
        """The plan's units, indexed."""
        return Directory.of(self.plan.units)

    @cached_property
    def procedures(self) -> Procedures:
        """Every procedure in the plan's order."""
        return procedures(self.plan)

    @cached_property
    def survey(self) -> Survey:
        """What every level tells the others."""
        return survey(self.plan)

    def planned_due(self, row_id: str, step: str, calendar: WorkCalendar) -> date | None:
        """The backward schedule's date of a step under a calendar; None if there is none.

        Kept by the calendar's label, which names its version and the district it is for.
        """
        key = (calendar.label, row_id)
        if key not in self._dates:
            row = next((row for row in self.plan.rows if row.id == row_id), None)
            dated = step_dates(self.plan, row, calendar) if row else ()
            self._dates[key] = {each.shape.name: each.due for each in dated}
        return self._dates[key].get(step)

    def steps(self, row_id: str, unit: str, calendar: WorkCalendar) -> tuple[PlannedStep, ...]:
        """The planned steps of one procedure."""
        row = self.plan.row(row_id)
        return steps_for(self.plan, row, unit, calendar, self.directory)


class Shelf:
    """The plans and calendars this process has read."""

    def __init__(self) -> None:
        self._plans: dict[tuple[int, int], PlanOnShelf] = {}
        self._calendars: dict[int, WorkCalendar] = {}
        self._published: dict[int, tuple[VersionOnFile, ...]] = {}

    async def plan(self, connection: AsyncConnection, plan_id: int, version: int) -> PlanOnShelf:
        """This will return a plan version; one that is not there is bad data."""
        key = (plan_id, version)
        if key not in self._plans:
            document = await read_document(connection, plan_id, version)
            if document is None:
                raise bad_data(f"没有登记计划{plan_id}第{version}版")
            self._plans[key] = PlanOnShelf(plan_from_document(document))
        return self._plans[key]

    async def calendar(self, connection: AsyncConnection, version: int) -> WorkCalendar:
        """This will return a calendar version; one that is not there is bad data."""
        if version not in self._calendars:
            found = await load_calendar(connection, version)
            if found is None:
                raise bad_data(f"没有日历第{version}版")
            self._calendars[version] = found
        return self._calendars[version]

    async def calendar_papers(
        self, connection: AsyncConnection, version: int, district: str
    ) -> str:
        """This will name the papers by which a version in force came, as far as a district's go."""
        if version not in self._published:
            self._published[version] = await published_with(connection, version)
        return "；".join(
            _came_by(each) for each in self._published[version] if each.district in {"", district}
        )


def _came_by(version: VersionOnFile) -> str:
    what = f"{version.district}：{version.paper}" if version.district else version.paper
    if version.kind is CalendarKind.ROLLBACK:
        what = f"日历回退到第{version.basis}版，{what}"
    return f"{what}，{version.published_by}发布" if version.published_by else what

"""Imports: each one commit, all or nothing; what a rule refuses comes back as a value."""

from __future__ import annotations

from typing import Final

from temporalio import activity

from activities.calendar_versions import import_notice, publish_version
from activities.database import translated_errors
from activities.plan_shelf import Shelf, plan_to_json
from contracts.desk import (
    Bulk,
    CalendarImport,
    CalendarImported,
    PlanRegistration,
    PublishPreview,
    PublishQuestion,
    Registered,
)
from storage.engine import Database
from storage.registers_store import NewPlan, PlanOnFile, find_plan, rollout_with, store_plan

FIRST_VERSION: Final = 1


class BulkActivities(Bulk):
    """Writes registers of one database."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="register_plan")
    async def register_plan(self, order: PlanRegistration) -> Registered:
        """This will store a plan version, its directory and its claim on the rollout's name."""
        plan = order.plan
        new = NewPlan(
            plan=plan,
            content_hash=order.content_hash,
            document=plan_to_json(plan),
            procedures=sum(len(row.targets) for row in plan.rows),
            at=order.now,
            person=order.person,
        )
        async with translated_errors(), self._database.transaction() as connection:
            known = await find_plan(connection, plan.rollout)
            if known is not None:
                return _registered_before(order, known)
            other = await rollout_with(connection, order.content_hash)
            if other is not None:
                return _refused("PLAN_EXISTS", f"同一份方案已经用“{other}”登记过，没有再登记。")
            plan_id = await store_plan(connection, new)
            if plan_id is not None:
                return Registered(plan_id=plan_id, version=FIRST_VERSION, created=True)
            known = await find_plan(connection, plan.rollout)
            if known is None:
                raise AssertionError("a claimed name has a plan once its claim is committed")
            return _registered_before(order, known)

    @activity.defn(name="import_calendar")
    async def import_calendar(self, order: CalendarImport) -> CalendarImported:
        """This will stage a calendar version that is not yet in force."""
        async with translated_errors(), self._database.transaction() as connection:
            return await import_notice(connection, order, self._shelf)

    @activity.defn(name="publish_calendar")
    async def publish_calendar(self, order: PublishQuestion) -> PublishPreview:
        """This will list what a staged version moves and, confirmed, put it in force."""
        async with translated_errors(), self._database.transaction() as connection:
            return await publish_version(connection, order, self._shelf)


def _registered_before(order: PlanRegistration, known: PlanOnFile) -> Registered:
    if known.content_hash == order.content_hash:
        return Registered(plan_id=known.plan_id, version=known.version, created=False)
    return Registered(
        plan_id=known.plan_id,
        version=known.version,
        created=False,
        same_content=False,
        code="ROLLOUT_EXISTS",
        sentence=(
            f"“{order.plan.rollout}”已经用另一份方案登记过，没有改动；"
            "请改用别的名称，或查看 jiegai rollout list。"
        ),
    )


def _refused(code: str, sentence: str) -> Registered:
    return Registered(
        plan_id=0, version=0, created=False, same_content=False, code=code, sentence=sentence
    )

"""A real server that is down over a moment of a Schedule: it catches up, and the window is made up."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from temporalio.client import (
    Client,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import SearchAttributeKey

from activities.bulk import BulkActivities
from activities.calendar_changes import CalendarChangeActivities
from activities.temporal_schedules import TemporalSchedules
from contracts import names
from contracts.audit_run import ScheduledResult, audit_id, audit_schedule_id
from contracts.calendar_changes import LocalDayOrder, LocalOrder
from contracts.desk import PlanRegistration, PublishQuestion
from domain.audit import AuditKind, AuditPlan, Cadence, Every, RunKey
from domain.audit_cadence import Version, Window, windows
from domain.calendar import load_builtin_calendar
from domain.day_words import SHANGHAI
from domain.deadline import local_day
from runtime.converter import data_converter
from runtime.part import tethered
from runtime.settings import Settings
from runtime.stack import free_port
from runtime.temporal_server import EmbeddedTemporal
from runtime.workers import worker_for
from starter.provision import what_to_provision
from storage.audit_plan_store import add_version, read_on_file
from storage.engine import Database
from tests.postgres import database_of_its_own
from tests.small_plan import DISTRICT, small_plan
from worker import roster

NAME = "停机"
PLANNED = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
SOON = timedelta(seconds=5)
"""Until the moment that the server misses: long enough to write it down and to stop."""


@dataclass
class DevServer:
    """A dev server on one file, which can be stopped and started again."""

    folder: Path
    temporal: EmbeddedTemporal = field(init=False)
    child: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.temporal = EmbeddedTemporal(
            data_dir=self.folder,
            port=free_port(),
            ui_port=free_port(),
            provision=what_to_provision(Settings(data_dir=self.folder)),
        )

    async def start(self) -> Client:
        """Start it and wait until it answers."""
        program = self.temporal.program()
        self.child = subprocess.Popen(
            tethered(program),
            env=program.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            while not await program.is_ready(self.child.pid):
                await asyncio.sleep(0.05)
        return await Client.connect(
            self.temporal.address,
            namespace=Settings(data_dir=self.folder).namespace,
            data_converter=data_converter,
        )

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        if self.child is not None:
            self.child.send_signal(self.temporal.program().stop_signal)
            self.child.wait()
            self.child = None


@asynccontextmanager
async def dev_server(folder: Path) -> AsyncIterator[DevServer]:
    """One that is stopped in the end."""
    (folder / "logs").mkdir(parents=True)
    server = DevServer(folder)
    try:
        yield server
    finally:
        server.stop()


async def arranged(database: Database, now: datetime) -> AuditPlan:
    """A meeting of a fortnight ago in a district that works today."""
    today = local_day(now)
    registered = PlanRegistration(plan=small_plan(NAME, today), content_hash=NAME, now=now)
    await BulkActivities(database).register_plan(registered)
    if not load_builtin_calendar().is_workday(today):
        await work_today(database, today, now)
    first = today - timedelta(days=14)
    plan = AuditPlan(
        rollout=NAME,
        name="推进会",
        kind=AuditKind.PUSH_MEETING,
        district=DISTRICT,
        cadence=Cadence(every=Every.ONCE, first=first),
    )
    async with database.transaction() as connection:
        since = now - timedelta(days=21)
        version = Version(number=1, plan=plan, since=first, at=since, by="测试")
        await add_version(connection, version, "安排")
    return plan


async def work_today(database: Database, today: date, now: datetime) -> None:
    """Nothing is done on a rest day, so that a rest day is made a working day here."""
    order = LocalOrder(
        district=DISTRICT,
        paper="甲政〔2026〕1号",
        days=(LocalDayOrder(day=today, is_off=False, name="值班"),),
        now=now,
        person="区协调员",
    )
    staged = await CalendarChangeActivities(database).import_local(order)
    assert staged.code == "", staged.sentence
    question = PublishQuestion(now=now, confirm=True, person="区协调员")
    assert (await BulkActivities(database).publish_calendar(question)).published


async def scheduled(client: Client, plan: AuditPlan) -> datetime:
    """Its Schedule as it is always made, but for the one moment: in a few seconds."""
    at = datetime.now(UTC).replace(microsecond=0) + SOON
    day = local_day(at)
    soon = Window(label=str(day), planned=day, opens_on=day, opens_at=at, days=(day,))
    await TemporalSchedules(client).put(plan, [soon])

    async def to_the_second(seen: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = seen.description.schedule
        (entry,) = schedule.spec.calendars
        entry = replace(entry, second=(ScheduleRange(at.second),))
        zone = schedule.spec.time_zone_name
        schedule.spec = ScheduleSpec(calendars=[entry], time_zone_name=zone)
        return ScheduleUpdate(schedule=schedule)

    handle = client.get_schedule_handle(audit_schedule_id(NAME, plan.name))
    await handle.update(to_the_second)
    assert (await handle.describe()).info.next_action_times == [at.astimezone(SHANGHAI)]
    return at


def opened_on(plan: AuditPlan) -> date:
    """The working day on which it should have come round."""
    first = plan.cadence.first
    (window,) = windows(plan.cadence, load_builtin_calendar(), first, first)
    return window.opens_on


async def test_a_moment_that_a_stopped_server_missed_is_made_up(tmp_path: Path) -> None:
    """Nobody asks: started again it fires for the missed moment, and the meeting is told as 补办."""
    async with database_of_its_own("outage") as database, dev_server(tmp_path / "s") as server:
        client = await server.start()
        plan = await arranged(database, datetime.now(UTC))
        missed = await scheduled(client, plan)
        server.stop()
        assert datetime.now(UTC) < missed
        await asyncio.sleep((missed - datetime.now(UTC)).total_seconds())
        back = datetime.now(UTC)
        client = await server.start()
        able = roster(client, database)
        schedule = client.get_schedule_handle(audit_schedule_id(NAME, plan.name))
        async with (
            asyncio.timeout(60),
            worker_for(client, names.PROCEDURES_QUEUE, able.procedures, able.workflows),
        ):
            while not (fired := (await schedule.describe()).info.recent_actions):
                await asyncio.sleep(0.1)
            (one,) = fired
            handle = client.get_workflow_handle(
                one.action.workflow_id,  # type: ignore[union-attr]
                result_type=ScheduledResult,
            )
            result = await handle.result()
            described = await handle.describe()
        assert described.typed_search_attributes.get(PLANNED) == missed
        assert described.start_time >= back
        window = str(plan.cadence.first)
        made_up = f"开展 推进会 {window}：补办：原定{{}}，当时没有运行"
        assert made_up.format(opened_on(plan)) in result.done
        async with database.single() as connection:
            files = await read_on_file(connection, NAME, plan.name)
        run = files[plan.name].record.settled[window]
        key = RunKey(rollout=NAME, plan=plan.name, window=window)
        assert (run.late, run.workflow_id) == (True, audit_id(key))

"""The register's side of a firing: what is due of arranged audits, and doing it (issue 6).

Reckoning only looks. Each thing done holds its arrangement, looks again whether it is still due, and
settles the window in one transaction: two firings at once, or one told twice, do it once. What fails
for good is written down, told to the organiser, and stops its arrangement alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.audit_draw import DrawBook
from activities.audit_ending import AuditEnding
from activities.audit_notices import Message, deposit_notice, notice_to
from activities.audit_watch import ScheduleWatch
from activities.database import bad_data, translated_errors
from activities.plan_shelf import Shelf
from activities.server_time import not_after_arrival
from contracts.audit_flow import AuditOpening
from contracts.audit_run import (
    AuditRuns,
    Reckoned,
    ReckonQuestion,
    RunDone,
    RunDue,
    RunOrder,
    audit_id,
)
from domain.audit import AuditKind, AuditPlan, RunKey
from domain.audit_arranging import covered
from domain.audit_cadence import RunStep, drawable
from domain.audit_reckoning import SETTLE, Due, Ending, Record, Settled, reckon
from domain.calendar import WorkCalendar
from domain.directory import Directory
from domain.refusal import Refused
from storage import audit_plan_store as store
from storage.audit_flow_store import end_audit
from storage.engine import Database
from storage.people_store import read_units
from storage.registers_store import read_standing

PAGE: Final = 20
"""Things done between two questions of a firing."""

ENOUGH_TRIES: Final = 15
"""After so many failures, about ten minutes, what was no known failure is one for good."""

NEEDS_NUMBER: Final = "DRAW_NEEDS_NUMBER"

_log = structlog.get_logger(__name__)


class Opener(Protocol):
    """Opens the audit of a window, once by its key."""

    async def open(self, opening: AuditOpening) -> str:
        """This will return the workflow's id."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One thing to do, with what it is done by."""

    connection: AsyncConnection
    key: RunKey
    due: Due
    at: datetime

    @property
    def plan(self) -> AuditPlan:
        return self.due.expected.version.plan


class AuditRunActivities(AuditRuns):
    """Reckons and carries out on one database; ``watch`` looks after the Schedules.

    ``ending`` ends the arrangements of stopped rollouts.
    """

    def __init__(
        self,
        database: Database,
        shelf: Shelf,
        opener: Opener,
        book: DrawBook,
        watch: ScheduleWatch,
        *,
        ending: AuditEnding | None = None,
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._opener = opener
        self._book = book
        self._watch = watch
        self._ending = ending

    @activity.defn(name="reckon_audits")
    async def reckon(self, question: ReckonQuestion) -> Reckoned:
        """This will tell what is due, and which Schedules are not as they should be."""
        at = not_after_arrival(question.at)
        async with translated_errors(), self._database.snapshot() as connection:
            calendar = await self._calendar(connection, question.rollout)
            files = await store.read_on_file(connection, question.rollout, question.plan)
            found = await self._ending.due(question.rollout, files) if self._ending else []
            ended = {due.key.plan for due in found}
            for name, on_file in files.items():
                if name in ended:
                    continue
                record = await self._ripened(connection, on_file.record, at)
                settle = timedelta(0) if question.plan else SETTLE
                found += (
                    _told(RunKey(rollout=question.rollout, plan=name, window=due.window.label), due)
                    for due in reckon(record, calendar, at, settle)
                )
        if len(found) < PAGE:
            found += await self._watch.troubles(question.rollout, files, calendar, at)
        return Reckoned(due=tuple(found[:PAGE]), more=len(found) >= PAGE)

    @activity.defn(name="run_audit")
    async def carry_out(self, order: RunOrder) -> RunDone:
        """This will open, prepare, draw, record or report one thing; what is no longer due it leaves."""
        order = replace(order, at=not_after_arrival(order.at))
        due = order.due
        try:
            if due.step is RunStep.ENDED:
                return await self._ending.end(order) if self._ending else RunDone()
            async with translated_errors(), self._database.transaction() as connection:
                await store.hold(connection, due.key.rollout, due.key.plan)
                if due.step is RunStep.SCHEDULE:
                    calendar = await self._calendar(connection, due.key.rollout)
                    said = await self._watch.mend(connection, due.key, calendar, order.at)
                    return RunDone(sentence=said)
                job = await self._job(connection, order)
                return await self._do(job) if job else RunDone()
        except ApplicationError as error:
            if not error.non_retryable:
                raise
            raise await self._failed(order, error.type or "UNKNOWN") from error
        except Exception as error:
            if activity.info().attempt < ENOUGH_TRIES:
                raise
            _log.exception("activities.audit_runs.failed", plan=due.key.plan)
            raise await self._failed(order, type(error).__name__) from error

    async def _job(self, connection: AsyncConnection, order: RunOrder) -> _Job | None:
        key = order.due.key
        on_file = (await store.read_on_file(connection, key.rollout, key.plan)).get(key.plan)
        if on_file is None:
            raise bad_data(f"没有督查安排“{key.plan}”")
        calendar = await self._calendar(connection, key.rollout)
        record = await self._ripened(connection, on_file.record, order.at)
        return next(
            (
                _Job(connection=connection, key=key, due=due, at=order.at)
                for due in reckon(record, calendar, order.at)
                if (due.step, due.window.label) == (order.due.step, key.window)
            ),
            None,
        )

    async def _do(self, job: _Job) -> RunDone:
        if job.due.step is RunStep.OPEN:
            return await self._open(job)
        if job.due.step is RunStep.PREPARE:
            return await self._prepare(job)
        if job.due.step is RunStep.DRAW:
            return await self._draw(job)
        if job.due.step is RunStep.MISSED:
            return await self._miss(job)
        if job.due.step in {RunStep.LAPSED, RunStep.CLOSED}:
            return await self._give_up(job)
        more = {
            RunStep.UNVISITED: "，请尽快到访并登记",
            RunStep.BROKEN: f"；恢复请协调员运行 jiegai rebuild --restart {audit_id(job.key)}",
        }
        return await self._noted(job, more.get(job.due.step, ""))

    async def _open(self, job: _Job) -> RunDone:
        opening = AuditOpening(plan=job.plan, key=job.key, at=job.at, late=job.due.late)
        workflow_id = await self._opener.open(opening)
        await self._settle(job, Ending.OPENED, workflow_id)
        return RunDone(sentence=job.due.sentence or "已开展", workflow_id=workflow_id)

    async def _prepare(self, job: _Job) -> RunDone:
        units = await read_units(job.connection, job.key.rollout)
        population = covered(job.plan, Directory.of(units))
        calendar = await self._calendar(job.connection, job.key.rollout)
        local = calendar.for_district(job.plan.district)
        window = replace(job.due.window, days=drawable(job.due.window, local, job.at))
        made = await self._book.prepare(job.connection, job.plan, window, population, job.at)
        if isinstance(made, Refused):
            raise ApplicationError(made.sentence, type=made.code, non_retryable=True)
        await deposit_notice(job.connection, job.plan, made)
        return RunDone(sentence="已备抽")

    async def _draw(self, job: _Job) -> RunDone:
        drawn = await self._book.draw(job.connection, job.key, job.at)
        if isinstance(drawn, Refused):
            if drawn.code != NEEDS_NUMBER:
                raise ApplicationError(drawn.sentence, type=drawn.code, non_retryable=True)
            sentence = "等待公开数"
            await store.note(job.connection, job.key, "待公开数", sentence, job.at)
            number = f"请运行 jiegai audit draw {job.key.rollout} {job.key.plan} --number 公开数。"
            await self._tell(job, f"{job.key.window}已到时，抽取要用公开数，{number}")
            return RunDone(sentence=sentence)
        await self._settle(job, Ending.DRAWN, at=drawn.drawn_at)
        command = f"jiegai audit draw {job.key.rollout} {job.key.plan} {job.key.window}"
        await self._tell(job, f"督查有新任务，请运行 {command}")
        return RunDone(sentence="已抽取")

    async def _miss(self, job: _Job) -> RunDone:
        await self._settle(job, Ending.MISSED)
        planned = job.due.window.opens_on
        await self._tell(job, f"{job.key.window}（原定{planned}）漏检：{job.due.sentence}。")
        return RunDone(sentence=job.due.sentence)

    async def _give_up(self, job: _Job) -> RunDone:
        """This will publish the draw of what is not inspected any more; an open audit is closed.

        Where the key is missing nothing is done: the next tick tries again.
        """
        published = ""
        if job.plan.kind is AuditKind.SAMPLING:
            no = await self._book.publish(job.connection, job.key, job.at)
            if no is not None:
                _log.error("activities.audit_runs.unpublished", plan=job.key.plan, code=no.code)
                return RunDone(sentence=no.sentence)
            published = "，抽样记录已经公布"
        if job.due.step is RunStep.CLOSED:
            await end_audit(job.connection, job.key, job.at, "终止")
        return await self._noted(job, published)

    async def _noted(self, job: _Job, more: str) -> RunDone:
        """This will write down what came of a window later on, and tell its organiser."""
        await store.note(job.connection, job.key, str(job.due.step), job.due.sentence, job.at)
        await self._tell(job, f"{job.key.window}：{job.due.sentence}{more}。", again=True)
        return RunDone(sentence=job.due.sentence)

    async def _settle(
        self, job: _Job, ending: Ending, workflow_id: str = "", at: datetime | None = None
    ) -> None:
        run = store.NewRun(
            key=job.key,
            version=job.due.expected.version.number,
            planned_at=job.due.window.opens_at,
            settled=Settled(
                ending=ending,
                at=at or job.at,
                late=job.due.late,
                sentence=job.due.sentence,
                workflow_id=workflow_id,
            ),
        )
        await store.settle(job.connection, run)

    async def _tell(self, job: _Job, sentence: str, *, again: bool = False) -> None:
        """This will tell the organiser, once a window; ``again``: or whenever it comes to that."""
        what = f"{job.key.window}:{job.due.step}"
        what += f":{job.at:%Y%m%d%H%M}" if again else ""
        about = audit_id(job.key)
        message = Message(what=what, sentence=sentence, about=about, at=job.at)
        await notice_to(job.connection, job.plan, message)

    async def _failed(self, order: RunOrder, code: str) -> ApplicationError:
        """This will write a failure down, stop its arrangement and tell its organiser."""
        key, at = order.due.key, order.at
        _log.error("activities.audit_runs.stopped", plan=key.plan, window=key.window, code=code)
        failure = ApplicationError(f"{key.plan}：{code}", type=code, non_retryable=True)
        if order.due.step in {RunStep.SCHEDULE, RunStep.ENDED}:
            return failure
        async with translated_errors(), self._database.transaction() as connection:
            await store.hold(connection, key.rollout, key.plan)
            plan = await store.read_plan(connection, key.rollout, key.plan)
            if plan is not None:
                what = f"{key.window}:故障:{at:%Y%m%d%H%M}"
                await store.note(connection, key, "故障", code, at)
                reason = f"{key.window}{order.due.step}失败（{code}）"
                await store.add_event(
                    connection,
                    (key.rollout, key.plan),
                    "故障",
                    person="",
                    reason=reason,
                    action_id=what,
                    at=at,
                )
                sentence = f"{reason}，安排已停摆；排除后请 jiegai audit resume。"
                message = Message(what=what, sentence=sentence, about=audit_id(key), at=at)
                await notice_to(connection, plan, message)
        return failure

    async def _calendar(self, connection: AsyncConnection, rollout: str) -> WorkCalendar:
        standing = await read_standing(connection, rollout)
        if standing is None:
            raise bad_data(f"没有登记改革“{rollout}”")
        return await self._shelf.calendar(connection, standing.calendar_version)

    async def _ripened(self, connection: AsyncConnection, record: Record, at: datetime) -> Record:
        """What is on file, and of which draws the hour has passed. The hour itself stays here."""
        plan = record.newest.plan
        ripe: set[str] = set()
        for label in record.prepared - record.settled.keys() - record.drawn:
            key = RunKey(rollout=plan.rollout, plan=plan.name, window=label)
            fires = await self._book.fire_at(connection, key)
            # What cannot be opened comes up as a draw, fails there, and is told.
            if isinstance(fires, Refused) or (fires is not None and fires <= at):
                ripe.add(label)
        return Record(**{**vars(record), "ripe": frozenset(ripe)})


def _told(key: RunKey, due: Due) -> RunDue:
    return RunDue(key=key, step=due.step, late=due.late, sentence=due.sentence)

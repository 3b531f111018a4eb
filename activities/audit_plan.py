"""Arranging audits: what commands order about arrangements, and what they list (issue 6).

The register is written first and decides; the Schedule follows, and whatever interrupts in between is
mended by the order's next try or by 日程.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.audit_draw import DrawBook
from activities.audit_ending import AuditEnding
from activities.audit_notices import deposit_notice
from activities.audit_watch import ScheduleWatch, halt_words
from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from activities.sealed import Known, Undone, known_person, unknown_rollout
from activities.server_time import arrival, not_after_arrival
from contracts.audit_flow import AuditOpening
from contracts.audit_plan import (
    Arranged,
    ArrangeOrder,
    AuditListPage,
    AuditListQuestion,
    AuditPlanDesk,
    PauseOrder,
    PlanLine,
    RunLine,
)
from contracts.audit_run import audit_id
from contracts.audit_schedule import SchedulesAway
from domain.audit import AuditKind, AuditPlan, RunKey
from domain.audit_arranging import covered, faults
from domain.audit_cadence import RunStep, Version, Window, first_day
from domain.audit_reckoning import Ending, HaltKind, Record, coming, next_draw, past
from domain.calendar import WorkCalendar
from domain.deadline import local_day
from domain.personal import personal_fault
from domain.refusal import Finding, Refused
from domain.sampling import Deposit
from storage import audit_plan_store as store
from storage.engine import Database
from storage.people_store import has_directory
from storage.registers_store import read_standing

MOST_NEXT: Final = 6
MOST_RUNS: Final = 12
MOST_NOTES: Final = 5
_MOST_PLANS: Final = 50
_MOST_OF_ONE: Final = 200

_DRAWN: Final = "已抽取"
_SHOWN: Final = frozenset({"日程", "故障", "到期公布", "异常中止", "恢复办理", "终止"})

_LINE: Final[TypeAdapter[PlanLine]] = TypeAdapter(PlanLine)


class Composer(Protocol):
    """Knows whether a window could be opened as things are."""

    async def composed(
        self, connection: AsyncConnection, opening: AuditOpening
    ) -> object | Refused:
        """This will compose an audit without opening it, or say who is missing."""
        ...


class AuditPlanActivities(AuditPlanDesk):
    """Keeps arrangements in one database and their Schedules by ``watch``."""

    def __init__(
        self,
        database: Database,
        shelf: Shelf,
        opener: Composer,
        book: DrawBook,
        watch: ScheduleWatch,
        *,
        has_key: bool,
        ending: AuditEnding | None = None,
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._opener = opener
        self._book = book
        self._watch = watch
        self._has_key = has_key
        self._ending = ending

    @activity.defn(name="arrange_audit")
    async def arrange(self, order: ArrangeOrder) -> Arranged:
        """This will arrange an audit and put its Schedule in place."""
        order = replace(order, now=not_after_arrival(order.now))
        if self._ending and await self._ending.stop_of(order.plan.rollout):
            no = _stopped(order.plan)
            return Arranged(code=no.code, sentence=no.sentence)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                arranged = await self._arranged(connection, order)
        except Undone as undone:
            return Arranged(code=undone.refused.code, sentence=undone.refused.sentence)
        if not arranged.code:
            await self._put(order)
        return arranged

    @activity.defn(name="pause_audit")
    async def pause(self, order: PauseOrder) -> Arranged:
        """This will pause an arrangement, or let it go on."""
        try:
            async with translated_errors(), self._database.transaction() as connection:
                record = await self._halted(connection, order)
                calendar = await self._calendar(connection, order.rollout)
        except Undone as undone:
            return Arranged(code=undone.refused.code, sentence=undone.refused.sentence)
        with suppress(SchedulesAway):
            await self._watch.set_running(record)
        ahead = coming(record, calendar, order.now)
        return Arranged(created=True, next_at=tuple(one.opens_at for one in ahead[:MOST_NEXT]))

    @activity.defn(name="list_audits")
    async def arrangements(self, question: AuditListQuestion) -> AuditListPage:
        """This will list arrangements and what has run."""
        after = key_of(question.page, 1)[0] if question.page else ""
        async with translated_errors(), self._database.snapshot() as connection:
            if not await has_directory(connection, question.rollout):
                no = unknown_rollout(question.rollout)
                return AuditListPage(code=no.code, sentence=no.sentence)
            files = await store.read_on_file(connection, question.rollout, question.plan)
            calendar = await self._calendar(connection, question.rollout)
        if question.plan and not files:
            no = _unknown_plan(question.plan)
            return AuditListPage(code=no.code, sentence=no.sentence)
        most = _MOST_OF_ONE if question.plan else MOST_RUNS
        said = await self._watch.tick_words(question.rollout) if files else ""
        chosen = [name for name in sorted(files) if name > after]
        lines = [_line(files[name], calendar, question.now, most) for name in chosen[:_MOST_PLANS]]
        if said:
            lines = [replace(line, notes=(said, *line.notes)) for line in lines]
        shown = how_many_fit(lines, _LINE)
        more = shown < len(chosen)
        return AuditListPage(
            lines=tuple(lines[:shown]), next_page=place_of(chosen[shown - 1]) if more else ""
        )

    # --- arranging --------------------------------------------------------------------------

    async def _arranged(self, connection: AsyncConnection, order: ArrangeOrder) -> Arranged:
        plan = order.plan
        known = await known_person(
            connection, self._shelf, plan.rollout, order.person, order.now, to_change=True
        )
        if isinstance(known, Refused):
            raise Undone(known)
        districts = [name for name in known.directory.by_district if name]
        if not plan.district and len(districts) == 1:
            plan = replace(plan, district=districts[0])
        calendar = await self._calendar(connection, plan.rollout)
        await store.hold(connection, plan.rollout, plan.name)
        former = (await store.read_versions(connection, plan.rollout, plan.name)).get(plan.name, ())
        found = (
            *self._key_fault(plan),
            *_kind_fault(plan, former),
            *faults(plan, known.directory, calendar, local_day(order.now)),
        )
        if any(one.is_error for one in found):
            sentence = (
                f"“{plan.name}”不能这样安排，共{sum(f.is_error for f in found)}处，没有登记。"
            )
            return Arranged(findings=found, code="AUDIT_PLAN_INVALID", sentence=sentence)
        if refused := _not_theirs(known, plan) or personal_fault(*_texts(plan)):
            raise Undone(refused)
        plan = replace(plan, covers=_full_names(plan, known))
        key = RunKey(rollout=plan.rollout, plan=plan.name, window="安排")
        opening = AuditOpening(plan=plan, key=key, at=order.now)
        if isinstance(no := await self._opener.composed(connection, opening), Refused):
            raise Undone(no)
        created = not await store.is_arranged(connection, plan, order.action_id)
        if created:
            version = Version(
                number=len(former) + 1,
                plan=plan,
                since=first_day(plan, former, calendar, order.now),
                at=order.now,
                by=order.person,
            )
            await store.add_version(connection, version, order.action_id)
        files = await store.read_on_file(connection, plan.rollout, plan.name)
        record = files[plan.name].record
        ahead = coming(record, calendar, order.now)
        return Arranged(
            created=created,
            version=record.newest.number,
            next_at=tuple(one.opens_at for one in ahead[:MOST_NEXT]),
            deposit=await self._deposit(connection, record, calendar, known),
            findings=found,
        )

    async def _deposit(
        self,
        connection: AsyncConnection,
        record: Record,
        calendar: WorkCalendar,
        known: Known,
    ) -> Deposit | None:
        """The commitment to the next draw: the 督查室 keeps it from the day of arranging.

        It is made now by the server's clock, whatever the order says: no hour of it has passed.
        """
        now = arrival()
        window = next_draw(record, calendar, now) if record.is_sampling else None
        if window is None:
            return None
        plan = record.newest.plan
        population = covered(plan, known.directory)
        made = await self._book.prepare(connection, plan, window, population, now)
        if isinstance(made, Refused):
            raise Undone(made)
        await deposit_notice(connection, plan, made)
        return made

    def _key_fault(self, plan: AuditPlan) -> tuple[Finding, ...]:
        if plan.kind is not AuditKind.SAMPLING or self._has_key:
            return ()
        sentence = "执行程序没有密钥（JIEGAI_SECRET_KEY），随机抽查的样本无处密封，不能安排。"
        return (Finding(code="SECRET_KEY", sentence=sentence, column="密钥"),)

    async def _put(self, order: ArrangeOrder) -> None:
        rollout, name = order.plan.rollout, order.plan.name
        async with translated_errors(), self._database.snapshot() as connection:
            files = await store.read_on_file(connection, rollout, name)
            calendar = await self._calendar(connection, rollout)
        with suppress(SchedulesAway):
            await self._watch.put(files[name].record, calendar, order.now)

    # --- pausing ----------------------------------------------------------------------------

    async def _halted(self, connection: AsyncConnection, order: PauseOrder) -> Record:
        known = await known_person(
            connection, self._shelf, order.rollout, order.person, order.now, to_change=True
        )
        if isinstance(known, Refused):
            raise Undone(known)
        await store.hold(connection, order.rollout, order.plan)
        on_file = (await store.read_on_file(connection, order.rollout, order.plan)).get(order.plan)
        if on_file is None:
            raise Undone(_unknown_plan(order.plan))
        if on_file.record.ended_at is not None:
            raise Undone(_stopped(on_file.record.newest.plan))
        if not order.reason.strip():
            raise Undone(Refused(code="REASON_MISSING", sentence="请用 --reason 写明理由。"))
        plan = on_file.record.newest.plan
        if refused := _not_theirs(known, plan) or personal_fault(order.reason):
            raise Undone(refused)
        said = {
            "person": order.person,
            "reason": order.reason.strip(),
            "action_id": order.action_id,
            "at": order.now,
        }
        kind = str(HaltKind.PAUSED) if order.pause else "恢复"
        is_new = await store.add_event(connection, (order.rollout, order.plan), kind, **said)
        if is_new and (on_file.record.halt is not None) == order.pause:
            raise Undone(_nothing_to_do(order, on_file.record))
        files = await store.read_on_file(connection, order.rollout, order.plan)
        return files[order.plan].record

    async def _calendar(self, connection: AsyncConnection, rollout: str) -> WorkCalendar:
        standing = await read_standing(connection, rollout)
        if standing is None:
            raise Undone(unknown_rollout(rollout))
        return await self._shelf.calendar(connection, standing.calendar_version)


def _unknown_plan(name: str) -> Refused:
    sentence = f"没有督查安排“{name}”，请看 jiegai audit list。"
    return Refused(code="AUDIT_PLAN_UNKNOWN", sentence=sentence)


def _stopped(plan: AuditPlan) -> Refused:
    sentence = f"{plan.rollout}已经停止推进，“{plan.name}”不能再安排、暂停或恢复。"
    return Refused(code="ROLLOUT_STOPPED", sentence=sentence)


def _nothing_to_do(order: PauseOrder, record: Record) -> Refused:
    if record.halt is not None:
        sentence = f"“{order.plan}”已经停下：{halt_words(record.halt)}。"
        return Refused(code="AUDIT_PAUSED", sentence=sentence)
    return Refused(code="AUDIT_RUNNING", sentence=f"“{order.plan}”没有暂停，不用恢复。")


def _not_theirs(known: Known, plan: AuditPlan) -> Refused | None:
    unit = known.directory.find(plan.organiser, plan.district)
    if unit is None or known.writes(unit):
        return None
    sentence = f"“{plan.name}”由{unit.name}的办理人或协调员安排、暂停和恢复，{known.person}不是。"
    return Refused(code="NOT_YOUR_UNIT", sentence=sentence)


def _kind_fault(plan: AuditPlan, former: tuple[Version, ...]) -> tuple[Finding, ...]:
    if not former or former[-1].plan.kind is plan.kind:
        return ()
    sentence = f"“{plan.name}”是{former[-1].plan.kind}的安排，类别不能改；请换名称另行安排。"
    return (Finding(code="AUDIT_KIND", sentence=sentence, column="--kind"),)


def _texts(plan: AuditPlan) -> tuple[str, ...]:
    return (plan.name, plan.leader, plan.approval, *(item.text for item in plan.items))


def _full_names(plan: AuditPlan, known: Known) -> tuple[str, ...]:
    return tuple(unit.name for unit in covered(plan, known.directory)) if plan.covers else ()


# --- listing ----------------------------------------------------------------------------------


def _line(on_file: store.OnFile, calendar: WorkCalendar, now: datetime, most: int) -> PlanLine:
    record = on_file.record
    ahead = [one for one in coming(record, calendar, now) if one.opens_at > now]
    begun = list(reversed(past(record, calendar, now)))[:most]
    notes = [
        f"{local_day(one.at)} {f'{one.label} ' if one.label else ''}{one.kind}：{one.sentence}"
        for one in reversed(on_file.notes)
        if one.kind in _SHOWN
    ]
    return PlanLine(
        plan=replace(record.newest.plan, reader=""),
        paused=halt_words(record.halt) if record.halt else "",
        next_at=tuple(one.opens_at for one in ahead[:MOST_NEXT]),
        runs=tuple(_run(record, one, now) for one in begun),
        notes=tuple(notes[:MOST_NOTES]),
    )


def _run(record: Record, window: Window, now: datetime) -> RunLine:
    settled = record.settled.get(window.label)
    if settled is None and window.label in record.drawn:
        # With its public number, since the last tick.
        return RunLine(window=window.label, planned_at=window.opens_at, state=_DRAWN)
    if settled is None:
        return RunLine(
            window=window.label, planned_at=window.opens_at, state=_waits(record, window, now)
        )
    plan = record.newest.plan
    key = RunKey(rollout=plan.rollout, plan=plan.name, window=window.label)
    state, workflow_id, sentence = str(settled.ending), settled.workflow_id, settled.sentence
    if settled.ending is Ending.DRAWN:
        is_visited = window.label in record.visited
        state, workflow_id = _DRAWN, audit_id(key) if is_visited else ""
        if window.label in record.told and not is_visited:
            lapsed = window.label in record.published
            state = str(RunStep.UNVISITED) if lapsed else state
            sentence = f"到期没有到访记录{'，抽样记录已经公布' if lapsed else ''}"
    return RunLine(
        window=window.label,
        planned_at=window.opens_at,
        state=state,
        at=settled.at,
        late=settled.late,
        sentence=sentence,
        workflow_id=workflow_id,
    )


def _waits(record: Record, window: Window, now: datetime) -> str:
    if record.ended_at is not None:
        return str(HaltKind.ENDED)
    if window.is_over(now):
        return "待报漏检"
    if record.halt is not None:
        return "停下"
    if not record.is_sampling:
        return "待开展"
    if window.label in record.waiting:
        return "待公开数"
    return "待抽取" if window.label in record.prepared else "待备抽"

"""The one timer of a procedure: reminders, due times, escalations, and a new calendar.

Time speaks, it never decides: no step is answered, closed or opened here.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.journal import EntryKind
    from contracts.procedure import ProcedureState
    from domain import desk
    from domain.action import Light
    from domain.deadline import Deadline, Rung
    from domain.desk import Item, Move
    from domain.unit import Role
    from workflows.asking import UNANSWERED
    from workflows.inquiry import Inquiry
    from workflows.view import ProcedureView


class Timekeeper:
    """Wakes for the open steps of one procedure and says what time it is."""

    def __init__(self, state: ProcedureState, view: ProcedureView, inquiry: Inquiry) -> None:
        self._state = state
        self._view = view
        self._inquiry = inquiry

    async def keep_time(self) -> None:
        """One timer for the soonest reminder, due time or escalation of any open step."""
        while True:
            wake = self._wake()
            if wake is None:
                await workflow.wait_condition(
                    lambda: self._wake() is not None or self._state.calendar_due
                )
            elif wake > workflow.now() and not self._state.calendar_due:
                armed = wake
                with contextlib.suppress(TimeoutError):
                    await workflow.wait_condition(
                        lambda: self._wake() != armed or self._state.calendar_due,
                        timeout=wake - workflow.now(),
                        timeout_summary=self._view.timer_summary(),
                    )
            if self._state.calendar_due:
                await self._follow_calendar()
            if (due := self._wake()) is not None and due <= workflow.now():
                await self._check_calendar()
                self._ring()

    def _wake(self) -> datetime | None:
        return desk.next_wake(tuple(self._state.items.values()))

    def _ring(self) -> None:
        for key, item in list(self._state.items.items()):
            rung, spoken = desk.ring(item, workflow.now())
            if not spoken:
                continue
            self._state.items[key] = rung
            if rung.light is Light.RED and item.light is not Light.RED:
                self._state.overdue_count += 1
            self._speak(rung, spoken)

    def _speak(self, item: Item, rungs: tuple[Rung, ...]) -> None:
        """Of a joint step only whose answer is missing is told of, and whoever coordinates it.

        A coordinator hears of the others also where his own unit has answered.
        """
        done = set(item.units) - set(item.waiting_units)
        told_of = (r for r in rungs if _is_over_all(r) or r.to.partition(":")[0] not in done)
        rungs = tuple(told_of) or rungs
        name = item.step.name
        kind = {
            desk.REMIND: EntryKind.REMINDED,
            desk.DUE: EntryKind.OVERDUE,
            desk.ESCALATE: EntryKind.ESCALATED,
        }[rungs[0].kind]
        waiting = "、".join(item.waiting_units)
        told = "、".join(desk.named(*r.to.split(":", 1)) for r in rungs if r.kind == desk.ESCALATE)
        sentence = {
            EntryKind.REMINDED: f"提醒{waiting}：“{name}”时限{item.due.words}。",
            EntryKind.OVERDUE: f"“{name}”已到期未办（时限{item.due.words}），亮红灯，职责不变：{waiting}。",
            EntryKind.ESCALATED: f"“{name}”超期未办（时限{item.due.words}，由{waiting}办理），升级告知{told}。",
        }[kind]
        self._view.log(kind, sentence, step=name)
        for rung in rungs:
            unit, _, role = rung.to.partition(":")
            if rung.kind == desk.ESCALATE and unit:
                self._view.tell(unit, role, sentence, step=name, level=desk.ESCALATE)
        if kind is not EntryKind.ESCALATED:
            for unit in item.waiting_units:
                self._view.tell(unit, "经办人", sentence, step=name, level=str(kind))

    # --- a new calendar ---------------------------------------------------------------------

    async def _check_calendar(self) -> None:
        """Each wake-up asks whether a newer calendar is in force, in case a signal was lost."""
        try:
            await self._inquiry.about_calendar()
        except UNANSWERED:
            return
        if self._state.calendar_due:
            await self._follow_calendar()

    async def _follow_calendar(self) -> None:
        """Recompute every open step under the calendar in force; tell each unit once."""
        heard = self._state.calendar_heard
        open_items = [i for i in self._state.items.values() if i.is_open]
        questions = tuple(
            replace(
                self._state.questions[i.key],
                standing=i.due.due_date,
                asked_at=workflow.now(),
            )
            for i in open_items
        )
        answer = await self._inquiry.about_dues(questions)
        self._state.calendar_version = max(answer.calendar_version, self._state.calendar_version)
        if self._state.calendar_heard == heard:
            # The register is right: a version that it does not have in force is not waited for.
            self._state.calendar_heard = self._state.calendar_version
        self._view.touch()
        dues = answer.dues or {}
        for asked in open_items:
            item = self._state.items[asked.key]
            found = dues.get(item.step.name)
            if found is None or not item.is_open or item.due == found.deadline:
                continue
            move = Move(
                before=item.due.due_date,
                after=found.deadline.due_date,
                why=desk.CALENDAR,
                paper=answer.calendar_paper or found.deadline.calendar,
                at=workflow.now(),
            )
            self._state.items[item.key] = desk.reschedule(
                item, found.deadline, found.rungs, workflow.now(), move
            )
            if move.before != move.after:
                self._say_rescheduled(item, found.deadline, move)

    def _say_rescheduled(self, item: Item, due: Deadline, move: Move) -> None:
        text = self._view.log_move(item, due, move)
        for unit in item.waiting_units:
            self._view.tell(unit, "经办人", text, step=item.step.name, level="改期")


def _is_over_all(rung: Rung) -> bool:
    """Whether a rung leads to a coordinator, who is told of every unit."""
    return rung.to.rpartition(":")[2] == Role.COORDINATOR

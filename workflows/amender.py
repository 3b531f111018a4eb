"""An amended plan reaches a running procedure: new terms, moved dates, back to the start, or its end.

What is open goes on (继续) under the new terms, goes back to the first step (退回重办), or ends. Every
date that moves keeps what it was and the 文号 that moved it; what was overdue stays overdue. Nobody
is told here: the amendment tells each unit once for all its items.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.journal import EntryKind
    from contracts.procedure import END, REDO, ProcedureState, RowAmended
    from contracts.registers import StepDue
    from domain import desk
    from domain.desk import Item, Move
    from domain.procedure import Verb
    from workflows.casebook import Casebook
    from workflows.inquiry import Inquiry
    from workflows.terms import Terms
    from workflows.view import ProcedureView


class Amender:
    """Follows amendments one after the other, between two actions and never during one."""

    def __init__(
        self,
        state: ProcedureState,
        terms: Terms,
        view: ProcedureView,
        inquiry: Inquiry,
        casebook: Casebook,
    ) -> None:
        self._state = state
        self._terms = terms
        self._view = view
        self._inquiry = inquiry
        self._casebook = casebook

    def hear(self, note: RowAmended) -> None:
        """This will note an amendment to be followed; one that is known already is not noted twice."""
        known = max((n.version for n in self._state.amendments), default=self._state.plan_version)
        if note.version > known:
            self._state.amendments = (*self._state.amendments, note)

    async def keep_amended(self, lock: asyncio.Lock, is_over: Callable[[], bool]) -> None:
        """This will follow whatever is noted, for ever."""
        while True:
            await workflow.wait_condition(lambda: not is_over() and self._next() is not None)
            async with lock:
                note = self._next()
                if note is not None and not is_over():
                    await self._follow(note)

    def _next(self) -> RowAmended | None:
        """The amendment to follow now; going back waits until there is something to go back from."""
        if not self._state.amendments or not self._state.items:
            return None
        note = self._state.amendments[0]
        if note.version == self._state.plan_version and self._on_the_line() is None:
            return None
        return note

    async def _follow(self, note: RowAmended) -> None:
        """The question comes first: what follows is done in one go, or not at all."""
        if note.version == self._state.plan_version:
            self._go_back(note)
            return
        if note.how == END:
            self._state.plan_version = note.version
            self._state.amendments = self._state.amendments[1:]
            self._casebook.terminate(f"{note.reason or '方案修订'}（{note.paper}）", note.person)
            return
        old_due = self._terms.row.due
        open_items = [i for i in self._state.items.values() if i.is_open]
        questions = tuple(self._inquiry.asked_anew(i, note) for i in open_items)
        answer = await self._inquiry.about_dues(questions)
        self._terms.amend(note)
        new_due = self._terms.row.due
        moved = f"，完成时限由{old_due}改为{new_due}" if new_due != old_due else ""
        self._view.log(
            EntryKind.AMENDED,
            f"方案修订（第{note.version}版，{note.paper}）：本事项{note.how}{moved}。{note.reason}",
            person=note.person,
            detail={"version": note.version, "paper": note.paper, "how": note.how},
        )
        for asked, question in zip(open_items, questions, strict=True):
            self._state.questions[asked.key] = question
            found = (answer.dues or {}).get(asked.step.name)
            if found is not None:
                self._move(self._state.items[asked.key], found, note)
        if note.how == REDO:
            self._go_back(note)
        else:
            self._state.amendments = self._state.amendments[1:]

    def _move(self, item: Item, found: StepDue, note: RowAmended) -> None:
        if not item.is_open or item.due == found.deadline:
            return
        move = Move(
            before=item.due.due_date,
            after=found.deadline.due_date,
            why=desk.AMENDED,
            paper=note.paper,
            at=workflow.now(),
            person=note.person,
        )
        self._state.items[item.key] = desk.reschedule(
            item, found.deadline, found.rungs, workflow.now(), move
        )
        self._view.log_move(item, found.deadline, move)

    def _on_the_line(self) -> Item | None:
        """The open step of the main line, from which one can go back."""
        items = self._state.items.values()
        return next((i for i in items if i.is_open and i.step.line), None)

    def _go_back(self, note: RowAmended) -> None:
        """退回重办; where nothing of the main line is open, it waits for that."""
        item = self._on_the_line()
        if item is None:
            return
        self._state.amendments = self._state.amendments[1:]
        first = self._terms.route[0].name
        if item.step.name == first:
            return
        parties = tuple(
            unit
            for step in self._terms.steps
            if Verb.OPINION in step.shape.verbs
            for unit in step.units
        )
        closed = replace(
            item,
            closed_at=workflow.now(),
            outcome=desk.AMENDED_BACK,
            outcome_to=first,
            reopen=parties,
            extension=None,
        )
        self._view.log(
            EntryKind.AMENDED,
            f"“{item.step.name}”按修订的方案（{note.paper}）退回至“{first}”重办。",
            step=item.step.name,
            person=note.person,
            detail={"visit": item.visit, "paper": note.paper, "outcome_to": first},
        )
        self._casebook.keep(closed)

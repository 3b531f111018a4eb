"""What a procedure asks of the registers (directory, calendar, plan), and what it keeps of it.

One action is one question, asked in a local activity while a person waits. Only due times without
which nothing goes on are waited for, however long the database is away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.procedure import ProcedureRequest, ProcedureState
    from contracts.registers import Answer, Consultation, DueQuestion, Registers, StepDue
    from domain.action import Action
    from domain.desk import Docket
    from domain.procedure import CLOSING, Verb
    from domain.route_order import may_open
    from workflows import policies
    from workflows.asking import ask_patiently


class Inquiry:
    """The questions of one procedure; owns the due times that were asked ahead."""

    def __init__(self, request: ProcedureRequest, state: ProcedureState) -> None:
        self._request = request
        self._state = state
        self._planned = {step.name: step for step in request.steps}
        self._ahead: dict[str, StepDue] = {}

    async def about(self, action: Action, docket: Docket, visits: Mapping[str, int]) -> Answer:
        """This will ask all that one action needs to know; ActivityError if there is no answer.

        ``visits`` counts by name the steps that were opened so far.
        """
        return await self._consult(
            Consultation(
                rollout=self._request.plan.rollout,
                district=self._request.district,
                person=action.person,
                other_person=action.to if action.verb is Verb.ASSIGN else "",
                units=(action.to.rpartition("=")[2],) if action.verb is Verb.REASSIGN else (),
                dues=self._dues_asked(action, docket, visits),
            )
        )

    async def about_calendar(self) -> Answer:
        """This will ask which calendar is in force; ActivityError if there is no answer."""
        return await self._consult(Consultation(rollout=self._request.plan.rollout))

    async def about_dues(self, questions: tuple[DueQuestion, ...]) -> Answer:
        """This will ask for due times; while the database is away, wait for it."""
        question = Consultation(
            rollout=self._request.plan.rollout, district=self._request.district, dues=questions
        )
        answer = await ask_patiently(Registers.consult, question, "职务与时限")
        self._notice_calendar(answer.calendar_version)
        return answer

    async def due_of(self, name: str, visit: int) -> StepDue:
        """This will return when a step that is dispatched now falls due."""
        due = self._ahead.pop(name, None)
        if due is None:
            answer = await self.about_dues((self._due_question(name, visit),))
            due = (answer.dues or {})[name]
        return due

    def keep_ahead(self, answer: Answer) -> None:
        """The due times of an allowed answer are those of the steps that it opens."""
        self._ahead = dict(answer.dues or {})

    async def _consult(self, question: Consultation) -> Answer:
        answer = await workflow.execute_local_activity_method(
            Registers.consult, question, summary="查登记库：职务与时限", **policies.ASK
        )
        self._notice_calendar(answer.calendar_version)
        return answer

    def _notice_calendar(self, version: int) -> None:
        if not self._state.calendar_version:
            self._state.calendar_version = version
        self._state.calendar_heard = max(version, self._state.calendar_heard)

    def _dues_asked(
        self, action: Action, docket: Docket, visits: Mapping[str, int]
    ) -> tuple[DueQuestion, ...]:
        item = docket.open_item(action.step)
        if item is None and len(docket.open_items) == 1:
            item = docket.open_items[0]
        if item is None:
            return ()
        if action.verb is Verb.GRANT_EXTENSION and item.extension is not None:
            question = self._state.questions[item.key]
            return (replace(question, by=item.extension.new_due),)
        if action.verb not in CLOSING:
            return ()
        route = tuple(step.shape for step in self._request.steps)
        opening = may_open(route, item, action, {i.step.name for i in docket.open_items})
        return tuple(self._due_question(name, visits.get(name, 0) + 1) for name in opening)

    def _due_question(self, name: str, visit: int) -> DueQuestion:
        """A first visit has its place in the backward schedule; a redraft has its own time."""
        planned = self._planned[name]
        redraft = visit > 1 and Verb.SUBMIT in planned.shape.verbs
        question = DueQuestion(
            step=name,
            dispatched_at=workflow.now(),
            workdays=planned.workdays,
            anchor=None if redraft else planned.planned_due,
            row_id="" if redraft else self._request.row.id,
            limit=self._state.limit or self._request.row.due,
            remind=planned.remind,
            escalate=tuple((r.workdays, f"{r.unit}:{r.label}") for r in planned.escalate),
        )
        self._state.questions[f"{name}#{visit}"] = question
        return question

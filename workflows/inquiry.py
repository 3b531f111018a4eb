"""What a procedure asks of the registers (directory, calendar, plan), and what it keeps of it.

One action is one question, asked in a local activity while a person waits. Only due times without
which nothing goes on are waited for, however long the database is away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.case_clock import clock_question
    from contracts.procedure import ProcedureRequest, ProcedureState, RowAmended
    from contracts.registers import Answer, Consultation, DueQuestion, Registers, StepDue
    from domain.action import Action, Keeping
    from domain.desk import Docket, Item
    from domain.procedure import CLOSING, Verb
    from domain.route_order import may_open
    from domain.schedule import PlannedStep
    from workflows import policies
    from workflows.asking import ask_patiently
    from workflows.terms import Terms


class Inquiry:
    """The questions of one procedure; owns the due times that were asked ahead."""

    def __init__(self, request: ProcedureRequest, state: ProcedureState, terms: Terms) -> None:
        self._request = request
        self._state = state
        self._terms = terms
        self._ahead: dict[str, StepDue] = {}

    async def about(self, action: Action, docket: Docket, visits: Mapping[str, int]) -> Answer:
        """This will ask all that one action needs to know; UNANSWERED if there is no answer.

        ``visits`` counts by name the steps that were opened so far.
        """
        item = _item_meant(action, docket)
        return await self._consult(
            replace(
                self._question(),
                person=action.person,
                other_person=action.to if action.verb is Verb.ASSIGN else "",
                units=self._units_named(action),
                dues=self._dues_asked(action, item, docket, visits),
                able_in=item.units if item is not None and item.not_by else (),
                stored=tuple(e.sha256 for e in action.evidence if e.kept is Keeping.STORED),
            )
        )

    async def about_person(self, person: str, stored: tuple[str, ...]) -> Answer:
        """This will ask who a person is, and which files are there; raises UNANSWERED."""
        return await self._consult(replace(self._question(), person=person, stored=stored))

    async def about_calendar(self) -> Answer:
        """This will ask which calendar is in force; UNANSWERED if there is no answer."""
        return await self._consult(self._question())

    async def about_dues(self, questions: tuple[DueQuestion, ...]) -> Answer:
        """This will ask for due times; while the database is away, wait for it."""
        question = replace(self._question(), dues=questions)
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

    def asked_anew(self, item: Item, note: RowAmended) -> DueQuestion:
        """The question for an open step's due time under an amended plan; nothing is kept of it.

        An approved extension stays; a redraft keeps its own time.
        """
        old = self._state.questions[item.key]
        planned = {step.name: step for step in note.steps}.get(item.step.name)
        if planned is None:
            planned = self._terms.planned[item.step.name]
        row = note.row or self._terms.row
        limit = row.due if row.due != self._terms.row.due else self._terms.limit
        return replace(
            old,
            workdays=planned.workdays,
            anchor=planned.planned_due if old.row_id else None,
            limit=limit,
            remind=planned.remind,
            escalate=_ladder(planned),
        )

    def asked_ahead(self, name: str) -> StepDue:
        """The due time that was asked ahead for a step; KeyError if it was not."""
        return self._ahead.pop(name)

    def forget_ahead(self, name: str) -> None:
        """A step that is planned anew before it opens is asked about anew."""
        self._ahead.pop(name, None)

    def note_admission(self, answer: Answer, names: tuple[str, ...]) -> None:
        """This will take over what was asked when a case was admitted: due times and versions."""
        self._notice_calendar(answer.calendar_version)
        for name in names:
            self._due_question(name, 1)
        self.keep_ahead(answer)

    def _question(self) -> Consultation:
        return Consultation(
            rollout=self._request.plan.rollout,
            district=self._terms.district,
            now=workflow.now(),
        )

    def _units_named(self, action: Action) -> tuple[str, ...]:
        """The unit to which a 改派 goes, also when it is agreed to by a second person."""
        asked = self._state.second
        if action.verb is Verb.REASSIGN:
            return (action.to.rpartition("=")[2],)
        if action.verb in (Verb.DESIGNATE, Verb.HAND_OVER) and action.to:
            return (action.to,)
        if action.verb is Verb.COUNTERSIGN and asked is not None and asked.verb is Verb.REASSIGN:
            return (asked.to.rpartition("=")[2],)
        return ()

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
        self, action: Action, item: Item | None, docket: Docket, visits: Mapping[str, int]
    ) -> tuple[DueQuestion, ...]:
        if item is None:
            return ()
        if action.verb is Verb.GRANT_EXTENSION and item.extension is not None:
            question = self._state.questions[item.key]
            return (replace(question, by=item.extension.new_due),)
        if action.verb not in CLOSING:
            return ()
        opening = may_open(
            self._terms.route, item, action, {i.step.name for i in docket.open_items}
        )
        return tuple(self._due_question(name, visits.get(name, 0) + 1) for name in opening)

    def _due_question(self, name: str, visit: int) -> DueQuestion:
        """A first visit has its place in the backward schedule; a redraft has its own time."""
        planned = self._terms.planned[name]
        if self._state.case is not None:
            clocked = clock_question(self._state.case, planned, workflow.now())
            self._state.questions[f"{name}#{visit}"] = clocked
            return clocked
        redraft = visit > 1 and Verb.SUBMIT in planned.shape.verbs
        question = DueQuestion(
            step=name,
            dispatched_at=workflow.now(),
            workdays=planned.workdays,
            anchor=None if redraft else planned.planned_due,
            row_id="" if redraft else self._terms.row.id,
            limit=self._terms.limit,
            remind=planned.remind,
            escalate=_ladder(planned),
            clock=planned.clock,
        )
        self._state.questions[f"{name}#{visit}"] = question
        return question


def _ladder(planned: PlannedStep) -> tuple[tuple[int, str], ...]:
    return tuple((r.workdays, f"{r.unit}:{r.label}") for r in planned.escalate)


def _item_meant(action: Action, docket: Docket) -> Item | None:
    item = docket.open_item(action.step)
    if item is None and len(docket.open_items) == 1:
        return docket.open_items[0]
    return item

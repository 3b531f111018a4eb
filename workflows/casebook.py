"""The items of one procedure: opened, changed by what was decided, closed.

Every change is made here in one go: nothing in this module waits between a decision and what it
changes. What is decided is ``domain.decision``'s; who waits for an item to close is the course's.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.journal import EntryKind
    from contracts.procedure import ActionReply, ProcedureRequest, ProcedureState
    from contracts.registers import Answer, StepDue
    from domain import desk
    from domain.action import Action
    from domain.decision import decide
    from domain.desk import Docket, Item
    from domain.procedure import Verb
    from domain.refusal import Refused
    from domain.requirement import required_documents, text_template
    from domain.route_order import line_to
    from domain.ruling import Ruling
    from domain.schedule import PlannedStep
    from workflows.view import ProcedureView


class Casebook:
    """Keeps the items in the state, and says each change to the log and to the units."""

    def __init__(
        self, request: ProcedureRequest, state: ProcedureState, view: ProcedureView
    ) -> None:
        self._request = request
        self._state = state
        self._view = view
        self._closings: dict[str, asyncio.Future[Item]] = {}

    def docket(self) -> Docket:
        """What a decision looks at, as it is now."""
        return Docket(
            subject=self._request.unit,
            items=tuple(self._state.items.values()),
            coordinators=self._request.coordinators,
        )

    def open(
        self,
        planned: PlannedStep,
        visit: int,
        due: StepDue,
        *,
        units: tuple[str, ...],
        not_by: dict[str, str],
        must_reply: tuple[str, ...],
    ) -> None:
        """This will put a step on the desks of its units; ``units`` overrides the planned ones."""
        item = Item(
            step=self._step_of(planned),
            visit=visit,
            units=units or planned.units,
            opened_at=workflow.now(),
            due=due.deadline,
            original_due_date=due.deadline.due_date,
            rungs=due.rungs,
            not_by=not_by,
            must_reply=must_reply,
        )
        self._state.items[item.key] = item
        self._view.log(
            EntryKind.OPENED,
            f"“{planned.name}”交{'、'.join(item.units)}办理，时限{item.due.due_date}。",
            step=planned.name,
            detail={"rule": item.due.rule, "calendar": item.due.calendar},
        )

    async def closed(self, key: str) -> Item:
        """This will return an item once it is closed; at once if it is."""
        item = self._state.items[key]
        if not item.is_open:
            return item
        closing = self._closings.setdefault(key, asyncio.get_running_loop().create_future())
        return await closing

    def rule(self, action: Action, answer: Answer) -> ActionReply:
        """This will decide and change, with no await between the two."""
        # The one asked for is the item's, also where the action names no step.
        granted = (
            next(iter((answer.dues or {}).values()), None)
            if action.verb is Verb.GRANT_EXTENSION
            else None
        )
        docket = replace(
            self.docket(),
            known_units=answer.known_units,
            other_grants=answer.other_grants,
            new_due=(granted.deadline, granted.rungs) if granted else None,
        )
        ruling = decide(docket, action, answer.grants, workflow.now())
        if isinstance(ruling, Refused):
            return self._refuse(action, ruling)
        return self._accept(action, ruling, answer.directory_version)

    def terminate(self, reason: str, person: str = "") -> None:
        """This will close everything undone; with a person it is logged as that person's act."""
        self._state.terminated = reason
        if person:
            sentence = f"{person}：终止办理。{reason}"
            self._view.log(EntryKind.ACTED, sentence, verb=str(Verb.TERMINATE), person=person)
        for key, item in self._state.items.items():
            if item.is_open:
                self._state.items[key] = replace(
                    item, closed_at=workflow.now(), outcome=desk.TERMINATED
                )

    def _step_of(self, planned: PlannedStep) -> desk.Step:
        shape = planned.shape
        return desk.Step(
            name=planned.name,
            verbs=shape.verbs,
            role=shape.role,
            verdicts=shape.verdicts,
            documents=required_documents(self._request.row, shape, self._request.unit),
            back_to=shape.back_to,
            approver=planned.extension_by,
            max_extensions=planned.max_extensions,
            line=line_to(tuple(step.shape for step in self._request.steps), planned.name),
            template=text_template(self._request.row, shape),
        )

    def _refuse(self, action: Action, no: Refused) -> ActionReply:
        self._state.refusals[action.person] = self._state.refusals.get(action.person, 0) + 1
        seq = self._view.log(
            EntryKind.REFUSED, no.sentence, step=action.step, action=action, code=no.code
        )
        return ActionReply(accepted=False, code=no.code, sentence=no.sentence, seq=seq)

    def _accept(self, action: Action, ruling: Ruling, directory: int) -> ActionReply:
        item = ruling.item
        seq = self._view.log(
            EntryKind.ACTED,
            ruling.sentence,
            step=item.step.name if item else action.step,
            unit=ruling.unit,
            action=action,
            detail={"directory": directory},
        )
        for told in ruling.told:
            self._view.tell(told.unit, told.to, told.text, step=action.step, level=str(action.verb))
        if item is not None:
            self._keep(item, action)
        if ruling.terminated:
            self.terminate(ruling.terminated)
        return ActionReply(accepted=True, sentence=ruling.sentence, seq=seq)

    def _keep(self, item: Item, action: Action) -> None:
        self._state.items[item.key] = item
        if item.outcome_to:
            self._state.returned_count += 1
        if action.verb is Verb.GRANT_EXTENSION:
            self._state.extended_count += 1
            limit = self._state.limit or self._request.row.due
            self._state.limit = max(limit, item.due.due_date)
            self._state.questions[item.key] = replace(
                self._state.questions[item.key], by=item.due.due_date
            )
        closing = self._closings.get(item.key)
        if closing is not None and not item.is_open and not closing.done():
            closing.set_result(item)

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
    from domain.action import Action, Light
    from domain.decision import decide
    from domain.desk import Docket, Item
    from domain.procedure import Verb
    from domain.refusal import Refused
    from domain.requirement import required_documents, text_template
    from domain.route_order import line_to
    from domain.ruling import Ruling
    from domain.schedule import PlannedStep
    from workflows.refusals import count_refusal
    from workflows.terms import Terms
    from workflows.view import ProcedureView, move_detail


class Casebook:
    """Keeps the items in the state, and says each change to the log and to the units."""

    def __init__(
        self,
        request: ProcedureRequest,
        state: ProcedureState,
        terms: Terms,
        view: ProcedureView,
    ) -> None:
        self._request = request
        self._state = state
        self._terms = terms
        self._view = view
        self._closings: dict[str, asyncio.Future[Item]] = {}

    def docket(self) -> Docket:
        """What a decision looks at, as it is now."""
        return Docket(
            subject=self._request.unit,
            items=tuple(self._state.items.values()),
            coordinators=self._terms.coordinators,
            limit=self._terms.limit,
            set_by=self._terms.row.set_by,
            second=self._state.second,
            edition=self._request.edition,
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
        assignees: dict[str, str] | None = None,
        verbs: tuple[Verb, ...] = (),
    ) -> None:
        """This will put a step on the desks of its units.

        ``units`` and ``verbs`` override the planned ones; ``assignees`` are who is named for it (专人).
        """
        step = self._step_of(planned)
        item = Item(
            step=replace(step, verbs=verbs) if verbs else step,
            visit=visit,
            units=units or planned.units,
            opened_at=workflow.now(),
            due=due.deadline,
            original_due_date=due.deadline.due_date,
            rungs=due.rungs,
            not_by=not_by,
            must_reply=must_reply,
            assignees=assignees or {},
        )
        self._state.items[item.key] = item
        limit = item.due.words if item.due.is_unlimited else f"时限{item.due.words}"
        self._view.log(
            EntryKind.OPENED,
            f"“{planned.name}”交{'、'.join(item.units)}办理，{limit}。",
            step=planned.name,
            detail={
                "visit": visit,
                "units": list(item.units),
                "due_date": item.due.due_date.isoformat(),
                "rule": item.due.rule,
                "calendar": item.due.calendar,
                "provisional": item.due.provisional,
            },
        )

    async def closed(self, key: str) -> Item:
        """This will return an item once it is closed; at once if it is."""
        item = self._state.items[key]
        if not item.is_open:
            return item
        closing = self._closings.setdefault(key, asyncio.get_running_loop().create_future())
        return await closing

    def foresee(self, action: Action, answer: Answer) -> Ruling | Refused:
        """This will say what an action would do now; nothing changes."""
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
            able=answer.able or {},
            away=answer.away or {},
            stored=answer.stored,
        )
        return decide(docket, action, answer.grants, workflow.now())

    def rule(self, action: Action, answer: Answer) -> ActionReply:
        """This will decide and change, with no await between the two."""
        ruling = self.foresee(action, answer)
        if isinstance(ruling, Refused):
            return self.refuse(action, ruling)
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
            documents=required_documents(self._terms.row, shape, self._request.unit),
            back_to=shape.back_to,
            approver=planned.extension_by,
            max_extensions=planned.max_extensions,
            line=line_to(self._terms.route, planned.name),
            template=text_template(self._terms.row, shape),
            elements=shape.elements,
            joint=shape.joint,
        )

    def refuse(self, action: Action, no: Refused, verb: str = "") -> ActionReply:
        """This will log and count a refusal; ``verb`` is what was asked where ``action`` has none."""
        count_refusal(self._state, action.person)
        seq = self._view.log(
            EntryKind.REFUSED,
            no.sentence,
            step=action.step,
            action=action,
            code=no.code,
            verb=verb,
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
            detail={"directory": directory, **self._facts(ruling)},
        )
        for told in ruling.told:
            self._view.tell(told.unit, told.to, told.text, step=action.step, level=str(action.verb))
        if ruling.second is not None or ruling.seconded:
            self._state.second = ruling.second
            self._view.touch()
        if item is not None:
            self._count(item)
            if action.verb is Verb.GRANT_EXTENSION:
                self._extend(item)
            self.keep(item)
        if ruling.terminated:
            self.terminate(ruling.terminated)
        return ActionReply(accepted=True, sentence=ruling.sentence, seq=seq)

    def keep(self, item: Item) -> None:
        """This will put a changed item in its place, and wake whoever waits for it to close."""
        self._state.items[item.key] = item
        if item.outcome_to:
            self._state.returned_count += 1
        closing = self._closings.get(item.key)
        if closing is not None and not item.is_open and not closing.done():
            closing.set_result(item)

    def _facts(self, ruling: Ruling) -> dict[str, object]:
        """What the log keeps of a ruling beside its sentence; empty parts are left out."""
        item = ruling.item
        facts: dict[str, object] = {"capacity": ruling.capacity}
        if item is not None:
            facts |= {"visit": item.visit, "outcome": item.outcome, "outcome_to": item.outcome_to}
            if not item.is_open:
                facts["late"] = "超期" if item.is_late else "按期"
            moved = len(item.moves) - len(self._state.items[item.key].moves)
            if moved:
                facts["move"] = move_detail(item.moves[-1], item)
        return {name: value for name, value in facts.items() if value}

    def _count(self, item: Item) -> None:
        """What happened in time but was recorded late is no overdue step (补录)."""
        before = self._state.items[item.key]
        self._state.silent_count += sum(a.silent for a in item.answers) - sum(
            a.silent for a in before.answers
        )
        recorded_late = any(a.on for a in item.answers)
        if before.is_open and not item.is_open and recorded_late and not item.is_late:
            self._state.overdue_count -= before.light is Light.RED

    def _extend(self, item: Item) -> None:
        self._state.extended_count += 1
        self._state.limit = max(self._terms.limit, item.due.due_date)
        self._state.questions[item.key] = replace(
            self._state.questions[item.key], by=item.due.due_date
        )

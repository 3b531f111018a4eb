"""A case between a street and the departments, both ways (F24–F28, F33; 4-10…4-15, 3-14, 0-47, 1-46).

The steps and what may follow each stand in ``domain.case_routes``; here is who waits for whom. A case
is opened by Update-with-Start: the registers say first whether it may be (4-20, 4-33); what was
refused ends as failed, so that its number may be used again, and stays in the log.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from contracts.case import OPEN_UPDATE, CaseAdmission, CaseQuestion, Cases, CitationQuestion
    from contracts.journal import EntryKind
    from contracts.procedure import (
        ActionReply,
        OpeningAnswer,
        ProcedureRequest,
        ProcedureResult,
    )
    from contracts.registers import Answer
    from domain.action import Action, Ending
    from domain.case import CaseFile, CaseKind, Opening
    from domain.case_admission import OFF_LIST_WORD
    from domain.case_limits import (
        ANSWER,
        ARRIVE,
        CARRY_ON,
        CONFIRM,
        DECIDE,
        DESIGNATE,
        DISPOSE,
        DIVIDE,
        HANDLE,
        HANDOVER,
        MOVE,
        NEGOTIATE,
        POLICE_REVIEW,
        RAISED,
        REPLY,
        RULE,
        SIGN,
        TAKE_OVER,
    )
    from domain.case_opening import ITEM_FACT, first_action, handover_action, sayable
    from domain.case_routes import FIRST_STEP
    from domain.case_rules import case_fault, recounted
    from domain.desk import Item, named
    from domain.procedure import Verb
    from domain.refusal import Refused
    from domain.unit import Role
    from workflows import policies
    from workflows.asking import UNANSWERED, ask_patiently
    from workflows.procedure import Procedure

REGISTERED = "登记"
"""What the log calls the opening of a case whose report is still owed."""

_TAKE = (Verb.ACCEPT,)
"""What is left to whom the common superior, or the arbiter, has given the case."""


@workflow.defn(name="CaseHandover")
class CaseHandover(Procedure):
    """One case from its opening to 办结; every kind of it."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)
        if request.opening is None:
            raise ApplicationError("没有案件内容。", type="CASE_OPENING", non_retryable=True)
        self._opening: Opening = request.opening
        self._late_admission = False
        self._taken: Refused | None = None
        # Counted by the walk, which begins anew when the case continues as new.
        self._returns = 0

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """受理 → the course of its kind → 办结; a case that may not be opened fails at once."""
        if self._state.admission is None:
            await self._admit()
        if self._taken is not None:
            await workflow.wait_condition(workflow.all_handlers_finished)
            no = self._taken
            raise ApplicationError(no.sentence, type=no.code, non_retryable=True)
        result = await self.carry_out(("案件", self._course_of_case))
        answer = self._state.admission
        if answer is not None and answer.code:
            raise ApplicationError(
                answer.sentence, {"seq": result.seq}, type=answer.code, non_retryable=True
            )
        return result

    def ending(self) -> Ending:
        """未受理 where the opening was refused."""
        answer = self._state.admission
        if answer is not None and answer.code:
            return Ending.NOT_ADMITTED
        return super().ending()

    # --- opening ----------------------------------------------------------------------------

    @workflow.update(name=OPEN_UPDATE)
    async def open_case(self, action_id: str) -> ActionReply:
        """Answer the opening: admitted, refused with a code, or the registers are away."""
        if action_id != self._opening.action_id:
            return ActionReply(
                accepted=False,
                code="CASE_ID_USED",
                sentence=f"编号“{self._opening.number}”已用于另一案件，请另编号。",
            )
        await workflow.wait_condition(
            lambda: bool(self._state.admission or self._taken) or self._late_admission
        )
        if self._taken is not None:
            no = self._taken
            return ActionReply(accepted=False, code=no.code, sentence=no.sentence)
        answer = self._state.admission
        if answer is None:
            return ActionReply(
                accepted=False,
                code="UNAVAILABLE",
                sentence="案件已收下，登记库恢复后自动受理，不必重报；可用 jiegai case show 查看。",
            )
        await workflow.wait_condition(lambda: bool(answer.code) or bool(self._state.items))
        await self._scribe.until_written(answer.seq)
        return ActionReply(
            accepted=not answer.code,
            code=answer.code,
            sentence=answer.sentence,
            seq=answer.seq,
            opened=tuple(i.step.name for i in self._casebook.docket().open_items),
        )

    async def _admit(self) -> None:
        """This will ask the registers whether the case may be opened, however long they are away."""
        found = await self._ask_admission()
        if found.taken:
            self._taken = Refused(code=found.code, sentence=found.sentence)
            return
        state, opening = self._state, self._opening
        state.seq = max(state.seq, found.base_seq)
        state.case, state.row, state.steps = found.file, found.row, found.steps
        if not found.admitted:
            self._not_admitted(Refused(code=found.code, sentence=found.sentence), found)
            return
        self._inquiry.note_admission(found.answer, tuple(found.answer.dues or {}))
        first = FIRST_STEP[found.file.kind]
        self._open(first)
        action = first_action(opening, found.file.sender)
        if not opening.reported:
            sentence = (
                f"{named(found.file.sender, opening.person)}：登记“{opening.title}”，尚待报告。"
            )
            seq = self._view.log(
                EntryKind.ACTED, sentence, step=first, action=action, verb=REGISTERED
            )
        else:
            no = self._casebook.foresee(action, found.answer)
            if isinstance(no, Refused):
                state.items.clear()
                self._not_admitted(no, found)
                return
            reply = self._casebook.rule(action, found.answer)
            sentence, seq = reply.sentence, reply.seq
            if opening.handed_over:
                self._open(HANDOVER)
                reply = self._casebook.rule(
                    handover_action(opening, found.file.sender), found.answer
                )
                sentence, seq = f"{sentence}{reply.sentence}", reply.seq
        state.admission = OpeningAnswer(sentence=f"{sentence}{found.remark}", seq=seq)

    async def _ask_admission(self) -> CaseAdmission:
        question = CaseQuestion(
            rollout=self._request.plan.rollout,
            workflow_id=workflow.info().workflow_id,
            run_id=workflow.info().run_id,
            opening=self._opening,
            now=workflow.now(),
        )
        try:
            return await workflow.execute_local_activity_method(
                Cases.admit, question, summary="查登记库：受理案件", **policies.ASK
            )
        except UNANSWERED:
            self._late_admission = True
        return await ask_patiently(Cases.admit, question, "受理案件")

    def _open(self, name: str) -> None:
        """This will put the step that the opening answers on its desk."""
        due = self._inquiry.asked_ahead(name)
        self._casebook.open(self._terms.planned[name], 1, due, units=(), not_by={}, must_reply=())

    def _not_admitted(self, no: Refused, found: CaseAdmission) -> None:
        """This will log the attempt, and tell who watches over breaches (4-33, 4-35)."""
        reply = self._casebook.refuse(first_action(sayable(self._opening), found.file.sender), no)
        for unit in found.told:
            self._view.tell(
                unit,
                Role.COORDINATOR,
                f"{found.file.sender}向{found.file.street}{self._opening.kind}被拒：{no.sentence}",
                step="",
                level="违规尝试",
            )
        self._state.admission = OpeningAnswer(
            code=no.code, sentence=no.sentence, breach=found.breach, seq=reply.seq
        )

    # --- courses ----------------------------------------------------------------------------

    async def step(self, name: str, **more: Any) -> Item:
        """This will wait for a step as every procedure does; the file follows what it decided."""
        item = await super().step(name, **more)
        changed = recounted(self._file, self._state.items)
        if changed != self._file:
            self._state.case = changed
            self._view.touch()
        return item

    async def _course_of_case(self) -> str:
        answer = self._state.admission
        if answer is not None and answer.code:
            return ""
        courses = {
            CaseKind.REPORT: self._upward,
            CaseKind.REFERRAL: self._upward,
            CaseKind.DISPATCH: self._dispatch,
            CaseKind.CRIME: self._crime,
            CaseKind.CITIZEN: self._citizen,
            CaseKind.WHISTLE: self._whistle,
        }
        await self.step(FIRST_STEP[self._file.kind])
        await courses[self._file.kind]()
        return ""

    async def _upward(self) -> None:
        """报告 → 交接 → 签收 → 区级办理; a refusal is negotiated, then decided by the superior."""
        await self.step(HANDOVER)
        signed = await self.step(SIGN, units=(self._file.receiver,))
        if signed.outcome == Verb.REFUSE and not await self._settle_receiver(SIGN):
            return
        await self.step(HANDLE, units=(self._file.receiver,))

    async def _settle_receiver(self, again: str) -> bool:
        """协商, then 指定 (art. 25); True once somebody has the case, False if the street keeps it."""
        talked = await self.step(NEGOTIATE, units=(self._file.street, self._file.receiver))
        if talked.outcome == Verb.ACCEPT:
            return True
        if talked.outcome == Verb.KEEP:
            return False
        chosen = await self.step(DESIGNATE)
        receiver = chosen.answers[-1].to
        if receiver == self._file.street:
            return False
        await self.step(again, units=(receiver,), verbs=_TAKE)
        return True

    async def _dispatch(self) -> None:
        """派单 → 专人签收 → 办理 → 回告 → 确认; nothing closes without 回告 (4-14)."""
        file = self._file
        verbs: tuple[Verb, ...] = ()
        while True:
            signed = await self.step(SIGN, assignees=self._named(), verbs=verbs)
            if signed.outcome != Verb.REFUSE:
                break
            ruled = await self.step(RULE)
            if ruled.outcome == Verb.APPROVE:
                return
            verbs = _TAKE
        while True:
            handled = await self.step(HANDLE, assignees=self._named())
            handed = handled.outcome == Verb.HAND_OVER
            if handed and await self._hand_on(handled.answers[-1].to or file.sender):
                return
            if handled.outcome != Verb.REPLY:
                await self.step(REPLY, assignees=self._named())
            if await self._confirmed():
                return

    async def _confirmed(self) -> bool:
        """确认 by the department; beyond the limit of returns the named unit decides."""
        raised = self._returns >= self._file.settings.max_returns
        item = await self.step(RAISED if raised else CONFIRM)
        self._returns += item.outcome == Verb.RETURN
        return item.outcome != Verb.RETURN

    async def _hand_on(self, receiver: str) -> bool:
        """移交 (4-15): the duty moves when the receiver accepts, and the street hears of the end.

        False if the street goes on with it after all, and owes its 回告.
        """
        taken = await self.step(TAKE_OVER, units=(receiver,))
        if taken.outcome == Verb.REFUSE and not await self._settle_receiver(TAKE_OVER):
            return False
        await self.step(CARRY_ON, units=(self._file.receiver,))
        return True

    async def _crime(self) -> None:
        """决定 → 移送 → 公安审查 (国务院令310号); 不批准 ends it with its reasons recorded."""
        decided = await self.step(DECIDE)
        if decided.outcome == Verb.APPROVE:
            await self.step(MOVE)
            await self.step(POLICE_REVIEW)

    async def _citizen(self) -> None:
        """分流 → 办理 → 回复 (1-46); nothing closes without the reply to who asked."""
        await self.step(DIVIDE)
        while True:
            await self.step(HANDLE, units=(self._file.receiver,))
            answered = await self.step(ANSWER)
            if answered.outcome != Verb.RETURN:
                return

    async def _whistle(self) -> None:
        """报到 by everybody called, then 处置 (0-47)."""
        await self.step(ARRIVE, units=self._file.receivers)
        await self.step(DISPOSE)

    # --- rules beside those of every step ---------------------------------------------------

    async def before(self, action: Action, answer: Answer) -> Refused | None:
        """Who hands over, which item it is, who is designated: what cases ask beside the step."""
        item = self._casebook.docket().open_item(action.step) or self._only_item()
        if item is None:
            return None
        fault = case_fault(
            self._file,
            item,
            action,
            grants=answer.grants,
            known_units=answer.known_units,
            now=workflow.now(),
        )
        if fault is not None:
            return fault
        if item.step.name != HANDOVER or action.verb is not Verb.SUBMIT:
            return None
        if isinstance(self._casebook.foresee(action, answer), Refused):
            return None
        return await self._cite(action)

    async def _cite(self, action: Action) -> Refused | None:
        """The item is named at the latest at the handover; off the list it is a 移送 (3-14)."""
        file = self._file
        number = action.facts.get(ITEM_FACT, "").strip()
        if not number or (file.citation is not None and file.citation.number == number):
            return None
        if number == OFF_LIST_WORD:
            self._state.case = replace(file, citation=None, kind=CaseKind.REFERRAL)
            return None
        question = CitationQuestion(
            rollout=self._request.plan.rollout,
            district=file.district,
            street=file.street,
            department=file.receiver,
            item=number,
            at=file.trigger_at,
        )
        found = await workflow.execute_local_activity_method(
            Cases.cite, question, summary="查清单：交接所依据的事项", **policies.ASK
        )
        if found.citation is None:
            return Refused(code=found.code, sentence=found.sentence)
        self._state.case = replace(file, citation=found.citation, kind=CaseKind.REPORT)
        return None

    # --- the file ---------------------------------------------------------------------------

    @property
    def _file(self) -> CaseFile:
        file = self._state.case
        if file is None:
            raise ApplicationError("案件还没有受理。", type="CASE_FILE", non_retryable=True)
        return file

    def _named(self) -> dict[str, str]:
        """The street's 专人 for the item (4-13): they act, and whoever stands in for them."""
        people = self._file.liaisons
        return {self._file.street: "、".join(people)} if people else {}

    def _only_item(self) -> Item | None:
        items = self._casebook.docket().open_items
        return items[0] if len(items) == 1 else None

"""Changing a list of duties (4-31, 4-32, 4-48; F31): application, review, filing, then effect.

Here 备案 comes before 实施 (C7): until then the version before is the one that is cited.
"""

from __future__ import annotations

from functools import partial

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.duty_flow import ApplicationMoved, DutyEffect, DutyFlow
    from contracts.journal import EntryKind
    from contracts.procedure import ProcedureRequest, ProcedureResult
    from contracts.registers import Answer
    from domain.action import Action
    from domain.deadline import SHANGHAI, local_day
    from domain.desk import Item
    from domain.duty_change import ApplicationState, begins, effect_fault
    from domain.duty_flow import (
        APPLY,
        EFFECT,
        EFFECTIVE_ON,
        FILING,
        FILING_NO,
        NOTICE,
        REVIEW,
        withdrawal_fault,
    )
    from domain.procedure import Verb
    from domain.refusal import Refused
    from workflows.clerk import paper_of
    from workflows.duty_clerk import DutyClerk
    from workflows.procedure import Procedure


@workflow.defn(name="DutyListAdjustment")
class DutyListAdjustment(Procedure):
    """申请 by a department or a street, four units, 市委编办, and only then the next version."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)
        self._clerk = DutyClerk(request, self._state)

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """申请 → 四部门审核 → 备案 → 实施."""
        return await self.carry_out(
            (APPLY, self._apply),
            (REVIEW, self._review),
            (FILING, lambda: self._or_back(FILING)),
            (EFFECT, self._effect),
        )

    async def _apply(self) -> str:
        """What is under review is not rewritten."""
        item = await self.step(APPLY)
        await self._clerk.once(
            f"{item.key}:送审", partial(self._move, ApplicationState.UNDER_REVIEW)
        )
        return item.outcome_to

    async def _review(self) -> str:
        """四部门审核: all of them 通过; one 不通过 sends the application back."""
        item = await self.step(REVIEW)
        back = APPLY if item.outcome == Verb.REJECT else item.outcome_to
        return await self._sent_back(item, back)

    async def _or_back(self, name: str) -> str:
        item = await self.step(name)
        return await self._sent_back(item, item.outcome_to)

    async def _effect(self) -> str:
        """实施: the next version, unless the item was changed by another application meanwhile."""
        item = await self.step(EFFECT)
        if item.outcome_to:
            return await self._sent_back(item, item.outcome_to)
        code = await self._clerk.once(f"{item.key}:施行", partial(self._put_in_force, item))
        return await self._sent_back(item, APPLY) if code else ""

    async def _put_in_force(self, item: Item) -> str:
        filed = self.last(FILING)
        at = begins(_day_said(item), item.closed_at or workflow.now())
        order = DutyEffect(
            key=self._clerk.key,
            filing_no=paper_of(filed, FILING_NO) if filed else "",
            at=at,
            paper=paper_of(item, NOTICE),
        )
        made = await self._clerk.order(DutyFlow.effect, order, "新版施行")
        said = f"清单第{made.version}版自{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}起施行。"
        sentence = made.sentence if made.code else said
        self._view.log(EntryKind.POSTED, sentence, step=EFFECT, code=made.code)
        return made.code

    async def _sent_back(self, item: Item, back: str) -> str:
        """The applicant may write the application anew."""
        if back == APPLY:
            await self._clerk.once(f"{item.key}:退回", partial(self._move, ApplicationState.DRAWN))
        return back

    async def _move(self, state: ApplicationState) -> str:
        order = ApplicationMoved(key=self._clerk.key, state=state)
        await self._clerk.order(DutyFlow.move, order, f"申请{state}")
        return ""

    def is_at_work(self) -> bool:
        """Whether the register is being told something."""
        return self._clerk.is_at_work

    async def settle(self) -> None:
        """终止: the application has come to nothing."""
        if self._state.terminated:
            await self._move(ApplicationState.ENDED)

    async def before(self, action: Action, answer: Answer) -> Refused | None:
        """Whether the change still lands on the list as it is, and from when it is to hold."""
        no = await super().before(action, answer)
        if no is not None or action.verb not in (Verb.SUBMIT, Verb.APPROVE, Verb.WITHDRAW):
            return no
        ruling = self._casebook.foresee(action, answer)
        if isinstance(ruling, Refused) or ruling.item is None:
            return None
        if action.verb is Verb.WITHDRAW:
            return withdrawal_fault(ruling.item.outcome_to)
        if ruling.item.step.name == EFFECT:
            day = action.facts.get(EFFECTIVE_ON, "")
            if late := effect_fault(day, local_day(workflow.now())):
                return late
        landing = await self._clerk.landing()
        return Refused(code=landing.code, sentence=landing.sentence) if landing.code else None


def _day_said(item: Item) -> str:
    return next((a.facts[EFFECTIVE_ON] for a in item.answers if a.facts.get(EFFECTIVE_ON)), "")

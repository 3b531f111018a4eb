"""Drafting a list of duties (4-21…4-30, 4-40, 4-43; F29, F30): from the first draft to acceptance.

A first list is issued and then filed (4-30, C7). What the four units review is what they issue: the
draft is sealed between the two.
"""

from __future__ import annotations

from functools import partial

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.duty_flow import DutyFiling, DutyFlow, DutyIssue
    from contracts.journal import EntryKind
    from contracts.procedure import ProcedureRequest, ProcedureResult
    from contracts.registers import Answer
    from domain.action import Action
    from domain.desk import Item
    from domain.duty_flow import (
        ACCEPTANCE,
        CLAIM,
        DISPOSAL,
        DRAFT,
        FILING,
        FILING_NO,
        ISSUE,
        LEGALITY,
        OPINIONS,
        PAPER,
        REVIEW,
        TRIAL,
        blocked,
        is_no_opinion,
        withdrawal_fault,
    )
    from domain.procedure import Verb
    from domain.refusal import Refused
    from workflows.clerk import paper_of
    from workflows.duty_clerk import DutyClerk
    from workflows.procedure import Procedure

_CLOSES = (Verb.SUBMIT, Verb.APPROVE, Verb.COSIGN)
_CHECKED = frozenset({DRAFT, DISPOSAL, LEGALITY, REVIEW, ISSUE, TRIAL, CLAIM, ACCEPTANCE})


@workflow.defn(name="DutyListDrafting")
class DutyListDrafting(Procedure):
    """Draft, opinions disposed of, legality by item, four units, issue, filing, trial, claims."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)
        self._clerk = DutyClerk(request, self._state)
        self._asked: tuple[str, ...] = ()

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """初稿 → 征求意见 → 意见处置 → 合法性审查 → 四部门审核 → 联合印发 → 备案 → 试运行 → 认领 → 评估验收."""
        return await self.carry_out(
            (DRAFT, lambda: self.plain(DRAFT)),
            (OPINIONS, self._consult),
            (DISPOSAL, self._dispose),
            (LEGALITY, lambda: self.plain(LEGALITY)),
            (REVIEW, self._review),
            (ISSUE, self._issue),
            (FILING, self._file),
            (TRIAL, lambda: self.plain(TRIAL)),
            (CLAIM, lambda: self.plain(CLAIM)),
            (ACCEPTANCE, lambda: self.plain(ACCEPTANCE)),
        )

    # --- the course -------------------------------------------------------------------------

    async def _consult(self) -> str:
        """征求意见: every department concerned and every street (4-26); a redraft asks only who is new.

        A 退回 may ask others again.
        """
        draft = self._passed(DRAFT)
        units = await self._clerk.once(f"{draft.key}:征求", partial(self._whom, draft))
        self._asked = tuple(units.split("、")) if units else ()
        if not self._asked:
            return ""
        return (await self.step(OPINIONS, units=self._asked)).outcome_to

    async def _whom(self, draft: Item) -> str:
        standing = await self._clerk.look_patiently()
        self._clerk.note(f"{draft.key}:底稿", standing.content_hash)
        heard = {a.unit for i in self._occurrences(OPINIONS) for a in i.answers}
        heard -= set(self.reopened)
        concerned = dict.fromkeys((*standing.departments, *standing.streets))
        return "、".join(unit for unit in concerned if unit not in heard)

    async def _dispose(self) -> str:
        """意见处置: each opinion that says something has its disposition (4-27)."""
        asked = self.last(OPINIONS)
        if asked is None or not self._asked:
            return ""
        opinions = [a for a in asked.answers if not (a.silent or is_no_opinion(a.note))]
        must_reply = tuple(answer.unit for answer in opinions)
        return (await self.step(DISPOSAL, must_reply=must_reply)).outcome_to

    async def _review(self) -> str:
        """四部门审核: all of them 通过; one 不通过 leads back to the draft (4-29)."""
        judged = self._passed(LEGALITY)
        if await self._clerk.once(f"{judged.key}:封存", self._seal):
            return LEGALITY
        item = await self.step(REVIEW)
        back = DRAFT if item.outcome == Verb.REJECT else item.outcome_to
        return await self._sent_back(item, back)

    async def _seal(self) -> str:
        sealed = await self._clerk.order(DutyFlow.seal, self._clerk.key, "封存送审稿")
        return self._said(sealed.code, sealed.sentence, REVIEW)

    async def _issue(self) -> str:
        """联合印发: under one 发文字号; the list holds from then on (4-30)."""
        item = await self.step(ISSUE)
        if item.outcome_to:
            return await self._sent_back(item, item.outcome_to)
        if await self._clerk.once(f"{item.key}:印发", partial(self._put_in_force, item)):
            return await self._sent_back(item, DRAFT)
        return ""

    async def _put_in_force(self, item: Item) -> str:
        order = DutyIssue(
            key=self._clerk.key, paper=paper_of(item, PAPER), at=item.closed_at or workflow.now()
        )
        made = await self._clerk.order(DutyFlow.issue, order, "印发施行")
        if not made.code:
            sentence = f"第{made.version}版自印发起施行（{order.paper}）。"
            self._view.log(EntryKind.POSTED, sentence, step=ISSUE)
        return self._said(made.code, made.sentence, ISSUE)

    async def _file(self) -> str:
        """备案: after issue; it stops nothing (4-30)."""
        item = await self.step(FILING)
        if not item.outcome_to:
            await self._clerk.once(f"{item.key}:备案", partial(self._note_filing, item))
        return item.outcome_to

    async def _note_filing(self, item: Item) -> str:
        order = DutyFiling(key=self._clerk.key, filing_no=paper_of(item, FILING_NO))
        filed = await self._clerk.order(DutyFlow.file, order, "备案号")
        return self._said(filed.code, filed.sentence, FILING)

    async def _sent_back(self, item: Item, back: str) -> str:
        """Whoever has to change the draft finds it open again; a 撤回 to the review leaves it shut."""
        if back and back != REVIEW:
            await self._clerk.once(f"{item.key}:启封", self._unseal)
        return back

    async def _unseal(self) -> str:
        await self._clerk.order(DutyFlow.unseal, self._clerk.key, "启封草案")
        return ""

    def is_at_work(self) -> bool:
        """Whether the register is being told something."""
        return self._clerk.is_at_work

    async def settle(self) -> None:
        """终止: the draft may be changed again."""
        if self._state.terminated:
            await self._unseal()

    # --- what forbids an action -------------------------------------------------------------

    async def before(self, action: Action, answer: Answer) -> Refused | None:
        """What the register says against closing a step."""
        no = await super().before(action, answer)
        if no is not None or action.verb not in (*_CLOSES, Verb.WITHDRAW):
            return no
        ruling = self._casebook.foresee(action, answer)
        if isinstance(ruling, Refused) or ruling.item is None:
            return None
        if action.verb is Verb.WITHDRAW:
            return withdrawal_fault(ruling.item.outcome_to)
        name = ruling.item.step.name
        if name not in _CHECKED:
            return None
        draft = self.last(DRAFT)
        circulated = self._clerk.known(f"{draft.key}:底稿") if draft else ""
        standing = await self._clerk.look()
        return blocked(name, ruling.unit, standing, action.replies, circulated)

    # --- the rest ---------------------------------------------------------------------------

    def _passed(self, name: str) -> Item:
        item = self.last(name)
        if item is None:
            raise AssertionError("the course has passed it")
        return item

    def _occurrences(self, name: str) -> list[Item]:
        return [item for item in self._state.items.values() if item.step.name == name]

    def _said(self, code: str, sentence: str, step: str) -> str:
        """The code of what the register would not do, which the log then says."""
        if code:
            self._view.log(EntryKind.POSTED, sentence, step=step, code=code)
        return code

"""三定 drafting (0-32…0-38, F10), and 五定 as the same course for 事业单位 (2-03, F11)."""

from __future__ import annotations

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.procedure import ProcedureRequest, ProcedureResult
    from workflows.procedure import Procedure


@workflow.defn(name="SandingDrafting")
class SandingDrafting(Procedure):
    """One template, two reviews by two people, 三方沟通 beside them, then 报送, 审议 and 印发."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)
        self._consultation: asyncio.Task[None] | None = None

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """起草 → 初审 → 复审 ∥ 三方沟通 → 报送 → 审议 → [修改] → 印发."""
        return await self.carry_out(
            ("起草", self._draft),
            ("初审", self._first_review),
            ("复审", self._second_review),
            ("报送", self._report_to_committee),
            ("审议", lambda: self.deliberate("审议", draft="起草")),
            ("修改", lambda: self.amend("修改", "审议")),
            ("印发", lambda: self.plain("印发")),
        )

    async def _draft(self) -> str:
        """A draft goes to the reviewers and to the parties at once; a redraft only to those asked."""
        await self.step("起草")
        first = self._consultation is None
        parties = self.units_of("三方沟通") if first else self.reopened
        if parties:
            self._consultation = asyncio.create_task(
                self._consult_parties(parties, after=self._consultation)
            )
        return ""

    async def _first_review(self) -> str:
        return (await self.step("初审", not_by=self._drafters())).outcome_to

    async def _second_review(self) -> str:
        """By somebody who did not do the first (0-35)."""
        first = self.last("初审")
        reviewers = first.actors if first else ()
        reason = "复审须由初审以外的人办理。"
        not_by = {**self._drafters(), **dict.fromkeys(reviewers, reason)}
        return (await self.step("复审", not_by=not_by)).outcome_to

    def _drafters(self) -> dict[str, str]:
        """Nobody reviews an own draft, not in an absent reviewer's place either (edition 2)."""
        draft = self.last("起草")
        if draft is None or self._request.edition < 2:
            return {}
        return dict.fromkeys(draft.actors, "起草人不能审核自己起草的稿子。")

    async def _consult_parties(
        self, parties: tuple[str, ...], after: asyncio.Task[None] | None
    ) -> None:
        """三方沟通: every party's opinion, and a feedback on every opinion (0-37)."""
        if after is not None:
            await after
        await self.step("三方沟通", units=parties)
        await self.step("意见反馈", must_reply=parties)

    async def _report_to_committee(self) -> str:
        """报送 opens only when every opinion has its feedback (A7)."""
        if self._consultation is not None:
            await self._consultation
        return await self.plain("报送")

"""The clerk of a transfer batch: what is done to roster and ledger between its steps, and noted.

Each method is one activity and one line of the log; counts and keys are all that comes back. The
clerk owns the batch in the state of the procedure.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.journal import EntryKind
    from contracts.procedure import ProcedureRequest, ProcedureState
    from contracts.transfer import (
        Batch,
        BatchState,
        Change,
        CheckAnswer,
        CheckQuestion,
        PersonAnswer,
        PersonOrder,
        Posted,
        Posting,
        Transfers,
    )
    from domain.action import Action
    from domain.deadline import local_day
    from domain.desk import Item
    from domain.procedure import APPROVAL_STEP, APPROVAL_STEPS, ROSTER_STEP
    from domain.refusal import Refused
    from domain.roster import RosterStatus
    from domain.transfer import APPROVAL_DOCUMENT, ROSTER_DOCUMENT, SPECIAL_DOCUMENT
    from workflows import policies
    from workflows.view import ProcedureView


class TransferClerk:
    """Carries out what the steps of one batch have decided."""

    def __init__(
        self, request: ProcedureRequest, state: ProcedureState, view: ProcedureView
    ) -> None:
        self._request = request
        self._state = state
        self._view = view
        self.batch = state.transfer = state.transfer or BatchState()

    def key(self, number: str = "") -> Batch:
        """Which roster this procedure works on, or would."""
        batch = self.batch
        same = not number or number == batch.number
        return Batch(
            rollout=self._request.plan.rollout,
            workflow_id=workflow.info().workflow_id,
            unit=self._request.unit,
            number=number or batch.number,
            version=batch.version if same else 0,
            content_hash=batch.content_hash if same else "",
        )

    async def check(self, step: str, stage: str, action: Action) -> Refused | None:
        """This will ask whether a step may be closed by an action; raises UNANSWERED.

        A roster that is found good when it is handed in, or asked for, is the batch's from now on.
        """
        numbers = {one.name: one.doc_no for one in action.evidence if one.doc_no}
        paper = numbers.get(APPROVAL_DOCUMENT, "")
        number = numbers.get(ROSTER_DOCUMENT, "") if step == ROSTER_STEP else self.batch.number
        if not number:
            return Refused(
                code="ROSTER_NUMBER", sentence="请写明名册号（--evidence 名册=名册号）。"
            )
        approving = step in (APPROVAL_STEP, *APPROVAL_STEPS)
        if approving and not paper:
            return Refused(code="PAPER_MISSING", sentence="批复须有文号（--evidence 批复=文号）。")
        answer = await workflow.execute_local_activity_method(
            Transfers.check,
            CheckQuestion(
                batch=self.key(number),
                step=step,
                now=workflow.now(),
                stage=stage,
                person=action.person,
                paper=paper,
                special_paper=numbers.get(SPECIAL_DOCUMENT, ""),
                day=action.happened_on or local_day(workflow.now()),
            ),
            summary="查名册与台账",
            **policies.ASK,
        )
        if answer.code:
            return Refused(code=answer.code, sentence=answer.sentence)
        if not self.batch.frozen and answer.version:
            self.batch.number = number
            self._found(answer)
        return None

    async def freeze(self) -> str:
        """This will freeze the roster; the code of what forbids it, empty if nothing does."""
        answer = await workflow.execute_activity_method(
            Transfers.freeze,
            Change(batch=self.key(), now=workflow.now()),
            summary=f"冻结名册{self.batch.number}",
            **policies.PATIENT,
        )
        if answer.code:
            self._note(f"名册没有冻结：{answer.sentence}")
            return answer.code
        self.batch.frozen = True
        self._found(answer)
        self._note(f"名册“{self.batch.number}”（第{self.batch.version}版）已随请示冻结。")
        return ""

    async def send(self, item: Item) -> str:
        """This will put posts on their way by an approval; the code of a refusal, else empty."""
        given = item.answers[-1]
        papers = {one.name: one.doc_no for one in given.evidence if one.doc_no}
        day = item.done_on or local_day(workflow.now())
        posting = self._posting(
            item.key,
            item.step.name,
            person=given.person,
            paper=papers.get(APPROVAL_DOCUMENT, ""),
            day=day,
            special_paper=papers.get(SPECIAL_DOCUMENT, ""),
        )
        posted = await workflow.execute_activity_method(
            Transfers.send,
            posting,
            summary=f"编制划转在途：{posting.paper}",
            heartbeat_timeout=policies.PULSE,
            **policies.PAGES,
        )
        self.batch.counts = posted.counts
        self.batch.sent = True
        if posted.code:
            self._note(f"批复没有记入台账：{posted.sentence}", posted)
            return posted.code
        self.batch.approved_on = max(day, self.batch.approved_on or day)
        self._note(f"{posting.paper}：编制已划转，在途共{posted.in_transit}名。", posted)
        return ""

    async def register(self, item: Item) -> bool:
        """This will bring posts and people over; whether anybody has to be registered again."""
        given = item.answers[-1]
        day = item.done_on or local_day(workflow.now())
        papers = (one.doc_no for one in given.evidence if one.doc_no)
        posting = self._posting(
            item.key,
            item.step.name,
            person=given.person,
            paper=next(papers, "") or f"{workflow.info().workflow_id}#{item.key}",
            day=max(day, self.batch.approved_on or day),
        )
        posted = await workflow.execute_activity_method(
            Transfers.register,
            posting,
            summary="逐人出编、入编",
            heartbeat_timeout=policies.PULSE,
            **policies.PAGES,
        )
        self.batch.counts = posted.counts
        self._note(
            f"编制实名登记：本次转入{posted.people}人，在途还有{posted.in_transit}名。", posted
        )
        if posted.refused:
            keys = "、".join(posted.refused)
            self._note(
                f"{keys}不能登记（{posted.sentence}），须先移出或更正，再办理编制实名登记。", posted
            )
        return bool(posted.refused)

    async def undo(self, stage: str, reason: str, *, paper: str = "") -> None:
        """This will bring back what is on its way, the last sent first, and check it."""
        posting = self._posting(
            stage,
            stage,
            person=self._request.plan.rollout,
            paper=paper,
            day=local_day(workflow.now()),
            reason=reason,
        )
        posted = await workflow.execute_activity_method(
            Transfers.take_back,
            posting,
            summary=f"收回在途编制：{reason}",
            heartbeat_timeout=policies.PULSE,
            **policies.PAGES,
        )
        self.batch.counts = posted.counts
        self.batch.sent = False
        self._note(
            f"{paper or reason}：收回在途编制{posted.people}名，在途还有{posted.in_transit}名。",
            posted,
        )

    async def thaw(self, reason: str) -> None:
        """This will let the roster be drawn up again."""
        answer = await workflow.execute_activity_method(
            Transfers.thaw,
            Change(batch=self.key(), now=workflow.now()),
            summary=f"解冻名册{self.batch.number}",
            **policies.PATIENT,
        )
        self.batch.frozen = False
        self.batch.counts = answer.counts
        self._note(f"{reason}：名册“{self.batch.number}”解冻，可以修改后重报。")

    async def end(self, status: RosterStatus) -> None:
        """This will end the batch, and say whether everybody and every post is in one place."""
        posted = await workflow.execute_activity_method(
            Transfers.end,
            self._posting("结束", status, person="", paper="", day=local_day(workflow.now())),
            summary="核对台账与名册",
            **policies.PATIENT,
        )
        self.batch.counts = posted.counts
        sound = not posted.in_transit and not posted.astray
        result = "在途为零，人人在一处" if sound else "核对不符，须立即查明"
        self._note(
            f"本批次{status}，核对：在途{posted.in_transit}名，去向不符{posted.astray}人，{result}。",
            posted,
        )
        if not sound:
            for unit in self._request.coordinators:
                self._view.tell(
                    unit, "协调员", f"转隶核对不符：名册{self.batch.number}", step="", level="升级"
                )

    async def decide(self, order: PersonOrder, *, hurry: bool) -> PersonAnswer:
        """This will decide about persons; in a hurry, ActivityError where the database is away."""
        answer = await workflow.execute_activity_method(
            Transfers.decide,
            order,
            summary=f"{order.action.kind}：{len(order.action.staff)}人",
            schedule_to_close_timeout=policies.CLOSE_QUICKLY if hurry else None,
            **policies.PATIENT,
        )
        if answer.accepted:
            self.batch.counts = answer.counts
        return answer

    def _found(self, answer: CheckAnswer) -> None:
        self.batch.version = answer.version
        self.batch.content_hash = answer.content_hash
        self.batch.counts = answer.counts or self.batch.counts

    def _posting(
        self,
        stage: str,
        step: str,
        *,
        person: str,
        paper: str,
        day: date,
        special_paper: str = "",
        reason: str = "",
    ) -> Posting:
        return Posting(
            batch=replace(self.key(), content_hash=""),
            stage=stage,
            step=step,
            person=person,
            paper=paper,
            day=day,
            now=workflow.now(),
            special_paper=special_paper,
            reason=reason,
        )

    def _note(self, sentence: str, posted: Posted | None = None) -> None:
        detail: dict[str, object] = {"number": self.batch.number, "version": self.batch.version}
        if posted is not None:
            detail |= {"people": posted.people, "in_transit": posted.in_transit}
            if posted.refused:
                detail["refused"] = list(posted.refused)
        self._view.log(EntryKind.POSTED, sentence, detail=detail)

"""An audit of any kind (C8; F38, F39, F40): from its approval to its report, with what the kind adds.

Visits, problems and conclusions are rows of the register, recorded by commands while the steps are
open. 整改 is one step at all units that have a problem; each unit's answer moves its own.
"""

from __future__ import annotations

import asyncio
from datetime import date
from functools import partial

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from contracts.journal import EntryKind
    from contracts.procedure import ProcedureRequest, ProcedureResult
    from contracts.registers import Answer
    from domain.action import Action
    from domain.audit_flow import (
        INSPECT,
        RECTIFY,
        REGISTER,
        REPORT,
        VERIFY,
        ProblemState,
    )
    from domain.audit_guard import blocked, reopen_fault, withdrawal_fault
    from domain.audit_route import APPROVAL_OPTION, CHECKED, LATE_OPTION
    from domain.desk import Item
    from domain.procedure import Verb
    from domain.refusal import Refused
    from workflows.audit_clerk import AuditClerk
    from workflows.procedure import Procedure

_ASKED = (Verb.SUBMIT, Verb.APPROVE, Verb.RETURN, Verb.WITHDRAW)
_GUARDED = frozenset({INSPECT, VERIFY, REPORT})


@workflow.defn(name="Audit")
class Audit(Procedure):
    """立项, 检查, 问题汇总, 整改, 复核, 报告; the kind chooses, and may add to it."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)
        self._clerk = AuditClerk(request, self._state)
        self._rounds = 0
        self._rectifying: tuple[str, ...] = ()
        self._checking: asyncio.Task[str] | None = None
        self._taking: asyncio.Task[None] | None = None

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """立项 → 检查 → 问题汇总 → [分析 → 优化意见] → 整改 → 复核 → 报告 → [专题汇报]."""
        self._say_opening()
        stages = {
            REGISTER: self._approve,
            INSPECT: self._inspect,
            RECTIFY: self._rectify,
            VERIFY: self._verify,
        }
        return await self.carry_out(
            *(
                (step.name, stages.get(step.name, partial(self.plain, step.name)))
                for step in request.steps
            )
        )

    # --- the course -------------------------------------------------------------------------

    def _say_opening(self) -> None:
        """By which approval streets are inspected (3-30), and whether the window is made up."""
        if self._clerk.known("开展"):
            return
        self._clerk.note("开展", "是")
        options = self._request.row.options
        if options.get(LATE_OPTION):
            self._log("本期没有按时开展，现予补办。")
        if approval := options.get(APPROVAL_OPTION):
            self._log(f"已经批准（{approval}，一事一报），不再立项。")

    async def _approve(self) -> str:
        """立项: the register takes visits once it is done, and none while it is taken back (3-30)."""
        visit = self._visits.get(REGISTER, 0) + 1
        if visit > 1:
            await self._clerk.once(f"{REGISTER}#{visit}:撤回", self._clerk.disapprove)
        item = await self.step(REGISTER)
        if item.answers:
            approve = partial(self._clerk.approve, item.answers[-1])
            await self._clerk.once(f"{item.key}:批准", approve)
        return item.outcome_to

    async def _inspect(self) -> str:
        """检查; beside it the automatic checks, whose findings are there before 问题汇总 opens."""
        if self._checking is None and self._clerk.kind in CHECKED:
            self._checking = asyncio.create_task(self._clerk.once("自动检查", self._check))
        item = await self.step(INSPECT)
        if item.outcome == Verb.SUBMIT and self._checking is not None:
            # Not awaited: who is cancelled there would cancel it.
            await workflow.wait_condition(self._checking.done)
            self._checking.result()
        return item.outcome_to

    async def _check(self) -> str:
        try:
            outcome = await self._clerk.check()
        except ActivityError:
            self._log("自动检查没有做成，请用 jiegai audit check 查明后登记问题。", INSPECT)
            return "没有做成"
        self._log(outcome.sentence, INSPECT, outcome.code)
        return outcome.sentence

    async def _rectify(self) -> str:
        """整改: at every unit with an open problem; where there is none, it and 复核 are passed."""
        self._rounds += 1
        whom = await self._clerk.once(f"整改第{self._rounds}轮", self._whom)
        self._rectifying = tuple(whom.split("、")) if whom else ()
        if not self._rectifying:
            return ""
        key = f"{RECTIFY}#{self._visits.get(RECTIFY, 0) + 1}"
        self._clerk.note(f"{key}:单位", whom)
        taking = self._taking = asyncio.create_task(self._take_answers(key))
        item = await self.step(RECTIFY, units=self._rectifying)
        await workflow.wait_condition(taking.done)
        taking.result()
        return item.outcome_to

    async def _whom(self) -> str:
        found = await self._clerk.rectification()
        if found.step is None:
            self._log("没有待整改的问题，整改、复核从略。", RECTIFY)
            return ""
        planned = found.step
        self._state.steps = tuple(
            planned if step.name == planned.name else step for step in self._terms.steps
        )
        self._inquiry.forget_ahead(RECTIFY)
        return "、".join(found.units)

    async def _take_answers(self, key: str) -> None:
        """Each unit's 提交 moves its problems, while the others are still at it."""
        await workflow.wait_condition(lambda: key in self._state.items or self._is_over())
        if key not in self._state.items:
            return
        seen: tuple[object, ...] = ()
        while self._state.items[key].is_open or seen != self._heard(key):
            await workflow.wait_condition(lambda: seen != self._heard(key))
            seen = self._heard(key)
            item = self._state.items[key]
            if item.is_open:
                due = item.due.due_date
                await self._clerk.once(f"{key}:{due}", partial(self._send, key, due))
            await self._take(key)

    async def _send(self, key: str, due: date) -> str:
        """What is entered while units are at work goes to them in the next round."""
        units = tuple(self._clerk.known(f"{key}:单位").split("、"))
        again = bool(self._clerk.known(f"{key}:发出"))
        said = await self._clerk.send(due, units, again=again)
        self._clerk.note(f"{key}:发出", "是")
        return said

    def _heard(self, key: str) -> tuple[object, ...]:
        """What of 整改 the register has to know."""
        item = self._state.items[key]
        return item.is_open, item.due.due_date, len(item.answers)

    async def _take(self, key: str) -> None:
        item = self._state.items[key]
        asked = self._clerk.known(f"{key}:单位").split("、")
        for answer in item.answers:
            # A 改派 puts another unit in the place of the one that has the problems.
            unit = asked[item.units.index(answer.unit)]
            await self._clerk.once(f"{key}:{unit}", partial(self._clerk.take, answer, unit))

    async def _verify(self) -> str:
        """复核: 通过 closes all; 退回 opens again those that are named, or all."""
        if not self._rectifying:
            return ""
        reason = f"在{RECTIFY}中办理过的人不复核自己的整改。"
        not_by = {person: reason for i in self._occurrences(RECTIFY) for person in i.actors}
        item = await self.step(VERIFY, not_by=not_by)
        if item.answers:
            await self._clerk.once(f"{item.key}:结论", partial(self._judge, item))
        return item.outcome_to

    async def _judge(self, item: Item) -> str:
        back = item.outcome == Verb.RETURN
        state = ProblemState.OPEN if back else ProblemState.CLOSED
        units = item.reopen if back else ()
        sentence = await self._clerk.judge(item.answers[-1], state, units)
        self._log(sentence, VERIFY)
        return sentence

    def is_at_work(self) -> bool:
        """Whether the register is being told something."""
        return self._clerk.is_at_work

    async def settle(self) -> None:
        """What units said they did is written, then the register's row is closed."""
        if self._taking is not None:
            await self._taking
        outcome = await self._clerk.end(str(self.ending()))
        self._log(outcome.sentence, code=outcome.code)

    # --- what forbids an action -------------------------------------------------------------

    async def before(self, action: Action, answer: Answer) -> Refused | None:
        """What the register says against closing a step."""
        no = await super().before(action, answer)
        if no is not None or action.verb not in _ASKED:
            return no
        ruling = self._casebook.foresee(action, answer)
        if isinstance(ruling, Refused) or ruling.item is None:
            return None
        item = ruling.item
        if action.verb is Verb.WITHDRAW:
            return withdrawal_fault(item.outcome_to)
        if item.step.name not in _GUARDED:
            return None
        standing = await self._clerk.look()
        reopen = action.reopen if item.step.name == VERIFY else ()
        return reopen_fault(reopen, standing) or blocked(
            item.step.name, action.verb, self._clerk.kind, ruling.unit, standing
        )

    # --- the rest ---------------------------------------------------------------------------

    def _occurrences(self, name: str) -> list[Item]:
        return [item for item in self._state.items.values() if item.step.name == name]

    def _log(self, sentence: str, step: str = "", code: str = "") -> None:
        if sentence:
            self._view.log(EntryKind.POSTED, sentence, step=step, code=code)

"""A whole rollout: starts its areas and its units at city level, relays facts between them.

Its history grows with the number of areas, never with the number of units. An amendment of the
plan comes in here and goes down from level to level, each telling those that it concerns.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from contracts.amendment import Amendments, ShareQuestion
    from contracts.names import STANDING_QUERY, STOP_UPDATE, area_id, unit_id
    from contracts.procedure import ActionReply, StopOrder
    from contracts.reform import (
        AmendNote,
        Fanout,
        LevelResult,
        RolloutRequest,
        Standing,
        StartAreas,
    )
    from contracts.registers import Consultation, Registers, RolloutSlice, SliceQuestion
    from contracts.webpage import page_link, table
    from domain.personal import personal_fault
    from domain.unit import Role
    from workflows import policies
    from workflows.asking import UNANSWERED, ask_patiently
    from workflows.level import CHUNK, Level


@workflow.defn(name="ReformRollout")
class ReformRollout(Level):
    """The top; its id is the rollout's name."""

    @workflow.init
    def __init__(self, request: RolloutRequest) -> None:
        super().__init__(request.plan, ())
        self._request = request
        self._slice: RolloutSlice | None = None
        self._replies: dict[str, ActionReply] = {}

    @workflow.run
    async def run(self, request: RolloutRequest) -> LevelResult:
        """Start all, relay until all have ended."""
        top = self._take(await self._load())
        await self._start(top)
        self._show(top)
        while True:
            top = await self._until_ended(top)
            await workflow.wait_condition(workflow.all_handlers_finished)
            if not self._notes:
                break
        self._show(top)
        stopped = f"，已停止：{self._stop.reason}" if self._stop else ""
        return LevelResult(ended=self.ended_below, sentence=f"{top.title}全部办结{stopped}")

    async def _until_ended(self, top: RolloutSlice) -> RolloutSlice:
        while self._notes or not self.is_done_below:
            ended = self.ended_below
            shares = frozenset(top.relays)
            await workflow.wait_condition(
                lambda ended=ended, shares=shares: (  # type: ignore[misc]
                    bool(self._notes) or self.ended_below != ended or self.has_news(shares)
                )
            )
            if self._notes:
                top = await self._amend(top, self._notes.pop(0))
                shares = frozenset(top.relays)
            self._show(top)
            if not self.is_done_below:
                await self.tell_below(shares)
        return top

    def _take(self, top: RolloutSlice) -> RolloutSlice:
        """What this slice names is waited for, beside what was before."""
        rollout = self._request.plan.rollout
        self._slice = top
        self._below |= {u: unit_id(rollout, "", u) for u in top.city_units}
        self._below |= {a: area_id(rollout, a) for a in top.areas}
        return top

    async def _amend(self, top: RolloutSlice, note: AmendNote) -> RolloutSlice:
        """A new version: those concerned hear of it and end once more."""
        if self._stop is not None:
            return top
        since = self.follow(note)
        share = await ask_patiently(
            Amendments.rollout_share,
            ShareQuestion(plan=note.plan, since=since),
            "方案修订的影响",
        )
        top = self._take(share.slice)
        await self.amend_below(note, area="", areas=share.areas, units=share.units)
        return top

    @workflow.query(name=STANDING_QUERY)
    def standing(self) -> Standing:
        """What the rollout knows, and who below has told it so; compared by the reconcile."""
        relays = self._slice.relays if self._slice else ()
        return self.standing_as(self._request.plan.rollout, (), relays)

    @workflow.update(name=STOP_UPDATE)
    async def order_stop(self, order: StopOrder) -> ActionReply:
        """The coordinator stops the rollout: every open procedure ends as 终止 with the reason."""
        known = self._replies.get(order.action_id)
        if known is not None:
            return known
        await workflow.wait_condition(lambda: self._slice is not None)
        try:
            answer = await workflow.execute_local_activity_method(
                Registers.consult,
                Consultation(rollout=self._request.plan.rollout, person=order.person),
                summary="查登记库：协调员",
                **policies.ASK,
            )
        except UNANSWERED:
            return ActionReply(
                accepted=False,
                code="UNAVAILABLE",
                sentence="登记库暂不可用，停止没有生效，请稍后重试。",
            )
        lead = self._slice.coordinator if self._slice else ""
        if not any(g.role is Role.COORDINATOR and g.unit == lead for g in answer.grants):
            return ActionReply(
                accepted=False,
                code="NOT_COORDINATOR",
                sentence=f"停止改革推进只能由牵头单位{lead}的协调员决定，{order.person}不是。",
            )
        if self._stop is not None:
            return ActionReply(
                accepted=False, code="ALREADY_STOPPED", sentence=f"已经停止：{self._stop.reason}。"
            )
        self._stop = order
        reply = ActionReply(
            accepted=True,
            sentence=f"{self._request.plan.rollout}停止推进：{order.reason}。",
            ended=True,
        )
        self._replies[order.action_id] = reply
        return reply

    @order_stop.validator
    def _check_stop(self, order: StopOrder) -> None:
        if not order.person.strip() or not order.reason.strip():
            raise ApplicationError(
                "停止须写明办理人（--as）和理由（--reason）。", type="REASON_MISSING"
            )
        if fault := personal_fault(order.reason):
            raise ApplicationError(fault.sentence, type=fault.code)

    async def _load(self) -> RolloutSlice:
        question = SliceQuestion(plan=self._request.plan)
        return await ask_patiently(Registers.load_rollout, question, "改革计划")

    async def _start(self, top: RolloutSlice) -> None:
        plan = self._request.plan
        for start in range(0, len(top.areas), CHUNK):
            areas = top.areas[start : start + CHUNK]
            units = top.city_units if start == 0 else ()
            await workflow.execute_activity_method(
                Fanout.start,
                StartAreas(plan=plan, areas=areas, units=units),
                summary=f"启动 {len(areas)} 个片区和市级单位",
                heartbeat_timeout=timedelta(seconds=30),
                **policies.FAN_OUT,
            )

    def _show(self, top: RolloutSlice) -> None:
        namespace = workflow.info().namespace
        ended = {r.name for r in self._reports.values() if r.ended}
        rows = [
            (page_link(name, namespace, its_id), "全部办结" if name in ended else "推进中")
            for name, its_id in self._below.items()
        ]
        lines = [f"**{top.title}**", "", table(("片区或市级单位", "现状"), rows)]
        if self.edition():
            lines += ["", self.edition()]
        if self._stop is not None:
            lines += ["", f"已停止：{self._stop.reason}（{self._stop.person}）"]
        workflow.set_current_details("\n".join(lines))

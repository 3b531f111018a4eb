"""One area of a rollout: a district, or a part of it with at most 100 units.

It starts its units in chunks, sums their facts up to facts of the area and passes facts both
ways. Units report once where nobody waits for them earlier, so that history grows by at most
four events a unit.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from contracts.names import UNIT_REPORT_SIGNAL, rollout_id, unit_id
    from contracts.reform import AreaRequest, Fanout, LevelResult, Report, StartAreas
    from contracts.registers import AreaSlice, Registers, SliceQuestion
    from contracts.webpage import page_link, table
    from workflows import policies
    from workflows.asking import ask_patiently
    from workflows.level import CHUNK, Level


@workflow.defn(name="AreaReform")
class AreaReform(Level):
    """Between the rollout and its units."""

    @workflow.init
    def __init__(self, request: AreaRequest) -> None:
        super().__init__(request.facts)
        self._request = request
        self._reported: frozenset[str] = frozenset()

    @workflow.run
    async def run(self, request: AreaRequest) -> LevelResult:
        """Start the units, pass facts up and down until all have ended."""
        area = await self._load()
        await self._start_units(area)
        shares = frozenset(area.shares)
        ids = tuple(unit_id(request.plan.rollout, request.area, u) for u in area.units)
        while self.ended_below < len(area.units):
            ended = self.ended_below
            await workflow.wait_condition(
                lambda: (
                    self.ended_below == len(area.units)
                    or self.has_news(shares)
                    or self._has_report(area)
                )
            )
            await self._report(area)
            if self.ended_below < len(area.units):
                await self.tell_below(ids, shares)
            if self.ended_below != ended:
                self._show(area)
        await self._report(area, ended=True)
        return LevelResult(ended=len(area.units), sentence=f"{area.area}：{len(area.units)}个单位")

    async def _load(self) -> AreaSlice:
        question = SliceQuestion(plan=self._request.plan, name=self._request.area)
        return await ask_patiently(Registers.load_area, question, "本片区任务")

    async def _start_units(self, area: AreaSlice) -> None:
        for start in range(0, len(area.units), CHUNK):
            chunk = area.units[start : start + CHUNK]
            await workflow.execute_activity_method(
                Fanout.start,
                StartAreas(
                    plan=self._request.plan,
                    area=self._request.area,
                    units=chunk,
                    facts=tuple(sorted(self._facts)),
                ),
                summary=f"启动 {len(chunk)} 个单位",
                heartbeat_timeout=timedelta(seconds=30),
                **policies.FAN_OUT,
            )
        self._show(area)

    def _summed_up(self, area: AreaSlice) -> frozenset[str]:
        """Facts of this area that somebody outside waits for."""
        for aggregate in area.aggregates:
            if self._facts.issuperset(aggregate.parts):
                self._facts.add(aggregate.fact)
        return frozenset(area.reports) & self._facts

    def _has_report(self, area: AreaSlice) -> bool:
        return not self._summed_up(area) <= self._reported

    async def _report(self, area: AreaSlice, *, ended: bool = False) -> None:
        facts = self._summed_up(area)
        if facts <= self._reported and not ended:
            return
        self._reported |= facts
        report = Report(name=self._request.area, facts=tuple(sorted(facts)), ended=ended)
        above = workflow.get_external_workflow_handle(rollout_id(self._request.plan.rollout))
        try:
            await above.signal(UNIT_REPORT_SIGNAL, report)
        except FailureError:
            workflow.logger.warning("area.report.unheard", extra={"area": self._request.area})

    def _show(self, area: AreaSlice) -> None:
        ended = {r.name for r in self._reports.values() if r.ended}
        rollout, namespace = self._request.plan.rollout, workflow.info().namespace
        rows = [
            (
                page_link(unit, namespace, unit_id(rollout, area.area, unit)),
                "全部办结" if unit in ended else "推进中",
            )
            for unit in area.units
        ]
        workflow.set_current_details(
            f"**{area.area}**：{len(area.units)}个单位，全部办结{len(ended)}个\n\n"
            + table(("单位", "现状"), rows)
        )

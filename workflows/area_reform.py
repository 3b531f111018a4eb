"""One area of a rollout: a district, or a part of it with at most 100 units.

It starts its units in chunks, sums their facts up to facts of the area and passes facts both
ways. Units report once where nobody waits for them earlier, so that history grows by at most
four events a unit. An amendment is passed on to the units that it concerns; they end once more.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from contracts.amendment import Amendments, AreaShare, ShareQuestion
    from contracts.names import STANDING_QUERY, UNIT_REPORT_SIGNAL, rollout_id, unit_id
    from contracts.reform import (
        AmendNote,
        AreaRequest,
        Fanout,
        LevelResult,
        Report,
        Standing,
        StartAreas,
    )
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
        super().__init__(request.plan, request.facts)
        self._request = request
        self._reported: frozenset[str] = frozenset()
        self._mine: AreaSlice | None = None

    @workflow.run
    async def run(self, request: AreaRequest) -> LevelResult:
        """Start the units, pass facts up and down until all have ended."""
        if request.plan.version == 1:
            area = self._take(await self._load())
            await self._start_units(area)
        else:
            area = await self._begin_amended()
        while True:
            area = await self._until_ended(area)
            await self._report(area, ended=True)
            if not self._notes:
                break
        return LevelResult(ended=len(area.units), sentence=f"{area.area}：{len(area.units)}个单位")

    @workflow.query(name=STANDING_QUERY)
    def standing(self) -> Standing:
        """What the area knows, and who below has told it so; compared by the reconcile."""
        mine = self._mine
        return self.standing_as(
            self._request.area, mine.reports if mine else (), mine.shares if mine else ()
        )

    async def _until_ended(self, area: AreaSlice) -> AreaSlice:
        while self._notes or not self.is_done_below:
            ended = self.ended_below
            shares = frozenset(area.shares)
            await workflow.wait_condition(
                lambda area=area, shares=shares: (  # type: ignore[misc]
                    bool(self._notes)
                    or self.is_done_below
                    or self._has_news_of(area, shares)
                    or self._has_report(area)
                )
            )
            if self._notes:
                area = await self._amend(area, self._notes.pop(0))
                shares = frozenset(area.shares)
            await self._report(area)
            if not self.is_done_below:
                await self.tell_below(shares)
            if self.ended_below != ended:
                self._show(area)
        return area

    async def _load(self) -> AreaSlice:
        question = SliceQuestion(plan=self._request.plan, name=self._request.area)
        return await ask_patiently(Registers.load_area, question, "本片区任务")

    def _take(self, area: AreaSlice) -> AreaSlice:
        """The units of this slice are waited for, beside those that were before."""
        rollout, name = self._request.plan.rollout, self._request.area
        self._mine = area
        self._below |= {unit: unit_id(rollout, name, unit) for unit in area.units}
        return area

    # --- amendments -------------------------------------------------------------------------

    async def _amend(self, area: AreaSlice, note: AmendNote) -> AreaSlice:
        """A new version while this runs: those concerned hear of it and end once more."""
        if self._stop is not None:
            return area
        since = self.follow(note)
        share = await self._share(since)
        area = self._take(share.slice)
        await self.amend_below(note, area=self._request.area, areas=(), units=share.concerned)
        self._show(area)
        return area

    async def _begin_amended(self) -> AreaSlice:
        """Begun by an amendment, new or once more: what has ended is known from the dossiers."""
        await workflow.wait_condition(lambda: self._told is not None)
        share = await self._share(0)
        area = self._take(share.slice)
        self._facts.update(share.facts)
        for unit in share.finished:
            self._reports[unit] = Report(name=unit, ended=True)
        if self._told is not None:
            left = tuple(u for u in area.units if u not in share.finished)
            await self.amend_below(self._told, area=self._request.area, areas=(), units=left)
        self._show(area)
        return area

    async def _share(self, since: int) -> AreaShare:
        question = ShareQuestion(plan=self._plan, since=since, name=self._request.area)
        return await ask_patiently(Amendments.area_share, question, "方案修订对本片区的影响")

    # --- units, facts, reports --------------------------------------------------------------

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

    def _has_news_of(self, area: AreaSlice, shares: frozenset[str]) -> bool:
        # replay: editions differ in when a sum that nobody above waits for is told below.
        if self._request.edition > 1:
            self._summed_up(area)
        return self.has_news(shares)

    def _has_report(self, area: AreaSlice) -> bool:
        return not self._summed_up(area) <= self._reported

    async def _report(self, area: AreaSlice, *, ended: bool = False) -> None:
        facts = self._summed_up(area)
        if facts <= self._reported and not ended:
            return
        self._reported |= facts
        report = Report(
            name=self._request.area,
            facts=tuple(sorted(facts)),
            ended=ended,
            version=self._plan.version,
        )
        above = workflow.get_external_workflow_handle(rollout_id(self._request.plan.rollout))
        try:
            await above.signal(UNIT_REPORT_SIGNAL, report)
        except FailureError:
            workflow.logger.warning("area.report.unheard", extra={"area": self._request.area})

    def _show(self, area: AreaSlice) -> None:
        ended = {r.name for r in self._reports.values() if r.ended}
        namespace = workflow.info().namespace
        rows = [
            (
                page_link(unit, namespace, its_id),
                "全部办结" if unit in ended else "推进中",
            )
            for unit, its_id in self._below.items()
        ]
        plan = f"，{self.edition()}" if self.edition() else ""
        workflow.set_current_details(
            f"**{area.area}**：{len(rows)}个单位，全部办结{self.ended_below}个{plan}\n\n"
            + table(("单位", "现状"), rows)
        )

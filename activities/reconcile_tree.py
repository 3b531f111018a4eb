"""The reconcile of the levels above procedures: a report or a fact that was told and never heard.

Facts only grow (ADR 0003), so that what a level says of itself may be told on its behalf, twice or late. Only
that is done here; an order to stop is a person's, and is reported where it was lost.
"""

from __future__ import annotations

import asyncio
from typing import Final

from temporalio.client import Client

from activities.reconcile_row import AGAIN, finding
from activities.reconcile_server import NO_ANSWER, Described, ask, describe
from contracts.names import FACTS_SIGNAL, RESUMED_SIGNAL, STANDING_QUERY, UNIT_REPORT_SIGNAL
from contracts.procedure import ResumeNote
from contracts.reconcile import FindingLine
from contracts.reform import FactsNote, Report, Standing
from domain.reconcile import FindingKind

NAMED: Final = 5
"""How many facts a finding names."""


class TreeReconcile:
    """Compares each level with the one above it; ``only_check`` tells nobody anything."""

    def __init__(self, client: Client, *, only_check: bool) -> None:
        self._client = client
        self._only_check = only_check

    async def top(self, rollout_id: str) -> tuple[Standing | None, tuple[FindingLine, ...]]:
        """This will ask a rollout or area for its standing; None if nothing below it is open."""
        found = await describe(self._client, rollout_id)
        if found is not None and found.is_completed:
            return None, ()
        return await self._level(rollout_id)

    async def level(
        self, above_id: str, name: str, workflow_id: str
    ) -> tuple[Standing | None, tuple[FindingLine, ...]]:
        """This will compare a unit or area with the level above it, and return its standing."""
        standing, found = await self._level(workflow_id, is_needed=True)
        if standing is None:
            return None, found
        lost = await self._lost(above_id, name, workflow_id)
        if lost:
            # What was told may just be on its way.
            await asyncio.sleep(AGAIN.total_seconds())
            lost = await self._lost(above_id, name, workflow_id)
        found += tuple([await self._tell(each) for each in lost])
        return standing, found + await self._resumed(workflow_id, standing)

    async def _level(
        self, workflow_id: str, *, is_needed: bool = False
    ) -> tuple[Standing | None, tuple[FindingLine, ...]]:
        found = await describe(self._client, workflow_id)
        if found is None:
            if not is_needed:
                return None, ()
            said = "上级已经把它列入推进，Temporal 里却没有它。"
            return None, (finding(FindingKind.UNREACHABLE, workflow_id, said),)
        if found.broken:
            said = f"推进层级{found.broken}：其下事项照常办理，但完成情况不再逐级上报。"
            return None, (finding(FindingKind.TERMINATED, workflow_id, said),)
        try:
            return await ask(self._client, workflow_id, STANDING_QUERY, Standing), ()
        except NO_ANSWER as error:
            said = f"推进层级没有应答：{error}"
            return None, (finding(FindingKind.UNREACHABLE, workflow_id, said),)

    # --- what was lost ----------------------------------------------------------------------

    async def _lost(self, above_id: str, name: str, workflow_id: str) -> list[_Lost]:
        """What one of the two says and the other does not know."""
        found = await describe(self._client, workflow_id)
        try:
            below = await ask(self._client, workflow_id, STANDING_QUERY, Standing)
            above = await ask(self._client, above_id, STANDING_QUERY, Standing)
        except NO_ANSWER:
            return []
        if found is None:
            return []
        return [
            *_lost_upwards(above_id, name, workflow_id, (above, below, found)),
            *_lost_downwards(above_id, workflow_id, (above, below, found)),
        ]

    async def _tell(self, lost: _Lost) -> FindingLine:
        done = ""
        if not self._only_check and lost.note is not None:
            try:
                await self._client.get_workflow_handle(lost.target).signal(lost.signal, lost.note)
                done = "已补报"
            except NO_ANSWER:
                done = ""
        return finding(FindingKind.UNTOLD, lost.workflow_id, lost.said, done)

    async def _resumed(self, workflow_id: str, standing: Standing) -> tuple[FindingLine, ...]:
        """A procedure that its unit takes for broken, and that runs or has ended after all."""
        findings = []
        for procedure in standing.broken:
            found = await describe(self._client, procedure)
            if found is None or found.broken:
                continue
            lost = _Lost(
                workflow_id=procedure,
                target=workflow_id,
                signal=RESUMED_SIGNAL,
                note=ResumeNote(workflow_id=procedure),
                said="事项已恢复办理，本单位仍按异常中止处理。",
            )
            findings.append(await self._tell(lost))
        return tuple(findings)


class _Lost:
    """A message that did not arrive: who should have it, and in words what it says."""

    def __init__(
        self,
        *,
        workflow_id: str,
        target: str,
        said: str,
        signal: str = "",
        note: Report | FactsNote | ResumeNote | None = None,
    ) -> None:
        self.workflow_id, self.target, self.said = workflow_id, target, said
        self.signal, self.note = signal, note


_Pair = tuple[Standing, Standing, Described]


def _lost_upwards(above_id: str, name: str, workflow_id: str, pair: _Pair) -> list[_Lost]:
    above, below, found = pair
    facts = tuple(f for f in below.reports if f not in above.facts)
    ended = found.is_completed and name not in above.ended_below
    if not facts and not ended:
        return []
    what = [*(["全部办结"] if ended else []), *([f"已完成{_named(facts)}"] if facts else [])]
    return [
        _Lost(
            workflow_id=workflow_id,
            target=above_id,
            signal=UNIT_REPORT_SIGNAL,
            note=Report(
                name=name, facts=below.reports, ended=found.is_completed, version=below.version
            ),
            said=f"{'、'.join(what)}，上级“{above_id}”没有收到。",
        )
    ]


def _lost_downwards(above_id: str, workflow_id: str, pair: _Pair) -> list[_Lost]:
    above, below, found = pair
    if not found.is_running:
        return []
    lost = []
    facts = tuple(f for f in above.shares if f not in below.facts)
    # A unit needs only what its rows wait for; an area passes everything on.
    if not below.below:
        facts = tuple(f for f in facts if f in below.waits_for)
    if facts:
        lost.append(
            _Lost(
                workflow_id=workflow_id,
                target=workflow_id,
                signal=FACTS_SIGNAL,
                note=FactsNote(facts=facts),
                said=f"上级“{above_id}”已知{_named(facts)}完成，本级没有收到，仍在等待。",
            )
        )
    if above.stopped and not below.stopped:
        said = f"上级“{above_id}”已停止推进，本级没有收到；请由协调员处理。"
        lost.append(_Lost(workflow_id=workflow_id, target=workflow_id, said=said))
    return lost


def _named(facts: tuple[str, ...]) -> str:
    more = f"等{len(facts)}项" if len(facts) > NAMED else ""
    return f"{'、'.join(facts[:NAMED])}{more}"

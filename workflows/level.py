"""What areas and the rollout share: they start the level below, gather facts and pass them on."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.names import FACTS_SIGNAL, STOP_SIGNAL, UNIT_REPORT_SIGNAL
    from contracts.procedure import StopOrder
    from contracts.reform import FactsNote, Fanout, Report, Tell
    from workflows import policies

CHUNK = 50
"""# replay: how many workflows one activity starts or tells."""


class Level:
    """A workflow above others: grow-only facts, reports of those below, at most one stop."""

    def __init__(self, facts: tuple[str, ...]) -> None:
        self._facts = set(facts)
        self._reports: dict[str, Report] = {}
        self._stop: StopOrder | None = None
        self._told_facts: frozenset[str] = frozenset(facts)
        self._told_stop = False

    @workflow.signal(name=UNIT_REPORT_SIGNAL)
    def hear(self, report: Report) -> None:
        """A report from below: facts are added, an end is final."""
        self._facts.update(report.facts)
        known = self._reports.get(report.name)
        ended = report.ended or (known is not None and known.ended)
        self._reports[report.name] = Report(name=report.name, ended=ended)

    @workflow.signal(name=FACTS_SIGNAL)
    def learn(self, note: FactsNote) -> None:
        """Facts from above."""
        self._facts.update(note.facts)

    @workflow.signal(name=STOP_SIGNAL)
    def stop(self, order: StopOrder) -> None:
        """The rollout stops."""
        self._stop = self._stop or order

    @property
    def ended_below(self) -> int:
        """How many of the level below have ended."""
        return sum(report.ended for report in self._reports.values())

    async def tell_below(self, workflow_ids: tuple[str, ...], shares: frozenset[str]) -> None:
        """This will pass on the shared facts that are new since the last time, and a stop, once."""
        facts = shares & self._facts
        stop = self._stop if not self._told_stop else None
        if facts <= self._told_facts and stop is None:
            return
        self._told_facts |= facts
        self._told_stop = self._told_stop or stop is not None
        note = FactsNote(facts=tuple(sorted(facts)))
        for start in range(0, len(workflow_ids), CHUNK):
            chunk = workflow_ids[start : start + CHUNK]
            await workflow.execute_activity_method(
                Fanout.tell,
                Tell(workflow_ids=chunk, facts=note, stop=stop),
                summary="告知停止" if stop else f"告知 {len(chunk)} 个下级：前置已完成",
                heartbeat_timeout=timedelta(seconds=30),
                **policies.FAN_OUT,
            )

    def has_news(self, shares: frozenset[str]) -> bool:
        """Whether those below have not been told something yet."""
        return not (shares & self._facts) <= self._told_facts or (
            self._stop is not None and not self._told_stop
        )

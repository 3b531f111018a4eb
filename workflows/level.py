"""What areas and the rollout share: they start the level below, gather facts and pass them on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.names import AMENDED_SIGNAL, FACTS_SIGNAL, STOP_SIGNAL, UNIT_REPORT_SIGNAL
    from contracts.procedure import StopOrder
    from contracts.reform import AmendNote, FactsNote, Fanout, Report, Standing, StartAreas, Tell
    from contracts.registers import PlanKey
    from workflows import policies

CHUNK = 50
"""# replay: how many workflows one activity starts or tells."""


class Level:
    """A workflow above others: grow-only facts, reports of those below, at most one stop.

    ``_plan`` is the version that is followed, ``_told`` the note that began this run, if an
    amendment did. An amendment may want those below to end once more: ``_required`` says by which
    version, and an end by an earlier one does not count.
    """

    def __init__(self, plan: PlanKey, facts: tuple[str, ...]) -> None:
        self._plan = plan
        self._paper = ""
        self._notes: list[AmendNote] = []
        self._told: AmendNote | None = None
        self._required: dict[str, int] = {}
        self._below: dict[str, str] = {}
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
        ended = report.ended and report.version >= self._required.get(report.name, 1)
        if known is not None and known.ended:
            ended, version = True, max(report.version, known.version)
        else:
            version = report.version
        self._reports[report.name] = Report(name=report.name, ended=ended, version=version)

    @workflow.signal(name=AMENDED_SIGNAL)
    def amended(self, note: AmendNote) -> None:
        """The plan has a new version; nothing is amended once the rollout stops."""
        known = [self._plan.version, *(n.plan.version for n in self._notes)]
        if note.plan.version > max(known) and self._stop is None:
            self._notes.append(note)
        elif note.plan.version == self._plan.version:
            self._told, self._paper = note, note.paper

    @workflow.signal(name=FACTS_SIGNAL)
    def learn(self, note: FactsNote) -> None:
        """Facts from above."""
        self._facts.update(note.facts)

    @workflow.signal(name=STOP_SIGNAL)
    def stop(self, order: StopOrder) -> None:
        """The rollout stops."""
        self._stop = self._stop or order

    def standing_as(
        self, name: str, reports: tuple[str, ...] = (), shares: tuple[str, ...] = ()
    ) -> Standing:
        """What this level knows and has heard, as the query answers it."""
        return Standing(
            name=name,
            version=self._plan.version,
            ended=self.is_done_below and bool(self._below),
            facts=tuple(sorted(self._facts)),
            reports=tuple(f for f in reports if f in self._facts),
            shares=tuple(f for f in shares if f in self._facts),
            below=dict(self._below),
            ended_below=tuple(n for n, r in self._reports.items() if r.ended),
            stopped=self._stop is not None,
            stop=self._stop,
        )

    @property
    def ended_below(self) -> int:
        """How many of the level below have ended."""
        return sum(report.ended for name, report in self._reports.items() if name in self._below)

    @property
    def is_done_below(self) -> bool:
        """Whether all of the level below have ended."""
        return self.ended_below == len(self._below)

    def follow(self, note: AmendNote) -> int:
        """The plan's new version is the one followed now; returns the one followed before."""
        since = self._plan.version
        self._plan, self._paper = note.plan, note.paper
        return since

    async def amend_below(
        self, note: AmendNote, *, area: str, areas: tuple[str, ...], units: tuple[str, ...]
    ) -> None:
        """This will tell these of an amendment, starting them where they do not run."""
        for name in (*areas, *units):
            self._required[name] = note.plan.version
            known = self._reports.get(name)
            if known is not None and known.ended and known.version < note.plan.version:
                self._reports[name] = replace(known, ended=False)
        named = [(name, "") for name in areas] + [("", name) for name in units]
        for start in range(0, len(named), CHUNK):
            chunk = named[start : start + CHUNK]
            await workflow.execute_activity_method(
                Fanout.start,
                StartAreas(
                    plan=note.plan,
                    areas=tuple(a for a, _ in chunk if a),
                    area=area,
                    units=tuple(u for _, u in chunk if u),
                    facts=tuple(sorted(self._facts)),
                    amended=note,
                ),
                summary=f"告知 {len(chunk)} 个下级：方案第{note.plan.version}版",
                heartbeat_timeout=timedelta(seconds=30),
                **policies.FAN_OUT,
            )

    async def tell_below(self, shares: frozenset[str]) -> None:
        """This will pass on the shared facts that are new since the last time, and a stop, once."""
        workflow_ids = tuple(self._below.values())
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

    def edition(self) -> str:
        """The version of the plan in words; empty for the first."""
        if self._plan.version == 1:
            return ""
        return f"方案第{self._plan.version}版（{self._paper}）"

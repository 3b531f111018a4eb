"""The tables: what was wanted beside what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.audit import Run
from bench.board import Chart
from bench.commands import IMPORT, ROLLOUT, TEMPORAL, Waits
from bench.history import Cost
from bench.ledger import Speed
from bench.live import Rush, Start
from bench.skipped import Tree

HELP_SECONDS = 0.3
READ_RATIO = 1.5
POSTING_RATIO = 0.5
BOARD_SECONDS = 0.3
CHART_SECONDS = 10.0
CHART_MEGABYTES = 200.0
AUDIT_SECONDS = 60.0
SANDING_EVENTS = 90
AREA_EVENTS = 4.0
UNITS = 98
"""Streets of the large district; with the district itself they are still one area."""

SANDING = "三定"
TYPES = {
    SANDING: "SandingDrafting, 2 parties",
    "武昌方案": "PlanApproval, 武昌",
    "乌海方案": "PlanApproval, 乌海",
    "挂牌": "NameplateHanging",
    "任务": "TaskMilestone",
}
_GROUPS = (
    ("workflow tasks (3 each)", ("WORKFLOW_TASK_",)),
    ("Updates (accepted, completed)", ("WORKFLOW_EXECUTION_UPDATE_",)),
    ("markers: ask the registers, write log and inbox", ("MARKER_",)),
    ("timers (started, cancelled)", ("TIMER_",)),
    ("search attributes", ("UPSERT_",)),
    ("closing activity", ("ACTIVITY_",)),
    ("start and end", ("WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_COMPLETED")),
)


@dataclass
class Report:
    """Lines as they come in, printed at the end as Markdown."""

    goals: list[Sequence[str]] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    def line(self, what: str, goal: str, measured: str, met: bool | None = None) -> None:
        """This will add one line to the table of goals."""
        verdict = "" if met is None else ("met" if met else "**missed**")
        self.goals.append((what, goal, measured, verdict))

    def text(self) -> str:
        """Everything as Markdown."""
        machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
        load = f"load {os.getloadavg()[1]:.1f} over the last 5 minutes"
        table = markdown(("measured", "goal", "result", ""), self.goals)
        return "\n\n".join([f"Machine: {machine}, {load}.", table, *self.extra])

    def ups(self, first: float, second: float) -> None:
        """How long until ``jiegai up`` is ready."""
        self.line("`jiegai up` to ready, empty directory", "", f"{first:.1f} s")
        self.line("`jiegai up` to ready, second time", "", f"{second:.1f} s")

    def waits(self, waits: Waits) -> None:
        """How long a person waits for a command."""
        wait = waits.median("jiegai --help")
        goal = f"≤ {HELP_SECONDS} s"
        self.line("`jiegai --help`", goal, f"{wait:.2f} s", wait <= HELP_SECONDS)
        for name in ("jiegai inbox", f"jiegai board {ROLLOUT}"):
            ratio = waits.ratio(name, IMPORT)
            measured = f"{waits.median(name):.2f} s, {ratio:.2f} ×"
            self.line(f"`{name}`", f"≤ {READ_RATIO} × import", measured, ratio <= READ_RATIO)
        self.line(f"`{IMPORT}`", "", f"{waits.median(IMPORT):.2f} s")
        self.line(f"`{TEMPORAL}`", "", f"{waits.median(TEMPORAL):.2f} s")

    def procedures(self, costs: dict[str, Cost], reminder: Cost) -> None:
        """What a finished procedure has cost."""
        events = costs[SANDING].total
        self.line(
            "history events of a 三定 without returns",
            f"≤ {SANDING_EVENTS}",
            str(events),
            events <= SANDING_EVENTS,
        )
        rows = [(TYPES[name], *_figures(cost)) for name, cost in costs.items()]
        rows.append(("one reminder's wake-up", *_figures(reminder)))
        heads = ("finished procedure", "events", "Actions", "payload bytes", "history bytes")
        self.extra.append(markdown(heads, rows))
        self.extra.append(markdown(("a 三定's events", "number"), _grouped(costs[SANDING])))
        kinds = sorted(costs[SANDING].actions.items(), key=lambda pair: -pair[1])
        self.extra.append(markdown(("a 三定's Actions", "number"), [(k, str(n)) for k, n in kinds]))

    def levels(self, small: Tree, large: Tree, spread: Tree, chain: Tree) -> None:
        """How the levels above procedures grow."""
        few, many = small.rollout.total, large.rollout.total
        self.line(
            f"`ReformRollout` events: 2 districts of 10, then of {UNITS} streets",
            "not growing",
            f"{few}, {many}",
            many <= few,
        )
        for name, tree in (
            ("ending ten at once", large),
            ("ending one by one", spread),
            ("two rows each, the district waiting for the first", chain),
        ):
            area = next(iter(tree.areas.values()))
            heard = area.events["WORKFLOW_EXECUTION_SIGNALED"]
            each = area.total / UNITS
            self.line(
                f"`AreaReform` events a unit: {UNITS} units, {name}",
                f"≤ {AREA_EVENTS:.0f}",
                f"{each:.1f} ({area.total} for {heard} reports)",
                each <= AREA_EVENTS,
            )
        self.line("`UnitReform` events, one row", "", str(spread.unit.total))
        self.line("`UnitReform` events, two rows, the first reported", "", str(chain.unit.total))

    def memory(self, weighed: dict[int, int]) -> None:
        """The worker's memory."""
        low, *_, high = sorted(weighed)
        each = (weighed[high] - weighed[low]) / (high - low) / 1024
        sizes = ", ".join(f"{count}: {size / 2**20:.0f} MB" for count, size in weighed.items())
        self.line("worker memory per open procedure, cached", "", f"{each:.0f} KB ({sizes})")

    def ledger(self, speed: Speed) -> None:
        """How fast the ledger writes with every guard on."""
        self.line(
            "ledger postings a second, one connection, all guards on",
            f"≥ {POSTING_RATIO} × single-row inserts",
            f"{speed.postings:.0f} ({speed.entries:.0f} entries), {speed.ratio:.2f} × "
            f"({speed.rows:.0f} rows)",
            speed.ratio >= POSTING_RATIO,
        )

    def board(self, work: float, chart: Chart) -> None:
        """A district's board, and the country's wall chart."""
        self.line(
            "board of 50 streets × 40 rows, all pages: the worker's and the database's work",
            f"≤ {BOARD_SECONDS * 1000:.0f} ms",
            f"{work * 1000:.0f} ms",
            work <= BOARD_SECONDS,
        )
        self.line(
            f"`jiegai board --html` of {chart.streets:,} streets, {chart.procedures:,} procedures",
            f"≤ {CHART_SECONDS:.0f} s, {CHART_MEGABYTES:.0f} MB",
            f"{chart.seconds:.1f} s, {chart.megabytes:.0f} MB "
            f"(a page of {chart.file_megabytes:.0f} MB)",
            chart.seconds <= CHART_SECONDS and chart.megabytes <= CHART_MEGABYTES,
        )

    def audit(self, run: Run) -> None:
        """A district's automatic audit, with a workbook of what it finds."""
        self.line(
            "`jiegai audit check` of 50 streets, 10,000 cases, 10,000 people, 17,000 items",
            f"≤ {AUDIT_SECONDS:.0f} s",
            f"{run.seconds:.1f} s, {run.megabytes:.0f} MB, {sum(run.found.values()):,} findings",
            run.seconds <= AUDIT_SECONDS,
        )

    def load(self, start: Start, rushes: Iterable[Rush]) -> None:
        """A large start, and many people at once."""
        self.line(
            f"rollout of {start.streets} streets, until its {start.procedures} procedures are open",
            "",
            f"{start.open_seconds:.0f} s (the command returns after {start.command_seconds:.1f} s)",
        )
        rows = [
            (
                str(rush.at_once),
                f"{rush.per_second:.0f}",
                f"{rush.percentile(50) * 1000:.0f} ms",
                f"{rush.percentile(99) * 1000:.0f} ms",
            )
            for rush in rushes
        ]
        heads = ("people acting at once", "actions a second", "p50", "p99")
        self.extra.append(markdown(heads, rows))


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """This will lay out a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figures(cost: Cost) -> tuple[str, ...]:
    numbers = (cost.total, cost.actions.total(), cost.payload_bytes, cost.history_bytes)
    return tuple(f"{number:,}" for number in numbers)


def _grouped(cost: Cost) -> list[tuple[str, str]]:
    left = dict(cost.events)
    rows = []
    for name, prefixes in _GROUPS:
        mine = [event for event in left if event.startswith(prefixes)]
        rows.append((name, str(sum(left.pop(event) for event in mine))))
    return rows + [(name, str(number)) for name, number in left.items()]

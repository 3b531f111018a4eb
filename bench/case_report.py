"""The lines of the bench of cases: goals, and the table of all contenders."""

from __future__ import annotations

from collections.abc import Iterator

from bench.case_rush import AT_ONCE, Measured
from bench.cases import Cases, Opened
from bench.report import Report, markdown

TEXTBOOK_TIMES = 2.0
DBOS_TIMES = 1.2
EVENTS = 40
P99_SECONDS = 1.5
OPEN_BYTES = 2**30
PROCESSES = ("worker", "server", "PostgreSQL", "driver")
_KINDS = ("上报", "派单")


def report_cases(report: Report, found: Cases) -> None:
    """This will add the goals of the hot path and the table of contenders."""
    for kind in _KINDS:
        ours, other = found.named(f"CaseHandover, {kind}"), found.named(f"textbook, {kind}")
        assert ours is not None
        assert other is not None
        assert ours.cost is not None
        _times(
            report, f"cases a second, {kind}: ours beside a textbook's", ours, other, TEXTBOOK_TIMES
        )
        events = ours.cost.total
        report.line(f"events of a case, {kind}", f"≤ {EVENTS}", str(events), events <= EVENTS)
        p99 = ours.percentile(99)
        report.line(
            f"p99 of an action, {kind}, {AT_ONCE} at once",
            f"< {P99_SECONDS} s",
            f"{p99:.2f} s",
            p99 < P99_SECONDS,
        )
    for shape, goal in (("bare", DBOS_TIMES), ("full", None)):
        other = found.named(f"DBOS, {shape}")
        for kind in _KINDS:
            ours = found.named(f"CaseHandover, {kind}")
            if other is None or ours is None:
                report.line("cases a second beside DBOS", "", "did not run: make bench installs it")
                continue
            _times(report, f"cases a second, {kind}: ours beside DBOS, {shape}", ours, other, goal)
    heads = ("contender", "actions", "cases/s", "p50", "p99")
    heads += (*(f"CPU {name}" for name in PROCESSES), "events", "Actions")
    report.extra.append(
        f"{found.rounds} rounds of {found.cases} cases each, {AT_ONCE} at once; medians of the"
        " rounds; CPU in ms a case.\n\n" + markdown(heads, _rows(found))
    )


def report_open(report: Report, found: Opened) -> None:
    """This will add what open cases cost in the worker."""
    most = max(found.weighed)
    size = found.weighed[most]
    sizes = ", ".join(f"{n}: {weight / 2**20:.0f} MB" for n, weight in found.weighed.items())
    report.line(
        f"worker memory with {most} open cases",
        "≤ 1 GiB with 10,000",
        f"{size / 2**20:.0f} MB ({sizes}); an opening took {found.seconds * 1000:.0f} ms (p50)",
        size <= OPEN_BYTES,
    )


def _times(report: Report, what: str, ours: Measured, other: Measured, goal: float | None) -> None:
    ratio = ours.ratio(other)
    measured = f"{ratio:.2f} × ({ours.per_second:.1f} beside {other.per_second:.1f})"
    if goal is None:
        report.line(what, "", measured)
    else:
        report.line(what, f"≥ {goal} ×", measured, ratio >= goal)


def _rows(found: Cases) -> Iterator[tuple[str, ...]]:
    for each in found.measured:
        cpu = (f"{each.cpu(name) * 1000:.0f}" if each.cpu(name) else "" for name in PROCESSES)
        cost = (str(each.cost.total), str(each.cost.actions.total())) if each.cost else ("", "")
        yield (
            each.name,
            str(each.actions),
            f"{each.per_second:.1f}",
            f"{each.percentile(50) * 1000:.0f} ms",
            f"{each.percentile(99) * 1000:.0f} ms",
            *cpu,
            *cost,
        )

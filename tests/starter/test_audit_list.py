"""What ``jiegai audit list`` says of windows that were not done."""

from __future__ import annotations

from datetime import UTC, date, datetime

from contracts.audit_plan import PlanLine, RunLine
from domain.audit import AuditKind, AuditPlan, Cadence, Every
from starter.audit_list import overview


def line(name: str, *states: str) -> PlanLine:
    """An arrangement whose windows came to this, the newest first."""
    cadence = Cadence(every=Every.QUARTER, first=date(2026, 1, 1))
    plan = AuditPlan(rollout="乌海", name=name, kind=AuditKind.SAMPLING, cadence=cadence)
    at = datetime(2026, 1, 5, 1, tzinfo=UTC)
    runs = tuple(
        RunLine(window=f"2026年第{n}季度", planned_at=at, state=state)
        for n, state in enumerate(states, start=1)
    )
    return PlanLine(plan=plan, runs=runs)


def test_what_was_missed_and_what_nobody_visited_is_counted() -> None:
    """Both, beside each other; nothing is said where all was done."""
    lines = [line("抽查", "已抽取", "未到访", "未到访"), line("再查", "漏检")]
    said = overview("乌海", lines)
    assert said[-1] == "最近各期漏检1期、未到访2期，见 jiegai audit list 乌海 名称。"
    assert not any("最近各期" in each for each in overview("乌海", [line("抽查", "已抽取")]))

"""The figures of an audit's report: counts of problems, each with the numbers that make it up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from domain.audit_flow import Discipline, Problem, ProblemState
from domain.official_paper import Table, plain_table

if TYPE_CHECKING:
    from domain.duty_execution import Execution
    from starter.audit_paper import AuditFacts

_MANUAL: Final = "人工"
MOST_IN_TEXT: Final = 20
"""Units that have a row in the text; of more the annex has the table."""

_EXECUTION: Final = {
    "上报": ("上报",),
    "报告按时/超期": ("当天报告按时", "当天报告超期"),
    "交接按时/本单位超期/对方超期": ("交接按时", "交接本单位超期", "交接对方超期"),
    "派单": ("派单",),
    "回告被退": ("回告被退",),
}
"""Heads of the table, with the indicators that stand under each."""

_MOST_RUNS: Final = 24
_MOST_UNITS: Final = 12


def numbers_of(problems: Iterable[Problem]) -> str:
    """The numbers of problems as runs; empty for none."""
    return runs_of(one.number for one in problems)


def runs_of(given: Iterable[int]) -> str:
    """Numbers as runs; of very many the first, since a cell must fit on a page.

    >>> runs_of([5, 1, 2, 3])
    '第1—3、5号'
    """
    numbers = sorted(given)
    if not numbers:
        return ""
    breaks = [at + 1 for at, (one, next_one) in enumerate(pairwise(numbers)) if next_one > one + 1]
    edges = [0, *breaks, len(numbers)]
    runs = [numbers[first:last] for first, last in pairwise(edges)]
    words = [
        "、".join(str(number) for number in run) if len(run) < 3 else f"{run[0]}—{run[-1]}"
        for run in runs[:_MOST_RUNS]
    ]
    more = "等，见附件1" if len(runs) > _MOST_RUNS else ""
    return f"第{'、'.join(words)}号{more}"


def listed(units: Collection[str]) -> str:
    """Units in their order; of many the first, and how many there are."""
    named = "、".join(list(units)[:_MOST_UNITS])
    return named + (f"等{len(units)}个" if len(units) > _MOST_UNITS else "")


def counted(problems: Iterable[Problem]) -> str:
    """``3个（第1—3号）``; ``0个``."""
    found = list(problems)
    return f"{len(found)}个" + (f"（{numbers_of(found)}）" if found else "")


def total_in_words(problems: Sequence[Problem]) -> str:
    """How many in all, of how many units, and how many came from the automatic checks."""
    if not problems:
        return "没有发现问题。"
    units = {one.unit for one in problems}
    found = [one for one in problems if one.found_by != _MANUAL]
    auto = f"；其中自动检查发现{counted(found)}" if found else ""
    return f"共发现{len(units)}个单位的问题{counted(problems)}{auto}。"


def by_unit(problems: Sequence[Problem], caption: str = "各单位的问题") -> Table:
    """One row a unit, by name: how many, and where they stand."""
    rows = []
    for unit in sorted({one.unit for one in problems}):
        own = [one for one in problems if one.unit == unit]
        states = [str(sum(one.state is state for one in own)) for state in _STATES]
        rows.append((unit, str(len(own)), *states, numbers_of(own)))
    heads = ("单位", "问题", *(str(state) for state in _STATES), "附件1中的序号")
    return plain_table(heads, rows, grid=(24, 9, 16, 12, 12, 12, 24), caption=caption)


_STATES = (
    ProblemState.ON_THE_SPOT,
    ProblemState.CLOSED,
    ProblemState.RECTIFIED,
    ProblemState.OPEN,
)


def by_basis(problems: Sequence[Problem]) -> Table:
    """What they rest on, in the order of the texts' rows."""
    rows = []
    for rule in sorted({one.rule for one in problems}):
        own = [one for one in problems if one.rule == rule]
        units = listed(sorted({one.unit for one in own}))
        rows.append((rule or "—", str(len(own)), units, numbers_of(own)))
    return plain_table(
        ("依据", "问题", "单位", "附件1中的序号"), rows, grid=(18, 9, 45, 28), caption="按依据汇总"
    )


def results_table(facts: AuditFacts) -> Table:
    """Every covered unit with its visit and result, by name (0-12)."""
    rows = []
    for unit in facts.units:
        own = [one for one in facts.visits if one.unit == unit]
        if not own:
            rows.append((unit, "未到访", "", ""))
        for one in own:
            day = f"{one.on.year}.{one.on.month}.{one.on.day}"
            rows.append((unit, day, "、".join(one.methods), one.result or "未评定"))
    return plain_table(
        ("单位", "日期", "方式", "结果"), rows, grid=(28, 18, 34, 20), caption="各单位检查评估结果"
    )


def conclusions_table(facts: AuditFacts, caption: str, what: str) -> Table:
    """Every item of the checklist with its conclusion."""
    texts = {one.number: one.text for one in facts.plan.items}
    made = {one.number: one for one in facts.record.conclusions}
    rows = []
    for number in {**texts, **made}:
        one = made.get(number)
        word = "未下结论" if one is None else "符合" if one.is_good else "不符合"
        rows.append((number, texts.get(number, ""), word, one.note if one else ""))
    return plain_table(("号", what, "结论", "说明"), rows, grid=(12, 44, 14, 30), caption=caption)


def execution_table(facts: AuditFacts) -> Table | None:
    """What each street inspected had to do with its lists in the year (4-38); None where nobody had."""
    if facts.execution is None:
        return None
    own = [one for one in facts.execution.streets if one.unit in facts.units and not one.is_empty]
    rows = [
        (
            one.unit,
            f"{one.claimed}/{one.items}" if one.items else "",
            *(_joined(one, *names) for names in _EXECUTION.values()),
            str(one.attempts + one.complaints),
        )
        for one in sorted(own, key=lambda one: one.unit)
    ]
    heads = ("单位", "认领/事项", *_EXECUTION, "违规派单和反映")
    if not rows:
        return None
    return plain_table(
        heads, rows, grid=(18, 12, 8, 13, 17, 8, 11, 13), caption="各街道责任清单落实情况"
    )


def _joined(one: Execution, *names: str) -> str:
    return "/".join(str(one.count(name)) for name in names)


def disciplines_table(facts: AuditFacts) -> Table:
    """The six disciplines, each with its breaches (2-21)."""
    rows = []
    for discipline in Discipline:
        own = [one for one in facts.record.problems if one.discipline == discipline]
        units = listed(sorted({one.unit for one in own}))
        rows.append((str(discipline), str(len(own)), units, numbers_of(own)))
    return plain_table(
        ("纪律", "问题", "单位", "附件1中的序号"), rows, grid=(22, 9, 41, 28), caption="六项纪律"
    )


def rectified_in_words(problems: Sequence[Problem], today: date) -> str:
    """How far 整改 and 复核 are; what is past its day is said."""
    if not problems:
        return "没有需要整改的问题。"
    groups = {state: [one for one in problems if one.state is state] for state in ProblemState}
    parts = [
        f"{word}{counted(groups[state])}"
        for state, word in (
            (ProblemState.ON_THE_SPOT, "现场解决"),
            (ProblemState.CLOSED, "整改后经复核销号"),
            (ProblemState.RECTIFIED, "已报整改、待复核"),
            (ProblemState.OPEN, "待整改"),
        )
        if groups[state]
    ]
    late = [one for one in groups[ProblemState.OPEN] if one.due and one.due < today]
    more = f"待整改的超过限期{counted(late)}。" if late else ""
    return f"{'；'.join(parts)}。{more}"

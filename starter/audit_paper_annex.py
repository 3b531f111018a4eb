"""The annexes of an audit's report: every problem with its workflow, and every visit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from domain.audit_flow import ProblemState
from domain.audit_referral import in_words
from domain.official_paper import Annex, Block, Cell, Para, Row, Table
from starter.audit_paper_figures import MOST_IN_TEXT, by_unit

if TYPE_CHECKING:
    from domain.audit_flow import Problem
    from starter.audit_paper import AuditFacts


def annexes_of(facts: AuditFacts) -> Iterator[Annex]:
    """This will list problems, by unit where the text has no room for it, then visits; what there is none of has no annex."""
    if facts.record.problems:
        yield Annex(title="问题清单", body=tuple(_problems(facts)))
    if len({one.unit for one in facts.record.problems}) > MOST_IN_TEXT:
        yield Annex(title="各单位的问题", body=(by_unit(facts.record.problems, ""),))
    if facts.record.referrals:
        yield Annex(title="移送情况", body=tuple(_referrals(facts)))
    if facts.visits:
        yield Annex(title="到访记录", body=tuple(_visits(facts)))


def _problems(facts: AuditFacts) -> Iterator[Block]:
    own = facts.record.workflow_id
    yield Para(
        text=f"按单位名称排列。未写流程编号的问题，流程是本次督查的{own}。",
        flush=True,
    )
    problems = sorted(facts.record.problems, key=lambda one: (one.unit, one.number))
    rows = [
        (
            str(one.number),
            one.unit,
            "\n".join(part for part in (one.rule, one.discipline) if part),
            _words(one),
            _standing(one),
            one.workflow_id,
        )
        for one in problems
    ]
    heads = ("序号", "单位", "依据", "问题和建议", "整改", "流程编号")
    yield _fine_table(heads, rows, (9, 15, 13, 30, 16, 17))


def _words(one: Problem) -> str:
    parts = [one.sentence]
    if one.found_by != "人工":
        parts.append(f"（自动检查：{one.found_by}）")
    if one.advice:
        parts.append(f"建议：{one.advice}")
    return "\n".join(parts)


def _standing(one: Problem) -> str:
    parts = [str(one.state)]
    if one.due is not None and one.state is ProblemState.OPEN:
        parts.append(f"限{one.due.year}.{one.due.month}.{one.due.day}前")
    if one.done:
        parts.append(one.done)
    return "\n".join(parts)


def _referrals(facts: AuditFacts) -> Iterator[Block]:
    """0-14: what was handed to the 区纪委监委, and what came of it."""
    problems = {one.number: one for one in facts.record.problems}
    rows = [
        (
            str(entry.number),
            problems[entry.number].unit,
            problems[entry.number].discipline,
            in_words(entry),
        )
        for entry in facts.record.referrals
    ]
    yield _fine_table(("问题", "单位", "纪律", "移送和结果"), rows, (10, 22, 18, 50))


def _visits(facts: AuditFacts) -> Iterator[Block]:
    rows = [
        (
            one.unit,
            f"{one.on.year}.{one.on.month}.{one.on.day}",
            "、".join(one.methods),
            one.team,
            one.result,
            one.opinions,
        )
        for one in facts.visits
    ]
    heads = ("单位", "日期", "方式", "检查人员", "结果", "听取的意见")
    yield _fine_table(heads, rows, (16, 15, 14, 14, 10, 31))


def _fine_table(
    heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], grid: tuple[int, ...]
) -> Table:
    """In small print; the head repeats on every page."""
    top = Row(cells=tuple(Cell(text=head, label=True) for head in heads), head=True)
    below = (
        Row(
            cells=tuple(Cell(text=text, fine=True, centred=text.isdigit()) for text in row),
            lines=0.7,
        )
        for row in rows
    )
    return Table(grid=grid, rows=(top, *below))

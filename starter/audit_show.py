"""``jiegai audit show``: one audit as it is recorded: visits, problems by unit, conclusions, its link.

Units stand by name everywhere; nobody is ranked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from starter.audit_key import audit_arguments, read_record, the_key
from starter.errors import printable
from starter.parameters import JSON_OPTION, SHANGHAI
from starter.table import display_width, echo_json, pad, pasted, render, terminal_width, wrap

if TYPE_CHECKING:
    from contracts.audit_flow import AuditRecord
    from domain.audit import RunKey
    from domain.audit_flow import Problem

_MOST_NAMED: Final = 12
_REGISTERED: Final = ("检查评估", "年度督查", "编制纪律检查")
"""Kinds that begin with 立项 where their arrangement has no approval."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One audit; ``ui`` is its page in the Web UI, empty where that is not known."""

    key: RunKey
    record: AuditRecord
    approval: str = ""
    ui: str = ""

    @property
    def unvisited(self) -> tuple[str, ...]:
        """Covered units without a record, by name."""
        visited = {one.unit for one in self.record.visits}
        return tuple(unit for unit in sorted(self.record.covers) if unit not in visited)


@click.command()
@audit_arguments
@JSON_OPTION
def show(**given: Any) -> None:
    """一次督查的全部记录：安排、到访、问题、结论、流程。

    例：jiegai audit show 乌海2019 季度抽查 2026年第4季度
    """
    from starter.desk_client import run

    shown = _with_link(run(_read(given)))
    if given["as_json"]:
        echo_json(
            asdict(shown.record)
            | {
                "key": asdict(shown.key),
                "approval": shown.approval,
                "unvisited": shown.unvisited,
                "link": shown.ui,
            }
        )
        return
    today = datetime.now(UTC).astimezone(SHANGHAI).date()
    for line in in_words(shown, terminal_width(), today):
        click.echo(printable(line))


async def _read(given: dict[str, Any]) -> Shown:
    from starter.audit_said import read_said
    from starter.desk_client import opened

    async with opened() as door:
        key = await the_key(door, given, datetime.now(UTC))
        record = await read_record(door, key)
        approval = record.plan.approval if record.plan else ""
        if not approval:
            approval = (await read_said(door, record.workflow_id)).approval
        return Shown(key=key, record=record, approval=approval)


def _with_link(shown: Shown) -> Shown:
    from contracts.webpage import page_path
    from runtime.connect import ui_url
    from runtime.settings import Settings

    settings = Settings.from_environ()
    base = ui_url(settings)
    if not base or not shown.record.workflow_id:
        return shown
    path = page_path(settings.namespace, shown.record.workflow_id)
    return replace(shown, ui=f"{base}{path}")


def in_words(shown: Shown, width: int, today: date) -> Iterator[str]:
    """This will lay the audit out: who and when, where a team was, what was found."""
    yield from _head(shown, width)
    if not _inspects(shown.record):
        return
    yield ""
    yield from _visits(shown, width)
    yield ""
    yield from _problems(shown, width, today)
    if shown.record.conclusions or (shown.record.plan and shown.record.plan.items):
        yield ""
        yield from _conclusions(shown, width)


def _head(shown: Shown, width: int) -> Iterator[str]:
    key, record = shown.key, shown.record
    yield from wrap(f"{key.rollout}  {key.plan}  {key.window}", width)
    lines = []
    if record.plan is not None:
        from domain.audit import SOURCE_ROWS

        plan = record.plan
        rows = "、".join(SOURCE_ROWS[plan.kind])
        lead = f"，{plan.leader}带队" if plan.leader else ""
        scope = f"，{plan.district}" if plan.district else ""
        lines.append(("类型", f"{plan.kind}（{rows}）{scope}"))
        lines.append(("主办", f"{plan.organiser}{lead}"))
        if _inspects(record):
            asked = "立项时报批（3-30）" if plan.kind in _REGISTERED else "—"
            lines.append(("一事一报", shown.approval or plan.approval or asked))
    when = [f"{word}{_minute(at)}" for word, at in _moments(record) if at]
    lines.append(("状态", "，".join((record.status or "—", *when))))
    if record.workflow_id:
        lines.append(("流程", record.workflow_id))
    if shown.ui:
        lines.append(("网页", shown.ui))
    for name, text in lines:
        head = pad(name, 10)
        # An id or an address is one word, so that it can be copied.
        if name in ("流程", "网页"):
            yield head + text
            continue
        first, *rest = wrap(text, width - display_width(head))
        yield head + first
        yield from (" " * display_width(head) + each for each in rest)


def _moments(record: AuditRecord) -> tuple[tuple[str, datetime | None], ...]:
    return (("开始于", record.opened_at), ("结束于", record.ended_at))


def _minute(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _visits(shown: Shown, width: int) -> Iterator[str]:
    record = shown.record
    visited = {one.unit for one in record.visits}
    of = f"/{len(record.covers)}" if record.covers and not _is_sample(record) else ""
    yield f"到访 {len(visited)}{of} 个单位"
    rows = [
        (one.unit, one.on, "、".join(one.methods), one.result, one.recorded_by)
        for one in sorted(record.visits, key=lambda one: (one.unit, one.on))
    ]
    if rows:
        yield render(rows, ("单位", "日期", "方式", "结果", "登记人"), width)
    if shown.unvisited and not _is_sample(record):
        named = "、".join(shown.unvisited[:_MOST_NAMED])
        more = f"等{len(shown.unvisited)}个" if len(shown.unvisited) > _MOST_NAMED else ""
        yield from wrap(f"未到访：{named}{more}", width)
    if _is_sample(record):
        yield from wrap("随机抽查：只列已到访的单位（4-37）。", width)
    heard = [one for one in sorted(record.visits, key=lambda one: one.unit) if one.opinions]
    for one in heard:
        for line in wrap(f"{one.unit}的意见：{one.opinions}", width - 2):
            yield f"  {line}"


def _inspects(record: AuditRecord) -> bool:
    """A meeting or a yearly item inspects nobody."""
    from domain.audit import AUDITS

    return record.plan is None or record.plan.kind in AUDITS


def _is_sample(record: AuditRecord) -> bool:
    from domain.audit import AuditKind

    return record.plan is not None and record.plan.kind is AuditKind.SAMPLING


def _problems(shown: Shown, width: int, today: date) -> Iterator[str]:
    problems = shown.record.problems
    if not problems:
        yield "没有登记问题。"
        return
    yield f"问题 {len(problems)} 个：{states_of(problems)}"
    for unit in sorted({one.unit for one in problems}):
        own = [one for one in problems if one.unit == unit]
        yield ""
        yield f"{unit}（{states_of(own)}）"
        for one in sorted(own, key=lambda one: one.number):
            yield from _one_problem(one, width, today)
            yield from _handed_over(one, shown.record, width)
    key = shown.key
    where = f"{pasted(key.rollout)} {pasted(key.plan)} {pasted(key.window)}"
    yield ""
    yield f"写成报告：jiegai audit report {where} --docx 报告.docx"


def states_of(problems: Sequence[Problem]) -> str:
    """How many stand where, in the order of the course."""
    from domain.audit_flow import ProblemState

    counts = Counter(one.state for one in problems)
    return "，".join(f"{state} {counts[state]}" for state in ProblemState if counts[state])


def _one_problem(one: Problem, width: int, today: date) -> Iterator[str]:
    """Its number, rule and words; then its state with the day; then what was done."""
    head = f"  {one.number:>3}  "
    room = width - display_width(head)
    origin = "" if one.found_by == "人工" else f"（自动检查：{one.found_by}）"
    breach = f"{one.discipline}　" if one.discipline else ""
    first, *rest = wrap(f"{one.rule}　{breach}{one.sentence}{origin}", room)
    yield head + first
    more = list(rest)
    more += wrap(_standing(one, today), room)
    if one.advice:
        more += wrap(f"建议：{one.advice}", room)
    if one.done:
        by = f"（{one.done_by}）" if one.done_by else ""
        more += wrap(f"整改：{one.done}{by}", room)
    if one.workflow_id:
        more.append(f"[{one.workflow_id}]")
    for line in more:
        yield " " * display_width(head) + line


def _handed_over(one: Problem, record: AuditRecord, width: int) -> Iterator[str]:
    """That it was handed to the 区纪委监委, and what came of it (0-14)."""
    from domain.audit_referral import in_words

    for entry in record.referrals:
        if entry.number == one.number:
            yield from (f"       {line}" for line in wrap(in_words(entry), width - 7))


def _standing(one: Problem, today: date) -> str:
    """The state, and the day of 整改 while it is awaited."""
    from domain.audit_flow import ProblemState

    words = f"[{one.state}]"
    if one.due is not None and one.state is ProblemState.OPEN:
        left = (one.due - today).days
        days = f"还剩{left}天" if left > 0 else "今天到期" if left == 0 else f"超期{-left}天"
        words += f" {one.due} 前整改，{days}"
    if one.judged_by:
        words += f" {one.judged_by}复核" + ("退回" if one.state is ProblemState.OPEN else "")
    return words


def _conclusions(shown: Shown, width: int) -> Iterator[str]:
    record = shown.record
    items = {one.number: one.text for one in record.plan.items} if record.plan else {}
    made = {one.number: one for one in record.conclusions}
    yield f"检查单 {len(made)}/{len({*items, *made})} 条有结论"
    for number in {**items, **made}:
        one = made.get(number)
        word = "未下结论" if one is None else "符合" if one.is_good else "不符合"
        note = f"：{one.note}" if one is not None and one.note else ""
        text = f"[{word}] {items.get(number, '')}{note}"
        head = f"  {pad(number, 5)}  "
        first, *rest = wrap(text, width - display_width(head))
        yield head + first
        yield from (" " * display_width(head) + each for each in rest)

"""A case's whole story on one page: who and what, every clock, every step, every line of its log.

The register and the log answer; the steps are asked of the case itself. Where it cannot answer (no
worker, or taken off the server after years) the page is without them and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from starter.case_list import held_up_by, moment, sides
from starter.errors import printable
from starter.lights import paint
from starter.parameters import SHANGHAI
from starter.table import display_width, pad, render, wrap

if TYPE_CHECKING:
    from contracts.case import CaseLine, CasePage, ClockLine
    from contracts.desk import LogLine
    from contracts.procedure import Progress, StepProgress
    from starter.desk_client import Door

_WIDE: Final = 110
_ACTED: Final = "办理"
_SHOWN_FACTS: Final = ("地点", "来件编号", "函号", "送达方式", "要求", "执法人员", "电话报告")
_QUERY_PATIENCE: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class Story:
    """All that is known of a case; ``progress`` None: the case itself did not answer."""

    line: CaseLine
    log: tuple[LogLine, ...]
    progress: Progress | None = None

    @property
    def opening(self) -> Mapping[str, Any]:
        """What was stated at the opening: note, facts, evidence; empty if no line holds it."""
        return self.detail_of("")

    def acts(self, *steps: str) -> list[LogLine]:
        """The lines in which somebody answered one of these steps, the oldest first."""
        return [one for one in self.log if one.kind == _ACTED and one.step in steps]

    def detail_of(self, step: str) -> Mapping[str, Any]:
        """The parts of the newest answer to a step; of the very first for no step."""
        acted = [one for one in self.log if one.kind == _ACTED and step in ("", one.step)]
        if not acted:
            return {}
        return (acted[-1] if step else acted[0]).detail


async def read_story(door: Door, line: CaseLine) -> Story:
    """This will read the log of a case, and ask the case for its steps."""
    from contracts.desk import Desk, LogQuestion

    asked = asyncio.create_task(_progress(door, line.workflow_id))
    try:
        question = LogQuestion(workflow_id=line.workflow_id)
        page = await door.ask(Desk.log, question)
        lines = page.lines
        while page.next_page:
            page = await door.ask(Desk.log, replace(question, page=page.next_page))
            lines += page.lines
    except BaseException:
        asked.cancel()
        raise
    return Story(line=line, log=lines, progress=await asked)


async def _progress(door: Door, workflow_id: str) -> Progress | None:
    from temporalio.client import WorkflowQueryFailedError, WorkflowQueryRejectedError
    from temporalio.service import RPCError

    from contracts.names import PROGRESS_QUERY
    from contracts.procedure import Progress

    handle = door.workflows.get_workflow_handle(workflow_id)
    try:
        async with asyncio.timeout(_QUERY_PATIENCE):
            try:
                found: Progress = await handle.query(PROGRESS_QUERY, result_type=Progress)
            except WorkflowQueryFailedError:
                # Turned away because it moves in this moment (runtime/question_guard.py).
                found = await handle.query(PROGRESS_QUERY, result_type=Progress)
    except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError, TimeoutError):
        return None
    return found


def laid_out(story: Story, now: datetime, width: int, *, rules: bool = False) -> Iterator[str]:
    """This will lay the whole story out within ``width`` columns."""
    yield from _head(story, width)
    yield from _clocks(story, now, width, rules=rules)
    for text in (*_steps(story, width), *_log(story, width)):
        yield printable(text)


def _coloured(light: str, text: str) -> str:
    return paint(light, printable(text))


def _head(story: Story, width: int) -> Iterator[str]:
    line, page = story.line, story.line.page
    urgent = "（紧急）" if page.urgency == "紧急" else ""
    light = f"{line.light}灯，" if line.light else ""
    state = f"{light}{page.status}"
    for text in wrap(f"{page.number}　{page.kind}{urgent}　{state}", width):
        yield _coloured(line.light, text)
    for name, text in _facts(story):
        yield from _named(name, text, width)


def _facts(story: Story) -> Iterator[tuple[str, str]]:
    line, page = story.line, story.line.page
    yield "案由", page.title
    yield "双方", sides(line)
    yield "依据", _cited(page)
    yield "来源", f"{page.source}，{moment_to_minute(page.trigger_at)}"
    facts = story.opening.get("facts") or {}
    for name in _SHOWN_FACTS:
        if facts.get(name):
            yield name, str(facts[name])
    if story.opening.get("note"):
        yield "案情", str(story.opening["note"])
    opened = f"{moment_to_minute(page.opened_at)}，{page.opened_by}" if page.opened_at else ""
    yield "受理", opened or page.opened_by
    counts = (("退回", page.returns), ("拒收", page.refusals))
    said = "，".join(f"{what}{count}次" for what, count in counts if count)
    if said:
        yield "经历", said
    if page.code:
        yield "未受理", f"[{page.code}]" + ("（计为违规尝试）" if page.breach else "")
    if line.waiting:
        yield "等待", "；".join(line.waiting)


def _cited(page: CasePage) -> str:
    """The item in force that was cited; what was only named is said to be on no list."""
    if not page.item:
        return "没有清单事项"
    if not page.list_name:
        return f"所引事项“{page.item}”，现行清单没有"
    return f"{page.list_name}（第{page.list_version}版）第{page.item}项“{page.item_name}”"


def _named(name: str, text: str, width: int) -> Iterator[str]:
    head = f"  {pad(name, 8)}  "
    first, *more = wrap(printable(" ".join(text.split())), width - display_width(head))
    yield head + first
    for each in more:
        yield " " * display_width(head) + each


def _clocks(story: Story, now: datetime, width: int, *, rules: bool) -> Iterator[str]:
    line = story.line
    yield ""
    if not line.page.clocks:
        yield "时限：没有设时限的环节。"
        return
    yield "时限"
    if width >= _WIDE:
        heads = ("名称", "依据", "起算", "期限", "送达", "停止", "由谁延误")
        rows = [_clock_cells(line, one, now) for one in line.page.clocks]
        table = render(rows, heads, width).split("\n")
        lights = ["", "", *(_light(line, one, now) for one in line.page.clocks)]
        yield from (_coloured(light, text) for light, text in zip(lights, table, strict=True))
    else:
        for one in line.page.clocks:
            light = _light(line, one, now)
            yield from (_coloured(light, text) for text in _clock_lines(line, one, now, width))
    if rules:
        for one in line.page.clocks:
            yield from _named(one.name, one.rule or "没有规则说明", width)


def _clock_cells(line: CaseLine, clock: ClockLine, now: datetime) -> tuple[str, ...]:
    return (
        clock.name,
        clock.basis,
        moment_to_minute(clock.started_at),
        _due(clock),
        moment_to_minute(clock.delivered_at) if clock.delivered_at else "",
        _stopped(clock),
        held_up_by(line, clock, now),
    )


def _clock_lines(line: CaseLine, clock: ClockLine, now: datetime, width: int) -> list[str]:
    parts = [f"{moment_to_minute(clock.started_at)} 起", f"{_due(clock)} 止"]
    if clock.delivered_at is not None:
        parts.append(f"{moment_to_minute(clock.delivered_at)} 送达")
    parts.append(f"{_stopped(clock)}" + (" 停" if clock.stopped_at else ""))
    late = held_up_by(line, clock, now)
    if late:
        parts.append(f"超期：{late}")
    head = f"  {clock.name}（{clock.basis}）" if clock.basis else f"  {clock.name}"
    return [head, *(f"    {text}" for text in wrap("，".join(parts), width - 4))]


def _light(line: CaseLine, clock: ClockLine, now: datetime) -> str:
    return "红" if held_up_by(line, clock, now) else ""


def _due(clock: ClockLine) -> str:
    if clock.due_at is None:
        return "未设时限"
    return moment(clock.due_at) + ("（暂定）" if clock.provisional else "")


def _stopped(clock: ClockLine) -> str:
    if clock.stopped_at is None:
        return "未停"
    return f"{moment_to_minute(clock.stopped_at)} {clock.by}".rstrip()


def moment_to_minute(at: datetime) -> str:
    """An instant that happened, in Asia/Shanghai: ``2026-02-15 23:50``."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _steps(story: Story, width: int) -> Iterator[str]:
    yield ""
    if story.progress is None:
        yield "环节：案件没有应答，见下面的经过。"
        return
    steps = story.progress.steps
    if not steps:
        yield "环节：没有开始。"
        return
    yield "环节"
    if width >= _WIDE:
        heads = ("环节", "单位", "交办", "期限", "办结", "结果", "办理人")
        yield from render([_step_cells(one) for one in steps], heads, width).split("\n")
        return
    for one in steps:
        name, units, opened, due, closed, outcome, who = _step_cells(one)
        said = [f"{opened} 交办", f"期限 {due}"]
        said.append(f"{closed} {who}{outcome}" if closed else f"{outcome}")
        yield from (f"  {text}" for text in wrap(f"{name}（{units}）", width - 2))
        yield from (f"    {text}" for text in wrap("，".join(said), width - 4))


def _step_cells(step: StepProgress) -> tuple[str, ...]:
    from domain.case_limits import NO_LIMIT_DAY
    from domain.desk import named

    name = step.step if step.visit == 1 else f"{step.step}（第{step.visit}次）"
    late = "（超期）" if step.late or (step.closed_at is None and step.light == "红") else ""
    due = "未设时限" if step.due_date >= NO_LIMIT_DAY else moment(step.due_at) + late
    if step.provisional and step.due_date < NO_LIMIT_DAY:
        due += "（暂定）"
    who = "、".join(named(unit, person) for unit, person in step.answered_by.items())
    return (
        name,
        "、".join(step.units),
        moment_to_minute(step.opened_at),
        due,
        moment_to_minute(step.closed_at) if step.closed_at else "",
        step.outcome or "待办",
        who,
    )


def _log(story: Story, width: int) -> Iterator[str]:
    from starter.log import laid_out as log_lines

    yield ""
    if not story.log:
        yield "经过：还没有办理记录。"
        return
    yield "经过"
    for one in story.log:
        yield from log_lines(one, width)
        yield from _said(one, width)


def _said(one: LogLine, width: int) -> Iterator[str]:
    """What an answer stated beside its sentence: elements of a 回告, the note."""
    if one.kind != _ACTED:
        return
    facts = one.detail.get("facts") or {}
    texts: Sequence[str] = [f"{name}：{text}" for name, text in facts.items()]
    note = str(one.detail.get("note") or "")
    if note and note not in one.sentence:
        texts = [f"意见：{note}", *texts]
    for text in wrap("；".join(texts), width - 6) if texts else ():
        yield f"      {text}"

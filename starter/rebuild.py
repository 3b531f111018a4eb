"""``jiegai rebuild``: inbox and board are written anew from the procedures, and logs compared.

Page after page; what was found is kept, and shown again by ``--last``. A procedure that was ended
from outside is restarted by ``--restart`` alone, by a coordinator's decision with a 文号.
"""

from __future__ import annotations

import sys
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, PERSON_OPTION, SHANGHAI
from starter.table import echo_json, render, terminal_width, wrap

if TYPE_CHECKING:
    from contracts.reconcile import FindingLine, LastRun, Restarted
    from starter.desk_client import Door

MOST_SHOWN: Final = 200
"""Findings printed; --json has all, and so has --last."""

FOR_PEOPLE: Final = frozenset({"终止", "失联", "日志不符"})
"""Kinds that a person has to look at, whatever was done."""


@click.command()
@click.argument("rollout", metavar="[改革]", default="")
@click.option("--check", "only_check", is_flag=True, help="只核对，不改动。")
@click.option("--all", "everything", is_flag=True, help="连同已经结束的事项一起核对。")
@click.option("--last", is_flag=True, help="显示最近一次核对（多为夜间自动核对）的结果。")
@click.option("--restart", "item", default="", metavar="事项", help="恢复被强行中止的事项。")
@click.option("--paper", default="", metavar="文号", help="决定恢复的文号。")
@PERSON_OPTION
@JSON_OPTION
def rebuild(
    *,
    rollout: str,
    only_check: bool,
    everything: bool,
    last: bool,
    item: str,
    paper: str,
    person: str,
    as_json: bool,
) -> None:
    """由在办事项重写待办和看板，逐条核对办理记录与历史，报告不符。

    不写改革时核对全部。自动做的只有：重写看板和待办、补报层级之间丢失的情况、标明异常中止；
    从不批准、终止或恢复事项。恢复由协调员决定：
    jiegai rebuild --restart 事项 --as 姓名 --paper 文号
    """
    from starter.desk_client import run

    if item.strip():
        done = run(_restart(item.strip(), person.strip(), paper.strip()))
        _show_restarted(done, as_json=as_json)
        return
    if last:
        show_last(run(_last()), as_json=as_json)
        return
    key = str(uuid.uuid4())
    seen = run(_rebuild(key, rollout.strip().strip("/"), person.strip(), (only_check, everything)))
    if as_json:
        echo_json({"run": key, "counts": seen.counts, "findings": seen.findings})
    else:
        _show(seen, only_check=only_check)
    _end(seen.findings, only_check=only_check)


class Seen:
    """What a run has come to: counts by what was looked at, and the findings."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._found: dict[tuple[object, ...], FindingLine] = {}

    @property
    def findings(self) -> list[FindingLine]:
        """Everything found, in order."""
        return list(self._found.values())

    def hear(self, findings: Sequence[FindingLine]) -> None:
        """What two pages have found counts once: unrepaired, it is met again by another way."""
        for line in findings:
            self._found.setdefault((line.kind, line.workflow_id, line.seq, line.found), line)


async def _rebuild(key: str, rollout: str, person: str, how: tuple[bool, bool]) -> Seen:
    from contracts.reconcile import ReconcileOrder, Reconciling
    from starter.desk_client import opened

    seen, number = Seen(), 0
    only_check, everything = how
    order = ReconcileOrder(
        key=key,
        now=datetime.now(UTC),
        rollout=rollout,
        only_check=only_check,
        everything=everything,
        person=person,
    )
    async with opened() as door:
        while True:
            number += 1
            done = await door.order(Reconciling.page, order, f"reconcile-{key}-{number}")
            if done.code:
                raise UserError(done.code, done.sentence, EXIT_REFUSED)
            seen.counts.update(done.counts)
            seen.hear(done.findings)
            if not done.stage:
                break
            _say_where(done.stage, seen)
            order = replace(order, now=datetime.now(UTC), stage=done.stage, cursor=done.cursor)
    _say_where("", seen)
    return seen


def _say_where(stage: str, seen: Seen) -> None:
    """A line that overwrites itself, for whoever sits before it."""
    if not sys.stderr.isatty():
        return
    text = (
        f"{stage}：已看 {sum(seen.counts.values())} 件，发现 {len(seen.findings)} 处"
        if stage
        else ""
    )
    click.echo(f"\r\x1b[K{text}", nl=False, err=True)


async def _restart(typed: str, person: str, paper: str) -> Restarted:
    from contracts.names import split_item
    from contracts.reconcile import Reconciling, RestartOrder
    from starter.actions import resolve
    from starter.desk_client import opened

    if not person or not paper:
        raise UserError("USAGE", "恢复事项须写明协调员（--as）和决定的文号（--paper）。")
    name, _ = split_item(typed)
    async with opened() as door:
        try:
            workflow_id = await resolve(door, name)
        except UserError as error:
            if error.code != "NOT_FOUND":
                raise
            workflow_id = name
        order = RestartOrder(
            workflow_id=workflow_id,
            person=person,
            paper=paper,
            now=datetime.now(UTC),
            action_id=str(uuid.uuid4()),
        )
        return await door.order(Reconciling.restart, order, f"restart-{order.action_id}")


def _show_restarted(done: Restarted, *, as_json: bool) -> None:
    if as_json:
        echo_json(asdict(done))
    if done.code:
        raise UserError(done.code, done.sentence, EXIT_REFUSED)
    if not as_json:
        click.echo(done.sentence)


async def _last() -> LastRun:
    from contracts.reconcile import LastRunQuestion, ReconcileReads
    from starter.desk_client import opened

    async with opened() as door:
        found = await door.ask(ReconcileReads.last, LastRunQuestion())
        while found.next_page:
            question = LastRunQuestion(key=found.key, page=found.next_page)
            more = await door.ask(ReconcileReads.last, question)
            found = replace(more, findings=(*found.findings, *more.findings))
        return found


def show_last(found: LastRun, *, as_json: bool) -> None:
    """This will print the last run with its findings."""
    if as_json:
        echo_json(asdict(found))
        return
    if not found.key:
        click.echo("还没有核对过。")
        return
    click.echo(f"{head_of(found)}。")
    _echo_findings(found.findings)


def head_of(found: LastRun) -> str:
    """A run in a line: 夜间核对 2026-11-22 02:10，发现 3 处（终止1、漏报2）."""
    at = found.started_at.astimezone(SHANGHAI) if found.started_at else None
    when = f"{at:%Y-%m-%d %H:%M}" if at else ""
    what = "夜间核对" if found.nightly else "核对"
    over = "" if found.ended_at else "（未完成）"
    total = sum(found.found.values())
    kinds = "、".join(f"{kind}{count}" for kind, count in sorted(found.found.items()))
    return f"{what} {when}{over}，" + (f"发现 {total} 处（{kinds}）" if total else "没有发现不符")


async def last_line(door: Door) -> str:
    """The last run in a line, for ``jiegai health``; empty where none has been."""
    from contracts.reconcile import LastRunQuestion, ReconcileReads

    found = await door.ask(ReconcileReads.last, LastRunQuestion(only_head=True))
    return head_of(found) if found.key else ""


def _show(seen: Seen, *, only_check: bool) -> None:
    rows: list[list[Any]] = []
    for kind, count in sorted(Counter(line.kind for line in seen.findings).items()):
        done = sum(bool(line.done) for line in seen.findings if line.kind == kind)
        rows.append([kind, count, done])
    looked = seen.counts.get("核对事项", 0)
    click.echo(
        f"{'已核对' if only_check else '已重建并核对'} {looked} 个事项、{seen.counts.get('层级', 0)} 个层级。"
    )
    if rows:
        click.echo(render(rows, ["发现", "处数", "已处理"]))
    _echo_findings(seen.findings)


def _echo_findings(findings: Sequence[FindingLine]) -> None:
    width = terminal_width()
    for line in findings[:MOST_SHOWN]:
        click.echo(printable(f"[{line.kind}] {line.workflow_id}"))
        done = f"（{line.done}）" if line.done else ""
        for text in wrap(printable(f"{line.found}{done}"), width - 4):
            click.echo(f"    {text}")
    if len(findings) > MOST_SHOWN:
        click.echo(f"另有 {len(findings) - MOST_SHOWN} 处，见 jiegai rebuild --last --json。")


def _end(findings: Sequence[FindingLine], *, only_check: bool) -> None:
    """An exit code for whoever runs this by a timer: 3 where somebody has to do something."""
    left = [line for line in findings if not line.done or line.kind in FOR_PEOPLE]
    if only_check and findings:
        sentence = f"有{len(findings)}处不符，没有改动；去掉 --check 再运行可重建。"
        raise UserError("RECONCILE_DIFFERS", sentence, EXIT_REFUSED)
    if left:
        sentence = f"有{len(left)}处须由人处理（终止、失联、日志不符或没有处理成的）。"
        raise UserError("RECONCILE_LEFT", sentence, EXIT_REFUSED)

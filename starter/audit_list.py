"""``jiegai audit list / pause / resume``: what is arranged, what became of each window, what stopped it."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from starter.audit_plan import moment_words, moments
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, PERSON_OPTION, SHANGHAI
from starter.table import echo_json, pasted, render, terminal_width, wrap
from starter.which_rollout import acting_person

if TYPE_CHECKING:
    from contracts.audit_plan import Arranged, PlanLine, RunLine

_REASON = click.option("--reason", default="", metavar="文字", help="理由，记录在案。")


@click.command("list")
@click.argument("rollout", metavar="改革")
@click.argument("name", metavar="[名称]", default="")
@JSON_OPTION
def listed(*, rollout: str, name: str, as_json: bool) -> None:
    """督查安排一览；写明名称，则列出它的各期办得怎样。

    例：jiegai audit list 乌海2019；jiegai audit list 乌海2019 季度检查
    """
    from starter.desk_client import run

    lines = run(_read(rollout.strip(), name.strip()))
    if as_json:
        echo_json([asdict(line) for line in lines])
        return
    if not lines:
        click.echo("还没有督查安排；用 jiegai audit plan 安排。")
        return
    said = _in_detail(lines[0]) if name.strip() else overview(rollout.strip(), lines)
    for line in said:
        click.echo(printable(line))


async def _read(rollout: str, name: str) -> list[PlanLine]:
    from contracts.audit_plan import AuditListQuestion, AuditPlanDesk
    from starter.desk_client import opened

    lines: list[PlanLine] = []
    place = ""
    async with opened() as door:
        while True:
            question = AuditListQuestion(
                now=datetime.now(UTC), rollout=rollout, plan=name, page=place
            )
            page = await door.ask(AuditPlanDesk.arrangements, question)
            if page.code:
                raise UserError(page.code, page.sentence, EXIT_REFUSED)
            lines += page.lines
            place = page.next_page
            if not place:
                return lines


def overview(rollout: str, lines: list[PlanLine]) -> list[str]:
    """All arrangements in a table, then what stands still and what was not done."""
    rows = []
    for line in lines:
        plan = line.plan
        at = line.next_at[0] if line.next_at else None
        newest = line.runs[0] if line.runs else None
        state = f"{newest.window} {_state(newest)}" if newest else ""
        is_sample = str(plan.kind) == "随机抽查"
        rows.append(
            (
                plan.name,
                str(plan.kind),
                moment_words(at, with_time=not is_sample) if at else "",
                "已停下" if line.paused else state,
            )
        )
    said = render(rows, ("安排", "类别", "下一期", "最近一期")).split("\n")
    stopped = [line for line in lines if line.paused]
    for line in stopped:
        said += wrap(f"{line.plan.name}已停下：{line.paused}", terminal_width())
    # What is said of every arrangement is about their common 日程.
    common = [note for note in lines[0].notes if all(note in line.notes for line in lines)]
    said += [part for note in common if len(lines) > 1 for part in wrap(note, terminal_width())]
    states = Counter(run.state for line in lines for run in line.runs)
    if lost := [f"{state}{states[state]}期" for state in ("漏检", "未到访") if states[state]]:
        command = f"jiegai audit list {pasted(rollout)} 名称"
        said.append(f"最近各期{'、'.join(lost)}，见 {command}。")
    return said


def _in_detail(line: PlanLine) -> list[str]:
    from domain.audit_cadence import cadence_words

    plan, width = line.plan, terminal_width()
    head = f"{plan.name}  {plan.kind}  {cadence_words(plan.cadence)}  {plan.organiser}组织"
    said = wrap(head, width)
    if plan.approval:
        said += wrap(f"批准文号：{plan.approval}", width)
    if line.paused:
        said += wrap(f"已停下：{line.paused}", width)
    is_sample = str(plan.kind) == "随机抽查"
    said += moments("以后各期：", line.next_at, with_time=not is_sample)
    if line.runs:
        rows = [
            (
                run.window,
                run.planned_at.astimezone(SHANGHAI).date(),
                _state(run),
                run.at.astimezone(SHANGHAI).date() if run.at else "",
                run.workflow_id or run.sentence,
            )
            for run in line.runs
        ]
        said += render(rows, ("期", "原定", "结果", "办理日", "流程或原因")).split("\n")
    for note in line.notes:
        said += wrap(note, width)
    return said


def _state(run: RunLine) -> str:
    return f"{run.state}（补）" if run.late else run.state


@click.command()
@click.argument("rollout", metavar="改革")
@click.argument("name", metavar="名称")
@_REASON
@PERSON_OPTION
@JSON_OPTION
def pause(*, rollout: str, name: str, reason: str, person: str, as_json: bool) -> None:
    """暂停一项安排：到期不开展，过期未办的记为漏检并告知主办单位。

    例：jiegai audit pause 乌海2019 季度检查 --reason 防汛期间 --as 李编办
    """
    _set(rollout.strip(), name.strip(), reason, person, pause=True, as_json=as_json)


@click.command()
@click.argument("rollout", metavar="改革")
@click.argument("name", metavar="名称")
@_REASON
@PERSON_OPTION
@JSON_OPTION
def resume(*, rollout: str, name: str, reason: str, person: str, as_json: bool) -> None:
    """恢复暂停或因故障停摆的安排；本期还来得及的，随即补办。

    例：jiegai audit resume 乌海2019 季度检查 --reason 防汛结束 --as 李编办
    """
    _set(rollout.strip(), name.strip(), reason, person, pause=False, as_json=as_json)


def _set(rollout: str, name: str, reason: str, person: str, *, pause: bool, as_json: bool) -> None:
    from starter.desk_client import run

    who = acting_person(person)
    if not reason.strip():
        raise UserError("USAGE", "请用 --reason 写明理由。")
    done = run(_send(rollout, name, reason.strip(), who, pause=pause))
    if as_json:
        echo_json(asdict(done))
    if done.code:
        raise UserError(done.code, done.sentence, EXIT_REFUSED)
    if as_json:
        return
    click.echo(f"{name}已{'暂停' if pause else '恢复'}。")
    if pause:
        return
    now = datetime.now(UTC)
    if any(at <= now for at in done.next_at):
        click.echo("本期已经开始：下一个工作日内补办。")
    ahead = [at for at in done.next_at if at > now]
    if ahead:
        click.echo(f"下一期：{moment_words(ahead[0])}")


async def _send(rollout: str, name: str, reason: str, person: str, *, pause: bool) -> Arranged:
    from contracts.audit_plan import AuditPlanDesk, PauseOrder
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    action_id = uuid.uuid4().hex
    async with opened() as door:
        await refuse_names(door, rollout, [("理由", reason)])
        order = PauseOrder(
            now=datetime.now(UTC),
            rollout=rollout,
            plan=name,
            person=person,
            action_id=action_id,
            reason=reason,
            pause=pause,
        )
        return await door.order(AuditPlanDesk.pause, order, f"audit-pause-{action_id}")

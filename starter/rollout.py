"""``jiegai rollout``: start a plan, list and show what runs, amend it, stop it.

Starting is registering the plan (one claim on its name for ever), then starting its workflow.
Both may be repeated: a start that broke between the two is finished by the next one, and a rollout
that runs is left alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from starter.amend import amend
from starter.errors import EXIT_REFUSED, UserError
from starter.findings import echo_findings
from starter.parameters import DAY
from starter.plan import procedures
from starter.table import echo_json, pasted, render

if TYPE_CHECKING:
    from contracts.desk import BoardLine, Registered, RolloutLine
    from contracts.procedure import ActionReply
    from domain.plan import Plan
    from domain.refusal import Finding
    from starter.desk_client import Door

WORKFLOW = "ReformRollout"

OVER: Final = ("已结束", "被强行结束")
"""How a rollout's workflow may have ended: by itself, or from outside."""


@click.group()
def rollout() -> None:
    """改革实施：启动、列表、查看、修订、终止。"""


rollout.add_command(amend)


@rollout.command()
@click.argument("file", metavar="方案文件", type=click.Path(path_type=Path))
@click.option("--kickoff", type=DAY, help="启动日（T0）；方案中的时限随之平移。")
@click.option("--as", "person", default="", metavar="姓名", help="启动人。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def start(*, file: Path, kickoff: date | None, person: str, as_json: bool) -> None:
    """检查方案，登记并启动；同一方案启动第二次不会重复。"""
    from starter.desk_client import run
    from starter.plan_file import read_plan

    checked = read_plan(file, kickoff)
    if checked.plan is None:
        refuse_plan(file, checked.errors, as_json=as_json)
    plan = checked.plan
    started = run(_start(plan, person.strip(), datetime.now(UTC)))
    if as_json:
        echo_json({"rollout": plan.rollout, "plan_id": started.plan_id, "version": started.version})
        return
    click.echo(
        f"已启动“{plan.rollout}”：{plan.title}，{plan.kickoff} 起，"
        f"{len(plan.units)} 个单位，{procedures(plan)} 个事项。"
    )
    if checked.warnings:
        again = f"jiegai plan check {pasted(file)}" + (f" --kickoff {kickoff}" if kickoff else "")
        click.echo(f"方案有 {len(checked.warnings)} 条提醒，见 {again}。")
    click.echo(f"查看：jiegai board {plan.rollout}；待办：jiegai inbox --rollout {plan.rollout}")


def refuse_plan(
    file: Path,
    errors: tuple[Finding, ...],
    *,
    as_json: bool,
    left: str = "没有登记，也没有启动",
) -> NoReturn:
    """This will print every error of a plan file and refuse it."""
    echo_findings(errors, as_json=as_json)
    raise UserError("PLAN_INVALID", f"{file} 有{len(errors)}处错误，{left}。")


def content_hash(plan: Plan) -> str:
    """This will return the sha256 of the plan as it will run, independent of its file's form."""
    text = json.dumps(asdict(plan), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


async def _start(plan: Plan, person: str, now: datetime) -> Registered:
    from contracts.desk import Bulk, PlanRegistration
    from starter.desk_client import opened

    key = content_hash(plan)
    async with opened() as door:
        registered = await door.order(
            Bulk.register_plan,
            PlanRegistration(plan=plan, content_hash=key, now=now, person=person),
            f"plan-{key}",
        )
        if registered.code:
            raise UserError(registered.code, registered.sentence, EXIT_REFUSED)
        await _start_workflow(door, plan, registered, person)
    return registered


async def _start_workflow(door: Door, plan: Plan, registered: Registered, person: str) -> None:
    from temporalio.common import (
        SearchAttributePair,
        TypedSearchAttributes,
        WorkflowIDConflictPolicy,
        WorkflowIDReusePolicy,
    )
    from temporalio.exceptions import WorkflowAlreadyStartedError

    from contracts.names import PROCEDURES_QUEUE, rollout_id
    from contracts.reform import RolloutRequest
    from contracts.registers import PlanKey
    from contracts.search import ROLLOUT

    key = PlanKey(rollout=plan.rollout, plan_id=registered.plan_id, version=registered.version)
    try:
        await door.workflows.start_workflow(
            WORKFLOW,
            RolloutRequest(plan=key, started_by=person),
            id=rollout_id(plan.rollout),
            task_queue=PROCEDURES_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            search_attributes=TypedSearchAttributes([SearchAttributePair(ROLLOUT, plan.rollout)]),
            static_summary=summary(plan),
            static_details=details(plan, person, door.workflows.namespace),
        )
    except WorkflowAlreadyStartedError as error:
        is_over = await ending_of(door, plan.rollout)
        raise UserError(
            "ALREADY_ENDED" if is_over else "ALREADY_STARTED",
            f"“{plan.rollout}”{is_over}，同名的改革不能再启动，请改用别的名称。"
            if is_over
            else f"“{plan.rollout}”已经启动，未重复启动；查看：jiegai board {plan.rollout}",
            EXIT_REFUSED,
        ) from error


async def ending_of(door: Door, name: str) -> str:
    """How the rollout's workflow ended, in words; empty while it runs."""
    from temporalio.client import WorkflowExecutionStatus
    from temporalio.service import RPCError, RPCStatusCode

    from contracts.names import rollout_id

    try:
        description = await door.workflows.get_workflow_handle(rollout_id(name)).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return "登记后未启动"
        raise
    if description.status is WorkflowExecutionStatus.COMPLETED:
        return OVER[0]
    return "" if description.status is WorkflowExecutionStatus.RUNNING else OVER[1]


def summary(plan: Plan) -> str:
    """This will name the rollout in at most 200 bytes, the server's limit for a summary."""
    from domain.words import within_bytes

    return within_bytes(f"{plan.rollout} {plan.title}", 200)


def details(plan: Plan, person: str, namespace: str) -> str:
    """This will describe the rollout for the Web UI, as Markdown with links to what is open."""
    from contracts.webpage import query_link
    from starter.web import saved

    last = max((row.due for row in plan.rows), default=plan.kickoff)
    lines = [
        f"**{plan.title}**",
        "",
        f"- 启动日：{plan.kickoff}",
        f"- 最后时限：{last}",
        f"- 牵头：{plan.coordinator}",
        f"- 单位 {len(plan.units)} 个，任务 {len(plan.rows)} 项，事项 {procedures(plan)} 个",
    ]
    if person:
        lines.append(f"- 启动人：{person}")
    links = (query_link(title, namespace, q) for title, q in saved(plan.rollout).items())
    return "\n".join([*lines, f"- 查看：{'、'.join(links)}"])


@rollout.command("list")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def list_(*, as_json: bool) -> None:
    """列出全部改革及其进度。"""
    from starter.desk_client import run

    lines = run(_read(""))
    if as_json:
        echo_json({"lines": [asdict(line) for line in lines]})
        return
    if not lines:
        click.echo("还没有启动过改革；启动：jiegai rollout start 方案文件")
        return
    rows = [
        (
            one.rollout,
            one.title,
            one.status,
            one.kickoff,
            one.units,
            one.procedures,
            one.ended,
            one.overdue,
        )
        for one in lines
    ]
    click.echo(render(rows, ("改革", "名称", "状态", "启动日", "单位", "事项", "已结", "超期")))


@rollout.command()
@click.argument("name", metavar="改革")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def show(*, name: str, as_json: bool) -> None:
    """查看一次改革：方案、进度和各区情况。"""
    from starter.board import read_board
    from starter.desk_client import run

    now = datetime.now(UTC)
    line = _one(name, run(_read(name)))
    areas = by_district(run(read_board(name, None, now)).lines)
    if as_json:
        echo_json({**asdict(line), "districts": areas})
        return
    _show(line, areas)


def _one(name: str, lines: tuple[RolloutLine, ...]) -> RolloutLine:
    for line in lines:
        if line.rollout == name:
            return line
    raise _unknown(name)


def _unknown(name: str) -> UserError:
    return UserError("ROLLOUT_NOT_FOUND", f"没有名为“{name}”的改革；jiegai rollout list 列出全部。")


def _show(line: RolloutLine, areas: list[dict[str, Any]]) -> None:
    click.echo(f"{line.rollout}：{line.title}")
    click.echo(
        f"状态 {line.status}，启动日 {line.kickoff}，牵头 {line.coordinator or '—'}，"
        f"方案第 {line.version} 版（{line.content_hash[:12]}）"
    )
    click.echo(
        f"单位 {line.units} 个，事项 {line.procedures} 个，已结 {line.ended}，超期 {line.overdue}"
    )
    if areas:
        click.echo()
        heads = ("区", "事项", "红", "黄", "绿", "未开始", "办结", "终止")
        click.echo(render([[area[head] for head in heads] for area in areas], heads))
    click.echo()
    click.echo(f"总表：jiegai board {line.rollout}")


def by_district(lines: tuple[BoardLine, ...]) -> list[dict[str, Any]]:
    """This will count a board's procedures by district, light and status."""
    from starter.board import count

    districts: dict[str, list[BoardLine]] = {}
    for line in lines:
        districts.setdefault(line.district or "市级", []).append(line)
    empty = dict.fromkeys(("红", "黄", "绿", "未开始", "办结", "终止"), 0)
    return [
        {"区": name, "事项": len(own), **empty, **count(own)} for name, own in districts.items()
    ]


@rollout.command()
@click.argument("name", metavar="改革")
@click.option("--reason", required=True, metavar="理由", help="终止的理由，记入每个事项。")
@click.option("--as", "person", required=True, metavar="姓名", help="协调员。")
@click.option(
    "--action-id", default="", metavar="编号", help="动作编号；同一编号重复执行只算一次。"
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def stop(*, name: str, reason: str, person: str, action_id: str, as_json: bool) -> int:
    """终止一次改革；只有协调员可以，未办结的事项全部终止。"""
    from domain.personal import personal_fault
    from starter.desk_client import run

    if fault := personal_fault(reason):
        raise UserError(fault.code, fault.sentence)
    answer = run(_stop(name, reason.strip(), person.strip(), action_id or str(uuid.uuid4())))
    if as_json:
        echo_json(answer)
        return 0 if answer.accepted else EXIT_REFUSED
    if not answer.accepted:
        raise UserError(answer.code or "REFUSED", answer.sentence, EXIT_REFUSED)
    click.echo(answer.sentence)
    return 0


async def _stop(name: str, reason: str, person: str, action_id: str) -> ActionReply:
    from contracts.names import STOP_UPDATE, rollout_id
    from contracts.procedure import StopOrder
    from starter.actions import update
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    order = StopOrder(person=person, reason=reason, action_id=action_id)
    async with opened() as door:
        await refuse_names(door, name, [("理由", reason)])
        try:
            return await update(door, rollout_id(name), STOP_UPDATE, order, action_id)
        except UserError as error:
            if error.code == "NOT_FOUND":
                raise _unknown(name) from error
            if error.code == "CLOSED":
                raise UserError(
                    "ALREADY_ENDED", f"“{name}”已经结束，无须停止。", EXIT_REFUSED
                ) from error
            raise


async def _read(name: str) -> tuple[RolloutLine, ...]:
    """The registered rollouts; whether one still runs is asked of its workflow."""
    from contracts.desk import Desk, RolloutQuestion
    from starter.desk_client import opened

    async with opened() as door:
        question = RolloutQuestion(now=datetime.now(UTC), rollout=name)
        lines = (await door.ask(Desk.rollouts, question)).lines
        endings = await asyncio.gather(*(ending_of(door, line.rollout) for line in lines))
    return tuple(
        replace(line, status=ending or line.status)
        for line, ending in zip(lines, endings, strict=True)
    )

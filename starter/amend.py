"""``jiegai rollout amend``: a plan in force gets its next version, by a paper.

Without ``--confirm`` only the list is printed: what becomes of every procedure. Confirmed, the
version is stored in one commit and a workflow tells those who work by it. Both may be repeated: the
same file twice is once, and what broke off between the two is finished by the next try.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import DAY
from starter.table import echo_json, pasted, render

if TYPE_CHECKING:
    from contracts.amendment import Amended, AmendmentResult, AmendOrder
    from starter.desk_client import Door

WORKFLOW: Final = "PlanAmendment"

PATIENCE: Final = timedelta(seconds=30)
"""How long the command waits until the rollout has heard; the workflow tells it in any case."""

MOST_ROWS: Final = 200
"""Lines printed; all of them are in ``--json``."""

MOST_TEXT: Final = 100
"""Characters of a 文号 or 机关."""


@click.command()
@click.argument("file", metavar="方案文件", type=click.Path(path_type=Path))
@click.option("--paper", default="", metavar="文号", help="修订所依据的文号；确认时必写。")
@click.option(
    "--issuer", default="", metavar="机关", help="决定修订的机关；上级设定的时限须由它定。"
)
@click.option(
    "--redo", multiple=True, metavar="任务编号", help="在办的退回第一环节重办；可写几次。"
)
@click.option(
    "--stop", multiple=True, metavar="任务编号", help="在办的终止，未开始的按新方案；可写几次。"
)
@click.option("--kickoff", type=DAY, help="启动日（T0），与启动时相同。")
@click.option("--as", "person", default="", metavar="姓名", help="协调员；确认时必写。")
@click.option("--confirm", is_flag=True, help="确认修订；不写时只列出影响。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def amend(
    *,
    file: Path,
    paper: str,
    issuer: str,
    redo: tuple[str, ...],
    stop: tuple[str, ...],
    kickoff: date | None,
    person: str,
    confirm: bool,
    as_json: bool,
) -> None:
    """修订实施中的方案：先列出每个事项的处理，确认后生效。"""
    from starter.desk_client import run
    from starter.plan_file import read_plan
    from starter.rollout import content_hash, refuse_plan

    if confirm and not (paper.strip() and person.strip()):
        raise UserError("USAGE", "确认修订须用 --paper 写明文号、用 --as 写明办理人。")
    for text in (paper, issuer, person, *redo, *stop):
        if len(text) > MOST_TEXT:
            raise UserError("TOO_LONG", f"文号、机关、姓名、任务编号不能超过{MOST_TEXT}字。")
    checked = read_plan(file, kickoff)
    if checked.plan is None:
        refuse_plan(file, checked.errors, as_json=as_json, left="没有修订")
    from contracts.amendment import AmendOrder

    order = AmendOrder(
        plan=checked.plan,
        content_hash=content_hash(checked.plan),
        now=datetime.now(UTC),
        paper=paper.strip(),
        issuer=issuer.strip(),
        person=person.strip(),
        redo=tuple(one.strip() for one in redo),
        stop=tuple(one.strip() for one in stop),
        confirm=confirm,
    )
    answer = run(_amend(order))
    if as_json:
        echo_json(asdict(answer))
    else:
        _show(answer)
    if answer.code:
        raise UserError(answer.code, _first(answer), EXIT_REFUSED)
    if not as_json and not answer.applied:
        click.echo(f"尚未修订；确认：{_again(file, order, kickoff)}")


async def _amend(order: AmendOrder) -> Amended:
    from contracts.amendment import Amending
    from starter.desk_client import opened
    from starter.rollout import ending_of

    async with opened() as door:
        if over := await ending_of(door, order.plan.rollout):
            raise _not_running(order.plan.rollout, over)
        key = f"amend-{order.content_hash}-{order.now.isoformat()}"
        answer = await door.order(Amending.amend, order, key)
        if answer.applied:
            result = await _tell(door, answer, order)
            if not result.reached:
                raise _not_running(order.plan.rollout, "已结束")
            return answer
        return await _whole(door, order, answer, key)


async def _whole(door: Door, order: AmendOrder, answer: Amended, key: str) -> Amended:
    """The list with all its pages."""
    from contracts.amendment import Amending

    page = answer
    while page.next_page:
        asked = replace(order, page=page.next_page)
        page = await door.order(Amending.amend, asked, f"{key}-{page.next_page}")
        answer = replace(answer, lines=(*answer.lines, *page.lines), next_page="")
    return answer


async def _tell(door: Door, answer: Amended, order: AmendOrder) -> AmendmentResult:
    """Starts the workflow that carries the version out, once, and waits until it is told."""
    from temporalio.common import (
        SearchAttributePair,
        TypedSearchAttributes,
        WorkflowIDReusePolicy,
    )
    from temporalio.exceptions import WorkflowAlreadyStartedError

    from contracts.amendment import AmendmentRequest, AmendmentResult, amendment_id
    from contracts.names import PROCEDURES_QUEUE
    from contracts.reform import AmendNote
    from contracts.search import ROLLOUT
    from domain.words import within_bytes

    if answer.plan is None:
        raise AssertionError("an amendment that holds names its plan")
    name, version = answer.plan.rollout, answer.version
    note = AmendNote(plan=answer.plan, paper=answer.paper, person=order.person)
    its_id = amendment_id(name, version)
    with suppress(WorkflowAlreadyStartedError):
        await door.workflows.start_workflow(
            WORKFLOW,
            AmendmentRequest(note=note, counts=answer.counts),
            id=its_id,
            task_queue=PROCEDURES_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=TypedSearchAttributes([SearchAttributePair(ROLLOUT, name)]),
            static_summary=within_bytes(f"{name}：方案第{version}版（{answer.paper}）", 200),
        )
    handle = door.workflows.get_workflow_handle(its_id, result_type=AmendmentResult)
    async with asyncio.timeout(PATIENCE.total_seconds()):
        result: AmendmentResult = await handle.result()
    return result


def _not_running(name: str, how: str) -> UserError:
    if how == "登记后未启动":
        return UserError(
            "NOT_STARTED", f"没有正在实施的“{name}”；请先启动：jiegai rollout start 方案文件。"
        )
    return UserError("ALREADY_ENDED", f"“{name}”{how}，不能再修订方案。", EXIT_REFUSED)


def _show(answer: Amended) -> None:
    for warning in answer.warnings:
        click.echo(f"提醒：{warning}")
    if answer.again:
        click.echo(f"这份方案已经按{answer.paper}修订为第 {answer.version} 版，没有再修订一次。")
        return
    if answer.counts:
        head = "，".join(f"{fate} {number}" for fate, number in answer.counts.items() if number)
        click.echo(f"现行第 {answer.in_force} 版，新版第 {answer.version} 版；事项：{head}。")
    if answer.whole:
        click.echo(f"方案本身：{'；'.join(answer.whole)}。")
    if answer.lines:
        heads = ("单位", "事项", "现状", "处理", "原时限", "新时限", "变动")
        rows = [
            (
                one.unit,
                f"{one.row_id} {one.item}",
                one.status,
                one.fate,
                one.due_before,
                one.due_after,
                "、".join(one.what),
            )
            for one in answer.lines[:MOST_ROWS]
        ]
        click.echo(render(rows, heads))
        if len(answer.lines) > MOST_ROWS:
            click.echo(f"……另有 {len(answer.lines) - MOST_ROWS} 个，见 --json")
    for no in answer.refusals:
        click.echo(printable(f"[{no.code}] {no.sentence}"))
    if answer.applied:
        click.echo(
            f"已按{answer.paper}修订为第 {answer.version} 版，已通知 {answer.told} 个单位；"
            "在办事项正按新方案办理。"
        )


def _first(answer: Amended) -> str:
    more = len(answer.refusals) - 1
    return (
        f"{answer.sentence}（共{more + 1}处不能修订，没有改动。）" if more > 0 else answer.sentence
    )


def _again(file: Path, order: AmendOrder, kickoff: date | None) -> str:
    """The command that confirms what was listed."""
    words = [f"jiegai rollout amend {pasted(file)}"]
    words += [f"--redo {pasted(one)}" for one in order.redo]
    words += [f"--stop {pasted(one)}" for one in order.stop]
    if kickoff:
        words.append(f"--kickoff {kickoff}")
    for option, value, blank in (
        ("--paper", order.paper, "文号"),
        ("--issuer", order.issuer, ""),
        ("--as", order.person, "姓名"),
    ):
        if value or blank:
            words.append(f"{option} {pasted(value or blank)}")
    return " ".join([*words, "--confirm"])

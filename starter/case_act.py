"""Answering the steps of a case: 交接, 签收, 拒收, 办理, 回告, 确认, 移交, 协商, 指定, 裁定, 分流, 报到 …

Each command is one verb at one step; where a case has several steps that take the verb, it is the
open one. Whether it may be done is the case's to say, and a refusal is its sentence.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from starter.case_report import ACTION_OPTION, EVIDENCE_OPTION
from starter.errors import UserError
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json

if TYPE_CHECKING:
    from contracts.procedure import ActionReply
    from domain.action import Action
    from domain.case_acts import CaseAct

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.argument("case_number", metavar="案件"),
    click.option("--note", default="", metavar="意见", help="意见或理由。"),
    EVIDENCE_OPTION,
    click.option(
        "--fact", "facts", multiple=True, metavar="名称=内容", help="要写明的内容，可写几次。"
    ),
    click.option("--on", type=DAY, help="事情发生的日期；不是今天的，记为补录。"),
    click.option("--unit", default="", metavar="单位", help="代表哪个单位；在几个单位任职时必写。"),
    ROLLOUT_OPTION,
    PERSON_OPTION,
    ACTION_OPTION,
    JSON_OPTION,
)
_GROUNDS: Final = ("清单之外", "未经准入", "不属本街道", "其他")


def _acting(command: _Command) -> _Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@_acting
@click.option("--item", default="", metavar="序号", help="清单事项的序号；不在清单上的写 清单外。")
@click.option("--officers", default="", metavar="甲、乙", help="执法人员，几人用顿号隔开。")
def handover(*, item: str, officers: str, **given: Any) -> int:
    """交接：附交接单（--evidence 交接单=文号或文件）送对方签收；签收才停止3个工作日的时限。"""
    from domain.case_opening import ITEM_FACT, OFFICERS_FACT

    facts = {ITEM_FACT: item.strip(), OFFICERS_FACT: officers.strip()}
    return act_on("交接", given, facts=facts)


@click.command()
@_acting
def sign(**given: Any) -> int:
    """签收交接单、函件或移交的案件；由对方单位（街道为专人）签收。"""
    return act_on("签收", given)


@click.command()
@_acting
@click.option(
    "--ground", type=click.Choice(_GROUNDS), default=None, help="街道拒收派单的理由类别。"
)
def refuse(*, ground: str | None, **given: Any) -> int:
    """拒收：写明理由（--note）；街道拒收派单还要写理由类别（--ground）。"""
    from domain.case_acts import GROUNDS
    from domain.case_opening import GROUND_FACT

    said = GROUNDS[ground] if ground else ""
    return act_on("拒收", given, facts={GROUND_FACT: said})


@click.command()
@_acting
@click.option("--progress", is_flag=True, help="只记办理进展（写在 --note），不办结。")
def handle(*, progress: bool, **given: Any) -> int:
    """办结；街道办的派单办结后还要回告（reply）。用 --progress 只记进展。

    移交后由部门继续办理的、群众诉求由承办单位办理的，直接 jiegai case reply。
    """
    return act_on("进展" if progress else "办结", given)


@click.command()
@_acting
@click.option("--process", default="", metavar="内容", help="办理经过。")
@click.option("--result", default="", metavar="内容", help="办理结果。")
@click.option("--done", type=DAY, default=None, help="办结日期。")
@click.option("--by", "handled_by", default="", metavar="姓名", help="承办人。")
@click.option("--way", default="", metavar="方式", help="回复群众的方式：电话、上门……")
def reply(
    *, process: str, result: str, done: date | None, handled_by: str, way: str, **given: Any
) -> int:
    """回告、回复：写明办理经过、办理结果、办结日期、承办人（其他要素用 --fact）。

    jiegai case reply 7F3A --process 现场检查 --result 已取缔 --done 2026-02-20 --by 张三 --as 张三

    回复群众写方式和日期：jiegai case reply 7F3A --way 电话 --as 张三
    """
    if done is not None and done > datetime.now(UTC).astimezone(SHANGHAI).date():
        raise UserError("CASE_TIME", f"办结日期{done}还没有到（--done）。")
    day = done or (datetime.now(UTC).astimezone(SHANGHAI).date() if way.strip() else None)
    facts = {
        "办理经过": process.strip(),
        "办理结果": result.strip(),
        "回复日期" if way.strip() else "办结日期": day.isoformat() if day else "",
        "承办人": handled_by.strip(),
        "回复方式": way.strip(),
    }
    return act_on("回告", given, facts=facts)


@click.command()
@_acting
@click.option("--return", "back", is_flag=True, help="退回重办，理由写在 --note。")
def confirm(*, back: bool, **given: Any) -> int:
    """确认回告，案件办结；或用 --return 退回重办。"""
    return act_on("退回" if back else "确认", given)


@click.command()
@_acting
@click.option("--to", default="", metavar="单位", help="移交给哪个单位，写全称；不写为派单的部门。")
@click.option("--reason", default="", metavar="理由", help="案件怎样复杂、街道为何无法承担。")
def transfer(*, to: str, reason: str, **given: Any) -> int:
    """移交：复杂、街道无法承担的，附案卷（--evidence 案卷=…）交区级办理；对方接收前责任不变。"""
    given["note"] = reason or given["note"]
    return act_on("移交", given, to=to.strip())


@click.command()
@_acting
@click.option("--agree", "how", flag_value="同意接收", default=None, help="接收方同意接收。")
@click.option("--keep", "how", flag_value="自办", help="街道自行办理。")
@click.option("--fail", "how", flag_value="协商不成", help="协商不成，报共同上级指定。")
def negotiate(*, how: str | None, **given: Any) -> int:
    """协商管辖：--agree 同意接收，--keep 街道自办，--fail 协商不成报请指定。"""
    if how is None:
        raise UserError("USAGE", "请写明 --agree、--keep 或 --fail。")
    return act_on(how, given)


@click.command()
@_acting
@click.option("--to", default="", metavar="单位", help="指定哪个单位办理，写全称。")
@click.option("--paper", default="", metavar="文号", help="指定决定的文号。")
def designate(*, to: str, paper: str, **given: Any) -> int:
    """指定：共同的上级机关指定办理单位（写明 --to 和决定的文号）。"""
    if paper.strip():
        given["evidence"] = (*given["evidence"], f"指定决定={paper.strip()}")
    return act_on("指定", given, to=to.strip())


@click.command()
@_acting
@click.option("--uphold", "how", flag_value="拒收成立", default=None, help="拒收成立，派单撤销。")
@click.option("--reject", "how", flag_value="拒收不成立", help="拒收不成立，街道须签收。")
def rule(*, how: str | None, **given: Any) -> int:
    """裁定街道的拒收：--uphold 成立，--reject 不成立；理由写在 --note。"""
    if how is None:
        raise UserError("USAGE", "请写明 --uphold 或 --reject。")
    return act_on(how, given)


@click.command()
@_acting
@click.option("--to", default="", metavar="单位", help="分给哪个单位办理，写全称。")
def divide(*, to: str, **given: Any) -> int:
    """分流：把群众诉求交给承办单位。"""
    return act_on("分流", given, to=to.strip())


@click.command()
@_acting
@click.option("--who", default="", metavar="姓名", help="到场人员；不写为办理人。")
@click.option("--at", "when", default="", metavar="时间", help="到场时间；不写为现在。")
def arrive(*, who: str, when: str, **given: Any) -> int:
    """报到：被吹哨的部门到场，记到场人员和时间。"""
    from domain.case_sheet import read_moment
    from domain.day_words import spell_instant

    at = read_moment(when, datetime.now(UTC))
    if isinstance(at, str):
        raise UserError("CASE_TIME", at)
    if at > datetime.now(UTC):
        raise UserError("CASE_TIME", f"到场时间{spell_instant(at)}还没有到（--at）。")
    facts = {"到场人员": who.strip() or given["person"].strip(), "到场时间": spell_instant(at)}
    return act_on("报到", given, facts=facts)


@click.command()
@_acting
def dispose(**given: Any) -> int:
    """处置：吹哨事项处置完毕。"""
    return act_on("处置", given)


@click.command()
@_acting
@click.option("--approve", "how", flag_value="批准移送", default=None, help="批准移送。")
@click.option("--reject", "how", flag_value="不批准", help="不批准，理由写在 --note。")
def decide(*, how: str | None, **given: Any) -> int:
    """决定：移送机关的负责人决定涉罪案件是否移送（3日内）。"""
    if how is None:
        raise UserError("USAGE", "请写明 --approve 或 --reject。")
    return act_on(how, given)


@click.command()
@_acting
def move(**given: Any) -> int:
    """移送公安机关：附移送清单（--evidence 移送清单=…），批准后24小时内。"""
    return act_on("移送公安", given)


def deliver(case_number: str, phone: str, given: dict[str, Any]) -> int:
    """This will make the report of a case that was only registered (4-11)."""
    if not case_number.strip():
        raise UserError("USAGE", "请写明为哪件案件补作报告：jiegai case report 案件 --deliver。")
    facts = {"电话报告": phone.strip()}
    more = {"case_number": case_number, "facts": (), "on": None, "unit": ""}
    return act_on("报告", given | more, facts=facts)


def act_on(
    what: str, given: dict[str, Any], *, to: str = "", facts: Mapping[str, str] | None = None
) -> int:
    """This will send one action to a case and say what comes next.

    Raises UserError: what was mistyped (2), what the case refused (3), no answer (4).
    """
    from domain.action import Action
    from domain.case_acts import CASE_ACTS
    from domain.submission import malformed
    from starter.act import read_pairs
    from starter.desk_client import run
    from starter.evidence import read_evidence
    from starter.which_rollout import acting_person

    said = {name: text for name, text in (facts or {}).items() if text}
    for name, text in read_pairs(given["facts"], "FACT_FORM", "内容").items():
        if said.get(name, text) != text:
            raise UserError("FACT_FORM", f"内容“{name}”写了两次。")
        said[name] = text
    action = Action(
        action_id=given["action_id"].strip() or str(uuid.uuid4()),
        verb=CASE_ACTS[what].verb,
        person=acting_person(given["person"]),
        unit=given["unit"].strip(),
        note=given["note"],
        evidence=tuple(read_evidence(one) for one in given["evidence"]),
        to=to,
        happened_on=given["on"],
        facts=said,
    )
    # Facts are as long, and as free of numbers, as answers to opinions may be.
    refused = malformed(action) or malformed(replace(action, replies=said))
    if refused is not None:
        raise UserError(refused.code, refused.sentence)
    workflow_id, answer = run(_act(given["case_number"], given["rollout"], CASE_ACTS[what], action))
    return _tell(workflow_id, action, answer, as_json=given["as_json"])


async def _act(typed: str, rollout: str, act: CaseAct, action: Action) -> tuple[str, ActionReply]:
    from contracts.names import split_id
    from starter.actions import send
    from starter.case_find import found_case, step_of
    from starter.case_texts import action_texts
    from starter.desk_client import opened
    from starter.evidence_transfer import Parcel, store_all
    from starter.free_text import refuse_names

    async with opened() as door:
        line = await found_case(door, typed, rollout)
        action = step_of(line, typed, act, action)
        await refuse_names(door, split_id(line.workflow_id)[0], action_texts(action))
        refused = await store_all(door, [Parcel.of(line.workflow_id, action)])
        if refused:
            raise refused[0]
        return line.workflow_id, await send(door, line.workflow_id, action)


def _tell(workflow_id: str, action: Action, answer: ActionReply, *, as_json: bool) -> int:
    from starter.actions import exit_code_of, opened_in_words

    if as_json:
        echo_json({"workflow_id": workflow_id, "action_id": action.action_id, **vars(answer)})
        return exit_code_of(answer)
    if not answer.accepted:
        raise UserError(answer.code or "REFUSED", answer.sentence, exit_code_of(answer))
    click.echo(answer.sentence)
    following = opened_in_words(workflow_id, answer)
    if following:
        click.echo(following)
    return 0

"""Opening a case: 上报, 移送, 涉罪移送, 民呼我应, 吹哨, 派单; one at a time, or by a sheet.

Evidence goes into the register first, then one Update-with-Start opens the case. The number that is
made for a case comes from its action id, so that the same command repeated opens nothing twice.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from starter.errors import UserError
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION
from starter.table import echo_json

if TYPE_CHECKING:
    from contracts.procedure import ActionReply
    from domain.case import CaseKind, Opening
    from starter.desk_client import Door
    from starter.evidence_transfer import Parcel

_Command = TypeVar("_Command", bound=Callable[..., Any])

EVIDENCE_OPTION = click.option(
    "--evidence",
    multiple=True,
    metavar="名称=文号|文件",
    help="材料，可写几次；写法同 jiegai act。",
)
ACTION_OPTION = click.option(
    "--action-id", default="", metavar="编号", help="动作编号；同一编号重复执行只算一次。"
)
_OPTIONS: Final = (
    click.option("--title", default="", metavar="案由", help="案由，60字以内。"),
    click.option("--street", default="", metavar="街道", help="哪个街道。"),
    click.option(
        "--item", default="", metavar="序号", help="清单事项的序号；不在清单上的写 清单外。"
    ),
    click.option(
        "--list", "list_name", default="", metavar="清单", help="哪张清单；只有一张时不写。"
    ),
    click.option(
        "--found-at",
        "found",
        default="",
        metavar="时间",
        help="发现或收到的时间，如 “2026-02-15 23:50”；不写为现在。时限从这时起算。",
    ),
    click.option("--source", default="", metavar="来源", help="巡查发现、收到举报、群众投诉……"),
    click.option("--note", default="", metavar="案情", help="简要案情。"),
    click.option("--place", default="", metavar="地点", help="地点。"),
    click.option("--urgent", is_flag=True, help="紧急案件。"),
    EVIDENCE_OPTION,
    click.option("--no", "number", default="", metavar="编号", help="案件编号；不写则自动编号。"),
    ROLLOUT_OPTION,
    PERSON_OPTION,
    ACTION_OPTION,
    JSON_OPTION,
)
_SHEET_OPTION = click.option(
    "--file", "sheet", type=click.Path(path_type=Path), metavar="XLSX", help="按案件表逐行办理。"
)
_OFFICERS_OPTION = click.option(
    "--officers", default="", metavar="甲、乙", help="执法人员，几人用顿号隔开。"
)
_TO_OPTION = click.option(
    "--to", "to", multiple=True, metavar="部门", help="送哪个部门；清单写明时可不写。"
)


def _opening(command: _Command) -> _Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("case_number", metavar="[案件]", required=False, default="")
@_opening
@_TO_OPTION
@_OFFICERS_OPTION
@click.option("--phone", default="", metavar="时刻 接听人", help="电话报告，如 “17:40 王某”。")
@click.option("--register-only", is_flag=True, help="只登记，报告还没有做。")
@click.option("--deliver", is_flag=True, help="为已登记的案件补作报告（写明案件）。")
@click.option("--handover", is_flag=True, help="随报告一并交接（附 交接单）。")
@_SHEET_OPTION
def report(
    *,
    case_number: str,
    to: tuple[str, ...],
    officers: str,
    phone: str,
    register_only: bool,
    deliver: bool,
    handover: bool,
    sheet: Path | None,
    **given: Any,
) -> int:
    """上报：当天报告，3个工作日内正式交接；时限都从发现或收到时起算。

    jiegai case report --street 滨湖街道 --item 7 --title 无证经营 --found-at 16:20 --as 张三
    """
    from domain.case import CaseKind

    if sheet is not None:
        return _by_sheet(sheet, CaseKind.REPORT, given)
    if deliver:
        from starter.case_act import deliver as delivered

        return delivered(case_number, phone, given)
    if case_number:
        raise UserError("USAGE", "案件只在 --deliver 时写；新案件的编号用 --no。")
    if register_only and handover:
        raise UserError("USAGE", "--register-only 和 --handover 只能用一个。")
    stage = "登记" if register_only else "交接" if handover else "报告"
    return _open(CaseKind.REPORT, given, to=to, officers=officers, call=phone, stage=stage)


@click.command()
@_opening
@_TO_OPTION
@_OFFICERS_OPTION
@click.option("--phone", default="", metavar="时刻 接听人", help="电话报告，如 “17:40 王某”。")
@click.option("--handover", is_flag=True, help="随报告一并交接（附 交接单）。")
def refer(*, to: tuple[str, ...], officers: str, phone: str, handover: bool, **given: Any) -> int:
    """移送：不在清单上、街道不能办的，移送主管部门；时限同上报。"""
    from domain.case import CaseKind

    stage = "交接" if handover else "报告"
    return _open(CaseKind.REFERRAL, given, to=to, officers=officers, call=phone, stage=stage)


@click.command()
@_opening
@_OFFICERS_OPTION
@click.option("--from", "sender", default="", metavar="单位", help="移送的机关；不写为街道。")
@_TO_OPTION
def crime(*, officers: str, sender: str, to: tuple[str, ...], **given: Any) -> int:
    """涉罪移送：须附移送书和案卷，负责人3日内决定，批准后24小时内移送。"""
    from domain.case import CaseKind

    return _open(CaseKind.CRIME, given, to=to, officers=officers, sender=sender)


@click.command()
@_opening
@click.option("--incoming", default="", metavar="编号", help="来件编号；不写来电人姓名。")
@_TO_OPTION
def intake(*, incoming: str, to: tuple[str, ...], **given: Any) -> int:
    """民呼我应：受理群众诉求，然后分流、办理、回复；不回复不能办结。"""
    from domain.case import CaseKind

    return _open(CaseKind.CITIZEN, given, to=to, incoming=incoming, source="群众投诉")


@click.command()
@_opening
@click.option("--to", "to", multiple=True, metavar="部门", help="请哪个部门报到，可写几次。")
def whistle(*, to: tuple[str, ...], **given: Any) -> int:
    """吹哨：街道请部门到场，各部门报到后处置。"""
    from domain.case import CaseKind

    return _open(CaseKind.WHISTLE, given, to=to)


@click.command()
@_opening
@click.option("--from", "sender", default="", metavar="部门", help="派单的区级部门。")
@click.option("--letter", default="", metavar="函号", help="函的文号。")
@click.option("--channel", type=click.Choice(["线上", "线下"]), default=None, help="函件怎样送达。")
@click.option(
    "--share",
    type=click.Choice(["主办", "配合"]),
    default=None,
    help="请街道主办还是配合；不写按清单。",
)
@click.option("--wanted-by", type=DAY, default=None, help="希望哪天以前回告。")
@click.option("--incoming", default="", metavar="编号", help="投诉举报的来件编号。")
@_SHEET_OPTION
def dispatch(
    *,
    sender: str,
    letter: str,
    channel: str | None,
    share: str | None,
    wanted_by: date | None,
    incoming: str,
    sheet: Path | None,
    **given: Any,
) -> int:
    """派单：部门以函件交街道专人专班办理并回告；须有现行清单的事项，否则不予受理。

    jiegai case dispatch --from 区文旅局 --street 滨湖街道 --item 7 --title 无证经营
    --letter 陂文旅函〔2026〕3号 --channel 线上 --as 李四
    """
    from domain.case import CaseKind

    if sheet is not None:
        return _by_sheet(sheet, CaseKind.DISPATCH, given)
    return _open(
        CaseKind.DISPATCH,
        given,
        to=(sender,),
        letter=letter,
        channel=channel or "",
        share=share or "",
        wanted_by=wanted_by,
        incoming=incoming,
        source=given["source"] or "群众投诉",
    )


def _by_sheet(sheet: Path, kind: CaseKind, given: dict[str, Any]) -> int:
    from starter.case_file import open_by_sheet

    return open_by_sheet(sheet, kind, given["rollout"], given["person"], as_json=given["as_json"])


def _open(kind: CaseKind, given: dict[str, Any], *, to: tuple[str, ...] = (), **more: Any) -> int:
    """This will read what was typed, open the case and say what comes next."""
    from domain.case_sheet import RawCase, read_case
    from starter.desk_client import run
    from starter.evidence import read_evidence
    from starter.which_rollout import acting_person

    now = datetime.now(UTC)
    action_id = given["action_id"].strip() or str(uuid.uuid4())
    raw = _raw(given, action_id, more) | {
        "person": acting_person(given["person"]),
        "department": "、".join(one.strip() for one in to if one.strip()),
        "evidence": tuple(read_evidence(one) for one in given["evidence"]),
    }
    opening, faults = read_case(RawCase(**raw), now, kind)
    if opening is None:
        raise UserError(faults[0].code, faults[0].sentence)
    refuse_misstated(opening, now)
    made = not given["number"].strip()
    rollout, opening, answer = run(_opened(given["rollout"], opening, made=made))
    return _tell(rollout, opening, answer, as_json=given["as_json"])


def _raw(given: dict[str, Any], action_id: str, more: dict[str, Any]) -> dict[str, Any]:
    texts = ("title", "street", "item", "list_name", "found", "source", "note", "place", "number")
    return {
        **{name: given[name] for name in texts},
        "action_id": action_id,
        "suffix": suffix_of(action_id),
        "urgency": "紧急" if given["urgent"] else "",
        **more,
    }


def suffix_of(action_id: str, length: int = 4) -> str:
    """The end of a made number: the same action id makes the same number."""
    return hashlib.sha256(action_id.encode()).hexdigest()[:length].upper()


def refuse_misstated(opening: Opening, now: datetime) -> None:
    """This will raise what is wrong with an opening before anything is sent (2)."""
    from domain.case_opening import opening_fault

    fault = opening_fault(opening, now)
    if fault is not None:
        raise UserError(fault.code, fault.sentence)


async def _opened(
    rollout: str, opening: Opening, *, made: bool
) -> tuple[str, Opening, ActionReply]:
    from starter.case_find import rollout_of_case
    from starter.case_opening import open_case
    from starter.case_texts import opening_texts
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    async with opened() as door:
        name = await rollout_of_case(door, rollout)
        await refuse_names(door, name, opening_texts(opening))
        await _store(door, name, opening)
        answer = await open_case(door, name, opening)
        if answer.code == "CASE_ID_USED" and made:
            # Four digits met another case of the day; twelve are this action's own.
            opening = renumbered(opening)
            await _store(door, name, opening)
            answer = await open_case(door, name, opening)
    return name, opening, answer


def renumbered(opening: Opening) -> Opening:
    """The same opening under a longer made number."""
    from dataclasses import replace

    stem = opening.number.rpartition("-")[0]
    return replace(opening, number=f"{stem}-{suffix_of(opening.action_id, 12)}")


async def _store(door: Door, rollout: str, opening: Opening) -> None:
    from starter.evidence_transfer import store_all

    refused = await store_all(door, [parcel_of(rollout, opening)])
    if refused:
        raise refused[0]


def parcel_of(rollout: str, opening: Opening) -> Parcel:
    """The files that come with an opening; they are kept under the case's id to be."""
    from contracts.case import case_workflow_id
    from starter.evidence_transfer import Parcel

    return Parcel(
        workflow_id=case_workflow_id(rollout, opening.number),
        person=opening.person,
        unit=opening.sender,
        evidence=opening.evidence,
    )


def _tell(rollout: str, opening: Opening, answer: ActionReply, *, as_json: bool) -> int:
    from contracts.case import case_workflow_id
    from starter.actions import exit_code_of, opened_in_words

    workflow_id = case_workflow_id(rollout, opening.number)
    if as_json:
        echo_json(
            {
                "workflow_id": workflow_id,
                "number": opening.number,
                "action_id": opening.action_id,
                **vars(answer),
            }
        )
        return exit_code_of(answer)
    if not answer.accepted:
        raise UserError(answer.code or "REFUSED", answer.sentence, exit_code_of(answer))
    click.echo(answer.sentence)
    click.echo(f"案件编号：{opening.number}")
    following = opened_in_words(workflow_id, answer)
    if following:
        click.echo(following)
    return 0

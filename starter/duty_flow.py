"""``jiegai duty draft / adjust / legality / application``: a list on its way into force, and changed.

The steps themselves are worked with ``jiegai act`` as every procedure's are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starter.census import refuse_sheet
from starter.errors import EXIT_REFUSED, UserError
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION
from starter.table import echo_json, pasted
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.duty_flow import DutyJudged, DutyStarted, ItemVerdict
    from domain.duty_sheet import RawItem

_DUE = click.option("--due", type=DAY, help="全程最后一天；不写则每个环节各按自己的工作日数。")
_DAYS = click.option(
    "--days", "days", multiple=True, metavar="环节=工作日", help="一个环节的工作日数；可写几次。"
)
_REVIEWERS = click.option(
    "--reviewers",
    default="",
    metavar="单位、单位",
    help="审核并联合印发的单位；不写是区委编办、区司法局、区财政局、区行政审批局。",
)


@click.command()
@click.argument("name", metavar="清单名称")
@click.option("--lead", default="", metavar="单位", help="牵头单位；不写是区委编办。")
@_REVIEWERS
@_DUE
@_DAYS
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def draft(
    *,
    name: str,
    lead: str,
    reviewers: str,
    due: date | None,
    days: tuple[str, ...],
    rollout: str,
    person: str,
    as_json: bool,
) -> None:
    """起草一份清单：初稿、征求意见、意见处置、合法性审查、四部门审核、联合印发、备案、试运行、认领、评估验收。

    清单的草案先用 jiegai duty import 存入。备案没有时限，除非写明 --days 备案=10。

    例：jiegai duty draft 文旅市场属地管理事项清单 --as 区协调员
    """
    from starter.desk_client import run

    settled = (tuple(_names(reviewers)), due, _workdays(days))
    started = run(_draft(name.strip(), lead.strip(), settled, rollout, acting_person(person)))
    _conclude(started, f"“{name.strip()}”的起草", as_json=as_json)


async def _draft(
    name: str,
    lead: str,
    settled: tuple[tuple[str, ...], date | None, dict[str, int]],
    rollout: str,
    person: str,
) -> DutyStarted:
    from contracts.duty_flow import DutyDraftOrder, DutyFlowDesk
    from starter.desk_client import opened

    now = datetime.now(UTC)
    reviewers, due, workdays = settled
    async with opened() as door:
        order = DutyDraftOrder(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            list_name=name,
            person=person,
            action_id="",
            lead=lead,
            reviewers=reviewers,
            due=due,
            workdays=workdays,
        )
        order = replace(order, action_id=_fingerprint(order))
        return await door.order(DutyFlowDesk.draft, order, _once(order.action_id, now))


@click.command()
@click.argument("name", metavar="清单名称")
@click.option("--add", "added", default="", metavar="序号", help="增加一项，新序号。")
@click.option("--remove", "removed", default="", metavar="序号", help="减少一项。")
@click.option("--change", "revised", default="", metavar="序号", help="调整一项的内容。")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    metavar="清单表",
    help="新事项的七项内容：清单表的“事项”一行（jiegai duty template）。",
)
@click.option("--content", default="", metavar="文字", help="申请的内容：增减或调整什么。")
@click.option("--basis", default="", metavar="文字", help="申请的依据。")
@click.option("--reason", default="", metavar="文字", help="申请的理由。")
@click.option("--paper", default="", metavar="文号", help="书面申请的文号。")
@click.option("--unit", default="", metavar="单位", help="申请单位：区级职能部门或街道。")
@click.option(
    "--again", type=click.IntRange(1), metavar="号", help="被退回的第几号申请，重新提交。"
)
@_REVIEWERS
@_DUE
@_DAYS
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def adjust(**given: Any) -> None:
    """申请调整已印发的清单：写明事项、内容、依据、理由；审核、备案通过后施行，此前适用旧版。

    例：jiegai duty adjust 文旅清单 --change 7 --file 新第7项.xlsx --content 职责表述按新条例
    --basis 《湖北省旅游条例》第八条 --reason 条例修订 --paper 甲文旅〔2026〕3号 --as 文旅局经办甲
    """
    from starter.desk_client import run

    person = acting_person(given["person"])
    kind, number = _wanted(given)
    _check_said(given)
    item = _item(given, kind, as_json=given["as_json"])
    started = run(_adjust(given, (kind, number), item, person))
    if started.findings:
        findings = started.findings
        refuse_sheet(given["file"], started.code, findings, len(findings), as_json=given["as_json"])
    what = f"“{given['name'].strip()}”的调整申请第{started.number}号"
    _conclude(started, what, as_json=given["as_json"])


async def _adjust(
    given: dict[str, Any], wanted: tuple[str, str], item: RawItem | None, person: str
) -> DutyStarted:
    from contracts.duty_flow import DutyAdjustOrder, DutyFlowDesk
    from domain.duty_change import ChangeKind
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    kind, number = wanted
    async with opened() as door:
        chosen = await which_rollout(door, given["rollout"], now)
        said = [(what, given[name]) for name, what in _SAID.items()]
        await refuse_names(door, chosen, said)
        order = DutyAdjustOrder(
            now=now,
            rollout=chosen,
            list_name=given["name"].strip(),
            person=person,
            action_id="",
            kind=ChangeKind(kind),
            number=number,
            content=given["content"].strip(),
            basis=given["basis"].strip(),
            reason=given["reason"].strip(),
            paper=given["paper"].strip(),
            unit=given["unit"].strip(),
            item=item,
            reviewers=tuple(_names(given["reviewers"])),
            due=given["due"],
            workdays=_workdays(given["days"]),
            again=given["again"] or 0,
        )
        order = replace(order, action_id=_fingerprint(order))
        return await door.order(DutyFlowDesk.adjust, order, _once(order.action_id, now))


@click.command()
@click.argument("name", metavar="清单名称")
@click.option("--all", "all_lawful", is_flag=True, help="没有写明的各项全部合法。")
@click.option("--lawful", default="", metavar="序号、序号", help="合法的各项。")
@click.option(
    "--unlawful", multiple=True, metavar="序号=理由", help="不合法的一项和理由；可写几次。"
)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    metavar="结论表",
    help="逐项结论：一张表，列为 序号、结论（合法、不合法）、理由。",
)
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def legality(
    *,
    name: str,
    all_lawful: bool,
    lawful: str,
    unlawful: tuple[str, ...],
    file: Path | None,
    rollout: str,
    person: str,
    as_json: bool,
) -> None:
    """区司法局逐项登记草案的合法性结论（4-28）；改过文字的事项须重新登记。

    例：jiegai duty legality 文旅清单 --all --unlawful 7=无上位法依据 --as 司法局经办甲
    """
    from starter.desk_client import run

    verdicts = _verdicts(lawful, unlawful, file)
    if not verdicts and not all_lawful:
        raise UserError("USAGE", "请写 --all、--lawful、--unlawful 或 --file，见 --help。")
    said = (name.strip(), verdicts, all_lawful)
    judged = run(_judge(said, rollout, acting_person(person)))
    if as_json:
        echo_json(asdict(judged))
    if judged.code:
        raise UserError(judged.code, judged.sentence, EXIT_REFUSED)
    if as_json:
        return
    click.echo(f"{judged.counted} 项中 {judged.judged} 项有结论，不合法 {len(judged.unsound)} 项。")
    if judged.unsound:
        click.echo(f"不合法：第{'、'.join(judged.unsound)}项。请在“合法性审查”退回（jiegai act）。")
    elif judged.judged == judged.counted:
        click.echo("全部合法。请在“合法性审查”通过（jiegai act）。")


async def _judge(
    said: tuple[str, tuple[ItemVerdict, ...], bool], rollout: str, person: str
) -> DutyJudged:
    from contracts.duty_flow import DutyFlowDesk, DutyVerdicts
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    name, verdicts, others = said
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        await refuse_names(door, chosen, [("理由", one.reason) for one in verdicts])
        order = DutyVerdicts(
            now=now,
            rollout=chosen,
            list_name=name,
            person=person,
            verdicts=verdicts,
            others_lawful=others,
        )
        return await door.order(DutyFlowDesk.judge, order, f"verdicts-{now:%Y%m%d%H%M%S%f}")


_SAID = {"content": "内容", "basis": "依据", "reason": "理由", "paper": "文号"}


def _conclude(started: DutyStarted, what: str, *, as_json: bool) -> None:
    """This will say what was started and who is next."""
    if as_json:
        echo_json(asdict(started))
    if started.code:
        raise UserError(started.code, started.sentence, EXIT_REFUSED)
    if as_json:
        return
    if not started.created:
        click.echo(f"{what}先前已发起，没有重复办理：{started.workflow_id}")
        click.echo(f"查看：jiegai log {pasted(started.workflow_id)}")
        return
    click.echo(f"{what}已发起：{started.workflow_id}")
    for step, units in started.waiting.items():
        click.echo(f"下一步：{'、'.join(units)} 办理“{step}”")
        verb = "通过" if step == "四部门审核" else "提交"
        item = pasted(f"{started.workflow_id}#{step}")
        click.echo(f"  jiegai act {item} {verb} --as 姓名")


def _wanted(given: dict[str, Any]) -> tuple[str, str]:
    """What kind of change, and the number of the item. Raises UserError: USAGE."""
    ways = {"增加": given["added"], "减少": given["removed"], "内容调整": given["revised"]}
    chosen = [(kind, number.strip()) for kind, number in ways.items() if number.strip()]
    if len(chosen) != 1:
        raise UserError("USAGE", "请写 --add、--remove、--change 中的一个，后接序号。")
    return chosen[0]


def _check_said(given: dict[str, Any]) -> None:
    missing = [f"{what}（--{name}）" for name, what in _SAID.items() if not given[name].strip()]
    if missing:
        raise UserError("DUTY_APPLICATION_FIELDS", f"书面申请还缺：{'、'.join(missing)}。")


def _item(given: dict[str, Any], kind: str, *, as_json: bool) -> RawItem | None:
    """The one row of the workbook. Raises UserError: USAGE, DUTY_ONE_ITEM, what the file says."""
    file: Path | None = given["file"]
    if kind == "减少":
        if file is not None:
            raise UserError("USAGE", "减少一项不用 --file。")
        return None
    if file is None:
        raise UserError("USAGE", f"{kind}须附新事项的七项内容（--file 清单表）。")
    from starter.duty_file import read_items

    items, findings = read_items(file)
    refuse_sheet(file, "DUTY_INVALID", findings, len(findings), as_json=as_json)
    if len(items) != 1:
        text = f"{file} 的“事项”有{len(items)}行；一份申请写一项，几项请分几份申请。"
        raise UserError("DUTY_ONE_ITEM", text)
    return items[0]


def _verdicts(lawful: str, unlawful: Sequence[str], file: Path | None) -> tuple[ItemVerdict, ...]:
    """Verdicts typed and from a sheet. Raises UserError: USAGE, DUTY_INVALID."""
    from contracts.duty_flow import ItemVerdict

    verdicts = {n: ItemVerdict(number=n, is_lawful=True) for n in _names(lawful)}
    for text in unlawful:
        number, _, reason = text.partition("=")
        if not reason.strip():
            raise UserError("USAGE", f"“{text}”请写成 序号=理由。")
        verdicts[number.strip()] = ItemVerdict(
            number=number.strip(), is_lawful=False, reason=reason.strip()
        )
    if file is not None:
        verdicts |= {one.number: one for one in _sheet_verdicts(file)}
    return tuple(verdicts.values())


def _sheet_verdicts(file: Path) -> list[ItemVerdict]:
    from contracts.duty_flow import ItemVerdict
    from starter.filled_sheet import FilledBook, text_of

    book = FilledBook(file)
    sheet = book.sheet(book.titles[0], 20_000)
    heads = [text_of(cell) for cell in sheet.lines[0].cells] if sheet.lines else []
    if missing := [name for name in ("序号", "结论", "理由") if name not in heads]:
        raise UserError("HEADER", f"{file} 第一行缺少表头：{'、'.join(missing)}。")
    places = {name: heads.index(name) for name in ("序号", "结论", "理由")}
    found = []
    for line in sheet.lines[1:]:
        number, verdict, reason = (text_of(line.at(place)) for place in places.values())
        if not number:
            continue
        if verdict not in ("合法", "不合法"):
            text = f"{file} 第{line.number}行的结论“{verdict[:20]}”请写合法或不合法。"
            raise UserError("DUTY_INVALID", text)
        found.append(ItemVerdict(number=number, is_lawful=verdict == "合法", reason=reason))
    return found


def _workdays(days: Sequence[str]) -> dict[str, int]:
    """Working days by step. Raises UserError: USAGE."""
    found = {}
    for text in days:
        step, _, count = text.partition("=")
        if not count.strip().isascii() or not count.strip().isdigit():
            raise UserError("USAGE", f"“{text}”请写成 环节=工作日，如 征求意见=5。")
        found[step.strip()] = int(count)
    return found


def _names(text: str) -> list[str]:
    for mark in "，,；;":
        text = text.replace(mark, "、")
    return [part.strip() for part in text.split("、") if part.strip()]


def _fingerprint(order: Any) -> str:
    """The order as it was typed, whenever: typed again, it is the same order."""
    said = asdict(order) | {"now": "", "action_id": ""}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _once(action_id: str, now: datetime) -> str:
    # A refusal of a minute ago is no answer to today's order.
    return f"duty-{action_id}-{now:%Y%m%d%H%M%S}"

"""``jiegai act``: do something at a desk; one action, or a sheet of them.

``--as`` is a claim: it says who acts, it does not prove it. Whether that person may is decided by
the procedure's workflow.
"""

from __future__ import annotations

import difflib
import uuid
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from domain.action import Action
from domain.procedure import REVIEW_VERDICTS, Verb
from domain.submission import malformed
from starter.errors import UserError
from starter.evidence import read_evidence
from starter.parameters import DAY
from starter.table import echo_json, pasted

if TYPE_CHECKING:
    from contracts.procedure import ActionReply

_VERBS = [verb.value for verb in Verb]


class VerbName(click.Choice[str]):
    """A verb; one that is none is answered with the nearest."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """This will take the verb as it is, or fail with what may have been meant."""
        del param, ctx
        if value in _VERBS:
            return value
        near = difflib.get_close_matches(value, _VERBS, n=1, cutoff=0.4)
        meant = f"，是否想用“{near[0]}”？" if near else "；"
        raise UserError("USAGE", f"没有动作“{value}”{meant}可用：{'、'.join(_VERBS)}。")


@click.command(epilog=f"动作：{'、'.join(_VERBS)}。")
@click.argument("item", metavar="事项", required=False)
@click.argument("verb", metavar="动作", required=False, type=VerbName(_VERBS))
@click.option("--as", "person", default="", metavar="姓名", help="办理人。")
@click.option("--unit", default="", metavar="单位", help="代表哪个单位；在几个单位任职时必写。")
@click.option("--note", default="", metavar="意见", help="意见或理由。")
@click.option(
    "--evidence",
    multiple=True,
    metavar="名称=文号|文件",
    help="证据，可写几次；也可写 名称=文号@文件。文件随动作入库；"
    "不入库的写 名称=线下:文号@文件，只记录文号和指纹。",
)
@click.option(
    "--verdict", multiple=True, metavar="项目=结论", help="研判结论，例如 政策性=无误，可写几次。"
)
@click.option(
    "--to", default="", metavar="环节|姓名|单位", help="退回到哪个环节、转办给谁、改派给哪个单位。"
)
@click.option("--on", type=DAY, help="事情发生的日期；不是今天的，记为补录。")
@click.option("--new-due", type=DAY, help="申请延期的新时限。")
@click.option(
    "--reopen", multiple=True, metavar="单位", help="退回后须重新征求意见的单位，可写几次。"
)
@click.option("--reply", multiple=True, metavar="单位=采纳情况", help="意见反馈，可写几次。")
@click.option(
    "--fact", multiple=True, metavar="名称=内容", help="须写明的内容，如 施行日期=2026-12-01。"
)
@click.option(
    "--action-id", default="", metavar="编号", help="动作编号；同一编号重复执行只算一次。"
)
@click.option(
    "--file", "sheet", type=click.Path(path_type=Path), metavar="XLSX", help="按办理表逐行办理。"
)
@click.option(
    "--template", type=click.Path(path_type=Path), metavar="XLSX", help="写出一张空白办理表。"
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def act(
    *,
    item: str | None,
    verb: str | None,
    person: str,
    unit: str,
    note: str,
    evidence: tuple[str, ...],
    verdict: tuple[str, ...],
    to: str,
    on: date | None,
    new_due: date | None,
    reopen: tuple[str, ...],
    reply: tuple[str, ...],
    fact: tuple[str, ...],
    action_id: str,
    sheet: Path | None,
    template: Path | None,
    as_json: bool,
) -> int:
    """办理一个事项；或用 --file 按表逐行办理。

    事项可写全称或末尾几段；只有一个待办环节时可不写环节。例如：

    jiegai act 滨河街道/三定#初审 退回 --to 起草 --note 内设机构超限额 --as 初审人
    """
    if template is not None:
        return _write_template(template, as_json=as_json)
    if sheet is not None:
        from starter.act_file import act_by_sheet

        if item or verb:
            raise UserError("USAGE", "用 --file 时不再写事项和动作。")
        return act_by_sheet(sheet, person, as_json=as_json)
    if not (item and verb):
        raise UserError(
            "USAGE", "请写明事项和动作，例如 jiegai act 滨河街道/三定#初审 通过 --as 姓名。"
        )
    if not person.strip():
        raise UserError("USAGE", "请用 --as 写明办理人。")
    action = Action(
        action_id=action_id.strip() or str(uuid.uuid4()),
        verb=Verb(verb),
        person=person.strip(),
        unit=unit.strip(),
        note=note,
        evidence=tuple(read_evidence(one) for one in evidence),
        verdicts=read_verdicts(verdict),
        to=to.strip(),
        happened_on=on,
        new_due=new_due,
        reopen=tuple(one.strip() for one in reopen if one.strip()),
        replies=read_pairs(reply, "REPLY_FORM", "意见反馈"),
        facts=read_pairs(fact, "FACT_FORM", "须写明的内容"),
    )
    from starter.actions import addressed, exit_code_of
    from starter.desk_client import run

    workflow, action = addressed(action, item)
    refused = malformed(action)
    if refused is not None:
        raise UserError(refused.code, refused.sentence)
    workflow_id, answer = run(_act(workflow, action))
    if as_json:
        echo_json({"workflow_id": workflow_id, "action_id": action.action_id, **vars(answer)})
        return exit_code_of(answer)
    return _show(workflow_id, answer)


def read_verdicts(texts: tuple[str, ...]) -> dict[str, str]:
    """This will read ``政策性=无误``; an unknown name of a verdict is a mistake of typing."""
    verdicts = read_pairs(texts, "VERDICT_FORM", "研判结论")
    for name in verdicts:
        if name not in REVIEW_VERDICTS:
            known = "、".join(REVIEW_VERDICTS)
            raise UserError("VERDICT_FORM", f"没有“{name}”这项研判，只有：{known}。")
    return verdicts


def read_pairs(texts: tuple[str, ...], code: str, what: str) -> dict[str, str]:
    """This will read ``NAME=TEXT`` pairs; the same name twice is refused, not overwritten."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise UserError(code, f"{what}“{text}”应写成 名称=内容。")
        if name in pairs:
            raise UserError(code, f"{what}“{name}”写了两次。")
        pairs[name] = value
    return pairs


async def _act(workflow: str, action: Action) -> tuple[str, ActionReply]:
    from contracts.names import split_id
    from starter.actions import resolve, send
    from starter.desk_client import opened
    from starter.evidence_transfer import Parcel, store_all
    from starter.free_text import refuse_names, written_in

    async with opened() as door:
        workflow_id = await resolve(door, workflow)
        await refuse_names(door, split_id(workflow_id)[0], written_in(action))
        refused = await store_all(door, [Parcel.of(workflow_id, action)])
        if refused:
            raise refused[0]
        return workflow_id, await send(door, workflow_id, action)


def _show(workflow_id: str, answer: ActionReply) -> int:
    from starter.actions import exit_code_of, opened_in_words

    if not answer.accepted:
        raise UserError(answer.code or "REFUSED", answer.sentence, exit_code_of(answer))
    click.echo(answer.sentence)
    following = opened_in_words(workflow_id, answer)
    if following:
        click.echo(following)
    return 0


def _write_template(path: Path, *, as_json: bool) -> int:
    from starter.decisions import write_template

    write_template(path)
    if as_json:
        echo_json({"template": str(path)})
    else:
        click.echo(f"已写出 {path}；填好后执行：jiegai act --file {pasted(path)}")
    return 0

"""``jiegai transfer``: the batch of a 转隶 by roster, its people by key, and what is recorded of them.

Ordinary steps go through ``jiegai act``. People are keys here: no name is read, shown or sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import DAY, JSON_OPTION
from starter.table import echo_json, render, terminal_width
from starter.transfer_file import KINDS, Group, read_people

if TYPE_CHECKING:
    from contracts.procedure import ActionReply
    from contracts.transfer import PersonAction, PersonLine, SumLine, TransferShown
    from starter.desk_client import Door
    from starter.free_text import Written

_KEY: Final = "p-"
_WIDE: Final = 100


@click.group()
def transfer() -> None:
    """转隶批次：查看名册办到哪一步，逐人记录异议、谈话、决定。"""


@transfer.command()
@click.argument("item", metavar="事项")
@JSON_OPTION
def show(*, item: str, as_json: bool) -> None:
    """查看一个批次：各状态、各部门、各队伍的人数和在途编制。

    例：jiegai transfer show 一街道/人员转隶
    """
    from starter.desk_client import run

    found = run(_show(item))
    if as_json:
        echo_json(asdict(found))
        return
    click.echo(printable(found.workflow_id))
    click.echo(f"名册：{found.number}（第{found.version}版，{found.status}），共 {found.people} 人")
    click.echo(f"人员：{_counted(found.counts)}")
    if found.objections:
        click.echo(f"异议：{_counted(found.objections)}")
    click.echo(f"台账：本批次在途 {found.in_transit} 名")
    for title, name in (("部门", "from_unit"), ("接收单位", "to_unit"), ("队伍", "team")):
        rows = list(sums_by(found.sums, name))
        if rows:
            click.echo()
            click.echo(render(rows, (title, "类型", "人数", "其中")))


def sums_by(sums: Iterable[SumLine], name: str) -> Iterable[tuple[str, str, str, str]]:
    """This will add up the persons of a batch by one column and type; '' of a column is left out."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for line in sums:
        if of := getattr(line, name):
            states = found.setdefault((of, line.type), {})
            states[line.state] = states.get(line.state, 0) + line.people
    for (of, kind), states in sorted(found.items()):
        yield of, kind, str(sum(states.values())), _counted(states)


async def _show(item: str) -> TransferShown:
    from contracts.transfer import TransferDesk, TransferQuestion
    from starter.desk_client import opened

    async with opened() as door:
        workflow_id = await _resolved(door, item)
        question = TransferQuestion(workflow_id=workflow_id, now=datetime.now(UTC))
        found = await door.ask(TransferDesk.show, question)
    if not found.number:
        raise _no_batch(workflow_id)
    return found


@transfer.command()
@click.argument("item", metavar="事项")
@click.option(
    "--state", default="", metavar="状态", help="在册、在途、已转、暂缓、移出，或异议办到哪一步。"
)
@JSON_OPTION
def people(*, item: str, state: str, as_json: bool) -> None:
    """列出一个批次的人员（只有编号）。"""
    from starter.desk_client import run

    lines = run(_people(item, state.strip()))
    if as_json:
        echo_json({"lines": [asdict(line) for line in lines]})
        return
    if not lines:
        click.echo(f"没有{state or '人员'}。")
        return
    heads = ("人员编号", "转出单位", "去向", "状态", "异议", "类型", "队伍", "下沉方式")
    # A key that is cut off is of no use: a narrow terminal goes without types, teams and modes.
    wide = len(heads) if any(line.sink_mode for line in lines) else len(heads) - 1
    columns = wide if terminal_width() >= _WIDE else 5
    rows = [
        (
            line.staff,
            line.from_unit,
            line.to_unit,
            line.state,
            f"{line.objection}（{line.outcome}）" if line.outcome else line.objection,
            line.type,
            line.team,
            line.sink_mode,
        )[:columns]
        for line in lines
    ]
    click.echo(render(rows, heads[:columns]))
    click.echo(f"共 {len(lines)} 人；姓名见 jiegai staff show --key 人员编号 --unmask。")


async def _people(item: str, state: str) -> tuple[PersonLine, ...]:
    from contracts.transfer import PeopleQuestion, TransferDesk
    from starter.desk_client import opened

    async with opened() as door:
        workflow_id = await _resolved(door, item)
        question = PeopleQuestion(workflow_id=workflow_id, now=datetime.now(UTC), state=state)
        page = await door.ask(TransferDesk.people, question)
        if not page.found:
            raise _no_batch(workflow_id)
        lines = page.lines
        while page.next_page:
            page = await door.ask(TransferDesk.people, replace(question, after=page.next_page))
            lines += page.lines
    return lines


@transfer.command(epilog=f"动作：{'、'.join(KINDS)}。")
@click.argument("item", metavar="事项")
@click.argument("words", metavar="人员编号... 动作", nargs=-1)
@click.option("--as", "person", default="", metavar="姓名", help="办理人。")
@click.option("--unit", default="", metavar="单位", help="代表哪个单位；在几个单位任职时可写。")
@click.option("--note", default="", metavar="意见", help="内容或理由；不写姓名和身份证号。")
@click.option("--to-unit", default="", metavar="单位", help="“调整”的去向。")
@click.option(
    "--evidence",
    multiple=True,
    metavar="名称=文号|文件",
    help="证据，可写几次；批复之后调整、暂缓、移出须有 更正=文号。",
)
@click.option("--on", type=DAY, help="事情发生的日期；不是今天的，记为补录。")
@click.option(
    "--file", "sheet", type=click.Path(path_type=Path), metavar="XLSX", help="按表逐行记录。"
)
@click.option(
    "--action-id", default="", metavar="编号", help="动作编号；同一编号重复执行只算一次。"
)
@JSON_OPTION
def person(
    *,
    item: str,
    words: tuple[str, ...],
    person: str,
    unit: str,
    note: str,
    to_unit: str,
    evidence: tuple[str, ...],
    on: date | None,
    sheet: Path | None,
    action_id: str,
    as_json: bool,
) -> int:
    """记录人员的异议、谈话、决定（维持、调整、暂缓）、答复，或移出。

    例：jiegai transfer person 一街道/人员转隶 p-0123456789abcdef 移出 --note 退休
    --evidence 更正=甲编办〔2026〕7号 --as 姓名
    """
    from contracts.transfer import PersonAction
    from domain.transfer_person import MAX_PEOPLE, PersonKind
    from starter.evidence import read_evidence

    if not person.strip():
        raise UserError("USAGE", "请用 --as 写明办理人。")
    pieces = tuple(read_evidence(one) for one in evidence)
    base = action_id.strip() or str(uuid.uuid4())
    if sheet is not None:
        if words:
            raise UserError("USAGE", "用 --file 时不再写人员编号和动作。")
        groups = read_people(sheet)
    else:
        groups = [_typed(words, note, to_unit)]
    actions = [
        PersonAction(
            action_id=f"{base}~{number}" if number else base,
            kind=PersonKind(group.kind),
            staff=keys,
            person=person.strip(),
            unit=unit.strip(),
            note=group.note or note,
            evidence=(*pieces, *group.evidence),
            happened_on=on,
            to_unit=group.to_unit or to_unit.strip(),
        )
        for number, (group, keys) in enumerate(
            (group, group.keys[at : at + MAX_PEOPLE])
            for group in groups
            for at in range(0, len(group.keys), MAX_PEOPLE)
        )
    ]
    for action in actions:
        _check(action)
    from starter.desk_client import run

    answers = run(_send(item, actions))
    return _report(actions, answers, as_json=as_json)


def _typed(words: Sequence[str], note: str, to_unit: str) -> Group:
    keys = tuple(word.strip() for word in words if word.strip().startswith(_KEY))
    others = [word.strip() for word in words if not word.strip().startswith(_KEY)]
    if len(others) != 1 or others[0] not in KINDS or not keys:
        # What was typed may be a name, and is not repeated.
        raise UserError(
            "USAGE",
            f"请写人员编号（{_KEY} 加16位，可写几个）和一个动作：{'、'.join(KINDS)}。",
        )
    return Group(kind=others[0], keys=keys, note=note, to_unit=to_unit.strip())


def _check(action: PersonAction) -> None:
    from domain.action import Action
    from domain.procedure import Verb
    from domain.submission import malformed
    from domain.transfer_person import keys_fault

    envelope = Action(
        action_id=action.action_id,
        verb=Verb.ADD_NOTE,
        person=action.person,
        unit=action.unit,
        note=action.note,
        evidence=action.evidence,
        to=action.to_unit,
    )
    fault = malformed(envelope) or keys_fault(action.staff)
    if fault is not None:
        raise UserError(fault.code, fault.sentence)


async def _send(item: str, actions: Sequence[PersonAction]) -> list[ActionReply]:
    """One after the other; what comes after a refusal is not sent."""
    from contracts.names import split_id
    from contracts.transfer import PERSON_UPDATE
    from starter.actions import update
    from starter.desk_client import opened
    from starter.evidence_transfer import Parcel, store_all
    from starter.free_text import refuse_names

    answers: list[ActionReply] = []
    async with opened() as door:
        workflow_id = await _resolved(door, item)
        await refuse_names(door, split_id(workflow_id)[0], list(_written(actions)))
        parcels = [
            Parcel(
                workflow_id=workflow_id,
                person=one.person,
                unit=one.unit,
                evidence=one.evidence,
            )
            for one in actions
        ]
        refused = await store_all(door, parcels)
        if refused:
            raise refused[min(refused)]
        for action in actions:
            answers.append(await update(door, workflow_id, PERSON_UPDATE, action, action.action_id))
            if not answers[-1].accepted:
                break
    return answers


def _written(actions: Sequence[PersonAction]) -> Iterator[Written]:
    """What the actions say; a sheet's are told apart by what is recorded."""
    from starter.free_text import evidence_texts

    for action in actions:
        of = f"“{action.kind}”的" if len(actions) > 1 else ""
        said = (("意见", action.note), ("去向", action.to_unit), *evidence_texts(action.evidence))
        yield from ((f"{of}{where}", text) for where, text in said)


def _report(
    actions: Sequence[PersonAction], answers: Sequence[ActionReply], *, as_json: bool
) -> int:
    from starter.actions import exit_code_of

    last = answers[-1]
    if as_json:
        echo_json(
            {
                "answers": [
                    {"action_id": action.action_id, "staff": action.staff, **vars(answer)}
                    for action, answer in zip(actions, answers, strict=False)
                ]
            }
        )
        return exit_code_of(last)
    for answer in answers:
        if answer.accepted:
            again = "（已经记录过）" if answer.repeated else ""
            click.echo(printable(f"{answer.sentence}{again}"))
    if not last.accepted:
        left = len(actions) - len(answers)
        rest = f"其后{left}次没有发出，更正后用 --action-id 重复本命令。" if left else ""
        raise UserError(last.code or "REFUSED", f"{last.sentence}{rest}", exit_code_of(last))
    return 0


async def _resolved(door: Door, item: str) -> str:
    from contracts.names import split_item
    from starter.actions import resolve

    return await resolve(door, split_item(item.strip())[0])


def _no_batch(workflow_id: str) -> UserError:
    return UserError(
        "NO_BATCH",
        f"“{workflow_id}”还没有冻结的名册，报请示之后再看；"
        "编制中的名册见 jiegai roster show --number 名册号。",
        EXIT_REFUSED,
    )


def _counted(counts: dict[str, int]) -> str:
    return "、".join(f"{name} {count}" for name, count in counts.items()) or "无"

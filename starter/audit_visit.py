"""``jiegai audit visit`` and ``template``: which unit was inspected, when, how, with which result.

The first visit of a 随机抽查 opens its audit: no workflow exists before (ADR 0015), and nothing about a
unit leaves this computer before a team was there (4-37).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starter.audit_draw import Sample, sample_of
from starter.audit_key import audit_arguments, read_record, the_key
from starter.errors import EXIT_REFUSED, UserError
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, SHANGHAI
from starter.table import echo_json, pasted
from starter.which_rollout import acting_person

if TYPE_CHECKING:
    from contracts.audit_flow import AuditRecorded
    from domain.audit import RunKey
    from domain.audit_sheet import RawVisit
    from domain.refusal import Finding
    from starter.desk_client import Door

FILE_OPTION = click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="表.xlsx",
    help="一次登记一张表；空白表由 jiegai audit template 写出。",
)


@click.command()
@click.argument("file", metavar="表.xlsx", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(("问题", "到访")), default="问题", show_default=True)
@click.option(
    "--of", "of", nargs=2, metavar="改革 名称", help="列好这次督查要去的单位；抽查的不会列出。"
)
@JSON_OPTION
def template(
    *, file: Path, kind: str, of: tuple[str, str] | tuple[()] | None, as_json: bool
) -> None:
    """写出一张空白的问题表或到访表，带到现场填写。

    例：jiegai audit template 到访.xlsx --kind 到访 --of 乌海2019 年度检查评估
    """
    from starter.audit_file import write_template
    from starter.desk_client import run
    from starter.sheet_style import new_path

    new_path(file, f"{kind}表")
    units = run(_units_to_visit(*of, unvisited=kind == "到访")) if of else ()
    write_template(file, kind, units)
    if as_json:
        echo_json({"file": str(file), "kind": kind, "units": list(units)})
        return
    command = "visit" if kind == "到访" else "finding"
    click.echo(f"已写出 {file}" + (f"，列好 {len(units)} 个单位" if units else "") + "。填好后：")
    named = " ".join(pasted(word) for word in of) if of else "改革 名称"
    click.echo(f"  jiegai audit {command} {named} --file {pasted(file)} --as 姓名")


async def _units_to_visit(rollout: str, name: str, *, unvisited: bool) -> tuple[str, ...]:
    from starter.desk_client import opened

    async with opened() as door:
        given = {"rollout": rollout, "name": name, "window": ""}
        record = await read_record(door, await the_key(door, given, datetime.now(UTC)))
    done = {one.unit for one in record.visits} if unvisited else set()
    return tuple(unit for unit in sorted(record.covers) if unit not in done)


@click.command()
@audit_arguments
@click.option("--unit", default="", metavar="单位", help="到了哪个单位。")
@click.option("--on", "day", type=DAY, help="哪一天；不写是今天。")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="方式",
    help="集中汇报、查阅资料、集中座谈、实地查看，可写几次（2-23）。",
)
@click.option("--team", default="", metavar="检查人员", help="如 编办检查组；不写名册里的人名。")
@click.option("--result", default="", metavar="结果", help="检查评估的结果，如 良好（0-12）。")
@click.option("--opinions", default="", metavar="文字", help="听取的意见（4-37）。")
@FILE_OPTION
@PERSON_OPTION
@JSON_OPTION
def visit(**given: Any) -> None:
    """登记到访：到了一个单位，怎样检查，结果如何，听到什么意见。

    例：jiegai audit visit 乌海2019 季度抽查 --unit 滨河街道 --method 实地查看 --result 良好 --as 张三
    """
    from starter.desk_client import run

    person = acting_person(given["person"])
    given = {key: each.strip() if isinstance(each, str) else each for key, each in given.items()}
    rows, findings = _rows(given)
    sent = run(_send(rows, findings, given, person))
    if given["as_json"]:
        echo_json(asdict(sent.answer))
        return
    for line in _in_words(sent):
        click.echo(line)
    if sent.answer.workflow_id:
        click.echo(f"督查的流程：{sent.answer.workflow_id}")


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """What became of the rows, all together."""

    key: RunKey
    answer: AuditRecorded


def _in_words(sent: _Sent) -> Iterator[str]:
    """How many are new, how many were there; what is left to be visited."""
    answer = sent.answer
    new = len(answer.numbers) - answer.before
    said = f"已登记到访{new}个单位" if new else "没有新的到访"
    before = f"，{answer.before}个此前已登记，没有重复" if answer.before else ""
    yield f"{said}{before}（{sent.key.plan} {sent.key.window}）。"
    if answer.sentence:
        yield answer.sentence


def _rows(given: dict[str, Any]) -> tuple[tuple[RawVisit, ...], tuple[Finding, ...]]:
    from domain.audit_sheet import RawVisit
    from starter.audit_file import read_visits

    single = ("unit", "day", "methods", "team", "result", "opinions")
    if given["file"]:
        if any(given[name] for name in single):
            raise UserError("USAGE", "写了 --file，就不再写 --unit 等选项。")
        return read_visits(given["file"])
    if not given["unit"]:
        raise UserError("USAGE", "请用 --unit 写明单位，或用 --file 交一张表。")
    today = datetime.now(UTC).astimezone(SHANGHAI).date()
    row = RawVisit(
        row=0,
        unit=given["unit"],
        day=given["day"] or today,
        methods="、".join(given["methods"]),
        team=given["team"],
        result=given["result"],
        opinions=given["opinions"],
    )
    return (row,), ()


async def _send(
    rows: Sequence[RawVisit],
    findings: Sequence[Finding],
    given: dict[str, Any],
    person: str,
) -> _Sent:
    """Everything is looked through before it is sent, and entered all or none."""
    from contracts.audit_flow import AuditFlowDesk, VisitLine, VisitsOrder
    from domain.audit_sheet import OPINIONS, RESULT, TEAM, visit_faults
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        key = await the_key(door, given, now, to_visit=True)
        known = await known_units(door, key.rollout)
        sample = None
        if any(row.unit and row.unit not in known for row in rows):
            # A unit that an amendment took away since is still inspected.
            sample = await sample_of(door, key, person)
            known |= set(sample.proofs if sample else (await read_record(door, key)).covers)
        today = now.astimezone(SHANGHAI).date()
        found = [fault for row in rows for fault in visit_faults(row, today, known)]
        refuse_rows(given, (*findings, *found))
        texts = [
            (in_row(row.row, what), text)
            for row in rows
            for what, text in ((TEAM, row.team), (RESULT, row.result), (OPINIONS, row.opinions))
        ]
        await refuse_names(door, key.rollout, texts)
        sample = sample or await sample_of(door, key, person)
        _refuse_undrawn(rows, sample)
        rows = list({row.visit: row for row in rows}.values())
        lines = tuple(
            VisitLine(
                action_id=fingerprint("visit", key, row.visit),
                visit=row.visit,
                proof=sample.proofs[row.unit] if sample else "",
            )
            for row in rows
        )
        order = VisitsOrder(now=now, key=key, person=person, lines=lines)
        sending = once("visit", fingerprint(*(line.action_id for line in lines)), now)
        answer = await door.order(AuditFlowDesk.visits, order, sending)
    if answer.code:
        raise UserError(answer.code, _refused(answer, rows), EXIT_REFUSED)
    return _Sent(key=key, answer=answer)


def _refuse_undrawn(rows: Sequence[RawVisit], sample: Sample | None) -> None:
    """Said here, so that nothing is sent of a unit that was not drawn, or not visited yet (4-37).

    What the server refuses is named in what it keeps of the order.
    """
    if sample is None:
        return
    for row in rows:
        where = f"第{row.row}行：" if row.row else ""
        if row.unit not in sample.proofs:
            sentence = f"{where}“{row.unit}”不是本期抽到的单位，不能登记到访。"
            raise UserError("AUDIT_NOT_COVERED", sentence, EXIT_REFUSED)
        if row.day is not None and row.day < sample.drawn_on:
            sentence = f"{where}{row.day}还没有抽取（{sample.drawn_on}抽的），不能是抽查的到访。"
            raise UserError("AUDIT_BEFORE_DRAW", sentence, EXIT_REFUSED)


def _refused(answer: AuditRecorded, rows: Sequence[RawVisit]) -> str:
    """The desk's no, with the row that it is about; of a sheet nothing was entered."""
    row = rows[answer.place - 1].row if answer.place else 0
    where = f"第{row}行：" if row else ""
    none = "整张表都没有登记，改好后再交。" if len(rows) > 1 else ""
    return f"{where}{answer.sentence}{none}"


async def known_units(door: Door, rollout: str) -> frozenset[str]:
    """The units of the plan, by full name."""
    from starter.plan_copy import registered_plan

    return frozenset(unit.name for unit in (await registered_plan(door, rollout)).plan.units)


def refuse_rows(given: dict[str, Any], findings: Sequence[Finding]) -> None:
    """This will raise what is wrong: a file's cells one by one, a typed one in its sentence."""
    from starter.census import refuse_sheet

    found = [one for one in findings if one.is_error]
    if not found:
        return
    if given["file"]:
        refuse_sheet(given["file"], "AUDIT_INVALID", found, len(found), as_json=given["as_json"])
    raise UserError(found[0].code, found[0].sentence)


def in_row(row: int, what: str) -> str:
    """Where a text stands, for a sentence about it."""
    return f"第{row}行的{what}" if row else what


def fingerprint(*parts: object) -> str:
    """The same words about the same audit are the same action, however often they are sent."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def once(what: str, action_id: str, now: datetime) -> str:
    """The id of one sending: a refusal of this minute must not answer for the next."""
    return f"audit-{what}-{action_id}-{now:%Y%m%d%H%M%S%f}"

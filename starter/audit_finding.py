"""``jiegai audit finding``: problems, typed, from a sheet, or taken over from the automatic checks.

Each rests on a row of the source texts or an item of a list (4-39); each unit's own are rectified at
its desk (2-24, 2-25). What stands in the register already is not entered again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from starter.audit_key import audit_arguments, read_record, the_key
from starter.audit_visit import (
    FILE_OPTION,
    fingerprint,
    in_row,
    known_units,
    once,
    refuse_rows,
)
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, PERSON_OPTION
from starter.table import echo_json, terminal_width
from starter.which_rollout import acting_person

if TYPE_CHECKING:
    from contracts.audit_flow import AuditRecord
    from domain.audit import RunKey
    from domain.audit_flow import Problem
    from domain.audit_sheet import RawProblem
    from domain.refusal import Finding
    from starter.desk_client import Door

BY_HAND: Final = "人工"


@dataclass(frozen=True, kw_only=True)
class Entered:
    """What became of the problems: their numbers, and how many were there before."""

    key: RunKey
    numbers: tuple[int, ...] = ()
    before: int = 0
    workflow_id: str = ""
    sentence: str = ""


@click.command()
@audit_arguments
@click.option("--unit", default="", metavar="单位", help="哪个单位的问题。")
@click.option(
    "--rule", default="", metavar="依据", help="来源条号（4-11）、清单事项或检查单的条目。"
)
@click.option("--text", default="", metavar="文字", help="是什么问题。")
@click.option(
    "--discipline", default="", metavar="纪律", help="违反的纪律，如 机构编制纪律（2-21）。"
)
@click.option("--advice", default="", metavar="文字", help="整改的建议。")
@click.option("--on-the-spot", "spot", default="", metavar="记录", help="现场怎样解决的（2-24）。")
@FILE_OPTION
@click.option("--from-check", is_flag=True, help="自动检查一遍，用 --only 选哪些登记为问题。")
@click.option("--only", multiple=True, metavar="类", help="自动检查的哪几类，写名称或条号。")
@PERSON_OPTION
@JSON_OPTION
def finding(**given: Any) -> None:
    """登记督查发现的问题，一个或一张表；也可从自动检查的结果中选登。

    例：jiegai audit finding 乌海2019 季度抽查 --unit 滨河街道 --rule 4-11 --text 两件当天未报告 --as 张三

    jiegai audit finding 乌海2019 季度抽查 --from-check --only 超期未办 --as 张三
    """
    given = {key: each.strip() if isinstance(each, str) else each for key, each in given.items()}
    _check_way(given)
    if given["from_check"]:
        _from_check(given)
        return
    from starter.desk_client import run

    person = acting_person(given["person"])
    rows, findings = _rows(given)
    _told(run(_send(rows, findings, given, person)), given)


def _check_way(given: dict[str, Any]) -> None:
    """This will refuse a command that asks for two things at once, or for nothing."""
    single = any(given[key] for key in ("unit", "rule", "text", "discipline", "advice", "spot"))
    if sum((single, bool(given["file"]), given["from_check"])) != 1:
        text = "请写一种：--unit、--rule、--text 一个问题，--file 一张表，或 --from-check。"
        raise UserError("USAGE", text)
    if given["only"] and not given["from_check"]:
        raise UserError("USAGE", "--only 和 --from-check 一起用。")


def _rows(given: dict[str, Any]) -> tuple[tuple[RawProblem, ...], tuple[Finding, ...]]:
    from domain.audit_sheet import RawProblem
    from starter.audit_file import read_problems

    if given["file"]:
        return read_problems(given["file"])
    row = RawProblem(
        row=0,
        unit=given["unit"],
        text=given["text"],
        rule=given["rule"],
        discipline=given["discipline"],
        advice=given["advice"],
        spot=given["spot"],
    )
    return (row,), ()


async def _send(
    rows: Sequence[RawProblem],
    findings: Sequence[Finding],
    given: dict[str, Any],
    person: str,
) -> Entered:
    from domain.audit_sheet import ADVICE, RULE, SPOT, TEXT, problem_faults
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        key = await the_key(door, given, now)
        record = await read_record(door, key)
        # A unit that an amendment took away since is still inspected.
        known = await known_units(door, key.rollout) | set(record.covers)
        found = [
            fault
            for row in rows
            for fault in (*problem_faults(row, known), *of_audit(row, known, record))
        ]
        refuse_rows(given, (*findings, *found))
        texts = [
            (in_row(row.row, what), text)
            for row in rows
            for what, text in (
                (RULE, row.rule),
                (TEXT, row.text),
                (ADVICE, row.advice),
                (SPOT, row.spot),
            )
        ]
        await refuse_names(door, key.rollout, texts)
        return await enter(door, key, record, [row.problem for row in rows], person)


def of_audit(row: RawProblem, known: frozenset[str], record: AuditRecord) -> Iterator[Finding]:
    """A unit that this audit does not inspect, or of a sample one where nobody has been yet."""
    from domain.audit import AuditKind
    from domain.audit_sheet import UNIT, problem_at

    if row.unit not in known or row.unit in record.covers:
        return
    sentence = f"“{row.unit}”不是本次督查的单位，不能登记它的问题。"
    if record.plan is not None and record.plan.kind is AuditKind.SAMPLING:
        sentence = f"没有“{row.unit}”的到访记录，不能登记它的问题。"
    yield problem_at(row.row, UNIT, sentence)


async def enter(
    door: Door, key: RunKey, record: AuditRecord, problems: Sequence[Problem], person: str
) -> Entered:
    """This will enter those that are not in the record yet, all or none of each order.

    Raises UserError as the desk refuses.
    """
    from contracts.audit_flow import AuditFlowDesk, ProblemsOrder
    from domain.audit_sheet import MOST_PROBLEMS

    there = {same_as(one) for one in record.problems}
    new = list({same_as(one): one for one in problems if same_as(one) not in there}.values())
    numbers: list[int] = []
    workflow_id, sentence = record.workflow_id, ""
    again = 0
    for at in range(0, len(new), MOST_PROBLEMS):
        some = tuple(new[at : at + MOST_PROBLEMS])
        now = datetime.now(UTC)
        action_id = fingerprint("finding", key, some)
        order = ProblemsOrder(now=now, key=key, person=person, action_id=action_id, problems=some)
        answer = await door.order(AuditFlowDesk.find, order, once("finding", action_id, now))
        if answer.code:
            kept = f"前面的{len(numbers)}个已登记。" if numbers else ""
            raise UserError(answer.code, f"{answer.sentence}{kept}", EXIT_REFUSED)
        numbers += answer.numbers
        workflow_id = answer.workflow_id or workflow_id
        sentence = answer.sentence or sentence
        again += len(some) if answer.again else 0
    return Entered(
        key=key,
        numbers=() if again else tuple(numbers),
        before=len(problems) - len(new) + again,
        workflow_id=workflow_id,
        sentence=sentence,
    )


def same_as(one: Problem) -> tuple[str, ...]:
    """What makes two problems one; words of an automatic check may count days and mean the same."""
    from domain.audit_guard import source_of

    if one.found_by != BY_HAND:
        return (source_of(one),)
    return (one.unit, one.rule, one.sentence)


def _told(entered: Entered, given: dict[str, Any]) -> None:
    if given["as_json"]:
        echo_json(asdict(entered))
        return
    for line in in_words(entered):
        click.echo(line)


def in_words(entered: Entered) -> list[str]:
    """How many were entered, under which numbers."""
    said = "没有新的问题"
    if entered.numbers:
        first, last = min(entered.numbers), max(entered.numbers)
        which = f"第{first}号" if first == last else f"第{first}至{last}号"
        said = f"已登记问题{len(entered.numbers)}个（{which}）"
    before = f"，{entered.before}个此前已登记，没有重复" if entered.before else ""
    key = entered.key
    lines = [f"{said}{before}（{key.plan} {key.window}）。"]
    if entered.sentence:
        lines.append(entered.sentence)
    if entered.workflow_id:
        lines.append(f"督查的流程：{entered.workflow_id}")
    return lines


def _from_check(given: dict[str, Any]) -> None:
    from starter.audit_from_check import look, take_over
    from starter.desk_client import run

    if not given["only"]:
        seen = run(look(given))
        if given["as_json"]:
            echo_json(seen.in_json())
            return
        for line in seen.in_words(terminal_width()):
            click.echo(printable(line))
        return
    person = acting_person(given["person"])
    taken = run(take_over(given, person))
    if given["as_json"]:
        echo_json(asdict(taken.entered) | {"left_out": taken.left_out})
        return
    for line in (*in_words(taken.entered), *taken.said):
        click.echo(printable(line))

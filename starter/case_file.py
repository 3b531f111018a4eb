"""Many cases by a sheet: all mistakes first, then every row sent and answered for itself.

A row that a rule refuses is reported with its code, and the others go on; the sheet executed again
does only what has not been done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from starter.errors import EXIT_REFUSED, EXIT_UNREACHABLE, UserError, printable
from starter.parameters import JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION
from starter.table import echo_json, pasted

if TYPE_CHECKING:
    from contracts.case import CaseLine
    from contracts.procedure import ActionReply
    from domain.case import CaseKind
    from domain.refusal import Finding
    from starter.case_rows import ActRow, OpeningRow
    from starter.desk_client import Door
    from starter.free_text import Written

AT_ONCE = 8
"""Cases worked on at the same time; one case takes its rows in order."""


class _Row(Protocol):
    @property
    def sheet(self) -> str: ...
    @property
    def row(self) -> int: ...


_R = TypeVar("_R", bound=_Row)


@click.command()
@click.argument("out", metavar="文件.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--act", "acts", is_flag=True, help="写办案表（签收、回告……），不写案件表。")
@JSON_OPTION
def template(*, out: Path, acts: bool, as_json: bool) -> None:
    """写出空白的案件表（上报、派单用），或用 --act 写办案表。"""
    from starter.case_rows import write_template

    write_template(out, acts=acts)
    if as_json:
        echo_json({"file": str(out)})
        return
    command = "act" if acts else "report"
    click.echo(f"已写出 {out}；填好后执行：")
    click.echo(f"  jiegai case {command} --file {pasted(out)} --as 姓名")


@click.command()
@click.option(
    "--file",
    "sheet",
    type=click.Path(path_type=Path),
    required=True,
    metavar="XLSX",
    help="办案表，用 jiegai case template --act 写出。",
)
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def act(*, sheet: Path, rollout: str, person: str, as_json: bool) -> int:
    """按办案表逐行办理：签收、拒收、办结、回告、确认……；同一张表执行几次只算一次。"""
    from starter.case_rows import read_acts
    from starter.desk_client import run

    rows, findings = read_acts(sheet, person)
    if findings:
        _refuse(findings, as_json=as_json)
    answers = run(_act_all(rows, rollout, as_json=as_json))
    said = [
        {"row": one.row, "case": one.case, "act": one.what, "action_id": one.action.action_id}
        for one in rows
    ]
    return _report(said, answers, as_json=as_json)


def open_by_sheet(path: Path, kind: CaseKind, rollout: str, person: str, *, as_json: bool) -> int:
    """This will open a case for every row of a 案件表; 3 if any was refused, 4 if unanswered."""
    from starter.case_rows import read_openings
    from starter.desk_client import run

    rows, findings = read_openings(path, person, kind, datetime.now(UTC))
    if findings:
        _refuse(findings, as_json=as_json)
    answers, numbers = run(_open_all(rows, rollout, as_json=as_json))
    said = [
        {
            "row": one.row,
            "case": number,
            "act": str(one.opening.kind),
            "action_id": one.opening.action_id,
        }
        for one, number in zip(rows, numbers, strict=True)
    ]
    return _report(said, answers, as_json=as_json)


async def _open_all(
    rows: Sequence[OpeningRow], rollout: str, *, as_json: bool
) -> tuple[list[ActionReply | UserError], list[str]]:
    from starter.case_find import rollout_of_case
    from starter.case_opening import open_case
    from starter.case_report import parcel_of, renumbered
    from starter.case_texts import opening_texts
    from starter.desk_client import opened
    from starter.evidence_transfer import store_all

    numbers = [row.opening.number for row in rows]
    async with opened() as door:
        name = await rollout_of_case(door, rollout)
        await _refuse_names(
            door, name, rows, [opening_texts(row.opening) for row in rows], as_json=as_json
        )
        refused = await store_all(door, [parcel_of(name, row.opening) for row in rows])
        if refused:
            _refuse(_placed(rows, refused), as_json=as_json)

        async def send(place: int) -> ActionReply:
            row = rows[place]
            answer = await open_case(door, name, row.opening)
            if answer.code == "CASE_ID_USED" and row.made:
                other = renumbered(row.opening)
                numbers[place] = other.number
                kept = await store_all(door, [parcel_of(name, other)])
                if kept:
                    raise kept[0]
                answer = await open_case(door, name, other)
            return answer

        queues = {str(place): [place] for place in range(len(rows))}
        return await _each(queues, send, len(rows)), numbers


async def _act_all(
    rows: Sequence[ActRow], rollout: str, *, as_json: bool
) -> list[ActionReply | UserError]:
    from contracts.names import split_id
    from domain.case_acts import CASE_ACTS
    from starter.actions import send as sent
    from starter.case_find import found_case, step_of
    from starter.case_texts import action_texts
    from starter.desk_client import opened
    from starter.evidence_transfer import Parcel, store_all
    from starter.foresight import foreseen, settled

    async with opened() as door:
        lines = await _found(door, rows, rollout, as_json=as_json)
        by_rollout: dict[str, list[int]] = {}
        for place, line in enumerate(lines):
            by_rollout.setdefault(split_id(line.workflow_id)[0], []).append(place)
        for name, places in by_rollout.items():
            own = [rows[place] for place in places]
            await _refuse_names(
                door, name, own, [action_texts(row.action) for row in own], as_json=as_json
            )
        parcels = [
            Parcel.of(line.workflow_id, row.action) for line, row in zip(lines, rows, strict=True)
        ]
        refused = await store_all(door, parcels)
        if refused:
            _refuse(_placed(rows, refused), as_json=as_json)
        # Only what is done already is taken from it: what a case refuses, it says itself.
        sending = [(line.workflow_id, row.action) for line, row in zip(lines, rows, strict=True)]
        known = await foreseen(door, sending, datetime.now(UTC))
        seen: set[str] = set()

        async def send(place: int) -> ActionReply:
            line, row = lines[place], rows[place]
            if line.workflow_id in seen:
                # An earlier row may have opened the step that this one means.
                line = await found_case(door, line.workflow_id)
            seen.add(line.workflow_id)
            action = step_of(line, row.case, CASE_ACTS[row.what], row.action)
            return await sent(door, line.workflow_id, action)

        queues: dict[str, list[int]] = {}
        for place, line in enumerate(lines):
            queues.setdefault(line.workflow_id, []).append(place)
        answers = await _each(queues, send, len(rows))
    return [settled(answer, one) for answer, one in zip(answers, known, strict=True)]


async def _each(
    queues: dict[str, list[int]], send: Callable[[int], Awaitable[ActionReply]], total: int
) -> list[ActionReply | UserError]:
    """Every row's answer, in order within a queue, several queues at once."""
    from starter.act_file import Progress

    answers: dict[int, ActionReply | UserError] = {}
    progress, slots = Progress(total), asyncio.Semaphore(AT_ONCE)

    async def work(places: list[int]) -> None:
        async with slots:
            for place in places:
                try:
                    answers[place] = await send(place)
                except UserError as error:
                    answers[place] = error
                progress.step()

    async with asyncio.TaskGroup() as group:
        for places in queues.values():
            group.create_task(work(places))
    progress.end()
    return [answers[place] for place in range(total)]


async def _found(
    door: Door, rows: Sequence[ActRow], rollout: str, *, as_json: bool
) -> list[CaseLine]:
    """The case of every row; all that are not found are said at once."""
    from starter.case_find import found_case

    slots = asyncio.Semaphore(AT_ONCE)
    known: dict[str, CaseLine | UserError] = {}

    async def look(text: str) -> None:
        async with slots:
            try:
                known[text] = await found_case(door, text, rollout)
            except UserError as error:
                if error.exit_code == EXIT_UNREACHABLE:
                    raise
                known[text] = error

    await asyncio.gather(*(look(text) for text in {row.case for row in rows}))
    found = [known[row.case] for row in rows]
    lost = {place: one for place, one in enumerate(found) if isinstance(one, UserError)}
    if lost:
        _refuse(_placed(rows, lost), as_json=as_json)
    return [one for one in found if not isinstance(one, UserError)]


async def _refuse_names(
    door: Door,
    rollout: str,
    rows: Sequence[_R],
    written: Sequence[Sequence[Written]],
    *,
    as_json: bool,
) -> None:
    """This will refuse the sheet if a row names a person of the register."""
    from domain.personal import name_fault
    from domain.refusal import Finding
    from starter.free_text import names_in

    flat = [(row, one) for row, own in zip(rows, written, strict=True) for one in own]
    findings = []
    for place, at in await names_in(door, rollout, [text for _, (_, text) in flat]):
        row, (where, _) = flat[place]
        if fault := name_fault([(where, at)]):
            findings.append(
                Finding(code=fault.code, sentence=fault.sentence, sheet=row.sheet, row=row.row)
            )
    if findings:
        _refuse(findings, as_json=as_json)


def _placed(rows: Sequence[_R], refused: dict[int, UserError]) -> list[Finding]:
    from domain.refusal import Finding

    return [
        Finding(
            code=error.code,
            sentence=error.sentence,
            sheet=rows[place].sheet,
            row=rows[place].row,
        )
        for place, error in sorted(refused.items())
    ]


def _refuse(findings: Sequence[Finding], *, as_json: bool) -> None:
    from starter.findings import echo_findings

    in_order = sorted(findings, key=lambda one: one.row)
    echo_findings(in_order, as_json=as_json)
    raise UserError("SHEET_INVALID", f"表中有{len(findings)}处错误，没有办理任何一行。")


def _report(
    said: list[dict[str, Any]], answers: Sequence[ActionReply | UserError], *, as_json: bool
) -> int:
    """This will say what became of every row; a repeated row counts as done."""
    outcome = [{**one, **_outcome(answer)} for one, answer in zip(said, answers, strict=True)]
    failed = [one for one in outcome if not one["accepted"]]
    done = len(outcome) - len(failed)
    if as_json:
        echo_json({"rows": outcome, "accepted": done, "failed": len(failed)})
    else:
        for one in failed:
            click.echo(
                printable(f"第{one['row']}行 {one['case']} [{one['code']}] {one['sentence']}")
            )
        again = sum(1 for one in outcome if one["repeated"])
        before = f"（其中 {again} 行以前已经办理，不重复）" if again else ""
        click.echo(f"办理 {done} 行{before}，没有办理 {len(failed)} 行。")
    if not failed:
        return 0
    unanswered = any(_exit_code(one) == EXIT_UNREACHABLE for one in answers)
    raise UserError(
        "ROWS_UNANSWERED" if unanswered else "ROWS_REFUSED",
        f"共{len(outcome)}行，办理{done}行，{len(failed)}行没有办理；"
        + (
            "服务恢复后原样再执行一次，已办的不会重复。"
            if unanswered
            else "改好后只留这些行再执行。"
        ),
        EXIT_UNREACHABLE if unanswered else EXIT_REFUSED,
    )


def _outcome(answer: ActionReply | UserError) -> dict[str, Any]:
    done = not isinstance(answer, UserError) and answer.accepted
    return {
        "accepted": done,
        "repeated": done and not isinstance(answer, UserError) and answer.repeated,
        "code": answer.code,
        "sentence": answer.sentence,
    }


def _exit_code(answer: ActionReply | UserError) -> int:
    from starter.actions import exit_code_of

    return answer.exit_code if isinstance(answer, UserError) else exit_code_of(answer)

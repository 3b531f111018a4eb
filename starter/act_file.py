"""``jiegai act --file``: a 办理表 executed row by row, each row answered for itself."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from domain.action import Action
from domain.refusal import Finding
from starter.decisions import EVIDENCE, ITEM, Decision, read_decisions
from starter.errors import EXIT_REFUSED, EXIT_UNREACHABLE, UserError
from starter.findings import echo_findings
from starter.table import echo_json

if TYPE_CHECKING:
    from contracts.precheck import RowForeseen
    from contracts.procedure import ActionReply
    from starter.desk_client import Door

_EVERY = 100
"""Without a terminal, progress is one line every so many rows."""


def act_by_sheet(path: Path, person: str, *, as_json: bool) -> int:
    """This will check the whole sheet, then send its rows; 3 if any was refused, 4 if unanswered."""
    decisions = read_decisions(path, person)
    if decisions.findings:
        _refuse_sheet(decisions.findings, as_json=as_json)
    from starter.desk_client import run

    for row in decisions.forgotten:
        click.echo(f"注意：第{row}行填了内容但没有选动作，没有办理。", err=True)
    answers = run(_send_all(decisions.rows, as_json=as_json))
    outcome = [_outcome(row, one) for row, one in zip(decisions.rows, answers, strict=True)]
    failed = [one for one in outcome if not one["accepted"]]
    if as_json:
        echo_json({"rows": outcome, "accepted": len(outcome) - len(failed), "failed": len(failed)})
    else:
        _show(outcome, failed)
    if not failed:
        return 0
    unanswered = any(_exit_code(one) == EXIT_UNREACHABLE for one in answers)
    raise UserError(
        "ROWS_UNANSWERED" if unanswered else "ROWS_REFUSED",
        f"共{len(outcome)}行，办理{len(outcome) - len(failed)}行，{len(failed)}行没有办理；"
        + (
            "服务恢复后原样再执行一次，已办的不会重复。"
            if unanswered
            else "改好后只留这些行再执行。"
        ),
        EXIT_UNREACHABLE if unanswered else EXIT_REFUSED,
    )


def _exit_code(answer: ActionReply | UserError) -> int:
    from starter.actions import exit_code_of

    return answer.exit_code if isinstance(answer, UserError) else exit_code_of(answer)


async def _send_all(rows: Sequence[Decision], *, as_json: bool) -> list[ActionReply | UserError]:
    from starter.actions import send_many
    from starter.desk_client import opened
    from starter.foresight import foreseen, settled

    answers: dict[int, ActionReply | UserError] = {}
    progress = Progress(len(rows))

    def each(place: int, answer: ActionReply | UserError) -> None:
        answers[place] = answer
        progress.step()

    async with opened() as door:
        actions, lost = await _resolved(door, rows)
        found = [row for row in rows if row.row not in {one.row for one in lost}]
        if named := await _named(door, found, actions):
            _refuse_sheet(named, as_json=as_json)
        known = await foreseen(door, actions, datetime.now(UTC)) if actions else ()
        if findings := (*lost, *_foreseen_findings(found, known)):
            in_order = sorted(findings, key=lambda one: one.row or 0)
            _refuse_sheet(tuple(in_order), as_json=as_json)
        await _store_files(door, rows, actions, known, as_json=as_json)
        await send_many(door, actions, each)
    progress.end()
    return [settled(answers[place], known[place]) for place in range(len(rows))]


def _foreseen_findings(
    rows: Sequence[Decision], known: Sequence[RowForeseen]
) -> tuple[Finding, ...]:
    """Every row that would be refused; nothing is sent if there is one."""
    return tuple(
        Finding(
            code=one.code,
            sentence=one.sentence,
            sheet=row.sheet,
            row=row.row,
            column=one.column,
        )
        for row, one in zip(rows, known, strict=True)
        if one.code
    )


async def _resolved(
    door: Door, rows: Sequence[Decision]
) -> tuple[list[tuple[str, Action]], tuple[Finding, ...]]:
    """The full workflow id of every row that has one, and the rows whose item is not found."""
    from starter.actions import addressed, resolve

    known: dict[str, str | UserError] = {}
    actions: list[tuple[str, Action]] = []
    findings: list[Finding] = []
    for row in rows:
        text, action = addressed(row.action, row.item)
        if text not in known:
            try:
                known[text] = await resolve(door, text)
            except UserError as error:
                if error.exit_code == EXIT_UNREACHABLE:
                    raise
                known[text] = error
        found = known[text]
        if isinstance(found, UserError):
            findings.append(
                Finding(
                    code=found.code,
                    sentence=found.sentence,
                    sheet=row.sheet,
                    row=row.row,
                    column=ITEM,
                )
            )
        else:
            actions.append((found, action))
    return actions, tuple(findings)


async def _named(
    door: Door, rows: Sequence[Decision], actions: Sequence[tuple[str, Action]]
) -> tuple[Finding, ...]:
    """Every row that names a person of the register; asked before anything else is sent."""
    from contracts.names import split_id
    from domain.personal import name_fault
    from starter.free_text import Written, names_in, written_in

    by_rollout: dict[str, list[tuple[Decision, Written]]] = {}
    for row, (workflow_id, action) in zip(rows, actions, strict=True):
        own = by_rollout.setdefault(split_id(workflow_id)[0], [])
        own += [(row, one) for one in written_in(action)]
    findings = []
    for rollout, written in by_rollout.items():
        for place, at in await names_in(door, rollout, [text for _, (_, text) in written]):
            row, (where, _) = written[place]
            if fault := name_fault([(where, at)]):
                findings.append(
                    Finding(code=fault.code, sentence=fault.sentence, sheet=row.sheet, row=row.row)
                )
    return tuple(sorted(findings, key=lambda one: one.row or 0))


async def _store_files(
    door: Door,
    rows: Sequence[Decision],
    actions: Sequence[tuple[str, Action]],
    known: Sequence[RowForeseen],
    *,
    as_json: bool,
) -> None:
    """Every file that a row names goes into the register of evidence before any row is sent."""
    from starter.evidence_transfer import Parcel, store_all

    waiting = [place for place, one in enumerate(known) if not one.done]
    refused = await store_all(door, [Parcel.of(*actions[place]) for place in waiting])
    findings = tuple(
        Finding(
            code=error.code,
            sentence=error.sentence,
            sheet=rows[waiting[place]].sheet,
            row=rows[waiting[place]].row,
            column=EVIDENCE,
        )
        for place, error in sorted(refused.items())
    )
    if findings:
        _refuse_sheet(findings, as_json=as_json)


def _refuse_sheet(findings: tuple[Finding, ...], *, as_json: bool) -> None:
    echo_findings(findings, as_json=as_json)
    raise UserError("SHEET_INVALID", f"表中有{len(findings)}处错误，没有办理任何一行。")


def _outcome(row: Decision, answer: ActionReply | UserError) -> dict[str, Any]:
    done = not isinstance(answer, UserError) and answer.accepted
    return {
        "row": row.row,
        "item": row.item,
        "verb": row.action.verb.value,
        "action_id": row.action.action_id,
        "accepted": done,
        "repeated": not isinstance(answer, UserError) and answer.repeated,
        "code": answer.code,
        "sentence": answer.sentence,
    }


def _show(outcome: list[dict[str, Any]], failed: list[dict[str, Any]]) -> None:
    for one in failed:
        click.echo(f"第{one['row']}行 {one['item']} [{one['code']}] {one['sentence']}")
    again = sum(1 for one in outcome if one["accepted"] and one["repeated"])
    before = f"（其中 {again} 行以前已经办理，不重复）" if again else ""
    click.echo(f"办理 {len(outcome) - len(failed)} 行{before}，没有办理 {len(failed)} 行。")


class Progress:
    """Counts answered rows on stderr, where stdout may be a file."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._live = sys.stderr.isatty()

    def step(self) -> None:
        """This will count one more row."""
        self._done += 1
        if self._live:
            click.echo(f"\r已处理 {self._done}/{self._total} 行", nl=False, err=True)
        elif self._done % _EVERY == 0:
            click.echo(f"已处理 {self._done}/{self._total} 行", err=True)

    def end(self) -> None:
        """This will end the line on the terminal."""
        if self._live and self._done:
            click.echo("", err=True)

"""Recording a meeting: look ahead, into the ledger, then every decision to its procedure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

import click

from contracts.names import item_id, split_id, split_item
from domain.action import Action, Evidence
from domain.meeting import ITEMS_SHEET, MINUTES, Resolution, action_id, faults
from domain.refusal import Finding
from starter.errors import EXIT_REFUSED, EXIT_UNREACHABLE, UserError, printable
from starter.findings import echo_findings
from starter.parameters import SHANGHAI
from starter.table import echo_json

if TYPE_CHECKING:
    from contracts.meeting import MeetingShown
    from contracts.precheck import RowForeseen
    from contracts.procedure import ActionReply
    from starter.desk_client import Door
    from starter.meeting_book import MeetingRead


def refuse(findings: Sequence[Finding], *, as_json: bool) -> NoReturn:
    """This will print every finding and end; nothing was recorded."""
    echo_findings(findings, as_json=as_json)
    raise UserError("MEETING_INVALID", f"会议表有{len(findings)}处错误，没有登记，也没有办理。")


class Recording:
    """One workbook on its way into the ledger and to the procedures."""

    def __init__(self, read: MeetingRead, person: str, now: datetime, *, as_json: bool) -> None:
        self._read = read
        self._meeting = read.meeting
        self._person = person
        self._now = now
        self._as_json = as_json
        self._created = False
        self._answers: list[ActionReply | UserError] = []

    async def record(self) -> MeetingShown:
        """This will do all of it. Raises UserError with the findings, or the ledger's refusal."""
        from contracts.meeting import MeetingOrder, MeetingQuestion, Meetings
        from starter.desk_client import opened

        async with opened() as door:
            await self._resolve(door)
            known = await self._look_ahead(door)
            await self._store_minutes(door, known)
            order = MeetingOrder(meeting=self._meeting, person=self._person, now=self._now)
            recorded = await door.order(
                Meetings.record, order, f"meeting-{self._meeting.content_hash}-{self._person}"
            )
            if recorded.code:
                raise UserError(recorded.code, recorded.sentence, EXIT_REFUSED)
            self._created = recorded.created
            await self._send(door, known)
            question = MeetingQuestion(
                now=self._now, doc_no=self._meeting.doc_no, rollout=self._meeting.rollout
            )
            return await door.ask(Meetings.show, question)

    async def _resolve(self, door: Door) -> None:
        """Every item's full name; the rollout, if the workbook does not say it."""
        from starter.actions import resolve

        resolved: list[Resolution] = []
        findings: list[Finding] = []
        for one in self._meeting.resolutions:
            text, step = split_item(one.item)
            try:
                workflow_id = await resolve(door, text)
            except UserError as error:
                if error.exit_code == EXIT_UNREACHABLE:
                    raise
                findings.append(_found(one, error.code, error.sentence))
            else:
                resolved.append(replace(one, item=item_id(workflow_id, step)))
        rollout = self._meeting.rollout
        if not rollout:
            rollouts = list(dict.fromkeys(split_id(one.item)[0] for one in resolved))
            rollout = rollouts[0] if rollouts else await self._only_rollout(door)
        findings += [
            _found(one, "OTHER_ROLLOUT", f"“{one.item}”不属于改革“{rollout}”。")
            for one in resolved
            if split_id(one.item)[0] != rollout
        ]
        self._meeting = replace(self._meeting, rollout=rollout, resolutions=tuple(resolved))
        if not findings:
            findings += faults(self._meeting, self._now.astimezone(SHANGHAI).date())
        if findings:
            refuse(findings, as_json=self._as_json)

    async def _only_rollout(self, door: Door) -> str:
        from contracts.desk import Desk, RolloutQuestion

        page = await door.ask(Desk.rollouts, RolloutQuestion(now=self._now))
        if len(page.lines) != 1:
            raise UserError("ROLLOUT_MISSING", "请在会议表的“改革”一项写明是哪一次改革。")
        return page.lines[0].rollout

    async def _look_ahead(self, door: Door) -> list[RowForeseen]:
        """Whether every item is open at that organ, and this person may act; findings if not."""
        from starter.foresight import foreseen

        known = await foreseen(door, self._actions(()), self._now)
        findings = [
            _found(one, ahead.code, ahead.sentence)
            for one, ahead in zip(self._meeting.resolutions, known, strict=True)
            if ahead.code
        ]
        if findings:
            refuse(findings, as_json=self._as_json)
        return known

    async def _store_minutes(self, door: Door, known: Sequence[RowForeseen]) -> None:
        """The minutes go into the register of evidence before anything is recorded."""
        from starter.evidence_transfer import Parcel, store_all

        parcels = [
            Parcel.of(workflow_id, action)
            for (workflow_id, action), one in zip(self._actions(()), known, strict=True)
            if not one.done
        ]
        refused = await store_all(door, parcels)
        if refused:
            raise next(iter(refused.values()))

    def _actions(self, known: Sequence[RowForeseen]) -> list[tuple[str, Action]]:
        """A decision refused before is tried again under the next number."""
        meeting = self._meeting
        found = []
        for place, one in enumerate(meeting.resolutions):
            workflow_id, step = split_item(one.item)
            tries = known[place].refused if known else 0
            key = action_id(meeting.rollout, meeting.doc_no, one.item)
            action = Action(
                action_id=f"{key}~{tries}" if tries else key,
                verb=one.verb,
                person=self._person,
                step=step,
                unit=meeting.organ,
                note=one.note,
                evidence=(self._minutes(),),
                happened_on=meeting.held_on,
            )
            found.append((workflow_id, action))
        return found

    def _minutes(self) -> Evidence:
        given = self._read.minutes or Evidence(name=MINUTES)
        return replace(given, name=MINUTES, doc_no=self._meeting.doc_no)

    async def _send(self, door: Door, known: Sequence[RowForeseen]) -> None:
        from starter.actions import send_many
        from starter.foresight import settled

        answers: dict[int, ActionReply | UserError] = {}
        await send_many(door, self._actions(known), answers.__setitem__)
        self._answers = [settled(answers[place], one) for place, one in enumerate(known)]

    def report(self, shown: MeetingShown) -> int:
        """This will print what became of each item; 3 if any was refused, 4 if unanswered."""
        from starter.meeting import show_remarks

        rows = [
            _outcome(one, answer)
            for one, answer in zip(self._meeting.resolutions, self._answers, strict=True)
        ]
        failed = [row for row in rows if not row["accepted"]]
        if self._as_json:
            echo_json(
                {
                    "meeting": self._meeting,
                    "created": self._created,
                    "rows": rows,
                    "remarks": shown.remarks,
                }
            )
        else:
            self._print(rows, failed)
            show_remarks(shown.remarks)
        if not failed:
            return 0
        away = any(row["exit_code"] == EXIT_UNREACHABLE for row in failed)
        raise UserError(
            "ROWS_UNANSWERED" if away else "ROWS_REFUSED",
            f"纪要已登记，{len(rows)}项决定中{len(failed)}项没有落实；"
            + ("服务恢复后" if away else "按上列原因处理后")
            + "原样再执行一次，已落实的不会重复。",
            EXIT_UNREACHABLE if away else EXIT_REFUSED,
        )

    def _print(self, rows: Sequence[dict[str, Any]], failed: Sequence[dict[str, Any]]) -> None:
        meeting = self._meeting
        said = "已登记" if self._created else "此前已登记"
        people = f"，参会 {len(meeting.attendees)} 人" if meeting.attendees else ""
        click.echo(
            f"{said}：{meeting.kind} {meeting.held_on} {meeting.doc_no}，"
            f"议定 {len(rows)} 项{people}。"
        )
        for row in rows:
            if row["accepted"]:
                click.echo(printable(f"  {row['item']}：{row['sentence']}"))
            else:
                click.echo(printable(f"  {row['item']} [{row['code']}] {row['sentence']}"))
        if rows:
            click.echo(f"落实 {len(rows) - len(failed)} 项，没有落实 {len(failed)} 项。")
        if self._read.skipped:
            click.echo(f"表中另有 {self._read.skipped} 项没有写决定，视为本次未议。")


def _outcome(one: Resolution, answer: ActionReply | UserError) -> dict[str, Any]:
    from starter.actions import exit_code_of

    if isinstance(answer, UserError):
        accepted, exit_code = False, answer.exit_code
    else:
        accepted, exit_code = answer.accepted, exit_code_of(answer)
    return {
        "row": one.row,
        "item": one.item,
        "decision": one.verb.value,
        "accepted": accepted,
        "code": answer.code,
        "sentence": answer.sentence,
        "exit_code": exit_code,
    }


def _found(one: Resolution, code: str, sentence: str) -> Finding:
    return Finding(code=code, sentence=sentence, sheet=ITEMS_SHEET, row=one.row, column="事项")

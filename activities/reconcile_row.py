"""The reconcile of one procedure: its rows in inbox, board and register of cases, and its log.

The registers are read first and the procedure asked then: what they hold beyond it is disowned, not
on its way. What differs is looked at a second time before it counts. A procedure that runs is asked to
write its page anew; one that has ended cannot, so its last page is written for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.client import Client

from activities.journal import page_json
from activities.reconcile_log import witness_of
from activities.reconcile_server import NO_ANSWER, Described, ask, describe
from contracts.case import CasePage
from contracts.journal import BoardRow, DeskItem, Page
from contracts.names import GLANCE_QUERY, REWRITE_SIGNAL
from contracts.procedure import WHATEVER, Glance, RewriteNote
from contracts.reconcile import FindingLine
from domain.reconcile import BROKEN_OFF, FindingKind, log_faults
from storage.engine import Database
from storage.journal_store import write_page
from storage.reconcile_store import (
    Stored,
    break_off,
    forget,
    lines_of,
    make_room,
    stored_of,
)

AGAIN: Final = timedelta(seconds=1)
"""Before a difference is looked at again: a page may just be on its way."""

WRITES: Final = 20
"""How often, a quarter of a second apart, it is looked whether a procedure has written anew."""

MOST_LINES: Final = 20_000
"""Lines of one log that are compared; a procedure of years has some hundreds."""

_NOT_COMPARED: Final = frozenset({"due_basis"})
"""What a new calendar's preview reads: it follows from the rest."""

_CASE_PARTS: Final = tuple(f.name for f in fields(CasePage) if f.name not in {"clocks", "sentence"})
"""The parts of a case's row that do not follow from the time of asking."""


class RowReconcile:
    """Compares, and repairs what may be repaired; ``only_check`` repairs nothing."""

    def __init__(self, client: Client, database: Database, *, only_check: bool) -> None:
        self._client = client
        self._database = database
        self._only_check = only_check

    async def look(
        self, workflow_id: str, logs_since: datetime | None = None
    ) -> tuple[FindingLine, ...]:
        """This will look at one procedure and return what was found and done."""
        stored = await stored_of(self._database, workflow_id)
        found = await describe(self._client, workflow_id)
        if found is None:
            return await self._missing(workflow_id, stored)
        if found.broken:
            return await self._broken(workflow_id, stored, found)
        try:
            glance = await ask(self._client, workflow_id, GLANCE_QUERY, Glance)
        except NO_ANSWER as error:
            return (finding(FindingKind.UNREACHABLE, workflow_id, f"事项没有应答：{error}"),)
        shown = await self._compare(workflow_id, stored, glance, found)
        logged_at = stored.logged_at
        if logs_since is not None and (logged_at is None or logged_at < logs_since):
            return shown
        written = min(glance.written, glance.page.seq)
        return (*shown, *await self._log(workflow_id, found, written))

    # --- not there, or ended from outside ---------------------------------------------------

    async def _missing(self, workflow_id: str, stored: Stored) -> tuple[FindingLine, ...]:
        """No workflow of that id: nobody's row, unless a log tells of it."""
        if stored.lines:
            if stored.is_over:
                return ()
            said = f"Temporal 里没有这个事项，日志却有{stored.lines}条记录。"
            return (finding(FindingKind.UNREACHABLE, workflow_id, said),)
        if stored.board is None and stored.case is None:
            return ()
        done = ""
        if not self._only_check:
            await forget(self._database, workflow_id)
            done = "已删除"
        said = "看板、待办或案件登记里有这个事项，Temporal 和日志里都没有。"
        return (finding(FindingKind.GHOST, workflow_id, said, done),)

    async def _broken(
        self, workflow_id: str, stored: Stored, found: Described
    ) -> tuple[FindingLine, ...]:
        if stored.is_over or not (stored.lines or stored.board):
            # Its end was written first: a case that was not admitted ends as failed.
            return ()
        done = ""
        if not self._only_check:
            if stored.board is None:
                await self._write_for(workflow_id)
            await break_off(self._database, workflow_id)
            done = f"已标为{BROKEN_OFF}，已撤下待办"
        elif stored.board is not None and stored.board["status"] == BROKEN_OFF:
            done = f"先前已标为{BROKEN_OFF}"
        said = f"事项{found.broken}，没有人作过决定。"
        faults = await self._log(workflow_id, found, stored.confirmed)
        return (finding(FindingKind.TERMINATED, workflow_id, said, done), *faults)

    async def _write_for(self, workflow_id: str, *, closing: bool = False) -> None:
        """This will write the page that a workflow which has ended would show; if it can say."""
        try:
            glance = await ask(self._client, workflow_id, GLANCE_QUERY, Glance)
        except NO_ANSWER:
            return
        page = glance.page
        is_case = page.case is not None
        await write_page(self._database, page_json(page), closing=closing, is_case=is_case)

    # --- read models ------------------------------------------------------------------------

    async def _compare(
        self, workflow_id: str, stored: Stored, glance: Glance, found: Described
    ) -> tuple[FindingLine, ...]:
        said = differences(stored, glance)
        if not said:
            return ()
        await asyncio.sleep(AGAIN.total_seconds())
        stored = await stored_of(self._database, workflow_id)
        try:
            glance = await ask(self._client, workflow_id, GLANCE_QUERY, Glance)
        except NO_ANSWER:
            return ()
        said = differences(stored, glance)
        if not said:
            return ()
        done = "" if self._only_check else await self._heal(workflow_id, stored, glance, found)
        return (finding(FindingKind.VIEW, workflow_id, f"{'；'.join(said)}。", done),)

    async def _heal(
        self, workflow_id: str, stored: Stored, glance: Glance, found: Described
    ) -> str:
        page = glance.page
        disowned = [
            run for run, seq in stored.runs.items() if run != page.run_id and seq > page.seq
        ]
        await make_room(self._database, workflow_id, page.run_id, page.seq, disowned)
        if not found.is_running:
            await self._write_for(workflow_id, closing=True)
            return "已按其最后状态重写"
        note = RewriteNote(seq=WHATEVER)
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            await handle.signal(REWRITE_SIGNAL, note)
        except NO_ANSWER:
            return ""
        for _ in range(WRITES):
            try:
                glance = await ask(self._client, workflow_id, GLANCE_QUERY, Glance)
            except NO_ANSWER:
                break
            if not differences(await stored_of(self._database, workflow_id), glance):
                return "已由事项重写"
            await asyncio.sleep(0.25)
        return "已请事项重写"

    # --- the log ----------------------------------------------------------------------------

    async def _log(
        self, workflow_id: str, found: Described, written: int
    ) -> tuple[FindingLine, ...]:
        lines = await lines_of(self._database, workflow_id, MOST_LINES)
        try:
            witness = await witness_of(self._client, workflow_id, found.run_id)
        except NO_ANSWER as error:
            said = f"历史读不出，日志没有核对：{error}"
            return (finding(FindingKind.UNREACHABLE, workflow_id, said),)
        return tuple(
            finding(FindingKind.LOG, workflow_id, fault.sentence, seq=fault.seq)
            for fault in log_faults(lines, witness, written)
        )


def differences(stored: Stored, glance: Glance) -> list[str]:
    """What is shown otherwise than the procedure would show it; a page on its way is no difference."""
    page = glance.page
    if glance.written < page.seq:
        return []
    if stored.board is None:
        return ["看板缺这一行"]
    said = []
    if stored.board["seq"] > page.seq:
        said.append(f"登记库写到第{stored.board['seq']}条，事项只到第{page.seq}条")
    elif stored.seq > page.seq:
        said.append(f"日志写到第{stored.seq}条，事项只到第{page.seq}条")
    board = {f.name: getattr(page.board, f.name) for f in fields(BoardRow)} | {"task": page.task}
    if odd := _odd(board, stored.board):
        said.append(f"看板不同（{'、'.join(odd)}）")
    said += _desk_differences(stored, page, is_over=glance.is_over)
    if page.case is not None:
        if stored.case is None:
            said.append("案件登记缺这一行")
        elif odd := _odd({name: getattr(page.case, name) for name in _CASE_PARTS}, stored.case):
            said.append(f"案件登记不同（{'、'.join(odd)}）")
    return said


def _desk_differences(stored: Stored, page: Page, *, is_over: bool) -> list[str]:
    should = {} if is_over else {(i.step, i.unit, i.purpose): i for i in page.items}
    does = {(row["step"], row["unit"], row["purpose"]): row for row in stored.desk}
    said = [f"待办缺“{step}”（{unit}）" for step, unit, _ in sorted(should.keys() - does.keys())]
    said += [f"待办多“{step}”（{unit}）" for step, unit, _ in sorted(does.keys() - should.keys())]
    for key in sorted(should.keys() & does.keys()):
        if odd := _odd(_plain_item(should[key]), does[key]):
            said.append(f"待办“{key[0]}”（{key[1]}）不同（{'、'.join(odd)}）")
    return said


def _plain_item(item: DeskItem) -> dict[str, Any]:
    return {f.name: getattr(item, f.name) for f in fields(item) if f.name not in _NOT_COMPARED}


def _odd(should: dict[str, Any], does: dict[str, Any]) -> list[str]:
    return [name for name, value in should.items() if _plain(value) != _plain(does[name])]


def _plain(value: Any) -> Any:
    """A value as both sides have it: lists for tuples, instants in UTC, texts without NUL."""
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value.replace("\0", "") if isinstance(value, str) else value


def finding(
    kind: FindingKind, workflow_id: str, found: str, done: str = "", seq: int = 0
) -> FindingLine:
    """This will make a finding; its words are one line."""
    return FindingLine(
        kind=str(kind), workflow_id=workflow_id, found=" ".join(found.split()), done=done, seq=seq
    )

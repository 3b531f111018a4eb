"""Where an archive's content comes from: the registers' rows, and Temporal's histories.

``Source`` needs two things only, a way to ask the desk's reads and a client of the workflows'
namespace, so that the same archive is written over the one door and in a test.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starter.errors import EXIT_REFUSED, UserError

if TYPE_CHECKING:
    from temporalio.client import Client

    from contracts.archive import Part
    from contracts.desk import BoardLine

Ask = Callable[[Any, Any], Awaitable[Any]]
"""Asks one read: its declaration and the question."""

_NOT_ALLOWED: Final = frozenset({"EVIDENCE_DENIED", "UNKNOWN_PERSON"})

CLOSINGS: Final = frozenset(
    {
        "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_FAILED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT",
        "EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
    }
)
"""The events that a run can end with."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a workflow: its id and its events, decoded to JSON values."""

    run_id: str
    events: list[dict[str, Any]]

    @property
    def started(self) -> dict[str, Any]:
        """What the run's first event says."""
        said: dict[str, Any] = self.events[0].get("workflowExecutionStartedEventAttributes", {})
        return said

    @property
    def last(self) -> str:
        """The type of its newest event."""
        return str(self.events[-1].get("eventType", ""))

    def time_of(self, place: int) -> str:
        """When an event happened; the API's nine digits after the second become six."""
        time = str(self.events[place].get("eventTime", ""))
        return re.sub(r"(\.\d{6})\d+", r"\1", time).replace("Z", "+00:00")

    @property
    def is_closed(self) -> bool:
        """Whether the run has ended, by whatever event."""
        return self.last in CLOSINGS


class Source:
    """Reads one rollout."""

    def __init__(self, ask: Ask, workflows: Client, rollout: str, now: datetime) -> None:
        self._ask = ask
        self._workflows = workflows
        self.rollout = rollout
        self.now = now

    async def rows(self, part: Part, workflow_id: str = "") -> list[dict[str, Any]]:
        """This will read every row of a part, in its fixed order."""
        return [row async for row in self._rows(part, workflow_id)]

    async def _rows(self, part: Part, workflow_id: str) -> AsyncIterator[dict[str, Any]]:
        from contracts.archive import ArchiveQuestion, Archives

        question = ArchiveQuestion(part=part, rollout=self.rollout, workflow_id=workflow_id)
        while True:
            page = await self._ask(Archives.read, question)
            for row in page.rows:
                yield row
            if not page.next_page:
                return
            question = replace(question, page=page.next_page)

    async def documents(self, part: Part) -> dict[int, str]:
        """This will put the pieces of long documents together, by version."""
        texts: dict[int, list[str]] = {}
        for row in await self.rows(part):
            texts.setdefault(int(row["version"]), []).append(str(row["text"]))
        return {version: "".join(pieces) for version, pieces in texts.items()}

    async def board(self) -> tuple[BoardLine, ...]:
        """This will read every line of the board, also of what has not begun."""
        from contracts.desk import BoardQuestion, Desk

        question = BoardQuestion(now=self.now, rollout=self.rollout)
        lines: tuple[BoardLine, ...] = ()
        while True:
            page = await self._ask(Desk.board, question)
            lines += page.lines
            if not page.next_page:
                return lines
            question = replace(question, page=page.next_page)

    async def runs(self, workflow_id: str, known: tuple[str, ...] = ()) -> list[Run]:
        """This will fetch every run of a workflow, oldest first; empty if there is none any more.

        From the newest run back along what each was continued from, or was reset from; ``known``
        are run ids that the log has seen besides. No index of the server is asked, so that runs
        are found however old they are, as long as their histories are kept.
        """
        found: dict[str, Run] = {}
        newest = await self._run(workflow_id, "")
        waiting = [] if newest is None else [newest]
        for run_id in known:
            if newest is None or run_id != newest.run_id:
                other = await self._run(workflow_id, run_id)
                waiting += [] if other is None else [other]
        while waiting:
            run = waiting.pop()
            if run.run_id in found:
                continue
            found[run.run_id] = run
            for run_id in _before(run):
                earlier = None if run_id in found else await self._run(workflow_id, run_id)
                waiting += [] if earlier is None else [earlier]
        return _in_order(found)

    async def _run(self, workflow_id: str, run_id: str) -> Run | None:
        """One run, the newest where ``run_id`` is empty; None if the server has none."""
        from temporalio.service import RPCError, RPCStatusCode

        from starter.archive_history import decoded

        if not run_id:
            newest = await self._newest(workflow_id)
            if newest is None:
                return None
            run_id = newest[0]
        try:
            handle = self._workflows.get_workflow_handle(workflow_id, run_id=run_id)
            events = decoded((await handle.fetch_history()).events)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        return Run(run_id=run_id, events=events) if events else None

    async def is_running(self, workflow_id: str) -> bool | None:
        """This will say whether a workflow runs; None if the server knows none of that id."""
        found = await self._newest(workflow_id)
        return None if found is None else found[1]

    async def _newest(self, workflow_id: str) -> tuple[str, bool] | None:
        """The newest run's id and whether it runs.

        Asked of the service itself: the client also reads search attributes, and stumbles over a
        date that was taken back.
        """
        from temporalio.api.common.v1 import WorkflowExecution
        from temporalio.api.enums.v1 import WorkflowExecutionStatus
        from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
        from temporalio.service import RPCError, RPCStatusCode

        asked = DescribeWorkflowExecutionRequest(
            namespace=self._workflows.namespace,
            execution=WorkflowExecution(workflow_id=workflow_id),
        )
        try:
            said = await self._workflows.workflow_service.describe_workflow_execution(asked)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        info = said.workflow_execution_info
        running = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
        return info.execution.run_id, info.status == running

    async def fetch(self, workflow_id: str, sha256: str, person: str, path: Path) -> str:
        """This will write a stored file piece by piece; why not, in words, if it is not given.

        What stands in ``path`` then is of no use. Raises UserError where the person may not read
        it: an archive without its files explains nothing, so that nothing is written then.
        """
        import base64

        from contracts.evidence import EvidenceDesk, EvidenceFetch

        digest, place, pieces = hashlib.sha256(), 0, 1
        # A piece is written before the next is asked for; nothing else runs that could wait.
        with path.open("wb") as file:
            while place < pieces:
                question = EvidenceFetch(
                    workflow_id=workflow_id,
                    sha256=sha256,
                    person=person,
                    place=place,
                    now=self.now,
                )
                found = await self._ask(EvidenceDesk.fetch, question)
                if found.code:
                    break
                raw = base64.b64decode(found.content)
                digest.update(raw)
                file.write(raw)
                place, pieces = place + 1, found.pieces
        if found.code in _NOT_ALLOWED:
            raise UserError(
                found.code,
                f"入库的证据文件取不到：{found.sentence}归档请由协调员执行（--as 姓名）。",
                EXIT_REFUSED,
            )
        if found.code or digest.hexdigest() != sha256:
            return found.sentence or "内容与指纹不符"
        return ""

    async def progress(self, workflow_id: str) -> Any:
        """This will ask a procedure, also an ended one, for its steps; None if it cannot say."""
        from temporalio.client import WorkflowQueryFailedError, WorkflowQueryRejectedError
        from temporalio.service import RPCError

        from contracts.names import PROGRESS_QUERY
        from contracts.procedure import Progress

        handle = self._workflows.get_workflow_handle(workflow_id)
        try:
            return await handle.query(PROGRESS_QUERY, result_type=Progress)
        except (WorkflowQueryFailedError, WorkflowQueryRejectedError, RPCError):
            return None


def _before(run: Run) -> list[str]:
    """The runs that a run comes from: continued, or reset."""
    before = [str(run.started.get("continuedExecutionRunId", ""))]
    for event in run.events:
        failed = event.get("workflowTaskFailedEventAttributes", {})
        before.append(str(failed.get("baseRunId", "")))
    return [run_id for run_id in dict.fromkeys(before) if run_id and run_id != run.run_id]


def _in_order(found: dict[str, Run]) -> list[Run]:
    """Oldest first: a run comes after every run that it comes from, else by its start."""
    ordered: dict[str, Run] = {}

    def place(run: Run) -> None:
        if run.run_id in ordered:
            return
        for before in _before(run):
            if before in found:
                place(found[before])
        ordered[run.run_id] = run

    for run in sorted(found.values(), key=lambda r: (str(r.events[0].get("eventTime")), r.run_id)):
        place(run)
    return list(ordered.values())

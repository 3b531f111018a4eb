"""The sweep: asks procedures about log lines that nothing has confirmed yet.

A page is written before the Update that caused it is durable. If the server dies in between, the
journal is ahead of the procedure: the inbox shows a step as done that is still open, until the
procedure writes its next page, which may be never. So every worker sweeps: each line is asked
about once. The procedure vouches for it, and it is confirmed; or it has not come so far, and is
told to write its page anew, which removes the ghost.

It is no activity: nothing waits for it, and it must leave no history. Two workers that sweep at
once do the same thing twice, which changes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError

from contracts.names import PROGRESS_QUERY, REWRITE_SIGNAL
from contracts.procedure import ProcedureResult, Progress, RewriteNote
from storage.engine import Database
from storage.journal_store import Head, confirm, provisional_heads

PAUSE: Final = timedelta(seconds=20)
"""Between two sweeps: as long may an inbox be wrong after the server was killed."""

CHUNK: Final = 100
"""Procedures read from the journal at a time."""

AT_ONCE: Final = 4
"""Procedures asked at the same time; a procedure that is not in memory is replayed for it."""

ANSWER: Final = timedelta(seconds=10)
"""Longest wait for one procedure; the next sweep asks again."""

_log = structlog.get_logger(__name__)


@dataclass
class Swept:
    """What one sweep found; ``pending`` could not be settled yet."""

    confirmed: int = 0
    healed: int = 0
    pending: int = 0


class Sweep:
    """Compares the journal with the procedures themselves."""

    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database

    async def keep(self) -> None:
        """This will sweep for ever; what is away now is asked again at the next turn."""
        while True:
            try:
                swept = await self.once()
            except (OSError, TimeoutError, PoolTimeout, DBAPIError):
                _log.warning("activities.sweep.database_away")
            except Exception:  # noqa: BLE001  whatever it is, the next turn comes
                _log.exception("activities.sweep.failed")
            else:
                if swept.healed:
                    _log.warning("activities.sweep.healed", **vars(swept))
            await asyncio.sleep(PAUSE.total_seconds())

    async def once(self) -> Swept:
        """This will ask every procedure with a provisional line about it."""
        swept, after = Swept(), ""
        while heads := await provisional_heads(self._database, after, CHUNK):
            after = heads[-1].workflow_id
            room = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._ask(head, swept, room) for head in heads))
        return swept

    async def _ask(self, head: Head, swept: Swept, room: asyncio.Semaphore) -> None:
        handle = self._client.get_workflow_handle(head.workflow_id)
        async with room:
            try:
                if head.is_over and await self._is_settled(head):
                    await confirm(self._database, head)
                    swept.confirmed += 1
                    return
                found = await handle.query(PROGRESS_QUERY, result_type=Progress, rpc_timeout=ANSWER)
                if found.written >= head.seq:
                    await confirm(self._database, head)
                    swept.confirmed += 1
                elif found.seq < head.seq:
                    _log.warning(
                        "activities.sweep.ghost", workflow_id=head.workflow_id, seq=head.seq
                    )
                    await handle.signal(REWRITE_SIGNAL, RewriteNote(seq=head.seq))
                    swept.healed += 1
                else:
                    swept.pending += 1
            except (RPCError, WorkflowQueryFailedError, WorkflowFailureError) as error:
                _log.info(
                    "activities.sweep.unanswered", workflow_id=head.workflow_id, why=str(error)
                )
                swept.pending += 1

    async def _is_settled(self, head: Head) -> bool:
        """Whether a procedure has ended at or after this line: then no replay need be asked for.

        A case ends with a page that its own end has not confirmed yet; its result says how far it
        came. False while it still runs.
        """
        handle = self._client.get_workflow_handle(head.workflow_id)
        described = await handle.describe(rpc_timeout=ANSWER)
        if described.status is WorkflowExecutionStatus.COMPLETED:
            result = await self._client.get_workflow_handle(
                head.workflow_id, result_type=ProcedureResult
            ).result(rpc_timeout=ANSWER)
            return bool(result.seq >= head.seq)
        return False

"""The writing of a procedure: pages into the journal as things happen, the dossier at its end.

One try while people wait, then for as long as it takes; what was decided is never undone because
it could not be written.
"""

from __future__ import annotations

from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from contracts.journal import Journal, Page
    from contracts.procedure import ProcedureState
    from workflows import policies
    from workflows.asking import UNANSWERED
    from workflows.view import ProcedureView


class Scribe:
    """Writes what the view holds; owns how far the journal is known to have come.

    ``lightly`` ends with a page like every other, in a local activity, which spares a case 5 of its
    events: its last lines are confirmed by the sweep, from the workflow's result.
    """

    def __init__(
        self, state: ProcedureState, view: ProcedureView, *, lightly: bool = False
    ) -> None:
        self._view = view
        self._lightly = lightly
        self._written = state.seq - len(state.unwritten)
        self._deferred = False

    @property
    def written(self) -> int:
        """The newest line known to be in the journal."""
        return self._written

    async def keep_written(self, is_over: Callable[[], bool]) -> None:
        """This will write whatever happens, for ever; nothing more once the course is over."""
        while True:
            await workflow.wait_condition(lambda: not is_over() and self._view.is_stale)
            page = self._view.page()
            self._view.show()
            try:
                await workflow.execute_local_activity_method(
                    Journal.write, page, summary="记入日志与待办", **policies.WRITE_ONCE
                )
            except UNANSWERED:
                self._deferred = True
                await workflow.execute_activity_method(
                    Journal.write, page, summary="等待数据库：补记日志与待办", **policies.PATIENT
                )
                self._deferred = False
            self._note_written(page)

    async def until_written(self, seq: int) -> None:
        """This will wait for a line to be in the journal; not while the journal is away."""
        await workflow.wait_condition(lambda: self._written >= seq or self._deferred)

    async def close_dossier(self, ending: str) -> None:
        """This will write the dossier, and again whatever handlers at work still add to it."""
        await self._close(ending)
        while self._view.is_stale or not workflow.all_handlers_finished():
            await workflow.wait_condition(
                lambda: self._view.is_stale or workflow.all_handlers_finished()
            )
            if self._view.is_stale:
                await self._close(ending)

    async def _close(self, ending: str) -> None:
        page = self._view.page(ending)
        if self._lightly:
            await self._write_last(page)
            return
        try:
            await workflow.execute_activity_method(
                Journal.close,
                page,
                summary="结案归档",
                schedule_to_close_timeout=policies.CLOSE_QUICKLY,
                **policies.PATIENT,
            )
        except ActivityError:
            self._deferred = True
            await workflow.execute_activity_method(
                Journal.close, page, summary="等待数据库：结案归档", **policies.PATIENT
            )
        self._note_written(page)

    async def _write_last(self, page: Page) -> None:
        try:
            await workflow.execute_local_activity_method(
                Journal.write, page, summary="记入日志与待办：办结", **policies.WRITE_ONCE
            )
        except UNANSWERED:
            self._deferred = True
            await workflow.execute_activity_method(
                Journal.write, page, summary="等待数据库：补记办结", **policies.PATIENT
            )
        self._note_written(page)

    def _note_written(self, page: Page) -> None:
        self._view.written(page)
        self._written = page.seq

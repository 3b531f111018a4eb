"""Publishing a calendar (8.3): tell the open procedures in chunks, then sweep until none is left.

The signal only sets a flag there; each procedure asks the registers itself. One that was started
meanwhile already counts by the new version.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.calendar import (
        BelowQuestion,
        PublicationRequest,
        PublicationResult,
        Publications,
    )
    from contracts.procedure import CalendarNote
    from contracts.reform import Fanout, Tell
    from workflows import policies

CHUNK: Final = 50
"""# replay: how many procedures one activity tells."""

PAUSE: Final = timedelta(seconds=2)
"""# replay: between chunks, so that a city's procedures do not all wake at once."""

ROUNDS: Final = 30
"""# replay: sweeps before giving up on procedures that do not answer; each wake-up checks anyway."""


@workflow.defn(name="CalendarPublication")
class CalendarPublication:
    """One per version; the id refuses a second."""

    @workflow.run
    async def run(self, request: PublicationRequest) -> PublicationResult:
        """Tell, sweep, and report how many were told."""
        told, left = request.told, 0
        for _ in range(ROUNDS):
            reached, left = await self._sweep(request.version)
            told += reached
            workflow.set_current_details(f"历法第{request.version}版：已通知 {told} 个在办事项")
            if left == 0:
                break
            await workflow.sleep(PAUSE, summary="等待在办事项重算时限")
        return PublicationResult(told=told, left=left)

    async def _sweep(self, version: int) -> tuple[int, int]:
        """One pass over all procedures below the version; how many reached, how many found."""
        after, reached, found = "", 0, 0
        while True:
            question = BelowQuestion(version=version, limit=CHUNK, after=after)
            below = await workflow.execute_activity_method(
                Publications.below, question, summary="查未按新历法的事项", **policies.PATIENT
            )
            if not below.workflow_ids:
                return reached, found
            answer = await workflow.execute_activity_method(
                Fanout.tell,
                Tell(workflow_ids=below.workflow_ids, calendar=CalendarNote(version=version)),
                summary=f"通知 {len(below.workflow_ids)} 个事项重算时限",
                **policies.FAN_OUT,
            )
            reached += answer.reached
            found += answer.reached
            after = below.workflow_ids[-1]

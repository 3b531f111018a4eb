"""The worker, with one thing added: around the write of a page it may kill, as it is told.

The file named by JIEGAI_TEST_ORDER says at which action's page, before or after its commit, which
signal, and whom: process ids, 0 for the worker itself. After the commit the page is in the
database and the workflow task that wrote it is not completed: there a write becomes a ghost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from datetime import timedelta
from pathlib import Path

from temporalio import activity

import activities.sweep
import worker
from activities import roster
from activities.journal import JournalActivities
from contracts.journal import Page

ORDER = Path(os.environ["JIEGAI_TEST_ORDER"])


class DeadlyJournal(JournalActivities):
    """Writes as ever, then strikes."""

    @activity.defn(name="write_page")
    async def write(self, page: Page) -> int:
        """This will write the page and carry out the order, if there is one for it."""
        carry_out_order(page, before=True)
        kept = await super().write(page)
        carry_out_order(page, before=False)
        return kept


def carry_out_order(page: Page, *, before: bool) -> None:
    """This will send the ordered signal if it is due at this page and moment."""
    if not ORDER.exists():
        return
    order = json.loads(ORDER.read_text("utf-8"))
    action_ids = {entry.action_id for entry in page.entries}
    if order["action_id"] in action_ids and order["before"] == before:
        ORDER.unlink()
        for pid in order["victims"]:
            # Somebody who waits for an answer may have given up; the others must die all the same.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid or os.getpid(), order["signal"])


roster.JournalActivities = DeadlyJournal  # type: ignore[misc]
# One sweep when the worker starts; the tests ask for the next one themselves.
activities.sweep.PAUSE = timedelta(hours=1)  # type: ignore[misc]
asyncio.run(worker.main())

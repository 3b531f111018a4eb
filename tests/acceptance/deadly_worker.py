"""The worker, with one thing added: right after a page is committed it may kill, as it is told.

The file named by JIEGAI_TEST_ORDER says which action's page, and whom: process ids, 0 for the
worker itself. The page is in the database then, and the workflow task that wrote it is not
completed: the moment at which a write becomes a ghost.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from datetime import timedelta
from pathlib import Path

from temporalio import activity

import activities.sweep
import worker
from activities.journal import JournalActivities
from contracts.journal import Page

ORDER = Path(os.environ["JIEGAI_TEST_ORDER"])


class DeadlyJournal(JournalActivities):
    """Writes as ever, then strikes."""

    @activity.defn(name="write_page")
    async def write(self, page: Page) -> int:
        """This will write the page and carry out the order, if there is one for it."""
        kept = await super().write(page)
        if ORDER.exists():
            order = json.loads(ORDER.read_text("utf-8"))
            if order["action_id"] in {entry.action_id for entry in page.entries}:
                ORDER.unlink()
                for pid in order["victims"]:
                    os.kill(pid or os.getpid(), signal.SIGKILL)
        return kept


worker.JournalActivities = DeadlyJournal  # type: ignore[misc,attr-defined]
# One sweep when the worker starts; the tests ask for the next one themselves.
activities.sweep.PAUSE = timedelta(hours=1)  # type: ignore[misc]
asyncio.run(worker.main())

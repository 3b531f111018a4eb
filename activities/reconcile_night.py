"""The daily reconcile: what a person may order, done every night by one worker, page by page.

Like the sweep it is no activity: nothing waits for it, and it leaves no history. It begins in the office's
night, stops in the morning, and goes on the next night where it stopped. Logs are compared that have
a new line since the last run; the first run compares all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.client import Client

from activities.reconcile import Reconcile
from contracts.reconcile import ReconcileOrder
from domain.reconcile import night_of
from storage import reconcile_store as store
from storage.engine import Database

PAUSE: Final = timedelta(minutes=20)
"""Between two looks at the clock."""

BREATH: Final = timedelta(seconds=1)
"""Between two pages: others come first."""

OVERLAP: Final = timedelta(hours=1)
"""Logs are looked at from so long before the last run began."""

_log = structlog.get_logger(__name__)


class NightWatch:
    """Reconciles one database with one server, once a night."""

    def __init__(
        self,
        client: Client,
        database: Database,
        clock: Callable[[], datetime],
        breath: timedelta = BREATH,
    ) -> None:
        self._reconcile = Reconcile(client, database)
        self._database = database
        self._clock = clock
        self._breath = breath

    async def keep(self) -> None:
        """This will look at the clock for ever; what fails is taken up at the next look."""
        while True:
            await asyncio.sleep(PAUSE.total_seconds())
            try:
                await self.once()
            except (OSError, TimeoutError, PoolTimeout, DBAPIError):
                _log.warning("activities.reconcile.database_away")
            except Exception:  # noqa: BLE001  whatever it is, the next turn comes
                _log.exception("activities.reconcile.failed")

    async def once(self) -> int:
        """This will do tonight's run as far as the night goes; how many pages were done."""
        if night_of(self._clock()) is None:
            return 0
        async with store.alone(self._database) as is_mine:
            return await self._run() if is_mine else 0

    async def _run(self) -> int:
        began = self._clock()
        async with self._database.transaction() as connection:
            known = await store.nights(connection)
            night = night_of(began)
            if known.unfinished is None and known.latest == night:
                return 0
            key = known.unfinished or f"夜间-{night}"
            new = store.NewRun(
                key=key, night=night, rollout="", only_check=False, person="", at=began
            )
            run = await store.begin_run(connection, new)
        order = ReconcileOrder(
            key=key,
            now=began,
            stage=run.stage,
            cursor=run.cursor,
            logs_since=known.since - OVERLAP if known.since else None,
        )
        return await self._pages(order, dict(run.counts))

    async def _pages(self, order: ReconcileOrder, counts: dict[str, int]) -> int:
        pages, found = 0, 0
        while night_of(now := self._clock()) is not None:
            order = replace(order, now=now)
            done = await self._reconcile.proceed(order, counts)
            counts |= {n: counts.get(n, 0) + more for n, more in done.counts.items()}
            pages, found = pages + 1, found + len(done.findings)
            if not done.stage:
                _log.info("activities.reconcile.done", run=order.key, found=found, **counts)
                break
            order = replace(order, stage=done.stage, cursor=done.cursor)
            await asyncio.sleep(self._breath.total_seconds())
        return pages

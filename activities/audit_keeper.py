"""日程 looks after every other Schedule; this looks after 日程, which somebody may have deleted.

Like the sweep it is no activity: nothing waits for it. Samples have no Schedule of their own, so that
nothing else would ever put it back.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from contracts.audit_run import audit_schedule_id
from contracts.audit_schedule import Schedules, SchedulesAway
from storage.audit_plan_store import rollouts_with_plans
from storage.engine import Database

PAUSE: Final = timedelta(minutes=20)
"""Between two looks: no tick is missed for long."""

_log = structlog.get_logger(__name__)


class TickKeeper:
    """Puts back the Schedules of rollouts that have arrangements."""

    def __init__(self, schedules: Schedules, database: Database) -> None:
        self._schedules = schedules
        self._database = database

    async def keep(self) -> None:
        """This will look for ever; what fails is taken up at the next look."""
        while True:
            await asyncio.sleep(PAUSE.total_seconds())
            try:
                await self.once()
            except (OSError, TimeoutError, PoolTimeout, DBAPIError):
                _log.warning("activities.audit_keeper.database_away")
            except SchedulesAway:
                _log.warning("activities.audit_keeper.schedules_away")
            except Exception:  # noqa: BLE001  whatever it is, the next turn comes
                _log.exception("activities.audit_keeper.failed")

    async def once(self) -> int:
        """This will put back what is missing; how many were."""
        async with self._database.single() as connection:
            rollouts = await rollouts_with_plans(connection)
        missing = 0
        for rollout in rollouts:
            if await self._schedules.describe(audit_schedule_id(rollout)) is None:
                _log.warning("activities.audit_keeper.put_back", rollout=rollout)
                await self._schedules.tick(rollout)
                missing += 1
        return missing

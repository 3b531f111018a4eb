"""The composition root: reads settings, opens connections, and runs the workers.

One process serves three queues: ``procedures`` in the workflows' namespace, ``desk`` and ``bulk``
in the desk's. It prints READY once it polls, and ends in order on SIGTERM: what runs may finish
within 30 seconds.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from temporalio.client import Client

from activities.audit_keeper import TickKeeper
from activities.courier import AppriseCourier
from activities.postman import Postman
from activities.reconcile_night import NightWatch
from activities.roster import staff
from activities.sweep import Sweep
from activities.temporal_schedules import TemporalSchedules
from contracts import names
from runtime.connect import connect
from runtime.logging import configure_logging
from runtime.seal import Seal, find_seal
from runtime.settings import Settings
from runtime.workers import activities_of, worker_for
from storage.engine import Database, open_database
from workflows.roster import WORKFLOWS


@dataclass(frozen=True, kw_only=True)
class Roster:
    """What this worker can do, by queue."""

    workflows: Sequence[type] = ()
    procedures: Sequence[Callable[..., Any]] = ()
    desk: Sequence[Callable[..., Any]] = ()
    bulk: Sequence[Callable[..., Any]] = ()


def roster(
    client: Client,
    database: Database,
    evidence_limit_mb: int = Settings.evidence_limit_mb,
    seal: Seal | None = None,
) -> Roster:
    """This will list what each queue serves; who does it is wired in activities/roster.py."""
    able = staff(client, database, evidence_limit_mb, seal)
    return Roster(
        workflows=WORKFLOWS,
        procedures=activities_of(*able.procedures),
        desk=activities_of(*able.desk),
        bulk=activities_of(*able.bulk),
    )


async def main() -> None:
    """This will serve until SIGTERM or SIGINT."""
    settings = Settings.from_environ()
    configure_logging(level=settings.log_level, file=settings.log_file)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if settings.database_url is None:
        raise SystemExit("错误[DATABASE_URL] 执行程序需要 JIEGAI_DATABASE_URL。")
    here, desk = await connect(settings), await connect(settings, settings.desk_namespace)
    database = open_database(settings.database_url)
    seal = find_seal(settings)
    able = roster(here, database, settings.evidence_limit_mb, seal)
    clock = partial(datetime.now, UTC)
    ui = (settings.ui_url or "", settings.namespace)
    rounds = (
        Sweep(here, database),
        Postman(database, AppriseCourier(), seal, clock=clock, ui=ui),
        NightWatch(here, database, clock),
        TickKeeper(TemporalSchedules(here), database),
    )
    async with AsyncExitStack() as running:
        running.push_async_callback(database.close)
        worker = worker_for(here, names.PROCEDURES_QUEUE, able.procedures, able.workflows)
        await running.enter_async_context(worker)
        for queue, activities in ((names.DESK_QUEUE, able.desk), (names.BULK_QUEUE, able.bulk)):
            await running.enter_async_context(worker_for(desk, queue, activities))
        for each in rounds:
            running.callback(asyncio.create_task(each.keep()).cancel)
        print("READY", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())

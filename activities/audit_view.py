"""Open procedures as the server counts them, beside those on the board (0-08); counts only.

Visibility lags behind by a moment, so what differs is counted again before it is said. What is
wrong with which procedure is the reconcile's to find (``jiegai rebuild``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from activities.reconcile import PROCEDURES
from storage.audit_store import Fault, shown_running
from storage.engine import Database

SETTLES: Final = timedelta(seconds=2)
"""Until what happened a moment ago is visible."""

_ASKED: Final = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How many types of procedures were compared; ``left_out`` says why they could not be."""

    types: int = 0
    faults: tuple[Fault, ...] = ()
    left_out: str = ""


async def differing_counts(client: Client, database: Database, rollout: str) -> Counted:
    """This will compare the procedures under way by type, a second time where they differ."""
    try:
        differing = await _differing(client, database, rollout, PROCEDURES)
        if differing:
            await asyncio.sleep(SETTLES.total_seconds())
            differing = await _differing(client, database, rollout, tuple(differing))
    except RPCError:
        return Counted(left_out="Temporal 没有应答在办件数，没有核对。")
    return Counted(
        types=len(PROCEDURES),
        faults=tuple(
            Fault(
                place="",
                workflow_id="",
                unit="",
                district="",
                units=(),
                since=None,
                facts={"type": name, "running": running, "shown": shown},
            )
            for name, (running, shown) in differing.items()
        ),
    )


async def _differing(
    client: Client, database: Database, rollout: str, types: Sequence[str]
) -> dict[str, tuple[int, int]]:
    async with database.single() as connection:
        shown = await shown_running(connection, rollout)
    named = rollout.replace("'", "''")
    found = {}
    for name in types:
        counted = await client.count_workflows(
            f"ExecutionStatus = 'Running' AND WorkflowType = '{name}' AND Rollout = '{named}'",
            rpc_timeout=_ASKED,
        )
        if counted.count != shown.get(name, 0):
            found[name] = (counted.count, shown.get(name, 0))
    return found

"""Two workers for cases, each started again whenever it dies: one process imports, and forks them.

A fork takes a tenth of what a new start takes, and workflows run without their sandbox, of which a
new process would be busy most of its life. It dies with the test, and its workers with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from datetime import timedelta

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import worker as _everything_that_a_worker_imports  # noqa: F401
from activities.roster import staff
from contracts import names
from contracts.case import CaseAdmission, CitationAnswer
from contracts.procedure import ProcedureRequest, ProcedureState
from contracts.registers import Answer
from domain.action import Action
from runtime.connect import connect
from runtime.converter import data_converter
from runtime.question_guard import GuardedRunner
from runtime.settings import Settings
from runtime.workers import activities_of
from storage.engine import open_database
from workflows.case_handover import CaseHandover


async def serve() -> None:
    """Work until killed."""
    settings = Settings.from_environ()
    assert settings.database_url is not None
    client = await connect(settings)
    database = open_database(settings.database_url)
    able = staff(client, database, settings.evidence_limit_mb)
    async with Worker(
        client,
        task_queue=names.PROCEDURES_QUEUE,
        # Else it is made of the bytes of every loaded module: half a second.
        build_id="deadly",
        workflows=[CaseHandover],
        activities=activities_of(*able.procedures),
        workflow_runner=GuardedRunner(UnsandboxedWorkflowRunner()),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        max_concurrent_workflow_tasks=20,
        # On a machine that is busy two seconds are no deadlock; each taken for one doubles the wait.
        debug_mode=True,
    ):
        await asyncio.Event().wait()


def warm_up() -> None:
    """Make the schemas of what crosses the boundary once, not in the first tasks of each worker."""
    kinds = (ProcedureRequest, ProcedureState, Action, Answer, CaseAdmission, CitationAnswer)
    nothing = Payload(metadata={"encoding": b"json/plain"}, data=b"null")
    for kind in kinds:
        with contextlib.suppress(ValidationError):
            data_converter.payload_converter.from_payload(nothing, kind)


def fork() -> int:
    """Start a worker; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        die_with_parent()
        asyncio.run(serve())
    except BaseException as error:  # noqa: BLE001 - the parent starts it again
        print(f"{error!r}", file=sys.stderr, flush=True)
    os._exit(1)


def die_with_parent() -> None:
    """The kernel kills this process when its parent ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


def main() -> None:
    """Keep two workers alive."""
    die_with_parent()
    warm_up()
    fork()
    fork()
    while True:
        _, status = os.wait()
        if not os.WIFSIGNALED(status):
            time.sleep(0.3)
        fork()


if __name__ == "__main__":
    main()

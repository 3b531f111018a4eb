"""Recorded histories of every workflow type replay under today's code."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.converter import data_converter
from runtime.workers import sandbox
from workflows.roster import WORKFLOWS

HISTORIES = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))


@pytest.mark.parametrize("path", HISTORIES, ids=lambda p: p.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    """What ran under this or an earlier release gives the same commands today."""
    await replay(json.loads(path.read_text("utf-8")))


async def replay(recorded: dict[str, Any]) -> None:
    """Under today's code."""
    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        data_converter=data_converter,
    )

    workflow_id = recorded.pop("workflowId")

    await replayer.replay_workflow(WorkflowHistory.from_json(workflow_id, recorded))


def test_every_workflow_type_has_a_history() -> None:
    """No workflow type lands without a recording."""
    recorded = {path.stem.split("-")[1] for path in HISTORIES}

    assert {w.__name__ for w in WORKFLOWS} == recorded


STANDING_STILL = sorted(HISTORIES[0].parent.glob("known/*.json"))


@pytest.mark.xfail(
    reason="a question had carried the procedure on from event 45, before the workflow task of event 47 "
    "that brought an Update too: live the page was written as 12 and the registers were asked as 13, at "
    "replay both come in one task, in which Updates are first. runtime/question_guard.py keeps it from "
    "happening again; what stands so must be reset (docs/operations.md)",
    raises=RuntimeError,
)
@pytest.mark.parametrize("path", STANDING_STILL)
async def test_a_history_that_is_known_not_to_replay(path: Path) -> None:
    """What questions left behind before they were turned away; it says so the day that it replays."""
    await test_a_recorded_history_replays(path)


@pytest.mark.parametrize("path", STANDING_STILL)
async def test_what_stands_still_goes_on_where_operators_are_told_to_reset_it(path: Path) -> None:
    """docs/operations.md: to the task of the first Update that is not the first thing in its task."""
    recorded = json.loads(path.read_text("utf-8"))
    events = recorded["events"]
    odd = next(
        event
        for before, event in pairwise(events)
        if event["eventType"].endswith("_UPDATE_ACCEPTED")
        and not before["eventType"].endswith("_WORKFLOW_TASK_COMPLETED")
    )
    kept = [
        int(e["eventId"]) for e in events if e["eventType"].endswith("_WORKFLOW_TASK_COMPLETED")
    ]
    reset_to = max(number for number in kept if number < int(odd["eventId"]))

    await replay({**recorded, "events": events[: reset_to - 1]})

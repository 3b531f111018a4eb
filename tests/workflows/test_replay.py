"""Recorded histories of every workflow type replay under today's code."""

from __future__ import annotations

import json
from pathlib import Path

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
    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        data_converter=data_converter,
    )

    recorded = json.loads(path.read_text("utf-8"))
    workflow_id = recorded.pop("workflowId")

    await replayer.replay_workflow(WorkflowHistory.from_json(workflow_id, recorded))


def test_every_workflow_type_has_a_history() -> None:
    """No workflow type lands without a recording."""
    recorded = {path.stem.split("-")[1] for path in HISTORIES}

    assert {w.__name__ for w in WORKFLOWS} == recorded


@pytest.mark.xfail(
    reason="an Update and the end of an activity came in one workflow task while the server was "
    "killed; what they asked for went out in the other order than a replay asks for it. Most likely "
    "the worker had begun an earlier delivery of that task (docs/operations.md)",
    raises=RuntimeError,
)
@pytest.mark.parametrize("path", sorted(HISTORIES[0].parent.glob("known/*.json")))
async def test_a_history_that_is_known_not_to_replay(path: Path) -> None:
    """What a kill of the server has once left behind; it says so the day that it replays."""
    await test_a_recorded_history_replays(path)

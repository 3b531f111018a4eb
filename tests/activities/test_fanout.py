"""Starting and signalling many workflows, on a server without a worker."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from activities.fanout import FanoutActivities
from contracts.names import SEARCH_ATTRIBUTES, area_id, unit_id
from contracts.reform import FactsNote, StartAreas, Tell
from contracts.registers import PlanKey
from runtime.converter import data_converter
from tests.office import _TYPES

PLAN = PlanKey(rollout="扇出", plan_id=1, version=1)


@pytest.fixture(scope="module")
async def client():
    """A client of a test server that knows the search attributes."""
    beside = Path(sys.executable).with_name("temporal-test-server")
    found = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=found, data_converter=data_converter
    ) as env:
        await env.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=env.client.namespace,
                search_attributes={n: _TYPES[t] for n, t in SEARCH_ATTRIBUTES.items()},
            )
        )
        yield env.client


async def test_starting_again_starts_nothing_twice(client, run) -> None:
    """Running and finished workflows count as started; their first run stays the only one."""
    fanout = FanoutActivities(client)
    units = tuple(f"街道{number}" for number in range(25))
    order = StartAreas(plan=PLAN, area="海勃湾区", units=units)
    assert await run(fanout.start, order) == 25
    first = client.get_workflow_handle(unit_id("扇出", "海勃湾区", "街道0"))
    begun = (await first.describe()).run_id
    await client.get_workflow_handle(unit_id("扇出", "海勃湾区", "街道1")).terminate()
    assert await run(fanout.start, order) == 25
    assert (await first.describe()).run_id == begun


async def test_areas_and_city_units_start_in_one_order(client, run) -> None:
    """The top level names both; each gets its own kind of workflow."""
    order = StartAreas(plan=PLAN, areas=("海勃湾区·2",), units=("乌海市",))
    assert await run(FanoutActivities(client).start, order) == 2
    for workflow_id, expected in (
        (area_id("扇出", "海勃湾区·2"), "AreaReform"),
        (unit_id("扇出", "", "乌海市"), "UnitReform"),
    ):
        described = await client.get_workflow_handle(workflow_id).describe()
        assert described.workflow_type == expected


async def test_closed_workflows_are_recorded_not_raised(client, run) -> None:
    """A signal reaches what runs; what has ended, or never began, is named."""
    fanout = FanoutActivities(client)
    await run(fanout.start, StartAreas(plan=PLAN, areas=("甲区", "乙区")))
    ids = (area_id("扇出", "甲区"), area_id("扇出", "乙区"), area_id("扇出", "没有"))
    await client.get_workflow_handle(ids[1]).terminate()
    told = await run(fanout.tell, Tell(workflow_ids=ids, facts=FactsNote(facts=("M1@乌海市",))))
    assert (told.reached, told.closed) == (1, ids[1:])

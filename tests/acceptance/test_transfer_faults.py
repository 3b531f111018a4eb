"""The worker of a transfer batch, killed at every boundary of its activities; see transfer_trips.py."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.acceptance.deadly_batches import ITSELF
from tests.acceptance.premises import Premises
from tests.acceptance.transfer_trips import doomed_servers, kill_at_every_boundary


@pytest.fixture(scope="module")
async def office(tmp_path_factory) -> AsyncIterator[Premises]:
    """Servers of our own."""
    async with doomed_servers(tmp_path_factory.mktemp("faults")) as opened:
        yield opened


@pytest.mark.timeout(600)
async def test_a_worker_is_killed_at_every_boundary(office, tmp_path) -> None:
    """Each batch has a worker of its own; another one takes over wherever it dies."""
    await kill_at_every_boundary(office, tmp_path, ITSELF, there=4, back=2)

"""Temporal, killed at every boundary of the activities of a transfer batch."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.acceptance.premises import Premises
from tests.acceptance.transfer_trips import doomed_servers, kill_at_every_boundary


@pytest.fixture(scope="module")
async def office(tmp_path_factory) -> AsyncIterator[Premises]:
    """Servers of our own."""
    async with doomed_servers(tmp_path_factory.mktemp("faults")) as opened:
        yield opened


# Not in every run: it takes two minutes.
@pytest.mark.exhaustive
@pytest.mark.timeout(600)
async def test_temporal_is_killed_at_every_boundary(office, tmp_path) -> None:
    """It dies for all batches at once, each of which stands at another boundary of its course."""
    await kill_at_every_boundary(office, tmp_path, "temporal", there=4, back=2)

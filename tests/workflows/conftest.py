"""The time-skipping server with the real activities on the real PostgreSQL."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from runtime.converter import data_converter
from storage.engine import Database
from tests.office import Office
from tests.postgres import database, database_url

__all__ = ["database", "database_url"]


def server_program() -> str:
    beside = Path(sys.executable).with_name("temporal-test-server")
    found = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    assert found, "temporal-test-server is missing: make install"
    return found


@pytest.fixture
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """A server with one clock of its own, so that tests cannot move each other's time."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=server_program(), data_converter=data_converter
    ) as started:
        yield started


@pytest.fixture
async def office(env: WorkflowEnvironment, database: Database) -> AsyncIterator[Office]:
    """People at work: a worker, a database, and hands to act."""
    async with Office(env, database) as opened:
        yield opened

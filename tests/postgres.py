"""A real PostgreSQL for tests, the same programs as the embedded stack's, one per test run.

Import the fixtures into a room's conftest. The server listens on loopback on a free port, forgets
to fsync, and is stopped when the test run ends.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from runtime.part import tethered
from runtime.postgres import EmbeddedPostgres
from storage.engine import Database, open_database
from storage.migrate import upgrade


@functools.cache
def server_url() -> str:
    """This will start the server once and return the URL of its first database."""
    home = Path(tempfile.mkdtemp(prefix="jgpg"))
    home.chmod(0o755)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    postgres = EmbeddedPostgres(data_dir=home, port=_free_port())
    with ThreadPoolExecutor(1) as aside:  # a fixture may itself run in an event loop
        aside.submit(asyncio.run, postgres.initialise()).result()
        # The kernel ends it with the thread that started it: that must be this one.
        child = _spawn(postgres)
        aside.submit(asyncio.run, _until_ready(postgres, child.pid)).result()
    return postgres.url


def _spawn(postgres: EmbeddedPostgres) -> subprocess.Popen[bytes]:
    program = postgres.program()
    fast = ["-cfsync=off", "-csynchronous_commit=off", "-cmax_connections=200"]
    child = subprocess.Popen(
        [*tethered(program), *fast],
        env=program.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(child.wait)
    atexit.register(child.send_signal, program.stop_signal)
    return child


async def _until_ready(postgres: EmbeddedPostgres, pid: int) -> None:
    is_ready = postgres.program().is_ready
    for _ in range(600):
        if is_ready is None or await is_ready(pid):
            break
        await asyncio.sleep(0.05)
    await postgres.create_database()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def database_url() -> str:
    """The URL of an empty database."""
    return server_url()


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database; tests keep apart by their own rollout names."""
    await upgrade(database_url)
    opened = open_database(database_url)
    yield opened
    await opened.close()


@asynccontextmanager
async def database_of_its_own(name: str) -> AsyncIterator[Database]:
    """A migrated database of this name, made anew, for tests that change what all others share.

    It is a copy of one that is migrated once: every migration for every test takes far longer.
    """
    beside = server_url().rpartition("/")[0]
    server = open_database(server_url(), pool_size=1)
    async with server.single() as connection:
        there = "SELECT 1 FROM pg_database WHERE datname = 'migrated'"
        if (await connection.execute(text(there))).first() is None:
            await connection.execute(text("CREATE DATABASE migrated"))
            await upgrade(f"{beside}/migrated")
        await connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE migrated"))
    await server.close()
    opened = open_database(f"{beside}/{name}")
    try:
        yield opened
    finally:
        await opened.close()

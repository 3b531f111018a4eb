"""The embedded stack as a person meets it: started, refused, killed, started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from runtime.connect import connect
from runtime.settings import Settings
from runtime.stackfile import running_stack

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("postgres", "temporal", "worker")


def command(data_dir: Path, *options: str) -> list[str]:
    """The command line of ``jiegai up`` on ``data_dir``."""
    return [sys.executable, "-m", "starter.main", "up", "--data-dir", str(data_dir), *options]


def environ(**extra: str) -> dict[str, str]:
    """Our environment, with the project importable."""
    return os.environ | {"PYTHONPATH": str(ROOT)} | extra


def refusal(arguments: list[str], **extra: str) -> tuple[int, str]:
    """Exit code and error line of an ``up`` that must not start."""
    done = subprocess.run(
        arguments, env=environ(**extra), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("错误")]
    assert len(errors) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.returncode, errors[0]


class Up:
    """A running ``jiegai up``."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            command(data_dir, "--port", "0", "--ui-port", "0", "--json"),
            env=environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.said = json.loads(line)
        self.pids: dict[str, int] = self.said["pids"]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code and what it said meanwhile."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    async def until_restarted(self, name: str) -> dict[str, int]:
        """The process ids once ``name`` has a new one and serves again."""
        assert self.process.stderr is not None
        loop = asyncio.get_running_loop()
        while "已重新启动" not in await loop.run_in_executor(None, self.process.stderr.readline):
            pass
        stack = running_stack(self.data_dir)
        assert stack is not None
        assert stack.pids[name] != self.pids[name]
        return stack.pids


@contextmanager
def running(data_dir: Path) -> Iterator[Up]:
    """An ``up`` that is stopped at the end, if it still runs."""
    up = Up(data_dir)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.stop()


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with spaces and Chinese characters, longer than a socket's path may be."""
    return tmp_path_factory.mktemp("up") / "街 改" / ("很长的目录名" * 10) / "数据"


@pytest.fixture(scope="module")
def up(awkward) -> Iterator[Up]:
    """One ``up`` for the tests that leave it running."""
    with running(awkward) as started:
        yield started


async def test_it_starts_on_an_awkward_path_and_says_where_it_is(awkward, up):
    """Spaces, Chinese characters and a path over 107 bytes are no obstacle."""
    client = await connect(Settings(data_dir=awkward))

    assert len(bytes(awkward)) > 107
    assert set(up.pids) == set(PARTS)
    assert client.service_client.config.target_host == up.said["address"]
    assert client.namespace == "jiegai"


async def test_a_second_up_on_the_same_directory_is_refused(awkward, up):
    """Two supervisors would fight over one database; the sentence names the first."""
    code, line = refusal(command(awkward, "--port", "0", "--ui-port", "0"))

    assert code == 2
    assert line.startswith("错误[STACK_RUNNING]")
    assert str(up.process.pid) in line


async def test_a_part_that_is_killed_comes_back(awkward, up):
    """With kill -9 of the server, the database or the worker: each is started again by itself."""
    for name in PARTS:
        os.kill(up.pids[name], signal.SIGKILL)
        up.pids = await up.until_restarted(name)

    client = await connect(Settings(data_dir=awkward))
    assert await client.service_client.check_health()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_in_order_and_leaves_nothing_running(tmp_path, number):
    """Ctrl-C and SIGTERM end with code 0, the database last and properly closed."""
    with running(tmp_path) as started:
        code, _ = started.stop(number)

    assert code == 0
    assert [name for name, pid in started.pids.items() if psutil.pid_exists(pid)] == []
    assert running_stack(tmp_path) is None
    log = (tmp_path / "logs" / "postgres.log").read_text("utf-8").splitlines()
    assert log[-1].endswith("database system is shut down")


@pytest.mark.parametrize("everything", [True, False], ids=["everything", "supervisor only"])
async def test_after_kill_9_the_next_up_goes_on_where_it_was(tmp_path, everything):
    """What Temporal and PostgreSQL had acknowledged before a kill -9 is there after it."""
    data_dir = tmp_path / "街 改"
    with running(data_dir) as up:
        client = await connect(Settings(data_dir=data_dir))
        await client.start_workflow("Nobody", id="某街道/三定", task_queue="nowhere")
        connection = await asyncpg.connect(database_url(data_dir, up))
        await connection.execute("CREATE TABLE kept AS SELECT '已办' AS word")
        connection.terminate()
        victims = [up.process.pid, *(up.pids.values() if everything else ())]
        orphans = [psutil.Process(pid) for pid in up.pids.values()]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        up.process.communicate()

    with running(data_dir) as up:
        assert [process.pid for process in orphans if process.is_running()] == []
        client = await connect(Settings(data_dir=data_dir))
        described = await client.get_workflow_handle("某街道/三定").describe()
        connection = await asyncpg.connect(database_url(data_dir, up))
        word = await connection.fetchval("SELECT word FROM kept")
        await connection.close()

    assert described.status is not None
    assert described.status.name == "RUNNING"
    assert word == "已办"


def database_url(data_dir: Path, up: Up) -> str:
    """The registers' database of a running stack."""
    password = (data_dir / "postgres-password").read_text("ascii")
    arguments = psutil.Process(up.pids["postgres"]).cmdline()
    port = arguments[arguments.index("-p") + 1]
    return f"postgresql://jiegai:{password}@127.0.0.1:{port}/jiegai"


@pytest.mark.parametrize("option", ["--port", "--ui-port"])
def test_a_busy_port_is_one_sentence_naming_the_option(tmp_path, option):
    """The person learns which port and which option, and nothing is left running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        other = "--ui-port" if option == "--port" else "--port"
        code, line = refusal(command(tmp_path, option, str(port), other, "0"))

    assert code == 2
    assert line == (
        f"错误[PORT_BUSY] 端口 {port} 已被占用，请用 {option} 换一个（0 表示自动选择）。"
    )


@pytest.mark.parametrize(
    "url,expected",
    [
        ("mysql://u:p@h/d", (2, "错误[DATABASE_URL]")),
        ("postgresql://u:secret@127.0.0.1:9/d", (4, "错误[DATABASE_UNREACHABLE]")),
        ("postgresql://u:secret@127.0.0.1:port/d", (4, "错误[DATABASE_UNREACHABLE]")),
    ],
)
def test_a_wrong_database_url_is_one_sentence_without_the_password(tmp_path, url, expected):
    """A wrong scheme is bad input; a database that does not answer is unreachable."""
    code, line = refusal(
        command(tmp_path, "--port", "0", "--ui-port", "0"), JIEGAI_DATABASE_URL=url
    )

    assert (code, line.split(" ")[0]) == expected
    assert "secret" not in line


async def test_a_session_stack_serves_both_namespaces(stack):
    """The fixture that other tests stand on: retention and search attributes are set."""
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

    client = await connect(stack.settings)
    days = {}
    for name in ("jiegai", "jiegai-desk"):
        found = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=name)
        )
        days[name] = found.config.workflow_execution_retention_ttl.seconds // 86_400
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace="jiegai")
    )

    assert days == {"jiegai": 1095, "jiegai-desk": 1}
    assert {"Rollout", "OpenSteps", "NextDue"} <= set(listed.custom_attributes)

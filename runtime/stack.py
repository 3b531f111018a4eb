"""The embedded stack: Temporal, PostgreSQL, migrations and the worker under one supervisor.

Everything lives below one data directory. The order of starting is the order of need; the order
of stopping is its reverse, so that the worker can still report what it finished:

    lock → leftovers → PostgreSQL ∥ Temporal → migrations ∥ namespaces → worker
    worker (up to 30 s) → Temporal → PostgreSQL → lock

It is for trying, rehearsing and small pilots; a real rollout runs on ``docker-compose.yml``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self

from runtime.connect import connect
from runtime.failure import StackFailure, why
from runtime.leftovers import end_leftovers
from runtime.part import SECRET_KEY, Part, Program, child_environ
from runtime.postgres import EmbeddedPostgres, check_database
from runtime.provision import Provision, provision
from runtime.seal import ensure_key_file, written_key
from runtime.settings import Settings
from runtime.stackfile import STACK_FILE, StackFile, take_lock
from runtime.temporal_server import HOST, EmbeddedTemporal

WORKER_READY = "READY"
"""The line that the worker prints once it polls."""
WORKER_STOP_SECONDS = 35.0
"""Its own graceful shutdown takes up to 30."""

_ROOT = Path(__file__).resolve().parent.parent


@dataclass
class EmbeddedStack:
    """A stack on ``settings.data_dir``; use it as ``async with EmbeddedStack(...) as stack``.

    Attributes:
        settings: ports (0 takes a free one), data directory, an own database's URL.
        wanted: namespaces and search attributes to set up.
        with_worker: False starts the servers alone.
        on_event: hears one Chinese sentence per step and per restart.
        address, ui_url, database_url: known once ``start`` returned.
    """

    settings: Settings
    wanted: Provision
    with_worker: bool = True
    on_event: Callable[[str], None] = lambda _sentence: None
    address: str = ""
    ui_url: str = ""
    database_url: str = ""
    _parts: list[Part] = field(default_factory=list)
    _lock: IO[str] | None = None
    _started_at: str = ""
    _ready: bool = False

    async def __aenter__(self) -> Self:
        """This will start the stack."""
        await self.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """This will stop the stack."""
        await self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the running parts, by name."""
        return {part.program.name: part.pid for part in self._parts if part.pid is not None}

    async def start(self) -> None:
        """This will bring everything up and return once the worker polls.

        Raises:
            StackFailure: one sentence on what is in the way; whatever had started is stopped.
            ServiceUnavailable: ``JIEGAI_DATABASE_URL`` cannot be used.
        """
        data_dir = self._prepare_folder()
        self._lock = take_lock(data_dir)
        try:
            ensure_key_file(data_dir)
            await self._start_parts(data_dir)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """This will stop the parts, last started first; stopping twice does nothing."""
        self._ready = False
        while self._parts:
            part = self._parts[-1]
            await part.stop()
            self._parts.remove(part)
        if self._lock is not None:
            (self.settings.data_dir / STACK_FILE).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    async def until_broken(self) -> None:
        """This will return only when a part cannot be kept alive.

        Raises:
            StackFailure: PART_FAILED, always.
        """
        waits = [asyncio.create_task(part.given_up.wait()) for part in self._parts]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        raise StackFailure(
            f"有服务反复退出，已停止全部服务，详见 {self.settings.data_dir / 'logs'}。",
            code="PART_FAILED",
        )

    def _prepare_folder(self) -> Path:
        data_dir = self.settings.data_dir
        try:
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            (data_dir / "logs").mkdir(exist_ok=True)
        except OSError as error:
            raise StackFailure(
                f"数据目录 {data_dir} 不能写：{why(error)}。", code="DATA_DIR"
            ) from error
        return data_dir

    async def _start_parts(self, data_dir: Path) -> None:
        settings = self.settings
        database = EmbeddedPostgres(data_dir=data_dir, port=free_port())
        ended = await asyncio.to_thread(
            end_leftovers, data_dir, database.cluster, database.recorded_pid()
        )
        if ended:
            self.on_event(f"清理了上次异常退出留下的 {len(ended)} 个进程。")
        database.forget_recorded_pid()
        temporal = EmbeddedTemporal(
            data_dir=data_dir,
            port=claim_port(settings.port, "--port"),
            ui_port=claim_port(settings.ui_port, "--ui-port"),
            provision=self.wanted,
        )
        self.address, self.ui_url = temporal.address, temporal.ui_url
        self.database_url = settings.database_url or database.url
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._write_file()
        async with _together() as both:
            both.create_task(self._start_database(database))
            both.create_task(self._start_temporal(temporal))
        if self.with_worker:
            await self._start_part(self._worker())
        self._ready = True
        self._write_file()

    async def _start_database(self, database: EmbeddedPostgres) -> None:
        if self.settings.database_url is not None:
            await check_database(self.settings.database_url)
        else:
            await database.initialise()
            await self._start_part(database.program())
            await database.create_database()
        await self._migrate()

    async def _start_temporal(self, temporal: EmbeddedTemporal) -> None:
        await self._start_part(temporal.program())
        client = await connect(self.settings, environ={"TEMPORAL_ADDRESS": temporal.address})
        await provision(client, self.wanted)

    async def _migrate(self) -> None:
        log = self.settings.data_dir / "logs" / "migrate.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *_python("storage"),
                env=self._environ(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            code = await process.wait()
        if code != 0:
            raise StackFailure(f"数据库结构升级失败，详见 {log}。", code="MIGRATION_FAILED")

    def _worker(self) -> Program:
        # Without one of the settings' it reads the data directory's.
        key = self.settings.secret_key
        handed = {SECRET_KEY: written_key(key)} if key is not None else {}
        return Program(
            name="worker",
            title="执行程序",
            argv=_python("worker"),
            environ=self._environ() | handed,
            log=self.settings.data_dir / "logs" / "worker-output.log",
            ready_line=WORKER_READY,
            stop_seconds=WORKER_STOP_SECONDS,
        )

    def _environ(self) -> dict[str, str]:
        settings = self.settings
        return child_environ(
            settings.data_dir,
            {
                "JIEGAI_DATA_DIR": str(settings.data_dir),
                "JIEGAI_DATABASE_URL": self.database_url,
                "JIEGAI_NAMESPACE": settings.namespace,
                "JIEGAI_DESK_NAMESPACE": settings.desk_namespace,
                "JIEGAI_LOG_LEVEL": settings.log_level,
                "JIEGAI_EVIDENCE_LIMIT_MB": str(settings.evidence_limit_mb),
                "JIEGAI_LOG_FILE": str(settings.data_dir / "logs" / "worker.log"),
                "TEMPORAL_ADDRESS": self.address,
                # The parts run the same code as the supervisor, wherever it was started.
                "PYTHONPATH": str(_ROOT),
                "PYTHONUNBUFFERED": "1",
            },
        )

    async def _start_part(self, program: Program) -> None:
        part = Part(program=program, on_event=self.on_event, on_pid=self._write_file)
        self._parts.append(part)
        await part.start()

    def _write_file(self) -> None:
        if self._lock is None:
            return
        StackFile(
            address=self.address,
            ui_url=self.ui_url,
            supervisor=os.getpid(),
            started_at=self._started_at,
            ready=self._ready,
            pids=self.pids,
        ).write(self.settings.data_dir)


def free_port() -> int:
    """This will name a port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def claim_port(port: int, option: str) -> int:
    """This will return ``port``, or a free one for 0.

    Raises:
        StackFailure: PORT_BUSY, PORT_FORBIDDEN.
    """
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise StackFailure(
                f"没有权限使用端口 {port}，请用 {option} 换一个。", code="PORT_FORBIDDEN"
            ) from error
        except OSError as error:
            raise StackFailure(
                f"端口 {port} 已被占用，请用 {option} 换一个（0 表示自动选择）。", code="PORT_BUSY"
            ) from error
    return port


def _python(module: str) -> Sequence[str]:
    # -P: a file of the same name in the current directory must not be taken for ours.
    return [sys.executable, "-P", "-m", module]


@contextlib.asynccontextmanager
async def _together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises the first failure itself, not a group of one."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None

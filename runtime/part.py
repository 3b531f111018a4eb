"""One program of the embedded stack: started, awaited, restarted when it dies, stopped.

A part that dies is started again at once, then after growing pauses; one that cannot stay up is
given up, and the stack with it. Output goes to a log file of the data directory.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from runtime import tether
from runtime.failure import StackFailure

PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0)
"""Seconds before each restart in a row; after the last one the part is given up."""
SETTLED_SECONDS = 60.0
"""A part that ran this long starts a new row."""
POLL_SECONDS = 0.03
_LOG_BYTES = 20_000_000

SECRET_KEY = "JIEGAI_SECRET_KEY"  # noqa: S105 - the variable, not its value
"""The setting that only the worker is handed."""

STACK_MARK = "JIEGAI_STACK"
"""Environment variable of every part: the data directory it belongs to."""


@dataclass(frozen=True, kw_only=True)
class RunAs:
    """Another user for a part: ids, and whether it may pass folders that only root may enter."""

    uid: int
    gid: int
    capable: bool


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run and how to know that it serves.

    Attributes:
        name: the key in ``stack.json``: temporal, postgres, worker.
        title: what people read.
        argv: the program and its arguments.
        environ: the whole environment.
        log: its output is appended here; a log over 20 MB is put aside at the start.
        is_ready: asked with the process id until it says yes.
        ready_line: when not empty, the part serves once it printed this line, and ``is_ready``
            is not asked.
        start_seconds: how long it may take to serve.
        stop_signal: asks it to end; SIGKILL follows after ``stop_seconds``.
        orphan_signal: what the kernel sends when the supervisor is killed.
    """

    name: str
    title: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    is_ready: Callable[[int], Awaitable[bool]] | None = None
    ready_line: str = ""
    start_seconds: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    orphan_signal: signal.Signals = signal.SIGTERM
    run_as: RunAs | None = None


@dataclass
class Part:
    """A program under supervision. ``on_event`` hears Chinese sentences about restarts."""

    program: Program
    on_event: Callable[[str], None]
    on_pid: Callable[[], None] = lambda: None
    pid: int | None = None
    given_up: asyncio.Event = field(default_factory=asyncio.Event)
    _process: asyncio.subprocess.Process | None = None
    _watch: asyncio.Task[None] | None = None
    _drain: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """This will start the program, return once it serves, and watch it from then on.

        Raises:
            StackFailure: PART_FAILED, it ended or did not serve in time.
        """
        await self._spawn()
        self._watch = asyncio.create_task(self._keep_alive(), name=f"watch {self.program.name}")

    async def stop(self) -> None:
        """This will end the program and wait until it is gone; stopping twice does nothing."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        self.given_up.clear()
        process, self._process, self.pid = self._process, None, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.program.stop_seconds)
        except TimeoutError:
            self.on_event(f"{self.program.title}没有按时退出，强制结束。")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._drain is not None:
            await self._drain

    async def _spawn(self) -> None:
        program = self.program
        with _open_log(program.log) as log:
            process = await asyncio.create_subprocess_exec(
                *tethered(program),
                env=dict(program.environ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if program.ready_line else log,
                stderr=log,
                # Ctrl-C in the terminal must reach only the supervisor, which stops in order.
                start_new_session=True,
            )
        self._process, self.pid = process, process.pid
        self.on_pid()
        try:
            await asyncio.wait_for(self._serving(process), program.start_seconds)
        except TimeoutError:
            raise StackFailure(
                f"{program.title}在 {program.start_seconds:.0f} 秒内没有就绪，详见 {program.log}。",
                code="PART_FAILED",
            ) from None

    async def _serving(self, process: asyncio.subprocess.Process) -> None:
        if self.program.ready_line:
            if await self._read_until_ready(process):
                return
        elif self.program.is_ready is not None:
            while process.returncode is None:
                if await self.program.is_ready(process.pid):
                    return
                await asyncio.sleep(POLL_SECONDS)
        code = await process.wait()
        raise StackFailure(
            f"{self.program.title}启动失败（退出码 {code}），详见 {self.program.log}。",
            code="PART_FAILED",
        )

    async def _read_until_ready(self, process: asyncio.subprocess.Process) -> bool:
        assert process.stdout is not None  # noqa: S101  asked for above
        async for line in process.stdout:
            if line.decode("utf-8", "replace").strip() == self.program.ready_line:
                self._drain = asyncio.create_task(self._copy_to_log(process.stdout))
                return True
        return False

    async def _copy_to_log(self, output: asyncio.StreamReader) -> None:
        # An unread pipe would fill up and stop the program at its next print.
        with _open_log(self.program.log) as log:
            async for line in output:
                log.write(line)
                log.flush()

    async def _keep_alive(self) -> None:
        attempt, started = 0, time.monotonic()
        while self._process is not None:
            code = await self._process.wait()
            if time.monotonic() - started > SETTLED_SECONDS:
                attempt = 0
            if attempt >= len(PAUSES):
                self.on_event(f"{self.program.title}反复退出，不再重启，详见 {self.program.log}。")
                self.given_up.set()
                return
            self.on_event(f"{self.program.title}意外退出（{_why(code)}），正在重新启动。")
            await asyncio.sleep(PAUSES[attempt])
            attempt, started = attempt + 1, time.monotonic()
            try:
                await self._spawn()
            except StackFailure:
                await self._end_quietly()
            else:
                self.on_event(f"{self.program.title}已重新启动。")

    async def _end_quietly(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def child_environ(data_dir: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """This will give a part's environment: ours without Temporal's variables, marked, plus extra.

    The user's TEMPORAL_* may point at another deployment; the parts belong to this one. Nor does
    every part get the key of personal data.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TEMPORAL_") and name != SECRET_KEY
    }
    return kept | {STACK_MARK: str(data_dir)} | dict(extra)


def tethered(program: Program) -> list[str]:
    """This will give the command that runs a program as its user, ended with its parent."""
    ids = ("-", "-", "0")
    if program.run_as is not None:
        ids = (
            str(program.run_as.uid),
            str(program.run_as.gid),
            "1" if program.run_as.capable else "0",
        )
    orphan = str(int(program.orphan_signal))
    return [sys.executable, "-I", "-S", tether.__file__, orphan, *ids, "--", *program.argv]


def _open_log(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _why(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"信号 {signal.Signals(-code).name}"
    return f"退出码 {code}"

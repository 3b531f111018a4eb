"""``stack.json``: what a running embedded stack tells the commands of the same data directory.

Whether a stack runs is decided by the lock that its supervisor holds, not by the file: the file
of a killed stack stays behind, and its port may belong to somebody else by then.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from runtime.failure import StackFailure

STACK_FILE = "stack.json"
LOCK_FILE = "stack.lock"


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A running stack as its data directory describes it.

    Attributes:
        address: Temporal's ``host:port``.
        ui_url: the Web UI, without a slash at the end.
        supervisor: process id of ``jiegai up``.
        started_at: ISO instant, UTC.
        ready: False while it is still starting.
        pids: process ids of the parts, by name.
    """

    address: str
    ui_url: str
    supervisor: int
    started_at: str
    ready: bool = False
    pids: dict[str, int] = field(default_factory=dict)

    def write(self, data_dir: Path) -> None:
        """This will replace the file in one step, so that a reader never sees half of it."""
        target = data_dir / STACK_FILE
        draft = target.with_suffix(".json.new")
        draft.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2), "utf-8")
        draft.replace(target)


def running_stack(data_dir: Path) -> StackFile | None:
    """This will describe the stack that runs on ``data_dir``, or return None when none does."""
    try:
        text = (data_dir / STACK_FILE).read_text("utf-8")
        if not _is_locked(data_dir):
            return None
        return StackFile(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None


def take_lock(data_dir: Path) -> IO[str]:
    """This will claim ``data_dir`` for one supervisor until the returned file is closed.

    Raises:
        StackFailure: STACK_RUNNING, another supervisor has it.
    """
    lock = (data_dir / LOCK_FILE).open("a+", encoding="utf-8")
    if not _claim(lock):
        lock.seek(0)
        holder = lock.read().strip()
        lock.close()
        raise StackFailure(
            f"数据目录 {data_dir} 上已有一套服务在运行（进程 {holder or '未知'}），不再启动第二套。",
            code="STACK_RUNNING",
        )
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _claim(lock: IO[str]) -> bool:
    # A command that looks whether a stack runs holds the lock for a moment, shared.
    for _ in range(5):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def _is_locked(data_dir: Path) -> bool:
    with (data_dir / LOCK_FILE).open("r", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False

"""Programs that a killed supervisor left behind, found by their mark and ended.

On Linux the kernel ends them with the supervisor (see ``tether``); elsewhere, or when one hangs
in its shutdown, the next ``up`` finds it here. A process id alone proves nothing, since ids come
again: a part is known by the data directory in its environment, PostgreSQL by its folder.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.part import STACK_MARK

if TYPE_CHECKING:
    import psutil

PATIENCE_SECONDS = 10.0


def end_leftovers(data_dir: Path, cluster: Path, recorded_pid: int | None) -> list[int]:
    """This will end every program that belongs to ``data_dir`` and return their ids.

    Only for the holder of the data directory's lock: nobody else's parts can be running then.
    """
    import psutil

    ended = []
    found = list(_marked(data_dir))
    postmaster = _postmaster(cluster, recorded_pid)
    if postmaster is not None and postmaster not in found:
        found.append(postmaster)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
            ended.append(process.pid)
    _, stubborn = psutil.wait_procs(found, timeout=PATIENCE_SECONDS)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=PATIENCE_SECONDS)
    return ended


def _marked(data_dir: Path) -> Iterator[psutil.Process]:
    import psutil

    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        # Other users' processes, and those that end meanwhile, cannot be read.
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(STACK_MARK) == str(data_dir):
                yield process


def _postmaster(cluster: Path, pid: int | None) -> psutil.Process | None:
    import psutil

    if pid is None:
        return None
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if process.name() == "postgres" and Path(process.cwd()) == cluster.resolve():
            return process
    return None

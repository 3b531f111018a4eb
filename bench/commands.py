"""How long a person waits for a command, beside what the same machine needs at least.

Every round runs each command once, so that a busy moment meets all of them; ratios are medians of
the rounds' own ratios.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.live import ROOT, Up, environ, jiegai
from runtime.temporal_server import executable

IMPORT = 'python -c "import temporalio.client"'
TEMPORAL = "temporal workflow list"
ROLLOUT = "乌海2019"


@dataclass(frozen=True)
class Waits:
    """Seconds of every round, by command."""

    rounds: Mapping[str, Sequence[float]]

    def median(self, command: str) -> float:
        """The command's median wait."""
        return statistics.median(self.rounds[command])

    def ratio(self, command: str, other: str) -> float:
        """How many times longer than the other command, in the same round."""
        pairs = zip(self.rounds[command], self.rounds[other], strict=True)
        return statistics.median(a / b for a, b in pairs)


def waits(up: Up, data_dir: Path, rounds: int) -> Waits:
    """This will start 乌海2019 on the running stack and time the commands against it."""
    own = environ(data_dir)
    start = [*jiegai(), "rollout", "start", str(ROOT / "plans" / f"{ROLLOUT}.yaml")]
    _run([*start, "--as", "乌海市协调员甲"], own)
    temporal = [str(executable()), "workflow", "list", "--namespace", "jiegai"]
    temporal += ["--address", up.address, "--limit", "20"]
    commands = {
        "jiegai --help": [*jiegai(), "--help"],
        IMPORT: [sys.executable, "-c", "import temporalio.client"],
        "jiegai inbox": [*jiegai(), "inbox"],
        f"jiegai board {ROLLOUT}": [*jiegai(), "board", ROLLOUT],
        TEMPORAL: temporal,
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        # The first time fills the file cache; it is nobody's usual wait.
        _run(command, own)
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(_run(command, own))
    return Waits(found)


def _run(command: Sequence[str], own: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    done = subprocess.run(command, env=own, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return time.perf_counter() - begun

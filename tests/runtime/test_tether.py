"""A tethered program ends with its parent, and as another user passes only where it must."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import psutil
import pytest

from runtime import tether

TETHER = [sys.executable, "-I", "-S", tether.__file__]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_program_dies_with_a_parent_that_was_killed():
    """Nothing the supervisor started outlives a kill -9 of it."""
    parent = textwrap.dedent(
        f"""
        import subprocess, sys
        child = subprocess.Popen({TETHER!r} + ["9", "-", "-", "0", "--", "/bin/cat"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child.stdin.write(b"up\\n"); child.stdin.flush(); child.stdout.readline()
        print(child.pid, flush=True)
        sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        process.kill()

    assert child.wait(timeout=10) is None


@as_root
@pytest.mark.parametrize("capable,expected", [("1", "65534 found\n"), ("0", "65534\n")])
def test_another_user_enters_a_closed_folder_only_when_capable(tmp_path, capable, expected):
    """A checkout below /root works, and without need no capability is kept."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.touch(mode=0o755)
    script = f'printf %s "$(id -u)"; test -x "{program}" && printf " found"; echo'

    done = subprocess.run(
        [*TETHER, "9", "65534", "65534", capable, "--", "/bin/sh", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == expected

"""Starts one program that dies with the process that started it, if need be as another user.

Run as a script: ``python tether.py SIGNAL UID GID CAPABLE -- PROGRAM ARGUMENT…``. It asks the
kernel for SIGNAL when the parent ends (Linux only), changes to UID and GID (``-`` keeps them),
and becomes PROGRAM. A kill -9 of the supervisor therefore leaves no server behind that would
hold ports and files.

PostgreSQL refuses to run as root, so a root user's server runs as ``nobody``. CAPABLE ``1``
lets it pass through folders that only root may enter (a home, a checkout below /root): it keeps
the one capability CAP_DAC_OVERRIDE, which is less than root had. Standard library only; it must
start in milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    """This will become the program; it returns only by an exception."""
    signal_number, uid, gid, capable, _, *program = arguments
    parent = os.getppid()
    if uid != "-":
        _become(int(uid), int(gid), capable == "1")
    if sys.platform == "linux":
        # After the change of user, which clears it.
        _libc().prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606  the point of this file


def _become(uid: int, gid: int, capable: bool) -> None:
    if capable:
        _libc().prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        # Without it access(2), with which initdb looks for its neighbours, ignores capabilities.
        _libc().prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if capable:
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        bit = 1 << _CAP_DAC_OVERRIDE
        # effective, permitted, inheritable of capabilities 0–31, then of 32–63
        wanted = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        if _libc().capset(header, wanted) != 0:
            sys.exit("tether: capset refused")
        _libc().prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main(sys.argv[1:])

"""A site whose commands are typed in the test's own process, for tests that are not about starting.

A command that starts Python and imports the client anew takes a second of processor time; what it
asks, prints and leaves behind is the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import time

import pytest

from starter.main import run
from tests.acceptance.site import Said, Site


class TypedSite(Site):
    """One command after the other: they share this process's standard output."""

    async def jiegai(self, *argv: str) -> Said:
        """Run a command to its end."""
        began = time.monotonic()
        with (
            pytest.MonkeyPatch.context() as patched,
            contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")) as out,
            contextlib.redirect_stderr(io.TextIOWrapper(io.BytesIO(), "utf-8")) as err,
        ):
            patched.setenv("JIEGAI_DATA_DIR", str(self.data_dir))
            # In a thread: this one's event loop is running, and watches over the stack.
            code = await asyncio.to_thread(run, list(argv))
        return Said(code, _written(out), _written(err), time.monotonic() - began)


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()

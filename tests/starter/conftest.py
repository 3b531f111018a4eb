"""The room's fixture: commands typed at the running stack."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from subprocess import CompletedProcess

import pytest

from runtime.stack import EmbeddedStack
from starter.main import run


@pytest.fixture
def jiegai(
    stack: EmbeddedStack,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., CompletedProcess[str]]:
    """Runs one command against the running stack, checks its exit code, and returns what it said.

    In this process, which has imported everything; tests/acceptance starts a process for each.
    """
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(stack.settings.data_dir))

    def typed(*words: str, code: int = 0) -> CompletedProcess[str]:
        capsys.readouterr()
        with ThreadPoolExecutor(1) as aside:  # the test's thread already runs an event loop
            ended = aside.submit(run, list(words)).result()
        said = capsys.readouterr()
        assert code == ended, said.err + said.out
        return CompletedProcess(words, ended, said.out, said.err)

    return typed

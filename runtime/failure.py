"""What can go wrong at the process edge, in one sentence each.

The command line prints these as ``错误[CODE] 一句话``; it knows them by their three attributes
because ``runtime`` may not import ``starter``.

    EdgeFailure
    ├── BadSetting          (SETTING)              2
    ├── StackFailure        (many codes)           2
    └── ServiceUnavailable  (SERVICE_UNREACHABLE)  4
"""

from __future__ import annotations


class EdgeFailure(Exception):
    """Base of the failures a person at the keyboard can do something about.

    ``code`` is stable and upper case, ``sentence`` one Chinese sentence, ``exit_code`` the
    command's exit code.
    """

    code = "EDGE"
    exit_code = 2

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if code is not None:
            self.code = code


class BadSetting(EdgeFailure):
    """Raised for an environment variable that cannot be understood; correct the variable."""

    code = "SETTING"


class StackFailure(EdgeFailure):
    """Raised when the embedded stack cannot start or go on; the sentence says what to change."""

    code = "STACK"


class ServiceUnavailable(EdgeFailure):
    """Raised when Temporal or the database does not answer; start it, or correct the address."""

    code = "SERVICE_UNREACHABLE"
    exit_code = 4

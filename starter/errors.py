"""What a command says when it cannot do what was asked, and with which exit code.

Every command fails with one line on stderr: ``错误[CODE] 一句话``. Codes are stable and upper
case; sentences are Chinese and say, where they can, what to do instead.
"""

from __future__ import annotations

import re
import unicodedata

EXIT_OK = 0
"""Done."""
EXIT_INTERNAL = 1
"""A fault of ours; details are in the log file."""
EXIT_BAD_INPUT = 2
"""The command, an option or a file is wrong; nothing was done."""
EXIT_REFUSED = 3
"""A rule said no; nothing has changed."""
EXIT_UNREACHABLE = 4
"""Temporal or the database does not answer."""
EXIT_INTERRUPTED = 130
"""Ctrl-C."""


class UserError(Exception):
    """Raised when a command ends with a sentence instead of a result.

    Args:
        code: stable, upper case, e.g. ``PLAN_INVALID``.
        sentence: one Chinese sentence without a line break.
        exit_code: one of the ``EXIT_*`` numbers.
    """

    def __init__(self, code: str, sentence: str, exit_code: int = EXIT_BAD_INPUT) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.exit_code = exit_code

    @property
    def line(self) -> str:
        """The one line for stderr."""
        sentence = printable(" ".join(self.sentence.split()))
        return f"错误[{self.code}] {_LONG_QUOTE.sub(_shortened, sentence)}"


_LONG_QUOTE = re.compile(r"“[^“”]{80,}”")
"""What somebody typed, repeated to them: its beginning is enough to know it by."""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that make a terminal show the following text backwards."""


def printable(text: str) -> str:
    r"""This will replace what a terminal would obey instead of show.

    >>> printable("东街\x1b[2J")
    '东街�[2J'
    """
    return "".join(
        "\ufffd" if c in _TURNING or (c not in "\n\t" and unicodedata.category(c) == "Cc") else c
        for c in text
    )


def _shortened(quote: re.Match[str]) -> str:
    return f"{quote[0][:40]}……（共{len(quote[0]) - 2}字）”"

"""What a rule answers when it says no.

An expected refusal is a value with a stable code and one Chinese sentence; a broken
assumption is an exception. Codes are listed in ``docs/errors.md``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A rule's no: nothing has changed.

    ``code`` is stable and upper case (``NOT_YOUR_UNIT``); ``sentence`` is one Chinese
    sentence that says what is wrong and, where it can, what to do instead.
    """

    code: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One error or warning about a file, placed so that its author can find the cell.

    ``sheet``/``row``/``column`` are as the author sees them (row counts from 1, as in a
    spreadsheet; in YAML ``sheet`` is the top-level key and ``row`` the entry's number);
    empty or 0 where the finding is about the whole file. ``is_error`` False is a warning.
    """

    code: str
    sentence: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    is_error: bool = True

    @property
    def place(self) -> str:
        """The place in words, e.g. ``任务!第3行·完成时限``; empty for the whole file."""
        parts = [self.sheet] if self.sheet else []
        where = "·".join(p for p in (f"第{self.row}行" if self.row else "", self.column) if p)
        return "!".join([*parts, where]) if where else "".join(parts)

"""What a sheet asks before any row of it is sent: is the item open, and may this person act?

The answer comes from the read models and decides nothing: the procedure decides once more. It is
there so that a sheet with a wrong row is refused as a whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from temporalio import activity

from domain.precheck import Asked

MOST_ROWS: Final = 1_000
"""Rows of one question; about 300 bytes each."""


@dataclass(frozen=True, kw_only=True)
class RowAsked:
    """One row that would be sent.

    ``follows`` says that an earlier row answers an open step of the same procedure, so that what
    is open now tells nothing about this one.
    """

    asked: Asked
    action_id: str
    follows: bool = False


@dataclass(frozen=True, kw_only=True)
class RowsQuestion:
    """Rows to look at before they are sent, at most ``MOST_ROWS``."""

    now: datetime
    rows: tuple[RowAsked, ...]


@dataclass(frozen=True, kw_only=True)
class RowForeseen:
    """What is known of a row: done before under its id, or why it would be refused.

    ``confirmed``: what was done is in the procedure's history, whatever it remembers. ``refused``
    counts how often the log has refused it under its id.
    """

    code: str = ""
    sentence: str = ""
    column: str = ""
    done: bool = False
    confirmed: bool = False
    refused: int = 0


@dataclass(frozen=True, kw_only=True)
class RowsForeseen:
    """One answer to each row, in order."""

    rows: tuple[RowForeseen, ...]


class Precheck(ABC):
    """Looks at rows of a sheet before they are sent."""

    @activity.defn(name="precheck_rows")
    @abstractmethod
    async def rows(self, question: RowsQuestion) -> RowsForeseen:
        """This will say of each row whether it is done, open, or would be refused."""

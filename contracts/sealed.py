"""Personal data on its way: sealed in the command, opened in the worker, and the other way round.

Temporal keeps what passes through it; names and identity numbers pass sealed. What a content is
for is bound to it, so that a piece taken from one place does not open at another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from temporalio import activity

MOST_PIECE: Final = 400_000
"""Characters of one sealed piece."""

PIECE_BYTES: Final = 290_000
"""Bytes before sealing: base64 makes four characters of three bytes."""

KEY_MISSING: Final = "SECRET_KEY_MISSING"
KEY_DIFFERS: Final = "SECRET_KEY_DIFFERS"


class Sealing(Protocol):
    """What seals and opens; runtime.seal has the one that does."""

    def seal(self, content: bytes, purpose: str) -> str:
        """This will seal a content for a purpose."""
        ...

    def open(self, text: str, purpose: str) -> bytes | None:
        """This will open it; None under another key or purpose, or if it was changed."""
        ...

    def blind(self, content: bytes, purpose: str) -> str:
        """This will return a keyed fingerprint in hex."""
        ...


def piece_purpose(rollout: str, upload: str, place: int) -> str:
    """The purpose of one piece of an upload."""
    return f"上传/{rollout}/{upload}/{place}"


def page_purpose(rollout: str, asked: str) -> str:
    """The purpose of an answer about persons; ``asked`` is the question's own token."""
    return f"人员/{rollout}/{asked}"


@dataclass(frozen=True, kw_only=True)
class SealedPieceSent:
    """One piece of a sheet. ``upload`` is a random token of the command."""

    rollout: str
    person: str
    upload: str
    place: int
    content: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class SealedPieceTaken:
    """The piece is there, or why not."""

    code: str = ""
    sentence: str = ""


class SealedDesk(ABC):
    """Where sheets with personal data are taken in (queue ``bulk``)."""

    @activity.defn(name="take_sealed_piece")
    @abstractmethod
    async def take(self, piece: SealedPieceSent) -> SealedPieceTaken:
        """This will keep a sealed piece until its sheet is imported, a day at most."""

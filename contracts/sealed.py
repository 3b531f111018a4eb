"""Personal data on its way: sealed in the command, opened in the worker, and the other way round.

Temporal keeps what passes through it; names and identity numbers pass sealed. What a content is
for is bound to it, so that a piece taken from one place does not open at another.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from temporalio import activity

MOST_PIECE: Final = 400_000
"""Characters of one sealed piece."""

PIECE_BYTES: Final = 290_000
"""Bytes before sealing: base64 makes four characters of three bytes."""

MOST_UNPACKED: Final = 64_000_000
"""Bytes of a whole sheet; more is no sheet that anybody filled in."""


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

    def address(self) -> str:
        """This will return the address to which anybody may seal what only this one opens."""
        ...

    def letter(self, content: bytes, purpose: str, address: str) -> str:
        """This will seal a content that only the owner of an address opens."""
        ...


def packed(content: bytes) -> tuple[bytes, ...]:
    """This will compress a content and cut it into pieces."""
    whole = zlib.compress(content)
    return tuple(whole[at : at + PIECE_BYTES] for at in range(0, len(whole), PIECE_BYTES))


def unpacked(pieces: Iterable[bytes]) -> bytes | None:
    """This will join and expand pieces; None if they are no packed content, or far too big."""
    opener = zlib.decompressobj()
    try:
        content = opener.decompress(b"".join(pieces), MOST_UNPACKED)
    except zlib.error:
        return None
    return content if opener.eof else None


def piece_purpose(rollout: str, upload: str, place: int) -> str:
    """The purpose of one piece of an upload."""
    return f"上传/{rollout}/{upload}/{place}"


def page_purpose(rollout: str, asked: str) -> str:
    """The purpose of an answer about persons; ``asked`` is the question's own token."""
    return f"人员/{rollout}/{asked}"


def texts_purpose(rollout: str, asked: str) -> str:
    """The purpose of texts that are looked through; ``asked`` is the question's own token."""
    return f"文字/{rollout}/{asked}"


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


MOST_TEXT_BYTES: Final = 200_000
"""Bytes of the texts of one question."""

MOST_FOUND: Final = 200
"""Names of one answer."""


@dataclass(frozen=True, kw_only=True)
class AddressQuestion:
    """Whether the texts of a rollout have to be looked through, and to whom they are sealed."""

    rollout: str


@dataclass(frozen=True, kw_only=True)
class AddressAnswer:
    """``address`` is empty where the rollout has no register of persons: nothing to look for."""

    address: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class TextsQuestion:
    """``sealed`` opens to a JSON list of texts; ``asked`` is a random token of the command."""

    rollout: str
    asked: str
    sealed: str


@dataclass(frozen=True, kw_only=True)
class NameFound:
    """In the text at ``place`` of the list a name begins with the ``at``-th character."""

    place: int
    at: int


@dataclass(frozen=True, kw_only=True)
class TextsAnswer:
    """Where names of the register stand; never which."""

    found: tuple[NameFound, ...] = ()
    code: str = ""
    sentence: str = ""


class TextDesk(ABC):
    """Looks for names in what people are about to send (queue ``desk``)."""

    @activity.defn(name="address_of_texts")
    @abstractmethod
    async def address(self, question: AddressQuestion) -> AddressAnswer:
        """This will say to whom texts are sealed, if they need to be looked through at all."""

    @activity.defn(name="look_through_texts")
    @abstractmethod
    async def look(self, question: TextsQuestion) -> TextsAnswer:
        """This will find names of persons of the register who hold no post of the directory."""

"""How files of evidence cross the boundary: offered, sent in pieces, kept, listed, fetched.

A file is known by its sha256. Storing is three questions: *offer* (which pieces are missing),
*piece* (any order, any number of times) and *keep* (verify all of it and say for which procedure).
Each can be repeated; what was sent before a cut is not sent again. A file that is there already is
kept for another procedure by whoever proves to have it, or may read it: a fingerprint alone, which
stands in logs, opens nothing. Refusals come back as values.
"""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from temporalio import activity

PIECE_BYTES: Final = 368_640
"""Raw bytes of a piece; in base64 a little less than 500 KB."""


def proof_of(rollout: str, person: str, content: Iterable[bytes]) -> str:
    """This will prove that a person has a file: only who has all of its bytes can make it.

    Bound to rollout and person, so that another's proof seen in passing is worth nothing.
    """
    proof = hmac.new(f"{rollout}\n{person}".encode(), digestmod="sha256")
    for part in content:
        proof.update(part)
    return proof.hexdigest()


@dataclass(frozen=True, kw_only=True)
class EvidenceOffer:
    """A person wants to store a file; ``now`` is the moment of asking."""

    rollout: str
    person: str
    sha256: str
    size: int
    filename: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class EvidenceWanted:
    """What is missing of an offered file; nothing, if it is ``complete``.

    ``missing`` are places of pieces, counted from 0, all of ``piece_size`` raw bytes but the last.
    """

    complete: bool = False
    piece_size: int = PIECE_BYTES
    missing: tuple[int, ...] = ()
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class EvidencePieceSent:
    """One piece; ``content`` is in base64."""

    sha256: str
    place: int
    content: str


@dataclass(frozen=True, kw_only=True)
class EvidencePieceTaken:
    """A piece is there, or why it was not taken."""

    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class EvidenceUse:
    """For what a file is kept: a procedure, and the name of the evidence there.

    ``unit`` is the uploader's; empty means those of the person's units that have to do with the
    procedure, else all of them.
    """

    workflow_id: str
    name: str
    filename: str = ""
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class EvidenceKeeping:
    """Verify an offered file and keep it for procedures of one rollout.

    ``proof`` is ``proof_of`` its content; empty only for a file that the person may read already.
    """

    rollout: str
    person: str
    sha256: str
    proof: str
    uses: tuple[EvidenceUse, ...]
    now: datetime


@dataclass(frozen=True, kw_only=True)
class EvidenceKept:
    """The file is kept; ``created`` False if it was there before. Or why not."""

    created: bool = False
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class EvidenceFetch:
    """One piece of a file that is kept for a procedure; ``now`` is the same for all its pieces."""

    workflow_id: str
    sha256: str
    person: str
    place: int
    now: datetime


@dataclass(frozen=True, kw_only=True)
class EvidenceFetched:
    """A piece in base64 and how many there are, or why it is not given."""

    content: str = ""
    pieces: int = 0
    size: int = 0
    filename: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class EvidenceQuestion:
    """The evidence of one procedure, in the order of its log."""

    workflow_id: str
    page: str = ""
    limit: int = 200


@dataclass(frozen=True, kw_only=True)
class EvidenceLine:
    """One piece of evidence: what it is, who gave it with which action, where the file is.

    ``stored`` tells whether the file can be fetched for this procedure. ``seq`` 0: stored for the
    procedure, but no action has named it yet.
    """

    workflow_id: str
    seq: int
    at: datetime
    step: str
    verb: str
    person: str
    unit: str
    name: str
    doc_no: str = ""
    filename: str = ""
    size: int = 0
    sha256: str = ""
    kept: str = ""
    stored: bool = False


@dataclass(frozen=True, kw_only=True)
class EvidencePage:
    """A page of evidence."""

    lines: tuple[EvidenceLine, ...]
    next_page: str = ""


class EvidenceDesk(ABC):
    """Files of evidence: reads on the queue ``desk``, writes on ``bulk``."""

    @activity.defn(name="offer_evidence")
    @abstractmethod
    async def offer(self, offer: EvidenceOffer) -> EvidenceWanted:
        """This will say which pieces of a file are missing."""

    @activity.defn(name="take_evidence_piece")
    @abstractmethod
    async def take(self, piece: EvidencePieceSent) -> EvidencePieceTaken:
        """This will take one piece of an offered file."""

    @activity.defn(name="keep_evidence")
    @abstractmethod
    async def keep(self, order: EvidenceKeeping) -> EvidenceKept:
        """This will verify a file, refuse a marked one, and note for which procedures it is."""

    @activity.defn(name="fetch_evidence")
    @abstractmethod
    async def fetch(self, question: EvidenceFetch) -> EvidenceFetched:
        """This will give one piece to who may read it, and write down that it was read."""

    @activity.defn(name="list_evidence")
    @abstractmethod
    async def evidence(self, question: EvidenceQuestion) -> EvidencePage:
        """This will list the evidence of a procedure."""

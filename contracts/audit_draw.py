"""A draw across the boundary: what commands read of it, and what proves it afterwards (4-37).

Before the draw nothing is sent but hashes; after it the sample goes only as a letter sealed to the
organiser's key, until the last visit, or the end of the audit, publishes it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import activity

from domain.audit import RunKey
from domain.sampling import Deposit


def sample_purpose(key: RunKey) -> str:
    """What a sealed sample is for."""
    return f"抽样/{key.rollout}/{key.plan}/{key.window}"


@dataclass(frozen=True, kw_only=True)
class DrawQuestion:
    """How the draw of a window stands, asked by a person of the organiser."""

    now: datetime
    key: RunKey
    person: str


@dataclass(frozen=True, kw_only=True)
class DrawAnswer:
    """How a draw stands, as far as the asker may know it: the 督查室 the ``deposit_only``.

    ``letter`` opens to the sample with the organiser's passphrase; ``record`` is the published
    proof as JSON text, empty until it may be published. ``waits_for`` is the public source, and
    ``number_day`` the day whose number counts.
    """

    deposit: Deposit | None = None
    deposit_only: bool = False
    drawn_at: datetime | None = None
    waits_for: str = ""
    number_day: date | None = None
    letter: str = ""
    record: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class PublicNumber:
    """The number of the public source: the draw is made with it, once its time has come."""

    now: datetime
    key: RunKey
    person: str
    number: str


class DrawDesk(ABC):
    """Declares what commands read (queue ``desk``) and order (queue ``bulk``)."""

    @activity.defn(name="read_draw")
    @abstractmethod
    async def read(self, question: DrawQuestion) -> DrawAnswer:
        """This will read a draw; each reading of a sample not yet published is logged."""

    @activity.defn(name="give_public_number")
    @abstractmethod
    async def give(self, order: PublicNumber) -> DrawAnswer:
        """This will make a draw that waits for its public number."""

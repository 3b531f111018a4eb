"""Publishing a calendar: every open procedure below the new version is told, then looked for again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from temporalio import activity


@dataclass(frozen=True, kw_only=True)
class PublicationRequest:
    """A calendar version that is in force; ``told`` counts over continue-as-new."""

    version: int
    told: int = 0
    rounds: int = 0


@dataclass(frozen=True, kw_only=True)
class PublicationResult:
    """How many procedures were told before none was left below the version."""

    told: int
    left: int = 0


@dataclass(frozen=True, kw_only=True)
class BelowQuestion:
    """Open procedures that still count by an older calendar, by id, after ``after``."""

    version: int
    limit: int
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Below:
    """Their workflow ids, at most ``limit``."""

    workflow_ids: tuple[str, ...]


def publication_id(version: int) -> str:
    """The id of the workflow that publishes one version."""
    return f"历法/{version}"


class Publications(ABC):
    """What the publication asks of the read model."""

    @activity.defn(name="procedures_below_calendar")
    @abstractmethod
    async def below(self, question: BelowQuestion) -> Below:
        """This will list open procedures below a calendar version."""

"""A registered plan, read back: what a board, an amendment or an archive writes it out from.

The document is the plan in JSON as the registers keep it, in pages that one payload can hold;
joined in order they are what :class:`domain.plan.Plan` is read from (``starter.plan_copy`` does).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity


@dataclass(frozen=True, kw_only=True)
class PlanQuestion:
    """A rollout's plan; ``version`` 0 is the newest. ``page`` is the ``next_page`` of the last."""

    rollout: str
    version: int = 0
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class PlanPage:
    """A piece of one plan version's document.

    Every page carries what is known of the version; ``newest`` is the highest version there is.
    A later page is of the version of the first, whatever was registered in between. A refusal has
    ``code`` and ``sentence`` and no piece.
    """

    rollout: str
    plan_id: int = 0
    version: int = 0
    newest: int = 0
    content_hash: str = ""
    registered_at: datetime | None = None
    registered_by: str = ""
    piece: str = ""
    next_page: str = ""
    code: str = ""
    sentence: str = ""


class PlanCopies(ABC):
    """Reads of registered plans (queue ``desk``)."""

    @activity.defn(name="read_plan")
    @abstractmethod
    async def read_plan(self, question: PlanQuestion) -> PlanPage:
        """This will return a piece of a plan version's document."""

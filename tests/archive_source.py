"""An archive's source over an office of the tests: activities called directly, histories by client."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from activities.roster import staff
from runtime.settings import Settings
from starter.archive_source import Source
from tests.office import Office


def source_of(office: Office, rollout: str, now: datetime) -> Source:
    """The source of one rollout; the time-skipping server has no standalone activities."""
    able = staff(office.client, office.database, Settings.evidence_limit_mb).desk

    async def ask(declaration: Any, question: Any) -> Any:
        room, name = declaration.__qualname__.split(".")
        who = next(each for each in able if room in {c.__name__ for c in type(each).__mro__})
        return await getattr(who, name)(question)

    return Source(ask, office.client, rollout, now)

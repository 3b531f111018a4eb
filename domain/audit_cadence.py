"""When an arrangement comes round: its windows, on working days only, none silently dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class Window:
    """One coming round.

    ``planned`` is the day as the cadence says it, ``opens_on`` the working day it is moved to,
    ``opens_at`` that day's hour in UTC. ``days`` are the working days of a sample's span, one elsewhere.
    ``until`` is when it can no longer be made up: the next window opens; None for the last.
    """

    label: str
    planned: date
    opens_on: date
    opens_at: datetime
    days: tuple[date, ...]
    until: datetime | None = None

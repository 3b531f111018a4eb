"""When an order came, by the server's clock: that of a computer at a desk may be fast, or set so."""

from __future__ import annotations

from datetime import datetime

from temporalio import activity


def not_after_arrival(said: datetime) -> datetime:
    """This will return the moment that an order says, or its arrival where that was earlier.

    Whoever could say a later one could have what is due tomorrow done, or shown, today. What a
    workflow says is the server's time already.
    """
    return said if activity.info().in_workflow else min(said, arrival())


def arrival() -> datetime:
    """When the server had this order done."""
    return activity.info().current_attempt_scheduled_time

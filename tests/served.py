"""Runs activities as a worker would, at the moment that their orders say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from temporalio.testing import ActivityEnvironment


async def at_its_time(activity: Callable[..., Any], *given: Any) -> Any:
    """Run an activity whose order arrives at the moment that it says."""
    room = ActivityEnvironment()
    said = [getattr(one, name, None) for one in given for name in ("now", "at")]
    now = next((one for one in said if one is not None), room.info.current_attempt_scheduled_time)
    room.info = replace(room.info, current_attempt_scheduled_time=now, workflow_id=None)
    return await room.run(activity, *given)

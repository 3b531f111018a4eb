"""Asking the registers for something that a workflow cannot go on without."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as ActivityTimeoutError

with workflow.unsafe.imports_passed_through():
    from workflows import policies

Question = TypeVar("Question")
Given = TypeVar("Given")

UNANSWERED: Final = (ActivityError, ApplicationError, ActivityTimeoutError)
"""What a local activity raises that could not do its work.

One that failed at once raises its own ApplicationError without anything around it, which would end
the workflow where nobody catches it. One that took too long raises ActivityError, but at a replay
the bare timeout that its marker holds: who does not catch that either replays otherwise, and stands
still for ever.
"""


async def ask_patiently(
    ask: Callable[[Any, Question], Awaitable[Given]], question: Question, what: str
) -> Given:
    """This will ask in a local activity; while the database is away, for as long as it takes.

    ``what`` is what is asked for, in a word or two for the Web UI.
    """
    try:
        return await workflow.execute_local_activity_method(
            ask, question, summary=f"查登记库：{what}", **policies.ASK
        )
    except UNANSWERED:
        return await workflow.execute_activity_method(
            ask, question, summary=f"等待登记库：{what}", **policies.PATIENT
        )

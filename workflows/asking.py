"""Asking the registers for something that a workflow cannot go on without."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from workflows import policies

Question = TypeVar("Question")
Given = TypeVar("Given")

UNANSWERED: Final = (ActivityError, ApplicationError)
"""What a local activity raises that could not do its work.

One that took too long raises ActivityError; one that failed at once, its own ApplicationError
without anything around it, which would end the workflow where nobody catches it.
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

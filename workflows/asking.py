"""Asking the registers for something that a workflow cannot go on without."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from workflows import policies

Question = TypeVar("Question")
Given = TypeVar("Given")


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
    except ActivityError:
        return await workflow.execute_activity_method(
            ask, question, summary=f"等待登记库：{what}", **policies.PATIENT
        )

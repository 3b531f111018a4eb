"""What lies between the steps of a course: done once, and remembered by key, also in a later run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.desk import Item


class Clerk:
    """Keeps in the state what was done between the steps of one procedure."""

    def __init__(self, done: dict[str, str]) -> None:
        self._done = done
        self._at_work = 0

    @property
    def is_at_work(self) -> bool:
        """Whether something that is done once is under way; the next run would do it again."""
        return self._at_work > 0

    def known(self, key: str) -> str:
        """What came of something that was done; empty if it was not."""
        return self._done.get(key, "")

    def note(self, key: str, outcome: str) -> None:
        """This will remember an outcome."""
        self._done[key] = outcome

    async def once(self, key: str, work: Callable[[], Awaitable[str]]) -> str:
        """This will do what lies between two steps once, also across continue-as-new."""
        if key not in self._done:
            self._at_work += 1
            try:
                self._done[key] = await work()
            finally:
                self._at_work -= 1
        return self._done[key]


def paper_of(item: Item, name: str) -> str:
    """The 文号 under which a step was closed; empty if it names none."""
    pieces = (e for answer in item.answers for e in answer.evidence)
    return next((e.doc_no for e in pieces if e.name == name and e.doc_no), "")

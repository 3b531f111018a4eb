"""Two deeper designs of a case as prototypes, for docs/adr/0013.

Both have the rules, the tables and the writes of ``bench.case_textbook``, and the server and worker
settings of the application, so that what differs is the design alone:

- *one write*: a workflow per case as now, but each action is one local activity that asks, decides and
  writes in one transaction (two of ours: one asks, one writes);
- *desk*: a workflow per street owns the street's cases. Actions are Updates of the desk; whatever has
  come in is asked, decided and written together: one local activity and one transaction for all.

A prototype: no idempotency of actions, no escalation ladder, and a desk carries its open cases over
continue-as-new in its input.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from bench.case_textbook import CLOCKS, DISPATCH, ELEMENTS, STEPS, STREET, Done, Opening

QUEUE = "deeper"
ACT = "deeper_act"
LOCAL: dict[str, Any] = {
    "schedule_to_close_timeout": timedelta(seconds=20),
    "retry_policy": RetryPolicy(maximum_interval=timedelta(seconds=2)),
}
MOST_UPDATES = 1_500
"""Updates of one run of a desk; the server refuses the 2,001st."""


@dataclass(frozen=True, kw_only=True)
class CaseState:
    """An open case: what was stated, how far it has come, and when its clocks run out."""

    number: str
    opening: Opening
    department: str = ""
    item_version: int = 0
    place: int = 0
    dues: dict[str, str] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the last step is done."""
        return self.place >= len(STEPS[self.opening.kind])

    @property
    def next_due(self) -> str:
        """When the first of its running clocks runs out; empty if none runs."""
        clocks = {clock for clock, step in CLOCKS[DISPATCH] if step not in self.stopped}
        return min((due for clock, due in self.dues.items() if clock in clocks), default="")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One action on one case, as it goes to the activity."""

    case: CaseState
    done: Done
    at: str


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The case after the action, or why it stays as it is."""

    case: CaseState
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class DeskState:
    """What a desk carries over continue-as-new."""

    cases: tuple[CaseState, ...] = ()


def fault(case: CaseState, done: Done) -> str:
    """What is wrong with an action whatever the registers say; empty if nothing is."""
    steps = STEPS[case.opening.kind]
    if case.ended or steps[case.place][0] != done.step:
        return f"现在不能办理“{done.step}”。"
    missing = [e for e in ELEMENTS if not done.facts.get(e, "").strip()]
    return f"还缺：{'、'.join(missing)}。" if done.step == "回告" and missing else ""


def side(case: CaseState) -> str:
    """The unit whose turn it is."""
    _, which = STEPS[case.opening.kind][case.place]
    return case.opening.street if which == STREET else case.department


@workflow.defn
class OneWriteCase:
    """A workflow per case; an action is one local activity."""

    @workflow.init
    def __init__(self, opening: Opening) -> None:
        self._case = CaseState(number=workflow.info().workflow_id, opening=opening)
        self._lock = asyncio.Lock()

    @workflow.run
    async def run(self, opening: Opening) -> str:  # noqa: ARG002 - as __init__ has it
        """Wait for the end, with one timer for the clock that runs out first."""
        while not self._case.ended:
            due = self._case.next_due
            await _until(due, lambda due=due: self._case.ended or self._case.next_due != due)  # type: ignore[misc]
        await workflow.wait_condition(workflow.all_handlers_finished)
        return "办结"

    @workflow.update
    async def act(self, done: Done) -> str:
        """Answer one action, one at a time."""
        async with self._lock:
            wrong = fault(self._case, done)
            if wrong:
                raise ApplicationError(wrong)
            asked = Asked(case=self._case, done=done, at=workflow.now().isoformat())
            decided: list[Decided] = await workflow.execute_local_activity(
                ACT, [asked], result_type=list[Decided], **LOCAL
            )
            if decided[0].refused:
                raise ApplicationError(decided[0].refused)
            self._case = decided[0].case
        return decided[0].case.number


@workflow.defn
class StreetDesk:
    """A workflow per street that owns its cases and answers what has come in together."""

    @workflow.init
    def __init__(self, state: DeskState) -> None:
        self._cases = {case.number: case for case in state.cases}
        self._waiting: list[tuple[Asked, asyncio.Future[Decided]]] = []
        self._updates = 0

    @workflow.run
    async def run(self, state: DeskState) -> None:  # noqa: ARG002 - as __init__ has it
        """Serve until the run is long, then go on in a new one."""
        while self._updates < MOST_UPDATES:
            due = min(filter(None, (c.next_due for c in self._cases.values())), default="")
            await _until(due, lambda: bool(self._waiting))
            if self._waiting:
                await self._answer()
        while self._waiting or not workflow.all_handlers_finished():
            if self._waiting:
                await self._answer()
            await workflow.wait_condition(
                lambda: bool(self._waiting) or workflow.all_handlers_finished()
            )
        workflow.continue_as_new(DeskState(cases=tuple(self._cases.values())))

    @workflow.update
    async def open(self, opening: Opening, done: Done) -> str:
        """Open a case by its first action."""
        case = CaseState(number=opening.number, opening=opening)
        return await self._ask(case, done)

    @workflow.update
    async def act(self, number: str, done: Done) -> str:
        """Answer an action on one of the desk's cases."""
        case = self._cases.get(number)
        if case is None:
            raise ApplicationError("没有这个案件，或者已经办结。")
        return await self._ask(case, done)

    async def _ask(self, case: CaseState, done: Done) -> str:
        self._updates += 1
        wrong = fault(case, done)
        if wrong:
            raise ApplicationError(wrong)
        answer: asyncio.Future[Decided] = asyncio.get_running_loop().create_future()
        asked = Asked(case=case, done=done, at=workflow.now().isoformat())
        self._waiting.append((asked, answer))
        decided = await answer
        if decided.refused:
            raise ApplicationError(decided.refused)
        return decided.case.number

    async def _answer(self) -> None:
        """Everything that waits, once for each case: ask, decide and write in one go."""
        batch = dict(_first_of_each(self._waiting))
        self._waiting = [one for one in self._waiting if one[0].case.number not in batch]
        answers: list[Decided] = await workflow.execute_local_activity(
            ACT, [asked for asked, _ in batch.values()], result_type=list[Decided], **LOCAL
        )
        for (_, answer), decided in zip(batch.values(), answers, strict=True):
            if not decided.refused and decided.case.ended:
                self._cases.pop(decided.case.number, None)
            elif not decided.refused:
                self._cases[decided.case.number] = decided.case
            answer.set_result(decided)


def _first_of_each(
    waiting: Iterable[tuple[Asked, asyncio.Future[Decided]]],
) -> Iterable[tuple[str, tuple[Asked, asyncio.Future[Decided]]]]:
    seen: set[str] = set()
    for one in waiting:
        number = one[0].case.number
        if number not in seen:
            seen.add(number)
            yield number, one


async def _until(due: str, is_so: Any) -> None:
    """Wait for something, at most until a clock runs out."""
    left = datetime.fromisoformat(due) - workflow.now() if due else None
    try:
        await workflow.wait_condition(is_so, timeout=left)
    except TimeoutError:
        # Late is late: told once here, and the case stays open.
        await workflow.wait_condition(is_so)

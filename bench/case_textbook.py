"""A case as a textbook on Temporal would write it: what ``CaseHandover`` is compared with.

The rules of the happy path are the same, and so are the writes: the person's post and the item in
force are asked of the registers, due times come from the calendar, a reply has its four elements,
and every action leaves a row in the log, the desks and the register. How it is done is what the
guides show: ordinary activities with a timeout, an Update with its validator, a timer for each clock,
dataclasses with the default converter. Nothing else of the application is here: no reminders, no
idempotency, no summaries, no search attributes.

The workflow alone is in this module, since the sandbox imports it anew for every run; its
activities and its worker are in ``bench.case_textbook_worker``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

QUEUE = "textbook"
ELEMENTS = ("办理经过", "办理结果", "办结日期", "承办人")

UPWARD = "上报"
DISPATCH = "派单"
STREET, DEPARTMENT = "street", "department"

STEPS: dict[str, tuple[tuple[str, str], ...]] = {
    UPWARD: (("报告", STREET), ("签收", DEPARTMENT), ("办理", DEPARTMENT)),
    DISPATCH: (("派单", DEPARTMENT), ("签收", STREET), ("回告", STREET), ("确认", DEPARTMENT)),
}
"""What is done in a case of each kind, in order, and by which side."""

CLOCKS: dict[str, tuple[tuple[str, str], ...]] = {
    UPWARD: (("T1", "报告"), ("T2", "签收")),
    DISPATCH: (("签收", "签收"), ("回告", "回告")),
}
"""The two clocks of each kind, and the step that stops each."""

PATIENCE = timedelta(seconds=10)


@dataclass
class Opening:
    """What a person states to open a case."""

    number: str
    kind: str
    title: str
    street: str
    item: str
    person: str
    trigger_at: str


@dataclass
class Done:
    """One action of a person: the step it answers, with the elements of a reply."""

    step: str
    person: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass
class Admission:
    """Admitted with the other side and the due time of each clock, or refused."""

    department: str = ""
    item_version: int = 0
    dues: dict[str, str] = field(default_factory=dict)
    refused: str = ""


@dataclass
class PostQuestion:
    """Does this person hold a post in this unit now?"""

    person: str
    unit: str


@dataclass
class Record:
    """What one action writes: a line of the log, the open step's desk, the case's own row."""

    workflow_id: str
    seq: int
    at: str
    person: str
    unit: str
    step: str
    facts: dict[str, str]
    opening: Opening
    department: str
    item_version: int
    next_step: str
    next_unit: str
    next_due: str
    clocks: dict[str, str]
    status: str


@workflow.defn
class TextbookCase:
    """One case: waits for each step in turn, with a timer for each clock."""

    @workflow.init
    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._admission: Admission | None = None
        self._place = 0
        self._late: list[str] = []
        self._stopped: dict[str, str] = {}

    @workflow.run
    async def run(self, opening: Opening) -> str:
        """Admit the case, watch its clocks, and end when the last step is done."""
        self._admission = await workflow.execute_activity(
            "textbook_admit",
            opening,
            start_to_close_timeout=PATIENCE,
            result_type=Admission,
        )
        if self._admission.refused:
            raise ApplicationError(self._admission.refused, non_retryable=True)
        clocks = [
            asyncio.create_task(self._watch(name, step)) for name, step in CLOCKS[opening.kind]
        ]
        steps = len(STEPS[opening.kind])
        await workflow.wait_condition(lambda: self._place >= steps)
        for clock in clocks:
            await clock
        await workflow.wait_condition(workflow.all_handlers_finished)
        return "办结"

    async def _watch(self, clock: str, step: str) -> None:
        assert self._admission is not None
        due = self._admission.dues.get(clock)
        if due is None:
            return
        left = datetime.fromisoformat(due) - workflow.now()
        if left > timedelta(0):
            try:
                await workflow.wait_condition(lambda: step in self._stopped, timeout=left)
            except TimeoutError:
                self._late.append(clock)
                await workflow.wait_condition(lambda: step in self._stopped)

    @workflow.update
    async def act(self, done: Done) -> str:
        """Answer the step whose turn it is: check the person's post, then write."""
        await workflow.wait_condition(lambda: self._admission is not None)
        assert self._admission is not None
        opening, admission = self._opening, self._admission
        steps = STEPS[opening.kind]
        step, side = steps[self._place]
        unit = opening.street if side == STREET else admission.department
        holds = await workflow.execute_activity(
            "textbook_check_post",
            PostQuestion(done.person, unit),
            start_to_close_timeout=PATIENCE,
            result_type=bool,
        )
        if not holds:
            raise ApplicationError(f"{done.person}在{unit}没有职务。")
        if steps[self._place][0] != step:
            raise ApplicationError(f"“{step}”已经办过。")
        self._place += 1
        self._stopped[step] = workflow.now().isoformat()
        ended = self._place == len(steps)
        following, its_side = ("", "") if ended else steps[self._place]
        await workflow.execute_activity(
            "textbook_write",
            Record(
                workflow_id=workflow.info().workflow_id,
                seq=self._place,
                at=workflow.now().isoformat(),
                person=done.person,
                unit=unit,
                step=step,
                facts=done.facts,
                opening=opening,
                department=admission.department,
                item_version=admission.item_version,
                next_step=following,
                next_unit="" if ended else self._unit(its_side),
                next_due=self._due_of(following),
                clocks=self._stopped,
                status="办结" if ended else "办理中",
            ),
            start_to_close_timeout=PATIENCE,
        )
        return following

    @act.validator
    def check(self, done: Done) -> None:
        """Refuse what is out of turn, and a reply that lacks an element."""
        steps = STEPS[self._opening.kind]
        if self._place >= len(steps) or steps[self._place][0] != done.step:
            raise ApplicationError(f"现在不能办理“{done.step}”。")
        if done.step == "回告":
            missing = [name for name in ELEMENTS if not done.facts.get(name, "").strip()]
            if missing:
                raise ApplicationError(f"还缺：{'、'.join(missing)}。")

    @workflow.query
    def clocks(self) -> dict[str, str]:
        """When each step was done, and which clock ran out before."""
        return {**self._stopped, "late": "、".join(self._late)}

    def _unit(self, side: str) -> str:
        assert self._admission is not None
        return self._opening.street if side == STREET else self._admission.department

    def _due_of(self, step: str) -> str:
        assert self._admission is not None
        names = [clock for clock, stopper in CLOCKS[self._opening.kind] if stopper == step]
        return self._admission.dues.get(names[0], "") if names else ""

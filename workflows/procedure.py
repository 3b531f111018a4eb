"""The base of every procedure: it opens steps at desks and waits for people.

A procedure's ``run`` hands :meth:`carry_out` its stages in the order of the regulation; here are
the walk through them, the one Update ``act``, the signals and the queries. The rest is done by
four companions over one state: ``Inquiry`` asks the registers, ``Casebook`` changes the items,
``Timekeeper`` wakes, ``Scribe`` writes. A procedure never polls and contains no date arithmetic;
nothing is approved because time ran out.

Continue-as-new needs no place marker: every occurrence of a step is remembered by key
(``初审#2``), so the course is walked again from the start and passes at once through what was
already decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from contracts.journal import EntryKind
    from contracts.names import (
        ACT_UPDATE,
        AMENDED_SIGNAL,
        CALENDAR_SIGNAL,
        DEADLINE_QUERY,
        GLANCE_QUERY,
        PROGRESS_QUERY,
        REWRITE_SIGNAL,
        STOP_SIGNAL,
    )
    from contracts.procedure import (
        ActionReply,
        CalendarNote,
        Glance,
        ProcedureRequest,
        ProcedureResult,
        ProcedureState,
        Progress,
        RewriteNote,
        RowAmended,
        StopOrder,
    )
    from contracts.registers import Answer
    from domain.action import Action, Ending
    from domain.deadline import Deadline
    from domain.desk import Item
    from domain.procedure import CLOSING, Verb
    from domain.refusal import Refused
    from domain.submission import malformed
    from workflows import policies
    from workflows.amender import Amender
    from workflows.asking import UNANSWERED
    from workflows.casebook import Casebook
    from workflows.inquiry import Inquiry
    from workflows.refusals import flood_fault
    from workflows.scribe import Scribe
    from workflows.terms import Terms
    from workflows.timekeeper import Timekeeper
    from workflows.view import ProcedureView

Stage = Callable[[], Awaitable[str]]
"""One stage of a course: it returns the step to go back to, empty to go on."""

_COUNTS_ITSELF = 4
"""The edition from which on a run counts its own lines, and is left when nothing is under way."""


class Procedure:
    """A sequence of steps at desks; subclassed by each workflow type."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        self._request = request
        self._state = request.state or ProcedureState(started_at=workflow.now())
        self._terms = Terms(request, self._state)
        self._view = ProcedureView(request, self._state, self._terms)
        self._casebook = Casebook(request, self._state, self._terms, self._view)
        self._inquiry = Inquiry(request, self._state, self._terms)
        self._timekeeper = Timekeeper(self._state, self._view, self._inquiry)
        self._scribe = Scribe(self._state, self._view, lightly=request.opening is not None)
        self._amender = Amender(self._state, self._terms, self._view, self._inquiry, self._casebook)
        self._lock = asyncio.Lock()
        self._visits: dict[str, int] = {}
        self._reopened: tuple[str, ...] = ()
        self._ending = ""
        self._course: asyncio.Task[None] | None = None
        self._updates = 0
        self._begun_at = self._state.seq

    # --- what a subclass writes its course with ---------------------------------------------

    async def carry_out(self, *stages: tuple[str, Stage]) -> ProcedureResult:
        """This will walk the stages to the end and return how it ended."""
        course = self._course = asyncio.create_task(self._walk(stages))
        # replay: course, time, writing, amending are tasks in this order.
        keepers = (
            asyncio.create_task(self._timekeeper.keep_time()),
            asyncio.create_task(self._scribe.keep_written(self._is_over)),
            asyncio.create_task(self._amender.keep_amended(self._lock, self._is_over)),
        )
        while not self._is_over():
            await workflow.wait_condition(
                lambda: self._is_over() or self._is_long() or any(k.done() for k in keepers)
            )
            for keeper in keepers:
                if keeper.done():
                    keeper.result()
            if not self._is_over() and self._is_long():
                await self._continue_when_quiet()
        for task in (course, *keepers):
            if task.done():
                task.result()
            else:
                task.cancel()
        await self.settle()
        return await self._end()

    async def _continue_when_quiet(self) -> None:
        """Continue as new once nothing is at work; all that is known goes along."""
        await workflow.wait_condition(lambda: self._is_over() or self._is_quiet())
        if not self._is_over():
            self._state.runs += 1
            workflow.continue_as_new(replace(self._request, state=self._state))

    def _is_quiet(self) -> bool:
        if not workflow.all_handlers_finished():
            return False
        return self._request.edition < _COUNTS_ITSELF or not self.is_at_work()

    def is_at_work(self) -> bool:
        """Whether something is being written between two steps; a run is not left in its middle."""
        return False

    async def step(
        self,
        name: str,
        *,
        units: tuple[str, ...] = (),
        not_by: dict[str, str] | None = None,
        must_reply: tuple[str, ...] = (),
        assignees: dict[str, str] | None = None,
        verbs: tuple[Verb, ...] = (),
    ) -> Item:
        """This will open the step, unless it was opened before, and wait until it is answered.

        ``units`` and ``verbs`` override the planned ones; ``not_by`` are persons who may not act, by
        reason; ``must_reply`` are the units whose opinions the answer has to take up; ``assignees``
        are the persons named for it, by unit.
        """
        visit = self._visits[name] = self._visits.get(name, 0) + 1
        key = f"{name}#{visit}"
        if key not in self._state.items:
            due = await self._inquiry.due_of(name, visit)
            self._casebook.open(
                self._terms.planned[name],
                visit,
                due,
                units=units,
                not_by=not_by or {},
                must_reply=must_reply,
                assignees=assignees,
                verbs=verbs,
            )
        return await self._casebook.closed(key)

    def units_of(self, name: str) -> tuple[str, ...]:
        """The units planned for a step; empty if the plan has nobody for it."""
        planned = self._terms.planned.get(name)
        return planned.units if planned else ()

    def last(self, name: str) -> Item | None:
        """The newest occurrence of a step that this run has passed; None before the first."""
        return self._state.items.get(f"{name}#{self._visits.get(name, 0)}")

    async def plain(self, name: str) -> str:
        """A stage that is just one step."""
        item = await self.step(name)
        return item.outcome_to

    async def deliberate(self, name: str, draft: str) -> str:
        """审议: 缓议 is asked again, 不通过 goes back to the draft, the rest goes on."""
        item = await self.step(name)
        while item.outcome == Verb.DEFER:
            item = await self.step(name)
        return draft if item.outcome == Verb.REJECT else item.outcome_to

    async def amend(self, name: str, *decided_by: str) -> str:
        """修改 once after 原则通过 by any of these; nothing to do after other decisions."""
        decisions = (self.last(step) for step in decided_by)
        if any(d is not None and d.outcome == Verb.APPROVE_IN_PRINCIPLE for d in decisions):
            return await self.plain(name)
        return ""

    # replay: the two below do nothing elsewhere, so that what ran before them runs as it did.
    async def before(self, action: Action, answer: Answer) -> Refused | None:
        """What else forbids an action, asked between the registers' answer and the decision."""
        del action, answer
        return None

    async def settle(self) -> None:
        """What is still to be undone once the course is over; before the dossier is closed."""

    def ending(self) -> Ending:
        """How the procedure ended; asked once the course is over."""
        return Ending.TERMINATED if self._state.terminated else Ending.DONE

    @property
    def reopened(self) -> tuple[str, ...]:
        """The units whose opinions the latest 退回 asked for again; the others stay."""
        return self._reopened

    # --- handlers ---------------------------------------------------------------------------

    @workflow.update(name=ACT_UPDATE)
    async def act(self, action: Action) -> ActionReply:
        """Answer one action: done, or refused with a code and a sentence.

        One at a time: the lock is held from the question to the registers until the decision, and
        nothing awaits between decision and change.
        """
        self._updates += 1
        async with self._lock:
            known = self._state.replies.get(action.action_id)
            if known is not None:
                return replace(known, repeated=True)
            try:
                await self._until_opened()
                answer = await self._inquiry.about(action, self._casebook.docket(), self._visits)
                no = await self.before(action, answer)
            except (*UNANSWERED, TimeoutError):
                return ActionReply(
                    accepted=False,
                    code="UNAVAILABLE",
                    sentence="登记库暂不可用，本次操作没有生效，请稍后用同一命令重试。",
                )
            reply = self._casebook.refuse(action, no) if no else self._casebook.rule(action, answer)
            if reply.accepted and action.verb in CLOSING:
                self._inquiry.keep_ahead(answer)
            self._remember(action.action_id, reply)
        await self._scribe.until_written(reply.seq)
        if reply.accepted:
            opened = self._view.opened_since(reply.seq)
            reply = replace(reply, opened=opened, ended=bool(self._ending))
            self._remember(action.action_id, reply)
        return reply

    @act.validator
    def _check_action(self, action: Action) -> None:
        if self._ending:
            raise ApplicationError("事项已经办结，不能再办理。", type="CLOSED")
        fault = malformed(action)
        if fault is not None:
            raise ApplicationError(fault.sentence, type=fault.code)
        self._turn_away(action.person)

    def most_refusals(self) -> int:
        """How many refusals of one person are logged on one day."""
        return policies.MAX_REFUSALS

    def _turn_away(self, person: str) -> None:
        fault = flood_fault(self._state, person, self.most_refusals())
        if fault is not None:
            raise ApplicationError(fault.sentence, type=fault.code)

    @workflow.signal(name=CALENDAR_SIGNAL)
    def calendar_published(self, note: CalendarNote) -> None:
        """A new calendar is in force; open steps are looked at again at once."""
        self._state.calendar_heard = max(note.version, self._state.calendar_heard)

    @workflow.signal(name=STOP_SIGNAL)
    def stop_order(self, order: StopOrder) -> None:
        """The rollout was stopped by its coordinator."""
        if not self._is_over():
            self._casebook.terminate(f"改革推进停止：{order.reason}", order.person)

    @workflow.signal(name=AMENDED_SIGNAL)
    def plan_amended(self, note: RowAmended) -> None:
        """The plan was amended; followed as soon as no action is at work."""
        self._amender.hear(note)

    @workflow.signal(name=REWRITE_SIGNAL)
    def rewrite(self, note: RewriteNote) -> None:
        """The journal is ahead of this procedure: a page was written whose action was lost."""
        if note.seq > self._state.seq and not self._is_over():
            self._view.heal()

    @workflow.query(name=PROGRESS_QUERY)
    def progress(self) -> Progress:
        """Every step so far with light and due time."""
        return self._view.progress(self._ending, self._scribe.written)

    @workflow.query(name=GLANCE_QUERY)
    def glance(self) -> Glance:
        """What stands in inbox and board if they are right; compared by the reconcile."""
        return Glance(
            page=self._view.glance(), written=self._scribe.written, is_over=bool(self._ending)
        )

    @workflow.query(name=DEADLINE_QUERY)
    def deadline(self, step: str) -> Deadline | None:
        """The due time of an open step with the rule that made it; None if it is not open."""
        item = self._casebook.docket().open_item(step)
        return item.due if item else None

    async def _until_opened(self) -> None:
        """An action that comes while the first step is being dispatched waits for it."""
        if not self._state.items:
            await workflow.wait_condition(
                lambda: bool(self._state.items), timeout=policies.ASK["schedule_to_close_timeout"]
            )

    def _remember(self, action_id: str, reply: ActionReply) -> None:
        self._state.replies[action_id] = reply
        while len(self._state.replies) > policies.MAX_REPLIES:
            del self._state.replies[next(iter(self._state.replies))]

    # --- the course and its end -------------------------------------------------------------

    async def _walk(self, stages: tuple[tuple[str, Stage], ...]) -> None:
        places = {name: place for place, (name, _) in enumerate(stages)}
        place = 0
        while place < len(stages):
            name, stage = stages[place]
            back_to = await stage()
            if back_to:
                source = self.last(name)
                self._reopened = source.reopen if source else ()
            place = places[back_to] if back_to else place + 1

    def _is_over(self) -> bool:
        """Whether the course has come to its end, or was ended."""
        return bool(self._state.terminated) or (self._course is not None and self._course.done())

    async def _end(self) -> ProcedureResult:
        """Write the dossier, let waiting people be answered, then close."""
        self._ending = str(self.ending())
        reason = f"：{self._state.terminated}" if self._state.terminated else ""
        sentence = f"{self._request.unit}“{self._terms.row.task}”{self._ending}{reason}。"
        self._view.log(EntryKind.ENDED, sentence)
        self._view.show(self._ending)
        await self._scribe.close_dossier(self._ending)
        numbers = [i.doc_no for i in self._state.items.values() if i.doc_no]
        return ProcedureResult(
            ending=self._ending,
            ended_at=workflow.now(),
            sentence=sentence,
            doc_no=numbers[-1] if numbers else "",
            seq=self._state.seq,
        )

    def _is_long(self) -> bool:
        """Whether this run has done enough, by its own count.

        The server's counts are not the same at replay: empty workflow tasks (a local activity's
        heartbeats) become one there, and an Update in flight comes after the last of them.
        """
        limit = self._request.history_limit
        if self._request.edition >= _COUNTS_ITSELF:
            lines = limit // policies.EVENTS_A_LINE or policies.MAX_LINES
            return (
                self._state.seq - self._begun_at >= lines or self._updates >= policies.MAX_UPDATES
            )
        info = workflow.info()
        return (
            info.is_continue_as_new_suggested()
            or self._updates >= policies.MAX_UPDATES
            or bool(limit and info.get_current_history_length() >= limit)
        )

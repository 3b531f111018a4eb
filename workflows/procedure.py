"""The base of every procedure: it opens steps at desks and waits for people.

A procedure's ``run`` hands :meth:`carry_out` its stages in the order of the regulation; here are
the one Update ``act``, the queries, the ladder of reminders and escalations, and the writing of
log and read models. A procedure never polls, holds no timer of its own and contains no date
arithmetic; nothing is approved because time ran out.

Continue-as-new needs no place marker: every occurrence of a step is remembered by key
(``初审#2``), so the course is walked again from the start and passes at once through what was
already decided.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from contracts.journal import EntryKind, Journal
    from contracts.names import (
        ACT_UPDATE,
        CALENDAR_SIGNAL,
        DEADLINE_QUERY,
        PROGRESS_QUERY,
        REWRITE_SIGNAL,
        STOP_SIGNAL,
    )
    from contracts.procedure import (
        ActionReply,
        CalendarNote,
        ProcedureRequest,
        ProcedureResult,
        ProcedureState,
        Progress,
        RewriteNote,
        StopOrder,
    )
    from contracts.registers import Answer, Consultation, DueQuestion, Registers, StepDue
    from domain import desk
    from domain.action import Action, Ending, Light
    from domain.deadline import Deadline, Rung
    from domain.decision import decide
    from domain.desk import Docket, Item
    from domain.procedure import CLOSING, Verb
    from domain.refusal import Refused
    from domain.requirement import required_documents, text_template
    from domain.ruling import Ruling
    from domain.schedule import PlannedStep
    from domain.submission import malformed
    from workflows import policies
    from workflows.view import ProcedureView

Stage = Callable[[], Awaitable[str]]
"""One stage of a course: it returns the step to go back to, empty to go on."""


class Procedure:
    """A sequence of steps at desks; subclassed by each workflow type."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        self._request = request
        self._state = request.state or ProcedureState(started_at=workflow.now())
        self._planned: dict[str, PlannedStep] = {step.name: step for step in request.steps}
        self._view = ProcedureView(request, self._state)
        self._lock = asyncio.Lock()
        self._closings: dict[str, asyncio.Future[Item]] = {}
        self._visits: dict[str, int] = {}
        self._prefetched: dict[str, StepDue] = {}
        self._reopened: tuple[str, ...] = ()
        self._written = self._state.seq - len(self._state.unwritten)
        self._write_deferred = False
        self._ending = ""
        self._course: asyncio.Task[None] | None = None
        self._updates = 0

    # --- what a subclass writes its course with ---------------------------------------------

    async def carry_out(self, *stages: tuple[str, Stage]) -> ProcedureResult:
        """This will walk the stages to the end and return how it ended."""
        course = self._course = asyncio.create_task(self._walk(stages))
        keepers = (
            asyncio.create_task(self._keep_time()),
            asyncio.create_task(self._keep_written()),
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
        return await self._end()

    async def _continue_when_quiet(self) -> None:
        """Continue as new once no handler is at work; all that is known goes along."""
        await workflow.wait_condition(lambda: self._is_over() or workflow.all_handlers_finished())
        if not self._is_over():
            self._state.runs += 1
            workflow.continue_as_new(replace(self._request, state=self._state))

    async def step(
        self,
        name: str,
        *,
        units: tuple[str, ...] = (),
        not_by: dict[str, str] | None = None,
        must_reply: tuple[str, ...] = (),
    ) -> Item:
        """This will open the step, unless it was opened before, and wait until it is answered.

        ``units`` overrides the planned ones; ``not_by`` are persons who may not act, by reason;
        ``must_reply`` are the units whose opinions the answer has to take up.
        """
        visit = self._visits[name] = self._visits.get(name, 0) + 1
        key = f"{name}#{visit}"
        if key not in self._state.items:
            await self._open(name, visit, units, not_by or {}, must_reply)
        item = self._state.items[key]
        if not item.is_open:
            return item
        closing = self._closings.setdefault(key, asyncio.get_running_loop().create_future())
        return await closing

    def units_of(self, name: str) -> tuple[str, ...]:
        """The units planned for a step; empty if the plan has nobody for it."""
        planned = self._planned.get(name)
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
                return known
            try:
                await self._until_opened()
                answer = await self._consult(self._question(action))
            except (ActivityError, TimeoutError):
                return ActionReply(
                    accepted=False,
                    code="UNAVAILABLE",
                    sentence="登记库暂不可用，本次操作没有生效，请稍后用同一命令重试。",
                )
            reply = self._rule(action, answer)
            self._remember(action.action_id, reply)
        await workflow.wait_condition(lambda: self._written >= reply.seq or self._write_deferred)
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
        if self._state.refusals.get(action.person, 0) >= policies.MAX_REFUSALS:
            raise ApplicationError(
                f"{action.person}在本事项上已有{policies.MAX_REFUSALS}次操作被拒绝，请先与协调员联系。",
                type="TOO_MANY_REFUSALS",
            )

    @workflow.signal(name=CALENDAR_SIGNAL)
    def calendar_published(self, note: CalendarNote) -> None:
        """A new calendar is in force; open steps are looked at again at once."""
        if note.version > self._state.calendar_version:
            self._state.calendar_due = True

    @workflow.signal(name=STOP_SIGNAL)
    def stop_order(self, order: StopOrder) -> None:
        """The rollout was stopped by its coordinator."""
        if not self._is_over():
            self._terminate(f"改革推进停止：{order.reason}", order.person)

    @workflow.signal(name=REWRITE_SIGNAL)
    def rewrite(self, note: RewriteNote) -> None:
        """The journal is ahead of this procedure: a page was written whose action was lost."""
        if note.seq > self._state.seq and not self._is_over():
            self._view.heal()

    @workflow.query(name=PROGRESS_QUERY)
    def progress(self) -> Progress:
        """Every step so far with light and due time."""
        return self._view.progress(self._ending, self._written)

    @workflow.query(name=DEADLINE_QUERY)
    def deadline(self, step: str) -> Deadline | None:
        """The due time of an open step with the rule that made it; None if it is not open."""
        item = self._docket().open_item(step)
        return item.due if item else None

    async def _until_opened(self) -> None:
        """An action that comes while the first step is being dispatched waits for it."""
        if not self._state.items:
            await workflow.wait_condition(
                lambda: bool(self._state.items), timeout=policies.ASK["schedule_to_close_timeout"]
            )

    # --- opening and deciding ---------------------------------------------------------------

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

    async def _open(
        self,
        name: str,
        visit: int,
        units: tuple[str, ...],
        not_by: dict[str, str],
        must_reply: tuple[str, ...],
    ) -> None:
        planned = self._planned[name]
        due = self._prefetched.pop(name, None)
        if due is None:
            question = self._due_question(name, visit)
            answer = await self._consult_patiently((question,))
            due = (answer.dues or {})[name]
        item = Item(
            step=self._step_of(planned),
            visit=visit,
            units=units or planned.units,
            opened_at=workflow.now(),
            due=due.deadline,
            original_due_date=due.deadline.due_date,
            rungs=due.rungs,
            not_by=not_by,
            must_reply=must_reply,
        )
        self._state.items[item.key] = item
        self._log(
            EntryKind.OPENED,
            f"“{name}”交{'、'.join(item.units)}办理，时限{item.due.due_date}。",
            step=name,
            detail={"rule": item.due.rule, "calendar": item.due.calendar},
        )

    def _step_of(self, planned: PlannedStep) -> desk.Step:
        shape = planned.shape
        return desk.Step(
            name=planned.name,
            verbs=shape.verbs,
            role=shape.role,
            verdicts=shape.verdicts,
            documents=required_documents(self._request.row, shape, self._request.unit),
            back_to=shape.back_to,
            approver=planned.extension_by,
            max_extensions=planned.max_extensions,
            line=self._line_to(planned.name),
            template=text_template(self._request.row, shape),
        )

    def _line_to(self, name: str) -> tuple[str, ...]:
        """The main line up to and with a step."""
        line = [s.name for s in self._request.steps if not s.shape.beside]
        return tuple(line[: line.index(name) + 1]) if name in line else ()

    def _due_question(self, name: str, visit: int) -> DueQuestion:
        """A first visit has its place in the backward schedule; a redraft has its own time."""
        planned = self._planned[name]
        redraft = visit > 1 and Verb.SUBMIT in planned.shape.verbs
        question = DueQuestion(
            step=name,
            dispatched_at=workflow.now(),
            workdays=planned.workdays,
            anchor=None if redraft else planned.planned_due,
            row_id="" if redraft else self._request.row.id,
            limit=self._state.limit or self._request.row.due,
            remind=planned.remind,
            escalate=tuple((r.workdays, f"{r.unit}:{r.label}") for r in planned.escalate),
        )
        self._state.questions[f"{name}#{visit}"] = question
        return question

    def _question(self, action: Action) -> Consultation:
        """All that one action needs to know, in one question."""
        return Consultation(
            rollout=self._request.plan.rollout,
            person=action.person,
            other_person=action.to if action.verb is Verb.ASSIGN else "",
            units=(action.to.rpartition("=")[2],) if action.verb is Verb.REASSIGN else (),
            dues=self._dues_asked(action),
        )

    def _dues_asked(self, action: Action) -> tuple[DueQuestion, ...]:
        docket = self._docket()
        item = docket.open_item(action.step)
        if item is None and len(docket.open_items) == 1:
            item = docket.open_items[0]
        if item is None:
            return ()
        if action.verb is Verb.GRANT_EXTENSION and item.extension is not None:
            question = self._state.questions[item.key]
            return (replace(question, by=item.extension.new_due),)
        if action.verb not in CLOSING:
            return ()
        return tuple(
            self._due_question(name, self._visits.get(name, 0) + 1)
            for name in self._may_open(item, action)
        )

    def _may_open(self, item: Item, action: Action) -> tuple[str, ...]:
        """The steps that this answer may open; asked for ahead, so that one question is enough."""
        if action.verb in (Verb.RETURN, Verb.DEFER, Verb.REJECT):
            back = action.to or (item.step.back_to[:1] or (item.step.name,))[0]
            if action.verb is Verb.REJECT:
                back = self._request.steps[0].name
            return (back,) if back in self._planned else ()
        if action.verb in (Verb.COSIGN, Verb.OPINION) and len(item.waiting_units) > 1:
            return ()
        names = list(self._planned)
        shape = self._planned[item.step.name].shape
        principle = action.verb is Verb.APPROVE_IN_PRINCIPLE
        later = [self._planned[n].shape for n in names[names.index(shape.name) + 1 :]]
        ahead = [s.name for s in later if not s.beside and (principle or not s.conditional)][:1]
        beside = [s.name for s in later if s.beside and s.opens_after == shape.name]
        if shape.beside:
            ahead = [shape.before] if shape.before in self._planned else []
        unopened = [n for n in (*ahead, *beside) if self._docket().open_item(n) is None]
        return tuple(dict.fromkeys(unopened))

    def _rule(self, action: Action, answer: Answer) -> ActionReply:
        """Decide and change, with no await between the two."""
        dues = answer.dues or {}
        self._notice_calendar(answer.calendar_version)
        # The one asked for is the item's, also where the action names no step.
        granted = next(iter(dues.values()), None) if action.verb is Verb.GRANT_EXTENSION else None
        docket = replace(
            self._docket(),
            known_units=answer.known_units,
            other_grants=answer.other_grants,
            new_due=(granted.deadline, granted.rungs) if granted else None,
        )
        ruling = decide(docket, action, answer.grants, workflow.now())
        if isinstance(ruling, Refused):
            return self._refuse(action, ruling)
        if action.verb in CLOSING:
            self._prefetched = dict(dues)
        return self._accept(action, ruling, answer.directory_version)

    def _refuse(self, action: Action, no: Refused) -> ActionReply:
        self._state.refusals[action.person] = self._state.refusals.get(action.person, 0) + 1
        seq = self._log(
            EntryKind.REFUSED, no.sentence, step=action.step, action=action, code=no.code
        )
        return ActionReply(accepted=False, code=no.code, sentence=no.sentence, seq=seq)

    def _accept(self, action: Action, ruling: Ruling, directory: int) -> ActionReply:
        item = ruling.item
        seq = self._log(
            EntryKind.ACTED,
            ruling.sentence,
            step=item.step.name if item else action.step,
            unit=ruling.unit,
            action=action,
            detail={"directory": directory},
        )
        for told in ruling.told:
            self._tell(told.unit, told.to, told.text, step=action.step, level=str(action.verb))
        if item is not None:
            self._keep(item, action)
        if ruling.terminated:
            self._terminate(ruling.terminated, "")
        return ActionReply(accepted=True, sentence=ruling.sentence, seq=seq)

    def _keep(self, item: Item, action: Action) -> None:
        self._state.items[item.key] = item
        if item.outcome_to:
            self._state.returned_count += 1
        if action.verb is Verb.GRANT_EXTENSION:
            self._state.extended_count += 1
            self._state.limit = max(self._request.row.due, item.due.due_date)
            self._state.questions[item.key] = replace(
                self._state.questions[item.key], by=item.due.due_date
            )
        closing = self._closings.get(item.key)
        if closing is not None and not item.is_open and not closing.done():
            closing.set_result(item)

    def _terminate(self, reason: str, person: str) -> None:
        self._state.terminated = reason
        if person:
            sentence = f"{person}：终止办理。{reason}"
            self._log(EntryKind.ACTED, sentence, verb=str(Verb.TERMINATE), person=person)
        for key, item in self._state.items.items():
            if item.is_open:
                self._state.items[key] = replace(
                    item, closed_at=workflow.now(), outcome=desk.TERMINATED
                )

    def _docket(self) -> Docket:
        return Docket(
            subject=self._request.unit,
            items=tuple(self._state.items.values()),
            coordinators=self._request.coordinators,
        )

    def _remember(self, action_id: str, reply: ActionReply) -> None:
        self._state.replies[action_id] = reply
        while len(self._state.replies) > policies.MAX_REPLIES:
            del self._state.replies[next(iter(self._state.replies))]

    # --- time -------------------------------------------------------------------------------

    async def _keep_time(self) -> None:
        """One timer for the soonest reminder, due time or escalation of any open step."""
        while True:
            wake = self._wake()
            if wake is None:
                await workflow.wait_condition(
                    lambda: self._wake() is not None or self._state.calendar_due
                )
                wake = self._wake()
            elif wake > workflow.now() and not self._state.calendar_due:
                armed = wake
                with contextlib.suppress(TimeoutError):
                    await workflow.wait_condition(
                        lambda: self._wake() != armed or self._state.calendar_due,
                        timeout=wake - workflow.now(),
                        timeout_summary=self._view.timer_summary(),
                    )
            if self._state.calendar_due:
                await self._follow_calendar()
            if (due := self._wake()) is not None and due <= workflow.now():
                await self._check_calendar()
                self._ring()

    def _wake(self) -> datetime | None:
        return desk.next_wake(tuple(self._state.items.values()))

    def _ring(self) -> None:
        for key, item in list(self._state.items.items()):
            rung, spoken = desk.ring(item, workflow.now())
            if not spoken:
                continue
            self._state.items[key] = rung
            if rung.light is Light.RED and item.light is not Light.RED:
                self._state.overdue_count += 1
            self._speak(rung, spoken)

    def _speak(self, item: Item, rungs: tuple[Rung, ...]) -> None:
        name = item.step.name
        kind = {
            desk.REMIND: EntryKind.REMINDED,
            desk.DUE: EntryKind.OVERDUE,
            desk.ESCALATE: EntryKind.ESCALATED,
        }[rungs[0].kind]
        waiting = "、".join(item.waiting_units)
        told = "、".join(desk.named(*r.to.split(":", 1)) for r in rungs if r.kind == desk.ESCALATE)
        sentence = {
            EntryKind.REMINDED: f"提醒{waiting}：“{name}”时限{item.due.due_date}。",
            EntryKind.OVERDUE: f"“{name}”已到期未办（时限{item.due.due_date}），亮红灯，职责不变：{waiting}。",
            EntryKind.ESCALATED: f"“{name}”超期未办（时限{item.due.due_date}，由{waiting}办理），升级告知{told}。",
        }[kind]
        self._log(kind, sentence, step=name)
        for rung in rungs:
            unit, _, role = rung.to.partition(":")
            if rung.kind == desk.ESCALATE and unit:
                self._tell(unit, role, sentence, step=name, level=desk.ESCALATE)
        if kind is not EntryKind.ESCALATED:
            for unit in item.waiting_units:
                self._tell(unit, "经办人", sentence, step=name, level=str(kind))

    def _notice_calendar(self, version: int) -> None:
        if not self._state.calendar_version:
            self._state.calendar_version = version
        elif version > self._state.calendar_version:
            self._state.calendar_due = True

    async def _check_calendar(self) -> None:
        """Each wake-up asks whether a newer calendar is in force, in case a signal was lost."""
        try:
            answer = await self._consult(Consultation(rollout=self._request.plan.rollout))
        except ActivityError:
            return
        self._notice_calendar(answer.calendar_version)
        if self._state.calendar_due:
            await self._follow_calendar()

    async def _follow_calendar(self) -> None:
        """Recompute every open step under the calendar in force; tell each unit once."""
        self._state.calendar_due = False
        open_items = [i for i in self._state.items.values() if i.is_open]
        questions = tuple(self._state.questions[i.key] for i in open_items)
        answer = await self._consult_patiently(questions)
        self._state.calendar_version = max(answer.calendar_version, self._state.calendar_version)
        self._view.touch()
        dues = answer.dues or {}
        for asked in open_items:
            item = self._state.items[asked.key]
            found = dues.get(item.step.name)
            if found is None or not item.is_open or item.due == found.deadline:
                continue
            before = item.due.due_date
            self._state.items[item.key] = desk.reschedule(
                item, found.deadline, found.rungs, workflow.now()
            )
            if before != found.deadline.due_date:
                self._say_rescheduled(item, found.deadline)

    def _say_rescheduled(self, item: Item, due: Deadline) -> None:
        text = f"放假安排更新，“{item.step.name}”时限由{item.due.due_date}改为{due.due_date}。"
        self._log(
            EntryKind.RESCHEDULED,
            text,
            step=item.step.name,
            detail={"rule": due.rule, "calendar": due.calendar},
        )
        for unit in item.waiting_units:
            self._tell(unit, "经办人", text, step=item.step.name, level="改期")

    # --- asking and writing -----------------------------------------------------------------

    async def _consult(self, question: Consultation) -> Answer:
        return await workflow.execute_local_activity_method(
            Registers.consult, question, summary="查登记库：职务与时限", **policies.ASK
        )

    async def _consult_patiently(self, dues: tuple[DueQuestion, ...]) -> Answer:
        """Ask for due times; while the database is away, wait for it."""
        question = Consultation(rollout=self._request.plan.rollout, dues=dues)
        try:
            answer = await self._consult(question)
        except ActivityError:
            answer = await workflow.execute_activity_method(
                Registers.consult, question, summary="等待登记库：时限", **policies.PATIENT
            )
        self._notice_calendar(answer.calendar_version)
        return answer

    async def _keep_written(self) -> None:
        """Write what has happened; one try while people wait, then for as long as it takes."""
        while True:
            await workflow.wait_condition(lambda: not self._is_over() and self._view.is_stale)
            page = self._view.page()
            self._view.show()
            try:
                await workflow.execute_local_activity_method(
                    Journal.write, page, summary="记入日志与待办", **policies.WRITE_ONCE
                )
            except ActivityError:
                self._write_deferred = True
                await workflow.execute_activity_method(
                    Journal.write, page, summary="等待数据库：补记日志与待办", **policies.PATIENT
                )
                self._write_deferred = False
            self._view.written(page)
            self._written = page.seq

    def _is_over(self) -> bool:
        """Whether the course has come to its end, or was ended."""
        return bool(self._state.terminated) or (self._course is not None and self._course.done())

    def _log(
        self,
        kind: EntryKind,
        sentence: str,
        *,
        step: str = "",
        unit: str = "",
        action: Action | None = None,
        code: str = "",
        verb: str = "",
        person: str = "",
        detail: dict[str, object] | None = None,
    ) -> int:
        return self._view.log(
            kind,
            sentence,
            at=workflow.now(),
            step=step,
            unit=unit,
            action=action,
            code=code,
            verb=verb,
            person=person,
            detail=detail,
        )

    def _tell(self, unit: str, to: str, text: str, *, step: str, level: str) -> None:
        self._view.tell(unit, to, text, at=workflow.now(), step=step, level=level)

    async def _end(self) -> ProcedureResult:
        """Write the dossier, let waiting people be answered, then close."""
        ending = Ending.TERMINATED if self._state.terminated else Ending.DONE
        self._ending = str(ending)
        reason = f"：{self._state.terminated}" if self._state.terminated else ""
        sentence = f"{self._request.unit}“{self._request.row.task}”{ending}{reason}。"
        self._log(EntryKind.ENDED, sentence)
        self._view.show(self._ending)
        await self._close_dossier()
        while self._view.is_stale or not workflow.all_handlers_finished():
            await workflow.wait_condition(
                lambda: self._view.is_stale or workflow.all_handlers_finished()
            )
            if self._view.is_stale:
                await self._close_dossier()
        numbers = [i.doc_no for i in self._state.items.values() if i.doc_no]
        return ProcedureResult(
            ending=self._ending,
            ended_at=workflow.now(),
            sentence=sentence,
            doc_no=numbers[-1] if numbers else "",
        )

    async def _close_dossier(self) -> None:
        page = self._view.page(self._ending)
        try:
            await workflow.execute_activity_method(
                Journal.close,
                page,
                summary="结案归档",
                schedule_to_close_timeout=policies.CLOSE_QUICKLY,
                **policies.PATIENT,
            )
        except ActivityError:
            self._write_deferred = True
            await workflow.execute_activity_method(
                Journal.close, page, summary="等待数据库：结案归档", **policies.PATIENT
            )
        self._view.written(page)
        self._written = page.seq

    def _is_long(self) -> bool:
        info = workflow.info()
        limit = self._request.history_limit
        return (
            info.is_continue_as_new_suggested()
            or self._updates >= policies.MAX_UPDATES
            or bool(limit and info.get_current_history_length() >= limit)
        )

"""人员转隶 by roster (0-50…0-52, 2-27, 3-12, F16): posts by the 编委's document, people one by one.

Between the steps the clerk freezes the roster, puts posts on their way, brings people over, and
takes back what is on its way where the batch goes back or is ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from functools import partial

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from contracts.journal import EntryKind
    from contracts.procedure import ActionReply, ProcedureRequest, ProcedureResult
    from contracts.registers import Answer
    from contracts.transfer import PERSON_UPDATE, PersonAction, PersonAnswer, PersonOrder
    from domain import desk
    from domain.action import Action, Grant
    from domain.deadline import local_day
    from domain.desk import Item
    from domain.procedure import (
        APPROVAL_STEP,
        APPROVAL_STEPS,
        MOVE_STEP,
        REGISTER_STEP,
        REQUEST_STEP,
        ROSTER_STEP,
        Verb,
    )
    from domain.recording import day_fault, evidence_fault
    from domain.refusal import Refused
    from domain.roster import RosterStatus
    from domain.submission import malformed
    from domain.transfer import CORRECTION_DOCUMENT, Place
    from domain.transfer_person import keys_fault
    from domain.unit import ACTING_ROLES, Role
    from workflows import policies
    from workflows.asking import UNANSWERED
    from workflows.procedure import Procedure
    from workflows.transfer_clerk import TransferClerk

_CHECKED = (ROSTER_STEP, REQUEST_STEP, APPROVAL_STEP, *APPROVAL_STEPS, MOVE_STEP)
_ENDS_BY_PAPER = 3
"""The edition of the rules from which on 终止 after the 批复 needs a 文号."""

_AWAY = "登记库暂不可用，本次操作没有生效，请稍后用同一命令重试。"
_WAITING = "登记库暂不可用，本次操作已记下，待其恢复即办；请稍后用同一命令查看结果。"


@workflow.defn(name="PersonnelTransfer")
class PersonnelTransfer(Procedure):
    """名册, 通知, 请示, 审批, 转人员; then registration, files, money, cars and rooms at once."""

    @workflow.init
    def __init__(self, request: ProcedureRequest) -> None:
        super().__init__(request)
        self._clerk = TransferClerk(request, self._state, self._view)
        self._late: list[asyncio.Task[None]] = []

    @workflow.run
    async def run(self, request: ProcedureRequest) -> ProcedureResult:
        """名册 → 通知 → 请示 → 审批 → 转人员 → five beside each other."""
        self._late = [asyncio.create_task(self._settle_late(o)) for o in self._clerk.batch.waiting]
        return await self.carry_out(
            (ROSTER_STEP, lambda: self.plain(ROSTER_STEP)),
            ("通知", lambda: self.plain("通知")),
            (REQUEST_STEP, self._ask),
            (APPROVAL_STEP, self._approve),
            (MOVE_STEP, self._move),
            (REGISTER_STEP, self._follow_up),
        )

    # --- the course -------------------------------------------------------------------------

    async def _ask(self) -> str:
        """请示: from now on the roster is frozen, until 批复 or 退回."""
        item = await self.step(REQUEST_STEP)
        if item.outcome_to:
            return item.outcome_to
        return await self._once(f"{item.key}:冻结", self._freeze)

    async def _freeze(self) -> str:
        code = await self._clerk.freeze()
        if not code:
            return ""
        return REQUEST_STEP if code == "ROSTER_CHANGED" else ROSTER_STEP

    async def _approve(self) -> str:
        """审批, or both beside each other; the posts leave with the documents, once all are there."""
        names = self._approvals()
        steps = [asyncio.create_task(self.step(name)) for name in names]
        await workflow.wait_condition(
            lambda: all(step.done() for step in steps) or bool(self._sent_back(names))
        )
        back = self._sent_back(names)
        for name in names if back else ():
            self._stop_asking(name, back)
        items = [await step for step in steps]
        if back:
            return await self._once(f"{items[0].key}:退回", partial(self._go_back, back))
        for item in items:
            back = await self._once(f"{item.key}:划转", partial(self._send, item))
            if back:
                return back
        return ""

    def _approvals(self) -> tuple[str, ...]:
        planned = self._terms.planned
        return (APPROVAL_STEP,) if APPROVAL_STEP in planned else APPROVAL_STEPS

    def _sent_back(self, names: tuple[str, ...]) -> str:
        items = (self.last(name) for name in names)
        return next((i.outcome_to for i in items if i is not None and i.outcome_to), "")

    def _stop_asking(self, name: str, back: str) -> None:
        """The other approval need not be given where one has sent the whole back."""
        item = self.last(name)
        if item is None or not item.is_open:
            return
        closed = replace(
            item,
            closed_at=workflow.now(),
            outcome=desk.WITHDRAWN,
            outcome_to=back,
            extension=None,
        )
        said = f"另一审批已退回至“{back}”，整批重办，“{name}”不再待办，已给的批复重来。"
        self._view.log(EntryKind.POSTED, said, step=name)
        for unit in item.waiting_units:
            self._view.tell(unit, Role.HANDLER, said, step=name, level=str(Verb.RETURN))
        self._casebook.keep(closed)

    async def _go_back(self, back: str) -> str:
        await self._clerk.thaw("退回")
        return back

    async def _send(self, item: Item) -> str:
        """What the ledger refuses after all goes back to 请示, with nothing left on its way."""
        if not await self._clerk.send(item):
            return ""
        await self._undo(f"{item.key}退回", "入账未成")
        return REQUEST_STEP

    async def _undo(self, stage: str, reason: str) -> None:
        await self._clerk.undo(stage, reason)
        await self._clerk.thaw(reason)

    async def _move(self) -> str:
        """转人员; an amended plan may still send the batch back from here."""
        item = await self.step(MOVE_STEP)
        if not item.outcome_to:
            return ""
        return await self._once(f"{item.key}:收回", partial(self._return, item))

    async def _return(self, item: Item) -> str:
        await self._undo(f"{item.key}退回", "退回重办")
        return item.outcome_to

    async def _follow_up(self) -> str:
        """The batch ends with the last of the five (0-52); then everything is checked."""
        names = [s.name for s in self._terms.route if s.opens_after == MOVE_STEP]
        await asyncio.gather(
            *(self._register() if name == REGISTER_STEP else self.step(name) for name in names)
        )
        return await self._once("办结", self._close)

    async def _register(self) -> None:
        """编制实名登记, again for those whom the ledger could not take."""
        again = "再登"
        while again:
            item = await self.step(REGISTER_STEP)
            again = await self._once(f"{item.key}:登记", partial(self._arrive, item))

    async def _arrive(self, item: Item) -> str:
        return REGISTER_STEP if await self._clerk.register(item) else ""

    async def _close(self) -> str:
        await self._until_settled()
        await self._clerk.end(RosterStatus.DONE)
        return ""

    async def _once(self, key: str, work: Callable[[], Awaitable[str]]) -> str:
        """This will do what lies between two steps once, also across continue-as-new."""
        done = self._clerk.batch.done
        if key not in done:
            done[key] = await work()
        return done[key]

    async def settle(self) -> None:
        """终止: what is on its way comes back, the last sent first, and that is checked."""
        batch = self._clerk.batch
        if not self._state.terminated or not batch.number:
            return
        async with self._lock:
            await self._until_settled()
            if self._is_approved() or batch.sent:
                await self._clerk.undo("终止", "终止", paper=batch.correction)
            await self._clerk.end(RosterStatus.CANCELLED)

    # --- what forbids an action -------------------------------------------------------------

    async def before(self, action: Action, answer: Answer) -> Refused | None:
        """The roster against the lock, the approval against the ledger, objections before moving."""
        if action.verb in (Verb.TERMINATE, Verb.COUNTERSIGN):
            return self._ending_fault(action, answer)
        if action.verb not in (Verb.SUBMIT, Verb.APPROVE, Verb.WITHDRAW):
            return None
        ruling = self._casebook.foresee(action, answer)
        if isinstance(ruling, Refused):
            return None
        if action.verb is Verb.WITHDRAW:
            return self._withdrawal_fault(ruling.item)
        if ruling.item is None or ruling.item.step.name not in _CHECKED:
            return None
        if self._clerk.batch.waiting:
            return Refused(
                code="PEOPLE_WAITING", sentence="还有人员事项在等登记库恢复，请稍后再办理。"
            )
        return await self._clerk.check(ruling.item.step.name, ruling.item.key, action)

    def _ending_fault(self, action: Action, answer: Answer) -> Refused | None:
        """终止 after the 批复 rests on a 更正's 文号 (edition 3), also where a second person agrees.

        What was asked for before the 批复 came needs the 文号 with the 复核同意.
        """
        asked = self._state.second
        if action.verb is Verb.COUNTERSIGN and (asked is None or asked.verb is not Verb.TERMINATE):
            return None
        if isinstance(self._casebook.foresee(action, answer), Refused):
            return None
        batch = self._clerk.batch
        given = next((e.doc_no for e in action.evidence if e.name == CORRECTION_DOCUMENT), "")
        if action.verb is Verb.COUNTERSIGN:
            given = given or batch.correction
        if not given and self._request.edition >= _ENDS_BY_PAPER and self._is_approved():
            return Refused(
                code="CORRECTION_MISSING",
                sentence="批复之后“终止”须有更正的文号（--evidence 更正=文号）。",
            )
        batch.correction = given
        return None

    def _withdrawal_fault(self, item: Item | None) -> Refused | None:
        """Nothing that was posted is withdrawn, nor what an amended plan has sent back since."""
        onward = item is not None and item.outcome_to in item.step.line[:-1]
        if onward and not self._is_approved():
            return None
        return Refused(
            code="TOO_LATE_TO_WITHDRAW",
            sentence="批复已经入账或已退回重办，不能撤回；"
            "个别人员请“移出”，整批不办请由协调员终止。",
        )

    def _is_approved(self) -> bool:
        """Whether the 批复 has come and still stands; with two, the first counts."""
        items = (self.last(name) for name in self._approvals())
        return self._clerk.batch.frozen and any(
            i is not None and i.outcome == Verb.APPROVE for i in items
        )

    def _is_moved(self) -> bool:
        item = self.last(MOVE_STEP)
        return item is not None and item.outcome == Verb.SUBMIT

    # --- persons ----------------------------------------------------------------------------

    @workflow.update(name=PERSON_UPDATE)
    async def person(self, action: PersonAction) -> ActionReply:
        """Record something of persons of the batch: done for all of them, or refused."""
        self._updates += 1
        async with self._lock:
            known = self._state.replies.get(action.action_id)
            if known is not None:
                return replace(known, repeated=True)
            if any(o.action.action_id == action.action_id for o in self._clerk.batch.waiting):
                return ActionReply(accepted=False, code="UNAVAILABLE", sentence=_WAITING)
            stored = tuple(e.sha256 for e in action.evidence if e.sha256)
            try:
                answer = await self._inquiry.about_person(action.person, stored)
            except UNANSWERED:
                return ActionReply(accepted=False, code="UNAVAILABLE", sentence=_AWAY)
            fault = self._person_fault(action, answer)
            if fault is not None:
                reply = self._casebook.refuse(_as_action(action), fault, str(action.kind))
                self._remember(action.action_id, reply)
            else:
                order = self._order(action, answer.grants)
                try:
                    decided = await self._clerk.decide(order, hurry=True)
                except ActivityError:
                    # Whether it was done is not known: it is asked until it is, outside.
                    self._clerk.batch.waiting = (*self._clerk.batch.waiting, order)
                    self._late.append(asyncio.create_task(self._settle_late(order)))
                    return ActionReply(accepted=False, code="UNAVAILABLE", sentence=_WAITING)
                reply = self._note(order, decided)
        await self._scribe.until_written(reply.seq)
        return reply

    @person.validator
    def _check_person(self, action: PersonAction) -> None:
        if self._ending:
            raise ApplicationError("事项已经办结，不能再办理。", type="CLOSED")
        fault = malformed(_as_action(action)) or keys_fault(action.staff)
        if fault is not None:
            raise ApplicationError(fault.sentence, type=fault.code)
        self._turn_away(action.person)

    def most_refusals(self) -> int:
        """More for a large batch: who records a thousand persons errs more often."""
        counts = self._clerk.batch.counts
        people = sum(counts.get(place, 0) for place in Place)
        return super().most_refusals() + people // policies.PERSONS_A_REFUSAL

    def _person_fault(self, action: PersonAction, answer: Answer) -> Refused | None:
        if self._is_over():
            return Refused(code="BATCH_ENDED", sentence="本批次已经结束。")
        if not self._clerk.batch.number:
            return Refused(code="ROSTER_NUMBER", sentence="名册还没有报来，不能办理人员事项。")
        if not _grants(action, answer.grants):
            return Refused(
                code="UNKNOWN_PERSON",
                sentence=f"通讯录里没有“{action.person}”，或其在{action.unit or '各单位'}没有职务。",
            )
        docket = replace(self._casebook.docket(), stored=answer.stored)
        given = _as_action(action)
        return day_fault(docket, None, given, workflow.now()) or evidence_fault(docket, given)

    def _order(self, action: PersonAction, grants: tuple[Grant, ...]) -> PersonOrder:
        held = _grants(action, grants)
        units = tuple(dict.fromkeys(g.unit for g in held if g.role in ACTING_ROLES))
        coordinates = any(
            g.role is Role.COORDINATOR and g.unit in self._request.coordinators for g in held
        )
        return PersonOrder(
            batch=self._clerk.key(),
            action=action,
            leads=coordinates or bool(set(units) & set(self.units_of(ROSTER_STEP))),
            units=units,
            approved=self._is_approved(),
            moved=self._is_moved(),
            day=action.happened_on or local_day(workflow.now()),
            now=workflow.now(),
        )

    def _note(self, order: PersonOrder, decided: PersonAnswer) -> ActionReply:
        """What was decided goes into the log, by keys."""
        action = order.action
        if not decided.accepted:
            no = Refused(code=decided.code, sentence=decided.sentence)
            reply = self._casebook.refuse(_as_action(action), no, str(action.kind))
        else:
            detail: dict[str, object] = {
                "staff": list(action.staff),
                "note": action.note,
                "to_unit": action.to_unit,
                "happened_on": action.happened_on.isoformat() if action.happened_on else "",
                "evidence": [{k: v for k, v in asdict(e).items() if v} for e in action.evidence],
            }
            unit = action.unit or next(iter(order.units), "")
            sentence = f"{desk.named(unit, action.person)}：{decided.sentence}"
            seq = self._view.log(
                EntryKind.ACTED,
                sentence,
                unit=unit,
                verb=str(action.kind),
                person=action.person,
                action_id=action.action_id,
                detail={name: value for name, value in detail.items() if value},
            )
            reply = ActionReply(accepted=True, sentence=sentence, seq=seq)
        self._remember(action.action_id, reply)
        return reply

    async def _settle_late(self, order: PersonOrder) -> None:
        """A decision whose answer was lost with the database is asked for until it is known."""
        try:
            decided = await self._clerk.decide(order, hurry=False)
        except ActivityError:
            decided = PersonAnswer(
                accepted=False, code="BAD_DATA", sentence="登记库不能办理这一操作，请联系运维。"
            )
        self._note(order, decided)
        batch = self._clerk.batch
        batch.waiting = tuple(
            o for o in batch.waiting if o.action.action_id != order.action.action_id
        )

    async def _until_settled(self) -> None:
        await workflow.wait_condition(lambda: not self._clerk.batch.waiting)


def _as_action(action: PersonAction) -> Action:
    """The same in the envelope of the desk, where the bounds of every action are checked."""
    return Action(
        action_id=action.action_id,
        verb=Verb.ADD_NOTE,
        person=action.person,
        unit=action.unit,
        note=action.note,
        evidence=action.evidence,
        to=action.to_unit,
        happened_on=action.happened_on,
    )


def _grants(action: PersonAction, grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    return tuple(g for g in grants if not action.unit or g.unit == action.unit)

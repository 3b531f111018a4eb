"""A transfer batch between its steps: the roster frozen, posts on their way, people arrived.

Whatever is posted is posted together with the state of the person it is about, so that a second
delivery finds nothing left to do. Pages of at most 200 persons are one transaction each; between two
pages the activity says that it lives. A batch that has ended refuses every later page, so that a
worker thought dead cannot post behind the compensation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import bad_data, translated_errors
from activities.transfer_people import decide_people
from activities.transfer_posting import (
    ARRIVED,
    SENT,
    TAKEN_BACK,
    No,
    entry_of,
    keep_refusals,
    key_of,
    listed,
    move,
    post_anew,
    post_legs,
    still,
)
from contracts.transfer import (
    Batch,
    Change,
    CheckAnswer,
    CheckQuestion,
    PersonAnswer,
    PersonOrder,
    Posted,
    Posting,
    Transfers,
)
from domain.deadline import local_day
from domain.ledger import Entry
from domain.procedure import APPROVAL_STEP, APPROVAL_STEPS, MOVE_STEP
from domain.refusal import Refused
from domain.roster import OPEN_STATUSES, RosterStatus
from domain.transfer import (
    PAGE,
    Place,
    Stage,
    changed_fault,
    open_objections_fault,
    roster_fault,
)
from storage import transfer_store as store
from storage.engine import Database
from storage.roster_store import roster_for, set_status

MOST_NAMED: Final = 20
"""Keys of refused persons in one answer."""

EVERYBODY: Final = 100_000
"""More than any roster has."""


class _Tried(Exception):
    """Rolls back what was only tried."""


class TransferActivities(Transfers):
    """Moves the batches of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="check_transfer")
    async def check(self, question: CheckQuestion) -> CheckAnswer:
        """This will say whether a step may be closed; nothing is written (local activity)."""
        key = key_of(question.batch)
        async with translated_errors():
            async with self._database.single() as connection:
                if question.step == MOVE_STEP:
                    fault = open_objections_fault(await store.open_objections(connection, key))
                    return _checked(question.batch, fault)
                facts = await store.roster_facts(connection, key)
                counts = await store.counts_of(connection, key)
            approving = question.step in (APPROVAL_STEP, *APPROVAL_STEPS)
            fault = roster_fault(key.number, facts, frozen=approving)
            if fault is None and facts is not None and approving:
                batch = question.batch
                fault = changed_fault(facts, batch.version, batch.content_hash)
                fault = fault or await self._try_sending(question)
        if fault is not None or facts is None:
            return _checked(question.batch, fault)
        return CheckAnswer(version=facts.version, content_hash=facts.content_hash, counts=counts)

    async def _try_sending(self, question: CheckQuestion) -> Refused | None:
        """Post the whole approval and take it back: what the ledger says now."""
        posting = Posting(
            batch=question.batch,
            stage=question.stage,
            step=question.step,
            person=question.person,
            paper=question.paper,
            special_paper=question.special_paper,
            day=question.day or local_day(question.now),
            now=question.now,
        )
        try:
            async with self._database.transaction() as connection:
                await _try(connection, posting)
        except _Tried:
            return None
        except No as no:
            return no.refused

    @activity.defn(name="freeze_roster")
    async def freeze(self, change: Change) -> CheckAnswer:
        """This will claim the roster for this procedure and freeze it (请示)."""
        batch, key = change.batch, key_of(change.batch)
        async with translated_errors(), self._database.transaction() as connection:
            stage = await store.hold(connection, key, change.now)
            # An import that is under way comes first, and is then seen.
            await roster_for(connection, key.rollout, key.number, to_change=True)
            facts = await store.roster_facts(connection, key)
            if stage is Stage.FROZEN and facts is not None:
                return _found(facts.version, facts.content_hash)
            fault = roster_fault(key.number, facts)
            if fault is not None or facts is None:
                return _checked(batch, fault)
            fault = changed_fault(facts, batch.version, batch.content_hash)
            if fault is not None:
                return _checked(batch, fault)
            await set_status(
                connection, key.rollout, key.number, RosterStatus.DRAWN_UP, RosterStatus.REQUESTED
            )
            await store.set_stage(connection, key, Stage.FROZEN, facts.version)
            counts = await store.counts_of(connection, key)
        return replace(_found(facts.version, facts.content_hash), counts=counts)

    @activity.defn(name="thaw_roster")
    async def thaw(self, change: Change) -> CheckAnswer:
        """This will let the roster be drawn up again (退回); nobody may be on the way."""
        key = key_of(change.batch)
        async with translated_errors(), self._database.transaction() as connection:
            stage = await store.hold(connection, key, change.now)
            counts = await store.counts_of(connection, key)
            if Place.IN_TRANSIT.value in counts:
                raise bad_data(f"名册“{key.number}”还有在途人员，不能退回编制。")
            if stage not in (Stage.DONE, Stage.CANCELLED):
                frozen = (RosterStatus.REQUESTED, RosterStatus.APPROVED)
                await set_status(connection, key.rollout, key.number, frozen, RosterStatus.DRAWN_UP)
                await store.set_stage(connection, key, Stage.DRAWN_UP)
            return CheckAnswer(counts=counts)

    @activity.defn(name="send_posts")
    async def send(self, posting: Posting) -> Posted:
        """This will put the posts of an approval on their way."""
        people = 0
        try:
            while page := await self._send_page(posting):
                people += page
                activity.heartbeat(people)
        except No as no:
            await keep_refusals(self._database, [(no.entry, no.refused)], posting.now)
            return await self._posted(posting, people, no.refused)
        return await self._posted(posting, people)

    async def _send_page(self, posting: Posting) -> int:
        key = key_of(posting.batch)
        async with translated_errors(), self._database.transaction() as connection:
            await still(connection, key, posting.now, Stage.FROZEN, Stage.APPROVED)
            page = await listed(connection, posting, PAGE)
            await post_legs(connection, posting, page, SENT)
            await move(connection, key, page, Place.LISTED, Place.IN_TRANSIT)
            if not page and not await store.travellers(connection, key, Place.LISTED, 1):
                await set_status(
                    connection,
                    key.rollout,
                    key.number,
                    RosterStatus.REQUESTED,
                    RosterStatus.APPROVED,
                )
                await store.set_stage(connection, key, Stage.APPROVED)
        return len(page)

    @activity.defn(name="register_people")
    async def register(self, posting: Posting) -> Posted:
        """This will bring posts and people over, person by person."""
        people, after, refused, first = 0, "", list[str](), None
        while True:
            try:
                done, no, last = await self._register_page(posting, after)
            except No as ended:
                return await self._posted(posting, people, ended.refused)
            people += done
            refused += [staff for staff, _ in no]
            first = first or (no[0][1] if no else None)
            if not last:
                break
            after = last
            activity.heartbeat(people)
        posted = await self._posted(posting, people, first)
        return replace(posted, refused=tuple(refused[:MOST_NAMED]))

    async def _register_page(
        self, posting: Posting, after: str
    ) -> tuple[int, list[tuple[str, Refused]], str]:
        key = key_of(posting.batch)
        no: list[tuple[str, Refused]] = []
        asked: list[tuple[Entry | None, Refused]] = []
        async with translated_errors(), self._database.transaction() as connection:
            await still(connection, key, posting.now, Stage.APPROVED)
            page = await store.travellers(connection, key, Place.IN_TRANSIT, PAGE, after=after)
            arrived: list[store.OnTheWay] = []
            for one in page:
                who = one.traveller
                lines = who.arrives(leads=bool(who.leader_type))
                day = max(posting.day, one.since or posting.day)
                entry = entry_of(posting, f"{posting.stage}:{who.staff}", ARRIVED, day, lines)
                answer = await post_anew(connection, entry, posting.now)
                if isinstance(answer, Refused):
                    no.append((who.staff, answer))
                    asked.append((entry, answer))
                else:
                    arrived.append(one)
            await move(connection, key, arrived, Place.IN_TRANSIT, Place.ARRIVED)
        await keep_refusals(self._database, asked, posting.now)
        return len(arrived), no, page[-1].traveller.staff if page else ""

    @activity.defn(name="take_posts_back")
    async def take_back(self, posting: Posting) -> Posted:
        """This will bring back every post still on its way, the last sent first."""
        people = 0
        while page := await self._take_back_page(posting):
            people += page
            activity.heartbeat(people)
        return await self._posted(posting, people)

    async def _take_back_page(self, posting: Posting) -> int:
        key = key_of(posting.batch)
        async with translated_errors(), self._database.transaction() as connection:
            stage = await store.hold(connection, key, posting.now)
            if stage in (Stage.FROZEN, Stage.APPROVED):
                await store.set_stage(connection, key, Stage.DRAWN_UP)
            page = await store.travellers(connection, key, Place.IN_TRANSIT, PAGE, backward=True)
            await post_legs(connection, posting, page, TAKEN_BACK)
            await move(connection, key, page, Place.IN_TRANSIT, Place.LISTED)
        return len(page)

    @activity.defn(name="end_transfer")
    async def end(self, posting: Posting) -> Posted:
        """This will end the batch (办结 in ``step``, or 撤销) and check that nothing is on its way."""
        key = key_of(posting.batch)
        done = posting.step == RosterStatus.DONE
        async with translated_errors(), self._database.transaction() as connection:
            if await store.hold(connection, key, posting.now) is None:
                return Posted()
            status = RosterStatus.DONE if done else RosterStatus.CANCELLED
            astray = await store.astray(connection, key)
            counts = await store.counts_of(connection, key)
            await set_status(connection, key.rollout, key.number, OPEN_STATUSES, status)
            await store.set_stage(connection, key, Stage.DONE if done else Stage.CANCELLED)
            on_the_way = await store.in_transit(connection, key)
        return Posted(in_transit=on_the_way, astray=astray, counts=counts)

    @activity.defn(name="decide_person")
    async def decide(self, order: PersonOrder) -> PersonAnswer:
        """This will decide one person action, once."""
        key, said = key_of(order.batch), order.action
        try:
            async with translated_errors(), self._database.transaction() as connection:
                stage = await store.hold(connection, key, order.now)
                before = await store.decided_before(connection, key.workflow_id, said.action_id)
                if before is None:
                    sentence = await decide_people(connection, order, stage)
                counts = await store.counts_of(connection, key)
        except No as no:
            await keep_refusals(self._database, [(no.entry, no.refused)], order.now)
            return PersonAnswer(accepted=False, code=no.refused.code, sentence=no.refused.sentence)
        return PersonAnswer(
            accepted=True, sentence=sentence if before is None else before, counts=counts
        )

    async def _posted(
        self, posting: Posting, people: int, refused: Refused | None = None
    ) -> Posted:
        key = key_of(posting.batch)
        async with translated_errors(), self._database.single() as connection:
            return Posted(
                code=refused.code if refused else "",
                sentence=refused.sentence if refused else "",
                people=people,
                in_transit=await store.in_transit(connection, key),
                counts=await store.counts_of(connection, key),
            )


def _found(version: int, content_hash: str) -> CheckAnswer:
    return CheckAnswer(version=version, content_hash=content_hash)


def _checked(batch: Batch, fault: Refused | None) -> CheckAnswer:
    if fault is None:
        return _found(batch.version, batch.content_hash)
    return CheckAnswer(code=fault.code, sentence=fault.sentence)


async def _try(connection: AsyncConnection, posting: Posting) -> NoReturn:
    await post_legs(connection, posting, await listed(connection, posting, EVERYBODY), SENT)
    raise _Tried

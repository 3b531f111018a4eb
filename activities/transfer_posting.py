"""Postings of a transfer batch: who goes with whom, under which key, and what a refusal rolls back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.transfer import Batch, Posting
from domain.ledger import Entry, Line
from domain.procedure import APPROVAL_STEP, APPROVAL_STEPS
from domain.refusal import Refused
from domain.transfer import Leg, Place, Stage, legs
from storage import transfer_store as store
from storage.engine import Database
from storage.ledger_store import keep_refusal, post
from storage.roster_store import set_person_state

SENT: Final = "编制划转"
ARRIVED: Final = "转入登记"
TAKEN_BACK: Final = "编制收回"
SENT_ELSEWHERE: Final = "编制改派"
"""Kinds of the entries that a batch makes."""


class No(Exception):
    """Rolls back what a refusal must not leave behind."""

    def __init__(self, refused: Refused, entry: Entry | None = None) -> None:
        super().__init__(refused.code)
        self.refused = refused
        self.entry = entry


def key_of(batch: Batch) -> store.BatchKey:
    """The batch as the store knows it."""
    return store.BatchKey(
        rollout=batch.rollout,
        workflow_id=batch.workflow_id,
        unit=batch.unit,
        number=batch.number,
    )


async def still(
    connection: AsyncConnection, key: store.BatchKey, at: datetime, *stages: Stage
) -> None:
    """The batch, held, must still be where a page belongs."""
    if await store.hold(connection, key, at) not in stages:
        raise No(Refused(code="BATCH_ENDED", sentence="本批次已经退回或撤销，没有再记账。"))


async def listed(
    connection: AsyncConnection, posting: Posting, limit: int
) -> tuple[store.OnTheWay, ...]:
    """Whom an approval concerns and who is not on the way yet."""
    institutions = None if posting.step == APPROVAL_STEP else posting.step == APPROVAL_STEPS[1]
    key = key_of(posting.batch)
    return await store.travellers(connection, key, Place.LISTED, limit, institutions=institutions)


async def post_legs(
    connection: AsyncConnection,
    posting: Posting,
    page: Sequence[store.OnTheWay],
    kind: str,
) -> None:
    """One entry to everybody who goes the same way; No at the first that is refused."""
    since = {one.traveller.staff: one.since for one in page}
    for leg in legs([one.traveller for one in page]):
        days = [day for staff in leg.staff if (day := since[staff]) is not None]
        lines = leg.sent() if kind == SENT else leg.taken_back()
        day = max([posting.day, *days])
        entry = entry_of(posting, f"{posting.stage}:{leg.name}", kind, day, lines)
        answer = await post_anew(connection, entry, posting.now)
        if isinstance(answer, Refused):
            raise No(replace(answer, sentence=f"{_way(leg)}：{answer.sentence}"), entry)


async def post_anew(connection: AsyncConnection, entry: Entry, at: datetime) -> Refused | None:
    """This will post an entry that moves people who have not moved yet.

    Entry and move are one transaction: where the entry is there and they have not moved, its key was
    used for another journey, and moving them would part roster and ledger.
    """
    answer = await post(connection, entry, at)
    if isinstance(answer, Refused):
        return answer
    if answer.created:
        return None
    sentence = f"“{entry.key}”已经记过账，不能用来再记一次，没有记账。"
    return Refused(code="LEDGER_KEY_USED", sentence=sentence)


def _way(leg: Leg) -> str:
    return f"{leg.from_unit}→{leg.to_unit}{leg.type}{len(leg.staff)}人"


def entry_of(posting: Posting, key: str, kind: str, day: date, lines: tuple[Line, ...]) -> Entry:
    """An entry of the batch; ``key`` is what makes it one of its kind there."""
    batch = posting.batch
    return Entry(
        rollout=batch.rollout,
        key=f"{batch.workflow_id}:{key}",
        kind=kind,
        day=day,
        person=posting.person,
        rule="0-52" if kind == ARRIVED else "0-51",
        lines=lines,
        procedure=batch.workflow_id,
        paper=posting.paper,
        special_paper=posting.special_paper,
        note=posting.reason,
    )


async def keep_refusals(
    database: Database, refusals: Sequence[tuple[Entry | None, Refused]], at: datetime
) -> None:
    """This will write down what the ledger refused, after the rest was rolled back."""
    asked = [(entry, refused) for entry, refused in refusals if entry is not None]
    if not asked:
        return
    async with database.transaction() as connection:
        for entry, refused in asked:
            await keep_refusal(connection, entry, refused, at)


async def move(
    connection: AsyncConnection,
    key: store.BatchKey,
    page: Sequence[store.OnTheWay],
    old: Place,
    new: Place,
) -> None:
    """This will note where the persons of a page are now."""
    staff = [one.traveller.staff for one in page]
    if staff:
        await set_person_state(connection, key.rollout, key.number, staff, expected=(old,), new=new)

"""Records that a problem was handed to the 区纪委监委, and what came of it (0-14), after the audit too."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.audit_who import Recorders
from activities.database import translated_errors
from activities.plan_shelf import Shelf
from activities.sealed import Undone
from contracts.audit_referral import ReferralDesk, ReferralOrder, ReferralRecorded
from domain.audit_referral import blocked, referral_fault
from domain.deadline import local_day
from domain.personal import personal_fault
from domain.refusal import Refused
from storage import referral_store as store
from storage.engine import Database


class ReferralActivities(ReferralDesk):
    """Keeps the referrals of one database."""

    def __init__(self, database: Database, shelf: Shelf) -> None:
        self._database = database
        self._who = Recorders(shelf)

    @activity.defn(name="record_referral")
    async def refer(self, order: ReferralOrder) -> ReferralRecorded:
        """This will record an entry about a problem, once."""
        entry = order.entry
        said = personal_fault(entry.paper, entry.outcome)
        if no := said or referral_fault(entry, local_day(order.now)):
            return ReferralRecorded(code=no.code, sentence=no.sentence)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await self._recorded(connection, order)
        except Undone as undone:
            no = undone.refused
            return ReferralRecorded(code=no.code, sentence=no.sentence)

    async def _recorded(
        self, connection: AsyncConnection, order: ReferralOrder
    ) -> ReferralRecorded:
        await self._who.running(connection, order)
        key, entry = order.key, order.entry
        there = await store.referral_by_action(connection, key.rollout, order.action_id)
        if there is not None:
            return ReferralRecorded(entry=there, again=True)
        discipline = await store.discipline_of(connection, key, entry.number)
        if discipline is None:
            sentence = f"{key.plan}{key.window}没有第{entry.number}号问题（jiegai audit show）。"
            raise Undone(Refused(code="AUDIT_PROBLEM_UNKNOWN", sentence=sentence))
        before = await store.referrals(connection, key, entry.number - 1, entry.number)
        if no := blocked(entry, discipline, before):
            raise Undone(no)
        added = await store.add_referral(
            connection,
            key,
            replace(entry, place=0),
            person=order.person,
            action_id=order.action_id,
            at=order.now,
        )
        return ReferralRecorded(entry=added)

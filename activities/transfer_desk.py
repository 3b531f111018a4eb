"""What people look at of a transfer batch: sums, and persons by key."""

from __future__ import annotations

from temporalio import activity

from activities.database import translated_errors
from contracts.transfer import (
    PEOPLE_PAGE,
    PeoplePage,
    PeopleQuestion,
    PersonLine,
    SumLine,
    TransferDesk,
    TransferQuestion,
    TransferShown,
)
from storage import transfer_store as store
from storage.engine import Database
from storage.roster_store import roster_for, roster_sums


class TransferReads(TransferDesk):
    """Shows batches of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="read_transfer")
    async def show(self, question: TransferQuestion) -> TransferShown:
        """This will sum up a batch."""
        async with translated_errors(), self._database.single() as connection:
            found = await store.batch_of(connection, question.workflow_id)
            if found is None:
                return TransferShown(workflow_id=question.workflow_id)
            key, stage = found
            roster = await roster_for(connection, key.rollout, key.number)
            sums = await roster_sums(connection, key.rollout, key.number)
            return TransferShown(
                workflow_id=question.workflow_id,
                number=key.number,
                version=roster.version if roster else 0,
                status=roster.status if roster else "",
                stage=stage,
                people=roster.people if roster else 0,
                in_transit=await store.in_transit(connection, key),
                counts=await store.counts_of(connection, key),
                objections=await store.objection_counts(connection, key),
                sums=tuple(
                    SumLine(
                        from_unit=one.from_unit,
                        to_unit=one.to_unit,
                        team=one.team,
                        type=one.type,
                        state=one.state,
                        people=one.people,
                    )
                    for one in sums
                ),
            )

    @activity.defn(name="read_transfer_people")
    async def people(self, question: PeopleQuestion) -> PeoplePage:
        """This will list persons of a batch by key."""
        async with translated_errors(), self._database.single() as connection:
            found = await store.batch_of(connection, question.workflow_id)
            if found is None:
                return PeoplePage(found=False)
            rows = await store.people_page(
                connection, found[0], question.state, question.after, PEOPLE_PAGE
            )
        lines = tuple(PersonLine(**vars(row)) for row in rows)
        more = lines[-1].staff if len(lines) == PEOPLE_PAGE else ""
        return PeoplePage(lines=lines, next_page=more)

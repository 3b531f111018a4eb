"""Reads of the register of lists of duties: everybody may (4-39), and it says who is not there.

``coverage_of`` is also what a procedure asks before acceptance (4-40, 4-43).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.duty import ACTING
from activities.pages import how_many_fit, key_of, place_of
from activities.sealed import unknown_rollout
from contracts.duty import (
    ClaimLine,
    CoveragePage,
    CoverageQuestion,
    Duties,
    DutyListsPage,
    DutyListsQuestion,
    DutyPage,
    DutyQuestion,
    ItemLine,
    VersionLine,
)
from domain.directory import Directory
from domain.duty import ListStatus, plain_number
from domain.duty_claims import Coverage, StreetCoverage, cover
from domain.refusal import Refused
from storage import duty_claim_store as claim_store
from storage.duty_reads import ListOnFile, read_heads, read_items
from storage.engine import Database
from storage.people_store import has_directory, read_units

_VERSION: TypeAdapter[VersionLine] = TypeAdapter(VersionLine)
_ITEM: TypeAdapter[ItemLine] = TypeAdapter(ItemLine)
_STREET: TypeAdapter[StreetCoverage] = TypeAdapter(StreetCoverage)
_MOST_ITEMS: Final = 500
_NAMED: Final = 5
NOT_YET: Final = "未施行"


class DutyActivities(Duties):
    """Reads the register of duties of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="list_duty_lists")
    async def lists(self, question: DutyListsQuestion) -> DutyListsPage:
        """This will list the lists with their versions."""
        after = int(key_of(question.page, 1)[0]) if question.page else 0
        async with translated_errors(), self._database.snapshot() as connection:
            if not await has_directory(connection, question.rollout):
                no = unknown_rollout(question.rollout)
                return DutyListsPage(code=no.code, sentence=no.sentence)
            heads = await read_heads(connection, question.rollout, question.name)
        if question.name and not heads:
            no = _no_list(question.name)
            return DutyListsPage(code=no.code, sentence=no.sentence)
        lines = [version_line(one, question.now) for one in heads[after:]]
        shown = how_many_fit(lines, _VERSION)
        more = place_of(after + shown) if shown < len(lines) else ""
        return DutyListsPage(lines=tuple(lines[:shown]), next_page=more)

    @activity.defn(name="read_duty_items")
    async def items(self, question: DutyQuestion) -> DutyPage:
        """This will list the items of a version with their claims."""
        after = int(key_of(question.page, 1)[0]) if question.page else 0
        async with translated_errors(), self._database.snapshot() as connection:
            if not await has_directory(connection, question.rollout):
                no = unknown_rollout(question.rollout)
                return DutyPage(code=no.code, sentence=no.sentence)
            meant = await _meant(connection, question)
            if isinstance(meant, Refused):
                return DutyPage(code=meant.code, sentence=meant.sentence)
            name, number = meant.head.name, plain_number(question.number)
            found = await read_items(
                connection,
                question.rollout,
                name,
                meant.head.version,
                after=after,
                number=number,
                limit=_MOST_ITEMS,
            )
            claims = await self._claims(connection, question, name)
        if number and not found:
            sentence = f"“{name}”第{meant.head.version}版没有第{number[:20]}项。"
            return DutyPage(code="DUTY_ITEM_UNKNOWN", sentence=sentence)
        lines = [
            ItemLine(item=item, claims=tuple(claims.get(item.number, ()))) for _, item in found
        ]
        shown = how_many_fit(lines, _ITEM)
        is_more = shown < len(lines) or len(lines) == _MOST_ITEMS
        return DutyPage(
            head=version_line(meant, question.now),
            lines=tuple(lines[:shown]),
            next_page=place_of(found[shown - 1][0]) if is_more and shown else "",
        )

    @activity.defn(name="read_duty_coverage")
    async def coverage(self, question: CoverageQuestion) -> CoveragePage:
        """This will say which streets have claimed what and were evaluated."""
        after = int(key_of(question.page, 1)[0]) if question.page else 0
        async with translated_errors(), self._database.snapshot() as connection:
            if not await has_directory(connection, question.rollout):
                no = unknown_rollout(question.rollout)
                return CoveragePage(code=no.code, sentence=no.sentence)
            found = await coverage_of(connection, question.rollout, question.now, question.name)
            trials = await claim_store.trials_of(connection, question.rollout, name=question.name)
        if question.name and not found:
            no = _not_issued(question.name)
            return CoveragePage(code=no.code, sentence=no.sentence)
        lines = [
            one
            for covered in found.values()
            for one in covered.streets
            if not question.street or one.street == question.street
        ][after:]
        shown = how_many_fit(lines, _STREET)
        asked = {(one.list_name, one.street) for one in lines[:shown]}
        return CoveragePage(
            lines=tuple(lines[:shown]),
            trials=tuple(one for one in trials if (one.list_name, one.street) in asked),
            next_page=place_of(after + shown) if shown < len(lines) else "",
        )

    async def _claims(
        self, connection: AsyncConnection, question: DutyQuestion, name: str
    ) -> dict[str, list[ClaimLine]]:
        """Claims by number, where a street or a single item is asked for."""
        if not (question.street or question.number):
            return {}
        number = plain_number(question.number)
        on_file = await claim_store.claims_of(
            connection, question.rollout, name=name, street=question.street
        )
        acting = await claim_store.acting_persons(
            connection, question.rollout, ACTING, question.now
        )
        lines: dict[str, list[ClaimLine]] = {}
        for one in sorted(on_file, key=lambda one: one.claim.street):
            claim = one.claim
            if number and claim.number != number:
                continue
            there = acting.get(claim.street, frozenset())
            line = ClaimLine(
                number=claim.number,
                street=claim.street,
                liaisons=claim.liaisons,
                team=claim.team,
                claimed_at=one.claimed_at,
                claimed_by=one.claimed_by,
                gone=tuple(person for person in claim.liaisons if person not in there),
            )
            lines.setdefault(claim.number, []).append(line)
        return lines


async def coverage_of(
    connection: AsyncConnection, rollout: str, at: datetime, name: str = ""
) -> dict[str, Coverage]:
    """This will say by list how far the streets are: one list, or every issued one.

    Empty for a list that is not issued. A 专人 counts who holds an acting post at ``at``.
    """
    issued = await claim_store.issued_lists(connection, rollout, name)
    directory = Directory.of(await read_units(connection, rollout))
    acting = await claim_store.acting_persons(connection, rollout, ACTING, at)
    trials = await claim_store.trials_of(connection, rollout, name=name)
    claims: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {}
    for one in await claim_store.claims_of(connection, rollout, name=name):
        of_list = claims.setdefault(one.claim.list_name, {})
        of_list[one.claim.street, one.claim.number] = one.claim.liaisons
    return {
        each.name: cover(
            each,
            directory,
            claims.get(each.name, {}),
            claim_store.trial_days(trials, each.name),
            acting,
        )
        for each in issued.values()
    }


def version_line(found: ListOnFile, now: datetime) -> VersionLine:
    """This will say a version as it stands at ``now``."""
    head = found.head
    return VersionLine(
        name=head.name,
        version=head.version,
        kind=head.kind.value,
        district=head.district,
        street=head.street,
        field_name=head.field_name,
        declared=head.declared,
        declared_by=head.declared_by,
        state=_state(found, now),
        effective_from=head.effective_from,
        effective_to=head.effective_to,
        paper=head.paper,
        filing_no=head.filing_no,
        workflow_id=found.workflow_id,
        drafted_at=found.drafted_at,
        drafted_by=found.drafted_by,
    )


def _state(found: ListOnFile, now: datetime) -> str:
    """Its period decides, not its status: a version replaced from tomorrow on holds today."""
    head = found.head
    if head.status is ListStatus.DRAFT or head.effective_from is None:
        return head.status.value
    if head.effective_from > now:
        return NOT_YET
    if head.effective_to is None or head.effective_to > now:
        return ListStatus.IN_FORCE.value
    return head.status.value


async def _meant(connection: AsyncConnection, question: DutyQuestion) -> ListOnFile | Refused:
    """The version that a question means."""
    heads = await read_heads(connection, question.rollout, question.name)
    if not heads:
        return _no_list(question.name)
    if question.street:
        heads = tuple(one for one in heads if one.head.street in {"", question.street})
    names = list(dict.fromkeys(one.head.name for one in heads))
    if len(names) != 1:
        if not names:
            return _no_list(question.name)
        more = "……" if len(names) > _NAMED else ""
        sentence = f"有几个清单（{'、'.join(names[:_NAMED])}{more}），请写明哪一个。"
        return Refused(code="DUTY_WHICH_LIST", sentence=sentence)
    return _version_meant(heads, question)


def _version_meant(heads: tuple[ListOnFile, ...], question: DutyQuestion) -> ListOnFile | Refused:
    name = heads[0].head.name
    if question.version:
        found = next((one for one in heads if one.head.version == question.version), None)
        sentence = f"“{name}”没有第{question.version}版。"
        return found or Refused(code="DUTY_VERSION", sentence=sentence)
    at = question.at or question.now
    in_force = [one for one in heads if _state(one, at) == ListStatus.IN_FORCE]
    if in_force:
        return in_force[-1]
    if question.at is not None:
        sentence = f"“{name}”那时没有有效的版本，见 jiegai duty list。"
        return Refused(code="DUTY_NOT_IN_FORCE", sentence=sentence)
    return heads[-1]


def _no_list(name: str) -> Refused:
    if not name:
        return Refused(code="DUTY_NONE", sentence="还没有登记清单，见 jiegai duty import。")
    sentence = f"没有清单“{name[:60]}”，见 jiegai duty list。"
    return Refused(code="DUTY_LIST_UNKNOWN", sentence=sentence)


def _not_issued(name: str) -> Refused:
    sentence = f"没有已印发的清单“{name[:60]}”，见 jiegai duty list。"
    return Refused(code="DUTY_LIST_UNKNOWN", sentence=sentence)

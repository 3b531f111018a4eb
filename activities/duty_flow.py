"""The register's side of drafting and adjusting lists of duties.

What a workflow asks is read; what it orders is written in one transaction and is the same when it
is done twice. Sources: 4-23…4-32, 4-40, 4-43.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.duty import content_hash
from activities.duty_desk import coverage_of
from activities.sealed import Undone
from contracts.duty_flow import (
    ApplicationMoved,
    DutyEffect,
    DutyFiling,
    DutyFlow,
    DutyIssue,
    DutyKey,
    DutyOutcome,
)
from domain.directory import Directory
from domain.duty import DutyItem, DutyList, ListStatus
from domain.duty_change import (
    Application,
    ApplicationState,
    changed,
    conflict,
    item_hash,
)
from domain.duty_check import totals_fault
from domain.duty_claims import Coverage
from domain.duty_flow import Standing, legality_fault, listed
from domain.duty_sides import STREET_KINDS
from domain.refusal import Refused
from storage import duty_flow_store as store
from storage.duty_store import NewDraft, note_filing, put_in_force, store_draft
from storage.engine import Database
from storage.people_store import read_units


class DutyFlowActivities(DutyFlow):
    """Reads and writes the lists of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="look_at_duty_list")
    async def look(self, key: DutyKey) -> Standing:
        """This will tell how a list stands: its draft, else the version in force."""
        async with translated_errors(), self._database.snapshot() as connection:
            return await standing_of(connection, key)

    @activity.defn(name="seal_duty_draft")
    async def seal(self, key: DutyKey) -> DutyOutcome:
        """This will freeze the draft that goes to the reviewing units (4-28: all verdicts given)."""
        async with translated_errors(), self._database.transaction() as connection:
            await store.lock_list(connection, key.rollout, key.list_name)
            found = await store.seal_of(connection, key.rollout, key.list_name)
            if found is not None and found.workflow_id == key.workflow_id:
                return DutyOutcome()
            standing = await standing_of(connection, key)
            no = legality_fault(standing) or _not_draft(standing)
            if no is not None:
                return _refused(no)
            seal = store.Seal(content_hash=standing.content_hash, workflow_id=key.workflow_id)
            await store.put_seal(connection, key.rollout, key.list_name, seal, key.at)
        return DutyOutcome(version=standing.version)

    @activity.defn(name="unseal_duty_draft")
    async def unseal(self, key: DutyKey) -> DutyOutcome:
        """This will let the draft be changed again."""
        async with translated_errors(), self._database.transaction() as connection:
            await store.drop_seal(connection, key.rollout, key.list_name, key.workflow_id)
        return DutyOutcome()

    @activity.defn(name="issue_duty_list")
    async def issue(self, order: DutyIssue) -> DutyOutcome:
        """This will put the sealed draft in force."""
        rollout, name = order.key.rollout, order.key.list_name
        async with translated_errors(), self._database.transaction() as connection:
            await store.lock_list(connection, rollout, name)
            draft = await store.read_list(connection, rollout, name, ListStatus.DRAFT)
            if draft is None:
                return await _issued_before(connection, order)
            seal = await store.seal_of(connection, rollout, name)
            if seal is None or seal != store.Seal(
                content_hash=draft.content_hash, workflow_id=order.key.workflow_id
            ):
                sentence = f"“{name}”的草案在审核之后又有改动，没有印发。"
                return DutyOutcome(code="DUTY_DRAFT_CHANGED", sentence=sentence)
            no = totals_fault(draft.content)
            if no is None:
                version = draft.content.version
                no = await put_in_force(
                    connection, rollout, name, version, paper=order.paper, at=order.at
                )
            if no is not None:
                return _refused(no)
            await store.drop_seal(connection, rollout, name, order.key.workflow_id)
        return DutyOutcome(version=draft.content.version)

    @activity.defn(name="file_duty_list")
    async def file(self, order: DutyFiling) -> DutyOutcome:
        """This will note the 备案号 of an issued list (4-30)."""
        rollout, name = order.key.rollout, order.key.list_name
        async with translated_errors(), self._database.transaction() as connection:
            found = await store.read_list(connection, rollout, name, ListStatus.IN_FORCE)
            if found is None:
                return _refused(_not_in_force(name))
            version = found.content.version
            await note_filing(connection, rollout, name, version, order.filing_no)
        return DutyOutcome(version=version)

    @activity.defn(name="check_duty_change")
    async def landing(self, key: DutyKey) -> DutyOutcome:
        """This will tell whether an application's change still lands on the newest version."""
        async with translated_errors(), self._database.snapshot() as connection:
            application = await _application(connection, key)
            current = await store.read_list(
                connection, key.rollout, key.list_name, ListStatus.IN_FORCE
            )
        if current is None:
            return _refused(_not_in_force(key.list_name))
        no = conflict(current.content, application.change)
        return _refused(no) if no else DutyOutcome(version=current.content.version)

    @activity.defn(name="move_duty_application")
    async def move(self, order: ApplicationMoved) -> DutyOutcome:
        """This will write where an application stands; one in effect stays so."""
        async with translated_errors(), self._database.transaction() as connection:
            application = await _application(connection, order.key)
            if application.state is not ApplicationState.IN_EFFECT:
                await store.move_application(connection, order.key.workflow_id, order.state)
        return DutyOutcome(version=application.version)

    @activity.defn(name="put_duty_change_in_force")
    async def effect(self, order: DutyEffect) -> DutyOutcome:
        """This will make the next version of a list from an application (4-32)."""
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await _effect(connection, order)
        except Undone as undone:
            return _refused(undone.refused)


async def standing_of(connection: AsyncConnection, key: DutyKey) -> Standing:
    """This will read how a list stands: its draft, else the version in force."""
    rollout, name = key.rollout, key.list_name
    found = await store.read_list(connection, rollout, name, ListStatus.DRAFT)
    covered: dict[str, Coverage] = {}
    if found is None:
        found = await store.read_list(connection, rollout, name, ListStatus.IN_FORCE)
        covered = await coverage_of(connection, rollout, key.at, name)
    if found is None:
        return Standing()
    content = found.content
    judged = await store.verdicts(connection, rollout, name)
    given = {item.number: judged.get((item.number, item_hash(item))) for item in content.items}
    totals = totals_fault(content)
    lines = covered[name].streets if name in covered else ()
    directory = Directory.of(await read_units(connection, rollout))
    return Standing(
        status=content.status.value,
        version=content.version,
        content_hash=found.content_hash,
        counted=len(content.items),
        totals=totals.sentence if totals else "",
        empty=tuple(item.number for item in content.items if not _is_whole(item)),
        unjudged=tuple(number for number, lawful in given.items() if lawful is None),
        unsound=tuple(number for number, lawful in given.items() if lawful is False),
        departments=departments_in(content),
        streets=streets_of(content, directory),
        untried=tuple(line.street for line in lines if line.evaluated_on is None),
        unclaimed={
            line.street: listed([one.number for one in line.missing])
            for line in lines
            if line.missing
        },
    )


def streets_of(content: DutyList, directory: Directory) -> tuple[str, ...]:
    """The streets for which a list holds: its own, or all of the district."""
    if content.street:
        return (content.street,)
    units = directory.by_district.get(content.district, ())
    return tuple(unit.name for unit in units if unit.kind in STREET_KINDS)


def departments_in(content: DutyList) -> tuple[str, ...]:
    """The departments that its items bind, in the order in which they first come (4-26)."""
    return tuple(dict.fromkeys(name for item in content.items for name in item.departments))


async def _effect(connection: AsyncConnection, order: DutyEffect) -> DutyOutcome:
    rollout, name = order.key.rollout, order.key.list_name
    await store.lock_list(connection, rollout, name)
    application = await _application(connection, order.key)
    if application.state is ApplicationState.IN_EFFECT:
        return DutyOutcome(version=application.version)
    current = await store.read_list(connection, rollout, name, ListStatus.IN_FORCE)
    if current is None:
        return _refused(_not_in_force(name))
    content = changed(current.content, application.change)
    if isinstance(content, Refused):
        return _refused(content)
    await _replace(connection, order, application, content)
    return DutyOutcome(version=content.version)


async def _replace(
    connection: AsyncConnection, order: DutyEffect, application: Application, content: DutyList
) -> None:
    """Raises Undone where the register will not have the version."""
    rollout, name, change = order.key.rollout, order.key.list_name, application.change
    if await store.read_list(connection, rollout, name, ListStatus.DRAFT) is not None:
        sentence = f"“{name}”另有一份未印发的草案，新版没有生效，请先撤销该草案。"
        raise Undone(Refused(code="DUTY_DRAFT_STANDS", sentence=sentence))
    draft = NewDraft(content=content, content_hash=content_hash(content))
    workflow_id = order.key.workflow_id
    at, person = order.key.at, application.person
    await store_draft(connection, rollout, draft, at=at, person=person, workflow_id=workflow_id)
    no = await put_in_force(
        connection,
        rollout,
        name,
        content.version,
        paper=order.paper or content.paper,
        at=order.at,
        filing_no=order.filing_no,
    )
    if no is not None:
        raise Undone(no)
    if change.item is None:
        await store.end_claims(connection, rollout, name, change.number, order.at)
    state = ApplicationState.IN_EFFECT
    await store.move_application(connection, workflow_id, state, content.version)


async def _issued_before(connection: AsyncConnection, order: DutyIssue) -> DutyOutcome:
    """The same order again: what it made is in force."""
    name = order.key.list_name
    found = await store.read_list(connection, order.key.rollout, name, ListStatus.IN_FORCE)
    if found is not None and found.content.paper == order.paper:
        return DutyOutcome(version=found.content.version)
    return _refused(_not_in_force(name))


async def _application(connection: AsyncConnection, key: DutyKey) -> Application:
    found = await store.application_of(connection, key.workflow_id)
    if found is None:
        raise AssertionError("an adjustment runs for an application")
    return found


def _is_whole(item: DutyItem) -> bool:
    """4-24: none of the seven fields is empty."""
    seven = (item.category, item.name, item.district_duty, item.street_duty)
    return all(text.strip() for text in (*seven, item.basis, item.primary, item.support))


def _not_draft(standing: Standing) -> Refused | None:
    if standing.status == ListStatus.DRAFT:
        return None
    return Refused(code="DUTY_DRAFT_MISSING", sentence="登记库里没有这份清单的草案，不能送审。")


def _not_in_force(name: str) -> Refused:
    return Refused(code="DUTY_NOT_IN_FORCE", sentence=f"清单“{name}”没有印发，或已经废止。")


def _refused(no: Refused) -> DutyOutcome:
    return DutyOutcome(code=no.code, sentence=no.sentence)

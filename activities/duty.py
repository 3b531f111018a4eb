"""Writes to the register of lists of duties: imports, claims, trial evaluations (F29–F31).

Orders of one rollout follow each other behind a lock of its directory. Lists and evaluations are the
coordinator's, claims the street's own or the coordinator's. A list in force changes by an adjustment
alone (4-48).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit
from activities.plan_shelf import Shelf
from activities.sealed import Known, Undone, key_missing, known_person, open_upload
from contracts.duty import (
    Claimed,
    ClaimOrder,
    DutyImport,
    DutyImported,
    DutyOrders,
    ImportedList,
    TrialOrder,
    TrialsRecorded,
)
from contracts.sealed import Sealing
from domain.deadline import local_day
from domain.duty import DutyList
from domain.duty_check import DutyRead, check_lists
from domain.duty_claims import ClaimGround, read_claims, read_trials
from domain.duty_sheet import LIST, DutySheet
from domain.people import LEADING_DUTY
from domain.personal import personal_fault
from domain.refusal import Finding, Refused
from domain.secrecy import secret_names
from domain.unit import ACTING_ROLES, Unit
from storage import duty_claim_store as claim_store
from storage import duty_store as store
from storage.duty_reads import LastVersions, last_versions
from storage.engine import Database
from storage.staff_store import drop_pieces

_SHEET: TypeAdapter[DutySheet] = TypeAdapter(DutySheet)
_FINDING: TypeAdapter[Finding] = TypeAdapter(Finding)
_MOST_PAPER: Final = 100
ACTING: Final = tuple(sorted(role.value for role in ACTING_ROLES))
"""The posts that may work a unit's steps, as the register writes them."""


class DutyOrderActivities(DutyOrders):
    """Writes the register of duties of one database; without a seal no workbook is opened."""

    def __init__(self, database: Database, shelf: Shelf, seal: Sealing | None) -> None:
        self._database = database
        self._shelf = shelf
        self._seal = seal

    @activity.defn(name="import_duty_lists")
    async def import_lists(self, order: DutyImport) -> DutyImported:
        """This will store uploaded lists as drafts, or as issued ones."""
        if self._seal is None:
            no = key_missing()
            return DutyImported(code=no.code, sentence=no.sentence)
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await self._import(connection, self._seal, order)
        except Undone as undone:
            return DutyImported(code=undone.refused.code, sentence=undone.refused.sentence)

    @activity.defn(name="claim_duty_items")
    async def claim(self, order: ClaimOrder) -> Claimed:
        """This will write who of a street looks after which items."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order)
            if isinstance(known, Refused):
                return Claimed(code=known.code, sentence=known.sentence)
            ground = await _ground(connection, order, known, lambda unit: _not_theirs(known, unit))
            read = await asyncio.to_thread(read_claims, order.rows, ground)
            if read.findings:
                return Claimed(
                    findings=_fitting(read.findings),
                    errors=len(read.findings),
                    code="DUTY_INVALID",
                    sentence=_in_vain("认领表", len(read.findings)),
                )
            on_file = await claim_store.claims_of(connection, order.rollout)
            before = {
                (one.claim.list_name, one.claim.street, one.claim.number): one.claim
                for one in on_file
            }
            held = [before.get((c.list_name, c.street, c.number)) for c in read.claims]
            differing = [c for c, b in zip(read.claims, held, strict=True) if c != b]
            if not order.only_check and differing:
                await claim_store.write_claims(
                    connection, order.rollout, differing, order.now, order.person
                )
        new = sum(1 for one in held if one is None)
        return Claimed(
            new=new, changed=len(differing) - new, same=len(read.claims) - len(differing)
        )

    @activity.defn(name="record_duty_trials")
    async def record_trials(self, order: TrialOrder) -> TrialsRecorded:
        """This will write trial evaluations."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order)
            if isinstance(known, Refused):
                return TrialsRecorded(code=known.code, sentence=known.sentence)
            ground = await _ground(
                connection, order, known, lambda unit: not_leading(known, unit, "试运行评估")
            )
            read = await asyncio.to_thread(read_trials, order.rows, ground)
            if read.findings:
                return TrialsRecorded(
                    findings=_fitting(read.findings),
                    errors=len(read.findings),
                    code="DUTY_INVALID",
                    sentence=_in_vain("试运行评估", len(read.findings)),
                )
            if order.only_check:
                return TrialsRecorded(written=len(read.trials))
            written = await claim_store.write_trials(
                connection, order.rollout, read.trials, order.now, order.person
            )
        return TrialsRecorded(written=written, same=len(read.trials) - written)

    async def _known(
        self, connection: AsyncConnection, order: DutyImport | ClaimOrder | TrialOrder
    ) -> Known | Refused:
        return await known_person(
            connection, self._shelf, order.rollout, order.person, order.now, to_change=True
        )

    async def _import(
        self, connection: AsyncConnection, seal: Sealing, order: DutyImport
    ) -> DutyImported:
        known = await self._known(connection, order)
        if isinstance(known, Refused):
            raise Undone(known)
        if refused := _paper_fault(order):
            raise Undone(refused)
        upload = (order.rollout, order.upload, order.pieces)
        sheet = await open_upload(connection, seal, upload, _SHEET)
        if isinstance(sheet, Refused):
            raise Undone(sheet)
        read = await asyncio.to_thread(check_lists, sheet, known.directory)
        names = [raw.name for raw in sheet.lists]
        before = await last_versions(connection, order.rollout, names)
        hashes = await asyncio.to_thread(_hashes, read.lists)
        findings = (*read.findings, *_standing_faults(order, known, sheet, (read, before, hashes)))
        if findings:
            return DutyImported(
                findings=_fitting(findings),
                errors=len(findings),
                code="DUTY_INVALID",
                sentence=_in_vain("清单", len(findings)),
            )
        new = [one for one in read.lists if not _is_there(order, before, one, hashes[one.name])]
        drafts = [
            store.NewDraft(
                content=replace(one, version=_version(before.get(one.name))),
                content_hash=hashes[one.name],
            )
            for one in new
        ]
        if not order.only_check:
            await drop_pieces(connection, order.upload)
            await self._write(connection, order, drafts)
        added = {draft.content.name: draft.content.version for draft in drafts}
        return DutyImported(
            lists=tuple(
                ImportedList(
                    name=one.name,
                    version=added.get(one.name) or before[one.name].newest,
                    items=len(one.items),
                    is_new=one.name in added,
                )
                for one in read.lists
            ),
            items=sum(len(one.items) for one in read.lists),
            applied=bool(drafts) and not order.only_check,
        )

    async def _write(
        self, connection: AsyncConnection, order: DutyImport, drafts: Sequence[store.NewDraft]
    ) -> None:
        await store.store_drafts(
            connection, order.rollout, drafts, at=order.now, person=order.person
        )
        if order.effective_from is None:
            return
        for draft in drafts:
            refused = await store.put_in_force(
                connection,
                order.rollout,
                draft.content.name,
                draft.content.version,
                paper=order.paper.strip(),
                at=order.effective_from,
            )
            if refused is not None:
                raise Undone(refused)


def not_leading(known: Known, unit: Unit | None, what: str) -> Refused | None:
    """Why somebody may not write what is the coordinator's of a district; None if they may."""
    if unit is None or known.authority.over(unit):
        return None
    sentence = (
        f"{unit.district or unit.name}的{what}只能由改革协调单位或该区{LEADING_DUTY}的协调员登记，"
        f"{known.person}不是。"
    )
    return Refused(code="NOT_COORDINATOR", sentence=sentence)


async def _ground(
    connection: AsyncConnection,
    order: ClaimOrder | TrialOrder,
    known: Known,
    barred: Callable[[Unit], Refused | None],
) -> ClaimGround:
    return ClaimGround(
        lists=await claim_store.issued_lists(connection, order.rollout),
        directory=known.directory,
        acting=await claim_store.acting_persons(connection, order.rollout, ACTING, order.now),
        barred=barred,
        today=local_day(order.now),
    )


def _not_theirs(known: Known, unit: Unit) -> Refused | None:
    if known.writes(unit):
        return None
    sentence = f"“{unit.name}”的认领只能由该街道的办理人或协调员登记，{known.person}不是。"
    return Refused(code="NOT_YOUR_UNIT", sentence=sentence)


def _paper_fault(order: DutyImport) -> Refused | None:
    """Why a list cannot be entered as issued: both paper and day, or neither."""
    paper = order.paper.strip()
    if bool(paper) != (order.effective_from is not None):
        sentence = (
            "登记已印发的清单须同时写明文号（--paper）和施行日期（--effective）；都不写是草案。"
        )
        return Refused(code="DUTY_PAPER", sentence=sentence)
    if len(paper) > _MOST_PAPER:
        return Refused(code="TOO_LONG", sentence=f"文号不能超过{_MOST_PAPER}字。")
    return secret_names(paper) or personal_fault(paper)


def _standing_faults(
    order: DutyImport,
    known: Known,
    sheet: DutySheet,
    found: tuple[DutyRead, dict[str, LastVersions], dict[str, str]],
) -> list[Finding]:
    """What the register and the person's posts say against lists of a workbook."""
    read, before, hashes = found
    contents = {one.name: one for one in read.lists}
    faults: list[Finding] = []
    for raw in sheet.lists:
        content = contents.get(raw.name)
        if content is None:
            continue
        streets = known.directory.by_district.get(content.district, ())
        refused = not_leading(known, next(iter(streets), None), "清单")
        last = before.get(raw.name)
        if refused is None and last is not None:
            is_there = _is_there(order, before, content, hashes[raw.name])
            refused = None if is_there else _taken(raw.name, last)
        if refused is not None:
            faults.append(raw.finding(refused.code, refused.sentence, LIST))
    return faults


def _taken(name: str, last: LastVersions) -> Refused | None:
    """Why a list that is on file cannot be imported anew with another content."""
    if last.drafting:
        sentence = f"“{name}”的草案正在起草（{last.drafting}），改动请在起草环节提交。"
        return Refused(code="DUTY_IN_DRAFTING", sentence=sentence)
    if last.hash_in_force:
        sentence = (
            f"“{name}”已由{last.paper}印发，不能直接改（4-48）；"
            "增减和内容调整请走 jiegai duty adjust。"
        )
        return Refused(code="DUTY_ISSUED", sentence=sentence)
    return None


def _is_there(
    order: DutyImport, before: dict[str, LastVersions], content: DutyList, content_hash: str
) -> bool:
    """Whether a list is on file as it is: as a draft or issued, as the order means it."""
    last = before.get(content.name)
    if last is None:
        return False
    if last.hash_in_force == content_hash:
        return True
    return order.effective_from is None and last.draft_hash == content_hash


def _version(last: LastVersions | None) -> int:
    """The version that a new content gets; a draft is written in its own place."""
    if last is None:
        return 1
    return last.draft or last.newest + 1


def _hashes(lists: Sequence[DutyList]) -> dict[str, str]:
    """The content of each list as a fingerprint, whatever its version."""
    return {one.name: content_hash(one) for one in lists}


def content_hash(content: DutyList) -> str:
    """This will return a list's fingerprint: its head's declarations and its items."""
    said = asdict(content)
    for name in ("version", "status", "effective_from", "effective_to", "paper", "filing_no"):
        del said[name]
    written = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def _fitting(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """As many as an answer holds."""
    return tuple(findings[: how_many_fit(findings, _FINDING)])


def _in_vain(what: str, errors: int) -> str:
    return f"{what}有{errors}处错误，没有登记任何一行。"

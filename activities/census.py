"""Census and lock: imports, signatures, how far it is, and the lock that opens the ledger.

Orders of one rollout follow each other behind a lock of its directory, so that a second lock, or an
import beside a lock, sees what the first has done. What the lock refuses is written down in a
transaction of its own. Sources: 0-24, 0-25, 2-16, 2-26 (F08).
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from dataclasses import asdict, replace

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.census_checks import (
    SIGNING,
    barred,
    census_line,
    lock_fault,
    lock_line,
    locked,
    not_imported,
    not_imported_yet,
    not_locked,
    sign_fault,
    totals_of,
    with_errors,
)
from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from activities.sealed import (
    Known,
    Undone,
    key_missing,
    known_person,
    open_upload,
    unknown_rollout,
)
from contracts.census import (
    Census,
    CensusImport,
    CensusImported,
    CensusLine,
    CensusLocked,
    CensusLockOrder,
    CensusPage,
    CensusQuestion,
    CensusSignature,
    CensusSigned,
    CensusTypes,
    CensusTypesSet,
    QuotaLine,
)
from contracts.sealed import Sealing
from domain.census import (
    Baseline,
    CensusSheet,
    Ground,
    read_census,
    required_units,
    types_fault,
)
from domain.deadline import local_day
from domain.directory import Directory
from domain.ledger import OPENING, Entry, opening
from domain.refusal import Refused
from domain.staff import key_of as staff_key
from storage import census_store as store
from storage.engine import Database
from storage.ledger_store import post
from storage.people_store import has_directory, read_units
from storage.staff_store import (
    NewPerson,
    NotDone,
    drop_pieces,
    find_staff,
    note_refusal,
    replace_staff,
)

_SHEET: TypeAdapter[CensusSheet] = TypeAdapter(CensusSheet)
_LINE: TypeAdapter[CensusLine] = TypeAdapter(CensusLine)


class CensusActivities(Census):
    """Keeps the census of one database; without a seal nothing is imported."""

    def __init__(self, database: Database, shelf: Shelf, seal: Sealing | None) -> None:
        self._database = database
        self._shelf = shelf
        self._seal = seal

    @activity.defn(name="import_census")
    async def import_census(self, order: CensusImport) -> CensusImported:
        """This will put uploaded baselines in the place of those before."""
        if self._seal is None:
            return not_imported(key_missing())
        async with translated_errors():
            async with self._database.transaction() as connection:
                done = await self._import(connection, self._seal, order)
            if done.code == "CENSUS_LOCKED":
                await self._note(order, "清查导入", done)
        return done

    @activity.defn(name="set_census_types")
    async def set_types(self, order: CensusTypes) -> CensusTypesSet:
        """This will set which types of posts a rollout counts."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order)
            if isinstance(known, Refused):
                return CensusTypesSet(code=known.code, sentence=known.sentence)
            refused = known.authority.refusal_over(known.directory.units)
            refused = refused or types_fault(order.types)
            if refused is None and (lock := await store.read_lock(connection, order.rollout)):
                refused = locked(lock)
            used = await store.used_types(connection, order.rollout)
            left = sorted(t for t in used if "·" not in t and t not in order.types)
            if refused is None and left:
                sentence = f"已导入的清查里有{'、'.join(left)}编制，不能去掉这些类型。"
                refused = Refused(code="CENSUS_TYPES", sentence=sentence)
            if refused is not None:
                return CensusTypesSet(code=refused.code, sentence=refused.sentence)
            await store.set_types(connection, order.rollout, order.types, order.now, order.person)
        return CensusTypesSet(types=order.types)

    @activity.defn(name="sign_census")
    async def sign(self, order: CensusSignature) -> CensusSigned:
        """This will write that a unit signed for its baseline."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await self._known(connection, order)
            if isinstance(known, Refused):
                return CensusSigned(code=known.code, sentence=known.sentence)
            unit = (await store.read_census(connection, order.rollout)).get(order.unit)
            lock = await store.read_lock(connection, order.rollout)
            refused = sign_fault(order, known, unit, lock)
            if refused is not None or unit is None:
                no = refused or not_imported_yet(order.unit)
                return CensusSigned(code=no.code, sentence=no.sentence)
            if unit.signed_at is not None:
                return CensusSigned(
                    unit=unit.unit,
                    person=unit.signed_by,
                    instead_of=unit.instead_of,
                    at=unit.signed_at,
                )
            grant = next(g for g in known.grants if g.unit == order.unit and g.role in SIGNING)
            row = {
                "rollout": order.rollout,
                "unit": order.unit,
                "content_hash": unit.content_hash,
                "paper": order.paper.strip(),
                "person": order.person,
                "instead_of": grant.instead_of,
                "at": order.now,
            }
            await store.add_sign(connection, row)
        return CensusSigned(
            unit=order.unit,
            person=order.person,
            instead_of=grant.instead_of,
            at=order.now,
            applied=True,
        )

    @activity.defn(name="read_census")
    async def check(self, question: CensusQuestion) -> CensusPage:
        """This will list units with what is missing and what they have."""
        after = int(key_of(question.page, 1)[0]) if question.page else -1
        async with translated_errors(), self._database.single() as connection:
            if not await has_directory(connection, question.rollout):
                no = unknown_rollout(question.rollout)
                return CensusPage(
                    rollout=question.rollout, types=(), code=no.code, sentence=no.sentence
                )
            directory = Directory.of(await read_units(connection, question.rollout))
            units = await store.read_census(connection, question.rollout)
            types = await store.read_types(connection, question.rollout)
            lock = await store.read_lock(connection, question.rollout)
        needed = {*required_units(directory), *units}
        places = [n for n, u in enumerate(directory.units) if u.name in needed and n > after]
        names = [directory.units[n].name for n in places]
        lines = [census_line(name, units.get(name)) for name in names]
        shown = how_many_fit(lines, _LINE)
        return CensusPage(
            rollout=question.rollout,
            types=types,
            lines=tuple(lines[:shown]),
            lock=lock_line(lock) if lock else None,
            next_page=place_of(places[shown - 1]) if shown < len(lines) else "",
        )

    @activity.defn(name="lock_census")
    async def lock(self, order: CensusLockOrder) -> CensusLocked:
        """This will lock the census and open the ledger, in one commit."""
        try:
            async with translated_errors(), self._database.transaction() as connection:
                return await self._lock(connection, order)
        except Undone as no:
            return not_locked(no.refused)

    async def _known(
        self,
        connection: AsyncConnection,
        order: CensusImport | CensusTypes | CensusSignature | CensusLockOrder,
    ) -> Known | Refused:
        return await known_person(
            connection, self._shelf, order.rollout, order.person, order.now, to_change=True
        )

    async def _import(
        self, connection: AsyncConnection, seal: Sealing, order: CensusImport
    ) -> CensusImported:
        known = await self._known(connection, order)
        if isinstance(known, Refused):
            return not_imported(known)
        lock = await store.read_lock(connection, order.rollout)
        if lock is not None:
            return not_imported(locked(lock))
        upload = (order.rollout, order.upload, order.pieces)
        sheet = await open_upload(connection, seal, upload, _SHEET)
        if isinstance(sheet, Refused):
            return not_imported(sheet)
        numbers = {raw.number for raw in sheet.people if raw.number}
        index = await asyncio.to_thread(_indexes, seal, order.rollout, numbers)
        listed = {raw.unit for raw in sheet.units}
        registered = await find_staff(connection, order.rollout, index.values())
        elsewhere = {
            number: registered[blind][1]
            for number, blind in index.items()
            if blind in registered and registered[blind][1] not in listed
        }
        ground = Ground(
            directory=known.directory,
            types=await store.read_types(connection, order.rollout),
            today=local_day(order.now),
            barred=lambda unit: barred(known, unit),
            elsewhere=elsewhere,
        )
        read = await asyncio.to_thread(read_census, sheet, ground)
        if read.errors:
            return with_errors(read)
        hashes = await asyncio.to_thread(_fingerprints, seal, order.rollout, read.baselines)
        before = await store.unit_hashes(connection, order.rollout)
        changed = [one for one in read.baselines if before.get(one.unit) != hashes[one.unit]]
        version = await store.newest_import(connection, order.rollout)
        answer = CensusImported(
            version=version,
            units=len(read.baselines),
            changed=len(changed),
            people=sum(len(one.members) for one in read.baselines),
            findings=read.findings,
        )
        if order.only_check:
            return answer
        await drop_pieces(connection, order.upload)
        if not changed:
            return answer
        row = {
            "rollout": order.rollout,
            "version": version + 1,
            "content_hash": seal.blind(
                json.dumps(sorted(hashes.items())).encode(), f"清查/{order.rollout}"
            ),
            "at": order.now,
            "person": order.person,
            "units": len(changed),
            "people": sum(len(one.members) for one in changed),
        }
        units = [
            store.NewUnit(
                unit=one.unit,
                sections=one.sections,
                content_hash=hashes[one.unit],
                quotas=one.quotas,
            )
            for one in changed
        ]
        await store.store_units(connection, row, units)
        people = await asyncio.to_thread(_people, seal, order.rollout, changed, index)
        await replace_staff(connection, order.rollout, [one.unit for one in changed], people)
        return replace(answer, version=version + 1, applied=True)

    async def _lock(self, connection: AsyncConnection, order: CensusLockOrder) -> CensusLocked:
        known = await self._known(connection, order)
        if isinstance(known, Refused):
            return not_locked(known)
        lock = await store.read_lock(connection, order.rollout)
        if lock is not None:
            if (lock.person, lock.paper) == (order.person, order.paper.strip()):
                return CensusLocked(lock=lock_line(lock), totals=totals_of(lock))
            return not_locked(locked(lock))
        units = await store.read_census(connection, order.rollout)
        if refused := lock_fault(order, known, units):
            return not_locked(refused)
        keys = await store.keys_by_unit(connection, order.rollout)
        types = {
            kind: n for n, kind in enumerate(await store.read_types(connection, order.rollout))
        }
        approved: Counter[str] = Counter()
        people: Counter[str] = Counter()
        for unit in units.values():
            for quota in unit.quotas:
                approved[quota.type] += quota.approved
                people[quota.type] += quota.people
        totals = tuple(
            QuotaLine(type=kind, approved=approved[kind], people=people[kind])
            for kind in sorted(approved, key=lambda kind: (types.get(kind, len(types)), kind))
        )
        row = {
            "rollout": order.rollout,
            "version": await store.newest_import(connection, order.rollout),
            "paper": order.paper.strip(),
            "person": order.person,
            "unit": known.leading_unit,
            "at": order.now,
            "totals": [asdict(total) for total in totals],
        }
        await store.add_lock(connection, row)
        entries = _entries(order, units, keys)
        for entry in entries:
            posted = await post(connection, entry, order.now)
            if isinstance(posted, Refused):
                raise Undone(posted)
        lock = await store.read_lock(connection, order.rollout)
        return CensusLocked(
            lock=lock_line(lock) if lock else None,
            totals=totals,
            units=len(units),
            entries=len(entries),
            applied=True,
        )

    async def _note(self, order: CensusImport, kind: str, done: CensusImported) -> None:
        refusal = NotDone(
            rollout=order.rollout,
            at=order.now,
            person=order.person,
            key=f"{kind}:{order.upload}",
            kind=kind,
            code=done.code,
            sentence=done.sentence,
            asked={"upload": order.upload, "pieces": order.pieces},
        )
        async with self._database.transaction() as connection:
            await note_refusal(connection, refusal)


def number_purpose(rollout: str) -> str:
    """The purpose under which a rollout's identity numbers are indexed."""
    return f"身份证/{rollout}"


def identity_purpose(rollout: str, blind_index: str) -> str:
    """The purpose under which one identity number is sealed at rest."""
    return f"身份证/{rollout}/{blind_index}"


def _indexes(seal: Sealing, rollout: str, numbers: set[str]) -> dict[str, str]:
    return {n: seal.blind(n.encode(), number_purpose(rollout)) for n in numbers}


def _fingerprints(seal: Sealing, rollout: str, baselines: tuple[Baseline, ...]) -> dict[str, str]:
    """What each unit's baseline says, whatever the order of its rows."""
    found = {}
    for one in baselines:
        said = {
            "sections": dict(one.sections),
            "quotas": sorted([q.type, q.approved, q.basis] for q in one.quotas),
            "members": sorted(
                [m.number, m.name, m.type, m.leader_type, m.title] for m in one.members
            ),
        }
        content = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
        found[one.unit] = seal.blind(content, f"清查/{rollout}/{one.unit}")
    return found


def _people(
    seal: Sealing, rollout: str, baselines: list[Baseline], index: dict[str, str]
) -> list[NewPerson]:
    return [
        NewPerson(
            key=staff_key(secrets.token_hex(8)),
            name=member.name,
            identity=seal.seal(
                member.number.encode(), identity_purpose(rollout, index[member.number])
            ),
            blind_index=index[member.number],
            unit=one.unit,
            type=member.type,
            leader_type=member.leader_type,
            title=member.title,
        )
        for one in baselines
        for member in one.members
    ]


def _entries(
    order: CensusLockOrder,
    units: dict[str, store.UnitOnFile],
    keys: dict[tuple[str, str], tuple[str, ...]],
) -> list[Entry]:
    """The opening entry of each unit and type (0-25)."""
    return [
        Entry(
            rollout=order.rollout,
            key=f"清查锁定:{unit.unit}:{quota.type}",
            kind=OPENING,
            day=local_day(order.now),
            person=order.person,
            rule="0-25",
            lines=lines,
            paper=order.paper.strip(),
            note=quota.basis,
        )
        for _, unit in sorted(units.items())
        for quota in unit.quotas
        if (
            lines := opening(
                unit.unit, quota.type, quota.approved, keys.get((unit.unit, quota.type), ())
            )
        )
    ]

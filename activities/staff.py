"""Persons and rosters: answers sealed, unmasked reads written down, rosters checked by the lock.

Who may read: the people of the unit in which a person is now, and coordinators. Sources: issue 4
"Personal data"; 0-50, 0-51, 3-12 (F16).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.census import identity_purpose, number_purpose
from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from activities.sealed import (
    Known,
    key_differs,
    key_missing,
    known_person,
    open_upload,
    unknown_rollout,
)
from contracts.census import (
    PlaceLine,
    RosterHead,
    RosterImport,
    RosterImported,
    RosterPage,
    RosterQuestion,
    Rosters,
)
from contracts.sealed import Sealing, page_purpose
from contracts.staff import (
    MOST_PERSONS,
    StaffDesk,
    StaffLine,
    StaffPage,
    StaffQuestion,
    StaffReadLine,
    StaffReadsPage,
    StaffReadsQuestion,
)
from domain.deadline import local_day
from domain.refusal import Finding, Refused
from domain.roster import (
    Locked,
    Place,
    RawPlace,
    RosterGround,
    RosterRead,
    RosterStatus,
    Sum,
    read_roster,
    sums_of,
)
from domain.sink import Appraisal, appraisal, attributes
from domain.staff import KEY_FORM, masked_name, masked_number
from storage import roster_store, staff_store
from storage.census_store import read_lock
from storage.engine import Database
from storage.people_store import has_directory
from storage.roster_store import RosterOnFile

_ROWS: TypeAdapter[tuple[RawPlace, ...]] = TypeAdapter(tuple[RawPlace, ...])
_LINE: TypeAdapter[PlaceLine] = TypeAdapter(PlaceLine)
_READ: TypeAdapter[StaffReadLine] = TypeAdapter(StaffReadLine)
_FINDING: TypeAdapter[Finding] = TypeAdapter(Finding)
_MOST_LINES: Final = 1_000
_MOST_ASTRAY: Final = 50
_ALL: Final = 1 << 62


class StaffActivities(StaffDesk, Rosters):
    """Persons and rosters of one database; without a seal nobody's name comes out or in."""

    def __init__(self, database: Database, shelf: Shelf, seal: Sealing | None) -> None:
        self._database = database
        self._shelf = shelf
        self._seal = seal

    @activity.defn(name="read_staff")
    async def show(self, question: StaffQuestion) -> StaffPage:
        """This will answer persons, sealed; an unmasked read is written down first."""
        if self._seal is None:
            return _no_page(key_missing())
        if question.unmask and not question.reason.strip():
            sentence = "查看姓名和身份证号须写明理由（--reason）。"
            return _no_page(Refused(code="REASON_MISSING", sentence=sentence))
        async with translated_errors(), self._database.transaction() as connection:
            known = await known_person(
                connection, self._shelf, question.rollout, question.person, question.now
            )
            if isinstance(known, Refused):
                return _no_page(known)
            units = _readable(known, question)
            if isinstance(units, Refused):
                return _no_page(units)
            found = await staff_store.read_staff(
                connection,
                question.rollout,
                units,
                key=question.key,
                after=key_of(question.page, 1)[0] if question.page else "",
                limit=MOST_PERSONS,
            )
            if question.key and not found:
                sentence = f"没有人员“{question.key}”，或不归{question.person}的单位。"
                return _no_page(Refused(code="STAFF_DENIED", sentence=sentence))
            lines = await asyncio.to_thread(_lines, self._seal, question, found, known.posted_share)
            if isinstance(lines, Refused):
                return _no_page(lines)
            if question.unmask:
                said = {
                    "rollout": question.rollout,
                    "person": question.person,
                    "unit": known.leading_unit or next(iter(sorted(known.own))),
                    "reason": question.reason.strip(),
                    "at": question.now,
                }
                await staff_store.note_reads(connection, said, [line.key for line in lines])
        content = json.dumps([asdict(line) for line in lines], ensure_ascii=False).encode()
        return StaffPage(
            sealed=self._seal.seal(content, page_purpose(question.rollout, question.asked)),
            people=len(lines),
            next_page=place_of(found[-1].key) if len(found) == MOST_PERSONS else "",
        )

    @activity.defn(name="list_staff_reads")
    async def reads(self, question: StaffReadsQuestion) -> StaffReadsPage:
        """This will list who read persons unmasked, and why."""
        before = int(key_of(question.page, 1)[0]) if question.page else _ALL
        async with translated_errors(), self._database.single() as connection:
            known = await known_person(
                connection, self._shelf, question.rollout, question.person, question.now
            )
            if isinstance(known, Refused):
                return StaffReadsPage(code=known.code, sentence=known.sentence)
            if not known.leading_unit:
                sentence = f"查阅记录只有协调员可以看，{question.person}不是。"
                return StaffReadsPage(code="NOT_COORDINATOR", sentence=sentence)
            found = await staff_store.read_reads(
                connection, question.rollout, question.key, before, _MOST_LINES
            )
        lines = [
            StaffReadLine(at=r.at, key=r.key, person=r.person, unit=r.unit, reason=r.reason)
            for r in found
        ]
        shown = how_many_fit(lines, _READ)
        is_more = shown < len(lines) or len(lines) == _MOST_LINES
        return StaffReadsPage(
            lines=tuple(lines[:shown]), next_page=place_of(found[shown - 1].id) if is_more else ""
        )

    @activity.defn(name="import_roster")
    async def import_roster(self, order: RosterImport) -> RosterImported:
        """This will store an uploaded roster as a new version."""
        if self._seal is None:
            return _not_imported(key_missing())
        async with translated_errors():
            async with self._database.transaction() as connection:
                done = await self._import(connection, self._seal, order)
            if done.code == "ROSTER_FROZEN":
                await self._note(order, done)
        return done

    @activity.defn(name="read_roster")
    async def show_roster(self, question: RosterQuestion) -> RosterPage:
        """This will list rosters, or the persons of one by key."""
        after = key_of(question.page, 1)[0] if question.page else ""
        async with translated_errors(), self._database.single() as connection:
            if not await has_directory(connection, question.rollout):
                return _no_roster(unknown_rollout(question.rollout))
            if not question.number:
                found = await roster_store.rosters_of(connection, question.rollout)
                return RosterPage(heads=tuple(_head(one) for one in found))
            roster = await roster_store.roster_for(connection, question.rollout, question.number)
            if roster is None:
                sentence = f"没有名册“{question.number}”，见 jiegai roster show。"
                return _no_roster(Refused(code="NO_ROSTER", sentence=sentence))
            persons = await roster_store.persons_page(
                connection, question.rollout, question.number, after, _MOST_LINES
            )
            sums: tuple[Sum, ...] = ()
            faults: tuple[str, ...] = ()
            if not after:
                sums = await _sums(connection, roster)
                faults = await _faults(connection, roster)
        lines = [
            PlaceLine(
                staff=p.staff,
                from_unit=p.from_unit,
                to_unit=p.to_unit,
                team=p.team,
                type=p.type,
                state=p.state,
                live=p.live,
                sink_mode=p.sink_mode,
            )
            for p in persons
        ]
        shown = how_many_fit(lines, _LINE)
        is_more = shown < len(lines) or len(lines) == _MOST_LINES
        return RosterPage(
            heads=(_head(roster),),
            lines=tuple(lines[:shown]),
            sums=sums,
            faults=faults,
            next_page=place_of(lines[shown - 1].staff) if is_more else "",
        )

    async def _import(
        self, connection: AsyncConnection, seal: Sealing, order: RosterImport
    ) -> RosterImported:
        known = await known_person(
            connection, self._shelf, order.rollout, order.person, order.now, to_change=True
        )
        if isinstance(known, Refused):
            return _not_imported(known)
        number = order.number.strip()
        before = await roster_store.roster_for(connection, order.rollout, number, to_change=True)
        refused = _roster_fault(order, known, before)
        if refused is None and await read_lock(connection, order.rollout) is None:
            sentence = "清查还没有锁定，名册须以锁定的人员为准（0-50）：jiegai census lock。"
            refused = Refused(code="CENSUS_OPEN", sentence=sentence)
        if refused is not None:
            return _not_imported(refused)
        upload = (order.rollout, order.upload, order.pieces)
        rows = await open_upload(connection, seal, upload, _ROWS)
        if isinstance(rows, Refused):
            return _not_imported(rows)
        read = await self._read(connection, seal, order, known, rows)
        if read.errors:
            return RosterImported(
                findings=read.findings[: how_many_fit(read.findings, _FINDING)],
                errors=read.errors,
                code="ROSTER_INVALID",
                sentence=f"名册有{read.errors}处错误，没有导入任何一行。",
            )
        fingerprint = _fingerprint(seal, order, read.places)
        answer = RosterImported(
            version=before.version if before else 0,
            people=len(read.places),
            sums=sums_of(read.places),
            findings=read.findings,
        )
        if order.only_check:
            return answer
        await staff_store.drop_pieces(connection, order.upload)
        if before is not None and before.content_hash == fingerprint:
            return answer
        new = RosterOnFile(
            rollout=order.rollout,
            number=number,
            version=answer.version + 1,
            units=order.units,
            content_hash=fingerprint,
            status=RosterStatus.DRAWN_UP,
            people=len(read.places),
            at=order.now,
            person=order.person,
        )
        await roster_store.store_roster(connection, new, read.places, before)
        return RosterImported(
            version=new.version,
            people=answer.people,
            sums=answer.sums,
            findings=answer.findings,
            applied=True,
        )

    async def _read(
        self,
        connection: AsyncConnection,
        seal: Sealing,
        order: RosterImport,
        known: Known,
        rows: Sequence[RawPlace],
    ) -> RosterRead:
        """This will look up who the rows mean, and judge them."""
        purpose = number_purpose(order.rollout)
        index = {r.number: seal.blind(r.number.encode(), purpose) for r in rows if r.number}
        by_index = await staff_store.find_staff(connection, order.rollout, index.values())
        by_number = {n: by_index[blind][0] for n, blind in index.items() if blind in by_index}
        keys = {*by_number.values(), *(raw.key for raw in rows if raw.key)}
        locked = await staff_store.locked_persons(connection, order.rollout, keys)
        ground = RosterGround(
            directory=known.directory,
            today=local_day(order.now),
            units=order.units,
            by_key={
                key: Locked(key=key, name=one.name, unit=one.unit, type=one.type)
                for key, one in locked.items()
            },
            by_number=by_number,
            wanted=await roster_store.wanted_elsewhere(
                connection, order.rollout, order.number.strip(), list(keys)
            ),
        )
        return await asyncio.to_thread(read_roster, rows, ground)

    async def _note(self, order: RosterImport, done: RosterImported) -> None:
        refusal = staff_store.NotDone(
            rollout=order.rollout,
            at=order.now,
            person=order.person,
            key=f"名册导入:{order.upload}",
            kind="名册导入",
            code=done.code,
            sentence=done.sentence,
            asked={"number": order.number, "upload": order.upload, "pieces": order.pieces},
        )
        async with self._database.transaction() as connection:
            await staff_store.note_refusal(connection, refusal)


def _readable(known: Known, question: StaffQuestion) -> list[str] | Refused:
    """The units whose persons somebody may read, of those asked for."""
    if question.key and not KEY_FORM.fullmatch(question.key):
        sentence = "人员编号应为 p- 加16位，见 jiegai staff show。"
        return Refused(code="STAFF_KEY", sentence=sentence)
    units = known.directory.units
    if question.unit and question.unit not in known.directory.by_name:
        return Refused(code="UNKNOWN_UNIT", sentence=f"没有单位“{question.unit}”。")
    found = [u.name for u in units if known.reads(u) and question.unit in ("", u.name)]
    if not found:
        sentence = f"“{question.unit}”的人员只有该单位的人和协调员可以查看，{known.person}不是。"
        return Refused(code="STAFF_DENIED", sentence=sentence)
    return found


def _lines(
    seal: Sealing,
    question: StaffQuestion,
    found: Sequence[staff_store.PersonOnFile],
    posted: int | None,
) -> list[StaffLine] | Refused:
    lines = []
    for one in found:
        number = seal.open(one.identity, identity_purpose(question.rollout, one.blind_index))
        if number is None:
            return key_differs()
        shown = number.decode()
        lines.append(
            StaffLine(
                key=one.key,
                name=one.name if question.unmask else masked_name(one.name),
                number=shown if question.unmask else masked_number(shown),
                unit=one.unit,
                type=one.type,
                leader_type=one.leader_type,
                title=one.title,
                now_in=one.now_in,
                sink_mode=one.sink_mode,
                attributes=attributes(one.sink_mode, posted, has_moved=one.now_in != one.unit),
                appraisal=_said(appraisal(one.sink_mode, posted)),
            )
        )
    return lines


def _said(who: Appraisal | None) -> str:
    return who.said if who is not None else ""


def _roster_fault(order: RosterImport, known: Known, before: RosterOnFile | None) -> Refused | None:
    if not order.number.strip() or len(order.number) > 120:
        return Refused(code="ROSTER_NUMBER", sentence="请写明名册号（--number），不超过120个字。")
    unknown = [name for name in order.units if name not in known.directory.by_name]
    if unknown or not order.units:
        sentence = f"接收单位（--unit）不在通讯录里：{'、'.join(unknown) or '没有填写'}。"
        return Refused(code="UNKNOWN_UNIT", sentence=sentence)
    barred = [n for n in order.units if not known.writes(known.directory.by_name[n])]
    if barred:
        sentence = (
            f"名册由接收单位的办理人或协调员导入，{order.person}不能代{'、'.join(barred)}办理。"
        )
        return Refused(code="NOT_YOUR_UNIT", sentence=sentence)
    if before is not None and before.status in (RosterStatus.DONE, RosterStatus.CANCELLED):
        sentence = f"名册“{before.number}”已经{before.status}，请另用名册号。"
        return Refused(code="ROSTER_CLOSED", sentence=sentence)
    if before is not None and before.status is not RosterStatus.DRAWN_UP:
        sentence = (
            f"名册“{before.number}”{before.status}，请示后不能再改；"
            "退回后可以重新导入，个别人员的变动在人员转隶事项中办理（0-51），"
            "编制类型有误的先“移出”再列入另一名册。"
        )
        return Refused(code="ROSTER_FROZEN", sentence=sentence)
    return None


def _fingerprint(seal: Sealing, order: RosterImport, places: Sequence[Place]) -> str:
    said = [sorted(order.units), sorted(list(asdict(place).values()) for place in places)]
    content = json.dumps(said, ensure_ascii=False).encode()
    return seal.blind(content, f"名册/{order.rollout}/{order.number.strip()}")


async def _sums(connection: AsyncConnection, roster: RosterOnFile) -> tuple[Sum, ...]:
    counted = await roster_store.roster_sums(connection, roster.rollout, roster.number)
    return sums_of(
        Place(
            staff="",
            from_unit=one.from_unit,
            to_unit=one.to_unit,
            team=one.team,
            type=one.type,
        )
        for one in counted
        if one.live or roster.status is RosterStatus.DONE
        for _ in range(one.people)
    )


async def _faults(connection: AsyncConnection, roster: RosterOnFile) -> tuple[str, ...]:
    astray = await roster_store.astray(connection, roster.rollout, roster.number, _MOST_ASTRAY)
    return tuple(
        f"{key}的编制现在{f'在“{now}”' if now else '不在任何单位'}，不在名册所写的“{unit}”（0-50）。"
        for key, (unit, now) in astray.items()
    )


def _head(one: RosterOnFile) -> RosterHead:
    return RosterHead(
        number=one.number,
        version=one.version,
        status=one.status.value,
        units=one.units,
        people=one.people,
        at=one.at,
        person=one.person,
    )


def _no_page(no: Refused) -> StaffPage:
    return StaffPage(code=no.code, sentence=no.sentence)


def _not_imported(no: Refused) -> RosterImported:
    return RosterImported(code=no.code, sentence=no.sentence)


def _no_roster(no: Refused) -> RosterPage:
    return RosterPage(code=no.code, sentence=no.sentence)

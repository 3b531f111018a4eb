"""The admission of cases: what the registers hold is looked up here, decided in the domain.

Reads only, in local activities: how a case came to be admitted is in its history, with versions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import bad_data, translated_errors
from activities.due_times import DueTimes
from activities.plan_shelf import PlanOnShelf, Shelf
from activities.registers import coordinators_of
from contracts.case import (
    NOT_ADMITTED,
    CaseAdmission,
    CaseQuestion,
    Cases,
    CitationAnswer,
    CitationQuestion,
)
from contracts.case_clock import clock_question
from contracts.registers import Answer, StepDue
from domain.action import Keeping
from domain.case import SOURCE_ROW, CaseFile, CaseKind, Citation, Opening
from domain.case_admission import OFF_LIST_WORD, Admitted, Item, Known, NotAdmitted, admit
from domain.case_limits import HANDOVER, NO_LIMIT_DAY, CaseSettings
from domain.case_opening import opening_fault, sayable, slip_fault
from domain.case_routes import FIRST_STEP
from domain.case_steps import case_steps
from domain.deadline import DeadlineError
from domain.duty import Side, plain_number
from domain.plan import Row, RowKind
from domain.schedule import PlannedStep
from domain.unit import Unit
from storage.case_admission import Before, read_before
from storage.duty_store import ItemInForce, item_in_force
from storage.engine import Database
from storage.evidence_store import stored_among
from storage.registers_store import Standing, read_standing

_SETTINGS: Final[TypeAdapter[CaseSettings]] = TypeAdapter(CaseSettings)
_OF_NO_LIST: Final = ("", OFF_LIST_WORD)


class CaseActivities(Cases):
    """Answers for cases from the registers of one database."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="admit_case")
    async def admit(self, question: CaseQuestion) -> CaseAdmission:
        """This will say whether a case may be opened, and how it goes."""
        opening = question.opening
        fault = opening_fault(opening, question.now)
        if fault is not None:
            opening = sayable(opening)
        async with translated_errors(), self._database.single() as connection:
            standing = await read_standing(
                connection, question.rollout, (opening.person,), now=question.now
            )
            if standing is None:
                return _nowhere(question)
            before = await read_before(
                connection, question.rollout, question.workflow_id, question.run_id
            )
            shelved = await self._shelf.plan(connection, standing.plan_id, standing.plan_version)
            calendar = await self._shelf.calendar(connection, standing.calendar_version)
            found = () if fault else await _items(connection, question, shelved)
            kept = [e.sha256 for e in opening.evidence if e.kept is Keeping.STORED]
            stored = await stored_among(connection, tuple(kept)) if kept else ()
        settings = _settings(before)
        street = shelved.directory.by_name.get(opening.street)
        district = street.district if street else ""
        known = _known(shelved, opening, settings, standing, found)
        fault = fault or slip_fault(opening, settings)
        decided = NotAdmitted(refused=fault) if fault else admit(opening, known)
        times = DueTimes(shelved, calendar.for_district(district))
        made = _Making(
            shelved=shelved,
            opening=opening,
            district=district,
            settings=settings,
            decided=decided,
            before=before,
            stored=stored,
        )
        return made.admission(times, standing, question)

    @activity.defn(name="cite_item")
    async def cite(self, question: CitationQuestion) -> CitationAnswer:
        """This will find the item in force that a case cites."""
        async with translated_errors(), self._database.single() as connection:
            found = await item_in_force(
                connection,
                question.rollout,
                plain_number(question.item),
                list_name=question.list_name,
                district=question.district,
                street=question.street,
                at=question.at,
            )
        if len(found) != 1:
            what = "没有" if not found else "不止一张有"
            return CitationAnswer(
                code="ITEM_UNKNOWN" if not found else "ITEM_AMBIGUOUS",
                sentence=f"现行清单{what}第{question.item}项。",
            )
        item = _item(found[0])
        return CitationAnswer(
            citation=item.citation,
            departments=item.departments,
            primary_is_department=item.primary_is_department,
            liaisons=item.liaisons,
            team=item.team,
        )


class _Making:
    """One admission being put together from what was decided."""

    def __init__(
        self,
        *,
        shelved: PlanOnShelf,
        opening: Opening,
        district: str,
        settings: CaseSettings,
        decided: Admitted | NotAdmitted,
        before: Before,
        stored: tuple[str, ...],
    ) -> None:
        self.shelved = shelved
        self.opening = opening
        self.district = district
        self.settings = settings
        self.decided = decided
        self.before = before
        self.stored = stored

    def admission(
        self, times: DueTimes, standing: Standing, question: CaseQuestion
    ) -> CaseAdmission:
        file = self._file()
        row = _row(file)
        steps = self._steps(file, row)
        answer = Answer(
            directory_version=standing.directory_version,
            calendar_version=standing.calendar_version,
            grants=standing.grants.get(self.opening.person, ()),
            dues=self._dues(file, steps, times, question),
            stored=self.stored,
        )
        taken = self._taken()
        refused = self.decided.refused if isinstance(self.decided, NotAdmitted) else None
        breach = isinstance(self.decided, NotAdmitted) and self.decided.breach
        return CaseAdmission(
            admitted=refused is None and not taken,
            file=file,
            row=row,
            steps=steps,
            answer=answer,
            code="CASE_ID_USED" if taken else refused.code if refused else "",
            sentence=taken or (refused.sentence if refused else ""),
            breach=breach,
            told=self._watchers() if breach else (),
            taken=bool(taken),
            base_seq=self.before.base_seq,
            remark=self.decided.remark if isinstance(self.decided, Admitted) else "",
        )

    def _taken(self) -> str:
        before = self.before
        if not before.status or before.status == NOT_ADMITTED:
            return ""
        if before.action_id == self.opening.action_id:
            return ""
        return f"编号“{self.opening.number}”已用于另一案件，请另编号。"

    def _watchers(self) -> tuple[str, ...]:
        """擅自下沉 is told to the 区委编办 and to whoever leads the rollout (4-33, 4-35)."""
        return self._coordinators()

    def _coordinators(self) -> tuple[str, ...]:
        if self.opening.street not in self.shelved.directory.by_name:
            return (self.shelved.plan.coordinator,)
        return coordinators_of(self.shelved, self.opening.street)

    def _file(self) -> CaseFile:
        opening, decided = self.opening, self.decided
        admitted = decided if isinstance(decided, Admitted) else None
        receivers = admitted.receivers if admitted else opening.receivers
        item = admitted.item if admitted else None
        call = opening.phone
        sender = self.shelved.directory.find(opening.sender, self.district)
        return CaseFile(
            number=opening.number,
            kind=admitted.kind if admitted else opening.kind,
            title=opening.title,
            district=self.district,
            sender=sender.name if sender else opening.sender,
            street=opening.street,
            receiver=receivers[0] if receivers else "",
            receivers=receivers,
            trigger_at=opening.trigger_at,
            opened_by=opening.person,
            settings=self.settings,
            source=opening.source,
            urgency=opening.urgency,
            citation=item.citation if item else None if admitted else _attempted(opening),
            share=admitted.share if admitted else opening.share,
            channel=opening.channel,
            letter=opening.letter,
            incoming=opening.incoming,
            place=opening.place,
            liaisons=item.liaisons if item else (),
            team=item.team if item else "",
            coordinators=self._coordinators(),
            wanted_by=opening.wanted_by,
            called_at=call.at if call else None,
            called=call.taken_by if call else "",
        )

    def _steps(self, file: CaseFile, row: Row) -> tuple[PlannedStep, ...]:
        if isinstance(self.decided, NotAdmitted):
            return ()
        return case_steps(file, row, self.shelved.plan, self.shelved.directory)

    def _dues(
        self,
        file: CaseFile,
        steps: tuple[PlannedStep, ...],
        times: DueTimes,
        question: CaseQuestion,
    ) -> dict[str, StepDue]:
        """Due times of the steps that the opening opens: the first, and what follows it at once."""
        if not steps:
            return {}
        planned = {step.name: step for step in steps}
        names = [FIRST_STEP[file.kind]]
        if self.opening.reported:
            names += planned[names[0]].shape.opens
        if self.opening.handed_over:
            names += planned[HANDOVER].shape.opens
        try:
            return {
                name: times.answer(clock_question(file, planned[name], question.now))
                for name in names
            }
        except DeadlineError as error:
            raise bad_data(error.sentence) from error


def _nowhere(question: CaseQuestion) -> CaseAdmission:
    """No such rollout: nothing is written, since no register has a place for it."""
    opening = sayable(question.opening)
    file = CaseFile(
        number=opening.number,
        kind=opening.kind,
        title=opening.title,
        district="",
        sender=opening.sender,
        street=opening.street,
        receiver="",
        trigger_at=opening.trigger_at,
        opened_by=opening.person,
        settings=CaseSettings(),
    )
    return CaseAdmission(
        admitted=False,
        file=file,
        row=_row(file),
        steps=(),
        answer=Answer(directory_version=0, calendar_version=0),
        code="UNKNOWN_ROLLOUT",
        sentence=f"没有登记改革“{question.rollout}”。",
        taken=True,
    )


def _row(file: CaseFile) -> Row:
    return Row(
        id=SOURCE_ROW[file.kind],
        item=file.number,
        task=file.title,
        kind=RowKind.TASK,
        targets=(file.street,),
        targets_text=file.street,
        due=NO_LIMIT_DAY,
        due_text="",
        lead=file.sender,
    )


async def _items(
    connection: AsyncConnection, question: CaseQuestion, shelved: PlanOnShelf
) -> tuple[ItemInForce, ...]:
    """The item in force: for a dispatch now (4-20), else as it was found (4-25).

    What a department may hand down is not made lawful by an older finding.
    """
    opening = question.opening
    street = shelved.directory.by_name.get(opening.street)
    if street is None or opening.item.strip() in _OF_NO_LIST:
        return ()
    return await item_in_force(
        connection,
        question.rollout,
        plain_number(opening.item),
        list_name=opening.list_name,
        district=street.district,
        street=street.name,
        at=question.now if opening.kind is CaseKind.DISPATCH else opening.trigger_at,
    )


def _known(
    shelved: PlanOnShelf,
    opening: Opening,
    settings: CaseSettings,
    standing: Standing,
    found: tuple[ItemInForce, ...],
) -> Known:
    directory = shelved.directory
    street = directory.by_name.get(opening.street)
    district = street.district if street else ""

    def unit(name: str) -> Unit | None:
        return directory.by_name.get(name)

    return Known(
        street=unit(opening.street),
        sender=directory.find(opening.sender, district),
        receivers=tuple(directory.find(name, district) for name in opening.receivers),
        grants=standing.grants.get(opening.person, ()),
        items=tuple(_item(one) for one in found),
        police=directory.find(settings.police, district),
    )


def _item(found: ItemInForce) -> Item:
    return Item(
        citation=Citation(
            list_name=found.list_name,
            version=found.version,
            number=found.number,
            name=found.name,
            list_kind=found.list_kind,
        ),
        departments=found.departments,
        primary_is_department=found.primary_side is Side.DEPARTMENT,
        liaisons=found.liaisons,
        team=found.team,
    )


def _attempted(opening: Opening) -> Citation | None:
    """What an attempt cited, as it was written: no list has it, or it may not be used so."""
    if opening.item in _OF_NO_LIST:
        return None
    return Citation(list_name=opening.list_name, version=0, number=opening.item, name="")


def _settings(before: Before) -> CaseSettings:
    if before.settings is None:
        return CaseSettings()
    return replace(_SETTINGS.validate_python(before.settings), version=before.settings_version)

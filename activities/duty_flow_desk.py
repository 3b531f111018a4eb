"""What commands order about drafting and adjusting lists of duties, and what they read of it.

An application is entered first and its course started then; both are found again by the order's
action id, so that an order that was cut off is taken up where it stopped.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.course_start import (
    Ground,
    PlaceKey,
    Shown,
    Wanted,
    compose,
    ground_of,
    start_course,
)
from activities.database import translated_errors
from activities.duty_application import (
    applicant_of,
    change_of,
    not_started,
    text_fault,
    write_application,
)
from activities.duty_flow import departments_in, streets_of
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import Shelf
from activities.sealed import Known, Undone, known_person, unknown_rollout
from contracts.duty_flow import (
    ApplicationsPage,
    ApplicationsQuestion,
    DutyAdjustOrder,
    DutyDraftOrder,
    DutyFlowDesk,
    DutyJudged,
    DutyStarted,
    DutyVerdicts,
    drafting_id,
)
from contracts.names import ACT_UPDATE
from contracts.procedure import ActionReply, ProcedureRequest
from domain.action import Action, Evidence
from domain.directory import Directory
from domain.duty import DutyList, ListStatus, plain_number
from domain.duty_change import (
    Application,
    item_hash,
)
from domain.duty_flow import (
    ADJUSTING,
    APPLICATION,
    APPLY,
    DRAFTING,
    LIST_OPTION,
    REVIEW,
    REVIEWERS,
    ROW_ID,
    STREETS,
    routed,
)
from domain.people import LEADING_DUTY
from domain.personal import personal_fault
from domain.procedure import PARTNERS, Verb
from domain.refusal import Refused
from domain.unit import Unit
from storage import duty_flow_store as store
from storage.engine import Database
from storage.people_store import has_directory

_LINE: TypeAdapter[Application] = TypeAdapter(Application)
_MOST_LINES: Final = 200
_MOST_AGAIN: Final = 50
_LEGAL_DUTY: Final = "区司法局"
_SETTLED: Final = "本清单设定"
_ADVICE: Final = "，或用 --reviewers 写明审核单位"
_SHOWN: Final = Shown(procedure=LIST_OPTION, plan_row=ROW_ID)


class DutyFlowDeskActivities(DutyFlowDesk):
    """Starts courses on one server and keeps their applications in one database."""

    def __init__(
        self, client: Client, database: Database, shelf: Shelf, history_limit: int = 0
    ) -> None:
        self._client = client
        self._database = database
        self._shelf = shelf
        self._history_limit = history_limit

    @activity.defn(name="start_duty_list")
    async def draft(self, order: DutyDraftOrder) -> DutyStarted:
        """This will start the drafting of a list."""
        async with translated_errors(), self._database.snapshot() as connection:
            found = await self._drafting(connection, order)
        if isinstance(found, Refused):
            return not_started(found)
        for again in range(1, _MOST_AGAIN):
            district, name = found.district, order.list_name
            workflow_id = drafting_id(order.rollout, district, name, again)
            created = await start_course(
                self._client, "DutyListDrafting", found, workflow_id, _SHOWN
            )
            if created is not None:
                return _started(found, workflow_id, created=created)
        sentence = f"“{order.list_name}”的起草已经终止过多次，请换名称重新导入。"
        return DutyStarted(code="DUTY_DRAFTED_OFTEN", sentence=sentence)

    @activity.defn(name="start_duty_adjustment")
    async def adjust(self, order: DutyAdjustOrder) -> DutyStarted:
        """This will file an application and start its course."""
        try:
            async with translated_errors(), self._database.transaction() as connection:
                filed = await self._filed(connection, order)
        except Undone as undone:
            return not_started(undone.refused)
        if isinstance(filed, DutyStarted):
            return filed
        application, request, is_new = filed
        workflow_id = application.workflow_id
        runs = await start_course(self._client, "DutyListAdjustment", request, workflow_id, _SHOWN)
        if runs is None:
            sentence = f"“{order.list_name}”的调整申请第{application.number}号已经结束。"
            return DutyStarted(code="CLOSED", sentence=sentence)
        started = _started(request, workflow_id, created=is_new, number=application.number)
        reply = await self._submit(workflow_id, order)
        if not reply.accepted:
            return replace(started, code=reply.code, sentence=reply.sentence)
        # The review opens once the application is under seal, which may be after this answer.
        waiting = {step.name: step.units for step in request.steps if step.name == REVIEW}
        return replace(started, waiting=waiting)

    @activity.defn(name="record_duty_verdicts")
    async def judge(self, order: DutyVerdicts) -> DutyJudged:
        """This will record the legality verdicts of the 司法局, item by item (4-28)."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await known_person(
                connection, self._shelf, order.rollout, order.person, order.now, to_change=True
            )
            if isinstance(known, Refused):
                return DutyJudged(code=known.code, sentence=known.sentence)
            judged = await _judge(connection, order, known)
        if isinstance(judged, Refused):
            return DutyJudged(code=judged.code, sentence=judged.sentence)
        return judged

    @activity.defn(name="read_duty_applications")
    async def applications(self, question: ApplicationsQuestion) -> ApplicationsPage:
        """This will list applications with what they ask."""
        after = None
        if question.page:
            at, name, number = key_of(question.page, 3)
            after = (datetime.fromisoformat(at), name, int(number))
        async with translated_errors(), self._database.single() as connection:
            if not await has_directory(connection, question.rollout):
                no = unknown_rollout(question.rollout)
                return ApplicationsPage(code=no.code, sentence=no.sentence)
            lines = await store.applications(
                connection,
                question.rollout,
                question.list_name,
                question.number,
                after=after,
                limit=_MOST_LINES,
            )
        if question.number and not lines:
            sentence = f"“{question.list_name}”没有第{question.number}号调整申请。"
            return ApplicationsPage(code="DUTY_NO_APPLICATION", sentence=sentence)
        shown = how_many_fit(lines, _LINE)
        more = shown < len(lines) or len(lines) == _MOST_LINES
        last = lines[shown - 1] if shown and more else None
        place = place_of(last.opened_at.isoformat(), last.list_name, last.number) if last else ""
        return ApplicationsPage(lines=lines[:shown], next_page=place)

    # --- drafting ---------------------------------------------------------------------------

    async def _drafting(
        self, connection: AsyncConnection, order: DutyDraftOrder
    ) -> ProcedureRequest | Refused:
        known = await known_person(connection, self._shelf, order.rollout, order.person, order.now)
        if isinstance(known, Refused):
            return known
        name = order.list_name
        draft = await store.read_list(connection, order.rollout, name, ListStatus.DRAFT)
        if draft is None:
            issued = await store.read_list(connection, order.rollout, name, ListStatus.IN_FORCE)
            return _nothing_to_draft(name, issued)
        content, directory = draft.content, known.directory
        lead = _lead(directory, content, order.lead)
        if isinstance(lead, Refused):
            return lead
        if not known.writes(lead):
            sentence = (
                f"“{name}”由{lead.name}牵头起草，由其办理人或协调员发起，{known.person}不是。"
            )
            return Refused(code="NOT_YOUR_UNIT", sentence=sentence)
        place = PlaceKey(rollout=order.rollout, district=content.district, at=order.now)
        ground = await ground_of(connection, self._shelf, directory, place)
        streets = streets_of(content, directory)
        partners = tuple(dict.fromkeys((*departments_in(content), *streets)))
        wanted = Wanted(
            route=routed(DRAFTING, order.reviewers or REVIEWERS),
            row_id=ROW_ID,
            options={LIST_OPTION: name},
            item=name,
            task=f"起草印发{name}",
            lead=lead.name,
            source=("4-26", "4-27", "4-28", "4-29", "4-30", "4-40", "4-43"),
            now=order.now,
            settled=_SETTLED,
            advice=_ADVICE,
            partners=partners,
            units={STREETS: streets, PARTNERS: partners},
            due=order.due,
            workdays=order.workdays,
        )
        return compose(ground, wanted, self._history_limit)

    # --- applications -----------------------------------------------------------------------

    async def _filed(
        self, connection: AsyncConnection, order: DutyAdjustOrder
    ) -> tuple[Application, ProcedureRequest, bool] | DutyStarted:
        known = await known_person(
            connection, self._shelf, order.rollout, order.person, order.now, to_change=True
        )
        if isinstance(known, Refused):
            return not_started(known)
        if refused := text_fault(order):
            return not_started(refused)
        name = order.list_name
        issued = await store.read_list(connection, order.rollout, name, ListStatus.IN_FORCE)
        if issued is None:
            sentence = f"清单“{name}”没有印发，不能申请调整；草案请直接修改后导入。"
            return not_started(Refused(code="DUTY_NOT_IN_FORCE", sentence=sentence))
        before = await store.application_by_action(connection, order.action_id)
        is_new = before is None
        applicant = applicant_of(known, issued.content.district, order.unit)
        if isinstance(applicant, Refused):
            return not_started(applicant)
        place = PlaceKey(rollout=order.rollout, district=issued.content.district, at=order.now)
        ground = await ground_of(connection, self._shelf, known.directory, place)
        if before is None:
            change = change_of(order, issued.content, known.directory)
            if isinstance(change, DutyStarted):
                return change
            written = await write_application(connection, order, ground, (applicant, change))
            if isinstance(written, Refused):
                return not_started(written)
            before = written
        request = self._adjustment(ground, order, before)
        if isinstance(request, Refused):
            raise Undone(request)
        return before, request, is_new

    def _adjustment(
        self, ground: Ground, order: DutyAdjustOrder, application: Application
    ) -> ProcedureRequest | Refused:
        change = application.change
        wanted = Wanted(
            route=routed(ADJUSTING, order.reviewers or REVIEWERS),
            row_id=ROW_ID,
            options={LIST_OPTION: order.list_name},
            item=f"{order.list_name}/调整-{application.number}",
            task=f"{order.list_name}{change.kind}第{change.number}项（{change.subject}）",
            lead=application.applicant,
            source=("4-31", "4-32", "4-48"),
            now=order.now,
            settled=_SETTLED,
            advice=_ADVICE,
            due=order.due,
            workdays=order.workdays,
        )
        return compose(ground, wanted, self._history_limit)

    async def _submit(self, workflow_id: str, order: DutyAdjustOrder) -> ActionReply:
        """The application itself is the applicant's 提交."""
        action = Action(
            action_id=f"{order.action_id}:提交",
            verb=Verb.SUBMIT,
            person=order.person,
            step=APPLY,
            unit="",
            note=order.reason,
            evidence=(Evidence(name=APPLICATION, doc_no=order.paper), *order.evidence),
        )
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            reply: ActionReply = await handle.execute_update(
                ACT_UPDATE, action, id=action.action_id, result_type=ActionReply
            )
        except WorkflowUpdateFailedError as error:
            said = str(error.cause)
            return ActionReply(accepted=False, code="ACTION_MALFORMED", sentence=said)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return ActionReply(accepted=False, code="CLOSED", sentence="申请已经结束，不能再提交。")
        return reply


def _lead(directory: Directory, content: DutyList, named: str) -> Unit | Refused:
    word = named or LEADING_DUTY
    found = directory.find(word, content.district)
    if found is not None:
        return found
    sentence = f"通讯录里没有{content.district}的“{word}”，请用 --lead 写明牵头单位。"
    return Refused(code="UNKNOWN_UNIT", sentence=sentence)


def _nothing_to_draft(name: str, issued: store.ListOnFile | None) -> Refused:
    if issued is None:
        sentence = f"登记库里没有清单“{name}”的草案，请先 jiegai duty import。"
        return Refused(code="DUTY_DRAFT_MISSING", sentence=sentence)
    sentence = (
        f"“{name}”已由{issued.content.paper}印发；增减和内容调整请走 jiegai duty adjust（4-48）。"
    )
    return Refused(code="DUTY_ISSUED", sentence=sentence)


async def _judge(
    connection: AsyncConnection, order: DutyVerdicts, known: Known
) -> DutyJudged | Refused:
    name = order.list_name
    draft = await store.read_list(connection, order.rollout, name, ListStatus.DRAFT)
    if draft is None:
        sentence = f"登记库里没有清单“{name}”的草案，无从审查。"
        return Refused(code="DUTY_DRAFT_MISSING", sentence=sentence)
    legal = known.directory.find(_LEGAL_DUTY, draft.content.district)
    if legal is None or legal.name not in known.acting:
        who = legal.name if legal else _LEGAL_DUTY
        sentence = f"合法性结论由{who}的办理人登记，{known.person}不是（4-28）。"
        return Refused(code="NOT_YOUR_UNIT", sentence=sentence)
    given = {plain_number(one.number): one for one in order.verdicts}
    numbers = {item.number for item in draft.content.items}
    if strange := [number for number in given if number not in numbers]:
        sentence = f"“{name}”的草案没有第{strange[0]}项。"
        return Refused(code="DUTY_ITEM_UNKNOWN", sentence=sentence)
    silent = [n for n, one in given.items() if not one.is_lawful and not one.reason.strip()]
    if silent:
        sentence = f"第{silent[0]}项不合法须写明理由。"
        return Refused(code="REASON_MISSING", sentence=sentence)
    if refused := personal_fault(*(one.reason for one in given.values())):
        return refused
    new = [
        store.Judgement(
            number=item.number,
            item_hash=item_hash(item),
            is_lawful=given[item.number].is_lawful if item.number in given else True,
            reason=given[item.number].reason.strip() if item.number in given else "",
        )
        for item in draft.content.items
        if item.number in given or order.others_lawful
    ]
    await store.judge(
        connection,
        order.rollout,
        name,
        new,
        unit=legal.name,
        person=known.person,
        at=order.now,
    )
    judged = await store.verdicts(connection, order.rollout, name)
    now = {i.number: judged.get((i.number, item_hash(i))) for i in draft.content.items}
    return DutyJudged(
        judged=sum(lawful is not None for lawful in now.values()),
        counted=len(now),
        unsound=tuple(number for number, lawful in now.items() if lawful is False),
    )


def _started(
    request: ProcedureRequest, workflow_id: str, *, created: bool, number: int = 0
) -> DutyStarted:
    first = request.steps[0]
    return DutyStarted(
        workflow_id=workflow_id,
        number=number,
        created=created,
        due=request.row.due,
        waiting={first.name: first.units},
    )

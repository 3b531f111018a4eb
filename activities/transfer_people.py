"""One person of a batch: what is recorded, and what it does to the post on its way.

Every person of an action or none: what is decided, posted and written is one transaction.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.transfer_posting import SENT_ELSEWHERE, TAKEN_BACK, No, entry_of, key_of, post_anew
from contracts.transfer import PersonOrder, Posting
from domain.refusal import Refused
from domain.transfer import (
    CORRECTION_DOCUMENT,
    NAMED,
    SPECIAL_DOCUMENT,
    Place,
    Stage,
    Traveller,
    legs,
)
from domain.transfer_person import (
    Authority,
    Effect,
    Moment,
    Next,
    PersonCase,
    PersonKind,
    Said,
    decide,
)
from storage import transfer_store as store
from storage.roster_store import redirect_persons, set_person_state


async def decide_people(
    connection: AsyncConnection, order: PersonOrder, stage: Stage | None
) -> str:
    """This will decide an action and return its sentence; No, and nothing is kept."""
    key, said = key_of(order.batch), order.action
    if stage is None:
        raise No(Refused(code="ROSTER_TAKEN", sentence=f"名册“{key.number}”不在本事项办理。"))
    if stage in (Stage.DONE, Stage.CANCELLED):
        raise No(Refused(code="BATCH_ENDED", sentence=f"名册“{key.number}”已{stage}。"))
    found = await store.cases(connection, key, said.staff, order.day)
    missing = [staff for staff in said.staff if staff not in found]
    if missing:
        sentence = f"名册“{key.number}”里没有人员{'、'.join(missing[:NAMED])}。"
        raise No(Refused(code="PERSON_NOT_LISTED", sentence=sentence))
    if said.to_unit and not await store.in_same_district(
        connection, key.rollout, key.unit, said.to_unit
    ):
        sentence = f"本区的通讯录里没有单位“{said.to_unit}”。"
        raise No(Refused(code="UNKNOWN_UNIT", sentence=sentence))
    for staff in said.staff:
        await _apply(connection, order, found[staff], _next(order, found[staff]))
    keys = "、".join(said.staff[:NAMED]) + (
        f"等{len(said.staff)}人" if len(said.staff) > NAMED else ""
    )
    to = f"，去向{said.to_unit}" if said.to_unit else ""
    sentence = f"{said.kind}{keys}{to}。{said.note}"
    await store.keep_decision(
        connection,
        key,
        action_id=said.action_id,
        kind=said.kind.value,
        staff=said.staff,
        person=said.person,
        note=said.note,
        evidence=said.evidence,
        to_unit=said.to_unit,
        day=order.day,
        at=order.now,
        sentence=sentence,
    )
    return sentence


def _next(order: PersonOrder, case: store.CaseOnFile) -> Next:
    said = order.action
    papers = {
        one.name
        for one in said.evidence
        if one.doc_no or (one.sha256 and one.name != CORRECTION_DOCUMENT)
    }
    answer = decide(
        said.kind,
        PersonCase(
            staff=case.staff,
            from_unit=case.from_unit,
            to_unit=case.to_unit,
            type=case.type,
            place=case.place,
            objection=case.objection,
        ),
        Authority(leads=order.leads, units=order.units, own=order.batch.unit),
        Moment(approved=order.approved, moved=order.moved),
        Said(note=said.note, papers=papers, to_unit=said.to_unit),
    )
    if isinstance(answer, Refused):
        raise No(answer)
    return answer


async def _apply(
    connection: AsyncConnection, order: PersonOrder, case: store.CaseOnFile, then: Next
) -> None:
    key, said = key_of(order.batch), order.action
    if then.effect is not Effect.NONE:
        await _post_effect(connection, order, case, then)
    if then.to_unit:
        await redirect_persons(
            connection, key.rollout, key.number, [case.staff], to_unit=then.to_unit
        )
    if then.place is not case.place:
        await set_person_state(
            connection,
            key.rollout,
            key.number,
            [case.staff],
            expected=(case.place,),
            new=then.place,
            live=False if then.place in (Place.OUT, Place.DEFERRED) else None,
        )
    if then.objection is not None:
        if said.kind is PersonKind.TAKE_OUT and case.objection in ("", then.objection):
            return
        await store.write_objection(connection, key, case, then.objection, then.outcome)


async def _post_effect(
    connection: AsyncConnection, order: PersonOrder, case: store.CaseOnFile, then: Next
) -> None:
    """The post comes back, or goes elsewhere, by the 更正's 文号."""
    said = order.action
    who = Traveller(
        staff=case.staff, from_unit=case.from_unit, to_unit=case.to_unit, type=case.type
    )
    lines = legs([who])[0].taken_back()
    kind = TAKEN_BACK
    if then.effect is Effect.ELSEWHERE:
        kind = SENT_ELSEWHERE
        lines += legs([replace(who, to_unit=then.to_unit)])[0].sent()
    papers = {one.name: one.doc_no for one in said.evidence}
    posting = Posting(
        batch=order.batch,
        stage=said.action_id,
        step=said.kind,
        person=said.person,
        paper=papers.get(CORRECTION_DOCUMENT, ""),
        special_paper=papers.get(SPECIAL_DOCUMENT, ""),
        day=case.day,
        now=order.now,
        reason=said.kind,
    )
    entry = entry_of(posting, f"{said.action_id}:{case.staff}", kind, case.day, lines)
    answer = await post_anew(connection, entry, order.now)
    if isinstance(answer, Refused):
        raise No(replace(answer, sentence=f"{case.staff}：{answer.sentence}"), entry)

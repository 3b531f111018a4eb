"""An application to change a list: read from an order, checked, and entered (4-32).

The new item is checked as every imported item is (4-24).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.course_start import Ground
from activities.sealed import Known
from contracts.duty_flow import DutyAdjustOrder, DutyStarted, adjustment_id
from domain.directory import Directory
from domain.duty import DutyList, plain_number
from domain.duty_change import (
    Application,
    ApplicationState,
    Change,
    ChangeKind,
    applicant_fault,
    change_fault,
    conflict,
    item_hash,
)
from domain.duty_check import check_lists
from domain.duty_sheet import DutySheet, RawItem, RawList
from domain.personal import personal_fault
from domain.refusal import Finding, Refused
from domain.secrecy import secret_names
from domain.unit import Unit
from storage import duty_flow_store as store

_ROOM: Final = 2_000


async def write_application(
    connection: AsyncConnection,
    order: DutyAdjustOrder,
    ground: Ground,
    filed: tuple[Unit, Change],
) -> Application | Refused:
    """This will enter a new application, or a new text of one that was sent back."""
    applicant, change = filed
    rollout, name = order.rollout, order.list_name
    number, revision = order.again, 1
    if order.again:
        found = await store.application_by_number(connection, rollout, name, order.again)
        fault = _again_fault(order, applicant, found)
        if fault is not None or found is None:
            return fault or Refused(code="DUTY_NO_APPLICATION", sentence="没有这份申请。")
        revision = found.revision + 1
    else:
        number = await store.next_number(connection, rollout, name)
        workflow_id = adjustment_id(rollout, ground.district, name, number)
        new = store.NewApplication(
            number=number,
            workflow_id=workflow_id,
            applicant=applicant.name,
            at=order.now,
            person=order.person,
            action_id=order.action_id,
        )
        await store.open_application(connection, rollout, name, new)
    text = store.NewText(
        number=number,
        revision=revision,
        change=change,
        paper=order.paper,
        at=order.now,
        person=order.person,
        action_id=order.action_id,
    )
    await store.write_text(connection, rollout, name, text)
    written = await store.application_by_number(connection, rollout, name, number)
    if written is None:
        raise AssertionError("what was written is there")
    return written


def _again_fault(
    order: DutyAdjustOrder, applicant: Unit, found: Application | None
) -> Refused | None:
    if found is None:
        sentence = f"“{order.list_name}”没有第{order.again}号调整申请。"
        return Refused(code="DUTY_NO_APPLICATION", sentence=sentence)
    if found.applicant != applicant.name:
        sentence = f"第{order.again}号申请由{found.applicant}提出，由其修改后重新提交。"
        return Refused(code="NOT_YOUR_UNIT", sentence=sentence)
    if found.state is not ApplicationState.DRAWN:
        sentence = f"第{order.again}号申请{found.state}，退回之后才能修改。"
        return Refused(code="DUTY_UNDER_REVIEW", sentence=sentence)
    return None


def change_of(
    order: DutyAdjustOrder, current: DutyList, directory: Directory
) -> Change | DutyStarted:
    """This will read what the order asks, checked against the version in force and its seven fields (4-24)."""
    number = plain_number(order.number)
    old = next((item for item in current.items if item.number == number), None)
    item = None
    if order.item is not None and order.kind is not ChangeKind.REMOVE:
        raw = replace(order.item, number=number, list_name=current.name)
        read = check_lists(_sheet(current, raw), directory)
        if findings := tuple(one for one in read.findings if one.is_error):
            return _findings(findings)
        item = read.lists[0].items[0]
    known = old.name if old else ""
    change = Change(
        kind=order.kind,
        number=number,
        subject=order.subject.strip() or (item.name if item else known),
        content=order.content.strip(),
        basis=order.basis.strip(),
        reason=order.reason.strip(),
        base_version=current.version,
        base_hash=item_hash(old) if old and order.kind is not ChangeKind.ADD else "",
        item=item,
    )
    refused = change_fault(change) or conflict(current, change)
    return not_started(refused) if refused else change


def _sheet(current: DutyList, raw: RawItem) -> DutySheet:
    """One item as a workbook of its own, so that it is checked as every item is."""
    head = RawList(
        row=0,
        name=current.name,
        kind=current.kind.value,
        district=current.district,
        street=current.street,
        declared="1",
    )
    return DutySheet(lists=(head,), items=(raw,))


def _findings(findings: tuple[Finding, ...]) -> DutyStarted:
    return DutyStarted(
        findings=findings,
        code="DUTY_INVALID",
        sentence=f"新事项有{len(findings)}处错误，申请没有提交。",
    )


def text_fault(order: DutyAdjustOrder) -> Refused | None:
    """Bounds, marks of secrecy and identity numbers, before anything is kept."""
    texts = (order.content, order.basis, order.reason, order.subject, order.paper)
    if any(len(text) > _ROOM for text in texts):
        return Refused(code="TOO_LONG", sentence=f"每项说明不能超过{_ROOM}字，长文请作为附件。")
    if not order.paper.strip():
        sentence = "书面申请须有文号（--paper 文号）。"
        return Refused(code="PAPER_MISSING", sentence=sentence)
    return secret_names(*texts) or personal_fault(*texts)


def applicant_of(known: Known, district: str, named: str) -> Unit | Refused:
    """The unit that applies: the one named, or the person's only one (4-32)."""
    directory = known.directory
    if named:
        unit = directory.find(named, district)
        if unit is None:
            return Refused(code="UNKNOWN_UNIT", sentence=f"通讯录里没有单位“{named}”。")
    else:
        own = [name for name in known.acting if name in directory.by_name]
        if len(own) != 1:
            sentence = f"{known.person}在{'、'.join(sorted(own)) or '各单位'}任职，请用 --unit 写明申请单位。"
            return Refused(code="UNIT_AMBIGUOUS", sentence=sentence)
        unit = directory.by_name[own[0]]
    if unit.name not in known.acting:
        sentence = f"{known.person}不是{unit.name}的办理人，不能以其名义申请。"
        return Refused(code="NOT_YOUR_UNIT", sentence=sentence)
    above = directory.by_name.get(unit.parent) if unit.parent else None
    return applicant_fault(unit, district, above) or unit


def not_started(refused: Refused) -> DutyStarted:
    """This will answer that nothing was started."""
    return DutyStarted(code=refused.code, sentence=refused.sentence)

"""Orders about reminders: channels are the coordinators', slips also the 督查室's (0-05, 0-13)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.plan_shelf import PlanOnShelf, Shelf
from activities.remind import channel_line, slip_line
from activities.sealed import Known, key_differs, key_missing, known_person
from contracts.names import split_item
from contracts.remind import (
    ChannelDone,
    ChannelEnd,
    ChannelOrder,
    ChannelTrial,
    RemindOrders,
    SlipDraftOrder,
    SlipsDone,
    SlipSignOrder,
    channel_purpose,
    letter_purpose,
)
from contracts.sealed import Sealing
from domain.calendar import WorkCalendar
from domain.channel import ChannelAddress, read_address
from domain.deadline import local_day, workdays_after, workdays_between
from domain.notices import SLIP_LEVEL, trial_letter
from domain.people import LEADING_DUTY
from domain.personal import personal_fault
from domain.plan import StepRule
from domain.refusal import Refused
from domain.secrecy import secret_names
from domain.supervision import (
    SUPERVISING_DUTIES,
    OverdueStep,
    draft_text,
    next_colour,
    slip_name,
    targets,
)
from domain.unit import ACTING_ROLES, Role, Unit
from storage import outbox_store as outbox
from storage import slip_store as slips
from storage.engine import Database
from storage.people_store import read_posts
from storage.registers_store import read_standing

MOST_DRAFTS: Final = 200
"""Slips drafted at once."""

_MOST_PAPER: Final = 100
_MOST_TASK: Final = 100


class RemindOrderActivities(RemindOrders):
    """Writes channels and slips of one database; without a seal no address is taken."""

    def __init__(self, database: Database, shelf: Shelf, seal: Sealing | None) -> None:
        self._database = database
        self._shelf = shelf
        self._seal = seal

    @activity.defn(name="set_channel")
    async def set_channel(self, order: ChannelOrder) -> ChannelDone:
        """This will set a channel in place of what a unit or person had of its kind."""
        seal = self._seal
        if seal is None:
            return _no_channel(key_missing())
        content = seal.open(order.sealed, letter_purpose(order.rollout, order.asked))
        if content is None:
            return _no_channel(key_differs())
        address = read_address(content.decode("utf-8", "replace"))
        if isinstance(address, Refused):
            return _no_channel(address)
        async with translated_errors(), self._database.transaction() as connection:
            found = await self._recipient(connection, order)
            if isinstance(found, Refused):
                return _no_channel(found)
            return await _set(connection, seal, order, (address, content, found))

    @activity.defn(name="end_channel")
    async def end_channel(self, order: ChannelEnd) -> ChannelDone:
        """This will end channels."""
        async with translated_errors(), self._database.transaction() as connection:
            held = await self._held(connection, order)
            if isinstance(held, Refused):
                return _no_channel(held)
            for row in held:
                await outbox.end_channel(connection, row.id, now=order.now, by=order.person)
        return ChannelDone(lines=tuple(channel_line(row) for row in held))

    @activity.defn(name="try_channel")
    async def try_channel(self, order: ChannelTrial) -> ChannelDone:
        """This will put a test message into the outbox."""
        ids = []
        async with translated_errors(), self._database.transaction() as connection:
            held = await self._held(connection, order)
            if isinstance(held, Refused):
                return _no_channel(held)
            for row in held:
                said = f"测试\n{order.asked}\n{row.id}"
                ids.append(hashlib.sha256(said.encode()).hexdigest()[:32])
                letter = trial_letter(row.unit or row.person, ids[-1])
                message = outbox.Message(
                    message_id=ids[-1],
                    rollout=order.rollout,
                    channel=row.id,
                    kind="测试",
                    digest_day=None,
                    subject=letter.subject,
                    body=letter.body,
                    keys=(),
                )
                await outbox.make_trial(connection, message, order.now)
        lines = tuple(channel_line(row) for row in held)
        return ChannelDone(lines=lines, message_ids=tuple(ids))

    async def _held(
        self, connection: AsyncConnection, order: ChannelEnd | ChannelTrial
    ) -> Sequence[Row[Any]] | Refused:
        found = await self._recipient(connection, order)
        if isinstance(found, Refused):
            return found
        whom = (order.for_unit, order.for_person)
        held = await outbox.channels_in_force(connection, order.rollout, *whom, order.kind)
        if not held:
            what = f"{order.kind}通道" if order.kind else "通道"
            sentence = f"“{order.for_unit or order.for_person}”没有设置{what}。"
            return Refused(code="CHANNEL_NOT_FOUND", sentence=sentence)
        return held

    async def _recipient(
        self, connection: AsyncConnection, order: ChannelOrder | ChannelEnd | ChannelTrial
    ) -> str | Refused:
        """The district of the unit or person that a channel is for; only for who leads it."""
        known = await known_person(
            connection, self._shelf, order.rollout, order.person, order.now, to_change=True
        )
        if isinstance(known, Refused):
            return known
        if bool(order.for_unit) == bool(order.for_person):
            sentence = "通道属于一个单位（--unit）或一个人（--person），请写其中一个。"
            return Refused(code="CHANNEL_OF_ONE", sentence=sentence)
        if order.for_unit:
            unit = known.directory.by_name.get(order.for_unit)
            if unit is None:
                sentence = f"通讯录里没有单位“{order.for_unit}”。"
                return Refused(code="UNKNOWN_UNIT", sentence=sentence)
            return _led(known, [unit])
        posts = await read_posts(connection, order.rollout)
        held = [p.unit for p in posts if p.person == order.for_person and p.holds_at(order.now)]
        if not held:
            sentence = f"通讯录里没有“{order.for_person}”，或其职务已经终止。"
            return Refused(code="UNKNOWN_PERSON", sentence=sentence)
        return _led(known, [known.directory.by_name[name] for name in held])

    # --- slips ------------------------------------------------------------------------------

    @activity.defn(name="draft_slips")
    async def draft_slips(self, order: SlipDraftOrder) -> SlipsDone:
        """This will draft supervision slips of what is overdue."""
        async with translated_errors(), self._database.transaction() as connection:
            known = await known_person(
                connection, self._shelf, order.rollout, order.person, order.now, to_change=True
            )
            if isinstance(known, Refused):
                return _no_slip(known)
            workflow_id, step = split_item(order.item)
            overdue = await slips.overdue_steps(
                connection,
                order.rollout,
                order.now,
                unit=order.for_unit,
                workflow_id=workflow_id,
                step=step,
            )
            mine = [row for row in overdue if _supervises(known, row.unit)]
            if overdue and not mine:
                return _no_slip(_not_supervising(known))
            book = await self._book(connection, order.rollout)
            before = await slips.read_slips(connection, order.rollout)
            made = []
            for row in mine[:MOST_DRAFTS]:
                own = [s for s in before if _same_step(s, row)]
                if draft := _draft(order, known, book, row, own):
                    number = next((s.number for s in own if s.signed_at is None), 0)
                    made.append(await slips.draft_slip(connection, draft, number))
        return SlipsDone(lines=tuple(slip_line(row) for row in made), overdue=len(mine))

    @activity.defn(name="sign_slip")
    async def sign_slip(self, order: SlipSignOrder) -> SlipsDone:
        """This will sign a slip and tell those it is for."""
        paper = order.paper.strip()
        if len(paper) > _MOST_PAPER:
            return _no_slip(Refused(code="TOO_LONG", sentence=f"文号不能超过{_MOST_PAPER}字。"))
        if fault := secret_names(paper) or personal_fault(paper):
            return _no_slip(fault)
        async with translated_errors(), self._database.transaction() as connection:
            known = await known_person(
                connection, self._shelf, order.rollout, order.person, order.now, to_change=True
            )
            if isinstance(known, Refused):
                return _no_slip(known)
            slip = await slips.lock_slip(connection, order.rollout, order.number)
            if slip is None:
                sentence = f"没有第{order.number}号督办单；jiegai remind slip list 列出全部。"
                return _no_slip(Refused(code="SLIP_NOT_FOUND", sentence=sentence))
            if slip.signed_at is not None and slip.signed_by == order.person:
                return SlipsDone(lines=(slip_line(slip),), same=True)
            if refused := await _signing_fault(connection, known, slip, order):
                return _no_slip(refused)
            signature = {
                "rollout": order.rollout,
                "number": order.number,
                "now": order.now,
                "by": order.person,
                "unit": _signing_unit(known, slip.unit),
                "paper": paper,
            }
            signed = await slips.sign_slip(connection, signature)
            await slips.tell(connection, _notices(signed))
        return SlipsDone(lines=(slip_line(signed),))

    async def _book(
        self, connection: AsyncConnection, rollout: str
    ) -> tuple[PlanOnShelf, WorkCalendar]:
        held = await read_standing(connection, rollout)
        if held is None:
            raise AssertionError("a plan that is there has a standing")
        shelved = await self._shelf.plan(connection, held.plan_id, held.plan_version)
        return shelved, await self._shelf.calendar(connection, held.calendar_version)


async def _set(
    connection: AsyncConnection,
    seal: Sealing,
    order: ChannelOrder,
    given: tuple[ChannelAddress, bytes, str],
) -> ChannelDone:
    address, content, district = given
    whom = (order.for_unit, order.for_person)
    purpose = channel_purpose(order.rollout, *whom, address.kind)
    key = seal.blind(content, purpose)
    held = await outbox.channels_in_force(connection, order.rollout, *whom, address.kind)
    if same := [row for row in held if row.content_key == key]:
        return ChannelDone(lines=(channel_line(same[0]),), same=True)
    channel = {
        "rollout": order.rollout,
        "unit": order.for_unit,
        "person": order.for_person,
        "district": district,
        "kind": str(address.kind),
        "address": seal.seal(content, purpose),
        "shown": address.shown,
        "content_key": key,
        "now": order.now,
        "by": order.person,
    }
    await outbox.set_channel(connection, channel, [row.id for row in held])
    made = await outbox.channels_in_force(connection, order.rollout, *whom, address.kind)
    return ChannelDone(lines=tuple(channel_line(row) for row in made))


def _led(known: Known, units: Sequence[Unit]) -> str | Refused:
    led = next((unit for unit in units if known.authority.over(unit)), None)
    if led is not None:
        return led.district
    sentence = (
        f"{units[0].district or units[0].name}的提醒通道只能由改革协调单位或该区{LEADING_DUTY}的协调员"
        f"设置，{known.person}不是。"
    )
    return Refused(code="NOT_COORDINATOR", sentence=sentence)


def _supervising_unit(known: Known, unit: Unit | None) -> str:
    """The 督查室 for which this person acts, of the unit's district or of the city; or ''."""
    for grant in known.grants:
        office = known.directory.by_name.get(grant.unit)
        if office is None or grant.role not in ACTING_ROLES:
            continue
        near = office.district in ("", unit.district if unit else "")
        if near and any(duty in SUPERVISING_DUTIES for duty in office.duties):
            return office.name
    return ""


def _supervises(known: Known, name: str) -> bool:
    unit = known.directory.by_name.get(name)
    led = known.authority.over(unit) if unit else known.authority.everywhere
    return led or bool(_supervising_unit(known, unit))


def _signing_unit(known: Known, name: str) -> str:
    unit = known.directory.by_name.get(name)
    return _supervising_unit(known, unit) or known.leading_unit


def _not_supervising(known: Known) -> Refused:
    sentence = (
        f"督办单由督查室或改革协调单位、该区{LEADING_DUTY}的协调员起草和签发，{known.person}不是。"
    )
    return Refused(code="NOT_SUPERVISOR", sentence=sentence)


def _same_step(slip: Row[Any], row: Row[Any]) -> bool:
    return (slip.workflow_id, slip.step, slip.unit, slip.opened_at) == (
        row.workflow_id,
        row.step,
        row.unit,
        row.opened_at,
    )


def _draft(
    order: SlipDraftOrder,
    known: Known,
    book: tuple[PlanOnShelf, WorkCalendar],
    row: Row[Any],
    own: Sequence[Row[Any]],
) -> dict[str, Any] | None:
    """The next slip about an overdue step; None while the rung has not come."""
    shelved, calendars = book
    calendar = calendars.for_district(row.district)
    today = local_day(order.now)
    signed = [slip for slip in own if slip.signed_at is not None]
    newest = max((local_day(slip.signed_at) for slip in signed), default=today)
    days = workdays_between(row.due_date, today, calendar)
    colour = next_colour(
        days,
        _rungs(shelved, row.row_id, row.step),
        [slip.colour for slip in signed],
        workdays_between(newest, today, calendar),
    )
    if colour is None:
        return None
    task = row.task[:_MOST_TASK]
    step = OverdueStep(
        workflow_id=row.workflow_id,
        step=row.step,
        unit=row.unit,
        task=task,
        due_date=row.due_date,
        days=days,
    )
    answer_by = workdays_after(today, order.within, calendar) if order.within else None
    return {
        "rollout": order.rollout,
        "colour": str(colour),
        "workflow_id": row.workflow_id,
        "step": row.step,
        "unit": row.unit,
        "district": row.district,
        "opened_at": row.opened_at,
        "due_date": row.due_date,
        "days": days,
        "task": task,
        "targets": list(targets(colour, row.unit, known.directory, known.coordinator)),
        "body": draft_text(colour, step, answer_by),
        "now": order.now,
        "by": order.person,
    }


def _rungs(shelved: PlanOnShelf, row_id: str, step: str) -> tuple[int, ...]:
    """The plan's working days after which a step escalates; the defaults where it names none."""
    row = next((row for row in shelved.plan.rows if row.id == row_id), None)
    rule = next(
        (r for r in shelved.plan.steps if row and r.kind is row.kind and r.step == step), None
    )
    escalate = rule.escalate if rule else StepRule.escalate
    return tuple(count for count, _ in escalate)


async def _signing_fault(
    connection: AsyncConnection, known: Known, slip: Row[Any], order: SlipSignOrder
) -> Refused | None:
    name = slip_name(slip.colour, slip.number)
    if slip.signed_at is not None:
        sentence = f"{name}已由{slip.signed_by}签发，不能再签。"
        return Refused(code="SLIP_SIGNED", sentence=sentence)
    if not _supervises(known, slip.unit):
        return _not_supervising(known)
    still = await slips.overdue_steps(
        connection,
        order.rollout,
        order.now,
        unit=slip.unit,
        workflow_id=slip.workflow_id,
        step=slip.step,
    )
    if not any(_same_step(slip, row) for row in still):
        sentence = f"{name}所说的环节已经办结、延期或换了单位，不必再督办。"
        return Refused(code="SLIP_OVER", sentence=sentence)
    return None


def _notices(slip: Row[Any]) -> list[dict[str, Any]]:
    """One for each whom the slip goes to, and one for who must do the work."""
    whom = dict.fromkeys((*slip.targets, f"{slip.unit}:{Role.HANDLER}"))
    name = slip_name(slip.colour, slip.number)
    return [
        {
            "key": f"督办单:{slip.rollout}:{slip.number}:{target}",
            "workflow_id": slip.workflow_id,
            "rollout": slip.rollout,
            "at": slip.signed_at,
            "unit": unit,
            "recipient": role,
            "level": SLIP_LEVEL,
            "step": slip.step,
            "text": f"{name}（{slip.signed_unit}签发）：{slip.body}",
        }
        for target in whom
        for unit, _, role in [target.partition(":")]
    ]


def _no_channel(no: Refused) -> ChannelDone:
    return ChannelDone(code=no.code, sentence=no.sentence)


def _no_slip(no: Refused) -> SlipsDone:
    return SlipsDone(code=no.code, sentence=no.sentence)

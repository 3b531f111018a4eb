"""The postman: makes messages of notices and sends them (0-12, 0-13, 2-23; issue 6 "notices").

Each turn routes the notices whose line is confirmed, makes for each channel the message that may go
now, claims what is to be sent and hands it to the courier. It is no activity, for the reasons of the
sweep: nothing waits for it, and it must leave no history. Several workers may do it at once: locks
and claims keep them apart. A worker that dies between sending and marking sends again under the same
message id; nothing else is sent twice.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.courier import Courier, Parcel
from activities.plan_shelf import Shelf
from contracts.remind import channel_purpose
from contracts.sealed import Sealing
from contracts.webpage import page_path
from domain.calendar import WorkCalendar
from domain.deadline import local_day
from domain.ladder import at_office_hours
from domain.notices import AT_ONCE, Going, Told, compose, next_try, stale, what_goes
from domain.plan import CalendarPolicy
from storage import outbox_store as store
from storage.engine import Database
from storage.registers_store import read_standing

PAUSE: Final = timedelta(seconds=5)
"""Between two turns: somebody who tests a channel waits for the next."""

CLAIM: Final = timedelta(minutes=5)
"""A message is one sender's for this long; then its sender is taken for dead."""

AT_A_TIME: Final = 20
"""Messages claimed together: sent well within the claim, even if none is answered."""

SIDE_BY_SIDE: Final = 4

_log = structlog.get_logger(__name__)


@dataclass
class Posted:
    """What one turn did."""

    routed: int = 0
    made: int = 0
    sent: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class Office:
    """The hours that hold in a district of a rollout."""

    policy: CalendarPolicy
    calendar: WorkCalendar

    def is_open(self, now: datetime) -> bool:
        """Whether somebody is at work there."""
        return at_office_hours(now, self.policy, self.calendar) == now


Offices = dict[tuple[str, str], Office]


class Postman:
    """Carries the notices of one database; without a key it cannot read an address, and waits."""

    def __init__(
        self,
        database: Database,
        courier: Courier,
        seal: Sealing | None,
        *,
        clock: Callable[[], datetime],
        ui: tuple[str, str] = ("", ""),
    ) -> None:
        self._database = database
        self._courier = courier
        self._seal = seal
        self._clock = clock
        self._ui = ui
        self._shelf = Shelf()

    async def keep(self) -> None:
        """This will make a turn for ever; what is away now is tried again at the next."""
        while True:
            try:
                posted = await self.once(self._clock())
            except (OSError, TimeoutError, PoolTimeout, DBAPIError):
                _log.warning("activities.postman.database_away")
            except Exception:  # noqa: BLE001  whatever it is, the next turn comes
                _log.exception("activities.postman.failed")
            else:
                if posted.sent or posted.failed:
                    _log.info("activities.postman.posted", **vars(posted))
            await asyncio.sleep(PAUSE.total_seconds())

    async def once(self, now: datetime) -> Posted:
        """This will route, make and send everything that may go at a moment."""
        posted, offices = Posted(), Offices()
        while routed := await store.route(self._database, now):
            posted.routed += routed
        for waiting in await store.waiting_channels(self._database, now):
            place = (waiting.rollout, waiting.district)
            office = await self._office(offices, *place)
            if office and office.is_open(now):
                posted.made += await self._make(waiting, office, now)
        if self._seal is None:
            return posted
        places = [
            place
            for place in await store.due_places(self._database, now)
            if (office := await self._office(offices, *place)) and office.is_open(now)
        ]
        while claimed := await store.claim(
            self._database, now, now + CLAIM, places=places, limit=AT_A_TIME
        ):
            await self._send_all(self._seal, claimed, offices, posted, now)
        return posted

    async def _office(self, offices: Offices, rollout: str, district: str) -> Office | None:
        place = (rollout, district)
        if place not in offices:
            async with self._database.single() as connection:
                held = await read_standing(connection, rollout)
                if held is None:
                    return None
                shelved = await self._shelf.plan(connection, held.plan_id, held.plan_version)
                calendar = await self._shelf.calendar(connection, held.calendar_version)
            offices[place] = Office(
                policy=shelved.plan.policy, calendar=calendar.for_district(district)
            )
        return offices[place]

    # --- making -----------------------------------------------------------------------------

    async def _make(self, seen: store.Waiting, office: Office, now: datetime) -> bool:
        """This will make the message of a channel that may go now, if there is one."""
        if self._goes(seen, office, now) is Going.NOTHING:
            return False
        try:
            async with self._database.transaction() as connection:
                held = await store.lock_channel(connection, seen.id, now)
                if held is None:
                    return False
                going = self._goes(held, office, now)
                if going is Going.NOTHING:
                    return False
                return await self._write(connection, held, going, now)
        except IntegrityError:
            # Another worker was first: the next turn sees what it made.
            _log.info("activities.postman.made_elsewhere", channel=seen.id)
            return False

    def _goes(self, waiting: store.Waiting, office: Office, now: datetime) -> Going:
        return what_goes(
            now,
            office.policy,
            office.calendar,
            digested=waiting.digested,
            last_made=waiting.last_made,
            urgent=waiting.urgent,
        )

    async def _write(
        self, connection: AsyncConnection, channel: store.Waiting, going: Going, now: datetime
    ) -> bool:
        told = [_told(row, now) for row in await store.read_told(connection, channel.id)]
        if going is Going.URGENT:
            told = [one for one in told if one.level in AT_ONCE]
        gone = stale(told)
        await store.omit(connection, channel.id, gone)
        told = [one for one in told if one.key not in gone]
        if not told:
            return False
        message_id = _message_id(channel.id, told)
        letter = compose(
            told,
            rollout=channel.rollout,
            today=local_day(now),
            message_id=message_id,
            link=self._link(told),
        )
        message = store.Message(
            message_id=message_id,
            rollout=channel.rollout,
            channel=channel.id,
            kind=str(going),
            digest_day=local_day(now) if going is Going.ALL else None,
            subject=letter.subject,
            body=letter.body,
            keys=tuple(one.key for one in told),
        )
        await store.make(connection, message, now)
        return True

    def _link(self, told: Sequence[Told]) -> str:
        """The page of the one procedure that a message is about; empty for several."""
        procedures = {one.workflow_id for one in told}
        ui, namespace = self._ui
        return (
            f"{ui}{page_path(namespace, procedures.pop())}" if ui and len(procedures) == 1 else ""
        )

    # --- sending ----------------------------------------------------------------------------

    async def _send_all(
        self,
        seal: Sealing,
        claimed: Sequence[store.Claimed],
        offices: Offices,
        posted: Posted,
        now: datetime,
    ) -> None:
        room = asyncio.Semaphore(SIDE_BY_SIDE)

        async def send(message: store.Claimed) -> None:
            async with room:
                why = await self._send(seal, message)
            if not why:
                await store.mark_sent(self._database, message.id, now)
                posted.sent += 1
                return
            office = await self._office(offices, message.rollout, message.district)
            if office is None:
                raise AssertionError("a rollout with channels is registered")
            again = next_try(now, message.failures + 1, office.policy, office.calendar)
            await store.mark_failed(self._database, message, why, now=now, next_try_at=again)
            posted.failed += 1
            _log.warning(
                "activities.postman.undelivered",
                message_id=message.message_id,
                channel=message.channel,
                tries=message.tries,
                why=why,
            )

        await asyncio.gather(*(send(message) for message in claimed))

    async def _send(self, seal: Sealing, message: store.Claimed) -> str:
        purpose = channel_purpose(message.rollout, message.unit, message.person, message.by)
        address = seal.open(message.address, purpose)
        if address is None:
            return "通道地址打不开：设置时与现在的密钥不同，请重新设置"
        parcel = Parcel(message_id=message.message_id, subject=message.subject, body=message.body)
        return await asyncio.to_thread(self._courier.deliver, address.decode(), parcel)


def _message_id(channel: int, told: Sequence[Told]) -> str:
    """The same notices by the same channel are the same message, whoever makes it."""
    said = "\n".join((str(channel), *sorted(one.key for one in told)))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _told(row: Row[Any], now: datetime) -> Told:
    verbs = row.verbs[0] if row.verbs else ()
    return Told(
        key=row.key,
        level=row.level,
        workflow_id=row.workflow_id,
        step=row.step,
        unit=row.unit,
        text=row.text,
        waiting=tuple(row.waiting or ()),
        due_date=row.due_date,
        is_overdue=row.due_at is not None and row.due_at <= now,
        provisional=bool(row.provisional),
        verbs=tuple(verbs),
    )

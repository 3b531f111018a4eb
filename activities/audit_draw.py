"""Draws of 随机抽查 (4-37): prepared, made and published; nothing of a sample leaves it in the clear.

``DrawBook`` serves the activities that run audits. Between preparation and the end the salt and the
sample stand sealed in the register; they are opened in memory, and forgotten.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.sealed import key_differs, key_missing
from contracts.audit_draw import sample_purpose
from contracts.sealed import Sealing
from domain.audit import AuditPlan, RunKey
from domain.audit_cadence import Window
from domain.deadline import local_day
from domain.draw_record import record_of, write_record
from domain.refusal import Refused
from domain.sampling import (
    SALT_BYTES,
    Deposit,
    Prepared,
    members,
    number_fault,
    public_number,
    rule_trouble,
)
from domain.unit import Unit
from storage import draw_store

_PREPARED: Final[TypeAdapter[Prepared]] = TypeAdapter(Prepared)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A draw was made: when, and how many; never whom."""

    key: RunKey
    drawn_at: datetime
    count: int


@dataclass(frozen=True, kw_only=True)
class Waits:
    """For which number of which day a draw waits."""

    source: str
    day: date


@dataclass(frozen=True)
class _Opened:
    """A draw on file, what its secret says, and the seal that opened it."""

    row: Row[Any]
    prepared: Prepared
    seal: Sealing


class DrawBook:
    """The draws of one database; ``token`` gives random bytes."""

    def __init__(self, seal: Sealing | None, token: Callable[[int], bytes]) -> None:
        self._seal = seal
        self._token = token

    async def prepare(
        self,
        connection: AsyncConnection,
        plan: AuditPlan,
        window: Window,
        population: Sequence[Unit],
        at: datetime,
    ) -> Deposit | Refused:
        """This will commit to the draw of a window; one that is prepared stays as it is."""
        key = RunKey(rollout=plan.rollout, plan=plan.name, window=window.label)
        if self._seal is None:
            return _no_key()
        if (row := await draw_store.read_draw(connection, key)) is not None:
            return deposit_of(row)
        if plan.sample is None or not plan.reader:
            return _no_reader(plan.name)
        found = members(population)
        if trouble := rule_trouble(plan.sample, found):
            return Refused(code=trouble.code, sentence=trouble.sentence)
        # An hour that has passed would be drawn at the next tick, which anybody can foretell.
        days = tuple(day for day in window.days if day > local_day(at))
        if not days:
            return _too_late(key)
        salt = self._token(SALT_BYTES).hex()
        prepared = Prepared(key=key, days=days, population=found, rule=plan.sample, salt=salt)
        given = asdict(prepared.deposit(at))
        del given["key"], given["made_at"]
        secret = self._seal.seal(_PREPARED.dump_json(prepared), _secret_purpose(key))
        more = {
            "prepared_at": at,
            "secret": secret,
            "reader": plan.reader,
            "public_source": plan.sample.public_source,
        }
        await draw_store.prepare_draw(connection, key, given | more)
        row = await draw_store.read_draw(connection, key)
        if row is None:
            raise AssertionError("a prepared draw is on file")
        return deposit_of(row)

    async def fire_at(self, connection: AsyncConnection, key: RunKey) -> datetime | Refused | None:
        """The secret minute of a draw; None where none is prepared. It must not leave the worker."""
        found = await self._opened(connection, key)
        if found is None or isinstance(found, Refused):
            return found
        return found.prepared.fire_at

    async def draw(
        self,
        connection: AsyncConnection,
        key: RunKey,
        at: datetime,
        number: str = "",
    ) -> Drawn | Refused:
        """This will draw, once; before its time, or without its public number, it is refused."""
        found = await self._opened(connection, key, to_change=True)
        if found is None:
            return unprepared(key)
        if isinstance(found, Refused):
            return found
        row, prepared = found.row, found.prepared
        wanted = prepared.rule.count or sum(prepared.rule.strata.values())
        if row.drawn_at is not None:
            return Drawn(key=key, drawn_at=row.drawn_at, count=wanted)
        if at < prepared.fire_at:
            return _not_yet(key)
        number = public_number(number) if row.public_source else ""
        if row.public_source and (fault := number_fault(number)):
            return _needs_number(row.public_source, fault)
        content = _letter_content(prepared, prepared.sample(number))
        letter = found.seal.letter(content, sample_purpose(key), row.reader)
        await draw_store.keep_drawn(connection, key, at, letter, number)
        return Drawn(key=key, drawn_at=at, count=wanted)

    async def waits_for(
        self, connection: AsyncConnection, key: RunKey, at: datetime
    ) -> Waits | None:
        """What a draw waits for now, None for nothing. ``at`` is never a person's clock.

        Else whoever asks from a later time learns the hour.
        """
        found = await self._opened(connection, key)
        if found is None or isinstance(found, Refused):
            return None
        row, prepared = found.row, found.prepared
        day = prepared.number_day
        if day is None or row.drawn_at is not None or at < prepared.fire_at:
            return None
        return Waits(source=row.public_source, day=day)

    async def drawn_units(
        self, connection: AsyncConnection, key: RunKey
    ) -> tuple[str, ...] | Refused | None:
        """The sample, in the order drawn; None before the draw. It must not leave the worker."""
        found = await self._opened(connection, key)
        if found is None or isinstance(found, Refused):
            return found
        row, prepared = found.row, found.prepared
        return None if row.drawn_at is None else prepared.sample(row.public_number)

    async def admits(self, connection: AsyncConnection, key: RunKey, unit: str, proof: str) -> bool:
        """Whether this unit was drawn, and who says so has read the sample.

        One answer for both, so that nobody finds a sample out by asking for one street after the
        other: a name after ``--as`` is easily typed.
        """
        found = await self._opened(connection, key)
        if found is None or isinstance(found, Refused) or found.row.drawn_at is None:
            return False
        sample = found.prepared.sample(found.row.public_number)
        known = hmac.compare_digest(found.prepared.visit_proof(unit).encode(), proof.encode())
        return known and unit in sample

    async def publish(
        self, connection: AsyncConnection, key: RunKey, at: datetime
    ) -> Refused | None:
        """This will publish the proof of a draw, once; a draw that was never made has none."""
        found = await self._opened(connection, key, to_change=True)
        if found is None or isinstance(found, Refused):
            return found
        row, prepared = found.row, found.prepared
        if row.drawn_at is not None and row.published_at is None:
            record = record_of(prepared, row.prepared_at, row.drawn_at, row.public_number)
            await draw_store.keep_record(connection, key, at, write_record(record))
        return None

    async def _opened(
        self, connection: AsyncConnection, key: RunKey, *, to_change: bool = False
    ) -> _Opened | Refused | None:
        row = await draw_store.read_draw(connection, key, to_change=to_change)
        if row is None:
            return None
        if self._seal is None:
            return key_missing()
        content = self._seal.open(row.secret, _secret_purpose(key))
        if content is None:
            return key_differs()
        return _Opened(row, _PREPARED.validate_json(content), self._seal)


def deposit_of(row: Row[Any]) -> Deposit:
    """What was given away of a draw on file."""
    return Deposit(
        key=RunKey(rollout=row.rollout, plan=row.plan, window=row.label),
        population_hash=row.population_hash,
        population_size=row.population_size,
        rule_hash=row.rule_hash,
        commitment=row.commitment,
        made_at=row.prepared_at,
    )


def _secret_purpose(key: RunKey) -> str:
    return f"抽样底数/{key.rollout}/{key.plan}/{key.window}"


def _letter_content(prepared: Prepared, sample: Sequence[str]) -> bytes:
    """As long for every sample of as many units: a length must not tell long names from short."""
    longest = sorted((len(one.unit.encode()) for one in prepared.population), reverse=True)
    room = sum(longest[: len(sample)]) - sum(len(unit.encode()) for unit in sample)
    said = {
        "commitment": prepared.commitment,
        "sample": list(sample),
        "proofs": [prepared.visit_proof(unit) for unit in sample],
        "pad": " " * room,
    }
    return json.dumps(said, ensure_ascii=False).encode()


def _no_key() -> Refused:
    return Refused(
        code="SECRET_KEY",
        sentence="执行程序没有密钥（JIEGAI_SECRET_KEY），随机抽查的样本无处密封，不能安排。",
    )


def _no_reader(plan: str) -> Refused:
    return Refused(
        code="DRAW_NO_READER", sentence=f"“{plan}”没有抽取规则或主办单位的口令，不能备抽。"
    )


def unprepared(key: RunKey) -> Refused:
    """This will refuse a window of which no draw is prepared."""
    return Refused(
        code="DRAW_UNKNOWN",
        sentence=f"“{key.plan}”{key.window}没有备抽：不是随机抽查，或这一期还没有到准备的时候。",
    )


def _not_yet(key: RunKey) -> Refused:
    return Refused(code="DRAW_NOT_DUE", sentence=f"“{key.plan}”{key.window}尚未抽取。")


def _too_late(key: RunKey) -> Refused:
    return Refused(
        code="DRAW_TOO_LATE",
        sentence=f"“{key.plan}”{key.window}没有今天以后的工作日可以抽取，不能备抽。",
    )


def _needs_number(source: str, fault: str) -> Refused:
    return Refused(code="DRAW_NEEDS_NUMBER", sentence=f"抽取要用公开数“{source}”：{fault}")

"""Sealed sheets: taken in by pieces, opened once in the transaction that imports them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.plan_shelf import Shelf
from contracts.sealed import (
    MOST_PIECE,
    SealedDesk,
    SealedPieceSent,
    SealedPieceTaken,
    Sealing,
    piece_purpose,
    unpacked,
)
from domain.action import Grant
from domain.directory import Directory
from domain.people import Authority
from domain.refusal import Refused
from domain.unit import ACTING_ROLES, Role, Unit
from storage.engine import Database
from storage.people_store import has_directory, lock_directory, read_units
from storage.registers_store import read_standing
from storage.staff_store import pieces_of, take_piece

KEPT: Final = timedelta(days=1)
"""A sheet that nobody imported within this is thrown away with the next piece."""

_Sheet = TypeVar("_Sheet")


class Undone(Exception):
    """Raised inside a transaction to leave nothing of it behind; carries the refusal."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


class SealedActivities(SealedDesk):
    """Keeps sealed pieces in one database; it could not read them if it wanted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="take_sealed_piece")
    async def take(self, piece: SealedPieceSent) -> SealedPieceTaken:
        """This will keep a sealed piece until its sheet is imported, a day at most."""
        if not 0 < len(piece.content) <= MOST_PIECE or piece.place < 0:
            return SealedPieceTaken(code="UPLOAD_BROKEN", sentence=BROKEN)
        row = {
            "upload": piece.upload,
            "place": piece.place,
            "rollout": piece.rollout,
            "content": piece.content,
            "at": piece.now,
        }
        async with translated_errors(), self._database.transaction() as connection:
            standing = await read_standing(connection, piece.rollout, [piece.person], now=piece.now)
            if standing is None:
                no = unknown_rollout(piece.rollout)
                return SealedPieceTaken(code=no.code, sentence=no.sentence)
            if not standing.grants[piece.person]:
                no = stranger(piece.person)
                return SealedPieceTaken(code=no.code, sentence=no.sentence)
            await take_piece(connection, row, piece.now - KEPT)
        return SealedPieceTaken()


BROKEN: Final = "送来的表不完整或已损坏，没有导入，请重新执行一次。"


@dataclass(frozen=True, kw_only=True)
class Known:
    """Who somebody is in a rollout, and what they lead."""

    person: str
    directory: Directory
    grants: tuple[Grant, ...]
    authority: Authority
    coordinator: str
    posted_share: int | None = None

    @property
    def own(self) -> frozenset[str]:
        """The units in which this person has a post."""
        return frozenset(grant.unit for grant in self.grants)

    @property
    def acting(self) -> frozenset[str]:
        """The units for which this person acts."""
        return frozenset(grant.unit for grant in self.grants if grant.role in ACTING_ROLES)

    @property
    def leading_unit(self) -> str:
        """The unit for which this person is 协调员; empty if for none."""
        led = [g.unit for g in self.grants if g.role is Role.COORDINATOR]
        return self.coordinator if self.coordinator in led else next(iter(led), "")

    def writes(self, unit: Unit) -> bool:
        """Whether this person may write what belongs to a unit."""
        return unit.name in self.acting or self.authority.over(unit)

    def reads(self, unit: Unit) -> bool:
        """Whether this person may read about a unit's persons."""
        return unit.name in self.own or self.authority.over(unit)


async def known_person(
    connection: AsyncConnection,
    shelf: Shelf,
    rollout: str,
    person: str,
    now: datetime,
    *,
    to_change: bool = False,
) -> Known | Refused:
    """This will look somebody up; ``to_change`` holds the rollout until the transaction ends."""
    found = lock_directory if to_change else has_directory
    if not await found(connection, rollout):
        return unknown_rollout(rollout)
    standing = await read_standing(connection, rollout, [person], now=now)
    if standing is None:
        raise AssertionError("a plan that is there has a standing")
    if not standing.grants[person]:
        return stranger(person)
    shelved = await shelf.plan(connection, standing.plan_id, standing.plan_version)
    directory = Directory.of(await read_units(connection, rollout))
    coordinator = shelved.plan.coordinator
    return Known(
        person=person,
        directory=directory,
        grants=standing.grants[person],
        authority=Authority.of(person, standing.grants[person], directory, coordinator),
        coordinator=coordinator,
        posted_share=shelved.plan.posted_share,
    )


async def open_upload(
    connection: AsyncConnection,
    seal: Sealing,
    upload: tuple[str, str, int],
    adapter: TypeAdapter[_Sheet],
) -> _Sheet | Refused:
    """This will read the sheet of an upload: rollout, token, number of pieces."""
    rollout, token, count = upload
    pieces = await pieces_of(connection, rollout, token)
    if len(pieces) != count:
        return Refused(code="UPLOAD_BROKEN", sentence=BROKEN)
    return await asyncio.to_thread(_opened, seal, (rollout, token), pieces, adapter)


def _opened(
    seal: Sealing, upload: tuple[str, str], pieces: Sequence[str], adapter: TypeAdapter[_Sheet]
) -> _Sheet | Refused:
    parts = [seal.open(text, piece_purpose(*upload, n)) for n, text in enumerate(pieces)]
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        return key_differs()
    content = unpacked(whole)
    if content is None:
        return Refused(code="UPLOAD_BROKEN", sentence=BROKEN)
    try:
        return adapter.validate_json(content)
    except ValidationError:
        # Its message would repeat what the sheet holds.
        return Refused(code="UPLOAD_BROKEN", sentence=BROKEN)


def key_missing() -> Refused:
    """This will refuse what needs the key, where the worker has none."""
    return Refused(
        code="SECRET_KEY_MISSING",
        sentence="执行程序没有密钥（JIEGAI_SECRET_KEY），不能存取人员信息；请运维设置后再试。",
    )


def key_differs() -> Refused:
    """This will refuse what was sealed under another key."""
    return Refused(
        code="SECRET_KEY_DIFFERS",
        sentence="密文打不开：本机与执行程序的密钥（JIEGAI_SECRET_KEY）不同，请向运维核对。",
    )


def stranger(person: str) -> Refused:
    """This will refuse who holds no post."""
    sentence = f"通讯录里没有“{person}”，或其职务已经终止。"
    return Refused(code="UNKNOWN_PERSON", sentence=sentence)


def unknown_rollout(rollout: str) -> Refused:
    """This will refuse a rollout that is not registered."""
    return Refused(code="UNKNOWN_ROLLOUT", sentence=f"没有登记改革“{rollout}”。")

"""Sends sheets with personal data: sealed here, opened in the worker, nothing readable between."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from starter.errors import EXIT_REFUSED, UserError

if TYPE_CHECKING:
    from runtime.seal import Seal
    from starter.desk_client import Door

AT_ONCE: Final = 4
_SHOWN_FROM: Final = 500
"""Rows from which somebody waits long enough to want to read what goes on."""


def own_seal() -> Seal:
    """This will return the seal of this computer. Raises UserError: SECRET_KEY_MISSING."""
    from runtime.seal import find_seal
    from runtime.settings import Settings

    seal = find_seal(Settings.from_environ())
    if seal is None:
        raise UserError(
            "SECRET_KEY_MISSING",
            "本机没有密钥（JIEGAI_SECRET_KEY），不能存取人员信息；请向运维索取并设置。",
            EXIT_REFUSED,
        )
    return seal


def said(text: str, rows: int) -> None:
    """This will say on stderr what goes on, where there are many rows."""
    if rows >= _SHOWN_FROM:
        click.echo(text, err=True)


async def upload(
    door: Door, seal: Seal, who: tuple[str, str], content: bytes, rows: int
) -> tuple[str, int]:
    """This will send a sheet for a rollout and a person; returns its token and number of pieces.

    Raises UserError: what the register refused.
    """
    from contracts.sealed import SealedDesk, SealedPieceSent, packed, piece_purpose

    rollout, person = who
    token = secrets.token_hex(16)
    pieces = packed(content)
    now = datetime.now(UTC)
    done = 0
    places = iter(range(len(pieces)))

    async def work() -> None:
        nonlocal done
        for place in places:
            sent = SealedPieceSent(
                rollout=rollout,
                person=person,
                upload=token,
                place=place,
                content=seal.seal(pieces[place], piece_purpose(rollout, token, place)),
                now=now,
            )
            taken = await door.order(SealedDesk.take, sent, f"sealed-{token}-{place}")
            if taken.code:
                raise UserError(taken.code, taken.sentence, EXIT_REFUSED)
            done += 1
            said(f"已加密上传 {done}/{len(pieces)} 片", rows)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    said("正在核对、写入……", rows)
    return token, len(pieces)

"""The organiser's passphrase: who knows it reads a sample before the visits, and nobody else (4-37).

It never leaves this computer. A key is made of it slowly (scrypt), so that guessing costs; arranging
sends that key's public half, to which the worker seals what it has drawn.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from typing import TYPE_CHECKING, Final

import click

from starter.errors import UserError

if TYPE_CHECKING:
    from runtime.seal import Seal

VARIABLE: Final = "JIEGAI_AUDIT_PASSPHRASE"
"""Where scripts give it."""

SHORTEST: Final = 12
"""Characters. The public half is no secret, so that whoever has it may guess as long as he likes."""

_COST: Final = 1 << 17
"""128 MB and about half a second for one guess."""

_MEMORY: Final = 1 << 28


def new_passphrase() -> str:
    """This will ask for a passphrase to be used from now on, twice. Raises UserError: PASSPHRASE."""
    given = os.environ.get(VARIABLE, "")
    if not given:
        given = _typed(f"抽样口令（不显示，至少{SHORTEST}个字）")
        if given and given != _typed("再输入一次"):
            raise UserError("PASSPHRASE", "两次输入的口令不同，没有做任何改动，请重来。")
    if len(_normal(given)) < SHORTEST:
        raise UserError(
            "PASSPHRASE",
            f"抽样口令至少{SHORTEST}个字：抽出的样本只有它能打开，短了可能被人试出来。",
        )
    return given


def known_passphrase() -> str:
    """This will ask for the passphrase once."""
    return os.environ.get(VARIABLE, "") or _typed("抽样口令（不显示）")


def reading_seal(rollout: str, plan: str, passphrase: str) -> Seal:
    """This will make the key of an arrangement's passphrase; its ``address`` may be known to all."""
    from runtime.seal import KEY_BYTES, Seal

    salt = hashlib.sha256(f"jiegai audit\n{rollout}\n{plan}".encode()).digest()
    key = hashlib.scrypt(
        _normal(passphrase).encode(),
        salt=salt,
        n=_COST,
        r=8,
        p=1,
        maxmem=_MEMORY,
        dklen=KEY_BYTES,
    )
    return Seal(key)


def _normal(passphrase: str) -> str:
    """Another keyboard may write the same character in another way."""
    return unicodedata.normalize("NFC", passphrase.strip())


def _typed(prompt: str) -> str:
    return str(click.prompt(prompt, hide_input=True, default="", show_default=False, err=True))

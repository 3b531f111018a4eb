"""Sends files of evidence to the register and fetches them: in pieces, a few at once.

What was sent before a cut is not sent again: the register is asked first which pieces are missing.
What was fetched is given to nobody before its sha256 is the one that was asked for.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from domain.action import Action, Evidence, Keeping
from starter.errors import EXIT_BAD_INPUT, EXIT_REFUSED, UserError
from starter.evidence import MEGABYTE, file_read

if TYPE_CHECKING:
    from contracts.evidence import EvidenceUse
    from starter.desk_client import Door

AT_ONCE: Final = 4
"""Pieces on their way at the same time."""

_SHOWN_FROM: Final = 8
"""Fewer pieces are sent before anybody could read how many."""

_TRY_AGAIN: Final = frozenset({"EVIDENCE_DIFFERS", "EVIDENCE_NOT_OFFERED"})
"""The register has thrown away what it had of a file: it is sent once more from the start."""

_BAD_INPUT: Final = frozenset({"EVIDENCE_TOO_LARGE", "NOT_FOUND"})


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Who stores which evidence for which procedure; ``unit`` empty: one that fits."""

    workflow_id: str
    person: str
    unit: str
    evidence: tuple[Evidence, ...]

    @classmethod
    def of(cls, workflow_id: str, action: Action) -> Parcel:
        """This will make the parcel of one action."""
        return cls(
            workflow_id=workflow_id,
            person=action.person,
            unit=action.unit,
            evidence=action.evidence,
        )


async def store_all(door: Door, parcels: Sequence[Parcel]) -> dict[int, UserError]:
    """This will store every file said to be 入库, each once, before actions that name it are sent.

    Returns by its place in ``parcels`` why one was refused; the others are stored. Failures of
    the service are raised, and then nothing should be sent.
    """
    refused: dict[int, UserError] = {}
    for (rollout, person, sha256), group in _by_file(parcels).items():
        use = group[0][1]
        try:
            await keep_file(
                door,
                Outgoing(
                    rollout=rollout,
                    person=person,
                    sha256=sha256,
                    size=use.size,
                    filename=use.filename,
                    path=file_read(sha256),
                ),
                tuple(_use(parcels[place], piece) for place, piece in group),
            )
        except UserError as error:
            refused |= {place: error for place, _ in group if place not in refused}
    return refused


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A file to store; without a ``path`` it must be there already."""

    rollout: str
    person: str
    sha256: str
    size: int
    filename: str
    path: Path | None


async def keep_file(door: Door, file: Outgoing, uses: tuple[EvidenceUse, ...]) -> bool:
    """This will send what is missing of a file and keep it; False if it was there before.

    Raises UserError: what the register refused, EVIDENCE_CHANGED.
    """
    from contracts.evidence import EvidenceDesk, EvidenceKeeping

    for is_last in (False, True):
        proof = await _sent(door, file, file.path) if file.path is not None else ""
        order = EvidenceKeeping(
            rollout=file.rollout,
            person=file.person,
            sha256=file.sha256,
            proof=proof,
            uses=uses,
            now=datetime.now(UTC),
        )
        kept = await door.order(EvidenceDesk.keep, order, f"keep-{uuid.uuid4()}")
        if kept.code in _TRY_AGAIN and file.path is not None and not is_last:
            continue
        _refuse(kept.code, kept.sentence)
        return kept.created
    raise AssertionError("the second try returns or raises")


async def _sent(door: Door, file: Outgoing, path: Path) -> str:
    """Send what is missing; returns the proof that the sender has the file."""
    from contracts.evidence import EvidenceDesk, EvidenceOffer, EvidencePieceSent, proof_of

    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    if digest.hexdigest() != file.sha256:
        raise UserError("EVIDENCE_CHANGED", f"{path} 在读取之后被改动，没有入库，请再执行一次。")
    offer = EvidenceOffer(
        rollout=file.rollout,
        person=file.person,
        sha256=file.sha256,
        size=file.size,
        filename=file.filename,
        now=datetime.now(UTC),
    )
    wanted = await door.order(EvidenceDesk.offer, offer, f"offer-{uuid.uuid4()}")
    _refuse(wanted.code, wanted.sentence)
    shown = _Progress("已上传", len(wanted.missing))

    async def send(place: int) -> None:
        content = _piece(path, place * wanted.piece_size, wanted.piece_size)
        piece = EvidencePieceSent(
            sha256=file.sha256, place=place, content=base64.b64encode(content).decode("ascii")
        )
        taken = await door.order(EvidenceDesk.take, piece, f"piece-{file.sha256}-{place}")
        _refuse(taken.code, taken.sentence)
        shown.step()

    await _each(wanted.missing, send)
    shown.end()
    return proof_of(file.rollout, file.person, _chunks(path))


async def fetch_file(
    door: Door, workflow_id: str, sha256: str, person: str, into: IO[bytes]
) -> str:
    """This will write a stored file into ``into`` and return the name it was stored under.

    Raises UserError: what the register refused, EVIDENCE_DAMAGED where the content is not the
    one that was asked for.
    """
    from contracts.evidence import EvidenceDesk, EvidenceFetch, EvidenceFetched

    now = datetime.now(UTC)

    async def ask(place: int) -> EvidenceFetched:
        question = EvidenceFetch(
            workflow_id=workflow_id, sha256=sha256, person=person, place=place, now=now
        )
        fetched = await door.ask(EvidenceDesk.fetch, question)
        _refuse(fetched.code, fetched.sentence)
        return fetched

    first = await ask(0)
    start = base64.b64decode(first.content)
    into.write(start)
    shown = _Progress("已取出", first.pieces)
    shown.step()

    async def take(place: int) -> None:
        content = base64.b64decode((await ask(place)).content)
        into.seek(place * len(start))
        into.write(content)
        shown.step()

    await _each(range(1, first.pieces), take)
    shown.end()
    into.seek(0)
    digest = hashlib.sha256()
    while chunk := into.read(MEGABYTE):
        digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise UserError("EVIDENCE_DAMAGED", "取出的内容与登记的指纹不符，没有保存，请报告运维。")
    into.seek(0)
    return first.filename


def _by_file(
    parcels: Sequence[Parcel],
) -> dict[tuple[str, str, str], list[tuple[int, Evidence]]]:
    """Places and evidence by rollout, person and file."""
    from contracts.names import split_id

    groups: dict[tuple[str, str, str], list[tuple[int, Evidence]]] = {}
    for place, parcel in enumerate(parcels):
        rollout = split_id(parcel.workflow_id)[0]
        for piece in parcel.evidence:
            if piece.kept is Keeping.STORED and piece.sha256:
                group = groups.setdefault((rollout, parcel.person, piece.sha256), [])
                group.append((place, piece))
    return groups


def _use(parcel: Parcel, piece: Evidence) -> EvidenceUse:
    from contracts.evidence import EvidenceUse

    return EvidenceUse(
        workflow_id=parcel.workflow_id,
        name=piece.name,
        filename=piece.filename,
        unit=parcel.unit,
    )


def _refuse(code: str, sentence: str) -> None:
    if code:
        raise UserError(code, sentence, EXIT_BAD_INPUT if code in _BAD_INPUT else EXIT_REFUSED)


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(MEGABYTE):
                yield chunk
    except OSError as error:
        raise _gone(path) from error


def _piece(path: Path, start: int, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(length)
    except OSError as error:
        raise _gone(path) from error


def _gone(path: Path) -> UserError:
    return UserError("EVIDENCE_CHANGED", f"{path} 在读取之后不能再读，没有入库，请再执行一次。")


async def _each(places: Iterable[int], work: Callable[[int], Awaitable[None]]) -> None:
    """Work on all places, a few at once; the first failure ends it."""
    waiting = iter(places)

    async def worker() -> None:
        for place in waiting:
            await work(place)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


class _Progress:
    """Counts pieces on the terminal's stderr, where there are many."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._live = total >= _SHOWN_FROM and sys.stderr.isatty()

    def step(self) -> None:
        self._done += 1
        if self._live:
            click.echo(f"\r{self._what} {self._done}/{self._total} 片", nl=False, err=True)

    def end(self) -> None:
        if self._live:
            click.echo("", err=True)

"""Files of evidence: taken in pieces, verified, kept for ever, given out to who may read them.

Who may read (issue 3, "per-unit access"): a person one of whose units stored the file for the
procedure, or has or had a part in that procedure; and its coordinators. Posts hold at the moment
of asking, substitutes' and recorders' included. Each fetch is written down.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any, Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import bad_data, translated_errors
from activities.evidence_access import (
    denied,
    grants_of,
    reading_unit,
    reads_somewhere,
    stranger,
    uses_asked,
)
from activities.pages import how_many_fit, key_of, place_of
from contracts.evidence import (
    PIECE_BYTES,
    EvidenceDesk,
    EvidenceFetch,
    EvidenceFetched,
    EvidenceKeeping,
    EvidenceKept,
    EvidenceLine,
    EvidenceOffer,
    EvidencePage,
    EvidencePieceSent,
    EvidencePieceTaken,
    EvidenceQuestion,
    EvidenceWanted,
    proof_of,
)
from contracts.names import SEPARATOR, split_id
from domain.action import Grant, Keeping
from domain.refusal import Refused
from domain.secrecy import secret, secret_names
from domain.secrecy_file import mark_in_file
from storage import evidence_store as store
from storage.engine import Database

MEGABYTE: Final = 1 << 20
UNFINISHED: Final = timedelta(days=7)
"""A file that was begun and not finished within this is thrown away with the next offer."""

MOST_LINES: Final = 500
_IN_MEMORY: Final = 32 * MEGABYTE
_SHA256 = re.compile("[0-9a-f]{64}")
_LINE: TypeAdapter[EvidenceLine] = TypeAdapter(EvidenceLine)


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """What was found on looking through the pieces of a file."""

    size: int
    sha256: str
    proof: str
    mark: str


class EvidenceActivities(EvidenceDesk):
    """Keeps files of evidence in one database; ``limit_mb`` is the largest file in megabytes."""

    def __init__(self, database: Database, limit_mb: int) -> None:
        self._database = database
        self._limit_mb = limit_mb

    @activity.defn(name="offer_evidence")
    async def offer(self, offer: EvidenceOffer) -> EvidenceWanted:
        """This will say which pieces of a file are missing."""
        if not _SHA256.fullmatch(offer.sha256) or offer.size < 1:
            raise bad_data("证据文件的指纹或大小不对")
        if offer.size > self._limit_mb * MEGABYTE:
            return EvidenceWanted(
                code="EVIDENCE_TOO_LARGE",
                sentence=(
                    f"“{offer.filename}”有{_megabytes(offer.size)}MB，超过入库上限{self._limit_mb}MB，"
                    "请改为线下保管，写成 名称=线下:文号@文件。"
                ),
            )
        coming = store.StoredFile(
            sha256=offer.sha256,
            size=offer.size,
            piece_size=PIECE_BYTES,
            filename=offer.filename,
            complete=False,
        )
        async with translated_errors(), self._database.transaction() as connection:
            grants = await grants_of(connection, offer.rollout, offer.person, offer.now)
            no = stranger(offer.rollout, offer.person, grants) or secret_names(offer.filename)
            if no is not None:
                return EvidenceWanted(code=no.code, sentence=no.sentence)
            await store.forget_unfinished(connection, offer.now - UNFINISHED)
            file = await store.expect_file(connection, coming, offer.person, offer.now)
            if file.complete:
                return EvidenceWanted(complete=True)
            return EvidenceWanted(missing=await store.missing_pieces(connection, file))

    @activity.defn(name="take_evidence_piece")
    async def take(self, piece: EvidencePieceSent) -> EvidencePieceTaken:
        """This will take one piece of an offered file."""
        try:
            content = base64.b64decode(piece.content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise bad_data("证据文件的分片不是 base64") from error
        async with translated_errors(), self._database.transaction() as connection:
            file = await store.add_piece(connection, piece.sha256, piece.place, content)
        if file is None:
            return EvidencePieceTaken(code="EVIDENCE_NOT_OFFERED", sentence=_NOT_OFFERED)
        if not file.complete and len(content) != file.length_of(piece.place):
            raise bad_data("证据文件的分片长度不对")
        return EvidencePieceTaken()

    @activity.defn(name="keep_evidence")
    async def keep(self, order: EvidenceKeeping) -> EvidenceKept:
        """This will verify a file, refuse a marked one, and note for which procedures it is."""
        if any(not use.workflow_id.startswith(order.rollout + SEPARATOR) for use in order.uses):
            raise bad_data("证据只能存给同一次改革的事项")
        async with translated_errors(), self._database.transaction() as connection:
            grants = await grants_of(connection, order.rollout, order.person, order.now)
            no = stranger(order.rollout, order.person, grants) or secret_names(
                *(text for use in order.uses for text in (use.name, use.filename))
            )
            if no is not None:
                return _not_kept(no)
            uses = await uses_asked(connection, order, grants)
            if isinstance(uses, Refused):
                return _not_kept(uses)
            created = await self._verified(connection, order, grants)
            if isinstance(created, Refused):
                return _not_kept(created)
            for use in uses:
                await store.add_use(connection, use)
            return EvidenceKept(created=created)

    @activity.defn(name="fetch_evidence")
    async def fetch(self, question: EvidenceFetch) -> EvidenceFetched:
        """This will give one piece to who may read it, and write down that it was read."""
        rollout = split_id(question.workflow_id)[0]
        async with translated_errors(), self._database.transaction() as connection:
            grants = await grants_of(connection, rollout, question.person, question.now)
            no = stranger(rollout, question.person, grants)
            if no is not None:
                return _not_given(no)
            file = await store.find_file(connection, question.sha256)
            uses = await store.uses_of(connection, question.sha256)
            keepers = {unit for workflow_id, unit in uses if workflow_id == question.workflow_id}
            if file is None or not file.complete or not keepers:
                return _not_given(Refused(code="EVIDENCE_NOT_STORED", sentence=_NOT_STORED))
            unit = await reading_unit(connection, question.workflow_id, keepers, grants)
            if not unit:
                return _not_given(denied(question.person, question.workflow_id))
            reading = {
                "sha256": question.sha256,
                "workflow_id": question.workflow_id,
                "person": question.person,
                "unit": unit,
                "at": question.now,
            }
            await store.add_reading(connection, reading)
            content = await store.read_piece(connection, question.sha256, question.place)
        if content is None:
            raise bad_data("证据文件没有这一片")
        return EvidenceFetched(
            content=base64.b64encode(content).decode("ascii"),
            pieces=file.pieces,
            size=file.size,
            filename=file.filename,
        )

    @activity.defn(name="list_evidence")
    async def evidence(self, question: EvidenceQuestion) -> EvidencePage:
        """This will list the evidence of a procedure."""
        after = (0, 0)
        if question.page:
            seq, place = key_of(question.page, 2)
            after = (int(seq), int(place))
        limit = max(1, min(question.limit, MOST_LINES))
        workflow_id = question.workflow_id
        async with translated_errors(), self._database.single() as connection:
            rows = await store.read_cited(connection, workflow_id, after, limit + 1)
            lines = [_line(workflow_id, row) for row in rows[:limit]]
            shown = how_many_fit(lines, _LINE)
            if shown < len(rows):
                last = rows[shown - 1]
                page = place_of(last.seq, last.place)
                return EvidencePage(lines=tuple(lines[:shown]), next_page=page)
            spare = await store.read_not_cited(connection, workflow_id)
        return EvidencePage(lines=(*lines, *(_spare_line(row) for row in spare[:MOST_LINES])))

    async def _verified(
        self, connection: AsyncConnection, order: EvidenceKeeping, grants: tuple[Grant, ...]
    ) -> bool | Refused:
        """Whether the file has become complete just now; it is complete, or the answer is no."""
        file = await store.file_to_complete(connection, order.sha256)
        if file is None:
            return Refused(code="EVIDENCE_NOT_OFFERED", sentence=_NOT_OFFERED)
        if file.complete and not order.proof:
            readable = await reads_somewhere(connection, order, grants)
            return False if readable else denied(order.person, order.uses[0].workflow_id)
        looked = await _look_through(connection, file, order)
        if file.complete:
            if hmac.compare_digest(looked.proof, order.proof):
                return False
            return Refused(code="EVIDENCE_PROOF", sentence=_NO_PROOF)
        if (looked.size, looked.sha256) != (file.size, file.sha256):
            await store.empty_file(connection, file.sha256)
            return Refused(code="EVIDENCE_DIFFERS", sentence=_DIFFERS)
        if looked.mark:
            await store.forget_file(connection, file.sha256)
            return secret(f"“{file.filename}”", looked.mark)
        await store.complete_file(connection, file.sha256, order.person, order.now)
        return True


_NOT_OFFERED: Final = "证据文件还没有登记入库，请重新执行一次。"
_NOT_STORED: Final = "这件证据的文件没有为该事项入库；可用 jiegai evidence list 查看保管方式。"
_NO_PROOF: Final = "库中已有同一指纹的文件，但送来的内容与它不符，没有入库。"
_DIFFERS: Final = "送来的内容与文件的指纹不符，没有入库，请重新执行一次。"


def _not_kept(no: Refused) -> EvidenceKept:
    return EvidenceKept(code=no.code, sentence=no.sentence)


def _not_given(no: Refused) -> EvidenceFetched:
    return EvidenceFetched(code=no.code, sentence=no.sentence)


async def _look_through(
    connection: AsyncConnection, file: store.StoredFile, order: EvidenceKeeping
) -> _Looked:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as whole:
        async for content in store.all_pieces(connection, file):
            whole.write(content)
        # Unpacking and searching a large file takes a second: the worker goes on meanwhile.
        return await asyncio.to_thread(_looked_at, whole, file, order)


def _looked_at(whole: IO[bytes], file: store.StoredFile, order: EvidenceKeeping) -> _Looked:
    whole.seek(0)
    proof = proof_of(order.rollout, order.person, iter(lambda: whole.read(MEGABYTE), b""))
    size = whole.tell()
    whole.seek(0)
    digest = hashlib.sha256()
    while part := whole.read(MEGABYTE):
        digest.update(part)
    # A complete file was looked through when it came.
    mark = "" if file.complete else mark_in_file(whole, file.filename)
    return _Looked(size=size, sha256=digest.hexdigest(), proof=proof, mark=mark)


def _line(workflow_id: str, row: Any) -> EvidenceLine:
    piece = row.piece if isinstance(row.piece, dict) else {}
    said = {
        key: str(piece.get(key, "")) for key in ("name", "doc_no", "filename", "sha256", "kept")
    }
    return EvidenceLine(
        workflow_id=workflow_id,
        seq=row.seq,
        at=row.at,
        step=row.step,
        verb=row.verb,
        person=row.person,
        unit=row.unit,
        size=int(piece.get("size") or 0),
        stored=row.stored,
        **said,
    )


def _spare_line(row: Any) -> EvidenceLine:
    return EvidenceLine(
        workflow_id=row.workflow_id,
        seq=0,
        at=row.at,
        step="",
        verb="",
        person=row.person,
        unit=row.unit,
        name=row.name,
        filename=row.filename,
        size=row.size,
        sha256=row.sha256,
        kept=Keeping.STORED,
        stored=True,
    )


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.1f}"

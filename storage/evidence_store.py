"""Reading and writing files of evidence, in pieces, by their sha256.

Who may read a file follows from where it was *stored* (``evidence_place``), never from where its
fingerprint was merely cited: fingerprints stand in logs that everybody can read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_STORED_AMONG = text(
    """
    SELECT sha256 FROM evidence_file
    WHERE complete AND sha256 = ANY(CAST(:sha256s AS text[])) ORDER BY sha256
    """
)
_FILE = (
    "SELECT sha256, size, piece_size, filename, complete FROM evidence_file WHERE sha256 = :sha256"
)
_FILE_AS_IT_IS = text(_FILE)
_FILE_FOR_PIECE = text(f"{_FILE} FOR SHARE")
_FILE_FOR_KEEPING = text(f"{_FILE} FOR UPDATE")
_COMING = text(
    """
    INSERT INTO evidence_file (sha256, size, piece_size, filename, stored_at, stored_by, complete)
    VALUES (:sha256, :size, :piece_size, :filename, :at, :person, false)
    ON CONFLICT (sha256) DO NOTHING
    """
)
_COMING_AGAIN = text(
    """
    UPDATE evidence_file SET size = :size, piece_size = :piece_size, stored_at = :at
    WHERE sha256 = :sha256 AND NOT complete
    """
)
_FORGET_BEFORE = text("DELETE FROM evidence_file WHERE NOT complete AND stored_at < :before")
_FORGET = text("DELETE FROM evidence_file WHERE sha256 = :sha256")
_EMPTY = text("DELETE FROM evidence_piece WHERE sha256 = :sha256")
_PLACES = text("SELECT place FROM evidence_piece WHERE sha256 = :sha256")
_ADD_PIECE = text(
    """
    INSERT INTO evidence_piece (sha256, place, content) VALUES (:sha256, :place, :content)
    ON CONFLICT (sha256, place) DO NOTHING
    """
)
_PIECE = text("SELECT content FROM evidence_piece WHERE sha256 = :sha256 AND place = :place")
_COMPLETE = text(
    """
    UPDATE evidence_file SET complete = true, stored_at = :at, stored_by = :person
    WHERE sha256 = :sha256
    """
)
_USE = text(
    """
    INSERT INTO evidence_place (sha256, workflow_id, unit, rollout, name, filename, person, at)
    VALUES (:sha256, :workflow_id, :unit, :rollout, :name, :filename, :person, :at)
    ON CONFLICT (sha256, workflow_id, unit) DO NOTHING
    """
)
_USED_BY = text("SELECT workflow_id, unit FROM evidence_place WHERE sha256 = :sha256")
_READ = text(
    """
    INSERT INTO evidence_read (sha256, workflow_id, person, unit, at)
    VALUES (:sha256, :workflow_id, :person, :unit, :at) ON CONFLICT DO NOTHING
    """
)
_CIRCLE = text(
    """
    SELECT b.unit, false AS leads FROM board_row b WHERE b.workflow_id = :workflow_id
    UNION SELECT d.unit, false FROM desk_item d WHERE d.workflow_id = :workflow_id
    UNION SELECT l.unit, false FROM log_entry l WHERE l.workflow_id = :workflow_id
        AND l.superseded_by IS NULL AND l.kind <> '拒绝' AND l.unit <> ''
    UNION SELECT jsonb_array_elements_text(
            CASE jsonb_typeof(l.state->'responsible')
                WHEN 'array' THEN l.state->'responsible' ELSE '[]' END), false
        FROM log_entry l WHERE l.workflow_id = :workflow_id AND l.superseded_by IS NULL
    UNION SELECT u.name, true FROM directory_unit u
        JOIN board_row b ON b.rollout = u.rollout AND b.district = u.district
        WHERE b.workflow_id = :workflow_id AND u.duty = :leading_duty
    UNION SELECT v.coordinator, true FROM plan_version v JOIN plan p ON p.id = v.plan_id
        JOIN board_row b ON b.rollout = p.rollout
        WHERE b.workflow_id = :workflow_id AND v.coordinator <> ''
        AND v.version = (SELECT max(w.version) FROM plan_version w WHERE w.plan_id = p.id)
    """
)
_CITED = text(
    """
    SELECT l.seq, l.at, l.step, l.verb, l.person, l.unit, e.place, e.piece,
        EXISTS (SELECT FROM evidence_place p JOIN evidence_file f USING (sha256)
                WHERE f.complete AND p.workflow_id = l.workflow_id
                AND p.sha256 = e.piece->>'sha256') AS stored
    FROM log_entry l
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(l.detail->'evidence')
            WHEN 'array' THEN l.detail->'evidence' ELSE '[]' END)
        WITH ORDINALITY e (piece, place)
    WHERE l.workflow_id = :workflow_id AND l.superseded_by IS NULL AND l.kind <> '拒绝'
    AND (l.seq, e.place) > (CAST(:after_seq AS bigint), CAST(:after_place AS bigint))
    ORDER BY l.seq, e.place LIMIT :limit
    """
)
_NOT_CITED = text(
    """
    SELECT p.*, f.size FROM evidence_place p JOIN evidence_file f USING (sha256)
    WHERE f.complete AND p.workflow_id = :workflow_id AND NOT EXISTS (
        SELECT FROM log_entry l
        WHERE l.workflow_id = p.workflow_id AND l.superseded_by IS NULL AND l.kind <> '拒绝'
        AND l.detail->'evidence' @> jsonb_build_array(jsonb_build_object('sha256', p.sha256)))
    ORDER BY p.at, p.sha256, p.unit
    """
)


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file as it is known: complete, or still coming."""

    sha256: str
    size: int
    piece_size: int
    filename: str
    complete: bool

    @property
    def pieces(self) -> int:
        """How many pieces it has in full."""
        return -(-self.size // self.piece_size)

    def length_of(self, place: int) -> int:
        """How many bytes the piece at a place has; 0 for a place beyond the end."""
        if not 0 <= place < self.pieces:
            return 0
        return min(self.piece_size, self.size - place * self.piece_size)


@dataclass(frozen=True, kw_only=True)
class Circle:
    """Whose business a procedure is: units that have or had a part in it, and those that lead."""

    units: frozenset[str]
    leading: frozenset[str]


async def stored_among(connection: AsyncConnection, sha256s: Sequence[str]) -> tuple[str, ...]:
    """This will return those of the asked files that are stored in full."""
    if not sha256s:
        return ()
    found = await connection.execute(_STORED_AMONG, {"sha256s": list(sha256s)})
    return tuple(found.scalars())


async def find_file(connection: AsyncConnection, sha256: str) -> StoredFile | None:
    """This will return what is known of a file; None if it was never offered."""
    return await _file(connection, _FILE_AS_IT_IS, sha256)


async def file_to_complete(connection: AsyncConnection, sha256: str) -> StoredFile | None:
    """This will return a file and keep everybody else from changing it or adding to it."""
    return await _file(connection, _FILE_FOR_KEEPING, sha256)


async def expect_file(
    connection: AsyncConnection, coming: StoredFile, person: str, at: datetime
) -> StoredFile:
    """This will note that a file is coming; one that is there, whole or in part, stays.

    A part that was begun for another size can never become this file, and goes.
    """
    given = {
        "sha256": coming.sha256,
        "size": coming.size,
        "piece_size": coming.piece_size,
        "filename": coming.filename,
        "at": at,
        "person": person,
    }
    added = await connection.execute(_COMING, given)
    known = await file_to_complete(connection, coming.sha256)
    if known is None:
        raise AssertionError("a file that was just expected is known")
    if added.rowcount or known.complete:
        return known
    if (known.size, known.piece_size) != (coming.size, coming.piece_size):
        await empty_file(connection, coming.sha256)
    again = {name: given[name] for name in ("sha256", "size", "piece_size", "at")}
    await connection.execute(_COMING_AGAIN, again)
    return coming


async def forget_unfinished(connection: AsyncConnection, before: datetime) -> None:
    """This will throw away what was begun long ago and never finished."""
    await connection.execute(_FORGET_BEFORE, {"before": before})


async def forget_file(connection: AsyncConnection, sha256: str) -> None:
    """This will throw away a file that is not complete."""
    await connection.execute(_FORGET, {"sha256": sha256})


async def empty_file(connection: AsyncConnection, sha256: str) -> None:
    """This will throw away the pieces of a file that is not complete."""
    await connection.execute(_EMPTY, {"sha256": sha256})


async def missing_pieces(connection: AsyncConnection, file: StoredFile) -> tuple[int, ...]:
    """This will list the places of a file that have not come."""
    there = set((await connection.execute(_PLACES, {"sha256": file.sha256})).scalars())
    return tuple(place for place in range(file.pieces) if place not in there)


async def add_piece(
    connection: AsyncConnection, sha256: str, place: int, content: bytes
) -> StoredFile | None:
    """This will add a piece to a file that is still coming; the same piece twice is once.

    Returns the file; None if it was never offered. Nothing is added to a complete file, nor a
    piece of the wrong length: see ``StoredFile.length_of``.
    """
    file = await _file(connection, _FILE_FOR_PIECE, sha256)
    if file is not None and not file.complete and len(content) == file.length_of(place):
        given = {"sha256": sha256, "place": place, "content": content}
        await connection.execute(_ADD_PIECE, given)
    return file


async def read_piece(connection: AsyncConnection, sha256: str, place: int) -> bytes | None:
    """This will read one piece; None if it is not there."""
    found = await connection.execute(_PIECE, {"sha256": sha256, "place": place})
    content: bytes | None = found.scalar_one_or_none()
    return content


async def all_pieces(connection: AsyncConnection, file: StoredFile) -> AsyncIterator[bytes]:
    """This will read a file piece by piece, as far as it is there."""
    for place in range(file.pieces):
        content = await read_piece(connection, file.sha256, place)
        if content is None:
            return
        yield content


async def complete_file(
    connection: AsyncConnection, sha256: str, person: str, at: datetime
) -> None:
    """This will make a file complete for ever; the database checks size and sha256 itself."""
    await connection.execute(_COMPLETE, {"sha256": sha256, "person": person, "at": at})


async def add_use(connection: AsyncConnection, use: dict[str, Any]) -> None:
    """This will note for which procedure and by which unit a file is kept; once."""
    await connection.execute(_USE, use)


async def uses_of(connection: AsyncConnection, sha256: str) -> tuple[tuple[str, str], ...]:
    """This will list procedure and unit of everybody who stored a file."""
    found = await connection.execute(_USED_BY, {"sha256": sha256})
    return tuple((row.workflow_id, row.unit) for row in found)


async def add_reading(connection: AsyncConnection, reading: dict[str, Any]) -> None:
    """This will write down who took a file out, for which unit and procedure, when; once."""
    await connection.execute(_READ, reading)


async def circle_of(connection: AsyncConnection, workflow_id: str, leading_duty: str) -> Circle:
    """This will say whose business a procedure is; nobody's if it never began.

    ``leading_duty`` is the duty (简称) of the unit whose coordinators lead a district.
    """
    asked = {"workflow_id": workflow_id, "leading_duty": leading_duty}
    rows = (await connection.execute(_CIRCLE, asked)).all()
    return Circle(
        units=frozenset(row.unit for row in rows if not row.leads),
        leading=frozenset(row.unit for row in rows if row.leads),
    )


async def read_cited(
    connection: AsyncConnection, workflow_id: str, after: tuple[int, int], limit: int
) -> Sequence[Row[Any]]:
    """This will read the evidence that accepted actions named, after a line and place."""
    asked = {
        "workflow_id": workflow_id,
        "after_seq": after[0],
        "after_place": after[1],
        "limit": limit,
    }
    return (await connection.execute(_CITED, asked)).all()


async def read_not_cited(connection: AsyncConnection, workflow_id: str) -> Sequence[Row[Any]]:
    """This will read what is stored for a procedure and was named by none of its actions."""
    return (await connection.execute(_NOT_CITED, {"workflow_id": workflow_id})).all()


async def _file(connection: AsyncConnection, question: Any, sha256: str) -> StoredFile | None:
    row = (await connection.execute(question, {"sha256": sha256})).one_or_none()
    if row is None:
        return None
    return StoredFile(
        sha256=row.sha256,
        size=row.size,
        piece_size=row.piece_size,
        filename=row.filename,
        complete=row.complete,
    )

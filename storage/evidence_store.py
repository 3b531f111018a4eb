"""Reading and writing files of evidence, in pieces, by their sha256.

Who may read a file follows from where it was *stored* (``evidence_place``), never from where its
fingerprint was merely cited: fingerprints stand in logs that everybody can read.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_STORED_AMONG = text(
    """
    SELECT sha256 FROM evidence_file
    WHERE complete AND sha256 = ANY(CAST(:sha256s AS text[])) ORDER BY sha256
    """
)


async def stored_among(connection: AsyncConnection, sha256s: Sequence[str]) -> tuple[str, ...]:
    """This will return those of the asked files that are stored in full."""
    if not sha256s:
        return ()
    found = await connection.execute(_STORED_AMONG, {"sha256s": list(sha256s)})
    return tuple(found.scalars())

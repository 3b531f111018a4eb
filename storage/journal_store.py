"""Writing the journal: the action log and the read models of one procedure, in one statement.

The work is done by the database function ``journal_write`` (migration 0002), because an action
waits for it. What it does, in order, under a lock of the procedure:

1. A page of a run that another run has overtaken (a workflow reset) changes nothing.
2. A provisional row at a page's place that says something else is a *ghost*: its write was
   committed, but the action that caused it was never accepted. So is a provisional row after a
   page that ``heals``. It, the provisional rows after it and their notices go, and the read
   models are taken from the page whatever their ``seq``.
3. Earlier rows of other runs at or after the page's first ``seq`` become ``superseded_by`` this
   run, unless the page says the same (a line carried over continue-as-new, written twice).
4. Provisional rows up to the page's ``settled`` are confirmed: they are in the workflow's
   history. An earlier page is no proof of that: one workflow task can write several, and all of
   them are lost with it.
5. The page's rows are added, provisional; a row that is already there is left alone.
6. The read models are overwritten unless they already show a later ``seq``.
7. Notices are added once.

Closing does the same, then confirms every row up to the page's ``seq`` and clears the desk.
The page is JSON with the field names of the tables; the log's guard triggers hold for this
function as for everyone.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from storage.engine import Database

_WRITE = text("SELECT journal_write(CAST(:page AS jsonb), :closing)")
_WRITE_CASE = text(
    """
    WITH given AS MATERIALIZED (SELECT CAST(:page AS jsonb) AS page)
    SELECT journal_write(g.page, :closing), case_write(g.page) FROM given g
    """
)
_PROVISIONAL = text(
    """
    SELECT workflow_id, max(seq) AS seq, bool_or(kind = '结束') AS is_over FROM log_entry
    WHERE NOT confirmed AND superseded_by IS NULL AND workflow_id > :after
    GROUP BY workflow_id ORDER BY workflow_id LIMIT :limit
    """
)
_CONFIRM = text(
    """
    UPDATE log_entry SET confirmed = true
    WHERE workflow_id = :workflow_id AND NOT confirmed AND superseded_by IS NULL AND seq <= :seq
    """
)


@dataclass(frozen=True)
class Head:
    """The newest line of a procedure's log, not confirmed yet; ``is_over``: it tells of its end."""

    workflow_id: str
    seq: int
    is_over: bool = False


async def write_page(
    database: Database, page: str, *, closing: bool = False, is_case: bool = False
) -> int:
    """This will write one page (JSON) and return the highest ``seq`` that the log then holds.

    A case's row of its register goes with it, in the same statement.
    """
    statement = _WRITE_CASE if is_case else _WRITE
    async with database.single() as connection:
        found = await connection.execute(statement, {"page": page, "closing": closing})
        kept: int = found.scalars().first() or 0
        return kept


async def provisional_heads(database: Database, after: str, limit: int) -> tuple[Head, ...]:
    """This will list procedures whose newest line is provisional, by id from ``after`` on."""
    async with database.single() as connection:
        found = await connection.execute(_PROVISIONAL, {"after": after, "limit": limit})
        return tuple(Head(row.workflow_id, row.seq, row.is_over) for row in found)


async def confirm(database: Database, head: Head) -> None:
    """This will confirm a procedure's lines up to ``head.seq``, for which it has vouched."""
    async with database.single() as connection:
        await connection.execute(_CONFIRM, {"workflow_id": head.workflow_id, "seq": head.seq})

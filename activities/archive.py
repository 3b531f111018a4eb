"""The archive's reads: rows of one rollout as JSON values, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from pydantic import TypeAdapter
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from contracts.archive import ArchivePage, ArchiveQuestion, Archives
from storage.archive_store import KEY, Asked, read_part
from storage.engine import Database

MOST_ROWS: Final = 500

_ROW: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class ArchiveActivities(Archives):
    """Reads one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="read_archive")
    async def read(self, question: ArchiveQuestion) -> ArchivePage:
        """This will read one page of a part."""
        after = key_of(question.page, 1)[0] if question.page else ""
        async with translated_errors(), self._database.single() as connection:
            asked = Asked(
                part=question.part.value,
                rollout=question.rollout,
                workflow_id=question.workflow_id,
                after=after,
                limit=MOST_ROWS + 1,
            )
            found = await read_part(connection, asked)
        return _page(found)


def _page(found: Sequence[dict[str, Any]]) -> ArchivePage:
    keys = [row[KEY] for row in found]
    rows = [{name: _plain(value) for name, value in row.items() if name != KEY} for row in found]
    shown = how_many_fit(rows[:MOST_ROWS], _ROW)
    return ArchivePage(
        rows=tuple(rows[:shown]),
        next_page=place_of(keys[shown - 1]) if shown < len(rows) else "",
    )


def _plain(value: Any) -> Any:
    """A column's value as JSON has it; an instant in UTC, whatever the connection's zone."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value

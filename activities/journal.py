"""The journal's activities: a procedure's page goes to the database as it is."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter
from temporalio import activity

from activities.database import translated_errors
from contracts.journal import Journal, Page
from storage.engine import Database
from storage.journal_store import write_page

_PAGE: TypeAdapter[Page] = TypeAdapter(Page)


class JournalActivities(Journal):
    """Writes pages; repeating a page changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="write_page")
    async def write(self, page: Page) -> int:
        """This will write log rows (provisional) and read models; returns the highest seq kept."""
        async with translated_errors():
            return await write_page(self._database, page_json(page), is_case=page.case is not None)

    @activity.defn(name="close_dossier")
    async def close(self, page: Page) -> int:
        """This will confirm every log row of the procedure and clear its desk."""
        async with translated_errors():
            return await write_page(self._database, page_json(page), closing=True)


def page_json(page: Page) -> str:
    """The page as the database reads it.

    PostgreSQL cannot store the NUL character; it is dropped, or the page could never be written.
    """
    packed = _PAGE.dump_json(page).decode()
    if "\\u0000" not in packed:
        return packed
    return json.dumps(_without_nul(json.loads(packed)), ensure_ascii=False)


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(each) for key, each in value.items()}
    return value

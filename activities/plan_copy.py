"""A registered plan handed back in pages, as the registers have it."""

from __future__ import annotations

from typing import Final

from temporalio import activity

from activities.database import translated_errors
from activities.pages import key_of, place_of
from activities.plan_shelf import Shelf, plan_to_json
from contracts.plan_copy import PlanCopies, PlanPage, PlanQuestion
from storage.engine import Database
from storage.plan_copy_store import VersionOnFile, plan_version

PIECE: Final = 100_000
"""Characters to a page: in UTF-8 and once more in quotes at most 400 KB, whatever they are."""


class PlanCopyActivities(PlanCopies):
    """Reads plans of one database; the shelf spares reading a document for every page of it."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="read_plan")
    async def read_plan(self, question: PlanQuestion) -> PlanPage:
        """This will return a piece of a plan version's document."""
        version, start = question.version, 0
        if question.page:
            version, start = (int(part) for part in key_of(question.page, 2))
        async with translated_errors(), self._database.single() as connection:
            held = await plan_version(connection, question.rollout, version)
            if held is None:
                sentence = f"没有名为“{question.rollout}”的改革；jiegai rollout list 列出全部。"
                return _refused(question, "ROLLOUT_NOT_FOUND", sentence)
            if version and held.version != version:
                sentence = f"“{question.rollout}”没有第{version}版方案，最新是第{held.newest}版。"
                return _refused(question, "NO_SUCH_VERSION", sentence)
            shelved = await self._shelf.plan(connection, held.plan_id, held.version)
        return _page(question.rollout, held, plan_to_json(shelved.plan), start)


def _page(rollout: str, held: VersionOnFile, document: str, start: int) -> PlanPage:
    end = start + PIECE
    return PlanPage(
        rollout=rollout,
        plan_id=held.plan_id,
        version=held.version,
        newest=held.newest,
        content_hash=held.content_hash,
        registered_at=held.registered_at,
        registered_by=held.registered_by,
        piece=document[start:end],
        next_page=place_of(held.version, end) if end < len(document) else "",
    )


def _refused(question: PlanQuestion, code: str, sentence: str) -> PlanPage:
    return PlanPage(rollout=question.rollout, code=code, sentence=sentence)

"""Which open procedures still count by an older calendar."""

from __future__ import annotations

from sqlalchemy import text
from temporalio import activity

from activities.database import translated_errors
from contracts.calendar import Below, BelowQuestion, Publications
from storage.engine import Database

_BELOW = text(
    """
    SELECT workflow_id FROM board_row
    WHERE ended_at IS NULL AND calendar_version < :version AND workflow_id > :after
    ORDER BY workflow_id LIMIT :limit
    """
)


class PublicationsActivities(Publications):
    """Reads the board."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="procedures_below_calendar")
    async def below(self, question: BelowQuestion) -> Below:
        """This will list open procedures below a calendar version."""
        values = {"version": question.version, "after": question.after, "limit": question.limit}
        async with translated_errors(), self._database.single() as connection:
            rows = await connection.execute(_BELOW, values)
            return Below(workflow_ids=tuple(rows.scalars()))

"""Issues that meetings settled (3-22): entered once, moved by entries of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.meeting_issue import Issue, IssueCounts, IssueMove, IssueState

_HOLD = text("SELECT 1 FROM plan WHERE rollout = :rollout FOR NO KEY UPDATE")
_ADD = text(
    """
    INSERT INTO meeting_issue (rollout, number, doc_no, text, decision, owner, due, recorded_by,
        recorded_at, action_id)
    SELECT :rollout, coalesce(max(number), 0) + 1, :doc_no, :text, :decision, :owner, :due, :person,
        :at, :action_id
    FROM meeting_issue WHERE rollout = :rollout
    RETURNING number
    """
)
_MOVE = text(
    """
    INSERT INTO meeting_issue_move (rollout, number, place, state, happened_on, note, recorded_by,
        recorded_at, action_id)
    SELECT :rollout, :number, coalesce(max(place), 0) + 1, :state, :day, :note, :person, :at,
        :action_id
    FROM meeting_issue_move WHERE rollout = :rollout AND number = :number
    """
)
_DONE_BY = text(
    """
    SELECT number FROM meeting_issue WHERE rollout = :rollout AND action_id = :action_id
    UNION ALL
    SELECT number FROM meeting_issue_move WHERE rollout = :rollout AND action_id = :action_id
    """
)
_READ = text(
    """
    SELECT i.*, m.kind, m.held_on, v.state, v.happened_on, v.note
    FROM meeting_issue i
    JOIN meeting m ON (m.rollout, m.doc_no) = (i.rollout, i.doc_no)
    LEFT JOIN LATERAL (SELECT * FROM meeting_issue_move o
        WHERE (o.rollout, o.number) = (i.rollout, i.number) ORDER BY o.place DESC LIMIT 1) v ON true
    WHERE i.rollout = :rollout AND i.number > :after AND (:number = 0 OR i.number = :number)
    ORDER BY i.number LIMIT :limit
    """
)
_COUNT = text(
    """
    SELECT m.kind, count(DISTINCT m.doc_no) AS meetings, count(i.number) AS issues,
        count(*) FILTER (WHERE (SELECT o.state FROM meeting_issue_move o
            WHERE (o.rollout, o.number) = (i.rollout, i.number)
            ORDER BY o.place DESC LIMIT 1) = '已解决') AS closed
    FROM meeting m LEFT JOIN meeting_issue i ON (i.rollout, i.doc_no) = (m.rollout, m.doc_no)
    WHERE m.rollout = :rollout GROUP BY m.kind
    """
)


async def hold_issues(connection: AsyncConnection, rollout: str) -> None:
    """This will let nobody else number or move issues of the rollout until the transaction ends."""
    await connection.execute(_HOLD, {"rollout": rollout})


async def add_issue(
    connection: AsyncConnection, rollout: str, issue: Issue, given: dict[str, Any]
) -> int:
    """This will enter an issue; ``given`` are person, at and action_id. It returns its number."""
    said = {
        "doc_no": issue.doc_no,
        "text": issue.text.strip(),
        "decision": issue.decision.strip(),
        "owner": issue.owner,
        "due": issue.due,
    }
    number: int = (
        await connection.execute(_ADD, {"rollout": rollout, **said, **given})
    ).scalar_one()
    return number


async def move_issue(
    connection: AsyncConnection, rollout: str, move: IssueMove, given: dict[str, Any]
) -> None:
    """This will add a move of an issue."""
    said = {
        "number": move.number,
        "state": move.state.value,
        "day": move.on,
        "note": move.note.strip(),
    }
    await connection.execute(_MOVE, {"rollout": rollout, **said, **given})


async def issue_by_action(connection: AsyncConnection, rollout: str, action_id: str) -> int:
    """This will return the number of the issue that an order was about; 0 if it was not done."""
    found = await connection.execute(_DONE_BY, {"rollout": rollout, "action_id": action_id})
    return found.scalar_one_or_none() or 0


async def read_issues(
    connection: AsyncConnection, rollout: str, after: int = 0, number: int = 0, limit: int = 500
) -> tuple[Issue, ...]:
    """This will read issues by number, as they stand; one where ``number`` is given."""
    asked = {"rollout": rollout, "after": after, "number": number, "limit": limit}
    return tuple(_issue(row) for row in await connection.execute(_READ, asked))


async def count_issues(connection: AsyncConnection, rollout: str) -> dict[str, IssueCounts]:
    """This will count meetings, their issues and those closed, by type of meeting."""
    rows = await connection.execute(_COUNT, {"rollout": rollout})
    return {
        row.kind: IssueCounts(meetings=row.meetings, issues=row.issues, closed=row.closed)
        for row in rows
    }


def _issue(row: Row[Any]) -> Issue:
    recorded_at: datetime = row.recorded_at
    return Issue(
        doc_no=row.doc_no,
        text=row.text,
        decision=row.decision,
        owner=row.owner,
        due=row.due,
        number=row.number,
        kind=row.kind,
        held_on=row.held_on,
        state=IssueState(row.state or IssueState.OPEN),
        on=row.happened_on,
        note=row.note or "",
        recorded_by=row.recorded_by,
        recorded_at=recorded_at,
    )

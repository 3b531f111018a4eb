"""The register of cases after a ghost: a page whose action was lost with its workflow task."""

from __future__ import annotations

import json
from typing import Any

import pytest

from storage.engine import Database
from storage.journal_store import write_page
from tests.storage.test_journal_store import START, line, page, read

__all__ = ["read"]


def case(status: str, receiver: str) -> dict[str, Any]:
    """The row of the register as a page brings it."""
    texts = ("kind", "title", "street", "sender", "source", "urgency", "opened_by", "action_id")
    more = ("list_name", "item", "item_name", "code", "sentence")
    return {
        **dict.fromkeys((*texts, *more), ""),
        "number": "1",
        "receiver": receiver,
        "status": status,
        "trigger_at": START.isoformat(),
        "opened_at": START.isoformat(),
        "list_version": 0,
        "breach": False,
        "returns": 0,
        "refusals": 0,
        "clocks": [],
    }


def written(base: str, shown: dict[str, Any]) -> str:
    """A page with the case's row."""
    return json.dumps({**json.loads(base), "case": shown})


@pytest.mark.parametrize("heals", [False, True])
async def test_a_ghost_of_a_case_leaves_its_register_too(
    database: Database, read: Any, heals: bool
) -> None:
    """What was written of a lost action goes, also where less has happened instead of it."""
    wid = f"幽灵案件{heals}"
    first = page(wid, line(1), line(2))
    await write_page(database, written(first, case("办理中", "甲局")), is_case=True)
    ghost = page(wid, line(3), line(4), line(5))
    await write_page(database, written(ghost, case("办结", "乙局")), is_case=True)

    other = page(
        wid, *([] if heals else [line(3, action_id="另")]), seq=2 if heals else 3, heals=heals
    )
    await write_page(database, written(other, case("办理中", "丙局")), is_case=True)

    shown = await read("SELECT seq, status, receiver FROM case_row WHERE workflow_id = :w", w=wid)
    assert [(2 if heals else 3, "办理中", "丙局")] == shown
    late = written(page(wid, line(1)), case("办理中", "甲局"))
    await write_page(database, late, is_case=True)
    assert shown == await read(
        "SELECT seq, status, receiver FROM case_row WHERE workflow_id = :w", w=wid
    )

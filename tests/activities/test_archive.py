"""The archive's reads: every part of a rollout, whole, in an order of its own."""

from __future__ import annotations

import json

import pytest

from activities import archive
from activities.archive import ArchiveActivities
from contracts.archive import ArchiveQuestion, Part
from domain.calendar import load_builtin_calendar
from storage.archive_store import EXTRACTS


async def every_row(run, reads: ArchiveActivities, question: ArchiveQuestion) -> list[dict]:
    """All pages of a part."""
    from dataclasses import replace

    rows: list[dict] = []
    while True:
        page = await run(reads.read, question)
        rows += page.rows
        if not page.next_page:
            return rows
        question = replace(question, page=page.next_page)


def test_every_part_has_its_extract() -> None:
    """What the contract names can be read, and nothing else."""
    assert {part.value for part in Part} == set(EXTRACTS)


@pytest.mark.parametrize("part", list(Part))
async def test_each_part_can_be_asked(rollout, database, run, part: Part) -> None:
    """No part of a fresh rollout is an error; another's rows are not in it."""
    question = ArchiveQuestion(part=part, rollout=rollout.plan.rollout, workflow_id="无")
    rows = await every_row(run, ArchiveActivities(database), question)
    assert {rollout.plan.rollout} >= {row["rollout"] for row in rows if "rollout" in row}


async def test_pages_hold_each_row_once(rollout, database, run, monkeypatch) -> None:
    """Two rows to a page or all at once: the same rows in the same order."""
    reads = ArchiveActivities(database)
    question = ArchiveQuestion(part=Part.POSTS, rollout=rollout.plan.rollout)
    whole = await every_row(run, reads, question)
    monkeypatch.setattr(archive, "MOST_ROWS", 2)
    assert whole == await every_row(run, reads, question)
    assert sum(len(unit.appointments) for unit in rollout.plan.units) == len(whole)
    assert all(row["valid_from"] == "2019-11-12T01:00:00+00:00" for row in whole)


async def test_long_documents_come_in_pieces(rollout, database, run) -> None:
    """The pieces put together are the plan and the calendar."""
    reads, name = ArchiveActivities(database), rollout.plan.rollout
    plans = await every_row(run, reads, ArchiveQuestion(part=Part.PLAN_TEXT, rollout=name))
    document = json.loads("".join(row["text"] for row in plans if row["version"] == 1))
    assert [row.id for row in rollout.plan.rows] == [row["id"] for row in document["rows"]]
    texts = await every_row(run, reads, ArchiveQuestion(part=Part.CALENDAR_TEXT, rollout=name))
    first = json.loads("".join(row["text"] for row in texts if row["version"] == 1))
    assert len(load_builtin_calendar().notices) == len(first["notices"])

"""Marks of a time's cases from the register: limits at the moment of asking, refusals upheld (4-38)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from activities.execution import ExecutionActivities
from contracts.execution import ExecutionQuestion
from domain.duty_execution import Timing
from storage.engine import Database
from tests.activities.test_case_desk import AT, DUE, case, clock, write

__all__ = ["write"]

CULTURE = "海勃湾区文旅局"
REPORTED = replace(clock(), name="当天报告", stopped_at=AT, by="送达")


@pytest.fixture
def marks(database: Database, rollout, run):
    """Asks for the marks of the test's own rollout."""
    reads = ExecutionActivities(database)

    async def asked(**more: object):
        question = ExecutionQuestion(**({"now": AT, "rollout": rollout.plan.rollout} | more))
        page = await run(reads.marks, question)
        return {mark.number: mark for mark in page.marks}

    return asked


async def test_a_case_is_marked_as_it_stands_at_the_moment_of_asking(write, marks):
    """A handover that runs is neither in time nor late; past its day it is whose it is."""
    await write(case("甲", clocks=(REPORTED, clock(delivered_at=AT))))
    await write(case("乙", clocks=(REPORTED, clock(stopped_at=AT, by="签收"))), ended=True)

    running, late = (await marks())["甲"], (await marks(now=DUE))["甲"]
    done = (await marks())["乙"]

    assert (running.reported, running.handed) == (Timing.IN_TIME, Timing.RUNNING)
    assert (late.handed, late.handed_late_by) == (Timing.LATE, (CULTURE,))
    assert (done.handed, done.is_open, done.departments) == (Timing.IN_TIME, False, (CULTURE,))


async def test_only_a_refusal_that_was_ruled_right_is_upheld(database, write, marks):
    """裁定 by a line of the log that was not refused; a rejected one counts as a refusal only."""
    sent = {"kind": "派单", "sender": CULTURE, "receiver": "滨河街道", "clocks": (), "refusals": 1}
    ids = [await write(case(name, **sent)) for name in ("甲", "乙", "丙")]
    ruled = zip(ids, ("通过", "驳回", "通过"), ("", "", "NOT_YOUR_UNIT"), strict=True)
    async with database.transaction() as connection:
        for workflow_id, verb, code in ruled:
            line = {"id": workflow_id, "verb": verb, "code": code, "at": AT}
            await connection.execute(
                text(
                    "INSERT INTO log_entry (workflow_id, run_id, seq, confirmed, rollout, at, kind,"
                    " sentence, step, person, unit, verb, code, action_id, detail, state)"
                    " VALUES (:id, 'run', 99, false, '', :at, '办理', '', '裁定', '', '', :verb,"
                    " :code, '', '{}', '{}')"
                ),
                line,
            )

    found = await marks()

    assert {name: (mark.refusals, mark.upheld) for name, mark in found.items()} == {
        "甲": (1, True),
        "乙": (1, False),
        "丙": (1, False),
    }
    assert found["甲"].departments == (CULTURE,)


async def test_a_year_ends_at_midnight_in_shanghai(write, marks):
    """A case of its last minute counts, one of the next minute does not."""
    midnight = AT.replace(hour=16, minute=0)  # of 2026-02-14 in Shanghai
    await write(case("甲", opened_at=midnight - timedelta(minutes=1)))
    await write(case("乙", opened_at=midnight))

    day = date(2026, 2, 13)

    assert list(await marks(since=day, until=day)) == ["甲"]
    assert list(await marks(since=day + timedelta(days=1))) == ["乙"]


async def test_pages_leave_no_case_out(write, rollout, run, database, monkeypatch):
    """The oldest first, from where the last page ended."""
    monkeypatch.setattr("activities.execution._MOST_MARKS", 2)
    for place in range(5):
        await write(case(f"案{place}", opened_at=AT + timedelta(minutes=place // 2)))
    reads = ExecutionActivities(database)
    question = ExecutionQuestion(now=AT, rollout=rollout.plan.rollout)

    page = await run(reads.marks, question)
    seen = [mark.number for mark in page.marks]
    while page.next_page:
        page = await run(reads.marks, replace(question, page=page.next_page))
        seen += [mark.number for mark in page.marks]

    assert sorted(seen) == [f"案{place}" for place in range(5)]


async def test_a_rollout_that_is_not_there_is_said(run, database):
    """Not an empty year."""
    question = ExecutionQuestion(now=AT, rollout="没有这次改革")
    assert (await run(ExecutionActivities(database).marks, question)).unknown

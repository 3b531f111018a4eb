"""The commit of an amendment, and the shares of it that each level asks for."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from activities.amendment import AmendingActivities
from activities.amendment_shares import AmendmentActivities
from contracts.amendment import AmendOrder, ShareQuestion
from contracts.journal import BoardRow, EntryKind, LogEntry, Page
from contracts.registers import SliceQuestion
from domain.plan import Plan, Row, RowKind

NOW = datetime(2019, 11, 20, 2, tzinfo=UTC)
PAPER = "乌改办〔2019〕3号"
ISSUER = "乌海市"
"""It set the dates of the plan; they move by it alone."""

DISTRICT, STREET = "海勃湾区", "滨河街道"


def moved(plan: Plan, row: Row, days: int = 7) -> Plan:
    """The plan with one row a week later."""
    later = replace(row, due=row.due + timedelta(days=days))
    return replace(plan, rows=tuple(later if r.id == row.id else r for r in plan.rows))


def sanding(plan: Plan) -> Row:
    """The row that is the street's 三定."""
    return next(r for r in plan.rows if STREET in r.targets and r.item == "三定")


def order(plan: Plan, **more: object) -> AmendOrder:
    """A confirmed order by the coordinator, unless said otherwise."""
    lead = plan.unit(plan.coordinator)
    return AmendOrder(
        **{
            "plan": plan,
            "content_hash": hashlib.sha256(repr(plan).encode()).hexdigest(),
            "now": NOW,
            "paper": PAPER,
            "issuer": ISSUER,
            "person": lead.coordinators[0],
            "confirm": True,
            **more,
        }
    )


async def begun(rollout, run, row: Row, **board: object) -> str:
    """A street's procedure as its journal has it."""
    workflow_id = f"{rollout.plan.rollout}/{DISTRICT}/{STREET}/{row.item}"
    is_over = bool(board.get("ended_at"))
    page = Page(
        workflow_id=workflow_id,
        run_id="r1",
        seq=1,
        rollout=rollout.plan.rollout,
        district=DISTRICT,
        unit=STREET,
        row_id=row.id,
        item=row.item,
        task=row.task,
        procedure="SandingDrafting",
        board=BoardRow(**{"status": "办理中", "row_due_date": row.due, **board}),
        entries=(
            LogEntry(
                seq=1,
                at=NOW,
                kind=EntryKind.ENDED if is_over else EntryKind.OPENED,
                sentence="一行",
            ),
        ),
    )
    await run(rollout.journal.close if is_over else rollout.journal.write, page)
    return workflow_id


async def test_a_list_changes_nothing(rollout, database, run) -> None:
    """Without confirmation the list is all: no version, no notice, no paper."""
    row = sanding(rollout.plan)
    workflow_id = await begun(rollout, run, row)
    amending = AmendingActivities(database)

    answer = await run(
        amending.amend, order(moved(rollout.plan, row), confirm=False, paper="", person="")
    )

    (running,) = [line for line in answer.lines if line.fate == "继续"]
    assert (running.workflow_id, running.due_before) == (workflow_id, row.due)
    assert running.due_after == row.due + timedelta(days=7)
    assert {line.fate for line in answer.lines} == {"继续", "改期"}
    assert (answer.version, answer.applied, answer.code) == (2, False, "")
    async with database.single() as connection:
        found = await connection.execute(
            text("SELECT count(*) FROM plan_version WHERE plan_id = :p"),
            {"p": rollout.key.plan_id},
        )
        assert found.scalar_one() == 1


async def test_confirmed_at_the_same_moment_it_is_once(rollout, database, run) -> None:
    """Three at once: one version, one paper, each unit told once."""
    new = moved(rollout.plan, sanding(rollout.plan))
    amending = AmendingActivities(database)

    answers = await asyncio.gather(*(run(amending.amend, order(new)) for _ in range(3)))

    assert sorted(a.again for a in answers) == [False, True, True]
    assert {(a.version, a.applied) for a in answers} == {(2, True)}
    async with database.single() as connection:
        told = await connection.execute(
            text("SELECT unit, count(*) FROM notice WHERE rollout = :r GROUP BY unit"),
            {"r": new.rollout},
        )
        assert {n for _, n in told.all()} == {1}
        paper = await connection.execute(
            text("SELECT paper, person FROM plan_amendment WHERE rollout = :r"),
            {"r": new.rollout},
        )
        assert paper.all() == [(PAPER, order(new).person)]


async def test_an_amendment_is_never_rewritten(rollout, database, run) -> None:
    """The database itself refuses to change by which paper a version came."""
    new = moved(rollout.plan, sanding(rollout.plan))
    assert (await run(AmendingActivities(database).amend, order(new))).applied
    async with database.single() as connection:
        with pytest.raises(DBAPIError, match="append-only"):
            await connection.execute(
                text("UPDATE plan_amendment SET paper = '另' WHERE rollout = :r"),
                {"r": new.rollout},
            )


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"person": "海勃湾区委编办经办甲"}, "NOT_COORDINATOR"),
        ({"person": "无此人"}, "NOT_COORDINATOR"),
        ({"paper": ""}, "PAPER_MISSING"),
        ({"redo": ("没有",)}, "ROW_UNKNOWN"),
        ({"issuer": "海勃湾区"}, "DATE_OF_SUPERIOR"),
    ],
)
async def test_who_may_amend_and_by_what(rollout, database, run, changes, code) -> None:
    """Not a 协调员 of the leading unit, no paper, a row that is not there: refused, nothing stored."""
    new = moved(rollout.plan, sanding(rollout.plan))
    answer = await run(AmendingActivities(database).amend, order(new, **changes))
    assert (answer.code, answer.applied) == (code, False)
    assert (await run(AmendingActivities(database).amend, order(new))).version == 2


async def test_what_is_in_force_or_past_is_no_amendment(rollout, database, run) -> None:
    """The same plan, only other persons, and the first version after the second."""
    amending, plan = AmendingActivities(database), rollout.plan
    same = await run(amending.amend, order(plan))
    assert same.code == "NOTHING_CHANGED"
    units = (replace(plan.units[0], handlers=("新人",)), *plan.units[1:])
    persons = await run(amending.amend, order(replace(plan, units=units), content_hash="人"))
    assert persons.code == "NOTHING_CHANGED"
    assert "jiegai people" in persons.warnings[0]
    assert (await run(amending.amend, order(moved(plan, sanding(plan))))).applied
    past = await run(amending.amend, order(plan, content_hash=plan.rollout))
    assert past.code == "OLD_VERSION"
    unknown = await run(amending.amend, order(replace(plan, rollout="没有")))
    assert unknown.code == "ROLLOUT_NOT_FOUND"


async def test_a_new_unit_comes_with_its_persons(rollout, database, run) -> None:
    """Its posts hold from the amendment on; known units keep theirs; the directory has its paper."""
    plan, row = rollout.plan, sanding(rollout.plan)
    street = replace(
        plan.unit(STREET), name="新设街道", code="", handlers=("新街经办",), substitutes=()
    )
    old = replace(plan.unit(STREET), handlers=("另一人",))
    units = (*(old if u.name == STREET else u for u in plan.units), street)
    rows = tuple(
        replace(r, targets=(*r.targets, "新设街道")) if r.id == row.id else r for r in plan.rows
    )
    new = replace(plan, units=units, rows=rows)

    answer = await run(AmendingActivities(database).amend, order(new))

    assert answer.counts["新增"] == 1
    asked = SliceQuestion(plan=answer.plan, name="新设街道")
    assert (await run(rollout.registers.load_unit, asked)).district == DISTRICT
    async with database.single() as connection:
        held = await connection.execute(
            text(
                "SELECT person, unit FROM appointment WHERE rollout = :r"
                " AND person IN ('新街经办', '另一人')"
            ),
            {"r": new.rollout},
        )
        assert held.all() == [("新街经办", "新设街道")]
        paper = await connection.execute(
            text("SELECT paper FROM directory_version WHERE rollout = :r AND version = 2"),
            {"r": new.rollout},
        )
        assert paper.scalar_one() == PAPER


async def test_each_level_gets_its_share(rollout, database, run) -> None:
    """One street's row moved: only its area and it are concerned, and what ended is known."""
    plan, row = rollout.plan, sanding(rollout.plan)
    only = replace(
        row,
        id="补",
        item="补充清单",
        kind=RowKind.TASK,
        options={},
        targets=(STREET,),
        after=(),
    )
    first = next(r for r in plan.rows if STREET in r.targets)
    await begun(rollout, run, first, status="办结", ended_at=NOW)
    new = replace(plan, rows=(*plan.rows, only))
    answer = await run(AmendingActivities(database).amend, order(new))
    shares = AmendmentActivities(database)

    async def ask(share, name=""):
        return await run(share, ShareQuestion(plan=answer.plan, since=1, name=name))

    top = await ask(shares.rollout_share)
    area = await ask(shares.area_share, DISTRICT)
    unit = await ask(shares.unit_share, STREET)
    assert (top.areas, top.units) == ((DISTRICT,), ())
    assert area.concerned == (STREET,)
    assert unit.fates == ()
    assert unit.slice.rows[-1].row.id == "补"
    assert unit.ended == {first.id: "办结"}
    assert (await run(shares.unit_share, ShareQuestion(plan=answer.plan, name=STREET))) == unit


async def test_a_share_of_rows_that_go(rollout, database, run) -> None:
    """A unit that loses all its rows still hears so, and so does an area."""
    plan = rollout.plan
    rows = tuple(replace(r, targets=tuple(t for t in r.targets if t != STREET)) for r in plan.rows)
    new = replace(plan, rows=tuple(r for r in rows if r.targets))
    answer = await run(AmendingActivities(database).amend, order(new))
    asked = ShareQuestion(plan=answer.plan, since=1, name=STREET)
    unit = await run(AmendmentActivities(database).unit_share, asked)
    assert unit.slice.rows == ()
    assert {(f.how, f.is_gone) for f in unit.fates} == {("终止", True)}
    area = await run(AmendmentActivities(database).area_share, replace(asked, name=DISTRICT))
    assert STREET in area.concerned
    assert STREET not in area.slice.units

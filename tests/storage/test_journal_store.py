"""The action log and the read models, written page by page to a real database."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage.engine import Database
from storage.journal_store import write_page

START = datetime(2026, 11, 23, 2, tzinfo=UTC)


def line(seq: int, sentence: str = "", *, action_id: str = "", minute: int | None = None):
    """One entry; a later seq is a later minute unless said otherwise."""
    at = START + timedelta(minutes=seq if minute is None else minute)
    return {
        "seq": seq,
        "at": at.isoformat(),
        "kind": "办理",
        "sentence": sentence or f"第{seq}句",
        "step": "初审",
        "person": "经办甲",
        "unit": "海勃湾区委编办",
        "verb": "通过",
        "code": "",
        "action_id": action_id or f"a{seq}",
        "detail": {},
    }


def item(step: str) -> dict[str, object]:
    """One open step at a desk."""
    due = START + timedelta(days=3)
    return {
        "unit": "海勃湾区委编办",
        "step": step,
        "purpose": "办理",
        "opened_at": START.isoformat(),
        "due_at": due.isoformat(),
        "due_date": "2026-11-25",
        "original_due_date": "2026-11-25",
        "provisional": False,
        "rule": "",
        "yellow_at": None,
        "verbs": ["通过"],
        "documents": [],
        "waiting_for": "",
        "urged": 0,
        "note": "",
        "due_basis": None,
    }


def page(
    workflow: str,
    *entries,
    run: str = "r1",
    seq: int = 0,
    steps=("初审",),
    status="办理中",
    notices=(),
    settled: int | None = None,
    heals: bool = False,
):
    """A page as the activity sends it; what came before its entries is settled."""
    first = min((entry["seq"] for entry in entries), default=1)
    return json.dumps(
        {
            "workflow_id": workflow,
            "run_id": run,
            "seq": seq or max((entry["seq"] for entry in entries), default=0),
            "rollout": "试",
            "district": "海勃湾区",
            "unit": "滨河街道",
            "row_id": "M3-1",
            "item": "三定",
            "task": "制定三定",
            "procedure": "SandingDrafting",
            "board": {
                "status": status,
                "open_steps": list(steps),
                "responsible": [],
                "next_due_at": None,
                "row_due_date": "2026-12-20",
                "row_due_at": None,
                "light": "绿",
                "provisional": False,
                "overdue_count": 0,
                "returned_count": 0,
                "extended_count": 0,
                "started_at": START.isoformat(),
                "ended_at": None,
                "calendar_version": 1,
                "steps_done": 0,
                "steps_total": 7,
            },
            "entries": list(entries),
            "items": [item(step) for step in steps],
            "notices": list(notices),
            "settled": first - 1 if settled is None else settled,
            "heals": heals,
        }
    )


@pytest.fixture
async def read(database: Database):
    """Runs a question and returns its rows as plain tuples."""

    async def ask(question: str, **asked: object) -> list[tuple[object, ...]]:
        async with database.single() as connection:
            return [tuple(row) for row in await connection.execute(text(question), asked)]

    return ask


async def log_of(read, workflow: str):
    """Seq, run, sentence, confirmed and superseded_by of every row."""
    return await read(
        "SELECT seq, run_id, sentence, confirmed, superseded_by FROM log_entry"
        " WHERE workflow_id = :workflow ORDER BY seq, run_id",
        workflow=workflow,
    )


def notice(workflow: str, seq: int) -> dict[str, object]:
    """A notice that a line caused."""
    return {
        "key": f"{workflow}:r1:{seq}:0",
        "seq": seq,
        "at": START.isoformat(),
        "unit": "海勃湾区委编办",
        "to": "经办人",
        "level": "退回",
        "step": "初审",
        "text": f"第{seq}句的通知",
    }


async def test_the_next_number_confirms_what_came_before(database, read) -> None:
    """A row is provisional until a later page says that it is settled."""
    await write_page(database, page("试/确认", line(1)))
    assert await log_of(read, "试/确认") == [(1, "r1", "第1句", False, None)]
    kept = await write_page(database, page("试/确认", line(2)))
    assert kept == 2
    assert [row[3] for row in await log_of(read, "试/确认")] == [True, False]


async def test_a_repeated_page_changes_nothing(database, read) -> None:
    """Writing the same page again leaves the log and the numbers as they are."""
    for _ in range(2):
        assert await write_page(database, page("试/重复", line(1), line(2))) == 2
    assert [row[0] for row in await log_of(read, "试/重复")] == [1, 2]
    await write_page(database, page("试/重复", line(3)))
    assert await write_page(database, page("试/重复", line(1), line(2))) == 3
    assert [row[3] for row in await log_of(read, "试/重复")] == [True, True, False]


async def test_a_ghost_is_replaced_with_all_it_wrote(database, read) -> None:
    """A write whose action was never accepted gives way, its later rows and its desk too."""
    await write_page(database, page("试/鬼", line(1)))
    ghost = page("试/鬼", line(2, "鬼"), line(3, "鬼"), steps=("复审",), status="鬼")
    await write_page(database, ghost)
    real = page("试/鬼", line(2, "真", action_id="b", minute=9), steps=("初审",))
    assert await write_page(database, real) == 2
    assert [(r[0], r[2]) for r in await log_of(read, "试/鬼")] == [(1, "第1句"), (2, "真")]
    shown = await read(
        "SELECT b.seq, b.status, d.step FROM board_row b JOIN desk_item d USING (workflow_id)"
        " WHERE workflow_id = '试/鬼'"
    )
    assert shown == [(2, "办理中", "初审")]


async def test_two_pages_of_one_lost_task_are_both_ghosts(database, read) -> None:
    """A later page of the same workflow task confirms nothing: both go with what they told."""
    wf = "试/双鬼"
    await write_page(database, page(wf, line(1)))
    await write_page(database, page(wf, line(2, "鬼"), settled=1, notices=[notice(wf, 2)]))
    await write_page(database, page(wf, line(3, "鬼"), settled=1, notices=[notice(wf, 3)]))
    assert [row[3] for row in await log_of(read, wf)] == [True, False, False]
    told = [notice(wf, 2) | {"text": "真"}]
    await write_page(database, page(wf, line(2, "真", action_id="b"), settled=1, notices=told))
    assert [(r[0], r[2]) for r in await log_of(read, wf)] == [(1, "第1句"), (2, "真")]
    assert await read("SELECT text FROM notice WHERE workflow_id = :w", w=wf) == [("真",)]


async def test_a_healing_page_removes_what_lies_after_it(database, read) -> None:
    """A page without lines that heals takes away a ghost, its notices and its desk; others do not."""
    wf = "试/愈"
    await write_page(database, page(wf, line(1), notices=[notice(wf, 1)]))
    await write_page(database, page(wf, line(2), steps=("复审",), notices=[notice(wf, 2)]))
    shown = "SELECT b.seq, d.step FROM board_row b JOIN desk_item d USING (workflow_id)"
    shown += f" WHERE workflow_id = '{wf}'"
    await write_page(database, page(wf, seq=1, settled=1))
    assert await read(shown) == [(2, "复审")]
    assert await write_page(database, page(wf, seq=1, settled=1, heals=True)) == 1
    assert await read(shown) == [(1, "初审")]
    assert [row[0] for row in await log_of(read, wf)] == [1]
    told = await read("SELECT text FROM notice WHERE workflow_id = :w", w=wf)
    assert told == [("第1句的通知",)]


async def test_a_confirmed_row_is_never_overwritten(database, read) -> None:
    """A page that says something else at a confirmed number is ignored there."""
    await write_page(database, page("试/定", line(1)))
    await write_page(database, page("试/定", line(2)))
    await write_page(database, page("试/定", line(1, "改", action_id="x"), line(2)))
    assert (await log_of(read, "试/定"))[0][2] == "第1句"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entry SET sentence = '改' WHERE workflow_id = '试/守' AND seq = 1",
        "UPDATE log_entry SET confirmed = false WHERE workflow_id = '试/守' AND seq = 1",
        "DELETE FROM log_entry WHERE workflow_id = '试/守' AND seq = 1",
        "TRUNCATE log_entry",
    ],
)
async def test_the_database_itself_guards_confirmed_rows(database, statement) -> None:
    """Not even plain SQL changes or deletes a confirmed row."""
    await write_page(database, page("试/守", line(1)))
    await write_page(database, page("试/守", line(2)))
    async with database.single() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(text(statement))


async def test_a_reset_supersedes_what_it_undid(database, read) -> None:
    """After a workflow reset the undone rows stay as evidence, marked with the new run."""
    for seq in (1, 2, 3):
        await write_page(database, page("试/重置", line(seq)))
    await write_page(database, page("试/重置", line(2, "又", minute=60), run="r2"))
    expected = [
        (1, "r1", "第1句", True, None),
        (2, "r1", "第2句", True, "r2"),
        (2, "r2", "又", False, None),
        (3, "r1", "第3句", False, "r2"),
    ]
    assert expected == await log_of(read, "试/重置")
    late = page("试/重置", line(4, "迟到"), run="r1", status="迟到")
    assert await write_page(database, late) == 2
    assert expected == await log_of(read, "试/重置")


async def test_a_line_carried_over_continue_as_new_is_there_once(database, read) -> None:
    """A line written by the old run and again by the new one stays one line, in any order."""
    await write_page(database, page("试/续", line(1)))
    await write_page(database, page("试/续", line(1), line(2), run="r2"))
    await write_page(database, page("试/续", line(1)))
    rows = await log_of(read, "试/续")
    assert [(r[0], r[1], r[4]) for r in rows] == [(1, "r1", None), (2, "r2", None)]


async def test_an_older_page_does_not_turn_back_the_read_models(database, read) -> None:
    """The board and the desk keep the latest number, whatever order pages come in."""
    await write_page(database, page("试/迟", line(1), line(2), steps=("复审",)))
    await write_page(database, page("试/迟", line(1), steps=("初审",)))
    shown = await read("SELECT step, seq FROM desk_item WHERE workflow_id = '试/迟'")
    assert shown == [("复审", 2)]


async def test_closing_confirms_everything_and_clears_the_desk(database, read) -> None:
    """The dossier leaves no provisional row and no open item."""
    await write_page(database, page("试/结", line(1)))
    closing = page("试/结", line(2), status="办结")
    for _ in range(2):
        assert await write_page(database, closing, closing=True) == 2
    assert [row[3] for row in await log_of(read, "试/结")] == [True, True]
    assert await read("SELECT step FROM desk_item WHERE workflow_id = '试/结'") == []
    assert await read("SELECT status FROM board_row WHERE workflow_id = '试/结'") == [("办结",)]

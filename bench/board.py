"""The board and the wall chart at size: what the server works for a page, what a chart costs.

A plan of so many streets is registered, and its procedures are put on the board as a month of work
leaves them: a third done, the others with a step open. No workflow runs: what is
measured is reading, wording and writing.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities.bulk import BulkActivities
from activities.desk import DeskActivities
from bench.live import ROOT, Stack, environ, jiegai
from contracts.desk import BoardQuestion, PlanRegistration
from domain.plan import Plan, Row, RowKind
from domain.unit import Unit, UnitKind
from storage.engine import Database

STREETS_EACH = 20
"""Streets of a district."""

COORDINATOR = "改革办"
KICKOFF = date(2026, 9, 1)
LAST_DAY = date(2026, 12, 31)
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
ROUNDS = 9

_ROWS = text(
    """
    INSERT INTO board_row
    SELECT :rollout || '/' || d.district || '/' || d.name || '/第' || n || '项', 'r1', 1, :rollout,
        d.district, d.name, 'R' || n, '第' || n || '项', '完成第' || n || '项', 'TaskMilestone',
        CASE WHEN n % 3 = 0 THEN '办结' ELSE '办理中' END,
        CASE WHEN n % 3 = 0 THEN '{}' ELSE ARRAY['办理'] END, ARRAY[d.name],
        CASE WHEN n % 3 = 0 THEN NULL ELSE CAST(:due AS timestamptz) END, :day, :due,
        CASE WHEN n % 3 = 0 THEN '' ELSE '绿' END, false, 0, 0, 0, :begun,
        CASE WHEN n % 3 = 0 THEN CAST(:now AS timestamptz) END, 1, 1, 2, 0
    FROM directory_unit d, generate_series(0, :rows - 1) n
    WHERE d.rollout = :rollout AND d.district <> ''
    """
)
_ITEMS = text(
    """
    INSERT INTO desk_item
    SELECT b.workflow_id, '办理', b.unit, '办理', 1, b.started_at, b.next_due_at, :day, :day, false,
        '计划倒排。', b.next_due_at - interval '1 day', ARRAY['提交'], '{}', '', 0, '', NULL
    FROM board_row b WHERE b.rollout = :rollout AND b.ended_at IS NULL
    """
)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A wall chart as the command wrote it; memory is the command's highest resident size."""

    streets: int
    procedures: int
    seconds: float
    megabytes: float
    file_megabytes: float


def plan_of(rollout: str, *, streets: int, rows: int) -> Plan:
    """A plan of tasks, each of every street, in a chain of fours."""
    units = (
        Unit(name=COORDINATOR, kind=UnitKind.DEPARTMENT),
        *(
            Unit(
                name=f"第{n + 1}街道", kind=UnitKind.STREET, district=f"第{n // STREETS_EACH + 1}区"
            )
            for n in range(streets)
        ),
    )
    names = tuple(unit.name for unit in units[1:])
    tasks = tuple(
        Row(
            id=f"R{n}",
            item=f"第{n}项",
            task=f"完成第{n}项",
            kind=RowKind.TASK,
            targets=names,
            targets_text="各街道",
            due=LAST_DAY,
            due_text="12月底前",
            after=(f"R{n - 1}",) if n % 4 else (),
        )
        for n in range(rows)
    )
    return Plan(
        rollout=rollout,
        title=f"{rollout}责任表",
        kickoff=KICKOFF,
        coordinator=COORDINATOR,
        units=units,
        rows=tasks,
    )


async def fill(database: Database, plan: Plan) -> None:
    """This will register a plan and put its procedures on the board."""
    order = PlanRegistration(plan=plan, content_hash=plan.rollout, now=NOW)
    await ActivityEnvironment().run(BulkActivities(database).register_plan, order)
    due = datetime(2026, 12, 31, 16, tzinfo=UTC)
    begun = datetime(2026, 10, 9, 1, tzinfo=UTC)
    given = {"rollout": plan.rollout, "due": due, "day": LAST_DAY}
    async with database.transaction() as connection:
        await connection.execute(
            _ROWS, {**given, "begun": begun, "now": NOW, "rows": len(plan.rows)}
        )
        await connection.execute(_ITEMS, {"rollout": plan.rollout, "day": LAST_DAY})
        await connection.execute(text("ANALYZE board_row"))
        await connection.execute(text("ANALYZE desk_item"))


async def server_work(database: Database, plan: Plan) -> float:
    """This will return the seconds that every page of a board takes the worker; the median."""
    desk, run = DeskActivities(database), ActivityEnvironment().run
    took = []
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        question = BoardQuestion(now=NOW, rollout=plan.rollout)
        page = await run(desk.board, question)
        lines = len(page.lines)
        while page.next_page:
            page = await run(desk.board, replace(question, page=page.next_page))
            lines += len(page.lines)
        took.append(time.perf_counter() - begun)
        if lines != sum(len(row.targets) for row in plan.rows):
            raise SystemExit(f"the board has {lines} lines")
    # The first reads the plan from the database; the worker keeps it.
    return statistics.median(took[1:])


async def chart(at: Stack, folder: Path, plan: Plan) -> Chart:
    """This will draw the chart of a filled board with the command, as a person does."""
    file = folder / f"{plan.rollout}.html"
    command = [*jiegai(), "board", plan.rollout, "--html", str(file)]
    begun = time.perf_counter()
    peak = await asyncio.to_thread(_weighed, command, environ(at.data_dir))
    return Chart(
        streets=len(plan.units) - 1,
        procedures=sum(len(row.targets) for row in plan.rows),
        seconds=time.perf_counter() - begun,
        megabytes=peak / 1024,
        file_megabytes=file.stat().st_size / 2**20,
    )


def _weighed(command: list[str], own: dict[str, str]) -> int:
    """Run a command and return its highest resident size in KB."""
    pid = os.posix_spawnp(command[0], command, own | {"PYTHONPATH": str(ROOT)})
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return usage.ru_maxrss

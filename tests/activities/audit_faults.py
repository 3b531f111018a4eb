"""Faults planted where the guards keep them out, and the checks asked for them.

Written past the triggers: an audit is for what should never be there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from activities.audit import AuditActivities
from contracts.audit import AuditFinding, AuditPage, AuditQuestion
from storage.engine import Database

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
"""10 o'clock on Monday in Shanghai."""

BOARD = {
    "run_id": "r",
    "seq": 9,
    "row_id": "",
    "item": "",
    "task": "",
    "procedure": "TaskMilestone",
    "status": "办理中",
    "open_steps": [],
    "responsible": [],
    "next_due_at": None,
    "row_due_date": None,
    "row_due_at": None,
    "light": "绿",
    "provisional": False,
    "overdue_count": 0,
    "returned_count": 0,
    "extended_count": 0,
    "started_at": None,
    "ended_at": None,
    "calendar_version": 1,
    "steps_done": 0,
    "steps_total": 0,
    "silent_count": 0,
}
LINE = {
    "run_id": "r",
    "confirmed": False,
    "superseded_by": None,
    "at": NOW - timedelta(days=9),
    "kind": "办理",
    "sentence": "",
    "step": "",
    "person": "",
    "unit": "",
    "verb": "",
    "code": "",
    "action_id": "",
    "detail": {},
    "state": {},
}
ITEM = {
    "purpose": "办理",
    "seq": 9,
    "opened_at": NOW - timedelta(days=20),
    "provisional": False,
    "rule": "",
    "yellow_at": None,
    "verbs": [],
    "documents": [],
    "waiting_for": "",
    "urged": 0,
    "note": "",
    "due_basis": None,
}
CASE = {
    "seq": 9,
    "district": "甲区",
    "kind": "上报",
    "title": "无证经营",
    "street": "一街道",
    "sender": "一街道",
    "receiver": "甲区司法局",
    "trigger_at": NOW - timedelta(days=30),
    "source": "巡查发现",
    "urgency": "普通",
    "opened_by": "甲",
    "status": "办理中",
    "list_name": "",
    "list_version": 0,
    "item": "1",
    "item_name": "",
    "code": "",
    "breach": False,
    "returns": 0,
    "refusals": 0,
    "clocks": [],
    "was_late": False,
    "late_from": None,
    "opened_at": NOW - timedelta(days=30),
    "ended_at": None,
}


class Planted:
    """One rollout, and faults in it."""

    def __init__(self, database: Database, rollout: str, run: Any) -> None:
        self.database = database
        self.rollout = rollout
        self._run = run
        self._seq = 0

    async def row(self, table: str, **values: Any) -> None:
        """Write one row past every guard."""
        given = {
            name: json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else value
            for name, value in {"rollout": self.rollout, **values}.items()
        }
        places = ", ".join(
            f"CAST(:{name} AS jsonb)" if isinstance(values.get(name), Mapping) else f":{name}"
            for name in given
        )
        async with self.database.transaction() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(
                text(f"INSERT INTO {table} ({', '.join(given)}) VALUES ({places})"), given
            )

    async def procedure(self, item: str, procedure: str, unit: str = "一街道", **more: Any) -> str:
        """A procedure on the board."""
        workflow_id = f"{self.rollout}/甲区/{unit}/{item}"
        await self.row(
            "board_row",
            **BOARD
            | {"workflow_id": workflow_id, "district": "甲区", "unit": unit, "item": item}
            | {"procedure": procedure}
            | more,
        )
        return workflow_id

    async def log(self, workflow_id: str, *lines: Mapping[str, Any]) -> None:
        """Lines of the log, in order."""
        for line in lines:
            self._seq += 1
            await self.row(
                "log_entry", **LINE | {"workflow_id": workflow_id, "seq": self._seq} | line
            )

    async def item(self, workflow_id: str, step: str, unit: str, due: date, **more: Any) -> None:
        """An open step at a desk."""
        due_at = datetime(due.year, due.month, due.day, 16, tzinfo=UTC)
        days = {"due_at": due_at, "due_date": due, "original_due_date": due}
        own = {"workflow_id": workflow_id, "step": step, "unit": unit}
        await self.row_without_rollout("desk_item", **ITEM | own | days | more)

    async def case(
        self, number: str, clocks: list[dict[str, Any]] | None = None, **more: Any
    ) -> str:
        """A case of the register, on the board too."""
        values = CASE | more
        board = {"status": values["status"], "ended_at": values["ended_at"]}
        workflow_id = await self.procedure(number, "CaseHandover", **board)
        values |= {
            "workflow_id": workflow_id,
            "number": number,
            "action_id": f"{number}{self.rollout}",
        }
        values["clocks"] = json.dumps(clocks or [], ensure_ascii=False)
        await self.row("case_row", **values)
        return workflow_id

    async def row_without_rollout(self, table: str, **values: Any) -> None:
        """Write one row of a table that names no rollout."""
        places = ", ".join(f":{name}" for name in values)
        async with self.database.transaction() as connection:
            await connection.execute(
                text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"), values
            )

    async def page(self, *checks: str, **more: Any) -> AuditPage:
        """One page of checks."""
        question = AuditQuestion(now=NOW, rollout=self.rollout, checks=checks)
        return await self._run(AuditActivities(self.database).check, replace(question, **more))

    async def found(self, **more: Any) -> list[AuditFinding]:
        """What every check finds, all pages."""
        page = await self.page(**more)
        lines = list(page.findings)
        while page.stage:
            page = await self.page(**more | {"stage": page.stage, "cursor": page.cursor})
            lines += page.findings
        return lines

    async def said(self, **more: Any) -> list[tuple[str, str, str, str]]:
        """The same as (check, rule, unit, sentence)."""
        return [(f.check, f.rule, f.unit, f.sentence) for f in await self.found(**more)]

"""A full automatic audit of a district at size: what the command takes, with some faults planted.

50 streets with 40 rows each, 10,000 cases, 10,000 people in the ledger, 17,000 items claimed by their
streets; one of every few hundred is wrong. The rows are written past the triggers, as a year of work
would have left them.
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import time
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text

from bench.board import NOW, _weighed, fill, plan_of
from bench.live import Stack, environ, jiegai
from domain.plan import Plan
from storage.engine import Database

ROLLOUT = "一区督查"
DISTRICT = "第1区"
STREETS = 50
ROWS = 40
CASES = 10_000
PEOPLE = 10_000
ITEMS = 340
"""Items of each street's own list; all streets together have 17,000."""

_PLANT = (
    # Two of every hundred steps are overdue and were told up the ladder.
    """
    UPDATE desk_item SET due_at = :now - interval '3 days', due_date = :day
    WHERE hashtext(workflow_id) % 50 = 0
    """,
    """
    INSERT INTO log_entry SELECT b.workflow_id, 'r1', n, false, NULL, b.rollout,
        b.started_at + n * interval '1 hour', CASE WHEN n = 5 THEN '升级' ELSE '办理' END,
        '“办理”超期未办，升级告知分管领导。', CASE WHEN n = 5 THEN '办理' ELSE '补充' END, '甲',
        b.unit, '补充说明', '', b.workflow_id || n, '{"directory": 1}', '{}'
    FROM board_row b, generate_series(1, 8) n WHERE b.rollout = :rollout
    """,
    """
    INSERT INTO board_row
    SELECT :rollout || '/案件/案' || n, 'r1', 6, :rollout, :district, '第' || n % 50 + 1 || '街道',
        '', '案' || n, '占道经营', 'CaseHandover', CASE WHEN n % 5 = 0 THEN '办理中' ELSE '办结' END,
        '{}', '{}', NULL, NULL, NULL, '', false, 0, 0, 0, :begun,
        CASE WHEN n % 5 = 0 THEN NULL ELSE CAST(:now AS timestamptz) END, 1, 1, 4, 0
    FROM generate_series(1, :cases) n
    """,
    """
    INSERT INTO case_row (workflow_id, seq, rollout, district, number, kind, title, street, sender,
        receiver, trigger_at, source, urgency, opened_by, action_id, status, list_name,
        list_version, item, item_name, code, breach, returns, refusals, clocks, was_late, late_from,
        opened_at, ended_at)
    SELECT b.workflow_id, 6, b.rollout, b.district, b.item,
        CASE WHEN hashtext(b.item) % 2 = 0 THEN '派单' ELSE '上报' END, b.task, b.unit, :office, b.unit,
        :begun, '巡查发现', '普通', '甲', b.item, b.status, '清单', 1, '1', '占道经营', '', false, 0, 0,
        jsonb_build_array(jsonb_build_object('name', '当天报告', 'basis', '4-11',
                'started_at', :begun, 'due_at', :late, 'stopped_at', :begun, 'late_by', ''),
            jsonb_build_object('name', '正式交接', 'basis', '4-12', 'started_at', :begun, 'due_at',
                :late, 'stopped_at', NULL, 'late_by', '')),
        hashtext(b.item) % 20 = 1, NULL, :begun, b.ended_at
    FROM board_row b WHERE b.rollout = :rollout AND b.procedure = 'CaseHandover'
    """,
    """
    INSERT INTO log_entry SELECT b.workflow_id, 'r1', n, false, NULL, b.rollout,
        b.started_at + n * interval '1 hour', '办理', '甲：办理。',
        (ARRAY['派单', '签收', '办理', '确认', '补充', '补充'])[n], '甲', b.unit,
        CASE WHEN n = 3 AND hashtext(b.item) % 200 <> 0 THEN '回告' ELSE '接收' END, '',
        b.workflow_id || n, '{"directory": 1}', '{}'
    FROM board_row b, generate_series(1, 6) n
    WHERE b.rollout = :rollout AND b.procedure = 'CaseHandover'
    """,
    """
    INSERT INTO duty_list
    SELECT :rollout, d.name || '清单', 1, '属地管理', :district, d.name, '', :items, '{}',
        :rollout || d.name, '有效', :begun, NULL, '甲1号',
        CASE WHEN d.position % 10 = 0 THEN '' ELSE '备1' END, '', :begun, '甲'
    FROM directory_unit d WHERE d.rollout = :rollout AND d.kind = '街道'
    """,
    """
    INSERT INTO duty_item
    SELECT l.rollout, l.name, 1, n::text, n, '行政执法', '第' || n || '项', '查处', '巡查', '依据',
        '街道', '部门', '街道', '{}', '{}'
    FROM duty_list l, generate_series(1, :items) n WHERE l.rollout = :rollout
    """,
    """
    INSERT INTO duty_claim
    SELECT i.rollout, i.list, i.number, l.street, ARRAY[l.street || '甲'], '', :begun, '甲', NULL
    FROM duty_item i JOIN duty_list l ON (l.rollout, l.name) = (i.rollout, i.list)
    WHERE i.rollout = :rollout AND hashtext(i.list || i.number) % 300 <> 0
    """,
    """
    INSERT INTO appointment SELECT :rollout, d.name, d.name || '甲', '经办人', :begun, NULL
    FROM directory_unit d WHERE d.rollout = :rollout
    """,
    "INSERT INTO census_import VALUES (:rollout, 1, 0, 'x', :begun, '甲', 51, :people)",
    """
    INSERT INTO census_lock VALUES (:rollout, 1, '甲编〔2026〕1号', '甲', :office, :begun, '[]')
    """,
    """
    INSERT INTO staff SELECT :rollout, 'p-' || lpad(to_hex(n), 16, '0'), '某', 'sealed', n::text,
        :office, '事业', '', '', n % 1000 <> 0
    FROM generate_series(1, :people) n
    """,
    "INSERT INTO ledger_book VALUES (:rollout, 1)",
    """
    INSERT INTO ledger_transaction (rollout, number, key, content_hash, kind, lines, day, at, person,
        procedure, rule, paper, special_paper, note)
    VALUES (:rollout, 1, 'lock', 'x', '期初', :lines, :day, :now, '甲', '', '0-25', '甲1号', '', '')
    """,
    """
    INSERT INTO ledger_posting
    SELECT t.id, n * 2 + 1, :office, '事业', '实有', 1, '', 'p-' || lpad(to_hex(n), 16, '0')
    FROM ledger_transaction t, generate_series(1, :people) n WHERE t.rollout = :rollout
    UNION ALL
    SELECT t.id, n * 2 + 2, '', '事业', '来源', -1, '', 'p-' || lpad(to_hex(n), 16, '0')
    FROM ledger_transaction t, generate_series(1, :people) n WHERE t.rollout = :rollout
    UNION ALL
    SELECT t.id, 1, :office, '事业', '核定', :people, '', '' FROM ledger_transaction t
    WHERE t.rollout = :rollout
    UNION ALL
    SELECT t.id, 2, '', '事业', '批准', -:people, '', '' FROM ledger_transaction t
    WHERE t.rollout = :rollout
    """,
    """
    INSERT INTO ledger_position
    VALUES (:rollout, :office, '事业', :people, 0, 0, :people, 0, '甲1号', :day, :day)
    """,
    """
    INSERT INTO ledger_place SELECT :rollout, s.key, '事业', :office, NULL, :day FROM staff s
    WHERE s.rollout = :rollout
    """,
    """
    INSERT INTO roster SELECT :rollout, '名册' || n, 1, ARRAY['第1街道'], n::text, '编制中',
        :people / 10, :begun, '甲' FROM generate_series(0, 9) n
    """,
    """
    INSERT INTO roster_person (rollout, number, version, staff, from_unit, to_unit, team, type,
        state, live, sink_mode)
    SELECT :rollout, '名册' || n % 10, 1, 'p-' || lpad(to_hex(n), 16, '0'), :office, '第1街道', '',
        '事业', '在册', true, '' FROM generate_series(1, :people) n
    """,
    """
    INSERT INTO secondment SELECT :rollout, s.key, :day, '第2街道', :office, '专项', :day, '', :begun,
        '甲', NULL, '', NULL, '' FROM staff s WHERE s.rollout = :rollout AND s.blind_index < '11'
    """,
)
_TABLES = (
    "log_entry",
    "board_row",
    "desk_item",
    "case_row",
    "duty_item",
    "duty_claim",
    "staff",
    "ledger_posting",
    "roster_person",
)


_NAME = re.compile(r"(?<![:\w]):(\w+)")
_TYPES = {
    **dict.fromkeys(("now", "begun"), "timestamptz"),
    **dict.fromkeys(("cases", "people", "items", "lines"), "integer"),
    "day": "date",
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one command took, and what it found by check."""

    seconds: float
    megabytes: float
    found: dict[str, int]


def district() -> Plan:
    """One district of streets."""
    plan = plan_of(ROLLOUT, streets=STREETS, rows=ROWS)
    own = tuple(replace(u, district=DISTRICT) if u.district else u for u in plan.units)
    return replace(plan, units=own)


async def plant(database: Database, plan: Plan) -> None:
    """This will write a year of a district, each value with its type."""
    await fill(database, plan)
    given = {
        "rollout": plan.rollout,
        "district": DISTRICT,
        "office": plan.coordinator,
        "now": NOW,
        "begun": NOW - timedelta(days=40),
        "late": (NOW - timedelta(days=20)).isoformat(),
        "day": date(2026, 11, 1),
        "cases": CASES,
        "people": PEOPLE,
        "items": ITEMS,
        "lines": 2 * PEOPLE + 2,
    }
    async with database.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        for sentence in _PLANT:
            statement = text(_NAME.sub(_typed, sentence))
            wanted = {name: given[name] for name in statement.compile().params}
            await connection.execute(statement, wanted)
        for table in _TABLES:
            await connection.execute(text(f"ANALYZE {table}"))


async def audited(at: Stack, folder: Path, plan: Plan) -> Run:
    """This will run the command as a person does, with a workbook of everything that it finds."""
    file = folder / "audit.xlsx"
    command = [*jiegai(), "audit", "check", plan.rollout, "--json", "--xlsx", str(file)]
    begun = time.perf_counter()
    output = folder / "audit.json"
    peak = await asyncio.to_thread(
        _weighed, ["sh", "-c", _to(command, output)], environ(at.data_dir)
    )
    seconds = time.perf_counter() - begun
    checks = json.loads(output.read_text(encoding="utf-8"))["checks"]
    return Run(
        seconds=seconds,
        megabytes=peak / 1024,
        found={one["check"]: one["found"] for one in checks},
    )


def _typed(name: re.Match[str]) -> str:
    return f"CAST(:{name[1]} AS {_TYPES.get(name[1], 'text')})"


def _to(command: list[str], output: Path) -> str:
    return f"exec {shlex.join(command)} > {shlex.quote(str(output))}"

"""The activities and the worker of ``bench.case_textbook``, with the SDK's default options.

``python -m bench.case_textbook_worker ADDRESS DATABASE_URL`` prints READY once it polls.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import datetime
from typing import Any

import asyncpg
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from bench.case_textbook import (
    QUEUE,
    UPWARD,
    Admission,
    Opening,
    PostQuestion,
    Record,
    TextbookCase,
)
from domain.calendar import load_builtin_calendar
from domain.deadline import after_workdays, same_day

SCHEMA = """
CREATE TABLE unit (name text PRIMARY KEY, kind text NOT NULL);
CREATE TABLE post (
    person text NOT NULL, unit text NOT NULL REFERENCES unit, role text NOT NULL,
    valid_from timestamptz NOT NULL, valid_to timestamptz,
    PRIMARY KEY (unit, person, role, valid_from));
CREATE INDEX post_by_person ON post (person);
CREATE TABLE item (
    number text NOT NULL, version integer NOT NULL, name text NOT NULL, department text NOT NULL,
    status text NOT NULL, PRIMARY KEY (number, version));
CREATE TABLE log_entry (
    workflow_id text NOT NULL, seq integer NOT NULL, at timestamptz NOT NULL, person text NOT NULL,
    unit text NOT NULL, step text NOT NULL, detail jsonb NOT NULL,
    PRIMARY KEY (workflow_id, seq));
CREATE TABLE case_row (
    workflow_id text PRIMARY KEY, seq integer NOT NULL, number text NOT NULL, kind text NOT NULL,
    title text NOT NULL, street text NOT NULL, department text NOT NULL, item text NOT NULL,
    item_version integer NOT NULL, trigger_at timestamptz NOT NULL, opened_by text NOT NULL,
    status text NOT NULL, clocks jsonb NOT NULL);
CREATE INDEX case_row_by_street ON case_row (street);
CREATE INDEX case_row_by_department ON case_row (department);
CREATE TABLE desk_item (
    workflow_id text NOT NULL REFERENCES case_row, step text NOT NULL, unit text NOT NULL,
    due_at timestamptz, PRIMARY KEY (workflow_id, step, unit));
CREATE INDEX desk_item_by_unit ON desk_item (unit, due_at);
"""

POOL: dict[str, Any] = {"min_size": 1, "max_size": 10, "max_inactive_connection_lifetime": 5}
"""asyncpg's own sizes, but for connections given back: all contenders share one server's 60."""

_CALENDAR = load_builtin_calendar()


class TextbookActivities:
    """What the workflow asks and writes; every write may be repeated."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @activity.defn(name="textbook_admit")
    async def admit(self, opening: Opening) -> Admission:
        """Is the item in force, and when do the two clocks run out?"""
        found = await self._pool.fetchrow(
            "SELECT i.version, i.department, EXISTS (SELECT FROM unit u WHERE u.name = $2"
            " AND u.kind = '街道') AS known FROM item i"
            " WHERE i.number = $1 AND i.status = '有效'",
            opening.item,
            opening.street,
        )
        if found is None or not found["known"]:
            return Admission(refused="清单之外无协同。")
        trigger = datetime.fromisoformat(opening.trigger_at)
        if opening.kind == UPWARD:
            dues = {
                "T1": same_day(trigger=trigger, calendar=_CALENDAR),
                "T2": after_workdays(trigger=trigger, count=3, calendar=_CALENDAR),
            }
        else:
            dues = {
                "签收": after_workdays(trigger=trigger, count=1, calendar=_CALENDAR),
                "回告": after_workdays(trigger=trigger, count=7, calendar=_CALENDAR),
            }
        return Admission(
            department=found["department"],
            item_version=found["version"],
            dues={name: due.due.isoformat() for name, due in dues.items()},
        )

    @activity.defn(name="textbook_check_post")
    async def check_post(self, question: PostQuestion) -> bool:
        """Does the person hold a post in the unit now?"""
        held: bool = await self._pool.fetchval(
            "SELECT EXISTS (SELECT FROM post WHERE person = $1 AND unit = $2"
            " AND valid_from <= now() AND (valid_to IS NULL OR valid_to > now()))",
            question.person,
            question.unit,
        )
        return held

    @activity.defn(name="textbook_write")
    async def write(self, record: Record) -> None:
        """Write log, desk and register in one transaction."""
        opening = record.opening
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO log_entry VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                record.workflow_id,
                record.seq,
                datetime.fromisoformat(record.at),
                record.person,
                record.unit,
                record.step,
                json.dumps(record.facts),
            )
            await connection.execute(
                "INSERT INTO case_row VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)"
                " ON CONFLICT (workflow_id) DO UPDATE SET seq = excluded.seq,"
                " status = excluded.status, clocks = excluded.clocks"
                " WHERE case_row.seq < excluded.seq",
                record.workflow_id,
                record.seq,
                opening.number,
                opening.kind,
                opening.title,
                opening.street,
                record.department,
                opening.item,
                record.item_version,
                datetime.fromisoformat(opening.trigger_at),
                opening.person,
                record.status,
                json.dumps(record.clocks),
            )
            await connection.execute(
                "DELETE FROM desk_item WHERE workflow_id = $1", record.workflow_id
            )
            if record.next_step:
                await connection.execute(
                    "INSERT INTO desk_item VALUES ($1, $2, $3, $4)",
                    record.workflow_id,
                    record.next_step,
                    record.next_unit,
                    datetime.fromisoformat(record.next_due) if record.next_due else None,
                )


async def main(address: str, database_url: str) -> None:
    """This will serve until SIGTERM, with every option of the worker left as the SDK has it."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(address)
    async with asyncpg.create_pool(database_url, **POOL) as pool:
        activities = TextbookActivities(pool)
        async with Worker(
            client,
            task_queue=QUEUE,
            workflows=[TextbookCase],
            activities=[activities.admit, activities.check_post, activities.write],
        ):
            print("READY", flush=True)
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))

"""The same waits and writes on DBOS, whose workflows are rows of PostgreSQL and run in the caller.

A library, not a server: the workflows run in the process that people call, so that this program is
worker and driver at once and no call crosses a socket but to the database. Two shapes:

- *bare*: start → write → wait → action → write → end, with no rule at all;
- *full*: a case of four actions with the questions and the writes of ``bench.case_textbook``.

Needs the extra ``bench``. ``python -m bench.case_dbos DATABASE_URL`` prints READY, then answers each
line ``SHAPE CASES AT_ONCE`` with one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from dbos import DBOS, SetWorkflowID

from bench.case_textbook import DISPATCH, ELEMENTS, STEPS, STREET
from domain.calendar import load_builtin_calendar
from domain.deadline import after_workdays

_CALENDAR = load_builtin_calendar()
_engine: sa.Engine

_ADMIT = sa.text(
    "SELECT i.version, i.department, EXISTS (SELECT FROM unit u WHERE u.name = :street"
    " AND u.kind = '街道') AS known FROM item i WHERE i.number = :item AND i.status = '有效'"
)
_POST = sa.text(
    "SELECT EXISTS (SELECT FROM post WHERE person = :person AND unit = :unit"
    " AND valid_from <= now() AND (valid_to IS NULL OR valid_to > now()))"
)
_LOG = sa.text(
    "INSERT INTO log_entry VALUES (:id, :seq, :at, :person, :unit, :step, CAST(:detail AS jsonb))"
    " ON CONFLICT DO NOTHING"
)
_CASE = sa.text(
    "INSERT INTO case_row VALUES (:id, :seq, :id, '派单', '占道经营', :street, :department, :item,"
    " :version, :at, :person, :status, CAST(:clocks AS jsonb))"
    " ON CONFLICT (workflow_id) DO UPDATE SET seq = excluded.seq, status = excluded.status,"
    " clocks = excluded.clocks WHERE case_row.seq < excluded.seq"
)
_CLEAR = sa.text("DELETE FROM desk_item WHERE workflow_id = :id")
_DESK = sa.text("INSERT INTO desk_item VALUES (:id, :step, :unit, :due)")


@DBOS.step()
def admit(street: str, item: str, trigger: str) -> dict[str, Any]:
    """Is the item in force, and when do the two clocks run out?"""
    with _engine.connect() as connection:
        found = connection.execute(_ADMIT, {"street": street, "item": item}).one()
    at = datetime.fromisoformat(trigger)
    dues = {
        step: after_workdays(trigger=at, count=count, calendar=_CALENDAR).due.isoformat()
        for step, count in (("签收", 1), ("回告", 7))
    }
    return {"version": found.version, "department": found.department, "dues": dues}


@DBOS.step()
def check_post(person: str, unit: str) -> bool:
    """Does the person hold a post in the unit now?"""
    with _engine.connect() as connection:
        return bool(connection.execute(_POST, {"person": person, "unit": unit}).scalar_one())


@DBOS.step()
def write(record: dict[str, Any]) -> None:
    """Write log, desk and register in one transaction."""
    with _engine.begin() as connection:
        connection.execute(_LOG, record)
        connection.execute(_CASE, record)
        connection.execute(_CLEAR, record)
        if record["next"]:
            connection.execute(
                _DESK,
                {
                    "id": record["id"],
                    "step": record["next"],
                    "unit": record["next_unit"],
                    "due": record["due"],
                },
            )


@DBOS.workflow()
def bare(number: str) -> str:
    """Start, write, wait, write, end."""
    write(_record(number, 1, {"person": "甲", "facts": {}}, "签收", {}))
    done = DBOS.recv(timeout_seconds=600)
    write(_record(number, 2, done, "", {}))
    return "办结"


@DBOS.workflow()
def full(number: str, street: str, item: str, trigger: str) -> str:
    """A case of four actions, each checked and written."""
    found = admit(street, item, trigger)
    steps = STEPS[DISPATCH]
    clocks: dict[str, str] = {}
    for place, (step, side) in enumerate(steps, 1):
        # The step's own clock: what comes later is still taken.
        due = found["dues"].get(step)
        left = (datetime.fromisoformat(due) - datetime.now(UTC)).total_seconds() if due else 600
        done = DBOS.recv(timeout_seconds=left)
        unit = street if side == STREET else found["department"]
        missing = [e for e in ELEMENTS if not done["facts"].get(e)] if step == "回告" else []
        if missing or not check_post(done["person"], unit):
            DBOS.set_event(f"reply-{place}", "refused")
            return "中止"
        clocks[step] = datetime.now(UTC).isoformat()
        following = steps[place][0] if place < len(steps) else ""
        write(
            _record(number, place, done, following, clocks)
            | {
                "street": street,
                "department": found["department"],
                "version": found["version"],
                "due": found["dues"].get(following),
            }
        )
        DBOS.set_event(f"reply-{place}", "accepted")
    return "办结"


def _record(
    number: str, seq: int, done: dict[str, Any], following: str, clocks: dict[str, str]
) -> dict[str, Any]:
    return {
        "id": number,
        "seq": seq,
        "at": datetime.now(UTC).isoformat(),
        "person": done["person"],
        "unit": "一街道",
        "step": following or "办结",
        "detail": json.dumps(done["facts"], ensure_ascii=False),
        "street": "一街道",
        "department": "甲局",
        "item": "1",
        "version": 1,
        "status": "办理中" if following else "办结",
        "clocks": json.dumps(clocks),
        "next": following,
        "next_unit": "一街道",
        "due": None,
    }


def _one_bare(took: list[float]) -> None:
    number = f"bare-{uuid4()}"
    with SetWorkflowID(number):
        handle = DBOS.start_workflow(bare, number)
    begun = time.perf_counter()
    DBOS.send(number, {"person": "甲", "facts": {}})
    handle.get_result()
    took.append(time.perf_counter() - begun)


def _one_full(took: list[float]) -> None:
    number, street = f"full-{uuid4()}", "一街道"
    facts = dict.fromkeys(ELEMENTS, "已办理")
    for place, (_step, side) in enumerate(STEPS[DISPATCH], 1):
        unit = street if side == STREET else "甲局"
        begun = time.perf_counter()
        if place == 1:
            with SetWorkflowID(number):
                handle = DBOS.start_workflow(
                    full, number, street, "1", datetime.now(UTC).isoformat()
                )
        DBOS.send(number, {"person": f"{unit}经办甲", "facts": facts})
        if DBOS.get_event(number, f"reply-{place}", 600) != "accepted":
            raise SystemExit(f"{number}: refused")
        took.append(time.perf_counter() - begun)
    handle.get_result()


async def _rush(shape: str, cases: int, at_once: int) -> dict[str, Any]:
    one = {"bare": _one_bare, "full": _one_full}[shape]
    took: list[float] = []
    room = asyncio.Semaphore(at_once)

    async def case() -> None:
        async with room:
            await asyncio.to_thread(one, took)

    begun = time.perf_counter()
    await asyncio.gather(*(case() for _ in range(cases)))
    return {"seconds": time.perf_counter() - begun, "latencies": took}


def main(url: str) -> None:
    """This will launch DBOS on the database and answer what it is asked."""
    global _engine  # noqa: PLW0603 - steps are functions of the module, as DBOS wants them
    address = url.replace("postgresql://", "postgresql+psycopg://", 1)
    _engine = sa.create_engine(address, pool_size=10, max_overflow=0)
    DBOS(
        config={
            "name": "cases",
            "system_database_url": address,
            "log_level": "WARNING",
        }
    )
    DBOS.launch()
    print("READY", flush=True)
    from concurrent.futures import ThreadPoolExecutor

    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(64))
    for line in sys.stdin:
        shape, cases, at_once = line.split()
        print(
            json.dumps(loop.run_until_complete(_rush(shape, int(cases), int(at_once)))), flush=True
        )
    DBOS.destroy()


if __name__ == "__main__":
    main(sys.argv[1])

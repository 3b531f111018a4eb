"""A draw whose hour has passed, for tests that cannot wait for one.

No command commits to such an hour (4-37): what a deployment's key and database together can do, and
they alone, is done here by hand.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from activities.audit_draw import DrawBook
from domain.audit_arranging import covered
from domain.audit_cadence import Window
from domain.day_words import SHANGHAI
from domain.directory import Directory
from domain.draw_record import write_deposit
from domain.sampling import Deposit
from runtime.seal import find_seal
from runtime.stack import EmbeddedStack
from storage.audit_plan_store import read_plan
from storage.engine import open_database
from storage.people_store import read_units


async def prepared_before(
    stack: EmbeddedStack, name: tuple[str, str], day: date, kept: Path
) -> None:
    """Commit to an arrangement's draw of this day anew, as of the day before; ``kept`` is its 存证."""
    rollout, plan_name = name
    database = open_database(stack.database_url)
    book = DrawBook(find_seal(stack.settings), secrets.token_bytes)
    at = datetime.combine(day - timedelta(days=1), datetime.min.time(), SHANGHAI)
    try:
        async with database.transaction() as connection:
            plan = await read_plan(connection, rollout, plan_name)
            assert plan is not None
            guard = "ALTER TABLE audit_draw {} TRIGGER audit_draw_stays"
            await connection.execute(text(guard.format("DISABLE")))
            gone = await connection.execute(
                text("DELETE FROM audit_draw WHERE rollout = :r AND plan = :p RETURNING label"),
                {"r": rollout, "p": plan_name},
            )
            label = gone.scalar_one()
            await connection.execute(text(guard.format("ENABLE")))
            window = Window(label=label, planned=day, opens_on=day, opens_at=at, days=(day,))
            population = covered(plan, Directory.of(await read_units(connection, rollout)))
            made = await book.prepare(connection, plan, window, population, at)
            assert isinstance(made, Deposit)
    finally:
        await database.engine.dispose()
    kept.write_text(write_deposit(made), "utf-8")

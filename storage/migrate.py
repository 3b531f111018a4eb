"""Brings the schema up to date, and puts the built-in calendar in as version 1.

Forward only: a schema is never downgraded, a backup is restored instead. Two processes that
start at once take turns behind an advisory lock; the second finds nothing left to do.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.calendar_store import seed_builtin
from storage.engine import open_database

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('jiegai.migrate', 0))")


async def upgrade(database_url: str) -> None:
    """This will bring the database to the newest schema, in one transaction."""
    database = open_database(database_url, pool_size=1, statement_timeout=timedelta(0))
    try:
        async with database.transaction() as connection:
            await connection.execute(_LOCK)
            await connection.run_sync(_upgrade)
            await seed_builtin(connection)
    finally:
        await database.close()


async def current(database_url: str) -> str | None:
    """This will return the revision the database is at; None if it was never migrated."""
    database = open_database(database_url, pool_size=1)
    try:
        async with database.transaction() as connection:
            return await connection.run_sync(
                lambda sync: MigrationContext.configure(sync).get_current_revision()
            )
    finally:
        await database.close()


def newest() -> str | None:
    """The revision that this release needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

"""Migrations: what the tables say is what the database has."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from storage.calendar_store import standing
from storage.engine import Database, open_database
from storage.migrate import current, newest, upgrade
from storage.tables import METADATA


@pytest.fixture
async def empty_url(database_url):
    """A database of its own, not migrated."""
    server = open_database(database_url)
    async with server.single() as connection:
        await connection.execute(text("DROP DATABASE IF EXISTS fresh"))
        await connection.execute(text("CREATE DATABASE fresh"))
    await server.close()
    return database_url.rpartition("/")[0] + "/fresh"


async def test_migrations_and_tables_say_the_same(database: Database) -> None:
    """Comparing the migrated database with the tables finds nothing to change."""

    def differences(connection):
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, METADATA)

    async with database.transaction() as connection:
        assert await connection.run_sync(differences) == []


async def test_two_processes_may_migrate_at_once(empty_url: str) -> None:
    """Two upgrades at the same moment both succeed, and the calendar is seeded once."""
    assert await current(empty_url) is None
    await asyncio.gather(upgrade(empty_url), upgrade(empty_url))
    assert newest() == await current(empty_url)
    database = open_database(empty_url)
    async with database.single() as connection:
        versions = await standing(connection)
    await database.close()
    assert (versions.in_force, versions.newest) == (1, 1)


async def test_no_column_has_a_clock_for_its_default(database: Database) -> None:
    """Every timestamp comes from the caller: no default of any column reads the clock."""
    question = text(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_default IS NOT NULL"
        " AND column_default NOT LIKE 'nextval%'"
    )
    async with database.single() as connection:
        assert (await connection.execute(question)).all() == []

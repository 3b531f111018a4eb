"""The room's fixtures: a real, migrated PostgreSQL."""

from tests.postgres import database, database_url

__all__ = ["database", "database_url"]

"""What goes wrong with the database, said once for Temporal.

The database being away is worth another try and says so (``DATABASE_AWAY``); data that breaks a
constraint will break it again, and a person must look (``BAD_DATA``). Anything else is a defect
and goes through as it is.

A failure is kept in Temporal for all to read: it names the constraint, and nothing of the row that
broke it. So what PostgreSQL said is no cause of it either.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.exceptions import ApplicationError

DATABASE_AWAY: Final = "DATABASE_AWAY"
BAD_DATA: Final = "BAD_DATA"

_PASSING = frozenset({"08", "40", "53", "57", "58"})
"""SQLSTATE classes that pass: connection, rollback, resources, operator, system."""

_DATA = frozenset({"22", "23"})
"""SQLSTATE classes of values: one that is none of its type, one that breaks a constraint."""


@asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """This will say to Temporal which failures of the database are worth another try."""
    try:
        yield
    except (OSError, TimeoutError, PoolTimeout):
        raise ApplicationError("数据库暂不可用", type=DATABASE_AWAY) from None
    except DBAPIError as error:
        if _state(error)[:2] in _DATA:
            raise bad_data(f"数据不符合约束：{_broken(error)}") from None
        if not _is_away(error):
            raise
        raise ApplicationError("数据库暂不可用", type=DATABASE_AWAY) from None


def bad_data(sentence: str) -> ApplicationError:
    """This will make the error for a question that no other try can answer."""
    return ApplicationError(sentence, type=BAD_DATA, non_retryable=True)


def _broken(error: DBAPIError) -> str:
    """Which constraint, or where a trigger said no only its class (SQLSTATE)."""
    # asyncpg's own error, which has the names, is the cause of SQLAlchemy's.
    said = getattr(error.orig, "__cause__", None)
    names = (getattr(said, name, None) for name in ("constraint_name", "column_name", "table_name"))
    return next((str(name) for name in names if name), f"SQLSTATE {_state(error)}")


def _state(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def _is_away(error: DBAPIError) -> bool:
    """A broken connection carries no SQLSTATE; a server that says no carries one."""
    state = _state(error)
    return error.connection_invalidated or not state or state[:2] in _PASSING

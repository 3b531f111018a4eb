"""What goes wrong with the database, said once for Temporal.

The database being away is worth another try and says so (``DATABASE_AWAY``); data that breaks a
constraint will break it again, and a person must look (``BAD_DATA``). Anything else is a defect
and goes through as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.exceptions import ApplicationError

DATABASE_AWAY: Final = "DATABASE_AWAY"
BAD_DATA: Final = "BAD_DATA"

_PASSING = frozenset({"08", "40", "53", "57", "58"})
"""SQLSTATE classes that pass: connection, rollback, resources, operator, system."""


@asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """This will say to Temporal which failures of the database are worth another try."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise ApplicationError(
            f"数据不符合约束：{error.orig}", type=BAD_DATA, non_retryable=True
        ) from error
    except (OSError, TimeoutError, PoolTimeout) as error:
        raise ApplicationError("数据库暂不可用", type=DATABASE_AWAY) from error
    except DBAPIError as error:
        if not _is_away(error):
            raise
        raise ApplicationError("数据库暂不可用", type=DATABASE_AWAY) from error


def bad_data(sentence: str) -> ApplicationError:
    """This will make the error for a question that no other try can answer."""
    return ApplicationError(sentence, type=BAD_DATA, non_retryable=True)


def _is_away(error: DBAPIError) -> bool:
    """A broken connection carries no SQLSTATE; a server that says no carries one."""
    state = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or not state or state[:2] in _PASSING

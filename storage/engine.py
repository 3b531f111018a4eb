"""The one way to the database: an async engine with bounded waits.

It refuses nothing and retries nothing: who calls decides whether a lost connection is worth
another try. A lost connection empties the pool, so that the next call connects anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

CONNECT_TIMEOUT = timedelta(seconds=3)
"""A database that does not answer within this is away."""

STATEMENT_TIMEOUT = timedelta(seconds=8)
"""No question asked here takes longer; what does is stuck behind a lock."""

POOL_SIZE = 10
"""Connections kept; the worker runs about this many activities that write at once."""

POOL_OVERFLOW = 10
"""Connections beyond the kept ones under load, closed again after use."""

_DRIVER = "postgresql+asyncpg"


@dataclass(frozen=True)
class Database:
    """An engine, and the two ways to use it."""

    engine: AsyncEngine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """This will give a connection in one transaction, committed at the end."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def single(self) -> AsyncIterator[AsyncConnection]:
        """This will give a connection where each statement is its own transaction.

        It spares BEGIN and COMMIT: for reads, and for a write that is one statement.
        """
        async with self.engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """This will give a connection whose questions all see one moment; for reads."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                yield connection

    async def close(self) -> None:
        """This will close every connection."""
        await self.engine.dispose()


def open_database(
    url: str, *, pool_size: int = POOL_SIZE, statement_timeout: timedelta = STATEMENT_TIMEOUT
) -> Database:
    """This will prepare a database; it connects on first use.

    ``url`` is ``postgresql://user:password@host:port/name``; a unix socket's folder goes into
    the query: ``postgresql://user@/name?host=/run/postgresql``.
    """
    address, connect_args = split_url(url)
    milliseconds = int(statement_timeout.total_seconds() * 1_000)
    settings = {"application_name": "jiegai", "jit": "off"}
    if milliseconds:
        settings["statement_timeout"] = str(milliseconds)
    engine = create_async_engine(
        address,
        # Failures are read by many, in Temporal and in logs: what was asked with stays here.
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=CONNECT_TIMEOUT.total_seconds(),
        pool_use_lifo=True,
        connect_args={
            **connect_args,
            "timeout": CONNECT_TIMEOUT.total_seconds(),
            "server_settings": settings,
        },
    )
    return Database(engine)


def split_url(url: str) -> tuple[URL, dict[str, Any]]:
    """This will return a URL for SQLAlchemy and what asyncpg must be told beside it.

    A socket folder is passed beside the URL, because in it a path would be read as a host list.
    """
    address = make_url(url).set(drivername=_DRIVER)
    extra: dict[str, Any] = {}
    query = dict(address.query)
    host = query.pop("host", None)
    port = query.pop("port", None)
    if host:
        extra["host"] = host
    if port:
        extra["port"] = int(port if isinstance(port, str) else port[0])
    return address.set(query=query), extra

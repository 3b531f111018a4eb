"""The register is away while a case is opened: it is said, and the case is admitted by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.procedure import Verb
from storage.engine import Database, open_database
from tests.case_hall import CLERK, SLIPS, Hall
from tests.cases import dispatch, report
from tests.office import Office
from tests.postgres import server_url


class Line:
    """A line to the database that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def mend(self) -> None:
        """Let calls through."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break off every call, and let none through."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, far = await asyncio.open_connection(*self._there)
        self._open |= {writer, far}
        with contextlib.suppress(OSError):
            await asyncio.gather(_pass_on(reader, far), _pass_on(there, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
async def line(database: Database) -> AsyncIterator[Line]:
    """A line to the tests' own server."""
    url = urlsplit(server_url())
    opened = Line(url.hostname or "127.0.0.1", url.port or 5432)
    await opened.mend()
    yield opened
    await opened.cut()


@pytest.fixture
async def office(env: WorkflowEnvironment, line: Line) -> AsyncIterator[Office]:
    """An office whose database is at the other end of that line."""
    url = urlsplit(server_url())
    there = url._replace(netloc=f"{url.netloc.rpartition(':')[0]}:{line.port}").geturl()
    database = open_database(there)
    async with Office(env, database) as opened:
        yield opened
    await database.close()


async def test_a_case_opened_without_the_register_is_admitted_when_it_is_back(
    office: Office, line: Line
) -> None:
    """UNAVAILABLE and nothing written; then both are decided as they would have been."""
    hall = await Hall.of(office, "失联受理")
    now = await office.now()
    good, bad = report(now, **SLIPS), dispatch(now, item="99")
    await line.cut()
    answers = await asyncio.gather(hall.answer(good), hall.answer(bad))
    assert ["UNAVAILABLE"] * 2 == [reply.code for _, reply in answers]
    assert "自动受理" in answers[0][1].sentence
    wid, refused = (workflow_id for workflow_id, _ in answers)
    assert await hall.is_running(wid)

    await line.mend()
    for _ in range(120):
        await office.env.sleep(timedelta(seconds=30))
        if len(await office.rows("SELECT 1 FROM case_row WHERE rollout = :r", r=hall.rollout)) == 2:
            break
    row = await hall.row(wid)
    assert ("办理中", good.action_id) == (row["status"], row["action_id"])
    assert ("未受理", "OFF_LIST") == (
        (await hall.row(refused))["status"],
        (await hall.row(refused))["code"],
    )
    _, reply = await hall.answer(good)
    assert reply.accepted and reply.opened == ("签收",)
    assert 2 == len(await hall.lines(wid, "办理"))
    assert not await hall.is_running(refused)
    wid = await hall.open(dispatch(await office.now(), number=bad.number))
    await hall.done(wid, "签收", Verb.ACCEPT, CLERK)

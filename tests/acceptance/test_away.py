"""A part is away: commands say so in time, nothing half happens, and nothing decided is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psutil
import pytest

from contracts.names import DESK_NAMESPACE
from tests.acceptance.site import STREETS, Hosted, hosted, sanding, summary, until

ROLLOUT = "失联"
DRAFTS = tuple(sanding(ROLLOUT, street) for street in STREETS)
REPORTS = tuple(summary(ROLLOUT, street) for street in STREETS)


@pytest.fixture(scope="module")
async def site(tmp_path_factory) -> AsyncIterator[Hosted]:
    """Servers and a worker of our own, with the small plan at work."""
    async with hosted(tmp_path_factory.mktemp("away")) as opened:
        await opened.start_plan(ROLLOUT)
        yield opened


def database_pids(site: Hosted) -> list[int]:
    """PostgreSQL with the process of every connection."""
    postmaster = psutil.Process(site.stack.pids["postgres"])
    return [postmaster.pid, *(child.pid for child in postmaster.children(recursive=True))]


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Processes that hold their connections and do not answer: the worst way to be away."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        thaw(pids)


def thaw(pids: list[int]) -> None:
    """Let them go on."""
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


async def test_without_its_database_an_action_is_not_decided(site):
    """Exit 4 within the registers' patience, nothing changed; the same action id then works."""
    wid = REPORTS[0]
    how = (f"{wid}#办理", "提交", "一街道经办甲", "--action-id=早")
    with frozen(database_pids(site)):
        said, read = await asyncio.gather(site.act(*how), site.jiegai("board", ROLLOUT))
        assert (said.code, said.error) == (4, "UNAVAILABLE")
        assert "没有生效" in said.err
        assert said.seconds < 12
        assert (read.code, read.error) == (4, "SERVICE_UNREACHABLE")
        assert read.seconds < 9
        assert await site.open_steps(wid) == {"办理"}

    await site.assert_agreed(wid)
    again = await site.act(*how)
    assert again.code == 0, again.err
    await site.assert_agreed(wid, "早")


async def test_a_decision_whose_write_fails_is_written_later(site):
    """Decided while the database was there, it stands; the page follows when it is back."""
    wid = REPORTS[1]
    pids = database_pids(site)
    site.strike("迟", *pids, number=signal.SIGSTOP, before=True)
    try:
        said = await site.act(f"{wid}#办理", "提交", "二街道经办甲", "--action-id=迟")
        assert not site.order.exists()
        assert said.code == 0, said.err
        assert await site.open_steps(wid) == {"确认"}
    finally:
        thaw(pids)

    async def is_written() -> bool:
        return await site.desk(wid) == {"确认"}

    await until(is_written)
    await site.assert_agreed(wid, "迟")


async def test_without_a_worker_commands_say_so_and_leave_nothing_behind(site):
    """A read ends in time and never runs; an action whose words nobody can look at is not sent."""
    wid = DRAFTS[0]
    how = (f"{wid}#起草", "提交", "一街道经办甲", "--evidence=草案=1号", "--action-id=无人")
    site.end_worker()
    read, said = await asyncio.gather(site.jiegai("board", ROLLOUT), site.act(*how))
    assert (read.code, read.error) == (4, "SERVICE_UNREACHABLE")
    assert "worker" in read.err
    assert 5 <= read.seconds < 9
    assert (said.code, said.error) == (4, "SERVICE_UNREACHABLE")
    assert "worker" in said.err
    assert said.seconds < 20

    site.start_worker()
    assert (await site.jiegai("board", ROLLOUT)).code == 0
    desk = await site.connect(DESK_NAMESPACE)
    ended = [one async for one in desk.list_activities("ActivityType = 'read_board'")]
    assert sorted(str(one.status.name) for one in ended[:2]) == ["COMPLETED", "TIMED_OUT"]
    again = await site.act(*how)
    assert again.code == 0, again.err
    await site.assert_agreed(wid, "无人")


async def test_without_the_server_a_command_says_so(site):
    """With Temporal stopped, and nothing else, a command ends with 4 and one sentence."""
    with frozen([site.stack.pids["temporal"]]):
        read, said = await asyncio.gather(
            site.jiegai("board", ROLLOUT),
            site.act(f"{DRAFTS[1]}#起草", "提交", "二街道经办甲", "--evidence=草案=1号"),
        )
    assert (read.code, read.error) == (4, "SERVICE_UNREACHABLE")
    assert (said.code, said.error) == (4, "SERVICE_UNREACHABLE")
    assert max(read.seconds, said.seconds) < 20

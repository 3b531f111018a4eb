"""A thousand cases, people who do as they please, and a worker killed every few seconds (issue 5).

Everybody repeats what stays unanswered. In the end every case has ended as its route allows, each
accepted action is in the log once and in order, no clock is lost, and the register agrees.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from temporalio.client import (
    RPCTimeoutOrCancelledError,
    WorkflowExecutionStatus,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError

from activities.sweep import Sweep
from contracts import names
from contracts.procedure import ActionReply, ProcedureResult
from domain.action import Action
from domain.case import CaseKind, Opening
from domain.case_limits import CaseLimit, CaseSettings, LimitUnit
from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.actions import UNAVAILABLE, update
from starter.desk_client import Door
from starter.errors import EXIT_UNREACHABLE, UserError
from starter.provision import what_to_provision
from tests.acceptance.case_people import FOLLOWS, MAX_RETURNS, UPWARD, Play, told_as, walked
from tests.acceptance.premises import Premises, insist, premises
from tests.acceptance.site import ROOT, assert_whole
from tests.case_hall import Hall, clocks_in
from tests.cases import open_case

CASES = int(os.environ.get("STORM_CASES", "120"))
"""``make storm`` sends a thousand; what every run of the tests can afford is the rest."""

AT_ONCE = 60
BETWEEN_KILLS = 3.0
BETWEEN_ANSWERS = 25
TURNS = 120
ROLLOUT = "风暴"
SHORT = timedelta(seconds=6)
"""A workflow task that went down with its worker is given to the next one after this."""

AN_HOUR = CaseLimit(unit=LimitUnit.HOURS, count=1, basis="甲政办〔2026〕5号", always=True)
FROM_FINDING = CaseLimit(unit=LimitUnit.DAYS, count=2, basis="甲政办〔2026〕5号", from_trigger=True)
LIMITS = {
    **CaseSettings().limits,
    "确认": AN_HOUR,
    "办理": FROM_FINDING,
    "回复": AN_HOUR,
    "报到": FROM_FINDING,
    "裁定": FROM_FINDING,
}


_UNANSWERED = (
    RPCError,
    RPCTimeoutOrCancelledError,
    TimeoutError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)


class _NotYetError(Exception):
    """Not answered so far."""


class Storm:
    """People at work on cases while their worker dies again and again."""

    def __init__(self, office: Premises, hall: Hall, parent: int) -> None:
        self.office = office
        self.hall = hall
        self.parent = parent
        self.door = Door(desk=office.client, workflows=office.client)
        self.kills = 0
        self.answers = 0

    async def play(self, play: Play, room: asyncio.Semaphore) -> None:
        """One case from its opening to its end."""
        async with room:
            if play.attempt is not None:
                reply = await self.opened(play.attempt)
                assert reply is not None and reply.code == "OFF_LIST", reply
            step = await self.begun(play)
            for _ in range(TURNS):
                if not step:
                    return
                await asyncio.sleep(play.rng.random() * 0.2)
                step = await self.turn(play, step)
            raise AssertionError(f"{play.wid} does not end: {step}")

    async def begun(self, play: Play) -> str:
        """The opening, now and then twice at once; the step that it leaves open."""
        opening = play.opening
        if play.rng.random() < 0.1:
            first, again = await asyncio.gather(self.opened(opening), self.opened(opening))
            assert first is not None and again is not None and again.accepted
        else:
            first = await self.opened(opening)
        assert first is not None and first.accepted, (play.wid, first)
        play.accepted.append(opening.action_id)
        if not opening.reported:
            return next(iter(FOLLOWS[play.kind]))[0]
        if opening.handed_over:
            play.accepted.append(f"{opening.action_id}:交接")
            return "签收"
        first_step = next(iter(FOLLOWS[play.kind]))
        return FOLLOWS[play.kind][first_step][0]

    async def turn(self, play: Play, step: str) -> str:
        """One thing that somebody does, now and then sent twice at once; the step open then."""
        action, said = play.next(step)
        if play.rng.random() < 0.1:
            again = f"{action.action_id}~再"
            replies = await asyncio.gather(
                self.sent(play.wid, action), self.sent(play.wid, action, again)
            )
            reply = next((r for r in replies if r is not None and not r.repeated), replies[0])
        else:
            reply = await self.sent(play.wid, action)
        if reply is None:
            # It has ended meanwhile: by this very action, whose answer went down with the worker.
            found = [e for e in await self.office.log(play.wid) if e["kind"] == "办理"]
            assert action.action_id in {e["action_id"] for e in found}, (play.wid, action)
            play.took(step, said, action)
            return ""
        if not reply.accepted:
            assert not said, (play.wid, action, reply)
            play.refused.add(action.action_id)
            return step
        assert said, (play.wid, action, reply)
        return play.took(step, said, action)

    async def opened(self, opening: Opening) -> ActionReply | None:
        """Open a case, repeated until it is answered."""

        async def ask() -> ActionReply:
            try:
                async with asyncio.timeout(15):
                    _, reply = await open_case(
                        self.office.client, ROLLOUT, opening, task_timeout=SHORT
                    )
            except _UNANSWERED as error:
                raise _NotYetError from error
            if reply.code == UNAVAILABLE:
                raise _NotYetError
            self.answers += 1
            return reply

        return await insist(ask, _NotYetError)

    async def sent(self, wid: str, action: Action, update_id: str = "") -> ActionReply | None:
        """Send an action, repeated until it is answered; None if the case has ended."""

        async def ask() -> ActionReply | None:
            try:
                reply = await update(
                    self.door, wid, names.ACT_UPDATE, action, update_id or action.action_id
                )
            except UserError as error:
                if error.code in ("CLOSED", "NOT_FOUND"):
                    return None
                if error.exit_code != EXIT_UNREACHABLE:
                    raise
                raise _NotYetError from error
            if reply.code == UNAVAILABLE:
                raise _NotYetError
            self.answers += 1
            return reply

        return await insist(ask, _NotYetError)

    async def kill(self) -> None:
        """Kill -9 of the worker that has lived longest, every few seconds, until cancelled.

        On a machine so busy that a worker gets little done in that time it lives a little longer.
        """
        while True:
            before = self.answers
            await asyncio.sleep(BETWEEN_KILLS)
            while self.answers < before + BETWEEN_ANSWERS:
                await asyncio.sleep(0.1)
            workers = psutil.Process(self.parent).children()
            for worker in sorted(workers, key=psutil.Process.create_time)[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)
                    self.kills += 1

    async def swept(self) -> None:
        """Sweep until every line is confirmed."""
        sweep = Sweep(self.office.client, self.office.database)
        for _ in range(60):
            await sweep.once()
            left = await self.office.rows(
                "SELECT count(*) AS left FROM log_entry"
                " WHERE rollout = :r AND NOT confirmed AND superseded_by IS NULL",
                r=ROLLOUT,
            )
            if not left[0]["left"]:
                return
        raise AssertionError(f"lines left unconfirmed: {left}")


@pytest.fixture(scope="module")
async def storm(tmp_path_factory) -> AsyncIterator[Storm]:
    """Servers of our own, with a district and its list."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("storm"), port=0, ui_port=0)
    stack = EmbeddedStack(settings, what_to_provision(settings), with_worker=False)
    async with stack, premises(stack) as office:
        hall = await Hall.of(office, ROLLOUT, limits=LIMITS, max_returns=MAX_RETURNS)
        with started(stack) as parent:
            yield Storm(office, hall, parent)


@contextlib.contextmanager
def started(stack: EmbeddedStack):
    """The process that keeps a worker alive."""
    with (stack.settings.data_dir / "logs" / "cases.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("deadly_cases.py"))],
            env=stack._environ(),
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        try:
            yield process.pid
        finally:
            process.kill()
            process.wait()


@pytest.mark.timeout(900)
async def test_a_thousand_cases_end_legally_whoever_dies(storm: Storm) -> None:
    """All of them, through every kill; then the log, the clocks and the register are whole."""
    began = await storm.office.now()
    plays = [Play(number, ROLLOUT, began) for number in range(CASES)]
    room = asyncio.Semaphore(AT_ONCE)
    killing = asyncio.create_task(storm.kill())
    clock = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for play in plays:
            group.create_task(storm.play(play, room))
    took = time.monotonic() - clock
    killing.cancel()
    await storm.swept()

    print(f"{CASES} cases, {storm.kills} kills, {took:.0f} s; swept {time.monotonic() - clock:.0f}")
    assert storm.kills >= CASES / 100
    everything = Records(
        await storm.office.rows(
            "SELECT * FROM log_entry WHERE rollout = :r AND superseded_by IS NULL"
            " ORDER BY workflow_id, seq",
            r=ROLLOUT,
        ),
        await storm.office.rows("SELECT * FROM case_row WHERE rollout = :r", r=ROLLOUT),
    )
    assert [] == await storm.office.rows(
        "SELECT d.* FROM desk_item d JOIN case_row USING (workflow_id) WHERE rollout = :r",
        r=ROLLOUT,
    )
    assert {p.wid for p in plays} == set(everything.rows)
    tried = await storm.office.rows("SELECT * FROM case_attempt WHERE rollout = :r", r=ROLLOUT)
    expected = {(p.wid, p.attempt.action_id) for p in plays if p.attempt is not None}
    assert expected == {(t["workflow_id"], t["action_id"]) for t in tried}
    for play in plays:
        everything.assert_sound(play)
    limit = asyncio.Semaphore(50)
    await asyncio.gather(*(agrees(storm, play, everything.rows[play.wid], limit) for play in plays))
    endings = Counter(everything.ends.values())
    print(endings)
    assert len(endings) >= 12


class Records:
    """What the log and the register hold of every case, by its workflow id."""

    def __init__(self, lines: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
        self.lines: dict[str, list[dict[str, Any]]] = {}
        for line in lines:
            self.lines.setdefault(line["workflow_id"], []).append(line)
        self.rows = {row["workflow_id"]: row for row in rows}
        self.ends: dict[str, str] = {}

    def assert_sound(self, play: Play) -> None:
        """One case: whole, once, along its route, with every clock."""
        lines, row = self.lines[play.wid], self.rows[play.wid]
        kept = [e["action_id"] for e in lines if e["kind"] == "办理" and e["action_id"]]
        assert_whole(lines, play.accepted, kept)
        assert all(e["confirmed"] for e in lines)
        no = {e["action_id"] for e in lines if e["kind"] == "拒绝"}
        attempt = {play.attempt.action_id} if play.attempt else set()
        assert play.refused | attempt == no, play.wid
        own = lines
        if play.attempt is not None:
            assert ["拒绝", "结束"] == [e["kind"] for e in lines[:2]]
            own = lines[2:]
        called = play.opening.receivers
        end = walked(play.kind, play.street, called, own)
        self.ends[play.wid] = f"{play.kind}：{end}"
        ending = "终止" if end == "终止" else "办结"
        assert (ending, str(play.kind), play.street) == (row["status"], row["kind"], row["street"])
        assert "结束" == lines[-1]["kind"] and row["ended_at"] == lines[-1]["at"]
        assert (row["seq"], row["action_id"]) == (lines[-1]["seq"], play.opening.action_id)
        assert row["returns"] == sum(e["kind"] == "办理" and e["verb"] == "退回" for e in own)
        if end != "终止":
            asked = "、".join(called) if play.kind is CaseKind.WHISTLE else play.receiver
            assert row["receiver"] == asked, play.wid
        assert_clocks(play, row, own)


def assert_clocks(play: Play, row: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """No clock is lost: each began, stopped and was late as the log says."""
    clocks = clocks_in(row)
    for clock in clocks.values():
        assert clock.stopped_at is not None and clock.by and clock.basis and clock.rule, clock
        assert clock.due_at is not None
        assert bool(clock.late_by) == (clock.stopped_at >= clock.due_at), clock
    opened = [e for e in lines if e["kind"] == "开启"]
    acted = [e for e in lines if e["kind"] == "办理"]
    expected: dict[str, tuple[datetime, datetime]] = {}
    visits: Counter[str] = Counter()
    for line in opened:
        step = line["step"]
        visits[step] += 1
        hidden = step in ("报告", "交接") or (step == "签收" and visits[step] == 1)
        limited = step in LIMITS or (step == "签收" and play.kind in UPWARD)
        if not limited or (play.kind in UPWARD and hidden):
            continue
        name = step if visits[step] == 1 else f"第{visits[step]}次{step}"
        expected[name] = (line["at"], closing(line, acted))
    if play.kind in UPWARD:
        trigger = play.opening.trigger_at
        expected["当天报告"] = (trigger, closing(opened[0], acted))
        if any(e["step"] == "交接" for e in opened):
            expected["正式交接"] = (trigger, handed_over(acted, play.street))
    found = {n: (c.started_at, c.stopped_at) for n, c in clocks.items()}
    assert expected == found, play.wid


def closing(opened: dict[str, Any], acted: list[dict[str, Any]]) -> datetime:
    """When a step that was opened by this line was closed: by the last answer before the next."""
    for line in acted:
        if line["seq"] < opened["seq"]:
            continue
        if line["verb"] == "终止" or (
            line["step"] == opened["step"] and "outcome" in line["detail"]
        ):
            return line["at"]  # type: ignore[no-any-return]
    raise AssertionError(f"never closed: {opened}")


def handed_over(acted: list[dict[str, Any]], street: str) -> datetime:
    """When the 3 working days stopped: somebody has it, or nobody need take it any more."""
    ends = {
        ("签收", "接收"),
        ("协商", "接收"),
        ("协商", "自办"),
        ("指定", "本街道"),
        ("", "终止"),
    }
    return next(
        e["at"] for e in acted if (e["step"], told_as(e, street)) in ends or e["verb"] == "终止"
    )


async def agrees(storm: Storm, play: Play, row: dict[str, Any], limit: asyncio.Semaphore) -> None:
    """The workflow's own end is the register's."""
    async with limit:
        handle = storm.office.client.get_workflow_handle(play.wid, result_type=ProcedureResult)
        assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
        result = await handle.result()
        assert (result.ending, result.seq) == (row["status"], row["seq"])
        assert row["ended_at"] <= result.ended_at
        if play.number % 20 == 0:
            told = await storm.office.progress(play.wid)
            assert (told.status, told.seq, told.written) == (row["status"], row["seq"], row["seq"])
            assert all(s.closed_at is not None for s in told.steps)

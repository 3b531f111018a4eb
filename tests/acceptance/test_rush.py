"""Many at once: one wins and the others are told; nothing wedges, nothing starts twice."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from domain.action import Action
from domain.procedure import Verb
from tests.acceptance.site import (
    KICKOFF,
    OFFICE,
    SOUND,
    Site,
    assert_whole,
    rows,
    sanding,
    summary,
)

ROLLOUT = "抢办"


@pytest.fixture(scope="module")
async def site(stack, tmp_path_factory) -> Site:
    """The shared stack, with a rollout of our own."""
    opened = Site(stack.settings.data_dir)
    await opened.start_plan(ROLLOUT)
    return opened


async def test_of_two_persons_at_one_step_one_wins(site):
    """Both reviewers decide 初审 at the same moment: one is done, the other is refused."""
    wid = sanding(ROLLOUT, "一街道")
    drafted = await site.act(f"{wid}#起草", "提交", "一街道经办甲", "--evidence=草案=1号")
    assert drafted.code == 0, drafted.err

    both = await asyncio.gather(
        *(site.act(f"{wid}#初审", "通过", f"{OFFICE}{who}", *SOUND) for who in ("经办甲", "经办乙"))
    )

    assert sorted(said.code for said in both) == [0, 3]
    loser = next(said for said in both if said.code == 3)
    assert loser.error in {"STEP_NOT_OPEN", "STEP_CLOSED"}, loser.err


async def test_twenty_at_once_are_all_answered(site, stack):
    """The server takes ten Updates of a procedure at a time; the command waits for its turn."""
    from starter.actions import send
    from starter.desk_client import Door

    wid = summary(ROLLOUT, "一街道")
    client = await site.connect()
    door = Door(desk=client, workflows=client)
    actions = [
        Action(
            action_id=f"涌{number}", verb=Verb.ADD_NOTE, person="一街道经办甲", note=f"第{number}条"
        )
        for number in range(20)
    ]

    replies = await asyncio.gather(*(send(door, wid, action) for action in actions))

    assert all(reply.accepted for reply in replies)
    question = (
        "SELECT seq, kind, action_id FROM log_entry"
        " WHERE workflow_id = $1 AND superseded_by IS NULL ORDER BY seq"
    )
    lines = await rows(stack.database_url, question, wid)
    kept = [line["action_id"] for line in lines if line["kind"] == "办理"]
    assert Counter(kept) == Counter(action.action_id for action in actions)
    assert_whole(lines, kept, kept)
    done = await site.act(f"{wid}#办理", "提交", "一街道经办甲")
    assert done.code == 0, done.err


async def test_of_two_starts_at_once_one_starts(site):
    """Two coordinators start the same plan in the same moment: one does, the other is told."""
    path = str(site.plan_named("同启"))

    both = await asyncio.gather(
        *(site.jiegai("rollout", "start", path, *KICKOFF) for _ in range(2))
    )

    assert sorted(said.code for said in both) == [0, 3]
    assert {said.error for said in both} == {"", "ALREADY_STARTED"}
    listed = (await site.jiegai("rollout", "list", "--json")).json["lines"]
    assert [one["rollout"] for one in listed].count("同启") == 1

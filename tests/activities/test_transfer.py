"""What a transfer batch does to roster and ledger, delivered twice, at once, and too late."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from activities.transfer import TransferActivities
from activities.transfer_desk import TransferReads
from contracts.transfer import (
    Batch,
    Change,
    CheckQuestion,
    PeopleQuestion,
    PersonAction,
    PersonOrder,
    Posting,
    TransferQuestion,
)
from domain.action import Evidence
from domain.transfer_person import PersonKind
from storage.engine import Database
from storage.registers_store import NewPlan, store_plan
from tests.office import Office as _Office
from tests.transfers import (
    OFFICE,
    STREET,
    Person,
    balances,
    draw_up,
    key,
    lock,
    places,
    sound,
    status,
    transfer_plan,
)

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
DAY = date(2026, 11, 23)
_names = itertools.count(1)


class Registers(_Office):
    """The database part of an office, with a clock that stands."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def now(self) -> datetime:
        """The clock."""
        return NOW


@dataclass
class Desk:
    """A frozen batch of 250 people, and whoever works on it."""

    rollout: str
    office: Registers
    transfers: TransferActivities
    reads: TransferReads
    run: Any
    batch: Batch

    def posting(self, stage: str, step: str, **more: object) -> Posting:
        """What a step asks to be posted."""
        return Posting(
            **{
                "batch": self.batch,
                "stage": stage,
                "step": step,
                "person": "测试",
                "paper": "甲编委〔2026〕3号",
                "day": DAY,
                "now": NOW,
                **more,
            }
        )

    def order(self, kind: str, *keys: str, **more: object) -> PersonOrder:
        """A decision of the leading unit."""
        action = PersonAction(
            action_id=f"{kind}一次",
            kind=PersonKind(kind),
            staff=keys,
            person="测试",
            note="记录",
            evidence=(Evidence(name="更正", doc_no="甲编办〔2026〕7号"),),
            to_unit=str(more.pop("to_unit", "")),
        )
        return PersonOrder(
            **{
                "batch": self.batch,
                "action": action,
                "leads": True,
                "units": (),
                "approved": True,
                "moved": False,
                "day": DAY,
                "now": NOW,
                **more,
            }
        )

    async def send(self) -> Any:
        """The approval is posted."""
        return await self.run(self.transfers.send, self.posting("审批#1", "审批"))


@pytest.fixture
async def desk(database: Database, run: Any) -> Desk:
    """250 people of one department, locked, on a roster that is frozen."""
    name = f"批次{next(_names)}"
    office = Registers(database)
    plan = transfer_plan(name, DAY)
    async with database.transaction() as connection:
        new = NewPlan(
            plan=plan, content_hash=name, document="{}", procedures=1, at=NOW, person="测试"
        )
        await store_plan(connection, new)
    people = [Person(n) for n in range(250)]
    await lock(office, name, people)
    await draw_up(office, name, "名册1号", people)
    transfers = TransferActivities(database)
    batch = Batch(
        rollout=name,
        workflow_id=f"{name}/甲区/一街道/人员转隶",
        unit=STREET,
        number="名册1号",
        version=1,
        content_hash="名册1号/1",
    )
    frozen = await run(transfers.freeze, Change(batch=batch, now=NOW))
    assert (frozen.code, frozen.version) == ("", 1)
    return Desk(
        rollout=name,
        office=office,
        transfers=transfers,
        reads=TransferReads(database),
        run=run,
        batch=batch,
    )


async def entries(desk: Desk) -> int:
    """How many entries the ledger of the rollout has."""
    [row] = await desk.office.rows(
        "SELECT count(*) AS n FROM ledger_transaction WHERE rollout = :r", r=desk.rollout
    )
    return int(row["n"])


async def test_everything_delivered_twice_is_done_once(desk: Desk) -> None:
    """A second freeze, posting, registration or end finds nothing left to do."""
    again = await desk.run(desk.transfers.freeze, Change(batch=desk.batch, now=NOW))
    assert again.code == ""
    assert [(await desk.send()).people for _ in range(2)] == [250, 0]
    after_sending = await entries(desk)
    registration = desk.posting("编制实名登记#1", "编制实名登记")
    arrived = [(await desk.run(desk.transfers.register, registration)).people for _ in range(2)]
    assert arrived == [250, 0]
    assert await entries(desk) == after_sending + 250
    for _ in range(2):
        ended = await desk.run(desk.transfers.end, desk.posting("结束", "办结"))
        assert (ended.in_transit, ended.astray) == (0, 0)

    assert await balances(desk.office, desk.rollout) == {OFFICE: (0, 0, 0), STREET: (250, 0, 250)}
    assert await status(desk.office, desk.rollout) == "办结"
    await sound(desk.office, desk.rollout)


async def test_two_deliveries_at_the_same_time_are_one(desk: Desk) -> None:
    """Pages take turns: who comes second finds the persons on their way."""
    people = [posted.people for posted in await asyncio.gather(desk.send(), desk.send())]
    registration = desk.posting("编制实名登记#1", "编制实名登记")
    arrived = await asyncio.gather(
        *(desk.run(desk.transfers.register, registration) for _ in range(3))
    )

    assert sum(people) == 250
    assert sum(posted.people for posted in arrived) == 250
    assert {posted.code for posted in arrived} == {""}
    assert await balances(desk.office, desk.rollout) == {OFFICE: (0, 0, 0), STREET: (250, 0, 250)}


async def test_a_worker_thought_dead_posts_nothing_behind_the_compensation(desk: Desk) -> None:
    """After everything was taken back, a late page of the approval is turned away."""
    await desk.send()
    back = desk.posting("终止", "终止", paper="", reason="终止")
    assert (await desk.run(desk.transfers.take_back, back)).people == 250

    late = await desk.send()

    assert (late.code, late.people) == ("BATCH_ENDED", 0)
    assert (await desk.run(desk.transfers.take_back, back)).people == 0
    assert (await desk.run(desk.transfers.end, desk.posting("结束", "撤销"))).in_transit == 0
    assert await balances(desk.office, desk.rollout) == {OFFICE: (250, 0, 250)}
    assert await status(desk.office, desk.rollout) == "撤销"


async def test_a_decision_delivered_twice_is_one(desk: Desk) -> None:
    """移出 twice under one action id takes one post back, and says the same both times."""
    await desk.send()
    order = desk.order("移出", key(1), key(2))

    answers = [await desk.run(desk.transfers.decide, order) for _ in range(2)]

    assert answers[0] == answers[1]
    assert answers[0].counts == {"在途": 248, "移出": 2}
    assert await balances(desk.office, desk.rollout) == {OFFICE: (2, 248, 250)}


async def test_one_person_refused_leaves_all_as_they_were(desk: Desk) -> None:
    """An action is about all its persons or none."""
    await desk.send()
    await desk.run(desk.transfers.decide, desk.order("移出", key(1)))
    both = desk.order("移出", key(2), key(1))
    refused = await desk.run(
        desk.transfers.decide, replace(both, action=replace(both.action, action_id="又一次"))
    )

    assert refused.code == "PERSON_OUT"
    assert (await places(desk.office, desk.rollout))[key(2)] == "在途"


async def test_an_adjusted_person_goes_elsewhere_with_the_post(desk: Desk) -> None:
    """调整 after the 批复 turns the post round in one entry."""
    await desk.send()
    for kind in ("异议", "谈话"):
        await desk.run(desk.transfers.decide, desk.order(kind, key(7)))
    wrong = desk.order("调整", key(7), to_unit="没有的单位")
    assert (await desk.run(desk.transfers.decide, wrong)).code == "UNKNOWN_UNIT"
    answer = await desk.run(desk.transfers.decide, desk.order("调整", key(7), to_unit="二街道"))
    assert answer.accepted, answer.sentence
    await desk.run(desk.transfers.register, desk.posting("编制实名登记#1", "编制实名登记"))

    found = await balances(desk.office, desk.rollout)
    assert found == {OFFICE: (0, 0, 0), STREET: (249, 0, 249), "二街道": (1, 0, 1)}
    await sound(desk.office, desk.rollout)


async def test_a_roster_belongs_to_one_procedure(desk: Desk) -> None:
    """Another procedure is told whose roster it is, and cannot freeze it."""
    other = replace(desk.batch, workflow_id="别的事项")

    asked = await desk.run(desk.transfers.check, CheckQuestion(batch=other, step="名册", now=NOW))
    taken = await desk.run(desk.transfers.freeze, Change(batch=other, now=NOW))

    assert (asked.code, taken.code) == ("ROSTER_TAKEN", "ROSTER_TAKEN")


async def test_trying_an_approval_leaves_nothing_behind(desk: Desk) -> None:
    """The check posts everything and rolls it back."""
    before = await entries(desk)
    question = CheckQuestion(
        batch=desk.batch,
        step="审批",
        now=NOW,
        stage="审批#1",
        person="测试",
        paper="甲编委〔2026〕3号",
        day=DAY,
    )

    assert (await desk.run(desk.transfers.check, question)).code == ""
    other = replace(question, batch=replace(desk.batch, content_hash="别的"))
    assert (await desk.run(desk.transfers.check, other)).code == "ROSTER_CHANGED"
    assert await entries(desk) == before
    assert await balances(desk.office, desk.rollout) == {OFFICE: (250, 0, 250)}


async def test_a_batch_is_shown_by_sums_and_keys(desk: Desk) -> None:
    """Sums by department and team, open objections, and pages of keys."""
    await desk.send()
    await desk.run(desk.transfers.decide, desk.order("异议", key(3)))
    wid = desk.batch.workflow_id

    shown = await desk.run(desk.reads.show, TransferQuestion(workflow_id=wid, now=NOW))
    objecting = await desk.run(
        desk.reads.people, PeopleQuestion(workflow_id=wid, now=NOW, state="异议")
    )

    assert (shown.people, shown.in_transit, shown.objections) == (250, 250, {"异议": 1})
    assert shown.counts == {"在途": 250, "异议未结": 1}
    assert [line.people for line in shown.sums] == [250]
    assert [line.staff for line in objecting.lines] == [key(3)]

"""Transfer batches beside each other: raced for a roster or a person, and in any order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.registers import RegistersActivities
from activities.transfer import TransferActivities
from contracts.transfer import Batch, Change, PersonAction, PersonOrder, Posting
from domain.roster import Place as OnRoster
from domain.roster import RosterStatus
from domain.transfer import CORRECTION_DOCUMENT, Stage
from domain.transfer_person import PersonKind
from storage.engine import Database
from storage.ledger_audit import audit
from storage.roster_store import roster_for, store_roster
from tests.office import Office, proof
from tests.small_plan import STREETS
from tests.transfers import (
    OFFICE,
    REFORM_OFFICE,
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

NOW = datetime(2026, 12, 31, 2, tzinfo=UTC)
TODAY = date(2026, 12, 31)
NUMBERS = ("名册1号", "名册2号", "名册3号")
_names = itertools.count(1)


class Registry(Office):
    """A database with a locked census, and the activities that move its batches."""

    def __init__(self, database: Database, name: str) -> None:
        self.database = database
        self.registers = RegistersActivities(database)
        self.name = name
        self.transfers = TransferActivities(database)

    async def now(self) -> datetime:
        """One moment."""
        return NOW

    async def today(self) -> date:
        """Its day."""
        return TODAY

    def batch(self, number: int = 0, procedure: str = "人员转隶") -> Batch:
        """A procedure about a roster."""
        return Batch(
            rollout=self.name,
            workflow_id=f"{self.name}/甲区/{STREET}/{procedure}{number}",
            unit=STREET,
            number=NUMBERS[number],
        )

    def posting(self, batch: Batch, stage: str, step: str, **more: Any) -> Posting:
        """What the clerk would ask for."""
        return Posting(
            batch=batch,
            stage=stage,
            step=step,
            person=f"{REFORM_OFFICE}经办甲",
            paper="甲编委〔2026〕3号",
            day=TODAY,
            now=NOW,
            **more,
        )

    async def run(self, activity: Callable[..., Awaitable[Any]], given: Any) -> Any:
        """Run an activity as a worker would."""
        return await ActivityEnvironment().run(activity, given)

    async def freeze(self, batch: Batch) -> Any:
        """冻结 with the version that is there."""
        [found] = await self.rows(
            "SELECT version, content_hash FROM roster WHERE rollout = :r AND number = :n"
            " AND status <> '已替换'",
            r=self.name,
            n=batch.number,
        )
        return await self.run(self.transfers.freeze, Change(batch=replace(batch, **found), now=NOW))

    async def send(self, batch: Batch, visit: int = 0) -> Any:
        """批复; without ``visit`` the one after as many as were taken back."""
        [back] = await self.rows(
            "SELECT count(*) AS times FROM ledger_transaction"
            " WHERE procedure = :w AND kind = '编制收回' AND key LIKE :back",
            w=batch.workflow_id,
            back="%:收回%",
        )
        stage = f"审批#{visit or back['times'] + 1}"
        return await self.run(self.transfers.send, self.posting(batch, stage, "审批"))

    async def arrive(self, batch: Batch) -> Any:
        """编制实名登记."""
        given = self.posting(batch, "编制实名登记#1", "编制实名登记")
        return await self.run(self.transfers.register, given)

    async def take_back(self, batch: Batch) -> Any:
        """收回."""
        given = self.posting(batch, f"收回{next(_names)}", "收回", reason="终止")
        return await self.run(self.transfers.take_back, given)

    async def thaw(self, batch: Batch) -> Any:
        """解冻."""
        return await self.run(self.transfers.thaw, Change(batch=batch, now=NOW))

    async def end(self, batch: Batch, status: RosterStatus) -> Any:
        """办结 or 撤销."""
        return await self.run(self.transfers.end, self.posting(batch, "结束", status))

    def order(self, batch: Batch, kind: PersonKind, *staff: str, **more: Any) -> PersonOrder:
        """A decision about persons after the 批复."""
        action = PersonAction(
            action_id=f"人员{next(_names)}",
            kind=kind,
            staff=staff,
            person=f"{REFORM_OFFICE}经办甲",
            note="已记录",
            evidence=proof(CORRECTION_DOCUMENT),
            **more,
        )
        return PersonOrder(
            batch=batch,
            action=action,
            leads=True,
            units=(REFORM_OFFICE,),
            approved=True,
            moved=False,
            day=TODAY,
            now=NOW,
        )

    async def decide(self, order: PersonOrder) -> Any:
        """移出, 调整 and the like."""
        return await self.run(self.transfers.decide, order)

    async def posted(self) -> dict[str, int]:
        """How many entries of each kind a person is in at most."""
        rows = await self.rows(
            "SELECT kind, max(times) AS times FROM (SELECT t.kind, p.staff, count(DISTINCT t.id) AS"
            " times FROM ledger_transaction t JOIN ledger_posting p ON p.transaction = t.id"
            " WHERE t.rollout = :r AND t.procedure <> '' AND p.staff <> '' GROUP BY 1, 2) x"
            " GROUP BY 1",
            r=self.name,
        )
        return {row["kind"]: row["times"] for row in rows}

    async def lawful(self) -> None:
        """Every law of the ledger holds, everybody is in one place, rosters and ledger agree."""
        async with self.database.snapshot() as connection:
            assert (await audit(connection, self.name)).breaches == ()
        await sound(self, self.name)
        astray = await self.rows(
            "SELECT p.number, p.staff, p.state FROM roster r JOIN roster_person p"
            " USING (rollout, number, version) LEFT JOIN ledger_place l"
            " ON (l.rollout, l.staff, l.type) = (p.rollout, p.staff, p.type)"
            " WHERE r.rollout = :r AND r.status NOT IN ('已替换', '撤销')"
            " AND ((l.toward IS NOT NULL) <> (p.state = '在途') AND p.live"
            " OR (p.state = '已转') AND l.unit <> p.to_unit AND p.live)",
            r=self.name,
        )
        assert astray == []


async def opened(database: Database, *rosters: list[Person], spare: int = 0) -> Registry:
    """A rollout of its own, its census locked with everybody, a roster for each batch."""
    registry = Registry(database, f"转隶活动{next(_names)}")
    await Office.register(registry, transfer_plan(registry.name, TODAY))
    everybody = {person.key: person for people in rosters for person in people}
    await lock(registry, registry.name, list(everybody.values()), spare=spare)
    taken: set[str] = set()
    for number, people in zip(NUMBERS, rosters, strict=False):
        free = [person for person in people if person.key not in taken]
        taken |= {person.key for person in free}
        await draw_up(registry, registry.name, number, free)
    return registry


SIX = [Person(n) for n in range(1, 7)]
AT_ONCE = 4


async def test_several_deliveries_at_the_same_moment_from_the_start(database: Database) -> None:
    """No delivery has been the first: four at once of each activity, and back again."""
    here = await opened(database, SIX)
    batch = here.batch()

    async def at_once(act: Callable[[], Awaitable[Any]]) -> list[Any]:
        return list(await asyncio.gather(*(act() for _ in range(AT_ONCE))))

    assert {a.code for a in await at_once(lambda: here.freeze(batch))} == {""}
    assert sum(a.people for a in await at_once(lambda: here.send(batch))) == 6
    back = here.posting(batch, "终止", "终止", reason="终止")
    taken = await at_once(lambda: here.run(here.transfers.take_back, back))
    assert sum(a.people for a in taken) == 6
    await at_once(lambda: here.thaw(batch))
    assert await status(here, here.name) == "编制中"
    await at_once(lambda: here.end(batch, RosterStatus.CANCELLED))

    assert await here.posted() == {"编制划转": 1, "编制收回": 1}
    assert await balances(here, here.name) == {OFFICE: (6, 0, 6)}
    assert await status(here, here.name) == "撤销"
    await here.lawful()


async def test_the_key_of_another_journey_moves_nobody(database: Database) -> None:
    """Sent, taken back, and sent again under the first key: refused, roster and ledger stay one."""
    here = await opened(database, SIX)
    batch = here.batch()
    await here.freeze(batch)
    assert (await here.send(batch, 1)).people == 6
    await here.take_back(batch)
    await here.thaw(batch)
    await here.freeze(batch)

    again = await here.send(batch, 1)

    assert (again.code, again.people, again.in_transit) == ("LEDGER_KEY_USED", 0, 0)
    await here.lawful()
    assert (await here.send(batch, 2)).people == 6
    await here.lawful()


async def test_two_procedures_that_want_one_roster(database: Database) -> None:
    """One freezes it, the other is told which procedure has it; what it sends is refused."""
    here = await opened(database, SIX)
    rivals = [here.batch(procedure=name) for name in ("人员转隶", "另一转隶")]

    answers = await asyncio.gather(*(here.freeze(rival) for rival in rivals))

    assert sorted(a.code for a in answers) == ["", "ROSTER_TAKEN"]
    winner = rivals[[a.code for a in answers].index("")]
    [told] = [a.sentence for a in answers if a.code]
    assert winner.workflow_id in told
    sent = await asyncio.gather(*(here.send(rival) for rival in rivals))
    assert sorted(a.people for a in sent) == [0, 6]
    assert await here.posted() == {"编制划转": 1}
    await here.lawful()


async def test_two_batches_that_want_one_person(database: Database) -> None:
    """A person whom another batch has put on the way is named, and nothing of the batch is sent.

    Two live rosters never hold one person; here the second is drawn up past that.
    """
    here = await opened(database, SIX[:4], SIX[4:])
    first, second = here.batch(0), here.batch(1)
    await here.change(
        "INSERT INTO roster_person (rollout, number, version, staff, from_unit, to_unit, team, type,"
        " state, live, sink_mode) SELECT rollout, '名册2号', version, staff, from_unit, :t, team, type, state,"
        " false, sink_mode FROM roster_person WHERE rollout = :r AND staff = :k",
        r=here.name,
        k=key(1),
        t=STREETS[1],
    )
    await asyncio.gather(here.freeze(first), here.freeze(second))

    answers = await asyncio.gather(here.send(first), here.send(second))

    assert sum(1 for a in answers if a.code) == 1
    [(lost, no)] = [(n, a) for n, a in enumerate(answers) if a.code]
    assert no.people == 0 and no.code.startswith("LEDGER_")
    mine = {key(p.number) for p in (SIX[:4], SIX[4:])[lost]}
    found = await places(here, here.name)
    assert {found[staff] for staff in mine - {key(1)}} == {"在册"}
    async with database.snapshot() as connection:
        assert (await audit(connection, here.name)).breaches == ()
    await sound(here, here.name)


async def test_who_waits_for_a_roster_gets_the_version_that_replaced_it(database: Database) -> None:
    """The row waited for is gone when its turn comes; the roster is not."""
    here = await opened(database, SIX)

    async def waiter() -> int:
        async with database.transaction() as connection:
            found = await roster_for(connection, here.name, NUMBERS[0], to_change=True)
            assert found is not None
            return found.version

    async with database.transaction() as connection:
        before = await roster_for(connection, here.name, NUMBERS[0], to_change=True)
        assert before is not None
        second = asyncio.create_task(waiter())
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        while not await here.rows(waiting):
            await asyncio.sleep(0.02)
        new = replace(before, version=before.version + 1, content_hash="其后")
        await store_roster(connection, new, places_of(SIX), before)

    assert await second == before.version + 1


BATCHES = (
    [Person(1), Person(2), Person(3, type="事业")],
    [Person(4), Person(5), Person(6, to_unit=STREETS[1])],
    [Person(7, from_unit=STREETS[1]), Person(8), Person(9, leader_type="领导·科级")],
)


@dataclass(frozen=True)
class Deed:
    """Something done to one of three batches, or to one of its people."""

    what: str
    batch: int
    who: int


ONWARD = "on"
WHAT = [ONWARD] * 8
WHAT += [
    "freeze",
    "send",
    "arrive",
    "take back",
    "thaw",
    "done",
    "cancel",
    "out",
    "adjust",
    "redraw",
]
DEEDS = st.builds(Deed, st.sampled_from(WHAT), st.integers(0, 2), st.integers(1, 9))
STEPS = st.lists(st.lists(DEEDS, min_size=1, max_size=3), min_size=4, max_size=14)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_batches_in_any_order_beside_each_other(database: Database, steps) -> None:
    """Three batches, done to whatever comes, up to three things at once: every law after each step.

    Most of what is tried is refused; the courses that the workflow takes are among it.
    """
    here = await opened(database, *BATCHES, spare=1)
    posts = await total(here)
    for step in steps:
        await asyncio.gather(*(tried(here, deed) for deed in step))
        await here.lawful()
        assert await total(here) == posts
    for number in range(3):
        await here.take_back(here.batch(number))
        ended = await here.end(here.batch(number), RosterStatus.CANCELLED)
        assert ended.in_transit == 0
    await here.lawful()
    assert await total(here) == posts


async def total(here: Registry) -> tuple[int, int]:
    """All posts and all people, wherever they are."""
    found = (await balances(here, here.name)).values()
    return sum(a + t for a, t, _ in found), sum(p for _, _, p in found)


async def tried(here: Registry, deed: Deed) -> None:
    """Do it as it would be delivered; what is refused changes nothing."""
    batch = here.batch(deed.batch)
    what = await next_of(here, batch) if deed.what == ONWARD else deed.what
    try:
        match what:
            case "freeze":
                await here.freeze(batch)
            case "send":
                await here.send(batch)
            case "arrive":
                await here.arrive(batch)
            case "take back":
                await here.take_back(batch)
            case "thaw":
                await here.thaw(batch)
            case "done" | "cancel":
                done = what == "done"
                await here.end(batch, RosterStatus.DONE if done else RosterStatus.CANCELLED)
            case "out":
                await here.decide(here.order(batch, PersonKind.TAKE_OUT, key(deed.who)))
            case "adjust":
                await adjusted(here, batch, key(deed.who))
            case _:
                await redrawn(here, deed)
    except ApplicationError as error:
        # Somebody is on the way: the roster is not drawn up again.
        if (what, error.type) != ("thaw", "BAD_DATA"):
            raise


async def next_of(here: Registry, batch: Batch) -> str:
    """What the course of a batch would do next."""
    found = await here.rows(
        "SELECT stage FROM transfer_batch WHERE workflow_id = :w AND number = :n",
        w=batch.workflow_id,
        n=batch.number,
    )
    if not found or found[0]["stage"] == Stage.DRAWN_UP:
        return "freeze"
    if found[0]["stage"] == Stage.FROZEN:
        return "send"
    waiting = await here.rows(
        "SELECT 1 FROM ledger_place WHERE rollout = :r AND toward IS NOT NULL", r=here.name
    )
    return "arrive" if waiting else "done"


async def adjusted(here: Registry, batch: Batch, staff: str) -> None:
    """异议, 谈话, 调整 to the other street, 答复."""
    for kind in (PersonKind.OBJECT, PersonKind.TALK):
        await here.decide(here.order(batch, kind, staff))
    await here.decide(here.order(batch, PersonKind.ADJUST, staff, to_unit=STREETS[1]))
    await here.decide(here.order(batch, PersonKind.ANSWER, staff))


async def redrawn(here: Registry, deed: Deed) -> None:
    """A later version of a roster that is being drawn up, without one of its persons, as imported."""
    number = NUMBERS[deed.batch]
    people = [p for p in BATCHES[deed.batch] if p.number != deed.who]
    async with here.database.transaction() as connection:
        before = await roster_for(connection, here.name, number, to_change=True)
        assert before is not None
        if before.status is not RosterStatus.DRAWN_UP:
            return
        version = before.version + 1
        new = replace(before, version=version, content_hash=f"{version}", people=len(people))
        await store_roster(connection, new, places_of(people), before)


def places_of(people: list[Person]) -> list[OnRoster]:
    """Persons as a roster holds them."""
    return [
        OnRoster(staff=p.key, from_unit=p.from_unit, to_unit=p.to_unit, team="", type=p.type)
        for p in people
    ]

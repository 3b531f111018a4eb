"""Kill -9 at the boundaries of a transfer batch: before an activity, and right after its commit.

Every part of the course is an activity: the question to the registers, the page of the journal, the
freezing, the postings. Real servers, real workers; each batch is carried by people who repeat what
stays unanswered. After each kill every law of the ledger is tried; at the end everybody is in one
place, each posting was made once, and the log has each action once.

The worker dies at every boundary, the servers at every kind of boundary (see there). Only how soon a
dead worker is missed is shortened, from a minute to three seconds, and workflows run without their
sandbox, of which a new process would be busy most of its life.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import runtime.part
from contracts.transfer import Transfers
from domain.procedure import Verb
from domain.transfer_person import PersonKind
from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.provision import what_to_provision
from tests.acceptance.deadly_batches import (
    AFTER,
    BEFORE,
    ITSELF,
    WITHIN,
    Met,
    Order,
    read_notes,
)
from tests.acceptance.premises import Premises, premises
from tests.acceptance.site import assert_whole
from tests.office import proof
from tests.small_plan import STREETS
from tests.transfers import (
    FOLLOW_UPS,
    OFFICE,
    REFORM_OFFICE,
    STREET,
    Person,
    balances,
    key,
    places,
    roster_proof,
    sound,
    status,
)

PEOPLE = [Person(1), Person(2), Person(3), Person(4), Person(5, type="事业"), Person(6)]
CORRECTION = proof("更正", number="甲编办〔2026〕7号")
HERE = f"{REFORM_OFFICE}经办甲"


@pytest.fixture(scope="module")
async def office(tmp_path_factory) -> AsyncIterator[Premises]:
    """Servers of our own, since they will be killed; each is started again at once, every time."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("faults"), port=0, ui_port=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime.part, "SETTLED_SECONDS", 0.0)
        stack = EmbeddedStack(settings, what_to_provision(settings), with_worker=False)
        async with stack, premises(stack) as opened:
            yield opened


class Trip:
    """One batch on its way through kills."""

    def __init__(self, office: Premises, order: Order, name: str) -> None:
        self.office = office
        self.order = order
        self.name = name
        self.wid = ""
        self.done = 0

    async def start(self) -> None:
        """Begin with the roster drawn up."""
        self.wid = await self.office.begin(self.name, PEOPLE, "名册1号", self.order.queue)

    async def step(self, name: str, verb: Verb, who: str, *documents: str, **more) -> None:
        """One step by one person, done exactly as often as said."""
        await self.office.until_open(self.wid, name)
        number = more.pop("number", "示例〔2026〕1号")
        given = {"evidence": proof(*documents, number=number)} | more
        await self.office.done(self.wid, verb, who, name, **given)
        self.done += 1

    async def record(self, kind: PersonKind, *numbers: int, **more) -> None:
        """One record of persons."""
        staff = tuple(key(n) for n in numbers)
        reply = await self.office.person(
            self.wid, kind=kind, staff=staff, person=HERE, note="已记录", **more
        )
        assert reply.accepted, f"{kind}: {reply.code} {reply.sentence}"
        self.done += 1

    async def request(self) -> None:
        """名册, 通知, 请示."""
        await self.step("名册", Verb.SUBMIT, HERE, evidence=roster_proof())
        await self.step("通知", Verb.SUBMIT, HERE, "通知")
        await self.step("请示", Verb.SUBMIT, HERE, "请示")

    async def approve(self) -> None:
        """批复."""
        paper = "甲编委〔2026〕3号"
        await self.step("审批", Verb.APPROVE, "甲区委编委经办甲", "批复", number=paper)

    async def to_the_end(self) -> None:
        """All the way; on it one person is sent elsewhere and one taken out."""
        await self.request()
        await self.approve()
        await self.office.until_open(self.wid, "转人员")
        await self.record(PersonKind.OBJECT, 1)
        await self.record(PersonKind.TALK, 1)
        await self.record(PersonKind.ADJUST, 1, to_unit=STREETS[1], evidence=CORRECTION)
        await self.record(PersonKind.ANSWER, 1)
        await self.record(PersonKind.TAKE_OUT, 2, evidence=CORRECTION)
        await self.step("转人员", Verb.SUBMIT, f"{STREET}经办甲", "报到单")
        for step, (unit, documents) in FOLLOW_UPS.items():
            await self.step(step, Verb.SUBMIT, f"{unit}经办甲", *documents)
        await self.office.ended(self.wid)

    async def and_back(self) -> None:
        """Returned once, approved, and ended with everybody on the way."""
        await self.request()
        await self.office.until_open(self.wid, "审批")
        who = "甲区委编委经办甲"
        await self.step("审批", Verb.RETURN, who, evidence=(), note="人数再核", to="请示")
        await self.step("请示", Verb.SUBMIT, HERE, "请示")
        await self.approve()
        await self.office.until_open(self.wid, "转人员")
        await self.office.done(self.wid, Verb.TERMINATE, "市协调员", note="试点调整")
        self.done += 1
        await self.office.ended(self.wid)

    async def posted(self) -> dict[str, Counter[str]]:
        """By person how often each kind of entry names the person."""
        found = await self.office.rows(
            "SELECT DISTINCT p.staff, t.kind, t.id FROM ledger_transaction t JOIN ledger_posting p"
            " ON p.transaction = t.id WHERE t.rollout = :r AND t.procedure = :w AND p.staff <> ''",
            r=self.name,
            w=self.wid,
        )
        kinds: dict[str, Counter[str]] = {}
        for row in found:
            kinds.setdefault(row["staff"], Counter())[row["kind"]] += 1
        return kinds

    async def lawful(self) -> None:
        """The ledger keeps every law, and everybody is in one place."""
        assert await self.office.breaches(self.name) == ()
        await sound(self.office, self.name)

    async def logged_once(self) -> list[str]:
        """The log has no gap and each action once; the sentences of what was posted."""
        lines = await self.office.log(self.wid)
        kept = [line["action_id"] for line in lines if line["kind"] == "办理"]
        assert len(kept) == self.done
        assert_whole(lines, kept, kept)
        return [line["sentence"] for line in lines if line["kind"] == "记账"]

    async def arrived(self) -> None:
        """What must be true at the end of the whole way."""
        await self.lawful()
        assert await balances(self.office, self.name) == {
            OFFICE: (1, 0, 1),
            STREET: (4, 0, 4),
            STREETS[1]: (1, 0, 1),
        }
        once = Counter({"编制划转": 1, "转入登记": 1})
        assert await self.posted() == {
            **{person.key: once for person in PEOPLE[2:]},
            key(1): once + Counter({"编制改派": 1}),
            key(2): Counter({"编制划转": 1, "编制收回": 1}),
        }
        assert set((await places(self.office, self.name)).values()) == {"已转", "移出"}
        assert await status(self.office, self.name) == "办结"
        said = await self.logged_once()
        assert len(said) == 4
        assert said[-1].endswith("在途为零，人人在一处。")

    async def came_back(self) -> None:
        """What must be true after the end on the way."""
        await self.lawful()
        assert await balances(self.office, self.name) == {OFFICE: (6, 0, 6)}
        there_and_back = Counter({"编制划转": 1, "编制收回": 1})
        assert await self.posted() == {person.key: there_and_back for person in PEOPLE}
        assert set((await places(self.office, self.name)).values()) == {"在册"}
        assert await status(self.office, self.name) == "撤销"
        said = await self.logged_once()
        assert len(said) == 6
        assert "在途0名，去向不符0人，在途为零，人人在一处" in said[-1]


class Watch:
    """Tries every law of a ledger after each kill that its batch has suffered."""

    def __init__(self, trips: list[Trip]) -> None:
        self.trips = trips
        self.met: dict[str, list[Met]] = {trip.name: [] for trip in trips}

    async def keep(self) -> None:
        """Until cancelled."""
        while True:
            for trip in self.trips:
                await self.look(trip)
            await asyncio.sleep(0.1)

    async def look(self, trip: Trip) -> None:
        """Read what was met, and try the laws if there was a kill."""
        met, known = read_notes(Path(trip.order.notes)), self.met[trip.name]
        self.met[trip.name] = met
        if any(one.victim for one in met[len(known) :]):
            await trip.lawful()

    def ends(self, way: str) -> list[int]:
        """The last boundary of each batch of a way."""
        return [
            max(one.number for one in met) for name, met in self.met.items() if name.startswith(way)
        ]

    def of(self, way: str, since: int) -> tuple[list[Met], list[Met]]:
        """What the batches of a way met from a boundary on, and where somebody was killed."""
        met = [
            one
            for trip in self.trips
            if trip.name.startswith(way)
            for one in self.met[trip.name]
            if one.number >= since
        ]
        return met, [one for one in met if one.victim]


async def carry(office: Premises, tmp_path: Path, orders: dict[str, dict]) -> Watch:
    """Carry a batch for every order, all at once: 转 to the end, 还 to its end on the way."""
    trips = []
    for name, order in orders.items():
        notes = tmp_path / f"{name}.txt"
        notes.touch()
        trips.append(Trip(office, Order(queue=f"q{name}", notes=str(notes), **order), name))
    for trip in trips:
        await trip.start()
    watch = Watch(trips)
    async with office.workers([trip.order for trip in trips]):
        keeping = asyncio.create_task(watch.keep())
        async with asyncio.TaskGroup() as group:
            for trip in trips:
                way = trip.and_back if trip.name.startswith("还") else trip.to_the_end
                group.create_task(way())
        keeping.cancel()
        # A law that was broken after a kill is raised here.
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
    for trip in trips:
        await (trip.came_back() if trip.name.startswith("还") else trip.arrived())
        await watch.look(trip)
    return watch


EVERY = 7
"""Kills of one batch are so many boundaries apart; so many batches leave no boundary out."""

AFTER_THE_REQUEST = 39
"""The first boundary at which the two ways differ."""


async def test_a_worker_is_killed_at_every_boundary(office, tmp_path) -> None:
    """Before and after every activity of both ways some batch's worker is killed, and all arrive.

    Of steps beside each other the order differs from batch to batch: there the n-th activity is
    struck, whichever it is, and every kind of activity.
    """
    worker = {"victim": ITSELF, "every": EVERY}
    orders = {f"转工{n}": {**worker, "first": n} for n in range(EVERY)}
    orders |= {f"还工{n}": {**worker, "first": AFTER_THE_REQUEST + n} for n in range(EVERY)}
    # Which number a boundary has shifts with each page written anew: these two strike by kind.
    orders["转工类"] = {"victim": ITSELF}
    orders["还工类"] = {"victim": ITSELF, "first": AFTER_THE_REQUEST}

    watch = await carry(office, tmp_path, orders)

    everything: set[str] = set()
    for way, since in (("转", 0), ("还", AFTER_THE_REQUEST)):
        met, struck = watch.of(way, since)
        # Pages written anew shift the numbers, so that kinds are what can be compared.
        assert {one.kind for one in struck} == {one.kind for one in met}
        everything |= {one.kind for one in struck}
        # Every activity that all batches came to has been struck at both its edges.
        edges = {n for n in range(max(since, 3), min(watch.ends(way))) if n % 3 != 1}
        assert edges <= {one.number for one in struck}
    # Else there may have been no kill at all.
    assert everything == kinds_of_a_batch()


@pytest.mark.parametrize("victim", ["temporal", "postgres"])
async def test_a_server_is_killed_at_every_kind_of_boundary(office, tmp_path, victim) -> None:
    """Before and after each activity's first time in a way the server dies, not at every time.

    A killed server is away for a second or two, for all batches at once. What its death adds to
    that of the worker, which is struck everywhere, is how an activity fails that cannot reach its
    database, or whose answer is lost: that is its kind's doing, not its place's.
    """
    orders = {
        f"转{victim}": {"victim": victim},
        f"还{victim}": {"victim": victim, "first": AFTER_THE_REQUEST},
    }

    watch = await carry(office, tmp_path, orders)

    everything: set[str] = set()
    for way, since in (("转", 0), ("还", AFTER_THE_REQUEST)):
        met, struck = watch.of(way, since)
        assert [one.kind for one in struck] == list(dict.fromkeys(one.kind for one in met))
        everything |= {one.kind for one in struck}
    assert everything == kinds_of_a_batch()


PAGED = ("send_posts", "register_people", "take_posts_back")
OF_EVERY_PROCEDURE = ("consult_registers", "write_page", "close_dossier")


def kinds_of_a_batch() -> set[str]:
    """Every activity that is declared for a batch, and those of all procedures, at each moment."""
    found = (
        getattr(one, "__temporal_activity_definition", None) for one in vars(Transfers).values()
    )
    names = {*OF_EVERY_PROCEDURE, *(one.name for one in found if one is not None)}
    edges = {f"{moment} {name}" for moment in (BEFORE, AFTER) for name in names}
    return edges | {f"{WITHIN} {name}" for name in PAGED}

"""Transfer batches carried through kill -9: before an activity, and right after its commit.

Every part of the course is an activity: the question to the registers, the page of the journal, the
freezing, the postings. Real servers, real workers; each batch is carried by people who repeat what
stays unanswered. After each kill every law of the ledger is tried; at the end everybody is in one
place, each posting was made once, and the log has each action once.

Only how soon a dead worker is missed and how soon a try is repeated is shortened, and workflows run
without their sandbox, of which a new process would be busy most of its life.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

import runtime.part
from contracts.transfer import Transfers
from domain.procedure import Verb
from domain.transfer_person import PersonKind
from runtime.converter import data_converter
from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.provision import what_to_provision
from tests.acceptance.deadly_batches import (
    AFTER,
    BEFORE,
    SEVERAL_COMMITS,
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
from workflows.personnel_transfer import PersonnelTransfer

PEOPLE = [Person(1), Person(2), Person(3), Person(4), Person(5, type="事业"), Person(6)]
CORRECTION = proof("更正", number="甲编办〔2026〕7号")
HERE = f"{REFORM_OFFICE}经办甲"


@asynccontextmanager
async def doomed_servers(data_dir: Path) -> AsyncIterator[Premises]:
    """Servers of our own, since they will be killed; each is started again at once, every time."""
    settings = Settings(data_dir=data_dir, port=0, ui_port=0)
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

    async def replays(self) -> None:
        """What was done live is what a replay asks for, whoever died meanwhile."""
        replayer = Replayer(
            workflows=[PersonnelTransfer],
            workflow_runner=UnsandboxedWorkflowRunner(),
            data_converter=data_converter,
        )
        handle = self.office.client.get_workflow_handle(self.wid)
        await replayer.replay_workflow(await handle.fetch_history())

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

    def of(self, way: str) -> list[Met]:
        """Where the batches of a way came, from the boundary on from which they are struck."""
        trips = [trip for trip in self.trips if trip.name.startswith(way)]
        return [
            one for trip in trips for one in self.met[trip.name] if one.number >= trip.order.first
        ]


async def carry(office: Premises, tmp_path: Path, victim: str, ways: dict[str, int]) -> Watch:
    """Carry so many batches on each way, all at once, through kills at its every boundary."""
    trips = []
    for way, batches in ways.items():
        struck = tmp_path / way
        struck.mkdir()
        for n in range(batches):
            name = f"{way}{n}"
            notes = tmp_path / f"{name}.txt"
            notes.touch()
            order = Order(
                queue=f"q{name}",
                notes=str(notes),
                struck=str(struck),
                victim=victim,
                first=AFTER_THE_REQUEST if way == BACK else 0,
            )
            trips.append(Trip(office, order, name))
    for trip in trips:
        await trip.start()
    watch = Watch(trips)
    async with office.workers([trip.order for trip in trips]):
        keeping = asyncio.create_task(watch.keep())
        async with asyncio.TaskGroup() as group:
            for trip in trips:
                way = trip.and_back if trip.name.startswith(BACK) else trip.to_the_end
                group.create_task(way())
        keeping.cancel()
        # A law that was broken after a kill is raised here.
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
    for trip in trips:
        await (trip.came_back() if trip.name.startswith(BACK) else trip.arrived())
        await trip.replays()
        await watch.look(trip)
    return watch


THERE, BACK = "转", "还"
"""To the end; and returned once, approved, and ended with everybody on the way."""

AFTER_THE_REQUEST = 39
"""The first boundary at which the two ways differ."""


async def kill_at_every_boundary(
    office: Premises, tmp_path: Path, victim: str, *, there: int, back: int
) -> None:
    """Before and after every activity of both ways somebody dies for some batch, and all arrive.

    The n-th activity of a kind is struck wherever some batch comes to an n-th, also to one that only
    a fault has made. Of steps beside each other the order differs from batch to batch: there the
    n-th is struck, whichever it is.
    """
    watch = await carry(office, tmp_path, victim, {THERE: there, BACK: back})

    everything: set[str] = set()
    for way in (THERE, BACK):
        met = watch.of(way)
        struck = [one.place for one in met if one.victim]
        assert sorted(struck) == sorted({one.place for one in met})
        everything |= {kind for kind, _ in struck}
    # Else there may have been no kill at all.
    assert everything == kinds_of_a_batch()


OF_EVERY_PROCEDURE = ("consult_registers", "write_page", "close_dossier")


def kinds_of_a_batch() -> set[str]:
    """Every activity that is declared for a batch, and those of all procedures, at each moment."""
    found = (
        getattr(one, "__temporal_activity_definition", None) for one in vars(Transfers).values()
    )
    names = {*OF_EVERY_PROCEDURE, *(one.name for one in found if one is not None)}
    edges = {f"{moment} {name}" for moment in (BEFORE, AFTER) for name in names}
    return edges | {f"{WITHIN} {name}" for name in SEVERAL_COMMITS}

"""Draws against a real database: committed, sealed, made once, read by the organiser, published."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from temporalio.testing import ActivityEnvironment

from activities.audit_draw import DrawBook, Drawn
from activities.audit_draw_desk import DrawActivities
from activities.plan_shelf import Shelf
from contracts.audit_draw import DrawAnswer, DrawQuestion, PublicNumber, sample_purpose
from domain.audit import AuditKind, AuditPlan, Cadence, Every, RunKey, SampleRule
from domain.audit_cadence import Version, Window
from domain.audit_reckoning import Ending, Settled
from domain.deadline import local_day
from domain.draw_record import read_record, verify
from domain.refusal import Refused
from domain.sampling import Deposit
from domain.unit import Unit, UnitKind
from runtime.seal import Seal
from storage.audit_plan_store import NewRun, add_version, settle
from storage.draw_store import read_readings
from storage.engine import Database
from tests.activities.conftest import REGISTERED_AT, Rollout

SEAL = Seal(b"w" * 32)
ORGANISER = Seal(b"o" * 32)
LABEL = "2019年第4季度"
WINDOW = Window(
    label=LABEL,
    planned=date(2019, 12, 2),
    opens_on=date(2019, 12, 2),
    opens_at=datetime(2019, 12, 2, 1, tzinfo=UTC),
    days=(date(2019, 12, 2), date(2019, 12, 3), date(2019, 12, 4)),
)
PREPARED_AT = datetime(2019, 11, 20, 2, tzinfo=UTC)
AFTER = datetime(2019, 12, 4, 10, tzinfo=UTC)
SOURCE = "当日福彩3D开奖号码"
EDITOR = "海勃湾区委编办经办甲"


@dataclass(frozen=True)
class Sampling:
    """An arrangement of 随机抽查 in 海勃湾区, and what draws for it."""

    database: Database
    plan: AuditPlan
    key: RunKey
    book: DrawBook
    streets: tuple[Unit, ...]

    async def prepare(self, at: datetime = PREPARED_AT) -> Deposit:
        """Commit to the draw of the window."""
        async with self.database.transaction() as connection:
            made = await self.book.prepare(connection, self.plan, WINDOW, self.streets, at)
        assert isinstance(made, Deposit)
        return made

    async def draw(self, at: datetime = AFTER, number: str = "") -> Drawn | Refused:
        """Draw."""
        async with self.database.transaction() as connection:
            return await self.book.draw(connection, self.key, at, number)

    async def hour(self) -> datetime:
        """The secret hour."""
        async with self.database.single() as connection:
            found = await self.book.fire_at(connection, self.key)
        assert isinstance(found, datetime)
        return found

    async def units(self) -> Any:
        """The sample, as the worker may know it."""
        async with self.database.single() as connection:
            return await self.book.drawn_units(connection, self.key)

    async def publish(self, at: datetime = AFTER) -> Refused | None:
        """Publish the proof."""
        async with self.database.transaction() as connection:
            return await self.book.publish(connection, self.key, at)

    async def row(self) -> Any:
        """The row on file."""
        async with self.database.single() as connection:
            found = await connection.execute(
                text("SELECT * FROM audit_draw WHERE rollout = :r"), {"r": self.plan.rollout}
            )
            return found.one_or_none()

    async def read(
        self, person: str = EDITOR, window: str = LABEL, server: datetime = AFTER
    ) -> DrawAnswer:
        """Ask at the desk how the draw stands, from a computer whose clock shows ``AFTER``."""
        room = ActivityEnvironment()
        room.info = replace(room.info, current_attempt_scheduled_time=server)
        question = DrawQuestion(now=AFTER, key=replace(self.key, window=window), person=person)
        return await room.run(self.desk.read, question)

    async def give(
        self, number: str, person: str = EDITOR, now: datetime = AFTER, server: datetime = AFTER
    ) -> DrawAnswer:
        """Give the public number, from a computer whose clock shows ``now``."""
        room = ActivityEnvironment()
        room.info = replace(room.info, current_attempt_scheduled_time=server)
        order = PublicNumber(now=now, key=self.key, person=person, number=number)
        return await room.run(self.desk.give, order)

    @property
    def desk(self) -> DrawActivities:
        """What commands ask."""
        return DrawActivities(self.database, Shelf(), self.book)


def salted(size: int) -> bytes:
    """Random bytes of a test: always the same."""
    return hashlib.sha256("盐".encode()).digest()[:size]


@pytest.fixture
async def sampling(rollout: Rollout, database: Database) -> Sampling:
    """Two of the six streets of 海勃湾区, arranged."""
    return await arranged(rollout, database, SampleRule(count=2))


async def arranged(rollout: Rollout, database: Database, rule: SampleRule) -> Sampling:
    """An arrangement with this rule."""
    plan = AuditPlan(
        rollout=rollout.plan.rollout,
        name="季度抽查",
        kind=AuditKind.SAMPLING,
        cadence=Cadence(every=Every.QUARTER, first=date(2019, 10, 1)),
        district="海勃湾区",
        sample=rule,
        reader=ORGANISER.address(),
    )
    version = Version(number=1, plan=plan, since=date(2019, 10, 1), at=REGISTERED_AT, by="测")
    async with database.transaction() as connection:
        await add_version(connection, version, "安排")
    return Sampling(
        database=database,
        plan=plan,
        key=RunKey(rollout=plan.rollout, plan=plan.name, window=LABEL),
        book=DrawBook(SEAL, salted),
        streets=tuple(
            unit
            for unit in rollout.plan.units
            if unit.district == "海勃湾区" and unit.kind is UnitKind.STREET
        ),
    )


def opened(answer: DrawAnswer, key: RunKey, seal: Seal = ORGANISER) -> Sequence[str] | None:
    """The units of a letter; None if this key does not open it."""
    content = seal.open(answer.letter, sample_purpose(key))
    return None if content is None else json.loads(content)["sample"]


# --- committing -------------------------------------------------------------------------------


async def test_a_window_is_committed_to_once(sampling) -> None:
    """Another try with other streets, another rule or another salt changes nothing."""
    first = await sampling.prepare()
    book = DrawBook(SEAL, lambda size: b"x" * size)
    other = replace(sampling, book=book, streets=sampling.streets[:3])

    assert first == await other.prepare(PREPARED_AT + timedelta(days=1))
    assert (6, PREPARED_AT) == (first.population_size, first.made_at)


async def test_two_preparations_at_once_make_one_commitment(sampling) -> None:
    """Two workers with salts of their own end with the same deposit."""
    other = replace(sampling, book=DrawBook(SEAL, lambda size: b"x" * size))

    one, two = await asyncio.gather(sampling.prepare(), other.prepare())

    assert one == two


async def test_every_window_has_a_salt_of_its_own(sampling) -> None:
    """The next window's commitment is another, also from the same population and rule."""
    deposit = await sampling.prepare()
    following = replace(WINDOW, label="2020年第1季度")
    async with sampling.database.transaction() as connection:
        book = DrawBook(SEAL, lambda size: b"x" * size)
        made = await book.prepare(
            connection, sampling.plan, following, sampling.streets, PREPARED_AT
        )

    assert isinstance(made, Deposit)
    assert deposit.commitment != made.commitment
    assert deposit.population_hash == made.population_hash
    assert deposit.rule_hash != made.rule_hash


@pytest.mark.parametrize(
    "change, code",
    [
        ({"sample": SampleRule(count=7)}, "SAMPLE_TOO_LARGE"),
        ({"sample": SampleRule()}, "SAMPLE_RULE"),
        ({"sample": None}, "DRAW_NO_READER"),
        ({"reader": ""}, "DRAW_NO_READER"),
    ],
)
async def test_what_cannot_be_drawn_is_not_committed_to(sampling, change, code) -> None:
    """Too many, nothing, or nobody to read it: refused in words, nothing on file."""
    async with sampling.database.transaction() as connection:
        made = await sampling.book.prepare(
            connection, replace(sampling.plan, **change), WINDOW, sampling.streets, PREPARED_AT
        )

    assert isinstance(made, Refused)
    assert code == made.code
    assert await sampling.row() is None


async def test_without_the_key_nothing_is_prepared_or_drawn(sampling) -> None:
    """A worker without key refuses; one with another key says that it differs."""
    keyless = replace(sampling, book=DrawBook(None, salted))
    async with sampling.database.transaction() as connection:
        made = await keyless.book.prepare(
            connection, sampling.plan, WINDOW, sampling.streets, PREPARED_AT
        )
    assert isinstance(made, Refused)
    assert made.code == "SECRET_KEY"

    await sampling.prepare()
    stranger = replace(sampling, book=DrawBook(Seal(b"?" * 32), salted))
    drawn = [await keyless.draw(), await stranger.draw()]
    assert ["SECRET_KEY_MISSING", "SECRET_KEY_DIFFERS"] == [
        no.code for no in drawn if isinstance(no, Refused)
    ]


# --- drawing ----------------------------------------------------------------------------------


async def test_a_draw_is_made_from_its_hour_on_and_once(sampling) -> None:
    """A minute before it is refused; after it, the first draw stands."""
    await sampling.prepare()
    hour = await sampling.hour()

    early = await sampling.draw(hour - timedelta(minutes=1))
    assert isinstance(early, Refused)
    assert (early.code, await sampling.units()) == ("DRAW_NOT_DUE", None)

    drawn = await sampling.draw(hour)
    assert Drawn(key=sampling.key, drawn_at=hour, count=2) == drawn
    units = await sampling.units()
    assert drawn == await sampling.draw(AFTER + timedelta(days=9))
    assert units == await sampling.units()
    assert set(units) < {street.name for street in sampling.streets}


async def test_two_draws_at_once_are_one(sampling) -> None:
    """Both are told the same moment."""
    await sampling.prepare()

    one, two = await asyncio.gather(sampling.draw(), sampling.draw(AFTER + timedelta(hours=1)))

    assert one == two


async def test_the_sample_and_its_hour_stand_nowhere_in_the_clear(sampling) -> None:
    """Neither before nor after the draw does the row hold a street, the salt or the hour."""
    await sampling.prepare()
    hour = await sampling.hour()
    before = str(await sampling.row())
    await sampling.draw()
    after = str(await sampling.row())

    for secret in (*(street.name for street in sampling.streets), salted(32).hex(), hour):
        assert str(secret) not in before
        assert str(secret) not in after


async def test_the_length_of_a_letter_tells_nothing(sampling) -> None:
    """Long names and short names make letters of one length."""
    lengths = set()
    for number in range(12):
        token = hashlib.sha256(bytes([number])).digest()
        window = replace(WINDOW, label=f"第{number:02}期")
        key = replace(sampling.key, window=window.label)
        one = replace(sampling, key=key, book=DrawBook(SEAL, lambda _, token=token: token))
        async with sampling.database.transaction() as connection:
            await one.book.prepare(connection, sampling.plan, window, sampling.streets, PREPARED_AT)
        await one.draw()
        lengths.add(
            (len("".join(await one.units())), len((await one.read(window=key.window)).letter))
        )

    names, letters = map(set, zip(*lengths, strict=True))
    assert len(names) > 1
    assert len(letters) == 1


async def test_a_changed_arrangement_does_not_change_a_prepared_draw(sampling) -> None:
    """Who puts his own key into the arrangement afterwards does not get the letter."""
    await sampling.prepare()
    thief = Seal(b"t" * 32)
    changed = replace(sampling.plan, reader=thief.address(), sample=SampleRule(count=6))
    version = Version(number=2, plan=changed, since=date(2019, 10, 1), at=PREPARED_AT, by="贼")
    async with sampling.database.transaction() as connection:
        await add_version(connection, version, "改")
    await sampling.draw()

    answer = await sampling.read()

    assert opened(answer, sampling.key, thief) is None
    assert list(await sampling.units()) == opened(answer, sampling.key)


# --- the public number ------------------------------------------------------------------------


async def test_a_draw_waits_for_its_public_number(rollout, database) -> None:
    """Without it nothing is drawn; with it, once; another number later is refused."""
    sampling = await arranged(rollout, database, SampleRule(count=2, public_source=SOURCE))
    await sampling.prepare()
    no = await sampling.draw()
    assert isinstance(no, Refused)
    assert no.code == "DRAW_NEEDS_NUMBER"
    waiting = await sampling.read()
    assert (waiting.waits_for, waiting.number_day) == (SOURCE, local_day(await sampling.hour()))

    given = await sampling.give(" 803 ")
    assert (given.code, given.drawn_at) == ("", AFTER)
    assert (await sampling.give("803")).drawn_at == AFTER
    assert (await sampling.give("８０３")).drawn_at == AFTER
    assert (await sampling.give("804")).code == "DRAW_NUMBER_GIVEN"
    assert (await sampling.row()).public_number == "803"
    assert (await sampling.read()).waits_for == ""


async def test_nobody_hurries_a_draw_by_his_clock(rollout, database) -> None:
    """A computer that shows a later time than the server gets no draw before its hour."""
    sampling = await arranged(rollout, database, SampleRule(count=2, public_source=SOURCE))
    await sampling.prepare()
    early = await sampling.hour() - timedelta(minutes=1)

    assert (await sampling.give("803", now=AFTER, server=early)).code == "DRAW_NOT_DUE"


async def test_nobody_learns_the_hour_by_his_clock(rollout, database) -> None:
    """A computer that shows a later time is not told that a number is waited for before it is."""
    sampling = await arranged(rollout, database, SampleRule(count=2, public_source=SOURCE))
    await sampling.prepare()
    hour = await sampling.hour()

    early, then = hour - timedelta(minutes=1), hour
    assert [(await sampling.read(server=at)).waits_for for at in (early, then)] == ["", SOURCE]


async def test_what_an_arrangement_was_moved_away_from_is_not_drawn(rollout, database) -> None:
    """However often it is moved while draws are prepared, one sample can be drawn: nobody chooses."""
    sampling = await arranged(rollout, database, SampleRule(count=2, public_source=SOURCE))
    days = [date(2019, 12, day) for day in (2, 3, 4)]
    keys = [replace(sampling.key, window=str(day)) for day in days]
    async with database.transaction() as connection:
        for number, (day, key) in enumerate(zip(days, keys, strict=True), start=2):
            plan = replace(sampling.plan, cadence=Cadence(every=Every.ONCE, first=day))
            version = Version(number=number, plan=plan, since=days[0], at=PREPARED_AT, by="改")
            await add_version(connection, version, str(day))
            window = replace(WINDOW, label=key.window, days=(day,))
            made = await sampling.book.prepare(
                connection, plan, window, sampling.streets, PREPARED_AT
            )
            assert isinstance(made, Deposit)

    moved = [replace(sampling, key=key) for key in keys]
    given = [(await one.give("803")).code for one in moved]
    assert given == ["DRAW_WITHDRAWN", "DRAW_WITHDRAWN", ""]
    assert [await one.units() is None for one in moved] == [True, True, False]
    assert (await sampling.read(window=keys[0].window)).code == "DRAW_WITHDRAWN"
    newest = (await sampling.read(window="")).deposit
    assert newest is not None
    assert newest.key == keys[2]


async def test_numbers_that_are_none_are_refused(rollout, database, sampling) -> None:
    """Where none is waited for, two lines, too long, by a stranger, or after 漏检."""
    await sampling.prepare()
    assert (await sampling.give("803")).code == "DRAW_NO_NUMBER"

    asking = replace(sampling.plan, name="加数", sample=SampleRule(count=2, public_source=SOURCE))
    other = replace(sampling, plan=asking, key=replace(sampling.key, plan="加数"))
    version = Version(number=1, plan=asking, since=date(2019, 10, 1), at=REGISTERED_AT, by="测")
    async with database.transaction() as connection:
        await add_version(connection, version, "另")
    await other.prepare()
    assert (await other.give("8\n3")).code == "DRAW_NEEDS_NUMBER"
    assert (await other.give("8" * 65)).code == "DRAW_NEEDS_NUMBER"
    assert (await other.give("803", person="滨河街道经办甲")).code == "DRAW_DENIED"
    settled = NewRun(
        key=other.key,
        version=1,
        planned_at=AFTER,
        settled=Settled(ending=Ending.MISSED, at=AFTER, sentence="停机"),
    )
    async with database.transaction() as connection:
        await settle(connection, settled)
    assert (await other.give("803")).code == "DRAW_MISSED"
    assert (await other.read()).code == "DRAW_MISSED"


# --- reading ----------------------------------------------------------------------------------


async def test_before_the_draw_nobody_is_told_when(sampling) -> None:
    """The organiser gets the deposit and nothing else."""
    deposit = await sampling.prepare()

    assert DrawAnswer(deposit=deposit) == await sampling.read()
    assert DrawAnswer(deposit=deposit) == await sampling.read(window="")


async def test_each_reading_of_a_sample_is_noted(sampling) -> None:
    """Who, for which unit, when; looking before the draw or after publication is no reading."""
    await sampling.prepare()
    await sampling.read()
    await sampling.draw()

    answer = await sampling.read()
    await sampling.read("海勃湾区协调员")
    await sampling.publish()
    await sampling.read()

    assert list(await sampling.units()) == opened(answer, sampling.key)
    async with sampling.database.single() as connection:
        noted = await read_readings(connection, sampling.key)
    office = "海勃湾区委编办"
    assert [(EDITOR, office, AFTER), ("海勃湾区协调员", office, AFTER)] == [tuple(n) for n in noted]


@pytest.mark.parametrize(
    "person, code",
    [
        ("滨河街道经办甲", "DRAW_DENIED"),
        ("滨河街道负责人", "DRAW_DENIED"),
        ("海勃湾区委办经办甲", "DRAW_DENIED"),
        ("海勃湾区委负责人", "DRAW_DENIED"),
        ("海南区协调员", "DRAW_DENIED"),
        ("路人", "UNKNOWN_PERSON"),
        ("海勃湾区委编办负责人", ""),
        ("海勃湾区协调员", ""),
        ("乌海市协调员甲", ""),
    ],
)
async def test_only_the_organiser_and_coordinators_read(sampling, person, code) -> None:
    """Streets, other offices, the next district's coordinator and strangers do not."""
    await sampling.prepare()
    await sampling.draw()

    answer = await sampling.read(person)

    assert code == answer.code
    assert bool(code) == (answer.letter == "" and answer.deposit is None)


async def test_a_draw_that_is_not_there_is_refused(sampling) -> None:
    """Of a window that is not prepared, and of an arrangement that there is not."""
    assert (await sampling.read()).code == "DRAW_UNKNOWN"
    strange = replace(sampling, key=replace(sampling.key, plan="没有"))
    assert (await strange.read()).code == "DRAW_UNKNOWN"
    no = await sampling.draw()
    assert isinstance(no, Refused)
    assert no.code == "DRAW_UNKNOWN"


# --- publishing -------------------------------------------------------------------------------


async def test_the_published_record_proves_the_draw(rollout, database) -> None:
    """Everybody may read it, and it recomputes, with the deposit of before."""
    rule = SampleRule(strata={"街道": 3}, weights={"滨河街道": 20}, public_source=SOURCE)
    sampling = await arranged(rollout, database, rule)
    deposit = await sampling.prepare()
    await sampling.draw(number="803")
    units = await sampling.units()
    assert await sampling.publish() is None
    assert await sampling.publish(AFTER + timedelta(days=1)) is None

    answer = await sampling.read("滨河街道经办甲")
    record = read_record(answer.record)

    assert answer.letter == ""
    assert not isinstance(record, Refused)
    assert all(check.holds for check in verify(record, deposit))
    assert (units, "803") == (record.sample, record.public_number)
    assert (await sampling.row()).published_at == AFTER


async def test_what_was_never_drawn_is_never_published(sampling) -> None:
    """The salt of such a draw stays sealed."""
    assert await sampling.publish() is None
    await sampling.prepare()
    assert await sampling.publish() is None

    assert (await sampling.row()).record == ""


# --- the database's own word ------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_draw SET secret = '1.other'",
        "UPDATE audit_draw SET commitment = population_hash",
        "UPDATE audit_draw SET prepared_at = prepared_at - interval '1 day'",
        "UPDATE audit_draw SET reader = 'another'",
        "UPDATE audit_draw SET letter = '2.other'",
        "UPDATE audit_draw SET drawn_at = drawn_at + interval '1 day'",
        "UPDATE audit_draw SET drawn_at = NULL, letter = ''",
        "UPDATE audit_draw SET record = '{}'",
        "UPDATE audit_draw SET published_at = NULL, record = ''",
        "DELETE FROM audit_draw",
        "TRUNCATE audit_draw CASCADE",
        "UPDATE audit_draw_read SET person = '别人'",
        "DELETE FROM audit_draw_read",
        "TRUNCATE audit_draw_read",
    ],
)
async def test_nothing_of_a_draw_is_ever_changed(sampling, statement) -> None:
    """Whoever writes to the database: what was committed, drawn, read or published stays."""
    await sampling.prepare()
    await sampling.draw()
    await sampling.read()
    await sampling.publish()

    whole = text(statement + " WHERE rollout = :r" * statement.startswith("UPDATE"))
    with pytest.raises(DBAPIError, match=r"never changes|never taken away|(made|published) once"):
        async with sampling.database.transaction() as connection:
            await connection.execute(whole, {"r": sampling.plan.rollout})


@pytest.mark.parametrize(
    "statement, name",
    [
        ("UPDATE audit_draw SET letter = '街道', drawn_at = :at WHERE rollout = :r", "is_sealed"),
        ("UPDATE audit_draw SET drawn_at = :at WHERE rollout = :r", "once_drawn"),
        ("UPDATE audit_draw SET record = '{}', published_at = :at WHERE rollout = :r", "published"),
        ("UPDATE audit_draw SET public_number = '8' WHERE rollout = :r", "number_drawn"),
    ],
)
async def test_no_half_state_is_kept(sampling, statement, name) -> None:
    """Drawn without letter, a letter in the clear, published undrawn: the constraints say no."""
    await sampling.prepare()

    with pytest.raises(DBAPIError, match=name):
        async with sampling.database.transaction() as connection:
            await connection.execute(text(statement), {"at": AFTER, "r": sampling.plan.rollout})


# --- visits -----------------------------------------------------------------------------------


async def test_nobody_finds_the_sample_by_asking_street_after_street(sampling) -> None:
    """Only who has read the letter is told that a unit was drawn, and of that unit alone."""
    await sampling.prepare()
    await sampling.draw()
    letter = ORGANISER.open((await sampling.read()).letter, sample_purpose(sampling.key))
    said = json.loads(letter)
    proofs = dict(zip(said["sample"], said["proofs"], strict=True))
    one, other = said["sample"]

    async with sampling.database.single() as connection:
        admitted = {
            (street.name, proof)
            for street in sampling.streets
            for proof in ("", *proofs.values(), "0" * 64, "不是十六进制")
            if await sampling.book.admits(connection, sampling.key, street.name, proof)
        }

    assert {(one, proofs[one]), (other, proofs[other])} == admitted


async def test_before_the_draw_no_visit_is_admitted(sampling) -> None:
    """Not even with what the letter will say."""
    await sampling.prepare()
    proof = hashlib.sha256(b"x").hexdigest()
    async with sampling.database.single() as connection:
        assert not await sampling.book.admits(connection, sampling.key, "滨河街道", proof)

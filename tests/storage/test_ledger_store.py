"""The establishment ledger against a real database: no post is ever lost or made."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from domain.ledger import (
    OPENING,
    Entry,
    Line,
    State,
    arrived,
    granted,
    joined,
    left,
    moved,
    opening,
    sent,
    taken_back,
)
from domain.refusal import Refused
from storage.engine import Database
from storage.ledger_store import Posted, kept_positions, positions_at, post
from storage.registers_store import NewPlan, store_plan
from tests.small_plan import small_plan

NOW = datetime(2026, 12, 31, 2, tzinfo=UTC)
DAY = date(2026, 11, 23)
OFFICE, STREET, OTHER = "甲区司法局", "一街道", "二街道"
_keys = itertools.count(1)


def entry(rollout: str, lines: Iterable[Line], kind: str = "划转", **of: object) -> Entry:
    """An entry under a key of its own."""
    return Entry(
        **{
            "rollout": rollout,
            "key": f"k{next(_keys)}",
            "kind": kind,
            "day": DAY,
            "person": "区协调员",
            "rule": "0-43",
            "paper": "甲编委〔2026〕3号",
            "lines": tuple(lines),
            **of,
        }
    )


def start(rollout: str, unit: str, posts: int, staff: Iterable[str] = (), **of: object) -> Entry:
    """A unit's baseline of 行政 posts."""
    return entry(rollout, opening(unit, "行政", posts, staff), OPENING, **of)


@pytest.fixture
async def rollout(database: Database) -> str:
    """A registered rollout: a department with 5 posts and 4 people, a street with 2 posts."""
    name = f"台账{next(_keys)}"
    await registered(database, name)
    await put(database, start(name, OFFICE, 5, [f"{name}:{n}" for n in range(4)]))
    await put(database, start(name, STREET, 2))
    return name


async def registered(database: Database, name: str) -> None:
    """A plan that gives the units."""
    async with database.transaction() as connection:
        await store_plan(
            connection,
            NewPlan(
                plan=small_plan(name, DAY),
                content_hash=name,
                document="{}",
                procedures=1,
                at=NOW,
                person="测试",
            ),
        )


async def put(database: Database, given: Entry) -> Posted | Refused:
    """Post in a transaction of its own."""
    async with database.transaction() as connection:
        return await post(connection, given, NOW)


async def balance(
    database: Database, rollout: str, day: date | None = None
) -> dict[str, tuple[int, int, int]]:
    """核定, 在途, 实有 by unit."""
    async with database.single() as connection:
        found = await positions_at(connection, rollout, day)
    return {p.unit: (p.approved, p.in_transit, p.actual) for p in found}


def code(answer: Posted | Refused) -> str:
    """The code of a refusal."""
    assert isinstance(answer, Refused), answer
    return answer.code


async def test_a_post_travels_with_its_person(database: Database, rollout: str) -> None:
    """批复 puts the post 在途, the registration brings post and person over in one entry."""
    who = f"{rollout}:0"
    await put(database, entry(rollout, sent(OFFICE, STREET, "行政", 1, [who])))
    assert await balance(database, rollout) == {OFFICE: (4, 1, 4), STREET: (2, 0, 0)}

    await put(database, entry(rollout, arrived(OFFICE, STREET, "行政", who)))

    assert await balance(database, rollout) == {OFFICE: (4, 0, 3), STREET: (3, 0, 1)}


async def test_the_same_entry_twice_is_once(database: Database, rollout: str) -> None:
    """A repeated key writes nothing; the same key with other lines is refused."""
    given = entry(rollout, sent(OFFICE, STREET, "行政", 1))
    first = await put(database, given)
    second = await put(database, given)
    other = await put(database, replace(given, lines=sent(OFFICE, OTHER, "行政", 1)))

    assert isinstance(first, Posted) and isinstance(second, Posted)
    assert (first.created, second.created, first.id == second.id) == (True, False, True)
    assert code(other) == "LEDGER_KEY_DIFFERS"


async def test_numbers_have_no_gap(database: Database, rollout: str) -> None:
    """Refused and repeated entries take no number: 1, 2, 3 … are the entries of a rollout."""
    again = entry(rollout, moved(OFFICE, STREET, "行政", 1))
    await put(database, again)
    await put(database, again)
    await put(database, entry(rollout, moved(OFFICE, STREET, "行政", 9)))
    await put(database, entry(rollout, moved(STREET, OTHER, "行政", 1)))

    async with database.single() as connection:
        numbers = await connection.scalars(
            text("SELECT number FROM ledger_transaction WHERE rollout = :r ORDER BY id"),
            {"r": rollout},
        )
    assert list(numbers) == [1, 2, 3, 4]


PEOPLE = [joined(STREET, "行政", key) for key in "abc"]


@pytest.mark.parametrize(
    "lines, of, expected",
    [
        (sent(STREET, OTHER, "行政", 3), {}, "LEDGER_SHORT"),
        (arrived(OFFICE, STREET, "行政", posts=1), {}, "LEDGER_NOT_IN_TRANSIT"),
        (taken_back(OFFICE, STREET, "行政", 1), {}, "LEDGER_NOT_IN_TRANSIT"),
        (sent(STREET, OFFICE, "行政", 1), {}, "LEDGER_UPWARD"),
        (moved(STREET, OFFICE, "行政", 1), {}, "LEDGER_UPWARD"),
        ([replace(n, toward="") for n in moved(STREET, OFFICE, "行政", 1)], {}, "LEDGER_UPWARD"),
        (granted(STREET, "行政", -1), {}, "LEDGER_UPWARD"),
        (moved(OFFICE, OFFICE, "行政", 1), {}, "LEDGER_SAME_UNIT"),
        (joined(STREET, "行政", "外人") * 2, {}, "LEDGER_TWO_PLACES"),
        ((*PEOPLE[0], *PEOPLE[1], *PEOPLE[2]), {}, "LEDGER_OVER"),
        (left(OFFICE, "行政", "没有的人"), {}, "LEDGER_NOT_THERE"),
        (sent(OFFICE, STREET, "行政", 1, ["没有的人"]), {}, "LEDGER_PERSON_TAKEN"),
        (opening(OTHER, "行政", 3), {"paper": ""}, "LEDGER_PAPER"),
        (joined(STREET, "行政", "外人"), {"paper": ""}, "LEDGER_PAPER"),
        (opening(STREET, "行政", 3), {"kind": OPENING}, "LEDGER_OPENED"),
        (sent(OFFICE, STREET, "行政", 1)[:1], {}, "LEDGER_UNBALANCED"),
        (joined("没有的单位", "行政", "a"), {}, "LEDGER_UNKNOWN_UNIT"),
        (sent(OFFICE, "没有的单位", "行政", 1), {}, "LEDGER_UNKNOWN_UNIT"),
        (moved(OFFICE, STREET, "行政", 1), {"day": DAY - timedelta(1)}, "LEDGER_BEFORE_LOCK"),
        (moved(OFFICE, STREET, "行政", 1), {"day": date(2027, 1, 1)}, "LEDGER_AHEAD"),
        (moved(OFFICE, STREET, "行政", 1), {"rule": ""}, "LEDGER_INCOMPLETE"),
        (moved(OFFICE, STREET, "行政", 1), {"rollout": "没有"}, "LEDGER_UNKNOWN_ROLLOUT"),
        ((), {}, "LEDGER_EMPTY"),
    ],
)
async def test_what_the_ledger_refuses(
    database: Database,
    rollout: str,
    lines: tuple[Line, ...],
    of: dict[str, object],
    expected: str,
) -> None:
    """Each breach has its code, and leaves every balance as it was."""
    before = await balance(database, rollout)

    answer = await put(database, entry(**{"rollout": rollout, "lines": lines, **of}))

    assert code(answer) == expected
    assert await balance(database, rollout) == before


async def test_a_special_approval_lets_a_post_go_up(database: Database, rollout: str) -> None:
    """3-07: with the special approval's 文号 the same entry is posted."""
    special = entry(rollout, sent(STREET, OFFICE, "行政", 1), special_paper="甲编委〔2026〕特1号")

    assert isinstance(await put(database, special), Posted)


async def test_leaders_keep_to_their_number(database: Database, rollout: str) -> None:
    """1-27: 领导职数 count like posts, beside the post that each leader has."""
    kind = "领导·科级"
    await put(database, entry(rollout, opening(OFFICE, kind, 1, [f"{rollout}:0"]), OPENING))

    more = await put(database, entry(rollout, joined(OFFICE, kind, f"{rollout}:1")))

    assert code(more) == "LEDGER_OVER"


async def test_a_person_has_one_post(database: Database, rollout: str) -> None:
    """Who has a 行政 post somewhere takes up no 事业 post elsewhere."""
    await put(database, entry(rollout, granted(STREET, "事业", 1)))

    second = await put(database, entry(rollout, joined(STREET, "事业", f"{rollout}:0")))

    assert code(second) == "LEDGER_TWO_PLACES"


async def test_a_post_on_its_way_goes_nowhere_else(database: Database, rollout: str) -> None:
    """It arrives where it was sent, with the person it was sent with, who does not leave before."""
    who, another = f"{rollout}:0", f"{rollout}:1"
    await put(database, entry(rollout, sent(OFFICE, STREET, "行政", 1, [who])))
    wrong = tuple(
        replace(n, unit=OTHER) if n.unit == STREET else n
        for n in arrived(OFFICE, STREET, "行政", who)
    )

    assert [
        code(await put(database, entry(rollout, lines)))
        for lines in (
            wrong,
            arrived(OFFICE, OTHER, "行政", who),
            arrived(OFFICE, STREET, "行政", another),
            arrived(OFFICE, STREET, "行政"),
            sent(OFFICE, OTHER, "行政", 1, [who]),
            left(OFFICE, "行政", who),
        )
    ] == [
        "LEDGER_WRONG_WAY",
        "LEDGER_NOT_IN_TRANSIT",
        "LEDGER_NOT_IN_TRANSIT",
        "LEDGER_NOT_IN_TRANSIT",
        "LEDGER_PERSON_TAKEN",
        "LEDGER_NOT_THERE",
    ]


async def test_a_vacant_post_on_its_way_goes_nowhere_else(database: Database, rollout: str) -> None:
    """Posts sent to one street neither arrive at another nor are taken back from there."""
    await put(database, entry(rollout, sent(OFFICE, STREET, "行政", 1)))

    astray = await put(database, entry(rollout, arrived(OFFICE, OTHER, "行政")))
    back = await put(database, entry(rollout, taken_back(OFFICE, OTHER, "行政", 1)))
    home = await put(database, entry(rollout, taken_back(OFFICE, STREET, "行政", 1)))

    assert code(astray) == code(back) == "LEDGER_NOT_IN_TRANSIT"
    assert isinstance(home, Posted)


async def test_who_left_may_come_back(database: Database, rollout: str) -> None:
    """A person who left altogether joins anew, elsewhere too, and not before having left."""
    who, later = f"{rollout}:0", DAY + timedelta(days=5)
    await put(database, entry(rollout, left(OFFICE, "行政", who), day=later))

    early = await put(database, entry(rollout, joined(STREET, "行政", who)))
    back = await put(database, entry(rollout, joined(STREET, "行政", who), day=later))

    assert code(early) == "LEDGER_PERSON_DAY"
    assert isinstance(back, Posted)


async def test_a_baseline_beyond_its_posts_may_only_shrink(database: Database) -> None:
    """More people than posts are taken in with their basis; whoever leaves is not replaced."""
    name = f"超编{next(_keys)}"
    await registered(database, name)
    staff = [f"{name}:{n}" for n in range(3)]
    bare = await put(database, start(name, STREET, 1, staff))
    await put(database, start(name, STREET, 1, staff, note="历史超编，区编委〔2019〕2号"))

    await put(database, entry(name, left(STREET, "行政", staff[0])))
    back = await put(database, entry(name, joined(STREET, "行政", "新人")))

    assert code(bare) == code(back) == "LEDGER_OVER"
    assert (await balance(database, name))[STREET] == (1, 0, 2)


async def test_the_past_is_reproduced_from_the_postings(database: Database, rollout: str) -> None:
    """As of an earlier day the balances are those of that day."""
    later = DAY + timedelta(days=10)
    await put(database, entry(rollout, sent(OFFICE, STREET, "行政", 1), day=later))

    assert (await balance(database, rollout, DAY))[OFFICE] == (5, 0, 4)
    assert (await balance(database, rollout, later))[OFFICE] == (4, 1, 4)


async def test_a_late_paper_may_not_make_the_past_impossible(
    database: Database, rollout: str
) -> None:
    """An entry dated back is posted where every day since still holds, and refused elsewhere."""
    days = [DAY + timedelta(days=n) for n in range(10)]
    await put(database, entry(rollout, granted(STREET, "行政", 2), day=days[5]))

    too_early = await put(database, entry(rollout, moved(STREET, OTHER, "行政", 3), day=days[3]))
    in_time = await put(database, entry(rollout, moved(STREET, OTHER, "行政", 1), day=days[3]))
    drained = await put(database, entry(rollout, moved(STREET, OTHER, "行政", 2), day=days[4]))

    assert code(too_early) == code(drained) == "LEDGER_PAST"
    assert isinstance(in_time, Posted)
    assert (await balance(database, rollout, days[4]))[STREET] == (1, 0, 0)


@pytest.mark.parametrize(
    "table, change",
    [("ledger_transaction", "day = day"), ("ledger_posting", "line = line")],
)
async def test_nothing_posted_is_ever_changed(
    database: Database, rollout: str, table: str, change: str
) -> None:
    """UPDATE, DELETE and TRUNCATE of the ledger fail in the database itself."""
    statements = (
        f"UPDATE {table} SET {change}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    )
    for statement in statements:
        with pytest.raises(IntegrityError, match="append-only"):
            await run(database, statement)


@pytest.mark.parametrize("table", ["book", "position", "place", "transit"])
async def test_balances_are_written_by_postings_alone(
    database: Database, rollout: str, table: str
) -> None:
    """Nobody sets a balance, a place or a number by hand."""
    with pytest.raises(IntegrityError, match="follows the postings"):
        await run(database, f"UPDATE ledger_{table} SET rollout = rollout")


OLD = "SELECT max(id) AS id FROM ledger_transaction WHERE rollout = :rollout"
HEADER = (
    "INSERT INTO ledger_transaction (rollout, key, content_hash, kind, lines, day, at, person,"
    " procedure, rule, paper, special_paper, note) VALUES (:rollout, 'x', '', '划转', 2,"
    " '2026-11-23', '2026-12-01', '某人', '', '0-43', '', '', '') RETURNING id"
)
GRANT = (
    "INSERT INTO ledger_posting SELECT t.id, l.* FROM t, (VALUES"
    " (1, '', '行政', '批准', -1, '', ''), (2, '甲区司法局', '行政', '核定', 1, '', '')) AS l"
)
LINE = "INSERT INTO ledger_posting SELECT id, {}, '甲区司法局', '行政', '核定', {}, '', '' FROM t"


@pytest.mark.parametrize(
    "statement, broken",
    [
        (f"WITH t AS ({HEADER}) {LINE.format(1, 1)}", "ledger_lines_complete"),
        (
            f"WITH t AS ({HEADER}), a AS ({LINE.format(1, 1)}) {LINE.format(2, 1)}",
            "ledger_(sums_to_zero|lines_complete)",
        ),
        (HEADER, "ledger_lines_complete"),
        (f"WITH t AS ({HEADER}) {GRANT}", "ledger_outside_has_paper"),
        (f"WITH t AS ({OLD}) {LINE.format(9, 1)}", "ledger_lines_complete"),
    ],
)
async def test_the_database_guards_itself(
    database: Database, rollout: str, statement: str, broken: str
) -> None:
    """What is written past the functions of this program is refused just the same."""
    with pytest.raises(IntegrityError, match=broken):
        await run(database, statement, rollout=rollout)


async def run(database: Database, statement: str, **given: object) -> None:
    """A statement of somebody at the database's own prompt."""
    async with database.transaction() as connection:
        await connection.execute(text(statement), given)


async def test_a_whole_district_is_one_entry(database: Database) -> None:
    """Thousands of people in one entry take seconds, though its plans were made for two lines."""
    name = f"大{next(_keys)}"
    await registered(database, name)
    await put(database, start(name, STREET, 2))
    staff = [f"{name}:{n}" for n in range(5_000)]

    await put(database, start(name, OFFICE, 5_000, staff))
    gone = await put(database, entry(name, sent(OFFICE, STREET, "行政", 5_000, staff)))

    assert isinstance(gone, Posted)
    assert (await balance(database, name))[OFFICE] == (0, 5_000, 5_000)


async def test_the_last_post_goes_to_one(database: Database, rollout: str) -> None:
    """Two approvals at once for the last vacant post: one is posted, the other refused."""
    entries = [entry(rollout, sent(OFFICE, unit, "行政", 1)) for unit in (STREET, OTHER)]

    answers = await asyncio.gather(*(put(database, one) for one in entries))

    assert sorted(type(a).__name__ for a in answers) == ["Posted", "Refused"]


async def test_a_person_wanted_by_two_batches_goes_to_one(database: Database, rollout: str) -> None:
    """Two approvals at once for one person, with posts enough for both: one is posted."""
    who = f"{rollout}:0"
    entries = [entry(rollout, sent(OFFICE, unit, "行政", 1, [who])) for unit in (STREET, OTHER)]

    answers = await asyncio.gather(*(put(database, one) for one in entries))

    assert Counter(getattr(a, "code", "posted") for a in answers) == {
        "posted": 1,
        "LEDGER_PERSON_TAKEN": 1,
    }


async def test_the_same_key_at_once_is_one_entry(database: Database, rollout: str) -> None:
    """Ten deliveries of one entry at the same moment make one entry."""
    given = entry(rollout, moved(OFFICE, STREET, "行政", 1))

    answers = await asyncio.gather(*(put(database, given) for _ in range(10)))

    assert Counter(isinstance(a, Posted) and a.created for a in answers) == {True: 1, False: 9}


async def test_two_transactions_of_many_entries_never_wait_for_each_other(
    database: Database, rollout: str
) -> None:
    """Entries there and back in opposite order take turns: no deadlock, nothing lost."""

    async def swing(first: str, second: str) -> None:
        async with database.transaction() as connection:
            for unit, to in ((first, second), (second, first)) * 5:
                given = entry(rollout, moved(unit, to, "行政", 1))
                assert isinstance(await post(connection, given, NOW), Posted)
                await asyncio.sleep(0)

    await put(database, entry(rollout, moved(STREET, OTHER, "行政", 1)))
    await asyncio.gather(swing(STREET, OTHER), swing(OTHER, STREET), swing(STREET, OTHER))

    assert await balance(database, rollout) == {
        OFFICE: (5, 0, 4),
        STREET: (1, 0, 0),
        OTHER: (1, 0, 0),
    }


UNITS = st.sampled_from([OFFICE, STREET, OTHER])
KINDS = "sent,person,back,person back,arrived,here,moved,joined,left"
MOVES = st.tuples(
    st.sampled_from(KINDS.split(",")),
    UNITS,
    UNITS,
    st.integers(0, 5),
    st.integers(1, 3),
    st.integers(0, 4),
)


def lines_of(kind: str, unit: str, toward: str, who: str, count: int) -> tuple[Line, ...]:
    """What a drawn move posts."""
    moves = {
        "sent": lambda: sent(unit, toward, "行政", count),
        "person": lambda: sent(unit, toward, "行政", 1, [who]),
        "back": lambda: taken_back(unit, toward, "行政", count),
        "person back": lambda: taken_back(unit, toward, "行政", 1, [who]),
        "arrived": lambda: arrived(unit, toward, "行政", posts=count),
        "here": lambda: arrived(unit, toward, "行政", who),
        "moved": lambda: moved(unit, toward, "行政", count),
        "joined": lambda: joined(unit, "行政", who),
        "left": lambda: left(unit, "行政", who),
    }
    return moves[kind]()


async def begun(database: Database) -> str:
    """Seven posts and six people in two units."""
    name = f"任意{next(_keys)}"
    await registered(database, name)
    await put(database, start(name, OFFICE, 5, [f"{n}" for n in range(4)]))
    await put(database, start(name, STREET, 2, ["4", "5"]))
    return name


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves=st.lists(MOVES, max_size=14))
async def test_whatever_is_tried_every_invariant_holds(database: Database, moves) -> None:
    """After each step, accepted or refused, in whatever order of days, every law holds."""
    name = await begun(database)
    for kind, unit, toward, who, count, day in moves:
        lines = lines_of(kind, unit, toward, f"{who}", count)
        await put(database, entry(name, lines, day=DAY + timedelta(days=day)))
        await check(database, name)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches=st.lists(st.lists(MOVES, min_size=1, max_size=5), min_size=2, max_size=6))
async def test_batches_at_once_keep_every_invariant(database: Database, batches) -> None:
    """Batches on connections of their own, each in one transaction, end in a lawful ledger."""
    name = await begun(database)

    async def batch(moves) -> None:
        async with database.transaction() as connection:
            for kind, unit, toward, who, count, day in moves:
                lines = lines_of(kind, unit, toward, f"{who}", count)
                given = entry(name, lines, day=DAY + timedelta(days=day))
                await post(connection, given, NOW)
                await asyncio.sleep(0)

    await asyncio.gather(*(batch(moves) for moves in batches))
    await check(database, name)


async def check(database: Database, name: str) -> None:
    """The laws, computed from the postings alone, on every day and at the end."""
    async with database.single() as connection:
        kept = await kept_positions(connection, name)
        by_day = [await positions_at(connection, name, DAY + timedelta(days=n)) for n in range(6)]
        lines = (
            await connection.execute(
                text(
                    "SELECT p.staff, p.unit, p.amount, p.state FROM ledger_posting p"
                    " JOIN ledger_transaction t ON t.id = p.transaction"
                    " WHERE t.rollout = :r ORDER BY t.day, t.id, p.line"
                ),
                {"r": name},
            )
        ).all()
        places = (
            await connection.execute(
                text("SELECT staff, unit FROM ledger_place WHERE rollout = :r"), {"r": name}
            )
        ).all()
    for positions in by_day:
        assert sum(p.approved + p.in_transit for p in positions) == 7
        assert all(min(p.approved, p.in_transit, p.actual) >= 0 for p in positions)
        assert all(p.actual <= p.approved + p.in_transit for p in positions)
        street = [p for p in positions if p.unit in (STREET, OTHER)]
        assert sum(p.approved + p.in_transit for p in street) >= 2
    assert {(p.unit, p.approved, p.in_transit, p.actual) for p in by_day[-1]} == {
        (k.unit, k.approved, k.in_transit, k.actual) for k in kept
    }
    where: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if line.staff and line.state == State.ACTUAL:
            where[line.staff, line.unit] += line.amount
            assert where[line.staff, line.unit] in {0, 1}
    assert {k for k, n in where.items() if n} == {tuple(p) for p in places if p.unit}
    assert len({staff for (staff, _), n in where.items() if n}) == sum(where.values())

"""The ledger's desk: positions, histories, the check, and a coordinator's entries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from activities.ledger import LedgerActivities
from contracts.ledger import (
    Adjusted,
    AdjustOrder,
    CheckQuestion,
    HistoryQuestion,
    LedgerChecked,
    LedgerQuestion,
    PostingsQuestion,
    RefusalsQuestion,
)
from domain.adjustment import Adjustment
from domain.ledger import OPENING, Entry, Line, arrived, opening, sent
from storage.engine import Database
from storage.ledger_store import Posted, post

OFFICE, STREET, ELSEWHERE = "海勃湾区委编办", "滨河街道", "海北街道"
FAR = "拉僧仲街道"
CITY, LOCAL, FOREIGN = "乌海市协调员甲", "海勃湾区协调员", "海南区协调员"
NOW = datetime(2019, 12, 20, 2, tzinfo=UTC)
DAY = date(2019, 12, 2)
KEYS = tuple(f"p-{n:016x}" for n in range(6))


@dataclass(frozen=True)
class Place:
    """A locked rollout: a department with 5 posts and 3 people, two streets of one district."""

    rollout: str
    desk: LedgerActivities
    database: Database
    run: Callable[..., Awaitable[Any]]

    async def adjust(self, **more: Any) -> Adjusted:
        """Order an adjustment: by default one 行政 post to a street."""
        given = Adjustment(
            rollout=self.rollout,
            type="行政",
            day=DAY + timedelta(days=3),
            person=LOCAL,
            rule="0-43",
            paper="海编〔2019〕7号",
            from_unit=OFFICE,
            to_unit=STREET,
            posts=1,
        )
        order = AdjustOrder(now=NOW, adjustment=replace(given, **more))
        answer: Adjusted = await self.run(self.desk.adjust, order)
        return answer

    async def shown(self, **more: Any) -> dict[str, tuple[int, int, int]]:
        """核定, 在途, 实有 by unit."""
        question = replace(LedgerQuestion(now=NOW, rollout=self.rollout), **more)
        page = await self.run(self.desk.show, question)
        assert not page.next_page
        return {line.unit: (line.approved, line.in_transit, line.actual) for line in page.lines}

    async def put(self, kind: str, lines: tuple[Line, ...], day: date = DAY) -> None:
        """Post an entry past the desk, as a procedure does."""
        entry = Entry(
            rollout=self.rollout,
            key=f"{kind}{lines[0]}{lines[-1]}{day}",
            kind=kind,
            day=day,
            person="甲",
            rule="0-43",
            paper="乌编〔2019〕1号",
            lines=lines,
        )
        async with self.database.transaction() as connection:
            assert isinstance(await post(connection, entry, NOW), Posted)

    async def check(self) -> LedgerChecked:
        """What the check says."""
        found: LedgerChecked = await self.run(
            self.desk.check, CheckQuestion(now=NOW, rollout=self.rollout)
        )
        return found


@pytest.fixture
async def place(rollout, database, run) -> Place:
    """乌海's plan under the test's own name, locked, with six people in the staff register."""
    name = rollout.plan.rollout
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "INSERT INTO staff (rollout, key, name, identity, blind_index, unit, type,"
                " leader_type, title, baseline) SELECT :r, k, '某', 'x', k, :u, '行政', '', '',"
                " false FROM unnest(CAST(:keys AS text[])) AS k"
            ),
            {"r": name, "u": OFFICE, "keys": list(KEYS)},
        )
    found = Place(rollout=name, desk=LedgerActivities(database), database=database, run=run)
    await found.put(OPENING, opening(OFFICE, "行政", 5, KEYS[:3]))
    await found.put(OPENING, opening(STREET, "行政", 2))
    return found


async def test_a_coordinator_moves_posts_once(place: Place) -> None:
    """The same words again are the same entry, whoever sends them; the answer says whose it was."""
    first = await place.adjust()
    again = await place.adjust(person=CITY)

    assert (first.code, first.kind, first.applied, first.number) == ("", "划转", True, 3)
    assert (again.code, again.applied, again.number, again.by) == ("", False, 3, LOCAL)
    assert [(p.unit, p.approved, p.vacant) for p in first.positions] == [
        (OFFICE, 4, 1),
        (STREET, 3, 3),
    ]
    assert await place.shown() == {OFFICE: (4, 0, 3), STREET: (3, 0, 0)}


async def test_posts_are_granted_and_people_come_and_go(place: Place) -> None:
    """增编, 入编 and 出编 rest on a 文号; who left is no longer there."""
    grown = await place.adjust(from_unit="", posts=2, joins=(KEYS[4], KEYS[5]))
    gone = await place.adjust(to_unit="", posts=0, leaves=KEYS[:1])

    assert (grown.kind, gone.kind) == ("增编、入编", "出编")
    assert await place.shown() == {OFFICE: (5, 0, 2), STREET: (4, 0, 2)}


@pytest.mark.parametrize(
    "order, code",
    [
        ({"person": FOREIGN}, "NOT_COORDINATOR"),
        ({"person": f"{OFFICE}经办甲"}, "NOT_COORDINATOR"),
        ({"to_unit": FAR}, "NOT_COORDINATOR"),
        ({"person": "谁也不是"}, "UNKNOWN_PERSON"),
        ({"rollout": "没有的改革"}, "UNKNOWN_ROLLOUT"),
        ({"to_unit": "没有的街道"}, "UNKNOWN_UNIT"),
        ({"posts": 0}, "ADJUST_NOTHING"),
        ({"posts": -1}, "ADJUST_AMOUNT"),
        ({"type": ""}, "ADJUST_TYPE"),
        ({"from_unit": "", "to_unit": "", "person": CITY}, "ADJUST_UNIT"),
        ({"to_unit": "", "joins": KEYS[4:5]}, "ADJUST_UNIT"),
        ({"joins": ("张三",)}, "ADJUST_KEY"),
        ({"joins": ("p-ffffffffffffffff",)}, "LEDGER_UNKNOWN_STAFF"),
        ({"type": "行证"}, "LEDGER_UNKNOWN_TYPE"),
        ({"paper": ""}, "PAPER_MISSING"),
        ({"paper": "", "from_unit": ""}, "LEDGER_PAPER"),
        ({"posts": 3}, "LEDGER_OVER"),
        ({"posts": 6}, "LEDGER_SHORT"),
        ({"from_unit": STREET, "to_unit": OFFICE}, "LEDGER_UPWARD"),
        ({"day": NOW.date() + timedelta(days=1)}, "LEDGER_AHEAD"),
    ],
)
async def test_what_is_refused_is_kept(place: Place, order: dict[str, Any], code: str) -> None:
    """A refusal changes no balance and is written down: who, when, why."""
    before = await place.shown()

    answer = await place.adjust(**order)

    rollout = order.get("rollout", place.rollout)
    async with place.database.single() as connection:
        kept = (
            await connection.execute(
                text("SELECT person, code, at, asked FROM ledger_refusal WHERE rollout = :r"),
                {"r": rollout},
            )
        ).all()
    assert (answer.code, answer.applied) == (code, False)
    assert await place.shown() == before
    assert [(k.person, k.code, k.at) for k in kept[-1:]] == [
        (order.get("person", LOCAL), code, NOW)
    ]
    assert "张三" not in str(kept)


async def test_refusals_are_listed(place: Place) -> None:
    """The latest first."""
    await place.adjust(posts=6)
    await place.adjust(person=FOREIGN)

    page = await place.run(place.desk.refusals, RefusalsQuestion(now=NOW, rollout=place.rollout))

    assert (page.total, [one.code for one in page.lines]) == (
        2,
        ["NOT_COORDINATOR", "LEDGER_SHORT"],
    )


async def test_a_flood_of_refusals_writes_so_many_and_no_more(place: Place) -> None:
    """A person's hundred of a day are kept, what a procedure was refused is not among them."""
    async with place.database.transaction() as connection:
        await connection.execute(
            text(
                "INSERT INTO ledger_refusal (rollout, at, person, key, kind, code, sentence, asked)"
                " SELECT :r, CAST(:at AS timestamptz) - interval '1 hour' * n, :p, 'k', '划转', 'X', '',"
                " jsonb_build_object('procedure', CASE WHEN n % 2 = 0 THEN 'w' ELSE '' END)"
                " FROM generate_series(1, 46) AS n, generate_series(1, 8)"
            ),
            {"r": place.rollout, "at": NOW, "p": LOCAL},
        )

    for _ in range(6):
        assert (await place.adjust(posts=6)).code == "LEDGER_SHORT"
    assert (await place.adjust(person=FOREIGN)).code == "NOT_COORDINATOR"

    page = await place.run(place.desk.refusals, RefusalsQuestion(now=NOW, rollout=place.rollout))
    new = [one.code for one in page.lines if one.code != "X"]
    assert new == ["NOT_COORDINATOR", *["LEDGER_SHORT"] * 4]


async def test_who_lacks_posts_is_named(place: Place) -> None:
    """The unit that would be overfilled, and the street whose post would go up, with the way out."""
    over = await place.adjust(posts=3)
    upward = await place.adjust(from_unit=STREET, to_unit=OFFICE)

    assert over.sentence.startswith(f"{OFFICE}：实有人数将超过")
    assert upward.sentence.startswith(f"{STREET}：") and "--special" in upward.sentence


async def test_nothing_is_adjusted_before_the_lock(rollout, database, run) -> None:
    """Without a baseline there is no ledger to change."""
    open_place = Place(
        rollout=rollout.plan.rollout,
        desk=LedgerActivities(database),
        database=database,
        run=run,
    )
    assert (await open_place.adjust()).code == "LEDGER_NOT_LOCKED"


async def test_a_day_in_the_past_is_shown_as_it_was(place: Place) -> None:
    """Later entries are not in it."""
    await place.adjust()

    assert await place.shown(on=DAY + timedelta(days=2)) == {OFFICE: (5, 0, 3), STREET: (2, 0, 0)}
    assert await place.shown(on=DAY - timedelta(days=1)) == {}
    assert await place.shown(on=DAY + timedelta(days=3), unit=STREET) == {STREET: (3, 0, 0)}


async def test_a_history_runs_with_its_balances(place: Place) -> None:
    """In the order of days, also where a paper came late; with the other unit and the person."""
    later, earlier = DAY + timedelta(days=9), DAY + timedelta(days=4)
    await place.put("转隶批复", sent(OFFICE, STREET, "行政", 1, KEYS[:1]), later)
    await place.put("转隶登记", arrived(OFFICE, STREET, "行政", KEYS[0]), later)
    await place.adjust(day=earlier)

    page = await place.run(
        place.desk.history, HistoryQuestion(now=NOW, rollout=place.rollout, unit=OFFICE)
    )

    assert [
        (n.kind, n.approved, n.approved_after, n.in_transit_after, n.actual_after, n.others)
        for n in page.lines
    ] == [
        (OPENING, 5, 5, 0, 3, ()),
        ("划转", -1, 4, 0, 3, (STREET,)),
        ("转隶批复", -1, 3, 1, 3, (STREET,)),
        ("转隶登记", 0, 3, 0, 2, (STREET,)),
    ]
    assert page.lines[-1].staff == KEYS[:1]


async def test_pages_follow_each_other_without_a_gap(place: Place, monkeypatch) -> None:
    """Small pages give what one large page gives: postings, histories, positions."""
    for _ in range(3):
        await place.adjust(
            note=f"{_}", posts=1 if _ < 2 else 0, to_unit=ELSEWHERE, leaves=KEYS[_ : _ + 1]
        )

    async def every(read: Any, question: Any) -> list[Any]:
        page = await place.run(read, question)
        lines = list(page.lines)
        while page.next_page:
            page = await place.run(read, replace(question, page=page.next_page))
            lines += page.lines
        return lines

    questions = (
        (place.desk.postings, PostingsQuestion(now=NOW, rollout=place.rollout)),
        (place.desk.history, HistoryQuestion(now=NOW, rollout=place.rollout, unit=OFFICE)),
        (place.desk.show, LedgerQuestion(now=NOW, rollout=place.rollout)),
    )
    whole = [await every(read, question) for read, question in questions]
    monkeypatch.setattr("activities.ledger._AT_ONCE", 2)
    monkeypatch.setattr("activities.pages.MOST_BYTES", 1)
    monkeypatch.setattr("activities.ledger.how_many_fit", lambda lines, _: min(1, len(lines)))

    assert [await every(read, question) for read, question in questions] == whole
    assert [len(lines) for lines in whole] == [20, 4, 3]


@pytest.mark.parametrize("read", ["show", "check", "postings", "refusals", "history"])
async def test_an_unknown_rollout_is_named(database, run, read: str) -> None:
    """Nothing is guessed."""
    question = {
        "show": LedgerQuestion,
        "check": CheckQuestion,
        "postings": PostingsQuestion,
        "refusals": RefusalsQuestion,
        "history": HistoryQuestion,
    }[read]
    more = {"unit": STREET} if read == "history" else {}
    page = await run(
        getattr(LedgerActivities(database), read), question(now=NOW, rollout="没有", **more)
    )
    assert page.unknown == ("没有",)


async def test_a_sound_ledger_passes_its_check(place: Place) -> None:
    """Every law is named and holds."""
    await place.put("转隶批复", sent(OFFICE, STREET, "行政", 2, KEYS[:1]))
    await place.put("转隶登记", arrived(OFFICE, STREET, "行政", KEYS[0]))

    found = await place.check()

    assert (found.breaches, len(found.laws)) == ((), 10)
    assert (found.entries, found.postings, found.positions, found.people) == (4, 18, 2, 3)


TAMPERED = [
    ("UPDATE ledger_position SET approved = 9 WHERE rollout = :r", {"余额与分录合计一致"}),
    ("UPDATE ledger_book SET entries = 9 WHERE rollout = :r", {"凭证号连续，每笔分录齐全"}),
    (
        (
            "DELETE FROM ledger_posting WHERE (transaction, line) = (SELECT max(id), 2 FROM"
            " ledger_transaction WHERE rollout = :r)"
        ),
        {"凭证号连续，每笔分录齐全", "每笔编制、人员各自一进一出相等", "余额与分录合计一致"},
    ),
    (
        "UPDATE ledger_place SET unit = '滨河街道' WHERE rollout = :r AND staff LIKE '%1'",
        {"人员所在、在途与分录一致"},
    ),
    ("UPDATE ledger_transit SET vacant = 5 WHERE rollout = :r", {"在途编制去向明确，与分录一致"}),
    (
        "UPDATE ledger_transaction SET paper = '' WHERE rollout = :r AND kind = '期初'",
        {"增减总量、进出人员都有文号"},
    ),
    (
        "UPDATE ledger_transaction SET special_paper = '' WHERE rollout = :r",
        {"街道编制没有未经专项批准的减少"},
    ),
    (
        "UPDATE ledger_transaction SET day = '2019-12-01' WHERE rollout = :r AND kind = '划转'",
        {"任何一天的余额都不为负"},
    ),
    (
        (
            "UPDATE ledger_posting SET staff = 'p-0000000000000001' WHERE staff ="
            " 'p-0000000000000000' AND transaction IN (SELECT id FROM ledger_transaction"
            " WHERE rollout = :r)"
        ),
        {"一人只在一处", "人员所在、在途与分录一致"},
    ),
    (
        (
            "UPDATE ledger_posting SET amount = amount / 5 WHERE transaction = (SELECT min(id) FROM"
            " ledger_transaction WHERE rollout = :r) AND state IN ('核定', '批准')"
        ),
        {"余额与分录合计一致", "实有不超过核定（或职数），原有超编有依据且只减不增"},
    ),
]


@pytest.mark.parametrize("statement, laws", TAMPERED)
async def test_the_check_finds_what_was_done_past_the_guards(
    place: Place, statement: str, laws: set[str]
) -> None:
    """With the triggers off anything can be written; the check trusts none of them."""
    await place.put("转隶批复", sent(OFFICE, STREET, "行政", 1, KEYS[:1]))
    await place.adjust(special_paper="海编〔2019〕特1号", from_unit=STREET, to_unit=OFFICE, posts=2)
    await place.put("空编划转", sent(OFFICE, ELSEWHERE, "行政", 1))
    async with place.database.engine.connect() as connection:
        transaction = await connection.begin()
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(statement), {"r": place.rollout})
        await transaction.commit()

    found = await place.check()

    assert laws <= {breach.law for breach in found.breaches}

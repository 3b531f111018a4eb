"""Census, lock and rosters against a real database: sealed on the way, all or nothing, once."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from activities.census import CensusActivities
from activities.plan_shelf import Shelf
from activities.sealed import SealedActivities
from activities.staff import StaffActivities
from contracts.census import (
    CensusImport,
    CensusImported,
    CensusLockOrder,
    CensusQuestion,
    CensusSignature,
    CensusTypes,
    RosterImport,
    RosterImported,
    RosterQuestion,
)
from contracts.sealed import SealedPieceSent, packed, page_purpose, piece_purpose
from contracts.staff import StaffQuestion, StaffReadsQuestion
from domain.census import CensusSheet
from domain.roster import RawPlace, RosterStatus
from runtime.seal import Seal
from storage.engine import Database
from storage.ledger_store import positions_at
from storage.registers_store import NewPlan, store_plan
from storage.roster_store import persons_page, set_person_state, set_status
from tests.people_of import census_sheet, name_of, number_of
from tests.small_plan import STREETS, small_plan

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
OFFICE = "甲区司法局"
SIZES = {OFFICE: 6, STREETS[0]: 2, STREETS[1]: 1}
SEAL = Seal(bytes(range(32)))
_names = itertools.count(1)
_uploads = itertools.count(1)


@dataclass
class Office:
    """The desks of one rollout, and how a sheet gets to them."""

    rollout: str
    database: Database
    census: CensusActivities
    staff: StaffActivities
    sealed: SealedActivities
    run: object

    async def upload(
        self, content: object, person: str, *, upto: int | None = None
    ) -> tuple[str, int]:
        """Send a sheet in pieces; ``upto`` stops before the last ones, like a killed command."""
        upload = f"u{next(_uploads)}"
        pieces = packed(TypeAdapter(type(content)).dump_json(content))
        for place, piece in enumerate(pieces[:upto]):
            sent = SealedPieceSent(
                rollout=self.rollout,
                person=person,
                upload=upload,
                place=place,
                content=SEAL.seal(piece, piece_purpose(self.rollout, upload, place)),
                now=NOW,
            )
            taken = await self.run(self.sealed.take, sent)
            assert taken.code == "", taken.sentence
        return upload, len(pieces)

    async def bring(
        self, sheet: CensusSheet, person: str = "区协调员", **more: object
    ) -> CensusImported:
        """Upload and import a census."""
        upload, pieces = await self.upload(sheet, person)
        order = CensusImport(
            now=NOW, rollout=self.rollout, person=person, upload=upload, pieces=pieces, **more
        )
        return await self.run(self.census.import_census, order)

    async def sign(self, unit: str, person: str = "") -> object:
        """Let a unit's head sign."""
        order = CensusSignature(
            now=NOW,
            rollout=self.rollout,
            unit=unit,
            paper="甲清查〔2026〕1号",
            person=person or f"{unit}主要负责人",
        )
        return await self.run(self.census.sign, order)

    async def lock(self, person: str = "区协调员", paper: str = "甲编委〔2026〕9号"):
        """Lock the census."""
        order = CensusLockOrder(now=NOW, rollout=self.rollout, paper=paper, person=person)
        return await self.run(self.census.lock, order)

    async def locked(self, sizes: dict[str, int] = SIZES) -> None:
        """A census that was imported, signed and locked."""
        assert (await self.bring(census_sheet(sizes))).applied
        for unit in sizes:
            assert (await self.sign(unit)).applied
        done = await self.lock()
        assert done.applied, done.sentence

    async def roster(
        self,
        rows: Sequence[RawPlace],
        number: str = "甲1",
        units: tuple[str, ...] = STREETS,
        person: str = "区协调员",
        **more: object,
    ) -> RosterImported:
        """Upload and import a roster."""
        upload, pieces = await self.upload(tuple(rows), person)
        order = RosterImport(
            now=NOW,
            rollout=self.rollout,
            number=number,
            units=units,
            person=person,
            upload=upload,
            pieces=pieces,
            **more,
        )
        return await self.run(self.staff.import_roster, order)

    async def rows(self, question: str) -> list[tuple[object, ...]]:
        """What the database answers."""
        async with self.database.single() as connection:
            found = await connection.execute(text(question), {"r": self.rollout})
            return [tuple(row) for row in found]

    async def page(self, person: str, **of: object):
        """A page of persons, opened: the answer and its lines."""
        question = StaffQuestion(now=NOW, rollout=self.rollout, person=person, asked="a1", **of)
        page = await self.run(self.staff.show, question)
        if page.code:
            return page, []
        content = SEAL.open(page.sealed, page_purpose(self.rollout, "a1"))
        assert content is not None
        return page, json.loads(content)


@pytest.fixture
async def office(database: Database, run) -> Office:
    """A registered rollout with one department, two streets, nobody in the census."""
    name = f"清查{next(_names)}"
    plan = small_plan(name, date(2026, 11, 2))
    new = NewPlan(
        plan=plan,
        content_hash=name,
        document="",
        procedures=1,
        at=NOW - timedelta(days=1),
        person="测",
    )
    from activities.plan_shelf import plan_to_json

    async with database.transaction() as connection:
        await store_plan(connection, replace(new, document=plan_to_json(plan)))
    shelf = Shelf()
    return Office(
        rollout=name,
        database=database,
        census=CensusActivities(database, shelf, SEAL),
        staff=StaffActivities(database, shelf, SEAL),
        sealed=SealedActivities(database),
        run=run,
    )


def place(person: int, row: int = 2, **of: str) -> RawPlace:
    """A roster's row by name and number."""
    given = {
        "key": "",
        "name": name_of(person),
        "number": number_of(person),
        "from_unit": OFFICE,
        "to_unit": STREETS[0],
        "team": "",
        "type": "",
    }
    return RawPlace(row=row, **(given | of))


async def test_the_same_census_twice_is_one_import(office: Office) -> None:
    """Rows in another order change nothing; one unit changed is one unit imported."""
    sheet = census_sheet(SIZES)
    first = await office.bring(sheet)
    again = await office.bring(replace(sheet, people=sheet.people[::-1]))
    keys = await office.rows("SELECT key FROM staff WHERE rollout = :r ORDER BY key")
    fewer = await office.bring(replace(sheet, people=sheet.people[:-1]))

    assert (first.applied, first.version, first.people) == (True, 1, 9)
    assert (again.applied, again.version, again.changed) == (False, 1, 0)
    assert (fewer.applied, fewer.version, fewer.changed) == (True, 2, 1)
    left = await office.rows("SELECT key FROM staff WHERE rollout = :r ORDER BY key")
    assert len(keys) - 1 == len(left) and set(left) < set(keys)


async def test_two_imports_of_one_file_at_once_are_one(office: Office) -> None:
    """Both answer the same version; one of them made it."""
    sheet = census_sheet(SIZES)
    both = await asyncio.gather(office.bring(sheet), office.bring(sheet))

    assert sorted(one.applied for one in both) == [False, True]
    assert await office.rows("SELECT count(*) FROM census_import WHERE rollout = :r") == [(1,)]


async def test_a_large_sheet_with_many_errors_says_them_all_and_changes_nothing(
    office: Office,
) -> None:
    """5,000 rows, 200 of them wrong: 200 findings by row and column, no name, nobody stored."""
    sheet = census_sheet({OFFICE: 5_000})
    wrong = list(sheet.people)
    for n in range(0, 5_000, 25):
        last = "0" if wrong[n].number[-1] != "0" else "1"
        wrong[n] = replace(wrong[n], number=wrong[n].number[:-1] + last)

    answer = await office.bring(replace(sheet, people=tuple(wrong)))

    assert (answer.code, answer.errors, len(answer.findings)) == ("CENSUS_INVALID", 200, 200)
    assert {(f.sheet, f.column, f.code) for f in answer.findings} == {
        ("人员", "身份证号", "ID_NUMBER")
    }
    assert [f.row for f in answer.findings] == list(range(2, 5_002, 25))
    said = json.dumps([f.sentence for f in answer.findings], ensure_ascii=False)
    assert not any(name_of(n) in said for n in range(0, 5_000, 25))
    assert await office.rows("SELECT count(*) FROM staff WHERE rollout = :r") == [(0,)]


async def test_an_upload_that_was_killed_half_way_imports_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its last piece a sheet is refused; the next command starts anew."""
    monkeypatch.setattr("contracts.sealed.PIECE_BYTES", 10_000)
    sheet = census_sheet({OFFICE: 1_000})
    upload, pieces = await office.upload(sheet, "区协调员", upto=-1)
    order = CensusImport(
        now=NOW, rollout=office.rollout, person="区协调员", upload=upload, pieces=pieces
    )

    assert pieces > 1
    assert (await office.run(office.census.import_census, order)).code == "UPLOAD_BROKEN"
    assert (await office.bring(sheet)).applied
    left = "SELECT count(*) FROM sealed_piece WHERE rollout = :r"
    assert await office.rows(left) == [(pieces - 1,)]


async def test_what_is_on_its_way_holds_neither_names_nor_numbers(office: Office) -> None:
    """Pieces, orders, answers and the database's rows beside the names: nothing can be read."""
    sheet = census_sheet(SIZES)
    upload, _ = await office.upload(sheet, "区协调员")
    kept = await office.rows(f"SELECT content FROM sealed_piece WHERE upload = '{upload}'")
    answer = await office.bring(sheet)
    page, _ = await office.page("区协调员")
    stored = await office.rows("SELECT key, identity, blind_index FROM staff WHERE rollout = :r")

    said = repr((kept, answer, page, stored))
    assert not any(name_of(n) in said or number_of(n)[:14] in said for n in range(9))


async def test_a_worker_without_a_key_refuses_and_one_with_another_key_says_so(
    office: Office,
) -> None:
    """SECRET_KEY_MISSING and SECRET_KEY_DIFFERS; nothing is changed."""
    shelf = Shelf()
    upload, pieces = await office.upload(census_sheet(SIZES), "区协调员")
    order = CensusImport(
        now=NOW, rollout=office.rollout, person="区协调员", upload=upload, pieces=pieces
    )
    answers = [
        await office.run(CensusActivities(office.database, shelf, seal).import_census, order)
        for seal in (None, Seal(b"x" * 32))
    ]

    assert [a.code for a in answers] == ["SECRET_KEY_MISSING", "SECRET_KEY_DIFFERS"]
    without = StaffActivities(office.database, shelf, None)
    question = StaffQuestion(now=NOW, rollout=office.rollout, person="区协调员", asked="a")
    assert (await office.run(without.show, question)).code == "SECRET_KEY_MISSING"


async def test_who_may_import_for_whom(office: Office) -> None:
    """A unit's own people for the unit alone; a stranger for nobody; every row is named."""
    own = await office.bring(census_sheet({OFFICE: 2}), f"{OFFICE}经办甲")
    others = await office.bring(census_sheet(SIZES), f"{OFFICE}经办甲")

    assert own.applied
    assert [f.code for f in others.findings] == ["NOT_YOUR_UNIT"] * 2
    with pytest.raises(AssertionError, match="通讯录里没有"):
        await office.bring(census_sheet({OFFICE: 2}), "路人")


async def test_a_census_is_signed_by_the_units_head_when_whole(office: Office) -> None:
    """Not by a handler, not with a section missing; once; again after a change."""
    sheet = census_sheet(SIZES)
    gap = replace(sheet.units[0], sections=("有", "", "有", "", "有", "有"))
    await office.bring(replace(sheet, units=(gap, *sheet.units[1:])))
    unsigned = await office.sign(OFFICE)
    await office.bring(sheet)

    assert (unsigned.code, "职能配置、领导职数" in unsigned.sentence) == ("CENSUS_INCOMPLETE", True)
    assert (await office.sign(OFFICE, f"{OFFICE}经办甲")).code == "NOT_HEAD"
    assert (await office.sign(OFFICE, f"{OFFICE}代办")).applied
    assert not (await office.sign(OFFICE)).applied
    await office.bring(replace(sheet, people=sheet.people[1:]))
    assert (await office.sign(OFFICE)).applied


async def test_the_check_says_what_is_missing(office: Office) -> None:
    """Streets that were not imported, empty sections, strength beyond the quota with its basis."""
    sheet = census_sheet({OFFICE: 6}, spare=-1)
    await office.bring(sheet)
    page = await office.run(office.census.check, CensusQuestion(now=NOW, rollout=office.rollout))

    assert [(one.unit, one.imported) for one in page.lines] == [
        (OFFICE, True),
        (STREETS[0], False),
        (STREETS[1], False),
    ]
    shown = {q.type: (q.approved, q.people, q.basis) for q in page.lines[0].quotas}
    assert shown["行政"] == (2, 3, "甲编办〔2019〕1号")
    assert shown["领导·科级"] == (3, 1, "")


async def test_the_lock_opens_the_ledger_in_one_commit(office: Office) -> None:
    """Posts and people of every unit and type stand in the ledger, with the lock's paper."""
    await office.locked()
    async with office.database.single() as connection:
        found = await positions_at(connection, office.rollout)

    assert {(p.unit, p.type): (p.approved, p.actual) for p in found} == {
        (OFFICE, "行政"): (5, 3),
        (OFFICE, "事业"): (5, 3),
        (OFFICE, "领导·科级"): (3, 1),
        (STREETS[0], "行政"): (3, 1),
        (STREETS[0], "事业"): (3, 1),
        (STREETS[0], "领导·科级"): (3, 1),
        (STREETS[1], "行政"): (3, 1),
        (STREETS[1], "事业"): (2, 0),
        (STREETS[1], "领导·科级"): (3, 1),
    }
    papers = await office.rows("SELECT DISTINCT paper FROM ledger_transaction WHERE rollout = :r")
    assert papers == [("甲编委〔2026〕9号",)]


async def test_two_coordinators_lock_at_once_and_one_wins(office: Office) -> None:
    """The other is refused with CENSUS_LOCKED; the ledger is opened once."""
    await office.bring(census_sheet(SIZES))
    for unit in SIZES:
        await office.sign(unit)

    both = await asyncio.gather(office.lock("区协调员"), office.lock("市协调员"))

    assert sorted(one.applied for one in both) == [False, True]
    assert [one.code for one in both if not one.applied] == ["CENSUS_LOCKED"]
    counts = await office.rows(
        "SELECT count(*), count(DISTINCT key) FROM ledger_transaction WHERE rollout = :r"
    )
    assert counts == [(9, 9)]
    winner = next(p for p, one in zip(("区协调员", "市协调员"), both, strict=True) if one.applied)
    again = await office.lock(winner)
    assert (again.code, again.applied, len(again.totals)) == ("", False, 3)


async def test_a_census_that_is_not_whole_is_not_locked(office: Office) -> None:
    """Units missing and units unsigned are named; who is no coordinator is refused."""
    await office.bring(census_sheet({OFFICE: 2, STREETS[0]: 1}))
    await office.sign(OFFICE)

    no = await office.lock()

    assert no.code == "CENSUS_INCOMPLETE"
    assert f"没有导入：{STREETS[1]}" in no.sentence and f"没有签字：{STREETS[0]}" in no.sentence
    assert (await office.lock(f"{OFFICE}主要负责人")).code == "NOT_COORDINATOR"
    assert (await office.lock(paper=" ")).code == "PAPER_MISSING"
    assert await office.rows("SELECT count(*) FROM ledger_transaction WHERE rollout = :r") == [(0,)]


async def test_after_the_lock_an_import_is_refused_and_written_down(office: Office) -> None:
    """Nobody enters or leaves by a sheet; the register of refusals has who tried."""
    await office.locked()

    answer = await office.bring(census_sheet({OFFICE: 1}))

    assert (answer.code, answer.applied) == ("CENSUS_LOCKED", False)
    noted = await office.rows("SELECT person, kind, code FROM ledger_refusal WHERE rollout = :r")
    assert noted == [("区协调员", "清查导入", "CENSUS_LOCKED")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE staff SET unit = '一街道' WHERE rollout = :r",
        "DELETE FROM staff WHERE rollout = :r",
        "UPDATE census_post SET approved = approved + 1 WHERE rollout = :r",
        "DELETE FROM census WHERE rollout = :r",
        "DELETE FROM census_lock WHERE rollout = :r",
        "UPDATE census_sign SET person = '他人' WHERE rollout = :r",
        "DELETE FROM staff_read",
        "TRUNCATE staff_read",
        "TRUNCATE census_lock CASCADE",
    ],
)
async def test_the_database_itself_keeps_the_lock(office: Office, statement: str) -> None:
    """Not even plain SQL moves a locked person or post, or unlocks, or forgets a reader."""
    await office.locked()
    await office.page("区协调员", unmask=True, reason="核对")
    with pytest.raises(Exception, match=r"append-only|locked"):
        await office.rows(statement)


async def test_types_are_the_rollouts_own(office: Office) -> None:
    """A type that is set can be imported; one in use cannot be taken away."""
    sheet = census_sheet({OFFICE: 2}, types=("行政", "工勤"))
    before = await office.bring(sheet)
    order = CensusTypes(now=NOW, rollout=office.rollout, person="区协调员", types=("行政", "工勤"))
    refused = await office.run(office.census.set_types, order)
    done = await office.run(office.census.set_types, replace(order, person="市协调员"))
    after = await office.bring(sheet)
    taken = await office.run(
        office.census.set_types, replace(order, person="市协调员", types=("行政",))
    )

    assert {f.code for f in before.findings} == {"CENSUS_TYPE"}
    assert (refused.code, done.code, after.applied) == ("NOT_COORDINATOR", "", True)
    assert taken.code == "CENSUS_TYPES"


async def test_a_roster_is_checked_by_the_lock(office: Office) -> None:
    """0-50: a stranger, a wrong unit, type, name or receiving unit, twice: each by its cell."""
    await office.locked()
    rows = [
        place(0),
        place(99, 3),
        place(1, 4, from_unit=STREETS[1]),
        place(2, 5, type="事业"),
        place(3, 6, name="某某"),
        place(4, 7, to_unit=OFFICE),
        place(0, 8),
        place(5, 9, number="11010119900101"),
        place(6, 10, key="p-0000000000000000"),
    ]
    answer = await office.roster(rows)

    assert [(f.row, f.column, f.code) for f in answer.findings] == [
        (3, "身份证号", "NOT_IN_LOCK"),
        (4, "转出单位", "NOT_IN_LOCK"),
        (5, "类型", "NOT_IN_LOCK"),
        (6, "姓名", "STAFF_DIFFERS"),
        (7, "转入单位", "ROSTER_UNIT"),
        (7, "转入单位", "ROSTER_UNIT"),
        (8, "人员编号", "PERSON_TWICE"),
        (9, "身份证号", "ID_NUMBER"),
        (10, "身份证号", "STAFF_DIFFERS"),
    ]
    assert answer.code == "ROSTER_INVALID"
    assert await office.rows("SELECT count(*) FROM roster WHERE rollout = :r") == [(0,)]


async def test_a_roster_is_imported_once_and_replaced_by_another(office: Office) -> None:
    """By name and number or by key it is the same roster; sums add up (3-12)."""
    await office.locked()
    rows = [place(n, n + 2, team=f"第{n % 2 + 1}队") for n in range(4)]
    first = await office.roster(rows)
    _, lines = await office.page("区协调员", unit=OFFICE, unmask=True, reason="制名册")
    key_of = {line["number"]: line["key"] for line in lines}
    by_key = [replace(row, key=key_of[row.number], name="", number="") for row in rows]
    same = await office.roster(by_key)
    fewer = await office.roster(by_key[:3])

    assert (first.applied, first.version, first.people) == (True, 1, 4)
    assert (same.applied, same.version) == (False, 1)
    assert (fewer.applied, fewer.version, fewer.people) == (True, 2, 3)
    sums: Counter[str] = Counter()
    for one in fewer.sums:
        sums[one.by] += one.people
    assert set(sums.values()) == {3}
    async with office.database.single() as connection:
        persons = await persons_page(connection, office.rollout, "甲1")
    assert [p.staff for p in persons] == sorted(row.key for row in by_key[:3])


async def test_two_rosters_that_want_the_same_person_at_once(office: Office) -> None:
    """One of them has the person, the other is told which roster has."""
    await office.locked()

    both = await asyncio.gather(
        office.roster([place(0)], "甲1"), office.roster([place(0), place(1, 3)], "甲2")
    )

    assert sorted(one.applied for one in both) == [False, True]
    lost = next(one for one in both if not one.applied)
    assert [f.code for f in lost.findings] == ["PERSON_WANTED"]
    free = await office.roster([place(1, 3)], "甲3")
    assert free.applied is not any(p.applied and p.people == 2 for p in both)


async def test_a_roster_is_frozen_from_the_request_on(office: Office) -> None:
    """0-51: between 请示 and 审批 an import is refused and written down; a 退回 thaws it."""
    await office.locked()
    await office.roster([place(0)])
    assert await move(office, RosterStatus.DRAWN_UP, RosterStatus.REQUESTED)

    frozen = await office.roster([place(1)])

    assert frozen.code == "ROSTER_FROZEN"
    noted = await office.rows("SELECT kind, code FROM ledger_refusal WHERE rollout = :r")
    assert noted == [("名册导入", "ROSTER_FROZEN")]
    assert not await move(office, RosterStatus.DRAWN_UP, RosterStatus.APPROVED)
    assert await move(office, RosterStatus.REQUESTED, RosterStatus.DRAWN_UP)
    assert (await office.roster([place(1)])).applied
    assert await move(office, RosterStatus.DRAWN_UP, RosterStatus.CANCELLED)
    assert (await office.roster([place(1)])).code == "ROSTER_CLOSED"
    assert (await office.roster([place(1)], "甲2")).applied


async def test_states_of_persons_change_from_what_they_were(office: Office) -> None:
    """Only from an expected state; who is taken out is free for another roster."""
    await office.locked()
    await office.roster([place(0), place(1, 3)])
    async with office.database.transaction() as connection:
        keys = [p.staff for p in await persons_page(connection, office.rollout, "甲1")]
        asked = (connection, office.rollout, "甲1")
        none = await set_person_state(*asked, keys, expected=["已转"], new="暂缓")
        out = await set_person_state(*asked, keys[:1], expected=["在册"], new="移出", live=False)
        left = await persons_page(connection, office.rollout, "甲1", after=keys[0], limit=5)

    assert (none, out) == ((), (keys[0],))
    assert [(p.staff, p.state, p.live) for p in left] == [(keys[1], "在册", True)]
    page = await office.run(
        office.staff.show_roster,
        RosterQuestion(now=NOW, rollout=office.rollout, number="甲1"),
    )
    assert {one.people for one in page.sums} == {1} and page.faults == ()


async def move(office: Office, old: RosterStatus, new: RosterStatus) -> bool:
    """Change the status of 甲1."""
    async with office.database.transaction() as connection:
        return await set_status(connection, office.rollout, "甲1", old, new)


async def test_nobody_draws_up_a_roster_before_the_lock_or_for_others(office: Office) -> None:
    """0-50 needs the lock; a unit receives for itself."""
    await office.bring(census_sheet(SIZES))
    assert (await office.roster([place(0)])).code == "CENSUS_OPEN"
    assert (await office.roster([place(0)], person=f"{OFFICE}经办甲")).code == "NOT_YOUR_UNIT"
    assert (await office.roster([place(0)], units=("没有的街道",))).code == "UNKNOWN_UNIT"


async def test_persons_are_masked_for_whoever_may_see_them(office: Office) -> None:
    """Own unit or coordinator; masked reads leave no trace, others are refused."""
    await office.bring(census_sheet(SIZES))

    _, own = await office.page(f"{OFFICE}经办甲")
    everywhere = (await office.page("市协调员"))[0].people
    denied, _ = await office.page(f"{OFFICE}经办甲", unit=STREETS[0])

    assert {line["unit"] for line in own} == {OFFICE} and everywhere == 9
    assert all(line["name"][1:] == "*" and line["number"][3:14] == "*" * 11 for line in own)
    assert denied.code == "STAFF_DENIED"
    assert await office.rows("SELECT count(*) FROM staff_read WHERE rollout = :r") == [(0,)]


async def test_every_unmasked_read_is_written_down(office: Office) -> None:
    """With reader, reason and key; without a reason nothing is shown."""
    await office.bring(census_sheet(SIZES))
    _, masked = await office.page("区协调员", unit=STREETS[1])
    key = masked[0]["key"]
    without, _ = await office.page("区协调员", key=key, unmask=True, reason=" ")
    _, lines = await office.page("区协调员", key=key, unmask=True, reason="核对档案")
    page = await office.run(
        office.staff.reads,
        StaffReadsQuestion(now=NOW, rollout=office.rollout, person="区协调员"),
    )

    assert without.code == "REASON_MISSING"
    assert (lines[0]["name"], lines[0]["number"]) == (name_of(8), number_of(8))
    assert [(r.key, r.person, r.reason) for r in page.lines] == [(key, "区协调员", "核对档案")]

"""The register of duty lists against a real database: all or nothing, once, each by whom it may."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from activities.archive import ArchiveActivities
from activities.duty import DutyOrderActivities
from activities.duty_desk import DutyActivities, coverage_of
from activities.plan_shelf import Shelf
from contracts.archive import ArchiveQuestion, Part
from contracts.duty import (
    Claimed,
    ClaimOrder,
    CoverageQuestion,
    DutyImport,
    DutyImported,
    DutyListsQuestion,
    DutyPage,
    DutyQuestion,
    TrialOrder,
)
from domain.duty_sheet import DutySheet, RawClaim, RawTrial
from storage.duty_store import item_in_force
from tests.activities.test_census import NOW, SEAL, STREETS, Office, office
from tests.duty_lists import DEPARTMENT, NAME, head, item, sheet, streets_sheet

__all__ = ["office"]

START = datetime(2026, 10, 31, 16, tzinfo=UTC)
"""Midnight of 1 November in Shanghai."""


@dataclass
class Register:
    """The desks of the register of one rollout."""

    office: Office
    orders: DutyOrderActivities
    desk: DutyActivities

    async def bring(
        self, content: DutySheet, person: str = "区协调员", **more: object
    ) -> DutyImported:
        """Upload and import lists."""
        upload, pieces = await self.office.upload(content, person)
        order = DutyImport(
            **{
                "now": NOW,
                "rollout": self.office.rollout,
                "person": person,
                "upload": upload,
                "pieces": pieces,
                **more,
            }
        )
        return await self.office.run(self.orders.import_lists, order)

    async def issued(self, content: DutySheet | None = None, **more: object) -> DutyImported:
        """Lists that are issued already."""
        given = {"paper": "甲编办〔2026〕8号", "effective_from": START, **more}
        done = await self.bring(content or sheet(), **given)
        assert done.applied, (done.sentence, done.findings[:3])
        return done

    async def claim(
        self, *rows: RawClaim, person: str = "区协调员", now: datetime = NOW, **more: object
    ) -> Claimed:
        """Claim items."""
        order = ClaimOrder(now=now, rollout=self.office.rollout, person=person, rows=rows, **more)
        return await self.office.run(self.orders.claim, order)

    async def show(self, **more: object) -> DutyPage:
        """The items that the desk shows."""
        question = DutyQuestion(**{"now": NOW, "rollout": self.office.rollout, **more})
        return await self.office.run(self.desk.items, question)

    async def states(self) -> list[tuple[str, int, str]]:
        """Every version with its state."""
        question = DutyListsQuestion(now=NOW, rollout=self.office.rollout)
        page = await self.office.run(self.desk.lists, question)
        return [(one.name, one.version, one.state) for one in page.lines]


@pytest.fixture
def register(office: Office) -> Register:
    """An empty register."""
    return Register(
        office, DutyOrderActivities(office.database, Shelf(), SEAL), DutyActivities(office.database)
    )


def row(street: str = STREETS[0], number: int = 1, **more: str) -> RawClaim:
    """A street's claim by its first handler."""
    given = {"list_name": "", "liaisons": f"{street}经办甲", "team": "文旅专班"}
    return RawClaim(row=number + 1, street=street, number=str(number), **(given | more))


async def test_25_items_are_imported_once(register: Register) -> None:
    """The same workbook again changes nothing; as a draft another content takes its place."""
    first = await register.bring(sheet())
    again = await register.bring(sheet())
    other = await register.bring(sheet(24))

    assert (first.applied, first.items, first.lists[0].version) == (True, 25, 1)
    assert (again.applied, again.lists[0].is_new) == (False, False)
    assert (other.applied, other.lists[0].version) == (True, 1)
    assert await register.states() == [(NAME, 1, "草案")]
    assert len((await register.show()).lines) == 24


async def test_two_imports_of_one_file_at_once_are_one(register: Register) -> None:
    """One of the two writes it."""
    both = await asyncio.gather(register.bring(sheet()), register.bring(sheet()))

    assert sorted(one.applied for one in both) == [False, True]


async def test_one_wrong_cell_and_nothing_is_stored(register: Register) -> None:
    """A header of 25 with 24 rows is not stored, whatever else is in the file."""
    wrong = sheet(24, declared="25")
    good = head("另一清单", row=3, declared="1")
    both = DutySheet(
        lists=(*wrong.lists, good),
        items=(
            *(replace(one, list_name=NAME) for one in wrong.items),
            item(1, "另一清单", row=30),
        ),
    )
    done = await register.bring(both)

    assert (done.code, done.errors) == ("DUTY_INVALID", 1)
    assert done.findings[0].place == "清单!第2行·声明总数"
    assert await register.states() == []


async def test_a_check_changes_nothing(register: Register) -> None:
    """--check says what would be new."""
    done = await register.bring(sheet(), only_check=True)

    assert (done.applied, done.lists[0].is_new, done.items) == (False, True, 25)
    assert await register.states() == []


async def test_an_issued_list_is_in_force_from_its_day(register: Register) -> None:
    """A district's list on the day on which the software arrives, cited from its day on (4-25)."""
    await register.issued()
    asked = {"district": "甲区", "street": STREETS[0]}
    async with register.office.database.single() as connection:
        rollout = register.office.rollout
        before = await item_in_force(
            connection, rollout, "7", at=START - timedelta(seconds=1), **asked
        )
        (now,) = await item_in_force(connection, rollout, "7", at=START, **asked)

    assert before == ()
    assert (now.list_name, now.version, now.departments) == (NAME, 1, (DEPARTMENT,))
    assert await register.states() == [(NAME, 1, "有效")]


async def test_an_issued_list_is_not_edited(register: Register) -> None:
    """4-48: the same file again is the same list, another content goes by adjustment."""
    await register.issued()
    same = await register.bring(sheet())
    other = await register.bring(sheet(24))
    issued_anew = await register.bring(sheet(24), paper="另文", effective_from=NOW)

    assert (same.code, same.applied) == ("", False)
    assert [one.findings[0].code for one in (other, issued_anew)] == ["DUTY_ISSUED"] * 2
    assert "jiegai duty adjust" in other.findings[0].sentence


async def test_a_draft_of_a_procedure_is_left_to_it(register: Register) -> None:
    """While a drafting runs, its draft is not replaced by a file."""
    await register.bring(sheet())
    async with register.office.database.transaction() as connection:
        await connection.execute(
            text("UPDATE duty_list SET workflow_id = '某起草' WHERE rollout = :r"),
            {"r": register.office.rollout},
        )
    done = await register.bring(sheet(24))

    assert [one.code for one in done.findings] == ["DUTY_IN_DRAFTING"]


@pytest.mark.parametrize(
    "more, code",
    [
        ({"paper": "甲编办〔2026〕8号"}, "DUTY_PAPER"),
        ({"effective_from": START}, "DUTY_PAPER"),
        ({"paper": "机密★甲号", "effective_from": START}, "SECRET_DOCUMENT"),
        ({"paper": "文" * 101, "effective_from": START}, "TOO_LONG"),
        ({"pieces": 9}, "UPLOAD_BROKEN"),
    ],
)
async def test_an_import_that_is_refused_as_a_whole(
    register: Register, more: dict[str, object], code: str
) -> None:
    """Paper and day come together; a secret paper and a broken upload are refused."""
    assert (await register.bring(sheet(), **more)).code == code


@pytest.mark.parametrize("person", ["一街道经办甲", "甲区司法局经办甲", "甲区委编办经办甲"])
async def test_only_a_coordinator_imports(register: Register, person: str) -> None:
    """Streets, departments and the 编办's handlers do not; whoever is unknown neither."""
    done = await register.bring(sheet(), person)
    upload, pieces = await register.office.upload(sheet(), "区协调员")
    order = DutyImport(
        now=NOW, rollout=register.office.rollout, person="没有人", upload=upload, pieces=pieces
    )
    stranger = await register.office.run(register.orders.import_lists, order)

    assert [one.code for one in done.findings] == ["NOT_COORDINATOR"]
    assert stranger.code == "UNKNOWN_PERSON"


async def test_17000_rows_are_one_import(register: Register) -> None:
    """50 lists of 340 items: uploaded, checked and stored in well under a minute, then read by page."""
    content = streets_sheet(50, 340)
    start = time.perf_counter()
    done = await register.issued(content)
    seconds = time.perf_counter() - start
    name = content.lists[49].name
    page = await register.show(name=name)

    assert (done.items, len(done.lists)) == (17_000, 50)
    assert seconds < 15
    assert [line.item.number for line in page.lines] == [str(n) for n in range(1, 341)]


async def test_a_street_claims_its_items(register: Register) -> None:
    """By its own handler; again is the same; another person ends the old claim."""
    await register.issued()
    first = await register.claim(row(), row(number=2), person=f"{STREETS[0]}经办甲")
    again = await register.claim(row(), row(number=2))
    other = await register.claim(
        row(liaisons=f"{STREETS[0]}经办乙"),
        person=f"{STREETS[0]}代办",
        now=NOW - timedelta(hours=9),
    )

    assert (first.new, first.changed, first.same) == (2, 0, 0)
    assert (again.new, again.changed, again.same) == (0, 0, 2)
    assert (other.new, other.changed, other.same) == (0, 1, 0)
    kept = await register.office.rows(
        "SELECT number, liaisons[1], ended_at IS NULL FROM duty_claim WHERE rollout = :r"
        " ORDER BY number, claimed_at"
    )
    assert kept == [
        ("1", f"{STREETS[0]}经办甲", False),
        ("1", f"{STREETS[0]}经办乙", True),
        ("2", f"{STREETS[0]}经办甲", True),
    ]


@pytest.mark.parametrize(
    "claimed, person, code",
    [
        (row(), f"{STREETS[1]}经办甲", "NOT_YOUR_UNIT"),
        (row(liaisons="甲区司法局经办甲"), "区协调员", "DUTY_LIAISON"),
        (row(number=26), "区协调员", "DUTY_ITEM_UNKNOWN"),
    ],
)
async def test_a_claim_that_is_refused(
    register: Register, claimed: RawClaim, person: str, code: str
) -> None:
    """Another street's, with a stranger, of an item that is not there: nothing is written."""
    await register.issued()
    done = await register.claim(claimed, row(STREETS[1]), person=person)

    assert (done.code, done.findings[0].code) == ("DUTY_INVALID", code)
    assert await register.office.rows("SELECT 1 FROM duty_claim WHERE rollout = :r") == []


async def test_claims_of_one_item_at_once_leave_one(register: Register) -> None:
    """Ten orders race for an item: one claim holds, the others ended, none is lost."""
    await register.issued(sheet(1))
    persons = [f"{STREETS[0]}经办甲", f"{STREETS[0]}经办乙"] * 5
    done = await asyncio.gather(*(register.claim(row(liaisons=one)) for one in persons))
    kept = await register.office.rows(
        "SELECT ended_at IS NULL FROM duty_claim WHERE rollout = :r ORDER BY claimed_at"
    )

    assert [one.code for one in done] == [""] * 10
    assert sum(one.new for one in done) == 1
    assert len(kept) == 1 + sum(one.changed for one in done)
    assert [held for (held,) in kept] == [False] * (len(kept) - 1) + [True]


async def test_coverage_says_who_is_missing(register: Register) -> None:
    """Acceptance needs every street's claim of every item and an evaluation (4-40, 4-43)."""
    await register.issued(sheet(2))
    await register.claim(row(), row(number=2), row(STREETS[1]))
    trial = RawTrial(
        row=2,
        list_name="",
        street=STREETS[0],
        evaluated_on="2026-11-20",
        methods="实地察看、收集资料",
        result="运行正常",
    )
    order = TrialOrder(now=NOW, rollout=register.office.rollout, person="区协调员", rows=(trial,))
    first = await register.office.run(register.orders.record_trials, order)
    again = await register.office.run(register.orders.record_trials, order)
    page = await register.office.run(
        register.desk.coverage, CoverageQuestion(now=NOW, rollout=register.office.rollout)
    )
    async with register.office.database.single() as connection:
        found = (await coverage_of(connection, register.office.rollout, NOW, NAME))[NAME]

    assert (first.written, again.written, again.same) == (1, 0, 1)
    assert [(one.street, one.claimed, one.total) for one in page.lines] == [
        (STREETS[0], 2, 2),
        (STREETS[1], 1, 2),
    ]
    assert [one.methods for one in page.trials] == [("实地察看", "收集资料")]
    assert found.missing == ("二街道还有1项未认领", "二街道没有试运行评估")
    await register.claim(row(STREETS[1], 2))
    own = replace(order, person=f"{STREETS[1]}经办甲", rows=(replace(trial, street=STREETS[1]),))
    barred = await register.office.run(register.orders.record_trials, own)
    await register.office.run(register.orders.record_trials, replace(own, person="区协调员"))
    async with register.office.database.single() as connection:
        full = (await coverage_of(connection, register.office.rollout, NOW, NAME))[NAME]

    assert barred.findings[0].code == "NOT_COORDINATOR"
    assert full.claims_complete and full.trials_complete and full.missing == ()


async def test_a_liaison_who_left_is_named(register: Register) -> None:
    """An ended post leaves the item without anybody, and show says so."""
    await register.issued(sheet(1))
    await register.claim(row())
    async with register.office.database.transaction() as connection:
        await connection.execute(
            text("UPDATE appointment SET valid_to = :at WHERE rollout = :r AND person = :who"),
            {"at": NOW, "r": register.office.rollout, "who": f"{STREETS[0]}经办甲"},
        )
    page = await register.show(street=STREETS[0])
    async with register.office.database.single() as connection:
        found = (await coverage_of(connection, register.office.rollout, NOW))[NAME]

    assert page.lines[0].claims[0].gone == (f"{STREETS[0]}经办甲",)
    assert found.streets[0].missing[0].gone == (f"{STREETS[0]}经办甲",)


async def test_show_finds_the_version_that_is_meant(register: Register) -> None:
    """In force now or at an instant, one by number; an unknown one is said."""
    await register.issued()
    single = await register.show(number="７")

    assert (single.head.state, [line.item.number for line in single.lines]) == ("有效", ["7"])
    for more, code in (
        ({"name": "没有的清单"}, "DUTY_LIST_UNKNOWN"),
        ({"version": 3}, "DUTY_VERSION"),
        ({"at": START - timedelta(days=1)}, "DUTY_NOT_IN_FORCE"),
        ({"number": "99"}, "DUTY_ITEM_UNKNOWN"),
        ({"rollout": "没有"}, "UNKNOWN_ROLLOUT"),
    ):
        assert (await register.show(**more)).code == code


async def test_a_version_of_tomorrow_is_not_in_force_yet(register: Register) -> None:
    """It is issued and may be claimed; its state says 未施行."""
    await register.issued(effective_from=NOW + timedelta(days=1))

    assert await register.states() == [(NAME, 1, "未施行")]
    assert (await register.claim(row())).new == 1


async def test_the_archive_has_versions_items_claims_and_evaluations(register: Register) -> None:
    """Every row of a rollout's lists, a claim that ended included."""
    await register.issued(sheet(2))
    await register.claim(row())
    await register.claim(row(liaisons=f"{STREETS[0]}经办乙"))
    counts = {}
    for part in (Part.DUTY_LISTS, Part.DUTY_ITEMS, Part.DUTY_CLAIMS, Part.DUTY_TRIALS):
        question = ArchiveQuestion(part=part, rollout=register.office.rollout)
        reads = ArchiveActivities(register.office.database)
        counts[part] = len((await register.office.run(reads.read, question)).rows)

    assert list(counts.values()) == [1, 2, 2, 0]


async def test_long_items_come_page_by_page(register: Register) -> None:
    """No page is over 500 KB, and none of the items is missing."""
    items = tuple(item(n, 街道职责="责" * 3_000) for n in range(1, 101))
    await register.issued(DutySheet(lists=(head(declared="100"),), items=items))
    numbers: list[str] = []
    place = ""
    pages = 0
    while pages == 0 or place:
        page = await register.show(page=place)
        numbers += [line.item.number for line in page.lines]
        place, pages = page.next_page, pages + 1

    assert numbers == [str(n) for n in range(1, 101)]
    assert pages == 3

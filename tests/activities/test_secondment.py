"""Secondments against a real database: sealed on the way, entered once, given back once."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from activities.plan_shelf import Shelf
from activities.secondment import SecondmentActivities
from contracts.secondment import (
    SecondmentImport,
    SecondmentImported,
    SecondmentPage,
    SecondmentQuestion,
    SecondmentReturn,
    SecondmentReturned,
)
from domain.secondment import RawSecondment
from tests.activities.test_census import NOW, OFFICE, SEAL, STREETS, Office, office
from tests.people_of import name_of, number_of

__all__ = ["office"]


def desk(office: Office) -> SecondmentActivities:
    """The desk of secondments on the office's database."""
    return SecondmentActivities(office.database, Shelf(), SEAL)


def raw(person: int, row: int = 2, **of: str) -> RawSecondment:
    """One of a street's persons, at the office since March."""
    given = {
        "key": "",
        "name": name_of(person),
        "number": number_of(person),
        "street": "",
        "organ": "区司法局",
        "since": "2026-03-02",
        "reason": "专项工作",
        "due_back": "",
        "paper": "甲组〔2026〕1号",
    }
    return RawSecondment(row=row, **(given | of))


async def bring(
    office: Office, *rows: RawSecondment, person: str = "区协调员", **more: object
) -> SecondmentImported:
    """Upload and import a sheet."""
    upload, pieces = await office.upload(tuple(rows), person)
    order = SecondmentImport(
        now=NOW, rollout=office.rollout, person=person, upload=upload, pieces=pieces, **more
    )
    return await office.run(desk(office).import_secondments, order)


async def back(office: Office, *keys: str, **more: object) -> SecondmentReturned:
    """Give persons back."""
    order = SecondmentReturn(
        **{
            "now": NOW,
            "rollout": office.rollout,
            "person": "区协调员",
            "keys": keys,
            "on": date(2026, 11, 20),
            "paper": "甲清退〔2026〕2号",
            **more,
        }
    )
    return await office.run(desk(office).give_back, order)


async def listed(office: Office, person: str = "区协调员") -> SecondmentPage:
    """What the desk shows a person."""
    question = SecondmentQuestion(now=NOW, rollout=office.rollout, person=person)
    return await office.run(desk(office).show, question)


async def keys_of(office: Office) -> list[str]:
    """The keys of all who are away or were."""
    return [one.staff for one in (await listed(office)).lines]


async def test_a_sheet_is_entered_once(office: Office) -> None:
    """Persons 6 and 7 are of the first street; the same sheet again adds nobody."""
    await office.locked()
    checked = await bring(office, raw(6), raw(7, 3), only_check=True)
    first = await bring(office, raw(6), raw(7, 3))
    again = await bring(office, raw(7), raw(6, 3))

    assert (checked.new, checked.applied) == (2, False)
    assert (first.new, first.applied, again.new, again.same, again.applied) == (
        2,
        True,
        0,
        2,
        False,
    )
    page = await listed(office)
    assert {(one.street, one.organ) for one in page.lines} == {(STREETS[0], OFFICE)}
    assert name_of(6) not in repr(page) and number_of(6) not in repr(page)


async def test_one_wrong_row_enters_nobody(office: Office) -> None:
    """All or nothing; a person of a department is no street's."""
    await office.locked()
    wrong = await bring(office, raw(6), raw(0, 3))

    assert (wrong.code, wrong.errors) == ("SECONDMENT_INVALID", 1)
    assert [(f.row, f.code) for f in wrong.findings] == [(3, "SECONDMENT_UNIT")]
    assert (await listed(office)).lines == ()


async def test_clearing_closes_with_a_day_and_a_paper(office: Office) -> None:
    """Once, for all or nobody; the same words again are the same return."""
    await office.locked()
    await bring(office, raw(6), raw(7, 3))
    one, two = await keys_of(office)
    none = await back(office, one, "p-ffffffffffffffff")
    assert none.code == "SECONDMENT_NONE"
    assert all(line.returned_on is None for line in (await listed(office)).lines)

    done = await back(office, one)
    again = await back(office, one)
    other = await back(office, one, two, on=date(2026, 11, 21))

    assert (done.returned, again.returned, again.before) == (1, 0, 1)
    assert other.code == "SECONDMENT_CLOSED"
    assert [(line.returned_on, line.return_paper) for line in (await listed(office)).lines] == [
        (date(2026, 11, 20), "甲清退〔2026〕2号"),
        (None, ""),
    ]
    away = await bring(office, raw(6, since="2026-11-20"), raw(7, 3, since="2026-11-20"))
    assert [f.code for f in away.findings] == ["SECONDMENT_OPEN"]


@pytest.mark.parametrize(
    "more, code",
    [
        ({"paper": " "}, "PAPER_MISSING"),
        ({"on": date(2026, 12, 1)}, "DAY_IN_FUTURE"),
        ({"on": date(2026, 3, 1)}, "SECONDMENT_DAY"),
        ({"person": f"{STREETS[1]}经办甲"}, "NOT_YOUR_UNIT"),
        ({"person": "路人"}, "UNKNOWN_PERSON"),
        ({"keys": ("张三",)}, "STAFF_KEY"),
        ({"keys": ()}, "SECONDMENT_KEYS"),
    ],
)
async def test_what_is_no_return(office: Office, more: dict[str, object], code: str) -> None:
    """Refused in one sentence, nothing is closed, no name is repeated."""
    await office.locked()
    await bring(office, raw(6))
    (key,) = await keys_of(office)

    no = await back(office, *more.pop("keys", (key,)), **more)

    assert (no.code, "张三" in no.sentence) == (code, False)
    assert (await listed(office)).lines[0].returned_on is None


async def test_street_and_organ_see_their_own(office: Office) -> None:
    """The other street sees nobody; street and organ may both give back."""
    await office.locked()
    own = await bring(office, raw(6), person=f"{STREETS[0]}经办甲")
    other = await bring(office, raw(7), person=f"{STREETS[1]}经办甲")

    assert own.applied
    assert [f.code for f in other.findings] == ["NOT_YOUR_UNIT"]
    assert (await listed(office, f"{STREETS[1]}经办甲")).lines == ()
    assert len((await listed(office, f"{OFFICE}经办甲")).lines) == 1
    (key,) = await keys_of(office)
    assert (await back(office, key, person=f"{OFFICE}经办甲")).returned == 1
    assert len((await listed(office, "")).lines) == len((await listed(office)).lines) > 0


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM secondment WHERE rollout = :r",
        "UPDATE secondment SET reason = '别的' WHERE rollout = :r",
        "UPDATE secondment SET returned_on = '2026-11-21' WHERE rollout = :r",
    ],
)
async def test_the_database_itself_keeps_them(office: Office, statement: str) -> None:
    """Nothing is taken away, changed, or given back twice."""
    await office.locked()
    await bring(office, raw(6))
    await back(office, *await keys_of(office))

    with pytest.raises(Exception, match="secondment"):
        async with office.database.transaction() as connection:
            await connection.execute(text(statement), {"r": office.rollout})

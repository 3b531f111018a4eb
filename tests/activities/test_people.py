"""People in the registers: absences and recording units give posts, orders change them once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from temporalio import activity

from activities.bulk import BulkActivities
from activities.desk import DeskActivities
from activities.journal import JournalActivities
from activities.people import PeopleActivities
from activities.registers import RegistersActivities
from contracts.desk import InboxQuestion, PlanRegistration
from contracts.people import (
    AbsenceEnd,
    AbsenceOrder,
    AbsenceQuestion,
    People,
    PeopleImport,
    PeopleQuestion,
    Replacement,
)
from contracts.registers import Answer, Consultation
from domain.people import Absence
from domain.people_sheet import RawPost
from storage.people_store import DirectoryChange, add_absence
from tests.activities.conftest import REGISTERED_AT
from tests.activities.test_desk import DUE, item, page_of

STREET, ELSEWHERE = "滨河街道", "海北街道"
OFFICE, ORGAN = "海勃湾区委编办", "海勃湾区委编委"
FIRST, SECOND, HEAD, STAND_BY = (
    f"{OFFICE}经办甲",
    f"{OFFICE}经办乙",
    f"{OFFICE}负责人",
    f"{OFFICE}代办",
)
CITY, LOCAL, FOREIGN = "乌海市协调员甲", "海勃湾区协调员", "海南区协调员"
NOW = datetime(2019, 12, 2, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A registered plan in which the 区委编办 records for the 区委编委."""

    rollout: str
    people: PeopleActivities
    registers: RegistersActivities
    desk: DeskActivities
    journal: JournalActivities
    run: Any

    async def consult(self, **changes: Any) -> Answer:
        """A question of the registers at this test's moment."""
        question = replace(Consultation(rollout=self.rollout, now=NOW), **changes)
        answer: Answer = await self.run(self.registers.consult, question)
        return answer

    async def grants(self, person: str, **changes: Any) -> set[tuple[str, str, str, str]]:
        """A person's posts: unit, role, in whose place, through which unit."""
        answer = await self.consult(person=person, **changes)
        return {(g.unit, g.role.value, g.instead_of, g.through) for g in answer.grants}

    async def away(self, absent: str, by: str, first: int = 2, last: int = 6, **more: Any) -> Any:
        """Order an absence in December 2019 and return the answer."""
        order = AbsenceOrder(
            now=NOW,
            rollout=self.rollout,
            absent=absent,
            by=by,
            from_day=date(2019, 12, first),
            to_day=date(2019, 12, last),
            person=CITY,
        )
        return await self.run(self.people.add_absence, replace(order, **more))

    async def replaced(self, old: str, new: str, **more: Any) -> Any:
        """Order a replacement and return the answer."""
        order = Replacement(
            now=NOW,
            rollout=self.rollout,
            old=old,
            new=new,
            content_key=f"{old}-{new}",
            paper="海编〔2019〕1号",
            person=LOCAL,
        )
        return await self.run(self.people.replace, replace(order, **more))

    async def imported(self, *rows: RawPost, **more: Any) -> Any:
        """Order the import of rows and return the answer."""
        order = PeopleImport(
            now=NOW,
            rollout=self.rollout,
            rows=rows,
            content_key=repr(rows),
            paper="海委〔2019〕9号",
            person=LOCAL,
        )
        return await self.run(self.people.import_people, replace(order, **more))

    async def inbox(self, **changes: Any) -> list[tuple[str, str, str]]:
        """The inbox of a person or unit: unit, step, capacity."""
        question = replace(InboxQuestion(now=NOW, rollout=self.rollout), **changes)
        shown = await self.run(self.desk.inbox, question)
        assert len(shown.lines) == shown.total
        return [(one.unit, one.step, one.capacity) for one in shown.lines]


@pytest.fixture
async def place(request, database, wuhai, run) -> Place:
    """乌海's plan under the test's own name; the organ names its recording unit by its duty."""
    units = tuple(
        replace(u, recorder="区委编办" if u.duty == "区委编委" else "") for u in wuhai.units
    )
    plan = replace(wuhai, rollout=request.node.name, units=units)
    order = PlanRegistration(plan=plan, content_hash=plan.rollout, now=REGISTERED_AT)
    assert (await run(BulkActivities(database).register_plan, order)).created
    return Place(
        rollout=plan.rollout,
        people=PeopleActivities(database),
        registers=RegistersActivities(database),
        desk=DeskActivities(database),
        journal=JournalActivities(database),
        run=run,
    )


def test_every_order_is_done_under_its_declared_name() -> None:
    """An implementation registers under the name that the CLI calls."""
    for name in People.__abstractmethods__:
        expected = activity._Definition.must_from_callable(getattr(People, name)).name
        done = activity._Definition.must_from_callable(getattr(PeopleActivities, name)).name
        assert expected == done


async def test_who_acts_for_the_recording_unit_records_for_the_organ(place) -> None:
    """Handlers, head and substitute do; a 协调员 or a leader does not; old questions know nothing."""
    recording = (ORGAN, "代录人", "", OFFICE)
    for person in (FIRST, HEAD, STAND_BY):
        assert recording in await place.grants(person)
    for person in (LOCAL, f"{OFFICE}分管区领导", f"{STREET}经办甲"):
        assert recording not in await place.grants(person)
    assert recording not in await place.grants(FIRST, now=None)
    assert "海南区委编委" not in {unit for unit, *_ in await place.grants(FIRST)}


async def test_a_substitute_has_everything_of_the_absent_and_for_those_days(place) -> None:
    """Also what the absent person holds by a recording unit; the absent person keeps it too."""
    assert (await place.away(FIRST, f"{STREET}经办甲")).applied
    given = {(OFFICE, "经办人", FIRST, ""), (ORGAN, "代录人", FIRST, OFFICE)}
    own = {(STREET, "经办人", "", "")}
    assert given | own == await place.grants(f"{STREET}经办甲")
    assert (OFFICE, "经办人", "", "") in await place.grants(FIRST)
    for moment, is_away in (
        (datetime(2019, 12, 1, 15, 59, tzinfo=UTC), False),
        (datetime(2019, 12, 1, 16, tzinfo=UTC), True),
        (datetime(2019, 12, 6, 15, 59, tzinfo=UTC), True),
        (datetime(2019, 12, 6, 16, tzinfo=UTC), False),
    ):
        assert is_away == (given <= await place.grants(f"{STREET}经办甲", now=moment))


async def test_a_chain_gives_all_of_it_to_who_is_there(place) -> None:
    """甲 → 乙 → 丙: while 乙 is away 丙 has both; when 乙 is back, 乙 has 甲's."""
    await place.away(FIRST, SECOND)
    await place.away(SECOND, STAND_BY, 2, 3)
    both = {(OFFICE, "经办人", FIRST, ""), (OFFICE, "经办人", SECOND, "")}
    assert both <= await place.grants(STAND_BY)
    assert not {one for one in await place.grants(SECOND) if one[2]}
    later = NOW + timedelta(days=3)
    assert both.isdisjoint(await place.grants(STAND_BY, now=later))
    assert (OFFICE, "经办人", FIRST, "") in await place.grants(SECOND, now=later)


async def test_those_able_to_act_are_the_present_and_their_substitutes(place) -> None:
    """Handlers first, nobody twice, the absent replaced by the end of their chain."""
    asked = (OFFICE, ORGAN, "无此单位")
    answer = await place.consult(able_in=asked)
    expected = (FIRST, SECOND, HEAD, STAND_BY)
    first, second = sorted((FIRST, SECOND))
    expected = (first, second, HEAD, STAND_BY)
    assert {OFFICE: expected, "无此单位": ()} == {
        unit: names for unit, names in answer.able.items() if unit != ORGAN
    }
    assert set(expected) <= set(answer.able[ORGAN])
    await place.away(FIRST, STAND_BY)
    await place.away(SECOND, FIRST)
    answer = await place.consult(able_in=asked)
    assert {STAND_BY, HEAD} == set(answer.able[OFFICE])
    assert len(answer.able[OFFICE]) == 2
    assert (await place.consult()).able is None


async def test_a_post_counts_from_its_day_to_its_day(place) -> None:
    """At a moment; the older question without one takes posts that have no end."""
    row = RawPost(
        row=2, unit=STREET, person="新人", role="经办人", since="2019-12-04", until="2019-12-05"
    )
    assert (await place.imported(row)).applied
    days = {}
    for day in (3, 4, 5, 6):
        now = datetime(2019, 12, day, 4, tzinfo=UTC)
        days[day] = bool(await place.grants("新人", now=now))
    assert days == {3: False, 4: True, 5: True, 6: False}
    assert not await place.grants("新人", now=None)


async def test_an_absence_is_refused_with_a_sentence_and_changes_nothing(place) -> None:
    """Circle, overlap, strangers, the past; and only who may writes one."""
    await place.away(FIRST, SECOND)
    for answer, code in (
        (await place.away(SECOND, FIRST), "ABSENCE_CIRCLE"),
        (await place.away(FIRST, STAND_BY, 6, 9), "ABSENCE_OVERLAP"),
        (await place.away(HEAD, "无此人"), "UNKNOWN_PERSON"),
        (await place.away("无此人", HEAD), "UNKNOWN_PERSON"),
        (await place.away(HEAD, SECOND, 1, 1), "ABSENCE_PAST"),
        (await place.away(HEAD, SECOND, person=FOREIGN), "NOT_YOUR_ABSENCE"),
        (await place.away(HEAD, SECOND, person="无此人"), "UNKNOWN_PERSON"),
        (await place.away(HEAD, SECOND, rollout="没有"), "UNKNOWN_ROLLOUT"),
    ):
        assert (code, False) == (answer.code, answer.applied)
        assert answer.sentence
    assert (await place.consult()).directory_version == 2
    question = AbsenceQuestion(now=NOW, rollout=place.rollout)
    page = await place.run(place.people.absences, question)
    assert [(one.person, one.state) for one in page.lines] == [(FIRST, "请假中")]


async def test_two_reviewers_with_one_substitute_bring_a_warning(place) -> None:
    """0-35: it is written, and says whom to appoint."""
    assert (await place.away(FIRST, STAND_BY)).warnings == ()
    kept = await place.away(SECOND, STAND_BY)
    assert kept.applied
    (warning,) = kept.warnings
    assert "初审和复审须由两人办理" in warning
    assert HEAD in warning


async def test_the_same_absence_twice_is_once(place) -> None:
    """The second order finds it, and makes no version."""
    assert (await place.away(FIRST, SECOND)).applied
    again = await place.away(FIRST, SECOND, now=NOW + timedelta(minutes=1))
    assert (again.applied, again.code, again.line.person) == (False, "", FIRST)
    assert (await place.consult()).directory_version == 2


async def test_a_return_ends_the_substitution_at_once(place) -> None:
    """What was in between stays on record; a new absence of those days may follow."""
    await place.away(FIRST, SECOND, person=FIRST)
    back = NOW + timedelta(hours=3)
    order = AbsenceEnd(now=back, rollout=place.rollout, absent=FIRST, person=f"{STREET}经办甲")
    assert (await place.run(place.people.end_absence, order)).code == "NOT_YOUR_ABSENCE"
    ended = await place.run(place.people.end_absence, replace(order, person=FIRST))
    assert (ended.applied, ended.line.state) == (True, "已销假")
    instead = (OFFICE, "经办人", FIRST, "")
    assert instead in await place.grants(SECOND)
    assert instead not in await place.grants(SECOND, now=back)
    again = await place.run(place.people.end_absence, replace(order, person=FIRST))
    assert again.code == "NO_ABSENCE"
    assert (await place.away(FIRST, STAND_BY, now=back)).applied


async def test_the_database_itself_keeps_absences_apart(place, database) -> None:
    """Whoever writes: no second absence on one day, no own substitute, no day before the first."""
    said = DirectoryChange(version=0, at=NOW, person="某", reason="", paper="")
    good = Absence(person=FIRST, by=SECOND, from_day=date(2019, 12, 2), to_day=date(2019, 12, 6))
    async with database.transaction() as connection:
        await add_absence(connection, place.rollout, good, said)
    for bad in (
        replace(good, by=STAND_BY, from_day=date(2019, 12, 6), to_day=date(2019, 12, 9)),
        replace(good, person=SECOND),
        replace(good, person=HEAD, to_day=date(2019, 12, 1)),
    ):
        with pytest.raises(IntegrityError):
            async with database.transaction() as connection:
                await add_absence(connection, place.rollout, bad, said)


async def test_two_coordinators_at_once_write_one_absence_each_or_refuse(place) -> None:
    """Of a circle's two halves ordered at the same moment one is refused."""
    for _ in range(5):
        answers = await asyncio.gather(place.away(FIRST, SECOND), place.away(SECOND, FIRST))
        assert sorted(one.code for one in answers) == ["", "ABSENCE_CIRCLE"]
        (kept,) = (one.line.person for one in answers if one.applied)
        order = AbsenceEnd(now=NOW, rollout=place.rollout, absent=kept, person=CITY)
        assert (await place.run(place.people.end_absence, order)).applied


async def test_a_replacement_moves_posts_with_its_paper(place, database) -> None:
    """At the moment; the version says who, why and on which paper; the same order again is once."""
    await place.run(place.journal.write, page_of_office(place))
    done = await place.replaced(FIRST, "新人")
    assert (done.applied, done.version, done.open_items) == (True, 2, 1)
    assert await place.grants(FIRST) == set()
    assert (OFFICE, "经办人", "", "") in await place.grants("新人")
    assert (OFFICE, "经办人", "", "") in await place.grants(FIRST, now=NOW - timedelta(seconds=1))
    again = await place.replaced(FIRST, "新人", now=NOW + timedelta(minutes=1))
    assert (again.applied, again.code, again.version) == (False, "", 2)
    question = PeopleQuestion(now=NOW, rollout=place.rollout, unit=OFFICE)
    page = await place.run(place.people.show, question)
    change = page.changes[0]
    assert (change.version, change.person, change.paper) == (2, LOCAL, "海编〔2019〕1号")
    assert f"新人接替{FIRST}" in change.reason


async def test_a_replacement_is_refused_with_a_sentence(place) -> None:
    """A person of another unit, another district's coordinator, no paper, a substitute in use."""
    await place.away(SECOND, STAND_BY)
    for answer, code in (
        (await place.replaced(FIRST, "新人", unit=STREET), "NO_POST"),
        (await place.replaced(FIRST, "新人", unit="没有"), "UNKNOWN_UNIT"),
        (await place.replaced("没有", "新人"), "UNKNOWN_PERSON"),
        (await place.replaced(FIRST, "新人", person=FOREIGN), "NOT_COORDINATOR"),
        (await place.replaced(FIRST, "新人", person=HEAD), "NOT_COORDINATOR"),
        (await place.replaced(FIRST, "新人", paper=" "), "PAPER_MISSING"),
        (await place.replaced(STAND_BY, "新人"), "SUBSTITUTE_LEAVES"),
    ):
        assert (code, False) == (answer.code, answer.applied)
    assert (await place.consult()).directory_version == 2


async def test_two_coordinators_replace_one_person_once(place) -> None:
    """The second finds the post gone and is told so."""
    answers = await asyncio.gather(
        place.replaced(FIRST, "新人一"), place.replaced(FIRST, "新人二", person=CITY)
    )
    assert sorted(one.code for one in answers) == ["", "UNKNOWN_PERSON"]
    assert (await place.consult()).directory_version == 2


async def test_a_sheet_is_in_force_whole_or_not_at_all(place) -> None:
    """One bad row keeps the good one out; compared only, nothing changes; twice is once."""
    good = RawPost(row=2, unit=STREET, person="新人", role="第一责任人")
    bad = RawPost(row=3, unit="海南区委编办", person="新人", role="经办人", since="2019-02-30")
    refused = await place.imported(good, bad)
    assert (refused.code, refused.applied) == ("PEOPLE_INVALID", False)
    assert [(one.code, one.row) for one in refused.findings] == [
        ("NOT_COORDINATOR", 3),
        ("BAD_DATE", 3),
    ]
    compared = await place.imported(good, only_compare=True)
    assert (compared.total, compared.applied) == (2, False)
    assert await place.grants("新人") == set()
    done = await place.imported(good)
    assert (done.version, done.applied) == (2, True)
    assert await place.grants("新人") == {(STREET, "第一责任人", "", "")}
    assert await place.grants(f"{STREET}负责人") == set()
    again = await place.imported(good, now=NOW + timedelta(minutes=1))
    assert (again.total, again.applied, again.version) == (0, False, 2)


async def test_units_are_shown_with_people_vacancies_and_absences(place) -> None:
    """Now, on another day, and one person's."""
    await place.away(FIRST, STAND_BY)
    leaving = RawPost(row=2, unit=STREET, person=f"{STREET}负责人", role="第一责任人")
    assert (await place.imported(replace(leaving, until="2019-12-05"))).applied
    ask = PeopleQuestion(now=NOW, rollout=place.rollout)
    page = await place.run(place.people.show, ask)
    (office,) = (unit for unit in page.units if unit.unit == OFFICE)
    assert {p.person: p.substitute for p in office.posts}[FIRST] == STAND_BY
    (organ,) = (unit for unit in page.units if unit.unit == ORGAN)
    assert (organ.recorder, organ.vacant) == (OFFICE, ())
    assert [one.person for one in page.absences] == [FIRST]
    later = await place.run(place.people.show, replace(ask, unit=STREET, on=date(2019, 12, 6)))
    assert later.units[0].vacant == ("第一责任人",)
    mine = await place.run(place.people.show, replace(ask, person=FIRST))
    assert [(unit.unit, len(unit.posts)) for unit in mine.units] == [(OFFICE, 1)]
    nobody = await place.run(place.people.show, replace(ask, unit="没有", person="也没有"))
    assert nobody.unknown == ("没有", "也没有")


def page_of_office(place: Place, **changes: Any) -> Any:
    """A street's 三定 that waits at the 区委编办, which is 初审."""
    return page_of(_Named(place), **changes)


class _Named:
    """What ``page_of`` needs of a rollout."""

    def __init__(self, place: Place) -> None:
        from starter.plan_file import read_plan

        self.plan = read_plan("plans/乌海2019.yaml").plan
        self.key = type("Key", (), {"rollout": place.rollout})


async def test_a_substitute_sees_what_waits_and_as_what(place) -> None:
    """Already open or not, for a unit, for an organ by its recording unit, and what was 转办."""
    items = (
        item("初审"),
        item("审议", unit=ORGAN),
        item("起草", unit=ELSEWHERE, waiting_for=FIRST, due_at=DUE + timedelta(hours=1)),
    )
    await place.run(place.journal.write, page_of_office(place, items=items))
    helper = f"{STREET}代办"
    assert await place.inbox(person=helper) == []
    assert await place.inbox(person=HEAD) == [(OFFICE, "初审", ""), (ORGAN, "审议", "代录")]
    assert (await place.away(FIRST, helper)).open_items == 3
    assert await place.inbox(person=helper) == [
        (OFFICE, "初审", f"代办{FIRST}"),
        (ORGAN, "审议", "代录"),
        (ELSEWHERE, "起草", f"代办{FIRST}"),
    ]
    assert await place.inbox(person=helper, now=NOW + timedelta(days=9)) == []
    assert await place.inbox(unit=OFFICE) == [(OFFICE, "初审", ""), (ORGAN, "审议", "代录")]
    assert await place.inbox(unit=ORGAN) == [(ORGAN, "审议", "")]
    assert [one[0] for one in await place.inbox()] == [OFFICE, ORGAN, ELSEWHERE]

"""The register of cases: lists, endings, attempts, settings; lights hold at the moment of asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from activities.case_desk import CaseOrderActivities, CaseReadActivities
from activities.journal import page_json
from activities.plan_shelf import Shelf
from contracts.case import (
    NOT_ADMITTED,
    CaseFindQuestion,
    CaseListQuestion,
    CasePage,
    ClockLine,
    SettingsOrder,
    SettingsQuestion,
    case_workflow_id,
)
from contracts.journal import BoardRow, DeskItem, Page
from domain.case_limits import HANDLE, CaseLimit, CaseSettings, LimitUnit
from storage.engine import Database

AT = datetime(2026, 2, 13, 2, tzinfo=UTC)
"""10 o'clock on Friday 2026-02-13 in Shanghai: T2 ends on 02-25."""
DUE = datetime(2026, 2, 25, 16, tzinfo=UTC)


def clock(**more: Any) -> ClockLine:
    """A clock of 4-12 that runs."""
    known = {
        "name": "正式交接",
        "basis": "4-12",
        "started_at": AT,
        "due_at": DUE,
        "due_date": date(2026, 2, 25),
    }
    return ClockLine(**(known | more))


def case(number: str, **more: Any) -> CasePage:
    """A case from a street to a department."""
    known = {
        "number": number,
        "kind": "上报",
        "title": "无证经营",
        "street": "滨河街道",
        "sender": "滨河街道",
        "receiver": "海勃湾区文旅局",
        "trigger_at": AT,
        "source": "巡查发现",
        "urgency": "普通",
        "opened_by": "滨河街道经办甲",
        "action_id": f"动作{number}",
        "status": "办理中",
        "item": "7",
        "item_name": "无证经营",
        "clocks": (clock(),),
        "opened_at": AT,
    }
    return CasePage(**(known | more))


@pytest.fixture
def write(database: Database, rollout, run):
    """Writes a page as its workflow would; the case belongs to the test's own rollout."""

    async def written(page: CasePage, *steps: str, seq: int = 1, ended: bool = False) -> str:
        workflow_id = case_workflow_id(rollout.plan.rollout, page.number)
        items = tuple(
            DeskItem(
                unit=page.receiver,
                step=step,
                purpose="办理",
                opened_at=AT,
                due_at=DUE,
                due_date=date(2026, 2, 25),
                original_due_date=date(2026, 2, 25),
                provisional=False,
                rule="",
                yellow_at=DUE - timedelta(days=1),
                verbs=("接收",),
            )
            for step in steps
        )
        whole = Page(
            workflow_id=workflow_id,
            run_id="run",
            seq=seq,
            rollout=rollout.plan.rollout,
            district="海勃湾区",
            unit=page.street,
            row_id="",
            item=page.number,
            task=page.title,
            procedure="CaseHandover",
            board=BoardRow(status=page.status, started_at=AT, ended_at=AT if ended else None),
            items=items,
            case=page,
        )
        await run(rollout.journal.write, whole)
        async with database.transaction() as connection:
            said = {"page": page_json(whole)}
            await connection.execute(text("SELECT case_write(CAST(:page AS jsonb))"), said)
        return workflow_id

    return written


@pytest.fixture
def listed(database: Database, rollout, run):
    """Asks for a list of the test's own cases."""
    reads = CaseReadActivities(database)

    async def asked(**more: Any):
        known = {"now": AT, "rollout": rollout.plan.rollout}
        return await run(reads.cases, CaseListQuestion(**(known | more)))

    return asked


async def test_the_newest_case_comes_first_with_who_must_act(write, listed):
    """A list names open steps and units; a step without a page of its own has none."""
    await write(case("滨河街道-20260213-0001"), "签收")
    later = AT + timedelta(hours=1)
    await write(case("滨河街道-20260213-0002", opened_at=later, status="办结"), ended=True)

    page = await listed()

    assert [line.page.number[-4:] for line in page.lines] == ["0002", "0001"]
    assert (page.total, page.open, page.late) == (2, 1, 0)
    ended, running = page.lines
    assert (ended.light, ended.open_steps) == ("", ())
    assert (running.light, running.waiting) == ("绿", ("签收：海勃湾区文旅局",))
    assert running.next_due_at == DUE
    assert running.page.clocks == (clock(),)


async def test_lights_and_lateness_hold_at_the_moment_of_asking(write, listed):
    """A clock that nobody has written about since is late once its time is over."""
    await write(case("甲-1"), "签收")
    await write(case("甲-2", clocks=(clock(stopped_at=DUE, late_by="滨河街道"),)), ended=True)
    await write(case("甲-3", clocks=(clock(stopped_at=AT),)))

    assert [
        line.light for line in (await listed(now=DUE - timedelta(hours=1), open_only=True)).lines
    ] == [
        "绿",
        "黄",
    ]
    late = await listed(now=DUE, late_only=True)
    assert sorted(line.page.number for line in late.lines) == ["甲-1", "甲-2"]
    assert (late.total, late.late) == (2, 2)


@pytest.mark.parametrize(
    "condition, numbers",
    [
        ({"unit": "滨河街道"}, ["甲-1"]),
        ({"unit": "海勃湾区司法局"}, ["甲-2"]),
        ({"unit": "海勃湾区文旅局"}, ["甲-1", "甲-2"]),
        ({"kind": "派单"}, ["甲-2"]),
        ({"item": "9"}, ["甲-2"]),
        ({"status": "办结"}, ["甲-2"]),
        ({"open_only": True}, ["甲-1"]),
        ({"since": date(2026, 2, 14)}, ["甲-2"]),
        ({"until": date(2026, 2, 13)}, ["甲-1"]),
    ],
)
async def test_every_condition_chooses(write, listed, condition, numbers):
    """By either side, kind, item, state and day (Asia/Shanghai) of opening."""
    await write(case("甲-1"))
    await write(
        case(
            "甲-2",
            kind="派单",
            item="9",
            status="办结",
            street="海北街道",
            sender="海勃湾区司法局",
            receiver="海北街道、海勃湾区文旅局",
            opened_at=datetime(2026, 2, 13, 16, tzinfo=UTC),
        ),
        ended=True,
    )

    page = await listed(**condition)

    assert sorted(line.page.number for line in page.lines) == numbers
    assert page.total == len(numbers)


async def test_pages_of_cases_follow_each_other_without_a_gap(write, listed):
    """A place is a key: what is opened meanwhile moves nothing."""
    for n in range(5):
        await write(case(f"甲-{n}", opened_at=AT + timedelta(minutes=n)))

    seen, place = [], ""
    while True:
        page = await listed(limit=2, page=place)
        seen += [line.page.number for line in page.lines]
        if not page.next_page:
            break
        if not place:
            await write(case("甲-9", opened_at=AT + timedelta(hours=1)))
        place = page.next_page

    assert seen == [f"甲-{n}" for n in (4, 3, 2, 1, 0)]


async def test_what_was_not_admitted_stands_apart(write, listed):
    """A refused opening is an attempt (4-20, 4-35): in no list of cases, breaches by themselves."""
    await write(case("甲-1"))
    refused = {"status": NOT_ADMITTED, "kind": "派单", "sender": "海勃湾区文旅局"}
    await write(case("甲-2", code="OFF_LIST", breach=True, sentence="清单之外无协同。", **refused))
    await write(case("甲-3", code="NO_LIAISON", sentence="没有专人。", **refused))

    assert [line.page.number for line in (await listed()).lines] == ["甲-1"]
    assert (await listed()).breaches == 1
    breaches = await listed(breaches=True)
    assert [line.page.number for line in breaches.lines] == ["甲-2"]
    assert breaches.lines[0].page.sentence == "清单之外无协同。"
    every = await listed(breaches=True, status=NOT_ADMITTED)
    assert [line.page.number for line in every.lines] == ["甲-3", "甲-2"]
    assert (every.total, every.breaches) == (2, 1)
    assert (await listed(breaches=True, unit="海勃湾区司法局")).total == 0


async def test_attempts_come_in_pages(write, listed):
    """Attempts page by key too."""
    refused = {"status": NOT_ADMITTED, "breach": True, "code": "OFF_LIST", "sentence": "清单之外。"}
    for n in range(3):
        await write(case(f"甲-{n}", opened_at=AT + timedelta(minutes=n), **refused))

    first = await listed(breaches=True, limit=2)
    rest = await listed(breaches=True, limit=2, page=first.next_page)

    assert [line.page.number for line in (*first.lines, *rest.lines)] == ["甲-2", "甲-1", "甲-0"]
    assert not rest.next_page


async def test_a_name_that_stands_nowhere_is_said(listed, rollout):
    """Nothing found, and why: the unit is in no directory."""
    assert (await listed(unit="没有的街道")).unknown == ("没有的街道",)
    assert (await listed(unit="滨河街道")).unknown == ()
    assert (await listed(rollout="没有的改革")).unknown == ("没有的改革",)


async def test_a_case_is_found_by_its_number_or_the_end_of_it(database, write, rollout, run):
    """An exact number beats those that merely end with it; wildcards mean themselves."""
    whole = await write(case("滨河街道-20260213-7F3A"))
    await write(case("7F3A"))
    await write(case("海北街道-20260213-7F3B"))
    reads = CaseReadActivities(database)

    async def found(typed: str) -> list[str]:
        question = CaseFindQuestion(now=AT, text=typed, rollout=rollout.plan.rollout)
        return sorted(line.page.number for line in (await run(reads.find_cases, question)).lines)

    assert await found("20260213-7F3A") == ["滨河街道-20260213-7F3A"]
    assert await found(whole) == ["滨河街道-20260213-7F3A"]
    assert await found("7F3A") == ["7F3A"]
    assert await found("20260213-7F3B") == ["海北街道-20260213-7F3B"]
    for nobody in ("", "%", "7F3_", "滨河街道"):
        assert await found(nobody) == []


@pytest.fixture
def settle(database: Database, rollout, run):
    """Settles as somebody; the content is its own key."""
    orders = CaseOrderActivities(database, Shelf())

    async def settled(person: str, paper: str = "海编〔2026〕1号", **more: Any):
        settings = CaseSettings(**more)
        order = SettingsOrder(
            rollout=rollout.plan.rollout,
            settings=settings,
            document="原文",
            content_hash=repr(sorted(more.items())),
            paper=paper,
            person=person,
            now=AT,
        )
        return await run(orders.settle, order)

    return settled


@pytest.fixture
def coordinator(rollout) -> str:
    """The 协调员 of the whole rollout."""
    return rollout.plan.unit(rollout.plan.coordinator).coordinators[0]


async def test_settings_count_up_and_come_back_as_settled(
    database, rollout, run, settle, coordinator
):
    """Every version keeps its paper; the same content twice is one version."""
    reads = CaseReadActivities(database)
    name = rollout.plan.rollout
    before = await run(reads.case_settings, SettingsQuestion(rollout=name))
    assert (before.version, before.settings) == (0, CaseSettings())

    limit = CaseLimit(unit=LimitUnit.WORKDAYS, count=5, basis="海编〔2026〕1号")
    first = await settle(coordinator, limits={HANDLE: limit}, officers=2)
    again = await settle(coordinator, limits={HANDLE: limit}, officers=2)
    second = await settle(coordinator, officers=1)

    assert (first.created, again.created, second.created) == (True, False, True)
    assert (first.version, again.version, second.version) == (1, 1, 2)
    now = await run(reads.case_settings, SettingsQuestion(rollout=name))
    assert (now.version, now.settings.officers, now.settings.version) == (2, 1, 2)
    old = await run(reads.case_settings, SettingsQuestion(rollout=name, version=1))
    assert old.settings == replace(CaseSettings(limits={HANDLE: limit}, officers=2), version=1)
    assert (old.paper, old.person, old.document) == ("海编〔2026〕1号", coordinator, "原文")
    missing = await run(reads.case_settings, SettingsQuestion(rollout=name, version=9))
    assert missing.code == "SETTINGS_UNKNOWN"
    nowhere = await run(reads.case_settings, SettingsQuestion(rollout="没有"))
    assert nowhere.code == "UNKNOWN_ROLLOUT"


async def test_only_who_leads_everybody_settles_and_with_a_paper(settle, coordinator, rollout):
    """A handler, a coordinator of one district and a missing paper change nothing."""
    handler = rollout.plan.unit("滨河街道").handlers[0]
    office = next(u for u in rollout.plan.units if "区委编办" in u.duties and u.coordinators)
    assert (await settle(handler)).code == "NOT_COORDINATOR"
    assert (await settle(office.coordinators[0])).code == "NOT_COORDINATOR"
    assert (await settle("没有的人")).code == "UNKNOWN_PERSON"
    assert (await settle(coordinator, paper=" ")).code == "PAPER_MISSING"
    assert (await settle(coordinator)).created

"""督办单: drafted from what is overdue, signed by a named person, up the ladder rung by rung."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import text

from activities.bulk import BulkActivities
from activities.desk import DeskActivities
from contracts.desk import InboxQuestion, PlanRegistration
from contracts.remind import RemindQuestion, SlipDraftOrder, SlipQuestion, SlipSignOrder
from domain.day_words import SHANGHAI
from starter.remind_paper import slip_paper
from tests.activities.conftest import REGISTERED_AT
from tests.activities.test_postman import ABOVE, COORDINATOR, UNIT, Office, at
from tests.postgres import database_of_its_own

HANDLER = "滨河街道经办甲"
LEFT_OUT = """
    INSERT INTO supervision_slip SELECT rollout, 7, '红', workflow_id, step, unit, district,
        opened_at, due_date, days, task, targets, body, drafted_at, drafted_by, NULL, '', '', ''
    FROM supervision_slip WHERE rollout = :rollout
"""


@pytest.fixture(scope="module")
async def database():
    """Postmen carry what any rollout left: a database of their own."""
    async with database_of_its_own("slips") as opened:
        yield opened


@pytest.fixture
async def office(request, database, wuhai, run) -> Office:
    """乌海's plan under the test's own name; 三定's 起草 was due on Friday, 13 November."""
    plan = replace(wuhai, rollout=request.node.name)
    order = PlanRegistration(plan=plan, content_hash=plan.rollout, now=REGISTERED_AT)
    assert (await run(BulkActivities(database).register_plan, order)).created
    office = Office(database, plan.rollout)
    await office.tell("到期", at=at(14, "9:00"), due="2026-11-13", notice=False)
    return office


async def drafted(office: Office, now: datetime, person: str = COORDINATOR, **more: object):
    """Draft what there is."""
    order = SlipDraftOrder(now=now, rollout=office.rollout, person=person, **more)
    return await office.orders.draft_slips(order)


async def signed(office: Office, now: datetime, number: int, person: str = COORDINATOR):
    """Sign one."""
    order = SlipSignOrder(now=now, rollout=office.rollout, person=person, number=number)
    return await office.orders.sign_slip(order)


async def test_a_slip_goes_up_only_when_somebody_has_signed(office: Office):
    """Blue is drafted anew until it is signed; yellow waits for a later working day and its rung."""
    first = await drafted(office, at(16, "10:00"))
    again = await drafted(office, at(17, "10:00"))
    blue = await signed(office, at(17, "10:05"), 1)
    same_day = await drafted(office, at(17, "11:00"))
    yellow = await drafted(office, at(18, "10:00"))
    early = await drafted(office, at(30, "10:00"))
    await signed(office, at(18, "10:05"), 2)
    none = await drafted(office, at(19, "10:00"))
    red = await drafted(office, at(20, "10:00"))
    await signed(office, at(20, "10:05"), 3)
    end = await drafted(office, at(30, "10:00"))

    got = [[(s.number, s.colour, s.days) for s in each.lines] for each in (first, again, yellow)]
    assert got == [[(1, "蓝", 1)], [(1, "蓝", 2)], [(2, "黄", 3)]]
    assert (blue.lines[0].signed_by, blue.lines[0].signed_unit) == (COORDINATOR, "海勃湾区委编办")
    assert (same_day.lines, same_day.overdue) == ((), 1)
    assert [s.number for s in early.lines] == [2]
    assert none.lines == ()
    assert [(s.colour, s.days, s.targets) for s in red.lines] == [
        (
            "红",
            5,
            (
                "滨河街道:第一责任人",
                "滨河街道:分管区领导",
                "海勃湾区:第一责任人",
                "乌海市委编办:协调员",
            ),
        )
    ]
    assert (end.lines, end.overdue) == ((), 1)


async def test_a_draft_tells_nobody_and_a_signature_tells_at_once(office: Office):
    """In the inbox and by the channel; once, though it was signed twice."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT, at=at(16, "10:00"))
    await drafted(office, at(16, "10:00"), within=3)
    before = await office.once(at(16, "10:01"))
    one, two = await signed(office, at(16, "10:02"), 1), await signed(office, at(16, "10:03"), 1)
    after = await office.once(at(16, "10:04"))
    page = await DeskActivities(office.database).inbox(
        InboxQuestion(now=at(16, "10:05"), unit=UNIT, rollout=office.rollout)
    )

    assert (before.routed, after.routed, after.sent) == (0, 2, 1)
    assert (one.same, two.same) == (False, True)
    assert [(n.level, n.to) for n in page.notices] == [("督办", "第一责任人"), ("督办", "经办人")]
    ((_, parcel),) = office.courier.parcels
    assert "【督办】滨河街道/三定 起草：蓝色督办单第1号（海勃湾区委编办签发）" in parcel.body
    assert "并于2026年11月19日前办结" in page.notices[0].text


async def test_who_may_not_draft_or_sign(office: Office):
    """The unit itself, strangers; one signature; nothing about what is done."""
    codes = [(await drafted(office, at(16, "10:00"), HANDLER)).code]
    await drafted(office, at(16, "10:00"))
    codes += [
        (await signed(office, at(16, "10:01"), 1, HANDLER)).code,
        (await signed(office, at(16, "10:01"), 1, "没有此人")).code,
        (await signed(office, at(16, "10:01"), 9)).code,
    ]
    await office.tell("通过", at=at(16, "10:02"), open_steps=("初审",), notice=False)
    codes.append((await signed(office, at(16, "10:03"), 1)).code)
    assert codes == [
        "NOT_SUPERVISOR",
        "NOT_SUPERVISOR",
        "UNKNOWN_PERSON",
        "SLIP_NOT_FOUND",
        "SLIP_OVER",
    ]


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE supervision_slip SET body = '改' WHERE rollout = :rollout",
        "UPDATE supervision_slip SET signed_at = NULL, signed_by = '' WHERE rollout = :rollout",
        LEFT_OUT,
    ],
)
async def test_a_signed_slip_stays_and_no_rung_is_left_out(office: Office, broken: str):
    """By the database itself."""
    await drafted(office, at(16, "10:00"))
    await signed(office, at(16, "10:01"), 1)
    with pytest.raises(Exception, match=r"is signed|left out"):
        async with office.database.transaction() as connection:
            await connection.execute(text(broken), {"rollout": office.rollout})


async def test_a_slip_is_a_letter(office: Office):
    """Signed: no fault of a document; a draft says that it is one."""
    await drafted(office, at(16, "10:00"))
    done = await signed(office, at(16, "10:01"), 1)
    paper = slip_paper(done.lines[0])
    question = SlipQuestion(now=at(16, "10:02"), rollout=office.rollout)
    page = await office.reads.slips(question)

    assert [one.sentence for one in paper.findings if one.is_error] == []
    assert (paper.title, paper.signers) == ("蓝色督办单（第1号）", ("海勃湾区委编办",))
    assert slip_paper(replace(done.lines[0], signed_at=None, signed_unit="")).title.endswith(
        "（代拟稿）"
    )
    assert page.lines == done.lines
    assert paper.dated == datetime(2026, 11, 16, tzinfo=SHANGHAI).date()


async def test_the_call_list_names_who_is_there(office: Office):
    """Overdue items always; yellow ones where no living channel reaches; with names and posts."""
    question = RemindQuestion(now=at(16, "10:00"), rollout=office.rollout)
    bare = (await office.reads.calls(question)).lines
    await office.channel("json://127.0.0.1/hook", unit=UNIT, at=at(16, "10:00"))
    reached = (await office.reads.calls(question)).lines
    others = (await office.reads.calls(replace(question, for_unit=ABOVE))).lines
    on_time = replace(question, now=at(13, "10:00"))

    assert [(c.why, c.overdue_days) for c in (*bare, *reached)] == [
        ("超期、无通道", 3),
        ("超期", 3),
    ]
    assert bare[0].people[:3] == (
        ("滨河街道经办乙", "经办人"),
        ("滨河街道经办甲", "经办人"),
        ("滨河街道负责人", "第一责任人"),
    )
    assert others == () == (await office.reads.calls(on_time)).lines

"""What must not get through: bad words, bad times, doubled and racing actions, a register away."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from contracts import names
from contracts.procedure import ActionReply
from domain.action import Action
from domain.case import PhoneCall
from domain.procedure import Verb
from runtime.converter import data_converter
from storage.engine import Database
from tests.case_hall import CLERK, OFFICER, OTHER_CLERK, SLIPS, Hall, shanghai
from tests.cases import CULTURE, ELEMENTS, HOUR, SLIP, STREET, dispatch, report
from tests.office import Office
from tests.people_of import number_of
from tests.workflows.conftest import server_program

LONG = "长" * 300_000
"""About a megabyte; two are more than the server takes at once."""


@pytest.fixture(scope="module")
async def hall(database: Database) -> AsyncIterator[Hall]:
    """One server for all: nothing here depends on the clock."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=server_program(), data_converter=data_converter
        ) as env,
        Office(env, database) as office,
    ):
        yield await Hall.of(office, "坏案件")


async def traces(hall: Hall, number: str) -> str:
    """Everything that the registers keep of a case, in one text."""
    wid = f"{hall.rollout}/案件/{number}"
    found: list[Any] = await hall.office.log(wid)
    for table in ("case_row", "case_attempt", "notice", "board_row", "desk_item"):
        found += await hall.office.rows(f"SELECT * FROM {table} WHERE workflow_id = :w", w=wid)
    return str(found)


MISSTATED: dict[str, tuple[str, dict[str, Any]]] = {
    "案由空": ("CASE_TITLE", {"title": " "}),
    "案由过长": ("CASE_TITLE", {"title": LONG}),
    "案情过长": ("NOTE_TOO_LONG", {"note": LONG}),
    "地点过长": ("TOO_LONG", {"place": LONG}),
    "编号带斜线": ("CASE_NUMBER", {"number": "甲/乙"}),
    "不可见字符": ("CONTROL_CHARACTER", {"note": "门店\x07无证"}),
    "身份证号": ("PERSONAL_DATA", {"note": f"当事人{number_of(7)}"}),
    "案由身份证号": ("PERSONAL_DATA", {"title": f"当事人{number_of(8)}"}),
    "没有办理人": ("PERSON_MISSING", {"person": " "}),
}


@pytest.mark.parametrize("case", MISSTATED)
async def test_what_is_misstated_is_refused_and_not_kept(hall: Hall, case: str) -> None:
    """A sentence; the words themselves stand in no register."""
    code, bad = MISSTATED[case]
    opening = report(await hall.office.now(), **bad)

    reply = await hall.refused(opening)

    assert code == reply.code
    kept = await traces(hall, opening.number)
    assert len(kept) < 8_000
    for number in (number_of(7), number_of(8)):
        assert number not in kept
    assert "\\x07" not in kept


IMPOSSIBLE = {
    "明天": ("TRIGGER_FUTURE", timedelta(days=1)),
    "一小时后": ("TRIGGER_FUTURE", HOUR),
    "三年前": ("TRIGGER_OLD", timedelta(days=-1100)),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
async def test_a_finding_lies_neither_ahead_nor_years_back(hall: Hall, case: str) -> None:
    """The caller's clock may be minutes ahead, no more; two years back at most."""
    code, off = IMPOSSIBLE[case]
    assert code == (await hall.refused(report(await hall.office.now() + off))).code
    near = report(await hall.office.now() + timedelta(minutes=3))
    assert await hall.is_running(await hall.open(near))


@pytest.mark.parametrize(
    "at,code",
    [
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "TRIGGER_FUTURE"),
        (datetime(1, 1, 1, tzinfo=UTC), "TRIGGER_OLD"),
        (datetime(2026, 2, 15, 23, 50), "NAIVE_TIME"),  # noqa: DTZ001 - that is the point
    ],
)
async def test_an_impossible_time_is_a_sentence(hall: Hall, at: datetime, code: str) -> None:
    """The ends of the calendar and a time without a zone do not wedge anything."""
    opening = report(at)
    async with asyncio.timeout(30):
        assert code == (await hall.refused(opening)).code
    assert not await hall.is_running(f"{hall.rollout}/案件/{opening.number}")


async def test_a_call_lies_between_finding_and_now(hall: Hall) -> None:
    """4-11: a call before the finding, or one that is still to come, was none."""
    now = await hall.office.now()
    for at in (now - 2 * HOUR, now + HOUR):
        call = PhoneCall(at=at, taken_by="值班员")
        assert "CALL_TIME" == (await hall.refused(report(now - HOUR, phone=call))).code


async def test_an_unknown_rollout_is_said_at_once(hall: Hall) -> None:
    """Nothing is promised for later where no plan will ever be found."""
    stranger = Hall(hall.office, "没有的改革")
    reply = await stranger.refused(report(await hall.office.now()))
    assert "UNKNOWN_ROLLOUT" == reply.code


async def test_an_action_of_ten_megabytes_or_with_a_number_leaves_no_trace(hall: Hall) -> None:
    """The validator turns it away before the history holds it: what facts say like any note."""
    wid = await hall.open(report(await hall.office.now()))
    before = len(await hall.office.log(wid))
    bad: dict[str, dict[str, Any]] = {
        "NOTE_TOO_LONG": {"facts": {"事项": LONG}},
        "TOO_LONG": {"facts": {"事" * 200: "1"}},
        "TOO_MANY_FACTS": {"facts": {str(n): "1" for n in range(100)}},
        "CONTROL_CHARACTER": {"facts": {"事项": "1\x00"}},
        "PERSONAL_DATA": {"facts": {"执法人员": f"张三{number_of(9)}"}},
    }
    for code, more in bad.items():
        with pytest.raises(WorkflowUpdateFailedError) as no:
            await hall.office.act(wid, Verb.SUBMIT, CLERK, "交接", **more)
        assert isinstance(no.value.cause, ApplicationError) and code == no.value.cause.type
    assert before == len(await hall.office.log(wid))
    await hall.done(wid, "交接", Verb.SUBMIT, CLERK, evidence=(SLIP,))


async def test_the_wrong_side_cannot_act(hall: Hall) -> None:
    """Neither side does the other's step, a stranger none, a closed or unopened step nobody's."""
    wid = await hall.open(report(await hall.office.now(), **SLIPS))
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "签收", Verb.ACCEPT, CLERK)
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "签收", Verb.ACCEPT, "二街道经办甲")
    assert "UNKNOWN_PERSON" == await hall.no(wid, "签收", Verb.ACCEPT, "路人")
    assert "STEP_CLOSED" == await hall.no(wid, "交接", Verb.SUBMIT, CLERK)
    assert "STEP_NOT_OPEN" == await hall.no(wid, "办理", Verb.SUBMIT, OFFICER)
    assert "WRONG_VERB" == await hall.no(wid, "签收", Verb.APPROVE, OFFICER)
    assert ["拒绝"] * 6 == [e["kind"] for e in (await hall.office.log(wid))[-6:]]
    await hall.done(wid, "签收", Verb.ACCEPT, OFFICER)


async def send(hall: Hall, wid: str, **said: Any) -> ActionReply:
    """An action under an id of its own choosing."""
    handle = hall.office.client.get_workflow_handle(wid)
    return await handle.execute_update(
        names.ACT_UPDATE, Action(**said), id=None, result_type=ActionReply
    )


async def test_the_same_action_twice_is_one(hall: Hall) -> None:
    """Sent again, at once or later, it gives the same answer and one line of the log."""
    wid = await hall.open(report(await hall.office.now(), **SLIPS))
    said = {"action_id": "签一次", "verb": Verb.ACCEPT, "person": OFFICER, "step": "签收"}
    both = await asyncio.gather(send(hall, wid, **said), send(hall, wid, **said))
    later = await send(hall, wid, **said)

    assert [True] * 3 == [r.accepted for r in (*both, later)]
    assert 1 == sum(not r.repeated for r in both) and later.repeated
    assert 1 == (await hall.actions(wid)).count("签一次")
    refused = {"action_id": "不行", "verb": Verb.ACCEPT, "person": CLERK, "step": "办理"}
    twice = [await send(hall, wid, **refused) for _ in range(2)]
    assert ["NOT_YOUR_UNIT"] * 2 == [r.code for r in twice] and twice[1].repeated
    assert 1 == len(await hall.lines(wid, "拒绝"))


async def test_of_ten_at_once_one_wins_and_nine_are_told(hall: Hall) -> None:
    """Ten persons decide one case at the same moment, five to take it and five to refuse it."""
    wid = await hall.open(report(await hall.office.now(), **SLIPS))
    people = (OFFICER, f"{CULTURE}经办乙", f"{CULTURE}代办")
    replies = await asyncio.gather(
        *(
            send(
                hall,
                wid,
                action_id=f"抢{n}",
                verb=Verb.ACCEPT if n % 2 else Verb.REFUSE,
                person=people[n % 3],
                step="签收",
                note="不属本部门",
            )
            for n in range(10)
        )
    )

    [won] = [r for r in replies if r.accepted]
    lost = Counter(r.code for r in replies if not r.accepted)
    assert {"STEP_CLOSED"} == set(lost) and 9 == lost["STEP_CLOSED"]
    assert all(r.sentence.endswith("。") for r in replies if r is not won)
    assert 1 == len([a for a in await hall.actions(wid) if a.startswith("抢")])
    assert won.opened == ((await hall.open_step(wid)).step,)


async def test_the_same_opening_twice_is_one_case(hall: Hall) -> None:
    """Both are answered alike; another opening under the number is told that it is used."""
    opening = report(await hall.office.now(), **SLIPS)
    (wid, one), (_, two) = await asyncio.gather(hall.answer(opening), hall.answer(opening))
    _, three = await hall.answer(opening)

    assert [True] * 3 == [r.accepted for r in (one, two, three)]
    assert one.seq == two.seq == three.seq
    assert 2 == len(await hall.lines(wid, "办理"))
    other = report(await hall.office.now(), number=opening.number)
    assert "CASE_ID_USED" == (await hall.refused(other)).code
    assert 2 == len(await hall.lines(wid, "办理"))
    await hall.done(wid, "签收", Verb.ACCEPT, OFFICER)
    await hall.done(wid, "办理", Verb.SUBMIT, OFFICER)
    assert "办结" == await hall.ended(wid)
    with pytest.raises((RPCError, WorkflowAlreadyStartedError)):
        await hall.answer(other)


async def test_ten_openings_of_one_number_make_one_case(hall: Hall) -> None:
    """Racing for a number: one has it, nine hear so, the register shows the one."""
    now = await hall.office.now()
    racing = [report(now, number="一街道-抢号") for _ in range(10)]
    answers = await asyncio.gather(*(hall.answer(one) for one in racing))

    won = [o for o, (_, reply) in zip(racing, answers, strict=True) if reply.accepted]
    assert 1 == len(won)
    assert {"CASE_ID_USED"} == {r.code for _, r in answers if not r.accepted}
    assert won[0].action_id == (await hall.row(answers[0][0]))["action_id"]


async def test_a_number_of_a_case_that_was_broken_off_stays_used(hall: Hall) -> None:
    """Somebody terminates the workflow from outside: its number is not another case's."""
    opening = report(await hall.office.now())
    wid = await hall.open(opening)
    handle = hall.office.client.get_workflow_handle(wid)
    await handle.terminate("误操作")
    assert (await handle.describe()).status is WorkflowExecutionStatus.TERMINATED

    other = report(await hall.office.now(), number=opening.number)
    assert "CASE_ID_USED" == (await hall.refused(other)).code
    assert opening.action_id == (await hall.row(wid))["action_id"]
    again = await hall.open(opening)
    assert "交接" == (await hall.open_step(again)).step


async def test_a_closed_case_takes_no_action(hall: Hall) -> None:
    """Confirmed and over: whoever comes later is told so."""
    wid = await hall.open(dispatch(await hall.office.now()))
    await hall.done(wid, "签收", Verb.ACCEPT, CLERK)
    await hall.done(wid, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
    await hall.done(wid, "确认", Verb.APPROVE, OFFICER)
    assert "办结" == await hall.ended(wid)
    with pytest.raises((RPCError, WorkflowUpdateFailedError)):
        await hall.office.act(wid, Verb.RETURN, OFFICER, "确认", note="再看看")


async def test_a_person_of_both_sides_says_for_whom(hall: Hall) -> None:
    """A clerk of the street lent to the department must write the unit in the negotiation."""
    await hall.office.change(
        "INSERT INTO appointment SELECT rollout, :u, :p, role, valid_from, valid_to"
        " FROM appointment WHERE rollout = :r AND person = :p AND unit = :s",
        u=CULTURE,
        p=OTHER_CLERK,
        r=hall.rollout,
        s=STREET,
    )
    wid = await hall.open(report(shanghai(await hall.office.today() - timedelta(days=1)), **SLIPS))
    await hall.done(wid, "签收", Verb.REFUSE, OFFICER, note="不属本部门")
    assert "UNIT_AMBIGUOUS" == await hall.no(wid, "协商", Verb.ACCEPT, OTHER_CLERK)
    await hall.done(wid, "协商", Verb.ACCEPT, OTHER_CLERK, unit=CULTURE)

"""A transfer batch from its roster to the last handover, on skipped time and the real ledger."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowUpdateFailedError

from contracts.names import AMENDED_SIGNAL
from contracts.procedure import REDO, RowAmended
from domain.plan import RowKind
from domain.procedure import Verb
from tests.office import Office, proof
from tests.small_plan import row
from tests.transfers import (
    OFFICE,
    REFORM_OFFICE,
    STREET,
    Person,
    approve,
    ask,
    balances,
    begin,
    draw_up,
    follow_up,
    key,
    move,
    person,
    places,
    recorded,
    request,
    roster_proof,
    sound,
    status,
    transfer_plan,
)

TWELVE = [Person(n) for n in range(1, 13)]
CORRECTION = proof("更正", number="甲编办〔2026〕7号")


async def test_twelve_people_with_an_objection_a_deferral_and_a_retirement(office: Office) -> None:
    """An objection is answered, one person is put off, one retires after the 批复, nine go on."""
    name = "转隶十二人"
    wid = await begin(office, name, TWELVE)
    await request(office, wid)
    assert await status(office, name) == "已请示"
    await approve(office, wid)
    await office.until_open(wid, "转人员")
    assert await balances(office, name) == {OFFICE: (0, 12, 12)}
    assert (await office.progress(wid)).people == {"在途": 12}

    await recorded(office, wid, "异议", key(1), key(2), by=f"{OFFICE}经办甲")
    blocked = await office.act(
        wid, Verb.SUBMIT, f"{STREET}经办甲", "转人员", evidence=proof("报到单")
    )
    assert blocked.code == "OBJECTION_OPEN"
    assert (await person(office, wid, "维持", key(1))).code == "OBJECTION_ORDER"
    await recorded(office, wid, "谈话", key(1), key(2))
    await recorded(office, wid, "维持", key(1))
    assert (await person(office, wid, "暂缓", key(2))).code == "CORRECTION_MISSING"
    await recorded(office, wid, "暂缓", key(2), evidence=CORRECTION)
    await recorded(office, wid, "答复", key(1), key(2))
    await recorded(office, wid, "移出", key(3), note="退休", evidence=CORRECTION)
    assert await balances(office, name) == {OFFICE: (2, 10, 12)}

    await move(office, wid)
    assert (await person(office, wid, "异议", key(4))).code == "ALREADY_MOVED"
    await follow_up(office, wid)
    await office.client.get_workflow_handle(wid).result()

    assert await balances(office, name) == {OFFICE: (2, 0, 2), STREET: (10, 0, 10)}
    found = await places(office, name)
    assert (found[key(1)], found[key(2)], found[key(3)]) == ("已转", "暂缓", "移出")
    assert await status(office, name) == "办结"
    await sound(office, name)
    said = [line["sentence"] for line in await office.log(wid) if line["kind"] == "记账"]
    assert said[-1].endswith("在途为零，人人在一处。")


async def test_ended_after_the_approval_everything_comes_back(office: Office) -> None:
    """终止 after 批复 takes back the last sent first; the roster lets its people go."""
    name = "转隶终止"
    wid = await begin(office, name, [*TWELVE, Person(13, type="事业")])
    await request(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")

    await office.done(wid, Verb.TERMINATE, "市协调员", note="试点调整")
    await office.client.get_workflow_handle(wid).result()

    assert await balances(office, name) == {OFFICE: (13, 0, 13)}
    assert set((await places(office, name)).values()) == {"在册"}
    assert await status(office, name) == "撤销"
    await sound(office, name)
    said = [line["sentence"] for line in await office.log(wid) if line["kind"] == "记账"]
    assert "收回在途编制13名" in said[-2]
    assert "在途0名，去向不符0人，在途为零，人人在一处" in said[-1]
    live = await office.rows("SELECT 1 FROM roster_person WHERE rollout = :r AND live", r=name)
    assert live == []


async def test_a_batch_is_ended_after_its_approval_by_a_paper(office: Office) -> None:
    """Edition 3: 终止 after the 批复 needs a 更正's 文号, and the ledger keeps it; before, none."""
    name = "转隶终止文号"
    wid = await begin(office, name, TWELVE, edition=3)
    await request(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")

    bare = await office.act(wid, Verb.TERMINATE, "市协调员", note="试点调整")
    assert bare.code == "CORRECTION_MISSING"
    assert (await office.progress(wid)).people == {"在途": 12}
    await office.done(wid, Verb.TERMINATE, "市协调员", note="试点调整", evidence=CORRECTION)
    await office.client.get_workflow_handle(wid).result()

    papers = await office.rows(
        "SELECT DISTINCT paper FROM ledger_transaction WHERE rollout = :r AND kind = '编制收回'",
        r=name,
    )
    assert papers == [{"paper": CORRECTION[0].doc_no}]
    assert await balances(office, name) == {OFFICE: (12, 0, 12)}

    name = "转隶早终止三"
    wid = await begin(office, name, TWELVE, edition=3)
    await request(office, wid)
    await office.until_open(wid, "审批")
    await office.done(wid, Verb.TERMINATE, "市协调员", note="试点调整")


async def test_a_second_person_agrees_to_the_end_with_the_paper(office: Office) -> None:
    """终止 asked for before the 批复 on the own unit: what comes after it needs the 文号."""
    name = "转隶复核终止"
    wid = await begin(office, name, TWELVE, edition=3)
    who = f"{REFORM_OFFICE}经办甲"
    await office.done(wid, Verb.SUBMIT, who, "名册", evidence=roster_proof())
    await office.done(wid, Verb.TERMINATE, "区协调员", note="试点调整")
    await office.done(wid, Verb.SUBMIT, who, "通知", evidence=proof("通知"))
    await ask(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")

    bare = await office.act(wid, Verb.COUNTERSIGN, f"{REFORM_OFFICE}主要负责人")
    assert bare.code == "CORRECTION_MISSING"
    await office.done(wid, Verb.COUNTERSIGN, f"{REFORM_OFFICE}主要负责人", evidence=CORRECTION)
    ended = await office.client.get_workflow_handle(wid).result()

    assert ended["ending"] == "终止"
    assert await balances(office, name) == {OFFICE: (12, 0, 12)}


async def test_a_large_batch_takes_more_refusals_in_a_day(office: Office) -> None:
    """One more for every ten persons, then no more until tomorrow; the batch goes on for others."""
    name = "转隶连拒"
    wid = await begin(office, name, TWELVE)
    who = f"{REFORM_OFFICE}经办甲"
    await office.done(wid, Verb.SUBMIT, who, "名册", evidence=roster_proof())
    for _ in range(21):
        assert (await person(office, wid, "维持", key(1))).code == "OBJECTION_ORDER"
    with pytest.raises(WorkflowUpdateFailedError) as turned:
        await person(office, wid, "维持", key(1))
    assert turned.value.cause.type == "TOO_MANY_REFUSALS"
    with pytest.raises(WorkflowUpdateFailedError):
        await office.act(wid, Verb.SUBMIT, who, "通知", evidence=proof("通知"))
    await recorded(office, wid, "异议", key(1), by=f"{OFFICE}经办甲")

    await office.pass_days(1)
    await recorded(office, wid, "谈话", key(1))


async def test_ended_before_the_approval_nothing_was_posted(office: Office) -> None:
    """终止 between 请示 and 批复 ends the roster and leaves the ledger as it was."""
    name = "转隶早终止"
    wid = await begin(office, name, TWELVE)
    await request(office, wid)
    await office.until_open(wid, "审批")

    await office.done(wid, Verb.TERMINATE, "市协调员", note="试点调整")
    await office.client.get_workflow_handle(wid).result()

    assert await balances(office, name) == {OFFICE: (12, 0, 12)}
    assert await status(office, name) == "撤销"


async def test_a_return_thaws_and_the_new_version_is_checked(office: Office) -> None:
    """退回 lets the roster be drawn up again; the second 请示 freezes the second version."""
    name = "转隶退回"
    wid = await begin(office, name, TWELVE)
    await request(office, wid)
    await office.until_open(wid, "审批")

    await office.done(wid, Verb.RETURN, "甲区委编委经办甲", "审批", note="人数再核", to="请示")
    await office.until_open(wid, "请示")
    assert await status(office, name) == "编制中"
    await draw_up(office, name, "名册1号", TWELVE[:5])
    await ask(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")

    assert await balances(office, name) == {OFFICE: (7, 5, 12)}


async def test_a_roster_changed_after_the_request_is_refused(office: Office) -> None:
    """What was put into the roster behind the 请示's back is not approved."""
    name = "转隶改册"
    wid = await begin(office, name, TWELVE)
    await request(office, wid)
    await office.until_open(wid, "审批")
    await office.change("UPDATE roster SET content_hash = '改' WHERE rollout = :r", r=name)

    refused = await office.act(
        wid, Verb.APPROVE, "甲区委编委经办甲", "审批", evidence=proof("批复")
    )

    assert refused.code == "ROSTER_CHANGED"
    assert await balances(office, name) == {OFFICE: (12, 0, 12)}


async def test_a_roster_beyond_the_lock_is_refused(office: Office) -> None:
    """名册 names nobody who is not in the lock, and no roster that is not there."""
    name = "转隶越界"
    wid = await begin(office, name, TWELVE)
    who = f"{REFORM_OFFICE}经办甲"
    await office.change(
        "INSERT INTO staff VALUES (:r, :k, '某某', 'sealed', 'x', :u, '行政', '', '', false)",
        r=name,
        k=key(99),
        u=OFFICE,
    )
    await draw_up(office, name, "名册2号", [Person(99)])

    beyond = await office.act(wid, Verb.SUBMIT, who, "名册", evidence=roster_proof("名册2号"))
    missing = await office.act(wid, Verb.SUBMIT, who, "名册", evidence=roster_proof("名册9号"))
    stranger = await office.act(
        wid, Verb.SUBMIT, f"{STREET}经办甲", "名册", evidence=roster_proof("名册2号")
    )

    assert (beyond.code, missing.code) == ("ROSTER_BEYOND_LOCK", "ROSTER_NOT_FOUND")
    assert stranger.code == "NOT_YOUR_UNIT"


async def test_administration_and_institutions_are_approved_apart(office: Office) -> None:
    """With 审批=分口 each document moves its own posts; one return stops the other."""
    name = "转隶分口"
    people = [*TWELVE[:4], *(Person(n, type="事业") for n in (5, 6))]
    wid = await begin(office, name, people, 审批="分口")
    await request(office, wid)
    await office.until_open(wid, "审批·事业")
    await office.done(wid, Verb.RETURN, "甲区委编委经办甲", "审批·事业", note="再核", to="请示")
    await office.until_open(wid, "请示")
    assert await office.open_steps(wid) == ["请示"]
    told = await office.rows("SELECT text FROM notice WHERE workflow_id = :w", w=wid)
    assert any("“审批·行政”不再待办" in one["text"] for one in told)
    await ask(office, wid)
    await approve(office, wid, "审批·行政", "甲编委〔2026〕3号")
    await approve(office, wid, "审批·事业", "甲编委〔2026〕4号")
    await office.until_open(wid, "转人员")

    papers = await office.rows(
        "SELECT DISTINCT p.type, t.paper FROM ledger_transaction t JOIN ledger_posting p"
        " ON p.transaction = t.id WHERE t.rollout = :r AND p.state = '在途' ORDER BY 1",
        r=name,
    )
    assert [(p["type"], p["paper"]) for p in papers] == [
        ("事业", "甲编委〔2026〕4号"),
        ("行政", "甲编委〔2026〕3号"),
    ]


async def test_a_decision_whose_answer_was_lost_is_settled_later(office: Office) -> None:
    """While the registers are away nothing is done twice or forgotten, and nobody is moved."""
    name = "转隶库忙"
    wid = await begin(office, name, TWELVE)
    await request(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")
    once = {"action_id": "移出一次", "evidence": CORRECTION}
    async with office.database.transaction() as connection:
        await connection.execute(text("SELECT 1 FROM transfer_batch FOR UPDATE"))
        lost = await person(office, wid, "移出", key(1), **once)
        again = await person(office, wid, "移出", key(1), **once)
        early = await office.act(
            wid, Verb.SUBMIT, f"{STREET}经办甲", "转人员", evidence=proof("报到单")
        )
    assert (lost.code, again.code, early.code) == ("UNAVAILABLE", "UNAVAILABLE", "PEOPLE_WAITING")

    for _ in range(400):
        reply = await person(office, wid, "移出", key(1), **once)
        if reply.accepted:
            break
        await asyncio.sleep(0.05)

    assert reply.accepted and reply.repeated
    assert sum(line["verb"] == "移出" for line in await office.log(wid)) == 1
    assert await balances(office, name) == {OFFICE: (1, 11, 12)}
    await move(office, wid)


async def test_an_amendment_that_sends_back_takes_everything_back(office: Office) -> None:
    """退回重办 after the 批复 brings the posts back and lets the roster be drawn up again."""
    name = "转隶修订"
    wid = await begin(office, name, TWELVE)
    await request(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")
    note = RowAmended(version=2, paper="甲办发〔2026〕9号", person="市协调员", how=REDO)

    await office.client.get_workflow_handle(wid).signal(AMENDED_SIGNAL, note)
    await office.until_open(wid, "名册")

    assert await balances(office, name) == {OFFICE: (12, 0, 12)}
    assert await status(office, name) == "编制中"
    withdrawn = await office.act(wid, Verb.WITHDRAW, "甲区委编委经办甲")
    assert withdrawn.code == "TOO_LATE_TO_WITHDRAW"
    await request(office, wid)
    await approve(office, wid)
    await move(office, wid)
    await follow_up(office, wid)
    await office.client.get_workflow_handle(wid).result()
    assert await balances(office, name) == {OFFICE: (0, 0, 0), STREET: (12, 0, 12)}
    await sound(office, name)


async def test_an_approval_that_was_posted_is_not_withdrawn(office: Office) -> None:
    """撤回 would leave the ledger behind: who must stop the batch ends it."""
    wid = await begin(office, "转隶撤回", TWELVE)
    await request(office, wid)
    await office.until_open(wid, "审批")
    await office.done(wid, Verb.WITHDRAW, f"{REFORM_OFFICE}经办甲")
    await office.until_open(wid, "请示")
    assert await status(office, "转隶撤回") == "编制中"
    await ask(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")

    refused = await office.act(wid, Verb.WITHDRAW, "甲区委编委经办甲")

    assert refused.code == "TOO_LATE_TO_WITHDRAW"


async def test_nobody_records_for_a_unit_that_is_not_theirs(office: Office) -> None:
    """Strangers record nothing, the old unit an objection, the leading unit alone decides."""
    wid = await begin(office, "转隶谁办", TWELVE)
    nobody = await person(office, wid, "异议", key(1), by="路人")
    early = await person(office, wid, "异议", key(1))
    assert (nobody.code, early.code) == ("ROSTER_NUMBER", "ROSTER_NUMBER")
    await request(office, wid)

    stranger = await person(office, wid, "异议", key(1), by="甲区财政局经办甲")
    unknown = await person(office, wid, "异议", key(1), by="路人")
    absent = await person(office, wid, "异议", key(99))
    await recorded(office, wid, "异议", key(1), by=f"{OFFICE}经办甲")
    await recorded(office, wid, "谈话", key(1), by=f"{STREET}经办甲")
    own = await person(office, wid, "维持", key(1), by=f"{OFFICE}经办甲")

    assert [r.code for r in (stranger, unknown, absent, own)] == [
        "NOT_YOUR_PERSON",
        "UNKNOWN_PERSON",
        "PERSON_NOT_LISTED",
        "NOT_YOUR_PERSON",
    ]
    refused = [(r["verb"], r["code"]) for r in await office.log(wid) if r["kind"] == "拒绝"]
    assert ("异议", "NOT_YOUR_PERSON") in refused and ("维持", "NOT_YOUR_PERSON") in refused


@pytest.mark.parametrize(
    "keys, more, code",
    [
        (("张三",), {}, "PERSON_KEY"),
        ((), {}, "TOO_MANY_PEOPLE"),
        (tuple(key(n) for n in range(51)), {}, "TOO_MANY_PEOPLE"),
        ((key(1), key(1)), {}, "PERSON_TWICE"),
        ((key(1),), {"note": "身份证11010119900307123X"}, "PERSONAL_DATA"),
        ((key(1),), {"by": ""}, "PERSON_MISSING"),
    ],
)
async def test_what_is_malformed_leaves_no_trace(office: Office, keys, more, code) -> None:
    """A name, an identity number or too many keys are turned away before they are kept."""
    name = f"转隶乱写{code}{len(keys)}"
    plan = transfer_plan(name, await office.today())
    handle = await office.start_procedure(plan, "T", STREET)
    await office.until_open(handle.id, "名册")
    before = len(await office.events(handle.id))

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await person(office, handle.id, "异议", *keys, **more)

    assert getattr(refused.value.cause, "type", "") == code
    assert "UPDATE_ACCEPTED" not in " ".join((await office.events(handle.id))[before:])


async def test_a_rollout_starts_a_batch_for_a_row_by_roster(office: Office) -> None:
    """The option 方式=名册 chooses the workflow; without it the row is a plain task."""
    plan = transfer_plan("转隶实施", await office.today())
    plain = row("P", "其他转隶", RowKind.TRANSFER, plan.rows[0].due, targets=(STREET,))
    await office.start_rollout(replace(plan, rows=(*plan.rows, plain)))
    unit = f"{plan.rollout}/甲区/{STREET}"
    await office.until_open(f"{unit}/人员转隶", "名册")
    await office.until_open(f"{unit}/其他转隶", "办理")

    found = [
        (await office.client.get_workflow_handle(f"{unit}/{item}").describe()).workflow_type
        for item in ("人员转隶", "其他转隶")
    ]

    assert found == ["PersonnelTransfer", "TaskMilestone"]

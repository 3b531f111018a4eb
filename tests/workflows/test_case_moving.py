"""What moves under a running case: its coordinator, its dates, its people, its list, its own run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.case_limits import CaseLimit, CaseSettings, LimitUnit
from domain.procedure import Verb
from runtime.converter import data_converter
from storage.engine import Database
from tests.case_hall import CLERK, HANDED_OVER, OFFICER, REFORM, REPORTED, SLIPS, URBAN, Hall
from tests.cases import (
    CULTURE,
    ELEMENTS,
    LIST,
    SLIP,
    STREET,
    case_plan,
    dispatch,
    duty_list,
    issue_list,
    report,
)
from tests.office import Office, proof
from tests.workflows.conftest import server_program
from tests.workflows.test_amendment import amend

REASON = {"note": "并入专项整治"}


@pytest.fixture(scope="module")
async def hall(database: Database) -> AsyncIterator[Hall]:
    """One server for all: nothing here depends on the clock."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=server_program(), data_converter=data_converter
        ) as env,
        Office(env, database) as office,
    ):
        limit = CaseLimit(unit=LimitUnit.WORKDAYS, count=5, basis="甲政办〔2026〕5号")
        limits = {**CaseSettings().limits, "办理": limit}
        yield await Hall.of(office, "变动", limits=limits)


@pytest.mark.parametrize("step", ["报告", "交接", "签收", "办理"])
async def test_a_coordinator_ends_a_case_and_its_clocks_stand(hall: Hall, step: str) -> None:
    """终止 with its reason; a clock that ran is stopped by it, what was not sent was not delivered."""
    more = {} if step == "交接" else {"reported": False} if step == "报告" else SLIPS
    wid = await hall.open(report(await hall.office.now(), **more))
    if step == "办理":
        await hall.done(wid, "签收", Verb.ACCEPT, OFFICER)
    assert "NOT_COORDINATOR" == await hall.no(wid, "", Verb.TERMINATE, OFFICER, **REASON)
    assert "REASON_MISSING" == await hall.no(wid, "", Verb.TERMINATE, "区协调员")
    await hall.done(wid, "", Verb.TERMINATE, "区协调员", **REASON)

    assert "终止" == await hall.ended(wid)
    clocks = await hall.clocks(wid)
    assert all(c.stopped_at is not None for c in clocks.values())
    by = {name: c.by for name, c in clocks.items()}
    assert ("终止" if step == "报告" else "送达") == by[REPORTED]
    if step in ("交接", "签收"):
        assert "终止" == by[HANDED_OVER]
        delivered = clocks[HANDED_OVER].delivered_at
        assert (delivered is None) == (step == "交接")
    if step == "办理":
        assert ("签收", "终止") == (by[HANDED_OVER], by["办理"])


async def test_a_case_at_the_coordinators_own_desk_needs_a_second_person(hall: Hall) -> None:
    """A refusal that the 区委编办 has to decide is not ended by its own coordinator alone."""
    wid = await hall.open(dispatch(await hall.office.now()))
    ground = {"facts": {"拒收理由": "其他"}, "note": "辖区以外"}
    await hall.done(wid, "签收", Verb.REFUSE, CLERK, **ground)
    await hall.done(wid, "", Verb.TERMINATE, "区协调员", **REASON)
    assert await hall.is_running(wid)
    await hall.done(wid, "", Verb.COUNTERSIGN, f"{REFORM}主要负责人")
    assert "终止" == await hall.ended(wid)


async def test_a_signature_that_is_reassigned_takes_the_case_along(hall: Hall) -> None:
    """改派: who signs instead handles it, and is the receiver from then on."""
    wid = await hall.open(report(await hall.office.now(), **SLIPS))
    await hall.done(wid, "签收", Verb.REASSIGN, "区协调员", to=URBAN, note="职责已划转")
    assert "NOT_YOUR_UNIT" == await hall.no(wid, "签收", Verb.ACCEPT, OFFICER)
    await hall.done(wid, "签收", Verb.ACCEPT, f"{URBAN}经办甲")
    assert URBAN == (await hall.row(wid))["receiver"]
    assert (URBAN,) == (await hall.open_step(wid)).units
    await hall.done(wid, "办理", Verb.SUBMIT, f"{URBAN}经办甲")
    assert "办结" == await hall.ended(wid)


async def test_the_refusal_of_a_reassigned_signature_is_talked_over_with_it(hall: Hall) -> None:
    """改派 and then 拒收: the negotiation is with who refused."""
    wid = await hall.open(report(await hall.office.now(), **SLIPS))
    await hall.done(wid, "签收", Verb.REASSIGN, "区协调员", to=URBAN, note="职责已划转")
    await hall.done(wid, "签收", Verb.REFUSE, f"{URBAN}经办甲", note="没有划转")
    assert {STREET, URBAN} == set((await hall.open_step(wid)).units)
    await hall.done(wid, "协商", Verb.ACCEPT, f"{URBAN}经办甲")
    assert (URBAN,) == (await hall.open_step(wid)).units


async def test_handling_may_be_extended_and_the_handover_may_not(hall: Hall) -> None:
    """T1 and T2 are nobody's to put off, the signature under T2 neither; a set limit is, once."""
    later = await hall.office.today() + timedelta(days=40)
    asked = {"note": "案情复杂", "new_due": later}
    wid = await hall.open(report(await hall.office.now(), reported=False))
    assert "EXTENSION_LIMIT" == await hall.no(wid, "报告", Verb.ASK_EXTENSION, CLERK, **asked)
    await hall.done(wid, "报告", Verb.SUBMIT, CLERK)
    assert "EXTENSION_LIMIT" == await hall.no(wid, "交接", Verb.ASK_EXTENSION, CLERK, **asked)
    await hall.done(wid, "交接", Verb.SUBMIT, CLERK, evidence=(SLIP,))
    assert "EXTENSION_LIMIT" == await hall.no(wid, "签收", Verb.ASK_EXTENSION, OFFICER, **asked)
    await hall.done(wid, "签收", Verb.ACCEPT, OFFICER)

    before = await hall.clock(wid, "办理")
    await hall.done(wid, "办理", Verb.ASK_EXTENSION, OFFICER, **asked)
    judge = f"{REFORM}经办甲"
    assert "NOT_APPROVER" == await hall.no(wid, "办理", Verb.GRANT_EXTENSION, OFFICER)
    papers = proof("批准文号", number="甲编办〔2026〕9号")
    await hall.done(wid, "办理", Verb.GRANT_EXTENSION, judge, evidence=papers)
    clock = await hall.clock(wid, "办理")
    assert (later, "甲政办〔2026〕5号") == (clock.due_date, clock.basis)
    assert before.due_date != later and before.started_at == clock.started_at
    assert "EXTENSION_LIMIT" == await hall.no(
        wid, "办理", Verb.ASK_EXTENSION, OFFICER, **{**asked, "new_due": later + timedelta(days=9)}
    )


async def test_a_running_case_follows_the_amended_directory(hall: Hall) -> None:
    """Who left acts no more, who came does, and a new department may be designated."""
    own = await Hall.of(hall.office, "变动通讯录")
    wid = await own.open(report(await hall.office.now(), **SLIPS))
    plan = case_plan(own.rollout, await hall.office.today())
    model = next(u for u in plan.units if u.name == CULTURE)
    new = replace(model, name="甲区数据局", duty="区数据局", head="新局长", handlers=("新经办",))
    units = (*plan.units, replace(new, substitutes=()))
    done = await amend(hall.office, replace(plan, units=units))
    assert done.applied, done.sentence
    await hall.office.change(
        "WITH gone AS (UPDATE appointment SET valid_to = :at"
        " WHERE rollout = :r AND person = :p RETURNING rollout, unit, role)"
        " INSERT INTO appointment SELECT rollout, unit, '王新', role, :at, NULL FROM gone",
        at=await hall.office.now(),
        r=own.rollout,
        p=OFFICER,
    )

    assert await own.no(wid, "签收", Verb.ACCEPT, OFFICER) in ("UNKNOWN_PERSON", "NOT_YOUR_UNIT")
    await own.done(wid, "签收", Verb.REFUSE, "王新", note="职责已划转")
    await own.done(wid, "协商", Verb.SUBMIT, "王新", note="协商不成")
    named = {"to": "甲区数据局", "evidence": proof("指定决定")}
    await own.done(wid, "指定", Verb.DESIGNATE, "甲区司法局经办甲", **named)
    await own.done(wid, "签收", Verb.ACCEPT, "新经办")
    await own.done(wid, "办理", Verb.SUBMIT, "新经办")
    assert "办结" == await own.ended(wid)


async def test_a_case_keeps_the_version_that_it_cited(hall: Hall) -> None:
    """4-25, 4-32: the list is adjusted while it runs; the next case cites the new version."""
    own = await Hall.of(hall.office, "变动清单")
    old = await own.open(dispatch(await hall.office.now()))
    changed = duty_list(version=2)
    items = tuple(replace(i, name=f"{i.name}（修订）") for i in changed.items)
    await hall.office.env.sleep(timedelta(minutes=1))
    at = await hall.office.now()
    await issue_list(hall.office.database, own.rollout, at, replace(changed, items=items))
    await hall.office.env.sleep(timedelta(minutes=1))

    new = await own.open(dispatch(await hall.office.now()))
    await own.done(old, "签收", Verb.ACCEPT, CLERK)
    await own.done(old, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
    await own.done(old, "确认", Verb.APPROVE, OFFICER)

    assert "办结" == await own.ended(old)
    cited = [await own.row(wid) for wid in (old, new)]
    assert [(LIST, 1, "占道经营"), (LIST, 2, "占道经营（修订）")] == [
        (r["list_name"], r["list_version"], r["item_name"]) for r in cited
    ]


async def test_settings_hold_for_what_is_opened_after_them(hall: Hall) -> None:
    """A case keeps the settings under which it was opened."""
    own = await Hall.of(hall.office, "变动设置", max_returns=0)
    old = await own.open(dispatch(await hall.office.now()))
    await own.settle(max_returns=5)
    new = await own.open(dispatch(await hall.office.now()))
    steps = []
    for wid in (old, new):
        await own.done(wid, "签收", Verb.ACCEPT, CLERK)
        steps += await own.done(wid, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
    assert ["提级确认", "确认"] == steps


async def test_a_case_goes_on_in_a_second_run(hall: Hall) -> None:
    """Continue-as-new in mid-course: returns stay counted, ids known, clocks and log whole."""
    opening = dispatch(await hall.office.now())
    wid = await hall.open(opening, history_limit=30)
    handle = hall.office.client.get_workflow_handle(wid)
    first = (await handle.describe()).run_id
    await hall.done(wid, "签收", Verb.ACCEPT, CLERK, action_id="签在先")
    for _ in range(2):
        await hall.office.until_open(wid, "办理")
        await hall.done(wid, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
        await hall.office.until_open(wid, "确认")
        await hall.done(wid, "确认", Verb.RETURN, OFFICER, note="没有照片")
    await hall.office.until_open(wid, "办理")
    assert first != (await handle.describe()).run_id
    clock = await hall.clock(wid, "第2次办理")
    assert clock.stopped_at is not None

    again = await hall.office.act(wid, Verb.ACCEPT, CLERK, "签收", action_id="签在先")
    assert again.accepted and again.repeated
    _, reply = await hall.answer(opening)
    assert reply.accepted and reply.seq == 2
    opened = await hall.done(wid, "办理", Verb.REPLY, CLERK, facts=ELEMENTS)
    await hall.office.until_open(wid, "提级确认")
    assert set(opened) <= {"提级确认"}
    await hall.done(wid, "提级确认", Verb.APPROVE, f"{REFORM}经办甲")

    assert "办结" == await hall.ended(wid)
    assert await hall.office.replay_all_runs(wid) > 1
    assert 7 + 2 == len(await hall.actions(wid)) + 1
    row = await hall.row(wid)
    assert (2, opening.action_id) == (row["returns"], row["action_id"])
    assert {"办理", "第2次办理", "第3次办理"} == set(await hall.clocks(wid))

"""Moves that every procedure has: withdraw, pass on, reassign, urge, and a new calendar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.bulk import BulkActivities
from contracts import names
from contracts.calendar import PublicationRequest, publication_id
from contracts.desk import CalendarImport, PublishQuestion
from domain.plan import RowKind
from domain.procedure import Verb
from tests.office import Office, proof
from tests.postgres import database_of_its_own
from tests.small_plan import CITY, STREETS, only, row, small_plan
from workflows.calendar_publication import CalendarPublication

STREET = STREETS[0]


async def task(office: Office, rollout: str, **more: object) -> str:
    """One TaskMilestone of a street."""
    today = await office.today()
    plan = small_plan(
        rollout, today, row("9", "总结", RowKind.TASK, today + timedelta(days=40), **more)
    )
    return (await office.start_procedure(plan, "9", STREET)).id


async def test_a_submission_is_withdrawn_before_the_next_desk_answers(office: Office) -> None:
    """撤回 closes the untouched 确认 and opens 办理 again; the confirmation comes later."""
    wid = await task(office, "撤回")
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")
    await office.done(wid, Verb.WITHDRAW, f"{STREET}经办乙", note="漏附照片")
    assert await office.open_steps(wid) == ["办理"]

    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "确认")

    late = await office.log(wid)
    assert late[-1]["kind"] == "结束"


async def test_a_step_is_passed_on_within_the_unit(office: Office) -> None:
    """转办 binds the step to one colleague; a 代办人 may still act, others may not."""
    wid = await task(office, "转办")
    await office.done(wid, Verb.ASSIGN, f"{STREET}经办甲", "办理", to=f"{STREET}经办乙")

    other = await office.act(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")
    assert other.code == "ASSIGNED_TO_OTHER"
    await office.done(wid, Verb.SUBMIT, f"{STREET}代办", "办理")


async def test_a_step_is_reassigned_and_urged_by_the_coordinator(office: Office) -> None:
    """改派 moves the desk and keeps the due time; 催办 is counted and told to the new unit."""
    wid = await task(office, "改派")
    before = (await office.progress(wid)).steps[0]
    await office.done(wid, Verb.REASSIGN, "区协调员", "办理", to=STREETS[1], note="职能划转")
    await office.done(wid, Verb.URGE, "市协调员", "办理")

    after = (await office.progress(wid)).steps[0]
    assert ((STREETS[1],), before.due_at) == (after.units, after.due_at)
    items = await office.rows("SELECT unit, urged FROM desk_item WHERE workflow_id = :w", w=wid)
    assert [{"unit": STREETS[1], "urged": 1}] == items
    old = await office.act(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")
    assert old.code == "NOT_YOUR_UNIT"


async def test_refusals_are_capped_and_then_leave_no_trace(office: Office) -> None:
    """After twenty logged refusals a person is turned away unlogged; not on the next day."""
    from temporalio.client import WorkflowUpdateFailedError

    wid = await task(office, "连拒")
    for _ in range(20):
        assert not (await office.act(wid, Verb.SUBMIT, "甲区委编办经办甲", "办理")).accepted
    before = len(await office.log(wid))

    with pytest.raises(WorkflowUpdateFailedError):
        await office.act(wid, Verb.SUBMIT, "甲区委编办经办甲", "办理")

    assert before == len(await office.log(wid))
    await office.pass_days(1)
    assert (await office.act(wid, Verb.SUBMIT, "甲区委编办经办甲", "办理")).code
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")


async def test_wuhais_plan_needs_both_approvals(office: Office) -> None:
    """乌海's route: 协调小组 and 常委会 approve one after the other; a 不通过 leads back (2-18)."""
    plan = only(small_plan("乌海式", await office.today()), "1")
    organs = replace(plan.units[4], name="甲区改革协调小组", duty="改革协调小组")
    committee = replace(plan.units[4], name="甲区党委常委会", duty="常委会")
    offices = [
        replace(plan.units[7], name=f"甲区新{duty}", duty=duty) for duty in ("党委办", "政府办")
    ]
    named = [
        replace(u, handlers=(f"{u.name}经办甲",), head=f"{u.name}负责人", substitutes=())
        for u in (organs, committee, *offices)
    ]
    plan = replace(
        plan,
        units=(*plan.units, *named),
        rows=(replace(plan.rows[0], options={"模板": "乌海"}),),
    )
    wid = (await office.start_procedure(plan, "1", "甲区")).id
    for step, document in (("调研论证", "调研报告"), ("征求意见", "意见采纳表")):
        await office.done(wid, Verb.SUBMIT, "甲区委编办经办甲", step, evidence=proof(document))
    await office.done(
        wid, Verb.APPROVE, "甲区改革协调小组经办甲", "协调小组审议", evidence=proof("纪要")
    )
    await office.done(wid, Verb.REJECT, "甲区党委常委会经办甲", "常委会审议", note="重报")

    assert await office.open_steps(wid) == ["征求意见"]


@pytest.fixture
async def elsewhere(env: WorkflowEnvironment) -> AsyncIterator[Office]:
    """An office whose calendar is its own: publishing one must not move other tests' dates."""
    async with database_of_its_own("calendar_test") as database, Office(env, database) as office:
        yield office


async def test_a_published_calendar_moves_open_steps_once_and_tells_why(elsewhere: Office) -> None:
    """Next year's notice: provisional dates become firm or move, the original stays, told once."""
    office = elsewhere
    # A Wednesday in a year without a notice, whenever this test runs.
    year = max(2027, (await office.today()).year + 1)
    due = next(d for n in range(10, 17) if (d := date(year, 2, n)).weekday() == 2)
    off = (date(year, 1, 1), due - timedelta(days=2), due - timedelta(days=1))
    plan = small_plan(
        "新历",
        await office.today(),
        row("9", "总结", RowKind.TASK, due, lead="区委编办"),
    )
    wid = (await office.start_procedure(plan, "9", STREET)).id
    await office.until_open(wid, "办理")
    before = (await office.progress(wid)).steps[0]
    assert before.provisional
    bulk = BulkActivities(office.database)
    now = await office.now()
    # Monday and Tuesday before the row's due date are off: counted backwards, 办理 is due earlier.
    await bulk.import_calendar(
        CalendarImport(
            year=year,
            paper="测试通知〔2026〕1号",
            off_days=off,
            work_days=(),
            now=now,
            person="测试",
        )
    )
    preview = await bulk.publish_calendar(PublishQuestion(now=now))
    assert [before.due_date] == [m.before for m in preview.moved]
    published = await bulk.publish_calendar(PublishQuestion(now=now, confirm=True, person="测试"))
    assert published.published

    told = await office.client.execute_workflow(
        CalendarPublication.run,
        PublicationRequest(version=published.version),
        id=publication_id(published.version),
        task_queue=names.PROCEDURES_QUEUE,
    )

    after = (await office.progress(wid)).steps[0]
    assert (told.told, told.left) == (1, 0)
    assert after.due_date == preview.moved[0].after < before.due_date
    assert not after.provisional
    assert before.due_date == after.original_due_date
    notices = await office.rows("SELECT text FROM notice WHERE level = '改期'")
    assert len(notices) == 1
    assert CITY not in notices[0]["text"]


async def test_an_extension_beyond_the_row_stays_the_limit_of_later_steps(office: Office) -> None:
    """A date approved beyond 完成时限 holds for what follows; a smaller extension takes none back."""
    wid = await task(office, "延限")
    row_due = (await office.progress(wid)).steps[0].due_date + timedelta(days=30)
    far = row_due + timedelta(days=60)
    await office.done(wid, Verb.ASK_EXTENSION, f"{STREET}经办甲", "办理", note="汛期", new_due=far)
    await office.done(wid, Verb.GRANT_EXTENSION, "甲区委编办经办甲", "办理")
    await office.pass_days((far - await office.today()).days - 1)
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")

    confirming = next(s for s in (await office.progress(wid)).steps if s.step == "确认")

    assert row_due < confirming.due_date <= far

"""An amended plan reaches a rollout in mid-course: rows come, go and move while people work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from activities.amendment import AmendingActivities
from contracts import names
from contracts.amendment import (
    Amended,
    AmendmentRequest,
    AmendmentResult,
    AmendOrder,
    amendment_id,
)
from contracts.journal import EntryKind
from contracts.reform import AmendNote, Report
from domain.plan import Plan, Row, RowKind
from domain.procedure import Verb
from storage.engine import open_database
from tests.office import Office
from tests.postgres import server_url
from tests.small_plan import CITY, DISTRICT, STREETS, row, small_plan
from workflows.plan_amendment import PlanAmendment

PAPER = "甲改办〔2026〕9号"


def task(row_id: str, item: str, due: Any, **more: Any) -> Row:
    """A TaskMilestone, of both streets unless said otherwise."""
    return row(row_id, item, RowKind.TASK, due, **more)


async def amend(office: Office, plan: Plan, **more: Any) -> Amended:
    """Store an amendment as the command would."""
    order = AmendOrder(
        plan=plan,
        content_hash=more.pop("content_hash", f"{plan.rollout}{plan.rows}"),
        now=await office.now(),
        paper=PAPER,
        person="市协调员",
        confirm=True,
        **more,
    )
    return await AmendingActivities(office.database).amend(order)


async def carry_out(office: Office, answer: Amended) -> AmendmentResult:
    """Start the workflow that tells everybody, and wait until it has."""
    assert answer.plan is not None, answer.sentence
    result: AmendmentResult = await office.client.execute_workflow(
        PlanAmendment.run,
        AmendmentRequest(
            note=AmendNote(plan=answer.plan, paper=PAPER, person="市协调员"), counts=answer.counts
        ),
        id=amendment_id(answer.plan.rollout, answer.version),
        task_queue=names.PROCEDURES_QUEUE,
    )
    return result


async def amended(office: Office, plan: Plan, **more: Any) -> Amended:
    """Both."""
    answer = await amend(office, plan, **more)
    assert answer.applied, answer.sentence
    assert (await carry_out(office, answer)).reached
    return answer


async def finish(office: Office, wid: str, unit: str, confirmer: str = "甲区委编办经办甲") -> None:
    """A task from 办理 to 确认."""
    await office.until_open(wid, "办理")
    await office.done(wid, Verb.SUBMIT, f"{unit}经办甲", "办理")
    await office.until_open(wid, "确认")
    await office.done(wid, Verb.APPROVE, confirmer, "确认")


@asynccontextmanager
async def database_away() -> AsyncIterator[None]:
    """The registers' database cuts every connection and takes no new one."""
    server, _, name = server_url().rpartition("/")
    admin = open_database(f"{server}/template1", pool_size=1)

    async def say(statement: str) -> None:
        async with admin.single() as connection:
            await connection.execute(text(statement))

    await say(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await say(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        yield
    finally:
        await say(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await admin.close()


async def until_told(office: Office, wid: str) -> None:
    """Wait until a procedure that runs has followed an amendment."""
    for _ in range(400):
        if any(line["kind"] == EntryKind.AMENDED for line in await office.log(wid)):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{wid} was not told")


def of(plan: Plan, unit: str, item: str) -> str:
    """A procedure's id in the district."""
    return f"{plan.rollout}/{DISTRICT}/{unit}/{item}"


async def begin(office: Office, name: str, *rows: Row) -> tuple[Plan, WorkflowHandle[Any, Any]]:
    """A rollout with these rows, begun."""
    plan = small_plan(name, await office.today(), *rows)
    return plan, await office.start_rollout(plan)


async def test_rows_come_go_and_move_while_people_work(office: Office) -> None:
    """新增 opens, 移除 ends what runs and cancels what waits, 改期 keeps the old date; then it ends."""
    day = await office.today()
    far, later = day + timedelta(days=60), day + timedelta(days=90)
    plan, top = await begin(
        office,
        "修订中",
        task("1", "清单", far),
        task("2", "台账", far),
        task("3", "验收", later, after=("2",)),
    )
    one, two = STREETS
    for street in STREETS:
        await office.until_open(of(plan, street, "清单"), "办理")
        await office.until_open(of(plan, street, "台账"), "办理")
    new = replace(
        plan,
        rows=(
            replace(plan.row("1"), due=later),
            task("4", "公示", later, after=("1",)),
        ),
    )

    answer = await amended(office, new)

    assert (answer.version, answer.counts) == (
        2,
        {"终止": 2, "继续": 2, "取消": 2, "新增": 2, "不变": 0},
    )
    await finish(office, of(plan, one, "清单"), one)
    await finish(office, of(plan, two, "清单"), two)
    for street in STREETS:
        await finish(office, of(plan, street, "公示"), street)
    await top.result()
    board = await office.rows(
        "SELECT item, status, count(*) AS n FROM board_row WHERE rollout = '修订中'"
        " GROUP BY item, status ORDER BY item"
    )
    assert board == [
        {"item": "公示", "status": "办结", "n": 2},
        {"item": "台账", "status": "终止", "n": 2},
        {"item": "清单", "status": "办结", "n": 2},
    ]
    last = (await office.log(of(plan, one, "台账")))[-1]["sentence"]
    assert PAPER in last
    told = await office.rows("SELECT unit, text FROM notice WHERE level = '修订' ORDER BY unit")
    assert [one, two] == [n["unit"] for n in told if n["unit"] in STREETS]
    assert str(later) in told[0]["text"]


async def test_a_unit_that_has_ended_gets_a_new_row(office: Office) -> None:
    """The ended street begins anew, repeats nothing, and its old end, heard late, counts no more."""
    day = await office.today()
    far = day + timedelta(days=60)
    plan, top = await begin(office, "再办", task("1", "清单", far))
    one, two = STREETS
    await finish(office, of(plan, one, "清单"), one)
    await office.client.get_workflow_handle(f"再办/{DISTRICT}/{one}").result()

    await amended(office, replace(plan, rows=(*plan.rows, task("2", "公示", far, after=("1",)))))

    await office.until_open(of(plan, one, "公示"), "办理")
    area = office.client.get_workflow_handle(f"再办/{DISTRICT}")
    await area.signal(names.UNIT_REPORT_SIGNAL, Report(name=one, ended=True))
    await finish(office, of(plan, two, "清单"), two)
    await finish(office, of(plan, two, "公示"), two)
    await office.client.get_workflow_handle(f"再办/{DISTRICT}/{two}").result()
    await office.pass_days(1)
    assert (await area.describe()).status is WorkflowExecutionStatus.RUNNING
    await finish(office, of(plan, one, "公示"), one)
    assert (await top.result()).ended == 1
    events = await office.events(f"再办/{DISTRICT}/{one}")
    assert events.count("START_CHILD_WORKFLOW_EXECUTION_INITIATED") == 1


async def test_an_area_that_has_ended_gets_a_new_row(office: Office) -> None:
    """The whole district has ended, the city not: the area begins anew, from the dossiers."""
    day = await office.today()
    far = day + timedelta(days=60)
    plan, top = await begin(
        office,
        "片区再办",
        task("1", "清单", far),
        task("2", "总结", far, targets=(CITY,), lead="市委编办"),
    )
    one = STREETS[0]
    for street in STREETS:
        await finish(office, of(plan, street, "清单"), street)
    await office.client.get_workflow_handle(f"片区再办/{DISTRICT}").result()
    more = task("3", "回头看", far, targets=(one,), after=("1",))
    city = replace(plan.row("2"), id="5", item="复盘", after=("1", "3"))

    await amended(office, replace(plan, rows=(*plan.rows, more, city)))

    await office.until_open(of(plan, one, "回头看"), "办理")
    last = f"片区再办/市级/{CITY}/复盘"
    assert [] == await office.rows("SELECT 1 FROM board_row WHERE workflow_id = :w", w=last)
    await finish(office, of(plan, one, "回头看"), one)
    await finish(office, last, CITY, "示例市委编办经办甲")
    await finish(office, f"片区再办/市级/{CITY}/总结", CITY, "示例市委编办经办甲")
    assert (await top.result()).ended == 2


async def test_a_new_street_joins(office: Office) -> None:
    """A unit that the plan did not have comes with its persons and its rows."""
    day = await office.today()
    far = day + timedelta(days=60)
    plan, _ = await begin(office, "新街", task("1", "清单", far))
    await office.until_open(of(plan, STREETS[0], "清单"), "办理")
    third = replace(plan.units[-1], name="三街道", handlers=("三街道经办甲",), substitutes=())
    new = replace(
        plan,
        units=(*plan.units, third),
        rows=(replace(plan.row("1"), targets=(*STREETS, "三街道")),),
    )

    answer = await amended(office, new)

    assert answer.counts == {"新增": 1, "不变": 2}
    await finish(office, of(plan, "三街道", "清单"), "三街道")


async def test_sent_back_to_the_start_by_choice(office: Office) -> None:
    """退回重办 names a row: what is before 确认 goes back to 办理 under the new version."""
    day = await office.today()
    far = day + timedelta(days=60)
    plan, _ = await begin(office, "重办", task("1", "清单", far))
    wid = of(plan, STREETS[0], "清单")
    await office.until_open(wid, "办理")
    await office.done(wid, Verb.SUBMIT, f"{STREETS[0]}经办甲", "办理")
    await office.until_open(wid, "确认")
    new = replace(plan, rows=(replace(plan.row("1"), task="按新口径完成清单"),))

    answer = await amended(office, new, redo=("1",))

    assert answer.counts == {"退回重办": 2, "不变": 0}
    await office.until_open(wid, "办理")
    await finish(office, wid, STREETS[0])


async def test_an_amendment_twice_is_once(office: Office) -> None:
    """The same content again changes nothing; the signal again is not followed again."""
    day = await office.today()
    far = day + timedelta(days=60)
    plan, top = await begin(office, "两次", task("1", "清单", far))
    new = replace(plan, rows=(*plan.rows, task("2", "公示", far)))
    first = await amended(office, new)

    second = await amend(office, new)

    assert (second.applied, second.again, second.version) == (True, True, first.version)
    assert second.plan is not None
    note = AmendNote(plan=second.plan, paper=PAPER, person="市协调员")
    await top.signal(names.AMENDED_SIGNAL, note)
    for street in STREETS:
        await finish(office, of(plan, street, "清单"), street)
        await finish(office, of(plan, street, "公示"), street)
    await top.result()
    notices = await office.rows(
        "SELECT unit, count(*) AS n FROM notice WHERE level = '修订' AND rollout = '两次'"
        " GROUP BY unit HAVING count(*) > 1"
    )
    assert notices == []


async def test_versions_follow_each_other(office: Office) -> None:
    """The second amendment takes away what the first added; one whose telling was lost is caught up."""
    day = await office.today()
    far = day + timedelta(days=60)
    plan, top = await begin(office, "两版", task("1", "清单", far))
    second = replace(plan, rows=(*plan.rows, task("2", "公示", far)))
    lost = await amend(office, second)
    assert lost.applied
    third = replace(second, rows=(*second.rows, task("3", "归档", far, after=("2",))))

    answer = await amended(office, third)

    assert answer.version == 3
    await office.until_open(of(plan, STREETS[0], "公示"), "办理")
    await amended(office, replace(third, rows=(third.row("1"),)))
    for street in STREETS:
        await finish(office, of(plan, street, "清单"), street)
    await top.result()
    board = await office.rows(
        "SELECT item, status, count(*) AS n FROM board_row WHERE rollout = '两版'"
        " GROUP BY item, status ORDER BY item"
    )
    assert board == [
        {"item": "公示", "status": "终止", "n": 2},
        {"item": "清单", "status": "办结", "n": 2},
    ]


async def test_an_ended_rollout_is_not_amended(office: Office) -> None:
    """Whoever comes too late is told so; nothing begins anew."""
    day = await office.today()
    far = day + timedelta(days=60)
    plan, top = await begin(office, "已完", task("1", "清单", far, targets=(STREETS[0],)))
    await finish(office, of(plan, STREETS[0], "清单"), STREETS[0])
    await top.result()
    answer = await amend(office, replace(plan, rows=(*plan.rows, task("2", "公示", far))))

    assert not (await carry_out(office, answer)).reached


async def test_a_unit_ended_by_force_finds_its_procedures_again(office: Office) -> None:
    """A unit terminated from outside: an amendment begins it anew, and it waits for what runs."""
    day = await office.today()
    far, later = day + timedelta(days=60), day + timedelta(days=80)
    plan, top = await begin(office, "强停", task("1", "清单", far, targets=(STREETS[0],)))
    wid = of(plan, STREETS[0], "清单")
    await office.until_open(wid, "办理")
    await office.client.get_workflow_handle(f"强停/{DISTRICT}/{STREETS[0]}").terminate()

    await amended(office, replace(plan, rows=(replace(plan.row("1"), due=later),)))

    await until_told(office, wid)
    await finish(office, wid, STREETS[0])
    assert (await top.result()).ended == 1


async def test_an_amendment_waits_for_a_database_that_is_away(office: Office) -> None:
    """The registers do not answer while the levels ask: they ask on, and nothing is lost."""
    day = await office.today()
    far = day + timedelta(days=60)
    plan, top = await begin(office, "断库", task("1", "清单", far))
    for street in STREETS:
        await office.until_open(of(plan, street, "清单"), "办理")
    answer = await amend(office, replace(plan, rows=(*plan.rows, task("2", "公示", far))))
    async with database_away():
        assert (await carry_out(office, answer)).reached
        # Its local try has failed; the patient one goes on until the registers answer.
        for _ in range(1_000):
            if (await office.events("断库")).count("ACTIVITY_TASK_SCHEDULED") > 1:
                break
            await asyncio.sleep(0.02)
    begun = await office.rows("SELECT 1 FROM board_row WHERE item = '公示' AND rollout = '断库'")

    assert begun == []
    for street in STREETS:
        await finish(office, of(plan, street, "公示"), street)
        await finish(office, of(plan, street, "清单"), street)
    await top.result()

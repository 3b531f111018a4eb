"""An audit ended in the Web UI, and a sample that nobody visits: neither is forgotten (4-37)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.audit_runs import AuditRunActivities
from activities.audit_watch import ScheduleWatch
from activities.plan_shelf import Shelf
from activities.reconcile import ReconcileActivities
from activities.reconcile_row import RowReconcile
from contracts.audit_run import ReckonQuestion, RunOrder
from contracts.reconcile import RestartOrder
from domain.audit import AuditKind, Cadence, Every
from domain.audit_cadence import RunStep
from domain.calendar import load_builtin_calendar
from storage.draw_store import read_draw
from storage.engine import Database
from tests.audit_schedules import ClockedSchedules
from tests.audits import SEAL, Round, round_of
from tests.office import Office
from tests.served import at_its_time


@pytest.fixture
async def sealed(env: WorkflowEnvironment, database: Database) -> AsyncIterator[Office]:
    """An office whose worker has the key of draws."""
    async with Office(env, database, SEAL) as opened:
        yield opened


async def sample(office: Office, rollout: str) -> tuple[Round, str]:
    """A sample that comes round once, drawn; and a unit of it."""
    await working_day(office)
    once = Cadence(every=Every.ONCE, first=await office.today())
    audit = await round_of(office, rollout, AuditKind.SAMPLING, cadence=once)
    audit.label = str(once.first)
    return audit, (await audit.drawn())[0]


async def working_day(office: Office) -> None:
    """Let time go by until somebody works."""
    while not load_builtin_calendar().is_workday(await office.today()):
        await office.pass_days(1)


async def ticked(audit: Round, days: int = 0) -> tuple[str, ...]:
    """What 日程 does with the audit on the first working day so many days on."""
    office, rollout = audit.office, audit.plan.rollout
    await office.pass_days(days)
    await working_day(office)
    now = await office.now()
    watch = ScheduleWatch(ClockedSchedules(now=now))
    runs = AuditRunActivities(office.database, Shelf(), audit.opener, audit.draws, watch)
    question = ReckonQuestion(rollout=rollout, plan="", at=now)
    found = (await at_its_time(runs.reckon, question)).due
    due = [one for one in found if one.step is not RunStep.SCHEDULE]
    done = [await at_its_time(runs.carry_out, RunOrder(due=one, at=now)) for one in due]
    return tuple(f"{a.step}：{b.sentence}" for a, b in zip(due, done, strict=True))


async def is_published(audit: Round) -> bool:
    """Whether the proof of the draw is there for everybody."""
    async with audit.office.database.single() as connection:
        row = await read_draw(connection, audit.key)
    return row is not None and row.published_at is not None


async def told(audit: Round) -> list[str]:
    """What the organiser was told."""
    found = await audit.office.rows(
        "SELECT text FROM notice WHERE rollout = :r AND key LIKE '督查:%' ORDER BY at",
        r=audit.plan.rollout,
    )
    return [row["text"] for row in found]


async def test_an_audit_ended_in_the_web_ui_is_closed_and_its_draw_published(
    sealed: Office,
) -> None:
    """Told at the next tick, left to be restarted for ten working days, then 终止 in the register."""
    audit, one = await sample(sealed, "抽查被中止")
    await audit.visit(one)
    await sealed.until_open(audit.wid, "检查")
    await sealed.client.get_workflow_handle(audit.wid).terminate("谁都没有决定")
    (found,) = await RowReconcile(sealed.client, sealed.database, only_check=False).look(audit.wid)
    assert found.kind == "终止"

    assert await ticked(audit) + await ticked(audit) == (
        "异常中止：督查在程序之外被中止，10个工作日内没有恢复的，按终止登记",
        "抽取：已抽取",
    )
    assert await ticked(audit, 5) == ()
    assert not await is_published(audit)
    (closed,) = await ticked(audit, 16)

    assert closed.startswith("终止：")
    assert await is_published(audit)
    assert [
        sentence.partition("；恢复请")[0]
        for sentence in await told(audit)
        if "程序之外" in sentence
    ] == [
        f"{audit.label}：督查在程序之外被中止，10个工作日内没有恢复的，按终止登记",
        f"{audit.label}：督查在程序之外被中止，10个工作日内没有恢复，按终止登记，抽样记录已经公布。",
    ]
    (row,) = await sealed.rows("SELECT * FROM audit WHERE workflow_id = :w", w=audit.wid)
    assert row["ending"] == "终止"
    assert await ticked(audit) == ()
    order = RestartOrder(
        workflow_id=audit.wid,
        person="市协调员",
        paper="甲〔2026〕1号",
        now=await sealed.now(),
        action_id="恢复",
    )
    assert (await ReconcileActivities(sealed.client, sealed.database).restart(order)).code == (
        "RESTART_ENDED"
    )
    assert (await audit.visit(one)).code == "AUDIT_ENDED"


async def test_a_sample_that_nobody_visits_comes_to_light(sealed: Office) -> None:
    """Asked for after ten working days, published after three months; then it is too late to go."""
    audit, one = await sample(sealed, "抽查无人到访")
    await ticked(audit)
    (asked,) = await ticked(audit, 21)
    assert asked.startswith("未到访：")
    assert await ticked(audit, 60) == ()
    assert not await is_published(audit)
    (lapsed,) = await ticked(audit, 20)
    assert lapsed == "到期公布：抽取后三个月仍没有到访记录"
    assert await is_published(audit)
    assert (await told(audit))[-1] == (
        f"{audit.label}：抽取后三个月仍没有到访记录，抽样记录已经公布。"
    )
    assert (await audit.visit(one)).code == "AUDIT_LAPSED"
    assert await ticked(audit) == ()

"""The reconcile on real procedures: rows are written anew, reports told again, and logs compared."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.reconcile import ROW_STAGE, Reconcile, ReconcileActivities
from activities.reconcile_night import NightWatch
from activities.reconcile_row import RowReconcile
from activities.reconcile_tree import TreeReconcile
from contracts import names
from contracts.reconcile import FindingLine, ReconcileOrder, RestartOrder
from contracts.reform import AreaRequest, Standing, UnitRequest
from contracts.registers import PlanKey
from domain.plan import RowKind
from domain.procedure import Verb
from domain.reconcile import night_of
from storage import reconcile_store as store
from tests.office import Office
from tests.small_plan import DISTRICT, STREETS, row, small_plan

FIRST, SECOND = STREETS
TABLES = ("board_row", "desk_item", "case_row")


async def begun(office: Office, rollout: str) -> tuple[PlanKey, str, str]:
    """Two streets with a 总结 each, the first one done by 办理, and a 核查 that waits for both."""
    today = await office.today()
    due = today + timedelta(days=40)
    plan = small_plan(
        rollout,
        today,
        row("1", "总结", RowKind.TASK, due),
        row("2", "核查", RowKind.TASK, due, targets=(DISTRICT,), after=("1",)),
    )
    await office.start_rollout(plan)
    ids = tuple(f"{rollout}/{DISTRICT}/{street}/总结" for street in STREETS)
    for wid in ids:
        await office.until_open(wid, "办理")
    await office.done(ids[0], Verb.SUBMIT, f"{FIRST}经办甲", "办理")
    key = PlanKey(
        rollout=rollout,
        plan_id=(await office.rows("SELECT id FROM plan WHERE rollout = :r", r=rollout))[0]["id"],
        version=1,
    )
    return key, *ids


async def close(office: Office, wid: str) -> None:
    """The whole of a 总结 that is done by 办理, to its 办结."""
    await office.until_open(wid, "确认")
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "确认")
    await office.client.get_workflow_handle(wid).result()


async def dump(office: Office, rollout: str) -> dict[str, Any]:
    """Every row of the read models of a rollout; board and desk without what a rewrite moves."""
    board = await office.rows(
        "SELECT * FROM board_row WHERE rollout = :r ORDER BY workflow_id", r=rollout
    )
    desk = await office.rows(
        "SELECT d.* FROM desk_item d JOIN board_row b USING (workflow_id)"
        " WHERE b.rollout = :r ORDER BY workflow_id, step, unit, purpose",
        r=rollout,
    )
    return {"board": board, "desk": desk}


async def delete(office: Office, rollout: str) -> None:
    """The read models are gone."""
    await office.change(
        "DELETE FROM desk_item WHERE workflow_id IN"
        " (SELECT workflow_id FROM board_row WHERE rollout = :r)",
        r=rollout,
    )
    await office.change("DELETE FROM board_row WHERE rollout = :r", r=rollout)


def rows_of(office: Office, *, only_check: bool = False) -> RowReconcile:
    """Who looks at one procedure."""
    return RowReconcile(office.client, office.database, only_check=only_check)


def said(found: tuple[FindingLine, ...]) -> list[tuple[str, str]]:
    """What was found, and what was done about it."""
    return [(line.kind, line.done) for line in found]


async def test_what_is_deleted_comes_back_as_it_was(office: Office) -> None:
    """Inbox and board of procedures that run, and of one that has ended, are the same afterwards."""
    _, ended, running = await begun(office, "重建")
    await close(office, ended)
    for wid in (ended, running):
        assert await rows_of(office).look(wid) == ()
    before = await dump(office, "重建")
    assert len(before["board"]) == 2
    assert len(before["desk"]) == 1
    await delete(office, "重建")

    checked = await rows_of(office, only_check=True).look(running)
    assert said(checked) == [("读模型不符", "")]
    assert (await dump(office, "重建"))["board"] == []
    gaps = await store.gaps_after(office.database, "重建", "", 10)
    assert gaps == (ended, running)
    healed = [await rows_of(office).look(wid) for wid in gaps]

    assert [said(each) for each in healed] == [
        [("读模型不符", "已按其最后状态重写")],
        [("读模型不符", "已由事项重写")],
    ]
    assert await dump(office, "重建") == before
    assert [await rows_of(office).look(wid) for wid in gaps] == [(), ()]


async def test_what_is_shown_beyond_the_procedure_goes(office: Office) -> None:
    """A desk that nobody has, a wrong light and a later number are overwritten; a ghost is removed."""
    _, wid, _ = await begun(office, "多出")
    before = await dump(office, "多出")
    await office.change(
        "INSERT INTO desk_item SELECT workflow_id, step, '二街道', purpose, seq, opened_at, due_at,"
        " due_date, original_due_date, provisional, rule, yellow_at, verbs, documents,"
        " waiting_for, urged, note, due_basis FROM desk_item WHERE workflow_id = :w LIMIT 1",
        w=wid,
    )
    await office.change(
        "UPDATE board_row SET light = '红', seq = seq + 50 WHERE workflow_id = :w", w=wid
    )
    ghost = "多出/甲区/一街道/幽灵"
    columns = "run_id, seq, rollout, district, unit, row_id, item, task, procedure, status"
    await office.change(
        f"INSERT INTO board_row SELECT :g, {columns}, open_steps, responsible, next_due_at,"
        " row_due_date, row_due_at, light, provisional, overdue_count, returned_count,"
        " extended_count, started_at, ended_at, calendar_version, steps_done, steps_total,"
        " silent_count FROM board_row WHERE workflow_id = :w",
        g=ghost,
        w=wid,
    )

    found = await rows_of(office).look(wid)
    of_ghost = await rows_of(office).look(ghost)

    assert said(found) == [("读模型不符", "已由事项重写")]
    assert "待办多" in found[0].found
    assert "light" in found[0].found
    assert said(of_ghost) == [("幽灵行", "已删除")]
    assert await dump(office, "多出") == before


async def test_a_terminated_procedure_is_marked_and_never_restarted(office: Office) -> None:
    """Board and desk no longer pretend that somebody can act; the duty is still open."""
    _, _, wid = await begun(office, "中止")
    await office.client.get_workflow_handle(wid).terminate("演练")

    checked = await rows_of(office, only_check=True).look(wid)
    found = await rows_of(office).look(wid)

    assert said(checked) == [("终止", "")]
    assert said(found) == [("终止", "已标为异常中止，已撤下待办")]
    shown = await office.rows("SELECT * FROM board_row WHERE workflow_id = :w", w=wid)
    assert (shown[0]["status"], shown[0]["ended_at"]) == ("异常中止", None)
    assert await office.rows("SELECT * FROM desk_item WHERE workflow_id = :w", w=wid) == []
    assert said(await rows_of(office).look(wid)) == said(found)


async def test_a_changed_log_is_told_by_line(office: Office) -> None:
    """Another person, a missing line and an action that nobody sent are found, and left as they are."""
    _, wid, _ = await begun(office, "日志")
    await office.act(wid, Verb.APPROVE, "没有这个人", "确认")
    assert await rows_of(office).look(wid) == ()
    lines = await office.log(wid)
    acted = next(line["seq"] for line in lines if line["verb"] == "提交")
    last = lines[-1]["seq"]
    async with office.database.transaction() as connection:
        say = connection.exec_driver_sql
        await say("ALTER TABLE log_entry DISABLE TRIGGER USER")
        await say(
            f"UPDATE log_entry SET person = '别人' WHERE workflow_id = '{wid}' AND seq = {acted}"
        )
        await say(
            "UPDATE log_entry SET action_id = '伪造', confirmed = true"
            f" WHERE workflow_id = '{wid}' AND seq = {last}"
        )
        await say(f"DELETE FROM log_entry WHERE workflow_id = '{wid}' AND seq = 1")
        await say("ALTER TABLE log_entry ENABLE TRIGGER USER")

    found = [line for line in await rows_of(office).look(wid) if line.kind == "日志不符"]

    words = {line.seq: line.found for line in found if "没有这次操作" not in line.found}
    assert words[1] == "日志缺第1条。"
    assert words[acted] == f"日志第{acted}条的办理人为“别人”，历史中是“{FIRST}经办甲”。"
    assert "操作编号为“伪造”" in words[last]
    assert [line.seq for line in found if "没有这次操作" in line.found] == [last]
    assert {line.done for line in found} == {""}


async def standing(office: Office, workflow_id: str) -> Standing:
    """What a level says of itself."""
    handle = office.client.get_workflow_handle(workflow_id)
    return await handle.query(names.STANDING_QUERY, result_type=Standing)


async def test_a_lost_report_is_told_again(office: Office) -> None:
    """An area that never heard of a unit's end, and a unit that never heard a fact, learn of it."""
    key, first, second = await begun(office, "漏报")
    area, unit = f"漏报/{DISTRICT}", f"漏报/{DISTRICT}/{FIRST}"
    await close(office, first)
    await office.client.get_workflow_handle(unit).result()
    district = f"{area}/{DISTRICT}"
    for wid in (area, district):
        await office.client.get_workflow_handle(wid).terminate("丢失")
    # Begun anew under the same names, they have heard nothing of what was told before.
    for kind, request, wid in (
        ("AreaReform", AreaRequest(plan=key, area=DISTRICT), area),
        ("UnitReform", UnitRequest(plan=key, area=DISTRICT, unit=DISTRICT), district),
    ):
        await office.client.start_workflow(kind, request, id=wid, task_queue=names.PROCEDURES_QUEUE)
    while FIRST not in (await standing(office, area)).below:
        await asyncio.sleep(0.05)
    tree = TreeReconcile(office.client, only_check=False)

    assert FIRST not in (await standing(office, area)).ended_below
    careful = TreeReconcile(office.client, only_check=True)
    assert said((await careful.level(area, FIRST, unit))[1]) == [("漏报", "")]
    found = (await tree.level(area, FIRST, unit))[1]

    assert said(found) == [("漏报", "已补报")]
    assert "全部办结" in found[0].found
    assert FIRST in (await standing(office, area)).ended_below
    assert (await tree.level(area, FIRST, unit))[1] == ()
    await office.done(second, Verb.SUBMIT, f"{SECOND}经办甲", "办理")
    await close(office, second)
    # An area of edition 1 sums up without waking: its own units hear of it only so.
    while not (await standing(office, area)).shares:
        await asyncio.sleep(0.05)
    found = (await tree.level(area, DISTRICT, district))[1]
    assert said(found) == [("漏报", "已补报")]
    assert "仍在等待" in found[0].found
    await office.until_open(f"{district}/核查", "办理")


async def test_the_night_does_all_pages_once(office: Office) -> None:
    """In the office's night one run is made and finished; by day, and a second time, nothing."""
    await begun(office, "夜里")
    await delete(office, "夜里")
    hour = [datetime(2031, 3, 4, 3, tzinfo=UTC)]
    # The time-skipping server lists nothing: the night begins where rows are looked at.
    watch = NightWatch(office.client, office.database, lambda: hour[0], timedelta())

    assert await watch.once() == 0
    hour[0] = datetime(2031, 3, 4, 18, tzinfo=UTC)
    async with office.database.transaction() as connection:
        key = f"夜间-{night_of(hour[0])}"
        new = store.NewRun(
            key=key,
            night=night_of(hour[0]),
            rollout="",
            only_check=False,
            person="",
            at=hour[0],
        )
        await store.begin_run(connection, new)
        await store.step_run(connection, key, store.Place("缺行"), {}, hour[0])
    async with store.alone(office.database) as is_mine:
        assert is_mine
        assert await watch.once() == 0
    assert await watch.once() >= 3
    assert await watch.once() == 0

    assert len((await dump(office, "夜里"))["board"]) == 2
    async with office.database.single() as connection:
        run = await store.latest_run(connection, key)
    assert run is not None
    assert run.ended_at is not None
    assert run.counts["缺行"] >= 2
    assert run.found["读模型不符"] >= 2


async def test_a_restart_needs_a_coordinator_a_paper_and_a_reason(office: Office) -> None:
    """What runs, has ended or never was is not restarted, nor by anybody but a coordinator."""
    _, ended, running = await begun(office, "恢复")
    await close(office, ended)
    able = ReconcileActivities(office.client, office.database)

    async def tried(
        workflow_id: str, person: str = "市协调员", paper: str = "甲〔2026〕1号"
    ) -> str:
        order = RestartOrder(
            workflow_id=workflow_id,
            person=person,
            paper=paper,
            now=await office.now(),
            action_id="恢复",
        )
        return (await able.restart(order)).code

    assert await tried(running, paper=" ") == "PAPER_MISSING"
    assert await tried(running, f"{FIRST}经办甲") == "NOT_COORDINATOR"
    assert await tried(running) == "RESTART_RUNNING"
    assert await tried(running, "区协调员") == "RESTART_RUNNING"
    await office.change("UPDATE board_row SET district = '乙区' WHERE workflow_id = :w", w=running)
    assert await tried(running, "区协调员") == "NOT_COORDINATOR"
    assert await tried(ended) == "RESTART_ENDED"
    assert await tried("恢复/甲区/一街道") == "RESTART_LEVEL"
    assert await tried("恢复/甲区") == "RESTART_LEVEL"
    assert await tried("恢复/甲区/一街道/没有") == "RESTART_NO_HISTORY"


async def test_pages_go_on_where_the_last_one_ended(office: Office, monkeypatch: Any) -> None:
    """Two rows in pages of one are looked at once each."""
    monkeypatch.setattr("activities.reconcile.CHUNK", 1)
    await begun(office, "分页")
    reconcile = Reconcile(office.client, office.database)
    order = ReconcileOrder(key="分页", now=await office.now(), rollout="分页", stage=ROW_STAGE)
    seen = 0
    while order.stage:
        done = await reconcile.page(order)
        assert done.findings == ()
        seen += done.counts["核对事项"]
        order = ReconcileOrder(**{**vars(order), "stage": done.stage, "cursor": done.cursor})
    assert seen == 2
